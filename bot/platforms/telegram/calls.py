"""The contract of a Telegram driver: calls to the Bot API, made by some library.

Everything else is shared: `messenger.py` decides which calls are made and what their outcomes
mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote

from bot.platforms.contract import FileTooLarge
from bot.platforms.telegram.drawing import Piece
from bot.platforms.telegram.text import Keyboard, Upload

CONNECT_SECONDS: Final = 10.0
"""Time limit for making a connection or getting a free one, in seconds."""
UPLOAD_SECONDS: Final = 60.0
"""Minimum time limit of a call with files, in seconds."""
SENDS_AT_ONCE: Final = 24
"""Maximum deliveries at the same time: what Telegram takes in a second, at 0.8 s an answer."""
TAPS_AT_ONCE: Final = 2
"""Maximum button presses acknowledged at the same time, besides the deliveries."""
TAP_SECONDS: Final = 10.0
"""Seconds after which nobody looks at a button's spinner any longer."""
SPARE_CONNECTIONS: Final = 2
"""For calls that hold up no delivery."""


@dataclass(frozen=True, slots=True)
class ApiServer:
    """The server that takes the calls."""

    token: str
    api_base: str = "https://api.telegram.org"
    """Without a slash at the end."""
    proxy: str | None = None
    """`http://…` or `socks5://…`."""
    answer_seconds: float = 30
    """Time limit for an answer, in seconds; a poll adds its waiting time."""

    def __repr__(self) -> str:
        return f"ApiServer({self.api_base})"  # the token is nobody's to read

    def file_url(self, path: str) -> str:
        """The URL of a file's bytes, by the path that Telegram gave."""
        return f"{self.api_base}/file/bot{self.token}/{quote(path)}"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that Telegram keeps."""

    path: str
    size: int


class Calls(Protocol):
    """The calls, each made once. What goes wrong is a `Failure`, and nothing else is raised.

    Those that show something give its message id, an album's last.
    """

    at_once: int
    """Maximum calls at the same time."""

    async def username(self) -> str:
        """The bot's own name."""
        ...

    async def updates(self, offset: int | None, seconds: int, wanted: Sequence[str]) -> Any:
        """One long poll of so many seconds, as raw JSON: none of it is decoded."""
        ...

    async def set_webhook(self, url: str, secret: str, wanted: Sequence[str]) -> None: ...

    async def delete_webhook(self) -> None: ...

    async def answer_tap(self, tap: str) -> None: ...

    async def send_text(self, chat: str, piece: Piece, keyboard: Keyboard) -> int: ...

    async def edit_text(
        self, chat: str, message: int, piece: Piece, keyboard: Keyboard
    ) -> None: ...

    async def send_file(
        self, chat: str, file: Upload, caption: Piece, keyboard: Keyboard
    ) -> int: ...

    async def send_album(self, chat: str, files: Sequence[Upload], caption: Piece) -> int:
        """The caption goes under the first of the files, which are all of one kind."""
        ...

    async def set_menu(self, chat: str, commands: Sequence[tuple[str, str]]) -> None: ...

    async def find_file(self, ref: str) -> KeptFile: ...

    async def download(self, kept: KeptFile, limit: int) -> bytes:
        """Raises `FileTooLarge` as soon as more than `limit` bytes have come."""
        ...

    async def close(self) -> None: ...


class Limited:
    """Collects incoming bytes up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.content = bytearray()

    def take(self, chunk: bytes) -> None:
        """Raises `FileTooLarge` past the limit."""
        self.content += chunk
        if len(self.content) > self._limit:
            raise FileTooLarge

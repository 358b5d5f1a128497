"""The contract of a messenger: what it can do, what it is asked to do, and how it fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.talk.message import Incoming, Outgoing

if TYPE_CHECKING:  # no web library is loaded before a messenger needs one
    from starlette.routing import BaseRoute


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a messenger can do, and how fast it may be asked to."""

    edits: bool
    """A message can be replaced where it stands."""
    file_limit: int
    """Bytes of one file that can be received."""
    idempotent: bool
    """Sending the same row twice shows it once, so a send of unknown fate may be repeated."""
    per_second: float
    """Messages per second over all chats."""
    per_chat: float
    """Messages per second in one private chat."""
    at_once: int
    """Calls under way at the same time."""
    history: bool = False
    """It shows a chat's past from what we keep of it; others keep it themselves."""


@dataclass(frozen=True, slots=True)
class Received:
    """One raw update, as it is stored before it is acknowledged."""

    key: str
    """Unique on its platform: the same update has the same key whenever it is delivered."""
    address: str
    """The chat, as far as it can be told without decoding; updates of one chat keep order."""
    raw: str
    """The vendor's JSON."""
    album: str = ""
    """Updates that belong together share it; they are handled as one once they stop coming."""


Receive = Callable[[str, Sequence[Received]], Awaitable[None]]
"""Store raw updates of the named platform; once it returns they are safe against a crash."""


class Platform(Protocol):
    """A messenger. Its library is imported in its own file and nowhere else."""

    name: str
    capabilities: Capabilities

    def decode(self, raw: str) -> Incoming | None:
        """What a stored update says, `None` if nothing for us. Raises on a poisonous one."""
        ...

    def routes(self, receive: Receive) -> Sequence[BaseRoute]:
        """The routes that it brings to the one server; empty if it needs none.

        What they receive goes to `receive` before it is confirmed. They answer for their own
        safety. A mount at "" takes whatever no other route takes.
        """
        ...

    async def run(self, receive: Receive) -> None:
        """Do until cancelled what no route does: poll, register, clean up.

        What is received goes to `receive` before it is confirmed.
        """
        ...

    async def send(self, row: int, address: str, message: Outgoing, earlier: str | None) -> str:
        """Put a message before a person; returns the platform's id of it.

        `row` is the outbox row's id; `earlier` is the id of the message to replace, if it takes
        one's place. Raises `Unreachable`, `TryLater`, `Unsent` or `FateUnknown`.
        """
        ...

    async def fetch(self, ref: str, limit: int) -> bytes:
        """The bytes of a received file. Raises `FileTooLarge` past `limit` bytes, or `Unsent`."""
        ...

    async def drop(self, refs: Sequence[str]) -> None:
        """Let go of received files that nobody asked for, where they lie with us."""
        ...

    async def offer(self, address: str, commands: Sequence[tuple[str, str]]) -> None:
        """Show this chat its own menu of commands, as (name, description) pairs.

        Raises as `send` does.
        """
        ...

    def cost(self, message: Outgoing) -> int:
        """How many calls show this message, at most: its pace counts them all."""
        ...

    async def answers(self) -> bool:
        """Whether it serves a call that carries nothing of anybody's: if so, what it does not
        serve is at fault itself."""
        ...

    async def close(self) -> None:
        """Let connections go: `run` has ended, and nothing is being sent any more."""
        ...


class DeliveryError(Exception):
    """A message did not surely arrive."""

    method: str = ""
    """The platform's name of the call that failed."""


class Unreachable(DeliveryError):
    """The person cannot be reached there: they left, or never came."""


class TryLater(DeliveryError):
    """The platform asks for a pause, or serves nobody; nothing was shown."""

    def __init__(self, seconds: float, *, everyone: bool = False, why: str = "") -> None:
        super().__init__(why or f"try again in {seconds:g} s")
        self.seconds = seconds
        """0 where the platform does not say how long."""
        self.everyone = everyone
        """The pause holds for every chat, not for this one only."""


class Unserved(TryLater):
    """The platform could not serve this call; nothing was shown. Whether it serves others is not
    known."""

    def __init__(self, why: str = "") -> None:
        super().__init__(0, why=why or "not served")


class Unsent(DeliveryError):
    """The platform refused, and will refuse again; nothing was shown."""


class FateUnknown(DeliveryError):
    """The call broke off after it was sent: it may have been shown. Never repeated blindly."""


class FileTooLarge(Exception):
    """A file is larger than may be kept."""

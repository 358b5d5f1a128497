"""A messenger in memory, for tests and benchmarks: what is said lies in a list."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from bot.platforms.contract import Capabilities, FileTooLarge, Receive, Received, Unsent
from bot.talk.message import Attachment, Incoming, Outgoing

if TYPE_CHECKING:
    from starlette.routing import BaseRoute


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as the person at `address` sees it."""

    row: int
    address: str
    message: Outgoing
    place: str
    """The id of the message: its own row, or the one that it took the place of."""


UNLIMITED = Capabilities(
    edits=True,
    file_limit=1_000_000,
    idempotent=True,
    per_second=1e6,
    per_chat=1e6,
    at_once=1000,
)


@dataclass
class FakePlatform:
    """Sends into `shown`; files live in `files` by ref; `refuse` may raise in place of a send."""

    name: str = "fake"
    capabilities: Capabilities = UNLIMITED
    shown: list[Shown] = field(default_factory=list)
    menus: dict[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    refuse: Callable[[Shown], None] = lambda shown: None
    well: bool = True
    dropped: list[str] = field(default_factory=list)

    def decode(self, raw: str) -> Incoming | None:
        return decode(json.loads(raw))

    def routes(self, receive: Receive) -> Sequence[BaseRoute]:
        return ()

    async def run(self, receive: Receive) -> None:
        await asyncio.Event().wait()

    async def send(self, row: int, address: str, message: Outgoing, earlier: str | None) -> str:
        place = earlier or str(row)
        shown = Shown(row, address, message, place)
        self.refuse(shown)
        self.shown.append(shown)
        return place

    async def fetch(self, ref: str, limit: int) -> bytes:
        if ref not in self.files:
            raise Unsent(ref)
        if len(self.files[ref]) > limit:
            raise FileTooLarge
        return self.files[ref]

    async def drop(self, refs: Sequence[str]) -> None:
        self.dropped += refs

    async def offer(self, address: str, commands: Sequence[tuple[str, str]]) -> None:
        self.menus[address] = commands

    def cost(self, message: Outgoing) -> int:
        return 1

    async def answers(self) -> bool:
        return self.well

    async def close(self) -> None:
        """There is nothing to let go."""


def decode(body: Mapping[str, Any]) -> Incoming:
    """An `Incoming` from its own JSON."""
    files = tuple(Attachment(*f) for f in body.get("files", ()))
    return Incoming(**{**body, "files": files})


def encode(key: str, incoming: Incoming, album: str = "") -> Received:
    """An `Incoming` as this platform's raw update."""
    body = {name: value for name, value in asdict(incoming).items() if value}
    if incoming.start is not None:
        body["start"] = incoming.start
    if incoming.files:
        body["files"] = [[f.ref, f.name, f.media_type, f.size] for f in incoming.files]
    return Received(key, incoming.address, json.dumps(body, ensure_ascii=False), album)

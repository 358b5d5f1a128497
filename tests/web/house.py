"""A house for the web chat's tests: everything in memory, and what was asked of it can be seen."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.platforms.contract import Received
from bot.platforms.web.door import Entered, HistoryLine, Refusal, StoredFile, Visitor
from bot.platforms.web.platform import WebPlatform
from bot.site import Site
from bot.talk.clock import SetClock
from bot.talk.message import Incoming, Outgoing
from bot.worker import end
from prompts import Language, t

NOON = datetime(2026, 9, 4, 4, 0, tzinfo=UTC)
"""Friday 2026-09-04, 12:00 in Beijing."""

Reply = Callable[["House", Incoming], None]


@dataclass
class House:
    """A door, an inbox and a history."""

    clock: SetClock = field(default_factory=lambda: SetClock(NOON))
    reply: Reply | None = None
    """What the assistant does with each new update."""
    links: dict[str, Visitor] = field(default_factory=dict)
    """One-time sign-in links not used yet."""
    sessions: dict[str, Visitor] = field(default_factory=dict)
    said: dict[str, list[HistoryLine]] = field(default_factory=lambda: defaultdict(list))
    inbox: dict[str, Received] = field(default_factory=dict)
    delivered: list[str] = field(default_factory=list)
    """Keys in the order in which updates arrived, each as often as it came."""
    files: dict[int, StoredFile] = field(default_factory=dict)
    readers: dict[int, set[str]] = field(default_factory=dict)
    menu: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    """Those who may send no files now."""
    sources: list[str] = field(default_factory=list)
    closed: bool = False
    """The inbox is out of order."""
    open: asyncio.Event | None = None
    """The inbox stores nothing until this is set."""
    forgetful: bool = False
    """The inbox stores the next updates, and fails before it can say so."""
    platform: WebPlatform | None = None
    row: int = 0
    sending: list[asyncio.Task[Any]] = field(default_factory=list)

    def begin_anew(self) -> None:
        """Forget everything; the platform and the clock stay the same objects."""
        vars(self).update(vars(House(clock=self.clock, platform=self.platform)))
        self.clock.moment = NOON

    # ---- the door

    async def sign_in(self, token: str, source: str) -> Entered | Refusal:
        self.sources.append(source)
        visitor = self.links.pop(token, None)
        if visitor is None:
            return Refusal(t("web.error.not_found"))
        return self.enter(visitor)

    async def sign_in_from(self, messenger: str, data: str, source: str) -> Entered | Refusal:
        return await self.sign_in(f"{messenger}:{data}", source)

    async def whose_link(self, token: str, source: str) -> str | Refusal:
        visitor = self.links.get(token)
        return visitor.name if visitor else Refusal(t("web.error.not_found"))

    async def whose_invitation(self, code: str, source: str) -> str | Refusal:
        return "赵一鸣" if code == "GOOD-CODE" else Refusal(t("web.error.not_found"))

    async def join(self, code: str, source: str, language: Language) -> Entered | Refusal:
        self.sources.append(source)
        if code == "SLOW":
            return Refusal(t("web.error.broken"), retry_after=60)
        if code != "GOOD-CODE":
            return Refusal(t("web.error.not_found"))
        visitor = Visitor(f"new-{len(self.sessions)}", "", "zh")
        return replace(self.enter(visitor), start=code)

    async def who(self, session: str) -> Visitor | None:
        return self.sessions.get(session)

    async def sign_out(self, session: str) -> None:
        self.sessions.pop(session, None)

    async def history(
        self, address: str, before: datetime | None, limit: int
    ) -> Sequence[HistoryLine]:
        lines = [one for one in self.said[address] if before is None or one.at < before]
        return lines[-limit:]

    async def opened(self, address: str) -> None:
        """Nothing here is kept off the history."""

    async def takes_files(self, address: str) -> Refusal | None:
        return Refusal(t("consent.awaited")) if address in self.silent else None

    async def commands(self, address: str) -> Sequence[tuple[str, str]]:
        return self.menu.get(address, [])

    async def file(self, address: str, file_id: int, *, opened: bool = False) -> StoredFile | None:
        return self.files.get(file_id) if address in self.readers.get(file_id, set()) else None

    def enter(self, visitor: Visitor) -> Entered:
        session = f"session-of-{visitor.address}-{len(self.sessions)}"
        self.sessions[session] = visitor
        return Entered(session, visitor)

    # ---- the inbox

    async def receive(self, platform: str, updates: Sequence[Received]) -> None:
        assert platform == "web"
        if self.closed:
            raise RuntimeError("the inbox is out of order")
        if self.open:
            await self.open.wait()
        for update in updates:
            self.delivered.append(update.key)
            if update.key in self.inbox:
                continue
            self.inbox[update.key] = update
            self.clock.move(timedelta(seconds=1))
            number = len(self.inbox)
            self.said[update.address].append(HistoryLine(self.clock.now(), number, raw=update.raw))
            if self.reply and self.platform:
                self.reply(self, self.platform.decode(update.raw))
        if self.forgetful:
            self.forgetful = False
            raise RuntimeError("stored, and then the power went")

    # ---- the assistant

    def record(self, address: str, message: Outgoing) -> int:
        """Store a row without sending it; gives its number."""
        self.row += 1
        self.clock.move(timedelta(seconds=1))
        self.said[address].append(HistoryLine(self.clock.now(), self.row, message))
        return self.row

    def say(self, address: str, message: Outgoing) -> int:
        """Store a row and hand it to the platform."""
        row = self.record(address, message)
        assert self.platform
        sending = self.platform.send(row, address, message, message.replace or None)
        self.sending.append(asyncio.ensure_future(sending))
        return row


@asynccontextmanager
async def open_house(
    house: House, folder: Path, port: int = 0, **settings: Any
) -> AsyncIterator[str]:
    """Serve the web chat on loopback; gives its address."""
    platform = WebPlatform(house, data_dir=folder, clock=house.clock, **settings)
    house.platform = platform
    site = Site(port=port)
    site.bind()  # who connects from now on is let in soon
    running = [
        asyncio.create_task(site.serve(platform.routes(house.receive))),
        asyncio.create_task(platform.run(house.receive)),
    ]
    try:
        yield f"http://127.0.0.1:{site.port}"
    finally:
        await end(*running)

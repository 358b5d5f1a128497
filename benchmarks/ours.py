"""Our house in this process, whole: stored, handled, queued and delivered, durably."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path

from sqlmodel import Session, col, func, select

from benchmarks.house import RunningClock, address, populate
from bot.app import App
from bot.chat import Outgoing, Received
from bot.platforms.fake import FakePlatform
from bot.settings import Settings, WebSettings
from storage import migrate
from storage.tables import Outbox, Record, SendState, Update, UpdateState


class Messenger(FakePlatform):
    """Hands an answer to whoever waits for it; notices to others are only counted."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: dict[str, asyncio.Future[None]] = {}

    async def send(self, row: int, address: str, message: Outgoing, earlier: str | None) -> str:
        waiting = self.waiting.pop(address, None)
        if waiting is not None:
            waiting.set_result(None)
        return str(row)


class Ours:
    """SQLite in a file, write-ahead log, synchronous=FULL: the settings it ships with."""

    name = "Yingcai"

    def __init__(self, *, sessions: int = 0, lines: int = 0) -> None:
        self._sessions = sessions
        self._lines = lines
        self._numbers = itertools.count(1)
        self._running: list[asyncio.Task[None]] = []

    async def open(self, folder: Path, people: int) -> None:
        self._messenger = Messenger()
        settings = Settings(data_dir=folder, web=WebSettings(enabled=False))
        self._app = App(settings, RunningClock(), {"fake": self._messenger})
        migrate.upgrade(self._app.database)
        with self._app.database.transaction() as db:
            populate(db, "fake", people, sessions=self._sessions, lines=self._lines)
        self._past = await self.entries()
        self._running = [
            asyncio.create_task(self._app.inbox.run()),
            asyncio.create_task(self._app.delivery.run()),
        ]

    async def say(self, person: int, words: str) -> None:
        chat = address(person)
        answered = asyncio.get_running_loop().create_future()
        self._messenger.waiting[chat] = answered
        raw = json.dumps({"address": chat, "text": words}, ensure_ascii=False)
        update = Received(str(next(self._numbers)), chat, raw)
        await self._app.inbox.receive("fake", [update])
        await answered

    async def settle(self) -> None:
        while await self._app.database.run(_waiting):
            await asyncio.sleep(0.001)

    async def entries(self) -> int:
        return await self._app.database.run(_records)

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.wait(self._running)
        self._app.close()


def _waiting(db: Session) -> int:
    updates = select(func.count()).where(Update.state == UpdateState.WAITING)
    messages = select(func.count()).where(Outbox.state == SendState.WAITING)
    return db.exec(updates).one() + db.exec(messages).one()


def _records(db: Session) -> int:
    return db.exec(select(func.count(col(Record.id)))).one()

"""Our house in this process, whole: stored, handled, queued, delivered; durable at each step."""

from __future__ import annotations

import asyncio
import itertools
import json
from contextlib import suppress
from pathlib import Path

from sqlmodel import Session, col, func, select

from app.main import App, rest_the_collector, set_up_logging
from app.settings import Settings, WebSettings
from benchmarks.house import RunningClock, address, populate
from bot.platforms.contract import Received
from bot.platforms.fake import FakePlatform
from bot.talk.message import Outgoing
from storage import migrate
from storage.tables import Outbox, Record, SendState, Update, UpdateState


class Messenger(FakePlatform):
    """Tells whoever waits in a chat that the answer is there; shows it to nobody."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: dict[str, asyncio.Future[None]] = {}

    def answer(self, chat: str) -> asyncio.Future[None]:
        """The next message to a chat."""
        self._waiting[chat] = asyncio.get_running_loop().create_future()
        return self._waiting[chat]

    async def send(self, row: int, address: str, message: Outgoing, earlier: str | None) -> str:
        if address in self._waiting:
            self._waiting.pop(address).set_result(None)
        return str(row)


class Ours:
    """On SQLite as it ships: a write-ahead log, flushed to the disk at each commit."""

    name = "Yingcai"

    def __init__(self, sessions: int = 0, lines: int = 0) -> None:
        """`sessions` and `lines` of chat each way that everybody has behind them."""
        self._past = (sessions, lines)
        self._numbers = itertools.count(1)

    async def open(self, folder: Path, people: int) -> None:
        self._messenger = Messenger()
        settings = Settings(data_dir=folder, database_url="", web=WebSettings(enabled=False))
        set_up_logging(settings)
        self._app = App(settings, RunningClock(), {"fake": self._messenger})
        migrate.upgrade(self._app.database)
        with self._app.database.transaction() as db:
            populate(db, "fake", people, *self._past)
        self._records_before = await self._app.database.run(_records)
        rest_the_collector()  # as the server does; who talks in this process by turns gains, too
        self._running = asyncio.gather(self._app.inbox.run(), self._app.delivery.run())

    async def say(self, person: int, words: str) -> None:
        chat = address(person)
        answer = self._messenger.answer(chat)
        raw = json.dumps({"address": chat, "text": words}, ensure_ascii=False)
        update = Received(str(next(self._numbers)), chat, raw)
        await self._app.inbox.receive("fake", [update])
        await answer

    async def settle(self) -> None:
        while await self._app.database.run(_waiting):
            await asyncio.sleep(0.001)

    async def entries(self) -> int:
        return await self._app.database.run(_records) - self._records_before

    async def close(self) -> None:
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running
        self._app.close()


def _waiting(db: Session) -> int:
    updates = select(func.count()).where(Update.state == UpdateState.WAITING)
    messages = select(func.count()).where(Outbox.state == SendState.WAITING)
    return db.exec(updates).one() + db.exec(messages).one()


def _records(db: Session) -> int:
    return db.exec(select(func.count(col(Record.id)))).one()

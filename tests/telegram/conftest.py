"""A loopback Telegram, a bot on it, and a store that takes what the bot receives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from bot.platforms.contract import Received
from bot.platforms.telegram.ptb import TelegramPtb, Webhook
from tests.telegram.bot_api import BotApi, Person


class Store:
    """What an inbox does with raw updates: keep each key once, and count how often it came."""

    def __init__(self) -> None:
        self.kept: dict[str, Received] = {}
        self.batches: list[list[str]] = []
        self.failing = 0
        """How many of the next batches it cannot take."""
        self.hold: asyncio.Event | None = None
        """While not set, nothing is stored."""

    async def receive(self, platform: str, batch: Sequence[Received]) -> None:
        assert platform == "telegram"
        self.batches.append([update.key for update in batch])
        if self.hold is not None:
            await self.hold.wait()
        if self.failing:
            self.failing -= 1
            raise ConnectionError("the database is away")
        for update in batch:
            self.kept.setdefault(update.key, update)

    @property
    def deliveries(self) -> list[str]:
        return [key for batch in self.batches for key in batch]


class Shelf:
    """Stored files, by id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[int, tuple[Path, str, str]] = {}

    def put(self, name: str, media_type: str, content: bytes) -> int:
        number = len(self._files) + 1
        path = self._folder / str(number)
        path.write_bytes(content)
        self._files[number] = (path, name, media_type)
        return number

    def open(self, file_id: int) -> tuple[Path, str, str]:
        return self._files[file_id]


MakeBot = Callable[..., TelegramPtb]


@pytest.fixture
async def telegram() -> AsyncIterator[BotApi]:
    async with BotApi() as api:
        yield api
    assert api.faults == []


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def make_bot(telegram: BotApi, shelf: Shelf) -> AsyncIterator[MakeBot]:
    """Makes bots at the loopback Telegram, quick to lose patience."""
    made: list[TelegramPtb] = []

    def make(
        *, webhook: Webhook | None = None, answer_seconds: float = 5, token: str = ""
    ) -> TelegramPtb:
        made.append(
            TelegramPtb(
                token or telegram.token,
                shelf.open,
                webhook=webhook,
                api_base=telegram.base,
                poll_seconds=1,
                answer_seconds=answer_seconds,
                first_pause=0.01,
            )
        )
        return made[-1]

    yield make
    for bot in made:
        await bot.close()


@pytest.fixture
def bot(make_bot: MakeBot) -> TelegramPtb:
    return make_bot()


@pytest.fixture
def lin(telegram: BotApi) -> Person:
    """A student whom the bot may write to."""
    person = telegram.person("林晓")
    person.starts()
    return person


@contextlib.asynccontextmanager
async def running(bot: TelegramPtb, store: Store) -> AsyncIterator[asyncio.Task[None]]:
    """The bot receives, until the block ends; then it is cancelled, as a kill would."""
    task = asyncio.create_task(bot.run(store.receive))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

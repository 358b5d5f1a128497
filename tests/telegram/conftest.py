"""A loopback Telegram, a bot on it, and a store that takes what the bot receives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from bot.platforms.contract import Received
from bot.platforms.telegram.calls import ApiServer, Calls
from bot.platforms.telegram.messenger import Telegram
from bot.platforms.telegram.ptb import PtbCalls
from bot.platforms.telegram.webhook import Webhook
from bot.site import Site
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


class Receiver(Protocol):
    async def receive(self, platform: str, batch: Sequence[Received]) -> None: ...


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


MakeBot = Callable[..., Telegram]
MakeCalls = Callable[[ApiServer], Calls]


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


DRIVERS = ("ptb", "aiogram")


@pytest.fixture(params=DRIVERS)
def make_calls(request: pytest.FixtureRequest) -> MakeCalls:
    """Makes calls by one library, and then by the other."""
    return driver(request.param)


def driver(name: str) -> MakeCalls:
    """A library by its name, as the settings have it."""
    if name == "ptb":
        return PtbCalls
    from bot.platforms.telegram.aiogram import AiogramCalls  # it takes four seconds to load

    return AiogramCalls


@pytest.fixture
async def make_bot(
    telegram: BotApi, shelf: Shelf, make_calls: MakeCalls
) -> AsyncIterator[MakeBot]:
    """Makes bots at the loopback Telegram, quick to lose patience."""
    made: list[Telegram] = []

    def make(
        *, webhook: Webhook | None = None, answer_seconds: float = 5, token: str = ""
    ) -> Telegram:
        server = ApiServer(token or telegram.token, telegram.base, answer_seconds=answer_seconds)
        made.append(
            Telegram(
                make_calls(server), shelf.open, webhook=webhook, poll_seconds=1, first_pause=0.01
            )
        )
        return made[-1]

    yield make
    for bot in made:
        await bot.close()


@pytest.fixture
def bot(make_bot: MakeBot) -> Telegram:
    return make_bot()


@pytest.fixture
def lin(telegram: BotApi) -> Person:
    """A student whom the bot may write to."""
    person = telegram.person("林晓")
    person.starts()
    return person


@contextlib.asynccontextmanager
async def running(bot: Telegram, store: Receiver) -> AsyncIterator[asyncio.Task[None]]:
    """The bot receives, until the block ends; then it is cancelled, as a kill would."""
    task = asyncio.create_task(bot.run(store.receive))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def serving(bot: Telegram, store: Store, site: Site) -> AsyncIterator[None]:
    """The bot receives what comes to its routes, until the block ends."""
    server = asyncio.create_task(site.serve(bot.routes(store.receive)))
    try:
        async with running(bot, store):
            yield
    finally:
        server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await server


def bound() -> Site:
    """The one web server, at a port that was free."""
    site = Site(port=0)
    site.bind()
    return site

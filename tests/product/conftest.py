"""The whole product as people meet it: real servers on the loopback, only vendors replaced."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.main import App
from app.settings import Settings
from bot.platforms.fake import FakePlatform
from bot.talk.clock import SetClock
from services import joining
from tests.conftest import NewDatabase
from tests.house import House
from tests.web.conftest import browser

__all__ = ["browser"]


class RunningClock:
    """Goes on from ten in the morning in Beijing, on Monday 23 November 2026."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def now(self) -> datetime:
        passed = timedelta(seconds=time.monotonic() - self._began)
        return datetime(2026, 11, 23, 2, tzinfo=UTC) + passed


@dataclass
class Product:
    """A running app that can be killed and started again, and the people of its cohort."""

    settings: Settings
    clock: RunningClock
    house: House
    running: asyncio.Task[None] | None = None

    @property
    def app(self) -> App:
        return self.house.app

    @property
    def url(self) -> str:
        assert self.app.site is not None
        return f"http://127.0.0.1:{self.app.site.port}"

    async def start(self) -> None:
        self.running = asyncio.create_task(self.app.run())
        await asyncio.sleep(0)  # its first step takes the port

    async def stop(self) -> None:
        """End without a farewell: only the database remains."""
        if self.running is not None:
            self.running.cancel()
            with suppress(asyncio.CancelledError):
                await self.running
        self.app.close()

    async def restart(self) -> None:
        """Stop, and start a new app on the same database and port."""
        port = int(self.url.rsplit(":", 1)[1])
        await self.stop()
        self.settings.web.port = port
        self.reopen()
        await self.start()

    def reopen(self) -> None:
        """A new app on the same database, not started yet."""
        self.house.app = App(self.settings, self.clock)

    async def link(self, name: str) -> str:
        """A one-time sign-in link for somebody."""
        token = await self.app.database.run(
            joining.sign_in_link, self.house.members[name].person_id, self.app.clock.now()
        )
        return f"{self.url}/in/{token}"


@pytest.fixture
def settings(new_database: NewDatabase, tmp_path: Path) -> Settings:
    made = Settings(database_url=new_database("sqlite"), data_dir=tmp_path / "data")
    made.web.port = 0
    return made


@asynccontextmanager
async def opened(settings: Settings, programme: str = "shanxi-2026") -> AsyncIterator[Product]:
    clock = RunningClock()
    house = House(App(settings, clock), FakePlatform(), SetClock(clock.now()))
    await house.populate(programme)
    product = Product(settings, clock, house)
    await product.start()
    try:
        yield product
    finally:
        await product.stop()

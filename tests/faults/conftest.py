"""What the tests of trouble ask for: a small house on each database, and no waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot import delivery, inbox, worker
from bot.talk.clock import SetClock
from bot.worker import end
from storage.database import Database
from tests.faults.small import Alarms, Messenger, Small


@pytest.fixture
def small(database: Database, clock: SetClock) -> Small:
    """A small house; the test runs once on SQLite and once on PostgreSQL."""
    return Small(database, clock, {"fake": Messenger()})


@pytest.fixture(autouse=True)
def alarms(monkeypatch: pytest.MonkeyPatch) -> Alarms:
    """What the inbox and the delivery worker cry."""
    heard = Alarms()
    for module in (inbox, delivery, worker):
        monkeypatch.setattr(module, "log", heard)
    return heard


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is asked again at once."""
    monkeypatch.setattr(worker, "RETRY", 0.0)


@pytest.fixture(autouse=True)
async def nothing_goes_on() -> AsyncIterator[None]:
    """What a test leaves at work, as a crash does, ends with the test."""
    before = asyncio.all_tasks()
    yield
    here = asyncio.current_task()
    await end(*(task for task in asyncio.all_tasks() - before if task is not here))

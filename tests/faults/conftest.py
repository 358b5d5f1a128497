"""What the tests of trouble ask for: a small house on each database, and no waiting."""

from __future__ import annotations

import pytest

from bot import delivery, inbox
from bot.talk.clock import SetClock
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
    monkeypatch.setattr(inbox, "log", heard)
    monkeypatch.setattr(delivery, "log", heard)
    return heard


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is asked again at once."""
    monkeypatch.setattr(inbox, "RETRY", 0.0)
    monkeypatch.setattr(delivery, "RETRY", 0.0)

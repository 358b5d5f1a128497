"""A house in which a year's evaluations are written, where everybody has joined."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.talk.clock import SetClock
from tests.conftest import NewDatabase
from tests.house import House
from tests.staff.conftest import bind

OpenHouse = Callable[..., Awaitable[House]]


@pytest.fixture
async def open_house(new_database: NewDatabase, tmp_path: Path) -> AsyncIterator[OpenHouse]:
    """Opens a house of a programme on a day, at ten in the morning in Beijing."""
    opened: list[House] = []

    async def make(
        programme: str = "shanxi-2026", day: tuple[int, int, int] = (2026, 4, 6)
    ) -> House:
        clock = SetClock(datetime(*day, 2, tzinfo=UTC))
        house = await House.open(new_database("sqlite"), tmp_path, clock)
        opened.append(house)
        await house.populate(programme)
        with house.app.database.transaction() as db:
            for member in house.members.values():
                bind(db, member.person_id, member.address, clock)
        return house

    yield make
    for house in opened:
        house.close()

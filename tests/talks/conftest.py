from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.talk.clock import SetClock
from tests.conftest import NewDatabase
from tests.house import House


@pytest.fixture
async def populated(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[House]:
    """Nobody has joined; it is Monday 23 November 2026, ten in the morning."""
    house = await House.open(new_database("sqlite"), tmp_path, clock)
    await house.populate()
    yield house
    house.close()

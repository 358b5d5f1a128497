from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.platforms.chats import DRIVERS, Chat, open_chat


@pytest.fixture(params=DRIVERS)
async def chat(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Chat]:
    """A person on each messenger in turn."""
    async with open_chat(request.param, tmp_path) as chat:
        yield chat

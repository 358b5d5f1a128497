"""PostgreSQL, on which four threads work at once: still one update at a time, in order, once."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.router import Router
from bot.talk.clock import SetClock
from storage.database import Database
from storage.tables import Audit
from tests.conftest import NewDatabase
from tests.faults.small import Small, messenger
from tests.house import House
from tests.talks.play import Script, play

pytestmark = pytest.mark.slow


class Crowd:
    """How many are inside at once, and how many there were at the most."""

    def __init__(self) -> None:
        self._inside = 0
        self._lock = threading.Lock()
        self.most = 0
        self.visits = 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        with self._lock:
            self._inside += 1
            self.visits += 1
            self.most = max(self.most, self._inside)
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1


def watched(crowd: Crowd, act: Callable[..., Any], linger: float = 0.0) -> Callable[..., Any]:
    def counted(*args: Any, **kwargs: Any) -> Any:
        with crowd.enter():
            time.sleep(linger)
            return act(*args, **kwargs)

    return counted


async def test_handling_goes_one_at_a_time_whatever_else_the_threads_do(
    postgres_database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While updates are stored, messages sent and outside work comes back, one transaction at a
    time handles: neither two batches, nor a batch and a result of outside work, overlap."""
    handling, working = Crowd(), Crowd()
    for name in ("handle", "work_done"):
        monkeypatch.setattr(Router, name, watched(handling, getattr(Router, name), 0.001))
    monkeypatch.setattr(Database, "_act", watched(working, Database._act))
    small = Small(postgres_database, clock, {"fake": messenger(idempotent=False, at_once=8)})
    script = ["/errand", "apples", "eat", "/pair", "one", "two", "bye"]

    async def chatter(address: str, whims: random.Random) -> None:
        for words in script:
            await small.hears(address, words)
            await asyncio.sleep(whims.random() / 100)

    people = [f"p{n}" for n in range(25)]
    async with small.running():
        await asyncio.gather(*(chatter(p, random.Random(p)) for p in people))
        await small.handled()
    assert handling.most == 1
    assert handling.visits >= len(people) * len(script)
    assert working.most > 1, "nothing happened at once, so nothing was tested"
    expected = ["apples, eat: {'got': 'apples'}", "one: two", "bye"]
    assert all(small.heard(person) == expected for person in people)
    assert len(small.rows(Audit)) == len(people) * len(expected)


async def test_a_whole_talk_reads_the_same_on_postgresql(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> None:
    path = Path(__file__).parents[1] / "talks" / "session.txt"
    house = await House.open(new_database("postgres"), tmp_path, clock)
    told = await play(house, Script.read(path), before_each=House.restart)
    house.close()
    assert told == path.read_text("utf-8")

"""Driving many people's talks at once, and what is kept of the time that each update took."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final, Protocol

from benchmarks.script import TALK

PATIENCE: Final = 120.0
"""Seconds after which a round is taken to have stuck."""


class Contender(Protocol):
    """An assistant that people can talk to in this process."""

    name: str

    async def open(self, folder: Path, people: int) -> None:
        """Make ready for so many people, with nothing said yet; files go into `folder`."""
        ...

    async def say(self, person: int, words: str) -> None:
        """Let one of them say something; returns once the answer is there."""
        ...

    async def settle(self) -> None:
        """Return once nothing is left to be done."""
        ...

    async def entries(self) -> int:
        """How many sessions are on record."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Round:
    """One run: the seconds it took in all, and the seconds from each message to its answer."""

    seconds: float
    waits: Sequence[float]

    @property
    def per_second(self) -> float:
        return len(self.waits) / self.seconds

    def wait(self, share: float) -> float:
        """The wait in milliseconds that `share` (0 to 1) of the messages did not exceed."""
        return 1000 * quantile(self.waits, share)


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def talk(contender: Contender, people: Iterable[int], at_once: int) -> Round:
    """Let each person hold the whole talk, `at_once` of them at a time.

    Each says the next thing when the answer to the last has come.
    """
    waiting = iter(people)
    waits: list[float] = []

    async def hold_talks() -> None:
        for person in waiting:
            for words in TALK:
                asked = perf_counter()
                # A message is sent, not called: those of everybody else are on their way as well.
                await asyncio.sleep(0)
                await contender.say(person, words)
                waits.append(perf_counter() - asked)

    gc.collect()
    began = perf_counter()
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(hold_talks())
    await contender.settle()
    return Round(perf_counter() - began, waits)


@dataclass(frozen=True, slots=True)
class Figures:
    """The medians of several rounds."""

    per_second: float
    p50: float
    p95: float
    p99: float
    """Milliseconds from a message to its answer."""

    @classmethod
    def of(cls, rounds: Sequence[Round]) -> Figures:
        return cls(
            median(r.per_second for r in rounds),
            *(median(r.wait(share) for r in rounds) for share in (0.50, 0.95, 0.99)),
        )

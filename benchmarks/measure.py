"""Driving many people's talks at once, and what is kept of the time that each message took."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Final, Protocol

PATIENCE: Final = 300.0
"""Seconds after which a round is taken to have stuck."""


class Contender(Protocol):
    """An assistant, in this process, that people can talk to."""

    name: str

    async def open(self, folder: Path, people: int) -> None:
        """Make ready for so many people, with no talk under way; files go into `folder`."""
        ...

    async def say(self, person: int, words: str) -> None:
        """Let the `person`-th, counted from 0, say something; returns once the answer is there."""
        ...

    async def settle(self) -> None:
        """Return once nothing is left to be done."""
        ...

    async def entries(self) -> int:
        """How many sessions have been logged since it was opened."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Round:
    """One run of several talks."""

    waits: Sequence[float]
    """Seconds from each message to its answer."""
    seconds: float
    """For all of it."""
    cpu: float
    """Seconds of processor time that this process used."""


async def hold(
    contender: Contender, people: Iterable[int], at_once: int, talk: Sequence[str]
) -> Round:
    """Let each person hold the talk, so many at a time.

    Each says the next thing once the answer to the last has come.
    """
    still = iter(people)
    waits: list[float] = []

    async def one_after_another() -> None:
        for person in still:
            for words in talk:
                sent = perf_counter()
                # Sent, not called: those of everybody else are on their way by now.
                await asyncio.sleep(0)
                await contender.say(person, words)
                waits.append(perf_counter() - sent)

    gc.collect()
    began, used = perf_counter(), process_time()
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one_after_another())
    await contender.settle()
    return Round(waits, perf_counter() - began, process_time() - used)


@dataclass(frozen=True, slots=True)
class Figures:
    """The medians of several rounds."""

    per_second: float
    """Messages answered."""
    cpu: float
    """Milliseconds of processor time a message: what other work on the machine sways least."""
    p50: float
    p95: float
    p99: float
    """Milliseconds from a message to its answer."""

    @classmethod
    def of(cls, rounds: Sequence[Round]) -> Figures:
        return cls(
            median(len(r.waits) / r.seconds for r in rounds),
            median(1000 * r.cpu / len(r.waits) for r in rounds),
            *(
                median(1000 * quantile(r.waits, share) for r in rounds)
                for share in (0.5, 0.95, 0.99)
            ),
        )


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

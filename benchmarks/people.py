"""B. The same talk with ten people in the database, and with ten thousand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import report
from benchmarks.house import MOMENT, WEEKS_BACK
from benchmarks.measure import Figures, Round, hold
from benchmarks.ours import Ours
from benchmarks.report import figure
from benchmarks.script import talk

FEW: Final = 10
MANY: Final = 10_000
SESSIONS: Final = 6
LINES: Final = 12
ROUNDS: Final = 24


async def run() -> None:
    report.title("B. Ten people in the database, and ten thousand")
    report.say(
        f"Everybody has logged {SESSIONS} sessions, has {LINES} messages each way in the history "
        f"and a draft lying. {FEW} of them, spread over the whole database, talk at once; medians "
        f"of {ROUNDS} rounds by turns."
    )
    with TemporaryDirectory() as small, TemporaryDirectory() as large:
        few, many = Ours(SESSIONS, LINES), Ours(SESSIONS, LINES)
        await few.open(Path(small), FEW)
        await many.open(Path(large), MANY)
        houses = [
            (few, FEW, range(FEW), list[Round]()),
            (many, MANY, range(0, MANY, MANY // FEW), list[Round]()),
        ]
        for number in range(-1, ROUNDS):
            # Between two sessions that are on record: no question whether it is the same one.
            day = MOMENT - timedelta(weeks=WEEKS_BACK - (number + 1), days=-3)
            for house, _, whose, rounds in houses[:: 1 if number % 2 else -1]:
                held = await hold(house, whose, FEW, talk(day.date()))
                if number >= 0:  # the first one pays for what is done once
                    rounds.append(held)
        for house, *_ in houses:
            assert await house.entries() == (ROUNDS + 1) * FEW
        _tell([(people, Figures.of(rounds)) for _, people, _, rounds in houses])
        await few.close()
        await many.close()


def _tell(houses: Sequence[tuple[int, Figures]]) -> None:
    (_, few), (_, many) = houses
    rows = [
        (f"{people} people", figure(f.per_second), figure(f.cpu), figure(f.p50), figure(f.p99))
        for people, f in houses
    ]
    times = [
        f"{ratio:.2f} ×"
        for ratio in (
            few.per_second / many.per_second,
            many.cpu / few.cpu,
            many.p50 / few.p50,
            many.p99 / few.p99,
        )
    ]
    report.table(
        ("", "messages/s", "CPU ms", "p50 ms", "p99 ms"),
        [*rows, ("many cost, as few", *times)],
    )

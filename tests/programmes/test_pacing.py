"""The pace of a minimum, in figures that are reckoned by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programmes.catalogue import load
from programmes.pacing import Away, DaysThere, Projection, aim, projection

SHANXI = load("shanxi-2026")
PILOT = load("neimenggu-pilot-2025")
[TEN] = SHANXI.requirements
FIRST = date(2026, 1, 1)
DAY = timedelta(days=1)


def of(done: int, on: date, away: Sequence[Away] = ()) -> Projection:
    found = projection(SHANXI, TEN, done, on, away=away)
    assert found is not None
    return found


def test_six_at_the_end_of_august_are_eight_at_the_end_of_november() -> None:
    """243 of 334 days: six come to 8.2; four more in 92 days are one in three weeks."""
    found = of(6, date(2026, 8, 31))
    assert (found.until, found.projected, found.short) == (date(2026, 11, 30), 8, 2)
    assert (found.missing, found.days, found.weeks_between) == (4, 92, 3)


def test_when_it_takes_more_than_one_a_week_no_number_of_weeks_is_named() -> None:
    assert of(2, date(2026, 11, 1)).weeks_between == 0


def test_leave_makes_nobody_late() -> None:
    spring: Away = (date(2026, 3, 1), date(2026, 5, 31))
    on = date(2026, 8, 31)
    there, away = of(6, on), of(6, on, away=[spring])
    # Of 242 days that are left without the spring, 151 have gone.
    assert (there.projected, away.projected) == (8, 9)


def test_in_the_first_four_weeks_and_after_the_cycle_nothing_is_said() -> None:
    assert projection(SHANXI, TEN, 1, date(2026, 1, 27)) is None
    assert projection(SHANXI, TEN, 1, date(2027, 1, 1)) is None
    monthly = next(one for one in PILOT.requirements if one.key == "monthly_face_to_face")
    assert projection(PILOT, monthly, 1, date(2025, 6, 1)) is None


@pytest.mark.parametrize(
    ("on", "until"),
    [("2026-06-01", "2026-11-30"), ("2026-11-30", "2026-11-30"), ("2026-12-01", "2026-12-31")],
)
def test_the_aim_is_the_day_of_the_materials_and_then_the_end(on: str, until: str) -> None:
    assert aim(SHANXI, date.fromisoformat(on)) == date.fromisoformat(until)


ONE_DAY = st.integers(0, 99).map(lambda n: FIRST + DAY * n)
LEAVES = st.lists(st.tuples(ONE_DAY, st.integers(0, 20)), max_size=4)


@given(LEAVES, st.integers(-2, 120))
def test_days_there_are_counted_as_one_would_on_paper(
    leaves: list[tuple[date, int]], number: int
) -> None:
    away = [(day, day + DAY * more) for day, more in leaves]
    there = DaysThere(FIRST, FIRST + DAY * 99, tuple(away))
    on_paper = [
        day
        for day in (FIRST + DAY * n for n in range(100))
        if not any(first <= day <= last for first, last in away)
    ]
    assert there.total == len(on_paper)
    if 1 <= number <= len(on_paper):
        assert there.nth(number) == on_paper[number - 1]
        assert there.with_left(number) == on_paper[-number]
    elif number > len(on_paper):
        assert there.nth(number) is None
    assert there.with_left(0) == FIRST + DAY * 100

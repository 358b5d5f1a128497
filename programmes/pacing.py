"""How a minimum is approached: what the pace so far leads to, and what is still to be done when.

Pure functions of days. Days on leave are not counted: nobody is behind for having been away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from programmes.model import Programme, Requirement
from programmes.values import Per

DAY: Final = timedelta(days=1)
WEEK: Final = 7
EARLY: Final = 28
"""For so many days after the beginning no pace is told."""

Away = tuple[date, date]
"""The first and the last day of a leave."""


@dataclass(frozen=True, slots=True)
class DaysThere:
    """The days from `first` to `last` on which somebody is there."""

    first: date
    last: date
    away: tuple[Away, ...] = ()

    def days(self, first: date, last: date) -> int:
        """How many of the days from one to another it has."""
        first, last = max(first, self.first), min(last, self.last)
        whole = max(0, (last - first).days + 1)
        return whole - sum(_shared((first, last), leave) for leave in _apart(self.away))

    @property
    def total(self) -> int:
        return self.days(self.first, self.last)

    def nth(self, number: int) -> date | None:
        """The day with this number among them, from 1; `None` if there are fewer."""
        if number < 1:
            return self.first
        day = self.first + DAY * (number - 1)
        while (lacking := number - self.days(self.first, day)) > 0:
            day += DAY * lacking
            if day > self.last:
                return None
        return day if day <= self.last else None

    def with_left(self, number: int) -> date:
        """The first day on which at most so many days are left, that day included. Its first day
        if it never has more; the day after its last for none."""
        return self.nth(self.total - number + 1) or self.last + DAY


def _apart(away: Sequence[Away]) -> list[Away]:
    """The same leaves, without overlaps."""
    found: list[Away] = []
    for first, last in sorted(away):
        if found and first <= found[-1][1] + DAY:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def _shared(one: Away, other: Away) -> int:
    return max(0, (min(one[1], other[1]) - max(one[0], other[0])).days + 1)


def aim(programme: Programme, on: date) -> date | None:
    """The day up to which the minimum of the whole cycle should be reached, seen from a day.

    Until the final materials are due, it is that day: the year is judged by them. Afterwards it is
    the last day of the cycle, up to which sessions count. `None` where the document leaves the end
    open.
    """
    end = programme.cycle.last_day
    due = programme.final_materials.deadline.value
    if end is None or due is None or not on <= due.last_day <= end:
        return end
    return due.last_day


@dataclass(frozen=True, slots=True)
class Projection:
    """What a minimum of the whole cycle is heading for."""

    asked: Requirement
    until: date
    projected: int
    """How many there will be at `until`, if it goes on as it has since the beginning."""
    short: int
    """How many will be missing then."""
    missing: int
    """How many are missing now."""
    days: int
    """The days left, today included."""

    @property
    def weeks_between(self) -> int:
        """In how many weeks one more is enough; 0 if one a week is too little."""
        return self.days // (WEEK * self.missing) if self.missing else 0


def projection(
    programme: Programme,
    asked: Requirement,
    done: int,
    on: date,
    since: date | None = None,
    away: Sequence[Away] = (),
) -> Projection | None:
    """The pace of a minimum counted over the whole cycle, of which `done` are handed in or
    approved.

    `None` for other minima, where the cycle is open or over, and in its first four weeks.
    """
    until, first = aim(programme, on), max(programme.cycle.first_day, since or date.min)
    if asked.per is not Per.CYCLE or until is None or not first <= on <= until:
        return None
    span = DaysThere(first, until, tuple(away))
    gone = span.days(first, on)
    if gone < EARLY:
        return None
    projected = done * span.total // gone
    return Projection(
        asked,
        until,
        projected,
        max(0, asked.at_least - projected),
        max(0, asked.at_least - done),
        span.days(on, until),
    )

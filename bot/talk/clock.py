"""The only place that reads the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from prompts import BEIJING


class Clock(Protocol):
    """Tells the present moment, always aware and in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SetClock:
    """A clock that stands still until it is moved: for tests and rehearsals."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def move(self, by: timedelta) -> None:
        self.moment += by

    def seconds(self) -> float:
        """The moment as seconds, for what measures how long something takes."""
        return self.moment.timestamp()


def month_began(moment: datetime) -> datetime:
    """When the calendar month of `moment` began in China."""
    return moment.astimezone(BEIJING).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def beijing_day(moment: datetime) -> date:
    """The calendar day in China at `moment`: days, months and cycles end at Beijing midnight."""
    return moment.astimezone(BEIJING).date()


def at_hour(day: date, hour: int) -> datetime:
    """The moment, in UTC, of an hour of a day in Beijing."""
    return datetime.combine(day, time(hour), BEIJING).astimezone(UTC)

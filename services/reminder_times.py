"""Decides when somebody may be reminded: at the time of day they chose, once a day, and only so
often a week.

Between ten at night and eight in the morning, on days off, in a learner's exams, on leave and
during a pause, a reminder is held back. It is sent afterwards if it still applies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from bot.talk.clock import beijing_day
from prompts import BEIJING
from services import office_days
from services.access import LEARNERS
from services.standing import leaves_of
from storage.statements import Prepared
from storage.tables import (
    Bundle,
    BundleState,
    Level,
    Membership,
    OfficeDays,
    ReminderSettings,
    table,
)

DAY: Final = timedelta(days=1)
MORNING: Final = time(8)
NIGHT: Final = time(22)
USUAL_MINUTE: Final = 19 * 60
"""Seven in the evening, when school is over."""
CAPS: Final[Mapping[Level, int]] = {Level.LIGHTER: 1, Level.USUAL: 3, Level.STRONGER: 7}
"""The most messages in any seven days."""
HORIZON: Final = 120
"""How many days ahead are searched for a free one."""


def awake(moment: datetime) -> bool:
    """Whether a moment is outside the quiet hours."""
    return MORNING <= moment.astimezone(BEIJING).time() < NIGHT


def at_minute(day: date, minute: int) -> datetime:
    """The moment in Beijing at this minute of a day, 0 to 1439."""
    return datetime.combine(day, time(minute // 60, minute % 60), BEIJING)


class PlaceSeen(NamedTuple):
    """The parts of a membership that decide when somebody may be reminded."""

    id: int
    person_id: int
    cohort_id: int
    role: str


_membership = table(Membership)
_places = Prepared(
    sa.select(
        _membership.c.id, _membership.c.person_id, _membership.c.cohort_id, _membership.c.role
    ).where(
        _membership.c.person_id.in_(bindparam("people", expanding=True)),
        _membership.c.ended_at.is_(None),
    )
)


_chosen = table(ReminderSettings)
_settings = Prepared(
    sa.select(
        _chosen.c.person_id, _chosen.c.level, _chosen.c.minute, _chosen.c.paused_until
    ).where(_chosen.c.person_id.in_(bindparam("people", expanding=True)))
)
_bundle = table(Bundle)
_told = Prepared(
    sa.select(_bundle.c.person_id, _bundle.c.day).where(
        _bundle.c.person_id.in_(bindparam("people", expanding=True)),
        _bundle.c.day > bindparam("after"),
        _bundle.c.state != BundleState.DROPPED,
    )
)


class HowReminded(NamedTuple):
    """How somebody wants to be reminded."""

    level: Level = Level.USUAL
    minute: int = USUAL_MINUTE
    paused_until: date | None = None


class Times:
    """The times at which some people may be reminded, as they stand at one moment."""

    def __init__(self, db: Session, people: Collection[int], now: datetime) -> None:
        self._now, self._today = now, beijing_day(now)
        wanted = list(people)
        self._settings: dict[int, HowReminded] = defaultdict(HowReminded)
        for person_id, *chosen in _settings.all(db, people=wanted) if wanted else ():
            self._settings[person_id] = HowReminded(*chosen)
        self._places: dict[int, list[PlaceSeen]] = defaultdict(list)
        for place in map(PlaceSeen._make, _places.all(db, people=wanted) if wanted else ()):
            self._places[place.person_id].append(place)
        every = [place for places in self._places.values() for place in places]
        self._leaves = leaves_of(db, [place.id for place in every])
        self._days = office_days.of_office(db, {place.cohort_id for place in every})
        self._told: dict[int, list[date]] = defaultdict(list)
        week = self._today - 7 * DAY
        for person_id, day in _told.all(db, people=wanted, after=week) if wanted else ():
            self._told[person_id].append(day)

    def level(self, person_id: int) -> Level:
        """How much a person wants to be reminded."""
        return self._settings[person_id].level

    def may(self, person_id: int) -> bool:
        """Whether a person may be reminded now."""
        return awake(self._now) and self._free(person_id, self._today)

    def next(self, person_id: int, *, not_before: date | None = None) -> datetime:
        """The next moment at which a person may be reminded: their time of day, on a free day, not
        before `not_before`."""
        day = max(self._today, not_before or self._today)
        for ahead in range(HORIZON):
            at = self._at(person_id, day + DAY * ahead)
            if at >= self._now and self._free(person_id, day + DAY * ahead):
                return at
        return self._at(person_id, day + DAY * HORIZON)

    def _at(self, person_id: int, day: date) -> datetime:
        return at_minute(day, self._settings[person_id].minute)

    def _free(self, person_id: int, day: date) -> bool:
        paused_until = self._settings[person_id].paused_until
        if paused_until is not None and day <= paused_until:
            return False
        told = [one for one in self._told[person_id] if one > day - 7 * DAY]
        if day in told or len(told) >= CAPS[self.level(person_id)]:
            return False
        places = self._places[person_id]
        return not self._away(places, day) and not self._quiet(places, day)

    def _away(self, places: Iterable[PlaceSeen], day: date) -> bool:
        return any(
            first <= day <= last
            for place in places
            for first, last in self._leaves.get(place.id, ())
        )

    def _quiet(self, places: Collection[PlaceSeen], day: date) -> bool:
        learner = any(place.role in LEARNERS for place in places)
        entries: list[OfficeDays] = [
            entry for place in places for entry in self._days.get(place.cohort_id, ())
        ]
        return office_days.quiet(entries, day, learner=learner)

"""The days on which nobody, or no learner, is reminded: days off by law, and those in an office's
own calendar.

The `holidays` library knows the days off by law. It does not know the weekends that are worked
instead, nor a school's exams: these an office adds. What the office says about a day overrides the
library.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import Final

from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from prompts import t
from services import audit
from services.access import allow, things
from storage.tables import Cohort, DayKind, OfficeDays

DAY: Final = timedelta(days=1)
LONGEST: Final = 120
"""Days that one entry may have."""


@cache
def _by_law(year: int) -> frozenset[date]:
    # Imported only when a day is asked about: it knows every country's years.
    from holidays import country_holidays

    return frozenset(country_holidays("CN", years=year))


def off_by_law(day: date) -> bool:
    """Whether it is a day off in China, or a weekend in the middle of days off."""
    if day in _by_law(day.year):
        return True
    if day.isoweekday() < 6:
        return False
    before = after = day
    while before.isoweekday() >= 6 and before not in _by_law(before.year):
        before -= DAY
    while after.isoweekday() >= 6 and after not in _by_law(after.year):
        after += DAY
    return before in _by_law(before.year) and after in _by_law(after.year)


def of_office(db: Session, cohort_ids: Iterable[int]) -> dict[int, list[OfficeDays]]:
    """What the offices' calendars say, by cohort. A cohort has the entries of all cohorts
    of its office."""
    wanted = list(cohort_ids)
    asked = select(col(Cohort.id), col(Cohort.office_id)).where(col(Cohort.id).in_(wanted))
    offices: dict[int | None, int | None] = dict(db.exec(asked).all())
    entries = db.exec(
        select(OfficeDays, col(Cohort.office_id))
        .join(Cohort, col(Cohort.id) == col(OfficeDays.cohort_id))
        .where(col(OfficeDays.ended_at).is_(None))
        .order_by(col(OfficeDays.first_day), col(OfficeDays.id))
    ).all()
    return {
        number: [
            entry
            for entry, office in entries
            if entry.cohort_id == number or (office is not None and office == offices[number])
        ]
        for number in offices
        if number is not None
    }


def quiet(entries: Iterable[OfficeDays], day: date, *, learner: bool) -> bool:
    """Whether a learner, or with `learner` false somebody else, is not reminded on a
    day."""
    kinds = {entry.kind for entry in entries if entry.first_day <= day <= entry.last_day}
    if DayKind.EXAM in kinds and learner:
        return True
    return DayKind.HOLIDAY in kinds or (DayKind.WORKING not in kinds and off_by_law(day))


# ---------------------------------------------------------------- what an office says


def edits_some(db: Session, actor: Actor) -> bool:
    """Whether the actor looks after an office's calendar."""
    some = things("office_days", actor.person_id).limit(1)
    return db.connection().execute(some).first() is not None


def listed(db: Session, actor: Actor, cohort_id: int, today: date) -> list[OfficeDays]:
    """The calendar of a cohort's office from today on. Raises `Refused`."""
    allow(db, actor, "office_days", cohort_id)
    found = of_office(db, [cohort_id]).get(cohort_id, [])
    return [entry for entry in found if entry.last_day >= today]


def add(
    db: Session,
    actor: Actor,
    cohort_id: int,
    kind: DayKind,
    first: date,
    last: date,
    name: str = "",
) -> OfficeDays:
    """Put days into the calendar of a cohort's office. Raises `Refused`."""
    allow(db, actor, "office_days", cohort_id)
    if not first <= last <= first + LONGEST * DAY:
        raise Refused(t("days.too_many", most=LONGEST), verb="office_days")
    entry = OfficeDays(
        cohort_id=cohort_id,
        first_day=first,
        last_day=last,
        kind=kind,
        name=name.strip()[:40],
        made_by=actor.person_id,
        made_at=actor.now,
    )
    db.add(entry)
    db.flush()
    audit.note(db, actor, "office_days", "office_days", entry.id, kind=kind.value)
    return entry


def drop(db: Session, actor: Actor, number: int) -> OfficeDays:
    """Take days out of an office's calendar. Raises `Refused`."""
    entry = db.get(OfficeDays, number, with_for_update=True)
    allow(db, actor, "office_days", None if entry is None else entry.cohort_id, number=number)
    assert entry is not None  # noqa: S101 - `allow` refuses what is not there
    if entry.ended_at is None:
        entry.ended_at = actor.now
        db.add(entry)
        audit.note(db, actor, "drop_office_days", "office_days", number)
    return entry

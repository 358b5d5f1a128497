"""Somebody's deadlines as a calendar, which a program on a phone or computer subscribes to.

It holds the programmes' days and nothing of anybody's records. The address is a secret of which
only the hash is kept; its owner ends it at any time.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from icalendar import Calendar, Event
from sqlmodel import Session, col, select

from bot.talk.acting import Actor
from bot.talk.clock import beijing_day
from programmes.model import Programme
from programmes.pacing import aim
from programmes.reminding import PARTIES, To
from programmes.rules import periods
from programmes.values import Frequency, Grade, Per
from prompts import Words, language_named, render, t
from services import audit, packs
from services.access import LEARNERS, any_of, cohort_of, memberships
from services.packs import word_label
from services.stages import StageNow, stages_of
from storage.tables import CalendarLink, Membership, Person, Role

DAY: Final = timedelta(days=1)
BITS: Final = 32
"""Bytes of a secret."""
AS_PARTY: Final = {
    Role.MENTOR: To.MENTOR,
    Role.TEAM_MEMBER: To.TEAM_MEMBER,
    Role.SCHOOL_TEACHER: To.SCHOOL_TEACHER,
    Role.COORDINATOR: To.OFFICE,
    Role.EXPERT_COMMITTEE: To.EXPERT,
}


@dataclass(frozen=True, slots=True)
class Deadline:
    """One day in somebody's calendar."""

    key: str
    day: date
    words: Words
    programme: str
    clause: str


# ---------------------------------------------------------------- the address


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def make_link(db: Session, actor: Actor) -> str:
    """A new secret for an address; it is not shown again. Raises `Refused`."""
    any_of(db, actor, "set_reminders")
    token = secrets.token_urlsafe(BITS)
    row = CalendarLink(token_hash=_hash(token), person_id=actor.person_id, created_at=actor.now)
    db.add(row)
    db.flush()
    audit.note(db, actor, "make_calendar_link", "calendar_link", row.id)
    return token


def links(db: Session, person_id: int) -> list[CalendarLink]:
    """Somebody's addresses that work."""
    return list(
        db.exec(
            select(CalendarLink).where(
                CalendarLink.person_id == person_id, col(CalendarLink.revoked_at).is_(None)
            )
        )
    )


def revoke_links(db: Session, actor: Actor) -> None:
    """End all of the actor's addresses. Raises `Refused`."""
    any_of(db, actor, "set_reminders")
    for row in links(db, actor.person_id):
        row.revoked_at = actor.now
        db.add(row)
        audit.note(db, actor, "revoke_calendar_link", "calendar_link", row.id)


def calendar(db: Session, token: str, now: datetime) -> bytes | None:
    """The calendar behind a secret; `None` for one that does not work."""
    row = db.exec(
        select(CalendarLink).where(
            CalendarLink.token_hash == _hash(token), col(CalendarLink.revoked_at).is_(None)
        )
    ).first()
    person = None if row is None else db.get(Person, row.person_id)
    return None if person is None else _written(db, person, now)


# ---------------------------------------------------------------- what is in it


def _written(db: Session, person: Person, now: datetime) -> bytes:
    language = language_named(person.language)
    made = Calendar()
    made.add("prodid", "-//Yingcai//deadlines//ZH")
    made.add("version", "2.0")
    made.add("x-wr-calname", render(t("reminder.calendar_name"), language))
    for one in deadlines(db, person.id or 0, beijing_day(now)):
        event = Event()
        event.add("uid", f"{one.key}@yingcai")
        event.add("dtstamp", now)
        event.add("dtstart", one.day)
        event.add("dtend", one.day + DAY)
        event.add("summary", render(one.words, language))
        event.add("description", f"{one.programme} {one.clause}")
        event.add("transp", "TRANSPARENT")
        made.add_component(event)
    return bytes(made.to_ical())


def deadlines(db: Session, person_id: int, today: date) -> list[Deadline]:
    """All days by which somebody has to do something, in each of their places."""
    found: list[Deadline] = []
    for place in memberships(db, person_id):
        cohort = cohort_of(db, place)
        programme = packs.found(cohort.programme)
        if programme is not None:
            found += _of_place(place, programme, stages_of(db, cohort, today), today)
    return sorted(found, key=lambda one: (one.day, one.key))


def _of_place(
    place: Membership, programme: Programme, stages: Sequence[StageNow], today: date
) -> Iterator[Deadline]:
    if place.role in LEARNERS:
        yield from _minima(place, programme, today)
        yield from _handed_in(place, programme, stages)
    yield from _evaluations(place, programme, stages)


def _minima(place: Membership, programme: Programme, today: date) -> Iterator[Deadline]:
    end = programme.cycle.last_day
    begun = max(programme.cycle.first_day, place.joined_on or date.min)
    for asked in programme.requirements:
        days = [aim(programme, today)]
        if asked.per is not Per.CYCLE and end is not None:
            days = [min(last, end) for _, last in periods(asked.per, begun, end)]
        what = word_label(asked.counts, t(f"counter.{asked.counts}"))
        at_least = t(f"progress.amount_{asked.unit}", count=asked.at_least)
        for day in days:
            if day is not None:
                words = t("reminder.calendar_minimum", what=what, at_least=at_least)
                key = f"{place.id}-{asked.key}-{day}"
                yield Deadline(key, day, words, programme.name, asked.clause)


def _handed_in(
    place: Membership, programme: Programme, stages: Sequence[StageNow]
) -> Iterator[Deadline]:
    due = programme.final_materials.deadline
    if due.value is not None:
        key = f"{place.id}-materials"
        words = t("reminder.calendar_materials")
        yield Deadline(key, due.value.last_day, words, programme.name, due.clause)
    grade = Grade(place.grade) if place.grade in set(Grade) else None
    for writing in programme.records:
        if (
            writing.scope.required_of(grade) is False
            or writing.frequency is not Frequency.PER_STAGE
        ):
            continue
        for now in stages:
            stage, window = now.stage, now.stage.window
            by = window.submit_by if window and now.change is None else None
            last = by.last_day if by else now.term.due
            if last is not None:
                words = t("reminder.calendar_due", what=f"{stage.name}{writing.name}")
                key = f"{place.id}-{writing.kind}-{stage.stage}"
                yield Deadline(key, last, words, programme.name, writing.clause)


def _evaluations(
    place: Membership, programme: Programme, stages: Sequence[StageNow]
) -> Iterator[Deadline]:
    """The last day of each stage, as the office has it where it has changed that."""
    party = AS_PARTY.get(place.role)
    for now in stages:
        stage = now.stage
        parties = {PARTIES.get(word) for word in (*stage.evaluators, *stage.organisers)}
        concerned = place.role in LEARNERS or party in parties
        if concerned and now.term.due is not None:
            words = t("reminder.calendar_due", what=stage.name)
            key = f"{place.id}-{stage.stage}"
            yield Deadline(key, now.term.due, words, programme.name, stage.clause)

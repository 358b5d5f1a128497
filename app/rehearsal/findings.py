"""What a rehearsal found: each thing that somebody would be told, and sums of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from sqlmodel import Session, col, select

from app.simulation.events import clause_of, sent_reminders
from bot.talk.clock import beijing_day
from programmes.evaluating import StageTerm
from programmes.model import Programme
from prompts import BEIJING, Words
from services.packs import load, matter_label
from services.stages import stages_of
from storage.tables import Cohort, Membership, Person, Role

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReminderToCome:
    """One thing that one person would be told."""

    at: datetime
    place: int
    """The membership of whoever is told."""
    learner: str
    """Whom it concerns; empty for oneself."""
    about: str
    rule: str
    """The path of the fact behind it; `queue` for entries that wait for review."""
    clause: str
    period: str

    @property
    def day(self) -> date:
        return beijing_day(self.at)


@dataclass(frozen=True, slots=True)
class OnePerson:
    """A member, and how much they would be told."""

    place: int
    name: str
    role: Role
    joined: bool
    messages: int
    things: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The rest of a cohort's cycle, as its members would be told of it."""

    cohort: str
    programme: Programme
    first: date
    last: date
    told: tuple[ReminderToCome, ...]
    """In the order of time."""
    people: tuple[OnePerson, ...]
    """Every member, most messages first."""
    stages: tuple[tuple[str, StageTerm], ...]
    """Each stage by its name, and its days as the office has them."""

    @property
    def days(self) -> Counter[date]:
        """Messages by day: what one person is told at one moment is one message."""
        return Counter(day for _, day in {(one.place, one.day) for one in self.told})

    @property
    def weeks(self) -> Counter[date]:
        """Messages by week, named by its Monday."""
        found: Counter[date] = Counter()
        for day, count in self.days.items():
            found[day - day.weekday() * DAY] += count
        return found

    @property
    def busiest(self) -> tuple[date, int] | None:
        """The Monday of the week with the most messages, and how many; the first of several."""
        weeks = self.weeks
        return min(weeks.items(), key=lambda week: (-week[1], week[0]), default=None)

    def to_json(self) -> dict[str, Any]:
        names = {one.place: one for one in self.people}
        return {
            "cohort": self.cohort,
            "programme": self.programme.key,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "told": [
                {
                    "at": one.at.astimezone(BEIJING).isoformat(),
                    "to": names[one.place].role.value,
                    "person": names[one.place].name,
                    "student": one.learner,
                    "about": one.about,
                    "rule": one.rule,
                    "clause": one.clause,
                    "period": one.period,
                }
                for one in self.told
            ],
            "people": [
                {
                    "number": one.place,
                    "person": one.name,
                    "role": one.role.value,
                    "joined": one.joined,
                    "messages": one.messages,
                    "reminders": one.things,
                }
                for one in self.people
            ],
            "weeks": {day.isoformat(): count for day, count in sorted(self.weeks.items())},
        }


def read(
    db: Session,
    cohort_id: int,
    first: date,
    last: date,
    began: datetime,
    absent: Collection[int],
) -> Rehearsal:
    """Read what was told in a cohort from a moment on."""
    cohort = cast(Cohort, db.get(Cohort, cohort_id))
    programme = load(cohort.programme)
    members = _members(db, cohort_id)
    places = {member.id or 0: (member, name) for member, name in members}
    # Somebody who has two places in a cohort is told in one chat; the first place stands for both.
    by_person = {member.person_id: member.id or 0 for member, _ in reversed(members)}
    told = []
    for at, row in sent_reminders(db):
        learner = places.get(row.learner_id)
        if at < began or learner is None or row.person_id not in by_person:
            continue
        own = learner[0].person_id == row.person_id
        told.append(
            ReminderToCome(
                at,
                by_person[row.person_id],
                "" if own else learner[1],
                row.about,
                row.rule,
                clause_of(programme, row),
                row.period,
            )
        )
    told.sort(key=lambda one: (one.at, one.place, one.rule, one.period, one.learner))
    listed = {by_person[member.person_id] for member, _ in members}
    people = _totals(places, listed, told, absent)
    stages = tuple((now.stage.name, now.term) for now in stages_of(db, cohort, first))
    return Rehearsal(cohort.name, programme, first, last, tuple(told), people, stages)


def _members(db: Session, cohort_id: int) -> list[tuple[Membership, str]]:
    rows = db.exec(
        select(Membership, Person.name)
        .join(Person, col(Person.id) == Membership.person_id)
        .where(Membership.cohort_id == cohort_id, col(Membership.ended_at).is_(None))
        .order_by(col(Membership.id))
    )
    return list(rows)


def _totals(
    places: dict[int, tuple[Membership, str]],
    listed: Iterable[int],
    told: Collection[ReminderToCome],
    absent: Collection[int],
) -> tuple[OnePerson, ...]:
    things = Counter(one.place for one in told)
    messages = Counter(place for place, _ in {(one.place, one.day) for one in told})
    people = [
        OnePerson(
            place,
            places[place][1],
            places[place][0].role,
            places[place][0].person_id not in absent,
            messages[place],
            things[place],
        )
        for place in listed
    ]
    return tuple(sorted(people, key=lambda one: (-one.messages, one.place)))


def label(programme: Programme, one: ReminderToCome) -> Words:
    """What a thing is called."""
    return matter_label(programme, one.rule, one.about)

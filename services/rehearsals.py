"""What a rehearsal found: each thing that somebody would be told, and sums of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, cast

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Operator
from bot.talk.clock import beijing_day
from bot.talk.message import Message, put
from programmes.evaluating import StageTerm
from programmes.model import Programme
from programmes.reminding import QUEUE
from prompts import BEIJING, Language, Words, language_named, render, t
from services import audit, notices
from services.access import allow
from services.packs import load, matter_label
from services.stages import stages_of
from storage.tables import (
    Account,
    Audit,
    Bundle,
    Cohort,
    Membership,
    Person,
    Reminder,
    Role,
)

DAY: Final = timedelta(days=1)
ACT: Final = "rehearse"
LIFE: Final = timedelta(days=1)
"""How long the table of a rehearsal in a chat can be opened there."""
SOON: Final = timedelta(days=28)
"""What falls into these days is told one by one."""
LINES: Final = 8
"""Lines of what is to come soon; the others stand in the table."""
NAMED: Final = 3
"""People named in a line."""
BUSIEST: Final = 3
"""Weeks that are named."""


# ---------------------------------------------------------------- for whom


def cohort_for(db: Session, actor: Actor, cohort_id: int) -> Cohort:
    """The cohort, for whoever may rehearse it. Raises `Refused`."""
    allow(db, actor, ACT, cohort_id)
    return cast(Cohort, db.get(Cohort, cohort_id))


def note_made(db: Session, by: Operator, cohort_id: int) -> None:
    """Note that a cohort was rehearsed at the command line."""
    audit.note(db, by, ACT, "cohort", cohort_id)


# ---------------------------------------------------------------- orders from chats


ORDER: Final = "rehearsal"
ENDED: Final = "rehearsal_ended"


class RehearsalOrder(NamedTuple):
    """An order to rehearse a cohort for a chat.

    The order is a row of the audit, and so is its end. An order without an end is still to be
    played, also after a crash.
    """

    id: int
    actor: Actor
    cohort: int


def order(db: Session, actor: Actor, cohort_id: int) -> RehearsalOrder:
    """Order a rehearsal; the one that this chat has ordered already, while it is played. Raises
    `Refused`."""
    cohort_for(db, actor, cohort_id)

    def mine() -> RehearsalOrder | None:
        whose = (actor.account_id, cohort_id)
        return next((o for o in orders(db) if (o.actor.account_id, o.cohort) == whose), None)

    if (waiting := mine()) is not None:
        return waiting
    audit.note(db, actor, ACT, ORDER, cohort_id)
    return cast(RehearsalOrder, mine())


def orders(db: Session) -> list[RehearsalOrder]:
    """The orders that have not ended, the oldest first."""
    return [
        RehearsalOrder(
            cast(int, row.id),
            Actor(cast(int, row.person_id), row.account_id, row.at),
            cast(int, row.object_id),
        )
        for row in db.exec(_under_way)
    ]


_ending = aliased(Audit)
_under_way: Final = (
    select(Audit)
    .where(
        Audit.object == ORDER,
        Audit.refused == "",
        ~sa.exists().where(col(_ending.object) == ENDED, col(_ending.object_id) == col(Audit.id)),
    )
    .order_by(col(Audit.id))
)


def lasts(db: Session, number: int) -> bool:
    """Whether an order is still to be played: it may be stopped at any time."""
    return any(one.id == number for one in orders(db))


def end(db: Session, by: Actor, number: int, verb: str = "end_rehearsal") -> bool:
    """Note that an order has ended; returns whether it had not before."""
    ends = lasts(db, number)
    if ends:
        audit.note(db, by, verb, ENDED, number)
    return ends


def stop(db: Session, actor: Actor, number: int) -> bool:
    """Stop a rehearsal before it is over; returns whether there was still something to stop.
    Raises `Refused` for whoever may not rehearse its cohort."""
    found = db.get(Audit, number)
    ordered = found is not None and found.object == ORDER
    cohort_for(db, actor, (ordered and found and found.object_id) or 0)
    return end(db, actor, number, "stop_rehearsal")


def show(db: Session, order: RehearsalOrder, message: Message, step: str, now: datetime) -> None:
    """Show in the chat from which an order came how far it is, in place of what was shown
    before."""
    account = db.get(Account, order.actor.account_id)
    if account is None:
        return
    person = db.get(Person, order.actor.person_id)
    language = language_named((person and person.language) or account.language)
    said = put(message._replace(card=card_of(order.id)), language)
    notices.replace(db, cast(int, account.id), said.to_json(), f"rehearsal:{order.id}:{step}", now)


def card_of(order: int) -> str:
    """The card on which an order's progress and then its result are shown."""
    return f"rehearsal:{order}"


# ---------------------------------------------------------------- what was found


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
    def busiest_weeks(self) -> list[tuple[date, int]]:
        """The Mondays of the weeks with their messages, most messages first."""
        return sorted(self.weeks.items(), key=lambda week: (-week[1], week[0]))

    @property
    def busiest(self) -> tuple[date, int] | None:
        """The week with the most messages; the first of several."""
        return next(iter(self.busiest_weeks), None)

    @property
    def absent(self) -> list[str]:
        """Who would be told something, and has not joined."""
        return [one.name for one in self.people if not one.joined and one.messages]

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
    for at, row in _told(db, began):
        learner = places.get(row.learner_id)
        if learner is None or row.person_id not in by_person:
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


def _told(db: Session, began: datetime) -> Iterator[tuple[datetime, Reminder]]:
    """Each reminder that was told from a moment on, with the moment."""
    rows = select(Bundle.made_at, Reminder).join(Reminder, col(Reminder.bundle_id) == Bundle.id)
    return iter(db.exec(rows.where(Bundle.made_at >= began)))


def clause_of(programme: Programme, row: Reminder) -> str:
    """The clause of a reminder; of a stage, its own; empty for a rule of the assistant's."""
    if row.rule == QUEUE:
        return ""
    for stage in programme.stages:
        if str(stage.stage) == row.about and stage.clause:
            return stage.clause
    return programme.fact(row.rule).clause


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


# ---------------------------------------------------------------- in short


class LineToCome(BaseModel):
    """What some people of one role would be told on one day."""

    model_config = ConfigDict(frozen=True)

    day: date
    role: Role
    what: str
    clause: str
    names: tuple[str, ...]
    """The first of them."""
    people: int


class KindToCome(BaseModel):
    """How often people of one role would be told of one thing."""

    model_config = ConfigDict(frozen=True)

    role: Role
    what: str
    clause: str
    count: int


class RehearsalInShort(BaseModel):
    """A rehearsal as a card tells it, in one language."""

    model_config = ConfigDict(frozen=True)

    first: date
    last: date
    messages: int
    busiest: tuple[tuple[date, int], ...]
    """Mondays, and the messages of their weeks."""
    kinds: tuple[KindToCome, ...]
    soon: tuple[LineToCome, ...]
    more: int
    """Lines of these weeks that are left out."""
    next: date | None
    """The first day on which anybody would be told anything."""
    absent: tuple[str, ...]


def in_short(found: Rehearsal, language: Language) -> RehearsalInShort:
    """The busiest weeks, the sums, and who is told what in the next weeks."""
    people = {one.place: one for one in found.people}
    kinds: Counter[tuple[Role, str, str]] = Counter()
    lines: dict[tuple[date, Role, str, str], list[str]] = {}
    for one in found.told:
        person = people[one.place]
        key = (person.role, render(label(found.programme, one), language), one.clause)
        kinds[key] += 1
        if one.day < found.first + SOON:
            lines.setdefault((one.day, *key), []).append(person.name)
    soon = [
        LineToCome(
            **dict(zip(("day", "role", "what", "clause"), key, strict=True)),
            names=tuple(dict.fromkeys(names))[:NAMED],
            people=len(set(names)),
        )
        for key, names in lines.items()
    ]
    in_order = sorted(kinds.items(), key=lambda kind: list(Role).index(kind[0][0]))
    return RehearsalInShort(
        first=found.first,
        last=found.last,
        messages=found.days.total(),
        busiest=tuple(found.busiest_weeks[:BUSIEST]),
        kinds=tuple(
            KindToCome(role=role, what=what, clause=clause, count=count)
            for (role, what, clause), count in in_order
        ),
        soon=tuple(soon[:LINES]),
        more=len(soon[LINES:]),
        next=found.told[0].day if found.told else None,
        absent=tuple(found.absent),
    )


def file_name(found: Rehearsal, language: Language) -> str:
    return render(t("rehearsal.file", cohort=found.cohort, day=found.first.isoformat()), language)

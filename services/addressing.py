"""Whom a bulletin is for, and whether it would reach them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple, cast

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, model_validator
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from bot.talk.acting import Actor
from bot.talk.clock import beijing_day
from programmes.materials import brought
from programmes.model import Programme
from prompts import Text, t
from services import consent, roster
from services.access import LEARNERS, things
from services.packs import load
from services.progress import in_short
from services.roster import Presence
from services.urging import MATTERS
from storage.tables import (
    Bulletin,
    Cohort,
    Guardianship,
    Membership,
    Person,
    RecipientState,
    RecordKind,
    Role,
    Unit,
)

TOLD: Final = (
    Role.STUDENT,
    Role.TRAINEE_TEACHER,
    Role.GUARDIAN,
    Role.MENTOR,
    Role.TEAM_MEMBER,
    Role.SCHOOL_TEACHER,
    Role.COORDINATOR,
    Role.EXPERT_COMMITTEE,
)
"""The roles to which bulletins go."""


class Audience(BaseModel):
    """Whom a bulletin is for: members of a role, or all of them; perhaps only some."""

    model_config = ConfigDict(frozen=True)

    roles: tuple[Role, ...] = ()
    """All roles if empty."""
    unit: int | None = None
    """Members of this unit and of all units below it; of guardians, those whose children are."""
    subject: str = ""
    grade: str = ""
    """Learners of this grade, or their guardians."""
    owes: RecordKind | None = None
    """Learners who have still to do something in this matter, or their guardians."""

    @model_validator(mode="before")
    @classmethod
    def _one_role(cls, told: Any) -> Any:
        """Read what was stored while an audience had one role."""
        if isinstance(told, dict) and "role" in told:
            told = dict(told)
            role = told.pop("role")
            return {"roles": (role,) if role else (), **told}
        return told


def roles_in(db: Session, cohort_id: int, person_id: int) -> list[Role]:
    """The roles that somebody may address in a cohort."""
    here = sa.select(col(Membership.role)).where(*_addressed(cohort_id, person_id)).distinct()
    found = set(db.connection().execute(here).scalars())
    if found & {*LEARNERS} and _guardians_exist(db, cohort_id):
        found.add(Role.GUARDIAN)
    return [role for role in TOLD if role in found]


def _guardians_exist(db: Session, cohort_id: int) -> bool:
    guardian = select(Membership.id).where(
        Membership.cohort_id == cohort_id,
        Membership.role == Role.GUARDIAN,
        col(Membership.ended_at).is_(None),
    )
    return db.exec(guardian.limit(1)).first() is not None


class UnitOffered(BaseModel):
    """A unit by which some of a role may be chosen."""

    model_config = ConfigDict(frozen=True)

    id: int
    name: str
    roles: tuple[Role, ...]
    """How many people belong to it, or to a unit below it."""


def units_in(db: Session, cohort_id: int, person_id: int) -> list[UnitOffered]:
    """The units of those whom somebody may address in a cohort, in the order of their
    numbers, with those units above them that do not hold all of them."""
    here = sa.select(col(Membership.unit_id), col(Membership.role)).where(
        *_addressed(cohort_id, person_id), col(Membership.unit_id).is_not(None)
    )
    own: dict[Any, set[Role]] = defaultdict(set)
    for unit, role in db.connection().execute(here.distinct()):
        own[unit].add(Role.GUARDIAN if role in LEARNERS else role)
        own[unit].add(role)
    parents = dict(db.exec(select(Unit.id, Unit.parent_id)).all())
    roles: dict[int, set[Role]] = defaultdict(set)
    for unit, found in own.items():
        above: int | None = unit
        passed: set[int] = set()
        while above is not None and above not in passed:
            passed.add(above)
            roles[above] |= found
            above = parents.get(above)
    some = [unit for unit in roles if unit in own or own.keys() - below(parents, unit)]
    units = db.exec(select(Unit).where(col(Unit.id).in_(some)).order_by(col(Unit.id)))
    return [
        UnitOffered(id=number, name=unit.name, roles=tuple(r for r in TOLD if r in roles[number]))
        for unit in units
        if (number := unit.id) is not None
    ]


def below(parents: Mapping[int | None, int | None], unit: int | None) -> set[int | None]:
    """A unit and all units below it."""
    found, edge = {unit}, {unit}
    while edge:
        edge = {one for one, parent in parents.items() if parent in edge} - found
        found |= edge
    return found


def subjects_in(db: Session, cohort_id: int, person_id: int) -> list[str]:
    """The subjects of those whom somebody may address in a cohort."""
    place = sa.select(col(Membership.subject)).where(
        *_addressed(cohort_id, person_id), col(Membership.subject) != ""
    )
    return sorted(db.connection().execute(place.distinct()).scalars())


def grades_in(db: Session, cohort_id: int, person_id: int) -> list[str]:
    """The grades of the learners whom somebody may address in a cohort; empty for those of whom
    it is not known."""
    place = sa.select(col(Membership.grade)).where(
        *_addressed(cohort_id, person_id), col(Membership.role).in_(LEARNERS)
    )
    return sorted(db.connection().execute(place.distinct()).scalars())


def owed_in(programme: Programme) -> list[RecordKind]:
    """What learners of a programme may owe."""
    written = {record.kind.value for record in programme.records}
    asked = {
        RecordKind.SESSION: bool(programme.requirements),
        RecordKind.MATERIAL: bool(brought(programme)),
    }
    return [kind for kind in MATTERS if asked.get(kind, kind.value in written)]


# ---------------------------------------------------------------- whom it reaches


class _Place(NamedTuple):
    """A membership, with what decides whether something may be sent there."""

    member_id: int
    person_id: int
    role: Role
    grade: str
    born: date | None


class Addressee(NamedTuple):
    """Somebody whom a bulletin is for, and whether it would reach them."""

    member_id: int
    person_id: int
    state: RecipientState


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whom a draft is for, each person once."""

    people: Sequence[Addressee]
    left: int = 0
    """How many learners there are of whom it is not known yet what they owe."""

    @property
    def counts(self) -> Counter[RecipientState]:
        return Counter(one.state for one in self.people)


def addressed(db: Session, actor: Actor, row: Bulletin) -> Addressed:
    """Whom a draft is for, among the members whom its writer may address. The actor is
    somebody who oversees the writer. Raises `Refused`."""
    wanted = Audience.model_validate(row.audience)
    place = cast(Membership, db.get(Membership, row.by_id))
    found, left = _members(db, row.cohort_id, wanted, place.person_id, actor.now)
    first = {one.person_id: one for one in reversed(found) if one.person_id != actor.person_id}
    chosen = list(reversed(first.values()))
    awaited = _awaited(db, row.cohort_id, chosen, actor.now)
    reached = _presences(db, first)
    people = [
        Addressee(
            one.member_id,
            one.person_id,
            RecipientState.CONSENT
            if one.person_id in awaited
            else _BY_PRESENCE[reached[one.person_id]],
        )
        for one in chosen
    ]
    return Addressed(people, left)


def consent_awaited(
    db: Session, cohort_id: int, members: Sequence[int], now: datetime
) -> set[int]:
    """The person ids of those of these members to whom nothing may be sent now, because a
    guardian has not consented."""
    return _awaited(db, cohort_id, _rows(db, [col(Membership.id).in_(members)]), now)


def _awaited(db: Session, cohort_id: int, some: Iterable[_Place], now: datetime) -> set[int]:
    programme, today = load(roster.find_cohort(db, cohort_id).programme), beijing_day(now)
    asked = [
        one.person_id
        for one in some
        if one.role in LEARNERS and consent.needed(one.born, one.grade, programme, today)
    ]
    given: set[int] = set()
    for at in range(0, len(asked), SLICE):
        children = sa.select(col(Person.id)).where(col(Person.id).in_(asked[at : at + SLICE]))
        given |= consent.given_among(db, children)
    return set(asked) - given


_BY_PRESENCE: Final = {
    Presence.HERE: RecipientState.WAITING,
    Presence.NOT_JOINED: RecipientState.NOT_JOINED,
    Presence.UNREACHABLE: RecipientState.BLOCKED,
}
SLICE: Final = 5000
"""People who are looked up in one statement."""


def _presences(db: Session, people: Iterable[int]) -> dict[int, Presence]:
    every = list(people)
    found: dict[int, Presence] = {}
    for at in range(0, len(every), SLICE):
        found |= roster.presences(db, every[at : at + SLICE])
    return found


def _addressed(cohort_id: int, writer: int) -> list[ColumnElement[bool]]:
    """The members of a cohort now to whom somebody may write."""
    return [
        col(Membership.cohort_id) == cohort_id,
        col(Membership.ended_at).is_(None),
        col(Membership.id).in_(things("address_bulletin", writer)),
    ]


def _members(
    db: Session, cohort_id: int, wanted: Audience, writer: int, now: datetime
) -> tuple[list[_Place], int]:
    """The members whom the draft is for, in the order of the roster; and how many learners
    there are of whom that is not known yet."""
    conditions = _addressed(cohort_id, writer)
    if wanted.unit is not None:
        parents = dict(db.exec(select(Unit.id, Unit.parent_id)).all())
        units = below(parents, wanted.unit)
        here = col(Membership.unit_id).in_(units) | col(Membership.team_id).in_(units)
        conditions.append(here)
    if wanted.subject:
        conditions.append(col(Membership.subject) == wanted.subject)
    if wanted.grade:
        conditions.append(col(Membership.grade) == wanted.grade)
    left = 0
    if wanted.owes is not None:
        cohort = cast(Cohort, db.get(Cohort, cohort_id))
        short, left = in_short(db, cohort, beijing_day(now), None, conditions)
        owing = [one.member_id for one in short if wanted.owes in one.owing]
        conditions.append(col(Membership.id).in_(owing))
    learners = col(Membership.role).in_(LEARNERS)
    if wanted.owes is not None or wanted.grade:
        conditions.append(learners)
    found: list[_Place] = []
    if Role.GUARDIAN in wanted.roles:
        found = _guardians_of(db, cohort_id, [*conditions, learners])
    named = [role for role in wanted.roles if role is not Role.GUARDIAN]
    others: Sequence[Role] = named if wanted.roles else TOLD
    if others:
        found += _rows(db, [*conditions, col(Membership.role).in_(others)])
    return sorted(found, key=lambda one: one.member_id), left


def _rows(db: Session, conditions: Sequence[ColumnElement[bool]]) -> list[_Place]:
    columns = (
        *(col(Membership.id), col(Membership.person_id), col(Membership.role)),
        *(col(Membership.grade), col(Person.birth_date)),
    )
    rows = (
        sa.select(*columns)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(*conditions)
        .order_by(col(Membership.id))
    )
    return [_Place(*cast(Any, row)) for row in db.connection().execute(rows)]


def _guardians_of(
    db: Session, cohort_id: int, conditions: Sequence[ColumnElement[bool]]
) -> list[_Place]:
    """The guardians who answer for these learners now, as members of the cohort."""
    children = sa.select(col(Membership.person_id)).where(*conditions)
    answering = sa.select(col(Guardianship.guardian_id)).where(
        col(Guardianship.child_id).in_(children),
        col(Guardianship.ended_at).is_(None),
        col(Guardianship.withdrawn_at).is_(None),
    )
    return _rows(
        db,
        [
            col(Membership.cohort_id) == cohort_id,
            col(Membership.role) == Role.GUARDIAN,
            col(Membership.ended_at).is_(None),
            col(Membership.person_id).in_(answering),
        ],
    )


def label(db: Session, row: Bulletin) -> Text:
    """Whom a bulletin is for, in words. Raises `Refused` if the pack cannot be read."""
    wanted = Audience.model_validate(row.audience)
    who: Text = t("bulletin.everybody")
    if wanted.roles:
        who = t("bulletin.these", who=[t(f"role.{role}") for role in wanted.roles])
    if wanted.grade:
        who = t("bulletin.who_of", who=who, what=t(f"programme.grade.{wanted.grade}"))
    if wanted.owes is not None:
        who = t("bulletin.who_owe", who=who, what=owed_label(wanted.owes))
    if wanted.subject:
        programme = load(roster.find_cohort(db, row.cohort_id).programme)
        who = t("bulletin.who_of", who=who, what=programme.subject_name(wanted.subject))
    if wanted.unit is not None:
        unit = db.get(Unit, wanted.unit)
        who = t("bulletin.who_of", who=who, what=unit.name if unit else "")
    return who


def owed_label(kind: RecordKind) -> Text:
    """What people are called who still owe something in this matter."""
    return t(f"bulletin.owes_{kind}")

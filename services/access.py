"""Decides whether a person may do an act to an object, from the database and never from a button.

The rules are the table in `services/rights.py`; this module turns its rows into SQL. `allow`
checks one object, `things` is a subquery for statements about many, and `holders` lists who may do
an act.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy import BindParameter, ColumnElement, Select, bindparam
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day
from programmes.model import Programme
from programmes.values import Outcome
from prompts import t
from services import consent, packs
from services.packs import asked_of, load
from services.rights import RIGHTS, ROLES, Must, Of, Relation, Right
from storage.statements import Prepared
from storage.tables import (
    Cohort,
    Evaluation,
    EvaluationState,
    Guardianship,
    HelpCall,
    HelpStep,
    HelpStepKind,
    Membership,
    Mentoring,
    Person,
    Record,
    RecordKind,
    Role,
    Unit,
    UnitKind,
)

REVIEWERS: Final = ROLES[Relation.CULTIVATES]
LEARNERS: Final = ROLES[Relation.ONESELF]


# ---------------------------------------------------------------- places


# Asked at nearly every message, so they are built once: building one costs more than running it.
_current = (col(Membership.person_id) == bindparam("person"), col(Membership.ended_at).is_(None))
_memberships = select(Membership).where(*_current).order_by(col(Membership.id))
_roles = Prepared(select(col(Membership.role)).where(*_current).distinct())


@dataclass(frozen=True, slots=True)
class LearnerPlace:
    """A person's place as a learner, with the data that every act needs next."""

    id: int
    person_id: int
    grade: str
    ended_at: datetime | None
    programme: str
    """The key of the programme that the cohort runs."""
    name: str
    birth_date: date | None


_learners = (
    sa.select(
        col(Membership.id),
        col(Membership.person_id),
        col(Membership.grade),
        col(Membership.ended_at),
        col(Cohort.programme),
        col(Person.name),
        col(Person.birth_date),
    )
    .join(Cohort, col(Cohort.id) == col(Membership.cohort_id))
    .join(Person, col(Person.id) == col(Membership.person_id))
)
_learner = Prepared(
    _learners.where(
        col(Membership.person_id) == bindparam("person"),
        col(Membership.ended_at).is_(None),
        col(Membership.role).in_(LEARNERS),
    )
    .order_by(col(Membership.id).desc())
    .limit(1)
)
_learner_at = Prepared(_learners.where(col(Membership.id) == bindparam("member")))
_learners_at = Prepared(
    _learners.where(col(Membership.id).in_(bindparam("members", expanding=True)))
)


def memberships(db: Session, person_id: int) -> list[Membership]:
    """A person's current memberships, in every cohort."""
    return list(db.exec(_memberships, params={"person": person_id}))


def roles(db: Session, person_id: int) -> set[Role]:
    """The roles of a person's current memberships."""
    return {role for (role,) in _roles.all(db, person=person_id)}


def place_as_learner(db: Session, person_id: int) -> LearnerPlace | None:
    """A person's place as a learner, if there is one; the latest if there are several."""
    found = _learner.first(db, person=person_id)
    return None if found is None else LearnerPlace(*found)


def learner(db: Session, person_id: int, act: str = "learn") -> LearnerPlace:
    """As `place_as_learner`. Raises `Refused` if there is none."""
    found = place_as_learner(db, person_id)
    if found is None:
        right = RIGHTS[act]
        raise Refused(t(right.refused), verb=act, object=right.object)
    return found


def own(db: Session, actor: Actor, act: str) -> LearnerPlace:
    """As `learner`, if the act's other conditions hold as well. Raises `Refused`."""
    me = learner(db, actor.person_id, act)
    _hold(db, actor, RIGHTS[act], me, me.id)
    return me


def learner_at(db: Session, member_id: int) -> LearnerPlace:
    """The learner with this membership id; the membership may have ended."""
    [found] = _learner_at.all(db, member=member_id)
    return LearnerPlace(*found)


# ---------------------------------------------------------------- one object


class Grant(NamedTuple):
    """A relation between a person and the object of an act that allows the act."""

    thing: Any
    """The object's key: a membership, a cohort, a child, or a programme."""
    relation: Relation
    place: int | None
    """The membership that gives the relation; `None` for a guardian."""
    person: int


def allow(
    db: Session,
    actor: Actor,
    act: str,
    thing: int | str | LearnerPlace | None,
    *,
    number: int | None = None,
    matter: RecordKind | None = None,
) -> Grant:
    """The relation by which the actor may do the act to this object. Raises `Refused`.

    `thing` is the object's key as `services.rights.Of` defines it, or `None` for an object that
    does not exist. `number` is the object's own id where it belongs to a learner or a programme.
    `matter` is the kind of record that is urged.
    """
    right = RIGHTS[act]
    number = thing if number is None and isinstance(thing, int) else number
    if isinstance(thing, LearnerPlace) and right.by == (Relation.ONESELF,):
        # Asked for every entry handed in, just after the learner was looked up.
        mine = thing.person_id == actor.person_id
        grant = Grant(thing.id, Relation.ONESELF, thing.id, actor.person_id) if mine else None
    else:
        place = thing.id if isinstance(thing, LearnerPlace) else thing
        grant = held(db, actor.person_id, act, place, matter)
    if grant is None:
        raise Refused(t(right.refused), verb=act, object=right.object, object_id=number)
    if right.must.keys() & CHECKED:
        learner = thing if isinstance(thing, LearnerPlace) else learner_at(db, grant.thing)
        _hold(db, actor, right, learner, number)
    return grant


def held(
    db: Session,
    person_id: int,
    act: str,
    thing: int | str | None,
    matter: RecordKind | None = None,
) -> Grant | None:
    """The first relation, in the table's order, that allows this person the act; `None` if none
    does."""
    if thing is None:
        return None
    order = RIGHTS[act].by
    found = [_grant(row) for row in _to_one(act).all(db, person=person_id, thing=thing)]
    found = [
        grant
        for grant in found
        if grant.relation is not Relation.NAMED or _is_named(db, grant, matter)
    ]
    return min(found, key=lambda grant: order.index(grant.relation), default=None)


def held_each(db: Session, person_id: int, act: str, members: Collection[int]) -> dict[int, Grant]:
    """As `held`, for many learners in one statement: those to whom the person may do it."""
    order = RIGHTS[act].by
    found: dict[int, Grant] = {}
    rows = _to_some(act).among(db, "things", list(members), person=person_id)
    for grant in map(_grant, rows):
        before = found.get(grant.thing)
        if grant.relation is Relation.NAMED:  # it depends on a matter, which is not asked here
            continue
        if before is None or order.index(grant.relation) < order.index(before.relation):
            found[grant.thing] = grant
    return found


def held_in_matters(
    db: Session,
    person_id: int,
    act: str,
    members: Collection[int],
    matters: Collection[RecordKind],
) -> set[tuple[int, RecordKind]]:
    """As `held`, for many learners and matters in one statement: each learner and matter in which
    the person may do it."""
    grants = map(_grant, _to_some(act).among(db, "things", list(members), person=person_id))
    return {
        (grant.thing, matter)
        for grant in grants
        for matter in matters
        if grant.relation is not Relation.NAMED or _is_named(db, grant, matter)
    }


def _is_named(db: Session, grant: Grant, matter: RecordKind | None) -> bool:
    """Whether the programme names this mentor's (or team member's) role as the one that urges."""
    learner, place = learner_at(db, grant.thing), db.get(Membership, grant.place)
    asked = matter and asked_of(load(learner.programme), learner.grade, matter)
    return bool(place and asked and asked.urged_by == place.role.value)


def may_keep(db: Session, learner: LearnerPlace, today: date) -> bool:
    """Whether this learner's records may be kept now: consent is given, or is not needed.

    Where the programme's pack is missing or faulty, consent is needed unless the age is known.
    """
    programme = packs.found(learner.programme)
    if not consent.needed(learner.birth_date, learner.grade, programme, today):
        return True
    return consent.given(db, learner.person_id)


def awaiting_consent(db: Session, members: Collection[int], today: date) -> set[int]:
    """Those of these memberships for whose learner `may_keep` says no. However many they
    are, it asks two statements."""
    learners = [LearnerPlace(*row) for row in _learners_at.among(db, "members", [*members])]
    asked = {
        learner.id: learner.person_id
        for learner in learners
        if consent.needed(learner.birth_date, learner.grade, packs.found(learner.programme), today)
    }
    if not asked:
        return set()
    children = sa.select(col(Membership.person_id)).where(col(Membership.id).in_(asked))
    given = consent.given_among(db, children)
    return {member for member, person in asked.items() if person not in given}


def _consented(db: Session, learner: LearnerPlace, today: date) -> bool:
    """As `may_keep`. Raises `Refused` if only the pack could say, and the pack cannot be read."""
    if learner.birth_date is None:
        load(learner.programme)
    return may_keep(db, learner, today)


def _hold(
    db: Session, actor: Actor, right: Right, learner: LearnerPlace, number: int | None
) -> None:
    """Check the right's other conditions. Raises `Refused` if one does not hold."""
    for must, words in right.must.items():
        if (check := CHECKED.get(must)) and not check(db, learner, actor):
            raise Refused(t(words), verb=right.act, object=right.object, object_id=number)


CHECKED: Final[dict[Must, Callable[[Session, LearnerPlace, Actor], bool]]] = {
    Must.PRESENT: lambda _db, learner, _actor: learner.ended_at is None,
    Must.CONSENT: lambda db, learner, actor: _consented(db, learner, beijing_day(actor.now)),
}
"""Conditions that `allow` checks after it has found a relation, each with a refusal of its own."""


# ---------------------------------------------------------------- many objects


WHOEVER: Final = bindparam("person", type_=sa.Integer())
"""The person in a statement that is prepared once, and is told who it is each time it is run."""


@lru_cache(maxsize=4096)  # one turn asks several times, and building it costs more than running
def things(act: str, person: int | BindParameter[int]) -> Select[Any]:
    """A subquery of all objects to which a person, or `WHOEVER`, may do an act:
    `col(…).in_(things(…))`.

    It yields memberships, cohorts, children or programmes, as the right's `of` says.
    """
    one = sa.literal(person) if isinstance(person, int) else person
    found = _grants(RIGHTS[act], person=one).subquery()
    return sa.select(found.c.thing)


def any_of(db: Session, actor: Actor, act: str) -> None:
    """Check that the actor may do an act to at least one object. Raises `Refused`."""
    if not _of_person(act).first(db, person=actor.person_id):
        raise Refused(t(RIGHTS[act].refused), verb=act, object=RIGHTS[act].object)


def programmes_for(db: Session, person_id: int, act: str) -> tuple[str, ...]:
    """The keys of the programmes to which a person may do an act, the latest membership first."""
    found = [_grant(row) for row in _of_person(act).all(db, person=person_id)]
    found.sort(key=lambda grant: grant.place or 0, reverse=True)
    return tuple(dict.fromkeys(str(grant.thing) for grant in found))


def grants_of(db: Session, person_id: int, act: str) -> list[Grant]:
    """Every grant that allows a person an act, to whatever object."""
    return [_grant(row) for row in _of_person(act).all(db, person=person_id)]


def programmes_allowed(db: Session, actor: Actor, act: str) -> tuple[str, ...]:
    """As `programmes_for`, for the actor. Raises `Refused` if there is none."""
    any_of(db, actor, act)
    return programmes_for(db, actor.person_id, act)


def cohorts_for(db: Session, actor: Actor, act: str, number: int | None) -> list[Cohort]:
    """The cohorts to which the actor may do an act: first the one with this number, else the
    latest.

    Raises `Refused` if there is none, or if the one with this number is not among them.
    """
    found = [_grant(row) for row in _of_person(act).all(db, person=actor.person_id)]
    found.sort(key=lambda grant: (grant.thing != number, -(grant.place or 0)))
    keys = dict.fromkeys(grant.thing for grant in found)
    if not keys or (number is not None and number not in keys):
        right = RIGHTS[act]
        raise Refused(t(right.refused), verb=act, object=right.object, object_id=number)
    return [cast(Cohort, db.get(Cohort, key)) for key in keys]


def holders(db: Session, act: str, thing: int | str) -> list[Grant]:
    """Everyone who may do an act to an object now, in the table's order of relations."""
    order = RIGHTS[act].by
    found = [_grant(row) for row in _to_object(act).all(db, thing=thing)]
    return sorted(found, key=lambda g: (order.index(g.relation), g.place or 0, g.person))


def holders_each(db: Session, act: str, members: Collection[int]) -> dict[int, list[Grant]]:
    """As `holders`, for many objects in one statement. An object that has no holder is no key of
    the result."""
    order = RIGHTS[act].by
    found: dict[int, list[Grant]] = {}
    for grant in map(_grant, _to_objects(act).among(db, "things", [*members])):
        found.setdefault(grant.thing, []).append(grant)
    for grants in found.values():
        grants.sort(key=lambda g: (order.index(g.relation), g.place or 0, g.person))
    return found


# ---------------------------------------------------------------- the table as SQL


def _grant(row: Any) -> Grant:
    return Grant(row[0], Relation(row[1]), row[2], row[3])


# Built once: building one costs more than running it.
@cache
def _to_one(act: str) -> Prepared:
    return Prepared(_grants(RIGHTS[act], bindparam("person"), bindparam("thing")))


@cache
def _to_some(act: str) -> Prepared:
    found = _grants(RIGHTS[act], bindparam("person")).subquery()
    some = found.c.thing.in_(bindparam("things", expanding=True))
    return Prepared(sa.select(found).where(some))


@cache
def _to_objects(act: str) -> Prepared:
    found = _grants(RIGHTS[act]).subquery()
    some = found.c.thing.in_(bindparam("things", expanding=True))
    return Prepared(sa.select(found).where(some))


@cache
def _of_person(act: str) -> Prepared:
    return Prepared(_grants(RIGHTS[act], person=bindparam("person")))


@cache
def _to_object(act: str) -> Prepared:
    return Prepared(_grants(RIGHTS[act], thing=bindparam("thing")))


_mine = aliased(Membership, name="mine")
_theirs = aliased(Membership, name="theirs")


def _grants(
    right: Right, person: Any = None, thing: Any = None
) -> sa.CompoundSelect[Any] | Select[Any]:
    """All grants of a right, limited to one person, to one object, or to both."""
    scope = _scope(person)
    parts = []
    for relation in right.by:
        part = _PARTS[right.of](relation, scope)
        if person is not None:
            part = part.where(part.selected_columns[3] == person)
        if thing is not None:
            part = part.where(part.selected_columns[0] == thing)
        for must in right.binding(relation):
            if must in IN_SQL:
                part = part.where(IN_SQL[must](person, scope))
        parts.append(part)
    return parts[0] if len(parts) == 1 else sa.union_all(*parts)


def _columns(thing: Any, relation: Relation, place: Any, person: Any) -> Select[Any]:
    what = sa.literal(relation.value, sa.String).label("relation")
    return sa.select(thing.label("thing"), what, place.label("place"), person.label("person"))


def _scope(person: Any, *, once: bool = False) -> sa.CTE:
    """Select, for each membership of a teacher, coordinator or auditor, its unit and all units
    below. `once` also takes memberships that have ended."""
    roles = [r for relation in _SCOPED for r in ROLES[relation]]
    asked = [col(_mine.role).in_(roles), col(_mine.unit_id).is_not(None)]
    if not once:
        asked.append(col(_mine.ended_at).is_(None))
    if person is not None:
        asked.append(col(_mine.person_id) == person)
    places: Any = (col(_mine.id).label("place"), col(_mine.unit_id).label("unit"))
    begin = sa.select(*places).where(*asked)
    # Without a name of its own: one statement may ask for several rights.
    scope = begin.cte(recursive=True)
    below = sa.select(scope.c.place, col(Unit.id)).where(col(Unit.parent_id) == scope.c.unit)
    # `UNION` drops repeated rows, so that even a cycle of units would end the recursion.
    return scope.union(below)


_SCOPED: Final = (Relation.SCHOOL, Relation.OFFICE, Relation.AUDITOR, Relation.CONTACT)


def _reaches(scope: sa.CTE, unit: Any) -> ColumnElement[bool]:
    """The unit is the membership's unit, or below it."""
    return sa.exists().where(scope.c.place == col(_mine.id), scope.c.unit == unit)


def _whole(scope: sa.CTE) -> ColumnElement[bool]:
    """The membership is at or above the cohort's office. It always is without a unit, or at an
    office that has no parent."""
    top = sa.exists().where(
        col(Unit.id) == col(_mine.unit_id),
        col(Unit.kind) == UnitKind.OFFICE,
        col(Unit.parent_id).is_(None),
    )
    return col(_mine.unit_id).is_(None) | _reaches(scope, col(Cohort.office_id)) | top


def _related(scope: sa.CTE) -> ColumnElement[bool]:
    """The person teaches the learner or answers for them, or once did, in whatever cohort. `scope`
    also holds the units of memberships that have ended."""
    tutor, pupil, teacher, at = (aliased(Membership) for _ in range(4))
    taught = (
        sa.exists()
        .where(
            col(Mentoring.mentor_id) == col(tutor.id),
            col(Mentoring.student_id) == col(pupil.id),
            col(tutor.person_id) == col(_mine.person_id),
            col(pupil.person_id) == col(_theirs.person_id),
        )
        .correlate(_mine, _theirs)
    )
    at_school = (
        sa.exists()
        .where(
            col(teacher.person_id) == col(_mine.person_id),
            col(teacher.role).in_(ROLES[Relation.SCHOOL]),
            col(at.person_id) == col(_theirs.person_id),
            scope.c.place == col(teacher.id),
            scope.c.unit == col(at.unit_id),
        )
        .correlate(_mine, _theirs)
    )
    answered_for = (
        sa.exists()
        .where(
            col(Guardianship.guardian_id) == col(_mine.person_id),
            col(Guardianship.child_id) == col(_theirs.person_id),
        )
        .correlate(_mine, _theirs)
    )
    return taught | at_school | answered_for


def _marks_too() -> ColumnElement[bool]:
    """The person is an expert of the same cohort."""
    place = aliased(Membership)
    return (
        sa.exists()
        .where(
            col(place.person_id) == col(_mine.person_id),
            col(place.cohort_id) == col(_mine.cohort_id),
            col(place.role).in_(ROLES[Relation.EXPERT]),
            col(place.ended_at).is_(None),
        )
        .correlate(_mine)
    )


def _outside() -> ColumnElement[bool]:
    """The person is not the learner, and was never linked with them, in any of their places."""
    theirs, place = aliased(Membership), aliased(Membership)
    linked = (
        sa.exists()
        .select_from(Mentoring)
        .where(
            col(Mentoring.student_id) == col(theirs.id),
            col(theirs.person_id) == col(_theirs.person_id),
            col(Mentoring.mentor_id) == col(place.id),
            col(place.person_id) == col(_mine.person_id),
        )
    )
    guards = sa.exists().where(
        col(Guardianship.child_id) == col(_theirs.person_id),
        col(Guardianship.guardian_id) == col(_mine.person_id),
    )
    return sa.and_(col(_theirs.person_id) != col(_mine.person_id), ~linked, ~guards)


def _still_asked(person: Any) -> ColumnElement[bool]:
    """The learner of the call could ask the person now."""
    could = _grants(RIGHTS["be_asked_for_help"], person).subquery()
    return sa.exists().where(
        could.c.thing == col(HelpCall.learner_id), could.c.person == col(HelpStep.person_id)
    )


IN_SQL: Final[dict[Must, Callable[[Any, sa.CTE], ColumnElement[bool]]]] = {
    Must.WHOLE: lambda _person, scope: _whole(scope),
    Must.NOT_OWN: lambda _person, _scope: col(_theirs.person_id) != col(_mine.person_id),
    Must.UNRELATED: lambda person, _now: ~_related(_scope(person, once=True)),
    Must.NOT_EXPERT: lambda _person, _scope: ~_marks_too(),
    Must.OUTSIDE: lambda _person, _scope: _outside(),
    Must.STILL_ASKED: lambda person, _scope: _still_asked(person),
}
"""Conditions that are part of the statement that looks for grants. Each takes the person who is
asked about, and that person's scope."""


def _now(relation: Relation) -> ColumnElement[bool]:
    """The membership has the relation's role and has not ended."""
    return col(_mine.role).in_(ROLES[relation]) & col(_mine.ended_at).is_(None)


def _member(relation: Relation, scope: sa.CTE) -> Select[Any]:
    """Members in any role: oneself, or those at or below the unit of an office."""
    if relation is Relation.ONESELF:
        return _columns(col(_theirs.id), relation, col(_theirs.id), col(_theirs.person_id))
    here = _columns(col(_theirs.id), relation, col(_mine.id), col(_mine.person_id))
    return (
        here.join_from(_theirs, _mine, col(_mine.cohort_id) == col(_theirs.cohort_id))
        .join(Cohort, col(Cohort.id) == col(_mine.cohort_id))
        .where(_now(relation), _whole(scope) | _reaches(scope, col(_theirs.unit_id)))
    )


def _learner_of(relation: Relation, scope: sa.CTE) -> Select[Any]:
    here = _columns(col(_theirs.id), relation, col(_mine.id), col(_mine.person_id))
    match relation:
        case Relation.ONESELF:
            found = _columns(col(_theirs.id), relation, col(_theirs.id), col(_theirs.person_id))
        case Relation.GUARDIAN:
            guardian, child = col(Guardianship.guardian_id), col(Guardianship.child_id)
            found = (
                _columns(col(_theirs.id), relation, NO_PLACE, guardian)
                .join_from(_theirs, Guardianship, child == col(_theirs.person_id))
                .where(col(Guardianship.withdrawn_at).is_(None), _answers(guardian))
                .where(col(Guardianship.ended_at).is_(None))
            )
        case Relation.CULTIVATES | Relation.NAMED:
            found = (
                here.join_from(_theirs, Mentoring, col(Mentoring.student_id) == col(_theirs.id))
                .join(_mine, col(_mine.id) == col(Mentoring.mentor_id))
                .where(_now(relation), col(Mentoring.ended_at).is_(None))
            )
        case Relation.SCHOOL:
            found = here.join_from(
                _theirs, _mine, col(_mine.cohort_id) == col(_theirs.cohort_id)
            ).where(_now(relation), _reaches(scope, col(_theirs.unit_id)))
        case Relation.CONTACT:
            all_schools = col(_mine.unit_id).is_(None)
            found = here.join_from(
                _theirs, _mine, col(_mine.cohort_id) == col(_theirs.cohort_id)
            ).where(_now(relation), all_schools | _reaches(scope, col(_theirs.unit_id)))
        case Relation.OFFICE | Relation.AUDITOR:
            found = _member(relation, scope)
        case Relation.EXPERT:
            recommended = sa.exists().where(
                col(Evaluation.student_id) == col(_theirs.id),
                col(Evaluation.outcome) == Outcome.RECOMMENDED.value,
                col(Evaluation.state) == EvaluationState.SIGNED,
            )
            found = here.join_from(
                _theirs, _mine, col(_mine.cohort_id) == col(_theirs.cohort_id)
            ).where(_now(relation), recommended)
        case Relation.TOLD:
            raise ValueError(relation)  # of a call for help, not of a learner
    return found.where(col(_theirs.role).in_(LEARNERS))


def _cohort(relation: Relation, _scope: sa.CTE) -> Select[Any]:
    here = _columns(col(_mine.cohort_id), relation, col(_mine.id), col(_mine.person_id))
    return here.where(_now(relation))


def _whole_cohort(relation: Relation, scope: sa.CTE) -> Select[Any]:
    here = _cohort(relation, scope).join_from(_mine, Cohort, col(Cohort.id) == _mine.cohort_id)
    return here.where(_whole(scope))


def _programme(relation: Relation, scope: sa.CTE) -> Select[Any]:
    here = _columns(col(Cohort.programme), relation, col(_mine.id), col(_mine.person_id))
    cohorts = here.join_from(_mine, Cohort, col(Cohort.id) == col(_mine.cohort_id))
    return cohorts.where(_now(relation), _whole(scope))


def _child(relation: Relation, _scope: sa.CTE) -> Select[Any]:
    guardian = col(Guardianship.guardian_id)
    child = col(Guardianship.child_id)
    now = col(Guardianship.ended_at).is_(None)
    return _columns(child, relation, NO_PLACE, guardian).where(now, _answers(guardian))


def _person(relation: Relation, scope: sa.CTE) -> Select[Any]:
    if relation is Relation.GUARDIAN:
        return _child(relation, scope)
    return _columns(col(Person.id), relation, NO_PLACE, col(Person.id))


def _answers(guardian: Any) -> ColumnElement[bool]:
    """The guardian has a membership that has not ended."""
    place = aliased(Membership)
    return sa.exists().where(
        col(place.person_id) == guardian,
        col(place.role).in_(ROLES[Relation.GUARDIAN]),
        col(place.ended_at).is_(None),
    )


def _own(relation: Relation, scope: sa.CTE) -> Select[Any]:
    if relation is Relation.GUARDIAN:
        return _child(relation, scope)
    here = _columns(col(_mine.id), relation, col(_mine.id), col(_mine.person_id))
    return here.where(_now(relation))


def _help_call(relation: Relation, _scope: sa.CTE) -> Select[Any]:
    here = _columns(col(HelpCall.id), relation, NO_PLACE, col(HelpStep.person_id))
    told = here.join_from(HelpCall, HelpStep, col(HelpStep.call_id) == col(HelpCall.id))
    return told.where(col(HelpStep.kind) == HelpStepKind.TOLD)


NO_PLACE: Final = sa.cast(sa.null(), sa.Integer)

_PARTS: Final[dict[Of, Callable[[Relation, sa.CTE], Select[Any]]]] = {
    Of.LEARNER: _learner_of,
    Of.MEMBER: _member,
    Of.COHORT: _cohort,
    Of.WHOLE_COHORT: _whole_cohort,
    Of.PROGRAMME: _programme,
    Of.CHILD: _child,
    Of.PERSON: _person,
    Of.OWN: _own,
    Of.HELP_CALL: _help_call,
}


# ---------------------------------------------------------------- look-ups


def student_of(db: Session, record: Record) -> Membership:
    """The membership of the learner whose record it is."""
    return cast(Membership, db.get(Membership, record.student_id))


def own_programmes(db: Session, person_id: int) -> tuple[Programme, ...]:
    """The programmes in which a person has a membership, as far as their packs are installed.

    Raises `Refused` if none of them is installed: nobody is answered from another programme.
    """
    places = memberships(db, person_id)
    keys = dict.fromkeys(cohort_of(db, place).programme for place in places)
    own = tuple(programme for key in keys if (programme := packs.found(key)) is not None)
    if keys and not own:
        raise Refused(t("roster.no_such_programme", programme=t("field.list", items=list(keys))))
    return own


def name_at(db: Session, member_id: int) -> str:
    """The name of a membership's person."""
    member = cast(Membership, db.get(Membership, member_id))
    return cast(Person, db.get(Person, member.person_id)).name


def cohort_of(db: Session, member: Membership) -> Cohort:
    return cast(Cohort, db.get(Cohort, member.cohort_id))

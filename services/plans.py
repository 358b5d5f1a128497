"""Training plans: whose there is, and how one is written.

A plan is an entry of the student's that those who cultivate the student write
(`services/records.py` stores it). Each student has one; each time it is written anew it gets
another version.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day
from programmes import planning
from programmes.model import Programme
from prompts import t
from services import records, roster
from services.access import (
    LEARNERS,
    LearnerPlace,
    allow,
    awaiting_consent,
    cohort_of,
    learner_at,
    memberships,
    things,
)
from services.packs import found, load
from services.records import HandedIn, PlanBody
from storage.tables import Cohort, Membership, Person, Record, RecordKind, RecordState, Review

_IS_PLAN: Final = (col(Record.kind) == RecordKind.PLAN) & (
    col(Record.state) != RecordState.WITHDRAWN
)


def latest(db: Session, student_ids: Collection[int]) -> dict[int, Record]:
    """The plans of these students, as far as there are any."""
    rows = db.exec(
        select(Record)
        .where(col(Record.student_id).in_(student_ids), _IS_PLAN)
        .order_by(col(Record.id))
    )
    return {row.student_id: row for row in rows}


def of_learner(db: Session, student_id: int) -> Record | None:
    """A student's plan, if there is one."""
    return latest(db, [student_id]).get(student_id)


def in_force(db: Session, plans: Collection[Record]) -> dict[int, int]:
    """The version of each plan that is carried out: the one that was approved last or,
    where nobody approves plans, the latest."""
    ids = [cast(int, plan.id) for plan in plans]
    approved = select(Review.record_id, Review.version).where(
        col(Review.record_id).in_(ids), col(Review.approved)
    )
    found = dict(db.exec(approved.order_by(col(Review.version))).all())
    filed = {cast(int, p.id): p.version for p in plans if p.state is RecordState.FILED}
    return found | filed


class PlanTally(NamedTuple):
    """How many students of a cohort have a plan that is carried out, and how many plans wait for
    the office's word; of how many students."""

    done: int
    waiting: int
    of: int


def counted(db: Session, actor: Actor, cohort: Cohort) -> PlanTally:
    """How far the plans of a cohort are, among the students whose evaluations the actor may see.
    However many they are, two statements are asked."""
    seen = (
        col(Membership.cohort_id) == cohort.id,
        col(Membership.role).in_(LEARNERS),
        col(Membership.ended_at).is_(None),
        col(Membership.id).in_(things("read_evaluation", actor.person_id)),
    )
    latest = (
        sa.select(sa.func.max(col(Record.id)))
        .join(Membership, col(Membership.id) == col(Record.student_id))
        .where(_IS_PLAN, *seen)
        .group_by(col(Record.student_id))
    )
    approved = sa.exists().where(col(Review.record_id) == col(Record.id), col(Review.approved))
    in_force = (col(Record.state) == RecordState.FILED) | approved
    submitted = col(Record.state) == RecordState.SUBMITTED
    plans = sa.select(
        sa.func.coalesce(sa.func.sum(sa.case((in_force, 1), else_=0)), 0),
        sa.func.coalesce(sa.func.sum(sa.case((submitted, 1), else_=0)), 0),
    ).where(col(Record.id).in_(latest))
    done, waiting = db.connection().execute(plans).one()
    of = sa.select(sa.func.count()).select_from(Membership).where(*seen)
    return PlanTally(done, waiting, db.connection().execute(of).scalar_one())


def asked_of(db: Session, actor: Actor) -> bool:
    """Whether any programme of the actor asks for plans."""
    programmes = (found(cohort_of(db, one).programme) for one in memberships(db, actor.person_id))
    return any(one is not None and planning.is_asked(one) for one in programmes)


class PlanLine(NamedTuple):
    """A student, and the plan that there is."""

    student: int
    state: RecordState | None
    """The plan's; `None` if there is none."""


def planned(db: Session, actor: Actor) -> list[PlanLine]:
    """The students for whom the actor is responsible, where their programme asks for a plan: the
    latest cohort first."""
    mine = roster.answered_for(actor.person_id)
    there = (col(Record.student_id) == col(Membership.id)) & _IS_PLAN
    rows = db.connection().execute(
        sa.select(col(Membership.id), col(Record.state), col(Cohort.programme))
        .join(Cohort, col(Cohort.id) == col(Membership.cohort_id))
        .outerjoin(Record, there)
        .where(*mine)
        .order_by(*roster.LATEST_COHORT, col(Record.id))
    )
    every: Iterable[Any] = rows.all()
    asked = {
        key: (programme := found(key)) is not None and planning.is_asked(programme)
        for key in {key for *_, key in every}
    }
    # Of several, the latest.
    return [
        *{number: PlanLine(number, state) for number, state, key in every if asked[key]}.values()
    ]


def writes(db: Session, actor: Actor) -> set[int]:
    """The students whose plan the actor writes, and of whom it may be kept now."""
    mine = set(db.execute(things("write_plan", actor.person_id)).scalars())
    return mine - awaiting_consent(db, mine, beijing_day(actor.now))


def decides(db: Session, actor: Actor) -> set[int]:
    """The students whose plans the actor approves or sends back for the office."""
    return set(db.execute(things("decide_plan", actor.person_id)).scalars())


def to_write(
    db: Session, actor: Actor, student_id: int
) -> tuple[LearnerPlace, Programme, Record | None]:
    """A student whose plan the actor writes, with the plan as it stands. Raises `Refused`."""
    known = db.get(Membership, student_id, with_for_update=True)
    allow(db, actor, "write_plan", known.id if known else None, number=student_id)
    student = learner_at(db, student_id)
    programme = load(student.programme)
    if not planning.is_asked(programme):
        raise Refused(
            t("plan.not_asked", programme=programme.name),
            verb="write_plan",
            object="membership",
            object_id=student_id,
        )
    return student, programme, of_learner(db, student_id)


def write(db: Session, actor: Actor, student_id: int, seen: int, body: PlanBody) -> HandedIn:
    """Write a student's plan, or write it anew.

    `seen` is the version that stood when it was begun, 0 for none. Raises `Refused` for anyone who
    does not write it, and if somebody else has written it meanwhile.
    """
    student, _, plan = to_write(db, actor, student_id)
    today = beijing_day(actor.now)
    if plan is None:
        return records.hand_in(db, actor, student, RecordKind.PLAN, body, day=today)
    if plan.version != seen:
        author = records.written_by(db, plan, plan.version)
        name = cast(Person, db.get(Person, author)).name
        raise Refused(
            t("plan.changed_meanwhile", name=name, at=plan.submitted_at),
            verb="write_plan",
            object="record",
            object_id=plan.id,
        )
    return records.amend(db, actor, plan.id or 0, seen, body, day=today)

"""Who may do what: asked of the database at every act, never of a button."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from programmes.catalogue import NoPack, load
from programmes.model import Programme
from prompts import t
from storage.statements import Prepared
from storage.tables import (
    Cohort,
    Guardianship,
    Membership,
    Mentoring,
    Person,
    Record,
    Role,
)

REVIEWERS = (Role.MENTOR, Role.TEAM_MEMBER)
LEARNERS = (Role.STUDENT, Role.TRAINEE_TEACHER)


# Asked at nearly every message, so they are built once: building one costs more than running it.
_memberships = (
    select(Membership)
    .where(col(Membership.person_id) == bindparam("person"), col(Membership.ended_at).is_(None))
    .order_by(col(Membership.id))
)


@dataclass(frozen=True, slots=True)
class LearnerPlace:
    """Somebody's place as a learner, with what every act asks for next."""

    id: int
    person_id: int
    grade: str
    ended_at: datetime | None
    programme: str
    """The key of the programme that their cohort runs."""
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


def memberships(db: Session, person_id: int) -> list[Membership]:
    """What somebody is, in every cohort, now."""
    return list(db.exec(_memberships, params={"person": person_id}))


def learner(db: Session, person_id: int) -> LearnerPlace:
    """Somebody's place as a learner, the latest where there are several. Raises `Refused`."""
    found = _learner.first(db, person=person_id)
    if found is None:
        raise Refused(t("access.not_a_student"), verb="learn")
    return LearnerPlace(*found)


def learner_at(db: Session, member_id: int) -> LearnerPlace:
    """The learner of that place, which may have ended."""
    [found] = _learner_at.all(db, member=member_id)
    return LearnerPlace(*found)


def reviewer_of(db: Session, actor: Actor, record: Record, verb: str) -> Membership:
    """The membership by which the actor may review this record. Raises `Refused`."""
    mine = db.exec(
        select(Membership)
        .join(Mentoring, col(Mentoring.mentor_id) == col(Membership.id))
        .where(
            Mentoring.student_id == record.student_id,
            col(Mentoring.ended_at).is_(None),
            Membership.person_id == actor.person_id,
            col(Membership.ended_at).is_(None),
            col(Membership.role).in_(REVIEWERS),
        )
    ).first()
    if mine is None:
        raise Refused(
            t("access.not_your_student"), verb=verb, object="record", object_id=record.id
        )
    return mine


def may_read(db: Session, person_id: int, student: Membership) -> bool:
    """Whether somebody may read a student's records.

    The student, those who cultivate them, their own school's teachers, the cohort's coordinators,
    and their guardians. Nobody else.
    """
    if student.person_id == person_id:
        return True
    for mine in memberships(db, person_id):
        if mine.cohort_id != student.cohort_id:
            continue
        match mine.role:
            case Role.COORDINATOR:
                return True
            case Role.SCHOOL_TEACHER:
                if mine.unit_id is not None and mine.unit_id == student.unit_id:
                    return True
            case Role.MENTOR | Role.TEAM_MEMBER:
                if _cultivates(db, mine, student):
                    return True
            case _:
                pass
    return (
        db.exec(
            select(Guardianship).where(
                Guardianship.child_id == student.person_id,
                Guardianship.guardian_id == person_id,
                col(Guardianship.withdrawn_at).is_(None),
            )
        ).first()
        is not None
    )


def _cultivates(db: Session, mentor: Membership, student: Membership) -> bool:
    found = db.exec(
        select(Mentoring).where(
            Mentoring.student_id == student.id,
            Mentoring.mentor_id == mentor.id,
            col(Mentoring.ended_at).is_(None),
        )
    ).first()
    return found is not None


def student_of(db: Session, record: Record) -> Membership:
    """Whose record it is."""
    return cast(Membership, db.get(Membership, record.student_id))


def own_programmes(db: Session, person_id: int) -> tuple[Programme, ...]:
    """The programmes in which somebody has a place, as far as their packs are here.

    Raises `Refused` where none of several is: nobody is answered from other programmes instead.
    """
    places = memberships(db, person_id)
    keys = dict.fromkeys(cohort_of(db, place).programme for place in places)
    found: list[Programme] = []
    for key in keys:
        with suppress(NoPack):
            found.append(load(key))
    if keys and not found:
        raise Refused(t("roster.no_such_programme", programme="、".join(keys)))
    return tuple(found)


def cohort_of(db: Session, member: Membership) -> Cohort:
    return cast(Cohort, db.get(Cohort, member.cohort_id))

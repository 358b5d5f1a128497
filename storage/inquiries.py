"""Questions, those that wait for an office, and what offices have answered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from storage.tables import (
    Account,
    Cohort,
    Curated,
    CuratedState,
    Inquiry,
    InquiryState,
    Membership,
    Person,
    table,
)

_question = table(Inquiry)


# ---------------------------------------------------------------- what was asked


def keep_asked(db: Session, row: Inquiry) -> Inquiry:
    """Store a chat's newest question; the one before it is deleted."""
    if row.account_id is not None:
        forget_asked(db, row.account_id)
    db.add(row)
    db.flush()
    return row


def forget_asked(db: Session, account_id: int) -> None:
    """Delete a chat's questions, except those that wait for an answer."""
    db.connection().execute(
        delete(_question).where(
            _question.c.account_id == account_id, _question.c.state == InquiryState.ASKED
        )
    )


def forget_asked_before(db: Session, moment: datetime) -> None:
    """Delete questions of before this moment that nobody forwarded."""
    db.connection().execute(
        delete(_question).where(
            _question.c.state == InquiryState.ASKED, _question.c.asked_at < moment
        )
    )


def newest(db: Session, account_id: int) -> Inquiry | None:
    """A chat's last question."""
    asked = select_rows(Inquiry).where(Inquiry.account_id == account_id)
    return db.exec(asked.order_by(col(Inquiry.id).desc()).limit(1)).first()


def waiting_of(db: Session, account_id: int) -> list[Inquiry]:
    """A chat's questions that wait for an answer."""
    asked = select_rows(Inquiry).where(
        Inquiry.account_id == account_id, Inquiry.state == InquiryState.OPEN
    )
    return list(db.exec(asked.order_by(col(Inquiry.id))))


def waiting(db: Session, programmes: Collection[str]) -> list[Inquiry]:
    """The questions that wait for an office of these programmes, or of several; the oldest
    first."""
    asked = select_rows(Inquiry).where(
        Inquiry.state == InquiryState.OPEN, col(Inquiry.programme).in_({*programmes, ""})
    )
    return list(db.exec(asked.order_by(col(Inquiry.id))))


def answered_with(db: Session, row: Inquiry) -> list[Inquiry]:
    """The questions that were given one answer together, in one act."""
    asked = select_rows(Inquiry).where(
        Inquiry.state == row.state,
        Inquiry.programme == row.programme,
        Inquiry.answered_by == row.answered_by,
        Inquiry.answered_at == row.answered_at,
        Inquiry.answer == row.answer,
    )
    return list(db.exec(asked.order_by(col(Inquiry.id))))


def kept(
    db: Session, programmes: Collection[str], states: Collection[InquiryState]
) -> list[Inquiry]:
    """The questions of these programmes, and of several, in these states; the oldest first."""
    asked = select_rows(Inquiry).where(
        col(Inquiry.state).in_(states), col(Inquiry.programme).in_(programmes)
    )
    return list(db.exec(asked.order_by(col(Inquiry.id))))


# ---------------------------------------------------------------- who asks, and whom


def programmes_of_account(db: Session, account_id: int) -> set[str]:
    """The programmes in which the person behind this chat has, or had, a membership."""
    asked = (
        select(col(Cohort.programme))
        .join(Membership, col(Membership.cohort_id) == col(Cohort.id))
        .join(Account, col(Account.person_id) == col(Membership.person_id))
        .where(col(Account.id) == account_id)
        .distinct()
    )
    return set(db.execute(asked).scalars())


def names_around(db: Session, cohorts: Collection[int]) -> list[str]:
    """The names of everyone who has, or had, a membership in these cohorts."""
    asked = (
        select(col(Person.name))
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .where(col(Membership.cohort_id).in_(cohorts))
        .distinct()
    )
    return list(db.execute(asked).scalars())


def audience(db: Session, programme: str) -> list[tuple[int, int, str]]:
    """The chats of all current members of a programme: person, account and language."""
    here = (
        select(col(Membership.person_id))
        .join(Cohort, col(Cohort.id) == col(Membership.cohort_id))
        .where(col(Cohort.programme) == programme, col(Membership.ended_at).is_(None))
    )
    asked = (
        select(col(Person.id), col(Account.id), col(Person.language))
        .join(Account, col(Account.person_id) == col(Person.id))
        .where(col(Person.id).in_(here), col(Account.reachable))
        .order_by(col(Account.id))
    )
    return [(person, account, language) for person, account, language in db.execute(asked)]


# ---------------------------------------------------------------- what offices have answered


def published_ids(db: Session) -> list[tuple[int, datetime, str, int | None]]:
    """The answers in force, as (id, time of publication, programme, office)."""
    asked = select(
        col(Curated.id), col(Curated.published_at), col(Curated.programme), col(Curated.office_id)
    ).where(col(Curated.state) == CuratedState.PUBLISHED)
    rows = db.execute(asked.order_by(col(Curated.id)))
    return [(number, at, programme, office) for number, at, programme, office in rows]


def curated(db: Session, programmes: Collection[str], *states: CuratedState) -> list[Curated]:
    """What the offices of these programmes have written, in these states; the latest first."""
    asked = select_rows(Curated).where(
        col(Curated.programme).in_(programmes), col(Curated.state).in_(states)
    )
    return list(db.exec(asked.order_by(col(Curated.id).desc())))


def all_published(db: Session) -> list[Curated]:
    """All answers in force, of every office."""
    asked = select_rows(Curated).where(Curated.state == CuratedState.PUBLISHED)
    return list(db.exec(asked.order_by(col(Curated.id))))


def curated_from(db: Session, question_id: int) -> Curated | None:
    """The answer that was written from a question and is still in force."""
    asked = select_rows(Curated).where(
        Curated.question_id == question_id, Curated.state != CuratedState.WITHDRAWN
    )
    return db.exec(asked.order_by(col(Curated.id)).limit(1)).first()

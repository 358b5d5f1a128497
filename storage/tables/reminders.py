"""Reminders: what has been found due, what was told when, and when nobody is to be reminded."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.base import NEVER_AGAIN, word_type


class ReminderState(StrEnum):
    WAITING = "waiting"
    """Is told at `due_at`, if it is still owed then."""
    TOLD = "told"
    """Is in a bundle that was queued."""
    SETTLED = "settled"
    """Was done, or followed by another reminder, before it was told."""


class BundleState(StrEnum):
    QUEUED = "queued"
    """Its message may still be dropped by delivery, if something in it has been done meanwhile."""
    SENT = "sent"
    DROPPED = "dropped"
    """Its message was not sent; what is still owed of it is told anew."""


class Level(StrEnum):
    """How much somebody wants to be reminded."""

    LIGHTER = "lighter"
    USUAL = "usual"
    STRONGER = "stronger"


class DayKind(StrEnum):
    """What an office's calendar says of days."""

    HOLIDAY = "holiday"
    """Nobody is reminded."""
    EXAM = "exam"
    """Learners are not reminded."""
    WORKING = "working"
    """Everybody is, even if the law has it as a day off."""


class Reminder(SQLModel, table=True):
    """One thing that one person is to be told once: the row is its memory."""

    __table_args__ = (
        UniqueConstraint("person_id", "learner_id", "rule", "period"),
        Index(None, "state", "due_at"),
        Index(None, "person_id", "told_on"),
        NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    """Who is told."""
    learner_id: int = Field(foreign_key="membership.id", index=True)
    """The learner of whom it is."""
    rule: str = Field(max_length=60)
    """The path of the fact that asks for it, or the name of a rule of the assistant's own."""
    period: str = Field(max_length=80)
    """What it is for: a month, a session, a stage with its deadline."""
    about: str = Field(max_length=24)
    state: ReminderState = Field(sa_type=word_type(ReminderState))
    found_at: datetime
    due_at: datetime
    """The moment from which it may be told."""
    told_on: date | None = None
    """The day in Beijing on which it was told last."""
    bundle_id: int | None = Field(default=None, foreign_key="bundle.id", index=True)


class Bundle(SQLModel, table=True):
    """All that one person is told on one day, as one message."""

    __table_args__ = (
        UniqueConstraint("person_id", "day", "nth"),
        Index(None, "state"),
        NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    day: date
    nth: int
    """0 for the first of the day; a later one says what is left of one that was dropped."""
    state: BundleState = Field(sa_type=word_type(BundleState))
    made_at: datetime


class Agenda(SQLModel, table=True):
    """The next day on which a learner has to be looked at, if nothing is done before."""

    member_id: int = Field(foreign_key="membership.id", primary_key=True)
    look_on: date | None = Field(default=None, index=True)
    """Empty if nothing lies ahead."""
    looked_on: date


class Mark(SQLModel, table=True):
    """How far something has been read that is only ever added to."""

    name: str = Field(max_length=24, primary_key=True)
    number: int
    at: datetime


class ReminderSettings(SQLModel, table=True):
    """How somebody wants to be reminded; who has no row, as usual."""

    __tablename__ = "reminder_settings"

    person_id: int = Field(foreign_key="person.id", primary_key=True)
    minute: int
    """The time of day, in minutes after midnight in Beijing."""
    level: Level = Field(sa_type=word_type(Level))
    paused_until: date | None = None
    """The last day of a pause."""


class CalendarLink(SQLModel, table=True):
    """A secret address at which a calendar program reads somebody's deadlines. Only its hash is
    kept."""

    __tablename__ = "calendar_link"

    id: int | None = Field(default=None, primary_key=True)
    token_hash: bytes = Field(sa_column=Column(LargeBinary(32), unique=True, nullable=False))
    person_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime
    revoked_at: datetime | None = None


class Leave(SQLModel, table=True):
    """Days on which a member is away: they are not reminded, and the days are not counted. Why is
    not asked."""

    __table_args__ = (NEVER_AGAIN,)

    id: int | None = Field(default=None, primary_key=True)
    member_id: int = Field(foreign_key="membership.id", index=True)
    first_day: date
    last_day: date
    made_at: datetime
    ended_at: datetime | None = None
    """When it was taken back."""


class OfficeDays(SQLModel, table=True):
    """Days in the calendar of a cohort's office; it holds for all cohorts of that office."""

    __tablename__ = "office_days"
    __table_args__ = (NEVER_AGAIN,)

    id: int | None = Field(default=None, primary_key=True)
    cohort_id: int = Field(foreign_key="cohort.id", index=True)
    first_day: date
    last_day: date
    kind: DayKind = Field(sa_type=word_type(DayKind))
    name: str = Field(default="", max_length=40)
    made_by: int | None = Field(default=None, foreign_key="person.id")
    made_at: datetime
    ended_at: datetime | None = None

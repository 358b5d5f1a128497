"""People and places: who they are, what they are in which cohort, who answers for whom."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.base import NEVER_AGAIN, json_type, word_type


class Role(StrEnum):
    """A member's role in a cohort."""

    STUDENT = "student"
    MENTOR = "mentor"
    TEAM_MEMBER = "team_member"
    SCHOOL_TEACHER = "school_teacher"
    COORDINATOR = "coordinator"
    GUARDIAN = "guardian"
    TRAINEE_TEACHER = "trainee_teacher"
    AUDITOR = "auditor"
    """Reads everything below an office, and changes nothing."""
    EXPERT_COMMITTEE = "expert_committee"
    """Marks those who were recommended, alone and unseen by the other experts."""
    HELP_CONTACT = "help_contact"
    """An adult whom an office names for learners to turn to; reads nothing else."""


class UnitKind(StrEnum):
    SCHOOL = "school"
    HOST = "host"
    """A university or institute where mentors work."""
    OFFICE = "office"
    """One that runs cohorts."""
    PROVINCE = "province"
    CITY = "city"
    TEAM = "team"


class Unit(SQLModel, table=True):
    """A place in the tree of offices: province, city, university, school, team.

    Whoever oversees a unit oversees all that is below it: `services/access.py`.
    """

    __table_args__ = (NEVER_AGAIN,)

    id: int | None = Field(default=None, primary_key=True)
    kind: UnitKind = Field(sa_type=word_type(UnitKind))
    name: str = Field(max_length=120)
    parent_id: int | None = Field(default=None, foreign_key="unit.id", index=True)
    """The parent unit."""


class Person(SQLModel, table=True):
    """A person, in whatever roles, cohorts and messengers."""

    __table_args__ = (NEVER_AGAIN,)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=60)
    language: str = Field(default="zh", max_length=8)
    birth_date: date | None = None
    created_at: datetime


class Cohort(SQLModel, table=True):
    """One programme, run by one office, in one cycle."""

    id: int | None = Field(default=None, primary_key=True)
    programme: str = Field(max_length=60)
    """The pack's key, e.g. `shanxi-2026`."""
    name: str = Field(max_length=120)
    office_id: int | None = Field(default=None, foreign_key="unit.id")
    created_at: datetime


class Membership(SQLModel, table=True):
    """A person's place in a cohort. It is ended, never deleted, except by undoing the import that
    made it while nothing hangs on it."""

    __table_args__ = (UniqueConstraint("cohort_id", "person_id", "role"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    cohort_id: int = Field(foreign_key="cohort.id")
    person_id: int = Field(foreign_key="person.id", index=True)
    role: Role = Field(sa_type=word_type(Role))
    unit_id: int | None = Field(default=None, foreign_key="unit.id", index=True)
    team_id: int | None = Field(default=None, foreign_key="unit.id", index=True)
    """A learner's team, beside their school."""
    subject: str = Field(default="", max_length=40)
    grade: str = Field(default="", max_length=24)
    created_at: datetime
    joined_on: date | None = None
    """The day of a late joining, as the office says; empty for a member from the cycle's first
    day."""
    ended_at: datetime | None = None
    ended_reason: str = Field(default="", max_length=200)


class Mentoring(SQLModel, table=True):
    """Whose student somebody is: one row for the mentor, one for each team member."""

    __table_args__ = (UniqueConstraint("student_id", "mentor_id"),)

    id: int | None = Field(default=None, primary_key=True)
    student_id: int = Field(foreign_key="membership.id")
    mentor_id: int = Field(foreign_key="membership.id", index=True)
    created_at: datetime
    ended_at: datetime | None = None
    stands_in_for: int | None = Field(default=None, foreign_key="membership.id", index=True)
    """The mentor in whose place this team member is, for as long as a delegation holds."""


class Delegation(SQLModel, table=True):
    """A team member who stands in for a mentor between two days, both included."""

    __table_args__ = (NEVER_AGAIN,)

    id: int | None = Field(default=None, primary_key=True)
    mentor_id: int = Field(foreign_key="membership.id", index=True)
    delegate_id: int = Field(foreign_key="membership.id", index=True)
    first_day: date
    last_day: date = Field(index=True)
    made_at: datetime
    ended_at: datetime | None = None
    """When it was taken back, or declined."""


class Handover(SQLModel, table=True):
    """A place in a cohort that passes to another person on a day. Until that day its holder has
    it; the row keeps both."""

    __table_args__ = (NEVER_AGAIN,)

    id: int | None = Field(default=None, primary_key=True)
    place_id: int = Field(foreign_key="membership.id", index=True)
    """The place that ends."""
    successor_id: int = Field(foreign_key="person.id", index=True)
    first_day: date = Field(index=True)
    """The successor's first day."""
    made_at: datetime
    made_by: int | None = Field(default=None, foreign_key="person.id", index=True)
    """Empty for what was done at the server."""
    done_at: datetime | None = None
    to_id: int | None = Field(default=None, foreign_key="membership.id", index=True)
    """The successor's place, once it is theirs."""
    ended_at: datetime | None = None
    """When it was withdrawn, taken back, or could not be done."""
    moved: dict[str, Any] | None = Field(default=None, sa_type=json_type())
    """What it ended, began and passed on, by their numbers, so that it can be taken back."""


class Guardianship(SQLModel, table=True):
    """Who answers for a child, and whether they have consented to its records being kept.

    It is ended, never deleted.
    """

    __table_args__ = (UniqueConstraint("child_id", "guardian_id"),)

    id: int | None = Field(default=None, primary_key=True)
    child_id: int = Field(foreign_key="person.id")
    guardian_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime
    consented_at: datetime | None = None
    consent_version: str = Field(default="", max_length=16)
    """Which words they consented to; empty where that is not known."""
    consent_way: str = Field(default="", max_length=24)
    """The messenger in which they did, or on paper."""
    withdrawn_at: datetime | None = None
    ended_at: datetime | None = None
    """Since when they answer for the child no more; a consent that they gave ended with it."""


class ConsentText(SQLModel, table=True):
    """Words that a guardian has consented to: they can be read again when they have changed."""

    __tablename__ = "consent_text"

    version: str = Field(primary_key=True, max_length=16)
    """The beginning of their hash."""
    language: str = Field(max_length=8)
    words: str
    since: datetime

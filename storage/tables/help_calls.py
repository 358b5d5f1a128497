"""A learner's calls for help to one named adult, and what became of each. Never changed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from storage.tables.base import NEVER_AGAIN, word_type


class HelpStepKind(StrEnum):
    TOLD = "told"
    """`person_id` was asked to get in touch."""
    NEXT = "next"
    """The learner agreed that `person_id` is told if nobody looks."""
    WORDS = "words"
    """The learner added words."""
    OPENED = "opened"
    """`person_id` read it."""
    CLOSED = "closed"
    """`person_id` said that they were in touch."""
    TAKEN_BACK = "taken_back"
    """The learner took it back."""
    UNOPENED = "unopened"
    """The learner was told that nobody had looked for a day."""
    UNANSWERED = "unanswered"
    """The learner was told that nobody had closed it for three days."""
    GONE = "gone"
    """The learner was told that `person_id`, whom they had asked, may be asked no more."""


class HelpCall(SQLModel, table=True):
    """A call for help: only its learner and the adults who were told may know that it exists."""

    __tablename__ = "help_call"
    __table_args__ = (NEVER_AGAIN,)

    id: int | None = Field(default=None, primary_key=True)
    learner_id: int = Field(foreign_key="membership.id", index=True)
    at: datetime


class HelpStep(SQLModel, table=True):
    """One thing that happened to a call. Rows are only added, and erased with their learner."""

    __tablename__ = "help_step"
    __table_args__ = (NEVER_AGAIN,)

    id: int | None = Field(default=None, primary_key=True)
    call_id: int = Field(foreign_key="help_call.id", index=True)
    kind: HelpStepKind = Field(sa_type=word_type(HelpStepKind))
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    words: str = Field(default="", max_length=2000)
    at: datetime

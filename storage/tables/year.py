"""The year's stages: an office's changes to their days, and the evaluations that are signed."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.base import NEVER_AGAIN, json_type, word_type


class StageChange(SQLModel, table=True):
    """An office's change to the days of a stage. The latest one stands; none is ever deleted."""

    __tablename__ = "stage_change"

    id: int | None = Field(default=None, primary_key=True)
    cohort_id: int = Field(foreign_key="cohort.id", index=True)
    stage: str = Field(max_length=24)
    opens_on: date | None = None
    closes_on: date | None = None
    closed: bool = False
    """Nothing more is signed, whatever its days."""
    reason: str = Field(max_length=500)
    changed_by: int = Field(foreign_key="person.id")
    at: datetime


class EvaluationState(StrEnum):
    SIGNED = "signed"
    """Locked: only an office opens it again."""
    REOPENED = "reopened"


class Evaluation(SQLModel, table=True):
    """One side's evaluation of a learner at a stage; what it says is in the versions."""

    __table_args__ = (UniqueConstraint("student_id", "stage", "side"),)

    id: int | None = Field(default=None, primary_key=True)
    student_id: int = Field(foreign_key="membership.id")
    stage: str = Field(max_length=24)
    side: str = Field(max_length=24)
    state: EvaluationState = Field(sa_type=word_type(EvaluationState))
    version: int = 1
    outcome: str = Field(default="", max_length=24)
    """The outcome that was chosen; empty where the document asks for words alone."""
    signed_at: datetime


class EvaluationVersion(SQLModel, table=True):
    """What an evaluation said each time it was signed, and on what evidence. Never changed."""

    __tablename__ = "evaluation_version"

    evaluation_id: int = Field(foreign_key="evaluation.id", primary_key=True)
    version: int = Field(primary_key=True)
    body: dict[str, Any] = Field(sa_type=json_type())
    signed_by: int = Field(foreign_key="membership.id")
    stood_in_for: int | None = Field(default=None, foreign_key="membership.id")
    """The mentor for whom the signer stood in, if so."""
    late: bool = False
    """Signed after the stage had closed."""
    at: datetime


class Reopening(SQLModel, table=True):
    """An office's opening of a signed version, with the reason. Never changed."""

    evaluation_id: int = Field(foreign_key="evaluation.id", primary_key=True)
    version: int = Field(primary_key=True)
    reason: str = Field(max_length=500)
    reopened_by: int = Field(foreign_key="person.id")
    at: datetime


class ExpertMark(SQLModel, table=True):
    """What one expert said of a learner at a stage, each time it was signed. Never changed."""

    __tablename__ = "expert_mark"
    __table_args__ = (UniqueConstraint("student_id", "stage", "expert_id", "version"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    student_id: int = Field(foreign_key="membership.id")
    stage: str = Field(max_length=24)
    expert_id: int = Field(foreign_key="membership.id", index=True)
    version: int = 1
    body: dict[str, Any] = Field(sa_type=json_type())
    late: bool = False
    """Signed after the stage had closed."""
    at: datetime


class ExpertMarkReopening(SQLModel, table=True):
    """An office's opening of a mark, with the reason: its expert may sign anew. Never changed."""

    __tablename__ = "expert_mark_reopening"

    mark_id: int = Field(foreign_key="expert_mark.id", primary_key=True)
    reason: str = Field(max_length=500)
    reopened_by: int = Field(foreign_key="person.id")
    at: datetime


class ExitState(StrEnum):
    RAISED = "raised"
    """An evaluation says that the cultivation ends; nobody at the office has confirmed it."""
    CONFIRMED = "confirmed"
    """One person has confirmed it: it takes two."""
    TOLD = "told"
    """Two have; the learner and those around know, and may object."""
    OBJECTED = "objected"
    ENDED = "ended"
    DROPPED = "dropped"
    """The office found that the cultivation goes on."""


class ExitCase(SQLModel, table=True):
    """What becomes of an evaluation upon which a document ends the cultivation."""

    __tablename__ = "exit_case"

    id: int | None = Field(default=None, primary_key=True)
    student_id: int = Field(foreign_key="membership.id", index=True)
    evaluation_id: int = Field(foreign_key="evaluation.id")
    version: int
    """The version of the evaluation that says so."""
    state: ExitState = Field(sa_type=word_type(ExitState), index=True)
    objection_days: int = 0
    """How long one may object once told, in days, as the first who confirmed it set."""
    objections_until: date | None = None
    raised_at: datetime


class ExitStep(SQLModel, table=True):
    """A step in an exit case, with who took it and why. Never changed."""

    __tablename__ = "exit_step"

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="exit_case.id", index=True)
    state: ExitState = Field(sa_type=word_type(ExitState))
    """The state to which it led."""
    reason: str = Field(max_length=1000)
    person_id: int = Field(foreign_key="person.id")
    at: datetime

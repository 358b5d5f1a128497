"""Records, their versions, reviews and files."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from storage.tables.base import json_type, word_type


class RecordKind(StrEnum):
    SESSION = "session"
    DIARY = "diary"
    MEETING_RECORD = "meeting_record"
    MATERIAL = "material"
    PRESENTATION = "presentation"
    """What the student prepares to present at a stage."""
    PLAN = "plan"
    """A training plan, which the mentor writes of the student."""
    TEST_RESULT = "test_result"
    """A student's result in a test, which others enter."""


class RecordState(StrEnum):
    SUBMITTED = "submitted"
    """Waits for somebody's review."""
    FILED = "filed"
    """Submitted where no rule names a reviewer: it counts as handed in and waits for nobody."""
    APPROVED = "approved"
    RETURNED = "returned"
    """Sent back with a reason: the student's turn."""
    WITHDRAWN = "withdrawn"


class Record(SQLModel, table=True):
    """A student's entry: a cultivation session, a diary, a meeting record, a material, a plan.

    The row holds its state; its contents are in the versions.
    """

    __table_args__ = (Index(None, "student_id", "kind", "day"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: RecordKind = Field(sa_type=word_type(RecordKind))
    student_id: int = Field(foreign_key="membership.id")
    about_id: int | None = Field(default=None, foreign_key="record.id", index=True)
    """The session that a diary or meeting record belongs to."""
    period: str = Field(default="", max_length=24)
    """The stage of cultivation that it covers, where the programme asks for one per stage, or of
    which it is; of a material, which one of the document's list it is."""
    day: date
    state: RecordState = Field(sa_type=word_type(RecordState), index=True)
    version: int = 1
    created_at: datetime
    submitted_at: datetime
    decided_at: datetime | None = None


class RecordVersion(SQLModel, table=True):
    """What an entry said each time it was handed in. Never changed."""

    __tablename__ = "record_version"

    record_id: int = Field(foreign_key="record.id", primary_key=True)
    version: int = Field(primary_key=True)
    body: dict[str, Any] = Field(sa_type=json_type())
    written_by: int = Field(foreign_key="person.id")
    at: datetime


class Review(SQLModel, table=True):
    """A review of one version: at most one each, by whoever comes first."""

    record_id: int = Field(foreign_key="record.id", primary_key=True)
    version: int = Field(primary_key=True)
    approved: bool
    reason: str = Field(default="", max_length=500)
    reviewer_id: int = Field(foreign_key="membership.id")
    stood_in_for: int | None = Field(default=None, foreign_key="membership.id")
    """The mentor for whom the reviewer stood in, if so."""
    at: datetime


class Opening(SQLModel, table=True):
    """A person has read the whole of one version."""

    record_id: int = Field(foreign_key="record.id", primary_key=True)
    version: int = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    at: datetime


class File(SQLModel, table=True):
    """Our own copy of a file, kept by its hash."""

    id: int | None = Field(default=None, primary_key=True)
    sha256: str = Field(max_length=64, index=True)
    size: int
    media_type: str = Field(max_length=100)
    name: str = Field(max_length=200)
    owner_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime
    expires_at: datetime | None = None
    """When a file that was made for its owner alone, a copy of their data, is deleted."""


class RecordFile(SQLModel, table=True):
    """Which version of an entry shows which file."""

    __tablename__ = "record_file"

    record_id: int = Field(foreign_key="record.id", primary_key=True)
    version: int = Field(primary_key=True)
    file_id: int = Field(foreign_key="file.id", primary_key=True, index=True)


class PlatformEntry(SQLModel, table=True):
    """That a learner has entered an entry on the official platform, as it was in a version."""

    __tablename__ = "platform_entry"

    record_id: int = Field(foreign_key="record.id", primary_key=True)
    version: int
    at: datetime

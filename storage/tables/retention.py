"""How long what a cohort has handed in is kept."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.base import NEVER_AGAIN, word_type


class RetentionKind(StrEnum):
    """What may be deleted some time after a cohort's end."""

    FILES = "files"
    """The files of entries; the entries stay."""
    ENTRIES = "entries"
    """Entries with their versions, reviews and files; evaluations and certificates stay."""


class Retention(SQLModel, table=True):
    """How long a cohort's entries or their files are kept after its end, as its office says."""

    __table_args__ = (UniqueConstraint("cohort_id", "kind"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    cohort_id: int = Field(foreign_key="cohort.id")
    kind: RetentionKind = Field(sa_type=word_type(RetentionKind))
    months: int
    """Full months after the cycle's last day."""
    not_before: date | None = None
    """The day to which it was postponed."""
    announced_for: date | None = None
    """The day on which it will be deleted, as the office has been told."""
    done_at: datetime | None = None

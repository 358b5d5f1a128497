"""Imports of rosters: what each changed, so that it can be taken back, and what headings mean."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.base import NEVER_AGAIN, json_type, word_type


class ImportState(StrEnum):
    RUNNING = "running"
    """Begun and not ended: the next import of the cohort goes on with it."""
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class RosterImport(SQLModel, table=True):
    """One sheet that was imported into a cohort. Of the sheet itself nothing is kept."""

    __tablename__ = "roster_import"
    __table_args__ = (NEVER_AGAIN,)

    id: int | None = Field(default=None, primary_key=True)
    cohort_id: int = Field(foreign_key="cohort.id", index=True)
    made_by: int | None = Field(default=None, foreign_key="person.id")
    """Empty for the operator at the command line."""
    state: ImportState = Field(sa_type=word_type(ImportState))
    began_at: datetime
    ended_at: datetime | None = None
    new: int = 0
    changed: int = 0


class RosterChange(SQLModel, table=True):
    """One row that an import made or changed. Deleted as soon as the import can no more be taken
    back."""

    __tablename__ = "roster_change"
    __table_args__ = (NEVER_AGAIN,)

    id: int | None = Field(default=None, primary_key=True)
    import_id: int = Field(foreign_key="roster_import.id", index=True)
    kind: str = Field(max_length=24)
    """The table."""
    object_id: int
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(json_type()))
    """The changed columns as they were; empty for a row that was made."""
    after: dict[str, Any] | None = Field(default=None, sa_column=Column(json_type()))


class HeadingMeaning(SQLModel, table=True):
    """What an office says a heading of its sheets means."""

    __tablename__ = "heading_meaning"
    __table_args__ = (UniqueConstraint("office_id", "heading"),)

    id: int | None = Field(default=None, primary_key=True)
    office_id: int | None = Field(default=None, foreign_key="unit.id")
    heading: str = Field(max_length=80)
    """Without blanks, punctuation and case."""
    meaning: str = Field(max_length=24)

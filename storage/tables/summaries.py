"""The templates that offices have put in the place of ours for the annual summary."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.tables.base import NEVER_AGAIN


class SummaryTemplate(SQLModel, table=True):
    """The template of a cohort's annual summary since a moment. The latest row stands; none is
    ever changed or deleted."""

    __tablename__ = "summary_template"
    __table_args__ = (NEVER_AGAIN,)

    id: int | None = Field(default=None, primary_key=True)
    cohort_id: int = Field(foreign_key="cohort.id", index=True)
    sha256: str | None = Field(default=None, max_length=64)
    """The hash of the file, of which a copy is kept; empty where ours stands again."""
    size: int = 0
    name: str = Field(default="", max_length=200)
    """The file's name, as it was sent."""
    put_by: int = Field(foreign_key="person.id")
    at: datetime

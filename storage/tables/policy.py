"""Policy documents as offices loaded them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.base import NEVER_AGAIN


class PolicyDocument(SQLModel, table=True):
    """A programme's policy document, as an office loaded it. Never changed, only ended."""

    __tablename__ = "document"
    __table_args__ = (Index(None, "programme", "ended_at"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    programme: str = Field(max_length=60)
    """The pack's key."""
    office_id: int | None = Field(default=None, foreign_key="unit.id")
    """The office that loaded it: it holds there and below; everywhere if empty."""
    name: str = Field(max_length=200)
    """The file's name."""
    title: str = Field(max_length=200)
    sha256: str = Field(max_length=64)
    """The hash of the file as it was sent; a copy is kept."""
    size: int
    added_by: int | None = Field(default=None, foreign_key="person.id")
    """Empty where it was loaded at the command line."""
    added_at: datetime
    ended_at: datetime | None = None
    """When it was replaced or removed; nothing is answered from it since."""


class StoredPassage(SQLModel, table=True):
    """One section of a document, in its own words. Never changed."""

    __tablename__ = "passage"
    __table_args__ = (UniqueConstraint("document_id", "place"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    document_id: int = Field(foreign_key="document.id")
    place: int
    """Its position in the document, from 1."""
    section: str = Field(max_length=120)
    """Written as clauses are."""
    heading: str = Field(max_length=400)
    text: str

"""Who did, or tried to do, what; and the seals that show what was changed of it later."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from storage.tables.base import json_type


class Audit(SQLModel, table=True):
    """Who did, or tried to do, what. Only ever added to."""

    __table_args__ = (Index(None, "object", "object_id"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    person_id: int | None = Field(default=None, index=True)
    account_id: int | None = None
    verb: str = Field(max_length=40)
    object: str = Field(default="", max_length=24)
    object_id: int | None = None
    version: int | None = None
    refused: str = Field(default="", max_length=60)
    """Why nothing was done, as the key of the sentence said; empty when it was done."""
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=json_type())


class AuditSeal(SQLModel, table=True):
    """The hash of the audit rows since the seal before, and of that seal. Only ever added to."""

    __tablename__ = "audit_seal"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """1, 2, 3 …: one that is missing shows."""
    upto: int
    """The last row that it covers: all later ones are the next seal's."""
    rows: int
    root: str = Field(max_length=64)
    """The hash over the hashes of its rows."""
    previous: str = Field(max_length=64)
    """The hash of the seal before; empty in the first."""
    at: datetime
    hash: str = Field(max_length=64)
    """The hash of all of the above."""
    marks: list[Any] = Field(sa_type=json_type())
    """Each row's number and the beginning of its hash: they say which row a fault is in."""

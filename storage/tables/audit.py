"""Who did, or tried to do, what."""

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

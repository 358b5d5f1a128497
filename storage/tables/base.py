"""What all tables share: how constraints are named, and how words and JSON are stored."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final, cast

from sqlalchemy import JSON, Enum, MetaData, Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
metadata: MetaData = SQLModel.metadata

NEVER_AGAIN: Final = {"sqlite_autoincrement": True}
"""Keeps SQLite from reusing the id of a deleted last row: an old button that carries the id would
then mean another row."""


def json_type() -> Any:
    return JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def word_type(kind: type[StrEnum]) -> Any:
    return Enum(
        kind,
        native_enum=False,
        length=24,
        create_constraint=False,
        values_callable=lambda values: [member.value for member in values],
    )


def table(model: type[SQLModel]) -> Table:
    """A model's table, for statements without objects."""
    # SQLAlchemy sets it; SQLModel's types do not know of it.
    return cast(Table, model.__table__)  # type: ignore[attr-defined]  # set by SQLAlchemy

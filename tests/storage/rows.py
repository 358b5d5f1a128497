"""Rows for every table there is, made from its columns alone: a new table needs nothing here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Engine, Table
from sqlmodel.sql.sqltypes import UTCDateTime

from storage import tables

AWKWARD = "张三\u2028“㛃”\n\\u0000 😀 '; -- "
"""Text that a careless form of rows would break: a line separator, quotes, a rare character."""


def fill(engine: Engine, count: int, kept_files: Iterable[str] = ()) -> None:
    """Give every table `count` rows. Those that keep files speak of `kept_files`, in turn.

    A row may refer to a later one of its own table, as the offices of a reorganised tree do.
    """
    kept = list(kept_files) or ["0" * 64]
    with engine.connect() as connection, connection.begin():
        for table in tables.metadata.sorted_tables:
            rows = [
                {column.name: _value(column, number, count) for column in table.columns}
                for number in range(1, count + 1)
            ]
            if table.name in ("file", "document", "summary_template"):
                for number, row in enumerate(rows):
                    row["sha256"] = kept[number % len(kept)]
            _refer_to_later_rows(connection, table, rows)


def _refer_to_later_rows(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    inward = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    connection.execute(table.insert(), [row | dict.fromkeys(inward) for row in rows])
    for name in inward:
        for row in rows[:-1]:
            connection.execute(
                table.update().where(table.c.id == row["id"]).values({name: row["id"] + 1})
            )


def _value(column: Column[Any], number: int, count: int) -> Any:
    """The value of a column in row `number`; every third row leaves out what may be left out."""
    if column.nullable and number % 3 == 0:
        return sa.null() if isinstance(column.type, sa.JSON) else None
    if column.foreign_keys:
        return number
    match column.type:
        case sa.Enum() as words:
            return list(words.enum_class or ())[number % len(words.enums)]
        case UTCDateTime():
            return datetime(2026, 8, 31, 16, tzinfo=UTC) + timedelta(microseconds=number)
        case sa.Date():
            return date(2024, 2, 29) + timedelta(days=number)
        case sa.LargeBinary():
            return number.to_bytes(32, "big")
        case sa.JSON():
            # On one row in three the whole value is a JSON null, which is not a NULL.
            if number % 3 == 1:
                return sa.JSON.NULL
            return {"题目": AWKWARD, "hours": 1.5, "of": [number, None]}
        case sa.Boolean():
            return number % 2 == 0
        case sa.Integer():
            return number
        case sa.Float():
            return number / 3
        case sa.types.TypeDecorator() | sa.String():
            length = getattr(column.type, "impl_instance", column.type).length or 1000
            return f"{number} {AWKWARD}"[:length]
        case other:
            raise TypeError(f"{column}: no value for a {other!r}")


def contents(engine: Engine) -> dict[str, list[Any]]:
    """Every row of every table as our models read it; NULL and JSON null are told apart."""
    found: dict[str, list[Any]] = {}
    with engine.connect() as connection:
        for table in tables.metadata.sorted_tables:
            null = [
                column.is_(None).label(f"{column.name} is null")
                for column in table.columns
                if isinstance(column.type, sa.JSON)
            ]
            rows = connection.execute(sa.select(table, *null).order_by(*table.primary_key))
            found[table.name] = [dict(row._mapping) for row in rows]
    return found


def differences(engine: Engine) -> list[Any]:
    """In what the schema differs from our models."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[Any] = compare_metadata(context, tables.metadata)
    return found

"""What Alembic runs to move the schema, on the connection that `storage.migrate` hands it."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from storage import tables


def _plain_type(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """How a column's type is written in a new revision.

    A revision tells what the tables were on its day. It must not change its meaning with our
    models or with SQLModel, so it speaks of SQLAlchemy's own types only.
    """
    if kind != "type":
        return False
    match item:
        case sa.Enum():
            return f"sa.String(length={item.length})"
        case AutoString():
            length = getattr(item.impl, "length", None)
            return f"sa.String(length={length})" if length else "sa.String()"
        case UTCDateTime():
            return "sa.DateTime(timezone=True)"
        case sa.JSON():
            autogenerate.imports.add("from sqlalchemy.dialects import postgresql")
            return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
        case _:
            return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    render_item=_plain_type,
    # SQLite can alter little in place; Alembic then builds the table anew and copies the rows.
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()

"""Bring a database's schema to where this version of the program needs it, and back.

The history lies in `storage/migrations/versions`, one file per step, in one line without branches.
A database knows by its `alembic_version` row how far along that line it is.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, func, select

from storage.database import Database, connect

_SCRIPTS: Final = "storage:migrations"
"""Where the steps lie, as Alembic names a folder inside a package."""

_LOCK: Final = 0x79696E67_63616901
"""The PostgreSQL advisory lock held while the schema changes: an arbitrary fixed number."""

_alembic = threading.Lock()
"""Alembic keeps the migration under way in module globals, so one process runs one at a time."""


class SchemaTooNew(Exception):
    """The schema is of a revision that this version of the program does not know."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the schema is at revision {revision!r}, which this version does not know: "
            "it was written by a newer version of the program. Install that version."
        )
        self.revision = revision


class DanglingRows(Exception):
    """Rows refer to rows that do not exist; the change that left them so was rolled back."""


def upgrade(where: Database | Engine, to: str = "head") -> None:
    """Bring the schema up to revision `to`, in one transaction; a second process waits its turn.

    Raises `SchemaTooNew` if the database is ahead of this program, and `DanglingRows` if a step
    would leave references to rows that are gone.
    """
    with schema_transaction(where) as connection:
        upgrade_within(connection, to)


def downgrade(where: Database | Engine, to: str) -> None:
    """Take the schema back to revision `to`; `"base"` removes every table and row of ours.

    Raises as `upgrade` does.
    """
    with schema_transaction(where) as connection:
        downgrade_within(connection, to)


def current(where: Database | Engine) -> str | None:
    """The revision that the schema is at, or `None` where nothing of ours has been made."""
    with _engine(where).connect() as connection:
        return current_within(connection)


def pending(where: Database | Engine) -> list[str]:
    """The revisions still to be applied, in order. Raises `SchemaTooNew`."""
    at = current(where)
    _check_known(at)
    steps = history().iterate_revisions("head", at or "base")
    return [step.revision for step in steps][::-1]


def head() -> str:
    """The revision that this version of the program works with."""
    (revision,) = history().get_heads()
    return revision


def history() -> ScriptDirectory:
    """The steps that ship with this version."""
    return _read(_SCRIPTS)


@cache
def _read(_scripts: str) -> ScriptDirectory:
    """The steps in one place; to load them takes longer than to look whether any is wanted."""
    return ScriptDirectory.from_config(_config())


# ---------------------------------------------------------------- inside a transaction


@contextmanager
def schema_transaction(where: Database | Engine) -> Iterator[Connection]:
    """One transaction in which tables may be made, rebuilt and filled in any order.

    Only one process at a time is inside; another waits at the start, for as long as SQLite's busy
    time-out there and without limit on PostgreSQL. Raises `DanglingRows` at the end if rows refer
    to missing ones.
    """
    engine = _engine(where)
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            with connection.begin():
                connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
                yield connection
            return
        # Rebuilding a table drops the old one, and with foreign keys on that deletes the rows that
        # refer to it. SQLite ignores the pragma inside a transaction, so it goes first.
        driver = connection.connection.cursor()
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if dangling:
                    raise DanglingRows(
                        "; ".join(f"{row[0]} row {row[1]} → {row[2]}" for row in dangling[:10])
                    )
        finally:
            driver.execute("PRAGMA foreign_keys=ON")
            driver.close()


def current_within(connection: Connection) -> str | None:
    """As `current`, inside a transaction."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade_within(connection: Connection, to: str = "head") -> None:
    """As `upgrade`, inside a `schema_transaction`."""
    _check_known(current_within(connection))
    with _alembic:
        command.upgrade(_config(connection), to)


def downgrade_within(connection: Connection, to: str) -> None:
    """As `downgrade`, inside a `schema_transaction`."""
    _check_known(current_within(connection))
    with _alembic:
        command.downgrade(_config(connection), to)


def is_known(revision: str) -> bool:
    """Whether this version has the step that leads to `revision`."""
    try:
        return history().get_revision(revision) is not None
    except CommandError:
        return False


# ---------------------------------------------------------------- writing the next step


def write_revision(message: str) -> Path:
    """Write the step from the last revision to today's tables, for a developer to read over.

    For use in a checkout: it needs the development tools. Returns the new file, which is named by
    its number and `message`.
    """
    number = f"{len(list(history().walk_revisions())) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/empty.db")
        upgrade(engine)
        with schema_transaction(engine) as connection, _alembic:
            config = _config(connection)
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            for option, value in {
                "hooks": "format",
                "format.type": "module",
                "format.module": "ruff",
                "format.options": "format --quiet REVISION_SCRIPT_FILENAME",
            }.items():
                config.set_section_option("post_write_hooks", option, value)
            command.revision(config, message, autogenerate=True, rev_id=number)
        engine.dispose()
    _read.cache_clear()
    path = Path(history().get_revision(number).path)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "# ### " not in line), "utf-8")
    return path


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.attributes["connection"] = connection
    return config


def _check_known(revision: str | None) -> None:
    if revision is not None and not is_known(revision):
        raise SchemaTooNew(revision)


def _engine(where: Database | Engine) -> Engine:
    return where.engine if isinstance(where, Database) else where

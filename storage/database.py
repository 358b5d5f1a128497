"""The database: SQLite in a file by default, PostgreSQL by its URL.

Handling an update is ordinary synchronous code in a worker thread; `Database.run` is the one hop
from the event loop. On SQLite there is one such thread, since there is one writer; what many
callers want done thus queues in Python and never meets "database is locked".
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from pydantic_core import PydanticSerializationError, from_json, to_json
from sqlalchemy import Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session as AnySession
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

P = ParamSpec("P")
R = TypeVar("R")

BUSY_MS: Final = 30_000
"""How long a SQLite connection waits for another process's transaction, in milliseconds."""


class Database:
    """An engine, its worker threads, and transactions on it."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.engine = connect(url)
        self.embedded = self.url.get_backend_name() == "sqlite"
        self._threads = ThreadPoolExecutor(
            max_workers=1 if self.embedded else 4, thread_name_prefix="database"
        )
        self._sessions = sessionmaker(self.engine, class_=Session, expire_on_commit=False)
        event.listen(self._sessions, "loaded_as_persistent", _hold)
        event.listen(self._sessions, "pending_to_persistent", _hold)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back if anything is raised.

        Rows read in it are held until its end, so that `get` finds them without asking again.
        """
        with self._sessions() as session, session.begin():
            yield session

    async def run(
        self,
        act: Callable[Concatenate[Session, P], R],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Run `act` in one transaction on a worker thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(self._act, act, *args, **kwargs))

    def _act(self, act: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        with self.transaction() as session:
            return act(session, *args, **kwargs)

    def clean(self) -> None:
        """Leave nothing of what was deleted in SQLite's write-ahead log, if nobody is reading."""
        if not self.embedded:
            return
        connection = self.engine.raw_connection()
        try:
            with closing(connection.cursor()) as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    def close(self) -> None:
        """Finish what was begun and close every connection."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()


def database_trouble(error: BaseException) -> str:
    """What is wrong with the whole database, in a few words and without anything that was being
    written; empty where the error is another."""
    inner = error.orig if isinstance(error, DBAPIError) and error.orig else error
    if isinstance(inner, sqlite3.Error):
        # Extended codes hold the kind in their last eight bits.
        return _SQLITE.get(getattr(inner, "sqlite_errorcode", 0) & 0xFF, "")
    return _POSTGRES.get((getattr(inner, "sqlstate", None) or "")[:5], "")


FULL: Final = "the disk is full"
READ_ONLY: Final = "the database may not be written"
DAMAGED: Final = "the database is damaged"
UNREADABLE: Final = "the database's file cannot be read or written"
_SQLITE: Final = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_IOERR: UNREADABLE,
    sqlite3.SQLITE_CANTOPEN: UNREADABLE,
}
_POSTGRES: Final = {"53100": FULL, "25006": READ_ONLY, "XX001": DAMAGED, "XX002": DAMAGED}

CHECKED: Final = 64 * 1024 * 1024
"""Bytes of a SQLite file that is looked through at the start: it takes a tenth of a second or
two."""


def check(database: Database) -> None:
    """Look for damage first of all. Raises `DamagedDatabase`, or what the database raises."""
    if not database.embedded or not database.url.database:
        return
    file = Path(database.url.database)
    if not file.exists() or file.stat().st_size > CHECKED:
        return
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        raise DamagedDatabase(found)


def try_writing(database: Database) -> None:
    """Write what is there already. Raises what the database raises if it cannot."""
    if database.embedded:
        with database.engine.begin() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            connection.exec_driver_sql(f"PRAGMA user_version={int(version)}")


def do_not_wait(database: Database) -> None:
    """Let SQLite not wait for the disk: for what is thrown away afterwards."""
    event.listen(database.engine, "connect", _write_without_waiting)


def _write_without_waiting(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


class DamagedDatabase(Exception):
    """A database's file is damaged."""


def _hold(session: AnySession, row: object) -> None:
    session.info.setdefault("held", []).append(row)


def connect(url: str) -> Engine:
    """An engine with this project's settings. Creates a SQLite file's folder if need be.

    Its errors never show what was being written: that is what people said.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            json_serializer=_to_json,
            pool_pre_ping=True,
            hide_parameters=True,
        )
        _lighten_savepoints(engine.dialect)
        return engine
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed,
        json_serializer=_to_json,
        json_deserializer=_from_json,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    _lighten_savepoints(engine.dialect)
    return engine


# Rows hold much JSON, and pydantic's reads and writes it two or three times as fast. Half a
# character, which people can type and it does not know, is left to Python's.
_PYTHONS: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _to_json(value: Any) -> str:
    try:
        return to_json(value).decode()
    except PydanticSerializationError:
        return _PYTHONS.encode(value)


def _from_json(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


_SAVEPOINTS: Final = {
    "do_savepoint": ("SAVEPOINT part",),
    "do_release_savepoint": ("RELEASE SAVEPOINT part",),
    "do_rollback_to_savepoint": ("ROLLBACK TO SAVEPOINT part", "RELEASE SAVEPOINT part"),
}


def _lighten_savepoints(dialect: Dialect) -> None:
    """Have savepoints made by the driver itself, all under one name.

    SQLAlchemy names and compiles each anew, which takes longer than most of what is done in one.
    They end in the opposite order in which they began, so the name always means the innermost.
    """

    def by_driver(statements: Sequence[str], connection: Connection, _name: str) -> None:
        with closing(connection.connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)

    for step, statements in _SAVEPOINTS.items():
        setattr(dialect, step, partial(by_driver, statements))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver begins its transactions too late: of two readers that both go on to write, one
    # silently loses its write. We begin them ourselves, below.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    # What is acknowledged must survive a power cut, not only a crash.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is deleted is overwritten: it may be what a child said.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")

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

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, make_url
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

    def close(self) -> None:
        """Finish what was begun and let every connection go."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()


def _hold(session: AnySession, row: object) -> None:
    session.info.setdefault("held", []).append(row)


def connect(url: str) -> Engine:
    """An engine with this project's settings. Creates a SQLite file's folder if need be.

    Its errors never show what was being written: that is what people said.
    """
    parsed = make_url(url)
    dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            json_serializer=dumps,
            pool_pre_ping=True,
            hide_parameters=True,
        )
        _lighten_savepoints(engine.dialect)
        return engine
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed,
        json_serializer=dumps,
        json_deserializer=json.JSONDecoder().decode,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    _lighten_savepoints(engine.dialect)
    return engine


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
    # The driver's own transactions begin too late: two readers that both go on to write lose one
    # of the two writes, without an error. We begin them ourselves, below.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    # What is acknowledged must survive a power cut, not only a crash.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")

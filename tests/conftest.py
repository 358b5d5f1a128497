"""What every test may ask for: databases of its own, a clock that stands; and no network.

How tests are kept apart from each other is in `tests/alone.py`.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import pytest
from typer.main import get_command

import storage.database
from bot.talk.clock import SetClock
from storage import migrate
from storage.database import Database, connect
from tests.databases import Compiled, NoPostgres, Postgres, postgres

pytest_plugins = ["tests.alone"]

Kind = Literal["sqlite", "postgres"]
SECOND: Final = {"postgres", "aiogram", "telegram-aiogram"}
"""What tests call the database and the library that one has to choose."""


SCRIPTS: Final = migrate._SCRIPTS
"""Where the steps of this version lie."""


class NewDatabase(Protocol):
    """Makes a fresh database and gives its URL; it goes when the test ends."""

    def __call__(self, kind: Kind, *, migrated: bool = True) -> str: ...


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where a test runs on both databases, or by both libraries for Telegram, `make test` runs it
    with the one that the settings choose where nobody says anything."""
    for item in items:
        called = getattr(item, "callspec", None)
        if called is not None and not SECOND.isdisjoint(_names(called.params)):
            item.add_marker(pytest.mark.slow)


def _names(params: Mapping[str, object]) -> set[str]:
    return {value for value in params.values() if isinstance(value, str)}


# ---------------------------------------------------------------- databases


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Every engine of this process uses what was compiled for another."""
    compiled = Compiled()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage.database, "create_engine", compiled.create_engine)
        connect("sqlite://")
        yield


@pytest.fixture(scope="session", autouse=True)
def commands_once() -> Iterator[None]:
    """The command line is put together once, and not for each command that a test gives."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(get_command))
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    running = postgres()
    try:
        server = running.__enter__()
    except NoPostgres as reason:
        pytest.skip(str(reason))
    yield server
    running.__exit__(None, None, None)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: Postgres) -> Iterator[str]:
    url = postgres_server.create()
    _migrate(url)
    yield url
    postgres_server.drop(url)


def _migrate(url: str) -> None:
    """Make a template, by the steps of this version, whatever version a test pretends to be."""
    engine = connect(url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "_SCRIPTS", SCRIPTS)
        migrate.upgrade(engine)
    engine.dispose()


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewDatabase]:
    """Migrating takes a second; a migrated database is therefore a copy of one made before."""
    made: list[str] = []

    def make(kind: Kind, *, migrated: bool = True) -> str:
        if kind == "sqlite":
            path = tmp_path / f"{len(list(tmp_path.glob('*.db')))}.db"
            if migrated:
                shutil.copyfile(request.getfixturevalue("_sqlite_template"), path)
            else:
                path.touch()
            return f"sqlite:///{path}"
        server: Postgres = request.getfixturevalue("postgres_server")
        template = request.getfixturevalue("_postgres_template") if migrated else "template0"
        made.append(server.create(template))
        return made[-1]

    yield make
    for url in made:
        request.getfixturevalue("postgres_server").drop(url)


@pytest.fixture
def sqlite_database(new_database: NewDatabase) -> Iterator[Database]:
    """A migrated SQLite database in a file."""
    yield from _opened(new_database("sqlite"))


@pytest.fixture
def postgres_database(new_database: NewDatabase) -> Iterator[Database]:
    """A migrated PostgreSQL database; the test is skipped where there is no PostgreSQL."""
    yield from _opened(new_database("postgres"))


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated database: the test runs once on SQLite and once on PostgreSQL."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


# ---------------------------------------------------------------- time


@pytest.fixture
def clock() -> SetClock:
    """Ten in the morning in Beijing, on Monday 23 November 2026."""
    return SetClock(datetime(2026, 11, 23, 2, tzinfo=UTC))


# ---------------------------------------------------------------- network


class NetworkForbidden(RuntimeError):
    """A test reached for another machine."""


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Nothing leaves this machine: tests talk to servers of their own on the loopback."""
    look_up = socket.getaddrinfo

    def only_here(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _needs_no_asking(host):
            raise NetworkForbidden(f"a test looked up {host!r}")
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", only_here)
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        yield


def _guarded(call: Any) -> Any:
    def guarded(self: socket.socket, *args: Any) -> Any:
        address = args[-1]
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise NetworkForbidden(f"a test reached for {address!r}")
        return call(self, *args)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _needs_no_asking(host: Any) -> bool:
    """Whether a host is known without asking a name server: here, or an address already."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True

"""A database that is full, read-only or damaged: said in one line, at the start and later."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from app.desk import reaching_it
from app.terminal import Mistake
from bot import worker
from bot.talk.clock import SetClock
from prompts import render
from storage import migrate
from storage.database import (
    DAMAGED,
    FULL,
    READ_ONLY,
    DamagedDatabase,
    Database,
    check,
    database_trouble,
)
from storage.tables import UpdateState
from tests.faults.small import Alarms, Small, messenger, until


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good database with something in it."""
    database = Database(f"sqlite:///{tmp_path / 'house.db'}")
    migrate.upgrade(database)
    database.close()
    return tmp_path / "house.db"


def limited(database: Database, pragma: str) -> Callable[[], None]:
    """Have every connection, an open one too, begin with this; gives what takes it back."""

    def prepare(connection: Any, _record: object = None) -> None:
        connection.execute(f"PRAGMA {pragma}")

    event.listen(database.engine, "connect", prepare)
    database.engine.dispose()

    def take_back() -> None:
        event.remove(database.engine, "connect", prepare)
        database.engine.dispose()

    return take_back


def fill_up(database: Database) -> None:
    with database.engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE much (what TEXT)")
        for _ in range(100):
            connection.exec_driver_sql("INSERT INTO much VALUES (?)", ("x" * 100_000,))
        connection.commit()


@pytest.mark.parametrize(
    ("pragma", "what"), [("max_page_count=60", FULL), ("query_only=1", READ_ONLY)]
)
def test_what_is_wrong_is_known(file: Path, pragma: str, what: str) -> None:
    database = Database(f"sqlite:///{file}")
    limited(database, pragma)
    with pytest.raises(Exception, match=r"full|readonly") as caught:
        fill_up(database)
    assert database_trouble(caught.value) == what
    with pytest.raises(Mistake) as said, reaching_it():
        fill_up(database)
    words = render(said.value.words, "zh")
    assert ("磁盘满了" if what == FULL else "不能写") in words
    assert "\n" not in words
    database.close()


def test_other_errors_are_not_the_databases(file: Path) -> None:
    assert database_trouble(ValueError("x")) == ""
    database = Database(f"sqlite:///{file}")
    with pytest.raises(Exception, match="no such table") as caught, database.transaction() as db:
        db.connection().exec_driver_sql("SELECT 1 FROM absent")
    assert database_trouble(caught.value) == ""
    database.close()


def test_damage_in_the_middle_is_found_at_the_start(file: Path) -> None:
    damage(file, 3)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(Exception, match=r".") as caught:
        check(database)
    assert isinstance(caught.value, DamagedDatabase) or database_trouble(caught.value) == DAMAGED
    database.close()


def damage(file: Path, page: int) -> None:
    content = bytearray(file.read_bytes())
    content[page * 4096 : (page + 8) * 4096] = b"\xa5" * (8 * 4096)
    file.write_bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["no database at all", "damaged", "read-only"])
def test_a_start_that_cannot_be_ends_in_one_sentence(file: Path, harm: str) -> None:
    url = f"sqlite:///{file}"
    if harm == "no database at all":
        file.write_bytes(b"this is a text" * 1000)
    elif harm == "damaged":
        damage(file, 3)
    else:
        url = f"sqlite:///file:{file}?mode=ro&uri=true"
    ended = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", "0"],
        capture_output=True,
        timeout=60,
        check=False,
        cwd=file.parent,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "YINGCAI_DATABASE_URL": url,
            "YINGCAI_DATA_DIR": str(file.parent / "data"),
        },
    )
    said = (ended.stdout + ended.stderr).decode()
    assert ended.returncode == 2, said
    assert len(said.strip().splitlines()) == 1, said
    assert "Traceback" not in said
    assert ("不能写" if harm == "read-only" else "坏了") in said


@pytest.mark.parametrize(
    ("pragma", "what"), [("max_page_count=1", FULL), ("query_only=1", READ_ONLY)]
)
async def test_while_it_runs_one_line_says_so_and_nothing_is_lost(
    sqlite_database: Database,
    clock: SetClock,
    alarms: Alarms,
    monkeypatch: pytest.MonkeyPatch,
    pragma: str,
    what: str,
) -> None:
    said: list[tuple[str, Any]] = []
    monkeypatch.setattr(alarms, "error", lambda event, **about: said.append((event, about)))
    monkeypatch.setattr(worker, "RETRY", 0.05)
    small = Small(sqlite_database, clock, {"fake": messenger()})
    long = "hello" * 600
    await small.hears("lin", *[long] * 30)
    take_back = limited(sqlite_database, pragma)
    async with small.running():
        await until(lambda: any(about.get("why") == what for _, about in said))
        take_back()
        await until(lambda: small.platform.texts("lin") == [f"heard {long}"] * 30)
    assert alarms.events == [], "no traceback is written"
    halts = [event for event, about in said if about.get("why") == what]
    assert len(halts) <= 2, "each worker says so once"
    assert small.updates() == [UpdateState.DONE] * 30

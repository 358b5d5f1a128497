"""The schema goes up, down and up again, is what the models say, and loses nobody's rows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine

from storage import migrate
from storage.database import Database, connect
from storage.tables import metadata
from tests.conftest import Kind, NewDatabase
from tests.storage.rows import contents, differences, fill


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def empty(request: pytest.FixtureRequest, new_database: NewDatabase) -> Iterator[Engine]:
    """A database without any tables."""
    kind: Kind = request.param
    engine = connect(new_database(kind, migrated=False))
    yield engine
    engine.dispose()


def _tables(engine: Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names())


def test_up_down_and_up_again(empty: Engine) -> None:
    migrate.upgrade(empty)
    first = _tables(empty)
    assert migrate.current(empty) == migrate.head()
    assert differences(empty) == []

    migrate.downgrade(empty, "base")
    assert migrate.current(empty) is None
    assert _tables(empty) == {"alembic_version"}

    migrate.upgrade(empty)
    assert _tables(empty) == first
    assert differences(empty) == []


def test_a_migrated_database_has_the_tables_of_our_models(database: Database) -> None:
    assert differences(database.engine) == []


def test_no_id_is_used_again(sqlite_database: Database) -> None:
    """A step that rebuilds a table must say so anew: nothing else notices."""
    with sqlite_database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master")
        made = {row[0]: str(row[1]) for row in rows}
    asked = [
        table.name
        for table in metadata.sorted_tables
        if table.dialect_options["sqlite"]["autoincrement"]
    ]
    assert len(asked) > 5
    assert not [name for name in asked if "AUTOINCREMENT" not in made[name]]


def test_a_change_to_a_model_would_be_noticed(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE person DROP COLUMN birth_date")
    assert [change[0] for change in differences(database.engine)] == ["add_column"]


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    fill(database.engine, 2)
    before = contents(database.engine)
    migrate.upgrade(database)
    assert contents(database.engine) == before


def test_what_is_pending(empty: Engine, next_version: str) -> None:
    every = migrate.pending(empty)
    assert every[0] == "0001"
    assert every[-1] == next_version

    migrate.upgrade(empty, "0001")
    assert migrate.pending(empty) == every[1:]

    migrate.upgrade(empty)
    assert migrate.pending(empty) == []


def test_a_database_of_a_newer_version_is_refused(
    database: Database, next_version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.upgrade(database)
    monkeypatch.undo()
    for act in (
        lambda: migrate.upgrade(database),
        lambda: migrate.downgrade(database, "base"),
        lambda: migrate.pending(database),
    ):
        with pytest.raises(migrate.SchemaTooNew, match=next_version):
            act()
    assert migrate.current(database) == next_version


def test_rows_survive_when_the_table_they_refer_to_is_rebuilt(
    database: Database, next_version: str
) -> None:
    fill(database.engine, 3)
    before = contents(database.engine)
    migrate.upgrade(database)
    assert contents(database.engine) == before
    migrate.downgrade(database, "-1")
    assert contents(database.engine) == before
    assert differences(database.engine) == []


@pytest.mark.parametrize(("carefully", "left"), [(True, 1), (False, 0)])
def test_sqlite_deletes_children_of_a_rebuilt_table_unless_told_not_to(
    sqlite_database: Database, carefully: bool, left: int
) -> None:
    """The trap that `schema_transaction` is there for, and that it is still a trap."""
    engine = sqlite_database.engine
    with engine.begin() as connection:
        for statement in (
            "CREATE TABLE mother (id INTEGER PRIMARY KEY)",
            "CREATE TABLE child (mother_id INTEGER REFERENCES mother (id) ON DELETE CASCADE)",
            "INSERT INTO mother VALUES (1)",
            "INSERT INTO child VALUES (1)",
        ):
            connection.exec_driver_sql(statement)
    with migrate.schema_transaction(engine) if carefully else engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("mother", recreate="always") as mother:
            mother.add_column(sa.Column("name", sa.String(20)))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM child").scalar() == left


def test_a_step_that_leaves_dangling_rows_is_rolled_back(sqlite_database: Database) -> None:
    engine = sqlite_database.engine
    fill(engine, 1)
    with (
        pytest.raises(migrate.DanglingRows, match="person"),
        migrate.schema_transaction(engine) as connection,
    ):
        connection.exec_driver_sql("DELETE FROM person")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM person").scalar() == 1


def test_foreign_keys_hold_again_after_a_schema_transaction(sqlite_database: Database) -> None:
    engine = sqlite_database.engine
    fill(engine, 1)
    with migrate.schema_transaction(engine):
        pass
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM person")


def test_a_step_that_fails_leaves_nothing_behind(empty: Engine) -> None:
    def fail() -> None:
        with migrate.schema_transaction(empty) as connection:
            migrate.upgrade_within(connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _tables(empty) == set()


START_AT_ONCE = """
import sys
from storage import migrate
from storage.database import connect
engine = connect(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
migrate.upgrade(engine)
"""


@pytest.mark.slow
def test_processes_that_start_at_once_do_not_collide(empty: Engine) -> None:
    url = empty.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-c", START_AT_ONCE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert errors == ""
        assert process.returncode == 0
    assert differences(empty) == []


def test_the_next_step_is_written_from_the_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_database: Database
) -> None:
    """After the models change; here, by forgetting the history, from nothing to all of them."""
    migrate.downgrade(sqlite_database, "base")
    scripts = tmp_path / "empty"
    shutil.copytree(
        Path(migrate.__file__).parent / "migrations",
        scripts,
        ignore=shutil.ignore_patterns("[0-9]*.py"),
    )
    monkeypatch.setattr(migrate, "_SCRIPTS", str(scripts))
    step = migrate.write_revision("all tables")
    assert step == scripts / "versions" / "0001_all_tables.py"
    text = step.read_text("utf-8")
    assert "sqlmodel" not in text
    # Indexes, too, are written in the form that SQLite can undo.
    assert "batch_alter_table" in text

    migrate.upgrade(sqlite_database)
    assert differences(sqlite_database.engine) == []


def test_the_history_is_one_numbered_line() -> None:
    steps = list(migrate.history().walk_revisions())[::-1]
    assert [step.revision for step in steps] == [f"{n + 1:04}" for n in range(len(steps))]
    for step in steps:
        assert Path(step.path).name.startswith(f"{step.revision}_")


def test_no_step_leans_on_code_that_changes() -> None:
    """A step says what the tables were on its day; our models and SQLModel's types move on."""
    for step in migrate.history().walk_revisions():
        imports = re.findall(
            r"^(?:from|import) ([\w.]+)", Path(step.path).read_text("utf-8"), re.M
        )
        assert {name.split(".")[0] for name in imports} <= {"sqlalchemy", "alembic"}


def test_coordinators_keep_the_whole_of_their_cohorts(empty: Engine) -> None:
    """0005: who had an office is at it, who had a host has no unit; both see the whole."""
    migrate.upgrade(empty, "0004")
    with empty.begin() as connection:
        for statement in [
            "INSERT INTO unit (id, kind, name) VALUES (1, 'office', 'a'), (2, 'host', 'b'),"
            " (3, 'office', 'c'), (4, 'office', 'd')",
            "INSERT INTO person (id, name, language, created_at) VALUES"
            " (1, 'x', 'zh', '2026-11-01'), (2, 'y', 'zh', '2026-11-01')",
            "INSERT INTO cohort (id, programme, name, office_id, created_at) VALUES"
            " (1, 'p', 'one', NULL, '2026-11-01'), (2, 'p', 'two', NULL, '2026-11-01'),"
            " (3, 'p', 'three', 3, '2026-11-01')",
            "INSERT INTO membership (id, cohort_id, person_id, role, unit_id, subject, grade,"
            " created_at, ended_reason) VALUES"
            " (1, 1, 1, 'coordinator', 1, '', '', '2026-11-01', ''),"
            " (2, 1, 2, 'coordinator', 2, '', '', '2026-11-01', ''),"
            " (3, 2, 1, 'coordinator', 3, '', '', '2026-11-01', ''),"
            " (4, 2, 2, 'coordinator', 4, '', '', '2026-11-01', ''),"
            " (5, 3, 1, 'coordinator', 1, '', '', '2026-11-01', ''),"
            " (6, 3, 2, 'mentor', 2, '', '', '2026-11-01', '')",
        ]:
            connection.exec_driver_sql(statement)
    migrate.upgrade(empty)
    with empty.connect() as connection:
        offices = connection.exec_driver_sql("SELECT office_id FROM cohort ORDER BY id")
        assert offices.scalars().all() == [1, None, 3]
        units = connection.exec_driver_sql("SELECT unit_id FROM membership ORDER BY id")
        assert units.scalars().all() == [1, None, 3, 4, 1, 2]
        noted = connection.exec_driver_sql("SELECT object_id FROM audit WHERE verb = 'leave_unit'")
        assert noted.scalars().all() == [2]

"""Seals over the audit: whatever was done to it afterwards is found, and where."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from bot.talk.acting import Operator
from services import audit, sealing
from services.sealing import Fault, FaultKind, Verification
from storage import backup, migrate
from storage.database import Database
from storage.tables import Audit, AuditSeal

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def note(database: Database, count: int = 1, verb: str = "look") -> None:
    """Note some acts, one of which has a reason."""
    with database.transaction() as db:
        for number in range(1, count + 1):
            audit.note(db, Operator(NOW), verb, "record", number, of=f",{number},")
        audit.note(db, Operator(NOW), "end_member", "membership", 7, reason="转学了")


def seal(database: Database, at: datetime = NOW) -> None:
    """Seal as the scheduler does."""
    with database.transaction() as db:
        upto = sealing.settled(db)
    more = True
    while more:
        with database.transaction() as db:
            more = sealing.seal(db, upto, at) is not None


def verify(database: Database, anchor: str = "") -> Verification:
    found = Verification(anchor)
    more = True
    while more:
        with database.transaction() as db:
            more = sealing.verify(db, found)
    return found


def kinds(found: Verification) -> list[tuple[str, int, int | None]]:
    return [(fault.kind.value, fault.seal, fault.row) for fault in found.faults]


def anchor(database: Database) -> str:
    with database.transaction() as db:
        last = sealing.newest(db)
        assert last is not None
        return last.hash


@pytest.fixture
def sealed(database: Database) -> Database:
    """Three seals: over rows 1 to 4, 5 to 8, and 9 to 12."""
    for number in range(3):
        note(database, 3)
        seal(database, NOW + timedelta(minutes=number))
    found = verify(database)
    assert (found.rows, found.seals, found.unsealed, found.faults) == (12, 3, 0, [])
    return database


def tamper(database: Database, *statements: str, **values: object) -> None:
    """Do what somebody does who has the whole database in hand, guards and all."""
    with database.engine.begin() as here:
        if database.embedded:
            for name in here.execute(
                sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).scalars():
                here.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            here.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER ALL")
            here.exec_driver_sql("ALTER TABLE audit_seal DISABLE TRIGGER ALL")
        for statement in statements:
            here.execute(sa.text(statement), values)


INSERT = (
    "INSERT INTO audit (id, at, verb, object, refused, detail) "
    "VALUES ({}, '2026-11-23 02:00:00', 'look', 'record', '', '{{}}')"
)
SWAP = (
    "UPDATE audit SET id = -1 WHERE id = 5",
    "UPDATE audit SET id = 5 WHERE id = 6",
    "UPDATE audit SET id = 6 WHERE id = -1",
)
TAMPERED: dict[str, tuple[tuple[str, ...], list[tuple[str, int, int | None]]]] = {
    "changed": (("UPDATE audit SET object_id = 99 WHERE id = 6",), [("changed", 2, 6)]),
    "its time": (
        ("UPDATE audit SET at = '2026-11-23 03:00:00' WHERE id = 2",),
        [("changed", 1, 2)],
    ),
    "removed": (("DELETE FROM audit WHERE id = 6",), [("removed", 2, 6)]),
    "the tail removed": (
        ("DELETE FROM audit WHERE id > 10",),
        [("removed", 3, 11), ("removed", 3, 12)],
    ),
    "inserted before": ((INSERT.format(0),), [("inserted", 1, 0)]),
    "put in another's place": (
        ("DELETE FROM audit WHERE id = 6", INSERT.format(6)),
        [("changed", 2, 6)],
    ),
    "reordered": (SWAP, [("changed", 2, 5), ("changed", 2, 6)]),
    "a seal dropped": (("DELETE FROM audit_seal WHERE number = 2",), [("seal_missing", 2, None)]),
    "the first seal dropped": (
        ("DELETE FROM audit_seal WHERE number = 1",),
        [("seal_missing", 1, None)],
    ),
    "a seal changed": (
        ("UPDATE audit_seal SET rows = 3 WHERE number = 2",),
        [("seal_changed", 2, None)],
    ),
    "a seal's root": (
        ("UPDATE audit_seal SET root = '' WHERE number = 2",),
        [("seal_changed", 2, None), ("rows", 2, None)],
    ),
    "everything": (("DELETE FROM audit",), [("removed", 1 + n // 4, n + 1) for n in range(12)]),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_what_was_tampered_with_is_found(sealed: Database, how: str) -> None:
    statements, expected = TAMPERED[how]
    tamper(sealed, *statements)
    assert kinds(verify(sealed)) == expected


def test_a_row_between_two_others_is_found(database: Database) -> None:
    """On PostgreSQL an act that was undone leaves a number free, into which a row fits."""
    note(database, 1)
    with database.engine.begin() as here:
        here.exec_driver_sql(INSERT.format(9))
    seal(database)
    tamper(database, INSERT.format(5))
    assert kinds(verify(database)) == [("inserted", 1, 5)]


def test_a_chain_written_anew_from_somewhere_breaks_there(sealed: Database) -> None:
    with sealed.transaction() as db:
        second = db.exec(select(AuditSeal).where(AuditSeal.number == 2)).one()
        db.expunge(second)
    second.rows = 3
    tamper(
        sealed,
        "UPDATE audit_seal SET rows = 3 WHERE number = 2",
        "UPDATE audit_seal SET hash = :made_anew WHERE number = 2",
        made_anew=sealing._hash(second),
    )
    assert kinds(verify(sealed)) == [("broken", 3, None)]


def test_the_end_cut_off_is_found_by_what_was_noted_elsewhere(sealed: Database) -> None:
    noted = anchor(sealed)
    assert verify(sealed, noted).anchored == 3
    assert verify(sealed, noted[:16]).holds
    tamper(sealed, "DELETE FROM audit_seal WHERE number = 3", "DELETE FROM audit WHERE id > 8")
    assert verify(sealed).holds, "this is what the note is for"
    found = verify(sealed, noted)
    assert kinds(found) == [("not_noted", 0, None)]


def test_all_written_anew_is_found_by_what_was_noted_elsewhere(sealed: Database) -> None:
    noted = anchor(sealed)
    tamper(sealed, "DELETE FROM audit_seal", "UPDATE audit SET object_id = 99 WHERE id = 6")
    seal(sealed)
    assert verify(sealed).holds
    assert kinds(verify(sealed, noted)) == [("not_noted", 0, None)]


def test_what_is_added_later_is_told_apart_and_sealed_next(sealed: Database) -> None:
    note(sealed, 2)
    found = verify(sealed)
    assert (found.holds, found.rows, found.unsealed) == (True, 12, 3)
    seal(sealed)
    assert (verify(sealed).rows, verify(sealed).unsealed) == (15, 0)


def test_nothing_new_makes_no_seal(sealed: Database) -> None:
    seal(sealed)
    assert verify(sealed).seals == 3


def test_many_rows_take_several_seals(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST", 4)
    monkeypatch.setattr(sealing, "AT_ONCE", 2)
    note(database, 10)
    seal(database)
    found = verify(database)
    assert (found.rows, found.seals, found.faults) == (11, 3, [])
    tamper(database, "UPDATE audit SET verb = 'x' WHERE id IN (1, 11)")
    assert kinds(verify(database)) == [("changed", 1, 1), ("changed", 3, 11)]


# ---------------------------------------------------------------- the guard, and erasing


FORBIDDEN = (
    "UPDATE audit SET object_id = 99 WHERE id = 1",
    "UPDATE audit SET detail = '{}' WHERE id = 1",
    'UPDATE audit SET detail = \'{"reason": "x"}\' WHERE id = 4',
    "UPDATE audit SET detail = '{\"other\": 1}' WHERE id = 4",
    "DELETE FROM audit WHERE id = 1",
    "UPDATE audit_seal SET rows = 99",
    "DELETE FROM audit_seal",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_database_refuses_changes(sealed: Database, statement: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="only ever added"), sealed.engine.begin() as here:
        here.exec_driver_sql(statement)
    assert verify(sealed).holds


def test_erased_words_are_gone_and_the_seals_hold(sealed: Database) -> None:
    with sealed.transaction() as db:
        before = [row.detail for row in db.exec(select(Audit).where(Audit.object_id == 7))]
        assert [row["reason"] for row in before] == ["转学了"] * 3
        assert len({row["salt"] for row in before}) == 3
        audit.without_words(db, 1, [7])
    with sealed.transaction() as db:
        after = [row.detail for row in db.exec(select(Audit).where(Audit.object_id == 7))]
    # What is left are three different hashes: nobody can try out what the reason was.
    assert [list(row) for row in after] == [["reason_hash"]] * 3
    assert len({row["reason_hash"] for row in after}) == 3
    found = verify(sealed)
    assert (found.faults, found.erased) == ([], 3)


def test_words_erased_before_they_are_sealed(database: Database) -> None:
    note(database)
    with database.transaction() as db:
        audit.without_words(db, 1, [7])
    seal(database)
    assert verify(database).holds


# ---------------------------------------------------------------- moving, migrating


@pytest.mark.parametrize("to", ["sqlite", "postgres"])
def test_a_restored_backup_holds_and_is_guarded(
    sealed: Database, to: str, new_database: Callable[..., str], tmp_path: Path
) -> None:
    noted = anchor(sealed)
    url = sealed.engine.url.render_as_string(hide_password=False)
    backup.backup(url, tmp_path / "files", tmp_path / "b.zip", NOW)
    there = Database(new_database(to, migrated=False))
    try:
        backup.restore(
            tmp_path / "b.zip",
            there.engine.url.render_as_string(hide_password=False),
            tmp_path / "files",
        )
        found = verify(there, noted)
        assert (found.rows, found.seals, found.anchored, found.faults) == (12, 3, 3, [])
        note(there, 1)
        seal(there)
        assert (verify(there).rows, verify(there).faults) == (14, [])
        with pytest.raises(sa.exc.DBAPIError), there.engine.begin() as here:
            here.exec_driver_sql("DELETE FROM audit")
    finally:
        there.close()


OLD = (
    "INSERT INTO audit (id, at, verb, object, object_id, refused, detail) VALUES "
    "({}, '2026-11-23 02:00:00', 'end_member', 'membership', 7, '', "
    '\'{{"reason": "转学了", "role": "student"}}\')'
)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_rows_of_before_are_sealed_and_their_words_can_be_erased(
    kind: str, new_database: Callable[..., str]
) -> None:
    database = Database(new_database(kind, migrated=False))
    try:
        migrate.upgrade(database, "0014")
        with database.engine.begin() as here:
            for number in (1, 2):
                here.exec_driver_sql(OLD.format(number))
        migrate.upgrade(database)
        seal(database)
        assert verify(database).rows == 2
        with database.transaction() as db:
            audit.without_words(db, 1, [7])
        with database.transaction() as db:
            left = [row.detail for row in db.exec(select(Audit))]
        assert [row["role"] for row in left] == ["student"] * 2
        assert left[0]["reason_hash"] != left[1]["reason_hash"]
        assert verify(database).holds
        migrate.downgrade(database, "0014")
        with database.engine.begin() as here:
            here.exec_driver_sql("DELETE FROM audit")
    finally:
        database.close()


# ---------------------------------------------------------------- many at once, and kill -9


def test_a_row_that_is_committed_late_is_waited_for(postgres_database: Database) -> None:
    """Its number is lower than that of a row which is there already."""
    with postgres_database.engine.connect() as slow:
        slow.exec_driver_sql(INSERT.format("nextval('audit_id_seq')"))
        note(postgres_database, 1)
        with (
            pytest.raises(sa.exc.OperationalError, match="lock timeout"),
            postgres_database.transaction() as db,
        ):
            sealing.settled(db)
        slow.commit()
    seal(postgres_database)
    found = verify(postgres_database)
    assert (found.rows, found.faults) == (3, [])


def test_two_that_seal_at_once_make_one_chain(postgres_database: Database) -> None:
    note(postgres_database, 5)
    with postgres_database.transaction() as db:
        upto = sealing.settled(db)
    again = Database(postgres_database.engine.url.render_as_string(hide_password=False))
    try:
        with postgres_database.transaction() as first:
            assert sealing.seal(first, upto, NOW) is not None
            with again.engine.connect() as here:
                here.exec_driver_sql("SET lock_timeout = '50ms'")
                with (
                    Session(here) as second,
                    pytest.raises(sa.exc.OperationalError, match="lock timeout"),
                ):
                    sealing.seal(second, upto, NOW)
        with again.transaction() as second:
            assert sealing.seal(second, upto, NOW) is None
    finally:
        again.close()
    assert verify(postgres_database).seals == 1


DIES = """
import os, signal, sys
from tests.audit.test_sealing import Database, seal, sealing
made, sealing.MOST = sealing.seal, 40
def once_then_die(db, upto, at):
    one = made(db, upto, at)
    db.flush()
    if one is not None and one.number > int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return one
sealing.seal = once_then_die
seal(Database(sys.argv[1]))
"""


@pytest.mark.slow
def test_killed_before_a_commit_it_goes_on_where_it_was(sqlite_database: Database) -> None:
    note(sqlite_database, 119)
    for life, (rows, left) in enumerate([(0, 120), (40, 80), (80, 40), (120, 0)]):
        ended = subprocess.run(  # noqa: S603 - our own interpreter and our own words
            [sys.executable, "-c", DIES, str(sqlite_database.url), str(life)], check=False
        )
        assert ended.returncode == (0 if life == 3 else -signal.SIGKILL)
        found = verify(sqlite_database)
        assert (found.rows, found.unsealed, found.seals, found.faults) == (rows, left, life, [])


def test_a_fault_says_when_the_row_was_written(sealed: Database) -> None:
    tamper(sealed, "DELETE FROM audit WHERE id = 6")
    (fault,) = verify(sealed).faults
    assert fault == Fault(FaultKind.REMOVED, 2, 6, NOW, NOW + timedelta(minutes=1))

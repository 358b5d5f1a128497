"""Transactions keep their promises on both engines."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import Session, select

from storage.database import Database
from storage.tables import Account, Person, Unit, UnitKind

MOMENT = datetime(2026, 11, 23, 2, tzinfo=UTC)


def _add_one(session: Session) -> None:
    """Read a number, and write the next one: what loses updates where transactions leak."""
    unit = session.exec(select(Unit).with_for_update()).one()
    unit.name = str(int(unit.name) + 1)


def _stray() -> Account:
    """A row that refers to one that is not there."""
    return Account(platform="web", address="1", person_id=404, created_at=MOMENT)


@pytest.fixture
def counter(database: Database) -> Database:
    with database.transaction() as session:
        session.add(Unit(kind=UnitKind.SCHOOL, name="0"))
    return database


def _count(database: Database) -> str:
    with database.transaction() as session:
        return session.exec(select(Unit.name)).one()


def test_sixty_changes_from_twenty_threads_are_all_kept(counter: Database) -> None:
    def change(_number: int) -> None:
        with counter.transaction() as session:
            _add_one(session)

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(change, range(60)))
    assert _count(counter) == "60"


async def test_sixty_changes_at_once_from_the_event_loop_are_all_kept(counter: Database) -> None:
    await asyncio.gather(*(counter.run(_add_one) for _ in range(60)))
    assert _count(counter) == "60"


def test_a_transaction_that_raises_leaves_no_trace(counter: Database) -> None:
    def fail() -> None:
        with counter.transaction() as session:
            _add_one(session)
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _count(counter) == "0"


def test_a_part_that_raises_leaves_no_trace_and_the_rest_stays(counter: Database) -> None:
    def fail(session: Session) -> None:
        with session.begin_nested():
            _add_one(session)
            with session.begin_nested():
                _add_one(session)
            with pytest.raises(IntegrityError), session.begin_nested():
                session.add(_stray())
            raise ZeroDivisionError

    with counter.transaction() as session:
        _add_one(session)
        with pytest.raises(ZeroDivisionError):
            fail(session)
        with session.begin_nested():
            _add_one(session)
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(_stray())
        _add_one(session)
    assert _count(counter) == "3"


async def test_run_hands_back_what_the_act_gives_and_raises(counter: Database) -> None:
    def sum_up(session: Session, first: int, *, second: int) -> int:
        return first + second

    def fail(session: Session) -> None:
        _add_one(session)
        raise ZeroDivisionError

    assert await counter.run(sum_up, 1, second=2) == 3
    with pytest.raises(ZeroDivisionError):
        await counter.run(fail)
    assert _count(counter) == "0"


def test_what_sqlite_acknowledges_survives_a_power_cut(sqlite_database: Database) -> None:
    full = 2
    with sqlite_database.engine.connect() as connection:
        for pragma, expected in (
            ("journal_mode", "wal"),
            ("synchronous", full),
            ("foreign_keys", 1),
        ):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == expected


def test_a_row_cannot_refer_to_one_that_is_not_there(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.add(_stray())


def test_times_are_stored_in_utc_and_come_back_aware(database: Database) -> None:
    beijing = timezone(timedelta(hours=8))
    with database.transaction() as session:
        session.add(Person(name="张三", created_at=MOMENT.astimezone(beijing)))
    with database.transaction() as session:
        found = session.exec(select(Person)).one().created_at
    assert found == MOMENT
    assert found.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="timezone"), database.transaction() as session:
        session.add(Person(name="张三", created_at=MOMENT.replace(tzinfo=None)))


def test_a_word_is_stored_as_its_value_and_chinese_as_chinese(database: Database) -> None:
    offered = [["提交", "submit", True]]
    with database.transaction() as session:
        session.add(Unit(kind=UnitKind.HOST, name="山西大学"))
        session.add(Account(platform="web", address="1", offered=offered, created_at=MOMENT))
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT kind FROM unit").scalar() == "host"
        stored = sa.text("SELECT CAST(offered AS TEXT) FROM account")
        assert "提交" in str(connection.scalar(stored))
    with database.transaction() as session:
        assert session.exec(select(Account)).one().offered == offered

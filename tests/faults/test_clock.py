"""A moved clock: outages of days, midnight in Beijing, month ends and the leap day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.talk.clock import SetClock
from bot.talk.message import Incoming, as_text
from prompts import BEIJING
from storage.database import Database
from storage.tables import Audit, Outbox, Record, SendState
from tests.conftest import NewDatabase
from tests.faults.small import Small, messenger
from tests.house import House

OUTAGE = timedelta(days=3)


def beijing(year: int, month: int, day: int, hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=BEIJING).astimezone(UTC)


# ---------------------------------------------------------------- an outage


@pytest.fixture
async def house(new_database: NewDatabase, tmp_path: Path, clock: SetClock) -> House:
    """A student and her mentor have joined; it is Monday 23 November 2026, ten in the morning."""
    house = await House.open(new_database("sqlite"), tmp_path, clock)
    await house.populate()
    await house.join("林小雨", "王建国")
    return house


async def test_what_was_said_before_an_outage_means_what_it_meant_then(house: House) -> None:
    student = house.members["林小雨"]
    await student.says("记一次培养")
    for words in ("昨天下午", "2小时", "到校面对面", "课题研究"):
        await house.receive(Incoming(student.address, text=words))
    house.clock.move(OUTAGE)
    await house.restart()
    await house.settle()
    for words in ("王建国", "搭光路", "提交"):
        await student.says(words)
    with house.app.database.transaction() as db:
        record = db.exec(select(Record)).one()
        acts = {row.verb: row.at for row in db.exec(select(Audit).order_by(col(Audit.id)))}
    house.close()
    assert record.day == date(2026, 11, 22)
    assert record.submitted_at.astimezone(BEIJING).date() == date(2026, 11, 26)
    assert max(acts.values()) == record.submitted_at


async def test_what_was_handed_in_before_an_outage_was_handed_in_then(house: House) -> None:
    student, mentor = house.members["林小雨"], house.members["王建国"]
    await student.says("记一次培养")
    for words in ("昨天下午", "2小时", "到校面对面", "课题研究", "王建国", "搭光路"):
        await student.says(words)
    await house.receive(Incoming(student.address, text="提交"))
    said = house.clock.now()
    house.clock.move(OUTAGE)
    await house.restart()
    mentor.reads()
    await house.settle()
    assert any("林小雨" in as_text(message) for message in mentor.unread())
    with house.app.database.transaction() as db:
        record = db.exec(select(Record)).one()
        states = set(db.exec(select(Outbox.state)))
    house.close()
    assert record.submitted_at == said
    assert states == {SendState.SENT}


async def test_what_was_to_be_said_when_the_outage_began_is_said_after_it(house: House) -> None:
    student = house.members["林小雨"]
    student.reads()
    await house.receive(Incoming(student.address, text="菜单"))
    await house.app.inbox.drain()  # handled, and the reply not sent
    house.clock.move(OUTAGE)
    await house.restart()
    await house.settle()
    house.close()
    assert len(student.unread()) == 1


# ---------------------------------------------------------------- midnight


async def day_answered(small: Small, began: datetime, answered: datetime, words: str) -> list[str]:
    """Which day a talk begun then takes words for that are said later; replayed anew each time."""
    small.clock.moment = began
    await small.talks("lin", "/day")
    small.open()
    small.clock.moment = answered
    await small.talks("lin", words)
    small.open()
    return small.heard("lin")


EVE, DAY_AFTER = beijing(2026, 11, 30, 23, 59), beijing(2026, 12, 1, 0, 1)
LEAP_EVE, LEAP_AFTER = beijing(2028, 2, 29, 23, 59), beijing(2028, 3, 1, 0, 1)


@pytest.mark.parametrize(
    ("began", "answered", "words", "meant"),
    [
        (EVE, EVE, "今天", "2026-11-30"),
        (EVE, DAY_AFTER, "今天", "2026-12-01"),
        (EVE, DAY_AFTER, "昨天", "2026-11-30"),
        (EVE, DAY_AFTER, "前天", "2026-11-29"),
        (EVE, DAY_AFTER, "30号", "2026-11-30"),
        (EVE - timedelta(days=30), DAY_AFTER, "昨天", "2026-11-30"),
        (LEAP_EVE, LEAP_EVE, "今天", "2028-02-29"),
        (LEAP_EVE, LEAP_AFTER, "昨天", "2028-02-29"),
        (LEAP_EVE, LEAP_AFTER, "2月29日", "2028-02-29"),
        (LEAP_EVE, LEAP_AFTER, "前天", "2028-02-28"),
        (beijing(2027, 3, 1, 0, 1), beijing(2027, 3, 1, 0, 1), "昨天", "2027-02-28"),
        (beijing(2026, 12, 31, 23, 59), beijing(2027, 1, 1, 0, 1), "昨天", "2026-12-31"),
    ],
)
async def test_a_day_is_meant_as_of_when_it_was_said(
    sqlite_database: Database,
    clock: SetClock,
    began: datetime,
    answered: datetime,
    words: str,
    meant: str,
) -> None:
    small = Small(sqlite_database, clock, {"fake": messenger()})
    assert await day_answered(small, began, answered, words) == [f"day: {meant}"]


async def test_the_twenty_ninth_of_february_is_asked_again_where_there_is_none(
    small: Small,
) -> None:
    now = beijing(2027, 3, 5, 12, 0)
    assert await day_answered(small, now, now, "2027年2月29日") == []
    assert "which day?" in small.platform.texts("lin")[-1]
    await small.talks("lin", "2月28日")
    assert small.heard("lin") == ["day: 2027-02-28"]


async def test_a_button_means_the_day_that_stands_on_it(small: Small) -> None:
    small.clock.moment = EVE
    await small.talks("lin", "/day")
    today = small.platform.shown[-1].message.rows[0][0]
    assert "11月30日" in today.label
    small.clock.moment = DAY_AFTER
    await small.inbox.receive("fake", [small.pressed("lin", today.press)])
    await small.settle()
    assert small.heard("lin") == ["day: 2026-11-30"]


async def test_what_comes_before_midnight_and_is_handled_after_it_was_said_before(
    small: Small,
) -> None:
    small.clock.moment = beijing(2026, 11, 30, 23, 59, 59)
    await small.hears("lin", "/day", "今天")
    small.clock.moment = beijing(2026, 12, 1, 0, 0, 1)
    await small.settle()
    assert small.heard("lin") == ["day: 2026-11-30"]


async def test_each_of_one_batch_is_handled_as_of_its_own_moment(small: Small) -> None:
    small.clock.moment = EVE
    await small.hears("lin", "/day", "今天")
    await small.hears("zhao", "/day")
    small.clock.moment = DAY_AFTER
    await small.hears("zhao", "今天")
    await small.settle()
    assert small.heard("lin") == ["day: 2026-11-30"]
    assert small.heard("zhao") == ["day: 2026-12-01"]
    assert [row.at for row in small.rows(Audit)] == [EVE, DAY_AFTER]

"""Lists where much waits: what is read grows with the page, not with what waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlmodel import Session, col, select

from bot.talk.clock import SetClock, beijing_day
from handlers.review import AT_ONCE
from services import progress
from storage.tables import (
    Audit,
    Cohort,
    Membership,
    Mentoring,
    Opening,
    Person,
    Record,
    RecordKind,
    RecordState,
    RecordVersion,
    Role,
)
from tests.conftest import NewDatabase
from tests.house import House, Member

MANY = 400
MOST_LOADED = 60
"""Rows that a page of a few lines may make objects of, whoever asks."""


@contextmanager
def loaded(house: House) -> Iterator[Callable[[], int]]:
    """How many rows are made objects of."""
    count = 0

    def one_more(_session: Any, _row: object) -> None:
        nonlocal count
        count += 1

    event.listen(house.app.database._sessions, "loaded_as_persistent", one_more)
    try:
        yield lambda: count
    finally:
        event.remove(house.app.database._sessions, "loaded_as_persistent", one_more)


def crowd(house: House) -> None:
    """Many students of 王建国, each with a session that waits."""
    at = house.clock.now() - timedelta(days=3)
    with house.app.database.transaction() as db:
        cohort = db.exec(select(Cohort)).one()
        mentor = house.members["王建国"].membership_id
        _insert(db, cohort.id or 0, mentor, at)


def _insert(db: Session, cohort: int, mentor: int, at: Any) -> None:
    numbers = range(1000, 1000 + MANY)
    db.connection().execute(
        insert(Person),
        [{"id": n, "name": f"学生{n}", "language": "zh", "created_at": at} for n in numbers],
    )
    db.connection().execute(
        insert(Membership),
        [
            {
                "id": n,
                "cohort_id": cohort,
                "person_id": n,
                "role": Role.STUDENT,
                "subject": "",
                "grade": "senior_1",
                "created_at": at,
                "ended_reason": "",
            }
            for n in numbers
        ],
    )
    db.connection().execute(
        insert(Mentoring),
        [{"student_id": n, "mentor_id": mentor, "created_at": at} for n in numbers],
    )
    db.connection().execute(
        insert(Record),
        [
            {
                "id": n,
                "kind": RecordKind.SESSION,
                "student_id": n,
                "period": "",
                "day": at.date(),
                "state": RecordState.SUBMITTED,
                "version": 1,
                "created_at": at,
                "submitted_at": at + timedelta(seconds=n),
            }
            for n in numbers
        ],
    )
    body = {
        "day": at.date().isoformat(),
        "start": None,
        "part": "afternoon",
        "minutes": 120,
        "place": "on_campus",
        "kind": "research",
        "people": ["王建国"],
        "what": "搭光路",
        "files": [],
    }
    db.connection().execute(
        insert(RecordVersion),
        [{"record_id": n, "version": 1, "body": body, "written_by": n, "at": at} for n in numbers],
    )


@pytest.fixture
async def house(new_database: NewDatabase, tmp_path: Path, clock: SetClock) -> Any:
    house = await House.open(new_database("sqlite"), tmp_path, clock)
    await house.populate()
    await house.join("王建国")
    crowd(house)
    yield house
    house.close()


@pytest.fixture
def mentor(house: House) -> Member:
    return house.members["王建国"]


@pytest.mark.parametrize(
    "said", ["待审", "全部通过", "我的学生", "学生1234最近怎么样", "菜单", "谢谢"]
)
async def test_a_page_reads_a_page(house: House, mentor: Member, said: str) -> None:
    with loaded(house) as rows:
        await mentor.says(said)
    assert rows() <= MOST_LOADED


async def test_the_queue_is_counted_and_paged(house: House, mentor: Member) -> None:
    assert f"{MANY} 条" in await mentor.says("待审")
    first = [line for line in mentor.sees.splitlines() if "学生10" in line][:5]
    assert all(f"学生100{n}" in line for n, line in enumerate(first))
    with loaded(house) as rows:
        sees = await mentor.presses("下一页")
    assert "学生1005" in sees
    assert "学生1004" not in sees.split("学生1005")[1].split("[")[0]
    assert rows() <= MOST_LOADED


async def test_after_one_the_next_is_offered_with_how_many_are_left(
    house: House, mentor: Member
) -> None:
    await mentor.says("待审")
    await mentor.presses("1")
    with loaded(house) as rows:
        sees = await mentor.presses("通过")
    assert str(MANY - 1) in sees
    assert rows() <= MOST_LOADED


async def test_no_press_approves_more_than_it_can_at_once(house: House, mentor: Member) -> None:
    with house.app.database.transaction() as db:
        db.connection().execute(
            insert(Opening),
            [
                {
                    "record_id": n,
                    "version": 1,
                    "person_id": mentor.person_id,
                    "at": house.clock.now(),
                }
                for n in range(1000, 1000 + 2 * AT_ONCE + 5)
            ],
        )
    await mentor.says("待审")
    left = []
    for _ in range(3):
        await mentor.presses("通过已看过")
        with house.app.database.transaction() as db:
            waits = col(Record.state) == RecordState.SUBMITTED
            left.append(len(db.exec(select(Record.id).where(waits)).all()))
    assert left == [MANY - AT_ONCE, MANY - 2 * AT_ONCE, MANY - 2 * AT_ONCE - 5]


async def test_who_is_named_among_many_is_found(house: House, mentor: Member) -> None:
    assert "学生1234" in await mentor.says("学生1234最近怎么样")


# ---------------------------------------------------------------- how a big cohort stands


@pytest.fixture
async def office(house: House) -> Member:
    await house.join("管小青")
    return house.members["管小青"]


async def test_a_big_cohort_is_counted_a_part_at_a_time_and_then_only_what_changes(
    house: House, office: Member, mentor: Member
) -> None:
    """While it is not counted, that is said; afterwards a page reads a page."""
    assert "正在统计" in await office.says("/cohort")
    today = beijing_day(house.clock.now())
    parts = 1
    while await house.app.database.run(progress.count_ahead, today):
        parts += 1
    assert parts <= MANY // progress.AT_ONCE + 1
    for said in ("/cohort", "谁还没达标"):
        with loaded(house) as rows:
            sees = await office.says(said)
        assert "正在统计" not in sees
        assert rows() <= 2 * MOST_LOADED
    assert str(MANY) in await office.says("/cohort")


async def test_what_is_handed_in_and_settled_is_counted_at_once(
    house: House, office: Member, mentor: Member
) -> None:
    def standing(number: int) -> progress.InShort:
        with house.app.database.transaction() as db:
            cohort = db.exec(select(Cohort)).one()
            found, _ = progress.in_short(db, cohort, beijing_day(house.clock.now()))
            return next(one for one in found if one.member_id == number)

    today = beijing_day(house.clock.now())
    while await house.app.database.run(progress.count_ahead, today):
        pass
    await house.join("林小雨")
    student = house.members["林小雨"]
    before = standing(student.membership_id)
    assert before.unwritten == {}
    await student.says("昨天下午在校和王老师做了两小时双缝实验")
    await student.presses("提交")
    after = standing(student.membership_id)
    assert after != before


async def test_an_act_that_is_undone_leaves_nothing_counted(house: House) -> None:
    """What was counted of it is not taken for what another then does."""
    today = beijing_day(house.clock.now())
    while await house.app.database.run(progress.count_ahead, today):
        pass

    def act(db: Session, minutes: int) -> progress.InShort:
        record = db.get(Record, 1000)
        assert record is not None
        record.state = RecordState.APPROVED if minutes else RecordState.WITHDRAWN
        db.add(Audit(at=house.clock.now(), verb="review", object="record", object_id=1000))
        db.flush()
        found, _ = progress.in_short(db, db.exec(select(Cohort)).one(), today)
        return next(one for one in found if one.member_id == 1000)

    with house.app.database._sessions() as db:
        undone = act(db, 0)
        db.rollback()
    with house.app.database.transaction() as db:
        done = act(db, 120)
    assert done != undone

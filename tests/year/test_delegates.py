"""A team member stands in for a mentor between two days: what they may then, and what stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest
from sqlmodel import col, select

from bot.talk.acting import Actor, Operator, Refused
from programmes.reminding import To
from services import delegates, evaluations, persons, records, roster
from services.access import held
from services.evaluations import EvaluationBody
from services.standing import standings_on
from storage.tables import (
    Delegation,
    Evaluation,
    EvaluationVersion,
    Mentoring,
    Record,
    RecordState,
    Review,
)
from tests.house import House
from tests.year.conftest import OpenHouse

DAY: Final = timedelta(days=1)
FIRST, LAST = date(2026, 4, 8), date(2026, 4, 12)
"""周岚, the mentor of 赵一鸣, is away; 李青 is of the same university, and cultivates 林小雨."""


def at(house: House, day: date, hour: int = 10) -> datetime:
    """Let an hour of a day come, in Beijing."""
    house.clock.moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC) - timedelta(
        hours=8
    )
    return house.clock.moment


async def open_with_delegate(open_house: OpenHouse) -> House:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    with house.app.database.transaction() as db:
        mentor = Actor(house.members["周岚"].person_id, None, house.clock.now())
        delegates.appoint(db, mentor, house.members["李青"].membership_id, FIRST, LAST)
    await house.settle()
    return house


async def tick(house: House, day: date) -> None:
    at(house, day)
    await house.app.remind()
    await house.settle()


def may(house: House, act: str = "approve") -> bool:
    with house.app.database.transaction() as db:
        other = house.members["赵一鸣"].membership_id
        return held(db, house.members["李青"].person_id, act, other) is not None


async def hand_in(house: House) -> int:
    student = house.members["赵一鸣"]
    await student.says("昨天下午在校和周老师做了两小时双缝实验")
    await student.presses("提交")
    with house.app.database.transaction() as db:
        return db.exec(select(Record.id).order_by(col(Record.id).desc())).first() or 0


async def test_it_begins_and_ends_with_its_days(open_house: OpenHouse) -> None:
    house = await open_with_delegate(open_house)
    assert "请您在" in house.members["李青"].reads()
    for day, standing in [
        (FIRST - DAY, False),
        (FIRST, True),
        (LAST, True),
        (LAST, True),
        (LAST + DAY, False),
        (LAST + DAY, False),
    ]:
        await tick(house, day)
        assert may(house) is standing, day
        assert may(house, "read") is standing, day
    with house.app.database.transaction() as db:
        links = db.exec(select(Mentoring).where(col(Mentoring.stands_in_for).is_not(None))).all()
        assert len(links) == 1, "one link, made once and ended once"


async def test_both_names_stay_on_what_was_approved(open_house: OpenHouse) -> None:
    house = await open_with_delegate(open_house)
    await tick(house, FIRST)
    delegate, student = house.members["李青"], house.members["赵一鸣"]
    await hand_in(house)
    delegate.reads()
    assert "李青（代周岚）" in await delegate.presses("通过")
    assert "李青（代周岚）" in student.reads()
    await tick(house, LAST + DAY)
    await student.says("我的记录")
    assert "李青（代周岚）" in await student.says("1"), "long after it is over"
    with house.app.database.transaction() as db:
        [review] = db.exec(select(Review)).all()
        assert review.reviewer_id == delegate.membership_id
        assert review.stood_in_for == house.members["周岚"].membership_id


async def test_what_one_does_for_ones_own_bears_one_name(open_house: OpenHouse) -> None:
    house = await open_with_delegate(open_house)
    await tick(house, FIRST)
    student, delegate = house.members["林小雨"], house.members["李青"]
    await student.says("昨天下午在校和王老师做了两小时双缝实验")
    await student.presses("提交")
    delegate.reads()
    told = await delegate.presses("通过")
    assert "审核：李青，" in told


async def test_when_the_days_are_over_nothing_is_decided_though_no_clock_has_ticked(
    open_house: OpenHouse,
) -> None:
    house = await open_with_delegate(open_house)
    await tick(house, FIRST)
    record = await hand_in(house)
    now = at(house, LAST + DAY)
    assert may(house), "nobody has ended the link"
    delegate = house.members["李青"]
    with house.app.database.transaction() as db:
        actor = Actor(delegate.person_id, None, now)
        with pytest.raises(Refused, match=r"delegate\.over"):
            records.review(db, actor, record, 1, approve=True)
    assert "已经过了" in await delegate.presses("通过")
    with house.app.database.transaction() as db:
        assert db.get_one(Record, record).state is RecordState.SUBMITTED


async def test_an_evaluation_bears_both_names(open_house: OpenHouse) -> None:
    house = await open_with_delegate(open_house)
    await tick(house, FIRST)
    other = house.members["赵一鸣"]
    with house.app.database.transaction() as db:
        actor = Actor(house.members["李青"].person_id, None, house.clock.now())
        body = EvaluationBody(comment="按计划推进")
        entry = evaluations.sign(db, actor, other.membership_id, "initial", "team", 0, body)
        [row] = db.exec(select(EvaluationVersion)).all()
        assert row.stood_in_for == house.members["周岚"].membership_id
        assert db.get_one(Evaluation, entry.id).version == 1
    await other.says("评价")
    assert "李青（代周岚）" in await other.says("1")


async def test_what_waits_comes_before_the_delegate_as_before_the_mentor(
    open_house: OpenHouse,
) -> None:
    house = await open_with_delegate(open_house)
    await tick(house, FIRST)
    await hand_in(house)
    student = house.members["赵一鸣"].membership_id

    def told(day: date) -> set[tuple[int, To]]:
        with house.app.database.transaction() as db:
            due = standings_on(db, [student], day).due.values()
            return {(one.key.person_id, one.to) for one in due if one.matter.about == "queue"}

    mentor, delegate = house.members["周岚"].person_id, house.members["李青"].person_id
    assert told(FIRST + 3 * DAY) == {(mentor, To.MENTOR), (delegate, To.MENTOR)}
    await tick(house, LAST + DAY)
    assert told(FIRST + 6 * DAY) == {(mentor, To.MENTOR)}, "no more once it is over"


async def test_only_mentors_appoint_and_only_team_members_of_theirs_stand_in(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    now = house.clock.now()
    with house.app.database.transaction() as db:
        for name in ("林小雨", "李青", "郭老师", "管小青", "林大海"):
            actor = Actor(house.members[name].person_id, None, now)
            with pytest.raises(Refused, match=r"delegate\."):
                delegates.appoint(db, actor, house.members["李青"].membership_id, FIRST, LAST)
        mentor = Actor(house.members["周岚"].person_id, None, now)
        for name in ("林小雨", "王建国", "周岚", "郭老师"):
            with pytest.raises(Refused, match=r"delegate\.not_this_one"):
                delegates.appoint(db, mentor, house.members[name].membership_id, FIRST, LAST)
        for first, last in [
            (LAST, FIRST),
            (FIRST - 20 * DAY, FIRST - 10 * DAY),
            (FIRST, FIRST + 181 * DAY),
        ]:
            with pytest.raises(Refused, match=r"delegate\.not_these_days"):
                delegates.appoint(db, mentor, house.members["李青"].membership_id, first, last)


async def test_either_ends_it_and_a_second_press_changes_nothing(open_house: OpenHouse) -> None:
    house = await open_with_delegate(open_house)
    await tick(house, FIRST)
    assert may(house)
    for name in ("李青", "周岚"):
        with house.app.database.transaction() as db:
            actor = Actor(house.members[name].person_id, None, house.clock.now())
            delegates.end(db, actor, 1)
        assert not may(house)
    with house.app.database.transaction() as db:
        stranger = Actor(house.members["王建国"].person_id, None, house.clock.now())
        with pytest.raises(Refused, match=r"delegate\.not_yours"):
            delegates.end(db, stranger, 1)
        # The same days may be asked for again.
        mentor = Actor(house.members["周岚"].person_id, None, house.clock.now())
        delegates.appoint(db, mentor, house.members["李青"].membership_id, FIRST, LAST)
    assert may(house)


async def test_a_link_that_the_office_makes_outlasts_it(open_house: OpenHouse) -> None:
    house = await open_with_delegate(open_house)
    await tick(house, FIRST)
    with house.app.database.transaction() as db:
        by = Operator(house.clock.now())
        student, team = house.members["赵一鸣"], house.members["李青"]
        roster.link_mentor(db, by, student.membership_id, team.membership_id)
    await tick(house, LAST + DAY)
    assert may(house)


async def test_it_ends_with_the_mentors_place(open_house: OpenHouse) -> None:
    house = await open_with_delegate(open_house)
    await tick(house, FIRST)
    with house.app.database.transaction() as db:
        by = Operator(house.clock.now())
        roster.end_member(db, by, house.members["周岚"].membership_id, "离开")
    await tick(house, FIRST + DAY)
    assert not may(house)


async def test_erasing_one_of_them_takes_it_along(open_house: OpenHouse) -> None:
    house = await open_with_delegate(open_house)
    with house.app.database.transaction() as db:
        rows, _ = persons.everything(db, house.members["李青"].person_id)
        assert len(rows["stands_in"]) == 1
        persons.erase(db, Operator(house.clock.now()), house.members["李青"].person_id)
        assert not db.exec(select(Delegation)).all()

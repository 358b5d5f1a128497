"""A place passes from one person to another on a day: what each may before and after, and what
goes along."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Operator, Refused
from services import handovers, persons, roster
from services.access import held
from storage.tables import Account, Audit, Handover, Membership, Mentoring, Role
from tests.house import House
from tests.year.conftest import OpenHouse, open_house

__all__ = ["open_house"]

DAY: Final = timedelta(days=1)
TODAY, FIRST = date(2026, 4, 6), date(2026, 4, 10)


async def tick(house: House, day: date) -> None:
    house.clock.moment = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    await house.app.remind()
    await house.app.remind()
    await house.settle()


def arrange(house: House, holder: str, successor: str, first: date = FIRST) -> int:
    """Let the office arrange a handover to somebody of the house, or to somebody new."""
    with house.app.database.transaction() as db:
        office = Actor(house.members["管小青"].person_id, None, house.clock.now())
        known = house.members.get(successor)
        to = known.person_id if known else successor
        place = house.members[holder].membership_id
        return handovers.arrange(db, office, place, to, first).id or 0


def may(house: House, name: str, student: str, act: str = "read_student") -> bool:
    with house.app.database.transaction() as db:
        person, place = house.members[name].person_id, house.members[student].membership_id
        return held(db, person, act, place) is not None


async def test_a_mentors_students_and_what_waits_go_along_on_the_day(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    student, old, new = (house.members[name] for name in ("林小雨", "王建国", "周岚"))
    await student.says("昨天下午在校和王老师做了两小时双缝实验")
    await student.presses("提交")
    for one in (old, new):
        one.reads()
    arrange(house, "王建国", "周岚")
    await house.settle()
    assert "由 周岚 接任" in old.reads()
    assert "由您接任 王建国" in new.reads()
    for day, before in ((TODAY, True), (FIRST - DAY, True), (FIRST, False), (FIRST + DAY, False)):
        await tick(house, day)
        assert may(house, "王建国", "林小雨", "approve") is before, day
        assert may(house, "周岚", "林小雨", "approve") is not before, day
    assert "等您审的有 1 条" in new.reads()
    assert "林小雨" in await new.presses("待审")
    with house.app.database.transaction() as db:
        [row] = db.exec(select(Handover)).all()
        assert row.done_at is not None
        place = db.get_one(Membership, row.place_id)
        assert (place.person_id, row.successor_id) == (old.person_id, new.person_id)
        assert "周岚" in place.ended_reason
        now = select(Mentoring).where(col(Mentoring.ended_at).is_(None))
        assert {link.mentor_id for link in db.exec(now)} == {
            new.membership_id,
            house.members["李青"].membership_id,
        }


async def test_somebody_new_takes_over_a_school_and_joins_on_the_day(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    office, old = house.members["管小青"], house.members["郭老师"]
    arrange(house, "郭老师", "孟新")
    await tick(house, FIRST - DAY)
    with house.app.database.transaction() as db:
        row = db.exec(select(Handover)).one()
        assert row.to_id is None
        assert not db.exec(
            select(Membership).where(Membership.person_id == row.successor_id)
        ).all()
    assert may(house, "郭老师", "林小雨")
    office.reads()
    await tick(house, FIRST)
    assert not may(house, "郭老师", "林小雨")
    assert "还没有加入" in office.reads()
    assert "孟新" in await office.presses("发邀请卡")
    assert "由 孟新 接任" in old.reads()
    with house.app.database.transaction() as db:
        row = db.exec(select(Handover)).one()
        new, was = db.get_one(Membership, row.to_id), db.get_one(Membership, row.place_id)
        assert (new.role, new.unit_id) == (Role.SCHOOL_TEACHER, was.unit_id)
        student = house.members["林小雨"].membership_id
        assert held(db, new.person_id, "read_student", student) is not None


async def test_it_is_withdrawn_before_its_day_and_not_after(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    office, old, new = (house.members[name] for name in ("管小青", "王建国", "周岚"))
    arrange(house, "王建国", "周岚")
    await house.settle()
    old.reads()
    new.reads()
    await office.says("交接")
    assert "王建国 → 周岚" in office.sees
    await office.presses("撤销：王建国")
    assert "撤销了" in old.reads()
    assert "撤销了" in new.reads()
    await tick(house, FIRST)
    assert may(house, "王建国", "林小雨")
    number = arrange(house, "王建国", "周岚", FIRST + DAY)
    await tick(house, FIRST + DAY)
    await tick(house, FIRST + DAY + handovers.BACK + DAY)
    with house.app.database.transaction() as db:
        actor = Actor(office.person_id, None, house.clock.now())
        with pytest.raises(Refused, match=r"handover\.done_already"):
            handovers.withdraw(db, actor, number)


async def test_a_coordinator_says_who_takes_over_from_them(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    office, new = house.members["管小青"], house.members["李青"]
    assert "谁接任" in await office.says("从4月10日起由孟老师接任"), "nobody is called so"
    assert "打全名" in await office.says("孟老师")
    assert "名册上还没有 孟新芽" in await office.says("孟新芽老师")
    await office.presses("先放下")
    await office.says("从4月10日起由李老师接任")
    assert "李青 接任" in office.sees
    assert "4月10日" in office.sees
    await office.presses("安排交接")
    assert "安排好了" in office.sees
    await tick(house, FIRST - DAY)
    assert may(house, "管小青", "赵一鸣")
    assert not may(house, "李青", "赵一鸣")
    await tick(house, FIRST)
    assert may(house, "李青", "赵一鸣")
    assert not may(house, "管小青", "赵一鸣")
    assert "本期概况" in await new.says("菜单")


async def test_nobody_is_taken_for_another(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    office = house.members["管小青"]
    for told in (
        "薛静宜从4月10日起由管小青接任",
        "薛静宜从明天起由管小青接任",
        "把薛静宜的岗位4月10日起交给李青",
        "4月10日起李青接任薛静宜",
        "请从4月10日起由李青接替薛静宜老师",
        "林大海从4月10日起由李青接任",
    ):
        heard = await office.says(told)
        assert "您负责的范围里没有" in heard, told
        assert ("林大海" if "林大海" in told else "薛静宜") in heard
    assert "in your charge" in await english(house, "Xue Jingyi is taken over by Li Qing")
    for told in ("管小青从明天起由管小青接任", "从明天起由管小青接任", "从明天起由我接任"):
        assert "现在就在这个岗位上" in await office.says(told), told
    assert "谁的岗位" in await office.says("下学期人手有变动，从4月10日起由李青接任")
    assert "管小青：" in office.sees
    await office.says("王建过从4月10日起由李青接任")
    assert "谁的岗位" in office.sees, "a name that only sounds so is asked about"
    await office.presses("王建国")
    assert "王建国 的岗位" in office.sees
    assert "由 李青 接任" in office.sees, "the sentence is not forgotten"
    await office.presses("安排交接")
    await office.says("我要调走了，4月10日起由周岚接任")
    assert "管小青 的岗位" in office.sees


async def english(house: House, words: str) -> str:
    office = house.members["管小青"]
    await office.says("/language en")
    heard = await office.says(words)
    await office.says("/language zh")
    return heard


async def test_a_place_that_is_handed_over_already_is_said_to_be_before_anything_is_asked(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    office = house.members["管小青"]
    arrange(house, "王建国", "周岚")
    assert "已经安排从" in await office.says("王建国从4月12日起由李青接任")
    assert "安排交接" not in " ".join(office.buttons)
    await office.presses("撤销：王建国")
    assert "王建国 的岗位" in await office.says("王建国从4月12日起由李青接任")


async def test_the_name_of_a_place_goes_to_its_own_question(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    office = house.members["管小青"]
    await office.says("郭老师从4月10日起由孟老师接任")
    assert "郭老师 的岗位" in office.sees
    await office.says("交接")
    await office.presses("交接一个岗位")
    assert "谁的岗位" in office.sees
    assert "郭老师 的岗位" not in office.sees
    await office.says("王建国")
    assert "王建国 的岗位" in office.sees


async def test_what_was_handed_over_today_is_taken_back_with_all_its_links(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    office, old, new = (house.members[name] for name in ("管小青", "王建国", "周岚"))
    with house.app.database.transaction() as db:
        before = state_of(db)
    await office.says("王建国从今天起由周岚接任")
    assert "马上失去" in office.sees
    await office.presses("现在就交接")
    told = new.reads()
    assert "从今天起，您接任 王建国" in told
    assert "那天以前" not in told
    assert "从今天起，您的岗位" in old.reads()
    assert may(house, "周岚", "林小雨")
    await office.presses("换回来：周岚")
    assert "换回给您了" in old.reads()
    assert "换回给 王建国" in new.reads()
    with house.app.database.transaction() as db:
        assert state_of(db) == before
    assert not may(house, "周岚", "林小雨")
    assert may(house, "周岚", "赵一鸣")
    assert "已换回" in await office.says("交接")


async def test_a_school_is_taken_back_with_its_person_to_turn_to_and_who_came_since(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    with house.app.database.transaction() as db:
        by = Operator(house.clock.now())
        person = house.members["郭老师"].person_id
        roster.add_member(db, by, 1, person, Role.HELP_CONTACT)
        before = state_of(db)
    number = arrange(house, "郭老师", "孟新", TODAY)
    with house.app.database.transaction() as db:
        assert state_of(db) != before
        handovers.withdraw(db, Operator(house.clock.now()), number)
        assert state_of(db) == before
    number = arrange(house, "王建国", "孟新芽", TODAY)
    with house.app.database.transaction() as db:
        by = Operator(house.clock.now())
        row = db.get_one(Handover, number)
        came = house.members["赵一鸣"].membership_id
        roster.link_mentor(db, by, came, row.to_id or 0)
        handovers.withdraw(db, by, number)
        handovers.withdraw(db, by, number)
    assert may(house, "王建国", "林小雨")
    assert may(house, "王建国", "赵一鸣"), "nobody is left without a mentor"
    number = arrange(house, "王建国", "周岚", TODAY)
    with house.app.database.transaction() as db:
        by = Operator(house.clock.now())
        row = db.get_one(Handover, number)
        roster.end_member(db, by, row.to_id or 0, "调走")
        with pytest.raises(Refused, match=r"handover\.gone_on"):
            handovers.withdraw(db, by, number)


async def test_who_has_left_is_offered_as_the_same_person(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    office, old = house.members["管小青"], house.members["郭老师"]
    arrange(house, "郭老师", "孟新")
    await tick(house, FIRST)
    await office.says("孟新从4月12日起由郭老师接任")
    assert "由 郭老师 接任" in office.sees
    assert "登记" not in office.sees
    await office.presses("安排交接")
    await tick(house, FIRST + 2 * DAY)
    assert may(house, "郭老师", "林小雨")
    with house.app.database.transaction() as db:
        assert db.get_one(Membership, old.membership_id).ended_at is None


def state_of(db: Session) -> set[tuple[object, ...]]:
    """Which places and links there are now."""
    places = select(Membership.id).where(col(Membership.ended_at).is_(None))
    links = select(Mentoring).where(col(Mentoring.ended_at).is_(None))
    linked = {(one.student_id, one.mentor_id, one.stands_in_for) for one in db.exec(links)}
    return {(one,) for one in db.exec(places)} | linked


async def test_only_an_office_hands_over_and_only_to_who_can_have_the_place(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    now, people = house.clock.now(), house.members
    with house.app.database.transaction() as db:
        for name in ("林小雨", "王建国", "李青", "郭老师", "林大海"):
            actor = Actor(people[name].person_id, None, now)
            with pytest.raises(Refused, match=r"handover\.not_yours"):
                handovers.arrange(
                    *(db, actor, people["王建国"].membership_id),
                    *(people["周岚"].person_id, FIRST),
                )
        office = Actor(people["管小青"].person_id, None, now)

        def refused(why: str, holder: str, successor: str, first: date = FIRST) -> None:
            place, to = people[holder].membership_id, people[successor].person_id
            with pytest.raises(Refused, match=why):
                handovers.arrange(db, office, place, to, first)

        refused(r"no_such_place", "林小雨", "赵一鸣")
        refused(r"not_this_one", "王建国", "林大海")
        refused(r"same_one", "王建国", "王建国")
        refused(r"has_another", "郭老师", "白老师")
        refused(r"not_this_day", "王建国", "周岚", TODAY - DAY)
        refused(r"not_this_day", "管小青", "李青", TODAY)
        refused(r"not_this_day", "王建国", "周岚", TODAY + 400 * DAY)
        assert not db.exec(select(Handover)).all()
        place, to = people["王建国"].membership_id, people["周岚"].person_id
        handovers.arrange(db, office, place, to, FIRST)
        refused(r"already", "王建国", "李青")


async def test_what_became_impossible_is_given_up_and_said(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    arrange(house, "王建国", "周岚")
    with house.app.database.transaction() as db:
        by = Operator(house.clock.now())
        roster.end_member(db, by, house.members["王建国"].membership_id, "调走")
    house.members["管小青"].reads()
    await tick(house, FIRST)
    assert "没有办成" in house.members["管小青"].reads()
    with house.app.database.transaction() as db:
        row = db.exec(select(Handover)).one()
        assert row.done_at is None
        assert row.ended_at is not None
    assert not may(house, "周岚", "林小雨")


async def test_a_call_for_help_goes_along_only_by_the_learners_word(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    student, new = house.members["林小雨"], house.members["周岚"]
    with house.app.database.transaction() as db:
        place = db.get_one(Membership, house.members["郭老师"].membership_id)
        roster.add_member(db, Operator(house.clock.now()), 1, place.person_id, Role.HELP_CONTACT)
    await student.says("求助")
    await student.presses("请 郭老师 联系我")
    arrange(house, "郭老师", "周岚")
    new.reads()
    student.reads()
    await tick(house, FIRST)
    with house.app.database.transaction() as db:
        helper = select(Membership).where(
            Membership.role == Role.HELP_CONTACT, col(Membership.ended_at).is_(None)
        )
        assert [one.person_id for one in db.exec(helper)] == [new.person_id]
    assert "有一名学生请您联系" not in new.reads(), "nobody but the learner passes it on"
    assert "只给你看的消息" in student.reads()
    await student.presses("看看")
    assert "已经不在这个岗位上" in student.sees
    await student.presses("告诉 周岚")
    assert "有一名学生请您联系" in new.reads()


async def test_both_names_are_in_the_copies_and_erasing_takes_it_along(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    arrange(house, "王建国", "周岚")
    await tick(house, FIRST)
    with house.app.database.transaction() as db:
        for name in ("王建国", "周岚", "管小青"):
            rows, _ = persons.everything(db, house.members[name].person_id)
            assert len(rows["handovers"]) == 1, name
        acts = set(db.exec(select(Audit.verb)))
        assert {"hand_over", "take_over"} <= acts
        persons.erase(db, Operator(house.clock.now()), house.members["周岚"].person_id)
        assert not db.exec(select(Handover)).all()
        assert db.exec(select(Account)).all()


async def test_who_cannot_take_over_is_neither_offered_nor_asked_about(
    open_house: OpenHouse,
) -> None:
    """A teacher has one school: another school's place cannot be theirs as well."""
    house = await open_house("shanxi-2026", (2026, 4, 6))
    office = house.members["管小青"]
    assert "由谁接任" in await office.says("郭老师从4月20日起交接给别人")
    assert not any("白老师" in label for label in office.buttons)
    told = await office.says("白老师")
    assert "不能同时有两个" in told
    assert "安排吗" not in told
    await office.says("菜单")
    told = await office.says("郭老师从4月20日起由白老师接任")
    assert "不能同时有两个" in told
    assert "安排吗" not in told

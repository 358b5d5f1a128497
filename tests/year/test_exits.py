"""An outcome that ends the cultivation: two people, a private notice, objections, and the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select

from services import exits
from storage.tables import ExitCase, ExitState, ExitStep, Membership, Person, Record, Role
from tests.house import House, Member
from tests.staff.conftest import bind
from tests.year.conftest import OpenHouse
from tests.year.test_evaluations import begins, forge, writes

GROUNDS = "中期汇报没有参加，八月以来也没有来过"


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    """王建国 has found 林小雨 unqualified; two people are at the office."""
    house = await open_house(day=(2026, 8, 20))
    with house.app.database.transaction() as db:
        first = db.get(Membership, house.members["管小青"].membership_id)
        assert first is not None
        person = Person(name="何主任", created_at=house.clock.now())
        db.add(person)
        db.flush()
        place = Membership(
            cohort_id=first.cohort_id,
            person_id=person.id or 0,
            role=Role.COORDINATOR,
            unit_id=first.unit_id,
            created_at=house.clock.now(),
        )
        db.add(place)
        db.flush()
        house.members["何主任"] = Member(
            house, "何主任", Role.COORDINATOR, person.id or 0, place.id or 0, "chat-何主任"
        )
        bind(db, person.id or 0, "chat-何主任", house.clock)
    student = house.members["林小雨"]
    await student.says("昨天下午在校和王老师做了两小时双缝实验")
    await student.presses("提交")
    mentor = await begins(house, "王建国", 1)
    await writes(mentor, "不合格", GROUNDS, "请了解情况")
    for member in house.members.values():
        member.reads()
    return house


async def confirms(
    member: Member, *, first: bool, reason: str = "六(二)：没有参加中期汇报"
) -> str:
    await forge(member, "a:confirm_exit:1")
    await member.says(reason)
    if first:
        await member.presses("5 天")
    return await member.presses("确认退出")


def case(house: House) -> tuple[ExitState, list[ExitState]]:
    with house.app.database.transaction() as db:
        steps = db.exec(select(ExitStep).order_by(col(ExitStep.id))).all()
        return db.exec(select(ExitCase)).one().state, [step.state for step in steps]


async def test_the_office_is_told_and_the_family_is_not(house: House) -> None:
    for who in ("管小青", "何主任"):
        shown = [m.message for m in house.platform.shown if m.address == f"chat-{who}"]
        assert any("要管理办公室核实" in str(one) and GROUNDS in str(one) for one in shown), who
    for who in ("林小雨", "林大海", "郭老师"):
        shown = [m.message for m in house.platform.shown if m.address == f"chat-{who}"]
        assert not any("退出" in str(one) or GROUNDS in str(one) for one in shown), who
    assert case(house) == (ExitState.RAISED, [])


async def test_it_takes_two_people(house: House) -> None:
    first, second = house.members["管小青"], house.members["何主任"]
    said = await confirms(first, first=True)
    assert "等第二个人核实" in said
    assert "还要另一个人确认" in said
    assert "确认退出" not in first.buttons
    assert "由另一个人确认" in await forge(first, "a:confirm_exit:1")
    student = house.members["林小雨"]
    assert "结束" not in student.reads() or "拟结束" not in student.sees
    second.reads()
    assert "还要第二个人确认" in second.sees
    await forge(second, "a:exit:1")
    assert "[!确认退出]" in second.sees
    await confirms(second, first=False, reason="同意，情况属实，已与学校核对")
    assert case(house) == (ExitState.TOLD, [ExitState.CONFIRMED, ExitState.TOLD])
    for who, words in (("林小雨", "结束你的培养"), ("林大海", "结束林小雨的培养")):
        member = house.members[who]
        member.reads()
        assert words in member.sees, who
        assert "8月25日 周二" in member.sees
        # Both who confirmed it were told that this is read.
        assert "没有参加中期汇报\n同意，情况属实" in member.sees
        assert "我有异议" in "".join(member.buttons)
    for who in ("王建国", "李青", "郭老师"):
        member = house.members[who]
        member.reads()
        assert "拟结束林小雨的培养" in member.sees, who
    for who in ("赵一鸣", "周岚", "白老师"):
        house.members[who].reads()
        assert "林小雨" not in house.members[who].sees
    with house.app.database.transaction() as db:
        assert exits.known(db, student.membership_id)
    assert GROUNDS in await forge(student, "a:evaluated:1")


async def test_an_objection_reaches_the_office_and_the_end_waits_for_its_time(
    house: House,
) -> None:
    first, second = house.members["管小青"], house.members["何主任"]
    await confirms(first, first=True)
    await confirms(second, first=False, reason="同意，情况属实，已与学校核对")
    assert "过了这天才能结束培养" in await forge(first, "a:exit:1")
    assert "结束培养" not in first.buttons
    assert "还可以提出异议" in await forge(first, "a:end_cultivation:1")
    guardian = house.members["林大海"]
    await forge(guardian, "a:object:1")
    await guardian.says("八月他住院了，有病历")
    first.reads()
    assert "八月他住院了" in first.sees
    assert case(house)[0] is ExitState.OBJECTED

    house.clock.move(timedelta(days=6))
    student = house.members["林小雨"]
    assert "时间已过" in await forge(student, "a:object:1")
    await forge(first, "a:keep_on:1")
    await first.says("住院属实，继续培养，中期另行安排")
    assert case(house)[0] is ExitState.DROPPED
    student.reads()
    assert "培养继续" in student.sees
    mentor = house.members["王建国"]
    mentor.reads()
    assert "重新打开了您签署的评价" in mentor.sees
    with house.app.database.transaction() as db:
        place = db.get(Membership, student.membership_id)
        assert place is not None
        assert place.ended_at is None
        assert not exits.known(db, student.membership_id)


async def test_the_end_deletes_nothing(house: House) -> None:
    first, second = house.members["管小青"], house.members["何主任"]
    await confirms(first, first=True)
    await confirms(second, first=False, reason="同意，情况属实，已与学校核对")
    house.clock.move(timedelta(days=6))
    await forge(second, "a:end_cultivation:1")
    await second.says("异议期满，没有异议")
    student = house.members["林小雨"]
    student.reads()
    assert "培养已结束" in student.sees
    with house.app.database.transaction() as db:
        place = db.get(Membership, student.membership_id)
        assert place is not None
        assert place.ended_at is not None
        assert db.exec(select(Record)).all()
        assert db.exec(select(ExitCase)).one().state is ExitState.ENDED
    assert "状态已经变了" in await forge(first, "a:keep_on:1")


async def test_nobody_else_handles_it_and_numbers_tell_nothing(house: House) -> None:
    acts = ("exit", "confirm_exit", "keep_on", "end_cultivation")
    for who in ("王建国", "郭老师", "赵一鸣", "林小雨", "林大海"):
        for act in acts:
            said = {await forge(house.members[who], f"a:{act}:{number}") for number in (1, 999)}
            assert len(said) == 1, (who, act)
            assert "管理整期" in said.pop()
    # Before they are told, the family cannot even learn by objecting that there is a case.
    for who in ("林小雨", "林大海"):
        said = {await forge(house.members[who], f"a:object:{number}") for number in (1, 999)}
        assert said == {
            "您不能就这件事提出异议。\n[菜单]".replace("您", "你" if who == "林小雨" else "您")
        }
    assert case(house) == (ExitState.RAISED, [])


async def test_where_no_document_ends_anything_no_case_is_raised(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026", (2026, 10, 12))
    with house.app.database.transaction() as db:
        assert not db.exec(select(ExitCase)).all()
    office = house.members["管小青"]
    assert "退出核实" not in await office.says("评价阶段")
    assert "没有要核实" in await forge(office, "a:exits")

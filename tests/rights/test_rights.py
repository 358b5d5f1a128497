"""Rights are asked of the database at every press, whatever the button says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.talk.acting import Operator, Refused
from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from handlers import ACTS, COMMANDS
from services import joining, roster
from storage.database import Database
from storage.tables import (
    Audit,
    CodeTry,
    Invite,
    Membership,
    Record,
    RecordState,
    Review,
    Role,
    UnitKind,
)
from tests.conftest import NewDatabase
from tests.house import House, Member

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


@pytest.fixture
async def house(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[House]:
    house = await House.open(new_database("sqlite"), tmp_path, clock)
    await house.populate()
    await house.join("林小雨", "赵一鸣", "王建国", "李青", "周岚", "郭老师", "白老师")
    yield house
    house.close()


async def submitted(house: House) -> Record:
    """林小雨 hands a session in."""
    student = house.members["林小雨"]
    await student.says("昨天下午在校和王老师做了两小时双缝实验")
    await student.presses("提交")
    for member in house.members.values():
        member.reads()
    return records(house)[-1]


def records(house: House) -> list[Record]:
    with house.app.database.transaction() as db:
        return list(db.exec(select(Record).order_by(col(Record.id))))


def audits(house: House, verb: str) -> list[Audit]:
    with house.app.database.transaction() as db:
        return list(db.exec(select(Audit).where(Audit.verb == verb).order_by(col(Audit.id))))


def reviews(house: House) -> list[Review]:
    with house.app.database.transaction() as db:
        return list(db.exec(select(Review)))


async def forge(member: Member, press: str) -> str:
    return await member.sends(Incoming(member.address, press=press))


@pytest.mark.parametrize("who", ["周岚", "郭老师", "赵一鸣", "林小雨"])
async def test_only_ones_own_mentor_can_approve(house: House, who: str) -> None:
    record = await submitted(house)
    answer = await forge(house.members[who], f"a:approve:{record.id}:1")
    assert "现在带的学生" in answer
    assert reviews(house) == []
    assert records(house)[-1].state is RecordState.SUBMITTED
    refused = audits(house, "approve")[-1]
    assert (refused.person_id, refused.object_id) == (house.members[who].person_id, record.id)
    assert refused.refused == "access.not_your_student"


async def test_an_ended_membership_can_do_nothing(house: House) -> None:
    record = await submitted(house)
    mentor = house.members["王建国"]
    with house.app.database.transaction() as db:
        membership = db.get(Membership, mentor.membership_id)
        assert membership is not None
        membership.ended_at = house.clock.now()
        db.add(membership)
    assert "什么也没有改动" in await forge(mentor, f"a:approve:{record.id}:1")
    assert "您不能查看" in await forge(mentor, f"a:whole:{record.id}")
    assert reviews(house) == []


@pytest.mark.parametrize("who", ["周岚", "白老师", "赵一鸣"])
@pytest.mark.parametrize("verb", ["whole", "record"])
async def test_nobody_else_can_read_an_entry(house: House, who: str, verb: str) -> None:
    record = await submitted(house)
    answer = await forge(house.members[who], f"a:{verb}:{record.id}")
    assert "不能查看这条记录" in answer
    assert "双缝" not in answer


async def test_the_own_schools_teacher_can_read_but_not_change(house: House) -> None:
    record = await submitted(house)
    teacher = house.members["郭老师"]
    answer = await forge(teacher, f"a:record:{record.id}")
    assert "双缝" in answer
    assert not {"修改", "撤回", "通过"} & set(teacher.buttons)
    for press in (f"a:edit:{record.id}", f"a:withdraw:{record.id}:1"):
        assert "本人的记录" in await forge(teacher, press)
    assert records(house)[-1].version == 1


async def test_somebody_elses_talk_cannot_be_answered_or_resumed(house: House) -> None:
    student, other = house.members["林小雨"], house.members["赵一鸣"]
    await student.says("记一次培养")
    press = student.button("昨天")
    talk = press.split(":")[1]
    assert "不再起作用" in await forge(other, press)
    assert "不再起作用" in await forge(other, f"a:resume:{talk}")
    assert "不再起作用" in await forge(other, f"a:drop:{talk}:yes")
    assert "（2/6）" in await student.presses("昨天")


@pytest.mark.parametrize(
    "press",
    [
        "",
        "x",
        "a:",
        "a:nothing:1",
        "a:approve",
        "a:approve:x:y",
        "a:approve:99:1",
        "q:1",
        "q:x:y:z",
        "a:record:-1",
        "a:record:99999999999999999999",
        "sure:sure:sure:",
        "a:bulk:☃",
        "a:queue:9:9",
    ],
)
async def test_a_forged_press_is_answered_plainly(house: House, press: str) -> None:
    await submitted(house)
    mentor = house.members["王建国"]
    answer = await forge(mentor, press)
    assert answer
    assert "刚才这一步没有办成" not in answer
    assert reviews(house) == []


async def test_groups_get_nothing(house: House) -> None:
    record = await submitted(house)
    group = Incoming("group-1", press=f"a:approve:{record.id}:1", group=True)
    await house.receive(group)
    await house.receive(Incoming("group-1", text="/queue", group=True))
    await house.receive(Incoming("group-1", text="大家好", group=True))
    await house.settle()
    said = [s.message.text for s in house.platform.shown if s.address == "group-1"]
    assert said == [said[0]] * 2
    assert "不在群里" in said[0]
    assert reviews(house) == []
    assert audits(house, "press")[-1].refused == "group.refused"


async def test_a_code_works_once_and_is_kept_as_a_hash(house: House) -> None:
    code = await house.code("管小青")
    with house.app.database.transaction() as db:
        hashes = [invite.code_hash for invite in db.exec(select(Invite))]
        assert hashes
        assert all(code.encode() not in one for one in hashes)
    coordinator = house.members["管小青"]
    await coordinator.says(code)
    await coordinator.presses("同意并加入")
    thief = Member(house, "?", coordinator.role, 0, 0, "chat-thief")
    assert "已经用过了" in await thief.says(code)


async def test_guessing_codes_is_slowed_down(house: House) -> None:
    thief = Member(house, "?", house.members["林小雨"].role, 0, 0, "chat-thief")
    answers = [await thief.says(f"{n:026d}") for n in range(12)]
    assert "没有这个邀请码" in answers[9]
    assert "15 分钟" in answers[10]
    # Only failures count: what is right is let in.
    assert "管小青" in await thief.says(await house.code("管小青"))


def test_one_slip_locks_no_school_out(sqlite_database: Database) -> None:
    """Thirty pupils behind one address; one typed the same wrong link over and over."""
    with sqlite_database.transaction() as db:

        def said(code: str, source: str) -> str:
            with pytest.raises(Refused) as refused:
                joining.open_invite(db, code, source, NOW)
            return refused.value.words.key

        slip = "0" * 26
        assert {said(slip, "198.51.100.7") for _ in range(10)} == {"join.no_such_code"}
        assert said(slip, "198.51.100.7") == "join.too_many_tries"
        others = {said(f"1{n:025d}", "198.51.100.7") for n in range(30)}
        assert others == {"join.no_such_code"}
        rest = [said(f"2{n:025d}", "198.51.100.7") for n in range(80)]
        assert rest[-1] == "join.too_many_tries"
        assert said(f"3{0:025d}", "203.0.113.9") == "join.no_such_code"
        tries = db.exec(select(CodeTry)).all()
        assert tries
        assert not [one for one in tries if slip in one.source]


async def test_a_chat_cannot_become_a_second_person(house: House) -> None:
    student = house.members["林小雨"]
    await student.sends(Incoming(student.address, start=await house.code("管小青")))
    assert "已经属于另一个人" in await student.presses("同意并加入")


# ---------------------------------------------------------------- nothing is learnt by counting


OTHERS = ("赵一鸣", "周岚", "白老师")
MARKS = ("双缝", "林小雨", "汾河", "王建国", "李青", "林大海")
"""What stands in the data that they may not see."""


VERBS = sorted({*ACTS, *COMMANDS} - {"ask"})
PARTS = 15


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
async def test_what_is_not_there_and_what_one_may_not_see_are_told_alike(
    house: House, part: int
) -> None:
    record = await submitted(house)
    student = house.members["林小雨"]
    for verb in VERBS[part::PARTS]:
        for name in OTHERS:
            other = house.members[name]
            await other.says("菜单")  # what the act before began is no part of the answer
            for number in (record.id, student.membership_id, student.person_id):
                there = await forge(other, f"a:{verb}:{number}:1")
                missing = await forge(other, f"a:{verb}:999999:1")
                assert there == missing, (name, verb)
                assert not [mark for mark in MARKS if mark in there]


async def test_a_filter_by_number_names_nobody_who_does_not_wait(house: House) -> None:
    await submitted(house)
    mentor = house.members["王建国"]
    for one in house.members.values():
        if one.name != "林小雨":
            said = await forge(mentor, f"a:queue:{one.membership_id}")
            assert one.name not in said
    waits = await forge(mentor, f"a:queue:{house.members['林小雨'].membership_id}")
    assert "林小雨" in waits


async def test_who_can_see_is_told_by_name(house: House) -> None:
    told = await house.members["林小雨"].says("谁能看到")
    for name in ("王建国", "李青", "郭老师 汾河中学", "管小青", "林大海"):
        assert name in told
    for name in ("周岚", "白老师", "赵一鸣"):
        assert name not in told
    await house.join("林大海")
    assert "林小雨的记录" in await house.members["林大海"].says("谁能看到")
    with house.app.database.transaction() as db:
        place = db.get(Membership, house.members["郭老师"].membership_id)
        assert place is not None
        place.ended_at = house.clock.now()
    assert "郭老师" not in await house.members["林小雨"].says("谁能看到")


# ---------------------------------------------------------------- the tree of offices


async def test_a_branch_sees_its_own_and_answers_for_nobody(house: House) -> None:
    """A coordinator of 云冈中学's city: 赵一鸣 is theirs, 林小雨 is not."""
    await house.join("管小青")
    with house.app.database.transaction() as db:
        by = Operator(house.clock.now())
        office = roster.find_unit(db, UnitKind.OFFICE, "示例管理办公室")
        school = roster.find_unit(db, UnitKind.SCHOOL, "云冈中学")
        assert office is not None
        assert school is not None
        city = roster.add_unit(db, by, UnitKind.CITY, "云中市", office.id)
        roster.put_unit(db, by, school.id or 0, city.id)
        place = db.get(Membership, house.members["管小青"].membership_id)
        assert place is not None
        place.unit_id = city.id
    office_worker = house.members["管小青"]
    menu = await office_worker.says("菜单")
    assert "本期概况" in menu
    assert "答疑" not in menu
    assert "政策文件" not in menu
    assert "只有这个方案的管理办公室人员" in await office_worker.says("答疑")
    students = await office_worker.says("我的学生")
    assert "赵一鸣" in students
    assert "林小雨" not in students
    student = house.members["林小雨"].membership_id
    assert "您不能查看" in await forge(office_worker, f"a:student:{student}")
    absent = await forge(office_worker, "a:absent:1")
    assert "林大海" not in absent


async def test_an_auditor_looks_and_changes_nothing(house: House) -> None:
    record = await submitted(house)
    await house.join("管小青")
    with house.app.database.transaction() as db:
        place = db.get(Membership, house.members["管小青"].membership_id)
        assert place is not None
        place.role = Role.AUDITOR
    auditor = house.members["管小青"]
    assert "双缝" in await forge(auditor, f"a:record:{record.id}")
    student = house.members["林小雨"].membership_id
    page = await forge(auditor, f"a:student:{student}")
    assert "林小雨" in page
    assert not [button for button in auditor.buttons if "提醒" in button]
    assert "您不能在这件事上提醒" in await forge(auditor, f"a:urge:{student}:session")
    assert "不能审核" in await forge(auditor, f"a:approve:{record.id}:1")
    assert "只有这个方案的管理办公室人员" in await auditor.says("政策文件")

"""官网填报: what the platform asks for is copied, ticked and counted; else nothing is offered."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import select

from bot.talk.acting import Actor, Operator, Refused
from services import official, persons
from services.official_export import DatedEntry, compare
from storage.tables import Audit, PlatformEntry, Record, RecordKind
from tests.house import House, Member
from tests.tables import each_row
from tests.year.conftest import OpenHouse, open_house

__all__ = ["open_house"]

WORDS = "第一次看到条纹，\n间距和公式对得上。"


async def diary(house: House) -> Member:
    student = house.members["林小雨"]
    await student.says("昨天下午在校和王老师做了两小时双缝实验")
    await student.presses("提交")
    await student.says("写日志")
    if "哪一次" in student.sees:
        await student.says("1")
    await student.says(WORDS)
    await student.presses("完成")
    await student.presses("提交")
    return student


async def record(house: House, kind: RecordKind) -> int:
    with house.app.database.transaction() as db:
        return db.exec(select(Record.id).where(Record.kind == kind)).one() or 0


async def test_a_diary_is_copied_and_ticked_and_counted(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    student, mentor = await diary(house), house.members["王建国"]
    await student.says("我的记录")
    await student.says("1")
    await student.presses("官网填报")
    [card] = student.last
    [field] = card.fields
    assert (field.label, field.copied) == ("《成长日志》", True)
    assert WORDS in field.value
    assert card.clause == "五(三)2"
    await student.presses("已填官网")
    assert "勾选了已填官网" in student.sees
    await mentor.says("林小雨")
    assert "已填 1 条，共 1 条" in mentor.sees
    office = house.members["管小青"]
    await office.says("概况")
    assert "成长日志：勾选已填 1 条，还有 0 条" in office.sees
    number = await record(house, RecordKind.DIARY)
    with house.app.database.transaction() as db:
        row = db.get_one(PlatformEntry, number)
        assert row.version == 1
        row.version = 0
    await student.says("我的记录")
    await student.says("1")
    await student.presses("官网填报 ✓")
    assert "之后这条改过" in student.sees
    await student.presses("已填官网")
    await student.presses("还没填")
    with house.app.database.transaction() as db:
        assert not db.exec(select(PlatformEntry)).all()
        acts = db.exec(select(Audit).where(Audit.verb == "enter_on_platform")).all()
        assert len(acts) == 3
    # What is left stands in a list, from the menu or typed; each opens its fields.
    await student.says("菜单")
    await student.presses("官网填报")
    assert "还没有填的 1 条" in student.sees
    assert "还没有填的 1 条" in await student.says("官网填报")
    assert WORDS in await student.says("1")
    await student.presses("已填官网")
    assert "都填好了" in await student.presses("剩下的")


async def test_who_signed_an_evaluation_copies_it_dimension_by_dimension(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 1))
    student, mentor = house.members["林小雨"], house.members["王建国"]
    await mentor.says("评价")
    await mentor.presses("从第一名开始")
    await mentor.presses("开始评价")
    for said in ("稳步达到要求", "已经选定题目", "每次都准备问题"):
        await mentor.says(said)
    await mentor.presses("签署")
    await mentor.presses("看这份评价")
    await mentor.presses("官网填报")
    [card] = mentor.last
    assert [(one.label, one.value, one.copied) for one in card.fields] == [
        ("培养状态", "稳步达到要求", True),
        ("课题选题及进展", "已经选定题目", True),
    ]
    student.reads()
    await student.presses("看这份评价")
    assert "每次都准备问题" in student.sees
    assert "官网填报" not in student.sees, "it is the mentor's to enter"


async def test_where_the_document_names_no_field_nothing_is_offered(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    student = await diary(house)
    await student.says("我的记录")
    await student.says("2")
    assert "双缝实验" in student.sees
    assert "官网填报" not in student.sees
    number = await record(house, RecordKind.SESSION)
    with house.app.database.transaction() as db:
        actor = Actor(student.person_id, None, house.clock.now())
        with pytest.raises(Refused, match=r"official\.not_asked"):
            official.tick(db, actor, number, on=True)


async def test_only_its_learner_ticks_an_entry_and_erasing_takes_it_along(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    student = await diary(house)
    number = await record(house, RecordKind.DIARY)
    with house.app.database.transaction() as db:
        now = house.clock.now()
        for name in ("赵一鸣", "王建国", "郭老师", "管小青", "林大海"):
            other = Actor(house.members[name].person_id, None, now)
            with pytest.raises(Refused, match=r"access\.not_your_record"):
                official.tick(db, other, number, on=True)
        official.tick(db, Actor(student.person_id, None, now), number, on=True)
        rows, _ = persons.everything(db, student.person_id)
        assert len(rows["on_the_platform"]) == 1
        persons.erase(db, Operator(now), student.person_id)
        assert not db.exec(select(PlatformEntry)).all()


# ---------------------------------------------------------------- what the platform gives out


def meeting(day: int, minutes: int | None = 120) -> DatedEntry:
    return DatedEntry(date(2026, 4, day), minutes)


@each_row(
    ("there", "here", "found"),
    [
        ([meeting(1)], [meeting(1)], [None]),
        ([meeting(1, None)], [meeting(1)], [None]),
        ([meeting(1, 180)], [meeting(1)], ["other_hours"]),
        ([meeting(2)], [meeting(1)], ["other_day"]),
        ([meeting(20)], [meeting(1)], ["not_here", "not_there"]),
        ([meeting(2, 180)], [meeting(1)], ["not_here", "not_there"]),
        ([meeting(1), meeting(1)], [meeting(1)], [None, "not_here"]),
        # The nearest day is meant, and who is the same stays so.
        ([meeting(5), meeting(8)], [meeting(5), meeting(9)], [None, "other_day"]),
        ([meeting(4)], [meeting(1), meeting(5)], ["other_day", "not_there"]),
        ([], [meeting(1)], ["not_there"]),
        ([], [], []),
    ],
)
def test_each_meeting_is_held_against_its_own(
    there: list[DatedEntry], here: list[DatedEntry], found: list[str | None]
) -> None:
    assert [pair[0] for pair in compare(there, here)] == found


async def test_an_office_sends_the_platforms_sheet(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    student, office = house.members["林小雨"], house.members["管小青"]
    for said in ("昨天下午在校和王老师做了两小时双缝实验", "3月28日在校和王老师读了三小时论文"):
        await student.says(said)
        await student.presses("提交")
    await office.says("核对官网")
    sheet = (
        "学生姓名,学校,活动日期,时长（小时）\n"
        "林小雨,汾河中学,2026-04-05,2\n"
        "林小雨,汾河中学,2026/3/28,2.5\n"
        "林小雨,汾河中学,3月1日,1\n"
        "孟新,汾河中学,2026-04-05,2\n"
    )
    await office.sends_files(("官网导出.csv", sheet.encode("gbk")))
    assert "读了 4 行，一样的 1 条" in office.sees
    assert "官网 3月28日 周六 2小时30分钟，这里 3月28日 周六 3小时" in office.sees
    assert "这里没有" in office.sees
    assert "没有叫「孟新」的学生" in office.sees
    [told] = [one for one in office.last if one.files]
    assert len(told.files) == 1
    with house.app.database.transaction() as db:
        assert len(db.exec(select(Record)).all()) == 2, "nothing is written by it"


async def test_a_sheet_without_names_and_days_is_asked_for_again(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    office, mentor = house.members["管小青"], house.members["王建国"]
    await office.says("核对官网")
    await office.sends_files(("别的.csv", "编号,备注\n1,无\n".encode()))
    assert "没有找到「姓名」和「日期」两列" in office.sees
    await mentor.says("核对官网")
    assert "管理办公室" in mentor.sees

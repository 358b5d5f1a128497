"""What a learner hands in at the end: what each document lists, and what must not be asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlmodel import col, select

from programmes import catalogue
from programmes.materials import brought, forms, is_open, listed
from services.standing import standings_on
from storage.tables import Record, RecordKind, RecordState, RecordVersion
from tests.house import House, Member
from tests.talks.play import content
from tests.year.conftest import OpenHouse

ALL = ("topic_report", "training_report", "growth_diary", "mentor_evaluation")
FORMS = ("reading_report", "literature_review", "lab_record", "short_paper")
LISTED = {
    "shanxi-2026": ALL,
    "jiangsu-2022": ALL,
    "neimenggu-pilot-2025": ALL,
    "neimenggu-yingcai-2025": ALL,
    "spark-2026": (),
    "sichuan-jingke-2023": (),
    "sichuan-jindaoshi-2023": (),
}
ABSTRACT = "测了三组条纹间距，与计算的波长相差百分之二"


@pytest.mark.parametrize("key", LISTED)
def test_only_what_a_document_lists_is_asked_for(key: str) -> None:
    programme = catalogue.load(key)
    assert listed(programme) == LISTED[key]
    assert brought(programme) == LISTED[key][:2]
    assert forms(programme, "topic_report") == ()
    assert forms(programme, "training_report") == (FORMS if LISTED[key] else ())
    assert is_open(programme) == bool(LISTED[key]), "the list of forms ends with 等"


async def hands_in(student: Member, which: int, *words: str) -> str:
    await student.says("我的材料")
    await student.says(str(which))
    for said in words:
        await student.says(said)
    await student.sends_files(("报告.jpg", content("photo", "报告.jpg")))
    await student.says("双缝干涉实验")
    await student.says(ABSTRACT)
    return await student.presses("提交")


def owed(house: House, on: date) -> list[str]:
    """The materials of which the student is reminded on a day."""
    student = house.members["林小雨"].membership_id
    with house.app.database.transaction() as db:
        found = standings_on(db, [student], on).due.values()
    return sorted(one.matter.name for one in found if one.matter.about == "material")


def kept(house: House) -> list[tuple[Record, RecordVersion]]:
    with house.app.database.transaction() as db:
        rows = db.exec(
            select(Record, RecordVersion)
            .join(RecordVersion, col(RecordVersion.record_id) == col(Record.id))
            .where(Record.kind == RecordKind.MATERIAL)
            .order_by(col(RecordVersion.record_id), col(RecordVersion.version))
        )
        return list(rows)


async def test_what_is_missing_is_reminded_of_until_it_is_there_and_again_once_withdrawn(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    day = date(2026, 11, 23)
    assert owed(house, day) == ["topic_report", "training_report"]
    await hands_in(student, 1)
    assert owed(house, day) == ["training_report"]
    await hands_in(student, 2, "读书报告")
    assert owed(house, day) == []
    await student.says("我的材料")
    await student.says("1")
    await student.presses("撤回")
    assert owed(house, day) == ["topic_report"]
    assert [(r.period, r.state) for r, _ in kept(house)] == [
        ("topic_report", RecordState.WITHDRAWN),
        ("training_report", RecordState.FILED),
    ]


async def test_a_material_waits_for_nobody_and_earlier_versions_stay(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student, mentor = house.members["林小雨"], house.members["王建国"]
    mentor.reads()
    await hands_in(student, 1)
    assert mentor.reads() == "", "no document names anybody who reviews materials"
    assert "双缝干涉实验" not in await mentor.says("待审")
    await student.says("我的材料")
    await student.says("1")
    await student.presses("修改")
    await student.presses("改题目")
    await student.says("双缝干涉实验（二稿）")
    await student.presses("重新提交")
    assert [row.body["title"] for _, row in kept(house)] == [
        "双缝干涉实验",
        "双缝干涉实验（二稿）",
    ]
    assert len({record.id for record, _ in kept(house)}) == 1


async def test_a_caption_is_the_title(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    await student.says("我的材料")
    await student.says("1")
    said = await student.sends_files(
        ("报告.jpg", content("photo", "报告.jpg")), text="光的干涉实验报告"
    )
    assert "没有记进去" not in said
    assert "请写几句摘要" in said
    await student.says(ABSTRACT)
    await student.presses("提交")
    assert [row.body["title"] for _, row in kept(house)] == ["光的干涉实验报告"]


async def test_it_is_not_handed_in_without_a_file(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    await student.says("我的材料")
    await student.says("1")
    said = await student.says("我写好了")
    assert "要先收到照片或文件" in said
    assert "点下面的按钮" not in said, "there is none"
    assert kept(house) == []


async def test_what_comes_late_is_taken_and_said_to_be_late(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    house.clock.moment = datetime(2026, 12, 3, 2, tzinfo=UTC)
    said = await hands_in(house.members["林小雨"], 1)
    assert "已经过了" in said
    assert len(kept(house)) == 1


async def test_where_nothing_is_listed_nothing_is_offered(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    assert "没有列出" in await student.says("/materials")
    assert "我的材料" not in await student.says("菜单")

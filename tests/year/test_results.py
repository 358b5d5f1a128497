"""The tests at a programme's stages: where a document has them, who enters, corrects and reads."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from bot.talk.acting import Actor, Operator, Refused
from programmes import catalogue
from programmes.tested import stages_with_tests
from services import evaluations, records, results, roster
from services.roster import find_member
from storage.tables import Record, RecordKind, RecordVersion, Role
from tests.house import House
from tests.tables import each_row
from tests.year.conftest import OpenHouse
from tests.year.test_plans import SCHEMES, said

DAY = (2026, 6, 1)


@each_row("key", SCHEMES)
def test_only_stages_whose_document_has_a_test_have_one(key: str) -> None:
    written = said(SCHEMES[key], "evaluation.stages")
    listed: Any = written["value"] if written["status"] != "silent" else []
    expected = {
        str(one["stage"]) for one in listed if any("测试" in word for word in one["inputs"])
    }
    assert set(stages_with_tests(catalogue.load(key))) == expected
    assert bool(expected) == (key == "spark-2026")


@pytest.mark.parametrize("key", [key for key in SCHEMES if key != "spark-2026"])
async def test_where_no_document_has_tests_nothing_is_offered(
    key: str, open_house: OpenHouse
) -> None:
    first = catalogue.load(key).cycle.first_day
    house = await open_house(key, (first.year, first.month, first.day))
    for name in ("林小雨", "王建国", "管小青"):
        member = house.members[name]
        assert "没有安排测试" in await member.says("测试成绩")
        menu = await member.says("菜单")
        assert "[问政策]" in menu
        assert "[测试成绩]" not in menu


def versions(house: House) -> list[tuple[str, str, str]]:
    """Every version of every result: whose, the score, and why it was corrected."""
    with house.app.database.transaction() as db:
        rows = db.exec(
            select(Record, RecordVersion)
            .join(RecordVersion, col(RecordVersion.record_id) == col(Record.id))
            .where(Record.kind == RecordKind.TEST_RESULT)
            .order_by(col(RecordVersion.record_id), col(RecordVersion.version))
        ).all()
        return [
            (records.owner(db, record).name, row.body["score"], row.body["why"])
            for record, row in rows
        ]


async def pastes(house: House, name: str, text: str, stage: str = "初期") -> str:
    member = house.members[name]
    await member.says("测试成绩")
    await member.presses("录入测试成绩")
    await member.presses(stage)
    return await member.says(text)


async def test_an_office_pastes_a_list_and_nothing_of_it_is_lost(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026", DAY)
    office = house.members["管小青"]
    told = await pastes(house, "管小青", "姓名 分数\n林小雨 85\n赵一鸣 缺考\n李雷 90\n")
    assert "林小雨 85" in told
    assert "「赵一鸣 缺考」：没有看清分数" in told
    assert "「李雷 90」：名单里没有这名学生" in told
    await office.presses("登记 1 名")
    assert versions(house) == [("林小雨", "85", "")]
    told = await pastes(house, "管小青", "林小雨 85\n赵一鸣 90")
    assert "另有 1 名早已登记" in told
    await office.presses("登记 1 名")
    assert versions(house) == [("林小雨", "85", ""), ("赵一鸣", "90", "")]


async def test_a_score_above_a_hundred_is_asked_about(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026", DAY)
    told = await pastes(house, "管小青", "林小雨 105\n赵一鸣 一百")
    assert "请再看一眼：林小雨 105，高于 100 分" in told
    await house.members["管小青"].presses("登记 2 名")
    assert versions(house) == [("林小雨", "105", ""), ("赵一鸣", "100", "")]


async def test_a_correction_keeps_what_stood_and_says_why(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026", DAY)
    office, student = house.members["管小青"], house.members["林小雨"]
    await pastes(house, "管小青", "林小雨 85")
    await office.presses("登记 1 名")
    await pastes(house, "管小青", "林小雨 88")
    await office.says("抄错了一位")
    await office.presses("登记 1 名")
    assert versions(house) == [("林小雨", "85", ""), ("林小雨", "88", "抄错了一位")]
    assert "88" not in student.reads(), "no score in a notice"
    assert "88" in await student.presses("查看")
    assert "修改" not in student.buttons


async def test_two_of_one_name_are_told_apart_by_their_school(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026", DAY)
    with house.app.database.transaction() as db:
        twin = find_member(db, house.members["赵一鸣"].membership_id).person
        twin.name = "林小雨"
        db.add(twin)
    told = await pastes(house, "管小青", "林小雨 85")
    assert "有几名同名的学生（汾河中学、云冈中学）" in told
    office = house.members["管小青"]
    await office.says("林小雨 云冈中学 85\n林小雨 汾河中学 70")
    await office.presses("登记 2 名")
    with house.app.database.transaction() as db:
        there = results.latest(db, [house.members["赵一鸣"].membership_id])
    assert [one.score for one in there.values()] == ["85"]


async def test_one_student_twice_in_a_list_is_asked_about(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026", DAY)
    told = await pastes(house, "管小青", "林小雨 85\n林小雨 58\n赵一鸣 70")
    assert told.count("同一名学生写了不止一行") == 2
    await house.members["管小青"].presses("登记 1 名")
    assert versions(house) == [("赵一鸣", "70", "")]


async def test_a_mentor_enters_own_students_alone(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026", DAY)
    told = await pastes(house, "王建国", "赵一鸣 90")
    assert "名单里没有这名学生" in told
    other = house.members["赵一鸣"].membership_id
    mine = house.members["林小雨"].membership_id
    with house.app.database.transaction() as db:
        for name, member in house.members.items():
            actor = Actor(member.person_id, None, house.clock.now())
            if name not in ("王建国", "李青", "管小青"):
                with pytest.raises(Refused, match=r"result\.not_yours"):
                    results.enter(db, actor, mine, "initial", "85", 0)
            if name not in ("周岚", "管小青"):
                with pytest.raises(Refused, match=r"result\.not_yours"):
                    results.enter(db, actor, other, "initial", "85", 0)


async def test_an_office_of_a_school_enters_nothing(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026", DAY)
    student = house.members["林小雨"].membership_id
    with house.app.database.transaction() as db:
        by = Operator(house.clock.now())
        school = find_member(db, student).membership
        person = roster.add_person(db, by, "校办")
        roster.add_member(
            db, by, school.cohort_id, person.id or 0, Role.COORDINATOR, unit_id=school.unit_id
        )
        actor = Actor(person.id or 0, None, house.clock.now())
        with pytest.raises(Refused, match=r"result\.not_yours"):
            results.enter(db, actor, student, "initial", "85", 0)


async def test_two_at_once_notice_each_other(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026", DAY)
    office, mentor = house.members["管小青"], house.members["王建国"]
    await pastes(house, "管小青", "林小雨 85\n赵一鸣 60")
    await pastes(house, "王建国", "林小雨 58")
    await mentor.presses("登记 1 名")
    told = await office.presses("登记 2 名")
    assert "已登记 1 名" in told
    assert "林小雨：刚才在别处登记成了 58" in told
    assert versions(house) == [("林小雨", "58", ""), ("赵一鸣", "60", "")]


async def test_it_is_evidence_and_seen_where_one_evaluates(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026", DAY)
    await pastes(house, "王建国", "林小雨 85")
    await house.members["王建国"].presses("登记 1 名")
    student = house.members["林小雨"].membership_id
    with house.app.database.transaction() as db:
        assert len(evaluations.evidence(db, student)) == 1
    told = await house.members["郭老师"].says("我的学生")
    assert "林小雨" in told
    assert "初期 85" in await house.members["郭老师"].says("1")

"""Evaluations through the talk: signed once, locked, opened again, read by whom they may be."""

from __future__ import annotations

from datetime import date

from sqlmodel import col, select

from bot.talk.message import Incoming
from services.evaluations import EvaluationBody
from storage.tables import (
    Audit,
    Cohort,
    Evaluation,
    EvaluationState,
    EvaluationVersion,
    Membership,
    Mentoring,
    Person,
    Record,
    RecordState,
    Reopening,
    StageChange,
    Unit,
    UnitKind,
)
from tests.house import House, Member
from tests.year.conftest import OpenHouse

MARK = "玄玑"
"""Stands in what must not be read by others."""


async def forge(member: Member, press: str) -> str:
    return await member.sends(Incoming(member.address, press=press))


async def begins(house: House, who: str, stage: int, student: str = "林小雨") -> Member:
    """Somebody opens a learner's part of a stage and begins it."""
    member = house.members[who]
    side = "school" if who == "郭老师" else "team"
    number = house.members[student].membership_id
    await forge(member, f"a:evaluate:{number}:{stage}:{side}")
    return member


async def writes(member: Member, *words: str) -> str:
    for said in words:
        await member.says(said)
    return await member.presses("签署")


def signed(house: House) -> list[tuple[Evaluation, EvaluationVersion, EvaluationBody]]:
    with house.app.database.transaction() as db:
        rows = db.exec(
            select(Evaluation, EvaluationVersion)
            .join(EvaluationVersion, col(EvaluationVersion.evaluation_id) == col(Evaluation.id))
            .order_by(col(EvaluationVersion.evaluation_id), col(EvaluationVersion.version))
        ).all()
    return [(one, row, EvaluationBody.model_validate(row.body)) for one, row in rows]


async def test_it_is_signed_on_the_evidence_of_the_day_and_the_student_is_told(
    open_house: OpenHouse,
) -> None:
    house = await open_house()
    student, mentor = house.members["林小雨"], house.members["王建国"]
    await student.says("昨天下午在校和王老师做了两小时双缝实验")
    await student.presses("提交")
    await student.says("前天上午在校和王老师看了一小时文献")
    await student.presses("提交")
    await mentor.presses("通过")  # the newest card: the second session

    await mentor.says("评价")
    assert "林小雨 初期评价 · 4月5日" in mentor.sees
    await mentor.presses("从第一名开始")
    assert "1 次" in mentor.sees
    assert "已过截止" not in mentor.sees
    await mentor.presses("开始评价")
    told = await writes(mentor, "稳步达到要求", "已经选定题目", "每次都准备问题")
    assert "学生能看到" in told
    student.reads()
    assert "王建国 签署了你的初期评价" in student.sees
    await student.presses("看这份评价")
    assert "每次都准备问题" in student.sees

    [(one, version, body)] = signed(house)
    assert (one.stage, one.side, one.state) == ("initial", "team", EvaluationState.SIGNED)
    assert not version.late
    assert [(said.name, said.words) for said in body.dimensions] == [
        ("培养状态", "稳步达到要求"),
        ("课题选题及进展", "已经选定题目"),
    ]
    # The approved session alone is evidence: the other one still waits.
    with house.app.database.transaction() as db:
        approved = select(Record.id).where(Record.state == RecordState.APPROVED)
        assert [seen.record for seen in body.evidence] == [*db.exec(approved)]
        assert len(db.exec(select(Record)).all()) == 2


async def test_two_on_one_evaluation_notice_each_other(open_house: OpenHouse) -> None:
    house = await open_house()
    colleague = await begins(house, "李青", 0)
    await colleague.says("稳步达到要求")
    mentor = await begins(house, "王建国", 0)
    await writes(mentor, "有明显进步", "选题清楚", "很好")

    await colleague.says("还没选题")
    await colleague.says("要抓紧")
    refused = await colleague.presses("签署")
    assert "王建国 已在" in refused
    assert "没有保存" in refused
    [(_, version, body)] = signed(house)
    assert version.signed_by == mentor.membership_id
    assert body.comment == "很好"


async def test_what_is_half_done_is_found_again(open_house: OpenHouse) -> None:
    house = await open_house()
    mentor = await begins(house, "王建国", 0)
    await mentor.says("有明显进步")
    await mentor.says("菜单")
    house = await house.restart()
    mentor = await begins(house, "王建国", 0)
    assert "没写完" in mentor.sees or "继续" in "".join(mentor.buttons)
    await mentor.presses("继续")
    assert "课题选题及进展" in mentor.sees
    assert "培养状态：有明显进步" in mentor.sees


async def test_the_first_to_begin_with_is_one_that_can_be_written(open_house: OpenHouse) -> None:
    house = await open_house()
    mentor = house.members["王建国"]
    assert "从第一名开始" in "".join((await mentor.says("评价"), *mentor.buttons))
    with house.app.database.transaction() as db:
        child = db.get(Person, house.members["林小雨"].person_id)
        assert child is not None
        child.birth_date = date(2014, 3, 5)
        db.add(child)
    said = await mentor.says("评价")
    assert "林小雨 初期评价 · 等监护人同意" in said
    assert "从第一名开始" not in "".join(mentor.buttons)


async def test_before_its_time_nothing_can_be_written_and_afterwards_it_is_late(
    open_house: OpenHouse,
) -> None:
    house = await open_house()
    mentor = await begins(house, "王建国", 1)
    assert "从 4月11日" in mentor.sees
    assert "签署" not in "".join(mentor.buttons)

    house = await open_house(day=(2026, 4, 11))
    mentor = house.members["王建国"]
    assert "4月10日 周五截止，已过" in await mentor.says("评价")
    await mentor.presses("从第一名开始")
    assert "注明逾期" in mentor.sees
    await mentor.presses("开始评价")
    await writes(mentor, "稳步达到要求", "稳步达到要求", "可以")
    [(_, version, _)] = signed(house)
    assert version.late


async def test_only_those_whom_the_document_names_write_it(open_house: OpenHouse) -> None:
    house = await open_house()
    for who in ("周岚", "郭老师", "赵一鸣", "林小雨", "管小青", "林大海"):
        member = await begins(house, who, 0)
        assert "林小雨" not in member.sees.replace("林小雨，", ""), who
        assert "表现突出" not in member.sees
    with house.app.database.transaction() as db:
        refused = db.exec(select(Audit).where(col(Audit.verb).startswith("evaluate")))
        assert len([row for row in refused if row.refused]) >= 5
    for forged in ("a:evaluate:1:9:team", "a:evaluate:1:0:none", "a:evaluate:1:0:"):
        assert "什么也没有改动" in await forge(house.members["王建国"], forged)
    assert not signed(house)


async def test_an_outcome_that_ends_the_cultivation_is_told_by_the_office_first(
    open_house: OpenHouse,
) -> None:
    house = await open_house(day=(2026, 8, 20))
    mentor = await begins(house, "王建国", 1)
    told = await writes(mentor, "不合格", f"中期汇报没有参加，{MARK}也没有来过", "请了解情况")
    assert "学生还没有收到" in told
    [(one, _, body)] = signed(house)
    assert one.outcome == "unqualified"
    assert MARK in body.grounds
    for who in ("林小雨", "林大海"):
        member = house.members[who]
        member.reads()
        assert "评价" not in member.sees
        assert "不能查看" in await forge(member, f"a:evaluated:{one.id}")
        assert MARK not in member.sees
    assert "还没有签署" in await house.members["林小雨"].says("评价")
    for who in ("王建国", "李青", "郭老师", "管小青"):
        assert MARK in await forge(house.members[who], f"a:evaluated:{one.id}"), who
    assert "不能查看" in await forge(house.members["白老师"], f"a:evaluated:{one.id}")


async def test_an_office_opens_it_again_and_what_was_signed_stays(open_house: OpenHouse) -> None:
    house = await open_house()
    mentor = await begins(house, "王建国", 0)
    await writes(mentor, "稳步达到要求", "选题清楚", "写错了名字")
    for who in ("王建国", "林小雨", "郭老师", "周岚"):
        assert "不能重新打开" in await forge(house.members[who], "a:reopen:1:1")
    office = house.members["管小青"]
    await forge(office, "a:reopen:1:1")
    await office.says("评语写错了名字")
    mentor.reads()
    assert "评语写错了名字" in mentor.sees

    await mentor.presses("去修改")
    await mentor.presses("去修改")
    assert "评语：写错了名字" in mentor.sees
    await mentor.presses("改评语")
    await mentor.says("改好了")
    await mentor.presses("签署")
    assert [(v.version, body.comment) for _, v, body in signed(house)] == [
        (1, "写错了名字"),
        (2, "改好了"),
    ]
    assert "写错了名字" in await forge(office, "a:evaluated:1:1")
    assert "状态已经变了" in await forge(office, "a:reopen:1:1")
    with house.app.database.transaction() as db:
        assert [row.reason for row in db.exec(select(Reopening))] == ["评语写错了名字"]


async def test_the_office_decides_and_goes_on_to_the_next(open_house: OpenHouse) -> None:
    house = await open_house(day=(2026, 12, 1))
    office = house.members["管小青"]
    await office.says("评价阶段")
    await office.says("3")
    assert "等您评定" in office.sees
    await office.presses("林小雨")
    await office.presses("开始评价")
    for _ in range(4):
        await office.says("稳步达到要求")
    assert {"优秀", "合格"} <= {*office.buttons}
    assert "不合格" not in office.buttons
    await office.says("优秀")
    await office.says("全年认真")
    await office.presses("签署")
    assert "下一名：赵一鸣（还有 1 项）" in "".join(office.buttons)
    student = house.members["林小雨"]
    student.reads()
    assert "年度评价" in student.sees
    assert "优秀" in await student.says("评价")
    [(one, version, _)] = signed(house)
    assert (one.side, one.outcome) == ("office", "excellent")
    assert version.signed_by == office.membership_id


async def test_a_branch_recommends_and_the_whole_decides(open_house: OpenHouse) -> None:
    house = await open_house("neimenggu-pilot-2025", (2025, 11, 10))
    office = house.members["管小青"]
    move_to_school_of(house, "林小雨", UnitKind.CITY)
    number = house.members["林小雨"].membership_id
    await forge(office, f"a:evaluate:{number}:2:office")
    await writes(office, "推荐", "同意推荐参加自治区终评")
    assert [(one.stage, one.outcome) for one, _, _ in signed(house)] == [("annual", "recommended")]
    refused = await forge(office, f"a:evaluate:{number}:3:office")
    assert "不由您填写" in refused


def move_to_school_of(house: House, student: str, kind: UnitKind) -> None:
    """The coordinator oversees a new unit of this kind above the student's school alone."""
    with house.app.database.transaction() as db:
        above = Unit(kind=kind, name="示例市")
        db.add(above)
        db.flush()
        theirs = db.get(Membership, house.members[student].membership_id)
        school = db.get(Unit, theirs.unit_id if theirs else None)
        member = db.get(Membership, house.members["管小青"].membership_id)
        cohort = db.get(Cohort, member.cohort_id if member else None)
        assert school is not None
        assert member is not None
        assert cohort is not None
        cohort.office_id = member.unit_id
        school.parent_id, member.unit_id = above.id, above.id


async def test_one_after_another_without_going_back(open_house: OpenHouse) -> None:
    house = await open_house()
    link(house, "赵一鸣", "王建国")
    mentor = house.members["王建国"]
    await mentor.says("评价")
    await mentor.presses("从第一名开始")
    for left in (1, 0):
        await mentor.presses("开始评价")
        await writes(mentor, "稳步达到要求", "稳步达到要求", "可以")
        if left:
            assert f"还有 {left} 项" in mentor.sees
            await mentor.presses("下一名")
            assert "赵一鸣：初期评价" in mentor.sees
    assert "下一名" not in mentor.sees
    assert len(signed(house)) == 2


def link(house: House, student: str, mentor: str) -> None:
    with house.app.database.transaction() as db:
        db.add(
            Mentoring(
                student_id=house.members[student].membership_id,
                mentor_id=house.members[mentor].membership_id,
                created_at=house.clock.now(),
            )
        )


async def test_whoever_has_left_is_not_evaluated(open_house: OpenHouse) -> None:
    house = await open_house()
    with house.app.database.transaction() as db:
        member = db.get(Membership, house.members["林小雨"].membership_id)
        assert member is not None
        member.ended_at = house.clock.now()
    mentor = await begins(house, "王建国", 0)
    assert "不在本期" in mentor.sees
    assert "林小雨" not in await mentor.says("评价")


# ---------------------------------------------------------------- the stages


async def test_undated_stages_wait_for_the_office(open_house: OpenHouse) -> None:
    """星火 dates no evaluation: each side writes its own once the office has opened the stage."""
    house = await open_house("spark-2026", (2026, 10, 12))
    assert "没有到填写时间" in await house.members["王建国"].says("评价")
    await begins(house, "郭老师", 0)
    assert "等管理办公室开放" in house.members["郭老师"].sees
    office = house.members["管小青"]
    await office.says("评价阶段")
    await office.says("1")
    await changes(office, "现在开放", "10月31日", "按培养进度开放")
    teacher = await begins(house, "郭老师", 0)
    assert "科学知识" in teacher.sees
    await writes(teacher, "稳步达到要求", "有明显进步", "学得扎实")
    mentor = await begins(house, "王建国", 0)
    await writes(mentor, "表现突出", "表现突出", "很好")
    assert [(one.side, body.outcome) for one, _, body in signed(house)] == [
        ("school", ""),
        ("team", ""),
    ]
    await office.says("评价阶段")
    assert "初期评价：导师（团队）" in office.sees
    assert "已签署 1，共 2 名" in office.sees


async def changes(office: Member, *words: str) -> str:
    await office.presses("调整时间")
    for said in words:
        await office.says(said)
    return await office.presses("确定调整")


async def test_a_closed_stage_takes_nothing_and_a_moved_one_keeps_who_and_why(
    open_house: OpenHouse,
) -> None:
    house = await open_house()
    office = house.members["管小青"]
    begun = await begins(house, "王建国", 0)
    await office.says("评价阶段")
    await office.says("1")
    await changes(office, "现在关闭", "本期改由省里统一填写")
    await begun.says("稳步达到要求")
    await begun.says("稳步达到要求")
    await begun.says("可以")
    assert "已关闭" in await begun.presses("签署")
    assert not signed(house)

    await office.says("评价阶段")
    await office.says("1")
    assert "本期改由省里统一填写" in office.sees
    await changes(office, "改日期", "4月1日", "4月20日", "恢复填写")
    await begun.says("评价")
    assert "4月20日" in begun.sees
    with house.app.database.transaction() as db:
        rows = db.exec(select(StageChange).order_by(col(StageChange.id))).all()
        assert [(row.closed, row.reason) for row in rows] == [
            (True, "本期改由省里统一填写"),
            (False, "恢复填写"),
        ]
        assert rows[-1].changed_by == office.person_id


async def test_both_days_of_a_stage_are_said_at_once(open_house: OpenHouse) -> None:
    house = await open_house()
    office = house.members["管小青"]
    await office.says("评价阶段")
    await office.says("3")
    await changes(office, "改日期", "12月1日到12月20日", "避开期末考试")
    with house.app.database.transaction() as db:
        [row] = db.exec(select(StageChange)).all()
        assert row.opens_on is not None
        assert row.closes_on is not None
        assert [(day.month, day.day) for day in (row.opens_on, row.closes_on)] == [
            (12, 1),
            (12, 20),
        ]
        assert row.opens_on.year == row.closes_on.year


async def test_days_in_the_wrong_order_are_questioned(open_house: OpenHouse) -> None:
    house = await open_house()
    office = house.members["管小青"]
    await office.says("评价阶段")
    await office.says("3")
    said = await changes(office, "改日期", "12月20日", "12月1日", "写反了")
    assert "之后，请再看看" in said
    with house.app.database.transaction() as db:
        assert not db.exec(select(StageChange)).all()


async def test_a_branch_sees_the_stages_and_moves_none(open_house: OpenHouse) -> None:
    house = await open_house()
    with house.app.database.transaction() as db:
        school = Unit(kind=UnitKind.CITY, name="示例市")
        db.add(school)
        db.flush()
        member = db.get(Membership, house.members["管小青"].membership_id)
        assert member is not None
        member.unit_id = school.id
    office = house.members["管小青"]
    assert "初期评价" in await office.says("评价阶段")
    await office.says("1")
    assert "调整时间" not in office.buttons
    assert "管理整期" in await forge(office, "a:change_stage:1:0")


async def test_where_no_document_asks_nothing_is_offered(open_house: OpenHouse) -> None:
    house = await open_house("sichuan-jingke-2023", (2023, 6, 1))
    for who, words in (("王建国", "评价"), ("郭老师", "评价"), ("管小青", "评价阶段")):
        member = house.members[who]
        await member.says("菜单")
        assert not {"评价", "评价阶段"} & {*member.buttons}, who
        said = await member.says(words)
        assert "没有要您填写" in said or "没有写评价阶段" in said

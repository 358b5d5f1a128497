"""The training plan: what each document asks, who writes and approves it, and what must not be."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlmodel import col, select

from answers.evaluation import programmes_of
from bot.talk.acting import Actor, Operator, Refused
from programmes import catalogue, planning
from programmes.reminding import To
from services import console, evaluations, persons, plans, records, roster, urging
from services.records import PlanBody
from services.standing import standings_on
from storage.tables import (
    Cohort,
    File,
    Person,
    Record,
    RecordKind,
    RecordState,
    RecordVersion,
    Role,
)
from tests.house import House, Member
from tests.tables import each_row
from tests.talks.play import content
from tests.year.conftest import OpenHouse

TABLE: Final = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "programmes" / "truth.jsonl")
    .read_text("utf-8")
    .splitlines()
]
SCHEMES: Final = {
    programme.key: scheme
    for scheme in sorted({row[0] for row in TABLE})
    for programme in programmes_of(scheme, catalogue.all_programmes())
}
"""How the truth table calls each programme."""
ASKED: Final = [key for key in SCHEMES if planning.is_asked(catalogue.load(key))]
BODY: Final = PlanBody(
    grounds="对光学有兴趣", aims="独立完成一组实验", steps="先读书，再做实验，最后写报告"
)
DAY: Final = timedelta(days=1)


def said(scheme: str, path: str) -> dict[str, str]:
    """What the truth table says of a fact."""
    return next(fact for one, where, fact in TABLE if (one, where) == (scheme, path))


def test_the_truth_table_knows_every_programme() -> None:
    assert SCHEMES.keys() == {programme.key for programme in catalogue.all_programmes()}


@each_row("key", SCHEMES)
def test_a_plan_is_asked_for_and_approved_only_where_the_document_says_so(key: str) -> None:
    programme, scheme = catalogue.load(key), SCHEMES[key]
    author, approval = said(scheme, planning.AUTHOR), said(scheme, planning.APPROVAL)
    assert planning.is_asked(programme) == (author["status"] == "stated")
    assert planning.needs_approval(programme) == (approval["status"] == "stated")
    if planning.is_asked(programme):
        assert planning.clause(programme) == author["cite"]


async def writes(mentor: Member) -> str:
    await mentor.says("培养计划")
    await mentor.says("1")
    await mentor.says(BODY.grounds)
    await mentor.says(BODY.aims)
    await mentor.says(BODY.steps)
    await mentor.presses("没有")
    return await mentor.presses("提交审批" if "提交审批" in mentor.buttons else "保存")


def kept(house: House) -> list[Record]:
    with house.app.database.transaction() as db:
        found = db.exec(select(Record).where(Record.kind == RecordKind.PLAN))
        return list(found.all())


def owed(house: House, on: date) -> set[tuple[str, To, str]]:
    """What is owed of the plan on a day: about, to whom, how."""
    student = house.members["林小雨"].membership_id
    with house.app.database.transaction() as db:
        found = standings_on(db, [student], on).due.values()
    return {
        (one.matter.about, one.to, one.saying.period)
        for one in found
        if "plan" in (one.matter.about, one.matter.name)
    }


def start(key: str) -> tuple[int, int, int]:
    """A week into the programme's cycle."""
    day = catalogue.load(key).cycle.first_day + 7 * DAY
    return day.year, day.month, day.day


@pytest.mark.parametrize("key", ASKED)
async def test_a_mentor_is_reminded_until_there_is_one_and_the_office_only_where_it_decides(
    key: str, open_house: OpenHouse
) -> None:
    programme = catalogue.load(key)
    house = await open_house(key, start(key))
    first = programme.cycle.first_day
    assert owed(house, first) == {("plan", To.MENTOR, "plan")}
    assert owed(house, first + 30 * DAY) == {("plan", To.MENTOR, "plan again")}
    await writes(house.members["王建国"])
    [plan] = kept(house)
    waits = planning.needs_approval(programme)
    assert plan.state is (RecordState.SUBMITTED if waits else RecordState.FILED)
    later = first + 7 * DAY + 4 * DAY
    expected = {("queue", To.OFFICE, f"{plan.id}.1 3 days")} if waits else set()
    assert owed(house, later) == expected
    assert "等着您审核" not in await house.members["王建国"].says("待审")
    office = house.members["管小青"]
    assert ("请您审批" in office.reads()) == waits
    if waits:
        await office.presses("通过")
        assert owed(house, later) == set()
    student = house.members["林小雨"]
    assert "培养计划" in student.reads()
    assert BODY.aims in await student.presses("查看")


@pytest.mark.parametrize("key", [key for key in SCHEMES if key not in ASKED])
async def test_where_the_document_is_silent_nothing_is_offered_and_nobody_reminded(
    key: str, open_house: OpenHouse
) -> None:
    house = await open_house(key, start(key))
    for name in ("王建国", "林小雨", "管小青"):
        member = house.members[name]
        assert "没有要求写培养计划" in await member.says("培养计划")
        menu = await member.says("菜单")
        assert "[问政策]" in menu
        assert "[培养计划]" not in menu
    day = catalogue.load(key).cycle.first_day
    assert all(not owed(house, day + n * DAY) for n in range(0, 120, 10))
    mentor, student = house.members["王建国"], house.members["林小雨"]
    actor = Actor(mentor.person_id, None, house.clock.now())
    with house.app.database.transaction() as db, pytest.raises(Refused, match="not_asked"):
        plans.write(db, actor, student.membership_id, 0, BODY)


async def test_an_approved_plan_is_written_anew_and_stands_until_the_next_is_approved(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 3, 2))
    mentor, office = house.members["王建国"], house.members["管小青"]
    student = house.members["林小雨"]
    await writes(mentor)
    office.reads()
    await office.presses("通过")
    await mentor.says("培养计划")
    await mentor.says("1")
    await mentor.presses("修改")
    await mentor.presses("改目标")
    await mentor.says("独立完成两组实验并写成小论文")
    await mentor.presses("提交审批")
    await student.says("培养计划")
    told = await student.says("1")
    assert "现在实施的：第 1 版" in told
    assert "修改" not in student.buttons, "a student does not change what the mentor wrote"
    assert "撤回" not in told
    with house.app.database.transaction() as db:
        aims = [
            row.body["aims"]
            for row in db.exec(select(RecordVersion).order_by(col(RecordVersion.version)))
        ]
    assert aims == [BODY.aims, "独立完成两组实验并写成小论文"]


async def test_what_waits_for_the_office_is_in_its_lists(open_house: OpenHouse) -> None:
    """In the chat and the console; for nobody else, and no mentor is reminded of it."""
    house = await open_house("shanxi-2026", (2026, 3, 2))
    await writes(house.members["王建国"])
    house.clock.move(5 * DAY)
    office = house.members["管小青"]
    assert "待审：1 条" in await office.says("本期概况")
    listed = await office.says("待审")
    assert "林小雨 培养计划" in listed
    assert "等管理办公室，5 天" in listed
    assert "提醒审核" not in "".join(office.buttons)
    with house.app.database.transaction() as db:
        cohort = db.exec(select(Cohort)).one()
        for name, many in (("管小青", 1), ("郭老师", 0)):
            found = console.waiting(db, cohort, house.members[name].person_id)
            assert [one.kind for one in found] == [RecordKind.PLAN] * many, name
        actor = Actor(office.person_id, None, house.clock.now())
        assert urging.late_reviews(db, actor, cohort.id or 0) == []
    await office.says("1")
    await office.presses("通过")
    assert "没有待审的记录" in await office.says("待审")


async def test_only_who_may_writes_and_only_the_office_decides(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 3, 2))
    await writes(house.members["王建国"])
    [plan] = kept(house)
    student = house.members["林小雨"].membership_id
    now = house.clock.now()
    with house.app.database.transaction() as db:
        for name, member in house.members.items():
            actor = Actor(member.person_id, None, now)
            if name not in ("王建国", "李青"):
                with pytest.raises(Refused, match=r"plan\.not_yours"):
                    plans.write(db, actor, student, 1, BODY)
            for approve in (True, False):
                if name != "管小青":
                    with pytest.raises(Refused, match=r"plan\.not_yours_to_decide"):
                        records.review(db, actor, plan.id or 0, 1, approve=approve, reason="不行")
            with pytest.raises(Refused):
                records.withdraw(db, actor, plan.id or 0, 1)


async def test_who_wrote_a_version_does_not_approve_it(open_house: OpenHouse) -> None:
    """A mentor who is a coordinator as well."""
    house = await open_house("shanxi-2026", (2026, 3, 2))
    mentor, now = house.members["王建国"], house.clock.now()
    with house.app.database.transaction() as db:
        by = Operator(now)
        office = roster.find_member(db, house.members["管小青"].membership_id).membership
        roster.add_member(
            db, by, office.cohort_id, mentor.person_id, Role.COORDINATOR, unit_id=office.unit_id
        )
    await writes(mentor)
    assert "请您审批" not in mentor.reads()
    [plan] = kept(house)
    with house.app.database.transaction() as db:
        me = Actor(mentor.person_id, None, house.clock.now())
        with pytest.raises(Refused, match=r"plan\.not_ones_own"):
            records.review(db, me, plan.id or 0, 1, approve=True)
        other = Actor(house.members["管小青"].person_id, None, house.clock.now())
        assert records.review(db, other, plan.id or 0, 1, approve=True).done


async def test_two_who_begin_at_once_do_not_write_two(open_house: OpenHouse) -> None:
    house = await open_house("jiangsu-2022", (2022, 3, 2))
    mentor, member = house.members["王建国"], house.members["李青"]
    await member.says("培养计划")
    await member.says("1")
    await member.says(BODY.grounds)
    await member.says(BODY.aims)
    await member.says(BODY.steps)
    await member.presses("没有")
    await writes(mentor)
    told = await member.presses("保存")
    assert "王建国 已在" in told
    assert [plan.version for plan in kept(house)] == [1]


async def test_a_plan_is_evidence_in_the_version_that_counted(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 2))
    mentor, office = house.members["王建国"], house.members["管小青"]
    await writes(mentor)
    student = house.members["林小雨"].membership_id
    with house.app.database.transaction() as db:
        assert evaluations.evidence(db, student) == (), "nobody has approved it"
    office.reads()
    await office.presses("通过")
    [plan] = kept(house)
    with house.app.database.transaction() as db:
        [counted] = evaluations.evidence(db, student)
        assert (counted.record, counted.version) == (plan.id, 1)
    await mentor.says("评价")
    assert "培养计划" in await mentor.says("1")


async def test_a_stale_button_and_a_second_press_change_nothing(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 3, 2))
    mentor, office = house.members["王建国"], house.members["管小青"]
    await writes(mentor)
    office.reads()
    stale = office.button_on("通过")
    await mentor.says("培养计划")
    await mentor.says("1")
    await mentor.presses("修改")
    await mentor.presses("改目标")
    await mentor.says("独立完成两组实验并写成小论文")
    await mentor.presses("提交审批")
    office.reads()
    assert office.button_on("通过") != stale
    [plan] = kept(house)
    assert plan.version == 2
    with house.app.database.transaction() as db:
        actor = Actor(office.person_id, None, house.clock.now())
        assert not records.review(db, actor, plan.id or 0, 1, approve=True).done
    [plan] = kept(house)
    assert plan.state is RecordState.SUBMITTED
    await office.presses("通过")
    assert "已经处理过了" in await office.presses("通过")


async def test_a_young_student_without_consent_has_none(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 3, 2))
    student, mentor = house.members["林小雨"], house.members["王建国"]
    with house.app.database.transaction() as db:
        child = db.get(Person, student.person_id)
        assert child is not None
        child.birth_date = date(2015, 1, 1)
    with house.app.database.transaction() as db:
        actor = Actor(mentor.person_id, None, house.clock.now())
        with pytest.raises(Refused, match=r"plan\.consent_awaited"):
            plans.write(db, actor, student.membership_id, 0, BODY)
    assert kept(house) == []
    assert "写林小雨的培养计划" not in await mentor.says("培养计划")


async def test_erasing_a_student_takes_the_plan_and_the_mentors_file_with_it(
    open_house: OpenHouse,
) -> None:
    house = await open_house("jiangsu-2022", (2022, 3, 2))
    mentor, student = house.members["王建国"], house.members["林小雨"]
    await mentor.says("培养计划")
    await mentor.says("1")
    await mentor.sends_files(("进度.jpg", content("photo", "进度.jpg")))
    for words in (BODY.grounds, BODY.aims, BODY.steps):
        await mentor.says(words)
    await mentor.presses("没有")
    await mentor.presses("保存")
    now = house.clock.now()
    with house.app.database.transaction() as db:
        me = Actor(student.person_id, None, now)
        assert len(records.entries(db, student.membership_id)) == 1
        rows, _ = persons.everything(db, student.person_id)
        assert [row["kind"] for row in rows["records"]] == ["plan"]
        # One's own erasing leaves what others wrote; the office's takes all.
        assert persons.erase_own(db, me, student.person_id).left == 1
        hashes = set(db.exec(select(File.sha256)))
        assert len(hashes) == 1
        assert persons.erase(db, Operator(now), student.person_id).files == hashes
        assert not db.exec(select(File)).all()
        assert not db.exec(select(RecordVersion)).all()

"""The mid-term presentation: where a document has one, what it wants spoken about, and when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import pytest

from bot.talk.acting import Actor
from programmes import catalogue
from programmes.presenting import presented
from programmes.reminding import To
from services import stages
from services.access import cohort_of
from services.roster import find_member
from services.standing import standings_on
from storage.tables import Evaluation, EvaluationState
from tests.house import House
from tests.tables import each_row
from tests.year.conftest import OpenHouse
from tests.year.test_plans import SCHEMES, said

DAY: Final = timedelta(days=1)
WITH: Final = {
    "shanxi-2026": date(2026, 8, 31),
    "jiangsu-2022": date(2022, 8, 31),
    "neimenggu-yingcai-2025": date(2025, 7, 31),
    "neimenggu-pilot-2025": date(2025, 6, 30),
}
"""The programmes with one, and the strict reading of its last day."""


@each_row("key", SCHEMES)
def test_only_a_stage_whose_document_has_a_presentation_has_one(key: str) -> None:
    written = said(SCHEMES[key], "evaluation.stages")
    listed: Any = written["value"] if written["status"] != "silent" else []
    expected = {
        str(one["stage"]) for one in listed if any("汇报" in word for word in one["inputs"])
    }
    assert set(presented(catalogue.load(key))) == expected
    assert bool(expected) == (key in WITH)


def owed(house: House, on: date) -> list[tuple[str, str]]:
    """What the student is reminded to prepare on a day: its name, and how."""
    student = house.members["林小雨"].membership_id
    with house.app.database.transaction() as db:
        found = standings_on(db, [student], on).due.values()
    return [
        (one.matter.name, one.saying.strength.value)
        for one in found
        if one.to is To.LEARNER and one.matter.rule == "evaluation.stages"
    ]


@pytest.mark.parametrize("key", WITH)
async def test_a_student_is_reminded_twice_before_the_stated_day_and_not_after(
    key: str, open_house: OpenHouse
) -> None:
    due = WITH[key]
    begins = due - 60 * DAY
    house = await open_house(key, (begins.year, begins.month, begins.day))
    assert owed(house, due - 15 * DAY) == []
    assert owed(house, due - 14 * DAY) == [("中期汇报", "gentle")]
    assert owed(house, due - 3 * DAY) == [("中期汇报", "plain")]
    assert owed(house, due + DAY) == []
    student = house.members["林小雨"]
    await student.says("准备中期汇报")
    await student.says("做了三次实验，学会了估计误差")
    while "[没有]" in student.sees or "目标" in student.sees:
        if "提交" in student.buttons:
            break
        await student.says("十一月前写出课题报告，再做两组实验")
    assert "准备好了" in await student.presses("提交")
    assert owed(house, due - 3 * DAY) == [], "it is prepared"


async def test_a_moved_stage_moves_the_reminder(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 7, 1))
    office, student = house.members["管小青"], house.members["林小雨"]
    with house.app.database.transaction() as db:
        cohort = cohort_of(db, find_member(db, student.membership_id).membership)
        actor = Actor(office.person_id, None, house.clock.now())
        days = (date(2026, 8, 1), date(2026, 9, 20))
        stages.change(db, actor, cohort, "mid", days, "高校开学后汇报")
    assert owed(house, date(2026, 8, 28)) == []
    assert owed(house, date(2026, 9, 17)) == [("中期汇报", "plain")]


async def test_who_is_evaluated_already_need_prepare_nothing(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 7, 1))
    student, due = house.members["林小雨"], date(2026, 8, 31)
    assert owed(house, due - 3 * DAY) == [("中期汇报", "plain")]
    with house.app.database.transaction() as db:
        db.add(
            Evaluation(
                student_id=student.membership_id,
                stage="mid",
                side="team",
                state=EvaluationState.SIGNED,
                signed_at=house.clock.now(),
            )
        )
    assert owed(house, due - 3 * DAY) == []


@pytest.mark.parametrize("key", [key for key in SCHEMES if key not in WITH])
async def test_where_no_document_has_one_nothing_is_offered(
    key: str, open_house: OpenHouse
) -> None:
    first = catalogue.load(key).cycle.first_day + 60 * DAY
    house = await open_house(key, (first.year, first.month, first.day))
    student = house.members["林小雨"]
    assert "没有安排中期汇报" in await student.says("中期汇报")
    menu = await student.says("菜单")
    assert "[我的进度]" in menu
    assert "[中期汇报]" not in menu
    assert all(not owed(house, first + n * DAY) for n in range(0, 200, 7))


async def test_it_waits_for_nobody_and_mentors_see_it_when_they_evaluate(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 8, 20))
    student, mentor = house.members["林小雨"], house.members["王建国"]
    mentor.reads()
    await student.says("中期汇报")
    await student.says("做了三次实验，学会了估计误差")
    await student.presses("没有")
    await student.says("十一月前写出课题报告")
    await student.presses("没有")
    await student.presses("提交")
    assert mentor.reads() == ""
    assert "中期汇报" not in await mentor.says("待审")
    await mentor.says("评价")
    card = await mentor.presses("开始")
    assert "中期汇报 · 已提交" in card
    assert "十一月前写出课题报告" in await mentor.says("1")

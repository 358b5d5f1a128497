"""Buttons on cards that the talk has left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from prompts import catalogue
from tests.conftest import NewDatabase
from tests.house import House, Member


@pytest.fixture
async def student(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[Member]:
    """Somebody who has just been asked for the day of a session."""
    house = await House.open(new_database("sqlite"), tmp_path, clock)
    await house.populate()
    (member,) = await house.join("林小雨")
    await member.says("记一次培养")
    yield member
    house.close()


async def again(member: Member, press: str) -> str:
    return await member.sends(Incoming(member.address, press=press))


async def test_the_same_choice_once_more_changes_nothing(student: Member) -> None:
    yesterday = student.button("昨天")
    place = await student.presses("昨天")
    assert catalogue("zh")["session.where"] in place
    assert await again(student, yesterday) == ""


async def test_another_choice_on_an_older_card_is_not_taken(student: Member) -> None:
    today = student.button("今天")
    await student.presses("昨天")
    said = await again(student, today)
    assert catalogue("zh")["stale.earlier"] in said
    assert catalogue("zh")["session.where"] in said, "the question that is open is asked again"
    for words in ("到校面对面", "课题研究", "王建国", "搭光路"):
        await student.says(words)
    assert "11月22日" in student.sees, "the day is still the one that was chosen first"


async def test_the_buttons_for_back_and_putting_down_work(student: Member) -> None:
    await student.presses("昨天")
    back = await student.presses("返回上一步")
    assert catalogue("zh")["session.which_day_how_long"] in back
    await student.presses("昨天")
    assert catalogue("zh")["session.where"] in student.sees
    await student.presses("先放下")
    assert "记一次培养" in await student.says("草稿")


async def test_a_press_takes_up_a_talk_that_was_put_down(student: Member) -> None:
    await student.presses("昨天")
    place = student.button("到校面对面")
    await student.says("写日志")
    await student.says("菜单")
    said = await again(student, place)
    assert catalogue("zh")["session.which_kind"] in said


async def test_a_card_of_a_talk_that_is_over_says_so(student: Member) -> None:
    for words in ("昨天", "2小时", "到校面对面", "课题研究", "王建国", "搭光路"):
        await student.says(words)
    submit = student.button("提交")
    await student.presses("提交")
    assert catalogue("zh")["stale.closed"] in await again(student, submit)

"""Whoever opens their chat once more in the middle of a form finds its question."""

from __future__ import annotations

from bot.talk.message import Incoming
from tests.house import House


async def test_the_open_question_is_asked_again_and_what_is_typed_next_answers_it(
    house: House,
) -> None:
    (student,) = await house.join("林小雨")
    await student.says("记一次培养")
    await student.presses("昨天")
    asked = student.sees
    again = await student.sends(Incoming(student.address, start=""))
    assert asked.splitlines()[-3:] == again.splitlines()[-3:]
    assert "草稿" not in again
    await student.says("14:00-16:00")
    assert "在哪里" in student.sees


async def test_where_nothing_is_open_there_is_the_menu(house: House) -> None:
    (student,) = await house.join("林小雨")
    assert "[问政策]" in await student.sends(Incoming(student.address, start=""))

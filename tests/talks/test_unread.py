"""What cannot be read, outside any talk: each kind is named, and nothing of it is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.platforms.telegram.decode import UNREADABLE as FROM_TELEGRAM
from bot.talk.inputs import UNREADABLE
from bot.talk.message import Incoming
from prompts import address, render, t
from tests.house import House, Member


@pytest.fixture
async def house(populated: House) -> House:
    """A student and her mentor have joined; it is Monday 23 November 2026, ten in the morning."""
    await populated.join("林小雨", "王建国")
    return populated


@pytest.fixture
def student(house: House) -> Member:
    return house.members["林小雨"]


KINDS = sorted(UNREADABLE - {"edited"})


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_has_a_sentence_of_its_own(student: Member, kind: str) -> None:
    sees = await student.sends(Incoming(student.address, other=kind))
    told = render(t(f"help.other_{kind}"), address("zh", young=True))
    assert told in sees


def test_no_two_kinds_are_told_the_same() -> None:
    for language in ("zh", "en"):
        told = [render(t(f"help.other_{kind}"), language) for kind in (*KINDS, "blank", "edited")]
        assert len(set(told)) == len(told)
    assert {*FROM_TELEGRAM.values()} <= UNREADABLE


async def test_who_has_not_joined_is_told_too(house: House) -> None:
    stranger = Member(house, "谁", house.members["林小雨"].role, 0, 0, "chat-stranger")
    assert "语音" in await stranger.sends(Incoming(stranger.address, other="voice"))
    assert "空格" in await stranger.says("   ")


@pytest.mark.parametrize("words", [" ", "\u3000\u3000", "\u200b", "\n \t"])
async def test_nothing_but_spaces(student: Member, words: str) -> None:
    assert "只有空格" in await student.says(words)


async def logged(student: Member) -> int:
    """A session told in one sentence and handed in; gives when it was told."""
    told = student.house.clock.now() + timedelta(seconds=2)
    await student.says("昨天下午在校和王老师做了两小时双缝实验")
    await student.presses("提交")
    return int(told.timestamp()) - 1


async def test_an_edited_message_that_was_used_offers_to_change_the_record(
    student: Member,
) -> None:
    sent = await logged(student)
    sees = await student.sends(Incoming(student.address, other="edited", sent=sent))
    assert "不会跟着变" in sees
    assert "2小时" in sees
    assert "改时长" in await student.presses("改")


async def test_one_that_was_approved_cannot_be_changed(house: House, student: Member) -> None:
    sent = await logged(student)
    mentor = house.members["王建国"]
    mentor.reads()
    await mentor.says("待审")
    await mentor.presses("1")
    await mentor.presses("通过")
    sees = await student.sends(Incoming(student.address, other="edited", sent=sent))
    assert "已经审过" in sees


@pytest.mark.parametrize("sent", [0, 1_600_000_000])
async def test_an_edited_message_of_which_nothing_was_made(student: Member, sent: int) -> None:
    await logged(student)
    sees = await student.sends(Incoming(student.address, other="edited", sent=sent))
    assert "请另发一条" in sees

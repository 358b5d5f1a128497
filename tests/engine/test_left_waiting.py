"""Talks left waiting: taken up only where the row says what it said, and never more than fit."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.left_waiting import LeftWaiting
from bot.talk.conversation import Chat, Conversation, begin
from bot.talk.inputs import Answer, Free
from storage.chats import Talk as Row
from storage.tables import TalkState
from tests.engine.talking import MORNING

pytestmark = pytest.mark.slow

ended: list[str] = []


async def flow(chat: Chat, about: str) -> str:
    try:
        return await chat.ask("place", Free(), "where?") + await chat.ask("what", Free(), "what?")
    finally:
        ended.append(about)


def left(number: int, about: str = "甲") -> tuple[Row, Conversation]:
    """A talk's row, and its conversation, which waits for the first answer."""
    talking = Conversation(flow, about, begin(MORNING), MORNING, "zh", stays=True)
    journal = talking.resume().journal.to_json()
    row = Row(
        number, "flow", 1, 1, {"seen": about}, journal, TalkState.ACTIVE, None, MORNING
    )  # fmt: skip
    return row, talking


@pytest.fixture(autouse=True)
def nothing_ended() -> None:
    gc.collect()  # The talks of the tests before this one end now, and not in its midst.
    ended.clear()


def test_a_talk_goes_on_where_it_was_left() -> None:
    kept = LeftWaiting()
    row, talking = left(1)
    kept.leave(row, "zh", talking)
    # As the row is read again: equal, not the same.
    again = replace(row, journal=dict(row.journal), about=dict(row.about))
    assert kept.take(again, "zh") is talking
    assert ended == []
    assert kept.take(again, "zh") is None, "it is taken out"


@pytest.mark.parametrize(
    "other",
    [
        {"journal": {"began": MORNING.isoformat(), "turn": 1, "entries": []}},
        {"about": {"seen": "乙"}},
        {"flow": "another"},
        {"id": 2},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_row_that_says_something_else_is_replayed(other: Mapping[str, Any]) -> None:
    kept = LeftWaiting()
    row, talking = left(1)
    kept.leave(row, "zh", talking)
    assert kept.take(replace(row, **other), "zh") is None
    assert ended == (["甲"] if "id" not in other else [])


def test_another_language_is_replayed() -> None:
    kept = LeftWaiting()
    row, talking = left(1)
    kept.leave(row, "zh", talking)
    assert kept.take(row, "en") is None


def test_what_does_not_wait_is_not_left() -> None:
    kept = LeftWaiting()
    row, talking = left(1)
    talking.answer(Answer(text="实验室"))
    talking.answer(Answer(text="做实验"))
    kept.leave(row, "zh", talking)
    assert kept.take(row, "zh") is None


def test_of_more_than_fit_some_are_kept() -> None:
    kept = LeftWaiting(most=20)
    rows = [left(number, f"{number}") for number in range(100)]
    for row, talking in rows:
        kept.leave(row, "zh", talking)
    assert len(ended) == 80, "those that give way are ended"
    found = [row.id for row, _ in rows if kept.take(row, "zh")]
    assert len(found) == 20
    assert min(found) < 80, "not only the latest"

"""Talks that were under way when a new version came: today's code takes them up where they were.

`journals/*.json` are rows of the talk table as earlier versions wrote them, each with what was to
come after and what it must lead to. They are never edited: when a flow changes, a row written by
the new code is added beside them. A flow may tell more than an old row expects, never less.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from bot.talk.conversation import Chat, Conversation, Finished, Journal
from bot.talk.inputs import Answer, Free, Pick, Summary, SummaryLine
from bot.talk.message import Choice
from handlers import handlers
from tests.engine.talking import MORNING, Talk, choices, pick
from tests.tables import each_row

FOLDER: Final = Path(__file__).parent / "journals"
JOURNALS: Final = sorted(path.stem for path in FOLDER.glob("*.json"))
FLOWS: Final = handlers().flows


def row(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return body


def taken_up(body: dict[str, Any], later: timedelta = timedelta(days=200)) -> Talk:
    """The talk as today's code finds it, long after it was put down."""
    flow = FLOWS[body["flow"]]
    return Talk(
        flow.talk,
        flow.about.model_validate(body["seen"]),
        stored=json.dumps(body["journal"]),
        now=datetime.fromisoformat(body["now"]) + later,
        language=body["language"],
    )


def do(talk: Talk, act: Any) -> None:
    match act:
        case "back":
            assert talk.back()
        case {"done": result}:
            talk.done(result)
        case _:
            talk.answers(Answer.from_json(act))


def plain(result: Any) -> Any:
    return result.model_dump(mode="json") if isinstance(result, BaseModel) else result


def holds(expected: Any, actual: Any) -> bool:
    """Whether all that an old row expects is there; more may be."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(
            key in actual and holds(value, actual[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(expected)
            and all(map(holds, expected, actual))
        )
    return bool(expected == actual)


def test_every_flow_that_people_write_in_has_an_earlier_journal() -> None:
    assert {row(name)["flow"] for name in JOURNALS} >= {"session", "writing", "return", "document"}


@each_row("name", JOURNALS)
def test_it_waits_where_it_waited(name: str) -> None:
    body = row(name)
    talk = taken_up(body)
    if "waits" in body:
        assert (talk.waits, talk.note) == (body["waits"], None)
    else:
        assert talk.working == body["works"]
    kept = {entry["step"] for entry in body["journal"]["entries"]}
    assert set(talk.answered) == kept


@each_row("name", JOURNALS)
def test_it_ends_as_it_would_have_ended(name: str) -> None:
    body = row(name)
    talk = taken_up(body)
    for act in body["then"]:
        do(talk, act)
    assert holds(body["result"], plain(talk.result)), plain(talk.result)


# ---------------------------------------------------------------- what a new version may change

OLD: Final = {
    "began": "2026-11-23T02:00:00+00:00",
    "turn": 4,
    "entries": [
        {"step": "place", "at": "2026-11-23T02:01:00+00:00", "turn": 0, "press": "online"},
        {"step": "link", "at": "2026-11-23T02:02:00+00:00", "turn": 1, "text": "会议 123"},
        {"step": "what", "at": "2026-11-23T02:03:00+00:00", "turn": 2, "text": "讨论 x²"},
    ],
}
"""What the first version of the flow below wrote, up to its review."""


async def first(chat: Chat, about: Any) -> Any:
    place = await chat.ask("place", pick("campus", "online"), "where?")
    link = await chat.ask("link", Free(), "link?") if place == "online" else ""
    what = await chat.ask("what", Free(), "what?")
    await _review(chat)
    return place, link, what


async def _review(chat: Chat) -> None:
    fields = [SummaryLine(step, step, "") for step in ("place", "what")]
    await chat.ask("review", Summary(fields, choices("submit")), "right?")


def old_talk(flow: Any) -> Talk:
    return Talk(flow, stored=json.dumps(OLD))


def test_unchanged_it_goes_on() -> None:
    talk = old_talk(first)
    talk.presses("submit")
    assert talk.result == ("online", "会议 123", "讨论 x²")


def test_a_step_that_was_gained_is_asked_and_nothing_else() -> None:
    async def gained(chat: Chat, about: Any) -> Any:
        place = await chat.ask("place", pick("campus", "online"), "where?")
        link = await chat.ask("link", Free(), "link?") if place == "online" else ""
        mood = await chat.ask("mood", pick("good", "bad"), "mood?")
        what = await chat.ask("what", Free(), "what?")
        await _review(chat)
        return place, link, mood, what

    talk = old_talk(gained)
    assert (talk.waits, talk.note) == ("mood", None)
    talk.presses("good")
    assert talk.waits == "review"
    talk.presses("submit")
    assert talk.result == ("online", "会议 123", "good", "讨论 x²")


def test_a_step_that_was_lost_is_passed_over_and_its_answer_kept() -> None:
    async def lost(chat: Chat, about: Any) -> Any:
        place = await chat.ask("place", pick("campus", "online"), "where?")
        what = await chat.ask("what", Free(), "what?")
        await _review(chat)
        return place, what

    talk = old_talk(lost)
    assert talk.waits == "review"
    assert "link" in talk.answered
    talk.back()
    assert talk.waits == "what"
    talk.back()
    assert talk.waits == "place"


def test_a_choice_that_was_renamed_is_asked_again_and_the_rest_is_kept() -> None:
    async def renamed(chat: Chat, about: Any) -> Any:
        place = await chat.ask("place", pick("campus", "remote"), "where?")
        link = await chat.ask("link", Free(), "link?") if place == "remote" else ""
        what = await chat.ask("what", Free(), "what?")
        await _review(chat)
        return place, link, what

    talk = old_talk(renamed)
    assert (talk.waits, talk.note) == ("place", "answer.choice_gone")
    talk.presses("remote")
    assert talk.waits == "review"
    talk.presses("submit")
    assert talk.result == ("remote", "会议 123", "讨论 x²")


def test_a_choice_whose_words_were_changed_is_the_same_choice() -> None:
    async def reworded(chat: Chat, about: Any) -> Any:
        options = [Choice("online", "远程参加"), Choice("campus", "到校")]
        place = await chat.ask("place", Pick(options), "where?")
        await chat.ask("review", Summary([], choices("submit")), "right?")
        return place

    talk = old_talk(reworded)
    talk.presses("submit")
    assert talk.result == "online"


def test_a_rule_that_has_become_stricter_asks_again_with_its_reason() -> None:
    async def stricter(chat: Chat, about: Any) -> Any:
        await chat.ask("place", pick("campus", "online"), "where?")
        return await chat.ask("what", Free(least=20), "what?")

    talk = old_talk(stricter)
    assert (talk.waits, talk.note) == ("what", "answer.too_short")


def test_steps_that_changed_places_keep_their_answers() -> None:
    async def turned(chat: Chat, about: Any) -> Any:
        what = await chat.ask("what", Free(), "what?")
        place = await chat.ask("place", pick("campus", "online"), "where?")
        await _review(chat)
        return place, what

    talk = old_talk(turned)
    talk.presses("submit")
    assert talk.result == ("online", "讨论 x²")


def test_a_journal_from_before_questions_were_noted_takes_its_answer() -> None:
    """Journals once had no `asked`; whichever question waits takes the answer."""
    assert "asked" not in OLD
    journal = Journal.from_json(OLD)
    outcome = Conversation(first, None, journal, MORNING, "zh").answer(Answer(press="submit"))
    assert isinstance(outcome, Finished)
    assert outcome.result == ("online", "会议 123", "讨论 x²")

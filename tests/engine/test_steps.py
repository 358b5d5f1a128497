"""A talk is a plain function: its steps have names, and its journal is all that is remembered."""

from __future__ import annotations

import asyncio
import json
from itertools import count
from typing import Any

import pytest

from bot.talk import conversation
from bot.talk.conversation import Broken, Chat, FlowError, Working, already_given
from bot.talk.inputs import Answer, Day, Free, Minutes, Parts, People, Pick
from bot.talk.message import Attachment
from tests.engine.talking import Talk, choices, photo, pick
from tests.tables import each_row

PLACES = pick("campus", "online")


async def two(chat: Chat, about: Any) -> tuple[str, str]:
    place = await chat.ask("place", PLACES, "where?")
    what = await chat.ask("what", Free(least=2), "what?")
    return place, what


async def two_the_other_way_round(chat: Chat, about: Any) -> tuple[str, str]:
    what = await chat.ask("what", Free(least=2), "what?")
    place = await chat.ask("place", PLACES, "where?")
    return place, what


# ---------------------------------------------------------------- names


def test_a_talk_asks_in_order_and_returns_what_is_to_be_done() -> None:
    talk = Talk(two)
    assert talk.waits == "place"
    talk.presses("online")
    assert (talk.waits, talk.waiting.accepted) == ("what", True)
    talk.says("fringes")
    assert talk.result == ("online", "fringes")


def test_an_answer_belongs_to_its_steps_name_not_to_its_place() -> None:
    talk = Talk(two)
    talk.presses("online")
    talk.flow = two_the_other_way_round
    talk.resume()
    assert talk.waits == "what"
    talk.says("fringes")
    assert talk.result == ("online", "fringes")


@pytest.mark.parametrize("second", ["question", "work"])
def test_a_name_used_twice_breaks_the_talk(second: str) -> None:
    async def flow(chat: Chat, about: Any) -> None:
        await chat.ask("place", PLACES, "where?")
        if second == "question":
            await chat.ask("place", PLACES, "where again?")
        await chat.work("place", "look_up")

    talk = Talk(flow)
    talk.presses("online")
    assert isinstance(talk.error, FlowError)
    assert "'place'" in str(talk.error)
    assert talk.answered == {"place": Answer(press="online")}


def test_a_loop_puts_its_index_in_the_name() -> None:
    async def flow(chat: Chat, about: Any) -> list[str]:
        parts: list[str] = []
        for turn in count():
            part = await chat.ask(f"text/{turn}", Parts(files_left=0, needed=not turn), "go on")
            if part.done:
                break
            parts.append(part.text)
        return parts

    talk = Talk(flow)
    for words in ("first", "second", "third"):
        talk.says(words)
    talk.presses("done")
    assert talk.result == ["first", "second", "third"]
    assert list(talk.answered) == ["text/0", "text/1", "text/2", "text/3"]


def test_a_talk_of_known_length_numbers_its_questions() -> None:
    async def flow(chat: Chat, about: Any) -> None:
        chat.steps(2)
        await chat.ask("place", PLACES, "where?")
        await chat.ask("aside", PLACES, "really?", counted=False)
        await chat.ask("what", Free(), "what?")

    talk = Talk(flow)
    places = []
    for value in ("online", "campus"):
        places.append((talk.waiting.question.number, talk.waiting.question.total))
        talk.presses(value)
    places.append((talk.waiting.question.number, talk.waiting.question.total))
    assert places == [(1, 2), (None, None), (2, 2)]


# ---------------------------------------------------------------- what is stored


def test_the_answer_is_stored_as_it_was_said() -> None:
    async def flow(chat: Chat, about: Any) -> Any:
        length = await chat.ask("length", Minutes(), "how long?")
        files = await chat.ask("files", Parts(words=False), "files?")
        return length, files.files, await chat.ask("end", PLACES, "sure?")

    talk = Talk(flow)
    talk.says("两个半小时")
    talk.sends(photo("a.jpg"), Attachment("ref-b", "b.pdf", "application/pdf", None), text="图")
    stored = json.loads(talk.stored)["entries"]
    assert [{k: e[k] for k in e if k in ("step", "text", "press", "files")} for e in stored] == [
        {"step": "length", "text": "两个半小时"},
        {
            "step": "files",
            "text": "图",
            "files": [
                ["ref-a.jpg", "a.jpg", "image/jpeg", 1000],
                ["ref-b", "b.pdf", "application/pdf", None],
            ],
        },
    ]


def test_a_stored_answer_is_understood_again_at_every_replay() -> None:
    known = {"7": "王建国"}

    async def flow(chat: Chat, about: Any) -> Any:
        people = await chat.ask("people", People(known), "with whom?")
        await chat.ask("end", PLACES, "sure?")
        return people

    talk = Talk(flow, restarts=True)
    talk.presses("7")
    known["7"] = "王建国（改名）"
    talk.presses("online")
    assert talk.result == ("王建国（改名）",)


@each_row(
    "answer",
    [
        Answer(text="neither of them"),
        Answer(text=""),
        Answer(text="9"),
        Answer(text="x" * 5000),
        Answer(press="gone"),
        Answer(press=""),
        Answer(press="edit:place"),
        Answer(press="edit:nothing"),
        Answer(files=(photo(),)),
        Answer(text="online", files=(photo(),)),
        Answer(other="sticker"),
        Answer(text="online", other="edited"),
        Answer(),
    ],
)
def test_a_refused_answer_leaves_no_trace(answer: Answer) -> None:
    talk = Talk(two)
    talk.presses("online")
    talk.back()
    before = talk.stored
    talk.answers(answer)
    assert talk.stored == before
    assert (talk.waits, talk.waiting.accepted) == ("place", False)
    assert talk.note is not None


def test_resuming_changes_nothing() -> None:
    talk = Talk(two)
    talk.presses("online")
    before = talk.stored
    talk.resume()
    assert talk.stored == before
    assert (talk.waits, talk.note, talk.waiting.accepted) == ("what", None, False)


def test_the_turn_counts_changes_and_nothing_else() -> None:
    talk = Talk(two)
    turns = [talk.journal.turn]
    for act in (
        lambda: talk.says("neither"),
        lambda: talk.presses("online"),
        talk.resume,
        talk.back,
        lambda: talk.presses("campus"),
        lambda: talk.says("fringes"),
    ):
        act()
        turns.append(talk.journal.turn)
    assert turns == [0, 0, 1, 1, 2, 3, 4]


# ---------------------------------------------------------------- waiting for nothing else


class Elsewhere:
    """Something else that can be awaited."""

    def __await__(self) -> Any:
        yield "elsewhere"


@pytest.mark.parametrize("other", [lambda: asyncio.sleep(0), Elsewhere], ids=["sleep", "object"])
def test_awaiting_anything_but_a_step_fails_at_once(other: Any) -> None:
    async def flow(chat: Chat, about: Any) -> None:
        await chat.ask("place", PLACES, "where?")
        await other()
        await chat.ask("what", Free(), "what?")

    talk = Talk(flow)
    talk.presses("online")
    assert isinstance(talk.error, FlowError)
    assert talk.answered == {"place": Answer(press="online")}


async def test_an_event_loop_lends_a_flow_no_help() -> None:
    async def flow(chat: Chat, about: Any) -> None:
        await asyncio.sleep(3600)

    assert isinstance(Talk(flow).error, FlowError)


def test_what_is_no_coroutine_function_breaks_and_does_not_raise() -> None:
    def plain(chat: Chat, about: Any) -> Any:
        return "done"

    def raising(chat: Chat, about: Any) -> Any:
        raise LookupError("before the first step")

    assert isinstance(Talk(plain).outcome, Broken)
    assert isinstance(Talk(raising).error, LookupError)


def test_a_flow_that_will_not_end_when_it_is_let_go_is_broken() -> None:
    async def flow(chat: Chat, about: Any) -> None:
        try:
            await chat.ask("place", PLACES, "where?")
        finally:
            await chat.ask("really", PLACES, "really?")

    assert isinstance(Talk(flow, restarts=True).error, RuntimeError)


# ---------------------------------------------------------------- outside work


async def with_work(chat: Chat, about: Any) -> tuple[Any, str]:
    name = await chat.ask("name", Free(), "which?")
    found = await chat.work("name/found", "look_up", name=name)
    return found, await chat.ask("end", PLACES, "sure?")


@each_row("result", [{"size": 3}, [], 0, "", False, None])
def test_outside_work_is_done_once_and_its_result_kept(result: Any) -> None:
    talk = Talk(with_work)
    talk.says("fringes")
    assert talk.working == "name/found"
    assert isinstance(talk.outcome, Working)
    work = talk.outcome.work
    assert (work.job, work.args) == ("look_up", {"name": "fringes"})
    talk.resume()
    assert talk.working == "name/found"
    talk.done(result)
    assert talk.waits == "end"
    talk.presses("online")
    assert talk.result == (result, "online")


def test_words_said_while_work_is_under_way_answer_nothing() -> None:
    talk = Talk(with_work)
    talk.says("fringes")
    before = talk.stored
    talk.says("online")
    assert (talk.working, talk.stored) == ("name/found", before)


def test_of_two_results_the_first_stands() -> None:
    talk = Talk(with_work)
    talk.says("fringes")
    engine = talk.engine()
    engine.done("name/found", "first")
    engine.done("name/found", "second")
    talk.keep(engine.answer(Answer(press="online")))
    assert talk.result == ("first", "online")


# ---------------------------------------------------------------- breaking and mending


def test_a_flow_that_raises_keeps_every_answer_and_goes_on_once_mended() -> None:
    async def broken(chat: Chat, about: Any) -> Any:
        place = await chat.ask("place", PLACES, "where?")
        what = await chat.ask("what", Free(), "what?")
        raise ZeroDivisionError(f"{place} {what}")

    talk = Talk(broken)
    talk.presses("online")
    talk.says("fringes")
    assert isinstance(talk.error, ZeroDivisionError)
    assert talk.answered == {"place": Answer(press="online"), "what": Answer(text="fringes")}
    before = talk.stored
    talk.resume()
    assert isinstance(talk.error, ZeroDivisionError)
    assert talk.stored == before
    talk.flow = two
    talk.resume()
    assert talk.result == ("online", "fringes")


def test_the_answer_that_broke_a_talk_can_be_taken_back() -> None:
    async def flow(chat: Chat, about: Any) -> str:
        place = await chat.ask("place", PLACES, "where?")
        what = await chat.ask("what", Free(), "what?")
        if what == "boom":
            raise ValueError(what)
        return f"{what} {place}"

    talk = Talk(flow)
    talk.presses("online")
    talk.says("boom")
    assert isinstance(talk.error, ValueError)
    assert talk.back()
    assert talk.waits == "what"
    talk.says("fringes")
    assert talk.result == "fringes online"


def test_a_broken_kind_of_question_breaks_its_talk_only() -> None:
    class Odd(Pick):
        def parse(self, answer: Answer, asked: Any) -> str:
            raise KeyError("a fault of ours")

    async def flow(chat: Chat, about: Any) -> Any:
        await chat.ask("place", PLACES, "where?")
        return await chat.ask("odd", Odd(choices("one")), "which?")

    talk = Talk(flow)
    talk.presses("online")
    before = talk.stored
    talk.presses("one")
    assert isinstance(talk.error, KeyError)
    # What cannot be read must not be kept: it would break every replay.
    assert talk.stored == before


# ---------------------------------------------------------------- whose answer it is


def test_a_double_tap_is_known() -> None:
    talk = Talk(two)
    talk.presses("online")
    journal = talk.journal
    assert already_given(journal, 0, "online")
    assert not already_given(journal, 0, "campus")
    assert not already_given(journal, 1, "online")


def test_a_tap_on_a_choice_just_typed_is_a_double_tap() -> None:
    talk = Talk(two)
    talk.says("2")
    assert already_given(talk.journal, 0, "online")


def test_a_tap_on_an_answer_since_taken_back_is_a_change() -> None:
    talk = Talk(two)
    talk.presses("online")
    talk.back()
    assert not already_given(talk.journal, 0, "online")
    talk.presses("campus")
    assert not already_given(talk.journal, 0, "online")
    assert already_given(talk.journal, 2, "campus")


def test_an_answer_is_taken_only_by_the_question_that_was_put() -> None:
    """A new version may ask something else first: nobody meant that."""

    async def newer(chat: Chat, about: Any) -> tuple[str, str, str]:
        mood = await chat.ask("mood", Free(), "how was it?")
        return (mood, *await two(chat, about))

    talk = Talk(two)
    talk.presses("online")
    talk.flow = newer
    before = talk.answered
    talk.says("fringes")
    assert (talk.waits, talk.note, talk.waiting.accepted) == ("mood", "answer.not_now", False)
    assert talk.answered == before
    talk.says("good")
    talk.says("fringes")
    assert talk.result == ("good", "online", "fringes")


def test_an_answer_is_not_taken_by_an_earlier_question_that_opens_again() -> None:
    async def flow(chat: Chat, about: Pick) -> tuple[str, str]:
        place = await chat.ask("place", about, "where?")
        return place, await chat.ask("what", Free(), "what?")

    talk = Talk(flow, pick("campus", "online"))
    talk.presses("online")
    talk.about = Pick(choices("campus", "fringes"))
    talk.says("fringes")
    assert (talk.waits, talk.note) == ("place", "answer.choice_gone")
    talk.presses("campus")
    talk.says("fringes")
    assert talk.result == ("campus", "fringes")


def test_a_day_cannot_be_awaited_without_a_step() -> None:
    """Kinds are no steps: forgetting `chat.ask` is an error, not a silent answer."""

    async def flow(chat: Chat, about: Any) -> Any:
        return await Day(chat.today, chat.today)  # type: ignore[misc]  # the mistake that it tells

    assert isinstance(Talk(flow).error, TypeError)


def test_a_talk_may_end_without_a_question() -> None:
    async def flow(chat: Chat, about: str) -> str:
        return about

    assert Talk(flow, "nothing to ask").result == "nothing to ask"


def test_beginning_writes_nothing_but_the_moment() -> None:
    journal = conversation.begin(Talk(two).now)
    assert set(journal.to_json()) == {"began", "turn", "entries"}

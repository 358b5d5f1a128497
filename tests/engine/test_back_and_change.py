"""Going back undoes the last answer; changing a field asks that field again and nothing else."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from bot.talk.conversation import Chat, Conversation, Waiting, Working, begin
from bot.talk.inputs import Answer, Free, Parts, Summary, SummaryLine
from bot.talk.message import Choice
from prompts import Text, t
from tests.engine.talking import MORNING, Talk, choices, photo, pick

PLACES = pick("campus", "online")
FIELDS = ("place", "what", "files")


async def log(chat: Chat, about: Any) -> dict[str, Any]:
    """A talk with all that makes going back hard: a branch, a loop, and work inside it."""
    place = await chat.ask("place", PLACES, "where?")
    link = await chat.ask("link", Free(), "which link?") if place == "online" else ""
    what = await chat.ask("what", Free(), "what?")
    files: list[Any] = []
    for turn in count():
        part = await chat.ask(f"files/{turn}", Parts(words=False, optional=not turn), "files?")
        if part.done:
            break
        files.append(await chat.work(f"files/{turn}/kept", "keep", names=[part.files[0].name]))
    fields = [SummaryLine(name, name, "") for name in FIELDS]
    await chat.ask("review", Summary(fields, choices("submit")), "all right?")
    return {"place": place, "link": link, "what": what, "files": files}


def at_review(*names: str, place: str = "campus") -> Talk:
    """A talk that is answered up to its review, with some files."""
    talk = Talk(log)
    talk.presses(place)
    if place == "online":
        talk.says("a link")
    talk.says("fringes")
    for name in names:
        talk.sends(photo(name))
        talk.done({"kept": name})
    talk.presses("done" if names else "skip")
    assert talk.waits == "review"
    return talk


def kept(*names: str) -> list[dict[str, str]]:
    return [{"kept": name} for name in names]


# ---------------------------------------------------------------- going back


def test_back_at_the_beginning_has_nothing_to_drop() -> None:
    talk = Talk(log)
    before = talk.stored
    assert not talk.back()
    assert talk.stored == before


def test_back_over_every_answer_asks_each_again_in_turn() -> None:
    talk = at_review("a.jpg", "b.jpg", place="online")
    met = []
    while talk.back():
        met.append(talk.waits)
        assert talk.waiting.accepted
    assert met == ["files/2", "files/1", "files/0", "what", "link", "place"]
    assert talk.journal.entries == {}


def test_back_and_the_same_answer_again_give_the_same_talk() -> None:
    talk = at_review("a.jpg", place="online")
    before = talk.answered
    talk.back()
    talk.presses("done")
    assert talk.answered == before
    assert talk.waits == "review"


def test_back_takes_the_work_along_that_came_of_the_answer() -> None:
    talk = at_review("a.jpg")
    talk.back()
    assert talk.waits == "files/1"
    talk.back()
    assert talk.waits == "files/0"
    assert "files/0/kept" not in talk.journal.entries
    talk.sends(photo("c.jpg"))
    assert isinstance(talk.outcome, Working)
    assert talk.outcome.work.args == {"names": ["c.jpg"]}


def test_back_takes_work_along_whose_result_was_nothing() -> None:
    async def flow(chat: Chat, about: Any) -> None:
        await chat.ask("name", Free(), "which?")
        await chat.work("name/found", "look_up")
        await chat.ask("end", PLACES, "sure?")

    talk = Talk(flow)
    talk.says("fringes")
    talk.done(None)
    talk.back()
    assert talk.waits == "name"


def test_back_stops_the_work_that_is_under_way() -> None:
    talk = at_review()
    talk.back()
    talk.sends(photo("a.jpg"))
    assert talk.working == "files/0/kept"
    talk.back()
    assert talk.waits == "files/0"


def test_there_is_no_way_back_over_work_that_no_answer_led_to() -> None:
    async def flow(chat: Chat, about: Any) -> None:
        await chat.work("weather", "look_up")
        await chat.ask("end", PLACES, "sure?")

    talk = Talk(flow)
    talk.done("rain")
    assert not talk.back()
    assert talk.waits == "end"


def test_back_goes_by_the_order_asked_not_by_the_order_answered() -> None:
    talk = at_review("a.jpg")
    talk.changes("place")
    talk.presses("campus")
    assert list(talk.answered)[-1] == "place"
    talk.back()
    assert talk.waits == "review"
    talk.back()
    assert talk.waits == "files/1"
    talk.back()
    talk.back()
    assert talk.waits == "what"


def test_back_passes_over_answers_that_are_no_longer_asked_for() -> None:
    talk = at_review(place="online")
    for _step in ("files/0", "what", "link", "place"):
        talk.back()
    talk.presses("campus")
    talk.says("fringes")
    talk.presses("skip")
    for step in ("files/0", "what", "place"):
        talk.back()
        assert talk.waits == step


def test_an_answer_that_is_no_longer_asked_for_is_kept_for_when_it_is() -> None:
    talk = at_review(place="online")
    talk.changes("place")
    talk.presses("campus")
    talk.changes("place")
    talk.presses("online")
    # The link was never dropped, so it need not be typed again.
    assert talk.waits == "review"


def test_a_refused_answer_is_nothing_to_go_back_over() -> None:
    talk = Talk(log)
    talk.presses("campus")
    talk.sends(photo())
    assert talk.note == "answer.no_files_here"
    talk.back()
    assert talk.waits == "place"


# ---------------------------------------------------------------- changing one field


def test_only_the_field_is_asked_again() -> None:
    talk = at_review("a.jpg")
    before = talk.answered
    talk.changes("what")
    assert (talk.waits, talk.waiting.accepted, talk.note) == ("what", True, None)
    talk.says("spectra")
    assert talk.waits == "review"
    assert talk.answered == before | {"what": Answer(text="spectra")}
    talk.presses("submit")
    assert talk.result == {
        "place": "campus",
        "link": "",
        "what": "spectra",
        "files": kept("a.jpg"),
    }


@pytest.mark.parametrize("typed", ["what", "WHAT", "改what", "Change what", "3"])
def test_a_field_may_be_named_by_typing(typed: str) -> None:
    talk = at_review()
    talk.says(typed)
    assert talk.waits == "what"
    assert talk.waiting.accepted


def test_all_turns_of_a_fields_loop_are_asked_again() -> None:
    talk = at_review("a.jpg", "b.jpg")
    talk.changes("files")
    assert talk.waits == "files/0"
    assert set(talk.answered) == {"place", "what"}
    talk.sends(photo("c.jpg"))
    talk.done({"kept": "c.jpg"})
    talk.presses("done")
    talk.presses("submit")
    assert talk.result["files"] == kept("c.jpg")


def test_a_field_whose_name_begins_anothers_leaves_it_alone() -> None:
    async def flow(chat: Chat, about: Any) -> Any:
        day = await chat.ask("day", Free(), "day?")
        before = await chat.ask("day_before", Free(), "day before?")
        fields = [SummaryLine("day", "day", day), SummaryLine("day_before", "before", before)]
        await chat.ask("review", Summary(fields, choices("submit")), "all right?")
        return day, before

    talk = Talk(flow)
    talk.says("monday")
    talk.says("sunday")
    talk.changes("day")
    talk.says("tuesday")
    talk.presses("submit")
    assert talk.result == ("tuesday", "sunday")


def test_a_changed_branch_asks_what_it_newly_needs() -> None:
    talk = at_review()
    talk.changes("place")
    talk.presses("online")
    assert talk.waits == "link"
    talk.says("a link")
    assert talk.waits == "review"
    talk.presses("submit")
    assert talk.result["link"] == "a link"


def test_a_changed_branch_leaves_out_what_it_no_longer_needs() -> None:
    talk = at_review(place="online")
    talk.changes("place")
    talk.presses("campus")
    assert talk.waits == "review"
    talk.presses("submit")
    assert talk.result["link"] == ""


def test_changing_to_and_fro_loses_no_answer_that_is_asked_for_in_the_end() -> None:
    talk = at_review("a.jpg", place="online")
    for place in ("campus", "online", "campus", "online"):
        talk.changes("place")
        talk.presses(place)
        assert talk.waits == "review"
    talk.presses("submit")
    assert talk.result == {
        "place": "online",
        "link": "a link",
        "what": "fringes",
        "files": kept("a.jpg"),
    }


def test_a_field_that_the_card_does_not_show_cannot_be_changed() -> None:
    talk = at_review(place="online")
    before = talk.stored
    talk.changes("link")
    assert (talk.waits, talk.note, talk.stored) == ("review", "answer.choice_gone", before)


def test_a_change_can_only_be_asked_for_at_the_review() -> None:
    talk = at_review()
    talk.back()
    before = talk.stored
    talk.changes("what")
    assert (talk.waits, talk.note, talk.stored) == ("files/0", "answer.choice_gone", before)


def test_a_field_that_no_step_asks_cannot_be_changed() -> None:
    async def flow(chat: Chat, about: Any) -> None:
        review = Summary([SummaryLine("nowhere", "nowhere", "")], choices("submit"))
        await chat.ask("review", review, "all right?")

    talk = Talk(flow)
    before = talk.stored
    talk.changes("nowhere")
    assert (talk.waits, talk.note, talk.stored) == ("review", "answer.choice_gone", before)


# ---------------------------------------------------------------- giving a change up


@pytest.mark.parametrize("field", FIELDS)
def test_back_gives_a_change_up_and_puts_back_what_was_there(field: str) -> None:
    talk = at_review("a.jpg", "b.jpg", place="online")
    before = talk.answered
    talk.changes(field)
    talk.back()
    assert talk.answered == before
    assert talk.waits == "review"
    assert (talk.journal.changing, talk.journal.aside) == ("", {})


def test_a_refused_answer_does_not_end_a_change() -> None:
    talk = at_review("a.jpg")
    before = talk.answered
    talk.changes("place")
    talk.says("neither")
    talk.back()
    assert talk.answered == before


def test_a_change_of_several_turns_can_be_given_up_half_way() -> None:
    """Five long messages are not lost to one wrong press."""
    talk = at_review("a.jpg", "b.jpg")
    before = talk.answered
    talk.changes("files")
    talk.sends(photo("c.jpg"))
    talk.done({"kept": "c.jpg"})
    assert talk.waits == "files/1"
    talk.back()
    assert talk.waits == "files/0"
    assert "files/0/kept" not in talk.journal.entries
    talk.back()
    assert talk.waits == "review"
    assert talk.answered == before
    talk.presses("submit")
    assert talk.result["files"] == kept("a.jpg", "b.jpg")


def test_a_change_can_be_given_up_while_its_work_is_under_way() -> None:
    talk = at_review("a.jpg")
    before = talk.answered
    talk.changes("files")
    talk.sends(photo("b.jpg"))
    assert talk.working == "files/0/kept"
    talk.back()
    talk.back()
    assert (talk.waits, talk.answered) == ("review", before)


def test_going_back_after_a_change_undoes_it() -> None:
    talk = at_review("a.jpg", "b.jpg")
    before = talk.answered
    talk.changes("files")
    talk.presses("skip")
    assert (talk.waits, talk.answered.keys() & {"files/1"}) == ("review", set())
    assert (talk.journal.changing, talk.journal.aside) == ("", {})
    talk.back()
    assert (talk.waits, talk.answered) == ("review", before)
    talk.back()
    assert talk.waits == "files/2"


def test_a_change_is_not_undone_once_something_else_was_answered() -> None:
    talk = at_review()
    talk.changes("what")
    talk.says("spectra")
    talk.changes("place")
    talk.presses("campus")
    talk.back()
    assert talk.answered["what"] == Answer(text="spectra")


def test_a_change_outlives_a_new_version_that_asks_something_else_first() -> None:
    async def newer(chat: Chat, about: Any) -> Any:
        mood = await chat.ask("mood", pick("good", "bad"), "mood?")
        return mood, await log(chat, about)

    talk = at_review()
    talk.changes("what")
    talk.flow = newer
    talk.resume()
    assert talk.waits == "mood"
    talk.presses("good")
    assert talk.waits == "what"
    talk.back()
    assert talk.waits == "review"
    assert talk.answered["what"] == Answer(text="fringes")


def test_back_after_a_change_goes_on_to_the_answer_before() -> None:
    talk = at_review(place="campus")
    talk.changes("place")
    talk.presses("online")
    assert talk.waits == "link"
    talk.back()
    assert talk.waits == "place"
    talk.presses("campus")
    assert talk.waits == "review"


def test_what_was_put_aside_survives_a_restart() -> None:
    talk = at_review("a.jpg", place="online")
    before = talk.answered
    talk.changes("files")
    assert '"aside"' in talk.stored
    assert {e.answer for e in talk.journal.aside.values()} == {
        Answer(files=(photo("a.jpg"),)),
        Answer(),
        Answer(press="done"),
    }
    talk = Talk(log, stored=talk.stored, now=talk.now)
    talk.back()
    assert talk.answered == before


def test_a_change_is_asked_for_by_name_in_either_language() -> None:
    async def flow(chat: Chat, about: Any) -> str:
        what = await chat.ask("what", Free(), "what?")
        end = [Choice("submit", t("answer.done"))]
        await chat.ask(
            "review", Summary([SummaryLine("what", t("answer.skip"), what)], end), "right?"
        )
        return what

    for typed in ("跳过", "改跳过", "skip", "Change Skip"):
        talk = Talk(flow)
        talk.says("fringes")
        talk.says(typed)
        assert talk.waits == "what", typed


# ---------------------------------------------------------------- answers given beforehand


GIVEN = {"what": Answer(text="fringes"), "place": Answer(press="campus")}


def test_only_what_is_missing_is_asked() -> None:
    talk = Talk(log, given=GIVEN)
    assert (talk.waits, talk.note) == ("files/0", None)
    talk.presses("skip")
    talk.presses("submit")
    assert (talk.result["place"], talk.result["what"]) == ("campus", "fringes")


def test_all_may_be_given_but_the_end_is_never() -> None:
    talk = Talk(log, given={**GIVEN, "files/0": Answer(press="skip")})
    assert talk.waits == "review"


def test_a_gap_before_what_was_given_is_asked_first() -> None:
    talk = Talk(log, given={"what": Answer(text="fringes")})
    assert talk.waits == "place"
    talk.presses("online")
    assert talk.waits == "link"
    talk.says("a link")
    assert talk.waits == "files/0"


def test_a_given_answer_that_does_not_fit_is_asked_again_with_its_reason() -> None:
    talk = Talk(log, given={**GIVEN, "place": Answer(text="the moon")})
    assert talk.waiting.note == t("answer.not_a_choice", count=2)
    assert talk.waits == "place"
    assert set(talk.answered) == {"what"}
    talk.presses("campus")
    assert (talk.waits, talk.note) == ("files/0", None)


def test_two_given_answers_that_do_not_fit_are_asked_one_after_the_other() -> None:
    talk = Talk(log, given={"place": Answer(press="moon"), "what": Answer(other="sticker")})
    assert (talk.waits, talk.note) == ("place", "answer.choice_gone")
    outcome = talk.presses("campus")
    assert isinstance(outcome, Waiting)
    assert outcome.accepted
    # A sticker is not kept in a journal; nothing is left of it but a gap to fill.
    assert (talk.waits, talk.note) == ("what", "answer.empty")


def test_an_answer_that_fits_says_nothing_of_the_one_that_did_not() -> None:
    journal = begin(MORNING, {"place": Answer(press="moon")})
    outcome = Conversation(log, None, journal, MORNING, "zh").answer(Answer(press="campus"))
    assert isinstance(outcome, Waiting)
    assert (outcome.question.step, outcome.note, outcome.accepted) == ("what", None, True)


def test_a_given_answer_that_nobody_asks_for_is_ignored() -> None:
    talk = Talk(log, given={**GIVEN, "link": Answer(text="a link"), "mood": Answer(text="good")})
    assert talk.waits == "files/0"
    talk.presses("skip")
    talk.presses("submit")
    assert talk.result["link"] == ""


def test_back_reaches_what_was_given_as_well() -> None:
    talk = Talk(log, given=GIVEN)
    talk.back()
    assert talk.waits == "what"
    talk.back()
    assert talk.waits == "place"
    assert not talk.back()


def test_words_are_the_note_and_not_the_answer() -> None:
    """A note is a sentence of ours, rendered late, in whatever language is read then."""
    talk = Talk(log)
    talk.says("neither")
    assert talk.waiting.note == Text("answer.not_a_choice", {"count": 2})


def test_a_field_is_changed_by_its_name_and_what_it_is_to_say() -> None:
    talk = at_review("a.jpg")
    talk.says("place改成online")
    assert talk.waits == "link", "another question came of it"
    talk.says("a link")
    assert talk.waits == "review"
    talk.says("what应该是：two slits")
    assert talk.waits == "review"
    talk.says("place不对")
    assert talk.waits == "place"
    talk.presses("online")
    talk.says("place改成the moon")
    assert talk.waits == "place", "what it cannot be is asked for"
    talk.presses("campus")
    talk.presses("submit")
    assert talk.result == {
        "place": "campus",
        "link": "",
        "what": "two slits",
        "files": kept("a.jpg"),
    }

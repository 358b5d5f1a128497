"""A talk's clock stands still between answers, and what was said keeps its meaning for ever."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from bot.talk.conversation import Chat, Conversation, Finished
from bot.talk.inputs import Asked, Day, Free, Minutes, Pick
from language.days import Moment
from tests.engine.talking import MORNING, Talk, choices, offered, pick
from tests.tables import each_row

CYCLE = Day(date(2026, 9, 1), date(2027, 8, 31))
BEFORE_MIDNIGHT = datetime(2026, 11, 23, 15, 59, tzinfo=UTC)
"""A minute before midnight in Beijing, on the 23rd."""
HOURS = timedelta(hours=10)


async def times(chat: Chat, about: Any) -> list[datetime]:
    """When the flow takes it to be, before and after each step."""
    seen = [chat.now]
    await chat.ask("first", pick("yes"), "first?")
    seen.append(chat.now)
    await chat.work("looked", "look_up")
    seen.append(chat.now)
    await chat.ask("second", pick("yes"), "second?")
    return [*seen, chat.now]


async def which_day(chat: Chat, about: Any) -> tuple[Moment, str]:
    moment = await chat.ask("day", CYCLE, "which day?")
    return moment, await chat.ask("end", pick("yes"), "sure?")


def test_now_is_when_the_last_answer_was_given() -> None:
    talk = Talk(times, pace=HOURS)
    given = [talk.journal.began]
    for result in (None, 1, None):
        talk.resume()
        given.append(talk.now)
        if result is None:
            talk.presses("yes")
        else:
            talk.done(result)
    assert talk.result == given


def test_every_replay_has_the_same_time() -> None:
    talk = Talk(times, pace=HOURS)
    talk.presses("yes")
    talk.done(1)
    talk.presses("yes")
    later = MORNING + timedelta(days=4000)
    again = Conversation(times, None, talk.journal, later, "en").resume()
    assert isinstance(again, Finished)
    assert again.result == talk.result


def test_today_ends_at_midnight_in_beijing() -> None:
    async def flow(chat: Chat, about: Any) -> list[date]:
        before = chat.today
        await chat.ask("end", pick("yes"), "sure?")
        return [before, chat.today]

    talk = Talk(flow, now=BEFORE_MIDNIGHT)
    assert talk.now == BEFORE_MIDNIGHT + timedelta(minutes=1)
    talk.presses("yes")
    assert talk.result == [date(2026, 11, 23), date(2026, 11, 24)]


@each_row(
    ("said", "moment"),
    [
        ("昨天", Moment(date(2026, 11, 22))),
        ("今天", Moment(date(2026, 11, 23))),
        ("1", Moment(date(2026, 11, 23))),
        ("2", Moment(date(2026, 11, 22))),
        ("yesterday", Moment(date(2026, 11, 22))),
        ("周日", Moment(date(2026, 11, 22))),
        ("晚上8点", Moment(date(2026, 11, 23), time(20), "evening")),
        ("20号", Moment(date(2026, 11, 20))),
    ],
)
def test_a_day_said_before_midnight_is_the_same_day_after_it(said: str, moment: Moment) -> None:
    talk = Talk(which_day, now=BEFORE_MIDNIGHT - timedelta(minutes=1), pace=HOURS)
    talk.now = BEFORE_MIDNIGHT
    talk.says(said)
    talk.now += timedelta(days=40)
    talk.presses("yes")
    assert talk.result == (moment, "yes")


def test_a_day_offered_before_midnight_is_the_day_that_was_offered() -> None:
    shown = offered(CYCLE, Asked(BEFORE_MIDNIGHT, "zh"))
    talk = Talk(which_day, now=BEFORE_MIDNIGHT)
    talk.now = BEFORE_MIDNIGHT + HOURS
    talk.presses(shown[0].value)
    talk.presses("yes")
    assert talk.result[0] == Moment(date(2026, 11, 23))


def test_a_day_is_not_refused_later_for_what_was_right_when_it_was_said() -> None:
    """The 23rd was no day to come when it was said, whenever it is read again."""
    talk = Talk(which_day, now=BEFORE_MIDNIGHT)
    talk.says("今天")
    talk.now -= timedelta(days=2)
    talk.resume()
    assert (talk.waits, talk.note) == ("end", None)


async def where(chat: Chat, about: Pick) -> tuple[str, str]:
    place = await chat.ask("place", about, "where?")
    return place, await chat.ask("end", pick("yes"), "sure?")


@pytest.mark.parametrize("said", ["2", "２", "二", "on", "ONLINE"])
def test_what_was_chosen_by_typing_stays_chosen(said: str) -> None:
    talk = Talk(where, pick("campus", "online", "museum"))
    talk.says(said)
    for later in (pick("online", "campus"), pick("museum", "campus", "only here", "online")):
        talk.about = later
        talk.resume()
        assert talk.waits == "end"
    talk.presses("yes")
    assert talk.result[0] == "online"


def test_a_choice_that_is_offered_no_longer_is_asked_again() -> None:
    talk = Talk(where, pick("campus", "online"))
    talk.says("2")
    talk.about = pick("campus", "museum")
    talk.resume()
    assert (talk.waits, talk.note) == ("place", "answer.choice_gone")
    assert talk.answered == {}


def test_own_words_do_not_turn_into_a_choice_that_is_offered_later() -> None:
    async def flow(chat: Chat, about: Free) -> tuple[str, str]:
        return await chat.ask("why", about, "why?"), await chat.ask("end", pick("yes"), "sure?")

    talk = Talk(flow, Free(options=choices("too_short")))
    talk.says("too long")
    talk.about = Free(options=choices("too long and more", "too_short"))
    talk.presses("yes")
    assert talk.result[0] == "too long"


def test_a_change_of_language_changes_no_answer() -> None:
    async def flow(chat: Chat, about: Any) -> tuple[Moment, int, str]:
        moment = await chat.ask("day", CYCLE, "which day?")
        minutes = await chat.ask("length", Minutes(), "how long?")
        return moment, minutes, await chat.ask("end", pick("yes"), "sure?")

    talk = Talk(flow)
    talk.says("前天 11月21日")
    talk.says("1小时30分钟")
    talk.language = "en"
    talk.resume()
    assert talk.waits == "end"
    talk.language = "zh"
    talk.presses("yes")
    assert talk.result == (Moment(date(2026, 11, 21)), 90, "yes")

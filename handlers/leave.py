"""请假: two questions, from when and until when. Why is not asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number, with_menu
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat
from bot.talk.inputs import Answer, Asked, Kind, Unclear, said
from bot.talk.message import Choice, Message, press
from language.affairs import Affair
from language.days import each_day
from language.spans import Days, coming_day, coming_span, last_day, names_a_beginning
from prompts import BEIJING, Text, Words, span, t
from services import delegates, leave
from services.access import any_of

DAY: Final = timedelta(days=1)


class LeaveSeen(BaseModel):
    """The days on which a leave may begin, seen from the day on which it is asked for."""

    model_config = ConfigDict(frozen=True)

    earliest: date


class DaysOfLeave(BaseModel):
    """The result of the talk."""

    model_config = ConfigDict(frozen=True)

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class ComingDay(Kind[date]):
    """A day from `earliest` on: pressed, or typed in any usual way.

    A weekday alone (周三) means the next one. Where the first day is asked, the last may be said
    with it (周三到周五). Where the last is asked, the number of days says it as well (三天).
    """

    earliest: date
    offered: Sequence[tuple[date, Words]]
    too_early: Text
    ends: str = ""
    """The step that is told the last day; empty if no such step follows."""

    def choices(self, asked: Asked) -> list[list[Choice]]:
        return [[Choice(day.isoformat(), words) for day, words in self.offered]]

    def parse(self, answer: Answer, asked: Asked) -> date:
        first, _ = self._days(answer, asked)
        if first < self.earliest:
            raise Unclear(self.too_early)
        return first

    def more(self, answer: Answer, asked: Asked) -> Mapping[str, Answer]:
        _, last = self._days(answer, asked)
        return {self.ends: Answer(press=last.isoformat())} if self.ends and last else {}

    def _days(self, answer: Answer, asked: Asked) -> Days:
        words, now = answer.press or said(answer, 60), asked.now.astimezone(BEIJING)
        read = coming_day if self.ends else last_day
        day = read(words, now, self.earliest)
        span = (day, None) if day else coming_span(words, now, self.earliest)
        if span is None or (span[1] and not self.ends):
            raise Unclear(t("answer.not_a_day_to_come"))
        return span


async def take_leave(chat: Chat, me: LeaveSeen) -> DaysOfLeave:
    """Ask for the first and the last day of a leave."""
    today = chat.today
    nearby = [
        (today, t("leave.today")),
        (today + DAY, t("leave.tomorrow")),
    ]
    too_early = t("leave.not_these_days", most=leave.LONGEST)
    kind = ComingDay(me.earliest, nearby, too_early, ends="last")
    first = await chat.ask("first", kind, t("leave.first_day"))
    lengths = [
        (first, t("leave.only_that_day")),
        (first + DAY * 2, t("leave.three_days")),
        (first + DAY * 6, t("leave.a_week")),
        (first + DAY * 13, t("leave.two_weeks")),
    ]
    kind = ComingDay(first, lengths, t("leave.before_the_first"))
    return DaysOfLeave(first=first, last=await chat.ask("last", kind, t("leave.last_day")))


def load_leave(scene: Scene, _args: Mapping[str, Any]) -> LeaveSeen:
    any_of(scene.session, scene.actor, "take_leave")
    return LeaveSeen(earliest=beijing_day(scene.now) - DAY * leave.BACK)


def finish_leave(scene: Scene, _me: LeaveSeen, days: DaysOfLeave) -> None:
    leave.take(scene.session, scene.actor, days.first, days.last)
    change = Choice(press("reminders"), t("command.reminders.label"))
    rows = [*stand_in_for(scene, days), (change, TO_MENU)]
    words = t("leave.taken", days=span(days.first, days.last))
    scene.say(Message(words, tuple(rows)))


def stand_in_for(scene: Scene, days: DaysOfLeave) -> list[tuple[Choice, ...]]:
    """The button that has somebody stand in on these days, for a mentor who has a team."""
    if not delegates.candidates(scene.session, scene.actor):
        return []
    way = press("stand_in", days.first.isoformat(), days.last.isoformat())
    return [(Choice(way, t("delegate.ask"), weight="primary"),)]


def told(scene: Scene, affair: Affair) -> bool:
    """我下周一到周三请假: the days that are said, and the last day is asked for where it is open.

    What is said of other people, or of days that are over, is no leave of one's own.
    """
    today, now = beijing_day(scene.now), scene.now.astimezone(BEIJING)
    if not affair.about:
        scene.begin("leave")
        return True
    span = coming_span(affair.about, now, today) or _named_within(affair.about, now, today)
    if span is None or (span[1] or span[0]) < today:
        return False
    first, last = span
    if last is None and not names_a_beginning(affair.about):
        last = first
    given = {"first": Answer(press=first.isoformat())}
    if last is not None:
        given["last"] = Answer(press=last.isoformat())
    scene.begin("leave", {}, given)
    return True


def _named_within(words: str, now: datetime, today: date) -> Days | None:
    """The days, where reasons stand beside them: 下周三有事去不了 请假."""
    said = [*each_day(words, now)]
    if len(said) != 1:
        return None
    return coming_span(words[said[0].start : said[0].end], now, today)


def give_up(scene: Scene, args: Sequence[str]) -> None:
    leave.give_up(scene.session, scene.actor, number(args))
    scene.say(with_menu(t("leave.given_up")))


FLOW: Final = Flow(
    name="leave",
    title=t("leave.title"),
    talk=take_leave,
    about=LeaveSeen,
    load=load_leave,
    finish=finish_leave,
)
COMMANDS: Final[dict[str, Act]] = {"leave": lambda scene, _: scene.begin("leave")}
ACTS: Final[dict[str, Act]] = {"give_up_leave": give_up}

__all__ = ["ACTS", "COMMANDS", "FLOW", "ComingDay", "told"]

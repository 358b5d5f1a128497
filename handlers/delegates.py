"""代班: a mentor has a team member stand in between two days; either of them ends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat
from bot.talk.inputs import Answer, Pick
from bot.talk.message import Choice, Item, Message, press
from handlers.leave import ComingDay
from handlers.seen import InOrder
from prompts import span, t
from services import delegates
from services.access import any_of

DAY: Final = timedelta(days=1)
CARD: Final = "delegates"


class StandInSeen(BaseModel):
    """What the talk is told: who may stand in, and from which day on."""

    model_config = ConfigDict(frozen=True)

    members: InOrder[str]
    """Their names, by place."""
    earliest: date


class StandInMade(BaseModel):
    """The result of the talk."""

    model_config = ConfigDict(frozen=True)

    member: int
    first: date
    last: date


async def stand_in(chat: Chat, me: StandInSeen) -> StandInMade:
    """Ask who stands in, from when, and until when."""
    choices = [Choice(key, name) for key, name in me.members.items()]
    who = await chat.ask("who", Pick(choices), t("delegate.who"))
    today = chat.today
    nearby = [(today, t("leave.today")), (today + DAY, t("leave.tomorrow"))]
    too_early = t("delegate.not_these_days", most=delegates.LONGEST)
    first = await chat.ask(
        "first", ComingDay(me.earliest, nearby, too_early, ends="last"), t("delegate.first_day")
    )
    lengths = [
        (first, t("leave.only_that_day")),
        (first + DAY * 6, t("leave.a_week")),
        (first + DAY * 13, t("leave.two_weeks")),
    ]
    kind = ComingDay(first, lengths, t("leave.before_the_first"))
    last = await chat.ask("last", kind, t("delegate.last_day"))
    return StandInMade(member=int(who), first=first, last=last)


def load_stand_in(scene: Scene, _args: Mapping[str, Any]) -> StandInSeen:
    any_of(scene.session, scene.actor, "appoint_delegate")
    found = delegates.candidates(scene.session, scene.actor)
    if not found:
        mine = delegates.mentors_places(scene.session, scene.actor)
        raise Refused(t("delegate.nobody" if mine else "delegate.not_a_mentor"))
    return StandInSeen(
        members={str(one.id): one.person.name for one in found}, earliest=beijing_day(scene.now)
    )


def finish_stand_in(scene: Scene, me: StandInSeen, made: StandInMade) -> None:
    delegates.appoint(scene.session, scene.actor, made.member, made.first, made.last)
    name, days = me.members[str(made.member)], span(made.first, made.last)
    words = t("delegate.made", name=name, days=days)
    scene.say(Message(words, ((TO_LIST, TO_MENU),)))


def begin(scene: Scene, args: Sequence[str]) -> None:
    """请人代审: for days that a button names, those of a leave, or for days that are asked."""
    given = {}
    if args:
        try:
            days = [date.fromisoformat(day) for day in args]
        except ValueError:
            days = []
        if len(days) != 2:
            raise Refused(t("stale.unknown"), verb="press")
        given = {"first": Answer(press=args[0]), "last": Answer(press=args[1])}
    scene.begin("stand_in", {}, given)


def listing(scene: Scene, _args: Sequence[str]) -> None:
    """代班: who stands in for the speaker, and for whom the speaker does."""
    any_of(scene.session, scene.actor, "appoint_delegate")
    found = delegates.told(scene.session, scene.actor)
    items, rows = [], list[tuple[Choice, ...]]()
    for one in found:
        days = span(one.delegation.first_day, one.delegation.last_day)
        key = "delegate.yours" if one.own else "delegate.for_them"
        items.append(Item(t(key, delegate=one.delegate, mentor=one.mentor, days=days)))
        label = t("delegate.take_back" if one.own else "delegate.decline_from", days=days)
        end = press("end_stand_in", one.delegation.id or 0)
        rows.append((Choice(end, label, weight="danger"),))
    if delegates.candidates(scene.session, scene.actor):
        rows.insert(0, (Choice(press("stand_in"), t("delegate.ask")),))
    words = t("delegate.which" if found else "delegate.none")
    rows.append((TO_MENU,))
    scene.say(
        Message(
            words,
            tuple(rows),
            kind="question",
            card=CARD,
            title=t("delegate.title"),
            items=tuple(items),
        )
    )


def end(scene: Scene, args: Sequence[str]) -> None:
    """Take a delegation back, or decline it."""
    delegates.end(scene.session, scene.actor, number(args))
    scene.say(Message(t("delegate.ended"), ((TO_LIST, TO_MENU),)))


TO_LIST: Final = Choice(press("stand_ins"), t("command.stand_ins.label"))

FLOW: Final = Flow(
    name="stand_in",
    title=t("delegate.title"),
    talk=stand_in,
    about=StandInSeen,
    load=load_stand_in,
    finish=finish_stand_in,
)
COMMANDS: Final[dict[str, Act]] = {"stand_ins": listing}
ACTS: Final[dict[str, Act]] = {"stand_in": begin, "end_stand_in": end}

__all__ = ["ACTS", "COMMANDS", "FLOW", "StandInSeen"]

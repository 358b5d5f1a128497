"""提醒日历: the days on which an office has nobody, or no learner, reminded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat
from bot.talk.inputs import Free, Pick
from bot.talk.message import Choice, Item, Message, press
from handlers.leave import ComingDay
from prompts import Words, span, t
from services import office_days
from services.access import cohorts_for
from services.entities import DayKind, OfficeDays

DAY: Final = timedelta(days=1)
SHOWN: Final = 8
NO_NAME: Final = "-"


class DaysSeen(BaseModel):
    """The cohort to whose office's calendar days are added."""

    model_config = ConfigDict(frozen=True)

    cohort: int


class DaysAdded(BaseModel):
    """The result of the talk."""

    model_config = ConfigDict(frozen=True)

    kind: DayKind
    first: date
    last: date
    name: str


async def add_days(chat: Chat, _me: DaysSeen) -> DaysAdded:
    """Ask which days, and what about them."""
    kinds = [Choice(kind.value, t(f"days.kind.{kind}")) for kind in DayKind]
    kind = await chat.ask("kind", Pick(kinds, width=1), t("days.which_kind"))
    nearby: list[tuple[date, Words]] = [
        (chat.today, t("leave.today")),
        (chat.today + DAY, t("leave.tomorrow")),
    ]
    too_many = t("days.too_many", most=office_days.LONGEST)
    kind_of_day = ComingDay(chat.today, nearby, too_many, ends="last")
    first = await chat.ask("first", kind_of_day, t("days.first_day"))
    lengths: list[tuple[date, Words]] = [
        (first, t("leave.only_that_day")),
        (first + DAY * 2, t("leave.three_days")),
        (first + DAY * 6, t("leave.a_week")),
    ]
    last = await chat.ask("last", ComingDay(first, lengths, too_many), t("days.last_day"))
    no_name = (Choice(NO_NAME, t("days.no_name"), weight="quiet"),)
    name = await chat.ask("name", Free(most=40, options=no_name), t("days.name"))
    return DaysAdded(
        kind=DayKind(kind), first=first, last=last, name="" if name == NO_NAME else name
    )


def load_days(scene: Scene, args: Mapping[str, Any]) -> DaysSeen:
    wanted = args.get("cohort")
    mine = cohorts_for(scene.session, scene.actor, "office_days", wanted)
    return DaysSeen(cohort=mine[0].id or 0)


def finish_days(scene: Scene, me: DaysSeen, days: DaysAdded) -> None:
    office_days.add(
        scene.session, scene.actor, me.cohort, days.kind, days.first, days.last, days.name
    )
    show(scene, (str(me.cohort),))


def show(scene: Scene, args: Sequence[str]) -> None:
    """List the days that a cohort's office has added."""
    wanted = number(args) if args else None
    mine = cohorts_for(scene.session, scene.actor, "office_days", wanted)
    shown = mine[0]
    found = office_days.listed(scene.session, scene.actor, shown.id or 0, beijing_day(scene.now))[
        :SHOWN
    ]
    add = Choice(press("add_days", shown.id or 0), t("days.add"), weight="primary")
    drops = [
        (
            Choice(
                press("drop_days", one.id or 0),
                t("days.drop", first=one.first_day),
                weight="danger",
            ),
        )
        for one in found
    ]
    others = [
        (Choice(press("office_days", other.id or 0), other.name),)
        for other in mine[1:]
        if other.office_id is None or other.office_id != shown.office_id
    ]
    scene.say(
        Message(
            t("days.listed" if found else "days.none", cohort=shown.name),
            ((add,), *drops, *others, (TO_MENU,)),
            kind="question",
            card="office_days",
            title=t("days.title"),
            items=tuple(Item(line(one)) for one in found),
        )
    )


def line(one: OfficeDays) -> Words:
    """One entry of the calendar."""
    said = {"kind": t(f"days.kind.{one.kind}"), "days": span(one.first_day, one.last_day)}
    return t("days.line_named", name=one.name, **said) if one.name else t("days.line", **said)


def drop(scene: Scene, args: Sequence[str]) -> None:
    entry = office_days.drop(scene.session, scene.actor, number(args))
    show(scene, (str(entry.cohort_id),))


FLOW: Final = Flow(
    name="add_days",
    title=t("days.title"),
    talk=add_days,
    about=DaysSeen,
    load=load_days,
    finish=finish_days,
)
COMMANDS: Final[dict[str, Act]] = {"office_days": show}
ACTS: Final[dict[str, Act]] = {
    "add_days": lambda scene, args: scene.begin("add_days", {"cohort": number(args)}),
    "drop_days": drop,
}

__all__ = ["ACTS", "COMMANDS", "FLOW", "show"]

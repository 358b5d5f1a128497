"""服务时长: the hours that those who teach have given, and what they are good for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bot.scene import TO_MENU, Act, Scene
from bot.talk.acting import Refused
from bot.talk.inputs import length
from bot.talk.message import Choice, Field, Item, Message, press
from handlers import cohort as overview
from handlers.pages import page_of, tell
from handlers.speaker import in_office
from programmes.serving import Earned
from prompts import Text, t
from services import service_hours
from services.access import any_of, cohort_of, memberships
from services.roster import find_member
from services.service_hours import SERVING, Served

MONTHS: Final = 12
"""Months that are listed."""


def show(scene: Scene, args: Sequence[str]) -> None:
    """Show one's own hours in each cohort whose document gives something for them.

    Raises `Refused` where none does.
    """
    any_of(scene.session, scene.actor, "service_hours")
    found = [
        one
        for place in memberships(scene.session, scene.actor.person_id)
        if place.role in SERVING
        for one in service_hours.served(
            scene.session,
            cohort_of(scene.session, place),
            [find_member(scene.session, place.id or 0)],
        )
    ]
    for one in found:
        scene.say(card(scene, one))
    if found:
        return
    if not in_office(scene):
        raise Refused(t("service.none_yours"), verb="service_hours")
    listing(scene, ())


def listing(scene: Scene, args: Sequence[str]) -> None:
    """Show an office the hours of those who teach in a cohort, a page of them at a time."""
    shown, cohorts = overview.coordinated(scene, "list_hours", args[:1])
    every = service_hours.giving(scene.session, scene.actor, shown)
    on_page, turn = page_of(every, args[1:2], "list_hours", shown)
    items = tuple(
        Item(
            overview.who(one.member),
            state=in_short(one),
        )
        for one in service_hours.served(scene.session, shown, on_page)
    )
    rows = [
        *turn,
        *((Choice(press("list_hours", one.id or 0), one.name),) for one in cohorts[1:4]),
    ]
    words = t("service.of_cohort" if every else "service.none_yours", count=len(every))
    title = t("command.service_hours.label")
    tell(
        scene, Message(words, title=title, items=items, note=t("service.how_listed")), rows, shown
    )


def in_short(one: Served) -> Text:
    if not one.meetings:
        return t("service.none")
    return t("service.row", count=len(one.meetings), length=length(one.minutes))


def card(scene: Scene, one: Served) -> Message:
    """The hours in one cohort: in all, by month, and what the document gives for them."""
    cohort = cohort_of(scene.session, one.member.membership)
    return Message(
        cohort.name,
        ((TO_MENU,),),
        title=t("command.service_hours.label"),
        fields=tuple(fields(one)),
        note=t("service.how_counted"),
        card="service",
    )


def fields(one: Served) -> Iterable[Field]:
    yield Field(t("service.meetings"), t("service.count", count=len(one.meetings)))
    yield Field(t("service.length"), length(one.minutes) if one.minutes else t("service.none"))
    for month, minutes in list(one.months.items())[-MONTHS:]:
        yield Field(t("service.month", year=month.year, month=month.month), length(minutes))
    for proof in one.earned:
        yield Field(t(f"service.proof_{proof.proof}"), given(proof))


def given(proof: Earned) -> Text:
    """Who gives something for hours, and by which clause."""
    key = "service.by_employer" if proof.given_by is None else "service.by_others"
    return t(
        "service.unsure" if proof.unsure else "service.sure",
        given=t(key),
        clause=proof.clause,
    )


COMMANDS: dict[str, Act] = {"service_hours": show}

ACTS: dict[str, Act] = {"list_hours": listing}

__all__ = ["ACTS", "COMMANDS"]

"""邀请卡: an office gives somebody who has not joined a new card, or everybody at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.conversation import Chat
from bot.talk.inputs import Pick
from bot.talk.message import Choice, Message, press
from prompts import t
from services import joining, roster
from services.access import allow, cohorts_for, grants_of

RIGHT: Final = "invite"
FLOW: Final = "invite"
WITHOUT: Final = "without"
EVERYBODY: Final = "everybody"


class Inviting(BaseModel):
    """Whom the cards are for: one member, or all of a cohort who have not joined."""

    model_config = ConfigDict(frozen=True)

    cohort: int
    member: int = 0
    """0 for all."""
    name: str = ""
    absent: int = 0
    invited: int = 0
    """For how many of them a code is out that can still be used."""


async def invite(chat: Chat, me: Inviting) -> dict[str, Any]:
    """Make the cards; of many, ask first whether codes that are out are to end."""
    whom = EVERYBODY
    if not me.member and me.invited:
        ways = [Choice(EVERYBODY, t("invitations.anew", count=me.absent), weight="danger")]
        if rest := me.absent - me.invited:
            only = t("invitations.only_without", count=rest)
            ways.insert(0, Choice(WITHOUT, only, weight="primary"))
        whom = await chat.ask("whom", Pick(ways, width=1), t("invitations.out", count=me.invited))
    made: dict[str, Any] = await chat.work(
        "made", "print_invitations", cohort=me.cohort, member=me.member, whom=whom
    )
    return made


# ---------------------------------------------------------------- before and after


def load(scene: Scene, args: Mapping[str, Any]) -> Inviting:
    """Raises `Refused` for whoever may not invite here."""
    cohort, member = args["cohort"], args.get("member", 0)
    allow(scene.session, scene.actor, RIGHT, cohort)
    absent = roster.not_joined(scene.session, cohort)
    if member:
        name = next((one.person.name for one in absent if one.id == member), "")
        return Inviting(cohort=cohort, member=member, name=name)
    out = joining.with_open_invitation(scene.session, cohort, scene.now)
    invited = sum(one.id in out for one in absent)
    return Inviting(cohort=cohort, absent=len(absent), invited=invited)


def finish(scene: Scene, me: Inviting, made: Mapping[str, Any]) -> None:
    back = (Choice(press("absent", me.cohort), t("invitations.to_absent")), TO_MENU)
    if "count" not in made:
        scene.say(Message(t("invitations.not_made"), (back,)))
    elif not made["count"]:
        scene.say(Message(t("invitations.nobody"), (back,)))
    else:
        until = date.fromisoformat(made["until"])
        key = "invitations.for_one" if me.member else "invitations.for_many"
        words = t(key, name=me.name, count=made["count"], day=until)
        title = t("invitations.title")
        scene.say(Message(words, (back,), title=title, files=(made["file"],)))


# ---------------------------------------------------------------- the ways in


def for_one(scene: Scene, args: Sequence[str]) -> None:
    _begin(scene, {"cohort": number(args), "member": number(args, 1)})


def for_all(scene: Scene, args: Sequence[str]) -> None:
    _begin(scene, {"cohort": number(args)})


def _begin(scene: Scene, about: Mapping[str, int]) -> None:
    """Begin, unless it is just being done: of two cards made in a row the first would be void."""
    talk = scene.talk()
    if talk is None or talk.flow != FLOW or load(scene, about).model_dump() != talk.about:
        scene.begin(FLOW, about, anew=True)


def may(scene: Scene, cohort: int) -> bool:
    """Whether the speaker may invite into a cohort."""
    mine = grants_of(scene.session, scene.actor.person_id, RIGHT)
    return any(grant.thing == cohort for grant in mine)


def whom_to_invite(scene: Scene, cohort: int, absent: int) -> list[tuple[Choice, ...]]:
    """The way to cards for all of those who are listed."""
    if not absent or not may(scene, cohort):
        return []
    label = t("invitations.for_all", count=absent)
    return [(Choice(press("invite_all", cohort), label, weight="primary"),)]


def anywhere(scene: Scene) -> bool:
    """Whether the speaker may invite into any cohort."""
    return bool(grants_of(scene.session, scene.actor.person_id, RIGHT))


def named(scene: Scene, words: str) -> bool:
    """Make a card for whoever is named, if only one who has not joined is; returns whether."""
    found = [
        (cohort.id or 0, one.id)
        for cohort in cohorts_for(scene.session, scene.actor, RIGHT, None)
        for one in roster.not_joined(scene.session, cohort.id or 0)
        if one.person.name in words
    ]
    if len(found) != 1:
        return False
    for_one(scene, [*map(str, found[0])])
    return True


ACTS: Final[dict[str, Act]] = {"invite": for_one, "invite_all": for_all}

FLOW_OF_CARDS: Final = Flow(
    name=FLOW,
    title=t("invitations.title"),
    talk=invite,
    about=Inviting,
    load=load,
    finish=finish,
)

__all__ = ["ACTS", "FLOW_OF_CARDS", "anywhere", "may", "named", "whom_to_invite"]

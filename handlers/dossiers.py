"""我的档案: a learner's dossier as two files, for the learner, the guardian and the office."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.conversation import Chat
from bot.talk.message import Choice, Item, Message, press
from prompts import t
from services import dossiers
from services.access import cohort_of
from services.roster import Member


class DossierSeen(BaseModel):
    """Whose dossier is made."""

    model_config = ConfigDict(frozen=True)

    member_id: int
    name: str


async def make(chat: Chat, me: DossierSeen) -> dict[str, Any] | None:
    """Whoever sees this chat can open the files: so it is asked first."""
    yes = Choice("make", t("dossier.make"), weight="primary")
    if not await chat.sure(yes, t("dossier.sure", name=me.name)):
        return None
    made: dict[str, Any] = await chat.work("made", "make_dossier", member=me.member_id)
    return made


def load(scene: Scene, args: Mapping[str, Any]) -> DossierSeen:
    member = dossiers.to_make(scene.session, scene.actor, args["member"])
    return DossierSeen(member_id=member.id, name=member.person.name)


def finish(scene: Scene, me: DossierSeen, made: Mapping[str, Any]) -> None:
    dossiers.to_make(scene.session, scene.actor, me.member_id)
    files = tuple(made.get("files") or ())
    if not files:
        again = Choice(press("dossier", me.member_id), t("dossier.again"))
        scene.say(Message(t("dossier.not_made"), ((again, TO_MENU),)))
        return
    until = scene.now + dossiers.LIFE
    title = t("dossier.paper_title", name=me.name)
    scene.say(Message(t("dossier.here", until=until), ((TO_MENU,),), title=title, files=files))


def show(scene: Scene, args: Sequence[str]) -> None:
    """Begin with the learner whom a button names; else with one's own place, or one's child's:
    of several, ask which."""
    if args:
        scene.begin("dossier", {"member": number(args)}, anew=True)
        return
    found = dossiers.own(scene.session, scene.actor)
    if len(found) == 1:
        scene.begin("dossier", {"member": found[0].id}, anew=True)
        return
    items = tuple(
        Item(
            one.person.name,
            press("dossier", one.id),
            cohort_of(scene.session, one.membership).name,
        )
        for one in found
    )
    title = t("command.dossier.label")
    scene.say(
        Message(t("dossier.which"), ((TO_MENU,),), kind="question", title=title, items=items)
    )


def choice_of(scene: Scene, member: Member) -> list[tuple[Choice, ...]]:
    """The button on a learner's page, for who may have the dossier made."""
    if not dossiers.may_make(scene.session, scene.actor, member.id):
        return []
    return [(Choice(press("dossier", member.id), t("dossier.of_learner")),)]


FLOW: Final = Flow(
    name="dossier",
    title=t("command.dossier.label"),
    talk=make,
    about=DossierSeen,
    load=load,
    finish=finish,
    keeps=False,
)

COMMANDS: dict[str, Act] = {"dossier": show}

__all__ = ["COMMANDS", "FLOW", "choice_of"]

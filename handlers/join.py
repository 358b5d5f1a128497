"""Joining: a one-time code, deep link or QR code binds this chat to a membership."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import Flow, Scene
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat
from bot.talk.inputs import Pick
from bot.talk.message import Choice, Field, Incoming, Message
from handlers import heard, menu
from prompts import t
from services import guardians, joining
from services.access import LEARNERS, learner, may_keep
from services.audit import note_refusal
from services.entities import Role
from services.packs import load

AGREE: Final = "agree"
DECLINE: Final = "decline"


class JoinSeen(BaseModel):
    """The invited person, to be confirmed."""

    model_config = ConfigDict(frozen=True)

    invite_id: int
    name: str
    role: Role
    cohort: str
    programme: str


async def join(chat: Chat, me: JoinSeen) -> bool:
    """Show who will read the person's records, and ask for agreement."""
    card = Message(
        t("join.readers", readers=t(f"join.readers_{me.role}")),
        title=t("join.welcome", name=me.name),
        fields=(
            Field(t("join.place"), t(f"role.{me.role}")),
            Field(t("join.cohort"), me.cohort),
        ),
        note=t("join.not_you", name=me.name),
    )
    others = (t("join.not_me"), t("join.somebody_else"))
    choices = [
        Choice(AGREE, t("join.agree"), weight="primary"),
        Choice(DECLINE, t("join.decline"), others, weight="quiet"),
    ]
    return await chat.ask("agree", Pick(choices, width=1), card) == AGREE


def stranger(scene: Scene, incoming: Incoming) -> None:
    """Handle a person who has not joined, or who opens an invitation: look up the code."""
    if incoming.start == "" and scene.speaker.person_id is not None:
        signed_in(scene)
        return
    if heard.unread(scene, incoming):
        return
    code = joining.read_code(incoming.start or incoming.text or "")
    if code is None:
        scene.say(t("join.first") if scene.speaker.person_id is None else t("join.not_a_code"))
        return
    source = f"{joining.ACCOUNT}{scene.speaker.account_id}"
    try:
        invited = joining.open_invite(scene.session, code, source, scene.now)
    except Refused as refused:
        # Said instead of raised, so that the counted try is not undone.
        noted = Refused(refused.words, verb="join")
        speaker = scene.speaker
        note_refusal(scene.session, noted, scene.now, speaker.person_id, speaker.account_id)
        scene.say(refused.words)
        return
    # The code itself is a secret and is not kept.
    scene.begin("join", {"invite": invited.invite.id})


def signed_in(scene: Scene) -> None:
    """Greet somebody who opens their chat again, perhaps on another device. With a talk under way
    its question is shown, so that what they type next is its answer; else the menu."""
    menu.offer(scene)
    talk = scene.talk()
    if talk is not None and not talk.working:
        scene.resume(talk)
    else:
        menu.show(scene, ())


def load_join(scene: Scene, args: Mapping[str, Any]) -> JoinSeen:
    invited = joining.invited_by(scene.session, args["invite"], scene.now)
    scene.speaker.young = invited.membership.role is Role.STUDENT
    return JoinSeen(
        invite_id=args["invite"],
        name=invited.person.name,
        role=invited.membership.role,
        cohort=invited.cohort.name,
        programme=load(invited.cohort.programme).key,
    )


def finish_join(scene: Scene, me: JoinSeen, agreed: bool) -> None:
    if not agreed:
        scene.say(t("join.declined"))
        return
    person = joining.join(scene.session, me.invite_id, scene.speaker.account_id, scene.now)
    scene.speaker.person_id = person.id
    scene.speaker.name = person.name
    scene.speaker.young = me.role is Role.STUDENT
    scene.say(t("join.done", name=person.name, cohort=me.cohort))
    menu.offer(scene)
    if me.role in LEARNERS and not kept(scene):
        scene.say(t("consent.awaited"))
        guardians.ask(scene.session, scene.actor, scene.actor.person_id)
    if me.role is Role.GUARDIAN and guardians.awaited(scene.session, scene.actor):
        menu.children(scene, ())
    else:
        menu.show(scene, ())


def kept(scene: Scene) -> bool:
    """Whether what the learner who speaks writes may be kept now."""
    me = learner(scene.session, scene.actor.person_id)
    return may_keep(scene.session, me, beijing_day(scene.now))


FLOW = Flow(
    name="join",
    title=t("join.title"),
    talk=join,
    about=JoinSeen,
    load=load_join,
    finish=finish_join,
    keeps=False,
    young=lambda me: me.role is Role.STUDENT,
)

"""预演: an office sees whom the rest of a cycle will remind of what, and gets it as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.conversation import Chat
from bot.talk.message import Message
from handlers.speaker import roles
from language.affairs import Affair
from prompts import t
from services import rehearsals
from services.access import cohorts_for
from services.entities import Role
from services.rehearsal_card import not_made, progress


class RehearsalSeen(BaseModel):
    """The cohort that is rehearsed."""

    model_config = ConfigDict(frozen=True)

    cohort: int
    name: str
    account: int | None
    """The chat that is shown how far it is."""


def make(scene: Scene, args: Sequence[str]) -> None:
    """Rehearse the cohort that a button names, else the latest."""
    wanted = number(args) if args else None
    shown, *_ = cohorts_for(scene.session, scene.actor, rehearsals.ACT, wanted)
    scene.begin("rehearse", {"cohort": shown.id}, anew=True)


def hear(scene: Scene, _: Affair) -> bool:
    """排练一遍全年, 接下来会提醒谁: for an office."""
    if Role.COORDINATOR not in roles(scene):
        return False
    make(scene, ())
    return True


async def ordered(chat: Chat, me: RehearsalSeen) -> dict[str, Any]:
    order = {"cohort": me.cohort, "account": me.account}
    done: dict[str, Any] = await chat.work("played", "make_rehearsal", **order)
    return done


def load(scene: Scene, args: Mapping[str, Any]) -> RehearsalSeen:
    cohort = rehearsals.cohort_for(scene.session, scene.actor, args["cohort"])
    account = scene.actor.account_id
    return RehearsalSeen(cohort=args["cohort"], name=cohort.name, account=account)


def finish(scene: Scene, me: RehearsalSeen, done: Mapping[str, Any]) -> None:
    """Say that it is played; the worker goes on with the card."""
    if "order" not in done:
        words = str(done["refused"]) if done.get("refused") else t("rehearsal.not_made")
        scene.say(not_made(words, me.cohort))
        return
    said = progress(done["order"], me.name, 0, 0)
    scene.say(said._replace(kind="card", card=rehearsals.card_of(done["order"])))


def stop(scene: Scene, args: Sequence[str]) -> None:
    """停下: play a rehearsal no further."""
    stopped = rehearsals.stop(scene.session, scene.actor, number(args))
    words = t("rehearsal.stopped" if stopped else "rehearsal.ended")
    scene.say(Message(words, ((TO_MENU,),)))


COMMANDS: Final[dict[str, Act]] = {"rehearsal": make}

ACTS: Final[dict[str, Act]] = {"rehearse": make, "stop_rehearsal": stop}

FLOWS: Final = [
    Flow(
        name="rehearse",
        title=t("command.rehearsal.label"),
        talk=ordered,
        about=RehearsalSeen,
        load=load,
        finish=finish,
        keeps=False,
    )
]

__all__ = ["ACTS", "COMMANDS", "FLOWS"]

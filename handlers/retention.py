"""What an office says to the notice that a cohort's entries are to be deleted."""

from __future__ import annotations

from collections.abc import Sequence

from bot.scene import TO_MENU, Act, Scene, number
from bot.talk.message import Message
from prompts import t
from services import retention


def postpone(scene: Scene, args: Sequence[str]) -> None:
    """Postpone it by 90 days."""
    until = retention.postpone(scene.session, scene.actor, number(args))
    scene.say(Message(t("retention.postponed", day=until), ((TO_MENU,),)))


ACTS: dict[str, Act] = {"postpone_retention": postpone}

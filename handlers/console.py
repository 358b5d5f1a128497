"""网页管理台: the address at which an office finds the same figures as pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.scene import TO_MENU, Act, Scene
from bot.talk.acting import Refused
from bot.talk.message import Link, Message
from prompts import t
from services.access import any_of


def address(scene: Scene, _args: Sequence[str]) -> None:
    """Give whoever oversees a cohort the address. Raises `Refused` for anybody else."""
    any_of(scene.session, scene.actor, "console")
    if not scene.router.site:
        raise Refused(t("console.no_site"), verb="console")
    page = Link(t("console.open"), f"{scene.router.site}/console", ours=True)
    scene.say(Message(t("console.address"), ((TO_MENU,),), links=(page,)))


COMMANDS: Final[dict[str, Act]] = {"console": address}

__all__ = ["COMMANDS"]

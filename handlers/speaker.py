"""What the speaker is: their roles, and for whom they are responsible."""

from __future__ import annotations

from typing import Final

from bot.scene import TO_MENU, Scene
from bot.talk.message import Choice, press
from prompts import t
from services import access, roster
from services.access import LearnerPlace
from services.entities import Role
from services.roster import Member

OFFICES: Final = frozenset((Role.COORDINATOR, Role.AUDITOR))
"""The roles of those who belong to an office, or audit one."""


def roles(scene: Scene) -> set[Role]:
    return access.roles(scene.session, scene.actor.person_id)


def learner(scene: Scene) -> LearnerPlace | None:
    """Whoever speaks, as a learner, if they are one."""
    return access.place_as_learner(scene.session, scene.actor.person_id)


def of_their_own(scene: Scene) -> list[Member]:
    """Oneself as a learner, and the children whom one answers for, in their places."""
    me = learner(scene)
    mine = [roster.find_member(scene.session, me.id)] if me else []
    return mine + roster.children_of(scene.session, scene.actor.person_id)


def oversees(scene: Scene) -> bool:
    """Whether whoever speaks is responsible for learners."""
    return roster.answers_for_somebody(scene.session, scene.actor.person_id)


def in_office(scene: Scene) -> bool:
    """Whether whoever speaks belongs to an office, or audits one."""
    return bool(roles(scene) & OFFICES)


def named_of(scene: Scene, words: str) -> list[Member]:
    """Those of these members whose names occur in the words."""
    return roster.students_named(scene.session, scene.actor.person_id, words)


def ways_on(scene: Scene) -> tuple[tuple[Choice, ...], ...]:
    """On to one's own progress, where one has any, and to the menu."""
    if learner(scene) is None:
        return ((TO_MENU,),)
    return ((Choice(press("progress"), t("command.progress.label")), TO_MENU),)

"""问政策: questions about the programme, at any time, in the asker's own words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from answers import Answer, guide
from bot.chat import Choice, Message, press
from bot.router import Scene, with_menu
from handlers import progress
from programmes.catalogue import all_programmes, load
from programmes.model import Programme
from prompts import t
from services.access import LEARNERS, Refused, cohort_of, memberships

OWN = {"my_sessions": progress.progress, "my_diary": progress.listing}
"""What a learner asks about themselves, and where that is."""


def question(scene: Scene, args: Sequence[str]) -> None:
    """`/ask …`, also in the middle of a form; alone it tells how to ask."""
    if not args or not hear(scene, " ".join(args)):
        scene.say(with_menu(t("ask.not_found" if args else "ask.how")))


def topic(scene: Scene, args: Sequence[str]) -> None:
    """A near question that was pressed."""
    try:
        answer = guide().about(args[0], own(scene) or all_programmes())
    except (IndexError, KeyError):
        raise Refused(t("stale.unknown"), verb="press") from None
    _say(scene, answer)


def hear(scene: Scene, words: str) -> bool:
    """Answer what was asked, if it is a question that we understand or can come near to."""
    answers = guide().ask(words, own(scene))
    if not any(answer.topic or answer.near for answer in answers):
        return False
    for answer in answers:
        if answer.topic in OWN and _learns(scene):
            OWN[answer.topic](scene, ())
        else:
            _say(scene, answer)
    return True


def aside(scene: Scene, words: str) -> bool:
    """Answer a question that came in the middle of a form, if it surely is one."""
    if not _ASKS.search(words):
        return False
    answers = guide().ask(words, own(scene))
    if not all(answer.topic and answer.score >= SURELY for answer in answers):
        return False
    for answer in answers:
        _say(scene, answer)
    return True


_ASKS: Final = re.compile(
    r"[?？吗呢谁几哪]|什么|多少|怎么|多久|\b(?:when|what|who|how|which|where)\b", re.IGNORECASE
)
SURELY: Final = 0.5
"""What a form has asked comes first: only words that are this surely a question of ours."""


def own(scene: Scene) -> tuple[Programme, ...]:
    """The programmes in which whoever speaks has a place."""
    if scene.speaker.person_id is None:
        return ()
    places = memberships(scene.session, scene.speaker.person_id)
    keys = dict.fromkeys(cohort_of(scene.session, place).programme for place in places)
    return tuple(load(key) for key in keys)


def _learns(scene: Scene) -> bool:
    return any(
        place.role in LEARNERS for place in memberships(scene.session, scene.actor.person_id)
    )


def _say(scene: Scene, answer: Answer) -> None:
    """The answer, and under it what else may have been meant."""
    near = [Choice(press("topic", key), guide().topics[key].label) for key in answer.near]
    rows = [(choice,) for choice in near]
    if scene.talk() is None:
        rows.append((Choice(press("menu"), t("command.menu.label")),))
    scene.say(Message(answer.text, tuple(rows)))

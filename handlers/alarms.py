"""A cry for help, wherever a learner writes it, comes before anything else.

A plain one goes nowhere and is answered with who can help. Words that may be one, or nothing, are
held until whoever wrote them has said which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from answers import PLAIN, Alarm, alarm_for, alarm_in
from bot.scene import TO_MENU, Flow, Scene
from bot.talk.conversation import Chat
from bot.talk.inputs import Answer, Asked, Pick
from bot.talk.message import Attachment, Choice, Incoming, Message, are_sealed, press
from handlers import help_calls
from handlers.speaker import learner, oversees
from language.replies import meant_as_it_stands, says_it_is_nothing, says_it_was_nothing, says_yes
from language.sentence import may_be_session
from prompts import BEIJING, Lines, Text, t
from services import inquiries, roster
from services.help_calls import WORRY

CHECK: Final = "review"
"""The step of every talk at which what was filled in is shown once more."""
TELL: Final = "tell"
AS_MEANT: Final = "as_meant"
MOST: Final = 2000
"""Characters that are held, as many as a form takes at once."""


def heed(scene: Scene, incoming: Incoming) -> str | None:
    """Return what is to be heard of a message's words, or `None` if this has answered them.

    What a learner or a newcomer cries for help, or a guardian for a child, goes into no history,
    draft or record, which those might read of whom it tells. Whoever means the words to stand
    writes 写进去： before them.
    """
    words = incoming.text or ""
    if (meant := meant_as_it_stands(words)) is not None:
        # A check adds what follows to the words that it shows.
        talk = scene.talk()
        at_check = talk is not None and talk.journal.get("asked") == CHECK
        return words if at_check else meant
    grown = scene.speaker.person_id is not None and not scene.speaker.young
    if grown and learner(scene) is None:
        return None if _of_a_child(scene, words) else words
    found = alarm_in(words)
    if found not in PLAIN and help_calls.hear_below(scene, words):
        return None
    if found is None and says_it_was_nothing(words) and are_sealed(scene.speaker.offered):
        _never_mind(scene)
    elif found in PLAIN:
        _answer(scene, alarm_for(words, "friend"), found)
    elif found is Alarm.UNCLEAR:
        _ask_whether(scene, words, incoming.files)
    elif found is Alarm.LOW and scene.talk() is None and not _tells_of_work(scene, words):
        _seal(scene)
        _say(scene, Message(t("alarm.low"), note=t("seeking.helplines")))
    else:
        return words
    return None


def _seal(scene: Scene) -> None:
    """What was just said is in no history, and no question is understood from it."""
    inquiries.forget(scene.session, scene.speaker.account_id)
    scene.secret = True


def _answer(scene: Scene, friends: Alarm | None, own: Alarm) -> None:
    """Say where there is help, and that nothing was kept. A form is put down for the while: what
    is typed next is no answer to it."""
    _seal(scene)
    help_ = t(f"alarm.friend.{friends}") if friends else t(f"ask.reply.{own}")
    talk = scene.park()
    if talk is None:
        scene.say(Message(help_, note=_unkept(scene, t("alarm.kept_nowhere")), sealed=True))
        if scene.speaker.person_id is not None:
            help_calls.seek(scene, ())
        return
    go_on = Choice(press("resume", talk.id), t("talk.go_on"))
    _say(scene, Message(help_, ((go_on, TO_MENU),), note=_unkept(scene, t("alarm.not_in_form"))))


def _never_mind(scene: Scene) -> None:
    """It was nothing: go on with what was put down for it."""
    _seal(scene)
    going_on = press("resume")
    lying = [int(v.rpartition(":")[2]) for _, v, *_ in scene.speaker.offered if going_on in v]
    _say(scene, Message(t("alarm.never_mind")))
    talk = scene.find_talk(lying[0]) if lying else None
    if talk is not None:
        scene.resume(talk)


def _unkept(scene: Scene, told: Text) -> Text:
    """That nothing was kept here, and what stays on the screen all the same."""
    return t(
        "ask.parts", parts=Lines([told, help_calls.stays(on_web=help_calls.is_on_web(scene))])
    )


def _of_a_child(scene: Scene, words: str) -> bool:
    """Say to an adult whose child or pupil is in trouble what helps, and to whom to go; returns
    whether it was such a cry. Whoever is in charge of learners writes of them in forms."""
    children = roster.children_of(scene.session, scene.actor.person_id)
    if not children and (scene.talk() is not None or not oversees(scene)):
        return False
    found = alarm_for(words, "child", [one.person.name for one in children])
    if found is None:
        return False
    _seal(scene)
    talk = scene.park()
    go_on = (Choice(press("resume", talk.id), t("talk.go_on")),) if talk else ()
    scene.say(
        Message(
            t(f"alarm.child.{found}") if children else t(f"alarm.pupil.{found}"),
            ((*go_on, TO_MENU),),
            fields=help_calls.to_go_to(scene, [one.id for one in children]),
            note=_unkept(scene, t("alarm.not_in_form" if talk else "alarm.kept_nowhere")),
            sealed=True,
        )
    )
    return True


def _say(scene: Scene, message: Message) -> None:
    """Say something that no history shows, with a way to an adult for a learner."""
    known = scene.speaker.person_id is not None
    ways = ((help_calls.SEEK,),) if known else ()
    rest = message.rows or (((TO_MENU,),) if known else ())
    scene.say(message._replace(rows=(*ways, *rest), sealed=True))


def _tells_of_work(scene: Scene, words: str) -> bool:
    return may_be_session(words, scene.now.astimezone(BEIJING))


# ---------------------------------------------------------------- in doubt, ask


class HeldWords(BaseModel):
    """Words that may be a cry for help, what files came with them, and in which talk."""

    model_config = ConfigDict(frozen=True)

    words: str
    files: tuple[Attachment, ...] = ()
    talk: int | None = None


def _ask_whether(scene: Scene, words: str, files: Sequence[Attachment]) -> None:
    """Hold the words and ask what they are; where they may not be held, say who can help."""
    _seal(scene)
    if scene.speaker.person_id is None:
        _say(scene, Message(t("alarm.is_it_so_unheld"), note=t("seeking.helplines")))
    elif scene.withheld:
        help_calls.seek(scene, ())
    else:
        held = HeldWords(words=words[:MOST], files=tuple(files), talk=scene.speaker.talk_id)
        scene.begin(WORRY, held.model_dump(mode="json"), anew=True)


@dataclass(frozen=True, slots=True)
class Whether(Pick):
    """Whether held words are a cry for help. Only a plain no lets them go; what sounds like a yes,
    or like more of the same, leads to an adult."""

    def parse(self, answer: Answer, asked: Asked) -> str:
        words = answer.text or ""
        if answer.press is None and says_it_is_nothing(words):
            return AS_MEANT
        if answer.press is None and (says_yes(words) or alarm_in(words)):
            return TELL
        return Pick.parse(self, answer, asked)


async def which(chat: Chat, _me: HeldWords) -> str:
    """Whether to find an adult or to take the words as they were meant."""
    ways = (
        Choice(TELL, t("seeking.tell_an_adult"), weight="primary"),
        Choice(AS_MEANT, t("alarm.as_meant")),
    )
    card = Message(t("alarm.is_it_so"), note=t("seeking.helplines"))
    said: str = await chat.ask("which", Whether(ways), card)
    return said


def _load(_scene: Scene, args: Mapping[str, Any]) -> HeldWords:
    return HeldWords.model_validate(args)


def _finish(scene: Scene, held: HeldWords, said: str) -> None:
    """Lead to an adult, and the words are gone; or hear them where they were said."""
    if said == TELL:
        help_calls.seek(scene, ())
        return
    talk = scene.find_talk(held.talk) if held.talk is not None else None
    if talk is not None:
        scene.floor(talk)
    scene.hear(held.words, held.files)


FLOWS: Final = [
    Flow(
        name=WORRY,
        title=t("alarm.title"),
        talk=which,
        about=HeldWords,
        load=_load,
        finish=_finish,
        sealed=True,
    )
]

"""问政策: questions about the programme, at any time, in the asker's own words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from answers import SURELY, Last, PolicyAnswer, alarmed, guide
from bot.scene import TO_MENU, Scene, number, with_menu
from bot.talk.acting import Refused
from bot.talk.message import Choice, Message, press
from handlers import progress
from programmes.catalogue import all_programmes, load
from programmes.model import Programme
from prompts import Text, t
from services import advice, documents, inquiries
from services.access import LEARNERS, memberships, own_programmes

MOST_PASSAGES: Final = 3
"""Passages that are shown at once: a fact may rest on several clauses."""
OWN = {"my_sessions": progress.progress, "my_diary": progress.listing}
"""What a learner asks about themselves, and where that is."""


def question(scene: Scene, args: Sequence[str], advised: bool = False) -> None:
    """`/ask …`, also in the middle of a form; alone it tells how to ask."""
    if not args:
        scene.say(with_menu(t("ask.how")))
    elif not hear(scene, " ".join(args), advised):
        not_found(scene, " ".join(args), t("ask.not_found"))


def topic(scene: Scene, args: Sequence[str]) -> None:
    """A near question that was pressed."""
    try:
        answer = guide().about(args[0], own(scene) or all_programmes())
    except (IndexError, KeyError):
        raise Refused(t("stale.unknown"), verb="press") from None
    label = scene.words(guide().topics[args[0]].label)
    speaker = scene.speaker
    _say(
        scene,
        answer,
        inquiries.point(
            scene.session, speaker.person_id, speaker.account_id, scene.now, label, answer
        ),
    )


def passage(scene: Scene, args: Sequence[str]) -> None:
    """The passages that an answer rests on, where the office has loaded the document."""
    try:
        key, topic = args
        answer = guide().about(topic, (load(key),))
    except (ValueError, KeyError):
        raise Refused(t("stale.unknown"), verb="press") from None
    library = documents.loaded(scene.session, (key,))
    found = {
        one.section: one
        for part in answer.clause.split("；")
        if (one := library.at(key, part)) is not None and one.quotable
    }
    if not found:
        raise Refused(t("ask.no_passage"), verb="press")
    for one in list(found.values())[:MOST_PASSAGES]:
        clause = t("ask.whole", document=one.document, section=one.section)
        rows = ((TO_MENU,),) if scene.talk() is None else ()
        scene.say(Message(one.text, rows, clause=clause))


def unhelpful(scene: Scene, args: Sequence[str]) -> None:
    """没帮到我: the question goes to the office, or it is said what else can be done."""
    speaker = scene.speaker
    sent = inquiries.unhelpful(
        scene.session, speaker.person_id, speaker.account_id, number(args), scene.now
    )
    words = t(f"question.{sent}")
    scene.say(with_menu(words) if scene.talk() is None else words)


def not_found(scene: Scene, words: str, told: Text) -> None:
    """Words to which there is no answer: they may go to the office."""
    rows = [[TO_MENU]] if scene.talk() is None else []
    if kept := _note(scene, words, None):
        rows.insert(0, [Choice(press("unhelpful", kept), t("question.to_office"))])
    scene.say(Message(told, tuple(map(tuple, rows))))


def hear(scene: Scene, words: str, advised: bool = False) -> bool:
    """Answer what was asked, if it is a question that we understand or can come near to.

    Where there is a model (`advised`), it is asked afterwards about what may have been meant.
    """
    last = inquiries.last(scene.session, scene.speaker.account_id, scene.now)
    answers = _ask(scene, words, last)
    if not any(answer.topic or answer.near or answer.kind == "passage" for answer in answers):
        return False
    before = len(scene.posts)
    _tell(scene, words, answers)
    if advised:
        speaker, said = scene.speaker, scene.posts[before:]
        who = (speaker.person_id, speaker.account_id, scene.language)
        advice.want(scene.session, *who, words, answers, said, scene.now)
    return True


def aside(scene: Scene, words: str) -> bool:
    """Answer a question that came in the middle of a form, if it surely is one."""
    if not _ASKS.search(words):
        return False
    answers = _ask(scene, words)
    # What a form has asked comes first.
    if not all(answer.topic and answer.score >= SURELY for answer in answers):
        return False
    _tell(scene, words, answers)
    return True


def heed(scene: Scene, words: str) -> None:
    """In a form, too, somebody in despair is told first who can help; what they wrote stays in
    the form, and they are told who would read it there."""
    if help_ := alarmed(words):
        scene.say(t("ask.help_in_form", help=help_))


_ASKS: Final = re.compile(
    r"[?？吗呢谁几哪]|什么|多少|怎么|多久|\b(?:when|what|who|how|which|where)\b", re.IGNORECASE
)


def own(scene: Scene) -> tuple[Programme, ...]:
    """The programmes in which whoever speaks has a place."""
    person = scene.speaker.person_id
    return () if person is None else own_programmes(scene.session, person)


def _learns(scene: Scene) -> bool:
    return any(
        place.role in LEARNERS for place in memberships(scene.session, scene.actor.person_id)
    )


def _ask(scene: Scene, words: str, last: Last | None = None) -> tuple[PolicyAnswer, ...]:
    here = guide()
    return here.ask(
        words,
        own(scene),
        role=_role(scene),
        last=last,
        library=documents.loaded(scene.session, [programme.key for programme in here.every]),
        office=inquiries.office(scene.session),
    )


def _role(scene: Scene) -> str:
    """What whoever speaks is, if they are one thing only."""
    if scene.speaker.person_id is None:
        return ""
    roles = {place.role for place in memberships(scene.session, scene.speaker.person_id)}
    return roles.pop() if len(roles) == 1 else ""


def _tell(scene: Scene, words: str, answers: Sequence[PolicyAnswer]) -> None:
    """The answers; the last of them may be said to be no help."""
    shown = [answer for answer in answers if not (answer.topic in OWN and _learns(scene))]
    kept = None
    if any(_in_distress(answer) for answer in answers) or not shown:
        inquiries.forget(scene.session, scene.speaker.account_id)
    else:
        kept = _note(scene, words, shown[-1])
    for answer in answers:
        if answer not in shown:
            OWN[answer.topic](scene, ())
        else:
            last = answer is answers[-1]
            _say(scene, answer, kept if answer is shown[-1] else None, last=last)


def _in_distress(answer: PolicyAnswer) -> bool:
    """Words that nobody else is told, as the answer promises."""
    topic = guide().topics.get(answer.topic)
    return topic is not None and topic.kind == "distress"


def _note(scene: Scene, words: str, answer: PolicyAnswer | None) -> int:
    speaker = scene.speaker
    return inquiries.note(
        scene.session, speaker.person_id, speaker.account_id, scene.now, words, answer
    )


def _say(
    scene: Scene, answer: PolicyAnswer, kept: int | None = None, *, last: bool = True
) -> None:
    """The answer; under it what else may have been meant, and that it was no help; under the
    last the way out.

    `kept` is the question's number, 0 where it is not kept; without one it cannot be no help.
    """
    near = [Choice(press("topic", key), guide().topics[key].label) for key in answer.near]
    rows = [(choice,) for choice in near]
    ways: list[Choice] = []
    if quotable := _quotable(scene, answer):
        ways.append(Choice(press("passage", quotable, answer.topic), t("ask.see_passage")))
    if kept is not None:
        label = t("question.unhelpful" if answer.topic else "question.to_office")
        ways.append(Choice(press("unhelpful", kept), label, weight="quiet"))
    if last and scene.talk() is None:
        ways.append(TO_MENU)
    scene.say(_card(answer)._replace(rows=(*rows, tuple(ways)) if ways else tuple(rows)))


def _card(answer: PolicyAnswer) -> Message:
    """An answer with what it rests on set apart; where nothing was found, prose."""
    said = answer.text.args
    match answer.text.key:
        case "ask.fact":
            clause = t(
                "ask.fact_source",
                programme=said["programme"],
                edition=said["edition"],
                clause=said["clause"],
            )
        case "ask.office":
            clause = t("ask.office_source", programme=said["programme"])
        case "ask.office_clause":
            clause = t(
                "ask.office_source_clause", programme=said["programme"], clause=said["clause"]
            )
        case "ask.passage":
            clause = t("ask.passage_source", document=said["document"], section=said["section"])
            return Message(t("ask.passage_says", quote=said["quote"]), clause=clause)
        case _:
            return Message(answer.text)
    return Message(said["answer"], title=said["topic"], clause=clause)


def _quotable(scene: Scene, answer: PolicyAnswer) -> str:
    """The programme whose document holds the passage that an answer rests on, if it is loaded."""
    if answer.kind != "fact" or answer.topic not in guide().topics:
        return ""
    (key,) = answer.programmes
    found = documents.loaded(scene.session, (key,)).at(key, answer.clause)
    return key if found is not None and found.quotable else ""

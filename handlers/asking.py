"""问政策: questions about the programme, at any time, in the asker's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from answers import CLEAR, SURELY, Last, PolicyAnswer, guide
from bot.scene import TO_MENU, Scene, number, with_menu
from bot.talk.acting import Refused
from bot.talk.message import Choice, Field, Message, press
from handlers import affairs, help_calls
from handlers.speaker import learner
from language.replies import asks_on, ends_asking, has_a_question
from programmes.catalogue import all_programmes, load
from programmes.model import Programme
from prompts import Lines, Text, Words, render, t
from services import advice, documents, inquiries
from services.access import memberships, own_programmes, programmes_for
from services.offices import Concern, concerning

MOST_PASSAGES: Final = 3
"""Maximum passages shown at once: a fact may rest on several clauses."""
LIKELY: Final = 0.4
"""From this score on, words that end like a question may be one about policy: then a form asks."""
MOST_NEAR: Final = 3
"""Topics that are offered where it is not sure what is meant."""
LONGEST_QUESTION: Final = 60
"""Maximum characters of a question; longer words are taken as told."""


def question(scene: Scene, args: Sequence[str], advised: bool = False) -> None:
    """`/ask …`, also in the middle of a form; without a question it explains how to ask."""
    if not args:
        scene.say(with_menu(t("ask.how")))
    elif not hear(scene, " ".join(args), advised):
        not_found(scene, " ".join(args), t("ask.not_found"))


def topic(scene: Scene, args: Sequence[str]) -> None:
    """Answer the nearby topic that was pressed."""
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
    """Show the passages that an answer rests on, if the office has loaded the document."""
    try:
        key, topic = args
        answer = guide().about(topic, (load(key),))
    except (ValueError, KeyError):
        raise Refused(t("stale.unknown"), verb="press") from None
    library = documents.loaded(scene.session, (key,), _concern(scene))
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
    """没帮到我: forward the question to the office, or say what else can be done."""
    speaker = scene.speaker
    sent = inquiries.unhelpful(
        scene.session, speaker.person_id, speaker.account_id, number(args), scene.now
    )
    words = t(f"question.{sent}")
    scene.say(with_menu(words) if scene.talk() is None else words)


def not_found(scene: Scene, words: str, told: Text) -> None:
    """Say that there is no answer, and offer to forward the question to the office."""
    rows = [[TO_MENU]] if scene.talk() is None else []
    if _at_office(scene):
        rows.insert(0, [Choice(press("write_answer"), t("question.write_answer"))])
    elif kept := _note(scene, words, None):
        rows.insert(0, [Choice(press("unhelpful", kept), t("question.to_office"))])
    scene.say(Message(told, tuple(map(tuple, rows))))


def hear(scene: Scene, words: str, advised: bool = False) -> bool:
    """Answer a question that is understood, or nearly so; `False` if it is none. With a model
    (`advised`), it is asked afterwards what the question may have meant."""
    last = inquiries.last(scene.session, scene.speaker.account_id, scene.now)
    answers = _ask(scene, words, last)
    if not any(answer.topic or answer.near or answer.kind == "passage" for answer in answers):
        return False
    if not asks(words) and all(map(_far_off, answers)):
        answers = (_unsure(scene, answers),)
    before = len(scene.posts)
    _tell(scene, words, answers)
    if advised:
        speaker, said = scene.speaker, scene.posts[before:]
        who = (speaker.person_id, speaker.account_id, scene.language)
        advice.want(scene.session, *who, words, answers, said, scene.now)
    return True


def _far_off(answer: PolicyAnswer) -> bool:
    """Whether this is hardly what words that ask nothing mean: 算了没事 says nothing of leave, and
    whoever has not asked is told of no silence."""
    enough = CLEAR if answer.kind == "silent" else LIKELY
    return answer.kind in ("silent", "fact") and answer.score < enough


def _unsure(scene: Scene, answers: Sequence[PolicyAnswer]) -> PolicyAnswer:
    """That it was not understood, and which topics are near."""
    topics = [key for one in answers if one.score >= LIKELY for key in (one.topic, *one.near)]
    near = tuple(dict.fromkeys(topics))[:MOST_NEAR]
    score = max(one.score for one in answers)
    told = t("help.not_understood" if learner(scene) else "help.not_understood_staff")
    return PolicyAnswer("out_of_scope", told, score=score, near=near)


def clear(scene: Scene, words: str) -> bool:
    """Whether words are clearly a question about policy."""
    answers = _ask(scene, words)
    return all(bool(answer.topic) and answer.score >= CLEAR for answer in answers)


def aside(scene: Scene, words: str) -> bool:
    """Answer a question typed into a form, if it surely is one, or asks on after the last one."""
    if not has_a_question(words):
        return False
    answers = _ask(scene, words, _before(scene, words))
    # The form's own question takes precedence.
    if not _sure(answers):
        return False
    _tell(scene, words, answers)
    return True


def doubts(scene: Scene, words: str) -> bool:
    """Whether words that a form would take as its own are likely a question. The form then asks
    once."""
    if not asks(words):
        return False
    answers = _ask(scene, words, _before(scene, words))
    if ends_asking(words):
        return any(one.topic and one.score >= LIKELY for one in answers)
    return _sure(answers)


def asks(words: str) -> bool:
    """Whether words, no longer than a question is, have what a question has."""
    return len(words) <= LONGEST_QUESTION and has_a_question(words)


def _before(scene: Scene, words: str) -> Last | None:
    """The last question, where words can only be understood after it."""
    if not asks_on(words):
        return None
    return inquiries.last(scene.session, scene.speaker.account_id, scene.now)


def _sure(answers: Sequence[PolicyAnswer]) -> bool:
    """Whether every part was surely understood. Otherwise the form's own question comes first."""
    return all(answer.topic and answer.score >= SURELY for answer in answers)


def _ways_to_help(scene: Scene) -> list[tuple[Choice, ...]]:
    """The button that leads a learner to an adult."""
    if scene.speaker.person_id is None or learner(scene) is None:
        return []
    return [(help_calls.SEEK,)]


_HAN: Final = re.compile("[一-鿿]")


def own(scene: Scene) -> tuple[Programme, ...]:
    """The programmes in which the speaker has a membership."""
    person = scene.speaker.person_id
    return () if person is None else own_programmes(scene.session, person)


def _ask(scene: Scene, words: str, last: Last | None = None) -> tuple[PolicyAnswer, ...]:
    here, concern = guide(), _concern(scene)
    return here.ask(
        words,
        own(scene),
        role=_role(scene),
        last=last,
        library=documents.loaded(
            scene.session, [programme.key for programme in here.every], concern
        ),
        office=inquiries.office(scene.session, concern),
        at_office=_at_office(scene),
    )


def _concern(scene: Scene) -> Concern:
    """Which offices' documents and answers hold for the speaker."""
    return concerning(scene.session, scene.speaker.person_id)


def _at_office(scene: Scene) -> bool:
    """Whether the speaker is the office that others are told to ask."""
    person = scene.speaker.person_id
    return person is not None and bool(programmes_for(scene.session, person, "answer_question"))


def _role(scene: Scene) -> str:
    """The speaker's role, if they have only one."""
    if scene.speaker.person_id is None:
        return ""
    roles = {place.role for place in memberships(scene.session, scene.speaker.person_id)}
    return roles.pop() if len(roles) == 1 else ""


def _tell(scene: Scene, words: str, answers: Sequence[PolicyAnswer]) -> None:
    """Say the answers; the last one carries the button 没帮到我."""
    # Nothing else is to stand below where there is help.
    answers = [one for one in answers if _in_distress(one)] or answers
    own = {one.topic: act for one in answers if (act := affairs.own(scene, one.topic))}
    if own:
        # 我有几个学生 asks for one's own, and hardly for what the document does not say.
        answers = [one for one in answers if one.kind != "silent" or one.score >= LIKELY]
    shown = [answer for answer in answers if answer.topic not in own]
    kept = None
    if any(_in_distress(answer) for answer in answers) or not shown:
        inquiries.forget(scene.session, scene.speaker.account_id)
    else:
        # What is asked next is understood from the surest of them, the later of two.
        kept = _note(scene, words, max(reversed(shown), key=lambda one: one.score))
    for answer in answers:
        if answer not in shown:
            own[answer.topic]()
        else:
            last = answer is answers[-1]
            _say(scene, answer, kept if answer is shown[-1] else None, last=last)


def _in_distress(answer: PolicyAnswer) -> bool:
    """Whether the answer is to a cry for help: its words are never passed on."""
    topic = guide().topics.get(answer.topic)
    return topic is not None and topic.kind == "distress"


def _note(scene: Scene, words: str, answer: PolicyAnswer | None) -> int:
    speaker = scene.speaker
    if scene.secret:
        return 0
    return inquiries.note(
        scene.session, speaker.person_id, speaker.account_id, scene.now, words, answer
    )


def _say(
    scene: Scene, answer: PolicyAnswer, kept: int | None = None, *, last: bool = True
) -> None:
    """Say one answer, with buttons for nearby topics and 没帮到我, and for the menu if it is the
    last.

    `kept` is the question's number; it is 0 if the question is not kept, and then there is no
    没帮到我.
    """
    near = [Choice(press("topic", key), guide().topics[key].label) for key in answer.near]
    rows: list[tuple[Choice, ...]] = [(choice,) for choice in near]
    ways: list[Choice] = []
    if _at_office(scene):
        # It is for them to write what is not written.
        kept = None
        if last and (answer.kind == "silent" or not answer.topic):
            ways += [
                Choice(press("documents"), t("command.documents.label")),
                Choice(press("write_answer"), t("question.write_answer")),
            ]
    if quotable := _quotable(scene, answer):
        ways.append(Choice(press("passage", quotable, answer.topic), t("ask.see_passage")))
    if kept is not None:
        label = t("question.unhelpful" if answer.topic else "question.to_office")
        ways.append(Choice(press("unhelpful", kept), label, weight="quiet"))
    if last and scene.talk() is None:
        ways.append(TO_MENU)
    card = _card(answer.text)
    if scene.language == "en" and _in_chinese(card):
        notes = [one for one in (card.note, t("ask.note.in_chinese")) if one]
        card = card._replace(note=_lines(notes))
    if _in_distress(answer):
        # Whoever sits at the screen next is not to find it.
        scene.secret, card = True, card._replace(sealed=True)
        rows += _ways_to_help(scene)
    scene.say(card._replace(rows=(*rows, tuple(ways)) if ways else tuple(rows)))


def _in_chinese(card: Message) -> bool:
    """Whether an English card has words of the document in it, which are Chinese."""
    said = (card.text, *(field.value for field in card.fields))
    return any(_HAN.search(render(one, "en")) for one in said)


def _card(text: Text) -> Message:
    """An answer as a card with its clause set apart; as prose if nothing was found."""
    said = text.args
    match text.key:
        case "ask.beside":
            later = {gap: said[gap] for gap in ("quote", "document", "day", "section")}
            card = _card(said["says"])
            notes = [note for note in (card.note, t("ask.beside_note", **later)) if note]
            return card._replace(note=_lines(notes))
        case "ask.headed":
            card = _card(said["says"])
            return card._replace(text=_lines([one for one in (said["head"], card.text) if one]))
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
            where = {gap: said[gap] for gap in ("document", "day", "section")}
            clause = t("ask.passage_source", **where)
            return Message(t("ask.passage_says", quote=said["quote"]), clause=clause)
        case _:
            return Message(text)
    return _laid_out(said["answer"])._replace(title=said["topic"], clause=clause)


def _laid_out(answer: Words) -> Message:
    """What an answer says as a card: what has a label as fields, reservations as the note."""
    notes: list[Words] = []
    while isinstance(answer, Text) and answer.key in _NOTES:
        gaps = {name: said for name, said in answer.args.items() if name != "says"}
        notes.append(t(_NOTES[answer.key], **gaps))
        answer = answer.args["says"]
    prose: list[Words] = []
    fields: list[Field] = []
    for line in _parts(answer):
        _, _, part = line.key.partition("ask.stage.") if isinstance(line, Text) else ("", "", "")
        match line:
            case Text(key="ask.labelled", args={"label": label, "says": says}):
                fields.append(Field(label, says))
            case Text(key="ask.stage.named", args={"name": name, "parts": parts}):
                fields.append(Field(name, _lines(parts.items)))
            case Text(args={"says": says}) if part:
                fields.append(Field(t(f"ask.part.{part}"), says))
            case _:
                prose.append(line)
    return Message(_lines(prose), fields=tuple(fields), note=_lines(notes[::-1]))


def _lines(every: Sequence[Words]) -> Words:
    return t("ask.parts", parts=Lines(every)) if every else ""


_NOTES: Final = {
    "ask.carried": "ask.note.carried",
    "ask.unclear": "ask.note.unclear",
    "ask.only": "ask.note.only",
}


def _parts(answer: Words) -> Iterator[Words]:
    if isinstance(answer, Text) and answer.key == "ask.parts":
        for one in answer.args["parts"].items:
            yield from _parts(one)
    else:
        yield answer


def _quotable(scene: Scene, answer: PolicyAnswer) -> str:
    """The key of the programme whose loaded document holds the passage behind an answer, if
    any."""
    if answer.kind != "fact" or answer.topic not in guide().topics:
        return ""
    (key,) = answer.programmes
    found = documents.loaded(scene.session, (key,), _concern(scene)).at(key, answer.clause)
    return key if found is not None and found.quotable else ""

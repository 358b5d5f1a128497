"""专家评价: each expert marks alone those who were recommended; the office sees how many have, and
opens a mark again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat
from bot.talk.inputs import Free
from bot.talk.message import Choice, Field, Item, Message, press
from handlers import evaluations, progress
from handlers.evaluations import EvaluationSeen, by_kind, by_month, window_words, with_commas
from handlers.pages import page_of, tell
from programmes.values import kept_as
from prompts import Text, Words, t
from services import looking, marking, records, stages
from services.access import cohorts_for
from services.entities import Cohort
from services.evaluations import EvaluationBody, Signed, closed
from services.marking import ExpertLeft, Marking, SignedMark
from services.packs import word_label
from services.rights import Relation
from services.stages import StageNow

CARD: Final = "marking"
TO_LIST: Final = Choice(press("marking"), t("marking.to_list"), weight="quiet")


# ---------------------------------------------------------------- what is to be marked


def listing(scene: Scene, args: Sequence[str]) -> None:
    """Show an expert whom they mark, those that wait first."""
    found = marking.markings(scene.session, scene.actor)
    if not found:
        scene.say(Message(t("marking.nobody_yet"), ((TO_MENU,),)))
        return
    every = sorted(found, key=lambda one: not one.waits)
    waiting = [one for one in every if one.waits]
    shown, turn = page_of(every, args[:1], "marking")
    looking.note(
        *(scene.session, scene.actor, Relation.EXPERT, "list", None),
        [one.member.id for one in shown],
    )
    rows = [*turn]
    if first := next(iter(marking.left(scene.session, scene.actor)), None):
        label = t("evaluation.begin_first")
        rows.insert(0, (Choice(card_press(first), label, weight="primary"),))
    words = t("marking.to_do", waiting=len(waiting), done=sum(map(is_done, every)))
    several = len({one.now.key for one in every}) > 1
    label = t("command.marking.label")
    title = label if several else t("marking.at", stage=every[0].now.called)
    items = tuple(row(scene, one, several) for one in shown)
    tell(scene, Message(words, title=title, items=items), rows, card=CARD)


def is_done(one: Marking) -> bool:
    return one.mark is not None and one.reopening is None


def row(scene: Scene, one: Marking, several: bool) -> Item:
    """A learner whom an expert marks, as a row of a list; `several`: of several stages."""
    words: Words = one.member.person.name
    if several:
        words = t("evaluation.row", student=words, stage=one.now.called)
    if is_done(one):
        return Item(words, card_press(one), t("evaluation.signed"), "good")
    if one.decided:
        return Item(words, card_press(one), t("marking.is_decided"))
    if not one.waits:
        return Item(words, card_press(one), t("evaluation.missed"), "bad")
    if one.awaits_consent:
        return Item(words, card_press(one), t("evaluation.guardian_awaited"), "waiting")
    state = t("evaluation.reopened") if one.mark else evaluations.until(one.now)
    return Item(words, card_press(one), state, "bad" if one.now.late else "waiting")


def card_press(one: Marking) -> str:
    """The press that puts a learner before an expert."""
    return press("marked", one.member.id, one.now.number)


def card(scene: Scene, args: Sequence[str]) -> None:
    """Show an expert what a learner's mark rests on, with the button to begin."""
    student, stage = number(args), number(args, 1)
    one = marking.marking(scene.session, scene.actor, student, stage)
    marking.looked(scene.session, scene.actor, one)
    entries = marking.entries(scene.session, one) if one.open else []
    said = marking.said_before(scene.session, one) if one.open else []
    items = [
        *(said_item(scene, each, stage) for each in said),
        *(
            progress.entry_item(scene, record, body)._replace(
                press=press("evidence", record.id or 0, stage)
            )
            for record, body in entries
        ),
    ]
    shown, turn = page_of(items, args[2:3], f"marked:{student}:{stage}")
    rows = [*turn]
    if one.waits:
        label = t("evaluation.mend" if one.mark else "evaluation.begin")
        rows.insert(0, (Choice(press("mark", student, stage), label, weight="primary"),))
    rows.append((TO_LIST,))
    inputs = one.now.stage.inputs
    sessions = records.entries(scene.session, student) if one.open else []
    fields = [
        Field(t("evaluation.when"), window_words(one.now)),
        Field(t("evaluation.rests_on"), with_commas(inputs)),
        Field(t("evaluation.by_kind"), with_commas(by_kind(sessions))),
        Field(t("evaluation.by_month"), with_commas(by_month(sessions))),
        *own_mark(scene, one),
    ]
    tell(
        scene,
        Message(
            t("marking.evidence", count=len(items)) if items else "",
            title=t("evaluation.card", student=one.member.person.name, stage=one.now.called),
            fields=tuple(field for field in fields if field.value),
            items=tuple(shown),
            note=standing(one),
            clause=one.now.stage.clause,
        ),
        rows,
        card=CARD,
    )


def own_mark(scene: Scene, one: Marking) -> list[Field]:
    """What the expert has signed, as fields."""
    mine = marking.own(scene.session, one)
    return [] if mine is None else mark_fields(mine)


def standing(one: Marking) -> Words:
    """What the expert has to know before signing, or why it cannot be signed now."""
    if one.decided:
        return t("marking.decided")
    if not one.now.takes_evaluations:
        return closed(one.now)
    if one.reopening is not None:
        return t("marking.reopened_why", reason=one.reopening.reason)
    if is_done(one):
        return t("marking.locked")
    return t("evaluation.is_late") if one.now.late else ""


def said_item(scene: Scene, one: Signed, stage: int) -> Item:
    """What somebody said before, as a row that an expert opens."""
    to_read = press("evidence_said", one.evaluation.id or 0, stage)
    return evaluations.signed_item(scene, one)._replace(press=to_read)


def evidence(scene: Scene, args: Sequence[str]) -> None:
    """Show an expert an entry that the document lists."""
    record = marking.open_entry(scene.session, scene.actor, number(args))
    body = records.body_at(scene.session, record)
    whole = progress.whole(scene, record, body, record.version)
    scene.say(whole._replace(rows=back(record.student_id, args), items=()))


def evidence_said(scene: Scene, args: Sequence[str]) -> None:
    """Show an expert what somebody said before."""
    one = marking.open_evaluation(scene.session, scene.actor, number(args))
    whole = evaluations.whole(scene, one)
    rows = back(one.evaluation.student_id, args)
    scene.say(whole._replace(rows=rows, kind="question", card=CARD))


def back(student: int, args: Sequence[str]) -> tuple[tuple[Choice, ...], ...]:
    """The way back to a learner's card."""
    to_card = press("marked", student, number(args, 1))
    return ((Choice(to_card, t("marking.back"), weight="quiet"), TO_MENU),)


# ---------------------------------------------------------------- the talk


def begin(scene: Scene, args: Sequence[str]) -> None:
    """开始评价: begin the talk, or go on with what lies half done."""
    one = marking.marking(scene.session, scene.actor, number(args), number(args, 1))
    if not one.waits:
        card(scene, args[:2])
        return
    mine = marking.own(scene.session, one)
    said = evaluations.answers_of(mine.body) if mine else {}
    scene.begin("mark", {"student": one.member.id, "stage": one.now.key}, said)


def load_mark(scene: Scene, args: Mapping[str, Any]) -> EvaluationSeen:
    one = marking.to_sign(scene.session, scene.actor, args["student"], args["stage"])
    outcomes = {
        kept_as(each): scene.words(word_label(each, t(f"outcome.{each}")))
        for each in one.part.outcomes
    }
    return EvaluationSeen(
        student_id=one.member.id,
        student=one.member.person.name,
        stage=one.now.key,
        stage_name=scene.words(one.now.called),
        side="",
        dimensions=one.now.stage.dimensions,
        outcomes=outcomes,
        clause=one.now.stage.clause,
        version=one.mark.version if one.mark else 0,
        reopened=one.reopening.reason if one.reopening else "",
    )


def finish_mark(scene: Scene, me: EvaluationSeen, body: EvaluationBody) -> None:
    """Sign it, and lead on to the next learner."""
    marking.sign(
        scene.session,
        scene.actor,
        me.student_id,
        me.stage,
        me.version,
        evaluations.in_words(scene, body),
    )
    left = marking.left(scene.session, scene.actor)
    rows: list[tuple[Choice, ...]] = []
    if left:
        label = t("evaluation.next", student=left[0].member.person.name, count=len(left))
        rows.append((Choice(card_press(left[0]), label, weight="primary"),))
    rows.append((TO_LIST,))
    title = t("evaluation.row", student=me.student, stage=me.stage_name)
    tell(scene, Message(t("marking.done"), title=title), rows, card=CARD)


# ---------------------------------------------------------------- the office


def of_learner(scene: Scene, args: Sequence[str]) -> None:
    """Show an office each expert's mark of a learner."""
    found = marking.of_learner(scene.session, scene.actor, number(args), number(args, 1))
    items = tuple(mark_item(one) for one in found.marks)
    title = t("evaluation.card", student=found.student, stage=found.stage_name)
    words = t("marking.signed_by" if items else "marking.none_signed", count=len(items))
    back = to_decision(number(args), number(args, 1))
    tell(scene, Message(words, title=title, items=items), [back])


def to_decision(student: int, stage: int) -> tuple[Choice, ...]:
    """The way back to what the office decides about a learner."""
    return (Choice(press("evaluation", student, stage, "office"), t("marking.back")),)


def mark_item(one: SignedMark) -> Item:
    """An expert's mark as a row of a list."""
    to_read = press("read_mark", one.mark.id or 0)
    if one.reopening is not None:
        return Item(one.expert, to_read, t("evaluation.reopened"), "waiting")
    return Item(one.expert, to_read, marking.outcome_label(one) or t("evaluation.signed"), "good")


def unsigned(scene: Scene, args: Sequence[str]) -> None:
    """Show an office the experts who have not signed, each with a reminder."""
    cohort, now = stage_asked(scene, args)
    found = marking.unsigned(scene.session, scene.actor, cohort, now)
    here = [one for one in found if one.reachable]
    stage = (cohort.id or 0, now.number)
    rows = [
        (Choice(press("remind_expert", *stage, one.place), t("marking.remind", name=one.name)),)
        for one in here
    ]
    if len(here) > 1:
        label = t("marking.remind_all", count=len(here))
        rows.insert(0, (Choice(press("remind_expert", *stage), label, weight="primary"),))
    items = tuple(Item(one.name, "", left_words(one), "waiting") for one in found)
    words = t("marking.unsigned_which" if found else "marking.all_signed", count=len(found))
    title = t("marking.at", stage=now.called)
    tell(scene, Message(words, title=title, items=items), rows)


def left_words(one: ExpertLeft) -> Words:
    """How much is left to an expert."""
    key = "marking.left" if one.reachable else "marking.left_unreachable"
    return t(key, count=one.learners)


def remind(scene: Scene, args: Sequence[str]) -> None:
    """Remind the experts who have not signed, or the one on the button."""
    cohort, now = stage_asked(scene, args)
    place = number(args, 2) if args[2:] else None
    reached = marking.remind(scene.session, scene.actor, cohort, now, place)
    tell(scene, Message(reminded_words(reached)), [])


def reminded_words(reached: Sequence[ExpertLeft]) -> Text:
    """Who was reminded."""
    if not reached:
        return t("marking.reminded_nobody")
    return t("marking.reminded", names=[one.name for one in reached])


def stage_asked(scene: Scene, args: Sequence[str]) -> tuple[Cohort, StageNow]:
    """The cohort and the stage that a button names. Raises `Refused`."""
    cohort = cohorts_for(scene.session, scene.actor, "stages", number(args))[0]
    today = beijing_day(scene.now)
    return cohort, stages.stage_numbered(scene.session, cohort, number(args, 1), today)


def read(scene: Scene, args: Sequence[str]) -> None:
    """Show an office a mark in full."""
    one = marking.read(scene.session, scene.actor, number(args))
    rows: list[tuple[Choice, ...]] = []
    if marking.may_reopen(scene.session, scene.actor, one.mark):
        again = press("reopen_mark", one.mark.id or 0)
        rows.append((Choice(again, t("evaluation.reopen"), weight="danger"),))
    others = [each for each in marking.versions(scene.session, one.mark) if each.id != one.mark.id]
    if others:
        rows.append(
            tuple(
                Choice(
                    press("read_mark", each.id or 0),
                    t("record.version", version=each.version),
                    weight="quiet",
                )
                for each in others[-3:]
            )
        )
    place = press("marks", one.mark.student_id, one.place)
    rows.append((Choice(place, t("marking.to_marks"), weight="quiet"),))
    notes = []
    if one.mark.late:
        notes.append(t("evaluation.was_late"))
    if one.reopening is not None:
        notes.append(t("marking.reopened_why", reason=one.reopening.reason))
    card = Message(
        title=t("evaluation.card", student=one.student, stage=one.stage_name),
        fields=tuple(mark_fields(one)),
        note=progress.stack(scene, notes),
    )
    tell(scene, card, rows)


def mark_fields(one: SignedMark) -> list[Field]:
    """A mark as fields."""
    by = t("evaluation.by", signer=one.expert, at=one.mark.at, version=one.mark.version)
    found = [Field(each.name, each.words) for each in one.body.dimensions]
    if one.body.outcome:
        found.append(Field(t("evaluation.outcome"), marking.outcome_label(one)))
    return [
        *found,
        Field(t("evaluation.comment_label"), one.body.comment),
        Field(t("evaluation.signed_by"), by),
    ]


class MarkReopeningSeen(BaseModel):
    """The mark that is to be opened again."""

    model_config = ConfigDict(frozen=True)

    mark_id: int
    expert: str
    student: str
    stage_name: str


async def ask_why(chat: Chat, me: MarkReopeningSeen) -> str:
    """Ask an office why it opens a mark again."""
    words = t("marking.why_reopen", expert=me.expert, student=me.student)
    reason: str = await chat.ask("reason", Free(least=2, most=500), words)
    return reason


def reopen(scene: Scene, args: Sequence[str]) -> None:
    """重新打开: ask an office for the reason."""
    marking.to_reopen(scene.session, scene.actor, number(args))
    scene.begin("reopen_mark", {"mark": number(args)})


def load_reopening(scene: Scene, args: Mapping[str, Any]) -> MarkReopeningSeen:
    one = marking.to_reopen(scene.session, scene.actor, args["mark"])
    return MarkReopeningSeen(
        mark_id=args["mark"],
        expert=one.expert,
        student=one.student,
        stage_name=scene.words(one.stage_name),
    )


def finish_reopening(scene: Scene, me: MarkReopeningSeen, reason: str) -> None:
    one = marking.reopen(scene.session, scene.actor, me.mark_id, reason)
    rows = [(Choice(press("marks", one.mark.student_id, one.place), t("marking.to_marks")),)]
    words = t("marking.reopened_now", expert=me.expert)
    tell(scene, Message(words), rows)


FLOWS: Final = [
    Flow(
        name="mark",
        title=t("marking.title"),
        talk=evaluations.evaluate,
        about=EvaluationSeen,
        load=load_mark,
        finish=finish_mark,
        named=lambda me: t("evaluation.row", student=me.student, stage=me.stage_name),
        sketch=evaluations.sketch,
    ),
    Flow(
        name="reopen_mark",
        title=t("evaluation.reopen"),
        talk=ask_why,
        about=MarkReopeningSeen,
        load=load_reopening,
        finish=finish_reopening,
    ),
]

COMMANDS: dict[str, Act] = {"marking": listing}

ACTS: dict[str, Act] = {
    "marked": card,
    "mark": begin,
    "evidence": evidence,
    "evidence_said": evidence_said,
    "marks": of_learner,
    "read_mark": read,
    "unsigned_marks": unsigned,
    "remind_expert": remind,
    "reopen_mark": reopen,
}

__all__ = ["ACTS", "COMMANDS", "FLOWS"]

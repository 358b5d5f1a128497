"""评价: a mentor or school teacher evaluates each learner at each stage, with the year's evidence
beside it; a signed evaluation is read, and an office opens it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk import conversation
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat, Journal
from bot.talk.inputs import Answer, Free, Pick, Summary, SummaryLine
from bot.talk.message import Choice, Field, Item, Message, press
from handlers import official, progress
from handlers.pages import PAGE, page_of, tell
from handlers.seen import InOrder, first_words
from handlers.speaker import in_office, named_of
from language.affairs import Affair
from programmes.evaluating import Side
from programmes.values import kept_as
from prompts import Brief, Text, Words, t
from services import access, evaluations, marking, records
from services.access import any_of, awaiting_consent, learner_at, memberships
from services.entities import EvaluationState, RecordKind, RecordState
from services.evaluations import Dimension, EvaluationBody, Signed, Task
from services.marking import MarkTally
from services.packs import kind_label, load, word_label
from services.progress import WRITING
from services.records import Entries, SessionBody
from services.rights import ROLES, Relation
from services.stages import StageNow

SHOWN_WRITINGS: Final = (
    RecordKind.TEST_RESULT,
    RecordKind.PRESENTATION,
    RecordKind.PLAN,
    RecordKind.MATERIAL,
    *WRITING,
)
"""The kinds of entry whose words the card lists, besides sessions, which it counts."""
SHOWN: Final = 5
"""Entries in the learner's own words that the card shows unasked."""
MOST: Final = 1000
PHRASES: Final = ("outstanding", "steady", "progress", "more_effort")
"""Ready words for a dimension; a person's own words go as well."""
SIGN: Final = "sign"
CARD: Final = "evaluation"


# ---------------------------------------------------------------- what is to be done


def listing(scene: Scene, args: Sequence[str]) -> None:
    """Show what the speaker has to evaluate, or a learner their own evaluations.

    Raises `Refused` for anyone who neither evaluates nor is evaluated.
    """
    any_of(scene.session, scene.actor, "evaluations")
    found = evaluations.tasks(scene.session, scene.actor)
    roles = access.roles(scene.session, scene.actor.person_id)
    if found:
        to_do(scene, found, args)
    elif roles & {*ROLES[Relation.EXPERT]}:
        to_marks = Choice(press("marking"), t("command.marking.label"), weight="primary")
        scene.say(Message(t("marking.elsewhere"), ((to_marks, TO_MENU),)))
    elif not evaluations.asked_of(scene.session, scene.actor):
        raise Refused(t("evaluation.none_yours"), verb="evaluations")
    elif roles & {*ROLES[Relation.ONESELF]}:
        own(scene)
    else:
        scene.say(Message(t("evaluation.nothing_begun"), ((TO_MENU,),)))


def to_do(scene: Scene, found: Sequence[Task], args: Sequence[str]) -> None:
    """List the parts that the speaker writes, those that wait first."""
    waiting = [task for task in found if task.waits]
    every = [*waiting, *(task for task in found if not task.waits)]
    shown, turn = page_of(every, args[:1], "evaluations")
    rows = [*turn]
    members = {task.member.id for task in waiting}
    held_up = awaiting_consent(scene.session, members, beijing_day(scene.now))
    if first := next((one for one in waiting if one.member.id not in held_up), None):
        begin = Choice(open_press(first), t("evaluation.begin_first"), weight="primary")
        rows.insert(0, (begin,))
    words = t("evaluation.to_do", waiting=len(waiting), done=len(every) - len(waiting))
    items = tuple(task_item(task, task.member.id in held_up) for task in shown)
    title = t("command.evaluations.label")
    tell(scene, Message(words, title=title, items=items), rows, card=CARD)


def task_item(task: Task, held_up: bool) -> Item:
    """One part that the speaker writes, as a row of a list; `held_up`: no guardian has consented
    yet."""
    words = t("evaluation.row", student=task.member.person.name, stage=task.now.called)
    if task.waits and held_up:
        return Item(words, open_press(task), t("evaluation.guardian_awaited"), "waiting")
    if task.waits:
        state = until(task.now) if task.evaluation is None else t("evaluation.reopened")
        return Item(words, open_press(task), state, "bad" if task.now.late else "waiting")
    if task.evaluation is None:
        return Item(words, open_press(task), t("evaluation.missed"), "bad")
    return Item(words, read_press(task.evaluation.id), t("evaluation.signed"), "good")


def until(now: StageNow) -> Text:
    """How long a stage is open, in short."""
    if now.late and now.term.closes is not None:
        return t("evaluation.late_since", day=Brief(now.term.closes))
    if now.term.due is None:
        return t("evaluation.open")
    return t("evaluation.until", day=Brief(now.term.due))


def open_press(task: Task) -> str:
    """The press that puts a part of a stage before its evaluator."""
    return press("evaluation", *task_args(task))


def read_press(evaluation_id: int | None) -> str:
    return press("evaluated", evaluation_id or 0)


def own(scene: Scene) -> None:
    """Show a learner their own evaluations."""
    found = [
        one
        for place in memberships(scene.session, scene.actor.person_id)
        if place.role in ROLES[Relation.ONESELF]
        for one in evaluations.of_student(scene.session, scene.actor, place.id or 0)
    ]
    words = t("evaluation.yours" if found else "evaluation.none_yet", count=len(found))
    items = tuple(signed_item(scene, one) for one in found[:PAGE])
    title = t("command.evaluations.label")
    tell(scene, Message(words, title=title, items=items), [], card=CARD)


def signed_item(scene: Scene, one: Signed) -> Item:
    """A signed evaluation as a row of a list."""
    learner = learner_at(scene.session, one.evaluation.student_id)
    stage = evaluations.stage_name(learner, one.evaluation.stage)
    words = t("evaluation.line", stage=stage, signer=one.signer)
    state = outcome_words(scene, one) or t("evaluation.signed")
    return Item(words, read_press(one.evaluation.id), state)


def outcome_words(scene: Scene, one: Signed) -> Words:
    """The outcome of a signed evaluation; empty where the document asks for words alone."""
    if not one.body.outcome:
        return ""
    part = evaluations.part_of(scene.session, one.evaluation)
    return evaluations.outcome_label(part, one.body.outcome)


def hear(scene: Scene, affair: Affair) -> bool:
    """开始评价, 给林小雨写评价: the one that waits is begun, of several it is asked which. Whoever
    writes none is told so, or shown their own."""
    named = [one.id for one in named_of(scene, affair.about)] if affair.about else []
    if affair.about and not named:
        return False
    found = evaluations.tasks(scene.session, scene.actor)
    mine = [task for task in found if not named or task.member.id in named]
    waiting = [task for task in mine if task.waits]
    if len(waiting) == 1:
        begin(scene, task_args(waiting[0]))
    elif waiting and not named and (first := offered(scene, "evaluation")):
        # As 从第一名开始 does.
        evaluation(scene, first[0])
    elif mine:
        to_do(scene, mine, ())
    elif in_office(scene):
        scene.command("stages")
    else:
        listing(scene, ())
    return True


def named_there(scene: Scene, words: str) -> bool:
    """A student's name, typed below evaluations: begins the one on the card, or lists those of
    the student. Returns whether it was one."""
    to_begin = offered(scene, "evaluate")
    there = [*to_begin, *offered(scene, "evaluation")]
    if not there:
        return False
    named = [one for one in named_of(scene, words) if one.person.name == words.strip()]
    theirs = [args for args in there if any(args[0] == str(one.id) for one in named)]
    if len(to_begin) == 1 and to_begin[0] in theirs:
        begin(scene, to_begin[0])
        return True
    return bool(theirs) and hear(scene, Affair("evaluate", words))


def offered(scene: Scene, verb: str) -> list[list[str]]:
    """What the buttons in sight that do this carry."""
    way = f"{press(verb)}:"
    every = [value for _, value, *_ in scene.speaker.offered]
    return [one.removeprefix(way).split(":") for one in every if one.startswith(way)]


def task_args(task: Task) -> list[str]:
    return [str(task.member.id), str(task.now.number), str(task.part.side)]


# ---------------------------------------------------------------- what it rests on


def evaluation(scene: Scene, args: Sequence[str]) -> None:
    """Show what a learner's evaluation rests on, with the button to begin or to read it."""
    student, stage, side = number(args), number(args, 1), "".join(args[2:3])
    task = evaluations.task(scene.session, scene.actor, student, stage, side)
    rows: list[tuple[Choice, ...]] = []
    if task.waits:
        begin = press("evaluate", student, stage, side)
        again = task.evaluation is not None
        label = t("evaluation.mend" if again else "evaluation.begin")
        rows.append((Choice(begin, label, weight="primary"),))
    elif task.evaluation is not None:
        rows.append((Choice(read_press(task.evaluation.id), t("evaluation.read")),))
    tally = tally_of(scene, task)
    if tally is not None and tally.marks:
        label = t("marking.each", count=len(tally.marks))
        rows.append((Choice(press("marks", student, stage), label),))
    if tally is not None and tally.waiting and task.now.takes_evaluations:
        way = press("unsigned_marks", task.member.membership.cohort_id, stage)
        rows.append((Choice(way, t("marking.unsigned")),))
    rows.append((way_back(task),))
    tell(scene, evidence_card(scene, task), rows, card=CARD)


def way_back(task: Task) -> Choice:
    """The way back to the list from which a part is written: an office goes by its stages."""
    if task.part.side is not Side.OFFICE:
        return TO_LIST
    to_stage = press("stage", task.cohort.id or 0, task.now.number)
    return Choice(to_stage, t("evaluation.to_stage"), weight="quiet")


TO_LIST: Final = Choice(press("evaluations"), t("evaluation.to_list"), weight="quiet")


def evidence_card(scene: Scene, task: Task) -> Message:
    """What the learner has done: sessions by kind and by month, own writings, earlier
    evaluations."""
    member, stage = task.member, task.now.stage
    programme = load(task.cohort.programme)
    entries = records.entries(scene.session, member.id)
    report = progress.report(scene, member.id, programme, member.membership.grade)
    writings = [
        progress.entry_item(scene, record, body)
        for record, body in entries
        if record.kind in SHOWN_WRITINGS and record.state is not RecordState.WITHDRAWN
    ]
    earlier = [
        signed_item(scene, one)
        for one in evaluations.of_student(scene.session, scene.actor, member.id)
        if (one.evaluation.stage, one.evaluation.side) != (task.now.key, task.part.side)
    ]
    notes = [why_not(scene, task)]
    if len(writings) > SHOWN:
        notes.append(t("evaluation.more_words", count=len(writings) - SHOWN))
    told = [
        Field(t("evaluation.when"), window_words(task.now)),
        Field(t("evaluation.rests_on"), with_commas(stage.inputs)),
        *of_experts(scene, task),
        Field(t("evaluation.by_kind"), with_commas(by_kind(entries))),
        Field(t("evaluation.by_month"), with_commas(by_month(entries))),
    ]
    return Message(
        title=t("evaluation.card", student=member.person.name, stage=task.now.called),
        fields=tuple(field for field in told if field.value),
        meters=report.meters,
        items=(*earlier, *writings[:SHOWN]),
        note=progress.stack(scene, [note for note in notes if note]),
        clause=stage.clause,
    )


def of_experts(scene: Scene, task: Task) -> list[Field]:
    """How the experts have marked the learner, where the speaker decides about that."""
    tally = tally_of(scene, task)
    if tally is None:
        return []
    if not tally.recommended and not tally.marks:
        return [Field(t("marking.experts"), t("marking.not_recommended"), "waiting")]
    signed = t("marking.signed", signed=len(tally.marks), experts=tally.experts)
    found = [Field(t("marking.experts"), signed)]
    if tally.median:
        spread = [
            t("marking.times", outcome=evaluations.outcome_label(task.part, one), count=count)
            for one, count in tally.spread.items()
        ]
        found += [
            Field(t("marking.median"), median(task, tally)),
            Field(t("marking.spread"), with_commas(spread)),
        ]
    return found


def median(task: Task, tally: MarkTally) -> Words:
    """The outcome in the middle of the experts' marks; empty without marks."""
    labels = [evaluations.outcome_label(task.part, one) for one in tally.median]
    if len(labels) > 1:
        return t("marking.between", one=labels[0], other=labels[1])
    return labels[0] if labels else ""


def marks_line(scene: Scene, task: Task) -> Words:
    """How the experts have marked, on one line; empty for whoever does not see it."""
    tally = tally_of(scene, task)
    middle = median(task, tally) if tally else ""
    if not tally or not middle:
        return ""
    counted = {"signed": len(tally.marks), "experts": tally.experts}
    return t("marking.said", **counted, median=middle)


def tally_of(scene: Scene, task: Task) -> MarkTally | None:
    """How the experts have marked the learner; `None` for whoever does not see it, and where no
    experts mark."""
    if not task.now.stage.independent or not task.part.decides:
        return None
    only = [task.member.id]
    return marking.tallies(scene.session, scene.actor, only, task.now, task.part).get(only[0])


def why_not(scene: Scene, task: Task) -> Words:
    """Why it cannot be signed now, or what is to be known before it is."""
    if not task.now.takes_evaluations:
        return evaluations.closed(task.now)
    why = task.evaluation and evaluations.reopening(scene.session, task.evaluation)
    if why:
        return t("evaluation.reopened_why", reason=why.reason)
    return t("evaluation.is_late") if task.waits and task.now.late else ""


def window_words(now: StageNow) -> Words:
    """When a stage is open: in the document's words, or by the office's days."""
    if now.change is not None:
        key = "evaluation.changed" if now.term.closes else "evaluation.changed_open"
        return t(key, opens=now.term.opens, closes=now.term.closes or "")
    return now.stage.window.text if now.stage.window else t("evaluation.undated_short")


def by_kind(entries: Entries) -> list[Text]:
    """Approved sessions by kind."""
    counted = Counter(body.kind for body in approved(entries))
    return [t("evaluation.kind", kind=kind_label(kind), count=n) for kind, n in counted.items()]


def by_month(entries: Entries) -> list[Text]:
    """Approved sessions by month."""
    counted = Counter((body.day.year, body.day.month) for body in approved(entries))
    return [
        t("evaluation.month", month=t(f"calendar.month_{month}"), count=counted[year, month])
        for year, month in sorted(counted)
    ]


def approved(entries: Entries) -> Iterable[SessionBody]:
    for record, body in entries:
        if isinstance(body, SessionBody) and record.state is RecordState.APPROVED:
            yield body


def with_commas(items: Sequence[Words]) -> Words:
    """The items with commas between them; empty if there are none."""
    return t("field.list", items=list(items)) if items else ""


# ---------------------------------------------------------------- the talk


class EvaluationSeen(BaseModel):
    """What the talk is told: whose evaluation it is, and what its document asks for."""

    model_config = ConfigDict(frozen=True)

    student_id: int
    student: str
    stage: str
    """How records name the stage."""
    stage_name: str
    side: str
    dimensions: tuple[str, ...]
    outcomes: InOrder[str]
    """The outcomes to choose from, as records name them, with their labels."""
    ending: tuple[str, ...] = ()
    """The outcomes upon which the document ends the cultivation."""
    clause: str = ""
    version: int = 0
    """The version that stood when it was begun."""
    reopened: str = ""
    """Why an office opened it again."""
    marked: str = ""
    """How the experts have marked, for whoever decides."""

    @property
    def for_the_office(self) -> bool:
        """Whether it is an expert's mark, which the learner does not read."""
        return not self.side


async def evaluate(chat: Chat, me: EvaluationSeen) -> EvaluationBody:
    chat.beside = lambda: so_far(chat, me)
    if me.reopened:
        opened = "marking.reopened_why" if me.for_the_office else "evaluation.reopened_why"
        chat.above = t(opened, reason=me.reopened)
    elif me.marked:
        chat.above = me.marked
    dimensions = []
    for place, name in enumerate(me.dimensions):
        asked = t("evaluation.dimension", student=me.student, dimension=name)
        words = await chat.ask(f"dimension/{place}", about_dimension(), asked)
        dimensions.append(Dimension(name=name, words=words))
    outcome = grounds = ""
    if me.outcomes:
        which = t("evaluation.which_outcome", student=me.student, stage=me.stage_name)
        outcome = await chat.ask("outcome", about_outcome(me), which)
    if outcome in me.ending:
        why = t("evaluation.grounds", outcome=me.outcomes[outcome], clause=me.clause)
        grounds = await chat.ask("grounds", Free(least=10, most=MOST), why)
    about = t("marking.comment" if me.for_the_office else "evaluation.comment")
    comment = await chat.ask("comment", Free(least=2, most=MOST), about)
    body = EvaluationBody(
        dimensions=tuple(dimensions), outcome=outcome, grounds=grounds, comment=comment
    )
    ends = [Choice(SIGN, t("evaluation.sign"), weight="primary")]
    check = t("evaluation.check_ending" if outcome in me.ending else "evaluation.check")
    await chat.ask("review", Summary(lines(me, body), ends), check)
    return body


def about_dimension() -> Free:
    """Words about one dimension; ready ones may be pressed."""
    return Free(least=2, most=500, options=[Choice(one, t(f"phrase.{one}")) for one in PHRASES])


def about_outcome(me: EvaluationSeen) -> Pick:
    return Pick([Choice(key, label) for key, label in me.outcomes.items()])


def so_far(chat: Chat, me: EvaluationSeen) -> list[SummaryLine]:
    """What has been said so far."""
    found = []
    for place, name in enumerate(me.dimensions):
        words = chat.peek(f"dimension/{place}", about_dimension())
        if words is not None:
            found.append(SummaryLine(f"dimension/{place}", name, phrase(words)))
    outcome = chat.peek("outcome", about_outcome(me)) if me.outcomes else None
    if outcome is not None:
        label = me.outcomes.get(outcome, outcome)
        found.append(SummaryLine("outcome", t("evaluation.outcome"), label))
    return found


def phrase(words: str) -> Words:
    """A person's words, or the ready ones that were pressed."""
    return t(f"phrase.{words}") if words in PHRASES else words


def lines(me: EvaluationSeen, body: EvaluationBody) -> list[SummaryLine]:
    """The fields of the card before it is signed, each with the step that asked it."""
    found = [
        SummaryLine(f"dimension/{place}", one.name, phrase(one.words))
        for place, one in enumerate(body.dimensions)
    ]
    if body.outcome:
        label = me.outcomes[body.outcome]
        found.append(SummaryLine("outcome", t("evaluation.outcome"), label))
    if body.grounds:
        found.append(SummaryLine("grounds", t("evaluation.grounds_label"), body.grounds))
    return [*found, SummaryLine("comment", t("evaluation.comment_label"), body.comment)]


def sketch(me: EvaluationSeen, journal: Journal) -> Sequence[Words]:
    """Whose draft it is, and its first words."""
    comment = conversation.read(journal, "comment", Free(least=2, most=MOST))
    named = t("evaluation.row", student=me.student, stage=me.stage_name)
    return [named, *([first_words(comment)] if comment else [])]


# ---------------------------------------------------------------- before and after


def begin(scene: Scene, args: Sequence[str]) -> None:
    """开始评价: begin the talk, or go on with what lies half done."""
    task = evaluations.task(
        scene.session, scene.actor, number(args), number(args, 1), "".join(args[2:3])
    )
    if not task.waits and task.evaluation is not None:
        evaluated(scene, [str(task.evaluation.id)])
        return
    told = {"student": task.member.id, "stage": task.now.key, "side": str(task.part.side)}
    scene.begin("evaluate", told, said_before(scene, task))


def said_before(scene: Scene, task: Task) -> dict[str, Answer]:
    """The answers of a version that was opened again: nothing is written twice."""
    if task.evaluation is None:
        return {}
    return answers_of(evaluations.body_of(scene.session, task.evaluation))


def answers_of(body: EvaluationBody) -> dict[str, Answer]:
    """What was signed, as the answers that say it."""
    said = {f"dimension/{n}": Answer(text=one.words) for n, one in enumerate(body.dimensions)}
    if body.outcome:
        said["outcome"] = Answer(press=body.outcome)
    if body.grounds:
        said["grounds"] = Answer(text=body.grounds)
    return said | {"comment": Answer(text=body.comment)}


def load_evaluation(scene: Scene, args: Mapping[str, Any]) -> EvaluationSeen:
    task = evaluations.task(
        scene.session, scene.actor, args["student"], args["stage"], args["side"]
    )
    if not task.now.takes_evaluations:
        raise Refused(evaluations.closed(task.now), verb="evaluate", object="membership")
    why = task.evaluation and evaluations.reopening(scene.session, task.evaluation)
    outcomes = {
        kept_as(one): scene.words(word_label(one, t(f"outcome.{one}")))
        for one in task.part.outcomes
    }
    return EvaluationSeen(
        student_id=task.member.id,
        student=task.member.person.name,
        stage=task.now.key,
        stage_name=scene.words(task.now.called),
        side=str(task.part.side),
        # Where experts mark, they speak of the dimensions; the office decides.
        dimensions=() if task.now.stage.independent else task.now.stage.dimensions,
        outcomes=outcomes,
        ending=tuple(key for key in outcomes if task.part.ends(key)),
        clause=task.now.stage.clause,
        version=task.evaluation.version if task.evaluation else 0,
        reopened=why.reason if why else "",
        marked=scene.words(marks_line(scene, task)),
    )


def finish_evaluation(scene: Scene, me: EvaluationSeen, body: EvaluationBody) -> None:
    """Sign it, and lead on to the next learner."""
    entry = evaluations.sign(
        scene.session,
        scene.actor,
        me.student_id,
        me.stage,
        me.side,
        me.version,
        in_words(scene, body),
    )
    following, left = evaluations.left(
        scene.session, scene.actor, me.student_id, me.stage, me.side
    )
    rows: list[tuple[Choice, ...]] = []
    if following:
        label = t("evaluation.next", student=following.member.person.name, count=left)
        rows.append((Choice(open_press(following), label, weight="primary"),))
    task = evaluations.task(scene.session, scene.actor, me.student_id, me.stage, me.side)
    rows.append((Choice(read_press(entry.id), t("evaluation.read")), way_back(task)))
    title = t("evaluation.row", student=me.student, stage=me.stage_name)
    words = t("evaluation.done_ending" if body.outcome in me.ending else "evaluation.done")
    tell(scene, Message(words, title=title), rows, card=CARD)


def in_words(scene: Scene, body: EvaluationBody) -> EvaluationBody:
    """What is signed: ready words that were pressed, as they read."""
    said = tuple(
        Dimension(name=one.name, words=scene.words(phrase(one.words))) for one in body.dimensions
    )
    return body.model_copy(update={"dimensions": said})


# ---------------------------------------------------------------- reading, opening again


def evaluated(scene: Scene, args: Sequence[str]) -> None:
    """Show a signed evaluation, or an earlier version of it."""
    version = number(args, 1) if len(args) > 1 else None
    one = evaluations.read(scene.session, scene.actor, number(args), version)
    entry, latest = one.evaluation, one.evaluation.version
    rows: list[tuple[Choice, ...]] = []
    signed = entry.state is EvaluationState.SIGNED
    if (
        signed
        and one.version.version == latest
        and evaluations.may_reopen(scene.session, scene.actor, entry)
    ):
        again = press("reopen", entry.id or 0, latest)
        rows.append((Choice(again, t("evaluation.reopen"), weight="danger"),))
    if marking.rests_on_marks(scene.session, scene.actor, entry):
        place = evaluations.stage_number(learner_at(scene.session, entry.student_id), entry.stage)
        rows.append((Choice(press("marks", entry.student_id, place), t("marking.title")),))
    if signed and one.version.version == latest:
        rows += official.choices_of_evaluation(scene, one)
    others = [n for n in range(1, latest + 1) if n != one.version.version][-3:]
    if others:
        rows.append(
            tuple(
                Choice(
                    press("evaluated", entry.id or 0, n),
                    t("record.version", version=n),
                    weight="quiet",
                )
                for n in others
            )
        )
    tell(scene, whole(scene, one), rows, card=CARD)


def whole(scene: Scene, one: Signed) -> Message:
    """A signed evaluation in full."""
    learner = learner_at(scene.session, one.evaluation.student_id)
    stage = evaluations.stage_name(learner, one.evaluation.stage)
    by = t("evaluation.by", signer=one.signer, at=one.version.at, version=one.version.version)
    fields = [Field(dimension.name, dimension.words) for dimension in one.body.dimensions]
    if one.body.outcome:
        fields.append(Field(t("evaluation.outcome"), outcome_words(scene, one)))
    if one.body.grounds:
        fields.append(Field(t("evaluation.grounds_label"), one.body.grounds))
    fields += [
        Field(t("evaluation.comment_label"), one.body.comment),
        Field(t("evaluation.signed_by"), by),
        Field(t("evaluation.rests_on"), t("evaluation.entries", count=len(one.body.evidence))),
    ]
    notes = []
    if one.version.late:
        notes.append(t("evaluation.was_late"))
    why = evaluations.reopening(scene.session, one.evaluation)
    if why is not None and why.version == one.version.version:
        notes.append(t("evaluation.reopened_why", reason=why.reason))
    return Message(
        title=t("evaluation.card", student=learner.name, stage=stage),
        fields=tuple(fields),
        note=progress.stack(scene, notes),
    )


class ReopeningSeen(BaseModel):
    """The signed version that is to be opened again."""

    model_config = ConfigDict(frozen=True)

    evaluation_id: int
    version: int
    student: str
    stage_name: str


async def ask_why(chat: Chat, me: ReopeningSeen) -> str:
    """Ask an office why it opens a signed evaluation again."""
    words = t("evaluation.why_reopen", student=me.student, stage=me.stage_name)
    reason: str = await chat.ask("reason", Free(least=2, most=500), words)
    return reason


def reopen(scene: Scene, args: Sequence[str]) -> None:
    """重新打开: ask an office for the reason."""
    told = {"evaluation": number(args), "version": number(args, 1)}
    load_reopening(scene, told)
    scene.begin("reopen", told)


def load_reopening(scene: Scene, args: Mapping[str, Any]) -> ReopeningSeen:
    entry = evaluations.to_reopen(scene.session, scene.actor, args["evaluation"], args["version"])
    learner = learner_at(scene.session, entry.student_id)
    return ReopeningSeen(
        evaluation_id=args["evaluation"],
        version=args["version"],
        student=learner.name,
        stage_name=scene.words(evaluations.stage_name(learner, entry.stage)),
    )


def finish_reopening(scene: Scene, me: ReopeningSeen, reason: str) -> None:
    evaluations.reopen(scene.session, scene.actor, me.evaluation_id, me.version, reason)
    tell(scene, Message(t("evaluation.reopened_now", student=me.student)), [], card=CARD)


FLOWS: Final = [
    Flow(
        name="evaluate",
        title=t("evaluation.title"),
        talk=evaluate,
        about=EvaluationSeen,
        load=load_evaluation,
        finish=finish_evaluation,
        named=lambda me: t("evaluation.row", student=me.student, stage=me.stage_name),
        sketch=sketch,
    ),
    Flow(
        name="reopen",
        title=t("evaluation.reopen"),
        talk=ask_why,
        about=ReopeningSeen,
        load=load_reopening,
        finish=finish_reopening,
    ),
]

COMMANDS: dict[str, Act] = {"evaluations": listing}

ACTS: dict[str, Act] = {
    "evaluation": evaluation,
    "evaluate": begin,
    "evaluated": evaluated,
    "reopen": reopen,
}

__all__ = ["ACTS", "COMMANDS", "FLOWS"]

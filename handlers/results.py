"""测试成绩: the results of a programme's tests, entered by the team or, pasted as a list, by the
office, and read by the learner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import Act, Flow, Scene, number
from bot.talk import conversation
from bot.talk.acting import Refused
from bot.talk.conversation import Chat, Journal
from bot.talk.inputs import Answer, Asked, Free, Kind, Pick, Summary, SummaryLine, Unclear, said
from bot.talk.message import Choice, Field, Item, Message, Meter, press
from handlers import seen
from handlers.pages import on_record, page_of, student_item, tell
from language.numerals import tidy
from language.scores import ScoredLine, score_of, scored_lines
from programmes.model import Programme
from programmes.tested import stages_with_tests
from prompts import Lines, Text, Words, t
from services import access, results, roster
from services.access import LearnerPlace
from services.entities import Record, RecordKind
from services.packs import load, stage_label
from services.records import Entries, ResultBody
from services.results import ScoreEntry
from services.roster import Member

SUBMIT: Final = "submit"
CARD: Final = "results"
SHOWN: Final = 30
"""Lines of a list that are named one by one."""
HIGH: Final = 100
"""A score above this is asked about. No document states a highest one; most tests are out of a
hundred."""


class Scored(BaseModel):
    """A learner as the talk knows them."""

    model_config = ConfigDict(frozen=True)

    id: int
    name: str
    unit: str
    scores: dict[str, str]
    """The results that there are, by stage."""
    versions: dict[str, int]
    """The versions in which they stand."""


class ResultsSeen(BaseModel):
    """What the talk is told: at which stages there are tests, and whose results are entered."""

    model_config = ConfigDict(frozen=True)

    stages: tuple[str, ...]
    students: tuple[Scored, ...]
    one: bool = False
    """The result of one learner, who was chosen."""


@dataclass(frozen=True, slots=True)
class Entering:
    """What a pasted list means."""

    new: Sequence[tuple[Scored, str]]
    changed: Sequence[tuple[Scored, str]]
    same: Sequence[Scored]
    unread: Sequence[Text]
    """Each line that enters nothing, and why."""


class EnteredResult(BaseModel):
    """One result to be entered."""

    model_config = ConfigDict(frozen=True)

    student: int
    score: str
    version: int


class EnteredList(BaseModel):
    """The result of the talk."""

    model_config = ConfigDict(frozen=True)

    stage: str
    results: tuple[EnteredResult, ...]
    why: str = ""


# ---------------------------------------------------------------- the talk


async def enter(chat: Chat, me: ResultsSeen) -> EnteredList:
    stage = me.stages[0]
    if len(me.stages) > 1:
        stage = await chat.ask("stage", about_stage(me), t("result.which_stage"))
    if me.one:
        known = me.students[0]
        score = await chat.ask("score", Score(), asks_for_score(known, stage))
        found = sorted_out([ScoredLine(known.name, (known.name,), score)], me.students, stage)
    else:
        kind = ResultList(me.students, stage)
        words = t("result.lines", stage=stage_label(stage), count=len(me.students))
        found = await chat.ask("lines", kind, words)
    why = ""
    if found.changed:
        why = await chat.ask("why", Free(least=2, most=500), asks_why(found, stage))
    count = len(found.new) + len(found.changed)
    ends = [Choice(SUBMIT, t("result.submit", count=count), weight="primary")]
    fields = lines(me, stage, found, why)
    await chat.ask("review", Summary(fields, ends), check(stage, found))
    return EnteredList(
        stage=stage,
        results=tuple(
            EnteredResult(student=one.id, score=score, version=one.versions.get(stage, 0))
            for one, score in (*found.new, *found.changed)
        ),
        why=why,
    )


def about_stage(me: ResultsSeen) -> Pick:
    return Pick([Choice(one, stage_label(one)) for one in me.stages])


def asks_for_score(known: Scored, stage: str) -> Text:
    told = {"student": known.name, "stage": stage_label(stage)}
    if stage in known.scores:
        return t("result.score_again", score=known.scores[stage], **told)
    return t("result.score", **told)


def asks_why(found: Entering, stage: str) -> Text:
    named = [change(one, score, stage) for one, score in found.changed]
    return t("result.why", changed=some_of(named))


def change(known: Scored, score: str, stage: str) -> Text:
    return t("result.change", student=known.name, before=known.scores[stage], score=score)


@dataclass(frozen=True, slots=True)
class Score(Kind[str]):
    """A score in figures."""

    numbered = False

    def parse(self, answer: Answer, asked: Asked) -> str:
        score = score_of(said(answer, 40))
        if score is None:
            raise Unclear(t("result.no_score"))
        return score


@dataclass(frozen=True, slots=True)
class ResultList(Kind[Entering]):
    """A pasted list, a line for each learner. Value: what it is understood as."""

    numbered = False

    students: Sequence[Scored]
    stage: str

    def parse(self, answer: Answer, asked: Asked) -> Entering:
        found = sorted_out(scored_lines(said(answer)), self.students, self.stage)
        if not found.new and not found.changed:
            raise Unclear(nothing_new(found))
        return found


def nothing_new(found: Entering) -> Text:
    """Why a list enters nothing."""
    if found.unread:
        return t("result.none_read", unread=each_on_its_line(found.unread))
    return t("result.all_same" if found.same else "result.no_lines")


def sorted_out(given: Sequence[ScoredLine], students: Sequence[Scored], stage: str) -> Entering:
    """What the lines of a list enter, and why the others do not."""
    meant = [(line, those_meant(line, students)) for line in given]
    times = Counter(found[0].id for _, found in meant if len(found) == 1)
    new: list[tuple[Scored, str]] = []
    changed: list[tuple[Scored, str]] = []
    same, unread = list[Scored](), list[Text]()
    for line, found in meant:
        if len(found) != 1:
            key = "result.several" if found else "result.unknown"
            unread.append(t(key, line=line.text, names=[one.unit for one in found]))
        elif line.score is None:
            unread.append(t("result.unscored", line=line.text))
        elif times[found[0].id] > 1:
            unread.append(t("result.twice", line=line.text))
        elif found[0].scores.get(stage) == line.score:
            same.append(found[0])
        else:
            told = changed if stage in found[0].scores else new
            told.append((found[0], line.score))
    return Entering(new, changed, same, unread)


def those_meant(line: ScoredLine, students: Sequence[Scored]) -> list[Scored]:
    """The learners whom a line names; several of one name are told apart by their school."""
    words = {*line.words, " ".join(line.words)}
    found = [one for one in students if tidy(one.name) in words or spaced(one.name, line)]
    if len(found) > 1:
        at = [one for one in found if any(word in one.unit for word in line.words)]
        return at if len(at) == 1 else found
    return found


def spaced(name: str, line: ScoredLine) -> bool:
    """Whether a name of several words stands in a line."""
    parts = tidy(name).split()
    return len(parts) > 1 and f" {' '.join(parts)} " in f" {' '.join(line.words)} "


def lines(me: ResultsSeen, stage: str, found: Entering, why: str) -> list[SummaryLine]:
    """The fields of the card before it is entered, each with the step that asks for it."""
    step = "score" if me.one else "lines"
    told: list[SummaryLine] = []
    if len(me.stages) > 1:
        told.append(SummaryLine("stage", t("field.stage"), stage_label(stage)))
    pairs = [t("result.pair", student=one.name, score=score) for one, score in found.new]
    pairs += [change(one, score, stage) for one, score in found.changed]
    told.append(SummaryLine(step, t("result.score_label"), some_of(pairs)))
    if found.changed:
        told.append(SummaryLine("why", t("result.corrected"), why))
    return told


def check(stage: str, found: Entering) -> Text:
    """The question above the results before they are entered, with what enters nothing."""
    told = {"stage": stage_label(stage), "same": len(found.same)}
    words = t("result.check_same" if found.same else "result.check", **told)
    if found.unread:
        words = t("result.check_unread", unread=each_on_its_line(found.unread), **told)
    high = [(one, score) for one, score in (*found.new, *found.changed) if Decimal(score) > HIGH]
    if not high:
        return words
    pairs = [t("result.pair", student=one.name, score=score) for one, score in high]
    return t("result.high", check=words, pairs=some_of(pairs))


def some_of(named: Sequence[Words]) -> Text:
    """Some names, and of many how many there are."""
    if len(named) <= SHOWN:
        return t("field.list", items=list(named))
    return t("reminder.names", some=list(named[:SHOWN]), count=len(named))


def each_on_its_line(unread: Sequence[Text]) -> Lines:
    """What is wrong with each line that enters nothing; of many, how many more there are."""
    more = len(unread) - SHOWN
    return Lines([*unread[:SHOWN], *([t("result.further", count=more)] if more > 0 else [])])


def called(me: ResultsSeen) -> Text:
    return t("result.of", student=me.students[0].name) if me.one else t("result.enter")


def sketch(me: ResultsSeen, journal: Journal) -> Sequence[Words]:
    """What a draft is called, and of which stage it is."""
    stage = conversation.read(journal, "stage", about_stage(me))
    return [called(me), *([stage_label(stage)] if stage else [])]


# ---------------------------------------------------------------- before and after


def begin(scene: Scene, args: Sequence[str]) -> None:
    """录入成绩: of one learner, whom the button names, or as a list."""
    told: dict[str, Any] = {"student": number(args)} if args else {}
    if len(args) > 1:
        told["stage"] = args[1]
    scene.begin("enter_results", told)


def edit(scene: Scene, record: Record) -> None:
    """Correct a result."""
    told = {"student": record.student_id, "stage": record.period}
    scene.begin("enter_results", told)


def load_results(scene: Scene, args: Mapping[str, Any]) -> ResultsSeen:
    if args.get("student") is not None:
        members = [results.to_enter(scene.session, scene.actor, args["student"])]
    else:
        members = results.enterable(scene.session, scene.actor)
    if not members:
        raise Refused(t("result.not_yours"), verb="enter_result", object="membership")
    programme = results.programme_of(scene.session, members[0].membership)
    stages = tuple(stages_with_tests(programme)) if programme else ()
    there = results.latest(scene.session, [member.id for member in members])
    return ResultsSeen(
        stages=(args["stage"],) if args.get("stage") in stages else stages,
        students=tuple(known(member, stages, there) for member in members),
        one=args.get("student") is not None,
    )


def known(
    member: Member, stages: Sequence[str], there: Mapping[tuple[int, str], ScoreEntry]
) -> Scored:
    mine = {key: there[member.id, key] for key in stages if (member.id, key) in there}
    return Scored(
        id=member.id,
        name=member.person.name,
        unit=member.unit_name,
        scores={key: one.score for key, one in mine.items()},
        versions={key: one.record.version for key, one in mine.items()},
    )


def finish_results(scene: Scene, me: ResultsSeen, made: EnteredList) -> None:
    """Enter each; what cannot be entered is named, and the rest is."""
    names = {one.id: one.name for one in me.students}
    given = [(one.student, one.score, one.version) for one in made.results]
    done, refused = results.enter_each(scene.session, scene.actor, made.stage, given, made.why)
    words = t("result.entered", count=done, stage=stage_label(made.stage))
    items = tuple(
        Item(t("result.refused", student=names[student], why=why), tone="bad")
        for student, why in refused.items()
    )
    rows = [(TO_RESULTS,)]
    tell(scene, Message(words, title=called(me), items=items), rows, card=CARD)


TO_RESULTS: Final = Choice(press("results"), t("command.results.label"))

FLOW = Flow(
    name="enter_results",
    title=t("result.enter"),
    talk=enter,
    about=ResultsSeen,
    load=load_results,
    finish=finish_results,
    named=called,
    sketch=sketch,
)


# ---------------------------------------------------------------- what there is


def listing(scene: Scene, args: Sequence[str]) -> None:
    """测试成绩: a learner's own; to those around them, whose there are.

    Raises `Refused` for whoever has no programme with tests.
    """
    access.any_of(scene.session, scene.actor, "results")
    if not results.asked_of(scene.session, scene.actor):
        raise Refused(t("result.asked_by_none"), verb="results")
    learns = seen.learns(scene)
    children = roster.children_of(scene.session, scene.actor.person_id)
    mine = roster.students_of(scene.session, scene.actor.person_id)
    looks_after = results.with_tests(scene.session, mine)
    if learns:
        of_one(scene, access.learner(scene.session, scene.actor.person_id), "yours")
    for child in children:
        of_one(scene, access.learner_at(scene.session, child.id), "childs", f"{CARD}:{child.id}")
    if looks_after or not (learns or children):
        of_students(scene, looks_after, args)


def of_one(scene: Scene, learner: LearnerPlace, whose: str, card: str = CARD) -> None:
    """Show a learner their own results, or a guardian a child's."""
    stages = stages_with_tests(load(learner.programme))
    there = results.latest(scene.session, [learner.id])
    items = tuple(stage_item(key, there.get((learner.id, key))) for key in stages)
    clause = next((stage.clause for stage in stages.values()), "")
    title = t("command.results.label")
    words = t(f"result.{whose}", name=learner.name)
    tell(scene, Message(words, title=title, items=items, clause=clause), [], card=card)


def stage_item(key: str, one: ScoreEntry | None) -> Item:
    """A stage with its result, which leads to it."""
    if one is None:
        return Item(stage_label(key), "", t("result.missing"))
    return Item(stage_label(key), press("record", one.record.id or 0), one.score)


def of_students(scene: Scene, members: Sequence[Member], args: Sequence[str]) -> None:
    """List learners in the order of the roster, each with what there is."""
    entering = {one.id for one in results.enterable(scene.session, scene.actor)}
    there = results.latest(scene.session, [member.id for member in members])
    on_page, turns = page_of(members, args[:1], "results")
    on_record(scene, [member.id for member in on_page])
    rows = [*turns]
    if entering:
        label = t("result.enter")
        rows.insert(0, (Choice(press("enter_results"), label, weight="primary"),))
    clauses = {stage.clause for member in on_page for stage in stages_of(scene, member).values()}
    card = Message(
        t("result.of_students" if members else "result.no_students", count=len(members)),
        title=t("command.results.label"),
        items=tuple(item(scene, member, there, member.id in entering) for member in on_page),
        clause=clauses.pop() if len(clauses) == 1 else "",
    )
    tell(scene, card, rows, card=CARD)


def stages_of(scene: Scene, member: Member) -> Mapping[str, Any]:
    programme = results.programme_of(scene.session, member.membership)
    return stages_with_tests(programme) if programme else {}


def item(
    scene: Scene, member: Member, there: Mapping[tuple[int, str], ScoreEntry], enters: bool
) -> Item:
    """A learner as a row of the list: what is there by stage, and what is not."""
    state = in_short({key: there.get((member.id, key)) for key in stages_of(scene, member)})
    if enters:
        return Item(member.person.name, press("enter_results", member.id), state)
    return student_item(member, member.person.name, state)


def in_short(found: Mapping[str, ScoreEntry | None]) -> Text:
    parts = [
        t("result.at_stage", stage=stage_label(key), score=one.score if one else t("result.none"))
        for key, one in found.items()
    ]
    return t("field.list", items=parts)


# ---------------------------------------------------------------- where else it is seen


def fields_of(record: Record, body: ResultBody) -> tuple[Field, ...]:
    told = [
        Field(t("field.stage"), stage_label(record.period)),
        Field(t("result.score_label"), body.score),
    ]
    return (*told, *([Field(t("result.corrected"), body.why)] if body.why else []))


def meters(programme: Programme, entries: Entries) -> Iterable[Meter]:
    """A learner's results so far, where the document has tests."""
    stages = stages_with_tests(programme)
    if not stages:
        return
    found = {
        record.period: ScoreEntry(record, body.score)
        for record, body in entries
        if isinstance(body, ResultBody) and record.kind is RecordKind.TEST_RESULT
    }
    yield Meter(
        next(iter(stages.values())).test,
        in_short({key: found.get(key) for key in stages}),
        len(found),
        0,
        len(stages),
        clause=next(iter(stages.values())).clause,
    )


COMMANDS: dict[str, Act] = {"results": listing}

ACTS: dict[str, Act] = {"enter_results": begin}

__all__ = ["ACTS", "COMMANDS", "FLOW", "ResultsSeen", "edit", "fields_of", "meters"]

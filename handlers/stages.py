"""评价阶段: how an office sees each stage fill up, and opens, closes or moves it with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import Act, Flow, Scene, number
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat
from bot.talk.inputs import Answer, Asked, Free, NearestDay, Pick, Summary, SummaryLine
from bot.talk.message import Choice, Field, Item, Message, Meter, Tone, press
from handlers import cohort as overview
from handlers import evaluations as evaluation_cards
from handlers import plans
from handlers.evaluations import open_press, read_press, window_words
from handlers.pages import PAGE, page_asked, student_item, tell, turns
from language.days import Moment
from language.spans import coming_span
from prompts import BEIJING, Brief, Text, Words, t
from services import certificates, evaluations, exits, marking, stages
from services.entities import Cohort, EvaluationState
from services.evaluations import Task
from services.marking import MarkTally
from services.packs import load
from services.stages import StageNow, StageState

OPEN, CLOSE, MOVE = "open", "close", "move"
SUBMIT: Final = "submit"
FAR: Final = timedelta(days=400)
"""A stage is moved at most so far beyond the cycle's last day."""

TONES: Final[Mapping[StageState, Tone]] = {
    StageState.UNDATED: "neutral",
    StageState.TO_COME: "neutral",
    StageState.OPEN: "waiting",
    StageState.DUE: "waiting",
    StageState.OVER: "bad",
    StageState.CLOSED: "neutral",
}

UNBEGUN: Final = (StageState.UNDATED, StageState.TO_COME)


# ---------------------------------------------------------------- how they fill up


def listing(scene: Scene, args: Sequence[str]) -> None:
    """Show the stages of a cohort, and how many evaluations each has."""
    shown, cohorts = overview.coordinated(scene, "stages", args)
    today = beijing_day(scene.now)
    every = stages.stages_of(scene.session, shown, today)
    meters = [
        Meter(
            t("stages.part", stage=now.called, side=t(f"evaluation.side_{one.part.side}")),
            t("stages.signed", signed=one.signed, of=one.of),
            one.signed,
            0,
            one.of,
            clause=now.stage.clause,
        )
        for now in every
        if now.state not in UNBEGUN
        for one in evaluations.filled(scene.session, scene.actor, shown, now)
    ]
    meters = [*plans.overview(scene, shown), *meters]
    items = tuple(
        Item(
            t("stages.row", stage=now.called, when=window_words(now)),
            press("stage", shown.id or 0, now.number),
            t(f"stages.state_{now.state}"),
            TONES[now.state],
        )
        for now in every
    )
    words = t("stages.which" if every else "stages.none", programme=load(shown.programme).name)
    card = Message(words, title=t("command.stages.label"), meters=tuple(meters), items=items)
    rows = [(Choice(press("stages", one.id or 0), one.name),) for one in cohorts[1:4]]
    if certificates.issued_in(shown):
        to_certificates = press("certifying", shown.id or 0)
        rows.append((Choice(to_certificates, t("certificate.title")),))
    if cases := exits.open_cases(scene.session, scene.actor):
        rows.insert(0, (Choice(press("exits"), t("exit.waiting", count=len(cases))),))
    tell(scene, card, rows, shown)


def is_signed(task: Task) -> bool:
    return task.evaluation is not None and task.evaluation.state is EvaluationState.SIGNED


def stage(scene: Scene, args: Sequence[str]) -> None:
    """Show one stage: its days and their changes, and whose evaluation is still missing."""
    shown, _ = overview.coordinated(scene, "stages", args[:1])
    now = stages.stage_numbered(scene.session, shown, number(args, 1), beijing_day(scene.now))
    begun = now.state not in UNBEGUN
    parts = evaluations.filled(scene.session, scene.actor, shown, now) if begun else []
    of, signed = sum(one.of for one in parts), sum(one.signed for one in parts)
    page = page_asked(of, args[2:3])
    on_page = (
        evaluations.page(scene.session, scene.actor, shown, now, page * PAGE, PAGE) if of else []
    )
    rows = turns(of, page, f"stage:{shown.id}:{now.number}")
    if stages.may_change(scene.session, scene.actor, shown):
        change = press("change_stage", shown.id or 0, now.number)
        rows.append((Choice(change, t("stages.change")),))
    rows.append((Choice(press("stages", shown.id or 0), t("stages.back"), weight="quiet"),))
    tallies = of_experts(scene, [task for task, _ in on_page])
    card = Message(
        t("stages.missing", count=of - signed, of=of) if of else "",
        title=now.called,
        fields=tuple(stage_fields(scene, shown, now)),
        items=tuple(item(task, mine, tallies) for task, mine in on_page),
        clause=now.stage.clause,
    )
    tell(scene, card, rows, shown)


def stage_fields(scene: Scene, shown: Cohort, now: StageNow) -> Iterable[Field]:
    """A stage's days and state, and the office's latest changes."""
    yield Field(t("evaluation.when"), window_words(now))
    yield Field(t("field.state"), t(f"stages.state_{now.state}"), TONES[now.state])
    if not stages.parts_of(shown, now.stage):
        yield Field(t("stages.evaluators"), now.stage.evaluator or t("stages.nobody"))
    for one, name in stages.changes(scene.session, shown, now.key)[:2]:
        if one.closed:
            words = t("stages.closed", name=name, at=Brief(beijing_day(one.at)), why=one.reason)
            yield Field(t("stages.change"), words)
            continue
        days = {"opens": one.opens_on, "closes": one.closes_on or t("stages.no_end")}
        words = t(
            "stages.changed", name=name, at=Brief(beijing_day(one.at)), why=one.reason, **days
        )
        yield Field(t("stages.change"), words)


def of_experts(scene: Scene, tasks: Sequence[Task]) -> Mapping[int, MarkTally]:
    """How experts have marked these learners of a stage, where the speaker decides about it."""
    asked = [task for task in tasks if task.now.stage.independent and task.part.decides]
    if not asked:
        return {}
    ids = [task.member.id for task in asked]
    return marking.tallies(scene.session, scene.actor, ids, asked[0].now, asked[0].part)


def item(task: Task, mine: bool, tallies: Mapping[int, MarkTally]) -> Item:
    """One learner's part of a stage, as a row of a list; `mine`: the speaker may sign it now."""
    words: Words = task.member.person.name
    if len(stages.parts_of(task.cohort, task.now.stage)) > 1:
        side = t(f"evaluation.side_{task.part.side}")
        words = t("stages.learner", name=words, side=side)
    if task.evaluation is None:
        if mine:
            state = t("stages.yours_to_sign")
            if tally := tallies.get(task.member.id):
                counted = {"signed": len(tally.marks), "experts": tally.experts}
                middle = evaluation_cards.median(task, tally)
                state = t("marking.state", **counted)
                if middle:
                    state = t("marking.state_median", **counted, median=middle)
            return Item(words, open_press(task), state, "waiting")
        return student_item(task.member, words, t("stages.not_signed"))
    if not is_signed(task):
        return Item(words, read_press(task.evaluation.id), t("evaluation.reopened"), "waiting")
    return Item(words, read_press(task.evaluation.id), t("evaluation.signed"), "good")


# ---------------------------------------------------------------- changing one


class StageSeen(BaseModel):
    """The stage that is to be changed, with its days now."""

    model_config = ConfigDict(frozen=True)

    cohort_id: int
    stage: str
    name: str
    when: str
    first: date
    last: date
    opens_on: date | None
    closes_on: date | None
    open_now: bool
    """Whether it takes evaluations now."""


class StageDays(BaseModel):
    """The days that an office gives a stage, and why."""

    model_config = ConfigDict(frozen=True)

    opens_on: date | None
    closes_on: date | None
    closed: bool = False
    reason: str


@dataclass(frozen=True, slots=True)
class FirstDay(NearestDay):
    """The day on which a stage opens, perhaps said with the day on which it closes:
    12月1日到12月20日."""

    def parse(self, answer: Answer, asked: Asked) -> Moment:
        both = self._both(answer, asked)
        return Moment(both[0]) if both else NearestDay.parse(self, answer, asked)

    def more(self, answer: Answer, asked: Asked) -> Mapping[str, Answer]:
        both = self._both(answer, asked)
        return {"closes": Answer(both[1].isoformat())} if both else {}

    def _both(self, answer: Answer, asked: Asked) -> tuple[date, date] | None:
        words = "" if answer.press is not None else answer.text or ""
        first, last = coming_span(words, asked.now.astimezone(BEIJING), self.first) or (None, None)
        if first is None or last is None or not self.first <= first <= last <= self.last:
            return None
        return first, last


async def change_stage(chat: Chat, me: StageSeen) -> StageDays:
    chat.above = t("stages.now", stage=me.name, when=me.when)
    ways = [CLOSE, MOVE] if me.open_now else [OPEN, MOVE]
    way = await chat.ask("way", Pick([Choice(w, t(f"stages.{w}")) for w in ways]), t("stages.how"))
    days = NearestDay(me.first, me.last)
    opens, closes = me.opens_on, me.closes_on
    if way == OPEN:
        opens = chat.today
    if way == MOVE:
        opening = FirstDay(me.first, me.last)
        opens = (await chat.ask("opens", opening, t("stages.opens"))).day
    if way != CLOSE:
        closes = (await chat.ask("closes", days, t("stages.closes"))).day
    reason = await chat.ask("reason", Free(least=2, most=500), t("stages.why"))
    made = StageDays(opens_on=opens, closes_on=closes, closed=way == CLOSE, reason=reason)
    ends = [Choice(SUBMIT, t("stages.submit"), weight="primary")]
    await chat.ask("review", Summary(lines(way, made), ends), t("stages.check"))
    return made


def lines(way: str, made: StageDays) -> list[SummaryLine]:
    """The fields of the card before a stage is changed."""
    found = [SummaryLine("way", t("stages.how_label"), t(f"stages.{way}"))]
    if way == MOVE and made.opens_on is not None:
        found.append(SummaryLine("opens", t("stages.opens_label"), day_words(made.opens_on)))
    if way != CLOSE and made.closes_on is not None:
        found.append(SummaryLine("closes", t("stages.closes_label"), day_words(made.closes_on)))
    return [*found, SummaryLine("reason", t("field.reason"), made.reason)]


def day_words(day: date) -> Text:
    return t("field.day_only", day=day)


def begin(scene: Scene, args: Sequence[str]) -> None:
    """调整时间: begin the talk. Raises `Refused` for anyone who does not oversee the whole."""
    cohort_id, place = number(args), number(args, 1)
    shown = stages.to_change(scene.session, scene.actor, cohort_id)
    now = stages.stage_numbered(scene.session, shown, place, beijing_day(scene.now))
    scene.begin("change_stage", {"cohort": cohort_id, "stage": now.key})


def load_stage(scene: Scene, args: Mapping[str, Any]) -> StageSeen:
    shown = stages.to_change(scene.session, scene.actor, args["cohort"])
    now = stages.stage_of(scene.session, shown, args["stage"], beijing_day(scene.now))
    cycle = load(shown.programme).cycle
    return StageSeen(
        cohort_id=args["cohort"],
        stage=now.key,
        name=now.stage.name,
        when=scene.words(window_words(now)),
        first=cycle.first_day,
        last=(cycle.last_day or cycle.first_day + FAR) + FAR,
        opens_on=now.term.opens,
        closes_on=now.term.closes,
        open_now=now.takes_evaluations,
    )


def finish_change(scene: Scene, me: StageSeen, made: StageDays) -> None:
    shown = stages.to_change(scene.session, scene.actor, me.cohort_id)
    days = (made.opens_on, made.closes_on)
    stages.change(
        scene.session, scene.actor, shown, me.stage, days, made.reason, closed=made.closed
    )
    listing(scene, [str(me.cohort_id)])


FLOWS: Final = [
    Flow(
        name="change_stage",
        title=t("stages.change"),
        talk=change_stage,
        about=StageSeen,
        load=load_stage,
        finish=finish_change,
        named=lambda me: t("stages.change_of", stage=me.name),
    )
]

COMMANDS: dict[str, Act] = {"stages": listing}

ACTS: dict[str, Act] = {"stage": stage, "change_stage": begin}

__all__ = ["ACTS", "COMMANDS", "FLOWS"]

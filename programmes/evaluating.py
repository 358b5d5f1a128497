"""Who evaluates what at each stage, and when: the parts that a document gives to whom.

A document that names nobody for a stage gives it no part, and the software collects nothing there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from programmes.model import Programme
from programmes.values import Effect, Material, Outcome, Own, Party, Stage


class Side(StrEnum):
    """From where a part of an evaluation is written."""

    TEAM = "team"
    """The mentor or a member of the mentor's team: one evaluation for all of them."""
    SCHOOL = "school"
    """A teacher of the learner's own school."""
    OFFICE = "office"
    """An office; also for the experts whom it asks, unless each of them marks alone."""


SIDES: Final[Mapping[str, Side]] = {
    Party.MENTOR: Side.TEAM,
    Party.LEAD_MENTOR: Side.TEAM,
    Party.TEAM_MEMBER: Side.TEAM,
    Party.TEAM: Side.TEAM,
    Party.SCHOOL_TEACHER: Side.SCHOOL,
    Party.SCHOOL: Side.SCHOOL,
    Party.NATIONAL: Side.OFFICE,
    Party.PROVINCE: Side.OFFICE,
    Party.PROVINCE_OFFICE: Side.OFFICE,
    Party.CITY: Side.OFFICE,
    Party.CITY_OFFICE: Side.OFFICE,
    Party.OFFICE: Side.OFFICE,
    Party.EXPERT_COMMITTEE: Side.OFFICE,
    Party.UNIVERSITY: Side.OFFICE,
    Party.HOST: Side.OFFICE,
}
"""The side of each party; the others evaluate nobody."""

BELOW: Final = (Party.CITY, Party.CITY_OFFICE, Party.UNIVERSITY, Party.HOST)
"""Offices that stand below the one that runs the programme: they recommend, and do not decide."""


@dataclass(frozen=True, slots=True)
class StagePart:
    """What one side writes about a learner at a stage."""

    stage: Stage
    side: Side
    outcomes: tuple[Outcome | Own, ...] = ()
    """The outcomes from which one is chosen; empty where the document asks for words alone."""
    decides: bool = False
    """It is the word of the office that runs the programme, and of nobody below."""

    def effects(self, outcome: str) -> tuple[Effect | Own, ...]:
        """What the document says follows from this outcome."""
        found = (self.stage.effects.get(one, ()) for one in self.outcomes if one == outcome)
        return next(found, ())

    def ends(self, outcome: str) -> bool:
        """Whether the document ends a learner's cultivation upon this outcome."""
        return Effect.EXIT in self.effects(outcome)


def parts(programme: Programme, stage: Stage) -> tuple[StagePart, ...]:
    """The parts of a stage's evaluation, in the order in which its document names the evaluators.

    Where the learner's final materials include the mentor's evaluation, the mentor writes one when
    the last evaluation begins, without an outcome. Where a document rewards an outcome and names
    no stage that gives it, the office decides about it at the last stage.
    """
    outcomes = tuple(one for one in stage.outcomes if one is not Outcome.OPINION)
    parties = {
        side: [who for who in stage.evaluators if SIDES.get(who) is side]
        for side in dict.fromkeys(SIDES[who] for who in stage.evaluators if who in SIDES)
    }
    found = [
        StagePart(stage, side, outcomes, side is Side.OFFICE and not {*who} <= {*BELOW})
        for side, who in parties.items()
    ]
    if stage is _last_begins(programme) and Side.TEAM not in parties:
        handed_in = programme.final_materials.student_materials.value or ()
        if Material.MENTOR_EVALUATION in handed_in:
            found.insert(0, StagePart(stage, Side.TEAM))
    rewarded = programme.awards.grades.value or ()
    given = {one for each in programme.stages for one in each.outcomes}
    if stage is programme.stages[-1] and rewarded and not given & {*rewarded}:
        found.append(StagePart(stage, Side.OFFICE, rewarded, decides=True))
    return tuple(found)


def recommending(programme: Programme, stage: Stage) -> Stage | None:
    """The stage before this one at which learners are recommended, if there is one."""
    before = programme.stages[: programme.stages.index(stage)]
    return next((one for one in reversed(before) if Outcome.RECOMMENDED in one.outcomes), None)


def _last_begins(programme: Programme) -> Stage:
    """The first of the stages that make up the last evaluation: some documents take two steps."""
    last = programme.stages[-1].stage
    return next(stage for stage in programme.stages if stage.stage == last)


def keys(programme: Programme) -> tuple[str, ...]:
    """How records name each stage: by its kind, and a second one of a kind by its number too."""
    seen: Counter[str] = Counter()
    found = []
    for stage in programme.stages:
        kind = stage.stage.zh if isinstance(stage.stage, Own) else str(stage.stage)
        seen[kind] += 1
        found.append(kind if seen[kind] == 1 else f"{kind}_{seen[kind]}")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class StageTerm:
    """The days of a stage: it opens, is due, and closes. `None` where no document says."""

    opens: date | None
    due: date | None
    """The strict reading: people are reminded of this day."""
    closes: date | None
    """The lenient reading: nobody is late before the day after."""


def term(programme: Programme, stage: Stage) -> StageTerm:
    """The days of a stage as the document dates them.

    A stage with only a deadline opens on the day after the stage before it closes, or with the
    cycle.
    """
    window = stage.window
    if window is None or window.closes is None:
        return StageTerm(None, None, None)
    opens = window.first_day or _after_the_one_before(programme, stage)
    return StageTerm(opens, window.last_day, window.closes)


def _after_the_one_before(programme: Programme, stage: Stage) -> date:
    opens = programme.cycle.first_day
    for earlier in programme.stages:
        if earlier is stage:
            break
        if earlier.window is not None and earlier.window.closes is not None:
            opens = earlier.window.closes + timedelta(days=1)
    return opens

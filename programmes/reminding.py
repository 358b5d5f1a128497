"""What a learner, and those around them, owe on a day: a pure function of a pack and a state.

Each thing owed is a matter, and a matter is a row of steps: when it is first said, when again and
how, when to whom else. On any day only the latest step that has come is said, so that whoever was
not there for three days says it once. Where the pack is silent there is no matter.

`period` says what a step is for. With the person, the learner and the rule it is what makes a
reminder one reminder; a deadline that is moved has its day in it, so that the new one is said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from programmes import evaluating
from programmes.evaluating import SIDES, Side, StagePart, StageTerm, parts, term
from programmes.materials import ASKED_AHEAD
from programmes.model import Programme, Requirement
from programmes.pacing import DAY, WEEK, Away, DaysThere, aim
from programmes.rules import APPROVED, SUBMITTED, SessionFact, periods
from programmes.values import Frequency, Material, Party, Per, Stage, WritingKind, kept_as


class Strength(StrEnum):
    GENTLE = "gentle"
    PLAIN = "plain"
    LATE = "late"
    """The day it was due on is over, and it can still be done."""
    IMPOSSIBLE = "impossible"
    """It can no longer be done as the document asks."""


class To(StrEnum):
    """Whom a step is for."""

    LEARNER = "learner"
    MENTOR = "mentor"
    TEAM_MEMBER = "team_member"
    SCHOOL_TEACHER = "school_teacher"
    UNIVERSITY = "university"
    OFFICE = "office"
    EXPERT = "expert"


PARTIES: Final[Mapping[str, To]] = {
    Party.STUDENT: To.LEARNER,
    Party.TRAINEE_TEACHER: To.LEARNER,
    Party.MENTOR: To.MENTOR,
    Party.LEAD_MENTOR: To.MENTOR,
    Party.TEAM_MEMBER: To.TEAM_MEMBER,
    Party.SCHOOL_TEACHER: To.SCHOOL_TEACHER,
    Party.UNIVERSITY: To.UNIVERSITY,
    Party.HOST: To.UNIVERSITY,
    Party.OFFICE: To.OFFICE,
    Party.CITY_OFFICE: To.OFFICE,
    Party.PROVINCE_OFFICE: To.OFFICE,
    Party.EXPERT_COMMITTEE: To.EXPERT,
}
"""Whom we reach for each party of a document; the others have no place in a cohort."""

QUEUE: Final = "queue"
"""The rule that submitted entries wait for somebody. It is the assistant's own, without a clause:
silence never approves, in any programme."""
ASKED_BY: Final[Mapping[WritingKind, str]] = {
    WritingKind.DIARY: "cultivation.diary_frequency",
    WritingKind.MEETING_RECORD: "cultivation.interview_records",
}
"""The fact that says how often something is to be written."""
AFTER: Final = 14
"""For how many days something that is over is still said, for people who were away."""


# ---------------------------------------------------------------- what is known


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A session without its diary or meeting record."""

    entry: int
    since: date
    """The day on which the session was first handed in."""


@dataclass(frozen=True, slots=True)
class WaitingEntry:
    """A version of an entry that waits for review."""

    entry: int
    version: int
    kind: str
    since: date


@dataclass(frozen=True, slots=True)
class StageDue:
    """A stage of evaluation whose window is known, and who has still to do their part in it."""

    stage: str
    name: str
    opens: date
    due: date | None
    """The strict reading of its last day."""
    closes: date | None
    """The lenient reading."""
    to: tuple[To, ...]
    later: tuple[To, ...] = ()
    """Who is told as well once it is late."""


@dataclass(slots=True)
class LearnerState:
    """What is known of a learner on a day."""

    since: date | None = None
    """The day of joining, if late."""
    sessions: Sequence[SessionFact] = ()
    asked: frozenset[WritingKind] = frozenset()
    """What learners of this grade have to write."""
    unwritten: Mapping[WritingKind, Sequence[Unwritten]] = field(default_factory=dict)
    written: Mapping[WritingKind, frozenset[str]] = field(default_factory=dict)
    """The stages for which something has been written."""
    waiting: Sequence[WaitingEntry] = ()
    away: tuple[Away, ...] = ()
    moved: Mapping[int, StageTerm] = field(default_factory=dict)
    """The stages that the office has opened or moved, by their place in the programme."""
    unsigned: Sequence[Matter] = ()
    """The parts of evaluations that are missing: `signatures`."""
    unprepared: Sequence[Matter] = ()
    """The presentations that are not prepared: `preparations`."""
    lacking: Sequence[str] = ()
    """The words of the final materials that are kept here and missing."""
    plan: date | None = None
    """The day since which a training plan is missing; `None` if it is there or not kept here."""


# ---------------------------------------------------------------- what follows


@dataclass(frozen=True, slots=True)
class Saying:
    """One saying of one matter."""

    on: date
    """The first day on which it is said."""
    until: date | None
    """The day by which the matter is due."""
    last: date
    """The last day on which it is worth saying."""
    strength: Strength
    to: tuple[To, ...]
    period: str


@dataclass(frozen=True, slots=True, eq=False)
class Matter:
    """One thing that is owed. It equals itself only, so that what many owe is soon found again."""

    about: str
    rule: str
    """The path of the fact that asks for it; `QUEUE` for the assistant's own rule."""
    clause: str
    steps: tuple[Saying, ...]
    """In the order of their days."""
    count: int = 1
    """How much is missing."""
    at_least: int = 0
    name: str = ""
    """What the document calls it."""
    entry: int | None = None
    """The entry that it is about."""
    since: date | None = None
    """The day since which it waits."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What one party is to be told on a day."""

    to: To
    matter: Matter
    saying: Saying


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is owed on a day, and the next day on which that changes if nothing is done."""

    owed: tuple[Owed, ...]
    next: date | None


def outlook(programme: Programme, state: LearnerState, on: date) -> Outlook:
    """What is to be said of a learner on a day. Days on leave are quiet, except for what others
    owe them."""
    seen = [_seen(matter, on) for matter in matters(programme, state, on)]
    owed = tuple(one for matter in seen for one in matter.owed)
    later = [matter.next for matter in seen if matter.next is not None]
    later += [day for day in _turns(programme, state, on) if day > on]
    for first, last in state.away:
        if first <= on <= last:
            owed = tuple(one for one in owed if _of_others(one))
            later.append(last + DAY)
    return Outlook(owed, min(later, default=None))


@lru_cache(maxsize=4096)
def _seen(matter: Matter, on: date) -> Outlook:
    """For each party the latest saying of one matter that has come, and the day of its next. It is
    looked at once for all learners who owe the same."""
    latest: dict[To, Saying] = {}
    ahead: date | None = None
    for saying in matter.steps:
        if saying.on > on:
            ahead = saying.on
            break
        latest.update(dict.fromkeys(saying.to, saying))
    return Outlook(
        tuple(Owed(to, matter, saying) for to, saying in latest.items() if on <= saying.last),
        ahead,
    )


def _of_others(one: Owed) -> bool:
    """Whether it is for somebody other than the learner to do, so that the learner's leave does
    not matter."""
    return one.to is not To.LEARNER and one.saying.strength is not Strength.IMPOSSIBLE


def _turns(programme: Programme, state: LearnerState, on: date) -> Iterator[date]:
    """The days on which the counting itself changes: it begins, a month begins, or the day of an
    aim passes."""
    yield _begun(programme, state)
    for asked in programme.requirements:
        if asked.per is not Per.CYCLE:
            yield from (last + DAY for _, last in periods(asked.per, on, on))
    if (target := aim(programme, on)) is not None:
        yield target + DAY


def matters(programme: Programme, state: LearnerState, on: date) -> Iterator[Matter]:
    """Everything that is owed on the day, and what will be owed soon if nothing is done."""
    begun, end = _begun(programme, state), _end(programme)
    if on >= begun:
        for asked in programme.requirements:
            yield from _minimum(programme, asked, state, begun, end, on)
        yield from _writings(programme, state, end)
        yield from _plan(programme, state, end)
    yield from _materials(programme, state)
    yield from state.unprepared
    yield from state.unsigned
    yield from _queue(state, end)


def _begun(programme: Programme, state: LearnerState) -> date:
    return max(programme.cycle.first_day, state.since or date.min)


def _end(programme: Programme) -> date:
    return programme.cycle.last_day or date.max - DAY * 400


# ---------------------------------------------------------------- minima


def _minimum(
    programme: Programme,
    asked: Requirement,
    state: LearnerState,
    begun: date,
    end: date,
    on: date,
) -> Iterator[Matter]:
    if asked.per is Per.CYCLE:
        if programme.cycle.last_day is None:
            return
        until = aim(programme, on) or end
        yield from _toward(asked, state, DaysThere(begun, until, state.away), end, on, "")
        return
    # This period, and the one that has just ended.
    for first, last in periods(asked.per, max(begun, on - DAY * AFTER), min(on, end)):
        span = DaysThere(max(first, begun), min(last, end), state.away)
        yield from _toward(asked, state, span, span.last, on, f"{first:%Y-%m} ")


def _toward(
    asked: Requirement, state: LearnerState, span: DaysThere, end: date, on: date, name: str
) -> Sequence[Matter]:
    """What is missing of one minimum within one span of days. It can be made up until `end`."""
    missing = asked.at_least - _done(asked, state.sessions, span.first, end)
    return _lacking(asked, missing, span, end, on, name) if missing > 0 else ()


@lru_cache(maxsize=4096)
def _lacking(
    asked: Requirement, missing: int, span: DaysThere, end: date, on: date, name: str
) -> tuple[Matter, ...]:
    """How much of a minimum is missing; nothing, if the learner was away for the whole span. It is
    worked out once for all learners who are equally far."""
    if not span.total:
        return ()
    sayings = _pacing(asked, missing, span, end, on, name)
    matter = Matter(
        about=str(asked.counts),
        rule=asked.path,
        clause=asked.clause,
        steps=tuple(sorted(sayings, key=lambda saying: saying.on)),
        count=missing,
        at_least=asked.at_least,
    )
    return (matter,)


def _done(asked: Requirement, sessions: Iterable[SessionFact], first: date, last: date) -> int:
    """What is handed in or approved: the learner's part is done, whoever has to act next."""
    fed = [
        one
        for one in sessions
        if first <= one.day <= last
        and one.status in (SUBMITTED, APPROVED)
        and one.feeds(asked.counts)
    ]
    return len(fed) if asked.unit == "sessions" else sum(one.minutes or 0 for one in fed) // 60


def _pacing(
    asked: Requirement, missing: int, span: DaysThere, end: date, on: date, name: str
) -> Iterator[Saying]:
    """How a learner who is behind the pace is told: gently once a month while it can easily be
    made up, plainly every week when it takes more than one session a week, and others are told
    when it can no longer be made up."""
    weekly = WEEK * _weekly(asked, missing, span)
    plain = span.with_left(weekly - 1)
    whole = DaysThere(span.first, end, span.away)
    days_needed = missing if asked.unit == "sessions" else 1
    impossible = whole.with_left(days_needed - 1)
    yield Saying(
        impossible,
        end,
        end + DAY * AFTER,
        Strength.IMPOSSIBLE,
        (To.MENTOR, To.OFFICE),
        f"{name}{asked.key} {end} impossible",
    )
    yield from _gentle(asked, missing, span, plain, on, name)
    left = weekly - 1
    while left > 0:
        day = max(plain, span.with_left(left))
        if day < impossible:
            week = -(-left // WEEK)
            last = min(span.last, impossible - DAY)
            period = f"{name}{asked.key} {span.last} week {week}"
            yield Saying(day, span.last, last, Strength.PLAIN, (To.LEARNER,), period)
        left = (left - 1) // WEEK * WEEK


def _weekly(asked: Requirement, missing: int, span: DaysThere) -> int:
    """In how many weeks what is missing can easily be made up: with one session a week, or with
    hours at twice the even pace."""
    if asked.unit == "sessions":
        return missing
    return -(-missing * span.total // (2 * asked.at_least * WEEK))


def _gentle(
    asked: Requirement, missing: int, span: DaysThere, plain: date, on: date, name: str
) -> Iterator[Saying]:
    """From the day on which a whole session, or a tenth of the hours, is missing by an even pace;
    once in each month."""
    grain = 1 if asked.unit == "sessions" else max(1, asked.at_least // 10)
    expected = asked.at_least - missing + grain
    behind = span.nth(-(-expected * span.total // asked.at_least))
    if behind is None:
        return
    for month in (on, _next_month(on)):
        day = max(behind, month.replace(day=1))
        if day < plain:
            period = f"{name}{asked.key} {span.last} in {day:%Y-%m}"
            last = min(plain - DAY, span.last)
            yield Saying(day, span.last, last, Strength.GENTLE, (To.LEARNER,), period)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


# ---------------------------------------------------------------- writing


def _writings(programme: Programme, state: LearnerState, end: date) -> Iterator[Matter]:
    for writing in programme.records:
        if writing.kind not in state.asked:
            continue
        rule = ASKED_BY[writing.kind]
        clause = programme.fact(rule).clause
        if writing.frequency is Frequency.PER_SESSION:
            for one in state.unwritten.get(writing.kind, ()):
                yield Matter(
                    writing.kind.value,
                    rule,
                    clause,
                    _after_session(one, end),
                    name=writing.name,
                    entry=one.entry,
                )
        elif writing.frequency is Frequency.PER_STAGE:
            done = state.written.get(writing.kind, frozenset())
            for number, stage in enumerate(programme.stages):
                due, closes = handed_in_by(programme, stage, state.moved.get(number))
                if str(stage.stage) in done or due is None or closes is None:
                    continue
                if state.since is not None and closes < state.since:
                    continue
                steps = _around(due, closes, str(stage.stage), (14, 3), (To.LEARNER,))
                name = f"{stage.name}{writing.name}"
                yield Matter(writing.kind.value, rule, clause, steps, name=name)


def handed_in_by(
    programme: Programme, stage: Stage, moved: StageTerm | None = None
) -> tuple[date | None, date | None]:
    """The day on which the work that a stage rests on is due, by the strict and by the lenient
    reading: the day on which it is to be handed in, if the document names one, else the stage's
    own; or the day that the office has set."""
    if moved is not None:
        return moved.due, moved.closes
    days = term(programme, stage)
    window = stage.window
    if window is not None and window.submit_by is not None:
        return window.submit_by.last_day, days.closes
    return days.due, days.closes


def _after_session(one: Unwritten, end: date) -> tuple[Saying, ...]:
    """On the day after the session was handed in, and once more after a week."""
    told = ((1, Strength.GENTLE, ""), (1 + WEEK, Strength.PLAIN, " again"))
    return tuple(
        Saying(one.since + DAY * days, None, end, strength, (To.LEARNER,), f"{one.entry}{again}")
        for days, strength, again in told
    )


@lru_cache(maxsize=4096)
def _around(
    due: date, closes: date, name: str, ahead: tuple[int, ...], to: tuple[To, ...]
) -> tuple[Saying, ...]:
    """So many days before a deadline, first gently, and once after it. The strict reading of the
    deadline reminds; until the lenient one, `closes`, it can still be done. The same for all whom
    a deadline concerns."""
    before = (
        Saying(
            due - DAY * days,
            due,
            due,
            Strength.PLAIN if place else Strength.GENTLE,
            to,
            f"{name} {due} {days} before",
        )
        for place, days in enumerate(ahead)
    )
    last = closes if closes > due else due + DAY * AFTER
    return *before, Saying(due + DAY, due, last, Strength.LATE, to, f"{name} {due} late")


# ---------------------------------------------------------------- plan and materials


def _plan(programme: Programme, state: LearnerState, end: date) -> Iterator[Matter]:
    if state.plan is None:
        return
    fact = programme.cultivation.plan_author
    to = PARTIES.get(fact.value or "")
    if to is not None:
        yield _planned(state.plan, end, to, fact.clause)


@lru_cache(maxsize=4096)
def _planned(since: date, end: date, to: To, clause: str) -> Matter:
    steps = tuple(
        Saying(since + DAY * days, None, end, strength, (to,), f"plan{again}")
        for days, strength, again in ((0, Strength.GENTLE, ""), (30, Strength.PLAIN, " again"))
    )
    return Matter("plan", "cultivation.plan_author", clause, steps)


def _materials(programme: Programme, state: LearnerState) -> Iterator[Matter]:
    due = programme.final_materials.deadline
    if due.value is None:
        return
    day = due.value.last_day
    for material in state.lacking:
        yield _material(material, day, due.clause)


@lru_cache(maxsize=4096)
def _material(material: str, due: date, clause: str) -> Matter:
    to = To.MENTOR if material == Material.MENTOR_EVALUATION else To.LEARNER
    steps = _around(due, due, material, (ASKED_AHEAD.days, 7, 1), (to,))
    return Matter("material", "final_materials.deadline", clause, steps, name=kept_as(material))


# ---------------------------------------------------------------- evaluations


def signatures(
    programme: Programme, terms: Sequence[StageTerm], unsigned: Collection[tuple[int, Side]]
) -> tuple[Matter, ...]:
    """What evaluators owe: `unsigned` are the parts that are missing, by the stage's place in the
    programme; `terms` are the days that the stages have in a cohort. The same for all learners of
    a cohort who have the same parts."""
    clauses = {str(stage.stage): stage.clause for stage in programme.stages}
    return tuple(
        Matter(
            one.stage,
            "evaluation.stages",
            clauses[one.stage],
            tuple(sorted(_signing(programme, one), key=lambda saying: saying.on)),
            name=one.name,
        )
        for one in stages_due(programme, terms, unsigned)
    )


def preparations(
    programme: Programme, terms: Sequence[StageTerm], unprepared: Collection[str]
) -> tuple[Matter, ...]:
    """What learners have to prepare: `unprepared` are the stages, as records name them, at which
    they present something and have not prepared it. Without a deadline there is none."""
    found = []
    keys = evaluating.keys(programme)
    for key, stage, days in zip(keys, programme.stages, terms, strict=True):
        if stage.presentation is None or days.due is None or key not in unprepared:
            continue
        steps = tuple(
            Saying(
                days.due - DAY * ahead,
                days.due,
                days.due,
                strength,
                (To.LEARNER,),
                f"{key} {days.due} prepare {ahead} days before",
            )
            for ahead, strength in ((14, Strength.GENTLE), (3, Strength.PLAIN))
        )
        name = stage.presentation.name
        found.append(Matter(str(stage.stage), "evaluation.stages", stage.clause, steps, name=name))
    return tuple(found)


def _signing(programme: Programme, one: StageDue) -> Iterator[Saying]:
    """That it opens, that it is due, that it is late; and to the office that it is over."""
    last = one.due or _end(programme)
    period = f"{one.stage} {one.opens} opens"
    yield Saying(one.opens, one.due, last, Strength.GENTLE, one.to, period)
    if one.due is None or one.closes is None:
        return
    for saying in _around(one.due, one.closes, one.stage, (7, 1), one.to):
        if saying.strength is Strength.LATE:
            yield replace(saying, to=(*one.to, *one.later))
        elif saying.on > one.opens:
            yield replace(saying, strength=Strength.PLAIN)
    over, until = one.closes + DAY, one.closes + DAY * AFTER
    period = f"{one.stage} {one.closes} closed"
    yield Saying(over, one.due, until, Strength.IMPOSSIBLE, (To.OFFICE,), period)


def stages_due(
    programme: Programme,
    terms: Sequence[StageTerm],
    unsigned: Collection[tuple[int, Side]],
) -> Iterator[StageDue]:
    """The stages of which somebody has still to sign a part, by their place in the programme.

    `terms` are the days that the stages have in a cohort. Nobody is told that a stage opens more
    than thirty days before it is due, unless the document or the office names the day.
    """
    for number, (stage, days) in enumerate(zip(programme.stages, terms, strict=True)):
        key = str(stage.stage)
        if days.opens is None:
            continue
        for part in parts(programme, stage):
            to = SIGNERS.get(part.side)
            if part.decides and stage.independent and stage.window is not None:
                to = To.EXPERT
            if to is None or (number, part.side) not in unsigned:
                continue
            due, opens = days.due, days.opens
            if part.side is Side.TEAM and is_material(programme, part) and due is not None:
                due = min(due, handed_in_by(programme, stage)[0] or due)
            dated = stage.window is not None and stage.window.first_day == opens
            own = days == term(programme, stage)
            if due is not None and own and not dated:
                opens = max(opens, due - DAY * 30)
            later = (To.TEAM_MEMBER,) if part.side is Side.TEAM else ()
            yield StageDue(key, stage.name, opens, due, days.closes, (to,), later)


SIGNERS: Final[Mapping[Side, To]] = {Side.TEAM: To.MENTOR, Side.SCHOOL: To.SCHOOL_TEACHER}
"""Whom we remind to sign; an office decides, and signs nothing. Experts are reminded to mark until
it has, where the document says when."""


def is_material(programme: Programme, part: StagePart) -> bool:
    """Whether a part is written because the document wants the mentor's evaluation handed in."""
    return part.side not in {SIDES[who] for who in part.stage.evaluators if who in SIDES}


# ---------------------------------------------------------------- what waits for others

ESCALATION: Final = (
    (3, Strength.GENTLE, (To.MENTOR,)),
    (7, Strength.PLAIN, (To.MENTOR, To.TEAM_MEMBER)),
    (14, Strength.PLAIN, (To.UNIVERSITY,)),
    (21, Strength.PLAIN, (To.OFFICE,)),
)
"""After how many days of waiting an entry is brought before whom."""
OFFICE_DECIDES: Final = (
    (3, Strength.GENTLE, (To.OFFICE,)),
    (14, Strength.PLAIN, (To.OFFICE,)),
)
"""The same of what waits for the office's word from the beginning."""
DECIDED_BY_OFFICE: Final = frozenset({"plan"})
"""The kinds of entry for which that holds."""


def _queue(state: LearnerState, end: date) -> Iterator[Matter]:
    last = end + DAY * 60
    for one in state.waiting:
        by_office = one.kind in DECIDED_BY_OFFICE
        steps = tuple(
            Saying(
                one.since + DAY * days,
                None,
                last,
                strength,
                to,
                f"{one.entry}.{one.version} {days} days",
            )
            for days, strength, to in (OFFICE_DECIDES if by_office else ESCALATION)
        )
        name = one.kind if by_office else ""
        yield Matter("queue", QUEUE, "", steps, name=name, entry=one.entry, since=one.since)

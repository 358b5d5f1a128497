"""Counts sessions against requirements: pure functions of recorded sessions and a day.

There is no clock here. Days are Beijing days; months and cycles end at Beijing midnight.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal

from programmes.model import Programme, Requirement
from programmes.values import PLACES, Counter, Own, Per, When

SUBMITTED = "submitted"
APPROVED = "approved"


@dataclass(frozen=True)
class SessionFact:
    """A cultivation session as the rules see it.

    `status` is `submitted` (waiting for review) or `approved`; any other state (returned,
    withdrawn) counts nowhere. `start` is Beijing time, `minutes` the length, if known.
    """

    day: date
    on_campus: bool
    face_to_face: bool
    status: str
    start: time | None = None
    minutes: int | None = None

    def feeds(self, counter: Counter | Own) -> bool:
        """One visit may feed several counters."""
        if isinstance(counter, Own):
            return not counter.places or self.place in counter.places
        match counter:
            case Counter.SESSIONS | Counter.HOURS:
                return True
            case Counter.ON_CAMPUS:
                return self.on_campus
            case Counter.FACE_TO_FACE:
                return self.face_to_face

    @property
    def place(self) -> str:
        """The key of the session's place."""
        mine = (self.on_campus, self.face_to_face)
        return next(one.key for one in PLACES if (one.on_campus, one.face_to_face) == mine)


@dataclass(frozen=True)
class Tally:
    """已提交 and 已通过 are two numbers: a session is in one of them, and only approval counts.

    Hours are whole ones: of those that are there what is full, of those that are needed also what
    is begun.
    """

    submitted: int
    approved: int
    still_needed: int


@dataclass(frozen=True)
class PeriodTally(Tally):
    first: date
    last: date
    over: bool
    """The period has ended: what is missing cannot be made up."""

    @property
    def month(self) -> When:
        """The month that the period is, or begins in."""
        return _month(self.first)


@dataclass(frozen=True)
class RequirementProgress(Tally):
    """How far one requirement is met in the period that `on` falls in: the cycle, the month …"""

    requirement: Requirement
    months: tuple[PeriodTally, ...]
    """For a requirement by month, or by another period, every one of the cycle up to `on`; else
    empty."""


@dataclass(frozen=True)
class Progress:
    on: date
    requirements: tuple[RequirementProgress, ...]

    def of(self, key: str) -> RequirementProgress | None:
        return next((part for part in self.requirements if part.requirement.key == key), None)


def count(
    sessions: Iterable[SessionFact], programme: Programme, on: date, since: date | None = None
) -> Progress:
    """Progress at the end of the day `on`, by each requirement the document states.

    `since` is the day the learner joined, where that is after the cycle began: what came before
    neither counts nor is required. The month of joining is required in full.
    """
    first = max(programme.cycle.first_day, since or date.min)
    last = min(programme.cycle.last_day or date.max, on)
    within = [session for session in sessions if first <= session.day <= last]
    found = (_progress(asked, within, first, last, on) for asked in programme.requirements)
    return Progress(on, tuple(found))


def _progress(
    requirement: Requirement, within: list[SessionFact], first: date, last: date, on: date
) -> RequirementProgress:
    fed = [session for session in within if session.feeds(requirement.counts)]
    if requirement.per is Per.CYCLE:
        tally = _tally(fed, requirement)
        return RequirementProgress(*tally, requirement=requirement, months=())
    months = tuple(
        PeriodTally(
            *_tally([s for s in fed if begins <= s.day <= ends], requirement),
            first=begins,
            last=ends,
            over=ends < on,
        )
        for begins, ends in periods(requirement.per, first, last)
    )
    now = next((tally for tally in months if tally.first <= on <= tally.last), None)
    current = (now.submitted, now.approved, now.still_needed) if now else (0, 0, 0)
    return RequirementProgress(*current, requirement=requirement, months=months)


def _tally(fed: Sequence[SessionFact], requirement: Requirement) -> tuple[int, int, int]:
    size = 60 if requirement.unit == "hours" else 1
    submitted, approved = (
        sum((s.minutes or 0) if size == 60 else 1 for s in fed if s.status == status)
        for status in (SUBMITTED, APPROVED)
    )
    missing = max(0, requirement.at_least * size - approved)
    return submitted // size, approved // size, -(-missing // size)


def periods(per: Per | Own, first: date, last: date) -> Iterator[tuple[date, date]]:
    """The first and the last day of every period that any of these days is in."""
    if not isinstance(per, Own):
        yield from ((month.first_day, month.last_day) for month in _months(first, last))
        return
    years = range(first.year - 1, last.year + 2)
    starts = [date(year, month, day) for year in years for month, day in per.starts]
    for begins, following in pairwise(starts):
        ends = following - timedelta(days=1)
        if begins <= last and first <= ends:
            yield begins, ends


def _month(day: date) -> When:
    return When(day.year, day.month)


def _months(first: date, last: date) -> Iterator[When]:
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        yield When(year, month)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


@dataclass(frozen=True)
class SessionDoubt:
    """A reason to ask before a session is stored. `other` is the session that it may repeat."""

    kind: Literal["outside_cycle", "in_future", "overlaps"]
    other: SessionFact | None = None


def question_session(
    new: SessionFact, existing: Iterable[SessionFact], programme: Programme, today: date
) -> list[SessionDoubt]:
    """Doubts about a new session. They lead to a question, never to a refusal.

    `existing` are the learner's other sessions.
    """
    doubts = []
    if new.day not in programme.cycle:
        doubts.append(SessionDoubt("outside_cycle"))
    if new.day > today:
        doubts.append(SessionDoubt("in_future"))
    doubts += [SessionDoubt("overlaps", other) for other in existing if _may_be_same(new, other)]
    return doubts


def _may_be_same(new: SessionFact, other: SessionFact) -> bool:
    if other.status not in (SUBMITTED, APPROVED):
        return False
    place = (new.day, new.on_campus, new.face_to_face)
    if place != (other.day, other.on_campus, other.face_to_face):
        return False
    earlier, later = sorted((new, other), key=lambda session: session.start or time.min)
    if earlier.start is None or later.start is None:
        return True
    if earlier.start == later.start or earlier.minutes is None:
        return True
    gap = datetime.combine(new.day, later.start) - datetime.combine(new.day, earlier.start)
    return gap < timedelta(minutes=earlier.minutes)

"""What a document gives those who teach for the hours they give, and which meetings count: pure
functions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from itertools import groupby

from programmes.model import Programme
from programmes.values import Own, Party, kept_as


class Proof(StrEnum):
    """What hours are good for."""

    HOURS = "hours"
    """They are put on record."""
    VOLUNTEER = "volunteer"
    """A proof of volunteering."""
    DOCTORAL = "doctoral"
    """Hours of study, for doctoral students of a programme of their own."""
    WORKLOAD = "workload"
    """Part of one's work at a university or school."""


@dataclass(frozen=True, slots=True)
class Earned:
    """What somebody in a role is given for hours, by which fact, and who gives it."""

    proof: Proof
    path: str
    clause: str
    given_by: Party | Own | None
    """Who gives it; `None` where it is one's own employer."""
    unsure: bool
    """The document leaves open whom it means."""


def earned(programme: Programme, role: str) -> tuple[Earned, ...]:
    """What those in a role are given for their hours; empty where the document gives nothing."""
    found = []
    for proof, path in (
        (Proof.HOURS, "volunteer_hours.hours_record"),
        (Proof.VOLUNTEER, "volunteer_hours.volunteer_proof"),
        (Proof.DOCTORAL, "volunteer_hours.doctoral_credit"),
    ):
        fact = programme.fact(path)
        if fact.value is not None and role in map(kept_as, fact.value.to):
            unsure = fact.status.value == "ambiguous"
            found.append(Earned(proof, path, fact.clause, fact.value.given_by, unsure))
    work = programme.mentor.workload_recognition
    if work.value is not None and role in map(kept_as, work.value.of):
        found.append(Earned(Proof.WORKLOAD, WORKLOAD, work.clause, None, unsure=False))
    return tuple(found)


WORKLOAD = "mentor.workload_recognition"


# ---------------------------------------------------------------- which meetings count


@dataclass(frozen=True, slots=True, order=True)
class Attended:
    """One learner's approved session in which somebody who teaches took part."""

    day: date
    kind: str
    place: str
    minutes: int
    start: time | None = None


@dataclass(frozen=True, slots=True)
class CountedMeeting:
    """A meeting with one or more learners."""

    day: date
    minutes: int
    learners: int


def meetings(attended: Iterable[Attended]) -> list[CountedMeeting]:
    """The meetings of somebody who teaches, in the order of their days. An hour with three
    learners is one hour.

    Sessions of one day that overlap are one meeting. Sessions without a time of day are one
    meeting if kind and place are the same; it is as long as the longest of them. This is our own
    rule; no document states one.
    """
    found = []
    for day, of_day in groupby(sorted(attended, key=lambda one: one.day), lambda one: one.day):
        sessions = list(of_day)
        timed = sorted(_span(one) for one in sessions if one.start is not None)
        found += [
            CountedMeeting(day, last - first, count) for first, last, count in _merged(timed)
        ]
        untimed = sorted(one for one in sessions if one.start is None)
        for _, alike in groupby(untimed, lambda one: (one.kind, one.place)):
            lengths = [one.minutes for one in alike]
            found.append(CountedMeeting(day, max(lengths), len(lengths)))
    return found


def _span(one: Attended) -> tuple[int, int]:
    start = one.start or time()
    first = start.hour * 60 + start.minute
    return first, first + one.minutes


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Spans in order, those that overlap as one, with how many they were."""
    found: list[tuple[int, int, int]] = []
    for first, last in spans:
        if found and first < found[-1][1]:
            begun, ended, count = found[-1]
            found[-1] = begun, max(ended, last), count + 1
        else:
            found.append((first, last, 1))
    return found

"""Results of the tests at a programme's stages: who has which, and how they are entered.

A result is an entry of the learner's that others write (`services/records.py` keeps it): one at
each stage, and a correction is a version of it with its reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple, cast

from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day
from programmes.model import Programme
from programmes.tested import stages_with_tests
from prompts import Text, t
from services import records, roster
from services.access import allow, cohort_of, learner_at, memberships
from services.packs import found
from services.records import HandedIn, ResultBody
from services.roster import Member
from storage.tables import Membership, Record, RecordKind, RecordVersion


class ScoreEntry(NamedTuple):
    """A result as it stands."""

    record: Record
    score: str


def latest(db: Session, student_ids: Collection[int]) -> dict[tuple[int, str], ScoreEntry]:
    """The results of these learners, by learner and stage."""
    rows = db.exec(
        select(Record, RecordVersion)
        .join(
            RecordVersion,
            (col(RecordVersion.record_id) == col(Record.id))
            & (col(RecordVersion.version) == col(Record.version)),
        )
        .where(col(Record.student_id).in_(student_ids), Record.kind == RecordKind.TEST_RESULT)
        .order_by(col(Record.id))
    )
    return {
        (record.student_id, record.period): ScoreEntry(record, str(version.body["score"]))
        for record, version in rows
    }


def programme_of(db: Session, member: Membership) -> Programme | None:
    """The programme of a membership, if it has tests; else `None`."""
    programme = found(cohort_of(db, member).programme)
    return programme if programme is not None and stages_with_tests(programme) else None


def asked_of(db: Session, actor: Actor) -> bool:
    """Whether any programme of the actor has tests."""
    return any(programme_of(db, one) for one in memberships(db, actor.person_id))


def with_tests(db: Session, members: Collection[Member]) -> list[Member]:
    """Those of these members whose programme has tests."""
    return [one for one in members if programme_of(db, one.membership) is not None]


def enterable(db: Session, actor: Actor) -> list[Member]:
    """The learners whose results the actor enters, among the cohorts that run the programme of the
    latest."""
    members = with_tests(db, roster.learners_for(db, actor, "enter_result"))
    latest_place = max(members, key=lambda one: one.membership.cohort_id, default=None)
    if latest_place is None:
        return []
    chosen = programme_of(db, latest_place.membership)
    return [one for one in members if programme_of(db, one.membership) == chosen]


def to_enter(db: Session, actor: Actor, student_id: int) -> Member:
    """A learner whose results the actor enters. Raises `Refused`."""
    known = db.get(Membership, student_id, with_for_update=True)
    allow(db, actor, "enter_result", known.id if known else None, number=student_id)
    member = roster.find_member(db, student_id)
    if programme_of(db, member.membership) is None:
        raise _refused("result.not_asked", student_id)
    return member


def enter(
    db: Session, actor: Actor, student_id: int, stage: str, score: str, seen: int, why: str = ""
) -> HandedIn | None:
    """Enter a learner's result at a stage, or correct it. Returns `None` if that result stands
    there already.

    `seen` is the version that stood when the entering began, 0 for none. Raises `Refused` for
    anybody who may not enter it, for a stage without a test, and if another result was entered
    meanwhile.
    """
    member = to_enter(db, actor, student_id)
    programme = cast(Programme, programme_of(db, member.membership))
    if stage not in stages_with_tests(programme):
        raise _refused("result.not_asked", student_id)
    before, today = latest(db, [student_id]).get((student_id, stage)), beijing_day(actor.now)
    if before is None:
        body = ResultBody(score=score)
        student = learner_at(db, student_id)
        kind = RecordKind.TEST_RESULT
        return records.hand_in(db, actor, student, kind, body, day=today, period=stage)
    if before.score == score:
        return None
    if before.record.version != seen:
        raise Refused(
            t("result.changed_meanwhile", score=before.score),
            verb="enter_result",
            object="record",
            object_id=before.record.id,
        )
    body = ResultBody(score=score, why=why)
    return records.amend(db, actor, before.record.id or 0, seen, body, day=today)


def enter_each(
    db: Session, actor: Actor, stage: str, given: Iterable[tuple[int, str, int]], why: str = ""
) -> tuple[int, dict[int, Text]]:
    """Enter several results, each given as learner, score and the version that was seen. Returns
    how many were entered and, by learner, why others were not. One that is refused does not stop
    the rest."""
    done, refused = 0, dict[int, Text]()
    for student_id, score, seen in given:
        try:
            with db.begin_nested():
                done += enter(db, actor, student_id, stage, score, seen, why) is not None
        except Refused as fault:
            refused[student_id] = fault.words
    return done, refused


def _refused(key: str, student_id: int) -> Refused:
    return Refused(t(key), verb="enter_result", object="membership", object_id=student_id)

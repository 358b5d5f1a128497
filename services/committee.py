"""The experts of a committee: whom they evaluate, and what they may read while they are at
work."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final, cast

from sqlmodel import Session, col, select

from bot.talk.acting import Actor
from bot.talk.clock import beijing_day
from programmes.evaluating import Side
from programmes.materials import brought, listed
from programmes.model import Programme
from programmes.values import Material, Outcome, kept_as
from services import stages
from services.access import cohort_of, held, learner_at, may_keep
from services.packs import load
from storage.tables import (
    Evaluation,
    EvaluationState,
    File,
    Membership,
    Record,
    RecordFile,
    RecordKind,
    RecordState,
)

COUNTED: Final = (RecordState.APPROVED, RecordState.FILED)
"""States of an entry that is evidence: approved, or handed in where nobody reviews."""
WRITTEN: Final[Mapping[str, RecordKind]] = {Material.GROWTH_DIARY: RecordKind.DIARY}
"""The kinds of record for those materials in a document's list that are not brought as files."""


def is_evidence(programme: Programme, record: Record) -> bool:
    """Whether an entry counts, and the document lists it among what is handed in."""
    if record.state not in COUNTED:
        return False
    if record.kind is RecordKind.MATERIAL:
        return record.period in {kept_as(one) for one in brought(programme)}
    return record.kind in {WRITTEN[one] for one in listed(programme) if one in WRITTEN}


def is_shown_to_experts(programme: Programme, entry: Evaluation) -> bool:
    """Whether an evaluation is signed, and either recommends the learner or is the mentor's, where
    the document lists that."""
    if entry.state is not EvaluationState.SIGNED:
        return False
    by_mentor = Material.MENTOR_EVALUATION in listed(programme) and entry.side == Side.TEAM
    return by_mentor or entry.outcome == Outcome.RECOMMENDED.value


def at_work(db: Session, student_id: int, today: date) -> bool:
    """Whether experts mark this learner now. Otherwise they may read nothing: neither
    before nor after that, nor while a guardian's consent is missing."""
    place = cast(Membership, db.get(Membership, student_id))
    if place.ended_at is not None or not may_keep(db, learner_at(db, student_id), today):
        return False
    return any(
        now.stage.independent and now.takes_evaluations and not decided(db, [student_id], now.key)
        for now in stages.stages_of(db, cohort_of(db, place), today)
    )


def recommended(db: Session, students: Collection[int]) -> set[int]:
    """Those of these learners who have been recommended to experts."""
    return set(
        db.exec(
            select(Evaluation.student_id).where(
                col(Evaluation.student_id).in_(students), *RECOMMENDED
            )
        )
    )


RECOMMENDED: Final = (
    col(Evaluation.outcome) == Outcome.RECOMMENDED.value,
    col(Evaluation.state) == EvaluationState.SIGNED,
)
"""The condition that an evaluation recommends its learner to experts."""


def decided(db: Session, students: Collection[int], stage: str) -> set[int]:
    """Those of these learners about whom the office has decided at a stage."""
    return set(
        db.exec(
            select(Evaluation.student_id).where(
                col(Evaluation.student_id).in_(students),
                Evaluation.stage == stage,
                Evaluation.side == Side.OFFICE,
                Evaluation.state == EvaluationState.SIGNED,
            )
        )
    )


def file_for(db: Session, actor: Actor, file_id: int) -> File | None:
    """A file of an entry that the actor may read as an expert now. Raises `Refused` if the pack
    cannot be read."""
    shown_in = (
        select(Record)
        .join(RecordFile, col(RecordFile.record_id) == col(Record.id))
        .where(RecordFile.file_id == file_id, col(RecordFile.version) == col(Record.version))
    )
    for record in db.exec(shown_in):
        if held(db, actor.person_id, "mark", record.student_id) is None:
            continue
        programme = load(learner_at(db, record.student_id).programme)
        if is_evidence(programme, record) and at_work(
            db, record.student_id, beijing_day(actor.now)
        ):
            return db.get(File, file_id)
    return None

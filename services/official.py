"""官网填报: what the official platform asks for of an entry, and whether its learner has entered
it there.

The fields and their order are data of the pack; where a document names none, nothing is offered.
What a platform gives out is read back and held against the entries: nothing is written by it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from bot.talk.acting import Actor, Refused
from bot.talk.message import Field
from programmes.model import Programme
from programmes.values import FilledFrom, FilledKind, PlatformForm
from prompts import Text, Words, t
from services import audit, console, records
from services.access import allow, learner_at, things
from services.evaluations import Signed, outcome_label, part_of
from services.packs import kind_label, load
from services.records import Body, SessionBody
from services.roster import find_member
from storage.tables import Cohort, Membership, PlatformEntry, Record, RecordKind, RecordState

STANDING = (RecordState.SUBMITTED, RecordState.FILED, RecordState.APPROVED)
"""States of an entry that is to be on the platform as well."""


def form_of(programme: Programme, kind: str, stage: str = "") -> PlatformForm | None:
    """What the platform asks for of a kind of entry; of evaluations, at a stage."""
    forms = programme.platforms.forms.value or ()
    return next(
        (one for one in forms if one.kind == kind and (not one.stage or one.stage == stage)), None
    )


def form_for(db: Session, record: Record) -> PlatformForm | None:
    """What the platform asks for of an entry that stands; `None` if it asks for nothing."""
    if record.state not in STANDING:
        return None
    return form_of(load(learner_at(db, record.student_id).programme), record.kind.value)


# ---------------------------------------------------------------- the fields


def fields(db: Session, record: Record, body: Body) -> list[Field]:
    """The platform's fields of an entry, in its order, each to be copied; what the entry does not
    say is left empty, and told so."""
    form = form_for(db, record)
    if form is None:
        return []
    return [_field(one.name, _said(db, record, body, one.filled_from)) for one in form.fields]


def fields_of_evaluation(db: Session, one: Signed) -> list[Field]:
    """The same of a signed evaluation."""
    learner = learner_at(db, one.evaluation.student_id)
    form = form_of(load(learner.programme), FilledKind.EVALUATION, one.evaluation.stage)
    if form is None:
        return []
    said = {each.name: each.words for each in one.body.dimensions}
    found = []
    for field in form.fields:
        words: Words = ""
        match field.filled_from:
            case FilledFrom.DIMENSION:
                words = said.get(field.name, "")
            case FilledFrom.COMMENT:
                words = one.body.comment
            case FilledFrom.OUTCOME if one.body.outcome:
                words = outcome_label(part_of(db, one.evaluation), one.body.outcome)
            case FilledFrom.STUDENT:
                words = learner.name
        found.append(_field(field.name, words))
    return found


def _field(name: str, words: Words) -> Field:
    return Field(name, words or t("official.nothing"), copied=bool(words))


def _said(db: Session, record: Record, body: Body, what: FilledFrom) -> Words:
    member = find_member(db, record.student_id)
    programme = load(learner_at(db, record.student_id).programme)
    match what:
        case FilledFrom.STUDENT:
            return member.person.name
        case FilledFrom.SCHOOL:
            return member.unit_name
        case FilledFrom.SUBJECT:
            return programme.subject_name(member.membership.subject)
        case FilledFrom.MENTOR:
            names = [one.name for one in records.reviewers(db, record.student_id)]
            return t("field.list", items=names) if names else ""
        case FilledFrom.DAY:
            return record.day.isoformat()
        case FilledFrom.TEXT:
            return records.prose(body)
    return _of_session(body, what) if isinstance(body, SessionBody) else ""


def _of_session(body: SessionBody, what: FilledFrom) -> Words:
    match what:
        case FilledFrom.TIME:
            if body.start:
                return f"{body.start:%H:%M}"
            return t(f"part.{body.part}") if body.part else ""
        case FilledFrom.HOURS:
            return f"{body.minutes / 60:.2f}".rstrip("0").rstrip(".")
        case FilledFrom.MINUTES:
            return str(body.minutes)
        case FilledFrom.PLACE:
            return t(f"place.{body.place}")
        case FilledFrom.ACTIVITY:
            return kind_label(body.kind)
        case FilledFrom.PEOPLE:
            return t("field.list", items=list(body.people)) if body.people else ""
    return ""


# ---------------------------------------------------------------- ticked by the learner


def entered(db: Session, record: Record) -> PlatformEntry | None:
    """That an entry is on the platform, as its learner said."""
    return db.get(PlatformEntry, record.id)


def to_tick(db: Session, actor: Actor, record_id: int) -> Record:
    """One's own entry of which the platform asks for something. Raises `Refused`."""
    record = db.get(Record, record_id)
    whose = None if record is None else record.student_id
    allow(db, actor, "enter_on_platform", whose, number=record_id)
    record = cast(Record, record)
    if form_for(db, record) is None:
        words = t("official.not_asked")
        raise Refused(words, verb="enter_on_platform", object="record", object_id=record_id)
    return record


def tick(db: Session, actor: Actor, record_id: int, *, on: bool) -> Record:
    """Note that an entry has been entered on the platform, or that it has not. Done twice, it
    changes nothing. Raises `Refused`."""
    record = to_tick(db, actor, record_id)
    row = entered(db, record)
    if on and (row is None or row.version != record.version):
        row = row or PlatformEntry(record_id=record_id, version=record.version, at=actor.now)
        row.version, row.at = record.version, actor.now
        db.add(row)
        audit.note(db, actor, "enter_on_platform", "record", record_id, record.version)
    elif not on and row is not None:
        db.delete(row)
        audit.note(db, actor, "enter_on_platform", "record", record_id, undone=True)
    db.flush()
    return record


@dataclass(frozen=True, slots=True)
class OnPlatform:
    """How many of the entries that belong on the platform are there, as their learners said."""

    entered: int
    of: int


def counted(
    db: Session, programme: Programme, learners: Collection[int] | sa.Select[Any]
) -> dict[RecordKind, OnPlatform]:
    """By kind of entry that the platform asks for, how many of these learners' are on it."""
    kinds = [RecordKind(one) for one in RecordKind if form_of(programme, one.value)]
    theirs = (
        sa.select(col(Record.kind), sa.func.count(col(PlatformEntry.record_id)), sa.func.count())
        .outerjoin(PlatformEntry, col(PlatformEntry.record_id) == col(Record.id))
        .where(
            col(Record.student_id).in_(learners),
            col(Record.kind).in_(kinds),
            col(Record.state).in_(STANDING),
        )
        .group_by(col(Record.kind))
    )
    rows = db.connection().execute(theirs).all() if kinds else ()
    return {RecordKind(kind): OnPlatform(entered, of) for kind, entered, of in rows}


def totals(db: Session, cohort: Cohort, reader: int) -> list[Text]:
    """One sentence for each kind that the platform asks for: how many entries of a cohort's
    learners are on it and how many are left, as far as somebody may read them."""
    learners = sa.select(col(Membership.id)).where(*console.readable(cohort, reader))
    return [
        t(
            "official.total",
            what=t(f"watch.matter.{kind}"),
            entered=one.entered,
            left=one.of - one.entered,
        )
        for kind, one in sorted(counted(db, load(cohort.programme), learners).items())
    ]


def left(db: Session, actor: Actor) -> list[tuple[Record, Body]]:
    """One's own entries that belong on the platform and are not there as they are now, the newest
    first."""
    found = (
        select(Record)
        .outerjoin(PlatformEntry, col(PlatformEntry.record_id) == col(Record.id))
        .where(
            col(Record.student_id).in_(things("enter_on_platform", actor.person_id)),
            col(Record.state).in_(STANDING),
            or_(
                col(PlatformEntry.record_id).is_(None),
                col(PlatformEntry.version) != col(Record.version),
            ),
        )
        .order_by(col(Record.day).desc(), col(Record.id).desc())
    )
    rows = [one for one in db.exec(found) if form_for(db, one) is not None]
    return [(one, records.body_at(db, one)) for one in rows]


def copied(db: Session, places: Sequence[int]) -> list[dict[str, object]]:
    """The ticks of these learners, for a copy of a person's data."""
    theirs = select(Record.id).where(col(Record.student_id).in_(places))
    rows = select(PlatformEntry).where(col(PlatformEntry.record_id).in_(theirs))
    return [row.model_dump(mode="json") for row in db.exec(rows)]

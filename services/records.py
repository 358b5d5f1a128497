"""What happens to an entry: handed in, changed, withdrawn, sent back, approved.

Every act asks the database who may do it, holds for one version of the entry, and leaves an audit
row. Done twice, it changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final, Literal, NamedTuple, cast

from pydantic import BaseModel, ConfigDict
from sqlalchemy import bindparam, insert
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.inputs import length
from bot.talk.message import Choice, Field, Item, Message, press
from programmes.values import PLACES, Place
from prompts import Brief, Text, t
from services import audit, notices
from services.access import (
    REVIEWERS,
    Grant,
    LearnerPlace,
    allow,
    any_of,
    held,
    learner_at,
    student_of,
    things,
)
from services.notices import Condition
from services.packs import kind_label, load, stage_label
from services.rights import RIGHTS
from storage.statements import Prepared
from storage.tables import (
    File,
    Membership,
    Mentoring,
    Opening,
    Person,
    Record,
    RecordFile,
    RecordKind,
    RecordState,
    RecordVersion,
    Review,
    Role,
    table,
)


class Kept(BaseModel):
    """A file of which we have our own copy."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    size: int
    media_type: str
    name: str


class SessionBody(BaseModel):
    """What a cultivation session's entry says."""

    model_config = ConfigDict(frozen=True)

    day: date
    start: time | None = None
    part: Literal["morning", "noon", "afternoon", "evening"] | None = None
    minutes: int
    place: str
    kind: str
    people: tuple[str, ...]
    what: str
    files: tuple[Kept, ...] = ()


class WritingBody(BaseModel):
    """What a growth diary or a meeting record says."""

    model_config = ConfigDict(frozen=True)

    parts: tuple[str, ...]
    files: tuple[Kept, ...] = ()


Body = SessionBody | WritingBody

PLACE_BY_KEY: dict[str, Place] = {place.key: place for place in PLACES}

SETTLED = (RecordState.APPROVED,)
"""States in which an entry can no longer be changed by its student."""


def body_of(kind: RecordKind, body: dict[str, Any]) -> Body:
    return (SessionBody if kind is RecordKind.SESSION else WritingBody).model_validate(body)


# ---------------------------------------------------------------- the student's acts


class HandedIn(NamedTuple):
    """An entry as it was just handed in."""

    id: int
    kind: RecordKind
    period: str
    day: date
    state: RecordState
    version: int
    submitted_at: datetime


def hand_in(
    db: Session,
    actor: Actor,
    student: LearnerPlace,
    kind: RecordKind,
    body: Body,
    *,
    day: date,
    about_id: int | None = None,
    period: str = "",
) -> HandedIn:
    """Hand in a new entry. Raises `Refused` if the student may not, or not any more."""
    allow(db, actor, "hand_in", student)
    state = _first_state(student, kind)
    [(record_id,)] = _insert_record.all(
        db,
        kind=kind,
        student_id=student.id,
        about_id=about_id,
        period=period,
        day=day,
        state=state,
        created_at=actor.now,
        submitted_at=actor.now,
    )
    entry = HandedIn(record_id, kind, period, day, state, 1, actor.now)
    _handed_in(db, actor, entry, body, student, "hand_in")
    return entry


_insert_record = Prepared(
    insert(table(Record)).values(version=1).returning(table(Record).c.id),
    *("kind", "student_id", "about_id", "period", "day", "state", "created_at", "submitted_at"),
)


def amend(
    db: Session, actor: Actor, record_id: int, version: int, body: Body, *, day: date
) -> HandedIn:
    """Hand in a changed version. Raises `Refused` once it is approved, or changed elsewhere."""
    record, _ = allowed(db, actor, record_id, "amend")
    student = learner_at(db, record.student_id)
    if record.state in SETTLED:
        raise _refuse("record.locked", "amend", record)
    if record.version != version:
        raise _refuse("record.changed_meanwhile", "amend", record)
    record.version += 1
    record.day = day
    record.state = _first_state(student, record.kind)
    record.submitted_at = actor.now
    record.decided_at = None
    db.add(record)
    entry = HandedIn(
        record_id, record.kind, record.period, day, record.state, record.version, actor.now
    )
    _handed_in(db, actor, entry, body, student, "amend")
    return entry


def _handed_in(
    db: Session, actor: Actor, entry: HandedIn, body: Body, student: LearnerPlace, verb: str
) -> None:
    """What follows whenever an entry is handed in, for the first time or changed."""
    _write_version(db, actor, entry, body)
    audit.note(db, actor, verb, "record", entry.id, entry.version)
    if entry.state is RecordState.SUBMITTED:
        card = review_card(entry, body, student.name)
        for reviewer in reviewers(db, student.id):
            key = f"review:{entry.id}:{entry.version}"
            waits = {"record": entry.id, "version": entry.version, "person": reviewer.person_id}
            condition = Condition("waits_for_review", waits)
            notices.tell(db, actor, reviewer.person_id, card, key, condition=condition)


def waits_for_review(db: Session, args: Mapping[str, Any]) -> bool:
    """Whether a version of an entry still waits, and still for this person."""
    return _waits_for.first(db, **args) is not None


_waits_for = Prepared(
    select(Record.id)
    .join(Mentoring, col(Mentoring.student_id) == col(Record.student_id))
    .join(Membership, col(Membership.id) == col(Mentoring.mentor_id))
    .where(
        col(Record.id) == bindparam("record"),
        col(Record.version) == bindparam("version"),
        col(Record.state) == RecordState.SUBMITTED,
        col(Membership.person_id) == bindparam("person"),
        col(Mentoring.ended_at).is_(None),
        col(Membership.ended_at).is_(None),
        col(Membership.role).in_(REVIEWERS),
    )
    .limit(1)
)


def withdraw(db: Session, actor: Actor, record_id: int, version: int) -> Record:
    """Take an entry back; it can be handed in again. Raises `Refused` once it is approved."""
    record, _ = allowed(db, actor, record_id, "withdraw")
    if record.state is RecordState.WITHDRAWN:
        return record
    if record.state in SETTLED:
        raise _refuse("record.locked", "withdraw", record)
    if record.version != version:
        raise _refuse("record.changed_meanwhile", "withdraw", record)
    record.state = RecordState.WITHDRAWN
    db.add(record)
    db.flush()
    audit.note(db, actor, "withdraw", "record", record.id, record.version)
    return record


# ---------------------------------------------------------------- the reviewer's acts


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a review: done now, or what somebody had done already."""

    record: Record
    done: bool
    review: Review | None = None
    """The review that stands for this version, whoever made it."""


def review(
    db: Session, actor: Actor, record_id: int, version: int, *, approve: bool, reason: str = ""
) -> Verdict:
    """Approve one version, or send it back with a reason.

    Somebody else's, or one's own earlier, word stands: then nothing changes and it is given back.
    Raises `Refused` for who may not review it.
    """
    verb = "approve" if approve else "return"
    record, reviewer = allowed(db, actor, record_id, verb)
    if record.version != version or record.state is not RecordState.SUBMITTED:
        return standing(db, record, version)
    word = Review(
        record_id=record_id,
        version=version,
        approved=approve,
        reason=reason,
        reviewer_id=cast(int, reviewer.place),
        at=actor.now,
    )
    db.add(word)
    record.state = RecordState.APPROVED if approve else RecordState.RETURNED
    record.decided_at = actor.now
    db.add(record)
    audit.note(db, actor, verb, "record", record_id, version)
    _tell_student(db, actor, record, word)
    return Verdict(record, done=True, review=word)


def standing(db: Session, record: Record, version: int) -> Verdict:
    """The word that stands on a version, without a new one."""
    return Verdict(record, done=False, review=db.get(Review, (record.id, version)))


def open_whole(db: Session, actor: Actor, record_id: int) -> Record:
    """Note that the actor has seen all of the entry as it stands. Raises `Refused`."""
    record, _ = allowed(db, actor, record_id, "open")
    key = (record_id, record.version, actor.person_id)
    if db.get(Opening, key) is None:
        db.add(Opening(record_id=key[0], version=key[1], person_id=key[2], at=actor.now))
        db.flush()
    return record


# ---------------------------------------------------------------- reading


def allowed(db: Session, actor: Actor, record_id: int, act: str) -> tuple[Record, Grant]:
    """A record to which the actor may do an act now, and why. Raises `Refused`."""
    record = db.get(Record, record_id, with_for_update=True)
    learner = None if record is None else record.student_id
    grant = allow(db, actor, act, learner, number=record_id)
    return cast(Record, record), grant


def may(db: Session, actor: Actor, record: Record, act: str) -> bool:
    """Whether the actor has a relation that allows an act to a record."""
    return held(db, actor.person_id, act, record.student_id) is not None


def to_edit(db: Session, actor: Actor, record_id: int) -> Record:
    """An own record, to be opened for a change. Raises `Refused`, also once it is approved."""
    record, _ = allowed(db, actor, record_id, "edit")
    if record.state in SETTLED:
        raise _refuse("record.locked", "edit", record)
    return record


def own_session(db: Session, actor: Actor, record_id: int, member_id: int) -> Record:
    """An own session of that place, to write about. Raises `Refused`."""
    record = db.get(Record, record_id)
    mine = record is not None and record.student_id == member_id
    allow(db, actor, "hand_in", member_id if mine else None, number=record_id)
    return cast(Record, record)


def about(db: Session, record: Record) -> Record | None:
    """The session that a diary describes. Both have the same readers."""
    return None if record.about_id is None else db.get(Record, record.about_id)


def file_of(db: Session, actor: Actor, file_id: int) -> File:
    """A file that an entry shows which the actor may read now. Raises `Refused`."""
    shown_to_them = (
        select(File)
        .join(RecordFile, col(RecordFile.file_id) == col(File.id))
        .join(Record, col(Record.id) == col(RecordFile.record_id))
        .where(
            col(File.id) == file_id,
            col(Record.student_id).in_(things("read_file", actor.person_id)),
        )
    )
    file = db.exec(shown_to_them).first()
    if file is None:
        right = RIGHTS["read_file"]
        raise Refused(t(right.refused), verb=right.act, object=right.object, object_id=file_id)
    return file


def body_at(db: Session, record: Record, version: int | None = None) -> Body:
    """What an entry says, or said in an earlier version."""
    row = db.get(RecordVersion, (record.id, version or record.version))
    if row is None:
        raise Refused(t("record.gone"), verb="read", object="record", object_id=record.id)
    return body_of(record.kind, row.body)


def files_at(db: Session, record: Record, version: int | None = None) -> tuple[int, ...]:
    """The stored files that a version shows, by id."""
    rows = db.exec(
        select(RecordFile.file_id)
        .where(RecordFile.record_id == record.id)
        .where(RecordFile.version == (version or record.version))
        .order_by(col(RecordFile.file_id))
    )
    return tuple(rows)


def entries(
    db: Session, student_id: int, kind: RecordKind | None = None
) -> list[tuple[Record, Body]]:
    """A student's entries with what they say now, the latest first."""
    found = db.exec(_entries, params={"student": student_id, "kinds": [kind] if kind else ALL})
    return [(record, body_of(record.kind, row.body)) for record, row in found]


def sessions(db: Session, student_id: int) -> list[tuple[int, SessionBody]]:
    """A student's sessions that stand, by the record's id, the latest first."""
    found = _sessions.all(db, student=student_id)
    return [(record_id, SessionBody.model_validate(body)) for record_id, body in found]


ALL: Final = tuple(RecordKind)
_entries = (
    select(Record, RecordVersion)
    .join(
        RecordVersion,
        (col(RecordVersion.record_id) == col(Record.id))
        & (col(RecordVersion.version) == col(Record.version)),
    )
    .where(
        col(Record.student_id) == bindparam("student"),
        col(Record.kind).in_(bindparam("kinds", expanding=True)),
    )
    .order_by(col(Record.day).desc(), col(Record.id).desc())
)


_sessions = Prepared(
    select(col(Record.id), col(RecordVersion.body))
    .join(
        RecordVersion,
        (col(RecordVersion.record_id) == col(Record.id))
        & (col(RecordVersion.version) == col(Record.version)),
    )
    .where(
        col(Record.student_id) == bindparam("student"),
        col(Record.kind) == RecordKind.SESSION,
        col(Record.state) != RecordState.WITHDRAWN,
    )
    .order_by(col(Record.day).desc(), col(Record.id).desc())
)


def has_diary(db: Session, session_id: int) -> bool:
    """Whether a session's diary stands."""
    return _diary_of.first(db, session=session_id) is not None


_diary_of = Prepared(
    select(Record.id).where(
        col(Record.about_id) == bindparam("session"),
        Record.kind == RecordKind.DIARY,
        Record.state != RecordState.WITHDRAWN,
    )
)


def waiting_for(db: Session, actor: Actor) -> list[tuple[Record, Body, str]]:
    """Every entry that waits for whoever acts, with its student's name, oldest first.

    Raises `Refused` for who reviews nobody.
    """
    any_of(db, actor, "queue")
    rows = db.exec(
        select(Record, RecordVersion, Person.name)
        .join(
            RecordVersion,
            (col(RecordVersion.record_id) == col(Record.id))
            & (col(RecordVersion.version) == col(Record.version)),
        )
        .join(Membership, col(Membership.id) == col(Record.student_id))
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(
            Record.state == RecordState.SUBMITTED,
            col(Record.student_id).in_(things("approve", actor.person_id)),
        )
        .order_by(col(Record.submitted_at), col(Record.id))
    )
    return [(record, body_of(record.kind, version.body), name) for record, version, name in rows]


def opened(db: Session, actor: Actor, record: Record) -> bool:
    """Whether whoever acts has seen the whole of an entry as it stands."""
    return db.get(Opening, (record.id, record.version, actor.person_id)) is not None


def written_at(db: Session, record: Record, version: int) -> datetime:
    """When a version was handed in."""
    return cast(RecordVersion, db.get(RecordVersion, (record.id, version))).at


def owner(db: Session, record: Record) -> Person:
    """Whose record it is."""
    return cast(Person, db.get(Person, student_of(db, record).person_id))


def reviewer_name(db: Session, word: Review) -> str:
    """Who gave it."""
    reviewer = cast(Membership, db.get(Membership, word.reviewer_id))
    return cast(Person, db.get(Person, reviewer.person_id)).name


def reviews(db: Session, record: Record) -> list[tuple[Review, str]]:
    """Every word on an entry, with who gave it, oldest first."""
    rows = db.exec(
        select(Review, Person.name)
        .join(Membership, col(Membership.id) == col(Review.reviewer_id))
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(Review.record_id == record.id)
        .order_by(col(Review.version))
    )
    return list(rows)


# ---------------------------------------------------------------- how an entry is told


def title(record: Record | HandedIn, body: Body, *, brief: bool = False) -> Text:
    """One line that names an entry, with as little of it as may be; `brief` for a button."""
    if isinstance(body, SessionBody):
        if brief:
            return t(
                "record.session_brief",
                day=Brief(body.day),
                kind=kind_label(body.kind),
                length=length(body.minutes),
            )
        return t(
            "record.session_line",
            day=body.day,
            place=t(f"place.{body.place}"),
            kind=kind_label(body.kind),
            length=length(body.minutes),
        )
    if record.period:
        return t(f"record.{record.kind}_stage_line", stage=stage_label(record.period))
    return t(f"record.{record.kind}_line", day=Brief(record.day) if brief else record.day)


def review_card(record: Record | HandedIn, body: Body, student: str) -> Message:
    """An entry put before a reviewer: least data, everything else a press away."""
    return Message(
        rows=(
            (
                Choice(
                    press("approve", record.id or 0, record.version),
                    t("review.approve"),
                    decides=True,
                    weight="primary",
                ),
                Choice(
                    press("return", record.id or 0, record.version),
                    t("review.return"),
                    weight="danger",
                ),
            ),
            (Choice(press("whole", record.id or 0), t("review.whole")),),
        ),
        kind="card",
        card=f"record:{record.id}",
        title=t("review.card", student=student),
        fields=(
            Field(t("field.record"), title(record, body)),
            Field(t("field.since"), t("field.moment", at=record.submitted_at)),
        ),
    )


# ---------------------------------------------------------------- inside


def _refuse(key: str, verb: str, record: Record) -> Refused:
    return Refused(t(key), verb=verb, object="record", object_id=record.id)


def _first_state(student: LearnerPlace, kind: RecordKind) -> RecordState:
    """Waiting for review, or simply filed where no rule names a reviewer.

    Sessions are approved by the mentor or a team member in every programme: that is how this
    record-keeping works, not a clause. What else is reviewed, the programme says.
    """
    if kind is RecordKind.SESSION:
        return RecordState.SUBMITTED
    programme = load(student.programme)
    for asked in programme.records:
        if asked.kind.value == kind.value and asked.reviewed_by is not None:
            return RecordState.SUBMITTED
    return RecordState.FILED


def _write_version(db: Session, actor: Actor, entry: HandedIn, body: Body) -> None:
    _insert_version.run(
        db,
        record_id=entry.id,
        version=entry.version,
        body=body.model_dump(mode="json"),
        written_by=actor.person_id,
        at=actor.now,
    )
    # One photo sent twice under two names is one file.
    for file_id in dict.fromkeys(_file_id(db, actor, kept) for kept in body.files):
        db.add(RecordFile(record_id=entry.id, version=entry.version, file_id=file_id))
        db.flush()


_insert_version = Prepared(
    insert(table(RecordVersion)).inline(), *("record_id", "version", "body", "written_by", "at")
)


def _file_id(db: Session, actor: Actor, kept: Kept) -> int:
    here = db.exec(
        select(File).where(File.sha256 == kept.sha256, File.owner_id == actor.person_id)
    ).first()
    if here is None:
        here = File(owner_id=actor.person_id, created_at=actor.now, **kept.model_dump())
        db.add(here)
        db.flush()
    return cast(int, here.id)


class Reviewer(NamedTuple):
    """Somebody who cultivates a student."""

    member_id: int
    role: Role
    person_id: int
    name: str


def reviewers(db: Session, student_id: int) -> Sequence[Reviewer]:
    """Those who cultivate a student now: the mentor first, then the team."""
    found = [Reviewer(*row) for row in _reviewers.all(db, student=student_id)]
    return sorted(found, key=lambda one: (REVIEWERS.index(one.role), one.member_id))


_reviewers = Prepared(
    select(Membership.id, Membership.role, Person.id, Person.name)
    .join(Mentoring, col(Mentoring.mentor_id) == col(Membership.id))
    .join(Person, col(Person.id) == col(Membership.person_id))
    .where(
        col(Mentoring.student_id) == bindparam("student"),
        col(Mentoring.ended_at).is_(None),
        col(Membership.ended_at).is_(None),
        col(Membership.role).in_(REVIEWERS),
    )
)


def _tell_student(db: Session, actor: Actor, record: Record, word: Review) -> None:
    student = student_of(db, record)
    line = title(record, body_at(db, record))
    reviewer = cast(Person, db.get(Person, actor.person_id)).name
    if word.approved:
        message = Message(
            title=t("review.told_approved", reviewer=reviewer),
            items=(Item(line, state=t("state.approved"), tone="good"),),
        )
    else:
        message = Message(
            rows=(
                (
                    Choice(press("edit", record.id or 0), t("record.mend"), weight="primary"),
                    Choice(press("record", record.id or 0), t("record.open")),
                ),
            ),
            title=t("review.told_returned", reviewer=reviewer),
            fields=(Field(t("field.record"), line), Field(t("field.reason"), word.reason)),
            note=t("review.mend"),
        )
    key = f"verdict:{record.id}:{word.version}"
    notices.tell(db, actor, student.person_id, message, key)

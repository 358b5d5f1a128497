"""The acts on an entry: hand in, amend, withdraw, return, approve.

Every act checks the right in the database, applies to one version of the entry, and leaves an
audit row. Repeating an act changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, Final, Literal, NamedTuple, cast

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, bindparam, insert
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.inputs import length
from bot.talk.message import Choice, Field, Item, Message, press
from programmes.planning import needs_approval
from programmes.values import PLACES, Place
from prompts import Brief, Text, Words, t
from services import audit, committee, delegates, looking, notices
from services.access import (
    LEARNERS,
    REVIEWERS,
    WHOEVER,
    Grant,
    LearnerPlace,
    allow,
    any_of,
    held,
    holders,
    learner,
    learner_at,
    student_of,
    things,
)
from services.notices import Condition
from services.packs import kind_label, load, material_label, stage_label
from services.rights import RIGHTS
from storage.statements import Prepared
from storage.tables import (
    Audit,
    Bulletin,
    BulletinFile,
    BulletinRecipient,
    Certificate,
    File,
    Membership,
    Mentoring,
    Opening,
    Person,
    RecipientState,
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
    """A file of which we keep a copy."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    size: int
    media_type: str
    name: str


class SessionBody(BaseModel):
    """The body of a cultivation session's record."""

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
    """The body of a growth diary or a meeting record."""

    model_config = ConfigDict(frozen=True)

    parts: tuple[str, ...]
    files: tuple[Kept, ...] = ()


OTHER: Final = "other"
"""A form of the writing's own, where the document's list of forms ends with 等."""


class MaterialBody(BaseModel):
    """The body of a material's record: files, with what they are."""

    model_config = ConfigDict(frozen=True)

    form: str = ""
    """Which form it has, where the document names several."""
    title: str
    abstract: str
    files: tuple[Kept, ...] = ()


class PresentedPart(BaseModel):
    """What is said about one thing that is to be spoken about."""

    model_config = ConfigDict(frozen=True)

    key: str
    words: str


class PresentationBody(BaseModel):
    """The body of a presentation's record: what the student means to say."""

    model_config = ConfigDict(frozen=True)

    parts: tuple[PresentedPart, ...]
    files: tuple[Kept, ...] = ()


class PlanBody(BaseModel):
    """The body of a training plan's record."""

    model_config = ConfigDict(frozen=True)

    grounds: str
    """The student's interest and standing, on which the documents want a plan to rest."""
    aims: str
    steps: str
    readings: str = ""
    files: tuple[Kept, ...] = ()


class ResultBody(BaseModel):
    """The body of a test result's record."""

    model_config = ConfigDict(frozen=True)

    score: str
    """In plain figures, such as 85 or 85.5."""
    why: str = ""
    """Why an earlier version was corrected."""
    files: tuple[Kept, ...] = ()


Body = SessionBody | WritingBody | MaterialBody | PresentationBody | PlanBody | ResultBody
Entries = Sequence[tuple[Record, Body]]
"""Records, each with the body of its latest version."""

PLACE_BY_KEY: dict[str, Place] = {place.key: place for place in PLACES}

BEGUN_BY: Final = {
    RecordKind.SESSION: "session",
    RecordKind.DIARY: "writing",
    RecordKind.MEETING_RECORD: "meeting",
    RecordKind.MATERIAL: "material",
    RecordKind.PRESENTATION: "presentation",
}
"""The command by which a learner begins an entry of each kind."""

SETTLED = (RecordState.APPROVED,)
"""States in which the student can no longer change an entry."""

OF_OTHERS: Final[Mapping[RecordKind, Mapping[str, str]]] = {
    RecordKind.PLAN: {
        **dict.fromkeys(("hand_in", "edit", "amend"), "write_plan"),
        **dict.fromkeys(("approve", "return"), "decide_plan"),
        "withdraw": "",
    },
    RecordKind.TEST_RESULT: {
        **dict.fromkeys(("hand_in", "edit", "amend"), "enter_result"),
        **dict.fromkeys(("approve", "return", "withdraw"), ""),
    },
}
"""The kinds of entry that others write about a learner, each with the right that each act needs.
Nobody may do an act that has no right here. An approved entry may be written anew, and then needs
approval anew."""


def right_of(kind: RecordKind, act: str) -> str:
    """The right that an act on an entry of this kind needs; empty if nobody has it."""
    return OF_OTHERS.get(kind, {}).get(act, act)


def is_settled(record: Record) -> bool:
    """Whether an entry can no longer be changed."""
    return record.state in SETTLED and record.kind not in OF_OTHERS


def body_of(kind: RecordKind, body: dict[str, Any]) -> Body:
    return BODIES.get(kind, WritingBody).model_validate(body)


BODIES: Final[Mapping[RecordKind, type[Body]]] = {
    RecordKind.SESSION: SessionBody,
    RecordKind.MATERIAL: MaterialBody,
    RecordKind.PRESENTATION: PresentationBody,
    RecordKind.PLAN: PlanBody,
    RecordKind.TEST_RESULT: ResultBody,
}
"""The class of the body, for each kind of entry that is more than words (`WritingBody`)."""


# ---------------------------------------------------------------- the writer's acts


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
    """Hand in a new entry. Raises `Refused` if the actor may not, or not any more."""
    allow(db, actor, right_of(kind, "hand_in"), student)
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
    if is_settled(record):
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
    """What happens whenever an entry is handed in, for the first time or changed."""
    _write_version(db, actor, entry, body)
    audit.note(db, actor, verb, "record", entry.id, entry.version)
    if entry.state is RecordState.SUBMITTED:
        files = files_at(db, entry.id, entry.version) if body.files else ()
        card = review_card(entry, body, student.name, files, sent_back_for(db, entry))
        for person_id in decide_about(db, entry.kind, student.id):
            if person_id == actor.person_id:
                continue
            key = f"review:{entry.id}:{entry.version}"
            waits = {"record": entry.id, "version": entry.version, "person": person_id}
            condition = Condition("waits_for_review", waits)
            notices.tell(db, actor, person_id, card, key, condition=condition)
    elif entry.kind in OF_OTHERS:
        _tell_learner(db, actor, entry, student)


def decide_about(db: Session, kind: RecordKind, student_id: int) -> list[int]:
    """The people whose decision an entry of this kind waits for."""
    if kind in OF_OTHERS:
        found = holders(db, right_of(kind, "approve"), student_id)
        return list(dict.fromkeys(grant.person for grant in found))
    return [one.person_id for one in reviewers(db, student_id)]


def sent_back_for(db: Session, entry: HandedIn) -> str:
    """Why the version before this one was sent back; empty if it was not."""
    if entry.version == 1:
        return ""
    before = db.get(Review, (entry.id, entry.version - 1))
    return before.reason if before is not None and not before.approved else ""


def waits_for_review(db: Session, args: Mapping[str, Any]) -> bool:
    """Whether a version still waits for review by this person."""
    if _waits_for.first(db, **args) is not None:
        return True
    record = db.get(Record, args["record"])
    return (
        record is not None
        and record.kind in OF_OTHERS
        and (record.version, record.state) == (args["version"], RecordState.SUBMITTED)
        and held(db, args["person"], right_of(record.kind, "approve"), record.student_id)
        is not None
    )


_waits_for = Prepared(
    select(Record.id)
    .join(Mentoring, col(Mentoring.student_id) == col(Record.student_id))
    .join(Membership, col(Membership.id) == col(Mentoring.mentor_id))
    .where(
        col(Record.id) == bindparam("record"),
        col(Record.version) == bindparam("version"),
        col(Record.state) == RecordState.SUBMITTED,
        col(Record.kind).not_in([*OF_OTHERS]),
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
        raise _refuse("record.newer", "withdraw", record)
    record.state = RecordState.WITHDRAWN
    db.add(record)
    db.flush()
    audit.note(db, actor, "withdraw", "record", record.id, record.version)
    return record


def withdrawn_at(db: Session, record: Record) -> datetime:
    """When an entry was withdrawn last."""
    when = (
        select(Audit.at)
        .where(
            Audit.object == "record",
            Audit.object_id == record.id,
            Audit.verb == "withdraw",
            Audit.refused == "",
        )
        .order_by(col(Audit.id).desc())
    )
    return db.exec(when).first() or record.submitted_at


def is_shut(db: Session, actor: Actor, record: Record) -> bool:
    """Whether those who look after a learner may no longer read an entry, because the learner has
    withdrawn it. The learner and the guardians still may."""
    if record.state is not RecordState.WITHDRAWN:
        return False
    grant = held(db, actor.person_id, "read", record.student_id)
    return grant is None or grant.relation not in looking.NOT_STAFF


# ---------------------------------------------------------------- the reviewer's acts


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """The result of a review: done now, or already done by someone."""

    record: Record
    done: bool
    review: Review | None = None
    """The review of this version, by whoever made it; `None` if the entry has moved on."""


def review(
    db: Session, actor: Actor, record_id: int, version: int, *, approve: bool, reason: str = ""
) -> ReviewResult:
    """Approve one version, or return it with a reason.

    If the version was reviewed already, by anyone, that review stands and is returned. Raises
    `Refused` for a person who may not review it.
    """
    verb = "approve" if approve else "return"
    record, reviewer = allowed(db, actor, record_id, verb)
    if record.version != version or record.state is not RecordState.SUBMITTED:
        return existing_review(db, record, version)
    if record.kind in OF_OTHERS and written_by(db, record, version) == actor.person_id:
        raise _refuse("plan.not_ones_own", verb, record)
    stood_in_for = delegates.standing_in(db, reviewer.place, record.student_id, actor.now)
    word = Review(
        record_id=record_id,
        version=version,
        approved=approve,
        reason=reason,
        reviewer_id=cast(int, reviewer.place),
        stood_in_for=stood_in_for,
        at=actor.now,
    )
    db.add(word)
    record.state = RecordState.APPROVED if approve else RecordState.RETURNED
    record.decided_at = actor.now
    db.add(record)
    audit.note(db, actor, verb, "record", record_id, version)
    _tell_writer(db, actor, record, word)
    return ReviewResult(record, done=True, review=word)


def existing_review(db: Session, record: Record, version: int) -> ReviewResult:
    """The review that a version already has, without making a new one."""
    return ReviewResult(record, done=False, review=db.get(Review, (record.id, version)))


def open_whole(db: Session, actor: Actor, record_id: int) -> Record:
    """Note that the actor has read the whole entry as it stands. Raises `Refused`."""
    record, grant = allowed(db, actor, record_id, "open")
    looking.note(db, actor, grant.relation, "record", record_id, [record.student_id])
    key = (record_id, record.version, actor.person_id)
    if db.get(Opening, key) is None:
        db.add(Opening(record_id=key[0], version=key[1], person_id=key[2], at=actor.now))
        db.flush()
    return record


# ---------------------------------------------------------------- reading


def allowed(db: Session, actor: Actor, record_id: int, act: str) -> tuple[Record, Grant]:
    """A record to which the actor may do an act now, with the grant. Raises `Refused`."""
    record = db.get(Record, record_id, with_for_update=True)
    needed = act if record is None else right_of(record.kind, act)
    student = None if record is None or not needed else record.student_id
    grant = allow(db, actor, needed or act, student, number=record_id)
    return cast(Record, record), grant


def read(db: Session, actor: Actor, record_id: int) -> tuple[Record, Grant]:
    """An entry that the actor opens, with the grant; staff leave a trace. Raises `Refused`."""
    record, grant = allowed(db, actor, record_id, "read")
    looking.note(db, actor, grant.relation, "record", record_id, [record.student_id])
    return record, grant


def may(db: Session, actor: Actor, record: Record, act: str) -> bool:
    """Whether the actor has a relation that allows an act to a record."""
    needed = right_of(record.kind, act)
    return bool(needed) and held(db, actor.person_id, needed, record.student_id) is not None


def to_edit(db: Session, actor: Actor, record_id: int) -> Record:
    """One of the actor's own records, to be changed. Raises `Refused`; also once approved."""
    record, _ = allowed(db, actor, record_id, "edit")
    if is_settled(record):
        raise _refuse("record.locked", "edit", record)
    return record


def own_session(db: Session, actor: Actor, record_id: int, member_id: int) -> Record:
    """A session of this membership, the actor's own, to write about. Raises `Refused`."""
    record = db.get(Record, record_id)
    mine = record is not None and record.student_id == member_id
    allow(db, actor, "hand_in", member_id if mine else None, number=record_id)
    return cast(Record, record)


def about(db: Session, record: Record) -> Record | None:
    """The session that a diary describes. Whoever may read the diary may read the session."""
    return None if record.about_id is None else db.get(Record, record.about_id)


def file_of(db: Session, actor: Actor, file_id: int) -> File:
    """A file that the actor may read now: attached to an entry, a copy made for them alone, a
    certificate, shown in a bulletin, or evidence for experts. Raises `Refused`."""
    own_copy = select(File).where(
        File.id == file_id, File.owner_id == actor.person_id, col(File.expires_at) > actor.now
    )
    shown_in = (
        select(Record)
        .join(RecordFile, col(RecordFile.record_id) == col(Record.id))
        .where(
            col(RecordFile.file_id) == file_id,
            col(Record.student_id).in_(things("read_file", actor.person_id)),
        )
    )
    certificate = (
        select(File)
        .join(Certificate, col(Certificate.file_id) == col(File.id))
        .where(
            col(File.id) == file_id,
            sa.or_(
                col(Certificate.member_id).in_(things("read_certificate", actor.person_id)),
                sa.and_(
                    col(Certificate.proof) != "",
                    col(Certificate.member_id).in_(things("read_proof", actor.person_id)),
                ),
            ),
        )
    )
    if any(not is_shut(db, actor, record) for record in db.exec(shown_in)):
        file = db.get(File, file_id)
    else:
        file = db.exec(own_copy).first() or db.exec(certificate).first()
        file = file or _shown_in_bulletin(db, actor, file_id)
        file = file or committee.file_for(db, actor, file_id)
    if file is None:
        right = RIGHTS["read_file"]
        raise Refused(t(right.refused), verb=right.act, object=right.object, object_id=file_id)
    return file


def _shown_in_bulletin(db: Session, actor: Actor, file_id: int) -> File | None:
    """A file of a bulletin that was sent to the actor or to pupils of theirs, or that they
    oversee."""
    shown = (
        select(File)
        .join(BulletinFile, col(BulletinFile.file_id) == col(File.id))
        .join(Bulletin, col(Bulletin.id) == col(BulletinFile.bulletin_id))
        .where(col(File.id) == file_id)
    )
    pupils = things("read_bulletin_copy", actor.person_id)
    sent = select(BulletinRecipient.bulletin_id).where(
        col(BulletinRecipient.state).not_in(UNSENT),
        (col(BulletinRecipient.person_id) == actor.person_id)
        | col(BulletinRecipient.membership_id).in_(pupils),
    )
    overseen = col(Bulletin.by_id).in_(things("read_bulletin", actor.person_id))
    to_them = shown.where(col(Bulletin.id).in_(sent))
    return db.exec(to_them).first() or db.exec(shown.where(overseen)).first()


UNSENT: Final = (
    RecipientState.WAITING,
    RecipientState.NOT_JOINED,
    RecipientState.CONSENT,
    RecipientState.WITHDRAWN,
)
"""The recipients of a bulletin who have not been sent it."""


def opened_file(db: Session, actor: Actor, file_id: int) -> File:
    """As `file_of`, when the file's content is shown: staff leave an audit row. Raises
    `Refused`."""
    file = file_of(db, actor, file_id)
    shown_in = (
        select(Record.student_id)
        .join(RecordFile, col(RecordFile.record_id) == col(Record.id))
        .where(RecordFile.file_id == file_id)
    )
    certified = select(Certificate.member_id).where(
        Certificate.file_id == file_id, Certificate.proof == ""
    )
    opened = dict.fromkeys(db.exec(shown_in), "read_file")
    opened |= dict.fromkeys(db.exec(certified), "read_certificate")
    for student_id, act in opened.items():
        grants = (held(db, actor.person_id, one, student_id) for one in (act, "mark"))
        if grant := next(filter(None, grants), None):
            looking.note(db, actor, grant.relation, "file", file_id, [student_id])
    return file


def body_at(db: Session, record: Record, version: int | None = None) -> Body:
    """An entry's body, in its latest version or an earlier one. Raises `Refused` if missing."""
    row = db.get(RecordVersion, (record.id, version or record.version))
    if row is None:
        raise Refused(t("record.gone"), verb="read", object="record", object_id=record.id)
    return body_of(record.kind, row.body)


def files_at(db: Session, record_id: int | None, version: int) -> tuple[int, ...]:
    """The ids of the files attached to a version."""
    rows = db.exec(
        select(RecordFile.file_id)
        .where(RecordFile.record_id == record_id)
        .where(RecordFile.version == version)
        .order_by(col(RecordFile.file_id))
    )
    return tuple(rows)


def entries(
    db: Session, student_id: int, kind: RecordKind | None = None
) -> list[tuple[Record, Body]]:
    """A student's entries with their latest bodies, the latest first."""
    found = db.exec(_entries, params={"student": student_id, "kinds": [kind] if kind else ALL})
    return [(record, body_of(record.kind, row.body)) for record, row in found]


SOON: Final = timedelta(hours=12)
"""How long after a message an entry may have been made from it."""


def first_after(db: Session, actor: Actor, moment: datetime) -> tuple[Record, Body] | None:
    """The actor's own entry that was handed in first after this moment, if that was soon after.
    Raises `Refused`."""
    me = learner(db, actor.person_id)
    record = db.exec(
        select(Record)
        .where(
            Record.student_id == me.id,
            col(Record.kind).not_in([*OF_OTHERS]),
            Record.state != RecordState.WITHDRAWN,
            col(Record.created_at).between(moment, moment + SOON),
        )
        .order_by(col(Record.created_at), col(Record.id))
        .limit(1)
    ).first()
    return None if record is None else (record, body_at(db, record))


def own_writings(entries: Entries) -> list[tuple[Record, Body]]:
    """Those among some entries that the learner has written."""
    return [entry for entry in entries if entry[0].kind not in OF_OTHERS]


def sessions(db: Session, student_id: int) -> list[tuple[int, SessionBody]]:
    """A student's sessions that are not withdrawn, with the record's id, the latest first."""
    found = _sessions.all(db, student=student_id)
    return [(record_id, SessionBody.model_validate(body)) for record_id, body in found]


def entries_of(db: Session, student_ids: Iterable[int]) -> Mapping[int, Entries]:
    """As `entries`, for many students in one query: by student, the latest entry first."""
    found: dict[int, list[tuple[Record, Body]]] = defaultdict(list)
    asked = select(Record, RecordVersion.body).join(RecordVersion, _AS_IT_STANDS)
    asked = asked.where(col(Record.student_id).in_(student_ids)).order_by(*_LATEST_FIRST)
    for record, body in db.exec(asked):
        found[record.student_id].append((record, body_of(record.kind, dict(body))))
    return found


ALL: Final = tuple(RecordKind)
_AS_IT_STANDS: Final = (col(RecordVersion.record_id) == col(Record.id)) & (
    col(RecordVersion.version) == col(Record.version)
)
"""A record's latest version."""
_LATEST_FIRST: Final = (col(Record.day).desc(), col(Record.id).desc())
_entries = (
    select(Record, RecordVersion)
    .join(RecordVersion, _AS_IT_STANDS)
    .where(
        col(Record.student_id) == bindparam("student"),
        col(Record.kind).in_(bindparam("kinds", expanding=True)),
    )
    .order_by(*_LATEST_FIRST)
)


_sessions = Prepared(
    select(col(Record.id), col(RecordVersion.body))
    .join(RecordVersion, _AS_IT_STANDS)
    .where(
        col(Record.student_id) == bindparam("student"),
        col(Record.kind) == RecordKind.SESSION,
        col(Record.state) != RecordState.WITHDRAWN,
    )
    .order_by(*_LATEST_FIRST)
)


def has_diary(db: Session, session_id: int) -> bool:
    """Whether a session has a diary that is not withdrawn."""
    return _diary_of.first(db, session=session_id) is not None


_diary_of = Prepared(
    select(Record.id).where(
        col(Record.about_id) == bindparam("session"),
        Record.kind == RecordKind.DIARY,
        Record.state != RecordState.WITHDRAWN,
    )
)


@dataclass(frozen=True, slots=True)
class Waits:
    """Limits what is asked about among the entries that wait for the actor."""

    kind: RecordKind | None = None
    student_id: int | None = None
    since: datetime | None = None
    """Only what has waited since before then."""

    @property
    def limits(self) -> dict[str, Any]:
        """By what it is limited."""
        every = {"kind": self.kind, "student": self.student_id, "since": self.since}
        return {name: value for name, value in every.items() if value is not None}


EVERYTHING: Final = Waits()


# Asked at every look at a queue, so each statement is built once: `limits` are the names in
# `Waits.limits`.


def _waiting(limits: Iterable[str] = ()) -> list[ColumnElement[bool]]:
    """What waits for `WHOEVER` reviews it."""
    by = {
        "kind": col(Record.kind) == bindparam("kind"),
        "student": col(Record.student_id) == bindparam("student"),
        "since": col(Record.submitted_at) < bindparam("since"),
    }
    return [
        col(Record.state) == RecordState.SUBMITTED,
        col(Record.kind).not_in([*OF_OTHERS]),
        col(Record.student_id).in_(things("approve", WHOEVER)),
        *(by[name] for name in limits),
    ]


@cache
def _page(*limits: str) -> Prepared:
    return Prepared(
        select(Record.id)
        .where(*_waiting(limits), col(Record.id) != bindparam("but"))
        .order_by(*_LONGEST_FIRST)
        .offset(bindparam("skip", type_=sa.Integer()))
        .limit(bindparam("most", type_=sa.Integer()))
    )


@cache
def _count(*limits: str) -> Prepared:
    return Prepared(sa.select(sa.func.count()).select_from(Record).where(*_waiting(limits)))


@cache
def _read_in_full(*limits: str) -> Prepared:
    opened = (
        (col(Opening.record_id) == col(Record.id))
        & (col(Opening.version) == col(Record.version))
        & (col(Opening.person_id) == WHOEVER)
    )
    return Prepared(
        sa.select(col(Record.id), col(Record.version))
        .join(Opening, opened)
        .where(*_waiting(limits))
        .order_by(*_LONGEST_FIRST)
        .limit(bindparam("most", type_=sa.Integer()))
    )


@cache
def _count_by_kind() -> Prepared:
    long = sa.func.count().filter(col(Record.submitted_at) < bindparam("before"))
    counted = sa.select(col(Record.kind), sa.func.count(), long)
    return Prepared(counted.where(*_waiting()).group_by(col(Record.kind)))


@cache
def _students_waiting() -> Prepared:
    return Prepared(
        sa.select(col(Record.student_id), col(Person.name))
        .join(Membership, col(Membership.id) == col(Record.student_id))
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(*_waiting())
        .group_by(col(Record.student_id), col(Person.name))
        .order_by(sa.func.min(col(Record.submitted_at)), sa.func.min(col(Record.id)))
        .limit(bindparam("most", type_=sa.Integer()))
    )


@cache
def _reviewed() -> Prepared:
    return Prepared(things("approve", WHOEVER).limit(1))


def waiting_for(
    db: Session,
    actor: Actor,
    part: Waits = EVERYTHING,
    *,
    skip: int = 0,
    most: int,
    but: int | None = None,
) -> list[tuple[Record, Body, str]]:
    """The entries that wait for the actor's review, with the student's name, the oldest first. At
    most `most` are given, after `skip` others, and without the entry `but`. Raises `Refused`
    for a person who reviews nobody."""
    any_of(db, actor, "queue")
    # Which they are is found first: only their bodies are read.
    page = {"skip": skip, "most": most, "but": but or 0}
    found = _page(*part.limits).all(db, person=actor.person_id, **part.limits, **page)
    return _with_names(db, [number for (number,) in found])


def _with_names(db: Session, ids: Sequence[int]) -> list[tuple[Record, Body, str]]:
    """These entries with their bodies and the student's name, who has waited longest first."""
    rows = db.exec(_named, params={"ids": ids}) if ids else ()
    return [(record, body_of(record.kind, version.body), name) for record, version, name in rows]


def waiting_by(db: Session, actor: Actor, before: datetime) -> tuple[Counter[RecordKind], int]:
    """How many entries wait for the actor, by kind; and how many since before then."""
    found: Counter[RecordKind] = Counter()
    long = 0
    for kind, count, of_them_long in _count_by_kind().all(
        db, person=actor.person_id, before=before
    ):
        found[kind] = count
        long += of_them_long
    return found, long


def waiting_students(db: Session, actor: Actor, most: int) -> list[tuple[int, str]]:
    """The students whose entries wait for the actor, by membership and name: those who have
    waited longest, at most so many."""
    found = _students_waiting().all(db, person=actor.person_id, most=most)
    return [(student, name) for student, name in found]


def waiting_and_read(
    db: Session, actor: Actor, part: Waits = EVERYTHING, *, most: int | None = None
) -> list[tuple[int, int]]:
    """The entries that wait and whose latest version the actor has read in full, as (record,
    version), oldest first."""
    given = {"person": actor.person_id, "most": MANY if most is None else most}
    found = _read_in_full(*part.limits).all(db, **given, **part.limits)
    return [(record, version) for record, version in found]


MANY: Final = 1_000_000
"""More entries than ever wait for one person."""


def waiting_count(db: Session, actor: Actor, part: Waits = EVERYTHING) -> int:
    """How many entries wait for whoever acts."""
    [(count,)] = _count(*part.limits).all(db, person=actor.person_id, **part.limits)
    return int(count)


def waiting_in(
    db: Session, cohort_id: int, reader: int, skip: int = 0, most: int = 0
) -> tuple[int, list[tuple[Record, Body, str]]]:
    """How many entries wait in a cohort for a mentor, the team or the reader; and at most `most`
    of them with the student's name, the longest waiting first."""
    waits = waits_in(cohort_id, reader)
    count = (
        db.connection()
        .execute(sa.select(sa.func.count()).select_from(Record).where(*waits))
        .scalar_one()
    )
    if not most:
        return count, []
    page = select(Record.id).where(*waits).order_by(*_LONGEST_FIRST).offset(skip).limit(most)
    return count, _with_names(db, [cast(int, number) for number in db.exec(page)])


def waits_in(cohort_id: int, reader: int) -> tuple[ColumnElement[bool], ...]:
    """The condition that an entry waits in a cohort, for a learner whom somebody may read."""
    learners = sa.select(col(Membership.id)).where(
        col(Membership.cohort_id) == cohort_id,
        col(Membership.role).in_(LEARNERS),
        col(Membership.ended_at).is_(None),
        col(Membership.id).in_(things("read_student", reader)),
    )
    return *waits_anywhere(reader), col(Record.student_id).in_(learners)


def waits_anywhere(reader: int) -> tuple[ColumnElement[bool], ...]:
    """The condition that an entry waits for a mentor or the team or, if others wrote it about the
    learner, for the reader's own decision. Of whom it is has to be asked besides."""
    return (
        col(Record.state) == RecordState.SUBMITTED,
        sa.or_(col(Record.kind).not_in([*OF_OTHERS]), *_decided_by(reader)),
    )


def _decided_by(person_id: int) -> list[ColumnElement[bool]]:
    """The condition that somebody decides about an entry that others wrote about a learner."""
    return [
        (col(Record.kind) == kind) & col(Record.student_id).in_(things(right, person_id))
        for kind in OF_OTHERS
        if (right := right_of(kind, "approve"))
    ]


_LONGEST_FIRST: Final = (col(Record.submitted_at), col(Record.id))
_named = (
    select(Record, RecordVersion, Person.name)
    .join(RecordVersion, _AS_IT_STANDS)
    .join(Membership, col(Membership.id) == col(Record.student_id))
    .join(Person, col(Person.id) == col(Membership.person_id))
    .where(col(Record.id).in_(bindparam("ids", expanding=True)))
    .order_by(*_LONGEST_FIRST)
)


def reviews_somebody(db: Session, actor: Actor) -> bool:
    """Whether whoever acts has anybody's entries to review."""
    return _reviewed().first(db, person=actor.person_id) is not None


def written_at(db: Session, record: Record, version: int) -> datetime:
    """When a version was handed in."""
    return cast(RecordVersion, db.get(RecordVersion, (record.id, version))).at


def written_by(db: Session, record: Record | HandedIn, version: int) -> int:
    """The person who handed in a version."""
    return cast(RecordVersion, db.get(RecordVersion, (record.id, version))).written_by


def owner(db: Session, record: Record) -> Person:
    """The person whose record it is."""
    return cast(Person, db.get(Person, student_of(db, record).person_id))


def reviewer_name(db: Session, word: Review) -> Words:
    """The name of the reviewer; if they stood in for a mentor, with the mentor's name."""
    reviewer = cast(Membership, db.get(Membership, word.reviewer_id))
    name = cast(Person, db.get(Person, reviewer.person_id)).name
    return delegates.named(db, name, word.stood_in_for)


def reviews(db: Session, record: Record) -> list[tuple[Review, Words]]:
    """Every review of an entry, with the reviewer's name as `reviewer_name` tells it, oldest
    first."""
    rows = db.exec(_reviews.where(Review.record_id == record.id).order_by(col(Review.version)))
    return [(word, delegates.named(db, name, word.stood_in_for)) for word, name in rows]


def approvals(db: Session, student_id: int) -> dict[tuple[int, int], tuple[Review, Words]]:
    """As `reviews`, every approval of a student's entries: by the record and its version."""
    rows = db.exec(
        _reviews.join(Record, col(Record.id) == col(Review.record_id)).where(
            Record.student_id == student_id, col(Review.approved)
        )
    )
    return {
        (word.record_id, word.version): (word, delegates.named(db, name, word.stood_in_for))
        for word, name in rows
    }


_reviews = (
    select(Review, Person.name)
    .join(Membership, col(Membership.id) == col(Review.reviewer_id))
    .join(Person, col(Person.id) == col(Membership.person_id))
)


# ---------------------------------------------------------------- how an entry is told


def title(record: Record | HandedIn, body: Body, *, brief: bool = False) -> Text:
    """One line that identifies an entry without revealing its content; `brief` for a button."""
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
    if isinstance(body, MaterialBody):
        named = body.form if body.form not in ("", OTHER) else record.period
        return t("record.material_line", what=material_label(named), title=body.title)
    if isinstance(body, PlanBody):
        return t("record.plan_line")
    if isinstance(body, ResultBody):
        stage = stage_label(record.period)
        return t("record.test_result_line", stage=stage, score=body.score)
    if isinstance(body, PresentationBody):
        return t("record.presentation_line", stage=stage_label(record.period))
    if record.period:
        return t(f"record.{record.kind}_stage_line", stage=stage_label(record.period))
    return t(f"record.{record.kind}_line", day=Brief(record.day) if brief else record.day)


def prose(body: Body) -> str:
    """What an entry says in its writer's own sentences, without its other fields; empty for a
    session."""
    match body:
        case WritingBody():
            return "\n".join(body.parts)
        case MaterialBody():
            return body.abstract
    return ""


def plan_fields(body: PlanBody, *, most: int | None = None) -> tuple[Field, ...]:
    """The parts of a training plan, at most so many characters of each."""
    parts = [
        (t("plan.grounds_label"), body.grounds),
        (t("plan.aims_label"), body.aims),
        (t("plan.steps_label"), body.steps),
        (t("plan.readings_label"), body.readings),
    ]
    return tuple(Field(label, cut(text, most)) for label, text in parts if text)


def decisions(record: Record | HandedIn) -> tuple[Choice, Choice]:
    """The buttons that decide about the version of an entry that is shown: approve, or send
    back."""
    number, version = record.id or 0, record.version
    approve, back = press("approve", number, version), press("return", number, version)
    return (
        Choice(approve, t("review.approve"), decides=True, weight="primary"),
        Choice(back, t("review.return"), weight="danger"),
    )


CUT: Final = 120
"""How many characters of an entry's text a reviewer is shown at first: about four lines."""


def review_card(
    record: Record | HandedIn,
    body: Body,
    student: str,
    files: tuple[int, ...] = (),
    sent_back: str = "",
) -> Message:
    """The card that puts an entry before a reviewer. It shows as much as one tap needs; a button
    shows the whole. `sent_back` is why the entry was sent back before it was corrected."""
    told: tuple[Field, ...]
    if isinstance(body, SessionBody):
        told = (
            Field(t("field.place"), t(f"place.{body.place}")),
            Field(t("field.people"), t("field.list", items=list(body.people))),
            Field(t("field.what"), cut(body.what)),
        )
    elif isinstance(body, PlanBody):
        told = plan_fields(body, most=CUT)
    else:
        told = (Field(t("field.text"), cut(prose(body))),)
    return Message(
        rows=(
            decisions(record),
            (Choice(press("whole", record.id or 0), t("review.whole")),),
        ),
        kind="card",
        card=f"record:{record.id}",
        title=_asks_for_word(record.kind, student, again=bool(sent_back)),
        fields=(
            Field(t("field.record"), title(record, body, brief=True)),
            *told,
            *([Field(t("field.sent_back"), sent_back)] if sent_back else []),
            Field(t("field.since"), t("field.moment", at=record.submitted_at)),
        ),
        files=files,
    )


def _asks_for_word(kind: RecordKind, student: str, *, again: bool) -> Text:
    """The question that asks a reviewer to decide about an entry."""
    if kind is RecordKind.PLAN:
        return t("plan.card_again" if again else "plan.card", student=student)
    return t("review.card_again" if again else "review.card", student=student)


def cut(text: str, most: int | None = CUT) -> str:
    """The beginning of a text, at most so many characters of it; with `None` the whole."""
    return text if most is None or len(text) <= most else f"{text[:most].rstrip()}……"


# ---------------------------------------------------------------- inside


def _refuse(key: str, verb: str, record: Record) -> Refused:
    return Refused(t(key), verb=verb, object="record", object_id=record.id)


def _first_state(student: LearnerPlace, kind: RecordKind) -> RecordState:
    """The state in which an entry begins: submitted for review, or filed where no rule names a
    reviewer.

    In every programme the mentor or a team member approves sessions. That is how this
    record-keeping works, and no clause. The programme says what else is reviewed.
    """
    if kind is RecordKind.SESSION:
        return RecordState.SUBMITTED
    programme = load(student.programme)
    if kind is RecordKind.PLAN and needs_approval(programme):
        return RecordState.SUBMITTED
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
    for number in dict.fromkeys(own_file(db, actor, kept) for kept in body.files):
        db.add(RecordFile(record_id=entry.id, version=entry.version, file_id=number))
        db.flush()


_insert_version = Prepared(
    insert(table(RecordVersion)).inline(), *("record_id", "version", "body", "written_by", "at")
)


def own_file(db: Session, actor: Actor, kept: Kept) -> int:
    """The number of the actor's own copy of a file."""
    here = db.exec(
        select(File).where(File.sha256 == kept.sha256, File.owner_id == actor.person_id)
    ).first()
    if here is None:
        here = File(owner_id=actor.person_id, created_at=actor.now, **kept.model_dump())
        db.add(here)
        db.flush()
    return cast(int, here.id)


class Reviewer(NamedTuple):
    """A mentor or team member who reviews a student's entries."""

    member_id: int
    role: Role
    person_id: int
    name: str


def reviewers(db: Session, student_id: int) -> Sequence[Reviewer]:
    """A student's current reviewers: the mentor first, then the team."""
    return reviewers_of(db, [student_id]).get(student_id, ())


def reviewers_of(db: Session, student_ids: Collection[int]) -> Mapping[int, list[Reviewer]]:
    """The same for many students."""
    found: dict[int, list[Reviewer]] = defaultdict(list)
    for student_id, *row in _reviewers.among(db, "students", [*dict.fromkeys(student_ids)]):
        found[student_id].append(Reviewer(*row))
    for theirs in found.values():
        theirs.sort(key=lambda one: (REVIEWERS.index(one.role), one.member_id))
    return found


_own = aliased(Membership)
_reviewers = Prepared(
    sa.select(
        col(Mentoring.student_id),
        col(Membership.id),
        col(Membership.role),
        col(Person.id),
        col(Person.name),
    )
    .join(Mentoring, col(Mentoring.mentor_id) == col(Membership.id))
    .join(Person, col(Person.id) == col(Membership.person_id))
    .where(
        col(Mentoring.student_id).in_(bindparam("students", expanding=True)),
        col(Mentoring.ended_at).is_(None),
        col(Membership.ended_at).is_(None),
        col(Membership.role).in_(REVIEWERS),
        # Nobody reviews their own, whatever the links say.
        col(Membership.person_id).not_in(
            select(_own.person_id).where(_own.id == Mentoring.student_id)
        ),
    )
)


def _tell_learner(
    db: Session, actor: Actor, entry: HandedIn | Record, student: LearnerPlace
) -> None:
    """Tell a learner what others have written about them, once it holds."""
    name = cast(Person, db.get(Person, written_by(db, entry, entry.version))).name
    changed = "changed" if entry.version > 1 else "written"
    told = "approved" if entry.state is RecordState.APPROVED else changed
    area = "plan" if entry.kind is RecordKind.PLAN else "result"
    message = Message(
        title=t(f"{area}.told_{told}", name=name),
        rows=((Choice(press("record", entry.id or 0), t("record.open"), weight="primary"),),),
    )
    notices.tell(db, actor, student.person_id, message, f"{area}:{entry.id}:{entry.version}")


def _tell_writer(db: Session, actor: Actor, record: Record, word: Review) -> None:
    """Tell who handed in an entry what became of it."""
    line = title(record, body_at(db, record), brief=True)
    if record.kind in OF_OTHERS:
        line = t("queue.line", student=owner(db, record).name, line=line)
    reviewer = reviewer_name(db, word)
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
    notices.tell(db, actor, written_by(db, record, word.version), message, key)
    if word.approved and record.kind in OF_OTHERS:
        _tell_learner(db, actor, record, learner_at(db, record.student_id))

"""The tables, and what a row of each means.

Times are aware and in UTC; days are calendar days in Beijing. Words such as roles and states are
stored as their values in plain text columns, so that a new one needs no migration.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, cast

from sqlalchemy import JSON, Column, Enum, Index, LargeBinary, MetaData, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
metadata: MetaData = SQLModel.metadata


def _json() -> Any:
    return JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


NEVER_AGAIN: Final = {"sqlite_autoincrement": True}
"""Left to itself SQLite gives a deleted last row's number to the next one, and an old button that
carries the number would then mean somebody else's row."""


def _words(kind: type[StrEnum]) -> Any:
    return Enum(
        kind,
        native_enum=False,
        length=24,
        create_constraint=False,
        values_callable=lambda values: [member.value for member in values],
    )


def table(model: type[SQLModel]) -> Table:
    """A model's table, for statements without objects."""
    # SQLAlchemy sets it; SQLModel's types do not know of it.
    return cast(Table, model.__table__)  # type: ignore[attr-defined]


class Role(StrEnum):
    """What somebody is in a cohort."""

    STUDENT = "student"
    MENTOR = "mentor"
    TEAM_MEMBER = "team_member"
    SCHOOL_TEACHER = "school_teacher"
    COORDINATOR = "coordinator"
    GUARDIAN = "guardian"
    TRAINEE_TEACHER = "trainee_teacher"


class UnitKind(StrEnum):
    SCHOOL = "school"
    HOST = "host"
    """A university or institute where mentors work."""
    OFFICE = "office"


class RecordKind(StrEnum):
    SESSION = "session"
    DIARY = "diary"
    MEETING_RECORD = "meeting_record"


class RecordState(StrEnum):
    SUBMITTED = "submitted"
    """Waits for somebody's review."""
    FILED = "filed"
    """Submitted where no rule names a reviewer: it counts as handed in, nobody is awaited."""
    APPROVED = "approved"
    RETURNED = "returned"
    """Sent back with a reason: the student's turn."""
    WITHDRAWN = "withdrawn"


class TalkState(StrEnum):
    ACTIVE = "active"
    """Its question is the one that the account's next words answer."""
    PARKED = "parked"
    """A draft: put down, to be taken up again."""
    WORKING = "working"
    """Waits for outside work."""
    BROKEN = "broken"
    """Its flow raised; the journal waits for the fault to be mended."""


class UpdateState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    ASIDE = "aside"
    """Set aside with an alarm: it could not be decoded or handled."""


class SendState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The call broke off: it may have been shown. Never repeated blindly."""
    UNREACHABLE = "unreachable"


class QuestionState(StrEnum):
    ASKED = "asked"
    """The latest of its chat: kept for what follows it, and for saying that it was no help."""
    OPEN = "open"
    """Waits for the office."""
    ANSWERED = "answered"
    CLOSED = "closed"
    """The office gives no answer here."""


class CuratedState(StrEnum):
    PROPOSED = "proposed"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class AdviceState(StrEnum):
    WANTED = "wanted"
    GIVEN = "given"
    """What the model said stands in place of the composed answer."""
    REFUSED = "refused"
    """The model replied, and its reply counts for nothing."""
    FAILED = "failed"
    """There was no reply, or none in time; or it was not asked."""


class Lane(StrEnum):
    """Replies go before notices, so that a broadcast never delays an answer."""

    REPLY = "a_reply"
    NOTICE = "b_notice"


# ---------------------------------------------------------------- people and places


class Unit(SQLModel, table=True):
    """A school, a host institution or an office."""

    id: int | None = Field(default=None, primary_key=True)
    kind: UnitKind = Field(sa_type=_words(UnitKind))
    name: str = Field(max_length=120)
    parent_id: int | None = Field(default=None, foreign_key="unit.id", index=True)


class Person(SQLModel, table=True):
    """Somebody, whatever they are in whichever cohort, and on whichever messenger."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=60)
    language: str = Field(default="zh", max_length=8)
    birth_date: date | None = None
    created_at: datetime


class Account(SQLModel, table=True):
    """A chat on one platform; it belongs to a person once they have joined."""

    __table_args__ = (UniqueConstraint("platform", "address"),)

    id: int | None = Field(default=None, primary_key=True)
    platform: str = Field(max_length=24)
    address: str = Field(max_length=128)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    name: str = Field(default="", max_length=120)
    """What they call themselves there."""
    language: str = Field(default="zh", max_length=8)
    reachable: bool = True
    talk_id: int | None = None
    """The conversation that has the floor in this chat."""
    offered: list[Any] = Field(default_factory=list, sa_type=_json())
    """What the last message offered, as [label, press, about]: typed words may mean it."""
    created_at: datetime


class Cohort(SQLModel, table=True):
    """One programme, run by one office, in one cycle."""

    id: int | None = Field(default=None, primary_key=True)
    programme: str = Field(max_length=60)
    """The pack's key, e.g. `shanxi-2026`."""
    name: str = Field(max_length=120)
    office_id: int | None = Field(default=None, foreign_key="unit.id")
    created_at: datetime


class Membership(SQLModel, table=True):
    """Somebody's place in a cohort. It ends; it is not deleted."""

    __table_args__ = (UniqueConstraint("cohort_id", "person_id", "role"),)

    id: int | None = Field(default=None, primary_key=True)
    cohort_id: int = Field(foreign_key="cohort.id")
    person_id: int = Field(foreign_key="person.id", index=True)
    role: Role = Field(sa_type=_words(Role))
    unit_id: int | None = Field(default=None, foreign_key="unit.id", index=True)
    subject: str = Field(default="", max_length=40)
    grade: str = Field(default="", max_length=24)
    created_at: datetime
    ended_at: datetime | None = None
    ended_reason: str = Field(default="", max_length=200)


class Mentoring(SQLModel, table=True):
    """Whose student somebody is: one row for the mentor, one for each team member."""

    __table_args__ = (UniqueConstraint("student_id", "mentor_id"),)

    id: int | None = Field(default=None, primary_key=True)
    student_id: int = Field(foreign_key="membership.id")
    mentor_id: int = Field(foreign_key="membership.id", index=True)
    created_at: datetime
    ended_at: datetime | None = None


class Guardianship(SQLModel, table=True):
    """Who answers for a child, and whether they have consented to its records being kept."""

    __table_args__ = (UniqueConstraint("child_id", "guardian_id"),)

    id: int | None = Field(default=None, primary_key=True)
    child_id: int = Field(foreign_key="person.id")
    guardian_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime
    consented_at: datetime | None = None
    withdrawn_at: datetime | None = None


# ---------------------------------------------------------------- ways in


class Invite(SQLModel, table=True):
    """A one-time code that binds a chat to a membership. Only its hash is kept."""

    id: int | None = Field(default=None, primary_key=True)
    code_hash: bytes = Field(sa_column=Column(LargeBinary(32), unique=True, nullable=False))
    membership_id: int = Field(foreign_key="membership.id", index=True)
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    used_by: int | None = Field(default=None, foreign_key="account.id")
    revoked_at: datetime | None = None


class SignInLink(SQLModel, table=True):
    """A one-time link into the web chat for somebody who has joined. Only its hash is kept."""

    __tablename__ = "sign_in_link"

    id: int | None = Field(default=None, primary_key=True)
    token_hash: bytes = Field(sa_column=Column(LargeBinary(32), unique=True, nullable=False))
    person_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class WebSession(SQLModel, table=True):
    """A signed-in browser. Only the cookie's hash is kept."""

    __tablename__ = "web_session"

    id: int | None = Field(default=None, primary_key=True)
    token_hash: bytes = Field(sa_column=Column(LargeBinary(32), unique=True, nullable=False))
    account_id: int = Field(foreign_key="account.id", index=True)
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


class CodeTry(SQLModel, table=True):
    """A try at a code or link, so that guessing is slow. Rows go after an hour."""

    __tablename__ = "code_try"
    __table_args__ = (Index(None, "source", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(max_length=128)
    at: datetime


# ---------------------------------------------------------------- records


class Record(SQLModel, table=True):
    """One entry a student keeps: a cultivation session, a diary, a meeting record.

    The row says where the entry stands; what it says is in its versions.
    """

    __table_args__ = (Index(None, "student_id", "kind", "day"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: RecordKind = Field(sa_type=_words(RecordKind))
    student_id: int = Field(foreign_key="membership.id")
    about_id: int | None = Field(default=None, foreign_key="record.id", index=True)
    """The session that a diary belongs to."""
    period: str = Field(default="", max_length=24)
    """The stage of cultivation that it covers, where the programme asks for one per stage."""
    day: date
    state: RecordState = Field(sa_type=_words(RecordState), index=True)
    version: int = 1
    created_at: datetime
    submitted_at: datetime
    decided_at: datetime | None = None


class RecordVersion(SQLModel, table=True):
    """What an entry said each time it was handed in. Never changed."""

    __tablename__ = "record_version"

    record_id: int = Field(foreign_key="record.id", primary_key=True)
    version: int = Field(primary_key=True)
    body: dict[str, Any] = Field(sa_type=_json())
    written_by: int = Field(foreign_key="person.id")
    at: datetime


class Review(SQLModel, table=True):
    """A reviewer's word on one version: at most one each, whoever comes first."""

    record_id: int = Field(foreign_key="record.id", primary_key=True)
    version: int = Field(primary_key=True)
    approved: bool
    reason: str = Field(default="", max_length=500)
    reviewer_id: int = Field(foreign_key="membership.id")
    at: datetime


class Opening(SQLModel, table=True):
    """Somebody has seen the whole of one version."""

    record_id: int = Field(foreign_key="record.id", primary_key=True)
    version: int = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    at: datetime


class File(SQLModel, table=True):
    """Our own copy of a file, kept by its hash."""

    id: int | None = Field(default=None, primary_key=True)
    sha256: str = Field(max_length=64, index=True)
    size: int
    media_type: str = Field(max_length=100)
    name: str = Field(max_length=200)
    owner_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime


class RecordFile(SQLModel, table=True):
    """Which version of an entry shows which file."""

    __tablename__ = "record_file"

    record_id: int = Field(foreign_key="record.id", primary_key=True)
    version: int = Field(primary_key=True)
    file_id: int = Field(foreign_key="file.id", primary_key=True, index=True)


class Document(SQLModel, table=True):
    """A programme's policy document, as an office loaded it. Never changed; it ends."""

    __table_args__ = (Index(None, "programme", "ended_at"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    programme: str = Field(max_length=60)
    """The pack's key."""
    name: str = Field(max_length=200)
    """The file's name."""
    title: str = Field(max_length=200)
    sha256: str = Field(max_length=64)
    """The file as it came, of which we keep a copy."""
    size: int
    added_by: int | None = Field(default=None, foreign_key="person.id")
    """Empty where it was loaded at the command line."""
    added_at: datetime
    ended_at: datetime | None = None
    """Replaced by a later one, or removed: nothing is answered from it any more."""


class Passage(SQLModel, table=True):
    """One section of a document, in its own words. Never changed."""

    __table_args__ = (UniqueConstraint("document_id", "place"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    document_id: int = Field(foreign_key="document.id")
    place: int
    """Where it stands in the document, from 1."""
    section: str = Field(max_length=120)
    """Written as clauses are."""
    heading: str = Field(max_length=400)
    text: str


class Question(SQLModel, table=True):
    """What somebody asked, without what would name anybody, and what the office answered."""

    __table_args__ = (
        Index(None, "account_id", "state"),
        Index(None, "state", "programme"),
        NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int | None = Field(default=None, foreign_key="account.id")
    """Where an answer goes; empty once it has gone there."""
    programme: str = Field(default="", max_length=60)
    """The pack's key: while only asked, of the programme that it was about, once it is open, of
    the one whose office it waits for. Empty for several."""
    role: str = Field(default="", max_length=24)
    """What the asker is there."""
    words: str = Field(max_length=300)
    topic: str = Field(default="", max_length=60)
    """As it was understood; empty if it was not."""
    kind: str = Field(default="", max_length=24)
    score: float = 0.0
    state: QuestionState = Field(default=QuestionState.ASKED, sa_type=_words(QuestionState))
    asked_at: datetime
    answer: str = Field(default="", max_length=2000)
    clause: str = Field(default="", max_length=120)
    answered_by: int | None = Field(default=None, foreign_key="person.id")
    answered_at: datetime | None = None


class Curated(SQLModel, table=True):
    """An answer of an office, or further ways of asking for a topic. Only its state changes."""

    __table_args__ = (Index(None, "state", "programme"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    programme: str = Field(max_length=60)
    """The pack's key."""
    topic: str = Field(default="", max_length=60)
    """The topic that is asked for; empty for an answer of its own."""
    title: str = Field(default="", max_length=60)
    asks: list[str] = Field(sa_type=_json())
    """How it is asked for."""
    says: str = Field(default="", max_length=2000)
    clause: str = Field(default="", max_length=120)
    state: CuratedState = Field(default=CuratedState.PROPOSED, sa_type=_words(CuratedState))
    question_id: int | None = Field(default=None, foreign_key="question.id", index=True)
    """The question that it comes of."""
    written_by: int | None = Field(default=None, foreign_key="person.id")
    written_at: datetime
    published_by: int | None = Field(default=None, foreign_key="person.id")
    published_at: datetime | None = None


class Advice(SQLModel, table=True):
    """A model is asked about a question whose composed answer may not be what was meant.

    Whatever it was asked about is emptied once that is settled; what it cost stays.
    """

    __table_args__ = (Index(None, "state", "id"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    language: str = Field(default="zh", max_length=8)
    programmes: list[str] = Field(sa_type=_json())
    """The packs' keys."""
    words: str = Field(max_length=300)
    """The question, without what would name anybody."""
    evidence: list[Any] = Field(sa_type=_json())
    """What the answer may rest on."""
    cards: list[Any] = Field(sa_type=_json())
    """The composed answers as they were shown: each with its topic, and the message's body."""
    state: AdviceState = Field(default=AdviceState.WANTED, sa_type=_words(AdviceState))
    parts: int = 0
    """How many parts of a reply that was still being written have been shown."""
    card: str = Field(default="", max_length=60)
    """Where they were shown."""
    asked_at: datetime = Field(index=True)
    done_at: datetime | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    """What it may cost, while it is asked; then what it did cost."""
    why: str = Field(default="", max_length=24)
    """Why nothing came of it."""


class Audit(SQLModel, table=True):
    """Who did, or tried to do, what. Only ever added to."""

    __table_args__ = (Index(None, "object", "object_id"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    person_id: int | None = Field(default=None, index=True)
    account_id: int | None = None
    verb: str = Field(max_length=40)
    object: str = Field(default="", max_length=24)
    object_id: int | None = None
    version: int | None = None
    refused: str = Field(default="", max_length=60)
    """Why nothing was done, as the key of the sentence said; empty when it was done."""
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=_json())


# ---------------------------------------------------------------- the runtime


class Update(SQLModel, table=True):
    """A raw update, stored before it was acknowledged."""

    __table_args__ = (
        UniqueConstraint("platform", "key"),
        Index(None, "state", "id"),
        Index(None, "platform", "address", "received_at"),
        NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True)
    platform: str = Field(max_length=24)
    key: str = Field(max_length=200)
    address: str = Field(max_length=128)
    album: str = Field(default="", max_length=64)
    raw: str
    received_at: datetime
    state: UpdateState = Field(default=UpdateState.WAITING, sa_type=_words(UpdateState))
    error: str = Field(default="", max_length=500)


class Conversation(SQLModel, table=True):
    """A talk under way, or put down: its journal is the draft."""

    __table_args__ = (Index(None, "person_id", "state"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    flow: str = Field(max_length=40)
    person_id: int | None = Field(default=None, foreign_key="person.id")
    """Whose draft it is, on whichever device; empty before they have joined."""
    account_id: int = Field(foreign_key="account.id", index=True)
    """The chat that it was last held in."""
    about: dict[str, Any] = Field(sa_type=_json())
    """What the flow was told when it began or was taken up again."""
    journal: dict[str, Any] = Field(sa_type=_json())
    state: TalkState = Field(sa_type=_words(TalkState))
    work: dict[str, Any] | None = Field(default=None, sa_type=_json())
    """The outside work that it waits for."""
    updated_at: datetime


class Outbox(SQLModel, table=True):
    """A message to be put before a person, written with the act that causes it."""

    __table_args__ = (
        Index(None, "state", "lane", "id"),
        Index(None, "account_id", "id"),
        NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str | None = Field(default=None, max_length=120, unique=True)
    """A notice's key, so that it is said once: notice and person, or rule, person and period."""
    account_id: int = Field(foreign_key="account.id")
    lane: Lane = Field(default=Lane.REPLY, sa_type=_words(Lane))
    body: dict[str, Any] = Field(sa_type=_json())
    state: SendState = Field(default=SendState.WAITING, sa_type=_words(SendState))
    tries: int = 0
    not_before: datetime
    created_at: datetime
    sent_at: datetime | None = None
    error: str = Field(default="", max_length=200)


class Card(SQLModel, table=True):
    """Where a card last stands in a chat, so that it can be changed in place."""

    account_id: int = Field(foreign_key="account.id", primary_key=True)
    key: str = Field(primary_key=True, max_length=60)
    message: str = Field(max_length=64)

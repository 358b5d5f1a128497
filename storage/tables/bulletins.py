"""Bulletins: notices that an office sends to many, to whom, and who has confirmed them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.base import NEVER_AGAIN, json_type, word_type


class BulletinState(StrEnum):
    DRAFT = "draft"
    ASKED = "asked"
    """Confirmed by one coordinator; waits for the consent of a second."""
    SENDING = "sending"
    """Confirmed: is being sent, or will be at its time."""
    PAUSED = "paused"
    DONE = "done"
    """Every recipient has a fate."""
    CANCELLED = "cancelled"
    """Taken back; whoever had it by then has it."""


class RecipientState(StrEnum):
    WAITING = "waiting"
    QUEUED = "queued"
    """In the outbox; its fate is not known yet."""
    SENT = "sent"
    UNSURE = "unsure"
    """The call broke off: it may have been shown."""
    FAILED = "failed"
    BLOCKED = "blocked"
    """They joined, and have left every chat since."""
    NOT_JOINED = "not_joined"
    CONSENT = "consent"
    """A guardian's consent is awaited."""
    WITHDRAWN = "withdrawn"
    """The bulletin was cancelled before it was sent to them."""


class ReplyStep(StrEnum):
    """A step in what a recipient and the office say to each other about a bulletin."""

    ASKED = "asked"
    """The recipient's words."""
    ANSWERED = "answered"
    """The office's words."""
    SETTLED = "settled"
    """The office needed no words: it was spoken of elsewhere, or asks for no answer."""


class Bulletin(SQLModel, table=True):
    """A notice of an office to many. Once confirmed, its words, files and recipients stay."""

    __table_args__ = (Index(None, "state", "not_before"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    cohort_id: int = Field(foreign_key="cohort.id", index=True)
    by_id: int = Field(foreign_key="membership.id", index=True)
    """The membership of whoever drafted it: whoever oversees that, oversees the bulletin."""
    sender: str = Field(max_length=120)
    """The office's name, under which it is read."""
    words: str = Field(max_length=2000)
    asks_receipt: bool = False
    minutes: int = 1
    """About how long it takes each recipient to read it and to do what it says."""
    audience: dict[str, Any] = Field(sa_type=json_type())
    """Whom it is for: `services.bulletins.Audience`."""
    version: int = 1
    """Grows with each change of the draft: a button confirms only what it stood under."""
    state: BulletinState = Field(default=BulletinState.DRAFT, sa_type=word_type(BulletinState))
    created_at: datetime
    confirmed_by: int | None = Field(default=None, foreign_key="person.id")
    confirmed_at: datetime | None = None
    approved_by: int | None = Field(default=None, foreign_key="person.id")
    """The second coordinator, where one was needed."""
    not_before: datetime | None = None
    account_id: int | None = None
    """The chat that is shown how far it is."""
    ended_at: datetime | None = None
    reminded_at: datetime | None = None
    """When those who had not confirmed it were last reminded."""
    reminding: bool = False
    """Some of them are still to be."""


class BulletinFile(SQLModel, table=True):
    """A picture or file that a bulletin shows."""

    __tablename__ = "bulletin_file"

    bulletin_id: int = Field(foreign_key="bulletin.id", primary_key=True)
    file_id: int = Field(foreign_key="file.id", primary_key=True, index=True)


class BulletinRecipient(SQLModel, table=True):
    """Somebody to whom a bulletin goes, and what became of it."""

    __tablename__ = "bulletin_recipient"
    __table_args__ = (
        UniqueConstraint("bulletin_id", "person_id"),
        Index(None, "bulletin_id", "state", "id"),
        Index(None, "state", "id"),
        NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True)
    bulletin_id: int = Field(foreign_key="bulletin.id")
    person_id: int = Field(foreign_key="person.id", index=True)
    membership_id: int = Field(foreign_key="membership.id", index=True)
    """The place for which they were chosen."""
    state: RecipientState = Field(sa_type=word_type(RecipientState))
    received_at: datetime | None = None
    """When they pressed 收到, the first time."""
    reminded_at: datetime | None = None


class BulletinReply(SQLModel, table=True):
    """What a recipient replied to a bulletin, or what the office answered. Rows are only added."""

    __tablename__ = "bulletin_reply"
    __table_args__ = (Index(None, "recipient_id", "id"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    recipient_id: int = Field(foreign_key="bulletin_recipient.id")
    step: ReplyStep = Field(sa_type=word_type(ReplyStep))
    person_id: int = Field(foreign_key="person.id", index=True)
    """Who said it, or settled it."""
    words: str = Field(default="", max_length=500)
    at: datetime

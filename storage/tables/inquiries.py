"""What people asked, what offices answered, and what a model was asked."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from storage.tables.base import NEVER_AGAIN, json_type, word_type


class InquiryState(StrEnum):
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


class Inquiry(SQLModel, table=True):
    """What somebody asked, without what would name anybody, and what the office answered."""

    __tablename__ = "question"
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
    state: InquiryState = Field(default=InquiryState.ASKED, sa_type=word_type(InquiryState))
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
    asks: list[str] = Field(sa_type=json_type())
    """How it is asked for."""
    says: str = Field(default="", max_length=2000)
    clause: str = Field(default="", max_length=120)
    state: CuratedState = Field(default=CuratedState.PROPOSED, sa_type=word_type(CuratedState))
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
    programmes: list[str] = Field(sa_type=json_type())
    """The packs' keys."""
    words: str = Field(max_length=300)
    """The question, without what would name anybody."""
    evidence: list[Any] = Field(sa_type=json_type())
    """What the answer may rest on."""
    cards: list[Any] = Field(sa_type=json_type())
    """The composed answers as they were shown: each with its topic, and the message's body."""
    state: AdviceState = Field(default=AdviceState.WANTED, sa_type=word_type(AdviceState))
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

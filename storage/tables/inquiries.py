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
    """The latest question of its chat: kept for follow-ups and for 没帮到我."""
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
    """The model's words replaced the composed answer."""
    REFUSED = "refused"
    """The model's reply was rejected."""
    FAILED = "failed"
    """There was no reply, or none in time, or the model was not asked."""


class Inquiry(SQLModel, table=True):
    """A question, without names, or a request about a person's data, which names them; and the
    office's answer."""

    __tablename__ = "question"
    __table_args__ = (
        Index(None, "account_id", "state"),
        Index(None, "state", "programme"),
        NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int | None = Field(default=None, foreign_key="account.id")
    """The chat that gets the answer; empty once it has been sent."""
    programme: str = Field(default="", max_length=60)
    """The pack's key: while ASKED, of the programme that the question is about; afterwards, of the
    programme whose office it waits for. Empty for several."""
    office_id: int | None = Field(default=None, foreign_key="unit.id")
    """The office for which it waits; empty where the cohort has none."""
    role: str = Field(default="", max_length=24)
    """The asker's role there."""
    about_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    """Whose data are to be corrected or erased; empty for a question."""
    words: str = Field(max_length=300)
    topic: str = Field(default="", max_length=60)
    """The topic that was understood; empty if none."""
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
    office_id: int | None = Field(default=None, foreign_key="unit.id")
    """The office that wrote it: it holds there and below; everywhere if empty."""
    topic: str = Field(default="", max_length=60)
    """The topic that is asked for; empty for an answer of its own."""
    title: str = Field(default="", max_length=60)
    asks: list[str] = Field(sa_type=json_type())
    """The wordings that ask for it."""
    says: str = Field(default="", max_length=2000)
    clause: str = Field(default="", max_length=120)
    state: CuratedState = Field(default=CuratedState.PROPOSED, sa_type=word_type(CuratedState))
    question_id: int | None = Field(default=None, foreign_key="question.id", index=True)
    """The question that it answers."""
    written_by: int | None = Field(default=None, foreign_key="person.id")
    written_at: datetime
    published_by: int | None = Field(default=None, foreign_key="person.id")
    published_at: datetime | None = None


class Advice(SQLModel, table=True):
    """A request to a model about a question whose composed answer may have missed the point.

    The texts are emptied once it is settled; the cost stays.
    """

    __table_args__ = (Index(None, "state", "id"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    language: str = Field(default="zh", max_length=8)
    programmes: list[str] = Field(sa_type=json_type())
    """The packs' keys."""
    words: str = Field(max_length=300)
    """The question, without names."""
    evidence: list[Any] = Field(sa_type=json_type())
    """The evidence that the answer may rest on."""
    cards: list[Any] = Field(sa_type=json_type())
    """The composed answers as they were shown: each with its topic, and the message's body."""
    state: AdviceState = Field(default=AdviceState.WANTED, sa_type=word_type(AdviceState))
    parts: int = 0
    """How many parts of a reply that was still being written have been shown."""
    card: str = Field(default="", max_length=60)
    """The card that shows them."""
    asked_at: datetime = Field(index=True)
    done_at: datetime | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    """While it is being asked, the most it may cost; then what it did cost."""
    why: str = Field(default="", max_length=24)
    """Why there was no usable reply, in one word."""

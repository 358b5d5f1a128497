"""The runtime: chats, raw updates, talks, and messages on their way."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.base import NEVER_AGAIN, json_type, word_type


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
    DROPPED = "dropped"
    """Its condition no longer held when its turn came: it was not sent."""
    ASIDE = "aside"
    """Set aside with an alarm: its condition could not be checked, so it was not sent."""


class Lane(StrEnum):
    """Replies go before notices, so that a broadcast never delays an answer."""

    REPLY = "a_reply"
    NOTICE = "b_notice"
    LAST = "c_last"
    """What holds nobody up and keeps no order: menus of commands, and messages that the platform
    has not served again and again."""


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
    offered: list[Any] = Field(default_factory=list, sa_type=json_type())
    """What the last message offered, as [label, press, about]: typed words may mean it."""
    created_at: datetime


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
    """Empty once it is handled, and from the beginning where the sender's words may not be kept.
    The key stays, so that a repeated update is still known."""
    received_at: datetime
    state: UpdateState = Field(default=UpdateState.WAITING, sa_type=word_type(UpdateState))
    error: str = Field(default="", max_length=500)


class SaidLine(SQLModel, table=True):
    """A person's own line in a chat whose history is ours to show: kept for that, knowingly."""

    __tablename__ = "said"
    __table_args__ = (Index(None, "account_id", "at"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    at: datetime
    raw: str
    """The update as it came."""


class StoredTalk(SQLModel, table=True):
    """A talk under way, or put down: its journal is the draft."""

    __tablename__ = "conversation"
    __table_args__ = (Index(None, "person_id", "state"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    flow: str = Field(max_length=40)
    person_id: int | None = Field(default=None, foreign_key="person.id")
    """Whose draft it is, on whichever device; empty before they have joined."""
    account_id: int = Field(foreign_key="account.id", index=True)
    """The chat that it was last held in."""
    about: dict[str, Any] = Field(sa_type=json_type())
    """What the flow was told when it began or was taken up again."""
    journal: dict[str, Any] = Field(sa_type=json_type())
    state: TalkState = Field(sa_type=word_type(TalkState))
    work: dict[str, Any] | None = Field(default=None, sa_type=json_type())
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
    lane: Lane = Field(default=Lane.REPLY, sa_type=word_type(Lane))
    body: dict[str, Any] = Field(sa_type=json_type())
    state: SendState = Field(default=SendState.WAITING, sa_type=word_type(SendState))
    tries: int = 0
    not_before: datetime
    created_at: datetime
    """When it enters the chat: for a notice that is to be sent later, that moment."""
    sent_at: datetime | None = None
    error: str = Field(default="", max_length=200)
    why: dict[str, Any] | None = Field(default=None, sa_type=json_type())
    """The rule that sends a notice: `{"programme", "path", "clause"}`."""
    condition: dict[str, Any] | None = Field(default=None, sa_type=json_type())
    """What must still hold when a notice is sent: `{"name", "args"}`."""
    offers: list[Any] | None = Field(default=None, sa_type=json_type())
    """What a notice offers, as `Account.offered`: it may be typed once the notice is sent."""
    shown: str | None = Field(default=None, max_length=64)
    """The platform's id of the message that shows it, once it was sent."""

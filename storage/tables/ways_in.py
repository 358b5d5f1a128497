"""Invitations, sign-in links, signed-in browsers, and tries at codes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel


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

"""Certificates: the keys that sign them, what was certified, and what was revoked."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Column, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel


class SigningKey(SQLModel, table=True):
    """The public half of a key that signs certificates; the private half is a file. The latest one
    signs, all of them verify."""

    __tablename__ = "signing_key"

    id: int | None = Field(default=None, primary_key=True)
    public: bytes = Field(sa_column=Column(LargeBinary(32), unique=True, nullable=False))
    """An Ed25519 public key."""
    made_at: datetime
    stolen_on: date | None = None
    """Since when others may have had the private half; empty as long as nobody has said so."""


class Certificate(SQLModel, table=True):
    """A certificate that was issued, or a proof of hours. Nothing of it is changed; its PDF is
    added once made."""

    __table_args__ = (
        UniqueConstraint("cohort_id", "proof", "nth"),
        # Each learner has one certificate; another only after the one before was revoked.
        UniqueConstraint("member_id", "proof", "issue"),
    )

    id: int | None = Field(default=None, primary_key=True)
    cohort_id: int = Field(foreign_key="cohort.id")
    proof: str = Field(default="", max_length=24)
    """Which hours it proves, of a member who teaches; empty for a learner's certificate."""
    nth: int
    """Its number among those of the cohort and its kind, from 1, without gaps."""
    member_id: int = Field(foreign_key="membership.id")
    issue: int = 1
    """1 for the member's first of its kind, 2 for the next."""
    evaluation_id: int | None = Field(default=None, foreign_key="evaluation.id")
    """Whose outcome it rests on; a proof rests on sessions."""
    version: int = 0
    """The version of that evaluation."""
    number: str = Field(max_length=80, unique=True)
    """The number that is printed on it."""
    token: str = Field(max_length=4000)
    """The facts certified and their signature; empty once the person was erased."""
    token_hash: bytes = Field(sa_column=Column(LargeBinary(32), unique=True, nullable=False))
    key_id: int = Field(foreign_key="signing_key.id")
    file_id: int | None = Field(default=None, foreign_key="file.id")
    """Its PDF, once made."""
    issued_by: int | None = Field(default=None, foreign_key="person.id")
    """Who issued it; empty where it was the operator."""
    issued_at: datetime


class Revocation(SQLModel, table=True):
    """That a certificate holds no more, and why. Never changed."""

    certificate_id: int = Field(foreign_key="certificate.id", primary_key=True)
    reason: str = Field(max_length=500)
    revoked_by: int | None = Field(default=None, foreign_key="person.id")
    at: datetime

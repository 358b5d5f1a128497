"""Audit rows: who did, or tried to do, what. They are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from bot.talk.acting import Actor, Operator, Refused
from storage.statements import Prepared
from storage.tables import Audit, table


def note(
    db: Session,
    actor: Actor | Operator,
    verb: str,
    object: str = "",
    object_id: int | None = None,
    version: int | None = None,
    **detail: Any,
) -> None:
    """Record an act, in the transaction that does it."""
    _write(
        db,
        at=actor.now,
        person_id=actor.person_id,
        account_id=actor.account_id,
        verb=verb,
        object=object,
        object_id=object_id,
        version=version,
        detail=detail,
    )


def note_refusal(
    db: Session,
    refused: Refused,
    now: datetime,
    person_id: int | None = None,
    account_id: int | None = None,
) -> None:
    """Record a refused act, after its effects have been undone."""
    _write(
        db,
        at=now,
        person_id=person_id,
        account_id=account_id,
        verb=refused.verb,
        object=refused.object,
        object_id=refused.object_id,
        refused=refused.words.key,
    )


_insert = Prepared(
    insert(table(Audit)).inline(),
    *("at", "person_id", "account_id", "verb", "object", "object_id"),
    *("version", "refused", "detail"),
)


def _write(db: Session, **row: Any) -> None:
    # Inserted without an ORM object: nobody reads it back.
    _insert.run(db, **{"version": None, "refused": "", "detail": {}, **row})

"""Audit rows: who did, or tried to do, what.

Rows are only ever added. The only free words in them are the reasons of acts. A reason may be
erased: the row then keeps the reason's salted hash, so that the seals over the audit still hold
(`services/sealing.py`).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, or_
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Operator, Refused
from storage.statements import Prepared
from storage.tables import Audit, table

REASON: Final = "reason"
SALT: Final = "salt"
"""The salt that is hashed with the reason. It is erased with it, so that nobody can find out the
reason by trying."""
REASON_HASH: Final = "reason_hash"
"""The key under which the hash of an erased reason is kept. Erasing a reason is the only change
that the database allows (migration 0015)."""


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
    if REASON in detail:
        detail[SALT] = secrets.token_hex(16)
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


# ---------------------------------------------------------------- erasing words, keeping rows


def without_words(db: Session, person_id: int, places: Collection[int]) -> None:
    """Erase the reasons in the rows about a person. Which acts were done, and when, stays."""
    about = or_(
        (col(Audit.object) == "membership") & col(Audit.object_id).in_(places),
        (col(Audit.object) == "person") & (col(Audit.object_id) == person_id),
    )
    for row in db.exec(select(Audit).where(about)):
        if REASON in row.detail:
            row.detail = hashed(row.detail)
            db.add(row)


def hashed(detail: Mapping[str, Any]) -> dict[str, Any]:
    """A row's detail with the hash of its reason in place of the reason."""
    kept = dict(detail)
    if REASON in kept:
        kept[REASON_HASH] = digest(kept.pop(SALT, ""), kept.pop(REASON))
    return kept


def digest(*parts: Any) -> str:
    """One hash of several values, which are written so that no two lists look alike."""
    written = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()

"""Seals over the audit: a chain of hashes that shows what was changed of it afterwards.

Rows are written as ever. Every few minutes, and at each backup, what has been added since is
sealed: the hashes of its rows, the hash of the seal before, the time. Who changes, removes or
inserts a row, or drops a seal, breaks the chain; who writes the whole chain anew is found out by
a seal's hash that was noted elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, func, text
from sqlmodel import Session, col, select

from services import audit
from storage.tables import Audit, AuditSeal, table

MOST: Final = 500
"""Rows of one seal, and so of one transaction."""
AT_ONCE: Final = 10
"""Seals that are verified in one transaction."""
MARK: Final = 16
"""Signs of a row's hash that a seal remembers, to say which row a fault is in."""
ENOUGH: Final = 16
"""Signs of a seal's hash that name it when it is noted by hand."""
_rows = table(Audit)


# ---------------------------------------------------------------- sealing


def settled(db: Session) -> int:
    """The last row's number. No row with a lower one can appear any more once this is committed.

    On PostgreSQL numbers are given before their rows are committed, so it waits until those who
    are writing have done so. Raises what the database raises if that takes too long.
    """
    if db.connection().dialect.name == "postgresql":
        db.connection().execute(text("SET LOCAL lock_timeout = '2s'"))
        db.connection().execute(text("LOCK TABLE audit IN SHARE MODE"))
    return db.exec(select(func.max(Audit.id))).one() or 0


def seal(db: Session, upto: int, now: datetime) -> AuditSeal | None:
    """Seal the next rows up to one that is settled; `None` if there are none.

    Killed at any point, it has sealed a whole part or nothing of it.
    """
    if db.connection().dialect.name == "postgresql":
        db.connection().execute(text("LOCK TABLE audit_seal IN SHARE ROW EXCLUSIVE MODE"))
    last = newest(db)
    query = select(*_rows.c).where(_rows.c.id <= upto).order_by(_rows.c.id).limit(MOST)
    if last is not None:
        query = query.where(_rows.c.id > last.upto)
    rows = db.connection().execute(query).all()
    if not rows:
        return None
    leaves = {row.id: leaf(row) for row in rows}
    made = AuditSeal(
        number=last.number + 1 if last else 1,
        upto=rows[-1].id,
        rows=len(rows),
        root=audit.digest("rows", *leaves.values()),
        previous=last.hash if last else "",
        at=now,
        hash="",
        marks=[[number, whole[:MARK]] for number, whole in leaves.items()],
    )
    made.hash = _hash(made)
    db.add(made)
    return made


def newest(db: Session) -> AuditSeal | None:
    """The last seal: the hash to be noted elsewhere."""
    return db.exec(select(AuditSeal).order_by(col(AuditSeal.number).desc())).first()


def leaf(row: Row[Any]) -> str:
    """A row's hash, the same before and after its words were erased."""
    detail = audit.hashed(row.detail) if isinstance(row.detail, Mapping) else row.detail
    return audit.digest(
        *("row", row.id, _moment(row.at), row.person_id, row.account_id, row.verb),
        *(row.object, row.object_id, row.version, row.refused, detail),
    )


def _hash(one: AuditSeal) -> str:
    return audit.digest(
        "seal", one.number, one.upto, one.rows, one.root, one.previous, _moment(one.at)
    )


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


# ---------------------------------------------------------------- verifying


class FaultKind(StrEnum):
    CHANGED = "changed"
    """A row is not what was sealed."""
    REMOVED = "removed"
    INSERTED = "inserted"
    ROWS = "rows"
    """The rows of a seal are not those that were sealed; it cannot be said which."""
    SEAL_CHANGED = "seal_changed"
    SEAL_MISSING = "seal_missing"
    BROKEN = "broken"
    """A seal does not follow from the one before."""
    NOT_NOTED = "not_noted"
    """No seal has the hash that was noted elsewhere."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where."""

    kind: FaultKind
    seal: int
    row: int | None = None
    after: datetime | None = None
    """The row was written after this moment, as far as seals tell …"""
    before: datetime | None = None
    """… and before this one."""


@dataclass(slots=True)
class Verification:
    """How far verifying has come, and what was found."""

    anchor: str = ""
    seals: int = 0
    rows: int = 0
    """Rows that seals cover."""
    unsealed: int = 0
    """Rows added since the last seal."""
    erased: int = 0
    """Rows whose words were erased: their hash speaks for them."""
    last: AuditSeal | None = None
    anchored: int = 0
    """The seal whose hash was noted; 0 if none was asked for or found."""
    faults: list[Fault] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.faults


def verify(db: Session, so_far: Verification) -> bool:
    """Verify the next seals with their rows; tells whether there is more to verify.

    What is sealed does not change, so each part may be verified in a transaction of its own.
    """
    found = db.exec(
        select(AuditSeal)
        .where(AuditSeal.number > (so_far.last.number if so_far.last else 0))
        .order_by(col(AuditSeal.number))
        .limit(AT_ONCE)
    ).all()
    if not found:
        _finish(db, so_far)
        return False
    for one in found:
        _verify_seal(db, so_far, one)
        so_far.last = one
    return True


def _verify_seal(db: Session, so_far: Verification, one: AuditSeal) -> None:
    last = so_far.last
    expected = last.number + 1 if last else 1
    for missing in range(expected, one.number):
        so_far.faults.append(Fault(FaultKind.SEAL_MISSING, missing))
    in_order = expected == one.number
    if _hash(one) != one.hash:
        so_far.faults.append(Fault(FaultKind.SEAL_CHANGED, one.number))
    elif in_order and one.previous != (last.hash if last else ""):
        so_far.faults.append(Fault(FaultKind.BROKEN, one.number))
    if so_far.anchor and one.hash.startswith(so_far.anchor):
        so_far.anchored = one.number
    query = select(*_rows.c).where(_rows.c.id <= one.upto).order_by(_rows.c.id)
    if last is not None:
        query = query.where(_rows.c.id > last.upto)
    rows = db.connection().execute(query).all()
    so_far.seals += 1
    so_far.rows += len(rows)
    so_far.erased += sum(
        isinstance(row.detail, Mapping) and audit.REASON_HASH in row.detail for row in rows
    )
    leaves = {row.id: leaf(row) for row in rows}
    # Without the seal before, it is not known where this one begins.
    if in_order and audit.digest("rows", *leaves.values()) != one.root:
        found = list(_differences(leaves, one))
        known = [
            Fault(kind, one.number, row, last.at if last else None, one.at) for kind, row in found
        ]
        so_far.faults += known or [Fault(FaultKind.ROWS, one.number)]


def _differences(leaves: Mapping[int, str], one: AuditSeal) -> Iterator[tuple[FaultKind, int]]:
    marks = dict(one.marks)
    for number in sorted(leaves.keys() | marks.keys()):
        if number not in leaves:
            yield FaultKind.REMOVED, number
        elif number not in marks:
            yield FaultKind.INSERTED, number
        elif leaves[number][:MARK] != marks[number]:
            yield FaultKind.CHANGED, number


def _finish(db: Session, so_far: Verification) -> None:
    after = so_far.last.upto if so_far.last else None
    query = select(func.count()).select_from(_rows)
    if after is not None:
        query = query.where(_rows.c.id > after)
    so_far.unsealed = int(db.connection().execute(query).scalar_one())
    if so_far.anchor and not so_far.anchored:
        so_far.faults.append(Fault(FaultKind.NOT_NOTED, 0))

"""What guardians do: see their children, consent to their records being kept, take it back."""

from __future__ import annotations

from sqlmodel import Session, col, select

from bot.talk.acting import Actor
from services import audit
from services.access import allow, any_of
from storage.tables import Guardianship, Person


def children(db: Session, actor: Actor) -> list[tuple[Guardianship, Person]]:
    """The children whom the actor answers for. Raises `Refused` if there are none."""
    any_of(db, actor, "children")
    rows = db.exec(
        select(Guardianship, Person)
        .join(Person, col(Person.id) == col(Guardianship.child_id))
        .where(Guardianship.guardian_id == actor.person_id)
        .order_by(col(Guardianship.id))
    )
    return list(rows)


def give(db: Session, actor: Actor, child_id: int) -> None:
    """Consent to a child's records being kept. Raises `Refused` for anybody but the guardian."""
    link = _link(db, actor, child_id, "consent")
    link.consented_at, link.withdrawn_at = actor.now, None
    db.add(link)
    audit.note(db, actor, "consent", "person", child_id)


def take_back(db: Session, actor: Actor, child_id: int) -> None:
    """Withdraw a consent: nothing more is kept. Raises `Refused` for anybody but the guardian."""
    link = _link(db, actor, child_id, "withdraw_consent")
    link.withdrawn_at = actor.now
    db.add(link)
    audit.note(db, actor, "withdraw_consent", "person", child_id)


def _link(db: Session, actor: Actor, child_id: int, act: str) -> Guardianship:
    allow(db, actor, act, child_id)
    link = select(Guardianship).where(
        Guardianship.child_id == child_id, Guardianship.guardian_id == actor.person_id
    )
    return db.exec(link).one()

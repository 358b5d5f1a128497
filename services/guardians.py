"""What guardians do: list their children, give consent, withdraw it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.scene import TO_MENU
from bot.talk.acting import Actor
from bot.talk.clock import beijing_day
from bot.talk.message import Message
from prompts import t
from services import audit, ending, notices
from services.access import LEARNERS, allow, any_of, learner_at, memberships
from services.consent import given, needed
from services.packs import load
from storage.tables import File, Guardianship, Membership, Person, Record

_NOW: Final = col(Guardianship.ended_at).is_(None)


def children(db: Session, actor: Actor) -> list[tuple[Guardianship, Person]]:
    """The actor's children. Raises `Refused` if there are none."""
    any_of(db, actor, "children")
    rows = db.exec(
        select(Guardianship, Person)
        .join(Person, col(Person.id) == col(Guardianship.child_id))
        .where(Guardianship.guardian_id == actor.person_id, _NOW)
        .order_by(col(Guardianship.id))
    )
    return list(rows)


def awaited(db: Session, actor: Actor) -> list[int]:
    """The children of the actor's who wait for consent."""
    mine = select(Guardianship).where(Guardianship.guardian_id == actor.person_id, _NOW)
    links = db.exec(mine)
    return [
        link.child_id
        for link in links
        if (link.consented_at is None or link.withdrawn_at is not None)
        and asked_for(db, actor, link)
    ]


def only_awaited(db: Session, actor: Actor) -> int | None:
    """The one child who waits for consent; `None` where there is none, or which is not clear."""
    found = awaited(db, actor)
    return found[0] if len(found) == 1 else None


def asked_for(db: Session, actor: Actor, link: Guardianship) -> bool:
    """Whether consent is a question here: the child's records need it, or it was given once."""
    if link.consented_at is not None:
        return True
    today = beijing_day(actor.now)
    places = [p for p in memberships(db, link.child_id) if p.role in LEARNERS]
    learners = [learner_at(db, place.id or 0) for place in places]
    return not learners or any(
        needed(one.birth_date, one.grade, load(one.programme), today) for one in learners
    )


def in_force(db: Session, link: Guardianship) -> bool:
    """Whether the child's records may be kept: another guardian may have withdrawn."""
    return given(db, link.child_id)


def give(db: Session, actor: Actor, child_id: int) -> None:
    """Consent to a child's records being kept. Raises `Refused` for anybody but the guardian."""
    link = _link(db, actor, child_id, "consent")
    link.consented_at, link.withdrawn_at = actor.now, None
    db.add(link)
    audit.note(db, actor, "consent", "person", child_id)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a withdrawal did, and what is still kept."""

    child: str
    drafts: int
    """Talks that were deleted, half done."""
    records: int
    files: int


def take_back(db: Session, actor: Actor, child_id: int) -> Receipt:
    """Withdraw a consent: nothing more is kept, an open form neither, and the child is told.

    Raises `Refused` for anybody but the guardian.
    """
    link = _link(db, actor, child_id, "withdraw_consent")
    link.withdrawn_at = actor.now
    db.add(link)
    db.flush()
    drafts = ending.drop_talks(db, child_id, as_learner=True)
    ending.forget_chats(db, child_id)
    places = select(col(Membership.id)).where(col(Membership.person_id) == child_id)
    count = select(func.count()).select_from(Record).where(col(Record.student_id).in_(places))
    files = select(func.count()).select_from(File).where(File.owner_id == child_id)
    child = cast(Person, db.get(Person, child_id))
    receipt = Receipt(child.name, drafts, db.exec(count).one(), db.exec(files).one())
    told = Message(t("consent.told_withdrawn"), ((TO_MENU,),))
    notices.tell(db, actor, child_id, told, f"withdrawn:{link.id}:{actor.now.isoformat()}")
    audit.note(db, actor, "withdraw_consent", "person", child_id)
    return receipt


def may_take_back(db: Session, actor: Actor, child_id: int) -> Person:
    """The child, if the actor may withdraw a consent for it. Raises `Refused`."""
    allow(db, actor, "withdraw_consent", child_id)
    return cast(Person, db.get(Person, child_id))


def _link(db: Session, actor: Actor, child_id: int, act: str) -> Guardianship:
    allow(db, actor, act, child_id)
    link = select(Guardianship).where(
        Guardianship.child_id == child_id, Guardianship.guardian_id == actor.person_id
    )
    return db.exec(link).one()

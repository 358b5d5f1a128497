"""What guardians do: list their children, give consent, withdraw it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final, Literal, cast

from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.scene import TO_MENU
from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Message, press
from prompts import BEIJING, language_named, t
from services import audit, ending, notices
from services.access import LEARNERS, allow, any_of, learner_at, memberships
from services.consent import PAPER, given, keep_words, needed, stands
from services.packs import load
from services.roster import Member
from storage.tables import Account, ConsentText, File, Guardianship, Membership, Person, Record

ConsentStanding = Literal["given", "stopped", "changed", "withdrawn", "other", "awaited"]
"""How a child's consent stands. `stopped`: this guardian consents and another one has withdrawn.
`other`: another guardian has consented."""
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
    return [link.child_id for link in links if not stands(link) and asked_for(db, actor, link)]


def asked_for(db: Session, actor: Actor, link: Guardianship) -> bool:
    """Whether consent matters for a child: the child's records need it, or a guardian once gave
    it. Raises `Refused` if the pack cannot be read."""
    if link.consented_at is not None:
        return True
    today = beijing_day(actor.now)
    places = [p for p in memberships(db, link.child_id) if p.role in LEARNERS]
    learners = [learner_at(db, place.id or 0) for place in places]
    return not learners or any(
        needed(one.birth_date, one.grade, load(one.programme), today) for one in learners
    )


def standing(db: Session, link: Guardianship) -> ConsentStanding:
    """How a child's consent stands, as one of its guardians is told."""
    kept = given(db, link.child_id)
    if stands(link):
        return "given" if kept else "stopped"
    if link.withdrawn_at is not None:
        return "withdrawn"
    if link.consented_at is not None:
        return "changed"
    return "other" if kept else "awaited"


def standing_for(db: Session, actor: Actor, child_id: int) -> ConsentStanding | None:
    """As `standing`, for a child of the actor's; `None` for anybody else."""
    mine = select(Guardianship).where(
        Guardianship.child_id == child_id, Guardianship.guardian_id == actor.person_id, _NOW
    )
    link = db.exec(mine).first()
    return None if link is None else standing(db, link)


def ask(db: Session, by: Actor | Operator, child_id: int) -> None:
    """Ask those guardians for consent who have joined, if the child's records need it."""
    child = cast(Person, db.get(Person, child_id))
    waiting = select(Guardianship).where(Guardianship.child_id == child_id, _NOW)
    look = Choice(press("children"), t("command.children.label"), weight="primary")
    for link in db.exec(waiting):
        if not stands(link):
            told = Message(t("consent.asked", name=child.name), ((look,),))
            notices.tell(db, by, link.guardian_id, told, f"consent-asked:{link.id}")


def _tell_child(db: Session, by: Actor | Operator, link: Guardianship, *, kept: bool) -> None:
    """Tell a child of whom nothing was kept before that they may begin."""
    if kept or not given(db, link.child_id):
        return
    told = Message(t("consent.told_given"), ((TO_MENU,),))
    notices.tell(db, by, link.child_id, told, f"consented:{link.id}:{by.now.isoformat()}")


def give(db: Session, actor: Actor, child_id: int) -> None:
    """Consent to a child's records being kept, in the words that are said now. Raises `Refused`
    for anybody but the guardian."""
    link = _link(db, actor, child_id, "consent")
    before = given(db, child_id)
    here = db.get(Account, actor.account_id) if actor.account_id is not None else None
    link.consented_at, link.withdrawn_at = actor.now, None
    link.consent_version = keep_words(db, language_named(here.language if here else ""), actor.now)
    link.consent_way = here.platform if here else ""
    db.add(link)
    db.flush()
    _tell_child(db, actor, link, kept=before)
    audit.note(db, actor, "consent", "person", child_id, **_how(link))


def _how(link: Guardianship) -> dict[str, Any]:
    return {"text": link.consent_version, "way": link.consent_way}


def record_paper(
    db: Session, by: Operator, child: Member, guardian: Member, signed_on: date
) -> str:
    """Record a consent that a guardian signed on paper, in the words of today; they are told.
    Returns the version of the words.

    Raises `Refused` if they are not linked, on a day to come, and before a withdrawal.
    """
    verb, child_id = "consent", child.person.id
    link = db.exec(
        select(Guardianship).where(
            Guardianship.child_id == child_id, Guardianship.guardian_id == guardian.person.id, _NOW
        )
    ).first()
    names = {"student": child.person.name, "other": guardian.person.name}
    if link is None:
        raise Refused(
            t("roster.not_linked", **names), verb=verb, object="person", object_id=child_id
        )
    at = by.now
    if signed_on > beijing_day(at):
        raise Refused(t("consent.paper_to_come"), verb=verb, object="person", object_id=child_id)
    if signed_on < beijing_day(at):
        at = datetime.combine(signed_on, time(12), BEIJING)
    if link.withdrawn_at is not None and link.withdrawn_at >= at:
        words = t("consent.paper_withdrawn", at=link.withdrawn_at, **names)
        raise Refused(words, verb=verb, object="person", object_id=child_id)
    before = given(db, link.child_id)
    link.consented_at, link.withdrawn_at = at, None
    link.consent_version, link.consent_way = keep_words(db, "zh", by.now), PAPER
    db.add(link)
    db.flush()
    _tell_child(db, by, link, kept=before)
    audit.note(db, by, verb, "person", child_id, guardian=link.guardian_id, **_how(link))
    told = Message(t("consent.paper_told", name=child.person.name, day=signed_on), ((TO_MENU,),))
    notices.tell(db, by, link.guardian_id, told, f"paper:{link.id}:{by.now.isoformat()}")
    return link.consent_version


def text_of(db: Session, link: Guardianship) -> str:
    """The words that a guardian consented to; empty where they are not known."""
    kept = db.get(ConsentText, link.consent_version) if link.consent_version else None
    return kept.words if kept else ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a withdrawal did, and what is still kept."""

    child: str
    drafts: int
    """How many unfinished talks were deleted."""
    records: int
    files: int


def take_back(db: Session, actor: Actor, child_id: int) -> Receipt:
    """Withdraw a consent: from now on nothing is kept, no open form either. The child is told.
    Raises `Refused` for anybody but the guardian."""
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

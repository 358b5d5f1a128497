"""A guardian's consent: below 14, nothing beyond the binding is kept before it is given.

National law on the personal data of children asks for it, no programme document does; which
grades it concerns stands in each programme's pack.
"""

from __future__ import annotations

from datetime import date

from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from programmes.model import Programme
from programmes.values import Consent, Grade
from prompts import t
from services import audit
from services.access import LearnerPlace
from storage.tables import Guardianship, Person


def needed(born: date | None, grade: str, programme: Programme, today: date) -> bool:
    """Whether such a learner's records may only be kept with a guardian's consent."""
    if born is not None:
        return _years(born, today) < 14
    try:
        known = Grade(grade)
    except ValueError:
        return bool(programme.guardian_consent)
    asked = programme.guardian_consent.get(known, Consent.NOT_ASKED)
    # Where some of a grade are under 14 and this one's age is not known, the careful reading.
    return asked is not Consent.NOT_ASKED


def may_keep(db: Session, learner: LearnerPlace, programme: Programme, today: date) -> bool:
    """Whether records of this learner may be kept now."""
    if not needed(learner.birth_date, learner.grade, programme, today):
        return True
    return standing(db, learner.person_id) is not None


def standing(db: Session, child_id: int) -> Guardianship | None:
    """A consent that is given and not withdrawn."""
    return db.exec(
        select(Guardianship).where(
            Guardianship.child_id == child_id,
            col(Guardianship.consented_at).is_not(None),
            col(Guardianship.withdrawn_at).is_(None),
        )
    ).first()


def children(db: Session, guardian_id: int) -> list[tuple[Guardianship, Person]]:
    """The children somebody answers for."""
    rows = db.exec(
        select(Guardianship, Person)
        .join(Person, col(Person.id) == col(Guardianship.child_id))
        .where(Guardianship.guardian_id == guardian_id)
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


def _link(db: Session, actor: Actor, child_id: int, verb: str) -> Guardianship:
    link = db.exec(
        select(Guardianship).where(
            Guardianship.child_id == child_id, Guardianship.guardian_id == actor.person_id
        )
    ).first()
    if link is None:
        raise Refused(t("consent.not_your_child"), verb=verb, object="person", object_id=child_id)
    return link


def _years(born: date, today: date) -> int:
    """Full years of age: a birthday on 29 February is kept on 1 March."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))

"""A guardian's consent: below 14, nothing beyond the binding is kept before it is given.

National law on the personal data of children asks for it, no programme document does; which
grades it concerns stands in each programme's pack.
"""

from __future__ import annotations

from datetime import date

from sqlmodel import Session, col, select

from programmes.model import Programme
from programmes.values import Consent, Grade
from storage.tables import Guardianship


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


def standing(db: Session, child_id: int) -> Guardianship | None:
    """A consent that is given and not withdrawn."""
    return db.exec(
        select(Guardianship).where(
            Guardianship.child_id == child_id,
            col(Guardianship.consented_at).is_not(None),
            col(Guardianship.withdrawn_at).is_(None),
        )
    ).first()


def _years(born: date, today: date) -> int:
    """Full years of age: a birthday on 29 February is kept on 1 March."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))

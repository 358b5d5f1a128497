"""A guardian's consent: below 14, only the binding is stored before consent is given.

National law on children's personal data requires it; no programme document does. Each pack says
which grades it concerns.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Insert, Select, bindparam, exists, select
from sqlmodel import Session, col

from programmes.model import Programme
from programmes.values import Consent, Grade
from prompts import Language, catalogue
from storage.statements import Prepared
from storage.tables import ConsentText, Guardianship, Membership, Role, table

NO_LONGER_ENOUGH: Final[frozenset[str]] = frozenset()
"""Versions of the words whose consents do not count any more: those before a change by which more
is kept, more people see it, or it is kept longer. They are asked for again (decision 0048)."""
PAPER: Final = "paper"
"""The way of a consent that was signed on paper and recorded by the office."""


def needed(born: date | None, grade: str, programme: Programme | None, today: date) -> bool:
    """Whether a guardian must consent before such a learner's records are kept; `programme` is
    `None` where its pack cannot be read."""
    if born is not None:
        return _years(born, today) < 14
    if programme is None:
        return True
    try:
        known = Grade(grade)
    except ValueError:
        return bool(programme.guardian_consent)
    asked = programme.guardian_consent.get(known, Consent.NOT_ASKED)
    # If the age is unknown and some of the grade may be under 14, consent is required.
    return asked is not Consent.NOT_ASKED


def given(db: Session, child_id: int) -> bool:
    """Whether a consent is in force: a guardian who answers for the child now has given it, and
    none has withdrawn theirs.

    Whoever answers no more neither consents nor forbids; but what they have withdrawn is given
    back only by a consent that comes later.
    """
    return _in_force([_Link(*row[:4]) for row in _links.all(db, child=child_id)])


def given_among(db: Session, children: Select[Any]) -> set[int]:
    """Those of some children for whom a consent is in force."""
    links: dict[int, list[_Link]] = defaultdict(list)
    found = db.connection().execute(_every_link.where(col(Guardianship.child_id).in_(children)))
    for consented_at, withdrawn_at, version, answers, child_id in found:
        links[child_id].append(_Link(consented_at, withdrawn_at, version, answers))
    return {child_id for child_id, theirs in links.items() if _in_force(theirs)}


def _in_force(links: Sequence[_Link]) -> bool:
    now = [link for link in links if link.answers]
    if any(link.withdrawn_at for link in now):
        return False
    withdrawn = max((link.withdrawn_at for link in links if link.withdrawn_at), default=None)
    return any(
        link.consented_at is not None
        and link.version not in NO_LONGER_ENOUGH
        and (withdrawn is None or link.consented_at > withdrawn)
        for link in now
    )


def stands(link: Guardianship) -> bool:
    """Whether what this guardian has said is a consent now."""
    return (
        link.consented_at is not None
        and link.withdrawn_at is None
        and link.consent_version not in NO_LONGER_ENOUGH
    )


# ---------------------------------------------------------------- the words


def words_of(language: Language) -> str:
    """What a guardian consents to, as it is said now."""
    return catalogue(language)["consent.terms"]


def version_of(words: str) -> str:
    """The version of such words: it changes with every sign of them."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def keep_words(db: Session, language: Language, now: datetime) -> str:
    """Keep the words as they are said now, so that they can be read again; returns their
    version."""
    words = words_of(language)
    version = version_of(words)
    _keep.run(db, version=version, language=language, words=words, since=now)
    return version


def _keep_once(insert: Callable[[Any], Any]) -> Insert:
    made: Insert = insert(table(ConsentText)).on_conflict_do_nothing()
    return made


_keep: Final = Prepared(_keep_once, "version", "language", "words", "since")


class _Link(NamedTuple):
    consented_at: datetime | None
    withdrawn_at: datetime | None
    version: str
    answers: bool
    """The guardian answers for the child now."""


_every_link: Final = select(
    col(Guardianship.consented_at),
    col(Guardianship.withdrawn_at),
    col(Guardianship.consent_version),
    col(Guardianship.ended_at).is_(None)
    & exists().where(
        col(Membership.person_id) == col(Guardianship.guardian_id),
        col(Membership.role) == Role.GUARDIAN,
        col(Membership.ended_at).is_(None),
    ),
    col(Guardianship.child_id),
)
_links: Final = Prepared(_every_link.where(col(Guardianship.child_id) == bindparam("child")))


def _years(born: date, today: date) -> int:
    """Full years of age: a birthday on 29 February is kept on 1 March."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))

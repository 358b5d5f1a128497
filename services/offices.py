"""Decides which office's documents and answers hold for whom.

Two offices may run cohorts of one programme. They share neither the questions that wait, nor
drafts, documents or answers. What an office above both publishes holds for both. A row without an
office holds everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from services.access import cohort_of, grants_of, memberships
from storage.tables import Membership, Unit


@dataclass(frozen=True, slots=True)
class Concern:
    """What is published for a person, by the offices of their own cohorts."""

    own: Mapping[str, frozenset[int] | None]
    """For each programme of theirs the offices whose word holds; `None`: every one's."""

    def shows(self, programme: str, office: int | None) -> bool:
        offices = self.own.get(programme)
        return office is None or offices is None or office in offices


@dataclass(frozen=True, slots=True)
class Desk:
    """What a coordinator looks after, by programme."""

    offices: Mapping[str, frozenset[int]]
    """The offices whose questions, drafts and documents are theirs."""
    writes_as: Mapping[str, int | None]
    """The office in whose name they publish."""

    def manages(self, programme: str, office: int | None) -> bool:
        return office is None or office in self.offices.get(programme, ())


def concerning(db: Session, person_id: int | None) -> Concern:
    """Which offices' documents and answers hold for a person."""
    own: dict[str, frozenset[int] | None] = {}
    for place in memberships(db, person_id) if person_id is not None else ():
        cohort = cohort_of(db, place)
        if cohort.office_id is None:
            own[cohort.programme] = None
        elif (known := own.get(cohort.programme, frozenset())) is not None:
            own[cohort.programme] = known | above(db, cohort.office_id)
    return Concern(own)


def desk(db: Session, person_id: int, act: str) -> Desk:
    """What a person looks after by an act on programmes."""
    offices: dict[str, frozenset[int]] = {}
    writes_as: dict[str, int | None] = {}
    for grant in sorted(grants_of(db, person_id, act), key=lambda one: one.place or 0):
        place = db.get(Membership, grant.place)
        if place is None:
            continue
        office = cohort_of(db, place).office_id
        mine = office
        if office is not None and place.unit_id in above(db, office):
            mine = place.unit_id
        programme = str(grant.thing)
        theirs = frozenset(one for one in (office, mine) if one is not None)
        offices[programme] = offices.get(programme, frozenset()) | theirs
        writes_as[programme] = mine
    return Desk(offices, writes_as)


def above(db: Session, unit_id: int) -> frozenset[int]:
    """A unit and all units above it."""
    found: set[int] = set()
    at: int | None = unit_id
    while at is not None and at not in found:
        found.add(at)
        unit = db.get(Unit, at)
        at = unit.parent_id if unit else None
    return frozenset(found)

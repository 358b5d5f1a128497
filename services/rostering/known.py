"""Who is on a cohort's roster now: looked up at once, so that planning holds no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.access import LEARNERS, REVIEWERS
from services.rostering.entries import name_key
from storage.tables import Cohort, Guardianship, Membership, Mentoring, Person, Role, Unit


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody on the roster, also one who has left."""

    id: int
    """The membership's."""
    person_id: int
    name: str
    born: date | None
    role: Role
    grade: str
    subject: str
    unit: str
    city: str
    """The unit's parent."""
    team: str
    ended_at: datetime | None

    @property
    def here(self) -> bool:
        return self.ended_at is None


class Roster:
    """A cohort's people, their links and guardians."""

    def __init__(
        self,
        cohort: Cohort,
        everybody: Sequence[Known],
        links: Sequence[tuple[int, int]],
        guardians: Sequence[tuple[int, str]],
    ) -> None:
        self.cohort = cast(int, cohort.id)
        self.programme = cohort.programme
        """The pack's key."""
        self.everybody = everybody
        self._named: dict[tuple[Role, str], list[Known]] = {}
        for one in everybody:
            self._named.setdefault((one.role, name_key(one.name)), []).append(one)
        self._links = set(links)
        self._students = Counter(mentor for _, mentor in links)
        self._guardians = {(child, name_key(name)) for child, name in guardians}

    def named(self, role: Role, name: str) -> Sequence[Known]:
        """Those of that name in a role, also those who have left."""
        return self._named.get((role, name_key(name)), ())

    def reviewers(self, name: str) -> list[Known]:
        """The mentors and team members of that name now."""
        found = [one for role in REVIEWERS for one in self.named(role, name)]
        return [one for one in found if one.here]

    def learners(self) -> Iterator[Known]:
        return (one for one in self.everybody if one.role in LEARNERS and one.here)

    def linked(self, student: int, mentor: int) -> bool:
        return (student, mentor) in self._links

    def students_of(self, mentor: int) -> int:
        """How many students a mentor has now."""
        return self._students[mentor]

    def has_guardian(self, child: int, name: str) -> bool:
        """Whether a person has a guardian of that name."""
        return (child, name_key(name)) in self._guardians


def look_up(db: Session, cohort: Cohort) -> Roster:
    """A cohort's roster as it is now."""
    here = db.connection()
    unit, above, team = aliased(Unit), aliased(Unit), aliased(Unit)
    places = sa.select(
        col(Membership.id),
        col(Membership.person_id),
        col(Person.name),
        col(Person.birth_date),
        col(Membership.role),
        col(Membership.grade),
        col(Membership.subject),
        sa.func.coalesce(col(unit.name), ""),
        sa.func.coalesce(col(above.name), ""),
        sa.func.coalesce(col(team.name), ""),
        col(Membership.ended_at),
    )
    places = (
        places.join(Person, col(Person.id) == col(Membership.person_id))
        .outerjoin(unit, col(unit.id) == col(Membership.unit_id))
        .outerjoin(above, col(above.id) == col(unit.parent_id))
        .outerjoin(team, col(team.id) == col(Membership.team_id))
        .where(col(Membership.cohort_id) == cohort.id)
        .order_by(col(Membership.id))
    )
    links = (
        sa.select(col(Mentoring.student_id), col(Mentoring.mentor_id))
        .join(Membership, col(Membership.id) == col(Mentoring.student_id))
        .where(
            col(Membership.cohort_id) == cohort.id,
            col(Membership.ended_at).is_(None),
            col(Mentoring.ended_at).is_(None),
            col(Mentoring.stands_in_for).is_(None),
        )
    )
    theirs = sa.select(col(Membership.person_id)).where(col(Membership.cohort_id) == cohort.id)
    guardians = (
        sa.select(col(Guardianship.child_id), col(Person.name))
        .join(Person, col(Person.id) == col(Guardianship.guardian_id))
        .where(col(Guardianship.child_id).in_(theirs), col(Guardianship.ended_at).is_(None))
    )
    return Roster(
        cohort,
        [Known(*tuple[Any, ...](row)) for row in here.execute(places)],
        [(row[0], row[1]) for row in here.execute(links)],
        [(row[0], row[1]) for row in here.execute(guardians)],
    )

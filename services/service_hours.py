"""The hours that mentors, teams and teachers give, from the approved sessions that name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from bot.talk.acting import Actor
from programmes import serving
from programmes.model import Programme
from programmes.serving import Attended, CountedMeeting, Earned
from services import records, roster
from services.access import LEARNERS
from services.packs import load
from services.records import Entries, SessionBody
from services.rights import ROLES, Relation
from services.roster import Member
from storage.tables import Cohort, Membership, Mentoring, RecordState, Role

SERVING = (Role.MENTOR, Role.TEAM_MEMBER, Role.SCHOOL_TEACHER)
"""Who gives hours."""


@dataclass(frozen=True, slots=True)
class Served:
    """What one person has given in one cohort."""

    member: Member
    meetings: Sequence[CountedMeeting]
    earned: Sequence[Earned]

    @property
    def minutes(self) -> int:
        return sum(meeting.minutes for meeting in self.meetings)

    @property
    def months(self) -> Mapping[date, int]:
        """Minutes by month, each named by its first day."""
        found: dict[date, int] = {}
        for meeting in self.meetings:
            month = meeting.day.replace(day=1)
            found[month] = found.get(month, 0) + meeting.minutes
        return found


def served(db: Session, cohort: Cohort, members: Sequence[Member]) -> list[Served]:
    """What these members of a cohort have given, as far as the document gives them anything for
    it, in their order. Raises `Refused` if the pack cannot be read."""
    programme = load(cohort.programme)
    earned = {role: serving.earned(programme, role.value) for role in SERVING}
    theirs = {
        member.id: _learners(db, member)
        for member in members
        if earned.get(member.membership.role)
    }
    every = {learner for learners in theirs.values() for learner in learners}
    entries = records.entries_of(db, sorted(every))
    return [
        Served(
            member,
            serving.meetings(
                one
                for learner in theirs[member.id]
                for one in attended(programme, entries[learner], member.person.name)
            ),
            earned[member.membership.role],
        )
        for member in members
        if member.id in theirs
    ]


def attended(programme: Programme, entries: Entries, name: str) -> list[Attended]:
    """A learner's approved sessions of the cycle that name somebody as there."""
    first, last = programme.cycle.first_day, programme.cycle.last_day or date.max
    return [
        Attended(body.day, body.kind, body.place, body.minutes, body.start)
        for record, body in entries
        if isinstance(body, SessionBody)
        and record.state is RecordState.APPROVED
        and first <= body.day <= last
        and name in body.people
    ]


def giving(db: Session, actor: Actor, cohort: Cohort) -> list[Member]:
    """Those of a cohort whom the actor oversees and whose hours the document counts, in the order
    of the roster; those who have left at their places. Raises `Refused` if the pack cannot be
    read."""
    programme = load(cohort.programme)
    roles = [role for role in SERVING if serving.earned(programme, role.value)]
    reader = ("read_member", actor.person_id)
    return roster.members(db, cohort.id or 0, roles, ended=True, seen_by=reader)


def counted_in(programme: Programme, role: Role) -> bool:
    """Whether members in this role have to do with hours: their own, or those of others."""
    if role in (*ROLES[Relation.OFFICE], *ROLES[Relation.AUDITOR]):
        return any(serving.earned(programme, one.value) for one in SERVING)
    return bool(serving.earned(programme, role.value))


def of_cohort(db: Session, cohort: Cohort) -> list[Served]:
    """What everybody in a cohort has given, in the order of the roster; those who have left at
    their places."""
    return served(db, cohort, roster.members(db, cohort.id or 0, SERVING, ended=True))


def _learners(db: Session, member: Member) -> list[int]:
    """The learners, now or before, of a mentor or the team; of a teacher, those of the school."""
    place = member.membership
    if place.role is Role.SCHOOL_TEACHER and place.unit_id is None:
        return []
    if place.role is Role.SCHOOL_TEACHER:
        found = select(Membership.id).where(
            Membership.cohort_id == place.cohort_id,
            col(Membership.role).in_(LEARNERS),
            col(Membership.unit_id) == place.unit_id,
        )
    else:
        found = select(Mentoring.student_id).where(Mentoring.mentor_id == member.id)
    return [number for number in db.exec(found) if number is not None]

"""The roster: units, people, their memberships, and who mentors whom.

What breaks a rule is refused; what is merely odd (a grade that the programme does not admit, a
student without a school) is done and returned as a warning. Nothing is deleted: memberships and
links are ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy import BindParameter, ColumnElement, bindparam
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import beijing_day
from programmes.model import Fact, Programme
from programmes.values import Grade, Learner, Status
from prompts import Text, t
from services import audit, consent, ending, joining, looking
from services.access import LEARNERS, REVIEWERS, WHOEVER, allow, cohort_of, things
from services.packs import load
from services.rights import RIGHTS
from storage.tables import (
    Account,
    Cohort,
    Guardianship,
    Membership,
    Mentoring,
    Person,
    Role,
    Unit,
    UnitKind,
)

Warnings = tuple[Text, ...]
By = Operator | Actor
"""Who acts: the operator, or somebody whose right has been checked."""

OVERSEES: Final = (
    UnitKind.OFFICE,
    UnitKind.PROVINCE,
    UnitKind.CITY,
    UnitKind.HOST,
    UnitKind.SCHOOL,
)
RUN_COHORTS: Final = (UnitKind.OFFICE, UnitKind.PROVINCE, UnitKind.CITY)
UNIT_OF: Final[Mapping[Role, tuple[UnitKind, ...]]] = {
    Role.STUDENT: (UnitKind.SCHOOL, UnitKind.TEAM),
    Role.TRAINEE_TEACHER: (UnitKind.SCHOOL, UnitKind.TEAM),
    Role.SCHOOL_TEACHER: (UnitKind.SCHOOL,),
    Role.MENTOR: (UnitKind.HOST,),
    Role.TEAM_MEMBER: (UnitKind.HOST,),
    Role.COORDINATOR: OVERSEES,
    Role.AUDITOR: OVERSEES,
    Role.EXPERT_COMMITTEE: (UnitKind.HOST, *RUN_COHORTS),
    Role.HELP_CONTACT: (UnitKind.SCHOOL,),
}
"""The kinds of unit that each role may belong to, the usual one first; guardians have none."""

NEEDS_SCHOOL: Final = (Role.STUDENT, Role.SCHOOL_TEACHER)
"""Teachers see the students of their own school, so both need one."""


# ---------------------------------------------------------------- cohorts and units


def create_cohort(
    db: Session, by: Operator, programme: str, name: str, office_id: int | None = None
) -> Cohort:
    """Begin a cohort of the programme with this key, run by an office.

    Raises `Refused` for an unknown programme, or a unit that is no office.
    """
    load(programme, "create_cohort")
    if office_id is not None:
        _unit_of_kind(db, office_id, RUN_COHORTS, "create_cohort")
    cohort = Cohort(
        programme=programme,
        name=_tidy(name, 120, "create_cohort"),
        office_id=office_id,
        created_at=by.now,
    )
    db.add(cohort)
    db.flush()
    audit.note(db, by, "create_cohort", "cohort", cohort.id)
    return cohort


def find_cohort(db: Session, cohort_id: int) -> Cohort:
    """The cohort with this id. Raises `Refused` if there is none."""
    cohort = db.get(Cohort, cohort_id)
    if cohort is None:
        raise Refused(t("roster.no_such_cohort", number=cohort_id))
    return cohort


def cohorts(db: Session) -> list[Cohort]:
    """Every cohort, the earliest first."""
    return list(db.exec(select(Cohort).order_by(col(Cohort.id))))


def without_pack(db: Session) -> list[Text]:
    """One sentence for each cohort whose pack is missing or has mistakes."""
    found: list[Text] = []
    for cohort in cohorts(db):
        try:
            load(cohort.programme)
        except Refused as refused:
            found.append(t("roster.cohort_without_pack", cohort=cohort.name, why=refused.words))
    return found


def add_unit(db: Session, by: By, kind: UnitKind, name: str, parent_id: int | None = None) -> Unit:
    """Make a unit, optionally below another. Raises `Refused` if the name is taken."""
    name = _tidy(name, 120, "add_unit")
    if find_unit(db, kind, name) is not None:
        raise Refused(t("roster.unit_exists", name=name), verb="add_unit")
    unit = Unit(kind=kind, name=name, parent_id=parent_id)
    db.add(unit)
    db.flush()
    audit.note(db, by, "add_unit", "unit", unit.id)
    return unit


def put_unit(db: Session, by: Operator, unit_id: int, parent_id: int | None) -> Unit:
    """Move a unit below another, or to the top; whoever oversees the parent oversees it too.

    Raises `Refused` if the parent is the unit itself or below it.
    """
    unit = cast(Unit, db.get(Unit, unit_id))
    above: int | None = parent_id
    while above is not None:
        if above == unit_id:
            raise Refused(
                t("roster.unit_circle", name=unit.name),
                verb="put_unit",
                object="unit",
                object_id=unit_id,
            )
        above = cast(Unit, db.get(Unit, above)).parent_id
    before, unit.parent_id = unit.parent_id, parent_id
    db.add(unit)
    db.flush()
    audit.note(db, by, "put_unit", "unit", unit_id, under=parent_id, before=before)
    return unit


def find_unit(db: Session, kind: UnitKind, name: str) -> Unit | None:
    return db.exec(select(Unit).where(Unit.kind == kind, Unit.name == name.strip())).first()


def units(db: Session, *kinds: UnitKind) -> list[Unit]:
    """The units of these kinds, the earliest first."""
    return list(db.exec(select(Unit).where(col(Unit.kind).in_(kinds)).order_by(col(Unit.id))))


def units_called(db: Session, name: str) -> list[Unit]:
    """The units of that name, of whatever kind."""
    return list(db.exec(select(Unit).where(Unit.name == name.strip()).order_by(col(Unit.id))))


# ---------------------------------------------------------------- people and their places


def add_person(
    db: Session, by: By, name: str, birth_date: date | None = None, language: str = "zh"
) -> Person:
    """Add a person. Raises `Refused` for an empty or overlong name, or a birth date in the
    future."""
    person = _new_person(by, name, birth_date, language)
    db.add(person)
    db.flush()
    audit.note(db, by, "add_person", "person", person.id)
    return person


def _new_person(by: By, name: str, birth_date: date | None, language: str = "zh") -> Person:
    if birth_date is not None and birth_date > beijing_day(by.now):
        raise Refused(t("roster.born_later", day=birth_date), verb="add_person")
    return Person(
        name=_tidy(name, 60, "add_person"),
        birth_date=birth_date,
        language=language,
        created_at=by.now,
    )


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who is not on any roster yet, and the place they are to have."""

    name: str
    role: Role
    born: date | None = None
    unit_id: int | None = None
    team_id: int | None = None
    subject: str = ""
    grade: str = ""


def add_newcomers(
    db: Session, by: By, cohort_id: int, newcomers: Sequence[Newcomer]
) -> list[Membership]:
    """Add people with a place each, as `add_person` and `add_member` do, but all at once.

    Raises `Refused` if one of them cannot be added; then none is.
    """
    programme = load(find_cohort(db, cohort_id).programme)
    for one in newcomers:
        _fits(db, one.role, one.unit_id, one.team_id, one.grade, "add_member")
    persons = [_new_person(by, one.name, one.born) for one in newcomers]
    db.add_all(persons)
    db.flush()
    places = [
        Membership(
            cohort_id=cohort_id,
            person_id=cast(int, person.id),
            role=one.role,
            unit_id=one.unit_id,
            team_id=one.team_id,
            subject=_subject_code(programme, one.subject.strip()),
            grade=one.grade,
            created_at=by.now,
        )
        for person, one in zip(persons, newcomers, strict=True)
    ]
    db.add_all(places)
    db.flush()
    for person, place in zip(persons, places, strict=True):
        audit.note(db, by, "add_person", "person", person.id)
        audit.note(db, by, "add_member", "membership", place.id, role=place.role.value)
    return places


def add_member(
    db: Session,
    by: By,
    cohort_id: int,
    person_id: int,
    role: Role,
    *,
    unit_id: int | None = None,
    team_id: int | None = None,
    subject: str = "",
    grade: str = "",
    joined_on: date | None = None,
) -> tuple[Membership, Warnings]:
    """Make a person a member of a cohort, or renew an ended membership.

    `team_id` is a learner's team beside their school. `joined_on` is for learners who joined late:
    they are counted from that day. Returns the
    membership and what is odd about it. Raises `Refused` if they are a member already, if the unit
    does not fit the role, or if the grade does not exist.
    """
    verb = "add_member"
    cohort = find_cohort(db, cohort_id)
    person = _person(db, person_id, verb)
    _fits(db, role, unit_id, team_id, grade, verb)
    member = db.exec(
        select(Membership).where(
            Membership.cohort_id == cohort_id,
            Membership.person_id == person_id,
            Membership.role == role,
        )
    ).first()
    if member is None:
        member = Membership(cohort_id=cohort_id, person_id=person_id, role=role, created_at=by.now)
    elif member.ended_at is None:
        raise Refused(
            t("roster.member_exists", name=person.name, role=t(f"role.{role}")), verb=verb
        )
    programme = load(cohort.programme)
    member.unit_id, member.grade, member.joined_on = unit_id, grade, joined_on
    member.team_id = team_id
    member.subject = _subject_code(programme, subject.strip())
    member.ended_at, member.ended_reason = None, ""
    db.add(member)
    db.flush()
    audit.note(db, by, verb, "membership", member.id, role=role.value)
    return member, tuple(doubts(programme, person, member, beijing_day(by.now)))


def change_member(
    db: Session,
    by: By,
    member_id: int,
    *,
    unit_id: int | None = None,
    team_id: int | None = None,
    subject: str = "",
    grade: str = "",
) -> Membership:
    """Correct a member's unit, team, subject or grade; what is not given stays as it is. Raises
    `Refused` as `add_member` does, and if the membership has ended."""
    verb = "change_member"
    found = find_member(db, member_id)
    member = found.membership
    if member.ended_at is not None:
        raise _about(member_id, t("roster.member_ended", at=member.ended_at), verb)
    _fits(db, member.role, unit_id, team_id, grade, verb)
    programme = load(cohort_of(db, member).programme)
    member.unit_id = unit_id or member.unit_id
    member.team_id = team_id or member.team_id
    member.grade = grade or member.grade
    member.subject = _subject_code(programme, subject.strip()) or member.subject
    db.add(member)
    db.flush()
    audit.note(db, by, verb, "membership", member_id)
    return member


def _fits(
    db: Session, role: Role, unit_id: int | None, team_id: int | None, grade: str, verb: str
) -> None:
    """Raise `Refused` if a role has no such unit or team, or if the grade does not exist."""
    if unit_id is not None:
        if role not in UNIT_OF:
            raise Refused(t("roster.no_unit_for_role", role=t(f"role.{role}")), verb=verb)
        _unit_of_kind(db, unit_id, UNIT_OF[role], verb)
    if team_id is not None:
        if role not in LEARNERS:
            raise Refused(t("roster.no_unit_for_role", role=t(f"role.{role}")), verb=verb)
        _unit_of_kind(db, team_id, (UnitKind.TEAM,), verb)
    if grade and grade not in set(Grade):
        raise Refused(t("roster.no_such_grade", grade=grade, grades=sorted(Grade)), verb=verb)


def end_member(db: Session, by: By, member_id: int, reason: str) -> Membership:
    """End a membership and its links to mentors, students or children. The records stay.

    If the membership let its person read other people's records, what its chats still show of
    them, its talks and, without another membership, the person's sessions end as well. Raises
    `Refused` if it has ended before, or without a reason.
    """
    verb = "end_member"
    member = find_member(db, member_id).membership
    if member.ended_at is not None:
        raise Refused(t("roster.member_ended", at=member.ended_at), verb=verb)
    member.ended_at, member.ended_reason = by.now, _tidy(reason, 200, verb)
    db.add(member)
    linked: list[int] = []
    for link in db.exec(
        select(Mentoring).where(
            (Mentoring.student_id == member_id) | (Mentoring.mentor_id == member_id),
            col(Mentoring.ended_at).is_(None),
        )
    ):
        link.ended_at = by.now
        db.add(link)
        if link.stands_in_for is None:
            linked.append(link.student_id if link.mentor_id == member_id else link.mentor_id)
    db.flush()
    if member.role is Role.GUARDIAN:
        _end_guardianships(db, by, member)
    if member.role not in LEARNERS:
        ending.left(db, member.person_id, by.now)
    audit.note(
        db, by, verb, "membership", member_id, reason=member.ended_reason, links=sorted(linked)
    )
    return member


def _end_guardianships(db: Session, by: By, ended: Membership) -> None:
    """End a guardian's links with those children for whom no other membership of theirs
    answers."""
    mine, theirs = aliased(Membership), aliased(Membership)
    still = (
        select(theirs.person_id)
        .join(mine, col(mine.cohort_id) == col(theirs.cohort_id))
        .where(
            mine.person_id == ended.person_id,
            mine.role == Role.GUARDIAN,
            col(mine.ended_at).is_(None),
            col(theirs.role).in_(LEARNERS),
        )
    )
    for link in db.exec(
        select(Guardianship).where(
            Guardianship.guardian_id == ended.person_id,
            col(Guardianship.ended_at).is_(None),
            col(Guardianship.child_id).not_in(still),
        )
    ):
        link.ended_at = by.now
        db.add(link)
    db.flush()


def doubts(
    programme: Programme, person: Person, member: Membership, today: date
) -> Iterable[Text]:
    """Warnings about a membership, by the programme's document."""
    if member.role in NEEDS_SCHOOL and member.unit_id is None:
        yield t("roster.without_school")
    if member.joined_on is not None and member.joined_on not in programme.cycle:
        yield t("roster.joined_outside", day=member.joined_on)
    if member.role not in LEARNERS:
        return
    who = programme.participants.who.value
    if who is not None and who is not Learner(member.role.value):
        yield t("roster.other_learners", clause=programme.participants.who.clause)
    yield from _grade_doubts(programme, member)
    subjects = programme.subjects.list
    known = {subject.code: subject.name for subject in subjects.value or ()}
    if member.subject and known and member.subject not in known:
        yield t("roster.other_subject", subjects=[*known.values()], clause=subjects.clause)
    if consent.needed(person.birth_date, member.grade, programme, today):
        if person.birth_date is not None and (years := _years(person.birth_date, today)) < 14:
            yield t("roster.under_14", years=years)
        else:
            yield t("roster.consent_needed")


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _grade_doubts(programme: Programme, member: Membership) -> Iterable[Text]:
    admits = programme.participants.grades
    if not admits.value:
        return
    if not member.grade:
        yield t("roster.without_grade")
        return
    grades = {admitted.grade.value: admitted for admitted in admits.value}
    if member.grade not in grades:
        labels = [t(f"programme.grade.{grade}") for grade in grades]
        yield t("roster.other_grade", grades=labels, clause=admits.clause)
        return
    only = grades[member.grade].only_subjects
    if only and member.subject not in only:
        names = [programme.subject_name(code) for code in only]
        yield t("roster.grade_only_in", subjects=names, clause=admits.clause)


def _subject_code(programme: Programme, subject: str) -> str:
    """A subject's code in the pack, by its code or name; unknown subjects stay as typed."""
    named = {known.name: known.code for known in programme.subjects.list.value or ()}
    return named.get(subject, subject)


def correct_person(
    db: Session, by: By, person_id: int, name: str = "", born: date | None = None
) -> Person:
    """Correct a name or birth date. Raises `Refused` as `add_person` does."""
    person = _person(db, person_id, CORRECT)
    _correct(by, person, name, born)
    db.add(person)
    db.flush()
    audit.note(db, by, CORRECT, "person", person_id)
    return person


def _correct(by: By, person: Person, name: str, born: date | None) -> None:
    if born is not None and born > beijing_day(by.now):
        raise Refused(t("roster.born_later", day=born), verb=CORRECT)
    if name:
        person.name = _tidy(name, 60, CORRECT)
    person.birth_date = born or person.birth_date


CORRECT: Final = "correct_person"


def to_correct(
    db: Session, actor: Actor, *, words: str = "", person_id: int | None = None
) -> list[Member]:
    """Those whose names occur in these words, or one person, if the actor may correct their data:
    each person once, at the latest place."""
    whom = (
        sa.literal(words).contains(col(Person.name), autoescape=False)
        if person_id is None
        else col(Person.id) == person_id
    )
    mine = col(Membership.id).in_(things(CORRECT, actor.person_id))
    found = _members(db, mine, whom, order=LATEST_COHORT)
    once: dict[int | None, Member] = {}
    for one in found:
        if person_id is not None or one.person.name in words:
            once.setdefault(one.person.id, one)
    return [*once.values()]


def correct_member(
    db: Session, actor: Actor, member_id: int, name: str = "", born: date | None = None
) -> Member:
    """As `correct_person`, by an office. Raises `Refused` for whoever may not, and where nothing
    would change."""
    allow(db, actor, CORRECT, member_id)
    member = find_member(db, member_id)
    person = member.person
    if name in ("", person.name) and born in (None, person.birth_date):
        raise _about(member_id, t("correcting.same"), CORRECT)
    _correct(actor, person, name, born)
    db.add(person)
    db.flush()
    audit.note(db, actor, CORRECT, "membership", member_id, field="name" if name else "born")
    return member


# ---------------------------------------------------------------- whose student is whose


def link_mentor(db: Session, by: By, student_id: int, mentor_id: int) -> Warnings:
    """Link a student with a mentor or team member, by their memberships in one cohort.

    If the programme states how many students a mentor may have, one more is refused; if it states
    it unclearly, or the number is last year's, a warning is returned. Raises `Refused`.
    """
    verb = "link_mentor"
    student, mentor = find_member(db, student_id), find_member(db, mentor_id)
    if student.membership.role not in LEARNERS or mentor.membership.role not in REVIEWERS:
        raise _about(student_id, t("roster.link_roles"), verb)
    if student.person.id == mentor.person.id:
        raise _about(student_id, t("roster.own_mentor"), verb)
    _both_now_in_one_cohort(student.membership, mentor.membership, verb)
    link = db.exec(
        select(Mentoring).where(
            Mentoring.student_id == student_id, Mentoring.mentor_id == mentor_id
        )
    ).first()
    if link is not None and link.ended_at is None and link.stands_in_for is None:
        names = {"student": student.person.name, "other": mentor.person.name}
        raise _about(student_id, t("roster.linked_already", **names), verb)
    warnings = _cap(db, mentor, verb)
    if link is None:
        link = Mentoring(student_id=student_id, mentor_id=mentor_id, created_at=by.now)
    link.ended_at = link.stands_in_for = None
    db.add(link)
    db.flush()
    audit.note(db, by, verb, "membership", student_id, mentor=mentor_id)
    return warnings


def link_mentors(
    db: Session, by: By, cohort_id: int, pairs: Sequence[tuple[int, int]]
) -> list[Mentoring]:
    """Link learners with mentors or team members, as `link_mentor` does, but many at once.

    `pairs` are their memberships in one cohort, not linked now. Those who would be more than the
    programme says a mentor may have are left out. Returns the links. Raises `Refused`.
    """
    mentors = {
        member.id: member.membership
        for member in members_by_id(db, list({mentor for _, mentor in pairs}))
    }
    cap = stated_cap(load(find_cohort(db, cohort_id).programme))
    counted = (
        sa.select(col(Mentoring.mentor_id), sa.func.count())
        .join(Membership, col(Membership.id) == col(Mentoring.student_id))
        .where(col(Mentoring.mentor_id).in_(mentors), col(Mentoring.ended_at).is_(None), _now())
        .group_by(col(Mentoring.mentor_id))
    )
    students = {row[0]: row[1] for row in db.connection().execute(counted)}
    learners = [student for student, _ in pairs]
    known = {
        (link.student_id, link.mentor_id): link
        for link in db.exec(select(Mentoring).where(col(Mentoring.student_id).in_(learners)))
    }
    links = []
    for pair in pairs:
        mentor = mentors[pair[1]]
        if cap is not None and mentor.role is Role.MENTOR:
            students[pair[1]] = students.get(pair[1], 0) + 1
            if students[pair[1]] > cap:
                continue
        link = known.get(pair) or Mentoring(
            student_id=pair[0], mentor_id=pair[1], created_at=by.now
        )
        link.ended_at = link.stands_in_for = None
        links.append(link)
    db.add_all(links)
    db.flush()
    for link in links:
        audit.note(db, by, "link_mentor", "membership", link.student_id, mentor=link.mentor_id)
    return links


def stated_cap(programme: Programme) -> int | None:
    """How many students a mentor may have, if this edition's document states it."""
    cap = _first_with_value(programme.quotas.per_mentor_max, programme.mentor.student_cap)
    if cap is None or cap.status is not Status.STATED or cap.carried_from:
        return None
    return cap.value


def _cap(db: Session, mentor: Member, verb: str) -> Warnings:
    if mentor.membership.role is not Role.MENTOR:
        return ()
    programme = load(cohort_of(db, mentor.membership).programme)
    cap = _first_with_value(programme.quotas.per_mentor_max, programme.mentor.student_cap)
    students = len(students_of_mentor(db, mentor.membership))
    if cap is None or cap.value is None or students < cap.value:
        return ()
    told = {"name": mentor.person.name, "most": cap.value, "clause": cap.clause}
    if stated_cap(programme) is not None:
        raise _about(mentor.membership.id, t("roster.mentor_full", **told), verb)
    return (t("roster.mentor_over", **told),)


def _first_with_value(*facts: Fact[int]) -> Fact[int] | None:
    return next((fact for fact in facts if fact.value is not None), None)


def link_guardian(db: Session, by: By, child_id: int, guardian_id: int) -> Guardianship:
    """Link a child with a guardian, by their memberships in one cohort. Raises `Refused`.

    This is no consent: the guardian gives that in person.
    """
    verb = "link_guardian"
    child, guardian = find_member(db, child_id), find_member(db, guardian_id)
    if child.membership.role not in LEARNERS or guardian.membership.role is not Role.GUARDIAN:
        raise _about(child_id, t("roster.guardian_roles"), verb)
    _both_now_in_one_cohort(child.membership, guardian.membership, verb)
    if child.person.id == guardian.person.id:
        raise _about(child_id, t("roster.own_guardian"), verb)
    link = _guardianship(db, child, guardian)
    if link is not None and link.ended_at is None:
        names = {"student": child.person.name, "other": guardian.person.name}
        raise _about(child_id, t("roster.linked_already", **names), verb)
    if link is None:
        link = Guardianship(
            child_id=cast(int, child.person.id),
            guardian_id=cast(int, guardian.person.id),
            created_at=by.now,
        )
    # What was consented to before it ended is not consented to now.
    link.ended_at = link.consented_at = None
    link.consent_version = link.consent_way = ""
    db.add(link)
    db.flush()
    audit.note(db, by, verb, "person", link.child_id, guardian=link.guardian_id)
    return link


def _guardianship(db: Session, child: Member, guardian: Member) -> Guardianship | None:
    known = select(Guardianship).where(
        Guardianship.child_id == child.person.id, Guardianship.guardian_id == guardian.person.id
    )
    return db.exec(known).first()


def unlink(db: Session, by: Operator, student_id: int, other_id: int) -> None:
    """End the link between a student and a mentor, team member or guardian.

    A guardian's consent ends with it. Raises `Refused` if they are not linked now.
    """
    verb = "unlink"
    student, other = find_member(db, student_id), find_member(db, other_id)
    link: Mentoring | Guardianship | None
    if other.membership.role is Role.GUARDIAN:
        link = _guardianship(db, student, other)
    else:
        link = db.exec(
            select(Mentoring).where(
                Mentoring.student_id == student_id, Mentoring.mentor_id == other_id
            )
        ).first()
    if link is None or link.ended_at is not None:
        names = {"student": student.person.name, "other": other.person.name}
        raise _about(student_id, t("roster.not_linked", **names), verb)
    link.ended_at = by.now
    db.add(link)
    db.flush()
    # What the other's chats show may be of this student.
    ending.left(db, cast(int, other.person.id), by.now)
    audit.note(db, by, verb, "membership", student_id, other=other_id)


def sign_out(db: Session, by: Operator, person_id: int) -> int:
    """End every session of a person; returns how many there were."""
    count = ending.sign_out(db, person_id, by.now)
    audit.note(db, by, "sign_out", "person", person_id)
    return count


def _both_now_in_one_cohort(one: Membership, other: Membership, verb: str) -> None:
    for member in (one, other):
        if member.ended_at is not None:
            raise _about(member.id, t("roster.member_ended", at=member.ended_at), verb)
    if one.cohort_id != other.cohort_id:
        raise _about(one.id, t("roster.other_cohort"), verb)


# ---------------------------------------------------------------- ways in


def invite(db: Session, by: By, member_id: int) -> str:
    """Make a one-time code for a membership; earlier unused codes end. Returns the code, which is
    not stored.

    Raises `Refused` if the membership has ended.
    """
    member = find_member(db, member_id).membership
    if member.ended_at is not None:
        raise _about(member_id, t("roster.member_ended", at=member.ended_at), "invite")
    code = joining.invite(db, member_id, by.now)
    audit.note(db, by, "invite", "membership", member_id)
    return code


def sign_in_link(db: Session, by: Operator, person_id: int) -> str:
    """Make a one-time sign-in token for a person who has joined. Returns the token, which is not
    stored.

    Raises `Refused` for a person who has not joined: they must first see, and agree to, who will
    read what they write.
    """
    person = _person(db, person_id, "sign_in_link")
    if presences(db, [person_id])[person_id] is Presence.NOT_JOINED:
        raise Refused(
            t("roster.not_joined", name=person.name),
            verb="sign_in_link",
            object="person",
            object_id=person_id,
        )
    token = joining.sign_in_link(db, person_id, by.now)
    audit.note(db, by, "sign_in_link", "person", person_id)
    return token


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Member:
    """A membership with its person and unit."""

    membership: Membership
    person: Person
    unit: Unit | None

    @property
    def id(self) -> int:
        """The membership's id."""
        return cast(int, self.membership.id)

    @property
    def unit_name(self) -> str:
        return self.unit.name if self.unit else ""


class Presence(StrEnum):
    """Whether a person can be reached."""

    HERE = "here"
    NOT_JOINED = "not_joined"
    UNREACHABLE = "unreachable"
    """They joined, and have blocked or left every chat since."""


def members_by_id(db: Session, ids: Sequence[int]) -> list[Member]:
    """These members, in the order of the roster."""
    return _members(db, col(Membership.id).in_(ids))


def count_ended(db: Session, cohort_id: int, reader: int) -> int:
    """How many of a cohort's learners, among those whom somebody may read, have left it."""
    count = sa.select(sa.func.count()).select_from(Membership)
    wanted = (
        col(Membership.cohort_id) == cohort_id,
        col(Membership.role).in_(LEARNERS),
        col(Membership.ended_at).is_not(None),
        col(Membership.id).in_(things("read_student", reader)),
    )
    return db.connection().execute(count.where(*wanted)).scalar_one()


def find_member(db: Session, member_id: int) -> Member:
    """The member with this membership id. Raises `Refused` if there is none."""
    for row in db.exec(_one, params={"member": member_id}):
        return Member(*row)
    raise Refused(t("roster.no_such_member", number=member_id))


def members(
    db: Session,
    cohort_id: int,
    roles: Collection[Role] = tuple(Role),
    *,
    ended: bool = False,
    seen_by: tuple[str, int] | None = None,
) -> list[Member]:
    """A cohort's members in the order of the roster; ended ones only if asked for.

    With `seen_by`, an act and a person's id: only the members to whom that person may do it.
    """
    wanted = [col(Membership.cohort_id) == cohort_id, col(Membership.role).in_(roles)]
    if seen_by is not None:
        wanted.append(col(Membership.id).in_(things(*seen_by)))
    if not ended:
        wanted.append(_now())
    return _members(db, *wanted)


def present(
    db: Session,
    wanted: Sequence[ColumnElement[bool]],
    presence: Presence,
    skip: int,
    most: int,
    *,
    order: Sequence[Any] | None = None,
) -> tuple[int, list[Member]]:
    """How many of some members have this presence; and some of them, in the order of the
    roster."""
    wanted = [*wanted, _is(presence)]
    count = sa.select(sa.func.count()).select_from(Membership).where(*wanted)
    page = _members(db, *wanted, order=order or _ROSTER, skip=skip, most=most) if most else []
    return db.connection().execute(count).scalar_one(), page


def count_presences(db: Session, wanted: Sequence[ColumnElement[bool]]) -> Mapping[Presence, int]:
    """How many of some members have each presence."""
    each = sa.select(presence_now().label("presence")).select_from(Membership).where(*wanted)
    of = each.subquery().c.presence
    found = dict.fromkeys(Presence, 0)
    for word, number in db.connection().execute(sa.select(of, sa.func.count()).group_by(of)):
        found[Presence(word)] = number
    return found


def not_joined(db: Session, cohort_id: int) -> list[Member]:
    """The members of a cohort now who have not joined, in the order of the roster."""
    return _members(db, col(Membership.cohort_id) == cohort_id, _now(), _is(Presence.NOT_JOINED))


def cohorts_of(db: Session, wanted: Sequence[ColumnElement[bool]]) -> list[Cohort]:
    """The cohorts to which some members belong, the latest first."""
    places = sa.select(col(Membership.cohort_id)).where(*wanted)
    theirs = select(Cohort).where(col(Cohort.id).in_(places)).order_by(col(Cohort.id).desc())
    return list(db.exec(theirs))


def seen_in(cohort_id: int, person_id: int, act: str = "read_member") -> list[ColumnElement[bool]]:
    """The condition for the present members of a cohort to whom somebody may do an act."""
    seen = col(Membership.id).in_(things(act, person_id))
    return [col(Membership.cohort_id) == cohort_id, seen, _now()]


def presence_now() -> ColumnElement[str]:
    """A column that holds the presence of a membership's person."""
    whens = [(_is(one), one.value) for one in (Presence.HERE, Presence.NOT_JOINED)]
    return sa.case(*whens, else_=Presence.UNREACHABLE.value)


def _is(presence: Presence) -> ColumnElement[bool]:
    theirs = sa.select(col(Account.id)).where(col(Account.person_id) == col(Membership.person_id))
    here = theirs.where(col(Account.reachable)).exists()
    match presence:
        case Presence.HERE:
            return here
        case Presence.NOT_JOINED:
            return ~theirs.exists()
        case Presence.UNREACHABLE:
            return theirs.exists() & ~here


def students_of(db: Session, person_id: int) -> list[Member]:
    """The learners for whom somebody is responsible now, the latest cohort first."""
    return _members(db, *answered_for(person_id), order=LATEST_COHORT)


def learners_for(db: Session, actor: Actor, act: str) -> list[Member]:
    """The learners to whom the actor may do an act now, in the order of the roster."""
    return _members(db, col(Membership.id).in_(things(act, actor.person_id)), _now())


def students_for(db: Session, actor: Actor) -> list[Member]:
    """As `students_of`. Raises `Refused` if there are none."""
    _must_answer(db, actor)
    return students_of(db, actor.person_id)


def students_page(db: Session, actor: Actor, skip: int, most: int) -> list[Member]:
    """A part of `students_of`. Raises `Refused` if there are none at all."""
    _must_answer(db, actor)
    mine = answered_for(actor.person_id)
    return _members(db, *mine, order=LATEST_COHORT, skip=skip, most=most)


def count_students(db: Session, person_id: int) -> int:
    """For how many learners somebody is responsible now."""
    mine = sa.select(sa.func.count()).select_from(Membership).where(*answered_for(person_id))
    return db.connection().execute(mine).scalar_one()


def answers_for_somebody(db: Session, person_id: int, member_id: int | None = None) -> bool:
    """Whether somebody is responsible for any learner now, or for this one."""
    mine = sa.select(col(Membership.id)).where(*answered_for(person_id)).limit(1)
    if member_id is not None:
        mine = mine.where(col(Membership.id) == member_id)
    return db.connection().execute(mine).first() is not None


def students_named(db: Session, person_id: int, words: str) -> list[Member]:
    """The learners for whom somebody is responsible and whose names occur in these words."""
    found = db.exec(_named(), params={"person": person_id, "words": words})
    # A sign that stands for any other in SQL is only itself here.
    return [Member(*row) for row in found if row[1].name in words]


NAMED: Final = 50
"""How many people one sentence may name at most."""
LATEST_COHORT: Final = (col(Membership.cohort_id).desc(), col(Membership.id))


def answered_for(person: int | BindParameter[int]) -> list[ColumnElement[bool]]:
    """The learners for whom somebody, or `WHOEVER`, is responsible now."""
    return [col(Membership.id).in_(things("students", person)), _now()]


def _must_answer(db: Session, actor: Actor) -> None:
    if not answers_for_somebody(db, actor.person_id):
        raise Refused(t(RIGHTS["students"].refused), verb="students")


def children_of(db: Session, person_id: int) -> list[Member]:
    """The places of the learners for whom somebody answers as their guardian now."""
    return [Member(*row) for row in db.exec(_children, params={"guardian": person_id})]


def student_for(db: Session, actor: Actor, member_id: int) -> Member:
    """The learner with this membership, if the actor may read them. Raises `Refused`."""
    allow(db, actor, "read_student", member_id)
    return find_member(db, member_id)


def looked_at(db: Session, actor: Actor, member_id: int) -> None:
    """Note that the actor has opened a learner's page. Raises `Refused`."""
    grant = allow(db, actor, "read_student", member_id)
    looking.note(db, actor, grant.relation, "membership", member_id, [member_id])


def linked(db: Session, member: Member) -> list[Member]:
    """The members linked with a membership now: students, mentors and team, guardians, children.

    Guardians and children are given as members of the same cohort.
    """
    by_mentoring = select(Mentoring.mentor_id).where(
        Mentoring.student_id == member.id, col(Mentoring.ended_at).is_(None)
    )
    around = _members(db, col(Membership.id).in_(by_mentoring), _now())
    person_id = member.person.id
    now = col(Guardianship.ended_at).is_(None)
    guardians = select(Guardianship.guardian_id).where(Guardianship.child_id == person_id, now)
    children = select(Guardianship.child_id).where(Guardianship.guardian_id == person_id, now)
    family = _members(
        db,
        col(Membership.cohort_id) == member.membership.cohort_id,
        (col(Membership.person_id).in_(guardians) & (col(Membership.role) == Role.GUARDIAN))
        | (col(Membership.person_id).in_(children) & col(Membership.role).in_(LEARNERS)),
        _now(),
    )
    return [*students_of_mentor(db, member.membership), *around, *family]


def _now() -> ColumnElement[bool]:
    return col(Membership.ended_at).is_(None)


def students_of_mentor(db: Session, mentor: Membership) -> list[Member]:
    """The learners linked with a mentor or team member now."""
    theirs = select(Mentoring.student_id).where(
        Mentoring.mentor_id == mentor.id, col(Mentoring.ended_at).is_(None)
    )
    return _members(db, col(Membership.id).in_(theirs), _now())


_ROSTER: Final = (col(Membership.id),)


def _members(
    db: Session,
    *wanted: ColumnElement[bool],
    order: Sequence[Any] = _ROSTER,
    skip: int = 0,
    most: int | None = None,
) -> list[Member]:
    rows = db.exec(_whole.where(*wanted).order_by(*order).offset(skip).limit(most))
    return [Member(*row) for row in rows]


_whole = (
    select(Membership, Person, Unit)
    .join(Person, col(Person.id) == col(Membership.person_id))
    .outerjoin(Unit, col(Unit.id) == col(Membership.unit_id))
)

# Asked at nearly every message, so they are built once: building one costs more than running it.
_one = _whole.where(col(Membership.id) == bindparam("member"))
_children = _whole.where(
    col(Membership.person_id).in_(
        select(Guardianship.child_id).where(
            Guardianship.guardian_id == bindparam("guardian"),
            col(Guardianship.withdrawn_at).is_(None),
            col(Guardianship.ended_at).is_(None),
        )
    ),
    col(Membership.role).in_(LEARNERS),
    _now(),
).order_by(*_ROSTER)


@cache
def _named() -> Any:
    words = bindparam("words", type_=sa.String())
    named = _whole.where(*answered_for(WHOEVER), words.contains(col(Person.name)))
    return named.order_by(*_ROSTER).limit(NAMED)


def presences(db: Session, person_ids: Collection[int]) -> dict[int, Presence]:
    """The presence of each of these people."""
    found = dict.fromkeys(person_ids, Presence.NOT_JOINED)
    for person_id, reachable in db.exec(
        select(Account.person_id, Account.reachable)
        .where(col(Account.person_id).in_(person_ids))
        .order_by(col(Account.reachable))
    ):
        found[cast(int, person_id)] = Presence.HERE if reachable else Presence.UNREACHABLE
    return found


# ---------------------------------------------------------------- inside


def _about(member_id: int | None, words: Text, verb: str) -> Refused:
    return Refused(words, verb=verb, object="membership", object_id=member_id)


def _person(db: Session, person_id: int, verb: str) -> Person:
    person = db.get(Person, person_id)
    if person is None:
        raise Refused(t("roster.no_such_person", number=person_id), verb=verb)
    return person


def _unit_of_kind(db: Session, unit_id: int, kinds: Sequence[UnitKind], verb: str) -> Unit:
    unit = db.get(Unit, unit_id)
    if unit is None or unit.kind not in kinds:
        raise Refused(t("roster.wrong_unit", kind=t(f"roster.unit.{kinds[0]}")), verb=verb)
    return unit


def _tidy(words: str, most: int, verb: str) -> str:
    words = " ".join(words.split())
    if not words:
        raise Refused(t("roster.empty"), verb=verb)
    if len(words) > most:
        raise Refused(t("roster.too_long", most=most, words=words[:20]), verb=verb)
    return words

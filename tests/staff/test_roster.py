"""The roster: what is refused, what is only odd, and that every act is on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import SetClock
from programmes.catalogue import load
from services import joining, roster
from services.access import held
from services.roster import Presence
from storage import chats
from storage.tables import (
    Audit,
    Cohort,
    Guardianship,
    Membership,
    Mentoring,
    Role,
    UnitKind,
)
from tests.staff.conftest import Enrol, audits, bind


def keys(warnings: roster.Warnings) -> list[str]:
    return [warning.key for warning in warnings]


def add(
    db: Session, by: Operator, cohort: Cohort, role: Role = Role.STUDENT, **told: Any
) -> list[str]:
    """Put somebody new at a school of their own; gives what was odd."""
    number = len(roster.units(db, UnitKind.SCHOOL))
    school = roster.add_unit(db, by, UnitKind.SCHOOL, f"第{number}中学")
    person = roster.add_person(db, by, "新同学", date(2010, 5, 4))
    _, warnings = roster.add_member(
        db, by, cohort.id or 0, person.id or 0, role, unit_id=school.id, **told
    )
    return keys(warnings)


def test_an_admitted_student_raises_no_doubt(
    db: Session, operator: Operator, cohort: Cohort
) -> None:
    assert add(db, operator, cohort, grade="senior_1", subject="物理学") == []
    member = db.exec(select(Membership)).one()
    assert member.subject == "physics"


@pytest.mark.parametrize(
    ("told", "doubt"),
    [
        ({"grade": "senior_3", "subject": "physics"}, "roster.other_grade"),
        ({"grade": "", "subject": "physics"}, "roster.without_grade"),
        ({"grade": "senior_1", "subject": "天文学"}, "roster.other_subject"),
    ],
)
def test_what_the_document_does_not_admit_is_told_and_done(
    db: Session, operator: Operator, cohort: Cohort, told: dict[str, str], doubt: str
) -> None:
    assert add(db, operator, cohort, Role.STUDENT, **told) == [doubt]
    assert db.exec(select(Membership)).one().grade == told["grade"]


def test_a_grade_may_be_admitted_in_one_subject_alone(db: Session, operator: Operator) -> None:
    cohort = roster.create_cohort(db, operator, "jiangsu-2022", "江苏")
    assert "roster.grade_only_in" in add(db, operator, cohort, grade="junior_3", subject="physics")
    assert "roster.grade_only_in" not in add(
        db, operator, cohort, grade="junior_3", subject="computer"
    )


def test_a_programme_silent_on_grades_asks_for_none(db: Session, operator: Operator) -> None:
    cohort = roster.create_cohort(db, operator, "sichuan-jindaoshi-2023", "金导师")
    assert add(db, operator, cohort, Role.TRAINEE_TEACHER) == []
    assert add(db, operator, cohort, Role.STUDENT) == ["roster.other_learners"]


def test_below_14_the_consent_to_come_is_pointed_out(db: Session, operator: Operator) -> None:
    cohort = roster.create_cohort(db, operator, "sichuan-jingke-2023", "菁科")
    person = roster.add_person(db, operator, "小朋友", date(2016, 1, 1))
    school = roster.add_unit(db, operator, UnitKind.SCHOOL, "小学")
    _, warnings = roster.add_member(
        db,
        operator,
        cohort.id or 0,
        person.id or 0,
        Role.STUDENT,
        unit_id=school.id,
        grade="primary_5",
    )
    assert keys(warnings) == ["roster.under_14"]


def test_a_student_without_a_school_is_pointed_out(enrol: Enrol, db: Session) -> None:
    person = enrol("无校", Role.COORDINATOR)
    _, warnings = roster.add_member(
        db,
        Operator(person.created_at),
        person.cohort_id,
        person.person_id,
        Role.STUDENT,
        grade="senior_1",
    )
    assert keys(warnings) == ["roster.without_school"]


def refused(act: Callable[..., object], *args: object, **told: object) -> str:
    with pytest.raises(Refused) as caught:
        act(*args, **told)
    return caught.value.words.key


def test_what_cannot_be_is_refused(
    db: Session, operator: Operator, cohort: Cohort, enrol: Enrol
) -> None:
    student = enrol("张一", Role.STUDENT, "一中", "senior_1")
    host = roster.add_unit(db, operator, UnitKind.HOST, "某大学")
    place = (db, operator, cohort.id)
    assert refused(roster.create_cohort, db, operator, "nowhere-2026", "x") == (
        "roster.no_such_programme"
    )
    assert refused(roster.create_cohort, db, operator, "shanxi-2026", "x", host.id) == (
        "roster.wrong_unit"
    )
    assert (
        refused(roster.add_unit, db, operator, UnitKind.SCHOOL, " 一中 ") == "roster.unit_exists"
    )
    assert refused(roster.add_person, db, operator, "  ") == "roster.empty"
    assert refused(roster.add_person, db, operator, "长" * 61) == "roster.too_long"
    assert refused(roster.add_person, db, operator, "未来", date(2027, 1, 1)) == (
        "roster.born_later"
    )
    assert refused(roster.add_member, *place, student.person_id, Role.STUDENT) == (
        "roster.member_exists"
    )
    assert refused(
        roster.add_member, *place, student.person_id, Role.SCHOOL_TEACHER, unit_id=host.id
    ) == ("roster.wrong_unit")
    assert refused(
        roster.add_member, *place, student.person_id, Role.GUARDIAN, unit_id=host.id
    ) == ("roster.no_unit_for_role")
    assert refused(roster.add_member, *place, student.person_id, Role.MENTOR, grade="高一班") == (
        "roster.no_such_grade"
    )
    assert refused(roster.add_member, *place, 999, Role.STUDENT) == "roster.no_such_person"
    assert refused(roster.end_member, db, operator, student.id, "  ") == "roster.empty"
    assert refused(roster.find_member, db, 999) == "roster.no_such_member"
    assert refused(roster.find_cohort, db, 999) == "roster.no_such_cohort"


# ---------------------------------------------------------------- links


def test_a_mentors_students_are_limited_where_the_document_says_so(
    db: Session, operator: Operator, enrol: Enrol
) -> None:
    cohort = roster.create_cohort(db, operator, "neimenggu-pilot-2025", "试点").id or 0
    mentor = enrol("导师", Role.MENTOR, into=cohort)
    helper = enrol("助教", Role.TEAM_MEMBER, into=cohort)
    students = [enrol(f"学生{n}", Role.STUDENT, "二中", "senior_1", cohort) for n in range(6)]
    for student in students[:5]:
        assert roster.link_mentor(db, operator, student.id or 0, mentor.id or 0) == ()
    sixth = students[5].id or 0
    assert refused(roster.link_mentor, db, operator, sixth, mentor.id) == "roster.mentor_full"
    for student in students:
        assert roster.link_mentor(db, operator, student.id or 0, helper.id or 0) == ()

    roster.end_member(db, operator, students[0].id or 0, "转学")
    assert roster.link_mentor(db, operator, sixth, mentor.id or 0) == ()


def test_a_limit_carried_from_last_year_only_warns(
    db: Session, operator: Operator, enrol: Enrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = load("neimenggu-pilot-2025")
    cap = pack.quotas.per_mentor_max.model_copy(update={"carried_from": "2025", "value": 1})
    quotas = pack.quotas.model_copy(update={"per_mentor_max": cap})
    carried = pack.model_copy(update={"quotas": quotas})
    cohort = roster.create_cohort(db, operator, "neimenggu-pilot-2025", "试点").id or 0
    mentor = enrol("导师", Role.MENTOR, into=cohort)
    one, two = (enrol(f"学生{n}", Role.STUDENT, "二中", "senior_1", cohort) for n in (1, 2))
    monkeypatch.setattr(roster, "load", lambda _: carried)
    assert roster.link_mentor(db, operator, one.id or 0, mentor.id or 0) == ()
    warnings = roster.link_mentor(db, operator, two.id or 0, mentor.id or 0)
    assert keys(warnings) == ["roster.mentor_over"]


def test_where_the_document_is_silent_nothing_is_limited(
    db: Session, operator: Operator, enrol: Enrol
) -> None:
    mentor = enrol("导师", Role.MENTOR)
    for n in range(7):
        student = enrol(f"学生{n}", Role.STUDENT, "一中", "senior_1")
        assert roster.link_mentor(db, operator, student.id or 0, mentor.id or 0) == ()


def test_only_what_belongs_together_is_linked(
    db: Session, operator: Operator, enrol: Enrol
) -> None:
    student = enrol("学生", Role.STUDENT, "一中", "senior_1")
    mentor, teacher = enrol("导师", Role.MENTOR), enrol("老师", Role.SCHOOL_TEACHER, "一中")
    guardian = enrol("家长", Role.GUARDIAN)
    other = roster.create_cohort(db, operator, "shanxi-2026", "另一期").id or 0
    stranger = enrol("外期导师", Role.MENTOR, into=other)

    def link(one: Membership, two: Membership) -> str:
        return refused(roster.link_mentor, db, operator, one.id, two.id)

    assert link(student, teacher) == "roster.link_roles"
    assert link(mentor, student) == "roster.link_roles"
    assert link(student, stranger) == "roster.other_cohort"
    roster.link_mentor(db, operator, student.id or 0, mentor.id or 0)
    assert link(student, mentor) == "roster.linked_already"

    roster.link_guardian(db, operator, student.id or 0, guardian.id or 0)
    link_row = db.exec(select(Guardianship)).one()
    assert (link_row.child_id, link_row.consented_at) == (student.person_id, None)
    again = (db, operator, student.id, guardian.id)
    assert refused(roster.link_guardian, *again) == "roster.linked_already"
    assert refused(roster.link_guardian, db, operator, student.id, mentor.id) == (
        "roster.guardian_roles"
    )
    linked = roster.linked(db, roster.find_member(db, student.id or 0))
    assert [other.person.name for other in linked] == ["导师", "家长"]


def test_an_ended_place_takes_its_links_along_and_can_be_given_back(
    db: Session, operator: Operator, cohort: Cohort, enrol: Enrol
) -> None:
    student = enrol("学生", Role.STUDENT, "一中", "senior_1")
    mentor = enrol("导师", Role.MENTOR)
    roster.link_mentor(db, operator, student.id or 0, mentor.id or 0)
    assert students_of(db, mentor) == {student.id}

    roster.end_member(db, operator, student.id or 0, "转学")
    assert students_of(db, mentor) == set()
    assert not held(db, mentor.person_id, "read", student.id)
    assert roster.members(db, cohort.id or 0, [Role.STUDENT]) == []
    assert refused(roster.end_member, db, operator, student.id, "又转") == "roster.member_ended"
    assert refused(roster.invite, db, operator, student.id) == "roster.member_ended"
    link = (db, operator, student.id, mentor.id)
    assert refused(roster.link_mentor, *link) == "roster.member_ended"

    again, _ = roster.add_member(
        db, operator, cohort.id or 0, student.person_id, Role.STUDENT, grade="senior_1"
    )
    assert (again.id, again.ended_reason) == (student.id, "")
    roster.link_mentor(db, operator, student.id or 0, mentor.id or 0)
    assert len(db.exec(select(Mentoring)).all()) == 1


def students_of(db: Session, member: Membership) -> set[int | None]:
    """The places of those whom somebody lists; whoever would list nobody is told so."""
    actor = Actor(member.person_id, 1, datetime.now(UTC))
    try:
        return {student.id for student in roster.students_for(db, actor)}
    except Refused as told:
        if told.words.key != "watch.no_students":
            raise
        return set()


def test_students_are_those_whom_one_may_read(
    db: Session, operator: Operator, enrol: Enrol
) -> None:
    """Whoever lists somebody may read them, and the other way round."""
    one = enrol("甲", Role.STUDENT, "一中", "senior_1")
    two = enrol("乙", Role.STUDENT, "二中", "senior_1")
    mentor = enrol("导师", Role.MENTOR)
    roster.link_mentor(db, operator, two.id or 0, mentor.id or 0)
    staff = [
        mentor,
        enrol("队员", Role.TEAM_MEMBER),
        enrol("一中老师", Role.SCHOOL_TEACHER, "一中"),
        enrol("无校老师", Role.SCHOOL_TEACHER),
        enrol("办公室", Role.COORDINATOR),
        enrol("家长", Role.GUARDIAN),
    ]
    listed = {member.id: students_of(db, member) for member in staff}
    assert [len(found) for found in listed.values()] == [1, 0, 1, 0, 2, 0]
    for member in staff:
        for student in (one, two):
            assert bool(held(db, member.person_id, "read", student.id)) == (
                student.id in listed[member.id]
            )


# ---------------------------------------------------------------- ways in, and the record of it


def test_a_sign_in_link_is_for_those_who_have_joined(
    db: Session, operator: Operator, enrol: Enrol, clock: SetClock
) -> None:
    student = enrol("学生", Role.STUDENT, "一中", "senior_1")
    assert refused(roster.sign_in_link, db, operator, student.person_id) == "roster.not_joined"

    code = roster.invite(db, operator, student.id or 0)
    speaker = chats.open_account(db, "web", "a", "zh", clock.now())
    invited = joining.open_invite(db, code, "test", clock.now())
    joining.join(db, invited.invite.id or 0, speaker.account_id, clock.now())
    token = roster.sign_in_link(db, operator, student.person_id)
    _, account = joining.sign_in(db, token, "test", clock.now())
    assert account.person_id == student.person_id


def test_a_new_code_ends_the_one_before(
    db: Session, operator: Operator, enrol: Enrol, clock: SetClock
) -> None:
    student = enrol("学生", Role.STUDENT, "一中", "senior_1")
    first, second = (roster.invite(db, operator, student.id or 0) for _ in range(2))
    assert refused(joining.open_invite, db, first, "test", clock.now()) == "join.expired"
    assert joining.open_invite(db, second, "test", clock.now()).person.name == "学生"


def test_somebody_is_here_while_any_chat_reaches_them(
    db: Session, enrol: Enrol, clock: SetClock
) -> None:
    here, left, absent = (enrol(name, Role.MENTOR).person_id for name in ("甲", "乙", "丙"))
    bind(db, here, "1", clock)
    bind(db, here, "2", clock).reachable = False
    bind(db, left, "3", clock).reachable = False
    db.flush()
    assert roster.presences(db, [here, left, absent]) == {
        here: Presence.HERE,
        left: Presence.UNREACHABLE,
        absent: Presence.NOT_JOINED,
    }


def test_every_act_is_on_record_as_nobodys(
    db: Session, operator: Operator, cohort: Cohort, enrol: Enrol
) -> None:
    student = enrol("学生", Role.STUDENT, "一中", "senior_1")
    mentor, guardian = enrol("导师", Role.MENTOR), enrol("家长", Role.GUARDIAN)
    roster.link_mentor(db, operator, student.id or 0, mentor.id or 0)
    roster.link_guardian(db, operator, student.id or 0, guardian.id or 0)
    roster.invite(db, operator, student.id or 0)
    roster.end_member(db, operator, student.id or 0, "转学")
    rows = db.exec(select(Audit)).all()
    assert {(row.person_id, row.account_id, row.at) for row in rows} == {
        (None, None, operator.now)
    }
    assert [row.verb for row in rows] == [
        "create_cohort",
        "add_unit",
        *["add_person", "add_member"] * 3,
        "link_mentor",
        "link_guardian",
        "invite",
        "end_member",
    ]
    ended = audits(db, "end_member")[0]
    assert (ended.object, ended.object_id) == ("membership", student.id)
    # With a salt, so that nobody can try out what an erased reason was.
    assert ended.detail["reason"] == "转学"
    assert ended.detail.keys() == {"reason", "salt", "links"}

"""督促: by whom, of what, once a day, and on record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session, select

from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import SetClock
from programmes.catalogue import load
from prompts import Text, render
from services import records, roster, urging
from services.progress import stages_begun, standings
from storage.tables import Membership, Outbox, RecordKind, Role
from tests.staff.conftest import Enrol, audits, bind, days_ago, decide, hand_in, write_diary
from tests.tables import each_row

SESSION, DIARY = RecordKind.SESSION, RecordKind.DIARY


@pytest.fixture
def student(db: Session, enrol: Enrol, clock: SetClock) -> Membership:
    """A student of 一中 whom messages reach."""
    member = enrol("学生", Role.STUDENT, "一中", "senior_1")
    return joined(db, member, clock)


def joined(db: Session, member: Membership, clock: SetClock) -> Membership:
    bind(db, member.person_id, f"chat-{member.id}", clock)
    return member


def actor(member: Membership, clock: SetClock) -> Actor:
    return Actor(member.person_id, None, clock.now())


def urge(
    db: Session, by: Membership, student: Membership, matter: RecordKind, clock: SetClock
) -> str:
    """Urge; gives why not, as the key of the sentence, or nothing."""
    try:
        with db.begin_nested():
            urging.urge(db, actor(by, clock), student.id or 0, matter)
    except Refused as refused:
        return refused.words.key
    return ""


def missing(db: Session, student: Membership, matter: RecordKind, clock: SetClock) -> str:
    """What is missing, as the student is told."""
    programme = load(roster.find_cohort(db, student.cohort_id).programme)
    entries = records.entries(db, student.id or 0)
    words = urging.lack(programme, student, entries, matter, clock.now().date())
    return render(words, "zh") if isinstance(words, Text) else ""


def notices(db: Session) -> list[str]:
    return [row.body["text"] for row in db.exec(select(Outbox).order_by("id"))]


# ---------------------------------------------------------------- by whom


def test_only_ones_own_schools_teachers_and_the_office(
    db: Session, enrol: Enrol, student: Membership, operator: Operator, clock: SetClock
) -> None:
    own = enrol("本校老师", Role.SCHOOL_TEACHER, "一中")
    office = enrol("办公室", Role.COORDINATOR)
    mentor = enrol("导师", Role.MENTOR)
    roster.link_mentor(db, operator, student.id or 0, mentor.id or 0)
    other_cohort = roster.create_cohort(db, operator, "shanxi-2026", "另一期").id or 0
    for by in (
        enrol("外校老师", Role.SCHOOL_TEACHER, "二中"),
        enrol("无校老师", Role.SCHOOL_TEACHER),
        mentor,
        student,
        enrol("家长", Role.GUARDIAN),
        enrol("另一期的办公室", Role.COORDINATOR, into=other_cohort),
        enrol("另一期的老师", Role.SCHOOL_TEACHER, "一中", into=other_cohort),
    ):
        assert urge(db, by, student, SESSION, clock) == "watch.urge.not_yours"
    assert notices(db) == []
    assert urge(db, own, student, SESSION, clock) == ""
    assert urge(db, office, student, SESSION, clock) == ""
    assert len(notices(db)) == 2


def test_an_ended_place_urges_nobody_and_is_not_urged(
    db: Session, enrol: Enrol, student: Membership, operator: Operator, clock: SetClock
) -> None:
    teacher = enrol("老师", Role.SCHOOL_TEACHER, "一中")
    gone = enrol("离职老师", Role.SCHOOL_TEACHER, "一中")
    roster.end_member(db, operator, gone.id or 0, "离职")
    assert urge(db, gone, student, SESSION, clock) == "watch.urge.not_yours"
    roster.end_member(db, operator, student.id or 0, "退出")
    assert urge(db, teacher, student, SESSION, clock) == "watch.urge.ended"


@pytest.mark.parametrize(
    ("programme", "may"), [("neimenggu-yingcai-2025", True), ("shanxi-2026", False)]
)
def test_a_mentor_urges_the_diary_where_the_document_says_so(
    db: Session, enrol: Enrol, operator: Operator, clock: SetClock, programme: str, may: bool
) -> None:
    clock.moment -= timedelta(days=0 if programme == "shanxi-2026" else 365)
    cohort = roster.create_cohort(db, operator, programme, "另一期").id or 0
    student = joined(db, enrol("学生", Role.STUDENT, "一中", "senior_1", cohort), clock)
    mine, other = enrol("导师", Role.MENTOR, into=cohort), enrol("别的", Role.MENTOR, into=cohort)
    helper = enrol("队员", Role.TEAM_MEMBER, into=cohort)
    for cultivator in (mine, helper):
        roster.link_mentor(db, operator, student.id or 0, cultivator.id or 0)
    hand_in(db, student, clock, days_ago(clock, 3))
    no = "watch.urge.not_yours"
    assert urge(db, other, student, DIARY, clock) == no
    assert urge(db, helper, student, DIARY, clock) == no
    assert urge(db, mine, student, SESSION, clock) == no
    assert urge(db, mine, student, DIARY, clock) == ("" if may else no)
    if may:
        path = "cultivation.diary_frequency"
        clause = load(programme).fact(path).clause
        why = {"programme": programme, "path": path, "clause": clause}
        assert [row.why for row in db.exec(select(Outbox))] == [why]
        assert clause


def test_a_notice_about_sessions_keeps_the_rule_that_asks_for_them(
    db: Session, enrol: Enrol, student: Membership, clock: SetClock
) -> None:
    teacher = enrol("老师", Role.SCHOOL_TEACHER, "一中")
    assert urge(db, teacher, student, SESSION, clock) == ""
    (why,) = [row.why for row in db.exec(select(Outbox))]
    assert why is not None
    assert why["path"].startswith("cultivation.")
    assert why["clause"] == load(why["programme"]).fact(why["path"]).clause != ""


# ---------------------------------------------------------------- of what


def test_what_waits_for_a_review_is_not_missing(
    db: Session, enrol: Enrol, student: Membership, operator: Operator, clock: SetClock
) -> None:
    mentor = enrol("导师", Role.MENTOR)
    roster.link_mentor(db, operator, student.id or 0, mentor.id or 0)
    assert "已通过 0 次，待审 0 次，还要再参加 10 次" in missing(db, student, SESSION, clock)
    handed_in = [hand_in(db, student, clock, days_ago(clock, 20 + n)) for n in range(9)]
    for record in handed_in[:4]:
        decide(db, mentor, clock, record)
    assert "已通过 4 次，待审 5 次，还要再参加 1 次" in missing(db, student, SESSION, clock)
    hand_in(db, student, clock, days_ago(clock, 2))
    assert missing(db, student, SESSION, clock) == ""
    teacher = enrol("老师", Role.SCHOOL_TEACHER, "一中")
    assert urge(db, teacher, student, SESSION, clock) == "watch.urge.nothing_missing"

    decide(db, mentor, clock, handed_in[8], "请写具体一些")
    said = missing(db, student, SESSION, clock)
    assert "还要再参加 1 次" in said
    assert "有 1 条被退回" in said


def test_a_diary_is_missing_for_each_session_that_stands(
    db: Session, student: Membership, clock: SetClock
) -> None:
    assert missing(db, student, DIARY, clock) == ""
    first, *_ = [hand_in(db, student, clock, days_ago(clock, n)) for n in (9, 6, 3)]
    assert "《成长日志》还有 3 篇没写" in missing(db, student, DIARY, clock)
    write_diary(db, student, clock, about=first)
    assert "还有 2 篇没写" in missing(db, student, DIARY, clock)
    assert missing(db, student, RecordKind.MEETING_RECORD, clock) == ""


def test_a_monthly_minimum_is_urged_for_this_month(
    db: Session, enrol: Enrol, operator: Operator, clock: SetClock
) -> None:
    clock.moment -= timedelta(days=365)
    cohort = roster.create_cohort(db, operator, "neimenggu-pilot-2025", "试点").id or 0
    student = enrol("学生", Role.STUDENT, "一中", "senior_1", cohort)
    hand_in(db, student, clock, days_ago(clock, 1))
    hand_in(db, student, clock, days_ago(clock, 40))
    on_campus, monthly = missing(db, student, SESSION, clock).split("\n")
    assert "还要再参加 8 次" in on_campus
    assert "本月已通过 0 次，待审 1 次，还要再参加 1 次" in monthly


@each_row(
    ("programme", "day", "begun"),
    [
        ("shanxi-2026", date(2026, 3, 31), []),
        ("shanxi-2026", date(2026, 4, 1), ["initial"]),
        ("shanxi-2026", date(2026, 4, 11), ["initial", "mid"]),
        ("shanxi-2026", date(2026, 8, 31), ["initial", "mid"]),
        ("shanxi-2026", date(2026, 9, 1), ["initial", "mid", "annual"]),
        ("jiangsu-2022", date(2022, 2, 1), ["mid"]),
        ("jiangsu-2022", date(2022, 10, 1), ["mid", "annual"]),
        ("spark-2026", date(2027, 5, 1), []),
    ],
)
def test_a_stage_has_begun_once_the_one_before_has_closed(
    programme: str, day: date, begun: list[str]
) -> None:
    assert stages_begun(load(programme), day) == begun


def test_the_diary_of_a_stage_is_missing_until_it_is_written(
    db: Session, enrol: Enrol, operator: Operator, clock: SetClock
) -> None:
    clock.moment = datetime(2022, 10, 1, 2, tzinfo=UTC)
    cohort = roster.create_cohort(db, operator, "jiangsu-2022", "江苏").id or 0
    student = enrol("学生", Role.STUDENT, "一中", "senior_1", cohort)
    assert "还有 2 篇没写" in missing(db, student, DIARY, clock)
    assert "还有 2 篇没写" in missing(db, student, RecordKind.MEETING_RECORD, clock)
    write_diary(db, student, clock, period="mid")
    assert "还有 1 篇没写" in missing(db, student, DIARY, clock)


# ---------------------------------------------------------------- once a day, and on record


def test_once_a_day_by_each_in_each_matter(
    db: Session, enrol: Enrol, student: Membership, clock: SetClock
) -> None:
    teacher = enrol("老师", Role.SCHOOL_TEACHER, "一中")
    colleague = enrol("同事", Role.SCHOOL_TEACHER, "一中")
    hand_in(db, student, clock, days_ago(clock, 3))
    assert urge(db, teacher, student, SESSION, clock) == ""
    assert urge(db, teacher, student, SESSION, clock) == "watch.urge.already"
    assert urge(db, teacher, student, DIARY, clock) == ""
    assert urge(db, colleague, student, SESSION, clock) == ""
    clock.move(timedelta(hours=13, minutes=59))  # 23:59 in Beijing
    assert urge(db, teacher, student, SESSION, clock) == "watch.urge.already"
    clock.move(timedelta(minutes=1))
    assert urge(db, teacher, student, SESSION, clock) == ""
    assert [(u.name, u.matter) for u in urging.history(db, student)] == [
        ("老师", SESSION),
        ("同事", SESSION),
        ("老师", DIARY),
        ("老师", SESSION),
    ]


def test_what_the_student_reads_and_what_is_kept(
    db: Session, enrol: Enrol, student: Membership, clock: SetClock
) -> None:
    teacher = enrol("老师", Role.SCHOOL_TEACHER, "一中")
    hand_in(db, student, clock, days_ago(clock, 3))
    urge(db, teacher, student, DIARY, clock)
    (row,) = db.exec(select(Outbox))
    assert row.body["text"] == (
        "老师（中学指导教师）提醒你：\n《成长日志》还有 1 篇没写。\n有困难可以直接和老师说。"
    )
    assert [b["press"] for line in row.body["rows"] for b in line] == ["a:writing"]
    (audit,) = audits(db, "urge")
    assert (audit.person_id, audit.object, audit.object_id, audit.detail) == (
        teacher.person_id,
        "membership",
        student.id,
        {"matter": "diary", "role": "school_teacher"},
    )


def test_whom_nothing_reaches_is_not_called_urged(
    db: Session, enrol: Enrol, clock: SetClock
) -> None:
    absent = enrol("未加入", Role.STUDENT, "一中", "senior_1")
    teacher = enrol("老师", Role.SCHOOL_TEACHER, "一中")
    assert urge(db, teacher, absent, SESSION, clock) == "watch.urge.unreachable"
    assert urging.history(db, absent) == []


def test_nobody_is_urged_to_keep_what_may_not_be_kept(
    db: Session, enrol: Enrol, operator: Operator, clock: SetClock
) -> None:
    cohort = roster.create_cohort(db, operator, "sichuan-jingke-2023", "菁科").id or 0
    child = joined(db, enrol("小朋友", Role.STUDENT, "小学", "primary_5", cohort), clock)
    teacher = enrol("老师", Role.SCHOOL_TEACHER, "小学", into=cohort)
    assert urge(db, teacher, child, DIARY, clock) == "watch.urge.consent_awaited"


def test_whoever_joined_late_is_counted_from_that_day(
    db: Session, enrol: Enrol, clock: SetClock
) -> None:
    """No document says anything of joining late, so what a cycle asks for stays whole; of months
    that were over before, nothing is owed, and what was done before counts nowhere."""
    late = joined(db, enrol("晚到", Role.STUDENT, "一中", "senior_1"), clock)
    mentor = enrol("导师", Role.MENTOR, "大学")
    roster.link_mentor(db, Operator(clock.now()), late.id or 0, mentor.id or 0)
    for ago in (40, 10):
        decide(db, mentor, clock, hand_in(db, late, clock, days_ago(clock, ago)))
    assert "已通过 2 次" in missing(db, late, SESSION, clock)
    late.joined_on = days_ago(clock, 20)
    assert "已通过 1 次" in missing(db, late, SESSION, clock)
    assert "还要再参加 9 次" in missing(db, late, SESSION, clock)
    member = roster.find_member(db, late.id or 0)
    programme = load(roster.find_cohort(db, late.cohort_id).programme)
    (standing,) = standings(db, programme, [member], days_ago(clock, 0))
    assert standing.short.parts[0].approved == 1

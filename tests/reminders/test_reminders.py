"""Reminders are told once, in time, to those who still owe: whatever ticks, stops or is moved."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.talk.acting import Operator
from bot.talk.clock import SetClock
from services import audit, evaluations, roster, stages
from services.evaluations import EvaluationBody
from storage.tables import (
    Bundle,
    BundleState,
    Cohort,
    ExitCase,
    ExitState,
    Outbox,
    ReminderState,
)
from tests.conftest import NewDatabase
from tests.house import House
from tests.reminders.conftest import (
    MENTOR,
    OFFICE,
    STUDENT,
    TEACHER,
    TEAM,
    Days,
    OpenDays,
    beijing,
)

DIARY = "《成长日志》还有 1 篇没写"


# ---------------------------------------------------------------- once


async def test_a_diary_is_told_the_day_after_and_after_a_week_and_no_more(days: Days) -> None:
    days.session("2026-03-01")
    told = [day for day, name in await days.until("2026-03-31") if name == STUDENT]
    diaries = [row.told_on for row in days.rows() if row.about == "diary"]
    assert diaries == [date(2026, 3, 3), date(2026, 3, 10)]
    assert set(map(str, diaries)) <= set(told)


async def test_however_often_it_ticks_a_thing_is_told_once(days: Days) -> None:
    days.session("2026-03-01")
    assert DIARY in (await days.at("2026-03-03"))[STUDENT]
    for minute in range(1, 30):
        assert await days.at("2026-03-03", f"19:{30 + minute}", night=False) == {}


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def test_two_schedulers_at_once_tell_it_once(
    kind: str, open_days: OpenDays, new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> None:
    url = new_database("postgres" if kind == "postgres" else "sqlite")
    days = await open_days(url=url)
    other = await House.open(url, tmp_path, clock)
    days.session("2026-03-01")
    days.session("2026-02-27", name="赵一鸣")
    for moment in (beijing("2026-03-03", "00:01"), beijing("2026-03-03", "19:30")):
        clock.moment = moment
        await asyncio.gather(*(house.app.remind() for house in (days.house, other) * 3))
    with days.house.app.database.transaction() as db:
        keys = [row.key for row in db.exec(select(Outbox)) if (row.key or "").startswith("remind")]
        bundles = db.exec(select(Bundle)).all()
    assert len(keys) == len(bundles) == 4, "two students, and their mentors of the plans"
    assert {row.state for row in days.rows()} == {ReminderState.TOLD}
    other.close()


async def test_everything_of_one_day_is_one_message(days: Days) -> None:
    """Two diaries, and the sessions: one message, in which the diaries are one line."""
    await days.at("2026-03-07", night=False)
    days.session("2026-03-05")
    days.session("2026-03-06")
    said = (await days.at("2026-03-08"))[STUDENT]
    assert said.count("提醒：") == 1
    assert "《成长日志》还有 2 篇没写" in said
    assert len([row for row in days.rows() if row.about == "diary"]) == 2


# ---------------------------------------------------------------- what is done is not told


async def test_what_was_done_before_its_hour_is_not_told(days: Days) -> None:
    entry = days.session("2026-03-01")
    assert STUDENT not in await days.at("2026-03-03", "18:58")
    days.clock.moment = beijing("2026-03-03", "18:59")
    days.diary(entry)
    assert STUDENT not in await days.at("2026-03-03", "19:00")
    assert [row.state for row in days.rows() if row.about == "diary"] == [ReminderState.SETTLED]


async def test_what_was_done_after_it_was_queued_is_not_told_and_the_rest_is(days: Days) -> None:
    first, _ = days.session("2026-02-28"), days.session("2026-03-01")
    await days.at("2026-03-03", "18:00")
    days.clock.moment = beijing("2026-03-03", "19:00")
    await days.tick(deliver=False)
    days.diary(first)
    student = days.house.members[STUDENT]
    student.reads()
    await days.tick()
    await days.tick()
    assert DIARY in student.reads()
    with days.house.app.database.transaction() as db:
        states = [b.state for b in db.exec(select(Bundle)) if b.person_id == student.person_id]
    assert states == [BundleState.DROPPED, BundleState.SENT]


async def test_what_was_undone_before_it_was_told_is_told(days: Days) -> None:
    entry = days.session("2026-03-01")
    await days.at("2026-03-03", "12:00")
    diary = days.diary(entry)
    assert STUDENT not in await days.at("2026-03-03")
    days.withdraw(diary)
    assert DIARY in (await days.at("2026-03-04"))[STUDENT]


async def test_an_approval_silences_the_mentor_and_what_goes_up(days: Days) -> None:
    entry = days.session("2026-03-01")
    assert "1 条记录在等您审核，最久的等了 3 天：林小雨" in (await days.at("2026-03-05"))[MENTOR]
    team = (await days.at("2026-03-09"))[TEAM]
    assert "还没有人审，您也可以审：林小雨" in team
    days.approve(entry)
    told = await days.until("2026-03-31")
    assert not {name for _, name in told} & {MENTOR, TEAM, OFFICE}


async def test_what_nobody_reviews_is_brought_before_the_office(days: Days) -> None:
    days.session("2026-03-01")
    await days.until("2026-03-22")
    assert "等了 21 天还没有人审：林小雨" in (await days.at("2026-03-23"))[OFFICE]


async def test_whoever_has_left_and_those_around_hear_nothing(days: Days) -> None:
    days.session("2026-03-01")
    with days.house.app.database.transaction() as db:
        for name in (STUDENT, "赵一鸣"):
            number = days.house.members[name].membership_id
            roster.end_member(db, Operator(days.clock.now()), number, "转学")
    told = await days.until("2026-04-10")
    assert not told


async def test_a_signed_evaluation_silences_its_stage(open_days: OpenDays) -> None:
    days = await open_days("2026-03-25")
    said = (await days.at("2026-04-01"))[MENTOR]
    assert "初期评价" in said
    assert "林小雨" in said
    with days.house.app.database.transaction() as db:
        number = days.house.members[STUDENT].membership_id
        body = EvaluationBody(comment="好")
        evaluations.sign(db, days.actor(MENTOR), number, "initial", "team", 0, body)
    for day in range(2, 12):
        assert "初期评价" not in (await days.at(f"2026-04-{day:02}")).get(MENTOR, "")


async def test_whoever_is_told_to_leave_is_reminded_of_nothing_more(days: Days) -> None:
    """Until two people have confirmed it, nothing changes: a silence would tell it."""
    days.session("2026-03-01")
    with days.house.app.database.transaction() as db:
        stages.change(
            db,
            days.actor(OFFICE),
            db.exec(select(Cohort)).one(),
            "initial",
            (date(2026, 3, 1), date(2026, 3, 31)),
            "提前",
        )
        number = days.house.members[STUDENT].membership_id
        made = evaluations.sign(
            db, days.actor(MENTOR), number, "initial", "team", 0, EvaluationBody(comment="好")
        )
        case = ExitCase(
            student_id=number,
            evaluation_id=made.id or 0,
            version=1,
            state=ExitState.CONFIRMED,
            raised_at=days.clock.now(),
        )
        db.add(case)
        db.flush()
        number = case.id or 0
    assert DIARY in (await days.at("2026-03-03"))[STUDENT]
    with days.house.app.database.transaction() as db:
        told = db.get(ExitCase, number)
        assert told is not None
        told.state = ExitState.TOLD
        db.add(told)
        audit.note(db, days.actor(OFFICE), "confirm_exit", "exit", number)
    later = await days.until("2026-04-10")
    assert not {name for _, name in later} & {STUDENT, MENTOR, TEAM}


async def test_a_deadline_that_the_office_moves_is_told_anew(open_days: OpenDays) -> None:
    days = await open_days("2026-03-25")
    await days.until("2026-04-07")
    with days.house.app.database.transaction() as db:
        cohort = db.exec(select(Cohort)).one()
        window = (date(2026, 4, 1), date(2026, 4, 17))
        stages.change(db, days.actor(OFFICE), cohort, "initial", window, "期中考试")
    said = (await days.at("2026-04-10"))[MENTOR]
    assert "初期评价：4月17日 周五 截止，还有 7 天" in said


# ---------------------------------------------------------------- stops, and clocks


async def test_after_three_days_without_it_what_is_still_true_is_told_once(days: Days) -> None:
    days.session("2026-03-01")
    await days.at("2026-03-02", "20:00", night=False)
    told = await days.at("2026-03-06", "12:00", night=False)
    assert STUDENT not in told  # found at noon: told at the usual hour
    assert (await days.at("2026-03-06", "19:00", night=False))[STUDENT].count(DIARY) == 1
    assert STUDENT not in await days.at("2026-03-07")


async def test_what_was_due_in_a_night_without_it_is_told_in_the_morning(days: Days) -> None:
    days.session("2026-03-01")
    await days.at("2026-03-03", "18:00")
    assert await days.at("2026-03-03", "23:00") == {}  # back in the quiet hours
    assert await days.at("2026-03-04", "07:59") == {}
    assert STUDENT not in await days.at("2026-03-04", "08:01")
    assert DIARY in (await days.at("2026-03-04", "19:00"))[STUDENT]


async def test_what_is_queued_when_the_night_comes_is_held_back(days: Days) -> None:
    days.session("2026-03-01")
    await days.at("2026-03-03", "18:00")
    days.clock.moment = beijing("2026-03-03", "21:59")
    await days.tick(deliver=False)
    assert await days.at("2026-03-03", "22:30") == {}
    assert DIARY in (await days.at("2026-03-04", "19:00"))[STUDENT]


async def test_a_clock_that_ran_ahead_and_back_loses_and_doubles_nothing(days: Days) -> None:
    days.session("2026-03-01")
    told = await days.at("2026-03-03")
    assert DIARY in told[STUDENT]
    # A month ahead by mistake, and back: nothing more is due on the fourth of March.
    await days.at("2026-04-03", night=False)
    before = {(row.rule, row.period): row.told_on for row in days.rows()}
    days.clock.moment = beijing("2026-03-04")
    assert STUDENT not in await days.at("2026-03-04")
    days.session("2026-03-04")
    said = await days.until("2026-03-07")
    assert ("2026-03-05", STUDENT) in said
    after = {(row.rule, row.period): row.told_on for row in days.rows()}
    assert before.items() <= after.items()


async def test_a_leap_day_is_a_day(open_days: OpenDays) -> None:
    """A cycle that ends on 29 February; what came in on the 26th has waited three days then."""
    days = await open_days("2024-02-26", "sichuan-jindaoshi-2023")
    days.session("2024-02-25")
    assert MENTOR not in await days.at("2024-02-28") or days.rows(MENTOR) == []
    assert "最久的等了 3 天" in (await days.at("2024-02-29"))[MENTOR]
    assert MENTOR not in await days.at("2024-03-01")
    assert "还没有人审" in (await days.at("2024-03-04"))[TEAM]


# ---------------------------------------------------------------- whom it leaves in peace


async def test_on_days_off_nobody_is_told_and_afterwards_they_are(open_days: OpenDays) -> None:
    days = await open_days("2026-09-28")
    days.session("2026-09-27")
    days.clock.moment = beijing("2026-09-29")
    told = await days.until("2026-10-09")
    # 1 to 7 October are off, the Sunday among them as well.
    assert not {day for day, _ in told} & {f"2026-10-0{day}" for day in range(1, 8)}
    assert {name for day, name in told if day >= "2026-10-08"} >= {MENTOR, STUDENT}


async def test_no_more_than_three_in_seven_days(days: Days) -> None:
    for day in range(1, 20):
        await days.at(f"2026-03-{day:02}", "12:00")
        days.session(f"2026-03-{day:02}")
        await days.at(f"2026-03-{day:02}", night=False)
    told = {row.told_on for row in days.rows() if row.told_on}
    assert len(told) > 5
    for first in told:
        assert len([one for one in told if first <= one < first + timedelta(days=7)]) <= 3


async def test_whoever_cannot_be_reached_is_told_once_they_can(days: Days) -> None:
    days.block(STUDENT)
    days.session("2026-03-01")
    assert STUDENT not in dict([one[::-1] for one in await days.until("2026-03-05")])
    days.block(STUDENT, reachable=True)
    assert DIARY in (await days.at("2026-03-06"))[STUDENT]


async def test_teachers_are_not_told_of_students_by_the_clock(days: Days) -> None:
    """Who urges is the document's word; the one who must write gets the reminder."""
    days.session("2026-03-01")
    assert TEACHER not in {name for _, name in await days.until("2026-03-20")}


async def test_nothing_of_a_person_is_said_to_others(days: Days) -> None:
    """A student's reminder names nobody; a mentor's names only their own students."""
    days.session("2026-03-01")
    days.session("2026-03-01", name="赵一鸣")
    told = await days.at("2026-03-05")
    assert "赵一鸣" not in told[MENTOR]
    assert "林小雨" in told[MENTOR]
    assert "林小雨" not in told["周岚"]
    for name in (STUDENT, "赵一鸣"):
        assert not {"林小雨", "赵一鸣"} & set(told.get(name, ""))

"""What people press under a reminder; settings, leave, the office's calendar, and deadlines."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import httpx2
import pytest
from icalendar import Calendar
from sqlmodel import select
from starlette.applications import Starlette

from app import calendar_feed
from bot.talk.acting import Operator, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Incoming
from prompts import BEIJING
from services import deadlines, leave, office_days, persons, reminders, stages
from services.access import cohort_of
from services.records import HandedIn
from services.reminder_times import Times
from services.roster import find_member
from storage.tables import CalendarLink, DayKind, Leave, Level, ReminderSettings, ReminderState
from tests.reminders.conftest import MENTOR, OFFICE, STUDENT, TEAM, Days, OpenDays, beijing

DIARY = "《成长日志》还有 1 篇没写"


async def reminded(days: Days) -> HandedIn:
    """The student has been told of a session's diary, on 3 March."""
    entry = days.session("2026-03-01")
    assert DIARY in (await days.at("2026-03-03"))[STUDENT]
    return entry


# ---------------------------------------------------------------- under a reminder


async def test_to_what_is_owed_it_is_one_press(days: Days) -> None:
    await reminded(days)
    student = days.house.members[STUDENT]
    assert "写写这次成长" in await student.presses("去填写")


async def test_tomorrow_again_and_only_if_it_is_still_owed(days: Days) -> None:
    entry = await reminded(days)
    student = days.house.members[STUDENT]
    said = await student.presses("明天再提醒")
    assert "3月4日 周三 19:00" in said
    assert DIARY in (await days.at("2026-03-04"))[STUDENT]
    await student.presses("明天再提醒")
    days.diary(entry)
    assert STUDENT not in await days.at("2026-03-05")


async def test_why_says_the_clause_and_its_words(days: Days) -> None:
    await reminded(days)
    said = await days.house.members[STUDENT].presses("为什么提醒我")
    assert "山西英才计划 五(三)2" in said
    assert "每次活动之后" in said


async def test_why_of_what_waits_is_the_assistants_own_rule(days: Days) -> None:
    days.session("2026-03-01")
    await days.at("2026-03-05")
    said = await days.house.members[MENTOR].presses("为什么提醒我")
    assert "助手的规矩，不是文件的" in said


async def test_somebody_elses_reminder_is_nobodys(days: Days) -> None:
    await reminded(days)
    shown, press = days.house.members[STUDENT].button_on("明天再提醒")
    other = days.house.members["赵一鸣"]
    said = await other.sends(Incoming(other.address, press=press, on=shown.place))
    assert "不是发给你的" in said
    assert days.rows()[0].state is ReminderState.TOLD


# ---------------------------------------------------------------- one's own settings


async def test_ones_own_time_of_day(days: Days) -> None:
    student = days.house.members[STUDENT]
    assert "19:00" in await student.says("提醒设置")
    await student.presses("12:30")
    days.session("2026-03-01")
    assert STUDENT not in await days.at("2026-03-03", "12:29")
    assert DIARY in (await days.at("2026-03-03", "12:31"))[STUDENT]


async def test_lighter_tells_less_and_only_what_presses(days: Days) -> None:
    student = days.house.members[STUDENT]
    await student.says("提醒设置")
    assert "每周最多一次" in await student.presses("少一些")
    days.session("2026-03-01")
    told = [day for day, name in await days.until("2026-03-20") if name == STUDENT]
    assert told == ["2026-03-10"]  # not the day after, which is said gently


async def test_a_pause_holds_back_and_going_on_tells(days: Days) -> None:
    student = days.house.members[STUDENT]
    await student.says("提醒设置")
    assert "到 3月8日" in await student.presses("暂停一周")
    days.session("2026-03-01")
    assert STUDENT not in {name for _, name in await days.until("2026-03-05")}
    days.clock.moment = beijing("2026-03-06", "09:00")
    await student.presses("恢复提醒")
    assert DIARY in (await days.at("2026-03-06"))[STUDENT]


async def test_nobody_chooses_the_night(days: Days) -> None:
    with days.house.app.database.transaction() as db:
        for minute in (7 * 60 + 59, 22 * 60, 23 * 60):
            with pytest.raises(Refused):
                reminders.choose_time(db, days.actor(STUDENT), minute)
        with pytest.raises(Refused):
            reminders.pause(db, days.actor(STUDENT), 29)


# ---------------------------------------------------------------- leave


async def test_leave_is_two_questions_and_then_it_is_quiet(days: Days) -> None:
    await reminded(days)
    days.session("2026-03-03")
    student = days.house.members[STUDENT]
    assert "从哪天开始" in await student.presses("我请假了")
    assert "请到哪天" in await student.presses("明天")
    said = await student.presses("一周")
    assert "3月4日 周三 至 3月10日 周二 请假" in said
    told = await days.until("2026-03-10")
    assert STUDENT not in {name for day, name in told if day != "2026-03-03"}
    assert DIARY.replace("1", "2") in (await days.at("2026-03-11"))[STUDENT]


async def test_leave_typed_means_the_days_to_come(days: Days) -> None:
    student = days.house.members[STUDENT]
    await student.says("请假")
    await student.says("周四")
    said = await student.says("3月15日")
    assert "3月5日 周四 至 3月15日 周日" in said
    assert "3月5日" in await student.says("提醒设置")
    await student.presses("取消请假")
    with days.house.app.database.transaction() as db:
        assert leave.own(db, days.actor(STUDENT)) == []


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("我周四到周六请假", date(2026, 3, 5), date(2026, 3, 7)),
        ("下周一到周三请假", date(2026, 3, 9), date(2026, 3, 11)),
        ("明天请假", date(2026, 3, 3), date(2026, 3, 3)),
        ("我3月10号到12号不在", date(2026, 3, 10), date(2026, 3, 12)),
        ("从明天起三天请假", date(2026, 3, 3), date(2026, 3, 5)),
    ],
)
async def test_leave_is_told_in_one_sentence(
    days: Days, said: str, first: date, last: date
) -> None:
    assert "请假" in await days.house.members[STUDENT].says(said)
    with days.house.app.database.transaction() as db:
        [made] = leave.own(db, days.actor(STUDENT))
    assert (made.first_day, made.last_day) == (first, last)


async def test_both_days_answer_the_question_for_the_first(days: Days) -> None:
    student = days.house.members[STUDENT]
    await student.says("请假")
    said = await student.says("下周一到下周三")
    assert "3月9日 周一 至 3月11日 周三 请假" in said


async def test_leave_from_a_day_on_is_asked_for_its_end(days: Days) -> None:
    student = days.house.members[STUDENT]
    assert "请到哪天" in await student.says("从明天开始请假")
    assert "3月3日 周二 至 3月9日 周一" in await student.says("到9号")


async def test_leave_of_others_and_leave_asked_about_is_none(days: Days) -> None:
    student = days.house.members[STUDENT]
    for said in ("王老师明天请假", "昨天我请假了", "能请假吗"):
        await student.says(said)
        await student.says("菜单")
    with days.house.app.database.transaction() as db:
        assert leave.own(db, days.actor(STUDENT)) == []


async def test_who_wants_no_reminders_is_shown_the_settings(days: Days) -> None:
    student, office = days.house.members[STUDENT], days.house.members[OFFICE]
    for said in ("明天不要提醒我", "怎么关掉提醒", "提醒太多了"):
        assert "暂停一周" in await student.says(said)
    assert "加几天" in await office.says("下周期末考试不要提醒")


async def test_a_mentor_on_leave_hears_nothing_and_the_team_does(days: Days) -> None:
    with days.house.app.database.transaction() as db:
        leave.take(db, days.actor(MENTOR), date(2026, 3, 3), date(2026, 3, 20))
    days.session("2026-03-01")
    await days.until("2026-03-10")
    assert {row.told_on for row in days.rows(MENTOR)} == {None}
    assert date(2026, 3, 9) in {row.told_on for row in days.rows(TEAM)}


async def test_leave_is_for_oneself_and_for_days_to_come(days: Days) -> None:
    with days.house.app.database.transaction() as db:
        [made] = leave.take(db, days.actor(STUDENT), date(2026, 3, 3), date(2026, 3, 5))
        with pytest.raises(Refused):
            leave.give_up(db, days.actor("赵一鸣"), made.id or 0)
        for first, last in [(3, 2), (1, 1)]:
            with pytest.raises(Refused):
                leave.take(db, days.actor(STUDENT), date(2026, 3, first), date(2026, 3, last))
        with pytest.raises(Refused):
            leave.take(db, days.actor(OFFICE), date(2026, 3, 3), date(2026, 3, 5))


# ---------------------------------------------------------------- the office's calendar


async def test_an_office_keeps_exam_weeks_quiet_for_students(days: Days) -> None:
    office = days.house.members[OFFICE]
    await office.says("提醒日历")
    await office.presses("加几天")
    await office.presses("考试，不提醒学生")
    await office.presses("明天")
    await office.presses("一周")
    assert "期中考试" in await office.says("期中考试")
    days.session("2026-03-01")
    told = await days.until("2026-03-09")
    assert STUDENT not in {name for _, name in told}
    assert MENTOR in {name for _, name in told}
    assert DIARY in (await days.at("2026-03-10"))[STUDENT]


def test_days_off_by_law_and_the_weekends_among_them() -> None:
    off = [
        date(2026, 10, day) for day in range(1, 11) if office_days.off_by_law(date(2026, 10, day))
    ]
    assert off == [date(2026, 10, day) for day in range(1, 8)]
    assert not office_days.off_by_law(date(2026, 3, 7))  # an ordinary Saturday


async def test_what_the_office_says_goes_before_the_law(days: Days) -> None:
    with days.house.app.database.transaction() as db:
        actor = days.actor(OFFICE)
        number = days.member(db, STUDENT).cohort_id
        made = office_days.add(
            db, actor, number, DayKind.WORKING, date(2026, 10, 1), date(2026, 10, 1)
        )
        entries = office_days.of_office(db, [number])[number]
        assert not office_days.quiet(entries, date(2026, 10, 1), learner=True)
        assert office_days.quiet(entries, date(2026, 10, 2), learner=True)
        office_days.drop(db, actor, made.id or 0)
        assert office_days.of_office(db, [number])[number] == []
        for stranger in (STUDENT, MENTOR):
            with pytest.raises(Refused):
                office_days.add(
                    db, days.actor(stranger), number, DayKind.EXAM, made.first_day, made.last_day
                )


# ---------------------------------------------------------------- when


async def test_the_next_time_is_never_in_the_night_or_in_the_past(days: Days) -> None:
    with days.house.app.database.transaction() as db:
        person = days.house.members[STUDENT].person_id
        db.add(ReminderSettings(person_id=person, minute=8 * 60, level=Level.USUAL))
        db.flush()
        for hour in range(24):
            now = beijing("2026-03-03") + timedelta(hours=hour - 12)
            when = Times(db, [person], now).next(person).astimezone(BEIJING)
            assert when >= now
            assert when.hour == 8
            assert beijing_day(when) == date(2026, 3, 3 if hour <= 8 else 4)


# ---------------------------------------------------------------- the calendar


async def fetched(days: Days, path: str) -> httpx2.Response:
    site = Starlette(routes=[calendar_feed.route(days.house.app.database, days.clock)])
    transport = httpx2.ASGITransport(app=site)
    async with httpx2.AsyncClient(transport=transport, base_url="http://here") as client:
        return await client.get(path)


async def test_deadlines_to_subscribe_to(days: Days) -> None:
    with days.house.app.database.transaction() as db:
        token = deadlines.make_link(db, days.actor(STUDENT))
        assert token not in str(db.exec(select(CalendarLink)).one())
    answer = await fetched(days, f"/calendar/{token}.ics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.headers["cache-control"] == "no-store"
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    found = {(str(e["summary"]), e.decoded("dtstart")) for e in events}
    assert found == {
        ("培养活动至少 10 次", date(2026, 11, 30)),
        ("交期末材料", date(2026, 11, 30)),
        ("初期评价截止", date(2026, 4, 5)),
        ("中期评价截止", date(2026, 8, 31)),
        ("年度评价截止", date(2026, 12, 31)),
    }
    assert STUDENT not in answer.text
    assert "五(三)1" in answer.text


async def test_a_day_that_the_office_has_moved_moves_in_the_calendar(days: Days) -> None:
    with days.house.app.database.transaction() as db:
        student = days.house.members[STUDENT]
        cohort = cohort_of(db, find_member(db, student.membership_id).membership)
        moved = (date(2026, 8, 1), date(2026, 9, 20))
        stages.change(db, days.actor(OFFICE), cohort, "mid", moved, "高校开学后评价")
        found = deadlines.deadlines(db, student.person_id, date(2026, 3, 1))
    assert date(2026, 9, 20) in {one.day for one in found}
    assert date(2026, 8, 31) not in {one.day for one in found}


async def test_an_address_that_was_ended_or_guessed_reads_nothing(days: Days) -> None:
    with days.house.app.database.transaction() as db:
        token = deadlines.make_link(db, days.actor(STUDENT))
        deadlines.revoke_links(db, days.actor(STUDENT))
    ended, guessed = [
        await fetched(days, f"/calendar/{word}.ics") for word in (token, "x" * len(token))
    ]
    assert ended.status_code == guessed.status_code == 404
    assert ended.content == guessed.content


async def test_a_programme_without_days_has_an_empty_calendar(open_days: OpenDays) -> None:
    days = await open_days("2026-06-01", "spark-2026")
    with days.house.app.database.transaction() as db:
        assert (
            deadlines.deadlines(db, days.house.members[STUDENT].person_id, date(2026, 6, 1)) == []
        )


async def test_the_address_is_said_once_where_there_is_a_site(
    open_days: OpenDays, tmp_path: Path
) -> None:
    days = await open_days()
    student = days.house.members[STUDENT]
    assert "日历订阅" not in await student.says("提醒设置")  # this house has no site
    days.house.app.settings.web.enabled = True
    await days.house.restart()
    await student.says("提醒设置")
    assert "日历订阅" in student.sees
    await student.says("怎么关掉提醒")
    assert "日历订阅" in student.sees, "by a sentence as by the button"
    said = await student.presses("订阅到日历")
    [path] = re.findall(r"http://127\.0\.0\.1:8080(/calendar/\S+\.ics)", said)
    assert (await fetched(days, path)).status_code == 200
    await student.says("提醒设置")
    await student.presses("停用日历订阅")
    await student.presses("确定停用")
    assert (await fetched(days, path)).status_code == 404


async def test_erasing_a_person_leaves_nothing_of_their_reminders(days: Days) -> None:
    await reminded(days)
    with days.house.app.database.transaction() as db:
        leave.take(db, days.actor(STUDENT), date(2026, 3, 4), date(2026, 3, 5))
        deadlines.make_link(db, days.actor(STUDENT))
        reminders.choose_level(db, days.actor(STUDENT), Level.STRONGER)
        person = days.house.members[STUDENT].person_id
        assert persons.everything(db, person)[0]["reminders"]
        persons.erase(db, Operator(days.clock.now()), person)
    with days.house.app.database.transaction() as db:
        for kind in (Leave, CalendarLink, ReminderSettings):
            assert db.exec(select(kind)).all() == []
    assert days.rows() == []
    assert "林小雨" not in str(await days.until("2026-03-20"))

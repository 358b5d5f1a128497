"""我的学生 and 本期概况, as the people who look after students see them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from sqlmodel import Session, col, select

import handlers
from bot.talk.acting import Operator
from bot.talk.clock import SetClock
from bot.talk.message import Incoming, Outgoing, rows_of
from programmes.catalogue import load
from programmes.rules import SessionFact, count
from services import roster
from storage.tables import (
    Account,
    Audit,
    Cohort,
    Membership,
    Outbox,
    Record,
    RecordKind,
    Role,
    SendState,
    StoredTalk,
)
from tests.house import House
from tests.staff.conftest import OpenHouse, bring, days_ago, decide, hand_in, write_diary


def mentored(db: Session, house: House, name: str) -> tuple[Membership, Membership]:
    """A student's place and their mentor's."""
    mentor = {"林小雨": "王建国", "赵一鸣": "周岚"}[name]
    one = db.get(Membership, house.members[name].membership_id)
    other = db.get(Membership, house.members[mentor].membership_id)
    assert one is not None
    assert other is not None
    return one, other


async def lives(house: House) -> None:
    """林小雨 has had 10 sessions approved and written 9 diaries; 赵一鸣 waits with two."""
    with house.app.database.transaction() as db:
        student, mentor = mentored(db, house, "林小雨")
        for n in range(10):
            record = hand_in(db, student, house.clock, days_ago(house.clock, 30 - n))
            decide(db, mentor, house.clock, record)
            if n:
                write_diary(db, student, house.clock, about=record)
        second, _ = mentored(db, house, "赵一鸣")
        house.clock.move(-timedelta(days=12))
        hand_in(db, second, house.clock, days_ago(house.clock, 3))
        house.clock.move(timedelta(days=12))
        hand_in(db, second, house.clock, days_ago(house.clock, 3))
    await house.settle()
    for member in house.members.values():
        member.reads()


def urged(house: House) -> list[tuple[int | None, str]]:
    """Each reminder that was sent: of whom, and of what."""
    with house.app.database.transaction() as db:
        rows = db.exec(select(Audit).where(Audit.verb == "urge", Audit.refused == ""))
        return [(row.object_id, row.detail["matter"]) for row in rows]


def refusals(house: House) -> list[tuple[int | None, str, str]]:
    with house.app.database.transaction() as db:
        rows = db.exec(select(Audit).where(Audit.refused != "").order_by(col(Audit.id)))
        return [(row.person_id, row.verb, row.refused) for row in rows]


async def forge(house: House, who: str, press: str) -> str:
    member = house.members[who]
    return await member.sends(Incoming(member.address, press=press))


# ---------------------------------------------------------------- my students


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("郭老师", {"林小雨"}),
        ("白老师", {"赵一鸣"}),
        ("王建国", {"林小雨"}),
        ("李青", {"林小雨"}),
        ("周岚", {"赵一鸣"}),
        ("管小青", {"林小雨", "赵一鸣"}),
    ],
)
async def test_each_sees_their_own_students(house: House, who: str, sees: set[str]) -> None:
    said = await house.members[who].says("我的学生")
    assert {name for name in ("林小雨", "赵一鸣") if name in said} == sees
    assert f"学生 {len(sees)} 名" in said


async def test_a_student_has_no_students(house: House) -> None:
    assert "名下现在没有学生" in await house.members["林小雨"].says("我的学生")


async def test_a_students_page_tells_progress_entries_and_what_may_be_done(house: House) -> None:
    await lives(house)
    teacher = house.members["郭老师"]
    await teacher.says("我的学生")
    said = await teacher.presses("林小雨")
    assert "林小雨\n\n汾河中学、高一" in said
    assert "导师和团队：王建国、李青" in said
    assert "培养活动（至少 10 次） · ✓ 已达到\n  ▰▰▰▰▰▰▰▰▰▰ 已通过 10" in said
    assert "《成长日志》 · 还有 1 篇没写" in said
    assert "提醒写成长日志" in teacher.buttons
    assert "提醒参加培养活动" not in teacher.buttons
    assert "全部记录（19 条）" in teacher.buttons

    await teacher.presses("全部记录")
    assert "林小雨\n\n共 19 条" in teacher.sees
    await teacher.presses("更早的")
    assert "状态：已通过" in await teacher.presses("课题研究")
    assert not {"修改", "撤回", "通过", "退回修改"} & {*teacher.buttons}


async def test_a_mentor_reads_and_does_not_urge_where_the_document_names_the_teacher(
    house: House,
) -> None:
    await lives(house)
    mentor = house.members["王建国"]
    await mentor.says("我的学生")
    await mentor.presses("林小雨")
    assert "已通过 10" in mentor.sees
    assert not [label for label in mentor.buttons if "提醒" in label]
    # Who may is named, to whoever asks for it in words.
    for words in ("提醒所有没写日志的学生", "提醒林小雨写日志"):
        said = await mentor.says(words)
        assert "不由您提醒学生" in said
        assert "郭老师（中学指导教师）" in said
        assert "管小青" in said


async def test_the_list_of_students_says_what_each_lacks_and_what_waits(house: House) -> None:
    await lives(house)
    assert listed(await house.members["王建国"].says("我的学生")) == [
        "1. 林小雨 汾河中学 · 缺日志 1 篇、缺材料（课题报告、培养报告）"
    ]
    assert listed(await house.members["周岚"].says("我的学生")) == [
        "1. 赵一鸣 云冈中学 · 培养活动 0/10、缺日志 2 篇、缺材料（课题报告、培养报告）、待审 2 条"
    ]


async def test_the_office_reminds_those_who_are_behind_from_their_list(house: House) -> None:
    await lives(house)
    office = house.members["管小青"]
    await office.says("本期概况")
    await office.presses("还没达到要求")
    said = await office.presses("提醒他们")
    assert "发出后每名都会收到提醒" in said
    assert "已提醒 2 名" in await office.presses("发给这 2 名")


async def test_many_are_reminded_a_hundred_at_a_press(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lives(house)
    monkeypatch.setattr(handlers.urging, "AT_ONCE", 1)
    office = house.members["管小青"]
    await office.says("本期概况")
    await office.presses("还没达到要求")
    await office.presses("提醒他们")
    said = await office.presses("发给这 2 名")
    assert "已提醒 1 名" in said
    presses = 0
    while "接着发" in said:
        presses += 1
        said = await office.presses("接着发")
        assert "已提醒 1 名" in said
    assert presses == len(urged(house)) - 1
    assert len(set(urged(house))) == len(urged(house))


@pytest.mark.parametrize("verb", ["student", "entries"])
async def test_another_schools_student_is_not_read(house: House, verb: str) -> None:
    other = house.members["赵一鸣"].membership_id
    for who in ("郭老师", "王建国", "李青", "林小雨"):
        assert "不能查看" in await forge(house, who, f"a:{verb}:{other}")
        person_id = house.members[who].person_id
        assert refusals(house)[-1] == (person_id, "read_student", "watch.not_yours")


async def test_a_right_that_has_ended_opens_no_button(house: House) -> None:
    """The button was shown while the right stood."""
    teacher = house.members["郭老师"]
    await teacher.says("我的学生")
    with house.app.database.transaction() as db:
        roster.end_member(db, Operator(house.clock.now()), teacher.membership_id, "离职")
    assert "您不能查看" in await teacher.presses("林小雨")


async def test_only_learners_have_a_page(house: House) -> None:
    mentor = house.members["王建国"].membership_id
    assert "您不能查看" in await forge(house, "管小青", f"a:student:{mentor}")


@pytest.mark.parametrize(
    "press",
    [
        "a:student",
        "a:student:x",
        "a:students:²",
        "a:cohort:-1",
        "a:behind:1:zz",
        "a:urge:1",
        "a:urge:1:money",
        "a:student:99999999999999999999",
    ],
)
async def test_a_button_that_was_never_ours_changes_nothing(house: House, press: str) -> None:
    assert "什么也没有改动" in await forge(house, "管小青", press)


async def test_a_long_list_has_pages_of_eight(house: House) -> None:
    with house.app.database.transaction() as db:
        by, cohort = Operator(house.clock.now()), db.exec(select(Cohort)).one()
        for n in range(17):
            person = roster.add_person(db, by, f"同学{n:02}")
            roster.add_member(
                db, by, cohort.id or 0, person.id or 0, Role.STUDENT, grade="senior_1"
            )
    office = house.members["管小青"]
    pages = [await office.says("我的学生")]
    pages += [await office.presses("下一页") for _ in range(2)]
    listed = [[f"同学{n:02}" for n in range(17) if f"同学{n:02}" in page] for page in pages]
    assert [len(names) for names in listed] == [6, 8, 3]
    assert [*chain(*listed)] == [f"同学{n:02}" for n in range(17)]
    assert "下一页 →" not in office.buttons
    await office.presses("上一页")
    assert "林小雨" in await office.presses("上一页")


# ---------------------------------------------------------------- urging


async def test_a_teacher_urges_once_a_day_after_seeing_what_is_said(house: House) -> None:
    await lives(house)
    teacher, student = house.members["郭老师"], house.members["林小雨"]
    await teacher.says("我的学生")
    await teacher.presses("林小雨")
    shown = await teacher.presses("提醒写成长日志")
    assert "将发给 林小雨" in shown
    assert "提醒你" in shown
    assert "提醒您" not in shown
    assert student.unread() == []

    assert "已提醒 林小雨" in await teacher.presses("发出提醒")
    read = student.reads()
    assert "郭老师（中学指导教师）提醒你" in read
    assert "《成长日志》还有 1 篇没写" in read
    await student.presses("写成长日志")
    assert "写写这次成长" in student.sees
    student.reads()

    page = await teacher.presses("← 林小雨")
    assert "郭老师（中学指导教师）提醒过成长日志" in page
    assert "今天已经提醒过了" in await teacher.presses("提醒写成长日志")
    assert student.unread() == []
    house.clock.move(timedelta(days=1))
    await teacher.presses("提醒写成长日志")
    await teacher.presses("发出提醒")
    assert "提醒你" in student.reads()


async def test_the_same_press_twice_urges_once(house: House) -> None:
    await lives(house)
    student = house.members["林小雨"]
    press = f"a:urge:{student.membership_id}:diary:yes"
    teacher = house.members["郭老师"]
    for key in ("one", "one", "two"):
        await house.receive(Incoming(teacher.address, press=press), key=key)
        await house.settle()
    assert student.reads().count("提醒你") == 1


async def test_another_schools_teacher_cannot_urge(house: House) -> None:
    await lives(house)
    student = house.members["林小雨"]
    for who in ("白老师", "周岚"):
        press = f"a:urge:{student.membership_id}:diary:yes"
        assert "不能查看" in await forge(house, who, press)
    assert "您不能在这件事上提醒" in await forge(
        house, "王建国", f"a:urge:{student.membership_id}:diary:yes"
    )
    assert student.unread() == []


async def test_a_mentor_does_not_read_who_urged(house: House) -> None:
    """The teachers were told that students and the office read their reminders."""
    await lives(house)
    student = house.members["林小雨"]
    await forge(house, "郭老师", f"a:urge:{student.membership_id}:diary:yes")
    assert "提醒过成长日志" in await forge(house, "管小青", f"a:student:{student.membership_id}")
    assert "提醒过" not in await forge(house, "王建国", f"a:student:{student.membership_id}")


# ---------------------------------------------------------------- the cohort


async def test_only_its_coordinators_see_a_cohort(house: House) -> None:
    with house.app.database.transaction() as db:
        by = Operator(house.clock.now())
        other = roster.create_cohort(db, by, "shanxi-2026", "另一期").id or 0
    for verb in ("cohort", "behind", "longest", "absent", "unreached"):
        for who in ("郭老师", "王建国", "林小雨"):
            assert "只有这一期的管理办公室" in await forge(house, who, f"a:{verb}:1")
        assert "只有这一期的管理办公室" in await forge(house, "管小青", f"a:{verb}:{other}")
    assert "只有这一期的管理办公室" in await house.members["郭老师"].says("本期概况")


async def test_the_numbers_are_those_of_the_rules(house: House) -> None:
    await lives(house)
    said = await house.members["管小青"].says("本期概况")
    day = days_ago(house.clock, 0)
    programme = load("shanxi-2026")
    with house.app.database.transaction() as db:
        meets = 0
        for name in ("林小雨", "赵一鸣"):
            learner = house.members[name].membership_id
            rows = db.exec(
                select(Record).where(
                    Record.student_id == learner, Record.kind == RecordKind.SESSION
                )
            )
            facts = [
                SessionFact(
                    r.day, on_campus=True, face_to_face=True, status=r.state.value, minutes=90
                )
                for r in rows
            ]
            meets += count(facts, programme, day).requirements[0].still_needed == 0
    assert meets == 1
    assert f"培养活动（至少 10 次）\n  ▰▱ 2 名学生中，已达到 {meets} 名" in said
    assert "五(三)1" in said
    assert "《成长日志》\n  ▱▱ 2 名学生还有 3 篇没写" in said
    assert "待审：2 条，最早的交于 11月11日" in said
    assert "还没加入 · 1" in said
    assert "联系不上" not in said
    assert "草稿只有写的人自己看得到" in said


async def test_a_draft_is_nowhere_to_be_seen(house: House) -> None:
    student, office = house.members["赵一鸣"], house.members["管小青"]
    await student.says("记一次培养")
    await student.presses("昨天")
    with house.app.database.transaction() as db:
        assert db.exec(select(StoredTalk)).one().journal["entries"]
    for shown, said in (
        ("培养活动", await office.says("本期概况")),
        ("赵一鸣", await forge(house, "管小青", f"a:student:{student.membership_id}")),
        ("没有", await forge(house, "管小青", "a:longest:1")),
    ):
        assert shown in said
        assert "没写完" not in said
        assert "昨天" not in said
        assert "11月22日" not in said
    assert "没有待审的记录" in await office.says("本期概况")


def listed(said: str) -> list[str]:
    """The items of a card, as they are read."""
    return [line for line in said.split("\n") if re.match(r"\d+\. ", line)]


async def test_whoever_is_behind_is_listed_in_roster_order(house: House) -> None:
    await lives(house)
    office = house.members["管小青"]
    await office.says("本期概况")
    assert "还没达到要求 · 2" in office.sees
    assert listed(await office.presses("还没达到要求")) == [
        "1. 林小雨 · 缺日志 1 篇、缺材料（课题报告、培养报告）",
        "2. 赵一鸣 · 培养活动 0/10、缺日志 2 篇、缺材料（课题报告、培养报告）",
    ]
    with house.app.database.transaction() as db:
        student, _ = mentored(db, house, "林小雨")
        sessions = db.exec(
            select(Record)
            .where(Record.student_id == student.id, Record.kind == RecordKind.SESSION)
            .order_by(col(Record.day))
        ).all()
        write_diary(db, student, house.clock, about=sessions[0])
        for material in ("topic_report", "training_report"):
            bring(db, student, house.clock, material)
    await office.presses("← 本期概况")
    assert listed(await office.presses("还没达到要求")) == [
        "1. 赵一鸣 · 培养活动 0/10、缺日志 2 篇、缺材料（课题报告、培养报告）"
    ]
    assert "赵一鸣\n\n云冈中学、高一" in await office.presses("赵一鸣")


async def test_what_waits_is_listed_with_whom_the_longest_first(house: House) -> None:
    await lives(house)
    office = house.members["管小青"]
    await office.says("本期概况")
    assert "等得最久的 · 2" in office.sees
    first, second = listed(await office.presses("等得最久的"))
    assert first.endswith(" · 等周岚，12 天")
    assert second.endswith(" · 等周岚")
    assert "状态：待审" in await office.presses("赵一鸣")


async def test_who_has_not_joined_and_who_has_left(house: House) -> None:
    office = house.members["管小青"]
    said = await forge(house, "管小青", "a:absent:1")
    assert "还没加入 · 示例一期" in said
    assert "林大海，家长（监护人），汾河中学 · 还没有发邀请码" in said
    await house.code("林大海")
    assert "邀请码在 12月23日" in await forge(house, "管小青", "a:absent:1")
    house.clock.move(timedelta(days=31))
    assert "邀请码已于 12月23日" in await forge(house, "管小青", "a:absent:1")
    assert "加入的人都联系得上" in await forge(house, "管小青", "a:unreached:1")

    teacher = house.members["白老师"]
    await house.receive(Incoming(teacher.address, presence="left"))
    await house.settle()
    assert "2. 还没加入 · 1\n3. 联系不上 · 1" in await office.says("本期概况")
    assert "· 白老师，中学指导教师，云冈中学" in await office.presses("联系不上")


async def test_an_office_sees_to_whom_messages_were_given_up(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026")
    office, teacher = house.members["管小青"], house.members["白老师"]
    assert "消息没送到" not in await office.says("本期概况")
    assert "都送到了" in await forge(house, "管小青", "a:undelivered:1")
    now = house.clock.now()
    with house.app.database.transaction() as db:
        [account] = db.exec(select(Account).where(Account.address == teacher.address))
        for state, ago in (
            (SendState.FAILED, 2),
            (SendState.FAILED, 1),
            (SendState.SENT, 1),
            (SendState.FAILED, 40),
        ):
            at = now - timedelta(days=ago)
            body = Outgoing("私下的话").to_json()
            row = Outbox(
                account_id=account.id or 0, body=body, state=state, not_before=at, created_at=at
            )
            db.add(row)
    assert "消息没送到 · 1" in await office.says("本期概况")
    said = await office.presses("消息没送到")
    assert "1 人有消息没送到" in said
    assert "白老师，中学指导教师，云冈中学 · 2 条，最近一次 11月22日" in said
    assert "私下的话" not in said
    assert "只有这一期的管理办公室" in await forge(house, "白老师", "a:undelivered:1")


async def test_a_monthly_minimum_is_counted_by_months(
    open_house: OpenHouse, clock: SetClock
) -> None:
    clock.moment = datetime(2025, 11, 23, 2, tzinfo=UTC)
    house = await open_house("neimenggu-pilot-2025")
    with house.app.database.transaction() as db:
        student, mentor = mentored(db, house, "林小雨")
        for days in (2, 3):
            record = hand_in(db, student, house.clock, days_ago(house.clock, days))
            decide(db, mentor, house.clock, record)
    said = await house.members["管小青"].says("本期概况")
    asked = "面对面指导（每月至少 2 次）"
    assert f"{asked}\n  ▰▱ 2 名学生中，本月已达到 1 名，以前各月都达到 0 名" in said
    behind = await forge(house, "管小青", "a:behind:1")
    assert "林小雨 · 到校培养 2/10、面对面指导本月 2/2" in behind
    house.clock.move(timedelta(days=60))
    said = await house.members["管小青"].says("本期概况")
    assert f"{asked}\n  ▱▱ 2 名学生中，各月都达到 0 名" in said


async def test_where_the_document_is_silent_nobody_is_behind(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026")
    said = await house.members["管小青"].says("本期概况")
    assert "方案没有规定最少次数" in said
    assert not [label for label in house.members["管小青"].buttons if "没达到" in label]
    assert "每名学生都达到要求了" in await forge(house, "管小青", "a:behind:1")


async def test_a_coordinator_of_several_cohorts_goes_from_one_to_another(house: House) -> None:
    office = house.members["管小青"]
    with house.app.database.transaction() as db:
        by = Operator(house.clock.now())
        other = roster.create_cohort(db, by, "sichuan-jingke-2023", "第二期").id or 0
        roster.add_member(db, by, other, office.person_id, Role.COORDINATOR)
    assert (await office.says("本期概况")).startswith("第二期")
    assert "示例一期" in await office.presses("示例一期")
    assert "学生：2 名" in office.sees
    with house.app.database.transaction() as db:
        roster.end_member(db, Operator(house.clock.now()), office.membership_id, "调动")
    assert "只有这一期的管理办公室" in await forge(house, "管小青", "a:cohort:1")


# ---------------------------------------------------------------- every page


async def test_every_button_has_somebody_to_answer_it_and_room_to_grow(house: House) -> None:
    await lives(house)
    office = house.members["管小青"]
    await office.says("我的学生")
    await office.says("本期概况")
    for verb in ("behind", "longest", "absent", "unreached"):
        await forge(house, "管小青", f"a:{verb}:1")
    await forge(house, "管小青", f"a:student:{house.members['林小雨'].membership_id}")
    await office.presses("提醒写成长日志")
    with house.app.database.transaction() as db:
        bodies = db.exec(select(Outbox.body)).all()
    presses = {
        b.press for body in bodies for row in rows_of(Outgoing.from_json(body)) for b in row
    }
    verbs = {press.split(":")[1] for press in presses}
    assert {"student", "students", "entries", "urge", "behind", "longest", "absent"} <= verbs
    assert verbs <= {*handlers.ACTS, *handlers.COMMANDS}
    assert max(len(re.sub(r":\d+", ":" + "9" * 12, press)) for press in presses) <= 64


async def test_a_page_reads_in_english(house: House) -> None:
    await lives(house)
    office = house.members["管小青"]
    await office.says("/language en")
    said = await office.says("the cohort")
    assert "Cultivation sessions (at least 10)\n  ▰▱ reached by 1 of 2 students 五(三)1" in said
    assert "to be reviewed: 2, the oldest from Wed 11 Nov 10:00" in said
    assert "Not met yet" in office.buttons


# ---------------------------------------------------------------- those who are late with reviews


async def test_the_office_reminds_those_who_have_not_reviewed_for_days(house: House) -> None:
    await lives(house)  # two entries of 赵一鸣 wait for 周岚, one of them for twelve days
    office, mentor = house.members["管小青"], house.members["周岚"]
    await office.says("催一下导师")
    assert "赵一鸣" in office.sees
    said = await office.presses("提醒审核的人")
    assert "周岚 · 1 条，最久的等了 12 天" in said
    assert "王建国" not in said, "nothing waits for him"
    mentor.reads()
    await office.presses("发给这 1 名")
    assert "已提醒 1 位：周岚" in office.sees
    told = mentor.reads()
    assert "管小青（管理办公室人员）提醒您：1 条记录在等您审核，最久的等了 12 天（赵一鸣）" in told
    assert "待审 2 条" in await mentor.presses("待审")
    mentor.reads()
    await office.says("等得最久的是哪条")
    await office.presses("提醒审核的人")
    assert "没有要提醒的" in office.sees
    assert mentor.reads() == "", "once a day"
    with house.app.database.transaction() as db:
        [noted] = db.exec(select(Audit).where(Audit.verb == "urge_review", Audit.refused == ""))
        assert (noted.person_id, noted.object_id) == (office.person_id, mentor.membership_id)


async def test_what_waits_for_less_than_days_reminds_nobody(house: House) -> None:
    with house.app.database.transaction() as db:
        student, _ = mentored(db, house, "林小雨")
        hand_in(db, student, house.clock, days_ago(house.clock, 3))
    office = house.members["管小青"]
    await office.says("等得最久的是哪条")
    assert "林小雨" in office.sees
    assert "提醒审核的人" not in office.buttons
    cohort = house.app.database
    with cohort.transaction() as db:
        number = db.exec(select(Cohort.id)).one()
    assert "没有要提醒的" in await forge(house, "管小青", f"a:urge_reviewers:{number}")
    for who in ("王建国", "郭老师", "林小雨"):
        said = await forge(house, who, f"a:urge_reviewers:{number}:yes")
        assert "只有这一期的管理办公室人员" in said


@pytest.mark.parametrize(
    ("who", "said", "sees"),
    [
        ("林小雨", "催一下导师", "没有在等审核的记录"),
        ("郭老师", "催一下导师", "助手会先提醒导师"),
        ("周岚", "赵一鸣还有几条没审", "待审 2 条（赵一鸣）"),
        ("管小青", "赵一鸣还有几条没审", "云冈中学"),
        ("周岚", "怎么审核", "现在待审 2 条"),
        ("王建国", "怎么审核", "现在待审 0 条"),
        ("林小雨", "怎么审核", "培养活动：王建国、李青"),
        ("管小青", "怎么审核", "由学生的导师和培养团队审核"),
        ("郭老师", "怎么审核记录", "由学生的导师和培养团队审核"),
        ("王建国", "林小雨还有几条没审", "没有待审的记录（林小雨）"),
    ],
)
async def test_reviews_are_asked_after_in_ones_own_words(
    house: House, who: str, said: str, sees: str
) -> None:
    await lives(house)
    assert sees in await house.members[who].says(said)


async def test_next_is_said_at_any_time_and_opens_what_was_not_read_yet(house: House) -> None:
    await lives(house)
    mentor = house.members["周岚"]
    first = await mentor.says("下一条")
    await mentor.says("谢谢")
    second = await mentor.says("下一条")
    assert "状态：待审" in first
    assert "状态：待审" in second
    assert first != second
    assert "待审 2 条" in await mentor.says("下一条"), "all were opened: the queue"


@pytest.mark.parametrize("words", ["不要发给{}", "把{}去掉", "不用提醒{}", "leave out {}"])
async def test_somebody_is_left_out_of_those_who_are_to_be_reminded(
    house: House, words: str
) -> None:
    await lives(house)
    office = house.members["管小青"]
    assert "林小雨" in await office.says("提醒所有学生")
    left = await office.says(words.format("林小雨"))
    assert "已去掉：林小雨" in left
    assert "1. 赵一鸣" in left
    assert "1. 林小雨" not in left
    sent = await office.presses("发给这 1 名")
    assert "已提醒 1 名：赵一鸣" in sent
    assert "林小雨" not in sent
    assert "提醒" not in house.members["林小雨"].reads()
    # What is not below that list is no such thing.
    assert "已去掉" not in await office.says(words.format("林小雨"))


async def test_who_is_not_on_the_list_is_not_taken_off_it(house: House) -> None:
    await lives(house)
    office = house.members["管小青"]
    await office.says("提醒所有学生")
    await office.says("不要发给赵一鸣")
    await office.presses("发给这 1 名")
    assert "1. 赵一鸣" in await office.says("提醒所有学生")
    said = await office.says("不要发给林小雨")
    assert "林小雨本来就不在这份名单里" in said
    assert "已去掉" not in said
    assert "1. 赵一鸣" in said


@pytest.mark.parametrize("words", ["林小雨的情况", "林小雨最近怎么样"])
async def test_of_several_of_one_name_it_is_asked_which(house: House, words: str) -> None:
    office = house.members["管小青"]
    await house.enrol("林小雨", Role.STUDENT)
    assert "是哪一位" in await office.says(words)
    assert "2. 林小雨" in office.sees
    assert "培养活动" in await office.says("1")


@pytest.mark.parametrize(
    ("who", "words", "told"),
    [
        ("王建国", "what do I have to do today", "Evaluations"),
        ("林小雨", "what do I have to do today", "Log a session"),
        ("王建国", "who is due to write a diary", "growth diary"),
        ("林小雨", "who is due to write a diary", "Others' records cannot be seen"),
        ("王建国", "remind 林小雨 to write the diary", "does not make you the one who reminds"),
        ("王建国", "I no longer want to mentor 林小雨", "The office decides which mentor"),
        ("林小雨", "I no longer want to mentor 林小雨", "Only an office"),
        ("管小青", "what if a student withdraws", "Exits to check"),
        ("王建国", "tell the students not to come tomorrow", "Bulletins are sent by the office"),
        ("管小青", "tell the students not to come tomorrow", "To: student"),
        ("王建国", "start the evaluation", "to write, 0 signed"),
    ],
)
async def test_what_is_asked_of_an_office_in_english(
    house: House, who: str, words: str, told: str
) -> None:
    one = house.members[who]
    await one.says("/language en")
    assert told in await one.says(words)


async def test_progress_is_everybodys_own(house: House) -> None:
    """进度, typed by who has none of their own: the overview, or their students."""
    assert "待审" in await house.members["管小青"].says("进度")
    assert "林小雨" in await house.members["王建国"].says("进度")
    assert "林小雨" in await house.members["郭老师"].says("我的进度")

"""What the lists say: the chat's figures, and what leads from one to the other."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlmodel import Session, select

from bot.router import Router
from bot.scene import Scene
from bot.talk.acting import Actor
from handlers import cohort, handlers
from services import urging
from services.audit import note_refusal
from services.entities import RecordKind
from storage import chats
from storage.tables import (
    Account,
    Audit,
    Inquiry,
    InquiryState,
    Record,
    Reminder,
    ReminderState,
    Role,
)
from tests.console.conftest import NORTH, SOUTH, Desk, Province


def lines(html: str) -> list[str]:
    """The rows of a list, as they are read."""
    body = html.split("<tbody", 1)[1]
    rows = re.findall(r"<tr.*?</tr>", body, re.S)
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in rows]


def links(html: str) -> list[str]:
    return [one.replace("&amp;", "&") for one in re.findall(r'href="(/console/\d[^"]*)"', html)]


async def test_each_number_leads_to_as_many_lines(desk: Desk, province: Province) -> None:
    """Every number of the overview that is a link, against the list behind it."""
    browser = await desk.of("省办小王")
    html = await browser.opens(f"/{province.cohort}")
    numbered = re.findall(
        r'<a href="/console(/[^"]*)">(?:<span class="label">.*?</span> '
        r'<span class="count">)?(\d+)<',
        html,
    )
    assert len(numbered) > 12
    for path, number in numbered:
        behind = await browser.opens(path.replace("&amp;", "&"))
        found = lines(behind) if "<tbody" in behind else []
        assert len(found) == int(number), path


async def test_what_the_pages_count_the_chat_counts(desk: Desk, province: Province) -> None:

    browser = await desk.of("北办小李")
    html = await browser.opens(f"/{province.cohort}")
    with province.database.transaction() as db:
        speaker = chats.open_account(db, "fake", "chat", "zh", province.clock.now())
        speaker.person_id = province.people["北办小李"]
        scene = Scene(Router(handlers(), note_refusal), db, speaker, province.clock.now())
        cohort.cohort(scene, [str(province.cohort)])
        [said] = [post.body for post in scene.posts]
    for meter in said["meters"]:
        assert meter["words"] in html
        assert meter["what"] in html
    assert {item["words"] for item in said["items"]} >= {"等得最久的", "还没达到要求", "还没加入"}
    for item in said["items"]:
        label = "待审" if item["words"] == "等得最久的" else item["words"]
        shown = rf'{label}</span> <span class="count">{item["state"]}<'
        assert re.search(shown, html), item


async def test_lists_are_searched_filtered_ordered_and_turned(
    desk: Desk, province: Province
) -> None:
    browser = await desk.of("省办小王")
    at = f"/{province.cohort}/students"
    every = [line.split()[0] for line in lines(await browser.opens(at))]
    assert every == [*NORTH, *SOUTH]  # as on the roster
    for typed, found in (
        ("林", ["林小雨", "林南山"]),
        ("lin", ["林小雨", "林南山"]),
        ("LXY", ["林小雨"]),
        ("ouyang xiu", ["欧阳修远"]),
        ("oy", ["欧阳修远"]),
        ("duoduo", ["钱多多"]),
        ("没有", []),
    ):
        html = await browser.opens(f"{at}?q={typed}")
        assert [one.split()[0] for one in lines(html)] == found if found else "没有符合" in html
    waiting = lines(await browser.opens(f"{at}?state=waiting"))
    assert [line.split()[0] for line in waiting] == ["林小雨", "钱多多"]
    chemistry = lines(await browser.opens(f"{at}?subject=chemistry&state=waiting"))
    assert [line.split()[0] for line in chemistry] == ["钱多多"]
    by_name = [line.split()[0] for line in lines(await browser.opens(f"{at}?sort=name"))]
    assert by_name.index("林小雨") < by_name.index("欧阳修远") < by_name.index("钱多多")
    down = [line.split()[0] for line in lines(await browser.opens(f"{at}?sort=-name"))]
    assert down == by_name[::-1]
    # An address that nobody has made is an ordinary page.
    odd = await browser.opens(f"{at}?page=99999999999&sort=weight&colour=red&q=%00")
    assert "没有符合条件的" in odd or lines(odd)
    assert lines(await browser.opens(f"{at}?page=7"))


async def test_pages_of_fifty_keep_what_is_chosen(desk: Desk, province: Province) -> None:
    with province.database.transaction() as db:
        for number in range(60):
            province.add(db, f"多{number}", Role.STUDENT, "北一中", subject="physics")
    browser = await desk.of("北办小李")
    first = await browser.opens(f"/{province.cohort}/students?subject=physics&sort=-school")
    assert len(lines(first)) == 50
    [after] = [one for one in links(first) if "page=2" in one]
    assert "subject=physics" in after
    assert "sort=-school" in after
    second = await browser.opens(after.removeprefix("/console"))
    assert len(lines(second)) == 13


# ---------------------------------------------------------------- one student


async def test_a_students_page_tells_what_happened_and_is_noted(
    desk: Desk, province: Province
) -> None:
    student = province.places["林小雨"]
    with province.database.transaction() as db:
        actor = Actor(province.people["北办小李"], None, province.clock.now())
        _reachable(province, db)
        urging.urge(db, actor, student, RecordKind.DIARY)
    browser = await desk.of("北办小李")
    html = await browser.opens(f"/{province.cohort}/students/{student}")
    for said in ("林小雨", "王建国", "已通过 1", "待审", "提醒成长日志", "北办小李"):
        assert said in html
    [entry, *_] = [one for one in links(html) if "/entries/" in one]
    whole = await browser.opens(entry.removeprefix("/console"))
    assert "实验" in whole
    with province.database.transaction() as db:
        looks = [
            (row.object, row.detail["of"])
            for row in db.exec(select(Audit).where(Audit.verb == "look"))
        ]
    assert looks == [("membership", f",{student},"), ("record", f",{student},")]


async def test_an_entry_elsewhere_is_as_one_that_is_not(desk: Desk, province: Province) -> None:
    south = await desk.of("南办小赵")
    html = await south.opens(f"/{province.cohort}/students/{province.places['钱多多']}")
    entries = [one.removeprefix("/console") for one in links(html) if "/entries/" in one]
    assert len(entries) == 2
    north = await desk.of("北办小李")
    nothing = await north.opens(f"/{province.cohort}/entries/999999", 404)
    for entry in entries:
        await south.opens(entry)
        assert await north.opens(entry, 404) == nothing


def _reachable(province: Province, db: Session) -> None:
    speaker = chats.open_account(db, "fake", "student", "zh", province.clock.now())
    db.get_one(Account, speaker.account_id).person_id = province.people["林小雨"]
    db.flush()


# ---------------------------------------------------------------- the other lists


async def test_what_staff_did_is_told_within_the_branch(desk: Desk, province: Province) -> None:
    """The mentor is of the university above: what they did is told to the province alone."""
    north, above = await desk.of("北办小李"), await desk.of("省办小王")
    await north.opens(f"/{province.cohort}/students/{province.places['林小雨']}")
    here = lines(await north.opens(f"/{province.cohort}/acts"))
    assert any("北办小李" in line and "查看" in line and "林小雨" in line for line in here)
    assert not any("王建国" in line for line in here)
    there = lines(await above.opens(f"/{province.cohort}/acts"))
    assert any("王建国" in line and "通过" in line and "钱多多" in line for line in there)


async def test_reminders_to_come_name_nobody_above(desk: Desk, province: Province) -> None:
    with province.database.transaction() as db:
        for name in ("林小雨", "王建国", "省办小王", "北办小李"):
            _remind(province, db, name, "林小雨")
        _remind(province, db, "钱多多", "钱多多")
    told = lines(await (await desk.of("北办小李")).opens(f"/{province.cohort}/reminders"))
    assert {_whom(line) for line in told} == {
        "林小雨",
        "王建国",
        "北办小李",
    }
    whole = lines(await (await desk.of("省办小王")).opens(f"/{province.cohort}/reminders"))
    assert len(whole) == 5


async def test_reminders_say_which_of_several_they_are_about(
    desk: Desk, province: Province
) -> None:
    with province.database.transaction() as db:
        place = province.places["林小雨"]
        entry = db.exec(select(Record).where(Record.student_id == place)).first()
        assert entry is not None
        for about, period in (
            ("material", "topic_report 2026-11-30 late"),
            ("material", "training_report 2026-11-30 late"),
            ("diary", f"{entry.id} again"),
        ):
            _remind(province, db, "林小雨", "林小雨", about, period)
        day = f"{entry.day.month}月{entry.day.day}日"
    told = lines(await (await desk.of("省办小王")).opens(f"/{province.cohort}/reminders"))
    for words in ("课题报告", "培养报告", f"成长日志》（{day}"):
        assert sum(words in line for line in told) == 1, words


def _whom(line: str) -> str:
    return next(n for n in ("省办小王", "北办小李", "王建国", "钱多多", "林小雨") if n in line)


def _remind(
    province: Province, db: Session, whom: str, of: str, about: str = "diary", period: str = ""
) -> None:
    now = province.clock.now()
    db.add(
        Reminder(
            person_id=province.people[whom],
            learner_id=province.places[of],
            rule="cultivation.diary_frequency",
            period=period or f"test-{whom}",
            about=about,
            state=ReminderState.WAITING,
            found_at=now,
            due_at=now + timedelta(hours=3),
        )
    )


async def test_questions_are_for_who_may_answer_them(desk: Desk, province: Province) -> None:
    with province.database.transaction() as db:
        db.add(
            Inquiry(
                words="材料交到哪里",
                topic="",
                programme="shanxi-2026",
                state=InquiryState.OPEN,
                asked_at=province.clock.now(),
                role="student",
            )
        )
    path = f"/{province.cohort}/inquiries"
    [line] = lines(await (await desk.of("省办小王")).opens(path))
    assert "材料交到哪里" in line
    # A city answers for no programme.
    north = await desk.of("北办小李")
    assert "没有这个页面" in await north.opens(path, 404)
    assert "inquiries" not in await north.opens(f"/{province.cohort}")

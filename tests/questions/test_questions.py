"""What was no help, the office's answer, and what becomes of it: rights, repeats, what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlmodel import SQLModel, select

from bot.talk.acting import Actor, Refused
from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from services import inquiries
from storage.tables import (
    Account,
    Audit,
    Cohort,
    Curated,
    CuratedState,
    Inquiry,
    InquiryState,
    Membership,
    Outbox,
    Person,
    Role,
)
from tests.conftest import Kind, NewDatabase
from tests.house import House, Member
from tests.staff.conftest import bind

ASKED = "导师聘期几年"
"""On which the document is silent."""

Row = TypeVar("Row", bound=SQLModel)


@pytest.fixture(params=["sqlite", "postgres"])
async def house(
    request: pytest.FixtureRequest,
    new_database: NewDatabase,
    tmp_path: Path,
    clock: SetClock,
) -> AsyncIterator[House]:
    """Everybody has joined; 温大同 coordinates another programme, in which 林小雨 has no place."""
    kind: Kind = request.param
    house = await House.open(new_database(kind), tmp_path, clock)
    await house.populate()
    join_other(house, "温大同", "spark-2026", Role.COORDINATOR)
    with house.app.database.transaction() as db:
        for member in house.members.values():
            bind(db, member.person_id, member.address, clock)
    yield house
    house.close()


def join_other(house: House, name: str, programme: str, role: Role) -> None:
    """Give somebody, perhaps new, a place in a cohort of another programme."""
    now = house.clock.now()
    with house.app.database.transaction() as db:
        cohort = db.exec(select(Cohort).where(Cohort.programme == programme)).first()
        cohort = cohort or Cohort(programme=programme, name="另一期", created_at=now)
        db.add(cohort)
        person = db.get(Person, house.members[name].person_id) if name in house.members else None
        person = person or Person(name=name, created_at=now)
        db.add(person)
        db.flush()
        place = Membership(
            cohort_id=cohort.id or 0, person_id=person.id or 0, role=role, created_at=now
        )
        db.add(place)
        db.flush()
        if name not in house.members:
            house.members[name] = Member(
                house, name, role, person.id or 0, place.id or 0, f"chat-{name}"
            )


def rows(house: House, table: type[Row]) -> list[Row]:
    with house.app.database.transaction() as db:
        return list(db.exec(select(table).order_by("id")))


def refusals(house: House, who: str) -> list[tuple[str, str]]:
    person = house.members[who].person_id
    return [(a.verb, a.refused) for a in rows(house, Audit) if a.refused and a.person_id == person]


async def forge(house: House, who: str, press: str) -> str:
    member = house.members[who]
    return await member.sends(Incoming(member.address, press=press))


async def ask(house: House, who: str, words: str = ASKED) -> None:
    """Somebody asks, and says that it was no help."""
    await house.members[who].says(words)
    await house.members[who].presses("没帮到我")


async def answered(house: House, says: str = "一年。") -> int:
    """The office answers the first group."""
    number = next(q.id for q in rows(house, Inquiry) if q.state is InquiryState.OPEN)
    await forge(house, "管小青", f"a:reply:{number}")
    office = house.members["管小青"]
    await office.says(says)
    await office.presses("不写依据")
    await office.presses("发送")
    return number or 0


async def curated(house: House, *, published: bool = True) -> int:
    """A standard answer made of the first group."""
    await ask(house, "林小雨")
    number = await answered(house)
    office = house.members["管小青"]
    await forge(house, "管小青", f"a:curate:{number}")
    await office.says("导师的聘期")
    await office.presses("保存")
    if published:
        await office.presses("发布")
    return rows(house, Curated)[-1].id or 0


# ---------------------------------------------------------------- what is kept


async def test_only_the_newest_question_of_a_chat_is_kept(house: House) -> None:
    for words in ("中期评价什么时候", "林小雨的日志谁来督促", "导师聘期几年，电话13812345678"):
        await house.members["林小雨"].says(words)
        await house.members["赵一鸣"].says(words)
    kept = rows(house, Inquiry)
    assert [q.words for q in kept] == ["导师聘期几年，电话（号码）"] * 2
    assert {q.state for q in kept} == {InquiryState.ASKED}


async def test_what_has_been_answered_no_longer_says_who_asked(house: House) -> None:
    await ask(house, "林小雨", f"我是林小雨，{ASKED}")
    (waiting,) = rows(house, Inquiry)
    assert waiting.words == f"我是（姓名），{ASKED}"
    assert waiting.account_id is not None
    await answered(house)
    (row,) = rows(house, Inquiry)
    assert row.account_id is None
    assert row.state is InquiryState.ANSWERED
    assert row.answered_by == house.members["管小青"].person_id
    about = [a for a in rows(house, Audit) if a.object == "question"]
    assert {a.person_id for a in about} == {house.members["管小青"].person_id}
    assert "一年。" in house.members["林小雨"].unread()[-1].text


@pytest.mark.parametrize("words", ["我不想活了", "有人打我，我好害怕"])
async def test_words_of_despair_are_kept_nowhere(house: House, words: str) -> None:
    student = house.members["林小雨"]
    await student.says(ASKED)
    await student.says(words)
    assert "没帮到我" not in student.buttons
    assert rows(house, Inquiry) == []


async def test_what_is_in_ones_own_records_goes_to_nobody(house: House) -> None:
    await house.members["林小雨"].says("我还差几次？")
    assert "没帮到我" not in house.members["林小雨"].buttons
    assert rows(house, Inquiry) == []


async def test_before_a_guardian_consents_nothing_is_kept(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> None:
    house = await House.open(new_database("sqlite"), tmp_path, clock)
    await house.populate("sichuan-jingke-2023", "primary_5")
    await house.join("林小雨", "管小青")
    child = house.members["林小雨"]
    await child.says(ASKED)
    assert "没有可以转给的管理办公室" in await child.presses("没帮到我")
    assert rows(house, Inquiry) == []
    house.close()


async def test_a_stranger_s_question_is_not_kept(house: House) -> None:
    stranger = Member(house, "?", Role.STUDENT, 0, 0, "chat-?")
    await stranger.says(f"/ask {ASKED}")
    assert "没有可以转给的管理办公室" in await stranger.presses("没帮到我")
    assert rows(house, Inquiry) == []


async def test_old_questions_are_forgotten_and_waiting_ones_are_not(house: House) -> None:
    await house.members["赵一鸣"].says(ASKED)
    await ask(house, "林小雨")
    house.clock.move(timedelta(days=8))
    await house.app.housekeeping()
    assert [q.state for q in rows(house, Inquiry)] == [InquiryState.OPEN]


async def test_a_near_question_that_is_chosen_is_what_was_asked(house: House) -> None:
    student = house.members["林小雨"]
    await student.says(ASKED)
    await forge(house, "林小雨", "a:topic:mentor_letter")
    (row,) = rows(house, Inquiry)
    assert (row.words, row.topic) == (ASKED, "mentor_letter")
    house.clock.move(timedelta(hours=1))
    await forge(house, "林小雨", "a:topic:exit")
    (row,) = rows(house, Inquiry)
    assert (row.words, row.topic) == ("退出规定", "exit")


async def test_a_question_may_go_on_from_the_last_for_half_an_hour(house: House) -> None:
    student = house.members["林小雨"]
    account = account_of(house, "林小雨")
    await student.says("中期评价什么时候")
    with house.app.database.transaction() as db:
        last = inquiries.last(db, account, house.clock.now())
        assert last is not None
        assert (last.topic, last.programmes) == ("mid", ("shanxi-2026",))
    assert "江苏" in await student.says("那江苏呢")
    house.clock.move(timedelta(minutes=31))
    with house.app.database.transaction() as db:
        assert inquiries.last(db, account, house.clock.now()) is None


def account_of(house: House, who: str) -> int:
    address = house.members[who].address
    return next(a.id or 0 for a in rows(house, Account) if a.address == address)


# ---------------------------------------------------------------- pressed again


async def test_pressed_twice_it_waits_once(house: House) -> None:
    student, office = house.members["林小雨"], house.members["管小青"]
    await ask(house, "林小雨")
    office.reads()
    assert "已经转给" in await student.presses("没帮到我")
    await ask(house, "林小雨", f"请问{ASKED}？")
    assert "已经转给" in student.sees
    assert len(rows(house, Inquiry)) == 1
    assert office.unread() == []


async def test_the_office_is_told_once_a_day_and_not_what(house: House) -> None:
    await ask(house, "林小雨")
    await ask(house, "赵一鸣", "高考加分吗")
    house.clock.move(timedelta(days=1))
    await ask(house, "林小雨", "有没有高考加分")
    told = [m.text for m in house.members["管小青"].unread()]
    assert len(told) == 2
    assert not any("聘期" in words or "林小雨" in words for words in told)
    assert house.members["温大同"].unread() == []


async def test_a_chat_cannot_flood_the_office(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inquiries, "MOST_WAITING", 2)
    for words in (ASKED, "有没有高考加分", "中期评价什么时候"):
        await ask(house, "林小雨", words)
    assert "已经有很多问题" in house.members["林小雨"].sees
    assert len([q for q in rows(house, Inquiry) if q.state is InquiryState.OPEN]) == 2


async def test_an_answer_is_sent_once_whoever_answers_second(house: House) -> None:
    join_other(house, "温大同", "shanxi-2026", Role.COORDINATOR)
    await ask(house, "林小雨")
    (row,) = rows(house, Inquiry)
    other = house.members["温大同"]
    await forge(house, "温大同", f"a:reply:{row.id}")
    await other.says("两年。")
    await other.presses("不写依据")
    await answered(house, "一年。")
    assert "已经处理过了" in await other.presses("发送")
    told = [m.text for m in house.members["林小雨"].unread() if m.title.endswith("办公室答复")]
    assert len(told) == 1
    assert "一年。" in told[0]
    assert rows(house, Inquiry)[0].answer == "一年。"


async def test_everybody_who_asked_alike_is_answered(house: House) -> None:
    await ask(house, "林小雨")
    await ask(house, "赵一鸣", f"{ASKED}啊")
    await ask(house, "王建国", "有没有高考加分")
    await answered(house)
    assert "一年。" in house.members["赵一鸣"].unread()[-1].text
    assert [q.state for q in rows(house, Inquiry)] == [
        InquiryState.ANSWERED,
        InquiryState.ANSWERED,
        InquiryState.OPEN,
    ]


async def test_whoever_cannot_be_reached_is_not_counted(house: House) -> None:
    await ask(house, "林小雨")
    student = house.members["林小雨"]
    await student.sends(Incoming(student.address, presence="left"))
    await answered(house)
    assert "发到了 0 位" in house.members["管小青"].sees
    assert rows(house, Inquiry)[0].account_id is None


# ---------------------------------------------------------------- rights


DEEDS = [
    "group:{question}",
    "reply:{question}",
    "sort:{question}",
    "no_answer:{question}",
    "no_answer:{question}:yes",
    "curate:{answered}",
    "curate:{answered}:clarify",
    "standard:{curated}",
    "publish:{curated}",
    "retract:{curated}",
    "clarify:{curated}",
    "clarify:{curated}:yes",
]


@pytest.mark.parametrize("who", ["林小雨", "王建国", "郭老师", "温大同"])
async def test_only_this_programme_s_office_may(house: House, who: str) -> None:
    number = await curated(house, published=False)
    await ask(house, "赵一鸣", "有没有高考加分")
    first, second = rows(house, Inquiry)
    places = {"question": second.id, "answered": first.id, "curated": number}
    own = ["questions", "answers", "write_answer", "write_asks"] if who != "温大同" else []
    for deed in (*DEEDS, *own):
        said = await forge(house, who, f"a:{deed.format(**places)}")
        assert "只有这个方案的管理办公室人员" in said, deed
        assert "高考" not in said
        assert refusals(house, who)[-1][1] == "question.not_coordinator"
    assert len(refusals(house, who)) == len(DEEDS) + len(own)
    (row,) = rows(house, Curated)
    assert row.state is CuratedState.PROPOSED
    assert rows(house, Inquiry)[-1].state is InquiryState.OPEN


async def test_another_office_sees_nothing_of_it(house: House) -> None:
    await curated(house)
    await ask(house, "赵一鸣", "有没有高考加分")
    assert "没有等待答复的问题" in await forge(house, "温大同", "a:questions")
    assert "还没有标准答案" in await forge(house, "温大同", "a:answers")


async def test_whoever_no_longer_coordinates_cannot_send_what_they_wrote(house: House) -> None:
    await ask(house, "林小雨")
    office = house.members["管小青"]
    (row,) = rows(house, Inquiry)
    await forge(house, "管小青", f"a:reply:{row.id}")
    await office.says("一年。")
    await office.presses("不写依据")
    with house.app.database.transaction() as db:
        place = db.get(Membership, office.membership_id)
        assert place is not None
        place.ended_at = house.clock.now()
        db.add(place)
    assert "只有这个方案的管理办公室人员" in await office.presses("发送")
    assert rows(house, Inquiry)[0].state is InquiryState.OPEN


async def test_nobody_else_can_say_that_it_was_no_help(house: House) -> None:
    await house.members["林小雨"].says(ASKED)
    (row,) = rows(house, Inquiry)
    assert "已经处理过，或者没有留下" in await forge(house, "赵一鸣", f"a:unhelpful:{row.id}")
    assert refusals(house, "赵一鸣") == [("unhelpful", "question.gone")]
    assert rows(house, Inquiry)[0].state is InquiryState.ASKED


@pytest.mark.parametrize(
    "press",
    ["unhelpful", "unhelpful:x", "unhelpful:99", "group:99", "reply:99", "sort:x", "no_answer:99",
     "curate:99", "standard:99", "publish:99", "retract:x", "clarify:99:yes", "questions:x"],
)  # fmt: skip
async def test_a_forged_press_is_answered_plainly(house: House, press: str) -> None:
    answer = await forge(house, "管小青", f"a:{press}")
    assert answer
    assert "刚才这一步没有办成" not in answer


async def test_without_an_office_nothing_is_promised(house: House) -> None:
    with house.app.database.transaction() as db:
        place = db.get(Membership, house.members["管小青"].membership_id)
        assert place is not None
        place.ended_at = house.clock.now()
        db.add(place)
    await ask(house, "林小雨")
    assert "没有可以转给的管理办公室" in house.members["林小雨"].sees
    assert rows(house, Inquiry)[0].state is InquiryState.ASKED


async def test_of_several_programmes_either_office_may_answer(house: House) -> None:
    join_other(house, "王建国", "spark-2026", Role.MENTOR)
    await ask(house, "王建国")
    (row,) = rows(house, Inquiry)
    assert row.programme == ""
    assert "聘期" in await forge(house, "管小青", "a:questions")
    await forge(house, "温大同", f"a:reply:{row.id}")
    other = house.members["温大同"]
    await other.says("三年。")
    await other.presses("不写依据")
    await other.presses("发送")
    assert "三年。" in house.members["王建国"].unread()[-1].text
    assert rows(house, Inquiry)[0].programme == "spark-2026"
    assert "没有等待答复的问题" in await forge(house, "管小青", "a:questions")


async def test_a_question_about_another_programme_goes_to_ones_own_office(house: House) -> None:
    await ask(house, "林小雨", "江苏的导师聘期几年")
    (row,) = rows(house, Inquiry)
    assert row.programme == "shanxi-2026"


# ---------------------------------------------------------------- for everybody


async def test_an_answer_holds_once_published_for_its_own_programme(house: House) -> None:
    number = await curated(house, published=False)
    asker, other = house.members["赵一鸣"], house.members["温大同"]
    assert "没有写" in await asker.says(ASKED)
    await forge(house, "管小青", f"a:publish:{number}")
    assert "管理办公室答复" in await asker.says(f"{ASKED}呢？")
    assert "管理办公室答复" not in await asker.says("导师任务是什么")
    assert "管理办公室答复" not in await other.says(ASKED)
    assert "管理办公室答复" in await other.says(f"山西英才的{ASKED}")
    await forge(house, "管小青", f"a:retract:{number}")
    assert "没有写" in await asker.says(ASKED)
    (row,) = rows(house, Curated)
    office = house.members["管小青"].person_id
    assert (row.written_by, row.published_by) == (office, office)
    assert [a.verb for a in rows(house, Audit) if a.object == "curated"] == [
        "write_answer",
        "publish_answer",
        "withdraw_answer",
    ]


async def test_another_coordinator_may_approve_and_is_named(house: House) -> None:
    join_other(house, "温大同", "shanxi-2026", Role.COORDINATOR)
    number = await curated(house, published=False)
    assert "温大同 于" in await forge(house, "温大同", f"a:publish:{number}")
    assert "温大同 于" in await forge(house, "管小青", f"a:publish:{number}")
    assert rows(house, Curated)[0].published_by == house.members["温大同"].person_id


async def test_one_question_becomes_one_standard_answer(house: House) -> None:
    await curated(house)
    (row,) = [q for q in rows(house, Inquiry) if q.state is InquiryState.ANSWERED]
    assert "导师的聘期" in await forge(house, "管小青", f"a:curate:{row.id}")
    assert len(rows(house, Curated)) == 1


async def test_a_clarification_reaches_everybody_once(house: House) -> None:
    number = await curated(house, published=False)
    left = house.members["周岚"]
    await left.sends(Incoming(left.address, presence="left"))
    office = house.members["管小青"]
    said = await forge(house, "管小青", f"a:clarify:{number}")
    members = len(house.members) - 2  # 温大同 is elsewhere, 周岚 cannot be reached
    assert f"发给 {members} 人" in said
    assert rows(house, Curated)[0].state is CuratedState.PROPOSED
    for _ in range(2):
        await forge(house, "管小青", f"a:clarify:{number}:yes")
    sent = [o for o in rows(house, Outbox) if (o.key or "").startswith("clarify:")]
    assert len(sent) == members
    assert "山西英才计划管理办公室发给" in house.members["林小雨"].unread()[-1].note
    assert rows(house, Curated)[0].state is CuratedState.PUBLISHED
    assert f"发给 {members} 人" in office.sees


async def test_ways_of_asking_lead_to_their_topic_once_published(house: House) -> None:
    office, asker = house.members["管小青"], house.members["林小雨"]
    words = "大礼堂那天的汇报"
    await forge(house, "管小青", "a:write_asks")
    await office.says(f"{words}\n礼堂汇报")
    await office.says("中期评价")
    await office.presses("中期评价")
    await office.presses("保存")
    await office.presses("发布")
    assert "时间：" in await asker.says(words)


def test_a_topic_that_is_none_is_refused(house: House) -> None:
    actor = Actor(house.members["管小青"].person_id, None, house.clock.now())
    with house.app.database.transaction() as db:
        for topic in ("", "nothing", "distress", "weather"):
            with pytest.raises(Refused):
                inquiries.sort(db, actor, [1], topic)

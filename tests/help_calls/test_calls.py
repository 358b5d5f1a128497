"""求助: two taps to a named adult, and nobody else learns of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from sqlmodel import col, select
from typer.testing import CliRunner

from app import desk
from app.cli import app
from bot.platforms.fake import UNLIMITED
from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from services import bulletins, help_calls, persons, roster
from services.addressing import Audience
from services.yearly import begin, count_acts
from storage import chats
from storage.tables import (
    Account,
    Audit,
    Cohort,
    HelpCall,
    HelpStep,
    HelpStepKind,
    Inquiry,
    Membership,
    Mentoring,
    Outbox,
    Person,
    Retention,
    RetentionKind,
    Role,
    SaidLine,
    StoredTalk,
    Update,
)
from tests.conftest import Kind, NewDatabase
from tests.house import House, Member
from tests.statements import asked
from tests.talks.play import content

MARK: Final = "玄玑条纹"
"""Stands in what the learner writes: nobody but the adults who were told reads it."""
DAY: Final = timedelta(days=1)
NAMES: Final = ("林小雨", "林大海", "王建国", "李青", "郭老师", "管小青", "赵一鸣")


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
async def house(
    kind: Kind, new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[House]:
    house = await House.open(new_database(kind), tmp_path, clock)
    house.platform.capabilities = replace(UNLIMITED, history=True)
    await house.populate()
    await house.join(*NAMES)
    for member in house.members.values():
        member.reads()
    yield house
    house.close()


def one(house: House, name: str) -> Member:
    return house.members[name]


async def asks(house: House, adult: str = "郭老师", words: str = "") -> None:
    """林小雨 asks an adult, in two taps, and perhaps writes."""
    student = one(house, "林小雨")
    await student.says("求助")
    await student.presses(f"请 {adult} 联系我")
    if words:
        await student.presses("写几句话")
        await student.says(words)


async def later(house: House, days: int) -> None:
    house.clock.move(DAY * days)
    await house.app.remind()
    await house.settle()
    for member in house.members.values():
        member.reads()


def history(house: House, member: Member) -> str:
    """All lines of a chat, as a page that is opened now shows them."""
    with house.app.database.transaction() as db:
        now = house.clock.now() + DAY
        lines = chats.history(db, "fake", member.address, now, 1000)
        return json.dumps([[line.raw, line.body] for line in lines], ensure_ascii=False)


# ---------------------------------------------------------------- two taps


async def test_two_taps_to_a_named_adult(house: House) -> None:
    student, teacher = one(house, "林小雨"), one(house, "郭老师")
    told = await student.says("有人欺负我")
    assert "12356" in told
    assert "12355" in told
    assert {label for label in student.buttons if label.startswith("请 ")} == {
        "请 郭老师 联系我",
        "请 管小青 联系我",
    }, "no mentor, no team member, no guardian, no teacher of another school"
    await student.presses("请 郭老师 联系我")
    assert "已经告诉 郭老师" in student.sees
    notice = teacher.reads()
    assert "有一名学生请您联系" in notice
    assert "林小雨" not in notice
    await student.presses("写几句话")
    await student.says(f"{MARK}，请假几天可以吗？")
    assert "写好了" in student.sees
    await teacher.presses("我已联系")
    assert "请先打开" in teacher.sees
    opened = await teacher.presses("打开")
    assert "林小雨" in opened
    assert f"{MARK}，请假几天可以吗？" in opened, "the words as they are, questions and all"
    await student.says("求助")
    await student.presses("我请过谁")
    assert "郭老师 打开看了" in student.sees
    await teacher.presses("我已联系")
    assert "您已经和 林小雨 说上话了吗" in teacher.sees
    await teacher.presses("还没有")
    assert "说已经联系了" not in student.reads()
    await teacher.presses("我已联系")
    await teacher.presses("联系上了")
    assert "只给您看的消息" in student.reads().replace("你", "您")
    await student.presses("看看")
    assert "郭老师 说已经联系了" in student.sees


async def test_a_second_tap_is_no_second_call(house: House) -> None:
    await asks(house)
    await one(house, "林小雨").sends(
        Incoming("chat-林小雨", press=f"a:tell_adult:{one(house, '郭老师').person_id}")
    )
    await house.deliver_all_again()
    with house.app.database.transaction() as db:
        assert len(db.exec(select(HelpCall)).all()) == 1
    notices = [s for s in house.platform.shown if "有一名学生" in s.message.text]
    assert len(notices) == 1


async def test_an_adult_finds_what_still_waits(house: House) -> None:
    await asks(house, words=MARK)
    teacher = one(house, "郭老师")
    assert "请您联系" in await teacher.says("求助")
    await teacher.presses("的那条")
    assert MARK in teacher.sees
    await teacher.presses("我已联系")
    await teacher.presses("联系上了")
    assert "请您联系" not in await teacher.says("求助")
    assert "请您联系" not in await one(house, "管小青").says("求助")


async def test_who_cannot_be_reached_is_named_truly(house: House) -> None:
    student, teacher = one(house, "林小雨"), one(house, "郭老师")
    await teacher.sends(Incoming(teacher.address, presence="left"))
    told = await student.says("求助")
    assert "请 郭老师 联系我" not in student.buttons
    assert "郭老师（汾河中学）" in told
    await student.sends(Incoming(student.address, press=f"a:tell_adult:{teacher.person_id}"))
    assert "联系不上" in student.sees
    assert "12356" in student.sees
    with house.app.database.transaction() as db:
        assert not db.exec(select(HelpCall)).all()


async def test_an_office_names_further_adults(house: House) -> None:
    with house.app.database.transaction() as db:
        cohort = db.exec(select(Membership.cohort_id)).first()
        by = Operator(house.clock.now())
        person = roster.add_person(db, by, "舒心", None)
        member, _ = roster.add_member(db, by, cohort or 0, person.id or 0, Role.HELP_CONTACT)
        house.members["舒心"] = Member(
            house, "舒心", Role.HELP_CONTACT, person.id or 0, member.id or 0, "chat-舒心"
        )
    await house.join("舒心")
    await one(house, "林小雨").says("求助")
    asked = [label for label in one(house, "林小雨").buttons if label.startswith("请 ")]
    assert asked[0] == "请 舒心 联系我", "who is named comes first"
    await one(house, "舒心").says("我的学生")
    assert "林小雨" not in one(house, "舒心").sees
    await asks(house, "舒心", MARK)
    await one(house, "舒心").presses("打开")
    assert MARK in one(house, "舒心").sees


async def test_words_to_a_call_that_was_closed_meanwhile_ask_anew(house: House) -> None:
    await asks(house)
    student, teacher = one(house, "林小雨"), one(house, "郭老师")
    await student.presses("写几句话")
    await teacher.presses("打开")
    await teacher.presses("我已联系")
    await teacher.presses("联系上了")
    teacher.reads()
    await student.says(MARK)
    assert "写好了" in student.sees
    assert "有一名学生请您联系" in teacher.reads()
    await teacher.presses("打开")
    assert MARK in teacher.sees
    await teacher.presses("我已联系")
    await teacher.presses("联系上了")
    # Once that is closed too, and the teacher has gone, nothing is said to have been sent.
    await teacher.sends(Incoming(teacher.address, presence="left"))
    assert "联系不上" in await student.says("还有一句")
    with house.app.database.transaction() as db:
        assert "还有一句" not in db.exec(select(HelpStep.words)).all()


async def test_a_stale_button_of_who_has_left_leads_on(house: House) -> None:
    student, teacher = one(house, "林小雨"), one(house, "郭老师")
    await student.says("求助")
    with house.app.database.transaction() as db:
        place = db.get(Membership, teacher.membership_id)
        assert place is not None
        place.ended_at = house.clock.now()
        db.add(place)
    await student.presses("请 郭老师 联系我")
    assert "联系不上" in student.sees
    await student.presses("再请一位")
    assert "请 管小青 联系我" in student.buttons


async def test_the_one_who_can_be_reached_is_not_lost_among_many(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(help_calls, "MOST_ADULTS", 1)
    teacher = one(house, "郭老师")
    await teacher.sends(Incoming(teacher.address, presence="left"))
    await one(house, "林小雨").says("求助")
    assert "请 管小青 联系我" in one(house, "林小雨").buttons


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)  # it tells what it is asked
async def test_many_adults_cost_as_many_statements_as_few(house: House) -> None:
    def counted() -> tuple[int, int, list[int]]:
        with house.app.database.transaction() as db:
            student = db.exec(select(Membership).where(Membership.role == Role.STUDENT)).first()
            assert student is not None
            teacher = Actor(one(house, "郭老师").person_id, None, house.clock.now())
            with asked(db) as statements:
                adults = help_calls.adults(db, student.id or 0)
                listed = len(statements)
                calls = help_calls.waiting(db, teacher)
            return len(adults), len(calls), [listed, len(statements)]

    await asks(house)
    adults, calls, few = counted()
    await asks(house, "管小青")
    with house.app.database.transaction() as db:
        for at in range(3):
            person = roster.add_person(db, Operator(house.clock.now()), f"联系人{at}")
            roster.add_member(
                db, Operator(house.clock.now()), 1, person.id or 0, Role.HELP_CONTACT
            )
    more_adults, more_calls, many = counted()
    assert more_adults > adults
    assert (calls, more_calls) == (1, 1)
    assert many == few


async def test_a_learner_of_two_cohorts_finds_every_call(house: House) -> None:
    await asks(house)
    student = one(house, "林小雨")
    with house.app.database.transaction() as db:
        now = house.clock.now()
        first = db.exec(select(Cohort)).one()
        second = Cohort(programme=first.programme, name="示例二期", created_at=now)
        db.add(second)
        db.flush()
        for member in (student, one(house, "郭老师")):
            place = db.get(Membership, member.membership_id)
            assert place is not None
            db.add(
                Membership(
                    cohort_id=second.id or 0,
                    person_id=member.person_id,
                    role=member.role,
                    unit_id=place.unit_id,
                    grade=place.grade,
                    created_at=now,
                )
            )
    await student.says("求助")
    await student.presses("我请过谁")
    assert "告诉了 郭老师" in student.sees
    await student.says("求助")
    await student.presses("请 郭老师 联系我")
    with house.app.database.transaction() as db:
        assert len(db.exec(select(HelpCall)).all()) == 1


async def test_a_faulty_pack_stands_in_nobodys_way(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.app.database.transaction() as db:
        place = db.get(Membership, one(house, "林小雨").membership_id)
        assert place is not None
        child = db.get(Person, place.person_id)
        assert child is not None
        child.birth_date = date(2010, 1, 1)
        cohort = db.exec(select(Cohort)).one()
        cohort.programme = "no-longer-there"
        db.add_all([child, cohort])
    await asks(house)
    assert "已经告诉 郭老师" in one(house, "林小雨").sees


ABUSE: Final = "昨天下午和王建国老师做了两小时实验，他一直搂着我"


async def test_what_was_done_to_a_child_is_no_session(house: House) -> None:
    """Told with a day and a length, it would be logged, and go to whoever did it."""
    student, mentor = one(house, "林小雨"), one(house, "王建国")
    told = await student.says(ABUSE)
    assert "这不是你的错" in told
    assert "没有记下来" in told
    assert "请 郭老师 联系我" in student.buttons
    assert "记一次培养" not in told
    # In the middle of a form it goes into no answer, and care is the last word.
    await student.says("记一次培养")
    told = await student.says(ABUSE)
    assert "也没有写进正在填的内容" in told
    assert student.buttons == ["告诉一位大人", "继续写", "菜单"]
    await student.presses("继续写")
    assert "搂" not in student.sees
    # Whoever means it to stand there has a way.
    await student.says("先放下")
    await student.says(f"写进去：{ABUSE}")
    assert "记一次培养" in student.sees
    await student.presses("先放下")
    assert mentor.reads() == ""
    with house.app.database.transaction() as db:
        copy, _ = persons.everything(db, student.person_id)
        said = json.dumps(copy["said"], ensure_ascii=False)
        assert "记一次培养" in said, "they looked"
        assert said.count("搂") == 1, "only what was meant to be kept"
        assert "这不是你的错" not in json.dumps(copy, ensure_ascii=False)


HINT: Final = "昨天下午和王建国老师做了两小时实验，他让我周末单独去他家"


async def test_a_photo_waits_with_what_is_written_below_it(house: House) -> None:
    student = one(house, "林小雨")
    asked = await student.sends_files(("实验.jpg", content("photo", "")), text=HINT)
    assert "先问一句" in asked
    await student.presses("不是，照常办")
    assert "单独去他家" in student.sees
    assert "没有收下" not in student.sees
    await student.presses("到校面对面")
    assert "附件：1 个（实验.jpg）" in student.sees


async def test_words_that_may_be_a_cry_are_held_until_it_is_known(house: House) -> None:
    student, mentor = one(house, "林小雨"), one(house, "王建国")
    asked = await student.says(HINT)
    assert "先问一句" in asked
    assert "12356" in asked
    assert student.buttons == ["告诉一位大人", "不是，照常办", "先放下"]
    # Meant as it was written: it is heard as it would have been.
    await student.presses("不是，照常办")
    assert "记一次培养" in student.sees
    assert "单独去他家" in student.sees
    await student.presses("先放下")
    # An adult is asked instead: the words are gone.
    await student.says(HINT)
    await student.presses("告诉一位大人")
    assert "请 郭老师 联系我" in student.buttons
    assert mentor.reads() == ""
    with house.app.database.transaction() as db:
        held = db.exec(select(StoredTalk).where(StoredTalk.flow == help_calls.WORRY)).all()
        assert not held
        said = json.dumps(persons.everything(db, student.person_id)[0]["said"], ensure_ascii=False)
        assert "cancel" in said, "they looked"
        assert "单独" not in said


async def test_what_is_held_goes_back_into_the_form_it_was_typed_in(house: House) -> None:
    student = one(house, "林小雨")
    await student.says("昨天下午和王建国老师在校做了两小时实验")
    await student.presses("改内容")
    await student.says("他让我单独去他家，我帮他整理了数据")
    assert "先问一句" in student.sees
    await student.says("没事")
    assert "整理了数据" in student.sees
    assert "提交" in student.buttons


async def test_only_a_plain_no_lets_held_words_go(house: House) -> None:
    student = one(house, "林小雨")
    for typed in ("是的", "嗯", "他一直搂着我", "郝老师总是靠我很近，我有点害怕"):
        await student.says(HINT)
        await student.says(typed)
        assert "请 郭老师 联系我" in student.buttons, typed
    await student.says(HINT)
    for typed in ("中期评价什么时候？", "不是，是去看望师母"):
        told = await student.says(typed)
        assert "没看懂你选哪个" in told
        assert "先问一句" in told
    await student.says("不是")
    assert "单独去他家" in student.sees


async def test_a_form_waits_while_help_is_sought(house: House) -> None:
    """Its question does not come below the adults, and what is typed next does not go into it."""
    student = one(house, "林小雨")
    await student.says("昨天下午和王建国老师在校做了两小时实验")
    told = await student.says("求助")
    assert "请 郭老师 联系我" in student.buttons
    assert "请核对" not in told
    await student.presses("继续写")
    assert "内容：做实验" in student.sees


@pytest.mark.parametrize(
    ("who", "words", "told"),
    [
        ("王建国", "学生说他不想活了怎么办", "先别让学生一个人待着"),
        ("李青", "我带的一个女生被她导师摸了", "强制报告"),
        ("林小雨", "我同学想自杀怎么办", "替 TA 担心"),
    ],
)
async def test_who_tells_of_somebody_else_is_told_what_to_do(
    house: House, who: str, words: str, told: str
) -> None:
    somebody = one(house, who)
    said = await somebody.says(words)
    assert told in said
    assert "先照顾好自己" not in said
    assert "这不是你的错" not in said


async def test_a_low_mood_gets_a_kind_word_and_work_goes_on(house: House) -> None:
    student = one(house, "林小雨")
    told = await student.says("压力好大")
    assert "听起来这阵子不容易" in told
    assert "告诉一位大人" in student.buttons
    told = await student.says("昨天下午在校和王建国老师做了两小时实验，压力好大")
    assert "记一次培养" in told
    assert "不容易" not in told


async def test_a_guardian_whose_child_is_in_trouble(house: House) -> None:
    guardian = one(house, "林大海")
    for words in ("我孩子被欺负了", "老师打我孩子", "林小雨不想活了"):
        told = await guardian.says(words)
        assert "12355" in told, words
        assert "郭老师（汾河中学）" in told
        assert "王建国" not in told, "nobody of the mentor's line"
        assert "没有记下来" in told
    await guardian.says("我的数据")
    await guardian.says("删除")
    assert "先陪在孩子身边" in await guardian.says("孩子不想活了")
    page = history(house, guardian)
    assert "同意并加入" in page or "欢迎" in page, "there is a history"
    for trace in ("被欺负", "打我孩子", "不想活", "12355"):
        assert trace not in page, trace
    assert "12355" not in await guardian.says("孩子的记录被退回了怎么办")


async def test_a_page_that_is_opened_anew_sends_the_adult_nothing(house: House) -> None:
    """The question is gone from the screen: whoever types next does not answer it."""
    await asks(house)
    student = one(house, "林小雨")
    await student.presses("写几句话")
    with house.app.database.transaction() as db:
        account = db.exec(select(Account).where(Account.address == student.address)).one()
        help_calls.leave(db, account)
    told = await student.says("昨天下午在实验室做了两小时滴定")
    assert "写好了" not in told
    assert "记一次培养" in told
    with house.app.database.transaction() as db:
        assert not db.exec(select(HelpStep).where(HelpStep.kind == HelpStepKind.WORDS)).all()


async def test_an_office_may_speak_of_it(house: House) -> None:
    office = one(house, "管小青")
    await office.says("发通知")
    await office.says("请各校留意霸凌，学生被欺负了要告诉老师。")
    assert "发给谁" in office.sees


async def test_what_is_typed_on_a_sealed_card_is_as_pressed_and_as_sealed(house: House) -> None:
    student, teacher = one(house, "林小雨"), one(house, "郭老师")
    await student.says("求助")
    place = 1 + [b for b in student.buttons if b.startswith("请 ")].index("请 郭老师 联系我")
    await student.says(str(place))
    assert "已经告诉 郭老师" in student.sees
    assert "有一名学生请您联系" in teacher.reads()
    await student.says("写几句话")
    await student.says(MARK)
    assert "写好了" in student.sees
    await student.says(f"第二行{MARK}")
    assert "写好了" in student.sees
    await student.says("就这些")
    assert "您写了几句话" in student.sees.replace("你", "您")
    await student.says("求助")
    await student.says("请管小青联系我")
    assert "已经告诉 管小青" in student.sees
    await student.says("随便说点别的")
    page = history(house, student)
    assert "同意并加入" in page or "欢迎" in page, "there is a history"
    for trace in (MARK, "管小青", "写几句话", "就这些", "随便说点别的", "seeking"):
        assert trace not in page, trace
    await teacher.presses("打开")
    assert MARK in teacher.sees
    assert f"第二行{MARK}" in teacher.sees


async def test_care_stands_beside_what_is_written_to_an_adult(house: House) -> None:
    await asks(house, words=MARK)
    student = one(house, "林小雨")
    assert "12356" in student.sees
    told = await student.says("我不想活了")
    assert "先照顾好自己" in told
    assert "写好了" in told
    await one(house, "郭老师").presses("打开")
    assert "我不想活了" in one(house, "郭老师").sees


async def test_what_a_sealed_card_offered_is_gone_with_the_page(house: House) -> None:
    student = one(house, "林小雨")
    await student.says("求助")
    with house.app.database.transaction() as db:
        account = db.exec(select(Account).where(Account.address == student.address)).one()
        help_calls.leave(db, account)
    await student.says("1")
    with house.app.database.transaction() as db:
        assert not db.exec(select(HelpCall)).all()


async def test_words_that_come_much_later_are_sent_to_nobody(house: House) -> None:
    await asks(house, words=MARK)
    student = one(house, "林小雨")
    house.clock.move(timedelta(hours=3))
    assert "没有发给 郭老师" in await student.says("昨天下午在实验室做了两小时滴定")
    with house.app.database.transaction() as db:
        said = db.exec(select(HelpStep.words).where(HelpStep.kind == HelpStepKind.WORDS)).all()
    assert said == [MARK]


async def test_a_call_made_by_mistake_is_taken_back(house: House) -> None:
    await asks(house)
    student, teacher = one(house, "林小雨"), one(house, "郭老师")
    assert "有一名学生请您联系" in teacher.reads()
    await student.presses("点错了，收回")
    assert "已经收回" in student.sees
    assert not any("写几句" in label for label in student.buttons)
    told = teacher.reads()
    assert "收回了请您联系" in told
    assert "林小雨" not in told
    await teacher.sends(Incoming(teacher.address, press="a:open_call:1"))
    assert "收回了" in teacher.sees
    assert "林小雨" not in teacher.sees, "whoever had not looked does not learn who it was"
    await later(house, 4)
    assert "只给您看" not in student.sees.replace("你", "您")
    with house.app.database.transaction() as db:
        verbs = db.exec(select(Audit.verb).where(Audit.object == help_calls.OBJECT)).all()
        assert "take_back_call" in verbs
        assert len(db.exec(select(HelpCall)).all()) == 1
    await asks(house)
    assert "有一名学生请您联系" in teacher.reads(), "and may be made again"


async def test_whoever_had_read_it_still_sees_that_it_was_taken_back(house: House) -> None:
    await asks(house, words=MARK)
    student, teacher = one(house, "林小雨"), one(house, "郭老师")
    await teacher.presses("打开")
    await student.says("就这些")
    await student.presses("点错了，收回")
    await teacher.sends(Incoming(teacher.address, press="a:open_call:1"))
    assert "已经收回了" in teacher.sees
    assert "林小雨" in teacher.sees


async def test_an_adults_menu_leads_to_the_calls_that_wait(house: House) -> None:
    teacher, office = one(house, "郭老师"), one(house, "管小青")
    await teacher.says("菜单")
    assert not any("请您联系" in label for label in teacher.buttons)
    await asks(house)
    await teacher.says("菜单")
    assert teacher.buttons[0] == "有学生请您联系（1）"
    await office.says("菜单")
    assert not any("请您联系" in label for label in office.buttons)
    await teacher.presses("有学生请您联系（1）")
    await teacher.presses("的那条")
    assert "林小雨" in teacher.sees
    await teacher.presses("我已联系")
    await teacher.presses("联系上了")
    await teacher.says("菜单")
    assert not any("请您联系" in label for label in teacher.buttons)


async def test_each_call_is_told_by_itself(house: House) -> None:
    await asks(house)
    house.clock.move(timedelta(hours=2))
    await asks(house, "管小青", MARK)
    student = one(house, "林小雨")
    await student.says("求助")
    await student.presses("我请过谁")
    fields = [(str(f.label), str(f.value)) for m in student.last for f in m.fields]
    assert [label.split()[-1] for label, _ in fields] == ["管小青", "郭老师"]
    assert "写了几句话" in fields[0][1]
    assert "管小青" not in fields[1][1]
    await student.presses("的那次")
    await student.presses("点错了，收回")
    assert "有一名学生" in one(house, "郭老师").reads()
    with house.app.database.transaction() as db:
        steps = db.exec(select(HelpStep).where(HelpStep.kind == HelpStepKind.TAKEN_BACK)).all()
    assert [step.call_id for step in steps] == [1]


# ---------------------------------------------------------------- nobody else


async def test_nobody_else_learns_of_it(house: House, tmp_path: Path) -> None:
    await asks(house, words=MARK)
    teacher, student = one(house, "郭老师"), one(house, "林小雨")
    await teacher.presses("打开")
    assert MARK in teacher.sees, "what is looked for can be found"
    await teacher.presses("我已联系")
    await teacher.presses("联系上了")
    said = {}
    for name in ("林大海", "王建国", "李青", "管小青", "赵一鸣"):
        member = one(house, name)
        seen = [member.reads()]
        asked = ("我的学生", "待审", "本期概况", "孩子", "我的数据", "提醒", "进度", "林小雨")
        seen += [await member.says(words) for words in asked]
        for press in ("open_call:1", "close_call:1", "own_calls:1", "say_more:1"):
            told = await member.sends(Incoming(member.address, press=f"a:{press}"))
            assert "没有这条" in told or "学员用的" in told, (name, press)
            nothing = await member.sends(
                Incoming(member.address, press=f"a:{press.replace(':1', ':9')}")
            )
            assert nothing == told, "what is not there and what is not theirs are alike"
        said[name] = "\n".join(seen)
        assert MARK not in said[name]
        assert "有一名学生" not in said[name]
    for name in ("林大海", "管小青"):
        assert "林小雨" in said[name], "they looked"
    page = history(house, student)
    assert "同意并加入" in page or "欢迎" in page, "there is a history"
    for trace in (MARK, "郭老师", "tell_adult", "say_more", "seeking", "12355"):
        assert trace not in page, trace
    assert MARK not in history(house, teacher)
    assert "有一名学生请您联系" in history(house, teacher)


async def test_no_word_is_kept_where_it_need_not_be(house: House) -> None:
    await one(house, "林小雨").says("进度")
    await asks(house, words=MARK)
    with house.app.database.transaction() as db:
        assert MARK in json.dumps(
            [step.words for step in db.exec(select(HelpStep))], ensure_ascii=False
        )
        for table in (SaidLine, Update, Outbox, Account, Audit):
            rows = [row.model_dump(mode="json") for row in db.exec(select(table))]
            assert rows
            assert MARK not in json.dumps(rows, ensure_ascii=False), table
    await one(house, "郭老师").presses("打开")
    house.clock.move(DAY * 2)
    await house.app.housekeeping()
    with house.app.database.transaction() as db:
        assert MARK not in json.dumps(
            [m.body for m in db.exec(select(Outbox))], ensure_ascii=False
        )


async def test_a_fault_keeps_no_word(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await asks(house)
    await one(house, "林小雨").presses("写几句话")

    def fails(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(help_calls, "add_words", fails)
    await one(house, "林小雨").says(MARK)
    with house.app.database.transaction() as db:
        failed = db.exec(select(Update).where(Update.error != "")).all()
        assert len(failed) == 1
        assert failed[0].raw == ""


async def test_a_guardians_copy_holds_nothing_of_it(house: House) -> None:
    await asks(house, words=MARK)
    await one(house, "郭老师").presses("打开")
    await one(house, "郭老师").presses("我已联系")
    await one(house, "郭老师").presses("联系上了")
    assert "只给你看" in one(house, "林小雨").reads()
    child, guardian = one(house, "林小雨").person_id, one(house, "林大海").person_id
    with house.app.database.transaction() as db:
        own, _ = persons.everything(db, child, own=True)
        other, _ = persons.everything(db, child)
        theirs, _ = persons.everything(db, guardian, own=True)
    assert MARK in json.dumps(own, ensure_ascii=False)
    for copy in (other, theirs):
        told = json.dumps(copy, ensure_ascii=False)
        assert "欢迎" in told
        for trace in (
            MARK,
            "tell_",
            "say_more",
            "help_call",
            "own_calls",
            "只给你看",
            "12355",
            "help:",
        ):
            assert trace not in told, trace
    for trace in ("tell_adult", "help_call", "own_calls", "help:"):
        assert trace in json.dumps(own, ensure_ascii=False), trace


async def test_no_number_tells_of_it(house: House) -> None:
    child = one(house, "林小雨").person_id
    with house.app.database.transaction() as db:
        before = persons.holdings(db, child)
    await asks(house)
    await one(house, "林小雨").presses("写几句话")
    await one(house, "林小雨").presses("先放下")
    with house.app.database.transaction() as db:
        after = persons.holdings(db, child)
        assert (after.drafts, after.records) == (before.drafts, before.records)
        # The menu that 先放下 leads to is a line of the chat.
        assert after.lines == before.lines + 1


async def test_the_year_counts_and_names_nobody(house: House) -> None:
    await asks(house, words=MARK)
    with house.app.database.transaction() as db:
        year = begin(db, house.clock.now().year, None)
        while count_acts(db, year):
            pass
        assert year.done["ask_for_help"] == 1
        cohort = db.exec(select(Cohort)).one()
        small = begin(db, house.clock.now().year, cohort)
        while count_acts(db, small):
            pass
        assert small.done["join"]
        assert "ask_for_help" not in small.done


async def test_whoever_becomes_the_mentor_reads_no_more(house: House) -> None:
    await asks(house, words=MARK)
    teacher, student = one(house, "郭老师"), one(house, "林小雨")
    with house.app.database.transaction() as db:
        place = db.get(Membership, teacher.membership_id)
        assert place is not None
        mentor = Membership(
            cohort_id=place.cohort_id,
            person_id=teacher.person_id,
            role=Role.MENTOR,
            created_at=house.clock.now(),
        )
        db.add(mentor)
        db.flush()
        now = house.clock.now()
        db.add(
            Mentoring(
                student_id=student.membership_id,
                mentor_id=mentor.id or 0,
                created_at=now,
                ended_at=now,
            )
        )
    await teacher.presses("打开")
    assert MARK not in teacher.sees
    assert "没有这条" in teacher.sees


# ---------------------------------------------------------------- when nobody looks


async def test_nobody_looks_and_nobody_else_is_told_unasked(house: House) -> None:
    await asks(house)
    student, office = one(house, "林小雨"), one(house, "管小青")
    await later(house, 1)
    assert "只给你看的消息" in student.sees
    assert "有一名学生" not in office.sees
    await student.presses("看看")
    assert "还没有人打开" in student.sees
    await later(house, 1)
    assert "只给你看" not in student.sees, "once"


async def test_another_is_told_where_the_learner_agreed(house: House) -> None:
    await asks(house)
    student, office = one(house, "林小雨"), one(house, "管小青")
    await student.presses("一天没人看，就告诉 管小青")
    assert "没人看就告诉 管小青" in student.sees
    await office.sends(Incoming(office.address, press="a:open_call:1"))
    assert "没有这条" in office.sees, "not before a day is over"
    await later(house, 1)
    assert "有一名学生请您联系" in office.sees
    await office.presses("打开")
    assert "林小雨" in office.sees


async def test_what_is_read_and_not_closed_is_told_after_three_days(house: House) -> None:
    await asks(house)
    await one(house, "郭老师").presses("打开")
    await later(house, 2)
    assert "只给你看" not in one(house, "林小雨").sees
    await later(house, 1)
    assert "只给你看" in one(house, "林小雨").sees
    await one(house, "林小雨").presses("看看")
    assert "满三天" in one(house, "林小雨").sees


# ---------------------------------------------------------------- before consent, and afterwards


async def test_before_consent_nothing_is_kept(house: House) -> None:
    student, teacher = one(house, "林小雨"), one(house, "郭老师")
    with house.app.database.transaction() as db:
        child = db.get(Person, student.person_id)
        assert child is not None
        child.birth_date = date(2015, 1, 1)
        db.add(child)
    told = await student.says("求助")
    assert "郭老师（汾河中学）" in told
    assert "12356" in told
    assert "同意之前" in told
    assert not any(label.startswith("请 ") for label in student.buttons)
    await student.sends(Incoming(student.address, press=f"a:tell_adult:{teacher.person_id}"))
    assert "同意之前" in student.sees
    with house.app.database.transaction() as db:
        assert not db.exec(select(HelpCall)).all()
        assert not db.exec(select(Audit).where(Audit.object == help_calls.OBJECT)).all()
        actor = Actor(student.person_id, None, house.clock.now())
        with pytest.raises(Refused, match="before_consent"):
            help_calls.ask(db, actor, teacher.person_id)


async def test_erasing(house: House) -> None:
    await asks(house, words=MARK)
    child = one(house, "林小雨").person_id
    now = house.clock.now()
    with house.app.database.transaction() as db:
        persons.erase_own(db, Actor(one(house, "林大海").person_id, None, now), child)
        assert db.exec(select(HelpCall)).all(), "a guardian erases what they know of"
    with house.app.database.transaction() as db:
        persons.erase(db, Operator(now), child)
        assert not db.exec(select(HelpStep)).all()
        assert not db.exec(select(HelpCall)).all()
        assert db.exec(select(Audit).where(col(Audit.verb) == "ask_for_help")).all()


async def test_calls_are_kept_as_long_as_entries(house: House) -> None:
    await asks(house, words=MARK)
    with house.app.database.transaction() as db:
        cohort = db.exec(select(Membership.cohort_id)).first() or 0
        db.add(Retention(cohort_id=cohort, kind=RetentionKind.ENTRIES, months=1))
    # The office is told on 17 January, and nothing is kept after the 31st.
    for days in (55, 14):
        with house.app.database.transaction() as db:
            assert db.exec(select(HelpStep)).all()
        house.clock.move(days * DAY)
        await house.app.retain()
        await house.settle()
    with house.app.database.transaction() as db:
        assert not db.exec(select(HelpStep)).all()
        assert not db.exec(select(HelpCall)).all()


async def test_the_command_names_and_ends(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "CLOCK", house.clock)
    url = house.app.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("YINGCAI_DATABASE_URL", url)
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(tmp_path))

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["help-contact", *words])
        assert done.exit_code == 0, done.output
        return done.output

    run("add", "1", "舒心", "--at", "云冈中学")
    assert "舒心" in run("list", "1")
    assert "舒心" not in await one(house, "林小雨").says("求助"), "of another school"
    assert "舒心（云冈中学）" in await one(house, "赵一鸣").says("求助")
    wrong = CliRunner().invoke(app, ["help-contact", "add", "1", "沈安", "--at", "火星中学"])
    assert wrong.exit_code != 0
    assert "火星中学" in wrong.output
    assert "沈安" not in run("list", "1")
    run("end", "1", "舒心", "--reason", "调走")
    assert "舒心" not in run("list", "1")
    assert "舒心" not in await one(house, "赵一鸣").says("求助")


async def test_steps_are_never_changed(house: House) -> None:
    await asks(house, words=MARK)
    with pytest.raises(sa.exc.DatabaseError), house.app.database.transaction() as db:
        db.connection().execute(sa.update(HelpStep).values(words=""))


# ---------------------------------------------------------------- typed below a card


@pytest.mark.parametrize("words", ["管老师", "请管老师联系我", "我想找小青老师谈谈", "管小青"])
async def test_an_adult_is_named_in_ones_own_words(house: House, words: str) -> None:
    student = one(house, "林小雨")
    await student.says("求助")
    await student.says(words)
    assert "请 管小青 联系我" in student.buttons
    await student.presses("请 管小青 联系我")
    assert "有一名学生请您联系" in one(house, "管小青").reads()


async def test_what_is_typed_below_is_for_nobody_else(house: House) -> None:
    """Though a notice that can be replied to has just come."""
    office, student = one(house, "管小青"), one(house, "林小雨")
    with house.app.database.transaction() as db:
        cohort = db.exec(select(Membership.cohort_id)).first() or 0
        actor = Actor(office.person_id, None, house.clock.now())
        row = bulletins.draft(db, actor, cohort, "请补日志", Audience(), asks_receipt=False)
        bulletins.send(db, actor, row.id or 0, row.version)
    await house.settle()
    assert "请补日志" in student.reads()
    await student.says("求助")
    await student.presses("请 郭老师 联系我")
    assert "收回" in await student.says("收回")
    assert "回复通知" not in student.sees
    await student.presses("再请一位")
    assert "回复通知" not in await student.says(f"老师他们{MARK}好多次了呀")
    await student.says("我不想活了")
    assert "好的" in await student.says("不是")
    with house.app.database.transaction() as db:
        assert not db.exec(select(Inquiry).where(col(Inquiry.words).contains(MARK))).all()
    assert MARK not in history(house, student)
    assert "求助" not in "".join(one.title for one in student.unread())


async def test_it_was_nothing_and_the_form_goes_on(house: House) -> None:
    student = one(house, "林小雨")
    asked = await student.says("记一次培养")
    await student.says("我不想活了")
    await student.says("不是")
    assert "好的" in student.sees
    assert asked.split("\n")[0] in student.sees


async def test_whom_i_have_asked_is_found_by_its_name_anywhere(house: House) -> None:
    student = one(house, "林小雨")
    await asks(house)
    await student.says("菜单")
    await student.says("记一次培养")
    assert "郭老师" in await student.says("我请过谁")
    assert "我请过谁" not in history(house, student)


async def test_held_words_that_a_question_cannot_take_are_no_mistake(house: House) -> None:
    student = one(house, "林小雨")
    await student.says("记一次培养")
    await student.says("有人让我周末单独去他家")
    assert "先问一句" in student.sees
    await student.says("不是")
    assert "没看懂" not in student.sees
    assert "哪天" in student.sees

"""Replies to a bulletin: from who has it to its office, and back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.talk.message import Incoming, press
from services import bulletin_replies, persons
from storage.tables import Audit, BulletinReply
from tests.bulletins.conftest import only, write
from tests.house import House, Member

WORDS = "下周三下午两点在报告厅开会，请带学生证。"
REPLY = "老师，我那天要考试，可以晚到吗"


async def send(house: House) -> tuple[Member, Member]:
    """The office has sent a bulletin to the students."""
    office, student = house.members["管小青"], house.members["林小雨"]
    await write(office, WORDS)
    await office.presses("现在发送")
    return office, student


async def replies(student: Member, words: str = REPLY) -> None:
    await student.presses("回复")
    await student.says(words)
    await student.presses("发出")


async def test_a_reply_reaches_the_office_and_its_answer_comes_back(house: House) -> None:
    office, student = await send(house)
    office.reads()
    await student.presses("回复")
    assert "最多 500 字" in student.sees
    await student.says(REPLY)
    assert REPLY in student.sees
    assert not office.unread()
    await student.presses("发出")
    assert "已转给" in student.sees
    office.reads()
    # The notice holds none of the words: it is read on a locked screen.
    assert "有人回复了通知" in office.sees
    assert REPLY not in office.sees

    await office.presses("看回复")
    assert "林小雨" in office.sees
    assert "等答复" in office.sees
    await office.says("1")
    assert REPLY in office.sees
    await office.presses("答复")
    await office.says("可以，考完再来，在后门签到")
    await office.presses("发出")
    assert "已答复林小雨" in office.sees
    student.reads()
    assert "可以，考完再来" in student.sees
    assert "答复你" in student.sees

    await student.presses("接着回复")
    await student.says("谢谢老师")
    await student.presses("发出")
    await office.says("通知")
    await office.says("1")
    await office.presses("回复，1 人（1 人等着答）")
    await office.says("1")
    await office.presses("不用答复")
    assert "不用答复" in office.sees
    with house.app.database.transaction() as db:
        assert bulletin_replies.counted(db, only(house)) == (1, 0)
        verbs = db.exec(select(Audit.verb).where(Audit.object == "bulletin")).all()
        assert {"reply_bulletin", "answer_reply", "settle_reply"} <= set(verbs)
        looks = db.exec(select(Audit).where(Audit.verb == "look", Audit.object == "reply")).all()
        assert looks
        details = db.exec(select(Audit.detail)).all()
        assert not any(REPLY in str(detail) for detail in details)


async def test_the_office_is_told_once_a_day_however_many_reply(house: House) -> None:
    office, student = await send(house)
    office.reads()
    await replies(student)
    await replies(house.members["赵一鸣"], "几点结束")
    office.reads()
    assert office.sees.count("有人回复了通知") == 1
    # The list of bulletins and 答疑 name it, with how many wait.
    assert "2 人的回复等着答" in await office.says("通知")
    assert "2 人等答复" in await office.says("答疑")
    await office.presses("对通知的回复")
    for _ in range(2):
        await office.says("1")
        await office.presses("不用答复")
        await office.says("答疑")
        if "对通知的回复" in office.sees:
            await office.presses("对通知的回复")
    assert "等答复" not in office.sees
    # Once it has seen to them, it is told of the next.
    await replies(student, "又有一个问题")
    office.reads()
    assert office.sees.count("有人回复了通知") == 1
    house.clock.move(timedelta(days=1))
    await replies(student, "还有一个问题")
    office.reads()
    assert office.sees.count("有人回复了通知") == 1


async def test_whoever_was_not_sent_it_replies_to_nothing(house: House) -> None:
    office, _ = await send(house)
    number = only(house).id or 0
    mentor = house.members["王建国"]
    for member, told in ((mentor, "没有发给您"), (office, "收到的人才用回复")):
        await member.sends(Incoming(member.address, press=press("reply_bulletin", number)))
        assert told in member.sees
    with house.app.database.transaction() as db:
        assert not db.exec(select(BulletinReply)).all()


async def test_only_its_office_reads_and_answers_and_the_school_s_teacher_reads(
    house: House,
) -> None:
    _, student = await send(house)
    await replies(student)
    await replies(house.members["赵一鸣"], "另一所学校的话")
    number = only(house).id or 0
    for name in ("王建国", "赵一鸣", "郭老师"):
        member = house.members[name]
        for act in ("bulletin_replies", "bulletin_thread", "answer_reply", "settle_reply"):
            await member.sends(Incoming(member.address, press=press(act, number)))
            assert REPLY not in member.sees
    teacher = house.members["郭老师"]
    await teacher.says("通知")
    await teacher.says("1")
    assert REPLY in teacher.sees
    assert "另一所学校的话" not in teacher.sees


async def test_words_that_nothing_explains_may_be_a_reply(house: House) -> None:
    _, student = await send(house)
    await student.says("那天我姥姥做手术走不开呀")
    assert "这句是回复通知" in student.sees
    await student.presses("是，回复通知")
    assert "姥姥" in student.sees
    await student.presses("发出")
    with house.app.database.transaction() as db:
        assert [one.words for one in db.exec(select(BulletinReply))] == [
            "那天我姥姥做手术走不开呀"
        ]

    await student.says("嘻嘻哈哈的一句话而已")
    await student.presses("不是")
    assert "没有转给谁" in student.sees
    with house.app.database.transaction() as db:
        assert len(db.exec(select(BulletinReply)).all()) == 1
    house.clock.move(timedelta(days=4))
    await student.says("嘻嘻哈哈的一句话而已")
    assert "这句是回复通知" not in student.sees


async def test_the_name_of_a_thing_is_no_reply_and_whoever_goes_on_has_gone_on(
    house: House,
) -> None:
    _, student = await send(house)
    for words in ("官网填报", "订阅日历", "中文", "培养单位"):
        await student.says(words)
        assert "这句是回复通知" not in student.sees, words
    await student.says("那天我姥姥做手术走不开呀")
    assert "这句是回复通知" in student.sees
    await student.says("昨天下午和王建国老师做了两小时实验")
    assert "记一次培养" in student.sees
    await student.presses("先放下")
    await student.says("那天我姥姥做手术走不开呀")
    await student.says("是的")
    assert "发出" in student.sees


async def test_what_was_said_goes_into_ones_copy_and_is_erased(house: House) -> None:
    _, student = await send(house)
    await replies(student)
    with house.app.database.transaction() as db:
        rows, _ = persons.everything(db, student.person_id)
        assert [one["words"] for one in rows["replies_to_bulletins"]] == [REPLY]
        bulletin_replies.forget(db, student.person_id)
        assert not db.exec(select(BulletinReply)).all()


async def test_one_cannot_flood_an_office(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulletin_replies, "MOST_WAITING", 2)
    _, student = await send(house)
    for words in ("第一句", "第二句"):
        await replies(student, words)
    await student.presses("回复")
    await student.says("第三句")
    await student.presses("发出")
    assert "还没有答" in student.sees
    with house.app.database.transaction() as db:
        assert len(db.exec(select(BulletinReply)).all()) == 2


async def test_what_is_said_to_a_mentor_is_no_learner_s(house: House) -> None:
    office, mentor = house.members["管小青"], house.members["王建国"]
    await write(office, WORDS, to="导师")
    await office.presses("现在发送")
    await replies(mentor, "我出差，请李老师代")
    await office.says("通知")
    await office.says("1")
    await office.presses("回复，1 人")
    await office.says("1")
    assert "请李老师代" in office.sees
    with house.app.database.transaction() as db:
        assert not db.exec(select(Audit).where(Audit.object == "reply")).all()


async def test_those_without_a_receipt_are_found_by_a_sentence(house: House) -> None:
    """And are not taken for those who still owe an entry."""
    office, student = house.members["管小青"], house.members["林小雨"]
    assert "已发完" not in await office.says("谁没回执"), "there is no bulletin yet"
    await write(office, WORDS)
    await office.presses("现在发送")
    await student.presses("收到")
    for words in ("催一下没回执的", "催未回执", "谁没回执", "谁还没按收到"):
        await office.says("菜单")
        shown = await office.says(words)
        assert "催未回执" in shown, words
        assert WORDS[:8] in shown, words
        assert "成长日志" not in shown, words
    assert "催未回执" not in await house.members["王建国"].says("谁没回执")

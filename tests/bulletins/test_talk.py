"""Bulletins through the talk: written, seen beforehand, sent, confirmed, reminded of, reported."""

from __future__ import annotations

import io
from datetime import UTC, date, timedelta

import openpyxl
import pytest
from sqlmodel import col, select

from bot.talk.acting import Actor, Refused
from bot.talk.message import Incoming, press
from prompts import BEIJING
from services import bulletin_posts, bulletins, records
from storage.tables import (
    Account,
    Audit,
    Bulletin,
    BulletinRecipient,
    BulletinState,
    Membership,
    Outbox,
    Person,
    RecipientState,
    Role,
    Unit,
    UnitKind,
)
from tests.bulletins.conftest import add, only, states, unit_called, write
from tests.house import House, Member
from tests.talks.play import content

WORDS = "12月10日前请交齐期末材料，地点在晋阳大学物理楼。"
DONE, DRAFT, SENDING = BulletinState.DONE, BulletinState.DRAFT, BulletinState.SENDING


async def forge(member: Member, act: str, *args: int) -> str:
    return await member.sends(Incoming(member.address, press=press(act, *args)))


def told(house: House, name: str) -> str:
    """What somebody has been told since they last looked."""
    return house.members[name].reads()


def audits(house: House) -> list[str]:
    with house.app.database.transaction() as db:
        rows = db.exec(select(Audit.verb).where(Audit.object == "bulletin", Audit.refused == ""))
        return [*rows]


# ---------------------------------------------------------------- writing and sending


async def test_the_time_in_the_words_is_put_right_by_saying_so(house: House) -> None:
    office = house.members["管小青"]
    await write(office, "明天下午两点开会，地点在物理楼。")
    said = await office.says("时间改成下午三点")
    assert "明天下午三点开会，地点在物理楼。" in said
    said = await office.says("时间改成下午四点")
    assert "改好了" in said
    assert "明天下午四点开会，地点在物理楼。" in said
    said = await office.says("地点改成数学楼")
    assert "没看懂" not in said
    assert office.last[-1].draft == "明天下午四点开会，地点在物理楼。", "to be changed"


async def test_the_preview_is_what_is_read_and_the_numbers_are_said(house: House) -> None:
    office = house.members["管小青"]
    add(house, "孙未来", Role.STUDENT, "汾河中学", joined=False)
    await write(office, WORDS)
    preview, card = office.last[-2:]
    assert (preview.title, preview.text) == ("示例管理办公室 通知", WORDS)
    fields = {field.label: field.value for field in card.fields}
    assert (fields["共"], fields["能送到"], fields["还没加入"]) == ("3 人", "2 人", "1 人")
    assert "现在发送，2 人" in office.sees
    assert told(house, "林小雨") == ""
    await office.presses("现在发送")
    for name in ("林小雨", "赵一鸣"):
        house.members[name].reads()
        [read] = house.members[name].last
        assert (read.title, read.text, read.rows) == (preview.title, preview.text, preview.rows)
    for name in ("王建国", "郭老师", "李青"):
        assert told(house, name) == "", name
    assert states(house) == {
        "林小雨": RecipientState.SENT,
        "赵一鸣": RecipientState.SENT,
        "孙未来": RecipientState.NOT_JOINED,
    }
    assert only(house).state is DONE
    assert audits(house) == ["draft_bulletin", "send_bulletin"]


async def test_at_night_an_office_is_told_that_it_would_wake_people(house: House) -> None:
    office = house.members["管小青"]
    for hour, at_night in ((21, False), (22, True), (7, True), (8, False)):
        tomorrow = house.clock.now().astimezone(BEIJING) + timedelta(days=1)
        house.clock.moment = tomorrow.replace(hour=hour, minute=0).astimezone(UTC)
        await write(office, WORDS)
        [first, *_] = office.last[-1].rows[0]
        assert ("吵醒" in office.sees) is at_night, hour
        assert (first.label == "定时发送") is at_night, hour
        assert first.weight == "primary"
        await office.presses("删除草稿")
        await office.presses("确定删除")


async def test_what_it_asks_of_people_is_summed_over_the_month(house: House) -> None:
    office = house.members["管小青"]
    await write(office, WORDS)
    await office.presses("现在发送")
    await office.says("给学生发通知：请交一份读书报告")
    await office.presses("不用回执")
    await office.presses("改用时")
    await office.says("一小时")
    await office.presses("看预览")
    fields = {field.label: (field.value, field.tone) for field in office.last[-1].fields}
    assert fields["用时"][0] == "每人约 1小时，一共约 2小时"
    assert fields["这个月"] == ("连这条，每人最多约 1小时1分钟（以 1小时 为限）", "bad")
    await office.presses("现在发送")
    house.clock.move(timedelta(days=31))
    await write(office, WORDS)
    fields = {field.label: (field.value, field.tone) for field in office.last[-1].fields}
    assert fields["这个月"] == ("连这条，每人最多约 1分钟（以 1小时 为限）", "neutral")


async def test_pressed_twice_and_delivered_again_it_is_sent_once(house: House) -> None:
    office = house.members["管小青"]
    await write(office, WORDS)
    again = office.button("现在发送")
    await office.presses("现在发送")
    await office.sends(Incoming(office.address, press=again))
    assert "已发完" in office.sees
    assert "不能这样做" in office.sees
    await house.deliver_all_again()
    assert told(house, "林小雨").count(WORDS) == 1


async def test_a_draft_that_was_changed_is_not_sent_by_an_old_button(house: House) -> None:
    office = house.members["管小青"]
    await write(office, WORDS)
    old = office.button("现在发送")
    await office.presses("修改")
    await office.presses("改正文")
    await office.says("改到12月12日。")
    await office.presses("看预览")
    assert "改到12月12日" in office.sees
    await office.sends(Incoming(office.address, press=old))
    assert "草稿后来改过" in office.sees
    assert told(house, "林小雨") == ""
    await office.presses("现在发送")
    assert "改到12月12日" in told(house, "林小雨")


@pytest.mark.parametrize("gone", ["现在发送", "删除草稿"])
async def test_what_was_changed_outlasts_the_draft_it_was_to_change(
    house: House, gone: str
) -> None:
    office = house.members["管小青"]
    await write(office, WORDS)
    old = office.button(gone)
    await office.presses("修改")
    await office.presses("改正文")
    await office.says("改到12月12日。")
    await office.sends(Incoming(office.address, press=old))
    if gone == "删除草稿":
        await office.presses("确定删除")
    await office.presses("看预览")
    assert "存成了一条新的草稿" in office.sees
    await office.presses("现在发送")
    assert "改到12月12日" in told(house, "林小雨")
    with house.app.database.transaction() as db:
        sent = db.exec(select(Bulletin.words)).all()
    assert sorted(sent) == sorted(["改到12月12日。", *([WORDS] if gone == "现在发送" else [])])


async def test_one_message_may_hold_all_of_it(house: House) -> None:
    office = house.members["管小青"]
    words = (
        "各位：\n\n1. 12月10日（周四）前交 PPT；\n2. 什么时候答辩，另行通知！" + "请准时。" * 40
    )
    await office.says(f"给所有人发通知：\n{words}")
    await office.presses("不用回执")
    await office.presses("看预览")
    await office.presses("现在发送")
    assert (only(house).words, only(house).audience["roles"]) == (words, [])


async def test_half_written_ones_are_told_apart_by_their_words(house: House) -> None:
    office = house.members["管小青"]
    for words in ("明天停一次活动", "后天开会"):
        await office.says(f"给学生发通知：{words}")
        await office.says("先放下")
    await office.says("没写完的")
    assert "明天停一次活动" in office.sees
    assert "后天开会" in office.sees


async def test_it_waits_for_its_time_and_can_be_cancelled_before(house: House) -> None:
    office = house.members["管小青"]
    await write(office, WORDS)
    await office.presses("定时发送")
    await office.says("后天")
    assert "几点" in office.sees
    await office.says("昨天9点")
    assert "已经过了" in office.sees
    await office.says("明天上午9点")
    assert "11月24日 周二 09:00 发送" in office.sees
    assert told(house, "林小雨") == ""
    house.clock.move(timedelta(days=1))
    await house.settle()
    assert WORDS in told(house, "林小雨")

    await write(office, "第二条")
    await office.presses("定时发送")
    await office.says("明天上午9点")
    await office.presses("取消发送")
    assert only(house).state is BulletinState.SENDING
    await office.presses("不取消")
    await office.presses("取消发送")
    await office.presses("确定取消发送")
    assert "已取消" in office.sees
    house.clock.move(timedelta(days=1))
    await house.settle()
    assert "第二条" not in told(house, "林小雨")
    assert only(house).state is BulletinState.CANCELLED
    assert set(states(house).values()) == {RecipientState.WITHDRAWN}


async def test_a_draft_may_be_deleted(house: House) -> None:
    office = house.members["管小青"]
    await write(office, WORDS)
    await office.presses("删除草稿")
    assert only(house).state is DRAFT
    await office.says("确定删除")
    assert "草稿已删除" in office.sees
    with house.app.database.transaction() as db:
        assert db.exec(select(Bulletin)).all() == []


async def test_a_picture_comes_with_it_and_only_to_whom_it_was_sent(house: House) -> None:
    office = house.members["管小青"]
    await office.says("发通知")
    await office.sends_files(("路线.jpg", content("photo", "路线.jpg")), text=WORDS)
    await office.presses("学生")
    await office.presses("缩小范围")
    await office.says("汾河")
    await office.presses("不限情况")
    await office.presses("不用回执")
    assert "路线.jpg" in office.sees
    await office.presses("看预览")
    await office.presses("现在发送")
    house.members["林小雨"].reads()
    [read] = house.members["林小雨"].last
    assert len(read.files) == 1
    assert [[one.label for one in row] for row in read.rows] == [["回复"]]
    assert told(house, "赵一鸣") == ""
    now = house.clock.now()
    with house.app.database.transaction() as db:
        for name in ("林小雨", "管小青", "郭老师"):
            actor = Actor(house.members[name].person_id, None, now)
            assert records.file_of(db, actor, read.files[0]).name == "路线.jpg", name
        for name in ("赵一鸣", "白老师", "王建国"):
            with pytest.raises(Refused):
                records.file_of(db, Actor(house.members[name].person_id, None, now), read.files[0])


# ---------------------------------------------------------------- whom


async def test_only_those_who_still_owe(house: House) -> None:
    office = house.members["管小青"]
    await office.says("发通知")
    await office.says(WORDS)
    await office.presses("学生")
    await office.presses("缩小范围")
    await office.presses("不限单位")
    await office.presses("培养活动还没达到要求的")
    await office.presses("不用回执")
    await office.presses("看预览")
    assert "培养活动还没达到要求的学生" in office.sees
    assert "现在发送，2 人" in office.sees


async def test_guardians_stand_for_their_children(house: House) -> None:
    office = house.members["管小青"]
    with house.app.database.transaction() as db:
        guardian = house.members["林大海"]
        account = Account(
            platform="fake",
            address=guardian.address,
            person_id=guardian.person_id,
            created_at=house.clock.now(),
        )
        db.add(account)
    await office.says("发通知")
    await office.says(WORDS)
    await office.presses("家长")
    await office.presses("缩小范围")
    await office.says("云冈中学")
    await office.presses("不限情况")
    await office.presses("不用回执")
    await office.presses("看预览")
    assert "一个人也送不到" in office.sees
    await office.presses("修改")
    await office.presses("改单位")
    await office.says("汾河中学")
    await office.presses("看预览")
    await office.presses("现在发送")
    assert WORDS in told(house, "林大海")


async def test_nothing_goes_to_a_child_before_a_guardian_consents(house: House) -> None:
    office = house.members["管小青"]
    with house.app.database.transaction() as db:
        child = db.get(Person, house.members["赵一鸣"].person_id)
        assert child is not None
        child.birth_date = date(2014, 1, 1)
    await write(office, WORDS)
    assert "等监护人同意" in office.sees
    await office.presses("现在发送")
    assert told(house, "赵一鸣") == ""
    assert states(house)["赵一鸣"] is RecipientState.CONSENT
    assert WORDS in told(house, "林小雨")


async def test_who_has_blocked_the_assistant_is_counted_and_who_comes_back_is_reached(
    house: House,
) -> None:
    office = house.members["管小青"]

    def put(name: str, *, reachable: bool) -> None:
        with house.app.database.transaction() as db:
            account = db.exec(
                select(Account).where(Account.person_id == house.members[name].person_id)
            ).one()
            account.reachable = reachable

    put("赵一鸣", reachable=False)
    put("林小雨", reachable=False)
    await write(office, WORDS)
    assert "一个人也送不到" in office.sees
    put("林小雨", reachable=True)
    await office.presses("通知")
    await office.says("1")
    await office.presses("定时发送")
    await office.says("明天上午9点")
    put("赵一鸣", reachable=True)
    put("林小雨", reachable=False)
    house.clock.move(timedelta(days=1))
    await house.settle()
    assert WORDS in told(house, "赵一鸣")
    assert states(house)["林小雨"] is RecipientState.BLOCKED


# ---------------------------------------------------------------- 收到


async def test_a_confirmation_counts_once_and_the_others_are_reminded_once_a_day(
    house: House,
) -> None:
    office, student = house.members["管小青"], house.members["林小雨"]
    await write(office, WORDS)
    await office.presses("收到")
    assert "这是预览" in office.sees
    await office.presses("现在发送")
    got_it = student.button("收到")
    await student.presses("收到")
    assert "已回执" in student.sees
    assert WORDS in student.sees
    with house.app.database.transaction() as db:
        first = db.exec(
            select(BulletinRecipient.received_at).where(
                BulletinRecipient.person_id == student.person_id
            )
        ).one()
    house.clock.move(timedelta(minutes=5))
    await student.sends(Incoming(student.address, press=got_it))
    with house.app.database.transaction() as db:
        received = db.exec(select(BulletinRecipient.received_at)).all()
    assert sorted(map(bool, received)) == [False, True]
    assert first in received

    student.reads()
    await office.says("通知")
    await office.says("1")
    assert "1 / 2" in office.sees
    await office.presses("催未回执，1 人")
    assert "开始催 1 人" in office.sees
    assert "请按“收到”" in told(house, "赵一鸣")
    assert told(house, "林小雨") == ""
    await forge(office, "show_bulletin", only(house).id or 0)
    assert "催过了，一天最多催一次" in office.sees
    assert not any("催未回执" in label for label in office.buttons)
    await forge(office, "remind_bulletin", only(house).id or 0)
    assert "今天已经催过" in office.sees
    house.clock.move(timedelta(days=1))
    await forge(office, "remind_bulletin", only(house).id or 0)
    other = house.members["赵一鸣"]
    other.reads()
    await other.says("收到")
    assert "已回执" in other.sees
    house.clock.move(timedelta(days=1))
    await forge(office, "remind_bulletin", only(house).id or 0)
    assert "没有要催的人" in office.sees


async def test_whoever_types_that_they_have_it_confirms_it(house: House) -> None:
    office, student = house.members["管小青"], house.members["林小雨"]
    await write(office, WORDS)
    await office.presses("现在发送")
    await student.says("菜单")
    assert "已回执" in await student.says("收到，谢谢老师")
    assert WORDS in student.sees
    # Nothing waits any more: it is only polite.
    assert "需要的时候" in await student.says("收到")

    for words in ("第一件事", "第二件事"):
        await write(office, words)
        await office.presses("现在发送")
    await student.says("菜单")
    assert "收到了哪一条" in await student.says("收到")
    await student.presses("第一件事")
    assert "已回执" in student.sees
    assert "第二件事" in await student.says("收到")
    with house.app.database.transaction() as db:
        mine = BulletinRecipient.person_id == student.person_id
        received = db.exec(select(BulletinRecipient.received_at).where(mine)).all()
    assert len(received) == 3
    assert all(received)


async def test_the_report_names_whom_to_call_and_runs_no_formula(house: House) -> None:
    office = house.members["管小青"]
    add(house, "=HYPERLINK(1)", Role.STUDENT, "汾河中学", joined=False)
    await write(office, WORDS)
    await office.presses("现在发送")
    await house.members["林小雨"].presses("收到")
    await office.says("通知")
    await office.says("1")
    await office.presses("没送到或没回执，2 人")
    assert "赵一鸣" in office.sees
    assert "还没加入" in office.sees
    assert "林小雨" not in office.sees
    await office.presses("导出名单")
    [number] = office.last[-1].files
    path, name, _ = house.app._open_file(number)
    assert name.endswith(".xlsx")
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    calls, every = book.worksheets
    rows = [[cell.value for cell in row] for row in calls.iter_rows(min_row=2)]
    assert sorted(rows, key=str) == [
        ["云冈中学", "赵一鸣", "学生", "没回执", "白老师"],
        ["汾河中学", "=HYPERLINK(1)", "学生", "还没加入", "郭老师"],
    ]
    assert every.max_row == 4
    formula = next(c for row in calls.iter_rows() for c in row if c.value == "=HYPERLINK(1)")
    assert (formula.data_type, formula.quotePrefix) == ("s", True)
    with house.app.database.transaction() as db:
        looks = db.exec(select(Audit).where(Audit.verb == "look", Audit.object == "list")).all()
        assert len(looks) == 2


# ---------------------------------------------------------------- a second coordinator


async def test_many_recipients_need_a_second_coordinator(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulletins, "ALONE", 1)
    office = house.members["管小青"]
    await write(office, WORDS)
    await office.presses("现在发送")
    assert "没有第二位" in office.sees
    assert only(house).state is DRAFT
    second = add(house, "管二", Role.COORDINATOR)
    await office.presses("现在发送")
    assert "等另一位管理办公室人员同意" in office.sees
    number = only(house).id or 0
    assert "不能这样做" in await forge(office, "send_bulletin", number, 1)
    assert "要由另一位" in await forge(office, "approve_bulletin", number)
    assert told(house, "林小雨") == ""
    second.reads()
    assert "等您同意" in second.sees
    await second.presses("看通知")
    assert WORDS in second.sees
    await second.presses("不同意")
    office.reads()
    assert "没有同意" in office.sees
    await forge(office, "show_bulletin", number)
    await office.presses("现在发送")
    await second.presses("看通知")
    await second.presses("同意发送")
    assert WORDS in told(house, "林小雨")
    assert only(house).approved_by == second.person_id
    assert audits(house) == [
        *("draft_bulletin", "send_bulletin", "decline_bulletin"),
        *("send_bulletin", "approve_bulletin"),
    ]


# ---------------------------------------------------------------- who may not


async def test_nobody_else_writes_sends_or_reads_how_it_stands(house: House) -> None:
    office = house.members["管小青"]
    auditor = add(house, "查一", Role.AUDITOR)
    await write(office, WORDS)
    number = only(house).id or 0
    acts = ("send", "later", "edit", "drop", "pause", "resume", "cancel", "remind", "approve")
    names = ("林小雨", "赵一鸣", "王建国", "李青", "郭老师", "白老师", "查一")
    for name in names:
        member = house.members[name]
        assert "由管理办公室人员写" in await member.says("发通知"), name
        for act in acts:
            said = {await forge(member, f"{act}_bulletin", one, 1) for one in (number, 999)}
            assert len(said) == 1, (name, act)
            assert WORDS not in said.pop()
        if name != "查一":
            for act in ("show_bulletin", "bulletin_people", "bulletin_report", "bulletin_copy"):
                said = {await forge(member, act, one) for one in (number, 999)}
                assert len(said) == 1, (name, act)
                assert WORDS not in said.pop()
        assert "没有发给" in await forge(member, "received", 999)
    assert only(house).state is DRAFT
    await forge(auditor, "show_bulletin", number)
    assert WORDS in auditor.sees
    assert not {"现在发送", "修改", "删除草稿"} & {*auditor.buttons}
    await office.presses("现在发送")
    assert told(house, "林小雨").count(WORDS) == 1


async def test_an_office_of_a_city_reaches_its_own_and_sees_no_others(house: House) -> None:
    office = house.members["管小青"]
    with house.app.database.transaction() as db:
        city = unit_called(db, "边城", UnitKind.CITY)
        school = db.get(Unit, unit_called(db, "汾河中学"))
        assert school is not None
        school.parent_id = city
    local = add(house, "管边", Role.COORDINATOR)
    with house.app.database.transaction() as db:
        place = db.get(Membership, local.membership_id)
        assert place is not None
        place.unit_id = city
    await write(office, "全省的事")
    await office.presses("现在发送")
    assert "还没有通知" in await local.says("通知")
    assert "不能看" in await forge(local, "show_bulletin", only(house).id or 0)
    await write(local, WORDS, to="全部人员")
    assert "边城 通知" in local.sees
    await local.presses("现在发送")
    assert states(house).keys() == {"林小雨", "郭老师", "林大海"}
    assert WORDS not in told(house, "赵一鸣")
    # The office above sees it, and a coordinator may stop what their branch sends.
    await office.says("通知")
    assert WORDS[:10] in office.sees


async def test_the_school_teacher_reads_what_went_to_their_students(house: House) -> None:
    office = house.members["管小青"]
    await office.says("发通知")
    await office.says(WORDS)
    await office.presses("学生")
    await office.presses("缩小范围")
    await office.says("汾河中学")
    await office.presses("不限情况")
    await office.presses("不用回执")
    await office.presses("看预览")
    own, other = house.members["郭老师"], house.members["白老师"]
    assert "还没有通知" in await own.says("通知")
    await office.presses("现在发送")
    own.reads()
    await house.settle()
    assert told(house, "郭老师") == ""
    await own.says("通知")
    assert "发给您学校学生的通知" in own.sees
    await own.says("1")
    assert WORDS in own.sees
    assert "1 名学生" in own.sees
    assert "还没有通知" in await other.says("通知")
    assert "不能看" in await forge(other, "bulletin_copy", only(house).id or 0)


# ---------------------------------------------------------------- what stays


async def test_paused_it_rests_and_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulletin_posts, "AT_ONCE", 1)
    office = house.members["管小青"]
    await write(office, WORDS)
    await house.receive(Incoming(office.address, press=office.button("现在发送")))
    await house.app.inbox.drain()
    await house.app.bulletins.drain()
    await house.receive(
        Incoming(office.address, press=press("pause_bulletin", only(house).id or 0))
    )
    await house.app.inbox.drain()
    await house.settle()
    assert sorted(states(house).values()) == [RecipientState.SENT, RecipientState.WAITING]
    house = await house.restart()
    await house.settle()
    assert sorted(states(house).values()) == [RecipientState.SENT, RecipientState.WAITING]
    await office.presses("继续发送")
    assert set(states(house).values()) == {RecipientState.SENT}
    with house.app.database.transaction() as db:
        keys = db.exec(select(Outbox.key).where(col(Outbox.key).startswith("bulletin:"))).all()
    assert len(keys) == len(set(keys)) == 2


# ---------------------------------------------------------------- in one sentence


async def test_a_sentence_says_to_whom_and_the_rest_is_asked(house: House) -> None:
    office = house.members["管小青"]
    await office.says("给汾河还没写日志的学生发提醒")
    assert "要通知什么" in office.sees
    await office.says(WORDS)
    await office.presses("不用回执")
    assert "单位：汾河中学" in office.sees
    assert "情况：还有日志没写的" in office.sees
    await office.says("取消")
    await office.says("通知所有导师明天下午两点开会")
    assert "要对方按" in office.sees
    await office.presses("不用回执")
    assert "正文：明天下午两点开会" in office.sees
    assert "发给：导师" in office.sees
    await office.says("取消")
    # What was not understood is asked.
    await office.says("给边城的学生发通知")
    await office.says(WORDS)
    assert "只发给哪个单位" in office.sees


async def test_those_who_are_no_office_are_heard_as_before(house: House) -> None:
    teacher = house.members["郭老师"]
    await teacher.says("给还没写日志的学生发提醒")
    assert "要通知什么" not in teacher.sees
    student = house.members["林小雨"]
    await student.says("通知所有导师明天下午两点开会")
    assert "要通知什么" not in student.sees
    office = house.members["管小青"]
    await office.says("催一下所有没写日志的学生")
    assert "要通知什么" not in office.sees

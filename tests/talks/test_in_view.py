"""The answer is where the person looks: below, or in place of what was pressed if that is last."""

from __future__ import annotations

import pytest

from bot.talk.message import Incoming, as_text, rows_of
from tests.house import House

FIRST = "昨天下午在校和王老师做了两小时双缝实验"
SECOND = "前天上午线上和王老师讨论了一小时论文"


@pytest.fixture
async def house(populated: House) -> House:
    """A student whose two sessions wait for a mentor, and a guardian."""
    student, mentor, _ = await populated.join("林小雨", "王建国", "林大海")
    for sentence in (FIRST, SECOND):
        await student.says(sentence)
        await student.presses("提交")
    mentor.reads()
    return populated


def places(house: House, name: str) -> list[str]:
    """Where each message of somebody's chat stands, in the order in which they came."""
    mine = house.members[name].address
    return [shown.place for shown in house.platform.shown if shown.address == mine]


async def test_what_a_list_opens_does_not_change_an_old_card_far_above(house: House) -> None:
    mentor = house.members["王建国"]
    await mentor.says("待审")
    before = places(house, "王建国")
    await mentor.presses("林小雨")
    assert "双缝实验" in mentor.sees
    assert places(house, "王建国")[-1] not in before


async def test_what_was_pressed_changes_where_it_is_last(house: House) -> None:
    mentor = house.members["王建国"]
    await mentor.presses("看全文")
    await mentor.presses("通过")
    notice, whole, settled = places(house, "王建国")[-3:]
    assert notice == whole == settled


async def test_what_was_pressed_stays_where_something_stands_below(house: House) -> None:
    mentor = house.members["王建国"]
    notice, press = mentor.button_on("看全文")
    await mentor.says("我的学生")
    before = places(house, "王建国")
    await mentor.sends(Incoming(mentor.address, press=press, on=notice.place))
    assert places(house, "王建国")[-1] not in before


async def test_a_press_on_an_old_copy_does_not_change_the_new_one(house: House) -> None:
    mentor = house.members["王建国"]
    old, press = mentor.button_on("看全文")
    await mentor.says("待审")
    await mentor.presses("11月21日")
    before = places(house, "王建国")
    await mentor.sends(Incoming(mentor.address, press=press, on=old.place))
    assert places(house, "王建国")[-1] not in before


async def test_a_record_opened_twice_is_shown_twice(house: House) -> None:
    student = house.members["林小雨"]
    for _ in range(2):
        await student.says("我的记录")
        before = places(house, "林小雨")
        await student.presses("11月22日")
        assert "双缝实验" in student.sees
        assert places(house, "林小雨")[-1] not in before


async def test_consents_opened_twice_are_shown_twice(house: House) -> None:
    guardian = house.members["林大海"]
    for _ in range(2):
        before = places(house, "林大海")
        await guardian.says("/children")
        assert "林小雨" in guardian.sees
        assert places(house, "林大海")[-1] not in before


async def test_together_are_approved_only_those_that_were_shown(house: House) -> None:
    mentor = house.members["王建国"]
    for opened in ("11月21日", "11月22日"):
        await mentor.says("待审")
        assert not [label for label in mentor.buttons if "看过全文" in label]
        before = places(house, "王建国")
        await mentor.presses(opened)
        assert places(house, "王建国")[-1] not in before
    await mentor.says("待审")
    assert [label for label in mentor.buttons if "看过全文的 2 条" in label]


async def test_an_answer_in_a_form_is_not_pushed_away_by_the_whole_card(house: House) -> None:
    student = house.members["林小雨"]
    await student.says("11月19日下午在校和王老师做了一小时天平实验")
    await student.says("中期评价什么时候？")
    answer, short = student.last
    assert "中期" in as_text(answer)
    assert "\n" not in as_text(short)
    labels = [button.label for row in rows_of(short) for button in row]
    assert labels == ["提交", "看已填的", "← 返回上一步", "先放下"]
    await student.presses("看已填的")
    assert "天平实验" in student.sees
    assert "改时长" in student.buttons
    await student.says("/help")
    assert "\n" not in as_text(student.last[-1])
    await student.presses("提交")
    assert "审核" in student.sees


async def test_a_second_tap_on_the_last_button_is_no_side_action(house: House) -> None:
    """A keyboard that is drawn anew keeps its lower edge: there the choices stand, no changes."""
    student = house.members["林小雨"]
    await student.says("11月19日下午在校和王老师做了一小时天平实验")
    (review,) = student.last
    rows = [[button.label for button in row] for row in rows_of(review)]
    assert rows[-2:] == [["提交"], ["← 返回上一步", "先放下"]]
    assert ["改附件"] in rows[:-2]


async def test_one_button_is_the_usual_way_on_also_with_a_draft(house: House) -> None:
    student = house.members["林小雨"]
    await student.says("11月19日下午在校和王老师做了一小时天平实验")
    await student.says("菜单")
    buttons = [button for row in rows_of(student.last[-1]) for button in row]
    assert [button.label for button in buttons if button.weight == "primary"] == ["继续写"]


async def test_a_reviewer_sees_what_was_done_before_one_tap(house: House) -> None:
    student, mentor = house.members["林小雨"], house.members["王建国"]
    mentor.reads()
    await student.says("11月19日下午在校和王老师做了一小时天平实验")
    await student.presses("改内容")
    await student.says("称量" * 400)
    await student.presses("提交")
    (card,) = mentor.unread()
    told = as_text(card)
    assert "称量称量" in told
    assert "……" in told
    assert len(told) < 300
    assert "11月19日 周四" in told


async def test_a_question_asked_again_under_a_list_takes_little_room(populated: House) -> None:
    """Its many choices are a press away; typed, they are taken as before."""
    [student] = await populated.join("林小雨")
    await student.says("记一次培养")
    assert "今天 1小时" in student.buttons
    await student.says("我的记录")
    assert "哪天的培养活动" in student.sees
    assert "今天 1小时" not in student.buttons
    await student.presses("接着选")
    assert "今天 1小时" in student.buttons
    await student.says("我的进度")
    assert "在哪里" in await student.says("昨天 2小时")

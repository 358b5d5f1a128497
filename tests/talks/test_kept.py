"""What is said at an odd moment is kept: in doubt, over a photo, gone back over, half wrong."""

from __future__ import annotations

import pytest
from sqlmodel import select

from bot.talk.message import Incoming
from storage.tables import Record
from tests.house import House, Member
from tests.talks.test_given import EITHER, QUESTION, SENTENCE, handed_in, names, photos

DOUBTFUL = "昨天种菜"
"""A sentence of which it is asked what it wants."""


@pytest.fixture
async def house(populated: House) -> House:
    """A student and her mentor have joined; it is Monday 23 November 2026, ten in the morning."""
    await populated.join("林小雨", "王建国")
    return populated


@pytest.fixture
def student(house: House) -> Member:
    return house.members["林小雨"]


async def at_content(student: Member) -> None:
    await student.says("记一次培养")
    for words in ("昨天下午两小时", "到校面对面", "课题研究", "王建国"):
        await student.says(words)


async def at_review(student: Member) -> None:
    await student.sends_files(*photos("光路.jpg"), text=SENTENCE)
    assert "请核对" in student.sees


# ---------------------------------------------------------------- while it is asked which


async def test_a_sentence_said_while_it_is_asked_which_goes_to_the_content(
    house: House, student: Member
) -> None:
    await at_content(student)
    assert EITHER in await student.says(QUESTION)
    said = await student.says("搭了双缝干涉的光路")
    assert EITHER in said
    assert "搭了双缝干涉的光路" in said
    await house.restart()
    said = await student.presses("想问政策")
    assert "六(二)" in said
    assert "内容：搭了双缝干涉的光路" in await student.says("看已填的")
    await student.presses("提交")
    assert handed_in(house)["what"] == "搭了双缝干涉的光路"


async def test_both_are_the_content_if_that_is_what_they_are(
    house: House, student: Member
) -> None:
    await at_content(student)
    await student.says(QUESTION)
    await student.says("问了导师这个问题")
    await student.presses("是内容")
    await student.presses("提交")
    assert handed_in(house)["what"] == f"{QUESTION}\n问了导师这个问题"


async def test_a_photo_and_its_caption_are_kept_while_it_is_asked_which(
    house: House, student: Member
) -> None:
    await at_content(student)
    await student.says(QUESTION)
    said = await student.sends_files(*photos("光路.jpg"), text="搭光路的照片")
    assert "已收好：光路.jpg" in said
    assert EITHER in said
    await student.presses("想问政策")
    await student.says("看已填的")
    await student.presses("提交")
    assert handed_in(house)["what"] == "搭光路的照片"
    assert names(house) == ["光路.jpg"]


async def test_going_back_from_the_doubt_gives_the_words_back(student: Member) -> None:
    await at_content(student)
    await student.says(QUESTION)
    said = await student.presses("返回上一步")
    assert "做了什么" in said
    assert student.last[-1].draft == QUESTION


# ---------------------------------------------------------------- words over a photo


async def test_a_caption_for_which_there_is_no_room_is_named(student: Member) -> None:
    await at_review(student)
    said = await student.sends_files(("二.jpg", photos("二.jpg")[0][1]), text="第二天的条纹")
    assert "已收好：二.jpg" in said
    assert "「第二天的条纹」没有记进去" in said
    assert "内容：做双缝实验" in said


async def test_a_caption_given_while_the_files_are_changed_is_named(student: Member) -> None:
    await at_review(student)
    await student.presses("改附件")
    said = await student.sends_files(("二.jpg", photos("二.jpg")[0][1]), text="第二天的条纹")
    assert "「第二天的条纹」没有记进去" in said


async def test_a_caption_answers_nothing_and_begins_the_diary(student: Member) -> None:
    await at_review(student)
    await student.presses("提交")
    await student.presses("现在写日志")
    await student.sends_files(*photos("条纹.jpg"), text="第一次看见条纹。")
    said = await student.presses("完成")
    assert "正文：第一次看见条纹。" in said
    said = await student.sends_files(("二.jpg", photos("二.jpg")[0][1]), text="还有一张。")
    assert "「还有一张。」没有记进去" in said


async def test_a_question_over_a_photo_in_mid_form_is_answered(student: Member) -> None:
    await student.says("记一次培养")
    await student.presses("昨天 2小时")
    said = await student.sends_files(*photos("通知.jpg"), text=QUESTION)
    assert "六(二)" in said
    assert "没有记进去" not in said
    said = await student.says("看已填的")
    assert "内容：" not in said


# ---------------------------------------------------------------- going back


async def test_a_long_text_is_there_again_after_going_back(house: House, student: Member) -> None:
    await at_content(student)
    await student.says("搭了双缝干涉的光路，测了三组条纹间距，结果和理论值差百分之二。")
    await student.presses("返回上一步")
    assert student.last[-1].draft.startswith("搭了双缝干涉的光路")
    said = await student.presses("返回上一步")
    assert "✓ 王建国" in said
    await house.restart()
    await student.presses("✓ 王建国")
    assert student.last[-1].draft.startswith("搭了双缝干涉的光路")


async def test_a_diary_is_there_again_after_going_back(student: Member) -> None:
    await at_review(student)
    await student.presses("提交")
    await student.presses("现在写日志")
    await student.says("今天第一次看见条纹。")
    await student.says("返回")
    assert student.last[-1].draft == "今天第一次看见条纹。"


async def test_going_back_over_half_a_correction_undoes_all_of_it(student: Member) -> None:
    await at_review(student)
    said = await student.says("时长是三小时，地点不对")
    assert "改好了：时长" in said
    assert "在哪里" in said
    said = await student.presses("返回上一步")
    assert "时长：2小时" in said
    assert "方式：到校面对面" in said
    await student.says("时长是三小时，地点不对")
    said = await student.presses("校外面对面")
    assert "时长：3小时" in said
    said = await student.presses("返回上一步")
    assert "时长：2小时" in said
    assert "方式：到校面对面" in said


async def test_everything_said_to_be_wrong_is_asked(student: Member) -> None:
    await at_review(student)
    said = await student.says("地点不对，内容也不对")
    assert "在哪里" in said
    said = await student.presses("校外面对面")
    assert "做了什么" in said
    assert student.last[-1].draft == "做双缝实验"
    said = await student.presses("返回上一步")
    assert "方式：到校面对面" in said
    assert "内容：做双缝实验" in said


async def test_going_back_from_an_entry_just_opened_leads_to_the_entry(
    house: House, student: Member
) -> None:
    await at_review(student)
    await student.presses("提交")
    await student.says("我的记录")
    await student.says("1")
    said = await student.presses("修改")
    assert "修改培养记录" in said
    assert "记一次培养" not in said
    assert "/6" not in said
    # What was changed and changed back is as it was.
    await student.says("时长是三小时")
    said = await student.presses("返回上一步")
    assert "时长：2小时" in said
    assert "请核对" in said
    said = await student.presses("返回上一步")
    assert "状态：待审" in said
    assert "没写完的" not in await student.says("菜单")


# ---------------------------------------------------------------- 记一次 or 问政策


async def test_a_photo_joins_the_record_while_it_is_asked_what_is_wanted(
    house: House, student: Member
) -> None:
    said = await student.says(DOUBTFUL)
    assert "这是记一次培养，还是想问政策" in said
    said = await student.sends_files(*photos("书.jpg"))
    assert "已收好：书.jpg" in said
    house.platform.files.clear()
    await student.presses("记一次")
    for words in ("两小时", "到校自主学习", "课题研究", "王建国", "提交"):
        await student.says(words)
    assert names(house) == ["书.jpg"]


async def test_a_photo_outlives_the_answer_that_it_was_a_question(
    house: House, student: Member
) -> None:
    await student.says(DOUBTFUL)
    await student.sends_files(*photos("书.jpg"))
    await student.presses("问政策")
    for words in ("昨天下午两小时", "到校自主学习", "课题研究", "王建国", "看书", "提交"):
        await student.says(words)
    assert names(house) == ["书.jpg"]


async def test_what_is_said_instead_of_which_it_is_loses_nothing(
    house: House, student: Member
) -> None:
    await student.says(DOUBTFUL)
    await student.says("下午浇了两小时水")
    for words in ("到校自主学习", "课题研究", "王建国"):
        await student.says(words)
    await student.presses("提交")
    what = str(handed_in(house)["what"])
    assert what == "种菜，下午浇水"


async def test_a_question_instead_of_which_it_is_is_answered_and_it_is_asked_again(
    student: Member,
) -> None:
    await student.says(DOUBTFUL)
    said = await student.says("我的导师是谁")
    assert "王建国" in said
    assert "这是记一次培养，还是想问政策" in said


# ---------------------------------------------------------------- drafts and the queue


async def test_a_draft_with_nothing_but_photos_has_a_name(student: Member) -> None:
    await student.sends_files(*photos("光路.jpg"))
    await student.presses("先放下")
    assert "光路.jpg" in student.sees


async def test_going_back_from_sending_back_leads_to_the_entry(
    house: House, student: Member
) -> None:
    await at_review(student)
    await student.presses("提交")
    mentor = house.members["王建国"]
    await mentor.says("待审")
    await mentor.says("1")
    said = await mentor.presses("退回修改")
    assert "请说明理由" in said
    said = await mentor.presses("返回上一步")
    assert "内容：做双缝实验" in said
    assert "[!退回修改]" in said


async def two_read(house: House, student: Member) -> Member:
    """Two entries wait, and the mentor has read both."""
    for words in (SENTENCE, "前天下午在校和王老师做了一小时光栅实验"):
        await student.says(words)
        await student.presses("提交")
    mentor = house.members["王建国"]
    for number in ("1", "2"):
        await mentor.says("待审")
        await mentor.says(number)
    return mentor


def states(house: House) -> list[str]:
    with house.app.database.transaction() as db:
        return sorted(str(record.state) for record in db.exec(select(Record)))


async def test_the_button_for_two_does_not_approve_what_is_left_of_them(
    house: House, student: Member
) -> None:
    mentor = await two_read(house, student)
    await mentor.says("待审")
    old = mentor.button("通过已看过全文的 2 条")
    await mentor.says("1")
    await mentor.presses("退回修改")
    await mentor.says("时长不对，请核对")
    said = await mentor.sends(Incoming(mentor.address, press=old))
    assert "一条也没有动" in said
    assert states(house) == ["returned", "submitted"]
    # What is said now is what is so now.
    mentor_reads = [label for label in mentor.buttons if "通过" in label]
    assert all("2 条" not in label for label in mentor_reads)


async def test_the_button_for_two_approves_the_two(house: House, student: Member) -> None:
    mentor = await two_read(house, student)
    await mentor.says("待审")
    said = await mentor.presses("通过已看过全文的 2 条")
    assert "已通过 2 条" in said
    assert states(house) == ["approved", "approved"]

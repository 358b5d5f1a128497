"""Nothing that was given is dropped, and nothing is asked twice."""

from __future__ import annotations

import pytest
from sqlmodel import select

from storage.tables import Record, RecordVersion, StoredTalk
from tests.house import House, Member
from tests.talks.play import content

SENTENCE = "昨天下午在校和王老师做了两小时双缝实验"
QUESTION = "中期评价什么时候？"
EITHER = "这是内容，还是想问政策？"


@pytest.fixture
async def house(populated: House) -> House:
    """A student and her mentor have joined; it is Monday 23 November 2026, ten in the morning."""
    await populated.join("林小雨", "王建国")
    return populated


@pytest.fixture
def student(house: House) -> Member:
    return house.members["林小雨"]


def photos(*names: str) -> list[tuple[str, bytes]]:
    return [(name, content("photo", name + "~" * n)) for n, name in enumerate(names)]


def handed_in(house: House) -> dict[str, object]:
    """What the latest version of the only entry says."""
    with house.app.database.transaction() as db:
        record = db.exec(select(Record)).one()
        body = db.get(RecordVersion, (record.id, record.version))
        assert body is not None
        return dict(body.body)


def names(house: House) -> list[str]:
    files = handed_in(house)["files"]
    assert isinstance(files, list)
    return [file["name"] for file in files]


async def test_handing_in_too_early_is_no_answer(house: House, student: Member) -> None:
    await student.says("昨天下午做了两小时双缝实验")
    for answer in ("到校面对面", "1"):
        assert "还没到提交这一步" in await student.says("直接提交吧")
        await student.says(answer)
    await student.says("改内容")
    assert "还没到提交这一步" in await student.says("提交"), "it is no text either"
    await student.says("搭光路，量条纹")
    await student.says("提交")
    assert handed_in(house)["what"] == "搭光路，量条纹"


# ---------------------------------------------------------------- photos


async def test_a_photo_with_a_sentence_is_a_record_at_its_review(
    house: House, student: Member
) -> None:
    said = await student.sends_files(*photos("光路.jpg"), text=SENTENCE)
    assert "内容：做双缝实验" in said
    assert "附件：1 个（光路.jpg）" in said
    assert "时长：2小时" in said
    await student.presses("提交")
    assert names(house) == ["光路.jpg"]


async def test_an_album_with_a_sentence_is_one_record(house: House, student: Member) -> None:
    said = await student.sends_files(*photos("光路.jpg", "记录.jpg"), text=SENTENCE)
    assert said.count("请核对") == 1
    assert "附件：2 个（光路.jpg、记录.jpg）" in said


async def test_a_photo_alone_begins_a_record_and_is_kept_at_once(
    house: House, student: Member
) -> None:
    said = await student.sends_files(*photos("光路.jpg"))
    assert "已收好：光路.jpg" in said
    assert "哪天的培养活动" in said
    # The messenger may forget it by the time the form is done.
    house.platform.files.clear()
    for words in ("昨天下午两小时", "到校面对面", "课题研究", "王建国", "搭光路", "提交"):
        await student.says(words)
    assert names(house) == ["光路.jpg"]


async def test_a_photo_joins_the_draft_at_whatever_step(house: House, student: Member) -> None:
    await student.says("记一次培养")
    await student.presses("昨天 2小时")
    said = await student.sends_files(*photos("光路.jpg"))
    assert "已收好：光路.jpg" in said
    assert "在哪里" in said
    assert "返回上一步" in said
    back = await student.says("返回")
    assert "哪天的培养活动" in back
    for words in ("昨天下午两小时", "到校面对面", "课题研究", "王建国", "搭光路", "提交"):
        await student.says(words)
    assert names(house) == ["光路.jpg"]


async def test_a_caption_answers_the_question_that_is_asked(student: Member) -> None:
    await student.says("记一次培养")
    await student.presses("昨天 2小时")
    said = await student.sends_files(*photos("光路.jpg"), text="线上")
    assert "方式：线上" in said
    assert "主要做了什么类型" in said


async def test_a_caption_that_answers_nothing_is_what_was_done(student: Member) -> None:
    await student.says("记一次培养")
    await student.presses("昨天 2小时")
    said = await student.sends_files(*photos("光路.jpg"), text="双缝干涉的光路")
    assert "内容：双缝干涉的光路" in said
    said = await student.sends_files(*photos("光路二.jpg"))
    assert "内容：双缝干涉的光路" in said


async def test_a_question_under_a_photo_is_answered_and_the_photo_kept(student: Member) -> None:
    said = await student.sends_files(*photos("通知.jpg"), text=QUESTION)
    assert "六(二)" in said
    assert "已收好：通知.jpg" in said


async def test_of_ten_photos_nine_are_kept_and_the_tenth_is_named(
    house: House, student: Member
) -> None:
    ten = photos(*(f"{n}.jpg" for n in range(1, 11)))
    said = await student.sends_files(*ten, text=SENTENCE)
    assert "附件：9 个" in said
    assert "没有收下：\n10.jpg：一条记录最多 9 个" in said
    await student.presses("改附件")
    await student.presses("✕ 3.jpg")
    await student.presses("完成")
    said = await student.sends_files(ten[9])
    assert "附件：9 个（1.jpg、2.jpg、4.jpg" in said
    await student.presses("提交")
    assert names(house) == [f"{n}.jpg" for n in (1, 2, 4, 5, 6, 7, 8, 9, 10)]


async def test_an_empty_file_blocks_nothing(house: House, student: Member) -> None:
    said = await student.sends_files(("空.jpg", b""), *photos("光路.jpg"), text=SENTENCE)
    assert "没有收下：\n空.jpg：这个文件是空的" in said
    assert "附件：1 个（光路.jpg）" in said


async def test_a_mentors_photo_begins_nothing(house: House) -> None:
    said = await house.members["王建国"].sends_files(*photos("光路.jpg"))
    assert "没有保存" in said


# ---------------------------------------------------------------- changing what is there


async def at_review(student: Member, *files: str) -> None:
    await student.sends_files(*photos(*(files or ("光路.jpg", "记录.jpg"))), text=SENTENCE)
    assert "请核对" in student.sees


async def test_changing_the_files_begins_with_those_that_are_there(student: Member) -> None:
    await at_review(student)
    said = await student.presses("改附件")
    assert "[✕ 光路.jpg]" in said
    assert "[✕ 记录.jpg]" in said
    assert "附件：2 个" in await student.presses("完成")


async def test_one_file_is_taken_away_and_going_back_brings_it_back(student: Member) -> None:
    await at_review(student)
    await student.presses("改附件")
    said = await student.presses("✕ 光路.jpg")
    assert "[✕ 光路.jpg]" not in said
    assert "附件：1 个（记录.jpg）" in await student.presses("完成")
    assert "附件：2 个（光路.jpg、记录.jpg）" in await student.presses("返回上一步")


async def test_a_file_is_added_to_an_entry_that_was_handed_in(
    house: House, student: Member
) -> None:
    await at_review(student)
    await student.presses("提交")
    await student.says("我的记录")
    await student.says("1")
    await student.presses("修改")
    await student.presses("改附件")
    await student.sends_files(("新.jpg", content("photo", "new")))
    await student.presses("✕ 光路.jpg")
    await student.presses("完成")
    await student.presses("重新提交")
    assert names(house) == ["记录.jpg", "新.jpg"]


async def test_the_present_choice_is_ticked(student: Member) -> None:
    await at_review(student)
    assert "[✓ 到校面对面]" in await student.presses("改方式")
    await student.presses("返回上一步")
    assert "[✓ 2小时]" in await student.presses("改时长")
    await student.presses("返回上一步")
    assert "[✓ 王建国]" in await student.presses("改人员")


async def test_the_text_is_there_to_be_edited(student: Member) -> None:
    await at_review(student)
    await student.presses("改内容")
    assert student.last[-1].draft == "做双缝实验"


async def test_a_diary_is_not_typed_again_for_one_typo(house: House, student: Member) -> None:
    await at_review(student)
    await student.presses("提交")
    await student.presses("现在写日志")
    await student.says("今天第一次看见条文。")
    await student.presses("完成")
    await student.presses("改正文")
    assert student.last[-1].draft == "今天第一次看见条文。"
    said = await student.says("今天第一次看见条纹。")
    assert "正文：今天第一次看见条纹。" in said
    assert "正文：今天第一次看见条文。" in await student.presses("返回上一步")


async def test_one_part_of_a_diary_is_changed_or_taken_away(student: Member) -> None:
    await at_review(student)
    await student.presses("提交")
    await student.presses("现在写日志")
    for words in ("第一段。", "第二段。", "第三段。"):
        await student.says(words)
    await student.presses("完成")
    await student.presses("改第 2 段")
    assert student.last[-1].draft == "第二段。"
    said = await student.says("改过的第二段。")
    assert "第 2 段：改过的第二段。" in said
    assert "第 3 段：第三段。" in said
    await student.presses("改第 1 段")
    said = await student.presses("去掉这一段")
    assert "第 1 段：改过的第二段。" in said
    assert "第三段。" in said
    assert "第一段。" not in said


# ---------------------------------------------------------------- said on the review card


async def test_a_typed_correction_changes_the_card_and_going_back_undoes_it(
    house: House, student: Member
) -> None:
    await at_review(student)
    said = await student.says("时间不对，是三个小时")
    assert "改好了：时长" in said
    assert "时长：3小时" in said
    assert "人员：王建国、贺老师" in await student.says("贺老师也在")
    assert "人员：王建国\n" in await student.says("返回")
    assert "附件：1 个（光路.jpg）" in await student.says("去掉第二张照片")
    assert "日期：11月21日 周六下午" in await student.says("日期是前天")
    assert "方式：到校自主学习" in await student.says("地点改成图书馆")
    said = await student.says("不是自主学习，是线下")
    assert "在哪里、怎么进行的" in said
    await student.presses("校外面对面")
    assert "内容：测了条纹间距" in await student.says("内容改成：测了条纹间距")
    await student.presses("提交")
    body = handed_in(house)
    assert (body["minutes"], body["place"], body["what"]) == (180, "off_campus", "测了条纹间距")
    assert names(house) == ["光路.jpg"]


async def test_a_day_to_come_is_no_correction_and_loses_nothing(student: Member) -> None:
    await at_review(student)
    said = await student.says("日期改成明天")
    assert "还没到" in said
    said = await student.says("返回")
    assert "日期：11月22日 周日下午" in said


async def test_a_question_on_the_review_card_is_still_answered(student: Member) -> None:
    await at_review(student)
    said = await student.says(QUESTION)
    assert "六(二)" in said
    assert "请核对" in said


async def test_what_is_said_of_the_length_is_nobodys_name(student: Member) -> None:
    await student.says("记一次培养")
    for words in ("昨天下午两小时", "到校面对面", "课题研究"):
        await student.says(words)
    said = await student.says("时间不对，是三个小时")
    assert "时长：3小时" in said
    assert "（4/6）" in said


# ---------------------------------------------------------------- what one sentence gave


async def test_what_a_sentence_gave_is_shown_at_every_further_step(student: Member) -> None:
    said = await student.says("昨天下午和王老师做了双缝实验")
    for shown in ("多长时间", "日期：11月22日 周日", "人员：王建国", "内容：做了双缝实验"):
        assert shown in said
    said = await student.says("两小时")
    for shown in ("在哪里", "时长：2小时", "人员：王建国", "内容：做了双缝实验"):
        assert shown in said


async def test_the_usual_record_takes_seven_taps_step_by_step(
    house: House, student: Member
) -> None:
    """It took nine; words that are typed count as one, for the button that sends them."""
    taps = 0
    for label in ("记一次培养", "昨天 2小时", "到校面对面", "课题研究", "王建国"):
        await student.presses(label)
        taps += 1
    await student.says("搭双缝干涉光路")
    await student.presses("提交")
    taps += 2
    assert handed_in(house)["minutes"] == 120
    # One more to put the cursor into the box.
    assert taps + 1 <= 8


# ---------------------------------------------------------------- questions in free words


async def at_content(student: Member) -> None:
    await student.says("记一次培养")
    for words in ("昨天下午两小时", "到校面对面", "课题研究", "王建国"):
        await student.says(words)


async def test_a_question_typed_as_content_is_asked_about_once(
    house: House, student: Member
) -> None:
    await at_content(student)
    said = await student.says(QUESTION)
    assert EITHER in said
    assert QUESTION in said
    await house.restart()
    said = await student.presses("想问政策")
    assert "六(二)" in said
    assert "做了什么" in said
    said = await student.says("搭光路")
    assert "内容：搭光路" in said


async def test_a_question_may_be_meant_as_content(student: Member) -> None:
    await at_content(student)
    await student.says(QUESTION)
    said = await student.presses("是内容")
    assert EITHER not in said
    assert f"内容：{QUESTION}" in said


async def test_going_back_from_the_doubt_asks_for_the_content_again(student: Member) -> None:
    await at_content(student)
    await student.says(QUESTION)
    assert "做了什么" in await student.presses("返回上一步")


async def test_a_diary_hears_a_question_too(student: Member) -> None:
    await at_review(student)
    await student.presses("提交")
    await student.presses("现在写日志")
    await student.says("今天第一次看见条纹。")
    assert EITHER in await student.says(QUESTION)
    said = await student.presses("想问政策")
    assert "六(二)" in said
    assert "1 段" in said
    said = await student.presses("完成")
    assert QUESTION not in said


@pytest.mark.parametrize(
    "words", ["我还不懂为什么要用单缝，下次问王老师", "怎么调都不出条纹，最后发现是光源歪了"]
)
async def test_a_diary_that_wonders_is_no_question(student: Member, words: str) -> None:
    await at_content(student)
    assert EITHER not in await student.says(words)


# ---------------------------------------------------------------- returned, and drafts


async def test_the_reason_stands_above_the_correcting_talk(house: House, student: Member) -> None:
    mentor = house.members["王建国"]
    await at_review(student)
    await student.presses("提交")
    await mentor.presses("退回修改")
    await mentor.says("请写明测得的数值")
    reason = "王建国 退回时说：请写明测得的数值"
    assert reason in await student.presses("修改")
    said = await student.presses("改时长")
    assert reason in said
    assert "现在的时长：2小时" in said
    await student.presses("返回上一步")
    await student.presses("改内容")
    assert reason in student.sees
    assert student.last[-1].draft == "做双缝实验"


async def test_drafts_are_told_apart(student: Member) -> None:
    await student.says(SENTENCE)
    await student.says("取消")
    await student.says("前天在校和王老师讨论了一小时论文")
    await student.says("取消")
    said = await student.says("没写完的")
    assert "记一次培养：11月22日 周日、做双缝实验" in said
    assert "记一次培养：11月21日 周六、讨论论文" in said


async def test_another_is_begun_while_one_is_unfinished(house: House, student: Member) -> None:
    await student.says(SENTENCE)
    said = await student.says("记一次培养")
    assert "做双缝实验" in said
    said = await student.presses("另记一次")
    assert "哪天的培养活动" in said
    await student.presses("昨天 2小时")
    with house.app.database.transaction() as db:
        assert len(db.exec(select(StoredTalk)).all()) == 2


# ---------------------------------------------------------------- a reason, told with the act


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("时长有问题，他只做了两小时，退回", "时长有问题，他只做了两小时"),
        ("退回：请补上用了什么仪器", "请补上用了什么仪器"),
        ("时间不对 请退回修改吧。", "时间不对"),
    ],
)
async def test_an_entry_is_returned_with_the_reason_that_was_told(
    house: House, student: Member, words: str, reason: str
) -> None:
    mentor = house.members["王建国"]
    await student.says(SENTENCE)
    await student.presses("提交")
    await mentor.says("待审")
    await mentor.says("1")
    asked = await mentor.says(words)
    assert f"「{reason}」" in asked
    await mentor.presses("就写这句")
    assert reason in student.reads()
    # Where no entry is open, the same words return nothing.
    await mentor.says("菜单")
    assert "就写这句" not in await mentor.says(words)

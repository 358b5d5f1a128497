"""What people met who walked through the assistant in each role, and what they meet now."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import select

from prompts import catalogue
from storage.tables import Account, Guardianship, Person
from tests.house import House
from tests.talks.play import content

FIRST = "昨天下午在校和王老师做了两小时双缝实验"
SECOND = "前天上午线上和王老师讨论了一小时论文"


@pytest.fixture
async def house(populated: House) -> House:
    """Nobody has joined; it is Monday 23 November 2026, ten in the morning."""
    return populated


def young(house: House, *names: str) -> None:
    """Make these students twelve years old, and 林大海 the guardian of each."""
    with house.app.database.transaction() as db:
        people = {person.name: person for person in db.exec(select(Person))}
        known = {link.child_id for link in db.exec(select(Guardianship))}
        for name in names:
            child = people[name]
            child.birth_date = date(2014, 3, 5)
            db.add(child)
            if child.id not in known:
                whose, now = people["林大海"].id or 0, house.clock.now()
                db.add(Guardianship(child_id=child.id or 0, guardian_id=whose, created_at=now))


# ---------------------------------------------------------------- a reviewer


async def test_the_queue_offers_only_filters_that_part_it(house: House) -> None:
    student, mentor = await house.join("林小雨", "王建国")
    assert "[培养活动]" not in await mentor.says("待审")
    await student.says(FIRST)
    await student.presses("提交")
    said = await mentor.says("待审")
    assert "[培养活动]" not in said
    assert "[等了 7 天以上]" not in said


async def test_all_that_was_read_is_said_without_a_nought(house: House) -> None:
    student, mentor = await house.join("林小雨", "王建国")
    await student.says(FIRST)
    await student.presses("提交")
    await mentor.presses("看全文")
    said = await mentor.says("全部通过")
    assert "0 条" not in said
    assert "这 1 条都看过全文" in said


async def test_a_corrected_entry_comes_back_with_what_it_was_sent_back_for(house: House) -> None:
    student, mentor = await house.join("林小雨", "王建国")
    await student.says(FIRST)
    await student.presses("提交")
    await mentor.presses("退回修改")
    assert "2026年" not in mentor.sees
    await mentor.says("请写明测得的数值")
    await student.presses("修改")
    await student.says("内容改成：测了三组条纹，间距 1.2 毫米")
    mentor.reads()
    await student.presses("重新提交")
    mentor.reads()
    assert "林小雨 改好了一条记录，请您再审" in mentor.sees
    assert "上次退回：请写明测得的数值" in mentor.sees


# ---------------------------------------------------------------- a guardian


async def test_every_child_of_a_guardian_keeps_its_own_card(house: House) -> None:
    young(house, "赵一鸣")
    _, _, guardian = await house.join("林小雨", "赵一鸣", "林大海")
    await guardian.says("我孩子最近怎么样")
    shown = [s for s in house.platform.shown if s.address == guardian.address][-2:]
    cards = {s.message.card for s in shown}
    assert len(cards) == 2


async def test_consent_is_given_by_the_word_on_the_button(house: House) -> None:
    young(house, "赵一鸣")
    _, guardian = await house.join("赵一鸣", "林大海")
    assert "【同意（赵一鸣）】" in guardian.sees
    await guardian.says("菜单")
    assert "已同意" in await guardian.says("同意")


async def test_the_word_alone_consents_for_no_child_among_several(house: House) -> None:
    young(house, "赵一鸣", "林小雨")
    _, guardian = await house.join("赵一鸣", "林大海")
    for child in ("林小雨", "赵一鸣"):
        assert f"【同意（{child}）】" in guardian.sees
    said = await guardian.says("同意")
    assert "✓ 已同意" not in said
    assert "同意（赵一鸣）" in said or "同意（林小雨）" in said  # which, before it is done


async def test_a_child_who_joins_learns_that_consent_is_awaited(house: House) -> None:
    young(house, "赵一鸣")
    [child] = await house.join("赵一鸣")
    seen = "\n".join(
        str(shown.message.text) for shown in house.platform.shown if shown.address == child.address
    )
    assert "要先由家长（监护人）同意" in seen


# ---------------------------------------------------------------- a teacher, an office


async def test_a_teacher_hears_who_of_their_students_has_not_joined(house: House) -> None:
    _, teacher = await house.join("林小雨", "郭老师")
    said = await teacher.says("谁还没加入")
    assert "文件里没有写" not in said
    assert "还没有加入" in said or "大家都加入了" in said


async def test_an_office_that_asks_what_waits_sees_it(house: House) -> None:
    student, office = await house.join("林小雨", "管小青")
    await student.says(FIRST)
    await student.presses("提交")
    assert "林小雨 11月22日" in await office.says("待审")


# ---------------------------------------------------------------- a student


async def test_a_question_in_a_diary_is_asked_about_once(house: House) -> None:
    [student] = await house.join("林小雨")
    await student.says(FIRST)
    await student.presses("提交")
    await student.presses("现在写日志")
    await student.says("今天看到了条纹。")
    said = await student.says("日志要写多少字？")
    assert "这是内容，还是想问政策？" in said
    said = await student.presses("想问政策")
    assert "日志" in said
    assert "第 2 段" not in await student.presses("完成")


async def test_whoever_asks_on_in_a_doubt_has_asked(house: House) -> None:
    """A second question does not pile up behind the first: both are answered, and the form asks
    its own question again."""
    student, _ = await house.join("林小雨", "王建国")
    await student.says("记一次培养")
    for label in ("昨天 2小时", "到校面对面", "课题研究", "王建国"):
        await student.presses(label)
    assert "这是内容，还是想问政策？" in await student.says("中期评价什么时候？")
    said = await student.says("日志谁来督促？")
    assert "六(二)" in said
    assert "五(三)2" in said
    assert "这是内容" not in said
    assert "（5/6）" in said
    assert "内容：搭光路" in await student.says("搭光路")


async def test_asking_on_after_an_answer_is_heard_in_a_form(house: House) -> None:
    student, _ = await house.join("林小雨", "王建国")
    await student.says("记一次培养")
    assert "六(二)" in await student.says("中期评价什么时候？")
    said = await student.says("那江苏呢")
    assert "江苏" in said
    assert "没看懂" not in said
    assert "（1/6）" in said


async def test_english_says_whose_words_are_chinese(house: House) -> None:
    student, _ = await house.join("林小雨", "王建国")
    await student.says("/language en")
    said = await student.says("When is the mid-term evaluation?")
    assert "合格或不合格" in said
    assert "The document is in Chinese" in said
    said = await student.says("my progress")
    assert "mid-term presentation" in said
    assert "中期汇报" not in said


async def test_a_question_is_no_more_of_what_was_done(house: House) -> None:
    student, _ = await house.join("林小雨", "王建国")
    assert "这是记一次培养，还是想问政策？" in await student.says("昨天下午")
    said = await student.says("要提交几次才够")
    assert "还差 10 次" in said
    assert "「昨天下午」" in said
    assert "要提交几次才够" not in student.sees


async def test_who_asks_for_their_own_hears_of_no_silence(house: House) -> None:
    mentor, _ = await house.join("王建国", "林小雨")
    said = await mentor.says("我有几个学生")
    assert "我的学生" in said
    assert "文件里没有写" not in said


async def test_what_belongs_to_a_student_is_on_their_page(house: House) -> None:
    mentor, student = await house.join("王建国", "林小雨")
    for words in ("林小雨的计划", "给我看林小雨的日志", "林小雨的材料"):
        assert "培养活动" in await mentor.says(words), words
    assert "培养活动" not in await student.says("给我看赵一鸣的日志")


async def test_a_document_is_silent_only_to_whoever_asks(house: House) -> None:
    student, _ = await house.join("林小雨", "王建国")
    assert "心理援助热线" in await student.says("我不想活了")
    said = await student.says("算了没事")
    assert "文件里没有写" not in said
    assert "没看懂" not in said
    for words in ("那边", "不发了", "表现稳定，能独立完成光路搭建"):
        assert "文件里没有写" not in await student.says(words), words
    assert "培养证书" not in await student.says("不发了"), "nor is anything far off offered"
    assert "导师聘期" in await student.says("导师聘期")


async def test_who_is_invited_as_a_student_is_addressed_as_one(house: House) -> None:
    code = await house.code("赵一鸣")
    newcomer = house.members["赵一鸣"]
    said = await newcomer.says(code)
    assert "您" not in said
    assert "已关联的家长" in said


async def test_a_diary_is_called_so_and_says_what_it_is_about(house: House) -> None:
    [student] = await house.join("林小雨")
    await student.says(FIRST)
    await student.presses("提交")
    said = await student.presses("现在写日志")
    assert "关于：11月22日 周日 课题研究 2小时" in said
    assert "【完成】" in await student.says("今天看到了条纹。")
    said = await student.presses("完成")
    assert "日志或记录" not in said
    assert "成长日志" in said


async def test_who_asks_for_which_session_a_diary_is_can_go_back(house: House) -> None:
    [student] = await house.join("林小雨")
    for sentence in (FIRST, SECOND):
        await student.says(sentence)
        await student.presses("提交")
    assert "[菜单]" in await student.says("写成长日志")


async def test_who_reads_is_a_card_of_their_own_for_each_child(house: House) -> None:
    young(house, "赵一鸣")
    _, _, guardian = await house.join("林小雨", "赵一鸣", "林大海")
    said = await guardian.says("谁能看到")
    assert "能看到林小雨的记录的人\n" in said
    assert "能看到赵一鸣的记录的人\n" in said


async def test_a_sentence_told_where_the_day_was_asked_is_kept_whole(house: House) -> None:
    [student, _] = await house.join("林小雨", "王建国")
    await student.says("记一次培养")
    said = await student.says(FIRST)
    for part in ("11月22日 周日下午", "到校面对面", "课题研究", "2小时", "王建国", "做双缝实验"):
        assert part in said
    assert "已提交" in await student.presses("提交")


async def test_what_was_said_with_a_photo_stays_beside_a_sentence(house: House) -> None:
    [student, _] = await house.join("林小雨", "王建国")
    await student.sends_files(("光路.jpg", content("photo", "光路.jpg")), text="条纹很清楚")
    said = await student.says(FIRST)
    assert "内容：条纹很清楚" in said
    assert "人员：王建国" in said


@pytest.mark.parametrize("said", ["2小时", "昨天", "昨天下午", "昨天2小时"])
async def test_a_day_or_a_length_alone_is_asked_about(house: House, said: str) -> None:
    [student] = await house.join("林小雨")
    assert "这是记一次培养，还是想问政策？" in await student.says(said)
    opened = await student.presses("记一次")
    assert "记一次培养" in opened
    assert "内容：" not in opened


async def test_ones_own_affairs_are_heard_in_the_middle_of_a_form(house: House) -> None:
    student, _ = await house.join("林小雨", "王建国")
    await student.says(FIRST)
    await student.presses("提交")
    await student.says("记一次培养")
    for words, heard in (
        ("记错了怎么改", "改哪一条？"),
        ("能补记上个月的吗", "都能补记"),
        ("我的导师是谁", "王建国"),
        ("我还差几次", "还差 10 次"),
        ("谢谢", "不客气"),
        ("你好", "林小雨，你好。"),
    ):
        said = await student.says(words)
        assert heard in said
        assert "（1/6）" in said, words
        assert "没看懂" not in said


async def test_a_question_about_ones_own_as_content_is_asked_about(house: House) -> None:
    student, _ = await house.join("林小雨", "王建国")
    await student.says("记一次培养")
    for label in ("昨天 2小时", "到校面对面", "课题研究", "王建国"):
        await student.presses(label)
    assert "这是内容，还是想问政策？" in await student.says("记错了怎么改")
    assert "没有还能改的记录" in await student.presses("想问政策")
    assert "（5/6）" in student.sees


async def test_what_was_said_is_corrected_at_any_question(house: House) -> None:
    student, _ = await house.join("林小雨", "王建国")
    said = await student.says("昨天下午和王老师做了两小时双缝实验")
    assert "（2/6）" in said
    for words, shown in (
        ("时间不对，是两个半小时", "时长：2小时30分钟"),
        ("不是昨天，前天", "日期：11月21日 周六下午"),
        ("和王老师还有李青老师一起", "人员：王建国、李青"),
        ("内容加一句：最后拟合了一下", "最后拟合了一下"),
    ):
        said = await student.says(words)
        assert "改好了" in said, words
        assert shown in said, words
        assert "（2/6）" in said, "the question stays"
    said = await student.says("地点是线上")
    assert "方式：线上" in said
    assert "（6/6）" in said


async def test_only_what_says_plainly_that_something_is_wrong_is_no_content(house: House) -> None:
    student, _ = await house.join("林小雨", "王建国")
    await student.says("记一次培养")
    for label in ("昨天 2小时", "到校面对面", "课题研究", "王建国"):
        await student.presses(label)
    said = await student.says("时间不对，是三个小时")
    assert "时长：3小时" in said
    assert "（5/6）" in said
    assert "内容：在实验室讨论" in await student.says("在实验室讨论")


async def test_a_length_is_corrected_where_it_is_asked_whether_it_is_another(house: House) -> None:
    student, _ = await house.join("林小雨", "王建国")
    await student.says(FIRST)
    await student.presses("提交")
    assert "是另外一次" in await student.says(FIRST)
    said = await student.says("时长改成三小时")
    assert "时长：3小时" in said
    assert "没看懂" not in said


async def test_a_session_told_in_another_talk_is_a_session(house: House) -> None:
    [student] = await house.join("林小雨")
    await student.says("请假")
    said = await student.says(FIRST)
    assert "做双缝实验" in said
    assert "从哪天开始请假" not in said


# ---------------------------------------------------------------- who is named


async def test_who_is_asked_after_and_is_none_of_theirs_is_said_so(house: House) -> None:
    student, mentor = await house.join("林小雨", "王建国")
    assert "没有「郭嘉禾」" in await mentor.says("郭嘉禾最近怎么样")
    assert "别人的情况不能看" in await student.says("赵一鸣同学写日志了吗")
    assert "没有「" not in await mentor.says("方案的进展怎么样")


async def test_the_people_around_a_student_who_is_named_are_shown(house: House) -> None:
    _, mentor = await house.join("林小雨", "王建国")
    for said in ("林小雨的导师是谁", "谁在审核林小雨的记录"):
        assert "导师和团队：王建国" in await mentor.says(said)


async def test_a_page_of_whom_nothing_is_kept_says_why(house: House) -> None:
    young(house, "林小雨")
    mentor, guardian = await house.join("王建国", "林大海")
    assert "监护人同意：等您同意" in await guardian.says("我孩子最近怎么样")
    assert "监护人同意：等监护人同意" in await mentor.says("林小雨最近怎么样")
    await guardian.says("同意")
    assert "监护人同意：" not in await mentor.says("林小雨最近怎么样")


async def test_a_guardian_asks_after_a_child_by_name(house: House) -> None:
    young(house, "赵一鸣")
    _, _, guardian = await house.join("林小雨", "赵一鸣", "林大海")
    said = await guardian.says("赵一鸣最近怎么样")
    assert "培养活动（至少 10 次）" in said
    assert "林小雨" not in said


# ---------------------------------------------------------------- at the door


def test_who_is_not_known_yet_is_addressed_neither_as_a_student_nor_as_an_adult() -> None:
    said = {
        key: words
        for key, words in catalogue("zh").items()
        if key in TO_NOBODY_KNOWN or key.startswith(("web.welcome.", "web.link.", "web.error."))
    }
    assert len(said) > 20
    assert [key for key, words in said.items() if "您" in words or "你" in words] == []


TO_NOBODY_KNOWN = (
    *("join.first", "join.not_a_code", "join.no_such_code", "join.used", "join.expired"),
    *("join.other_person", "join.link_unknown", "join.link_used", "join.too_many_tries"),
    "privacy.stranger",
)


# ---------------------------------------------------------------- said where files are awaited


async def test_a_question_where_files_are_awaited_is_answered_and_the_draft_stays(
    house: House,
) -> None:
    [student] = await house.join("林小雨")
    await student.says(FIRST)
    await student.presses("改附件")
    said = await student.says("面试什么时候？")
    assert "2025年12月" in said
    assert "没有记下" not in said
    assert "请发照片或文件" in said, "and asked for again"
    await student.says("我的导师是谁")
    assert "王建国" in student.sees
    said = await student.says("写了一段话")
    assert "没有记下" in said, "no question: it is said that these words are not kept"
    await student.presses("完成")
    assert "内容：做双缝实验" in student.sees


@pytest.mark.parametrize(
    "said", ["测了三组条纹", "读完了《费曼物理学讲义》第一章", "调了光路", "跑了一组数据"]
)
async def test_what_was_done_is_offered_as_a_record_without_day_and_length(
    house: House, said: str
) -> None:
    [student] = await house.join("林小雨")
    await student.says(said)
    assert "记一次" in student.buttons
    assert f"内容：{said}" in await student.presses("记一次")


@pytest.mark.parametrize("said", ["导师换了怎么办", "换了手机", "我交了材料", "老师签了字"])
async def test_what_is_no_session_is_not_offered_as_one(house: House, said: str) -> None:
    [student] = await house.join("林小雨")
    await student.says(said)
    assert "记一次" not in student.buttons


# ---------------------------------------------------------------- a number alone


async def test_a_number_that_answers_nothing_says_so(house: House) -> None:
    student, mentor, teacher = await house.join("林小雨", "王建国", "郭老师")
    for member in (student, mentor, teacher):
        await member.says("菜单")
        many = len(member.buttons)
        told = await member.says(str(many + 1))
        assert f"「{many + 1}」没有对应的选项" in told
        assert "没帮到我" not in told
        assert f"1 到 {many}" in told
        # The choices are still there to choose from.
        await member.says(str(many))
        assert "没有对应的选项" not in member.sees
    await student.says("谢谢")
    with house.app.database.transaction() as db:
        for account in db.exec(select(Account)):
            account.offered = []
            db.add(account)
    told = await student.says("3")
    assert "没有问题在等" in told
    assert "没帮到我" not in told


# ---------------------------------------------------------------- joining


@pytest.mark.parametrize(("name", "young"), [("林小雨", True), ("王建国", False)])
async def test_a_newcomer_is_spoken_to_as_their_role_is(
    house: House, name: str, young: bool
) -> None:
    member = house.members[name]
    said = [await member.says(await house.code(name))]
    said += [await member.says(words) for words in ("什么", "帮助", "谁能看到", "嗯？", "不加入")]
    said.append(await member.says(await house.code(name)))
    said.append(await member.says("不是我"))
    assert "没有加入" in said[-1]
    said.append(await member.says(await house.code(name)))
    said.append(await member.presses("同意并加入"))
    told = "\n".join(said)
    other, own = ("您", "你") if young else ("你", "您")
    assert f"{name}，{own}好" in told
    assert "已加入「示例一期」" in told
    assert other not in told

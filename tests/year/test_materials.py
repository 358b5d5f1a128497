"""What a learner hands in at the end: what each document lists, and what must not be asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select

from bot.talk.acting import Actor, Refused
from bot.talk.message import Incoming
from programmes import catalogue
from programmes.materials import brought, forms, is_open, listed
from services import records
from services.standing import standings_on
from storage.tables import Record, RecordKind, RecordState, RecordVersion
from tests.house import House, Member
from tests.tables import each_row
from tests.talks.play import content
from tests.year.conftest import OpenHouse

ALL = ("topic_report", "training_report", "growth_diary", "mentor_evaluation")
FORMS = ("reading_report", "literature_review", "lab_record", "short_paper")
LISTED = {
    "shanxi-2026": ALL,
    "jiangsu-2022": ALL,
    "neimenggu-pilot-2025": ALL,
    "neimenggu-yingcai-2025": ALL,
    "spark-2026": (),
    "sichuan-jingke-2023": (),
    "sichuan-jindaoshi-2023": (),
}
ABSTRACT = "测了三组条纹间距，与计算的波长相差百分之二"


@each_row("key", LISTED)
def test_only_what_a_document_lists_is_asked_for(key: str) -> None:
    programme = catalogue.load(key)
    assert listed(programme) == LISTED[key]
    assert brought(programme) == LISTED[key][:2]
    assert forms(programme, "topic_report") == ()
    assert forms(programme, "training_report") == (FORMS if LISTED[key] else ())
    assert is_open(programme) == bool(LISTED[key]), "the list of forms ends with 等"


async def hands_in(student: Member, which: int, *words: str) -> str:
    await student.says("我的材料")
    await student.says(str(which))
    for said in words:
        await student.says(said)
    await student.sends_files(("报告.jpg", content("photo", "报告.jpg")))
    await student.says("双缝干涉实验")
    await student.says(ABSTRACT)
    return await student.presses("提交")


def owed(house: House, on: date) -> list[str]:
    """The materials of which the student is reminded on a day."""
    student = house.members["林小雨"].membership_id
    with house.app.database.transaction() as db:
        found = standings_on(db, [student], on).due.values()
    return sorted(one.matter.name for one in found if one.matter.about == "material")


def kept(house: House) -> list[tuple[Record, RecordVersion]]:
    with house.app.database.transaction() as db:
        rows = db.exec(
            select(Record, RecordVersion)
            .join(RecordVersion, col(RecordVersion.record_id) == col(Record.id))
            .where(Record.kind == RecordKind.MATERIAL)
            .order_by(col(RecordVersion.record_id), col(RecordVersion.version))
        )
        return list(rows)


async def test_what_is_missing_is_reminded_of_until_it_is_there_and_again_once_withdrawn(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    day = date(2026, 11, 23)
    assert owed(house, day) == ["topic_report", "training_report"]
    await hands_in(student, 1)
    assert owed(house, day) == ["training_report"]
    await hands_in(student, 2, "读书报告")
    assert owed(house, day) == []
    await student.says("我的材料")
    await student.says("1")
    await student.presses("撤回")
    assert owed(house, day) == ["topic_report"]
    assert [(r.period, r.state) for r, _ in kept(house)] == [
        ("topic_report", RecordState.WITHDRAWN),
        ("training_report", RecordState.FILED),
    ]


async def test_a_material_waits_for_nobody_and_earlier_versions_stay(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student, mentor = house.members["林小雨"], house.members["王建国"]
    mentor.reads()
    await hands_in(student, 1)
    assert mentor.reads() == "", "no document names anybody who reviews materials"
    assert "双缝干涉实验" not in await mentor.says("待审")
    await student.says("我的材料")
    await student.says("1")
    await student.presses("修改")
    await student.presses("改题目")
    await student.says("双缝干涉实验（二稿）")
    await student.presses("重新提交")
    assert [row.body["title"] for _, row in kept(house)] == [
        "双缝干涉实验",
        "双缝干涉实验（二稿）",
    ]
    assert len({record.id for record, _ in kept(house)}) == 1


async def test_a_caption_is_the_title(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    await student.says("我的材料")
    await student.says("1")
    said = await student.sends_files(
        ("报告.jpg", content("photo", "报告.jpg")), text="光的干涉实验报告"
    )
    assert "没有记进去" not in said
    assert "请写几句摘要" in said
    await student.says(ABSTRACT)
    await student.presses("提交")
    assert [row.body["title"] for _, row in kept(house)] == ["光的干涉实验报告"]


async def test_it_is_not_handed_in_without_a_file(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    await student.says("我的材料")
    await student.says("1")
    said = await student.says("我写好了")
    assert "要先收到照片或文件" in said
    assert "点下面的按钮" not in said, "there is none"
    assert kept(house) == []


async def test_what_comes_late_is_taken_and_said_to_be_late(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    house.clock.moment = datetime(2026, 12, 3, 2, tzinfo=UTC)
    said = await hands_in(house.members["林小雨"], 1)
    assert "已经过了" in said
    assert len(kept(house)) == 1


async def test_where_nothing_is_listed_nothing_is_offered(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    assert "没有列出" in await student.says("/materials")
    assert "我的材料" not in await student.says("菜单")


async def test_what_is_missing_after_the_last_day_is_said_so(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 30))
    student = house.members["林小雨"]
    assert "（11月30日 周一 截止）" in await student.says("我的进度")
    house.clock.moment = datetime(2026, 12, 1, 2, tzinfo=UTC)
    assert "（11月30日 周一 已经截止）" in await student.says("我的进度")
    assert [one.tone for one in student.last[-1].meters][-1] == "bad"


# ---------------------------------------------------------------- those who follow learners


async def test_what_is_missing_stands_in_every_overview(open_house: OpenHouse) -> None:
    """By what a mentor, a teacher and the office ask, and from when reminders ask for it."""
    house = await open_house("shanxi-2026", (2026, 10, 20))
    mentor, office = house.members["王建国"], house.members["管小青"]
    assert "缺" not in await mentor.says("我的学生"), "nobody is asked for it yet"
    assert "没有交齐" not in await mentor.says("谁还没达标")
    house.clock.moment = datetime(2026, 11, 5, 2, tzinfo=UTC)
    assert "缺材料（课题报告、培养报告）" in await mentor.says("我的学生")
    assert "缺材料（课题报告、培养报告）" in await mentor.says("谁还没达标")
    for said in ("谁还没交材料", "谁还没交课题报告", "哪些学生没交期末材料", "没交材料的学生"):
        assert "缺材料（课题报告、培养报告）" in await mentor.says(said), said
    assert "2 名学生中，交齐 0 名" in await office.says("本期概况")
    student = house.members["林小雨"]
    await hands_in(student, 1)
    assert "缺材料（培养报告）" in await mentor.says("谁还没达标")
    assert "课题报告" not in mentor.sees
    await hands_in(student, 2, "读书报告")
    assert "缺" not in await mentor.says("我的学生")
    assert "2 名学生中，交齐 1 名" in await office.says("本期概况")
    await office.says("谁还没交材料")
    assert "1 名还没做完期末材料" in office.sees
    assert "赵一鸣 · 缺材料（课题报告、培养报告）" in office.sees, "only what was asked after"
    assert "林小雨" not in office.sees


@pytest.mark.parametrize("who", ["郭老师", "管小青"])
async def test_teachers_and_the_office_urge_for_materials(open_house: OpenHouse, who: str) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    by, student = house.members[who], house.members["林小雨"]
    await by.says("催一下林小雨交课题报告")
    assert "还没有交：课题报告、培养报告（11月30日 周一 截止）" in by.sees
    student.reads()
    await by.presses("发出提醒")
    told = student.reads()
    assert "还没有交：课题报告、培养报告" in told
    await student.presses("交材料")
    assert "交哪一样材料" in student.sees
    assert "今天已经提醒过" in await by.says("催一下林小雨交材料") + by.sees


async def test_all_are_urged_for_materials_at_once(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    office = house.members["管小青"]
    await office.says("谁还没交材料")
    await office.presses("提醒他们")
    assert "期末材料" in office.sees
    assert "培养活动" not in office.sees, "only what was asked after"
    assert "已提醒 2 名" in await office.presses("发给这 2 名")


async def test_nobody_is_behind_for_what_no_document_lists(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026", (2026, 11, 20))
    assert "期末材料" not in await house.members["管小青"].says("本期概况")
    assert "缺" not in await house.members["王建国"].says("我的学生")


async def test_the_words_of_the_button_do_what_it_does(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    await student.says("我的材料")
    assert "交哪一样材料" in await student.says("交材料")


# ---------------------------------------------------------------- on the way, and afterwards


async def begins(house: House) -> Member:
    """The student is asked for the files of the topic report."""
    student = house.members["林小雨"]
    await student.says("我的材料")
    await student.says("1")
    return student


async def test_what_was_sent_stays_when_one_goes_back(open_house: OpenHouse) -> None:
    student = await begins(await open_house("shanxi-2026", (2026, 11, 20)))
    await student.sends_files(("报告.jpg", content("photo", "报告.jpg")))
    said = await student.presses("返回上一步")
    assert "报告.jpg" in said
    assert "✕ 报告.jpg" in student.buttons
    assert "题目是什么" in await student.presses("完成")


async def test_what_was_refused_is_not_in_the_drafts_name(open_house: OpenHouse) -> None:
    student = await begins(await open_house("shanxi-2026", (2026, 11, 20)))
    said = await student.sends_files(("报告.txt", "做了什么".encode()))
    assert "存成 Word 或 PDF" in said
    assert "把文字直接发给我" not in said, "words are not taken at this step"
    assert "报告.txt" not in await student.says("菜单") + await student.says("没写完的")
    assert "交课题报告" in student.sees


async def test_it_says_which_material_it_is_also_where_only_one_is_meant(
    open_house: OpenHouse,
) -> None:
    student = await begins(await open_house("shanxi-2026", (2026, 11, 20)))
    await student.sends_files(("报告.jpg", content("photo", "报告.jpg")))
    await student.says("双缝干涉实验")
    said = await student.says(ABSTRACT)
    assert "交课题报告" in said
    assert "材料：课题报告\n题目：双缝干涉实验" in said
    assert "改材料" not in student.buttons, "it is this one"
    await student.presses("提交")
    await student.says("我的材料")
    await student.says("1")
    assert "修改课题报告" in await student.presses("修改")


async def test_a_withdrawal_on_an_old_card_says_so_and_changes_nothing(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    await hands_in(student, 1)
    await student.says("我的材料")
    await student.says("1")
    shown, old = student.button_on("撤回")
    await student.presses("修改")
    await student.presses("改题目")
    await student.says("双缝干涉实验（二稿）")
    await student.presses("重新提交")
    said = await student.sends(Incoming(student.address, press=old, on=shown.place))
    assert "旧卡片" in said
    assert "草稿" not in said, "nothing was written"
    assert "第 2 版" in said
    assert [record.state for record, _ in kept(house)][-1] is RecordState.FILED


async def test_what_was_withdrawn_is_said_and_shut_to_those_who_look_after(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student, mentor = house.members["林小雨"], house.members["王建国"]
    await hands_in(student, 1)
    [(record, _)] = kept(house)
    await student.says("我的材料")
    await student.says("1")
    assert "又算没有交" in await student.presses("撤回")
    listed_now = await student.says("我的材料")
    assert "课题报告 · 还没有交" in listed_now
    assert "课题报告《双缝干涉实验》 · 11月20日 周五 撤回" in listed_now
    assert ABSTRACT in await student.says("2"), "to the student it is all there"
    house.clock.move(timedelta(days=1))
    for name in ("王建国", "郭老师", "管小青"):
        staff = house.members[name]
        await staff.says("我的学生")
        await staff.says("1")
        assert "课题报告 · 11月20日 周五 撤回" in staff.sees, name
        for press in (f"a:record:{record.id}", f"a:record:{record.id}:1", f"a:whole:{record.id}"):
            said = await staff.sends(Incoming(staff.address, press=press))
            assert "11月20日 周五 撤回" in said, press
            assert "双缝" not in said, press
            assert ABSTRACT not in said, press
    with house.app.database.transaction() as db:
        [file_id] = records.files_at(db, record.id, 1)
        actor = Actor(mentor.person_id, None, house.clock.now())
        with pytest.raises(Refused):
            records.opened_file(db, actor, file_id)
        assert records.opened_file(db, replace(actor, person_id=student.person_id), file_id)
    guardian = house.members["林大海"]
    said = await guardian.sends(Incoming(guardian.address, press=f"a:record:{record.id}"))
    assert ABSTRACT in said, "guardians stand where the child stands"


# ---------------------------------------------------------------- told in words, or sent


@pytest.mark.parametrize(
    ("said", "sees"),
    [
        ("我要交培养报告", "是哪一种"),
        ("我要交课题报告", "请把课题报告发来"),
        ("交读书报告", "请把读书报告发来"),
        ("我想提交小论文", "请把小论文发来"),
        ("课题报告写好了，我要交", "请把课题报告发来"),
        ("我要交材料", "交哪一样材料"),
        ("I want to hand in my topic report", "请把课题报告发来"),
        ("怎么交课题报告", "在这里就能交"),
        ("课题报告怎么交", "在这里就能交"),
        ("课题报告在哪里交？", "在这里就能交"),
        ("期末材料怎么提交", "在这里就能交"),
        ("材料交给谁", "在这里就能交"),
    ],
)
async def test_handing_in_is_begun_or_told_in_words(
    open_house: OpenHouse, said: str, sees: str
) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    assert sees in await student.says(said)
    if "怎么" in said and "课题报告" in said:
        assert "请把课题报告发来" in await student.presses("交课题报告")


@pytest.mark.parametrize("said", ["什么时候交课题报告", "课题报告要写多少字", "报名要交什么材料"])
async def test_what_asks_about_policy_is_still_asked_of_the_documents(
    open_house: OpenHouse, said: str
) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    said_back = await house.members["林小雨"].says(said)
    assert "在这里就能交" not in said_back
    assert "请把" not in said_back


async def test_to_those_who_bring_nothing_it_is_a_question(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    assert "在这里就能交" not in await house.members["王建国"].says("课题报告怎么交")
    house = await open_house("spark-2026", (2026, 11, 20))
    assert "在这里就能交" not in await house.members["林小雨"].says("课题报告怎么交")


PDF = ("光的干涉.pdf", content("letter", "光的干涉.pdf"))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (PDF, "这是我的课题报告"),
        (PDF, None),
        (("课题报告.jpg", content("photo", "课题报告.jpg")), None),
    ],
)
async def test_a_file_that_may_be_a_material_is_asked_about(
    open_house: OpenHouse, file: tuple[str, bytes], words: str | None
) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    said = await student.sends_files(file, text=words)
    assert "材料，还是一次培养的记录" in said
    assert "记一次" in student.buttons
    said = await student.presses("交课题报告")
    assert "课题报告的题目是什么" in said
    assert file[0].partition(".")[0] in student.buttons, "its name is offered, and nothing guessed"
    await student.says("双缝干涉实验")
    await student.says(ABSTRACT)
    await student.presses("提交")
    [(record, version)] = kept(house)
    assert (record.period, len(version.body["files"])) == ("topic_report", 1)


async def test_it_may_be_a_session_after_all_and_then_the_words_are_what_was_done(
    open_house: OpenHouse,
) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    await student.sends_files(PDF, text="和导师讨论了课题报告的提纲")
    assert "和导师讨论了课题报告的提纲" in await student.presses("记一次")
    for said in ("昨天 2小时", "到校面对面", "课题研究", "王建国"):
        await student.says(said)
    assert "附件：1 个（光的干涉.pdf）" in student.sees


async def test_a_refused_file_is_not_called_received(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student = house.members["林小雨"]
    said = await student.sends_files(("课题报告.txt", "写了什么".encode()))
    assert "存成 Word 或 PDF" in said
    assert "请把课题报告发来" in await student.presses("交课题报告")


@pytest.mark.parametrize(
    ("day", "file", "words"),
    [
        ((2026, 11, 20), ("IMG_1.jpg", content("photo", "IMG_1.jpg")), None),
        ((2026, 11, 20), PDF, "昨天下午在实验室和王建国老师做了两小时双缝实验"),
        ((2026, 9, 20), PDF, None),
    ],
)
async def test_what_is_plainly_a_session_is_not_asked_about(
    open_house: OpenHouse, day: tuple[int, int, int], file: tuple[str, bytes], words: str | None
) -> None:
    house = await open_house("shanxi-2026", day)
    said = await house.members["林小雨"].sends_files(file, text=words)
    assert "材料，还是" not in said
    assert "培养" in said


# ---------------------------------------------------------------- as it is read


async def test_the_menu_counts_what_lies_half_done(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student = await begins(house)
    await student.sends_files(("报告.jpg", content("photo", "报告.jpg")))
    await student.says("菜单")
    assert "没写完的：交课题报告" in student.buttons
    for n in range(2):
        await student.says(f"昨天做了{n + 1}小时实验")
        await student.says("菜单")
    assert [label for label in student.buttons if "没写完的" in label] == [
        "没写完的 3：记一次培养、交课题报告"
    ]


async def test_in_english_what_a_document_calls_things_is_english(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 11, 20))
    student, office = house.members["林小雨"], house.members["管小青"]
    for one in (student, office):
        await one.says("/language en")
    said = await student.says("my materials") + await student.says("my progress")
    assert "Growth diary" in said
    assert "2026年" not in said
    assert "成长日志" not in said
    assert "Growth diary" in await office.says("overview") + await office.says("/cohort")
    assert "成长日志" not in office.sees

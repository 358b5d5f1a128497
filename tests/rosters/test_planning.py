"""What each row of a sheet becomes, and what is said about it."""

from __future__ import annotations

from datetime import date

import pytest

from language.ranks import Rank
from services.rostering.book import Sheet, SheetRow
from services.rostering.headings import tables
from services.rostering.plan import RosterPlan
from storage.tables import Role
from tests.rosters.conftest import Office, Open, reasons, remarks
from tests.rosters.sheets import Rows, text, xlsx
from tests.tables import each_row

HEAD = ["姓名", "学校", "年级", "学科", "出生日期"]


def one(*cells: object) -> Rows:
    return [HEAD, list(cells)]


def test_titles_totals_and_notes_are_nobody(office: Office) -> None:
    made = office.plan(
        xlsx(
            [
                ["附件2"],
                ["推荐汇总表"],
                ["填报单位（盖章）：太原市甲中学      填报日期：2025年11月8日"],
                ["序号", "姓 名", "年级", "申报学科*", "备注"],
                ["示例", "张三", "高一", "数学", ""],
                [1, "王梓萱", "高一", "物理学", ""],
                [None, None, None, None, None],
                [2, "李浩然", "高1(3)班", "数学", ""],
                [3, None, None, None, None],
                ["合计", "2人", None, "高一2人"],
                ["注：1.按推荐顺序填写；2.本表一式三份。"],
                ["", "填表人：苏晓彤", "", "审核人：贺致远"],
                ["以上共2人"],
            ],
            merges=["A2:E2", "A11:E11"],
        )
    )
    assert [one.entry.name for one in made.new] == ["王梓萱", "李浩然"]
    assert {one.entry.school for one in made.new} == {"太原市甲中学"}
    assert not made.rejected


def test_headings_of_two_rows_with_groups(office: Office) -> None:
    made = office.plan(
        xlsx(
            [
                ["序号", "学生信息", None, None, "年级排名", None, "导师信息", None],
                [None, "姓名", "学校", "年级", "学科", "综合", "姓名", "单位"],
                [1, "张三", "甲中学", "高一", "8%", "20%", "李导", "山西大学"],
            ],
            merges=["A1:A2", "B1:D1", "E1:F1", "G1:H1"],
        )
    )
    (entry,) = [one.entry for one in made.new]
    assert (entry.name, entry.school, entry.mentors) == ("张三", "甲中学", ("李导",))
    assert (entry.by_subject, entry.overall) == (Rank(percent=8), Rank(percent=20))


def test_what_is_merged_or_said_to_be_the_same_is_carried_down(office: Office) -> None:
    made = office.plan(
        xlsx(
            [
                ["姓名", "学校", "年级"],
                ["张一", "甲中学", "高一"],
                ["张二", None, "同上"],
                ["张三", None, "〃"],
                ["张四", None, "高二"],
            ],
            merges=["B2:B4"],
        )
    )
    assert [one.entry.school for one in made.new] == ["甲中学"] * 3 + [""]
    assert [one.entry.grade for one in made.new] == ["senior_1"] * 3 + ["senior_2"]


def test_sheets_of_several_roles(office: Office) -> None:
    made = office.plan(
        xlsx(
            [["姓名", "学校", "年级", "导师"], ["张三", "甲中学", "高一", "吴导师"]],
            others=[
                ("导师", [["姓名", "单位", "职称"], ["吴导师", "山西大学", "教授"]], "visible"),
                ("教师", [["教师姓名", "学校"], ["郑老", "甲中学"]], "visible"),
                ("旧", [["姓名", "学校"], ["周四", "乙中"]], "hidden"),
            ],
        )
    )
    assert {one.entry.name: one.entry.role.value for one in made.new} == {
        "吴导师": "mentor",
        "郑老": "school_teacher",
        "张三": "student",
    }
    assert "工作表「旧」是隐藏的" in remarks(made)
    assert "不在这一期的名册里" not in remarks(made)


def test_a_list_of_experts_is_one_and_a_list_that_experts_looked_at_is_not(office: Office) -> None:
    experts: Rows = [["自治区终评专家名单"], ["姓名", "工作单位"], ["卢致远", "示例大学"]]
    (entry,) = [one.entry for one in office.plan(xlsx(experts)).new]
    assert (entry.role, entry.school) == (Role.EXPERT_COMMITTEE, "示例大学")
    students: Rows = [["经专家评审的推荐汇总表"], HEAD, ["张三", "甲中学", "高一", "数学", None]]
    (entry,) = [one.entry for one in office.plan(xlsx(students)).new]
    assert entry.role is Role.STUDENT


def test_teachers_are_trained_where_the_programme_trains_teachers(open_office: Open) -> None:
    sheet = [["金导师推荐表"], ["教师姓名", "工作单位"], ["朱清扬", "绵阳市甲中学"]]
    made = open_office("sichuan-jindaoshi-2023").plan(xlsx(sheet), date(2023, 3, 10))
    assert [one.entry.role.value for one in made.new] == ["trainee_teacher"]
    assert not made.warnings


def test_english_headings_and_values(office: Office) -> None:
    head = ["No.", "Full Name", "School", "Grade", "Subject", "Date of Birth", "Subject Rank"]
    row: list[object] = [
        1,
        "Zhang San",
        "No.1 School",
        "Grade 10",
        "Maths",
        "12 March 2010",
        "8 of 300",
    ]
    (entry,) = [one.entry for one in office.plan(xlsx([head, row])).new]
    assert (entry.name, entry.grade, entry.subject) == ("Zhang San", "senior_1", "math")
    assert entry.born == date(2010, 3, 12)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        (40251, date(2010, 3, 14)),
        ("40251", date(2010, 3, 14)),
        ("2010-03-14", date(2010, 3, 14)),
        ("2010/3/14", date(2010, 3, 14)),
        ("2010.3.14", date(2010, 3, 14)),
        ("２０１０年３月１４日", date(2010, 3, 14)),
        ("20100314", date(2010, 3, 14)),
        (20100314, date(2010, 3, 14)),
        ("14/03/2010", date(2010, 3, 14)),
        ("2010年3月", None),
        ("03/04/2010", None),
        ("2010-02-30", None),
        ("属虎", None),
    ],
)
def test_birth_dates(office: Office, said: object, day: date | None) -> None:
    made = office.plan(xlsx(one("张三", "甲中学", "高一", "数学", said)))
    assert made.new[0].entry.born == day
    assert bool(remarks(made, 2)) is (day is None)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("张 三", "张三"),
        ("张　三", "张三"),
        ("*张三", "张三"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("Li  Ming", "Li Ming"),
        ("㛃𬱟", "㛃𬱟"),
        ("张三（组长）", "张三"),
    ],
)
def test_names_are_kept_in_one_way(office: Office, said: str, kept: str) -> None:
    made = office.plan(xlsx(one(said, "甲中学", "高一", "数学")))
    assert [planned.entry.name for planned in made.new] == [kept]


@pytest.mark.parametrize(
    "said",
    ["<b>王</b>", "张□", "张\ufffd", "小\ue001", "张三、李四", "13800000000", "=cmd|'/c calc'!A1"],
)
def test_what_is_no_name_is_rejected(office: Office, said: str) -> None:
    made = office.plan(text(one(said, "甲中学", "高一", "数学")))
    assert list(reasons(made)) == [2]


def test_rows_without_what_is_needed_are_rejected_with_the_reason(office: Office) -> None:
    rows = [
        HEAD,
        ["", "甲中学", "高一", "数学"],
        ["张一", "甲中学", "高一", "=B1"],
        ["张二", "甲中学", "高九"],
    ]
    said = reasons(office.plan(xlsx(rows)))
    assert "没有填姓名" in said[2]
    assert "「学科」是公式" in said[3]
    assert "年级「高九」看不懂" in said[4]


def test_the_programmes_grades_and_subjects_are_checked_with_their_clause(office: Office) -> None:
    rows = [HEAD, ["张一", "甲中学", "高三", "数学"], ["张二", "甲中学", "2025级", "地理"]]
    said = reasons(office.plan(xlsx(rows)))
    assert "高一、高二〔四(二)1〕" in said[2]
    assert "〔二(二)〕" in said[3]


@pytest.mark.parametrize(
    ("subject", "overall", "becomes", "words"),
    [
        ("8%", "", "new", ""),
        ("前10%", "40%", "new", ""),
        ("12%", "15%", "new", ""),
        ("12%", "18%", "rejected", "学科年级排名 12%，要求前 10%"),
        ("0.2", "0.3", "rejected", "〔四(二)1〕"),
        ("60/300", "100 of 300", "rejected", "20%"),
        ("12%", "", "doubt", "没有填综合年级排名"),
        ("12", "", "doubt", "没有年级人数"),
        ("", "", "doubt", "没有填名次"),
        ("优", "8%", "doubt", "「优」看不懂"),
    ],
)
def test_ranks(office: Office, subject: str, overall: str, becomes: str, words: str) -> None:
    head = ["姓名", "学校", "年级", "学科", "学科排名", "综合排名"]
    made = office.plan(text([head, ["张三", "甲中学", "高一", "数学", subject, overall]]))
    assert bool(made.rejected) is (becomes == "rejected")
    said = reasons(made).get(2, "") + remarks(made, 2)
    assert bool(said) is (becomes != "new")
    assert words in said


def test_ranks_are_counted_among_the_grade(office: Office) -> None:
    head = ["姓名", "学校", "年级", "学科排名", "综合排名", "年级人数"]
    rows: Rows = [head, ["张一", "甲", "高一", 12, 200, 620], ["张二", "甲", "高一", 90, 200, 620]]
    made = office.plan(xlsx(rows))
    assert [one.entry.name for one in made.new] == ["张一"]
    assert "14.52%" in reasons(made)[3]


def test_an_exception_in_the_document_leaves_the_office_to_decide(open_office: Open) -> None:
    head = ["姓名", "学校", "年级", "学科", "学科排名", "综合排名"]
    row = ["张三", "呼和浩特市第二中学", "高一", "数学", "12%", "18%"]
    made = open_office("neimenggu-yingcai-2025").plan(xlsx([head, row]))
    assert len(made.new) == 1
    assert "请办公室判断" in remarks(made, 2)


def test_namesakes_and_repeated_rows(office: Office) -> None:
    head = ["姓名", "学校", "年级", "班级", "出生日期"]
    made = office.plan(
        xlsx(
            [
                head,
                ["张伟", "甲中", "高一", "1班", date(2010, 1, 1)],
                ["张伟", "甲中", "高一", "2班", date(2010, 2, 2)],
                ["张伟", "甲中", "高一", "1班", date(2010, 1, 1)],
                ["李娜", "甲中", "高一", "1班", None],
                ["李那", "甲中", "高一", "2班", None],
                ["李娜", "乙中", "高一", "1班", None],
                ["王芳", "甲中", "高一", "1班", None],
                ["王芳", "甲中", "高一", "2班", None],
                ["单立", "甲中", "高一", "1班", date(2010, 1, 1)],
                ["单丽", "甲中", "高二", "1班", date(2009, 1, 1)],
            ]
        )
    )
    assert list(reasons(made)) == [4]
    assert "第2行" in reasons(made)[4]
    assert "第2行的 张伟 同名" in remarks(made, 3)
    assert "「李娜」读音一样" in remarks(made, 6)
    assert remarks(made, 7) == ""
    assert "第8行的 王芳 同名" in remarks(made, 9)
    assert remarks(made, 11) == ""


def test_quotas_are_remarks_with_their_clause(open_office: Open) -> None:
    pilot = open_office("neimenggu-pilot-2025")
    head = ["姓名", "学校", "盟市", "年级", "学科", "导师"]
    names = [f"乌{sign}" for sign in "子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒日月盈昃列张"]
    rows = [[name, "包头市一中", "包头市", "高一", "数学", "巴特尔"] for name in names]
    made = pilot.plan(xlsx([head, *rows]))
    assert len(made.new) == 26
    assert "包头市 26 人，文件规定 25 人〔附件2 三(四)〕" in remarks(made)
    assert "上限〔附件2 五(三)1〕" in remarks(made, 7)
    assert remarks(made, 6) == ""


def test_a_quota_of_a_subject(open_office: Open) -> None:
    rows = [[f"乌{sign}", "呼和浩特市第二中学", "高一", "物理"] for sign in "子丑寅卯辰巳"]
    made = open_office("neimenggu-yingcai-2025").plan(xlsx([HEAD[:4], *rows]))
    assert "物理 6 人，文件规定 5 人〔附件1 三4〕" in remarks(made)


def test_small_teams_count_those_who_are_there(open_office: Open) -> None:
    spark = open_office("spark-2026")
    head = ["姓名", "学校", "年级", "队伍", "学科"]
    names = [f"张{sign}" for sign in "子丑寅卯辰巳午未申酉戌亥天地"]
    first = xlsx([head, *([name, "甲中", "高一", "一队", "数学"] for name in names)])
    assert "「一队」14 人" in remarks(spark.bring(first))
    second = xlsx([head, ["李四", "甲中", "高一", "一队", "数学"]])
    assert remarks(spark.bring(second)) == ""


def test_a_childs_guardian_is_asked_for(open_office: Open) -> None:
    jingke = open_office("sichuan-jingke-2023")
    head = ["姓名", "学校", "年级", "家长姓名"]
    made = jingke.plan(
        xlsx([head, ["张一", "甲小学", "五年级", ""], ["张二", "甲小学", "5年级", "张父"]])
    )
    assert "监护人" in remarks(made, 2)
    assert remarks(made, 3) == ""


def test_identity_cards_tell_the_birth_date_and_are_not_kept(office: Office) -> None:
    head = ["姓名", "学校", "年级", "身份证号"]
    made = office.plan(
        xlsx(
            [
                head,
                ["张一", "甲", "高一", "140199201003141028"],
                ["张二", "甲", "高一", "140199201003141029"],
            ]
        )
    )
    assert made.new[0].entry.born == date(2010, 3, 14)
    assert "校验位不对" in remarks(made, 3)
    assert "140199" not in remarks(made, 3)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([HEAD], "表里还没有人"),
        ([["序号", *HEAD], *([number] for number in range(1, 31))], "表里还没有人"),
        ([["今天天气很好"], ["我们去公园"]], "没有认出表头"),
        ([["选手", "来自"], ["张三", "甲中学"]], "选手、来自"),
    ],
)
def test_a_sheet_of_nobody_is_refused_as_a_whole(office: Office, rows: Rows, words: str) -> None:
    from prompts import render

    made: RosterPlan = office.plan(xlsx(rows))
    assert made.refused is not None
    assert words in render(made.refused, "zh")


def test_headings_that_the_office_has_explained_are_known(office: Office) -> None:
    sheet = xlsx([["选手", "来自", "几年级"], ["张三", "甲中学", "高一"]])
    own = {"选手": "name", "来自": "school", "几年级": "grade"}
    (planned,) = office.plan(sheet, own=own).new
    assert (planned.entry.school, planned.entry.grade) == ("甲中学", "senior_1")


def test_columns_that_nobody_knows_are_named(office: Office) -> None:
    made = office.plan(xlsx([[*HEAD[:3], "星座"], ["张三", "甲", "高一", "白羊"]]))
    assert made.unknown == ["星座"]
    assert "星座" in remarks(made)


@each_row(
    ("said", "field"),
    [
        ("姓名 Name", "name"),
        ("1.学生姓名（与身份证一致）", "name"),
        ("学生所在学校名称（全称）", "school"),
        ("申报人出生日期*", "birth"),
        ("年级/Grade", "grade"),
        ("期中学科年级位次", "subject_rank"),
        ("综合成绩在年级百分比", "overall_rank"),
        ("班级排名", ""),
        ("星座", ""),
    ],
)
def test_headings_are_known_in_many_words(said: str, field: str) -> None:
    sheet = Sheet("", [SheetRow(1, [said, "姓名" if field != "name" else "学校", "性别"])])
    (table,) = tables(sheet, {})
    assert table.headings.columns[0].meaning == field


def test_a_kind_of_school_beside_the_grade_is_heeded(office: Office) -> None:
    head = ["姓名", "学校", "学段", "年级"]
    made = office.plan(xlsx([head, ["张三", "甲中学", "高中", "一年级"]]))
    assert [one.entry.grade for one in made.new] == ["senior_1"]


def test_a_line_that_was_cut_off_is_nobody(office: Office) -> None:
    lines = text([["姓名", "学校", "年级"], ["张三", "甲中学", "高一"]]).splitlines()
    cut = "李四四,甲中学,高一".encode().replace("李".encode(), "李".encode()[:2], 1)
    made = office.plan(b"\n".join([*lines, cut]))
    assert [one.entry.name for one in made.new] == ["张三"]
    assert list(reasons(made)) == [3]


def test_a_title_that_would_do_as_a_heading_is_a_title(office: Office) -> None:
    made = office.plan(xlsx([["导师"], ["姓名", "单位", "性别"], ["吴志远", "山西大学", "男"]]))
    assert [one.entry.role.value for one in made.new] == ["mentor"]


@pytest.mark.parametrize("head", [["姓名"], ["姓名", "性别"], ["序号", "姓名"], ["姓名", "星座"]])
def test_a_list_of_little_more_than_names(office: Office, head: list[str]) -> None:
    row = ["张三" if one == "姓名" else "1" for one in head]
    assert [one.entry.name for one in office.plan(xlsx([head, row])).new] == ["张三"]


@pytest.mark.parametrize(
    ("title", "school"),
    [
        ("太原市龙城第一中学英才计划学生推荐名单", "太原市龙城第一中学"),
        ("晋阳二中 推荐表", "晋阳二中"),
        ("填报单位（盖章）：晋阳中学   日期：2025年", "晋阳中学"),
        ("2026年山西省中学生英才计划推荐汇总表", ""),
        ("山西省中学推荐学生汇总表", ""),
        ("各中学推荐名单", ""),
    ],
)
def test_a_school_in_the_title_is_that_of_all_rows(
    office: Office, title: str, school: str
) -> None:
    made = office.plan(xlsx([[title], ["姓名", "年级"], ["张三", "高一"]]))
    assert [one.entry.school for one in made.new] == [school]


def test_a_row_that_shows_how_to_fill_in_is_nobody(office: Office) -> None:
    head = ["姓名", "学校", "年级", "备注"]
    rows = [
        ["张三（示例）", "甲", "高一", ""],
        ["李四", "甲", "高一", "示例"],
        ["王五", "甲", "高一", ""],
    ]
    assert [one.entry.name for one in office.plan(xlsx([head, *rows])).new] == ["王五"]

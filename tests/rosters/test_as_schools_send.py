"""Sheets as schools really send them: nobody becomes somebody else, nothing is lost in silence."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from openpyxl.styles import Font

from jobs import sheet_reader
from jobs.sheet_reader import NoBook, read
from prompts import render
from services.rostering import paperwork
from services.rostering.plan import RosterPlan
from storage.tables import Role
from tests.rosters.conftest import TODAY, Office, Open, reasons, remarks
from tests.rosters.sheets import Rows, text, xls, xlsx

SCHOOL = "云州市河岸中学"


def refusal(made: RosterPlan) -> str:
    assert not made.new
    assert made.refused is not None
    assert render(made.refused, "en")
    return render(made.refused, "zh")


def people(made: RosterPlan) -> list[tuple[str, str, str, str]]:
    told = [one.entry for one in made.new]
    return [(one.role.value, one.name, one.grade, one.subject) for one in told]


# ---------------------------------------------------------------- headings in two rows

TWO_STUDENTS = [
    ("student", "柳青", "senior_1", "physics"),
    ("student", "沈禾", "senior_1", "math"),
]
MERGED = ["A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:F1"]


@pytest.mark.parametrize("merges", [MERGED, [], ["E1:F1"]])
@pytest.mark.parametrize(
    ("group", "below"),
    [
        ("指导教师", ["姓名", "电话"]),
        ("中学指导教师", ["姓名", "职务"]),
        ("校内指导老师信息", ["姓名", "单位"]),
        ("家长", ["姓名", "电话"]),
        ("校长", ["姓名", "电话"]),
        ("导师志愿", ["第一志愿", "第二志愿"]),
        ("意向导师", ["1", "2"]),
    ],
)
def test_who_stands_below_a_group_of_others_is_no_student(
    office: Office, group: str, below: list[str], merges: list[str]
) -> None:
    rows: Rows = [
        ["姓名", "学校", "年级", "学科", group, None],
        [None, None, None, None, *below],
        ["柳青", SCHOOL, "高一", "物理", "马远山", "乔木"],
        ["沈禾", SCHOOL, "高一", "数学", "马远山", "乔木"],
    ]
    made = office.plan(xlsx(rows, merges=merges))
    assert people(made) == TWO_STUDENTS
    mentors = {one.entry.mentors for one in made.new}
    assert mentors == ({("马远山",)} if "志愿" in group or group == "意向导师" else {()})


def test_a_choice_below_subjects_is_a_subject_and_nobodys_mentor(office: Office) -> None:
    for group in ("申报学科", "学科志愿"):
        made = office.plan(
            xlsx(
                [
                    ["姓名", "学校", "年级", group, None, "成绩"],
                    [None, None, None, "第一志愿", "第二志愿", "学科年级排名"],
                    ["柳青", SCHOOL, "高一", "物理", "化学", "1%"],
                ],
                merges=["A1:A2", "B1:B2", "C1:C2", "D1:E1"],
            )
        )
        (entry,) = [one.entry for one in made.new]
        assert (entry.name, entry.subject, entry.mentors) == ("柳青", "physics", ())


def test_a_choice_of_nobody_knows_what_is_named_and_not_guessed(office: Office) -> None:
    made = office.plan(
        xlsx(
            [
                ["姓名", "学校", "年级", "申报意愿", None],
                [None, None, None, "第一志愿", "第二志愿"],
                ["柳青", SCHOOL, "高一", "物理", "化学"],
            ],
            merges=["A1:A2", "B1:B2", "C1:C2", "D1:E1"],
        )
    )
    assert [(one.entry.name, one.entry.mentors) for one in made.new] == [("柳青", ())]
    assert "申报意愿 第一志愿、申报意愿 第二志愿" in remarks(made)


def test_what_is_merged_over_all_rows_of_headings_is_read(office: Office) -> None:
    made = office.plan(
        xlsx(
            [
                ["推荐信息表"],
                ["学校（公章）：云州市河岸中学　　校长签字：　　　2025年11月3日"],
                [
                    "序\n号",
                    "学生基本信息",
                    None,
                    None,
                    "成绩情况",
                    None,
                    "校内指导教师",
                    None,
                    "申报\n学科",
                ],
                [
                    None,
                    "学生\n姓名",
                    "出生\n年月",
                    "所在年级\n及班级",
                    "学科年级\n排名",
                    "年级\n总人数",
                    "姓名",
                    "联系\n电话",
                    None,
                ],
                [1, "柳青", "2010.03.05", "高一（3）班", 18, 620, "马远山", "13900000001", "物理"],
            ],
            merges=["A1:I1", "A3:A4", "B3:D3", "E3:F3", "G3:H3", "I3:I4"],
        )
    )
    (entry,) = [one.entry for one in made.new]
    assert (entry.name, entry.school, entry.grade) == ("柳青", SCHOOL, "senior_1")
    assert (entry.subject, entry.born, entry.size) == ("physics", date(2010, 3, 5), 620)
    assert "\n" not in remarks(made)


def test_a_teachers_column_is_not_taken_for_the_students(office: Office) -> None:
    """Whose heading nobody knows are the students: the teachers do not take their place."""
    rows: Rows = [
        ["参赛者", "学校", "年级", "指导教师"],
        ["柳青", SCHOOL, "高一", "马远山"],
    ]
    made = office.plan(xlsx(rows))
    assert "没有认出表头" in refusal(made)
    assert "参赛者" in made.unknown


def test_a_column_of_subjects_makes_no_mentors(office: Office) -> None:
    rows: Rows = [["姓名", "学校", "年级", "第一志愿"], ["柳青", SCHOOL, "高一", "物理"]]
    made = office.plan(xlsx(rows))
    assert [one.entry.mentors for one in made.new] == [()]
    assert "「第一志愿」里的「物理」不是姓名" in remarks(made, 2)


def test_rejected_rows_of_two_rows_of_headings_can_be_sent_again(office: Office) -> None:
    made = office.plan(
        xlsx(
            [
                ["姓名", "学校", "年级", "申报学科", None],
                [None, None, None, "第一志愿", "第二志愿"],
                ["柳青", SCHOOL, "高三", "物理", "化学"],
            ],
            merges=["A1:A2", "B1:B2", "C1:C2", "D1:E1"],
        )
    )
    (sheet,) = paperwork.returned(made, "zh")
    below = [["高一" if cell == "高三" else cell for cell in row] for row in sheet.below]
    again = office.plan(xlsx([*sheet.above, *below]))
    assert people(again) == [("student", "柳青", "senior_1", "physics")]


def test_a_box_beside_the_table_takes_nobody_away(office: Office) -> None:
    """A remark that is merged beside the headings and the first rows makes no headings of them."""
    head = ["姓名", "学校", "年级", "学科", None, "请于周五前报送"]
    rows: Rows = [head, ["柳青", SCHOOL, "高一", "物理"], ["沈禾", SCHOOL, "高一", "数学"]]
    assert people(office.plan(xlsx(rows, merges=["F1:F3"]))) == TWO_STUDENTS


def test_a_heading_of_two_rows_can_be_explained(office: Office) -> None:
    rows: Rows = [
        ["姓名", "学校", "在校情况", None],
        [None, None, "几年级的", "第几班"],
        ["柳青", SCHOOL, "高一", "3班"],
    ]
    data = xlsx(rows, merges=["A1:A2", "B1:B2", "C1:D1"])
    assert office.plan(data).unknown[0] == "在校情况 几年级的"
    (planned,) = office.plan(data, own={"在校情况几年级的": "grade"}).new
    assert planned.entry.grade == "senior_1"


# ---------------------------------------------------------------- columns


def test_all_columns_that_nobody_knows_are_named(office: Office) -> None:
    head = ["姓名", "学校", "年级", "星座", "口号", "座右铭"]
    made = office.plan(xlsx([head, ["柳青", SCHOOL, "高一", "白羊", "加油", "无畏"]]))
    assert made.unknown == ["星座", "口号", "座右铭"]
    assert "星座、口号、座右铭" in remarks(made)


def test_a_column_without_a_heading_and_one_that_comes_twice_are_named(office: Office) -> None:
    head = ["姓名", "学校", "年级", "学科", None, "学科"]
    made = office.plan(xlsx([head, ["柳青", SCHOOL, "高一", "物理", "高一3班", "化学"]]))
    assert "没有列名，没有用：E 列" in remarks(made)
    assert "学科（F 列）" in remarks(made)


def test_a_teachers_column_among_students_is_named(office: Office) -> None:
    rows: Rows = [["姓名", "学校", "年级", "中学指导教师"], ["柳青", SCHOOL, "高一", "马远山"]]
    assert "「中学指导教师」这一列没有用" in remarks(office.plan(xlsx(rows)))


def test_what_no_column_tells_is_said_once(office: Office) -> None:
    rows: Rows = [["姓名", "学校", "年级"], *([name, SCHOOL, "高一"] for name in ("柳青", "沈禾"))]
    said = remarks(office.bring(xlsx(rows)))
    assert said.count("没有名次") == 1
    assert said.count("请补上「学科」列") == 1
    assert "〔四(二)1〕" in said
    assert remarks(office.plan(xlsx(rows))) == ""


@pytest.mark.parametrize(
    ("heading", "said", "field", "read_as"),
    [
        ("毕业/在读学校", SCHOOL, "school", SCHOOL),
        ("学籍所在学校", SCHOOL, "school", SCHOOL),
        ("所在年级\n及班级", "高一（2）班", "grade", "senior_1"),
        ("目前就读年级", "高一", "grade", "senior_1"),
        ("年级/班", "高一/2班", "grade", "senior_1"),
        ("兴趣学科", "物理", "subject", "physics"),
        ("热爱学科", "物理", "subject", "physics"),
        ("申报學科", "物理學", "subject", "physics"),
        ("年级总数", 500, "size", 500),
        ("导师姓名及职称", "吴远（教授）", "mentors", ("吴远",)),
        ("Parent / Guardian", "柳父", "guardians", ("柳父",)),
    ],
)
def test_headings_that_schools_use(
    office: Office, heading: str, said: Any, field: str, read_as: Any
) -> None:
    (planned,) = office.plan(xlsx([["考生姓名", heading], ["柳青", said]])).new
    assert getattr(planned.entry, field) == read_as


# ---------------------------------------------------------------- how a sheet lies


def test_two_lists_side_by_side_are_refused(office: Office) -> None:
    half = ["姓名", "学校", "年级"]
    made = office.plan(
        xlsx([[*half, None, *half], ["柳青", SCHOOL, "高一", None, "沈禾", SCHOOL, "高二"]])
    )
    assert "姓名（A 列）、姓名（E 列）" in refusal(made)


@pytest.mark.parametrize(
    "headings", [("Name (pinyin)", "中文姓名"), ("Name", "姓名"), ("姓名", "姓名拼音")]
)
def test_of_a_name_and_its_sound_the_name_is_taken(
    office: Office, headings: tuple[str, str]
) -> None:
    cells = [
        name if "n" in head.lower() or "拼音" in head else "柳青"
        for head, name in zip(headings, ("Liu Qing", "Liu Qing"), strict=True)
    ]
    made = office.plan(xlsx([[*headings, "学校", "年级"], [*cells, SCHOOL, "高一"]]))
    assert [one.entry.name for one in made.new] == ["柳青"]


SIDEWAYS: list[Rows] = [
    [
        ["姓名", "柳青", "沈禾", "安澜"],
        ["性别", "男", "女", "女"],
        ["学校", SCHOOL, SCHOOL, SCHOOL],
        ["年级", "高一", "高一", "高二"],
    ],
    [
        ["序号", 1, 2],
        ["姓名", "柳青", "沈禾"],
        ["学校", SCHOOL, SCHOOL],
        ["年级", "高一", "高一"],
    ],
    [
        ["学生姓名", "柳青", None, "出生日期", "2010-01-02"],
        ["学校", SCHOOL, None, "年级", "高一"],
        ["申报学科", "物理", None, "学科年级排名", "1%"],
    ],
]


@pytest.mark.parametrize("rows", SIDEWAYS)
def test_a_sheet_on_its_side_is_said_to_be_so(office: Office, rows: Rows) -> None:
    assert "这张表是横着的" in refusal(office.plan(xlsx(rows)))


def test_a_sheet_on_its_side_keeps_no_other_back(office: Office) -> None:
    good: Rows = [["姓名", "学校", "年级"], ["柳青", SCHOOL, "高一"]]
    made = office.plan(xlsx(SIDEWAYS[0], others=[("好的", good, "visible")]))
    assert [one.entry.name for one in made.new] == ["柳青"]
    assert "工作表「名单」：这张表是横着的" in remarks(made)


@pytest.mark.parametrize("said", ["出生日期", "學校", "物理"])
def test_a_heading_is_nobody(office: Office, said: str) -> None:
    rows: Rows = [["姓名", "学校", "年级"], [said, SCHOOL, "高一"], ["柳青", SCHOOL, "高一"]]
    made = office.plan(xlsx(rows))
    assert [one.entry.name for one in made.new] == ["柳青"]
    assert "不是姓名" in reasons(made)[2]


def test_a_text_without_separators_is_said_to_be_so(office: Office) -> None:
    made = office.plan(f"姓名 学校 年级\n柳青 {SCHOOL} 高一\n".encode())
    assert "没有分隔" in refusal(made)


def test_a_second_table_below_has_people_of_its_own(open_office: Open) -> None:
    spark = open_office("spark-2026")
    made = spark.plan(
        xlsx(
            [
                ["一、学生"],
                ["姓名", "学校", "年级", "学科", "队伍"],
                ["柳青", SCHOOL, "高一", "数学", "一队"],
                [],
                ["二、导师"],
                ["姓名", "单位", "职称", "角色"],
                ["吴远", "示例大学", "教授", "牵头导师"],
                ["卢舟", "示例大学", "讲师", "队员"],
                ["郑川", "示例大学", "讲师", "成员"],
            ]
        ),
        date(2026, 5, 20),
    )
    assert {one.entry.name: one.entry.role for one in made.new} == {
        "吴远": Role.MENTOR,
        "郑川": Role.MENTOR,
        "柳青": Role.STUDENT,
    }
    assert list(reasons(made)) == [8]
    assert "这张表是「导师」的名单" in reasons(made)[8]


def test_the_subject_that_a_part_is_headed_by_is_that_of_its_rows(office: Office) -> None:
    head = ["姓名", "学校", "年级"]
    made = office.plan(
        xlsx(
            [
                ["入选名单"],
                ["一、物理学科"],
                head,
                ["柳青", SCHOOL, "高一"],
                ["二、数学"],
                head,
                ["沈禾", SCHOOL, "高一"],
            ]
        )
    )
    assert people(made) == TWO_STUDENTS
    assert not made.rejected


def test_whoever_has_a_role_that_nobody_knows_is_no_student(office: Office) -> None:
    head = ["姓名", "身份", "单位", "年级"]
    rows: Rows = [
        head,
        ["柳青", "学生", SCHOOL, "高一"],
        ["申远", "省级办公室工作人员", "省科协", ""],
    ]
    made = office.plan(xlsx(rows))
    assert [one.entry.name for one in made.new] == ["柳青"]
    assert "没有收" in reasons(made)[3]


def test_a_kind_of_something_else_is_nobodys_role(office: Office) -> None:
    rows: Rows = [["姓名", "类型", "学校", "年级"], ["柳青", "科创", SCHOOL, "高一"]]
    made = office.plan(xlsx(rows))
    assert [one.entry.role for one in made.new] == [Role.STUDENT]


# ---------------------------------------------------------------- single rows


@pytest.mark.parametrize(
    "said", ["LIU Qing 柳青", "柳青 Liǔ Qīng", "柳青liuqing", "柳青/Qing Liu"]
)
def test_a_name_with_its_sound_beside_it_is_the_name(office: Office, said: str) -> None:
    made = office.plan(xlsx([["姓名", "学校", "年级"], [said, SCHOOL, "高一"]]))
    assert [one.entry.name for one in made.new] == ["柳青"]
    assert "按「柳青」收下" in remarks(made, 2)


@pytest.mark.parametrize("said", ["柳青 Zhang Wei", "柳青A", "Anna柳"])
def test_a_name_beside_another_is_refused(office: Office, said: str) -> None:
    made = office.plan(xlsx([["姓名", "学校", "年级"], [said, SCHOOL, "高一"]]))
    assert "汉字和字母混在一起" in reasons(made)[2]


@pytest.mark.parametrize("said", ["（无）", "空缺", "待定"])
def test_a_place_without_a_person_is_nobody(office: Office, said: str) -> None:
    made = office.plan(xlsx([["姓名", "学校", "年级"], [said, SCHOOL, "高一"]]))
    assert not made.new
    assert "没有填姓名" in reasons(made)[2]


@pytest.mark.parametrize(
    "said",
    [
        f"{SCHOOL},高一,物理",
        f"{SCHOOL}\n云州市二中",
        f"{SCHOOL}、云州市二中",
        f"{SCHOOL}\t高一\t物理",
    ],
)
def test_several_schools_are_refused(office: Office, said: str) -> None:
    made = office.plan(xlsx([["姓名", "学校", "年级"], ["柳青", said, "高一"]]))
    assert "请只填一个学校" in reasons(made)[2]


@pytest.mark.parametrize(
    "said", ["云州市\n河岸中学", f"{SCHOOL}, 东校区", f"{SCHOOL}（东、西校区）"]
)
def test_a_school_in_two_lines_or_with_a_part_is_one(office: Office, said: str) -> None:
    made = office.plan(xlsx([["姓名", "学校", "年级"], ["柳青", said, "高一"]]))
    assert len(made.new) == 1


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_quotation_mark_without_its_counterpart_is_said(place: int) -> None:
    rows = [["姓名", "学校", "年级", "备注"]]
    rows += [[name, SCHOOL, "高一", "无"] for name in ("柳青", "沈禾", "安澜")]
    rows[1][place] = f'"{rows[1][place]}'
    with pytest.raises(NoBook) as refused:
        read(text(rows))
    assert (refused.value.code, refused.value.gaps) == ("open_quote", {"row": 2})


def test_a_remark_in_several_lines_is_a_remark() -> None:
    data = f'姓名,学校,备注\n柳青,{SCHOOL},"获奖：一，二，三\n又，四，五"\n'.encode()
    assert [row.number for row in read(data).sheets[0].rows] == [1, 2]


def test_several_grades_are_refused(office: Office) -> None:
    head = ["姓名", "学校", "年级"]
    said = ["高一、二", "高一/高二", "高1、高2"]
    made = office.plan(
        xlsx(
            [head, *([f"柳{sign}", SCHOOL, one] for sign, one in zip("青禾川", said, strict=True))]
        )
    )
    assert list(reasons(made)) == [2, 3, 4]
    fine = office.plan(
        xlsx(
            [
                head,
                *(
                    [f"柳{sign}", SCHOOL, one]
                    for sign, one in zip(
                        "青禾川", ["高一/3班", "高一、三班", "高1-3班"], strict=True
                    )
                ),
            ]
        )
    )
    assert len(fine.new) == 3


@pytest.mark.parametrize("said", [140105201003050022.0, "1.40105E+17"])
def test_a_number_that_a_spreadsheet_cut_is_said_to_be_so(office: Office, said: Any) -> None:
    made = office.plan(
        xlsx([["姓名", "学校", "年级", "身份证号"], ["柳青", SCHOOL, "高一", said]])
    )
    assert "被 Excel 改掉" in remarks(made, 2)
    assert "校验位" not in remarks(made, 2)


def test_an_identity_number_with_blanks_is_read(office: Office) -> None:
    said = "140199 20100314 1028"
    made = office.plan(
        xlsx([["姓名", "学校", "年级", "身份证号"], ["柳青", SCHOOL, "高一", said]])
    )
    assert made.new[0].entry.born == date(2010, 3, 14)


@pytest.mark.parametrize(
    ("column", "said"),
    [("备注", "已转学"), ("备注", "本人自愿放弃"), ("状态", "候补"), ("是否入选", "否")],
)
def test_whoever_has_gone_or_is_not_in_yet_is_pointed_out(
    office: Office, column: str, said: str
) -> None:
    made = office.plan(xlsx([["姓名", "学校", "年级", column], ["柳青", SCHOOL, "高一", said]]))
    assert said in remarks(made, 2)
    other = [["姓名", "学校", "年级", "是否队长"], ["柳青", SCHOOL, "高一", "否"]]
    assert remarks(office.plan(xlsx(other)), 2) == ""


def test_a_row_that_is_struck_through_is_pointed_out(office: Office) -> None:
    def strike(sheet: Any) -> None:
        for cell in sheet[3]:
            cell.font = Font(strike=True)

    head = ["姓名", "学校", "年级"]
    rows: Rows = [head, ["柳青", SCHOOL, "高一"], ["沈禾", SCHOOL, "高一"]]
    made = office.plan(xlsx(rows, change=strike))
    assert "划掉" in remarks(made, 3)
    assert "划掉" not in remarks(made, 2)


HIDDEN: list[list[str]] = [
    ["姓名", "学校", "年级"],
    ["柳青", SCHOOL, "高一"],
    ["沈禾", SCHOOL, "高一"],
]


def test_a_hidden_row_of_an_old_book_is_left_out_and_said(office: Office) -> None:
    made = office.plan(xls(HIDDEN, hidden_rows=[3]))
    assert [one.entry.name for one in made.new] == ["柳青"]
    assert "隐藏" in remarks(made, 3)
    assert len(office.plan(xls(HIDDEN)).new) == 2


def test_where_nobody_can_tell_what_is_hidden_it_is_said(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_reader, "hidden_rows", lambda *_: None)
    made = office.plan(xls(HIDDEN, hidden_rows=[3]))
    assert len(made.new) == 2
    assert "看不出哪些行是隐藏的" in remarks(made)


def test_schools_that_are_written_in_several_ways_are_pointed_out(office: Office) -> None:
    head = ["姓名", "学校", "年级"]
    ways = ["云州市河岸中学", "云州河岸中学", "河岸中学", "云州市河岸中学（高中部）", "晋水中学"]
    names = ["柳青", "沈禾", "安澜", "郑川", "卢舟"]
    rows = [[name, way, "高一"] for name, way in zip(names, ways, strict=True)]
    said = remarks(office.plan(xlsx([head, *rows])))
    assert all(way.replace("（", "(").replace("）", ")") in said for way in ways[:4])
    assert "晋水中学" not in said


def test_a_childs_age_is_said_where_it_is_known(open_office: Open) -> None:
    jiangsu = open_office("jiangsu-2022")
    head = ["姓名", "学校", "年级", "学科", "出生日期"]
    rows: Rows = [head, ["柳青", "扬州市河岸中学", "初二", "计算机", "2008-09-09"]]
    said = remarks(jiangsu.plan(xlsx(rows), date(2022, 1, 10)), 2)
    assert "现在 13 岁" in said
    assert "出生日期" not in said


def test_what_holds_in_principle_is_said_in_the_documents_words(open_office: Open) -> None:
    head = ["设区市", "姓名", "学校", "年级"]
    rows = [["扬州", f"柳{sign}", "扬州市河岸中学", "高一"] for sign in "子丑寅卯辰巳"]
    said = remarks(open_office("jiangsu-2022").plan(xlsx([head, *rows]), date(2022, 1, 10)))
    assert "扬州市 6 人。文件写的是：原则上每市受资助不超过5人〔三(二)〕" in said


# ---------------------------------------------------------------- many


@pytest.mark.slow
def test_thousands_of_rows_are_planned_in_seconds(office: Office) -> None:
    signs = "子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒日月盈昃列张寒来暑往"
    names = [
        f"{one}{other}{third}" for one in "赵钱孙李周吴" for other in signs for third in signs
    ]
    rows = [
        [name, f"云州市第{at % 300}中学", "高一", "数学", "8%", "马远山", f"1390000{at:04}"]
        for at, name in enumerate(names[:5000])
    ]
    head = [["学生信息", None, None, None, "成绩", "指导教师", None]]
    head += [["姓名", "学校", "年级", "学科", "学科排名", "姓名", "电话"]]
    data = xlsx([*head, *rows], merges=["A1:D1", "F1:G1"])
    begun = time.process_time()
    made = office.plan(data, TODAY)
    assert len(made.new) == 5000
    assert time.process_time() - begun < 20

"""Documents as offices write them: contents before the text, heads of pages, signatures of every
kind, tables, parts, headings without numbers. A number is right, or a doubt is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

import pytest

from answers.contents import contents_of
from answers.reading import TooLong, read
from answers.sections import Document, Line, Spot, divide
from app.commands.documents import text_of
from prompts import render
from services.documents import doubted, preview
from tests.documents.samples import narrow, pdf, ruled, saved
from tests.tables import each_row

BODY = ("一、宗旨", "让少年走进实验室。", "二、招收", "每校六名。", "三、经费", "由市里承担。")


def of(*lines: str) -> Document:
    return read("\n".join(lines).encode(), "文件.txt")


def word(*made: str | Callable[[Any], None]) -> Document:
    """A Word document of these paragraphs, or of what these functions add."""
    from docx import Document as new_word

    document = new_word()
    for one in made:
        if isinstance(one, str):
            document.add_paragraph(one)
        else:
            one(document)
    return read(saved(document), "文件.docx")


def told(document: Document, doubt: str) -> list[str]:
    return [spot.at for spot in document.spots if spot.doubt == doubt]


# ---------------------------------------------------------------- tables of contents


@each_row(
    "lead",
    [" ............ {}", "………… {}", "·······{}", " . . . . . . {}", " {}", "{}", "", "______{}"],
)
@each_row("title", ["目 录", "目　　录", "目录", "目次", "Contents"])
def test_a_table_of_contents_is_left_out(lead: str, title: str) -> None:
    listed = [f"{line}{lead.format(page)}" for page, line in enumerate(BODY[::2], 2)]
    document = of("少年科学营方案", title, *listed, *BODY)
    assert document.sections == ("标题", "一", "二", "三")
    assert text_of(document, "一") == "一、宗旨\n让少年走进实验室。"
    assert document.doubts == ()


def test_a_table_of_contents_in_an_annex_leaves_its_numbers() -> None:
    listed = [f"{line}.............. {page}" for page, line in enumerate(BODY[::2], 2)]
    pages = [
        ["关于印发方案的通知", "各中学：", "现印发给你们。", "附件：1.甲方案", "2.乙办法"],
        ["附件1", "甲方案", "目　录", *listed, "— 1 —"],
        [*BODY, "— 2 —"],
        ["附件2", "乙办法", "第一条 每年开一次会。", "— 3 —"],
    ]
    document = read(pdf(pages), "文件.pdf")
    numbers = [one for one in document.sections if one.startswith("附件") and "标题" not in one]
    assert numbers[1:] == ["附件1 一", "附件1 二", "附件1 三", "附件2 第一条"]


def test_entries_over_two_lines_and_in_several_levels_are_left_out() -> None:
    document = of(
        *("少年科学营办法", "目录", "第一章 总则....1", "第一条 宗旨....1"),
        *("第二章 关于少年走进高等学校重点", "实验室参加研究的规定....2", "第二条 招收....2"),
        *("第一章 总则", "第一条 宗旨", "让少年走进实验室。"),
        *("第二章 关于少年走进高等学校重点", "实验室参加研究的规定", "第二条 招收", "每校六名。"),
    )
    assert document.sections == ("标题", "第一条", "第二条")
    assert document.doubts == ()


def test_annexes_that_are_listed_too_are_found() -> None:
    listed = ["一、宗旨....1", "附件1 申报表....4", "附件2 推荐表....5"]
    annexes = ["附件1", "申报表", "姓名：", "附件2", "推荐表", "姓名："]
    document = of("少年科学营方案", "目录", *listed, *BODY[:2], *annexes)
    assert document.sections[:3] == ("标题", "一", "附件1 标题")
    assert document.doubts == ()


def test_dots_that_lead_to_pages_are_a_table_of_contents_without_its_title() -> None:
    listed = [f"{line}......{page}" for page, line in enumerate(BODY[::2], 2)]
    assert of("少年科学营方案", *listed, *BODY).sections == ("标题", "一", "二", "三")


def test_what_only_the_table_of_contents_lists_is_told() -> None:
    listed = [f"{line}......{page}" for page, line in enumerate([*BODY[::2], "四、总结"], 2)]
    document = of("少年科学营方案", "目录", *listed, *BODY)
    assert document.sections == ("标题", "一", "二", "三")
    assert document.doubts == ("contents",)
    assert told(document, "contents") == ["四、总结"]


def test_a_list_of_materials_is_kept_and_begins_no_sections() -> None:
    document = of(
        "一、材料", "见下。", "目录", "1.申请表......1", "2.成绩单......2", "3.推荐信......4"
    )
    assert document.sections == ("一", "目录")
    assert "成绩单" in text_of(document, "目录")
    assert "contents" in document.doubts


def test_what_looks_like_dots_is_no_table_of_contents() -> None:
    document = of("一、评分", "1.面试......40", "2.笔试......60", "二、其他", "另定。")
    assert "1.面试......40" in "".join(one.text for one in document.passages)
    assert document.sections[-1] == "二"


@pytest.mark.parametrize("style", ["TOC 1", "toc 2", "目录 1"])
def test_words_own_table_of_contents_is_left_out(style: str) -> None:
    def listed(document: Any) -> None:
        document.styles.add_style(style, 1)
        for page, line in enumerate(BODY[::2], 1):
            document.add_paragraph(f"{line}\t{page}", style=style)

    # Without the word 目录 over it, which may be a picture.
    assert word("少年科学营方案", listed, *BODY).sections == ("标题", "一", "二", "三")


def test_a_table_of_contents_in_words_control_is_left_out() -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    def listed(document: Any) -> None:
        lines = "".join(f"<w:p><w:r><w:t>{one}</w:t></w:r></w:p>" for one in BODY[::2])
        control = (
            f"<w:sdt {nsdecls('w')}><w:sdtPr><w:docPartObj><w:docPartGallery "
            f'w:val="Table of Contents"/></w:docPartObj></w:sdtPr><w:sdtContent>{lines}'
            "</w:sdtContent></w:sdt>"
        )
        document.element.body.insert(1, parse_xml(control))

    assert word("少年科学营方案", listed, *BODY).sections == ("标题", "一", "二", "三")


@pytest.mark.slow
@pytest.mark.parametrize(
    "lines",
    [
        ["目录"] * 8_000,
        ["目录", *["甲....1"] * 8_000],
        ["." * 200_000],
        ["甲 . . . . " * 9_000],
        ["甲" * 190 + "...." for _ in range(5_000)],
    ],
)
def test_no_table_of_contents_takes_long(lines: list[str]) -> None:
    began = process_time()
    contents_of(lines, [False] * len(lines))
    divide([Line(line) for line in lines], "a")
    assert process_time() - began < 5


# ---------------------------------------------------------------- heads of pages


HEAD = "云州市科普工作通报　总第 8 期"
LONG = [f"这是第{at}项里要写明的一句话，写得长一些，好让它占满整整一行。" for at in "甲乙丙丁戊己"]


@pytest.mark.parametrize(
    "heads",
    [
        [HEAD, HEAD],
        ["", HEAD, HEAD],
        [HEAD, "少年科学营　方案文本", HEAD, "少年科学营　方案文本"],
        ["云州通报　第1页", "云州通报　第2页"],
        [HEAD] * 4,
    ],
    ids=["two pages", "not on the first", "left and right", "with the page", "many"],
)
@pytest.mark.parametrize("below", [False, True])
def test_the_head_of_a_few_pages_is_not_read(heads: Sequence[str], below: bool) -> None:
    pages = []
    for number, head in enumerate(heads, 1):
        body = ["关于办营的通知"] if number == 1 else []
        body += narrow("\n".join([f"{'一二三四'[number - 1]}、第{number}件", *LONG]))
        edge = [head] if head else []
        foot = [f"— {number} —"]
        pages.append([*body, *edge, *foot] if below else [*edge, *body, *foot])
    document = read(pdf(pages), "文件.pdf")
    assert document.title == "关于办营的通知"
    assert document.sections == ("标题", *"一二三四"[: len(heads)])
    said = "".join(one.text for one in document.passages)
    assert LONG[0] in said
    assert "通报" not in said
    assert "方案文本" not in said
    assert document.doubts == ()


def test_annexes_and_articles_at_the_top_of_pages_are_no_heads() -> None:
    pages = [
        ["关于办营的通知", "各中学：", "现印发给你们。", "附件：1.申报表", "2.推荐表", "3.汇总表"],
        *(
            [f"附件{at}", f"{name}表", "姓名：", *LONG]
            for at, name in [(1, "申报"), (2, "推荐"), (3, "汇总")]
        ),
    ]
    sections = read(pdf(pages), "文件.pdf").sections
    assert {"附件1 标题", "附件2 标题", "附件3 标题"} <= set(sections)
    articles = [["科学营办法", "第一条 每年一次。"], ["第2条 每校六名。", *LONG], ["第3条 另定。"]]
    assert read(pdf(articles), "文件.pdf").sections[1:] == ("第一条", "第二条", "第三条")


def test_a_title_that_comes_again_over_the_next_page_stays_once_and_is_told() -> None:
    pages = [["科学营管理办法", *narrow("\n".join(BODY[:2]))], ["科学营管理办法", *BODY[2:]]]
    document = read(pdf(pages), "文件.pdf")
    assert document.title == "科学营管理办法"
    assert text_of(document, "一") == "一、宗旨\n让少年走进实验室。"
    assert document.spots == (Spot("running", "page", "2"),)


# ---------------------------------------------------------------- signatures


@pytest.mark.parametrize(
    "who",
    [
        *("云州市科协", "云州大学", "云州科学教育联盟", "云州师范学院附属中学", "王小明"),
        *("云州市科学教育学会", "云州市人民政府", "共青团云州市委", "云州天文馆", "云州少年宫"),
        "云州市科协（代章）",
    ],
)
@pytest.mark.parametrize("before", ["每校六名。", "联系人：示例人", "附件：申报表"])
def test_whoever_signs_is_the_signature(who: str, before: str) -> None:
    document = word(
        "关于名额的通知", "各中学：", "一、名额", "每校六名。", before, who, "2026年3月8日"
    )
    assert text_of(document, "落款") == f"{who}\n2026年3月8日"
    assert who not in text_of(document, "一")


def test_several_sign() -> None:
    who = ["云州市科协", "云州市教育局", "云州大学"]
    document = of("关于名额的通知", "各中学：", "一、名额", "每校六名。", *who, "2026年3月8日")
    assert text_of(document, "落款").splitlines() == [*who, "2026年3月8日"]


@pytest.mark.parametrize("who", ["云州市科协 ", "云州大学　　", "云州市教育局"])
def test_who_signs_and_the_day_in_one_line(who: str) -> None:
    document = word("关于名额的通知", "各中学：", "一、名额", "每校六名。", f"{who}2026年3月8日")
    assert document.sections[-1] == "落款"
    assert text_of(document, "一") == "一、名额\n每校六名。"


@each_row("line", ["集合", "报名时间", "报名截止日期", "面试名单", "共6名", "学校 | 名额"])
def test_what_stands_before_a_day_and_is_no_name_stays(line: str) -> None:
    document = of("关于名额的通知", "各中学：", "一、安排", line, "2026年3月8日")
    assert line in text_of(document, "一")


# ---------------------------------------------------------------- a single annex


def test_the_title_of_the_only_annex_is_not_the_letters() -> None:
    letter = [
        "关于印发办法的通知",
        "各中学：",
        "现印发给你们。",
        "附件：科学营办法",
        "云州市科协",
        "2026年3月8日",
    ]
    document = read(pdf([letter, ["附件", "科学营办法", "试行版", *BODY]]), "文件.pdf")
    assert document.title == "关于印发办法的通知"
    assert text_of(document, "标题") == "关于印发办法的通知"
    assert text_of(document, "附件 标题") == "科学营办法"
    assert {"一", "二", "三"} <= set(document.sections)


# ---------------------------------------------------------------- parts and chapters


@pytest.mark.parametrize("sign", ["部分", "编", "篇", "章"])
def test_numbers_that_begin_anew_are_said_with_their_part(sign: str) -> None:
    document = of(
        *("科学营细则", f"第一{sign} 总则", "一、宗旨", "发现人才。", "二、名额", "六名。"),
        *(f"第二{sign} 实施", "一、次数", "十三次。", "（一）到校", "七次。"),
    )
    assert document.sections[1:] == (
        *(f"第一{sign} 一", f"第一{sign} 二", f"第二{sign} 一", f"第二{sign} 一(一)"),
    )
    assert document.passages[-1].heading.startswith(f"第二{sign} 实施／一、次数")
    assert preview(document).outline == (f"第一{sign} 一", f"第一{sign} 二", f"第二{sign} 一")
    assert document.doubts == ()


def test_numbers_that_go_on_are_said_without_their_part() -> None:
    document = of("科学营细则", "第一部分 总则", *BODY[:2], "第二部分 实施", *BODY[2:4])
    assert document.sections == ("标题", "一", "二")


def test_a_paragraph_of_a_chapter_leaves_the_chapter() -> None:
    document = of("科学营办法", "第二章 招收", "第一节 学生", "第一条 每校六名。")
    assert document.passages[-1].heading == "第二章 招收／第一节 学生"


def test_a_chapters_name_may_stand_in_the_next_line() -> None:
    document = word("科学营办法", "第一章", "总则", "第一条 甲。", "第二章", "招收", "第二条 乙。")
    assert document.sections == ("标题", "第一条", "第二条")
    assert document.passages[-1].heading == "第二章 招收"


def test_an_article_put_between_two_is_one_of_its_own() -> None:
    document = of("科学营办法", "第一条 甲。", "第二条 乙。", "第二条之一 丙。", "第三条 丁。")
    assert document.sections[1:] == ("第一条", "第二条", "第二条之一", "第三条")
    assert document.doubts == ()


def test_an_article_that_is_missing_is_told() -> None:
    document = of("科学营办法", "第一条 甲。", "第二条 乙。", "第五条 丁。")
    assert (document.doubts, told(document, "gap")) == (("gap",), ["第五条"])


# ---------------------------------------------------------------- tables


def table(rows: Sequence[Sequence[str]], *merged: tuple[int, int, int]) -> Callable[[Any], None]:
    """A table; `merged` are columns with the first and last row of one cell."""

    def add(document: Any) -> None:
        made = document.add_table(len(rows), len(rows[0]))
        for row, said in zip(made.rows, rows, strict=True):
            for cell, words in zip(row.cells, said, strict=True):
                cell.text = words
        for column, first, last in merged:
            made.cell(first, column).merge(made.cell(last, column))

    return add


def test_rows_of_a_table_begin_no_sections_of_the_document() -> None:
    rows = [
        ["学科", "名额"],
        ["物理", "8"],
        ["一、数学", "6"],
        ["二、化学", "5"],
        ["三、生物", "4"],
    ]
    document = word("科学营方案", "一、名额", table(rows), "二、其他", "另定。")
    assert document.sections == ("标题", "一", "二")
    assert text_of(document, "一").splitlines()[-3:] == [
        "一、数学 | 6",
        "二、化学 | 5",
        "三、生物 | 4",
    ]


def test_what_rows_count_ends_with_the_table() -> None:
    rows = [["1.数学", "6"], ["2.化学", "5"]]
    document = word("科学营方案", "一、名额", "（一）市区", table(rows), "以上共十一名。")
    assert document.sections == ("标题", "一(一)", "一(一)1", "一(一)2")
    assert text_of(document, "一(一)").endswith("以上共十一名。")


def test_a_document_laid_out_as_a_table_is_still_divided() -> None:
    rows = [["一、宗旨", "发现人才。"], ["二、名额", "六名。"], ["三、经费", "由市里承担。"]]
    assert word("科学营方案", table(rows)).sections[-3:] == ("一", "二", "三")


def test_a_cell_over_several_rows_is_said_in_each() -> None:
    rows = [
        ["阶段", "事项", "时间"],
        ["选拔", "报名", "3月"],
        ["", "面试", "4月"],
        ["培养", "到校", "全年"],
    ]
    document = word("科学营方案", "一、安排", table(rows, (0, 1, 2)))
    assert "选拔 | 面试 | 4月" in text_of(document, "一")
    page = (
        "<!doctype html><body><h1>关于安排的通知</h1><p>一、安排</p><table>"
        "<tr><td rowspan=2>选拔<td>报名<td rowspan=3>全市</tr><tr><td>面试</tr>"
        "<tr><td colspan=2>公布</tr><tr><td>培养<td>到校<td>各校</tr></table><p>二、其他</p>另定。"
    )
    said = text_of(read(page.encode(), "a.html"), "一").splitlines()
    assert said[1:] == [
        "选拔 | 报名 | 全市",
        "选拔 | 面试 | 全市",
        "公布 | 全市",
        "培养 | 到校 | 各校",
    ]


def test_a_cell_that_says_it_spans_everything_takes_no_long() -> None:
    page = "<!doctype html><body><p>一、甲</p><table>" + (
        f"<tr><td rowspan=999999 colspan=999999>{'字' * 500}<td>1</tr>" * 300
    )
    began = process_time()
    with pytest.raises(TooLong):
        read(page.encode(), "a.html")
    assert process_time() - began < 5


def test_a_table_in_a_pdf_is_told_with_its_page_and_its_rows_stay_apart() -> None:
    rows = [
        ["阶段", "时间", "单位"],
        ["推荐", "3月1日至3月10日", "各中学"],
        ["测试", "3月20日", "省管理办公室"],
    ]
    made = ruled([["关于安排的通知"], ["一、安排", *LONG]], rows)
    document = read(made, "文件.pdf")
    assert document.doubts == ("tables",)
    assert document.spots == (Spot("tables", "page", "2"),)
    last = text_of(document, "一").splitlines()[-2:]
    assert last[0].startswith("推荐")
    assert last[1].startswith("测试")
    said = [render(one, "zh") for one in doubted(document.doubts, document.spots)]
    assert "位置：第 2 页。" in said[0]
    assert "page 2" in render(doubted(document.doubts, document.spots)[0], "en")


def test_rows_of_a_table_in_a_pdf_begin_no_sections() -> None:
    rows = [["学科", "名额"], ["一、数学", "6"], ["二、化学", "5"]]
    document = read(
        ruled([["科学营方案", "一、名额", *LONG], ["二、其他", *LONG]], rows), "文件.pdf"
    )
    assert document.sections == ("标题", "一", "二")


# ---------------------------------------------------------------- headings without numbers


def headed(*lines: tuple[int, str]) -> Callable[[Any], None]:
    """Headings of a level, and with level 0 what stands under them."""

    def add(document: Any) -> None:
        for level, words in lines:
            if level:
                document.add_heading(words, level)
            else:
                document.add_paragraph(words)

    return add


def test_words_headings_are_what_sections_are_called() -> None:
    document = word(
        "科学营简章",
        headed((1, "宗旨"), (0, "发现人才。"), (1, "招收"), (2, "学生"), (0, "每校六名。")),
        headed((0, "1.高一。"), (0, "2.高二。"), (2, "导师"), (0, "三名。")),
    )
    assert document.sections == (
        *("标题", "宗旨", "招收／学生", "招收／学生 1", "招收／学生 2", "招收／导师"),
    )
    assert document.doubts == ("named",)


def test_bold_lines_are_headings_where_nothing_is_numbered() -> None:
    def bold(words: str) -> Callable[[Any], None]:
        return lambda document: setattr(document.add_paragraph().add_run(words), "bold", True)

    made = (bold("科学营简章"), bold("宗旨"), "发现人才。", bold("招收"), "每校六名。")
    document = word(*made, bold("云州市科协"), "2026年3月8日")
    assert document.sections == ("标题", "宗旨", "招收", "落款")
    assert text_of(document, "落款") == "云州市科协\n2026年3月8日"
    # Where something is, bold words are only bold.
    assert word(*made, "一、总结", "另定。").sections[-1] == "一"


@pytest.mark.parametrize(
    "text",
    [
        "# 科学营简章\n## 宗旨\n发现人才。\n## 招收\n每校六名。",
        "<h1>科学营简章</h1><h2>宗旨</h2><p>发现人才。</p><h2>招收</h2>六名。",
    ],
)
def test_headings_of_pages_and_of_marked_text(text: str) -> None:
    made = f"<!doctype html><body>{text}" if text.startswith("<") else text
    assert read(made.encode(), "a.txt").sections == ("标题", "宗旨", "招收")


# ---------------------------------------------------------------- figures


@each_row(
    ("first", "second"),
    [
        ("居年级前１", "５\uff05；"),
        ("居年级前1", "5%；"),
        ("女生不少于40", "%。"),
        ("不得超过４", "名。"),
        ("不得超过4", "名。"),
        ("报名时间为２０２６年", "３月１日起。"),
        ("报名时间为2026年3月", "1日起。"),
        ("面试于2026", "年5月1日进行。"),
        ("到校不少于12", "次。"),
    ],
)
def test_a_figure_and_its_unit_are_one(first: str, second: str) -> None:
    document = of(
        "一、名额", "本市各中学的学生都可以报名参加由本办法规定的各项活动。", first, second
    )
    assert text_of(document, "一").splitlines()[-1] == first + second


@pytest.mark.parametrize("second", ["个别学校另定。", "2.其他。", "名单另发。", "2026年3月8日"])
def test_what_only_follows_a_figure_is_a_line_of_its_own(second: str) -> None:
    document = of("一、名额", "1.每校6", second)
    assert f"6{second}" not in "\n".join(one.text for one in document.passages)


def test_the_number_of_a_document_in_wide_digits() -> None:
    document = of("云科协发〔２０２６〕１８号", "关于名额的通知", "各中学：", *BODY)
    assert text_of(document, "文号") == "云科协发〔２０２６〕１８号"


# ---------------------------------------------------------------- where


def test_a_doubt_tells_where() -> None:
    def noted(document: Any) -> None:
        from docx.oxml import parse_xml
        from docx.oxml.ns import nsdecls

        paragraph = document.add_paragraph("每校六名，女生不少于两名。")
        paragraph._p.append(
            parse_xml(f'<w:r {nsdecls("w")}><w:footnoteReference w:id="1"/></w:r>')
        )

    document = word("科学营方案", "一、名额", noted)
    assert document.spots == (Spot("parts", "note", "每校六名，女生不少于两名。"),)
    said = [render(one, "zh") for one in doubted(document.doubts, document.spots)]
    assert "位置：「每校六名，女生不少于两名。」处的脚注。" in said[0]
    assert Document.from_bytes(document.to_bytes()) == document
    # What an earlier version kept has no places.
    assert Document.from_bytes(b'{"title": "a", "passages": [], "doubts": ["parts"]}').spots == ()


def test_the_pages_that_are_pictures_are_told() -> None:
    from tests.documents.samples import with_picture

    document = read(with_picture([["科学营方案", *BODY], [], [*LONG]], 2), "文件.pdf")
    assert document.doubts == ("pictures",)
    assert document.spots == (Spot("pictures", "page", "2"),)


def test_many_places_are_not_all_told() -> None:
    spots = [Spot("gap", "section", str(number)) for number in range(40)]
    said = render(doubted(["gap"], spots)[0], "zh")
    assert said.endswith("「5」、等 40 处。")


def test_numbers_missing_and_twice_are_told_with_their_sections() -> None:
    document = of("一、甲", "1.子。", "3.寅。", "三、丙", "说丙。")
    assert told(document, "gap") == ["一3", "三"]
    twice = of("（一）甲。", "（二）乙。", "（一）丙。", "（二）丁。")
    assert told(twice, "repeated") == ["(一)", "(二)"]


def test_a_list_of_annexes_with_dots_ends_with_its_last_page() -> None:
    document = of(
        *("关于做好补充工作的通知", "各参与中学：", "现将有关材料印发给你们，请认真执行。"),
        *("附件：1.请假单……………………3", "2.交通补贴标准………………4", "3.联络员名单…………………5"),
        *("实验中学", "2026年1月15日", "附件1", "请假单", "学生请假须填写本单。"),
        *("附件2", "交通补贴标准", "每次不超过30元。", "附件3", "联络员名单", "每校1名联络员。"),
    )
    said = {one.section: one.text for one in document.passages}
    assert said["附件目录"] == "附件：1.请假单\n2.交通补贴标准\n3.联络员名单"
    assert said["落款"] == "实验中学\n2026年1月15日"
    assert said["附件3 通知正文"] == "每校1名联络员。"

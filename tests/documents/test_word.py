"""Word documents are read as they read on paper: controls, changes, lists, breaks and signs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from docx import Document as new_word
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from answers.reading import read
from answers.sections import Document
from answers.word import counted
from tests.documents.samples import saved
from tests.tables import each_row

W = nsdecls("w")


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*parts: str, properties: str = "") -> str:
    """A paragraph of these runs; what is no XML is a plain run."""
    said = "".join(part if part.startswith("<") else run(part) for part in parts)
    return f"<w:p {W}><w:pPr>{properties}</w:pPr>{said}</w:p>"


def listed(number: int, text: str, level: int = 0) -> str:
    place = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    return paragraph(text, properties=place)


def control(*blocks: str, placeholder: bool = False) -> str:
    shown = "<w:showingPlcHdr/>" if placeholder else ""
    body = "".join(block.replace(f" {W}", "") for block in blocks)
    return f"<w:sdt {W}><w:sdtPr>{shown}</w:sdtPr><w:sdtContent>{body}</w:sdtContent></w:sdt>"


def table(*rows: Sequence[str]) -> str:
    def cell(text: str) -> str:
        return f"<w:tc>{paragraph(text)}</w:tc>".replace(f" {W}", "")

    body = "".join(f"<w:tr>{''.join(map(cell, row))}</w:tr>" for row in rows)
    return f"<w:tbl {W}><w:tblPr/><w:tblGrid/>{body}</w:tbl>"


def of(*blocks: str, numbering: str = "", styles: str = "") -> Document:
    """The document of these blocks, as it is read."""
    made = new_word()
    for block in blocks:
        made.element.body.insert(-1, parse_xml(block))
    root = made.part.numbering_part.element
    for one in parse_xml(f"<w:numbering {W}>{numbering}</w:numbering>"):
        root.append(one)
    for one in parse_xml(f"<w:styles {W}>{styles}</w:styles>"):
        made.styles.element.append(one)
    return read(saved(made), "a.docx")


def sections(document: Document) -> dict[str, str]:
    return {
        name: "\n".join(one.text for one in document.passages if one.section == name)
        for name in document.sections
    }


# ---------------------------------------------------------------- what stands in controls


def test_what_stands_in_a_control_is_read() -> None:
    document = of(
        paragraph("一、报名"),
        control(paragraph("截止日期：2026年4月15日")),
        paragraph("逾期", control(run("一律")), "不受理。"),
        control(control(table(["阶段", "时间"], ["中期评价", "7月"]))),
    )
    assert sections(document) == {
        "一": "一、报名\n截止日期：2026年4月15日\n逾期一律不受理。\n阶段 | 时间\n中期评价 | 7月"
    }
    assert "left_out" not in document.doubts


def test_what_a_control_asks_to_be_filled_in_is_not_read() -> None:
    said = sections(
        of(paragraph("一、报名"), paragraph("于", control(run("点此输入"), placeholder=True)))
    )
    assert "点此输入" not in said["一"]


def test_a_number_alone_is_read() -> None:
    said = sections(of(paragraph("一、评分"), *map(paragraph, ("满分", "100", "及格线", "60"))))
    assert said == {"一": "一、评分\n满分\n100\n及格线\n60"}
    said = sections(of(paragraph("一、每校名额"), table(["每校名额"], ["6"])))
    assert said == {"一": "一、每校名额\n每校名额\n6"}


# ---------------------------------------------------------------- what does not count


STYLES = """
<w:style w:type="character" w:styleId="Gone"><w:name w:val="Gone"/>
  <w:rPr><w:strike/></w:rPr></w:style>
<w:style w:type="character" w:styleId="Heir"><w:name w:val="Heir"/><w:basedOn w:val="Gone"/>
</w:style>
<w:style w:type="paragraph" w:styleId="Draft"><w:name w:val="Draft"/>
  <w:rPr><w:vanish/></w:rPr></w:style>
"""


@each_row(
    "properties",
    [
        "<w:strike/>",
        '<w:strike w:val="true"/>',
        "<w:dstrike/>",
        "<w:vanish/>",
        '<w:rStyle w:val="Gone"/>',
        '<w:rStyle w:val="Heir"/>',
    ],
)
def test_what_is_struck_out_or_hidden_is_not_said(properties: str) -> None:
    document = of(
        paragraph("一、评价"),
        paragraph("满分100分，", run("60", properties), "70分及格。"),
        styles=STYLES,
    )
    assert sections(document) == {"一": "一、评价\n满分100分，70分及格。"}
    assert "left_out" in document.doubts


@pytest.mark.parametrize("properties", ['<w:strike w:val="0"/>', '<w:vanish w:val="false"/>', ""])
def test_what_is_set_back_counts(properties: str) -> None:
    document = of(paragraph("一、评价"), paragraph("满分", run("100", properties), "分。"))
    assert sections(document) == {"一": "一、评价\n满分100分。"}
    assert document.doubts == ("no_title",)


def test_a_hidden_style_hides() -> None:
    hidden = paragraph("二、内部：可放宽到八名。", properties='<w:pStyle w:val="Draft"/>')
    document = of(paragraph("一、名额"), paragraph("每校六名。"), hidden, styles=STYLES)
    assert sections(document) == {"一": "一、名额\n每校六名。"}


# ---------------------------------------------------------------- lists


def kind(number: int, *levels: tuple[str, str], more: str = "") -> str:
    """An abstract list with these levels: how each counts, and how that is written."""
    made = "".join(
        f'<w:lvl w:ilvl="{place}"><w:start w:val="1"/><w:numFmt w:val="{counts}"/>'
        f'<w:lvlText w:val="{written}"/></w:lvl>'
        for place, (counts, written) in enumerate(levels)
    )
    return f'<w:abstractNum w:abstractNumId="{number}">{more}{made}</w:abstractNum>'


def use(number: int, of_kind: int, more: str = "") -> str:
    return f'<w:num w:numId="{number}"><w:abstractNumId w:val="{of_kind}"/>{more}</w:num>'


CHINESE = ("chineseCounting", "%1、")
BRACKETS = ("chineseCounting", "（%2）")


def test_lists_of_one_kind_go_on_from_one_another() -> None:
    document = of(
        listed(77, "目的"),
        paragraph("发现人才。"),
        listed(78, "名额"),
        paragraph("每校六名。"),
        listed(78, "评价"),
        paragraph("百分制。"),
        numbering=kind(70, CHINESE) + use(77, 70) + use(78, 70),
    )
    assert sections(document) == {
        "一": "一、目的\n发现人才。",
        "二": "二、名额\n每校六名。",
        "三": "三、评价\n百分制。",
    }


def test_a_list_that_starts_anew_starts_anew() -> None:
    anew = '<w:lvlOverride w:ilvl="1"><w:startOverride w:val="1"/></w:lvlOverride>'
    document = of(
        listed(77, "目的"),
        *(listed(77, "甲。", 1), listed(77, "乙。", 1)),
        paragraph("二、名额"),
        *(listed(78, "丙。", 1), listed(78, "丁。", 1)),
        numbering=kind(70, CHINESE, BRACKETS) + use(77, 70) + use(78, 70, anew),
    )
    assert list(sections(document)) == ["一(一)", "一(二)", "二(一)", "二(二)"]


def test_a_level_may_be_written_otherwise_in_one_list() -> None:
    other = (
        '<w:lvlOverride w:ilvl="0"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
        '<w:numFmt w:val="chineseCounting"/><w:lvlText w:val="第%1条 "/></w:lvl></w:lvlOverride>'
    )
    document = of(
        *(listed(78, "每月两次。"), listed(78, "每次两小时。")),
        numbering=kind(70, ("decimal", "%1.")) + use(77, 70) + use(78, 70, other),
    )
    assert list(sections(document)) == ["第一条", "第二条"]


def test_a_list_may_be_defined_by_a_style() -> None:
    document = of(
        paragraph("现将有关事项通知如下。"),
        *(listed(90, "目的"), paragraph("发现人才。"), listed(90, "名额"), paragraph("六名。")),
        numbering=kind(91, CHINESE, more='<w:styleLink w:val="公文"/>')
        + '<w:abstractNum w:abstractNumId="92"><w:numStyleLink w:val="公文"/></w:abstractNum>'
        + use(90, 92),
    )
    said = sections(document)
    assert said["一"] == "一、目的\n发现人才。"
    assert said["二"] == "二、名额\n六名。"


def test_a_level_that_belongs_to_a_style_is_the_styles() -> None:
    levels = kind(70, CHINESE, BRACKETS).replace(
        '<w:numFmt w:val="chineseCounting"/><w:lvlText w:val="（%2）"/>',
        '<w:numFmt w:val="chineseCounting"/><w:pStyle w:val="Second"/><w:lvlText w:val="（%2）"/>',
    )
    style = (
        '<w:style w:type="paragraph" w:styleId="Second"><w:name w:val="Second"/>'
        '<w:pPr><w:numPr><w:numId w:val="77"/></w:numPr></w:pPr></w:style>'
    )
    under = '<w:pStyle w:val="Second"/>'
    document = of(
        listed(77, "名额"),
        *(paragraph("每校六名。", properties=under), paragraph("县域八名。", properties=under)),
        numbering=levels + use(77, 70),
        styles=style,
    )
    assert list(sections(document)) == ["一(一)", "一(二)"]


def test_an_empty_item_counts_and_a_struck_out_one_too() -> None:
    document = of(
        *(listed(77, "目的"), paragraph("发现。"), listed(77, "")),
        *(listed(77, "评价"), paragraph("百分制。")),
        numbering=kind(70, CHINESE) + use(77, 70),
    )
    assert list(sections(document)) == ["一", "三"]
    assert "gap" in document.doubts


def test_items_in_a_table_are_numbered() -> None:
    cells = f"<w:tc>{listed(77, '甲')}</w:tc><w:tc>{listed(77, '乙')}</w:tc>".replace(f" {W}", "")
    row = f"<w:tbl {W}><w:tblPr/><w:tblGrid/><w:tr>{cells}</w:tr></w:tbl>"
    document = of(paragraph("一、名单"), row, numbering=kind(70, ("decimal", "%1.")) + use(77, 70))
    assert sections(document) == {"一1": "1.甲 | 2.乙"}


@each_row(
    ("counts", "written"),
    [
        ("chineseCountingThousand", "十二"),
        ("japaneseCounting", "十二"),
        ("decimal", "12"),
        ("decimalZero", "12"),
        ("decimalFullWidth", "１２"),
        ("decimalEnclosedCircle", "⑫"),
        ("upperRoman", "XII"),
        ("lowerRoman", "xii"),
        ("upperLetter", "L"),
        ("ideographZodiac", "亥"),
        ("nothing Word knows", "12"),
    ],
)
def test_numbers_are_written_as_the_list_counts(counts: str, written: str) -> None:
    assert counted(12, counts) == written


# ---------------------------------------------------------------- breaks and signs


def test_a_soft_break_ends_a_line() -> None:
    broken = (
        "<w:r><w:t>一、目的</w:t><w:br/><w:t>发现人才。</w:t><w:br/>"
        "<w:t>二、名额</w:t><w:cr/><w:t>六名。</w:t></w:r>"
    )
    said = sections(of(paragraph(broken)))
    assert said == {"一": "一、目的\n发现人才。", "二": "二、名额\n六名。"}


@each_row(
    ("sign", "read_as"),
    [
        ("<w:noBreakHyphen/>", "-"),
        ("<w:softHyphen/>", ""),
        ('<w:sym w:font="Symbol" w:char="F0B3"/>', "≥"),
        ('<w:sym w:font="Symbol" w:char="F0A3"/>', "≤"),
        ('<w:sym w:font="Wingdings" w:char="F0FE"/>', "✓"),
        ('<w:sym w:font="宋体" w:char="2014"/>', "—"),
    ],
)
def test_signs_of_words_own_are_read(sign: str, read_as: str) -> None:
    parts = f"<w:r><w:t>每天9:00</w:t>{sign}<w:t>11:30</w:t></w:r>"
    said = sections(of(paragraph("一、时间"), paragraph(parts)))
    assert said == {"一": f"一、时间\n每天9:00{read_as}11:30"}


def test_an_unknown_sign_is_a_doubt() -> None:
    sign = '<w:r><w:sym w:font="Wingdings" w:char="F041"/></w:r>'
    assert "left_out" in of(paragraph("一、时间"), paragraph("每天", sign)).doubts


BOX = "<w:txbxContent><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:txbxContent>"
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'


def test_a_box_is_read_behind_its_paragraph_once() -> None:
    inner = BOX.format("另须附证明。")
    box = BOX.format("超过的取消资格。").replace("</w:p>", f"<w:r>{inner}</w:r></w:p>")
    drawn = (
        f"<w:r><mc:AlternateContent {MC}><mc:Choice><w:drawing>{box}</w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    document = of(
        paragraph("一、请假"),
        paragraph("请假不超过3次。", drawn),
        paragraph("二、交通"),
        paragraph("自行前往。"),
    )
    assert sections(document) == {
        "一": "一、请假\n请假不超过3次。\n文本框：另须附证明。\n文本框：超过的取消资格。",
        "二": "二、交通\n自行前往。",
    }
    assert "parts" not in document.doubts


def test_a_picture_is_a_doubt() -> None:
    document = of(paragraph("一、时间"), paragraph("每天。", "<w:r><w:drawing/></w:r>"))
    assert [(spot.kind, spot.at) for spot in document.spots] == [("picture", "每天。")]


def headed(first: str, running: str) -> Document:
    """A document with something at the head of its first page and of the others."""
    made = new_word()
    page = made.sections[0]
    page.different_first_page_header_footer = True
    page.first_page_header.paragraphs[0].text = first
    page.header.paragraphs[0].text = running
    page.footer.paragraphs[0].text = "第 1 页 共 3 页"
    for words in ("关于补充规定的通知", "一、请假", "请假不超过3次。"):
        made.add_paragraph(words)
    return read(saved(made), "a.docx")


def test_the_number_at_the_head_of_a_page_is_read() -> None:
    document = headed("晋科协发〔2026〕12号", "关于补充规定的通知")
    assert sections(document)["文号"] == "晋科协发〔2026〕12号"
    assert document.title == "关于补充规定的通知"
    assert "parts" not in document.doubts


def test_a_box_at_the_head_of_a_page_is_looked_into() -> None:
    made = new_word()
    made.add_paragraph("请假不超过3次。")
    head = made.sections[0].header.paragraphs[0]
    head._p.append(
        parse_xml(f"<w:r {W}><w:pict>{BOX.format('苏青科函〔2021〕21号')}</w:pict></w:r>")
    )
    assert sections(read(saved(made), "a.docx"))["文号"] == "苏青科函〔2021〕21号"


def test_other_words_at_the_head_of_pages_are_told() -> None:
    document = headed("", "内部资料")
    assert "内部资料" not in "".join(one.text for one in document.passages)
    assert [(spot.kind, spot.at) for spot in document.spots] == [("header", "内部资料")]


NOTES = (
    f'<w:footnotes {W}><w:footnote w:type="separator" w:id="0"><w:p><w:r><w:separator/></w:r>'
    '</w:p></w:footnote><w:footnote w:id="2"><w:p><w:r><w:t>须附证明，</w:t></w:r><w:del w:id="9">'
    "<w:r><w:delText>不</w:delText></w:r></w:del><w:r><w:t>另外计算。</w:t></w:r></w:p></w:footnote>"
    "</w:footnotes>"
)
MARK = '<w:r><w:footnoteReference w:id="2"/></w:r>'


def noted(*blocks: str) -> Document:
    """The document of these blocks, with a note at the foot of a page."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part

    made = new_word()
    for block in blocks:
        made.element.body.insert(-1, parse_xml(block))
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    part = Part(PackURI("/word/footnotes.xml"), kind, NOTES.encode(), made.part.package)
    made.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    return read(saved(made), "a.docx")


def test_a_note_is_read_behind_its_paragraph() -> None:
    document = noted(
        paragraph("一、请假"),
        paragraph("请假不超过3次。", MARK),
        paragraph("二、交通"),
        paragraph("自行前往。"),
    )
    said = {one.section: one.text for one in document.passages}
    assert said["一"] == "一、请假\n请假不超过3次。\n注：须附证明，另外计算。"
    assert said["二"] == "二、交通\n自行前往。"
    assert "parts" not in document.doubts


def test_a_note_to_a_heading_waits_for_the_sentence() -> None:
    document = noted(
        paragraph("一、请假", MARK), paragraph("请假不超过3次。"), paragraph("二、交通")
    )
    said = {one.section: one.text for one in document.passages}
    assert said["一"] == "一、请假\n请假不超过3次。\n注：须附证明，另外计算。"


def test_a_note_that_stands_nowhere_is_told() -> None:
    gone = MARK.replace('"2"', '"7"')
    document = noted(paragraph("一、请假"), paragraph("请假不超过3次。", gone))
    assert "parts" in document.doubts


def test_rows_of_a_table_within_a_cell_stay_apart() -> None:
    inner = table(("数学", "5日"), ("物理", "6日")).replace(f" {W}", "")
    outer = table(("环节", "安排"), ("面试", "这里"))
    cell = f"<w:tc>{paragraph('这里')}</w:tc>".replace(f" {W}", "")
    document = of(paragraph("一、安排"), outer.replace(cell, f"<w:tc>{inner}<w:p/></w:tc>"))
    assert "面试 | 数学 5日；物理 6日" in document.passages[-1].text


def test_a_cell_that_is_cut_where_it_is_said_again_shows_it() -> None:
    long = "全体学员须在每次活动之后的七天之内写好成长日志，" * 4
    merged = table((long, "数学"), ("", "物理"))
    for at, value in (("restart", long), ("continue", "")):
        cell = f"<w:tc>{paragraph(value)}</w:tc>".replace(f" {W}", "")
        span = f'<w:tcPr><w:vMerge w:val="{at}"/></w:tcPr>'
        assert cell in merged
        merged = merged.replace(cell, cell.replace("<w:tc>", f"<w:tc>{span}"))
    said = of(paragraph("一、日志"), merged).passages[-1].text.splitlines()
    assert said[1] == f"{long} | 数学"
    assert said[2] == f"{long[:60]}… | 物理"

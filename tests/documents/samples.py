"""Invented documents in every form that offices send, made on the spot."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any

LETTER = """
云州青科[2026]7号
关于开展云州市少年科学营工作的通知
各县（区）科协，各有关中学：
为发现和培养热爱科学的少年，现将有关事项通知如下。
一、目的
让少年走进实验室，跟着科研人员做真实的研究。
二、对象
（一）年级
初二、高一的在校学生。
（二）名额
每校不超过6名，全市共48名。
三、培养
（一）周期
培养周期为八个月，从3月到10月。
（二）方式
1.实验室培养。学员每月到实验室不少于3次，每次不少于两小时。
因病不能来的，应当提前一天告诉导师。
2.学校培养。学校选派一名教师，督促学员每周写一页研究笔记。
3.交流活动。办公室每年举办一次少年论坛：
（1）学员作口头报告。
（2）导师点评。
四、评价
每年9月，由导师按《评价表》评分，60分以下的不发证书。
联系人：示例人
电 话：000-12345678
附件：1.云州市少年科学营申报表
2.学校工作职责
云州市青少年科技中心
2026年2月3日
附件1
云州市少年科学营申报表
项目名称：少年科学营
一、学校情况
名称、地址、负责人。
附件2
学校工作职责
一、推荐
（一）公示。推荐名单在校内公示五天。
二、宣传
每学期宣传一次。
三、管理
一、学校须安排专人管理
（一）登记到访情况。
（二）保管研究笔记。
二、学校须保障安全
购买保险。
四、总结
每年11月交一页总结。
""".strip()
"""A letter with two annexes; in the second a 一、 stands inside the 三、."""

SECTIONS = (
    *("文号", "标题", "主送", "导语", "一", "二(一)", "二(二)", "三(一)"),
    *("三(二)1", "三(二)2", "三(二)3", "三(二)3(1)", "三(二)3(2)", "四"),
    *("联系方式", "附件目录", "落款"),
    *("附件1 标题", "附件1 封面", "附件1 一"),
    *("附件2 标题", "附件2 一(一)", "附件2 二", "附件2 三·一(一)", "附件2 三·一(二)"),
    *("附件2 三·二", "附件2 四"),
)
"""Of the letter."""


def narrow(text: str, width: int = 22) -> list[str]:
    """Text as it is set on a page: broken where a line is full."""
    return [
        line[start : start + width]
        for line in text.splitlines()
        for start in range(0, len(line), width)
    ]


# ---------------------------------------------------------------- PDF


def pdf(pages: Sequence[Sequence[str]]) -> bytes:
    """A PDF of these pages' lines, with text that can be copied; nothing is compressed."""
    return _printed([_set(lines) for lines in pages])


def ruled(pages: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]) -> bytes:
    """The same, with a ruled table at the foot of the last page."""
    at, wide = 300, 120
    said = b"".join(
        b"BT /F 12 Tf %d %d Td <%s> Tj ET\n"
        % (75 + wide * column, at - 20 * place - 15, cell.encode("utf-16-be").hex().encode())
        for place, row in enumerate(rows)
        for column, cell in enumerate(row)
    )
    right, low = 72 + wide * len(rows[0]), at - 20 * len(rows)
    for place in range(len(rows) + 1):
        said += b"72 %d m %d %d l S\n" % (at - 20 * place, right, at - 20 * place)
    for column in range(len(rows[0]) + 1):
        said += b"%d %d m %d %d l S\n" % (72 + wide * column, at, 72 + wide * column, low)
    made = [_set(lines) for lines in pages]
    return _printed([*made[:-1], made[-1] + said])


def with_picture(pages: Sequence[Sequence[str]], number: int) -> bytes:
    """The same, with a picture on one page."""
    return _printed([_set(lines) for lines in pages], number)


def _set(lines: Sequence[str]) -> bytes:
    return b"".join(
        b"BT /F 12 Tf 72 %d Td <%s> Tj ET\n"
        % (780 - 20 * at, line.encode("utf-16-be").hex().encode())
        for at, line in enumerate(lines)
        if line
    )


def _signs(said: bytes) -> list[str]:
    """The characters that are drawn, as they are written in it."""
    return re.findall(
        "[0-9a-f]{4}", "".join(re.findall("<([0-9a-f]+)> Tj", said.decode("latin-1")))
    )


def _printed(drawn: Sequence[bytes], pictured: int = 0) -> bytes:
    objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    font = (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /Identity-H "
        b"/DescendantFonts [4 0 R] /ToUnicode 5 0 R >>"
    )
    below = (
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Song /DW 1000 "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
    )
    used = sorted({sign for said in drawn for sign in _signs(said)})
    parts = [used[start : start + 100] for start in range(0, len(used), 100)]
    signs = "".join(
        f"{len(part)} beginbfchar\n{' '.join(f'<{one}> <{one}>' for one in part)}\nendbfchar\n"
        for part in parts
    )
    mapping = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        f"{signs}endcmap end end\n"
    ).encode()
    objects += [font, below, _stream(mapping)]
    kids = []
    for number, said in enumerate(drawn, 1):
        picture = b""
        if number == pictured:
            objects.append(
                b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 "
                b"/ColorSpace /DeviceGray /Length 1 >>\nstream\n0\nendstream"
            )
            picture = b"/XObject << /I %d 0 R >>" % len(objects)
        objects.append(_stream(said))
        kids.append(len(objects) + 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            b"/Resources << /Font << /F 3 0 R >> %s >> /Contents %d 0 R >>"
            % (picture, len(objects))
        )
    listed = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (listed, len(kids))
    return _file(objects)


def _stream(data: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(data), data)


def _file(objects: Sequence[bytes]) -> bytes:
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer << /Size %d /Root 1 0 R >>\n" % (len(objects) + 1))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def printed(text: str = LETTER, lines: int = 18) -> bytes:
    """A PDF as an office prints it: a running head, broken lines, numbered pages."""
    every = narrow(text)
    pages = [every[at : at + lines] for at in range(0, len(every), lines)]
    return pdf(
        [
            ["云州市青少年科技中心文件", *page, f"— {number} —"]
            for number, page in enumerate(pages, 1)
        ]
    )


def bomb_of_pages() -> bytes:
    """A small PDF that takes long to read: many pages of many words."""
    return pdf([["实验室"] * 3000] * 30)


def locked(data: bytes, password: str) -> bytes:
    """The same PDF, encrypted. With an empty password it opens for everybody."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(PdfReader(io.BytesIO(data)))
    writer.encrypt(password, "owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


# ---------------------------------------------------------------- Word


def word(text: str = LETTER) -> bytes:
    from docx import Document

    made = Document()
    for line in text.splitlines():
        made.add_paragraph(line)
    return saved(made)


def saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def numbered_word() -> bytes:
    """A document whose numbers Word puts there by itself."""
    from docx import Document
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    made = Document()
    numbering = made.part.numbering_part.element
    levels = [("chineseCounting", "%1、"), ("chineseCounting", "（%2）"), ("decimal", "%3.")]
    written = "".join(
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{how}"/>'
        f'<w:lvlText w:val="{form}"/></w:lvl>'
        for at, (how, form) in enumerate(levels)
    )
    abstract = f'<w:abstractNum {nsdecls("w")} w:abstractNumId="77">{written}</w:abstractNum>'
    numbering.insert(0, parse_xml(abstract))
    numbering.append(
        parse_xml(f'<w:num {nsdecls("w")} w:numId="77"><w:abstractNumId w:val="77"/></w:num>')
    )
    made.add_paragraph("少年科学营管理办法")
    for level, said in [
        (0, "目的"),
        (None, "让少年走进实验室。"),
        (0, "培养"),
        (1, "周期"),
        (None, "八个月。"),
        (1, "方式"),
        (2, "每月不少于3次。"),
        (2, "每周写一页笔记。"),
        (0, "评价"),
        (1, "时间"),
        (None, "每年9月。"),
    ]:
        paragraph = made.add_paragraph(said)
        if level is not None:
            asked = (
                f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="77"/></w:numPr>'
            )
            paragraph._p.get_or_add_pPr().append(parse_xml(asked))
    return saved(made)


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """A Word document with one part put in the place of another."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            kept = content if member.filename == name else old.read(member)
            new.writestr(member.filename, kept, zipfile.ZIP_DEFLATED)
        if name not in old.namelist():
            new.writestr(name, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


# ---------------------------------------------------------------- web pages


def page(text: str = LETTER) -> bytes:
    """A page as an office's web site has it: the site around it, and scripts."""
    said = "\n".join(f"<p>{line}</p>" for line in text.splitlines())
    return (
        '<!DOCTYPE html><html><head><meta charset="gb2312"><title>云州网</title>'
        "<style>p{color:red}</style></head><body>"
        '<div id="nav"><a href="/">首页</a><a href="/news">新闻</a></div>'
        f'<div class="main"><div class="text">{said}<script>alert("一、坏，坏，坏。")</script>'
        "</div></div><div>版权所有，云州市青少年科技中心</div></body></html>"
    ).encode("gb18030")

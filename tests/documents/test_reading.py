"""Documents in every form are read the same; what is damaged or hostile is refused by its name."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answers import reading
from answers.reading import read
from answers.sections import Document
from tests.documents.samples import (
    LETTER,
    SECTIONS,
    locked,
    narrow,
    numbered_word,
    page,
    pdf,
    printed,
    saved,
    with_part,
    word,
)

FORMS: dict[str, Callable[[], bytes]] = {
    "letter.txt": lambda: LETTER.encode(),
    "bom.txt": lambda: LETTER.encode("utf-8-sig"),
    "windows.txt": lambda: LETTER.replace("\n", "\r\n").encode("gb18030"),
    "utf16.txt": lambda: LETTER.encode("utf-16"),
    "narrow.txt": lambda: "\n\n".join(narrow(LETTER)).encode(),
    "letter.docx": word,
    "letter.pdf": printed,
    "opens.pdf": lambda: locked(printed(), ""),
    "letter.html": page,
}


def text_of(document: Document, section: str) -> str:
    return "\n".join(one.text for one in document.passages if one.section == section)


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read_the_same(name: str) -> None:
    document = read(FORMS[name](), name)
    assert document.title == "关于开展云州市少年科学营工作的通知"
    assert document.sections == SECTIONS
    assert document.doubts == ()
    assert text_of(document, "三(二)1").replace("\n", "") == (
        "1.实验室培养。学员每月到实验室不少于3次，每次不少于两小时。"
        "因病不能来的，应当提前一天告诉导师。"
    )
    said = "".join(one.text for one in document.passages).replace("\n", "")
    for unsaid in ("科技中心文件", "— 1 —", "alert", "首页", "版权", "red"):
        assert unsaid not in said


def test_broken_lines_are_mended() -> None:
    document = read(printed(), "letter.pdf")
    whole = [line for line in LETTER.splitlines() if len(line) > 22 and line.endswith("。")]
    said = "\n".join(one.text for one in document.passages)
    for line in whole:
        assert line in said


def test_what_word_numbers_by_itself_is_numbered() -> None:
    document = read(numbered_word(), "a.docx")
    assert document.title == "少年科学营管理办法"
    assert document.sections == (*("标题", "一", "二(一)", "二(二)1", "二(二)2", "三(一)"),)
    assert text_of(document, "二(二)2") == "2.每周写一页笔记。"


def test_a_words_table_is_read_row_by_row_and_its_changes_are_taken_as_accepted() -> None:
    from docx import Document as new_word
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    made = new_word()
    made.add_paragraph("一、名额")
    table = made.add_table(2, 3)
    for cell, said in zip(
        [*table.rows[0].cells, *table.rows[1].cells],
        ["学校", "名额", "备注", "甲校", "6名", ""],
        strict=True,
    ):
        cell.text = said
    table.rows[1].cells[1].merge(table.rows[1].cells[2])
    paragraph = made.add_paragraph("名额为")
    for tag, text in [("del", "delText"), ("ins", "t")]:
        said = {"del": "五", "ins": "六"}[tag]
        paragraph._p.append(
            parse_xml(
                f'<w:{tag} {nsdecls("w")} w:id="1" w:author="x"><w:r><w:{text}>{said}名。'
                f"</w:{text}></w:r></w:{tag}>"
            )
        )
    said = text_of(read(saved(made), "a.docx"), "一")
    assert said == "一、名额\n学校 | 名额 | 备注\n甲校 | 6名\n名额为六名。"


# ---------------------------------------------------------------- what is refused


def bomb() -> bytes:
    return with_part(word("一、名额"), "word/media/image1.png", bytes(40 * 1024**2))


def old_word_with(words: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + words.encode("utf-16-le")


def spreadsheet() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes], type[reading.Unreadable]]] = {
    "nothing.txt": (lambda: b"", reading.Empty),
    "blank.txt": (lambda: b" \n\t ", reading.Empty),
    "blank.docx": (lambda: word(""), reading.Empty),
    "picture.png": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(90), reading.UnknownKind),
    "program.exe": (lambda: b"MZ\x90\x00\x03", reading.UnknownKind),
    "sheet.xlsx": (spreadsheet, reading.Workbook),
    "sheet.docx": (spreadsheet, reading.Workbook),
    "old.doc": (lambda: old_word_with("WordDocument"), reading.UnknownKind),
    "locked.docx": (lambda: old_word_with("EncryptedPackage"), reading.Encrypted),
    "locked.pdf": (lambda: locked(printed(), "secret"), reading.Encrypted),
    "scan.pdf": (lambda: pdf([[], [], []]), reading.Scanned),
    "cut.pdf": (lambda: b"%PDF-1.7\nnothing of a PDF", reading.Damaged),
    "cut.docx": (lambda: word()[:4000], reading.Damaged),
    "bad.docx": (
        lambda: with_part(word(), "word/document.xml", b"<w:document"),
        reading.Damaged,
    ),
    "long.pdf": (lambda: pdf([["一页"]] * (reading.MOST_PAGES + 1)), reading.TooLong),
    "long.txt": (lambda: "字".encode() * (reading.MOST_CHARACTERS + 1), reading.TooLong),
    "large.txt": (lambda: b"a" * (reading.MOST_BYTES + 1), reading.TooLarge),
    "bomb.docx": (bomb, reading.TooLarge),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_by_its_name(name: str) -> None:
    make, why = REFUSED[name]
    with pytest.raises(reading.Unreadable) as refused:
        read(make(), name)
    assert type(refused.value) is why


@pytest.mark.parametrize("part", ["word/document.xml", "[Content_Types].xml"])
def test_nothing_outside_is_read_into_a_document(part: str, tmp_path: object) -> None:
    """An XML entity that names a file stays a name."""
    secret = f"{tmp_path}/secret.txt"
    with open(secret, "w", encoding="utf-8") as file:
        file.write("SECRET")
    with zipfile.ZipFile(io.BytesIO(word("一、名额"))) as archive:
        xml = archive.read(part).decode()
    head, body = xml.split("?>", 1)
    entity = f'<!DOCTYPE x [<!ENTITY leak SYSTEM "file://{secret}">]>'
    hostile = f"{head}?>{entity}" + body.replace("一、名额", "一、名额&leak;")
    try:
        document = read(with_part(word(), part, hostile.encode()), "a.docx")
    except reading.Unreadable:
        return
    assert "名额" in repr(document)
    assert "SECRET" not in repr(document)


def test_entities_that_multiply_are_not_followed() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    hostile = (
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY l0 "ha">{laughs}]>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body><w:p><w:r><w:t>&l11;</w:t></w:r></w:p></w:body></w:document>"
    )
    with pytest.raises(reading.Unreadable):
        read(with_part(word(), "word/document.xml", hostile.encode()), "a.docx")


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([printed(), word(), page()]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=40),
    st.floats(0.2, 1),
)
def test_damage_is_refused_and_never_raises_anything_else(
    data: bytes, changes: list[tuple[float, int]], kept: float
) -> None:
    damaged = bytearray(data[: max(1, int(len(data) * kept))])
    for where, byte in changes:
        damaged[int(where * (len(damaged) - 1))] = byte
    try:
        document = read(bytes(damaged), "a")
    except reading.Unreadable:
        return
    for one in document.passages:
        one.text.encode()
        assert "\x00" not in one.text


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        document = read(text.encode("utf-8", "replace"), "a.txt")
    except reading.Unreadable:
        return
    assert document.title


def test_a_page_is_read_without_what_is_the_sites() -> None:
    page = (
        "<html><body><h1>关于补充工作的通知</h1>"
        "<div>发布时间：2026-01-15 来源：某馆 浏览次数：38</div><p>各中学：</p><p>一、编辑</p>"
        "<p>稿件由学校编辑，分享到全市。</p><div>分享到：微信 微博</div><div>上一篇：放假</div>"
        "<div>【打印】【关闭】</div><div>版权所有 某协会</div></body></html>"
    )
    text = "\n".join(one.text for one in read(page.encode(), "a.html").passages)
    assert "一、编辑\n稿件由学校编辑，分享到全市。" in text
    for furniture in ("浏览次数", "微博", "上一篇", "打印", "版权"):
        assert furniture not in text

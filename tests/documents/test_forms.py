"""Kinds of documents that offices send: other fonts, other numbers, other wrappings."""

from __future__ import annotations

import io
import unicodedata

import pytest

from answers import reading
from answers.reading import read
from answers.sections import Document
from language.numerals import fold
from language.radicals import CHARACTERS, without_radicals
from tests.documents.samples import LETTER, SECTIONS, locked, pdf, printed
from tests.tables import each_row

TITLE = "云州少年科研营管理办法\n"


def sections(document: Document) -> dict[str, str]:
    found = {
        name: "\n".join(one.text for one in document.passages if one.section == name)
        for name in document.sections
    }
    found.pop("标题", None)
    return found


def of(text: str) -> dict[str, str]:
    return sections(read((TITLE + text).encode(), "a.txt"))


# ---------------------------------------------------------------- radicals for characters

RADICAL = {chr(sign): chr(radical) for radical, sign in CHARACTERS.items()}


def in_radicals(text: str) -> str:
    """A text as some fonts print it."""
    return "".join(RADICAL.get(sign, sign) for sign in text)


@each_row("code", range(0x2F00, 0x2FD6))
def test_every_radical_of_kangxi_is_its_character(code: int) -> None:
    assert without_radicals(chr(code)) == unicodedata.normalize("NFKC", chr(code))


OTHERS = "⺁⺅⺌⺟⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰⻳"
STAND_FOR = "厂亻小母见角贝车长门青韦页风飞食马骨鬼鱼鸟卤麦黄齐齿龙龟"


@each_row(("radical", "sign"), [*zip(OTHERS, STAND_FOR, strict=True)])
def test_the_other_radicals_are_their_characters(radical: str, sign: str) -> None:
    assert without_radicals(radical) == sign
    assert fold(radical) == sign


def test_a_letter_printed_in_radicals_is_read_as_any_other() -> None:
    assert in_radicals(LETTER) != LETTER
    lines = in_radicals(LETTER).splitlines()
    pages = [lines[at : at + 18] for at in range(0, len(lines), 18)]
    for document in (
        read(in_radicals(LETTER).encode(), "letter.txt"),
        read(pdf(pages), "letter.pdf"),
    ):
        assert document.title == "关于开展云州市少年科学营工作的通知"
        assert document.sections == SECTIONS
        said = "".join(one.text for one in document.passages)
        assert said == without_radicals(said)


# ---------------------------------------------------------------- numbers alone


def test_a_number_alone_is_said() -> None:
    said = of("一、名额\n全市名额（名）：\n48\n其中县域：\n12\n")
    assert said == {"一": "一、名额\n全市名额（名）：\n48\n其中县域：\n12"}


def test_a_number_alone_is_not_read_into_the_sentence_around_it() -> None:
    (said,) = of("一、甲\n他们一起去\n3\n实验室。").values()
    assert said.splitlines()[1:] == ["他们一起去", "3", "实验室。"]


def test_numbers_that_count_the_pages_of_a_text_are_not_said() -> None:
    page = [f"第{n}种情形由管理办公室商定。" for n in "甲乙丙丁戊己庚辛壬癸子丑寅卯"]
    text = "\n".join(f"{line}" for number in "234" for line in (*page, number))
    (said,) = of(f"一、情形\n{text}").values()
    assert not {"2", "3", "4"} & set(said.splitlines())


def test_numbers_at_the_edge_of_a_pdfs_pages_are_not_said_and_others_are() -> None:
    pages = [
        ["一、名额", "本条说明第一年的名额如何分给各县各校。", "第一年全市名额：", "48", "1"],
        ["36", "以上是第二年的全市名额，由管理办公室分给各县。", "第三年另定。", "2"],
        ["其中县域：", "12", "以上名额不得挪作他用，用不完的由全市统一调剂。", "3"],
    ]
    (said,) = sections(read(pdf(pages), "a.pdf")).values()
    assert {"48", "36", "12"} <= set(said.splitlines())
    assert not {"1", "2", "3"} & set(said.splitlines())


# ---------------------------------------------------------------- other ways of numbering


@each_row(
    ("text", "names"),
    [
        ("一．目的\n发现。\n二．名额\n六名。", ["一", "二"]),
        ("一. 目的\n发现。\n二. 名额\n六名。", ["一", "二"]),
        ("一、目的\n㈠发现。\n㈡培养。\n二、名额\n㈠六名。", ["一(一)", "一(二)", "二(一)"]),
        ("一、目的\n⒈发现。\n⒉培养。\n⑴甲。\n⑵乙。", ["一1", "一2", "一2(1)", "一2(2)"]),
        (
            "一、目的\n一）发现。\n二）培养。\n1）甲。\n2）乙。",
            ["一(一)", "一(二)", "一(二)(1)", "一(二)(2)"],
        ),
        ("1 目的\n1.1 发现。\n1.2 培养。\n2 名额\n2.1 六名。", ["1.1", "1.2", "2.1"]),
        ("1.目的\n1.1发现。\n1.2培养。\n2.名额\n2.1六名。", ["1.1", "1.2", "2.1"]),
        (
            "1 目的\n1.1 发现。\n1.1.1 早。\n1.1.2 准。\n1.2 培养。",
            ["1.1", "1.1.1", "1.1.2", "1.2"],
        ),
        ("一、目的\n1.1 发现。\n1.2 培养。\n二、名额\n2.1 六名。", ["一1.1", "一1.2", "二2.1"]),
    ],
)
def test_other_ways_of_numbering(text: str, names: list[str]) -> None:
    assert list(of(text)) == names


@pytest.mark.parametrize(
    "line", ["2.5小时为一次。", "1.5倍计分。", "3.1之后再报。", "2.0系统上线。", "一.五倍计分。"]
)
def test_a_number_that_does_not_follow_on_begins_no_section(line: str) -> None:
    assert list(of(f"一、时间\n每次两小时。\n{line}")) == ["一"]


# ---------------------------------------------------------------- wrappings


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256-R5", "AES-256"])
def test_a_pdf_locked_against_changes_only_is_read(algorithm: str) -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(printed())))
    writer.encrypt(user_password="", owner_password="only the owner", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    assert read(out.getvalue(), "a.pdf").sections == SECTIONS


def test_a_pdf_with_a_password_is_said_to_have_one() -> None:
    with pytest.raises(reading.Encrypted):
        read(locked(printed(), "secret"), "a.pdf")


@pytest.mark.parametrize(
    "before", [b"\r\n", b"\xef\xbb\xbf", b"HTTP/1.1 200 OK\r\n\r\n", b"\0" * 900]
)
def test_what_stands_before_a_pdf_is_passed_over(before: bytes) -> None:
    assert read(before + printed(), "a.pdf").sections == SECTIONS


@each_row(
    ("name", "data"),
    [
        ("a.rtf", b"{\\rtf1\\ansi\\ansicpg936 \\'d4\\'c6\\'d6\\'dd\\par}"),
        ("a.doc", b"\r\n{\\rtf1\\ansi}"),
        ("a.mht", b"From: <Saved>\r\nSubject: a\r\n b\r\nMIME-Version: 1.0\r\n\r\n<html>"),
        ("a.doc", b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n<p>a</p>"),
        (
            "a.xml",
            b'<?xml version="1.0"?>\n<w:wordDocument xmlns:w="w"/>',
        ),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><text>a</text></svg>'),
        ("a.ps", b"%!PS-Adobe-3.0\n(a) show"),
    ],
)
def test_what_is_made_of_text_and_is_none_is_said_to_be_unreadable(name: str, data: bytes) -> None:
    with pytest.raises(reading.UnknownKind):
        read(data, name)


def test_a_font_of_its_own_is_said_to_be_unreadable() -> None:
    secret = "".join(chr(0xE000 + ord(sign) % 500) for sign in LETTER if sign != "\n")
    with pytest.raises(reading.Garbled):
        read(pdf([[secret[at : at + 20] for at in range(0, 200, 20)]]), "a.pdf")


# ---------------------------------------------------------------- web pages


def page(body: str, head: str = "") -> Document:
    return read(f"<!doctype html><html><head>{head}</head><body>{body}".encode(), "content_1.html")


SAYS = (
    "<div id=zoom><p>各中学：</p><p>为发现人才，现将有关事项通知如下。</p>"
    "<p>一、目的</p><p>发现人才，培养兴趣，学习方法。</p></div>"
)


@pytest.mark.parametrize(
    ("head", "before"),
    [
        ("<title>关于举办少年营的通知_云州科协</title>", ""),
        ("<title>云州科协 - 关于举办少年营的通知</title>", ""),
        ("<title>云州科协</title>", "<div class=t><h1>关于举办少年营的通知</h1></div>"),
        ("<title>云州科协</title><meta name=ArticleTitle content=关于举办少年营的通知>", ""),
    ],
)
def test_a_web_pages_title_is_the_documents(head: str, before: str) -> None:
    document = page(before + SAYS, head)
    assert document.title == "关于举办少年营的通知"
    assert document.doubts == ()


@each_row(
    ("body", "head"),
    [
        ("报名截止<del>4月1日</del>4月15日。", ""),
        ("报名截止<s>4月1日</s>4月15日。", ""),
        ("报名截止<span style='text-decoration: line-through'>4月1日</span>4月15日。", ""),
        ("报名截止<span hidden>4月1日</span>4月15日。", ""),
        ("报名截止<span style='display:none'>4月1日</span>4月15日。", ""),
        (
            "报名截止<span class='b x'>4月1日</span>4月15日。",
            "<style>#z, .x { display: none }</style>",
        ),
        ("报名截止<b id=y>4月1日</b>4月15日。", "<style>#y{visibility:hidden}</style>"),
    ],
)
def test_what_a_page_strikes_out_or_hides_is_not_said(body: str, head: str) -> None:
    document = page(f"<p>一、报名</p><p>{body}</p>", head)
    assert sections(document) == {"一": "一、报名\n报名截止4月15日。"}
    assert "left_out" in document.doubts


def test_a_browsers_own_numbers_are_read() -> None:
    items = "<li>发现。</li><li>培养。</li>"
    document = page(
        f"<p>一、目的</p><ol start=1>{items}</ol><p>二、名额</p><ol type=a>{items}</ol>"
    )
    assert sections(document) == {
        "一1": "1.发现。",
        "一2": "2.培养。",
        "二": "二、名额\na.发现。\nb.培养。",
    }


def test_pictures_in_a_page_are_a_doubt_and_ornaments_are_not() -> None:
    assert "parts" in page(f"{SAYS[:-6]}<img src=a.jpg></div>").doubts
    assert "parts" not in page(f"{SAYS[:-6]}<img src=a.gif width=16></div>").doubts

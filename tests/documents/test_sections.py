"""How a document is divided, and when a number is none."""

from __future__ import annotations

from time import process_time

import pytest

from answers.reading import read
from answers.sections import LONG, Document, Line, divide
from tests.tables import each_row


def of(text: str) -> Document:
    return read(text.strip().encode(), "工作方案.txt")


@each_row(
    ("text", "sections"),
    [
        ("一、甲\n说甲。\n二、乙\n说乙。", ("一", "二")),
        ("（一）甲。\n（二）乙。", ("(一)", "(二)")),
        ("1.甲。\n2.乙。\n3、丙。", ("1", "2", "3")),
        ("一、甲\n1.子。\n2.丑。\n二、乙\n1.寅。", ("一1", "一2", "二1")),
        ("一、甲\n（1）子。\n（2）丑。", ("一(1)", "一(2)")),
        ("第一章 总则\n第一条 为了。\n第二条 依据。\n（一）甲；\n（二）乙。", (
            "第一条", "第二条", "第二条(一)", "第二条(二)",
        )),
        ("九、甲。\n十、乙。\n十一、丙。", ("九", "十", "十一")),
        # A number in running text is none.
        ("一、甲\n计划\n2.0的意见，\n10%以上。", ("一",)),
        ("一、甲\n按照\n3.实验要求办理。", ("一",)),
    ],
)  # fmt: skip
def test_sections_are_named_by_their_numbers(text: str, sections: tuple[str, ...]) -> None:
    assert of(text).sections == sections


def test_an_annex_that_is_the_whole_document_needs_no_name() -> None:
    document = of("附件\n少年科学营\n工作方案\n一、目的\n走进实验室。")
    assert document.title == "少年科学营工作方案"
    assert document.sections == ("标题", "一")


def test_an_annex_without_its_word_is_known_by_its_title() -> None:
    document = of(
        "关于印发方案的通知\n各中学：\n请遵照执行。\n附件：1.科学营工作方案\n2.申报表\n"
        "云州市科协\n2026年2月3日\n科学营工作方案\n一、目的\n走进实验室。\n附件2\n申报表\n名称："
    )
    assert document.sections[:3] == ("标题", "主送", "通知正文")
    assert "附件1 一" in document.sections
    assert document.sections[-1].startswith("附件2")


@each_row("page", ["— 3 —", "-3-", "第 3 页 共 9 页", "3/9", "— 3\n—", "— 3"])
def test_page_numbers_are_not_read(page: str) -> None:
    (text,) = {one.text for one in of(f"一、甲\n他们一起去\n{page}\n实验室。").passages}
    assert text in ("一、甲\n他们一起去实验室。", "一、甲\n他们一起去\n实验室。")


def test_a_gap_in_the_numbers_is_told() -> None:
    assert of("一、甲\n说甲。\n二、乙\n说乙。\n四、丁\n说丁。").doubts == ("gap", "no_title")
    lost = of("一、甲\n1.子。\n3.寅。")
    assert (lost.doubts, lost.sections) == (("gap", "no_title"), ("一1", "一3"))
    assert of("一、甲\n说甲。\n二、乙\n说乙。").doubts == ("no_title",)


def test_what_has_no_sections_is_told_and_still_read() -> None:
    document = of("科学营须知\n请带好校服。\n不要迟到。")
    assert document.title == "科学营须知"
    assert document.doubts == ("no_sections",)
    assert "请带好校服。" in document.passages[-1].text


def test_a_long_section_becomes_several_passages_and_loses_nothing() -> None:
    sentences = [f"第{n}次活动在实验室举行，请准时参加。" for n in range(1, 200)]
    document = of("一、安排\n" + "".join(sentences))
    assert document.sections == ("一",)
    assert len(document.passages) > 4
    assert all(len(one.text) <= LONG for one in document.passages)
    assert "".join(one.text for one in document.passages) == "一、安排\n" + "".join(sentences)


def test_a_document_survives_being_kept() -> None:
    document = of("一、甲\n说甲。")
    assert Document.from_bytes(document.to_bytes()) == document


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "\n".join(["字" * 20] * 5_000),
        "\n".join(f"{n % 9 + 1}.某某" for n in range(20_000)),
        "\n".join(["某某会\n2026年2月3日"] * 7_000),
        "\n".join(f"附件{n % 99 + 1}：某某某" for n in range(12_000)),
        "（" * 100_000,
        "一、" + "字，" * 50_000,
    ],
    ids=["lines", "numbers", "dates", "annexes", "brackets", "sentence"],
)
def test_no_text_takes_long(text: str) -> None:
    began = process_time()
    divide([Line(line) for line in text.splitlines()], "a")
    assert process_time() - began < 10

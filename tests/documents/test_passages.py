"""Passages are found by a question and by a clause, and quoted to the letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers.passages import EXCERPT, Passage, Passages
from answers.reading import read
from tests.documents.samples import LETTER
from tests.tables import each_row

DOCUMENT = read(LETTER.encode(), "letter.txt")


def passages(programme: str) -> list[Passage]:
    return [
        Passage(programme, DOCUMENT.title, one.section, one.text, number, one.heading)
        for number, one in enumerate(DOCUMENT.passages)
    ]


BOTH = Passages([*passages("yun"), *passages("other")])


@each_row(
    ("question", "section"),
    [
        ("培养周期多长？", "三(一)"),
        ("每个月要去几次实验室", "三(二)1"),
        ("评价什么时候，多少分以下不发证书？", "四"),
        ("公示几天", "附件2 一(一)"),
        ("保险谁买", "附件2 三·二"),
        ("全市有多少名额", "二(二)"),
    ],
)
def test_a_question_finds_its_passage(question: str, section: str) -> None:
    found = BOTH.find(question, ["yun"])
    assert found[0].passage.section == section
    assert {one.passage.programme for one in found} == {"yun"}
    assert 0 < found[0].score <= 1


def test_what_no_passage_speaks_of_is_no_evidence() -> None:
    sure = BOTH.find("培养周期多长", ["yun"])[0].score
    for question in ("食堂有没有红烧肉", "坐飞机去能报销机票吗", "zzzz", "？？", ""):
        assert all(one.score < 0.3 < sure for one in BOTH.find(question, ["yun"])), question


def test_nothing_is_found_where_nothing_was_loaded() -> None:
    assert BOTH.find("培养周期", ["third"]) == []
    assert BOTH.at("third", "一") is None
    assert Passages(()).find("培养周期", ["yun"]) == []


@each_row(
    ("clause", "section"),
    [
        ("三(二)1", "三(二)1"),
        ("三（二）1", "三(二)1"),
        ("附件2 三·一(一)", "附件2 三·一(一)"),
        ("附件 2三·一(一)", "附件2 三·一(一)"),
        ("七；四", "四"),
        ("三(二)9", "三(二)"),
        ("二(一)3", "二(一)"),
        ("三", "三"),
        ("附件2 三·一", "附件2 三·一"),
        ("通知正文", "导语"),
        ("印发", "落款"),
        ("附件1·学校情况", "附件1 一"),
        ("附件2", "附件2 一(一)"),
    ],
)
def test_a_clause_is_found(clause: str, section: str) -> None:
    found = BOTH.at("yun", clause)
    assert found is not None
    assert found.section == section


def test_a_section_that_is_only_divided_has_what_is_in_it() -> None:
    found = BOTH.at("yun", "三")
    assert found is not None
    assert "八个月" in found.text
    assert "少年论坛" in found.text


@pytest.mark.parametrize("clause", ["七", "", "附件3 一", "全文"])
def test_a_clause_that_is_not_there_is_not_found(clause: str) -> None:
    assert BOTH.at("yun", clause) is None


def test_an_excerpt_is_the_sentence_that_answers() -> None:
    found = BOTH.at("yun", "三(二)1")
    assert found is not None
    assert BOTH.excerpt(found, "生病来不了，提前几天告诉导师") == (
        "因病不能来的，应当提前一天告诉导师。"
    )


def test_a_heading_alone_is_no_excerpt() -> None:
    found = BOTH.at("yun", "三(一)")
    assert found is not None
    assert "八个月" in BOTH.excerpt(found, "周期")


@given(st.sampled_from(BOTH.all), st.text(max_size=40), st.integers(1, 60))
def test_an_excerpt_is_short_and_to_the_letter(passage: Passage, asked: str, times: int) -> None:
    long = Passage("yun", "", "", passage.text.replace("。", "，") * times, 0)
    for one in (passage, long):
        said = BOTH.excerpt(one, asked)
        assert said in one.text
        assert 0 < len(said) <= EXCERPT

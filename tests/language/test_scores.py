"""Lists of scores as people paste them."""

from __future__ import annotations

from language.scores import score_of, scored_lines
from tests.tables import each_row


@each_row(
    ("line", "words", "score"),
    [
        ("林小雨 85", ("林小雨",), "85"),
        ("林小雨\t85.50", ("林小雨",), "85.5"),
        ("林小雨：85分", ("林小雨",), "85"),
        ("林小雨85", ("林小雨",), "85"),
        ("林小雨，８５", ("林小雨",), "85"),
        ("1. 林小雨 汾河中学 85", ("林小雨", "汾河中学"), "85"),
        ("12\t林小雨\t0", ("林小雨",), "0"),
        ("85 林小雨", ("林小雨",), "85"),
        ("阿依古丽·买买提 91", ("阿依古丽·买买提",), "91"),
        ("Ann Lee 77", ("Ann", "Lee"), "77"),
        ("林小雨 八十五", ("林小雨",), "85"),
        ("林小雨 一百分", ("林小雨",), "100"),
        ("丁六一 汾河中学 九十点五", ("丁六一", "汾河中学"), "90.5"),
        ("万十三 80", ("万十三",), "80"),
        ("林小雨 缺考", ("林小雨", "缺考"), None),
        ("林小雨 1001", ("林小雨",), None),
        ("林小雨 80 90", ("林小雨",), None),
        ("林小雨 -5", ("林小雨", "-5"), None),
        ("林小雨", ("林小雨",), None),
    ],
)
def test_a_line_is_a_name_and_a_score(
    line: str, words: tuple[str, ...], score: str | None
) -> None:
    [found] = scored_lines(line)
    assert (found.score, found.text) == (score, line.strip())
    assert found.words == words or score is None


def test_headings_and_empty_lines_are_left_out() -> None:
    pasted = "序号\t姓名\t学校\t成绩\n\n1\t林小雨\t汾河中学\t85\n2\t赵一鸣\t云冈中学\t90\n"
    assert [(one.words[0], one.score) for one in scored_lines(pasted)] == [
        ("林小雨", "85"),
        ("赵一鸣", "90"),
    ]


@each_row(
    ("typed", "score"),
    [
        ("85", "85"),
        ("85.0分", "85"),
        ("1000", "1000"),
        ("1001", None),
        ("85.555", None),
        ("九十二", "92"),
        *((said, "92") for said in ("92 分", "得了92分", "考了92", "成绩：92")),
        ("很好", None),
        ("六一", None),
    ],
)
def test_a_score_is_in_plain_figures(typed: str, score: str | None) -> None:
    assert score_of(typed) == score

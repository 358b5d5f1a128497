"""Scores as people paste them from a list: a line each, 姓名 分数, perhaps with more in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from language.numerals import number, tidy

MOST: Final = Decimal(1000)
"""No score is higher."""
HEADINGS: Final = frozenset(
    {
        *("姓名", "名字", "学生", "学员", "学校", "单位", "序号", "编号", "班级", "年级"),
        *("分数", "成绩", "得分", "总分", "测试成绩", "name", "student", "school", "score", "no"),
    }
)
"""Words of a table's first line."""
_SIGNS: Final = re.compile(r"[\s,、:|]+")
_SCORE: Final = re.compile(
    r"(?:得了?|考了?|得分|成绩|分数)?[是为:]? ?(\d{1,4}(?:\.\d{1,2})?) ?分?"
)
_NUMERALS: Final = re.compile(
    "[零〇一二两三四五六七八九]*[十百][零〇一二三四五六七八九十]*(?:点[零〇一二三四五六七八九]{1,2})?"
)
_BEHIND: Final = re.compile(r"(?<=[^\W\d_])(\d{1,4}(?:\.\d{1,2})?分?)$")
"""A score that stands behind a name without a blank: 林小雨85."""


@dataclass(frozen=True, slots=True)
class ScoredLine:
    """One line of a list."""

    text: str
    """As it was pasted."""
    words: tuple[str, ...]
    """What stands in it besides the score: the name, and perhaps the school."""
    score: str | None
    """In plain figures: 85, 85.5; `None` if there is none, or more than one."""


def score_of(words: str) -> str | None:
    """A score in plain figures, typed in figures or in Chinese numerals; `None` if it is none."""
    found = _SCORE.fullmatch(tidy(words))
    score = Decimal(found[1]) if found else _in_numerals(tidy(words).removesuffix("分"))
    return f"{score.normalize():f}" if score is not None and score <= MOST else None


def _in_numerals(words: str) -> Decimal | None:
    """八十五, 九十点五: what is written in Chinese numerals with a ten or a hundred, as a name
    such as 六一 is not."""
    return number(words) if _NUMERALS.fullmatch(words) else None


def scored_lines(text: str) -> list[ScoredLine]:
    """The lines of a pasted list; headings and empty lines are left out."""
    lines = (line.strip() for line in re.split(r"[\n;；]", text))
    return [read for line in lines if line and (read := _line(line)) is not None]


def _line(line: str) -> ScoredLine | None:
    words = [word for word in _SIGNS.split(_BEHIND.sub(r" \1", tidy(line))) if word]
    scores = [score_of(word) for word in words]
    if len(words) > 2 and _numbers_a_line(words[0], scores):
        words, scores = words[1:], scores[1:]  # the line's number in the list
    others = tuple(word for word, score in zip(words, scores, strict=True) if score is None)
    there = [score for score in scores if score is not None]
    if not there and {word.casefold() for word in others} <= HEADINGS:
        return None
    return ScoredLine(line, others, there[0] if len(there) == 1 else None)


def _numbers_a_line(word: str, scores: Sequence[str | None]) -> bool:
    """Whether the first word is the line's number in the list: 1. or 1), or a figure beside the
    score."""
    if re.fullmatch(r"\d{1,4}[.)]", word):
        return True
    return word.isdecimal() and len(scores) - scores.count(None) == 2

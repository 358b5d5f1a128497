"""A school grade as people write it: 高一, 高1(3)班, 高中一年级, 2025级, 2028届, S1, 高II.

What is said by the year of entry (级) or of leaving (届) depends on the day: a school year begins
on the 1st of September. 高2028级 where 2028 is still to come is said by the year of leaving, as
Sichuan's schools do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from language.numerals import tidy, whole

SCHOOL_YEAR: Final = 9
"""The month in which a school year begins."""
YEARS: Final = {"primary": 6, "junior": 3, "senior": 3}
"""How many years each school has."""

_LEVELS: Final = {
    "小学": "primary",
    "小": "primary",
    "初中": "junior",
    "初级中学": "junior",
    "初": "junior",
    "高中": "senior",
    "普高": "senior",
    "高级中学": "senior",
    "高": "senior",
}
_LEVEL: Final = "小学|初级中学|初中|高级中学|高中|普高|小|初|高"
# 高一, 高一年级, 高中一年级3班, 高一1班, 高二十班, 高1-3班: what follows the grade is the class.
_BY_LEVEL: Final = re.compile(rf"(?P<level>{_LEVEL})(?P<number>[一二三四五六]|[1-6](?![0-9]))")
# 七年级, 10年级, 10: counted on from primary school
_BY_NUMBER: Final = re.compile(
    r"(?<![0-9一二三四五六七八九十])(?P<number>[一二三四五六七八九]|十[一二]?|1[0-2]|[1-9])年级|"
    r"(?P<bare>[7-9]|1[0-2])(?:\.0)?"
)
_BY_YEAR: Final = re.compile(
    rf"(?P<before>{_LEVEL})?(?P<year>(?:20)?[0-9]{{2}})(?P<how>级|届)(?P<after>{_LEVEL})?"
)
_ENGLISH: Final = re.compile(
    r"(?:(?P<level>senior|junior|primary)(?: high)?(?: school)?|(?:grade|year|g))"
    r" ?\.?(?P<number>[0-9]{1,2}|one|two|three|i{1,3})\b",
    re.IGNORECASE,
)
_ORDINAL: Final = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)[ -]grade", re.IGNORECASE)
# 初三升高一 is between two.
_BETWEEN: Final = re.compile("[一二三四五六1-6]升")
# S1, J2, P6, as schools that teach in English write it.
_LETTER: Final = re.compile(r"(?P<level>[SJP]) ?-?(?P<number>[1-6])(?![0-9])", re.IGNORECASE)
# 高II; II alone is of the only school there is.
_BY_ROMAN: Final = re.compile(rf"(?P<level>{_LEVEL})?(?P<number>III|II|IV|VI|V|I)(?:年级)?")
_VOCATIONAL: Final = re.compile("职高|中职|职业高中|职业中学|职中|中专|vocational", re.IGNORECASE)
_PRESCHOOL: Final = re.compile("幼儿园|学前|大班|幼升小|preschool|kindergarten", re.IGNORECASE)
_ROMAN: Final = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}
_OF_LETTER: Final = {"S": "senior", "J": "junior", "P": "primary"}


def school_grade(text: str, today: date, levels: Sequence[str] = ()) -> str | None:
    """The key of a grade (`senior_1`, `junior_2`, `primary_6`, `vocational`, `preschool`).

    `levels` are the schools to think of where the text names none, the likeliest first (`senior`,
    `junior`, `primary`). `None` if it cannot be told.
    """
    said = re.sub(r"[\s()（）\[\]【】第·.,，]", "", tidy(text))
    spaced = tidy(text)
    if not said or _BETWEEN.search(said):
        return None
    if _VOCATIONAL.search(said):
        return "vocational"
    if found := _BY_YEAR.search(said):
        level = _LEVELS.get(found["before"] or found["after"] or "")
        year = int(found["year"]) % 100 + 2000
        return _of_year(year, found["how"] == "届", today, [level] if level else levels)
    if found := _BY_LEVEL.search(_without_brackets(spaced)) or _BY_LEVEL.search(said):
        return _key(_LEVELS[found["level"]], whole(found["number"]) or 0)
    if (found := _BY_NUMBER.match(said)) and (found["number"] or found[0] == said):
        return _counted_on(whole(found["number"] or found["bare"]) or 0)
    if found := _LETTER.match(spaced):
        return _key(_OF_LETTER[found["level"].upper()], int(found["number"]))
    if found := _BY_ROMAN.fullmatch(_without_brackets(spaced).removesuffix("班")):
        named = [_LEVELS[found["level"]]] if found["level"] else levels
        return _key(named[0], _ROMAN[found["number"].lower()]) if len(named) == 1 else None
    if found := _ORDINAL.match(spaced):
        return _counted_on(int(found[1]))
    if found := _ENGLISH.search(spaced):
        word = found["number"].lower()
        number = _ROMAN.get(word) or whole(word) or 0
        return _key(found["level"].lower(), number) if found["level"] else _counted_on(number)
    return "preschool" if _PRESCHOOL.search(said) else None


def _without_brackets(text: str) -> str:
    """高一(3)班 names the class in brackets: without them it would be read as 高一3."""
    return re.sub(r"\s", "", re.sub(r"[(（\[【][^)）\]】]*[)）\]】]", "", text))


def _key(level: str, number: int) -> str | None:
    most = 4 if level == "junior" else YEARS[level]
    return f"{level}_{number}" if 1 <= number <= most else None


def _counted_on(number: int) -> str | None:
    """The grade that is so many years from the beginning of primary school."""
    for level, years in YEARS.items():
        if 1 <= number <= years:
            return f"{level}_{number}"
        number -= years
    return None


def _of_year(year: int, leaving: bool, today: date, levels: Sequence[str]) -> str | None:
    begun = today.year if today.month >= SCHOOL_YEAR else today.year - 1
    if not leaving and year > begun:
        leaving = True
    for level in levels:
        number = YEARS[level] - (year - begun - 1) if leaving else begun - year + 1
        if 1 <= number <= YEARS[level]:
            return f"{level}_{number}"
    return None

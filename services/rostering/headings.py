"""Which row of a sheet holds the headings, and what each column means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

from language.numerals import tidy
from services.rostering.book import Cell, Merge, Sheet, SheetRow

UNUSED: Final = "unused"
"""The meaning of headings that are known, and of no use here."""
DEPTH: Final = 3
"""Rows that headings may take."""
SEARCHED: Final = 40
"""Rows at the top of a sheet among which the headings are."""
_PERSONS: Final = {
    "mentor": "mentor",
    "teacher_name": "teacher",
    "school_teacher": "school_teacher",
    "guardian": "guardian",
}
"""Headings that name somebody else beside a student's name; where there is no other name, the
sheet is a list of them: the word for their role."""


@cache
def words(name: str) -> Mapping[str, Any]:
    """Data of this folder."""
    found = files("services.rostering").joinpath(f"{name}.yaml").read_text("utf-8")
    return dict(yaml.safe_load(found))


def plain(text: str) -> str:
    """A heading without what does not tell it from another: blanks, punctuation, case, width."""
    folded = tidy(text).lower()
    folded = re.sub(r"必填|选填|可不填|请填写|required|optional", "", folded)
    return re.sub(r"[^\w#]", "", folded).replace("_", "")


def _without_brackets(text: str) -> str:
    return re.sub(r"[(（\[【].*?[)）\]】]", "", tidy(text))


@cache
def _meanings() -> Mapping[str, str]:
    return {plain(said): meaning for meaning, ways in words("headings").items() for said in ways}


MEANINGS: Final = (
    *("name", "birth", "id_number", "school", "unit", "city", "grade", "class", "subject"),
    *("subject_rank", "overall_rank", "rank_size", "mentor", "guardian", "team", "role", "phone"),
)
"""The meanings that an office can give a heading of its own."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column with the words over it."""

    place: int
    said: str
    meaning: str
    """Empty if nobody knows."""

    @property
    def in_percent(self) -> bool:
        return bool(re.search("%|百分", tidy(self.said)))


@dataclass(frozen=True, slots=True)
class Headings:
    """The headings of a table within a sheet."""

    first: int
    """The first row that belongs to them, as the sheet numbers it; the title is above."""
    last: int
    columns: Sequence[Column]
    about: str = ""
    """Whom the column of names is of, where its heading says so: a word of `words.yaml`."""

    def column(self, meaning: str) -> Column | None:
        return next((one for one in self.columns if one.meaning == meaning), None)

    @property
    def unknown(self) -> list[str]:
        return [one.said for one in self.columns if not one.meaning]


@dataclass(slots=True)
class Table:
    """Rows below one row of headings."""

    sheet: Sheet
    headings: Headings
    titles: list[str]
    """What stands above, the nearest last."""
    rows: list[SheetRow] = field(default_factory=list)


def tables(sheet: Sheet, own: Mapping[str, str]) -> list[Table]:
    """The tables of a sheet, one below the other; `own` are the office's meanings of headings."""
    found: list[Table] = []
    titles: list[str] = []
    skip_to = 0
    rows = list(sheet.rows)
    best = [_best(sheet, rows[at : at + DEPTH], own) for at in range(min(len(rows), SEARCHED))]
    # A word that stands alone above others is a title, even if it would do as a heading.
    least = min(2, max(map(_worth, best), default=0))
    for place, row in enumerate(rows):
        if row.number < skip_to:
            continue
        here = None
        if not found and place < SEARCHED:
            here = best[place]
        elif _looks_like_headings(row, own):
            here = _best(sheet, rows[place : place + DEPTH], own)
        if here is not None and _worth(here) >= least:
            found.append(Table(sheet, here, titles))
            titles, skip_to = [], here.last + 1
        elif found:
            found[-1].rows.append(row)
            words_ = [cell for cell in row.cells if cell is not None]
            titles = [str(words_[0])] if len(words_) == 1 else []
        else:
            titles += [str(cell) for cell in row.cells if isinstance(cell, str)]
    return found


def nearest_to_headings(sheet: Sheet) -> list[str]:
    """The words of the row that is most like headings, for saying what was not understood."""
    texts = [
        [cell for cell in row.cells if isinstance(cell, str)] for row in sheet.rows[:SEARCHED]
    ]
    return max(texts, key=len, default=[])[:20]


def is_known(heading: str, own: Mapping[str, str]) -> bool:
    return bool(_meaning([heading], own))


def _looks_like_headings(row: SheetRow, own: Mapping[str, str]) -> bool:
    """A row amid others that repeats headings, or begins another table."""
    said = [cell for cell in row.cells if cell is not None]
    known = [cell for cell in said if isinstance(cell, str) and _meaning([cell], own)]
    return len(known) >= 2 and len(known) * 3 >= len(said) * 2


def _best(sheet: Sheet, rows: Sequence[SheetRow], own: Mapping[str, str]) -> Headings | None:
    """The headings that begin in the first of these rows, if any do."""
    best: Headings | None = None
    for depth in range(1, len(rows) + 1):
        part = rows[:depth]
        if part[-1].number - part[0].number > DEPTH:
            break
        here = _headings(part, sheet.merges, own)
        without = _headings(part[1:], sheet.merges, own) if depth > 1 else None
        # A title above the headings adds nothing to them.
        if _worth(here) > max(_worth(best), _worth(without)):
            best = here
    return best


def _worth(headings: Headings | None) -> int:
    return sum(bool(one.meaning) for one in headings.columns) if headings else 0


def _headings(
    rows: Sequence[SheetRow], merges: Sequence[Merge], own: Mapping[str, str]
) -> Headings | None:
    width = max((len(row.cells) for row in rows), default=0)
    near = [m for m in merges if m.top <= rows[-1].number and m.bottom >= rows[0].number]
    columns: list[Column] = []
    taken: set[str] = set()
    for place in range(width):
        said = [str(cell) for row in rows if (cell := _over(rows, near, row, place)) is not None]
        said = list(dict.fromkeys(said))
        if not said:
            continue
        meaning = _meaning(said, own)
        if meaning in taken and meaning != UNUSED:
            meaning = UNUSED
        taken.add(meaning)
        columns.append(Column(place, " ".join(said), meaning))
    known = sum(bool(one.meaning) for one in columns)
    if known < 2 < len(columns):
        return None
    headings = Headings(rows[0].number, rows[-1].number, columns)
    if headings.column("name"):
        return headings
    for meaning, about in _PERSONS.items():
        if headings.column(meaning):
            named = [
                Column(one.place, one.said, "name") if one.meaning == meaning else one
                for one in columns
            ]
            return Headings(headings.first, headings.last, named, about)
    return None


def _over(rows: Sequence[SheetRow], merges: Sequence[Merge], row: SheetRow, place: int) -> Cell:
    """The cell over a column, also where it is one with its neighbours."""
    if (cell := row[place]) is not None:
        return cell
    for merge in merges:
        inside = merge.top <= row.number <= merge.bottom and merge.left <= place <= merge.right
        if inside and merge.bottom - merge.top < DEPTH:
            return next((r[merge.left] for r in rows if r.number == merge.top), None)
    return None


def _meaning(said: Sequence[str], own: Mapping[str, str]) -> str:
    """What the words over a column mean, from the top down; empty if nobody knows."""
    known = _meanings()
    for way in _ways(said):
        if found := own.get(plain(way)) or known.get(plain(way)):
            return found
    for way in _ways(said):
        for loosely in _loosely(way):
            if found := known.get(loosely):
                return found
    return _rank_meant(plain(" ".join(said)))


_BEFORE: Final = "学生|申报人|申请人|报名人|被推荐人|推荐|申报|报名|拟|现|本人"
_AFTER: Final = "名称|全称|情况|信息|填写|说明"


def _loosely(way: str) -> Iterator[str]:
    """A heading without remarks, numbers, another language beside it, words that say nothing."""
    bare = plain(_without_brackets(way))
    yield bare
    bare = re.sub(r"^\d+", "", bare)
    yield bare
    han, latin = re.sub(r"[\x00-\x7f]", "", bare), re.sub(r"[^\x00-\x7f]", "", bare)
    if len(han) > 1 and latin:
        yield from (han, latin)
    yield re.sub(f"^({_BEFORE})+|({_AFTER})+$", "", han)


def _rank_meant(said: str) -> str:
    """Which rank a heading asks for that names one in its own words."""
    if not re.search("排名|名次|位次|排位|百分比|百分位", said) or re.search(
        "班级|班内|班排", said
    ):
        return ""
    if re.search("学科|单科|科目|数学|物理|化学|生物|计算机", said):
        return "subject_rank"
    return "overall_rank" if re.search("综合|总分|总成绩|总评|全科|年级", said) else ""


_GROUP: Final = re.compile("(基本)?(信息|情况|资料|info(rmation)?)$", re.IGNORECASE)
_OTHERS: Final = re.compile("导师|教师|老师|家长|监护人|联系人|mentor|teacher|parent|guardian")


def _ways(said: Sequence[str]) -> Iterator[str]:
    """The ways of reading words in several rows as one: 学生信息 over 姓名 is 学生姓名."""
    *above, last = said
    if above:
        over = _GROUP.sub("", plain(above[-1]))
        yield over + plain(last)
        yield plain(last) + over
        if _OTHERS.search(over):
            # The name of somebody's mentor is not the student's.
            return
    yield last

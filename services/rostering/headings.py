"""Which row of a sheet holds the headings, and what each column means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

import yaml

from language.numerals import fold, tidy
from services.rostering.book import Cell, Merge, Sheet, SheetRow

UNUSED: Final = "unused"
"""The meaning of headings that are known and not used here."""
DEPTH: Final = 3
"""How many rows headings may take."""
SEARCHED: Final = 40
"""Among how many rows at the top of a sheet the headings are searched."""
_PERSONS: Final = {
    "mentor": "mentor",
    "teacher_name": "teacher",
    "school_teacher": "school_teacher",
    "guardian": "guardian",
}
"""Headings that name another person beside a student, by the word for their role. If a sheet has
no other names, it is a list of these people."""


@cache
def words(name: str) -> Mapping[str, Any]:
    """Word lists in this folder."""
    found = files("services.rostering").joinpath(f"{name}.yaml").read_text("utf-8")
    return dict(yaml.safe_load(found))


def plain(text: str) -> str:
    """A heading in a form for comparing: without blanks and punctuation, in one case and width."""
    folded = tidy(text).lower()
    folded = re.sub(r"必填|选填|可不填|请填写|required|optional", "", folded)
    return re.sub(r"[^\w#]", "", folded).replace("_", "")


def _without_brackets(text: str) -> str:
    return re.sub(r"[(（\[【].*?[)）\]】]", "", tidy(text))


@cache
def _meanings() -> Mapping[str, str]:
    return {
        fold(plain(said)): meaning for meaning, ways in words("headings").items() for said in ways
    }


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
    """Empty if it is not known."""
    repeats: str = ""
    """The meaning, if a column before it has the same one: then this column is not used."""
    group: str = ""
    """The words over several columns, among them this one."""

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
    """Whose names the column of names holds, if its heading says so: a word of `words.yaml`."""
    names: Sequence[Column] = ()
    """The columns of names, if it cannot be told which one is meant."""

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
    """The lines above the headings, the nearest last."""
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
            if found and titles and len(found[-1].headings.columns) > 2:
                # What stands alone above headings is their title, and nobody in the table before.
                found[-1].rows.pop()
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
    """The words of the row that is most like headings, to say what was not understood."""
    texts = [
        [_in_one_line(cell) for cell in row.cells if isinstance(cell, str)]
        for row in sheet.rows[:SEARCHED]
    ]
    return max(texts, key=len, default=[])[:20]


def is_known(heading: str, own: Mapping[str, str]) -> bool:
    return bool(_meaning([heading], own))


def is_heading(said: Cell) -> bool:
    """Whether a text is exactly what a column may be called."""
    return isinstance(said, str) and fold(plain(said)) in _meanings()


def lies_on_its_side(sheet: Sheet, table: Table | None = None) -> bool:
    """Whether headings stand one below the other, so that the table lies on its side."""
    if table is not None:
        name = table.headings.column("name")
        said = [row[name.place] for row in table.rows] if name else []
        said = [cell for cell in said if cell is not None]
        return sum(map(is_heading, said)) >= max(2, len(said) / 2)
    for place in range(DEPTH):
        said = [row[place] for row in sheet.rows[:SEARCHED]]
        known = {_meaning([str(cell)], {}) for cell in said if is_heading(cell)}
        if "name" in known and len(known) > 2:
            return True
    return False


def letters(place: int) -> str:
    """A column as spreadsheets name it: 0 is A."""
    name, rest = "", place + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        name = chr(65 + digit) + name
    return name


def _in_one_line(said: str) -> str:
    return re.sub(r"(?<![\x00-\x7f])\s*[\r\n]+\s*(?![\x00-\x7f])", "", said).replace("\n", " ")


def _looks_like_headings(row: SheetRow, own: Mapping[str, str]) -> bool:
    """Whether a row amid others repeats the headings, or begins another table."""
    said = [cell for cell in row.cells if cell is not None]
    known = [cell for cell in said if isinstance(cell, str) and _meaning([cell], own)]
    return len(known) >= 2 and len(known) * 3 >= len(said) * 2


def _best(sheet: Sheet, rows: Sequence[SheetRow], own: Mapping[str, str]) -> Headings | None:
    """The headings that begin in the first of these rows, if any do."""
    best: Headings | None = None
    wide = max((len(_filled(row)) for row in rows), default=0)
    for depth in range(1, len(rows) + 1):
        part = rows[:depth]
        if part[-1].number - part[0].number > DEPTH:
            break
        if depth > 1 and len(_filled(rows[0])) < 2 < wide:
            # A title above the headings is none of them.
            break
        here = _headings(part, sheet.merges, own)
        without = _headings(part[1:], sheet.merges, own) if depth > 1 else None
        if _worth(here) > max(_worth(best), _worth(without)) or (
            here is not None and best is not None and _goes_on(best, part[-1], sheet.merges, own)
        ):
            best = here
    return best


def _filled(row: SheetRow) -> list[Cell]:
    return [cell for cell in row.cells if cell is not None]


def _goes_on(
    above: Headings, row: SheetRow, merges: Sequence[Merge], own: Mapping[str, str]
) -> bool:
    """Whether headings go on in the row below: a cell of theirs reaches into it, or it holds
    nothing but headings and names less than they do."""
    if row.number != above.last + 1:
        return False
    name = above.column("name")
    if name is not None and row[name.place] is not None and not is_heading(row[name.place]):
        # That is somebody.
        return False
    if any(
        above.first <= m.top <= above.last < m.bottom < m.top + DEPTH and m.top != m.bottom
        for m in merges
    ):
        return True
    filled = _filled(row)
    return len(filled) < len(above.columns) and _looks_like_headings(row, own)


def _worth(headings: Headings | None) -> int:
    if headings is None:
        return 0
    return sum(bool(one.meaning) and not one.repeats for one in headings.columns)


_NOTHING_NEW: Final = "merged"
"""What a column repeats that is one with the column before it."""


def _headings(
    rows: Sequence[SheetRow], merges: Sequence[Merge], own: Mapping[str, str]
) -> Headings | None:
    width = max((len(row.cells) for row in rows), default=0)
    near = [m for m in merges if m.top <= rows[-1].number and m.bottom >= rows[0].number]
    columns: list[Column] = []
    taken: set[str] = set()
    for place in range(width):
        over = [_over(rows, near, number, place) for number in range(len(rows))]
        said = [(_in_one_line(str(cell)), aside) for cell, aside in over if cell is not None]
        if not said:
            continue
        ways = list(dict.fromkeys(words_ for words_, _ in said))
        meaning, repeats = _meaning(ways, own), ""
        if all(aside for _, aside in said):
            # One with the column before: it has no heading of its own.
            before = columns[-1] if columns else None
            known = before.repeats or before.meaning if before else ""
            meaning, repeats = UNUSED, known if known not in ("", UNUSED) else _NOTHING_NEW
        elif meaning in taken and meaning not in ("", UNUSED, "name"):
            meaning, repeats = UNUSED, meaning
        taken.add(meaning)
        group = ways[0] if len(ways) > 1 else ""
        columns.append(Column(place, " ".join(ways), meaning, repeats, group))
    columns, names = _one_name(columns)
    headings = Headings(rows[0].number, rows[-1].number, columns, names=names)
    if headings.column("name"):
        return headings
    if sum(bool(one.meaning) for one in columns) < 2 < len(columns):
        return None
    return _of_others(headings)


def _one_name(columns: list[Column]) -> tuple[list[Column], Sequence[Column]]:
    """The columns with one for the names, and those among which nobody can choose."""
    names = [one for one in columns if one.meaning == "name"]
    left = names
    for better in (_is_of_students, _is_in_chinese):
        if len(left) > 1 and any(map(better, left)):
            left = [one for one in left if better(one)]
    if len(names) < 2:
        return columns, ()
    kept = left[0]
    others = {one.place for one in names if one is not kept}
    return [
        replace(one, meaning="" if one.group else UNUSED, repeats="" if one.group else "name")
        if one.place in others
        else one
        for one in columns
    ], (left if len(left) > 1 else ())


def _is_of_students(column: Column) -> bool:
    return not column.group or _OF_STUDENTS.search(column.group) is not None


def _is_in_chinese(column: Column) -> bool:
    return not column.said.isascii()


def _of_others(headings: Headings) -> Headings | None:
    """The headings of a list of mentors or teachers, where nobody else is named."""
    columns = headings.columns
    meant = [meaning for meaning in _PERSONS if headings.column(meaning)]
    if not meant:
        return None
    of_students = any(headings.column(one) for one in _STUDENTS_ONLY)
    if of_students or any(_NAMES.search(one.said) for one in columns if not one.meaning):
        # Somebody else is the first in this list, under a heading that nobody knows.
        return None
    named = [replace(one, meaning="name") if one.meaning == meant[0] else one for one in columns]
    return replace(headings, columns=named, about=_PERSONS[meant[0]])


_STUDENTS_ONLY: Final = ("grade", "class", "level", "subject_rank", "overall_rank", "rank_size")
_NAMES: Final = re.compile("姓名|名字|学生|考生|选手|队员|学员|人员|^name|student", re.IGNORECASE)
_OF_STUDENTS: Final = re.compile(
    "学生|考生|学员|队员|选手|基本|个人|本人|申报人|申请人|报名人|被推荐|对象|student",
    re.IGNORECASE,
)


def _over(
    rows: Sequence[SheetRow], merges: Sequence[Merge], number: int, place: int
) -> tuple[Cell, bool]:
    """The cell over a column, also where it is one with its neighbours; and whether it stands in
    a column before."""
    row = rows[number]
    if (cell := row[place]) is not None:
        return cell, False
    for merge in merges:
        inside = merge.top <= row.number <= merge.bottom and merge.left <= place <= merge.right
        if inside and merge.bottom - merge.top < DEPTH:
            found = next((r[merge.left] for r in rows if r.number == merge.top), None)
            return found, merge.left < place
    # Without merging, a heading stands over the columns to its right that have words below only.
    below = rows[number + 1 :]
    for left in range(place, -1, -1):
        if not any(r[left] is not None for r in below):
            break
        if any(m.top <= row.number <= m.bottom and m.left <= left <= m.right for m in merges):
            break
        if (cell := row[left]) is not None:
            return cell, True
    return None, False


def _meaning(said: Sequence[str], own: Mapping[str, str]) -> str:
    """What the words over a column mean, from the top down; empty if nobody knows."""
    if own:
        for way in (" ".join(said), *_ways(said)):
            if found := own.get(plain(way)):
                return found
    return _known_meaning(tuple(said))


@lru_cache(maxsize=20_000)
def _known_meaning(said: Sequence[str]) -> str:
    known = _meanings()
    *above, last = said
    choice = _choices().get(fold(plain(last))) if above else None
    for way in _ways(said):
        if (found := known.get(fold(plain(way)))) and not (choice and way == last):
            return found
    if choice:
        # The first choice is of what stands above it, and of nothing else.
        meant = _known_meaning(tuple(above))
        return "" if meant in ("", UNUSED) else meant if choice == "first" else UNUSED
    if _is_about_others(above):
        return _of_somebody_else(_known_meaning(tuple(above)), _known_meaning((last,)))
    for way in _ways(said):
        for loosely in _loosely(fold(way)):
            if found := known.get(loosely):
                return found
    if not above and len(parts := tidy(last).split(" ")) > 1 and not last.isascii():
        # Two rows of headings that were written as one.
        return _known_meaning(tuple(parts))
    return _rank_meant(fold(plain(" ".join(said))))


def _of_somebody_else(whose: str, meaning: str) -> str:
    """What a heading means below one that names somebody beside the student."""
    if meaning == "name":
        return whose if whose in _PERSONS else ""
    return UNUSED if meaning in _NOT_ASKED_OF_OTHERS else ""


def _is_about_others(groups: Sequence[str]) -> bool:
    return any(_OTHERS.search(fold(plain(group))) for group in groups)


_NOT_ASKED_OF_OTHERS: Final = (UNUSED, "phone", "unit", "school", "id_number", "birth", "number")


@cache
def _choices() -> Mapping[str, str]:
    """Headings that say which of several, and not of what: 第一志愿."""
    return {
        fold(plain(str(said))): which
        for which, ways in words("words")["choices"].items()
        for said in ways
    }


_BEFORE: Final = "学生|申报人|申请人|报名人|被推荐人|考生|推荐|申报|报名|拟|现|本人|目前"
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
_OTHERS: Final = re.compile(
    "导师|教师|老师|家长|监护人|父亲|母亲|家庭|联系人|推荐人|负责人|经办人|填表人|校长|班主任|领队|专家|"
    "mentor|teacher|parent|guardian|contact|referee"
)


def _ways(said: Sequence[str]) -> Iterator[str]:
    """The ways of reading words in several rows as one: 学生信息 over 姓名 is 学生姓名."""
    *above, last = said
    for group in reversed(above):
        over = _GROUP.sub("", fold(plain(group)))
        yield over + plain(last)
        yield plain(last) + over
    if _is_about_others(above):
        # The name of somebody's mentor is not the student's.
        return
    yield last

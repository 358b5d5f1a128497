"""Whatever a file or a sheet holds, it ends in a plan or in a sentence."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.sheet_reader import CODES, NoBook, read
from programmes import catalogue
from prompts import LANGUAGES, render
from services.rostering import paperwork
from services.rostering.book import Book, Cell, Faulty, Merge, Sheet, SheetRow
from services.rostering.headings import is_heading, letters, words
from services.rostering.known import Roster
from services.rostering.plan import RosterPlan, plan
from storage.tables import Cohort
from tests.rosters.conftest import TODAY, Office
from tests.rosters.sheets import text, xlsx

pytestmark = pytest.mark.slow

HEADINGS: Final = [
    heading for ways in words("headings").values() for heading in ways if heading != "unused"
]
PROGRAMMES: Final = [programme.key for programme in catalogue.all_programmes()]
MADE: Final = datetime(2025, 1, 1, tzinfo=UTC)
GOOD: Final = xlsx(
    [["姓名", "学校", "年级", "出生日期"], ["张三", "甲中学", "高一", date(2010, 1, 2)]],
    merges=["A1:B1"],
)

cells: st.SearchStrategy[Cell] = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(
        [
            "张三",
            "李四",
            "高一",
            "2025级",
            "高2028级",
            "8%",
            "8/300",
            "前8%",
            "数学",
            "同上",
            "合计",
            "甲中学",
        ]
    ),
    st.sampled_from(
        ["注：x", "=1+1", "<b>", "〃", "导师", "五年级", "2010-02-30", "140199201003141028", "、"]
    ),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**6), 10**13).map(float),
    st.dates(),
    st.sampled_from([Faulty("#REF!"), Faulty("=…")]),
)


@st.composite
def books(draw: st.DrawFn) -> Book:
    """Sheets that begin with headings, or nearly so, and hold anything."""
    sheets = []
    for _ in range(draw(st.integers(1, 3))):
        width = draw(st.integers(1, 8))
        above = draw(st.lists(st.lists(cells, max_size=width), max_size=2))
        head: list[Cell] = draw(
            st.lists(
                st.one_of(st.sampled_from(HEADINGS), st.sampled_from(["姓名", "年级", "学校"])),
                min_size=width,
                max_size=width,
            )
        )
        below = draw(st.lists(st.lists(cells, max_size=width + 1), max_size=8))
        numbers = draw(st.integers(1, 5))
        rows = [
            SheetRow(number, row, draw(st.booleans()) and draw(st.booleans()), draw(st.booleans()))
            for number, row in enumerate([*above, head, *below], numbers)
        ]
        corners = st.tuples(*[st.integers(0, 9)] * 4)
        merges = [Merge(*found) for found in draw(st.lists(corners, max_size=3))]
        name = draw(st.sampled_from(["", "学生", "导师", "教师", "家长", "Sheet1"]))
        blind = draw(st.booleans())
        sheets.append(Sheet(name, rows, merges, draw(st.integers(0, 9)) == 0, blind))
    return Book(sheets)


def nobody(programme: str) -> Roster:
    return Roster(Cohort(id=1, programme=programme, name="一期", created_at=MADE), [], [], [])


def said(made: RosterPlan) -> None:
    """Everything can be said, in every language, and goes back as a sheet."""
    for language in LANGUAGES:
        for _, words_ in made.warnings:
            assert render(words_, language)
        assert all(render(one.reason, language) for one in made.rejected)
        assert made.refused is None or render(made.refused, language)
        paperwork.returned(made, language)


@settings(max_examples=300, deadline=None)
@given(books(), st.sampled_from(PROGRAMMES))
def test_any_sheet_becomes_a_plan(book: Book, programme: str) -> None:
    made = plan(nobody(programme), book, TODAY)
    said(made)
    if made.refused is not None:
        assert not made.new
    places = [(one.entry.sheet, one.entry.row, one.entry.name) for one in made.new]
    assert all(name and len(name) <= 60 for _, _, name in places)
    assert not any(is_heading(name) for _, _, name in places)
    rejected = {(one.sheet, one.number) for one in made.rejected}
    if len({sheet.name for sheet in book.sheets}) == len(book.sheets):
        assert rejected.isdisjoint((sheet, row) for sheet, row, _ in places)
    assert Book.from_bytes(book.to_bytes()) == book


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    readable(data)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_a_damaged_book_is_read_or_refused(seed: int, times: int) -> None:
    chance = random.Random(seed)
    data = bytearray(GOOD)
    for _ in range(times):
        data[chance.randrange(len(data))] = chance.randrange(256)
    readable(bytes(data[: chance.randrange(len(data))] if times % 5 == 0 else data))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_damaged_xml_in_a_whole_book_is_read_or_refused(seed: int) -> None:
    """The archive is sound, so that what is inside of it is reached."""
    import zipfile

    chance = random.Random(seed)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as book, zipfile.ZipFile(out, "w") as made:
        for name in book.namelist():
            content = bytearray(book.read(name))
            for _ in range(chance.randrange(4)):
                place = chance.randrange(len(content))
                content[place : place + chance.randrange(6)] = chance.randbytes(
                    chance.randrange(6)
                )
            made.writestr(name, bytes(content))
    readable(out.getvalue())


def readable(data: bytes) -> None:
    refused, book = "", None
    try:
        book = read(data)
    except NoBook as no_book:
        refused = no_book.code
    if book is None:
        assert refused in CODES
    else:
        said(plan(nobody("shanxi-2026"), book, TODAY))


NAMES: Final = st.text("张李王赵伟娜芳敏静丽强磊洋勇艳杰涛明", min_size=2, max_size=3)
PEOPLE: Final = st.lists(
    st.tuples(
        NAMES,
        st.sampled_from(["甲中学", "乙中学", ""]),
        st.sampled_from(["高一", "高1(3)班", "2024级", ""]),
        st.sampled_from(["数学", "物理学", "化学", ""]),
        st.one_of(st.none(), st.dates(date(2009, 1, 1), date(2010, 12, 31))),
        st.sampled_from(["1班", "2班", ""]),
        st.sampled_from(["吴志远", "郝云山", ""]),
    ),
    min_size=1,
    max_size=12,
)
COLUMNS: Final = ("姓名", "学校", "年级", "学科", "出生日期", "班级", "导师")


def taken(made: RosterPlan) -> list[Any]:
    told = [
        (e.name, e.school, e.grade, e.subject, e.born, e.mentors)
        for e in (one.entry for one in made.new)
    ]
    return sorted(told, key=str)


@settings(max_examples=60, deadline=None)
@given(PEOPLE, st.permutations(range(len(COLUMNS))), st.sampled_from([",", ";", "\t"]))
def test_how_a_sheet_is_laid_out_changes_nobody(
    people: Sequence[tuple[Any, ...]], order: Sequence[int], separator: str
) -> None:
    """Columns in another order, a title, blank rows, a total; a text instead of a book."""
    plainly = taken(plan(nobody("shanxi-2026"), read(xlsx([COLUMNS, *people])), TODAY))
    moved = [[row[place] for place in order] for row in (COLUMNS, *people)]
    odd = [["2026年学生推荐汇总表"], [], moved[0], [], *moved[1:], ["合计", f"{len(people)}人"]]
    assert taken(plan(nobody("shanxi-2026"), read(xlsx(odd)), TODAY)) == plainly
    as_text = text([["" if one is None else one for one in row] for row in moved], separator)
    assert taken(plan(nobody("shanxi-2026"), read(as_text), TODAY)) == plainly


OTHERS: Final = (
    ("指导教师", ("姓名", "电话")),
    ("中学指导教师", ("姓名", "单位", "职务")),
    ("家长信息", ("姓名", "与学生关系", "电话")),
    ("联系人", ("姓名", "手机")),
    ("成绩", ("期中", "期末")),
)


@settings(max_examples=80, deadline=None)
@given(
    PEOPLE,
    st.permutations(range(len(COLUMNS))),
    st.lists(st.sampled_from(OTHERS), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(0, len(COLUMNS)), min_size=3, max_size=3),
    st.booleans(),
)
def test_headings_in_two_rows_change_nobody(
    people: Sequence[tuple[Any, ...]],
    order: Sequence[int],
    others: Sequence[tuple[str, tuple[str, ...]]],
    places: Sequence[int],
    merged: bool,
) -> None:
    """Groups about others among the columns, their cells one on paper or only looking so."""
    plainly = taken(plan(nobody("shanxi-2026"), read(xlsx([COLUMNS, *people])), TODAY))
    columns: list[tuple[str, str | None, list[Any]]] = [
        (COLUMNS[place], None, [row[place] for row in people]) for place in order
    ]
    merges = []
    for (group, below), place in zip(others, sorted(places, reverse=True), strict=False):
        added = [
            (group if first else "", head, ["郑川"] * len(people))
            for first, head in zip((True, *[False] * 9), below, strict=False)
        ]
        columns[place:place] = added
    upper: list[Any] = [above or None for above, _, _ in columns]
    lower = [head for _, head, _ in columns]
    for at, (above, head, _) in enumerate(columns, 1):
        letter = letters(at - 1)
        if head is None:
            merges.append(f"{letter}1:{letter}2")
        elif above:
            width = next(len(below) for group, below in others if group == above)
            merges.append(f"{letter}1:{letters(at - 2 + width)}1")
    rows = [[values[row] for _, _, values in columns] for row in range(len(people))]
    sheet = xlsx([upper, lower, *rows], merges=merges if merged else ())
    made = plan(nobody("shanxi-2026"), read(sheet), TODAY)
    if made.refused is None:
        assert taken(made) == plainly
    else:
        assert not merged


@pytest.mark.slow
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(people=PEOPLE)
def test_a_sheet_twice_is_a_sheet_once_and_undone_is_never(
    office: Office, people: Sequence[tuple[Any, ...]]
) -> None:
    mentors = (
        "导师",
        [["姓名", "单位"], ["吴志远", "山西大学"], ["郝云山", "山西大学"]],
        "visible",
    )
    sheet = xlsx([COLUMNS, *people], others=[mentors])
    before = office.everything()
    first = office.bring(sheet)
    again = office.plan(sheet)
    assert (again.new, again.changed) == ([], [])
    assert again.unchanged == len(first.new)
    assert office.undo().kept == 0
    assert office.everything() == before

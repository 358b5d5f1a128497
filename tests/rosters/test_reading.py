"""Files as they come: what is read of them, and what is refused in a sentence."""

from __future__ import annotations

from datetime import date

import pytest

from jobs import sheet_reader, sheets
from jobs.sheet_reader import NoBook, read
from services.rostering.book import Faulty
from tests.rosters.sheets import bomb, far, many_rows, text, with_sheet, xlsx
from tests.tables import each_row

ROWS = [["姓名", "学校", "年级"], ["张三", "己中学", "高一"], ["李四", "己中学", "高二"]]


@each_row("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@each_row("separator", [",", ";", "\t"])
def test_text_is_read_in_every_usual_encoding(encoding: str, separator: str) -> None:
    (sheet,) = read(text(ROWS, separator, encoding)).sheets
    assert [list(row.cells) for row in sheet.rows] == ROWS


def test_lines_in_two_encodings_are_each_read_in_their_own() -> None:
    data = text(ROWS[:2]) + text(ROWS[2:], encoding="gb18030")
    assert [list(row.cells) for row in read(data).sheets[0].rows] == ROWS


def test_the_separator_is_the_one_that_makes_rows_even() -> None:
    rows = [["姓名", "学校"], ["张三", "甲中学, 东校区"], ["李四", "甲中学, 东校区"]]
    assert [list(row.cells) for row in read(text(rows, ";")).sheets[0].rows] == rows


def test_rows_of_a_text_are_numbered_as_a_spreadsheet_does() -> None:
    data = '姓名,备注\n\n张三,"一\n二"\n李四,无\n'.encode()
    assert [row.number for row in read(data).sheets[0].rows] == [1, 3, 4]


def test_cells_are_read_as_they_are_shown() -> None:
    def shown_as(sheet: object) -> None:
        sheet["C2"].number_format = "0%"  # type: ignore[index]  # an openpyxl sheet

    (sheet,) = read(
        xlsx([["生日", "电话", "名次"], [date(2010, 3, 14), 13900000101, 0.08]], change=shown_as)
    ).sheets
    assert list(sheet.rows[1].cells) == [date(2010, 3, 14), 13900000101.0, "8%"]


def test_days_are_counted_from_1904_where_the_book_says_so() -> None:
    (sheet,) = read(xlsx([["生日"], [date(2010, 3, 14)]], since_1904=True)).sheets
    assert sheet.rows[1][0] == date(2010, 3, 14)


def test_formulas_without_a_result_and_errors_are_no_values() -> None:
    (sheet,) = read(xlsx([["姓名", "年级"], ["=A1", "#REF!"]])).sheets
    assert list(sheet.rows[1].cells) == [Faulty("=…"), Faulty("#REF!")]


def test_what_is_hidden_is_marked_so() -> None:
    data = xlsx(
        ROWS, hidden_rows=[2], others=[("旧", ROWS, "hidden"), ("更旧", ROWS, "veryHidden")]
    )
    shown, *others = read(data).sheets
    assert [row.hidden for row in shown.rows] == [False, True, False]
    assert [sheet.hidden for sheet in others] == [True, True]


def test_a_format_far_away_is_not_a_cell_far_away() -> None:
    """Offices draw borders down to the last row: only what is written counts."""
    data = with_sheet(
        [
            b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>'
            b'<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData></worksheet>'
        ]
    )
    assert [row.number for row in read(data).sheets[0].rows] == [1]


@each_row(
    ("data", "code"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "unknown_kind"),
        (b"%PDF-1.4\n" + bytes(range(256)), "unknown_kind"),
        (b"<html><table><tr><td>x</td></tr></table></html>", "web_page"),
        (b"PK\x03\x04 cut off", "damaged"),
        (xlsx(ROWS)[:-400], "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "encrypted",
        ),
        (far("XFD1048576"), "far_cell"),
        (far("ZZ3"), "far_cell"),
        (b"a,b\n" * (sheet_reader.MOST_BYTES // 4 + 1), "too_large"),
        (text([["a", "b"]] * (sheet_reader.MOST_ROWS + 1)), "too_many_rows"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_reason(data: bytes, code: str) -> None:
    with pytest.raises(NoBook) as refused:
        read(data)
    assert refused.value.code == code


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pieces", "code"), [(bomb(400), "too_large"), (many_rows(1_000_000), "too_many_rows")]
)
async def test_a_bomb_ends_in_a_sentence(pieces: object, code: str) -> None:
    data = with_sheet(pieces)  # type: ignore[arg-type]  # parametrized
    assert len(data) < 8 * 1024 * 1024
    with pytest.raises(sheets.BookUnread) as refused:
        await sheets.read_apart(data)
    assert refused.value.code == code


async def test_another_process_reads_and_says_what_it_found() -> None:
    book = await sheets.read_apart(xlsx(ROWS))
    assert book == read(xlsx(ROWS))
    with pytest.raises(sheets.BookUnread) as refused:
        await sheets.read_apart(b"")
    assert refused.value.code == "empty"


async def test_a_reader_that_takes_too_long_is_ended() -> None:
    with pytest.raises(sheets.BookUnread) as refused:
        await sheets.read_apart(xlsx(ROWS), seconds=0.001)
    assert refused.value.code == "too_hard"

"""Writes .xlsx books: lists, rows that were rejected with their reasons, templates to fill in.

A cell that begins as a formula does is written as text, and marked so: what somebody typed into a
name is never run on an office's computer.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from services.rostering.book import Cells, Faulty

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
WIDEST: Final = 60
FILLED_IN: Final = 300
"""Rows of a template that offer a choice in their cells."""


def rejected(sheets: Sequence[tuple[str, Sequence[Cells], Sequence[Cells]]]) -> bytes:
    """A book of rejected rows: for each sheet its name, the rows of headings, the rows below."""
    from openpyxl.styles import Alignment, PatternFill

    book = _empty_book()
    for name, above, below in sheets:
        sheet = _list(book, name, above, below)
        for row, line in enumerate(below, len(above) + 1):
            reason = sheet.cell(row=row, column=len(line))
            reason.fill = PatternFill("solid", fgColor="FFF2CC")
            reason.alignment = Alignment(wrap_text=True, vertical="top")
    return _bytes(book)


def listed(sheets: Sequence[tuple[str, Cells, Sequence[Cells]]]) -> bytes:
    """A book of lists: for each sheet its name, its headings, and the rows below."""
    book = _empty_book()
    for name, headings, rows in sheets:
        sheet = _list(book, name, [headings], rows)
        sheet.auto_filter.ref = sheet.dimensions
    return _bytes(book)


def template(
    name: str,
    headings: Sequence[str],
    choices: Sequence[tuple[int, Sequence[str]]],
    notes: Sequence[str],
    notes_name: str,
) -> bytes:
    """A book to fill in: headings, with choices by column (from 0), and a sheet that explains."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet: Any = book.active
    sheet.title = _sheet_name(name, 1)
    _write(sheet, 1, headings)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for column, offered in choices:
        letter = get_column_letter(column + 1)
        listed = ",".join(offered)
        if offered and len(listed) <= 250:
            asked = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True)
            asked.add(f"{letter}2:{letter}{FILLED_IN}")
            sheet.add_data_validation(asked)
    for place in range(len(headings)):
        sheet.column_dimensions[get_column_letter(place + 1)].width = 18
        for row in range(2, FILLED_IN + 1):
            # Text, so that a spreadsheet does not turn 3/620 into the 3rd of June.
            sheet.cell(row=row, column=place + 1).number_format = "@"
    sheet.freeze_panes = "A2"
    beside = book.create_sheet(_sheet_name(notes_name, 2))
    for row, note in enumerate(notes, 1):
        _write(beside, row, [note])
    beside.column_dimensions["A"].width = WIDEST
    return _bytes(book)


def _empty_book() -> Any:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    return book


def _list(book: Any, name: str, above: Sequence[Cells], below: Sequence[Cells]) -> Any:
    """A new sheet with rows of headings, which stay in view, and the rows below them."""
    from openpyxl.styles import Font

    sheet = book.create_sheet(_sheet_name(name, len(book.worksheets) + 1))
    for row, line in enumerate(above, 1):
        _write(sheet, row, line)
    for cells in sheet.iter_rows():
        for cell in cells:
            cell.font = Font(bold=True)
    for row, line in enumerate(below, len(above) + 1):
        _write(sheet, row, line)
    _widen(sheet)
    sheet.freeze_panes = f"A{len(above) + 1}"
    return sheet


def _write(sheet: Worksheet, row: int, line: Cells) -> None:
    # The row is told: to ask a sheet how far it goes looks at every cell that it has.
    for column, said in enumerate(line, 1):
        if said is None:
            continue
        cell = sheet.cell(row=row, column=column)
        value = said.said if isinstance(said, Faulty) else said
        if isinstance(value, float) and value == int(value):
            value = int(value)
        if isinstance(value, str):
            value = "".join(sign for sign in value if sign >= " " or sign == "\n")
            cell.value = value
            cell.data_type = "s"
            if value.startswith(FORMULA_SIGNS):
                cell.quotePrefix = True
        else:
            cell.value = value
            if isinstance(value, date):
                cell.number_format = "yyyy-mm-dd"
            elif isinstance(value, int) and value > 10**9:
                cell.number_format = "0"


def _widen(sheet: Worksheet) -> None:
    from openpyxl.utils import get_column_letter

    for number, column in enumerate(sheet.iter_cols(values_only=True), 1):
        longest = max((len(str(value)) for value in column if value is not None), default=4)
        width = min(WIDEST, 2 * longest + 2)
        sheet.column_dimensions[get_column_letter(number)].width = width


def _sheet_name(name: str, number: int) -> str:
    bare = "".join(" " if sign in "[]:*?/\\'" else sign for sign in name).strip()
    return bare[:31] or f"Sheet{number}"


def _bytes(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()

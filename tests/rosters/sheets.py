"""Sheets as offices and schools send them, made for one test each."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

Rows = Sequence[Sequence[Any]]
_XML = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


def xlsx(
    rows: Rows,
    *,
    merges: Iterable[str] = (),
    hidden_rows: Iterable[int] = (),
    others: Iterable[tuple[str, Rows, str]] = (),
    since_1904: bool = False,
    change: Callable[[Any], None] | None = None,
) -> bytes:
    """A book; `others` are further sheets with their names and states."""
    book: Any = openpyxl.Workbook()
    if since_1904:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    sheet.title = "名单"
    for row in rows:
        sheet.append(row)
    for merge in merges:
        sheet.merge_cells(merge)
    for number in hidden_rows:
        sheet.row_dimensions[number].hidden = True
    for name, further, state in others:
        other = book.create_sheet(name)
        other.sheet_state = state
        for row in further:
            other.append(row)
    if change:
        change(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_sheet(pieces: Iterable[bytes]) -> bytes:
    """A book whose first sheet is this XML."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx([["姓名"], ["张三"]]))) as book,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in book.namelist():
            if name != "xl/worksheets/sheet1.xml":
                made.writestr(name, book.read(name))
                continue
            with made.open(name, "w", force_zip64=True) as member:
                for piece in pieces:
                    member.write(piece)
    return out.getvalue()


def bomb(megabytes: int) -> Iterator[bytes]:
    """XML that unpacks to so much, all of it in attributes of rows without a cell."""
    yield _XML
    row = b'<row r="1" spans="' + b"1:1" * 3000 + b'"/>'
    for _ in range(megabytes * 1024 * 1024 // len(row)):
        yield row
    yield b"</sheetData></worksheet>"


def many_rows(count: int) -> Iterator[bytes]:
    yield _XML
    for number in range(1, count + 1):
        yield b'<row r="%d"><c t="inlineStr"><is><t>a</t></is></c></row>' % number
    yield b"</sheetData></worksheet>"


def far(address: str) -> bytes:
    def put(sheet: Any) -> None:
        sheet[address] = "x"

    return xlsx([["姓名", "学校"], ["张三", "甲中学"]], change=put)


def text(rows: Rows, separator: str = ",", encoding: str = "utf-8") -> bytes:
    lines = (separator.join(map(str, row)) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode(encoding)

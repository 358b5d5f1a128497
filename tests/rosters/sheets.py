"""Sheets as offices and schools send them, made for one test each."""

from __future__ import annotations

import io
import struct
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


def xls(rows: Sequence[Sequence[str]], *, hidden_rows: Iterable[int] = ()) -> bytes:
    """A book of Excel 97 with one sheet of texts: a compound file of one stream."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def begin(kind: int) -> bytes:
        return record(0x809, struct.pack("<HHHHII", 0x600, kind, 0, 1997, 0, 6))

    name = "名单".encode("utf-16-le")
    bound = len(begin(5)) + 4 + 8 + len(name) + 4
    end = record(0x0A, b"")
    book = begin(5) + record(0x85, struct.pack("<IBBBB", bound, 0, 0, 2, 1) + name) + end
    unseen = set(hidden_rows)
    cells = b"".join(
        record(0x208, struct.pack("<6HI", at, 0, len(row), 255, 0, 0, 0x20 * (at + 1 in unseen)))
        + b"".join(
            record(
                0x204, struct.pack("<4HB", at, place, 0, len(cell), 1) + cell.encode("utf-16-le")
            )
            for place, cell in enumerate(row)
        )
        for at, row in enumerate(rows)
    )
    stream = (book + begin(0x10) + cells + end).ljust(4096, b"\0")
    stream = stream.ljust(-(-len(stream) // 512) * 512, b"\0")
    sectors = len(stream) // 512
    free, last = 0xFFFFFFFF, 0xFFFFFFFE
    chain = [*range(3, sectors + 2), last]
    table = [0xFFFFFFFD, last, *chain]
    entries = b"".join(
        called.encode("utf-16-le").ljust(64, b"\0")
        + struct.pack(
            "<HBBIII36xIII", 2 * len(called) + 2, kind, 1, free, free, child, start, size, 0
        )
        for called, kind, child, start, size in (
            ("Root Entry", 5, 1, last, 0),
            ("Workbook", 2, free, 2, len(stream)),
        )
    )
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + struct.pack(
        "<16xHHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, last, 0, last, 0
    )
    numbers = struct.pack("<109I", 0, *[free] * 108)
    fat = struct.pack("<128I", *table, *[free] * (128 - len(table)))
    return head + numbers + fat + entries.ljust(512, b"\0") + stream

"""Reads one book of sheets in a process of its own: `python -m jobs.sheet_reader`, bytes on stdin.

What is sent is distrusted: a malicious file may hang the reader or fill its memory; then only this
process ends. What a file is, its first bytes say and not its name. The first line of the output
says whether it was read.
"""

from __future__ import annotations

import csv
import io
import lzma
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from posixpath import normpath
from typing import IO, Any, Final

from services.rostering.book import Book, Cell, Faulty, Merge, Sheet, SheetRow
from storage.limits import limit_memory, limit_time

READ: Final = b"read"
UNREAD: Final = b"unread"
MEMORY: Final = 1024 * 1024 * 1024
"""Maximum address space in bytes, on systems that can limit it."""
SECONDS: Final = 40
"""Maximum processor time."""

MEGABYTE: Final = 1024 * 1024
MOST_BYTES: Final = 20 * MEGABYTE
MOST_UNPACKED: Final = 120 * MEGABYTE
"""Bytes that a book may unpack to."""
MOST_ROWS: Final = 20_000
"""Rows with something in them, of a whole book."""
FARTHEST_ROW: Final = 100_000
MOST_COLUMNS: Final = 256
MOST_SHEETS: Final = 30
MOST_MERGES: Final = 20_000
MOST_LETTERS: Final = 300
"""Of one cell; what follows is cut off. Nothing in a roster is as long."""
MOST_WORDS: Final = 400_000
"""Texts that the cells of a book may share."""


class NoBook(Exception):
    """What was sent is no book that can be read. `code` is one of `CODES`, `gaps` what fills the
    sentence."""

    def __init__(self, code: str, **gaps: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.gaps = gaps


CODES: Final = (
    *("damaged", "empty", "unknown_kind", "web_page", "encrypted"),
    *("too_large", "too_many_rows", "far_cell", "open_quote"),
)


# ---------------------------------------------------------------- which kind


def read(data: bytes) -> Book:
    """The sheets of a book. Raises `NoBook`."""
    if not data.strip():
        raise NoBook("empty")
    if len(data) > MOST_BYTES:
        raise NoBook("too_large", megabytes=MOST_BYTES // MEGABYTE)
    if data.startswith(b"PK"):
        return _Workbook(data).read()
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _old_excel(data)
    head = data[:1024].lstrip(b"\xef\xbb\xbf\r\n\t ").lower()
    if head.startswith((b"<", b"mime-version:")):
        raise NoBook("web_page")
    return _text(data)


@dataclass
class _Count:
    """What has been read of a book, against its limits."""

    rows: int = 0
    sheets: list[Sheet] = field(default_factory=list)

    def row(self, number: int) -> None:
        self.rows += 1
        if self.rows > MOST_ROWS:
            raise NoBook("too_many_rows", most=MOST_ROWS)
        if number > FARTHEST_ROW:
            raise NoBook("far_cell", row=number, most=FARTHEST_ROW)


def _tidy(text: str) -> str:
    return text[:MOST_LETTERS].strip()


def _letters(column: int) -> str:
    """A column as spreadsheets name it: 0 is A."""
    name, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        name = chr(65 + digit) + name
    return name


# ---------------------------------------------------------------- .xlsx


class _Limited(io.RawIOBase):
    """A member of an archive, unpacked no further than its book may be."""

    def __init__(self, inner: IO[bytes], book: _Workbook) -> None:
        self._inner, self._book = inner, book

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        got = self._inner.read(64 * 1024 if size < 0 else size)
        self._book.unpacked += len(got)
        if self._book.unpacked > MOST_UNPACKED:
            raise NoBook("too_large", megabytes=MOST_UNPACKED // MEGABYTE)
        return got


@dataclass(frozen=True, slots=True)
class _Format:
    is_date: bool = False
    is_percent: bool = False
    is_struck: bool = False
    """Whether what it shows is struck through."""


_BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(KeyError, ValueError, OverflowError, NotImplementedError, RuntimeError),
)
"""What an archive raises that is not whole."""


class _Workbook:
    """An .xlsx, its XML read as a stream: what it unpacks to is counted while it unpacks."""

    def __init__(self, data: bytes) -> None:
        self.unpacked = 0
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN:
            raise NoBook("damaged") from None
        self._names = set(self._zip.namelist())
        if any(one.flag_bits & 1 for one in self._zip.infolist()):
            raise NoBook("encrypted")
        if "xl/workbook.xml" not in self._names:
            raise NoBook("unknown_kind")

    def read(self) -> Book:
        try:
            return self._read()
        except _BROKEN:
            raise NoBook("damaged") from None

    def _read(self) -> Book:
        from lxml.etree import XMLSyntaxError

        count = _Count()
        try:
            targets = dict(self._relations())
            self._words = list(self._shared())
            self._formats = list(self._styles())
            for name, hidden, relation in list(self._sheets())[:MOST_SHEETS]:
                if (member := targets.get(relation, "")) in self._names:
                    count.sheets.append(self._sheet(name, hidden, member, count))
        except XMLSyntaxError:
            raise NoBook("damaged") from None
        return Book(count.sheets)

    def _elements(self, member: str, *wanted: str) -> Iterator[tuple[str, Any]]:
        """The elements with these names (without their namespaces), each freed after its turn."""
        from lxml import etree

        with self._zip.open(member) as inner:
            found = etree.iterparse(
                _Limited(inner, self),
                events=("end",),
                tag=[f"{{*}}{name}" for name in wanted],
                resolve_entities=False,
                no_network=True,
                load_dtd=False,
                remove_comments=True,
                remove_pis=True,
                huge_tree=False,
            )
            for _, element in found:
                yield element.tag.rpartition("}")[2], element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]

    def _relations(self) -> Iterator[tuple[str, str]]:
        member = "xl/_rels/workbook.xml.rels"
        if member not in self._names:
            raise NoBook("damaged")
        for _, one in self._elements(member, "Relationship"):
            target = one.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            yield one.get("Id", ""), normpath(path)

    def _sheets(self) -> Iterator[tuple[str, bool, str]]:
        self._epoch = date(1899, 12, 30)
        found = []
        for kind, one in self._elements("xl/workbook.xml", "workbookPr", "sheet"):
            if kind == "workbookPr":
                if one.get("date1904") in ("1", "true", "on"):
                    self._epoch = date(1904, 1, 1)
                continue
            relation = next((v for k, v in one.attrib.items() if k.endswith("}id")), "")
            found.append((_tidy(one.get("name", "")), one.get("state", "visible"), relation))
        for name, state, relation in found:
            yield name, state != "visible", relation

    def _shared(self) -> Iterator[str]:
        if (member := "xl/sharedStrings.xml") in self._names:
            for number, (_, one) in enumerate(self._elements(member, "si")):
                if number >= MOST_WORDS:
                    raise NoBook("too_many_rows", most=MOST_ROWS)
                yield _said(one)

    def _styles(self) -> Iterator[_Format]:
        if (member := "xl/styles.xml") not in self._names:
            return
        own: dict[str, str] = {}
        struck: set[str] = set()
        for kind, one in self._elements(member, "numFmt", "fonts", "cellXfs"):
            match kind:
                case "numFmt":
                    own[one.get("numFmtId", "")] = one.get("formatCode", "")
                case "fonts":
                    struck = {str(place) for place, font in enumerate(one) if _is_struck(font)}
                case _:
                    for xf in one:
                        shown = _format(xf.get("numFmtId", "0"), own)
                        yield replace(shown, is_struck=xf.get("fontId") in struck)

    def _sheet(self, name: str, hidden: bool, member: str, count: _Count) -> Sheet:
        rows: list[SheetRow] = []
        merges: list[Merge] = []
        number = 0
        for kind, one in self._elements(member, "row", "mergeCell"):
            if kind == "mergeCell":
                if len(merges) < MOST_MERGES and (merge := _merge(one.get("ref", ""))):
                    merges.append(merge)
                continue
            number = _whole(one.get("r")) or number + 1
            cells = self._cells(one, number)
            if any(cell is not None for cell in cells):
                count.row(number)
                unseen = one.get("hidden") in ("1", "true") or one.get("ht") in ("0", "0.0")
                rows.append(SheetRow(number, cells, unseen, self._all_struck(one)))
        return Sheet(name, rows, merges, hidden)

    def _all_struck(self, row: Any) -> bool:
        """Whether every cell of a row that holds something is struck through."""
        styles = [_whole(one.get("s", "0")) or 0 for one in row if len(one)]
        return bool(styles) and all(
            style < len(self._formats) and self._formats[style].is_struck for style in styles
        )

    def _cells(self, row: Any, number: int) -> list[Cell]:
        cells: list[Cell] = []
        column = -1
        for one in row:
            column = _column(one.get("r")) if one.get("r") else column + 1
            cell = self._cell(one)
            if cell is None:
                continue
            if column >= MOST_COLUMNS:
                raise NoBook("far_cell", row=number, column=_letters(column), most=MOST_COLUMNS)
            cells += [None] * (column + 1 - len(cells))
            cells[column] = cell
        return cells

    def _cell(self, one: Any) -> Cell:
        kind = one.get("t", "n")
        parts = {part.tag.rpartition("}")[2]: part for part in one}
        if kind == "inlineStr":
            return _said(parts["is"]) or None if "is" in parts else None
        raw = (parts["v"].text or "").strip() if "v" in parts else ""
        if kind == "e":
            return Faulty(raw or "#N/A")
        if not raw:
            return Faulty("=…") if "f" in parts else None
        if kind == "s":
            place = _whole(raw)
            words = self._words[place] if place is not None and place < len(self._words) else ""
            return words or None
        if kind == "b":
            return "TRUE" if raw == "1" else "FALSE"
        if kind == "n":
            with suppress(ValueError, OverflowError):
                return self._number(float(raw), _whole(one.get("s", "0")) or 0)
        if kind == "d":
            with suppress(ValueError):
                return datetime.fromisoformat(raw).date()
        return _tidy(raw) or None

    def _number(self, value: float, style: int) -> Cell:
        shown = self._formats[style] if style < len(self._formats) else _Format()
        if shown.is_date:
            with suppress(OverflowError, ValueError):
                # Excel has a 29th of February 1900, so before March its days are one later.
                early = 1 if self._epoch.year == 1899 and value < 60 else 0
                return self._epoch + timedelta(days=int(value) + early)
        if shown.is_percent:
            return f"{round(value * 100, 6):g}%"
        return value


def _said(element: Any) -> str:
    """The text of a string, all its pieces, without what only tells how it is read aloud."""
    pieces = [
        piece.text or ""
        for piece in element.iter("{*}t")
        if not piece.getparent().tag.endswith("}rPh")
    ]
    return _tidy("".join(pieces))


def _is_struck(font: Any) -> bool:
    found = font.find("{*}strike")
    return found is not None and found.get("val", "1") not in ("0", "false")


_DATE_FORMATS: Final = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_UNSEEN: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')


def _format(number: str, own: dict[str, str]) -> _Format:
    code = own.get(number, "")
    if code:
        shown = _UNSEEN.sub("", code).lower()
        is_date = "general" not in shown and re.search("[ymdhs年月日]", shown) is not None
        return _Format(is_date, "%" in shown)
    known = _whole(number) or 0
    return _Format(known in _DATE_FORMATS, known in (9, 10))


def _whole(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch("[0-9]{1,9}", text) else None


def _column(address: str) -> int:
    column = 0
    for letter in address[:4]:
        if not "A" <= letter <= "Z":
            break
        column = column * 26 + ord(letter) - 64
    return column - 1


def _merge(address: str) -> Merge | None:
    found = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})", address)
    if found is None:
        return None
    left, top, right, bottom = found.groups()
    return Merge(int(top), _column(left), int(bottom), _column(right))


# ---------------------------------------------------------------- .xls


def _old_excel(data: bytes) -> Book:
    """A book of Excel 97 to 2003."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise NoBook("encrypted")
    if "WordDocument".encode("utf-16-le") in data or "PowerPoint".encode("utf-16-le") in data:
        raise NoBook("unknown_kind")
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    count = _Count()
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        unseen = hidden_rows(data, len(book.sheets_metadata))
        for place, about in enumerate(book.sheets_metadata[:MOST_SHEETS]):
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(about.name)
            if sheet.end is not None and sheet.end[0] >= FARTHEST_ROW:
                raise NoBook("far_cell", row=sheet.end[0] + 1, most=FARTHEST_ROW)
            rows = []
            for number, values in enumerate(sheet.to_python(skip_empty_area=False), 1):
                cells = [_old_cell(value) for value in values]
                if any(cell is not None for cell in cells):
                    count.row(number)
                    is_unseen = unseen is not None and number in unseen[place]
                    rows.append(SheetRow(number, cells, is_unseen))
            merges = [
                Merge(top + 1, left, bottom + 1, right)
                for (top, left), (bottom, right) in (sheet.merged_cell_ranges or ())[:MOST_MERGES]
            ]
            hidden = about.visible != SheetVisibleEnum.Visible
            count.sheets.append(Sheet(_tidy(about.name), rows, merges, hidden, unseen is None))
    except (CalamineError, OSError, ValueError) as error:
        if "password" in str(error).lower() or "encrypt" in str(error).lower():
            raise NoBook("encrypted") from None
        raise NoBook("damaged") from None
    return Book(count.sheets)


def hidden_rows(data: bytes, sheets: int) -> list[set[int]] | None:
    """The numbers of the rows that an .xls hides, by sheet; `None` if that cannot be told.

    The library does not tell, so the records of rows are looked at here.
    """
    try:
        stream = _workbook_stream(data)
        starts = [
            struct.unpack_from("<I", body)[0] for kind, body in _records(stream, 0) if kind == 0x85
        ]
        if len(starts) != sheets:
            return None
        found: list[set[int]] = [
            {
                struct.unpack_from("<H", body)[0] + 1
                for kind, body in _records(stream, start)
                if kind == 0x208 and struct.unpack_from("<H", body, 12)[0] & 0x20
            }
            for start in starts[:MOST_SHEETS]
        ]
    except (struct.error, IndexError, ValueError):
        return None
    return found


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records of a part of an .xls, from its beginning to its end."""
    deep = 0
    while True:
        kind, length = struct.unpack_from("<HH", stream, at)
        at += 4
        deep += (kind in (0x09, 0x209, 0x409, 0x809)) - (kind == 0x0A)
        yield kind, stream[at : at + length]
        if kind == 0x0A and deep <= 0:
            return
        at += length


_SECTORS: Final = 0xFFFFFFFA
"""Numbers from here on are no sectors of a compound file."""


def _workbook_stream(data: bytes) -> bytes:
    """The stream of a compound file that holds the book. Raises what reading past an end raises,
    or `ValueError`."""
    shift, small = struct.unpack_from("<H", data, 30)[0], struct.unpack_from("<I", data, 56)[0]
    if shift not in (9, 12):
        raise ValueError
    size = 1 << shift

    def sector(number: int) -> bytes:
        return data[(number + 1) * size : (number + 2) * size]

    tables = [one for one in struct.unpack_from("<109I", data, 76) if one < _SECTORS]
    further, rest = struct.unpack_from("<II", data, 68)
    for _ in range(min(rest, len(data) // size)):
        numbers = struct.unpack(f"<{size // 4}I", sector(further))
        tables += [one for one in numbers[:-1] if one < _SECTORS]
        further = numbers[-1]
    nexts = [one for table in tables for one in struct.unpack(f"<{size // 4}I", sector(table))]

    def chain(number: int) -> bytes:
        parts: list[bytes] = []
        while number < _SECTORS and len(parts) <= len(nexts):
            parts.append(sector(number))
            number = nexts[number]
        return b"".join(parts)

    folder = chain(struct.unpack_from("<I", data, 48)[0])
    for at in range(0, len(folder), 128):
        name = folder[at : at + folder[at + 64]].decode("utf-16-le", "replace").rstrip("\0")
        first, length = struct.unpack_from("<II", folder, at + 116)
        if name in ("Workbook", "Book") and length >= small:
            return chain(first)[:length]
    raise ValueError


def _old_cell(value: Any) -> Cell:
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return float(value)
        case datetime():
            return value.date()
        case date():
            return value
        case str() if value.startswith("#") and value.rstrip("!?").isupper():
            return Faulty(value)
        case _:
            return _tidy(str(value)) or None


# ---------------------------------------------------------------- text


def _text(data: bytes) -> Book:
    """A text with separators, one row a line."""
    text = _decoded(data)
    first, _, rest = text.partition("\n")
    told = re.fullmatch(r"sep=(.)\r?", first)
    # The line that tells the separator is a row of the sheet all the same.
    ways = [(told[1], [[], *_split(rest, told[1])])] if told else _ways(text)
    separator, rows = max(ways, key=lambda way: _evenness(way[1]))
    _refuse_swallowed(rows, separator)
    count = _Count()
    found = []
    for number, values in enumerate(rows, 1):
        if len(values) > MOST_COLUMNS and any(values[MOST_COLUMNS:]):
            raise NoBook(
                "far_cell", row=number, column=_letters(len(values) - 1), most=MOST_COLUMNS
            )
        cells = [_typed(value) for value in values[:MOST_COLUMNS]]
        if any(cell is not None for cell in cells):
            count.row(number)
            found.append(SheetRow(number, cells))
    return Book([Sheet("", found)])


SEPARATORS: Final = (",", ";", "\t", "，", "；", "|")


def _refuse_swallowed(rows: Sequence[Sequence[str]], separator: str) -> None:
    """Refuse a text in which a quotation mark without its counterpart makes one cell of rows."""
    # The headings are rarely torn.
    width = next((len(row) for row in rows if sum(bool(one.strip()) for one in row) > 1), 0)
    for number, row in enumerate(rows, 1):
        for cell in row:
            further = cell.splitlines()[1:]
            if any(line.count(separator) >= max(width - 1, 1) for line in further):
                raise NoBook("open_quote", row=number)


def _ways(text: str) -> Iterator[tuple[str, list[list[str]]]]:
    for separator in SEPARATORS:
        if separator in text:
            yield separator, _split(text, separator)
    yield "\n", [[line] for line in text.splitlines()]


def _split(text: str, separator: str) -> list[list[str]]:
    csv.field_size_limit(MOST_UNPACKED)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    found: list[list[str]] = []
    try:
        for row in rows:
            found.append(row)
            if len(found) > FARTHEST_ROW:
                break
    except csv.Error:
        raise NoBook("damaged") from None
    return found


def _evenness(rows: Sequence[Sequence[str]]) -> int:
    """How many cells stand in rows of the usual width: the right separator makes them even."""
    widths: dict[int, int] = {}
    for row in rows[:500]:
        if any(cell.strip() for cell in row):
            widths[len(row)] = widths.get(len(row), 0) + 1
    wide = {width: times for width, times in widths.items() if width > 1}
    return max((width * times for width, times in wide.items()), default=0)


def _decoded(data: bytes) -> str:
    """A text in UTF-8, UTF-16 or GB18030, also where lines of two of them were put together."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _whole_text(data, "utf-16")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in data:
        even, odd = data[0:2000:2].count(0), data[1:2000:2].count(0)
        if not (even or odd) or len(data) % 2:
            raise NoBook("unknown_kind")
        return _whole_text(data, "utf-16-le" if odd >= even else "utf-16-be")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        lines = data.split(b"\n")
        text = "\n".join(map(_line, lines))
        if text.count("\ufffd") > max(len(lines), 10):
            raise NoBook("unknown_kind") from None
    if sum(1 for sign in text[:5000] if sign < " " and sign not in "\t\r\n\x0b\x0c") > 5:
        raise NoBook("unknown_kind")
    return text


def _whole_text(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise NoBook("unknown_kind") from None


def _line(line: bytes) -> str:
    with suppress(UnicodeDecodeError):
        return line.decode()
    damaged = line.decode("utf-8", "replace")
    # What is UTF-8 but for a character or two was cut off: in another encoding it would read as
    # something that nobody wrote.
    if len(re.findall("[\u4e00-\u9fff]", damaged)) > damaged.count("\ufffd"):
        return damaged
    return line.decode("gb18030", "replace")


def _typed(value: str) -> Cell:
    value = value.strip().strip("\0")
    # Offices write ="0138" so that a spreadsheet keeps the zero.
    if found := re.fullmatch(r'="([^"]*)"', value):
        value = found[1]
    if re.fullmatch(r"#(REF!|N/A|VALUE!|DIV/0!|NAME\?|NULL!|NUM!)", value):
        return Faulty(value)
    return _tidy(value) or None


# ---------------------------------------------------------------- the process


def main() -> None:
    limit_memory(MEMORY)
    limit_time(SECONDS)
    try:
        book = read(sys.stdin.buffer.read(MOST_BYTES + 1))
    except NoBook as reason:
        import json

        _tell(UNREAD, json.dumps({"code": reason.code, "gaps": reason.gaps}).encode())
    else:
        _tell(READ, book.to_bytes())


def _tell(how: bytes, what: bytes) -> None:
    sys.stdout.buffer.write(how + b"\n" + what)


if __name__ == "__main__":
    main()

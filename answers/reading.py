"""Read a document that an office sends: its bytes in, its text in passages out.

What is sent is distrusted: how much of it is looked at is limited, nothing it refers to is
fetched, nothing in it is run. The libraries are imported when a document is read, not before.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar, Final

from answers.sections import Document, Line, divide

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from pypdf import PageObject

__all__ = ["Damaged", "Document", "Encrypted", "Scanned", "TooLarge", "UnknownKind", "Unreadable"]

MEGABYTE: Final = 1024 * 1024
MOST_BYTES: Final = 20 * MEGABYTE
MOST_PAGES: Final = 300
MOST_CHARACTERS: Final = 400_000
MOST_UNPACKED: Final = 60 * MEGABYTE
"""Bytes of a Word document once it is unpacked: pictures and all."""
MOST_RATIO: Final = 200
"""How many times its size a part of a Word document may unpack to, if it is large."""
MOST_MEMBERS: Final = 2_000
CELLS: Final = " | "
"""Between the cells of a table's row."""


class Unreadable(Exception):
    """A document that cannot be read. `code` says why, `gaps` what fills the sentence."""

    code: ClassVar[str] = "damaged"

    def __init__(self, **gaps: int) -> None:
        super().__init__(self.code)
        self.gaps = gaps


class Damaged(Unreadable):
    """Not whole, or not what it says it is."""


class UnknownKind(Unreadable):
    """No kind of document that is read here."""

    code = "unknown_kind"


class Encrypted(Unreadable):
    """It takes a password to read it."""

    code = "encrypted"


class Scanned(Unreadable):
    """Pictures of pages: there is no text in it."""

    code = "scanned"


class Empty(Unreadable):
    """There is nothing in it."""

    code = "empty"


class TooLarge(Unreadable):
    """More bytes than are looked at."""

    code = "too_large"


class TooLong(Unreadable):
    """More pages or characters than are looked at."""

    code = "too_long"


def read(data: bytes, name: str) -> Document:
    """The title and the passages of a document: text, Word, PDF or a web page, as its bytes say.

    `name` is the file's name; it lends the title where the document shows none. Raises an
    `Unreadable`.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge(megabytes=MOST_BYTES // MEGABYTE)
    pictures = False
    if data.startswith(b"%PDF-"):
        lines, pictures = _of_pdf(data)
    elif data.startswith(b"PK\x03\x04"):
        lines = _of_word(data)
    elif data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        # An old .doc, or a .docx with a password, which is wrapped in the old format.
        raise Encrypted if "EncryptedPackage".encode("utf-16-le") in data else UnknownKind
    else:
        text = _decoded(data)
        page = _MARKUP.match(text) or name.casefold().endswith((".html", ".htm"))
        lines = _of_page(text) if page else _of_text(text)
    if not any(line.text.strip() for line in lines):
        raise Empty
    if sum(len(line.text) for line in lines) > MOST_CHARACTERS:
        raise TooLong(pages=MOST_PAGES, characters=MOST_CHARACTERS)
    document = divide(lines, PurePath(name.replace("\\", "/")).stem)
    return replace(document, doubts=(*document.doubts, "pictures")) if pictures else document


# ---------------------------------------------------------------- text


def _decoded(data: bytes) -> str:
    """Text, as Windows and everybody else writes it. Raises `Empty` and `UnknownKind`."""
    if not data.strip():
        raise Empty
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _NOT_TEXT.search(text):
            return text
    raise UnknownKind


_NOT_TEXT: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_MARKUP: Final = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I)


def _of_text(text: str) -> list[Line]:
    pages = text.split("\f")
    return [Line(line, page) for page, said in enumerate(pages, 1) for line in said.splitlines()]


# ---------------------------------------------------------------- PDF


def _of_pdf(data: bytes) -> tuple[list[Line], bool]:
    """The lines, and whether some page is a picture, of which nothing was read."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        # Many are locked against changing only, and open with no password.
        if reader.is_encrypted and not reader.decrypt(""):
            raise Encrypted
        if len(reader.pages) > MOST_PAGES:
            raise TooLong(pages=MOST_PAGES, characters=MOST_CHARACTERS)
        pages: list[list[str]] = []
        length, pictures = 0, False
        for page in reader.pages:
            said = page.extract_text()
            pictures = pictures or (not re.search(r"[^\W\d_]", said) and _shows_picture(page))
            length += len(said)
            if length > MOST_CHARACTERS:
                raise TooLong(pages=MOST_PAGES, characters=MOST_CHARACTERS)
            pages.append([line for line in said.splitlines() if line.strip()])
    except (FileNotDecryptedError, DependencyError):
        raise Encrypted from None
    except LimitReachedError:
        raise TooLong(pages=MOST_PAGES, characters=MOST_CHARACTERS) from None
    except Unreadable:
        raise
    except (PyPdfError, ArithmeticError, AttributeError, LookupError, RecursionError) as damage:
        raise Damaged from damage
    except (TypeError, ValueError, AssertionError, OSError, zlib.error) as damage:
        raise Damaged from damage
    if not pages:
        raise Empty
    letters = sum(len(line) for page in pages for line in page)
    if letters < 20 * len(pages) and letters < 200:
        raise Scanned
    lines = [
        Line(line, number)
        for number, page in enumerate(_without_running_heads(pages), 1)
        for line in page
    ]
    return lines, pictures


def _shows_picture(page: PageObject) -> bool:
    from pypdf.generic import DictionaryObject

    none = DictionaryObject()
    objects = page.get("/Resources", none).get_object().get("/XObject", none).get_object()
    return any(one.get_object().get("/Subtype") == "/Image" for one in objects.values())


def _without_running_heads(pages: Sequence[list[str]]) -> list[list[str]]:
    """What stands at the top or the bottom of most pages, whatever its number, is left out."""
    edges = 2
    seen = Counter(
        key for page in pages for key in {_alike(line) for line in (*page[:edges], *page[-edges:])}
    )
    running = {key for key, count in seen.items() if count >= max(3, 0.5 * len(pages))}
    return [
        [
            line
            for place, line in enumerate(page)
            if edges <= place < len(page) - edges or _alike(line) not in running
        ]
        for page in pages
    ]


def _alike(line: str) -> str:
    return re.sub(r"\s+", "", re.sub(r"\d+", "#", line))


# ---------------------------------------------------------------- Word


def _of_word(data: bytes) -> list[Line]:
    _check_archive(data)
    from docx import Document as open_word
    from docx.opc.exceptions import OpcError
    from lxml.etree import LxmlError

    try:
        return list(_word_lines(open_word(io.BytesIO(data))))
    except (OpcError, LxmlError, KeyError, ValueError, AttributeError, TypeError) as damage:
        raise Damaged from damage
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as damage:
        raise Damaged from damage
    except RuntimeError:
        raise Encrypted from None


def _check_archive(data: bytes) -> None:
    """Look at what an archive says of itself. `zipfile` unpacks no more than that."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as damage:
        raise Damaged from damage
    if "word/document.xml" not in {member.filename for member in members}:
        raise UnknownKind
    if any(member.flag_bits & 1 for member in members):
        raise Encrypted
    unpacked = sum(member.file_size for member in members)
    swollen = any(
        member.file_size > MEGABYTE
        and member.file_size > MOST_RATIO * max(1, member.compress_size)
        for member in members
    )
    if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED or swollen:
        raise TooLarge(megabytes=MOST_UNPACKED // MEGABYTE)


def _word_lines(document: WordDocument) -> Iterator[Line]:
    from docx.oxml.ns import qn
    from docx.text.paragraph import Paragraph

    numbers = _Numbering(document)
    for block in document.iter_inner_content():
        if isinstance(block, Paragraph):
            said = _words(block._p, qn)
            if said.strip():
                style = (block.style.name if block.style else "") or ""
                heading = style.startswith(("Heading", "Title", "标题"))
                yield Line(numbers.of(block) + said, whole=True, heading=heading)
            continue
        # Cells as they are written: one that says it spans a million columns is one.
        for row in block._tbl.tr_lst:
            cells = ([_words(p, qn).strip() for p in cell.iter(qn("w:p"))] for cell in row.tc_lst)
            said = CELLS.join(" ".join(filter(None, parts)) for parts in cells)
            if said.strip(CELLS):
                yield Line(said, whole=True)


def _words(paragraph: Any, qn: Any) -> str:
    """A paragraph as it reads with all changes accepted, without what floats beside it."""
    beside, removed = qn("w:txbxContent"), qn("w:moveFrom")
    parts: list[str] = []
    for node in paragraph.iter(qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:cr")):
        above = {ancestor.tag for ancestor in node.iterancestors()}
        if beside in above or removed in above or node.getparent().tag == qn("w:tabs"):
            continue
        parts.append(node.text or "" if node.tag == qn("w:t") else " ")
    return "".join(parts)


class _Numbering:
    """The numbers that Word puts before paragraphs by itself: they are not in their text."""

    def __init__(self, document: WordDocument) -> None:
        from docx.oxml.ns import qn

        self._qn = qn
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        """Of each list and level: how it counts, how that is written, where it begins."""
        self._at: dict[str, dict[int, int]] = {}
        try:
            root: Any = document.part.numbering_part.element
        except (KeyError, NotImplementedError):
            return
        abstract = {
            one.get(qn("w:abstractNumId")): {
                int(level.get(qn("w:ilvl"), "0")): (
                    self._value(level, "w:numFmt", "decimal"),
                    self._value(level, "w:lvlText", ""),
                    int(self._value(level, "w:start", "1")),
                )
                for level in one.iter(qn("w:lvl"))
            }
            for one in root.iter(qn("w:abstractNum"))
        }
        for one in root.iter(qn("w:num")):
            named = self._value(one, "w:abstractNumId", "")
            self._levels[one.get(qn("w:numId"))] = abstract.get(named, {})

    def _value(self, node: Any, name: str, default: str) -> str:
        found = node.find(self._qn(name))
        value = default if found is None else found.get(self._qn("w:val"), default)
        return str(value)

    def of(self, paragraph: Any) -> str:
        """What stands before a paragraph; counts it."""
        found = self._asked(paragraph)
        if found is None:
            return ""
        key, level = found
        levels = self._levels.get(key, {})
        if level not in levels:
            return ""
        at = self._at.setdefault(key, {})
        at[level] = at.get(level, levels[level][2] - 1) + 1
        for deeper in [one for one in at if one > level]:
            del at[deeper]
        counts, pattern, _ = levels[level]
        if counts in ("bullet", "none"):
            return ""

        def written(gap: re.Match[str]) -> str:
            one = int(gap[1]) - 1
            return _counted(at.get(one, 1), levels.get(one, (counts, "", 1))[0])

        return re.sub(r"%(\d)", written, pattern)

    def _asked(self, paragraph: Any) -> tuple[str, int] | None:
        """The list and the level of a paragraph, its own or its style's."""
        qn = self._qn
        level: int | None = None
        properties = [paragraph._p.pPr]
        style = paragraph.style
        for _ in range(10):
            if style is None:
                break
            properties.append(style.element.pPr)
            style = style.base_style
        for one in properties:
            asked = None if one is None else one.find(qn("w:numPr"))
            if asked is None:
                continue
            if level is None and asked.find(qn("w:ilvl")) is not None:
                level = int(self._value(asked, "w:ilvl", "0"))
            key = self._value(asked, "w:numId", "")
            if key:
                return None if key == "0" else (key, level or 0)
        return None


def _counted(number: int, counts: str) -> str:
    if "hinese" in counts or counts.startswith(("japanese", "ideograph", "taiwanese")):
        return _han(number)
    if counts in ("upperLetter", "lowerLetter"):
        letter = chr(ord("A") + (number - 1) % 26)
        return letter if counts == "upperLetter" else letter.lower()
    return str(number)


def _han(number: int) -> str:
    """A number from 1 to 99 in Chinese."""
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    if not 0 < number < 100:
        return str(number)
    ten = "" if not tens else "十" if tens == 1 else f"{digits[tens]}十"
    return ten + (digits[ones] if ones or not tens else "")


# ---------------------------------------------------------------- web pages


_UNSEEN: Final = ("script", "style", "noscript", "template", "svg", "head", "iframe", "object")
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS: Final = {
    *_HEADINGS,
    *("body", "main", "article", "section", "aside", "header", "footer", "nav", "div", "center"),
    *("p", "br", "hr", "pre", "blockquote", "address", "figure", "form", "fieldset", "details"),
    *("ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr"),
}


def _of_page(text: str) -> list[Line]:
    from lxml.etree import LxmlError
    from lxml.html import document_fromstring

    try:
        # Already decoded: what the page says of its encoding would only confuse the parser.
        page = document_fromstring(re.sub(r"^\s*<\?xml[^>]*>", "", text))
    except (LxmlError, ValueError) as damage:
        raise Damaged from damage
    for node in list(page.iter(*_UNSEEN)):
        node.drop_tree()
    return list(_page_lines(_main(page)))


def _main(page: Any) -> Any:
    """The element that has nearly all the sentences: what is around it is the site's."""

    def sentences(node: Any) -> int:
        return len(re.findall("[。；，]", str(node.text_content())))

    node, every = page, sentences(page)
    while every:
        inner = [child for child in node if isinstance(child.tag, str)]
        largest = max(inner, key=sentences, default=None)
        if largest is None or sentences(largest) < 0.8 * every or largest.tag not in _BLOCKS:
            break
        if largest.tag in ("p", "table", "li"):
            break
        node = largest
    return node


def _page_lines(root: Any) -> Iterator[Line]:
    from lxml.etree import iterwalk

    said, heading = "", False

    def taken() -> Iterator[Line]:
        nonlocal said, heading
        line = " ".join(said.split()).removesuffix(CELLS.rstrip()).rstrip()
        if line:
            yield Line(line, whole=True, heading=heading)
        said, heading = "", False

    for event, node in iterwalk(root, events=("start", "end", "comment", "pi")):
        block = isinstance(node.tag, str) and node.tag in _BLOCKS
        if event == "start":
            if block:
                yield from taken()
                heading = node.tag in _HEADINGS
            said += node.text or ""
        else:
            if block:
                yield from taken()
            elif node.tag in ("td", "th"):
                said += CELLS
            if node is not root:
                said += node.tail or ""
    yield from taken()

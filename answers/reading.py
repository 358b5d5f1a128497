"""Read a document that an office sends: its bytes in, its text in passages out.

What is sent is distrusted: how much of it is looked at is limited, nothing it refers to is
fetched, nothing in it is run. The libraries are imported when a document is read, not before.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar, Final

from answers.ruled import Rules
from answers.sections import CELLS, Document, Doubt, Line, Spot, begins, divide, page_number
from answers.sections import TITLE_ENDS as _TITLE_ENDS
from answers.word import counted

if TYPE_CHECKING:
    from pypdf import PageObject

__all__ = [
    "Damaged",
    "Document",
    "Encrypted",
    "Scanned",
    "TooLarge",
    "UnknownKind",
    "Unreadable",
    "Workbook",
]

MEGABYTE: Final = 1024 * 1024
MOST_BYTES: Final = 20 * MEGABYTE
MOST_PAGES: Final = 300
MOST_CHARACTERS: Final = 400_000
MOST_UNPACKED: Final = 60 * MEGABYTE
"""Bytes of a Word document once it is unpacked: pictures and all."""
MOST_RATIO: Final = 200
"""How many times its size a part of a Word document may unpack to, if it is large."""
MOST_MEMBERS: Final = 2_000
PREAMBLE: Final = 1024
"""Bytes within which a PDF's header stands."""
MOST_SPANNED: Final = 100
"""Maximum rows or columns of a page's table that one cell is taken to span."""
MOST_REPEATED: Final = 60
"""Maximum characters of a cell that are said again in each row that it spans."""
HEAD: Final = 4
"""Minimum signs of what stands at the top or bottom of only a few pages and is left out."""
GARBLED: Final = 0.3
"""From this share of unreadable signs on, nothing of a document is believed (0 to 1)."""


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


class Workbook(Unreadable):
    """A workbook, whatever its name says."""

    code = "workbook"


class Encrypted(Unreadable):
    """It takes a password to read it."""

    code = "encrypted"


class Scanned(Unreadable):
    """Pictures of pages: there is no text in it."""

    code = "scanned"


class Garbled(Unreadable):
    """It has text, but its signs are of a font's own: nobody can tell what they mean."""

    code = "garbled"


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
    doubts: list[Doubt] = []
    spots: list[Spot] = []
    called = ""
    if header := _PDF.search(data[:PREAMBLE]):
        # What stands before it was put there on the way: places are counted from the header.
        lines, doubts, spots = _of_pdf(data[header.start() :])
    elif data.startswith(b"PK\x03\x04"):
        lines, doubts, spots = _of_word(data)
    elif data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        # An old .doc, or a .docx with a password, which is wrapped in the old format.
        raise Encrypted if "EncryptedPackage".encode("utf-16-le") in data else UnknownKind
    else:
        text = _decoded(data)
        if _OTHER.match(text):
            raise UnknownKind
        if _MARKUP.match(text) or name.casefold().endswith((".html", ".htm")):
            lines, doubts, called = _of_page(text)
        else:
            lines = _of_text(text)
    if not any(line.text.strip() for line in lines):
        raise Empty
    if sum(len(line.text) for line in lines) > MOST_CHARACTERS:
        raise TooLong(pages=MOST_PAGES, characters=MOST_CHARACTERS)
    _check_letters(lines)
    document = divide(lines, PurePath(name.replace("\\", "/")).stem)
    found = [*document.doubts, *doubts]
    title = document.title
    if called and "no_title" in found:
        title = called[:200]
        found.remove("no_title")
    told = (*document.spots, *spots)
    return replace(document, title=title, doubts=tuple(found), spots=told)


def _check_letters(lines: Sequence[Line]) -> None:
    """Raise `Garbled` if most of the signs are none that anybody could read."""
    signs = Counter(
        unicodedata.category(sign) if sign != "\ufffd" else "Co"
        for line in lines
        for sign in line.text
        if not sign.isspace()
    )
    if signs["Co"] + signs["Cn"] > GARBLED * signs.total():
        raise Garbled


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


_PDF: Final = re.compile(rb"%PDF-\d\.\d")
_OTHER: Final = re.compile(
    r"\s*(?:\{\\rtf|%!PS|<\?xml[^>]*>\s*(?:<\?[^>]*>\s*)*(?:<!--.*?-->\s*)*<(?!(?:!doctype\s+)?html)"
    r"|<(?:svg|rss|feed|math|w:worddocument)\b"
    r"|(?:[a-z][a-z0-9-]*:[^\n]*\n(?:[ \t]+[^\n]*\n)*){0,40}?mime-version:\s*1\.0)",
    re.I | re.S,
)
"""How files begin that are made of text and are none: RTF, a page in a mail (.mht), other XML."""
_NOT_TEXT: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_MARKUP: Final = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I)


def _of_text(text: str) -> list[Line]:
    pages = text.split("\f")
    return [Line(line, page) for page, said in enumerate(pages, 1) for line in said.splitlines()]


# ---------------------------------------------------------------- PDF


def _of_pdf(data: bytes) -> tuple[list[Line], list[Doubt], list[Spot]]:
    """The lines; it is a doubt that some page is a picture, of which nothing was read, or shows a
    table, and that a line was taken for the pages' head."""
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
        spots: list[Spot] = []
        ruled: dict[int, str] = {}
        length = 0
        for number, page in enumerate(reader.pages, 1):
            rules = Rules()
            said = page.extract_text(visitor_operand_before=rules.draw, visitor_text=rules.write)
            if not re.search(r"[^\W\d_]", said) and _shows_picture(page):
                spots.append(Spot("pictures", "page", str(number)))
            if inside := rules.inside_tables():
                ruled[number] = inside
                spots.append(Spot("tables", "page", str(number)))
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
    body, heads = _without_running_heads(_without_numbers(pages))
    spots += heads
    lines = [
        # The lines of a table are no paragraph; which of them is a row, a PDF does not say.
        Line(line, number, whole=True, table=number, ruled=True)
        if number in ruled and _bare(line) in ruled[number]
        else Line(line, number)
        for number, page in enumerate(body, 1)
        for line in page
    ]
    return lines, list(dict.fromkeys(spot.doubt for spot in spots)), spots


def _bare(line: str) -> str:
    return re.sub(r"\s+", "", line)


def _shows_picture(page: PageObject) -> bool:
    from pypdf.generic import DictionaryObject

    none = DictionaryObject()
    objects = page.get("/Resources", none).get_object().get("/XObject", none).get_object()
    return any(one.get_object().get("/Subtype") == "/Image" for one in objects.values())


def _without_numbers(pages: Sequence[list[str]]) -> list[list[str]]:
    """What stands alone at the edge of its page and counts the pages is left out."""
    for edge in (0, -1):
        found = {at: int(page[edge]) for at, page in enumerate(pages) if _bare_number(page, edge)}
        offsets = Counter(number - at for at, number in found.items())
        if not offsets:
            continue
        offset, count = offsets.most_common(1)[0]
        # One page alone says nothing, unless its number is its place.
        if count >= max(2, 0.5 * len(pages)) or (len(pages) == 1 and offset == 1):
            numbered = {at for at, number in found.items() if number - at == offset}
            pages = [_cut(page, edge) if at in numbered else page for at, page in enumerate(pages)]
    return list(pages)


def _bare_number(page: Sequence[str], edge: int) -> bool:
    return bool(page) and re.fullmatch(r"\s*\d{1,3}\s*", page[edge]) is not None


def _cut(page: list[str], edge: int) -> list[str]:
    return page[1:] if edge == 0 else page[:-1]


def _without_running_heads(pages: Sequence[list[str]]) -> tuple[list[list[str]], list[Spot]]:
    """What stands at the top or the bottom of most pages, whatever its number, is left out.

    Where one may be a title that comes again, it stays once, and that is told.
    """
    edges = 2
    seen = Counter(
        key for page in pages for key in {_alike(line) for line in (*page[:edges], *page[-edges:])}
    )
    running = {key for key, count in seen.items() if count >= max(3, 0.5 * len(pages))}
    # Numbers alone differ in 附件1, 附件2 and in 第1条, 第2条 too.
    running -= {_alike(line) for page in pages for line in page if begins(line)}
    left = [
        [
            line
            for place, line in enumerate(page)
            if edges <= place < len(page) - edges
            or _alike(line) not in running
            or _alike(line) == "#"
        ]
        for page in pages
    ]
    spots: list[Spot] = []
    for edge in (0, -1):
        for text, at in _outermost(left, edge).items():
            title = _TITLE_ENDS.search(text) is not None
            first, *others = at
            once = title and not any(
                _bare(line) == text for line in left[first[0]][first[1] + 1 :]
            )
            for page, place in others if once else at:
                left[page][place] = ""
            if once:
                spots += [Spot("running", "page", str(page + 1)) for page, _ in others]
    return [[line for line in page if line] for page in left], spots


def _outermost(pages: Sequence[list[str]], edge: int) -> dict[str, list[tuple[int, int]]]:
    """What is the outermost line of several pages, though not of most, and where: on the two pages
    of a letter, on all but the first, on every other page."""
    found: dict[str, list[tuple[int, int]]] = {}
    written = sum(bool(page) for page in pages)
    for number, page in enumerate(pages):
        places = range(len(page)) if edge == 0 else range(len(page) - 1, -1, -1)
        place = next((one for one in places if not page_number(page[one])), None)
        if (
            place is None
            or begins(page[place])
            or re.search("[。；;：:，,]$", page[place].strip())
        ):
            continue
        text = _bare(page[place])
        if len(text) >= HEAD:
            # The page's own number may stand in it.
            counted = re.sub(rf"(?<!\d)0*{number + 1}(?!\d)", "#", text)
            for key in {text, counted}:
                found.setdefault(key, []).append((number, place))
    return {key: at for key, at in found.items() if len(at) >= max(2, 0.4 * written)}


def _alike(line: str) -> str:
    return re.sub(r"\s+", "", re.sub(r"\d+", "#", line))


# ---------------------------------------------------------------- Word


def _of_word(data: bytes) -> tuple[list[Line], list[Doubt], list[Spot]]:
    _check_archive(data)
    from docx import Document as open_word
    from docx.opc.exceptions import OpcError
    from lxml.etree import LxmlError

    from answers.word import lines_of

    try:
        return lines_of(open_word(io.BytesIO(data)))
    except (OpcError, LxmlError, KeyError, ValueError, AttributeError, TypeError) as damage:
        raise Damaged from damage
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as damage:
        raise Damaged from damage
    except RecursionError as damage:
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
    names = {member.filename for member in members}
    if "word/document.xml" not in names:
        raise Workbook if "xl/workbook.xml" in names else UnknownKind
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


# ---------------------------------------------------------------- web pages


_UNSEEN: Final = (
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "head",
    "iframe",
    "object",
    "rt",
)
_UNREAD: Final = ("iframe", "object", "embed", "canvas")
"""What may say something that is not read."""
_REMOVED: Final = ("del", "s", "strike")
_GONE: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|text-decoration[a-z-]*\s*:[^;]*line-through"
    r"|font-size\s*:\s*0(?![.\d])",
    re.I,
)
_FURNITURE: Final = re.compile(
    r"(?=.{1,60}$)(?:分享(?:到|至)|[上下]一[篇条页][:：\s]|【?(?:打印|关闭|返回|收藏|纠错)(?:本页|窗口|此页|顶部|列表|】|$)"
    r"|(?:责任)?编辑[:：]|【?字[体号][:：\s]|扫一扫|相关(?:链接|文章|新闻|阅读)[:：]?|您?(?:现在|当前)?(?:的|所在)+位置"
    r"|(?:发布|发文)(?:时间|日期)[:：].*(?:来源|浏览|阅读|点击|字[体号])|(?:浏览|阅读|点击)(?:次?数|量)?[:：]?\s*\d"
    r"|版权所有|技术支持[:：]|网站地图|\S{0,12}ICP备)"
)
"""Lines of a page that are the site's and no part of what it shows."""
_RULE: Final = re.compile(r"([^{}]+)\{([^{}]*)\}")
_ICON: Final = 50
"""Pixels up to which a picture is an ornament."""
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS: Final = {
    *_HEADINGS,
    *("body", "main", "article", "section", "aside", "header", "footer", "nav", "div", "center"),
    *("p", "br", "hr", "pre", "blockquote", "address", "figure", "form", "fieldset", "details"),
    *("ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr"),
}


def _of_page(text: str) -> tuple[list[Line], list[Doubt], str]:
    """The lines, what was not read, and what the page is called."""
    from lxml.etree import LxmlError
    from lxml.html import document_fromstring

    try:
        # Already decoded: what the page says of its encoding would only confuse the parser.
        page = document_fromstring(re.sub(r"^\s*<\?xml[^>]*>", "", text))
    except (LxmlError, ValueError) as damage:
        raise Damaged from damage
    called = _called(page)
    gone = _hides(page)
    hidden = [node for node in page.iter() if isinstance(node.tag, str) and gone(node)]
    left_out = any(node.text_content().strip() for node in hidden)
    main = _main(page)
    parts = any(True for _ in main.iter(*_UNREAD))
    pictures = any(not _ornament(one) for one in main.iter("img"))
    for node in [*hidden, *page.iter(*_UNSEEN)]:
        if node.getparent() is not None:
            node.drop_tree()
    doubts: list[Doubt] = []
    if left_out:
        doubts.append("left_out")
    if pictures or parts:
        doubts.append("parts")
    lines = [line for line in _page_lines(_main(page)) if not _FURNITURE.match(line.text)]
    return lines, doubts, called


def _called(page: Any) -> str:
    """What a page is called: its headline, or its title without the site's name."""
    headlines = [" ".join(node.text_content().split()) for node in page.iter("h1")]
    named = [
        node.get("content") or ""
        for node in page.iter("meta")
        if (node.get("name") or node.get("property") or "").casefold()
        in ("articletitle", "og:title")
    ]
    titles = [" ".join(node.text_content().split()) for node in page.iter("title")]
    short = [part.strip() for title in titles for part in re.split(r"[_|]|\s[-–—]+\s", title)]
    every = [one for one in (*headlines, *named, *short) if one]
    return next((one for one in every if _TITLE_ENDS.search(one)), next(iter(every), ""))


def _hides(page: Any) -> Callable[[Any], bool]:
    """What tells whether an element is not shown, or struck out: by itself or by a simple rule."""
    rules = "".join(node.text or "" for node in page.iter("style"))
    hiding = {
        one.strip()
        for selectors, said in _RULE.findall(re.sub(r"/\*.*?\*/", "", rules, flags=re.S))
        if _GONE.search(said)
        for one in selectors.split(",")
    }

    def gone(node: Any) -> bool:
        if node.tag in _REMOVED or node.get("hidden") is not None:
            return True
        if _GONE.search(node.get("style") or ""):
            return True
        names = [node.tag, f"#{node.get('id')}"] if node.get("id") else [node.tag]
        names += [f".{one}" for one in (node.get("class") or "").split()]
        return not hiding.isdisjoint({*names, *(f"{node.tag}{one}" for one in names[1:])})

    return gone


def _ornament(picture: Any) -> bool:
    size = re.match(r"\d+", picture.get("width") or picture.get("height") or "")
    return size is not None and int(size[0]) <= _ICON


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

    said, level = "", 0
    tables: list[_Table] = []
    count = 0

    def taken() -> Iterator[Line]:
        nonlocal said, level
        line = " ".join(said.split()).removesuffix(CELLS.rstrip()).rstrip()
        if line:
            table = tables[-1].number if tables else 0
            yield Line(line, whole=True, heading=level > 0, level=level, table=table)
        said, level = "", 0

    for event, node in iterwalk(root, events=("start", "end", "comment", "pi")):
        block = isinstance(node.tag, str) and node.tag in _BLOCKS
        if event == "start":
            if block:
                yield from taken()
                level = _HEADINGS.index(node.tag) + 1 if node.tag in _HEADINGS else 0
            if node.tag == "table":
                count += 1
                tables.append(_Table(count))
            elif node.tag == "tr" and tables:
                tables[-1].column = 0
            elif node.tag in ("td", "th") and tables:
                said += tables[-1].reaching()
            if node.tag == "li":
                said += _numbered(node)
            said += node.text or ""
        else:
            if node.tag in ("td", "th"):
                if tables:
                    tables[-1].keep(node)
                said += CELLS
            elif node.tag == "tr" and tables:
                said += tables[-1].reaching()
            if block:
                yield from taken()
            if node.tag == "table" and tables:
                tables.pop()
            if node is not root:
                said += node.tail or ""
    yield from taken()


class _Table:
    """A table of a page: in which column one is, and what reaches down from the rows above."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.column = 0
        self._reaching: dict[int, tuple[int, int, str]] = {}
        """By column: rows that it still reaches into, columns that it takes, what it says."""

    def reaching(self) -> str:
        """The cells from above that come before the next one of this row."""
        said = ""
        while self.column in self._reaching:
            rows, wide, words = self._reaching.pop(self.column)
            if rows > 1:
                self._reaching[self.column] = (rows - 1, wide, words)
            said += words + CELLS
            self.column += wide
        return said

    def keep(self, cell: Any) -> None:
        """Note a cell that is over."""
        wide, rows = (_span(cell.get(name)) for name in ("colspan", "rowspan"))
        if rows > 1:
            words = " ".join(cell.text_content().split())
            self._reaching[self.column] = (rows - 1, wide, words[:MOST_REPEATED])
        self.column += wide


def _span(said: str | None) -> int:
    written = re.fullmatch("[1-9][0-9]{0,5}", said or "")
    return min(int(written[0]), MOST_SPANNED) if written else 1


_LISTED: Final = {
    **{"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"},
    **{"lower-alpha": "lowerLetter", "upper-alpha": "upperLetter"},
    **{"lower-roman": "lowerRoman", "upper-roman": "upperRoman"},
    **dict.fromkeys(
        ("cjk-ideographic", "simp-chinese-informal", "trad-chinese-informal"), "chineseCounting"
    ),
}


def _numbered(item: Any) -> str:
    """The number that a browser shows before an item of an ordered list."""
    above = item.getparent()
    if above is None or above.tag != "ol":
        return ""
    style = re.search(r"list-style(?:-type)?\s*:\s*([\w-]+)", above.get("style") or "")
    kind = style[1] if style else above.get("type") or "1"
    if kind in ("none", "disc", "circle", "square"):
        return ""
    number = int(above.get("start")) if re.fullmatch(r"\d{1,3}", above.get("start") or "") else 1
    for one in above.iterchildren("li"):
        if re.fullmatch(r"\d{1,3}", one.get("value") or ""):
            number = int(one.get("value"))
        if one is item:
            break
        number += 1
    counts = _LISTED.get(kind, "decimal")
    return counted(number, counts) + ("、" if counts == "chineseCounting" else ".")

"""Read a Word document: its paragraphs as they read on paper, with the numbers Word puts there.

What is struck out or hidden is not said; what stands in content controls is. Changes are taken as
accepted. A note and a text box are read behind the paragraph that they belong to. Of the head and
foot of pages only the document's number is read, and other words there are told. The XML is walked
directly: python-docx leaves out whatever stands inside of controls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final

from answers.sections import (
    CELLS,
    DOCUMENT_NUMBER,
    Doubt,
    Line,
    Spot,
    SpotKind,
    han,
    narrow,
    page_number,
)

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

MOST_STYLES: Final = 10
"""Maximum styles that one style is looked up through."""

_AROUND: Final = ("sdtContent", "sdt", "customXml", "ins", "moveTo", "smartTag")
"""What only wraps paragraphs, rows or cells."""
_UNSAID: Final = ("txbxContent", "moveFrom", "del", "Fallback", "rt", "delText", "instrText")
"""What is no part of the text around it: boxes, what was removed, how it sounds."""
_UNREAD: Final[dict[str, SpotKind]] = {
    **{"drawing": "picture", "pict": "picture", "object": "object"},
    **{"footnoteReference": "note", "endnoteReference": "note", "oMath": "formula"},
}
"""What may say something that is not read, and what it is called."""
NOTE: Final = "注："
"""How a paper begins a note."""
BOX: Final = "文本框："
"""How what stands in a box begins."""
MOST_NOTES: Final = 500
"""Maximum notes of one document that are read."""
MOST_REPEATED: Final = 60
"""Maximum characters of a cell that are said again in each row that it spans."""
NEAR: Final = 20
"""Maximum characters of the words by which a place is told."""
_CONTENTS_STYLE: Final = re.compile(r"(?:toc|目录)\s*\d", re.I)
_FALSE: Final = ("0", "false", "off")
_WINGDINGS: Final = {
    **dict.fromkeys((0x6C, 0x9F, 0xA7), "•"),
    **dict.fromkeys((0xFC, 0xFE, 0x52), "✓"),
    **dict.fromkeys((0xA8, 0x6F, 0x71, 0x72), "□"),
    **dict.fromkeys((0xFB, 0xFD), "×"),
    **{0xE0: "→", 0xD8: "•", 0x76: "•"},
}
_SYMBOLS: Final = {
    **{0xA3: "≤", 0xB3: "≥", 0xB1: "±", 0xB4: "×", 0xB8: "÷", 0xB9: "≠", 0xBB: "≈"},
    **{0xB7: "•", 0xAE: "→", 0xB0: "°", 0x61: "\u03b1", 0x62: "β", 0x6D: "μ", 0x70: "π"},
}
_ROMAN: Final = (
    *((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV")),
    (1, "I"),
)


def _w(name: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(f"w:{name}"))


def _local(node: Any) -> str:
    """An element's name without its namespace; empty for comments."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def lines_of(document: WordDocument) -> tuple[list[Line], list[Doubt], list[Spot]]:
    """The lines of a document, and what was not read of it, and where."""
    reader = _Reader(document)
    lines = list(reader.all(document.element.body))
    return lines, reader.doubts, reader.spots


class _Reader:
    def __init__(self, document: WordDocument) -> None:
        self._styles = _Styles(document)
        self._numbers = _Numbering(document, self._styles)
        self._left_out = False
        """Something was struck out, hidden, or unknown."""
        self._beside: list[tuple[SpotKind, str]] = []
        """The boxes, pictures and notes, and the words near them."""
        self._now: list[SpotKind] = []
        """Those of the paragraph that is being read."""
        self._notes = dict(_notes(document))
        self._edges = list(_edges(document))
        """What the head and foot of pages say."""
        self._marked: list[str] = []
        """What the notes and boxes of the paragraph say that is being read."""
        self._waiting: list[str] = []
        """Notes and boxes that are to be said behind the next whole sentence."""
        self._near = ""
        """How the last paragraph began that says something."""
        self._tables = 0
        self._contents = False
        """One is inside of a table of contents that Word made."""

    @property
    def doubts(self) -> list[Doubt]:
        found: list[Doubt] = []
        if self._left_out:
            found.append("left_out")
        if self._beside:
            found.append("parts")
        return found

    @property
    def spots(self) -> list[Spot]:
        return [Spot("parts", kind, words) for kind, words in dict.fromkeys(self._beside)]

    def all(self, body: Any) -> Iterator[Line]:
        """The lines of the document."""
        lines = [*self.blocks(body), *self._noted()]
        said = "".join("".join(line.text.split()) for line in lines)
        for words in self._edges:
            if "".join(words.split()) in said:
                continue
            if DOCUMENT_NUMBER.fullmatch(narrow(words)):
                yield Line(words, whole=True)
            else:
                self._beside.append(("header", words[:NEAR]))
        yield from lines

    def _noted(self) -> Iterator[Line]:
        """The notes that wait."""
        waiting, self._waiting = self._waiting, []
        yield from (Line(words, whole=True) for words in waiting)

    def blocks(self, parent: Any) -> Iterator[Line]:
        for node in parent:
            match _local(node):
                case "p":
                    line = None
                    for line in self._paragraph(node):
                        yield line
                    # A note to a heading would be taken for a part of it.
                    if line is not None and _SENTENCE.search(line.text):
                        yield from self._noted()
                case "tbl":
                    yield from self._table(node)
                    yield from self._noted()
                case "sdt" if _gallery(node) == "Table of Contents":
                    before, self._contents = self._contents, True
                    yield from self.blocks(node)
                    self._contents = before
                case name if name in _AROUND:
                    yield from self.blocks(node)

    def _paragraph(self, paragraph: Any) -> Iterator[Line]:
        said = self._told(paragraph)
        number = "" if self._unshown(paragraph) else self._numbers.of(paragraph)
        if not said.strip():
            return
        style = self._styles.name_of(paragraph) or self._styles.of(paragraph)
        heading = style.startswith(("Heading", "heading", "Title", "标题"))
        listed = self._contents or _CONTENTS_STYLE.match(style) is not None
        level = self._styles.level_of(paragraph) if heading else 0
        bold = self._bold(paragraph)
        for place, line in enumerate(said.split("\n")):
            if line.strip():
                text = line if place else number + line
                yield Line(
                    text,
                    whole=True,
                    heading=heading and not listed,
                    level=0 if listed else level,
                    bold=bold,
                    listed=listed,
                )

    def _bold(self, paragraph: Any) -> bool:
        """Whether all that a paragraph says is bold."""
        runs = [run for run in paragraph.iter(_w("r")) if any(map(_say, run.iter(_w("t"))))]
        return bool(runs) and all(self._styles.on(run, paragraph, "b") for run in runs)

    def _table(self, table: Any) -> Iterator[Line]:
        # Cells as they are written: one that says it spans a million columns is one.
        self._tables += 1
        number = self._tables
        above: dict[int, str] = {}
        for row in _within(table, "tr"):
            cells: list[str] = []
            column = _skipped(row)
            for cell in _within(row, "tc"):
                said = self._cell(cell)
                merged = cell.find(f"{_w('tcPr')}/{_w('vMerge')}")
                if merged is None:
                    above.pop(column, None)
                elif merged.get(_w("val"), "continue") == "restart":
                    long = len(said) > MOST_REPEATED
                    above[column] = f"{said[:MOST_REPEATED]}…" if long else said
                else:
                    # On paper the cell above reaches down to here.
                    said = said or above.get(column, "")
                cells.append(said)
                column += _spanned(cell)
            said = CELLS.join(cells)
            if said.strip(CELLS):
                yield Line(said, whole=True, table=number)

    def _cell(self, cell: Any) -> str:
        """What a cell says; of a table within it each row is set apart."""
        parts: list[tuple[Any, str]] = []
        for paragraph in cell.iter(_w("p")):
            if any(_local(one) == "txbxContent" for one in paragraph.iterancestors()):
                continue
            said = " ".join(self._told(paragraph).split())
            number = "" if self._unshown(paragraph) else self._numbers.of(paragraph)
            if said:
                row = next(one for one in paragraph.iterancestors() if _local(one) == "tr")
                parts.append((row, number + said))
        rows = [" ".join(said for _, said in row) for _, row in groupby(parts, lambda one: one[0])]
        return "；".join(rows)

    def _told(self, paragraph: Any) -> str:
        """What a paragraph says; notes what stands beside it."""
        self._now, self._marked = [], []
        said = self._said(paragraph)
        self._waiting += self._marked
        if words := " ".join(said.split()):
            self._near = words[:NEAR]
        self._beside += [(kind, self._near) for kind in dict.fromkeys(self._now)]
        return said

    def _unshown(self, paragraph: Any) -> bool:
        """Whether a paragraph is not there at all: removed, or hidden with its mark."""
        properties = paragraph.find(f"{_w('pPr')}/{_w('rPr')}")
        if properties is None:
            return False
        gone = properties.find(_w("del")) is not None or _on(properties.find(_w("vanish")))
        return bool(gone) and not self._said(paragraph).strip()

    def _said(self, paragraph: Any) -> str:
        """A paragraph as it reads with all changes accepted; its soft breaks are line ends."""
        return "".join(self._parts(paragraph, paragraph))

    def _parts(self, node: Any, paragraph: Any) -> Iterator[str]:
        for child in node:
            name = _local(child)
            if (note := self._notes.get((name, child.get(_w("id"), "")))) is not None:
                self._marked.append(f"{NOTE}{note}")
            elif name in _UNREAD and not (_boxed(child) and not _pictured(child)):
                self._now.append(_UNREAD[name])
            if name == "txbxContent" and (boxed := self._box(child)):
                self._marked.append(f"{BOX}{boxed}")
            if name in _UNSAID or name in ("pPr", "rPr", "sdtPr"):
                continue
            if name == "p":  # in a box beside the text
                continue
            if name == "sdt" and child.find(f"{_w('sdtPr')}/{_w('showingPlcHdr')}") is not None:
                continue
            if name == "r" and self._hidden(child, paragraph):
                self._left_out = self._left_out or any(self._parts(child, paragraph))
                continue
            if sign := self._sign(name, child):
                yield sign
            elif len(child):
                yield from self._parts(child, paragraph)

    def _box(self, box: Any) -> str:
        """What a box says; a box within it is said by itself."""
        said = [
            self._numbers.of(paragraph) + words
            for paragraph in box.iter(_w("p"))
            if next(_boxes(paragraph)) is box
            and (words := " ".join(self._said(paragraph).split()))
        ]
        return " ".join(said)

    def _sign(self, name: str, node: Any) -> str:
        match name:
            case "t":
                return node.text or ""
            case "br" | "cr":
                return "\n"
            case "tab" | "ptab":
                return " "
            case "noBreakHyphen":
                return "-"
            case "sym":
                return self._symbol(node)
        return ""

    def _symbol(self, node: Any) -> str:
        """A sign given by its place in a font."""
        try:
            code = int(node.get(_w("char"), ""), 16)
        except ValueError:
            return ""
        font = (node.get(_w("font")) or "").casefold()
        if "wingdings" in font or "symbol" in font or 0xF000 <= code <= 0xF0FF:
            table = _SYMBOLS if "symbol" in font else _WINGDINGS
            known = table.get(code & 0xFF, "")
            if not known and "symbol" in font and code & 0xFF < 0x60:
                known = chr(code & 0xFF)
            self._left_out = self._left_out or not known
            return known
        return chr(code) if 0x20 <= code < 0xD800 else ""

    def _hidden(self, run: Any, paragraph: Any) -> bool:
        return any(self._styles.on(run, paragraph, one) for one in ("vanish", "strike", "dstrike"))


_SENTENCE: Final = re.compile(r"[。；！？][”’」』）)]*$")


def _notes(document: WordDocument) -> Iterator[tuple[tuple[str, str], str]]:
    """What the notes at the foot of pages and at the end say, by what refers to them."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import parse_xml

    for kind, related in (
        ("footnote", RELATIONSHIP_TYPE.FOOTNOTES),
        ("endnote", RELATIONSHIP_TYPE.ENDNOTES),
    ):
        try:
            part = document.part.part_related_by(related)
        except KeyError:
            continue
        for note in islice(parse_xml(part.blob).iter(_w(kind)), MOST_NOTES):
            said = (_plainly(paragraph) for paragraph in note.iter(_w("p")))
            if note.get(_w("type"), "normal") == "normal" and (
                words := " ".join(filter(None, said))
            ):
                yield (f"{kind}Reference", note.get(_w("id"), "")), words


def _edges(document: WordDocument) -> Iterator[str]:
    """What the head and foot of pages say but the pages' numbers, each once."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import parse_xml

    found: dict[str, None] = {}
    for related in document.part.rels.values():
        if related.is_external or related.reltype not in (
            RELATIONSHIP_TYPE.HEADER,
            RELATIONSHIP_TYPE.FOOTER,
        ):
            continue
        for paragraph in parse_xml(related.target_part.blob).iter(_w("p")):
            words = _plainly(paragraph, boxed=True)
            if re.search(r"[^\W\d_]", words) and not page_number(words):
                found[words] = None
    yield from found


def _plainly(paragraph: Any, *, boxed: bool = False) -> str:
    """What a paragraph of another part says, all changes accepted; with what boxes in it say, if
    that is asked."""
    unsaid = {*_UNSAID} - ({"txbxContent"} if boxed else set())
    said = (
        node.text or ""
        for node in paragraph.iter(_w("t"))
        if not any(_local(one) in unsaid for one in node.iterancestors())
    )
    return " ".join("".join(said).split())


def _within(parent: Any, wanted: str) -> Iterator[Any]:
    """The rows of a table or the cells of a row, those inside of controls too."""
    for node in parent:
        name = _local(node)
        if name == wanted:
            if node.find(f"{_w('trPr')}/{_w('del')}") is None:
                yield node
        elif name in _AROUND:
            yield from _within(node, wanted)


def _say(text: Any) -> bool:
    return bool((text.text or "").strip())


def _boxed(node: Any) -> bool:
    """Whether a drawing holds a box with words."""
    return next(node.iter(_w("txbxContent")), None) is not None


def _pictured(node: Any) -> bool:
    """Whether a drawing holds a picture."""
    return any(_local(one) in ("blip", "imagedata") for one in node.iter())


def _boxes(node: Any) -> Iterator[Any]:
    """The boxes that something stands in, the innermost first."""
    return (one for one in node.iterancestors() if _local(one) == "txbxContent")


def _gallery(control: Any) -> str:
    """What a control says that it holds."""
    found = control.find(f"{_w('sdtPr')}/{_w('docPartObj')}/{_w('docPartGallery')}")
    return "" if found is None else str(found.get(_w("val"), ""))


def _spanned(cell: Any) -> int:
    """How many columns a cell says that it spans."""
    return max(1, _whole(_value(cell.find(_w("tcPr")), "gridSpan", "1"), 1))


def _skipped(row: Any) -> int:
    """How many columns a row leaves out at its beginning."""
    return max(0, _whole(_value(row.find(_w("trPr")), "gridBefore", "0"), 0))


def _on(toggle: Any) -> bool:
    return toggle is not None and (toggle.get(_w("val")) or "1").casefold() not in _FALSE


def _value(node: Any, name: str, default: str = "") -> str:
    found = None if node is None else node.find(_w(name))
    return str(default if found is None else found.get(_w("val"), default))


class _Styles:
    """The document's styles, and what stands in them."""

    def __init__(self, document: WordDocument) -> None:
        root: Any = document.styles.element
        self.all: dict[str, Any] = {}
        self._default = ""
        for style in root:
            if _local(style) != "style":
                continue
            key = style.get(_w("styleId")) or ""
            self.all[key] = style
            if style.get(_w("type")) == "paragraph" and style.get(_w("default")) == "1":
                self._default = key

    def chain(self, key: str) -> Iterator[Any]:
        """A style and those that it is based on."""
        for _ in range(MOST_STYLES):
            style = self.all.get(key)
            if style is None:
                return
            yield style
            key = _value(style, "basedOn")

    def of(self, paragraph: Any) -> str:
        return _value(paragraph.find(_w("pPr")), "pStyle", self._default)

    def name_of(self, paragraph: Any) -> str:
        return _value(self.all.get(self.of(paragraph)), "name")

    def level_of(self, paragraph: Any) -> int:
        """The level of a heading's style, 1 and up; 0 for a title."""
        for style in self.chain(self.of(paragraph)):
            outline = _whole(_value(style.find(_w("pPr")), "outlineLvl", "-1"), -1)
            if 0 <= outline < 9:
                return outline + 1
        found = re.search(r"(?:heading|标题)\s*(\d)", self.name_of(paragraph), re.I)
        return int(found[1]) if found else 0

    def on(self, run: Any, paragraph: Any, toggle: str) -> bool:
        """Whether a run is set so, by itself or by a style."""
        own = run.find(_w("rPr"))
        if own is not None and (found := own.find(_w(toggle))) is not None:
            return _on(found)
        named = _value(own, "rStyle")
        for key in filter(None, (named, self.of(paragraph))):
            for style in self.chain(key):
                found = style.find(f"{_w('rPr')}/{_w(toggle)}")
                if found is not None:
                    return _on(found)
        return False


# ---------------------------------------------------------------- numbers


@dataclass(frozen=True, slots=True)
class _Level:
    counts: str
    written: str
    start: int
    style: str
    legal: bool
    """All of its numbers are written in digits."""

    @classmethod
    def of(cls, node: Any) -> _Level:
        return cls(
            _value(node, "numFmt", "decimal"),
            _value(node, "lvlText"),
            _whole(_value(node, "start", "1"), 1),
            _value(node, "pStyle"),
            _on(node.find(_w("isLgl"))),
        )


@dataclass(slots=True)
class _List:
    """A list that paragraphs name: whose numbers it shares, how they look, where it restarts."""

    shared: str
    levels: dict[int, _Level] = field(default_factory=dict)
    restarts: dict[int, int] = field(default_factory=dict)


def _whole(said: str | None, default: int) -> int:
    try:
        return int(said or "")
    except ValueError:
        return default


class _Numbering:
    """The numbers that Word puts before paragraphs by itself: they are not in their text."""

    def __init__(self, document: WordDocument, styles: _Styles) -> None:
        self._styles = styles
        self._lists: dict[str, _List] = {}
        self._at: dict[str, dict[int, int]] = {}
        """How far the numbers have come: lists of one kind go on from one another."""
        try:
            root: Any = document.part.numbering_part.element
        except (KeyError, NotImplementedError):  # python-docx raises either where there is none
            return
        kinds = {one.get(_w("abstractNumId")): one for one in root.iter(_w("abstractNum"))}
        named = {_value(one, "styleLink"): one for one in kinds.values()}
        for one in root.iter(_w("num")):
            key = _value(one, "abstractNumId")
            kind = kinds.get(key)
            # A kind may only name the style that another one defines.
            if (link := _value(kind, "numStyleLink")) and link in named:
                kind = named[link]
                key = kind.get(_w("abstractNumId"))
            made = _List(key)
            for level in () if kind is None else kind.iter(_w("lvl")):
                made.levels[_whole(level.get(_w("ilvl")), 0)] = _Level.of(level)
            for override in one.iter(_w("lvlOverride")):
                place = _whole(override.get(_w("ilvl")), 0)
                own = override.find(_w("lvl"))
                if own is not None:
                    made.levels[place] = _Level.of(own)
                    made.restarts[place] = made.levels[place].start
                if override.find(_w("startOverride")) is not None:
                    made.restarts[place] = _whole(_value(override, "startOverride"), 1)
            self._lists[one.get(_w("numId"))] = made

    def of(self, paragraph: Any) -> str:
        """What stands before a paragraph; counts it."""
        found = self._asked(paragraph)
        if found is None:
            return ""
        key, place = found
        numbered = self._lists[key]
        level = numbered.levels.get(place)
        if level is None:
            return ""
        at = self._at.setdefault(numbered.shared, {})
        if place in numbered.restarts:
            at[place] = numbered.restarts.pop(place) - 1
        at[place] = at.get(place, level.start - 1) + 1
        for deeper in [one for one in at if one > place]:
            del at[deeper]
        if level.counts in ("bullet", "none"):
            return ""

        def written(gap: re.Match[str]) -> str:
            one = int(gap[1]) - 1
            its = numbered.levels.get(one, level)
            return counted(at.get(one, its.start), "decimal" if level.legal else its.counts)

        return re.sub(r"%(\d)", written, level.written)

    def _asked(self, paragraph: Any) -> tuple[str, int] | None:
        """The list and the level of a paragraph, its own or its style's."""
        style = self._styles.of(paragraph)
        chain = list(self._styles.chain(style))
        place: int | None = None
        for node in (paragraph, *chain):
            asked = node.find(f"{_w('pPr')}/{_w('numPr')}")
            if asked is None:
                continue
            if place is None and asked.find(_w("ilvl")) is not None:
                place = _whole(_value(asked, "ilvl"), 0)
            key = _value(asked, "numId")
            if key:
                if key not in self._lists:
                    return None
                return key, self._level(key, style) if place is None else place
        return None

    def _level(self, key: str, style: str) -> int:
        """The level that is a style's."""
        levels = self._lists[key].levels.items()
        return next((place for place, one in levels if style and one.style == style), 0)


def counted(number: int, counts: str) -> str:
    """A number as a list writes it."""
    match counts:
        case "upperLetter" | "lowerLetter":
            letter = chr(ord("A") + (number - 1) % 26) * ((number - 1) // 26 + 1)
            return letter if counts == "upperLetter" else letter.lower()
        case "upperRoman" | "lowerRoman":
            roman = _roman(number)
            return roman if counts == "upperRoman" else roman.lower()
        case "decimalEnclosedCircle" | "decimalEnclosedCircleChinese" if 0 < number <= 20:
            return chr(0x2460 + number - 1)
        case "decimalEnclosedParen" if 0 < number <= 20:
            return f"({number})"
        case "decimalEnclosedFullstop":
            return f"{number}."
        case "decimalZero":
            return f"{number:02}"
        case "decimalFullWidth" | "decimalFullWidth2":
            return "".join(chr(ord(digit) + 0xFEE0) for digit in str(number))
        case "ideographTraditional" if 0 < number <= 10:
            return "甲乙丙丁戊己庚辛壬癸"[number - 1]
        case "ideographZodiac" if 0 < number <= 12:
            return "子丑寅卯辰巳午未申酉戌亥"[number - 1]
    if "hinese" in counts or counts.startswith(("japanese", "ideograph", "taiwanese")):
        return han(number) if 0 < number < 1000 else str(number)
    return str(number)


def _roman(number: int) -> str:
    written = ""
    for value, sign in _ROMAN:
        while number >= value and len(written) < 20:
            written += sign
            number -= value
    return written

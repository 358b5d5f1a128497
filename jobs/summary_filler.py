"""Fills a template in a process of its own: `python -m jobs.summary_filler`, on stdin a line of
JSON, what is told by name, then the template.

A template is a Word document that somebody sent. Its parts are looked through before anything is
read; names in double braces are replaced and nothing is run, so that there is nothing to break out
of. The first line of the output says whether it was filled.
"""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from storage.limits import limit_memory

FILLED: Final = b"filled"
UNFIT: Final = b"unfit"
CODES: Final = (
    *("unknown", "alone", "misplaced", "unclosed", "statement", "nothing", "external"),
    *("macros", "embedded", "field", "too_large", "too_hard", "damaged", "not_word"),
)
"""Why a template is not taken."""
MEMORY: Final = 768 * 1024 * 1024
"""Maximum address space in bytes, on systems that can limit it."""
MEGABYTE: Final = 1024 * 1024
MOST_BYTES: Final = 10 * MEGABYTE
"""Maximum size of a template."""
MOST_UNPACKED: Final = 60 * MEGABYTE
MOST_XML: Final = 12 * MEGABYTE
"""Maximum size of one part of XML."""
MOST_MEMBERS: Final = 1000
MOST_ELEMENTS: Final = 200_000
"""Maximum elements of one part."""

W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
XML: Final = "http://www.w3.org/XML/1998/namespace"
MAIN: Final = "word/document.xml"
_TEXTS: Final = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml")
"""The parts in which names stand."""
_NEVER: Final = re.compile(
    r"(?i)(^|/)(vba|activex|embeddings|macrosheets|customui|attachedtoolbars)|\.(bin|exe|dll|js|vbs)$"
)
"""Parts that a template has no use for."""
_MACROS: Final = re.compile(rb"(?i)macroenabled|vbaproject|vbadata|macrosheets")
_NEVER_TYPES: Final = re.compile(rb"(?i)activex|oleobject|altchunk|afchunk")
_FIELDS: Final = frozenset(
    (
        *("PAGE", "NUMPAGES", "SECTION", "SECTIONPAGES", "TOC", "HYPERLINK", "REF", "PAGEREF"),
        *(
            "NOTEREF",
            "STYLEREF",
            "SEQ",
            "DATE",
            "TIME",
            "CREATEDATE",
            "SAVEDATE",
            "TITLE",
            "=",
            "TC",
        ),
    )
)
"""Fields of Word that fetch nothing."""
_PLACE: Final = re.compile(r"[{｛]{2}(.*?)[}｝]{2}")
_BRACES: Final = re.compile(r"[{｛]{2}|[}｝]{2}")
_STATEMENT: Final = re.compile(r"[{｛][%#].*?(?:[%#][}｝]|$)")


class UnfitTemplate(Exception):
    """A template is not taken: `code` is one of `CODES`."""

    def __init__(self, code: str, **gaps: str) -> None:
        super().__init__(code)
        self.code = code
        self.gaps = {key: _short(words) for key, words in gaps.items()}


def _short(words: str) -> str:
    """Words of a template as they are said to somebody: not too many, and on one line."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return plain if len(plain) <= 40 else plain[:39] + "…"


def main() -> None:
    limit_memory(MEMORY)
    values, _, template = sys.stdin.buffer.read().partition(b"\n")
    try:
        done = FILLED, fill(template, json.loads(values))
    except UnfitTemplate as why:
        done = UNFIT, json.dumps({"code": why.code, "gaps": why.gaps}).encode()
    sys.stdout.buffer.write(b"\n".join(done))


# ---------------------------------------------------------------- the file


def fill(template: bytes, told: Mapping[str, Any]) -> bytes:
    """The template with everything filled in. Raises `UnfitTemplate`."""
    from lxml.etree import LxmlError

    try:
        return _fill(template, told)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, KeyError) as damage:
        # What `zipfile` raises for an archive that is cut, changed, packed in a way it does not
        # know, or without a part that a document has.
        raise UnfitTemplate("damaged") from damage
    except (LxmlError, UnicodeError, OSError, RuntimeError, ValueError) as damage:
        raise UnfitTemplate("damaged") from damage


def _fill(template: bytes, told: Mapping[str, Any]) -> bytes:
    _look_at_archive(template)
    out = io.BytesIO()
    asked = 0
    with zipfile.ZipFile(io.BytesIO(template)) as before, zipfile.ZipFile(out, "w") as after:
        parts = {member.filename: before.read(member) for member in before.infolist()}
        _forget_own_template(parts)
        _look_at_parts(parts)
        for name, data in parts.items():
            if _TEXTS.fullmatch(name):
                part = _Part(_parsed(data), told, main=name == MAIN)
                part.fill()
                asked += part.asked
                data = part.data
            # Every part bears the same day: the file tells nothing of who made it and when.
            after.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    if not asked:
        raise UnfitTemplate("nothing")
    return out.getvalue()


def _look_at_archive(template: bytes) -> None:
    """What an archive says of itself. `zipfile` unpacks no more than that."""
    if not template.startswith(b"PK\x03\x04"):
        raise UnfitTemplate("not_word")
    if len(template) > MOST_BYTES:
        raise UnfitTemplate("too_large")
    with zipfile.ZipFile(io.BytesIO(template)) as archive:
        members = archive.infolist()
    names = [member.filename for member in members]
    if MAIN not in names or "[Content_Types].xml" not in names:
        raise UnfitTemplate("not_word")
    if len(set(names)) != len(names) or any(member.flag_bits & 1 for member in members):
        raise UnfitTemplate("damaged")
    unpacked = sum(member.file_size for member in members)
    big = any(m.file_size > MOST_XML for m in members if m.filename.endswith((".xml", ".rels")))
    if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED or big:
        raise UnfitTemplate("too_large")


def _look_at_parts(parts: Mapping[str, bytes]) -> None:
    """Refuse what would run, and what would be fetched from elsewhere."""
    types = parts["[Content_Types].xml"]
    if _MACROS.search(types) or any(_MACROS.search(name.encode()) for name in parts):
        raise UnfitTemplate("macros")
    for name, data in parts.items():
        if found := _NEVER.search(name):
            raise UnfitTemplate("embedded", what=found[0].strip("/"))
        if name.endswith((".xml", ".rels")):
            # A document of Word declares no types; one that does means to fill our memory.
            if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
                raise UnfitTemplate("damaged")
            if b"\x00" in data[:64] or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise UnfitTemplate("damaged")
    if found_type := _NEVER_TYPES.search(types):
        raise UnfitTemplate("embedded", what=found_type[0].decode())
    if b"wordprocessingml.document.main+xml" not in types:
        raise UnfitTemplate("not_word")
    for name, data in parts.items():
        if name.endswith(".rels"):
            for one in _parsed(data):
                _look_at_relation(one)
        elif name.startswith("word/") and name.endswith(".xml"):
            _look_at_fields(_parsed(data))


def _forget_own_template(parts: dict[str, bytes]) -> None:
    """A document that was begun from a template on somebody's own disk names it; it is made
    without."""
    name, settings = "word/_rels/settings.xml.rels", "word/settings.xml"
    if name not in parts or b"attachedTemplate" not in parts[name]:
        return
    root = _parsed(parts[name])
    for one in [*root]:
        if (one.get("Type") or "").endswith("/attachedTemplate") and _ON_DISK.match(
            one.get("Target") or ""
        ):
            root.remove(one)
            inside = _parsed(parts[settings])
            for node in inside.findall(_w("attachedTemplate")):
                inside.remove(node)
            parts[settings] = _written(inside)
    parts[name] = _written(root)


_ON_DISK: Final = re.compile(r"(?i)file:/{3}[a-z]:|[a-z]:[\\/]|[\w .-]+\.dot[xm]?$")


def _look_at_relation(one: Any) -> None:
    kind = (one.get("Type") or "").rpartition("/")[2]
    target = one.get("Target") or ""
    if kind.lower() in ("afchunk", "oleobject", "control", "package", "vbaproject"):
        raise UnfitTemplate("embedded", what=kind)
    if (one.get("TargetMode") or "").lower() == "external" or "://" in target:
        link = kind == "hyperlink" and target.lower().startswith(
            ("http://", "https://", "mailto:")
        )
        if not link:
            raise UnfitTemplate("external", what=target or kind)


def _look_at_fields(root: Any) -> None:
    """Refuse the fields of Word that fetch, run or look into other files."""
    code: list[str] | None = None
    for node in root.iter():
        match _local(node):
            case "fldSimple":
                _look_at_field(node.get(f"{{{W}}}instr") or "")
            case "fldChar":
                begins = node.get(f"{{{W}}}fldCharType") == "begin"
                if code is not None:
                    _look_at_field("".join(code))
                code = [] if begins else None
            case "instrText":
                if code is None:
                    _look_at_field(node.text or "")
                else:
                    code.append(node.text or "")


def _look_at_field(code: str) -> None:
    word = code.split()[0].upper() if code.split() else ""
    if word and word not in _FIELDS and not word.startswith("="):
        raise UnfitTemplate("field", name=word)


def _parsed(data: bytes) -> Any:
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    root = etree.fromstring(data, parser)
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        raise UnfitTemplate("too_large")
    return root


def _written(root: Any) -> bytes:
    from lxml import etree

    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return written


def _local(node: Any) -> str:
    """An element's name without its namespace; empty for comments."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


# ---------------------------------------------------------------- one part


class _Part:
    """A part of the document, and how many names stood in it."""

    def __init__(self, root: Any, told: Mapping[str, Any], *, main: bool) -> None:
        self._root = root
        self._told = {_key(name): value for name, value in told.items()}
        self._main = main
        self.asked = 0

    @property
    def data(self) -> bytes:
        return _written(self._root)

    def fill(self) -> None:
        if self._main:
            self._end()
        for paragraph in [*self._root.iter(_w("p"))]:
            if _within(paragraph, self._root):
                self._paragraph(paragraph)

    def _end(self) -> None:
        """Leave out all from the paragraph that ends the summary, but the page's own settings."""
        body = self._root.find(_w("body"))
        ended = False
        for node in [*body] if body is not None else ():
            if not ended and _local(node) == "p":
                names = _PLACE.findall(_text(node))
                ended = any(self._value(name) == END for name in names)
            if ended and _local(node) != "sectPr":
                body.remove(node)

    def _value(self, name: str) -> Any:
        return self._told.get(_key(name), _UNKNOWN)

    def _paragraph(self, paragraph: Any) -> None:
        words = _text(paragraph)
        if found := _STATEMENT.search(words):
            raise UnfitTemplate("statement", words=found[0])
        places = [*_PLACE.finditer(words)]
        rest = _PLACE.sub("", words)
        if unclosed := _BRACES.search(rest):
            raise UnfitTemplate(
                "unclosed", words=rest[max(0, unclosed.start() - 8) : unclosed.end() + 12]
            )
        if not places:
            return
        self.asked += len(places)
        values = []
        for place in places:
            value = self._value(place[1])
            if value is _UNKNOWN or value == END:
                raise UnfitTemplate("unknown", name=place[0])
            if isinstance(value, dict):
                if words.strip() != place[0]:
                    raise UnfitTemplate("alone", name=place[0])
                self._table(paragraph, place[0], value["table"])
                return
            values.append((place, value))
        if any(value is None for _, value in values):
            _leave_out(paragraph)
            return
        for place, value in reversed(values):
            _replace(paragraph, place.start(), place.end(), _plain(value))

    def _table(self, paragraph: Any, name: str, told: Mapping[str, Any] | None) -> None:
        parent = paragraph.getparent()
        boxed = any(_local(one) == "txbxContent" for one in paragraph.iterancestors())
        if not self._main or boxed or _local(parent) not in ("body", "tc", "sdtContent"):
            raise UnfitTemplate("misplaced", name=name)
        if told is None:
            _leave_out(paragraph)
            return
        paragraph.addprevious(_drawn(told, paragraph))
        # A table wants a paragraph behind it: at the end of a cell, and before another table.
        _empty(paragraph)


END: Final = {"end": True}
"""Told of the name that ends the summary."""
_UNKNOWN: Final = object()


def _key(name: str) -> str:
    """A name as it is looked up: people type spaces, and colons of either width."""
    return re.sub(r"\s+", "", name).replace(":", "：").casefold()


def _w(tag: str) -> str:
    return f"{{{W}}}{tag}"


def _within(node: Any, root: Any) -> bool:
    """Whether an element is still there: a row that was left out took its paragraphs along."""
    while node is not None and node is not root:
        node = node.getparent()
    return node is root


def _texts(paragraph: Any) -> list[Any]:
    """The pieces of a paragraph's own text; those of a box within it are not its own."""
    return [
        node
        for node in paragraph.iter(_w("t"))
        if next(one for one in node.iterancestors() if _local(one) == "p") is paragraph
    ]


def _text(paragraph: Any) -> str:
    return "".join(node.text or "" for node in _texts(paragraph))


def _plain(words: str) -> str:
    """Words without the signs that XML cannot hold."""
    return "".join(c for c in words if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff"))


def _replace(paragraph: Any, first: int, last: int, words: str) -> None:
    """Put words in the place of a stretch of a paragraph's text, which Word may have cut into
    several pieces; they look as its beginning does."""
    at = 0
    for node in _texts(paragraph):
        text = node.text or ""
        begins, ends = max(first - at, 0), min(last - at, len(text))
        if begins < ends:
            node.text = text[:begins] + words + text[ends:]
            node.set(f"{{{XML}}}space", "preserve")
            words = ""
        at += len(text)


def _leave_out(paragraph: Any) -> None:
    """Take out a paragraph, or the row in which it stands; a table without rows goes with them."""
    row = next((one for one in paragraph.iterancestors() if _local(one) == "tr"), None)
    boxed = any(_local(one) == "txbxContent" for one in paragraph.iterancestors())
    if row is not None and not boxed:
        table = row.getparent()
        table.remove(row)
        if table.find(_w("tr")) is None and table.getparent() is not None:
            table.getparent().remove(table)
        return
    parent = paragraph.getparent()
    settings = paragraph.find(f"{_w('pPr')}/{_w('sectPr')}")
    alone = len(parent.findall(_w("p"))) == 1 and _local(parent) != "body"
    if settings is not None or alone:
        _empty(paragraph)
    else:
        parent.remove(paragraph)


def _empty(paragraph: Any) -> None:
    """Leave nothing of a paragraph but its settings."""
    for node in [*paragraph]:
        if _local(node) != "pPr":
            paragraph.remove(node)


# ---------------------------------------------------------------- a table


def _element(tag: str, **values: str) -> Any:
    from lxml import etree

    made = etree.Element(_w(tag))
    for key, value in values.items():
        made.set(_w(key), value)
    return made


_MARKS: Final = ("ins", "del", "moveFrom", "moveTo", "rPrChange")
"""What says of a paragraph's end that it was changed: no letters have it."""
WIDTH: Final = 5000
"""All of a line, in fiftieths of a percent."""


def _drawn(told: Mapping[str, Any], paragraph: Any) -> Any:
    """A table with lines, whose headings come again on each page; letters as in the paragraph."""
    found = next(iter(paragraph.iter(_w("rPr"))), None)
    letters = _element("rPr") if found is None else deepcopy(found)
    for mark in _MARKS:
        for node in letters.findall(_w(mark)):
            letters.remove(node)
    style = paragraph.find(f"{_w('pPr')}/{_w('pStyle')}")
    table = _element("tbl")
    settings = _element("tblPr")
    settings.append(_element("tblW", w=str(WIDTH), type="pct"))
    settings.append(_element("jc", val="center"))
    lines = _element("tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        lines.append(_element(side, val="single", sz="4", space="0", color="808080"))
    settings.append(lines)
    settings.append(_element("tblLayout", type="autofit"))
    margins = _element("tblCellMar")
    for side in ("left", "right"):
        margins.append(_element(side, w="80", type="dxa"))
    settings.append(margins)
    table.append(settings)
    widths = _widths(told)
    grid = _element("tblGrid")
    for width in widths:
        grid.append(_element("gridCol", w=str(width * 9000 // WIDTH)))
    table.append(grid)
    rows = [told["head"], *told["rows"]]
    for number, cells in enumerate(rows):
        bold = not number or (told["total"] and number == len(rows) - 1)
        row = _element("tr")
        kept = _element("trPr")
        kept.append(_element("cantSplit"))
        if not number:
            kept.append(_element("tblHeader"))
        row.append(kept)
        for place, words in enumerate(cells):
            figure = told["figures"][place] and bool(number)
            row.append(_cell(words, widths[place], letters, style, bold, figure, head=not number))
        table.append(row)
    return table


def _widths(told: Mapping[str, Any]) -> list[int]:
    """Columns as wide as their words want, within bounds."""
    rows = [told["head"], *told["rows"]]
    wanted = [
        min(34, max(5, *(_length(row[place]) for row in rows)) + 2)
        for place in range(len(told["head"]))
    ]
    return [WIDTH * one // sum(wanted) for one in wanted]


def _length(words: str) -> int:
    """How wide words are: a Chinese character is as wide as two letters."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in words)


def _cell(
    words: str, width: int, letters: Any, style: Any, bold: bool, figure: bool, *, head: bool
) -> Any:
    cell = _element("tc")
    settings = _element("tcPr")
    settings.append(_element("tcW", w=str(width), type="pct"))
    if head:
        settings.append(_element("shd", val="clear", color="auto", fill="EDEDED"))
    settings.append(_element("vAlign", val="center"))
    cell.append(settings)
    paragraph = _element("p")
    shape = _element("pPr")
    if style is not None:
        shape.append(deepcopy(style))
    if head:
        shape.append(_element("keepNext"))
    shape.append(_element("spacing", before="40", after="40"))
    shape.append(_element("ind", firstLine="0", firstLineChars="0"))
    shape.append(_element("jc", val="right" if figure else "center" if head else "left"))
    paragraph.append(shape)
    run = _element("r")
    looks = deepcopy(letters)
    if bold and looks.find(_w("b")) is None:
        at = 1 + max(
            (looks.index(one) for one in looks if _local(one) in ("rStyle", "rFonts")), default=-1
        )
        looks.insert(at, _element("b"))
    run.append(looks)
    text = _element("t")
    text.text = _plain(words)
    text.set(f"{{{XML}}}space", "preserve")
    run.append(text)
    paragraph.append(run)
    cell.append(paragraph)
    return cell


if __name__ == "__main__":
    main()

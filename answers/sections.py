"""Divide a document into its sections, as Chinese official documents number them.

A section is named the way clauses are: `五(三)1` is 五、(三) 1.; `附件2 七(二)` lies in an annex;
`附件1 三·一(三)` is the (三) of a 一、 that stands inside the 三、 of annex 1. What has no number
is called what it is: 标题, 主送, 导语, 联系方式, 落款 …
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from itertools import groupby, zip_longest
from typing import Final, Literal

from answers.contents import contents_of, leads_to_page, without_leader
from language.numerals import whole
from language.radicals import without_radicals

LONG: Final = 700
"""Maximum characters of one passage; a longer section becomes several."""
TITLE_LINES: Final = 8
FORGOTTEN: Final = 3
"""Maximum missing numbers between two items of the same list 1. 2. 3."""
LONGEST: Final = 4_000
"""Maximum characters of one paragraph."""
NARROW: Final = 90
"""Lines up to this width were broken by the page's margin; a Chinese character counts two."""
NEAR: Final = 16
"""Number of lines before and after from which the usual width is taken."""

CELLS: Final = " | "
"""Between the cells of a table's row."""

Doubt = Literal[
    "no_sections",
    "named",
    "no_title",
    "gap",
    "repeated",
    "contents",
    "running",
    "pictures",
    "tables",
    "left_out",
    "parts",
]
"""What a reader was unsure of: no numbers, headings instead of numbers, no title, a number
missing, a number twice, a table of contents that lists what is not there, a line taken for the
head of a page; pages that are pictures, tables whose cells may have run together; text that was
left out as struck out, hidden or unknown; parts that are no text."""
SpotKind = Literal["page", "entry", "section", "picture", "header", "note", "formula", "object"]
"""What a place is called by: a page's number, a line of a table of contents, a section, or what
stands beside the text, by the words near it."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a doubt arose."""

    doubt: Doubt
    kind: SpotKind
    at: str
    """A page's number, a section, or some words."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a document as it was read."""

    text: str
    page: int = 1
    whole: bool = False
    """A paragraph of its own; otherwise a paragraph may go on in the next line."""
    heading: bool = False
    """Marked as a heading in the file."""
    level: int = 0
    """The level of the heading, 1 and up; 0 if it has none."""
    bold: bool = False
    """All of it is set in bold."""
    table: int = 0
    """Which table it is a row of, counted from 1; 0 for none."""
    ruled: bool = False
    """It stands within a table's rules, but its cells are not known."""
    listed: bool = False
    """The file itself says that it is a line of a table of contents."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A passage: one section's text, in the document's own words."""

    section: str
    text: str
    heading: str = ""
    """The headings that it stands under, the outermost first."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document's title and passages."""

    title: str
    passages: tuple[Fragment, ...]
    doubts: tuple[Doubt, ...] = ()
    spots: tuple[Spot, ...] = ()
    """Where some of the doubts arose."""

    @property
    def sections(self) -> tuple[str, ...]:
        """Its sections, in their order."""
        return tuple(dict.fromkeys(one.section for one in self.passages))

    def to_bytes(self) -> bytes:
        """All of it, to be kept until somebody has said that it is right."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, kept: bytes) -> Document:
        said = json.loads(kept)
        pieces = tuple(Fragment(**piece) for piece in said["passages"])
        spots = tuple(Spot(**spot) for spot in said.get("spots", ()))
        return cls(said["title"], pieces, tuple(said["doubts"]), spots)


def day_in(text: str) -> date | None:
    """The last whole day in a text, as documents write it: 2025年3月19日, 二〇二五年三月九日."""
    found = [match for match in _DAY.finditer(text) if all(match.groups())]
    for match in reversed(found):
        try:
            return date(*(whole(part) or 0 for part in match.groups()))
        except ValueError:
            continue
    return None


def divide(lines: Sequence[Line], name: str) -> Document:
    """Divide a document's lines into sections. `name` is the title if the document shows none."""
    read, lost = _without_contents(_read(lines))
    blocks = _with_headings(list(_blocks(read)))
    reader = _Reader(blocks)
    for block in blocks:
        reader.take(block)
    document = reader.document(name)
    if not lost:
        return document
    spots = [Spot("contents", "entry", one) for one in lost]
    return replace(
        document, doubts=(*document.doubts, "contents"), spots=(*document.spots, *spots)
    )


# ---------------------------------------------------------------- from lines to paragraphs


_HAN: Final = "[一二三四五六七八九十百〇零]"
_CHAPTER: Final = re.compile(
    rf"第\s*({_HAN}{{1,4}}|\d{{1,3}})\s*(部分|[编篇章节])(?=\s|$|[^条款项、，。；和至的])"
)
_DIVISIONS: Final = {"部分": 0, "编": 0, "篇": 0, "章": 1, "节": 2}
"""What divides a document above its sections, the outermost first."""
_ARTICLE: Final = re.compile(
    rf"第\s*({_HAN}{{1,4}}|\d{{1,3}})\s*条"
    rf"(?:之({_HAN}{{1,2}})(?=\s|[^款项、，。；和至的规])|(?=\s|[^款项、，。；和至之的规]))"
)
_FIRST: Final = re.compile(rf"({_HAN}{{1,3}})\s*(?:、|[.．](?![\d.．]|{_HAN}))")
_SECOND: Final = re.compile(rf"[（(]?\s*({_HAN}{{1,3}})\s*[）)]")
_THIRD: Final = re.compile(r"(\d{1,2})\s*(?:[.．](?!\d)|、)")
_FOURTH: Final = re.compile(r"[（(]?\s*(\d{1,2})\s*[）)]")
_LEVELS: Final = (_FIRST, _SECOND, _THIRD, _FOURTH)
BELOW: Final = len(_LEVELS)
"""The level of the second part of 1.2; that of the third in 1.2.3 is one more."""
_DECIMAL: Final = re.compile(r"(\d{1,2}(?:[.．]\d{1,2}){1,3})(?![.．]?\d|\s*[%:：年月日])[.．、]?")
_PLAIN_NUMBER: Final = re.compile(r"(\d{1,2})\s*(?=[\u3400-\u9fff])")
"""How a heading begins where 1.1 is the number below it: 1 目的."""
_ENCLOSED: Final = re.compile("[\u2474-\u249b\u3220-\u3229]")
"""Signs that are a number and its marks in one: ⑴ ⒈ ㈠."""
_ANNEX: Final = re.compile(rf"附\s*(?:件|录|表)\s*(\d{{1,2}}|{_HAN}{{1,3}})?\s*(?:[:：]\s*|\s+|$)")
_CONTACT: Final = re.compile(
    r"(?:\w{0,6}联系人|(?:联系|办公|咨询)?电\s*话|传\s*真|邮\s*箱|电子邮[箱件]|E-?mail|"
    r"地\s*址|通讯地址|邮\s*编|网\s*[站址]|联系方式|手\s*机)\s*[:：]",
    re.I,
)
_DATE: Final = re.compile(
    rf"(?:\d{{4}}|[二〇○零一三四五六七八九]{{4}})\s*年\s*(?:\d{{1,2}}|{_HAN}{{1,2}})?\s*月"
    rf"\s*(?:\d{{1,2}}|{_HAN}{{1,3}})?\s*日"
)
_DAY: Final = re.compile(
    rf"(\d{{4}}|[二〇○零一三四五六七八九]{{4}})\s*年\s*(\d{{1,2}}|{_HAN}{{1,2}})\s*月"
    rf"\s*(\d{{1,2}}|{_HAN}{{1,3}})\s*日"
)
_PRINTED: Final = re.compile(rf".{{0,40}}{_DATE.pattern}\s*印发")
DOCUMENT_NUMBER: Final = re.compile(r"\S{0,16}[^\w\s]\s*20\d{2}\s*[^\w\s]\s*第?\s*\d{1,4}\s*号")
"""The number that an office gives a document, its year in brackets of one kind or another."""
_PAGE: Final = re.compile(
    r"[\s—–―\-－_·.]*|[—–―\-－_·.][\s—–―\-－_·.]*\d{1,3}[\s—–―\-－_·.]*|\d{1,3}\s*[—–―\-－_·][\s—–―\-－_·]*|"
    r"第\s*\d+\s*页\s*(?:[，,/]?\s*共\s*\d+\s*页)?|\d{1,3}\s*/\s*\d{1,3}"
)
"""What is set around a page's number. A number alone may be one that the document states."""
SHEET: Final = 12
"""Minimum lines between two page numbers that stand alone in a text without pages."""
_ENDS: Final = re.compile(r"[。！？；：!?;:…][”’」』）)]*$")
_CLOSED: Final = re.compile(r"[。！？；!?;…]")
_MARKS: Final = re.compile(r"^#{1,6}\s+(?=\S)")


def _read(lines: Iterable[Line]) -> list[Line]:
    """The lines without what their layout put there."""
    read = [plain for line in lines for part in _parts(line) if (plain := _plain(part))]
    return _without_page_numbers(read)


def _without_contents(read: list[Line]) -> tuple[list[Line], list[str]]:
    """The lines without tables of contents, and what these list that is nowhere else.

    Where most of what one lists is nowhere else, it is kept, as a section of its own.
    """
    lost: list[str] = []
    kept: list[Line] = []
    at = 0
    for found in contents_of([line.text for line in read], [line.listed for line in read]):
        kept += read[at : found.start]
        lost += found.lost
        if not found.sure:
            lines = read[found.start : found.end]
            kept += [replace(line, whole=True, heading=False, listed=True) for line in lines]
        at = found.end
    kept += [replace(line, listed=False) if line.listed else line for line in read[at:]]
    return kept, lost


def _with_headings(blocks: list[Line]) -> list[Line]:
    """Blocks, in a document without numbers its short bold lines as headings."""
    if any(block.level or (not block.table and _outer(block.text)) for block in blocks):
        return blocks

    def heads(block: Line) -> bool:
        return block.bold and _names(block.text) and not _signs(block.text)

    return [replace(block, level=1) if heads(block) else block for block in blocks]


def _outer(text: str) -> bool:
    """Whether this begins a section of those that divide a whole document."""
    numbered = _level(text)
    return (numbered is not None and numbered[0] == 0) or any(
        pattern.match(text) for pattern in (_ARTICLE, _CHAPTER, _DECIMAL)
    )


def _names(text: str) -> bool:
    """Whether this may be a heading without a number."""
    return len(text) <= 30 and not re.search("[，。；：！？,;:!?|]", text) and not _begins(text)


def _blocks(read: Sequence[Line]) -> Iterator[Line]:
    """The paragraphs: lines that go on in the next are put together."""
    widths = [0 if line.whole else _width(line.text) for line in read]
    waiting: Line | None = None
    for place, line in enumerate(read):
        # A letter and its annexes may be set in different sizes.
        around = sorted(filter(None, widths[max(0, place - NEAR) : place + NEAR]))
        full = around[int(len(around) * 0.85)] if around else 0
        if waiting is not None and _goes_on(waiting, line, full):
            joined = _join(waiting.text, line.text)
            waiting = _Grown(
                *(joined, line.page, False, waiting.heading, waiting.level),
                last=_width(line.text),
            )
            continue
        if waiting is not None:
            yield waiting
        waiting = line
    if waiting is not None:
        yield waiting


def _without_page_numbers(read: Sequence[Line]) -> list[Line]:
    """Lines without the numbers alone that count pages: at least three that go on by one, each a
    page after the one before."""
    alone = [
        (place, int(line.text))
        for place, line in enumerate(read)
        if re.fullmatch(r"\d{1,3}", line.text)
    ]
    counted: set[int] = set()
    run: list[tuple[int, int]] = []
    for place, number in [*alone, (0, -1)]:
        follows = run and number == run[-1][1] + 1 and place - run[-1][0] > SHEET
        if run and not follows:
            if len(run) > 2:
                counted.update(at for at, _ in run)
            run = []
        run.append((place, number))
    return [line for place, line in enumerate(read) if place not in counted]


@dataclass(frozen=True, slots=True)
class _Grown(Line):
    """A paragraph of several lines, and how wide the last of them was."""

    last: int = 0


def _parts(line: Line) -> Iterator[Line]:
    """A line, or its parts: programs that read pictures of pages leave marks of paragraphs."""
    if "<" not in line.text:
        yield line
        return
    for text in re.split(r"</?(?:p|br|div|td|tr)\s*/?>", line.text):
        yield replace(line, text=text)


def _plain(line: Line) -> Line | None:
    """A line without what its layout put there; `None` if that is all of it."""
    seen = (" " if sign in "\t\n" else sign for sign in line.text if not _unseen(sign))
    text = without_radicals(" ".join("".join(seen).split()))
    marked = _MARKS.match(text)
    text = text.replace("**", "")
    if marked:
        text = _MARKS.sub("", text)
    if not re.search(r"[^\W_]|[%\uff05‰]", text) or (_PAGE.fullmatch(text) and not line.whole):
        return None
    # Justified titles are set with blanks between their characters, numbers with blanks around.
    text = re.sub(rf"(?<=(?<!{_WIDE}){_WIDE}) (?={_WIDE}(?!{_WIDE}))", "", text)
    if not line.whole:
        text = re.sub(rf"(?<={_WIDE}) (?=[\d０-９])|(?<=[\d０-９%]) (?={_WIDE})", "", text)
    # A number alone is never read into a sentence around it.
    whole_line = line.whole or re.fullmatch(r"\d{1,3}", text) is not None
    level = line.level or (marked[0].count("#") if marked else 0)
    heading = line.heading or marked is not None
    return replace(line, text=text, whole=whole_line, heading=heading, level=level)


def _unseen(sign: str) -> bool:
    return sign not in "\t\n" and unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn")


_FIGURE: Final = re.compile(r"[^\W\d_]\s?\d{1,4}$")
_UNIT: Final = re.compile(
    r"\d{0,3}\s*[%\uff05‰]|\d{0,3}\s*(?:[年号元天]|月(?!度)|日(?!常)|名(?![单额称])|个(?!别)|"
    r"人(?![工员才])|次(?![年日要])|项(?!目)|所(?![有在])|周(?!期)|小时|分钟|课时|学时)"
)
"""What follows a figure that a line's end cut off from its unit."""
_WIDE: Final = "[\u3400-\u9fff，。；：、！？（）《》“”‘’]"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in text)


def _goes_on(before: Line, after: Line, full: int) -> bool:
    """Whether a paragraph goes on in the next line."""
    if before.whole or after.whole or len(before.text) > LONGEST:
        return False
    if before.heading or after.heading:
        return before.heading and after.heading and _splits(before.text, after.text)
    if _ENDS.search(before.text) or _begins(after.text) or leads_to_page(before.text):
        return False
    if _cut_off(before.text, after.text):
        return True
    if _ADDRESSED.match(after.text) or DOCUMENT_NUMBER.fullmatch(narrow(before.text)):
        return False
    if _signs_alone(after.text) and (_CONTACT.match(before.text) or _signs_alone(before.text)):
        return False
    last = before.last if isinstance(before, _Grown) else _width(before.text)
    if TITLE_ENDS.search(before.text) and not re.search("[，。；]", before.text):
        quoted = after.text[0] in "》〉”’）)"
        return quoted or (
            30 < full <= NARROW and last >= 0.9 * full and not _NOTICE.search(before.text)
        )
    if full <= NARROW:
        return last >= 0.72 * full
    if isinstance(before, _Grown) or _CLOSED.search(before.text):
        return True
    if _level(before.text) is not None:
        return "，" in before.text or last > 60
    return last > 30


def _cut_off(before: str, after: str) -> bool:
    """Whether a line's end cuts a figure off from its unit, or a month or a day from its year."""
    if _FIGURE.search(before):
        return _UNIT.match(after) is not None
    if re.search(r"\d\s*年$", before):
        return re.match(r"\d{1,2}\s*月", after) is not None
    return re.search(r"\d\s*月$", before) is not None and bool(re.match(r"\d{1,2}\s*日", after))


def begins(line: str) -> bool:
    """Whether a section or an annex may begin with this line."""
    plain = _plain(Line(line))
    return plain is not None and _begins(plain.text)


def page_number(line: str) -> bool:
    """Whether this line is no more than a page's number."""
    return _PAGE.fullmatch(" ".join(line.split())) is not None


def _splits(before: str, after: str) -> bool:
    """Whether two headings are one that was too wide."""
    ended = TITLE_ENDS.search(before) or _ANNEX.fullmatch(before) or before.endswith("文件")
    return not _begins(after) and not ended


def _begins(text: str) -> bool:
    return bool(
        _level(text) is not None
        or _DECIMAL.match(text)
        or _CHAPTER.match(text)
        or _ARTICLE.match(text)
        or _ANNEX.match(text)
        or _CONTACT.match(text)
        or _DATE.fullmatch(text)
    )


def _spelled(text: str) -> str:
    """A text that begins with a number in one sign, with the number and its marks instead."""
    if text and _ENCLOSED.match(text):
        return unicodedata.normalize("NFKC", text[0]) + text[1:]
    return text


def _level(text: str) -> tuple[int, int] | None:
    """The level and the number that a paragraph begins with, if it begins with any."""
    spelled = _spelled(text)
    for level, pattern in enumerate(_LEVELS):
        if found := pattern.match(spelled):
            return level, _value(found[1])
    return None


def _join(before: str, after: str) -> str:
    latin = re.search(r"[A-Za-z,.;]$", before) and re.match("[A-Za-z]", after)
    return f"{before} {after}" if latin else before + after


# ---------------------------------------------------------------- from paragraphs to sections


TITLE_ENDS: Final = re.compile(
    "(?:通知|函|公告|通告|通报|意见|方案|办法|规定|细则|条例|章程|指南|简章|计划|规程|制度|须知|"
    "请示|报告|纪要|要点|申报书|申报表|申请表|登记表|汇总表|推荐表|一览表|说明|标准|名单)"
    r"(?:[（(][^（）()]{1,12}[）)])?$"
)
_NOTICE: Final = re.compile("的(?:通知|函|公告|通告|意见)$")
_ADDRESSED: Final = re.compile(r"^(?:各|有关|省|市|自治区|全|尊敬|相关|直属|致).{1,200}[:：]$")


@dataclass(slots=True)
class _Place:
    """Where one is in a document: the annex, the numbers, and what they are headed."""

    annex: str = ""
    numbers: list[tuple[int, int]] = field(default_factory=list)
    """Level and number, outermost first; level 0 twice is a 一、 inside of another."""
    headings: list[str] = field(default_factory=list)
    article: str = ""
    divisions: list[tuple[int, str, str]] = field(default_factory=list)
    """Depth, number and heading of the parts, chapters and paragraphs, the outermost first."""
    named: list[tuple[int, str]] = field(default_factory=list)
    """Level and words of the headings that have no number, the outermost first."""

    def divided(self) -> str:
        """The numbers of the divisions: 第二部分, 第一章第二节."""
        return "".join(number for _, number, _ in self.divisions)

    def names(self) -> str:
        return "／".join(words for _, words in self.named)

    def copy(self) -> _Place:
        return replace(self, numbers=[*self.numbers], headings=[*self.headings])

    def numbers_said(self) -> str:
        written = self.article
        for place, (level, number) in enumerate(self.numbers):
            match level:
                case 0:
                    written += ("·" if place else "") + han(number)
                case 1:
                    written += f"({han(number)})"
                case 2:
                    written += str(number)
                case _ if level >= BELOW:
                    written += f".{number}"
                case _:
                    written += f"({number})"
        return written

    def heading(self) -> str:
        above = (*(heading for _, _, heading in self.divisions), self.names())
        return "／".join(filter(None, (*above, *self.headings)))


class _Reader:
    """Takes paragraph after paragraph and gathers sections."""

    def __init__(self, blocks: Sequence[Line]) -> None:
        """`blocks`: all that it will take, to see how the document numbers."""
        self._decimal = any(_DECIMAL.match(block.text) for block in blocks)
        """The document numbers 1, 1.1, 1.1.1."""
        self._outer = any(_outer(block.text) for block in blocks if not block.table)
        """The document has 一、, articles or such."""
        levels = Counter(block.level for block in blocks if block.level)
        self._often = {level for level, count in levels.items() if count > 1}
        """The levels of which there is more than one heading."""
        self._place = _Place()
        self._said: list[_Said] = []
        self._part = 0
        """Counts the letter and its annexes."""
        self._title: list[str] = []
        self._listed: dict[str, str] = {}
        """The annexes that the letter lists: their number and their title."""
        self._begun: set[str] = set()
        self._beside = ""
        """The annex where one is, if its numbers are said without it."""
        self._listing = False
        self._dotted = False
        """Dots and a page ended the last entry of that list: it does not go on."""
        self._opening = True
        """At the beginning of a letter or annex, before its first sentence."""
        self._named: list[str] = []
        """The lines of the title of the letter or annex that has just begun."""
        self._numbered = False
        """The letter or annex has numbered sections."""
        self._gap: list[str] = []
        """The sections before which a number is missing."""
        self._missed = False
        """Before the number just taken one is missing."""
        self._last_article = 0
        self._unnamed = False
        """A chapter has begun with its number alone."""
        self._table = 0
        """The table of which the last block was a row."""
        self._before_table: _Place | None = None
        """Where one was before it: what its rows number ends with it."""
        self._refused = False
        """Its rows begin no sections."""

    def take(self, block: Line) -> None:
        text = block.text
        if block.listed:
            self._say("目录", text)
            return
        if block.table != self._table:
            self._turn(block.table)
        if block.table and self._row(block):
            return
        row = block.table and _filled(block) > 1
        if self._unnamed and _names(text) and not row:
            self._name_division(text)
            return
        self._unnamed = False
        if not row and (self._annex(text, block.heading) or self._list(text)):
            return
        if block.level and self._headline(block):
            return
        if self._opening and self._opens(text):
            return
        if self._number(text):
            return
        self._opening = False
        if special := self._special(text):
            self._say(special, text)
        else:
            self._go_on(text)

    def _go_on(self, text: str) -> None:
        """Say what stands in the section where one is."""
        place = self._place
        self._say("" if place.numbers_said() or place.named else "导语", text)

    # ------------------------------------------------------------ tables

    def _turn(self, table: int) -> None:
        """A table begins, or ends."""
        if self._before_table is not None:
            self._place = self._before_table
        self._before_table = None
        self._table, self._refused = table, False

    def _row(self, block: Line) -> bool:
        """Whether a row belongs to the section where one is, whatever number it begins with."""
        if _filled(block) < 2:
            return False
        text = block.text
        place = self._place
        if _CHAPTER.match(text):
            follows = False
        elif article := _ARTICLE.match(text):
            follows = _value(article[1]) == self._last_article + 1
        elif (numbered := _level(text)) is None:
            return False
        elif numbered[0] >= 2:
            # What rows count is theirs: the table over, all goes on as before.
            if self._before_table is None:
                self._before_table = place.copy()
            return False
        else:
            its = [number for level, number in place.numbers if level == numbered[0]]
            follows = numbered[1] == (its[0] if its else 0) + 1 and len(its) < 2
            follows = follows and (numbered[0] == 0 or bool(its))
        if follows and not self._refused:
            self._before_table = None
            return False
        self._refused = True
        if self._opening and self._named:
            self._say("封面", text)
        else:
            self._opening = False
            self._go_on(text)
        return True

    # ------------------------------------------------------------ headings without numbers

    def _headline(self, block: Line) -> bool:
        """Whether a section begins here that is known by its heading alone."""
        text = block.text
        if self._outer or not _names(text) or (self._opening and self._titles(block)):
            return False
        place = self._place
        named = [one for one in place.named if one[0] < block.level]
        self._place = _Place(place.annex, named=[*named, (block.level, text)])
        self._opening = False
        self._say("", text)
        return True

    def _titles(self, block: Line) -> bool:
        """Whether a heading at the beginning belongs to the title."""
        if self._named and TITLE_ENDS.search(self._named[-1]):
            return False
        title = TITLE_ENDS.search(block.text) or block.text.startswith("关于")
        return bool(title) or not block.heading or block.level not in self._often

    # ------------------------------------------------------------ annexes

    def _annex(self, text: str, heading: bool) -> bool:
        """Whether an annex begins here, by its word, or by the title that the letter gave it."""
        found = _ANNEX.match(text)
        if found and not _CLOSED.search(text):
            number, title = str(_value(found[1])) if found[1] else "", text[found.end() :].strip()
            if title and f"附件{number}" not in self._listed and not heading:
                return False
            if not title or _bare(title) in map(_bare, self._listed.values()) or heading:
                self._begin(f"附件{number}")
                if title:
                    self._opens(title)
                return True
            return False
        if self._listed and (heading or TITLE_ENDS.search(text)):
            for annex, title in self._listed.items():
                later = annex not in self._begun and not self._listing
                if later and _bare(text) == _bare(title):
                    self._begin(annex)
                    self._opens(text)
                    return True
        return False

    def _begin(self, annex: str) -> None:
        # An annex that is the whole document, or all of it that is numbered, needs no name.
        alone = annex == "附件" and not self._numbered
        self._place = _Place(annex="" if alone else annex)
        self._beside = annex if alone and self._said else ""
        self._begun.add(annex)
        self._part += bool(self._said)
        self._listing, self._opening, self._named = False, True, []
        self._last_article = 0

    def _list(self, text: str) -> bool:
        """Whether this belongs to the letter's list of annexes."""
        dotted, text = leads_to_page(text), without_leader(text)
        found = _ANNEX.match(text)
        if found:
            self._listing = True
            rest = text[found.end() :]
            numbered = _THIRD.match(rest)
            number = found[1] or (numbered[1] if numbered else "")
            title = rest[numbered.end() :] if numbered else rest
            key = f"附件{_value(number)}" if number else "附件"
        elif self._listing and (numbered := _THIRD.match(text)):
            key, title = f"附件{numbered[1]}", text[numbered.end() :]
        elif self._listing and not self._dotted and not self._listed_whole() and not _signs(text):
            key, before = self._listed.popitem()
            title = before + text
        else:
            self._listing = False
            return False
        self._listed[key], self._dotted = title.strip(), dotted
        self._opening = False
        self._say("附件目录", text)
        return True

    def _listed_whole(self) -> bool:
        return TITLE_ENDS.search(list(self._listed.values())[-1]) is not None

    # ------------------------------------------------------------ how it opens

    def _opens(self, text: str) -> bool:
        """Whether this is still the head of a letter or annex: its number, title, addressees."""
        numbered = _level(text)
        if numbered is not None and (numbered[0] < 2 or (self._decimal and numbered == (2, 1))):
            return False
        if _CHAPTER.match(text) or _ARTICLE.match(text) or self._below(text):
            return False
        if len(text) < 40 and DOCUMENT_NUMBER.fullmatch(narrow(text)):
            self._say("文号", text)
        elif _ADDRESSED.match(text):
            self._say("主送", text)
            self._opening = False
        elif self._begins_to_say(text):
            return False
        elif self._named and TITLE_ENDS.search(self._named[-1]):
            # What follows a title and is no sentence: the cover of a form.
            self._say("封面", text)
        elif not self._named and re.search("文件$", text) and len(text) < 60:
            self._say("发文机关", text)
        else:
            if text.startswith("关于") and self._named:
                self._issued()
            self._named.append(text)
            self._say("标题", text)
            if self._part == 0 or not self._title:
                self._title.append(text)
        return True

    def _begins_to_say(self, text: str) -> bool:
        """Whether this is no part of a head any more, or the head is too long to be one."""
        long = len(text) > 80 or len(self._named) >= TITLE_LINES
        return long or bool(_CLOSED.search(text) or _CONTACT.match(text))

    def _issued(self) -> None:
        """Take the lines above the title as the issuer."""
        for said in self._said:
            if said.part == self._part and said.name == "标题":
                said.name = "发文机关"
        self._named = []
        if self._part == 0:
            self._title = []

    # ------------------------------------------------------------ numbers

    def _number(self, text: str) -> bool:
        """Whether a numbered section begins here; says its first paragraph."""
        place = self._place
        if found := _CHAPTER.match(text):
            if len(text) < 40 and not _CLOSED.search(text):
                depth = _DIVISIONS[found[2]]
                above = [one for one in place.divisions if one[0] < depth]
                number = f"第{han(_value(found[1]))}{found[2]}"
                self._place = _Place(place.annex, divisions=[*above, (depth, number, text)])
                self._opening = False
                self._unnamed = found.end() == len(text)
                return True
            return False
        if found := _ARTICLE.match(text):
            article, again = _value(found[1]), f"之{found[2]}" if found[2] else ""
            place.article = f"第{han(article)}条{again}"
            if self._last_article and article > self._last_article + 1:
                self._gap.append(self._where())
            self._last_article = max(article, self._last_article)
            place.numbers, place.headings = [], []
            self._numbered, self._opening = True, False
            self._say("", text)
            return True
        if (numbers := self._below(text)) is not None:
            place.headings = [*place.headings, *[""] * len(numbers)][: len(numbers) - 1]
            place.numbers, place.headings = numbers, [*place.headings, _headed(text)]
            self._numbered, self._opening = True, False
            self._say("", text)
            return True
        if numbered := _level(text):
            return self._enter(*numbered, text)
        return False

    def _name_division(self, text: str) -> None:
        """Take a line after the number of a chapter as its name."""
        depth, number, heading = self._place.divisions[-1]
        self._place.divisions[-1] = (depth, number, f"{heading} {text}")
        self._unnamed = False

    def _below(self, text: str) -> list[tuple[int, int]] | None:
        """The numbers at which a paragraph stands that begins with 1.2, or in such a document
        with 1; `None` if it does not, or the number does not follow on."""
        if not self._decimal:
            return None
        numbers = self._place.numbers
        if found := _DECIMAL.match(text):
            path = [int(part) for part in re.split("[.．]", found[1])]
        elif (found := _PLAIN_NUMBER.match(text)) and len(text) <= 30 and not _ENDS.search(text):
            path = [int(found[1])]
        else:
            return None
        first = next((at for at, (level, _) in enumerate(numbers) if level == 2), None)
        above = numbers if first is None else numbers[:first]
        now = [] if first is None else [number for _, number in numbers[first:]]
        if any(level not in (2, *range(BELOW, BELOW + 4)) for level, _ in numbers[len(above) :]):
            now = now[:1]
        # The next at some depth, or the first below where one is.
        deep = len(path) - 1
        follows = now[:deep] == path[:-1] and path[-1] == (now[deep] if len(now) > deep else 0) + 1
        enclosing = above[-1][1] if above else 0
        opens = path[1:] == [1] and path[0] in ((now[0] if now else 0) + 1, enclosing)
        if not follows and not opens:
            return None
        return [*above, *((BELOW + at - 1 if at else 2, number) for at, number in enumerate(path))]

    def _enter(self, level: int, number: int, text: str) -> bool:
        self._missed = False
        above = self._above(level, number)
        if above is None:
            return False
        place = self._place
        place.numbers = [*place.numbers[:above], (level, number)]
        place.headings = [*place.headings[:above], _headed(text)]
        if self._missed:
            self._gap.append(self._where())
        self._numbered, self._opening = True, False
        self._say("", text)
        return True

    def _above(self, level: int, number: int) -> int | None:
        """How many of the numbers before stand above this one; `None` if it is no section's."""
        numbers = self._place.numbers
        same = [place for place, (its, _) in enumerate(numbers) if its == level]
        for place in reversed(same):
            if numbers[place][1] + 1 == number:
                return place
        if number == 1:
            if level == 0 and len(same) == 1:
                return same[0] + 1
            higher = [place for place, (its, _) in enumerate(numbers) if its < level]
            return higher[-1] + 1 if higher else 0
        if level >= 2 and not (same and 0 < number - numbers[same[-1]][1] <= FORGOTTEN):
            # A number in running text, or a list that begins in the middle.
            return None
        self._missed = True
        if same:
            return same[-1] if numbers[same[-1]][1] < number else same[0]
        higher = [place for place, (its, _) in enumerate(numbers) if its < level]
        return higher[-1] + 1 if higher else 0

    # ------------------------------------------------------------ what has no number

    def _special(self, text: str) -> str:
        if _PRINTED.match(text):
            return "印发"
        if _DATE.fullmatch(text):
            self._sign()
            return "落款"
        if (found := _SIGNED.fullmatch(text)) and _signs(found[1]):
            return "落款" if self._said and _ends_text(self._said[-1]) else ""
        if _CONTACT.match(text):
            return "联系方式"
        if re.match(r"(?:单位|项目|申报).{0,8}[（(](?:签字|公章|盖章|签章)[）)]", text):
            return "签章"
        return ""

    def _sign(self) -> None:
        """Take the short lines before a date as the signature."""
        for at in range(len(self._said) - 1, -1, -1):
            said = self._said[at]
            if said.part != self._part or said.name not in ("", "导语"):
                break
            if not _signs(said.text) and not (
                _may_sign(said.text) and at and _ends_text(self._said[at - 1])
            ):
                break
            said.name, said.numbers, said.names, said.heading = "落款", "", "", ""

    def _where(self) -> str:
        """The section where one is."""
        place = self._place
        parts = (place.annex, place.divided(), place.names(), place.numbers_said())
        return " ".join(filter(None, parts))

    def _say(self, name: str, text: str) -> None:
        place = self._place
        numbers, heading = ("", "") if name else (place.numbers_said(), place.heading())
        annex = place.annex
        if name in ("标题", "封面", "导语"):
            # The letter has its own.
            annex = annex or self._beside
        names = "" if name else place.names()
        divided = "" if name else place.divided()
        self._said.append(_Said(self._part, annex, name, numbers, heading, text, names, divided))

    # ------------------------------------------------------------ the whole

    def document(self, name: str) -> Document:
        _tell_apart(self._said)
        divided = {said.part for said in self._said if said.numbers or said.names}
        for said in self._said:
            if said.name == "导语" and said.part not in divided:
                said.name = "通知正文"
        gathered = list(_gathered(self._said))
        pieces = [
            Fragment(section, text, heading)
            for (section, heading, texts), after in zip_longest(gathered, gathered[1:])
            # A heading with nothing under it but further sections says nothing of its own.
            if not (
                after
                and after[1].startswith(f"{heading}／")
                and texts == [heading.split("／")[-1]]
            )
            for text in _portions(texts)
        ]
        found: list[Doubt] = []
        spots: list[Spot] = []
        if not divided:
            found.append("no_sections")
        elif any(said.names for said in self._said):
            found.append("named")
        if self._gap:
            found.append("gap")
            spots += [Spot("gap", "section", one) for one in self._gap]
        if repeated := _repeated(self._said):
            found.append("repeated")
            spots += [Spot("repeated", "section", one) for one in repeated]
        title = self._called()
        if not title:
            found.append("no_title")
        return Document((title or name)[:200], tuple(pieces), tuple(found), tuple(spots))

    def _called(self) -> str:
        title = ""
        for line in self._title:
            title = _join(title, line)
            if TITLE_ENDS.search(line):
                break
        title = re.sub(rf"(?<={_WIDE}) (?={_WIDE})", "", title)
        return title or next(iter(self._listed.values()), "")


def _signs(text: str) -> bool:
    """Whether this may be the name of somebody who signs, or a date."""
    if _DATE.fullmatch(text):
        return True
    short = len(text) <= 40 and not _ENDS.search(text) and not _begins(text)
    return short and _OFFICE.search(text) is not None


def _signs_alone(text: str) -> bool:
    """Whether this is the name of an office and no more; in brackets it goes on from another."""
    return text[0] not in "（(" and _OFFICE.search(text) is not None and _may_sign(text)


def _may_sign(text: str) -> bool:
    """Whether this may be anybody's name: short, no sentence, no heading, no row of a table."""
    return len(text) <= 30 and not _NAMELESS.search(text) and not _begins(text)


def _ends_text(said: _Said) -> bool:
    """Whether a text may end here, and be signed in the next line."""
    return said.name not in ("", "导语") or _ENDS.search(said.text) is not None


_OFFICE: Final = re.compile(
    "(?:[会厅局室部心院校委办府处盟团馆宫站社）)]|科协|协会|学会|[大中小]学|工委|集团|公司|基金)$"
)
"""How the names of offices end."""
_NAMELESS: Final = re.compile(
    r"[，。；：！？、|\d]|(?:时间|日期|期限|地点|名单|如下|为止|以前|之前|开始|截止|结束|[是为于至])$|"
    + TITLE_ENDS.pattern
)
_SIGNED: Final = re.compile(
    rf"([^，。；：！？、|\s](?:[^，。；：！？、|]{{0,38}}[^，。；：！？、|\s])?)\s*{_DATE.pattern}"
)
"""Who signs, and the date, in one line."""


@dataclass(slots=True)
class _Said:
    """A paragraph, and where it stands."""

    part: int
    annex: str
    name: str
    """What the section is called that has no number."""
    numbers: str
    heading: str
    text: str
    names: str = ""
    """The headings without numbers that it stands under."""
    divided: str = ""
    """The numbers of the chapters that it stands in."""
    apart: bool = False
    """Its number comes in several chapters: the chapter is said with it."""

    def section(self) -> str:
        chapter = self.divided if self.apart else ""
        parts = (self.annex, chapter, self.names, self.name or self.numbers)
        return " ".join(filter(None, parts))


def _tell_apart(every: Sequence[_Said]) -> None:
    """Where chapters begin their numbers anew, have them said with each section."""
    chapters: dict[tuple[str, str, str], set[str]] = {}
    for said in every:
        if said.numbers and not said.numbers.startswith("第"):
            chapters.setdefault((said.annex, said.names, said.numbers), set()).add(said.divided)
    again = {annex for (annex, _, _), found in chapters.items() if len(found) > 1}
    for said in every:
        said.apart = said.annex in again and not said.name


def _gathered(every: Iterable[_Said]) -> Iterator[tuple[str, str, list[str]]]:
    """The paragraphs of each section together, in the sections' order."""
    found: dict[str, tuple[str, list[str]]] = {}
    for said in every:
        found.setdefault(said.section(), (said.heading, []))[1].append(said.text)
    for section, (heading, texts) in found.items():
        yield section, heading, texts


def _repeated(every: Iterable[_Said]) -> list[str]:
    """The numbers that come back after another: two sections have them, and are read as one."""
    numbers = [said.section() for said in every if not said.name]
    begins = [number for number, _ in groupby(numbers) if _ENDS_IN_NUMBER.search(number)]
    return [number for number, count in Counter(begins).items() if count > 1]


_ENDS_IN_NUMBER: Final = re.compile(rf"(?:{_HAN}|\d|[条)])$")


def _portions(texts: Sequence[str]) -> Iterator[str]:
    """A section's text, in portions that are not too long, divided between sentences."""
    portion = ""
    for text in texts:
        parts = [text] if len(text) <= LONG else re.findall(r"[^。；]+[。；]*|[。；]+", text)
        for place, part in enumerate(parts):
            for cut in range(0, len(part), LONG):
                piece = part[cut : cut + LONG]
                between = "" if place or cut else "\n"
                if portion and len(portion) + len(piece) > LONG:
                    yield portion
                    portion, between = "", ""
                portion = f"{portion}{between}{piece}" if portion else piece
    if portion:
        yield portion


def _headed(text: str) -> str:
    """What a section is headed: its first line, if that is a heading, or how it begins."""
    if not _ENDS.search(text) and len(text) <= 40:
        return text
    begin = re.match(r"[^。：:；\n]{1,24}(?=[。：:])", text)
    return begin[0] if begin else ""


def _filled(row: Line) -> int:
    """How many cells of a row say something."""
    return len(
        [cell for cell in row.text.split(None if row.ruled else CELLS.strip()) if cell.strip()]
    )


def narrow(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _bare(text: str) -> str:
    return re.sub(r"[\s“”\"《》]", "", unicodedata.normalize("NFKC", text))


def _value(written: str) -> int:
    """A number in digits, or up to 999 in Chinese."""
    if written.isdigit():
        return int(written)
    total, digit = 0, 0
    for sign in written:
        if sign in "十百":
            total += (digit or 1) * (10 if sign == "十" else 100)
            digit = 0
        else:
            digit = "〇零一二三四五六七八九".index(sign) - 1 if sign not in "〇零" else 0
    return total + digit


def han(number: int) -> str:
    """A number up to 999 in Chinese."""
    digits = "零一二三四五六七八九"
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    written = f"{digits[hundreds]}百" if hundreds else ""
    if tens:
        written += ("" if tens == 1 and not hundreds else digits[tens]) + "十"
    elif hundreds and ones:
        written += "零"
    return written + (digits[ones] if ones or not number else "")

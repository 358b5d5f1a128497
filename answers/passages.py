"""Finds passages of loaded documents, by a question or by a clause.

The search is BM25 over single characters and pairs: Chinese needs no words for it. What counts as
evidence is measured separately from the ranking: the share of the question's n-grams that a
passage contains, weighted by their rarity among passages.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from answers.sections import day_in
from language.numerals import fold, tidy

K1: Final = 1.2
"""BM25's k1: how soon repetition stops counting."""
B: Final = 0.4
"""BM25's b: how much a passage's length counts against it (0 to 1)."""
PAIR: Final = 2.0
"""Weight of a pair of characters relative to a single one."""
READ: Final = 200
"""Maximum characters of a question that are read."""
EXCERPT: Final = 160
"""Maximum characters of an excerpt."""
LENGTH: Final = 0.1
"""How much an excerpt loses by being as long as that (0 to 1)."""

UNSEARCHED: Final = ("联系方式", "标题", "主送", "附件目录", "目录", "封面", "签章")
"""Sections that only name things: never searched."""
ISSUED: Final = ("落款", "印发", "文号", "发文机关")
"""Sections that say who issued a document, and when: they tell nothing about a topic."""

NO_WORDS: Final[Mapping[str, float]] = MappingProxyType({})

_ASKING: Final = re.compile(
    "请问|您好|你好|我?想(?:知道|问(?:一下|下)?)|麻烦|到底|究竟|一下|是不是|有没有|能不能|可不可以|"
    "可以|能够|(?<![可不才功职动潜性智])能(?![力源量手见])|是否|什么时候|啥时候|什么|怎么样?|怎样|如何|为什么|为啥|啥|咋|哪(?:些|个|里|儿|天|几)?|"
    "多少|几(?=[个次名位天月号年人])|多久|[啊呀吗呢吧哦嘛哈的了]"
)
_SIGN: Final = re.compile(r"[^\w]|_")
_BREAKS: Final = re.compile(r"[^。！？；!?;\n]*[。！？；!?;\n]+[”’」』）)]*|[^。！？；!?;\n]+")
_HEADING: Final = re.compile(r"[^。；\n]{1,40}[^。；：！？，、\n]\n")
_PAUSES: Final = re.compile(r"[^，,、：:]*[，,、：:]|[^，,、：:]+")
_ALSO: Final = (("导语", "通知正文"), ("落款", "印发"))
"""Names of the same section in different documents: the text before or without numbered sections;
who issued it, and when."""
_FORM: Final = re.compile(r"(附件\d*)(?:·(.+))?")
"""A form, or what is called so in it: `附件·队伍`."""
_NUMBERED: Final = re.compile(r"(附件\d*)·.*?([一二三四五六七八九十]+(?:[(\d].*)?)")
"""A numbered section of something in a form: `附件·实施方案四`."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One section of a document, in its own words."""

    programme: str
    """The key of the programme whose document it is."""
    document: str
    """The document's title."""
    section: str
    """Where in the document, written as clauses are: `附件1 五(三)1`."""
    text: str
    id: int
    heading: str = ""
    """The headings that it stands under."""
    loaded: date | None = None
    """When its document was loaded."""

    @property
    def quotable(self) -> bool:
        """Whether it may be quoted: not if it names people. Facts, which name offices, say whom to
        ask."""
        return not self.section.endswith(UNSEARCHED)


@dataclass(frozen=True, slots=True)
class Found:
    """A passage, and the share of the question that it covers, 0 to 1."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Heard:
    """A passage that may speak of a topic."""

    passage: Passage
    covered: float
    """The share of the question that it covers, 0 to 1."""
    spoken: float
    """How much it speaks with the words that people ask about the topic with."""


class Passages:
    """Passages, to be searched."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self.all: Sequence[Passage] = tuple(passages)
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        """Where an n-gram occurs, and how much it counts for there, but for its weight."""
        self._sections: dict[str, dict[str, list[Passage]]] = defaultdict(
            lambda: defaultdict(list)
        )
        """By programme and section; a long section is several passages."""
        searched: list[tuple[int, Counter[str]]] = []
        for number, passage in enumerate(self.all):
            self._sections[passage.programme][section_key(passage.section)].append(passage)
            if passage.quotable:
                said = _grams(_plain(f"{passage.heading}\n{passage.text}"))
                searched.append((number, Counter(said)))
        mean = sum(found.total() for _, found in searched) / (len(searched) or 1)
        for number, found in searched:
            held = K1 * (1 - B + B * found.total() / mean)
            for gram, count in found.items():
                self._postings[gram].append((number, count * (K1 + 1) / (count + held)))
        self._count = len(searched)
        self._issued = {
            (one.programme, one.document): day
            for one in self.all
            if one.section.endswith(ISSUED) and (day := day_in(one.text)) is not None
        }

    def __len__(self) -> int:
        return len(self.all)

    def find(self, question: str, programmes: Collection[str], most: int = 3) -> list[Found]:
        """The passages of these programmes that speak most of what was asked, the best first."""
        rank: dict[int, float] = defaultdict(float)
        covered: dict[int, float] = defaultdict(float)
        mass = 0.0
        for gram in set(_asked(question)):
            weight = self._weight(gram)
            mass += weight
            for number, counts in self._postings.get(gram, ()):
                rank[number] += weight * counts
                covered[number] += weight
        within = (number for number in rank if self.all[number].programme in programmes)
        best = sorted(within, key=lambda number: (-rank[number], number))[:most]
        return [Found(self.all[number], covered[number] / mass) for number in best]

    def about(
        self, question: str, words: Mapping[str, float], documents: Collection[tuple[str, str]]
    ) -> list[Heard]:
        """The passages of these documents (programme and title) that speak of a topic or cover the
        question; `words` are the pairs of characters that people ask about the topic with."""
        asked = set(_asked(question))
        mass = sum(map(self._weight, asked))
        covered: dict[int, float] = defaultdict(float)
        spoken: dict[int, float] = defaultdict(float)
        for gram in asked:
            for number, _ in self._postings.get(gram, ()):
                covered[number] += self._weight(gram) / mass
        for word, weight in words.items():
            for number, _ in self._postings.get(word, ()):
                spoken[number] += weight
        return [
            Heard(one, covered[number], spoken[number])
            for number in sorted(covered.keys() | spoken.keys())
            if ((one := self.all[number]).programme, one.document) in documents
            and not one.section.endswith(ISSUED)
        ]

    def documents(self, programme: str) -> Mapping[str, frozenset[str]]:
        """A programme's documents by title, each with the keys of its sections."""
        found: dict[str, set[str]] = defaultdict(set)
        for one in self.all:
            if one.programme == programme:
                found[one.document].add(section_key(one.section))
        return {title: frozenset(keys) for title, keys in found.items()}

    def dated(self, programme: str, document: str) -> date | None:
        """The day that a document gives itself."""
        return self._issued.get((programme, document))

    def at(self, programme: str, clause: str) -> Passage | None:
        """The passage that a clause names; of several (`五(二)；六(三)`) the first that is there.

        Where a document is divided less finely than the clause, the section that it is in.
        """
        keys = [section_key(part) for part in re.split("[；;]", clause) if part.strip()]
        for key in (near for part in keys for near in _near(part)):
            if found := self._under(programme, key):
                return found
        for key in keys:
            if (form := _FORM.fullmatch(key)) and (part := self._in(programme, *form.groups())):
                return part
        return None

    def excerpt(
        self, passage: Passage, question: str, words: Mapping[str, float] = NO_WORDS
    ) -> str:
        """What of a passage speaks most of the question, word for word: whole sentences if short
        enough, else as much of one as is. `words` count beside the question's own.
        """
        asked = {gram: self._weight(gram) for gram in set(_asked(question))}
        most_asked = max(asked.values(), default=1.0)
        for word, weight in words.items():
            asked[word] = asked.get(word, 0.0) + weight * most_asked
        best, most = passage.text[:EXCERPT], -1.0
        for start, end in _stretches(passage.text):
            said = passage.text[start:end].strip()
            found = set(_grams(_plain(said)))
            worth = sum(weight for gram, weight in asked.items() if gram in found)
            # Of two that say as much, the shorter.
            worth *= 1 - LENGTH * len(said) / EXCERPT
            if worth > most:
                best, most = said, worth
        return best

    def _under(self, programme: str, key: str) -> Passage | None:
        """A section; where it has no text of its own, with those inside of it."""
        sections = self._sections.get(programme, {})
        if key in sections:
            return _whole(sections[key])
        inner = re.compile(rf"{re.escape(key)}(?:[(·]|(?<!\d)\d)")
        inside = [one for name in sections if inner.match(name) for one in sections[name]]
        found = _whole(inside)
        return found and replace(found, section=_upto(found.section, len(key)))

    def _in(self, programme: str, annex: str, named: str | None) -> Passage | None:
        """Of an annex without numbers, what has this name, or the first that says anything."""
        inside = [
            passage
            for passage in self.all
            if passage.programme == programme and re.match(rf"{annex}(?!\d)", passage.section)
        ]
        for passage in inside:
            if named and re.search(rf"(?m)^{re.escape(named)}", passage.text):
                return passage
        says = (one for one in inside if one.quotable)
        return next(says, inside[0] if inside else None)

    def _weight(self, gram: str) -> float:
        count = len(self._postings.get(gram, ()))
        return math.log(1 + (self._count - count + 0.5) / (count + 0.5)) * PAIR ** (len(gram) - 1)


# ---------------------------------------------------------------- inside


def _asked(question: str) -> list[str]:
    """What a question is about: its n-grams without those of the asking."""
    said = fold(tidy(question[:READ])).casefold()
    return _grams(_SIGN.sub(" ", _ASKING.sub(" ", said)))


def _plain(text: str) -> str:
    return _SIGN.sub(" ", fold(text).casefold())


def _grams(text: str) -> list[str]:
    """The single characters and pairs of each run of them. Numbers and Latin words stay whole."""
    found: list[str] = []
    for run in re.findall(r"[0-9a-z]+|[^\s0-9a-z]+", text):
        if run[0] < "\u0080":
            found.append(run)
        else:
            found += run
            found += map("".join, pairwise(run))
    return found


def section_key(section: str) -> str:
    """A section's name in one spelling."""
    return re.sub(r"\s", "", fold(section))


def _near(key: str) -> Iterator[str]:
    """A clause, and what it may be called or lie in instead, the nearest first."""
    yield key
    for names in _ALSO:
        for name in names:
            if key.endswith(name):
                yield from (key.removesuffix(name) + other for other in names if other != name)
                return
    if found := _NUMBERED.fullmatch(key):
        yield found[1] + found[2]
    while (above := re.sub(r"(?:\([^()]*\)|(?<=\))\d+|·[^·()]*)$", "", key)) not in (key, ""):
        key = above
        yield key


def _upto(section: str, count: int) -> str:
    """A section's name up to so many characters, blanks not counted."""
    ends = [at for at, sign in enumerate(section, 1) if not sign.isspace()]
    return section[: ends[count - 1]]


def _whole(parts: Sequence[Passage]) -> Passage | None:
    """Passages of a document as one."""
    if len(parts) < 2:
        return parts[0] if parts else None
    first = parts[0]
    text = "\n".join(part.text for part in parts if part.document == first.document)
    return replace(first, text=text)


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Where each run of sentences begins and ends that is short enough; of long ones, of parts.

    A heading is quoted with what follows it or not at all.
    """
    units = [found.span() for found in _BREAKS.finditer(text)]
    headings = [end for start, end in units[:-1] if _HEADING.fullmatch(text, start, end)]
    for start, end in units:
        if end - start > EXCERPT:
            parts = [found.span() for found in _PAUSES.finditer(text, start, end)]
            yield from _runs(parts)
    yield from (run for run in _runs(units) if run[1] not in headings)


def _runs(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for first, (start, _) in enumerate(spans):
        for _, end in spans[first:]:
            if end - start > EXCERPT:
                break
            yield start, end

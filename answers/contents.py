"""Find a table of contents among a document's lines: what it lists stands further on as well."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

MOST_ENTRIES: Final = 400
LONGEST: Final = 200
"""Maximum characters of an entry, its dots with it."""
WIDEST: Final = 40
"""Maximum characters of a heading's first line, if it has two."""
MOST_ALIKE: Final = 50
"""Maximum lines that begin like an entry and are looked at."""
MOST_TABLES: Final = 20
"""Maximum tables of contents in one document."""
WRAPPED: Final = 2
"""Maximum lines of one entry before the line that has its page."""
SHORTEST: Final = 2
"""Minimum entries of a table of contents."""
BEGINS_ALIKE: Final = 4
"""Minimum signs of an entry that a longer line may begin with."""

_TITLE: Final = re.compile(r"(?:目\s*[录次]|(?:table\s+of\s+)?contents)\s*[:：]?", re.I)
_LEADER: Final = re.compile(
    r"(?P<said>.*?[^\s.·•⋯…．。_\ufe4d\-—])\s*(?:[.·•⋯…．。_\ufe4d\-—]\s*){3,}(?P<page>\d{1,3}|[ivx]{1,5})?",
    re.I,
)
"""Dots that lead to a page's number."""
_PAGED: Final = re.compile(r"(?P<said>.*?[^\s\d])\s*(?P<page>\d{1,3})")


@dataclass(frozen=True, slots=True)
class Contents:
    """The lines from `start` to before `end`: a table of contents, its title with it."""

    start: int
    end: int
    entries: int
    lost: tuple[str, ...]
    """What it lists that does not stand further on."""

    @property
    def sure(self) -> bool:
        """Whether most of what it lists stands further on: then nothing is lost without it."""
        return 2 * len(self.lost) <= self.entries


def contents_of(texts: Sequence[str], marked: Sequence[bool]) -> list[Contents]:
    """The tables of contents. `marked` are the lines of which the file itself says so."""
    found: list[Contents] = []
    further: _Further | None = None
    at = 0
    while at < len(texts) and len(found) < MOST_TABLES:
        titled = _TITLE.fullmatch(texts[at]) is not None
        if titled or marked[at] or leads_to_page(texts[at]):
            further = further or _Further(texts)
            made = _from(texts, marked, at, titled, further)
            # Dots lead to numbers of other kinds too: full marks, prices.
            sure = made.entries >= SHORTEST and made.sure
            if sure or (made.entries and (titled or marked[at])):
                found.append(made)
            at = max(made.end, at + 1)
        else:
            at += 1
    return found


def _from(
    texts: Sequence[str], marked: Sequence[bool], start: int, titled: bool, further: _Further
) -> Contents:
    entries: list[str] = []
    end = at = start + titled
    page = 0
    while at < len(texts) and len(entries) < MOST_ENTRIES:
        text = texts[at]
        if not titled and not marked[at] and not leads_to_page(text):
            break
        if re.fullmatch(r"\d{1,3}", text) and entries:
            end = at = at + 1
            continue
        taken = 0
        for more in range(WRAPPED + 1 if titled else 1):
            joined = "".join(texts[at : at + more + 1])
            said, its = _entry(joined)
            if its is not None and its < page:
                break
            # Without dots, a number at the end may be part of what is said.
            sure = marked[at] or leads_to_page(joined)
            if said and (sure or further.has(said, at + more)):
                entries.append(said)
                page, taken = its or page, more + 1
                break
        if not taken:
            break
        at += taken
        end = at
    lost = tuple(one for one in entries if not further.has(one, end - 1))
    return Contents(start, end, len(entries), lost)


class _Further:
    """Looks up whether something stands further on."""

    def __init__(self, texts: Sequence[str]) -> None:
        bare = [_bare(text) for text in texts]
        lines = [(line, at) for at, line in enumerate(bare)]
        # A heading may be broken after its number, or where it was too wide.
        lines += [(a + b, at) for at, (a, b) in enumerate(pairwise(bare)) if len(a) <= WIDEST]
        self._lines = sorted(lines)

    def has(self, said: str, after: int) -> bool:
        """Whether a line after this one is what was said, or begins with it."""
        said = _bare(said)
        first = bisect_left(self._lines, (said, after + 1))
        for line, at in self._lines[first : first + MOST_ALIKE]:
            if line != said and not (len(said) >= BEGINS_ALIKE and line.startswith(said)):
                break
            if at > after:
                return True
        return False


def leads_to_page(text: str) -> bool:
    """Whether dots lead from what a line says to the number of a page."""
    found = _LEADER.fullmatch(text) if len(text) <= LONGEST else None
    return found is not None and found["page"] is not None


def without_leader(text: str) -> str:
    """What a line lists, without the dots and the page behind it."""
    found = _LEADER.fullmatch(text) if len(text) <= LONGEST else None
    return found["said"] if found else text


def _entry(text: str) -> tuple[str, int | None]:
    """What a line lists, and the page that it names, if it names one."""
    found = None
    if len(text) <= LONGEST:
        found = _LEADER.fullmatch(text) or _PAGED.fullmatch(text)
    if found is None:
        return text, None
    page = found["page"]
    return found["said"].strip(" |"), int(page) if page and page.isdigit() else None


def _bare(text: str) -> str:
    return re.sub(r"[\s“”\"《》|]", "", unicodedata.normalize("NFKC", text))

"""A list that can be searched, filtered, sorted, turned over and exported.

Everything that somebody has chosen stands in the address: a page can be sent on, kept, and gone
back to, and nothing of it needs a script.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Generic, NamedTuple, TypeVar
from urllib.parse import urlencode

from bot.talk.message import Tone
from language.pinyin import is_called
from prompts import Text, Words

PER_PAGE: Final = 50
LONGEST: Final = 100
"""Characters of a value in an address that are looked at."""
SEARCH, SORT, PAGE = "q", "sort", "page"

R = TypeVar("R")


class ListCell(NamedTuple):
    """One cell of a line."""

    words: Words
    link: str = ""
    tone: Tone = "neutral"
    plain: str | int | date | None = None
    """What an exported sheet holds instead, where it can be counted or sorted."""


@dataclass(frozen=True, slots=True)
class ListColumn(Generic[R]):
    """A column; with `by` it can be sorted, and `key` names it in the address."""

    key: str
    label: Text
    by: Callable[[R], Any] | None = None


@dataclass(frozen=True, slots=True)
class ListFilter(Generic[R]):
    """A choice among options; whatever is not among them keeps no line."""

    key: str
    label: Text
    options: Sequence[tuple[str, Words]]
    keeps: Callable[[R, str], bool]


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """A list before anything is chosen: all lines that the reader may see, in their order."""

    rows: Sequence[R]
    columns: Sequence[ListColumn[R]]
    cells: Callable[[Sequence[R]], Sequence[Sequence[ListCell]]]
    """The cells of some lines. Only those that are shown are asked for, all at once."""
    seen: Callable[[Sequence[R]], None]
    """Notes that these lines were shown, or exported."""
    filters: Sequence[ListFilter[R]] = ()
    named: Callable[[R], str] | None = None
    """The name by which a line is searched for."""


@dataclass(frozen=True, slots=True)
class ListState:
    """What somebody has chosen, as the address tells it."""

    search: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    down: bool = False
    page: int = 1

    @classmethod
    def read(cls, query: Mapping[str, str], listing: Listing[Any]) -> ListState:
        """Read an address: what the list does not know is passed over."""
        known = {key: query.get(key, "")[:LONGEST] for key in (one.key for one in listing.filters)}
        sort = query.get(SORT, "")
        down = sort.startswith("-")
        sorted_by = {one.key for one in listing.columns if one.by is not None}
        sort = sort.removeprefix("-")
        asked = query.get(PAGE, "")
        page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 1
        return cls(
            query.get(SEARCH, "")[:LONGEST].strip() if listing.named else "",
            {key: value for key, value in known.items() if value},
            sort if sort in sorted_by else "",
            down and sort in sorted_by,
            max(1, page),
        )

    def query(self, *, page: int = 1, sort: str | None = None) -> str:
        """The part of an address that tells this choice, with another page or order."""
        if sort is None:
            sort = f"-{self.sort}" if self.down else self.sort
        told = {
            SEARCH: self.search,
            **self.chosen,
            SORT: sort,
            PAGE: str(page) if page > 1 else "",
        }
        return urlencode({key: value for key, value in told.items() if value})

    def turned(self, column: str) -> str:
        """The same, ordered by a column; once more by the same one, the other way round."""
        again = self.sort == column and not self.down
        return self.query(sort=f"-{column}" if again else column)


def chosen(listing: Listing[R], state: ListState) -> list[R]:
    """The lines that somebody has chosen, in the order that they want."""
    found = list(listing.rows)
    for one in listing.filters:
        if value := state.chosen.get(one.key):
            options = {key for key, _ in one.options}
            found = [row for row in found if value in options and one.keeps(row, value)]
    if state.search and listing.named is not None:
        found = [row for row in found if is_called(listing.named(row), state.search)]
    for column in listing.columns:
        if column.key == state.sort and column.by is not None:
            found.sort(key=column.by, reverse=state.down)
    return found


class ListPage(NamedTuple):
    """One page of what was chosen."""

    state: ListState
    found: int
    of: int
    """How many lines there are before anything is chosen."""
    page: int
    pages: int
    first: int
    lines: Sequence[Sequence[ListCell]]


def shown(listing: Listing[R], query: Mapping[str, str]) -> ListPage:
    """The page that an address asks for, or the last there is; it is noted as seen."""
    state = ListState.read(query, listing)
    found = chosen(listing, state)
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(state.page, pages)
    start = (page - 1) * PER_PAGE
    on_page = found[start : start + PER_PAGE]
    listing.seen(on_page)
    lines = listing.cells(on_page)
    return ListPage(state, len(found), len(listing.rows), page, pages, start + 1, lines)

"""Phrase books: patterns and what they mean, tried in order at one place of a text."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from language.numerals import NUMBER, WHOLE

T = TypeVar("T")

Span = tuple[int, int]
"""Where a stretch of text begins and ends."""

# The longest answer to a short question, and how far a sentence is searched.
LIMIT = 400

_NOTATION = {" ": r"\s*+", "_": r"\s++", "<n>": f"({NUMBER})", "<i>": f"({WHOLE})"}


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern in our notation: `<n>` a number, `<i>` a whole one, a blank for optional blanks,
    `_` for at least one. Only ASCII makes words here, so that `\\b` stands between Wed and 下午.
    """
    for short, full in _NOTATION.items():
        pattern = pattern.replace(short, full)
    return late(pattern)


def late(expression: str) -> re.Pattern[str]:
    """A pattern whatever the case, that is compiled when it is first used.

    To compile all of them takes a fifth of a start, and the first answers need few.
    """
    return cast("re.Pattern[str]", LatePattern(expression))


class LatePattern:
    """Stands for a pattern: what is first asked of it compiles it, and from then on its methods
    are that pattern's own."""

    def __init__(self, expression: str) -> None:
        self._expression = expression

    @cached_property
    def whole(self) -> re.Pattern[str]:
        """The pattern itself. Raises re.error where the expression is none."""
        return re.compile(self._expression, re.IGNORECASE | re.ASCII)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.whole, name)
        setattr(self, name, found)
        return found


def any_of(words: str) -> str:
    """A pattern for any of the words, which are patterns themselves, with blanks between them."""
    return f"(?:{'|'.join(words.split())})"


def skip(pattern: re.Pattern[str], text: str, pos: int) -> int:
    """The end of an optional match of the pattern at `pos`."""
    match = pattern.match(text, pos)
    return match.end() if match else pos


def before(pattern: re.Pattern[str], text: str, pos: int) -> re.Match[str] | None:
    """A match of the pattern, which ends in $, just before `pos`."""
    return pattern.search(text, max(0, pos - 20), pos)


class Phrases(Generic[T]):
    """Rows of a pattern and its meaning, a function of some context and of the pattern's
    groups in lower case.

    A meaning raises ValueError or LookupError where its words name nothing: 2月30日, 上午15点.
    """

    def __init__(self, *rows: tuple[str, Callable[..., T]]) -> None:
        self._meanings = [meaning for _, meaning in rows]
        self._pattern = compiled(
            "|".join(f"(?P<row{index}>{pattern})" for index, (pattern, _) in enumerate(rows))
        )

    @cached_property
    def _ends(self) -> list[int]:
        """The number of each row's own group, and one more than the last."""
        return [*sorted(self._pattern.groupindex.values()), self._pattern.groups + 1]

    def at(self, text: str, pos: int, *context: object) -> tuple[T | None, int] | None:
        """The meaning of the phrase at `pos` (None: it has none), and its end."""
        match = self._pattern.match(text, pos)
        if match is None:
            return None
        row = int((match.lastgroup or "")[3:])
        groups = match.groups()[self._ends[row] : self._ends[row + 1] - 1]
        said = (group and group.lower() for group in groups)
        try:
            return self._meanings[row](*context, *said), match.end()
        except (ValueError, LookupError, OverflowError):
            return None, match.end()

    def next(self, text: str, pos: int) -> int:
        """The start of the next phrase, or the length of the text."""
        match = self._pattern.search(text, pos)
        return match.start() if match else len(text)


def phrases(
    text: str,
    next_starts: Sequence[Callable[[str, int], int]],
    read: Callable[[int], tuple[T | None, int]],
) -> Iterator[tuple[T | None, int, int]]:
    """Every phrase that `read` finds, with its start and end."""
    starts, end = [-1] * len(next_starts), 0
    while True:
        starts = [
            start if start >= end else next_start(text, end)
            for next_start, start in zip(next_starts, starts, strict=True)
        ]
        start = min(starts)
        if start == len(text):
            return
        meaning, end = read(start)
        end = max(end, start + 1)
        yield meaning, start, end

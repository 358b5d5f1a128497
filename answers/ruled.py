"""Watch a page of a PDF being drawn, and tell what of its text stands within ruled tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

THIN: Final = 3.0
"""Maximum thickness in points of what is a line and no box."""
SHORTEST: Final = 8.0
"""Minimum length in points of a rule."""
ROWS: Final = 3
"""Minimum rules across of a table: above, between and below two rows."""
COLUMNS: Final = 3
"""Minimum rules down of a table: left of, between and right of two columns."""
FARTHEST: Final = 1e6
"""Numbers from here on are none that a page is drawn with."""
MOST_FRAMES: Final = 200
"""Frames beyond these are not looked at."""
MOST_RULES: Final = 20_000
"""Rules beyond these are not looked at."""

Point = tuple[float, float]


class Rules:
    """What was drawn of one page: the rules, and the text with its place."""

    def __init__(self) -> None:
        self._across: list[tuple[float, float, float]] = []
        """Rules across: height, left and right end."""
        self._down: list[tuple[float, float, float]] = []
        """Rules down: place from the left, lower and upper end."""
        self._text: list[tuple[float, float, str]] = []
        self._at: Point | None = None

    def draw(
        self, operator: Any, operands: Sequence[Any], matrix: Sequence[float], _: Any
    ) -> None:
        """Note what a step of drawing rules, before it is taken."""
        if operator not in (b"m", b"l", b"re") or len(self._across) + len(self._down) > MOST_RULES:
            return
        try:
            numbers = [float(one) for one in operands]
        except (TypeError, ValueError, OverflowError):
            return
        if not all(abs(one) < FARTHEST for one in (*numbers, *matrix)):
            return
        if operator == b"re" and len(numbers) == 4:
            left, low, wide, high = numbers
            corners = [
                (left, low),
                (left + wide, low),
                (left + wide, low + high),
                (left, low + high),
            ]
            points = [_moved(point, matrix) for point in corners]
            if min(abs(points[2][0] - points[0][0]), abs(points[2][1] - points[0][1])) <= THIN:
                self._rule(points[0], points[2])
            else:
                for start, end in zip(points, [*points[1:], points[0]], strict=True):
                    self._rule(start, end)
        elif len(numbers) == 2:
            point = _moved((numbers[0], numbers[1]), matrix)
            if operator == b"l" and self._at is not None:
                self._rule(self._at, point)
            self._at = point

    def write(self, text: str, matrix: Sequence[float], own: Sequence[float], *_: Any) -> None:
        """Note some text and where it is written."""
        if text.strip() and all(abs(one) < FARTHEST for one in (*matrix, *own)):
            x, y = _moved((own[4], own[5]), matrix)
            self._text.append((x, y, text))

    def _rule(self, start: Point, end: Point) -> None:
        wide, high = abs(end[0] - start[0]), abs(end[1] - start[1])
        if high <= THIN and wide >= SHORTEST:
            self._across.append((start[1], min(start[0], end[0]), max(start[0], end[0])))
        elif wide <= THIN and high >= SHORTEST:
            self._down.append((start[0], min(start[1], end[1]), max(start[1], end[1])))

    def inside_tables(self) -> str:
        """The text within the rules of tables, without its blanks; empty without a table."""
        frames = [frame for frame in self._frames()[:MOST_FRAMES] if self._is_table(*frame)]
        said = (
            text
            for _, y, text in self._text
            if any(low - THIN <= y <= high + THIN for low, high in frames)
        )
        return re.sub(r"\s+", "", "".join(said))

    def _frames(self) -> list[Point]:
        """From where to where rules down reach that stand beside one another or go on."""
        frames: list[Point] = []
        for _, low, high in sorted(self._down, key=lambda rule: rule[1]):
            if frames and low <= frames[-1][1] + THIN:
                frames[-1] = (frames[-1][0], max(high, frames[-1][1]))
            else:
                frames.append((low, high))
        return frames

    def _is_table(self, low: float, high: float) -> bool:
        places = {round(x) for x, start, end in self._down if low <= start and end <= high}
        heights = {round(y) for y, _, _ in self._across if low - THIN <= y <= high + THIN}
        return _apart(sorted(places)) >= COLUMNS and _apart(sorted(heights)) >= ROWS


def _apart(places: Sequence[int]) -> int:
    """How many places there are; those side by side are the two sides of one rule."""
    return sum(at == 0 or place - places[at - 1] > THIN for at, place in enumerate(places))


def _moved(point: Point, matrix: Sequence[float]) -> Point:
    a, b, c, d, e, f = (float(one) for one in matrix)
    return a * point[0] + c * point[1] + e, b * point[0] + d * point[1] + f

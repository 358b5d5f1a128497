"""A rank as schools write it: 8%, 前8%, 百分之八, 0.08, 8/300, 8 of 300, 第8名（共300人）, 8."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from language.numerals import HAN, tidy, whole

_NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?"
_PERCENT: Final = re.compile(
    rf"(?:年级|全校|班级|学科)?(?:约|前|top)?(?:百分之)? ?(?P<n>{_NUMBER})"
    r" ?(?:%|percent|per cent)?",
    re.IGNORECASE,
)
_OF: Final = re.compile(
    r"(?:年级|全校|学科|综合)?第? ?(?P<place>[0-9]+) ?[名位]?"
    r"[ ,;]*(?:/|of|out of|之|\(|共有?|在|全年级|年级|总人?数)(?:[ /,(:]|共有?|年级|总人?数?)*"
    r"(?P<size>[0-9]+) ?[人名]?(?:中)?\)?",
    re.IGNORECASE,
)
_HAN: Final = re.compile(rf"{HAN}++(?!分之)")
_PLACE: Final = re.compile(r"(?:年级|全校|学科)?第? ?(?P<place>[0-9]+)(?:\.0+)? ?(?:名|位)?")


@dataclass(frozen=True, slots=True)
class Rank:
    """A place among all of a grade, as far as it was written."""

    percent: float | None = None
    place: int | None = None

    def among(self, size: int | None) -> float | None:
        """In percent, of a grade of so many; `None` if it cannot be told."""
        if self.percent is not None or self.place is None or not size or self.place > size:
            return self.percent
        return 100 * self.place / size


def rank(said: str | float, *, in_percent: bool = False) -> Rank | None:
    """The rank that is written; `None` if it is none. `in_percent`: the heading says that numbers
    are percent."""
    text = tidy(f"{said:g}" if isinstance(said, float) else said)
    text = _HAN.sub(lambda found: str(whole(found[0]) or found[0]), text)
    if found := _OF.fullmatch(text):
        place, size = int(found["place"]), int(found["size"])
        return Rank(100 * place / size, place) if 1 <= place <= size else None
    plain = re.fullmatch(_NUMBER, text)
    if found := _PERCENT.fullmatch(text):
        value = float(found["n"])
        marked = bool(re.search("%|百分之|percent|per cent", text, re.IGNORECASE))
        if marked or (in_percent and plain):
            return Rank(percent=value) if 0 < value <= 100 else None
        if plain and 0 < value < 1:
            return Rank(percent=100 * value)
        if plain and value != int(value):
            return Rank(percent=value) if value <= 100 else None
    if (found := _PLACE.fullmatch(text)) and int(found["place"]) > 0:
        return Rank(place=int(found["place"]))
    return None

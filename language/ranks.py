"""A rank as schools write it: 8%, 前8%, 百分之八, 0.08, 8/300, 8 of 300, 第8名（共300人）, 8.

Of 前10名 the last place is known, and that it may be better. What is written twice, 3/600（0.5%）,
must say the same twice.
"""

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
# 年级排名15/420, 排第八
_LEAD: Final = r"(?:年级|全校|学科|综合)?(?:排名?|名次|[名位]列)?[为是:]? ?"
_OF: Final = re.compile(
    rf"{_LEAD}[第前]? ?(?P<place>[0-9]+)(?:st|nd|rd|th)? ?[名位]?"
    r"[ ,;]*(?:/|of|out of|之|\(|共有?|在|全年级|年级|总人?数)(?:[ /,(:]|共有?|年级|总人?数?)*"
    r"(?P<size>[0-9]+) ?[人名]?(?:中)?\)?",
    re.IGNORECASE,
)
_HAN: Final = re.compile(rf"{HAN}++(?!分之)")
_PLACE: Final = re.compile(
    rf"{_LEAD}"
    r"(?:第? ?(?P<place>[0-9]+)(?:\.0+)?(?:st|nd|rd|th)? ?[名位]?|前 ?(?P<first>[0-9]+) ?[名位])"
)
_AMONG: Final = re.compile(
    r"(?P<size>[0-9]+) ?[名个]?人?[里中]的? ?排?(?:在|名)?第 ?(?P<place>[0-9]+) ?[名位]?"
)
_TWICE: Final = re.compile(r"(?P<once>[^()]+?) ?\((?P<again>[^()]+)\)")


@dataclass(frozen=True, slots=True)
class Rank:
    """A place among all of a grade, as far as it was written."""

    percent: float | None = None
    place: int | None = None
    within: bool = False
    """Only said to be among the first so many: the place may be better."""

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
    if found := _OF.fullmatch(text) or _AMONG.fullmatch(text):
        place, size = int(found["place"]), int(found["size"])
        within = "前" in text
        return Rank(100 * place / size, place, within) if 1 <= place <= size else None
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
    if (found := _PLACE.fullmatch(text)) and int(found["place"] or found["first"]) > 0:
        first = found["first"]
        return Rank(place=int(found["place"] or first), within=first is not None)
    if found := _TWICE.fullmatch(text):
        return _said_twice(found["once"], found["again"])
    return None


def _said_twice(once: str, again: str) -> Rank | None:
    """The rank of 3/600(0.5%), 0.5%(3/600), 第3名(0.5%), if both say the same."""
    ranks = [rank(once), rank(again)]
    exact = next((one for one in ranks if one and one.place), None)
    percent = next((one.percent for one in ranks if one and not one.place), None)
    if exact is None or percent is None:
        return None
    if exact.percent is not None:
        written = once if ranks[1] is exact else again
        digits = len(written.partition(".")[2].rstrip("% "))
        # As many digits as are written, rounded or cut off.
        if abs(exact.percent - percent) > 0.99 * 10.0**-digits:
            return None
    told = exact.percent if exact.percent is not None else percent
    return Rank(told, exact.place, exact.within)

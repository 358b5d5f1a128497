"""What is meant by a question that is written by its sound: in pinyin throughout, or with a sign
that only sounds right, 陪养 for 培养. What people ask with decides among signs that sound alike.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from answers.topics import read_yaml, short

OFTEN: Final = 20
"""From so many times on, a pair of signs is surely one that people ask with."""
NAMED: Final = 50
"""How often a pair in the name of a programme counts as asked with."""
LIKELIEST: Final = 12
"""Signs that are considered for one syllable: those that people ask with most."""
FEWEST: Final = 3
"""Below so many syllables Latin letters may be anything."""
LONGEST: Final = 6
"""Letters of the longest syllable."""
EACH: Final = 4.0
"""What a syllable costs: few long ones are likelier than many short ones."""

_PARTICLES: Final = "吗呢的了吧"
"""Signs that the index leaves out, and people write all the time."""
_BETWEEN: Final = "的了吗呢吧啊呀嘛哈哦得地着是有又由那哪在再和还同通给查差没妈"
"""Signs that stand beside anything: neither are they mended, nor do they speak for others."""

_RUN: Final = re.compile("[a-z]+")
_HAN: Final = re.compile(f"[^{_BETWEEN}\\W\\da-zA-Z_]+")


class _Way(NamedTuple):
    """How the letters up to a place may be read."""

    weight: float
    read: str


class Sounds:
    """Reads what is written by its sound."""

    def __init__(self, asked: Callable[[str], int], names: Iterable[str]) -> None:
        """`asked` tells how often people ask with some signs; `names` are those of programmes."""
        self._asked = lru_cache(maxsize=4096)(asked)
        self._named = {
            one + other for name in names if not name.isascii() for one, other in pairwise(name)
        }

    def read(self, question: str) -> str:
        """The question in the signs that are meant."""
        return self._from_pinyin(question) if question.isascii() else self._mended(question)

    def _often(self, pair: str) -> int:
        return self._asked(pair) + NAMED * (pair in self._named)

    def _from_pinyin(self, question: str) -> str:
        """A question of Latin letters in characters, if it is pinyin; any other as it is."""
        said = question.casefold()
        runs = _RUN.findall(said)
        known = [run for run in runs if run not in short() and self._asked(run[:LONGEST])]
        if len(known) * 2 >= len(runs):
            return question  # in English
        syllables = [_syllables(run) for run in runs if run not in short()]
        if not all(syllables) or sum(syllables) < FEWEST:
            return question
        best = {"": _Way(0.0, "")}
        for run in runs:
            best = self._further(best, run)
        read = max(best.values()).read
        return read + ("？" if question.rstrip().endswith("?") else "")

    def _further(self, before: Mapping[str, _Way], run: str) -> dict[str, _Way]:
        """The likeliest ways to go on with a run of letters, by the sign that each ends with."""
        if word := short().get(run):
            way = max(before.values())
            return {word[-1]: _Way(way.weight, way.read + word)}
        ways: list[dict[str, _Way]] = [dict(before), *({} for _ in run)]
        for end in range(1, len(run) + 1):
            for start in range(max(0, end - LONGEST), end):
                for sign in self._signs(run[start:end]) if ways[start] else ():
                    way = max(
                        _Way(one.weight + self._follows(last, sign), one.read + sign)
                        for last, one in ways[start].items()
                    )
                    ways[end][sign] = max(way, ways[end].get(sign, way))
        return ways[-1]

    def _follows(self, last: str, sign: str) -> float:
        alone = math.log1p(self._weight(sign)) / 2
        return alone + 2 * math.log1p(self._often(last + sign) if last else 0) - EACH

    def _signs(self, syllable: str) -> list[str]:
        """The signs that sound like this, those that people ask with most."""
        every = sorted(_sounds().get(syllable, ""), key=lambda sign: -self._weight(sign))
        return every[:LIKELIEST]

    def _weight(self, sign: str) -> int:
        known = sign in _PARTICLES or any(sign in pair for pair in self._named)
        return self._asked(sign) + NAMED * known

    def _mended(self, question: str) -> str:
        """A question in which signs that only sound right are those that are meant."""
        for run in _HAN.finditer(question):
            for at in range(run.start(), run.end()):
                first, last = max(at - 1, run.start()), min(at + 2, run.end())
                around = question[first:last]
                if meant := self._meant(around, at - first):
                    question = question[:at] + meant + question[at + 1 :]
        return question

    def _meant(self, around: str, at: int) -> str:
        """The sign that is meant in the midst of its neighbours, if another that sounds alike."""
        pairs = [around[place : place + 2] for place in range(len(around) - 1)]
        if not pairs or any(self._often(pair) for pair in pairs):
            return ""
        best, most = "", 0.0
        for sign in set(_alike().get(around[at], "")) - set(_BETWEEN):
            others = [pair.replace(around[at], sign) for pair in pairs]
            counts = [self._often(pair) for pair in others]
            weight = sum(map(math.log1p, counts))
            if all(counts) and max(counts) >= OFTEN and (weight, sign) > (most, best):
                best, most = sign, weight
        return best


def _syllables(run: str) -> int:
    """The fewest syllables that a run of letters can be read as; 0 if it is no pinyin."""
    fewest = [0, *(0 for _ in run)]
    for end in range(1, len(run) + 1):
        ways = [
            fewest[start] + 1
            for start in range(max(0, end - LONGEST), end)
            if (start == 0 or fewest[start]) and run[start:end] in _sounds()
        ]
        fewest[end] = min(ways, default=0)
    return fewest[-1]


@cache
def _sounds() -> Mapping[str, str]:
    """The signs of each syllable."""
    file = Path(__file__).with_name("sounds.yaml")
    return read_yaml(file)


@cache
def _alike() -> Mapping[str, str]:
    """For each sign those that sound like it."""
    found: dict[str, str] = {}
    for signs in _sounds().values():
        for sign in signs:
            found[sign] = found.get(sign, "") + signs.replace(sign, "")
    return found

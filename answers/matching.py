"""Which topic a question is about: the character n-grams it shares with the ways of asking it.

Chinese needs no words for this: the one to three characters that stand together carry the meaning,
weighed by how few topics they occur in.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from answers.topics import words
from language.numerals import fold, tidy

LONGEST: Final = 3
"""Characters in an n-gram, at the most."""
READ: Final = 200
"""Characters of a question that are looked at: what is meant is said by then."""
STRANGE: Final = 0.35
"""How much of its weight an n-gram keeps that nobody has asked with before (0 to 1)."""
CLOSE: Final = 0.75
"""How much the nearest way of asking counts against all of a topic's ways together (0 to 1)."""

_EMPTY: Final = re.compile(
    "有?(?:什么|啥)?(?:不同|区别|差别)|差几倍|差多少|相比|对比|比较|请问|您好|你好|我想问|想问一下|想问|我想知道|麻烦|到底|究竟|一下|是不是|对吧|对不对|对不|是吧"
    "|[啊呀吗呢吧哦嘛哈的了]|[^\\w]|_"
)


def plain(question: str) -> str:
    """A question in our own words, without what says nothing: particles, courtesies, marks."""
    said = fold(tidy(question[:READ])).casefold()
    return _EMPTY.sub("", _others().sub(lambda found: words()[found[0]], said))


@cache
def _others() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words(), key=len, reverse=True))))


def grams(text: str) -> Counter[str]:
    return Counter(
        text[at : at + size]
        for size in range(1, LONGEST + 1)
        for at in range(len(text) - size + 1)
    )


@dataclass(frozen=True, slots=True)
class Match:
    """A topic, and how surely it is meant: 0 to 1."""

    topic: str
    score: float


class Index:
    """The ways of asking about every topic."""

    def __init__(self, asks: Mapping[str, Sequence[str]]) -> None:
        said = [(topic, grams(plain(ask))) for topic, every in asks.items() for ask in every]
        whole: dict[str, set[str]] = defaultdict(set)
        for topic, found in said:
            whole[topic].update(found)
        spread = Counter(gram for every in whole.values() for gram in every)
        # A longer n-gram says more than its parts do.
        self._weight = {
            gram: math.log(1 + len(whole) / count) * len(gram) for gram, count in spread.items()
        }
        self._unknown = math.log(1 + len(whole)) * STRANGE
        self._topics: dict[str, list[str]] = defaultdict(list)
        """The topics in which an n-gram occurs."""
        for topic, every in whole.items():
            for gram in every:
                self._topics[gram].append(topic)
        self._asks: list[tuple[str, float]] = []
        """Each way of asking: its topic and its length as a vector."""
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, (topic, found) in enumerate(said):
            weights = self._weights(found)
            self._asks.append((topic, _length(weights.values())))
            for gram, weight in weights.items():
                self._postings[gram].append((number, weight))

    def _weights(self, found: Mapping[str, int]) -> dict[str, float]:
        return {
            gram: self._weight.get(gram, self._unknown * len(gram)) * (1 + math.log(count))
            for gram, count in found.items()
        }

    def match(self, question: str) -> list[Match]:
        """The topics that a question may be about, the likeliest first."""
        weights = self._weights(grams(plain(question)))
        length, mass = _length(weights.values()), sum(weights.values())
        nearest: dict[str, float] = defaultdict(float)
        covered: dict[str, float] = defaultdict(float)
        alike: dict[int, float] = defaultdict(float)
        for gram, weight in weights.items():
            for number, other in self._postings.get(gram, ()):
                alike[number] += weight * other
            for topic in self._topics.get(gram, ()):
                covered[topic] += weight
        for number, product in alike.items():
            topic, other = self._asks[number]
            nearest[topic] = max(nearest[topic], product / (length * other))
        found = [
            Match(topic, CLOSE * nearest[topic] + (1 - CLOSE) * covered[topic] / mass)
            for topic in nearest
        ]
        return sorted(found, key=lambda match: (-match.score, match.topic))


def _length(weights: Iterable[float]) -> float:
    return math.sqrt(sum(weight * weight for weight in weights)) or 1.0

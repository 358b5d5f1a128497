"""Which topic a question is about: what its characters say, by the curated ways of asking.

Chinese needs no words for this: the one to three characters that stand together carry the meaning.
Each of them speaks for the topics that people ask about with it, the more the fewer those are
(naive Bayes over n-grams), so that a question need not resemble any one way of asking.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from language.numerals import fold, tidy

LONGEST: Final = 3
"""Characters in an n-gram, at the most."""
READ: Final = 200
"""Characters of a question that are looked at: what is meant is said by then."""
DOUBT: Final = 0.5
"""How many askers, spread over all topics, are imagined behind each n-gram: the more, the less a
rare one decides."""
KNOWN: Final = 100.0
"""How much more it counts that a question is a way of asking, word for word."""
MOST: Final = 65535
"""As often as an n-gram is counted, so that it takes little room."""

STEM: Final = 6
"""Letters of a Latin word that are looked at: evaluate, evaluated and evaluation are one."""

_EMPTY: Final = re.compile(
    "请问|您好|你好|我想问|想问一下|想问|我想知道|麻烦|到底|究竟|一下|[啊呀吗呢吧哦嘛哈的了]"
    "|有?(?:什么|啥)?(?:不同|不一样|区别|差别)|差几倍|差多少|相比|对比"
)
_MARKS: Final = re.compile(r"[^\w]|_")
_LATIN: Final = re.compile(r"[\x21-\x7e]+")


def plain(question: str) -> str:
    """A question without what says nothing: particles, courtesies, marks."""
    said = _EMPTY.sub("", fold(tidy(question[:READ])).casefold())
    return " ".join(_LATIN.sub(r" \g<0> ", _MARKS.sub(" ", said)).split())


def grams(text: str) -> set[str]:
    """What stands together in a text: runs of one to three characters, Latin words and pairs of
    them."""
    found: set[str] = set()
    before = ""
    for run in text.split(" "):
        if run.isascii():
            word = run[:STEM]
            found |= {word, f"{before} {word}"} if before else {word}
            before = word
            continue
        before = ""
        found |= {
            run[at : at + size]
            for size in range(1, LONGEST + 1)
            for at in range(len(run) - size + 1)
        }
    return found


@dataclass(frozen=True, slots=True)
class Match:
    """A topic, and how surely it is meant: 0 to 1, over all topics together 1."""

    topic: str
    score: float


class Index:
    """The ways of asking about every topic."""

    def __init__(
        self, asks: Mapping[str, Iterable[str]], told: Mapping[str, Iterable[str]]
    ) -> None:
        """`told` is what is said about each topic: what occurs in it speaks for the topic, too."""
        self._topics = list(asks)
        counts: dict[str, array[int]] = defaultdict(lambda: array("H"))
        share: list[int] = []
        self._known: dict[str, set[int]] = defaultdict(set)
        """Ways of asking, word for word, and their topics."""
        for number, (topic, every) in enumerate(asks.items()):
            ways = [plain(ask) for ask in every]
            for way in ways:
                self._known[way].add(number)
            ways += map(plain, told.get(topic, ()))
            said = Counter(gram for way in ways for gram in grams(way))
            share.append(said.total())
            for gram, count in said.items():
                counts[gram].extend((number, min(count, MOST)))
        self._counts = dict(counts)
        """For each n-gram the topics that it occurs in and how often, one after the other."""
        whole = sum(share)
        self._doubt = [DOUBT * (one or 1) / whole for one in share]

    def match(self, question: str) -> list[Match]:
        """The topics that a question may be about, the likeliest first."""
        asked = plain(question)
        found = grams(asked)
        speaks: dict[int, float] = defaultdict(float)
        for gram in found:
            said = self._counts.get(gram, ())
            for number, count in zip(said[::2], said[1::2], strict=True):
                speaks[number] += math.log1p(count / self._doubt[number])
        if not speaks:
            return []
        for number in self._known.get(asked, ()):
            speaks[number] += KNOWN
        # N-grams overlap, so that they say the same thing again: hence the root.
        most, calm = max(speaks.values()), math.sqrt(len(found))
        likely = {n: math.exp((weight - most) / calm) for n, weight in speaks.items()}
        whole = sum(likely.values())
        matches = (Match(self._topics[n], one / whole) for n, one in likely.items())
        return sorted(matches, key=lambda match: (-match.score, match.topic))

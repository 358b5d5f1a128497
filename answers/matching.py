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
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from answers.topics import short
from language.numerals import fold, tidy

LONGEST: Final = 3
"""Characters in an n-gram, at the most."""
READ: Final = 200
"""Characters of a question that are looked at: what is meant is said by then."""
DOUBT: Final = 3.0
"""How many askers, spread over all topics, are imagined behind each n-gram: the more, the less a
rare one decides."""
KNOWN: Final = 100.0
"""How much more it counts that a question is a way of asking, word for word."""
BITS: Final = 16
MOST: Final = (1 << BITS) - 1
"""As often as an n-gram is counted at the most, so that it takes little room."""

STEM: Final = 6
"""Letters of a Latin word that are looked at: evaluate, evaluated and evaluation are one."""

_EMPTY: Final = re.compile(
    "请问|您好|你好|我想问|想问一下|想问|我想知道|麻烦|到底|究竟|一下|[啊呀吗呢吧哦嘛哈的了]"
    "|有?(?:什么|啥)?(?:不同|不一样|区别|差别)|差几倍|差多少|相比|对比"
)
_MARKS: Final = re.compile(r"[^\w\n]|_")
_LATIN: Final = re.compile(r"[\x21-\x7e]+")
_WITH_LATIN: Final = re.compile(r".*[\x21-\x7e].*")
_NOT_CHINESE: Final = re.compile(r"[\x00-\x7f]+")


def plain(question: str) -> str:
    """A question without what says nothing: particles, courtesies, marks."""
    return " ".join(_bare(tidy(question[:READ])).split())


def _bare(said: str) -> str:
    """The same for many lines at once, each by itself."""
    words = _MARKS.sub(" ", _EMPTY.sub("", fold(said).casefold()))
    return _LATIN.sub(lambda found: f" {short().get(found[0], found[0])} ", words)


def grams(text: str) -> Counter[str]:
    """What stands together in a text, and how often: runs of one to three characters, Latin words
    and pairs of them; nothing across lines."""
    found: Counter[str] = Counter()
    chinese = _NOT_CHINESE.sub("\n", text)
    for size in range(1, LONGEST + 1):
        found.update(chinese[at : at + size] for at in range(len(chinese) - size + 1))
    for gram in [gram for gram in found if "\n" in gram]:
        del found[gram]
    latin: list[str] = []
    for line in _WITH_LATIN.findall(text):
        words = [word[:STEM] for word in _LATIN.findall(line)]
        latin += words
        latin += map(" ".join, pairwise(words))
    found.update(latin)
    return found


@dataclass(frozen=True, slots=True)
class Match:
    """A topic, and how surely it is meant: 0 to 1, over all topics together at most 1."""

    topic: str
    score: float


class Index:
    """The ways of asking about every topic."""

    def __init__(
        self, asks: Mapping[str, Iterable[str]], told: Mapping[str, Iterable[str]]
    ) -> None:
        """`told` is what is said about each topic: what occurs in it speaks for the topic, too."""
        self._topics = list(asks)
        counts: dict[str, int | array[int]] = {}
        share: list[int] = []
        self._known: dict[str, tuple[int, ...]] = {}
        """Ways of asking, word for word, and their topics."""
        for number, (topic, every) in enumerate(asks.items()):
            ways = _bare("\n".join(every))
            for way in {" ".join(way.split()) for way in ways.splitlines()}:
                self._known[way] = (*self._known.get(way, ()), number)
            said = grams(f"{ways}\n{_bare(chr(10).join(told.get(topic, ())))}")
            share.append(said.total())
            for gram, count in said.items():
                held = number << BITS | min(count, MOST)
                before = counts.get(gram)
                if before is None:
                    counts[gram] = held
                elif isinstance(before, int):
                    counts[gram] = array("L", (before, held))
                else:
                    before.append(held)
        self._counts = counts
        """For each n-gram the topics that it occurs in, each with how often, as one number; most
        occur in one topic only."""
        self._rarity: dict[str, float] = {}
        whole = sum(share)
        self._doubt = [DOUBT * (one or 1) / whole for one in share]

    def rarity(self, gram: str) -> float:
        """How much an n-gram says: the more, the more rarely people ask with it."""
        if gram not in self._rarity:
            held = self._counts.get(gram, 0)
            said = (held,) if isinstance(held, int) else held
            count = sum(one & MOST for one in said)
            self._rarity[gram] = math.log(1 + len(self._known) / (1 + count))
        return self._rarity[gram]

    def match(self, question: str) -> list[Match]:
        """The topics that a question may be about, the likeliest first."""
        asked = plain(question)
        found = grams(asked).keys()
        speaks: dict[int, float] = defaultdict(float)
        for gram in found:
            known = self._counts.get(gram, ())
            for held in (known,) if isinstance(known, int) else known:
                number = held >> BITS
                speaks[number] += math.log1p((held & MOST) / self._doubt[number])
        if not speaks:
            return []
        for number in self._known.get(asked, ()):
            speaks[number] += KNOWN
        # N-grams overlap, so that they say the same thing again: hence the root.
        most, calm = max(speaks.values()), math.sqrt(len(found))
        likely = {n: math.exp((weight - most) / calm) for n, weight in speaks.items()}
        # What nobody has asked with before may be about anything.
        sure = self._heard(found) / sum(likely.values())
        matches = (Match(self._topics[n], one * sure) for n, one in likely.items())
        return sorted(matches, key=lambda match: (-match.score, match.topic))

    def speaks(self, question: str, topic: str) -> list[tuple[str, float]]:
        """What of a question speaks for a topic, and how much, the most first."""
        number = self._topics.index(topic)
        found: dict[str, float] = {}
        for gram in grams(plain(question)):
            known = self._counts.get(gram, ())
            for held in (known,) if isinstance(known, int) else known:
                if held >> BITS == number:
                    found[gram] = math.log1p((held & MOST) / self._doubt[number])
        return sorted(found.items(), key=lambda one: (-one[1], one[0]))

    def heard(self, question: str) -> float:
        """How much of a question has been asked with before: 0 to 1."""
        return self._heard(grams(plain(question)).keys())

    def known(self, question: str) -> tuple[str, ...]:
        """The topics of which a question is a way of asking, word for word."""
        return tuple(self._topics[n] for n in self._known.get(plain(question), ()))

    def of_several(self) -> dict[str, tuple[str, ...]]:
        """The ways of asking that several topics have, and those topics."""
        return {
            way: tuple(self._topics[n] for n in numbers)
            for way, numbers in self._known.items()
            if len(numbers) > 1
        }

    def _heard(self, found: Collection[str]) -> float:
        """How much of a question has been asked with before: 0 to 1."""
        pairs = [gram for gram in found if len(gram) == 2 or gram.isascii()]
        return sum(gram in self._counts for gram in pairs) / len(pairs) if pairs else 1.0

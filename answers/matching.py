"""Finds the topic of a question by its characters, from curated wordings.

Chinese needs no words for this: sequences of one to three characters carry the meaning. Each
n-gram counts for the topics in whose wordings it occurs, the more the fewer these are (naive Bayes
over n-grams), so a question need not resemble any one wording.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from answers.topics import in_characters, short
from language.numerals import fold, tidy

LONGEST: Final = 3
"""Maximum characters of an n-gram."""
READ: Final = 200
"""Characters of a question that are read: by then its meaning is clear."""
DOUBT: Final = 3.0
"""Smoothing: the number of imagined askers behind each n-gram, spread over all topics. The higher,
the less a rare n-gram decides."""
KNOWN: Final = 100.0
"""Weight added where the question is a known wording, word for word."""
BITS: Final = 16
MOST: Final = (1 << BITS) - 1
"""Maximum count of an n-gram in a topic, so that it fits its bits."""

OFTEN: Final = 10
"""From so many times on, a pair of characters is surely one that people ask about a topic with."""
RARE: Final = 3
"""Below so many times it may be chance."""
ITS_OWN: Final = 0.05
"""Least share of a topic in all that a pair is asked about with."""

STEM: Final = 6
"""Letters of a Latin word that are compared: evaluate, evaluated and evaluation are one."""

_EMPTY: Final = re.compile(
    "请问|您好|你好|我想问|想问一下|想问|我想知道|麻烦|到底|究竟|一下|[啊呀吗呢吧哦嘛哈的了]"
    "|有?(?:什么|啥)?(?:不同|不一样|区别|差别)|差几倍|差多少|相比|对比"
)
_COUNTS: Final = re.compile("[一二三四五六七八九十几两个次月年天周日]+")
"""What counts anything, whatever the topic: 个月, 一次."""
_WORDS: Final = re.compile(r"[0-9]+|[a-z]+|[^\s0-9a-z]+|\s")
_PARTICLES: Final = "的了吗呢么吧啊是不没和跟我你他她谁哪几多少要能会？，。、！"
_MARKS: Final = re.compile(r"[^\w\n]|_")
_LATIN: Final = re.compile(r"[\x21-\x7e]+")
_WITH_LATIN: Final = re.compile(r".*[\x21-\x7e].*")
_NOT_CHINESE: Final = re.compile(r"[\x00-\x7f]+")


def plain(question: str) -> str:
    """A question without the signs and words that say nothing: particles, courtesies,
    punctuation."""
    return " ".join(_bare(tidy(question[:READ])).split())


def _bare(said: str) -> str:
    """The same for several lines at once, each separately."""
    words = _MARKS.sub(" ", _EMPTY.sub("", fold(said).casefold()))
    return _LATIN.sub(lambda found: f" {_written_out(found[0])} ", words)


@lru_cache(maxsize=4096)
def _written_out(run: str) -> str:
    """An abbreviation or a run of pinyin in characters; any other Latin word as it is."""
    return short().get(run) or (in_characters(run) if len(run) > 3 else run)


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


class Match(NamedTuple):
    """A topic, and how surely it is meant: 0 to 1, over all topics together at most 1."""

    topic: str
    score: float


class Index:
    """The ways of asking about every topic."""

    def __init__(
        self, asks: Mapping[str, Iterable[str]], told: Mapping[str, Iterable[str]]
    ) -> None:
        """`told` holds each topic's answer: the words in it count for the topic as well."""
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
        # People ask with few of all n-grams.
        self._weights = lru_cache(maxsize=4096)(self._weighed)

    def asked(self, gram: str) -> int:
        """How often people ask with an n-gram."""
        held = self._counts.get(gram, ())
        return sum(one & MOST for one in ((held,) if isinstance(held, int) else held))

    def rarity(self, gram: str) -> float:
        """The weight of an n-gram: the more rarely it is asked with, the higher."""
        if gram not in self._rarity:
            self._rarity[gram] = math.log(1 + len(self._known) / (1 + self.asked(gram)))
        return self._rarity[gram]

    def match(self, question: str) -> list[Match]:
        """The topics that a question may be about, the likeliest first."""
        asked = plain(question)
        found = grams(asked).keys()
        speaks = [0.0] * len(self._topics)
        for gram in found:
            for number, weight in zip(*self._weights(gram), strict=True):
                speaks[number] += weight
        for number in self._known.get(asked, ()):
            speaks[number] += KNOWN
        most = max(speaks, default=0.0)
        if not most:
            return []
        # N-grams overlap and repeat one another: hence the root.
        calm = math.sqrt(len(found))
        likely = {
            number: math.exp((weight - most) / calm)
            for number, weight in enumerate(speaks)
            if weight
        }
        # Unknown n-grams may mean anything, so they lower the confidence.
        sure = self._heard(found) / sum(likely.values())
        matches = (Match(self._topics[n], one * sure) for n, one in likely.items())
        return sorted(matches, key=lambda match: (-match.score, match.topic))

    def _weighed(self, gram: str) -> tuple[array[int], array[float]]:
        """The topics that an n-gram speaks for, and how much for each."""
        known = self._counts.get(gram, ())
        every = (known,) if isinstance(known, int) else known
        numbers = array("L", (held >> BITS for held in every))
        weights = (math.log1p((held & MOST) / self._doubt[held >> BITS]) for held in every)
        return numbers, array("d", weights)

    def speaks(self, question: str, topic: str) -> list[tuple[str, float]]:
        """The n-grams of a question that count for a topic, with their weight, the highest
        first."""
        place = self._topics.index(topic)
        found = {
            gram: weight
            for gram in grams(plain(question))
            for number, weight in zip(*self._weights(gram), strict=True)
            if number == place
        }
        return sorted(found.items(), key=lambda one: (-one[1], one[0]))

    def known_words(self, question: str, topics: Collection[str]) -> str:
        """The question without every word and pair of characters that people hardly ever use to
        ask about these topics; what was removed becomes a blank."""
        numbers = {number for number, topic in enumerate(self._topics) if topic in topics}
        said = fold(tidy(question[:READ])).casefold()
        kept: list[str] = []
        for run in _WORDS.findall(said):
            if run.isascii():
                often = self._often(run[:STEM], numbers)
                kept.append(run if often or len(run) < 3 else " ")
                continue
            pairs = [self._often(one + other, numbers) for one, other in pairwise(run)]
            around = [False, *pairs, False]
            kept += [
                sign if around[at] or around[at + 1] or sign in _PARTICLES else " "
                for at, sign in enumerate(run)
            ]
        return " ".join("".join(kept).split())

    def _often(self, gram: str, topics: Collection[int]) -> bool:
        held = self._counts.get(gram, ())
        every = (held,) if isinstance(held, int) else held
        return sum(one & MOST for one in every if one >> BITS in topics) >= RARE

    def words_of(self, topic: str, ways: Iterable[str]) -> Mapping[str, float]:
        """The pairs of characters with which people ask about a topic rather than about others,
        each with how surely (0 to 1). `ways` are the topic's wordings."""
        number = self._topics.index(topic)
        found: dict[str, float] = {}
        for gram in grams(_bare("\n".join(ways))):
            known = self._counts[gram]
            held = (known,) if isinstance(known, int) else known
            if len(gram) != 2 or gram.isascii() or _COUNTS.fullmatch(gram):
                continue
            count = next(one & MOST for one in held if one >> BITS == number)
            sure = count / sum(one & MOST for one in held) * min(1.0, count / OFTEN)
            if count >= RARE and sure >= ITS_OWN:
                found[gram] = sure
        return found

    def heard(self, question: str) -> float:
        """How much of a question occurs in known wordings: 0 to 1."""
        return self._heard(grams(plain(question)).keys())

    def known(self, question: str) -> tuple[str, ...]:
        """The topics of which a question is a way of asking, word for word."""
        return tuple(self._topics[n] for n in self._known.get(plain(question), ()))

    def of_several(self) -> dict[str, tuple[str, ...]]:
        """The wordings shared by several topics, with these topics."""
        return {
            way: tuple(self._topics[n] for n in numbers)
            for way, numbers in self._known.items()
            if len(numbers) > 1
        }

    def _heard(self, found: Collection[str]) -> float:
        """How much of a question occurs in known wordings: 0 to 1."""
        pairs = [gram for gram in found if len(gram) == 2 or gram.isascii()]
        return sum(gram in self._counts for gram in pairs) / len(pairs) if pairs else 1.0

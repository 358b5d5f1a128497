"""Finds the offices' own answers by a question that reads nearly like one of theirs.

An office's answer is for one question and not for a whole topic, so shared words are not enough.
Both questions are split into what is asked for (when, who, whether one may …) and what it is
about. The first must be the same; of the second nearly all must be in both, each n-gram weighted
by how rarely people ask with it. Finding too few is better: the next asker's wording can be added.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from answers.matching import grams, plain

ALIKE: Final = 0.51
"""Minimum share of what either side says that both must say (0 to 1)."""
LEAST: Final = 2
"""Minimum characters that say what a question is about."""

Rarity = Callable[[str], float]

_ASKED_FOR: Final = (
    ("how_long", r"多长时间|多久|\bhow long\b"),
    (
        "when",
        r"什么时候|什么时间|啥时候?|何时|几点钟?|几号|几月份?|哪天|哪一天|时间|日期|\bwhen\b",
    ),
    ("where", r"在?哪里|在?哪儿|在?哪个地方|什么地方|地点|\bwhere\b"),
    ("why", r"为什么|为啥|怎么会|\bwhy\b"),
    (
        "must",
        r"要不要|需不需要|用不用|是不是(?:必须|一定要|要)|需要|必须|一定要|应该|得要|\bmust\b",
    ),
    (
        "may",
        r"能不能够?|可不可以|是不是可以|是否(?:可以|能)|能否|可否|可以|允许|能够|能|可|\b(?:may|can)\b",
    ),
    ("how_many", r"多少|几(?=[个次名位人篇张份天年月周节小])|\b(?:how many|how much)\b"),
    ("who", r"谁|哪(?:位|个)?(?:老师|部门|单位|人)|由谁|\bwho\b"),
    ("how", r"怎么办|怎么样|怎么|怎样|如何|咋办?|\bhow\b"),
    ("which", r"哪(?:个|些|几个|一个)?|\bwhich\b"),
    ("what", r"什么|啥|\bwhat\b"),
)
_EMPTY: Final = re.compile(
    "有没有|是不是|会不会|是否|算不算|如果|要是|假如|的?话$|期间|时候|我们|咱们|我|你们|您|大家|自己|"
    r"本人|现在|目前|今年|具体|大概|一般|"
    r"是|还|就|都|再|继续|进行|举行|关于|这个|那个|找|由|请$|不$|没$|^老师(?=\s|请|想)"
)
_NUMBERS: Final = re.compile(
    r"\d+|第?[一二三四五六七八九十两]+(?=[年月日号次个届期级篇名位天周])|高[一二三]|初[一二三]"
)
_WHOSE: Final = re.compile(
    "全国|省|自治区|市|盟|县|导师|学生|学员|家长|老师|教师|专家|团队|高校|大学|高中|初中|小学|学校|中学|"
    "初期|中期|末期|年度|期末|最终|面试|笔试|测评|报名|申报|推荐|录取|结业|每月|每周|每年|每次|线上|线下|校外|寒假|暑假"
)
"""Whose, where and at which stage: of another one, another answer holds."""
_NOT: Final = re.compile("[不没无未别非]")


@dataclass(frozen=True, slots=True)
class OfficeAnswer:
    """An answer that an office has published, or the topic that it means by these questions."""

    id: int
    programme: str
    topic: str
    """The topic that is meant; empty for an answer of its own."""
    title: str
    asks: tuple[str, ...]
    says: str
    clause: str


@dataclass(frozen=True, slots=True)
class _Said:
    """A question split into its parts."""

    asked_for: frozenset[str]
    marks: tuple[frozenset[str], bool]
    """What turns a question into another one though it looks nearly the same: its numbers, whose
    affair it is, and whether it says no."""
    about: Counter[str]
    """The characters of what it is about."""
    grams: frozenset[str]


class Office:
    """The answers of all offices, to be searched."""

    def __init__(self, answers: Iterable[OfficeAnswer]) -> None:
        self.all = tuple(answers)
        self._asks = [(answer, _apart(ask)) for answer in self.all for ask in answer.asks]
        self._weights: dict[int, float] = {}
        """How much each of them says, once it is wanted."""
        self._with: dict[str, list[int]] = defaultdict(list)
        for number, (_, said) in enumerate(self._asks):
            for gram in said.grams:
                self._with[gram].append(number)

    def find(
        self, question: str, programmes: Collection[str], rarity: Rarity
    ) -> OfficeAnswer | None:
        """The answer by an office of these programmes to a question that reads nearly like this
        one.

        `rarity` is the weight of an n-gram.
        """
        if not self.all:
            return None
        said = _apart(question)
        if said.about.total() < LEAST:
            return None
        shared: dict[int, float] = defaultdict(float)
        for gram in said.grams:
            for number in self._with.get(gram, ()):
                shared[number] += rarity(gram)
        weight = sum(map(rarity, said.grams))
        found = [
            (alike, answer.id, number)
            for number, both in shared.items()
            for answer, theirs in (self._asks[number],)
            if answer.programme in programmes
            and (alike := both / (weight + self._weight(number, rarity) - both)) >= ALIKE
            and _same(said, theirs)
        ]
        return self._asks[max(found)[2]][0] if found else None

    def _weight(self, number: int, rarity: Rarity) -> float:
        if number not in self._weights:
            self._weights[number] = sum(map(rarity, self._asks[number][1].grams))
        return self._weights[number]


def _same(one: _Said, other: _Said) -> bool:
    """Whether two questions that look alike ask the same."""
    if one.asked_for != other.asked_for or one.marks != other.marks:
        return False
    # Something said instead of something else makes it another question; a word more need not.
    return not (one.about - other.about) or not (other.about - one.about)


@lru_cache(maxsize=4096)
def _apart(question: str) -> _Said:
    rest = plain(question)
    asked_for: set[str] = set()
    for name, pattern in _patterns():
        rest, count = pattern.subn("", rest)
        if count:
            asked_for.add(name)
    rest = _EMPTY.sub("", rest)
    marks = frozenset((*_NUMBERS.findall(rest), *_WHOSE.findall(rest)))
    said_no = len(_NOT.findall(rest)) % 2 == 1
    found = frozenset(grams(rest))
    return _Said(frozenset(asked_for), (marks, said_no), Counter(rest.replace(" ", "")), found)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern)) for name, pattern in _ASKED_FOR)

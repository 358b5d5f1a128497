"""Finds the programmes that a question names, and whether it asks about one that is not here.

Programmes are named as their packs say. A person who asks about a province, a city or a scheme
that no pack is named by is told so: nobody is answered from their own programme instead. A place
is asked about if its name precedes what is asked of programmes (上海的笔试); not if it is a
destination, a home, or part of a university's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from programmes.catalogue import all_programmes
from programmes.model import Programme

_NO_PROGRAMME: Final = "(?![库馆])"
"""英才库 and 星火馆 are no programmes."""

_GOING: Final = re.compile(
    r"(?:去|到|往|赴|回|从|飞|转|迁|搬|来自|离|跨|途经|带|带去|毕业于|比|\d)$"
)
_BEING: Final = re.compile(r"(?:在|是|家住|住|于|籍贯|户口|户籍|学籍|家|为)$")
_ONESELF: Final = re.compile(
    r"我|咱|孩子|娃|女儿|闺女|儿子|家|户口|学籍|导师|老师|同学|亲戚|爸|妈"
)
_OTHERWISE: Final = re.compile(
    r"[市省]?(?:大学|交大|交通|师大|师范|理工|工业|工程|农业|林业|医科|科技大|财经|外国语|复旦|清华|中学(?!生)"
    r"|[一二三四五六七八九十]中|高中|附中|实验|时间|户口|户籍|户|籍|人(?!才)|话|路|市场|本地|读|上学|念|出差"
    r"|参观|比赛|旅游|开会|参加|实习|找|租|高校|院校)"
)
_ASKED: Final = re.compile(
    r"[省市区]?(?:那边|那儿|那里|那个|这边|这里|地区|方面)?(?:的|里)?(?:(?:中学生)?英才|计划|项目|方案|后备|试点|培养"
    r"|青少年|学生科|中学生|科创|有没有|有类似|有吗|也有|有(?:多少|几|名额|什么|哪|啥)|每[月个次年周]|什么时候|啥时候|几[号月次名]|哪[天些一]|怎么|咋|如何|要不要|要|需要"
    r"|报名|笔试|面试|测评|考|名额|招|多少|几|最少|至少|能不能|可不可以|可以|能|也|是不是|呢|吗|[?？。，,！!]|$|初期|中期|年度"
    r"|末期|导师|学生|日志|证书|补助|经费|录取|选拔|申请|条件|要求|截止|开始|结束|周期|聘期|公示|材料|评价|流程|今年|明年|去年|20\d\d)"
)
_BESIDE_IT: Final = re.compile(
    r"和|跟|与|对|比|关系|帮助|加分|影响|同时|冲突|承认|认可|衔接|优势|好处|用处|有用|一样|区别|算不算|还能"
)
_BEFORE_SCHEME: Final = re.compile(r"(?:^|[报问进上考]|参加|申请|请问|那|，|,|\s)$")
_QUOTED: Final = re.compile(r"[《「“]([^》」”]{2,12}?(?:计划|工程|项目|行动))[》」”]")
_GOING_ENGLISH: Final = re.compile(r"\b(?:to|from|near|at) $")
_FIRST_PERSON: Final = re.compile(r"\b(?:i|my|we|our|me|i'm)\b")
_UNIVERSITY: Final = re.compile(r"\s+(?:univ|jiao|normal|institute|no\.|high school|time)")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of programmes in lower case, and the families that each name means, the longest
    first: one name may begin with another."""

    sure: Mapping[str, frozenset[str]]
    loose: Mapping[str, frozenset[str]]
    """Names that mean a programme only if its own people use them."""


@dataclass(frozen=True, slots=True)
class Region:
    """A place that a question asks about."""

    name: str
    families: frozenset[str]
    """The families of the programmes in its province, if any are here."""


def names_of(every: Iterable[Programme]) -> Names:
    """What these programmes' packs say that people call them."""
    sure: dict[str, set[str]] = {}
    loose: dict[str, set[str]] = {}
    for one in every:
        for name in one.called.sure or (one.name,):
            sure.setdefault(name.casefold(), set()).add(one.family)
        for name in one.called.among_its_own:
            loose.setdefault(name.casefold(), set()).add(one.family)
    return Names(_longest_first(sure), _longest_first(loose))


def without(name: str, question: str) -> str:
    """A question with a blank wherever a programme is called by this name."""
    return _called(name).sub(" ", question) if name in question else question


@cache
def _called(name: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(name)}{_NO_PROGRAMME}")


def _longest_first(families: Mapping[str, set[str]]) -> Mapping[str, frozenset[str]]:
    return {name: frozenset(families[name]) for name in sorted(families, key=len, reverse=True)}


def names() -> Names:
    """The names of the installed programmes."""
    return names_of(all_programmes())


class Atlas:
    """The places and schemes that people may ask about, beside what programmes are called."""

    def __init__(self, called: Names, titles: Iterable[str]) -> None:
        """`titles` are what the documents themselves call the programmes."""
        self._called = called
        self._titles = "".join(titles).casefold()
        self._places = dict(self._located())
        self._place = _any_of(one for one in self._places if not one.isascii())
        self._english = _any_of((one for one in self._places if one.isascii()), r"\b{}\b")
        known = called.sure.keys() | called.loose.keys()
        self._schemes: dict[str, str] = {
            name: each[0]
            for each in _read()["schemes"]
            if not any(one in known or one in self._titles for one in each)
            for name in each
        }
        self._scheme = _any_of(self._schemes)

    def _located(self) -> Iterator[tuple[str, Region]]:
        for province, said in _read()["provinces"].items():
            families = self._called.sure.get(province, frozenset())
            for name in (province, *said["english"], *said["cities"]):
                if name not in self._called.sure:
                    yield name, Region(name, families)

    def asked(self, question: str) -> list[Region]:
        """The places that a question asks about and that are no names of programmes."""
        found = [
            self._places[match[0]]
            for match in self._place.finditer(question)
            if _asks_about(question, match.start(), match.end())
        ]
        oneself = _FIRST_PERSON.search(question)
        found += [
            self._places[match[0]]
            for match in self._english.finditer(question)
            if not oneself
            and not _GOING_ENGLISH.search(question[: match.start()])
            and not _UNIVERSITY.match(question, match.end())
        ]
        return list(dict.fromkeys(found))

    def scheme(self, question: str, written: str) -> str:
        """The scheme that a question asks about and that is no programme here; `written` is the
        question with its quotation marks."""
        if quoted := _QUOTED.search(written):
            name = quoted[1]
            if not any(one in name or name in one for one in self._called.sure) and not (
                name in self._titles or _BESIDE_IT.search(question)
            ):
                return name
        for match in self._scheme.finditer(question):
            if _BEFORE_SCHEME.search(question[: match.start()]) and not _BESIDE_IT.search(
                question
            ):
                return self._schemes[match[0]]
        return ""


def _asks_about(question: str, start: int, end: int) -> bool:
    before = question[:start]
    if _GOING.search(before) or _OTHERWISE.match(question, end):
        return False
    if _BEING.search(before) and _ONESELF.search(question):
        return False
    return _ASKED.match(question, end) is not None


def _any_of(words: Iterable[str], around: str = "{}") -> re.Pattern[str]:
    every = sorted(words, key=len, reverse=True)
    return re.compile(
        around.format(f"(?:{'|'.join(map(re.escape, every))})") if every else r"(?!)"
    )


@cache
def _read() -> Mapping[str, Any]:
    read: Mapping[str, Any] = yaml.safe_load(
        Path(__file__).with_name("elsewhere.yaml").read_text("utf-8")
    )
    return read


def of_edition(
    programmes: Sequence[Programme],
    every: Sequence[Programme],
    own: Sequence[Programme],
    rest: str,
) -> tuple[tuple[Programme, ...], str]:
    """Of several editions of one programme those that are meant, and what is left of the question.

    An edition is named by its year (2026年, 26届) or by its own name; a year before a month is a
    date. Without a name it is the edition that the asker is in, else all of them.
    """
    chosen: list[Programme] = []
    for family in dict.fromkeys(one.family for one in programmes):
        editions = [one for one in every if one.family == family]
        if len(editions) < 2:
            chosen += editions
            continue
        named = [one for one in editions if _edition_in(one, rest)]
        mine = [one for one in editions if one in own]
        meant = named or mine or editions
        for one in named:
            rest = _naming(one).sub(" ", rest)
        chosen += meant
    return tuple(chosen), rest


def _edition_in(programme: Programme, rest: str) -> bool:
    return _naming(programme).search(rest) is not None


def _naming(programme: Programme) -> re.Pattern[str]:
    year = programme.edition
    ways = [
        rf"(?<!\d){year}(?!\d)(?!年?\d{{1,2}}月)(?:年度?|届|级|版)?",
        rf"(?<!\d){year % 100:02}(?:届|级|版|年(?!\d))",
    ]
    if programme.edition_name:
        ways.insert(0, re.escape(programme.edition_name.casefold()))
    return re.compile("|".join(ways))

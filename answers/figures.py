"""Compares the figures of Chinese texts: whether one text states any that another does not.

A figure is more than its digits: it has a unit, a bound, and a subject. 30 places given to one
town are a wrong figure beside another town's name, and "at most 3 years" is not "3 years". So a
claimed figure must occur in the evidence with the same unit and bound, in a stretch about the same
subject.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Final

from language.numerals import HAN, amount, readable

OF_IT: Final = 0.66
"""Minimum share of the words around a figure that the evidence must have around it (0 to 1)."""

FigureValue = Decimal | str | tuple[int | None, int, int | str | None]
"""A number; a word that must stand as it is; or a day: year, month, and day or part of month."""


@dataclass(frozen=True, slots=True)
class Figure:
    value: FigureValue
    unit: str
    bounds: frozenset[str]
    """Its bounds: the least, the most …"""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A figure and the words around it."""

    figure: Figure
    words: str
    after: str = ""
    """What a sentence ends with that has no figure of its own."""


# ---------------------------------------------------------------- one spelling

_DASH: Final = re.compile("[‐‑‒–—―−~〜─]+")  # noqa: RUF001 - the dashes of Chinese texts
_GRADE: Final = re.compile("(?<![提最升])([高初])([一二三])(?![一二三四五六七八九十])")
_DIGITS: Final = {sign: str(value) for value, sign in enumerate("〇一二三")}
_SAME_UNIT: Final = {
    **dict.fromkeys(("名", "位", "人"), "人"),
    **dict.fromkeys(("周岁", "岁"), "岁"),
    **dict.fromkeys(("小时", "钟头"), "小时"),
    **dict.fromkeys(("周", "星期"), "周"),
    **dict.fromkeys(("次", "回"), "次"),
    **dict.fromkeys(("日", "号"), "日"),
    **dict.fromkeys(("学时", "课时"), "学时"),
}
_COUNTED: Final = (
    "个月|年级|学年|学期|学时|课时|小时|钟头|分钟|星期|周岁|阶段|方面|名|位|人|岁|周|次|回|日|号|天|年|篇|项|所|份|场|届|"
    "期|轮|门|类|种|元|级|倍|条|款|章|节|页|字|张|分|支|组|批|科|家|校|省|市|县|方|部|台|套|本|点|时|步|档|等|个|件|队|%"
)
UNIT: Final = re.compile(f"(?:{_COUNTED})")
_MEASURE: Final = re.compile(f"个?(?:{_COUNTED}|万|亿)|月")
_RUN: Final = re.compile(f"{HAN}+")
_NO_NUMBER_BEHIND: Final = "统唯之单专万同某划逐"
"""Behind these 一 counts nothing."""


def flat(text: str) -> str:
    """One spelling for comparing: NFKC, no blanks within Chinese, numerals as digits where they
    count something, and a full stop at the end of each line."""
    lines = (readable(line) for line in text.splitlines())
    said = "。".join(line for line in lines if line)
    said = unicodedata.normalize("NFKC", said).casefold()
    said = _DASH.sub("-", said.replace("\u2044", "/"))
    said = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", said)
    said = re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", said)
    said = re.sub(rf"百分之({HAN}+|[0-9.]+)", lambda m: f"{_digits(m[1]) or m[1]}%", said)
    said = re.sub(
        rf"({HAN}+|[0-9]+)分之({HAN}+|[0-9]+)",
        lambda m: f"{_digits(m[2]) or m[2]}/{_digits(m[1]) or m[1]}",
        said,
    )
    said = _GRADE.sub(lambda m: m[1] + _DIGITS[m[2]], said)
    return _RUN.sub(_counted, said)


def _counted(found: re.Match[str]) -> str:
    """A run of Chinese numerals in digits, if it counts something."""
    run, rest = found[0], found.string[found.end() :]
    before = found.string[found.start() - 1 : found.start()]
    if len(run) == 1:
        counts = before == "第" or _MEASURE.match(rest)
        idle = run == "一" and before and before in _NO_NUMBER_BEHIND
        if not counts or idle or (run == "十" and re.match("分(?!钟)", rest)):
            return run
    elif rest.startswith("("):
        return run  # a clause: 十二(三)
    return _digits(run) or run


def _digits(run: str) -> str:
    try:
        value = amount(run)
    except (ValueError, ArithmeticError):
        return ""
    return f"{value.normalize():f}"


# ---------------------------------------------------------------- figures

_HAN_ONE: Final = "[一二三四五六七八九十]"
_PART: Final = "上旬|中旬|下旬|月?底|月?末|月?初|中(?=[,。;前后旬、)]|$)"
_DAYS: Final = (
    r"月份?(?:(?P<d{0}>\d{{1,2}})(?:-(?P<dd{0}>\d{{1,2}}))?[日号]"
    rf"|(?P<p{{0}}>{_PART}))?"
)
_TOKEN: Final = re.compile(
    rf"""
    (?P<latin>(?=[a-z0-9._%+@:/?&=\#-]*[a-z])[a-z0-9][a-z0-9._%+@:/?&=\#-]*)
    |(?P<clause>(?:附件\d*)?{_HAN_ONE}+(?:\((?:{_HAN_ONE}+|\d+)\))+\d*|附件\d+)
    |(?P<grade>[高初][1-3](?!\d))
    |(?P<y1>\d{{4}})年(?P<m1>\d{{1,2}})(?:-(?P<mm1>\d{{1,2}}))?{_DAYS.format(1)}
    |(?P<y2>(?:19|20)\d\d)[-./](?P<m2>\d{{1,2}})(?:[-./](?P<d2>\d{{1,2}}))?(?![\d/.]\d|\d)
    |(?<![\d.])(?P<m3>\d{{1,2}})(?:[-至到](?P<mm3>\d{{1,2}}))?{_DAYS.format(3)}
    |(?P<ratio>(?<![\d:])\d{{1,3}}:\d{{1,3}}(?![\d:]))
    |(?P<phone>\d{{3,4}}-\d{{7,8}}(?:-\d+)?|\d{{7,}})
    |(?P<fraction>\d+/\d+)
    |(?P<number>\d+(?:\.\d+)?)(?P<scale>[万亿]?)
    |(?P<spread>(?:{HAN}){{2,}}|半)
    """,
    re.VERBOSE,
)
_UP_TO: Final = re.compile(r"[%万亿]?[-至到](?=\d)\d+(?:\.\d+)?[万亿]?")
"""What stands between the first number of a span and its unit: 3至5次."""

_BOUNDS_BEFORE: Final = {
    "least": r"(?:不得?(?:少|低|小)于|至少|最少|起码|≥|>=|(?<![未不])满)\D?$",
    "most": r"(?:不得?(?:超过?|(?:多|高|大)于)|至多|最多|≤|<=|上限\D?)\D?$",
    "over": r"(?<![不得])(?:超过|(?:多|高|大)于|>)$",
    "under": r"(?:(?<![不得])(?:少|低|小)于|[未不]满|不足|<)$",
    "first": r"(?<!之)(?<!以)前$",
    "last": r"(?<!之)(?<!以)后$",
    "about": r"(?:约|大概|将?近)$",
    "ordinal": r"第$",
    "before": r"(?:截[止至]|不晚于|最[晚迟]|在?此前)\D{0,5}$",
    "after": r"自$",
}
_BOUNDS_AFTER: Final = {
    "least": r"[及或]?以上",
    "most": r"[及或]?以下|[之以]?内",
    "before": r"[之以]?前|截[止至]",
    "after": r"[之以]?后|起",
    "about": r"左右|上下",
}
_BOUNDING: Final = re.compile(
    "[不未]?得?(?:少|低|小|多|高|大)于|至[少多]|最[少多晚迟]|起码|不?超过|大[概约]|以[上下内前后]|之[内前后]|左右|上下|截[止至]"
)
_FORMAL: Final = "壹贰叁肆柒捌玖佰仟"
_LOOSE: Final = re.compile(
    "[一二两三四五六七八九十几数半0-9]+打(?!算|开|包)|[一两几]双|[一两几]对(?![一1])|若干|好[几些多]|好多"
    "|[几数上成][十百千万]|[十百千万][来余多几](?=[名位人次元个天])|一半|半数|[过大多]半|绝?大?多数|少数"
    r"|[一二两三四五六七八九\d]成(?![为立果员绩长就功效])|翻[一两几]?[番倍]|[俩仨]|刻钟|[七八九]折|余[名位人次元个天]"
)
"""Numbers that are none in digits: 一打, 若干, 一半. They must be written in the evidence."""
_SPAN: Final = re.compile(
    r"(?<!\d)(?:\d{4}年)?(\d{1,4})[年月日号]?(?:\d{1,2}[日号])?[-至到](?:\d{4}年)?(\d{1,4})(?!\d)"
)
"""A span: which end is the first matters."""


def figures(text: str) -> list[Figure]:
    """All figures of a flat text: numbers, days, times, and fixed words."""
    found: list[Figure] = []
    year: int | None = None
    for token in _TOKEN.finditer(text):
        if token.start() and re.search(
            "[。;!?]", text[found[-1].end if found else 0 : token.start()]
        ):
            year = None
        end = token.end()
        values: list[FigureValue]
        unit = ""
        if token["number"]:
            value = Decimal(token["number"]) * {"万": 10_000, "亿": 100_000_000}.get(
                token["scale"], 1
            )
            values = [value.normalize()]
            unit, end = _unit(text, end)
            if unit == "年" and 1900 <= value <= 2100:
                year = int(value)
        elif dated := _dated(token, year):
            values, year = list(dated), dated[0][0]
            unit = "day"
        else:
            values = [_as_it_is(token)]
            unit = "grade" if token["grade"] else "ratio" if token["ratio"] else "word"
        bounds = frozenset() if unit in ("word", "grade") else _bounds(text, token.start(), end)
        found += [Figure(value, unit, bounds, token.start(), end) for value in values]
    for place, sign in enumerate(text):
        if sign in _FORMAL or (sign.isnumeric() and not sign.isascii() and sign < "\u3400"):
            found.append(Figure(sign, "word", frozenset(), place, place + 1))
    return sorted(found, key=lambda figure: figure.start)


def _dated(
    token: re.Match[str], year: int | None
) -> list[tuple[int | None, int, int | str | None]]:
    """The days that a token names; without a year of its own, of the year named before it."""
    got = token.groupdict()
    for form in "123":
        if got[f"m{form}"] is None:
            continue
        named = got.get(f"y{form}")
        year = int(named) if named else year
        part = (got.get(f"p{form}") or "").removeprefix("月").replace("末", "底")
        first, last = int(got[f"m{form}"]), got.get(f"mm{form}")
        day, until = got.get(f"d{form}"), got.get(f"dd{form}")
        if last:
            ends = int(last), (int(day) if day else part or None)
            return [(year, first, None), (year, *ends)]
        days: list[int | str | None] = [int(one) for one in (day, until) if one]
        return [(year, first, one) for one in days or [part or None]]
    return []


def _as_it_is(token: re.Match[str]) -> str:
    if token["phone"]:
        return re.sub(r"\D", "", token["phone"])
    return token[0].rstrip(".:/-?&=#%+")


def _unit(text: str, end: int) -> tuple[str, int]:
    """What a number counts, and where that ends."""
    if span := _UP_TO.match(text, end):
        return _unit(text, span.end())[0], end
    if text.startswith("个", end) and (further := UNIT.match(text, end + 1)):
        return _SAME_UNIT.get(further[0], further[0]), further.end()
    if known := UNIT.match(text, end):
        return _SAME_UNIT.get(known[0], known[0]), known.end()
    following = text[end : end + 1]
    return (following, end + 1) if following > "\u2fff" and following.isalpha() else ("", end)


def _bounds(text: str, start: int, end: int) -> frozenset[str]:
    before, after = text[max(0, start - 10) : start], text[end : end + 3]
    before = re.split("[,。;!?]", before)[-1]
    found = {name for name, form in _BOUNDS_BEFORE.items() if re.search(form, before)}
    found |= {name for name, form in _BOUNDS_AFTER.items() if re.match(form, after)}
    return frozenset(found)


# ---------------------------------------------------------------- what they are said of

_SENTENCE: Final = re.compile("[^。;!?]+")
_BREAK: Final = re.compile("[,、:()|]")
PER: Final = re.compile("每(?:个|一|1)?(?:培养)?(学年|学期|年|月|周|天|日|次|期|阶段|轮)")


def sentences(text: str) -> list[str]:
    """The sentences of a flat text, without the numbers of a list."""
    return [re.sub(r"^\d{1,2}[.、]\s*(?!\d)", "", s[0]) for s in _SENTENCE.finditer(text)]


def _parts(sentence: str) -> list[tuple[str, list[Figure]]]:
    """The parts of a sentence, each with its figures; no figure is cut in two."""
    found = figures(sentence)
    breaks = (sign.start() for sign in _BREAK.finditer(sentence))
    cuts = [0, *(at for at in breaks if not any(one.start <= at < one.end for one in found))]
    cuts.append(len(sentence))
    return [
        (sentence[start:end], [one for one in found if start <= one.start < end])
        for start, end in pairwise(cuts)
        if end > start
    ]


def told(sentence: str, before: str = "") -> Iterator[Stretch]:
    """The figures of a sentence of evidence: each with its part, and the parts beside it that
    have no figures of their own; where that says nothing, with the sentence before it."""
    parts = _parts(sentence)
    for place, (words, found) in enumerate(parts):
        if not found:
            continue
        first, last = place, place + 1
        while first and not parts[first - 1][1]:
            first -= 1
        while last < len(parts) and not parts[last][1]:
            last += 1
        around = "".join(words for words, _ in parts[first:last])
        if not pairs(around):
            around = f"{before}。{around}"
        yield from (Stretch(one, around) for one in found)


def claimed(sentence: str) -> Iterator[Stretch]:
    """The figures of a sentence that claims something: each with the words that lead to it."""
    waiting = ""
    stretches: list[Stretch] = []
    offset = 0
    for part, found in _parts(sentence):
        start = offset
        for one in found:
            words = waiting + sentence[start : one.start] + " "
            if not pairs(words) and stretches:  # the end of a span
                words = stretches[-1].words + words
            stretches.append(Stretch(one, words))
            waiting, start = "", max(start, one.end)
        rest = sentence[start : offset + len(part)]
        if found:
            stretches[-1] = Stretch(found[-1], stretches[-1].words + rest)
        else:
            waiting += rest
        offset += len(part)
    if waiting and stretches:
        stretches[-1] = replace(stretches[-1], after=waiting)
    yield from stretches


def pairs(text: str) -> set[str]:
    """Each two Chinese characters that stand together."""
    runs = re.findall("[\u3400-\u9fff]+", text)
    return {one + other for run in runs for one, other in pairwise(run)}


# ---------------------------------------------------------------- comparing


@dataclass(frozen=True, slots=True)
class Ground:
    """The figures of one piece of evidence, with their surroundings."""

    label: str
    stretches: tuple[Stretch, ...]
    whole: str
    verbatim: frozenset[str]
    """Its sentences."""
    said: frozenset[str]
    written: str
    """Label and text as they are written."""

    @classmethod
    def of(cls, label: str, text: str) -> Ground:
        name, whole = flat(label), flat(text)
        stretches: list[Stretch] = list(told(name))
        before = ""
        for sentence in sentences(whole):
            stretches += told(sentence, before)
            before = sentence
        said = frozenset(pairs(f"{name}。{whole}"))
        return cls(name, tuple(stretches), whole, frozenset(sentences(whole)), said, label + text)


def unfounded(text: str, grounds: Sequence[Ground]) -> str | None:
    """The first figure of a text that the evidence does not support; `None` if it supports all."""
    if strange := _strange(text, grounds):
        return strange
    known = frozenset().union(*(ground.said for ground in grounds))
    before = ""
    for sentence in sentences(flat(text)):
        if any(sentence in ground.verbatim for ground in grounds):
            before = sentence
            continue
        for stretch in claimed(sentence):
            words = stretch.words
            if not pairs(words) & known:
                words = f"{before}。{words}"  # what it is said of stands before it
            claim = replace(stretch, words=words)
            if _has_rivals(claim.figure, grounds):
                claim = replace(claim, words=words + claim.after)
            if not any(_borne_out(claim, sentence, ground, known) for ground in grounds):
                return sentence[stretch.figure.start : stretch.figure.end]
        before = sentence
    return None


def _strange(text: str, grounds: Sequence[Ground]) -> str | None:
    """A number in a form of its own that the evidence has not: ㈤, 一打, or the ends of a span the
    other way round."""
    written = "".join(ground.written for ground in grounds)
    for sign in text:
        plain = sign.isdecimal() or "\u3400" <= sign <= "\u9fff"
        if sign.isnumeric() and not plain and sign not in written:
            return sign
    whole = "。".join(f"{ground.label}。{ground.whole}" for ground in grounds)
    said = flat(text)
    for loose in _LOOSE.finditer(text):
        if loose[0] not in written and loose[0] not in whole:
            return loose[0]
    spans = {span.groups() for span in _SPAN.finditer(whole)}
    return next((one[0] for one in _SPAN.finditer(said) if one.groups() not in spans), None)


def _has_rivals(claim: Figure, grounds: Sequence[Ground]) -> bool:
    """Whether the evidence has other figures of the same kind, with which this one may be
    confused."""
    every = (one.figure for ground in grounds for one in ground.stretches)
    return any(one.unit == claim.unit and one.value != claim.value for one in every)


def _borne_out(claim: Stretch, sentence: str, ground: Ground, known: frozenset[str]) -> bool:
    return any(
        _same(claim.figure, one.figure, ground.label)
        and _per(claim.words, sentence, one.words)
        and (
            claim.figure.unit == "grade"
            or _of_the_same(claim.words, f"{ground.label}。{one.words}", known)
        )
        for one in ground.stretches
    )


def _same(claim: Figure, fact: Figure, label: str) -> bool:
    if isinstance(claim.value, tuple):
        if not isinstance(fact.value, tuple):
            return False
        (year, month, day), (of_year, of_month, of_day) = claim.value, fact.value
        if month != of_month or year not in (None, of_year) or day not in (None, of_day):
            return False
    elif claim.unit == "年" and isinstance(fact.value, tuple):
        return claim.value == fact.value[0] and not claim.bounds
    elif (claim.value, claim.unit) != (fact.value, fact.unit):
        return False
    differ = claim.bounds ^ fact.bounds
    return not differ or (differ == {"before"} and bool(re.search("截[止至]|期限", label)))


def _per(words: str, sentence: str, fact: str) -> bool:
    """Whether it is counted per month, per time … in both."""
    said, meant = set(PER.findall(words)), set(PER.findall(fact))
    return said <= meant and (not meant or bool(set(PER.findall(sentence)) & meant))


def _of_the_same(words: str, fact: str, known: frozenset[str]) -> bool:
    said = pairs(_BOUNDING.sub(" ", words)) & known
    both = len(said & pairs(fact))
    return both > 0 and both >= OF_IT * len(said)

"""Times of day: 下午三点一刻, 15:30, 3pm, 晚上, and from one to another (2点到4点)."""

from dataclasses import dataclass
from datetime import time
from typing import Literal

from language.grammar import Phrases, compiled, skip
from language.numerals import HAN, WHOLE, count

Part = Literal["morning", "noon", "afternoon", "evening"]

TO = r" (?:到|至|[-~–—]{1,2}|\b(?:to|until|till)\b) "


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the day, a time, or a time and the later one that it lasts to."""

    part: Part | None
    start: time | None = None
    end: time | None = None


# 昨晚, 周五晚, 15号早, and 晚7点 but not 晚一点.
_SHORT = (
    r"(?:(?<=[今昨明前当日号])|(?<=[周期拜][一二三四五六天])"
    rf"|(?=.(?!一) {WHOLE} [点:时]))"
)
_PART_WORDS: dict[Part, str] = {
    "morning": rf"早上|早晨|清晨|清早|一早|凌晨|上午|{_SHORT}[早晨]|\bmorning\b",
    "noon": r"中午|正午|\bnoon\b",
    "afternoon": r"下午|午后|\bafternoon\b",
    "evening": rf"晚上|晚间|傍晚|夜里|夜晚|深夜|{_SHORT}[晚夜]"
    r"|\b(?:evening|night)\b|(?<=\bto)night\b",
}
_PARTS = Phrases[Part](*((words, lambda part=part: part) for part, words in _PART_WORDS.items()))

# What an hour on the clock's face means in each part of the day; an hour not listed is none.
# With no part said, 1 to 6 are afternoon, as nobody trains before seven in the morning.
_FACE: dict[Part | None, dict[int, int]] = {
    "morning": {hour: hour for hour in range(13)},
    "noon": {11: 11, 12: 12, 13: 13, 14: 14, 1: 13, 2: 14},
    "afternoon": {hour: hour % 12 + 12 for hour in range(1, 20)},
    "evening": {hour: hour % 12 + 12 for hour in (*range(5, 12), *range(17, 24))},
    None: {hour: hour + 12 if 1 <= hour <= 6 else hour for hour in range(24)},
}


def _clock(part: Part | None, hour: str, minute: str = "0", *_: str) -> time:
    if hour.startswith("0") and part is None:
        return time(count(hour), count(minute))
    return time(_FACE[part][count(hour)], count(minute))


def _half_day(_: Part | None, hour: str, minute: str | None, half: str) -> time:
    if not 1 <= count(hour) <= 12:
        raise ValueError(hour)
    return time(count(hour) % 12 + 12 * (half == "p"), count(minute or "0"))


_CLOCKS = Phrases[time](
    (r"(?<![\d:.])(\d\d?)(?: [:.] (\d\d))? ([ap])\.?m\b\.?", _half_day),
    (r"(?<![\d:.])(\d\d?) : (\d\d)(?::\d\d)?(?![\d:])", _clock),
    (r"half_past_<n>", lambda part, hour: _clock(part, hour, "30")),
    (r"<n> o['’]clock\b", _clock),
    (r"<i> [点时] 半", lambda part, hour: _clock(part, hour, "30")),
    (r"<i> [点时] ([一三13]) 刻", lambda part, hour, n: _clock(part, hour, str(15 * count(n)))),
    (r"<i> [点时] 过?<i> 分(?!钟)", _clock),
    (rf"<i> [点时] ([0-5]\d|{HAN}{{2,3}}+)(?! (?:\d|[个人次分篇小h]))", _clock),
    (r"<i> (?:点|时(?![间候长段期代常]))[钟整]?(?![儿也都没不建体收感心意问想])", _clock),
    # The first of 2-4点 and 2-4pm, where the second says for both what they are.
    (rf"<i>(?={TO}{WHOLE} [点时])", _clock),
    (rf"(\d\d?)(?={TO}\d\d? ([ap])\.?m\b)", lambda _, hour, half: _half_day(_, hour, "", half)),
)
# The next place where a time of day may start.
NEXT_HOURS = (_PARTS.next, _CLOCKS.next)

_TO = compiled(TO)
_BLANK = compiled(" ")
_ABOUT = compiled("(?: (?:左右|前后|多钟?|许))?+")


def hours_at(text: str, pos: int) -> tuple[Hours | None, int] | None:
    """The time of day named at this place (None: nonsense), and where it ends."""
    said = _PARTS.at(text, pos)
    part, end = said or (None, pos)
    clock = _CLOCKS.at(text, skip(_BLANK, text, end), part)
    if clock is None:
        return (Hours(part), end) if said else None
    start, end = clock
    end = skip(_ABOUT, text, end)
    if start is None:
        return None, end
    return _lasting(text, Hours(part, start), start, end)


def _lasting(text: str, hours: Hours, start: time, end: int) -> tuple[Hours | None, int]:
    to = _TO.match(text, end)
    if to is None:
        return hours, end
    said = _PARTS.at(text, to.end())
    part, at = said or (hours.part, to.end())
    at = skip(_BLANK, text, at)
    clock = _CLOCKS.at(text, at, part)
    if clock is None:
        return hours, end
    until, last = clock
    if not said and (until is None or until <= start):
        # 上午11点到1点: the part of the day was only the first one's.
        until, last = _CLOCKS.at(text, at, None) or clock
    return (Hours(hours.part, start, until) if until and until > start else None), last

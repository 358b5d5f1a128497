"""Lengths of time as people say them: 一个半小时, 1h30, 从2点到4点, three quarters of an hour."""

from collections.abc import Iterator
from datetime import time
from decimal import Decimal

from language.clocks import NEXT_HOURS, hours_at
from language.grammar import LIMIT, Phrases, before, compiled, phrases, skip
from language.numerals import HAN, amount, fold, number, tidy

DAY = 24 * 60


def parse_minutes(text: str) -> int | None:
    """The length, in minutes (1 to 1440), that the whole of `text` names, else None.

    A bare number is the answer to "how long?": up to 12 it is hours, above that minutes.
    Two clock times (14:00-16:00) give what lies between them. 一上午, 两三个小时 are None.
    """
    if len(text) > LIMIT:
        return None
    text = fold(tidy(text))
    if (bare := number(text)) and text.lower() not in ("a", "an"):
        text = f"{bare}{'小时' if bare <= 12 else '分钟'}"
    start = skip(_ABOUT, text, 0)
    for phrase in (text, _SHORT_MINUTES.sub("分钟", text)):
        minutes, end = _length_at(phrase, start)
        if minutes and _AFTER.fullmatch(phrase, end):
            return minutes
    return None


def find_minutes(text: str) -> tuple[int, tuple[int, int]] | None:
    """The first length named inside a longer sentence, in minutes, and where it stands.

    Needs a unit (or two clock times): neither a bare number nor a score such as 90分 is a length.
    Bounds (至少两小时), ordinals (第2小时) and distances (两小时前) are none either.
    Only the first 400 characters are searched.
    """
    return next(each_minutes(text), None)


def each_minutes(text: str) -> Iterator[tuple[int, tuple[int, int]]]:
    """Like `find_minutes`, but all of them in order."""
    text = fold(text[:LIMIT])
    starts = (_LENGTHS.next, *NEXT_HOURS)
    for minutes, start, end in phrases(text, starts, lambda pos: _length_at(text, pos)):
        bounded = before(_NOT_BEFORE, text, start) or _NOT_AFTER.match(text, end)
        if minutes and not bounded and parse_minutes(text[start:end]) == minutes:
            yield minutes, (start, end)


def parse_span(text: str) -> tuple[time, time] | None:
    """Start and end that the whole of `text` names (从2点到4点, 14:00-16:00, 2-4pm), else None.

    The end is after the start on the same day. Hours 1 to 6 with no part of the day are taken as
    afternoon, as nobody trains before seven in the morning.
    """
    if len(text) > LIMIT:
        return None
    text = fold(tidy(text))
    found = hours_at(text, skip(_ABOUT, text, 0))
    if not found or not found[0] or not _AFTER.fullmatch(text, found[1]):
        return None
    hours = found[0]
    return (hours.start, hours.end) if hours.start and hours.end else None


def _length_at(text: str, pos: int) -> tuple[int | None, int]:
    if found := _LENGTHS.at(text, pos):
        return found
    hours, end = hours_at(text, pos) or (None, pos)
    if hours and hours.start and hours.end:
        start, until = (60 * clock.hour + clock.minute for clock in (hours.start, hours.end))
        return until - start, end
    return None, end


def _minutes(minutes: Decimal) -> int:
    if not 1 <= minutes <= DAY:
        raise ValueError(minutes)
    return round(minutes)


def _hours(hours: str, minutes: str | None = None) -> int:
    return _minutes(amount(hours) * 60 + (amount(minutes) if minutes else 0))


def _hours_and_half(hours: str) -> int:
    return _minutes(amount(hours) * 60 + 30)


_HOUR = r"(?:个? (?:小时|钟头)|个钟|(?<![a-z])(?:hours?|hrs?|h)(?![a-z]))"
_MINUTE = r"(?:分钟|(?<![a-z])(?:minutes?|mins?)(?![a-z]))"
_LENGTHS = Phrases[int](
    (rf"<n> (?:个半 (?:小时|钟头|钟)|{_HOUR} (?:半(?![个天])|and_a_half\b))", _hours_and_half),
    (r"<n>_and_a_half_hours?\b", _hours_and_half),
    (rf"<n> {_HOUR} (?:[零又,]|and\b)? <n> (?:{_MINUTE}|分|m\b)", _hours),
    (rf"<n> {_HOUR} (\d\d)(?! [\d:点个人次名篇道页])", _hours),
    (rf"<n> {_HOUR}", _hours),
    (r"\b(?:half_an?|a_half)_hour\b", lambda: 30),
    (r"<n>_quarters?_of_an_hour\b", lambda quarters: _minutes(15 * amount(quarters))),
    (r"<n> 刻钟", lambda quarters: _minutes(15 * amount(quarters))),
    (rf"<n> {_MINUTE}", lambda minutes: _minutes(amount(minutes))),
)
_ABOUT = compiled(
    r"(?:[\s约近共从]|大概|差不多|总共|一共|[花用做待]了|\b(?:about|around|for|from)\b)*+"
)
_AFTER = compiled(r"(?:[\s,.。!、~吧的了啊呀呢哦哈]|左右|时间|\blong\b)*+")
_SHORT_MINUTES = compiled(r"(?<=[\d十]) (?:分|m)$")
_NOT_BEFORE = compiled(
    rf"(?:[第每差各]|每次|不到|超过|[至最][少多]|[少多]于|[\d{HAN[1:-1]}] (?:[-~到至]|或者?)) $"
    r"|\b(?:every|least|most|than)_$"
)
_NOT_AFTER = compiled(r" (?:多|[之以]?前|[之以]?后|以?内|以[上下]|不到|\b(?:ago|later)\b)")

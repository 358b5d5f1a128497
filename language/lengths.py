"""Lengths of time as people say them: 一个半小时, 1h30, 从2点到4点, three quarters of an hour."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from language.clocks import NEXT_HOURS, hours_at
from language.grammar import LIMIT, Phrases, before, compiled, phrases, skip
from language.numerals import HAN, amount, count, fold, number, tidy

DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Length:
    """A length that a sentence names, and where: `text[start:end]`.

    Not `exact`: it is only a bound, or rough (不足两小时, 两个多小时). It may exceed a day.
    `clocks`: it is what lies between two clock times.
    """

    minutes: int
    start: int
    end: int
    exact: bool
    clocks: bool = False


def parse_minutes(text: str) -> int | None:
    """The length, in minutes (1 to 1440), that the whole of `text` names, else None.

    A bare number is the answer to "how long?": up to 12 it is hours, above that minutes.
    Two clock times (14:00-16:00) give what lies between them. 一上午, 两三个小时 are None.
    """
    minutes = _parsed(text)
    return minutes if minutes and minutes <= DAY else None


def each_length(text: str) -> Iterator[Length]:
    """All lengths that a sentence names, in order: bounds, rough ones and those over a day too.

    Needs a unit (or two clock times): neither a bare number nor a score such as 90分 is a length;
    ordinals (第2小时) and distances (两小时前) are none either. Only the first 400 characters are
    searched.
    """
    yield from _lengths(fold(text[:LIMIT]))


# Whether it is a session and what it says are two questions about one sentence.
@lru_cache(maxsize=16)
def _lengths(text: str) -> tuple[Length, ...]:
    return tuple(_each_length(text))


def _each_length(text: str) -> Iterator[Length]:
    starts = (_ROUGH.next, _LENGTHS.next, *NEXT_HOURS)
    for minutes, start, end in phrases(text, starts, lambda pos: _said_at(text, pos)):
        if minutes and not before(_NONE_BEFORE, text, start) and not _NONE_AFTER.match(text, end):
            bounded = before(_BOUND_BEFORE, text, start) or _BOUND_AFTER.match(text, end)
            rough = _ROUGH.at(text, start) is not None
            exact = not (bounded or rough) and _parsed(text[start:end]) == minutes
            yield Length(
                minutes, start, end, exact, clocks=not rough and _LENGTHS.at(text, start) is None
            )


def of_each(text: str, lengths: Sequence[Length]) -> Length | None:
    """What so many lessons or papers took together, if the only length is that of each of them:
    三节课每节45分钟. It stands where the length does."""
    if len(lengths) != 1 or not lengths[0].exact:
        return None
    (one,) = lengths
    each = before(_EACH_OF_THEM, text, one.start)
    many = [found for found in _SO_MANY.finditer(text) if each and found[2] == each[1]]
    if not each or len(many) != 1:
        return None
    try:
        number = count(many[0][1])
    except ValueError:
        return None
    start = each.start()
    return Length(one.minutes * number, start, one.end, exact=not each[2], clocks=False)


def _parsed(text: str) -> int | None:
    """The length that the whole text names, however long."""
    if len(text) > LIMIT:
        return None
    text = fold(tidy(text))
    if (bare := number(text)) and text.lower() not in ("a", "an"):
        if "/" in text and bare >= 1:
            return None  # 8/8 is a day rather than an hour
        text = f"{bare}{'小时' if bare <= 12 else '分钟'}"
    start = skip(_ABOUT, text, 0)
    for phrase in (text, _SHORT_MINUTES.sub("分钟", text)):
        minutes, end = _length_at(phrase, start)
        if minutes and _AFTER.fullmatch(phrase, end):
            return minutes
    return _of_lessons(text)


def _of_lessons(text: str) -> int | None:
    """三节课，每节40分钟, where nothing else is said."""
    many = _SO_MANY.match(text)
    lengths = list(_each_length(text)) if many else []
    together = of_each(text, lengths)
    if many is None or together is None or not together.exact:
        return None
    between = _LESSONS.fullmatch(text, many.end(), together.start)
    return together.minutes if between and _AFTER.fullmatch(text, together.end) else None


def _said_at(text: str, pos: int) -> tuple[int | None, int]:
    """The length at this place, rough ones too."""
    return _ROUGH.at(text, pos) or _length_at(text, pos)


def _length_at(text: str, pos: int) -> tuple[int | None, int]:
    if found := _LENGTHS.at(text, pos):
        return found
    hours, end = hours_at(text, pos) or (None, pos)
    if hours and hours.start and hours.end:
        start, until = (60 * clock.hour + clock.minute for clock in (hours.start, hours.end))
        return (until - start) % DAY, end
    return None, end


def _minutes(minutes: Decimal) -> int:
    if minutes < 1:
        raise ValueError(minutes)
    return round(minutes)


def _hours(hours: str, minutes: str | None = None) -> int:
    return _minutes(amount(hours) * 60 + (amount(minutes) if minutes else 0))


def _hours_and_half(hours: str) -> int:
    return _minutes(amount(hours) * 60 + 30)


def _hours_and_quarters(hours: str, quarters: str) -> int:
    return _minutes(amount(hours) * 60 + 15 * amount(quarters))


# 小实, 分中 and 分种 are what a hand or a microphone makes of 小时 and 分钟; in the north 四个点儿
# are four hours.
_HOUR = (
    r"(?:个? (?:小 [时是]|小实(?!验)|钟头)|个钟|个点儿|xiao shi\b"
    r"|(?<![a-z])(?:hours?|hrs?|h)(?![a-z])|个 (?:hours?|hrs?)(?![a-z])|-hours?\b)"
)
_MINUTE = (
    r"(?:分 [钟种]|分中(?![之的])|fen zhong\b|(?<![a-z])(?:minutes?|mins?)(?![a-z])|-minutes?\b)"
)
_AND = r" (?:[零又]|(?<=[a-z]),|另外?|外?加|\band\b)? "
# 两小时二十 ends there; 一小时二十个样品 and 一小时二十来分钟 go on.
_ENDS = r"(?! [\d:零一二三四五六七八九十百千几点个人次名篇道页组张份条只种支号样多来余分])"
_LENGTHS = Phrases[int](
    (r"\b(?:an|one)_hour_and_(a|three)_quarters?\b", lambda n: 75 if n == "a" else 105),
    (rf"<n> (?:个半 (?:小时|钟头|钟)|{_HOUR} (?:半(?![个天])|and_a_half\b))", _hours_and_half),
    (r"<n> 个 半\s+(?:小时|钟头|钟)", _hours_and_half),
    (rf"(\d++)\s+\. (\d++) {_HOUR}", lambda whole, part: _hours(f"{whole}.{part}")),
    # What a microphone makes of 两小时.
    (r"(?<![测流数质重音产容大]) [量凉] 个? (?:小时(?!数)|钟头)", lambda: 120),
    (r"([俩仨两\d]) 半 (?:小时|钟头)", _hours_and_half),
    (rf"(?<!{HAN})(?<![\d每这那第 ])个半 钟(?!头)", lambda: 90),
    (r"半拉 (?:小时|钟头)", lambda: 30),
    (r"(\d++) 点 (\d) 个? (?:小时|钟头)", lambda whole, tenth: _hours(f"{whole}.{tenth}")),
    (r"<n>_and_a_half_hours?\b", _hours_and_half),
    (rf"<n> {_HOUR}{_AND}([一二两三1-3]) 刻(?:钟)?", _hours_and_quarters),
    (rf"<n> {_HOUR}{_AND}<n> (?:{_MINUTE}|分|m\b)", _hours),
    (rf"<n> {_HOUR} (\d\d|零[五5]|[二三四五]?十[一二三四五六七八九]?){_ENDS}", _hours),
    # Two hours but for ten minutes.
    (
        rf"<n> {_HOUR} 差 <n> (?:{_MINUTE}|分)",
        lambda hours, less: _minutes(amount(hours) * 60 - amount(less)),
    ),
    (rf"<n> {_HOUR}", _hours),
    (r"\b(?:half_an?|a_half)_hour\b", lambda: 30),
    (r"<n>_quarters?_of_an_hour\b", lambda quarters: _minutes(15 * amount(quarters))),
    (r"<n> 刻钟", lambda quarters: _minutes(15 * amount(quarters))),
    (rf"<n> {_MINUTE}", lambda minutes: _minutes(amount(minutes))),
    # The sign of minutes, where it is not an angle's.
    (r"(?<![\d°度.])(\d{1,3}) \u2032(?! \d)", lambda minutes: _minutes(amount(minutes))),
)
# 两个多小时, 一个来小时, 四十来分钟
_ROUGH = Phrases[int](
    (r"<n> 个? [多来几](?:个? (?:小时|钟头)|个? 钟(?!头))", _hours),
    (rf"<n> [多来几] {_MINUTE}", lambda minutes: _minutes(amount(minutes))),
    # 一个 半小时 and 1. 5小时 may be a number and a length, or one of both.
    (r"<n> 个\s+半(?:小时|钟头)", _hours_and_half),
    (rf"(\d++)\.\s+(\d++) {_HOUR}", lambda whole, part: _hours(f"{whole}.{part}")),
)
_ABOUT = compiled(
    r"(?:约莫|[\s约近共从就有是]|大[概约致]|估计|差不多|[整足]{2}|整(?=[\d一两二三])|[总一]共是?|[花用做待]了"
    r"|\b(?:about|around|for|from)\b)*+"
)
_AFTER = compiled(r"(?:[\s,.。!、~吧的了啊呀呢哦哈整]|左右|时间|\blong\b)*+")
# 连上三节课，每节四十分钟
_EACH_OF_THEM = compiled(
    r"[每一](节|篇|堂|场|讲|章|集)课? (大概|大约|差不多|约|将近|快)?"
    r"(?:是|花了?|用了?|看了?|读了?|讲了?)? $"
)
_SO_MANY = compiled(r"(?<!第)([两俩二三仨四五六七八九十]|\d) ([节篇堂场讲章集])(?!之)")
_LESSONS = compiled(r"课?[,\s]*")
_SHORT_MINUTES = compiled(rf"(?<=[\d{HAN[1:-1]}]) (?:分|m)$")
# 第2小时, 每次两小时 and 两小时前 are no lengths of anything.
_NONE_BEFORE = compiled(r"(?:[第每]|每[次隔]|\bevery_) $")
_NONE_AFTER = compiled(r" (?:[之以]?[前后]|\b(?:ago|later)\b)")
_BOUND_BEFORE = compiled(
    rf"(?:[差小]|不到|[不未]满|不足|超过|[至最][少多]|起码|顶多|少说|[少多大小]于"
    r"|将近|接近|快到?|(?<![附最])近"
    rf"|[\d{HAN[1:-1]}] (?:[-~到至]|或者?)|[<>≤≥]=?|差.{{1,3}}分)有? $"
    r"|\b(?:least|most|than|nearly|almost|over|under|up_to|within)_$"
)
_BOUND_AFTER = compiled(
    r" (?:多(?![肽媒元孔组项篇个名次种样维步])|以?内(?!容)|以[上下外]|打底|起步"
    rf"|都?不[到足满]|都?[没未]到|出头|挂零|有余|开外|零|\+|还?差|(?:\d|{HAN})++[来多余]"
    r"|\b(?:or_(?:more|less|so))\b)"
)

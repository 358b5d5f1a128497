"""Times of day: 下午三点一刻, 15:30, 3pm, 晚上, and from one to another (2点到4点)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from functools import lru_cache
from typing import Literal

from language.grammar import Phrases, before, compiled, phrases, skip
from language.numerals import HAN, WHOLE, count

PartOfDay = Literal["morning", "noon", "afternoon", "evening"]

WORKING = (
    "(?:[做干弄搞整学写忙看聊讲测调跑算练搭听读开待养谈唠改画焊磨肝熬卷拼剪拍守数挖洗配推录泡刷背]"
    "|忙[活乎]|折腾|鼓捣|捣鼓|琢磨|讨论|观察|测量|采集|工作|持续)"
)
"""What somebody does until some hour."""
# 10点做到12点, 七点开始一直测到九点
TO = (
    rf" (?:(?:开始|起)? (?:一?直)?(?:{WORKING}了?)?[到至]"
    r"|[-~–—]{1,2}|\b(?:to|until|till)\b) "
)


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the day, a time, or a time and the later one that it lasts to.

    `overnight`: the end is of the next day.
    """

    part: PartOfDay | None
    start: time | None = None
    end: time | None = None
    overnight: bool = False


# 昨晚, 周五晚, 15号早, and 晚7点 but not 晚一点.
_SHORT = (
    r"(?:(?<=[今昨明前当日号寻琴])|(?<=[周期拜][一二三四五六天])"
    rf"|(?<=[\d号日一二三四五六天]\s)(?=.(?:[\s,]|$))|(?=.(?!一) {WHOLE} [点:时]))"
)
_PART_WORDS: dict[PartOfDay, str] = {
    "morning": rf"早上|早晨|清晨|清早|一早|凌晨|上午|[头上前]半?晌(?!午)|上昼|上半天"
    rf"|前半天|上半日|朝早|早浪向?|早(?=自习)|(?<=[天儿个])早(?=\Z)|{_SHORT}[早晨]|\bmorning\b",
    "noon": r"中午|正午|晌午|\bnoon\b",
    "afternoon": r"下午|午后|后半?晌|[下过]半?晌(?!午)|下昼|[下后]半天|下半日|\bafternoon\b",
    "evening": rf"晚上|晚间|傍晚|夜里|夜晚|深夜|[擦傍晚夜挨]黑|晚[夕头]|夜里?[头向]"
    rf"|前半夜|整晚|晚(?=自习)|(?<=[天儿个])晚(?=\Z)|{_SHORT}[晚夜]"
    r"|(?:(?<=[今昨前]儿)|(?<=[今昨前]儿个))黑[了咧]"
    r"|\b(?:evening|night|nite)\b|(?<=\bto)ni(?:ght|te)\b",
}
PART_SAID: dict[PartOfDay, str] = {
    "morning": "上午",
    "noon": "中午",
    "afternoon": "下午",
    "evening": "晚上",
}
"""A word for each part of the day, from which it is read again."""
_PARTS = Phrases[PartOfDay](
    *((words, lambda part=part: part) for part, words in _PART_WORDS.items())
)

# What an hour on the clock's face means in each part of the day; an hour not listed is none.
# With no part said, 1 to 6 are afternoon, as nobody trains before seven in the morning.
# The night is where something ends that began in the evening.
_FACE: dict[PartOfDay | Literal["night"] | None, dict[int, int]] = {
    "morning": {hour: hour for hour in range(13)},
    "noon": {11: 11, 12: 12, 13: 13, 14: 14, 1: 13, 2: 14},
    "afternoon": {hour: hour % 12 + 12 for hour in range(1, 20)},
    "evening": {hour: hour % 12 + 12 for hour in (*range(5, 12), *range(17, 24))},
    "night": {**{hour: hour for hour in range(7)}, 12: 0, 24: 0},
    None: {hour: hour + 12 if 1 <= hour <= 6 else hour for hour in range(24)},
}


def _clock(
    part: PartOfDay | Literal["night"] | None, hour: str, minute: str = "0", *_: str
) -> time:
    if hour.startswith("0") and part is None:
        return time(count(hour), count(minute))
    return time(_FACE[part][count(hour)], count(minute))


def _half_day(_: object, hour: str, minute: str | None, half: str) -> time:
    if not 1 <= count(hour) <= 12:
        raise ValueError(hour)
    return time(count(hour) % 12 + 12 * (half == "p"), count(minute or "0"))


def _first_of_two(hour: str, minute: str | None, last: str, half: str) -> time:
    """7 of 7 to 8:30 pm, 11 of 11 to 1 pm."""
    before_noon = count(hour) % 12 > count(last) % 12
    return _half_day(None, hour, minute, "a" if before_noon else half)


def _short_of(part: PartOfDay | Literal["night"] | None, hour: str, minutes: str) -> time:
    full = _clock(part, hour)
    total = 60 * full.hour - count(minutes)
    if not 0 <= total < 60 * full.hour:
        raise ValueError(minutes)
    return time(*divmod(total, 60))


_GOES_ON = r"(?= (?:$|[,.;!]|(?:i|we|at|in|with|on)\b))"
_NO_DATE = r"(?:(?:1[3-9]|2[0-3])\.|\d\d?\.(?:00|3[2-9]|[45]\d))"
_CLOCKS = Phrases[time](
    (r"(?<![\d:.])(\d\d?)(?: [:.] (\d\d))? ([ap])\.?m\b\.?", _half_day),
    # The first of 2-4pm and 7 to 8:30 pm, where the second says for both what they are.
    (
        rf"(?<![\d:.])(\d\d?)(?::(\d\d))?(?={TO}(\d\d?)(?: [:.] \d\d)? ([ap])\.?m\b)",
        lambda _, *said: _first_of_two(*said),
    ),
    (r"(?<![\d:.])(\d\d?) : (\d\d)(?::\d\d)?(?![\d:])", _clock),
    # 14.00-15.30, where it can be no days and nothing is measured
    (
        rf"(?=\d\d?\.\d\d)(?<![\d:.])(?={_NO_DATE}|\d\d?\.\d\d [-~到至] {_NO_DATE})"
        r"(\d\d?)\.([0-5]\d)"
        r"(?= [-~到至] \d\d?\.[0-5]\d(?![\d.]| [a-z%℃度伏欧毫微厘克米个]))",
        _clock,
    ),
    (r"(?=\d)(?<=\.\d\d[-~到至])(\d\d?)\.([0-5]\d)(?![\d.])", _clock),
    (r"half_past_<n>", lambda part, hour: _clock(part, hour, "30")),
    (r"<n> o['’]clock\b", _clock),
    (r"<i> [点时] 半", lambda part, hour: _clock(part, hour, "30")),
    (r"<i> [点时] ([一三13]) 刻", lambda part, hour, n: _clock(part, hour, str(15 * count(n)))),
    (r"<i> [点时] 过?<i> 分(?!钟)", _clock),
    (r"<i> [点时] 差<i> 分钟?", _short_of),
    (
        r"差([一三13]) 刻钟? (?:到|就)?<i> [点时]",
        lambda part, few, hour: _short_of(part, hour, str(15 * count(few))),
    ),
    (r"差<i> 分钟? (?:到|就)?<i> [点时]", lambda part, few, hour: _short_of(part, hour, few)),
    (rf"<i> [点时] ([0-5]\d|{HAN}{{2,3}}+)(?! (?:\d|[个人次分篇小h]))", _clock),
    (
        r"<i> (?:点(?! \d 个?小时)|时(?![间候长段期代常]))[钟整]?"
        r"(?![儿也没不建体收感心意问想]|都(?![在做待呆去上听学写测练]))",
        _clock,
    ),
    # from 2 to half past 3, from 2 to 4
    (rf"\bfrom_(\d\d?)(?= to_(?:half_past_)?\d\d?{_GOES_ON})", _clock),
    (rf"(?=\d)(?:(?<=from\s\d\sto\s)|(?<=from\s\d\d\sto\s))(\d\d?){_GOES_ON}", _clock),
    # The first of 2-4点
    (rf"(?!一直)<i>(?={TO}{WHOLE} [点时])", _clock),
)
# The next place where a time of day may start.
NEXT_HOURS = (_PARTS.next, _CLOCKS.next)

# 6:50起来看书看到7:30, 十点半写python写到零点一刻: what was done may be told in between.
_TO = compiled(rf"{TO}| [^,。;:!?、\d]{{1,10}}{WORKING}了?到 ")
_BLANK = compiled(" ")
_ABOUT = compiled("(?: (?:左右|前后|许))?+")
_AND_MORE = compiled("(?<=[点时]) 多钟?(?![一-鿿]*[样组])")


def hours_at(
    text: str, pos: int, within: PartOfDay | None = None
) -> tuple[Hours | None, int] | None:
    """What is said of the time of day at this place (None: nonsense), and where it ends.

    `within`: the part of the day that was said before.
    """
    said = _PARTS.at(text, pos)
    part, end = said or (within, pos)
    clock = _CLOCKS.at(text, skip(_BLANK, text, end), part)
    if clock is None:
        return (Hours(part), end) if said else None
    start, end = clock
    if past := _AND_MORE.match(text, end):
        return Hours(part), past.end()  # 两点多 may be nearly three
    end = skip(_ABOUT, text, end)
    if start is None:
        return None, end
    return _lasting(text, Hours(part, start), start, pos, end)


# A sentence is searched for what is backwards, and for its hours.
@lru_cache(maxsize=16)
def _phrases(text: str) -> tuple[tuple[Hours | None, int, int], ...]:
    return tuple(phrases(text, NEXT_HOURS, lambda pos: _hours_or_none(text, pos)))


@dataclass(frozen=True, slots=True)
class SaidHours:
    """What a sentence says of the time of day, at `text[start:end]`."""

    hours: Hours
    start: int
    end: int


def each_hours(text: str) -> Iterator[SaidHours]:
    """All that it says of the time of day, in order."""
    part: PartOfDay | None = None
    for found, start, end in _phrases(text):
        hours, last = found, end
        if hours is None and part:
            # 昨晚，十一点到凌晨两点
            hours, last = hours_at(text, start, part) or (None, end)
        if hours and (hours.part or hours.start):
            part = hours.part or part
            yield SaidHours(hours, start, last)


def backwards(text: str) -> Iterator[tuple[int, int]]:
    """Where somebody says an end that comes before its beginning: 下午五点到下午三点.

    昨晚做实验，十一点到凌晨两点 is in order, as the first hour is in the evening too.
    """
    part: PartOfDay | None = None
    for found, start, end in _phrases(text):
        if found is None and _TO.search(text, start, end):
            again = hours_at(text, start, part) if part else None
            if again is None or again[0] is None:
                yield start, end
        elif found and found.part:
            part = found.part


def _hours_or_none(text: str, pos: int) -> tuple[Hours | None, int]:
    # Where nothing stands there is nothing wrong.
    return hours_at(text, pos) or (Hours(None), pos)


def _lasting(text: str, hours: Hours, start: time, pos: int, end: int) -> tuple[Hours | None, int]:
    to = _TO.match(text, end)
    if to is None:
        return _in_and_out(text, hours, start, end)
    next_day = skip(_NEXT_DAY, text, to.end())
    if dated := _DATED.match(text, to.end()):
        began = before(_DAY_BEFORE, text, pos)
        # Without the day before it, as where a phrase is read again by itself, it is believed.
        follows = count(dated[1]) in (count(began[1]) + 1, 1) if began else pos == 0
        if not follows:
            return hours, end
        next_day = dated.end()
    said = _PARTS.at(text, next_day)
    part, at = said or (hours.part, next_day)
    at = skip(_BLANK, text, at)
    clock = _CLOCKS.at(text, at, part)
    if clock is None:
        return hours, end
    until, last = clock
    if not said and (until is None or until <= start):
        # 上午11点到1点: the part of the day was only the first one's.
        until, last = _CLOCKS.at(text, at, None) or clock
    shifted = not part and start.hour >= _NOON and not text.startswith(str(start.hour), pos)
    if until and shifted and until <= start and until.hour < _NOON:
        # 六点半到七点五十: both are of the evening, as the first is.
        until = until.replace(hour=until.hour + _NOON)
    if until and until > start and next_day == to.end():
        return Hours(hours.part, start, until), last
    if start >= _EVENING and part != "afternoon" and (night := _CLOCKS.at(text, at, "night")):
        until, last = night
        told = next_day > to.end() or (said is not None and said[0] == "morning")
        if until and (told or _between(start, until) <= _LONGEST_UNTOLD):
            return Hours(hours.part, start, until, overnight=True), last
    return None, last


def _in_and_out(text: str, hours: Hours, start: time, end: int) -> tuple[Hours, int]:
    """九点半进去，十二点出来: the hours are one stretch if the words say so."""
    begun = _BEGUN.match(text, end)
    clock = _CLOCKS.at(text, begun.end(), hours.part) if begun else None
    if clock and clock[0] and clock[0] > start and (ended := _ENDED.match(text, clock[1])):
        return Hours(hours.part, start, clock[0]), ended.end()
    return hours, end


def _between(start: time, until: time) -> int:
    """Minutes from one time to the next time that a clock shows the other."""
    return (60 * (until.hour - start.hour) + until.minute - start.minute) % (24 * 60)


_BEGUN = compiled(r" (?:就|才)?(?:进[去馆场门来]|开始|入场|到场)了? ,? ")
_ENDED = compiled(r" (?:才|就)?(?:出来|结束|离[开场]|散场|收工|做?完)")
_NOON = 12
_EVENING = time(18)
# 19点到5点 is a slip rather than a night, unless it says 凌晨 or 第二天.
_LONGEST_UNTOLD = 6 * 60
# 3月16日23:00—3月17日1:00: the day after is said by its number.
_DATED = compiled(rf"(?:{WHOLE} 月 )?({WHOLE}) [日号] (?={WHOLE}[:点时]|凌晨|[早晚]上)")
_DAY_BEFORE = compiled(rf"({WHOLE}) [日号] (?:晚上?|夜里|深夜|下午|上午)? $")
_NEXT_DAY = compiled(r"(?:(?:第二|次|翌|隔|转|今)[天日]的?|\bthe_next_(?:day|morning)_(?:at_)?)?")

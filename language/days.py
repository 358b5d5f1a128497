"""Days as people say them: 昨天下午, 上周三, 15号, 3月底, last Wednesday."""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache, partial
from typing import NoReturn

from language import lunar, solar
from language.clocks import NEXT_HOURS, Hours, PartOfDay, hours_at
from language.grammar import LIMIT, Phrases, before, compiled, phrases, skip
from language.numerals import HAN, WHOLE, amount, count, fold, tidy


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, with the time or the part of the day where it was said.

    `start` is Beijing wall-clock time. `part` is only what was said: 15:30 alone has no part.
    """

    day: date
    start: time | None = None
    part: PartOfDay | None = None


# A talk is replayed at each of its turns and parses the same words each time.
@lru_cache(maxsize=4096)
def parse_moment(text: str, now: datetime) -> Moment | None:
    """The moment that the whole of `text` names, else None (never a guess at half of it).

    `now` is an aware datetime in Asia/Shanghai. Looks backwards: 周三, 15号, 3月5号 and a bare
    15:30 are the latest such moment that is not after today. 下周一, 明天, 本周五 and dates with a
    year are taken at their word, so a caller that wants the past checks `day` itself.
    """
    if len(text) > LIMIT:
        return None
    text = fold(tidy(text))
    moment, end = _phrase_at(text, skip(_POLITE_BEFORE, text, 0), now)
    return moment if _POLITE_AFTER.fullmatch(text, end) else None


@dataclass(frozen=True, slots=True)
class SaidDays:
    """A phrase of a sentence that names a moment, or several days, or a day that does not exist.

    It stands at `text[start:end]`. `loose`: the words mean other things too (3.5, sat, 3点).
    """

    start: int
    end: int
    moment: Moment | None = None
    days: tuple[date, ...] = ()
    loose: bool = False


def each_day(text: str, now: datetime) -> Iterator[SaidDays]:
    """All such phrases of a sentence, in order. Vague ones (周末) are left out.

    One with neither a moment nor days names no day that exists: 2月30号. Only the first 400
    characters are searched.
    """
    text = fold(text[:LIMIT])
    starts = (*NEXT_HOURS, _DAYS.next, _WEEKDAYS.next, _LISTS.next, _VAGUE.next)
    last = 0
    for moment, start, end in phrases(text, starts, lambda pos: _phrase_at(text, pos, now)):
        if start < last or _NOT_THEN.match(text, end):
            continue
        if moment is not None:
            said = _one_day(text, start, end, moment, now)
        else:
            said = _other_days(text, start, end, now)
        if said:
            last = said.end
            yield said


def _one_day(text: str, start: int, end: int, moment: Moment, now: datetime) -> SaidDays | None:
    if parse_moment(text[start:end], now) != moment:
        return None  # its meaning hangs on the words around it
    hours = hours_at(text, start)
    dayless = hours is not None and hours[1] == end
    loose = dayless or _LOOSE.fullmatch(text, start, end) is not None
    if loose and not before(_CLAUSE, text, start):
        return None
    return SaidDays(start, end, moment, (moment.day,), loose)


def _other_days(text: str, start: int, end: int, now: datetime) -> SaidDays | None:
    days, last = _days_at(text, start, now)
    # 4.5-4.6 may be measured, too.
    surely = not _LOOSE_SPAN.fullmatch(text, start, last) or before(_CLAUSE, text, start)
    if len(days) > 1 and surely and not _NOT_THEN.match(text, last):
        return SaidDays(start, last, None, days)
    nowhere = _DAYS.at(text, start, now)
    if nowhere and nowhere[0] is None and _DATE.fullmatch(text, start, nowhere[1]):
        return SaidDays(start, nowhere[1])
    return None


def _days_at(text: str, pos: int, now: datetime) -> tuple[tuple[date, ...], int]:
    """The days of a list or a range (周六和周日, 周一到周三, 3月14、15号), and where it ends."""
    days: list[date] = []
    end = pos
    while True:
        at = skip(_GLUE, text, end) if days else pos
        several, last = _LISTS.at(text, at, now) or _single_at(text, at, now)
        if not several:
            break
        if days and _OF_A_WEEK.fullmatch(text, pos, end) and _WEEKDAYS.at(text, at):
            # 上周一至周三: both are of that week, or the last is of the one after.
            several = (days[-1] + timedelta((several[0] - days[-1]).days % 7),)
        if days and _WEEKDAYS.at(text, at) and _SAME_DAY.search(text, pos, at):
            break  # 3月5日（周三） is one day, or a slip
        if days and _RANGE.search(text, end, at):
            several = _stretch(days.pop(), several[0])
            if not several:
                return (), pos  # a span too long, or backwards, names no days one by one
        days += several
        end = last
        if hours := hours_at(text, skip(_BLANK, text, end)):
            end = hours[1]
    return tuple(dict.fromkeys(days)), end


def _single_at(text: str, pos: int, now: datetime) -> tuple[tuple[date, ...], int]:
    if found := _DAYS.at(text, pos, now):
        day, end = found
        return ((day.date() if isinstance(day, datetime) else day,) if day else (), end)
    if named := _WEEKDAYS.at(text, pos):
        weekday, end = named
        moment = None if weekday is None else _moment(now, None, weekday, None)
        return ((moment.day,) if moment else (), end)
    return (), pos


def _stretch(first: date, last: date) -> tuple[date, ...]:
    """All days from the first to the last; 周三到周五, said on a Thursday, began last week."""
    if first > last:
        first -= timedelta(7)
    length = (last - first).days
    return tuple(first + timedelta(n) for n in range(length + 1)) if 0 < length < 32 else ()


def _phrase_at(text: str, pos: int, now: datetime) -> tuple[Moment | None, int]:
    """A day, a weekday and hours, in any order; no moment if they are vague or disagree."""
    day: date | None = None
    weekday: int | None = None
    hours: Hours | None = None
    clear, vague, end = True, False, pos
    while True:
        at = pos if end == pos else skip(_GLUE, text, end)
        if vague and "," in text[end:at]:
            break  # 这两天，周六和周日
        found: tuple[object, int] | None
        if found := _LISTS.at(text, at, now):
            clear = False
        elif found := _DAYS.at(text, at, now):
            clear = clear and day in (None, found[0])
            day = found[0]
        elif found := _WEEKDAYS.at(text, at):
            clear = clear and weekday in (None, found[0])
            weekday = found[0]
        elif found := hours_at(text, at, hours.part if hours else None):
            if hours and hours.start and hours != found[0] and "," in text[end:at]:
                break  # 上午9点到11点，下午2点到4点: the day goes with the first
            finer = hours is not None and hours.start is None and found[0] is not None
            clear = clear and (hours in (None, found[0]) or finer)
            hours = found[0]
        elif end == pos and (found := _VAGUE.at(text, pos)):
            vague = True
        else:
            break
        clear = clear and found[0] is not None
        end = found[1]
    if text[end : end + 1] == ")" and "(" in text[pos:end]:
        end += 1
    return (_moment(now, day, weekday, hours) if clear else None), end


def _moment(
    now: datetime, day: date | None, weekday: int | None, hours: Hours | None
) -> Moment | None:
    if isinstance(day, datetime):
        return Moment(day.date(), day.time())
    if day is None and weekday is not None:
        day = now.date() - timedelta((now.weekday() - weekday) % 7)
    if day is None and hours is not None and (hours.part or hours.start):
        begun = (hours.start or _BEGINS[hours.part]) <= now.time()
        day = now.date() - timedelta(0 if begun else 1)
    if day is None or weekday not in (None, day.weekday()):
        return None
    return Moment(day, hours.start, hours.part) if hours else Moment(day)


def begins(moment: Moment) -> time:
    """When it began at the earliest."""
    return moment.start or _BEGINS.get(moment.part, time(0))


_BEGINS: dict[PartOfDay | None, time] = {
    "morning": time(0),
    "noon": time(11),
    "afternoon": time(12),
    "evening": time(17),
}
_GLUE = compiled(
    r"(?:[\s,、的()@~-]|[和跟与及或到至从]|还是|[那当]天(?=[早上中下晚])|\b(?:and|or|to|on|at|in_the|from)\b)*+"
)
_POLITE_BEFORE = compiled(r"(?:[\s,我就是在从]|应该|大概|好像|\b(?:on|at|from|it_was)\b)*+")
_POLITE_AFTER = compiled(r"(?:[\s,.。!、~吧的了啊呀呢哦哈]|左右|那天|时候)*+")
_SAME_DAY = compiled(r"(?:\(|[号\d一二三四五六七八九十]日|号) $")
_DATE = compiled(r"[^几前后]*(?:月[^几前后]*|[日号])")
# A weekday of a week that is named.
_OF_A_WEEK = compiled(r" (?:上++|[这本])一?个?(?:周|星期|礼拜)(?!末)[^周星礼]++ ")
_RANGE = compiled(r"[到至~-]|\bto\b")
_BLANK = compiled(" ")
# 周三之前, 国庆后, 五一假期, 国庆最后一天 are not that day; 昨天后两节课 is.
_NOT_THEN = compiled(
    rf" (?:[之以]?前(?![往去来面半段后]|{WHOLE}[节个堂小分钟])"
    rf"|[之以]?后(?![来面半段续期晌]|{WHOLE}[节个堂小分钟])|以来|内(?!容)|期间|起(?![来床])|[小长]?假"
    rf"|节? 的?(?:最后|头|第){WHOLE}[天日])"
)
# Words that mean other things too, and are a day only where a clause begins, as are hours alone:
# 3.5, sat, 3点.
_LOOSE = compiled(r"\d\d?[-./]\d\d?|\d{8}|[a-z]{3,4}\.?")
_LOOSE_SPAN = compiled(r"\d\d?[./]\d\d?[^\d]+\d\d?[./]\d\d?")
# A little picture parts as a mark does.
_CLAUSE = compiled(r"(?:\A|[,。;:!?、(]|[^\w\s一-鿿.%/+*=~$#<>^&《“\"'·×°-]|[我在于从是]|\bon) $")


# --- what each phrase means: functions of the present and of the pattern's groups ----------------

_SHIFTS = {"今": 0, "去": -1, "昨": -1, "前": -2, "明": 1}
_WEEKDAY_NAMES = ("一1 mon", "二2 tue", "三3 wed", "四4 thu", "五5 fri", "六6 sat", "日天7 sun")
_WEEKDAY_INDEX = {
    name: index
    for index, names in enumerate(_WEEKDAY_NAMES)
    for name in (*names.split()[0], names.split()[1])
}
_MONTH_NAMES = "janfebmaraprmayjunjulaugsepoctnovdec"
_DAYS_IN = {"天": 1, "day": 1, "周": 7, "星期": 7, "礼拜": 7, "week": 7}
_MINUTES_IN = {"分钟": 1, "minute": 1, "刻钟": 15, "小时": 60, "钟头": 60, "hour": 60}
_FESTIVAL_TABLE = """
    元旦 1-1, 情人节 2-14, 女生节 3-7, 三八妇女节 3-8, 三八节 3-8, 妇女节 3-8, 植树节 3-12,
    消费者权益日 3-15, 世界水日 3-22, 愚人节 4-1, 地球日 4-22, 世界读书日 4-23, 航天日 4-24,
    环境日 6-5, 九一八 9-18, 烈士纪念日 9-30, 万圣夜 10-31, 记者节 11-8, 消防日 11-9, 公祭日 12-13,
    五一 5-1, 劳动节 5-1, 青年节 5-4, 六一 6-1, 儿童节 6-1,
    建党节 7-1, 建军节 8-1, 教师节 9-10, 国庆 10-1, 万圣节 10-31, 光棍节 11-11,
    双十一 11-11, 双11 11-11, 双十二 12-12, 双12 12-12,
    平安夜 12-24, 圣诞 12-25, new year's day 1-1, national day 10-1, christmas 12-25
"""
_FESTIVALS = dict(row.strip().rsplit(" ", 1) for row in _FESTIVAL_TABLE.split(","))


# Months, and which of their weekdays: the second Sunday of May.
_MOVING = {
    "母亲节": (5, 2, 6),
    "父亲节": (6, 3, 6),
    "感恩节": (11, 4, 3),
    "thanksgiving": (11, 4, 3),
}


def _shifted(now: datetime, days: int) -> date:
    return now.date() + timedelta(days)


def _month(now: datetime, shift: int) -> tuple[int, int]:
    year, month = divmod(now.year * 12 + now.month - 1 + shift, 12)
    return year, month + 1


def _in(now: datetime, months: list[tuple[int, int]], day: str) -> date:
    """That day (or 初, 底, 末) in the month; of several, in the first where it is not to come."""
    for year, month in months:
        last = monthrange(year, month)[1]
        number = {"初": 1, "底": last, "末": last, "最后一天": last}.get(day) or count(day)
        if len(months) == 1 or (number <= last and date(year, month, number) <= now.date()):
            return date(year, month, number)
    raise ValueError(day)


def _in_year(now: datetime, year: str | None, nearby: str | None, month: str, day: str) -> date:
    if nearby:
        return _in(now, [(now.year + _SHIFTS[nearby], count(month))], day)
    if year:
        full = count(year)
        full += 0 if full >= 100 else 2000 if full < 60 else 1900
        if full < 1900:
            raise ValueError(year)
        return _in(now, [(full, count(month))], day)
    # Nine years back, for 29 February.
    return _in(now, [(now.year - back, count(month)) for back in range(9)], day)


def _in_month(now: datetime, which: str, day: str) -> date:
    if which:
        return _in(now, [_month(now, which.count("下") - which.count("上"))], day)
    return _in(now, [_month(now, -back) for back in range(12)], day)


def _in_week(now: datetime, which: str, weekday: str) -> date:
    weeks = which.count("下") - which.count("上") + (which == "next") - (which == "last")
    return _shifted(now, weeks * 7 + _weekday(weekday) - now.weekday())


def _week_list(now: datetime, which: str, weekdays: str, last: str) -> tuple[date, ...]:
    """周六日, 这周一、二; with no week said, the latest of each that are not to come."""
    names = [name for name in weekdays + last if name in _WEEKDAY_INDEX]
    if which:
        return tuple(_in_week(now, which, name) for name in names)
    ends = _shifted(now, -((now.weekday() - _weekday(names[-1])) % 7))
    return tuple(ends - timedelta(_weekday(names[-1]) - _weekday(name)) for name in names)


def _weekend(now: datetime, which: str | None) -> tuple[date, ...]:
    """Both days of a weekend; with none said, the latest one, and on a Saturday none."""
    if not which and now.weekday() == _WEEKDAY_INDEX["六"]:
        raise ValueError("today, or a week ago")
    which = {"last": "上", "this": "这", "next": "下"}.get(which or "", which or "")
    return _week_list(now, which, "六", "日")


def _american_list(now: datetime, month: str, numbers: str) -> tuple[date, ...]:
    """March 10 and 12."""
    found = [_american(now, month, one, None) for one in re.findall(r"\d+", numbers)]
    return tuple(found)


def _month_list(
    now: datetime,
    year: str | None,
    nearby: str | None,
    month: str | None,
    which: str | None,
    numbers: str,
) -> tuple[date, ...]:
    """3月14、15号, 12-14日."""
    signs = _NUMBERS.findall(numbers)
    days: list[date] = []
    for joiner, number in signs:
        if month:
            day = _in_year(now, year, nearby, month, number)
        else:
            day = _in_month(now, which or "", number)
        if days and day <= days[-1]:
            raise ValueError(numbers)
        days += _stretch(days.pop(), day) if joiner and joiner in "到至~-" else [day]
    return tuple(days)


_NUMBERS = re.compile(rf"([^\d零一二三四五六七八九十廿卅两]?)\s*({WHOLE})")


def _week_after(now: datetime, weekday: str, which: str) -> date:
    return _in_week(now, which, weekday)


def _next_to(now: datetime, which: str, weekday: str) -> date:
    """Last Wednesday is before today and next Wednesday after, whatever the week."""
    ahead = (_weekday(weekday) - now.weekday()) % 7
    return _shifted(now, ahead - 7 if which == "last" else ahead or 7)


def _weekday(name: str) -> int:
    return _WEEKDAY_INDEX[name[:3]]


def _ago(now: datetime, much: str, unit: str, way: str) -> date:
    sign, unit = (1 if way == "后" else -1), unit.removeprefix("个")
    if unit in _MINUTES_IN:
        then = now + sign * timedelta(minutes=float(amount(much) * _MINUTES_IN[unit]))
        return then.replace(second=0, microsecond=0)
    if unit in _DAYS_IN:
        return _shifted(now, sign * count(much) * _DAYS_IN[unit])
    year, month = _month(now, sign * count(much) * (12 if unit in ("年", "year") else 1))
    return date(year, month, min(now.day, monthrange(year, month)[1]))


def _of_festival(now: datetime, nearby: str | None, name: str, day: str) -> date:
    """国庆三号."""
    return _in_year(now, None, nearby, _FESTIVALS[name].split("-")[0], day)


def _festival_list(now: datetime, nearby: str | None, name: str, numbers: str) -> tuple[date, ...]:
    """国庆三号四号."""
    return _month_list(now, None, nearby, _FESTIVALS[name].split("-")[0], None, numbers)


def _festival(now: datetime, nearby: str | None, name: str, *away: str | None) -> date:
    day = _in_year(now, None, nearby, *_FESTIVALS[" ".join(name.split())].split("-"))
    return _away(day, *away)


def _moving_feast(year: int, name: str) -> date:
    month, nth, weekday = _MOVING[name]
    first = date(year, month, 1)
    return first + timedelta((weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _feast(now: datetime, nearby: str | None, name: str, *away: str | None) -> date:
    in_year = partial(_moving_feast if name in _MOVING else lunar.feast, name=name)
    return _away(_latest(now, nearby, in_year), *away)


def _term(now: datetime, nearby: str | None, name: str, *away: str | None) -> date:
    return _away(_latest(now, nearby, partial(solar.solar_term, name=name[:2])), *away)


def _lunar_day(now: datetime, nearby: str | None, name: str, number: str) -> date:
    """正月初十, 腊月二十, 农历三月初三."""
    month = {"正": 1, "大年": 1, "冬": 11, "腊": 12}.get(name) or count(name)
    if not 1 <= count(number) <= 30:
        raise ValueError(number)
    in_year = partial(lunar.of_month, month=month, day=count(number))
    return _latest(now, nearby, in_year)


def _away(day: date, way: str | None, days: str | None, next_day: str | None) -> date:
    """The day before a feast (前一天), or so many after it."""
    if next_day:
        return day + timedelta(1)
    return day + timedelta(count(days) * (-1 if way == "前" else 1)) if days else day


def _nth_weekday(
    now: datetime,
    year: str | None,
    nearby: str | None,
    month: str | None,
    which: str | None,
    nth: str | None,
    weekday: str,
) -> date:
    """三月最后一个周六, 这个月第一个周日."""
    if month:
        shift = _SHIFTS[nearby] if nearby else 0
        in_year = (count(year) if year else now.year + shift, count(month))
        if not (year or nearby) and in_year > (now.year, now.month):
            in_year = (now.year - 1, in_year[1])
    else:
        which = which or ""
        in_year = _month(now, which.count("下") - which.count("上"))
    first, last = date(*in_year, 1), date(*in_year, monthrange(*in_year)[1])
    if nth is None:
        return last - timedelta((last.weekday() - _weekday(weekday)) % 7)
    day = first + timedelta((_weekday(weekday) - first.weekday()) % 7 + 7 * (count(nth) - 1))
    if not first <= day <= last:
        raise ValueError(nth)
    return day


def _same_weekday(now: datetime, which: str) -> date:
    """上周的今天."""
    return _shifted(now, 7 * (which.count("下") - which.count("上")))


def _date_span(
    now: datetime, month: str, day: str, last_month: str, last_day: str
) -> tuple[date, ...]:
    """4.5-4.6."""
    first = _in_year(now, None, None, month, day)
    return _stretch(first, _in_year(now, None, None, last_month, last_day))


def _latest(now: datetime, nearby: str | None, in_year: Callable[[int], date]) -> date:
    """Its day in the year that is said, else the latest one that is not to come."""
    if nearby:
        return in_year(now.year + _SHIFTS[nearby])
    this_year = in_year(now.year)
    return this_year if this_year <= now.date() else in_year(now.year - 1)


def _english(now: datetime, day: str, month: str, year: str | None) -> date:
    return _in_year(now, year, None, str(_MONTH_NAMES.index(month[:3]) // 3 + 1), day)


def _american(now: datetime, month: str, day: str, year: str | None) -> date:
    return _english(now, day, month, year)


def _vague(*_: object) -> NoReturn:
    raise ValueError("no one day")


# --- the phrase books ---------------------------------------------------------------------------

_WEEK = "(?:周|星期|礼拜)"
# 补一下周二的 is not about next week.
_WHICH = "(?:上++|(?<!一)下++|[这本])"
# 周一起, 这周三次 and 周日志 are not about a weekday.
_NAMED = (
    r"([一二三四五六日天1-7])(?![起次个回篇遍份节场直般样定些共边程志记历常]"
    r"|\d(?!\d?(?:[:点时]|\.\d\d)))"
)
_ENGLISH_DAY = (
    r"\b((?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tues?|wed|thu|thurs?|fri|sat|sun)\b\.?"
)
# 15号楼 and 3.5小时 are no dates.
_HOUSE = "[楼馆线厅门室院机选实桌]"
_UNMEASURED = r"(?![-\d./]| (?:[%a-z次个点时小分度倍米克元秒篇页天周年人]))"
# 14.00 is an hour.
_DOTTED_HOUR = r"(?:1[3-9]|2\d|\d\d?(?=\.00))\.\d\d(?!\d)"
_MONTH_AND_DAY = rf"(?!{_DOTTED_HOUR})(\d\d?)[./](\d\d?)"
_ENGLISH_MONTH = (
    r"\b(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_ORDINAL = r"(?<![\d.:])(\d\d?)(?:st|nd|rd|th)?"
_OF_YEAR = "(?:([今去前])年的?)?"
_YEAR = rf"(?:(\d{{4}}|\d\d|{HAN}++)年|([今去前明])年的?)"
# 国庆三号 is of the month that the festival is in.
_OF_FEAST = "(?:节|放?假期?)? 的?"
_FEAST = rf"({'|'.join((*lunar.FEASTS, *_MOVING))})节?(?:当天|day)?"
_AWAY = "(?:(?:[那当]天)?的?(?:([前后])([一两二三123])天|(第二|次)[天日]))?"
# Rain and snow fall on other days too.
_WEATHER = ("雨水", "小雪", "大雪", "小寒", "大寒", "小满", "白露", "小暑", "大暑")
_TERMS = "|".join(
    f"{name}(?:节气|[当那这]天|(?=前一天|第二天))" if name in _WEATHER else name
    for name in solar.TERMS
)
# 五月廿二 is of the lunar calendar.
_DAY = (
    rf"(底|末|最后一天|初(?!{HAN})|(?![廿卅]){WHOLE})"
    r"(?: [日号]|(?! (?:[\d.次个点时:月小h篇场年]|分钟)))"
)
# 儿 and 个 as people in the north say them: 昨儿, 昨儿个, 昨个儿.
_R = "儿个?|个儿"
_NEAR = {
    0: rf"本日|今朝(?!有)|今(?:[天日]|{_R}|(?=[早晚晨夜]))|(?<![一-鿿])今(?=\Z|[\s,。])|刚[才刚]"
    r"|刚(?=\Z|从|[一-鿿]{1,2}完|[和跟与同][^,。;]{2,10}完|下(?![雨雪单载架]))"
    r"|今仔日|\btoday\b|\bto(?=ni(?:ght|te)\b)|\bjust_now\b|\bjin tian\b"
    r"|\bthis(?=_(?:morning|afternoon|evening))",
    -1: rf"昨(?:[天日]|{_R}|(?=[早晚晨夜晏]|\Z|[\s,。]))|夜(?:儿个?|个儿)|夜来(?=[上下前后头晌])"
    r"|[寻琴](?:日(?![常志])|(?=晚))"
    r"|\bzuo tian\b|\b(?:yesterday|yday|ystd|yest)\b|\blast(?=_ni(?:ght|te)\b)",
    -2: rf"(?<![目之以当提从大])前(?:[天日]|{_R}|(?=[晚夜]))|\bthe_day_before_yesterday\b",
    1: r"(?<![说证表发声聪阐文])明(?:[天日]|儿个?|(?=[早晚晨夜]))|\btomorrow\b",
    2: r"(?<![之以今随午课])后[天日](?!性|免疫)",
}

_DAYS = Phrases[date](
    *((words, partial(_shifted, days=days)) for days, words in _NEAR.items()),
    (rf"(大++)前(?:天|日|{_R})", lambda now, more: _shifted(now, -2 - len(more))),
    (r"(大++)后(?:天|日|儿个?)", lambda now, more: _shifted(now, 2 + len(more))),
    (
        r"<n> (周|个?星期|个?礼拜|个月|年)[之以]?前的今天",
        lambda now, much, unit: _ago(now, much, unit, "前"),
    ),
    (
        r"<n> (天|个?周|个?星期|个?礼拜|个月|年|个?小时|个?钟头|分钟|刻钟)[之以]?([前后])(?!来)",
        _ago,
    ),
    (r"<n>_(day|week|month|year|hour|minute)s?_(ago)\b", _ago),
    (rf"({_WHICH})一?个?{_WEEK} 的?(?:{_WEEK})?{_NAMED}", _in_week),
    (rf"({_WHICH})一?个?{_WEEK}的今天", _same_weekday),
    (
        rf"(?:(?:{_YEAR} )?<i> 月份?|({_WHICH})一?个?月) 的?"
        rf"(?:第([一二三四五1-5])|最后一)个?{_WEEK}{_NAMED}",
        _nth_weekday,
    ),
    (rf"\b(last(?=_week)|this|next(?=_week))(?:_week)?_{_ENGLISH_DAY}", _in_week),
    (rf"{_ENGLISH_DAY}_(?:of_)?(last|this|next)_week\b", _week_after),
    (rf"\b(last|next)_{_ENGLISH_DAY}", _next_to),
    # 二月二龙抬头
    (rf"()(?:[农阴]历)?{HAN}{{1,2}}月初?{HAN}{{1,3}}的? {_FEAST}{_AWAY}", _feast),
    (rf"(?:{_YEAR} )?<i> 月份? 的?{_DAY}", _in_year),
    (rf"({_WHICH}|)(?:一?个)?月 的?{_DAY}", _in_month),
    (rf"(?<!第)()<i> (?:号(?!{_HOUSE})|日(?![程志记常龄]))", _in_month),
    (rf"{_OF_YEAR}(国庆|五一|元旦){_OF_FEAST}(?={WHOLE} [日号]){_DAY}", _of_festival),
    (r"(?<![\d.])(\d{4})()(?:[-/.]|_)(\d\d?)(?:[-/.]|_)(\d\d?)(?!\d)", _in_year),
    (r"(?<!\d)(\d{4})()(\d\d)(\d\d)(?!\d)", _in_year),
    (rf"(?<![\d./-])()()(?!{_DOTTED_HOUR})(\d\d?)[-/.](\d\d?)(?: [日号]|{_UNMEASURED})", _in_year),
    (
        rf"(?:([今去前明])年的?)?({'|'.join(_FESTIVALS)})节?(?:当天)?"
        rf"(?!{_OF_FEAST}{WHOLE} [日号]){_AWAY}(?![班路中])",
        _festival,
    ),
    (rf"{_OF_YEAR}{_FEAST}{_AWAY}(?![班路中前假粥蒜])", _feast),
    (rf"{_OF_YEAR}({_TERMS})节?(?:当天)?{_AWAY}(?![班路中前假上])", _term),
    (
        rf"{_OF_YEAR}(?:[农阴]历)?(大年|[正冬腊](?=月)|(?<=[农阴]历){HAN}{{1,2}}(?=月))月?"
        rf"(?:初(?=[一二三四五六七八九十])|(?=[十廿二三]))({HAN}{{1,3}}+)(?!月)",
        _lunar_day,
    ),
    (rf"{_ORDINAL} (?:of_)?{_ENGLISH_MONTH}(?:,? (\d{{4}})\b)?", _english),
    (rf"{_ENGLISH_MONTH} {_ORDINAL}(?![\d:])(?:,? (\d{{4}})\b)?", _american),
    (r"\bthe_()(\d\d?)(?:st|nd|rd|th)\b", _in_month),
)
_JOIN = " [、,和及与]? "
# In the order of the week, so that 周五五点 is no list; nor is 周三五个人.
_WEEKDAYS_LISTED = (
    rf"((?=[一二三四五六]{_JOIN}[二三四五六日天])"
    + "".join(rf"(?:{name}{_JOIN})?" for name in "一二三四五六")
    + rf")(?<![周期拜]){_NAMED}(?![点时小月号分刻十百千楼班年组级队:.])"
)
_LISTS = Phrases[tuple[date, ...]](
    (rf"({_WHICH}|)一?个?{_WEEK}{_WEEKDAYS_LISTED}", _week_list),
    (
        rf"(?<!第)(?:(?:{_YEAR} )?<i> 月份? |({_WHICH})(?:一?个)?月 )?"
        rf"({WHOLE}(?:(?: [日号])? (?:[、,和及与~-]|[到至]) {WHOLE})++)"
        rf" (?:号(?!{_HOUSE})|日(?![程志记常龄]))",
        _month_list,
    ),
    (
        rf"{_OF_YEAR}(国庆|五一|元旦){_OF_FEAST}({WHOLE} [日号]? "
        rf"(?:(?:[、,和及与~-]|[到至])? {WHOLE} [日号]? )*+"
        rf"(?:[、,和及与~-]|[到至])? {WHOLE} [日号])",
        _festival_list,
    ),
    (
        rf"{_ENGLISH_MONTH} (\d\d?(?:st|nd|rd|th)?(?: , \d\d?(?:st|nd|rd|th)?)*+"
        r",? and_\d\d?)(?:st|nd|rd|th)?(?![\d:])",
        _american_list,
    ),
    (
        rf"(?<![\d./-]){_MONTH_AND_DAY} (?:[-~–—]|[到至]) {_MONTH_AND_DAY}"
        rf"(?: [日号]|{_UNMEASURED})",
        _date_span,
    ),
    (rf"({_WHICH}|)一?个?{_WEEK}末(?!考|班|营)", _weekend),
    (r"\b(?:the_)?(?:(last|this|next)_)?weekend\b", _weekend),
)
_WEEKDAYS = Phrases[int]((rf"{_WEEK}{_NAMED}", _weekday), (_ENGLISH_DAY, _weekday))
_VAGUE = Phrases[date](
    (rf"每[一个]*(?:{_WEEK}|[天日月年次晚早])[一二三四五六日天]?(?:{WHOLE} [号日])?", _vague),
    (r"\bevery_\w+|\b(?:last|this|next)_(?:week|month|year|term)\b|\bweekends\b", _vague),
    (rf"{_WHICH}一?个?(?:{_WEEK}|月)末?", _vague),
    (rf"{WHOLE} [-~到至、] {WHOLE} [号日]", _vague),
    (rf"(?:{WHOLE}年)?{WHOLE} (?:个?(?:{_WEEK}|天|月份?)|年)(?:初{HAN}++)?", _vague),
    (rf"[今去前明]年|(?:农历|阴历|正月|腊月|大年)[\d年月日号初正腊冬{HAN[1:-1]}]*+", _vague),
    (r"那天|某天|有一天|改天|[这前]几天|春节|清明|小年|寒假|暑假", _vague),
)

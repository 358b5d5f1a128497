"""Days to come, one or several in a row: 下周一到周三, 明天起三天, 12月5号到8号, 下周."""

import re
from datetime import date, datetime, timedelta

from language.days import each_day, parse_moment
from language.grammar import LIMIT, compiled
from language.numerals import count, fold, tidy

Days = tuple[date, date | None]
"""The first and the last day; no last one where only a beginning is named."""


def coming_day(text: str, now: datetime, since: date) -> date | None:
    """The day that the whole of `text` names, none before `since` where it can mean a later one.

    A weekday or a day of the month alone is the next one from today and from `since` on; a date
    without a year that lies before `since` is the next year's.
    """
    plain = fold(tidy(text[:LIMIT]))
    moment = parse_moment(plain, now)
    if moment is None:
        return None
    from_then_on = max(since, now.date())
    if _OF_THE_MONTH.fullmatch(plain):
        return _next_of_the_month(count(plain[:-1]), from_then_on)
    if _WEEKDAY.match(plain):  # and not which week's
        return from_then_on + timedelta((moment.day.weekday() - from_then_on.weekday()) % 7)
    if moment.day < since and _DATE.search(plain) and str(moment.day.year) not in plain:
        return a_year_on(moment.day)
    return moment.day


def coming_span(text: str, now: datetime, since: date) -> Days | None:
    """The days in a row that the whole of `text` names: both ends, a beginning and how long, a
    whole week, or one day, of which it is not said whether it is the last.

    None before `since` where later ones can be meant.
    """
    plain = _SHORT.sub(r"\1天\2天", _FROM.sub("", fold(tidy(text[:LIMIT]))))
    return (
        _between(plain, now, since)
        or _for_so_long(plain, now, since)
        or _whole_week(plain, now)
        or _row_of_days(plain, now)
        or _only_a_first(plain, now, since)
    )


def last_day(text: str, now: datetime, first: date) -> date | None:
    """The last of days in a row that begin with `first`: named itself (到下周五), or by how many
    they are (三天, 两周)."""
    plain = _UNTIL.sub("", fold(tidy(text[:LIMIT])))
    found = _LENGTH.fullmatch(plain)
    if found is None:
        return coming_day(plain, now, first)
    days = count(found["count"]) * (1 if found["unit"] in ("天", "day", "days") else 7)
    return first + timedelta(days - 1) if 0 < days <= _MOST else None


def names_a_beginning(text: str) -> bool:
    """Whether the day said is only the first: 从明天, 下周一起, 12月5号开始."""
    return _BEGINNING.search(text) is not None


def _between(text: str, now: datetime, since: date) -> Days | None:
    for to in _TO.finditer(text):
        first = coming_day(text[: to.start()], now, since)
        last = None if first is None else coming_day(text[to.end() :], now, first)
        if first and last and first <= last:
            return first, last
    return None


def _for_so_long(text: str, now: datetime, since: date) -> Days | None:
    found = _SO_LONG.fullmatch(text)
    first = coming_day(found["first"], now, since) if found else None
    if not found or first is None:
        return None
    days = count(found["count"]) * (1 if found["unit"] in ("天", "日") else 7)
    return (first, first + timedelta(days - 1)) if 0 < days <= _MOST else None


def _whole_week(text: str, now: datetime) -> Days | None:
    found = _WEEK.fullmatch(text)
    if found is None:
        return None
    today = now.date()
    weeks = len(found["next"]) if found["next"] else 0
    monday = today + timedelta(7 * weeks - today.weekday())
    return max(monday, today), monday + timedelta(6)


def _row_of_days(text: str, now: datetime) -> Days | None:
    said = list(each_day(text, now))
    if len(said) != 1 or (said[0].start, said[0].end) != (0, len(text)):
        return None
    days = said[0].days
    if len(days) < 2 or (days[-1] - days[0]).days != len(days) - 1:
        return None
    late = timedelta(7 if days[-1] < now.date() else 0)
    return days[0] + late, days[-1] + late


def _only_a_first(text: str, now: datetime, since: date) -> Days | None:
    first = coming_day(_ON.sub("", text), now, since)
    return None if first is None else (first, None)


def _next_of_the_month(number: int, since: date) -> date | None:
    year, month = since.year, since.month
    for _ in range(4):
        try:
            day = date(year, month, number)
        except ValueError:
            day = None
        if day is not None and day >= since:
            return day
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return None


def a_year_on(day: date) -> date:
    """The same day of the next year; for 29 February, 1 March."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


_BEGINNING = re.compile(r"\A从|起|开始")
_MOST = 366
_NUMBER = "[0-9]{1,3}|[一二两三四五六七八九十]{1,3}"
_OF_THE_MONTH = re.compile(rf"(?:{_NUMBER})[号日]")
_WEEKDAY = compiled(r"(?:周|星期|礼拜)[一二三四五六日天]|(?:mon|tues?|wed|thu|fri|sat|sun)[a-z]*")
_DATE = re.compile(r"\d|月")
_SHORT = re.compile(r"\A([今明])([明后])(?:两?天)?\Z")
_TO = compiled(r" (?:一直)?(?:到|至|-|–|—|~|until|through|\bto\b) ")
_FROM = compiled(r"\A (?:从|自|是|就|到|至) | (?:这(?:几|两|三|些)天|的|都|期间)\Z")
_ON = compiled(r" (?:起|开始|那天|这天|一天)\Z")
_SO_LONG = re.compile(
    rf"(?P<first>[^,起开始请休连共]++)(?:开始|起)?+[,\s]*+(?:请|休|连续|共|一共)?+"
    rf"(?P<count>{_NUMBER})个?(?P<unit>天|日|周|星期|礼拜)"
)
_UNTIL = compiled(r"\A (?:一直|直)?(?:到|至|until|till) | (?:为止|止|结束)\Z")
_LENGTH = re.compile(
    rf"(?:请|休|代|一共|共|连续)?+(?P<count>{_NUMBER})\s*+个?(?P<unit>天|周|星期|礼拜|days?|weeks?)"
)
_WEEK = re.compile(r"(?:这|本|(?P<next>下+))个?(?:一整?)?(?:周|星期|礼拜)")

"""What a document plans for a day or a month, if that is asked: 3月要做什么, 1月30号是什么节点."""

from __future__ import annotations

import calendar
import re
from dataclasses import replace
from datetime import date
from typing import Final, NamedTuple

from answers.telling import Told
from language.numerals import HAN, fold, tidy, whole
from programmes.values import Milestone

SCHEDULE: Final = "schedule.milestones"
"""The fact that lists what happens when."""

_MONTHS: Final = {name.casefold(): n for n, name in enumerate(calendar.month_name) if name}
_MONTH: Final = "|".join(_MONTHS)
_DAY: Final = re.compile(
    rf"(?:(?P<year>20\d\d)年)?(?<![\d个])(?P<month>\d{{1,2}}|{HAN}{{1,3}})月份?"
    rf"(?:(?P<day>\d{{1,2}}|{HAN}{{1,3}})[日号])?"
    rf"|(?:(?P<before>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? )?\b(?P<name>{_MONTH})\b"
    rf"(?: (?P<after>\d{{1,2}})(?:st|nd|rd|th)?)?(?:,? (?P<in_year>20\d\d))?"
)
_ASKS: Final = re.compile(
    r"(?:(?:是|有|要|得|该|应该|需要|都|前|之前|以前|当天|那天|这天|这一天|里|这个月|那个月|的|个|我们?|咱们?|学生|学校|导师|老师"
    r"|跟|和|什么|啥|哪些|哪|几|节点|日子|时间|安排|事情?|任务|活动|截止|到期|做|干|干嘛|忙|发生|呢|吗|呀|有关系|关系|有关|不|没有"
    r"|重要|一下|请问|在|会|进行|到|哪一?步|阶段|项|件|算|for|what|which|happens?|is|are|due|on|in|by|the|of|do|does|we|i|have|to"
    r"|there|any|anything|deadlines?|us|planned|going|must|be|done|day|month)|[\s，,。？?！!、'’])+"
)
"""Words that ask about the day itself, and name nothing else."""
_WHAT: Final = re.compile("什么|啥|哪|干嘛|节点|安排|截止|what|which|any|due")


class AskedDay(NamedTuple):
    """A day, or a month, of any year or of one."""

    year: int | None
    month: int
    day: int | None


def asked_of(question: str) -> AskedDay | None:
    """The day or month of which nothing else is asked than what it holds."""
    said = fold(tidy(question)).casefold()
    found = list(_DAY.finditer(said))
    if len(found) != 1 or not _WHAT.search(said):
        return None
    if not _ASKS.fullmatch(said[: found[0].start()] + " " + said[found[0].end() :]):
        return None
    part = found[0].groupdict()
    month = _MONTHS.get(part["name"] or "") or whole(part["month"] or "")
    day = whole(part["day"] or part["before"] or part["after"] or "")
    year = part["year"] or part["in_year"]
    if month is None or not 1 <= month <= 12 or not (day is None or 1 <= day <= 31):
        return None
    return AskedDay(int(year) if year else None, month, day)


def planned(told: Told, asked: AskedDay) -> Told:
    """Of the schedule, as it is told, what falls on that day or in that month; all of it, if
    nothing does."""
    milestones = told.programme.fact(SCHEDULE).value or ()
    if len(milestones) != len(told.lines):
        return told
    kept = [place for place, one in enumerate(milestones) if _falls(one, asked)]
    if not kept:
        return told
    return replace(
        told,
        lines=tuple(told.lines[place] for place in kept),
        labelled=tuple(told.labelled[place] for place in kept) if told.labelled else (),
        clause="；".join(dict.fromkeys(milestones[place].clause for place in kept)),
    )


def _falls(one: Milestone, asked: AskedDay) -> bool:
    first, last = one.start or one.end, one.end or one.start
    if first is None or last is None:
        return False
    years = range(first.first_day.year, last.last_day.year + 1)
    return any(
        first.first_day <= _last(year, asked) and _first(year, asked) <= last.last_day
        for year in years
        if asked.year in (None, year) and _is_day(year, asked)
    )


def _is_day(year: int, asked: AskedDay) -> bool:
    return (asked.day or 1) <= calendar.monthrange(year, asked.month)[1]


def _first(year: int, asked: AskedDay) -> date:
    return date(year, asked.month, asked.day or 1)


def _last(year: int, asked: AskedDay) -> date:
    day = asked.day or calendar.monthrange(year, asked.month)[1]
    return date(year, asked.month, day)

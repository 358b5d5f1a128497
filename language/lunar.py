"""Days of the lunar calendar: 除夕, 正月初十, 端午, 中秋, 腊八. Computed from new moons and solar
terms, and right from 1900 to 2100."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from math import sin, tau

from language.solar import BEIJING, TERMS, slow, solar_term

FEASTS: Mapping[str, tuple[int, int]] = {
    "除夕": (1, 0),
    "大年三十": (1, 0),
    "元宵": (1, 15),
    "龙抬头": (2, 2),
    "端午": (5, 5),
    "七夕": (7, 7),
    "中元": (7, 15),
    "中秋": (8, 15),
    "重阳": (9, 9),
    "腊八": (12, 8),
    "北方小年": (12, 23),
    "南方小年": (12, 24),
}
"""Feasts that are on one day of the calendar, by month and day; 小年 alone may be either."""


def feast(year: int, name: str) -> date:
    """The day of a feast in the lunar year that mostly lies in this one; of the twelfth month, in
    the year before. Raises LookupError for what is no feast."""
    return of_month(year, *FEASTS[name])


def of_month(year: int, month: int, day: int) -> date:
    """A day of a lunar month, the first of which is 1; the eve of the first month is its day 0.

    The eleventh and twelfth months are those before the first of this year. Leap months are not
    counted. Raises LookupError for a day that the month does not have.
    """
    first, next_first = _months(year)[month]
    found = first + timedelta(day - 1)
    if found >= next_first:
        raise LookupError(day)
    return found


@cache
def _months(year: int) -> Mapping[int, tuple[date, date]]:
    """The first days of each month and the next, from that of the solstice of the year before."""
    solstice, next_solstice = solar_term(year - 1, "冬至"), solar_term(year, "冬至")
    moons = [day for day in _new_moons(year) if day <= next_solstice]
    months = [(day, after) for day, after in pairwise(moons) if after > solstice]
    if len(months) > _MONTHS:
        terms = [solar_term(each, name) for each in (year - 1, year) for name in _MAJOR]
        leap = (one for one in months if not any(one[0] <= term < one[1] for term in terms))
        months.remove(next(leap))
    return {(10 + n) % _MONTHS + 1: month for n, month in enumerate(months)}


def _new_moons(year: int) -> list[date]:
    """The days of new moon in Beijing, from the autumn of the year before to the end of this."""
    first = round((year - 2000) * 12.3685) - 3
    return [_new_moon(first + n) for n in range(17)]


def _new_moon(number: int) -> date:
    """The day of a new moon, counted from that of January 2000: Meeus, Astronomical Algorithms,
    chapter 49, to half a minute."""
    century = number / 1236.85
    eccentric = 1 - 0.002516 * century
    angles = [
        (start + speed * number + bent * century**2) / 360 * tau for start, speed, bent in _ANGLES
    ]
    days = 5.09766 + 29.530588861 * number + 0.00015437 * century**2
    for size, of_sun, of_moon, of_latitude, of_node in _SERIES:
        angle = sum(
            times * one
            for times, one in zip((of_sun, of_moon, of_latitude, of_node), angles, strict=False)
        )
        days += size * eccentric ** abs(of_sun) * sin(angle)
    days += 0.000325 * sin((299.77 + 0.107408 * number - 0.009173 * century**2) / 360 * tau)
    instant = _EPOCH + timedelta(days)
    return (instant - slow(instant) + BEIJING).date()


_MONTHS = 12
_MAJOR = TERMS[::2]
"""Of the terms, those of which a month that is no leap month has one."""
_EPOCH = datetime(2000, 1, 1, 12, tzinfo=UTC)
# Degrees at the new moon of January 2000, degrees a moon: the sun's and the moon's anomaly, the
# moon's latitude, its node.
_ANGLES = (
    (2.5534, 29.10535670, -0.0000014),
    (201.5643, 385.81693528, 0.0107582),
    (160.7108, 390.67050284, -0.0016118),
    (124.7746, -1.56375588, 0.0020672),
)
# Days, and how many times each of the angles.
_SERIES = (
    (-0.40720, 0, 1, 0, 0),
    (0.17241, 1, 0, 0, 0),
    (0.01608, 0, 2, 0, 0),
    (0.01039, 0, 0, 2, 0),
    (0.00739, -1, 1, 0, 0),
    (-0.00514, 1, 1, 0, 0),
    (0.00208, 2, 0, 0, 0),
    (-0.00111, 0, 1, -2, 0),
    (-0.00057, 0, 1, 2, 0),
    (0.00056, 1, 2, 0, 0),
    (-0.00042, 0, 3, 0, 0),
    (0.00042, 1, 0, 2, 0),
    (0.00038, 1, 0, -2, 0),
    (-0.00024, -1, 2, 0, 0),
    (-0.00017, 0, 0, 0, 1),
    (-0.00007, 2, 1, 0, 0),
    (0.00004, 0, 2, -2, 0),
    (0.00004, 3, 0, 0, 0),
    (0.00003, 1, 1, -2, 0),
    (0.00003, 0, 2, 2, 0),
    (-0.00003, 1, 1, 2, 0),
    (0.00003, -1, 1, 2, 0),
    (-0.00002, -1, 1, -2, 0),
    (-0.00002, 1, 3, 0, 0),
    (0.00002, 0, 4, 0, 0),
)

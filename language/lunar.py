"""Feasts of the lunar calendar: 除夕, 正月初十, 元宵节, 端午, 中秋."""

from datetime import date, timedelta
from functools import cache


def feast(year: int, name: str) -> date:
    """The day of 端午 or 中秋 in a year; LookupError where it is not known."""
    days = [day for day, called in _holidays(year) if name in called]
    return days[0]


def of_new_year(year: int, number: int) -> date:
    """A day of the first lunar month, the first of which is 1; the eve of it is 0."""
    return feast(year, "春节") + timedelta(number - 1)


@cache
def _holidays(year: int) -> list[tuple[date, str]]:
    # Imported only when a feast is named: it knows every country's years.
    from holidays import country_holidays

    return sorted(country_holidays("CN", years=year, language="zh_CN").items())

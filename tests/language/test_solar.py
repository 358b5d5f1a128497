"""Solar terms against the almanac, and against the two that are holidays somewhere."""

from datetime import date
from itertools import pairwise

import pytest
from holidays.calendars.chinese import _ChineseLunisolar

from language.solar import TERMS, solar_term
from tests.tables import each_row


@each_row(
    ("year", "name", "day"),
    [
        (1900, "冬至", "1900-12-22"),
        (1950, "立春", "1950-02-04"),
        (1984, "芒种", "1984-06-05"),
        (2000, "春分", "2000-03-20"),
        # 54 seconds after midnight.
        (2008, "小满", "2008-05-21"),
        (2021, "立春", "2021-02-03"),
        (2021, "冬至", "2021-12-21"),
        (2024, "立春", "2024-02-04"),
        (2025, "夏至", "2025-06-21"),
        (2025, "处暑", "2025-08-23"),
        (2025, "寒露", "2025-10-08"),
        (2025, "大雪", "2025-12-07"),
        (2026, "小寒", "2026-01-05"),
        (2026, "雨水", "2026-02-18"),
        (2026, "惊蛰", "2026-03-05"),
        (2026, "清明", "2026-04-05"),
        (2026, "谷雨", "2026-04-20"),
    ],
)
def test_terms_of_the_almanac(year: int, name: str, day: str) -> None:
    assert solar_term(year, name) == date.fromisoformat(day)


def test_the_holidays_of_two_centuries() -> None:
    calendar = _ChineseLunisolar()
    for year in range(1901, 2100):
        assert solar_term(year, "清明") == calendar.qingming_date(year)[0]
        assert solar_term(year, "冬至") == calendar.winter_solstice_date(year)[0]


def test_the_terms_of_a_year_follow_one_another() -> None:
    days = sorted(solar_term(2026, name) for name in TERMS)
    assert days[0] == solar_term(2026, "小寒")
    assert all(14 <= (after - day).days <= 16 for day, after in pairwise(days))


def test_what_is_no_term() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        solar_term(2026, "中秋")

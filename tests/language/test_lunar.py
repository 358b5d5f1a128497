"""Days of the lunar calendar against the almanac, and against those that are holidays."""

from datetime import date

import pytest
from holidays.calendars.chinese import _ChineseLunisolar

from language.lunar import feast, of_month
from tests.tables import each_row


@each_row(
    ("year", "name", "day"),
    [
        (2023, "龙抬头", "2023-02-21"),
        (2024, "龙抬头", "2024-03-11"),
        (2025, "七夕", "2025-08-29"),
        (2025, "中元", "2025-09-06"),
        (2026, "腊八", "2026-01-26"),
        (2026, "除夕", "2026-02-16"),
        (2026, "元宵", "2026-03-03"),
        (2026, "龙抬头", "2026-03-20"),
        (2026, "七夕", "2026-08-19"),
        (2026, "中元", "2026-08-27"),
        (2026, "重阳", "2026-10-18"),
        (2027, "北方小年", "2027-01-30"),
        (2033, "中秋", "2033-09-08"),
    ],
)
def test_feasts_of_the_almanac(year: int, name: str, day: str) -> None:
    assert feast(year, name) == date.fromisoformat(day)


def test_the_holidays_of_two_centuries() -> None:
    calendar = _ChineseLunisolar()
    for year in range(1901, 2100):
        assert of_month(year, 1, 1) == calendar.lunar_new_year_date(year)[0]
        assert feast(year, "端午") == calendar.dragon_boat_date(year)[0]
        assert feast(year, "中秋") == calendar.mid_autumn_date(year)[0]
        assert feast(year, "重阳") == calendar.double_ninth_date(year)[0]


def test_what_is_no_feast() -> None:
    with pytest.raises(LookupError):
        feast(2026, "清明")

"""Days to come, one or several in a row, said on Sunday 29 November 2026."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from language.spans import coming_day, coming_span, last_day
from tests.tables import each_row

NOW = datetime(2026, 11, 29, 14, tzinfo=ZoneInfo("Asia/Shanghai"))
SINCE = date(2026, 9, 30)


@each_row(
    ("text", "first", "last"),
    [
        ("下周一到周三", "11-30", "12-02"),
        ("周一到周五", "11-30", "12-04"),
        ("下下周一到下下周三", "12-07", "12-09"),
        ("12月5号到12月8号", "12-05", "12-08"),
        ("5号到8号", "12-05", "12-08"),
        ("12.5-12.8", "12-05", "12-08"),
        ("next Monday to Wednesday", "11-30", "12-02"),
        ("明天起三天", "11-30", "12-02"),
        ("明天开始请一周", "11-30", "12-06"),
        ("下周", "11-30", "12-06"),
        ("明后天", "11-30", "12-01"),
        ("周一周二", "11-30", "12-01"),
        ("下周二三", "12-01", "12-02"),
    ],
)
def test_days_in_a_row(text: str, first: str, last: str) -> None:
    assert coming_span(text, NOW, SINCE) == (
        date.fromisoformat(f"2026-{first}"),
        date.fromisoformat(f"2026-{last}"),
    )


@pytest.mark.parametrize("text", ["周四", "3号", "12月3号", "从12月3日开始"])
def test_one_day_is_only_a_beginning(text: str) -> None:
    assert coming_span(text, NOW, SINCE) == (date(2026, 12, 3), None)


@pytest.mark.parametrize("text", ["郝老师", "三天", "明天那个到后面", "8号到5号电极", ""])
def test_what_names_no_days(text: str) -> None:
    assert coming_span(text, NOW, SINCE) is None


def test_over_the_end_of_a_year() -> None:
    span = coming_span("12月30日至1月2日", NOW, SINCE)
    assert span == (date(2026, 12, 30), date(2027, 1, 2))
    assert coming_day("昨天", NOW, date(2026, 11, 29)) == date(2026, 11, 28)


def test_a_weekday_is_counted_from_the_day_it_must_not_precede() -> None:
    assert coming_day("周三", NOW, date(2026, 12, 14)) == date(2026, 12, 16)
    assert coming_day("下周一", datetime(2026, 11, 23, 9, tzinfo=NOW.tzinfo), SINCE) == date(
        2026, 11, 30
    )


@each_row(
    ("text", "last"),
    [
        ("三天", "12-02"),
        ("两周", "12-13"),
        ("2个星期", "12-13"),
        ("一天", "11-30"),
        ("3 days", "12-02"),
        ("到下周五", "12-11"),
        ("到12月5号为止", "12-05"),
        ("5号", "12-05"),
    ],
)
def test_the_last_of_days_whose_first_is_known(text: str, last: str) -> None:
    first = date(2026, 11, 30)
    monday = NOW.replace(month=11, day=30)
    assert last_day(text, monday, first) == date.fromisoformat(f"2026-{last}")


@pytest.mark.parametrize("text", ["几天", "0天", "不知道", "999周"])
def test_what_names_no_last_day(text: str) -> None:
    assert last_day(text, NOW, date(2026, 11, 30)) is None

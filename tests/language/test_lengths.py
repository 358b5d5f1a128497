"""Lengths and spans: tables of phrases, and what must hold for any."""

from datetime import time

from hypothesis import given
from hypothesis import strategies as st

from language.clocks import NEXT_HOURS, hours_at
from language.lengths import DAY, Length, each_length, parse_minutes
from language.numerals import fold, tidy
from tests.language.test_numerals import chinese
from tests.tables import each_row

LENGTHS = """
两小时 120 | 2小时 120 | ２小时 120 | 2 小时 120 | 俩小时 120 | 2个钟头 120 | 两个钟 120
一个小时 60 | 1.5小时 90 | 1.5h 90 | 1h 60 | 2hrs 120 | 2 hours 120 | two hours 120
an hour 60 | 三点五小时 210 | 一个半小时 90 | 1个半小时 90 | 两个半钟头 150 | 两小时半 150
2 hours and a half 150 | an hour and a quarter 75 | 两小时差十分 110 | 四十五分 45
两节课，一节45分钟 90 | 三节课每节40分钟 120
an hour and a half 90 | one and a half hours 90 | 半小时 30
半个小时 30 | half an hour 30 | a half hour 30 | 一刻钟 15 | 三刻钟 45
three quarters of an hour 45 | a quarter of an hour 15 | 90分钟 90 | 九十分钟 90 | 90分 90
90min 90 | 45 minutes 45 | 90m 90 | 2小时30分 150 | 2小时30分钟 150 | 一小时零五分 65 
1½小时 90 | 22:00-01:00 180
1个小时20分钟 80 | 1h30 90 | 1h30m 90 | 1 hour and 15 min 75 | 1 hour 15 minutes 75
大概两小时吧 120 | 2小时左右 120 | 约40分钟 40 | about 2 hours 120 | for two hours 120
一共3小时 180 | 花了40分钟 40 | 24小时 1440 | 1440分钟 1440 | 从2点到4点 120 | 14:00-16:00 120
下午2点到4点半 150 | 9:00~11:30 150 | 2-4pm 120 | 上午9点到下午3点 360 | 2 120 | 1.5 90 | 半 30
两 120 | 12 720 | 13 13 | 90 90 | 一百二 120 | two 120
"""
NO_LENGTHS = """
一上午|半天|一天|一节课|两三个小时|2-3小时|两到三小时|十几个小时|几个小时|一个多小时|1小时多
不到两小时|很久|0|0小时|25小时|2000|1500分钟|a|小时|分钟|三点|下午|3月5日|16:00-14:00
10:00-01:00|2点到2点|😀|不知道|3个苹果
""".replace("\n", "|").strip("|")

NO_LENGTHS_IN_SENTENCES = """
得了90分
第2小时开始
还差两小时
2小时后提醒我
一个小时前
每次不少于2小时
每次两小时
至少两小时
听了2到3个小时
两三个小时
一个多小时
跑了90m
3个实验
24小时内
2小时以上
2026年3月5日
下午3点
at least 2 hours
two hours ago
the 2 students
"""


@each_row("row", [row.strip() for line in LENGTHS.split("\n") for row in line.split("|") if row])
def test_lengths(row: str) -> None:
    phrase, minutes = row.rsplit(" ", 1)
    assert parse_minutes(phrase) == int(minutes)


@each_row("phrase", ["", *NO_LENGTHS.split("|")])
def test_no_lengths(phrase: str) -> None:
    assert parse_minutes(phrase) is None


def exact_lengths(sentence: str) -> list[Length]:
    """The lengths that a sentence names, without bounds, rough ones and those of over a day."""
    return [one for one in each_length(sentence) if one.exact and one.minutes <= DAY]


def clock_times(phrase: str) -> tuple[time, time] | None:
    """From when to when on one day, if the phrase names that and ends there."""
    plain = fold(tidy(phrase))
    hours, end = hours_at(plain, min(start(plain, 0) for start in NEXT_HOURS)) or (None, 0)
    if end != len(plain) or not hours or not hours.start or not hours.end or hours.overnight:
        return None
    return hours.start, hours.end


@each_row(
    ("sentence", "phrase", "minutes"),
    [
        ("做了两小时双缝实验", "两小时", 120),
        ("　听讲座１.５小时", "１.５小时", 90),
        ("讲了三个小时20个人", "三个小时", 180),
        ("下午2点到4点在学校", "下午2点到4点", 120),
        ("it took an hour and a half to finish", "an hour and a half", 90),
        ("(90分钟)", "90分钟", 90),
        ("得了90分，用了2小时", "2小时", 120),
        ("第2小时才开始，共40分钟", "40分钟", 40),
    ],
)
def test_length_in_a_sentence(sentence: str, phrase: str, minutes: int) -> None:
    found = exact_lengths(sentence)[0]
    assert found.minutes == minutes
    assert sentence[found.start : found.end] == phrase


@each_row("sentence", NO_LENGTHS_IN_SENTENCES.strip().splitlines())
def test_no_length_in_a_sentence(sentence: str) -> None:
    assert exact_lengths(sentence) == []


@each_row(
    ("phrase", "start", "end"),
    [
        ("从2点到4点", time(14), time(16)),
        ("14:00-16:00", time(14), time(16)),
        ("2-4点", time(14), time(16)),
        ("2点-4点", time(14), time(16)),
        ("2:00-4:00", time(14), time(16)),
        ("02:00-04:00", time(2), time(4)),
        ("9点到11点半", time(9), time(11, 30)),
        ("上午11点到1点", time(11), time(13)),
        ("上午9点至下午3点", time(9), time(15)),
        ("晚上7点~9点一刻", time(19), time(21, 15)),
        ("19：00——20：30", time(19), time(20, 30)),
        ("from 2pm to 4pm", time(14), time(16)),
        ("2-4pm", time(14), time(16)),
        ("10am until 12:30pm", time(10), time(12, 30)),
    ],
)
def test_spans(phrase: str, start: time, end: time) -> None:
    assert clock_times(phrase) == (start, end)


@each_row(
    "phrase", ["", "2点", "下午", "4点到4点", "16:00-14:00", "25:00-26:00", "2到4", "两小时"]
)
def test_no_spans(phrase: str) -> None:
    assert clock_times(phrase) is None


@given(st.integers(1, 23), st.integers(0, 59))
def test_hours_and_minutes_read_back(hours: int, minutes: int) -> None:
    total = hours * 60 + minutes
    assert parse_minutes(f"{hours}小时{minutes}分钟") == total
    assert parse_minutes(f"{hours} hours and {minutes} minutes") == total
    assert parse_minutes(f"{chinese(hours)}个小时{chinese(minutes)}分") == total
    assert parse_minutes(f"{total}分钟") == total


@given(st.times(), st.times())
def test_clock_times_read_back(start: time, end: time) -> None:
    start, end = start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)
    span = clock_times(f"{start:%H:%M}-{end:%H:%M}")
    assert span == ((start, end) if start < end else None)


@given(st.text() | st.text("一二两半几十个小时分钟刻点到从下午-~:.2h30m 和"))
def test_nothing_raises(text: str) -> None:
    minutes = parse_minutes(text)
    assert minutes is None or 1 <= minutes <= 24 * 60
    span = clock_times(text)
    assert span is None or span[0] < span[1]
    for found in exact_lengths(text):
        assert 0 <= found.start < found.end <= len(text)
        assert parse_minutes(text[found.start : found.end]) == found.minutes

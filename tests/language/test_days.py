"""Days: tables of phrases, and what must hold for any."""

from datetime import date, datetime, time, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.days import Moment, SaidDays, each_day, parse_moment
from language.numerals import tidy
from tests.language.phrases import HELD_OUT, NOW, TUNED, rows
from tests.language.test_numerals import chinese
from tests.tables import each_row

BEIJING = ZoneInfo("Asia/Shanghai")

moments = st.datetimes(
    min_value=datetime.fromisoformat("2000-01-01"),
    max_value=datetime.fromisoformat("2100-01-01"),
    timezones=st.just(BEIJING),
)
dates = st.dates(date(1950, 1, 1), date(2150, 1, 1))
# Made of what the grammar knows, so that odd combinations of it turn up.
PIECES = """
    今天 昨 前 后天 上 下 个 周 星期 三 日 号 月 年 3 15 2026 31 十 廿 半 两 点 : . / - 下午 晚上
    底 初 每 到 的 前 小时 分 几 元旦 节 去年 早 刻 pm ago last wed mar 5th at to , ( ) 😀
"""
odd = st.lists(st.sampled_from(PIECES.split()), max_size=8).map("".join)


@each_row(("phrase", "moment"), rows(TUNED))
def test_phrases(phrase: str, moment: Moment | None) -> None:
    assert parse_moment(phrase, NOW) == moment


@each_row(("phrase", "moment"), rows(HELD_OUT))
def test_held_out_phrases(phrase: str, moment: Moment | None) -> None:
    assert parse_moment(phrase, NOW) == moment


def first_moment(sentence: str, now: datetime) -> SaidDays | None:
    """The first phrase that names a moment; one that may mean something else comes last."""
    named = [said for said in each_day(sentence, now) if said.moment]
    return min(named, key=lambda said: said.loose, default=None)


@each_row(
    ("sentence", "phrase", "moment"),
    [
        ("我昨天下午去了学校", "昨天下午", Moment(date(2026, 11, 17), None, "afternoon")),
        ("做实验（11月3日）两小时", "11月3日", Moment(date(2026, 11, 3))),
        ("　上周三，在大学", "上周三", Moment(date(2026, 11, 11))),
        ("在３月５日（周四）做的", "３月５日（周四）", Moment(date(2026, 3, 5))),
        ("11.8去大学听讲座", "11.8", Moment(date(2026, 11, 8))),
        ("上周末没去，周日去了", "周日", Moment(date(2026, 11, 15))),
        ("下午3点在实验室", "下午3点", Moment(date(2026, 11, 18), time(15), "afternoon")),
        (
            "I met Dr Li last Friday at 3pm",
            "last Friday at 3pm",
            Moment(date(2026, 11, 13), time(15)),
        ),
        ("on 5 March we met", "5 March", Moment(date(2026, 3, 5))),
        ("证明天体运动，昨天", "昨天", Moment(date(2026, 11, 17))),
        ("昨天前往实验室", "昨天", Moment(date(2026, 11, 17))),
    ],
)
def test_moment_in_a_sentence(sentence: str, phrase: str, moment: Moment) -> None:
    found = first_moment(sentence, NOW)
    assert found is not None
    assert found.moment == moment
    assert sentence[found.start : found.end] == phrase


@each_row(
    "sentence",
    [
        "每周一都有组会",
        "每周三下午3点上课",
        "一周一次，一周三次",
        "这周三次实验",
        "上周一起做实验",
        "这周日志怎么写",
        "目前天气不错",
        "证明天体运动",
        "周三到周五都在",
        "昨天和今天都做了实验",
        "10月1-3日",
        "周三之前交",
        "国庆假期做实验",
        "上周末下午3点",
        "15号楼做实验",
        "跑了3.5公里",
        "得分3.5",
        "完成了1/3",
        "有3点体会",
        "暑假做实验",
        "小年做实验",
        "三月初一",
        "去年本月十日",
        "99月9号",
        "2月30日下午",
        "做了三天实验",
        "I sat in the lab",
        "we observed the sun",
        "every Wednesday",
        "you may ask",
    ],
)
def test_no_moment_in_a_sentence(sentence: str) -> None:
    assert first_moment(sentence, NOW) is None


@each_row(
    ("phrase", "now", "day"),
    [
        ("2月29日", (2028, 2, 29), date(2028, 2, 29)),
        ("2月29日", (2028, 2, 28), date(2024, 2, 29)),
        ("2月29日", (1904, 2, 28), date(1896, 2, 29)),
        ("31号", (2026, 3, 1), date(2026, 1, 31)),
        ("30号", (2026, 3, 1), date(2026, 1, 30)),
        ("月底", (2026, 2, 28), date(2026, 2, 28)),
        ("月底", (2026, 3, 30), date(2026, 2, 28)),
        ("元旦", (2026, 1, 1), date(2026, 1, 1)),
        ("12月31日", (2026, 1, 1), date(2025, 12, 31)),
        ("昨天", (2026, 1, 1), date(2025, 12, 31)),
        ("一个月前", (2026, 3, 31), date(2026, 2, 28)),
        ("上个月5号", (2026, 1, 15), date(2025, 12, 5)),
        ("周日", (2026, 11, 15), date(2026, 11, 15)),
        ("周一", (2026, 11, 15), date(2026, 11, 9)),
        ("本周一", (2026, 11, 15), date(2026, 11, 9)),
        ("上周日", (2026, 11, 16), date(2026, 11, 15)),
    ],
)
def test_edges_of_the_calendar(phrase: str, now: tuple[int, int, int], day: date) -> None:
    assert parse_moment(phrase, datetime(*now, 12, tzinfo=BEIJING)) == Moment(day)


def test_hours_ago_cross_midnight() -> None:
    assert parse_moment("两小时前", datetime(2026, 1, 1, 1, 15, 40, tzinfo=BEIJING)) == Moment(
        date(2025, 12, 31), time(23, 15)
    )


@given(dates, moments)
def test_a_written_date_reads_back(day: date, now: datetime) -> None:
    month, number = chinese(day.month), chinese(day.day)
    year = "".join(chinese(int(digit)) for digit in str(day.year))
    weekday = "一二三四五六日"[day.weekday()]
    for text in (
        day.isoformat(),
        f"{day:%Y%m%d}",
        f"{day:%Y/%m/%d}",
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}年{day.month}月{day.day}日（周{weekday}）",
        f"{year}年{month}月{number}日",
        f"{day:%d %B %Y}",
        f"{day:%B} {day.day}, {day.year}",
    ):
        assert parse_moment(text, now) == Moment(day), text


@given(dates, moments, st.integers(1, 6))
def test_a_date_with_another_weekday_is_refused(day: date, now: datetime, shift: int) -> None:
    weekday = "一二三四五六日"[(day.weekday() + shift) % 7]
    assert parse_moment(f"{day.year}年{day.month}月{day.day}日（周{weekday}）", now) is None


@given(moments, st.integers(0, 364))
def test_a_date_without_a_year_is_the_latest(now: datetime, back: int) -> None:
    day = now.date() - timedelta(back)
    if (day.month, day.day) != (2, 29):
        assert parse_moment(f"{day.month}月{day.day}号", now) == Moment(day)
        assert parse_moment(f"{chinese(day.month)}月{chinese(day.day)}", now) == Moment(day)


@given(
    moments,
    st.sampled_from(
        ["周{n}", "{d}号", "{m}月{d}日", "{m}/{d}", "{m}月底", "月底", "月初", "国庆", "{h}:30"]
    )
    | st.sampled_from(["下午{n}点", "晚上8点", "上午", "the {d}th", "{h}点", "周{n}晚上", "刚才"]),
    st.integers(1, 6),
    st.integers(1, 31),
    st.integers(1, 12),
    st.integers(10, 23),
)
def test_past_preferring_forms_are_not_to_come(
    now: datetime, form: str, n: int, d: int, m: int, h: int
) -> None:
    moment = parse_moment(form.format(n=n, d=d, m=m, h=h), now)
    if moment is None:
        assert "{m}" in form
        assert d > 28
    else:
        assert moment.day <= now.date()


@given(st.text() | odd, moments)
def test_nothing_raises(text: str, now: datetime) -> None:
    parsed = parse_moment(text, now)
    assert parsed is None or isinstance(parsed, Moment)
    for said in each_day(text, now):
        assert 0 <= said.start < said.end <= len(text)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "span", ["后天到元旦", "6月1日到8月1日", "5月3日到2月1日", "3月1日至3月1日"]
)
def test_a_span_that_names_no_days_comes_to_an_end(span: str) -> None:
    for said in each_day(f"{span}在校做实验", datetime(2029, 6, 17, 10, tzinfo=BEIJING)):
        assert len(said.days) < 32


@given(odd, moments)
def test_what_is_found_parses_to_the_same(text: str, now: datetime) -> None:
    for said in each_day(text, now):
        if said.moment:
            assert parse_moment(text[said.start : said.end], now) == said.moment


@given(st.sampled_from([phrase for phrase, _ in rows(TUNED)]))
def test_spelling_does_not_matter(phrase: str) -> None:
    expected = parse_moment(phrase, NOW)
    assert parse_moment(f" \u200b{phrase}\u3000", NOW) == expected
    assert parse_moment(tidy(phrase).upper(), NOW) == expected


@each_row(
    "piece",
    [
        "1",
        "一",
        " ",
        "周",
        "3月",
        "3点",
        "下午 ",
        "昨天和",
        "1.",
        "2点到",
        "a ",
        "(",
        "每",
        "上",
        "大",
    ],
)
def test_long_input_is_cut(piece: str) -> None:
    text = piece * (10_000 // len(piece))
    began = process_time()
    assert parse_moment(text, NOW) is None
    list(each_day(text, NOW))
    assert process_time() - began < 0.2

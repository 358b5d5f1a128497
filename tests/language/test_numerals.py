"""Numbers and the one spelling of what was typed."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from language.numerals import fold, number, tidy, whole
from tests.tables import each_row

NO_NUMBERS = """
    点 三点 点五 两三 三四 几 十几 十十 百千 十二三 一半 二十一个
    1. .5 -1 1,000 1e3 thirteen 😀 ٣
"""


@each_row(
    ("text", "value"),
    [
        ("0", "0"),
        ("２", "2"),
        ("3.5", "3.5"),
        ("３．５", "3.5"),
        ("007", "7"),
        ("零", "0"),
        ("\u3007", "0"),
        ("两", "2"),
        ("俩", "2"),
        ("十", "10"),
        ("十二", "12"),
        ("二十", "20"),
        ("二十一", "21"),
        ("廿", "20"),
        ("廿三", "23"),
        ("卅一", "31"),
        ("百", "100"),
        ("一百二", "120"),
        ("一百二十", "120"),
        ("一百零五", "105"),
        ("两百三十四", "234"),
        ("九千九百九十九", "9999"),
        ("两千零四", "2004"),
        ("一千五", "1500"),
        ("二〇二六", "2026"),
        ("二零二六", "2026"),
        ("零五", "5"),
        ("半", "0.5"),
        ("三点五", "3.5"),
        ("1½", "1.5"),
        ("十二点二五", "12.25"),
        (" 五 ", "5"),
        ("three", "3"),
        ("Twelve", "12"),
    ],
)
def test_numbers(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


@each_row("text", ["", *NO_NUMBERS.split()])
def test_no_numbers(text: str) -> None:
    assert number(text) is None


def test_whole_numbers() -> None:
    assert whole("三") == 3
    assert whole("2.0") == 2
    assert whole("2.5") is None
    assert whole("半") is None
    assert whole("很多") is None


@each_row(
    ("typed", "tidied"),
    [
        ("  昨天　下午\t３点 \n", "昨天 下午 3点"),
        ("昨\u200b天\ufeff", "昨天"),
        ("（周三）", "(周三)"),
        ("好\u200d的", "好的"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("", ""),
    ],
)
def test_tidy(typed: str, tidied: str) -> None:
    assert tidy(typed) == tidied


@given(st.text())
def test_tidy_is_idempotent(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)


@given(st.text())
def test_fold_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(st.text() | st.text("\u3007零一二两三四五六七八九十百千廿卅半点几0123456789."))
def test_number_never_raises(text: str) -> None:
    value = number(text)
    assert value is None or value >= 0


@given(st.integers(0, 9999))
def test_chinese_numerals_read_back(value: int) -> None:
    assert whole(chinese(value)) == value
    assert whole(chinese(value).replace("二百", "两百").replace("二千", "两千")) == value


def chinese(value: int) -> str:
    """The numeral as it is written out: 205 is 二百零五."""
    digits = "零一二三四五六七八九"
    text = ""
    for unit, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, unit)
        if digit:
            text += digits[digit] + sign
        elif text and value and not text.endswith("零"):
            text += "零"
    return text.removeprefix("一") if text.startswith("一十") else text or "零"

"""Numbers as people write them: 二十一, 两, 半, ２, 3.5, three."""

import re
import unicodedata
from decimal import Decimal

from opencc import OpenCC

from language.radicals import CHARACTERS

_VALUES = {sign: value for value, sign in enumerate("零一二三四五六七八九")}
_VALUES |= {"〇": 0, "两": 2, "俩": 2, "仨": 3}  # noqa: RUF001 - a Chinese zero
_UNITS = {"十": 10, "百": 100, "千": 1000}
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_TENS = ("ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ENGLISH = (
    {word: value for value, word in enumerate((*_WORDS, "twelve"), 1)}
    | {word: 10 * value for value, word in enumerate(_TENS, 1)}
    | {"a": 1, "an": 1, "fifteen": 15}
)

# 几 is here so that 十几 and 几十 are read as one number, and found to be none.
HAN = "[零〇一二两俩三仨四五六七八九十百千廿卅几]"
WHOLE = rf"(?:(?<![\d.])\d++|{HAN}++)"
NUMBER = (
    rf"(?:(?<![\d./])\d++(?:[./]\d++|[½¼¾])?|(?<![大小])半|{HAN}++(?:点{HAN}++|分之{HAN}++)?"
    rf"|\b(?:{'|'.join(sorted(_ENGLISH, key=len, reverse=True))})\b)"
)

_ARABIC = re.compile(r"[0-9]+(?:\.[0-9]+)?")
# 1½ would become 11/2.
_VULGAR = {"½": ".5", "¼": ".25", "¾": ".75"}
_FRACTION = re.compile(r"(?P<top>[0-9]+)/(?P<bottom>[0-9]+)|(?P<under>.+)分之(?P<over>.+)")
# The joiner U+200D stays after an emoji, which would fall into pieces without it.
_INVISIBLE = re.compile(
    "[\u00ad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
    "|(?<![\ufe0f\U0001f300-\U0001faff])\u200d"
)


class _Folding(dict[int, str]):
    """A table for `str.translate` that looks every character up once."""

    def __missing__(self, code: int) -> str:
        plain = unicodedata.normalize("NFKC", chr(CHARACTERS.get(code, code)))
        simple = _SIMPLIFIED.convert(plain) if len(plain) == 1 else chr(code)
        self[code] = simple if len(simple) == 1 else plain
        return self[code]


_SIMPLIFIED = OpenCC("t2s")
# What is said in Cantonese, as it is said in Mandarin.
_CANTONESE = dict(zip(map(ord, "喺咗睇嘅冇嗰噚"), "在了看的没那昨", strict=True))
_FOLDING = _Folding(dict.fromkeys(map(ord, "•・･‧∙⋅•"), "·") | _CANTONESE)


def readable(text: str) -> str:
    """The person's own words without invisible characters and surplus blanks."""
    return " ".join(_visible(text).split())


def _visible(text: str) -> str:
    return text if text.isprintable() else _INVISIBLE.sub("", text)


def tidy(text: str) -> str:
    """One spelling of what was typed: NFKC, no invisible characters, single spaces, trimmed.

    Idempotent. Not for text that is kept: NFKC turns x² into x2.
    """
    for sign, decimals in _VULGAR.items():
        text = text.replace(sign, decimals)
    return readable(unicodedata.normalize("NFKC", _visible(text)))


def fold(text: str) -> str:
    """Full-width characters as plain ones, traditional and Cantonese ones as those of Mandarin,
    and the dots within names as one dot; each in its place, so that offsets stay true.
    """
    return text.translate(_FOLDING)


def number(text: str) -> Decimal | None:
    """The value of a whole text that is one number (0 and up), else None.

    Arabic and full-width digits with an optional fraction, Chinese numerals below ten thousand
    (二十一, 两百零五, 廿三, 二〇二六, 三点五, 半), English words up to twelve. A spread such as
    两三 is None.
    """
    try:
        return amount(tidy(text))
    except ValueError:
        return None


def whole(text: str) -> int | None:
    """Like `number`, but None unless it is a whole number."""
    try:
        return count(tidy(text))
    except ValueError:
        return None


def amount(text: str) -> Decimal:
    """The value of a tidy text that is one number; ValueError if it is none."""
    if text[-1:] in _VULGAR:
        text = text[:-1] + _VULGAR[text[-1]]
    if _ARABIC.fullmatch(text):
        return Decimal(text)
    if text.lower() in _ENGLISH:
        return Decimal(_ENGLISH[text.lower()])
    if text == "半":
        return Decimal("0.5")
    if fraction := _FRACTION.fullmatch(text):
        above, below = (
            amount(fraction["top"] or fraction["over"]),
            amount(fraction["bottom"] or fraction["under"]),
        )
        if not below:
            raise ValueError(text)
        return above / below
    before, point, after = text.partition("点")
    return Decimal(f"{_han(before)}.{_read_out(after)}") if point else Decimal(_han(before))


def count(text: str) -> int:
    """Like `amount`, but ValueError unless it is a whole number."""
    value = amount(text)
    if value != value.to_integral_value():
        raise ValueError(text)
    return int(value)


def _read_out(text: str) -> str:
    if not text or not all(sign in _VALUES for sign in text):
        raise ValueError(text)
    return "".join(str(_VALUES[sign]) for sign in text)


def _han(text: str) -> int:
    text = text.replace("廿", "二十").replace("卅", "三十")
    if all(sign in _VALUES for sign in text):
        if len(text) == 2 and 0 not in map(_VALUES.get, text):
            raise ValueError(text)  # 两三, 三四: a spread
        return int(_read_out(text))
    total, digit, unit = 0, None, 10_000
    for sign in text:
        if sign in _VALUES and not digit:
            digit = _VALUES[sign]
        elif _UNITS.get(sign, unit) < unit:
            unit = _UNITS[sign]
            total += unit * (1 if digit is None else digit)
            digit = None
        else:
            raise ValueError(text)
    if digit and unit > 10 and text[-2] in _UNITS:
        digit *= unit // 10  # 一百二 is 120
    return total + (digit or 0)

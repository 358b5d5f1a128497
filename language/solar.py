"""The 24 solar terms (惊蛰, 清明, 冬至): the days on which the sun, as seen from Earth, has gone
another 15 degrees around its way. Computed, and right from 1900 to 2100."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from math import cos, radians, sin

TERMS = (
    "春分",
    "清明",
    "谷雨",
    "立夏",
    "小满",
    "芒种",
    "夏至",
    "小暑",
    "大暑",
    "立秋",
    "处暑",
    "白露",
    "秋分",
    "寒露",
    "霜降",
    "立冬",
    "小雪",
    "大雪",
    "冬至",
    "小寒",
    "大寒",
    "立春",
    "雨水",
    "惊蛰",
)
"""Each is 15 degrees further than the one before; the sun is at 0 at 春分."""


@cache
def solar_term(year: int, name: str) -> date:
    """The day of a term in a year, in Beijing; ValueError if there is no such term."""
    degrees = 15 * TERMS.index(name)
    # The year begins with the sun at 280.
    days = ((degrees - 280) % 360) / 360 * _YEAR
    instant = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days)
    for _ in range(_ENOUGH):
        ahead = (degrees - _longitude(instant) + 180) % 360 - 180
        instant += timedelta(ahead / 360 * _YEAR)
    return (instant + BEIJING).date()


def _longitude(instant: datetime) -> float:
    """The sun's apparent longitude in degrees: Bretagnon and Simon's series, to a few seconds of
    arc, as in Reingold and Dershowitz, Calendrical Calculations."""
    century = ((instant - _EPOCH) + slow(instant)) / timedelta(36525)
    swing = sum(size * sin(radians(start + speed * century)) for size, speed, start in _SERIES)
    aberration = 0.0000974 * cos(radians(177.63 + 35999.01848 * century)) - 0.005575
    nutation = -0.004778 * sin(radians(124.90 - 1934.134 * century)) - 0.0003667 * sin(
        radians(201.11 + 72001.5377 * century)
    )
    mean = 282.7771834 + 36000.76953744 * century
    return (mean + 0.000005729577951308232 * swing + aberration + nutation) % 360


def slow(instant: datetime) -> timedelta:
    """How far clocks are behind the even time of the planets: about a minute."""
    since = instant.year - 2000
    return timedelta(seconds=max(0.0, 63.8 + 0.36 * since + 0.0028 * since * abs(since)))


_YEAR = 365.2422
_ENOUGH = 5
BEIJING = timedelta(hours=8)
_EPOCH = datetime(2000, 1, 1, 12, tzinfo=UTC)
# Size, degrees in a century, degrees at the beginning of 2000.
_SERIES = (
    (403406, 0.9287892, 270.54861),
    (195207, 35999.1376958, 340.19128),
    (119433, 35999.4089666, 63.91854),
    (112392, 35998.7287385, 331.26220),
    (3891, 71998.20261, 317.843),
    (2819, 71998.4403, 86.631),
    (1721, 36000.35726, 240.052),
    (660, 71997.4812, 310.26),
    (350, 32964.4678, 247.23),
    (334, -19.4410, 260.87),
    (314, 445267.1117, 297.82),
    (268, 45036.8840, 343.14),
    (242, 3.1008, 166.79),
    (234, 22518.4434, 81.53),
    (158, -19.9739, 3.50),
    (132, 65928.9345, 132.75),
    (129, 9038.0293, 182.95),
    (114, 3034.7684, 162.03),
    (99, 33718.148, 29.8),
    (93, 3034.448, 266.4),
    (86, -2280.773, 249.2),
    (78, 29929.992, 157.6),
    (72, 31556.493, 257.8),
    (68, 149.588, 185.1),
    (64, 9037.750, 69.9),
    (46, 107997.405, 8.0),
    (38, -4444.176, 197.1),
    (37, 151.771, 250.4),
    (32, 67555.316, 65.3),
    (29, 31556.080, 162.7),
    (28, -4561.540, 341.5),
    (27, 107996.706, 291.6),
    (27, 1221.655, 98.5),
    (25, 62894.167, 146.7),
    (24, 31437.369, 110.0),
    (21, 14578.298, 5.2),
    (21, -31931.757, 342.6),
    (20, 34777.243, 230.9),
    (18, 1221.999, 256.1),
    (17, 62894.511, 45.3),
    (14, -4442.039, 242.9),
    (13, 107997.909, 115.2),
    (13, 119.066, 151.8),
    (13, 16859.071, 285.3),
    (12, -4.578, 53.3),
    (10, 26895.292, 126.6),
    (10, -39.127, 205.7),
    (10, 12297.536, 85.9),
    (10, 90073.778, 146.1),
)

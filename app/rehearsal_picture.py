"""The year as a picture: a square for each day, darker for more messages; the stages below."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from prompts import Language, Words, render, t
from services.rehearsals import Rehearsal

DAY: Final = timedelta(days=1)
SIDE, GAP, LEFT, TOP = 13, 3, 44, 74
STEP: Final = SIDE + GAP
STAGE: Final = 32
"""Height of one stage's row, in pixels."""
KEY: Final = 22
"""Height of the key to the shades, in pixels."""
SHADES: Final = ("#eceff3", "#c9ddf5", "#8fbcec", "#4b8fd8", "#1f5fae")
"""From no message to the most of any day."""
INK, PALE, STRIPE = "#1c2733", "#667380", "#d9822b"
FONT: Final = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"


def picture(found: Rehearsal, language: Language) -> str:
    """The picture as SVG."""
    start = found.first - found.first.weekday() * DAY
    weeks = (found.last - start).days // 7 + 1
    title = render(_title(found), language)
    width = max(LEFT + weeks * STEP + 24, LEFT + 17 * len(title))
    floor = TOP + 7 * STEP
    height = floor + KEY + 28 + STAGE * len(found.stages) + 24
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "width": str(width),
            "height": str(height),
            "font-family": FONT,
            "role": "img",
        },
    )

    def write(words: Words, x: float, y: float, size: int = 11, fill: str = INK) -> None:
        place = {"x": f"{x:g}", "y": f"{y:g}", "font-size": str(size), "fill": fill}
        SubElement(svg, "text", place).text = render(words, language)

    def box(x: float, y: float, w: float, h: float, fill: str) -> Element:
        place = {"x": f"{x:g}", "y": f"{y:g}", "width": f"{w:g}", "height": f"{h:g}"}
        return SubElement(svg, "rect", place | {"rx": "2", "fill": fill})

    SubElement(svg, "title").text = title
    box(0, 0, width, height, "#ffffff")
    write(title, LEFT, 28, 16)
    write(_sums(found), LEFT, 48, 12, PALE)
    days = found.days
    most = max(days.values(), default=0)
    day = found.first
    while day <= found.last:
        column, top = LEFT + (day - start).days // 7 * STEP, TOP + day.weekday() * STEP
        count = days[day]
        square = box(column, top, SIDE, SIDE, SHADES[_shade(count, most)])
        told = t("rehearsal.day", day=day, count=count)
        SubElement(square, "title").text = render(told, language)
        # Beside the first of a month there is no room for the day on which it begins.
        if day.day == 1 or (day == found.first and day.day < 15):
            month = t("rehearsal.month", month=t(f"calendar.month_{day.month}"))
            write(month, column, TOP - 6, 10, PALE)
        day += DAY
    for shade, colour in enumerate(SHADES):
        box(LEFT + 28 + shade * STEP, floor + 6, SIDE, SIDE, colour)
    write(t("rehearsal.few"), LEFT, floor + 17, 10, PALE)
    write(t("rehearsal.many", most=most), LEFT + 36 + len(SHADES) * STEP, floor + 17, 10, PALE)
    for weekday in (0, 2, 4, 6):
        line = TOP + weekday * STEP + SIDE - 2
        write(t(f"calendar.weekday_{weekday + 1}"), LEFT - 32, line, 10, PALE)
    for number, (stage, term) in enumerate(found.stages):
        y = floor + KEY + 18 + number * STAGE
        until = term.closes or term.due
        if term.opens is None or until is None:
            write(t("rehearsal.undated", stage=stage), LEFT, y + 12, 11, PALE)
            continue
        x = LEFT + _weeks(start, max(term.opens, start)) * STEP
        end = LEFT + _weeks(start, min(until, found.last)) * STEP
        if end < x:
            write(t("rehearsal.over", stage=stage, until=until), LEFT, y + 12, 11, PALE)
            continue
        box(x, y + 4, max(end - x, SIDE), 8, STRIPE)
        span = t("rehearsal.stage", stage=stage, first=term.opens, last=until)
        left = min(x, width - 9 * len(render(span, language)))
        write(span, max(left, LEFT), y + 24, 10)
    return tostring(svg, encoding="unicode")


def _title(found: Rehearsal) -> Words:
    return t("rehearsal.title", cohort=found.cohort, first=found.first, last=found.last)


def _sums(found: Rehearsal) -> Words:
    if found.busiest is None:
        return t("rehearsal.nothing")
    week, count = found.busiest
    messages = sum(found.days.values())
    return t("rehearsal.sums", messages=messages, week=week, count=count)


def _shade(count: int, most: int) -> int:
    """Which shade a count has: none for none, the last for the most of any day."""
    return 0 if not count else 1 + (count * (len(SHADES) - 2)) // most


def _weeks(start: date, day: date) -> float:
    return (day - start).days / 7

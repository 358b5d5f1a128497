"""Tables of sentences and what they say on Wednesday 18 March 2026, 20:00, in Beijing.

A line is a sentence and cells: `session=yes | date=16 | what=做实验`. A cell that is missing does
not matter, and `-` is nothing; `tells` are words that `what` has. Days are of that month, if no
month is named. Names, lengths and days that answer a short question have the cells `names`,
`length` and `day`. A line that begins with @ says when it is and whom one knows, if others than
here, and then every kind of activity is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.talk.inputs import Answer, Asked, People, Unclear
from handlers.session import vocabulary
from language.days import parse_moment
from language.lengths import parse_minutes
from language.sentence import looks_like_session, understand_session
from programmes.values import PLACES, ActivityKind, kept_as

NOW = datetime(2026, 3, 18, 20, tzinfo=ZoneInfo("Asia/Shanghai"))
PEOPLE: tuple[str, ...] = ("郝建平", "张晓燕", "阿依古丽·买买提", "王建国", "李青", "赵明和")
WHERE = vocabulary("place", tuple(place.key for place in PLACES))
KINDS = vocabulary("kind", ("reading_list", "seminar", "lecture", "research", "other"))
EVERY_KIND = vocabulary("kind", (*(kept_as(kind) for kind in ActivityKind), "other"))


@dataclass(frozen=True)
class Heard:
    """One sentence: which kind of sentence it is, and what is right."""

    kind: str
    text: str
    right: Mapping[str, Any]
    now: datetime = NOW
    people: tuple[str, ...] = PEOPLE
    kinds: Mapping[str, Sequence[str]] = field(default_factory=lambda: KINDS)


def table(name: str) -> list[Heard]:
    """The rows of a table beside this file."""
    kind, rows = "", []
    now, people, kinds = NOW, PEOPLE, KINDS
    for line in (Path(__file__).parent / name).read_text("utf-8").splitlines():
        if line.startswith("## "):
            kind = line[3:]
        elif line.startswith("@"):
            when, *known = line[1:].split()
            now, people, kinds = datetime.fromisoformat(when), tuple(known), EVERY_KIND
        elif line and not line.startswith("#"):
            text, *cells = (cell.strip() for cell in line.split("|"))
            right = dict(_cell(cell, f"{now:%Y-%m}") for cell in cells)
            rows.append(Heard(kind, text, right, now, people, kinds))
    return rows


def heard(row: Heard) -> dict[str, Any]:
    """What came out for each thing that the row says is right."""
    if "names" in row.right:
        return {"names": _names(row.text)}
    if "length" in row.right:
        return {"length": parse_minutes(row.text)}
    if "day" in row.right:
        moment = parse_moment(row.text, row.now)
        return {"day": str(moment.day) if moment else None}
    understood = understand_session(
        row.text, row.now, people=row.people, places=WHERE, kinds=row.kinds
    )
    moment, tells = understood.moment, str(row.right.get("tells"))
    hours = moment or understood.hours
    out = {
        # In the tables of that Wednesday nothing hangs on when it is said.
        "session": looks_like_session(row.text, None if row.now == NOW else row.now),
        "date": str(moment.day) if moment else None,
        "part": hours.part if hours else None,
        "start": f"{hours.start:%H:%M}" if hours and hours.start else None,
        "tells": tells if tells in understood.what else understood.what,
        "minutes": understood.minutes,
        "place": understood.place,
        "kind": understood.kind,
        "people": list(understood.people),
        "what": understood.what,
        "days": [str(day) for day in understood.days],
        "doubt": understood.doubt,
    }
    return {key: out[key] for key in row.right}


def _names(text: str) -> list[str] | None:
    try:
        return list(People({}).parse(Answer(text), Asked(NOW, "zh")))
    except Unclear:
        return None


def _cell(cell: str, month: str) -> tuple[str, Any]:
    key, value = cell.split("=", 1)
    if key == "session":
        return key, value == "yes"
    if key in ("people", "names"):
        return key, [] if value == "-" else value.replace("_", " ").split(" / ")
    if key == "days":
        return key, [_day(day, month) for day in value.split()]
    if value == "-":
        return key, None
    if key in ("date", "day"):
        return key, _day(value, month)
    return key, int(value) if key in ("minutes", "length") else value


def _day(number: str, month: str) -> str:
    return number if "-" in number else f"{month}-{int(number):02}"

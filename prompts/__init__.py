"""Every sentence the assistant says, in Chinese and English.

Texts live in `prompts/<language>/<area>.toml`; code names them by key and never writes them:

    t("session.which_day", student=me.name)

A `Text` is rendered late, in the language of whoever reads it, so one act can speak Chinese to a
student and English to a mentor.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache, lru_cache
from importlib.resources import files
from string import Formatter
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

Language = Literal["zh", "en", "zh_young"]
"""`zh_young` is Chinese as it is said to a student: 你 where an adult is 您."""
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
DEFAULT: Final[Language] = "zh"
YOUNG: Final[Language] = "zh_young"
BEIJING: Final = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence by its key, with the values of its gaps."""

    key: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Both:
    """A name from data that has it in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Brief:
    """A day in its short form, without the year."""

    day: date


@dataclass(frozen=True, slots=True)
class Lines:
    """Several things, each on a line of its own."""

    items: Sequence[Words]


Words = Text | Both | str
"""What may be shown: a sentence of ours, a name in both languages, or somebody's own words and
names, shown as they are."""


def language_named(name: str) -> Language:
    """The language of this name; the default for an unknown one."""
    return next((one for one in (*LANGUAGES, YOUNG) if one == name), DEFAULT)


def t(key: str, /, **args: Any) -> Text:
    """Name a sentence. Raises `KeyError` when rendered if no catalogue has it."""
    return Text(key, args) if args else _whole(key)


@lru_cache(maxsize=8192)
def _whole(key: str) -> Text:
    """A sentence without gaps: the same each time."""
    return Text(key, {})


def span(first: date, last: date) -> Text:
    """Days in a row, as they are said: one day is not from itself to itself."""
    if first == last:
        return t("calendar.one_day", day=first)
    return t("calendar.days", first=first, last=last)


def render(words: Words, language: Language) -> str:
    """The sentence in `language`; dates, times, lists and nested texts are put in its manner."""
    if isinstance(words, str):
        return words
    if isinstance(words, Both):
        return words.en if language == "en" else words.zh
    template = catalogue(language)[words.key]
    if not words.args:
        return template
    shown = {k: _show(v, language) for k, v in words.args.items()}
    if "|" in template:
        return _COUNTING.vformat(template, (), shown)
    return template.format_map(shown)


class _Counting(Formatter):
    """Puts the word that a number wants: `{count} {count:entry waits|entries wait}`."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, either, many = format_spec.partition("|")
        if not either:
            return str(super().format_field(value, format_spec))
        return one if str(value) == "1" else many


_COUNTING: Final = _Counting()


def _show(value: Any, language: Language) -> Any:
    match value:
        case str() | int():
            return value
        case Text() | Both():
            return render(value, language)
        case Lines():
            return "\n".join(render(item, language) for item in value.items)
        case Brief():
            return _show_day(value.day, language, "calendar.brief")
        case datetime():
            local = value.astimezone(BEIJING)
            return f"{_show_day(local.date(), language)} {local:%H:%M}"
        case date():
            return _show_day(value, language)
        case time():
            return f"{value:%H:%M}"
        case list() | tuple():
            return catalogue(language)["calendar.comma"].join(
                str(_show(item, language)) for item in value
            )
        case _:
            return value


_YEAR: Final[ContextVar[int]] = ContextVar("year", default=0)


@contextmanager
def in_year(year: int) -> Iterator[None]:
    """What is rendered within is read in this year: its days are said without it."""
    before = _YEAR.set(year)
    try:
        yield
    finally:
        _YEAR.reset(before)


def _show_day(day: date, language: Language, key: str = "calendar.day") -> str:
    return _day_as(day, language, "calendar.brief" if day.year == _YEAR.get() else key)


@lru_cache(maxsize=1024)
def _day_as(day: date, language: Language, key: str) -> str:
    weekday = catalogue(language)[f"calendar.weekday_{day.isoweekday()}"]
    month = catalogue(language)[f"calendar.month_{day.month}"]
    return catalogue(language)[key].format(
        year=day.year, month=month, day=day.day, weekday=weekday
    )


def address(language: str, young: bool) -> Language:
    """How somebody is spoken to: in the language that they chose, a student as 你."""
    if language == "en":
        return "en"
    return YOUNG if young else DEFAULT


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """All sentences of one language, by dotted key."""
    if language == YOUNG:
        # Ours alone are put so, never what people have written into them.
        return {key: said.replace("您", "你") for key, said in catalogue("zh").items()}
    found: dict[str, str] = {}
    for entry in files(__name__).joinpath(language).iterdir():
        if entry.name.endswith(".toml"):
            found.update(_flatten(tomllib.loads(entry.read_text("utf-8"))))
    return found


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value

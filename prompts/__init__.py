"""Every sentence the assistant says, in Chinese and English.

Texts live in `prompts/<language>/<area>.toml`; code names them by key and never writes them:

    t("session.which_day", student=me.name)

A `Text` is rendered late, in the language of whoever reads it, so one act can speak Chinese to a
student and English to a mentor.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
BEIJING: Final = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence by its key, with what fills its gaps."""

    key: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Both:
    """A name from data that has it in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Brief:
    """A day said in short, where there is little room: without its year."""

    day: date


@dataclass(frozen=True, slots=True)
class Lines:
    """Several things, each on a line of its own."""

    items: Sequence[Words]


Words = Text | Both | str
"""What may be shown: a sentence of ours, a name in both languages, or somebody's own words and
names, shown as they are."""


def t(key: str, /, **args: Any) -> Text:
    """Name a sentence. Raises `KeyError` when rendered if no catalogue has it."""
    return Text(key, args)


def render(words: Words, language: Language) -> str:
    """The sentence in `language`; dates, times, lists and nested texts are put in its manner."""
    if isinstance(words, str):
        return words
    if isinstance(words, Both):
        return words.zh if language == "zh" else words.en
    template = catalogue(language)[words.key]
    if not words.args:
        return template
    return template.format_map({k: _show(v, language) for k, v in words.args.items()})


def _show(value: Any, language: Language) -> Any:
    match value:
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
            comma = "、" if language == "zh" else ", "
            return comma.join(str(_show(item, language)) for item in value)
        case _:
            return value


def _show_day(day: date, language: Language, key: str = "calendar.day") -> str:
    weekday = catalogue(language)[f"calendar.weekday_{day.isoweekday()}"]
    month = catalogue(language)[f"calendar.month_{day.month}"]
    return catalogue(language)[key].format(
        year=day.year, month=month, day=day.day, weekday=weekday
    )


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """All sentences of one language, by dotted key."""
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

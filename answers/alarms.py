"""Cries for help: words that call for people first, wherever they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

from language.numerals import fold
from prompts import Text, t

LONGEST: Final = 2000
"""Characters that are looked through."""


class Alarm(BaseModel):
    """What says that somebody needs help of one kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: tuple[str, ...]
    patterns: tuple[str, ...]


class Alarms(BaseModel):
    """`alarms.yaml`, whose head says how it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    otherwise: tuple[str, ...] = Field(alias="not")
    child: str
    distress: Alarm
    harm: Alarm


def alarmed(words: str) -> Text | None:
    """The help to show first if these words are a cry for help, else `None`."""
    topic = topic_of(words)
    return t(f"ask.reply.{topic}") if topic else None


def alarmed_for_a_child(words: str, names: Sequence[str] = ()) -> str:
    """The topic of what a guardian says of their child, who may be called by these names: 我孩子被
    欺负了, 老师打我女儿, 孩子不想活了. Empty for all other words."""
    said = words[:LONGEST]
    for name in filter(None, names):
        said = said.replace(name, "孩子")
    meant, found = _child().subn("我", fold(said).casefold())
    return topic_of(_THEY.sub("我", meant)) if found else ""


_THEY: Final = re.compile(r"[他她](?!们)|\bta\b")


def topic_of(words: str) -> str:
    """The topic of a cry for help, `distress` or `harm`; empty for all other words."""
    otherwise, topics = _patterns()
    said = otherwise.sub(" ", fold(words[:LONGEST]).casefold()).strip(" 。，！？!?.~…")
    return next((topic for topic, pattern in topics.items() if pattern.search(said)), "")


@cache
def _read() -> Alarms:
    read = yaml.safe_load(Path(__file__).with_name("alarms.yaml").read_text("utf-8"))
    return Alarms.model_validate(read)


@cache
def _child() -> re.Pattern[str]:
    return re.compile(_read().child)


@cache
def _patterns() -> tuple[re.Pattern[str], Mapping[str, re.Pattern[str]]]:
    found = _read()
    topics = {
        topic: _any((*map(re.escape, alarm.words), *alarm.patterns))
        for topic, alarm in (("distress", found.distress), ("harm", found.harm))
    }
    return _any(found.otherwise), topics


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in patterns))

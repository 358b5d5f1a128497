"""Cries for help: words that call for people first, wherever they are written.

Some are plain. Some may tell of harm or of nothing, and whoever wrote them is asked. Some tell of
a low mood, which wants a kind word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from answers import worries
from language.numerals import fold
from prompts import Text, t

LONGEST: Final = 2000
"""Characters that are looked through."""


class Sayings(BaseModel):
    """What says that somebody needs help of one kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: tuple[str, ...]
    patterns: tuple[str, ...]


class Alarms(BaseModel):
    """`alarms.yaml`, whose head says how it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    otherwise: tuple[str, ...] = Field(alias="not")
    child: str
    """How adults speak of a child or pupil of theirs."""
    friend: str
    """How the young speak of each other."""
    distress: Sayings
    harm: Sayings
    low: Sayings


class Alarm(StrEnum):
    """What words give cause for."""

    DISTRESS = "distress"
    HARM = "harm"
    UNCLEAR = "unclear"
    """They may tell of harm, or of nothing."""
    LOW = "low"
    """They tell of a low mood, and of nothing worse."""


PLAIN: Final = (Alarm.DISTRESS, Alarm.HARM)


def alarm_in(words: str) -> Alarm | None:
    """What words give cause for; `None` for all others.

    A cry is plain where the table has it and what was learned does not speak against it; either
    alone makes it unclear.
    """
    said = _plain(words)
    topic, need = _topic_in(said), worries.need(words)
    if topic and need > DOUBTFUL:
        return Alarm(topic)
    if topic or need > WORRYING:
        return Alarm.UNCLEAR
    return Alarm.LOW if _patterns()["low"].search(said) else None


def alarmed(words: str) -> Text | None:
    """The help to show first if these words are a cry for help, else `None`."""
    topic = topic_of(words)
    return t(f"ask.reply.{topic}") if topic else None


def alarm_for(
    words: str, whom: Literal["child", "friend"], names: Sequence[str] = ()
) -> Alarm | None:
    """A plain cry about somebody else: a child or pupil, who may be called by these names, or a
    friend. `None` where the words name nobody such, or cry nothing plainly.

    我孩子被欺负了, 老师打我女儿 and 我同学想自杀 are heard as if they said it of themselves; so is
    他说他不想活了, which names nobody but tells nothing of whoever says it.
    """
    said = words[:LONGEST]
    for name in filter(None, names):
        said = said.replace(name, "孩子")
    meant, found = _patterns()[whom].subn("我", fold(said).casefold())
    if not found:
        meant = _only_of_them(meant)
    topic = topic_of(_THEY.sub("我", _THEMSELVES.sub("myself", meant)))
    return Alarm(topic) if topic else None


def _only_of_them(words: str) -> str:
    """The clauses that tell of him or her, where nothing is told of oneself: 他走了，不想活了 may
    be."""
    told = _TOLD_ME.sub("", _SAID.sub(r"\1", words))
    if _OF_ME.search(told):
        return ""
    return " ".join(clause for clause in _CLAUSES.split(told) if _THEY.search(clause))


_THEY: Final = re.compile(r"[他她](?!们)|\b(?:ta|s?he)\b")
_THEMSELVES: Final = re.compile(r"\b(?:him|her)self\b")
_OF_ME: Final = re.compile(r"[我俺咱]|\b(?:i|me|my|myself)\b")
_TOLD_ME: Final = re.compile(r"(?:和|跟|对|给|向)我(?=[说讲发])|告诉我|\b(?:tells?|told|to) me\b")
"""What tells of oneself only as of whoever listened."""
_SAID: Final = re.compile(r"([说讲道])[,:，：\s]+")
_CLAUSES: Final = re.compile(r"[,.;:!?，。；：！？\n]+")


def topic_of(words: str) -> str:
    """The topic of a plain cry for help, `distress` or `harm`; empty for all other words."""
    return _topic_in(_plain(words))


def _topic_in(said: str) -> str:
    patterns = _patterns()
    return next((topic for topic in TOPICS if patterns[topic].search(said)), "")


TOPICS: Final = ("distress", "harm")
DOUBTFUL: Final = -2.0
WORRYING: Final = 0.2
"""What the learned weights come to, from which on words are doubtful, or worrying."""


def _plain(words: str) -> str:
    """The words as the patterns read them, without the ways of speaking that mean no harm."""
    said = _patterns()["not"].sub(" ", fold(words[:LONGEST]).casefold())
    return said.strip(" 。，！？!?.~…")


@cache
def _read() -> Alarms:
    read = yaml.safe_load(Path(__file__).with_name("alarms.yaml").read_text("utf-8"))
    return Alarms.model_validate(read)


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    found = _read()
    kinds = {name: getattr(found, name) for name in (*TOPICS, "low")}
    others = {name: re.compile(getattr(found, name)) for name in ("child", "friend")}
    return (
        others
        | {"not": _any(found.otherwise)}
        | {
            name: _any((*map(re.escape, said.words), *said.patterns))
            for name, said in kinds.items()
        }
    )


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in patterns))

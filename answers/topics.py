"""What can be asked about, and how people put it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from programmes.model import Programme
from prompts import Both, Words, t

Kind = Literal["fact", "silent", "personal", "out_of_scope", "distress"]

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ASKS: Final = Path(__file__).with_name("asks")
PARTICULARS: Final = "particulars.yaml"
"""The file with more ways of asking about what packs have of their own."""
DOCUMENTED: Final = ("fact", "silent")
"""The kinds of topic that a document could say something about."""


class Topic(BaseModel):
    """One thing to ask about. Of several facts the first is the one that is meant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    kind: Kind = "fact"
    facts: tuple[str, ...] = ()
    """Paths in a pack; what follows `#` picks one entry of a list."""
    also: tuple[str, ...] = ()
    """Facts that answer it where the one that is meant is silent."""
    particular: str = ""
    """The particular by which some packs answer it."""
    asks: tuple[str, ...]
    frame: Literal["", "only", "each"] = ""
    """`only`: what is said is all there is, so whatever is not in it is not meant. `each`: a list
    of which people ask for one entry."""
    instead: str = ""
    """The topic that tells what a document does say where it is silent on this one."""
    by_role: Mapping[str, str] = {}
    """What it means in the mouth of some roles: the topic for each."""
    title: str = ""
    title_en: str = ""
    """What a pack calls a topic of its own; the others are called in prompts/."""

    @property
    def documented(self) -> bool:
        return self.kind in DOCUMENTED

    @property
    def label(self) -> Words:
        """What it is called."""
        return Both(self.title, self.title_en) if self.title else t(f"ask.topic.{self.key}")

    def concerns(self, programme: Programme) -> bool:
        """Whether it makes sense to ask this programme's document about it: topics that a pack
        has of its own are nobody else's."""
        return not self.title or any(one.key == self.key for one in programme.particulars)


@cache
def common_topics() -> Mapping[str, Topic]:
    """What every programme can be asked about."""
    return {
        key: Topic(key=key, **body)
        for file in sorted(ASKS.glob("*.yaml"))
        if file.name != PARTICULARS
        for key, body in _read(file).items()
    }


def topics_of(programmes: Iterable[Programme]) -> Mapping[str, Topic]:
    """What these programmes can be asked about: the common topics, and what only some have."""
    asks: dict[str, list[str]] = defaultdict(list)
    titles: dict[str, tuple[str, str]] = {}
    for programme in programmes:
        for one in programme.particulars:
            asks[one.key] += one.asks
            titles[one.key] = one.title, one.title_en
    more = _read(ASKS / PARTICULARS)
    common = common_topics()
    own: dict[str, Topic] = {}
    for key, (title, title_en) in titles.items():
        ways = tuple(dict.fromkeys((*asks[key], *more.get(key, ()))))
        if key not in common:
            facts = (f"particulars.{key}",)
            own[key] = Topic(key=key, facts=facts, asks=ways, title=title, title_en=title_en)
        elif common[key].documented:
            # What others are silent on, or say elsewhere, this pack says in a particular.
            both = tuple(dict.fromkeys((*common[key].asks, *ways)))
            update = {"asks": both, "particular": f"particulars.{key}"}
            own[key] = common[key].model_copy(update=update)
    return {**common, **own}


@cache
def alarms() -> Mapping[str, str]:
    """Words after which people come first, wherever they are written, and the topic of each."""
    read = _read(Path(__file__).with_name("alarms.yaml"))
    return {word: topic for topic, every in read.items() for word in every}


@cache
def short() -> Mapping[str, str]:
    """What people type for a word instead of it, in small letters, and the word."""
    return _read(Path(__file__).with_name("short.yaml"))


def _read(file: Path) -> Mapping[str, Any]:
    read: Mapping[str, Any] = yaml.load(file.read_text("utf-8"), _LOADER)  # noqa: S506 - safe, with or without C
    return read

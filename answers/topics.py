"""The topics that can be asked about, with people's wordings."""

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

TopicKind = Literal["fact", "silent", "personal", "out_of_scope", "distress"]

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ASKS: Final = Path(__file__).with_name("asks")
PARTICULARS: Final = "particulars.yaml"
"""The file with more ways of asking about what packs have of their own."""
LONGEST_PINYIN: Final = 16
"""Letters of the longest word that is looked for in pinyin."""
DOCUMENTED: Final = ("fact", "silent")
"""The kinds of topic that a document could say something about."""


class Topic(BaseModel):
    """One topic. If it has several facts, the first is the one that is meant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    kind: TopicKind = "fact"
    facts: tuple[str, ...] = ()
    """Paths in a pack; what follows `#` picks one entry of a list."""
    also: tuple[str, ...] = ()
    """Facts that answer it if the one that is meant is silent."""
    particular: str = ""
    """The particular by which some packs answer it."""
    asks: tuple[str, ...]
    frame: Literal["", "only", "each"] = ""
    """`only`: what is said is all there is, so whatever is not in it is not meant. `each`: a list
    of which people ask for one entry."""
    instead: tuple[str, ...] = ()
    """Topics that tell what a document does say where it is silent on this one: the first of them
    on which it is not."""
    by_role: Mapping[str, str] = {}
    """The topic that is meant instead if a person of this role asks."""
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
        """Whether the topic applies to this programme; a pack's own topics apply to it alone."""
        return not self.title or any(one.key == self.key for one in programme.particulars)


@cache
def common_topics() -> Mapping[str, Topic]:
    """The topics that every programme has."""
    return {
        key: Topic(key=key, **body)
        for file in sorted(ASKS.glob("*.yaml"))
        if file.name != PARTICULARS
        for key, body in read_yaml(file).items()
    }


def topics_of(programmes: Iterable[Programme]) -> Mapping[str, Topic]:
    """The topics of these programmes: the common ones and their own."""
    asks: dict[str, list[str]] = defaultdict(list)
    titles: dict[str, tuple[str, str]] = {}
    for programme in programmes:
        for one in programme.particulars:
            asks[one.key] += one.asks
            titles[one.key] = one.title, one.title_en
    more = read_yaml(ASKS / PARTICULARS)
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
def short() -> Mapping[str, str]:
    """Abbreviations in lower case, and the words they stand for."""
    return read_yaml(Path(__file__).with_name("short.yaml"))


@cache
def pinyin() -> Mapping[str, str]:
    """Words written in Latin letters, and in characters."""
    return read_yaml(Path(__file__).with_name("pinyin.yaml"))


def in_characters(run: str) -> str:
    """A run of Latin letters that is nothing but words written in pinyin, in characters; any other
    as it is."""
    words = pinyin()
    ways: list[str | None] = ["", *[None] * len(run)]
    for end in range(1, len(run) + 1):
        # The longest word first: shenmeshihou before shi.
        for start in range(max(0, end - LONGEST_PINYIN), end):
            before = ways[start]
            if before is not None and (word := words.get(run[start:end])):
                ways[end] = before + word
                break
    return ways[-1] or run


def read_yaml(file: Path) -> Mapping[str, Any]:
    """What a file of ours says."""
    read: Mapping[str, Any] = yaml.load(file.read_text("utf-8"), _LOADER)  # noqa: S506 - safe, with or without C
    return read

"""What can be asked about, how people put it, and how they call the programmes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

Kind = Literal["fact", "silent", "personal", "out_of_scope", "distress"]


class Topic(BaseModel):
    """One thing to ask about. Of several facts the first is the one that is meant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    kind: Kind = "fact"
    facts: tuple[str, ...] = ()
    """Paths in a pack; what follows `#` picks one entry of a list."""
    asks: tuple[str, ...]
    frame: Literal["", "only"] = ""
    """`only`: what is said is all there is, so whatever is not in it is not meant."""


@cache
def topics() -> Mapping[str, Topic]:
    files = sorted(Path(__file__).with_name("asks").glob("*.yaml"))
    return {
        key: Topic(key=key, **body)
        for file in files
        for key, body in yaml.safe_load(file.read_text("utf-8")).items()
    }


@cache
def names() -> Mapping[str, frozenset[str]]:
    """What people call programmes, in small letters, and the families that each name means.

    The longest come first: a name may begin with another one.
    """
    families: dict[str, set[str]] = {}
    for family, said in _read("names.yaml").items():
        for name in said:
            families.setdefault(name, set()).add(family)
    return {name: frozenset(families[name]) for name in sorted(families, key=len, reverse=True)}


@cache
def words() -> Mapping[str, str]:
    """What people say for something, and what we say for it."""
    return {said: ours for ours, many in _read("words.yaml").items() for said in many}


def _read(file: str) -> Mapping[str, Any]:
    read: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name(file).read_text("utf-8"))
    return read

"""What was done, told by verbs and their objects where no word names a kind: 数孢子, 焊电路.

What people say is in acts.yaml.
"""

import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from language.grammar import compiled


def kind_done(plain: str, kinds: Collection[str]) -> str | None:
    """The one of the kinds that the acts in a folded text tell; none if they tell of several."""
    told = {kind for kind, acts in _acts().items() if kind != _NO_KIND and acts.search(plain)}
    if len(told) != 1:
        return None
    kind = told.pop()
    open_between = any(other in kinds for other in _told()[kind].get("beside", ()))
    return kind if kind in kinds and not open_between else None


def tells_of_an_act(plain: str) -> bool:
    """Whether a folded text has an act of any kind."""
    return any(acts.search(plain) for acts in _acts().values())


@cache
def _told() -> dict[str, Any]:
    path = Path(__file__).with_name("acts.yaml")
    told: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return told


@cache
def _acts() -> dict[str, re.Pattern[str]]:
    return {kind: compiled(_pattern(told)) for kind, told in _told().items()}


def _pattern(told: dict[str, Any]) -> str:
    """A pattern for what tells of a kind, but not for what was not done."""
    ways = [_any(told["alone"])] if "alone" in told else []
    ways += [f"{_any(pair['does'])}{_BETWEEN}{_any(pair['to'])}" for pair in told["pairs"]]
    never = f"(?!{_any(told['never'])})" if "never" in told else ""
    return f"{_NOT_BEFORE}{never}(?:{'|'.join(ways)})"


def _any(words: list[Any]) -> str:
    return f"(?:{'|'.join(_word(word) for word in _flat(words))})"


def _word(word: str) -> str:
    plain = re.escape(word).replace(r"\ ", "_")
    return rf"(?<![a-z]){plain}(?![a-z])" if word.isascii() else plain


def _flat(words: list[Any]) -> Iterator[str]:
    for word in words:
        if isinstance(word, list):
            yield from _flat(word)
        else:
            yield word


_NO_KIND = "no_kind"
_NOT_BEFORE = "(?<![没不未别])(?<!没有)(?<!没[去做在])(?<!不[想会用])"
_BETWEEN = "[^,。;:!?、]{0,8}?"

"""No pattern is slow, whatever somebody writes: 400 characters take it less than 50 ms."""

from __future__ import annotations

import importlib
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from language.grammar import LatePattern
from tests.architecture.code import ROOT, files

LONG = 400
LIMIT = 0.05
"""Seconds of processor time."""
UNHANDLED = ("app.__main__", "bot.platforms.telegram.aiogram")
"""What is not imported here: it runs, or asks for a library that may not be there."""
GUARDED = {
    "language.affairs._WAYS": 60,
}
"""Patterns that are asked of shorter words only: of how many characters at most."""


def patterns() -> dict[tuple[str, int], str]:
    """Every compiled pattern that a module of ours holds, with where it is."""
    found: dict[tuple[str, int], str] = {}
    for path in files():
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if "migrations" in name or name in UNHANDLED:
            continue
        for called, value in vars(importlib.import_module(name)).items():
            for one in _held(value):
                if isinstance(one.pattern, str):
                    found.setdefault((one.pattern, one.flags), f"{name}.{called}")
    return found


def _held(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, LatePattern):
        yield value.whole
    elif isinstance(value, dict):
        for one in value.values():
            yield from _held(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _held(one)


def hostile(pattern: str, length: int) -> Iterator[str]:
    """What makes patterns slow: one character of theirs over and over, and then no match."""
    own = sorted({sign for sign in pattern if sign.isalnum() or not sign.isascii()})[:60]
    for sign in dict.fromkeys((*" \n1一a.，（:", *own)):
        for unit in (sign, f"{sign} ", f"{sign}1"):
            yield (unit * length)[:length] + "\0"


class TooSlow(Exception):
    pass


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Break off what takes longer; `re` lets signals in."""

    def stop(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def slowest(pattern: re.Pattern[str], length: int = LONG) -> tuple[float, str]:
    """The longest that it takes, of two tries the quicker, and for which words."""
    worst, words = 0.0, ""
    ways: tuple[Callable[[str], object], ...] = (pattern.match, pattern.search, pattern.fullmatch)
    for text in hostile(pattern.pattern, length):
        for way in ways:
            took = _time(way, text)
            if took > LIMIT:
                took = min(took, _time(way, text))
            if took > worst:
                worst, words = took, text[:6]
            if worst > LIMIT:
                return worst, words
    return worst, words


def _time(way: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    try:
        with at_most(10 * LIMIT):
            way(text)
    except TooSlow:
        pass
    return time.process_time() - began


@pytest.mark.slow
def test_no_pattern_is_slow() -> None:
    every = patterns()
    assert len(every) > 200
    slow = {
        name: found
        for (pattern, flags), name in every.items()
        if (found := slowest(re.compile(pattern, flags), GUARDED.get(name, LONG)))[0] > LIMIT
    }
    assert slow == {}


def test_a_slow_pattern_is_found() -> None:
    took, _ = slowest(re.compile(r"(?:\s*和\s*)*x"))
    assert took > LIMIT

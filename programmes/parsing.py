"""Parses what an office types about its programme: dates, minima, lists of words.

An unknown word becomes the pack's own word.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from programmes.values import CITATION, When, chinese
from prompts import LANGUAGES, catalogue

PERIODS = {"每月": "month", "每个月": "month", "每学期": "term", "每年": "year", "每学年": "year"}
"""The typed words for a minimum's period; without one it holds for the whole cycle."""
OWN_PERIODS = {"term": "programme.each_term", "year": "programme.each_year"}
"""Periods that are words of a pack's own, each with the key of its name."""
_DAY = r"\d{4}\s*(?:年|[./-])?(?:\s*\d{1,2}\s*(?:月|[./-])?(?:\s*\d{1,2}\s*日?)?)?"
_MINIMUM = re.compile(
    r"(?P<per>每个?月|每学[期年]|每年)?(?P<what>[^\d每]*+)(?P<n>\d++)\s*+(?P<unit>次|小时|学时)"
)


class NotUnderstood(ValueError):
    """The typed answer does not fit the question."""


def day(typed: str) -> When:
    """A year, a month or a day, in any of the ways in which they are written. Raises
    `NotUnderstood`."""
    plain = unicodedata.normalize("NFKC", typed).strip()
    parts = re.findall(r"\d+", plain)
    if not re.fullmatch(_DAY, plain) or not parts:
        raise NotUnderstood(typed)
    try:
        return When.parse("-".join([parts[0], *(f"{int(part):02}" for part in parts[1:])]))
    except ValueError:
        raise NotUnderstood(typed) from None


def days(typed: str) -> tuple[When, When | None]:
    """From when to when; a second one may be missing. Raises `NotUnderstood`."""
    found = re.findall(_DAY, unicodedata.normalize("NFKC", typed))
    if not 1 <= len(found) <= 2:
        raise NotUnderstood(typed)
    first, last = day(found[0]), day(found[1]) if len(found) == 2 else None
    if last is not None and last.last_day < first.first_day:
        raise NotUnderstood(typed)
    return first, last


def listed(typed: str) -> list[str]:
    """The entries of a list, whatever separates them."""
    return [one.strip() for one in re.split(r"[、,，;；/\n]|\s{2,}", typed) if one.strip()]


def with_clause(typed: str) -> tuple[str, str]:
    """An answer and the clause after @, if any. An e-mail address is no clause.

    Raises `NotUnderstood` if what follows @ is no clause.
    """
    plain = typed.replace("\uff20", "@").strip()
    said, at, clause = plain.rpartition("@")
    tidy = clause.strip().translate(str.maketrans("（）;", "()；"))
    if at and all(CITATION.fullmatch(part) for part in tidy.split("；")):
        return said.strip(), tidy
    if at and (not said or said[-1].isspace()):
        raise NotUnderstood(typed)
    return plain, ""


@dataclass(frozen=True)
class Chosen:
    """Words as they go into a pack."""

    keys: list[str]
    own: dict[str, dict[str, str]]
    """The pack's own words among them."""


def words(typed: Sequence[str], kind: str, known: type[StrEnum]) -> Chosen:
    """The words of a kind that were typed, by their names or their numbers in the list."""
    every = list(known)
    keys: list[str] = []
    own: dict[str, dict[str, str]] = {}
    for one in typed:
        if one.isdigit() and 1 <= int(one) <= len(every):
            keys.append(every[int(one) - 1].value)
        elif (word := chinese()[kind].get(one, one)) in set(known):
            keys.append(word)
        else:
            key = f"own_{kind}_{len(own) + 1}"
            own[key] = {"zh": one, "en": one}
            keys.append(key)
    return Chosen(keys, own)


@dataclass(frozen=True)
class Minima:
    """Minima as they go into a pack."""

    values: list[dict[str, Any]]
    counters: dict[str, dict[str, Any]]
    periods: dict[str, dict[str, Any]]


def minima(typed: str) -> Minima:
    """Parse minima: 10次, 每月2次面对面, 到校10次, 每学期20小时. Raises `NotUnderstood`."""
    found: list[dict[str, Any]] = []
    counters: dict[str, dict[str, Any]] = {}
    periods: dict[str, dict[str, Any]] = {}
    for part in listed(unicodedata.normalize("NFKC", typed)):
        match = _MINIMUM.search(part)
        if match is None:
            raise NotUnderstood(part)
        per = PERIODS.get(match["per"] or "", "cycle")
        if per in OWN_PERIODS:
            periods[per] = {code: catalogue(code)[OWN_PERIODS[per]] for code in LANGUAGES}
        what = re.sub(r"[至少不于,参加完成要\s]", "", match["what"] + part[match.end() :])
        hours = match["unit"] != "次"
        counter = "hours" if hours else "sessions"
        if what and what not in chinese()["counters"]:
            counter = f"own_counter_{len(counters) + 1}"
            counters[counter] = {"zh": what, "en": what}
        elif what:
            counter = chinese()["counters"][what]
            counter = "hours" if hours else counter
        found.append({"at_least": int(match["n"]), "counts": counter, "per": per})
    if not found:
        raise NotUnderstood(typed)
    return Minima(found, counters, periods)

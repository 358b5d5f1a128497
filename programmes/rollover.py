"""Last year's pack as a first draft of this year's: dates moved, every fact marked as carried."""

import calendar
import re
from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import BaseModel

from programmes.check import Loc, compose, find
from programmes.model import Programme
from programmes.values import When

_ABOUT_THE_DOCUMENT = {
    ("identity", "document_title"),
    ("identity", "document_number"),
    ("identity", "document_date"),
    ("identity", "upstream_basis"),
}
"""These date the document that is being carried forward, so they stay as they are."""

_NOT_MOVED = {"status", "clause", "note", "carried_from"}


def shift(when: When, years: int) -> When:
    """The same moment some years later. The last day of a month stays the last day."""
    if when.day is None or when.month is None:
        return When(when.year + years, when.month)
    year = when.year + years
    at_end = when.day == calendar.monthrange(when.year, when.month)[1]
    day = calendar.monthrange(year, when.month)[1] if at_end else when.day
    return When(year, when.month, day)


def roll(text: str, programme: Programme, year: int) -> str:
    """The pack `text`, which holds `programme`, as the edition of `year`.

    Comments and layout stay. Every fact gets `carried_from`, the edition whose document it rests
    on; the pack gets `carried_from`, the key of that edition. What is not a fact (ambiguities,
    notes) speaks of the old document and is left alone.
    """
    years = year - programme.edition
    root = compose(text)
    edits = list(_rename(root, programme, year))
    for loc, fact in _facts(programme):
        edits += _mark(root, loc, programme.edition)
        if loc not in _ABOUT_THE_DOCUMENT:
            edits += _move(text, root, loc, fact, years)
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def _facts(programme: Programme) -> Iterator[tuple[Loc, BaseModel]]:
    """Every fact with its place in the pack: particulars have theirs in a list."""
    for path, fact in programme.facts():
        section, key = path.split(".")
        if section != "particulars":
            yield (section, key), fact
    for n, particular in enumerate(programme.particulars):
        yield ("particulars", n), particular


Edit = tuple[int, int, str]


def _rename(root: yaml.Node, programme: Programme, year: int) -> Iterator[Edit]:
    yield from _replace(root, ("key",), f"{programme.family}-{year}")
    origin = "" if programme.carried_from else f"\ncarried_from: {programme.key}"
    yield from _replace(root, ("edition",), f"{year}{origin}")


def _replace(root: yaml.Node, loc: Loc, replacement: str) -> Iterator[Edit]:
    node, _ = find(root, loc)
    if node is not None:
        yield node.start_mark.index, node.end_mark.index, replacement


def _mark(root: yaml.Node, loc: Loc, edition: int) -> Iterator[Edit]:
    fact, _ = find(root, loc)
    last, _ = find(root, (*loc, "clause" if loc[0] == "particulars" else "status"))
    carried, _ = find(root, (*loc, "carried_from"))
    if isinstance(fact, yaml.MappingNode) and last is not None and carried is None:
        at = last.end_mark.index
        joint = ", " if fact.flow_style else "\n" + " " * fact.start_mark.column
        yield at, at, f"{joint}carried_from: {edition}"


def _move(text: str, root: yaml.Node, loc: Loc, value: Any, years: int) -> Iterator[Edit]:
    """Moves every date in `value`, and every year that its words name."""
    if isinstance(value, When | str):
        node, _ = find(root, loc)
        if isinstance(node, yaml.ScalarNode):
            start, end = node.start_mark.index, node.end_mark.index
            yield start, end, _later(value, text[start:end], years)
    elif isinstance(value, BaseModel):
        for key in type(value).model_fields:
            if key not in _NOT_MOVED:
                yield from _move(text, root, (*loc, key), getattr(value, key), years)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _move(text, root, (*loc, key), inner, years)
    elif isinstance(value, tuple):
        for n, inner in enumerate(value):
            yield from _move(text, root, (*loc, n), inner, years)


def _later(value: When | str, written: str, years: int) -> str:
    """The value as it is written in the text, moved. Of words, only the years that they name."""
    if isinstance(value, str):
        if not re.fullmatch(r"\d{4}-\d\d(-\d\d)?", value):
            return re.sub(r"\d{4}(?=年)", lambda year: str(int(year[0]) + years), written)
        value = When.parse(value)
    return written.replace(str(value), str(shift(value, years)))

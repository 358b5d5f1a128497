"""Sentences that hold something private, and ordinary questions that do not."""

from __future__ import annotations

from pathlib import Path

import yaml

from services.scrub import scrub

HERE = Path(__file__).parent


def sentences() -> list[tuple[str, list[str], list[str]]]:
    """Each sentence with what must not be left in it, and what must."""
    found = []
    for line in (HERE / "scrubbed.txt").read_text("utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        said, gone, left = (
            line.split(" | ") if line.count(" | ") == 2 else (*line.split(" | "), "")
        )
        found.append((said.strip(), _listed(gone), _listed(left)))
    return found


def _listed(part: str) -> list[str]:
    return [one.strip() for one in part.split(";") if one.strip(" |")]


def verdict(said: str, gone: list[str], left: list[str]) -> tuple[list[str], list[str]]:
    """What was left that must not be, and what was lost that need not be."""
    kept = scrub(said, ())
    leaks = [one for one in gone if one.casefold() in kept.casefold()]
    return leaks, [one for one in left if one not in kept]


def ordinary() -> list[str]:
    """Ways of asking about policy, which name nobody."""
    found: list[str] = []
    for file in sorted((HERE.parents[1] / "answers" / "asks").glob("*.yaml")):
        found += _texts(yaml.safe_load(file.read_text("utf-8")))
    return found


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [line.strip() for line in value.splitlines() if line.strip()]
    if isinstance(value, dict):
        return [one for inner in value.values() for one in _texts(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in _texts(inner)]
    return []

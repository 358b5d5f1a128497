"""Writes a pack from a few known facts; all others are left silent."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import yaml
from pydantic import BaseModel

from programmes.model import Programme, Section
from programmes.values import Consent, Grade

Facts = Mapping[str, Mapping[str, Any]]
"""Facts by dotted path: value, says, status, clause."""

LEAST_WIDTH = 10_000
"""Line width in characters that prevents YAML from breaking text."""


def written(head: Mapping[str, Any], facts: Facts, titles: Mapping[str, str]) -> str:
    """The pack with this head (key, family, edition …) and these facts, every other one silent.

    `titles` are what the sections are called, for whoever reads the file. Raises KeyError for a
    fact that no programme is asked for.
    """
    left = dict(facts)
    parts = [_dumped({key: value}) for key, value in head.items() if value]
    for attribute, field in Programme.model_fields.items():
        section = field.annotation
        if not (isinstance(section, type) and issubclass(section, Section)):
            continue
        name = field.alias or attribute
        lines = [f"\n# {titles[name]}\n{name}:\n"]
        for key, fact in section.model_fields.items():
            told = left.pop(f"{name}.{key}", None)
            if told is not None:
                lines.append(_indented(_dumped({key: dict(told)})))
            elif fact.is_required():
                lines.append(f"  {key}: {{status: silent}}\n")
        parts += lines
    if left:
        raise KeyError(*left)
    return "".join(parts)


def consents(grades: Iterable[str]) -> dict[str, str]:
    """The consent to ask for, by grade, for grades with children below 14."""
    asked: dict[str, str] = {}
    for grade in grades:
        if grade in (Grade.JUNIOR_2, Grade.JUNIOR_3, Grade.JUNIOR_4):
            asked[grade] = Consent.IF_UNDER_14.value
        elif grade.startswith(("preschool", "primary", "junior")):
            asked[grade] = Consent.REQUIRED.value
    return asked


def _dumped(said: Mapping[str, Any]) -> str:
    """What has only text in it stands on one line, the rest below its key."""
    nested = any(isinstance(value, Mapping | list | tuple | BaseModel) for value in said.values())
    dumped: str = yaml.safe_dump(
        _plain(said),
        allow_unicode=True,
        default_flow_style=None if nested else False,
        sort_keys=False,
        width=LEAST_WIDTH,
    )
    return dumped


def _plain(value: Any) -> Any:
    """With nothing but text in it: the model decides what it is."""
    match value:
        case BaseModel():
            return _plain(value.model_dump(exclude_defaults=True))
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case bool():
            return value
        case int():
            return value
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())

"""How the command line speaks: sentences in the operator's language, tables, JSON, mistakes."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final

import typer

from prompts import Language, Text, Words, render, t

language: Final[ContextVar[Language]] = ContextVar("language", default="zh")
"""The language that whoever types the commands has asked for."""


class Mistake(Exception):
    """Something was not done, and the sentence that says why."""

    def __init__(self, words: Text) -> None:
        super().__init__(words.key)
        self.words = words


def said(words: Words) -> str:
    return render(words, language.get())


def say(words: Words, *, aside: bool = False) -> None:
    """Say a line; what is said aside does not get into what another program reads."""
    typer.echo(said(words), err=aside)


def warn(warnings: Iterable[Text]) -> None:
    for warning in warnings:
        say(t("cli.warning", warning=warning))


def say_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def say_rows(rows: Sequence[Mapping[str, Words]]) -> None:
    """Rows in columns that line up, Chinese characters being two wide."""
    if not rows:
        say(t("cli.nothing"))
        return
    header = [said(t(f"cli.column.{name}")) for name in rows[0]]
    lines = [header, *([said(cell) for cell in row.values()] for row in rows)]
    widths = [max(map(wide, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell + " " * (most - wide(cell)) for cell, most in zip(line, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def wide(words: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in words
    )

"""How the command line speaks: sentences in the operator's language, tables, JSON, mistakes."""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from prompts import LANGUAGES, Language, Text, Words, catalogue, render, t

if TYPE_CHECKING:
    from programmes.check import Problem
    from programmes.model import Programme

language: Final[ContextVar[Language]] = ContextVar("language", default="zh")
"""The language chosen by the operator."""


programmes_folder: Final[ContextVar[Path | None]] = ContextVar("programmes_folder", default=None)
"""The folder of packs named by the operator."""


class Mistake(Exception):
    """A command could not be carried out; `words` tells the operator why."""

    def __init__(self, words: Text) -> None:
        super().__init__(words.key)
        self.words = words


def said(words: Words) -> str:
    return render(words, language.get())


def say(words: Words, *, aside: bool = False) -> None:
    """Print a line; with `aside`, on standard error, which other programs do not read."""
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
    """The number of terminal columns that a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in words
    )


# ---------------------------------------------------------------- what is typed


def both(key: str) -> str:
    """Help in Chinese, then English: Typer reads it before the language is known."""
    return " ".join(catalogue(one)[f"cli.help.{key}"] for one in LANGUAGES)


AsJson = Annotated[bool, typer.Option("--json", help=both("json"))]
CohortNumber = Annotated[int | None, typer.Option("--cohort", help=both("cohort_number"))]
ProgrammeKey = Annotated[str, typer.Argument(help=both("key"))]


def find_programme(key: str) -> Programme:
    """The programme with this key. Raises `Mistake` if it is missing or has mistakes."""
    from programmes.catalogue import InvalidPack, NoPack, every_key, load

    try:
        return load(key)
    except InvalidPack as faulty:
        mistake = explained(faulty.problems[0])
        raise Mistake(t("cli.pack_set_aside", key=key, mistake=mistake)) from None
    except NoPack:
        known = near(key, every_key())
        raise Mistake(t("cli.no_such_programme", key=key, known=known)) from None


def explained(problem: Problem) -> Text:
    """A mistake in a pack: where it is, what is wrong, and what was perhaps meant."""
    key = f"programme.problem.{problem.code}"
    sentence = said(t(key, got=problem.got, suggestion=problem.suggestion))
    if problem.suggestion and "{suggestion}" not in catalogue(language.get())[key]:
        sentence += said(t("programme.did_you_mean", suggestion=problem.suggestion))
    place = {"file": problem.file, "line": problem.line, "column": problem.column}
    return t("programme.problem_line", path=problem.path, sentence=sentence, **place)


def near(word: str, known: Iterable[str]) -> list[str]:
    """The known words closest to `word`; all of them if none is close."""
    every = list(known)
    return difflib.get_close_matches(word, every, n=3) or every

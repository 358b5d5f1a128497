"""The commands for questions that had no answer: list them, export them."""

from __future__ import annotations

import csv
import json
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Any, Final

import typer

from app.terminal import AsJson, Mistake, both, find_programme, near, said, say
from bot.talk.clock import beijing_day
from prompts import BEIJING, t

commands = typer.Typer(no_args_is_help=True)

KEPT: Final = ("open", "answered", "closed")
"""The states of questions that concern an office."""

ProgrammeFilter = Annotated[str, typer.Argument(help=both("questions_key"))]
StateFilter = Annotated[str, typer.Option("--state", help=both("questions_state"))]


@commands.command("list", help=both("questions_list"))
def list_(key: ProgrammeFilter = "", state: StateFilter = "open", as_json: AsJson = False) -> None:
    from app import desk

    found = inquiries(key, state)
    if not as_json:
        shown = ("number", "programme", "role", "state", "asked", "words")
        found = [{name: one[name] for name in shown} for one in found]
        for one in found:
            one["asked"] = beijing_day(one["asked"])
    desk.show_rows(found, as_json)


@commands.command("export", help=both("questions_export"))
def export(
    file: Annotated[Path, typer.Argument(help=both("questions_file"))],
    key: Annotated[str, typer.Option("--programme", help=both("questions_key"))] = "",
    state: StateFilter = "",
) -> None:
    if file.suffix not in WRITERS:
        raise Mistake(t("cli.questions_kind", kinds=list(WRITERS)))
    found = inquiries(key, state)
    # The byte order mark tells spreadsheets the encoding.
    encoding = "utf-8-sig" if file.suffix == ".csv" else "utf-8"
    with file.open("x", encoding=encoding, newline="") as out:
        WRITERS[file.suffix](out, found)
    say(t("cli.questions_exported", file=file, count=len(found)))


def inquiries(key: str, state: str) -> list[dict[str, Any]]:
    """The questions of one programme or all, in one state or any. Raises `Mistake`."""
    from app import desk
    from programmes.catalogue import all_programmes
    from storage import inquiries as inquiry_rows
    from storage.tables import InquiryState

    if state and state not in KEPT:
        raise Mistake(t("cli.no_such_state", typed=state, known=near(state, KEPT)))
    keys = [find_programme(key).key] if key else [*(one.key for one in all_programmes()), ""]
    states = [InquiryState(one) for one in ([state] if state else KEPT)]
    with desk.desk() as (db, _):
        return [
            {
                "number": row.id,
                "programme": row.programme,
                "role": row.role,
                "state": row.state.value,
                "asked": row.asked_at,
                "words": row.words,
                "topic": row.topic,
                "kind": row.kind,
                "score": round(row.score, 3),
                "answer": row.answer,
                "clause": row.clause,
                "answered": row.answered_at,
            }
            for row in inquiry_rows.kept(db, keys, states)
        ]


# ---------------------------------------------------------------- the file


def write_lines(out: IO[str], found: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object on each line, for programs."""
    for one in found:
        out.write(json.dumps(one, ensure_ascii=False, default=str) + "\n")


def write_table(out: IO[str], found: Iterable[Mapping[str, Any]]) -> None:
    """A table for spreadsheets, with its headings and words as people read them."""
    from app.desk import cell

    writer = csv.writer(out)
    writer.writerow([said(t(f"cli.column.{column}")) for column in COLUMNS])
    for one in found:
        shown = (_moment(one[column]) for column in COLUMNS)
        cells = (said(cell(name, it)) for name, it in zip(COLUMNS, shown, strict=True))
        writer.writerow([harmless(words) for words in cells])


def _moment(value: Any) -> Any:
    """A time in Beijing; an empty string for `None`."""
    if value is None:
        return ""
    return f"{value.astimezone(BEIJING):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else value


def harmless(words: str) -> str:
    """The words, quoted if a spreadsheet might take them for a formula."""
    begins = unicodedata.normalize("NFKC", words).lstrip()[:1]
    return f"'{words}" if begins in FORMULAS or words[:1] in ("\t", "\r") else words


FORMULAS: Final = frozenset("=+-@|")
COLUMNS: Final = (
    "number",
    "programme",
    "role",
    "state",
    "asked",
    "words",
    "topic",
    "answer",
    "clause",
    "answered",
)
WRITERS: Final = {".csv": write_table, ".jsonl": write_lines}

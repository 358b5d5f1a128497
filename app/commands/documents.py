"""The commands that load policy documents, of which answers quote the text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.terminal import Mistake, both, find_programme, say, say_json
from bot.talk.clock import beijing_day
from prompts import t

if TYPE_CHECKING:
    from answers.sections import Document

commands = typer.Typer(no_args_is_help=True)

Source = Annotated[Path, typer.Argument(help=both("document_file"))]
AsJson = Annotated[bool, typer.Option("--json", help=both("json"))]


@commands.command("preview", help=both("document_preview"))
def preview(file: Source, as_json: AsJson = False) -> None:
    from services import documents

    document = read(file.read_bytes(), file)
    if as_json:
        passages = [{"section": one.section, "text": one.text} for one in document.passages]
        say_json({"title": document.title, "doubts": document.doubts, "passages": passages})
    else:
        say(documents.preview(document).words())


@commands.command("load", help=both("document_load"))
def load(key: Annotated[str, typer.Argument(help=both("key"))], file: Source) -> None:
    from app import desk
    from services import documents
    from storage.files import FileStore

    programme = find_programme(key)
    data = file.read_bytes()
    document = read(data, file)
    sha256 = FileStore(desk.settings().files_dir).keep(data)
    with desk.desk() as (db, by):
        row = documents.publish(
            db, by, programme.key, document, name=file.name, sha256=sha256, size=len(data)
        )
        say(documents.preview(document).words())
        number = {"number": row.id or 0, "programme": programme.name}
        say(t("cli.document_loaded", title=row.title, **number))


@commands.command("list", help=both("document_list"))
def list_(
    key: Annotated[str, typer.Argument(help=both("document_key"))] = "", as_json: AsJson = False
) -> None:
    from app import desk
    from programmes.catalogue import all_programmes
    from services import documents

    keys = [find_programme(key).key] if key else [one.key for one in all_programmes()]
    with desk.desk() as (db, _):
        rows = [
            {
                "number": row.id,
                "programme": row.programme,
                "title": row.title,
                "file": row.name,
                "added": row.added_at if as_json else beijing_day(row.added_at),
            }
            for row in documents.listed(db, keys)
        ]
    desk.show_rows(rows, as_json)


@commands.command("remove", help=both("document_remove"))
def remove(number: Annotated[int, typer.Argument(help=both("document_number"))]) -> None:
    from app import desk
    from services import documents

    with desk.desk() as (db, by):
        say(t("document.removed", title=documents.remove(db, by, number).title))


def read(data: bytes, file: Path) -> Document:
    """Read a document. Raises `Mistake`."""
    from answers import reading

    try:
        return reading.read(data, file.name)
    except reading.Unreadable as reason:
        why = t(f"document.unreadable.{reason.code}", **reason.gaps)
        raise Mistake(t("cli.document_unread", file=file, why=why)) from None

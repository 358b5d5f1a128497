"""The commands that load policy documents, of which answers quote the text."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.terminal import AsJson, Mistake, both, find_programme, say, say_json
from bot.talk.clock import beijing_day
from prompts import t

if TYPE_CHECKING:
    from answers.sections import Document

commands = typer.Typer(no_args_is_help=True)

Source = Annotated[Path, typer.Argument(help=both("document_file"))]


@commands.command("preview", help=both("document_preview"))
def preview(file: Source, as_json: AsJson = False) -> None:
    from services import documents

    document = read(file.read_bytes(), file)
    if as_json:
        passages = [{"section": one.section, "text": one.text} for one in document.passages]
        say_json({"title": document.title, "doubts": document.doubts, "passages": passages})
    else:
        say(documents.preview(document).words())


@commands.command("read", help=both("document_read"))
def read_(file: Source, as_json: AsJson = False) -> None:
    from services import documents

    document = read(file.read_bytes(), file)
    sections = [
        {"section": section, "text": text_of(document, section)} for section in document.sections
    ]
    if as_json:
        told = {"title": document.title, "sections": sections, "doubts": document.doubts}
        if document.spots:
            told["places"] = [asdict(spot) for spot in document.spots]
        say_json(told)
        return
    say(t("cli.document_title", title=document.title))
    for one in sections:
        say(t("cli.document_section", **one))
    for words in documents.doubted(document.doubts, document.spots):
        say(words)


def text_of(document: Document, section: str) -> str:
    """A section's whole text, its passages put together again."""
    return "\n".join(one.text for one in document.passages if one.section == section)


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
    """Read a document as the chat does, in a process of its own. Raises `Mistake`."""
    import asyncio

    from jobs.documents import DocumentUnread, read_apart

    try:
        return asyncio.run(read_apart(data, file.name))
    except DocumentUnread as unread:
        why = t(f"document.unreadable.{unread.code}", **unread.gaps)
        raise Mistake(t("cli.document_unread", file=file, why=why)) from None

"""Policy documents and their passages: written once, and read."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from storage.tables import PolicyDocument, StoredPassage, table

_passage = table(StoredPassage)


class PassageRow(NamedTuple):
    """A passage with its document's title and programme."""

    id: int
    programme: str
    title: str
    section: str
    heading: str
    text: str
    added_at: datetime
    """When the document was loaded."""


def active(db: Session, programmes: Collection[str]) -> list[PolicyDocument]:
    """The documents in force of these programmes, the earliest first."""
    asked = select_rows(PolicyDocument).where(
        col(PolicyDocument.programme).in_(programmes), col(PolicyDocument.ended_at).is_(None)
    )
    return list(db.exec(asked.order_by(col(PolicyDocument.programme), col(PolicyDocument.id))))


def active_ids(db: Session, programmes: Collection[str]) -> list[tuple[int, str, str, int | None]]:
    """The same as (id, hash, programme, office), in the same order."""
    asked = select(
        col(PolicyDocument.id),
        col(PolicyDocument.sha256),
        col(PolicyDocument.programme),
        col(PolicyDocument.office_id),
    ).where(col(PolicyDocument.programme).in_(programmes), col(PolicyDocument.ended_at).is_(None))
    found = db.execute(asked.order_by(col(PolicyDocument.programme), col(PolicyDocument.id)))
    return [(number, sha256, programme, office) for number, sha256, programme, office in found]


def passages(db: Session, documents: Collection[int]) -> list[PassageRow]:
    """The passages of these documents, each document's in its order."""
    asked = (
        select(
            col(StoredPassage.id),
            col(PolicyDocument.programme),
            col(PolicyDocument.title),
            col(StoredPassage.section),
            col(StoredPassage.heading),
            col(StoredPassage.text),
            col(PolicyDocument.added_at),
        )
        .join(PolicyDocument, col(PolicyDocument.id) == col(StoredPassage.document_id))
        .where(col(PolicyDocument.id).in_(documents))
        .order_by(col(PolicyDocument.programme), col(PolicyDocument.id), col(StoredPassage.place))
    )
    return [PassageRow(*row) for row in db.execute(asked)]


def add(
    db: Session, document: PolicyDocument, parts: Iterable[tuple[str, str, str]]
) -> PolicyDocument:
    """Write a new document with its passages: section, heading and text of each, in order."""
    db.add(document)
    db.flush()
    db.connection().execute(
        insert(_passage),
        [
            {
                "document_id": document.id,
                "place": place,
                "section": section,
                "heading": heading,
                "text": text,
            }
            for place, (section, heading, text) in enumerate(parts, 1)
        ],
    )
    return document

"""Policy documents and their passages: written once, and read."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from storage.tables import PolicyDocument, StoredPassage, table

_passage = table(StoredPassage)


class Row(NamedTuple):
    """A passage, with what its document says of itself."""

    id: int
    programme: str
    title: str
    section: str
    heading: str
    text: str


def active(db: Session, programmes: Collection[str]) -> list[PolicyDocument]:
    """The documents in force of these programmes, the earliest first."""
    asked = select_rows(PolicyDocument).where(
        col(PolicyDocument.programme).in_(programmes), col(PolicyDocument.ended_at).is_(None)
    )
    return list(db.exec(asked.order_by(col(PolicyDocument.programme), col(PolicyDocument.id))))


def active_ids(db: Session, programmes: Collection[str]) -> tuple[tuple[int, str], ...]:
    """The same by number and hash only, in the same order."""
    asked = select(col(PolicyDocument.id), col(PolicyDocument.sha256)).where(
        col(PolicyDocument.programme).in_(programmes), col(PolicyDocument.ended_at).is_(None)
    )
    found = db.execute(asked.order_by(col(PolicyDocument.programme), col(PolicyDocument.id)))
    return tuple((number, sha256) for number, sha256 in found)


def passages(db: Session, documents: Collection[int]) -> list[Row]:
    """The passages of these documents, each document's in its order."""
    asked = (
        select(
            col(StoredPassage.id),
            col(PolicyDocument.programme),
            col(PolicyDocument.title),
            col(StoredPassage.section),
            col(StoredPassage.heading),
            col(StoredPassage.text),
        )
        .join(PolicyDocument, col(PolicyDocument.id) == col(StoredPassage.document_id))
        .where(col(PolicyDocument.id).in_(documents))
        .order_by(col(PolicyDocument.programme), col(PolicyDocument.id), col(StoredPassage.place))
    )
    return [Row(*row) for row in db.execute(asked)]


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

"""政策文件: an office loads the documents of its programme, so that answers can quote them."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from answers.passages import Passage, Passages
from answers.sections import Document, Doubt
from bot.talk.acting import Actor, Operator, Refused
from bot.talk.message import Field, Item, Message
from prompts import Lines, Text, t
from services import audit
from services.access import allow, any_of, programmes_for
from services.packs import load
from storage import documents as rows
from storage.tables import PolicyDocument as Row

SHOWN: Final = 5
"""Sections of which a preview shows the beginning."""
BEGINNING: Final = 40
"""Characters of it."""
MOST_NUMBERS: Final = 30
NAMED_ONLY: Final = (
    "标题",
    "文号",
    "主送",
    "发文机关",
    "封面",
    "附件目录",
    "签章",
    "落款",
    "印发",
)
"""Sections that say nothing worth showing as an example."""


# ---------------------------------------------------------------- what would be published


class Preview(BaseModel):
    """A document as it was understood, in short: for whoever is to say whether that is right."""

    model_config = ConfigDict(frozen=True)

    title: str
    sections: int
    characters: int
    outline: tuple[str, ...]
    """The outermost numbers."""
    first: tuple[tuple[str, str], ...]
    """Some sections, and how they begin."""
    doubts: tuple[Doubt, ...]

    def words(self) -> Text:
        begins = [
            t("document.begins_line", begins=t("document.begins", section=one, words=words))
            for one, words in self.first
        ]
        doubts = [t(f"document.doubt.{doubt}") for doubt in self.doubts]
        return t(
            "document.preview",
            title=self.title,
            sections=self.sections,
            characters=self.characters,
            outline=list(self.outline) or t("document.no_outline"),
            first=Lines([*begins, *doubts]),
        )

    def card(self, question: Text) -> Message:
        """The same, put before whoever decides on it."""
        return Message(
            question,
            title=self.title,
            fields=(
                Field(
                    t("document.size"),
                    t("document.sizes", sections=self.sections, characters=self.characters),
                ),
                Field(
                    t("document.numbers"),
                    t("field.list", items=list(self.outline) or t("document.no_outline")),
                ),
            ),
            items=tuple(
                Item(t("document.begins", section=one, words=words)) for one, words in self.first
            ),
            note=t(
                "document.doubts", doubts=Lines([t(f"document.doubt.{d}") for d in self.doubts])
            )
            if self.doubts
            else "",
        )


def preview(document: Document) -> Preview:
    """What to show of a document before it is published."""
    telling = [one for one in document.passages if not one.section.endswith(NAMED_ONLY)]
    return Preview(
        title=document.title,
        sections=len(document.sections),
        characters=sum(len(one.text) for one in document.passages),
        outline=_outline(document),
        first=tuple((one.section, _beginning(one.text)) for one in telling[:SHOWN]),
        doubts=document.doubts,
    )


def _outline(document: Document) -> tuple[str, ...]:
    outer = (_OUTERMOST.match(section) for section in document.sections)
    every = tuple(dict.fromkeys(found[0] for found in outer if found))
    return every if len(every) <= MOST_NUMBERS else (*every[:MOST_NUMBERS], "…")


_OUTERMOST: Final = re.compile(r"(?:附件\d* )?(?:[一二三四五六七八九十]+|第\w+条|\(\w+\)|\d+)")


def _beginning(text: str) -> str:
    said = " ".join(text.split())
    return said if len(said) <= BEGINNING else f"{said[: BEGINNING - 1]}…"


# ---------------------------------------------------------------- who may


def mine(db: Session, actor: Actor, act: str) -> tuple[str, ...]:
    """The programmes whose documents the actor looks after, the latest first. Raises `Refused`."""
    any_of(db, actor, act)
    return programmes_for(db, actor.person_id, act)


def _allow(
    db: Session, by: Actor | Operator, programme: str, verb: str, number: int | None = None
) -> None:
    if isinstance(by, Operator):
        return
    allow(db, by, verb, programme, number=number)


# ---------------------------------------------------------------- the acts


def publish(
    db: Session,
    by: Actor | Operator,
    programme: str,
    document: Document,
    *,
    name: str,
    sha256: str,
    size: int,
) -> Row:
    """Answer from this document from now on. One of the same title that was loaded before ends.

    The same file again changes nothing. Raises `Refused`.
    """
    load(programme, "publish_document")
    _allow(db, by, programme, "publish_document")
    earlier = [row for row in rows.active(db, [programme]) if row.title == document.title]
    for row in earlier:
        if row.sha256 == sha256:
            return row
        row.ended_at = by.now
        db.add(row)
    made = rows.add(
        db,
        Row(
            programme=programme,
            name=name[:200],
            title=document.title,
            sha256=sha256,
            size=size,
            added_by=by.person_id,
            added_at=by.now,
        ),
        [(one.section[:120], one.heading[:400], one.text) for one in document.passages],
    )
    replaced = [row.id for row in earlier]
    audit.note(
        db,
        by,
        "publish_document",
        "document",
        made.id,
        programme=programme,
        title=document.title,
        replaced=replaced,
    )
    return made


def remove(db: Session, by: Actor | Operator, document_id: int) -> Row:
    """Answer from a document no longer. Raises `Refused`."""
    row = found(db, by, document_id, "remove_document")
    row.ended_at = by.now
    db.add(row)
    audit.note(db, by, "remove_document", "document", row.id)
    return row


def found(db: Session, by: Actor | Operator, document_id: int, verb: str) -> Row:
    """A document in force that `by` may change. Raises `Refused`."""
    row = db.get(Row, document_id, with_for_update=True)
    if isinstance(by, Actor):
        allow(db, by, verb, row.programme if row else None, number=document_id)
    if row is None or row.ended_at is not None:
        raise Refused(t("document.gone"), verb=verb, object="document", object_id=document_id)
    return row


def listed(db: Session, programmes: Collection[str]) -> list[Row]:
    """The documents that answers are quoted from."""
    return rows.active(db, programmes)


# ---------------------------------------------------------------- what answers are quoted from


def loaded(db: Session, programmes: Collection[str]) -> Passages:
    """The passages of these programmes' documents, ready to be searched.

    Which documents those are is asked of the database every time; what they say never changes, so
    it is kept in memory.
    """
    asked = rows.active_ids(db, programmes)
    if not asked:
        return NOTHING
    # A process may speak to more than one database.
    key = (str(db.connection().engine.url), asked)
    if key not in _indexes:
        if len(_indexes) >= MOST_INDEXES:
            _indexes.clear()
        found = rows.passages(db, [number for number, _ in asked])
        _indexes[key] = Passages(
            Passage(one.programme, one.title, one.section, one.text, one.id, one.heading)
            for one in found
        )
    return _indexes[key]


NOTHING: Final = Passages(())
MOST_INDEXES: Final = 32
_indexes: dict[tuple[str, tuple[tuple[int, str], ...]], Passages] = {}

"""政策文件: an office loads the documents of its programme, so that answers can quote them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from answers.passages import Passage, Passages
from answers.sections import Document, Doubt, Spot
from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Field, Item, Message
from prompts import Lines, Text, t
from services import audit
from services.access import allow
from services.offices import Concern, Desk, desk
from services.packs import load
from storage import documents as document_rows
from storage.tables import PolicyDocument

SHOWN: Final = 5
"""Maximum sections of which a preview shows the beginning."""
BEGINNING: Final = 40
"""Maximum characters of each beginning."""
MOST_NUMBERS: Final = 30
MOST_PLACES: Final = 6
"""Maximum places that are told of one doubt."""
NAMED_ONLY: Final = (
    "标题",
    "文号",
    "主送",
    "发文机关",
    "封面",
    "附件目录",
    "目录",
    "签章",
    "落款",
    "印发",
)
"""Kinds of section of which nothing is worth showing as an example."""


# ---------------------------------------------------------------- what would be published


class Preview(BaseModel):
    """What was understood of a document, for the person who decides whether it is right."""

    model_config = ConfigDict(frozen=True)

    title: str
    sections: int
    characters: int
    outline: tuple[str, ...]
    """The outermost numbers."""
    first: tuple[tuple[str, str], ...]
    """Some sections, and how they begin."""
    doubts: tuple[Doubt, ...]
    spots: tuple[Spot, ...] = ()
    """Where the doubts arose."""

    def words(self) -> Text:
        """As plain text, for the command line."""
        begins = [t("document.begins_line", begins=begins) for begins in self._begins()]
        return t(
            "document.preview",
            title=self.title,
            sections=self.sections,
            characters=self.characters,
            outline=self._outline(),
            first=Lines([*begins, *self._doubts()]),
        )

    def card(self, question: Text) -> Message:
        """As a card, with the question whether it is right."""
        size = t("document.sizes", sections=self.sections, characters=self.characters)
        return Message(
            question,
            title=self.title,
            fields=(
                Field(t("document.size"), size),
                Field(t("document.numbers"), t("field.list", items=self._outline())),
            ),
            items=tuple(map(Item, self._begins())),
            note=t("document.doubts", doubts=Lines(self._doubts())) if self.doubts else "",
        )

    def _begins(self) -> list[Text]:
        return [t("document.begins", section=one, words=words) for one, words in self.first]

    def _doubts(self) -> list[Text]:
        return doubted(self.doubts, self.spots)

    def _outline(self) -> list[str] | Text:
        return list(self.outline) or t("document.no_outline")


def preview(document: Document) -> Preview:
    """The preview of a document before it is published."""
    telling = [one for one in document.passages if not one.section.endswith(NAMED_ONLY)]
    return Preview(
        title=document.title,
        sections=len(document.sections),
        characters=sum(len(one.text) for one in document.passages),
        outline=_outline(document),
        first=tuple(
            (one.section, _beginning(_without(one.section, one.text))) for one in telling[:SHOWN]
        ),
        doubts=document.doubts,
        spots=document.spots,
    )


def doubted(doubts: Iterable[Doubt], spots: Collection[Spot]) -> list[Text]:
    """Each doubt as a sentence, with the places where it arose if these are known."""
    said = []
    for doubt in doubts:
        words = t(f"document.doubt.{doubt}")
        places = [
            t(f"document.at.{one.kind}", at=one.at or t("document.beginning"))
            for one in spots
            if one.doubt == doubt
        ]
        if len(places) > MOST_PLACES:
            places = [*places[:MOST_PLACES], t("document.and_more", count=len(places))]
        said.append(t("document.doubt_at", doubt=words, places=places) if places else words)
    return said


def _outline(document: Document) -> tuple[str, ...]:
    outer = (_OUTERMOST.match(section) for section in document.sections)
    every = tuple(dict.fromkeys(found[0] for found in outer if found))
    return every if len(every) <= MOST_NUMBERS else (*every[:MOST_NUMBERS], "…")


_OUTERMOST: Final = re.compile(
    r"(?:附件\d* )?(?:第\S+(?:部分|[编篇章节]) )?"
    r"(?:[一二三四五六七八九十]+(?![^\W\d])|第\w+条(?:之\w+)?|\(\w+\)|\d+)"
)


def _without(section: str, text: str) -> str:
    """A section's text without its number, which is said before it: 第一条 每月两次."""
    return text.strip().removeprefix(section).lstrip(" \u3000：:、") or text


def _beginning(text: str) -> str:
    said = " ".join(text.split())
    return said if len(said) <= BEGINNING else f"{said[: BEGINNING - 1]}…"


# ---------------------------------------------------------------- who may


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
) -> PolicyDocument:
    """Start answering from this document. An earlier document of the same title ends.

    Publishing the same file again changes nothing. Raises `Refused`.
    """
    load(programme, "publish_document")
    _allow(db, by, programme, "publish_document")
    office = _desk(db, by, "publish_document").writes_as.get(programme)
    earlier = [
        row
        for row in document_rows.active(db, [programme])
        if row.title == document.title and row.office_id == office
    ]
    for row in earlier:
        if row.sha256 == sha256:
            return row
        row.ended_at = by.now
        db.add(row)
    made = document_rows.add(
        db,
        PolicyDocument(
            programme=programme,
            office_id=office,
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


def remove(db: Session, by: Actor | Operator, document_id: int) -> PolicyDocument:
    """Stop answering from a document. Raises `Refused`."""
    row = found(db, by, document_id, "remove_document")
    row.ended_at = by.now
    db.add(row)
    audit.note(db, by, "remove_document", "document", row.id)
    return row


def found(db: Session, by: Actor | Operator, document_id: int, verb: str) -> PolicyDocument:
    """A document in force that `by` may change. Raises `Refused`."""
    row = db.get(PolicyDocument, document_id, with_for_update=True)
    if isinstance(by, Actor):
        mine = row and _desk(db, by, verb).manages(row.programme, row.office_id)
        allow(db, by, verb, row.programme if row and mine else None, number=document_id)
    if row is None or row.ended_at is not None:
        raise Refused(t("document.gone"), verb=verb, object="document", object_id=document_id)
    return row


def listed(
    db: Session, programmes: Collection[str], by: Actor | None = None
) -> list[PolicyDocument]:
    """The documents in force of these programmes; for a person, those of their offices."""
    every = document_rows.active(db, programmes)
    if by is None:
        return every
    mine = _desk(db, by, "documents")
    return [row for row in every if mine.manages(row.programme, row.office_id)]


def _desk(db: Session, by: Actor | Operator, act: str) -> Desk:
    return Desk({}, {}) if isinstance(by, Operator) else desk(db, by.person_id, act)


# ---------------------------------------------------------------- what answers are quoted from


def loaded(db: Session, programmes: Collection[str], concern: Concern | None = None) -> Passages:
    """The passages of these programmes' documents, indexed for search; for a person, of those that
    concern them.

    The database is asked each time which documents are in force; their text never changes, so it
    is cached.
    """
    asked = tuple(
        (number, sha256)
        for number, sha256, programme, office in document_rows.active_ids(db, programmes)
        if concern is None or concern.shows(programme, office)
    )
    if not asked:
        return NOTHING
    # One process may use several databases.
    key = (str(db.connection().engine.url), asked)
    if key not in _indexes:
        if len(_indexes) >= MOST_INDEXES:
            _indexes.clear()
        found = document_rows.passages(db, [number for number, _ in asked])
        _indexes[key] = Passages(
            Passage(
                *(one.programme, one.title, one.section, one.text, one.id, one.heading),
                loaded=beijing_day(one.added_at),
            )
            for one in found
        )
    return _indexes[key]


NOTHING: Final = Passages(())
MOST_INDEXES: Final = 32
_indexes: dict[tuple[str, tuple[tuple[int, str], ...]], Passages] = {}

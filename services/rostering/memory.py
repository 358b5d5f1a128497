"""What an office has said that the headings of its sheets mean."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from services import audit
from services.roster import By
from storage.tables import HeadingMeaning


def meanings(db: Session, office: int | None) -> dict[str, str]:
    """The meanings of headings, by the heading in its plain form (`headings.plain`)."""
    known = select(HeadingMeaning).where(_of(office))
    return {row.heading: row.meaning for row in db.exec(known)}


def remember(db: Session, by: By, office: int | None, said: Mapping[str, str]) -> None:
    """Remember what headings mean; what was said of them before is replaced."""
    known = {row.heading: row for row in db.exec(select(HeadingMeaning).where(_of(office)))}
    for heading, meaning in said.items():
        row = known.get(heading) or HeadingMeaning(
            office_id=office, heading=heading[:80], meaning=meaning
        )
        row.meaning = meaning
        db.add(row)
    audit.note(db, by, "map_headings", "unit", office, headings=len(said))


def _of(office: int | None) -> ColumnElement[bool]:
    column = col(HeadingMeaning.office_id)
    return column.is_(None) if office is None else column == office

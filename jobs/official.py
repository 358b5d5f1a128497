"""官网核对: a sheet that the official platform gave out, held against the entries; what differs is
given back as a sheet."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from bot.inbox import Order
from bot.platforms.contract import Platform
from bot.talk.acting import Actor, Refused
from bot.talk.clock import Clock
from bot.talk.inputs import length
from jobs import workbooks
from jobs.rosters import sent_book
from prompts import Brief, Language, Text, Words, render, t
from services import official_export, persons
from services.official_export import Checked, DatedEntry, Difference, Differs
from storage.database import Database
from storage.files import FileStore

SHOWN: Final = 8
"""Lines that the card itself tells."""
LIFE: Final = timedelta(days=1)
"""How long the sheet of what differs can be opened."""


@dataclass(frozen=True, slots=True)
class OfficialDesk:
    """What the job needs."""

    database: Database
    store: FileStore
    platforms: Mapping[str, Platform]
    clock: Clock
    limit: int
    """Bytes of one file."""

    async def check(self, order: Order) -> dict[str, Any]:
        """The job `check_platform`: returns the counts, the first lines and the sheet's number; or
        why it could not be read."""
        actor = Actor(order.person_id or 0, None, self.clock.now())
        language = await self.database.run(persons.language_of, order.person_id)
        try:
            book = await sent_book(self.platforms, self.limit, order)
            cohort = order.args["cohort"]
            found = await self.database.run(official_export.check, actor, cohort, book)
        except Refused as refused:
            return {"refused": render(refused.words, language)}
        told = {
            "rows": found.rows,
            "same": found.same,
            "counts": {kind.value: found.count(kind) for kind in Differs},
            "first": [
                [one.name, render(said(one), language), one.kind.value]
                for one in found.found[:SHOWN]
            ],
        }
        if not found.found:
            return told
        data = await asyncio.to_thread(sheet, found, language)
        sha256 = await asyncio.to_thread(self.store.keep, data)
        name = render(t("official.sheet_file"), language)
        until = actor.now + LIFE
        keep = persons.keep_made
        file = await self.database.run(keep, actor, sha256, len(data), name, until)
        return {**told, "file": file}


def said(one: Difference) -> Text:
    """A difference in words."""
    if one.why is not None:
        return t("official.row", row=one.row or 0, why=one.why)
    told = {
        "there": _dated(one.there) if one.there else "",
        "here": _dated(one.here) if one.here else "",
    }
    return t(f"official.differs.{one.kind}", **told)


def _dated(one: DatedEntry) -> Words:
    if one.minutes is None:
        return t("official.on", day=Brief(one.day))
    return t("official.on_for", day=Brief(one.day), length=length(one.minutes))


def sheet(found: Checked, language: Language) -> bytes:
    """All that differs, a line each."""
    heads = [render(t(f"official.column.{one}"), language) for one in COLUMNS]
    lines = [[_plain(cell, language) for cell in _line(one)] for one in found.found]
    return workbooks.listed([(render(t("official.sheet_name"), language), heads, lines)])


COLUMNS: Final = (
    *("name", "school", "what", "there", "there_minutes", "here", "here_minutes", "row", "why"),
)


def _line(one: Difference) -> Sequence[Any]:
    return (
        one.name,
        one.school,
        t(f"official.kind.{one.kind}"),
        one.there.day if one.there else "",
        one.there.minutes if one.there and one.there.minutes is not None else "",
        one.here.day if one.here else "",
        one.here.minutes if one.here and one.here.minutes is not None else "",
        one.row or (one.there.row if one.there else None) or "",
        one.why or "",
    )


def _plain(cell: Any, language: Language) -> Any:
    return cell if isinstance(cell, int) or hasattr(cell, "isoformat") else render(cell, language)

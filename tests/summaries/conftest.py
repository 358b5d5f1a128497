"""What a summary says, read as Word would show it; and a house whose office asks for one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn

from bot.talk.acting import Actor
from bot.talk.clock import SetClock
from services import records
from tests.conftest import Kind, NewDatabase
from tests.house import House, Member
from tests.staff.conftest import bind

NOW = datetime(2026, 12, 7, 2, tzinfo=UTC)


class Paper:
    """A summary as it is read: its paragraphs, its headings, and its tables by the heading above
    them."""

    def __init__(self, data: bytes) -> None:
        self.document = Document(io.BytesIO(data))
        self.lines: list[str] = []
        self.headings: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.data = data
        for node in self.document.element.body:
            if node.tag == qn("w:p"):
                words = "".join(one.text or "" for one in node.iter(qn("w:t")))
                style = node.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
                if style is not None and style.get(qn("w:val"), "").startswith("Heading"):
                    self.headings.append(words)
                self.lines.append(words)
            elif node.tag == qn("w:tbl"):
                rows = [
                    ["".join(t.text or "" for t in cell.iter(qn("w:t"))) for cell in row.tc_lst]
                    for row in node.tr_lst
                ]
                self.tables[self.headings[-1] if self.headings else ""] = rows

    @property
    def text(self) -> str:
        """Every word in it."""
        cells = [cell for table in self.tables.values() for row in table for cell in row]
        return "\n".join([*self.lines, *cells])

    def row(self, heading: str, first: str) -> list[str]:
        """A row of the table beneath a heading, by what stands first in it."""
        found = [row[1:] for row in self.tables[heading] if row[0] == first]
        assert len(found) == 1, (first, self.tables[heading])
        return found[0]


@pytest.fixture
async def house(new_database: NewDatabase, tmp_path: Path) -> AsyncIterator[House]:
    async for one in opened("shanxi-2026", new_database, tmp_path):
        yield one


async def opened(
    programme: str, new_database: NewDatabase, folder: Path, kind: Kind = "sqlite"
) -> AsyncIterator[House]:
    house = await House.open(new_database(kind), folder, SetClock(NOW))
    await house.populate(programme)
    with house.app.database.transaction() as db:
        for member in house.members.values():
            bind(db, member.person_id, member.address, house.clock)
    yield house
    house.close()


def actor(house: House, name: str) -> Actor:
    return Actor(house.members[name].person_id, None, house.clock.now())


async def made(house: House, name: str = "管小青", cohort: int = 1) -> Paper:
    """Somebody has the summary made."""
    return Paper((await house.app.summaries.make(actor(house, name), cohort)).data)


def files_of(house: House, member: Member) -> list[tuple[str, bytes]]:
    """The files that the last act brought somebody, with their names."""
    numbers = [number for message in member.last for number in message.files]
    with house.app.database.transaction() as db:
        kept = [records.opened_file(db, actor(house, member.name), number) for number in numbers]
        return [(file.name, house.app.store.read(file.sha256)) for file in kept]


def word(*paragraphs: str, header: str = "") -> bytes:
    """A document of these paragraphs, as an office may write one."""
    document = Document()
    for words in paragraphs:
        document.add_paragraph(words)
    if header:
        document.sections[0].header.paragraphs[0].text = header
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def changed(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The same archive with its parts changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()

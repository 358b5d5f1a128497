"""A book of sheets, as it was read: cells by row and column, and nothing of the file's kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Faulty:
    """A cell without a value: a spreadsheet's error, or a formula that was never calculated."""

    said: str
    """`#REF!`, or `=…` for a formula."""


Cell = str | float | date | Faulty | None
"""The value. Numbers stay numbers unless they are shown as a date or in percent: 8 % becomes
`8%`."""
Cells = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class SheetRow:
    number: int
    """As the spreadsheet numbers it, from 1."""
    cells: Cells
    hidden: bool = False
    struck: bool = False
    """Whether all of its text is struck through."""

    def __getitem__(self, column: int) -> Cell:
        return self.cells[column] if 0 <= column < len(self.cells) else None


@dataclass(frozen=True, slots=True)
class Merge:
    """Cells that are merged: rows from 1, columns from 0, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    rows: Sequence[SheetRow]
    """The rows that hold anything, in their order."""
    merges: Sequence[Merge] = ()
    hidden: bool = False
    is_blind: bool = False
    """Whether it is unknown which rows of it are hidden."""


@dataclass(frozen=True, slots=True)
class Book:
    sheets: Sequence[Sheet] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        told = [
            {
                "name": sheet.name,
                "hidden": sheet.hidden,
                "merges": [[m.top, m.left, m.bottom, m.right] for m in sheet.merges],
                "rows": [[r.number, r.hidden, [*map(_told, r.cells)]] for r in sheet.rows],
                "struck": [r.number for r in sheet.rows if r.struck],
                "blind": sheet.is_blind,
            }
            for sheet in self.sheets
        ]
        return json.dumps(told, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Book:
        return cls(
            [
                Sheet(
                    one["name"],
                    [
                        SheetRow(
                            number, [*map(_cell, cells)], hidden, number in one.get("struck", ())
                        )
                        for number, hidden, cells in one["rows"]
                    ],
                    [Merge(*ends) for ends in one["merges"]],
                    one["hidden"],
                    one.get("blind", False),
                )
                for one in json.loads(data)
            ]
        )


def _told(cell: Cell) -> Any:
    match cell:
        case date():
            return {"day": cell.isoformat()}
        case Faulty():
            return {"faulty": cell.said}
        case _:
            return cell


def _cell(told: Any) -> Cell:
    match told:
        case {"day": day}:
            return date.fromisoformat(day)
        case {"faulty": said}:
            return Faulty(said)
        case int() | float():
            return float(told)
        case _:
            return str(told) if told is not None else None

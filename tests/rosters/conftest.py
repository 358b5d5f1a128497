"""An office with sheets in its hands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.talk.acting import Operator
from jobs import sheet_reader
from prompts import render
from services import roster
from services.rostering import applying
from services.rostering.known import look_up
from services.rostering.plan import RosterPlan, plan
from storage.database import Database
from storage.tables import Cohort
from tests.storage.rows import contents

NOW = datetime(2025, 11, 10, 4, tzinfo=UTC)
TODAY = date(2025, 11, 10)


class Office:
    """Imports sheets into one cohort, without the child process: that is tested by itself."""

    def __init__(self, database: Database, programme: str) -> None:
        self.database = database
        self.by = Operator(NOW)
        with database.transaction() as db:
            unit = roster.add_unit(db, self.by, roster.RUN_COHORTS[0], f"{programme}办公室")
            cohort = roster.create_cohort(db, self.by, programme, "一期", unit.id)
            self.cohort = cohort.id or 0

    def plan(
        self, data: bytes, today: date = TODAY, own: dict[str, str] | None = None
    ) -> RosterPlan:
        with self.database.transaction() as db:
            cohort = db.get(Cohort, self.cohort)
            assert cohort is not None
            return plan(look_up(db, cohort), sheet_reader.read(data), today, own)

    def bring(self, data: bytes, today: date = TODAY) -> RosterPlan:
        """Import a sheet; returns what was planned."""
        made = self.plan(data, today)
        assert made.refused is None
        with self.database.transaction() as db:
            number = applying.begin(db, self.by, self.cohort)
        for part in applying.steps(made):
            with self.database.transaction() as db:
                assert applying.step(db, self.by, number, part, today) == []
        with self.database.transaction() as db:
            applying.finish(db, self.by, number, made)
        return made

    def undo(self) -> applying.Undone:
        with self.database.transaction() as db:
            number = applying.begin_undo(db, self.by, self.cohort)
        done = applying.Undone()
        while not done.over:
            with self.database.transaction() as db:
                done = applying.undo_step(db, self.by, number, done)
        return done

    def members(self) -> list[roster.Member]:
        with self.database.transaction() as db:
            return roster.members(db, self.cohort)

    def everything(self) -> dict[str, Any]:
        """All rows, without what an import leaves on purpose: that it was, and who did it."""
        kept = ("audit", "roster_import")
        every = contents(self.database.engine)
        return {name: rows for name, rows in every.items() if name not in kept}


def reasons(made: RosterPlan) -> dict[int, str]:
    return {one.number: render(one.reason, "zh") for one in made.rejected}


def remarks(made: RosterPlan, number: int | None = None) -> str:
    """What is said about a row, or about all of them."""
    return "".join(render(words, "zh") for row, words in made.warnings if row == number)


Open = Callable[..., Office]


@pytest.fixture
def open_office(sqlite_database: Database) -> Open:
    def opened(programme: str = "shanxi-2026") -> Office:
        return Office(sqlite_database, programme)

    return opened


@pytest.fixture
def office(open_office: Open) -> Office:
    return open_office()

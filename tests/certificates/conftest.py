"""A cohort at the end of its year: some learners have an outcome, some have none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.talk.acting import Operator
from jobs.certificates import Handled, Press
from programmes import certifying
from services import roster
from services.packs import load
from storage.database import Database
from storage.files import FileStore
from storage.signing import SigningKeys
from storage.tables import (
    Evaluation,
    EvaluationState,
    EvaluationVersion,
    Role,
    UnitKind,
)

NOW = datetime(2026, 12, 20, 2, tzinfo=UTC)
OFFICE = "示例管理办公室"


@dataclass
class Year:
    """A cohort's office, with a press of its own."""

    database: Database
    press: Press
    cohort: int
    by: Operator

    def enrol(self, name: str, outcome: str = "", born: date = date(2008, 5, 4)) -> int:
        """Put a learner on the roster, and sign an outcome; returns the membership."""
        with self.database.transaction() as db:
            cohort = roster.find_cohort(db, self.cohort)
            role = load(cohort.programme).participants.who.value or Role.STUDENT
            person = roster.add_person(db, self.by, name, born)
            member, _ = roster.add_member(db, self.by, self.cohort, person.id or 0, Role(role))
            number = member.id or 0
        if outcome:
            self.signs(number, outcome)
        return number

    def signs(self, member: int, outcome: str) -> None:
        """The office signs an outcome, as a version after those there are."""
        with self.database.transaction() as db:
            programme = load(roster.find_cohort(db, self.cohort).programme)
            key, part = [*certifying.parts(programme)][-1]
            row = db.exec(
                select(Evaluation).where(Evaluation.student_id == member, Evaluation.stage == key)
            ).first() or Evaluation(
                student_id=member,
                stage=key,
                side=part.side.value,
                state=EvaluationState.SIGNED,
                version=0,
                signed_at=self.by.now,
            )
            row.version, row.outcome = row.version + 1, outcome
            db.add(row)
            db.flush()
            db.add(
                EvaluationVersion(
                    evaluation_id=row.id or 0,
                    version=row.version,
                    body={"comment": "", "outcome": outcome},
                    signed_by=member,
                    at=self.by.now,
                )
            )

    async def issue(self, only: list[int] | None = None) -> list[Handled]:
        learners = await self.press.learners(self.by, self.cohort, only)
        return [one async for one in self.press.issue(self.by, self.cohort, learners)]


NewYear = Callable[..., Year]


@pytest.fixture
def new_year(database: Database, tmp_path: Path) -> NewYear:
    """Makes a cohort of a programme, with an office."""

    def make(programme: str = "shanxi-2026", site: str = "", **options: Any) -> Year:
        by = Operator(options.get("now", NOW))
        with database.transaction() as db:
            office = roster.add_unit(db, by, UnitKind.OFFICE, OFFICE)
            cohort = roster.create_cohort(db, by, programme, "示例一期", office.id)
            number = cohort.id or 0
        press = Press(
            database, FileStore(tmp_path / "files"), SigningKeys(tmp_path / "keys"), site
        )
        return Year(database, press, number, by)

    return make

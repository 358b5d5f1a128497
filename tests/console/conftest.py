"""A province with two cities, whose offices must not see each other's students."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta

import httpx2
import pytest
from sqlmodel import Session
from starlette.applications import Starlette

from app.console.gate import Gate
from bot.router import Router
from bot.talk.clock import SetClock
from handlers import handlers
from services import joining
from services.audit import note_refusal
from storage.database import Database
from storage.tables import (
    Cohort,
    Guardianship,
    Membership,
    Mentoring,
    Person,
    Role,
    Unit,
    UnitKind,
)
from tests.staff.conftest import days_ago, decide, hand_in

SITE = "http://console.test"
NORTH, SOUTH = ("林小雨", "欧阳修远", "=北方"), ("钱多多", "林南山")
"""The students of the two cities. One of them has a name that a spreadsheet would run."""


@dataclass
class Province:
    """Who there is, by name, and what the pages are served from."""

    database: Database
    clock: SetClock
    gate: Gate
    cohort: int = 0
    people: dict[str, int] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)

    def unit(self, db: Session, kind: UnitKind, name: str, under: str = "") -> None:
        unit = Unit(kind=kind, name=name, parent_id=self.units.get(under))
        db.add(unit)
        db.flush()
        self.units[name] = unit.id or 0

    def add(
        self, db: Session, name: str, role: Role, unit: str, *, subject: str = ""
    ) -> Membership:
        now = self.clock.now()
        person = Person(name=name, created_at=now)
        db.add(person)
        db.flush()
        member = Membership(
            cohort_id=self.cohort,
            person_id=person.id or 0,
            role=role,
            unit_id=self.units.get(unit),
            grade="senior_1" if role is Role.STUDENT else "",
            subject=subject,
            created_at=now,
        )
        db.add(member)
        db.flush()
        self.people[name], self.places[name] = person.id or 0, member.id or 0
        return member

    def sign_in(self, name: str) -> str:
        """A session of somebody's browser."""
        with self.database.transaction() as db:
            link = joining.sign_in_link(db, self.people[name], self.clock.now())
            return joining.sign_in(db, link, "test", self.clock.now())[0]


@pytest.fixture
def province(sqlite_database: Database, clock: SetClock) -> Province:
    return found(sqlite_database, clock)


def found(database: Database, clock: SetClock) -> Province:
    """The province, in a database."""
    router = Router(handlers(site=SITE), note_refusal)
    made = Province(database, clock, Gate(database, clock, router))
    with database.transaction() as db:
        settle(made, db)
    return made


def settle(made: Province, db: Session) -> None:
    """Two cities with a school each, and their students: some behind, some waiting."""
    made.unit(db, UnitKind.OFFICE, "省办")
    for city, school in (("北城", "北一中"), ("南城", "南二中")):
        made.unit(db, UnitKind.CITY, city, "省办")
        made.unit(db, UnitKind.SCHOOL, school, city)
    made.unit(db, UnitKind.HOST, "大学", "省办")
    cohort = Cohort(
        programme="shanxi-2026",
        name="示例一期",
        office_id=made.units["省办"],
        created_at=made.clock.now(),
    )
    db.add(cohort)
    db.flush()
    made.cohort = cohort.id or 0
    for name, role, unit in (
        ("省办小王", Role.COORDINATOR, "省办"),
        ("北办小李", Role.COORDINATOR, "北城"),
        ("南办小赵", Role.COORDINATOR, "南城"),
        ("北查小孙", Role.AUDITOR, "北城"),
        ("北师老周", Role.SCHOOL_TEACHER, "北一中"),
    ):
        made.add(db, name, role, unit)
    mentor = made.add(db, "王建国", Role.MENTOR, "大学")
    for names, school, subject in ((NORTH, "北一中", "physics"), (SOUTH, "南二中", "chemistry")):
        for name in names:
            student = made.add(db, name, Role.STUDENT, school, subject=subject)
            db.add(
                Mentoring(
                    student_id=student.id or 0,
                    mentor_id=mentor.id or 0,
                    created_at=made.clock.now(),
                )
            )
    db.flush()
    clock = made.clock
    clock.move(-timedelta(days=8))
    for name in ("林小雨", "钱多多"):
        place = db.get_one(Membership, made.places[name])
        hand_in(db, place, clock, days_ago(clock, 1))
        decide(db, mentor, clock, hand_in(db, place, clock, days_ago(clock, 2)))
    clock.move(timedelta(days=8))


def guard(made: Province, db: Session, child: str, guardian: str) -> None:
    """Link a guardian with a child."""
    db.add(
        Guardianship(
            child_id=made.people[child],
            guardian_id=made.people[guardian],
            created_at=made.clock.now(),
        )
    )
    db.flush()


class Browser:
    """Somebody's browser on the console."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    async def opens(self, path: str = "", status: int = 200) -> str:
        answer = await self.client.get(f"/console{path}")
        assert answer.status_code == status, answer.text
        return answer.text


@dataclass
class Desk:
    """Opens browsers, for somebody who is signed in or for nobody."""

    province: Province
    made: AsyncExitStack

    async def of(self, name: str = "", *, session: str = "") -> Browser:
        app = Starlette(routes=self.province.gate.routes())
        cookie = self.province.sign_in(name) if name else session
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app),
            base_url=SITE,
            cookies={"session": cookie} if cookie else {},
            follow_redirects=True,
        )
        return Browser(await self.made.enter_async_context(client))


@pytest.fixture
async def desk(province: Province) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as made:
        yield Desk(province, made)

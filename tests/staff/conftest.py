"""A house in which the office and the teachers look after their students."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from app import desk
from app.cli import app
from bot.talk.acting import Actor, Operator
from bot.talk.clock import SetClock
from services import records, roster
from services.access import learner_at
from services.records import HandedIn, MaterialBody, SessionBody, WritingBody
from storage import chats
from storage.database import Database
from storage.tables import Account, Audit, Cohort, Membership, Record, RecordKind, Role
from tests.conftest import NewDatabase
from tests.house import House

OpenHouse = Callable[..., Awaitable[House]]


@pytest.fixture
async def open_house(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[OpenHouse]:
    """Opens a house of a programme, where everybody but the guardian has joined."""
    opened: list[House] = []

    async def make(programme: str = "shanxi-2026") -> House:
        house = await House.open(new_database("sqlite"), tmp_path, clock)
        opened.append(house)
        await house.populate(programme)
        # Joined without the talk, which is tested elsewhere and takes its time.
        with house.app.database.transaction() as db:
            for member in house.members.values():
                if member.role is not Role.GUARDIAN:
                    bind(db, member.person_id, member.address, clock)
        return house

    yield make
    for house in opened:
        house.close()


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    return await open_house()


def bind(db: Session, person_id: int, address: str, clock: SetClock) -> Account:
    """Give somebody a chat in which they can be reached."""
    speaker = chats.open_account(db, "fake", address, "zh", clock.now())
    account = db.get(Account, speaker.account_id)
    assert account is not None
    account.person_id = person_id
    db.flush()
    return account


@pytest.fixture
def operator(clock: SetClock) -> Operator:
    return Operator(clock.now())


@pytest.fixture
def db(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.transaction() as session:
        yield session


Enrol = Callable[..., Membership]


@pytest.fixture
def cohort(db: Session, operator: Operator) -> Cohort:
    return roster.create_cohort(db, operator, "shanxi-2026", "示例一期")


@pytest.fixture
def enrol(db: Session, operator: Operator, cohort: Cohort) -> Enrol:
    """Puts somebody new on the roster."""

    def add(name: str, role: Role, school: str = "", grade: str = "", into: int = 0) -> Membership:
        unit_id = None
        if school:
            kind = roster.UNIT_OF[role][0]
            unit = roster.find_unit(db, kind, school) or roster.add_unit(
                db, operator, kind, school
            )
            unit_id = unit.id
        person = roster.add_person(db, operator, name)
        member, _ = roster.add_member(
            db,
            operator,
            into or cohort.id or 0,
            person.id or 0,
            role,
            unit_id=unit_id,
            grade=grade,
        )
        return member

    return add


def hand_in(db: Session, student: Membership, clock: SetClock, day: date) -> HandedIn:
    """A student hands a session of that day in, now."""
    body = SessionBody(
        day=day, minutes=90, place="on_campus", kind="research", people=("王建国",), what="实验"
    )
    actor = Actor(student.person_id, None, clock.now())
    return records.hand_in(
        db, actor, learner_at(db, student.id or 0), RecordKind.SESSION, body, day=day
    )


def write_diary(
    db: Session,
    student: Membership,
    clock: SetClock,
    *,
    about: HandedIn | Record | None = None,
    period: str = "",
) -> HandedIn:
    """A student hands in the diary of a session, or of a stage."""
    return records.hand_in(
        db,
        Actor(student.person_id, None, clock.now()),
        learner_at(db, student.id or 0),
        RecordKind.DIARY,
        WritingBody(parts=("有收获",)),
        day=about.day if about else clock.now().date(),
        about_id=about.id if about else None,
        period=period,
    )


def bring(db: Session, student: Membership, clock: SetClock, material: str) -> HandedIn:
    """A student hands in one of the final materials; its file does not matter here."""
    return records.hand_in(
        db,
        Actor(student.person_id, None, clock.now()),
        learner_at(db, student.id or 0),
        RecordKind.MATERIAL,
        MaterialBody(title="题目", abstract="做了什么，得到了什么"),
        day=clock.now().date(),
        period=material,
    )


def decide(
    db: Session, mentor: Membership, clock: SetClock, record: HandedIn, reason: str = ""
) -> None:
    actor = Actor(mentor.person_id, None, clock.now())
    records.review(db, actor, record.id, record.version, approve=not reason, reason=reason)


def audits(db: Session, verb: str) -> list[Audit]:
    return list(db.exec(select(Audit).where(Audit.verb == verb)))


def days_ago(clock: SetClock, days: int) -> date:
    return (clock.now() - timedelta(days=days)).date()


# ---------------------------------------------------------------- the command line


Yingcai = Callable[..., str]


@pytest.fixture
def url(new_database: NewDatabase) -> str:
    return new_database("sqlite")


@pytest.fixture
def stored(url: str) -> Iterator[Database]:
    """What the commands leave behind."""
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def run(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: SetClock
) -> Callable[..., Result]:
    monkeypatch.setattr(desk, "CLOCK", clock)
    monkeypatch.setenv("YINGCAI_DATABASE_URL", url)
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(tmp_path / "data"))
    return lambda *words, **extra: CliRunner().invoke(
        app, [*map(str, words)], prog_name="yingcai", **extra
    )


@pytest.fixture
def yingcai(run: Callable[..., Result]) -> Yingcai:
    """Runs a command that succeeds; gives what it says."""

    def succeed(*words: object, **extra: Any) -> str:
        result = run(*words, **extra)
        assert result.exit_code == 0, result.output
        return result.stdout

    return succeed


@pytest.fixture
def fails(run: Callable[..., Result]) -> Yingcai:
    """Runs a command that fails, as every failure should look; gives its sentence."""

    def fail(*words: object, **extra: Any) -> str:
        result = run(*words, **extra)
        assert result.exit_code == 2, result.output
        assert isinstance(result.exception, SystemExit)
        assert len(result.stderr.strip().split("\n")) == 1
        return result.stderr

    return fail


def rows(yingcai: Yingcai, *words: object) -> Any:
    return json.loads(yingcai(*words, "--json"))

"""A house whose office sends bulletins: everybody but the guardian has joined."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.talk.clock import SetClock
from storage.tables import (
    Bulletin,
    BulletinRecipient,
    Membership,
    Person,
    RecipientState,
    Role,
    Unit,
    UnitKind,
)
from tests.conftest import NewDatabase
from tests.house import House, Member
from tests.staff.conftest import bind


@pytest.fixture
async def house(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[House]:
    house = await House.open(new_database("sqlite"), tmp_path, clock)
    await house.populate()
    with house.app.database.transaction() as db:
        for member in house.members.values():
            if member.role is not Role.GUARDIAN:
                bind(db, member.person_id, member.address, clock)
    yield house
    house.close()


def add(house: House, name: str, role: Role, unit: str = "", *, joined: bool = True) -> Member:
    """One more member of the cohort."""
    with house.app.database.transaction() as db:
        person = Person(name=name, created_at=house.clock.now())
        db.add(person)
        db.flush()
        place = Membership(
            cohort_id=1,
            person_id=person.id or 0,
            role=role,
            unit_id=unit_called(db, unit) if unit else None,
            grade="senior_1" if role is Role.STUDENT else "",
            created_at=house.clock.now(),
        )
        db.add(place)
        db.flush()
        if joined:
            bind(db, person.id or 0, f"chat-{name}", house.clock)
        member = Member(house, name, role, person.id or 0, place.id or 0, f"chat-{name}")
    house.members[name] = member
    return member


def unit_called(db: Session, name: str, kind: UnitKind = UnitKind.SCHOOL) -> int:
    """The unit of that name; a new one if there is none."""
    unit = db.exec(select(Unit).where(Unit.name == name)).first()
    if unit is None:
        unit = Unit(kind=kind, name=name)
        db.add(unit)
        db.flush()
    return unit.id or 0


async def write(office: Member, words: str, *, to: str = "学生", receipt: bool = True) -> None:
    """Write a bulletin as far as its preview."""
    await office.says("发通知")
    await office.says(words)
    await office.presses(to)
    if office.buttons and any("不再缩小" in label for label in office.buttons):
        await office.presses("不再缩小")
    await office.presses("要按“收到”" if receipt else "不用回执")
    await office.presses("看预览")


def only(house: House) -> Bulletin:
    """The only bulletin there is, or the latest."""
    with house.app.database.transaction() as db:
        return db.exec(select(Bulletin).order_by("id")).all()[-1]


def states(house: House) -> dict[str, RecipientState]:
    """What became of the latest bulletin, by the recipients' names."""
    with house.app.database.transaction() as db:
        rows = db.exec(
            select(Person.name, BulletinRecipient.state)
            .join(Person)
            .where(BulletinRecipient.bulletin_id == only_id(db))
        )
        return {name: RecipientState(state) for name, state in rows}


def only_id(db: Session) -> int:
    return db.exec(select(Bulletin.id).order_by("id")).all()[-1] or 0

"""A talk that lies open when its answers may not be kept any more takes none of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from storage.tables import Guardianship, Person, StoredTalk
from tests.conftest import NewDatabase
from tests.house import House, Member
from tests.staff.conftest import bind

OVER = "不能再保存"


@pytest.fixture
async def house(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[House]:
    """林小雨 is twelve, and 林大海 has consented."""
    house = await House.open(new_database("sqlite"), tmp_path, clock)
    await house.populate()
    with house.app.database.transaction() as db:
        for name in ("林小雨", "王建国"):
            member = house.members[name]
            bind(db, member.person_id, member.address, clock)
        child = db.get(Person, house.members["林小雨"].person_id)
        assert child is not None
        child.birth_date = date(2014, 1, 1)
        link = db.exec(select(Guardianship)).one()
        link.consented_at = clock.now()
    yield house
    house.close()


def withdraw(house: House) -> None:
    """As if the guardian had withdrawn at this very moment, with the talk untouched."""
    with house.app.database.transaction() as db:
        db.exec(select(Guardianship)).one().withdrawn_at = house.clock.now()


def talks(house: House) -> int:
    with house.app.database.transaction() as db:
        return len(db.exec(select(StoredTalk)).all())


async def begun(house: House) -> Member:
    child = house.members["林小雨"]
    await child.says("记一次培养")
    await child.says("昨天")
    assert talks(house) == 1
    return child


async def test_what_is_said_to_it_is_not_kept(house: House) -> None:
    child = await begun(house)
    withdraw(house)
    said = await child.says("两小时")
    assert OVER in said
    assert talks(house) == 0
    # And no other is begun.
    again = await child.says("记一次培养")
    assert "同意" in again
    assert talks(house) == 0


async def test_nor_what_is_pressed(house: House) -> None:
    child = await begun(house)
    press = child.button("2小时")
    withdraw(house)
    assert OVER in await child.sends(Incoming(child.address, press=press))
    assert talks(house) == 0


async def test_nor_is_a_draft_taken_up(house: House) -> None:
    child = await begun(house)
    await child.says("菜单")
    press = child.button("继续")
    withdraw(house)
    assert OVER in await child.sends(Incoming(child.address, press=press))
    assert talks(house) == 0


async def test_a_press_of_nothing_we_know_is_refused(house: House) -> None:
    mentor = house.members["王建国"]
    for press in ("a:fly:1", "x:1", "q:1:2:3"):
        assert "什么也没有改动" in await mentor.sends(Incoming(mentor.address, press=press))

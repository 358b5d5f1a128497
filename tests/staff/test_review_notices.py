"""A mentor is told of what waits for them, and of nothing that has been settled before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import cast

import pytest
from sqlmodel import Session, select

from bot.talk.acting import Actor, Operator
from bot.talk.clock import SetClock
from services import records, roster
from services.records import HandedIn, SessionBody
from storage.tables import Membership, Outbox
from tests.house import House
from tests.staff.conftest import days_ago, hand_in

MENTOR, TEAM = "王建国", "李青"

Then = Callable[[Session, House, HandedIn], object]


def member(db: Session, house: House, name: str) -> Membership:
    return cast(Membership, db.get(Membership, house.members[name].membership_id))


def actor(house: House, name: str) -> Actor:
    return Actor(house.members[name].person_id, None, house.clock.now())


def handed_in(db: Session, house: House, clock: SetClock) -> HandedIn:
    return hand_in(db, member(db, house, "林小雨"), clock, days_ago(clock, 2))


async def told(house: House, name: str) -> int:
    """How many notices somebody is shown once delivery has had its turn."""
    await house.app.delivery.drain()
    return len(house.members[name].unread())


def withdraw(db: Session, house: House, entry: HandedIn) -> object:
    return records.withdraw(db, actor(house, "林小雨"), entry.id, entry.version)


def approve(db: Session, house: House, entry: HandedIn) -> object:
    return records.review(db, actor(house, TEAM), entry.id, entry.version, approve=True)


def send_back(db: Session, house: House, entry: HandedIn) -> object:
    return records.review(
        db, actor(house, TEAM), entry.id, entry.version, approve=False, reason="写详细些"
    )


def leave(db: Session, house: House, _entry: HandedIn) -> object:
    left = member(db, house, MENTOR).id or 0
    return roster.end_member(db, Operator(house.clock.now()), left, "换导师")


async def test_what_waits_is_told_to_everybody_who_may_review_it(
    house: House, clock: SetClock
) -> None:
    with house.app.database.transaction() as db:
        handed_in(db, house, clock)
    assert (await told(house, MENTOR), await told(house, TEAM)) == (1, 1)


@pytest.mark.parametrize("then", [withdraw, approve, send_back, leave])
async def test_what_was_settled_before_it_was_told_is_not_told(
    house: House, clock: SetClock, then: Then
) -> None:
    with house.app.database.transaction() as db:
        entry = handed_in(db, house, clock)
        then(db, house, entry)
    assert await told(house, MENTOR) == 0
    with house.app.database.transaction() as db:
        key = f"review:{entry.id}:1:"
        states = [r.state for r in db.exec(select(Outbox)) if (r.key or "").startswith(key)]
    # Whoever has left keeps nothing of it, told or not.
    assert sorted(states) == (["sent"] if then is leave else ["dropped", "dropped"])


async def test_of_two_versions_the_one_that_waits_is_told(house: House, clock: SetClock) -> None:
    with house.app.database.transaction() as db:
        entry = handed_in(db, house, clock)
        day: date = entry.day
        body = SessionBody(
            day=day, minutes=60, place="online", kind="research", people=(MENTOR,), what="改过"
        )
        records.amend(db, actor(house, "林小雨"), entry.id, 1, body, day=day)
    assert await told(house, MENTOR) == 1
    assert "课题研究 1小时" in str(house.members[MENTOR].unread())

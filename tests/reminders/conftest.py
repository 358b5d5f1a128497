"""A house in which days pass: the clock is moved, ticks, and what people are told is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlmodel import Session, col, select

from bot.talk.acting import Actor
from bot.talk.clock import SetClock
from prompts import BEIJING
from services import records
from services.access import learner_at
from services.records import HandedIn, SessionBody, WritingBody
from storage.tables import Account, Membership, RecordKind, Reminder, ReminderState, Role
from tests.conftest import NewDatabase
from tests.house import House
from tests.staff.conftest import bind

STUDENT, MENTOR, TEAM, TEACHER, OFFICE = "林小雨", "王建国", "李青", "郭老师", "管小青"


def beijing(day: str, at: str = "12:00") -> datetime:
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(at), BEIJING)


@dataclass
class Days:
    """A house, and its days."""

    house: House

    @property
    def clock(self) -> SetClock:
        return self.house.clock

    async def tick(self, *, deliver: bool = True) -> None:
        await self.house.app.remind()
        if deliver:
            await self.house.app.delivery.drain()
            await self.house.app.remind()  # sees what became of it

    async def at(self, day: str, at: str = "19:30", *, night: bool = True) -> dict[str, str]:
        """Let that moment come, and tick; what was told then, by name. With `night`, it ticks just
        after midnight as well, as it does where nothing is out of order."""
        for member in self.house.members.values():
            member.reads()
        if night and self.clock.moment < (midnight := beijing(day, "00:01")):
            self.clock.moment = midnight
            await self.tick()
        self.clock.moment = beijing(day, at)
        await self.tick()
        return {name: one.reads() for name, one in self.house.members.items() if one.unread()}

    async def until(self, day: str, at: str = "19:30") -> list[tuple[str, str]]:
        """Let every day come up to that one, and tick on each: (day, name) of what was told."""
        told = []
        last = beijing(day, at)
        while self.clock.moment < last:
            day_before = self.clock.moment.astimezone(BEIJING).date()
            following = (day_before + timedelta(days=1)).isoformat()
            told += [(following, name) for name in await self.at(following, at)]
        return told

    def member(self, db: Session, name: str) -> Membership:
        return cast(Membership, db.get(Membership, self.house.members[name].membership_id))

    def actor(self, name: str) -> Actor:
        return Actor(self.house.members[name].person_id, None, self.clock.now())

    def session(self, day: str, name: str = STUDENT, place: str = "on_campus") -> HandedIn:
        """A student hands in a session of that day, now."""
        on = date.fromisoformat(day)
        body = SessionBody(
            day=on, minutes=90, place=place, kind="research", people=(MENTOR,), what="实验"
        )
        with self.house.app.database.transaction() as db:
            me = learner_at(db, self.member(db, name).id or 0)
            return records.hand_in(db, self.actor(name), me, RecordKind.SESSION, body, day=on)

    def diary(self, about: HandedIn, name: str = STUDENT) -> HandedIn:
        with self.house.app.database.transaction() as db:
            return records.hand_in(
                db,
                self.actor(name),
                learner_at(db, self.member(db, name).id or 0),
                RecordKind.DIARY,
                WritingBody(parts=("有收获",)),
                day=about.day,
                about_id=about.id,
            )

    def approve(self, entry: HandedIn, name: str = MENTOR) -> None:
        with self.house.app.database.transaction() as db:
            records.review(db, self.actor(name), entry.id, entry.version, approve=True)

    def withdraw(self, entry: HandedIn, name: str = STUDENT) -> None:
        with self.house.app.database.transaction() as db:
            records.withdraw(db, self.actor(name), entry.id, entry.version)

    def block(self, name: str, *, reachable: bool = False) -> None:
        with self.house.app.database.transaction() as db:
            for account in db.exec(
                select(Account).where(Account.person_id == self.house.members[name].person_id)
            ):
                account.reachable = reachable
                db.add(account)

    def rows(self, name: str = STUDENT, state: ReminderState | None = None) -> list[Reminder]:
        with self.house.app.database.transaction() as db:
            person = self.house.members[name].person_id
            rows = db.exec(
                select(Reminder).where(Reminder.person_id == person).order_by(col(Reminder.id))
            )
            return [row for row in rows if state is None or row.state is state]


OpenDays = Callable[..., Awaitable[Days]]


@pytest.fixture
async def open_days(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[OpenDays]:
    """Opens a house of a programme on a day, in which everybody but the guardian has joined."""
    opened: list[House] = []

    async def make(day: str = "2026-03-02", programme: str = "shanxi-2026", url: str = "") -> Days:
        clock.moment = beijing(day)
        house = await House.open(url or new_database("sqlite"), tmp_path, clock)
        opened.append(house)
        await house.populate(programme)
        with house.app.database.transaction() as db:
            for member in house.members.values():
                if member.role is not Role.GUARDIAN:
                    bind(db, member.person_id, member.address, clock)
        return Days(house)

    yield make
    for house in opened:
        house.close()


@pytest.fixture
async def days(open_days: OpenDays) -> Days:
    return await open_days()

"""Plays the rest of a cohort's cycle on a copy of the database, where nobody does anything.

So everything is said that can be said: what people do in the real year only makes it less. The
copy is made as a backup is made and restored, whichever database is the real one; it is deleted
afterwards, and nothing leaves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.main import App
from app.rehearsal.findings import Rehearsal, read
from app.settings import Settings, WebSettings
from app.simulation.play import AFTER
from bot.platforms.fake import FakePlatform
from bot.talk.clock import SetClock, beijing_day
from services.access import LEARNERS
from services.packs import load
from services.reminder_times import MORNING, USUAL_MINUTE, at_minute
from storage import backup
from storage.tables import (
    Account,
    Cohort,
    Membership,
    Outbox,
    ReminderSettings,
    SendState,
    table,
)

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played."""

    first: date
    last: date
    minutes: tuple[int, ...]
    """Minutes of each day at which the clock ticks."""
    absent: frozenset[int]
    """Persons who have not joined: they are told here as if they had."""


async def rehearse(database_url: str, cohort_id: int, now: datetime) -> Rehearsal:
    """Play from now, or from the first day of the cycle if that is to come, until after its last.

    The database must have this version's schema. Raises what making a backup raises.
    """
    with TemporaryDirectory(prefix="yingcai-rehearsal-") as name:
        folder = Path(name)
        copy = _copied(database_url, folder, now)
        clock = SetClock(now)
        app = App(
            Settings(database_url=copy, data_dir=folder, web=WebSettings(enabled=False)),
            clock,
            {"fake": FakePlatform()},
            clock.seconds,
        )
        try:
            plan = await app.database.run(_prepared, cohort_id, now)
            await _played(app, clock, plan)
            return await app.database.run(read, cohort_id, plan.first, plan.last, now, plan.absent)
        finally:
            app.close()


def _copied(database_url: str, folder: Path, now: datetime) -> str:
    """Copy the rows into a database of its own, without the kept files; returns its address."""
    archive, nowhere = folder / "rows.zip", folder / "files"
    copy = f"sqlite:///{folder / 'rehearsal.db'}"
    backup.backup(database_url, nowhere, archive, now)
    backup.restore(archive, copy, nowhere)
    archive.unlink()
    return copy


def _prepared(db: Session, cohort_id: int, now: datetime) -> Plan:
    """Make the copy harmless and whole: every message goes to a messenger in memory, those who
    have not joined are told as if they had, and no other cohort is reminded of anything."""
    cohort = cast(Cohort, db.get(Cohort, cohort_id))
    cycle = load(cohort.programme).cycle
    first = max(beijing_day(now), cycle.first_day)
    last = cycle.last_day_played + AFTER
    account, outbox = table(Account), table(Outbox)
    connection = db.connection()
    connection.execute(
        outbox.update()
        .where(outbox.c.state.in_([SendState.WAITING, SendState.SENDING]))
        .values(state=SendState.DROPPED)
    )
    address = sa.literal("chat-") + sa.cast(account.c.id, sa.String)
    connection.execute(account.update().values(platform="fake", address=address, reachable=True))
    places = select(col(Membership.person_id)).where(
        Membership.cohort_id == cohort_id, col(Membership.ended_at).is_(None)
    )
    joined = set(db.exec(select(Account.person_id)))
    absent = set(db.exec(places)) - joined
    connection.execute(
        sa.update(table(Membership))
        .where(col(Membership.role).in_(LEARNERS), col(Membership.cohort_id) != cohort_id)
        .values(ended_at=now)
    )
    db.add_all(
        Account(platform="fake", address=f"person-{one}", person_id=one, created_at=now)
        for one in sorted(absent)
    )
    minutes = {MORNING.hour * 60, USUAL_MINUTE, *db.exec(select(ReminderSettings.minute))}
    return Plan(first, last, tuple(sorted(minutes)), frozenset(absent))


async def _played(app: App, clock: SetClock, plan: Plan) -> None:
    for moment in _moments(plan.first, plan.last, plan.minutes):
        if moment < clock.now():
            continue
        clock.moment = moment
        await app.remind()
        await app.delivery.drain()


def _moments(first: date, last: date, minutes: Iterable[int]) -> Iterator[datetime]:
    """When the clock ticks: each day, whenever somebody may be told."""
    day = first
    while day <= last:
        for minute in minutes:
            yield at_minute(day, minute).astimezone(UTC)
        day += DAY

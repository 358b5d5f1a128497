"""Plays the rest of a cohort's cycle on a copy of the database, where nobody does anything.

So everything is said that can be said: what people do in the real year only makes it less. The
copy is made as a backup is made and restored, whichever database is the real one; it is deleted
afterwards, and nothing leaves it. For a chat it is played by another process, so that nobody
waits: `python -m jobs.rehearsals`, with what it is told on stdin.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from bot.inbox import Job, Order
from bot.talk.acting import Actor, Refused
from bot.talk.clock import Clock, SetClock, beijing_day
from jobs import rehearsal_table
from jobs.apart import told_by
from jobs.ticking import tick
from programmes import catalogue
from prompts import language_named, render, t
from services import persons, rehearsals
from services.access import LEARNERS
from services.packs import load
from services.rehearsals import Rehearsal, read
from services.reminder_times import MORNING, USUAL_MINUTE, at_minute
from services.standing import Due
from storage import backup
from storage.database import Database, do_not_wait
from storage.files import FileStore, safe_name
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
AFTER: Final = 21 * DAY
"""It is played until so long after the cycle has ended."""
SECONDS: Final = 150
"""Time limit for playing it for a chat, in seconds."""
PLAYED: Final = b"played"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played."""

    first: date
    last: date
    minutes: tuple[int, ...]
    """Minutes of each day at which the clock ticks."""
    absent: frozenset[int]
    """Persons who have not joined: they are told here as if they had."""
    reached: frozenset[int]
    """Everybody whom a message reaches here."""

    def say(
        self, db: Session, now: datetime, person_id: int, bundle_id: int, due: Sequence[Due]
    ) -> bool:
        """Instead of writing and sending a message: what is noted of it is all that is wanted."""
        return person_id in self.reached


async def rehearse(database_url: str, cohort_id: int, now: datetime) -> Rehearsal:
    """Play from now, or from the first day of the cycle if that is to come, until after its last.

    The database must have this version's schema. Raises what making a backup raises.
    """
    with TemporaryDirectory(prefix="yingcai-rehearsal-") as name:
        clock = SetClock(now)
        database = Database(_copied(database_url, Path(name), now))
        do_not_wait(database)
        try:
            plan = await database.run(_prepared, cohort_id, now)
            for moment in _moments(plan.first, plan.last, plan.minutes):
                if moment < now:
                    continue
                clock.moment = moment
                await tick(database, clock, plan.say)
            return await database.run(read, cohort_id, plan.first, plan.last, now, plan.absent)
        finally:
            database.close()


def _copied(database_url: str, folder: Path, now: datetime) -> str:
    """Copy the rows into a database of its own, without the kept files; returns its address."""
    archive, nowhere = folder / "rows.zip", folder / "files"
    copy = f"sqlite:///{folder / 'rehearsal.db'}"
    backup.backup(database_url, nowhere, archive, now)
    backup.restore(archive, copy, nowhere)
    archive.unlink()
    return copy


def _prepared(db: Session, cohort_id: int, now: datetime) -> Plan:
    """Make the copy whole: what waited to be sent is dropped, those who have not joined are told
    as if they had, and no other cohort is reminded of anything."""
    cohort = cast(Cohort, db.get(Cohort, cohort_id))
    cycle = load(cohort.programme).cycle
    first = max(beijing_day(now), cycle.first_day)
    last = cycle.last_day_played + AFTER
    outbox = table(Outbox)
    connection = db.connection()
    connection.execute(
        outbox.update()
        .where(outbox.c.state.in_([SendState.WAITING, SendState.SENDING]))
        .values(state=SendState.DROPPED)
    )
    places = select(col(Membership.person_id)).where(
        Membership.cohort_id == cohort_id, col(Membership.ended_at).is_(None)
    )
    joined = {person for person in db.exec(select(Account.person_id)) if person is not None}
    absent = set(db.exec(places)) - joined
    connection.execute(
        sa.update(table(Membership))
        .where(col(Membership.role).in_(LEARNERS), col(Membership.cohort_id) != cohort_id)
        .values(ended_at=now)
    )
    minutes = {MORNING.hour * 60, USUAL_MINUTE, *db.exec(select(ReminderSettings.minute))}
    everybody = frozenset(joined | absent)
    return Plan(first, last, tuple(sorted(minutes)), frozenset(absent), everybody)


def _moments(first: date, last: date, minutes: Iterable[int]) -> Iterator[datetime]:
    """When the clock ticks: each day, whenever somebody may be told."""
    day = first
    while day <= last:
        for minute in minutes:
            yield at_minute(day, minute).astimezone(UTC)
        day += DAY


# ---------------------------------------------------------------- for a chat


def make_rehearsal(database: Database, store: FileStore, clock: Clock, packs: Path) -> Job:
    """The job `make_rehearsal`: returns the rehearsal in short, and the number of its table."""
    one_at_a_time = asyncio.Lock()

    async def make(order: Order) -> dict[str, Any]:
        actor, cohort_id = Actor(order.person_id or 0, None, clock.now()), order.args["cohort"]
        language = await database.run(persons.language_of, order.person_id)
        try:
            await database.run(rehearsals.cohort_for, actor, cohort_id)
        except Refused as refused:
            return {"refused": render(refused.words, language)}
        told = {
            "database": database.url.render_as_string(hide_password=False),
            "packs": str(packs),
            "cohort": cohort_id,
            "now": actor.now.isoformat(),
            "language": language,
        }
        try:
            async with one_at_a_time:
                how, what = await told_by(__name__, json.dumps(told).encode(), SECONDS)
        except TimeoutError:
            return {"refused": render(t("rehearsal.too_long", cohort=cohort_id), language)}
        if how != PLAYED:
            log.error("rehearsal_failed", cohort=cohort_id)
            return {"refused": render(t("rehearsal.not_made"), language)}
        short, _, table = what.partition(b"\n")
        found = json.loads(short)
        sha256 = await asyncio.to_thread(store.keep, table)
        name, until = safe_name(found.pop("name"), "xlsx"), actor.now + rehearsals.LIFE
        file = await database.run(_keep, actor, cohort_id, sha256, len(table), name, until)
        return {"file": file, "found": found}

    return make


def _keep(
    db: Session,
    actor: Actor,
    cohort_id: int,
    sha256: str,
    size: int,
    name: str,
    until: datetime,
) -> int:
    rehearsals.cohort_for(db, actor, cohort_id)
    rehearsals.note_made(db, actor, cohort_id)
    return persons.keep_made(db, actor, sha256, size, name, until)


def main() -> None:
    """Play what stdin tells; the first line of stdout says that it was played, the second tells it
    in short, and the rest is the table."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    told = json.loads(sys.stdin.buffer.read())
    catalogue.use(Path(told["packs"]))
    now, language = datetime.fromisoformat(told["now"]), language_named(told["language"])
    found = asyncio.run(rehearse(told["database"], told["cohort"], now))
    short = rehearsals.in_short(found, language).model_dump(mode="json")
    short["name"] = rehearsals.file_name(found, language)
    table = rehearsal_table.table(found, language)
    sys.stdout.buffer.write(b"\n".join((PLAYED, json.dumps(short).encode(), table)))


if __name__ == "__main__":
    main()

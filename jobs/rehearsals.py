"""Plays the rest of a cohort's cycle on a copy of the database, where nobody does anything.

So everything is said that can be said: what people do in the real year only makes it less. The
copy is made as a backup is made and restored, whichever database is the real one; it is deleted
afterwards, and nothing leaves it. For a chat it is played by another process, so that nobody
waits: `python -m jobs.rehearsals`, with what it is told on stdin.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from bot.inbox import Job, Order
from bot.talk.acting import Actor, Refused
from bot.talk.clock import Clock, SetClock, beijing_day
from bot.talk.message import Message
from bot.worker import IDLE, Trouble, Worker, end
from jobs import rehearsal_table
from jobs.apart import STEP, told_in_steps
from jobs.ticking import tick
from programmes import catalogue
from prompts import Language, Words, language_named, render, t
from services import persons, rehearsals
from services.access import LEARNERS, cohorts_for
from services.packs import load
from services.rehearsal_card import not_made, progress, result
from services.rehearsals import Rehearsal, RehearsalInShort, RehearsalOrder, read
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
SILENT: Final = 300
"""Seconds without a word after which what is played for a chat is given up."""
LOOKING: Final = 1.0
"""Seconds between two looks how far it is, and whether it has been stopped."""
PARTS: Final = 10
"""In so many parts its progress is shown."""
POLITE: Final = 5
"""By how much it stands back for those who chat."""
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


async def rehearse(
    database_url: str,
    cohort_id: int,
    now: datetime,
    step: Callable[[int, int], None] = lambda done, of: None,
) -> Rehearsal:
    """Play from now, or from the first day of the cycle if that is to come, until after its last;
    `step` is told of each day how many are over, of how many.

    The database must have this version's schema. Raises what making a backup raises.
    """
    with TemporaryDirectory(prefix="yingcai-rehearsal-") as name:
        clock = SetClock(now)
        database = Database(_copied(database_url, Path(name), now))
        do_not_wait(database)
        try:
            plan = await database.run(_prepared, cohort_id, now)
            days = (plan.last - plan.first).days + 1
            for day in range(days):
                for minute in plan.minutes:
                    if (moment := _at(plan.first + day * DAY, minute)) >= now:
                        clock.moment = moment
                        await tick(database, clock, plan.say)
                step(day + 1, days)
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


def _at(day: date, minute: int) -> datetime:
    return at_minute(day, minute).astimezone(UTC)


# ---------------------------------------------------------------- for a chat


class Rehearser(Worker):
    """The worker that plays what offices have ordered in chats, one after the other, each in a
    process of its own; and shows how far it is."""

    name = "rehearsing"

    def __init__(
        self,
        database: Database,
        store: FileStore,
        clock: Clock,
        packs: Path,
        said: Callable[[], None],
    ) -> None:
        super().__init__()
        self._database = database
        self._store = store
        self._clock = clock
        self._packs = packs
        self._said = said
        self._unplayed = Trouble("rehearsal_not_played")

    async def take_up(self) -> None:
        """Do nothing: an order that was broken off waits still."""

    async def turn(self) -> float:
        """Begin to play what waits, beside the turns: it may take minutes."""
        if not self._tasks:
            waiting = await self._database.run(rehearsals.orders)
            if waiting:
                self.start(self._try(waiting[0]))
        return IDLE

    async def _try(self, order: RehearsalOrder) -> None:
        try:
            await self._carry_out(order)
            self._unplayed.over()
        except Exception as error:  # the order waits, and is tried again
            await asyncio.sleep(self._unplayed.meet(error, order=order.id))

    async def _carry_out(self, order: RehearsalOrder) -> None:
        run = self._database.run
        try:
            cohort, language = await run(_of_order, order)
            played = await self._played(order, cohort, language)
            if played is None:
                return  # it was stopped, and whoever did so was told
            found, table = played
            sha256 = await asyncio.to_thread(self._store.keep, table)
            size = len(table)
            told = partial(_result, order, cohort, found, sha256, size, self._clock.now())
        except Refused as refused:
            told = partial(_nothing, refused.words, order)
        except NotPlayed as why:
            log.error("rehearsal_failed", cohort=order.cohort, why=str(why))
            told = partial(_nothing, t("rehearsal.not_made"), order)
        await run(_end, order, told, self._clock.now())
        self._said()

    async def _played(
        self, order: RehearsalOrder, cohort: Cohort, language: Language
    ) -> tuple[dict[str, Any], bytes] | None:
        """What was found, in short and as a table; `None` if it was stopped meanwhile. Raises
        `NotPlayed`."""
        at = [0, 0]

        def step(line: bytes) -> None:
            at[:] = map(int, line.split())

        told = {
            "database": self._database.url.render_as_string(hide_password=False),
            "packs": str(self._packs),
            "cohort": order.cohort,
            "now": self._clock.now().isoformat(),
            "language": language,
        }
        playing = asyncio.create_task(
            told_in_steps(__name__, json.dumps(told).encode(), SILENT, step)
        )
        try:
            while not playing.done():
                await asyncio.wait([playing], timeout=LOOKING)
                if not await self._database.run(rehearsals.lasts, order.id):
                    return None
                if at[1] and not playing.done():
                    part = PARTS * at[0] // at[1]
                    shown = progress(order.id, cohort.name, *at)
                    await self._database.run(
                        rehearsals.show, order, shown, str(part), self._clock.now()
                    )
                    self._said()
        finally:
            await end(playing)
        try:
            how, what = playing.result()
        except TimeoutError:
            raise NotPlayed("it said nothing more") from None
        if how != PLAYED:
            raise NotPlayed("it ended without a word")
        short, _, table = what.partition(b"\n")
        return json.loads(short), table


class NotPlayed(Exception):
    """A rehearsal came to nothing."""


def _of_order(db: Session, order: RehearsalOrder) -> tuple[Cohort, Language]:
    """The cohort, and whoever ordered it in which language. Raises `Refused`."""
    cohort = rehearsals.cohort_for(db, order.actor, order.cohort)
    return cohort, persons.language_of(db, order.actor.person_id)


def _end(
    db: Session, order: RehearsalOrder, told: Callable[[Session], Message], now: datetime
) -> None:
    """Show what came of an order, unless it has been stopped; nothing to who may no longer see
    it."""
    if not rehearsals.end(db, order.actor, order.id):
        return
    try:
        said = told(db)
    except Refused as refused:
        said = _nothing(refused.words, order, db)
    rehearsals.show(db, order, said, "result", now)


def _nothing(why: Words, order: RehearsalOrder, _: Session) -> Message:
    return not_made(why, order.cohort)


def _result(
    order: RehearsalOrder,
    cohort: Cohort,
    found: dict[str, Any],
    sha256: str,
    size: int,
    now: datetime,
    db: Session,
) -> Message:
    """The card of what was found, with its table, which whoever ordered it alone can open."""
    _, *others = cohorts_for(db, order.actor, rehearsals.ACT, order.cohort)
    until = now + rehearsals.LIFE
    name = safe_name(found.pop("name"), "xlsx")
    file = persons.keep_made(db, order.actor, sha256, size, name, until)
    return result(cohort, others, RehearsalInShort.model_validate(found), file, until)


def make_rehearsal(database: Database, clock: Clock, wake: Callable[[], None]) -> Job:
    """The job `make_rehearsal`: notes an order, and has it played; returns its number."""

    async def note(order: Order) -> dict[str, Any]:
        actor = Actor(order.person_id or 0, order.args["account"], clock.now())
        try:
            made = await database.run(rehearsals.order, actor, order.args["cohort"])
        except Refused as refused:
            language = await database.run(persons.language_of, order.person_id)
            return {"refused": render(refused.words, language)}
        wake()
        return {"order": made.id}

    return note


def main() -> None:
    """Play what stdin tells. Lines of stdout tell how far it is; then one says that it was played,
    the next tells it in short, and the rest is the table."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    os.nice(POLITE)
    told = json.loads(sys.stdin.buffer.read())
    catalogue.use(Path(told["packs"]))
    now, language = datetime.fromisoformat(told["now"]), language_named(told["language"])
    found = asyncio.run(rehearse(told["database"], told["cohort"], now, _say_step))
    short = rehearsals.in_short(found, language).model_dump(mode="json")
    short["name"] = rehearsals.file_name(found, language)
    table = rehearsal_table.table(found, language)
    sys.stdout.buffer.write(b"\n".join((PLAYED, json.dumps(short).encode(), table)))


def _say_step(done: int, of: int) -> None:
    sys.stdout.buffer.write(STEP + f"{done} {of}\n".encode())
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

"""One campaign, and what it found."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text

from benchmarks.house import populate
from benchmarks.script import MENTOR
from storage import migrate
from storage.database import Database
from tests.telegram.bot_api import TOKEN, Person, Shown, until
from tests.torture.child import MOMENT
from tests.torture.hostile import CALM, RATE, Hostile, Malice

PATIENCE = 8.0
"""Seconds after which somebody says something else: what they wait for may never come."""
DRAINED = 240.0
"""Seconds in which all that waits must be sent, once nothing is hostile any more; besides as many
as the campaign took, for pauses between tries grow to that."""
SUBMIT = "提交"


@dataclass(frozen=True)
class Plan:
    """What a campaign does."""

    seed: int = 1
    seconds: float = 300.0
    people: int = 40
    driver: str = "ptb"
    malice: Malice = CALM
    kills: bool = False
    clock_jumps: bool = False
    one_unserved: bool = False
    """What one person is told is never served."""
    only_menu: bool = False
    """People only open their menu: for measuring."""
    code: Path | None = None
    """Another version of the program, to be compared."""


@dataclass
class Report:
    """What a campaign found."""

    plan: Plan
    updates: int = 0
    shown: int = 0
    kills: int = 0
    jumps: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    seconds: float = 0.0
    rate: float = 0.0
    most_in_a_second: int = 0
    sends: Counter[str] = field(default_factory=Counter)
    records: int = 0
    lost_updates: int = 0
    """Confirmed, and not in the database or not handled."""
    lost_messages: int = 0
    """Held to be sent, and never shown."""
    shown_twice: int = 0
    doubled_records: int = 0
    lost_records: int = 0
    """Their receipt was shown, and they are not there."""
    left: int = 0
    """Messages that still wait at the end."""
    unknown_shown: int = 0
    """Of those whose fate is unknown, how many were shown."""

    @property
    def sound(self) -> bool:
        return not (
            self.lost_updates
            or self.lost_messages
            or self.shown_twice
            or self.doubled_records
            or self.lost_records
            or self.left
        )

    def lines(self) -> Iterator[str]:
        plan = self.plan
        yield f"seed {plan.seed}, {plan.driver}, {plan.people} people, {self.seconds:.0f} s"
        yield f"updates {self.updates}, messages shown {self.shown}"
        yield f"kills {self.kills}, clock set back or forth {self.jumps} times"
        yield f"faults: {dict(self.faults)}"
        yield f"sends by fate: {dict(self.sends)}, of the unknown {self.unknown_shown} were shown"
        yield f"rate {self.rate:.1f}/s, in any one second at the most {self.most_in_a_second} "
        yield f"  (Telegram takes {RATE})"
        if self.waits:
            ordered = sorted(self.waits)
            late = ordered[int(0.95 * len(ordered))]
            yield f"reply after {median(ordered):.3f} s (median), {late:.2f} s (95 %)"
        yield f"records {self.records}"
        yield f"lost: {self.lost_updates} updates, {self.lost_messages} messages, "
        yield f"  {self.lost_records} records; doubled: {self.doubled_records} records; "
        yield f"  shown twice: {self.shown_twice}; left waiting: {self.left}"


class Campaign:
    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.report = Report(plan)
        self._folder = folder
        self._whims = random.Random(plan.seed)
        self._telegram = Hostile(plan.seed, plan.malice)
        self._numbers = itertools.count(1)
        self._confirmed: set[str] = set()
        """Records whose receipt was shown, by what they say."""
        self._process: asyncio.subprocess.Process | None = None
        self._at_work = False
        """It has begun to poll, and reads its clock anew when it is told to."""

    async def run(self) -> Report:
        async with self._telegram as telegram:
            people = [telegram.person(f"学生{n}") for n in range(self.plan.people)]
            self._prepare(people)
            self._set_clock(0.0)
            await self._start()
            try:
                await self._act(people)
                await self._drain()
            finally:
                await self._stop()
        self._judge()
        return self.report

    # ---------------------------------------------------------------- the program

    def _prepare(self, people: list[Person]) -> None:
        database = Database(f"sqlite:///{self._folder / 'house.db'}")
        migrate.upgrade(database)
        with database.transaction() as db:
            populate(db, "telegram", len(people))
            for number, person in enumerate(people):
                db.connection().execute(
                    text("UPDATE account SET address = :chat WHERE id = :id"),
                    {"chat": str(person.id), "id": number + 1},
                )
            # Mentors are not there: their messages would find no chat.
            db.connection().execute(
                text("UPDATE account SET reachable = false WHERE id > :most"),
                {"most": len(people)},
            )
        database.close()

    def _set_clock(self, moved: float) -> None:
        to_then = MOMENT.timestamp() - self._began_at
        (self._folder / "clock.txt").write_text(str(to_then + moved))
        if self._process is not None and self._at_work:
            self._process.send_signal(signal.SIGUSR1)

    @property
    def _began_at(self) -> float:
        if not hasattr(self, "_at"):
            self._at = time.time()
        return self._at

    async def _start(self) -> None:
        base, code = self._telegram.base, self.plan.code
        log = (self._folder / "log.txt").open("ab")
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.torture.child", str(self._folder), base),
            *(self.plan.driver, TOKEN),
            stdout=log,
            stderr=log,
            cwd=code,
            env={**os.environ, "PYTHONPATH": str(code)} if code else None,
        )
        log.close()
        polls = len(self._telegram.calls_of("getUpdates"))
        await until(lambda: len(self._telegram.calls_of("getUpdates")) > polls, 60)
        self._at_work = True

    async def _stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(15):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    # ---------------------------------------------------------------- what is done to it

    async def _act(self, people: list[Person]) -> None:
        began = time.monotonic()
        self._end = began + self.plan.seconds
        async with asyncio.TaskGroup() as group:
            for number, person in enumerate(people):
                group.create_task(self._chat(person, number))
            if self.plan.kills:
                group.create_task(self._kill())
            if self.plan.clock_jumps:
                group.create_task(self._move_clock())
        self.report.seconds = time.monotonic() - began
        self.report.rate = self._telegram.seen.rate()
        self.report.shown = self._telegram.seen.shown.total() + len(self._telegram.seen.edited)
        self._telegram.malice = CALM
        self._telegram.unserved.clear()

    @property
    def _goes_on(self) -> bool:
        return time.monotonic() < self._end

    async def _kill(self) -> None:
        while self._goes_on:
            await asyncio.sleep(self._whims.uniform(2, 8))
            assert self._process is not None
            self._at_work = False
            self._process.kill()
            await self._process.wait()
            self.report.kills += 1
            with suppress(TimeoutError):
                await self._start()

    async def _move_clock(self) -> None:
        for moved in itertools.cycle((-3600.0, 0.0, -7200.0, -60.0)):
            await asyncio.sleep(self._whims.uniform(6, 15))
            if not self._goes_on:
                return
            self._set_clock(moved)
            self.report.jumps += 1

    async def _chat(self, person: Person, number: int) -> None:
        """One who says something as soon as the last was answered."""
        await asyncio.sleep(self._whims.uniform(0, 2))
        day = 0
        if self.plan.one_unserved and number == 0:
            self._telegram.unserved.add("编号0号")
        while self._goes_on:
            if self.plan.only_menu:
                await self._said(person, "菜单", "想做什么")
                continue
            day += 1
            self.what = next(self._numbers)
            what = f"编号{0 if self._cursed(number) else self.what}号实验"
            when = (MOMENT - timedelta(days=day % 180)).date()
            words = f"{when.month}月{when.day}日下午在校和{MENTOR}做了两小时{what}"
            card = await self._said(person, words, SUBMIT)
            if card is None or SUBMIT not in card.labels:
                await self._said(person, "菜单", "")
                continue
            receipt = await self._said(person, SUBMIT, "审核", press=True)
            if receipt is not None and what in card.text:
                self._confirmed.add(what)

    def _cursed(self, number: int) -> bool:
        return self.plan.one_unserved and number == 0

    async def _said(
        self, person: Person, words: str, answer: str, *, press: bool = False
    ) -> Shown | None:
        """Say or press something; the first answer, `None` if none came in time. It is noted how
        long that took."""
        began = time.monotonic()
        since = self._telegram.moment
        if press:
            try:
                person.presses(words)
            except AssertionError:
                return None
        else:
            person.says(words)
        while time.monotonic() - began < PATIENCE:
            for shown in reversed(person.chat[-6:]):
                if shown.by_bot and shown.moment > since:
                    self.report.waits.append(time.monotonic() - began)
                    fits = answer in shown.text or answer in shown.labels
                    return shown if fits else None
            await asyncio.sleep(0.01)
        return None

    async def _drain(self) -> None:
        """Nothing is hostile any more: all that waits must come."""
        if self._process is None or self._process.returncode is not None:
            await self._start()
        ended = time.monotonic() + DRAINED + self.plan.seconds
        while time.monotonic() < ended:
            await asyncio.sleep(0.5)
            if not self._telegram.pending and not self._waiting():
                return

    def _waiting(self) -> int:
        with self._rows() as db:
            updates = db.execute("SELECT count(*) FROM 'update' WHERE state = 'waiting'")
            messages = db.execute(
                "SELECT count(*) FROM outbox JOIN account ON account.id = account_id "
                "WHERE state IN ('waiting', 'sending') AND account.id <= ?",
                [self.plan.people],
            )
            return int(updates.fetchone()[0] + messages.fetchone()[0])

    @contextmanager
    def _rows(self) -> Iterator[sqlite3.Connection]:
        path = f"file:{self._folder / 'house.db'}?mode=ro"
        with closing(sqlite3.connect(path, uri=True, timeout=30)) as db:
            yield db

    # ---------------------------------------------------------------- what came of it

    def _judge(self) -> None:
        report, seen = self.report, self._telegram.seen
        report.faults = seen.faults
        report.most_in_a_second = seen.most_in_a_second()
        report.updates = len(self._telegram.history)
        report.left = self._waiting()
        with self._rows() as db:
            done = db.execute("SELECT key FROM 'update' WHERE state = 'done'")
            handled = {int(key) for (key,) in done}
            fates: list[Any] = db.execute(
                "SELECT outbox.id, state, body FROM outbox WHERE account_id <= ?",
                [self.plan.people],
            ).fetchall()
            said = Counter(
                what
                for (body,) in db.execute("SELECT body FROM record_version WHERE version = 1")
                for what in [_what(body)]
                if what
            )
        unconfirmed = {update["update_id"] for update in self._telegram.pending}
        everything = {update["update_id"] for update in self._telegram.history}
        report.lost_updates = len(everything - unconfirmed - handled)
        report.sends = Counter(state for _, state, _ in fates)
        visible = set(seen.shown) | seen.edited
        messages = [(row, state) for row, state, body in fates if '"commands"' not in body]
        report.lost_messages = sum(s == "sent" and row not in visible for row, s in messages)
        report.unknown_shown = sum(s == "unknown" and row in visible for row, s in messages)
        report.shown_twice = sum(count > 1 for count in seen.shown.values())
        report.records = said.total()
        report.doubled_records = sum(
            count > 1 for what, count in said.items() if "编号0号" not in what
        )
        report.lost_records = sum(not said[what] for what in self._confirmed)


def _what(body: str) -> str:
    at = body.find("编号")
    return body[at : body.find("验", at) + 1] if at >= 0 else ""


async def campaign(plan: Plan, folder: Path) -> Report:
    return await Campaign(plan, folder).run()

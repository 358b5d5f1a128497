"""A bulletin to many: nobody gets it twice, none is missed, nobody waits for it.

It is broken off at every turn in this process, killed for good as a program before a Telegram that
misbehaves, and sent to ten thousand within Telegram's limits. `pytest -s` prints the tallies.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.delivery import Delivery
from bot.platforms.contract import FateUnknown, TryLater, Unreachable
from bot.platforms.fake import UNLIMITED, FakePlatform, Shown
from bot.talk.acting import Actor
from bot.talk.clock import SetClock
from bot.talk.message import Outgoing
from jobs.bulletins import BulletinSender
from jobs.ticking import CONDITIONS
from services import bulletin_posts, bulletins
from services.addressing import Audience
from storage import chats, migrate
from storage.chats import Post
from storage.database import Database
from storage.tables import (
    Account,
    Bulletin,
    BulletinRecipient,
    BulletinState,
    Cohort,
    Lane,
    Membership,
    Outbox,
    Person,
    RecipientState,
    Role,
    Unit,
    UnitKind,
    table,
)
from tests.telegram.bot_api import TOKEN, until
from tests.torture.child import MOMENT
from tests.torture.hostile import CALM, Hostile, Malice

WORDS = "下周三的讲座改在物理楼。"
SENT, UNSURE, BLOCKED = RecipientState.SENT, RecipientState.UNSURE, RecipientState.BLOCKED


@dataclass(frozen=True)
class Office:
    """An office with a cohort of so many students, each in a chat of their own."""

    database: Database
    actor: Actor
    cohort: int
    students: tuple[int, ...]
    """The persons."""

    @classmethod
    def open(
        cls, database: Database, name: str, addresses: list[str], platform: str, now: datetime
    ) -> Office:
        with database.transaction() as db:
            unit = Unit(kind=UnitKind.OFFICE, name=name)
            db.add(unit)
            db.flush()
            cohort = Cohort(programme="shanxi-2026", name=name, office_id=unit.id, created_at=now)
            boss = Person(name=f"{name}的人", created_at=now)
            db.add_all([cohort, boss])
            db.flush()
            first = (db.exec(select(sa.func.max(Person.id))).one() or 0) + 1
            people = range(first, first + len(addresses))
            put = db.connection().execute
            put(
                sa.insert(table(Person)),
                [
                    {"id": n, "name": f"学生{n}", "language": "zh", "created_at": now}
                    for n in people
                ],
            )
            place = {"cohort_id": cohort.id, "unit_id": unit.id, "subject": "", "created_at": now}
            place |= {"ended_reason": "", "grade": "senior_1", "role": Role.STUDENT}
            put(sa.insert(table(Membership)), [{"person_id": n, **place} for n in people])
            office = {"person_id": boss.id, **place, "role": Role.COORDINATOR, "grade": ""}
            put(sa.insert(table(Membership)), [office])
            chat = {"platform": platform, "name": "", "language": "zh", "reachable": True}
            chat |= {"offered": [], "created_at": now}
            put(
                sa.insert(table(Account)),
                [
                    {"person_id": n, "address": address, **chat}
                    for n, address in zip(people, addresses, strict=True)
                ],
            )
            db.flush()
            actor = Actor(boss.id or 0, None, now)
            return cls(database, actor, cohort.id or 0, tuple(people))

    def sends(self, words: str = WORDS) -> int:
        """Write a bulletin to all students, and confirm it."""
        with self.database.transaction() as db:
            audience = Audience(roles=(Role.STUDENT,))
            row = bulletins.draft(db, self.actor, self.cohort, words, audience, asks_receipt=True)
            bulletins.send(db, self.actor, row.id or 0, row.version)
            return row.id or 0

    def fates(self, number: int) -> dict[int, RecipientState]:
        with self.database.transaction() as db:
            rows = db.exec(
                select(BulletinRecipient.person_id, BulletinRecipient.state).where(
                    BulletinRecipient.bulletin_id == number
                )
            )
            return {person: RecipientState(state) for person, state in rows}

    def state(self, number: int) -> BulletinState:
        with self.database.transaction() as db:
            return db.get_one(Bulletin, number).state

    def addresses(self) -> dict[int, str]:
        with self.database.transaction() as db:
            rows = db.exec(
                select(Account.person_id, Account.address).where(
                    col(Account.person_id).in_(self.students)
                )
            )
            return {person or 0: address for person, address in rows}


def tell(words: str) -> None:
    sys.stdout.write(f"{words}\n")


def opened(
    database: Database, clock: SetClock, platform: FakePlatform
) -> tuple[BulletinSender, Delivery]:
    """The two workers, as a start of the program builds them."""
    began = datetime.fromtimestamp(0, clock.now().tzinfo)
    delivery = Delivery(
        database,
        clock,
        {"fake": platform},
        {name: bound(clock) for name, bound in CONDITIONS.items()},
        lambda: (clock.now() - began).total_seconds(),
    )
    return BulletinSender(database, clock, delivery.wake), delivery


# ---------------------------------------------------------------- broken off anywhere


class BrokenOff(Exception):
    """The program ended here."""


async def test_broken_off_anywhere_it_goes_on_and_nobody_is_told_twice(
    sqlite_database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulletin_posts, "AT_ONCE", 10)
    platform = FakePlatform()
    addresses = [f"chat-{n}" for n in range(120)]
    office = Office.open(sqlite_database, "甲办公室", addresses, "fake", clock.now())
    seen: set[str] = set()

    def misbehave(shown: Shown) -> None:
        kind = int(shown.address.rpartition("-")[2]) % 10
        if kind == 1:
            raise Unreachable("blocked")
        if kind == 2:
            raise FateUnknown("the answer did not come")
        if kind == 3 and shown.address not in seen:
            seen.add(shown.address)
            raise TryLater(3)

    platform.refuse = misbehave
    number = office.sends()
    chance = random.Random(3)
    act = Database._act
    ended: Counter[str] = Counter()

    def act_or_die(database: Database, what: Callable[..., Any], *args: Any, **more: Any) -> Any:
        name = getattr(what, "__name__", "")
        dies = name in ("step", "_settle") and chance.random() < 0.4

        def inside(db: Session, *args: Any, **more: Any) -> Any:
            result = what(db, *args, **more)
            if dies:
                ended[name] += 1
                raise BrokenOff  # before its commit
            return result

        return act(database, inside, *args, **more)

    monkeypatch.setattr(Database, "_act", act_or_die)
    for _ in range(400):
        sender, delivery = opened(sqlite_database, clock, platform)
        with suppress(BrokenOff):
            await sender.drain()
            await delivery.drain()
        clock.move(timedelta(seconds=1))
        if office.state(number) is BulletinState.DONE:
            break
    fates = office.fates(number)
    shown = Counter(one.address for one in platform.shown if one.message.text == WORDS)
    tell(f"{dict(Counter(fates.values()))}, broken off {dict(ended)}")
    assert min(ended["step"], ended["_settle"]) > 3
    assert Counter(fates.values()) == {SENT: 96, BLOCKED: 12, UNSURE: 12}
    assert set(shown.values()) == {1}
    where = office.addresses()
    assert {where[person] for person, fate in fates.items() if fate is SENT} == set(shown)


# ---------------------------------------------------------------- ten thousand


@pytest.mark.slow
async def test_ten_thousand_hold_up_neither_a_reply_nor_another_office(
    sqlite_database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within Telegram's limits, on a clock that moves as the limits ask for."""
    monkeypatch.setattr(bulletins, "ALONE", 100_000)
    limits = replace(UNLIMITED, per_second=30, per_chat=1, at_once=30, idempotent=False)
    platform = FakePlatform(capabilities=limits)
    now, began = clock.now(), time.monotonic()
    many = Office.open(sqlite_database, "甲办公室", [f"a-{n}" for n in range(10_000)], "fake", now)
    few = Office.open(sqlite_database, "乙办公室", [f"b-{n}" for n in range(200)], "fake", now)
    Office.open(sqlite_database, "丙办公室", ["talker"], "fake", now)
    with sqlite_database.transaction() as db:
        account = db.exec(select(Account.id).where(Account.address == "talker")).one() or 0
    sender, delivery = opened(sqlite_database, clock, platform)
    number, second = many.sends(), 0
    second_at = second_ended = now
    for tick in itertools.count():
        if tick % 4 == 0:  # it looks once a second
            await sender.drain()
            if many.state(number) is BulletinState.DONE:
                break
            if second and second_ended == now and few.state(second) is BulletinState.DONE:
                second_ended = clock.now()
        if tick % 40 == 0:
            reply = Post(account, Outgoing(f"答 {tick}").to_json(), Lane.REPLY)
            await sqlite_database.run(chats.post, [reply], clock.now())
        if tick == 400:
            second, second_at = few.sends("乙的通知"), clock.now()
        await delivery.drain()
        clock.move(timedelta(seconds=0.25))
    took = clock.now() - now
    with sqlite_database.transaction() as db:
        rows = db.exec(select(Outbox).where(Outbox.account_id == account)).all()
        waits = [row.sent_at - row.created_at for row in rows if row.sent_at is not None]
    shown = Counter(one.address for one in platform.shown if one.message.text == WORDS)
    tell(
        f"10 000 in {took.total_seconds():.0f} s of the clock, {time.monotonic() - began:.0f} s "
        f"here; {len(waits)} replies, the latest after {max(waits).total_seconds():.2f} s; "
        f"another office's 200 in {(second_ended - second_at).total_seconds():.0f} s"
    )
    assert (len(shown), set(shown.values())) == (10_000, {1})
    assert set(many.fates(number).values()) == {SENT}
    assert set(few.fates(second).values()) == {SENT}
    assert took < timedelta(seconds=10_200 / 30 * 1.3)
    assert len(waits) == len(rows) > 20
    assert max(waits) <= timedelta(seconds=0.5)
    # It shares the pace with the other, and does not wait until that has ended.
    assert second_ended - second_at < timedelta(seconds=60)


# ---------------------------------------------------------------- killed as a program


RUDE = Malice(broken=0.03, too_many=0.03, dropped=0.04)


@pytest.mark.slow
async def test_killed_before_a_telegram_that_misbehaves(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'house.db'}")
    migrate.upgrade(database)
    async with Hostile(5, RUDE) as telegram:
        people = [telegram.person(f"学生{n}") for n in range(150)]
        for person in people:
            person.starts()
        telegram.pending.clear()
        for person in people[::10]:
            person.blocked = True
        addresses = [str(person.id) for person in people]
        office = Office.open(database, "甲办公室", addresses, "telegram", MOMENT)
        number = office.sends()
        (tmp_path / "clock.txt").write_text(str(MOMENT.timestamp() - time.time()))
        chance = random.Random(11)
        kills = 0
        while office.state(number) is not BulletinState.DONE:
            process = await started(tmp_path, telegram)
            # It dies while it is at it, and in the end is left alone.
            pause = chance.uniform(0.5, 1.5) if kills < 5 else 0.0
            telegram.malice = RUDE if kills < 5 else CALM
            if pause:
                await asyncio.sleep(pause)
            else:
                await until(lambda: office.state(number) is BulletinState.DONE, 60)
            process.kill()
            await process.wait()
            kills += 1
        fates = office.fates(number)
        texts = {
            str(person.id): sum(one.by_bot and WORDS in one.text for one in person.chat)
            for person in people
        }
    where = office.addresses()
    shown = {person: texts[address] for person, address in where.items()}
    tell(
        f"killed {kills} times, {dict(telegram.seen.faults)}: {dict(Counter(fates.values()))}, "
        f"of the unsure {sum(shown[p] for p, fate in fates.items() if fate is UNSURE)} were shown"
    )
    assert kills > 3
    assert len(fates) == len(people)
    assert set(fates.values()) <= {SENT, UNSURE, BLOCKED}
    assert max(shown.values()) == 1, "told twice"
    assert all(shown[person] for person, fate in fates.items() if fate is SENT), "missed"
    assert {where[p] for p, fate in fates.items() if fate is BLOCKED} <= set(addresses[::10])
    database.close()


async def started(folder: Path, telegram: Hostile) -> asyncio.subprocess.Process:
    log = (folder / "log.txt").open("ab")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.torture.child", str(folder), telegram.base, "ptb", TOKEN),
        stdout=log,
        stderr=log,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    log.close()
    polls = len(telegram.calls_of("getUpdates"))
    await until(lambda: len(telegram.calls_of("getUpdates")) > polls, 60)
    return process

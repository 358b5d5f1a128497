"""A small house for trouble: the real inbox, router, engine and delivery, with handlers that do
what a test needs, on a messenger that misbehaves when told to.

Whatever somebody says is noted as an audit row, so the rows tell what was handled, and in which
order; some words make trouble of one kind each.
"""

from __future__ import annotations

import asyncio
import itertools
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import event, union_all
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from bot.delivery import Delivery
from bot.inbox import Inbox, Order
from bot.platforms.contract import Received
from bot.platforms.fake import UNLIMITED, FakePlatform, Shown, encode
from bot.router import Router
from bot.scene import Flow, Handlers, Scene
from bot.talk.clock import SetClock
from bot.talk.conversation import Chat
from bot.talk.inputs import Day, Free
from bot.talk.message import Attachment, Incoming, Message, Outgoing
from bot.worker import end
from prompts import render, t
from services.audit import note_refusal
from storage import chats
from storage.chats import Post
from storage.database import Database
from storage.tables import (
    Account,
    Audit,
    Lane,
    Outbox,
    Person,
    SendState,
    StoredTalk,
    TalkState,
    Update,
    UpdateState,
)

CAREFUL = replace(UNLIMITED, idempotent=False)
"""A messenger on which a message sent twice is shown twice."""
PATIENCE = 20.0
"""Seconds after which a test gives up waiting for what should be a matter of milliseconds."""
HALF = "\ud83d"
"""Half an emoji: no database takes it."""
SORRY = render(t("help.went_wrong"), "zh")


async def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if true():
                return
            await asyncio.sleep(0.01)


# ---------------------------------------------------------------- what can be done here


class Nothing(BaseModel):
    """What the talks are told."""


def note(scene: Scene, what: str) -> None:
    scene.session.add(Audit(at=scene.now, account_id=scene.speaker.account_id, verb=what[:40]))


def hear(scene: Scene, incoming: Incoming) -> None:
    files = ",".join(file.name for file in incoming.files)
    words = f"files {files}" if files else incoming.text or ""
    note(scene, words)
    match words:
        case "explode":
            raise RuntimeError("exploded")
        case "half":
            scene.say(Message(HALF))
        case _:
            scene.say(Message(f"heard {words}"))


async def errand(chat: Chat, _me: Nothing) -> tuple[str, Any]:
    """Ask for something, have it fetched, and ask what to do with it."""
    wanted = await chat.ask("what", Free(), "fetch what?")
    got = await chat.work("what/got", "fetch", what=wanted)
    then = await chat.ask("then", Free(), f"got {got['got']}" if "got" in got else "got nothing")
    return f"{wanted}, {then}", got


async def pair(chat: Chat, _me: Nothing) -> tuple[str, Any]:
    first = await chat.ask("first", Free(), "first?")
    return first, await chat.ask("second", Free(), "second?")


async def day(chat: Chat, _me: Nothing) -> tuple[str, Any]:
    when = await chat.ask("day", Day(date(2020, 1, 1), date(2030, 12, 31)), "which day?")
    return "day", when.day.isoformat()


def finish(scene: Scene, _me: Nothing, result: tuple[str, Any]) -> None:
    first, second = result
    note(scene, f"{first}: {second}")
    if second == "explode":
        raise RuntimeError("exploded")
    scene.say(Message("done"))


def flow(name: str, talk: Any) -> Flow:
    return Flow(name, t("session.title"), talk, Nothing, lambda *_: Nothing(), finish)


def beginning(name: str) -> Callable[[Scene, Sequence[str]], None]:
    return lambda scene, _args: scene.begin(name)


def resume(scene: Scene, args: Sequence[str]) -> None:
    talk = scene.find_talk(int(args[0]))
    assert talk is not None
    scene.resume(talk)


def drop(scene: Scene, args: Sequence[str]) -> None:
    talk = scene.find_talk(int(args[0]))
    assert talk is not None
    scene.close(talk)


def handlers() -> Handlers:
    flows = {f.name: f for f in (flow("errand", errand), flow("pair", pair), flow("day", day))}
    commands = {
        **{name: beginning(name) for name in flows},
        "menu": lambda scene, _args: scene.say(Message("menu")),
        "resume": resume,
        "drop": drop,
    }
    return Handlers(flows=flows, acts={}, commands=commands, hear=hear, stranger=hear)


# ---------------------------------------------------------------- a messenger


@dataclass
class Messenger(FakePlatform):
    """Counts its calls, and can be made to hold them up or to fail."""

    calls: list[Shown] = field(default_factory=list)
    """Every call begun, in order, whatever became of it."""
    under_way: int = 0
    most_under_way: int = 0
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    """Addresses whose calls wait; `*` holds up all."""
    refuse_menu: Callable[[str], None] = lambda _address: None
    menu_calls: list[str] = field(default_factory=list)

    async def send(self, row: int, address: str, message: Outgoing, earlier: str | None) -> str:
        self.calls.append(Shown(row, address, message, earlier or str(row)))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            gate = self.gates.get(address) or self.gates.get("*")
            await (gate.wait() if gate else asyncio.sleep(0))
            return await super().send(row, address, message, earlier)
        finally:
            self.under_way -= 1

    async def offer(self, address: str, commands: Sequence[tuple[str, str]]) -> None:
        self.menu_calls.append(address)
        if gate := self.gates.get(f"menu {address}"):
            await gate.wait()
        self.refuse_menu(address)
        await super().offer(address, commands)

    def hold(self, address: str = "*") -> asyncio.Event:
        """Hold up the calls to an address until the event is set."""
        return self.gates.setdefault(address, asyncio.Event())

    def texts(self, address: str) -> list[str]:
        """What the person there has been shown, in order."""
        return [shown.message.text for shown in self.shown if shown.address == address]


# ---------------------------------------------------------------- outside work


@dataclass
class Errands:
    """Outside work: each thing can be fetched once its gate, if it has one, is opened."""

    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    ended: int = 0
    result: Callable[[str], Any] = lambda what: {"got": what}

    async def fetch(self, order: Order) -> Any:
        what = order.args["what"]
        self.begun.append(what)
        try:
            if what in self.gates:
                await self.gates[what].wait()
            return self.result(what)
        finally:
            self.ended += 1

    def hold(self, what: str) -> asyncio.Event:
        return self.gates.setdefault(what, asyncio.Event())


# ---------------------------------------------------------------- alarms


@dataclass
class Alarms:
    """Stands for a module's log: what it cried, by event."""

    events: list[str] = field(default_factory=list)

    def exception(self, event: str, **_about: Any) -> None:
        self.events.append(event)
        traceback.print_exc()  # shown with a test that fails

    def error(self, event: str, **_about: Any) -> None:
        self.events.append(event)

    warning = error

    def info(self, event: str, **_about: Any) -> None:
        """Good news is no alarm."""


# ---------------------------------------------------------------- the house


@dataclass
class Small:
    """An inbox and a delivery on one database."""

    database: Database
    clock: SetClock
    platforms: dict[str, Messenger]
    errands: Errands = field(default_factory=Errands)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._began, self._set_back = self.clock.now(), 0.0
        self.open()

    def open(self) -> None:
        """Build the parts anew, as a start of the program does."""
        self.delivery = Delivery(self.database, self.clock, self.platforms, steady=self.steady)
        self.inbox = Inbox(
            self.database,
            self.clock,
            Router(handlers(), note_refusal),
            self.platforms,
            {"fetch": self.errands.fetch},
            self.delivery.wake,
        )

    def steady(self) -> float:
        """Seconds that only go forward: with the clock, unless it is set back."""
        return (self.clock.now() - self._began).total_seconds() + self._set_back

    def set_back(self, by: timedelta) -> None:
        self.clock.move(-by)
        self._set_back += by.total_seconds()

    async def crash(self) -> None:
        """Open anew, as after a crash: the outside work under way is gone with the old inbox."""
        await end(*self.inbox._tasks)
        self.open()

    @property
    def platform(self) -> Messenger:
        return self.platforms["fake"]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """With the inbox and the delivery worker at work, as they are in the real program; after
        it all but the database is as new."""
        tasks = [asyncio.create_task(self.inbox.run()), asyncio.create_task(self.delivery.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            self.open()
        for error in ended:
            if isinstance(error, Exception):
                raise error

    # ------------------------------------------------------------ saying

    def said(
        self, address: str, text: str | None = None, *, album: str = "", file: str = ""
    ) -> Received:
        """A raw update."""
        files = (Attachment(file, file, "image/png", 3),) if file else ()
        incoming = Incoming(address, text=text, files=files)
        return encode(f"u{next(self.numbers)}", incoming, album)

    def pressed(self, address: str, press: str) -> Received:
        return encode(f"u{next(self.numbers)}", Incoming(address, press=press))

    async def hears(self, address: str, *texts: str) -> None:
        """Receive some messages of one chat, without handling them."""
        await self.inbox.receive("fake", [self.said(address, text) for text in texts])

    async def settle(self) -> None:
        await self.inbox.drain()
        await self.delivery.drain()

    async def talks(self, address: str, *texts: str) -> list[str]:
        """Receive, handle and answer; gives all that the chat has been shown."""
        await self.hears(address, *texts)
        await self.settle()
        return self.platform.texts(address)

    async def talks_meanwhile(self, address: str, *texts: str) -> None:
        """The same while outside work of others hangs: only what this brings about is awaited."""
        hanging = len(self.errands.begun) - self.errands.ended
        await self.hears(address, *texts)
        await self.inbox.turn()
        await self.quiet(hanging)

    async def quiet(self, hanging: int) -> None:
        """Wait until no more than so much outside work is under way, and its results are in."""
        await until(lambda: len(self.errands.begun) - self.errands.ended <= hanging)
        await self.inbox.turn()
        await self.delivery.drain()

    # ------------------------------------------------------------ looking

    def rows(self, table: Any) -> list[Any]:
        with self.database.transaction() as db:
            return list(db.exec(select(table).order_by(table.id)))

    def account(self, address: str) -> Account:
        with self.database.transaction() as db:
            return db.exec(select(Account).where(Account.address == address)).one()

    def heard(self, address: str) -> list[str]:
        """What was handled of a chat, in order."""
        with self.database.transaction() as db:
            return list(
                db.exec(
                    select(Audit.verb)
                    .join(Account, col(Account.id) == col(Audit.account_id))
                    .where(Account.address == address)
                    .order_by(col(Audit.id))
                )
            )

    async def handled(self) -> None:
        """Wait until no update waits, nor outside work."""
        waits: Any = union_all(
            select(Update.id).where(Update.state == UpdateState.WAITING),
            select(StoredTalk.id).where(StoredTalk.state == TalkState.WORKING),
        )

        def nothing_waits() -> bool:
            with self.database.transaction() as db:
                return db.connection().execute(waits).first() is None

        await until(nothing_waits)

    def updates(self) -> list[UpdateState]:
        return [row.state for row in self.rows(Update)]

    def aside(self) -> list[str]:
        """Why updates were set aside."""
        return [row.error for row in self.rows(Update) if row.state is UpdateState.ASIDE]

    def sends(self) -> list[SendState]:
        return [row.state for row in self.rows(Outbox)]

    # ------------------------------------------------------------ preparing

    def accounts(self, *addresses: str, platform: str = "fake", person: bool = False) -> list[int]:
        """Chats that are known already, of one person if so wished."""
        with self.database.transaction() as db:
            owner = Person(name="林小雨", created_at=self.clock.now()) if person else None
            if owner:
                db.add(owner)
                db.flush()
            made = [
                Account(
                    platform=platform,
                    address=address,
                    person_id=owner.id if owner else None,
                    created_at=self.clock.now(),
                )
                for address in addresses
            ]
            db.add_all(made)
            db.flush()
            return [account.id or 0 for account in made]

    async def posts(self, *posts: Post) -> None:
        """Queue messages."""
        await self.database.run(chats.post, posts, self.clock.now())


def message(account: int, text: str, lane: Lane = Lane.REPLY, key: str | None = None) -> Post:
    return Post(account, Outgoing(text).to_json(), lane, key)


def menu(account: int) -> Post:
    return Post(account, Outgoing("", commands=(("help", "帮助"),)).to_json(), Lane.LAST)


def messenger(name: str = "fake", **can: Any) -> Messenger:
    """A messenger with unlimited capabilities but for these."""
    return Messenger(name=name, capabilities=replace(UNLIMITED, **can))


# ---------------------------------------------------------------- failing commits


@contextmanager
def failing_commits(
    database: Database, fails: Callable[[int], bool]
) -> Iterator[Callable[[], int]]:
    """Let commits fail whose number, from 0, is in question; gives how many there were."""
    numbers = itertools.count()
    last = -1

    def commit(_connection: Any) -> None:
        nonlocal last
        last = next(numbers)
        if fails(last):
            raise OperationalError("COMMIT", {}, RuntimeError("the disk is full"))

    event.listen(database.engine, "commit", commit)
    try:
        yield lambda: last + 1
    finally:
        event.remove(database.engine, "commit", commit)

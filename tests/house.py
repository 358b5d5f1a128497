"""A whole house in one test: the real app on a real database, with a messenger in memory.

house = await House.open(database_url, tmp_path, clock)
student = await house.join("林小雨")
await student.says("记一次培养")
await student.presses("昨天")
assert "在哪里" in student.sees
"""

from __future__ import annotations

import copy
import itertools
import sqlite3
import tempfile
import zlib
from collections.abc import Hashable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session

from app.main import App, set_up_logging
from app.settings import Settings, WebSettings
from bot.platforms.contract import Received
from bot.platforms.fake import FakePlatform, Shown, encode
from bot.talk.clock import SetClock
from bot.talk.message import Attachment, Button, Incoming, Outgoing, as_text, rows_of
from programmes.catalogue import load
from services import bulletin_posts, joining
from storage.tables import (
    Cohort,
    Guardianship,
    Membership,
    Mentoring,
    Person,
    Role,
    Unit,
    UnitKind,
)

PAUSE = timedelta(seconds=2)
"""The clock moves so far before each message, so that messages are in order and albums whole."""


@dataclass
class Member:
    """Somebody in the cohort, and where they chat."""

    house: House
    name: str
    role: Role
    person_id: int
    membership_id: int
    address: str
    seen: int = 0
    """How many messages they have read."""
    last: list[Outgoing] = field(default_factory=list)
    invitation: str = ""
    """The code they hold, where they have not used it yet."""

    @property
    def sees(self) -> str:
        """The messages that the last act brought them, as they read them."""
        return "\n".join(text_of(message) for message in self.last)

    @property
    def buttons(self) -> list[str]:
        return [b.label for message in self.last for row in rows_of(message) for b in row]

    async def says(self, text: str) -> str:
        return await self.sends(Incoming(self.address, text=text))

    async def presses(self, label: str) -> str:
        """Press the newest button whose label holds these words."""
        shown, press = self.button_on(label)
        return await self.sends(Incoming(self.address, press=press, on=shown.place))

    async def sends(self, incoming: Incoming, album: str = "", key: str = "") -> str:
        self.reads()
        await self.house.receive(incoming, album, key)
        await self.house.settle()
        self.last = self.unread()
        return self.sees

    async def sends_files(self, *files: tuple[str, bytes], text: str | None = None) -> str:
        """Send files as one album, each an update of its own."""
        self.reads()
        album = f"album-{next(self.house.numbers)}" if len(files) > 1 else ""
        for name, data in files:
            ref = f"ref-{next(self.house.numbers)}"
            self.house.platform.files[ref] = data
            attachment = Attachment(ref, name, "application/octet-stream", len(data))
            await self.house.receive(Incoming(self.address, text=text, files=(attachment,)), album)
            text = None
        self.house.clock.move(PAUSE)
        await self.house.settle()
        self.last = self.unread()
        return self.sees

    def button(self, label: str) -> str:
        """The press behind a label, on the newest message that has it."""
        return self.button_on(label)[1]

    def button_on(self, label: str) -> tuple[Shown, str]:
        """The newest message that has a button with this label, and its press."""
        mine = [shown for shown in self.house.platform.shown if shown.address == self.address]
        for shown in reversed(mine):
            for row in rows_of(shown.message):
                for button in row:
                    if label in button.label:
                        return shown, button.press
        raise AssertionError(f"{self.name} sees no button {label!r}; they see:\n{self.sees}")

    def unread(self) -> list[Outgoing]:
        """What has come since they last looked."""
        mine = [s.message for s in self.house.platform.shown if s.address == self.address]
        return mine[self.seen :]

    def reads(self) -> str:
        """Take note of what has come since they last looked."""
        self.last = self.unread()
        self.seen += len(self.last)
        return self.sees


def text_of(message: Outgoing) -> str:
    """A message as it looks: its text, and its buttons in brackets: 【the usual way on】, [!what
    turns somebody down]. An item is its numbered line."""
    rows = ["".join(map(_bracketed, row)) for row in rows_of(message._replace(items=()))]
    mark = "✎ " if message.replace else ""
    return "\n".join([mark + as_text(message), *rows])


def _bracketed(button: Button) -> str:
    match button.weight:
        case "primary":
            return f"【{button.label}】"
        case "danger":
            return f"[!{button.label}]"
    return f"[{button.label}]"


@dataclass
class House:
    """The app, its messenger, its clock, and everybody who has been invited."""

    app: App
    platform: FakePlatform
    clock: SetClock
    members: dict[str, Member] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    received: list[Received] = field(default_factory=list)

    @classmethod
    async def open(
        cls,
        url: str,
        folder: Path,
        clock: SetClock,
        packs: Path | None = None,
        site: str = "",
    ) -> House:
        """Open a house on a migrated database; outside work that was broken off goes on. `packs`
        is a folder of packs of one's own, `site` the address that anybody can open."""
        platform = FakePlatform()
        settings = Settings(
            database_url=url,
            data_dir=folder / "data",
            programmes_dir=packs,
            web=WebSettings(enabled=bool(site), public_url=site),
        )
        set_up_logging(settings)
        house = cls(App(settings, clock, {"fake": platform}), platform, clock)
        await house.app.inbox.take_up()
        return house

    def close(self) -> None:
        self.app.close()

    async def receive(self, incoming: Incoming, album: str = "", key: str = "") -> None:
        self.clock.move(PAUSE)
        key = key or f"{self.clock.now().isoformat()}-{next(self.numbers)}"
        self.received.append(encode(key, incoming, album))
        await self.app.inbox.receive("fake", self.received[-1:])

    async def settle(self) -> None:
        await self.app.inbox.drain()
        if self._finds("SELECT 1 FROM audit WHERE object = 'issuing' LIMIT 1"):
            await self.app.issuing.drain()
        if self._finds("SELECT 1 FROM audit WHERE object = 'rehearsal' LIMIT 1"):
            await self.app.rehearsing.drain()
        soon = bulletin_posts.SOON.total_seconds()
        while (
            self._finds("SELECT 1 FROM bulletin LIMIT 1")
            and await self.app.bulletins.drain() <= soon
            and await self.app.delivery.drain() >= soon
        ):
            pass
        await self.app.delivery.drain()

    def _finds(self, statement: str) -> bool:
        """Whether there is such a row: to look costs less than a worker's turn for nothing."""
        with (
            closing(self.app.database.engine.raw_connection()) as pooled,
            closing(pooled.cursor()) as cursor,
        ):
            cursor.execute(statement)
            return cursor.fetchone() is not None

    async def restart(self) -> House:
        """End as a crash does, and open again on the same database: only that remains."""
        self.app.close()
        self.app = App(self.app.settings, self.clock, {"fake": self.platform})
        await self.app.inbox.take_up()
        return self

    async def deliver_all_again(self) -> None:
        """The platform delivers all that it ever delivered once more."""
        for update in self.received:
            await self.app.inbox.receive("fake", [update])
        await self.settle()

    # ---------------------------------------------------------------- people

    async def populate(self, programme: str = "shanxi-2026", grade: str = "senior_1") -> None:
        """One of each role, invented: two students of two schools, a mentor, a team member …"""
        await self.app.database.run(self._populate, programme, grade)

    def _populate(self, db: Session, programme: str, grade: str) -> None:
        now = self.clock.now()
        first = Unit(kind=UnitKind.SCHOOL, name="汾河中学")
        second = Unit(kind=UnitKind.SCHOOL, name="云冈中学")
        host = Unit(kind=UnitKind.HOST, name="晋阳大学")
        office = Unit(kind=UnitKind.OFFICE, name="示例管理办公室")
        cohort = Cohort(programme=programme, name="示例一期", created_at=now)
        db.add_all([first, second, host, office, cohort])
        db.flush()
        learner = Role(load(programme).participants.who.value or Role.STUDENT)
        for name, role, unit in [
            ("林小雨", learner, first),
            ("赵一鸣", learner, second),
            ("王建国", Role.MENTOR, host),
            ("李青", Role.TEAM_MEMBER, host),
            ("周岚", Role.MENTOR, host),
            ("郭老师", Role.SCHOOL_TEACHER, first),
            ("白老师", Role.SCHOOL_TEACHER, second),
            ("管小青", Role.COORDINATOR, office),
            ("林大海", Role.GUARDIAN, first),
        ]:
            person = Person(name=name, created_at=now)
            db.add(person)
            db.flush()
            member = Membership(
                cohort_id=cohort.id or 0,
                person_id=person.id or 0,
                role=role,
                unit_id=unit.id,
                grade=grade if role is learner else "",
                created_at=now,
            )
            db.add(member)
            db.flush()
            self.members[name] = Member(
                self, name, role, person.id or 0, member.id or 0, f"chat-{name}"
            )
        for student, mentor in [("林小雨", "王建国"), ("林小雨", "李青"), ("赵一鸣", "周岚")]:
            db.add(
                Mentoring(
                    student_id=self.members[student].membership_id,
                    mentor_id=self.members[mentor].membership_id,
                    created_at=now,
                )
            )
        db.add(
            Guardianship(
                child_id=self.members["林小雨"].person_id,
                guardian_id=self.members["林大海"].person_id,
                created_at=now,
            )
        )

    async def enrol(self, name: str, role: Role) -> None:
        """One more member of the cohort, of no unit."""
        await self.app.database.run(self._enrol, name, role)

    def _enrol(self, db: Session, name: str, role: Role) -> None:
        person = Person(name=name, created_at=self.clock.now())
        db.add(person)
        db.flush()
        place = Membership(
            cohort_id=1, person_id=person.id or 0, role=role, created_at=self.clock.now()
        )
        db.add(place)
        db.flush()
        self.members[name] = Member(
            self, name, role, person.id or 0, place.id or 0, f"chat-{name}"
        )

    async def code(self, name: str) -> str:
        """A new invitation code for somebody."""
        return await self.app.database.run(
            joining.invite, self.members[name].membership_id, self.clock.now()
        )

    async def join(self, *names: str) -> Sequence[Member]:
        """Let people join in their own chats, as they would. Where they did so before in a house
        that was the same to the last byte, this one is put as that one stood afterwards."""
        now = (self._same(), names) if self.app.database.embedded else None
        if now is not None and now in _JOINED:
            _JOINED[now].put(self)
            return [self.members[name] for name in names]
        for name in names:
            member = self.members[name]
            await member.sends(Incoming(member.address, start=await self.code(name), name=name))
            await member.presses("同意并加入")
        if now is not None:
            _JOINED[now] = _Stand.of(self)
        return [self.members[name] for name in names]

    def _same(self) -> Hashable:
        """The same for two houses in which the same would happen."""
        settings = (self.app.settings.programmes_dir, self.app.settings.web.public_url)
        platform = (self.platform.capabilities, self.platform.refuse, len(self.platform.shown))
        read = tuple((name, member.seen) for name, member in self.members.items())
        held = blake2b(_bytes(self)).digest()
        return settings, platform, read, held, self.clock.now(), len(self.received)


@dataclass(frozen=True)
class _Stand:
    """How a house stood: all that is not the same as in one just opened."""

    held: bytes
    moment: datetime
    numbers: itertools.count[int]
    received: Sequence[Received]
    shown: Sequence[Shown]
    menus: dict[str, Sequence[tuple[str, str]]]
    read: dict[str, tuple[int, list[Outgoing]]]

    @classmethod
    def of(cls, house: House) -> _Stand:
        return cls(
            zlib.compress(_bytes(house), 1),
            house.clock.moment,
            copy.copy(house.numbers),
            [*house.received],
            [*house.platform.shown],
            {**house.platform.menus},
            {name: (one.seen, one.last) for name, one in house.members.items()},
        )

    def put(self, house: House) -> None:
        """Put a house so."""
        with (
            tempfile.NamedTemporaryFile() as file,
            closing(house.app.database.engine.raw_connection()) as pooled,
        ):
            Path(file.name).write_bytes(zlib.decompress(self.held))
            with closing(sqlite3.connect(file.name)) as kept:
                kept.backup(_driver(pooled))
        house.clock.moment = self.moment
        house.numbers = copy.copy(self.numbers)
        house.received[:] = self.received
        house.platform.shown[:] = self.shown
        house.platform.menus.update(self.menus)
        for name, (seen, last) in self.read.items():
            house.members[name].seen, house.members[name].last = seen, [*last]


_JOINED: Final[dict[Hashable, _Stand]] = {}


def _bytes(house: House) -> bytes:
    """The whole database of a house."""
    with closing(house.app.database.engine.raw_connection()) as pooled:
        return _driver(pooled).serialize()


def _driver(pooled: Any) -> sqlite3.Connection:
    found: sqlite3.Connection = pooled.driver_connection
    return found

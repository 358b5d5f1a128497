"""Rosters that offices send in chat: read, planned, imported, taken back, returned.

Each job is a part of a talk and repeated from its beginning after a crash: an import goes on where
it was. What is read of a sheet lies in the file store until the office has decided, and no longer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast

from sqlmodel import Session

from bot.inbox import Job, Order
from bot.platforms.contract import DeliveryError, FileTooLarge, Platform
from bot.talk.acting import Actor, Refused
from bot.talk.clock import Clock, beijing_day
from jobs import workbooks
from jobs.kindly import kindly
from jobs.sheet_reader import MOST_BYTES
from jobs.sheets import BookUnread, read_apart
from prompts import Language, Text, Words, render, t
from services import persons, roster
from services.access import allow
from services.packs import load
from services.rostering import applying, memory, paperwork
from services.rostering.book import Book
from services.rostering.entries import RosterEntry
from services.rostering.headings import plain
from services.rostering.known import Roster, look_up
from services.rostering.plan import Planned, RosterPlan, plan
from storage.database import Database
from storage.files import FileStore

SHOWN: Final = 5
"""Rows of each kind that a card tells of."""
RETURNED_LIFE: Final = timedelta(days=1)
"""How long a returned sheet can be opened."""
RIGHT: Final = "import_roster"


async def sent_book(platforms: Mapping[str, Platform], limit: int, order: Order) -> Book:
    """The sheets of the file that was sent with an order, of at most `limit` bytes. Raises
    `Refused` if it cannot be fetched or read."""
    platform = platforms[order.platform]
    most = min(limit, platform.capabilities.file_limit, MOST_BYTES)
    ref, _, _, size = order.args["file"]
    too_large = t("file.too_large", megabytes=most // 1024**2)
    try:
        if size is not None and size > most:
            raise Refused(too_large)
        return await read_apart(await platform.fetch(ref, most))
    except FileTooLarge:
        raise Refused(too_large) from None
    except DeliveryError:
        raise Refused(t("file.not_fetched")) from None
    except BookUnread as unread:
        raise Refused(t(f"rostering.unread.{unread.code}", **unread.gaps)) from None


@dataclass(frozen=True, slots=True)
class RosterDesk:
    """What the jobs need."""

    database: Database
    store: FileStore
    platforms: Mapping[str, Platform]
    clock: Clock
    limit: int
    """Bytes of one file."""

    @property
    def jobs(self) -> dict[str, Job]:
        """The jobs by their names, which stand in journals."""
        return {
            "read_roster": kindly(self.database, self.read),
            "plan_roster": kindly(self.database, self.show),
            "return_rejected": kindly(self.database, self.give_back),
            "import_roster": kindly(self.database, self.bring),
            "forget_roster": kindly(self.database, self.forget),
            "undo_roster": kindly(self.database, self.undo),
            "roster_template": kindly(self.database, self.template),
        }

    # ------------------------------------------------------------ before it is decided

    async def read(self, order: Order) -> dict[str, Any]:
        """`read_roster`: read a file; returns where its sheets are kept."""
        book = await sent_book(self.platforms, self.limit, order)
        data = book.to_bytes()
        sha256 = await asyncio.to_thread(self.store.keep, data)
        # Housekeeping keeps what is named under `kept`, as long as the talk is open.
        return {"kept": [{"sha256": sha256, "size": len(data)}], "book": sha256}

    async def show(self, order: Order) -> dict[str, Any]:
        """`plan_roster`: what importing would do, in short."""
        made, language = await self._plan(order)
        return shown(made, language)

    async def give_back(self, order: Order) -> dict[str, Any]:
        """`return_rejected`: the rejected rows with their reasons; returns the file's number."""
        made, language = await self._plan(order)
        return {"file": await self._rejected(order, made, language)}

    async def _rejected(self, order: Order, made: RosterPlan, language: Language) -> int | None:
        if not made.rejected:
            return None
        sheets = [(one.name, one.above, one.below) for one in paperwork.returned(made, language)]
        data = await asyncio.to_thread(workbooks.rejected, sheets)
        name = render(t("rostering.rejected_file"), language)
        return await self._keep(order, data, name)

    async def template(self, order: Order) -> dict[str, Any]:
        """`roster_template`: the sheet that the programme asks for; returns the file's number."""
        key, language = await self.database.run(self._programme, order)
        asked = paperwork.template(load(key))

        def said(words: Text | str) -> str:
            return render(words, language)

        data = await asyncio.to_thread(
            workbooks.template,
            said(asked.name),
            [said(one) for one in asked.headings],
            [(column, [said(one) for one in offered]) for column, offered in asked.choices],
            [said(one) for one in asked.notes],
            said(t("rostering.note.sheet")),
        )
        return {"file": await self._keep(order, data, said(t("rostering.template_file")))}

    def _programme(self, db: Session, order: Order) -> tuple[str, Language]:
        cohort = self._cohort(db, order)
        return cohort.programme, persons.language_of(db, order.person_id)

    async def _keep(self, order: Order, data: bytes, name: str) -> int:
        sha256 = await asyncio.to_thread(self.store.keep, data)
        return await self.database.run(self._note_file, order, sha256, len(data), name)

    def _note_file(self, db: Session, order: Order, sha256: str, size: int, name: str) -> int:
        by = self._by(order)
        until = by.now + RETURNED_LIFE
        return persons.keep_made(db, by, sha256, size, name, until)

    # ------------------------------------------------------------ deciding

    async def bring(self, order: Order) -> dict[str, Any]:
        """`import_roster`: carry a plan out; returns its counts, and what was not taken."""
        made, language = await self._plan(order, remember=True)
        late: list[applying.Late] = []
        number = await self.database.run(self._begin, order)
        for part in applying.steps(made):
            by = self._by(order)
            late += await self.database.run(applying.step, by, number, part, made.today)
        await self.database.run(applying.finish, self._by(order), number, made)
        file = await self._rejected(order, made, language)
        await self.forget(order)
        told = shown(made, language)
        return {**told, "rejected": told["rejected"] + len(late), "number": number, "file": file}

    async def forget(self, order: Order) -> dict[str, Any]:
        """`forget_roster`: let go of the sheet, ours and the messenger's."""
        await asyncio.to_thread(self.store.remove, order.args["book"])
        await self.platforms[order.platform].drop([order.args["file"][0]])
        return {}

    async def undo(self, order: Order) -> dict[str, Any]:
        """`undo_roster`: take an import back; returns how many people went and what stayed."""
        number = await self.database.run(self._begin_undo, order)
        done = applying.Undone()
        while not done.over:
            done = await self.database.run(applying.undo_step, self._by(order), number, done)
        await asyncio.to_thread(self.database.clean)
        return {"people": done.people, "restored": done.restored, "kept": done.kept}

    def _begin(self, db: Session, order: Order) -> int:
        cohort = self._cohort(db, order)
        return applying.begin(db, self._by(order), cast(int, cohort.id))

    def _begin_undo(self, db: Session, order: Order) -> int:
        cohort = self._cohort(db, order)
        latest = applying.latest_import(db, cast(int, cohort.id))
        if latest is None or latest.id != order.args["number"]:
            raise Refused(t("rostering.nothing_to_undo"), verb="undo_roster")
        return applying.begin_undo(db, self._by(order), cast(int, cohort.id))

    # ------------------------------------------------------------ inside

    async def _plan(self, order: Order, *, remember: bool = False) -> tuple[RosterPlan, Language]:
        try:
            data = await asyncio.to_thread(self.store.read, order.args["book"])
        except FileNotFoundError:
            raise Refused(t("rostering.sheet_gone")) from None
        said = {plain(heading): meaning for heading, meaning in order.args["own"].items()}
        here, own, language = await self.database.run(self._look_up, order, said, remember)
        today = beijing_day(self.clock.now())
        made = await asyncio.to_thread(lambda: plan(here, Book.from_bytes(data), today, own))
        return made, language

    def _look_up(
        self, db: Session, order: Order, said: Mapping[str, str], remember: bool
    ) -> tuple[Roster, dict[str, str], Language]:
        cohort = self._cohort(db, order)
        if remember and said:
            memory.remember(db, self._by(order), cohort.office_id, said)
        own = {**memory.meanings(db, cohort.office_id), **said}
        return look_up(db, cohort), own, persons.language_of(db, order.person_id)

    def _cohort(self, db: Session, order: Order) -> Any:
        """The order's cohort, if whoever ordered may import into it now. Raises `Refused`."""
        allow(db, self._by(order), RIGHT, order.args["cohort"])
        return roster.find_cohort(db, order.args["cohort"])

    def _by(self, order: Order) -> Actor:
        if order.person_id is None:
            raise Refused(t("join.first"))
        return Actor(order.person_id, None, self.clock.now())


FIELDS: Final = {"born": "birth", "mentors": "mentor", "guardians": "guardian"}
"""The columns of a sheet that changes are called by, where they have another name."""


def who_changes(planned: Planned) -> Text:
    """A person on the roster, with the fields that an import changes."""
    fields = [t(f"rostering.field.{FIELDS.get(one, one)}") for one in sorted(planned.changes)]
    return t("rostering.who_changes", name=planned.entry.name, fields=fields)


def shown(made: RosterPlan, language: Language) -> dict[str, Any]:
    """A plan as a card tells it: counts, the first people and rows, the columns that nobody
    knows."""

    def some(found: Sequence[Words]) -> str:
        words: Words = t("field.list", items=found[:SHOWN])
        if len(found) > SHOWN:
            words = t("rostering.some_of", some=words, count=len(found))
        return render(words, language)

    def by_role(entries: Sequence[RosterEntry]) -> str:
        # In which role somebody comes decides what they may see.
        roles = dict.fromkeys(one.role for one in entries)
        return render(t("rostering.between_roles"), language).join(
            render(
                t(
                    "rostering.of_role",
                    role=t(f"role.{role}"),
                    count=sum(one.role is role for one in entries),
                    who=some([one.name for one in entries if one.role is role]),
                ),
                language,
            )
            for role in roles
        )

    def rows(found: Sequence[tuple[int | None, Text]]) -> list[list[Any]]:
        return [[number, render(words, language)] for number, words in found[:SHOWN]]

    rejected = [(one.number, one.reason) for one in made.rejected]
    return {
        **made.counts,
        "who": {
            "new": by_role([one.entry for one in made.new]),
            "changed": some([who_changes(one) for one in made.changed]),
        },
        "why": rows(rejected),
        "remarks": rows(made.warnings),
        "remarked": len(made.warnings),
        "unusable": None if made.refused is None else render(made.refused, language),
        "unknown": made.unknown[:SHOWN],
    }

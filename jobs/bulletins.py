"""Sends bulletins: posts their recipients a few at a time, and shows how far each is; makes the
report of one as a sheet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from sqlmodel import Session

from bot.inbox import Job, Order
from bot.talk.acting import Actor, Refused
from bot.talk.clock import Clock
from bot.talk.message import put
from bot.worker import Worker
from jobs import workbooks
from prompts import Words, language_named, render, t
from services import bulletin_posts, bulletins, notices, persons
from services.bulletin_card import card_of
from services.rostering.book import Cells
from storage.database import Database
from storage.files import FileStore
from storage.tables import Account, Bulletin, BulletinState, Person

LOOKING: Final = 2.0
"""Seconds between two looks whether an office has confirmed something."""
PARTS: Final = 20
"""In so many parts the progress of a bulletin is shown."""


class BulletinSender(Worker):
    """The worker that sends what offices have confirmed, each bulletin in turn."""

    name = "bulletins"

    def __init__(self, database: Database, clock: Clock, said: Callable[[], None]) -> None:
        super().__init__()
        self._database = database
        self._clock = clock
        self._said = said
        self._last = 0
        """The bulletin that was posted last."""

    async def take_up(self) -> None:
        """Do nothing: what was broken off waits still."""

    async def turn(self) -> float:
        """Post as much as may be under way now; returns the seconds until more can be."""
        run = self._database.run
        if await run(self._settle):
            self._said()
        while True:
            then = await run(bulletin_posts.step, self._clock.now(), self._last)
            if then.posted is None:
                break
            self._last = then.posted
            self._said()
            # Others are served in between.
            await asyncio.sleep(0)
        return LOOKING if then.wait is None else min(LOOKING, then.wait.total_seconds())

    def _settle(self, db: Session) -> bool:
        """Note what became of messages; show it in the chats from which they were sent."""
        now = self._clock.now()
        new = bulletin_posts.settle(db, now)
        for number in new:
            row = db.get(Bulletin, number)
            if row is not None:
                self._show(db, row)
        return bool(new)

    def _show(self, db: Session, row: Bulletin) -> None:
        account = db.get(Account, row.account_id or 0)
        if account is None or row.confirmed_by is None:
            return
        counts = bulletins.counted(db, row)
        ended = row.state is BulletinState.DONE
        part = PARTS if ended else PARTS * (counts.people - counts.to_come) // counts.people
        if part == PARTS and not ended:
            return
        actor = Actor(row.confirmed_by, row.account_id, self._clock.now())
        if not bulletins.may_read(db, actor, row):
            return
        body = put(card_of(db, actor, row), language_named(account.language)).to_json()
        key = f"bulletins:{row.id}:{part}"
        notices.replace(db, account.id or 0, body, key, self._clock.now())


REPORT_LIFE: Final = timedelta(days=1)
"""How long a report can be opened."""


def bulletin_report(database: Database, store: FileStore, clock: Clock) -> Job:
    """The job `bulletin_report`: a sheet of all recipients, and one of those who are to be called;
    returns the file's number."""

    async def make(order: Order) -> dict[str, Any]:
        actor = Actor(order.person_id or 0, None, clock.now())
        try:
            name, sheets = await database.run(_sheets, actor, order.args["bulletin"])
        except Refused:
            return {"refused": True}
        data = await asyncio.to_thread(workbooks.listed, sheets)
        sha256 = await asyncio.to_thread(store.keep, data)
        until = actor.now + REPORT_LIFE
        kept = persons.keep_made
        return {"file": await database.run(kept, actor, sha256, len(data), name, until)}

    return make


def _sheets(
    db: Session, actor: Actor, number: int
) -> tuple[str, list[tuple[str, Cells, list[Cells]]]]:
    """The file's name, and its sheets: name, headings and rows."""
    row = bulletins.read(db, actor, number)
    person = db.get(Person, actor.person_id)
    language = language_named(person.language if person else "")

    def said(words: Words) -> str:
        return render(words, language)

    every = bulletins.people(db, row, outstanding=False)
    bulletins.look(db, actor, row, [one.member for one in every])
    outstanding = {one.member.id for one in bulletins.people(db, row)}
    teachers = bulletins.teachers(db, row)
    comma = said(t("calendar.comma"))
    rows: list[Cells] = []
    calls: list[Cells] = []
    for one in every:
        member = one.member
        told = (
            member.unit_name,
            member.person.name,
            said(t(f"role.{member.membership.role}")),
            said(bulletins.fate(row, one)),
        )
        rows.append(told)
        if member.id in outstanding:
            here = teachers.get(member.membership.unit_id or 0, [])
            calls.append((*told, comma.join(here)))
    columns = ("unit_column", "name_column", "role_column", "fate_column")
    headings = [said(t(f"bulletin.{one}")) for one in columns]
    teacher = said(t("role.school_teacher"))
    return said(t("bulletin.report_file", words=bulletins.beginning(row))), [
        (said(t("bulletin.call_list")), [*headings, teacher], calls),
        (said(t("bulletin.recipients")), headings, rows),
    ]

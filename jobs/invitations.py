"""Invitations: cards with a QR code each, a page or more for every school or unit; or one card as
a picture, to be sent on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final

import structlog
from sqlmodel import Session

from bot.inbox import Job, Order
from bot.talk.acting import Actor, Refused
from bot.talk.clock import Clock, beijing_day
from jobs import fonts
from jobs.certificates import code
from jobs.printing import NotPrinted, Printer
from prompts import Language, language_named, render, t
from services import joining, persons, roster
from services.access import allow
from storage.database import Database
from storage.files import FileStore
from storage.tables import Person, Role

PAGE: Final = "invitations.typ"
AT_ONCE: Final = 25
"""People invited in one transaction."""
LIFE: Final = timedelta(days=1)
"""How long cards made in chat can be opened."""
RIGHT: Final = "invite"
WITHOUT: Final = "without"
"""Of `whom`: those for whom no code is out."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody's card. The code is a secret: it stands on the paper and nowhere else."""

    name: str
    role: Role
    unit: str
    code: str
    link: str
    """What the QR code opens."""


async def print_cards(
    cards: Sequence[Invitation],
    cohort: str,
    until: date,
    language: Language,
    *,
    single: bool = False,
) -> bytes:
    """The cards as a PDF, sorted by unit; a single one as a picture. Raises `NotPrinted`."""
    printer = Printer(PAGE, "png" if single else "pdf")
    try:
        return await printer.print(told(cards, cohort, until, language) | {"single": single})
    finally:
        await printer.close()


def told(
    cards: Sequence[Invitation], cohort: str, until: date, language: Language
) -> dict[str, Any]:
    """What `invitations.typ` is told."""
    by_unit = groupby(sorted(cards, key=lambda one: one.unit), key=lambda one: one.unit)
    units = []
    for unit, found in by_unit:
        name = unit or render(t("invitations.no_unit"), language)
        here = [
            {
                "name": one.name,
                "fonts": fonts.families(one.name),
                "role": render(t(f"role.{one.role}"), language),
                "code": joining.written(one.code),
                "qr": code(one.link),
                "link": one.link,
            }
            for one in found
        ]
        units.append({"name": name, "fonts": fonts.families(name), "cards": here})
    return {
        "title": render(t("invitations.title"), language),
        "cohort": cohort,
        "how": render(t("invitations.how"), language),
        "until": render(t("invitations.until", day=until), language),
        "fonts": [fonts.SANS, fonts.SERIF],
        "units": units,
    }


@dataclass(frozen=True, slots=True)
class InvitationDesk:
    """Makes cards for an office that orders them in chat.

    A job that a crash has broken off is done anew: the codes of the first time end, and nobody has
    seen them.
    """

    database: Database
    store: FileStore
    clock: Clock
    link: Callable[[str], str]
    """What opens the door with a code."""

    @property
    def jobs(self) -> dict[str, Job]:
        """The jobs by their names, which stand in journals."""
        return {"print_invitations": self.print}

    async def print(self, order: Order) -> dict[str, Any]:
        """`print_invitations`: new codes for a member of a cohort, or for those of `whom`, the
        earlier ones ended. Returns the number of the file with the cards, and how many there are.
        """
        run, single = self.database.run, bool(order.args["member"])
        try:
            cohort, wanted, language = await run(self._wanted, order)
            cards: list[Invitation] = []
            for start in range(0, len(wanted), AT_ONCE):
                cards += await run(self._invite, order, wanted[start : start + AT_ONCE])
            if not cards:
                return {"count": 0}
            until = beijing_day(self.clock.now() + joining.INVITE_LIFE)
            data = await print_cards(cards, cohort, until, language, single=single)
        except (Refused, NotPrinted) as why:
            log.warning("invitations_not_made", cohort=order.args["cohort"], why=str(why))
            return {}
        sha256 = await asyncio.to_thread(self.store.keep, data)
        file = await run(self._note, order, sha256, len(data), language)
        return {"file": file, "count": len(cards), "until": until.isoformat()}

    def _wanted(self, db: Session, order: Order) -> tuple[str, list[int], Language]:
        by, number, member = self._by(order), order.args["cohort"], order.args["member"]
        allow(db, by, RIGHT, number)
        absent = [one.id for one in roster.not_joined(db, number)]
        if member:
            absent = [one for one in absent if one == member]
        elif order.args["whom"] == WITHOUT:
            invited = joining.with_open_invitation(db, number, by.now)
            absent = [one for one in absent if one not in invited]
        person = db.get(Person, order.person_id)
        language = language_named(person.language if person else "")
        return roster.find_cohort(db, number).name, absent, language

    def _invite(self, db: Session, order: Order, members: Sequence[int]) -> list[Invitation]:
        by = self._by(order)
        allow(db, by, RIGHT, order.args["cohort"])
        cards = []
        for one in roster.members_by_id(db, members):
            code = roster.invite(db, by, one.id)
            role, link = one.membership.role, self.link(code)
            cards.append(Invitation(one.person.name, role, one.unit_name, code, link))
        return cards

    def _note(self, db: Session, order: Order, sha256: str, size: int, language: Language) -> int:
        by = self._by(order)
        name, kind = t("invitations.paper"), "application/pdf"
        if order.args["member"]:
            name, kind = t("invitations.picture"), "image/png"
        said, until = render(name, language), by.now + LIFE
        return persons.keep_made(db, by, sha256, size, said, until, kind)

    def _by(self, order: Order) -> Actor:
        return Actor(order.person_id or 0, None, self.clock.now())

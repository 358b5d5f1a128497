"""Issues certificates and makes their PDFs: each in small transactions, so that it can be broken
off at any point and goes on where it was."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import segno
import structlog
from sqlmodel import Session

from bot.inbox import Job, Order
from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import Clock, beijing_day
from bot.talk.message import Choice, Item, Message, Meter, press
from bot.worker import IDLE, Trouble, Worker
from jobs import fonts
from jobs.printing import NotPrinted, Printer
from prompts import Text, Words, render, t
from services import certificates
from services.certificates import CertificateStanding, IssuingOrder
from services.certified import Certified, verified_at
from services.packs import load
from storage.database import Database
from storage.files import FileStore
from storage.signing import SigningKeys
from storage.tables import Certificate, Cohort

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of one learner's certificate: one was issued, or the sentence says why not."""

    member: int
    name: str
    why: Text | None = None
    certificate: int | None = None
    number: str = ""


@dataclass(frozen=True, slots=True)
class Press:
    """What issuing needs, besides the database."""

    database: Database
    store: FileStore
    keys: SigningKeys
    site: str
    """The address of the web server; empty if it has none that others can open."""

    async def learners(
        self, by: Actor | Operator, cohort_id: int, only: Sequence[int] | None = None
    ) -> list[Candidacy]:
        """The learners of a cohort who are ready, or these, in the order of the roster.

        Raises `Refused` where no certificate is issued here.
        """
        return await self.database.run(_learners, cohort_id, by, only)

    async def issue(
        self, by: Actor | Operator, cohort_id: int, learners: Sequence[Candidacy]
    ) -> AsyncIterator[Handled]:
        """Issue the certificates of these learners of a cohort, and make all PDFs of it that are
        not made: what each came to, as it is done."""
        printer = Printer()
        try:
            # What an earlier run has issued and not printed comes first.
            for left in await self.database.run(certificates.unprinted, cohort_id):
                await self._print(printer, by, left)
            for learner in learners:
                yield await self._one(printer, by, learner)
        finally:
            await printer.close()

    async def _one(self, printer: Printer, by: Actor | Operator, learner: Candidacy) -> Handled:
        handled = Handled(learner.member, learner.name, learner.why)
        if learner.why is not None:
            return handled
        if lack := fonts.lacking(learner.words):
            return replace(handled, why=t("certificate.lacking", name=learner.name, signs=lack))
        try:
            row = await self.database.run(certificates.issue, by, learner.member, self.keys)
        except Refused as refused:
            return replace(handled, why=refused.words)
        why = await self._print(printer, by, row.id or 0)
        return replace(handled, certificate=row.id, number=row.number, why=why)

    async def _print(self, printer: Printer, by: Actor | Operator, number: int) -> Text | None:
        """Make a certificate's PDF; returns why that failed."""
        told = await self.database.run(_told, number, self.site)
        try:
            data = await printer.print(told)
        except NotPrinted as why:
            log.error("certificate_not_printed", certificate=number, why=str(why))
            return t("certificate.not_printed", number=told["number"])
        sha256 = await asyncio.to_thread(self.store.keep, data)
        await self.database.run(certificates.printed, by, number, sha256, len(data))
        return None


class Issuer(Worker):
    """The worker that carries out the offices' orders, one after the other."""

    name = "issuing"

    def __init__(self, press: Press, clock: Clock, said: Callable[[], None]) -> None:
        super().__init__()
        self._press = press
        self._clock = clock
        self._said = said
        self._unissued = Trouble("certificates_not_issued")

    async def take_up(self) -> None:
        """Do nothing: an order that was broken off waits still."""

    async def turn(self) -> float:
        """Begin to carry out what waits, beside the turns: it may take minutes."""
        if not self._tasks:
            waiting = await self._press.database.run(certificates.orders)
            if waiting:
                self.start(self._try(waiting[0]))
        return IDLE

    async def _try(self, order: IssuingOrder) -> None:
        try:
            await self._carry_out(order)
            self._unissued.over()
        except Exception as error:  # the order waits, and is tried again
            await asyncio.sleep(self._unissued.meet(error, order=order.id))

    async def _carry_out(self, order: IssuingOrder) -> None:
        run = self._press.database.run
        made: list[Handled] = []
        try:
            learners = await self._press.learners(order.actor, order.cohort, order.only)
            of = len(learners)
            await self._tell(order, progress(made, of), 0)
            async for one in self._press.issue(order.actor, order.cohort, learners):
                made.append(one)
                if len(made) % STEP == 0:
                    await self._tell(order, progress(made, of), len(made))
            told = result(order, made)
        except Refused as refused:
            told = Message(refused.words)
        issued = sum(one.certificate is not None for one in made)
        await run(certificates.carried_out, order.actor, order, issued)
        await self._tell(order, told, -1)

    async def _tell(self, order: IssuingOrder, message: Message, step: int) -> None:
        card = message._replace(card=f"issuing:{order.id}")
        tell, now = certificates.tell_progress, self._clock.now()
        await self._press.database.run(tell, order, card, step, now)
        self._said()


STEP: Final = 25
"""Certificates after which progress is shown."""
NAMED: Final = 8
"""Learners who are named at the end, of those who were given none."""


def order_certificates(press: Press, clock: Clock, wake: Callable[[], None]) -> Job:
    """The job `order_certificates`: notes the order of an office, and has it carried out."""

    async def note(order: Order) -> dict[str, Any]:
        actor = Actor(order.person_id or 0, order.args["account"], clock.now())
        only = order.args["only"]
        try:
            await press.database.run(certificates.order, actor, order.args["cohort"], only)
        except Refused:
            return {"refused": True}
        wake()
        return {"refused": False}

    return note


def progress(made: Sequence[Handled], of: int) -> Message:
    """How far an order is."""
    done = t("certificate.so_far", done=len(made), of=of)
    meter = Meter(t("certificate.issuing"), done, len(made), 0, of)
    return Message(title=t("certificate.title"), meters=(meter,))


def result(order: IssuingOrder, made: Sequence[Handled]) -> Message:
    """What came of an order: how many were issued, and who was given none and why."""
    none = [one for one in made if one.why is not None]
    issued = sum(one.certificate is not None for one in made)
    items = tuple(Item(one.why, tone="bad") for one in none[:NAMED] if one.why)
    back = Choice(press("certifying", order.cohort), t("certificate.to_list"))
    return Message(
        t(
            "certificate.some_issued" if none else "certificate.all_issued",
            count=issued,
            left=len(none),
        ),
        ((back,),),
        title=t("certificate.title"),
        items=items,
    )


@dataclass(frozen=True, slots=True)
class Candidacy:
    """A learner whose turn comes."""

    member: int
    name: str
    words: str
    """All that would be set of theirs, whose characters a font must have."""
    why: Text | None
    """Why none can be issued now."""


def _learners(
    db: Session, cohort_id: int, by: Actor | Operator, only: Sequence[int] | None
) -> list[Candidacy]:
    """The learners to go through, in the order of the roster: all who are ready, or these."""
    cohort = db.get(Cohort, cohort_id)
    if cohort is None:
        raise Refused(t("roster.no_such_cohort", number=cohort_id))
    found = certificates.candidates(db, cohort, beijing_day(by.now))
    programme = load(cohort.programme)
    of_all = (
        certificates.official_name(programme),
        certificates.office_name(db, cohort),
        cohort.name,
    )
    return [
        Candidacy(
            one.member.id,
            one.member.person.name,
            "".join((one.member.person.name, *of_all)),
            None if one.standing is CertificateStanding.READY else certificates.why(one),
        )
        for one in found
        if (one.standing is CertificateStanding.READY if only is None else one.member.id in only)
    ]


# ---------------------------------------------------------------- what stands on the page


def _told(db: Session, number: int, site: str) -> dict[str, Any]:
    row = db.get(Certificate, number)
    if row is None:
        raise LookupError(number)
    return page(certificates.facts_of(db, row), row.token, site)


def page(facts: Certified, token: str, site: str) -> dict[str, Any]:
    """What `certificate.typ` is told: every word that stands on the page, and the QR code."""

    def said(words: Words) -> str:
        return render(words, "zh")

    return {
        "number": facts.number,
        "title": said(t("certificate.file_title", certificate=facts.certificate, name=facts.name)),
        "fonts": [fonts.SERIF, fonts.SANS],
        "name_fonts": fonts.families(facts.name),
        "programme": facts.programme,
        "heading": facts.certificate,
        "name": facts.name,
        "body": [
            said(t("certificate.body", did=_did(facts), **_gaps(facts))),
            said(t("certificate.hereby")),
        ],
        "small": [
            said(t("certificate.number_line", number=facts.number)),
            said(t("certificate.cohort_line", cohort=facts.cohort)),
            said(t("certificate.verify_online" if site else "certificate.verify_offline")),
            said(t("certificate.rests_on", clause=facts.clause)),
        ],
        "office": facts.office,
        "day": said(t("certificate.day", y=facts.issued_on.year, **_day(facts))),
        "qr": code(verified_at(site, token) if site else token),
    }


def _gaps(facts: Certified) -> Mapping[str, Any]:
    subject = t("certificate.subject", subject=facts.subject) if facts.subject else ""
    return {
        "programme": facts.programme,
        "subject": subject,
        "outcome": facts.outcome,
    }


def _did(facts: Certified) -> Words:
    """What was done, as far as the document counts it."""
    told = {"sessions": facts.sessions, "hours": facts.hours}
    match facts.sessions, facts.hours:
        case None, None:
            return ""
        case _, None:
            return t("certificate.did_sessions", **told)
        case None, _:
            return t("certificate.did_hours", **told)
    return t("certificate.did_both", **told)


def _day(facts: Certified) -> Mapping[str, int]:
    return {"m": facts.issued_on.month, "d": facts.issued_on.day}


def code(words: str) -> str:
    """A QR code as SVG."""
    out = io.BytesIO()
    segno.make(words, error="m", micro=False, boost_error=False).save(
        out, kind="svg", border=2, xmldecl=False, dark="#1d2b45"
    )
    return out.getvalue().decode()

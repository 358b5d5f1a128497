"""Issues certificates and makes their PDFs: each in small transactions, so that it can be broken
off at any point and goes on where it was."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, Final

import segno
import structlog
from sqlmodel import Session

from bot.inbox import Job, Order
from bot.scene import TO_MENU
from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import Clock, beijing_day
from bot.talk.message import Choice, Item, Message, Meter, press
from bot.worker import IDLE, Trouble, Worker
from jobs import fonts
from jobs.printing import NotPrinted, Printer
from programmes.serving import Proof
from prompts import Text, Words, render, t
from services import certificates, proofs
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

    async def again(
        self, by: Actor | Operator, cohort_id: int, certificate_id: int
    ) -> AsyncIterator[Handled]:
        """Issue a certificate anew, with what has been put right; the old one is revoked."""
        told, act = certificates.to_restate, partial(certificates.reissue, keys=self.keys)
        async for one in self._single(by, cohort_id, told, act, (certificate_id,)):
            yield one

    async def prove(
        self, by: Actor | Operator, cohort_id: int, member: int, proof: Proof
    ) -> AsyncIterator[Handled]:
        """Issue a proof of a member's hours."""
        told, act = proofs.stated, partial(proofs.issue, keys=self.keys)
        async for one in self._single(by, cohort_id, told, act, (member, proof)):
            yield one

    async def _single(
        self,
        by: Actor | Operator,
        cohort_id: int,
        told: Callable[..., Certified],
        act: Callable[..., Certificate],
        what: tuple[Any, ...],
    ) -> AsyncIterator[Handled]:
        """Issue one paper: `told` looks up what it would state, and `act` issues it. What an
        earlier run has left is made first."""
        printer = Printer()
        try:
            for left in await self.database.run(certificates.unprinted, cohort_id):
                await self._print(printer, by, left)
            facts = await self.database.run(told, by, *what)
            if lack := fonts.lacking(
                "".join((facts.name, facts.unit, facts.office, facts.cohort))
            ):
                lacks = t("certificate.lacking", name=facts.name, signs=lack)
                yield Handled(what[0], facts.name, lacks)
                return
            row = await self.database.run(act, by, *what)
            why = await self._print(printer, by, row.id or 0)
            yield Handled(row.member_id, facts.name, why, row.id, row.number)
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
            of, coming = await self._begun(order)
            await self._tell(order, progress(order, made, of), 0)
            async for one in coming:
                made.append(one)
                if len(made) % STEP == 0:
                    await self._tell(order, progress(order, made, of), len(made))
            told = result(order, made)
        except Refused as refused:
            told = Message(refused.words)
        issued = sum(one.certificate is not None for one in made)
        await run(certificates.carried_out, order.actor, order, issued)
        await self._tell(order, told, -1)

    async def _begun(self, order: IssuingOrder) -> tuple[int, AsyncIterator[Handled]]:
        """How many an order is about, and what each comes to."""
        by, cohort = order.actor, order.cohort
        if order.certificate is not None:
            return 1, self._press.again(by, cohort, order.certificate)
        if order.proof and order.only:
            return 1, self._press.prove(by, cohort, order.only[0], Proof(order.proof))
        learners = await self._press.learners(by, cohort, order.only)
        return len(learners), self._press.issue(by, cohort, learners)

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
    """The job `order_certificates`: notes an order of certificates, of one anew, or of a proof of
    hours, and has it carried out."""

    async def note(order: Order) -> dict[str, Any]:
        actor = Actor(order.person_id or 0, order.args["account"], clock.now())
        try:
            await press.database.run(_note, actor, order.args)
        except Refused:
            return {"refused": True}
        wake()
        return {"refused": False}

    return note


def _note(db: Session, actor: Actor, asked: Mapping[str, Any]) -> None:
    if asked.get("proof"):
        proofs.order(db, actor, asked["member"], Proof(asked["proof"]))
    elif asked.get("certificate"):
        certificates.order_anew(db, actor, asked["certificate"])
    else:
        certificates.order(db, actor, asked["cohort"], asked["only"])


def progress(order: IssuingOrder, made: Sequence[Handled], of: int) -> Message:
    """How far an order is."""
    done = t("certificate.so_far", done=len(made), of=of)
    meter = Meter(
        t("proof.making" if order.proof else "certificate.issuing"), done, len(made), 0, of
    )
    return Message(title=title(order), meters=(meter,))


def title(order: IssuingOrder) -> Text:
    """What an order is about."""
    return proofs.name_of(order.proof) if order.proof else t("certificate.title")


def result(order: IssuingOrder, made: Sequence[Handled]) -> Message:
    """What came of an order: how many were issued, and who was given none and why."""
    none = [one for one in made if one.why is not None]
    issued = sum(one.certificate is not None for one in made)
    items = tuple(Item(one.why, tone="bad") for one in none[:NAMED] if one.why)
    back = Choice(press("certifying", order.cohort), t("certificate.to_list"))
    if order.single:
        paper = next((one.certificate for one in made if one.certificate), None)
        look = Choice(press("certificate", paper or 0), certificates.look_at(order.proof))
        back = look if paper else TO_MENU
    return Message(
        t(
            "certificate.some_issued" if none else "certificate.all_issued",
            count=issued,
            left=len(none),
        ),
        ((back,),),
        title=title(order),
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
    given = proofs.rule(db, row)
    facts = certificates.facts_of(db, row)
    if not row.proof:
        return page(facts, row.token, site)
    said = load(db.get_one(Cohort, row.cohort_id).programme).fact(given.path).says if given else ""
    return proof_page(
        facts, row.proof, str(said), row.token, site, unsure=bool(given and given.unsure)
    )


def page(facts: Certified, token: str, site: str) -> dict[str, Any]:
    """What `certificate.typ` is told of a certificate: every word on the page, and the QR code."""
    body = [t("certificate.body", did=_did(facts), **_gaps(facts)), t("certificate.hereby")]
    return _page(facts, token, site, body, [t("certificate.rests_on", clause=facts.clause)])


def proof_page(
    facts: Certified, proof: str, rule: str, token: str, site: str, *, unsure: bool = False
) -> dict[str, Any]:
    """The same of a proof of hours, with the rule by which the hours count."""
    body = [
        t(
            "proof.body",
            of_unit=t("proof.of_unit", unit=facts.unit) if facts.unit else "",
            **facts.model_dump(include={"programme", "cohort", "role", "sessions", "length"}),
            since=_day_said(facts.since),
            until=_day_said(facts.until),
        ),
        t("proof.rule", clause=facts.clause, rule=rule),
        t("proof.hereby"),
    ]
    small = [t(f"proof.stands_{proof}"), t("proof.how_counted")]
    return _page(facts, token, site, body, [*([t("proof.unsure")] if unsure else ()), *small])


def _page(
    facts: Certified, token: str, site: str, body: Sequence[Text], last: Sequence[Text]
) -> dict[str, Any]:
    def said(words: Words) -> str:
        return render(words, "zh")

    verified = "certificate.verify_online" if site else "certificate.verify_offline"
    small = [
        t("certificate.number_line", number=facts.number),
        *([t("certificate.replaces_line", number=facts.replaces)] if facts.replaces else ()),
        *([] if facts.length else [t("certificate.cohort_line", cohort=facts.cohort)]),
        t(verified),
        *last,
    ]
    return {
        "number": facts.number,
        "title": said(t("certificate.file_title", certificate=facts.certificate, name=facts.name)),
        "fonts": [fonts.SERIF, fonts.SANS],
        "name_fonts": fonts.families(facts.name),
        "programme": facts.programme,
        "heading": facts.certificate,
        "name": facts.name,
        "body": [*map(said, body)],
        "small": [*map(said, small)],
        "office": facts.office,
        "day": said(_day_said(facts.issued_on)),
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


def _day_said(day: date | None) -> Words:
    """A day with its year, as it stands on paper."""
    return t("certificate.day", y=day.year, m=day.month, d=day.day) if day else ""


def code(words: str) -> str:
    """A QR code as SVG."""
    out = io.BytesIO()
    segno.make(words, error="m", micro=False, boost_error=False).save(
        out, kind="svg", border=2, xmldecl=False, dark="#1d2b45"
    )
    return out.getvalue().decode()

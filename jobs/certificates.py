"""Issues certificates and makes their PDFs: each in small transactions, so that it can be broken
off at any point and goes on where it was."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import segno
from sqlmodel import Session

from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import beijing_day
from jobs import fonts
from jobs.printing import Printer, printer
from prompts import Text, Words, render, t
from services import certificates
from services.certificates import CertificateStanding
from services.certified import Certified
from services.packs import load
from storage.database import Database
from storage.files import FileStore
from storage.signing import SigningKeys
from storage.tables import Certificate, Cohort

ADDRESS: Final = "/verify"
"""Where on the web server certificates are verified; the token stands behind a #."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of one learner's certificate: one was issued, or the sentence says why not."""

    member: int
    name: str
    certificate: int | None = None
    number: str = ""
    why: Text | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """What issuing needs, besides the database."""

    database: Database
    store: FileStore
    keys: SigningKeys
    site: str
    """The address of the web server; empty if it has none that others can open."""

    async def issue(
        self, by: Actor | Operator, cohort_id: int, only: Sequence[int] | None = None
    ) -> AsyncIterator[Handled]:
        """Issue the certificates of all learners of a cohort who are ready, or of these alone, and
        make all PDFs that are not made: what each came to, as it is done.

        Raises `Refused` where no certificate is issued here.
        """
        learners = await self.database.run(_learners, cohort_id, by, only)
        async with printer() as working:
            # What an earlier run has issued and not printed comes first.
            for number in await self.database.run(certificates.unprinted, cohort_id):
                await self._print(working, by, number)
            for learner in learners:
                yield await self._one(working, by, learner)

    async def _one(self, working: Printer, by: Actor | Operator, learner: _Learner) -> Handled:
        if learner.why is not None:
            return Handled(learner.member, learner.name, why=learner.why)
        if lack := fonts.lacking(learner.words):
            lacking = t("certificate.lacking", name=learner.name, signs=lack)
            return Handled(learner.member, learner.name, why=lacking)
        try:
            row = await self.database.run(certificates.issue, by, learner.member, self.keys)
        except Refused as refused:
            return Handled(learner.member, learner.name, why=refused.words)
        number = row.id or 0
        await self._print(working, by, number)
        return Handled(learner.member, learner.name, number, row.number)

    async def _print(self, working: Printer, by: Actor | Operator, number: int) -> None:
        told = await self.database.run(_told, number, self.site)
        data = await working.print(told)
        sha256 = await asyncio.to_thread(self.store.keep, data)
        await self.database.run(certificates.printed, by, number, sha256, len(data))


@dataclass(frozen=True, slots=True)
class _Learner:
    """A learner whose turn comes."""

    member: int
    name: str
    words: str
    """All that would be set of theirs, whose characters a font must have."""
    why: Text | None
    """Why none can be issued now."""


def _learners(
    db: Session, cohort_id: int, by: Actor | Operator, only: Sequence[int] | None
) -> list[_Learner]:
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
        _Learner(
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
            said(t("certificate.verify_online" if site else "certificate.verify_offline")),
            said(t("certificate.rests_on", clause=facts.clause)),
        ],
        "office": facts.office,
        "day": said(t("certificate.day", y=facts.issued_on.year, **_day(facts))),
        "qr": code(f"{site}{ADDRESS}#{token}" if site else token),
    }


def _gaps(facts: Certified) -> Mapping[str, Any]:
    subject = t("certificate.subject", subject=facts.subject) if facts.subject else ""
    return {
        "programme": facts.programme,
        "cohort": facts.cohort,
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

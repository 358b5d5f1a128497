"""Makes learners' dossiers: the paper and the signed file, for one who asks in the chat, or for a
whole cohort, which can be broken off at any point and goes on where it was."""

from __future__ import annotations

import asyncio
import hashlib
import os
import unicodedata
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import structlog

from bot.inbox import Order
from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import Clock
from bot.talk.inputs import length
from jobs import fonts
from jobs.printing import DOSSIER, NotPrinted, Printer
from prompts import Text, Words, render, t
from services import dossiers
from services.dossier_form import Dossier, EntryTold, EvaluationTold, PassageTold, RequirementTold
from services.dossiers import SignedDossier
from storage.database import Database
from storage.files import FileStore, safe_name, sync_folder
from storage.signing import SigningKeys
from storage.tables import RecordKind

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bound:
    """What came of one learner's dossier: it was made, it was there, or the sentence says why
    not."""

    name: str
    made: bool = False
    why: Text | None = None


@dataclass(frozen=True, slots=True)
class Bindery:
    """What making dossiers needs."""

    database: Database
    keys: SigningKeys

    async def papers(
        self, printer: Printer, by: Actor | Operator, member_id: int
    ) -> dict[str, bytes]:
        """A learner's dossier in its two forms. Raises `Refused` and `NotPrinted`."""
        found = await self.database.run(dossiers.make, by, member_id, self.keys)
        return {"pdf": await printer.print(page(found)), "json": found.data}

    async def bind(
        self, by: Operator, learners: Iterable[tuple[int, str]], folder: Path
    ) -> AsyncIterator[Bound]:
        """Make the dossiers of these learners, each with its number and name, in a folder: what
        each came to, as it is done. What is there is not made again."""
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        printer = Printer(DOSSIER)
        try:
            for member_id, name in learners:
                paths = {
                    end: folder / safe_name(f"{member_id:06}-{name}", end)
                    for end in dossiers.PAPERS
                }
                # The signed file comes last: where it is, both are whole.
                if paths["json"].exists():
                    yield Bound(name)
                    continue
                try:
                    papers = await self.papers(printer, by, member_id)
                except Refused as refused:
                    yield Bound(name, why=refused.words)
                    continue
                except NotPrinted as why:
                    log.error("dossier_not_printed", member=member_id, why=str(why))
                    yield Bound(name, why=t("dossier.not_made"))
                    continue
                for end, data in papers.items():
                    await asyncio.to_thread(put_down, paths[end], data)
                yield Bound(name, made=True)
        finally:
            await printer.close()


def put_down(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    with unfinished.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    os.replace(unfinished, path)
    sync_folder(path.parent)


@dataclass(frozen=True, slots=True)
class DossierDesk:
    """Makes a dossier for one who asks, in the chat or on a page."""

    bindery: Bindery
    store: FileStore
    clock: Clock

    async def make(self, actor: Actor, member_id: int) -> list[int]:
        """The numbers of the two files, which the actor alone can open for a while. Raises
        `Refused` and `NotPrinted`."""
        printer = Printer(DOSSIER)
        try:
            papers = await self.bindery.papers(printer, actor, member_id)
            kept = {
                end: (await asyncio.to_thread(self.store.keep, data), len(data))
                for end, data in papers.items()
            }
            return await self.bindery.database.run(dossiers.keep, actor, member_id, kept)
        except NotPrinted as why:
            log.error("dossier_not_printed", member=member_id, why=str(why))
            raise
        finally:
            await printer.close()

    async def make_for_chat(self, order: Order) -> dict[str, Any]:
        """The job `make_dossier`: returns the numbers of the two files."""
        actor = Actor(order.person_id or 0, None, self.clock.now())
        try:
            return {"files": await self.make(actor, order.args["member"])}
        except (Refused, NotPrinted):
            return {"files": []}


# ---------------------------------------------------------------- what stands on the paper


def page(made: SignedDossier) -> dict[str, Any]:
    """What `dossier.typ` is told: every word that stands on the paper."""
    dossier = made.dossier
    found = {
        "title": _zh(t("dossier.paper_title", name=dossier.name)),
        "author": dossier.office,
        "fonts": [fonts.SERIF, fonts.SANS],
        "programme": dossier.programme,
        "heading": _zh(t("dossier.heading")),
        "name": dossier.name,
        "as_of": _zh(t("dossier.as_of", day=dossier.as_of)),
        "who": [[_zh(label), value] for label, value in _who(dossier) if value],
        "sections": list(_sections(dossier)),
        "seal": [_zh(one) for one in _seal(made)],
        "running": _zh(t("dossier.running", name=dossier.name, day=dossier.as_of)),
        "page": _zh(t("dossier.page", page="§", pages="§")).split("§"),
    }
    return _printable(found)


def _who(dossier: Dossier) -> Iterable[tuple[Text, str]]:
    last: date | Text = dossier.cycle_last or t("progress.no_end")
    yield t("dossier.school"), dossier.school
    yield t("dossier.grade"), dossier.grade
    yield t("dossier.subject"), dossier.subject
    yield t("field.mentors"), _zh(t("field.list", items=dossier.mentors))
    yield t("dossier.cohort"), dossier.cohort
    yield t("dossier.cycle"), _zh(t("dossier.from_to", first=dossier.cycle_first, last=last))
    yield t("dossier.joined"), _day(dossier.joined_on)
    yield t("dossier.left"), _day(dossier.left_on)


def _sections(dossier: Dossier) -> Iterable[dict[str, Any]]:
    """The parts of the paper, each with its blocks. What there may be no need of is left out where
    it is empty; the others say so."""
    of = {kind: [one for one in dossier.entries if one.kind == kind] for kind in RecordKind}
    yield _section(t("dossier.requirements"), map(_requirement, dossier.requirements))
    for kind, entries in of.items():
        if entries or kind is RecordKind.SESSION:
            heading = t(f"dossier.kind_{kind}", count=len(entries))
            yield _section(heading, map(_entry, entries))
    yield _section(t("dossier.evaluations"), map(_evaluation, dossier.evaluations))
    yield _section(t("dossier.end"), _end(dossier))


def _section(heading: Text, blocks: Iterable[dict[str, Any]]) -> dict[str, Any]:
    found = list(blocks)
    return {"heading": _zh(heading), "blocks": found, "none": _zh(t("dossier.none"))}


def _block(
    head: Words, facts: Iterable[Words] = (), passages: Sequence[PassageTold] = ()
) -> dict[str, Any]:
    return {
        "head": _zh(head),
        "facts": [said for one in facts if (said := _zh(one))],
        "passages": [[one.label, one.words.splitlines()] for one in passages if one.words],
    }


def _requirement(asked: RequirementTold) -> dict[str, Any]:
    numbers = {"submitted": asked.submitted, "approved": asked.approved}
    key = "dossier.numbers" if asked.reviewed else "dossier.unreviewed"
    facts: list[Words] = [t(key, **numbers)]
    if asked.periods:
        facts = [
            t(
                "dossier.period",
                first=one.first,
                last=one.last,
                submitted=one.submitted,
                approved=one.approved,
            )
            for one in asked.periods
        ]
    if asked.clause:
        facts.append(t("dossier.clause", clause=asked.clause))
    return _block(asked.what, facts)


def _entry(entry: EntryTold) -> dict[str, Any]:
    facts: list[Words] = []
    if entry.minutes is not None:
        people = t("field.list", items=entry.people)
        at = [one for one in (entry.when, entry.place, entry.activity) if one]
        facts.append(t("dossier.session", at=at, length=length(entry.minutes)))
        facts.append(t("dossier.people", people=people) if entry.people else "")
    if entry.reviewed:
        facts.append(t("dossier.approved", name=entry.approved_by, day=entry.approved_on))
    else:
        facts.append(t("dossier.handed_in"))
    facts += [t("dossier.attached", name=one.name, hash=one.sha256) for one in entry.files]
    head: Words = entry.title if entry.minutes is None else t("field.day_only", day=entry.day)
    return _block(head, facts, entry.passages)


def _evaluation(one: EvaluationTold) -> dict[str, Any]:
    facts: list[Words] = [
        t("dossier.outcome", outcome=one.outcome) if one.outcome else "",
        t("dossier.signed", name=one.signer, day=one.signed_on, version=one.version),
        t("dossier.clause", clause=one.clause) if one.clause else "",
    ]
    return _block(t("dossier.stage", stage=one.stage, side=one.side), facts, one.passages)


def _end(dossier: Dossier) -> Iterable[dict[str, Any]]:
    """The certificates, and the exit."""
    for one in dossier.certificates:
        facts: list[Words] = [t("dossier.issued", number=one.number, day=one.issued_on)]
        if one.revoked_on:
            facts.append(t("dossier.revoked", day=one.revoked_on))
        yield _block(one.certificate, facts)
    if dossier.exit is not None:
        told, ended = dossier.exit.told_on, dossier.exit.ended_on
        facts = [
            t("dossier.exit_told", day=told) if told else "",
            t("dossier.exit_reason", reason=dossier.exit.reason) if dossier.exit.reason else "",
            t("dossier.exit_ended", day=ended) if ended else t("dossier.exit_open"),
        ]
        yield _block(t("dossier.exit"), facts)


def _seal(made: SignedDossier) -> Iterable[Text]:
    """How the paper stands to the signed file, and that it tells a day's state."""
    dossier = made.dossier
    yield t("dossier.seal", day=dossier.as_of)
    yield t("dossier.made", name=dossier.made_by, at=dossier.made_at)
    yield t("dossier.fingerprint", hash=hashlib.sha256(made.data).hexdigest())
    yield t("dossier.key", key=made.key)


def _day(day: date | datetime | None) -> str:
    return _zh(t("field.day_only", day=day)) if day else ""


def _zh(words: Words) -> str:
    return render(words, "zh")


GETA: Final = "〓"
"""Stands for a character that no font has, as printers have it; the signed file has it."""


def _printable(told: Mapping[str, Any]) -> dict[str, Any]:
    """The same with nothing in it that cannot be set: Typst draws an empty box for it."""
    signs = "".join(_words_of(told))
    unseen = dict.fromkeys(
        (ord(sign) for sign in signs if unicodedata.category(sign) in _UNSEEN), None
    )
    lacking = fonts.lacking(signs.translate(unseen).replace("\t", " "))
    instead: dict[int, str | None] = {ord(sign): GETA for sign in lacking}
    instead |= unseen | {ord("\t"): " "}
    found: dict[str, Any] = _each(told, instead)
    if lacking:
        found["seal"].append(_zh(t("dossier.lacking", sign=GETA)))
    return found


_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Mn"})
"""Controls, joiners, and marks that choose how the character before them looks."""


def _words_of(told: Any) -> Iterable[str]:
    match told:
        case str():
            yield told
        case Mapping():
            for one in told.values():
                yield from _words_of(one)
        case list():
            for one in told:
                yield from _words_of(one)


def _each(told: Any, instead: Mapping[int, str | None]) -> Any:
    match told:
        case str():
            return told.translate(instead)
        case Mapping():
            return {name: _each(one, instead) for name, one in told.items()}
        case list():
            return [_each(one, instead) for one in told]
    return told

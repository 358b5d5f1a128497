"""Annual summaries: counted, filled into a template in another process, kept for whoever asked.

Each job is a part of a talk and repeated from its beginning after a crash: nothing that it did
before is there twice but a file that is deleted after a day.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import structlog
from sqlmodel import Session

from bot.inbox import Job, Order
from bot.platforms.contract import DeliveryError, FileTooLarge, Platform
from bot.talk.acting import Actor, Refused
from bot.talk.clock import Clock
from jobs import summary_filler, summary_paper
from jobs.apart import told_by
from jobs.kindly import kindly
from prompts import Language, render, t
from services import persons, summaries, summary_form
from services.summaries import AnnualSummary, GivenHours
from storage.database import Database
from storage.files import FileStore, safe_name

WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
DOCX: Final = "docx"
SECONDS: Final = 30
"""Time limit for filling, in seconds."""

log = structlog.get_logger()


class NotFilled(Refused):
    """A template could not be filled."""


@dataclass(frozen=True, slots=True)
class MadeSummary:
    """A summary as a file."""

    name: str
    data: bytes


async def fill_apart(template: bytes, told: Mapping[str, Any], seconds: float = SECONDS) -> bytes:
    """Fill a template in another process. Raises `NotFilled`."""
    if len(template) > summary_filler.MOST_BYTES:
        raise NotFilled(t("summary.unfit.too_large"))
    sent = json.dumps(told).encode() + b"\n" + template
    try:
        how, what = await told_by(summary_filler.__name__, sent, seconds)
    except TimeoutError:
        raise NotFilled(t("summary.unfit.too_hard")) from None
    if how == summary_filler.FILLED:
        return what
    if how == summary_filler.UNFIT:
        why = json.loads(what)
        raise NotFilled(t(f"summary.unfit.{why['code']}", **why["gaps"]))
    raise NotFilled(t("summary.unfit.too_hard"))


@cache
def ours(language: Language) -> bytes:
    """Our own template."""
    return summary_paper.template(language)


@dataclass(frozen=True, slots=True)
class SummaryDesk:
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
            "make_summary": kindly(self.database, self.make_for_chat),
            "get_summary_template": kindly(self.database, self.give_template),
            "read_summary_template": kindly(self.database, self.read),
        }

    # ------------------------------------------------------------ making

    async def make(self, actor: Actor, cohort_id: int) -> MadeSummary:
        """A cohort's summary in the present template. Raises `Refused` and `NotFilled`."""
        found, language = await self.count(actor, cohort_id)
        kept = await self.database.run(_template_kept, actor, cohort_id)
        template = await self._template(kept, language)
        try:
            data = await fill_apart(template, summary_form.told(found))
        except NotFilled as unfit:
            log.warning("summary_not_filled", cohort=cohort_id, why=unfit.words.key)
            if kept is None:
                raise NotFilled(t("summary.not_made")) from None
            raise NotFilled(t("summary.template_broken", why=unfit.words)) from None
        await self.database.run(summaries.note_made, actor, cohort_id)
        return MadeSummary(safe_name(summary_form.file_name(found, language), DOCX), data)

    async def count(self, actor: Actor, cohort_id: int) -> tuple[AnnualSummary, Language]:
        """What a summary tells, counted in small transactions so that nobody's chat waits; and
        the language of whoever asks. Raises `Refused`."""
        language = await self.database.run(persons.language_of, actor.person_id)
        every = await self.database.run(summaries.givers, actor, cohort_id)
        given: list[GivenHours] = []
        for first in range(0, len(every), summaries.AT_ONCE):
            some = every[first : first + summaries.AT_ONCE]
            given += await self.database.run(summaries.given_by, actor, cohort_id, some)
        told = summaries.told
        while (found := await self.database.run(told, actor, cohort_id, given)) is None:
            left = 1
            while left:
                left = await self.database.run(summaries.count_some, actor, cohort_id)
        return found, language

    async def _template(self, kept: str | None, language: Language) -> bytes:
        if kept is None:
            return await asyncio.to_thread(ours, language)
        try:
            return await asyncio.to_thread(self.store.read, kept)
        except FileNotFoundError:
            raise NotFilled(t("summary.template_broken", why=t("summary.unfit.damaged"))) from None

    async def make_for_chat(self, order: Order) -> dict[str, Any]:
        """`make_summary`: returns the file's number."""
        actor = self._by(order)
        made = await self.make(actor, order.args["cohort"])
        return {"file": await self._keep(actor, made.data, made.name)}

    async def _keep(self, actor: Actor, data: bytes, name: str) -> int:
        sha256 = await asyncio.to_thread(self.store.keep, data)
        kept, until = persons.keep_made, actor.now + summaries.LIFE
        return await self.database.run(kept, actor, sha256, len(data), name, until, WORD)

    # ------------------------------------------------------------ the template

    async def give_template(self, order: Order) -> dict[str, Any]:
        """`get_summary_template`: the present template, or ours; returns the file's number."""
        actor, cohort_id = self._by(order), order.args["cohort"]
        kept = await self.database.run(_template_to_change, actor, cohort_id)
        kept = None if order.args.get("ours") else kept
        language = await self.database.run(persons.language_of, actor.person_id)
        data = await self._template(kept, language)
        name = await self.database.run(_template_name, cohort_id, language)
        return {"file": await self._keep(actor, data, name)}

    async def read(self, order: Order) -> dict[str, Any]:
        """`read_summary_template`: fill what was sent with the present figures; returns where the
        template is kept, and the number of the filled file."""
        actor, cohort_id = self._by(order), order.args["cohort"]
        await self.database.run(summaries.to_change_template, actor, cohort_id)
        platform = self.platforms[order.platform]
        most = min(self.limit, platform.capabilities.file_limit, summary_filler.MOST_BYTES)
        ref, name, _, size = order.args["file"]
        try:
            if size is not None and size > most:
                raise FileTooLarge
            template = await platform.fetch(ref, most)
        except FileTooLarge:
            raise NotFilled(t("file.too_large", megabytes=most // 1024**2)) from None
        except DeliveryError:
            raise NotFilled(t("file.not_fetched")) from None
        found, language = await self.count(actor, cohort_id)
        filled = await fill_apart(template, summary_form.told(found))
        sha256 = await asyncio.to_thread(self.store.keep, template)
        shown = safe_name(summary_form.file_name(found, language, preview=True), DOCX)
        return {
            # Housekeeping keeps what is named under `kept`, as long as the talk is open.
            "kept": [{"sha256": sha256, "size": len(template)}],
            "name": safe_name(name, DOCX),
            "preview": await self._keep(actor, filled, shown),
        }

    def _by(self, order: Order) -> Actor:
        if order.person_id is None:
            raise Refused(t("join.first"))
        return Actor(order.person_id, None, self.clock.now())


def _template_kept(db: Session, actor: Actor, cohort_id: int) -> str | None:
    """The hash of the office's template; `None` where ours stands. Raises `Refused`."""
    summaries.cohort_for(db, actor, cohort_id)
    found = summaries.template_of(db, cohort_id)
    return found.sha256 if found is not None else None


def _template_to_change(db: Session, actor: Actor, cohort_id: int) -> str | None:
    """As `_template_kept`, for whoever may change it. Raises `Refused`."""
    summaries.to_change_template(db, actor, cohort_id)
    return _template_kept(db, actor, cohort_id)


def _template_name(db: Session, cohort_id: int, language: Language) -> str:
    name = summaries.name_of_cohort(db, cohort_id)
    return safe_name(render(t("summary.template_file", cohort=name), language), DOCX)

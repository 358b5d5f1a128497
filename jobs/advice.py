"""A model is asked about what was not surely understood, beside everything else.

The composed answer is on its way already; each question is asked by itself, so that a slow or
broken model holds nobody up. What comes of it is one transaction: a crash before that asks once
more, a crash after it asks nothing again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import structlog

from answers import PolicyAnswer, guide
from answers.candidates import candidates, private
from answers.passages import Passages
from answers.phrasing import Phrased
from bot.platforms.contract import Platform
from bot.talk.clock import Clock
from jobs.model import PART, Endpoint, Model, ModelReply, reckoned
from programmes.model import Programme
from prompts import Language
from services import advice
from services.advice import Wanted
from services.scrub import scrub
from storage.database import Database

log = structlog.get_logger()

AT_ONCE: Final = 4
"""Questions that are asked at the same time."""
IDLE: Final = 30.0
"""Seconds after which the database is looked at even if nobody said that something came."""
RETRY: Final = 1.0
"""Seconds before the database is asked again after it has failed."""


class Advisor:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        platforms: Mapping[str, Platform],
        model: Model,
        monthly: int,
        said: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._platforms = platforms
        self._model = model
        self._monthly = monthly
        self._said = said
        self._came = asyncio.Event()
        self._asking: dict[int, asyncio.Task[None]] = {}
        """The questions that are being asked, by number."""

    def wake(self) -> None:
        """Say that something may be waiting."""
        self._came.set()

    async def run(self) -> None:
        """Ask what waits, and what comes, until cancelled."""
        try:
            while True:
                self._came.clear()
                try:
                    await self._turn()
                except Exception:  # what waits in the database waits until it is well again
                    log.exception("advice_halted")
                    await asyncio.sleep(RETRY)
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE):
                        await self._came.wait()
        finally:
            # The next start asks again, if it is not too late by then.
            for task in self._asking.values():
                task.cancel()

    async def drain(self) -> None:
        """Ask all that waits, until it is settled: for tests and tools, not beside `run`."""
        while await self._turn() or self._asking:
            if self._asking:
                await asyncio.wait(self._asking.values())

    async def close(self) -> None:
        await self._model.close()

    async def _turn(self) -> bool:
        """Begin to ask as many as may be asked now; gives whether there were any."""
        free = AT_ONCE - len(self._asking)
        if free <= 0:
            return False
        taken, dropped = await self._database.run(
            advice.take, self._clock.now(), free, list(self._asking), reckoned, self._monthly
        )
        for wanted in taken:
            self._asking[wanted.id] = asyncio.create_task(self._ask(wanted))
        if dropped:
            log.info("advice_dropped", count=dropped)
            self._said()
            self._came.set()
        return bool(taken or dropped)

    async def _ask(self, wanted: Wanted) -> None:
        try:
            platform = self._platforms.get(wanted.platform)
            edits = platform is not None and platform.capabilities.edits
            # At most every other turn that the chat has: what is said there waits for nothing.
            gap = max(PART, 2 / platform.capabilities.per_chat) if platform else PART
            shown = partial(self._show, wanted.id) if edits else None
            reply = await self._model.ask(
                wanted.words, wanted.evidence, wanted.language, shown, gap
            )
            await self._database.run(
                advice.settle,
                wanted,
                reply.phrased,
                reply.why,
                reply.tokens,
                self._clock.now(),
                replied=reply.replied,
            )
        except Exception:
            log.exception("advice_not_kept", row=wanted.id)
            await asyncio.sleep(RETRY)
        finally:
            del self._asking[wanted.id]
            self._said()
            self._came.set()

    async def _show(self, number: int, phrased: Phrased) -> None:
        await self._database.run(advice.show_part, number, phrased, self._clock.now())
        self._said()


async def ask_once(
    endpoint: Endpoint,
    own: Sequence[Programme],
    question: str,
    answers: Sequence[PolicyAnswer],
    library: Passages | None,
    language: Language,
) -> ModelReply:
    """Ask about one question, for the command line: by the same rules, however sure its answer."""
    said = advice.nameless(scrub(question, ()))
    evidence = candidates(question, own, answers, guide(), library, language)
    if any(one.guardian_consent for one in own):
        return ModelReply(None, "below_14", (0, 0), replied=False)
    if said is None or not evidence or private(question, own, guide()):
        return ModelReply(None, "private" if evidence else "no_evidence", (0, 0), replied=False)
    model = Model(endpoint)
    try:
        return await model.ask(said, evidence, language)
    finally:
        await model.close()

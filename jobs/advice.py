"""Asks a model about unsure questions, apart from everything else.

The composed answer has been queued already. Each question is asked separately, so that a slow or
broken model delays nobody. The outcome is stored in one transaction: after a crash before it the
question is asked again, after it never.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import structlog

from answers import PolicyAnswer, guide
from answers.candidates import candidates, private
from answers.passages import Passages
from answers.phrasing import Phrased
from bot.platforms.contract import Platform
from bot.talk.clock import Clock
from bot.worker import IDLE, Trouble, Worker
from jobs.language_model import PART, Endpoint, Model, ModelReply, reckoned
from programmes.model import Programme
from prompts import Language
from services import advice
from services.advice import Wanted
from services.scrub import unnamed
from storage.database import Database

log = structlog.get_logger()

AT_ONCE: Final = 4
"""Maximum of questions asked at the same time."""


class Advisor(Worker):
    """The worker that asks the model."""

    name = "advice"

    def __init__(
        self,
        database: Database,
        clock: Clock,
        platforms: Mapping[str, Platform],
        model: Model,
        monthly: int,
        said: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._database = database
        self._clock = clock
        self._platforms = platforms
        self._model = model
        self._monthly = monthly
        self._said = said
        self._asking: set[int] = set()
        """Numbers of the questions being asked."""
        self._unkept = Trouble("advice_not_kept")

    async def close(self) -> None:
        await self._model.close()

    async def take_up(self) -> None:
        """Do nothing: interrupted questions still wait and are asked again."""

    async def turn(self) -> float:
        """Start asking as many questions as are allowed now."""
        free = AT_ONCE - len(self._asking)
        if free <= 0:
            return IDLE
        taken, dropped = await self._database.run(
            advice.take, self._clock.now(), free, list(self._asking), reckoned, self._monthly
        )
        for wanted in taken:
            self._asking.add(wanted.id)
            self.start(self._ask(wanted))
        if dropped:
            log.info("advice_dropped", count=dropped)
            self._said()
            self.wake()
        return IDLE

    async def _ask(self, wanted: Wanted) -> None:
        try:
            platform = self._platforms.get(wanted.platform)
            edits = platform is not None and platform.capabilities.edits
            # Use at most every second send of the chat, so that replies do not wait.
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
            self._unkept.over()
        except Exception as error:
            await asyncio.sleep(self._unkept.meet(error, row=wanted.id))
        finally:
            self._asking.remove(wanted.id)
            self._said()

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
    """Ask about one question, for the command line, even if its answer is sure."""
    said = advice.nameless(unnamed(question, ()))
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

"""Workers: the one loop for all work that waits in the database.

A worker takes turns. One turn does all that can be done now; then the worker rests until it is
woken or more is due. After a failed turn the work stays in the database, and the turn is repeated
after growing pauses. A stop ends the loop and everything it began.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from contextlib import suppress
from time import monotonic
from typing import Any, ClassVar, Final

import structlog

from storage.database import database_trouble

log = structlog.get_logger()

IDLE: Final = 60.0
"""Seconds between turns if the worker is not woken and nothing is due."""
RETRY: Final = 1.0
"""Seconds before the first retry; each further pause is twice as long."""
LONGEST_RETRY: Final = 15.0
"""Maximum seconds between retries."""
HANGING: Final = 120.0
"""Seconds after which an unfinished turn counts as hanging."""


class Trouble:
    """A repeated failure: logged once, with growing pauses."""

    def __init__(self, event: str) -> None:
        self.met = 0
        """Failures since the program began."""
        self._event = event
        self._kind: str | None = None
        self._pause = 0.0

    @property
    def lasts(self) -> bool:
        return self._kind is not None

    def meet(self, error: Exception, **about: Any) -> float:
        """Note a failure, in its `except` block; returns the seconds before the next attempt."""
        kind = database_trouble(error) or type(error).__name__
        if kind != self._kind:
            if kind == type(error).__name__:
                log.exception(self._event, **about)
            else:
                # Where it came up does not matter: somebody has to see to the database.
                log.error(self._event, why=kind, **about)
            self._kind, self._pause = kind, RETRY
        else:
            self._pause = min(2 * self._pause, LONGEST_RETRY)
        self.met += 1
        return self._pause

    def over(self) -> None:
        """Note a success."""
        if self._kind is not None:
            log.info(f"{self._event}_over")
            self._kind = None


class Worker(ABC):
    """Takes turns until it is stopped."""

    name: str
    last_words: ClassVar[float] = 0.0
    """Seconds that work under way gets to finish after a stop."""

    def __init__(self) -> None:
        self.trouble = Trouble(f"{self.name}_halted")
        self._came = asyncio.Event()
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._running = False
        self._turn_began: float | None = None

    @abstractmethod
    async def turn(self) -> float:
        """Do all that can be done now; returns the seconds until more is due, `IDLE` if unknown.

        Raises the database's error if it accepts nothing.
        """

    @abstractmethod
    async def take_up(self) -> None:
        """Before the first turn: deal with what the last run left unfinished."""

    def wake(self) -> None:
        """Wake the worker: something may be waiting."""
        self._came.set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work beside the turns. Its end causes a turn; a stop cancels it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task_failed", worker=self.name, exc_info=error)

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop: nothing new may begin."""
        return self._stop.is_set()

    @property
    def well(self) -> bool:
        """Whether it is running, not in trouble, and not hanging in a turn."""
        hangs = self._turn_began is not None and monotonic() - self._turn_began > HANGING
        return self._running and not self.trouble.lasts and not hangs

    # ---------------------------------------------------------------- running

    async def run(self) -> None:
        """Take turns until cancelled. When this returns, nothing that it began is still
        running."""
        self._stop.clear()
        self._running = True
        loop = asyncio.create_task(self._loop(), name=self.name)
        try:
            await asyncio.shield(loop)
        finally:
            self._stop.set()
            self.wake()
            try:
                if self.last_words:
                    await asyncio.wait([loop], timeout=self.last_words)
            finally:
                self._running = False
                await end(loop)
                await end(*self._tasks)

    async def _loop(self) -> None:
        taken_up = False
        while True:
            self._came.clear()
            self._turn_began = monotonic()
            try:
                if not taken_up:
                    await self.take_up()
                    taken_up = True
                pause = await self.turn()
            except Exception as error:  # what waits in the database waits until it is well again
                await self._rest_after(self.trouble.meet(error))
                continue
            finally:
                self._turn_began = None
            self.trouble.over()
            if self.stopping and not self._tasks and not self._came.is_set():
                return
            await _passed(self._came, pause)

    async def _rest_after(self, pause: float) -> None:
        """Rest before a retry; a stop ends the rest."""
        if self.stopping:
            await asyncio.sleep(RETRY)
        else:
            await _passed(self._stop, pause)

    async def drain(self) -> float:
        """Take turns until nothing is under way: for tests and tools, not beside `run`.

        Returns the seconds until more is due.
        """
        while True:
            self._came.clear()
            pause = await self.turn()
            if self._came.is_set():
                continue
            if not self._tasks:
                return pause
            await _passed(self._came, pause)


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _passed(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, at most for these seconds and at most for `IDLE`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(min(seconds, IDLE)):
            await event.wait()

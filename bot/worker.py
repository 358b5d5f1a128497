"""Workers: the one loop of whatever does what waits in the database.

A worker takes turns. One turn does all that can be done now; then the worker rests until something
comes or more is due. When a turn fails, what waits stays in the database, and the turn is tried
again after pauses that grow. A stop ends the loop and everything that it began.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from contextlib import suppress
from time import monotonic
from typing import Any, ClassVar, Final

import structlog

log = structlog.get_logger()

IDLE: Final = 60.0
"""Seconds between turns where nobody wakes the worker and nothing is due."""
RETRY: Final = 1.0
"""Seconds before the first retry; each further pause is twice as long."""
LONGEST_RETRY: Final = 15.0
"""Seconds between retries at the most."""
HANGING: Final = 120.0
"""Seconds after which a turn that has not ended is taken to hang."""


class Trouble:
    """Something that fails, perhaps again and again: it is logged once, and the pauses grow."""

    def __init__(self, event: str) -> None:
        self.met = 0
        """Failures since the program began."""
        self._event = event
        self._kind: type[Exception] | None = None
        self._pause = 0.0

    @property
    def lasts(self) -> bool:
        return self._kind is not None

    def meet(self, error: Exception, **about: Any) -> float:
        """Note a failure, in its `except` block; returns the seconds before the next attempt."""
        if type(error) is not self._kind:
            log.exception(self._event, **about)
            self._kind, self._pause = type(error), RETRY
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

    name: ClassVar[str]
    last_words: ClassVar[float] = 0.0
    """Seconds in which what is under way may still end after a stop."""

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

        Raises what the database raises when it takes nothing.
        """

    @abstractmethod
    async def take_up(self) -> None:
        """Before the first turn: see to what the last run left unfinished."""

    def wake(self) -> None:
        """Say that something may be waiting."""
        self._came.set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the turns. Its end calls for a turn; a stop breaks it off."""
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
        """Whether it was told to stop: nothing new is to be begun."""
        return self._stop.is_set()

    @property
    def well(self) -> bool:
        """Whether it is at work: running, not in trouble, and in no turn that hangs."""
        hangs = self._turn_began is not None and monotonic() - self._turn_began > HANGING
        return self._running and not self.trouble.lasts and not hangs

    # ---------------------------------------------------------------- running

    async def run(self) -> None:
        """Take turns until cancelled. When this ends, nothing that it began goes on."""
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
    """Wait for an event, but no longer than so many seconds, nor than `IDLE`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(min(seconds, IDLE)):
            await event.wait()

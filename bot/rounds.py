"""Rounds: workers that look regularly at what has become due, and do it a part at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlmodel import Session

from bot.worker import IDLE, Worker
from storage.database import Database

RoundPart = Callable[[Session], Any]
"""Does a part of the work in a transaction of its own; returns something true if more is left."""


class Round(Worker):
    """Looks every `IDLE` seconds. A round that fails is repeated, and stops no other."""

    def __init__(
        self,
        name: str,
        database: Database,
        parts: Sequence[RoundPart],
        done: Callable[[], None] = lambda: None,
        *,
        first: float = 0.0,
        breath: float = 0.0,
    ) -> None:
        """Each turn does the first of `parts` of which anything is left, and calls `done`.

        The first turn comes `first` seconds after the start; while something is left, the next
        comes after `breath` seconds, in which others may write.
        """
        self.name = name
        super().__init__()
        self._database: Final = database
        self._parts: Final = parts
        self._done: Final = done
        self._first: Final = first
        self._breath: Final = breath

    async def take_up(self) -> None:
        """Let the start be over: nothing was left unfinished."""
        await asyncio.sleep(self._first)

    async def turn(self) -> float:
        left = False
        for part in self._parts:
            if left := bool(await self._database.run(part)):
                break
        self._done()
        return self._breath if left else IDLE

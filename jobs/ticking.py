"""A tick of the clock: what is due is found and told. The server ticks every minute, a rehearsal
through a whole year."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from bot.delivery import ConditionCheck
from bot.talk.clock import Clock, beijing_day
from services import bulletin_posts, delegates, help_calls, office_days, records, reminders
from storage.database import Database

CONDITIONS: Final[Mapping[str, Callable[[Clock], ConditionCheck]]] = {
    "help_waits": lambda _clock: help_calls.waits,
    "waits_for_review": lambda _clock: records.waits_for_review,
    "bulletin_stands": lambda _clock: bulletin_posts.stands,
    "bulletin_unconfirmed": lambda _clock: bulletin_posts.unconfirmed,
    "still_owed": lambda clock: lambda db, args: reminders.still_owed(db, args, clock.now()),
}
"""The conditions that notices may name. The names stand in the database."""


def conditions(clock: Clock) -> dict[str, ConditionCheck]:
    """The conditions, as of a clock."""
    return {name: bound(clock) for name, bound in CONDITIONS.items()}


async def tick(database: Database, clock: Clock) -> None:
    """Find what is due, and tell it: a little in each transaction, so that others are served in
    between."""
    # Loading the days off takes a second at first: not in the database's thread.
    await asyncio.to_thread(office_days.off_by_law, beijing_day(clock.now()))
    # First: what follows may fail, and a call for help must not wait for that.
    await database.run(help_calls.turn, clock.now())
    await database.run(delegates.turn, clock.now())
    while await database.run(reminders.find, clock.now()):
        pass
    while await database.run(reminders.tell, clock.now()):
        pass

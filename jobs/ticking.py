"""A tick of the clock: what is due is found and told. The server ticks every minute, a rehearsal
through a whole year."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any, Final

from sqlmodel import Session

from bot.delivery import ConditionCheck
from bot.talk.clock import Clock, beijing_day
from services import (
    bulletin_posts,
    delegates,
    handovers,
    help_calls,
    office_days,
    records,
    reminders,
)
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


RoundStep = Callable[[Session, datetime], Any]
"""Does a part of what is due at a time; returns something true if more is left."""

ROUNDS: Final[Mapping[str, Sequence[RoundStep]]] = {
    "help_calls": (help_calls.turn,),
    "handovers": (handovers.turn,),
    "delegates": (delegates.turn,),
    "reminders": (reminders.find, reminders.tell),
}
"""What is looked for at each tick. The server has a worker for each, so that a call for help waits
for no other."""


async def tick(database: Database, clock: Clock, say: reminders.Say = reminders.say) -> None:
    """Do everything that is due, one round after the other, a part in each transaction: for what
    plays days, not beside a server. `say` tells people what is due for them."""
    # Loading the days off takes a second at first: not in the database's thread.
    await asyncio.to_thread(office_days.off_by_law, beijing_day(clock.now()))
    telling = partial(reminders.tell, say=say)
    for step in chain.from_iterable(ROUNDS.values()):
        part = telling if step is reminders.tell else step
        while await database.run(part, clock.now()):
            pass

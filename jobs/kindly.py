"""Jobs whose refusal is a result: the talk that ordered them shows it."""

from __future__ import annotations

from typing import Any

from bot.inbox import Job, Order
from bot.talk.acting import Refused
from prompts import render
from services.persons import language_of
from storage.database import Database


def kindly(database: Database, job: Job) -> Job:
    """The job; where it is refused, its result is `refused`: the sentence in the language of
    whoever ordered it."""

    async def done(order: Order) -> Any:
        try:
            return await job(order)
        except Refused as refused:
            language = await database.run(language_of, order.person_id)
            return {"refused": render(refused.words, language)}

    return done

"""Jobs whose refusal is a result: the talk that ordered them shows it."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from bot.inbox import Job, Order
from bot.talk.acting import Refused
from prompts import Language, language_named, render
from storage.database import Database
from storage.tables import Person


def kindly(database: Database, job: Job) -> Job:
    """The job; where it is refused, its result is `refused`: the sentence in the language of
    whoever ordered it."""

    async def done(order: Order) -> Any:
        try:
            return await job(order)
        except Refused as refused:
            language = await database.run(language_for, order.person_id)
            return {"refused": render(refused.words, language)}

    return done


def language_for(db: Session, person_id: int | None) -> Language:
    """The language that a person has chosen, else the usual one."""
    person = db.get(Person, person_id) if person_id else None
    return language_named(person.language if person else "")

"""Who opens a page of the console, and what a page is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from app.console.listing import Listing
from bot.scene import Scene
from bot.talk.acting import Actor
from bot.talk.clock import beijing_day
from prompts import Language, Words, render
from services.access import cohorts_for
from services.entities import Cohort


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who oversees a cohort, in the transaction of one page."""

    db: Session
    scene: Scene
    """The same person as the chat sees them, for the cards that pages and chat share."""

    @property
    def actor(self) -> Actor:
        return self.scene.actor

    @property
    def person(self) -> int:
        return self.actor.person_id

    @property
    def language(self) -> Language:
        return self.scene.language

    @property
    def now(self) -> datetime:
        return self.scene.now

    @property
    def today(self) -> date:
        return beijing_day(self.now)

    def say(self, words: Words) -> str:
        """Words in the reader's language."""
        return render(words, self.language)

    def cohorts(self, number: int | None = None) -> list[Cohort]:
        """The cohorts that they look after: first the one with this number, else the latest.

        Raises `Refused` if it is not among them.
        """
        return cohorts_for(self.db, self.actor, "console", number)


@dataclass(frozen=True, slots=True)
class PageDrawn:
    """A page that is ready to be written out: a template, and what it shows."""

    template: str
    shown: Mapping[str, Any] = field(default_factory=dict)
    cohorts: tuple[Cohort, ...] = ()
    """The cohort of the page, and then the others that its reader looks after."""
    tab: str = ""


@dataclass(frozen=True, slots=True)
class ListDrawn:
    """A page that is a list, or the sheet into which it is exported."""

    listing: Listing[Any]
    cohorts: tuple[Cohort, ...]
    tab: str
    note: Words = ""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another page is meant."""

    path: str


Address = Mapping[str, str]
"""What stands in an address: the numbers in its path, and all after its question mark."""
View = Callable[[Caller, Address], PageDrawn | ListDrawn | Elsewhere]
Deed = Callable[[Caller, Address], PageDrawn | Elsewhere]
"""What a form of the console does: it is told what the form says beside the address."""

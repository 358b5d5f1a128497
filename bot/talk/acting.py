"""Who acts, and an act that is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from prompts import Text


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, through which chat, and when."""

    person_id: int
    account_id: int | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Operator:
    """Whoever runs the assistant, at its command line: nobody in a cohort, so with no role there.

    Acts that take an `Operator` and no `Actor` are for the command line only; whoever lets people
    do them from a chat or a page first says who may.
    """

    now: datetime
    person_id: None = None
    account_id: None = None


class Refused(Exception):
    """An act that is not done, and the sentence that says why. It leaves an audit row."""

    def __init__(
        self, words: Text, *, verb: str = "", object: str = "", object_id: int | None = None
    ) -> None:
        super().__init__(words.key)
        self.words = words
        self.verb = verb
        self.object = object
        self.object_id = object_id

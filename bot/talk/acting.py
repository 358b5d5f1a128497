"""Who acts, and the refusal of an act."""

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
    """The operator at the command line: no member of any cohort, so without a role.

    Acts that take only an `Operator` are for the command line; whoever offers them in a chat or on
    a page must first decide who may do them.
    """

    now: datetime
    person_id: None = None
    account_id: None = None


class Refused(Exception):
    """An act was refused; `words` says why. Leaves an audit row."""

    def __init__(
        self, words: Text, *, verb: str = "", object: str = "", object_id: int | None = None
    ) -> None:
        super().__init__(words.key)
        self.words = words
        self.verb = verb
        self.object = object
        self.object_id = object_id

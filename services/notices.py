"""Messages to people who have not just spoken: the one door by which they leave.

A notice is a row, written in the transaction of the act or rule that causes it. It has a key, so
that it is said once; it may be for later; it may carry the rule that sends it, so that whoever
gets it can ask why; and it may have a condition, which is checked again when its turn comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.talk.acting import Actor, Operator
from bot.talk.message import Message, Outgoing, offered, put
from prompts import LANGUAGES, Language
from storage import chats
from storage.chats import Post, Speaker
from storage.tables import Lane


@dataclass(frozen=True, slots=True)
class Why:
    """The rule that sends a notice: a fact of a programme, and where the document says it."""

    programme: str
    path: str
    clause: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What must still hold when a notice is sent: one of those that delivery knows by name."""

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)
    """JSON."""


def tell(
    db: Session,
    actor: Actor | Operator,
    person_id: int,
    message: Message,
    key: str,
    *,
    not_before: datetime | None = None,
    why: Why | None = None,
    condition: Condition | None = None,
) -> int:
    """Queue a notice to somebody, in their language, wherever they can be reached.

    `key` names the notice and is unique with the person: queued before, in whichever of their
    chats, it is not queued again. What it offers may be typed as well once it is sent, unless the
    person is then in the middle of a talk. Gives the number of chats in which the person can be
    reached.
    """
    reached = chats.accounts_of(db, person_id)
    if not chats.was_posted(db, person_id, key):
        posts = []
        for speaker in reached:
            said = put(message, language_of(speaker))
            posts.append(_post(speaker.account_id, said, message, key, not_before, why, condition))
        chats.post(db, posts, actor.now)
    return len(reached)


def tell_chat(db: Session, speaker: Speaker, message: Message, key: str, now: datetime) -> None:
    """Queue a notice to one chat: an answer to what was asked there."""
    tell_all(db, [(speaker.account_id, speaker.language)], message, key, now)


def tell_all(
    db: Session, reached: Iterable[tuple[int, str]], message: Message, key: str, now: datetime
) -> None:
    """Queue a notice to many chats, given as (account, language)."""
    said = {language: put(message, language) for language in LANGUAGES}
    posts = [_post(account, said[_known(language)], message, key) for account, language in reached]
    chats.post(db, posts, now)


def replace(db: Session, account_id: int, body: dict[str, Any], key: str, now: datetime) -> None:
    """Queue a new body for a card that stands in a chat."""
    shown = {**body, "kind": "card", "replace": True}
    chats.post(db, [Post(account_id, shown, Lane.NOTICE, key)], now)


def _post(
    account_id: int,
    said: Outgoing,
    message: Message,
    key: str,
    not_before: datetime | None = None,
    why: Why | None = None,
    condition: Condition | None = None,
) -> Post:
    return Post(
        account_id,
        said.to_json(),
        Lane.NOTICE,
        f"{key}:{account_id}",
        not_before,
        asdict(why) if why else None,
        {"name": condition.name, "args": dict(condition.args)} if condition else None,
        offered(said, message) or None,
    )


def language_of(speaker: Speaker) -> Language:
    return _known(speaker.language)


def _known(language: str) -> Language:
    return "en" if language == "en" else "zh"

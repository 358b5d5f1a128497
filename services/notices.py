"""Messages to people who have not just spoken: the one door by which they leave.

A notice is a row, written in the transaction of the act or rule that causes it. It has a key, so
that it is said once; it may be for later; it may name the rule that sends it, which is kept with
its row for whoever audits it; and it may have a condition, which is checked again when its turn
comes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.talk.acting import Actor, Operator
from bot.talk.clock import beijing_day
from bot.talk.message import ITS_CARD, Message, Outgoing, offered, put
from prompts import Language, address, in_year, language_named
from storage import chats
from storage.chats import Post, Speaker
from storage.tables import Lane


@dataclass(frozen=True, slots=True)
class Why:
    """The rule behind a notice: the path of a fact in a programme, and its clause."""

    programme: str
    path: str
    clause: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition checked again when a notice is sent; delivery knows it by name."""

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the check, as JSON."""


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
    """Queue a notice to a person, in their language, in all their chats.

    `key` is unique with the person: a notice with the same key that was queued before, in any of
    their chats, is not queued again. The choices of the notice may also be typed once it is sent,
    unless the person is then in the middle of a talk. Returns the number of chats in which the
    person can be reached.
    """
    reached, posted = chats.reached_by(db, person_id, key)
    if not posted:
        posts = []
        for speaker in reached:
            with in_year(beijing_day(not_before or actor.now).year):
                said = put(message, language_of(speaker))
            posts.append(_post(speaker.account_id, said, message, key, not_before, why, condition))
        chats.post(db, posts, actor.now)
    return len(reached)


def reaches(db: Session, person_id: int) -> bool:
    """Whether a notice to this person would arrive in any of their chats."""
    reached, _ = chats.reached_by(db, person_id, "")
    return bool(reached)


def reached_among(db: Session, people: Collection[int]) -> set[int]:
    """Those of these people for whom `reaches` says yes, in one statement."""
    return {chat.person_id for chat in chats.chats_of(db, people) if chat.reachable}


def tell_chat(db: Session, speaker: Speaker, message: Message, key: str, now: datetime) -> None:
    """Queue a notice to one chat, in answer to what was asked there."""
    tell_all(db, [(speaker.account_id, language_of(speaker))], message, key, now)


def tell_all(
    db: Session,
    reached: Iterable[tuple[int, str]],
    message: Message,
    key: str,
    now: datetime,
    condition: Condition | None = None,
) -> None:
    """Queue a notice to many chats, given as (account, language)."""
    told = [(account, language_named(language)) for account, language in reached]
    with in_year(beijing_day(now).year):
        said = {language: put(message, language) for _, language in told}
    posts = [
        _post(account, said[language], message, key, condition=condition)
        for account, language in told
    ]
    chats.post(db, posts, now)


def offer_menus(db: Session, menus: Mapping[int, tuple[str, str]], now: datetime) -> None:
    """Offer chats, by account, a menu of one command with its description."""
    posts = [
        Post(account, Outgoing("", commands=(command,)).to_json())
        for account, command in menus.items()
    ]
    chats.post(db, posts, now)


def replace(db: Session, account_id: int, body: dict[str, Any], key: str, now: datetime) -> None:
    """Queue a new body for a card that stands in a chat: in its place if that is the last there,
    else anew."""
    shown = {**body, "kind": "card", "replace": ITS_CARD}
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
    return address(speaker.language, speaker.young)

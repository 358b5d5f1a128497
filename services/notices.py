"""Messages to people who have not just spoken: queued in the act's own transaction."""

from __future__ import annotations

from sqlmodel import Session

from bot.chat import Message, put
from prompts import Language, render
from services.access import Actor
from storage import chats
from storage.chats import Post, Speaker
from storage.tables import Account, Lane


def tell(db: Session, actor: Actor, person_id: int, message: Message, key: str) -> int:
    """Queue a notice to somebody, in their language, wherever they can be reached.

    `key` names the notice and is unique with the person: queued before, it is not queued again.
    What it offers may be typed as well, unless the person is in the middle of a talk. Gives the
    number of chats it goes to; 0 when the person cannot be reached.
    """
    reached = chats.accounts_of(db, person_id)
    posts = []
    for speaker in reached:
        outgoing = put(message, language_of(speaker))
        posts.append(
            Post(
                speaker.account_id,
                outgoing.to_json(),
                Lane.NOTICE,
                f"{key}:{speaker.account_id}",
            )
        )
        if message.rows and speaker.talk_id is None:
            _offer(db, speaker, message)
    chats.post(db, posts, actor.now)
    return len(posts)


def language_of(speaker: Speaker) -> Language:
    return "en" if speaker.language == "en" else "zh"


def _offer(db: Session, speaker: Speaker, message: Message) -> None:
    account = db.get(Account, speaker.account_id)
    if account is not None:
        language = language_of(speaker)
        account.offered = [
            [render(c.label, language), c.value, c.decides] for row in message.rows for c in row
        ]

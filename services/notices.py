"""Messages to people who have not just spoken: queued in the act's own transaction."""

from __future__ import annotations

from sqlmodel import Session

from bot.talk.acting import Actor
from bot.talk.message import Message, offered, put
from prompts import Language
from storage import chats
from storage.chats import Post, Speaker
from storage.tables import Lane


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
            chats.offer(db, speaker.account_id, offered(outgoing, message))
    chats.post(db, posts, actor.now)
    return len(posts)


def language_of(speaker: Speaker) -> Language:
    return "en" if speaker.language == "en" else "zh"

"""Ends what depends on a place, a link or a consent: sessions, talks, and what a chat still shows.

Messengers that keep a history of their own keep what was sent to them; here nothing is kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from prompts import language_named, render, t
from services import notices
from services.access import LEARNERS
from services.joining import WEB
from storage.tables import (
    Account,
    Membership,
    Outbox,
    SaidLine,
    SendState,
    SignInLink,
    StoredTalk,
    WebSession,
)

OF_A_LEARNER: Final = ("session", "writing", "heard")
"""The talks in which a learner writes what is kept."""


def sign_out(db: Session, person_id: int, now: datetime) -> int:
    """End every session of a person, and every link that would open one. Returns how many sessions
    ended.

    Pages that are open close when they are told, which is at once if this process serves them.
    """
    theirs = select(col(Account.id)).where(col(Account.person_id) == person_id)
    sessions = db.connection().execute(
        update(WebSession)
        .where(col(WebSession.account_id).in_(theirs), col(WebSession.ended_at).is_(None))
        .values(ended_at=now)
    )
    db.connection().execute(
        update(SignInLink)
        .where(col(SignInLink.person_id) == person_id, col(SignInLink.used_at).is_(None))
        .values(used_at=now)
    )
    pages = db.execute(
        select(col(Account.id), col(Account.language)).where(
            col(Account.person_id) == person_id, col(Account.platform) == WEB
        )
    )
    # A page that is offered a menu asks who it is now.
    label = t("command.menu.label")
    menus = {
        number: ("menu", render(label, language_named(language))) for number, language in pages
    }
    notices.offer_menus(db, menus, now)
    return sessions.rowcount


def forget_chats(db: Session, person_id: int) -> None:
    """Delete what a person's chats still show: what they said and what was said to them."""
    theirs = select(col(Account.id)).where(col(Account.person_id) == person_id)
    here = db.connection()
    here.execute(delete(SaidLine).where(col(SaidLine.account_id).in_(theirs)))
    here.execute(
        delete(Outbox).where(
            col(Outbox.account_id).in_(theirs), col(Outbox.state) != SendState.SENDING
        )
    )
    here.execute(update(Account).where(col(Account.person_id) == person_id).values(offered=[]))


def drop_talks(db: Session, person_id: int, *, as_learner: bool) -> int:
    """Delete a person's talks with their drafts: those of a learner, or all others. Returns how
    many."""
    flow = col(StoredTalk.flow)
    which = flow.in_(OF_A_LEARNER) if as_learner else flow.not_in(OF_A_LEARNER)
    found = db.connection().execute(
        delete(StoredTalk).where(col(StoredTalk.person_id) == person_id, which)
    )
    return found.rowcount


def left(db: Session, person_id: int, now: datetime) -> None:
    """End what depends on a place from which somebody read other people's records. They stay
    signed in only if they have another place, or records of their own to look at."""
    forget_chats(db, person_id)
    drop_talks(db, person_id, as_learner=False)
    if not has_another_place(db, person_id):
        sign_out(db, person_id, now)


def has_another_place(db: Session, person_id: int, but: int | None = None) -> bool:
    """Whether somebody has a place, apart from one, or records of their own to look at."""
    rest = select(col(Membership.id)).where(
        col(Membership.person_id) == person_id,
        col(Membership.id) != (but or 0),
        col(Membership.ended_at).is_(None) | col(Membership.role).in_(LEARNERS),
    )
    return db.execute(rest).first() is not None

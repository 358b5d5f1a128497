"""Posts bulletins: in each transaction a few recipients, with the rows that this settles.

If it is interrupted at any point it goes on from there, and nobody is told twice. Only so many
messages of bulletins are under way at a time that no other notice waits long behind them.
Bulletins take turns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from bot.talk.clock import beijing_day
from bot.talk.message import Message
from prompts import t
from services import notices
from services.addressing import consent_awaited
from services.bulletins import ARRIVED, KEY, TO_COME, message
from services.notices import Condition
from storage import chats
from storage.tables import (
    Account,
    Bulletin,
    BulletinRecipient,
    BulletinState,
    Outbox,
    RecipientState,
    SendState,
    table,
)

SOON: Final = timedelta(seconds=1)
"""How long until it looks again whether more can be posted and what has become of the messages."""
STUCK: Final = timedelta(minutes=1)
"""A message to a messenger that serves nobody holds up others only for so long."""
AT_ONCE: Final = 100
"""Recipients who are posted in one transaction, and messages that may be under way at a time."""


def stands(db: Session, args: Mapping[str, Any]) -> bool:
    """The condition `bulletin_stands`: the bulletin has not been cancelled."""
    row = db.get(Bulletin, args["bulletin"])
    return row is not None and row.state is not BulletinState.CANCELLED


def unconfirmed(db: Session, args: Mapping[str, Any]) -> bool:
    """The condition `bulletin_unconfirmed`: the owner of this chat has not pressed 收到."""
    waits = select(BulletinRecipient.id).where(
        BulletinRecipient.bulletin_id == args["bulletin"],
        BulletinRecipient.person_id == args["person"],
        col(BulletinRecipient.received_at).is_(None),
    )
    return db.exec(waits).first() is not None


@dataclass(frozen=True, slots=True)
class Next:
    """What can be done next about the bulletins that are being sent."""

    posted: int | None = None
    """The id of the bulletin of which some recipients were just posted; `None` if nothing was."""
    wait: timedelta | None = None
    """How long to wait if nothing can be posted now; `None` if nothing waits."""


def step(db: Session, now: datetime, after: int) -> Next:
    """Post some recipients of one bulletin, in one transaction: of the next whose turn it is after
    the bulletin with this id."""
    due = _due(db, now)
    if not due:
        return Next(wait=_later(db, now))
    if chats.under_way(db, f"{KEY}:", now - STUCK) >= AT_ONCE:
        return Next(wait=SOON)
    number = next((one for one in due if one > after), due[0])
    row = cast(Bulletin, db.get(Bulletin, number, with_for_update=True))
    if row.reminding:
        _post_reminders(db, row, now)
    else:
        _post(db, row, now)
    return Next(posted=number)


def _due(db: Session, now: datetime) -> list[int]:
    """The bulletins of which something can be posted."""
    waits = sa.exists().where(
        col(BulletinRecipient.bulletin_id) == col(Bulletin.id),
        col(BulletinRecipient.state) == RecipientState.WAITING,
    )
    sending = (col(Bulletin.state) == BulletinState.SENDING) & (col(Bulletin.not_before) <= now)
    wanted = (sending & waits) | col(Bulletin.reminding)
    found = db.exec(select(Bulletin.id).where(wanted).order_by(col(Bulletin.id)))
    return [cast(int, number) for number in found]


def _later(db: Session, now: datetime) -> timedelta | None:
    """How long to wait: little while the fate of a message is awaited, else until the next
    bulletin's time."""
    awaited = select(BulletinRecipient.id).where(BulletinRecipient.state == RecipientState.QUEUED)
    if db.exec(awaited.limit(1)).first() is not None:
        return SOON
    sending = col(Bulletin.state) == BulletinState.SENDING
    due = db.exec(select(sa.func.min(Bulletin.not_before)).where(sending)).one()
    return None if due is None else max(SOON, due - now)


def _post(db: Session, row: Bulletin, now: datetime) -> None:
    some = db.exec(
        select(BulletinRecipient)
        .where(
            BulletinRecipient.bulletin_id == row.id,
            BulletinRecipient.state == RecipientState.WAITING,
        )
        .order_by(col(BulletinRecipient.id))
        .limit(AT_ONCE)
    ).all()
    waiting = consent_awaited(db, row.cohort_id, [one.membership_id for one in some], now)
    reached = _tell(
        db,
        {one.person_id for one in some} - waiting,
        message(db, row),
        f"{KEY}:{row.id}",
        now,
        Condition("bulletin_stands", {"bulletin": row.id}),
    )
    known = {chat.person_id for chat in chats.chats_of(db, [one.person_id for one in some])}
    for one in some:
        if one.person_id in waiting:
            one.state = RecipientState.CONSENT
        elif one.person_id in reached:
            one.state = RecipientState.QUEUED
        else:
            joined = one.person_id in known
            one.state = RecipientState.BLOCKED if joined else RecipientState.NOT_JOINED
        db.add(one)
    db.flush()


def _tell(
    db: Session,
    people: Collection[int],
    told: Message,
    key: str,
    now: datetime,
    condition: Condition | None = None,
) -> set[int]:
    """Queue the bulletin in all chats of these people. Returns the ids of those whom it can
    reach."""
    reached = [chat for chat in chats.chats_of(db, list(people)) if chat.reachable]
    accounts = [(chat.account_id, chat.language) for chat in reached]
    notices.tell_all(db, accounts, told, key, now, condition)
    return {chat.person_id for chat in reached}


def _post_reminders(db: Session, row: Bulletin, now: datetime) -> None:
    asked = cast(datetime, row.reminded_at)
    some = db.exec(
        select(BulletinRecipient)
        .where(
            BulletinRecipient.bulletin_id == row.id,
            col(BulletinRecipient.state).in_(ARRIVED),
            col(BulletinRecipient.received_at).is_(None),
            col(BulletinRecipient.reminded_at).is_(None)
            | (col(BulletinRecipient.reminded_at) < asked),
        )
        .order_by(col(BulletinRecipient.id))
        .limit(AT_ONCE)
    ).all()
    told = message(db, row)._replace(note=t("bulletin.please_confirm"))
    key = f"{KEY}:{row.id}:again:{beijing_day(asked)}"
    for one in some:
        condition = Condition(
            "bulletin_unconfirmed", {"bulletin": row.id, "person": one.person_id}
        )
        _tell(db, [one.person_id], told, key, now, condition)
        one.reminded_at = asked
        db.add(one)
    row.reminding = len(some) == AT_ONCE
    db.add(row)
    db.flush()


# ---------------------------------------------------------------- what becomes of it


def settle(db: Session, now: datetime) -> list[int]:
    """Note what has become of the messages under way, and end bulletins of which everything has
    been sent. Returns the ids of the bulletins about which something has changed."""
    fates = _fates(db)
    new: set[int] = set()
    by_state: dict[RecipientState, list[int]] = defaultdict(list)
    for (bulletin_id, recipient), states in fates.items():
        state = _fate(states)
        if state is not None:
            by_state[state].append(recipient)
            new.add(bulletin_id)
    for state, numbers in by_state.items():
        db.connection().execute(
            sa.update(table(BulletinRecipient))
            .where(col(BulletinRecipient.id).in_(numbers))
            .values(state=state)
        )
    under_way = sa.exists().where(
        col(BulletinRecipient.bulletin_id) == col(Bulletin.id),
        col(BulletinRecipient.state).in_(TO_COME),
    )
    sent = col(Bulletin.state) == BulletinState.SENDING
    for row in db.exec(select(Bulletin).where(sent, ~under_way)):
        row.state, row.ended_at = BulletinState.DONE, now
        db.add(row)
        new.add(cast(int, row.id))
    db.flush()
    return sorted(new)


def _fates(db: Session) -> dict[tuple[int, int], set[SendState | None]]:
    """The states of the messages to those whose fate is awaited, by bulletin and recipient."""
    key = sa.literal(f"{KEY}:", sa.String).concat(
        sa.cast(col(BulletinRecipient.bulletin_id), sa.String)
    )
    key = key.concat(":").concat(sa.cast(col(Account.id), sa.String))
    recipient: ColumnElement[int] = table(BulletinRecipient).c.id
    rows = (
        sa.select(col(BulletinRecipient.bulletin_id), recipient, col(Outbox.state))
        .outerjoin(Account, col(Account.person_id) == col(BulletinRecipient.person_id))
        .outerjoin(Outbox, col(Outbox.key) == key)
        .where(col(BulletinRecipient.state) == RecipientState.QUEUED)
    )
    found: dict[tuple[int, int], set[SendState | None]] = defaultdict(set)
    for bulletin_id, number, state in db.connection().execute(rows):
        found[bulletin_id, number].add(state)
    return found


def _fate(states: Collection[SendState | None]) -> RecipientState | None:
    """What became of a person's messages, by the chat in which they fared best; `None`
    while that is not known."""
    if SendState.SENT in states:
        return RecipientState.SENT
    if SendState.WAITING in states or SendState.SENDING in states:
        return None
    best = next((fate for state, fate in _FATES.items() if state in states), None)
    return best or RecipientState.FAILED


_FATES: Final = {
    SendState.UNKNOWN: RecipientState.UNSURE,
    SendState.FAILED: RecipientState.FAILED,
    SendState.ASIDE: RecipientState.FAILED,
    SendState.UNREACHABLE: RecipientState.BLOCKED,
    SendState.DROPPED: RecipientState.WITHDRAWN,
}

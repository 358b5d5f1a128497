"""Messages that delivery has given up: an office sees whom they did not reach, and no words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from services import roster
from services.roster import Member
from storage.tables import Account, Lane, Membership, Outbox, SendState

LOOKS_BACK: Final = timedelta(days=30)
GIVEN_UP: Final = (SendState.FAILED, SendState.ASIDE)
"""Not sent and not to be sent any more; who has blocked the assistant is out of reach instead."""


class Undelivered(NamedTuple):
    """Somebody whom messages have not reached."""

    member: Member
    messages: int
    last: datetime
    """When the last of them entered the chat."""


def undelivered(
    db: Session, cohort_id: int, reader: int, now: datetime, skip: int, most: int
) -> tuple[int, Sequence[Undelivered]]:
    """How many members of a cohort messages of the last thirty days have not reached, as far as
    somebody may read them; and some of them, the latest first."""
    found = (
        sa.select(
            col(Membership.id),
            sa.func.count(col(Outbox.id)).label("messages"),
            sa.func.max(col(Outbox.created_at)).label("last"),
        )
        .join(Account, col(Account.person_id) == col(Membership.person_id))
        .join(Outbox, col(Outbox.account_id) == col(Account.id))
        .where(
            *roster.seen_in(cohort_id, reader),
            col(Outbox.state).in_(GIVEN_UP),
            col(Outbox.lane) != Lane.LAST,
            col(Outbox.created_at) > now - LOOKS_BACK,
        )
        .group_by(col(Membership.id))
    )
    count = sa.select(sa.func.count()).select_from(found.subquery())
    total = db.connection().execute(count).scalar_one()
    if not most:
        return total, ()
    page = found.order_by(sa.desc("last"), col(Membership.id)).offset(skip).limit(most)
    rows = [(row[0] or 0, row[1], row[2]) for row in db.connection().execute(page)]
    ids = [number for number, _, _ in rows]
    people = {member.id: member for member in roster.members_by_id(db, ids)}
    return total, [Undelivered(people[number], many, last) for number, many, last in rows]

"""请假: days on which somebody is away. They are not reminded, and their pace leaves the days out.

Why somebody is away is asked by nobody and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day
from programmes.pacing import Away
from prompts import t
from services import audit
from services.access import any_of, memberships
from services.rights import RIGHTS, ROLES
from services.standing import leaves_of
from storage.tables import Leave, Membership

LONGEST: Final = 180
"""Days that one leave may have."""
BACK: Final = 60
"""How many days ago a leave may have begun."""


def take(db: Session, actor: Actor, first: date, last: date) -> list[Leave]:
    """Take leave in every place where the actor is reminded. Raises `Refused`."""
    any_of(db, actor, "take_leave")
    today = beijing_day(actor.now)
    if not first <= last <= first + timedelta(days=LONGEST) or last < today:
        raise Refused(t("leave.not_these_days", most=LONGEST), verb="take_leave")
    made = []
    for place in _places(db, actor.person_id):
        leave = Leave(member_id=place.id or 0, first_day=first, last_day=last, made_at=actor.now)
        db.add(leave)
        db.flush()
        audit.note(db, actor, "take_leave", "membership", place.id, leave=leave.id)
        made.append(leave)
    return made


def _places(db: Session, person_id: int) -> list[Membership]:
    roles = {role for relation in RIGHTS["take_leave"].by for role in ROLES[relation]}
    return [place for place in memberships(db, person_id) if place.role in roles]


def own(db: Session, actor: Actor) -> Sequence[Leave]:
    """The actor's leaves that are not over; one for each span of days."""
    rows = db.exec(
        select(Leave)
        .join(Membership, col(Membership.id) == col(Leave.member_id))
        .where(
            Membership.person_id == actor.person_id,
            col(Leave.ended_at).is_(None),
            col(Leave.last_day) >= beijing_day(actor.now),
        )
        .order_by(col(Leave.first_day), col(Leave.id))
    )
    return list({(row.first_day, row.last_day): row for row in rows}.values())


def days_of(db: Session, member_id: int) -> Sequence[Away]:
    """The days on which a member is or was away."""
    return leaves_of(db, [member_id]).get(member_id, ())


def give_up(db: Session, actor: Actor, number: int) -> None:
    """Take a leave back, from tomorrow on if it has begun. Raises `Refused` if it is not the
    actor's."""
    leave = db.get(Leave, number)
    place = None if leave is None else db.get(Membership, leave.member_id)
    if leave is None or place is None or place.person_id != actor.person_id:
        right = RIGHTS["take_leave"]
        raise Refused(t(right.refused), verb="take_leave", object="leave", object_id=number)
    today = beijing_day(actor.now)
    same = db.exec(
        select(Leave)
        .join(Membership, col(Membership.id) == col(Leave.member_id))
        .where(
            Membership.person_id == actor.person_id,
            Leave.first_day == leave.first_day,
            Leave.last_day == leave.last_day,
            col(Leave.ended_at).is_(None),
        )
    )
    for one in list(same):
        if one.first_day < today <= one.last_day:
            one.last_day = today - timedelta(days=1)
        elif one.last_day >= today:
            one.ended_at = actor.now
        db.add(one)
        audit.note(db, actor, "give_up_leave", "membership", one.member_id, leave=one.id)

"""Delegates: a team member stands in for a mentor on leave, from one day to another, both
included.

While a delegation holds, the delegate is linked with the mentor's students as a team member is.
Rights, queues and reminders therefore need no rule of their own. `turn` makes and ends these
links: regularly, and at once when a delegation is made or ended. When somebody decides by such a
link, the days are checked once more (`standing_in`), and both names are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, cast

from sqlalchemy import bindparam
from sqlmodel import Session, col, or_, select

from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Message, press
from prompts import Words, span, t
from services import audit, notices, roster
from services.access import any_of, memberships, name_at
from services.roster import Member
from storage.tables import Delegation, Membership, Mentoring, Person, Role

LONGEST: Final = 180
"""Days that one delegation may have."""


# ---------------------------------------------------------------- making and ending one


def mentors_places(db: Session, actor: Actor) -> list[Membership]:
    """The actor's places as a mentor."""
    return [one for one in memberships(db, actor.person_id) if one.role is Role.MENTOR]


def candidates(db: Session, actor: Actor) -> list[Member]:
    """The team members who may stand in for the actor: those who cultivate one of the
    actor's students, or belong to the actor's university."""
    found: dict[int, Member] = {}
    for place in mentors_places(db, actor):
        mine = select(Mentoring.student_id).where(
            Mentoring.mentor_id == place.id, col(Mentoring.ended_at).is_(None)
        )
        beside = select(Mentoring.mentor_id).where(
            col(Mentoring.student_id).in_(mine), col(Mentoring.ended_at).is_(None)
        )
        at_home = (col(Membership.unit_id) == place.unit_id) & col(Membership.unit_id).is_not(None)
        rows = db.exec(
            select(Membership.id)
            .where(
                Membership.cohort_id == place.cohort_id,
                Membership.role == Role.TEAM_MEMBER,
                Membership.person_id != actor.person_id,
                col(Membership.ended_at).is_(None),
                or_(col(Membership.id).in_(beside), at_home),
            )
            .order_by(col(Membership.id))
        )
        for member in roster.members_by_id(db, [cast(int, number) for number in rows]):
            found[member.id] = member
    return list(found.values())


def appoint(db: Session, actor: Actor, delegate_id: int, first: date, last: date) -> Delegation:
    """Have a team member stand in for the actor, who is a mentor. The delegate is told.

    Raises `Refused` for anybody who may not stand in, for days that are over or too many, and
    where somebody stands in on these days already.
    """
    any_of(db, actor, "appoint_delegate")
    member = next((one for one in candidates(db, actor) if one.id == delegate_id), None)
    if member is None:
        raise _refused("delegate.not_this_one")
    today = beijing_day(actor.now)
    if not first <= last <= first + timedelta(days=LONGEST) or last < today:
        raise _refused("delegate.not_these_days")
    cohort = member.membership.cohort_id
    place = next(one for one in mentors_places(db, actor) if one.cohort_id == cohort)
    db.get(Membership, place.id, with_for_update=True)
    for other in _open(db, [cast(int, place.id)]):
        if other.first_day <= last and first <= other.last_day:
            name = name_at(db, other.delegate_id)
            days = span(other.first_day, other.last_day)
            raise Refused(t("delegate.already", name=name, days=days), verb="appoint_delegate")
    made = Delegation(
        mentor_id=cast(int, place.id),
        delegate_id=delegate_id,
        first_day=first,
        last_day=last,
        made_at=actor.now,
    )
    db.add(made)
    db.flush()
    audit.note(db, actor, "appoint_delegate", "membership", place.id, delegate=delegate_id)
    turn(db, actor.now)
    decline = Choice(press("end_stand_in", made.id or 0), t("delegate.decline"), weight="danger")
    see = Choice(press("queue"), t("command.queue.label"), weight="primary")
    message = Message(
        t("delegate.asked_of_you", name=name_at(db, cast(int, place.id)), days=span(first, last)),
        rows=((see, decline),),
        kind="card",
        card=f"delegation:{made.id}",
        title=t("delegate.title"),
    )
    notices.tell(db, actor, member.person.id or 0, message, f"delegation:{made.id}")
    return made


def concerning(db: Session, actor: Actor) -> list[Delegation]:
    """The delegations by the actor or to the actor that are not over."""
    mine = [cast(int, one.id) for one in memberships(db, actor.person_id)]
    today = beijing_day(actor.now)
    rows = db.exec(
        select(Delegation)
        .where(
            or_(col(Delegation.mentor_id).in_(mine), col(Delegation.delegate_id).in_(mine)),
            col(Delegation.ended_at).is_(None),
            col(Delegation.last_day) >= today,
        )
        .order_by(col(Delegation.first_day), col(Delegation.id))
    )
    return list(rows)


def end(db: Session, actor: Actor, number: int) -> Delegation:
    """Take a delegation back, or decline it; the other one is told. Raises `Refused` for anybody
    else; ending it twice changes nothing."""
    any_of(db, actor, "appoint_delegate")
    found = db.get(Delegation, number, with_for_update=True)
    mine = {one.id for one in memberships(db, actor.person_id)}
    if found is None or not {found.mentor_id, found.delegate_id} & mine:
        raise _refused("delegate.not_yours", number)
    if found.ended_at is not None:
        return found
    found.ended_at = actor.now
    db.add(found)
    db.flush()
    audit.note(db, actor, "end_delegation", "membership", found.mentor_id)
    turn(db, actor.now)
    own = found.mentor_id in mine
    other = cast(Membership, db.get(Membership, found.delegate_id if own else found.mentor_id))
    me = cast(Person, db.get(Person, actor.person_id))
    days = span(found.first_day, found.last_day)
    words = t("delegate.taken_back" if own else "delegate.declined", name=me.name, days=days)
    message = Message(words, title=t("delegate.title"))
    notices.tell(db, actor, other.person_id, message, f"delegation_ended:{number}")
    return found


def _refused(key: str, number: int | None = None) -> Refused:
    words = t(key, most=LONGEST) if key == "delegate.not_these_days" else t(key)
    return Refused(words, verb="appoint_delegate", object="delegation", object_id=number)


# ---------------------------------------------------------------- what holds


def _open(db: Session, mentors: Sequence[int] | None = None) -> Sequence[Delegation]:
    wanted = [col(Delegation.ended_at).is_(None)]
    if mentors is not None:
        wanted.append(col(Delegation.mentor_id).in_(mentors))
    return db.exec(select(Delegation).where(*wanted)).all()


def holding(db: Session, on: date) -> Sequence[Delegation]:
    """The delegations that hold on a day, of mentors and team members who are still there."""
    return [
        one
        for one in db.exec(_holding, params={"on": on})
        if all(
            cast(Membership, db.get(Membership, place)).ended_at is None
            for place in (one.mentor_id, one.delegate_id)
        )
    ]


_holding = select(Delegation).where(
    col(Delegation.ended_at).is_(None),
    col(Delegation.first_day) <= bindparam("on"),
    col(Delegation.last_day) >= bindparam("on"),
)


def turn(db: Session, now: datetime) -> None:
    """Link delegates with the students of those for whom they stand in today, and end the links of
    those whose days are over. Calling it twice changes nothing more."""
    wanted: dict[tuple[int, int], int] = {}
    for one in holding(db, beijing_day(now)):
        students = select(Mentoring.student_id).where(
            Mentoring.mentor_id == one.mentor_id,
            col(Mentoring.ended_at).is_(None),
            col(Mentoring.stands_in_for).is_(None),
        )
        pairs = [(student, one.delegate_id) for student in db.exec(students)]
        wanted.update(dict.fromkeys(pairs, one.mentor_id))
    by = Operator(now)
    for link in db.exec(_standing_in).all():
        mentor = wanted.pop((link.student_id, link.mentor_id), None)
        if mentor is None:
            link.ended_at = now
            audit.note(db, by, "unlink_delegate", "membership", link.student_id)
        elif mentor != link.stands_in_for:
            link.stands_in_for = mentor
        db.add(link)
    for (student, delegate), mentor in wanted.items():
        pair = (Mentoring.student_id == student, Mentoring.mentor_id == delegate)
        known = db.exec(select(Mentoring).where(*pair)).first()
        if known is not None and known.ended_at is None:
            continue  # a team member of the student's own
        link = known or Mentoring(student_id=student, mentor_id=delegate, created_at=now)
        link.ended_at, link.stands_in_for = None, mentor
        db.add(link)
        audit.note(db, by, "link_delegate", "membership", student, mentor=delegate)
    db.flush()


# An index is used for a comparison, and not for "is not null": at every tick all links would be
# read.
_standing_in = select(Mentoring).where(
    col(Mentoring.stands_in_for) > 0, col(Mentoring.ended_at).is_(None)
)


def standing_in(db: Session, place: int | None, student_id: int, now: datetime) -> int | None:
    """The mentor of a student for whom this member stands in today, if any.

    Raises `Refused` where they are linked with the student for that alone, and its days are over.
    """
    if place is None:
        return None
    for one in holding(db, beijing_day(now)):
        if one.delegate_id == place and _cultivates(db, one.mentor_id, student_id):
            return one.mentor_id
    link = db.exec(_link, params={"student": student_id, "mentor": place}).first()
    if link is not None and link.stands_in_for is not None:
        raise Refused(
            t("delegate.over"), verb="approve", object="membership", object_id=student_id
        )
    return None


_link = select(Mentoring).where(
    Mentoring.student_id == bindparam("student"), Mentoring.mentor_id == bindparam("mentor")
)


def _cultivates(db: Session, mentor_id: int, student_id: int) -> bool:
    link = select(Mentoring.id).where(
        Mentoring.student_id == student_id,
        Mentoring.mentor_id == mentor_id,
        col(Mentoring.ended_at).is_(None),
    )
    return db.exec(link).first() is not None


def delegates_on(db: Session, on: date) -> Mapping[int, Sequence[int]]:
    """The people who stand in on a day, by the mentor's place."""
    found: dict[int, list[int]] = {}
    for one in holding(db, on):
        person = cast(Membership, db.get(Membership, one.delegate_id)).person_id
        found.setdefault(one.mentor_id, []).append(person)
    return found


# ---------------------------------------------------------------- both names


def named(db: Session, name: str, stood_in_for: int | None) -> Words:
    """The name of somebody who acted; if they stood in for a mentor, with the mentor's
    name."""
    if stood_in_for is None:
        return name
    return t("delegate.by", name=name, mentor=name_at(db, stood_in_for))


@dataclass(frozen=True, slots=True)
class StandIn:
    """A delegation as it is told: who, for whom, when."""

    delegation: Delegation
    delegate: str
    mentor: str
    own: bool
    """The speaker is the mentor."""


def told(db: Session, actor: Actor) -> list[StandIn]:
    """The delegations that concern the actor, with names."""
    mine = {one.id for one in memberships(db, actor.person_id)}
    return [
        StandIn(
            one, name_at(db, one.delegate_id), name_at(db, one.mentor_id), one.mentor_id in mine
        )
        for one in concerning(db, actor)
    ]

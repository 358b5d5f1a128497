"""Departures: an office ends somebody's place in a cohort, and takes that back if it was a slip.

What ends with the place is told before it is done. Of a learner and of the staff it can be taken
back for some days; a guardian's consent ends with the place, and is not given back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, NamedTuple, cast

from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.message import Message
from language.names import mentioned
from prompts import Text, t
from services import audit, ending, exits, handovers, notices, records, roster
from services.access import LEARNERS, REVIEWERS, allow, held, holders, things
from services.roster import Member
from storage.tables import Audit, Guardianship, Membership, Mentoring, Person, Record, Role

END: Final = "end_member"
RESTORE: Final = "restore_member"
BACK: Final = timedelta(days=7)
"""For so long a place that was ended can be given back."""


class Departure(NamedTuple):
    """What ends with somebody's place."""

    member: Member
    place: Text
    around: Sequence[Member]
    """A learner's mentors and team; of a mentor or team member, their learners."""
    alone: Sequence[Member]
    """Those of these learners who have nobody else."""
    children: Sequence[str]
    """The children for whom a guardian's consent ends."""
    waiting: int
    """How many entries of a learner wait for review, which nobody can give then."""
    signed_out: bool


# ---------------------------------------------------------------- who, and what would end


def called_in(db: Session, actor: Actor, words: str) -> list[Member]:
    """Of those whom the words name: whose places the actor may end, and those that can be given
    back."""
    mine = col(Membership.id).in_(things(END, actor.person_id))
    since = actor.now - BACK
    when = col(Membership.ended_at).is_(None) | (col(Membership.ended_at) >= since)
    of_whom = select(col(Membership.id), col(Person.name)).join(
        Person, col(Person.id) == col(Membership.person_id)
    )
    every = db.exec(of_whom.where(mine, when).order_by(col(Membership.id))).all()
    named = {one.name for one in mentioned(words, [name for _, name in every])}
    found = roster.members_by_id(
        db, [cast(int, number) for number, name in every if name in named]
    )
    return [one for one in found if one.membership.ended_at is None or _by_an_office(db, one)]


def staff_called(db: Session, actor: Actor, name: str) -> list[Member]:
    """The places of those of the staff and of the guardians who are called so, for who oversees
    them."""
    wanted = (
        col(Membership.id).in_(things("read_member", actor.person_id)),
        col(Membership.ended_at).is_(None),
        col(Membership.role).not_in(LEARNERS),
        col(Membership.person_id).in_(select(Person.id).where(Person.name == name)),
    )
    numbers = db.exec(select(Membership.id).where(*wanted)).all()
    return roster.members_by_id(db, [cast(int, number) for number in numbers])


def may_end(db: Session, actor: Actor, member: Member) -> bool:
    """Whether the actor may end a place, as it stands now."""
    own = member.person.id == actor.person_id
    open_now = member.membership.ended_at is None
    return open_now and not own and held(db, actor.person_id, END, member.id) is not None


def may_restore(db: Session, actor: Actor, member: Member) -> bool:
    """Whether the actor may give a place back now."""
    ended = member.membership.ended_at
    if ended is None or actor.now - ended > BACK or not restorable(member.membership.role):
        return False
    mine = held(db, actor.person_id, END, member.id) is not None
    return mine and _by_an_office(db, member) is not None


def to_end(db: Session, actor: Actor, member_id: int) -> Departure:
    """A place that the actor may end, with what ends with it. Raises `Refused` for whoever may
    not, for one's own, and while an exit or a handover of it is under way."""
    allow(db, actor, END, member_id)
    member = roster.find_member(db, member_id)
    place = member.membership
    if member.person.id == actor.person_id:
        raise _refused(END, member_id, t("departure.own"))
    if place.ended_at is not None:
        raise _refused(END, member_id, t("roster.member_ended", at=place.ended_at))
    if exits.is_open(db, member_id):
        raise _refused(END, member_id, t("departure.exit_open", name=member.person.name))
    if coming := handovers.to_come(db, member_id):
        raise _refused(END, member_id, handovers.already(db, coming))
    around = _around(db, place)
    alone: list[Member] = []
    if place.role in REVIEWERS:
        theirs = records.reviewers_of(db, [one.id for one in around])
        alone = [one for one in around if len(theirs.get(one.id, ())) < 2]
    stays = place.role in LEARNERS or ending.has_another_place(
        db, cast(int, member.person.id), but=member_id
    )
    return Departure(
        member,
        handovers.place_words(db, member),
        around,
        alone,
        _children(db, member),
        _waiting(db, actor, member_id) if place.role in LEARNERS else 0,
        signed_out=not stays,
    )


def restorable(role: Role) -> bool:
    """Whether a place in this role can be given back at all: a guardian's consent cannot."""
    return role is not Role.GUARDIAN


def _around(db: Session, place: Membership) -> list[Member]:
    """With whom a place is linked now, apart from those for whom it only stands in."""
    if place.role in LEARNERS:
        mine, theirs = Mentoring.student_id, Mentoring.mentor_id
    else:
        mine, theirs = Mentoring.mentor_id, Mentoring.student_id
    links = select(theirs).where(
        mine == place.id,
        col(Mentoring.ended_at).is_(None),
        col(Mentoring.stands_in_for).is_(None),
    )
    return roster.members_by_id(db, db.exec(links).all())


def _waiting(db: Session, actor: Actor, member_id: int) -> int:
    waits = records.waits_anywhere(actor.person_id)
    mine = select(func.count()).select_from(Record).where(Record.student_id == member_id, *waits)
    return db.exec(mine).one()


def _children(db: Session, member: Member) -> Sequence[str]:
    if member.membership.role is not Role.GUARDIAN:
        return ()
    children = (
        select(Person.name)
        .join(Guardianship, col(Guardianship.child_id) == col(Person.id))
        .where(Guardianship.guardian_id == member.person.id, col(Guardianship.ended_at).is_(None))
    )
    return db.exec(children.order_by(col(Person.id))).all()


# ---------------------------------------------------------------- ending, giving back


def end(db: Session, actor: Actor, member_id: int, reason: str) -> Member:
    """End a place, for a reason that the person and a learner's guardians are told. Those who were
    linked with it are told that it has ended. Raises `Refused` as `to_end` does."""
    # Of two who end it at once, the second waits here.
    db.get(Membership, member_id, with_for_update=True)
    found = to_end(db, actor, member_id)
    family = _family(db, found.member)
    roster.end_member(db, actor, member_id, reason)
    said = {"name": found.member.person.name, "place": found.place}
    for person in family:
        own = person == found.member.person.id
        words = t("departure.told_own" if own else "departure.told_family", **said)
        _tell(db, actor, person, found.member, words, t("departure.why_told", reason=reason))
    words = t("departure.told_around", **said)
    for one in found.around:
        _tell(db, actor, cast(int, one.person.id), found.member, words)
    return found.member


def restore(db: Session, actor: Actor, member_id: int) -> Member:
    """Give a place back with its links, within `BACK`; everybody who was told is told. Given back
    twice, it stays as it is. Raises `Refused` for whoever may not, and where it is too late."""
    allow(db, actor, END, member_id)
    place = db.get_one(Membership, member_id, with_for_update=True)
    member = roster.find_member(db, member_id)
    if place.ended_at is None:
        return member
    done = _by_an_office(db, member)
    if done is None or not may_restore(db, actor, member):
        key = "departure.too_late" if restorable(place.role) else "departure.consent_ended"
        raise _refused(RESTORE, member_id, t(key, days=BACK.days, name=member.person.name))
    around = roster.members_by_id(db, done.detail["links"])
    place.ended_at, place.ended_reason = None, ""
    db.add(place)
    db.flush()
    audit.note(db, actor, RESTORE, "membership", member_id)
    back = [one for one in around if one.membership.ended_at is None]
    for one in back:
        student, mentor = member_id, one.id
        if place.role not in LEARNERS:
            student, mentor = mentor, student
        roster.link_mentor(db, actor, student, mentor)
    said = {"name": member.person.name, "place": handovers.place_words(db, member)}
    for person in _family(db, member):
        own = person == member.person.id
        words = t("departure.back_own" if own else "departure.back_around", **said)
        _tell(db, actor, person, member, words)
    for one in back:
        words = t("departure.back_around", **said)
        _tell(db, actor, cast(int, one.person.id), member, words)
    return member


def _by_an_office(db: Session, member: Member) -> Audit | None:
    """The act by which somebody of an office ended this place, if one did: what an exit, a
    handover or the operator ended is taken back where it was done."""
    found = db.exec(
        select(Audit)
        .where(
            Audit.object == "membership",
            Audit.object_id == member.id,
            Audit.verb == END,
            Audit.refused == "",
        )
        .order_by(col(Audit.id).desc())
    ).first()
    return found if found is not None and found.person_id is not None else None


def _family(db: Session, member: Member) -> Iterable[int]:
    """The person; of a learner, the guardians as well."""
    known = [cast(int, member.person.id)]
    if member.membership.role in LEARNERS:
        known += [grant.person for grant in holders(db, "readers", member.id)]
    return dict.fromkeys(known)


def _tell(
    db: Session, actor: Actor, person: int, member: Member, words: Text, note: Text | str = ""
) -> None:
    message = Message(words, title=t("departure.title"), note=note)
    key = f"departure:{member.id}:{actor.now.isoformat()}"
    notices.tell(db, actor, person, message, key)


def _refused(verb: str, member_id: int, words: Text) -> Refused:
    return Refused(words, verb=verb, object="membership", object_id=member_id)

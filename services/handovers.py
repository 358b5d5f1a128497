"""Handovers: a place in a cohort passes from one person to another on a day.

Until that day the holder has the place with all its rights, and the successor has none; `turn`, at
every tick of the clock, then ends the one and begins the other. What hangs on the place goes
along: the students of a mentor with all that waits, and a place as a person to turn to. A call for
help is the learner's own: they are told, and may have the successor told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, cast

import structlog
from sqlalchemy import ColumnElement, delete, or_
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Message, press
from prompts import Text, Words, render, t
from services import audit, notices, records, roster
from services.access import REVIEWERS, allow, any_of, cohort_of, held, things
from services.packs import load
from services.roster import By, Member
from storage.tables import Cohort, Handover, Membership, Mentoring, Person, Role

log = structlog.get_logger()

ROLES: Final = (
    Role.COORDINATOR,
    Role.SCHOOL_TEACHER,
    Role.MENTOR,
    Role.TEAM_MEMBER,
    Role.AUDITOR,
    Role.HELP_CONTACT,
)
"""The roles whose places can be handed over. An expert marks alone, so their marks are not."""
STATES: Final = ("to_come", "done", "withdrawn")
"""How a handover can stand."""
LONGEST: Final = 366
"""Days ahead for which a handover can be arranged."""
LATELY: Final = timedelta(days=180)
"""For so long a handover that is over stays on its list."""


# ---------------------------------------------------------------- what can be arranged


def places(db: Session, actor: Actor) -> list[Member]:
    """The places that the actor may hand over, their own first, then as the roster has them."""
    any_of(db, actor, "hand_over")
    mine = col(Membership.id).in_(things("hand_over", actor.person_id))
    found = _holders(db, mine)
    return sorted(found, key=lambda one: one.person.id != actor.person_id)


def may_hand_over(db: Session, actor: Actor, member: Member) -> bool:
    """Whether the actor may hand over a place, as it stands now."""
    if member.membership.ended_at is not None or member.membership.role not in ROLES:
        return False
    return held(db, actor.person_id, "hand_over", member.id) is not None


def place_for(db: Session, actor: Actor, place_id: int) -> Member:
    """A place that the actor may hand over. Raises `Refused`."""
    allow(db, actor, "hand_over", place_id)
    return _current(db, place_id)


def candidates(db: Session, by: By, place: Member) -> list[Member]:
    """Who of the cohort's staff may take over a place, each person once: those of the same unit
    and role come first."""
    wanted = [col(Membership.cohort_id) == place.membership.cohort_id]
    if isinstance(by, Actor):
        wanted.append(col(Membership.id).in_(things("read_member", by.person_id)))
    found = _holders(db, *wanted)

    def near(one: Member) -> tuple[bool, bool]:
        here, role = one.membership.unit_id, one.membership.role
        return here != place.membership.unit_id, role is not place.membership.role

    once: dict[int | None, Member] = {}
    for one in sorted(found, key=near):
        once.setdefault(one.person.id, one)
    once.pop(place.person.id, None)
    return [*once.values()]


def _holders(db: Session, *wanted: ColumnElement[bool]) -> list[Member]:
    now = col(Membership.ended_at).is_(None), col(Membership.role).in_(ROLES)
    rows = db.exec(select(Membership.id).where(*wanted, *now))
    return roster.members_by_id(db, [cast(int, number) for number in rows])


def _current(db: Session, place_id: int) -> Member:
    """A place that has not ended, and whose role can be handed over. Raises `Refused`."""
    member = roster.find_member(db, place_id)
    if member.membership.ended_at is not None or member.membership.role not in ROLES:
        raise _refused(place_id, t("handover.no_such_place"))
    return member


# ---------------------------------------------------------------- arranging, withdrawing


def arrange(db: Session, by: By, place_id: int, successor: int | str, first: date) -> Handover:
    """Have a place pass to a successor on a day; both are told.

    `successor` is a person's number, or the name of somebody who is on no roster yet. Raises
    `Refused` for whoever may not, for a day that is over or too far away, for somebody who cannot
    have the place, and where it is handed over already.
    """
    member = place_for(db, by, place_id) if isinstance(by, Actor) else _current(db, place_id)
    earliest = first_possible(by, member)
    if not earliest <= first <= beijing_day(by.now) + timedelta(LONGEST):
        raise _refused(place_id, t("handover.not_this_day", day=earliest, most=LONGEST))
    # Of two who arrange it at once, the second waits here.
    db.get(Membership, place_id, with_for_update=True)
    for other in _open(db, col(Handover.place_id) == place_id):
        told = {"name": _name(db, other.successor_id), "day": other.first_day}
        raise _refused(place_id, t("handover.already", **told))
    if isinstance(successor, str):
        person = roster.add_person(db, by, successor)
    else:
        person = cast(Person, db.get(Person, successor))
        if isinstance(by, Actor) and not any(
            one.person.id == successor for one in candidates(db, by, member)
        ):
            raise _refused(place_id, t("handover.not_this_one"))
        _fits(db, member, person)
    made = Handover(
        place_id=place_id,
        successor_id=cast(int, person.id),
        first_day=first,
        made_at=by.now,
        made_by=by.person_id,
    )
    db.add(made)
    db.flush()
    told_on = first.isoformat()
    audit.note(
        db, by, "hand_over", "membership", place_id, successor=made.successor_id, on=told_on
    )
    _tell_both(db, by, made, member, "asked")
    if first <= beijing_day(by.now):
        turn(db, by.now)
    return made


def first_possible(by: By, member: Member) -> date:
    """The first day from which a place can be another's: today; one's own, tomorrow."""
    own = by.person_id is not None and by.person_id == member.person.id
    return beijing_day(by.now) + timedelta(int(own))


def _fits(db: Session, member: Member, person: Person) -> None:
    """Raise `Refused` if a person cannot have a place."""
    place = member.membership
    if person.id == member.person.id:
        raise _refused(member.id, t("handover.same_one", name=person.name))
    has = _place_of(db, cast(int, person.id), place)
    if place.role not in REVIEWERS:
        if has is not None and has.unit_id != place.unit_id:
            there = roster.find_member(db, cast(int, has.id)).unit_name
            told = {"name": person.name, "role": t(f"role.{place.role}"), "unit": there}
            raise _refused(member.id, t("handover.has_another", **told))
        return
    theirs = {one.id for one in roster.students_of_mentor(db, has)} if has else set[int]()
    comes = {one.id for one in roster.students_of_mentor(db, place)}
    if any(one.person.id == person.id for one in roster.members_by_id(db, [*map(int, comes)])):
        raise _refused(member.id, t("roster.own_mentor"))
    cap = roster.stated_cap(load(cohort_of(db, place).programme))
    if place.role is Role.MENTOR and cap is not None and len(theirs | comes) > cap:
        told = {"name": person.name, "most": cap, "count": len(theirs | comes)}
        raise _refused(member.id, t("handover.too_many", **told))


def _place_of(db: Session, person_id: int, like: Membership) -> Membership | None:
    """The place of a person in the same cohort and role, if it has not ended."""
    return db.exec(
        select(Membership).where(
            Membership.cohort_id == like.cohort_id,
            Membership.person_id == person_id,
            Membership.role == like.role,
            col(Membership.ended_at).is_(None),
        )
    ).first()


def withdraw(db: Session, by: By, number: int) -> Handover:
    """Withdraw a handover before its day; both are told. Withdrawn twice, it stays as it is.
    Raises `Refused` for whoever may not, and once it is done."""
    found = db.get(Handover, number, with_for_update=True)
    if isinstance(by, Actor):
        allow(db, by, "hand_over", found.place_id if found else None, number=number)
    if found is None:
        raise Refused(t("handover.no_such"), verb="hand_over", object="handover")
    if found.done_at is not None:
        told = {"name": _name(db, found.successor_id), "day": found.first_day}
        raise _refused(found.place_id, t("handover.done_already", **told))
    if found.ended_at is None:
        found.ended_at = by.now
        db.add(found)
        db.flush()
        audit.note(db, by, "withdraw_handover", "membership", found.place_id)
        _tell_both(db, by, found, roster.find_member(db, found.place_id), "withdrawn")
    return found


# ---------------------------------------------------------------- when the day has come


def turn(db: Session, now: datetime) -> None:
    """Pass on the places whose day has come. Asked twice, it changes nothing.

    What has become impossible meanwhile is given up, and said to whoever is concerned.
    """
    due = _open(db, col(Handover.first_day) <= beijing_day(now))
    by = Operator(now)
    for one in due:
        member = roster.find_member(db, one.place_id)
        try:
            with db.begin_nested():
                _pass_on(db, by, one, _current(db, one.place_id))
        except Refused as refused:
            log.warning("handover_given_up", handover=one.id, why=refused.words.key)
            one.ended_at = now
            db.add(one)
            db.flush()
            audit.note(db, by, "withdraw_handover", "membership", one.place_id)
            _tell_both(db, by, one, member, "given_up", why=refused.words)


def _pass_on(db: Session, by: Operator, one: Handover, member: Member) -> None:
    person = cast(Person, db.get(Person, one.successor_id))
    _fits(db, member, person)
    new = _begin(db, by, member.membership, one.successor_id)
    if member.membership.role in REVIEWERS:
        _pass_students(db, by, member.membership, new)
    helper = _place_of(db, cast(int, member.person.id), _as_helper(member.membership))
    one.to_id, one.done_at = new.id, by.now
    db.add(one)
    db.flush()
    reason = render(t("handover.reason", name=person.name, day=one.first_day), "zh")
    if helper is not None and helper.id != one.place_id:
        _begin(db, by, helper, one.successor_id)
        roster.end_member(db, by, cast(int, helper.id), reason)
    roster.end_member(db, by, one.place_id, reason)
    audit.note(db, by, "take_over", "membership", new.id, place=one.place_id)
    _tell_both(db, by, one, member, "done")


def _begin(db: Session, by: Operator, like: Membership, person_id: int) -> Membership:
    """The place of a successor, which is like the one that ends."""
    has = _place_of(db, person_id, like)
    if has is not None:
        return has
    made, _ = roster.add_member(
        db,
        by,
        like.cohort_id,
        person_id,
        like.role,
        unit_id=like.unit_id,
        subject=like.subject,
    )
    return made


def _as_helper(place: Membership) -> Membership:
    """What a place as a person to turn to would be like, in the same cohort; it is not kept."""
    return Membership(
        cohort_id=place.cohort_id,
        person_id=place.person_id,
        role=Role.HELP_CONTACT,
        created_at=place.created_at,
    )


def _pass_students(db: Session, by: Operator, old: Membership, new: Membership) -> None:
    """Link a mentor's students with the successor; a delegate's links stay the delegation's."""
    links = db.exec(
        select(Mentoring).where(
            Mentoring.mentor_id == old.id,
            col(Mentoring.ended_at).is_(None),
            col(Mentoring.stands_in_for).is_(None),
        )
    ).all()
    known = {
        link.student_id: link
        for link in db.exec(select(Mentoring).where(Mentoring.mentor_id == new.id))
    }
    for link in links:
        mine = known.get(link.student_id) or Mentoring(
            student_id=link.student_id, mentor_id=cast(int, new.id), created_at=by.now
        )
        mine.ended_at = mine.stands_in_for = None
        db.add(mine)
        audit.note(db, by, "link_mentor", "membership", link.student_id, mentor=new.id)
    db.flush()


# ---------------------------------------------------------------- telling


def _tell_both(
    db: Session, by: By, one: Handover, member: Member, what: str, *, why: Words = ""
) -> None:
    """Tell the one who hands over and the one who takes over; of what went wrong, and of a
    successor who has not joined, whoever arranged it as well."""
    place = member.membership
    told = {
        "old": member.person.name,
        "new": _name(db, one.successor_id),
        "place": place_words(db, member),
        "day": one.first_day,
        "why": why,
    }
    key = f"handover:{one.id}:{what}"
    for person, whose in ((member.person.id, "old"), (one.successor_id, "new")):
        said = t(f"handover.told.{what}_{whose}", **told)
        rows: tuple[tuple[Choice, ...], ...] = ()
        if what == "done" and whose == "new" and place.role in REVIEWERS:
            waiting = records.waiting_count(db, Actor(one.successor_id, None, by.now))
            look = Choice(press("queue"), t("command.queue.label"), weight="primary")
            said = t("handover.told.done_new_queue", count=waiting, **told)
            rows = ((look,),)
        message = Message(said, rows, title=t("handover.title"))
        notices.tell(db, by, cast(int, person), message, key)
    concerned = {member.person.id, one.successor_id}
    if one.made_by is None or one.made_by in concerned:
        return
    if what == "given_up":
        message = Message(t("handover.told.given_up_made", **told), title=t("handover.title"))
        notices.tell(db, by, one.made_by, message, key)
    elif what == "done" and not notices.reaches(db, one.successor_id):
        ways = _invite(db, one, place)
        said = t("handover.told.done_made", **told)
        notices.tell(db, by, one.made_by, Message(said, ways, title=t("handover.title")), key)


def _invite(db: Session, one: Handover, place: Membership) -> tuple[tuple[Choice, ...], ...]:
    """The way to a card of invitation, for who may make one."""
    if held(db, cast(int, one.made_by), "invite", place.cohort_id) is None:
        return ()
    way = press("invite", place.cohort_id, one.to_id or 0)
    return ((Choice(way, t("handover.invite"), weight="primary"),),)


def place_words(db: Session, member: Member) -> Text:
    """A place in words: its role, its unit if it has one, and its cohort."""
    cohort = cohort_of(db, member.membership)
    told = {"role": t(f"role.{member.membership.role}"), "cohort": cohort.name}
    if not member.unit_name:
        return t("handover.place", **told)
    return t("handover.place_at", unit=member.unit_name, **told)


# ---------------------------------------------------------------- what is on record


@dataclass(frozen=True, slots=True)
class Handed:
    """A handover as it is told: which place, from whom to whom."""

    handover: Handover
    member: Member
    """The one who hands over, in their place."""
    successor: str
    place: Text

    @property
    def state(self) -> str:
        """Whether it is to come, done or withdrawn."""
        if self.handover.done_at is not None:
            return "done"
        return "withdrawn" if self.handover.ended_at is not None else "to_come"


def overseen(db: Session, actor: Actor, *, cohort_id: int | None = None) -> list[Handed]:
    """The handovers of places that the actor may hand over: those to come by their day, then those
    of late, the latest first. An auditor reads them as well."""
    seen = col(Handover.place_id).in_(things("read_member", actor.person_id))
    late = actor.now - LATELY
    since = or_(_is_open(), col(Handover.done_at) > late, col(Handover.ended_at) > late)
    rows = list(db.exec(select(Handover).where(seen, since).order_by(col(Handover.id))))
    found = [told(db, one) for one in rows]
    if cohort_id is not None:
        found = [one for one in found if one.member.membership.cohort_id == cohort_id]
    return sorted(
        found,
        key=lambda one: (
            one.state != "to_come",
            one.handover.first_day.toordinal() * (1 if one.state == "to_come" else -1),
        ),
    )


def of_place(db: Session, place_id: int) -> list[Handed]:
    """The handovers by which a place was, or is to be, handed over or taken over, the latest
    first."""
    mine = or_(col(Handover.place_id) == place_id, col(Handover.to_id) == place_id)
    rows = db.exec(select(Handover).where(mine).order_by(col(Handover.id).desc()))
    return [told(db, one) for one in rows]


def of_cohort(db: Session, cohort: Cohort) -> list[Handed]:
    """Every handover of a cohort's places, in the order in which they were arranged."""
    rows = db.exec(
        select(Handover)
        .join(Membership, col(Membership.id) == col(Handover.place_id))
        .where(Membership.cohort_id == cohort.id)
        .order_by(col(Handover.id))
    )
    return [told(db, one) for one in rows]


def told(db: Session, one: Handover) -> Handed:
    member = roster.find_member(db, one.place_id)
    return Handed(one, member, _name(db, one.successor_id), place_words(db, member))


def successor_of(db: Session, person_id: int, cohort_id: int) -> int | None:
    """The person who took over a place in a cohort from somebody, the latest if several did."""
    return db.exec(
        select(Handover.successor_id)
        .join(Membership, col(Membership.id) == col(Handover.place_id))
        .where(
            Membership.person_id == person_id,
            Membership.cohort_id == cohort_id,
            col(Handover.done_at).is_not(None),
        )
        .order_by(col(Handover.id).desc())
    ).first()


def _open(db: Session, *wanted: ColumnElement[bool]) -> Sequence[Handover]:
    rows = select(Handover).where(_is_open(), *wanted).order_by(col(Handover.id))
    return db.exec(rows).all()


def _is_open() -> ColumnElement[bool]:
    return col(Handover.done_at).is_(None) & col(Handover.ended_at).is_(None)


def forget(db: Session, person_id: int, places: Sequence[int]) -> None:
    """Delete a person's handovers, from and to them."""
    mine = or_(
        col(Handover.place_id).in_(places),
        col(Handover.to_id).in_(places),
        col(Handover.successor_id) == person_id,
    )
    db.connection().execute(delete(Handover).where(mine))


def _name(db: Session, person_id: int) -> str:
    return cast(Person, db.get(Person, person_id)).name


def _refused(place_id: int, words: Text) -> Refused:
    return Refused(words, verb="hand_over", object="membership", object_id=place_id)

"""Handovers: a place in a cohort passes from one person to another on a day.

Until that day the holder has the place with all its rights, and the successor has none; `turn`, at
every tick of the clock, then ends the one and begins the other. What hangs on the place goes
along: the students of a mentor with all that waits, and a place as a person to turn to. A call for
help is the learner's own: they are told, and may have the successor told.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
from services.access import REVIEWERS, allow, any_of, cohort_of, grants_of, held, things
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
STATES: Final = ("to_come", "done", "withdrawn", "given_back")
"""How a handover can stand."""
BACK: Final = timedelta(days=7)
"""For so long after its day a handover can be taken back."""
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


def to_arrange(db: Session, actor: Actor, place_id: int) -> Member:
    """As `place_for`, of a place that nobody is to take over yet. Raises `Refused`."""
    member = place_for(db, actor, place_id)
    _not_arranged(db, place_id)
    return member


def to_come(db: Session, place_id: int) -> Handover | None:
    """The handover by which a place is to pass on."""
    return next(iter(_open(db, col(Handover.place_id) == place_id)), None)


def _not_arranged(db: Session, place_id: int) -> None:
    if other := to_come(db, place_id):
        raise _refused(place_id, already(db, other))


def already(db: Session, one: Handover) -> Text:
    """That a place is to pass on, and to whom."""
    return t("handover.already", name=_name(db, one.successor_id), day=one.first_day)


def candidates(db: Session, by: By, place: Member) -> list[Member]:
    """Who may take over a place, each person once: the cohort's staff, those of the same unit and
    role first, then those who have left it."""
    wanted = [col(Membership.cohort_id) == place.membership.cohort_id]
    if isinstance(by, Actor):
        wanted.append(col(Membership.id).in_(things("read_member", by.person_id)))
    found = _holders(db, *wanted)
    left = _holders(db, *wanted, ended=True)

    def near(one: Member) -> tuple[bool, bool]:
        here, role = one.membership.unit_id, one.membership.role
        return here != place.membership.unit_id, role is not place.membership.role

    once: dict[int | None, Member] = {}
    for one in (*sorted(found, key=near), *sorted(left, key=near)):
        if one.person.name:  # of somebody who was erased it is empty
            once.setdefault(one.person.id, one)
    once.pop(place.person.id, None)
    return [*once.values()]


def taken(db: Session, place: Member) -> dict[int, str]:
    """Who already has such a place elsewhere in the cohort, and so cannot have this one: the unit,
    by person. A mentor's students can go to another mentor."""
    here = place.membership
    if here.role in REVIEWERS:
        return {}
    theirs = select(Membership.id).where(
        Membership.cohort_id == here.cohort_id,
        Membership.role == here.role,
        col(Membership.ended_at).is_(None),
        col(Membership.unit_id).is_distinct_from(here.unit_id),
    )
    found = roster.members_by_id(db, [cast(int, number) for number in db.exec(theirs)])
    return {cast(int, one.person.id): one.unit_name for one in found}


def _holders(db: Session, *wanted: ColumnElement[bool], ended: bool = False) -> list[Member]:
    is_now = col(Membership.ended_at).is_(None)
    when = ~is_now if ended else is_now
    rows = db.exec(select(Membership.id).where(*wanted, when, col(Membership.role).in_(ROLES)))
    return roster.members_by_id(db, [cast(int, number) for number in rows])


def _current(db: Session, place_id: int) -> Member:
    """A place that has not ended, and whose role can be handed over. Raises `Refused`."""
    member = roster.find_member(db, place_id)
    if member.membership.ended_at is not None or member.membership.role not in ROLES:
        raise _refused(place_id, t("handover.no_such_place"))
    return member


# ---------------------------------------------------------------- arranging, withdrawing


@dataclass(frozen=True, slots=True)
class Passing:
    """A handover as it would be arranged."""

    place: Member
    person: Person | None
    """Who takes over; nobody, if they are on no roster yet."""
    at_once: bool
    """Whether its day has come."""
    learners: Sequence[Member]
    """Whom the place lets see."""
    helps: bool
    """Whether learners may ask the holder for help because of it."""


def looked_into(db: Session, by: By, place_id: int, successor: int | str, first: date) -> Passing:
    """What arranging a handover would do; it changes nothing. Raises `Refused` as `arrange`."""
    member = place_for(db, by, place_id) if isinstance(by, Actor) else _current(db, place_id)
    earliest = first_possible(by, member)
    if not earliest <= first <= beijing_day(by.now) + timedelta(LONGEST):
        raise _refused(place_id, t("handover.not_this_day", day=earliest, most=LONGEST))
    _not_arranged(db, place_id)
    person: Person | None = None
    if isinstance(successor, str):
        if successor == member.person.name:
            raise _refused(place_id, t("handover.same_one", name=successor))
        if any(one.person.name == successor for one in candidates(db, by, member)):
            raise _refused(place_id, t("handover.is_listed", name=successor))
    else:
        known = {one.person.id for one in candidates(db, by, member)} | {member.person.id}
        if isinstance(by, Actor) and successor not in known:
            raise _refused(place_id, t("handover.not_this_one"))
        person = cast(Person, db.get(Person, successor))
        _fits(db, member, person)
    learners, helps = seen_from(db, member)
    return Passing(member, person, first <= beijing_day(by.now), learners, helps)


def seen_from(db: Session, member: Member) -> tuple[list[Member], bool]:
    """The learners whom a place lets see, and whether some may ask its holder for help by it."""
    holder = cast(int, member.person.id)
    as_helper = _place_of(db, holder, _as_helper(member.membership))
    by = {member.id, as_helper.id if as_helper else None}

    def given(act: str, places: set[int | None]) -> list[int]:
        return [one.thing for one in grants_of(db, holder, act) if one.place in places]

    seen = given("read_student", {member.id})
    return roster.members_by_id(db, seen), bool(given("be_asked_for_help", by))


def arrange(db: Session, by: By, place_id: int, successor: int | str, first: date) -> Handover:
    """Have a place pass to a successor on a day, at once if that has come; both are told.

    `successor` is a person's number, or the name of somebody who is on no roster yet. Raises
    `Refused` for whoever may not, for a day that is over or too far away, for somebody who cannot
    have the place, and where it is handed over already.
    """
    # Of two who arrange it at once, the second waits here.
    db.get(Membership, place_id, with_for_update=True)
    passing = looked_into(db, by, place_id, successor, first)
    person = passing.person or roster.add_person(db, by, str(successor))
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
    if passing.at_once:
        _pass_on(db, Operator(by.now), made, passing.place)
    else:
        _tell_both(db, by, made, passing.place, "asked")
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
    """Withdraw a handover before its day, or take it back within `BACK` of it; both are told.
    Withdrawn twice, it stays as it is. Raises `Refused` for whoever may not, and once it is too
    late."""
    found = db.get(Handover, number, with_for_update=True)
    if isinstance(by, Actor):
        allow(db, by, "hand_over", found.place_id if found else None, number=number)
    if found is None:
        raise Refused(t("handover.no_such"), verb="hand_over", object="handover")
    if found.ended_at is None:
        what = "withdrawn" if found.done_at is None else "given_back"
        if found.done_at is not None:
            _give_back(db, Operator(by.now), found)
        found.ended_at = by.now
        db.add(found)
        db.flush()
        audit.note(db, by, "withdraw_handover", "membership", found.place_id)
        _tell_both(db, by, found, roster.find_member(db, found.place_id), what)
    return found


def may_be_withdrawn(one: Handover, now: datetime) -> bool:
    """Whether it is time yet to withdraw a handover, or to take it back."""
    if one.ended_at is not None:
        return False
    return one.done_at is None or (one.moved is not None and now - one.done_at <= BACK)


def _give_back(db: Session, by: Operator, one: Handover) -> None:
    """Restore the places and links as they were before the handover; learners whom the successor
    got in the place since go along."""
    told = {"name": _name(db, one.successor_id), "day": one.first_day}
    if one.moved is None or not may_be_withdrawn(one, by.now):
        raise _refused(one.place_id, t("handover.done_already", **told))
    old = roster.find_member(db, one.place_id)
    new = cast(Membership, db.get(Membership, one.to_id, with_for_update=True))
    if new.ended_at is not None or to_come(db, cast(int, new.id)) is not None:
        raise _refused(one.place_id, t("handover.gone_on", **told))
    if _place_of(db, cast(int, old.person.id), old.membership) is not None:
        has = {"name": old.person.name, "role": t(f"role.{new.role}"), "unit": old.unit_name}
        raise _refused(one.place_id, t("handover.has_another", **has))
    moved = one.moved
    made = new.id in moved["began"]
    for number in moved["ended"]:
        was = cast(Membership, db.get(Membership, number))
        if _place_of(db, was.person_id, was) is None:
            _begin(db, by, was, was.person_id)
    if new.role in REVIEWERS:
        _pass_students(db, by, new, old.membership, None if made else moved["students"])
    reason = render(t("handover.reason_back", name=old.person.name), "zh")
    for number in moved["began"]:
        if cast(Membership, db.get(Membership, number)).ended_at is None:
            roster.end_member(db, by, number, reason)
    if not made:
        for student in moved["gained"]:
            roster.unlink(db, by, student, cast(int, new.id))


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
    helper = _place_of(db, cast(int, member.person.id), _as_helper(member.membership))
    ends = [member.membership]
    if helper is not None and helper.id != one.place_id:
        ends.append(helper)
    has = [_place_of(db, one.successor_id, place) for place in ends]
    began = [
        None if known else _begin(db, by, place, one.successor_id)
        for place, known in zip(ends, has, strict=True)
    ]
    new = cast(Membership, has[0] or began[0])
    students: list[int] = []
    gained: list[int] = []
    if member.membership.role in REVIEWERS:
        students, gained = _pass_students(db, by, member.membership, new)
    one.to_id, one.done_at = new.id, by.now
    one.moved = {
        "began": [place.id for place in began if place is not None],
        "ended": [place.id for place in ends],
        "students": students,
        "gained": gained,
    }
    db.add(one)
    db.flush()
    reason = render(t("handover.reason", name=person.name, day=one.first_day), "zh")
    for place in reversed(ends):
        roster.end_member(db, by, cast(int, place.id), reason)
    audit.note(db, by, "take_over", "membership", new.id, place=one.place_id)
    _tell_both(db, by, one, member, "done")


def _begin(db: Session, by: Operator, like: Membership, person_id: int) -> Membership:
    """A place of somebody's that is like another, begun or renewed."""
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


def _pass_students(
    db: Session,
    by: Operator,
    old: Membership,
    new: Membership,
    only: Collection[int] | None = None,
) -> tuple[list[int], list[int]]:
    """Link a mentor's students, or some of them, with the successor; a delegate's links stay the
    delegation's. Returns them, and those of them who were not the successor's before."""
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
    gained: list[int] = []
    students = [one.student_id for one in links if only is None or one.student_id in only]
    for student in students:
        mine = known.get(student)
        if mine is None or mine.ended_at is not None or mine.stands_in_for is not None:
            gained.append(student)
        mine = mine or Mentoring(
            student_id=student, mentor_id=cast(int, new.id), created_at=by.now
        )
        mine.ended_at = mine.stands_in_for = None
        db.add(mine)
        audit.note(db, by, "link_mentor", "membership", student, mentor=new.id)
    db.flush()
    return students, gained


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
        """One of `STATES`."""
        done, ended = self.handover.done_at is not None, self.handover.ended_at is not None
        if ended:
            return "given_back" if done else "withdrawn"
        return "done" if done else "to_come"


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
            col(Handover.ended_at).is_(None),
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

"""求助: a learner asks one adult, whom they choose by name and who is not their mentor, to get in
touch.

A call is sealed: besides the learner, only the adults who were told may know that it exists. It
appears in no list, search, export, dossier or count of a cohort, nor in a guardian's copy of a
child's data. Rows are only added; they are erased with their learner.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import delete
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Operator, Refused
from bot.talk.message import Choice, Message, are_sealed, press
from prompts import t
from services import audit, handovers, notices
from services.access import (
    Grant,
    LearnerPlace,
    allow,
    held,
    holders,
    learner,
    learner_at,
    own,
    things,
)
from services.notices import Condition
from services.rights import RIGHTS, Relation
from services.roster import By
from storage.tables import (
    Account,
    HelpCall,
    HelpStep,
    HelpStepKind,
    Membership,
    Person,
    StoredTalk,
    Unit,
)

OBJECT: Final = "help_call"
"""The object in the audit rows about calls. Of all copies of data only the learner's own holds
such rows."""
KEYS: Final = "help:"
"""Begins the keys of notices about calls."""
FLOW: Final = "say_more"
"""The talk in which a learner adds words."""
WORRY: Final = "worry"
"""The talk that holds words which may be a cry for help, until it is known which."""
SEALED: Final = (FLOW, WORRY)
UNOPENED: Final = timedelta(days=1)
UNANSWERED: Final = timedelta(days=3)
MOST_ADULTS: Final = 8
LONGEST: Final = 1500
"""Characters of words added at a time."""

# ---------------------------------------------------------------- the adults


@dataclass(frozen=True, slots=True)
class Adult:
    """Somebody whom a learner may ask for help."""

    person_id: int
    name: str
    relation: Relation
    unit: str
    reachable: bool


def adults(db: Session, learner_id: int) -> list[Adult]:
    """Whom a learner may ask, each person once: those who can be reached first, and among them
    those whom the office has named."""
    first: dict[int, Grant] = {}
    for grant in holders(db, "be_asked_for_help", learner_id):
        first.setdefault(grant.person, grant)
    rows = db.exec(
        select(Membership.id, Person.name, Unit.name)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .outerjoin(Unit, col(Unit.id) == col(Membership.unit_id))
        .where(col(Membership.id).in_([grant.place for grant in first.values()]))
    )
    names = {place: (name, unit or "") for place, name, unit in rows}
    reached = notices.reached_among(db, first)
    found = [
        Adult(person, name, grant.relation, unit, person in reached)
        for person, grant in first.items()
        for name, unit in (names[grant.place],)
    ]
    return sorted(found, key=lambda one: not one.reachable)[:MOST_ADULTS]


def may_be_asked(db: Session, adult: int, learner_id: int) -> bool:
    """Whether a learner may ask this adult for help, or may have them told."""
    return held(db, adult, "be_asked_for_help", learner_id) is not None


# ---------------------------------------------------------------- a call and what became of it


@dataclass(frozen=True, slots=True)
class Call:
    """A call with its steps, the earliest first."""

    id: int
    learner_id: int
    steps: Sequence[HelpStep]

    def of(self, kind: HelpStepKind) -> list[HelpStep]:
        return [step for step in self.steps if step.kind is kind]

    def last(self, kind: HelpStepKind) -> HelpStep | None:
        return next(reversed(self.of(kind)), None)

    @property
    def told(self) -> HelpStep:
        """The step by which the adult who is asked now was told."""
        return self.of(HelpStepKind.TOLD)[-1]

    @property
    def adult(self) -> int:
        return cast(int, self.told.person_id)

    @property
    def opened(self) -> HelpStep | None:
        """The step by which the adult who is asked now first read the call; `None` if they have
        not."""
        return next((s for s in self.of(HelpStepKind.OPENED) if s.person_id == self.adult), None)

    @property
    def closed(self) -> HelpStep | None:
        return self.last(HelpStepKind.CLOSED)

    @property
    def taken_back(self) -> HelpStep | None:
        return self.last(HelpStepKind.TAKEN_BACK)

    @property
    def ended(self) -> bool:
        return bool(self.closed or self.taken_back)

    @property
    def next(self) -> int | None:
        """The adult who is told if nobody reads the call: the one to whom the learner agreed,
        unless they were told already."""
        told = {step.person_id for step in self.of(HelpStepKind.TOLD)}
        agreed = self.last(HelpStepKind.NEXT)
        return None if agreed is None or agreed.person_id in told else agreed.person_id

    @property
    def words(self) -> list[HelpStep]:
        return self.of(HelpStepKind.WORDS)


def _calls(db: Session, calls: Sequence[HelpCall]) -> list[Call]:
    steps: dict[int, list[HelpStep]] = {cast(int, call.id): [] for call in calls}
    rows = select(HelpStep).where(col(HelpStep.call_id).in_(steps)).order_by(col(HelpStep.id))
    for step in db.exec(rows):
        steps[step.call_id].append(step)
    return [Call(cast(int, c.id), c.learner_id, steps[cast(int, c.id)]) for c in calls]


_ended: Final = select(HelpStep.call_id).where(
    col(HelpStep.kind).in_((HelpStepKind.CLOSED, HelpStepKind.TAKEN_BACK))
)


def _call(db: Session, number: int) -> Call | None:
    row = db.get(HelpCall, number)
    return None if row is None else _calls(db, [row])[0]


def of_learner(db: Session, actor: Actor) -> list[Call]:
    """The actor's own calls in every cohort, the latest first. Raises `Refused` for
    anybody who is no learner."""
    learner(db, actor.person_id, "see_own_calls")
    mine = col(HelpCall.learner_id).in_(things("see_own_calls", actor.person_id))
    rows = select(HelpCall).where(mine).order_by(col(HelpCall.id).desc())
    return _calls(db, list(db.exec(rows)))


def own_call(db: Session, actor: Actor, number: int, act: str = "see_own_calls") -> Call:
    """One of the actor's own calls. Raises `Refused`."""
    call = _call(db, number)
    allow(db, actor, act, call.learner_id if call else None, number=number)
    return cast(Call, call)


# ---------------------------------------------------------------- what the learner does


def ask(db: Session, actor: Actor, adult: int) -> Call | None:
    """Ask an adult to get in touch, at once. If a call to them is still open, no other is made,
    and that one is returned.

    Returns `None` if no message would reach them, or if they may no longer be asked. Raises
    `Refused`.
    """
    me = own(db, actor, "ask_for_help")
    if not may_be_asked(db, adult, me.id):
        return None
    for call in of_learner(db, actor):
        if call.adult == adult and not call.ended:
            return call
    if not notices.reaches(db, adult):
        return None
    row = HelpCall(learner_id=me.id, at=actor.now)
    db.add(row)
    db.flush()
    number = cast(int, row.id)
    _tell_adult(db, actor, number, adult)
    audit.note(db, actor, "ask_for_help", OBJECT, number)
    return _call(db, number)


def next_for(db: Session, call: Call) -> Adult | None:
    """Who may be told if nobody reads the call: the first other adult who can be reached; before
    all others, whoever has taken over from the adult who was asked."""
    told = {step.person_id for step in call.of(HelpStepKind.TOLD)}
    others = [
        one for one in adults(db, call.learner_id) if one.reachable and one.person_id not in told
    ]
    place = cast(Membership, db.get(Membership, call.learner_id))
    heir = handovers.successor_of(db, call.adult, place.cohort_id)
    return next(iter(sorted(others, key=lambda one: one.person_id != heir)), None)


def is_gone(db: Session, call: Call) -> bool:
    """Whether the adult who was asked may be asked no more: their place has ended, or passed to
    another."""
    return not may_be_asked(db, call.adult, call.learner_id)


def agree(db: Session, actor: Actor, number: int, adult: int) -> Call:
    """Note that the learner agrees to have another adult told if nobody reads the call; at once,
    where the adult who was asked may be asked no more. Raises `Refused`."""
    call = own_call(db, actor, number, "ask_for_help")
    if call.ended or not may_be_asked(db, adult, call.learner_id):
        raise _refused("ask_for_help", number)
    if call.next != adult:
        _step(db, number, HelpStepKind.NEXT, actor.now, adult)
        audit.note(db, actor, "tell_next", OBJECT, number)
        if is_gone(db, call) and notices.reaches(db, adult):
            _pass_on(db, actor, number, adult)
    return cast(Call, _call(db, number))


def add_words(db: Session, actor: Actor, number: int, words: str) -> Call | None:
    """Add words to a call. An adult who has read it is told again. If the call was closed or
    taken back meanwhile, the adult is asked anew.

    Returns `None`, and keeps nothing, if the adult cannot be asked anew. Raises `Refused`.
    """
    call = own_call(db, actor, number, "ask_for_help")
    if call.ended:
        again = ask(db, actor, call.adult)
        if again is None:
            return None
        call, number = again, again.id
    step = _step(db, number, HelpStepKind.WORDS, actor.now, actor.person_id, words)
    audit.note(db, actor, FLOW, OBJECT, number)
    if call.opened:
        _notify(db, actor, number, call.adult, f"{KEYS}{number}:more:{step}")
    return cast(Call, _call(db, number))


def take_back(db: Session, actor: Actor, number: int) -> Call:
    """Take an open call back: the adults who were told of it learn that nothing is wanted of them
    any more. It stays on record. Raises `Refused`."""
    call = own_call(db, actor, number, "ask_for_help")
    if call.ended:
        return call
    _step(db, number, HelpStepKind.TAKEN_BACK, actor.now, actor.person_id)
    audit.note(db, actor, "take_back_call", OBJECT, number)
    for adult in dict.fromkeys(step.person_id for step in call.of(HelpStepKind.TOLD)):
        key = f"{KEYS}{number}:taken_back:{adult}"
        notices.tell(db, actor, cast(int, adult), Message(t("seeking.was_taken_back")), key)
    return cast(Call, _call(db, number))


def leave(db: Session, account: Account) -> None:
    """Take the chat out of a sealed talk, and forget what a sealed card offers, when these can no
    longer be seen. Otherwise whatever is typed next, by anybody, would answer them. What the talk
    was told is deleted."""
    if are_sealed(account.offered):
        account.offered = []
        db.add(account)
    talk = db.get(StoredTalk, account.talk_id) if account.talk_id else None
    if talk is not None and talk.flow in SEALED:
        account.talk_id = None
        db.add(account)
        db.flush()
        db.delete(talk)


# ---------------------------------------------------------------- what the adult does


def waiting(db: Session, actor: Actor) -> list[Call]:
    """The open calls that the actor was told of and may still read, the earliest first."""
    told = col(HelpCall.id).in_(things("open_call", actor.person_id))
    rows = select(HelpCall).where(told, col(HelpCall.id).not_in(_ended)).order_by(col(HelpCall.id))
    return _calls(db, list(db.exec(rows)))


def open_call(db: Session, actor: Actor, number: int) -> tuple[Call, LearnerPlace]:
    """A call with its learner, for an adult who was told; each reading is kept. Raises `Refused`,
    also if the learner took it back before this adult read it."""
    allow(db, actor, "open_call", number)
    call = cast(Call, _call(db, number))
    read = any(step.person_id == actor.person_id for step in call.of(HelpStepKind.OPENED))
    if call.taken_back and not read:
        words = t("seeking.was_taken_back")
        raise Refused(words, verb="open_call", object=OBJECT, object_id=number)
    _step(db, number, HelpStepKind.OPENED, actor.now, actor.person_id)
    audit.note(db, actor, "open_call", OBJECT, number)
    return call, learner_at(db, call.learner_id)


def to_close(db: Session, actor: Actor, number: int) -> Call:
    """A call that the actor may close. Raises `Refused`, also if the actor has not read it."""
    allow(db, actor, "close_call", number)
    call = cast(Call, _call(db, number))
    if not any(step.person_id == actor.person_id for step in call.of(HelpStepKind.OPENED)):
        words = t("seeking.open_first")
        raise Refused(words, verb="close_call", object=OBJECT, object_id=number)
    return call


def close(db: Session, actor: Actor, number: int) -> None:
    """Note that the actor has been in touch; the learner is told. Raises `Refused`."""
    call = to_close(db, actor, number)
    if not call.ended:
        _step(db, number, HelpStepKind.CLOSED, actor.now, actor.person_id)
        audit.note(db, actor, "close_call", OBJECT, number)
        _tell_learner(db, actor, call, "closed")


# ---------------------------------------------------------------- when nobody looks


def turn(db: Session, now: datetime) -> None:
    """See to open calls that nobody has read for a day, to those that were read and not closed for
    three days, and to those whose adult may be asked no more. Calling it twice changes nothing
    more.

    Another adult is told only if the learner agreed to that. Else the learner is told that nobody
    has looked.
    """
    rows = db.exec(
        select(HelpCall).where(col(HelpCall.id).not_in(_ended)).order_by(col(HelpCall.id))
    )
    for call in _calls(db, list(rows)):
        wait, kind = (
            (UNANSWERED, HelpStepKind.UNANSWERED)
            if call.opened
            else (UNOPENED, HelpStepKind.UNOPENED)
        )
        if is_gone(db, call):
            wait, kind = timedelta(0), HelpStepKind.GONE
        if now < call.told.at + wait:
            continue
        by, another = Operator(now), call.next
        if another is not None and _may_be_told(db, call, another):
            _pass_on(db, by, call.id, another)
            _tell_learner(db, by, call, f"next:{another}")
        elif not any(step.at > call.told.at for step in call.of(kind)):
            _step(db, call.id, kind, now, call.adult if kind is HelpStepKind.GONE else None)
            _tell_learner(db, by, call, f"{kind}:{call.told.id}")


def _pass_on(db: Session, by: By, number: int, adult: int) -> None:
    _tell_adult(db, by, number, adult)
    audit.note(db, by, "pass_call_on", OBJECT, number)


def _may_be_told(db: Session, call: Call, adult: int) -> bool:
    return may_be_asked(db, adult, call.learner_id) and notices.reaches(db, adult)


def waits(db: Session, args: Mapping[str, Any]) -> bool:
    """The condition `help_waits`: the call is open, and this adult may still be told of it."""
    call = _call(db, args["call"])
    if call is None or call.ended:
        return False
    return held(db, args["person"], "open_call", call.id) is not None


# ---------------------------------------------------------------- telling


def _tell_adult(db: Session, by: By, number: int, adult: int) -> None:
    _step(db, number, HelpStepKind.TOLD, by.now, adult)
    _notify(db, by, number, adult, f"{KEYS}{number}:told:{adult}")


def _notify(db: Session, by: By, number: int, adult: int, key: str) -> None:
    """Send an adult a notice that a learner asks them to get in touch. It says nothing else."""
    ways = (
        Choice(press("open_call", number), t("seeking.open"), weight="primary"),
        Choice(press("close_call", number), t("seeking.close")),
    )
    condition = Condition("help_waits", {"call": number, "person": adult})
    notices.tell(db, by, adult, Message(t("seeking.asked"), (ways,)), key, condition=condition)


def _tell_learner(db: Session, by: By, call: Call, what: str) -> None:
    """Send a learner a notice that there is something to see. Its words give nothing away."""
    look = Choice(press("own_calls", call.id), t("seeking.look"))
    person = learner_at(db, call.learner_id).person_id
    notices.tell(
        db, by, person, Message(t("seeking.for_you"), ((look,),)), f"{KEYS}{call.id}:{what}"
    )


def _step(
    db: Session,
    number: int,
    kind: HelpStepKind,
    now: datetime,
    person_id: int | None = None,
    words: str = "",
) -> int:
    step = HelpStep(call_id=number, kind=kind, person_id=person_id, words=words, at=now)
    db.add(step)
    db.flush()
    return cast(int, step.id)


def names_of(db: Session, call: Call) -> dict[int, str]:
    """The names of the people in a call's steps, by person."""
    people = {step.person_id for step in call.steps}
    rows = db.exec(select(Person.id, Person.name).where(col(Person.id).in_(people)))
    return {cast(int, person): name for person, name in rows}


def _refused(act: str, number: int | None) -> Refused:
    return Refused(t(RIGHTS["open_call"].refused), verb=act, object=OBJECT, object_id=number)


# ---------------------------------------------------------------- copies and erasing


def copied(db: Session, places: Collection[int]) -> list[dict[str, Any]]:
    """The calls of these places with their steps, for the learner's own copy."""
    rows = select(HelpCall).where(col(HelpCall.learner_id).in_(places)).order_by(col(HelpCall.id))
    return [
        {"call": call.id, "steps": [step.model_dump(mode="json") for step in call.steps]}
        for call in _calls(db, list(db.exec(rows)))
    ]


def forget(db: Session, places: Collection[int]) -> None:
    """Delete the calls of these places as a learner."""
    theirs = select(HelpCall.id).where(col(HelpCall.learner_id).in_(places))
    here = db.connection()
    here.execute(delete(HelpStep).where(col(HelpStep.call_id).in_(theirs)))
    here.execute(delete(HelpCall).where(col(HelpCall.learner_id).in_(places)))
    db.expire_all()

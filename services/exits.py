"""Exits: evaluations upon which a document ends the cultivation, and what follows.

Two people confirm an exit, each with a reason. Then the learner, the guardians, the mentor and the
school's teachers are told in private, and for some days the learner or a guardian may object. Only
after that can the office end the membership. Nothing is deleted, and until then the office may
drop the case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, cast

from sqlalchemy import update
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Field, Message, labelled, press
from prompts import Text, t
from services import audit, notices, roster
from services.access import allow, held, holders, learner_at, things
from services.rights import Relation
from storage.tables import Evaluation, ExitCase, ExitState, ExitStep, Person

OPEN: Final = (ExitState.RAISED, ExitState.CONFIRMED, ExitState.TOLD, ExitState.OBJECTED)
"""States in which the office has still to act."""
TOLD: Final = (ExitState.TOLD, ExitState.OBJECTED)
"""States in which the family has been told and the cultivation has not ended."""
KNOWN: Final = (ExitState.TOLD, ExitState.OBJECTED, ExitState.ENDED)
"""States in which the learner knows."""


# ---------------------------------------------------------------- the office's acts


def raise_case(db: Session, actor: Actor, evaluation: Evaluation, words: Message) -> ExitCase:
    """Put an evaluation that ends the cultivation before the office; `words` is what it reads."""
    case = ExitCase(
        student_id=evaluation.student_id,
        evaluation_id=cast(int, evaluation.id),
        version=evaluation.version,
        state=ExitState.RAISED,
        raised_at=actor.now,
    )
    db.add(case)
    db.flush()
    audit.note(db, actor, "raise_exit", "exit", case.id)
    _tell_office(db, actor, case, words, "raised")
    return case


def confirm(db: Session, actor: Actor, case_id: int, reason: str, days: int) -> ExitCase:
    """Confirm an exit with a reason; the second person's word lets the learner know.

    `days` is how long one may object, as the first person sets it. Raises `Refused` for anyone
    who does not oversee the whole cohort, and for the same person twice.
    """
    case = to_confirm(db, actor, case_id)
    first = case.state is ExitState.RAISED
    if first:
        case.state, case.objection_days = ExitState.CONFIRMED, days
    else:
        case.state = ExitState.TOLD
        until = beijing_day(actor.now) + timedelta(days=case.objection_days)
        case.objections_until = until
    _step(db, actor, case, reason, "confirm_exit")
    if first:
        _tell_office(db, actor, case, Message(title=t("exit.second_needed")), "confirmed")
    else:
        _tell_everybody(db, actor, case)
    return case


def to_confirm(db: Session, actor: Actor, case_id: int) -> ExitCase:
    """A case that the actor may confirm now. Raises `Refused`."""
    case = find(db, actor, case_id)
    if case.state not in (ExitState.RAISED, ExitState.CONFIRMED):
        raise _refused("exit.moved_on", case)
    if has_confirmed(db, actor, case):
        raise _refused("exit.another_person", case)
    return case


def has_confirmed(db: Session, actor: Actor, case: ExitCase) -> bool:
    """Whether the actor has confirmed the case already. Somebody else has to be the
    second."""
    return any(step.person_id == actor.person_id for step, _ in steps(db, case))


def drop(db: Session, actor: Actor, case_id: int, reason: str) -> ExitCase:
    """Let the cultivation go on. Raises `Refused` once it has ended."""
    case = to_drop(db, actor, case_id)
    known = case.state in KNOWN
    case.state = ExitState.DROPPED
    _step(db, actor, case, reason, "drop_exit")
    if known:
        message = Message(title=t("exit.told_dropped"), fields=(Field(t("field.reason"), reason),))
        for person_id in _family(db, case.student_id):
            notices.tell(db, actor, person_id, message, f"exit:{case.id}:dropped")
    return case


def to_drop(db: Session, actor: Actor, case_id: int) -> ExitCase:
    """A case that the actor may drop now. Raises `Refused`."""
    case = find(db, actor, case_id)
    if case.state not in OPEN:
        raise _refused("exit.moved_on", case)
    return case


def end(db: Session, actor: Actor, case_id: int, reason: str) -> ExitCase:
    """End the learner's membership, once the time for objections is over. The records stay.

    Raises `Refused` before that, and for anyone who does not oversee the whole cohort.
    """
    case = to_end(db, actor, case_id)
    case.state = ExitState.ENDED
    _step(db, actor, case, reason, "end_cultivation")
    name = cast(Person, db.get(Person, actor.person_id)).name
    roster.end_member(db, Operator(actor.now), case.student_id, f"{labelled(name)}{reason}"[:200])
    message = Message(title=t("exit.told_ended"), note=t("exit.records_stay"))
    for person_id in _family(db, case.student_id):
        notices.tell(db, actor, person_id, message, f"exit:{case.id}:ended")
    return case


def to_end(db: Session, actor: Actor, case_id: int) -> ExitCase:
    """A case in which the cultivation can be ended now. Raises `Refused`."""
    case = find(db, actor, case_id)
    until = case.objections_until
    if case.state not in TOLD or until is None:
        raise _refused("exit.moved_on", case)
    if may_still_object(case, actor.now):
        raise Refused(
            t("exit.objections_until", day=until),
            verb="end_cultivation",
            object="exit",
            object_id=case_id,
        )
    return case


def may_still_object(case: ExitCase, now: datetime) -> bool:
    """Whether the learner and the guardians know of it, and have time left to object."""
    until = case.objections_until
    return case.state in TOLD and until is not None and beijing_day(now) <= until


# ---------------------------------------------------------------- the learner's act


def object_to(db: Session, actor: Actor, case_id: int, words: str) -> ExitCase:
    """Object to an exit, as the learner or a guardian. Raises `Refused` once the time is over."""
    case = to_object(db, actor, case_id)
    case.state = ExitState.OBJECTED
    _step(db, actor, case, words, "object_exit")
    learner = learner_at(db, case.student_id)
    message = Message(
        title=t("exit.objection_came", student=learner.name),
        fields=(Field(t("exit.objection"), words),),
    )
    _tell_office(db, actor, case, message, f"objected:{actor.person_id}")
    return case


def to_object(db: Session, actor: Actor, case_id: int) -> ExitCase:
    """A case to which the actor may object now. Raises `Refused`."""
    case = db.get(ExitCase, case_id, with_for_update=True)
    known = case is not None and case.state in KNOWN
    allow(db, actor, "object_exit", case.student_id if case and known else None, number=case_id)
    case = cast(ExitCase, case)
    until = case.objections_until
    if case.state is ExitState.ENDED or until is None or beijing_day(actor.now) > until:
        raise Refused(t("exit.too_late"), verb="object_exit", object="exit", object_id=case_id)
    return case


# ---------------------------------------------------------------- reading


def find(db: Session, actor: Actor, case_id: int) -> ExitCase:
    """A case that the actor handles. Raises `Refused`."""
    case = db.get(ExitCase, case_id, with_for_update=True)
    allow(db, actor, "confirm_exit", case.student_id if case else None, number=case_id)
    return cast(ExitCase, case)


def open_cases(db: Session, actor: Actor) -> list[ExitCase]:
    """The cases in which the actor's office has still to act, the oldest first."""
    mine = things("confirm_exit", actor.person_id)
    found = select(ExitCase).where(
        col(ExitCase.state).in_(OPEN), col(ExitCase.student_id).in_(mine)
    )
    return list(db.exec(found.order_by(col(ExitCase.id))))


def steps(db: Session, case: ExitCase) -> list[tuple[ExitStep, str]]:
    """The steps of a case with the name of who took each, the oldest first."""
    found = (
        select(ExitStep, Person.name)
        .join(Person, col(Person.id) == col(ExitStep.person_id))
        .where(ExitStep.case_id == case.id)
        .order_by(col(ExitStep.id))
    )
    return list(db.exec(found))


def steps_of(db: Session, actor: Actor, student_id: int) -> list[tuple[ExitStep, str]]:
    """The steps of all cases of a learner, as `steps`; none for whoever does not handle them."""
    if not may_handle(db, actor, student_id):
        return []
    cases = db.exec(select(ExitCase).where(ExitCase.student_id == student_id))
    return [step for case in cases.all() for step in steps(db, case)]


def known(db: Session, student_id: int) -> bool:
    """Whether a learner has been told that the cultivation ends: then nothing more is asked of
    them."""
    return told_of(db, student_id) is not None


def told_of(db: Session, student_id: int) -> ExitCase | None:
    """The latest exit of which a learner has been told."""
    found = select(ExitCase).where(
        ExitCase.student_id == student_id, col(ExitCase.state).in_(KNOWN)
    )
    return db.exec(found.order_by(col(ExitCase.id).desc())).first()


def is_open(db: Session, student_id: int) -> bool:
    """Whether the office has still to act in a case of this learner."""
    found = select(ExitCase.id).where(
        ExitCase.student_id == student_id, col(ExitCase.state).in_(OPEN)
    )
    return db.exec(found).first() is not None


def leaving(db: Session, students: Sequence[int]) -> set[int]:
    """Those of these learners of whom an exit is under way or done."""
    found = select(ExitCase.student_id).where(
        col(ExitCase.student_id).in_(students), ExitCase.state != ExitState.DROPPED
    )
    return set(db.exec(found))


def forget(db: Session, students: Sequence[int]) -> None:
    """Take the words out of the steps of exits of these learners."""
    theirs = select(col(ExitCase.id)).where(col(ExitCase.student_id).in_(students))
    db.connection().execute(
        update(ExitStep).where(col(ExitStep.case_id).in_(theirs)).values(reason="")
    )


# ---------------------------------------------------------------- inside


def _step(db: Session, actor: Actor, case: ExitCase, reason: str, verb: str) -> None:
    db.add(case)
    db.add(
        ExitStep(
            case_id=cast(int, case.id),
            state=case.state,
            reason=reason,
            person_id=actor.person_id,
            at=actor.now,
        )
    )
    db.flush()
    audit.note(db, actor, verb, "exit", case.id, state=case.state.value)


def _refused(key: str, case: ExitCase) -> Refused:
    return Refused(t(key), verb="confirm_exit", object="exit", object_id=case.id)


def _tell_office(db: Session, actor: Actor, case: ExitCase, message: Message, what: str) -> None:
    """Tell everybody at the office who may handle a case, except the person who has just acted."""
    choice = Choice(press("exit", case.id or 0), t("exit.look"), weight="primary")
    card = message._replace(rows=((choice,),))
    for grant in holders(db, "confirm_exit", case.student_id):
        if grant.person != actor.person_id:
            notices.tell(db, actor, grant.person, card, f"exit:{case.id}:{what}")


def _tell_everybody(db: Session, actor: Actor, case: ExitCase) -> None:
    """Tell those concerned what the two people who confirmed the exit have written: the learner
    and the guardians, who may object, and the mentors and the school's teachers."""
    learner = learner_at(db, case.student_id)
    steps = select(ExitStep.reason).where(
        ExitStep.case_id == case.id,
        col(ExitStep.state).in_((ExitState.CONFIRMED, ExitState.TOLD)),
    )
    reasons = db.exec(steps.order_by(col(ExitStep.id))).all()
    told = Message(
        fields=(Field(t("field.reason"), "\n".join(dict.fromkeys(reasons))),),
        note=t("exit.until", day=case.objections_until),
    )
    may_object = told._replace(
        rows=(
            (
                Choice(press("evaluated", case.evaluation_id), t("evaluation.read")),
                Choice(press("object", case.id or 0), t("exit.object")),
            ),
        )
    )
    around = t("exit.told_around", student=learner.name)
    key = f"exit:{case.id}:told"
    family = [*_family(db, case.student_id)]
    for person_id in family:
        title = t("exit.told") if person_id == learner.person_id else around
        notices.tell(db, actor, person_id, may_object._replace(title=title), key)
    for person_id in _around(db, case.student_id, family):
        notices.tell(db, actor, person_id, told._replace(title=around), key)


def _family(db: Session, student_id: int) -> Iterable[int]:
    """The learner, and the guardians."""
    return dict.fromkeys(grant.person for grant in holders(db, "object_exit", student_id))


def _around(db: Session, student_id: int, family: Sequence[int]) -> Iterable[int]:
    """The mentors, the team and the teachers of the learner's school."""
    near = (Relation.CULTIVATES, Relation.SCHOOL)
    found = (g for g in holders(db, "read_evaluation", student_id) if g.relation in near)
    return dict.fromkeys(grant.person for grant in found if grant.person not in family)


def may_handle(db: Session, actor: Actor, student_id: int) -> bool:
    """Whether the actor handles exits of this learner."""
    return held(db, actor.person_id, "confirm_exit", student_id) is not None


def words_of(step: ExitStep, name: str) -> Text:
    """A step in words."""
    return t(f"exit.step_{step.state}", name=name, at=step.at, reason=step.reason)

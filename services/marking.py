"""The marks of experts: where a document has a committee evaluate those who were recommended, each
of its experts marks alone, and the office decides on what they signed.

An expert sees what the document lists as evidence, and never what another expert says. Each mark
that is signed is a row of its own, and no row is ever changed. Only an office can open a mark
again, with a reason; its expert then signs a new one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Field, Message, press
from programmes import evaluating
from programmes.evaluating import Side, StagePart
from programmes.model import Programme
from programmes.values import kept_as
from prompts import Words, t
from services import audit, committee, evaluations, looking, notices, records, roster, stages
from services.access import (
    allow,
    any_of,
    awaiting_consent,
    cohort_of,
    held,
    held_each,
    holders,
    holders_each,
    learner_at,
    name_at,
    things,
)
from services.evaluations import EvaluationBody, Signed
from services.packs import load
from services.records import Entries
from services.roster import Member
from services.stages import StageNow
from storage.tables import (
    Cohort,
    Evaluation,
    ExpertMark,
    ExpertMarkReopening,
    Membership,
    Person,
    Record,
    Role,
)


@dataclass(frozen=True, slots=True)
class Marking:
    """One expert's part for one learner at a stage, with the expert's mark if there is one."""

    member: Member
    cohort: Cohort
    now: StageNow
    part: StagePart
    """The office's part, whose outcomes the experts choose from."""
    expert_id: int
    """The expert's own membership."""
    mark: ExpertMark | None
    reopening: ExpertMarkReopening | None
    decided: bool
    """The office has decided: there is nothing more to say."""
    awaits_consent: bool
    """Nothing of the learner may be kept now, for want of a guardian's consent: nothing can be
    signed."""

    @property
    def open(self) -> bool:
        """Whether the experts are at work on this learner."""
        return self.now.takes_evaluations and not self.decided

    @property
    def waits(self) -> bool:
        """Whether it can be signed now."""
        return self.open and (self.mark is None or self.reopening is not None)


def marks_anything(programme: Programme, _role: Role) -> bool:
    """Whether experts mark at any stage of a programme."""
    return any(stage.independent for stage in programme.stages)


def deciding_part(cohort: Cohort, now: StageNow) -> StagePart | None:
    """The office's part of a stage at which experts mark; `None` at any other."""
    if not now.stage.independent:
        return None
    return next((one for one in stages.parts_of(cohort, now.stage) if one.decides), None)


# ---------------------------------------------------------------- what is to be marked


def markings(db: Session, actor: Actor) -> list[Marking]:
    """All that the actor marks as an expert at stages that have begun: stage by stage, in the
    order of the roster. Raises `Refused` for anyone who is no expert."""
    any_of(db, actor, "marking")
    by_cohort: dict[int, list[Member]] = {}
    for member in roster.learners_for(db, actor, "mark"):
        by_cohort.setdefault(member.membership.cohort_id, []).append(member)
    found: list[Marking] = []
    for cohort_id, members in by_cohort.items():
        cohort = cast(Cohort, db.get(Cohort, cohort_id))
        for now in stages.stages_of(db, cohort, beijing_day(actor.now)):
            if now.state in evaluations.BEGUN:
                found += _of_stage(db, actor, cohort, now, members)
    return found


def left(db: Session, actor: Actor) -> list[Marking]:
    """What the actor has still to mark. Raises `Refused`."""
    return [one for one in markings(db, actor) if one.waits and not one.awaits_consent]


def marking(db: Session, actor: Actor, student_id: int, stage: int | str) -> Marking:
    """What the actor marks of one learner, at a stage by its number or its name in records.

    Raises `Refused` for anyone who does not mark this learner.
    """
    allow(db, actor, "mark", student_id)
    member = roster.find_member(db, student_id)
    cohort, today = cohort_of(db, member.membership), beijing_day(actor.now)
    now = stages.stage_at(db, cohort, stage, today)
    found = _of_stage(db, actor, cohort, now, [member])
    if not found:
        raise Refused(t("marking.not_yours"), verb="mark", object="membership")
    return found[0]


def _of_stage(
    db: Session, actor: Actor, cohort: Cohort, now: StageNow, members: Sequence[Member]
) -> list[Marking]:
    part = deciding_part(cohort, now)
    me = db.exec(
        select(Membership.id).where(
            Membership.cohort_id == cohort.id,
            Membership.person_id == actor.person_id,
            Membership.role == Role.EXPERT_COMMITTEE,
            col(Membership.ended_at).is_(None),
        )
    ).first()
    if part is None or me is None:
        return []
    ids = [member.id for member in members]
    mine = {mark.student_id: mark for mark in _latest(db, ids, now.key) if mark.expert_id == me}
    opened = _reopenings(db, mine.values())
    decided = committee.decided(db, ids, now.key)
    awaiting = awaiting_consent(db, ids, beijing_day(actor.now))
    return [
        Marking(
            member,
            cohort,
            now,
            part,
            me,
            mark := mine.get(member.id),
            opened.get(mark.id or 0) if mark else None,
            member.id in decided,
            member.id in awaiting,
        )
        for member in members
    ]


def _latest(db: Session, students: Collection[int], stage: str) -> list[ExpertMark]:
    """Each expert's latest mark of these learners at a stage, in the order of signing."""
    rows = db.exec(
        select(ExpertMark)
        .where(col(ExpertMark.student_id).in_(students), ExpertMark.stage == stage)
        .order_by(col(ExpertMark.id))
    )
    return list({(one.student_id, one.expert_id): one for one in rows}.values())


def _reopenings(db: Session, marks: Iterable[ExpertMark]) -> dict[int, ExpertMarkReopening]:
    ids = [mark.id for mark in marks]
    rows = db.exec(select(ExpertMarkReopening).where(col(ExpertMarkReopening.mark_id).in_(ids)))
    return {row.mark_id: row for row in rows}


# ---------------------------------------------------------------- the evidence


def entries(db: Session, one: Marking) -> Entries:
    """The entries that an expert may read of a learner, the latest first. Raises `Refused` if the
    pack cannot be read."""
    programme = load(one.cohort.programme)
    return [
        (record, body)
        for record, body in records.entries(db, one.member.id)
        if committee.is_evidence(programme, record)
    ]


def said_before(db: Session, one: Marking) -> list[Signed]:
    """The recommendation, and the mentor's evaluations where the document lists them. Raises
    `Refused` if the pack cannot be read."""
    programme = load(one.cohort.programme)
    return [
        signed
        for signed in evaluations.all_of(db, one.member.id, family=False)
        if committee.is_shown_to_experts(programme, signed.evaluation)
    ]


def looked(db: Session, actor: Actor, one: Marking) -> None:
    """Note that an expert has opened a learner's card. Raises `Refused`."""
    grant = allow(db, actor, "mark", one.member.id)
    looking.note(db, actor, grant.relation, "membership", one.member.id, [one.member.id])


def open_entry(db: Session, actor: Actor, record_id: int) -> Record:
    """An entry that the actor reads as an expert; it leaves a trace. Raises `Refused`."""
    record = db.get(Record, record_id)
    grant = allow(
        db, actor, "mark", None if record is None else record.student_id, number=record_id
    )
    record = cast(Record, record)
    programme = load(learner_at(db, record.student_id).programme)
    at_work = committee.at_work(db, record.student_id, beijing_day(actor.now))
    if not at_work or not committee.is_evidence(programme, record):
        raise _not_evidence("record", record_id)
    looking.note(db, actor, grant.relation, "record", record_id, [record.student_id])
    return record


def open_evaluation(db: Session, actor: Actor, evaluation_id: int) -> Signed:
    """What somebody said of a learner before the experts do; it leaves a trace. Raises
    `Refused`."""
    entry = db.get(Evaluation, evaluation_id)
    grant = allow(
        db, actor, "mark", None if entry is None else entry.student_id, number=evaluation_id
    )
    entry = cast(Evaluation, entry)
    programme = load(learner_at(db, entry.student_id).programme)
    at_work = committee.at_work(db, entry.student_id, beijing_day(actor.now))
    if not at_work or not committee.is_shown_to_experts(programme, entry):
        raise _not_evidence("evaluation", evaluation_id)
    looking.note(db, actor, grant.relation, "evaluation", evaluation_id, [entry.student_id])
    return evaluations.as_signed(db, entry)


def _not_evidence(kind: str, number: int) -> Refused:
    return Refused(t("marking.not_evidence"), verb="mark", object=kind, object_id=number)


# ---------------------------------------------------------------- signing


def sign(
    db: Session, actor: Actor, student_id: int, stage: str, seen: int, body: EvaluationBody
) -> ExpertMark:
    """Sign a mark, on the evidence that counts now; it is locked from then on.

    `seen` is the version that stood when it was begun, 0 for none. Raises `Refused` for anyone who
    does not mark this learner, if the stage takes none now or the office has decided, and if it
    was signed meanwhile.
    """
    grant = allow(db, actor, "mark", student_id)
    # Of one expert in two chats, the second waits here.
    db.get(Membership, grant.place, with_for_update=True)
    asked = to_sign(db, actor, student_id, stage)
    version = asked.mark.version if asked.mark else 0
    if not asked.waits or version != seen:
        raise _refused("marking.signed_meanwhile", asked)
    mark = ExpertMark(
        student_id=student_id,
        stage=stage,
        expert_id=asked.expert_id,
        version=version + 1,
        body=body.model_copy(
            update={"evidence": evaluations.counted(entries(db, asked))}
        ).model_dump(mode="json"),
        late=asked.now.late,
        at=actor.now,
    )
    db.add(mark)
    db.flush()
    audit.note(db, actor, "mark", "mark", mark.id, mark.version)
    return mark


def to_sign(db: Session, actor: Actor, student_id: int, stage: str) -> Marking:
    """What the actor marks of a learner, while marks are taken. Raises `Refused`."""
    asked = marking(db, actor, student_id, stage)
    if not asked.now.takes_evaluations:
        why = evaluations.closed(asked.now)
        raise Refused(why, verb="mark", object="membership", object_id=student_id)
    if asked.decided:
        raise _refused("marking.decided", asked)
    return asked


def _refused(key: str, asked: Marking) -> Refused:
    return Refused(t(key), verb="mark", object="membership", object_id=asked.member.id)


# ---------------------------------------------------------------- what the office sees


@dataclass(frozen=True, slots=True)
class MarkTally:
    """How the experts have marked a learner."""

    recommended: bool
    experts: int
    marks: tuple[ExpertMark, ...]
    """Those that are signed, not opened again."""
    outcomes: tuple[str, ...]
    """Those that were chosen, in the order of the document's list, from the best."""
    waiting: tuple[int, ...] = ()
    """The experts, by their places, who could still sign and have not."""

    @property
    def complete(self) -> bool:
        """Whether every expert has signed."""
        return bool(self.marks) and len(self.marks) == self.experts

    @property
    def median(self) -> tuple[str, ...]:
        """The outcome in the middle; two where it falls between them; none without marks."""
        if not self.outcomes:
            return ()
        last = len(self.outcomes) - 1
        middle = (self.outcomes[last // 2], self.outcomes[-(last // 2) - 1])
        return tuple(dict.fromkeys(middle))

    @property
    def spread(self) -> Mapping[str, int]:
        """How often each outcome was chosen, from the best."""
        return Counter(self.outcomes)


def tallies(
    db: Session, actor: Actor, students: Sequence[int], stage: StageNow, part: StagePart
) -> dict[int, MarkTally]:
    """How the experts have marked these learners, as far as the actor may see it: the
    actor belongs to an office that oversees the whole cohort, and is no expert of it."""
    may_see = held_each(db, actor.person_id, "read_marks", students)
    shown = [student for student in students if student in may_see]
    every = _latest(db, shown, stage.key)
    opened, come = _reopenings(db, every), committee.recommended(db, shown)
    experts = holders_each(db, "mark", shown)
    found = {}
    for student in shown:
        marks = tuple(m for m in every if m.student_id == student and m.id not in opened)
        could = {grant.place for grant in experts.get(student, ())}
        chosen = [str(mark.body.get("outcome", "")) for mark in marks]
        scale = [kept_as(one) for one in part.outcomes]
        outcomes = tuple(one for one in scale for said in chosen if said == one)
        found[student] = MarkTally(
            student in come,
            len(could | {m.expert_id for m in marks}),
            marks,
            outcomes,
            tuple(sorted(one for one in could - {m.expert_id for m in marks} if one)),
        )
    return found


@dataclass(frozen=True, slots=True)
class MarkedLearner:
    """How the experts stand with one learner at a stage, as the office sees it."""

    member: Member
    tally: MarkTally
    signed: tuple[str, ...]
    """The names of the experts who have signed."""
    waiting: tuple[str, ...]
    decided: bool


def of_stage(db: Session, actor: Actor, cohort: Cohort, now: StageNow) -> list[MarkedLearner]:
    """How the experts stand with everybody who was recommended, in the order of the roster.

    Raises `Refused` for anyone but the office that decides, and at a stage without experts.
    """
    part = deciding_part(cohort, now)
    members = [
        one
        for one in roster.learners_for(db, actor, "read_marks")
        if one.membership.cohort_id == cohort.id
    ]
    if part is None or not members:
        raise Refused(t("marking.not_yours_to_read"), verb="read_marks", object="cohort")
    ids = [one.id for one in members]
    known = tallies(db, actor, ids, now, part)
    over = committee.decided(db, ids, now.key)
    names = {place: name_at(db, place) for one in known.values() for place in _places(one)}
    return [
        MarkedLearner(
            one,
            tally,
            tuple(names[mark.expert_id] for mark in tally.marks),
            tuple(names[place] for place in tally.waiting),
            one.id in over,
        )
        for one in members
        for tally in (known[one.id],)
        if tally.recommended or tally.marks
    ]


def _places(tally: MarkTally) -> set[int]:
    return {*tally.waiting, *(mark.expert_id for mark in tally.marks)}


@dataclass(frozen=True, slots=True)
class ExpertLeft:
    """An expert who has not signed all, and how many learners are left to them."""

    place: int
    person_id: int
    name: str
    learners: int
    reachable: bool


def may_read_some(db: Session, actor: Actor, cohort: Cohort) -> bool:
    """Whether the actor may see the marks of any learner of a cohort."""
    some = select(Membership.id).where(
        Membership.cohort_id == cohort.id,
        col(Membership.id).in_(things("read_marks", actor.person_id)),
    )
    return db.exec(some.limit(1)).first() is not None


def unsigned(db: Session, actor: Actor, cohort: Cohort, now: StageNow) -> list[ExpertLeft]:
    """The experts who have still to sign at a stage, in the order of the roster; none once the
    stage takes no marks. Raises `Refused` as `of_stage` does."""
    left: Counter[int] = Counter()
    every = of_stage(db, actor, cohort, now)
    awaiting = awaiting_consent(db, [one.member.id for one in every], beijing_day(actor.now))
    for one in every if now.takes_evaluations else ():
        if not one.decided and one.member.id not in awaiting:
            left.update(one.tally.waiting)
    return [
        ExpertLeft(
            member.id,
            member.person.id or 0,
            member.person.name,
            left[member.id],
            notices.reaches(db, member.person.id or 0),
        )
        for member in roster.members_by_id(db, list(left))
    ]


def remind(
    db: Session, actor: Actor, cohort: Cohort, now: StageNow, place: int | None = None
) -> list[ExpertLeft]:
    """Remind the experts who have still to sign, or one of them, at most once a day. Returns those
    whom it reaches. Raises `Refused` as `of_stage` does."""
    found = [
        one
        for one in unsigned(db, actor, cohort, now)
        if one.reachable and place in (None, one.place)
    ]
    for one in found:
        to_list = Choice(press("marking"), t("command.marking.label"), weight="primary")
        said = t("marking.please", stage=now.called, count=one.learners)
        key = f"marks-asked:{one.place}:{now.key}:{beijing_day(actor.now)}"
        message = Message(said, ((to_list,),), title=t("marking.title"), clause=now.stage.clause)
        notices.tell(db, actor, one.person_id, message, key)
        audit.note(db, actor, "remind_expert", "membership", one.place)
    return found


@dataclass(frozen=True, slots=True)
class SignedMark:
    """A mark with who signed it, and whether an office has opened it again."""

    mark: ExpertMark
    body: EvaluationBody
    expert: str
    reopening: ExpertMarkReopening | None
    part: StagePart | None
    place: int
    """The stage's place in the programme: how buttons name it."""
    stage_name: Words
    student: str


@dataclass(frozen=True, slots=True)
class MarksOfLearner:
    """What each expert said of a learner at a stage."""

    student: str
    stage_name: Words
    marks: tuple[SignedMark, ...]


def of_learner(db: Session, actor: Actor, student_id: int, stage: int) -> MarksOfLearner:
    """The latest mark of each expert for a learner, at the stage with this number. Raises
    `Refused` for anybody but the office that decides."""
    grant = allow(db, actor, "read_marks", student_id)
    looking.note(db, actor, grant.relation, "marks", student_id, [student_id])
    member = roster.find_member(db, student_id)
    cohort = cohort_of(db, member.membership)
    now = stages.stage_numbered(db, cohort, stage, beijing_day(actor.now))
    marks = tuple(_signed(db, mark) for mark in _latest(db, [student_id], now.key))
    return MarksOfLearner(member.person.name, now.called, marks)


def rests_on_marks(db: Session, actor: Actor, entry: Evaluation) -> bool:
    """Whether an evaluation decides on marks of experts that the actor may read."""
    part = evaluations.part_of(db, entry)
    if part is None or not (part.decides and part.stage.independent):
        return False
    return held(db, actor.person_id, "read_marks", entry.student_id) is not None


def read(db: Session, actor: Actor, mark_id: int) -> SignedMark:
    """A mark, for the office that decides. Raises `Refused`."""
    mark = db.get(ExpertMark, mark_id)
    grant = allow(db, actor, "read_marks", mark.student_id if mark else None, number=mark_id)
    looking.note(db, actor, grant.relation, "mark", mark_id, [grant.thing])
    return _signed(db, cast(ExpertMark, mark))


def own(db: Session, one: Marking) -> SignedMark | None:
    """An expert's own mark, if there is one."""
    return None if one.mark is None else _signed(db, one.mark)


def _signed(db: Session, mark: ExpertMark) -> SignedMark:
    learner = learner_at(db, mark.student_id)
    programme = load(learner.programme)
    place = evaluations.stage_number(learner, mark.stage)
    part = next((one for one in _parts(programme, place) if one.decides), None)
    return SignedMark(
        mark,
        EvaluationBody.model_validate(mark.body),
        name_at(db, mark.expert_id),
        db.get(ExpertMarkReopening, mark.id),
        part,
        place,
        evaluations.stage_name(learner, mark.stage),
        learner.name,
    )


def _parts(programme: Programme, place: int) -> Sequence[StagePart]:
    if place >= len(programme.stages):
        return ()
    return evaluating.parts(programme, programme.stages[place])


def outcome_label(one: SignedMark) -> Words:
    """The outcome that an expert chose; empty where the document asks for words alone."""
    return evaluations.outcome_label(one.part, one.body.outcome) if one.body.outcome else ""


def versions(db: Session, mark: ExpertMark) -> list[ExpertMark]:
    """Every version of one expert's mark of a learner at a stage, the oldest first."""
    return list(
        db.exec(
            select(ExpertMark)
            .where(
                ExpertMark.student_id == mark.student_id,
                ExpertMark.stage == mark.stage,
                ExpertMark.expert_id == mark.expert_id,
            )
            .order_by(col(ExpertMark.version))
        )
    )


# ---------------------------------------------------------------- opening again


def may_reopen(db: Session, actor: Actor, mark: ExpertMark) -> bool:
    """Whether the actor may open a mark again, as it stands now."""
    return _may_change(db, mark) and (
        held(db, actor.person_id, "reopen_mark", mark.student_id) is not None
    )


def to_reopen(db: Session, actor: Actor, mark_id: int) -> SignedMark:
    """A mark that the actor may open again. Raises `Refused`."""
    mark = db.get(ExpertMark, mark_id, with_for_update=True)
    allow(db, actor, "reopen_mark", mark.student_id if mark else None, number=mark_id)
    mark = cast(ExpertMark, mark)
    if not _may_change(db, mark):
        words = t("evaluation.changed_meanwhile")
        raise Refused(words, verb="reopen_mark", object="mark", object_id=mark_id)
    return _signed(db, mark)


def _may_change(db: Session, mark: ExpertMark) -> bool:
    """Whether a mark is its expert's latest, is not open again, and nothing has been
    decided on it. A decision must be opened first."""
    latest = versions(db, mark)[-1].id == mark.id
    decided = committee.decided(db, [mark.student_id], mark.stage)
    return latest and not decided and not _reopenings(db, [mark])


def reopen(db: Session, actor: Actor, mark_id: int, reason: str) -> SignedMark:
    """Open a mark again, with a reason; its expert is told.

    Raises `Refused` for anyone but the office that decides, and if it has changed meanwhile.
    """
    one = to_reopen(db, actor, mark_id)
    db.add(
        ExpertMarkReopening(
            mark_id=mark_id, reason=reason, reopened_by=actor.person_id, at=actor.now
        )
    )
    db.flush()
    audit.note(db, actor, "reopen_mark", "mark", mark_id, one.mark.version)
    expert = cast(Membership, db.get(Membership, one.mark.expert_id))
    if held(db, expert.person_id, "mark", one.mark.student_id) is not None:
        office = cast(Person, db.get(Person, actor.person_id))
        message = Message(
            title=t(
                "marking.told_reopened",
                name=office.name,
                student=one.student,
                stage=one.stage_name,
            ),
            fields=(Field(t("field.reason"), reason),),
            rows=(
                (
                    Choice(
                        press("marked", one.mark.student_id, one.place),
                        t("evaluation.mend"),
                        weight="primary",
                    ),
                ),
            ),
        )
        notices.tell(db, actor, expert.person_id, message, f"mark:{mark_id}:reopened")
    return one


# ---------------------------------------------------------------- reminders, a person's data


def still_to_mark(db: Session, student_id: int, on: date) -> list[int]:
    """The person ids of the experts who have still to mark a learner, at any stage; none
    while they cannot sign."""
    grants = holders(db, "mark", student_id)
    if not grants or not committee.at_work(db, student_id, on):
        return []
    cohort = cohort_of(db, roster.find_member(db, student_id).membership)
    found: dict[int, None] = {}
    for now in stages.stages_of(db, cohort, on):
        if not now.stage.independent or not now.takes_evaluations:
            continue
        if committee.decided(db, [student_id], now.key):
            continue
        marks = _latest(db, [student_id], now.key)
        opened = _reopenings(db, marks)
        done = {mark.expert_id for mark in marks if mark.id not in opened}
        found |= {grant.person: None for grant in grants if grant.place not in done}
    return list(found)


def copied(db: Session, places: Sequence[int]) -> list[dict[str, Any]]:
    """What experts signed about the learners at these memberships, for a copy of a
    person's data, without the experts' names. It is left out until the office has decided and the
    family may know."""
    rows = db.exec(
        select(ExpertMark)
        .where(col(ExpertMark.student_id).in_(places))
        .order_by(col(ExpertMark.id))
    ).all()
    told = {
        (signed.evaluation.student_id, signed.evaluation.stage)
        for student_id in {row.student_id for row in rows}
        for signed in evaluations.all_of(db, student_id, family=True)
        if signed.evaluation.side == Side.OFFICE
    }
    return [
        {"stage": row.stage, "version": row.version, "at": row.at.isoformat(), **row.body}
        for row in rows
        if (row.student_id, row.stage) in told
    ]


def forget(db: Session, places: Sequence[int]) -> None:
    """Erase the words of everything that experts signed about somebody who is erased. That
    something was signed, by whom and when, stays."""
    here = db.connection()
    theirs = sa.select(col(ExpertMark.id)).where(col(ExpertMark.student_id).in_(places))
    here.execute(
        sa.update(ExpertMarkReopening)
        .where(col(ExpertMarkReopening.mark_id).in_(theirs))
        .values(reason="")
    )
    nothing = EvaluationBody(comment="").model_dump(mode="json")
    here.execute(
        sa.update(ExpertMark).where(col(ExpertMark.student_id).in_(places)).values(body=nothing)
    )

"""Evaluations: who signs which part of a stage for which learner, and what was signed.

A signed evaluation is locked. Only an office opens it again, with a reason; what was signed before
stays as a version of its own. No model writes or reads any of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlalchemy import bindparam
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Field, Message, press
from programmes import evaluating
from programmes.evaluating import Side, StagePart
from programmes.model import Programme
from programmes.values import Outcome, kept_as
from prompts import Text, Words, render, t
from services import audit, committee, delegates, exits, notices, records, roster, stages
from services.access import (
    LEARNERS,
    LearnerPlace,
    allow,
    cohort_of,
    held,
    learner_at,
    memberships,
    name_at,
    things,
)
from services.packs import load, stage_called, word_label
from services.rights import RIGHTS, ROLES, Relation
from services.roster import Member
from services.stages import StageNow, StageState
from storage.tables import (
    Cohort,
    Evaluation,
    EvaluationState,
    EvaluationVersion,
    Membership,
    Person,
    Reopening,
    Role,
)

ACT_OF: Final[Mapping[Side, str]] = {
    Side.TEAM: "evaluate",
    Side.SCHOOL: "evaluate_at_school",
    Side.OFFICE: "recommend_outcome",
}
"""The act by which each side signs; an office's word that decides is an act of its own."""


def act_of(part: StagePart) -> str:
    """The act by which a part is signed."""
    return "decide_outcome" if part.decides else ACT_OF[part.side]


class Dimension(BaseModel):
    """What is said about one dimension that the document names."""

    model_config = ConfigDict(frozen=True)

    name: str
    words: str


class CountedEntry(BaseModel):
    """An entry that counted when an evaluation was signed, in the version that stood then."""

    model_config = ConfigDict(frozen=True)

    record: int
    version: int


class EvaluationBody(BaseModel):
    """What an evaluation says."""

    model_config = ConfigDict(frozen=True)

    dimensions: tuple[Dimension, ...] = ()
    outcome: str = ""
    grounds: str = ""
    """Why, where the document ends the cultivation upon this outcome."""
    comment: str
    evidence: tuple[CountedEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One side's part of a stage for one learner, with the evaluation if there is one."""

    member: Member
    cohort: Cohort
    now: StageNow
    part: StagePart
    evaluation: Evaluation | None

    @property
    def waits(self) -> bool:
        """Whether it can be signed now."""
        if not self.now.takes_evaluations:
            return False
        return self.evaluation is None or self.evaluation.state is EvaluationState.REOPENED


# ---------------------------------------------------------------- what is to be signed


def task(db: Session, actor: Actor, student_id: int, stage: int | str, side: str) -> Task:
    """One part of a stage, by its number or its name in records, for one learner.

    Raises `Refused` for anyone who does not write it.
    """
    if side not in set(Side):
        raise Refused(t("stale.unknown"), verb="evaluate")
    if db.get(Membership, student_id) is None:
        allow(db, actor, "evaluate", None, number=student_id)
    member = roster.find_member(db, student_id)
    cohort, today = cohort_of(db, member.membership), beijing_day(actor.now)
    now = stages.stage_at(db, cohort, stage, today)
    part = next((one for one in stages.parts_of(cohort, now.stage) if one.side == side), None)
    allow(db, actor, act_of(part) if part else "evaluate", student_id)
    if part is None:
        name = load(cohort.programme).name
        raise Refused(
            t("evaluation.not_asked", stage=now.called, programme=name),
            verb="evaluate",
            object="membership",
            object_id=student_id,
        )
    return Task(member, cohort, now, part, find(db, student_id, now.key, side))


def tasks(db: Session, actor: Actor) -> list[Task]:
    """Every part that the actor writes as a mentor or teacher in a stage that has begun: cohort by
    cohort, stage by stage, in the order of the roster. An office goes by its stages."""
    found: list[Task] = []
    for side in (Side.TEAM, Side.SCHOOL):
        act = ACT_OF[side]
        by_cohort: dict[int, list[Member]] = {}
        for member in roster.learners_for(db, actor, act):
            by_cohort.setdefault(member.membership.cohort_id, []).append(member)
        for cohort_id, members in by_cohort.items():
            cohort = cast(Cohort, db.get(Cohort, cohort_id))
            for now in stages.stages_of(db, cohort, beijing_day(actor.now)):
                if now.state in BEGUN:
                    for part, each in parts_written(db, cohort, members, now):
                        found += each if part.side is side else []
    return found


def left(
    db: Session, actor: Actor, student_id: int, stage: str, side: str
) -> tuple[Task | None, int]:
    """The first part that the actor still has to sign, after this part of this learner's, and how
    many there are: of all that a mentor or teacher writes, or of the same part for the rest of an
    office's learners. Raises `Refused`."""
    today = beijing_day(actor.now)
    if side == Side.OFFICE:
        cohort = cohort_of(db, roster.find_member(db, student_id).membership)
        written = [(cohort, stages.stage_of(db, cohort, stage, today), Side.OFFICE)]
    else:
        written = _by_mentor_or_teacher(db, actor)
    found = [
        (number, now, each)
        for cohort, now, each in written
        for part in stages.parts_of(cohort, now.stage)
        if part.side is each and now.takes_evaluations
        for number in db.connection().execute(_unsigned(actor, cohort, now, part)).scalars()
    ]
    if not found:
        return None, 0
    number, now, each = found[0]
    return task(db, actor, number, now.number, each), len(found)


def waiting_count(db: Session, actor: Actor) -> int:
    """How many parts the actor still has to sign as a mentor or teacher."""
    return sum(
        db.connection()
        .execute(
            sa.select(sa.func.count()).select_from(_unsigned(actor, cohort, now, part).subquery())
        )
        .scalar_one()
        for cohort, now, side in _by_mentor_or_teacher(db, actor)
        for part in stages.parts_of(cohort, now.stage)
        if part.side is side and now.takes_evaluations
    )


def _by_mentor_or_teacher(db: Session, actor: Actor) -> list[tuple[Cohort, StageNow, Side]]:
    """The stages of the cohorts in which the actor may write a part as a mentor or teacher."""
    return [
        (cohort, now, side)
        for side in (Side.TEAM, Side.SCHOOL)
        for cohort in db.exec(_cohorts_of(ACT_OF[side], actor))
        for now in stages.stages_of(db, cohort, beijing_day(actor.now))
    ]


def _cohorts_of(act: str, actor: Actor) -> SelectOfScalar[Cohort]:
    """The cohorts of the learners to whom the actor may do an act now."""
    places = sa.select(col(Membership.cohort_id)).where(
        col(Membership.id).in_(things(act, actor.person_id)), col(Membership.ended_at).is_(None)
    )
    return select(Cohort).where(col(Cohort.id).in_(places)).order_by(col(Cohort.id))


def _unsigned(actor: Actor, cohort: Cohort, now: StageNow, part: StagePart) -> sa.Select[Any]:
    """The learners whose part of a stage the actor has still to sign, in the order of the roster;
    where experts mark, of those only who were recommended to them."""
    theirs = sa.select(col(Evaluation.student_id)).where(
        col(Evaluation.stage) == now.key,
        col(Evaluation.side) == part.side,
        col(Evaluation.state) != EvaluationState.REOPENED,
    )
    learner = col(Membership.id)
    wanted = (
        *_concerned(cohort, now),
        learner.in_(things(act_of(part), actor.person_id)),
        learner.not_in(theirs),
    )
    return sa.select(learner).where(*wanted).order_by(learner)


def _concerned(cohort: Cohort, now: StageNow) -> list[sa.ColumnElement[bool]]:
    """Which members of a cohort a stage concerns; where experts mark, only those who were
    recommended to them."""
    learner = col(Membership.id)
    wanted = [
        col(Membership.cohort_id) == cohort.id,
        col(Membership.role).in_(LEARNERS),
        col(Membership.ended_at).is_(None),
    ]
    if now.stage.independent:
        of_them = sa.select(col(Evaluation.student_id))
        recommended = of_them.where(*committee.RECOMMENDED)
        at_stage = of_them.where(col(Evaluation.stage) == now.key)
        wanted.append(learner.in_(recommended) | learner.in_(at_stage))
    return wanted


# ---------------------------------------------------------------- what an office sees of a stage


class PartCount(NamedTuple):
    """How many learners have one part of a stage signed, of how many."""

    part: StagePart
    signed: int
    of: int
    outcomes: Mapping[str, int]
    """How many of those were given each outcome; empty where there is none."""


def seen_by(actor: Actor) -> sa.ColumnElement[bool]:
    """Whether somebody may see a member's evaluations."""
    return col(Membership.id).in_(things("read_evaluation", actor.person_id))


def filled(db: Session, actor: Actor, cohort: Cohort, now: StageNow) -> list[PartCount]:
    """For each part of a stage that somebody signs, how many are signed, among the learners whose
    evaluations the actor may see. However many they are, two statements are asked."""
    concerned = (*_concerned(cohort, now), seen_by(actor))
    everybody = sa.select(sa.func.count()).select_from(Membership).where(*concerned)
    of = db.connection().execute(everybody).scalar_one()
    signed: dict[str, Counter[str]] = defaultdict(Counter)
    rows = db.connection().execute(
        sa.select(col(Evaluation.side), col(Evaluation.outcome), sa.func.count())
        .join(Membership, col(Membership.id) == col(Evaluation.student_id))
        .where(
            col(Evaluation.stage) == now.key,
            col(Evaluation.state) == EvaluationState.SIGNED,
            *concerned,
        )
        .group_by(col(Evaluation.side), col(Evaluation.outcome))
    )
    for side, outcome, count in rows:
        signed[side][outcome] += count
    return [
        PartCount(part, signed[part.side].total(), of, signed[part.side])
        for part in stages.parts_of(cohort, now.stage)
    ]


def page(
    db: Session, actor: Actor, cohort: Cohort, now: StageNow, skip: int, most: int
) -> list[tuple[Task, bool]]:
    """Some parts of a stage for each learner whose evaluations the actor may see, and whether the
    actor may sign it now: those first, then what others have still to sign."""
    written = stages.parts_of(cohort, now.stage)
    learner, rank = col(Membership.id), "rank"
    rows = []
    for place, part in enumerate(written):
        mine = learner.in_(things(act_of(part), actor.person_id))
        first = mine if now.takes_evaluations else sa.false()
        signed = col(Evaluation.state) == EvaluationState.SIGNED
        one = (
            (col(Evaluation.student_id) == learner)
            & (col(Evaluation.stage) == now.key)
            & (col(Evaluation.side) == part.side)
        )
        rows.append(
            sa.select(
                sa.case((signed, 2), (first, 0), else_=1).label(rank),
                sa.literal(place).label("place"),
                learner.label("learner"),
                col(Evaluation.id).label("entry"),
            )
            .select_from(Membership)
            .outerjoin(Evaluation, one)
            .where(*_concerned(cohort, now), seen_by(actor))
        )
    if not rows:
        return []
    in_order = sa.union_all(*rows).order_by(rank, "place", "learner").offset(skip).limit(most)
    found = db.connection().execute(in_order).all()
    members = {one.id: one for one in roster.members_by_id(db, [row.learner for row in found])}
    entries = [row.entry for row in found if row.entry is not None]
    signed_by = {
        one.id: one for one in db.exec(select(Evaluation).where(col(Evaluation.id).in_(entries)))
    }
    return [
        (
            Task(members[row.learner], cohort, now, written[row.place], signed_by.get(row.entry)),
            row.rank == 0,
        )
        for row in found
    ]


def asked_of(db: Session, actor: Actor) -> bool:
    """Whether any programme of the actor asks for evaluations from their side, or of them. Raises
    `Refused` if the pack cannot be read."""
    return any(
        evaluated_by(load(cohort_of(db, place).programme), place.role)
        for place in memberships(db, actor.person_id)
    )


BEGUN: Final = (StageState.OPEN, StageState.DUE, StageState.OVER, StageState.CLOSED)


def parts_written(
    db: Session, cohort: Cohort, members: Sequence[Member], now: StageNow
) -> list[tuple[StagePart, list[Task]]]:
    """For each part of a stage that somebody signs, the task of each of these learners.
    Where experts mark, only learners who were recommended to them are among them."""
    ids = [member.id for member in members]
    signed = _evaluations(db, ids, [now.key])
    if now.stage.independent:
        come = committee.recommended(db, ids) | {student for student, _, _ in signed}
        members = [member for member in members if member.id in come]
    return [
        (
            part,
            [
                Task(member, cohort, now, part, signed.get((member.id, now.key, part.side)))
                for member in members
            ],
        )
        for part in stages.parts_of(cohort, now.stage)
    ]


def _evaluations(
    db: Session, students: Sequence[int], keys: Sequence[str]
) -> dict[tuple[int, str, str], Evaluation]:
    rows = db.exec(_of_stages, params={"students": students, "keys": keys})
    return {(one.student_id, one.stage, one.side): one for one in rows}


_of_stages = select(Evaluation).where(
    col(Evaluation.student_id).in_(bindparam("students", expanding=True)),
    col(Evaluation.stage).in_(bindparam("keys", expanding=True)),
)


def evaluated_by(programme: Programme, role: Role) -> bool:
    """Whether members in this role write evaluations, or are evaluated, in a programme."""
    sides = {
        part.side for stage in programme.stages for part in evaluating.parts(programme, stage)
    }
    writes = any(role in ROLES[RIGHTS[ACT_OF[side]].by[0]] for side in sides - {Side.OFFICE})
    return writes or (bool(sides) and role in LEARNERS)


def find(db: Session, student_id: int, stage: str, side: str) -> Evaluation | None:
    """A learner's evaluation at a stage by a side, if there is one."""
    return _evaluations(db, [student_id], [stage]).get((student_id, stage, side))


# ---------------------------------------------------------------- signing


def sign(
    db: Session,
    actor: Actor,
    student_id: int,
    stage: str,
    side: str,
    seen: int,
    body: EvaluationBody,
) -> Evaluation:
    """Sign an evaluation, on the entries that count now; it is locked from then on.

    `seen` is the version that stood when it was begun, 0 for none. Raises `Refused` for anyone who
    does not write it, if the stage takes none now, and if it was signed meanwhile.
    """
    asked = task(db, actor, student_id, stage, side)
    act = act_of(asked.part)
    grant = allow(db, actor, act, student_id)
    if not asked.now.takes_evaluations:
        raise Refused(closed(asked.now), verb=act, object="membership", object_id=student_id)
    entry = asked.evaluation
    if entry is not None and (entry.state is EvaluationState.SIGNED or entry.version != seen):
        raise Refused(
            t("evaluation.signed_meanwhile", name=signer_name(db, entry), at=entry.signed_at),
            verb=act,
            object="evaluation",
            object_id=entry.id,
        )
    if entry is None:
        entry = Evaluation(
            student_id=student_id,
            stage=stage,
            side=side,
            state=EvaluationState.SIGNED,
            version=0,
            signed_at=actor.now,
        )
    stood_in_for = delegates.standing_in(db, grant.place, student_id, actor.now)
    entry.version += 1
    entry.state, entry.signed_at = EvaluationState.SIGNED, actor.now
    entry.outcome = body.outcome
    db.add(entry)
    db.flush()
    db.add(
        EvaluationVersion(
            evaluation_id=cast(int, entry.id),
            version=entry.version,
            body=body.model_copy(update={"evidence": evidence(db, student_id)}).model_dump(
                mode="json"
            ),
            signed_by=grant.place or 0,
            stood_in_for=stood_in_for,
            late=asked.now.late,
            at=actor.now,
        )
    )
    db.flush()
    audit.note(db, actor, act, "evaluation", entry.id, entry.version, outcome=body.outcome)
    if asked.part.ends(body.outcome):
        _tell_office(db, actor, asked, entry, body)
    else:
        _tell_student(db, actor, asked, entry)
    return entry


def evidence(db: Session, student_id: int) -> tuple[CountedEntry, ...]:
    """The entries that count for a learner now."""
    return counted(records.entries(db, student_id))


def counted(entries: records.Entries) -> tuple[CountedEntry, ...]:
    """Those of a learner's entries that count, in the versions that stand now."""
    return tuple(
        CountedEntry(record=record.id or 0, version=record.version)
        for record, _ in entries
        if record.state in committee.COUNTED
    )


def closed(now: StageNow) -> Text:
    """Returns, in words, why a stage takes no evaluations on this day."""
    if now.state is StageState.TO_COME:
        return t("evaluation.to_come", stage=now.called, opens=now.term.opens)
    if now.state is StageState.CLOSED:
        return t("evaluation.closed", stage=now.called)
    return t("evaluation.undated", stage=now.called)


def _tell_student(db: Session, actor: Actor, asked: Task, entry: Evaluation) -> None:
    me = cast(Person, db.get(Person, actor.person_id))
    message = Message(
        title=t("evaluation.told_signed", stage=asked.now.called, name=me.name),
        rows=((Choice(press("evaluated", entry.id or 0), t("evaluation.read")),),),
    )
    key = f"evaluation:{entry.id}:{entry.version}"
    notices.tell(db, actor, asked.member.membership.person_id, message, key)


def _tell_office(
    db: Session, actor: Actor, asked: Task, entry: Evaluation, body: EvaluationBody
) -> None:
    """Tell the office of an outcome that ends the cultivation."""
    words = Message(
        title=t(
            "exit.raised",
            student=asked.member.person.name,
            stage=asked.now.called,
            outcome=outcome_label(asked.part, body.outcome),
        ),
        fields=(Field(t("evaluation.grounds_label"), body.grounds),),
        clause=asked.now.stage.clause,
    )
    exits.raise_case(db, actor, entry, words)


# ---------------------------------------------------------------- opening again


def reopen(db: Session, actor: Actor, evaluation_id: int, version: int, reason: str) -> Evaluation:
    """Open a signed evaluation again, with a reason; who signed it is told.

    Raises `Refused` for anyone but an office, and if it has changed meanwhile.
    """
    entry = to_reopen(db, actor, evaluation_id, version)
    entry.state = EvaluationState.REOPENED
    db.add(entry)
    db.add(
        Reopening(
            evaluation_id=evaluation_id,
            version=version,
            reason=reason,
            reopened_by=actor.person_id,
            at=actor.now,
        )
    )
    db.flush()
    audit.note(db, actor, "reopen_evaluation", "evaluation", evaluation_id, version)
    _tell_signer(db, actor, entry, reason)
    return entry


def to_reopen(db: Session, actor: Actor, evaluation_id: int, version: int) -> Evaluation:
    """A signed evaluation that the actor may open again. Raises `Refused`."""
    entry = db.get(Evaluation, evaluation_id, with_for_update=True)
    student = None if entry is None else entry.student_id
    allow(db, actor, "reopen_evaluation", student, number=evaluation_id)
    entry = cast(Evaluation, entry)
    if entry.version != version or entry.state is not EvaluationState.SIGNED:
        raise Refused(
            t("evaluation.changed_meanwhile"),
            verb="reopen_evaluation",
            object="evaluation",
            object_id=evaluation_id,
        )
    return entry


def open_if_signed(db: Session, actor: Actor, evaluation_id: int, reason: str) -> None:
    """Open an evaluation again, unless it is open already. Raises `Refused`."""
    entry = cast(Evaluation, db.get(Evaluation, evaluation_id))
    if entry.state is EvaluationState.SIGNED:
        reopen(db, actor, evaluation_id, entry.version, reason)


def clause_of(db: Session, evaluation_id: int) -> str:
    """The clause by which a stage is evaluated; empty if the programme no longer has it."""
    entry = cast(Evaluation, db.get(Evaluation, evaluation_id))
    part = part_of(db, entry)
    return part.stage.clause if part else ""


def may_reopen(db: Session, actor: Actor, entry: Evaluation) -> bool:
    """Whether the actor may open an evaluation again."""
    return held(db, actor.person_id, "reopen_evaluation", entry.student_id) is not None


def _tell_signer(db: Session, actor: Actor, entry: Evaluation, reason: str) -> None:
    learner = learner_at(db, entry.student_id)
    signer = cast(Membership, db.get(Membership, latest(db, entry).signed_by))
    office = cast(Person, db.get(Person, actor.person_id))
    place = stage_number(learner, entry.stage)
    begin = press("evaluation", entry.student_id, place, entry.side)
    message = Message(
        title=t(
            "evaluation.told_reopened",
            name=office.name,
            student=learner.name,
            stage=stage_name(learner, entry.stage),
        ),
        fields=(Field(t("field.reason"), reason),),
        rows=((Choice(begin, t("evaluation.mend"), weight="primary"),),),
    )
    key = f"reopened:{entry.id}:{entry.version}"
    notices.tell(db, actor, signer.person_id, message, key)


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Signed:
    """An evaluation as it stands, or an earlier version of it."""

    evaluation: Evaluation
    body: EvaluationBody
    version: EvaluationVersion
    signer: Words


def read(db: Session, actor: Actor, evaluation_id: int, version: int | None = None) -> Signed:
    """An evaluation that the actor may read. Raises `Refused`."""
    entry = db.get(Evaluation, evaluation_id)
    student = None if entry is None else entry.student_id
    grant = allow(db, actor, "read_evaluation", student, number=evaluation_id)
    entry = cast(Evaluation, entry)
    row = db.get(EvaluationVersion, (evaluation_id, version or entry.version))
    if row is None or (grant.relation in FAMILY and _withheld(db, entry)):
        raise Refused(
            t("evaluation.not_yours_to_read"),
            verb="read_evaluation",
            object="evaluation",
            object_id=evaluation_id,
        )
    return _signed(db, entry, row)


FAMILY: Final = (Relation.ONESELF, Relation.GUARDIAN)


def of_student(db: Session, actor: Actor, student_id: int) -> list[Signed]:
    """A learner's evaluations that the actor may read, in the order of the stages."""
    grant = held(db, actor.person_id, "read_evaluation", student_id)
    return [] if grant is None else all_of(db, student_id, family=grant.relation in FAMILY)


def all_of(db: Session, student_id: int, *, family: bool) -> list[Signed]:
    """A learner's evaluations in the order of the stages; for the family, without what they are
    still to hear from the office."""
    learner = learner_at(db, student_id)
    rows = db.exec(
        select(Evaluation, EvaluationVersion)
        .join(
            EvaluationVersion,
            (col(EvaluationVersion.evaluation_id) == col(Evaluation.id))
            & (col(EvaluationVersion.version) == col(Evaluation.version)),
        )
        .where(Evaluation.student_id == student_id)
        .order_by(col(Evaluation.id))
    )
    found = [
        _signed(db, entry, row) for entry, row in rows if not family or not _withheld(db, entry)
    ]
    return sorted(found, key=lambda one: stage_number(learner, one.evaluation.stage))


def _withheld(db: Session, entry: Evaluation) -> bool:
    """Whether the family must not see an evaluation yet: it ends the cultivation, and the
    office has to tell them first."""
    part = part_of(db, entry)
    ends = part is not None and part.ends(entry.outcome)
    return ends and not exits.known(db, entry.student_id)


def part_of(db: Session, entry: Evaluation) -> StagePart | None:
    """The part of a stage that an evaluation is; `None` if the programme no longer has it. Raises
    `Refused` if the pack cannot be read."""
    programme = load(learner_at(db, entry.student_id).programme)
    return next(
        (
            part
            for key, stage in zip(evaluating.keys(programme), programme.stages, strict=True)
            if key == entry.stage
            for part in evaluating.parts(programme, stage)
            if part.side == entry.side
        ),
        None,
    )


def _signed(db: Session, entry: Evaluation, row: EvaluationVersion) -> Signed:
    body = EvaluationBody.model_validate(row.body)
    return Signed(entry, body, row, _signer(db, row))


def as_signed(db: Session, entry: Evaluation) -> Signed:
    """An evaluation with the version that was signed last."""
    return _signed(db, entry, latest(db, entry))


def latest(db: Session, entry: Evaluation) -> EvaluationVersion:
    """The version that was signed last."""
    return cast(EvaluationVersion, db.get(EvaluationVersion, (entry.id, entry.version)))


def body_of(db: Session, entry: Evaluation) -> EvaluationBody:
    """What the version that was signed last says."""
    return EvaluationBody.model_validate(latest(db, entry).body)


def signer_name(db: Session, entry: Evaluation) -> Words:
    """The name of the person who signed last, as `Signed` tells it."""
    return _signer(db, latest(db, entry))


def _signer(db: Session, row: EvaluationVersion) -> Words:
    """The name of the person who signed; if they stood in for a mentor, with the mentor's
    name."""
    return delegates.named(db, name_at(db, row.signed_by), row.stood_in_for)


def reopening(db: Session, entry: Evaluation) -> Reopening | None:
    """Why it was opened again; `None` if it is not open."""
    if entry.state is not EvaluationState.REOPENED:
        return None
    return db.get(Reopening, (entry.id, entry.version))


# ---------------------------------------------------------------- how it is named


def stage_number(learner: LearnerPlace, key: str) -> int:
    """A stage's place in its programme, from 0: how buttons name it. Raises `Refused` if the pack
    cannot be read."""
    every = evaluating.keys(load(learner.programme))
    return every.index(key) if key in every else len(every)


def stage_name(learner: LearnerPlace, key: str) -> Words:
    """A stage's name in its programme; its key if the programme no longer has it. Raises `Refused`
    if the pack cannot be read."""
    programme = load(learner.programme)
    place = stage_number(learner, key)
    return stage_called(programme.stages[place]) if place < len(programme.stages) else key


def outcome_read(name: str) -> Words:
    """The label of an outcome that a paper has by its Chinese name."""
    labels = (t(f"outcome.{one}") for one in Outcome)
    return next((label for label in labels if render(label, "zh") == name), name)


def outcome_label(part: StagePart | None, outcome: str) -> Words:
    """The label of an outcome, which may be the pack's own word."""
    own = next((one for one in (part.outcomes if part else ()) if kept_as(one) == outcome), None)
    if own is not None:
        return word_label(own, t(f"outcome.{own}"))
    return t(f"outcome.{outcome}") if outcome in set(Outcome) else outcome


# ---------------------------------------------------------------- a person's data


def copied(db: Session, places: Sequence[int]) -> list[dict[str, Any]]:
    """What was signed about the learners at these memberships, in every version, for a
    copy of a person's data. What the office has still to tell the family is left out."""
    rows = db.exec(
        select(Evaluation, EvaluationVersion)
        .join(EvaluationVersion, col(EvaluationVersion.evaluation_id) == col(Evaluation.id))
        .where(col(Evaluation.student_id).in_(places))
        .order_by(col(Evaluation.id), col(EvaluationVersion.version))
    )
    return [
        {
            "stage": entry.stage,
            "side": entry.side,
            "version": row.version,
            "signed_by": name_at(db, row.signed_by),
            "at": row.at.isoformat(),
            **row.body,
        }
        for entry, row in rows
        if not _withheld(db, entry)
    ]


def forget(db: Session, places: Sequence[int]) -> None:
    """Erase the words of everything that was signed about somebody who is erased, and of what
    followed from it. That something was signed, by whom and when, stays."""
    here = db.connection()
    theirs = sa.select(col(Evaluation.id)).where(col(Evaluation.student_id).in_(places))
    nothing = EvaluationBody(comment="").model_dump(mode="json")
    here.execute(
        sa.update(EvaluationVersion)
        .where(col(EvaluationVersion.evaluation_id).in_(theirs))
        .values(body=nothing)
    )
    here.execute(
        sa.update(Reopening).where(col(Reopening.evaluation_id).in_(theirs)).values(reason="")
    )
    here.execute(
        sa.update(Evaluation).where(col(Evaluation.student_id).in_(places)).values(outcome="")
    )
    exits.forget(db, places)

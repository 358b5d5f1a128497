"""The annual summary of a cohort: what was counted of it, for an office within its own scope, and
the template in which an office wants it.

Every figure is the one that the overview and the console show, counted by the same functions.
Nobody is named in it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.talk.acting import Actor
from bot.talk.clock import beijing_day
from programmes import certifying, planning, serving
from programmes.evaluating import Side
from programmes.materials import brought
from programmes.model import Programme, Requirement, Writing
from programmes.serving import Earned
from programmes.tested import stages_with_tests
from programmes.values import Nomination, kept_as
from prompts import Words, t
from services import audit, certificates, console, evaluations, plans, results, roster, stages
from services.access import LEARNERS, REVIEWERS, allow, grants_of, held, things
from services.evaluations import outcome_label
from services.packs import load, material_label, writing_name
from services.progress import InShort, in_short, period_of
from services.roster import Presence
from services.service_hours import SERVING, giving, served
from services.stages import StageState, stages_of
from storage.tables import (
    Certificate,
    Cohort,
    Evaluation,
    EvaluationState,
    ExitCase,
    ExitState,
    Membership,
    Mentoring,
    Person,
    Record,
    RecordKind,
    RecordState,
    RecordVersion,
    Revocation,
    Role,
    SummaryTemplate,
    Unit,
)

ACT: Final = "make_summary"
TEMPLATE: Final = "change_summary_template"
LIFE: Final = timedelta(days=1)
"""How long a summary that was made in a chat can be opened there."""
AT_ONCE: Final = 20
"""Members whose hours are counted in one transaction."""
UNBEGUN: Final = (StageState.UNDATED, StageState.TO_COME)

# ---------------------------------------------------------------- what it tells


@dataclass(frozen=True, slots=True)
class RoleCount:
    """How many members have a role, and how many of them have joined."""

    members: int
    joined: int


@dataclass(slots=True)
class CountedLine:
    """A school, a subject, a host, or all of them: what was counted of its learners."""

    name: str = ""
    learners: int = 0
    """Those who are members now."""
    ended: int = 0
    sessions: int = 0
    """Approved sessions, of those who have left as well."""
    minutes: int = 0
    writings: Counter[RecordKind] = field(default_factory=Counter)
    """What is handed in or approved, of those who have left as well."""
    met: int = 0
    """Learners who have met every stated minimum."""


@dataclass(frozen=True, slots=True)
class WritingCount:
    """How many entries of a kind of writing there are."""

    asked: Writing
    name: Words
    approved: int
    handed_in: int
    """Those that wait; where nobody reviews, all of them."""


@dataclass(frozen=True, slots=True)
class PlanCount:
    """How many learners have a training plan."""

    made: int
    approved: int | None
    """`None` where the document wants no approval."""
    clause: str


@dataclass(frozen=True, slots=True)
class StageCount:
    """One side of a stage: how many are to be signed, how many are, and with which outcomes."""

    stage: str
    side: Side | None
    """`None` where the document names nobody who evaluates."""
    begun: bool
    needed: int
    signed: int
    outcomes: tuple[tuple[Words, int], ...]
    clause: str


@dataclass(frozen=True, slots=True)
class TestCount:
    """How many learners have a result in the test of a stage."""

    __test__ = False

    stage: str
    test: str
    entered: int
    clause: str


@dataclass(frozen=True, slots=True)
class NominationCount:
    """Who is put forward for a competition."""

    event: str
    count: int | None
    """`None` where the document ties it to no outcome: then nothing here is counted."""
    clause: str


@dataclass(frozen=True, slots=True)
class CertificateCount:
    """How many certificates there are."""

    name: str
    entitled: int
    """Learners with an outcome upon which the document promises one."""
    issued: int | None
    """Those that hold; `None` where somebody above issues them."""
    revoked: int
    clause: str


@dataclass(frozen=True, slots=True)
class HoursCount:
    """The hours that those in a role gave, and what the document gives for them."""

    role: Role
    people: int
    giving: int
    """How many of them gave any."""
    meetings: int
    minutes: int
    earned: tuple[Earned, ...]


class GivenHours(NamedTuple):
    """What one person gave, without a name."""

    role: Role
    meetings: int
    minutes: int


@dataclass(frozen=True, slots=True)
class AnnualSummary:
    """All that an annual summary tells. What a document does not ask for is empty or `None`."""

    programme: Programme
    cohort: str
    office: str
    within: str
    """The branch that is counted; empty for the whole cohort."""
    now: datetime
    learner: Role
    roles: Mapping[Role, RoleCount]
    total: CountedLine
    schools: tuple[CountedLine, ...]
    subjects: tuple[CountedLine, ...]
    hosts: tuple[CountedLine, ...]
    ended: tuple[tuple[Words, int], ...]
    """Why those who left had to, and how many."""
    waiting: int
    """Sessions that wait for review."""
    writings: tuple[WritingCount, ...]
    met: tuple[tuple[Requirement, int], ...]
    plan: PlanCount | None
    materials: tuple[tuple[Words, int], ...]
    materials_clause: str
    stages: tuple[StageCount, ...]
    tests: tuple[TestCount, ...]
    nomination: NominationCount | None
    certificate: CertificateCount | None
    hours: tuple[HoursCount, ...]


# ---------------------------------------------------------------- counting


def count_some(db: Session, actor: Actor, cohort_id: int) -> int:
    """Count the entries of some learners ahead; returns of how many it is left. Raises
    `Refused`."""
    _, left = in_short(db, _allowed(db, actor, cohort_id), beijing_day(actor.now), actor.person_id)
    return left


def givers(db: Session, actor: Actor, cohort_id: int) -> list[int]:
    """Those whose hours are counted. Raises `Refused`."""
    return [one.id for one in giving(db, actor, _allowed(db, actor, cohort_id))]


def given_by(db: Session, actor: Actor, cohort_id: int, some: Sequence[int]) -> list[GivenHours]:
    """What these of them gave. Raises `Refused`."""
    cohort = _allowed(db, actor, cohort_id)
    return [
        GivenHours(one.member.membership.role, len(one.meetings), one.minutes)
        for one in served(db, cohort, roster.members_by_id(db, some))
    ]


def told(
    db: Session, actor: Actor, cohort_id: int, given: Sequence[GivenHours] = ()
) -> AnnualSummary | None:
    """The figures of a cohort, of those learners and members whom the actor oversees; `None` while
    the entries of some are still to be counted. Raises `Refused`."""
    cohort, today = _allowed(db, actor, cohort_id), beijing_day(actor.now)
    programme = load(cohort.programme)
    standing, left = in_short(db, cohort, today, actor.person_id)
    if left:
        return None
    learners = _learners(db, cohort, actor)
    here = [one.id for one in learners if not one.ended]
    counts = _entries(db, cohort, actor, programme, today)
    lines = _Lines(programme, learners, counts, {one.member_id: one for one in standing})
    office, within = _whose(db, actor, cohort)
    decided = _decided(db, actor, cohort, programme)
    return AnnualSummary(
        programme=programme,
        cohort=cohort.name,
        office=office,
        within=within,
        now=actor.now,
        learner=Role(programme.participants.who.value or Role.STUDENT),
        roles=_roles(db, cohort, actor),
        total=lines.all_of(learners),
        schools=lines.by(lambda one: [one.unit]),
        subjects=lines.by(lambda one: [programme.subject_name(one.subject)])
        if any(one.subject for one in learners) and programme.subjects.list.value
        else (),
        hosts=lines.by(_hosts(db, learners)) if _names_hosts(programme) else (),
        ended=tuple(_ended(db, cohort, learners)),
        waiting=sum(c.number for c in counts if c.is_session(RecordState.SUBMITTED)),
        writings=tuple(_writings(programme, counts)),
        met=tuple(
            (asked, sum(_met(asked, one, place) for one in standing))
            for place, asked in enumerate(programme.requirements)
        ),
        plan=_plan(db, programme, here),
        materials=tuple(
            (
                material_label(kept_as(one)),
                sum(kept_as(one) not in each.lacking for each in standing),
            )
            for one in brought(programme)
        ),
        materials_clause=programme.final_materials.student_materials.clause,
        stages=_stages(db, actor, cohort, today),
        tests=tuple(_tests(db, programme, here)),
        nomination=_nomination(programme, decided),
        certificate=_certificate(db, actor, cohort, programme, decided),
        hours=tuple(_hours(programme, given)),
    )


def _allowed(db: Session, actor: Actor, cohort_id: int) -> Cohort:
    allow(db, actor, ACT, cohort_id)
    return cast(Cohort, db.get(Cohort, cohort_id))


def _whose(db: Session, actor: Actor, cohort: Cohort) -> tuple[str, str]:
    """The office whose summary it is, and the branch that it counts: empty for the whole."""
    places = [grant.place for grant in grants_of(db, actor.person_id, ACT)]
    units = select(Unit.name).join(Membership, col(Membership.unit_id) == col(Unit.id))
    mine = col(Membership.id).in_(places) & (col(Membership.cohort_id) == cohort.id)
    own = "、".join(dict.fromkeys(db.exec(units.where(mine).order_by(col(Membership.id)))))
    if held(db, actor.person_id, TEMPLATE, cohort.id) is None:
        return own, own
    office = db.get(Unit, cohort.office_id) if cohort.office_id else None
    return office.name if office else own, ""


# ---------------------------------------------------------------- learners


class _Learner(NamedTuple):
    id: int
    unit: str
    subject: str
    ended: bool
    why: str


def _seen(cohort: Cohort, actor: Actor, act: str = "read_student") -> list[Any]:
    """The learners of a cohort whom the actor oversees, those who have left among them."""
    return [
        col(Membership.cohort_id) == cohort.id,
        col(Membership.role).in_(LEARNERS),
        col(Membership.id).in_(things(act, actor.person_id)),
    ]


def _learners(db: Session, cohort: Cohort, actor: Actor) -> list[_Learner]:
    rows = (
        sa.select(
            col(Membership.id),
            sa.func.coalesce(col(Unit.name), ""),
            col(Membership.subject),
            col(Membership.ended_at).is_not(None),
            col(Membership.ended_reason),
        )
        .outerjoin(Unit, col(Unit.id) == col(Membership.unit_id))
        .where(*_seen(cohort, actor))
        .order_by(col(Membership.id))
    )
    found: Iterable[Any] = db.connection().execute(rows)
    return [_Learner(row[0], row[1], row[2], bool(row[3]), row[4]) for row in found]


class _Entries(NamedTuple):
    """So many entries of one learner, of one kind and in one state."""

    student: int
    kind: RecordKind
    state: RecordState
    number: int
    minutes: int

    def is_session(self, state: RecordState) -> bool:
        return self.kind is RecordKind.SESSION and self.state is state


WRITTEN: Final = (RecordKind.DIARY, RecordKind.MEETING_RECORD)
STANDING: Final = (RecordState.SUBMITTED, RecordState.FILED, RecordState.APPROVED)


def _entries(
    db: Session, cohort: Cohort, actor: Actor, programme: Programme, today: date
) -> list[_Entries]:
    """Sessions of the cycle, and what was written, by learner, kind and state. What lies as a
    draft, was sent back or withdrawn is not counted."""
    cycle, day = programme.cycle, col(Record.day)
    late = sa.or_(col(Membership.joined_on).is_(None), day >= col(Membership.joined_on))
    in_cycle = sa.and_(day >= cycle.first_day, day <= min(cycle.last_day or today, today), late)
    rows = (
        sa.select(
            col(Record.student_id),
            col(Record.kind),
            col(Record.state),
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(col(RecordVersion.body)["minutes"].as_integer()), 0),
        )
        .join(Membership, col(Membership.id) == col(Record.student_id))
        .join(
            RecordVersion,
            (col(RecordVersion.record_id) == col(Record.id))
            & (col(RecordVersion.version) == col(Record.version)),
        )
        .where(
            *_seen(cohort, actor),
            col(Record.state).in_(STANDING),
            sa.or_(
                (col(Record.kind) == RecordKind.SESSION) & in_cycle,
                col(Record.kind).in_(WRITTEN),
            ),
        )
        .group_by(col(Record.student_id), col(Record.kind), col(Record.state))
    )
    found: Iterable[Any] = db.connection().execute(rows)
    return [_Entries._make([*row[:4], int(row[4])]) for row in found]


class _Lines:
    """Adds up what was counted of learners, for whatever they are put together by."""

    def __init__(
        self,
        programme: Programme,
        learners: Sequence[_Learner],
        counts: Sequence[_Entries],
        standing: Mapping[int, InShort],
    ) -> None:
        self._asked = programme.requirements
        self._learners = learners
        self._standing = standing
        self._of: dict[int, list[_Entries]] = defaultdict(list)
        for one in counts:
            self._of[one.student].append(one)

    def by(self, names: Any) -> tuple[CountedLine, ...]:
        """A line for each name that `names` gives a learner, by name; those without at the end."""
        groups: dict[str, list[_Learner]] = defaultdict(list)
        for one in self._learners:
            for name in names(one):
                groups[name].append(one)
        in_order = sorted(groups, key=lambda name: (not name, name))
        return tuple(self.all_of(groups[name], name) for name in in_order)

    def all_of(self, learners: Iterable[_Learner], name: str = "") -> CountedLine:
        made = CountedLine(name)
        for one in learners:
            made.ended += one.ended
            made.learners += not one.ended
            for entries in self._of[one.id]:
                if entries.is_session(RecordState.APPROVED):
                    made.sessions += entries.number
                    made.minutes += entries.minutes
                elif entries.kind in WRITTEN:
                    made.writings[entries.kind] += entries.number
            short = self._standing.get(one.id)
            made.met += short is not None and all(
                _met(asked, short, place) for place, asked in enumerate(self._asked)
            )
        return made


def _met(asked: Requirement, short: InShort, place: int) -> bool:
    """Whether a learner has met a minimum: now, or, of one by periods, in each that is over."""
    part = short.parts[place]
    return part.enough if period_of(asked) == "cycle" else part.periods and part.kept


def _names_hosts(programme: Programme) -> bool:
    """Whether the document names the universities at which learners are cultivated."""
    where = programme.territory
    return bool(where.universities.value or where.university_subject_map.value)


def _hosts(db: Session, learners: Sequence[_Learner]) -> Any:
    """Where each learner's mentors work; of who has none any more, where the last one did."""
    theirs = [one.id for one in learners]
    rows = (
        sa.select(
            col(Mentoring.student_id),
            sa.func.coalesce(col(Unit.name), ""),
            col(Mentoring.ended_at).is_(None),
        )
        .join(Membership, col(Membership.id) == col(Mentoring.mentor_id))
        .outerjoin(Unit, col(Unit.id) == col(Membership.unit_id))
        .where(col(Mentoring.student_id).in_(theirs), col(Membership.role) == Role.MENTOR)
        .order_by(col(Mentoring.id))
    )
    now: dict[int, dict[str, None]] = defaultdict(dict)
    last: dict[int, str] = {}
    for student, name, holds in db.connection().execute(rows):
        last[student] = name
        if holds:
            now[student][name] = None
    return lambda one: [*now.get(one.id, ())] or [last.get(one.id, "")]


# ---------------------------------------------------------------- those who left


def _ended(
    db: Session, cohort: Cohort, learners: Sequence[_Learner]
) -> Iterable[tuple[Words, int]]:
    """Why learners left, the most frequent first. An exit is told by its evaluation; any other
    reason as the office has written it, unless it may say who it was."""
    gone = {one.id: one.why for one in learners if one.ended}
    if not gone:
        return
    cases = select(ExitCase.student_id, ExitCase.evaluation_id).where(
        col(ExitCase.student_id).in_([*gone]), ExitCase.state == ExitState.ENDED
    )
    exits = dict(db.exec(cases).all())
    named = _names_somebody(db, cohort)
    rule: Words = t("summary.by_exit", clause=load(cohort.programme).evaluation.exit_rule.clause)
    found: Counter[str] = Counter()
    for student, why in gone.items():
        plain = " ".join(why.split())
        if student in exits:
            found[EXIT] += 1
        else:
            found[OTHER if named(plain) else plain] += 1
    words = {EXIT: rule, OTHER: t("summary.other_reason"), "": t("summary.no_reason")}
    for reason, count in sorted(found.items(), key=lambda one: (-one[1], one[0])):
        yield words.get(reason, reason), count


EXIT: Final = "\x00exit"
OTHER: Final = "\x00other"


def _names_somebody(db: Session, cohort: Cohort) -> Any:
    """Tells whether words may say who it was: they name a member of the cohort, hold a number by
    which somebody is found, or are many."""
    rows = select(Person.name).join(Membership, col(Membership.person_id) == col(Person.id))
    names = {name for name in db.exec(rows.where(Membership.cohort_id == cohort.id)) if name}
    # People are called without their family name, too.
    names |= {name[1:] for name in names if len(name) > 2}
    return lambda words: (
        len(words) > MOST_REASON
        or bool(_NUMBER.search(words))
        or any(name in words for name in names)
    )


MOST_REASON: Final = 16
"""A longer reason tells a story, and perhaps somebody's."""
_NUMBER: Final = re.compile(r"\d{5}|@")


# ---------------------------------------------------------------- members


def _roles(db: Session, cohort: Cohort, actor: Actor) -> Mapping[Role, RoleCount]:
    """Learners, those who cultivate them, and the teachers of their schools."""
    there: dict[Role, dict[int, bool]] = defaultdict(dict)
    for one in console.members(db, cohort, actor.person_id):
        if one.role in (*LEARNERS, *SERVING):
            there[one.role][one.id] = one.presence is not Presence.NOT_JOINED
    # Those who cultivate an office's learners need not be below it.
    now = [*_seen(cohort, actor), col(Membership.ended_at).is_(None)]
    students = sa.select(col(Membership.id)).where(*now)
    links = sa.select(col(Mentoring.mentor_id)).where(
        col(Mentoring.student_id).in_(students), col(Mentoring.ended_at).is_(None)
    )
    rows = sa.select(col(Membership.id), col(Membership.role), roster.presence_now()).where(
        col(Membership.id).in_(links),
        col(Membership.ended_at).is_(None),
        col(Membership.role).in_(REVIEWERS),
    )
    links_now: Iterable[Any] = db.connection().execute(rows)
    for number, role, presence in links_now:
        there[role][number] = presence != Presence.NOT_JOINED
    return {
        role: RoleCount(len(found), sum(found.values()))
        for role in (*LEARNERS, *SERVING)
        if (found := there[role])
    }


def _hours(programme: Programme, given: Sequence[GivenHours]) -> Iterable[HoursCount]:
    for role in SERVING:
        if earned := serving.earned(programme, role.value):
            theirs = [one for one in given if one.role is role]
            yield HoursCount(
                role,
                len(theirs),
                sum(one.meetings > 0 for one in theirs),
                sum(one.meetings for one in theirs),
                sum(one.minutes for one in theirs),
                earned,
            )


# ---------------------------------------------------------------- what was handed in


def _writings(programme: Programme, counts: Sequence[_Entries]) -> Iterable[WritingCount]:
    for asked in programme.records:
        kind = RecordKind(asked.kind.value)
        if kind in WRITTEN:
            states: Counter[RecordState] = Counter()
            for one in counts:
                if one.kind is kind:
                    states[one.state] += one.number
            waits = states[RecordState.SUBMITTED] + states[RecordState.FILED]
            yield WritingCount(asked, writing_name(asked), states[RecordState.APPROVED], waits)


def _plan(db: Session, programme: Programme, here: Sequence[int]) -> PlanCount | None:
    if not planning.is_asked(programme):
        return None
    latest = plans.latest(db, here)
    approved = None
    if planning.needs_approval(programme):
        approved = len(plans.in_force(db, [*latest.values()]))
    return PlanCount(len(latest), approved, planning.clause(programme))


def _tests(db: Session, programme: Programme, here: Sequence[int]) -> Iterable[TestCount]:
    asked = stages_with_tests(programme)
    if asked:
        entered = Counter(stage for _, stage in results.latest(db, here))
        for key, stage in asked.items():
            yield TestCount(stage.name, stage.test, entered[key], stage.clause)


# ---------------------------------------------------------------- evaluations and what follows


def _stages(db: Session, actor: Actor, cohort: Cohort, today: date) -> tuple[StageCount, ...]:
    found: list[StageCount] = []
    for now in stages_of(db, cohort, today):
        begun, clause = now.state not in UNBEGUN, now.stage.clause
        if not stages.parts_of(cohort, now.stage):
            found.append(StageCount(now.stage.name, None, begun, 0, 0, (), clause))
        for one in evaluations.filled(db, actor, cohort, now):
            part = one.part
            given = tuple(
                (outcome_label(part, kept_as(word)), one.outcomes.get(kept_as(word), 0))
                for word in part.outcomes
            )
            found.append(
                StageCount(now.stage.name, part.side, begun, one.of, one.signed, given, clause)
            )
    return tuple(found)


def _decided(db: Session, actor: Actor, cohort: Cohort, programme: Programme) -> Counter[str]:
    """How many learners have been given each outcome that is certified."""
    parts = [
        (col(Evaluation.stage) == key) & (col(Evaluation.side) == part.side)
        for key, part in certifying.parts(programme)
    ]
    if not parts:
        return Counter()
    told_last = sa.case(*((part, place) for place, part in enumerate(parts)))
    whose = col(Evaluation.student_id)
    nth = sa.func.row_number().over(partition_by=whose, order_by=told_last.desc())
    given = (
        sa.select(col(Evaluation.outcome), nth.label("nth"))
        .join(Membership, col(Membership.id) == whose)
        .where(
            sa.or_(*parts),
            col(Evaluation.state) == EvaluationState.SIGNED,
            col(Evaluation.outcome) != "",
            col(Membership.ended_at).is_(None),
            *_seen(cohort, actor, "read_evaluation"),
        )
        .subquery()
    )
    counts = (
        sa.select(given.c.outcome, sa.func.count())
        .where(given.c.nth == 1)
        .group_by(given.c.outcome)
    )
    found: Counter[str] = Counter()
    for outcome, count in db.connection().execute(counts):
        found[outcome] = count
    return found


def _nomination(programme: Programme, decided: Counter[str]) -> NominationCount | None:
    asked = programme.awards.competition_nomination
    told: Nomination | None = asked.value
    if told is None:
        return None
    count = None
    if told.outcome is not None:
        count = decided[kept_as(told.outcome)]
    return NominationCount(told.event, count, asked.clause)


def _certificate(
    db: Session, actor: Actor, cohort: Cohort, programme: Programme, decided: Counter[str]
) -> CertificateCount | None:
    promised = certifying.certificate(programme)
    if promised is None:
        return None
    entitled = sum(count for outcome, count in decided.items() if promised.follows(outcome))
    issued: int | None = None
    revoked = 0
    if certificates.issued_in(cohort):
        theirs = sa.select(col(Membership.id)).where(*_seen(cohort, actor, "read_certificate"))
        rows = (
            sa.select(sa.func.count(), sa.func.count(col(Revocation.certificate_id)))
            .select_from(Certificate)
            .outerjoin(Revocation, col(Revocation.certificate_id) == col(Certificate.id))
            .where(col(Certificate.member_id).in_(theirs))
        )
        every, revoked = db.connection().execute(rows).one()
        issued = every - revoked
    return CertificateCount(promised.name, entitled, issued, revoked, promised.clause)


# ---------------------------------------------------------------- its template


def makes_some(db: Session, actor: Actor) -> bool:
    """Whether the actor may have the summary of any cohort made."""
    return bool(grants_of(db, actor.person_id, ACT))


def may_make(db: Session, actor: Actor, cohort_id: int) -> bool:
    """Whether the actor may have the summary of a cohort made."""
    return held(db, actor.person_id, ACT, cohort_id) is not None


def cohort_for(db: Session, actor: Actor, cohort_id: int) -> Cohort:
    """A cohort whose summary the actor may have made. Raises `Refused`."""
    return _allowed(db, actor, cohort_id)


def may_change_template(db: Session, actor: Actor, cohort_id: int) -> bool:
    """Whether the actor may put another template in the place of ours."""
    return held(db, actor.person_id, TEMPLATE, cohort_id) is not None


def to_change_template(db: Session, actor: Actor, cohort_id: int) -> Cohort:
    """A cohort whose template the actor may change. Raises `Refused`."""
    allow(db, actor, TEMPLATE, cohort_id)
    return cast(Cohort, db.get(Cohort, cohort_id))


def template_of(db: Session, cohort_id: int) -> SummaryTemplate | None:
    """The office's template of a cohort; `None` where ours stands."""
    rows = select(SummaryTemplate).where(SummaryTemplate.cohort_id == cohort_id)
    latest = db.exec(rows.order_by(col(SummaryTemplate.id).desc())).first()
    return latest if latest is not None and latest.sha256 else None


def put_template(
    db: Session, actor: Actor, cohort_id: int, sha256: str | None, size: int = 0, name: str = ""
) -> SummaryTemplate:
    """Let a file stand as the template from now on; ours, without a file. Those before are kept.
    Raises `Refused`."""
    to_change_template(db, actor, cohort_id)
    row = SummaryTemplate(
        cohort_id=cohort_id,
        sha256=sha256,
        size=size,
        name=name[:200],
        put_by=actor.person_id,
        at=actor.now,
    )
    db.add(row)
    db.flush()
    audit.note(db, actor, TEMPLATE, "cohort", cohort_id, template=sha256 or "")
    return row


def kept_templates(db: Session) -> set[str]:
    """The hashes of all files that are or were templates."""
    return {one for one in db.exec(select(SummaryTemplate.sha256)) if one is not None}


def note_made(db: Session, actor: Actor, cohort_id: int) -> None:
    """Note that a summary was made, on the audit. Raises `Refused`."""
    _allowed(db, actor, cohort_id)
    audit.note(db, actor, ACT, "cohort", cohort_id)


def name_of_cohort(db: Session, cohort_id: int) -> str:
    return cast(Cohort, db.get(Cohort, cohort_id)).name

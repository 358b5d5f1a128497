"""What learners, and those around them, owe today: many learners at once, from the database.

`programmes/reminding.py` decides; this module reads what it has to know, and finds out who the
mentors, teachers and coordinators are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Final, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from bot.talk.clock import beijing_day
from programmes.evaluating import Side
from programmes.materials import missing
from programmes.model import Programme
from programmes.pacing import Away
from programmes.planning import is_asked
from programmes.reminding import (
    LearnerState,
    Matter,
    Saying,
    To,
    Unwritten,
    WaitingEntry,
    outlook,
    preparations,
    signatures,
)
from programmes.rules import SessionFact
from programmes.values import Grade, WritingKind, kept_as
from services import consent, exits, marking, packs
from services.access import LEARNERS, holders
from services.delegates import delegates_on
from services.records import PLACE_BY_KEY
from services.rights import Relation
from services.stages import StageNow, StageState, stages_of
from storage.statements import Prepared
from storage.tables import (
    Cohort,
    Evaluation,
    EvaluationState,
    ExitCase,
    Leave,
    Membership,
    Mentoring,
    Person,
    Record,
    RecordKind,
    RecordState,
    RecordVersion,
    Role,
    Unit,
    UnitKind,
    table,
)

CHUNK: Final = 256
"""Learners that are read at once."""
READS: Final = "read_student"
"""The right by which teachers and offices are told of a learner."""


class ReminderKey(NamedTuple):
    """What makes a reminder one reminder."""

    person_id: int
    learner_id: int
    rule: str
    period: str


@dataclass(frozen=True, slots=True)
class LearnerSeen:
    """A learner's place, as reminders need it."""

    id: int
    person_id: int
    name: str
    cohort_id: int
    unit_id: int | None
    programme: Programme
    grade: str
    since: date | None
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class Due:
    """One thing of which one person is to be reminded today."""

    key: ReminderKey
    to: To
    learner: LearnerSeen
    matter: Matter
    saying: Saying


@dataclass(slots=True)
class Standings:
    """What is owed by and around some learners on a day."""

    due: dict[ReminderKey, Due] = field(default_factory=dict)
    next: dict[int, date | None] = field(default_factory=dict)
    """For every learner that was asked about, when to look again."""


def standings_on(db: Session, learner_ids: Iterable[int], on: date) -> Standings:
    """What is owed by and around these learners on a day.

    Nothing is of a learner who has left, or has been told that the cultivation ends; of one whose
    guardian has not consented; and where the programme's pack is missing.
    """
    found = Standings()
    ids = list(dict.fromkeys(learner_ids))
    for start in range(0, len(ids), CHUNK):
        _read(db, ids[start : start + CHUNK], on, found)
    return found


def _read(db: Session, ids: Sequence[int], on: date, found: Standings) -> None:
    found.next.update(dict.fromkeys(ids))
    learners = _present(db, ids, on)
    entries = _entries_of(db, learners)
    away = leaves_of(db, learners)
    around = Around(db, learners, on)
    calendars = Calendars(db, on)
    signed = _signed_of(db, learners)
    for learner in learners.values():
        calendar = calendars.of(learner)
        absent = tuple(away.get(learner.id, ()))
        parts = frozenset(signed.get(learner.id, ()))
        state = _state(learner, entries[learner.id], absent, calendar, parts)
        ahead = outlook(learner.programme, state, on)
        found.next[learner.id] = ahead.next
        for one in ahead.owed:
            for person_id in around.people(learner, one.to):
                key = ReminderKey(person_id, learner.id, one.matter.rule, one.saying.period)
                found.due[key] = Due(key, one.to, learner, one.matter, one.saying)


# ---------------------------------------------------------------- what is known of a learner


_membership, _person, _cohort = table(Membership), table(Person), table(Cohort)
_exit = table(ExitCase)
_leaving = sa.exists().where(
    _exit.c.student_id == _membership.c.id,
    _exit.c.state.in_(exits.KNOWN),
)
"""The learner has been told that the cultivation ends: from then on nothing is reminded of."""
_learners = Prepared(
    sa.select(
        _membership.c.id,
        _membership.c.person_id,
        _person.c.name,
        _membership.c.cohort_id,
        _membership.c.unit_id,
        _cohort.c.programme,
        _membership.c.grade,
        _membership.c.joined_on,
        _person.c.birth_date,
    )
    .join(_cohort, _cohort.c.id == _membership.c.cohort_id)
    .join(_person, _person.c.id == _membership.c.person_id)
    .where(
        _membership.c.id.in_(bindparam("ids", expanding=True)),
        _membership.c.ended_at.is_(None),
        _membership.c.role.in_(LEARNERS),
        ~_leaving,
    )
)


def _present(db: Session, ids: Sequence[int], on: date) -> dict[int, LearnerSeen]:
    """Those of them who are learners now, of whom something may be kept."""
    found: dict[int, LearnerSeen] = {}
    rows = _learners.all(db, ids=ids) if ids else ()
    programmes = {key: packs.found(key) for key in {row[5] for row in rows}}
    for row in rows:
        programme = programmes[row[5]]
        if programme is None:
            continue
        number, person_id, name, cohort_id, unit_id, _, grade, since, born = row
        learner = LearnerSeen(
            number, person_id, name, cohort_id, unit_id, programme, grade, since, born
        )
        if _kept(db, learner, on):
            found[learner.id] = learner
    return found


def _kept(db: Session, learner: LearnerSeen, on: date) -> bool:
    """Whether a guardian's consent is in force, or is not needed."""
    programme = learner.programme
    if learner.birth_date is None and not programme.guardian_consent:
        return True
    needed = consent.needed(learner.birth_date, learner.grade, programme, on)
    return not needed or consent.given(db, learner.person_id)


class EntryRow(NamedTuple):
    """A record as reminders see it."""

    student_id: int
    id: int
    kind: str
    about_id: int | None
    period: str
    day: date
    state: str
    version: int
    submitted_at: datetime | None
    """Of one that waits."""
    created_at: datetime | None
    """Of a session."""
    place: str | None
    minutes: int | None


_record, _version = table(Record), table(RecordVersion)
_entries = Prepared(
    sa.select(
        _record.c.student_id,
        _record.c.id,
        sa.type_coerce(_record.c.kind, sa.String()),
        _record.c.about_id,
        _record.c.period,
        _record.c.day,
        sa.type_coerce(_record.c.state, sa.String()),
        _record.c.version,
        # A moment takes longer to read than all the rest: only where it is needed.
        sa.case((_record.c.state == RecordState.SUBMITTED, _record.c.submitted_at)),
        sa.case((_record.c.kind == RecordKind.SESSION, _record.c.created_at)),
        _version.c.body["place"].as_string(),
        _version.c.body["minutes"].as_integer(),
    )
    .join(
        _version,
        (_version.c.record_id == _record.c.id) & (_version.c.version == _record.c.version),
    )
    .where(
        _record.c.student_id.in_(bindparam("ids", expanding=True)),
        _record.c.state != RecordState.WITHDRAWN,
    )
)


def _entries_of(db: Session, learners: Mapping[int, LearnerSeen]) -> Mapping[int, list[EntryRow]]:
    found: dict[int, list[EntryRow]] = defaultdict(list)
    for row in _entries.all(db, ids=list(learners)) if learners else ():
        entry = EntryRow._make(row)
        found[entry.student_id].append(entry)
    return found


class StageCalendar:
    """The stages of one cohort on a day, as its office has them, and what is owed in them."""

    def __init__(self, programme: Programme, days: Sequence[StageNow]) -> None:
        self._programme, self._days = programme, days
        self._found: dict[frozenset[tuple[str, str]], tuple[Matter, ...]] = {}
        self._prepared: dict[frozenset[str], tuple[Matter, ...]] = {}
        self._asked: dict[str, frozenset[WritingKind]] = {}
        self._lacking: dict[frozenset[str], Sequence[str]] = {}
        self._stages = [(str(one.stage), kept_as(one.stage)) for one in programme.stages]
        self._wants_plan = is_asked(programme)
        self.moved = {n: now.term for n, now in enumerate(days) if now.change is not None}

    def asked(self, grade: str) -> frozenset[WritingKind]:
        """What learners of a grade have to write."""
        if grade not in self._asked:
            known = Grade(grade) if grade in GRADES else None
            self._asked[grade] = frozenset(
                writing.kind
                for writing in self._programme.records
                if writing.scope.required_of(known) is not False
            )
        return self._asked[grade]

    def unsigned(self, signed: frozenset[tuple[str, str]]) -> tuple[Matter, ...]:
        """What is owed of a learner of whom these parts, (stage, side), are signed."""
        if signed not in self._found:
            missing = {
                (number, side)
                for number, now in enumerate(self._days)
                if now.takes_evaluations or now.state is StageState.TO_COME
                for side in Side
                if (now.key, side) not in signed
            }
            terms = [now.term for now in self._days]
            self._found[signed] = signatures(self._programme, terms, missing)
        return self._found[signed]

    def unprepared(self, done: frozenset[str]) -> tuple[Matter, ...]:
        """What a learner has to prepare who has done so for these stages, or is evaluated."""
        if done not in self._prepared:
            open_ones = {now.key for now in self._days if now.state is not StageState.CLOSED}
            terms = [now.term for now in self._days]
            self._prepared[done] = preparations(self._programme, terms, open_ones - done)
        return self._prepared[done]

    def written(self, periods: frozenset[str]) -> frozenset[str]:
        """The stages that are among these, which stand as records name them."""
        return frozenset(stage for stage, kept in self._stages if kept in periods)

    def lacking(self, there: frozenset[str]) -> Sequence[str]:
        """What of the final materials is missing of a learner who has handed in these."""
        if there not in self._lacking:
            self._lacking[there] = missing(self._programme, there)
        return self._lacking[there]

    def without_plan(self, since: date | None) -> date | None:
        """Since when a learner who joined on this day has been without a plan; `None` if the
        document asks for none."""
        return (
            max(self._programme.cycle.first_day, since or date.min) if self._wants_plan else None
        )


class Calendars:
    """The calendars of cohorts on a day, each read once."""

    def __init__(self, db: Session, on: date) -> None:
        self._db, self._on = db, on
        self._found: dict[int, StageCalendar] = {}

    def of(self, learner: LearnerSeen) -> StageCalendar:
        """The calendar of a learner's cohort."""
        if learner.cohort_id not in self._found:
            cohort = cast(Cohort, self._db.get(Cohort, learner.cohort_id))
            days = stages_of(self._db, cohort, self._on)
            self._found[learner.cohort_id] = StageCalendar(learner.programme, days)
        return self._found[learner.cohort_id]


def _signed_of(
    db: Session, learners: Mapping[int, LearnerSeen]
) -> dict[int, set[tuple[str, str]]]:
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for student_id, stage, side in _signed.all(db, ids=list(learners)) if learners else ():
        found[student_id].add((stage, side))
    return found


_evaluation = table(Evaluation)
_signed = Prepared(
    sa.select(_evaluation.c.student_id, _evaluation.c.stage, _evaluation.c.side).where(
        _evaluation.c.student_id.in_(bindparam("ids", expanding=True)),
        _evaluation.c.state == EvaluationState.SIGNED,
    )
)


def leaves_of(db: Session, member_ids: Iterable[int]) -> dict[int, list[Away]]:
    """The leaves of some members, as they stand."""
    ids, found = list(member_ids), defaultdict[int, list[Away]](list)
    for member_id, first, last in _leaves.all(db, ids=ids) if ids else ():
        found[member_id].append((first, last))
    return found


_leave = table(Leave)
_leaves = Prepared(
    sa.select(_leave.c.member_id, _leave.c.first_day, _leave.c.last_day).where(
        _leave.c.member_id.in_(bindparam("ids", expanding=True)), _leave.c.ended_at.is_(None)
    )
)

GRADES: Final = frozenset(Grade)
WRITINGS: Final = {kind: RecordKind(kind.value) for kind in WritingKind}


def _state(
    learner: LearnerSeen,
    entries: Sequence[EntryRow],
    away: tuple[Away, ...],
    calendar: StageCalendar,
    signed: frozenset[tuple[str, str]],
) -> LearnerState:
    of: dict[str, list[EntryRow]] = defaultdict(list)
    for entry in entries:
        of[entry.kind].append(entry)
    sessions, asked = of[RecordKind.SESSION], calendar.asked(learner.grade)
    written = {kind: of[WRITINGS[kind]] for kind in asked}
    return LearnerState(
        since=learner.since,
        sessions=[_fact(one.day, one.place, one.state, one.minutes) for one in sessions],
        asked=asked,
        unwritten={kind: _unwritten(sessions, there) for kind, there in written.items()},
        written={kind: calendar.written(_periods(there)) for kind, there in written.items()},
        waiting=[
            WaitingEntry(entry.id, entry.version, entry.kind, beijing_day(entry.submitted_at))
            for entry in entries
            if entry.submitted_at is not None
        ],
        plan=calendar.without_plan(learner.since) if not of[RecordKind.PLAN] else None,
        away=away,
        moved=calendar.moved,
        unsigned=calendar.unsigned(signed),
        unprepared=calendar.unprepared(
            _periods(of[RecordKind.PRESENTATION]) | {stage for stage, _ in signed}
        ),
        lacking=calendar.lacking(_periods(of[RecordKind.MATERIAL])),
    )


def _periods(entries: Sequence[EntryRow]) -> frozenset[str]:
    """What entries are of: stages, or materials of the document's list."""
    return frozenset(entry.period for entry in entries)


@lru_cache(maxsize=4096)
def _fact(day: date, place: str | None, state: str, minutes: int | None) -> SessionFact:
    where = PLACE_BY_KEY[place or ""]
    return SessionFact(day, where.on_campus, where.face_to_face, state, None, minutes)


def _unwritten(sessions: Sequence[EntryRow], written: Sequence[EntryRow]) -> list[Unwritten]:
    about = {entry.about_id for entry in written}
    return [
        Unwritten(entry.id, beijing_day(entry.created_at))
        for entry in sessions
        if entry.id not in about and entry.created_at is not None
    ]


# ---------------------------------------------------------------- who stands around them


class Around:
    """Who is told of learners besides themselves. Looked up when somebody is asked for."""

    def __init__(self, db: Session, learners: Mapping[int, LearnerSeen], on: date) -> None:
        self._db, self._on = db, on
        self._ids = list(learners)
        self._cultivating: dict[tuple[int, str], list[int]] | None = None
        self._overseeing: dict[tuple[int, int | None], Mapping[To, list[int]]] = {}

    def people(self, learner: LearnerSeen, to: To) -> Sequence[int]:
        """The people whom a party of a learner is."""
        match to:
            case To.LEARNER:
                return (learner.person_id,)
            case To.MENTOR | To.TEAM_MEMBER:
                return self._mentors.get((learner.id, to.value), ())
            case To.UNIVERSITY:
                return self._universities.get(learner.id, ())
            case To.EXPERT:
                return marking.still_to_mark(self._db, learner.id, self._on)
        return self._overseers(learner).get(to, ())

    @property
    def _mentors(self) -> Mapping[tuple[int, str], list[int]]:
        if self._cultivating is None:
            self._cultivating = defaultdict(list)
            instead = delegates_on(self._db, self._on)
            for student_id, role, person_id, place in _mentors.all(self._db, ids=self._ids):
                self._cultivating[student_id, role].append(person_id)
                # Whoever stands in for a mentor is told what the mentor is.
                self._cultivating[student_id, role] += instead.get(place, ())
        return self._cultivating

    @property
    def _universities(self) -> Mapping[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for student_id, person_id in _universities.all(self._db, ids=self._ids):
            found[student_id].append(person_id)
        return found

    def _overseers(self, learner: LearnerSeen) -> Mapping[To, list[int]]:
        """The teachers and the offices of a learner; the same for all of one school."""
        school = (learner.cohort_id, learner.unit_id)
        if school not in self._overseeing:
            found: dict[To, list[int]] = {To.SCHOOL_TEACHER: [], To.OFFICE: []}
            for grant in holders(self._db, READS, learner.id):
                if grant.relation is Relation.SCHOOL:
                    found[To.SCHOOL_TEACHER].append(grant.person)
                elif grant.relation is Relation.OFFICE and self._is_office(grant.place):
                    found[To.OFFICE].append(grant.person)
            self._overseeing[school] = {
                to: list(dict.fromkeys(people)) for to, people in found.items()
            }
        return self._overseeing[school]

    def _is_office(self, place: int | None) -> bool:
        """Whether a coordinator's place is one of an office, not of a school or a university."""
        member = self._db.get(Membership, place)
        unit = self._db.get(Unit, member.unit_id) if member and member.unit_id else None
        return unit is None or unit.kind in OFFICES


OFFICES: Final = (UnitKind.OFFICE, UnitKind.PROVINCE, UnitKind.CITY)

_mentoring, _unit = table(Mentoring), table(Unit)
_mentors = Prepared(
    sa.select(
        _mentoring.c.student_id, _membership.c.role, _membership.c.person_id, _membership.c.id
    )
    .join(_membership, _membership.c.id == _mentoring.c.mentor_id)
    .where(
        _mentoring.c.student_id.in_(bindparam("ids", expanding=True)),
        _mentoring.c.ended_at.is_(None),
        _membership.c.ended_at.is_(None),
    )
    .order_by(_membership.c.id)
)
_coordinator = table(Membership).alias("coordinator")
_universities = Prepared(
    sa.select(_mentoring.c.student_id, _coordinator.c.person_id)
    .distinct()
    .join(_membership, _membership.c.id == _mentoring.c.mentor_id)
    .join(
        _coordinator,
        (_coordinator.c.unit_id == _membership.c.unit_id)
        & (_coordinator.c.cohort_id == _membership.c.cohort_id),
    )
    .join(_unit, _unit.c.id == _coordinator.c.unit_id)
    .where(
        _mentoring.c.student_id.in_(bindparam("ids", expanding=True)),
        _mentoring.c.ended_at.is_(None),
        _membership.c.ended_at.is_(None),
        _coordinator.c.ended_at.is_(None),
        _coordinator.c.role == Role.COORDINATOR,
        _unit.c.kind == UnitKind.HOST,
    )
)
"""The coordinators of the university at which a learner's mentor works."""

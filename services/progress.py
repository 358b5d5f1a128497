"""Learners' progress: what the rules count of their entries, and what is still to be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final, NamedTuple, cast
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlmodel import Session, col, select

from programmes.materials import asked_by_now, missing
from programmes.model import Programme, Requirement, Writing
from programmes.pacing import Away, projection
from programmes.rules import Progress, RequirementProgress, SessionFact, count
from programmes.values import Frequency, Own, Per, StageKind, kept_as
from prompts import Text, t
from services import records
from services.access import LEARNERS, things
from services.packs import asked_of, found, load, word_label
from services.records import PLACE_BY_KEY, Entries, SessionBody, own_writings
from services.roster import Member
from storage.tables import Audit, Cohort, Membership, Record, RecordKind, RecordState

WRITING: Final = (RecordKind.DIARY, RecordKind.MEETING_RECORD)


def counted(
    programme: Programme, entries: Entries, today: date, since: date | None = None
) -> Progress:
    """A learner's progress on a day. `since` is the day they joined, if late."""
    facts = [
        SessionFact(
            body.day,
            PLACE_BY_KEY[body.place].on_campus,
            PLACE_BY_KEY[body.place].face_to_face,
            record.state.value,
            body.start,
            body.minutes,
        )
        for record, body in entries
        if isinstance(body, SessionBody)
    ]
    return count(facts, programme, today, since)


def joined_on(db: Session, member_id: int) -> date | None:
    """The day a learner joined late, as the office recorded it; `None` if from the start."""
    return db.exec(select(col(Membership.joined_on)).where(Membership.id == member_id)).one()


# ---------------------------------------------------------------- a requirement in words


def period_of(asked: Requirement) -> str:
    """The kind of period, as the sentences distinguish it: `cycle`, `month` or `period`."""
    return str(asked.per) if asked.per in (Per.CYCLE, Per.MONTH) else "period"


def asked_for(asked: Requirement) -> Text:
    """What a requirement counts, its minimum, and its period."""
    return t(
        f"progress.asked_{period_of(asked)}",
        what=word_label(asked.counts, t(f"counter.{asked.counts}")),
        per=word_label(asked.per, t(f"programme.per.{asked.per}")),
        at_least=amount(asked, asked.at_least),
    )


def amount(asked: Requirement, count: int) -> Text:
    """An amount with its unit: 10 次, 30 小时."""
    return t(f"progress.amount_{asked.unit}", count=count)


# ---------------------------------------------------------------- one learner


def kept_so_far(part: RequirementProgress) -> bool:
    """Whether every period that is over was met; always true for the whole cycle."""
    return not any(month.over and month.still_needed for month in part.months)


def unwritten(
    programme: Programme,
    asked: Writing,
    entries: Entries,
    today: date,
    since: date | None = None,
) -> int:
    """The number of diaries or meeting records that a learner has still to write today.

    One for each session, or one for each stage that has begun; none if the programme does not say
    how often. For a learner who joined late, on `since`, stages that had closed before do not
    count.
    """
    kind = RecordKind(asked.kind.value)
    if asked.frequency is Frequency.PER_SESSION:
        return len(sessions_without(entries, kind))
    if asked.frequency is Frequency.PER_STAGE:
        written = {record.period for record, _ in entries if stands(record, kind)}
        return sum(
            kept_as(stage) not in written for stage in stages_begun(programme, today, since)
        )
    return 0


def lacking(programme: Programme, entries: Entries) -> list[str]:
    """The materials that a learner has to bring and has not brought, as records name them."""
    there = {record.period for record, _ in entries if stands(record, RecordKind.MATERIAL)}
    return [kept_as(one) for one in missing(programme, there)]


def sessions_without(entries: Entries, kind: RecordKind) -> Entries:
    """The sessions without a diary, or without a meeting record."""
    written = {record.about_id for record, _ in entries if stands(record, kind)}
    return [
        (record, body)
        for record, body in entries
        if stands(record, RecordKind.SESSION) and record.id not in written
    ]


def stands(record: Record, kind: RecordKind) -> bool:
    """Whether a record is of this kind and not withdrawn."""
    return record.kind is kind and record.state is not RecordState.WITHDRAWN


def stages_begun(
    programme: Programme, today: date, since: date | None = None
) -> list[StageKind | Own]:
    """The stages up to the present one, as far as the document dates them.

    The first begins when its evaluation does, any other when the one before it closes: what is
    evaluated is written before. Stages that closed before `since` are left out.
    """
    begun: dict[StageKind | Own, None] = {}
    for place, stage in enumerate(programme.stages):
        window = stage.window
        if window is None or window.closes is None:
            break
        if not place and window.first_day is not None and today < window.first_day:
            break
        if since is None or window.closes >= since:
            begun[stage.stage] = None
        if today <= window.closes:
            break
    return list(begun)


# ---------------------------------------------------------------- a whole cohort


@dataclass(frozen=True, slots=True)
class Standing:
    """One learner's progress."""

    member: Member
    short: InShort
    entries: Entries

    @property
    def waiting(self) -> int:
        """How many entries wait for review."""
        return sum(
            record.state is RecordState.SUBMITTED for record, _ in own_writings(self.entries)
        )


def standings(
    db: Session, programme: Programme, members: Sequence[Member], today: date
) -> list[Standing]:
    """The progress of these learners."""
    entries = records.entries_of(db, [member.id for member in members])
    return [_standing(programme, member, entries[member.id], today) for member in members]


def _standing(programme: Programme, member: Member, entries: Entries, today: date) -> Standing:
    place = member.membership
    short = _in_short(programme, member.id, place.grade, place.joined_on, entries, today)
    return Standing(member, short, entries)


def _unwritten(
    programme: Programme, grade: str, since: date | None, entries: Entries, today: date
) -> dict[RecordKind, int]:
    owed: dict[RecordKind, int] = {}
    for kind in WRITING:
        asked = asked_of(programme, grade, kind)
        if asked is not None and (number := unwritten(programme, asked, entries, today, since)):
            owed[kind] = number
    return owed


class MetInShort(NamedTuple):
    """One requirement, as far as a cohort's overview needs it."""

    approved: int
    submitted: int
    enough: bool
    kept: bool
    """Every period that is over was met."""
    periods: bool
    """It is counted by periods, and one has begun."""
    all_over: bool

    @property
    def met(self) -> bool:
        """It is met now and was met in every period that is over."""
        return self.enough and self.kept


class InShort(NamedTuple):
    """One learner's progress, as far as lists and overviews need it."""

    member_id: int
    parts: tuple[MetInShort, ...]
    """In the programme's order."""
    unwritten: Mapping[RecordKind, int]
    lacking: tuple[str, ...]
    """The missing materials, as records name them, also those that are not due yet."""
    owing: frozenset[str]
    """The matters in which something is still to be done by now, and the keys of those minima that
    are not met. Worked out as the entries are counted: it is asked of all of a big cohort."""

    @property
    def behind(self) -> bool:
        """Whether a stated minimum is not met, or something is still to be written or brought."""
        return bool(self.owing)


class PaceKind(StrEnum):
    """What a minimum of the whole cycle is heading for, if entries that wait are approved."""

    ENOUGH = "enough"
    """What it asks for is handed in."""
    ON_TRACK = "on_track"
    SHORT = "short"
    UNTOLD = "untold"
    """No pace can be told: it is too early, or the last day is past."""


def pace(
    programme: Programme,
    asked: Requirement,
    part: MetInShort,
    today: date,
    since: date | None,
    away: Sequence[Away],
) -> PaceKind:
    """The pace of one learner's minimum."""
    done = part.approved + part.submitted
    if asked.per is Per.CYCLE and done >= asked.at_least:
        return PaceKind.ENOUGH
    found = projection(programme, asked, done, today, since, away)
    if found is None:
        return PaceKind.UNTOLD
    return PaceKind.SHORT if found.short else PaceKind.ON_TRACK


AT_ONCE: Final = 100
"""Learners whose entries are counted in one transaction: less than a tenth of a second."""

OVERLAP: Final = 200
"""How many of the last acts are looked at once more: an act that was undone may have left its
number to another."""


@dataclass(slots=True)
class _Counted:
    """What was counted in one database. Counting a big cohort's entries takes seconds, and few of
    them change between two looks."""

    of: dict[int, tuple[Any, InShort]] = field(default_factory=dict)
    """By learner: from what it was counted, and the result."""
    noted: int = 0
    """The id of the last audit row that was looked at."""


_counted: WeakKeyDictionary[Any, _Counted] = WeakKeyDictionary()


def in_short(
    db: Session,
    cohort: Cohort,
    today: date,
    reader: int | None = None,
    students: Sequence[Any] = (),
) -> tuple[list[InShort], int]:
    """The progress of a cohort's learners in the order of the roster, and for how many it is not
    known yet: at most `AT_ONCE` are counted in one call.

    With `reader`, a person's id, only learners whom that person may read are among them; with
    `students`, which are conditions, only learners for whom these hold. Raises `Refused` if the
    pack cannot be read.
    """
    return in_short_of(db, cohort, today, _learners(db, cohort, reader, students))


def in_short_of(
    db: Session, cohort: Cohort, today: date, learners: Sequence[CountedPlace]
) -> tuple[list[InShort], int]:
    """As `in_short`, for learners of a cohort who are known already."""
    programme = load(cohort.programme)
    before = _counted.setdefault(db.get_bind(), _Counted())
    _look_for_changes(db, before)
    anew = [
        (number, grade, since)
        for number, grade, since in learners
        if before.of.get(number, NEVER)[0] != (today, programme, grade, since)
    ]
    entries = records.entries_of(db, [number for number, *_ in anew[:AT_ONCE]])
    for number, grade, since in anew[:AT_ONCE]:
        short = _in_short(programme, number, grade, since, entries[number], today)
        before.of[number] = ((today, programme, grade, since), short)
    left = {number for number, *_ in anew[AT_ONCE:]}
    return [before.of[n][1] for n, _, _ in learners if n not in left], len(left)


CountedPlace = tuple[int, str, date | None]
"""A learner's membership, grade, and day of joining late."""
NEVER: Final[tuple[Any, Any]] = (None, None)


def _look_for_changes(db: Session, before: _Counted) -> None:
    """Forget the counts of learners whose entries have changed. Every act leaves an audit row, so
    none is missed."""
    last = db.connection().execute(sa.select(sa.func.max(col(Audit.id)))).scalar_one() or 0
    if last < before.noted:  # it is another database than it was
        before.of.clear()
    # The latest rows are few: `coalesce` keeps SQLite from looking every entry up in the audit.
    of_entries = sa.func.coalesce(col(Audit.object), "") == "record"
    changed = (
        sa.select(col(Record.student_id))
        .join(Audit, of_entries & (col(Audit.object_id) == col(Record.id)))
        .where(col(Audit.id) > min(before.noted, last) - OVERLAP)
        .distinct()
    )
    if before.of:
        for student in db.connection().execute(changed).scalars():
            before.of.pop(student, None)
    before.noted = last


def _learners(
    db: Session, cohort: Cohort, reader: int | None, students: Sequence[Any]
) -> list[CountedPlace]:
    wanted = [
        col(Membership.cohort_id) == cohort.id,
        col(Membership.role).in_(LEARNERS),
        col(Membership.ended_at).is_(None),
        *students,
    ]
    if reader is not None:
        wanted.append(col(Membership.id).in_(things("read_student", reader)))
    places = sa.select(col(Membership.id), col(Membership.grade), col(Membership.joined_on))
    found = db.connection().execute(places.where(*wanted).order_by(col(Membership.id))).all()
    return [(cast(int, number), grade, since) for number, grade, since in found]


def _in_short(
    programme: Programme,
    number: int,
    grade: str,
    since: date | None,
    entries: Entries,
    today: date,
) -> InShort:
    made = counted(programme, entries, today, since)
    parts = tuple(map(_part, made.requirements))
    left = _unwritten(programme, grade, since, entries, today)
    missing = tuple(lacking(programme, entries))
    asked = zip(programme.requirements, parts, strict=True)
    owing = {str(kind) for kind in left} | {one.key for one, part in asked if not part.met}
    if not all(part.met for part in parts):
        owing.add(RecordKind.SESSION)
    if missing and asked_by_now(programme, today):
        owing.add(RecordKind.MATERIAL)
    return InShort(number, parts, left, missing, frozenset(owing))


def _part(part: RequirementProgress) -> MetInShort:
    return MetInShort(
        part.approved,
        part.submitted,
        not part.still_needed,
        kept_so_far(part),
        bool(part.months),
        all(month.over for month in part.months),
    )


def count_ahead(db: Session, today: date) -> int:
    """Count some learners of the big cohorts before anybody asks. Returns how many are left."""
    place = col(Membership.cohort_id)
    big = (
        sa.select(place)
        .where(col(Membership.role).in_(LEARNERS), col(Membership.ended_at).is_(None))
        .group_by(place)
        .having(sa.func.count() > AT_ONCE)
    )
    left = 0
    for cohort in db.exec(select(Cohort).where(col(Cohort.id).in_(big))):
        if found(cohort.programme) is not None and not left:
            _, left = in_short(db, cohort, today)
    return left

"""How far learners are: what the rules make of their entries, and what is still to be written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlmodel import Session, col, select

from programmes.model import Programme
from programmes.model import Writing as Asked
from programmes.rules import Progress, RequirementProgress, SessionFact, count
from programmes.values import Frequency, Own, StageKind
from services import records, roster
from services.access import LEARNERS
from services.packs import kept_as, load
from services.policy import asked_of
from services.records import PLACE_BY_KEY, Body, SessionBody
from services.roster import Member
from storage.tables import Cohort, Membership, Record, RecordKind, RecordState, RecordVersion

Entries = Sequence[tuple[Record, Body]]

WRITING: Final = (RecordKind.DIARY, RecordKind.MEETING_RECORD)


def counted(
    programme: Programme, entries: Entries, today: date, since: date | None = None
) -> Progress:
    """What the rules make of a learner's sessions on a day. `since` is when they joined late."""
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
    """The day that a learner joined late, as the office says; `None` for who was there from the
    first day."""
    return db.exec(select(col(Membership.joined_on)).where(Membership.id == member_id)).one()


def met(part: RequirementProgress) -> bool:
    """Whether nothing is missing, neither now nor from any month that is over."""
    return not part.still_needed and kept_so_far(part)


def kept_so_far(part: RequirementProgress) -> bool:
    """Whether every month that is over was met; of a requirement for the cycle, always."""
    return not any(month.over and month.still_needed for month in part.months)


def unwritten(
    programme: Programme,
    asked: Asked,
    entries: Entries,
    today: date,
    since: date | None = None,
) -> int:
    """How many diaries or meeting records a learner has still to write today.

    One for each session, or for each stage of cultivation that has begun; where the programme
    does not say how often, none is ever missing. Of a learner who joined late, on `since`, no
    stage is asked for that had closed before.
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


def sessions_without(entries: Entries, kind: RecordKind) -> Entries:
    """The sessions for which a diary, or a meeting record, is still to be written."""
    written = {record.about_id for record, _ in entries if stands(record, kind)}
    return [
        (record, body)
        for record, body in entries
        if stands(record, RecordKind.SESSION) and record.id not in written
    ]


def stands(record: Record, kind: RecordKind) -> bool:
    """Whether it is an entry of this kind that has not been withdrawn."""
    return record.kind is kind and record.state is not RecordState.WITHDRAWN


def stages_begun(
    programme: Programme, today: date, since: date | None = None
) -> list[StageKind | Own]:
    """The stages of cultivation up to the present one, as far as the document dates them.

    One that has only a deadline begins when the one before it has closed. Those that had closed
    before `since` are left out.
    """
    begun: list[StageKind | Own] = []
    for stage in programme.stages:
        window = stage.window
        if window is None or window.closes is None:
            break
        if window.first_day is not None and today < window.first_day:
            break
        if since is None or window.closes >= since:
            begun.append(stage.stage)
        if today <= window.closes:
            break
    return begun


# ---------------------------------------------------------------- a whole cohort


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one learner stands."""

    member: Member
    progress: Progress
    unwritten: Mapping[RecordKind, int]
    """By kind, what is still to be written; without the kinds of which nothing is."""
    entries: Entries

    @property
    def behind(self) -> bool:
        """A stated minimum is not met, or something is still to be written."""
        return bool(self.unwritten) or not all(map(met, self.progress.requirements))

    @property
    def waiting(self) -> Entries:
        """What waits for a review."""
        return [entry for entry in self.entries if entry[0].state is RecordState.SUBMITTED]


def standings(
    db: Session, cohort: Cohort, today: date, reader: int | None = None
) -> list[Standing]:
    """Where each of a cohort's learners stands, in the order of the roster.

    With `reader`, a person, only those whom they may read.
    """
    programme = load(cohort.programme)
    act = None if reader is None else ("read_student", reader)
    learners = roster.members(db, cohort.id or 0, LEARNERS, seen_by=act)
    entries = _entries_of(db, [member.id for member in learners])
    return [_standing(programme, member, entries[member.id], today) for member in learners]


def _standing(programme: Programme, member: Member, entries: Entries, today: date) -> Standing:
    missing: dict[RecordKind, int] = {}
    for kind in WRITING:
        asked = asked_of(programme, member.membership.grade, kind)
        if asked is not None and (
            number := unwritten(programme, asked, entries, today, member.membership.joined_on)
        ):
            missing[kind] = number
    made = counted(programme, entries, today, member.membership.joined_on)
    return Standing(member, made, missing, entries)


def _entries_of(db: Session, student_ids: Iterable[int]) -> Mapping[int, Entries]:
    """As `records.entries`, for many students in one query."""
    found: dict[int, list[tuple[Record, Body]]] = defaultdict(list)
    rows = db.exec(
        select(Record, RecordVersion.body)
        .join(
            RecordVersion,
            (col(RecordVersion.record_id) == col(Record.id))
            & (col(RecordVersion.version) == col(Record.version)),
        )
        .where(col(Record.student_id).in_(student_ids))
        .order_by(col(Record.day).desc(), col(Record.id).desc())
    )
    for record, body in rows:
        found[record.student_id].append((record, records.body_of(record.kind, dict(body))))
    return found

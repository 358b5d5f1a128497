"""Reads the console's lists: many learners, members and entries at once, as light rows.

What a row means is decided by the same rules as in the chat. This module only reads many of them,
within what somebody may see. The number of statements does not grow with the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from bot.talk.acting import Actor
from bot.talk.clock import beijing_day
from programmes.model import Programme
from programmes.pacing import Away
from services import audit, certificates, consent, records, rehearsals, roster
from services.access import LEARNERS, things
from services.progress import InShort, PaceKind, pace
from services.rights import RIGHTS
from services.roster import Presence
from storage.tables import (
    Audit,
    Bulletin,
    Certificate,
    Cohort,
    Evaluation,
    EvaluationState,
    Invite,
    Leave,
    Membership,
    Mentoring,
    Person,
    Record,
    RecordKind,
    Reminder,
    ReminderState,
    Role,
    Unit,
)

PRESENCES: Final = {one.value: one for one in Presence}

# ---------------------------------------------------------------- learners


class LearnerLine(NamedTuple):
    """A learner as one line of a list."""

    id: int
    person_id: int
    name: str
    unit_id: int | None
    unit: str
    grade: str
    subject: str
    since: date | None
    """The day on which somebody joined late; `None` if from the start."""
    born: date | None
    presence: str
    waiting: int
    """How many of their entries wait for review."""


def readable(
    cohort: Cohort, reader: int, act: str = "read_student"
) -> tuple[ColumnElement[bool], ...]:
    """The condition for the learners of a cohort whom somebody may read now: the same learners
    that the chat counts."""
    return (
        col(Membership.cohort_id) == cohort.id,
        col(Membership.role).in_(LEARNERS),
        col(Membership.ended_at).is_(None),
        col(Membership.id).in_(things(act, reader)),
    )


def learners(db: Session, cohort: Cohort, reader: int) -> list[LearnerLine]:
    """The learners whom the reader may read, in the order of the roster."""
    here = sa.select(col(Membership.id)).where(col(Membership.cohort_id) == cohort.id)
    waits = (
        sa.select(col(Record.student_id), sa.func.count().label("waiting"))
        .where(*records.waits_anywhere(reader), col(Record.student_id).in_(here))
        .group_by(col(Record.student_id))
        .subquery()
    )
    found = (
        sa.select(
            col(Membership.id),
            col(Membership.person_id),
            col(Person.name),
            col(Membership.unit_id),
            sa.func.coalesce(col(Unit.name), ""),
            col(Membership.grade),
            col(Membership.subject),
            col(Membership.joined_on),
            col(Person.birth_date),
            roster.presence_now(),
            sa.func.coalesce(waits.c.waiting, 0),
        )
        .join(Person, col(Person.id) == col(Membership.person_id))
        .outerjoin(Unit, col(Unit.id) == col(Membership.unit_id))
        .outerjoin(waits, waits.c.student_id == col(Membership.id))
        .where(*readable(cohort, reader))
        .order_by(col(Membership.id))
    )
    # Fetched at once: of ten thousand, one at a time takes twice as long.
    rows: Iterable[Any] = db.connection().execute(found).all()
    return [*map(LearnerLine._make, rows)]


def oldest_waits(
    db: Session, cohort: Cohort, reader: int, lines: Sequence[LearnerLine] = ()
) -> dict[int, datetime]:
    """Since when the first entry of each learner waits whom the reader may read; with `lines`, of
    these learners only."""
    if lines:
        waits = (
            *records.waits_anywhere(reader),
            col(Record.student_id).in_([line.id for line in lines]),
        )
    else:
        waits = records.waits_in(cast(int, cohort.id), reader)
    found = (
        sa.select(col(Record.student_id), sa.func.min(col(Record.submitted_at)))
        .where(*waits)
        .group_by(col(Record.student_id))
    )
    rows: Iterable[Any] = db.connection().execute(found)
    return dict(tuple(row) for row in rows)


def consent_awaited(
    db: Session,
    cohort: Cohort,
    reader: int,
    programme: Programme,
    lines: Sequence[LearnerLine],
    today: date,
) -> frozenset[int]:
    """The person ids of those learners of whom nothing may be kept yet, because a guardian
    has not consented."""
    needed: dict[tuple[date | None, str], bool] = {}
    for line in lines:
        key = (line.born, line.grade)
        if key not in needed:
            needed[key] = consent.needed(line.born, line.grade, programme, today)
    asked = {line.person_id for line in lines if needed[line.born, line.grade]}
    theirs = sa.select(col(Membership.person_id)).where(*readable(cohort, reader))
    return frozenset(asked - consent.given_among(db, theirs)) if asked else frozenset()


def paces(
    db: Session,
    cohort: Cohort,
    programme: Programme,
    lines: Sequence[LearnerLine],
    known: Mapping[int, InShort],
    today: date,
) -> list[Mapping[int, PaceKind]]:
    """Returns, for each minimum of the programme, the pace of each learner for whom one can be
    told."""
    away: dict[int, tuple[Away, ...]] = {}
    leaves = sa.select(col(Leave.member_id), col(Leave.first_day), col(Leave.last_day)).where(
        col(Leave.ended_at).is_(None),
        col(Leave.member_id).in_(
            sa.select(col(Membership.id)).where(col(Membership.cohort_id) == cohort.id)
        ),
    )
    for member, first, last in db.connection().execute(leaves):
        away[member] = (*away.get(member, ()), (first, last))
    found: list[Mapping[int, PaceKind]] = []
    for place, asked in enumerate(programme.requirements):
        # Few learners differ in all of this, and to project takes longer than to find it again.
        seen: dict[tuple[object, ...], PaceKind] = {}
        of: dict[int, PaceKind] = {}
        for line in lines:
            if line.id not in known:
                continue
            part, leave = known[line.id].parts[place], away.get(line.id, ())
            key = (part.approved + part.submitted, line.since, leave)
            if key not in seen:
                seen[key] = pace(programme, asked, part, today, line.since, leave)
            of[line.id] = seen[key]
        found.append(of)
    return found


def signed(db: Session, cohort: Cohort, reader: int) -> Mapping[tuple[str, str], set[int]]:
    """For each stage and side, the learners whose evaluation is signed."""
    theirs = sa.select(col(Membership.id)).where(*readable(cohort, reader, "read_evaluation"))
    rows = sa.select(
        col(Evaluation.stage), col(Evaluation.side), col(Evaluation.student_id)
    ).where(
        col(Evaluation.state) == EvaluationState.SIGNED, col(Evaluation.student_id).in_(theirs)
    )
    found: dict[tuple[str, str], set[int]] = {}
    for stage, side, student in db.connection().execute(rows):
        found.setdefault((stage, side), set()).add(student)
    return found


# ---------------------------------------------------------------- members


class MemberLine(NamedTuple):
    """Somebody in a cohort, in any role, as one line of a list."""

    id: int
    name: str
    role: Role
    unit_id: int | None
    unit: str
    presence: Presence
    invited_until: datetime | None
    """When the latest invitation expires or expired; `None` if there is none."""


def members(db: Session, cohort: Cohort, reader: int) -> list[MemberLine]:
    """The members of a cohort now whom somebody oversees, in the order of the roster."""
    latest = (
        sa.select(sa.func.max(col(Invite.id)))
        .where(col(Invite.revoked_at).is_(None))
        .group_by(col(Invite.membership_id))
    )
    invites = (
        sa.select(col(Invite.membership_id), col(Invite.expires_at))
        .where(col(Invite.id).in_(latest))
        .subquery()
    )
    found = (
        sa.select(
            col(Membership.id),
            col(Person.name),
            col(Membership.role),
            col(Membership.unit_id),
            sa.func.coalesce(col(Unit.name), ""),
            roster.presence_now(),
            invites.c.expires_at,
        )
        .join(Person, col(Person.id) == col(Membership.person_id))
        .outerjoin(Unit, col(Unit.id) == col(Membership.unit_id))
        .outerjoin(invites, invites.c.membership_id == col(Membership.id))
        .where(*roster.seen_in(cast(int, cohort.id), reader))
        .order_by(col(Membership.id))
    )
    rows: Iterable[Any] = db.connection().execute(found)
    return [MemberLine._make([*row[:5], PRESENCES[row[5]], row[6]]) for row in rows]


# ---------------------------------------------------------------- what waits


class WaitingLine(NamedTuple):
    """An entry that waits for somebody's word, as one line of a list."""

    id: int
    student_id: int
    name: str
    unit_id: int | None
    unit: str
    kind: RecordKind
    day: date
    since: datetime


def waiting(db: Session, cohort: Cohort, reader: int) -> list[WaitingLine]:
    """What waits in a cohort, of the learners whom somebody may read, the longest first."""
    rows = (
        sa.select(
            col(Record.id),
            col(Record.student_id),
            col(Person.name),
            col(Membership.unit_id),
            sa.func.coalesce(col(Unit.name), ""),
            col(Record.kind),
            col(Record.day),
            col(Record.submitted_at),
        )
        .join(Membership, col(Membership.id) == col(Record.student_id))
        .join(Person, col(Person.id) == col(Membership.person_id))
        .outerjoin(Unit, col(Unit.id) == col(Membership.unit_id))
        .where(*records.waits_in(cast(int, cohort.id), reader))
        .order_by(col(Record.submitted_at), col(Record.id))
    )
    found: Iterable[Any] = db.connection().execute(rows)
    return [WaitingLine(*row) for row in found]


def waiting_ages(
    db: Session, cohort: Cohort, reader: int, now: datetime
) -> tuple[datetime | None, Mapping[int, int]]:
    """Since when the oldest waiting entry has waited, and how many entries fall into each
    group of `AGES`, by the group's first day."""
    since = col(Record.submitted_at)
    counts = [
        sa.func.count().filter(
            since <= now - timedelta(first) if first else sa.true(),
            since > now - timedelta(last + 1) if last is not None else sa.true(),
        )
        for first, last in AGES
    ]
    waits = sa.select(sa.func.min(since), *counts).where(
        *records.waits_in(cast(int, cohort.id), reader)
    )
    oldest, *found = db.connection().execute(waits).one()
    return oldest, dict(zip((first for first, _ in AGES), found, strict=True))


AGES: Final = ((0, 2), (3, 6), (7, 13), (14, 29), (30, None))
"""Groups of waiting times, in days, each from its first to its last; offices remind after three
days."""


def age(since: datetime, now: datetime) -> int:
    """Whole days for which something has waited."""
    return (now - since).days


def age_group(days: int) -> int:
    """The first day of the group of `AGES` to which so many days belong."""
    return max(first for first, _ in AGES if days >= first)


# ---------------------------------------------------------------- reminders


class ReminderLine(NamedTuple):
    """A reminder around a learner, as one line of a list."""

    id: int
    student_id: int
    name: str
    unit: str
    whom: str
    rule: str
    about: str
    which: str
    """The material, or the number of the session, that it is about; else a period."""
    state: ReminderState
    due: datetime
    told: date | None


def reminders(db: Session, cohort: Cohort, reader: int, now: datetime) -> list[ReminderLine]:
    """The reminders that are to be sent about the learners whom somebody may read, and
    those sent lately, the latest first.

    The people reminded are the learners, those who cultivate them, and members whom the reader
    oversees. Reminders to anybody else, such as an office above, are left out.
    """
    theirs = sa.select(col(Membership.id)).where(*readable(cohort, reader))
    told = aliased(Person)
    mentor = aliased(Membership)
    cultivates = sa.exists().where(
        col(Mentoring.student_id) == col(Membership.id),
        col(Mentoring.ended_at).is_(None),
        col(mentor.id) == col(Mentoring.mentor_id),
        col(mentor.person_id) == col(Reminder.person_id),
    )
    found = (
        sa.select(
            col(Reminder.id),
            col(Membership.id),
            col(Person.name),
            sa.func.coalesce(col(Unit.name), ""),
            col(told.name),
            col(Reminder.rule),
            col(Reminder.about),
            col(Reminder.period),
            col(Reminder.state),
            col(Reminder.due_at),
            col(Reminder.told_on),
            col(Reminder.person_id),
            (col(Reminder.person_id) == col(Membership.person_id)) | cultivates,
        )
        .join(Membership, col(Membership.id) == col(Reminder.learner_id))
        .join(Person, col(Person.id) == col(Membership.person_id))
        .join(told, col(told.id) == col(Reminder.person_id))
        .outerjoin(Unit, col(Unit.id) == col(Membership.unit_id))
        .where(
            col(Membership.id).in_(theirs),
            (col(Reminder.state) == ReminderState.WAITING)
            | (
                (col(Reminder.state) == ReminderState.TOLD)
                & (col(Reminder.told_on) > beijing_day(now - LATELY))
            ),
        )
        .order_by(col(Reminder.due_at).desc(), col(Reminder.id).desc())
        .limit(MOST)
    )
    seen = sa.select(col(Membership.person_id)).where(
        *roster.seen_in(cast(int, cohort.id), reader)
    )
    overseen = set(db.connection().execute(seen).scalars())
    rows: Iterable[Any] = db.connection().execute(found)
    return [
        ReminderLine._make((*row[:7], row[7].partition(" ")[0], *row[8:11]))
        for row in rows
        if row[12] or row[11] in overseen
    ]


OF_SESSIONS: Final = (RecordKind.DIARY, RecordKind.MEETING_RECORD)
"""What is written about one session, and so reminded of for each."""


def days_of(db: Session, lines: Sequence[ReminderLine]) -> dict[str, date]:
    """The days of the sessions that reminders are about, by what the lines call them."""
    numbers = {
        int(line.which) for line in lines if line.about in OF_SESSIONS and line.which.isdecimal()
    }
    rows = db.execute(
        sa.select(col(Record.id), col(Record.day)).where(col(Record.id).in_(numbers))
    )
    return {str(number): day for number, day in rows}


LATELY: Final = timedelta(days=30)
"""How long reminders and acts stay in their lists."""
MOST: Final = 5000
"""Lines of a list of what has happened, the latest first."""


# ---------------------------------------------------------------- what staff did


class ActLine(NamedTuple):
    """An act of somebody on the staff, as one line of a list."""

    id: int
    at: datetime
    who: str
    role: Role
    verb: str
    learner_id: int | None
    """The member to whom it was done; empty for what is done to a whole cohort."""
    whom: str
    whose_role: Role | None
    detail: Mapping[str, Any]


OTHER_VERBS: Final = (
    *("look", "add_member", "change_member", "restore_member"),
    *("link_mentor", "unlink", "invite", "join", "withdraw_handover", "take_over"),
    *("drop_bulletin", "decline_bulletin", "pause_bulletin", "resume_bulletin"),
    *("cancel_bulletin", "remind_bulletin", "undo_roster", "remind_expert"),
    *("settle_reply", "reissue_certificate", "give_up_leave", "end_delegation"),
    *("link_delegate", "unlink_delegate", "postpone_retention", "export"),
)
"""Acts that have no row of their own in the table of rights: they are done at the server, are
looks, or come under another act's row."""
NARROWER: Final = (
    *("hand_over", "send_bulletin", "import_roster", "take_leave", "appoint_delegate"),
    *("set_retention", "end_member"),
)
"""Acts whose row in the table of rights names others as well."""
EXPORT: Final = "export"
OF_COHORTS: Final = ("cohort", certificates.ORDER, rehearsals.ORDER)
"""The objects of acts done to a whole cohort, whose number is the cohort's."""


def note_export(db: Session, actor: Actor, cohort: Cohort, tab: str, count: int) -> None:
    """Note that a list of a cohort was exported, and how many lines it had."""
    audit.note(db, actor, EXPORT, "cohort", cohort.id, list=tab, count=count)


def acts(db: Session, cohort: Cohort, reader: int, now: datetime) -> list[ActLine]:
    """What staff whom somebody oversees did lately to members whom they oversee, and to their
    entries, evaluations and certificates; to the cohort, and with its bulletins. The latest come
    first."""
    seen = sa.select(col(Membership.id)).where(*roster.seen_in(cast(int, cohort.id), reader))
    by, whom = aliased(Membership), aliased(Membership)
    doer, person = aliased(Person), aliased(Person)
    what, number = col(Audit.object), col(Audit.object_id)
    of = sa.case(
        (what == "record", col(Record.student_id)),
        (what == "evaluation", col(Evaluation.student_id)),
        (what == "certificate", col(Certificate.member_id)),
        (what == "membership", number),
    )
    of_all = (what.in_(OF_COHORTS) & (number == cohort.id)) | (
        (what == "bulletin") & (col(Bulletin.cohort_id) == cohort.id)
    )
    found = (
        sa.select(
            col(Audit.id),
            col(Audit.at),
            col(doer.name),
            col(by.role),
            col(Audit.verb),
            col(whom.id),
            sa.func.coalesce(col(person.name), ""),
            col(whom.role),
            col(Audit.detail),
        )
        .select_from(Audit)
        .join(by, col(by.person_id) == col(Audit.person_id))
        .join(doer, col(doer.id) == col(by.person_id))
        .outerjoin(Record, (what == "record") & (col(Record.id) == number))
        .outerjoin(Evaluation, (what == "evaluation") & (col(Evaluation.id) == number))
        .outerjoin(Certificate, (what == "certificate") & (col(Certificate.id) == number))
        .outerjoin(Bulletin, (what == "bulletin") & (col(Bulletin.id) == number))
        .outerjoin(whom, col(whom.id) == of)
        .outerjoin(person, col(person.id) == col(whom.person_id))
        .where(
            col(Audit.at) > now - LATELY,
            col(Audit.refused) == "",
            col(Audit.verb).in_([*RIGHTS, *OTHER_VERBS]),
            col(by.id).in_(seen),
            col(by.role).not_in([*LEARNERS, Role.GUARDIAN]),
            col(whom.id).in_(seen) | of_all,
        )
        .order_by(col(Audit.id).desc())
        .limit(MOST)
    )
    rows: Iterable[Any] = db.connection().execute(found)
    # Somebody with two places on the staff did it once.
    once = {row[0]: ActLine(*row) for row in rows}
    return [*once.values()]

"""How long the records of a cohort are kept after its end, if its office has set that.

No document says how long, so nothing is deleted unless an office has set the months. Fourteen days
before anything is deleted, the cohort's coordinators are told how much, and may postpone it.
Evaluations, certificates, the roster and the audit stay.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import delete, func, or_, update
from sqlmodel import Session, col, select

from bot.scene import TO_MENU
from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Message, press
from prompts import t
from services import audit, help_calls, notices
from services.access import allow, holders
from services.packs import found
from storage.tables import (
    BulletinFile,
    Certificate,
    Cohort,
    File,
    HelpCall,
    Membership,
    Opening,
    Outbox,
    PlatformEntry,
    Record,
    RecordFile,
    RecordVersion,
    Retention,
    RetentionKind,
    Review,
    SendState,
)

NOTICE: Final = timedelta(days=14)
"""How long before a deletion the office is told."""
LONGER: Final = timedelta(days=90)
"""How long one press postpones a deletion."""
SET: Final = "set_retention"


# ---------------------------------------------------------------- what the office says


def least_months(history_days: int) -> int:
    """The fewest months that may be set. Until then, other people's chats may still show cards of
    the entries."""
    return history_days // 30 + 1


def set_months(
    db: Session, by: Operator, cohort_id: int, kind: RetentionKind, months: int | None, least: int
) -> date | None:
    """Set after how many months records are deleted, at least `least`, or that they are
    kept. Returns the first day on which they can be deleted, if they are. Raises `Refused`."""
    rule = rule_of(db, cohort_id, kind)
    before = rule.months if rule else None
    if months is None:
        if rule is not None:
            db.delete(rule)
    elif months < least:
        raise _refused(t("retention.too_soon", least=least), cohort_id)
    else:
        rule = rule or Retention(cohort_id=cohort_id, kind=kind, months=months)
        # What was told before is told again for the new day.
        rule.months, rule.announced_for, rule.done_at = months, None, None
        db.add(rule)
        db.flush()
        if due(db, rule) is None:
            raise _refused(t("retention.no_end"), cohort_id)
    audit.note(db, by, SET, "cohort", cohort_id, kind=kind.value, months=months, before=before)
    if rule is None or months is None:
        return None
    return soonest(db, rule, beijing_day(by.now))


def rules(db: Session) -> list[tuple[Retention, Cohort]]:
    """Every rule that an office has set."""
    query = select(Retention, Cohort).join(Cohort, col(Cohort.id) == col(Retention.cohort_id))
    return list(db.exec(query.order_by(col(Retention.id))))


def due(db: Session, rule: Retention) -> date | None:
    """The first day on which records may be deleted; `None` where the document names no end of the
    cycle."""
    cohort = cast(Cohort, db.get(Cohort, rule.cohort_id))
    pack = found(cohort.programme)
    if pack is None or pack.cycle.last_day is None:
        return None
    day = _months_after(pack.cycle.last_day, rule.months)
    return max(day, rule.not_before or day)


def _months_after(day: date, months: int) -> date:
    """The same day so many months later, or that month's last day if it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def soonest(db: Session, rule: Retention, today: date) -> date | None:
    """The first day on which records can be deleted, since the office must be told 14 days
    before."""
    day = due(db, rule)
    return rule.announced_for or (day and max(day, today + NOTICE))


def can_be_told(db: Session, rule: Retention) -> bool:
    """Whether anybody who is responsible for the whole cohort can be told in a chat."""
    return any(notices.reaches(db, person) for person in _answering(db, rule))


def _answering(db: Session, rule: Retention) -> Collection[int]:
    """The coordinators of the whole cohort, and those of offices above it."""
    return dict.fromkeys(one.person for one in holders(db, SET, rule.cohort_id))


def postpone(db: Session, by: Actor | Operator, number: int) -> date:
    """Postpone a deletion by 90 days. Returns the day on which it is due then. Raises
    `Refused`."""
    rule = db.get(Retention, number)
    if isinstance(by, Actor):
        allow(db, by, SET, rule.cohort_id if rule else 0)
    if rule is None or rule.done_at is not None:
        raise _refused(t("retention.done_already"), rule.cohort_id if rule else None)
    today = beijing_day(by.now)
    rule.not_before = max(rule.announced_for or today, due(db, rule) or today) + LONGER
    rule.announced_for = None
    db.add(rule)
    told = {"kind": rule.kind.value, "until": rule.not_before.isoformat()}
    audit.note(db, by, "postpone_retention", "cohort", rule.cohort_id, **cast(Any, told))
    return rule.not_before


def rule_of(db: Session, cohort_id: int, kind: RetentionKind) -> Retention | None:
    """The rule that a cohort's office has set, if it has."""
    here = Retention.cohort_id == cohort_id, Retention.kind == kind
    return db.exec(select(Retention).where(*here)).first()


def _refused(words: Any, cohort_id: int | None) -> Refused:
    return Refused(words, verb=SET, object="cohort", object_id=cohort_id)


# ---------------------------------------------------------------- telling, and deleting


@dataclass(frozen=True, slots=True)
class Concerned:
    """How much would be deleted."""

    learners: int
    entries: int
    files: int


def concerned(db: Session, rule: Retention) -> Concerned:
    entries = select(Record.id, Record.student_id).where(col(Record.student_id).in_(_places(rule)))
    rows = db.exec(entries).all()
    numbers = select(Record.id).where(col(Record.student_id).in_(_places(rule)))
    files = select(func.count()).select_from(RecordFile)
    count = db.exec(files.where(col(RecordFile.record_id).in_(numbers))).one()
    return Concerned(len({student for _, student in rows}), len(rows), count)


def _places(rule: Retention) -> Any:
    return select(Membership.id).where(Membership.cohort_id == rule.cohort_id)


def announce(db: Session, now: datetime) -> None:
    """Tell the coordinators of whole cohorts what is due to be deleted within 14 days.

    Nothing is deleted sooner than 14 days after one of them was told. While none of them has a
    chat, it waits.
    """
    today = beijing_day(now)
    for rule, cohort in rules(db):
        if rule.announced_for and today >= rule.announced_for and not _was_told(db, rule):
            rule.announced_for = None
            db.add(rule)
        day = due(db, rule)
        if rule.done_at or rule.announced_for or day is None or today < day - NOTICE:
            continue
        if not can_be_told(db, rule):
            continue
        rule.announced_for = max(day, today + NOTICE)
        db.add(rule)
        much = concerned(db, rule)
        words = t(
            f"retention.soon_{rule.kind}",
            cohort=cohort.name,
            day=rule.announced_for,
            months=rule.months,
            learners=much.learners,
            entries=much.entries,
            files=much.files,
        )
        later = Choice(press("postpone_retention", rule.id or 0), t("retention.postpone"))
        message = Message(words, ((later,), (TO_MENU,)), title=t("retention.title"))
        by = Operator(now)
        for person in _answering(db, rule):
            notices.tell(db, by, person, message, _key(rule))
        audit.note(
            db,
            by,
            "announce_retention",
            "cohort",
            rule.cohort_id,
            kind=rule.kind.value,
            on=rule.announced_for.isoformat(),
            entries=much.entries,
            files=much.files,
        )


def _key(rule: Retention) -> str:
    return f"retention:{rule.id}:{rule.announced_for}"


def _was_told(db: Session, rule: Retention) -> bool:
    """Whether a notice arrived in a chat at least 14 days before the day of the deletion."""
    arrived = select(func.min(col(Outbox.sent_at))).where(
        col(Outbox.key).startswith(f"{_key(rule)}:", autoescape=True),
        Outbox.state == SendState.SENT,
    )
    first = db.exec(arrived).one()
    return bool(first and rule.announced_for and beijing_day(first) <= rule.announced_for - NOTICE)


def step(db: Session, now: datetime) -> bool:
    """Delete what is due of one learner. Returns whether there may be more.

    Each learner is one transaction, with its audit row. After a crash it goes on with the next
    learner.
    """
    today = beijing_day(now)
    for rule, _ in rules(db):
        if rule.done_at or rule.announced_for is None or today < rule.announced_for:
            continue
        if not _was_told(db, rule):
            continue
        student = _next(db, rule)
        if student is None:
            rule.done_at = now
            db.add(rule)
            told = {"kind": rule.kind.value}
            audit.note(
                db, Operator(now), "end_retention", "cohort", rule.cohort_id, **cast(Any, told)
            )
            return True
        _delete(db, now, rule, student)
        return True
    return False


def _next(db: Session, rule: Retention) -> int | None:
    """A learner of whom something is still to be deleted."""
    query = select(Record.student_id).where(col(Record.student_id).in_(_places(rule)))
    if rule.kind is RetentionKind.FILES:
        query = query.join(RecordFile, col(RecordFile.record_id) == col(Record.id))
    found = db.exec(query.order_by(col(Record.student_id)).limit(1)).first()
    if found is None and rule.kind is RetentionKind.ENTRIES:
        calls = select(HelpCall.learner_id).where(col(HelpCall.learner_id).in_(_places(rule)))
        found = db.exec(calls.order_by(col(HelpCall.learner_id)).limit(1)).first()
    return found


def _delete(db: Session, now: datetime, rule: Retention, student: int) -> None:
    here = db.connection()
    entries = list(db.exec(select(Record.id).where(Record.student_id == student)))
    shown = list(db.exec(select(RecordFile.file_id).where(col(RecordFile.record_id).in_(entries))))
    here.execute(delete(RecordFile).where(col(RecordFile.record_id).in_(entries)))
    _delete_files(db, shown)
    if rule.kind is RetentionKind.ENTRIES:
        for model in (RecordVersion, Review, Opening, PlatformEntry):
            here.execute(delete(model).where(col(model.record_id).in_(entries)))
        here.execute(update(Record).where(col(Record.about_id).in_(entries)).values(about_id=None))
        here.execute(delete(Record).where(col(Record.id).in_(entries)))
        help_calls.forget(db, [student])
    audit.note(
        db,
        Operator(now),
        "retention",
        "membership",
        student,
        kind=rule.kind.value,
        entries=len(entries) if rule.kind is RetentionKind.ENTRIES else 0,
        files=len(shown),
    )
    db.expire_all()


def _delete_files(db: Session, files: Collection[int]) -> None:
    """Delete the rows of files that nothing else shows; their bytes go with the unused files."""
    used = or_(
        col(File.id).in_(select(RecordFile.file_id)),
        col(File.id).in_(select(BulletinFile.file_id)),
        col(File.id).in_(select(Certificate.file_id).where(col(Certificate.file_id).is_not(None))),
    )
    db.connection().execute(delete(File).where(col(File.id).in_(files), ~used))

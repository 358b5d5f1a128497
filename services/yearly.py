"""What an office shows of a year: what is kept, who consented, who looked, what was issued and
erased. Numbers only: nobody's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import func, true
from sqlmodel import Session, SQLModel, col, select

from prompts import BEIJING
from services import help_calls, retention
from services.access import LEARNERS
from services.consent import stands
from services.looking import LOOK
from storage.tables import (
    Audit,
    Certificate,
    Cohort,
    Evaluation,
    File,
    Guardianship,
    Inquiry,
    Membership,
    Outbox,
    Record,
    RecordState,
    RecordVersion,
    Retention,
    Review,
    Revocation,
    SaidLine,
    StoredTalk,
    table,
)

AT_ONCE: Final = 5000
"""Audit rows that are counted in one transaction."""
_OF_ALL: Final[dict[str, type[SQLModel]]] = {
    "drafts": StoredTalk,
    "said": SaidLine,
    "told": Outbox,
    "questions": Inquiry,
    "audit": Audit,
}
"""What belongs to no cohort."""
LEFT: Final = ("copy_data", "list_hours", "make_summary", "make_dossier", "backup", "audit_pack")
"""Acts by which data leave the database: copies, lists, papers, backups."""
ERASED: Final = ("erase", "erase_data", "retention", "undo_roster", "withdraw", "remove_document")
"""Acts by which something is deleted or shut."""


@dataclass(slots=True)
class Year:
    """What was counted of a year."""

    number: int
    cohort: Cohort | None = None
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How much is kept now: kind, and kind within it."""
    bytes_of_files: int = 0
    consents: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """The consents that there are now: version of the words, way, state."""
    looks: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often staff opened something of a learner's: as whom, and what."""
    done: Counter[str] = field(default_factory=Counter)
    """Acts, by name."""
    refused: Counter[str] = field(default_factory=Counter)
    issued: int = 0
    revoked: int = 0
    rules: list[tuple[Retention, Cohort]] = field(default_factory=list)
    """How long what is kept, where an office has said so."""
    counted_to: int = 0
    """The last audit row that was counted."""
    people: Collection[int] = ()
    """The people of the cohort, if there is one."""
    learners: Collection[int] = ()

    @property
    def begins(self) -> datetime:
        return datetime(self.number, 1, 1, tzinfo=BEIJING)

    @property
    def ends(self) -> datetime:
        return datetime(self.number + 1, 1, 1, tzinfo=BEIJING) - timedelta(microseconds=1)


def begin(db: Session, year: int, cohort: Cohort | None) -> Year:
    """Count what there is now; the acts of the year come with `count_acts`."""
    made = Year(year, cohort)
    places = select(Membership.id, Membership.person_id, Membership.role)
    if cohort is not None:
        places = places.where(Membership.cohort_id == cohort.id)
    rows = db.exec(places).all()
    made.people = {person for _, person, _ in rows}
    made.learners = {cast(int, number) for number, _, role in rows if role in LEARNERS}
    made.rules = [
        (rule, of) for rule, of in retention.rules(db) if cohort is None or of.id == cohort.id
    ]
    _count_kept(db, made)
    _count_consents(db, made)
    _count_certificates(db, made)
    return made


def _count_kept(db: Session, year: Year) -> None:
    here = db.connection()
    membership, record = table(Membership), table(Record)
    whole = year.cohort is None
    mine = true() if whole else membership.c.cohort_id == cast(Cohort, year.cohort).id
    theirs = select(membership.c.id).where(mine).scalar_subquery()
    owners = select(membership.c.person_id).where(mine).scalar_subquery()
    count = func.count()
    for role, number in here.execute(
        select(membership.c.role, count).where(mine).group_by(membership.c.role)
    ):
        year.kept["people", role] = number
    of_them = record.c.student_id.in_(theirs)
    for kind, state, number in here.execute(
        select(record.c.kind, record.c.state, count)
        .where(of_them)
        .group_by(record.c.kind, record.c.state)
    ):
        year.kept["records", kind] += number
        if state is RecordState.APPROVED:
            year.kept["approved", kind] += number
    entries = select(record.c.id).where(of_them).scalar_subquery()
    for name, model, condition in (
        ("versions", RecordVersion, col(RecordVersion.record_id).in_(entries)),
        ("reviews", Review, col(Review.record_id).in_(entries)),
        ("evaluations", Evaluation, col(Evaluation.student_id).in_(theirs)),
        ("certificates", Certificate, col(Certificate.member_id).in_(theirs)),
    ):
        query = select(count).select_from(model).where(condition)
        year.kept["other", name] = int(here.execute(query).scalar_one())
    files = select(count, func.coalesce(func.sum(col(File.size)), 0)).where(
        col(File.owner_id).in_(owners), col(File.expires_at).is_(None)
    )
    year.kept["other", "files"], year.bytes_of_files = map(int, here.execute(files).one())
    if whole:
        for name, kind in _OF_ALL.items():
            query = select(count).select_from(table(kind))
            year.kept["other", name] = int(here.execute(query).scalar_one())


def _count_consents(db: Session, year: Year) -> None:
    for link in db.exec(select(Guardianship)):
        if link.child_id not in year.people or link.consented_at is None:
            continue
        state = "ended" if link.ended_at else "withdrawn" if link.withdrawn_at else "old"
        if state == "old" and stands(link):
            state = "given"
        year.consents[link.consent_version, link.consent_way, state] += 1


def _count_certificates(db: Session, year: Year) -> None:
    for at, student in db.exec(select(Certificate.issued_at, Certificate.member_id)):
        year.issued += student in year.learners and year.begins <= at <= year.ends
    rows = select(Revocation.at, Certificate.member_id).join(
        Certificate, col(Certificate.id) == col(Revocation.certificate_id)
    )
    for at, student in db.exec(rows):
        year.revoked += student in year.learners and year.begins <= at <= year.ends


def count_acts(db: Session, year: Year) -> bool:
    """Count the next acts of the year; tells whether there are more."""
    audit = table(Audit)
    rows = (
        db.connection()
        .execute(
            select(*audit.c)
            .where(audit.c.id > year.counted_to)
            .order_by(audit.c.id)
            .limit(AT_ONCE)
        )
        .all()
    )
    for row in rows:
        year.counted_to = row.id
        if year.begins <= row.at <= year.ends:
            _count_act(year, row)
    return len(rows) == AT_ONCE


def _count_act(year: Year, row: Any) -> None:
    if row.verb == LOOK and not row.refused:
        seen = {int(one) for one in str(row.detail.get("of", "")).split(",") if one}
        if not seen.isdisjoint(year.learners):
            year.looks[str(row.detail.get("relation", "")), row.object] += 1
        return
    # What the office does at the command line belongs to no cohort. Calls for help are counted
    # only over all of them: in a cohort of twelve, one is a name.
    if year.cohort is not None and (
        row.person_id not in year.people or row.object == help_calls.OBJECT
    ):
        return
    (year.refused if row.refused else year.done)[row.verb] += 1

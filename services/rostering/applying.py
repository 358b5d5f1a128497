"""Carrying out a plan in small transactions, and taking it back.

An import notes every row that it makes or changes. Undoing it deletes what it made and puts back
what it changed, as long as nothing has come to hang on it since; what has, stays, and is counted.
Only a cohort's latest import can be taken back: what was noted of the one before goes when the
next begins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.talk.acting import Refused
from prompts import Text, t
from services import audit, consent, reminders, roster
from services.access import LEARNERS
from services.packs import load
from services.roster import By
from services.rostering.entries import RosterEntry, name_key
from services.rostering.plan import Planned, RosterPlan
from storage.tables import (
    Cohort,
    Guardianship,
    ImportState,
    Invite,
    Membership,
    Mentoring,
    Person,
    Role,
    RosterChange,
    RosterImport,
    Unit,
    UnitKind,
    metadata,
)

STEP: Final = 20
"""Rows of a sheet in one transaction: nobody waits longer than these take."""
UNDO_STEP: Final = 60
"""Noted changes taken back in one transaction."""

Late = tuple[int, Text]
"""A row that was planned and could not be done after all, with the reason."""


# ---------------------------------------------------------------- carrying out


def begin(db: Session, by: By, cohort_id: int) -> int:
    """Begin an import, or go on with one of the cohort that was broken off. Returns its number.

    From now on the import before can no more be taken back.
    """
    roster.find_cohort(db, cohort_id)
    latest = latest_import(db, cohort_id)
    if latest is not None and latest.state is ImportState.UNDOING:
        raise Refused(t("rostering.undo_first"), verb="import_roster")
    if latest is not None and latest.state is ImportState.RUNNING:
        return cast(int, latest.id)
    earlier = select(RosterImport.id).where(RosterImport.cohort_id == cohort_id)
    db.connection().execute(
        sa.delete(RosterChange).where(col(RosterChange.import_id).in_(earlier))
    )
    row = RosterImport(
        cohort_id=cohort_id,
        made_by=by.person_id,
        state=ImportState.RUNNING,
        began_at=by.now,
    )
    db.add(row)
    db.flush()
    return cast(int, row.id)


def steps(plan: RosterPlan) -> Iterator[Sequence[Planned]]:
    """A plan in portions, each for one transaction."""
    every = iter((*plan.new, *plan.changed))
    while part := list(islice(every, STEP)):
        yield part


def step(db: Session, by: By, import_id: int, part: Sequence[Planned], today: date) -> list[Late]:
    """Carry out a portion of a plan that was made for a day. Returns the rows that were refused
    after all."""
    row = db.get(RosterImport, import_id, with_for_update=True)
    if row is None or row.state is not ImportState.RUNNING:
        raise Refused(t("rostering.not_running"), verb="import_roster")
    work = _Work(db, by, row, today)
    for planned in part:
        try:
            with db.begin_nested():
                work.do(planned)
        except Refused as refused:
            work.late.append((planned.entry.row, refused.words))
    return work.late


def finish(db: Session, by: By, import_id: int, plan: RosterPlan) -> None:
    """End an import: note it with its counts, and no name."""
    row = cast(RosterImport, db.get(RosterImport, import_id))
    row.state, row.ended_at = ImportState.DONE, by.now
    db.add(row)
    counts = {**plan.counts, "new": row.new, "changed": row.changed}
    audit.note(db, by, "import_roster", "cohort", row.cohort_id, **counts)


class _Work:
    """One portion of an import."""

    def __init__(self, db: Session, by: By, row: RosterImport, today: date) -> None:
        self._db, self._by, self._row, self._today = db, by, row, today
        self._cohort = cast(Cohort, db.get(Cohort, row.cohort_id))
        self._programme = load(self._cohort.programme)
        self.late: list[Late] = []

    def do(self, planned: Planned) -> None:
        if planned.member is None:
            self._add(planned.entry)
            self._row.new += 1
        else:
            self._change(planned)
            self._row.changed += 1
        self._db.add(self._row)

    def _add(self, entry: RosterEntry) -> None:
        person = roster.add_person(self._db, self._by, entry.name, entry.born)
        self._made("person", person.id)
        member, _ = roster.add_member(
            self._db,
            self._by,
            self._row.cohort_id,
            cast(int, person.id),
            entry.role,
            unit_id=self._unit(entry),
            team_id=self._team(entry),
            subject=entry.subject,
            grade=entry.grade,
        )
        self._made("membership", member.id)
        self._link(entry, cast(int, member.id))

    def _change(self, planned: Planned) -> None:
        entry, member = planned.entry, cast(roster.Member, planned.member)
        now = roster.find_member(self._db, member.id)
        if "born" in planned.changes and entry.born:
            before = {"birth_date": _day(now.person.birth_date)}
            roster.correct_person(self._db, self._by, cast(int, now.person.id), born=entry.born)
            self._changed("person", now.person.id, before, {"birth_date": _day(entry.born)})
        wanted: dict[str, Any] = {}
        if "grade" in planned.changes:
            wanted["grade"] = entry.grade
        if "subject" in planned.changes:
            wanted["subject"] = entry.subject
        if "school" in planned.changes:
            wanted["unit_id"] = self._unit(entry)
        if "team" in planned.changes:
            wanted["team_id"] = self._team(entry)
        if wanted:
            before = {key: getattr(now.membership, key) for key in wanted}
            done = roster.change_member(self._db, self._by, member.id, **wanted)
            after = {key: getattr(done, key) for key in wanted}
            self._changed("membership", member.id, before, after)
        self._link(entry, member.id)

    # ------------------------------------------------------------ places

    def _unit(self, entry: RosterEntry) -> int | None:
        kinds = roster.UNIT_OF.get(entry.role, ())
        if not entry.school or not kinds:
            return None
        for kind in kinds:
            if (known := roster.find_unit(self._db, kind, entry.school)) is not None:
                return known.id
        above = self._cohort.office_id
        if entry.city and kinds[0] is UnitKind.SCHOOL:
            above = self._unit_called(UnitKind.CITY, entry.city, above)
        return self._unit_called(kinds[0], entry.school, above)

    def _team(self, entry: RosterEntry) -> int | None:
        if not entry.team:
            return None
        return self._unit_called(UnitKind.TEAM, entry.team, self._cohort.office_id)

    def _unit_called(self, kind: UnitKind, name: str, above: int | None) -> int:
        known = roster.find_unit(self._db, kind, name)
        if known is None:
            known = roster.add_unit(self._db, self._by, kind, name, above)
            self._made("unit", known.id)
        return cast(int, known.id)

    # ------------------------------------------------------------ links

    def _link(self, entry: RosterEntry, member_id: int) -> None:
        for name in entry.mentors:
            mentors = self._called(name, (Role.MENTOR, Role.TEAM_MEMBER))
            if len(mentors) != 1 or self._linked(member_id, mentors[0]):
                continue
            try:
                with self._db.begin_nested():
                    roster.link_mentor(self._db, self._by, member_id, mentors[0])
            except Refused:
                # The plan has said so: the mentor has as many as the programme allows.
                continue
            link = self._db.exec(
                select(Mentoring.id).where(
                    Mentoring.student_id == member_id, Mentoring.mentor_id == mentors[0]
                )
            ).one()
            self._made("mentoring", link)
        if entry.role in LEARNERS and entry.guardians:
            self._guard(entry, member_id)

    def _guard(self, entry: RosterEntry, member_id: int) -> None:
        """Add a child's guardians, where their consent is needed: of nobody else are they kept."""
        child = roster.find_member(self._db, member_id)
        born, grade = child.person.birth_date, child.membership.grade
        if not consent.needed(born, grade, self._programme, self._today):
            return
        known = {
            name_key(one.person.name)
            for one in roster.linked(self._db, child)
            if one.membership.role is Role.GUARDIAN
        }
        for name in entry.guardians:
            if name_key(name) in known:
                continue
            person = roster.add_person(self._db, self._by, name)
            self._made("person", person.id)
            place, _ = roster.add_member(
                self._db,
                self._by,
                self._row.cohort_id,
                cast(int, person.id),
                Role.GUARDIAN,
            )
            self._made("membership", place.id)
            link = roster.link_guardian(self._db, self._by, member_id, cast(int, place.id))
            self._made("guardianship", link.id)

    def _called(self, name: str, roles: Collection[Role]) -> list[int]:
        found = self._db.exec(
            select(Membership.id, Person.name)
            .join(Person, col(Person.id) == col(Membership.person_id))
            .where(
                Membership.cohort_id == self._row.cohort_id,
                col(Membership.role).in_(roles),
                col(Membership.ended_at).is_(None),
            )
        )
        return [cast(int, number) for number, one in found if name_key(one) == name_key(name)]

    def _linked(self, student: int, mentor: int) -> bool:
        link = select(Mentoring.id).where(
            Mentoring.student_id == student,
            Mentoring.mentor_id == mentor,
            col(Mentoring.ended_at).is_(None),
        )
        return self._db.exec(link).first() is not None

    # ------------------------------------------------------------ what is noted

    def _made(self, kind: str, number: int | None) -> None:
        self._note(kind, number, None, None)

    def _changed(
        self, kind: str, number: int | None, before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        self._note(kind, number, before, after)

    def _note(
        self,
        kind: str,
        number: int | None,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        self._db.add(
            RosterChange(
                import_id=cast(int, self._row.id),
                kind=kind,
                object_id=cast(int, number),
                before=before,
                after=after,
            )
        )


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


# ---------------------------------------------------------------- taking back


@dataclass(slots=True)
class Undone:
    """What an undoing has done so far."""

    people: int = 0
    """Places that were taken back."""
    restored: int = 0
    kept: int = 0
    """Rows that stay, because something has come to hang on them, or changed them, since."""
    over: bool = False


def latest_import(db: Session, cohort_id: int) -> RosterImport | None:
    return db.exec(
        select(RosterImport)
        .where(RosterImport.cohort_id == cohort_id)
        .order_by(col(RosterImport.id).desc())
    ).first()


def begin_undo(db: Session, by: By, cohort_id: int) -> int:
    """Begin to take back the latest import of a cohort. Returns its number. Raises `Refused` if
    there is none that can be."""
    roster.find_cohort(db, cohort_id)
    row = latest_import(db, cohort_id)
    if row is None or row.state is ImportState.UNDONE:
        raise Refused(
            t("rostering.nothing_to_undo"),
            verb="undo_roster",
            object="cohort",
            object_id=cohort_id,
        )
    row.state = ImportState.UNDOING
    db.add(row)
    return cast(int, row.id)


def undo_step(db: Session, by: By, import_id: int, so_far: Undone) -> Undone:
    """Take back a portion, the latest changes first; `over` when nothing is left.

    What stays for good is left out of what is looked at next.
    """
    row = db.get(RosterImport, import_id, with_for_update=True)
    if row is None or row.state is not ImportState.UNDOING:
        raise Refused(t("rostering.nothing_to_undo"), verb="undo_roster")
    part = list(
        db.exec(
            select(RosterChange)
            .where(RosterChange.import_id == import_id)
            .order_by(col(RosterChange.id).desc())
            .limit(UNDO_STEP)
        )
    )
    if not part:
        row.state, row.ended_at = ImportState.UNDONE, by.now
        db.add(row)
        so_far.over = True
        counts = {"people": so_far.people, "restored": so_far.restored, "kept": so_far.kept}
        audit.note(db, by, "undo_roster", "cohort", row.cohort_id, **counts)
        return so_far
    for change in part:
        if change.before is not None:
            done = _put_back(db, change)
            so_far.restored += done
        else:
            done = _take_back(db, change)
            so_far.people += done and change.kind == "membership"
        so_far.kept += not done
        db.delete(change)
        db.flush()
    return so_far


def _put_back(db: Session, change: RosterChange) -> bool:
    """Give a row its old values again, if it still has those that the import gave it."""
    row: Any = db.get(_MODELS[change.kind], change.object_id)
    after, before = change.after or {}, change.before or {}
    if row is None or any(_plain(getattr(row, key)) != value for key, value in after.items()):
        return False
    for key, value in before.items():
        is_day = key == "birth_date" and value is not None
        setattr(row, key, date.fromisoformat(value) if is_day else value)
    db.add(row)
    return True


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _take_back(db: Session, change: RosterChange) -> bool:
    """Delete a row that the import made, if nothing hangs on it."""
    row: Any = db.get(_MODELS[change.kind], change.object_id)
    if row is None:
        return True
    if isinstance(row, Guardianship) and (row.consented_at or row.withdrawn_at):
        return False
    number = change.object_id
    if change.kind == "membership":
        if row.ended_at is not None or _joined(db, row.person_id):
            return False
        _forget_derived(db, number)
    if _hung_on(db, change.kind, number):
        return False
    db.delete(row)
    db.flush()
    return True


def _joined(db: Session, person_id: int) -> bool:
    account = metadata.tables["account"]
    found = sa.select(account.c.id).where(account.c.person_id == person_id).limit(1)
    return db.connection().execute(found).first() is not None


def _forget_derived(db: Session, member_id: int) -> None:
    """Delete what was only worked out for a place: codes that nobody used, days to look at it."""
    here = db.connection()
    unused = col(Invite.membership_id) == member_id, col(Invite.used_at).is_(None)
    here.execute(sa.delete(Invite).where(*unused))
    reminders.forget_place(db, member_id)


def _hung_on(db: Session, table: str, number: int) -> bool:
    """Whether any row of any table refers to this one."""
    here = db.connection()
    target = metadata.tables[table].c.id
    for other in metadata.tables.values():
        for column in other.columns:
            if any(key.column is target for key in column.foreign_keys):
                found = sa.select(sa.literal(1)).select_from(other).where(column == number)
                if here.execute(found.limit(1)).first() is not None:
                    return True
    return False


_MODELS: Final[Mapping[str, Any]] = {
    "person": Person,
    "membership": Membership,
    "unit": Unit,
    "mentoring": Mentoring,
    "guardianship": Guardianship,
}


def forget_person(db: Session, person_id: int, places: Collection[int]) -> None:
    """Delete what imports noted of a person."""
    here = db.connection()
    change = RosterChange
    of_person = (col(change.kind) == "person") & (col(change.object_id) == person_id)
    of_place = (col(change.kind) == "membership") & col(change.object_id).in_(places)
    here.execute(sa.delete(change).where(of_person | of_place))

"""Carrying out a plan in small transactions, and taking it back.

An import notes every row that it makes or changes. Undoing it deletes what it made and puts back
what it changed, as long as nothing has come to hang on it since; what has, stays, and is counted.
Only a cohort's latest import can be taken back: what was noted of the one before goes when the
next begins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from itertools import islice
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.talk.acting import Refused
from prompts import Text, t
from services import audit, consent, reminders, roster
from services.access import REVIEWERS, grants_of
from services.packs import load
from services.roster import By
from services.rostering.entries import RosterEntry, name_key, unit_key
from services.rostering.known import Known
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
    table,
)

STEP: Final = 50
"""How many rows of a sheet one transaction takes, so that nobody waits long."""
UNDO_STEP: Final = 100
"""How many noted changes one transaction undoes."""

Late = tuple[int, Text]
"""A row that was planned and could not be imported after all, with the reason."""


# ---------------------------------------------------------------- carrying out


def begin(db: Session, by: By, cohort_id: int) -> int:
    """Begin an import, or go on with one of the cohort that was interrupted. Returns its id. From
    now on the import before it can no longer be undone. Raises `Refused`."""
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
    after all. Raises `Refused` if the import is not running."""
    row = db.get(RosterImport, import_id, with_for_update=True)
    if row is None or row.state is not ImportState.RUNNING:
        raise Refused(t("rostering.not_running"), verb="import_roster")
    work = _Work(db, by, row, today)
    work.add([one.entry for one in part if one.member is None])
    for planned in part:
        if planned.member is not None:
            try:
                with db.begin_nested():
                    work.change(planned)
                    work.write()
            except Refused as refused:
                work.late.append((planned.entry.row, refused.words))
                work.forget()
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
        self._noted: list[dict[str, Any]] = []
        self.late: list[Late] = []

    def add(self, entries: Sequence[RosterEntry]) -> None:
        """Add new people, with their schools, mentors and guardians."""
        if not entries:
            return
        newcomers = [
            roster.Newcomer(
                name=entry.name,
                role=entry.role,
                born=entry.born,
                unit_id=self._unit(entry),
                team_id=self._team(entry),
                subject=entry.subject,
                grade=entry.grade,
            )
            for entry in entries
        ]
        places = self._newcomers(newcomers)
        self._row.new += len(places)
        self._db.add(self._row)
        found = [(entry, cast(int, one.id)) for entry, one in zip(entries, places, strict=True)]
        self._link(found)
        self._guard(
            [
                (entry, place.person_id, cast(int, place.id))
                for entry, place in zip(entries, places, strict=True)
                if consent.needed(entry.born, entry.grade, self._programme, self._today)
            ]
        )
        self.write()

    def _newcomers(self, newcomers: Sequence[roster.Newcomer]) -> list[Membership]:
        places = roster.add_newcomers(self._db, self._by, self._row.cohort_id, newcomers)
        for place in places:
            self._made("person", place.person_id)
            self._made("membership", place.id)
        return places

    def change(self, planned: Planned) -> None:
        entry, member = planned.entry, cast(Known, planned.member)
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
        if "mentors" in planned.changes:
            self._link([(entry, member.id)])
        if "guardians" in planned.changes:
            self._guard([(entry, cast(int, now.person.id), member.id)])
        self._row.changed += 1
        self._db.add(self._row)

    # ------------------------------------------------------------ places

    @cached_property
    def _units(self) -> dict[tuple[str, str], int]:
        """The units by kind and by `unit_key`. A school that a sheet writes with other brackets is
        the same school: otherwise its teachers would not see the rows."""
        every = select(Unit.kind, Unit.name, Unit.id).order_by(col(Unit.id).desc())
        return {(kind, unit_key(name)): cast(int, one) for kind, name, one in self._db.exec(every)}

    def _unit(self, entry: RosterEntry) -> int | None:
        kinds = roster.UNIT_OF.get(entry.role, ())
        if not entry.school or not kinds:
            return None
        for kind in kinds:
            if known := self._units.get((kind, unit_key(entry.school))):
                return known
        above = self._cohort.office_id
        if entry.city and kinds[0] is UnitKind.SCHOOL:
            above = self._unit_called(UnitKind.CITY, entry.city, above)
        return self._unit_called(kinds[0], entry.school, above)

    def _team(self, entry: RosterEntry) -> int | None:
        if not entry.team:
            return None
        return self._unit_called(UnitKind.TEAM, entry.team, self._cohort.office_id)

    def _unit_called(self, kind: UnitKind, name: str, above: int | None) -> int:
        if known := self._units.get((kind, unit_key(name))):
            return known
        made = roster.add_unit(self._db, self._by, kind, name, above)
        self._made("unit", made.id)
        self._units[kind, unit_key(name)] = number = cast(int, made.id)
        return number

    def forget(self) -> None:
        """Forget what was made in a portion that was rolled back."""
        self._noted = []
        self.__dict__.pop("_units", None)

    # ------------------------------------------------------------ links

    def _link(self, learners: Sequence[tuple[RosterEntry, int]]) -> None:
        """Link learners with the mentors whom they name, where only one mentor has that name."""
        pairs = {
            (member, mentors[0])
            for entry, member in learners
            for name in entry.mentors
            if len(mentors := self._reviewers.get(name_key(name), [])) == 1
        }
        if not pairs:
            return
        now = self._db.exec(
            select(Mentoring.student_id, Mentoring.mentor_id).where(
                col(Mentoring.student_id).in_({student for student, _ in pairs}),
                col(Mentoring.ended_at).is_(None),
                col(Mentoring.stands_in_for).is_(None),
            )
        )
        wanted = sorted(pairs - set(now))
        for link in roster.link_mentors(self._db, self._by, self._row.cohort_id, wanted):
            self._made("mentoring", link.id)

    @cached_property
    def _reviewers(self) -> Mapping[str, list[int]]:
        """The mentors and team members of the cohort now, by name."""
        found: dict[str, list[int]] = {}
        for number, name in self._db.exec(
            select(Membership.id, Person.name)
            .join(Person, col(Person.id) == col(Membership.person_id))
            .where(
                Membership.cohort_id == self._row.cohort_id,
                col(Membership.role).in_(REVIEWERS),
                col(Membership.ended_at).is_(None),
            )
        ):
            found.setdefault(name_key(name), []).append(cast(int, number))
        return found

    def _guard(self, children: Sequence[tuple[RosterEntry, int, int]]) -> None:
        """Add the guardians of those children for whom consent is needed; no other guardians are
        kept. Each child is given with its person and its membership."""
        persons = [person for _, person, _ in children]
        known = {
            (child, name_key(name))
            for child, name in self._db.exec(
                select(Guardianship.child_id, Person.name)
                .join(Person, col(Person.id) == col(Guardianship.guardian_id))
                .where(
                    col(Guardianship.child_id).in_(persons),
                    col(Guardianship.ended_at).is_(None),
                )
            )
        }
        wanted = [
            (member, name)
            for entry, person, member in children
            for name in entry.guardians
            if (person, name_key(name)) not in known
        ]
        newcomers = [roster.Newcomer(name, Role.GUARDIAN) for _, name in wanted]
        for (member, _), place in zip(wanted, self._newcomers(newcomers), strict=True):
            link = roster.link_guardian(self._db, self._by, member, cast(int, place.id))
            self._made("guardianship", link.id)

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
        self._noted.append(
            {
                "import_id": self._row.id,
                "kind": kind,
                "object_id": number,
                "before": before,
                "after": after,
            }
        )

    def write(self) -> None:
        """Write down what was noted."""
        if self._noted:
            self._db.connection().execute(sa.insert(table(RosterChange)), self._noted)
            self._noted = []


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


# ---------------------------------------------------------------- taking back


@dataclass(slots=True)
class Undone:
    """How far an undoing has come."""

    people: int = 0
    """How many memberships were removed."""
    restored: int = 0
    kept: int = 0
    """How many rows stay because something refers to them or has changed them since."""
    over: bool = False


def latest_import(db: Session, cohort_id: int) -> RosterImport | None:
    return db.exec(
        select(RosterImport)
        .where(RosterImport.cohort_id == cohort_id)
        .order_by(col(RosterImport.id).desc())
    ).first()


@dataclass(frozen=True, slots=True)
class Undoable:
    """An import that can be taken back."""

    number: int
    at: datetime
    new: int
    changed: int


def latest_undoable(db: Session, cohort_id: int) -> Undoable | None:
    """The latest import of a cohort, if it can be taken back."""
    row = latest_import(db, cohort_id)
    if row is None or row.state is ImportState.UNDONE:
        return None
    return Undoable(cast(int, row.id), row.began_at, row.new, row.changed)


def may_import(db: Session, person_id: int) -> bool:
    """Whether somebody may import into any cohort."""
    return bool(grants_of(db, person_id, "import_roster"))


def begin_undo(db: Session, by: By, cohort_id: int) -> int:
    """Begin to undo the latest import of a cohort. Returns its id. Raises `Refused` if none can be
    undone."""
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
    """Undo a portion of an import, the latest changes first. `over` is true when nothing is left.
    Rows that stay for good are not looked at again. Raises `Refused`."""
    row = db.get(RosterImport, import_id, with_for_update=True)
    if row is None or row.state is not ImportState.UNDOING:
        raise Refused(t("rostering.nothing_to_undo"), verb="undo_roster")
    part = list(
        db.connection().execute(
            sa.select(table(RosterChange))
            .where(col(RosterChange.import_id) == import_id)
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
    changed = [change for change in part if change.before is not None]
    restored = sum(_put_back(db, change) for change in changed)
    so_far.restored += restored
    so_far.kept += len(changed) - restored
    for kind in _MODELS:
        made = {one.object_id for one in part if one.kind == kind and one.before is None}
        kept = _take_back(db, kind, made) if made else set()
        so_far.people += len(made - kept) if kind == "membership" else 0
        so_far.kept += len(kept)
    taken = [one.id for one in part]
    db.connection().execute(sa.delete(RosterChange).where(col(RosterChange.id).in_(taken)))
    return so_far


def _put_back(db: Session, change: Any) -> bool:
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


def _take_back(db: Session, kind: str, numbers: set[int]) -> set[int]:
    """Delete rows that the import made and to which nothing refers. Returns those that stay."""
    here, rows = db.connection(), metadata.tables[kind]
    db.flush()
    stay: set[int] = set()
    if kind == "guardianship":
        said = rows.c.consented_at.is_not(None) | rows.c.withdrawn_at.is_not(None)
        stay |= set(here.execute(_ids(rows, numbers, said)).scalars())
    if kind == "membership":
        account = metadata.tables["account"].c.person_id
        joined = rows.c.ended_at.is_not(None) | rows.c.person_id.in_(sa.select(account))
        stay |= set(here.execute(_ids(rows, numbers, joined)).scalars())
        _forget_derived(db, numbers - stay)
    for column in _referring(kind):
        hanging = sa.select(column).where(column.in_(numbers)).distinct()
        stay |= set(here.execute(hanging).scalars())
    gone = numbers - stay
    here.execute(sa.delete(rows).where(rows.c.id.in_(gone)))
    db.expire_all()
    # A unit below another one goes first, and then the other.
    return _take_back(db, kind, stay) if kind == "unit" and gone and stay else stay


@cache
def _referring(kind: str) -> Sequence[sa.Column[Any]]:
    """The columns of all tables that refer to rows of this one."""
    target = metadata.tables[kind].c.id
    return [
        column
        for other in metadata.tables.values()
        for column in other.columns
        if any(key.column is target for key in column.foreign_keys)
    ]


def _ids(rows: sa.Table, numbers: set[int], wanted: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(rows.c.id).where(rows.c.id.in_(numbers), wanted)


def _forget_derived(db: Session, places: Collection[int]) -> None:
    """Delete what was only derived for memberships: codes that nobody used, days on which to look
    at them."""
    unused = col(Invite.membership_id).in_(places), col(Invite.used_at).is_(None)
    db.connection().execute(sa.delete(Invite).where(*unused))
    reminders.forget_places(db, places)


_MODELS: Final[Mapping[str, Any]] = {
    "guardianship": Guardianship,
    "mentoring": Mentoring,
    "membership": Membership,
    "person": Person,
    "unit": Unit,
}
"""What an import makes or changes, each before what it refers to."""


def forget_person(db: Session, person_id: int, places: Collection[int]) -> None:
    """Delete what imports noted of a person."""
    here = db.connection()
    change = RosterChange
    of_person = (col(change.kind) == "person") & (col(change.object_id) == person_id)
    of_place = (col(change.kind) == "membership") & col(change.object_id).in_(places)
    here.execute(sa.delete(change).where(of_person | of_place))

"""What the official platform gives out, held against the entries here: what is missing there, what
is missing here, and what has another day or length. Nothing is written by it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final

from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Operator, Refused
from language.days import parse_moment
from language.lengths import parse_minutes
from language.numerals import fold, number, tidy
from programmes.values import FilledKind
from prompts import BEIJING, Text, t
from services import audit, console, looking, official, records
from services.access import LEARNERS, allow, cohorts_for
from services.official import STANDING
from services.packs import load
from services.records import SessionBody
from services.rostering.book import Book, Cell, Sheet, SheetRow
from services.rostering.headings import plain
from storage.tables import Cohort, Membership, Person, RecordKind, Unit

ACT: Final = "check_platform"
NEAR: Final = 7
"""Days by which the same meeting can be dated differently."""
HEADINGS: Final[Mapping[str, frozenset[str]]] = {
    meaning: frozenset(map(plain, words.split()))
    for meaning, words in {
        "name": "姓名 学生姓名 学生 学员姓名 学员 name student",
        "school": "学校 中学 所在学校 学校名称 就读学校 school",
        "day": "日期 活动日期 培养日期 活动时间 培养时间 时间 日志日期 填写日期 开始时间 date day",
        "hours": "时长 活动时长 培养时长 学时 课时 小时 小时数 分钟 分钟数 hours minutes duration",
    }.items()
}
"""What a platform calls its columns."""
MOST_ABOVE: Final = 20
"""Rows above the headings that are passed over."""


class Differs(StrEnum):
    """In what the platform and the entries here differ."""

    NOT_THERE = "not_there"
    NOT_HERE = "not_here"
    OTHER_HOURS = "other_hours"
    OTHER_DAY = "other_day"
    UNREAD = "unread"
    """A row that could not be read, or whose student is not clear."""


@dataclass(frozen=True, slots=True)
class DatedEntry:
    """One meeting or diary, as the platform or the entries here have it."""

    day: date
    minutes: int | None
    row: int | None = None
    """Its row in the sheet."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of what differs."""

    kind: Differs
    name: str
    school: str = ""
    learner_id: int | None = None
    there: DatedEntry | None = None
    here: DatedEntry | None = None
    why: Text | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of holding a sheet against the entries."""

    rows: int
    """Rows of the sheet that were read."""
    same: int
    found: tuple[Difference, ...]

    def count(self, kind: Differs) -> int:
        return sum(one.kind is kind for one in self.found)


@dataclass(frozen=True, slots=True)
class _Learner:
    id: int
    name: str
    school: str


# ---------------------------------------------------------------- who may


def to_check(db: Session, by: Actor | Operator, cohort_id: int) -> Cohort:
    """A cohort whose entries belong on a platform. Raises `Refused` for whoever does not oversee
    it, and where its document names nothing that is entered there."""
    if isinstance(by, Actor):
        allow(db, by, ACT, cohort_id)
        cohort = cohorts_for(db, by, ACT, cohort_id)[0]
    else:
        cohort = db.get_one(Cohort, cohort_id)
    programme = load(cohort.programme)
    if not any(official.form_of(programme, kind) for kind in FilledKind):
        words = t("official.no_platform", programme=programme.name)
        raise Refused(words, verb=ACT, object="cohort", object_id=cohort_id)
    return cohort


# ---------------------------------------------------------------- checking


def check(db: Session, by: Actor | Operator, cohort_id: int, book: Book) -> Checked:
    """Hold a sheet of the platform against the entries of the learners whom somebody may read.

    Raises `Refused` as `to_check` does, and for a book without a column of names and of days.
    """
    cohort = to_check(db, by, cohort_id)
    programme = load(cohort.programme)
    there: dict[int, list[DatedEntry]] = defaultdict(list)
    unread: list[Difference] = []
    learners = _learners(db, by, cohort)
    has_hours, read = False, 0
    for sheet in book.sheets:
        if sheet.hidden or (columns := _columns(sheet)) is None:
            continue
        at, found = columns
        has_hours |= "hours" in found
        for row in sheet.rows:
            if row.number <= at or not any(row.cells):
                continue
            read += 1
            one = _row(row, found, learners, programme.cycle.first_day, programme.cycle.last_day)
            if isinstance(one, Difference):
                unread.append(one)
            else:
                there[one[0]].append(one[1])
    if not read:
        raise Refused(t("official.no_table"), verb=ACT, object="cohort", object_id=cohort_id)
    diaries = official.form_of(programme, FilledKind.SESSION) is None and not has_hours
    kind = RecordKind.DIARY if diaries else RecordKind.SESSION
    here = _entries(db, [one.id for one in learners], kind)
    result: list[Difference] = []
    same = 0
    for learner in learners:
        pairs = compare(there.get(learner.id, ()), here.get(learner.id, ()))
        for differs, one_there, one_here in pairs:
            if differs is None:
                same += 1
                continue
            result.append(
                Difference(differs, learner.name, learner.school, learner.id, one_there, one_here)
            )
    audit.note(db, by, ACT, "cohort", cohort_id, rows=read, differs=len(result))
    if isinstance(by, Actor):
        looking.list_of(db, by, {one.learner_id for one in result if one.learner_id is not None})
    return Checked(read, same, (*result, *unread))


Pair = tuple[Differs | None, DatedEntry | None, DatedEntry | None]


def compare(there: Sequence[DatedEntry], here: Sequence[DatedEntry]) -> list[Pair]:
    """Pair what one learner has on the platform with what they have here: the same first, then the
    same day, then the nearest day; what is left is missing on the other side."""
    left, mine = sorted(there, key=_by_day), sorted(here, key=_by_day)
    pairs: list[Pair] = []

    def take(differs: Differs | None, alike: Iterable[tuple[DatedEntry, DatedEntry]]) -> None:
        for one, other in alike:
            if one in left and other in mine:
                left.remove(one)
                mine.remove(other)
                pairs.append((differs, one, other))

    def each() -> list[tuple[DatedEntry, DatedEntry]]:
        return [(one, other) for one in left for other in mine]

    take(None, [(a, b) for a, b in each() if a.day == b.day and _as_long(a, b)])
    take(Differs.OTHER_HOURS, [(a, b) for a, b in each() if a.day == b.day])
    near = [(a, b) for a, b in each() if _as_long(a, b) and abs((a.day - b.day).days) <= NEAR]
    take(Differs.OTHER_DAY, sorted(near, key=lambda pair: abs((pair[0].day - pair[1].day).days)))
    return [
        *pairs,
        *((Differs.NOT_HERE, one, None) for one in left),
        *((Differs.NOT_THERE, None, one) for one in mine),
    ]


def _by_day(one: DatedEntry) -> tuple[date, int]:
    return one.day, one.minutes or 0


def _as_long(one: DatedEntry, other: DatedEntry) -> bool:
    return one.minutes is None or other.minutes is None or one.minutes == other.minutes


def _learners(db: Session, by: Actor | Operator, cohort: Cohort) -> list[_Learner]:
    wanted = [
        col(Membership.cohort_id) == cohort.id,
        col(Membership.role).in_(LEARNERS),
        col(Membership.ended_at).is_(None),
    ]
    if isinstance(by, Actor):
        wanted = [*console.readable(cohort, by.person_id)]
    rows = db.exec(
        select(Membership.id, Person.name, Unit.name)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .outerjoin(Unit, col(Unit.id) == col(Membership.unit_id))
        .where(*wanted)
        .order_by(col(Membership.id))
    )
    return [_Learner(number or 0, name, unit or "") for number, name, unit in rows]


def _entries(
    db: Session, learners: Sequence[int], kind: RecordKind
) -> Mapping[int, list[DatedEntry]]:
    found: dict[int, list[DatedEntry]] = defaultdict(list)
    for learner, entries in records.entries_of(db, learners).items():
        for record, body in entries:
            if record.kind is kind and record.state in STANDING:
                minutes = body.minutes if isinstance(body, SessionBody) else None
                found[learner].append(DatedEntry(record.day, minutes))
    return found


# ---------------------------------------------------------------- reading the sheet


def _columns(sheet: Sheet) -> tuple[int, Mapping[str, tuple[int, str]]] | None:
    """The row of the headings and the column of each, with what it says; `None` without names and
    days."""
    for row in sheet.rows[:MOST_ABOVE]:
        found: dict[str, tuple[int, str]] = {}
        for place, cell in enumerate(row.cells):
            said = tidy(cell) if isinstance(cell, str) else ""
            bare = re.sub(r"[(（].*?[)）]", "", said)
            for meaning, words in HEADINGS.items():
                if meaning not in found and {plain(said), plain(bare)} & words:
                    found[meaning] = place, said
                    break
        if {"name", "day"} <= found.keys():
            return row.number, found
    return None


def _row(
    row: SheetRow,
    columns: Mapping[str, tuple[int, str]],
    learners: Sequence[_Learner],
    first: date,
    last: date | None,
) -> tuple[int, DatedEntry] | Difference:
    name = _words(row[columns["name"][0]])
    school = _words(row[columns["school"][0]]) if "school" in columns else ""
    named = [one for one in learners if fold(one.name) == fold(name)]
    if school and len(named) > 1:
        named = [one for one in named if one.school == school] or named

    def unread(key: str, **gaps: object) -> Difference:
        why = t(f"official.unread.{key}", **gaps)
        return Difference(Differs.UNREAD, name, school, why=why, row=row.number)

    if not name:
        return unread("no_name")
    if len(named) != 1:
        return unread("several" if named else "nobody", name=name)
    day = _day(row[columns["day"][0]], first, last)
    if day is None:
        return unread("no_day", said=_words(row[columns["day"][0]]))
    minutes = None
    if "hours" in columns:
        place, heading = columns["hours"]
        minutes = _minutes(row[place], heading)
        if minutes is None:
            return unread("no_length", said=_words(row[place]))
    return named[0].id, DatedEntry(day, minutes, row.number)


def _words(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:g}"
    if isinstance(cell, str):
        return tidy(cell)
    return cell.isoformat() if isinstance(cell, date) else ""


def _day(cell: Cell, first: date, last: date | None) -> date | None:
    """The day in a cell; without a year, the one within the cycle."""
    if isinstance(cell, date):
        return cell
    said = re.sub(r"[T ]\d{1,2}:\d{2}.*$", "", _words(cell)).replace("/", "-").replace(".", "-")
    try:
        return date(*map(int, said.split("-")))
    except (TypeError, ValueError):
        now = datetime.combine(last or first, time(12), BEIJING)
        moment = parse_moment(said, now) if said else None
        return moment.day if moment else None


def _minutes(cell: Cell, heading: str) -> int | None:
    """The length in a cell: a number is hours, unless the heading speaks of minutes."""
    said = _words(cell)
    amount = cell if isinstance(cell, float) else number(said)
    if amount is not None:
        in_minutes = "分" in heading or "min" in heading.lower()
        return round(float(amount) * (1 if in_minutes else 60))
    return parse_minutes(said) if said else None


__all__ = ["ACT", "Checked", "DatedEntry", "Difference", "Differs", "check", "compare", "to_check"]

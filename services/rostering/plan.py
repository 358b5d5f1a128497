"""What would become of each row of a book: new, changed, unchanged, or rejected with the reason.

Planning writes nothing. Nobody is merged: a row is somebody who is on the roster only if name,
role and cohort are the same and nothing else speaks against it; whoever is merely alike is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from language.pinyin import sound
from programmes.model import Programme
from prompts import Text, t
from services import consent, roster
from services.access import LEARNERS, REVIEWERS
from services.packs import load
from services.rostering import admission
from services.rostering.book import Book, Sheet, SheetRow
from services.rostering.entries import Reader, RosterEntry, name_key, unit_key, unit_stem
from services.rostering.headings import (
    Headings,
    Table,
    is_known,
    letters,
    lies_on_its_side,
    nearest_to_headings,
    tables,
)
from services.rostering.known import Known, Roster
from storage.tables import Role

_ORDER: Final = (
    *(Role.COORDINATOR, Role.EXPERT_COMMITTEE),
    *(Role.MENTOR, Role.TEAM_MEMBER, Role.SCHOOL_TEACHER),
)
"""Who is added before the learners, so that learners can be linked with them."""

RowRemark = tuple[int | None, Text]
"""The number of a row, or `None` for a remark about several; and what there is to say."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry that is taken, with what it changes."""

    entry: RosterEntry
    member: Known | None = None
    """Who it is, of those on the roster."""
    changes: frozenset[str] = frozenset()
    """The fields that differ: `born`, `grade`, `subject`, `school`, `team`, `mentors`,
    `guardians`."""


@dataclass(frozen=True, slots=True)
class Rejected:
    number: int
    reasons: tuple[Text, ...]
    sheet: str
    headings: Headings
    row: SheetRow

    @property
    def reason(self) -> Text:
        """All reasons as one text."""
        first, *others = self.reasons
        for other in others:
            first = t("rostering.and_also", first=first, other=other)
        return first


@dataclass(slots=True)
class RosterPlan:
    cohort: int
    today: date
    new: list[Planned] = field(default_factory=list)
    changed: list[Planned] = field(default_factory=list)
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    warnings: list[RowRemark] = field(default_factory=list)
    refused: Text | None = None
    """Why nothing at all can be made of the book."""
    unknown: list[str] = field(default_factory=list)
    """Headings that nobody knows, over columns that hold something."""

    @property
    def counts(self) -> dict[str, int]:
        return {
            "new": len(self.new),
            "changed": len(self.changed),
            "unchanged": self.unchanged,
            "rejected": len(self.rejected),
        }


def plan(
    here: Roster, book: Book, today: date, own: Mapping[str, str] | None = None
) -> RosterPlan:
    """What importing a book into a cohort, with those who are on its roster, would do on a day.

    `own` are the office's meanings of headings. Raises `Refused` if the cohort's pack is missing.
    """
    return _Planner(here, today).plan(book, own or {})


class _Planner:
    def __init__(self, here: Roster, today: date) -> None:
        self._programme: Programme = load(here.programme)
        self._today = today
        self._result = RosterPlan(here.cohort, today)
        self._here = here
        self._unchanged: list[tuple[RosterEntry, Known]] = []
        self._taken: dict[tuple[Role, str], list[RosterEntry]] = {}
        self._sounds: dict[tuple[Role, str], list[tuple[str, RosterEntry | Known]]] = {}
        self._used: set[int] = set()
        self._several = False
        self._set_aside: Text | None = None

    def plan(self, book: Book, own: Mapping[str, str]) -> RosterPlan:
        result = self._result
        found = self._tables(book, own)
        if result.refused is not None:
            return result
        reader = Reader(self._programme, self._today)
        read: list[tuple[Table, RosterEntry]] = []
        for table in found:
            for one in reader.entries(table):
                if isinstance(one, RosterEntry):
                    read.append((table, one))
                else:
                    self._warn(one[0], one[1], table.sheet.name)
        if not read:
            result.refused = self._set_aside or t("rostering.nobody")
            return result
        self._several = len({id(table.sheet) for table, _ in read}) > 1
        for member in self._here.everybody:
            if member.here:
                key = (member.role, sound(member.name))
                self._sounds.setdefault(key, []).append((member.name, member))
        self._columns(read)
        for table, entry in sorted(read, key=lambda one: one[1].role not in _ORDER):
            self._take(table, entry)
        self._unasked(read)
        self._mentors()
        self._guardians()
        self._schools()
        self._quotas()
        result.rejected.sort(key=lambda one: one.number)
        result.warnings.sort(key=lambda one: (one[0] is None, one[0] or 0))
        return result

    # ------------------------------------------------------------ tables

    def _tables(self, book: Book, own: Mapping[str, str]) -> list[Table]:
        result = self._result
        shown = [sheet for sheet in book.sheets if not sheet.hidden]
        found = [table for sheet in shown for table in tables(sheet, own)]
        for sheet in book.sheets:
            if sheet.hidden and any(table.rows for table in tables(sheet, own)):
                result.warnings.append((None, t("rostering.hidden_sheet", sheet=sheet.name)))
        if not found:
            seen = max((nearest_to_headings(sheet) for sheet in shown), key=len, default=[])
            result.refused = self._why_no_headings(shown, seen, own)
            if result.refused.key == "rostering.no_headings":
                result.unknown = [one for one in seen if not is_known(one, own)]
            return []
        read = {id(table.sheet) for table in found}
        for sheet in shown:
            wide = [row for row in sheet.rows if sum(c is not None for c in row.cells) > 2]
            if id(sheet) not in read and len(wide) > 2:
                words = t("rostering.sheet_without_headings", sheet=sheet.name)
                if lies_on_its_side(sheet):
                    words = t("rostering.in_sheet", sheet=sheet.name, words=_SIDEWAYS)
                result.warnings.append((None, words))
        good, bad = [], []
        for table in found:
            trouble = _trouble(table)
            if trouble is None:
                good.append(table)
            else:
                bad.append((table.sheet, trouble))
        if bad and not good:
            result.refused = bad[0][1]
            return []
        self._set_aside = bad[0][1] if bad else None
        for sheet, words in bad:
            several = len(shown) > 1
            said = t("rostering.in_sheet", sheet=sheet.name, words=words) if several else words
            result.warnings.append((None, t("rostering.table_left_out", words=said)))
        found = good
        if any(sheet.is_blind and sheet.rows for sheet in shown):
            result.warnings.append((None, t("rostering.hidden_unknown")))
        for table in found:
            unknown = [
                column.said
                for column in table.headings.columns
                if not column.meaning and any(row[column.place] for row in table.rows)
            ]
            if unknown:
                result.unknown += [one for one in unknown if one not in result.unknown]
        if result.unknown:
            words = t("rostering.unknown_columns", columns=result.unknown)
            result.warnings.append((None, words))
        return found

    def _why_no_headings(
        self, shown: list[Sheet], seen: list[str], own: Mapping[str, str]
    ) -> Text:
        if not seen:
            return t("rostering.nothing_in_it")
        if any(map(lies_on_its_side, shown)):
            return _SIDEWAYS
        if len(seen) == 1 and sum(is_known(one, own) for one in seen[0].split()) > 1:
            return t("rostering.no_separators", seen=seen[0][:40])
        return t("rostering.no_headings", seen=[str(one)[:20] for one in seen])

    def _columns(self, read: list[tuple[Table, RosterEntry]]) -> None:
        """Name the columns that hold something about people and are not used."""
        rows: dict[int, tuple[Table, set[int]]] = {}
        for table, entry in read:
            rows.setdefault(id(table), (table, set()))[1].add(entry.row)
        for table, numbers in rows.values():
            used = [row for row in table.rows if row.number in numbers]
            filled = {place for row in used for place, c in enumerate(row.cells) if c is not None}
            columns = {one.place: one for one in table.headings.columns}
            bare = [letters(place) for place in sorted(filled - columns.keys())]
            if bare:
                words = t("rostering.no_heading_columns", columns=bare)
                self._warn(None, words, table.sheet.name)
            for meaning in ("school_teacher", "teacher_name"):
                column = table.headings.column(meaning)
                if column is not None and column.place in filled:
                    words = t("rostering.teachers_left_out", column=column.said)
                    self._warn(None, words, table.sheet.name)
            again = [
                t("rostering.column_at", column=one.said, letter=letters(place))
                for place, one in columns.items()
                if one.repeats not in _OF_NO_USE and place in filled
            ]
            if again:
                words = t("rostering.second_columns", columns=again)
                self._warn(None, words, table.sheet.name)

    def _unasked(self, read: list[tuple[Table, RosterEntry]]) -> None:
        """Say of what a document asks, and no column tells, that it was not checked for those who
        are new."""
        new = {id(one.entry) for one in self._result.new}
        asked = self._programme.participants.rank_threshold
        subjects = self._programme.subjects.list
        told: set[tuple[str, str]] = set()
        for table, entry in read:
            if entry.role is not Role.STUDENT or id(entry) not in new:
                continue
            lacks = []
            if asked.value is not None and not _has_ranks(table):
                lacks.append(t("rostering.rank_no_column", clause=asked.clause))
            if subjects.value and not entry.subject and not table.headings.column("subject"):
                lacks.append(t("rostering.subject_no_column", clause=subjects.clause))
            for words in lacks:
                if (words.key, table.sheet.name) not in told:
                    told.add((words.key, table.sheet.name))
                    self._warn(None, words, table.sheet.name)

    # ------------------------------------------------------------ one entry

    def _take(self, table: Table, entry: RosterEntry) -> None:
        ranked = _has_ranks(table)
        if not entry.faults:
            admission.check(self._programme, entry, self._today, ranked=ranked)
        member = None
        if entry.name and not entry.faults:
            self._refuse_repeated(entry)
            member = self._who(entry)
            if member is None:
                self._name_those_alike(entry)
        if entry.faults:
            row = next(row for row in table.rows if row.number == entry.row)
            reasons = tuple(self._placed(words, entry.sheet) for words in entry.faults)
            self._result.rejected.append(
                Rejected(entry.row, reasons, entry.sheet, table.headings, row)
            )
            return
        for words in entry.doubts:
            if member is None or not _is_told(words, member):
                self._warn(entry.row, words, entry.sheet)
        self._taken.setdefault((entry.role, name_key(entry.name)), []).append(entry)
        if member is None:
            self._result.new.append(Planned(entry))
            return
        self._used.add(member.id)
        if changes := frozenset(self._changes(entry, member)):
            self._result.changed.append(Planned(entry, member, changes))
        else:
            self._result.unchanged += 1
            self._unchanged.append((entry, member))

    def _warn(self, number: int | None, words: Text, sheet: str = "") -> None:
        self._result.warnings.append((number, self._placed(words, sheet)))

    def _placed(self, words: Text, sheet: str) -> Text:
        """SheetRow numbers alone do not tell the sheet where there are several."""
        return t("rostering.in_sheet", sheet=sheet, words=words) if self._several else words

    def _refuse_repeated(self, entry: RosterEntry) -> None:
        """Reject a row that repeats another."""
        for other in self._taken.get((entry.role, name_key(entry.name)), ()):
            if _same_row(entry, other):
                entry.faults.append(t("rostering.repeats", row=other.row, name=entry.name))
                return

    def _name_those_alike(self, entry: RosterEntry) -> None:
        """Name the namesakes, and those who sound alike, of somebody new. Of those who are on the
        roster already this was said when they came."""
        for other in self._taken.get((entry.role, name_key(entry.name)), ()):
            if _alike(entry.born, entry.school, other.born, other.school):
                entry.doubts.append(t("rostering.namesake", row=other.row, name=entry.name))
        key = (entry.role, sound(entry.name))
        for name, one in self._sounds.get(key, ()):
            if name_key(name) == name_key(entry.name):
                continue
            if isinstance(one, RosterEntry):
                if _alike(entry.born, entry.school, one.born, one.school, strictly=True):
                    told = {"name": name, "row": one.row}
                    entry.doubts.append(t("rostering.sounds_like_row", **told))
            elif _alike(entry.born, entry.school, one.born, one.unit, strictly=True):
                entry.doubts.append(t("rostering.sounds_like_member", name=name))
        self._sounds.setdefault(key, []).append((entry.name, entry))

    def _who(self, entry: RosterEntry) -> Known | None:
        """The member that the row is, if it is one."""
        here: list[Known] = []
        alike: Known | None = None
        for member in self._here.named(entry.role, entry.name):
            if member.id in self._used:
                continue
            if not _same_member(entry, member):
                alike = alike or member
            elif not member.here:
                at = member.ended_at
                entry.faults.append(t("rostering.left", name=entry.name, at=at))
                return None
            else:
                here.append(member)
        if here:
            return max(here, key=lambda member: _nearness(entry, member))
        if alike is not None and alike.here:
            entry.doubts.append(t("rostering.namesake_here", name=entry.name))
        return None

    def _changes(self, entry: RosterEntry, member: Known) -> Iterator[str]:
        """The fields in which a row says more, or otherwise, than the roster. What the row leaves
        empty says nothing."""
        if entry.born and entry.born != member.born:
            yield "born"
        if entry.grade and entry.grade != member.grade:
            yield "grade"
        if entry.subject and entry.subject != member.subject:
            yield "subject"
        if entry.school and unit_key(entry.school) != unit_key(member.unit):
            yield "school"
        if entry.team and unit_key(entry.team) != unit_key(member.team):
            yield "team"
        for name in entry.mentors:
            known = self._here.reviewers(name)
            if len(known) == 1 and not self._here.linked(member.id, known[0].id):
                most = roster.stated_cap(self._programme)
                if most is None or self._here.students_of(known[0].id) < most:
                    yield "mentors"
        if entry.guardians and self._needs_consent(entry, member):
            person = member.person_id
            if not all(self._here.has_guardian(person, name) for name in entry.guardians):
                yield "guardians"

    # ------------------------------------------------------------ all of them

    def _mentors(self) -> None:
        """What is odd about the mentors that learners name: not here, two of a name, full."""
        here = self._here
        programme = self._programme
        caps = (programme.quotas.per_mentor_max, programme.mentor.student_cap)
        cap = next((fact for fact in caps if fact.value is not None), None)
        planned = [one.entry for one in self._result.new if one.entry.role in REVIEWERS]
        coming = {name_key(entry.name) for entry in planned}
        missing: dict[str, list[int]] = {}
        students: dict[str, int] = {}
        wanted = sorted(
            (one for one in (*self._result.new, *self._result.changed) if one.entry.mentors),
            key=lambda one: one.entry.row,
        )
        for one in wanted:
            for name in one.entry.mentors:
                key = name_key(name)
                known = here.reviewers(name)
                if len(known) > 1:
                    self._warn(
                        one.entry.row,
                        t("rostering.mentors_of_that_name", name=name, count=len(known)),
                        one.entry.sheet,
                    )
                elif not known and key not in coming:
                    missing.setdefault(name, []).append(one.entry.row)
                if one.member is not None and known and here.linked(one.member.id, known[0].id):
                    continue
                before = here.students_of(known[0].id) if len(known) == 1 else 0
                students[key] = students.get(key, before) + 1
                if cap is not None and cap.value is not None and students[key] > cap.value:
                    words = t(
                        "rostering.mentor_full"
                        if admission.plainly(cap)
                        else "roster.mentor_over",
                        **{"name": name, "most": cap.value, "clause": cap.clause},
                    )
                    self._warn(one.entry.row, words, one.entry.sheet)
        if missing:
            rows = sorted({row for found in missing.values() for row in found})
            words = t("rostering.mentors_missing", names=list(missing), count=len(rows))
            self._result.warnings.append((None, words))

    def _schools(self) -> None:
        """Name schools that are written in several ways, each of which would be one of its own."""
        entries = [one.entry for one in (*self._result.new, *self._result.changed)]
        ways = {unit_key(one.school): one.school for one in entries if one.school}
        known = {unit_key(one.unit): one.unit for one in self._here.everybody if one.unit}
        stems: dict[str, str] = {}
        for key, name in {**known, **ways}.items():
            stems.setdefault(unit_stem(name), key)
        for key, name in ways.items():
            stem = unit_stem(name)
            ends = [stem[at:] for at in range(len(stem) - _SHORTEST_SCHOOL + 1)]
            other = next((stems[end] for end in ends if stems.get(end, key) != key), None)
            if other is not None:
                told = [name, ways.get(other) or known[other]]
                self._result.warnings.append((None, t("rostering.schools_alike", names=told)))

    def _guardians(self) -> None:
        """Of whom guardians are not taken: nobody asks for their consent, so they are not kept."""
        without = [
            one.entry.row
            for one in (*self._result.new, *self._result.changed)
            if one.entry.guardians and not self._needs_consent(one.entry, one.member)
        ]
        if without:
            words = t("rostering.guardians_left_out", count=len(without), row=min(without))
            self._result.warnings.append((None, words))

    def _needs_consent(self, entry: RosterEntry, member: Known | None) -> bool:
        born = entry.born or (member.born if member else None)
        grade = entry.grade or (member.grade if member else "")
        return consent.needed(born, grade, self._programme, self._today)

    def _quotas(self) -> None:
        taken = [one.entry for one in (*self._result.new, *self._result.changed)]
        taken += [entry for entry, _ in self._unchanged]
        replaced = {one.member.id for one in self._result.changed if one.member}
        replaced |= {member.id for _, member in self._unchanged}
        learners = [
            {
                "subject": entry.subject,
                "city": admission.city_of(self._programme, entry.city, entry.school) or "",
                "team": entry.team,
            }
            for entry in taken
            if entry.role in LEARNERS
        ]
        for member in self._here.learners():
            if member.id not in replaced:
                city = admission.city_of(self._programme, member.city, member.unit)
                learners.append(
                    {"subject": member.subject, "city": city or "", "team": member.team}
                )
        teams = [entry.team for entry in taken if entry.team]
        for words in admission.quotas(self._programme, learners, teams):
            self._result.warnings.append((None, words))


_SIDEWAYS: Final = t("rostering.sideways")
_OF_NO_USE: Final = ("", "merged", "number", "phone", "guardian_phone", "id_number")
"""What may stand in several columns, since nothing is kept of it."""
_SHORTEST_SCHOOL: Final = 4
"""Letters of a school's name without its place: of fewer, many schools share the name."""


def _has_ranks(table: Table) -> bool:
    return any(table.headings.column(one) for one in ("subject_rank", "overall_rank"))


def _trouble(table: Table) -> Text | None:
    """Why nothing is read from a table: it would make people of what is none, or lose some."""
    if names := table.headings.names:
        places = [
            t("rostering.column_at", column=one.said, letter=letters(one.place)) for one in names
        ]
        return t("rostering.two_names", columns=places)
    return _SIDEWAYS if lies_on_its_side(table.sheet, table) else None


def _is_told(words: Text, member: Known) -> bool:
    """Whether a row lacks only what the roster has."""
    match words.key:
        case "roster.without_school":
            return bool(member.unit)
        case "roster.without_grade":
            return bool(member.grade)
        case _:
            return False


def _same_row(one: RosterEntry, other: RosterEntry) -> bool:
    """Whether two rows of one name are one person, written twice."""
    if one.born and other.born:
        return one.born == other.born and _same_or_unsaid(one.school, other.school)
    apart = zip(one.told_apart, other.told_apart, strict=True)
    if any(mine and theirs and mine != theirs for mine, theirs in apart):
        return False
    return unit_key(one.school) == unit_key(other.school) and (
        not (one.grade and other.grade) or one.grade == other.grade
    )


def _same_member(entry: RosterEntry, member: Known) -> bool:
    """Whether nothing speaks against a row being a member of its name."""
    born = member.born
    if entry.born and born:
        return entry.born == born
    return _same_or_unsaid(entry.school, member.unit)


def _same_or_unsaid(one: str, other: str) -> bool:
    return not one or not other or unit_key(one) == unit_key(other)


def _alike(
    born: date | None,
    school: str,
    other_born: date | None,
    other_school: str,
    *,
    strictly: bool = False,
) -> bool:
    """Whether two people of one name, or one sound, may be one: by their birth date or school."""
    if born and other_born and born == other_born:
        return True
    if strictly and born and other_born:
        return False
    return bool(school) and unit_key(school) == unit_key(other_school)


def _nearness(entry: RosterEntry, member: Known) -> tuple[Any, ...]:
    return (
        bool(entry.born) and entry.born == member.born,
        bool(entry.school) and unit_key(entry.school) == unit_key(member.unit),
        bool(entry.grade) and entry.grade == member.grade,
        bool(entry.subject) and entry.subject == member.subject,
        -member.id,
    )

"""The invented people of a simulated cohort, and what kind of year each of them has.

Everything is drawn from one seed: the same seed gives the same people with the same habits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from random import Random
from typing import Final

from app.invented import names, region_of
from programmes.model import Programme
from programmes.values import Learner
from prompts import Both
from storage.tables import Role, UnitKind

PER_MENTOR: Final = 4
PER_SCHOOL: Final = 8
EXPERTS: Final = 3
"""Invented experts, where a document has experts mark: it does not say how many."""


class Habit(StrEnum):
    """How a learner keeps up."""

    DILIGENT = "diligent"
    """Does what is asked, in good time."""
    LATE = "late"
    """Does it once reminded, and late."""
    ILL = "ill"
    """Is away for some weeks, on leave."""
    SILENT = "silent"
    """Never writes anything."""


D, L = Habit.DILIGENT, Habit.LATE
HABITS: Final = (D, L, D, Habit.ILL, D, Habit.SILENT, D, L, D, D, L)
"""The learners' habits by turns: small cohorts have one of each."""


@dataclass
class Invented:
    """Somebody in the simulation."""

    key: str
    """Tells people of one name apart: their role and number."""
    name: str
    role: Role
    unit: str = ""
    subject: str = ""
    grade: str = ""
    habit: Habit = Habit.DILIGENT
    mentor: str = ""
    """The key of a learner's mentor."""
    days: tuple[date, ...] = ()
    """The days on which a learner takes part in a session."""
    away: tuple[date, date] | None = None
    """The first and the last day away."""
    member_id: int = 0
    person_id: int = 0

    @property
    def address(self) -> str:
        """The chat in which they are reached."""
        return f"sim-{self.key}"

    def is_away(self, on: date) -> bool:
        return self.away is not None and self.away[0] <= on <= self.away[1]


@dataclass
class World:
    """The invented units and people of one cohort."""

    units: dict[str, tuple[UnitKind, str]] = field(default_factory=dict)
    people: dict[str, Invented] = field(default_factory=dict)

    def of(self, *roles: Role) -> list[Invented]:
        return [one for one in self.people.values() if one.role in roles]


def invent(programme: Programme, students: int, seed: int) -> World:
    """A cohort of this programme with so many learners."""
    random = Random(f"{programme.key} {students} {seed}")  # noqa: S311 - invents, guards nothing
    world, given = World(), names(random)
    learner = Role((programme.participants.who.value or Learner.STUDENT).value)

    def add(role: Role, number: int, unit: str = "") -> Invented:
        key = f"{role.value}-{number}"
        made = Invented(key, next(given), role, unit)
        world.people[key] = made
        return made

    region = region_of(programme.key)
    world.units["office"] = (UnitKind.OFFICE, "管理办公室")
    for number in (1, 2):
        add(Role.COORDINATOR, number, "office")
    schools = -(-students // PER_SCHOOL)
    for number in range(1, schools + 1):
        world.units[f"school-{number}"] = (UnitKind.SCHOOL, _nth(region.schools, number))
        add(Role.SCHOOL_TEACHER, number, f"school-{number}")
    world.units["host-1"] = (UnitKind.HOST, _nth(region.hosts, 1))
    for number in range(1, -(-students // PER_MENTOR) + 1):
        mentor = add(Role.MENTOR, number, "host-1")
        if number % 3 == 2:
            mentor.away = _stretch(programme, random, 14)
    if any(stage.independent for stage in programme.stages):
        for number in range(1, EXPERTS + 1):
            add(Role.EXPERT_COMMITTEE, number, "host-1")
    subjects = [one.code for one in programme.subjects.list.value or ()]
    grades = [one.grade.value for one in programme.participants.grades.value or ()]
    for number in range(1, students + 1):
        one = add(learner, number, f"school-{1 + (number - 1) // PER_SCHOOL}")
        one.mentor = f"{Role.MENTOR.value}-{1 + (number - 1) // PER_MENTOR}"
        one.subject = random.choice(subjects) if subjects else ""
        one.grade = random.choice(grades) if grades else ""
        one.habit = HABITS[(number - 1) % len(HABITS)]
        if one.habit is Habit.ILL:
            one.away = _stretch(programme, random, 35)
        one.days = _days(programme, one, random)
        if programme.guardian_consent:
            guardian = add(Role.GUARDIAN, number)
            guardian.mentor = one.key
    return world


def _nth(every: Sequence[Both], number: int) -> str:
    """The name of one of many, counted from 1; where names come again, with a number."""
    again, place = divmod(number - 1, len(every))
    return f"{every[place].zh}{again + 1 if again else ''}"


def _span(programme: Programme) -> tuple[date, date]:
    return programme.cycle.first_day, programme.cycle.last_day_played


def _stretch(programme: Programme, random: Random, days: int) -> tuple[date, date]:
    """So many days away, somewhere in the middle of the cycle."""
    first, last = _span(programme)
    begins = first + timedelta(days=random.randrange(60, max(61, (last - first).days - 90)))
    return begins, begins + timedelta(days=days - 1)


def _days(programme: Programme, one: Invented, random: Random) -> tuple[date, ...]:
    """The days of a learner's sessions: spread over the cycle, fewer and later by their habit."""
    if one.habit is Habit.SILENT:
        return ()
    first, last = _span(programme)
    least = max((asked.at_least for asked in programme.requirements), default=6)
    monthly = any(str(asked.per) == "month" for asked in programme.requirements)
    months = max(1, (last - first).days // 30)
    wanted = least * months + 1 if monthly else least + 2
    count = wanted if one.habit is not Habit.LATE else max(1, wanted - 1)
    begins = first + timedelta(days=120 if one.habit is Habit.LATE else 10)
    span = max(1, (last - begins).days - 20)
    days = {
        begins + timedelta(days=int((n + random.random()) * span / count)) for n in range(count)
    }
    return tuple(sorted(day for day in days if not one.is_away(day)))

"""What goes back to an office on paper: rejected rows as they came, and templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from programmes.model import Programme
from programmes.values import Learner
from prompts import Language, Text, render, t
from services.rostering.book import Cell, Cells
from services.rostering.plan import Rejected, RosterPlan

_STUDENT: Final = ("name", "birth", "school", "grade", "class", "subject")
_TEACHER: Final = ("name", "birth", "unit", "subject", "phone")


@dataclass(frozen=True, slots=True)
class Returned:
    """The rejected rows of one sheet."""

    name: str
    above: list[Cells]
    below: list[Cells]


def returned(plan: RosterPlan, language: Language) -> list[Returned]:
    """The rejected rows by sheet, each with its number in front and the reasons behind."""
    by_sheet: dict[tuple[str, int], list[Rejected]] = {}
    for one in plan.rejected:
        by_sheet.setdefault((one.sheet, one.headings.first), []).append(one)
    found = []
    number, why = (
        render(t(key), language) for key in ("rostering.column_row", "rostering.column_why")
    )
    for (name, _), rows in by_sheet.items():
        columns = rows[0].headings.columns
        width = max([len(row.row.cells) for row in rows] + [c.place + 1 for c in columns])
        heading: list[Cell] = [None] * width
        for column in columns:
            heading[column.place] = column.said
        below: list[Cells] = [
            [
                float(one.number),
                *one.row.cells,
                *[None] * (width - len(one.row.cells)),
                render(one.reason, language),
            ]
            for one in rows
        ]
        found.append(Returned(name, [[number, *heading, why]], below))
    return found


@dataclass(frozen=True, slots=True)
class SheetTemplate:
    """What a programme's sheet is to have."""

    name: Text
    headings: list[Text]
    choices: list[tuple[int, list[Text | str]]] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)


def template(programme: Programme) -> SheetTemplate:
    """The sheet that a programme asks for: the columns that its document makes use of."""
    who = programme.participants
    student = who.who.value is not Learner.TRAINEE_TEACHER
    fields = list(_STUDENT if student else _TEACHER)
    notes = [t("rostering.note.begin", programme=programme.name)]
    if student and (limits := who.rank_threshold.value):
        fields += [f"{limit.by}_rank" for limit in limits.any_of] + ["rank_size"]
        told = [
            t(f"rostering.note.rank_{limit.by}", top=limit.top_percent) for limit in limits.any_of
        ]
        notes.append(t("rostering.note.ranks", limits=told, clause=who.rank_threshold.clause))
    if least := programme.quotas.per_team_min.value:
        fields.append("team")
        clause = programme.quotas.per_team_min.clause
        notes.append(t("rostering.note.team", least=least.n, clause=clause))
    if programme.quotas.per_city.value:
        fields.insert(fields.index("school") if student else 2, "city")
    fields.append("mentor")
    if programme.guardian_consent:
        fields.append("guardian")
        notes.append(t("rostering.note.guardian"))
    choices: list[tuple[int, list[Text | str]]] = []
    if student and who.grades.value:
        grades: list[Text | str] = [t(f"programme.grade.{one.grade}") for one in who.grades.value]
        choices.append((fields.index("grade"), grades))
        notes.append(t("rostering.note.grades", grades=grades, clause=who.grades.clause))
    if subjects := programme.subjects.list.value:
        names: list[Text | str] = [one.name for one in subjects]
        choices.append((fields.index("subject"), names))
        clause = programme.subjects.list.clause
        notes.append(t("rostering.note.subjects", subjects=names, clause=clause))
    role = "student" if student else "trainee_teacher"
    headings = [t(f"rostering.field.{one}") for one in fields]
    return SheetTemplate(t(f"role.{role}"), headings, choices, [*notes, t("rostering.note.end")])

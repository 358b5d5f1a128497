"""The rehearsed year as an .xlsx: every reminder, the sums by person, and by week."""

from __future__ import annotations

from jobs import workbooks
from prompts import BEIJING, Language, Words, render, t
from services.rehearsals import Rehearsal, label
from services.rostering.book import Cells


def table(found: Rehearsal, language: Language) -> bytes:
    """The book. What is a day or a number is one there, so that it can be sorted."""

    def said(words: Words) -> str:
        return render(words, language)

    def headings(*names: str) -> Cells:
        return [said(t(f"cli.column.{name}")) for name in names]

    people = {one.place: one for one in found.people}
    told: list[Cells] = [
        [
            one.day,
            f"{one.at.astimezone(BEIJING):%H:%M}",
            people[one.place].name,
            said(t(f"role.{people[one.place].role.value}")),
            one.learner or None,
            said(label(found.programme, one)),
            said(one.clause or t("reminder.why_assistant")),
        ]
        for one in found.told
    ]
    sums: list[Cells] = [
        [
            one.name,
            said(t(f"role.{one.role.value}")),
            said(t("cli.state.here" if one.joined else "cli.state.not_joined")),
            float(one.messages),
            float(one.things),
        ]
        for one in found.people
    ]
    weeks: list[Cells] = [[week, float(count)] for week, count in sorted(found.weeks.items())]
    return workbooks.listed(
        [
            (
                said(t("rehearsal.sheet_reminders")),
                headings("day", "time", "person", "role", "student", "reminder", "clause"),
                told,
            ),
            (
                said(t("rehearsal.sheet_people")),
                headings("person", "role", "state", "messages", "things"),
                sums,
            ),
            (said(t("rehearsal.sheet_weeks")), headings("week", "messages"), weeks),
        ]
    )

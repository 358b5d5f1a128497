"""What an annual summary says: every figure and table by the name under which a template asks for
it, in words.

A name without a value is of something that the programme's document does not ask for: the
paragraph that asks for it is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from bot.talk.clock import beijing_day
from prompts import BEIJING, LANGUAGES, Language, Text, Words, render, t
from services.progress import asked_for
from services.rights import ROLES, Relation
from services.summaries import AnnualSummary, CountedLine, HoursCount, StageCount
from storage.tables import RecordKind

WORDS: Final = (
    *("programme", "edition", "cohort", "office", "within", "cycle", "made_on", "counted_at"),
    *("provisional", "learner", "learners", "joined", "not_joined", "ended", "schools"),
    *("mentors", "sessions", "hours", "waiting", "diary", "diaries", "meeting", "meetings"),
    *("plans", "certificate", "certificates", "service_hours"),
)
"""Figures and names that stand within a sentence."""
TABLES: Final = (
    *("people", "by_school", "by_subject", "by_host", "by_reason", "process", "minima"),
    *("plan", "materials", "stages", "tests", "nomination", "certificates", "service_hours"),
)
"""What takes the place of a paragraph."""
ONLY: Final = (
    *("by_subject", "by_host", "by_reason", "minima", "plan", "materials", "stages", "tests"),
    *("nomination", "certificates", "service_hours"),
)
"""What says nothing itself: the paragraph in which it stands is there if that table is."""
END: Final = "end"
"""Nothing from here on stands in a summary: the notes for whoever changes the template."""

Filling = Mapping[str, Any]
"""By name: words, or `None`; `{"table": …}`, or `None` there; `{"end": true}`."""


def name_of(kind: str, key: str) -> Text:
    """The name under which a template asks for something."""
    match kind:
        case "table":
            return t(f"summary.table_{key}")
        case "only":
            return t(f"summary.only_{key}")
    return t(f"summary.word_{key}")


def every_name() -> Iterable[tuple[str, str]]:
    """All that a template may ask for: kind and key."""
    for kind, keys in (("word", WORDS), ("table", TABLES), ("only", ONLY)):
        for key in keys:
            yield kind, key


def told(found: AnnualSummary) -> Filling:
    """All that a template may ask for, by its names in both languages; each name is answered in
    its own."""
    filled: dict[str, Any] = {}
    for language in LANGUAGES:
        words, tables = _words(found), _tables(found)
        for key in WORDS:
            value = words[key]
            filled[_named("word", key, language)] = (
                None if value is None else render(value, language)
            )
        for key in TABLES:
            filled[_named("table", key, language)] = {"table": _drawn(tables[key], language)}
        for key in ONLY:
            there = tables[key] is not None
            filled[_named("only", key, language)] = "" if there else None
        filled[_named("word", END, language)] = {"end": True}
    return filled


def _named(kind: str, key: str, language: Language) -> str:
    return render(name_of(kind, key), language)


def file_name(found: AnnualSummary, language: Language, *, preview: bool = False) -> str:
    """What the file is called, without how it ends."""
    day = f"{beijing_day(found.now):%Y%m%d}"
    key = "summary.preview_file" if preview else "summary.file"
    return render(t(key, cohort=found.cohort, day=day), language)


def day_words(day: date) -> Text:
    """A day as it stands in an official document: without its weekday."""
    return t("summary.day", year=day.year, month=t(f"calendar.month_{day.month}"), day=day.day)


def _moment(at: datetime) -> Text:
    local = at.astimezone(BEIJING)
    return t("summary.moment", day=day_words(local.date()), time=f"{local:%H:%M}")


def hours_words(minutes: int) -> Text:
    """Minutes as hours, to a tenth."""
    return t("summary.hours", hours=tenths(minutes))


def tenths(minutes: int) -> str:
    """Minutes as a number of hours, to a tenth; a half goes up."""
    tenth, rest = divmod(minutes, 6)
    return f"{(tenth + (rest >= 3)) / 10:.1f}".removesuffix(".0")


# ---------------------------------------------------------------- within a sentence


def _words(found: AnnualSummary) -> Mapping[str, Words | None]:
    programme, total = found.programme, found.total
    last = programme.cycle.last_day
    first = day_words(programme.cycle.first_day)
    writing = {RecordKind(one.asked.kind.value): one for one in found.writings}
    diary, meeting = writing.get(RecordKind.DIARY), writing.get(RecordKind.MEETING_RECORD)
    learners = [found.roles[role] for role in ROLES[Relation.ONESELF] if role in found.roles]
    joined = sum(one.joined for one in learners)
    mentors = sum(one.members for role, one in found.roles.items() if role.value == "mentor")
    earned, minutes = bool(found.hours), sum(one.minutes for one in found.hours)
    certificate = found.certificate
    return {
        "programme": programme.name,
        "edition": programme.edition_label,
        "cohort": found.cohort,
        "office": found.office,
        "within": found.within or t("summary.whole_cohort"),
        "cycle": t("summary.from_to", first=first, last=day_words(last))
        if last
        else t("summary.from_on", first=first),
        "made_on": day_words(beijing_day(found.now)),
        "counted_at": _moment(found.now),
        "provisional": t("summary.provisional") if programme.provisional else None,
        "learner": t(f"role.{found.learner}"),
        "learners": str(total.learners),
        "joined": str(joined),
        "not_joined": str(total.learners - joined),
        "ended": str(total.ended),
        "schools": str(sum(bool(one.name) for one in found.schools)),
        "mentors": str(mentors),
        "sessions": str(total.sessions),
        "hours": hours_words(total.minutes),
        "waiting": str(found.waiting),
        "diary": diary.name if diary else None,
        "diaries": str(diary.approved + diary.handed_in) if diary else None,
        "meeting": meeting.name if meeting else None,
        "meetings": str(meeting.approved + meeting.handed_in) if meeting else None,
        "plans": str(found.plan.made) if found.plan else None,
        "certificate": certificate.name if certificate else None,
        "certificates": str(certificate.issued)
        if certificate is not None and certificate.issued is not None
        else None,
        "service_hours": hours_words(minutes) if earned else None,
    }


# ---------------------------------------------------------------- tables


class Decimals(str):
    """A number that is no whole one, as it is written."""


GridRow = Sequence[Words | int]


class Grid:
    """A table: its headings, and its rows; `total` if the last one adds up the others."""

    def __init__(self, head: GridRow, rows: Iterable[GridRow], *, total: bool = False) -> None:
        self.head = list(head)
        self.rows = [list(row) for row in rows]
        self.total = total


def _drawn(grid: Grid | None, language: Language) -> Any:
    """A table in words. A column of figures alone is set as such."""
    if grid is None:
        return None
    figures = [
        all(isinstance(row[place], int | Decimals) for row in grid.rows)
        for place in range(len(grid.head))
    ]

    def said(row: GridRow) -> list[str]:
        return [str(one) if isinstance(one, int) else render(one, language) for one in row]

    return {
        "head": said(grid.head),
        "rows": [said(row) for row in grid.rows],
        "figures": figures,
        "total": grid.total,
    }


def _col(key: str) -> Text:
    return t(f"summary.col_{key}")


def _tables(found: AnnualSummary) -> Mapping[str, Grid | None]:
    return {
        "people": _people(found),
        "by_school": _lines(found, found.schools, "school"),
        "by_subject": _lines(found, found.subjects, "subject") if found.subjects else None,
        "by_host": _lines(found, found.hosts, "host", total=False) if found.hosts else None,
        "by_reason": Grid([_col("reason"), _col("count")], found.ended) if found.ended else None,
        "process": _process(found),
        "minima": _minima(found),
        "plan": _plan(found),
        "materials": _materials(found),
        "stages": _stages(found),
        "tests": _tests(found),
        "nomination": _nomination(found),
        "certificates": _certificate(found),
        "service_hours": _hours(found),
    }


def _people(found: AnnualSummary) -> Grid:
    rows = [
        (t(f"role.{role}"), one.members, one.joined, one.members - one.joined)
        for role, one in found.roles.items()
    ]
    return Grid([_col("role"), _col("members"), _col("joined"), _col("not_joined")], rows)


def _lines(
    found: AnnualSummary, lines: Sequence[CountedLine], what: str, *, total: bool = True
) -> Grid:
    """By school, subject or host: a learner with mentors at two hosts stands at both, so that
    those lines do not add up."""
    kinds = [(RecordKind(one.asked.kind.value), one.name) for one in found.writings]
    minima = bool(found.met)
    head: list[Words] = [_col(what), _col("learners"), _col("ended"), _col("sessions")]
    head += [_col("hours"), *(name for _, name in kinds)]
    head += [_col("all_met")] if minima else []

    def row(name: Words, one: CountedLine) -> GridRow:
        cells: list[Words | int] = [name, one.learners, one.ended, one.sessions]
        cells += [Decimals(tenths(one.minutes)), *(one.writings[kind] for kind, _ in kinds)]
        return [*cells, one.met] if minima else cells

    rows = [row(one.name or t("summary.not_said"), one) for one in lines]
    if total:
        rows.append(row(t("summary.total"), found.total))
    return Grid(head, rows, total=total)


def _process(found: AnnualSummary) -> Grid:
    rows: list[GridRow] = [
        (t("summary.sessions_approved"), found.total.sessions),
        (t("summary.sessions_waiting"), found.waiting),
    ]
    for one in found.writings:
        if one.asked.reviewed_by is None:
            rows.append((t("summary.handed_in", what=one.name), one.approved + one.handed_in))
        else:
            rows.append((t("summary.approved", what=one.name), one.approved))
            rows.append((t("summary.waiting", what=one.name), one.handed_in))
    return Grid([_col("item"), _col("count")], rows)


def _minima(found: AnnualSummary) -> Grid | None:
    if not found.met:
        return None
    rows = [
        (asked_for(asked), met, found.total.learners, asked.clause) for asked, met in found.met
    ]
    return Grid([_col("minimum"), _col("met"), _col("of"), _col("clause")], rows)


def _plan(found: AnnualSummary) -> Grid | None:
    plan = found.plan
    if plan is None:
        return None
    rows: list[GridRow] = [(t("summary.plan_made"), plan.made, found.total.learners, plan.clause)]
    if plan.approved is not None:
        of = plan.approved, found.total.learners
        rows.append((t("summary.plan_approved"), *of, plan.clause))
    return Grid([_col("item"), _col("done"), _col("needed"), _col("clause")], rows)


def _materials(found: AnnualSummary) -> Grid | None:
    if not found.materials:
        return None
    of, clause = found.total.learners, found.materials_clause
    rows = [(name, count, of, clause) for name, count in found.materials]
    return Grid([_col("material"), _col("done"), _col("needed"), _col("clause")], rows)


def _stages(found: AnnualSummary) -> Grid | None:
    if not found.stages:
        return None
    head = [_col("stage"), _col("side"), _col("signed"), _col("outcomes"), _col("clause")]
    return Grid(head, map(_stage, found.stages))


def _stage(one: StageCount) -> GridRow:
    side: Words = t("summary.nobody") if one.side is None else t(f"evaluation.side_{one.side}")
    signed: Words = t("summary.signed_of", signed=one.signed, needed=one.needed)
    if one.side is None:
        signed = t("summary.none")
    elif not one.begun and not one.signed:
        signed = t("summary.not_begun")
    given = [t("summary.outcome", outcome=what, count=count) for what, count in one.outcomes]
    outcomes: Words = t("summary.in_words")
    if given and (one.signed or one.begun):
        outcomes = t("field.list", items=given)
    if one.side is None or (not one.begun and not one.signed):
        outcomes = t("summary.none")
    return one.stage, side, signed, outcomes, one.clause


def _tests(found: AnnualSummary) -> Grid | None:
    if not found.tests:
        return None
    of = found.total.learners
    rows = [(one.stage, one.test, one.entered, of, one.clause) for one in found.tests]
    head = [_col("stage"), _col("test"), _col("entered"), _col("needed"), _col("clause")]
    return Grid(head, rows)


def _nomination(found: AnnualSummary) -> Grid | None:
    one = found.nomination
    if one is None:
        return None
    count: Words | int = t("summary.kept_elsewhere") if one.count is None else one.count
    head = [_col("event"), _col("nominated"), _col("clause")]
    return Grid(head, [(one.event, count, one.clause)])


def _certificate(found: AnnualSummary) -> Grid | None:
    one = found.certificate
    if one is None:
        return None
    elsewhere = one.issued is None
    issued: Words | int = t("summary.issued_elsewhere") if one.issued is None else one.issued
    head = [_col("certificate"), _col("entitled"), _col("issued")]
    row: list[Words | int] = [one.name, one.entitled, issued]
    if not elsewhere:
        head.append(_col("revoked"))
        row.append(one.revoked)
    return Grid([*head, _col("clause")], [[*row, one.clause]])


def _hours(found: AnnualSummary) -> Grid | None:
    if not found.hours:
        return None
    head = [_col("role"), _col("people"), _col("giving"), _col("meetings"), _col("hours")]
    return Grid([*head, _col("earned")], map(_hours_row, found.hours))


def _hours_row(one: HoursCount) -> GridRow:
    earned = [
        t("summary.earned", proof=t(f"service.proof_{proof.proof}"), clause=proof.clause)
        for proof in one.earned
    ]
    told = t("field.list", items=earned)
    role = t(f"role.{one.role}")
    return role, one.people, one.giving, one.meetings, Decimals(tenths(one.minutes)), told

"""The card of a reminder: what is owed, until when, as it stands at that moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from sqlmodel import Session

from bot.talk.message import Choice, Field, Item, Message, Tone, press
from programmes.model import Requirement
from programmes.pacing import WEEK
from programmes.reminding import QUEUE, Strength, To
from prompts import Text, Words, t
from services import records
from services.packs import material_label, word_label, writing_name
from services.standing import Due
from storage.tables import RecordKind

MOST_NAMES: Final = 6
WAYS: Final[Mapping[str, str]] = {
    RecordKind.DIARY: records.BEGUN_BY[RecordKind.DIARY],
    RecordKind.MEETING_RECORD: records.BEGUN_BY[RecordKind.MEETING_RECORD],
    "queue": "queue",
}
"""The command that leads to each thing that is owed. Where none is listed, the button begins a
session."""


def card(db: Session, bundle_id: int, due: Sequence[Due], today: date) -> Message:
    """One message of everything that one person owes today."""
    several = len({one.learner.programme.key for one in due}) > 1
    items = [
        Item(
            _words(db, group, today),
            way_on(group[0]),
            group[0].learner.programme.name if several else "",
            _tone(group[0]),
        )
        for group in _grouped(due)
    ]
    own = any(one.to is To.LEARNER for one in due)
    go = Choice(
        items[0].press,
        t("reminder.go_and_write") if own else t("reminder.go_and_see"),
        weight="primary",
    )
    later = Choice(press("again_tomorrow", bundle_id), t("reminder.again_tomorrow"))
    leave = Choice(press("leave"), t("reminder.on_leave"))
    why = Choice(press("why_reminded", bundle_id), t("reminder.why"), weight="quiet")
    away = any(one.to in (To.LEARNER, To.MENTOR, To.TEAM_MEMBER) for one in due)
    return Message(
        title=t("reminder.title", count=len(items)),
        items=tuple(items),
        rows=((go, later), (leave, why) if away else (why,)),
        kind="card",
        card=f"reminder:{bundle_id}",
    )


def _grouped(due: Sequence[Due]) -> list[list[Due]]:
    """Groups what can be said in one line: the diaries of one learner, or one matter of many
    learners."""
    found: dict[tuple[object, ...], list[Due]] = defaultdict(list)
    for one in due:
        whose = one.learner.id if one.to is To.LEARNER else 0
        counted = one.matter.entry is None and one.to is To.LEARNER
        found[
            one.matter.about,
            one.matter.rule,
            one.to,
            one.matter.name,
            one.saying.until,
            one.saying.strength if one.saying.until else "",
            whose,
            one.saying.period if counted else "",
        ].append(one)
    urgent = list(Strength)[::-1]
    return sorted(found.values(), key=lambda group: urgent.index(group[0].saying.strength))


def way_on(one: Due) -> str:
    """The press that leads to what is owed."""
    if one.to is To.LEARNER:
        if one.matter.about == "material":
            return press("materials")
        if one.matter.rule == "evaluation.stages":
            return press(records.BEGUN_BY[RecordKind.PRESENTATION])
        return press(WAYS.get(one.matter.about, "session"))
    if one.matter.about == "queue" and one.to in (To.MENTOR, To.TEAM_MEMBER):
        return press("queue")
    if "plan" in (one.matter.about, one.matter.name):
        return press("plans")
    if one.to is To.EXPERT:
        return press("marking")
    return press("cohort" if one.to in (To.OFFICE, To.UNIVERSITY) else "students")


def _tone(one: Due) -> Tone:
    return "neutral" if one.saying.strength is Strength.GENTLE else "waiting"


# ---------------------------------------------------------------- the words


def _words(db: Session, group: Sequence[Due], today: date) -> Words:
    one = group[0]
    if one.matter.about == "queue":
        return _queue(db, group, today)
    if one.to is not To.LEARNER:
        return _of_others(group, today)
    if one.matter.at_least:
        return _minimum(one, today)
    if one.saying.until is None:
        return t("reminder.unwritten", name=_called(one), count=len(group))
    return _deadline(one, today)


def _minimum(one: Due, today: date) -> Words:
    until, missing = one.saying.until, one.matter.count
    assert until is not None  # noqa: S101 - every minimum has a last day
    days = (until - today).days
    asked = _requirement(one)
    said = {
        "what": counted_label(one),
        "missing": _amount(asked, missing),
        "at_least": _amount(asked, one.matter.at_least),
        "until": until,
    }
    if days <= 0:
        return t("reminder.minimum_last_day", **said)
    if one.saying.strength is not Strength.GENTLE:
        return t("reminder.minimum_plain", days=days, **said)
    weeks = days // (WEEK * missing)
    if asked.unit == "hours" or not weeks:
        return t("reminder.minimum_gentle", **said)
    return t("reminder.minimum_paced", every=every(weeks), **said)


def every(weeks: int) -> Text:
    """How often in words: once in so many weeks."""
    if weeks == 1:
        return t("reminder.every_week")
    return t("reminder.every_month") if weeks >= 5 else t("reminder.every_weeks", weeks=weeks)


def counted_label(one: Due) -> Words:
    """What a minimum counts."""
    asked = _requirement(one)
    return word_label(asked.counts, t(f"counter.{asked.counts}"))


def _requirement(one: Due) -> Requirement:
    return next(
        asked
        for asked in one.learner.programme.requirements
        if (asked.path, str(asked.counts)) == (one.matter.rule, one.matter.about)
    )


def _amount(asked: Requirement, count: int) -> Text:
    return t(f"progress.amount_{asked.unit}", count=count)


def _deadline(one: Due, today: date) -> Words:
    until = one.saying.until
    assert until is not None  # noqa: S101 - the caller has looked
    days = (until - today).days
    if days < 0:
        return t("reminder.deadline_late", what=_called(one), until=until)
    if days == 0:
        return t("reminder.deadline_today", what=_called(one), until=until)
    return t("reminder.deadline_ahead", what=_called(one), until=until, days=days)


def _called(one: Due) -> Words:
    if one.matter.about == "material":
        return material_label(one.matter.name)
    for writing in one.learner.programme.records:
        if (writing.kind.value, writing.name) == (one.matter.about, one.matter.name):
            return writing_name(writing)
    return one.matter.name


def _queue(db: Session, group: Sequence[Due], today: date) -> Words:
    one = group[0]
    days = max((today - (due.matter.since or today)).days for due in group)
    names = [due.learner.name for due in group]
    if one.matter.name == "plan":
        return t("reminder.plans_wait", count=len(group), days=days, names=some_names(names))
    key = {
        To.MENTOR: "reminder.queue_mentor",
        To.TEAM_MEMBER: "reminder.queue_team_member",
        To.UNIVERSITY: "reminder.queue_university",
    }.get(one.to, "reminder.queue_office")
    if one.to is To.UNIVERSITY:
        # They look after mentors, and read nothing of students.
        learners = {due.learner.id for due in group}
        names = [r.name for number in learners for r in records.reviewers(db, number)]
    return t(key, count=len(group), days=days, names=some_names(names))


def _of_others(group: Sequence[Due], today: date) -> Words:
    one, names = group[0], some_names(due.learner.name for due in group)
    until = one.saying.until
    if one.matter.at_least:
        return t(
            "reminder.minimum_impossible",
            what=counted_label(one),
            at_least=_amount(_requirement(one), one.matter.at_least),
            until=until,
            names=names,
        )
    if until is None:
        return t("reminder.plan_missing", names=names)
    what = _called(one)
    if one.saying.strength is Strength.IMPOSSIBLE:
        return t("reminder.stage_closed", what=what, until=until, names=names)
    days = (until - today).days
    if days < 0:
        return t("reminder.stage_late", what=what, until=until, names=names)
    return t("reminder.stage_ahead", what=what, until=until, days=days, names=names)


def some_names(names: Iterable[str]) -> Words:
    """Some names, and how many more there are."""
    every_name = list(dict.fromkeys(names))
    if len(every_name) <= MOST_NAMES:
        return t("field.list", items=every_name)
    return t("reminder.names", some=every_name[:MOST_NAMES], count=len(every_name))


# ---------------------------------------------------------------- why


def why(due: Sequence[Due]) -> Message:
    """For each thing in a reminder, the clause it rests on and what that says."""
    fields: dict[tuple[str, ...], Field] = {}
    for one in due:
        programme, rule, about = one.learner.programme, one.matter.rule, one.matter.about
        if rule == QUEUE:
            field = Field(t("reminder.why_assistant"), t("reminder.why_queue"))
        else:
            label = t("reminder.why_clause", programme=programme.name, clause=one.matter.clause)
            field = Field(label, t("field.list", items=_said(one)))
        fields[programme.key, rule, about] = field
    return Message(
        title=t("reminder.why"),
        fields=tuple(fields.values()),
        note=t("reminder.why_silent"),
        kind="question",
        card="why_reminded",
    )


def _said(one: Due) -> list[Words]:
    """What the document says, in the pack's words."""
    programme, about = one.learner.programme, one.matter.about
    if one.matter.rule == "evaluation.stages":
        stage = next(stage for stage in programme.stages if str(stage.stage) == about)
        return [stage.name, *((stage.window.text,) if stage.window else ()), stage.evaluator]
    return list(programme.fact(one.matter.rule).words) or [one.matter.name]

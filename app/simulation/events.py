"""What happened in a simulated cycle, read from the records afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from programmes import certifying, evaluating, planning
from programmes.evaluating import Side
from programmes.model import Programme
from programmes.reminding import ASKED_BY
from programmes.values import WritingKind
from prompts import BEIJING
from services.records import OF_OTHERS, written_by
from services.rehearsals import clause_of
from storage.tables import (
    Bundle,
    Certificate,
    Evaluation,
    EvaluationVersion,
    ExitCase,
    ExitState,
    ExitStep,
    ExpertMark,
    Membership,
    Outbox,
    Person,
    Record,
    RecordKind,
    Reminder,
    Review,
    SendState,
)

KINDS: Final = (
    *("session", "diary", "meeting_record", "material", "plan", "reminder"),
    *("evaluation_opened", "evaluation_signed", "mark", "outcome", "exit", "certificate"),
)
"""What can happen."""
AT_STAGES: Final = (RecordKind.PRESENTATION, RecordKind.TEST_RESULT)
"""Kinds of entry that belong to a stage; they are told as materials of it."""
STAGES: Final = ("initial", "mid", "annual", "final")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, or that somebody was told."""

    at: datetime
    to: str
    """The role of whom it concerns."""
    person: str
    kind: str
    about: str
    rule: str = ""
    """The path of the fact behind it."""
    clause: str = ""
    period: str = ""
    student: str = ""
    """The learner, where it concerns somebody else."""
    outcome: str = ""
    note: str = ""
    grade: str = ""
    """The learner's grade, in programmes for children of several ages."""

    def to_json(self) -> dict[str, Any]:
        """As JSON, in Beijing time, without what is empty."""
        body = {key: value for key, value in asdict(self).items() if value}
        return body | {"at": self.at.astimezone(BEIJING).isoformat()}


def events(db: Session, programme: Programme) -> list[Event]:
    """Everything that happened, in order."""
    people = _People(db)
    found = [
        *_entries(db, programme, people),
        *_approvals(db, programme, people),
        *_reminders(db, programme, people),
        *_evaluations(db, programme, people),
        *_marks(db, programme, people),
        *_exits(db, programme, people),
        *_certificates(db, programme, people),
    ]
    if programme.guardian_consent:
        found = [replace(one, grade=people.grade(one.student or one.person)) for one in found]
    return sorted(found, key=lambda event: (event.at, event.kind, event.person, event.period))


class _People:
    """Names and roles, by membership and by person."""

    def __init__(self, db: Session) -> None:
        rows = db.exec(
            select(Membership, Person.name).join(Person, col(Person.id) == Membership.person_id)
        ).all()
        self._places = {place.id: (place, name) for place, name in rows}
        self._persons = {place.person_id: (place, name) for place, name in rows}

    def place(self, member_id: int | None) -> tuple[str, str]:
        """The role and the name of a membership."""
        place, name = self._places[member_id]
        return place.role.value, name

    def person(self, person_id: int) -> tuple[str, str]:
        place, name = self._persons[person_id]
        return place.role.value, name

    def grade(self, name: str) -> str:
        """The grade of a learner; empty for others."""
        return next((place.grade for place, one in self._places.values() if one == name), "")

    def is_same(self, person_id: int, member_id: int) -> bool:
        return self._places[member_id][0].person_id == person_id


def _entries(db: Session, programme: Programme, people: _People) -> Iterator[Event]:
    """Sessions, diaries, meeting records, plans, materials, and what was prepared to be presented
    as one of them, as they were first handed in."""
    minimum = next(iter(programme.requirements), None)
    stages = dict(zip(evaluating.keys(programme), programme.stages, strict=True))
    often = ASKED_BY[WritingKind.DIARY]
    rules = {
        RecordKind.SESSION: minimum.path if minimum else "",
        # Where no document says how often, the one that names it.
        RecordKind.DIARY: often if programme.fact(often).clause else "cultivation.diary_name",
        RecordKind.MEETING_RECORD: ASKED_BY[WritingKind.MEETING_RECORD],
        RecordKind.MATERIAL: "final_materials.student_materials",
        RecordKind.PRESENTATION: "evaluation.stages",
        RecordKind.TEST_RESULT: "evaluation.stages",
        RecordKind.PLAN: planning.AUTHOR,
    }
    for record in db.exec(select(Record).order_by(col(Record.id))):
        role, name = people.place(record.student_id)
        rule, student = rules[record.kind], ""
        if record.kind in OF_OTHERS:
            student, (role, name) = name, people.person(written_by(db, record, 1))
        kind = about = record.kind.value
        clause = programme.fact(rule).clause if rule else ""
        if record.kind is RecordKind.SESSION:
            about = "sessions"
        elif record.kind in AT_STAGES:
            stage = stages[record.period]
            kind, about, clause = RecordKind.MATERIAL.value, str(stage.stage), stage.clause
        yield Event(
            record.created_at,
            role,
            name,
            kind,
            about,
            rule,
            clause,
            record.period or (str(record.about_id) if record.about_id else f"{record.day}"),
            student,
        )


def _approvals(db: Session, programme: Programme, people: _People) -> Iterator[Event]:
    """Each training plan as an office approved it."""
    rows = db.exec(
        select(Record, Review)
        .join(Review, col(Review.record_id) == Record.id)
        .where(Record.kind == RecordKind.PLAN, col(Review.approved))
    )
    for record, review in rows:
        role, name = people.place(review.reviewer_id)
        _, student = people.place(record.student_id)
        rule = planning.APPROVAL
        clause = programme.fact(rule).clause
        period = f"{record.day}"
        yield Event(
            review.at, role, name, "plan", "plan", rule, clause, period, student, note="approved"
        )


def _reminders(db: Session, programme: Programme, people: _People) -> Iterator[Event]:
    """Each thing that somebody was reminded of, at the moment at which its message was sent."""
    for at, row in _sent(db):
        role, name = people.person(row.person_id)
        _, learner = people.place(row.learner_id)
        opens = row.about in STAGES and row.period.endswith(" opens")
        yield Event(
            at,
            role,
            name,
            "evaluation_opened" if opens else "reminder",
            row.about,
            row.rule,
            clause_of(programme, row),
            row.period,
            "" if people.is_same(row.person_id, row.learner_id) else learner,
        )


def _sent(db: Session) -> Iterator[tuple[datetime, Reminder]]:
    """Each reminder whose message was sent, with the moment."""
    sent = select(Outbox.key, Outbox.sent_at).where(
        col(Outbox.key).startswith("remind:"), Outbox.state == SendState.SENT
    )
    moments = {key.split(":")[1]: at for key, at in db.exec(sent) if key and at}
    rows = db.exec(select(Reminder).join(Bundle, col(Bundle.id) == Reminder.bundle_id))
    for row in rows:
        if (at := moments.get(str(row.bundle_id))) is not None:
            yield at, row


def _evaluations(db: Session, programme: Programme, people: _People) -> Iterator[Event]:
    """Each evaluation as it was signed; what the office decides is an outcome."""
    keys = dict(zip(evaluating.keys(programme), programme.stages, strict=True))
    rows = db.exec(
        select(Evaluation, EvaluationVersion)
        .join(EvaluationVersion, col(EvaluationVersion.evaluation_id) == Evaluation.id)
        .order_by(col(EvaluationVersion.at))
    )
    for entry, version in rows:
        stage = keys[entry.stage]
        role, name = people.place(version.signed_by)
        _, learner = people.place(entry.student_id)
        parts = evaluating.parts(programme, stage)
        decides = any(part.decides for part in parts if part.side == entry.side)
        yield Event(
            version.at,
            role,
            name,
            "outcome" if decides and entry.side == Side.OFFICE else "evaluation_signed",
            str(stage.stage),
            "evaluation.stages",
            stage.clause,
            entry.stage,
            learner,
            str(version.body.get("outcome", "")),
            "late" if version.late else "",
        )


def _marks(db: Session, programme: Programme, people: _People) -> Iterator[Event]:
    """Each mark of an expert as it was signed."""
    keys = dict(zip(evaluating.keys(programme), programme.stages, strict=True))
    for mark in db.exec(select(ExpertMark).order_by(col(ExpertMark.id))):
        stage = keys[mark.stage]
        role, name = people.place(mark.expert_id)
        _, learner = people.place(mark.student_id)
        yield Event(
            *(mark.at, role, name, "mark", str(stage.stage), "evaluation.stages", stage.clause),
            period=mark.stage,
            student=learner,
            outcome=str(mark.body.get("outcome", "")),
        )


def _exits(db: Session, programme: Programme, people: _People) -> Iterator[Event]:
    """Each cultivation that has ended upon an outcome."""
    rows = db.exec(
        select(ExitCase, ExitStep)
        .join(ExitStep, col(ExitStep.case_id) == ExitCase.id)
        .where(ExitStep.state == ExitState.ENDED)
    )
    for case, step in rows:
        role, name = people.place(case.student_id)
        fact = programme.evaluation.exit_rule
        about = str(fact.value.stage) if fact.value else "mid"
        yield Event(
            step.at, role, name, "exit", about, "evaluation.exit_rule", fact.clause, f"{case.id}"
        )


def _certificates(db: Session, programme: Programme, people: _People) -> Iterator[Event]:
    """Each certificate, with the stage and the outcome that it rests on."""
    keys = dict(zip(evaluating.keys(programme), programme.stages, strict=True))
    rows = db.exec(
        select(Certificate, Evaluation)
        .join(Evaluation, col(Evaluation.id) == Certificate.evaluation_id)
        .order_by(col(Certificate.id))
    )
    for row, entry in rows:
        role, name = people.place(row.member_id)
        yield Event(
            row.issued_at,
            role,
            name,
            "certificate",
            str(keys[entry.stage].stage),
            certifying.PATH,
            programme.fact(certifying.PATH).clause,
            row.number,
            outcome=entry.outcome,
        )


def totals(every: Sequence[Event]) -> dict[str, Any]:
    """How much there was of each kind, for whom most, and which week was the busiest."""
    told = [event for event in every if event.kind in ("reminder", "evaluation_opened")]
    weeks = Counter(f"{event.at.astimezone(BEIJING):%G-W%V}" for event in _messages(told))
    persons = Counter((event.to, event.person) for event in _messages(told))
    return {
        "kinds": dict(sorted(Counter(event.kind for event in every).items())),
        "reminders": dict(sorted(Counter(event.about for event in told).items())),
        "outcomes": dict(sorted(Counter(e.outcome for e in every if e.kind == "outcome").items())),
        "messages": sum(weeks.values()),
        "most_for_one": max(persons.values(), default=0),
        "busiest_week": max(weeks, key=lambda week: (weeks[week], week), default=""),
    }


def _messages(told: Iterable[Event]) -> list[Event]:
    """One event for each message: a person's reminders of one moment are one message."""
    return list({(event.at, event.to, event.person): event for event in told}.values())

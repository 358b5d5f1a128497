"""A house with invented people in it, written straight into its tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any, Final

from sqlalchemy import insert
from sqlmodel import Session, SQLModel

from benchmarks.script import MENTOR, WHAT
from storage.tables import (
    Account,
    Audit,
    Cohort,
    Lane,
    Membership,
    Mentoring,
    Outbox,
    Person,
    Record,
    RecordKind,
    RecordState,
    RecordVersion,
    Role,
    SendState,
    StoredTalk,
    TalkState,
    Unit,
    UnitKind,
    Update,
    UpdateState,
)

PROGRAMME: Final = "shanxi-2026"
MOMENT: Final = datetime(2026, 11, 23, 2, tzinfo=UTC)
"""Ten in the morning in Beijing, inside the programme's cycle."""
WEEKS_BACK: Final = 30
"""How long ago the first session on record was; there is one a week."""
STUDENTS_OF_A_MENTOR: Final = 10


class RunningClock:
    """The time as if the clock had been set to `MOMENT` when it was made."""

    def __init__(self) -> None:
        self._began = perf_counter()

    def now(self) -> datetime:
        return MOMENT + timedelta(seconds=perf_counter() - self._began)


def address(student: int) -> str:
    """The chat of a student, counted from 0."""
    return f"student-{student}"


def person_id(student: int) -> int:
    """A student's person, account and membership all have this id."""
    return student + 1


def populate(db: Session, platform: str, students: int, sessions: int = 0, lines: int = 0) -> None:
    """Students who have joined, a mentor for every ten of them, and what was before.

    Each student has so many sessions on record, so many lines of chat each way and, where there
    are any, a draft.
    """
    rows = _Rows(db)
    joined = MOMENT - timedelta(weeks=WEEKS_BACK)
    rows.add(Unit, id=1, kind=UnitKind.SCHOOL, name="汾河中学", parent_id=None)
    rows.add(Cohort, id=1, programme=PROGRAMME, name="示例一期", created_at=joined)
    mentors = -(-students // STUDENTS_OF_A_MENTOR)
    for number in range(students + mentors):
        mentor = number >= students
        here = f"mentor-{number}" if mentor else address(number)
        _add_person(rows, number, MENTOR if mentor else f"学生{number}", mentor, platform, here)
    rows.write()
    for student in range(students):
        mentor_id = person_id(students + student // STUDENTS_OF_A_MENTOR)
        rows.add(Mentoring, student_id=person_id(student), mentor_id=mentor_id, created_at=joined)
        for week in range(sessions):
            _add_session(rows, student, student * sessions + week + 1, week)
        for line in range(lines):
            _add_line(rows, student, platform, joined + timedelta(hours=line))
        if lines:
            _add_draft(rows, student)
        if student % 1000 == 999:
            rows.write()
    rows.write()


class _Rows:
    """Rows to be written together, table by table."""

    def __init__(self, db: Session) -> None:
        self._db = db
        self._rows: dict[type[SQLModel], list[dict[str, Any]]] = {}

    def add(self, table: type[SQLModel], **row: Any) -> None:
        self._rows.setdefault(table, []).append(row)

    def write(self) -> None:
        for table, rows in self._rows.items():
            self._db.connection().execute(insert(table), rows)
        self._rows.clear()


def _add_person(
    rows: _Rows, number: int, name: str, mentor: bool, platform: str, chat: str
) -> None:
    one = person_id(number)
    at = MOMENT - timedelta(weeks=WEEKS_BACK)
    rows.add(Person, id=one, name=name, language="zh", created_at=at)
    rows.add(
        Account,
        id=one,
        platform=platform,
        address=chat,
        person_id=one,
        name="",
        language="zh",
        reachable=True,
        talk_id=None,
        offered=[],
        created_at=at,
    )
    rows.add(
        Membership,
        id=one,
        cohort_id=1,
        person_id=one,
        role=Role.MENTOR if mentor else Role.STUDENT,
        unit_id=1,
        subject="",
        grade="" if mentor else "senior_1",
        created_at=at,
        ended_reason="",
    )


def _add_session(rows: _Rows, student: int, record: int, week: int) -> None:
    at = MOMENT - timedelta(weeks=WEEKS_BACK - week)
    who = person_id(student)
    rows.add(
        Record,
        id=record,
        kind=RecordKind.SESSION,
        student_id=who,
        period="",
        day=at.date(),
        state=RecordState.APPROVED,
        version=1,
        created_at=at,
        submitted_at=at,
        decided_at=at,
    )
    body = {
        "day": at.date().isoformat(),
        "start": None,
        "part": "afternoon",
        "minutes": 120,
        "place": "on_campus",
        "kind": "research",
        "people": [MENTOR],
        "what": WHAT,
        "files": [],
    }
    rows.add(RecordVersion, record_id=record, version=1, body=body, written_by=who, at=at)
    rows.add(
        Audit,
        at=at,
        person_id=who,
        account_id=who,
        verb="hand_in",
        object="record",
        object_id=record,
        version=1,
        refused="",
        detail={},
    )


def _add_line(rows: _Rows, student: int, platform: str, at: datetime) -> None:
    chat = address(student)
    rows.add(
        Update,
        platform=platform,
        key=f"before-{student}-{at.isoformat()}",
        address=chat,
        album="",
        raw=f'{{"address": "{chat}", "text": "昨天下午"}}',
        received_at=at,
        state=UpdateState.DONE,
        error="",
    )
    rows.add(
        Outbox,
        account_id=person_id(student),
        lane=Lane.REPLY,
        body={"text": "（2/8）在哪里、怎么进行的？", "kind": "question", "card": "talk:1"},
        state=SendState.SENT,
        tries=1,
        not_before=at,
        created_at=at,
        sent_at=at,
        error="",
    )


def _add_draft(rows: _Rows, student: int) -> None:
    at = MOMENT - timedelta(weeks=WEEKS_BACK)
    rows.add(
        StoredTalk,
        flow="diary",
        person_id=person_id(student),
        account_id=person_id(student),
        about={"args": {"record": 0}, "seen": {}},
        journal={"began": at.isoformat(), "turn": 0, "entries": []},
        state=TalkState.PARKED,
        work=None,
        updated_at=at,
    )

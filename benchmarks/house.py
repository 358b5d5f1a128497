"""A house with invented people in it, written straight into its tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any, Final

from sqlalchemy import Table, insert
from sqlmodel import Session, SQLModel

from storage.tables import (
    Account,
    Audit,
    Cohort,
    Conversation,
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
    TalkState,
    Unit,
    UnitKind,
    Update,
    UpdateState,
)

PROGRAMME: Final = "shanxi-2026"
MOMENT: Final = datetime(2026, 11, 23, 2, tzinfo=UTC)
"""Ten in the morning in Beijing, inside the programme's cycle."""
STUDENTS_OF_A_MENTOR: Final = 10
MENTOR: Final = "王建国"


class RunningClock:
    """The time as if the clock had been set to `MOMENT` when the process began."""

    def __init__(self) -> None:
        self._began = perf_counter()

    def now(self) -> datetime:
        return MOMENT + timedelta(seconds=perf_counter() - self._began)


def address(student: int) -> str:
    return f"student-{student}"


def populate(
    db: Session, platform: str, students: int, *, sessions: int = 0, lines: int = 0
) -> None:
    """Students who have joined, one mentor for every ten, and what they have done before.

    Each student has so many `sessions` on record, so many `lines` of chat on either side, and,
    where there are any, a draft. Students come first: the ids of the n-th (from 0) are n + 1.
    """
    mentors = -(-students // STUDENTS_OF_A_MENTOR)
    everybody = range(1, students + mentors + 1)
    mentor_of = {s: students + 1 + (s - 1) // STUDENTS_OF_A_MENTOR for s in range(1, students + 1)}
    before = MOMENT - timedelta(days=30)

    def add(model: type[SQLModel], rows: list[dict[str, Any]]) -> None:
        if rows:
            table: Table = model.__table__  # type: ignore[attr-defined]
            db.connection().execute(insert(table), rows)

    def is_student(number: int) -> bool:
        return number <= students

    add(Unit, [{"id": 1, "kind": UnitKind.SCHOOL, "name": "汾河中学", "parent_id": None}])
    add(Cohort, [{"id": 1, "programme": PROGRAMME, "name": "示例一期", "created_at": before}])
    add(
        Person,
        [
            {
                "id": n,
                "name": f"学生{n}" if is_student(n) else MENTOR,
                "language": "zh",
                "created_at": before,
            }
            for n in everybody
        ],
    )
    add(
        Account,
        [
            {
                "id": n,
                "platform": platform,
                "address": address(n - 1) if is_student(n) else f"mentor-{n}",
                "person_id": n,
                "name": "",
                "language": "zh",
                "reachable": True,
                "talk_id": None,
                "offered": [],
                "created_at": before,
            }
            for n in everybody
        ],
    )
    add(
        Membership,
        [
            {
                "id": n,
                "cohort_id": 1,
                "person_id": n,
                "role": Role.STUDENT if is_student(n) else Role.MENTOR,
                "unit_id": 1,
                "subject": "",
                "grade": "senior_1" if is_student(n) else "",
                "created_at": before,
                "ended_reason": "",
            }
            for n in everybody
        ],
    )
    add(
        Mentoring,
        [{"student_id": s, "mentor_id": m, "created_at": before} for s, m in mentor_of.items()],
    )
    for student in mentor_of:
        _add_past(add, student, sessions, lines)


def _add_past(add: Any, student: int, sessions: int, lines: int) -> None:
    first = MOMENT - timedelta(days=200)
    days = [first + timedelta(days=7 * number) for number in range(sessions)]
    ids = [(student - 1) * sessions + number + 1 for number in range(sessions)]
    add(
        Record,
        [
            {
                "id": row,
                "kind": RecordKind.SESSION,
                "student_id": student,
                "period": "",
                "day": day.date(),
                "state": RecordState.APPROVED,
                "version": 1,
                "created_at": day,
                "submitted_at": day,
                "decided_at": day,
            }
            for row, day in zip(ids, days, strict=True)
        ],
    )
    add(
        RecordVersion,
        [
            {
                "record_id": row,
                "version": 1,
                "body": {
                    "day": day.date().isoformat(),
                    "start": None,
                    "part": "afternoon",
                    "minutes": 120,
                    "place": "on_campus",
                    "kind": "research",
                    "people": [MENTOR],
                    "what": "搭双缝干涉光路，测了三组条纹间距",
                    "files": [],
                },
                "written_by": student,
                "at": day,
            }
            for row, day in zip(ids, days, strict=True)
        ],
    )
    add(
        Audit,
        [
            {
                "at": day,
                "person_id": student,
                "account_id": student,
                "verb": "hand_in",
                "object": "record",
                "object_id": row,
                "version": 1,
                "refused": "",
                "detail": {},
            }
            for row, day in zip(ids, days, strict=True)
        ],
    )
    moments = [first + timedelta(hours=number) for number in range(lines)]
    add(
        Update,
        [
            {
                "platform": "fake",
                "key": f"past-{student}-{number}",
                "address": address(student - 1),
                "album": "",
                "raw": f'{{"address": "{address(student - 1)}", "text": "昨天下午"}}',
                "received_at": moment,
                "state": UpdateState.DONE,
                "error": "",
            }
            for number, moment in enumerate(moments)
        ],
    )
    add(
        Outbox,
        [
            {
                "key": None,
                "account_id": student,
                "lane": Lane.REPLY,
                "body": {"text": "（2/8） 在哪里、怎么进行的？" * 4, "kind": "question"},
                "state": SendState.SENT,
                "tries": 1,
                "not_before": moment,
                "created_at": moment,
                "sent_at": moment,
                "error": "",
            }
            for moment in moments
        ],
    )
    if lines:
        add(
            Conversation,
            [
                {
                    "flow": "diary",
                    "person_id": student,
                    "account_id": student,
                    "about": {"args": {"record": 0}, "seen": {}},
                    "journal": {"began": first.isoformat(), "turn": 0, "entries": []},
                    "state": TalkState.PARKED,
                    "work": None,
                    "updated_at": first,
                }
            ],
        )

"""What a programme asks of one learner."""

from __future__ import annotations

from programmes.model import Programme, Writing
from programmes.values import Grade
from storage.tables import RecordKind


def asked_of(programme: Programme, grade: str, kind: RecordKind) -> Writing | None:
    """The record of this kind that the programme asks of learners of a grade, if it does."""
    known = Grade(grade) if grade in set(Grade) else None
    for record in programme.records:
        if record.kind.value == kind.value and record.scope.required_of(known) is not False:
            return record
    return None

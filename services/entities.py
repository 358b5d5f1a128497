"""What services return: the rows of the tables, and the words that stand in their columns.

Handlers read them and pass them on. Only services change them or ask the database for them
(docs/decisions/0019-floors.md says why they are not copied first).
"""

from storage.tables import (
    Bulletin,
    BulletinState,
    Cohort,
    Curated,
    CuratedState,
    DayKind,
    Evaluation,
    EvaluationState,
    ExitCase,
    ExitState,
    HelpStepKind,
    Inquiry,
    Level,
    Membership,
    OfficeDays,
    Person,
    PolicyDocument,
    RecipientState,
    Record,
    RecordKind,
    RecordState,
    ReminderState,
    Retention,
    Role,
)

__all__ = [
    "Bulletin",
    "BulletinState",
    "Cohort",
    "Curated",
    "CuratedState",
    "DayKind",
    "Evaluation",
    "EvaluationState",
    "ExitCase",
    "ExitState",
    "HelpStepKind",
    "Inquiry",
    "Level",
    "Membership",
    "OfficeDays",
    "Person",
    "PolicyDocument",
    "RecipientState",
    "Record",
    "RecordKind",
    "RecordState",
    "ReminderState",
    "Retention",
    "Role",
]

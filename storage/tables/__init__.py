"""The tables, and what a row of each means.

Times are aware and in UTC; days are calendar days in Beijing. Words such as roles and states are
stored as their values in plain text columns, so that a new one needs no migration.
"""

from storage.tables.audit import (
    Audit,
)
from storage.tables.base import (
    NEVER_AGAIN,
    metadata,
    table,
)
from storage.tables.inquiries import (
    Advice,
    AdviceState,
    Curated,
    CuratedState,
    Inquiry,
    InquiryState,
)
from storage.tables.people import (
    Cohort,
    Guardianship,
    Membership,
    Mentoring,
    Person,
    Role,
    Unit,
    UnitKind,
)
from storage.tables.policy import (
    PolicyDocument,
    StoredPassage,
)
from storage.tables.records import (
    File,
    Opening,
    Record,
    RecordFile,
    RecordKind,
    RecordState,
    RecordVersion,
    Review,
)
from storage.tables.runtime import (
    Account,
    Card,
    Lane,
    Outbox,
    SendState,
    StoredTalk,
    TalkState,
    Update,
    UpdateState,
)
from storage.tables.ways_in import (
    CodeTry,
    Invite,
    SignInLink,
    WebSession,
)

__all__ = [
    "NEVER_AGAIN",
    "Account",
    "Advice",
    "AdviceState",
    "Audit",
    "Card",
    "CodeTry",
    "Cohort",
    "Curated",
    "CuratedState",
    "File",
    "Guardianship",
    "Inquiry",
    "InquiryState",
    "Invite",
    "Lane",
    "Membership",
    "Mentoring",
    "Opening",
    "Outbox",
    "Person",
    "PolicyDocument",
    "Record",
    "RecordFile",
    "RecordKind",
    "RecordState",
    "RecordVersion",
    "Review",
    "Role",
    "SendState",
    "SignInLink",
    "StoredPassage",
    "StoredTalk",
    "TalkState",
    "Unit",
    "UnitKind",
    "Update",
    "UpdateState",
    "WebSession",
    "metadata",
    "table",
]

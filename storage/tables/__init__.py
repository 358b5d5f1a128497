"""The tables, and what a row of each means.

Times are aware and in UTC; days are calendar days in Beijing. Words such as roles and states are
stored as their values in plain text columns, so that a new one needs no migration.
"""

from storage.tables.audit import (
    Audit,
    AuditSeal,
)
from storage.tables.base import (
    NEVER_AGAIN,
    metadata,
    table,
)
from storage.tables.bulletins import (
    Bulletin,
    BulletinFile,
    BulletinRecipient,
    BulletinState,
    RecipientState,
)
from storage.tables.certificates import (
    Certificate,
    Revocation,
    SigningKey,
)
from storage.tables.help_calls import (
    HelpCall,
    HelpStep,
    HelpStepKind,
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
    ConsentText,
    Delegation,
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
from storage.tables.reminders import (
    Agenda,
    Bundle,
    BundleState,
    CalendarLink,
    DayKind,
    Leave,
    Level,
    Mark,
    OfficeDays,
    Reminder,
    ReminderSettings,
    ReminderState,
)
from storage.tables.retention import (
    Retention,
    RetentionKind,
)
from storage.tables.rosters import (
    HeadingMeaning,
    ImportState,
    RosterChange,
    RosterImport,
)
from storage.tables.runtime import (
    Account,
    Lane,
    Outbox,
    SaidLine,
    SendState,
    StoredTalk,
    TalkState,
    Update,
    UpdateState,
)
from storage.tables.summaries import (
    SummaryTemplate,
)
from storage.tables.ways_in import (
    CodeTry,
    Invite,
    SignInLink,
    WebSession,
)
from storage.tables.year import (
    Evaluation,
    EvaluationState,
    EvaluationVersion,
    ExitCase,
    ExitState,
    ExitStep,
    ExpertMark,
    ExpertMarkReopening,
    Reopening,
    StageChange,
)

__all__ = [
    "NEVER_AGAIN",
    "Account",
    "Advice",
    "AdviceState",
    "Agenda",
    "Audit",
    "AuditSeal",
    "Bulletin",
    "BulletinFile",
    "BulletinRecipient",
    "BulletinState",
    "Bundle",
    "BundleState",
    "CalendarLink",
    "Certificate",
    "CodeTry",
    "Cohort",
    "ConsentText",
    "Curated",
    "CuratedState",
    "DayKind",
    "Delegation",
    "Evaluation",
    "EvaluationState",
    "EvaluationVersion",
    "ExitCase",
    "ExitState",
    "ExitStep",
    "ExpertMark",
    "ExpertMarkReopening",
    "File",
    "Guardianship",
    "HeadingMeaning",
    "HelpCall",
    "HelpStep",
    "HelpStepKind",
    "ImportState",
    "Inquiry",
    "InquiryState",
    "Invite",
    "Lane",
    "Leave",
    "Level",
    "Mark",
    "Membership",
    "Mentoring",
    "OfficeDays",
    "Opening",
    "Outbox",
    "Person",
    "PolicyDocument",
    "RecipientState",
    "Record",
    "RecordFile",
    "RecordKind",
    "RecordState",
    "RecordVersion",
    "Reminder",
    "ReminderSettings",
    "ReminderState",
    "Reopening",
    "Retention",
    "RetentionKind",
    "Review",
    "Revocation",
    "Role",
    "RosterChange",
    "RosterImport",
    "SaidLine",
    "SendState",
    "SignInLink",
    "SigningKey",
    "StageChange",
    "StoredPassage",
    "StoredTalk",
    "SummaryTemplate",
    "TalkState",
    "Unit",
    "UnitKind",
    "Update",
    "UpdateState",
    "WebSession",
    "metadata",
    "table",
]

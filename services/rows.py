"""The rows and words that services give to whoever calls them.

Handlers read them and pass them on. Only services write rows or ask the database for them.
"""

from storage.tables import (
    Cohort,
    Curated,
    CuratedState,
    Inquiry,
    Membership,
    PolicyDocument,
    Record,
    RecordKind,
    RecordState,
    Role,
)

__all__ = [
    "Cohort",
    "Curated",
    "CuratedState",
    "Inquiry",
    "Membership",
    "PolicyDocument",
    "Record",
    "RecordKind",
    "RecordState",
    "Role",
]

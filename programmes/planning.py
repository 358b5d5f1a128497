"""The training plan (培养计划): whether a document asks for one, and wants it approved.

A document that names nobody who writes one asks for none, and none is kept.
"""

from __future__ import annotations

from typing import Final

from programmes.model import Programme
from programmes.values import Party

WRITERS: Final = (Party.MENTOR, Party.LEAD_MENTOR, Party.TEAM, Party.TEAM_MEMBER)
"""Those among the parties of a document who write it here, one student at a time."""
AUTHOR: Final = "cultivation.plan_author"
"""The fact that asks for a plan."""
APPROVAL: Final = "cultivation.plan_approval"


def is_asked(programme: Programme) -> bool:
    """Whether the document asks mentors for a plan of each student."""
    return programme.fact(AUTHOR).value in WRITERS


def needs_approval(programme: Programme) -> bool:
    """Whether a plan is carried out only once an office has approved it."""
    approval = programme.cultivation.plan_approval.value
    return approval is not None and approval.required


def clause(programme: Programme) -> str:
    """Where the document asks for a plan."""
    return programme.fact(AUTHOR).clause

"""The commands that mean something to somebody: their menu, on every platform."""

from __future__ import annotations

from typing import Final

from sqlmodel import Session

from programmes.catalogue import load
from prompts import Language, render, t
from services.access import cohort_of, memberships
from services.progress import asked_of
from storage.tables import Membership, RecordKind, Role

BY_ROLE: Final[dict[Role, tuple[str, ...]]] = {
    Role.STUDENT: ("session", "writing", "meeting", "progress", "records"),
    Role.TRAINEE_TEACHER: ("session", "writing", "meeting", "progress", "records"),
    Role.MENTOR: ("queue", "students"),
    Role.TEAM_MEMBER: ("queue", "students"),
    Role.SCHOOL_TEACHER: ("students",),
    Role.COORDINATOR: ("cohort", "students", "questions", "documents"),
    Role.GUARDIAN: ("children",),
}
EVERYBODY: Final = ("ask", "help", "language", "privacy")


def commands_for(db: Session, person_id: int | None) -> list[str]:
    """The commands that mean something to somebody, in the order of the menu."""
    if person_id is None:
        return list(EVERYBODY)
    found: list[str] = []
    for member in memberships(db, person_id):
        found += [name for name in BY_ROLE[member.role] if _meant(db, member, name)]
    return [*dict.fromkeys(found), *EVERYBODY]


def _meant(db: Session, member: Membership, name: str) -> bool:
    """A diary is offered only where the programme asks this learner for one."""
    kind = {"writing": RecordKind.DIARY, "meeting": RecordKind.MEETING_RECORD}.get(name)
    if kind is None:
        return True
    programme = load(cohort_of(db, member).programme)
    return asked_of(programme, member.grade, kind) is not None


def described(
    db: Session, person_id: int | None, language: Language
) -> tuple[tuple[str, str], ...]:
    """The same as a platform's menu: each command's name and what it says."""
    names = ["menu", *commands_for(db, person_id)]
    return tuple((name, render(t(f"command.{name}.label"), language)) for name in names)

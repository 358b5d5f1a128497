"""The commands that mean something to somebody: their menu, on every platform."""

from __future__ import annotations

from typing import Final

from sqlmodel import Session

from programmes.catalogue import load
from prompts import Language, render, t
from services.access import cohort_of, memberships, programmes_for
from services.policy import asked_of
from services.rights import ROLES, WAYS, Of
from storage.tables import Membership, RecordKind

OFFERED: Final = (
    *("session", "writing", "meeting", "progress", "records"),
    *("queue", "cohort", "students", "questions", "documents", "children"),
)
"""What a menu may offer, in its order: to those to whom the table of rights allows it."""
EVERYBODY: Final = ("ask", "help", "language", "privacy")


def commands_for(db: Session, person_id: int | None) -> list[str]:
    """The commands that mean something to somebody, in the order of the menu."""
    if person_id is None:
        return list(EVERYBODY)
    found: list[str] = []
    for member in memberships(db, person_id):
        found += [name for name in OFFERED if _meant(db, member, name)]
    return [*dict.fromkeys(found), *EVERYBODY]


def _meant(db: Session, member: Membership, name: str) -> bool:
    """Whether it is for such a place; a diary is only where the programme asks for one."""
    right = WAYS[name]
    if not any(member.role in ROLES[relation] for relation in right.by):
        return False
    if right.of is Of.PROGRAMME:
        keys = programmes_for(db, member.person_id, right.act)
        return cohort_of(db, member).programme in keys
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

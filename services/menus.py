"""Each person's menu of commands, on every platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sqlmodel import Session

from programmes.materials import listed
from programmes.model import Programme
from programmes.planning import is_asked
from programmes.presenting import presented
from programmes.tested import stages_with_tests
from prompts import Language, render, t
from services.access import cohort_of, held, memberships, programmes_for
from services.certificates import concerned
from services.evaluations import evaluated_by
from services.marking import marks_anything
from services.packs import asked_of, found
from services.progress import WRITING
from services.records import BEGUN_BY
from services.rights import RIGHT_FOR, ROLES, Of
from services.service_hours import counted_in
from storage.tables import Membership, Role

OFFERED: Final = (
    *("session", "writing", "meeting", "presentation", "materials", "progress", "records"),
    "platform",
    *("queue", "evaluations", "marking", "cohort", "console", "stages", "plans", "results"),
    *("students", "service_hours", "certificates", "bulletins", "questions", "documents"),
    *("roster", "handovers", "check_platform", "summary", "rehearsal"),
    *("children", "reminders", "seek_help"),
)
"""The commands that need a right, in the menu's order."""
WATCH: Final = (Role.SCHOOL_TEACHER, Role.GUARDIAN)
"""The roles that read plans and results on a student's page and do nothing about them."""
ASKED_FOR: Final[Mapping[str, Callable[[Programme, Role], bool]]] = {
    "evaluations": evaluated_by,
    "marking": marks_anything,
    "stages": lambda programme, _role: bool(programme.stages),
    "materials": lambda programme, _role: bool(listed(programme)),
    "service_hours": counted_in,
    "presentation": lambda programme, _role: bool(presented(programme)),
    "check_platform": lambda programme, _role: bool(programme.platforms.forms.value),
    "platform": lambda programme, _role: bool(programme.platforms.forms.value),
    "results": lambda programme, role: bool(stages_with_tests(programme)) and role not in WATCH,
    "plans": lambda programme, role: is_asked(programme) and role not in WATCH,
}
EVERYBODY: Final = ("ask", "help", "language", "privacy")


def commands_for(db: Session, person_id: int | None, *, site: bool = False) -> list[str]:
    """The commands that a person can use, in the menu's order; `site`: there is a web site."""
    if person_id is None:
        return list(EVERYBODY)
    names: list[str] = []
    offered = [name for name in OFFERED if site or name != "console"]
    for member in memberships(db, person_id):
        names += [name for name in offered if _meant(db, member, name)]
    return [*dict.fromkeys(names), *EVERYBODY, "mydata"]


def _meant(db: Session, member: Membership, name: str) -> bool:
    """Whether a membership can use a command. Diaries and evaluations are offered only
    where the programme asks for them."""
    right = RIGHT_FOR[name]
    if not any(member.role in ROLES[relation] for relation in right.by):
        return False
    if right.of is Of.WHOLE_COHORT:
        return held(db, member.person_id, right.act, member.cohort_id) is not None
    if right.of is Of.PROGRAMME:
        keys = programmes_for(db, member.person_id, right.act)
        return cohort_of(db, member).programme in keys
    if name == "certificates":
        return concerned(db, member)
    if name in ASKED_FOR:
        programme = found(cohort_of(db, member).programme)
        return programme is None or ASKED_FOR[name](programme, member.role)
    kind = next((kind for kind in WRITING if BEGUN_BY[kind] == name), None)
    if kind is None:
        return True
    programme = found(cohort_of(db, member).programme)
    # Without the pack it is offered, and pressing it explains the problem.
    return programme is None or asked_of(programme, member.grade, kind) is not None


def described(
    db: Session, person_id: int | None, language: Language, *, site: bool = False
) -> tuple[tuple[str, str], ...]:
    """As `commands_for`, as (name, description) pairs for a platform's menu."""
    names = ["menu", *commands_for(db, person_id, site=site)]
    return tuple((name, render(t(f"command.{name}.label"), language)) for name in names)

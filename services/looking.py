"""Who looked: each time staff open a learner's records, page, file or list, one audit row.

Learners themselves, and their guardians, leave none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, or_, select

from bot.talk.acting import Actor
from services import audit
from services.access import held_each
from services.rights import Relation
from storage.tables import Audit, Person

LOOK: Final = "look"
NOT_STAFF: Final = (Relation.ONESELF, Relation.GUARDIAN)


def note(
    db: Session,
    actor: Actor,
    relation: Relation,
    what: str,
    number: int | None,
    learners: Collection[int],
) -> None:
    """Note that the actor has opened `what`: a record, page, file or list of these learners."""
    if relation in NOT_STAFF or not learners:
        return
    # Commas around each, so that one learner can be looked for in both databases.
    of = "".join(f",{learner}" for learner in dict.fromkeys(learners)) + ","
    audit.note(db, actor, LOOK, what, number, of=of, relation=relation.value)


def list_of(db: Session, actor: Actor, members: Collection[int]) -> None:
    """Note that the actor has been shown a list of these members. Only the learners among them are
    noted."""
    found = held_each(db, actor.person_id, "read_student", [*dict.fromkeys(members)])
    read = [found[one] for one in dict.fromkeys(members) if one in found]
    staff = [grant for grant in read if grant.relation not in NOT_STAFF]
    if staff:
        note(db, actor, staff[0].relation, "list", None, [grant.thing for grant in staff])


@dataclass(frozen=True, slots=True)
class Viewing:
    """One look at a learner's data."""

    at: datetime
    name: str
    relation: Relation
    what: str


def looks(db: Session, learners: Sequence[int], most: int) -> list[Viewing]:
    """The latest looks at a learner, in any of their places."""
    if not learners:
        return []
    of = col(Audit.detail)["of"].as_string()
    rows = db.exec(
        select(Audit, Person.name)
        .join(Person, col(Person.id) == col(Audit.person_id))
        .where(
            Audit.verb == LOOK,
            Audit.refused == "",
            or_(*(of.like(f"%,{number},%") for number in learners)),
        )
        .order_by(col(Audit.id).desc())
        .limit(most)
    )
    return [
        Viewing(row.at, name, Relation(row.detail["relation"]), row.object) for row, name in rows
    ]

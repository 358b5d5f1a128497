"""谁能看到: who can read a learner's records, worked out from the table of rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from bot.talk.acting import Actor
from bot.talk.clock import beijing_day
from services import committee
from services.access import LEARNERS, holders, things
from services.rights import Relation
from storage.tables import Cohort, Membership, Person, Unit


@dataclass(frozen=True, slots=True)
class Readers:
    """Who can read the records that a learner keeps in one cohort."""

    learner: str
    own: bool
    """The learner is the one who asks."""
    cohort: str
    people: Mapping[Relation, tuple[tuple[str, str], ...]]
    """Their names and their units, by relation, in the order of the table."""


def readers(db: Session, actor: Actor) -> list[Readers]:
    """Who can read the actor's records, and those of the children whom they answer for."""
    shown = db.exec(
        select(Membership, Person, Cohort)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .join(Cohort, col(Cohort.id) == col(Membership.cohort_id))
        .where(
            col(Membership.id).in_(things("readers", actor.person_id)),
            col(Membership.role).in_(LEARNERS),
        )
        .order_by(col(Membership.id))
    )
    return [
        Readers(
            person.name,
            person.id == actor.person_id,
            cohort.name,
            _people(db, actor, learner.id or 0),
        )
        for learner, person, cohort in shown
    ]


def readers_of_reminders(db: Session, learner_id: int) -> list[str]:
    """The names of those who can read every reminder that a learner was sent."""
    found = {grant.person for grant in holders(db, "read_urgings", learner_id)}
    named = select(Person.name).where(col(Person.id).in_(found)).order_by(col(Person.id))
    return list(db.exec(named))


def _people(
    db: Session, actor: Actor, learner_id: int
) -> Mapping[Relation, tuple[tuple[str, str], ...]]:
    found = holders(db, "read", learner_id)
    if committee.at_work(db, learner_id, beijing_day(actor.now)):
        found += holders(db, "mark", learner_id)
    persons = select(Person).where(col(Person.id).in_({grant.person for grant in found}))
    names = {person.id: person.name for person in db.exec(persons)}
    units = db.exec(
        select(Membership.id, Unit.name)
        .join(Unit, col(Unit.id) == col(Membership.unit_id))
        .where(col(Membership.id).in_({grant.place for grant in found}))
    )
    at = dict(units.all())
    told: dict[Relation, dict[tuple[str, str], None]] = {}
    for grant in found:
        told.setdefault(grant.relation, {})[names[grant.person], at.get(grant.place, "")] = None
    return {relation: tuple(people) for relation, people in told.items()}

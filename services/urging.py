"""督促: somebody responsible reminds a student of what is missing, and it is on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import Final, cast

from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Message, press
from programmes.model import Programme
from programmes.rules import RequirementProgress
from prompts import Text, t
from services import audit, notices, records
from services.access import allow, held, learner_at
from services.notices import Why
from services.packs import load, word_label
from services.policy import asked_of
from services.progress import Entries, counted, unwritten
from storage.tables import Audit, Membership, Person, RecordKind, RecordState, Role

MATTERS: Final = tuple(RecordKind)
"""What can be urged: to have sessions, to write the diary, to write the meeting record."""

WAY_ON: Final = {
    RecordKind.SESSION: "session",
    RecordKind.DIARY: "writing",
    RecordKind.MEETING_RECORD: "meeting",
}
"""The command by which the student gets on with it."""
ASKS_FOR: Final = {
    RecordKind.DIARY: "cultivation.diary_frequency",
    RecordKind.MEETING_RECORD: "cultivation.interview_records",
}
"""The fact that says how often something is to be written."""


# ---------------------------------------------------------------- what is missing


def lack(
    programme: Programme, student: Membership, entries: Entries, matter: RecordKind, today: date
) -> Text | None:
    """What a student has still to do in one matter; `None` where it is not their turn.

    What waits for a review is not missing: the student has done their part.
    """
    if matter is RecordKind.SESSION:
        lines = _sessions(programme, student, entries, today)
    else:
        lines = _writing(programme, student, matter, entries, today)
    returned = sum(r.kind is matter and r.state is RecordState.RETURNED for r, _ in entries)
    if returned:
        lines.append(t("watch.urge.returned", what=t(f"watch.matter.{matter}"), count=returned))
    return _stacked(lines) if lines else None


def _sessions(
    programme: Programme, student: Membership, entries: Entries, today: date
) -> list[Text]:
    made = counted(programme, entries, today, student.joined_on)
    return [_requirement(part) for part in made.requirements if part.still_needed > part.submitted]


def _requirement(part: RequirementProgress) -> Text:
    asked = part.requirement
    by_period = {"cycle": "watch.urge.cycle", "month": "watch.urge.month"}
    numbers = {
        "at_least": asked.at_least,
        "approved": part.approved,
        "submitted": part.submitted,
        "missing": part.still_needed - part.submitted,
    }
    return t(
        by_period.get(str(asked.per), "watch.urge.period"),
        what=word_label(asked.counts, t(f"counter.{asked.counts}")),
        per=word_label(asked.per, t(f"programme.per.{asked.per}")),
        **{key: t(f"progress.amount_{asked.unit}", count=n) for key, n in numbers.items()},
    )


def _writing(
    programme: Programme, student: Membership, kind: RecordKind, entries: Entries, today: date
) -> list[Text]:
    asked = asked_of(programme, student.grade, kind)
    missing = asked and unwritten(programme, asked, entries, today, student.joined_on)
    if not asked or not missing:
        return []
    return [t("watch.urge.unwritten", name=asked.name, missing=missing)]


def asked_by(
    programme: Programme, student: Membership, entries: Entries, matter: RecordKind, today: date
) -> Why | None:
    """The fact that asks for what is missing; `None` where only an entry was sent back."""
    if matter is RecordKind.SESSION:
        short = [
            part.requirement.key
            for part in counted(programme, entries, today, student.joined_on).requirements
            if part.still_needed > part.submitted
        ]
        paths = [path for path, _ in programme.facts() if path.rpartition(".")[2] in short]
    else:
        paths = [ASKS_FOR[matter]] if _writing(programme, student, matter, entries, today) else []
    if not paths:
        return None
    return Why(programme.key, paths[0], programme.fact(paths[0]).clause)


def _stacked(lines: Sequence[Text]) -> Text:
    """Lines as one text, for a reader whose language is not known yet."""
    return reduce(lambda above, below: t("watch.urge.and", above=above, below=below), lines)


# ---------------------------------------------------------------- who may urge


def may_urge(db: Session, actor: Actor, student_id: int, matter: RecordKind) -> bool:
    """Whether the actor has a relation by which they may urge a student in a matter."""
    return held(db, actor.person_id, VERB, student_id, matter) is not None


# ---------------------------------------------------------------- urging


@dataclass(frozen=True, slots=True)
class Urging:
    """What would be said to a student, and by whom; `urge` says it."""

    student: Membership
    matter: RecordKind
    by: Membership
    words: Text
    why: Why | None
    """What asks it of the student; `None` where only an entry was sent back."""


def prepare(db: Session, actor: Actor, student_id: int, matter: RecordKind) -> Urging:
    """What urging this student would say.

    Raises `Refused` for who may not urge them; where nothing is missing; where a guardian's
    consent is; and for a second time on one day, in Beijing, by the same person in this matter.
    """
    # Held until the act is done, so that two presses at once are one after the other.
    student = db.get(Membership, student_id, with_for_update=True)
    there = None if student is None else student.id
    grant = allow(db, actor, VERB, there, number=student_id, matter=matter)
    student, by = cast(Membership, student), cast(Membership, db.get(Membership, grant.place))
    programme, today = load(learner_at(db, student_id).programme), beijing_day(actor.now)
    entries = records.entries(db, student_id)
    missing = lack(programme, student, entries, matter, today)
    if missing is None:
        raise _refused("watch.urge.nothing_missing", student_id)
    if any(
        (urged.person_id, urged.matter, beijing_day(urged.at)) == (actor.person_id, matter, today)
        for urged in history(db, student)
    ):
        raise _refused("watch.urge.already", student_id)
    me = cast(Person, db.get(Person, actor.person_id))
    words = t("watch.urge.notice", name=me.name, role=t(f"role.{by.role}"), missing=missing)
    return Urging(student, matter, by, words, asked_by(programme, student, entries, matter, today))


def urge(db: Session, actor: Actor, student_id: int, matter: RecordKind) -> Urging:
    """Remind a student of what is missing.

    Raises `Refused` as `prepare` does, and for a student whom no message can reach.
    """
    urging = prepare(db, actor, student_id, matter)
    way_on = WAY_ON[matter]
    notice = Message(
        urging.words, ((Choice(press(way_on), t(f"command.{way_on}.label"), weight="primary"),),)
    )
    key = f"urge:{student_id}:{matter}:{urging.by.id}:{beijing_day(actor.now)}"
    if not notices.tell(db, actor, urging.student.person_id, notice, key, why=urging.why):
        raise _refused("watch.urge.unreachable", student_id)
    audit.note(
        db, actor, VERB, "membership", student_id, matter=matter.value, role=urging.by.role.value
    )
    return urging


@dataclass(frozen=True, slots=True)
class Urged:
    """That somebody urged a student, as it is on record."""

    at: datetime
    person_id: int
    name: str
    role: Role
    matter: RecordKind


def told(db: Session, actor: Actor, student: Membership) -> list[Urged]:
    """The times a student was urged that the actor may read: their own, or everybody's."""
    every = held(db, actor.person_id, "read_urgings", student.id) is not None
    return [one for one in history(db, student) if every or one.person_id == actor.person_id]


def history(db: Session, student: Membership) -> list[Urged]:
    """Every time a student was urged, the latest first."""
    rows = db.exec(
        select(Audit, Person.name)
        .join(Person, col(Person.id) == col(Audit.person_id))
        .where(
            Audit.object == "membership",
            Audit.object_id == student.id,
            Audit.verb == VERB,
            Audit.refused == "",
        )
        .order_by(col(Audit.id).desc())
    )
    return [
        Urged(
            row.at,
            cast(int, row.person_id),
            name,
            Role(row.detail["role"]),
            RecordKind(row.detail["matter"]),
        )
        for row, name in rows
    ]


VERB: Final = "urge"


def _refused(key: str, student_id: int) -> Refused:
    return Refused(t(key), verb=VERB, object="membership", object_id=student_id)

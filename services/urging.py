"""督促: a responsible person reminds a student of what is missing; it is on record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from typing import Final, cast

from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Message, press
from programmes.materials import asked_by_now
from programmes.model import Programme
from programmes.rules import RequirementProgress
from prompts import Text, t
from services import audit, notices, records
from services.access import allow, held, held_in_matters, holders_each, learner_at
from services.notices import Condition, Why
from services.packs import asked_of, load, material_label, word_label, writing_name
from services.progress import counted, lacking, unwritten
from services.records import Entries, Reviewer
from services.rights import Relation
from services.roster import Member
from storage.tables import Audit, Membership, Person, Record, RecordKind, RecordState, Role

MATTERS: Final = (
    RecordKind.SESSION,
    RecordKind.DIARY,
    RecordKind.MEETING_RECORD,
    RecordKind.MATERIAL,
)
"""What learners do themselves, and can be urged to do."""

ASKS_FOR: Final = {
    RecordKind.DIARY: "cultivation.diary_frequency",
    RecordKind.MEETING_RECORD: "cultivation.interview_records",
    RecordKind.MATERIAL: "final_materials.student_materials",
}
"""The path of the fact that says what is to be brought, or how often it is to be written."""


# ---------------------------------------------------------------- what is missing


def lack(
    programme: Programme, student: Membership, entries: Entries, matter: RecordKind, today: date
) -> Text | None:
    """What a student has still to do in one matter; `None` if it is not their turn.

    Entries that wait for review are not missing: the student has done their part.
    """
    lines = _missing(programme, student, entries, matter, today)
    returned = sum(r.kind is matter and r.state is RecordState.RETURNED for r, _ in entries)
    if returned:
        lines.append(t("watch.urge.returned", what=t(f"watch.matter.{matter}"), count=returned))
    return _stacked(lines) if lines else None


def _missing(
    programme: Programme, student: Membership, entries: Entries, matter: RecordKind, today: date
) -> list[Text]:
    match matter:
        case RecordKind.SESSION:
            return _sessions(programme, student, entries, today)
        case RecordKind.MATERIAL:
            return _materials(programme, entries, today)
    return _writing(programme, student, matter, entries, today)


def _materials(programme: Programme, entries: Entries, today: date) -> list[Text]:
    lacks = lacking(programme, entries) if asked_by_now(programme, today) else []
    due = programme.final_materials.deadline.value
    if not lacks or due is None:
        return []
    late = "watch.urge.lacking_late" if today > due.last_day else "watch.urge.lacking"
    return [t(late, what=[material_label(one) for one in lacks], until=due.last_day)]


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
    return [t("watch.urge.unwritten", name=writing_name(asked), missing=missing)]


def asked_by(
    programme: Programme, student: Membership, entries: Entries, matter: RecordKind, today: date
) -> Why | None:
    """The fact that requires what is missing; `None` if an entry was only returned."""
    if matter is RecordKind.SESSION:
        short = [
            part.requirement.key
            for part in counted(programme, entries, today, student.joined_on).requirements
            if part.still_needed > part.submitted
        ]
        paths = [path for path, _ in programme.facts() if path.rpartition(".")[2] in short]
    else:
        owed = _missing(programme, student, entries, matter, today)
        paths = [ASKS_FOR[matter]] if owed else []
    if not paths:
        return None
    return Why(programme.key, paths[0], programme.fact(paths[0]).clause)


def _stacked(lines: Sequence[Text]) -> Text:
    """Lines joined into one text, to be rendered later in the reader's language."""
    return reduce(lambda above, below: t("watch.urge.and", above=above, below=below), lines)


# ---------------------------------------------------------------- who may urge


def may_urge(db: Session, actor: Actor, student_id: int, matter: RecordKind) -> bool:
    """Whether the actor may urge a student in a matter."""
    return held(db, actor.person_id, VERB, student_id, matter) is not None


def urgeable(
    db: Session, actor: Actor, students: Collection[int], matters: Collection[RecordKind]
) -> set[tuple[int, RecordKind]]:
    """As `may_urge`, for many in one statement: each student and matter for which it says yes."""
    return held_in_matters(db, actor.person_id, VERB, students, matters)


def who_may(db: Session, students: Sequence[int]) -> list[tuple[str, str]]:
    """The names and roles of those at their schools and offices who may urge these students."""
    grants = {
        grant.place: grant.person
        for grants in holders_each(db, VERB, students).values()
        for grant in grants
        if grant.relation is not Relation.NAMED
    }
    found = db.exec(
        select(Person.name, Membership.role)
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .where(col(Membership.id).in_(grants))
        .order_by(col(Membership.role).desc(), col(Membership.id))
    )
    return [(name, str(role)) for name, role in found]


# ---------------------------------------------------------------- urging


@dataclass(frozen=True, slots=True)
class Urging:
    """A reminder that is ready to be sent by `urge`."""

    student: Membership
    matter: RecordKind
    by: Membership
    words: Text
    why: Why | None
    """The rule that requires it; `None` if an entry was only returned."""


def prepare(db: Session, actor: Actor, student_id: int, matter: RecordKind) -> Urging:
    """Prepare a reminder to a student.

    Raises `Refused` if the actor may not urge them, if nothing is missing, if a guardian's consent
    is missing, and for a second reminder by the same person in this matter on one day in Beijing.
    """
    # Locked until the act is done, so that two presses at once are handled in turn.
    student = db.get(Membership, student_id, with_for_update=True)
    there = None if student is None else student.id
    grant = allow(db, actor, VERB, there, number=student_id, matter=matter)
    student, by = cast(Membership, student), cast(Membership, db.get(Membership, grant.place))
    programme, today = load(learner_at(db, student_id).programme), beijing_day(actor.now)
    entries = records.entries(db, student_id)
    missing = lack(programme, student, entries, matter, today)
    if missing is None:
        raise _refused("watch.urge.nothing_missing", student_id)
    if urged_today(db, actor, student, matter):
        raise _refused("watch.urge.already", student_id)
    me = cast(Person, db.get(Person, actor.person_id))
    words = t("watch.urge.notice", name=me.name, role=t(f"role.{by.role}"), missing=missing)
    return Urging(student, matter, by, words, asked_by(programme, student, entries, matter, today))


def urged_today(db: Session, actor: Actor, student: Membership, matter: RecordKind) -> bool:
    """Whether the actor has urged this student in the matter today, in Beijing."""
    mine = (actor.person_id, matter, beijing_day(actor.now))
    return any(
        (urged.person_id, urged.matter, beijing_day(urged.at)) == mine
        for urged in history(db, student)
    )


def urge(db: Session, actor: Actor, student_id: int, matter: RecordKind) -> Urging:
    """Send a student a reminder of what is missing.

    Raises `Refused` as `prepare` does, and if no message can reach the student.
    """
    urging = prepare(db, actor, student_id, matter)
    way_on = records.BEGUN_BY[matter]
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


def urge_each(
    db: Session, actor: Actor, due: Sequence[tuple[Member, RecordKind]]
) -> tuple[list[str], list[tuple[str, Text]]]:
    """Remind several students, each by the actor's right to remind them: the names of those who
    were reminded, and of those who were not, with why.
    """
    sent: dict[str, None] = {}
    unsent: list[tuple[str, Text]] = []
    for member, matter in due:
        try:
            with db.begin_nested():
                urge(db, actor, member.id, matter)
        except Refused as refused:
            unsent.append((member.person.name, refused.words))
        else:
            sent[member.person.name] = None
    return list(sent), unsent


@dataclass(frozen=True, slots=True)
class Urged:
    """A reminder on record."""

    at: datetime
    person_id: int
    name: str
    role: Role
    matter: RecordKind


def reads_all(db: Session, actor: Actor, student: Membership) -> bool:
    """Whether the actor may read every reminder of a student, or their own alone."""
    return held(db, actor.person_id, "read_urgings", student.id) is not None


def told(db: Session, actor: Actor, student: Membership) -> list[Urged]:
    """The reminders to a student that the actor may read: only their own, or all."""
    every = reads_all(db, actor, student)
    return [one for one in history(db, student) if every or one.person_id == actor.person_id]


def history(db: Session, student: Membership) -> list[Urged]:
    """Every reminder to a student, the latest first."""
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


# ---------------------------------------------------------------- those who review


PATIENCE: Final = timedelta(days=3)
"""For so long an entry waits before an office reminds whoever reviews it."""
MOST_WAITING: Final = 200
"""Entries that are looked at, the longest waiting first."""


@dataclass(frozen=True, slots=True)
class LateReview:
    """A reviewer who is to be reminded, and what waits for them, the longest first."""

    reviewer: Reviewer
    waiting: tuple[Record, ...]
    students: tuple[str, ...]


def late_reviews(db: Session, actor: Actor, cohort_id: int) -> list[LateReview]:
    """Who is to be reminded of what has waited for days in a cohort: of each learner the first
    reviewer who can be reached, the mentor before the team; none whom the actor has reminded
    today. Whoever waits longest stands first."""
    _, found = records.waiting_in(db, cohort_id, actor.person_id, 0, MOST_WAITING)
    reviewers: dict[int, Reviewer | None] = {}
    waiting: dict[Reviewer, list[tuple[Record, str]]] = {}
    for record, _, name in found:
        if not _waits_long(actor, record):
            break
        if record.kind in records.OF_OTHERS:
            continue
        if record.student_id not in reviewers:
            reviewers[record.student_id] = _whom(db, actor, record.student_id)
        if (reviewer := reviewers[record.student_id]) is not None:
            waiting.setdefault(reviewer, []).append((record, name))
    return [
        LateReview(
            reviewer,
            tuple(record for record, _ in theirs),
            tuple(dict.fromkeys(name for _, name in theirs)),
        )
        for reviewer, theirs in waiting.items()
    ]


def is_late(db: Session, actor: Actor, record: Record) -> bool:
    """Whether an entry has waited for days, and the actor may remind its reviewer; what waits for
    an office's word has none."""
    if record.kind in records.OF_OTHERS:
        return False
    may = held(db, actor.person_id, REVIEW, record.student_id)
    return may is not None and _waits_long(actor, record)


def _waits_long(actor: Actor, record: Record) -> bool:
    return actor.now - record.submitted_at >= PATIENCE


def _whom(db: Session, actor: Actor, student_id: int) -> Reviewer | None:
    """The reviewer of a learner who is to be reminded by this actor today, if any is."""
    if held(db, actor.person_id, REVIEW, student_id) is None:
        return None
    for reviewer in records.reviewers(db, student_id):
        if notices.reaches(db, reviewer.person_id):
            reminded = _reminded_today(db, actor, reviewer)
            return None if reminded else reviewer
    return None


def _reminded_today(db: Session, actor: Actor, reviewer: Reviewer) -> bool:
    last = db.exec(
        select(Audit.at)
        .where(
            Audit.object == "membership",
            Audit.object_id == reviewer.member_id,
            Audit.verb == REVIEW,
            Audit.person_id == actor.person_id,
            Audit.refused == "",
        )
        .order_by(col(Audit.id).desc())
    ).first()
    return last is not None and beijing_day(last) == beijing_day(actor.now)


def urge_reviewers(db: Session, actor: Actor, cohort_id: int) -> list[str]:
    """Remind those who are late with their reviews, each by the actor's right to it; on record.

    Gives their names. Raises `Refused`.
    """
    names = []
    for late in late_reviews(db, actor, cohort_id):
        oldest = late.waiting[0]
        grant = allow(db, actor, REVIEW, oldest.student_id)
        by = cast(Membership, db.get(Membership, grant.place))
        waits = {
            "record": oldest.id,
            "version": oldest.version,
            "person": late.reviewer.person_id,
        }
        way = Choice(press("queue"), t("command.queue.label"), weight="primary")
        notices.tell(
            db,
            actor,
            late.reviewer.person_id,
            Message(review_words(db, actor, by, late), ((way,),)),
            f"{REVIEW}:{late.reviewer.member_id}:{by.id}:{beijing_day(actor.now)}",
            condition=Condition("waits_for_review", waits),
        )
        audit.note(db, actor, REVIEW, "membership", late.reviewer.member_id, role=by.role.value)
        names.append(late.reviewer.name)
    return names


def review_words(db: Session, actor: Actor, by: Membership, late: LateReview) -> Text:
    """A reminder to a reviewer, as it is read."""
    return t(
        "watch.urge.review_notice",
        name=cast(Person, db.get(Person, actor.person_id)).name,
        role=t(f"role.{by.role}"),
        count=len(late.waiting),
        students=list(late.students[:MOST_STUDENTS]),
        days=(actor.now - late.waiting[0].submitted_at).days,
    )


MOST_STUDENTS: Final = 6
"""Students who are named in one reminder to a reviewer."""
REVIEW: Final = "urge_review"
VERB: Final = "urge"


def _refused(key: str, student_id: int) -> Refused:
    return Refused(t(key), verb=VERB, object="membership", object_id=student_id)

"""Bulletins: notices that an office sends to many.

A bulletin is drafted, and confirmed by whoever sees exactly what will be read and whom it reaches.
Its recipients are fixed as rows then. `step` posts them in small transactions, each with the rows
that it settles: broken off anywhere it goes on where it was, and nobody is told twice. So few are
in the outbox at a time that no other notice waits long behind them, and bulletins take turns.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, cast

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Message, press
from programmes.materials import brought
from programmes.model import Programme
from prompts import Text, Words, t
from services import audit, consent, looking, notices, records, roster
from services.access import (
    LEARNERS,
    allow,
    cohort_of,
    cohorts_for,
    grants_of,
    held,
    holders,
    things,
)
from services.notices import Condition
from services.packs import load
from services.progress import in_short
from services.records import Kept
from services.roster import Member, Presence
from storage import chats
from storage.tables import (
    Account,
    Bulletin,
    BulletinFile,
    BulletinRecipient,
    BulletinState,
    Cohort,
    File,
    Guardianship,
    Membership,
    Outbox,
    Person,
    RecipientState,
    RecordKind,
    Role,
    SendState,
    Unit,
    table,
)

ALONE: Final = 500
"""The most recipients to whom one coordinator sends alone; above it a second consents."""
AT_ONCE: Final = 100
"""Recipients who are posted in one transaction, and messages that may be under way at a time."""
STUCK: Final = timedelta(minutes=1)
"""A message that has waited so long, for a messenger that serves nobody, holds up no further
ones."""
MOST_WORDS: Final = 2000
NEVER_REACHED: Final = (
    RecipientState.NOT_JOINED,
    RecipientState.BLOCKED,
    RecipientState.CONSENT,
)
"""Why somebody cannot be reached, as far as it is known before anything is sent."""
ARRIVED: Final = (RecipientState.SENT, RecipientState.UNSURE)
"""Those who have it, or may have it."""
OWED: Final = (
    RecordKind.SESSION,
    RecordKind.DIARY,
    RecordKind.MEETING_RECORD,
    RecordKind.MATERIAL,
)
"""What learners may still owe, by which they are chosen."""
TOLD: Final = (
    Role.STUDENT,
    Role.TRAINEE_TEACHER,
    Role.GUARDIAN,
    Role.MENTOR,
    Role.TEAM_MEMBER,
    Role.SCHOOL_TEACHER,
    Role.COORDINATOR,
)
"""The roles to which bulletins go."""


class Audience(BaseModel):
    """Whom a bulletin is for: members of a role, or all of them; perhaps only some."""

    model_config = ConfigDict(frozen=True)

    role: Role | None = None
    """All roles if empty."""
    unit: int | None = None
    """Those of this unit and of all units below it; guardians, of their children's."""
    subject: str = ""
    owes: RecordKind | None = None
    """Learners who have still to do something in this matter, or their guardians."""


# ---------------------------------------------------------------- drafting


def draft(
    db: Session,
    actor: Actor,
    cohort_id: int,
    words: str,
    audience: Audience,
    files: Sequence[Kept] = (),
    *,
    asks_receipt: bool,
    number: int | None = None,
) -> Bulletin:
    """Write a draft, or the draft with this number anew. Raises `Refused`."""
    if number is not None:
        row = _locked(db, actor, "send_bulletin", number, BulletinState.DRAFT)
        row.version += 1
    else:
        grant = allow(db, actor, "draft_bulletin", cohort_id)
        place = cast(Membership, db.get(Membership, grant.place))
        row = Bulletin(
            cohort_id=cohort_id,
            by_id=cast(int, place.id),
            sender=_office(db, place),
            words=words,
            audience={},
            created_at=actor.now,
        )
    row.words, row.asks_receipt = words, asks_receipt
    row.audience = audience.model_dump(mode="json")
    db.add(row)
    db.flush()
    shown = sa.delete(table(BulletinFile)).where(col(BulletinFile.bulletin_id) == row.id)
    db.connection().execute(shown)
    for file_id in dict.fromkeys(records.own_file(db, actor, one) for one in files):
        db.add(BulletinFile(bulletin_id=cast(int, row.id), file_id=file_id))
    db.flush()
    audit.note(db, actor, "draft_bulletin", "bulletin", row.id, row.version)
    return row


def _office(db: Session, place: Membership) -> str:
    """In whose name a coordinator writes: their unit's, else that of the office of the cohort."""
    cohort = cohort_of(db, place)
    unit = db.get(Unit, place.unit_id or cohort.office_id or 0)
    return unit.name if unit else cohort.name


def to_edit(db: Session, actor: Actor, number: int) -> Bulletin:
    """A draft that the actor may change or confirm. Raises `Refused`."""
    return _locked(db, actor, "send_bulletin", number, BulletinState.DRAFT)


def drop(db: Session, actor: Actor, number: int) -> None:
    """Delete a draft. Raises `Refused`."""
    row = _locked(db, actor, "send_bulletin", number, BulletinState.DRAFT)
    shown = sa.delete(table(BulletinFile)).where(col(BulletinFile.bulletin_id) == number)
    db.connection().execute(shown)
    db.delete(row)
    audit.note(db, actor, "drop_bulletin", "bulletin", number)


def to_write_in(db: Session, actor: Actor) -> list[Cohort]:
    """The cohorts in which the actor may write, the latest first. Raises `Refused`."""
    return cohorts_for(db, actor, "draft_bulletin", None)


def roles_in(db: Session, cohort_id: int, person_id: int) -> list[Role]:
    """The roles that somebody may address in a cohort."""
    here = sa.select(col(Membership.role)).where(*_addressed(cohort_id, person_id)).distinct()
    found = set(db.connection().execute(here).scalars())
    if found & {*LEARNERS} and _guardians_exist(db, cohort_id):
        found.add(Role.GUARDIAN)
    return [role for role in TOLD if role in found]


def _guardians_exist(db: Session, cohort_id: int) -> bool:
    guardian = select(Membership.id).where(
        Membership.cohort_id == cohort_id,
        Membership.role == Role.GUARDIAN,
        col(Membership.ended_at).is_(None),
    )
    return db.exec(guardian.limit(1)).first() is not None


def units_in(db: Session, cohort_id: int, person_id: int) -> list[Unit]:
    """The units of those whom somebody may address in a cohort, and the units above them as far
    as these are not above all; in the order of their numbers."""
    place = sa.select(col(Membership.unit_id)).where(*_addressed(cohort_id, person_id))
    own = set(db.connection().execute(place.distinct()).scalars()) - {None}
    parents = dict(db.exec(select(Unit.id, Unit.parent_id)).all())
    found = set(own)
    for unit in own:
        above = parents.get(unit)
        while above is not None and above not in found:
            found.add(above)
            above = parents.get(above)
    covered = {unit: below(parents, unit) & own for unit in found}
    some = [unit for unit in found if covered[unit] != own or unit in own]
    return list(db.exec(select(Unit).where(col(Unit.id).in_(some)).order_by(col(Unit.id))))


def below(parents: Mapping[int | None, int | None], unit: int | None) -> set[int | None]:
    """A unit and all units below it."""
    found, edge = {unit}, {unit}
    while edge:
        edge = {one for one, parent in parents.items() if parent in edge} - found
        found |= edge
    return found


def subjects_in(db: Session, cohort_id: int, person_id: int) -> list[str]:
    """The subjects of those whom somebody may address in a cohort."""
    place = sa.select(col(Membership.subject)).where(
        *_addressed(cohort_id, person_id), col(Membership.subject) != ""
    )
    return sorted(db.connection().execute(place.distinct()).scalars())


def owed_in(programme: Programme) -> list[RecordKind]:
    """What learners of a programme may owe."""
    written = {record.kind.value for record in programme.records}
    asked = {
        RecordKind.SESSION: bool(programme.requirements),
        RecordKind.MATERIAL: bool(brought(programme)),
    }
    return [kind for kind in OWED if asked.get(kind, kind.value in written)]


# ---------------------------------------------------------------- whom it reaches


class Addressee(NamedTuple):
    """Somebody whom a bulletin is for, and whether it would reach them."""

    member_id: int
    person_id: int
    state: RecipientState


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whom a draft is for, each person once."""

    people: Sequence[Addressee]
    left: int = 0
    """Of so many learners it is not known yet what they owe."""

    @property
    def counts(self) -> Counter[RecipientState]:
        return Counter(one.state for one in self.people)


def addressed(db: Session, actor: Actor, row: Bulletin) -> Addressed:
    """Whom a draft is for, within the branch of whoever wrote it; the actor oversees that."""
    wanted = Audience.model_validate(row.audience)
    place = cast(Membership, db.get(Membership, row.by_id))
    found, left = _members(db, row.cohort_id, wanted, place.person_id, actor.now)
    chosen = {one[1]: one for one in reversed(found) if one[1] != actor.person_id}
    programme = load(cohort_of(db, place).programme)
    reached = _presences(db, chosen)
    people = []
    for member_id, person_id, role, grade, born in reversed(chosen.values()):
        state = _BY_PRESENCE[reached[person_id]]
        needed = role in LEARNERS and consent.needed(
            born, grade, programme, beijing_day(actor.now)
        )
        if needed and not consent.given(db, person_id):
            state = RecipientState.CONSENT
        people.append(Addressee(member_id, person_id, state))
    return Addressed(people, left)


_BY_PRESENCE: Final = {
    Presence.HERE: RecipientState.WAITING,
    Presence.NOT_JOINED: RecipientState.NOT_JOINED,
    Presence.UNREACHABLE: RecipientState.BLOCKED,
}
SLICE: Final = 5000
"""People who are looked up in one statement."""


def _presences(db: Session, people: Iterable[int]) -> dict[int, Presence]:
    every = list(people)
    found: dict[int, Presence] = {}
    for at in range(0, len(every), SLICE):
        found |= roster.presences(db, every[at : at + SLICE])
    return found


def _addressed(cohort_id: int, writer: int) -> list[ColumnElement[bool]]:
    """The members of a cohort now to whom somebody may write."""
    return [
        col(Membership.cohort_id) == cohort_id,
        col(Membership.ended_at).is_(None),
        col(Membership.id).in_(things("address_bulletin", writer)),
    ]


def _members(
    db: Session, cohort_id: int, wanted: Audience, writer: int, now: datetime
) -> tuple[list[Any], int]:
    """The members for whom it is, in the order of the roster; and of how many that is not known
    yet."""
    conditions = _addressed(cohort_id, writer)
    if wanted.unit is not None:
        parents = dict(db.exec(select(Unit.id, Unit.parent_id)).all())
        units = below(parents, wanted.unit)
        here = col(Membership.unit_id).in_(units) | col(Membership.team_id).in_(units)
        conditions.append(here)
    if wanted.subject:
        conditions.append(col(Membership.subject) == wanted.subject)
    left = 0
    of_learners = wanted.role is Role.GUARDIAN or wanted.owes is not None
    if wanted.owes is not None:
        cohort = cast(Cohort, db.get(Cohort, cohort_id))
        short, left = in_short(db, cohort, beijing_day(now), None, conditions)
        owing = [one.member_id for one in short if one.lacks(wanted.owes)]
        conditions.append(col(Membership.id).in_(owing))
    if of_learners:
        conditions.append(col(Membership.role).in_(LEARNERS))
    if wanted.role is Role.GUARDIAN:
        return _guardians_of(db, cohort_id, conditions), left
    conditions.append(
        col(Membership.role) == wanted.role if wanted.role else col(Membership.role).in_(TOLD)
    )
    return _rows(db, conditions), left


def _rows(db: Session, conditions: Sequence[ColumnElement[bool]]) -> list[Any]:
    columns = (
        *(col(Membership.id), col(Membership.person_id), col(Membership.role)),
        *(col(Membership.grade), col(Person.birth_date)),
    )
    rows = (
        sa.select(*columns)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(*conditions)
        .order_by(col(Membership.id))
    )
    return list(db.connection().execute(rows))


def _guardians_of(
    db: Session, cohort_id: int, conditions: Sequence[ColumnElement[bool]]
) -> list[Any]:
    """The guardians who answer for these learners now, as members of the cohort."""
    children = sa.select(col(Membership.person_id)).where(*conditions)
    answering = sa.select(col(Guardianship.guardian_id)).where(
        col(Guardianship.child_id).in_(children),
        col(Guardianship.ended_at).is_(None),
        col(Guardianship.withdrawn_at).is_(None),
    )
    return _rows(
        db,
        [
            col(Membership.cohort_id) == cohort_id,
            col(Membership.role) == Role.GUARDIAN,
            col(Membership.ended_at).is_(None),
            col(Membership.person_id).in_(answering),
        ],
    )


# ---------------------------------------------------------------- confirming


def send(
    db: Session, actor: Actor, number: int, version: int, at: datetime | None = None
) -> Bulletin:
    """Confirm a draft as it is in this version, to be sent now or at a time. From here on its
    words and its recipients stay.

    Over `ALONE` recipients it waits for the consent of a second coordinator. Raises `Refused` if
    there is none, and for a draft that has been changed, that reaches nobody, or whose recipients
    are still being counted.
    """
    row = _locked(db, actor, "send_bulletin", number, BulletinState.DRAFT)
    if row.version != version:
        raise _refused("bulletin.changed_meanwhile", number)
    if at is not None and at <= actor.now:
        raise _refused("bulletin.time_has_passed", number)
    found = addressed(db, actor, row)
    if found.left:
        raise Refused(t("bulletin.still_counting", left=found.left), verb="send_bulletin")
    if not found.counts[RecipientState.WAITING]:
        raise _refused("bulletin.reaches_nobody", number)
    row.state, row.not_before = BulletinState.SENDING, at or actor.now
    row.confirmed_by, row.confirmed_at = actor.person_id, actor.now
    row.account_id = actor.account_id
    if len(found.people) > ALONE:
        row.state = BulletinState.ASKED
        _ask_others(db, actor, row, len(found.people))
    db.add(row)
    db.flush()
    db.connection().execute(
        sa.insert(table(BulletinRecipient)),
        [
            {
                "bulletin_id": number,
                "person_id": one.person_id,
                "membership_id": one.member_id,
                # Whether they can be reached is looked at when their turn comes.
                "state": RecipientState.WAITING,
            }
            for one in found.people
        ],
    )
    told = {state.value: count for state, count in sorted(found.counts.items())}
    audit.note(db, actor, "send_bulletin", "bulletin", number, row.version, **told)
    return row


def others(db: Session, row: Bulletin) -> list[int]:
    """The coordinators who may consent to a bulletin besides whoever confirmed it."""
    found = dict.fromkeys(one.person for one in holders(db, "approve_bulletin", row.by_id))
    return [person for person in found if person != row.confirmed_by]


def _ask_others(db: Session, actor: Actor, row: Bulletin, count: int) -> None:
    asked = others(db, row)
    if not asked:
        words = t("bulletin.no_second", count=count, most=ALONE)
        raise Refused(words, verb="send_bulletin", object="bulletin", object_id=row.id)
    look = Choice(press("show_bulletin", row.id or 0), t("bulletin.look"), weight="primary")
    name = cast(Person, db.get(Person, actor.person_id)).name
    message = Message(t("bulletin.asks_second", name=name, count=count), ((look,),))
    for person in asked:
        notices.tell(db, actor, person, message, f"ask-bulletin:{row.id}:{row.version}")


def approve(db: Session, actor: Actor, number: int) -> Bulletin:
    """Consent to a bulletin as the second coordinator. Raises `Refused`."""
    row = _second(db, actor, number)
    row.state, row.approved_by = BulletinState.SENDING, actor.person_id
    row.not_before = max(cast(datetime, row.not_before), actor.now)
    db.add(row)
    audit.note(db, actor, "approve_bulletin", "bulletin", number, row.version)
    _tell_sender(db, actor, row, "bulletin.was_approved")
    return row


def decline(db: Session, actor: Actor, number: int) -> Bulletin:
    """Turn a bulletin down, or take back what one has confirmed: it is a draft again."""
    row = _locked(db, actor, "approve_bulletin", number, BulletinState.ASKED)
    sender = row.confirmed_by
    if actor.person_id != sender:
        _tell_sender(db, actor, row, "bulletin.was_declined")
    gone = sa.delete(table(BulletinRecipient)).where(col(BulletinRecipient.bulletin_id) == number)
    db.connection().execute(gone)
    row.state, row.version = BulletinState.DRAFT, row.version + 1
    row.confirmed_by = row.confirmed_at = row.not_before = None
    db.add(row)
    audit.note(db, actor, "decline_bulletin", "bulletin", number, row.version)
    return row


def _second(db: Session, actor: Actor, number: int) -> Bulletin:
    row = _locked(db, actor, "approve_bulletin", number, BulletinState.ASKED)
    if row.confirmed_by == actor.person_id:
        raise _refused("bulletin.needs_another", number)
    return row


def _tell_sender(db: Session, actor: Actor, row: Bulletin, key: str) -> None:
    name = cast(Person, db.get(Person, actor.person_id)).name
    look = Choice(press("show_bulletin", row.id or 0), t("bulletin.look"))
    told = Message(t(key, name=name, what=beginning(row)), ((look,),))
    once = f"{key.rpartition('.')[2]}:{row.id}:{row.version}"
    notices.tell(db, actor, cast(int, row.confirmed_by), told, once)


# ---------------------------------------------------------------- while it is being sent


def pause(db: Session, actor: Actor, number: int) -> Bulletin:
    """Post no more of it for now; what is under way arrives. Raises `Refused`."""
    return _put(db, actor, number, "pause_bulletin", BulletinState.PAUSED, BulletinState.SENDING)


def resume(db: Session, actor: Actor, number: int) -> Bulletin:
    """Go on with what was paused. Raises `Refused`."""
    return _put(db, actor, number, "resume_bulletin", BulletinState.SENDING, BulletinState.PAUSED)


def cancel(db: Session, actor: Actor, number: int) -> Bulletin:
    """Take back what has not been sent. Raises `Refused`."""
    before = (BulletinState.SENDING, BulletinState.PAUSED)
    row = _put(db, actor, number, "cancel_bulletin", BulletinState.CANCELLED, *before)
    row.ended_at = actor.now
    db.connection().execute(
        sa.update(table(BulletinRecipient))
        .where(
            col(BulletinRecipient.bulletin_id) == number,
            col(BulletinRecipient.state) == RecipientState.WAITING,
        )
        .values(state=RecipientState.WITHDRAWN)
    )
    return row


def _put(
    db: Session,
    actor: Actor,
    number: int,
    verb: str,
    after: BulletinState,
    *before: BulletinState,
) -> Bulletin:
    row = _locked(db, actor, "send_bulletin", number, *before)
    row.state = after
    db.add(row)
    audit.note(db, actor, verb, "bulletin", number, row.version)
    return row


def _locked(db: Session, actor: Actor, act: str, number: int, *states: BulletinState) -> Bulletin:
    """A bulletin to which the actor may do this, in one of these states. Raises `Refused`."""
    row = db.get(Bulletin, number, with_for_update=True)
    allow(db, actor, act, row.by_id if row else None, number=number)
    row = cast(Bulletin, row)
    if row.state not in states:
        words = t("bulletin.not_now", state=t(f"bulletin.state_{row.state}"))
        raise Refused(words, verb=act, object="bulletin", object_id=number)
    return row


def _refused(key: str, number: int) -> Refused:
    return Refused(t(key), verb="send_bulletin", object="bulletin", object_id=number)


# ---------------------------------------------------------------- posting


KEY: Final = "bulletin"


def stands(db: Session, args: Mapping[str, Any]) -> bool:
    """The condition `bulletin_stands`: it has not been cancelled."""
    row = db.get(Bulletin, args["bulletin"])
    return row is not None and row.state is not BulletinState.CANCELLED


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next of the bulletins that are being sent."""

    posted: int | None = None
    """Of which bulletin some recipients were just posted."""
    wait: timedelta | None = None
    """Nothing can be posted now; when to look again. `None` if nothing waits."""


def step(db: Session, now: datetime, after: int) -> Next:
    """Post some recipients of the next bulletin whose turn it is, after the one with this number;
    in one transaction."""
    due = _due(db, now)
    if not due:
        return Next(wait=_later(db, now))
    if chats.under_way(db, f"{KEY}:", now - STUCK) >= AT_ONCE:
        return Next(wait=SOON)
    number = next((one for one in due if one > after), due[0])
    row = cast(Bulletin, db.get(Bulletin, number, with_for_update=True))
    if row.reminding:
        _post_reminders(db, row, now)
    else:
        _post(db, row, now)
    return Next(posted=number)


SOON: Final = timedelta(seconds=1)
"""After which it is looked again whether more can be posted, and what became of it."""


def _due(db: Session, now: datetime) -> list[int]:
    """The bulletins of which something can be posted."""
    waits = sa.exists().where(
        col(BulletinRecipient.bulletin_id) == col(Bulletin.id),
        col(BulletinRecipient.state) == RecipientState.WAITING,
    )
    sending = (col(Bulletin.state) == BulletinState.SENDING) & (col(Bulletin.not_before) <= now)
    wanted = (sending & waits) | col(Bulletin.reminding)
    found = db.exec(select(Bulletin.id).where(wanted).order_by(col(Bulletin.id)))
    return [cast(int, number) for number in found]


def _later(db: Session, now: datetime) -> timedelta | None:
    """When to look again: soon, while the fate of something is awaited; else at the next time."""
    awaited = select(BulletinRecipient.id).where(BulletinRecipient.state == RecipientState.QUEUED)
    if db.exec(awaited.limit(1)).first() is not None:
        return SOON
    sending = col(Bulletin.state) == BulletinState.SENDING
    due = db.exec(select(sa.func.min(Bulletin.not_before)).where(sending)).one()
    return None if due is None else max(SOON, due - now)


def _post(db: Session, row: Bulletin, now: datetime) -> None:
    some = db.exec(
        select(BulletinRecipient)
        .where(
            BulletinRecipient.bulletin_id == row.id,
            BulletinRecipient.state == RecipientState.WAITING,
        )
        .order_by(col(BulletinRecipient.id))
        .limit(AT_ONCE)
    ).all()
    waiting = _without_consent(db, row, some, now)
    reached = _tell(
        db,
        {one.person_id for one in some} - waiting,
        message(db, row),
        f"{KEY}:{row.id}",
        now,
        Condition("bulletin_stands", {"bulletin": row.id}),
    )
    known = {chat.person_id for chat in chats.chats_of(db, [one.person_id for one in some])}
    for one in some:
        if one.person_id in waiting:
            one.state = RecipientState.CONSENT
        elif one.person_id in reached:
            one.state = RecipientState.QUEUED
        else:
            joined = one.person_id in known
            one.state = RecipientState.BLOCKED if joined else RecipientState.NOT_JOINED
        db.add(one)
    db.flush()


def _tell(
    db: Session,
    people: Collection[int],
    told: Message,
    key: str,
    now: datetime,
    condition: Condition | None = None,
) -> set[int]:
    """Queue it in all chats of these people; returns who is reached."""
    reached = [chat for chat in chats.chats_of(db, list(people)) if chat.reachable]
    accounts = [(chat.account_id, chat.language) for chat in reached]
    notices.tell_all(db, accounts, told, key, now, condition)
    return {chat.person_id for chat in reached}


def _without_consent(
    db: Session, row: Bulletin, some: Sequence[BulletinRecipient], now: datetime
) -> set[int]:
    """Those of whom a consent has been withdrawn since they were chosen."""
    programme = load(cast(Cohort, db.get(Cohort, row.cohort_id)).programme)
    people = _rows(db, [col(Membership.id).in_([one.membership_id for one in some])])
    return {
        person
        for _, person, role, grade, born in people
        if role in LEARNERS
        and consent.needed(born, grade, programme, beijing_day(now))
        and not consent.given(db, person)
    }


def message(db: Session, row: Bulletin, *, received: datetime | None = None) -> Message:
    """A bulletin as its recipients read it; `received`: with their 收到."""
    rows: tuple[tuple[Choice, ...], ...] = ()
    if row.asks_receipt and received is None:
        rows = ((Choice(press("received", row.id or 0), t("bulletin.got_it"), weight="primary"),),)
    return Message(
        row.words,
        rows,
        title=t("bulletin.from", office=row.sender),
        note="" if received is None else t("bulletin.received_at", at=received),
        card=f"{KEY}:{row.id}",
        files=() if received else files_of(db, row),
    )


def files_of(db: Session, row: Bulletin) -> tuple[int, ...]:
    """The numbers of the files that it shows."""
    shown = select(BulletinFile.file_id).where(BulletinFile.bulletin_id == row.id)
    return tuple(db.exec(shown.order_by(col(BulletinFile.file_id))))


def kept_of(db: Session, row: Bulletin) -> tuple[Kept, ...]:
    """The same as copies that a talk can go on with."""
    found = db.exec(select(File).where(col(File.id).in_(files_of(db, row))).order_by(col(File.id)))
    return tuple(
        Kept(sha256=one.sha256, size=one.size, media_type=one.media_type, name=one.name)
        for one in found
    )


def beginning(row: Bulletin) -> str:
    """Its first words, by which it is told from others."""
    words = " ".join(row.words.split())
    return words if len(words) <= BEGINNING else f"{words[: BEGINNING - 1]}…"


BEGINNING: Final = 18


# ---------------------------------------------------------------- what becomes of it


def settle(db: Session, now: datetime) -> list[int]:
    """Note what has become of the messages under way, and end what has all been sent. Returns the
    bulletins of which something is new."""
    fates = _fates(db)
    new: set[int] = set()
    by_state: dict[RecipientState, list[int]] = defaultdict(list)
    for (bulletin_id, recipient), states in fates.items():
        state = _fate(states)
        if state is not None:
            by_state[state].append(recipient)
            new.add(bulletin_id)
    for state, numbers in by_state.items():
        db.connection().execute(
            sa.update(table(BulletinRecipient))
            .where(col(BulletinRecipient.id).in_(numbers))
            .values(state=state)
        )
    under_way = sa.exists().where(
        col(BulletinRecipient.bulletin_id) == col(Bulletin.id),
        col(BulletinRecipient.state).in_((RecipientState.WAITING, RecipientState.QUEUED)),
    )
    sent = col(Bulletin.state) == BulletinState.SENDING
    for row in db.exec(select(Bulletin).where(sent, ~under_way)):
        row.state, row.ended_at = BulletinState.DONE, now
        db.add(row)
        new.add(cast(int, row.id))
    db.flush()
    return sorted(new)


def _fates(db: Session) -> dict[tuple[int, int], set[SendState | None]]:
    """The states of the messages to those whose fate is awaited, by bulletin and recipient."""
    key = sa.literal(f"{KEY}:", sa.String).concat(
        sa.cast(col(BulletinRecipient.bulletin_id), sa.String)
    )
    key = key.concat(":").concat(sa.cast(col(Account.id), sa.String))
    recipient: ColumnElement[int] = table(BulletinRecipient).c.id
    rows = (
        sa.select(col(BulletinRecipient.bulletin_id), recipient, col(Outbox.state))
        .outerjoin(Account, col(Account.person_id) == col(BulletinRecipient.person_id))
        .outerjoin(Outbox, col(Outbox.key) == key)
        .where(col(BulletinRecipient.state) == RecipientState.QUEUED)
    )
    found: dict[tuple[int, int], set[SendState | None]] = defaultdict(set)
    for bulletin_id, number, state in db.connection().execute(rows):
        found[bulletin_id, number].add(state)
    return found


def _fate(states: Collection[SendState | None]) -> RecipientState | None:
    """What became of a person's messages, in whichever chat it went best; `None` while that is
    not known."""
    if SendState.SENT in states:
        return RecipientState.SENT
    if SendState.WAITING in states or SendState.SENDING in states:
        return None
    best = next((fate for state, fate in _FATES.items() if state in states), None)
    return best or RecipientState.FAILED


_FATES: Final = {
    SendState.UNKNOWN: RecipientState.UNSURE,
    SendState.FAILED: RecipientState.FAILED,
    SendState.ASIDE: RecipientState.FAILED,
    SendState.UNREACHABLE: RecipientState.BLOCKED,
    SendState.DROPPED: RecipientState.WITHDRAWN,
}


# ---------------------------------------------------------------- confirmations


def receive(db: Session, actor: Actor, number: int) -> tuple[Bulletin, datetime | None]:
    """收到: note that the actor has it, the first time; returns when that was. Of a bulletin that
    the actor oversees, where it was not sent to them: without a moment. Raises `Refused`."""
    row = db.get(Bulletin, number)
    mine = db.exec(
        select(BulletinRecipient)
        .where(
            BulletinRecipient.bulletin_id == number,
            BulletinRecipient.person_id == actor.person_id,
            col(BulletinRecipient.state).not_in(records.UNSENT),
        )
        .with_for_update()
    ).first()
    if row is None or mine is None:
        if row is not None and may_read(db, actor, row):
            return row, None
        words = t("bulletin.not_to_you")
        raise Refused(words, verb="received", object="bulletin", object_id=number)
    if mine.received_at is None:
        mine.received_at = actor.now
        db.add(mine)
        db.flush()
    return row, mine.received_at


def remind(db: Session, actor: Actor, number: int) -> int:
    """催未回执: remind those who have it and have not confirmed it; returns how many they are.
    Raises `Refused` for a second time on one day, and if there are none."""
    row = _locked(db, actor, "send_bulletin", number, BulletinState.DONE, BulletinState.CANCELLED)
    if row.reminded_at is not None and beijing_day(row.reminded_at) == beijing_day(actor.now):
        raise _refused("bulletin.reminded_today", number)
    count = counted(db, row).unconfirmed
    if not row.asks_receipt or not count:
        raise _refused("bulletin.all_confirmed", number)
    row.reminded_at, row.reminding = actor.now, True
    db.add(row)
    audit.note(db, actor, "remind_bulletin", "bulletin", number, count=count)
    return count


def unconfirmed(db: Session, args: Mapping[str, Any]) -> bool:
    """The condition `bulletin_unconfirmed`: whoever has this chat has not pressed 收到."""
    waits = select(BulletinRecipient.id).where(
        BulletinRecipient.bulletin_id == args["bulletin"],
        BulletinRecipient.person_id == args["person"],
        col(BulletinRecipient.received_at).is_(None),
    )
    return db.exec(waits).first() is not None


def _post_reminders(db: Session, row: Bulletin, now: datetime) -> None:
    asked = cast(datetime, row.reminded_at)
    some = db.exec(
        select(BulletinRecipient)
        .where(
            BulletinRecipient.bulletin_id == row.id,
            col(BulletinRecipient.state).in_(ARRIVED),
            col(BulletinRecipient.received_at).is_(None),
            col(BulletinRecipient.reminded_at).is_(None)
            | (col(BulletinRecipient.reminded_at) < asked),
        )
        .order_by(col(BulletinRecipient.id))
        .limit(AT_ONCE)
    ).all()
    told = message(db, row)._replace(note=t("bulletin.please_confirm"))
    key = f"{KEY}:{row.id}:again:{beijing_day(asked)}"
    for one in some:
        condition = Condition(
            "bulletin_unconfirmed", {"bulletin": row.id, "person": one.person_id}
        )
        _tell(db, [one.person_id], told, key, now, condition)
        one.reminded_at = asked
        db.add(one)
    row.reminding = len(some) == AT_ONCE
    db.add(row)
    db.flush()


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class BulletinCounts:
    """How far a bulletin is."""

    by_state: Counter[RecipientState]
    confirmed: int
    unconfirmed: int
    """Those who have it and have not confirmed it."""

    @property
    def people(self) -> int:
        return self.by_state.total()

    @property
    def arrived(self) -> int:
        return sum(self.by_state[state] for state in ARRIVED)

    @property
    def to_come(self) -> int:
        return self.by_state[RecipientState.WAITING] + self.by_state[RecipientState.QUEUED]


def counted(db: Session, row: Bulletin) -> BulletinCounts:
    """How many of its recipients have which fate, and have confirmed it."""
    confirmed = col(BulletinRecipient.received_at).is_not(None)
    rows = db.connection().execute(
        sa.select(col(BulletinRecipient.state), confirmed, sa.func.count())
        .where(col(BulletinRecipient.bulletin_id) == row.id)
        .group_by(col(BulletinRecipient.state), confirmed)
    )
    by_state: Counter[RecipientState] = Counter()
    received = waits = 0
    for state, has, count in rows:
        by_state[RecipientState(state)] += count
        received += count if has else 0
        waits += count if not has and state in ARRIVED else 0
    return BulletinCounts(by_state, received, waits)


def read(db: Session, actor: Actor, number: int) -> Bulletin:
    """A bulletin that the actor oversees. Raises `Refused`."""
    row = db.get(Bulletin, number)
    allow(db, actor, "read_bulletin", row.by_id if row else None, number=number)
    return cast(Bulletin, row)


def may_read(db: Session, actor: Actor, row: Bulletin) -> bool:
    """Whether the actor oversees it."""
    return held(db, actor.person_id, "read_bulletin", row.by_id) is not None


def may_send(db: Session, actor: Actor, row: Bulletin) -> bool:
    """Whether the actor may confirm, pause, cancel it."""
    return held(db, actor.person_id, "send_bulletin", row.by_id) is not None


def may_write_in(db: Session, actor: Actor, cohort: Cohort) -> bool:
    """Whether the actor may write bulletins in a cohort."""
    return held(db, actor.person_id, "draft_bulletin", cohort.id) is not None


def may_write(db: Session, actor: Actor) -> bool:
    """Whether the actor may write bulletins in any cohort."""
    return bool(grants_of(db, actor.person_id, "draft_bulletin"))


def listed(db: Session, actor: Actor) -> list[Bulletin]:
    """The bulletins that the actor oversees, the latest first."""
    mine = col(Bulletin.by_id).in_(things("read_bulletin", actor.person_id))
    return list(db.exec(select(Bulletin).where(mine).order_by(col(Bulletin.id).desc())))


def copies(db: Session, actor: Actor) -> list[tuple[Bulletin, int]]:
    """The bulletins that went to learners of a school teacher's school, the latest first, with to
    how many of them."""
    here = col(BulletinRecipient.membership_id).in_(things("read_bulletin_copy", actor.person_id))
    rows = db.exec(
        select(Bulletin, sa.func.count())
        .join(BulletinRecipient, col(BulletinRecipient.bulletin_id) == col(Bulletin.id))
        .where(here, col(BulletinRecipient.state).not_in(records.UNSENT))
        .group_by(col(Bulletin.id))
        .order_by(col(Bulletin.id).desc())
    )
    return [(row, count) for row, count in rows]


def copy(db: Session, actor: Actor, number: int) -> tuple[Bulletin, int]:
    """One of them. Raises `Refused`."""
    for row, count in copies(db, actor):
        if row.id == number:
            return row, count
    words = t("bulletin.not_yours_to_read")
    raise Refused(words, verb="read_bulletin_copy", object="bulletin", object_id=number)


class Recipient(NamedTuple):
    """Somebody to whom a bulletin goes, and what became of it."""

    member: Member
    state: RecipientState
    received_at: datetime | None


def people(db: Session, row: Bulletin, *, outstanding: bool = True) -> list[Recipient]:
    """Its recipients, by school: those whom it has not reached or who have not confirmed it, or
    all of them."""
    unit = aliased(Unit)
    wanted = [col(BulletinRecipient.bulletin_id) == row.id]
    if outstanding:
        lacking: ColumnElement[bool] = col(BulletinRecipient.state).not_in(ARRIVED)
        if row.asks_receipt:
            lacking = lacking | col(BulletinRecipient.received_at).is_(None)
        wanted.append(lacking)
    rows = db.exec(
        select(Membership, Person, unit, BulletinRecipient)
        .join(BulletinRecipient, col(BulletinRecipient.membership_id) == col(Membership.id))
        .join(Person, col(Person.id) == col(Membership.person_id))
        .outerjoin(unit, col(unit.id) == col(Membership.unit_id))
        .where(*wanted)
        .order_by(col(unit.name), col(Membership.id))
    )
    return [
        Recipient(Member(place, person, where), one.state, one.received_at)
        for place, person, where, one in rows
    ]


def fate(one: Recipient) -> Text:
    """What became of it, in words."""
    if one.received_at is not None:
        return t("bulletin.confirmed_at", at=one.received_at)
    return t(f"bulletin.person_{one.state}")


def teachers(db: Session, row: Bulletin) -> dict[int, list[str]]:
    """The names of the school teachers of its cohort, by school."""
    found: dict[int, list[str]] = defaultdict(list)
    for one in roster.members(db, row.cohort_id, (Role.SCHOOL_TEACHER,)):
        if one.unit is not None:
            found[cast(int, one.unit.id)].append(one.person.name)
    return found


def look(db: Session, actor: Actor, row: Bulletin, some: Collection[Member]) -> None:
    """Note that the actor has seen a list of these people."""
    relation = allow(db, actor, "read_bulletin", row.by_id, number=row.id).relation
    learners = [one.id for one in some if one.membership.role in LEARNERS]
    looking.note(db, actor, relation, "list", row.id, learners)


def label(db: Session, row: Bulletin) -> Words:
    """Whom a bulletin is for, in words."""
    wanted = Audience.model_validate(row.audience)
    programme = load(cast(Cohort, db.get(Cohort, row.cohort_id)).programme)
    unit = db.get(Unit, wanted.unit) if wanted.unit else None
    some: list[Words] = [unit.name] if unit else []
    some += [programme.subject_name(wanted.subject)] if wanted.subject else []
    who = t(f"role.{wanted.role}") if wanted.role else t("bulletin.everybody")
    some += [owing(wanted.owes), who] if wanted.owes else [who]
    return t("bulletin.audience", parts=some)


def owing(kind: RecordKind) -> Text:
    """What those are called who still owe something."""
    return t(f"bulletin.owes_{kind}")

"""Bulletins: notices that an office sends to many.

A bulletin is drafted, and confirmed by whoever sees exactly what will be read and whom it reaches.
Its recipients are fixed as rows then; `services/bulletin_posts.py` posts them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day, month_began
from bot.talk.message import Choice, Message, press
from prompts import Text, t
from services import audit, looking, notices, records, roster
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
from services.addressing import Audience, addressed
from services.records import Kept
from services.roster import Member
from storage.tables import (
    Bulletin,
    BulletinFile,
    BulletinRecipient,
    BulletinState,
    Cohort,
    File,
    Membership,
    Person,
    RecipientState,
    Role,
    Unit,
    table,
)

BUDGET: Final = 60
"""Minutes a month that an office may ask of one person; a draft says when it asks more."""
ALONE: Final = 500
"""The most recipients to whom one coordinator sends alone; above it a second consents."""
MOST_WORDS: Final = 2000
TO_COME: Final = (RecipientState.WAITING, RecipientState.QUEUED)
"""States of a recipient to whom it is still to go."""
ARRIVED: Final = (RecipientState.SENT, RecipientState.UNSURE)
"""States of a recipient who has the bulletin, or may have it."""


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
    minutes: int = 1,
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
    row.words, row.asks_receipt, row.minutes = words, asks_receipt, minutes
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


def most_asked(db: Session, actor: Actor, people: Sequence[int]) -> int:
    """The most minutes that the bulletins which the actor oversees have asked of one of these
    people since this month began in Beijing."""
    asked = (
        select(col(BulletinRecipient.person_id), sa.func.sum(col(Bulletin.minutes)))
        .join(Bulletin, col(Bulletin.id) == col(BulletinRecipient.bulletin_id))
        .where(
            col(Bulletin.by_id).in_(things("read_bulletin", actor.person_id)),
            col(Bulletin.confirmed_at) >= month_began(actor.now),
            col(BulletinRecipient.state).in_((*ARRIVED, *TO_COME)),
        )
        .group_by(col(BulletinRecipient.person_id))
    )
    minutes = {person: int(total) for person, total in db.exec(asked)}
    return max((minutes.get(person, 0) for person in people), default=0)


def to_edit(db: Session, actor: Actor, number: int) -> Bulletin:
    """A draft that the actor may change or confirm. Raises `Refused`."""
    return _locked(db, actor, "send_bulletin", number, BulletinState.DRAFT)


def still_draft(db: Session, number: int) -> bool:
    """Whether a draft can still be changed: it was not deleted, sent, or put to a second
    coordinator."""
    row = db.get(Bulletin, number)
    return row is not None and row.state is BulletinState.DRAFT


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
    """Turn a bulletin down, or take back what one has confirmed: it is a draft again. Raises
    `Refused`."""
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
    """Post no more of the bulletin for now. Messages that are under way arrive. Raises
    `Refused`."""
    return _put(db, actor, number, "pause_bulletin", BulletinState.PAUSED, BulletinState.SENDING)


def resume(db: Session, actor: Actor, number: int) -> Bulletin:
    """Go on with what was paused. Raises `Refused`."""
    return _put(db, actor, number, "resume_bulletin", BulletinState.SENDING, BulletinState.PAUSED)


_UNDER_WAY: Final = (BulletinState.SENDING, BulletinState.PAUSED)


def to_cancel(db: Session, actor: Actor, number: int) -> Bulletin:
    """A bulletin of which some may not have been sent. Raises `Refused`."""
    return _locked(db, actor, "send_bulletin", number, *_UNDER_WAY)


def cancel(db: Session, actor: Actor, number: int) -> Bulletin:
    """Take back what has not been sent. Raises `Refused`."""
    row = _put(db, actor, number, "cancel_bulletin", BulletinState.CANCELLED, *_UNDER_WAY)
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
        words = t("bulletin.not_now", state=state_of(row, actor.now))
        raise Refused(words, verb=act, object="bulletin", object_id=number)
    return row


def state_of(row: Bulletin, now: datetime) -> Text:
    """How a bulletin stands, in words."""
    if row.state is BulletinState.SENDING and row.not_before and row.not_before > now:
        return t("bulletin.scheduled")
    return t(f"bulletin.state_{row.state}")


def _refused(key: str, number: int) -> Refused:
    return Refused(t(key), verb="send_bulletin", object="bulletin", object_id=number)


KEY: Final = "bulletin"


# ---------------------------------------------------------------- what is read


def message(db: Session, row: Bulletin, *, received: datetime | None = None) -> Message:
    """A bulletin as its recipients read it; with `received`, it also says when they
    pressed 收到."""
    ways = [Choice(press("reply_bulletin", row.id or 0), t("bulletin.reply.title"))]
    if row.asks_receipt and received is None:
        got_it = t("bulletin.got_it")
        ways.insert(0, Choice(press("received", row.id or 0), got_it, weight="primary"))
    return Message(
        row.words,
        (tuple(ways),),
        title=t("bulletin.from", office=row.sender),
        note="" if received is None else t("bulletin.received_at", at=received),
        card=f"{KEY}:{row.id}",
        files=() if received else files_of(db, row),
    )


def files_of(db: Session, row: Bulletin) -> tuple[int, ...]:
    """The ids of the files that it shows."""
    shown = select(BulletinFile.file_id).where(BulletinFile.bulletin_id == row.id)
    return tuple(db.exec(shown.order_by(col(BulletinFile.file_id))))


def kept_of(db: Session, row: Bulletin) -> tuple[Kept, ...]:
    """The same files as `Kept` values, which a talk can go on with."""
    found = db.exec(select(File).where(col(File.id).in_(files_of(db, row))).order_by(col(File.id)))
    return tuple(
        Kept(sha256=one.sha256, size=one.size, media_type=one.media_type, name=one.name)
        for one in found
    )


def beginning(row: Bulletin) -> str:
    """Its first words, by which people tell it from others."""
    words = " ".join(row.words.split())
    return words if len(words) <= BEGINNING else f"{words[: BEGINNING - 1]}…"


BEGINNING: Final = 18


# ---------------------------------------------------------------- confirmations


def receive(db: Session, actor: Actor, number: int) -> tuple[Bulletin, datetime | None]:
    """收到: note that the actor has read the bulletin, the first time. Returns it, and when that
    was.

    If it was not sent to the actor, who oversees it, it returns `None` in place of the moment.
    Raises `Refused`.
    """
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


def unconfirmed(db: Session, actor: Actor) -> list[Bulletin]:
    """The bulletins that the actor has, that ask to be confirmed, and that they have not
    confirmed; the latest first."""
    rows = db.exec(
        select(Bulletin)
        .join(BulletinRecipient, col(BulletinRecipient.bulletin_id) == col(Bulletin.id))
        .where(
            BulletinRecipient.person_id == actor.person_id,
            col(BulletinRecipient.state).in_(ARRIVED),
            col(BulletinRecipient.received_at).is_(None),
            col(Bulletin.asks_receipt),
        )
        .order_by(col(Bulletin.id).desc())
    )
    return list(rows)


def remind(db: Session, actor: Actor, number: int) -> int:
    """催未回执: remind the recipients who have the bulletin and have not confirmed it. Returns how
    many they are. Raises `Refused` if they were reminded today already, and if there are none."""
    row = _locked(db, actor, "send_bulletin", number, BulletinState.DONE, BulletinState.CANCELLED)
    if reminded_today(row, actor.now):
        raise _refused("bulletin.reminded_today", number)
    count = counted(db, row).unconfirmed
    if not row.asks_receipt or not count:
        raise _refused("bulletin.all_confirmed", number)
    row.reminded_at, row.reminding = actor.now, True
    db.add(row)
    audit.note(db, actor, "remind_bulletin", "bulletin", number, count=count)
    return count


def reminded_today(row: Bulletin, now: datetime) -> bool:
    """Whether those who have not confirmed it were reminded today."""
    return row.reminded_at is not None and beijing_day(row.reminded_at) == beijing_day(now)


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
        return sum(self.by_state[state] for state in TO_COME)


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
    """The bulletins that went to learners of a school teacher's school, the latest first,
    each with the number of these learners."""
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
    """As `copies`, the bulletin with this number. Raises `Refused`."""
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


def fate(row: Bulletin, one: Recipient) -> Text:
    """What became of it, in words."""
    if one.received_at is not None:
        return t("bulletin.confirmed_at", at=one.received_at)
    if row.asks_receipt and one.state in ARRIVED:
        return t("bulletin.person_unconfirmed")
    return t(f"bulletin.person_{one.state}")


def teachers(db: Session, row: Bulletin) -> dict[int, list[str]]:
    """The names of the school teachers of its cohort, by school."""
    found: dict[int, list[str]] = defaultdict(list)
    for one in roster.members(db, row.cohort_id, (Role.SCHOOL_TEACHER,)):
        if one.unit is not None:
            found[cast(int, one.unit.id)].append(one.person.name)
    return found


def look(db: Session, actor: Actor, row: Bulletin, some: Collection[Member]) -> None:
    """Note that the actor has seen a list of these people. Raises `Refused`."""
    relation = allow(db, actor, "read_bulletin", row.by_id, number=row.id).relation
    learners = [one.id for one in some if one.membership.role in LEARNERS]
    looking.note(db, actor, relation, "list", row.id, learners)

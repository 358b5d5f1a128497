"""What recipients reply to a bulletin, and what the office answers: a thread for each of them.

A thread waits for the office while its last step is the recipient's. What the office writes to a
learner is read by the teacher of the learner's school too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Message, press
from prompts import BEIJING, t
from services import audit, bulletins, looking, notices, records
from services.access import (
    LEARNERS,
    allow,
    held,
    holders,
    learner_at,
    may_keep,
    things,
)
from services.roster import Member
from storage.tables import (
    Bulletin,
    BulletinRecipient,
    BulletinReply,
    Membership,
    Person,
    ReplyStep,
    Unit,
    table,
)

MOST_WORDS: Final = 500
"""Maximum characters of a reply, and of its answer."""
MOST_WAITING: Final = 10
"""Maximum replies of one recipient that may wait for the office at once."""
RECENT: Final = timedelta(days=3)
"""How long after a bulletin words that nothing else explains may be a reply to it."""


class ThreadStep(NamedTuple):
    """One step of a thread."""

    step: ReplyStep
    name: str
    words: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """What a recipient and the office have said to each other about a bulletin."""

    number: int
    """The recipient's row, by which buttons name the thread."""
    member: Member
    said: tuple[ThreadStep, ...]

    @property
    def waits(self) -> bool:
        """Whether the office is to answer."""
        return self.said[-1].step is ReplyStep.ASKED

    @property
    def state(self) -> ReplyStep:
        return self.said[-1].step


# ---------------------------------------------------------------- the recipient


def asked_about(db: Session, actor: Actor, number: int) -> Bulletin:
    """The bulletin to which the actor may reply: it was sent to them. Raises `Refused`."""
    row, _ = _sent_to(db, actor, number)
    return row


def reply(db: Session, actor: Actor, number: int, words: str) -> None:
    """Put a recipient's words before the office that sent a bulletin. Raises `Refused`."""
    row, mine = _sent_to(db, actor, number)
    steps = (
        select(BulletinReply.step)
        .where(BulletinReply.recipient_id == mine.id)
        .order_by(col(BulletinReply.id).desc())
        .limit(MOST_WAITING)
    )
    if [*db.exec(steps)] == [ReplyStep.ASKED] * MOST_WAITING:
        raise Refused(t("bulletin.reply.too_many", most=MOST_WAITING), **_about(number))
    offices = _offices(db, row)
    if not offices:
        raise Refused(t("bulletin.reply.nobody"), **_about(number))
    told_already = _waits_since(db, number, beijing_day(actor.now))
    step = _add(db, actor, mine, ReplyStep.ASKED, words)
    audit.note(db, actor, "reply_bulletin", "bulletin", number)
    if told_already:
        return
    way = Choice(press("bulletin_replies", number), t("bulletin.reply.see"), weight="primary")
    told = Message(t("bulletin.reply.waits", what=bulletins.beginning(row)), ((way,),))
    for person_id in offices:
        if person_id != actor.person_id:
            # Without the words: it is read on a locked screen.
            notices.tell(db, actor, person_id, told, f"replies:{number}:{step.id}")


def _waits_since(db: Session, number: int, today: date) -> bool:
    """Whether a reply of today waits for the office, which was told of it: many may reply."""
    last = sa.select(sa.func.max(BulletinReply.id)).group_by(col(BulletinReply.recipient_id))
    found = (
        select(BulletinReply.id)
        .join(BulletinRecipient, col(BulletinRecipient.id) == col(BulletinReply.recipient_id))
        .where(
            BulletinRecipient.bulletin_id == number,
            BulletinReply.step == ReplyStep.ASKED,
            BulletinReply.at >= datetime.combine(today, time(), BEIJING),
            col(BulletinReply.id).in_(last),
        )
    )
    return db.exec(found.limit(1)).first() is not None


def lately(db: Session, actor: Actor) -> Bulletin | None:
    """The latest bulletin that the actor was sent within `RECENT`, to which words may reply."""
    found = db.exec(
        select(Bulletin)
        .join(BulletinRecipient, col(BulletinRecipient.bulletin_id) == col(Bulletin.id))
        .where(
            BulletinRecipient.person_id == actor.person_id,
            col(BulletinRecipient.state).in_(bulletins.ARRIVED),
            col(Bulletin.confirmed_at) > actor.now - RECENT,
        )
        .order_by(col(Bulletin.confirmed_at).desc())
        .limit(1)
    ).first()
    return found if found is not None and _offices(db, found) else None


def _sent_to(db: Session, actor: Actor, number: int) -> tuple[Bulletin, BulletinRecipient]:
    found = db.exec(
        select(Bulletin, BulletinRecipient)
        .join(BulletinRecipient, col(BulletinRecipient.bulletin_id) == col(Bulletin.id))
        .where(
            Bulletin.id == number,
            BulletinRecipient.person_id == actor.person_id,
            col(BulletinRecipient.state).not_in(records.UNSENT),
        )
    ).first()
    if found is None:
        row = db.get(Bulletin, number)
        overseen = row is not None and bulletins.may_read(db, actor, row)
        words = "bulletin.reply.only_preview" if overseen else "bulletin.not_to_you"
        raise Refused(t(words), **_about(number))
    row, mine = found
    place = db.get(Membership, mine.membership_id)
    if place is not None and place.role in LEARNERS:
        learner = learner_at(db, mine.membership_id)
        if not may_keep(db, learner, beijing_day(actor.now)):
            raise Refused(t("consent.awaited"), **_about(number))
    return row, mine


def _about(number: int) -> dict[str, Any]:
    return {"verb": "reply_bulletin", "object": "bulletin", "object_id": number}


def _offices(db: Session, row: Bulletin) -> list[int]:
    """Those who may answer what is replied to a bulletin."""
    return sorted({grant.person for grant in holders(db, "answer_reply", row.by_id)})


# ---------------------------------------------------------------- the office


def threads(db: Session, actor: Actor, number: int) -> list[Thread]:
    """The threads of a bulletin that the actor oversees: those that wait first, then the latest.

    Raises `Refused`.
    """
    bulletins.read(db, actor, number)
    found = _threads(db, _replied().where(col(BulletinRecipient.bulletin_id) == number))
    return sorted(found, key=lambda one: (not one.waits, -one.said[-1].at.timestamp()))


def counted(db: Session, row: Bulletin) -> tuple[int, int]:
    """How many recipients have replied to a bulletin, and how many of them wait."""
    last = (
        select(sa.func.max(BulletinReply.id))
        .join(BulletinRecipient, col(BulletinRecipient.id) == col(BulletinReply.recipient_id))
        .where(BulletinRecipient.bulletin_id == row.id)
        .group_by(col(BulletinReply.recipient_id))
    )
    waits = sa.case((col(BulletinReply.step) == ReplyStep.ASKED, 1))
    counts = sa.select(sa.func.count(), sa.func.count(waits)).where(
        col(BulletinReply.id).in_(last)
    )
    replied, waiting = db.execute(counts).one()
    return replied, waiting


def waiting(db: Session, actor: Actor) -> dict[int, int]:
    """How many recipients wait for an answer of each bulletin that the actor may answer for, by
    its number; those for which nobody waits are left out."""
    last = sa.select(sa.func.max(BulletinReply.id)).group_by(col(BulletinReply.recipient_id))
    found = (
        sa.select(col(Bulletin.id), sa.func.count())
        .join(BulletinRecipient, col(BulletinRecipient.bulletin_id) == col(Bulletin.id))
        .join(BulletinReply, col(BulletinReply.recipient_id) == col(BulletinRecipient.id))
        .where(
            col(Bulletin.by_id).in_(things("answer_reply", actor.person_id)),
            col(BulletinReply.step) == ReplyStep.ASKED,
            col(BulletinReply.id).in_(last),
        )
        .group_by(col(Bulletin.id))
        .order_by(col(Bulletin.id))
    )
    return {row[0]: row[1] for row in db.execute(found)}


def thread(db: Session, actor: Actor, number: int) -> tuple[Bulletin, Thread]:
    """One of them, which the actor is noted to have read. Raises `Refused`."""
    row, one = _opened(db, actor, "read_bulletin", number)
    grant = allow(db, actor, "read_bulletin", row.by_id, number=row.id)
    if one.member.membership.role in LEARNERS:
        looking.note(db, actor, grant.relation, "reply", row.id, [one.member.id])
    return row, one


def answer(db: Session, actor: Actor, number: int, words: str) -> int:
    """Answer a recipient; returns the number of chats that the answer reaches. Raises
    `Refused`."""
    row, one = _opened(db, actor, "answer_reply", number)
    step = _add(db, actor, db.get(BulletinRecipient, number), ReplyStep.ANSWERED, words)
    audit.note(db, actor, "answer_reply", "bulletin", row.id, recipient=number)
    ways = ((Choice(press("reply_bulletin", row.id or 0), t("bulletin.reply.again")),),)
    told = Message(
        words,
        ways,
        title=t("bulletin.reply.from", office=row.sender),
        note=t("bulletin.reply.you_replied", what=bulletins.beginning(row)),
    )
    person = cast(int, one.member.person.id)
    return notices.tell(db, actor, person, told, f"{bulletins.KEY}:{row.id}:answer:{step.id}")


def settle(db: Session, actor: Actor, number: int) -> None:
    """不用回复: take a thread off the list of those that wait. Raises `Refused`."""
    row, one = _opened(db, actor, "answer_reply", number)
    if one.waits:
        _add(db, actor, db.get(BulletinRecipient, number), ReplyStep.SETTLED)
        audit.note(db, actor, "settle_reply", "bulletin", row.id, recipient=number)


def may_answer(db: Session, actor: Actor, row: Bulletin) -> bool:
    """Whether the actor may answer what is replied to a bulletin."""
    return held(db, actor.person_id, "answer_reply", row.by_id) is not None


def _opened(db: Session, actor: Actor, act: str, number: int) -> tuple[Bulletin, Thread]:
    recipient = db.get(BulletinRecipient, number)
    row = db.get(Bulletin, recipient.bulletin_id) if recipient is not None else None
    allow(db, actor, act, row.by_id if row else None, number=number)
    found = _threads(db, _replied().where(col(BulletinRecipient.id) == number))
    if not found:
        raise Refused(t("bulletin.reply.gone"), verb=act, object="bulletin", object_id=number)
    return cast(Bulletin, row), found[0]


# ---------------------------------------------------------------- the school's teacher


def copies(db: Session, actor: Actor, number: int) -> list[Thread]:
    """The threads of a bulletin with learners of a teacher's school, which the teacher is noted to
    have read. Raises `Refused`."""
    pupils = col(BulletinRecipient.membership_id).in_(
        things("read_bulletin_copy", actor.person_id)
    )
    here = col(BulletinRecipient.bulletin_id) == number
    found = _threads(db, _replied().where(here, pupils))
    for one in found:
        grant = allow(db, actor, "read_bulletin_copy", one.member.id, number=number)
        looking.note(db, actor, grant.relation, "reply", number, [one.member.id])
    return found


# ---------------------------------------------------------------- one's data


def copied(db: Session, person_id: int) -> list[dict[str, Any]]:
    """What was said in a person's threads, for a copy of their data."""
    mine = _replied().where(col(BulletinRecipient.person_id) == person_id)
    return [
        {
            "bulletin": one.number,
            "by": said.name,
            "step": said.step.value,
            "words": said.words,
            "at": said.at.isoformat(),
        }
        for one in _threads(db, mine)
        for said in one.said
    ]


def forget(db: Session, person_id: int) -> None:
    """Delete what was said in a person's threads."""
    mine = select(BulletinRecipient.id).where(BulletinRecipient.person_id == person_id)
    db.connection().execute(
        sa.delete(table(BulletinReply)).where(col(BulletinReply.recipient_id).in_(mine))
    )


# ---------------------------------------------------------------- rows


def _add(
    db: Session, actor: Actor, to: BulletinRecipient | None, step: ReplyStep, words: str = ""
) -> BulletinReply:
    recipient = cast(int, cast(BulletinRecipient, to).id)
    row = BulletinReply(
        recipient_id=recipient, step=step, person_id=actor.person_id, words=words, at=actor.now
    )
    db.add(row)
    db.flush()
    return row


Recipients = Select[int, Membership, Person, Unit]
"""A statement of recipients by number, with their places."""

_unit = aliased(Unit)
_number: ColumnElement[int] = table(BulletinRecipient).c.id


def _replied() -> Recipients:
    """The recipients who have replied, with their places."""
    has: ColumnElement[bool] = sa.exists().where(
        col(BulletinReply.recipient_id) == col(BulletinRecipient.id)
    )
    return (
        sa.select(_number, Membership, Person, _unit)
        .join(Membership, col(Membership.id) == col(BulletinRecipient.membership_id))
        .join(Person, col(Person.id) == col(Membership.person_id))
        .outerjoin(_unit, col(_unit.id) == col(Membership.unit_id))
        .where(has)
        .order_by(col(BulletinRecipient.id))
    )


def _threads(db: Session, recipients: Recipients) -> list[Thread]:
    rows = db.exec(cast(Any, recipients)).all()
    said = _thread_of(db, [row[0] for row in rows])
    return [
        Thread(number, Member(place, person, unit), tuple(said[number]))
        for number, place, person, unit in rows
    ]


def _thread_of(db: Session, recipients: Collection[int]) -> dict[int, list[ThreadStep]]:
    """What was said in these threads, in its order."""
    found: dict[int, list[ThreadStep]] = defaultdict(list)
    rows = db.exec(
        select(BulletinReply, Person.name)
        .join(Person, col(Person.id) == col(BulletinReply.person_id))
        .where(col(BulletinReply.recipient_id).in_(recipients))
        .order_by(col(BulletinReply.id))
    )
    for row, name in rows:
        found[row.recipient_id].append(ThreadStep(row.step, name, row.words, row.at))
    return found

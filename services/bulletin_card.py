"""The card of a bulletin for those who send it: whom it reaches, and how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session

from bot.talk.acting import Actor
from bot.talk.inputs import length
from bot.talk.message import Choice, Field, Message, Meter, Tone, Weight, press
from prompts import Words, t
from services import bulletin_replies, bulletins, roster
from services.addressing import addressed, label
from services.bulletins import BulletinCounts, reminded_today
from services.reminder_times import awake
from storage.tables import Bulletin, BulletinState, Person, RecipientState

UNREACHED: Final = (
    RecipientState.NOT_JOINED,
    RecipientState.BLOCKED,
    RecipientState.CONSENT,
    RecipientState.FAILED,
    RecipientState.UNSURE,
    RecipientState.WITHDRAWN,
)
"""Counts that are shown only if they are not zero."""


def card_of(db: Session, actor: Actor, row: Bulletin) -> Message:
    """A bulletin as those see it who oversee it. Under a draft stands whom it would reach."""
    card = Message(title=t("bulletin.title"), kind="question", card=f"bulletins:{row.id}")
    away = Choice(press("bulletins"), t("bulletin.to_list"), weight="quiet")
    menu = Choice(press("menu"), t("command.menu.label"), weight="quiet")
    shown = _draft if row.state is BulletinState.DRAFT else _confirmed
    card = shown(db, actor, row, card)
    return card._replace(rows=(*card.rows, (away, menu)))


def _confirmed(db: Session, actor: Actor, row: Bulletin, card: Message) -> Message:
    counts = bulletins.counted(db, row)
    rows = [*_ways(db, actor, row, counts), *_lists(db, row, counts)]
    return card._replace(
        text=row.words,
        fields=(*_about(db, row, actor.now), *_unreached(counts.by_state)),
        meters=tuple(_meters(row, counts)),
        rows=tuple(rows),
        note=_note(db, actor, row, counts),
    )


def _draft(db: Session, actor: Actor, row: Bulletin, card: Message) -> Message:
    found = addressed(db, actor, row)
    reached = found.counts[RecipientState.WAITING]
    fields = [
        *_about(db, row, actor.now),
        Field(t("bulletin.people"), t("bulletin.count", count=len(found.people))),
        *_effort(db, actor, row, [one.person_id for one in found.people]),
        Field(t("bulletin.reached"), t("bulletin.count", count=reached)),
        *_unreached(found.counts),
    ]
    if not bulletins.may_send(db, actor, row):
        return card._replace(text=t("bulletin.draft"), fields=tuple(fields))
    number, version = row.id or 0, row.version
    first: tuple[Choice, ...] = ()
    words, note = t("bulletin.check"), t("bulletin.on_record")
    if found.left:
        words = t("bulletin.still_counting", left=found.left)
        first = (Choice(press("show_bulletin", number), t("bulletin.look_again")),)
    elif reached:
        by_day = awake(actor.now)
        now = Choice(
            press("send_bulletin", number, version),
            t("bulletin.send_now", count=reached),
            weight="primary" if by_day else "plain",
        )
        later = Choice(
            press("later_bulletin", number, version),
            t("bulletin.send_later"),
            weight="plain" if by_day else "primary",
        )
        first = (now, later) if by_day else (later, now)
        if not by_day:
            words = t("bulletin.check_at_night", at=actor.now)
    else:
        words = t("bulletin.reaches_nobody")
    if len(found.people) > bulletins.ALONE:
        note = t("bulletin.second_needed", most=bulletins.ALONE)
    last = (
        Choice(press("edit_bulletin", number), t("bulletin.edit")),
        Choice(press("drop_bulletin", number), t("bulletin.drop"), weight="danger"),
    )
    rows = tuple(row for row in (first, last) if row)
    return card._replace(text=words, fields=tuple(fields), rows=rows, note=note)


def _effort(db: Session, actor: Actor, row: Bulletin, people: Sequence[int]) -> Iterable[Field]:
    """What a draft asks of everybody together, and of one person in this month with it."""
    each = length(row.minutes)
    together = length(row.minutes * len(people))
    yield Field(t("bulletin.effort"), t("bulletin.effort_of", each=each, together=together))
    month = row.minutes + bulletins.most_asked(db, actor, people)
    said = t("bulletin.month_of", most=length(month), budget=length(bulletins.BUDGET))
    yield Field(t("bulletin.month"), said, "bad" if month > bulletins.BUDGET else "neutral")


def _about(db: Session, row: Bulletin, now: datetime) -> Iterable[Field]:
    yield Field(t("bulletin.cohort"), roster.find_cohort(db, row.cohort_id).name)
    yield Field(t("bulletin.to"), label(db, row))
    receipt = "bulletin.with_receipt" if row.asks_receipt else "bulletin.without_receipt"
    yield Field(t("bulletin.receipt"), t(receipt))
    if row.state is BulletinState.DRAFT:
        return
    yield Field(t("field.state"), bulletins.state_of(row, now), _TONES[row.state])
    by = db.get(Person, row.confirmed_by or 0)
    if by is not None:
        yield Field(t("bulletin.confirmed_by"), by.name)
    second = db.get(Person, row.approved_by or 0)
    if second is not None:
        yield Field(t("bulletin.approved_by"), second.name)


_TONES: Final[Mapping[BulletinState, Tone]] = {
    BulletinState.ASKED: "waiting",
    BulletinState.SENDING: "waiting",
    BulletinState.PAUSED: "waiting",
    BulletinState.DONE: "good",
    BulletinState.CANCELLED: "bad",
}


def _unreached(by_state: Counter[RecipientState]) -> Iterable[Field]:
    for state in UNREACHED:
        if by_state[state]:
            said = t("bulletin.count", count=by_state[state])
            yield Field(t(f"bulletin.person_{state}"), said, "bad")


def _meters(row: Bulletin, counts: BulletinCounts) -> Iterable[Meter]:
    if row.state is BulletinState.ASKED:
        return
    told = t("bulletin.so_far", done=counts.arrived, of=counts.people)
    yield Meter(t("bulletin.sent"), told, counts.arrived, counts.to_come, counts.people)
    if row.asks_receipt and counts.arrived:
        told = t("bulletin.so_far", done=counts.confirmed, of=counts.arrived)
        yield Meter(t("bulletin.receipts"), told, counts.confirmed, 0, counts.arrived)


def _ways(
    db: Session, actor: Actor, row: Bulletin, counts: BulletinCounts
) -> Iterable[tuple[Choice, ...]]:
    """The buttons for what the actor may do with the bulletin now."""
    if not bulletins.may_send(db, actor, row):
        return
    number = row.id or 0
    cancel = Choice(press("cancel_bulletin", number), t("bulletin.cancel"), weight="danger")
    match row.state:
        case BulletinState.ASKED if row.confirmed_by == actor.person_id:
            yield (Choice(press("decline_bulletin", number), t("bulletin.take_back")),)
        case BulletinState.ASKED:
            yield (
                Choice(press("approve_bulletin", number), t("bulletin.approve"), weight="primary"),
                Choice(press("decline_bulletin", number), t("bulletin.decline"), weight="danger"),
            )
        case BulletinState.SENDING:
            yield (Choice(press("pause_bulletin", number), t("bulletin.pause")), cancel)
            yield (Choice(press("show_bulletin", number), t("bulletin.look_again")),)
        case BulletinState.PAUSED:
            go_on = press("resume_bulletin", number)
            yield (Choice(go_on, t("bulletin.resume"), weight="primary"), cancel)
        case BulletinState.DONE if _asks_for_receipts(row, counts) and not reminded_today(
            row, actor.now
        ):
            label = t("bulletin.remind", count=counts.unconfirmed)
            yield (Choice(press("remind_bulletin", number), label),)


def _lists(db: Session, row: Bulletin, counts: BulletinCounts) -> Iterable[tuple[Choice, ...]]:
    """The lists behind the numbers, once something was sent."""
    replied, waiting = bulletin_replies.counted(db, row)
    if replied:
        label = t("bulletin.reply.count", count=replied, waiting=waiting)
        weight: Weight = "primary" if waiting else "plain"
        yield (Choice(press("bulletin_replies", row.id or 0), label, weight=weight),)
    if row.state not in (BulletinState.DONE, BulletinState.CANCELLED, BulletinState.PAUSED):
        return
    number = row.id or 0
    lacking = counts.people - counts.arrived
    lacking += counts.unconfirmed if row.asks_receipt else 0
    if lacking:
        label = t("bulletin.list_outstanding", count=lacking)
        yield (Choice(press("bulletin_people", number), label),)
    yield (Choice(press("bulletin_report", number), t("bulletin.report")),)


def _asks_for_receipts(row: Bulletin, counts: BulletinCounts) -> bool:
    return row.asks_receipt and counts.unconfirmed > 0


def _note(db: Session, actor: Actor, row: Bulletin, counts: BulletinCounts) -> Words:
    match row.state:
        case BulletinState.DONE if _asks_for_receipts(row, counts) and reminded_today(
            row, actor.now
        ):
            return t("bulletin.reminded_at", at=row.reminded_at)
        case BulletinState.ASKED:
            return t("bulletin.waits_for_second")
        case BulletinState.SENDING if row.not_before and row.not_before > actor.now:
            return t("bulletin.will_be_sent", at=row.not_before)
        case BulletinState.PAUSED:
            return t("bulletin.paused_note")
    return ""

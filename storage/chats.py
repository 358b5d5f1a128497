"""The hot path's statements: updates in, talks under way, messages out.

These run for every message of every person, so they are prepared statements over whole batches.
People's records are read and written with the ORM elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, delete, func, insert, select, tuple_, update
from sqlmodel import Session

from storage.statements import Prepared, Row
from storage.tables import (
    Account,
    Card,
    Lane,
    Outbox,
    Person,
    SendState,
    StoredTalk,
    TalkState,
    Update,
    UpdateState,
    table,
)

_update = table(Update)
_account = table(Account)
_person = table(Person)
_conversation = table(StoredTalk)
_outbox = table(Outbox)
_card = table(Card)


# ---------------------------------------------------------------- updates


@dataclass(frozen=True, slots=True)
class Stored:
    """A raw update that waits to be handled."""

    id: int
    platform: str
    address: str
    album: str
    raw: str
    received_at: datetime


_store = Prepared(
    lambda insert: (
        insert(_update)
        .values(state=UpdateState.WAITING, error="")
        .on_conflict_do_nothing(index_elements=["platform", "key"])
        .inline()
    ),
    *("platform", "key", "address", "album", "raw", "received_at"),
)


def store_updates(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Keep raw updates; one that is here already is left as it is."""
    _store.each(session, rows)


_waiting = (
    select(
        _update.c.id,
        _update.c.platform,
        _update.c.address,
        _update.c.album,
        _update.c.raw,
        _update.c.received_at,
    )
    .where(
        _update.c.state == UpdateState.WAITING,
        _update.c.platform.in_(bindparam("platforms", expanding=True)),
    )
    .order_by(_update.c.id)
    .limit(bindparam("most"))
)
_all_waiting = Prepared(_waiting)


def waiting_updates(
    session: Session, most: int, platforms: Collection[str], busy: Collection[tuple[str, str]]
) -> list[Stored]:
    """The oldest updates of these platforms that wait, in order, without those of busy chats.

    Those of a platform that is switched off wait until it is back.
    """
    if not busy:
        return [Stored(*row) for row in _all_waiting.all(session, most=most, platforms=platforms)]
    free = tuple_(_update.c.platform, _update.c.address).not_in(list(busy))
    wanted = {"most": most, "platforms": list(platforms)}
    return [Stored(*row) for row in session.connection().execute(_waiting.where(free), wanted)]


def touch_updates(session: Session, updates: Iterable[Stored]) -> None:
    """Write updates as they are: raises if the database takes nothing now."""
    wanted = _update.c.id.in_([update.id for update in updates])
    session.connection().execute(update(_update).where(wanted).values(state=UpdateState.WAITING))


_settle = Prepared(
    update(_update)
    .where(_update.c.id == bindparam("row"))
    .values(state=bindparam("new_state"), error=bindparam("new_error"))
)


def settle_updates(session: Session, outcomes: Iterable[tuple[int, str]]) -> None:
    """Mark updates handled; with an error, set aside."""
    rows = [
        {
            "row": row,
            "new_state": UpdateState.ASIDE if error else UpdateState.DONE,
            "new_error": error[:500],
        }
        for row, error in outcomes
    ]
    _settle.each(session, rows)


# ---------------------------------------------------------------- who speaks


@dataclass(slots=True)
class Speaker:
    """A chat and, once they have joined, the person behind it."""

    account_id: int
    platform: str
    address: str
    person_id: int | None
    name: str
    language: str
    reachable: bool
    talk_id: int | None
    offered: list[Any]
    changed: bool = False


_speakers = select(
    _account.c.id,
    _account.c.platform,
    _account.c.address,
    _account.c.person_id,
    _person.c.name,
    _account.c.name,
    _person.c.language,
    _account.c.language,
    _account.c.reachable,
    _account.c.talk_id,
    _account.c.offered,
).select_from(_account.outerjoin(_person, _account.c.person_id == _person.c.id))


_speakers_on = Prepared(
    _speakers.where(
        _account.c.platform == bindparam("platform"),
        _account.c.address.in_(bindparam("addresses", expanding=True)),
    )
)
_speaker_of = Prepared(_speakers.where(_account.c.id == bindparam("account")))
_speakers_of_person = Prepared(
    _speakers.where(_account.c.person_id == bindparam("person"), _account.c.reachable)
)


def _speaker(row: Row) -> Speaker:
    return Speaker(
        row[0], row[1], row[2], row[3], row[4] or row[5], row[6] or row[7], row[8], row[9], row[10]
    )


def speakers(session: Session, chats: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Speaker]:
    """Those who speak in these (platform, address) chats, as far as they are known."""
    addresses: dict[str, list[str]] = defaultdict(list)
    for platform, address in chats:
        addresses[platform].append(address)
    # One statement a platform: for a list of pairs SQLite would read every account there is.
    return {
        (row[1], row[2]): _speaker(row)
        for platform, here in addresses.items()
        for row in _speakers_on.all(session, platform=platform, addresses=here)
    }


def speaker_of(session: Session, account_id: int) -> Speaker | None:
    row = _speaker_of.first(session, account=account_id)
    return _speaker(row) if row else None


def open_account(
    session: Session, platform: str, address: str, name: str, language: str, now: datetime
) -> Speaker:
    """Begin to know a chat."""
    account = Account(
        platform=platform, address=address, name=name[:120], language=language, created_at=now
    )
    session.add(account)
    session.flush()
    return Speaker(account.id or 0, platform, address, None, name, language, True, None, [])


_save_speaker = Prepared(
    update(_account)
    .where(_account.c.id == bindparam("row"))
    .values(
        talk_id=bindparam("new_talk"),
        offered=bindparam("new_offered"),
        reachable=bindparam("new_reachable"),
        language=bindparam("new_language"),
    )
)


def save_speakers(session: Session, changed: Sequence[Speaker]) -> None:
    rows = [
        {
            "row": s.account_id,
            "new_talk": s.talk_id,
            "new_offered": s.offered,
            "new_reachable": s.reachable,
            "new_language": s.language,
        }
        for s in changed
    ]
    _save_speaker.each(session, rows)
    mark_unreachable(session, [s.account_id for s in changed if not s.reachable])


_offer = Prepared(
    update(_account)
    .where(_account.c.id == bindparam("row"))
    .values(offered=bindparam("new_offered"))
)


def offer(session: Session, account_id: int, choices: list[Any]) -> None:
    """What a notice offers a chat that is in no talk: it may then also be typed."""
    _offer.run(session, row=account_id, new_offered=choices)


def mark_unreachable(session: Session, accounts: Collection[int]) -> None:
    """These chats cannot be reached: the notices that wait for them are given up.

    Replies are not: whoever is answered has come back.
    """
    if not accounts:
        return
    connection = session.connection()
    connection.execute(update(_account).where(_account.c.id.in_(accounts)).values(reachable=False))
    connection.execute(
        update(_outbox)
        .where(
            _outbox.c.account_id.in_(accounts),
            _outbox.c.state == SendState.WAITING,
            _outbox.c.lane == Lane.NOTICE,
        )
        .values(state=SendState.UNREACHABLE)
    )


def mark_reachable(session: Session, accounts: Collection[int]) -> None:
    """These chats were reached after all."""
    if accounts:
        session.connection().execute(
            update(_account).where(_account.c.id.in_(accounts)).values(reachable=True)
        )


# ---------------------------------------------------------------- talks


@dataclass(slots=True)
class Talk:
    """A conversation's row, held in memory while its update is handled."""

    id: int
    flow: str
    person_id: int | None
    account_id: int
    about: dict[str, Any]
    journal: dict[str, Any]
    state: TalkState
    work: dict[str, Any] | None
    updated_at: datetime
    closed: bool = False
    looked_up: bool = False
    """What it is about was looked up anew."""

    @property
    def working(self) -> bool:
        """Whether it waits for outside work."""
        return self.state is TalkState.WORKING


_talks = select(
    _conversation.c.id,
    _conversation.c.flow,
    _conversation.c.person_id,
    _conversation.c.account_id,
    _conversation.c.about,
    _conversation.c.journal,
    _conversation.c.state,
    _conversation.c.work,
    _conversation.c.updated_at,
)


_talks_by_id = Prepared(_talks.where(_conversation.c.id.in_(bindparam("ids", expanding=True))))
_drafts = Prepared(
    _talks.where(_conversation.c.person_id == bindparam("person")).order_by(
        _conversation.c.updated_at.desc(), _conversation.c.id.desc()
    )
)


def talks(session: Session, ids: Iterable[int]) -> dict[int, Talk]:
    wanted = list(ids)
    if not wanted:
        return {}
    return {row[0]: Talk(*row) for row in _talks_by_id.all(session, ids=wanted)}


def drafts(session: Session, person_id: int) -> list[Talk]:
    """A person's unfinished talks, the latest first, on whichever device they were begun."""
    return [Talk(*row) for row in _drafts.all(session, person=person_id)]


def working_talks(session: Session) -> list[Talk]:
    """Talks that wait for outside work: after a restart it must be begun again."""
    found = session.execute(_talks.where(_conversation.c.state == TalkState.WORKING))
    return [Talk(*row) for row in found]


_open_talk = Prepared(
    insert(_conversation).values(state=TalkState.ACTIVE, work=None).returning(_conversation.c.id),
    *("flow", "person_id", "account_id", "about", "journal", "updated_at"),
)


def open_talk(
    session: Session,
    flow: str,
    person_id: int | None,
    account_id: int,
    about: dict[str, Any],
    journal: dict[str, Any],
    now: datetime,
) -> Talk:
    [(number,)] = _open_talk.all(
        session,
        flow=flow,
        person_id=person_id,
        account_id=account_id,
        about=about,
        journal=journal,
        updated_at=now,
    )
    return Talk(number, flow, person_id, account_id, about, journal, TalkState.ACTIVE, None, now)


_save_talk = Prepared(
    update(_conversation)
    .where(_conversation.c.id == bindparam("row"))
    .values(
        account_id=bindparam("new_account"),
        journal=bindparam("new_journal"),
        state=bindparam("new_state"),
        work=bindparam("new_work"),
        updated_at=bindparam("new_time"),
        person_id=bindparam("new_person"),
    )
)


_save_about = Prepared(
    update(_conversation)
    .where(_conversation.c.id == bindparam("row"))
    .values(about=bindparam("new_about"))
)


_close_talks = Prepared(
    delete(_conversation).where(_conversation.c.id.in_(bindparam("ids", expanding=True)))
)


def save_talks(session: Session, changed: Iterable[Talk]) -> None:
    """Write talks back; a closed one's journal goes."""
    kept: list[Talk] = []
    closed: list[Talk] = []
    for talk in changed:
        (closed if talk.closed else kept).append(talk)
    _save_talk.each(
        session,
        [
            {
                "row": talk.id,
                "new_account": talk.account_id,
                "new_journal": talk.journal,
                "new_state": talk.state,
                "new_work": talk.work,
                "new_time": talk.updated_at,
                "new_person": talk.person_id,
            }
            for talk in kept
        ],
    )
    renewed = [{"row": talk.id, "new_about": talk.about} for talk in kept if talk.looked_up]
    _save_about.each(session, renewed)
    if closed:
        _close_talks.run(session, ids=[talk.id for talk in closed])


# ---------------------------------------------------------------- messages out


@dataclass(slots=True)
class Post:
    """A message to be sent, as it is written with the act that causes it."""

    account_id: int
    body: dict[str, Any]
    lane: Lane = Lane.REPLY
    key: str | None = None


_QUEUED: Final = {"state": SendState.WAITING, "tries": 0, "error": ""}
_POSTED: Final = ("key", "account_id", "lane", "body", "not_before", "created_at")
_post = Prepared(insert(_outbox).values(_QUEUED).inline(), *_POSTED)
_post_once = Prepared(
    lambda insert: (
        insert(_outbox).values(_QUEUED).on_conflict_do_nothing(index_elements=["key"]).inline()
    ),
    *_POSTED,
)


def post(session: Session, posts: Sequence[Post], now: datetime) -> None:
    """Queue messages. One with a key that was queued before is dropped."""
    _post.each(session, [_outbox_row(p, now) for p in posts if p.key is None])
    _post_once.each(session, [_outbox_row(p, now) for p in posts if p.key is not None])


def _outbox_row(p: Post, now: datetime) -> dict[str, Any]:
    return {
        "key": p.key,
        "account_id": p.account_id,
        "lane": p.lane,
        "body": p.body,
        "not_before": now,
        "created_at": now,
    }


@dataclass(slots=True)
class ToSend:
    """A queued message with where it goes."""

    id: int
    account_id: int
    platform: str
    address: str
    reachable: bool
    lane: Lane
    body: dict[str, Any]
    tries: int
    earlier: str | None = field(default=None)


_waits = _outbox.c.state == SendState.WAITING
_later = _outbox.c.not_before > bindparam("now")
_busy: BindParameter[int] = bindparam("busy", expanding=True)
"""The accounts to which a call is under way."""
_held = select(_outbox.c.account_id).where(
    (_outbox.c.state == SendState.SENDING) | (_waits & _later & (_outbox.c.tries > 0))
)
_free_to_send = _waits & _outbox.c.account_id.not_in(_held) & _outbox.c.account_id.not_in(_busy)
"""Of messages: its chat is not being written to, nor does an earlier one there wait its time."""
# An expression, so that accounts are looked up by their id: by the index that begins with the
# platform, the whole queue would be gone through once for each account.
_on_platforms = _account.c.platform.concat("").in_(bindparam("platforms", expanding=True))
_due = Prepared(
    select(
        _outbox.c.id,
        _outbox.c.account_id,
        _account.c.platform,
        _account.c.address,
        _account.c.reachable,
        _outbox.c.lane,
        _outbox.c.body,
        _outbox.c.tries,
    )
    .join(_account, _account.c.id == _outbox.c.account_id)
    .where(
        _outbox.c.id.in_(
            select(func.min(_outbox.c.id))
            .where(_free_to_send, ~_later)
            .group_by(_outbox.c.account_id, _outbox.c.lane)
        ),
        _on_platforms,
    )
    .order_by(_outbox.c.lane, _outbox.c.id)
    .limit(bindparam("most"))
)
_next_due = Prepared(
    select(func.min(_outbox.c.not_before))
    .join(_account, _account.c.id == _outbox.c.account_id)
    .where(_on_platforms, _free_to_send | (_waits & _later))
)


def due_messages(
    session: Session,
    now: datetime,
    most: int,
    platforms: Collection[str],
    busy: Collection[int] = (),
) -> list[ToSend]:
    """The messages that may be sent now, at most one a lane in each chat: replies, then notices.

    A chat's later message never overtakes an earlier one that has been tried and has to wait.
    """
    found = _due.all(session, now=now, most=most, platforms=platforms, busy=busy)
    return [ToSend(*row) for row in found]


def next_due(
    session: Session, now: datetime, platforms: Collection[str], busy: Collection[int] = ()
) -> datetime | None:
    """When the first message that waits for nothing but its time may be sent."""
    found: datetime | None
    [(found,)] = _next_due.all(session, now=now, platforms=platforms, busy=busy)
    return found


_cards = Prepared(
    select(_card.c.account_id, _card.c.key, _card.c.message).where(
        _card.c.account_id.in_(bindparam("accounts", expanding=True)),
        _card.c.key.in_(bindparam("keys", expanding=True)),
    )
)


def cards(session: Session, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """The platform messages in which these (account, card) now stand."""
    pairs = set(wanted)
    if not pairs:
        return {}
    accounts, keys = zip(*pairs, strict=True)
    found = _cards.all(session, accounts=accounts, keys=keys)
    return {(row[0], row[1]): row[2] for row in found if (row[0], row[1]) in pairs}


_place = Prepared(
    lambda insert: (
        insert(_card)
        .on_conflict_do_update(
            index_elements=["account_id", "key"], set_={"message": insert(_card).excluded.message}
        )
        .inline()
    ),
    *("account_id", "key", "message"),
)


def place_card(session: Session, account_id: int, key: str, message: str) -> None:
    _place.run(session, account_id=account_id, key=key, message=message)


_sent = Prepared(
    update(_outbox)
    .where(_outbox.c.id == bindparam("row"))
    .values(
        state=bindparam("new_state"),
        sent_at=bindparam("new_sent"),
        tries=bindparam("new_tries"),
        not_before=bindparam("new_time"),
        error=bindparam("new_error"),
    )
)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a send."""

    row: int
    state: SendState
    tries: int
    at: datetime
    """When it was sent, or when it may be tried again."""
    error: str = ""


def mark(session: Session, fates: Sequence[Fate]) -> None:
    rows = [
        {
            "row": f.row,
            "new_state": f.state,
            "new_sent": f.at if f.state is SendState.SENT else None,
            "new_tries": f.tries,
            "new_time": f.at,
            "new_error": f.error[:200],
        }
        for f in fates
    ]
    _sent.each(session, rows)


def unsure_sends(session: Session, idempotent: Sequence[str]) -> int:
    """After a crash: what was being sent may have arrived, so its fate is unknown.

    On platforms where a repeat shows nothing twice it simply waits again. Gives how many are
    unknown now.
    """
    sending = _outbox.c.state == SendState.SENDING
    of_platforms = select(_account.c.id).where(_account.c.platform.in_(idempotent))
    session.execute(
        update(_outbox)
        .where(sending, _outbox.c.account_id.in_(of_platforms))
        .values(state=SendState.WAITING)
    )
    result = session.connection().execute(
        update(_outbox).where(sending).values(state=SendState.UNKNOWN)
    )
    return result.rowcount


def accounts_of(session: Session, person_id: int) -> list[Speaker]:
    """The chats in which a person can be reached."""
    return [_speaker(row) for row in _speakers_of_person.all(session, person=person_id)]


# ---------------------------------------------------------------- what waits


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits."""

    waiting: int
    """Updates that wait to be handled."""
    oldest: float
    """Seconds for which the oldest of them has waited."""
    aside: int
    """Updates set aside with an alarm."""
    outbox: dict[str, int]
    """Messages that are due and wait to be sent, by lane."""


def backlog(session: Session, now: datetime, platforms: Collection[str]) -> Backlog:
    """How much waits for these platforms."""
    count, oldest = session.execute(
        select(func.count(), func.min(_update.c.received_at)).where(
            _update.c.state == UpdateState.WAITING, _update.c.platform.in_(platforms)
        )
    ).one()
    aside = select(func.count()).where(_update.c.state == UpdateState.ASIDE)
    due = (
        select(_outbox.c.lane, func.count())
        .join(_account, _account.c.id == _outbox.c.account_id)
        .where(_waits, _outbox.c.not_before <= now, _account.c.platform.in_(platforms))
        .group_by(_outbox.c.lane)
    )
    waits = {lane.name.lower(): 0 for lane in Lane}
    waits.update({lane.name.lower(): found for lane, found in session.execute(due)})
    age = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    return Backlog(count, age, session.execute(aside).scalar_one(), waits)


# ---------------------------------------------------------------- what was said


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One line of a chat: the person's raw update, or the body of a message to them."""

    at: datetime
    number: int
    raw: str = ""
    body: dict[str, Any] | None = None


def history(
    session: Session, platform: str, address: str, before: datetime, limit: int
) -> list[ChatLine]:
    """The last lines of a chat before a moment, oldest first."""
    theirs = session.execute(
        select(_update.c.received_at, _update.c.id, _update.c.raw)
        .where(
            _update.c.platform == platform,
            _update.c.address == address,
            _update.c.received_at < before,
        )
        .order_by(_update.c.received_at.desc(), _update.c.id.desc())
        .limit(limit)
    )
    ours = session.execute(
        select(_outbox.c.created_at, _outbox.c.id, _outbox.c.body)
        .join(_account, _account.c.id == _outbox.c.account_id)
        .where(
            _account.c.platform == platform,
            _account.c.address == address,
            _outbox.c.created_at < before,
            # A menu of commands is no line of the chat.
            _outbox.c.body["text"].as_string().is_not(None),
        )
        .order_by(_outbox.c.created_at.desc(), _outbox.c.id.desc())
        .limit(limit)
    )
    lines = [ChatLine(at, number, raw=raw) for at, number, raw in theirs]
    # What was said is answered later, or in the same instant: the person's line comes first.
    lines += [ChatLine(at, number, body=body) for at, number, body in ours]
    lines.sort(key=lambda line: (line.at, line.body is not None, line.number))
    return lines[-limit:]


def forget_before(session: Session, moment: datetime) -> None:
    """Housekeeping: chat lines that are older than they are kept. Records are not touched."""
    session.connection().execute(
        delete(_update).where(
            _update.c.received_at < moment, _update.c.state != UpdateState.WAITING
        )
    )
    session.connection().execute(
        delete(_outbox).where(_outbox.c.created_at < moment, _outbox.c.state != SendState.WAITING)
    )

"""The hot path's statements: updates in, talks under way, messages out.

These run for every message of every person, so they are prepared statements over whole batches.
People's records are read and written with the ORM elsewhere.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    String,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    null,
    select,
    tuple_,
    update,
)
from sqlmodel import Session

from storage.statements import Prepared, Row
from storage.tables import (
    Account,
    Lane,
    Membership,
    Outbox,
    Person,
    Role,
    SaidLine,
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
_membership = table(Membership)
_conversation = table(StoredTalk)
_outbox = table(Outbox)
_said = table(SaidLine)


# ---------------------------------------------------------------- updates


@dataclass(frozen=True, slots=True)
class Stored:
    """A raw update that waits to be handled."""

    id: int
    platform: str
    address: str
    album: str
    raw: str
    """Empty where the words may not be kept: whoever took them in holds them."""
    received_at: datetime
    key: str


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


_known_keys = Prepared(
    select(_update.c.key).where(
        _update.c.platform == bindparam("platform"),
        _update.c.key.in_(bindparam("keys", expanding=True)),
    )
)


def known_keys(session: Session, platform: str, keys: Collection[str]) -> set[str]:
    """Those of these keys whose updates came before."""
    return {key for (key,) in _known_keys.all(session, platform=platform, keys=keys)}


_waiting = (
    select(
        _update.c.id,
        _update.c.platform,
        _update.c.address,
        _update.c.album,
        _update.c.raw,
        _update.c.received_at,
        _update.c.key,
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
    .values(state=bindparam("new_state"), error=bindparam("new_error"), raw=bindparam("new_raw"))
)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of an update."""

    row: int
    error: str = ""
    """Why it was set aside; empty if it was handled."""
    raw: str = ""
    """What is left of it for whoever looks into the error; for a day."""


def settle_updates(session: Session, outcomes: Iterable[Settlement]) -> None:
    """Mark updates handled, and empty them; with an error, set aside."""
    rows = [
        {
            "row": one.row,
            "new_state": UpdateState.ASIDE if one.error else UpdateState.DONE,
            "new_error": one.error[:500],
            "new_raw": one.raw if one.error else "",
        }
        for one in outcomes
    ]
    _settle.each(session, rows)


_keep_said = Prepared(insert(_said).inline(), *("account_id", "at", "raw"))


def keep_said(session: Session, lines: Sequence[tuple[int, datetime, str]]) -> None:
    """Keep people's own lines, as (account, moment, raw update), for the history of their chat."""
    rows = [{"account_id": account, "at": at, "raw": raw} for account, at, raw in lines]
    _keep_said.each(session, rows)


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
    young: bool = False
    """A student and nothing else: spoken to as 你."""
    changed: bool = False


_a_student = _membership.c.role == Role.STUDENT
_theirs = (_membership.c.person_id == _account.c.person_id) & _membership.c.ended_at.is_(None)
_young = exists().where(_theirs, _a_student) & ~exists().where(_theirs, ~_a_student)

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
    _young,
).select_from(_account.outerjoin(_person, _account.c.person_id == _person.c.id))


_speakers_on = Prepared(
    _speakers.where(
        _account.c.platform == bindparam("platform"),
        _account.c.address.in_(bindparam("addresses", expanding=True)),
    )
)
_speaker_of = Prepared(_speakers.where(_account.c.id == bindparam("account")))
_chats_of = Prepared(
    _speakers.add_columns(
        exists().where(
            _outbox.c.key == bindparam("key", type_=String) + ":" + cast(_account.c.id, String)
        )
    ).where(_account.c.person_id == bindparam("person"))
)


def _speaker(row: Row) -> Speaker:
    name, language = row[4] or row[5], row[6] or row[7]
    return Speaker(
        row[0], row[1], row[2], row[3], name, language, row[8], row[9], row[10], bool(row[11])
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
    session: Session, platform: str, address: str, language: str, now: datetime
) -> Speaker:
    """Begin to know a chat; what they call themselves there is not kept."""
    account = Account(platform=platform, address=address, language=language, created_at=now)
    session.add(account)
    session.flush()
    return Speaker(account.id or 0, platform, address, None, "", language, True, None, [])


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


def save_speakers(session: Session, changed: Sequence[Speaker], now: datetime) -> None:
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
    mark_unreachable(session, [s.account_id for s in changed if not s.reachable], now)


_offer = Prepared(
    update(_account)
    .where(_account.c.id == bindparam("row"), _account.c.talk_id.is_(None))
    .values(offered=bindparam("new_offered"))
)


def offer(session: Session, offers: Iterable[tuple[int, list[Any]]]) -> None:
    """Store what messages offer to these chats, so that it may be typed, unless a talk has the
    floor."""
    _offer.each(session, [{"row": row, "new_offered": choices} for row, choices in offers])


def mark_unreachable(session: Session, accounts: Collection[int], now: datetime) -> None:
    """Mark chats as unreachable and give up the notices that are due there.

    Replies are kept, since a person who is answered has come back; so are notices for later.
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
            _outbox.c.not_before <= now,
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
    """Its data was looked up again."""

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
    """Write talks back; closed ones are deleted with their journals."""
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
    not_before: datetime | None = None
    """When it may be sent; at once if empty."""
    why: dict[str, Any] | None = None
    condition: dict[str, Any] | None = None
    offers: list[Any] | None = None


_QUEUED: Final = {"state": SendState.WAITING, "tries": 0, "error": ""}
_POSTED: Final = ("key", "account_id", "lane", "body", "not_before", "created_at")
_post = Prepared(insert(_outbox).values(_QUEUED).inline(), *_POSTED)
_post_once = Prepared(
    lambda insert: (
        insert(_outbox).values(_QUEUED).on_conflict_do_nothing(index_elements=["key"]).inline()
    ),
    *(*_POSTED, "why", "condition", "offers"),
)


def post(session: Session, posts: Sequence[Post], now: datetime) -> None:
    """Queue messages. One with a key that was queued before is dropped."""
    _post.each(session, [_outbox_row(p, now) for p in posts if p.key is None])
    keyed = [p for p in posts if p.key is not None]
    noted = [{"why": p.why, "condition": p.condition, "offers": p.offers} for p in keyed]
    rows = zip(keyed, noted, strict=True)
    _post_once.each(session, [_outbox_row(p, now) | more for p, more in rows])


def _outbox_row(p: Post, now: datetime) -> dict[str, Any]:
    due = now if p.not_before is None else max(now, p.not_before)
    return {
        "key": p.key,
        "account_id": p.account_id,
        "lane": p.lane,
        "body": p.body,
        "not_before": due,
        "created_at": due,
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
    condition: dict[str, Any] | None = None
    offers: list[Any] | None = None
    earlier: str | None = None


_waits = _outbox.c.state == SendState.WAITING
_later = _outbox.c.not_before > bindparam("now")
_busy: BindParameter[int] = bindparam("busy", expanding=True)
"""The accounts to which a call is under way."""
_aside: BindParameter[int] = bindparam("aside", expanding=True)
"""The accounts to which a call is under way that holds nobody up."""
_last = _outbox.c.lane == Lane.LAST
_held = select(_outbox.c.account_id).where(
    _outbox.c.lane != Lane.LAST,
    (_outbox.c.state == SendState.SENDING) | (_waits & _later & (_outbox.c.tries > 0)),
)
_in_turn = _outbox.c.account_id.not_in(_held) & _outbox.c.account_id.not_in(_busy)
_free_to_send = _waits & ((_last & _outbox.c.account_id.not_in(_aside)) | (~_last & _in_turn))
"""Of messages: its chat is not being written to, nor does an earlier one there wait its time."""
# An expression, so that accounts are looked up by their id: by the index that begins with the
# platform, the whole queue would be gone through once for each account.
_on_platforms = _account.c.platform.concat("").in_(bindparam("platforms", expanding=True))
_sendable = select(
    _outbox.c.id,
    _outbox.c.account_id,
    _account.c.platform,
    _account.c.address,
    _account.c.reachable,
    _outbox.c.lane,
    _outbox.c.body,
    _outbox.c.tries,
    _outbox.c.condition,
    _outbox.c.offers,
).join(_account, _account.c.id == _outbox.c.account_id)
_first_ids = (
    select(func.min(_outbox.c.id))
    .where(_free_to_send, ~_later)
    .group_by(_outbox.c.account_id, _outbox.c.lane)
)
_due = Prepared(
    _sendable.where(_outbox.c.id.in_(_first_ids), _on_platforms)
    .order_by(_outbox.c.lane, _outbox.c.id)
    .limit(bindparam("most"))
)
_answered_first = select(_outbox.c.account_id).where(_waits, _outbox.c.lane == Lane.REPLY)
_due_notices = Prepared(
    _sendable.where(
        _outbox.c.id.in_(
            _first_ids.where(
                _outbox.c.lane == Lane.NOTICE, _outbox.c.account_id.not_in(_answered_first)
            )
        ),
        _on_platforms,
    )
    .order_by(_outbox.c.id)
    .limit(bindparam("most"))
)
_next_due = Prepared(
    select(func.min(_outbox.c.not_before))
    .join(_account, _account.c.id == _outbox.c.account_id)
    .where(
        _on_platforms,
        (_free_to_send & _outbox.c.lane.in_(bindparam("lanes", expanding=True)))
        | (_waits & _later),
    )
)


def due_messages(
    session: Session,
    now: datetime,
    most: int,
    platforms: Collection[str],
    busy: Collection[int] = (),
    aside: Collection[int] = (),
    *,
    notices: bool = False,
) -> list[ToSend]:
    """The messages that may be sent now, at most one a lane in each chat: replies, then notices,
    then what holds nobody up. Or only `notices`, in chats to which no reply waits.

    A chat's later message never overtakes an earlier one that has been tried and has to wait.
    """
    due = _due_notices if notices else _due
    wanted = {"platforms": platforms, "busy": busy, "aside": aside}
    return [ToSend(*row) for row in due.all(session, now=now, most=most, **wanted)]


def next_due(
    session: Session,
    now: datetime,
    platforms: Collection[str],
    busy: Collection[int] = (),
    aside: Collection[int] = (),
    lanes: Collection[Lane] = tuple(Lane),
) -> datetime | None:
    """When the first message of these lanes that waits for nothing but its time may be sent; or
    when the next one is due."""
    found: datetime | None
    wanted = {"platforms": platforms, "busy": busy, "aside": aside, "lanes": lanes}
    [(found,)] = _next_due.all(session, now=now, **wanted)
    return found


def put_last(session: Session, rows: Collection[int]) -> None:
    """Let these messages hold nobody up any more."""
    if rows:
        session.connection().execute(
            update(_outbox).where(_outbox.c.id.in_(rows)).values(lane=Lane.LAST)
        )


def bring_forward(session: Session, now: datetime, then: datetime) -> None:
    """The clock was set back from `then` to `now`: what was due, or waits to be tried again, is
    due now."""
    tried_or_due = (_outbox.c.not_before <= then) | (_outbox.c.tries > 0)
    session.connection().execute(
        update(_outbox)
        .where(_waits, _outbox.c.not_before > now, tried_or_due)
        .values(not_before=now)
    )


def due_after_start(session: Session, now: datetime, longest: timedelta) -> None:
    """Make due what a clock that was set back between two runs would hold up: replies, which are
    never meant for later, and what was tried and should have been tried again within `longest`.

    A platform may have asked for a longer pause; trying once too early costs one refusal.
    """
    reply = (_outbox.c.lane != Lane.NOTICE) & (_outbox.c.tries == 0) & (_outbox.c.not_before > now)
    tried = (_outbox.c.tries > 0) & (_outbox.c.not_before > now + longest)
    session.connection().execute(
        update(_outbox).where(_waits, reply | tried).values(not_before=now)
    )


_lately_shown = Prepared(
    select(_outbox.c.sent_at, _outbox.c.shown, _outbox.c.body)
    .where(
        _outbox.c.account_id == bindparam("account"),
        _outbox.c.shown.is_not(None) | (_outbox.c.state == SendState.UNKNOWN),
    )
    .order_by(_outbox.c.id.desc())
    .limit(8)
)
"""A few more than the last one: a notice may be sent after replies that were queued later."""


def last_shown(session: Session, account_id: int) -> tuple[str, str]:
    """What stands last in a chat: its card's key, if it has one, and the platform's id of the
    message; empty where that is not known."""
    rows = _lately_shown.all(session, account=account_id)
    if not rows or rows[0][0] is None:
        return "", ""
    _, shown, body = max((row for row in rows if row[0] is not None), key=itemgetter(0))
    return body.get("card", ""), shown


_rewrite = Prepared(
    update(_outbox)
    .where(_outbox.c.id == bindparam("row"))
    .values(body=bindparam("new_body", type_=_outbox.c.body.type))
)


def rewrite(session: Session, messages: Iterable[ToSend]) -> None:
    """Keep the bodies of messages as they are now."""
    _rewrite.each(session, [{"row": m.id, "new_body": m.body} for m in messages])


_sent = Prepared(
    update(_outbox)
    .where(_outbox.c.id == bindparam("row"))
    .values(
        state=bindparam("new_state"),
        sent_at=bindparam("new_sent"),
        tries=bindparam("new_tries"),
        not_before=bindparam("new_time"),
        error=bindparam("new_error"),
        shown=bindparam("new_shown"),
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
    shown: str | None = None
    """The platform's id of the message that shows it."""


def mark(session: Session, fates: Sequence[Fate]) -> None:
    rows = [
        {
            "row": f.row,
            "new_state": f.state,
            "new_sent": f.at if f.state is SendState.SENT else None,
            "new_tries": f.tries,
            "new_time": f.at,
            "new_error": f.error[:200],
            "new_shown": f.shown,
        }
        for f in fates
    ]
    _sent.each(session, rows)


def unsure_sends(session: Session, idempotent: Sequence[str]) -> Counter[str]:
    """After a crash: what was being sent may have arrived, so its fate is unknown.

    On platforms where a repeat shows nothing twice it simply waits again. Returns how many are
    unknown now, for each platform.
    """
    sending = _outbox.c.state == SendState.SENDING
    of_platforms = select(_account.c.id).where(_account.c.platform.in_(idempotent))
    session.execute(
        update(_outbox)
        .where(sending, _outbox.c.account_id.in_(of_platforms))
        .values(state=SendState.WAITING)
    )
    platforms = session.execute(
        select(_account.c.platform).join_from(_outbox, _account).where(sending)
    )
    unsure = Counter(platforms.scalars())
    session.execute(update(_outbox).where(sending).values(state=SendState.UNKNOWN))
    return unsure


def reached_by(session: Session, person_id: int, key: str) -> tuple[list[Speaker], bool]:
    """The chats in which a person can be reached, and whether `KEY:CHAT` was posted to any that
    they have, reached or not."""
    rows = _chats_of.all(session, person=person_id, key=key)
    speakers = map(_speaker, rows)
    return [speaker for speaker in speakers if speaker.reachable], any(row[-1] for row in rows)


_reaching = Prepared(
    select(
        _account.c.person_id,
        _account.c.id,
        func.coalesce(func.nullif(_person.c.language, ""), _account.c.language),
        _account.c.reachable,
    )
    .join(_person, _person.c.id == _account.c.person_id)
    .where(_account.c.person_id.in_(bindparam("people", expanding=True)))
    .order_by(_account.c.id)
)


@dataclass(frozen=True, slots=True)
class ChatOf:
    """A chat of somebody, and the language in which they are spoken to there."""

    person_id: int
    account_id: int
    language: str
    reachable: bool


def chats_of(session: Session, people: Collection[int]) -> list[ChatOf]:
    """All chats of these people, reached or not."""
    return [ChatOf(*row) for row in _reaching.all(session, people=people)]


def under_way(session: Session, keys: str, since: datetime) -> int:
    """How many notices whose keys begin so, queued since then, are still to be sent."""
    count = select(func.count()).where(
        _outbox.c.state.in_((SendState.WAITING, SendState.SENDING)),
        _outbox.c.lane == Lane.NOTICE,
        _outbox.c.key.startswith(keys, autoescape=True),
        _outbox.c.created_at > since,
    )
    found: int = session.execute(count).scalar_one()
    return found


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
    """One line of a chat: what the person said, or the body of a message to them."""

    at: datetime
    number: int
    raw: str = ""
    body: dict[str, Any] | None = None


_NOT_SENT: Final = (SendState.WAITING, SendState.DROPPED, SendState.ASIDE)


def history(
    session: Session, platform: str, address: str, before: datetime, limit: int
) -> list[ChatLine]:
    """The last lines of a chat before a moment, oldest first."""
    theirs = session.execute(
        select(_said.c.at, _said.c.id, _said.c.raw)
        .join(_account, _account.c.id == _said.c.account_id)
        .where(
            _account.c.platform == platform,
            _account.c.address == address,
            _said.c.at < before,
        )
        .order_by(_said.c.at.desc(), _said.c.id.desc())
        .limit(limit)
    )
    ours = session.execute(
        select(_outbox.c.created_at, _outbox.c.id, _outbox.c.body)
        .join(_account, _account.c.id == _outbox.c.account_id)
        .where(
            _account.c.platform == platform,
            _account.c.address == address,
            _outbox.c.created_at < before,
            _outbox.c.body["sealed"].as_boolean().is_(None),
            # A menu of commands is no line of the chat.
            _outbox.c.body["commands"].as_string().is_(None),
            # A notice with a condition becomes a line of the chat once the condition holds.
            _outbox.c.condition.is_(null()) | _outbox.c.state.not_in(_NOT_SENT),
        )
        .order_by(_outbox.c.created_at.desc(), _outbox.c.id.desc())
        .limit(limit)
    )
    lines = [ChatLine(at, number, raw=raw) for at, number, raw in theirs]
    # At the same instant the person's line comes before the reply.
    lines += [ChatLine(at, number, body=body) for at, number, body in ours]
    lines.sort(key=lambda line: (line.at, line.body is not None, line.number))
    return lines[-limit:]


def forget_before(session: Session, moment: datetime) -> None:
    """Delete chat lines older than this moment. Records are not touched."""
    connection = session.connection()
    connection.execute(delete(_said).where(_said.c.at < moment))
    connection.execute(
        delete(_outbox).where(_outbox.c.created_at < moment, _outbox.c.state != SendState.WAITING)
    )


def forget_sealed_before(session: Session, moment: datetime) -> None:
    """Delete messages of before this moment that no history shows."""
    session.connection().execute(
        delete(_outbox).where(
            _outbox.c.created_at < moment,
            _outbox.c.state.not_in((SendState.WAITING, SendState.SENDING)),
            _outbox.c.body["sealed"].as_boolean().is_not(None),
        )
    )


def forget_keys_before(session: Session, moment: datetime) -> None:
    """Delete the updates of before this moment, of which but the keys are left."""
    session.connection().execute(
        delete(_update).where(
            _update.c.received_at < moment, _update.c.state != UpdateState.WAITING
        )
    )


def empty_before(session: Session, moment: datetime) -> None:
    """Empty what was set aside before this moment."""
    session.connection().execute(
        update(_update)
        .where(
            _update.c.received_at < moment,
            _update.c.state != UpdateState.WAITING,
            _update.c.raw != "",
        )
        .values(raw="")
    )

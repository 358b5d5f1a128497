"""Ways in: one-time invitation codes, one-time sign-in links, and signed-in browsers.

Each secret has 128 bits or more and is kept as a hash only. A code lies under a person's hand on
paper as well, so it is written in letters and digits that cannot be mistaken for one another.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from prompts import t
from services import audit
from storage.tables import (
    Account,
    CodeTry,
    Cohort,
    Invite,
    Membership,
    Person,
    SignInLink,
    WebSession,
)

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o or u."""
CODE_LENGTH: Final = 26
"""26 letters of 5 bits: 130 bits."""
INVITE_LIFE: Final = timedelta(days=30)
LINK_LIFE: Final = timedelta(minutes=30)
SESSION_LIFE: Final = timedelta(days=30)
TRIES: Final = 10
"""Wrong tries that one source may make in `TRIES_WITHIN`."""
TRIES_WITHIN: Final = timedelta(minutes=15)

WEB: Final = "web"


def _hash(secret: str) -> bytes:
    # The secrets are random and long, so a plain hash is as good as a slow one.
    return hashlib.sha256(secret.encode()).digest()


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def written(code: str) -> str:
    """A code in groups, as it is printed: easier to read and to type."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def read_code(typed: str) -> str | None:
    """The code somebody typed, whatever its case and gaps; `None` if it cannot be one."""
    code = "".join(c for c in typed.casefold() if c.isalnum())
    code = code.translate(str.maketrans("oil", "011"))
    return code if len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) else None


# ---------------------------------------------------------------- invitations


def invite(db: Session, membership_id: int, now: datetime, life: timedelta = INVITE_LIFE) -> str:
    """Make a one-time code for a membership; earlier unused ones end. Gives the code, once."""
    for earlier in db.exec(
        select(Invite).where(
            Invite.membership_id == membership_id,
            col(Invite.used_at).is_(None),
            col(Invite.revoked_at).is_(None),
        )
    ):
        earlier.revoked_at = now
        db.add(earlier)
    code = new_code()
    db.add(
        Invite(
            code_hash=_hash(code),
            membership_id=membership_id,
            created_at=now,
            expires_at=now + life,
        )
    )
    return code


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom an open invitation is for."""

    invite: Invite
    membership: Membership
    person: Person
    cohort: Cohort


def open_invite(db: Session, code: str, source: str, now: datetime) -> Invited:
    """Whom a code is for, without using it up. Raises `Refused`, also after too many tries."""
    _slow_down(db, source, now)
    row = db.exec(select(Invite).where(Invite.code_hash == _hash(code))).first()
    if row is None:
        _wrong(db, source, now)
        raise Refused(t("join.no_such_code"), verb="join")
    if row.used_at is not None:
        raise Refused(t("join.used"), verb="join", object="invite", object_id=row.id)
    if row.revoked_at is not None or row.expires_at <= now:
        raise Refused(t("join.expired"), verb="join", object="invite", object_id=row.id)
    membership = cast(Membership, db.get(Membership, row.membership_id))
    if membership.ended_at is not None:
        raise Refused(t("join.expired"), verb="join", object="invite", object_id=row.id)
    return Invited(
        row,
        membership,
        cast(Person, db.get(Person, membership.person_id)),
        cast(Cohort, db.get(Cohort, membership.cohort_id)),
    )


def join(db: Session, invite_id: int, account_id: int, now: datetime) -> Person:
    """Use up an invitation: this chat is that person's from now on. Raises `Refused`."""
    row = db.get(Invite, invite_id, with_for_update=True)
    if row is None or row.used_at is not None or row.revoked_at is not None:
        raise Refused(t("join.used"), verb="join", object="invite", object_id=invite_id)
    if row.expires_at <= now:
        raise Refused(t("join.expired"), verb="join", object="invite", object_id=invite_id)
    membership = cast(Membership, db.get(Membership, row.membership_id))
    person = cast(Person, db.get(Person, membership.person_id))
    account = cast(Account, db.get(Account, account_id))
    if account.person_id is not None and account.person_id != person.id:
        raise Refused(t("join.other_person"), verb="join", object="invite", object_id=invite_id)
    account.person_id = person.id
    person.language = account.language
    row.used_at, row.used_by = now, account_id
    db.add_all([account, person, row])
    actor = Actor(cast(int, person.id), account_id, now)
    audit.note(db, actor, "join", "membership", membership.id)
    return person


def speak(db: Session, person_id: int, language: str) -> None:
    """Somebody is spoken to in this language from now on."""
    person = cast(Person, db.get(Person, person_id))
    person.language = language
    db.add(person)


def latest_invitation(db: Session, membership_id: int) -> datetime | None:
    """Until when the latest invitation to a place can be used, or could; none if there is none."""
    latest = db.exec(
        select(Invite)
        .where(Invite.membership_id == membership_id, col(Invite.revoked_at).is_(None))
        .order_by(col(Invite.id).desc())
    ).first()
    return None if latest is None else latest.expires_at


# ---------------------------------------------------------------- the web chat's doors


def sign_in_link(db: Session, person_id: int, now: datetime, life: timedelta = LINK_LIFE) -> str:
    """A one-time link's token for somebody's web chat. Gives it, once."""
    token = secrets.token_urlsafe(32)
    db.add(
        SignInLink(
            token_hash=_hash(token), person_id=person_id, created_at=now, expires_at=now + life
        )
    )
    return token


def sign_in(db: Session, token: str, source: str, now: datetime) -> tuple[str, Account]:
    """Use up a link; gives the new browser session's secret and the chat. Raises `Refused`."""
    _slow_down(db, source, now)
    link = db.exec(
        select(SignInLink).where(SignInLink.token_hash == _hash(token)).with_for_update()
    ).first()
    if link is None:
        _wrong(db, source, now)
        raise Refused(t("join.link_unknown"), verb="sign_in")
    if link.used_at is not None or link.expires_at <= now:
        raise Refused(t("join.link_used"), verb="sign_in", object="link", object_id=link.id)
    link.used_at = now
    db.add(link)
    account = _web_account(db, link.person_id, now)
    actor = Actor(link.person_id, account.id, now)
    audit.note(db, actor, "sign_in", "account", account.id)
    return _open_session(db, account, now), account


def visit(db: Session, code: str, source: str, now: datetime) -> tuple[str, Account]:
    """Open a web chat for the holder of an invitation, who is nobody in it yet."""
    open_invite(db, code, source, now)
    account = Account(platform=WEB, address=secrets.token_urlsafe(16), created_at=now)
    db.add(account)
    db.flush()
    return _open_session(db, account, now), account


def session_account(db: Session, session: str, now: datetime) -> Account | None:
    """The chat of a signed-in browser."""
    row = _session(db, session)
    if row is None or row.ended_at is not None or row.expires_at <= now:
        return None
    return db.get(Account, row.account_id)


def sign_out(db: Session, session: str, now: datetime) -> None:
    row = _session(db, session)
    if row is not None:
        row.ended_at = now
        db.add(row)


def _session(db: Session, session: str) -> WebSession | None:
    return db.exec(select(WebSession).where(WebSession.token_hash == _hash(session))).first()


def _open_session(db: Session, account: Account, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    db.add(
        WebSession(
            token_hash=_hash(token),
            account_id=cast(int, account.id),
            created_at=now,
            expires_at=now + SESSION_LIFE,
        )
    )
    return token


def _web_account(db: Session, person_id: int, now: datetime) -> Account:
    """Somebody's one web chat, whichever browser they open it in."""
    here = db.exec(
        select(Account).where(Account.platform == WEB, Account.person_id == person_id)
    ).first()
    if here is None:
        person = cast(Person, db.get(Person, person_id))
        here = Account(
            platform=WEB,
            address=secrets.token_urlsafe(16),
            person_id=person_id,
            language=person.language,
            created_at=now,
        )
        db.add(here)
        db.flush()
    return here


# ---------------------------------------------------------------- guessing is slow


def _slow_down(db: Session, source: str, now: datetime) -> None:
    tries = db.exec(
        select(func.count())
        .select_from(CodeTry)
        .where(CodeTry.source == source, CodeTry.at > now - TRIES_WITHIN)
    ).one()
    if tries >= TRIES:
        raise Refused(t("join.too_many_tries"), verb="join")


def _wrong(db: Session, source: str, now: datetime) -> None:
    db.add(CodeTry(source=source, at=now))
    db.flush()


def forget_old(db: Session, now: datetime) -> None:
    """Housekeeping: tries that no longer count, and sessions long ended."""
    db.connection().execute(delete(CodeTry).where(col(CodeTry.at) < now - TRIES_WITHIN))
    db.connection().execute(
        delete(WebSession).where(col(WebSession.expires_at) < now - SESSION_LIFE)
    )

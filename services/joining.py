"""Invitation codes, sign-in links and browser sessions.

Each secret has at least 128 bits and is stored as a hash only. People copy codes from paper, so a
code uses only letters and digits that cannot be mistaken for one another.
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
from prompts import Language, t
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
PROOF_LIFE: Final = timedelta(minutes=1)
"""A messenger's word is used up as soon as it comes."""
SESSION_LIFE: Final = timedelta(days=30)
TRIES: Final = 10
"""How many wrong codes one chat may try within `TRIES_WITHIN`, and how often one wrong code may be
tried."""
TRIES_OF_ADDRESS: Final = 100
"""The same for one network address: a whole school may share it."""
ACCOUNT: Final = "account:"
"""The beginning of the source of a try that was made in a chat."""
TRIES_WITHIN: Final = timedelta(minutes=15)

WEB: Final = "web"


def _hash(secret: str) -> bytes:
    # A plain hash is enough: the secrets are long and random.
    return hashlib.sha256(secret.encode()).digest()


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def written(code: str) -> str:
    """A code in groups, as printed: easier to read and to type."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def read_code(typed: str) -> str | None:
    """The code somebody typed, whatever its case and gaps; `None` if it cannot be one."""
    code = "".join(c for c in typed.casefold() if c.isalnum())
    code = code.translate(str.maketrans("oil", "011"))
    return code if len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) else None


# ---------------------------------------------------------------- invitations


def invite(db: Session, membership_id: int, now: datetime, life: timedelta = INVITE_LIFE) -> str:
    """Make a one-time code for a membership; earlier unused codes end. Returns the code, which is
    not stored."""
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
    """The person and membership that an open invitation is for."""

    invite: Invite
    membership: Membership
    person: Person
    cohort: Cohort


def open_invite(db: Session, code: str, source: str, now: datetime) -> Invited:
    """Look up a code without using it up. Raises `Refused`, also after too many tries."""
    row = db.exec(select(Invite).where(Invite.code_hash == _hash(code))).first()
    if row is None:
        too_many = _wrong(db, code, source, now)
        raise Refused(t("join.too_many_tries" if too_many else "join.no_such_code"), verb="join")
    return _still_open(db, row, now)


def invited_by(db: Session, invite_id: int, now: datetime) -> Invited:
    """As `open_invite`, for an invitation whose code was given before. Raises `Refused`."""
    row = db.get(Invite, invite_id)
    if row is None:
        raise Refused(t("join.no_such_code"), verb="join")
    return _still_open(db, row, now)


def _still_open(db: Session, row: Invite, now: datetime) -> Invited:
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
    """Use up an invitation: the chat then belongs to that person. Raises `Refused`."""
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
    """Set a person's language, in all their chats."""
    person = cast(Person, db.get(Person, person_id))
    person.language = language
    db.add(person)


def latest_invitation(db: Session, membership_id: int) -> datetime | None:
    """When the latest invitation to a membership expires or expired; `None` if there is none."""
    latest = db.exec(
        select(Invite)
        .where(Invite.membership_id == membership_id, col(Invite.revoked_at).is_(None))
        .order_by(col(Invite.id).desc())
    ).first()
    return None if latest is None else latest.expires_at


def with_open_invitation(db: Session, cohort_id: int, now: datetime) -> set[int]:
    """The memberships of a cohort for which a code is out that can still be used."""
    found = db.exec(
        select(Invite.membership_id)
        .join(Membership, col(Membership.id) == col(Invite.membership_id))
        .where(
            Membership.cohort_id == cohort_id,
            col(Invite.used_at).is_(None),
            col(Invite.revoked_at).is_(None),
            col(Invite.expires_at) > now,
        )
    )
    return set(found)


# ---------------------------------------------------------------- the web chat's doors


def sign_in_link(db: Session, person_id: int, now: datetime, life: timedelta = LINK_LIFE) -> str:
    """Make a one-time sign-in token for a person's web chat. Returns the token, which is not
    stored."""
    token = secrets.token_urlsafe(32)
    db.add(
        SignInLink(
            token_hash=_hash(token), person_id=person_id, created_at=now, expires_at=now + life
        )
    )
    return token


def sign_in(db: Session, token: str, source: str, now: datetime) -> tuple[str, Account]:
    """Use up a link; gives the new browser session's secret and the chat. Raises `Refused`."""
    link = open_link(db, token, source, now)
    link.used_at = now
    db.add(link)
    account = _web_account(db, link.person_id, now)
    actor = Actor(link.person_id, account.id, now)
    audit.note(db, actor, "sign_in", "account", account.id)
    return _open_session(db, account, now), account


def sign_in_from(
    db: Session, platform: str, address: str | None, proof: str, source: str, now: datetime
) -> tuple[str, Account]:
    """As `sign_in`, for the person of a chat at an `address` for which a messenger vouches: its
    `proof` lets in once. Raises `Refused` if it vouches for nobody, or for nobody who joined."""
    account = db.exec(
        select(Account).where(Account.platform == platform, Account.address == address)
    ).first()
    if address is None or account is None or account.person_id is None:
        why = "join.not_vouched_for" if address is None else "join.first"
        too_many = _wrong(db, proof, source, now)
        raise Refused(t("join.too_many_tries" if too_many else why), verb="sign_in")
    hashed, until = _hash(proof), now + PROOF_LIFE
    if db.exec(select(SignInLink.id).where(SignInLink.token_hash == hashed)).first() is None:
        person = account.person_id
        db.add(SignInLink(token_hash=hashed, person_id=person, created_at=now, expires_at=until))
        db.flush()
    return sign_in(db, proof, source, now)


def open_link(db: Session, token: str, source: str, now: datetime) -> SignInLink:
    """A link that would let somebody in, without using it up. Raises `Refused`."""
    link = db.exec(
        select(SignInLink).where(SignInLink.token_hash == _hash(token)).with_for_update()
    ).first()
    if link is None:
        too_many = _wrong(db, token, source, now)
        words = t("join.too_many_tries" if too_many else "join.link_unknown")
        raise Refused(words, verb="sign_in")
    if link.used_at is not None or link.expires_at <= now:
        raise Refused(t("join.link_used"), verb="sign_in", object="link", object_id=link.id)
    return link


def visit(
    db: Session, code: str, source: str, language: Language, now: datetime
) -> tuple[str, Account]:
    """Open a web chat, in a language, for the holder of an invitation, who has not joined yet.
    Raises `Refused`."""
    open_invite(db, code, source, now)
    address = secrets.token_urlsafe(16)
    account = Account(platform=WEB, address=address, language=language, created_at=now)
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
    """A person's web chat: one, whichever browser opens it."""
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


def _wrong(db: Session, secret: str, source: str, now: datetime) -> bool:
    """Count a failure. Returns whether there were too many, from its source or with this secret.

    Only failures count: a right secret is always let in. If one source repeats the same wrong
    secret, that counts once against the source, so that one slip cannot lock out a class behind
    one address.
    """
    mark = f"secret:{_hash(secret).hex()[:32]}"
    here = f"{source[:64]} {mark}"
    most = TRIES if source.startswith(ACCOUNT) else TRIES_OF_ADDRESS
    too_many = _tries(db, source, now) >= most or _tries(db, mark, now) >= TRIES
    if not too_many:
        if not _tries(db, here, now):
            db.add(CodeTry(source=source, at=now))
        db.add_all([CodeTry(source=mark, at=now), CodeTry(source=here, at=now)])
        db.flush()
    return too_many


def _tries(db: Session, source: str, now: datetime) -> int:
    counted = select(func.count()).select_from(CodeTry).where(CodeTry.source == source)
    return db.exec(counted.where(CodeTry.at > now - TRIES_WITHIN)).one()


def forget_old(db: Session, now: datetime) -> None:
    """Delete tries that no longer count and sessions that ended long ago."""
    db.connection().execute(delete(CodeTry).where(col(CodeTry.at) < now - TRIES_WITHIN))
    db.connection().execute(
        delete(WebSession).where(col(WebSession.expires_at) < now - SESSION_LIFE)
    )

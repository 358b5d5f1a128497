"""What a certificate certifies, and its signed form, which a QR code holds.

A token is URL-safe base 64 of: a byte for the version of this form, the first 8 bytes of the
SHA-256 of the key's public half, the facts as a JSON list in UTF-8, and an Ed25519 signature of
all of that. `bot/platforms/web/static/certificate.js` reads the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from storage.signing import SIGNATURE, key_name, verify

ADDRESS: Final = "/verify"
"""Where on the web server certificates are verified; the token stands behind a #."""
FORM: Final = b"\x01"
KEY: Final = 8
"""Bytes by which a token names its key."""
HASH: Final = 32
"""Bytes of a token's hash."""


class Certified(BaseModel):
    """The facts that a certificate or a proof of hours certifies, in the order in which a token
    lists them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: str
    certificate: str
    """What the document calls the certificate."""
    name: str
    programme: str
    cohort: str
    subject: str
    outcome: str
    """The outcome's Chinese name."""
    sessions: int | None
    """Approved sessions, where the document counts sessions."""
    hours: int | None
    """Whole hours of them, where the document counts hours."""
    issued_on: date
    office: str
    """Who issues it."""
    clause: str
    """Where the document promises it."""

    # What follows is left out of a token from the last that is not empty on.
    replaces: str = ""
    """The number of the certificate that this one puts right."""
    role: str = ""
    """Of a proof of hours: what the member is, in Chinese."""
    unit: str = ""
    """Where the member is."""
    length: str = ""
    """How long the sessions were, in Chinese."""
    since: date | None = None
    """The first day of the sessions that are counted."""
    until: date | None = None
    """The last of them."""


LEAST: Final = 12
"""Facts that every token lists."""


class Forged(Exception):
    """A token is not one that these keys have signed."""


def signed(facts: Certified, public: bytes, sign: Callable[[bytes], bytes]) -> str:
    """The token of these facts."""
    told = [*facts.model_dump(mode="json").values()]
    while len(told) > LEAST and not told[-1]:
        told.pop()
    listed = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    data = FORM + bytes.fromhex(key_name(public)) + listed.encode()
    return encoded(data + sign(data))


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read(token: str, keys: Iterable[bytes]) -> tuple[Certified, bytes]:
    """The facts of a token, and the public key that signed it. Raises `Forged`."""
    try:
        whole = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Forged from None
    if encoded(whole) != token:
        raise Forged
    data, signature = whole[:-SIGNATURE], whole[-SIGNATURE:]
    named = data[len(FORM) : len(FORM) + KEY].hex()
    public = next((key for key in keys if key_name(key) == named), None)
    if not data.startswith(FORM) or public is None or not verify(public, signature, data):
        raise Forged
    try:
        listed = json.loads(data[len(FORM) + KEY :])
        if not LEAST <= len(listed) <= len(Certified.model_fields):
            raise Forged
        told = dict(zip(Certified.model_fields, listed, strict=False))
        return Certified.model_validate(told), public
    except (ValueError, ValidationError, TypeError):
        raise Forged from None


def verified_at(site: str, token: str) -> str:
    """The address at which a certificate is verified. Browsers keep what follows `#` to
    themselves: the server of the page is told no name."""
    return f"{site}{ADDRESS}#{token}"


def token_hash(token: str) -> bytes:
    """The hash by which a token is looked up, the first half of its SHA-512, so that the
    facts in the token need not be sent."""
    return hashlib.sha512(token.encode()).digest()[:HASH]

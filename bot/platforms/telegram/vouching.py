"""Whom Telegram vouches for when it opens a page of ours within itself.

The page is given data about whoever opened it, with an HMAC under a key made of the bot's token
(core.telegram.org/bots/webapps, "Validating data received via the Mini App").
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

FRESH: Final = timedelta(minutes=10)
"""How old the data may be: the page hands it on at once."""
CLOCKS_APART: Final = timedelta(minutes=1)
"""By how much Telegram's clock may be ahead of ours."""


def vouched_for(data: str, token: str, now: datetime) -> str | None:
    """The address of the private chat of whoever opened the page; `None` if the data is not
    Telegram's for this bot, or is not fresh."""
    fields = parse_qsl(data, keep_blank_values=True)
    known = dict(fields)
    shown = known.pop("hash", "")
    if len(known) + 1 != len(fields):  # a field twice, or no hash
        return None
    text = "\n".join(f"{name}={value}" for name, value in sorted(known.items()))
    key = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    meant = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(meant.encode(), shown.encode()):
        return None
    try:
        signed_at = datetime.fromtimestamp(int(known["auth_date"]), UTC)
        person = json.loads(known["user"])["id"]
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
    if not -CLOCKS_APART <= now - signed_at <= FRESH or not isinstance(person, int):
        return None
    return str(person)

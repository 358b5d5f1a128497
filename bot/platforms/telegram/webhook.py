"""Telegram's webhook: a push is stored before it is acknowledged, and only Telegram may push."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.platforms.contract import Receive
from bot.platforms.telegram.decode import received
from bot.platforms.telegram.failures import loads
from storage.database import database_trouble

PATH: Final = "/telegram/webhook"
"""The path at which the server takes Telegram's pushes."""
UPDATE_LIMIT: Final = 1024 * 1024
"""Bytes of one update: many times what the longest message takes."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Webhook:
    """The address to which Telegram pushes updates, and the secret that proves it is Telegram.

    A proxy in front ends TLS and forwards requests for `url` to `PATH`.
    """

    url: str
    """The address that Telegram calls; without a path it gets `PATH`."""
    secret: str
    """1 to 256 of A-Z a-z 0-9 _ -"""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", self.secret):
            raise ValueError("a webhook secret is 1 to 256 letters, digits, _ or -")
        if urlsplit(self.url).path in ("", "/"):
            object.__setattr__(self, "url", self.url.rstrip("/") + PATH)

    def __repr__(self) -> str:
        return f"Webhook({self.url})"


def secret_for(token: str) -> str:
    """A secret derived from the token: always the same for a bot, without revealing the token."""
    return hmac.new(token.encode(), b"webhook", hashlib.sha256).hexdigest()


def route(name: str, secret: str, receive: Receive, stored: Callable[[list[Any]], None]) -> Route:
    """What takes Telegram's pushes: stored first, then answered 200; `stored` is told of each.

    403 without the secret, 413 past `UPDATE_LIMIT`, 503 if it could not be stored, and then
    Telegram sends it again.
    """

    async def push(request: Request) -> Response:
        shown = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(shown.encode(), secret.encode()):
            return Response(status_code=403)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > UPDATE_LIMIT:
                log.error("telegram.update_too_large")
                return Response(status_code=413)
        raw = body.decode(errors="replace")
        update = received(raw)
        try:
            await receive(name, [update])
        except Exception as error:
            # Only its name: a database's error quotes what it could not store.
            what = database_trouble(error) or type(error).__name__
            log.error("telegram.not_receiving", detail=what)
            return Response(status_code=503)
        stored([loads(raw)])
        return Response(status_code=200)

    return Route(PATH, push, methods=["POST"])

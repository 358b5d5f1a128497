"""What every page of the web site is held to: whose cookie it reads, which requests it answers,
and with which headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prompts import LANGUAGES, Language

FORM_LIMIT: Final = 8192
"""Bytes of a posted form."""
HOST: Final = re.compile(r"[\w.:\[\]-]+", re.ASCII)


class RowNumber(IntegerConvertor):
    """The number of a row in an address, `{…:row}`: no larger than a database can hold."""

    regex = "[0-9]{1,18}"


register_url_convertor("row", RowNumber())


class Origin:
    """The site as browsers open it."""

    def __init__(self, public_url: str) -> None:
        """`public_url` is empty if people come without a proxy."""
        parts = urlsplit(public_url)
        self.secure = parts.scheme == "https"
        self._origin = f"{parts.scheme}://{parts.netloc}" if public_url else ""
        # Browsers refuse this prefix unless the cookie is secure and bound to this very host.
        self.cookie = "__Host-session" if self.secure else "session"
        self.shared_cookie = f"{self.cookie}-shared"

    def ours(self, connection: HTTPConnection) -> bool:
        """Whether a page of this site made the request.

        Browsers say where a form and a socket come from, and scripts cannot forge it.
        """
        origin = connection.headers.get("origin", "")
        host = connection.headers.get("host", "")
        site = connection.headers.get("sec-fetch-site", "same-origin")
        return (site == "same-origin" and bool(origin)) and (
            origin == self._origin or (bool(host) and urlsplit(origin).netloc == host)
        )

    def socket_origin(self, connection: HTTPConnection) -> str:
        """Where a page's socket goes: without a public address, to the host it was asked of."""
        if self._origin:
            return self._origin.replace("http", "ws", 1)
        host = connection.headers.get("host", "")
        return f"ws://{host}" if HOST.fullmatch(host) else ""


class Guard:
    """Around pages: headers for every answer, and no act that another site asked for."""

    def __init__(
        self,
        app: ASGIApp,
        origin: Origin,
        policy: Callable[[Request], str],
        foreign: Callable[[Request], Response],
    ) -> None:
        """`policy` says what a page may load, `foreign` answers what another site asked for."""
        self._app = app
        self._origin = origin
        self._policy = policy
        self._foreign = foreign
        self._headers = {
            "X-Content-Type-Options": "nosniff",
            # Not no-referrer: with it browsers hide a form's origin, which we check.
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if origin.secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        # Scripts and styles are kept but asked about each time, so that a deploy is seen.
        static = "/static/" in scope["path"]
        cached = {"Cache-Control": "no-cache" if static else "no-store"}

        request = Request(scope)
        policy = {"Content-Security-Policy": self._policy(request)}

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (self._headers | policy | cached).items():
                    headers.setdefault(name, value)
            await send(message)

        if request.method in ("GET", "HEAD") or self._origin.ours(request):
            await self._app(scope, receive, guarded)
        else:
            await self._foreign(request)(scope, receive, guarded)


async def posted(request: Request) -> dict[str, str]:
    """What a posted form says. Raises `HTTPException` for one that is too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_LIMIT:
            raise HTTPException(413)
    fields = parse_qs(body.decode("ascii", "replace"))
    return {name: values[0].strip() for name, values in fields.items()}


def preferred(request: HTTPConnection) -> Language:
    """The language that somebody without an account switched to; else what the browser prefers;
    else Chinese."""
    chosen = request.query_params.get("language") or request.cookies.get("language")
    listed = [
        part.split(";")[0].strip()[:2].lower()
        for part in request.headers.get("accept-language", "").split(",")
    ]
    for language in (chosen, *listed):
        for known in LANGUAGES:
            if language == known:
                return known
    return LANGUAGES[0]

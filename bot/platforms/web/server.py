"""The web chat's pages: the door, the chat itself, and files in and out."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote
from uuid import uuid4

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from bot.platforms.contract import FileTooLarge, Received
from bot.platforms.web.door import Entered, Refusal, Visitor
from bot.platforms.web.guard import Guard, Origin, posted, preferred
from bot.platforms.web.sockets import FRAME_LIMIT, SIGNED_OUT, Shared, Socket
from bot.platforms.web.uploads import EmptyFile, QuotaFull, TooManyWaiting, tag
from bot.platforms.web.wire import FILES_AT_ONCE, INLINE_IMAGES, raw_start
from prompts import LANGUAGES, Language, Text, catalogue, render, t

log = structlog.get_logger()

HERE: Final = Path(__file__).parent
MEGABYTE: Final = 1024 * 1024
COOKIE_LIFE: Final = 400 * 24 * 3600
"""Seconds; the longest browsers allow. The house ends sessions, the cookie must not go first."""
"""Bytes of a form: it holds one invitation code."""
SHARED: Final = "shared"
"""The form's field by which somebody says that the computer is not theirs alone."""
WITHIN: Final = re.compile(r"(?:/[a-z0-9_-]+)+/?", re.ASCII)
"""The path of a page of this site; what begins with `//` would name another."""
FILE_HEADERS: Final = {
    # A file is shown or saved; it never runs as part of this site.
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    # A shared machine keeps nobody's photo.
    "Cache-Control": "no-store",
}


@cache
def version() -> str:
    """A name for the page's files as they are now."""
    content = hashlib.sha256()
    for folder in (HERE / "pages", HERE / "static"):
        for file in sorted(folder.iterdir()):
            content.update(file.read_bytes())
    return content.hexdigest()[:12]


class Pages:
    """The pages of one site, at one public address."""

    def __init__(self, shared: Shared, public_url: str) -> None:
        self._shared = shared
        self._origin = Origin(public_url)
        self.secure = self._origin.secure
        self._cookie = self._origin.cookie
        self._shared_cookie = self._origin.shared_cookie
        self._pages = Environment(
            loader=FileSystemLoader(HERE / "pages"), autoescape=True, undefined=StrictUndefined
        )

    def app(self) -> ASGIApp:
        app = Starlette(
            routes=[
                Route("/", self.home),
                Route("/join/{code}", self.invited),
                Route("/join", self.join, methods=["POST"]),
                Route("/in/{token}", self.link),
                Route("/in/{token}", self.sign_in, methods=["POST"]),
                Route("/from/{messenger}", self.arrived),
                Route("/from/{messenger}", self.sign_in_from, methods=["POST"]),
                Route("/out", self.leave),
                Route("/out", self.sign_out, methods=["POST"]),
                Route("/upload", self.upload, methods=["POST"]),
                Route("/uploads/{ref}", self.uploaded),
                Route("/files/{number:row}", self.file),
                Route("/favicon.ico", self.favicon),
                Route("/sw.js", self.service_worker),
                WebSocketRoute("/ws", self.socket),
                Mount("/static", StaticFiles(directory=HERE / "static")),
            ],
            exception_handlers={HTTPException: self.failed, Exception: self.broken},
        )

        def policy(request: Request) -> str:
            return _policy(self._origin.socket_origin(request))

        return Guard(app, self._origin, policy, self.foreign)

    # ------------------------------------------------------------ coming in

    async def home(self, request: Request) -> Response:
        """The chat for whoever is signed in, the door for everybody else."""
        visitor = await self._visitor(request)
        if visitor is None:
            return self._welcome(request)
        words = catalogue(visitor.language)
        data = {
            "version": self._shared.version,
            "who": tag(visitor.address),
            "language": visitor.language,
            "fileLimit": self._shared.uploads.limit,
            "filesAtOnce": FILES_AT_ONCE,
            "frameLimit": FRAME_LIMIT,
            "shared": self._shared_cookie in request.cookies,
            "words": {
                key.removeprefix("web.chat."): words[key]
                for key in words
                if key.startswith(("web.chat.", "calendar."))
            },
        }
        return self._page(
            request, "chat", visitor.language, data=data, name=visitor.name, limit=self._megabytes
        )

    def _welcome(self, request: Request, code: str = "", error: str = "") -> HTMLResponse:
        return self._page(request, "welcome", self._language(request), code=code, error=error)

    async def invited(self, request: Request) -> Response:
        """Where a QR code leads. Looking uses nothing up: link previews look."""
        visitor = await self._visitor(request)
        language = self._language(request, visitor)
        code = request.path_params["code"]
        whose = await self._shared.door.whose_invitation(code, _source(request))
        if isinstance(whose, Refusal):
            if visitor is not None:
                return _refused(self._error(request, whose.words), whose)
            return _refused(self._welcome(request, code, render(whose.words, language)), whose)
        return self._page(request, "invited", language, code=code, visitor=visitor, whose=whose)

    async def join(self, request: Request) -> Response:
        form = await posted(request)
        code = form.get("code", "")
        visitor = await self._visitor(request)
        if visitor is not None:
            await self._start(visitor, code, visitor.language)
            return RedirectResponse("/", 303)
        language = self._language(request)
        outcome = await self._shared.door.join(code, _source(request), language)
        if isinstance(outcome, Refusal):
            words = render(outcome.words, language)
            return _refused(self._welcome(request, code, words), outcome)
        return await self._enter(request, outcome, shared=SHARED in form)

    async def link(self, request: Request) -> Response:
        """Where a one-time sign-in link leads; only pressing the button uses it up."""
        visitor = await self._visitor(request)
        language = self._language(request, visitor)
        token = request.path_params["token"]
        whose = await self._shared.door.whose_link(token, _source(request))
        if isinstance(whose, Refusal):
            return _refused(self._error(request, whose.words), whose)
        name = visitor.name if visitor else ""
        return self._page(request, "link", language, name=name, whose=whose)

    async def sign_in(self, request: Request) -> Response:
        form = await posted(request)
        outcome = await self._shared.door.sign_in(request.path_params["token"], _source(request))
        if isinstance(outcome, Refusal):
            return _refused(self._error(request, outcome.words), outcome)
        return await self._enter(request, outcome, shared=SHARED in form)

    async def arrived(self, request: Request) -> Response:
        """Where a messenger opens a page within itself. What vouches for the reader stands in the
        part of the address that only the page sees; its script hands it on."""
        return self._page(request, "arrived", self._language(request))

    async def sign_in_from(self, request: Request) -> Response:
        form = await posted(request)
        messenger = request.path_params["messenger"]
        data = form.get("data", "")
        outcome = await self._shared.door.sign_in_from(messenger, data, _source(request))
        if isinstance(outcome, Refusal):
            return _refused(self._error(request, outcome.words), outcome)
        await self._end_session(request)
        to = form.get("to", "")
        return self._signed_in(outcome, to if WITHIN.fullmatch(to) else "/", shared=False)

    async def _enter(self, request: Request, entered: Entered, *, shared: bool) -> Response:
        """Open the chat; on a `shared` computer nothing outlives the browser's window."""
        greeting = self._start(entered.visitor, entered.start, self._language(request))
        if entered.start:
            await greeting
        else:
            await _at_best(greeting)
        await self._end_session(request)
        return self._signed_in(entered, "/", shared=shared)

    def _signed_in(self, entered: Entered, to: str, *, shared: bool) -> Response:
        response = RedirectResponse(to, 303)
        life = None if shared else COOKIE_LIFE
        # Lax, not strict: a link to the chat, opened from another app, must find it open.
        kind: dict[str, Any] = {"httponly": True, "secure": self.secure, "samesite": "lax"}
        response.set_cookie(self._cookie, entered.session, max_age=life, **kind)
        if shared:
            response.set_cookie(self._shared_cookie, "1", **kind)
        else:
            response.delete_cookie(self._shared_cookie, **kind)
        return response

    async def _start(self, visitor: Visitor, code: str, language: Language) -> None:
        raw = raw_start(visitor.address, code, language)
        update = Received(f"{visitor.address}:{uuid4()}", visitor.address, raw)
        await self._shared.receive("web", [update])

    async def leave(self, request: Request) -> Response:
        return self._page(request, "leave", self._language(request, await self._visitor(request)))

    async def sign_out(self, request: Request) -> Response:
        await self._end_session(request)
        response = RedirectResponse("/", 303)
        for name in (self._cookie, self._shared_cookie):
            response.delete_cookie(name, secure=self.secure, httponly=True, samesite="lax")
        return response

    async def _end_session(self, request: Request) -> None:
        session = request.cookies.get(self._cookie)
        if session:
            await self._shared.door.sign_out(session)
            self._shared.sockets.sign_out(session)

    # ------------------------------------------------------------ the chat

    async def socket(self, websocket: WebSocket) -> None:
        if not self._origin.ours(websocket):
            await websocket.close()  # before it is accepted: answered with 403
            return
        visitor = await self._visitor(websocket)
        await websocket.accept()
        if visitor is None:
            # Accepted first, because a page cannot see why a handshake failed.
            await websocket.close(SIGNED_OUT)
            return
        await Socket(self._shared, websocket, websocket.cookies[self._cookie], visitor).run()

    async def upload(self, request: Request) -> Response:
        """Take one file: its bytes are the body, its name and type are in the headers."""
        visitor = await self._visitor(request)
        if visitor is None:
            return self._upload_refused(401, t("web.error.signed_out"), self._language(request))
        refusal = await self._shared.door.takes_files(visitor.address)
        if refusal is not None:
            return self._upload_refused(403, refusal.words, visitor.language)
        too_large = t("web.upload.too_large", limit=self._megabytes)
        try:
            if int(request.headers.get("content-length", "0")) > self._shared.uploads.limit:
                raise FileTooLarge
            file = await self._shared.uploads.keep(
                visitor.address,
                unquote(request.headers.get("x-file-name", "")),
                request.headers.get("content-type", ""),
                request.stream(),
            )
        except FileTooLarge:
            return self._upload_refused(413, too_large, visitor.language)
        except EmptyFile:
            return self._upload_refused(422, t("web.upload.empty"), visitor.language)
        except TooManyWaiting:
            return self._upload_refused(429, t("web.upload.too_many"), visitor.language)
        except QuotaFull:
            return self._upload_refused(429, t("web.upload.quota"), visitor.language)
        return JSONResponse({"ref": file.ref, "name": file.name, "size": file.size})

    def _upload_refused(self, status: int, words: Text, language: Language) -> Response:
        return JSONResponse({"words": render(words, language)}, status)

    async def uploaded(self, request: Request) -> Response:
        """A person's own upload, for as long as it is kept."""
        visitor = await self._visitor(request)
        ref = request.path_params["ref"]
        of = self._shared.uploads.of
        file = await asyncio.to_thread(of, visitor.address, ref) if visitor else None
        if file is None:
            raise HTTPException(404)
        return _content(self._shared.uploads.path(ref), file.name, file.media_type)

    async def file(self, request: Request) -> Response:
        """A file the house keeps, for whoever may read it now."""
        visitor = await self._visitor(request)
        number = request.path_params["number"]
        open_file = self._shared.door.file
        file = await open_file(visitor.address, number, opened=True) if visitor else None
        if file is None or not await asyncio.to_thread(file.path.is_file):
            raise HTTPException(404)
        return _content(file.path, file.name, file.media_type)

    async def favicon(self, request: Request) -> Response:
        return FileResponse(HERE / "static" / "mark.svg")

    async def service_worker(self, request: Request) -> Response:
        """At the root, since a worker serves only pages below its own address."""
        return FileResponse(HERE / "static" / "sw.js")

    # ------------------------------------------------------------ who is there, and what they see

    async def _visitor(self, connection: HTTPConnection) -> Visitor | None:
        session = connection.cookies.get(self._cookie)
        return await self._shared.door.who(session) if session else None

    @property
    def _megabytes(self) -> int:
        return self._shared.uploads.limit // MEGABYTE

    def _language(self, request: Request, visitor: Visitor | None = None) -> Language:
        """Theirs, else as `preferred` finds it."""
        return visitor.language if visitor is not None else preferred(request)

    def _page(
        self, request: Request, page: str, language: Language, status: int = 200, /, **shown: Any
    ) -> HTMLResponse:
        other = next(one for one in LANGUAGES if one != language)

        def words(key: str, **args: Any) -> str:
            return render(t(f"web.{key}", **args), language)

        html = self._pages.get_template(f"{page}.html").render(
            words=words, language=language, other=other, **shown
        )
        response = HTMLResponse(html, status)
        if request.query_params.get("language") == language:
            response.set_cookie(
                "language", language, max_age=COOKIE_LIFE, secure=self.secure, samesite="lax"
            )
        return response

    def _error(self, request: Request, words: Text, status: int = 400) -> HTMLResponse:
        language = self._language(request)
        return self._page(request, "error", language, status, error=render(words, language))

    def foreign(self, request: Request) -> Response:
        return self._error(request, t("web.error.foreign"), 403)

    async def failed(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return self._error(request, t("web.error.not_found"), status)

    async def broken(self, request: Request, error: Exception) -> Response:
        return self._error(request, t("web.error.broken"), 500)


async def _at_best(greeting: Awaitable[None]) -> None:
    """Greet if it can be done: the link that let somebody in is used up, greeted or not."""
    try:
        await greeting
    except Exception:
        log.exception("visitor_not_greeted")


def _policy(socket_origin: str) -> str:
    """What a page may load: nothing of anybody else's."""
    # Older Safari does not count a socket as the page's own origin.
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "worker-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob:",
            f"connect-src 'self' {socket_origin}".rstrip(),
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def _source(request: Request) -> str:
    """The network address a request comes from."""
    return request.client.host if request.client else ""


def _refused(response: Response, refusal: Refusal) -> Response:
    response.status_code = 429 if refusal.retry_after else 403
    if refusal.retry_after:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _content(path: Path, name: str, media_type: str) -> Response:
    shown = "inline" if media_type in INLINE_IMAGES else "attachment"
    return FileResponse(
        path,
        media_type=media_type,
        filename=name,
        content_disposition_type=shown,
        headers=FILE_HEADERS,
    )

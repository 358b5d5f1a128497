"""Telegram, by python-telegram-bot 22.8 (Bot API 10.0).

The library makes the calls and gives the types. Receiving, order, pacing and retries are the
house's own: the library would confirm an update before anybody has stored it, drop a batch for one
update it cannot decode, and cannot tell a call that was never sent from one whose fate is unknown.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import socket
import ssl
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from hashlib import sha256
from hmac import compare_digest
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote, urlencode

import httpx
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import (
    Bot,
    BotCommandScopeChat,
    CallbackQuery,
    Chat,
    ChatMember,
    ChatMemberRestricted,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
    Message,
    Update,
    User,
)
from telegram.error import TelegramError
from telegram.request import HTTPXRequest, RequestData

from bot.platforms.contract import (
    Capabilities,
    DeliveryError,
    FateUnknown,
    FileTooLarge,
    Receive,
    Received,
    TryLater,
    Unreachable,
    Unsent,
)
from bot.talk.message import Attachment, Button, Incoming, Outgoing, flat

T = TypeVar("T")

OpenFile = Callable[[int], tuple[Path, str, str]]
"""A stored file's path, name and media type, by its id. Runs in a worker thread. Raises
`LookupError` where there is none."""

WANTED: Final = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of update that say something to us; Telegram keeps the others to itself."""

MEGABYTE: Final = 1024 * 1024
UPDATE_LIMIT: Final = MEGABYTE
"""Bytes of one update by webhook: many times what the longest message takes."""
PHOTO_LIMIT: Final = 10 * MEGABYTE
CAPTION_LIMIT: Final = 1024
"""UTF-16 units."""
PRESS_LIMIT: Final = 64
"""Bytes of callback_data."""
ALBUM_LIMIT: Final = 10

PAUSE: Final = 5.0
"""Seconds to wait where nobody says how long."""
LONGEST_PAUSE: Final = 60.0
PATIENCE: Final = 3
"""Tries for a call that must not fail: the rest of a message begun, a download."""

NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)
"""Telegram fetches what it previews, and so would use up a one-time link."""

log = structlog.get_logger()


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


# httpx writes each URL, which holds the token, at INFO; the library writes the token, and people's
# words, at DEBUG. A filter holds whatever level somebody sets later.
for _name in ("httpx", "telegram.Bot"):
    logging.getLogger(_name).addFilter(_is_warning)


# ---------------------------------------------------------------- one call


NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class _Failure(TelegramError):
    """A call that did not succeed, told apart as the library's own errors are not.

    They call a refused connection and one that broke half-way both `NetworkError`, lose the
    status, and take a proxy's 403 page for Telegram's `Forbidden`.
    """

    def __init__(
        self, what: str, *, code: int = 0, retry_after: float = 0, sent: bool = True
    ) -> None:
        super().__init__(what)
        self.what = what
        """What went wrong: never the token, nor what the message said."""
        self.code = code
        """Telegram's error code; 0 where Telegram did not answer."""
        self.retry_after = retry_after
        self.sent = sent
        """Where Telegram did not answer: the call may have reached it all the same."""


@cache
def _trust() -> ssl.SSLContext:
    """One for all clients: reading the certificates takes a tenth of a second."""
    return httpx.create_ssl_context()


class _Wire(HTTPXRequest):
    """The library's HTTP, with failures that can be told apart."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *timeouts: Any,
        **named_timeouts: Any,
    ) -> tuple[int, bytes]:
        """Answers Telegram's JSON with a result in it. Raises `_Failure`, whatever happens."""
        try:
            status, payload = await super().do_request(
                url, method, request_data, *timeouts, **named_timeouts
            )
        except Exception as error:
            # The library keeps httpx's own error, which alone knows how far the call came. Only
            # its name is passed on: its text, or its request's URL, may hold the token.
            cause = error.__cause__ or error
            raise _Failure(type(cause).__name__, sent=not isinstance(cause, NEVER_SENT)) from None
        answer = {"ok": True, "result": _needed(_result(status, payload))}
        return status, json.dumps(answer).encode()


def _result(status: int, payload: bytes) -> Any:
    """What an HTTP answer brings. Raises `_Failure` where it says that something went wrong."""
    answer = _loads(payload)
    match answer:
        case {"ok": True, "result": result} if status == 200:
            return result
        case {"ok": False, "error_code": int(code), "description": str(what)}:
            if code in (401, 404):
                log.critical("telegram.token_refused")
            parameters = answer.get("parameters") or {}
            raise _Failure(what[:200], code=code, retry_after=parameters.get("retry_after", 0))
        case _:
            # Something on the way answered. A success nobody can read, and a gateway that gave up
            # waiting, say nothing about what Telegram did.
            raise _Failure(f"HTTP {status}, not Telegram's", sent=status in (200, 504))


def _needed(result: Any) -> Any:
    """Of a message that was shown, only what says so.

    Telegram sends it back whole; something in it that the library cannot read would make a message
    that arrived look lost.
    """
    if isinstance(result, list):
        return [_needed(item) for item in result]
    if isinstance(result, dict) and "message_id" in result:
        return {key: result[key] for key in ("message_id", "date", "chat") if key in result}
    return result


CHAT_GONE: Final = ("chat not found", "peer_id_invalid", "was upgraded to a supergroup")
MESSAGE_GONE: Final = (
    "message to edit not found",
    "message can't be edited",
    "no text in the message",
    "message_id_invalid",
)
"""Telegram's words for a message that cannot be edited, and never will be."""


def _delivery_error(failure: _Failure) -> DeliveryError:
    """What a failed call means for the message it carried."""
    what = failure.what
    match failure.code:
        case 0 if failure.sent:
            return FateUnknown(what)
        case 429:
            return TryLater(failure.retry_after or PAUSE)
        case 401 | 404:  # the token is refused: somebody has to see to it
            return TryLater(LONGEST_PAUSE, everyone=True)
        case 403:
            return Unreachable(what)
        case 400 if any(words in what.lower() for words in CHAT_GONE):
            return Unreachable(what)
        case code if code == 0 or code >= 500:
            return TryLater(PAUSE, everyone=True)
        case _:
            return Unsent(what)


async def _call(call: Awaitable[T]) -> T:
    """Make a call. Raises `_Failure` only."""
    try:
        return await call
    except _Failure:
        raise
    except Exception as error:
        # Telegram's answer was good, and the library could not read it.
        raise _Failure(f"answer unread: {type(error).__name__}") from None


# ---------------------------------------------------------------- the platform


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram is to push updates, and where we listen for them.

    `url` is what Telegram calls, with https; something in front of us ends the TLS and passes the
    request on to `path` at `host` and `port`.
    """

    url: str
    secret: str
    """What Telegram shows to be believed: 1 to 256 of A-Z a-z 0-9 _ -"""
    path: str = "/telegram"
    host: str = "127.0.0.1"
    port: int = 8081

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", self.secret):
            raise ValueError("a webhook secret is 1 to 256 letters, digits, _ or -")


class TelegramPtb:
    """One bot on Telegram. It polls, unless a webhook is given."""

    name: str = "telegram"
    capabilities = Capabilities(
        edits=True,
        text_limit=4096,
        file_limit=20 * MEGABYTE,
        idempotent=False,
        per_second=25,
        per_chat=1,
        at_once=4,
    )

    def __init__(
        self,
        token: str,
        open_file: OpenFile,
        *,
        webhook: Webhook | None = None,
        api_base: str = "https://api.telegram.org",
        proxy: str | None = None,
        poll_seconds: int = 25,
        answer_seconds: float = 30,
        first_pause: float = 1,
    ) -> None:
        """Nothing is connected yet.

        `api_base` has no trailing slash. A poll waits `poll_seconds` for news; every other call
        may take `answer_seconds`. After a failure receiving rests `first_pause` seconds, then
        twice as long each time, at most a minute.
        """
        self._open_file = open_file
        self._webhook = webhook
        self._poll_seconds = poll_seconds
        self._answer_seconds = answer_seconds
        self._first_pause = first_pause
        # httpx is slower the more calls are under way: as few connections as deliveries at once,
        # two more for answering taps, and one for the poll.
        self._taps_at_once = asyncio.Semaphore(2)
        trust: dict[str, Any] = {"verify": _trust()}
        self._calls = _Wire(
            self.capabilities.at_once + 2,
            read_timeout=answer_seconds,
            write_timeout=answer_seconds,
            connect_timeout=10,
            pool_timeout=10,
            media_write_timeout=max(60, answer_seconds),
            proxy=proxy,
            httpx_kwargs=trust,
        )
        self._polls = _Wire(1, connect_timeout=10, proxy=proxy, httpx_kwargs=trust)
        self._downloads = httpx.AsyncClient(timeout=answer_seconds, proxy=proxy, **trust)
        self._bot = Bot(
            token,
            base_url=f"{api_base}/bot",
            base_file_url=f"{api_base}/file/bot",
            request=self._calls,
            get_updates_request=self._polls,
        )
        self._username: str | None = None
        self._taps: set[asyncio.Task[None]] = set()
        self._offered: dict[str, int] = {}

    async def close(self) -> None:
        """Let go of all connections. Nothing can be sent afterwards."""
        for tap in self._taps:
            tap.cancel()
        await asyncio.gather(*self._taps, return_exceptions=True)
        await self._calls.shutdown()
        await self._polls.shutdown()
        await self._downloads.aclose()

    # ------------------------------------------------------------ receiving

    def routes(self, receive: Receive) -> tuple[()]:
        """None yet: the webhook still opens a port of its own."""
        return ()

    async def run(self, receive: Receive) -> None:
        """Receive until cancelled, handing each raw update to `receive` before confirming it.

        Whatever goes wrong is logged and tried again. Raises `OSError` if the webhook's port
        cannot be had.
        """
        if self._webhook is None:
            await self._learn_name()
            await self._insist(self._bot.delete_webhook)
            await self._poll(receive)
        else:
            await self._listen(receive, self._webhook)

    async def _learn_name(self) -> None:
        me = await self._insist(self._bot.get_me)
        self._username = (me.username or "").lower()

    async def _poll(self, receive: Receive) -> None:
        """Fetch, store, and confirm what was stored by asking for what comes after it.

        The first poll, and every one after an empty answer, names no offset: all that is left is
        unconfirmed, and ids start anew at random after a silent week.
        """
        offset: int | None = None
        while True:
            updates = await self._insist(partial(self._fetch_updates, offset))
            if updates:
                batch = [received(json.dumps(update)) for update in updates]
                await self._insist(partial(receive, self.name, batch))
                self._answer_taps(updates)
            offset = max(map(_update_id, updates)) + 1 if updates else None

    async def _fetch_updates(self, offset: int | None) -> list[Any]:
        """One long poll, raw: `Bot.get_updates` decodes all or none.

        The library's request class is asked directly, with the parameters in the URL: that takes
        nothing private of the library's.
        """
        query: dict[str, int | str] = {
            "timeout": self._poll_seconds,
            "allowed_updates": json.dumps(WANTED),
        }
        if offset is not None:
            query["offset"] = offset
        _, payload = await self._polls.do_request(
            f"{self._bot.base_url}/getUpdates?{urlencode(query)}",
            "GET",
            read_timeout=self._poll_seconds + self._answer_seconds,
        )
        updates = json.loads(payload)["result"]
        if not isinstance(updates, list) or (updates and max(map(_update_id, updates)) < 0):
            raise _Failure("getUpdates answered something else")
        return updates

    async def _insist(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do it until it succeeds, resting after each failure."""
        for pause in _pauses(self._first_pause):
            try:
                return await act()
            except _Failure as failure:
                if failure.code == 409:
                    log.error("telegram.another_receiver", detail=failure.what)
                else:
                    log.warning("telegram.not_receiving", detail=failure.what)
                await asyncio.sleep(failure.retry_after or pause)
            except Exception as error:
                # Its name only: a database's error quotes what it could not store.
                log.error("telegram.not_receiving", detail=type(error).__name__)
                await asyncio.sleep(pause)
        raise AssertionError("unreachable: pauses have no end")

    async def _listen(self, receive: Receive, webhook: Webhook) -> None:
        listener = socket.create_server(
            (webhook.host, webhook.port),
            family=socket.AF_INET6 if ":" in webhook.host else socket.AF_INET,
        )
        server = _Server(
            uvicorn.Config(
                self.webhook_app(receive),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=5,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await self._learn_name()
            await self._insist(
                partial(
                    self._bot.set_webhook,
                    webhook.url,
                    allowed_updates=WANTED,
                    secret_token=webhook.secret,
                )
            )
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving

    def webhook_app(self, receive: Receive) -> Starlette:
        """What takes Telegram's pushes: stored first, then answered 200.

        403 without the secret, 413 past `UPDATE_LIMIT`, 503 if it could not be stored, and then
        Telegram sends it again.
        """
        webhook = self._webhook
        if webhook is None:
            raise ValueError("no webhook is configured")
        secret = webhook.secret.encode()

        async def push(request: Request) -> Response:
            shown = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
            if not compare_digest(shown.encode(), secret):
                return Response(status_code=403)
            body = bytearray()
            async for chunk in request.stream():
                body += chunk
                if len(body) > UPDATE_LIMIT:
                    log.error("telegram.update_too_large")
                    return Response(status_code=413)
            update = received(body.decode(errors="replace"))
            try:
                await receive(self.name, [update])
            except Exception as error:
                log.error("telegram.not_receiving", detail=type(error).__name__)
                return Response(status_code=503)
            self._answer_taps([_loads(update.raw)])
            return Response(status_code=200)

        return Starlette(routes=[Route(webhook.path, push, methods=["POST"])])

    def _answer_taps(self, updates: Iterable[Any]) -> None:
        """Stop the buttons' spinners: at once, as far as possible, and in nobody's way."""
        for update in updates:
            match update:
                case {"callback_query": {"id": str(tap)}}:
                    task = asyncio.create_task(self._answer_tap(tap))
                    self._taps.add(task)
                    task.add_done_callback(self._taps.discard)

    async def _answer_tap(self, tap: str) -> None:
        async with self._taps_at_once:
            with contextlib.suppress(_Failure):
                await _call(self._bot.answer_callback_query(tap))

    # ------------------------------------------------------------ reading

    def decode(self, raw: str) -> Incoming | None:
        """What a stored update says, `None` if nothing for us.

        Raises whatever the library raises on an update it cannot decode.
        """
        update = Update.de_json(json.loads(raw))
        if update.callback_query is not None:
            return _tap(update.callback_query)
        if update.my_chat_member is not None:
            return _membership(update.my_chat_member)
        if update.edited_message is not None:
            return _edited(update.edited_message)
        if update.message is not None:
            return self._message(update.message)
        return None

    def _message(self, message: Message) -> Incoming | None:
        frame = _frame(message.chat, message.from_user)
        if message.from_user is not None and message.from_user.is_bot:
            return None
        text = message.text or message.caption
        if text and (command := re.match(r"(/\w+)@(\w+)(?!\S)", text)):
            if frame.group and self._username not in (None, command[2].lower()):
                return None
            text = command[1] + text[command.end() :]
        if code := re.fullmatch(r"/start ([\w-]{1,64})\s*", text or "", re.ASCII):
            return replace(frame, start=code[1])
        files, other = _files(message), _unreadable(message)
        if text is None and not files and other is None:
            return None
        return replace(frame, text=text, files=files, other=other)

    # ------------------------------------------------------------ sending

    async def send(self, row: int, address: str, message: Outgoing, earlier: str | None) -> str:
        """Put a message before a person; gives Telegram's id of it, the last if it took several.

        A text too long for one message goes out in pieces, with the buttons under the last. Files
        go before the words, or with them as a caption. Raises `Unreachable`, `TryLater`, `Unsent`
        or `FateUnknown`.
        """
        del row  # Telegram takes no key by which it would know a message again.
        message = flat(message)
        keyboard = _keyboard(message.rows)
        if message.replace and earlier and await self._edit(address, message, earlier, keyboard):
            return earlier
        files = [await self._load(file_id) for file_id in message.files]
        try:
            return await self._show(self._calls_for(address, message, files, keyboard))
        except Unsent:
            # A picture Telegram will not take as a photo (too long, too large) goes as a file.
            if not any(file.picture for file in files):
                raise
            plain = [replace(file, picture=False) for file in files]
            return await self._show(self._calls_for(address, message, plain, keyboard))

    async def _edit(
        self,
        address: str,
        message: Outgoing,
        earlier: str,
        keyboard: InlineKeyboardMarkup | None,
    ) -> bool:
        """Put a message in the place of an earlier one; `False` if it has to be sent anew."""
        if message.files or units(message.text) > self.capabilities.text_limit:
            return False
        try:
            await _call(
                self._bot.edit_message_text(
                    message.text,
                    chat_id=address,
                    message_id=int(earlier),
                    reply_markup=keyboard,
                    link_preview_options=NO_PREVIEW,
                )
            )
        except _Failure as failure:
            if failure.code == 400 and "message is not modified" in failure.what:
                return True
            if failure.code == 400 and any(gone in failure.what.lower() for gone in MESSAGE_GONE):
                return False
            error = _delivery_error(failure)
            if isinstance(error, FateUnknown):
                # The same edit made twice shows once, so it is safe to repeat.
                raise TryLater(PAUSE) from None
            raise error from None
        return True

    async def _load(self, file_id: int) -> _File:
        def read() -> _File:
            path, name, media_type = self._open_file(file_id)
            content = path.read_bytes()
            photo = media_type in ("image/jpeg", "image/png", "image/webp")
            return _File(name, content, photo and len(content) <= PHOTO_LIMIT)

        try:
            return await asyncio.to_thread(read)
        except (LookupError, OSError) as error:
            raise Unsent(f"file {file_id} cannot be read: {type(error).__name__}") from None

    def _calls_for(
        self,
        address: str,
        message: Outgoing,
        files: Sequence[_File],
        keyboard: InlineKeyboardMarkup | None,
    ) -> list[Callable[[], Awaitable[Any]]]:
        """The calls that show a message, in order."""
        if keyboard and not message.text and len(files) != 1:
            raise Unsent("buttons need a text to stand under")
        albums = _albums(files)
        # An album has no buttons, and a card must stay a text to be edited later.
        stays_text = message.card or (keyboard and len(files) > 1)
        fits = units(message.text) <= CAPTION_LIMIT and not stays_text
        if len(albums) == 1 and (fits or not message.text):
            return [self._album_call(address, albums[0], message.text or None, keyboard)]
        calls = [self._album_call(address, album, None, None) for album in albums]
        pieces = split(message.text, self.capabilities.text_limit)
        for number, piece in enumerate(pieces, start=1):
            calls.append(
                partial(
                    self._bot.send_message,
                    address,
                    piece,
                    reply_markup=keyboard if number == len(pieces) else None,
                    link_preview_options=NO_PREVIEW,
                )
            )
        return calls

    def _album_call(
        self,
        address: str,
        album: Sequence[_File],
        caption: str | None,
        keyboard: InlineKeyboardMarkup | None,
    ) -> Callable[[], Awaitable[Any]]:
        if len(album) > 1:
            kind = InputMediaPhoto if album[0].picture else InputMediaDocument
            media = [kind(file.content, filename=file.name) for file in album]
            return partial(self._bot.send_media_group, address, media, caption=caption)
        (file,) = album
        send = self._bot.send_photo if file.picture else self._bot.send_document
        return partial(
            send, address, file.content, caption, filename=file.name, reply_markup=keyboard
        )

    async def _show(self, calls: Sequence[Callable[[], Awaitable[Any]]]) -> str:
        """Make the calls that show one message; gives the last one's id.

        Once something has been shown, the row can no longer be sent again as a whole: a pause
        that Telegram asks for is waited out here, and any other failure leaves its fate unknown.
        """
        shown: Any = None
        for call in calls:
            for _ in range(PATIENCE):
                try:
                    shown = await _call(call())
                    break
                except _Failure as failure:
                    error = _delivery_error(failure)
                    if shown is None:
                        raise error from None
                    if not isinstance(error, TryLater) or error.seconds > LONGEST_PAUSE:
                        raise FateUnknown(f"only partly shown: {failure.what}") from None
                    await asyncio.sleep(error.seconds)
            else:
                raise FateUnknown("only partly shown")
        if shown is None:
            raise Unsent("an empty message")
        last: Message = shown[-1] if isinstance(shown, tuple) else shown
        return str(last.message_id)

    # ------------------------------------------------------------ files and menus

    async def fetch(self, ref: str, limit: int) -> bytes:
        """The bytes of a received file. Raises `FileTooLarge` past `limit` bytes, or `Unsent`.

        Telegram gives no file above 20 MB, and a link to one for an hour.
        """
        rest, what = 0.0, ""
        for pause in islice(_pauses(self._first_pause), PATIENCE):
            await asyncio.sleep(rest)
            try:
                return await self._download(ref, limit)
            except _Failure as failure:
                if "file is too big" in failure.what:
                    raise FileTooLarge from None
                if not isinstance(_delivery_error(failure), TryLater | FateUnknown):
                    raise Unsent(failure.what) from None
                rest, what = min(failure.retry_after or pause, PAUSE), failure.what
        raise Unsent(what)

    async def _download(self, ref: str, limit: int) -> bytes:
        file = await _call(self._bot.get_file(ref))
        if (file.file_size or 0) > limit:
            raise FileTooLarge
        # The library gives a whole URL, or, where such a path happens to exist here, the path.
        base = self._bot.base_file_url
        path = (file.file_path or "").removeprefix(f"{base}/")
        content = bytearray()
        try:
            async with self._downloads.stream("GET", f"{base}/{quote(path)}") as answer:
                if answer.status_code != 200:
                    raise _Failure(f"HTTP {answer.status_code} for a file", sent=False)
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > limit:
                        raise FileTooLarge
        except httpx.HTTPError as error:
            raise _Failure(type(error).__name__) from None
        return bytes(content)

    async def offer(self, address: str, commands: Sequence[tuple[str, str]]) -> None:
        """Show this chat its own menu of commands, as (name, description) pairs.

        Names are 1 to 32 of a-z 0-9 _; descriptions, in the reader's language already, at most
        256 characters: a chat's own menu without a language holds for every client's language.
        Raises as `send` does.
        """
        menu = tuple(commands)
        if self._offered.get(address) == hash(menu):
            return
        try:
            await _call(self._bot.set_my_commands(menu, scope=BotCommandScopeChat(int(address))))
        except _Failure as failure:
            raise _delivery_error(failure) from None
        self._offered[address] = hash(menu)


class _Server(uvicorn.Server):
    """A server among other tasks: the process's signals are not its to take."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _pauses(first: float) -> Iterator[float]:
    """Seconds to rest after each failure in a row, without end."""
    pause = first
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE)


# ---------------------------------------------------------------- updates as they come


def received(raw: str) -> Received:
    """An update as it is stored, told without decoding it; it may be anything at all."""
    update = _loads(raw)
    known = _update_id(update)
    key = str(known) if known >= 0 else f"sha256:{sha256(raw.encode()).hexdigest()}"
    return Received(key, _address(update), raw, _album(update))


def _loads(raw: str | bytes) -> Any:
    """JSON, `None` if it is none."""
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _update_id(update: Any) -> int:
    """Its id, -1 where it has none."""
    match update:
        case {"update_id": int(known)}:
            return known
    return -1


def _address(update: Any) -> str:
    """The chat, or who tapped outside any chat of ours; empty if it cannot be told."""
    match update:
        case (
            {"message": {"chat": {"id": int(chat)}}}
            | {"edited_message": {"chat": {"id": int(chat)}}}
            | {"callback_query": {"message": {"chat": {"id": int(chat)}}}}
            | {"my_chat_member": {"chat": {"id": int(chat)}}}
            | {"callback_query": {"from": {"id": int(chat)}}}
        ):
            return str(chat)
    return ""


def _album(update: Any) -> str:
    match update:
        case {"message": {"media_group_id": str(album)}}:
            return album
    return ""


# ---------------------------------------------------------------- from Telegram's types to ours


def _frame(where: Chat | User, user: User | None) -> Incoming:
    """Where something happened, who did it, and in which language; not yet what.

    A person's own chat has the person's id.
    """
    group = isinstance(where, Chat) and where.type != Chat.PRIVATE
    tongue = (user.language_code or "").partition("-")[0].lower() if user else ""
    return Incoming(
        address=str(where.id),
        group=group,
        sender=str(user.id) if group and user else "",
        name=user.full_name if user else "",
        language="zh" if tongue == "zh" else "en" if tongue == "en" else None,
    )


def _tap(tap: CallbackQuery) -> Incoming | None:
    """A pressed button; its message may be too old to be shown to us, or in another chat."""
    if tap.data is None:
        return None
    where = tap.message.chat if tap.message else tap.from_user
    return replace(_frame(where, tap.from_user), press=tap.data)


def _edited(message: Message) -> Incoming | None:
    """Something said was changed afterwards. What was said stands: the new words are left out."""
    if message.location:
        return None  # a live location moves by edits, every few seconds
    return replace(_frame(message.chat, message.from_user), other="edited")


def _membership(change: ChatMemberUpdated) -> Incoming | None:
    """We were blocked or removed, or let in again."""
    was, now = _is_in(change.old_chat_member), _is_in(change.new_chat_member)
    if was == now:
        return None
    presence: Literal["left", "returned"] = "returned" if now else "left"
    return replace(_frame(change.chat, change.from_user), presence=presence)


def _is_in(member: ChatMember) -> bool:
    if isinstance(member, ChatMemberRestricted):
        return member.is_member
    return member.status not in (ChatMember.LEFT, ChatMember.BANNED)


def _files(message: Message) -> tuple[Attachment, ...]:
    """The photo or document in a message; a photo in its largest size."""
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        name = f"{largest.file_unique_id}.jpg"
        return (Attachment(largest.file_id, name, "image/jpeg", largest.file_size),)
    # An animation carries a document too, for clients that do not know animations.
    if message.document and not message.animation:
        file = message.document
        return (
            Attachment(
                file.file_id,
                file.file_name or file.file_unique_id,
                file.mime_type or "application/octet-stream",
                file.file_size,
            ),
        )
    return ()


UNREADABLE: Final = {
    "sticker": "sticker",
    "voice": "voice",
    "audio": "audio",
    "video": "video",
    "video_note": "video",
    "animation": "video",
    "location": "location",
    "venue": "location",
    "contact": "contact",
    "poll": "poll",
    "dice": "unknown",
    "game": "unknown",
    "story": "unknown",
    "checklist": "unknown",
    "live_photo": "unknown",
    "paid_media": "unknown",
    "invoice": "unknown",
    "giveaway": "unknown",
}
"""What a person can send that we cannot read, and our word for it. Whatever else a message without
words carries is the chat's own affair: somebody joined, something was pinned."""


def _unreadable(message: Message) -> str | None:
    for field, kind in UNREADABLE.items():
        if getattr(message, field):
            return kind
    # A field newer than the library may be a new kind of message; in a group it is not for us.
    newer = bool(message.api_kwargs) and message.chat.type == Chat.PRIVATE
    return "unknown" if newer and not (message.text or message.photo or message.document) else None


# ---------------------------------------------------------------- from ours to Telegram's


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    content: bytes
    picture: bool
    """To be shown as a photo, not as a file."""


def _albums(files: Sequence[_File]) -> list[list[_File]]:
    """Files as they can be sent together: pictures apart from documents, ten at most."""
    alike = [[f for f in files if f.picture], [f for f in files if not f.picture]]
    return [
        kind[start : start + ALBUM_LIMIT]
        for kind in alike
        for start in range(0, len(kind), ALBUM_LIMIT)
    ]


def _keyboard(rows: Sequence[Sequence[Button]]) -> InlineKeyboardMarkup | None:
    """Raises `Unsent` if a button carries nothing, or more than Telegram takes."""
    for button in (button for row in rows for button in row):
        size = len(button.press.encode())
        if not 1 <= size <= PRESS_LIMIT:
            raise Unsent(f"a button carries {size} bytes, not 1 to {PRESS_LIMIT}")
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(button.label, callback_data=button.press) for button in row]
            for row in rows
        ]
    )


# ---------------------------------------------------------------- long texts


def units(text: str) -> int:
    """How long Telegram finds a text: in UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)


def split(text: str, limit: int) -> list[str]:
    """Cut a text into pieces of at most `limit` UTF-16 units, none of them blank.

    Between paragraphs if that leaves no piece under half full, else between lines, sentences or
    words, else between characters as people see them.
    """
    pieces = []
    while units(text) > limit:
        cut = _cut(text, _fitting(text, limit))
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip("\n")
    return [piece for piece in (*pieces, text) if piece.strip()]


def _fitting(text: str, limit: int) -> int:
    """How many characters of `text`, which is longer, fit in `limit` units."""
    taken = 0
    for at, character in enumerate(text):
        taken += 2 if character > "\uffff" else 1
        if taken > limit:
            return at
    return len(text)


def _cut(text: str, end: int) -> int:
    """The best place to cut at or before `end`, which is not the text's own end."""
    for border in ("\n\n", "\n", "。", " "):
        at = text.rfind(border, end // 2, end)
        if at >= 0:
            return at + len(border)
    cut = end
    while cut > 0 and _holds_together(text, cut):
        cut -= 1
    return cut or end


def _holds_together(text: str, at: int) -> bool:
    """The characters before and after `at` make one that people see: 👩‍🔬, é, 🇨🇳."""
    before, after = text[at - 1], text[at]
    if before == "\u200d" or after == "\u200d" or unicodedata.category(after).startswith("M"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True  # skin tones, and the tags that spell a region's flag
    flags = re.search("[\U0001f1e6-\U0001f1ff]*$", text[max(0, at - 64) : at])
    return "\U0001f1e6" <= after <= "\U0001f1ff" and flags is not None and len(flags[0]) % 2 == 1

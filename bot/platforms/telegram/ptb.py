"""The calls to Telegram, made by python-telegram-bot 22.8 (Bot API 10.0)."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Awaitable, Sequence
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import urlencode, urlsplit

import httpx
from telegram import (
    Bot,
    BotCommandScopeChat,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
    Message,
    MessageEntity,
    WebAppInfo,
)
from telegram.error import TelegramError
from telegram.request import HTTPXRequest, RequestData

from bot.platforms.telegram.calls import (
    CONNECT_SECONDS,
    SENDS_AT_ONCE,
    SPARE_CONNECTIONS,
    TAP_SECONDS,
    TAPS_AT_ONCE,
    UPLOAD_SECONDS,
    ApiServer,
    KeptFile,
    Limited,
)
from bot.platforms.telegram.drawing import Key, Piece
from bot.platforms.telegram.failures import Failure, message_id, result, unanswered
from bot.platforms.telegram.text import Keyboard, Upload

T = TypeVar("T")

NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)
"""Telegram fetches what it previews, and so would use up a one-time link."""


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


# httpx writes each URL, which holds the token, at INFO; the library writes the token, and people's
# words, at DEBUG. A filter holds whatever level somebody sets later.
for _name in ("httpx", "telegram.Bot"):
    logging.getLogger(_name).addFilter(_is_warning)


class _Carried(TelegramError):
    """A `Failure` on its way through the library, which lets nothing else pass."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.what)
        self.failure = failure


@cache
def _trust() -> ssl.SSLContext:
    """One for all clients: reading the certificates takes a tenth of a second."""
    return httpx.create_ssl_context()


class _Wire(HTTPXRequest):
    """The library's HTTP, with failures that can be told apart."""

    async def ask(self, url: str, method: str, *args: Any, **named: Any) -> Any:
        """What Telegram answers. Raises `Failure`, whatever happens."""
        called = urlsplit(url).path.rpartition("/")[2]
        try:
            status, payload = await super().do_request(url, method, *args, **named)
        except Exception as error:
            # The library keeps httpx's own error, which alone knows how far the call came.
            cause = error.__cause__ or error
            sent = not isinstance(cause, NEVER_SENT)
            raise unanswered(cause, sent=sent, method=called) from None
        return result(status, payload, called)

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *timeouts: Any,
        **named_timeouts: Any,
    ) -> tuple[int, bytes]:
        """Gives the library an answer that it can read."""
        try:
            found = await self.ask(url, method, request_data, *timeouts, **named_timeouts)
            answer = {"ok": True, "result": _readable(found)}
        except Failure as failure:
            raise _Carried(failure) from None
        return 200, json.dumps(answer).encode()


def _readable(found: Any) -> Any:
    """Of messages that were shown only the ids, in messages that the library can read surely."""
    if isinstance(found, list):
        return [_readable(item) for item in found]
    if isinstance(found, dict) and "message_id" in found:
        return {"message_id": message_id(found), "date": 0, "chat": {"id": 0, "type": "private"}}
    return found


async def _call(call: Awaitable[T]) -> T:
    """Make a call. Raises `Failure` only."""
    try:
        return await call
    except _Carried as carried:
        raise carried.failure from None
    except Exception as error:
        # Telegram's answer was good, and the library could not read it.
        raise Failure(f"answer unread: {type(error).__name__}") from None


async def _shown(call: Awaitable[Message | tuple[Message, ...]]) -> int:
    """Make a call that shows something; returns the id of the last message."""

    async def last() -> int:
        shown = await call
        return shown[-1].message_id if isinstance(shown, tuple) else shown.message_id

    return await _call(last())


class PtbCalls:
    """Calls by python-telegram-bot's `Bot`."""

    at_once = SENDS_AT_ONCE

    def __init__(self, server: ApiServer) -> None:
        """Nothing is connected yet."""
        self._server = server
        trust: dict[str, Any] = {"verify": _trust()}
        # One for each delivery at once, more for what holds nobody up, and one for the poll.
        self._wire = _Wire(
            self.at_once + TAPS_AT_ONCE + SPARE_CONNECTIONS,
            read_timeout=server.answer_seconds,
            write_timeout=server.answer_seconds,
            connect_timeout=CONNECT_SECONDS,
            pool_timeout=CONNECT_SECONDS,
            media_write_timeout=max(UPLOAD_SECONDS, server.answer_seconds),
            proxy=server.proxy,
            httpx_kwargs=trust,
        )
        self._polls = _Wire(
            1, connect_timeout=CONNECT_SECONDS, proxy=server.proxy, httpx_kwargs=trust
        )
        self._downloads = httpx.AsyncClient(
            timeout=server.answer_seconds, proxy=server.proxy, **trust
        )
        self._bot = Bot(
            server.token,
            base_url=f"{server.api_base}/bot",
            base_file_url=f"{server.api_base}/file/bot",
            request=self._wire,
            get_updates_request=self._polls,
        )

    async def close(self) -> None:
        await self._wire.shutdown()
        await self._polls.shutdown()
        await self._downloads.aclose()

    # ------------------------------------------------------------ receiving

    async def username(self) -> str:
        me = await _call(self._bot.get_me())
        return me.username or ""

    async def updates(self, offset: int | None, seconds: int, wanted: Sequence[str]) -> Any:
        """Asked of the library's request class, with the parameters in the URL: `Bot.get_updates`
        decodes all or none."""
        query: dict[str, int | str] = {"timeout": seconds, "allowed_updates": json.dumps(wanted)}
        if offset is not None:
            query["offset"] = offset
        return await self._polls.ask(
            f"{self._bot.base_url}/getUpdates?{urlencode(query)}",
            "GET",
            read_timeout=seconds + self._server.answer_seconds,
        )

    async def set_webhook(self, url: str, secret: str, wanted: Sequence[str]) -> None:
        await _call(self._bot.set_webhook(url, allowed_updates=wanted, secret_token=secret))

    async def delete_webhook(self) -> None:
        await _call(self._bot.delete_webhook())

    async def answer_tap(self, tap: str) -> None:
        await _call(self._bot.answer_callback_query(tap, read_timeout=TAP_SECONDS))

    # ------------------------------------------------------------ sending

    async def send_text(self, chat: str, piece: Piece, keyboard: Keyboard) -> int:
        return await _shown(
            self._bot.send_message(
                chat,
                piece.text,
                entities=_entities(piece),
                reply_markup=_keyboard(keyboard),
                link_preview_options=NO_PREVIEW,
            )
        )

    async def edit_text(self, chat: str, message: int, piece: Piece, keyboard: Keyboard) -> None:
        await _call(
            self._bot.edit_message_text(
                piece.text,
                chat_id=chat,
                message_id=message,
                entities=_entities(piece),
                reply_markup=_keyboard(keyboard),
                link_preview_options=NO_PREVIEW,
            )
        )

    async def send_file(self, chat: str, file: Upload, caption: Piece, keyboard: Keyboard) -> int:
        send = self._bot.send_photo if file.picture else self._bot.send_document
        return await _shown(
            send(
                chat,
                file.content,
                caption.text or None,
                caption_entities=_entities(caption),
                filename=file.name,
                reply_markup=_keyboard(keyboard),
            )
        )

    async def send_album(self, chat: str, files: Sequence[Upload], caption: Piece) -> int:
        kind = InputMediaPhoto if files[0].picture else InputMediaDocument
        media = [kind(file.content, filename=file.name) for file in files]
        return await _shown(
            self._bot.send_media_group(
                chat,
                media,
                caption=caption.text or None,
                caption_entities=_entities(caption) if caption.text else None,
            )
        )

    async def set_menu(self, chat: str, commands: Sequence[tuple[str, str]]) -> None:
        await _call(self._bot.set_my_commands(commands, scope=BotCommandScopeChat(int(chat))))

    # ------------------------------------------------------------ files that come

    async def find_file(self, ref: str) -> KeptFile:
        file = await _call(self._bot.get_file(ref))
        # The library gives a whole URL, or, where such a path happens to exist here, the path.
        path = (file.file_path or "").removeprefix(f"{self._bot.base_file_url}/")
        return KeptFile(path, file.file_size or 0)

    async def download(self, kept: KeptFile, limit: int) -> bytes:
        taken = Limited(limit)
        try:
            async with self._downloads.stream("GET", self._server.file_url(kept.path)) as answer:
                if answer.status_code != 200:
                    raise Failure(
                        f"HTTP {answer.status_code} for a file",
                        status=answer.status_code,
                        sent=False,
                    )
                async for chunk in answer.aiter_bytes():
                    taken.take(chunk)
        except httpx.HTTPError as error:
            raise unanswered(error, sent=True) from None
        return bytes(taken.content)


def _entities(piece: Piece) -> list[MessageEntity]:
    return [MessageEntity(*entity) for entity in piece.entities]


def _keyboard(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    if not keyboard:
        return None
    return InlineKeyboardMarkup([[_button(key) for key in row] for row in keyboard])


def _button(key: Key) -> InlineKeyboardButton:
    if key.copies:
        return InlineKeyboardButton(key.label, copy_text=CopyTextButton(key.copies))
    if key.within:
        return InlineKeyboardButton(key.label, web_app=WebAppInfo(key.opens))
    if key.opens:
        return InlineKeyboardButton(key.label, url=key.opens)
    return InlineKeyboardButton(key.label, callback_data=key.press, style=key.style or None)

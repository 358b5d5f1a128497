"""The calls to Telegram through aiogram 3.31 (Bot API 10.1).

Only its methods and its request building are used: not its dispatcher, its polling or its errors.
Answers are never parsed into its types, which refuse anything newer than themselves.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import certifi
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteWebhook,
    EditMessageText,
    GetFile,
    GetMe,
    GetUpdates,
    SendDocument,
    SendMediaGroup,
    SendMessage,
    SendPhoto,
    SetMyCommands,
    SetWebhook,
    TelegramMethod,
)
from aiogram.types import (
    BotCommand,
    BotCommandScopeChat,
    BufferedInputFile,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
    MediaUnion,
    MessageEntity,
    WebAppInfo,
)
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHttpProxyError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    InvalidURL,
    NonHttpUrlClientError,
    TCPConnector,
)

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

NEVER_SENT: Final = (
    ClientConnectorError,
    ConnectionTimeoutError,
    ClientHttpProxyError,
    InvalidURL,
    NonHttpUrlClientError,
)

NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)
"""Telegram fetches what it previews, which would use up a one-time link."""

IDLE_SECONDS: Final = 5.0
"""Seconds for which an idle connection is kept: if Telegram had closed it meanwhile, the fate of
the next call would be unknown."""


@cache
def _trust() -> ssl.SSLContext:
    """The certificates that this machine trusts; the usual ones if it has no list."""
    trusted = ssl.create_default_context()
    trusted.load_verify_locations(certifi.where())
    return trusted


class AiogramCalls:
    """Calls by aiogram's methods, over aiohttp."""

    at_once = SENDS_AT_ONCE

    def __init__(self, server: ApiServer) -> None:
        """Connect to nothing yet."""
        self._server = server
        api = TelegramAPIServer.from_base(server.api_base)
        self._forms = AiohttpSession(api=api)
        self._bot = Bot(server.token, session=self._forms)
        self._never_sent: tuple[type[Exception], ...] = NEVER_SENT
        self._http: ClientSession | None = None

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    def _connected(self) -> ClientSession:
        """The one session, made at first use: it needs a running loop."""
        if self._http is None:
            # Two further connections: for the poll, and for a download.
            limit = self.at_once + TAPS_AT_ONCE + SPARE_CONNECTIONS + 2
            proxy = self._server.proxy
            connector, proxy = self._connector(proxy, limit)
            self._http = ClientSession(connector=connector, proxy=proxy, trust_env=True)
        return self._http

    def _connector(self, proxy: str | None, limit: int) -> tuple[TCPConnector, str | None]:
        """A connector, and the proxy that requests must name, if the connector does not use it
        itself."""
        settings: dict[str, Any] = {
            "limit": limit,
            "keepalive_timeout": IDLE_SECONDS,
            "ssl": _trust(),
        }
        if proxy is None or not proxy.startswith("socks"):
            return TCPConnector(**settings), proxy
        from aiohttp_socks import (
            ProxyConnectionError,
            ProxyConnector,
            ProxyError,
            ProxyTimeoutError,
        )

        self._never_sent = (*NEVER_SENT, ProxyConnectionError, ProxyError, ProxyTimeoutError)
        return ProxyConnector.from_url(proxy, rdns=True, **settings), None

    async def _ask(
        self, method: TelegramMethod[Any], seconds: float = 0, at_most: float | None = None
    ) -> Any:
        """What Telegram answers, as raw JSON. Raises `Failure`, whatever happens.

        The answer may take so many seconds more than usual, or `at_most` so many.
        """
        form = self._forms.build_form_data(self._bot, method)
        url = self._forms.api.api_url(self._server.token, method.__api_method__)
        patience = at_most or self._server.answer_seconds + seconds
        timeout = ClientTimeout(
            total=max(UPLOAD_SECONDS, patience) + CONNECT_SECONDS,
            connect=CONNECT_SECONDS,
            sock_read=patience,
        )
        try:
            async with self._connected().post(
                url, data=form, timeout=timeout, allow_redirects=False
            ) as answer:
                payload = await answer.read()
        except Exception as error:
            sent = not isinstance(error, self._never_sent)
            raise unanswered(error, sent=sent, method=method.__api_method__) from None
        return result(answer.status, payload, method.__api_method__)

    # ------------------------------------------------------------ receiving

    async def username(self) -> str:
        match await self._ask(GetMe()):
            case {"username": str(name)}:
                return name
        raise Failure("getMe answered something else")

    async def updates(self, offset: int | None, seconds: int, wanted: Sequence[str]) -> Any:
        method = GetUpdates(offset=offset, timeout=seconds, allowed_updates=list(wanted))
        return await self._ask(method, seconds)

    async def set_webhook(self, url: str, secret: str, wanted: Sequence[str]) -> None:
        await self._ask(SetWebhook(url=url, secret_token=secret, allowed_updates=list(wanted)))

    async def delete_webhook(self) -> None:
        await self._ask(DeleteWebhook())

    async def answer_tap(self, tap: str) -> None:
        await self._ask(AnswerCallbackQuery(callback_query_id=tap), at_most=TAP_SECONDS)

    # ------------------------------------------------------------ sending

    async def send_text(self, chat: str, piece: Piece, keyboard: Keyboard) -> int:
        shown = await self._ask(
            SendMessage(
                chat_id=chat,
                text=piece.text,
                entities=_entities(piece),
                reply_markup=_keyboard(keyboard),
                link_preview_options=NO_PREVIEW,
            )
        )
        return message_id(shown)

    async def edit_text(self, chat: str, message: int, piece: Piece, keyboard: Keyboard) -> None:
        await self._ask(
            EditMessageText(
                chat_id=chat,
                message_id=message,
                text=piece.text,
                entities=_entities(piece),
                reply_markup=_keyboard(keyboard),
                link_preview_options=NO_PREVIEW,
            )
        )

    async def send_file(self, chat: str, file: Upload, caption: Piece, keyboard: Keyboard) -> int:
        content, markup, entities = _upload(file), _keyboard(keyboard), _entities(caption)
        method = (
            SendPhoto(
                chat_id=chat,
                photo=content,
                caption=caption.text,
                caption_entities=entities,
                reply_markup=markup,
            )
            if file.picture
            else SendDocument(
                chat_id=chat,
                document=content,
                caption=caption.text,
                caption_entities=entities,
                reply_markup=markup,
            )
        )
        return message_id(await self._ask(method))

    async def send_album(self, chat: str, files: Sequence[Upload], caption: Piece) -> int:
        kind = InputMediaPhoto if files[0].picture else InputMediaDocument
        media: list[MediaUnion] = [
            kind(
                media=_upload(file),
                caption=caption.text if first else None,
                caption_entities=_entities(caption) if first else None,
            )
            for first, file in zip([True] + [False] * len(files), files, strict=False)
        ]
        return message_id(await self._ask(SendMediaGroup(chat_id=chat, media=media)))

    async def set_menu(self, chat: str, commands: Sequence[tuple[str, str]]) -> None:
        menu = [BotCommand(command=name, description=words) for name, words in commands]
        scope = BotCommandScopeChat(chat_id=int(chat))
        await self._ask(SetMyCommands(commands=menu, scope=scope))

    # ------------------------------------------------------------ files that come

    async def find_file(self, ref: str) -> KeptFile:
        match await self._ask(GetFile(file_id=ref)):
            case {"file_path": str(path), "file_size": int(size)}:
                return KeptFile(path, size)
            case {"file_path": str(path)}:
                return KeptFile(path, 0)
        raise Failure("getFile answered something else")

    async def download(self, kept: KeptFile, limit: int) -> bytes:
        taken = Limited(limit)
        timeout = ClientTimeout(
            total=None, connect=CONNECT_SECONDS, sock_read=self._server.answer_seconds
        )
        try:
            async with self._connected().get(
                self._server.file_url(kept.path), timeout=timeout, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    raise Failure(
                        f"HTTP {answer.status} for a file", status=answer.status, sent=False
                    )
                async for chunk in answer.content.iter_chunked(65536):
                    taken.take(chunk)
        except (ClientError, TimeoutError) as error:
            raise unanswered(error, sent=True) from None
        return bytes(taken.content)


def _upload(file: Upload) -> BufferedInputFile:
    return BufferedInputFile(file.content, filename=file.name)


def _entities(piece: Piece) -> list[MessageEntity]:
    return [
        MessageEntity(type=one.type, offset=one.offset, length=one.length)
        for one in piece.entities
    ]


def _keyboard(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    if not keyboard:
        return None
    return InlineKeyboardMarkup(
        inline_keyboard=[[_button(key) for key in row] for row in keyboard]
    )


def _button(key: Key) -> InlineKeyboardButton:
    if key.copies:
        return InlineKeyboardButton(text=key.label, copy_text=CopyTextButton(text=key.copies))
    if key.within:
        return InlineKeyboardButton(text=key.label, web_app=WebAppInfo(url=key.opens))
    if key.opens:
        return InlineKeyboardButton(text=key.label, url=key.opens)
    return InlineKeyboardButton(text=key.label, callback_data=key.press, style=key.style or None)

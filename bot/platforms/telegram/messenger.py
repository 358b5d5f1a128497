"""Telegram as a messenger among the others, whichever library makes its calls.

Receiving, order, pacing and retries are the house's own: a library would confirm an update before
anybody has stored it, drop a batch for one update it cannot decode, and cannot tell a call that
was never sent from one whose fate is unknown.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, Final, TypeVar

import structlog
from starlette.routing import BaseRoute

from bot.platforms.contract import (
    Capabilities,
    FateUnknown,
    FileTooLarge,
    Receive,
    TryLater,
    Unsent,
)
from bot.platforms.telegram import webhook as pushes
from bot.platforms.telegram.calls import TAP_SECONDS, TAPS_AT_ONCE, Calls
from bot.platforms.telegram.decode import WANTED, decode, received, tap_id, update_id
from bot.platforms.telegram.drawing import Drawn, Piece, draw
from bot.platforms.telegram.failures import (
    LONGEST_PAUSE,
    PAUSE,
    Failure,
    delivery_error,
    edited_already,
    style_refused,
    too_big,
    uneditable,
)
from bot.platforms.telegram.text import (
    ALBUM_LIMIT,
    PHOTO_LIMIT,
    TEXT_LIMIT,
    Chunk,
    Files,
    Keyboard,
    Upload,
    check_buttons,
    fits_one_message,
    has_style,
    plain_name,
    plan,
    split,
    without_style,
)
from bot.platforms.telegram.webhook import Webhook
from bot.talk.message import Incoming, Outgoing
from storage.database import database_trouble

T = TypeVar("T")

OpenFile = Callable[[int], tuple[Path, str, str]]
"""A stored file's path, name and media type, by its id. Runs in a worker thread. Raises
`LookupError` where there is none."""

DOWNLOAD_LIMIT: Final = 20 * 1024 * 1024
"""Bytes; Telegram gives no larger file to a bot."""
PATIENCE: Final = 3
"""Tries for a call that must not fail: the rest of a message begun, a download."""

log = structlog.get_logger()


class Telegram:
    """One bot on Telegram. It polls, unless a webhook is given."""

    name: str = "telegram"

    def __init__(
        self,
        calls: Calls,
        open_file: OpenFile,
        *,
        webhook: Webhook | None = None,
        poll_seconds: int = 25,
        first_pause: float = 1,
    ) -> None:
        """Nothing is connected yet.

        A poll waits `poll_seconds` for news. After a failure receiving rests `first_pause`
        seconds, then twice as long each time, at most a minute.
        """
        self.capabilities = Capabilities(
            edits=True,
            file_limit=DOWNLOAD_LIMIT,
            idempotent=False,
            per_second=30,
            per_chat=1,
            at_once=calls.at_once,
        )
        self._calls = calls
        self._open_file = open_file
        self._webhook = webhook
        self._poll_seconds = poll_seconds
        self._first_pause = first_pause
        self._username: str | None = None
        self._taps: set[asyncio.Task[None]] = set()
        self._taps_at_once = asyncio.Semaphore(TAPS_AT_ONCE)
        self._offered: dict[str, int] = {}
        self._styles = True
        """The server knows that a button can have a style."""
        self._moved: dict[str, str] = {}
        """Groups that have become supergroups, with what they are now."""

    async def close(self) -> None:
        """Let go of all connections. Nothing can be sent afterwards."""
        for tap in self._taps:
            tap.cancel()
        await asyncio.gather(*self._taps, return_exceptions=True)
        await self._calls.close()

    # ------------------------------------------------------------ receiving

    def routes(self, receive: Receive) -> Sequence[BaseRoute]:
        """The webhook's, if there is one."""
        if self._webhook is None:
            return ()
        return (pushes.route(self.name, self._webhook.secret, receive, self._answer_taps),)

    async def run(self, receive: Receive) -> None:
        """Poll until cancelled, handing each raw update to `receive` before confirming it; or
        have Telegram push.

        Whatever goes wrong is logged and tried again.
        """
        self._username = (await self._insist(self._calls.username)).lower()
        hook = self._webhook
        if hook is None:
            await self._insist(self._calls.delete_webhook)
            log.info("telegram.connected", bot=self._username, by="polling")
            await self._poll(receive)
        else:
            await self._insist(partial(self._calls.set_webhook, hook.url, hook.secret, WANTED))
            log.info("telegram.connected", bot=self._username, by="webhook")
            await asyncio.Event().wait()

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
            offset = max(map(update_id, updates)) + 1 if updates else None

    async def _fetch_updates(self, offset: int | None) -> list[Any]:
        updates = await self._calls.updates(offset, self._poll_seconds, WANTED)
        if not isinstance(updates, list) or (updates and max(map(update_id, updates)) < 0):
            raise Failure("getUpdates answered something else")
        return updates

    async def _insist(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do it until it succeeds, resting after each failure."""
        for pause in pauses(self._first_pause):
            try:
                return await act()
            except Failure as failure:
                if failure.code == 409 and "webhook" in failure.what.lower():
                    await self._poll_again()
                elif failure.code == 409:
                    log.error("telegram.another_receiver", detail=failure.what)
                else:
                    log.warning("telegram.not_receiving", detail=failure.what)
                await asyncio.sleep(failure.retry_after or pause)
            except Exception as error:
                # Its name only: a database's error quotes what it could not store.
                what = database_trouble(error) or type(error).__name__
                log.error("telegram.not_receiving", detail=what)
                await asyncio.sleep(pause)
        raise AssertionError("unreachable: pauses have no end")

    async def _poll_again(self) -> None:
        """Somebody else has set a webhook with our token: take it away, so that polls are
        answered again."""
        log.warning(
            "telegram.webhook_removed",
            detail="somebody set a webhook with this token; this assistant polls, "
            "unless YINGCAI_TELEGRAM__WEBHOOK_URL is set",
        )
        with contextlib.suppress(Failure):
            await self._calls.delete_webhook()

    def _answer_taps(self, updates: Iterable[Any]) -> None:
        """Stop the buttons' spinners: at once, as far as possible, and in nobody's way."""
        for tap in filter(None, map(tap_id, updates)):
            task = asyncio.create_task(self._answer_tap(tap))
            self._taps.add(task)
            task.add_done_callback(self._taps.discard)

    async def _answer_tap(self, tap: str) -> None:
        pressed = monotonic()
        async with self._taps_at_once:
            if monotonic() - pressed < TAP_SECONDS:
                with contextlib.suppress(Failure):
                    await self._calls.answer_tap(tap)

    def decode(self, raw: str) -> Incoming | None:
        """What a stored update says, `None` if nothing for us. Raises on a poisonous one."""
        return decode(raw, self._username)

    # ------------------------------------------------------------ sending

    async def send(self, row: int, address: str, message: Outgoing, earlier: str | None) -> str:
        """Put a message before a person; gives Telegram's id of it, the last if it took several.

        A text too long for one message goes out in pieces, with the buttons under the last. Files
        go before the words, or with them as a caption. Raises `Unreachable`, `TryLater`, `Unsent`
        or `FateUnknown`.
        """
        del row  # Telegram takes no key by which it would know a message again.
        drawn = draw(message)
        check_buttons(drawn.keyboard)
        if earlier and not message.files and await self._edit(address, drawn, earlier):
            return earlier
        files = [await self._load(file_id) for file_id in message.files]
        show = partial(plan, drawn, stays_text=bool(message.card))
        try:
            return await self._show(address, show(files))
        except Unsent:
            # A picture Telegram will not take as a photo (too long, too large) goes as a file.
            if not any(file.picture for file in files):
                raise
            plain = [replace(file, picture=False) for file in files]
            return await self._show(address, show(plain))

    def cost(self, message: Outgoing) -> int:
        """A call for each piece of text, and for each album."""
        if len(message.text) < TEXT_LIMIT // 4 and not message.files:
            return 1
        pieces = len(split(draw(message).text, TEXT_LIMIT))
        albums = -(-len(message.files) // ALBUM_LIMIT) + (len(message.files) > 1)
        return max(1, pieces + albums)

    async def _edit(self, address: str, drawn: Drawn, earlier: str) -> bool:
        """Put a message in the place of an earlier one; `False` if it has to be sent anew."""
        if not fits_one_message(drawn.text):
            return False
        piece = Piece(drawn.text, drawn.entities)
        try:
            await self._in_chat(
                address,
                lambda chat: self._with_keys(
                    drawn.keyboard,
                    partial(self._calls.edit_text, chat, int(earlier), piece),
                ),
            )
        except Failure as failure:
            if edited_already(failure):
                return True
            if uneditable(failure):
                return False
            error = delivery_error(failure)
            if isinstance(error, FateUnknown):
                # The same edit made twice shows once, so it is safe to repeat.
                raise TryLater(PAUSE) from None
            raise error from None
        return True

    async def _load(self, file_id: int) -> Upload:
        def read() -> Upload:
            path, name, media_type = self._open_file(file_id)
            content = path.read_bytes()
            photo = media_type in ("image/jpeg", "image/png", "image/webp")
            return Upload(plain_name(name), content, photo and len(content) <= PHOTO_LIMIT)

        try:
            return await asyncio.to_thread(read)
        except (LookupError, OSError) as error:
            raise Unsent(f"file {file_id} cannot be read: {type(error).__name__}") from None

    async def _show(self, address: str, steps: Sequence[Chunk | Files]) -> str:
        """Make the calls that show one message; gives the last one's id.

        Once something has been shown, the row can no longer be sent again as a whole: a pause
        that Telegram asks for is waited out here, and any other failure leaves its fate unknown.
        """
        shown: int | None = None
        for step in steps:
            for _ in range(PATIENCE):
                try:
                    shown = await self._in_chat(address, partial(self._show_step, step))
                    break
                except Failure as failure:
                    error = delivery_error(failure)
                    if shown is None:
                        raise error from None
                    if not isinstance(error, TryLater) or error.seconds > LONGEST_PAUSE:
                        raise FateUnknown(f"only partly shown: {failure.what}") from None
                    await asyncio.sleep(error.seconds)
            else:
                raise FateUnknown("only partly shown")
        if shown is None:
            raise Unsent("an empty message")
        return str(shown)

    async def _show_step(self, step: Chunk | Files, chat: str) -> int:
        match step:
            case Chunk(piece, keyboard):
                return await self._with_keys(keyboard, partial(self._calls.send_text, chat, piece))
            case Files([file], caption, keyboard):
                return await self._with_keys(
                    keyboard, partial(self._calls.send_file, chat, file, caption)
                )
            case Files(files, caption, _):
                return await self._calls.send_album(chat, files, caption)

    async def _with_keys(self, keyboard: Keyboard, call: Callable[[Keyboard], Awaitable[T]]) -> T:
        """Make a call with a keyboard; without its style, once a server has refused that."""
        if self._styles:
            try:
                return await call(keyboard)
            except Failure as failure:
                if not (has_style(keyboard) and style_refused(failure)):
                    raise
                log.warning("telegram.no_styles", detail=failure.what)
                self._styles = False
        return await call(without_style(keyboard))

    async def _in_chat(self, address: str, call: Callable[[str], Awaitable[T]]) -> T:
        """Make a call to a chat, wherever it is now: a group that becomes a supergroup gets
        another number, and Telegram says which."""
        chat = self._moved.get(address, address)
        try:
            return await call(chat)
        except Failure as failure:
            if failure.moved_to is None or str(failure.moved_to) == chat:
                raise
            self._moved[address] = str(failure.moved_to)
        return await call(self._moved[address])

    # ------------------------------------------------------------ files and menus

    async def fetch(self, ref: str, limit: int) -> bytes:
        """The bytes of a received file. Raises `FileTooLarge` past `limit` bytes, or `Unsent`.

        Telegram gives no file above 20 MB, and a link to one for an hour.
        """
        rest, what = 0.0, ""
        for pause in islice(pauses(self._first_pause), PATIENCE):
            await asyncio.sleep(rest)
            try:
                return await self._download(ref, limit)
            except Failure as failure:
                if too_big(failure):
                    raise FileTooLarge from None
                if not isinstance(delivery_error(failure), TryLater | FateUnknown):
                    raise Unsent(failure.what) from None
                rest, what = min(failure.retry_after or pause, PAUSE), failure.what
        raise Unsent(what)

    async def _download(self, ref: str, limit: int) -> bytes:
        kept = await self._calls.find_file(ref)
        if kept.size > limit:
            raise FileTooLarge
        return await self._calls.download(kept, limit)

    async def drop(self, refs: Sequence[str]) -> None:
        """They lie with Telegram."""

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
            await self._in_chat(address, lambda chat: self._calls.set_menu(chat, menu))
        except Failure as failure:
            raise delivery_error(failure) from None
        self._offered[address] = hash(menu)

    async def answers(self) -> bool:
        """Whether Telegram tells the bot's own name."""
        try:
            await self._calls.username()
        except Failure:
            return False
        return True


def pauses(first: float) -> Iterator[float]:
    """Seconds to rest after each failure in a row, without end."""
    pause = first
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE)

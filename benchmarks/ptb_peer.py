"""The same talk in python-telegram-bot: a ConversationHandler, kept in a pickle file.

After each update its state and answers are written out, so that a restart goes on from there. As
its documentation writes it (`persistentconversationbot.py`), a person's answers stay in
`user_data`, and the file is written for each part that changed. As cheaply as it can be done,
answers go once they are inserted, and there is one write an update. Either way nothing is flushed
to the disk, and a crash in the midst of writing leaves an unreadable file.

Updates come as JSON, as they come to us.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine
from telegram import (
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    Update,
)
from telegram.ext import (
    Application,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    ExtBot,
    MessageHandler,
    PicklePersistence,
    filters,
)
from telegram.request import BaseRequest, RequestData

from benchmarks import peers
from benchmarks.peers import CANCELLED, DONE, QUESTIONS, UNCLEAR, summary
from benchmarks.script import (
    ASKED,
    KINDS,
    LENGTHS,
    MENTOR,
    PLACES,
    STEPS,
    SUBMIT,
    talk,
)

MOMENT: Final = datetime(2026, 11, 23, 2, tzinfo=UTC)
Context = ContextTypes.DEFAULT_TYPE
Callback = Callable[[Update, Context], Coroutine[Any, Any, int]]

CHOICES: Final = {
    "place": PLACES,
    "kind": KINDS,
    "length": LENGTHS,
    "people": (MENTOR,),
    "review": (SUBMIT,),
}
MUST_CHOOSE: Final = ("length", "place", "kind")


def keyboard(step: str) -> ReplyKeyboardMarkup | ReplyKeyboardRemove:
    if step not in CHOICES:
        return ReplyKeyboardRemove()
    return ReplyKeyboardMarkup([[word] for word in CHOICES[step]], resize_keyboard=True)


def conversation(engine: Engine, keep: bool) -> ConversationHandler[Context]:

    async def begin(update: Update, context: Context) -> int:
        assert update.message
        await update.message.reply_text(QUESTIONS["day"], reply_markup=ReplyKeyboardRemove())
        return 0

    def answered(place: int) -> Callback:
        step, following = STEPS[place], STEPS[place + 1]

        async def answer(update: Update, context: Context) -> int:
            assert update.message
            assert update.message.text
            assert context.user_data is not None
            context.user_data[step] = update.message.text
            words = QUESTIONS[following]
            if following == "review":
                words = summary(context.user_data)
            await update.message.reply_text(words, reply_markup=keyboard(following))
            return place + 1

        return answer

    async def submit(update: Update, context: Context) -> int:
        assert update.message
        assert context.user_data is not None
        peers.insert(engine, update.message.chat_id, context.user_data)
        if not keep:
            context.user_data.clear()
        await update.message.reply_text(DONE, reply_markup=ReplyKeyboardRemove())
        return ConversationHandler.END

    async def unknown(update: Update, context: Context) -> None:
        assert update.message
        await update.message.reply_text(UNCLEAR)

    async def cancel(update: Update, context: Context) -> int:
        assert update.message
        assert context.user_data is not None
        context.user_data.clear()
        await update.message.reply_text(CANCELLED, reply_markup=ReplyKeyboardRemove())
        return ConversationHandler.END

    words = filters.TEXT & ~filters.COMMAND
    states: dict[object, list[Any]] = {}
    for place, step in enumerate(STEPS[:-1]):
        taken = filters.Text(CHOICES[step]) if step in MUST_CHOOSE else words
        states[place] = [MessageHandler(taken, answered(place)), MessageHandler(words, unknown)]
    states[len(STEPS) - 1] = [
        MessageHandler(filters.Text((SUBMIT,)), submit),
        MessageHandler(words, unknown),
    ]
    return ConversationHandler(
        entry_points=[CommandHandler("session", begin)],
        states=states,
        fallbacks=[CommandHandler("cancel", cancel)],
        name="session",
        persistent=True,
    )


class Offline(BaseRequest):
    """Answers every call at once, with a message that was made beforehand."""

    def __init__(self) -> None:
        self.calls = 0
        message = {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}, "text": "."}
        self._sent = json.dumps({"ok": True, "result": message}).encode()
        me = {"id": 1, "is_bot": True, "first_name": "b", "username": "offline_bot"}
        self._me = json.dumps({"ok": True, "result": me}).encode()

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = None,
        write_timeout: object = None,
        connect_timeout: object = None,
        pool_timeout: object = None,
    ) -> tuple[int, bytes]:
        if url.endswith("/getMe"):
            return 200, self._me
        self.calls += 1
        return 200, self._sent


class PythonTelegramBot:
    def __init__(self, name: str, keep: bool) -> None:
        """With `keep`, answers stay once they are inserted, and everybody has some already."""
        self.name = name
        self._keep = keep
        self._numbers = itertools.count(1)

    async def open(self, folder: Path, people: int) -> None:
        self._engine = peers.fastest(folder)
        self._request = Offline()
        file = folder / "talks.pickle"
        if self._keep:
            await _fill(file, people)
        self._persistence = PicklePersistence(file, on_flush=not self._keep)
        self._application = (
            Application.builder()
            .token("1:offline")
            .request(self._request)
            .get_updates_request(Offline())
            .persistence(self._persistence)
            .build()
        )
        self._application.add_handler(conversation(self._engine, self._keep))
        await self._application.initialize()

    async def say(self, person: int, words: str) -> None:
        raw = json.loads(peers.update(next(self._numbers), person, words))
        update = Update.de_json(raw, self._application.bot)
        before = self._request.calls
        await self._application.process_update(update)
        await self._application.update_persistence()
        if not self._keep:
            await self._persistence.flush()
        assert self._request.calls > before

    async def settle(self) -> None:
        """Nothing is ever left: an update is done when it has been written out."""

    async def entries(self) -> int:
        return peers.count(self._engine)

    async def close(self) -> None:
        await self._application.shutdown()
        self._engine.dispose()


async def _fill(file: Path, people: int) -> None:
    """What everybody answered last time."""
    before = PicklePersistence(file, on_flush=True)
    before.set_bot(ExtBot("1:offline"))
    await before.get_user_data()
    for person in range(people):
        await before.update_user_data(
            person + 1, dict(zip(ASKED, talk(date.min)[1:], strict=False))
        )
    await before.flush()


def documented() -> PythonTelegramBot:
    return PythonTelegramBot("python-telegram-bot, as documented", keep=True)


def cheapest() -> PythonTelegramBot:
    return PythonTelegramBot("python-telegram-bot, its cheapest", keep=False)

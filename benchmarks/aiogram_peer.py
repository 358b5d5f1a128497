"""The same talk in aiogram, with MemoryStorage: as its documentation writes it, and its fastest.

Nothing of the talk is durable; only the finished entry is inserted. Updates come as JSON, as they
come to us; the session answers each call with a ready-made message, so that encoding the call
costs nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.base import BaseSession
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import (
    Chat,
    KeyboardButton,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    Update,
)
from sqlalchemy import Engine

from benchmarks import peers
from benchmarks.peers import CANCELLED, DONE, QUESTIONS, UNCLEAR, summary
from benchmarks.script import KINDS, LENGTHS, MENTOR, PLACES, SUBMIT

MOMENT: Final = datetime(2026, 11, 23, 2, tzinfo=UTC)


class Form(StatesGroup):
    day = State()
    length = State()
    place = State()
    kind = State()
    people = State()
    what = State()
    review = State()


def keyboard(*words: str) -> ReplyKeyboardMarkup:
    return ReplyKeyboardMarkup(
        keyboard=[[KeyboardButton(text=word)] for word in words], resize_keyboard=True
    )


NO_KEYBOARD: Final = ReplyKeyboardRemove()


# ---------------------------------------------------------------- as its documentation writes it


def written_as_documented(engine: Engine) -> Router:
    """After docs.aiogram.dev, "Finite State Machine": `Form.x` and `F` as filters, in order."""
    form = Router()

    @form.message(Command("session"))
    async def begin(message: Message, state: FSMContext) -> None:
        await state.set_state(Form.day)
        await message.answer(QUESTIONS["day"], reply_markup=NO_KEYBOARD)

    @form.message(Command("cancel"))
    @form.message(F.text.casefold() == "cancel")
    async def cancel(message: Message, state: FSMContext) -> None:
        if await state.get_state() is None:
            return
        await state.clear()
        await message.answer(CANCELLED, reply_markup=NO_KEYBOARD)

    @form.message(Form.day)
    async def day(message: Message, state: FSMContext) -> None:
        await state.update_data(day=message.text)
        await state.set_state(Form.length)
        await message.answer(QUESTIONS["length"], reply_markup=keyboard(*LENGTHS))

    @form.message(Form.length, F.text.in_(LENGTHS))
    async def length(message: Message, state: FSMContext) -> None:
        await state.update_data(length=message.text)
        await state.set_state(Form.place)
        await message.answer(QUESTIONS["place"], reply_markup=keyboard(*PLACES))

    @form.message(Form.length)
    async def unknown_length(message: Message) -> None:
        await message.reply(UNCLEAR)

    @form.message(Form.place, F.text.in_(PLACES))
    async def place(message: Message, state: FSMContext) -> None:
        await state.update_data(place=message.text)
        await state.set_state(Form.kind)
        await message.answer(QUESTIONS["kind"], reply_markup=keyboard(*KINDS))

    @form.message(Form.place)
    async def unknown_place(message: Message) -> None:
        await message.reply(UNCLEAR)

    @form.message(Form.kind, F.text.in_(KINDS))
    async def kind(message: Message, state: FSMContext) -> None:
        await state.update_data(kind=message.text)
        await state.set_state(Form.people)
        await message.answer(QUESTIONS["people"], reply_markup=keyboard(MENTOR))

    @form.message(Form.kind)
    async def unknown_kind(message: Message) -> None:
        await message.reply(UNCLEAR)

    @form.message(Form.people)
    async def people(message: Message, state: FSMContext) -> None:
        await state.update_data(people=message.text)
        await state.set_state(Form.what)
        await message.answer(QUESTIONS["what"], reply_markup=NO_KEYBOARD)

    @form.message(Form.what)
    async def what(message: Message, state: FSMContext) -> None:
        data = await state.update_data(what=message.text)
        await state.set_state(Form.review)
        await message.answer(summary(data), reply_markup=keyboard(SUBMIT))

    @form.message(Form.review, F.text == SUBMIT)
    async def review(message: Message, state: FSMContext) -> None:
        data = await state.get_data()
        await state.clear()
        peers.insert(engine, message.chat.id, data)
        await message.answer(DONE, reply_markup=NO_KEYBOARD)

    @form.message(Form.review)
    async def unknown_review(message: Message) -> None:
        await message.reply(UNCLEAR)

    return form


# ---------------------------------------------------------------- its fastest


def written_fastest(engine: Engine) -> Router:
    """Filters that are coroutines, one a step; the words are judged in the handler."""
    form = Router()

    @form.message(Command("session"))
    async def begin(message: Message, state: FSMContext) -> None:
        await state.set_state(Form.day)
        await message.answer(QUESTIONS["day"], reply_markup=NO_KEYBOARD)

    def step(
        now: State,
        following: State,
        choices: tuple[str, ...],
        shown: ReplyKeyboardMarkup | ReplyKeyboardRemove,
    ) -> None:
        name = now._state or ""
        question = QUESTIONS[following._state or ""]

        @form.message(StateFilter(now))
        async def answered(message: Message, state: FSMContext) -> None:
            if choices and message.text not in choices:
                await message.reply(UNCLEAR)
                return
            await state.update_data({name: message.text})
            await state.set_state(following)
            await message.answer(question, reply_markup=shown)

    step(Form.day, Form.length, (), keyboard(*LENGTHS))
    step(Form.length, Form.place, LENGTHS, keyboard(*PLACES))
    step(Form.place, Form.kind, PLACES, keyboard(*KINDS))
    step(Form.kind, Form.people, KINDS, keyboard(MENTOR))
    step(Form.people, Form.what, (), NO_KEYBOARD)
    send = keyboard(SUBMIT)

    @form.message(StateFilter(Form.what))
    async def what(message: Message, state: FSMContext) -> None:
        data = await state.update_data(what=message.text)
        await state.set_state(Form.review)
        await message.answer(summary(data), reply_markup=send)

    @form.message(StateFilter(Form.review))
    async def review(message: Message, state: FSMContext) -> None:
        if message.text != SUBMIT:
            await message.reply(UNCLEAR)
            return
        data = await state.get_data()
        await state.clear()
        peers.insert(engine, message.chat.id, data)
        await message.answer(DONE, reply_markup=NO_KEYBOARD)

    return form


# ---------------------------------------------------------------- driving it


class Offline(BaseSession):
    """Answers every call at once, with a message that was made beforehand."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self._sent = Message(message_id=1, date=MOMENT, chat=Chat(id=1, type="private"), text="")

    async def close(self) -> None:
        pass

    async def make_request(
        self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        self.calls += 1
        return self._sent  # type: ignore[return-value]  # none of them reads it

    async def stream_content(
        self,
        url: str,
        headers: dict[str, Any] | None = None,
        timeout: int = 30,
        chunk_size: int = 65536,
        raise_for_status: bool = True,
    ) -> AsyncGenerator[bytes, None]:
        yield b""


class Aiogram:
    def __init__(
        self, name: str, write: Callable[[Engine], Router], connect: Callable[[Path], Engine]
    ) -> None:
        self.name = name
        self._write = write
        self._connect = connect
        self._numbers = itertools.count(1)

    async def open(self, folder: Path, people: int) -> None:
        self._engine = self._connect(folder)
        self._session = Offline()
        self._bot = Bot("1:offline", session=self._session)
        self._dispatcher = Dispatcher(storage=MemoryStorage())
        self._dispatcher.include_router(self._write(self._engine))

    async def say(self, person: int, words: str) -> None:
        raw = peers.update(next(self._numbers), person, words)
        before = self._session.calls
        update = Update.model_validate_json(raw, context={"bot": self._bot})
        await self._dispatcher.feed_update(self._bot, update)
        assert self._session.calls > before

    async def settle(self) -> None:
        """Nothing is ever left: an update is done when it has been fed."""

    async def entries(self) -> int:
        return peers.count(self._engine)

    async def close(self) -> None:
        await self._dispatcher.storage.close()
        self._engine.dispose()


def documented() -> Aiogram:
    return Aiogram("aiogram, as documented", written_as_documented, peers.documented)


def fastest() -> Aiogram:
    return Aiogram("aiogram, its fastest", written_fastest, peers.fastest)

"""A person with a messenger, whichever it is: what they do, and what they see.

One class for each messenger; the conformance suite speaks to all of them by `Chat`.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pytest

from bot.platforms.contract import (
    DeliveryError,
    FateUnknown,
    Platform,
    Received,
    TryLater,
    Unreachable,
    Unsent,
    Unserved,
)
from bot.platforms.fake import FakePlatform, encode
from bot.platforms.fake import Shown as FakeShown
from bot.platforms.telegram.calls import ApiServer
from bot.platforms.telegram.messenger import Telegram
from bot.platforms.telegram.text import TEXT_LIMIT
from bot.platforms.web.door import StoredFile, Visitor
from bot.talk.message import Attachment, Incoming, Outgoing, as_text, rows_of
from tests.telegram.bot_api import BotApi, Group, broken, dropped, slow, too_many, until
from tests.telegram.conftest import driver, running
from tests.web.conftest import Line, browser_on, line
from tests.web.house import House, open_house

JPEG = b"\xff\xd8\xff a photo"
CODE = "GOOD-CODE"

Trouble = Literal["blocked", "pause", "broken", "refused", "silent", "dropped", "away"]
MEANING: dict[Trouble, DeliveryError] = {
    "blocked": Unreachable("blocked"),
    "pause": TryLater(17),
    "broken": Unserved(),
    "refused": Unsent("odd"),
    "silent": FateUnknown("no answer in time"),
    "dropped": FateUnknown("broke off"),
    "away": TryLater(0, everyone=True),
}
"""What goes wrong, and what the platform is to say of it."""


@dataclass
class Seen:
    """A message as it stands in the chat now."""

    text: str
    labels: list[list[str]] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    """What opens a page, and the page."""


@dataclass(frozen=True)
class Kept:
    """A file in the house."""

    number: int
    name: str
    media_type: str
    path: Path


class Chat(ABC):
    """One person's chat with the assistant, and the messenger that carries it."""

    platform: Platform
    address: str
    text_limit: int = 20_000
    """UTF-16 units of the longest text that is shown as one message."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.received: list[Received] = []
        self.shelf: dict[int, Kept] = {}

    # the house

    def keep(self, name: str, media_type: str, content: bytes) -> int:
        """Put a file in the house; gives its number."""
        number = len(self.shelf) + 1
        path = self.folder / f"kept-{number}"
        path.write_bytes(content)
        self.shelf[number] = Kept(number, name, media_type, path)
        return number

    def open_file(self, number: int) -> tuple[Path, str, str]:
        kept = self.shelf[number]
        return kept.path, kept.name, kept.media_type

    async def receive(self, platform: str, batch: Sequence[Received]) -> None:
        assert platform == self.platform.name
        self.received += batch

    async def heard(self, since: int) -> list[Incoming | None]:
        """What has come since; waits for the first of it."""
        await until(lambda: len(self.received) > since)
        return [self.platform.decode(update.raw) for update in self.received[since:]]

    async def send(self, message: Outgoing, earlier: str | None = None) -> str:
        return await self.platform.send(self.next_row(message), self.address, message, earlier)

    def next_row(self, message: Outgoing) -> int:
        self._row = getattr(self, "_row", 0) + 1
        return self._row

    # what the person does

    @abstractmethod
    async def says(self, text: str) -> None: ...

    @abstractmethod
    async def presses(self, label: str) -> None: ...

    @abstractmethod
    async def sends_file(self, name: str, media_type: str, content: bytes, words: str) -> None: ...

    @abstractmethod
    async def opens(self, code: str) -> None:
        """Follow an invitation."""

    # what they see

    @abstractmethod
    async def sees(self) -> list[Seen]:
        """The assistant's side of the chat, as it stands now."""

    @abstractmethod
    async def menu(self) -> list[tuple[str, str]]: ...

    # what only some messengers know

    async def sends_something_odd(self) -> None:
        raise NotImplementedError

    async def leaves(self) -> None:
        raise NotImplementedError

    async def returns(self) -> None:
        raise NotImplementedError

    @asynccontextmanager
    async def trouble(self, kind: Trouble) -> AsyncIterator[None]:
        """Let the next send go wrong."""
        raise NotImplementedError
        yield

    async def holds(self) -> None:  # noqa: B027 - most messengers have nothing to do
        """Let the next send take long, where it could."""


# ---------------------------------------------------------------- in memory


class FakeChat(Chat):
    platform: FakePlatform

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.platform = FakePlatform()
        self.address = "chat-1"

    async def _does(self, incoming: Incoming) -> None:
        key = f"update-{len(self.received)}"
        await self.receive("fake", [encode(key, incoming)])

    async def says(self, text: str) -> None:
        await self._does(Incoming(self.address, text=text))

    async def presses(self, label: str) -> None:
        (press,) = (
            button.press
            for shown in self.platform.shown
            for row in shown.message.rows
            for button in row
            if button.label == label
        )
        await self._does(Incoming(self.address, press=press))

    async def sends_file(self, name: str, media_type: str, content: bytes, words: str) -> None:
        ref = f"ref-{len(self.received)}"
        self.platform.files[ref] = content
        file = Attachment(ref, name, media_type, len(content))
        await self._does(Incoming(self.address, text=words or None, files=(file,)))

    async def opens(self, code: str) -> None:
        await self._does(Incoming(self.address, start=code))

    async def sees(self) -> list[Seen]:
        lines = [
            Told(
                shown.row,
                shown.message,
                [self.shelf[number].path.read_bytes() for number in shown.message.files],
                shown.place,
            )
            for shown in self.platform.shown
        ]
        return folded(lines)

    async def menu(self) -> list[tuple[str, str]]:
        return list(self.platform.menus.get(self.address, ()))

    async def sends_something_odd(self) -> None:
        await self._does(Incoming(self.address, other="sticker"))

    async def leaves(self) -> None:
        await self._does(Incoming(self.address, presence="left"))

    async def returns(self) -> None:
        await self._does(Incoming(self.address, presence="returned"))

    @asynccontextmanager
    async def trouble(self, kind: Trouble) -> AsyncIterator[None]:
        def refuse(shown: FakeShown) -> None:
            raise MEANING[kind]

        before, self.platform.refuse = self.platform.refuse, refuse
        try:
            yield
        finally:
            self.platform.refuse = before


@dataclass
class Told:
    row: int
    message: Outgoing
    files: list[bytes]
    earlier: str = ""
    """The id of the message whose place it took."""


def folded(lines: Sequence[Told]) -> list[Seen]:
    """Lines as a page shows them: a row once, and a later line in an earlier one's place."""
    places: dict[str, Seen] = {}
    at: dict[str, str] = {}
    for one in lines:
        labels = [[b.label for b in row] for row in rows_of(one.message)]
        seen = Seen(
            as_text(one.message._replace(links=())),
            labels,
            one.files,
            [(page.label, page.url) for page in one.message.links],
        )
        place = at[str(one.row)] = at.get(one.earlier, str(one.row))
        if place in places:
            vars(places[place]).update(vars(seen))
        else:
            places[place] = seen
    return list(places.values())


# ---------------------------------------------------------------- the web chat


class WebChat(Chat):
    def __init__(self, folder: Path, house: House, url: str, page: Line, visitor: Visitor) -> None:
        super().__init__(folder)
        assert house.platform is not None
        self.platform = house.platform
        self.address = visitor.address
        self._house = house
        self._url = url
        self._page = page
        self._lines: list[Told] = []
        self._menu: list[tuple[str, str]] = []

    def keep(self, name: str, media_type: str, content: bytes) -> int:
        number = super().keep(name, media_type, content)
        self._house.files[number] = StoredFile(self.shelf[number].path, name, media_type)
        self._house.readers[number] = {self.address}
        return number

    async def says(self, text: str) -> None:
        await self._page.say(text=text)

    async def presses(self, label: str) -> None:
        await self._hear()
        (press,) = (
            button.press
            for one in self._lines
            for row in one.message.rows
            for button in row
            if button.label == label
        )
        await self._page.say(press=press, label=label)

    async def sends_file(self, name: str, media_type: str, content: bytes, words: str) -> None:
        headers = {"x-file-name": quote(name), "content-type": media_type}
        async with browser_on(self._url, "of-student") as client:
            answer = await client.post("/upload", content=content, headers=headers)
        await self._page.say(text=words, files=[answer.json()["ref"]])

    async def opens(self, code: str) -> None:
        async with browser_on(self._url) as client:
            await client.post("/join", data={"code": code})

    async def sees(self) -> list[Seen]:
        await self._hear()
        return folded(self._lines)

    async def menu(self) -> list[tuple[str, str]]:
        await self._hear()
        return self._menu

    async def _hear(self) -> None:
        """Take what the page has been told; nothing more comes once a moment is quiet."""
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(0.2):
                    body = await self._page.hear()
                if "line" in body:
                    await self._take(body["line"])
                if "commands" in body:
                    self._menu = [(name, words) for name, words in body["commands"]]

    async def _take(self, told: dict[str, Any]) -> None:
        files = []
        async with browser_on(self._url, "of-student") as client:
            for file in told.get("files", ()):
                files.append((await client.get(file["url"])).content)  # noqa: PERF401 - awaits
        known = {name: told[name] for name in Outgoing._fields if name in told}
        said = Outgoing.from_json({**known, "files": ()})
        self._lines.append(Told(told["row"], said, files, said.replace))


# ---------------------------------------------------------------- Telegram


class TelegramChat(Chat):
    platform: Telegram
    text_limit = TEXT_LIMIT

    def __init__(self, folder: Path, telegram: BotApi, library: str) -> None:
        super().__init__(folder)
        self.telegram = telegram
        self.person = telegram.person("林晓")
        self.address = str(self.person.id)
        calls = driver(library)(ApiServer(telegram.token, telegram.base, answer_seconds=1))
        self.platform = Telegram(calls, self.open_file, poll_seconds=1, first_pause=0.01)

    async def says(self, text: str) -> None:
        self.person.says(text)

    async def presses(self, label: str) -> None:
        self.person.presses(label)

    async def sends_file(self, name: str, media_type: str, content: bytes, words: str) -> None:
        self.person.sends_document(name, content, media_type, words)

    async def opens(self, code: str) -> None:
        self.person.opens(code)

    async def sees(self) -> list[Seen]:
        return self.seen_by(self.person.id)

    def seen_by(self, chat: int) -> list[Seen]:
        """The assistant's side of any chat; an album is one message."""
        found: list[tuple[str, Seen]] = []
        for shown in self.telegram.chats[chat]:
            if not shown.by_bot:
                continue
            content = [shown.file.content] if shown.file else []
            if shown.album and found and found[-1][0] == shown.album:
                found[-1][1].files += content
                continue
            links = [key for row in shown.buttons for key in row if key[1].startswith("http")]
            labels = [[key[0] for key in row if key not in links] for row in shown.buttons]
            seen = Seen(shown.text, [row for row in labels if row], content, links)
            found.append((shown.album, seen))
        return [seen for _, seen in found]

    async def menu(self) -> list[tuple[str, str]]:
        return self.person.menu

    async def sends_something_odd(self) -> None:
        self.person.sends(voice={"file_id": "A", "file_unique_id": "B", "duration": 4})

    async def leaves(self) -> None:
        self.person.blocks()

    async def returns(self) -> None:
        self.person.returns()

    @asynccontextmanager
    async def trouble(self, kind: Trouble) -> AsyncIterator[None]:
        methods = ("sendMessage", "editMessageText")
        match kind:
            case "blocked":
                self.person.blocked = True
            case "away":
                await self.telegram.shut()
            case _:
                wrong = {
                    "pause": too_many(17),
                    "broken": broken(500),
                    "refused": broken(400, "Bad Request: odd"),
                    "silent": slow(1.5),
                    "dropped": dropped(acts=True),
                }[kind]
                for method in methods:
                    self.telegram.trouble(method, wrong)
        try:
            yield
        finally:
            self.person.blocked = False
            if kind == "away":
                await self.telegram.open()

    async def holds(self) -> None:
        self.telegram.trouble("sendMessage", slow(0.5))

    def small_group(self) -> Group:
        return self.telegram.group("课题组", small=True)


# ---------------------------------------------------------------- all of them

DRIVERS = ("fake", "web", "telegram-ptb", "telegram-aiogram")


def open_chat(name: str, folder: Path) -> AbstractAsyncContextManager[Chat]:
    """A person who may be written to, on a messenger that runs."""
    match name.partition("-"):
        case ["fake", _, _]:
            return _fake(folder)
        case ["web", _, _]:
            return _web(folder)
        case ["telegram", _, library]:
            return _telegram(folder, library)
    raise ValueError(name)


@asynccontextmanager
async def _fake(folder: Path) -> AsyncIterator[Chat]:
    yield FakeChat(folder)


@asynccontextmanager
async def _web(folder: Path) -> AsyncIterator[Chat]:
    house, visitor = House(), Visitor("stu-1", "李明", "zh")
    house.sessions["of-student"] = visitor

    async def receive(platform: str, batch: Sequence[Received]) -> None:
        await chat.receive(platform, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house, "receive", receive)
        async with open_house(house, folder) as url, line(url) as page:
            chat = WebChat(folder, house, url, page, visitor)
            await page.hear()  # the greeting
            yield chat


@asynccontextmanager
async def _telegram(folder: Path, library: str) -> AsyncIterator[Chat]:
    async with BotApi() as telegram:
        chat = TelegramChat(folder, telegram, library)
        async with running(chat.platform, chat):
            chat.person.starts()
            await chat.heard(0)
            yield chat
        await chat.platform.close()
    assert telegram.faults == []

"""A Telegram of our own on 127.0.0.1: as strict as the real one, and as hostile as a test asks.

    async with BotApi() as telegram:
        lin = telegram.person("林晓")
        lin.opens("CODE")                   # the deep link, as if pressed
        await lin.sees("欢迎")              # waits for the assistant
        lin.presses("我参加")
        lin.sends_photo(b"...", "实验台")
        telegram.trouble("sendMessage", too_many(3), dropped(acts=True))

Point a bot at `telegram.base` with `telegram.token`. Every call is checked against the Bot API's
description (see `spec.py`) and against the limits that stand in no schema; a call that breaks them
is refused and noted in `telegram.faults`, which a test should find empty.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import h11
import httpx
from starlette.datastructures import UploadFile
from starlette.requests import Request

from tests.telegram import spec

MEGABYTE = 1024 * 1024
PATIENCE = 20.0
"""Seconds after which what should take a moment is not awaited any longer."""
TOKEN = "700700:AA-not_a_real_token-0123456789"
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are "
    "exactly the same as a current content and reply markup of the message"
)
ANOTHER_POLLER = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is "
    "running"
)
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete "
    "the webhook first"
)
ALL_BY_DEFAULT = ("message", "edited_message", "callback_query", "my_chat_member")


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


# ---------------------------------------------------------------- trouble


@dataclass(frozen=True)
class Trouble:
    """How one call goes wrong."""

    code: int = 0
    """Answered with this status; 0 for none."""
    description: str = ""
    retry_after: int = 0
    page: str = ""
    """Answered with this instead of JSON."""
    dropped: bool = False
    """The connection breaks instead of an answer."""
    acts: bool = False
    """The method does its work all the same."""
    delay: float = 0
    """Seconds before the answer."""


def too_many(seconds: int) -> Trouble:
    return Trouble(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def broken(code: int = 500, description: str = "Internal Server Error") -> Trouble:
    return Trouble(code, description)


def gateway(code: int = 502) -> Trouble:
    return Trouble(code, page=f"<html><h1>{code} Bad Gateway</h1>nginx</html>")


def garbled() -> Trouble:
    """Done, and answered 200 with something that is no JSON."""
    return Trouble(200, page='{"ok":true,"resu', acts=True)


def dropped(*, acts: bool) -> Trouble:
    return Trouble(dropped=True, acts=acts)


def slow(seconds: float) -> Trouble:
    return Trouble(delay=seconds, acts=True)


def conflict() -> Trouble:
    return Trouble(409, ANOTHER_POLLER)


class Refusal(Exception):
    def __init__(
        self, description: str, code: int = 400, retry_after: int = 0, moved_to: int = 0
    ) -> None:
        super().__init__(description)
        self.moved_to = moved_to
        self.description = description
        self.code = code
        self.retry_after = retry_after


# ---------------------------------------------------------------- what people see


@dataclass(frozen=True)
class SentFile:
    kind: str
    """photo or document"""
    name: str
    content: bytes
    file_id: str


@dataclass
class Shown:
    """A message as it stands in a chat now."""

    id: int
    by_bot: bool
    text: str = ""
    buttons: list[list[tuple[str, str]]] = field(default_factory=list)
    """Rows of (label, what it carries)."""
    file: SentFile | None = None
    album: str = ""
    moment: int = 0
    """Grows with everything the bot shows or changes."""

    @property
    def labels(self) -> list[str]:
        return [label for row in self.buttons for label, _ in row]


@dataclass(frozen=True)
class Call:
    method: str
    parameters: Mapping[str, Any]
    files: Mapping[str, SentFile]
    at: float
    """Seconds, by a clock that only goes forward."""


class Person:
    """Somebody with Telegram on their phone; made by `BotApi.person`."""

    def __init__(self, telegram: BotApi, number: int, name: str, language: str) -> None:
        self.telegram = telegram
        self.id = number
        self.user = {
            "id": number,
            "is_bot": False,
            "first_name": name,
            "language_code": language,
        }
        self.own_chat: dict[str, Any] = {"id": number, "type": "private", "first_name": name}
        self.blocked = False
        self.last_act = 0
        """The moment of the last thing this person did."""

    # what they do

    def starts(self) -> int:
        return self.says("/start")

    def opens(self, code: str) -> int:
        """Follow a deep link and press Start."""
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", code), f"no start payload: {code!r}"
        return self.says(f"/start {code}")

    def says(self, text: str, where: Group | None = None, **more: Any) -> int:
        """Send a text; gives the update's id. `more` goes into the message as it is."""
        assert 1 <= units(text) <= 4096, "a client sends no such text"
        content: dict[str, Any] = {"text": text, **more}
        if command := re.match(r"/\w+(@\w+)?", text):
            entity = {"type": "bot_command", "offset": 0, "length": command.end()}
            content.setdefault("entities", [entity])
        return self.sends(where, **content)

    def sends(self, where: Group | None = None, **content: Any) -> int:
        """Send a message of any kind: `sends(sticker={...})`."""
        chat = where.chat if where else self.own_chat
        message = self.telegram.add(
            chat["id"], Shown(0, by_bot=False, text=content.get("text", ""))
        )
        self._acts()
        return self.telegram.push(
            message={**self._envelope(chat, message.id), **content}, sender=self
        )

    def sends_photo(
        self, content: bytes = b"\xff\xd8photo", caption: str = "", **more: Any
    ) -> int:
        return self.sends(**self._photo(content), **_captioned(caption), **more)

    def sends_document(
        self, name: str, content: bytes, media_type: str = "application/pdf", caption: str = ""
    ) -> int:
        ids = self.telegram.keep(content, f"documents/{name}")
        document = {**ids, "file_name": name, "mime_type": media_type}
        return self.sends(document=document, **_captioned(caption))

    def album(self, contents: Sequence[bytes], caption: str = "") -> list[int]:
        """Several photos at once; the caption goes under the first."""
        group = f"{self.telegram.number()}"
        return [
            self.sends_photo(content, caption if first else "", media_group_id=group)
            for first, content in zip([True] + [False] * len(contents), contents, strict=False)
        ]

    def edits(self, text: str) -> int:
        """Change the last thing they said."""
        last = [shown for shown in self.telegram.chats[self.id] if not shown.by_bot][-1]
        last.text = text
        edited = {**self._envelope(self.own_chat, last.id), "edit_date": _now(), "text": text}
        return self.telegram.push(edited_message=edited, sender=self)

    def presses(self, label: str, where: Group | None = None) -> int:
        """Press the button with this label in the latest message that has one."""
        chat = where.chat if where else self.own_chat
        shown, press = self._find_button(label, chat["id"])
        query = f"{self.telegram.number()}"
        self.telegram.open_queries[query] = self.id
        self._acts()
        return self.telegram.push(
            callback_query={
                "id": query,
                "from": self.user,
                "message": self.telegram.message_json(chat, shown),
                "chat_instance": "-1",
                "data": press,
            },
            sender=self,
        )

    def blocks(self) -> int:
        self.blocked = True
        return self._membership("member", "kicked")

    def returns(self) -> int:
        self.blocked = False
        return self._membership("kicked", "member")

    # what they see

    @property
    def chat(self) -> list[Shown]:
        """Everything in their own chat with the bot, both sides, as it stands now."""
        return self.telegram.chats[self.id]

    @property
    def reads(self) -> list[str]:
        """What the bot said to them, as it stands now."""
        return [shown.text for shown in self.chat if shown.by_bot]

    @property
    def menu(self) -> list[tuple[str, str]]:
        return self.telegram.menus.get(self.id, [])

    @property
    def spinning(self) -> bool:
        """A button they pressed has not been answered yet."""
        return self.id in self.telegram.open_queries.values()

    async def sees(self, words: str, within: float = PATIENCE, *, ever: bool = False) -> Shown:
        """Wait until the bot shows `words`: since this person's last act, or `ever`."""
        since = -1 if ever else self.last_act
        found: list[Shown] = []

        def shown() -> bool:
            found[:] = [s for s in self.chat if s.by_bot and s.moment > since and words in s.text]
            return bool(found)

        try:
            await until(shown, within)
        except TimeoutError:
            raise AssertionError(f"{words!r} is not to be seen in {self.reads!r}") from None
        return found[-1]

    # inside

    def _acts(self) -> None:
        self.last_act = self.telegram.moment

    def _find_button(self, label: str, chat: int) -> tuple[Shown, str]:
        for shown in reversed(self.telegram.chats[chat]):
            for row in shown.buttons:
                for found, press in row:
                    if found == label:
                        return shown, press
        there = [shown.labels for shown in self.telegram.chats[chat] if shown.buttons]
        raise AssertionError(f"no button {label!r} in {there}")

    def _envelope(self, chat: Mapping[str, Any], message_id: int) -> dict[str, Any]:
        return {"message_id": message_id, "from": self.user, "chat": chat, "date": _now()}

    def _photo(self, content: bytes) -> dict[str, Any]:
        """A photo comes in several sizes, the largest last."""
        return {
            "photo": [
                {
                    **self.telegram.keep(content[: len(content) * part // 4], "photos/file.jpg"),
                    "width": 320 * part,
                    "height": 240 * part,
                }
                for part in (1, 2, 4)
            ]
        }

    def _membership(self, was: str, now: str) -> int:
        bot = self.telegram.user

        def member(status: str) -> dict[str, Any]:
            until_date = {"until_date": 0} if status == "kicked" else {}
            return {"user": bot, "status": status, **until_date}

        change = {
            "chat": self.own_chat,
            "from": self.user,
            "date": _now(),
            "old_chat_member": member(was),
            "new_chat_member": member(now),
        }
        return self.telegram.push(my_chat_member=change, sender=self)


@dataclass(frozen=True)
class Group:
    chat: dict[str, Any]


# ---------------------------------------------------------------- the server


class BotApi:
    """One bot's Telegram."""

    def __init__(self, token: str = TOKEN, username: str = "YingcaiBot") -> None:
        self.token = token
        self.user = {"id": 700700, "is_bot": True, "first_name": "英才助手", "username": username}
        self.calls: list[Call] = []
        self.faults: list[str] = []
        """Calls that broke the description or a limit."""
        self.people: dict[int, Person] = {}
        self.groups: dict[int, Group] = {}
        self.moved: dict[int, int] = {}
        """Groups that have become supergroups."""
        self.chats: dict[int, list[Shown]] = defaultdict(list)
        self.menus: dict[int, list[tuple[str, str]]] = {}
        self.pending: list[dict[str, Any]] = []
        """Updates not yet confirmed, in the order they will be given; a test may change it."""
        self.history: list[dict[str, Any]] = []
        self.open_queries: dict[str, int] = {}
        """Taps not yet answered, with who tapped."""
        self.webhook: dict[str, Any] = {}
        self.understate_sizes = False
        """getFile tells less than a file's real size."""
        self.moment = 0
        self.port = 0
        self._files: dict[str, tuple[str, bytes]] = {}
        self._links: dict[str, bytes] = {}
        self._troubles: dict[str, deque[Trouble]] = defaultdict(deque)
        self._allowed: Sequence[str] = ALL_BY_DEFAULT
        self._numbers = iter(range(1, 1_000_000))
        self._update_ids = iter(range(861_000_001, 900_000_000))
        self._poll = 0
        self._arrival = asyncio.Event()
        """Something is there for whoever polls."""
        self._to_push = asyncio.Event()
        """The same for the webhook. Of one event for both, one would clear what the other has not
        seen yet."""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.shut()

    async def open(self) -> None:
        """Start serving, at the port it had before if it had one."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._start(self._push_to_webhook())

    async def shut(self) -> None:
        """Stop serving: from now on connections are refused."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def _start(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # who is there

    def person(self, name: str, language: str = "zh-hans") -> Person:
        person = Person(self, 5_000_000_000 + self.number(), name, language)
        self.people[person.id] = person
        return person

    def group(self, title: str, *, small: bool = False) -> Group:
        """A supergroup; or a small group, which may become one."""
        number = -self.number() if small else -1_000_000_000_000 - self.number()
        kind = "group" if small else "supergroup"
        self.groups[number] = Group({"id": number, "type": kind, "title": title})
        return self.groups[number]

    def upgrade(self, group: Group) -> Group:
        """Let a small group become a supergroup: its old number is no longer good."""
        grown = self.group(group.chat["title"])
        del self.groups[group.chat["id"]]
        self.moved[group.chat["id"]] = grown.chat["id"]
        for chat, said in ((group, "migrate_to_chat_id"), (grown, "migrate_from_chat_id")):
            other = grown if chat is group else group
            message = {"message_id": self.number(), "chat": chat.chat, "date": _now()}
            self.push(message={**message, said: other.chat["id"]})
        return grown

    # what tests do to it

    def trouble(self, method: str, *troubles: Trouble) -> None:
        """Let the next calls of a method go wrong, one after another."""
        self._troubles[method].extend(troubles)

    def push(self, update: Any = None, *, sender: Person | None = None, **content: Any) -> int:
        """Let an update come, whole or by its content; gives its id.

        A person who has blocked the bot can do nothing but return.
        """
        if sender is not None and sender.blocked and "my_chat_member" not in content:
            raise AssertionError("a person who blocked the bot cannot write to it")
        if update is None:
            update = {"update_id": next(self._update_ids), **content}
            faults = spec.value_faults("Update", update)
            assert not faults, f"this is no update of Telegram's: {faults}"
        self.history.append(update)
        if not content or next(iter(content)) in self._allowed:
            self.pending.append(update)
            self._come()
        known = update.get("update_id", 0) if isinstance(update, dict) else 0
        return int(known)

    def deliver_again(self) -> None:
        """Give everything once more that was ever given."""
        self.pending = list(self.history)
        self._come()

    def _come(self) -> None:
        self._arrival.set()
        self._to_push.set()

    def expire_links(self) -> None:
        self._links.clear()

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    # what it remembers

    def number(self) -> int:
        return next(self._numbers)

    def keep(self, content: bytes, path: str) -> dict[str, Any]:
        """Hold a file that somebody sent; gives its identity, as part of a message."""
        number = self.number()
        file_id = f"AgAC-{number}"
        folder, _, name = path.partition("/")
        self._files[file_id] = (f"{folder}/{number}_{name}", content)
        return {
            "file_id": file_id,
            "file_unique_id": f"AQAD{number}",
            "file_size": len(content),
        }

    def path_of(self, file_id: str) -> str:
        """What getFile will say."""
        return self._files[file_id][0]

    def add(self, chat: int, shown: Shown) -> Shown:
        shown.id = self.number()
        self.moment += shown.by_bot
        shown.moment = self.moment
        self.chats[chat].append(shown)
        return shown

    def message_json(self, chat: Mapping[str, Any], shown: Shown) -> dict[str, Any]:
        """A message of the bot's, as the API tells it."""
        told: dict[str, Any] = {
            "message_id": shown.id,
            "from": self.user,
            "chat": dict(chat),
            "date": _now(),
        }
        if shown.file is None:
            told["text"] = shown.text
        else:
            identity = self.keep(shown.file.content, f"{shown.file.kind}s/{shown.file.name}")
            if shown.file.kind == "photo":
                told["photo"] = [{**identity, "width": 1280, "height": 960}]
            else:
                told["document"] = {**identity, "file_name": shown.file.name}
            told.update(_captioned(shown.text))
        if shown.album:
            told["media_group_id"] = shown.album
        if shown.buttons:
            told["reply_markup"] = {
                "inline_keyboard": [
                    [_button(label, carried) for label, carried in row] for row in shown.buttons
                ]
            }
        return told

    # the methods

    def _methods(self) -> dict[str, Callable[[Mapping[str, Any], Mapping[str, SentFile]], Any]]:
        return {
            "getMe": lambda p, f: self.user,
            "sendMessage": self._send_message,
            "editMessageText": self._edit_message_text,
            "editMessageReplyMarkup": self._edit_message_reply_markup,
            "answerCallbackQuery": self._answer_callback_query,
            "sendPhoto": lambda p, f: self._send_file("photo", p, f),
            "sendDocument": lambda p, f: self._send_file("document", p, f),
            "sendMediaGroup": self._send_media_group,
            "getFile": self._get_file,
            "setMyCommands": self._set_my_commands,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
        }

    def _send_message(self, p: Mapping[str, Any], _: Mapping[str, SentFile]) -> Any:
        chat = self._reachable_chat(p)
        shown = Shown(0, by_bot=True, text=_text(p), buttons=_buttons(p))
        return self.message_json(chat, self.add(chat["id"], shown))

    def _edit_message_text(self, p: Mapping[str, Any], _: Mapping[str, SentFile]) -> Any:
        chat, shown = self._editable(p)
        if shown.file is not None:
            raise Refusal("Bad Request: there is no text in the message to edit")
        return self._change(chat, shown, _text(p), _buttons(p))

    def _edit_message_reply_markup(self, p: Mapping[str, Any], _: Mapping[str, SentFile]) -> Any:
        chat, shown = self._editable(p)
        return self._change(chat, shown, shown.text, _buttons(p))

    def _change(
        self,
        chat: Mapping[str, Any],
        shown: Shown,
        text: str,
        buttons: list[list[tuple[str, str]]],
    ) -> Any:
        if (text, buttons) == (shown.text, shown.buttons):
            raise Refusal(NOT_MODIFIED)
        self.moment += 1
        shown.text, shown.buttons, shown.moment = text, buttons, self.moment
        return {**self.message_json(chat, shown), "edit_date": _now()}

    def _editable(self, p: Mapping[str, Any]) -> tuple[Mapping[str, Any], Shown]:
        chat = self._reachable_chat(p)
        for shown in self.chats[chat["id"]]:
            if shown.id == int(p["message_id"]):
                if not shown.by_bot:
                    raise Refusal("Bad Request: message can't be edited")
                return chat, shown
        raise Refusal("Bad Request: message to edit not found")

    def _answer_callback_query(self, p: Mapping[str, Any], _: Mapping[str, SentFile]) -> bool:
        if units(p.get("text", "")) > 200:
            self._limit("Bad Request: MESSAGE_TOO_LONG")
        if self.open_queries.pop(p["callback_query_id"], None) is None:
            raise Refusal(
                "Bad Request: query is too old and response timeout expired or query ID is invalid"
            )
        return True

    def _send_file(self, kind: str, p: Mapping[str, Any], files: Mapping[str, SentFile]) -> Any:
        chat = self._reachable_chat(p)
        # A file is a part of the form by its own name, or by a name that the parameter gives.
        part = str(p.get(kind, kind)).removeprefix("attach://")
        file = self._checked(replace(files[part], kind=kind))
        shown = Shown(0, by_bot=True, text=_caption(p), buttons=_buttons(p), file=file)
        return self.message_json(chat, self.add(chat["id"], shown))

    def _send_media_group(self, p: Mapping[str, Any], files: Mapping[str, SentFile]) -> Any:
        chat = self._reachable_chat(p)
        media = json.loads(p["media"])
        if not 2 <= len(media) <= 10:
            self._limit("Bad Request: album items count must be from 2 to 10")
        if len({item["type"] for item in media}) != 1:
            self._limit("Bad Request: Can't use the media of the specified type in the album")
        sent = [
            self._checked(replace(files[item["media"][9:]], kind=item["type"])) for item in media
        ]
        album = f"{self.number()}"
        return [
            self.message_json(
                chat,
                self.add(
                    chat["id"],
                    Shown(0, by_bot=True, text=_caption(item), file=file, album=album),
                ),
            )
            for item, file in zip(media, sent, strict=True)
        ]

    def _checked(self, file: SentFile) -> SentFile:
        if len(file.content) > (10 if file.kind == "photo" else 50) * MEGABYTE:
            self._limit("Request Entity Too Large", 413)
        if file.kind == "photo" and not file.content.startswith(
            (b"\xff\xd8", b"\x89PNG", b"RIFF")
        ):
            raise Refusal("Bad Request: IMAGE_PROCESS_FAILED")
        return file

    def _get_file(self, p: Mapping[str, Any], _: Mapping[str, SentFile]) -> Any:
        if p["file_id"] not in self._files:
            raise Refusal("Bad Request: wrong file_id or the file is temporarily unavailable")
        path, content = self._files[p["file_id"]]
        if len(content) > 20 * MEGABYTE:
            raise Refusal("Bad Request: file is too big")
        self._links[path] = content
        return {
            "file_id": p["file_id"],
            "file_unique_id": f"U{p['file_id']}",
            "file_size": 1 if self.understate_sizes else len(content),
            "file_path": path,
        }

    def _set_my_commands(self, p: Mapping[str, Any], _: Mapping[str, SentFile]) -> bool:
        commands = [(c["command"], c["description"]) for c in json.loads(p["commands"])]
        if len(commands) > 100:
            self._limit("Bad Request: BOT_COMMANDS_TOO_MUCH")
        for name, description in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
                self._limit("Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= units(description) <= 256:
                self._limit("Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        scope = json.loads(p.get("scope", "{}"))
        chat = self._reachable_chat(scope)["id"] if scope.get("type") == "chat" else 0
        self.menus[chat] = commands
        return True

    def _set_webhook(self, p: Mapping[str, Any], _: Mapping[str, SentFile]) -> bool:
        url = urlsplit(p["url"])
        if url.scheme != "https" and url.hostname != "127.0.0.1":
            self._limit("Bad Request: bad webhook: HTTPS url must be provided for webhook")
        secret = p.get("secret_token", "")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
            self._limit("Bad Request: secret token contains unallowed characters")
        self._allow(p)
        self._poll += 1
        self.webhook = {"url": p["url"], "secret": secret}
        self._come()
        return True

    def _delete_webhook(self, p: Mapping[str, Any], _: Mapping[str, SentFile]) -> bool:
        self.webhook = {}
        if p.get("drop_pending_updates") == "true":
            self.pending.clear()
        return True

    async def _get_updates(self, p: Mapping[str, Any]) -> list[Any]:
        if self.webhook:
            raise Refusal(WEBHOOK_ACTIVE, 409)
        self._allow(p)
        if "offset" in p:
            self._confirm(int(p["offset"]))
        self._poll += 1
        mine = self._poll
        self._arrival.set()
        deadline = time.monotonic() + int(p.get("timeout", 0))
        while not self.pending and (left := deadline - time.monotonic()) > 0:
            self._arrival.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrival.wait(), left)
            if mine != self._poll:
                raise Refusal(WEBHOOK_ACTIVE if self.webhook else ANOTHER_POLLER, 409)
        return self.pending[: int(p.get("limit", 100))]

    def _confirm(self, offset: int) -> None:
        self.pending = [
            update
            for update in self.pending
            if not isinstance(update, dict) or update.get("update_id", offset) >= offset
        ]

    def _allow(self, p: Mapping[str, Any]) -> None:
        if "allowed_updates" in p:
            self._allowed = json.loads(p["allowed_updates"]) or ALL_BY_DEFAULT

    def _reachable_chat(self, p: Mapping[str, Any]) -> dict[str, Any]:
        """The chat a call is for. A bot cannot write to somebody who never wrote to it."""
        chat = int(p["chat_id"])
        if chat in self.groups:
            return self.groups[chat].chat
        if chat in self.moved:
            raise Refusal(
                "Bad Request: group chat was upgraded to a supergroup chat",
                moved_to=self.moved[chat],
            )
        person = self.people.get(chat)
        if person is None:
            raise Refusal("Bad Request: chat not found")
        if person.blocked:
            raise Refusal("Forbidden: bot was blocked by the user", 403)
        if not self.chats[chat]:
            raise Refusal("Forbidden: bot can't initiate conversation with a user", 403)
        return person.own_chat

    def _limit(self, description: str, code: int = 400) -> None:
        """Refuse what no bot should ever ask."""
        raise _BrokenLimit(description, code)

    # the wire

    async def _push_to_webhook(self) -> None:
        """Push to the webhook, one at a time, until each is taken."""
        async with client() as http:
            while True:
                await self._to_push.wait()
                while self.webhook and self.pending:
                    update = self.pending[0]
                    headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook["secret"]}
                    try:
                        answer = await http.post(self.webhook["url"], json=update, headers=headers)
                        taken = answer.is_success
                    except httpx.HTTPError:
                        taken = False
                    if taken and update in self.pending:
                        self.pending.remove(update)
                    else:
                        await asyncio.sleep(0.02)
                self._to_push.clear()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = self._start(self._connection(reader, writer))
        # Cancelled before its first step, it would leave the connection open.
        serving.add_done_callback(lambda _: writer.close())

    async def _connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        wire = h11.Connection(h11.SERVER)
        try:
            with contextlib.suppress(ConnectionError, h11.RemoteProtocolError):
                async for request in _requests(wire, reader):
                    answer = await self._take(request)
                    if answer is None:
                        writer.transport.abort()
                        return
                    status, media_type, body = answer
                    writer.write(_encode(wire, status, media_type, body))
                    await writer.drain()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _take(self, request: Request) -> tuple[int, str, bytes] | None:
        """Answer one HTTP request; `None` to break the connection instead."""
        path = request.url.path
        if path.startswith(f"/file/bot{self.token}/"):
            return self._take_download(path.removeprefix(f"/file/bot{self.token}/"))
        if not path.startswith(f"/bot{self.token}/"):
            return _json(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        method = path.removeprefix(f"/bot{self.token}/")
        parameters, files = await _parameters(request)
        self.calls.append(Call(method, parameters, files, time.monotonic()))
        queue = self._troubles[method]
        trouble = queue.popleft() if queue else Trouble(acts=True)
        answer = await self._act(method, parameters, files) if trouble.acts else {"ok": False}
        await asyncio.sleep(trouble.delay)
        if trouble.dropped:
            return None
        if trouble.page:
            return trouble.code, "text/html", trouble.page.encode()
        if trouble.code:
            refusal = Refusal(trouble.description, trouble.code, trouble.retry_after)
            return _json(trouble.code, _refused(refusal))
        return _json(int(answer.get("error_code", 200)), answer)

    def _take_download(self, path: str) -> tuple[int, str, bytes] | None:
        queue = self._troubles["download"]
        trouble = queue.popleft() if queue else Trouble()
        self.calls.append(Call("download", {"path": path}, {}, time.monotonic()))
        if trouble.dropped:
            return None
        if trouble.code:
            return trouble.code, "text/html", trouble.page.encode()
        if path not in self._links:
            return _json(404, {"ok": False, "error_code": 404, "description": "Not Found"})
        return 200, "application/octet-stream", self._links[path]

    async def _act(
        self, method: str, parameters: Mapping[str, Any], files: Mapping[str, SentFile]
    ) -> dict[str, Any]:
        faults = spec.method_faults(method, parameters, list(files))
        if faults:
            self.faults += faults
            return _refused(Refusal(f"Bad Request: {faults[0]}"))
        try:
            if method == "getUpdates":
                return {"ok": True, "result": await self._get_updates(parameters)}
            act = self._methods().get(method)
            if act is None:
                raise Refusal("Not Found: method not found", 404)
            result = act(parameters, files)
            assert not (lies := spec.result_faults(method, result)), f"no Telegram says {lies}"
            return {"ok": True, "result": result}
        except _BrokenLimit as broken_limit:
            self.faults.append(f"{method}: {broken_limit.description}")
            return _refused(broken_limit)
        except Refusal as refusal:
            return _refused(refusal)


class _BrokenLimit(Refusal):
    pass


@cache
def _trust() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def client(base: str = "") -> httpx.AsyncClient:
    """A plain HTTP client; reading the certificates anew for each would take most of a test."""
    return httpx.AsyncClient(base_url=base, verify=_trust(), trust_env=False)


async def until(true: Callable[[], bool], within: float = PATIENCE) -> None:
    """Wait for something to become true. Raises `TimeoutError`."""
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110 - whatever it is may change without telling us
            await asyncio.sleep(0.005)


# ---------------------------------------------------------------- limits that stand in no schema


def _text(p: Mapping[str, Any]) -> str:
    text = str(p.get("text", "")).strip()
    if not text:
        raise Refusal("Bad Request: message text is empty")
    if units(text) > 4096:
        raise _BrokenLimit("Bad Request: message is too long")
    return text


def _caption(p: Mapping[str, Any]) -> str:
    caption = str(p.get("caption", "")).strip()
    if units(caption) > 1024:
        raise _BrokenLimit("Bad Request: message caption is too long")
    return caption


def _buttons(p: Mapping[str, Any]) -> list[list[tuple[str, str]]]:
    """Labels and what they carry: a press, the page that a button opens, or nothing where it
    copies a text."""
    markup = json.loads(p.get("reply_markup", "{}"))
    rows = markup.get("inline_keyboard", ())
    for button in (button for row in rows for button in row):
        if not str(button["text"]).strip():
            raise _BrokenLimit("Bad Request: text buttons are unallowed in the inline keyboard")
        if len({"callback_data", "copy_text", "url"} & {*button}) != 1:
            raise _BrokenLimit("Bad Request: BUTTON_TYPE_INVALID")
        if "copy_text" in button:
            if not 1 <= len(button["copy_text"]["text"]) <= 256:
                raise _BrokenLimit("Bad Request: BUTTON_COPY_TEXT_INVALID")
        elif "url" in button:
            if not re.match(r"https?://[^/:]*[^/:.\d][^/:]*\.[a-z]+(?:[/:?]|$)", button["url"]):
                raise _BrokenLimit("Bad Request: inline keyboard button URL is invalid")
        elif not 1 <= len(str(button["callback_data"]).encode()) <= 64:
            raise _BrokenLimit("Bad Request: BUTTON_DATA_INVALID")
    if any(not 1 <= len(row) <= 8 for row in rows) or sum(map(len, rows)) > 100:
        raise _BrokenLimit("Bad Request: reply markup is too long")
    return [[(str(b["text"]), _carried(b)) for b in row] for row in rows]


def _button(label: str, carried: str) -> dict[str, str]:
    kind = "url" if carried.startswith("http") else "callback_data"
    return {"text": label, kind: carried}


def _carried(button: Mapping[str, Any]) -> str:
    return str(button.get("callback_data") or button.get("url", ""))


# ---------------------------------------------------------------- small things


def _now() -> int:
    return int(time.time())


def _captioned(caption: str) -> dict[str, Any]:
    return {"caption": caption} if caption else {}


def _refused(refusal: Refusal) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "ok": False,
        "error_code": refusal.code,
        "description": refusal.description,
    }
    if refusal.retry_after:
        answer["parameters"] = {"retry_after": refusal.retry_after}
    if refusal.moved_to:
        answer["parameters"] = {"migrate_to_chat_id": refusal.moved_to}
    return answer


def _json(status: int, answer: Mapping[str, Any]) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(answer).encode()


async def _parameters(request: Request) -> tuple[dict[str, Any], dict[str, SentFile]]:
    """A call's parameters, by whichever of Telegram's four ways they came, and its files."""
    parameters: dict[str, Any] = dict(request.query_params)
    files: dict[str, SentFile] = {}
    if request.headers.get("content-type", "").startswith("application/json"):
        parameters.update(await request.json())
        return parameters, files
    async with request.form(max_part_size=60 * MEGABYTE) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                content = await value.read()
                files[name] = SentFile("", value.filename or "", content, "")
            else:
                parameters[name] = value
    return parameters, files


async def _requests(wire: h11.Connection, reader: asyncio.StreamReader) -> AsyncIterator[Request]:
    """The requests of one connection, until it ends."""
    while True:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                wire.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return
        assert head is not None
        yield _request(head, bytes(body))
        if wire.our_state is h11.MUST_CLOSE:
            return
        wire.start_next_cycle()


def _request(head: h11.Request, body: bytes) -> Request:
    path, _, query = head.target.decode().partition("?")
    parts: Iterator[dict[str, Any]] = iter([{"type": "http.request", "body": body}])

    async def receive() -> dict[str, Any]:
        return next(parts)

    scope = {
        "type": "http",
        "method": head.method.decode(),
        "path": httpx.URL(f"http://127.0.0.1{path}").path,
        "query_string": query.encode(),
        "headers": [(name.lower(), value) for name, value in head.headers],
    }
    return Request(scope, receive)


def _encode(wire: h11.Connection, status: int, media_type: str, body: bytes) -> bytes:
    headers = [("Content-Type", media_type), ("Content-Length", str(len(body)))]
    parts = (
        h11.Response(status_code=status, headers=headers),
        h11.Data(data=body),
        h11.EndOfMessage(),
    )
    return b"".join(wire.send(part) or b"" for part in parts)

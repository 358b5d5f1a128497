"""A Telegram that misbehaves by chance, the same for the same seed."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from tests.telegram.bot_api import (
    BotApi,
    Trouble,
    broken,
    dropped,
    garbled,
    gateway,
    slow,
    too_many,
)
from tests.torture.child import ANSWER_SECONDS, MARK

RATE = 30
"""Messages that Telegram takes in any one second."""
SETTLED = 5.0
"""Seconds after which people talk as they will."""
SHOWS = ("sendMessage", "editMessageText", "sendPhoto", "sendDocument", "sendMediaGroup")


@dataclass(frozen=True)
class Malice:
    """How often something goes wrong, as shares of all calls."""

    broken: float = 0.0
    too_many: float = 0.0
    dropped: float = 0.0
    hangs: float = 0.0
    garbled: float = 0.0
    doubled: float = 0.0
    """Batches of updates that are given once more."""
    reordered: float = 0.0
    """Batches whose updates come in another order, between chats."""
    always_broken: tuple[str, ...] = ()
    """Methods that always answer 500."""
    answer_seconds: float = 0.0
    """What each answer takes, at least."""


CALM = Malice()
HOSTILE = Malice(0.04, 0.01, 0.02, 0.005, 0.01, 0.05, 0.2, ("setMyCommands",))


@dataclass
class Seen:
    """What has reached the server."""

    arrived: list[float] = field(default_factory=list)
    """When calls that show something came in, by a clock that only goes forward."""
    faults: Counter[str] = field(default_factory=Counter)
    shown: Counter[int] = field(default_factory=Counter)
    """How often each row was shown anew."""
    edited: set[int] = field(default_factory=set)
    given: set[int] = field(default_factory=set)
    """Updates that were given, by id."""

    def rate(self) -> float:
        """Calls a second, once all are at it."""
        if not self.arrived:
            return 0.0
        began, ended = self.arrived[0] + SETTLED, self.arrived[-1]
        return sum(began <= at < ended for at in self.arrived) / max(ended - began, 1.0)

    def most_in_a_second(self) -> int:
        ordered = sorted(self.arrived)
        first = most = 0
        for last, at in enumerate(ordered):
            while at - ordered[first] >= 1.0:
                first += 1
            most = max(most, last - first + 1)
        return most


class Hostile(BotApi):
    """One bot's Telegram, on the loopback."""

    def __init__(self, seed: int, malice: Malice) -> None:
        super().__init__()
        self.malice = malice
        self.seen = Seen()
        self._whims = random.Random(seed)
        self.unserved: set[str] = set()
        """Words; a message that holds one is never served."""

    async def _take(self, request: Request) -> tuple[int, str, bytes] | None:
        method = request.url.path.rpartition("/")[2]
        if method in SHOWS:
            self.seen.arrived.append(time.monotonic())
        if trouble := self._misfortune(method):
            self._troubles[method].append(trouble)
        answer = await super()._take(request)
        if self.malice.answer_seconds and method != "getUpdates":
            await asyncio.sleep(self.malice.answer_seconds)
        return answer

    def _misfortune(self, method: str) -> Trouble | None:
        malice = self.malice
        if method in malice.always_broken:
            self.seen.faults["always 500"] += 1
            return broken(500)
        polls = method in ("getUpdates", "deleteWebhook", "getMe")
        for name, share, trouble in (
            ("5xx", malice.broken, self._whims.choice((broken(500), broken(503), gateway(502)))),
            ("429", malice.too_many, too_many(self._whims.randint(1, 2))),
            ("dropped", malice.dropped, dropped(acts=self._whims.random() < 0.5)),
            ("hung", malice.hangs, slow(ANSWER_SECONDS + 1)),
            ("garbled", malice.garbled, garbled()),
        ):
            if polls and name == "hung":
                continue
            if self._whims.random() < share:
                self.seen.faults[name] += 1
                return trouble
        return None

    async def _act(self, method: str, parameters: Mapping[str, Any], files: Any) -> dict[str, Any]:
        text = str(parameters.get("text", ""))
        if any(word in text for word in self.unserved):
            self.seen.faults["never served"] += 1
            return {"ok": False, "error_code": 500, "description": "Internal Server Error"}
        answer = await super()._act(method, parameters, files)
        if answer.get("ok") and method in SHOWS:
            rows = [int(row) for row in re.findall(rf"{MARK}(\d+)", text)]
            if method == "editMessageText":
                self.seen.edited.update(rows)
            else:
                self.seen.shown.update(rows)
        return answer

    async def _get_updates(self, p: Mapping[str, Any]) -> list[Any]:
        given = await super()._get_updates(p)
        if self._whims.random() < self.malice.doubled:
            self.seen.faults["doubled"] += 1
            given = given + given
        if self._whims.random() < self.malice.reordered:
            self.seen.faults["reordered"] += 1
            given = self._mixed(given)
        self.seen.given.update(update["update_id"] for update in given)
        return given

    def _mixed(self, updates: list[Any]) -> list[Any]:
        """In another order; within each chat it stays, as Telegram has it."""
        chats: dict[Any, list[Any]] = {}
        for update in updates:
            said = update.get("message") or update.get("callback_query", {}).get("message") or {}
            chats.setdefault(said.get("chat", {}).get("id"), []).append(update)
        mixed = []
        while chats:
            chat = self._whims.choice(list(chats))
            mixed.append(chats[chat].pop(0))
            if not chats[chat]:
                del chats[chat]
        return mixed

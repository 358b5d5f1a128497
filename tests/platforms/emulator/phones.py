"""Somebody else's Telegram (npm telegram-test-api 4.2.1), and people with phones on it."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.telegram.bot_api import client

TOKEN: Final = "700700:AA-not_a_real_token-0123456789"
PATIENCE: Final = 60.0
"""Seconds: each talk has a library to import first, perhaps on a busy machine."""
SERVER: Final = Path(__file__).with_name("server.js")
FOLDER: Final = Path(
    os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "yingcai", "telegram-test-api"
)
"""Where `make emulator` installs it."""


@asynccontextmanager
async def emulator() -> AsyncIterator[Emulator]:
    """The emulator as a process of its own; the test is skipped where it cannot be had."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on this machine")
    if not (FOLDER / "node_modules" / "telegram-test-api").exists():
        pytest.skip("telegram-test-api is not installed: run make emulator")
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        node,
        str(SERVER),
        str(port),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "NODE_PATH": str(FOLDER / "node_modules")},
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            assert (await process.stdout.readline()).strip() == b"up"
        yield Emulator(f"http://127.0.0.1:{port}")
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])


@dataclass
class Emulator:
    base: str
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(5_000_000_001))

    def phone(self, name: str) -> Phone:
        return Phone(self, next(self.numbers), name)


@dataclass
class Phone:
    """Somebody's phone: what they send goes through the emulator's own client routes."""

    emulator: Emulator
    id: int
    name: str

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        async with client(self.emulator.base) as http:
            answer = await http.post(path, json={"botToken": TOKEN, **body})
            assert answer.is_success, answer.text
            return answer.json()["result"]

    def _frame(self) -> dict[str, Any]:
        user = {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": "zh"}
        chat = {"id": self.id, "type": "private", "first_name": self.name}
        return {"from": user, "chat": chat, "date": 1790000000}

    async def says(self, text: str) -> None:
        """Send a text, or follow a deep link (`/start CODE`)."""
        if text.startswith("/"):
            entity = {"type": "bot_command", "offset": 0, "length": len(text.split()[0])}
            await self._post("/sendCommand", {**self._frame(), "text": text, "entities": [entity]})
        else:
            await self._post("/sendMessage", {**self._frame(), "text": text})

    async def presses(self, words: str) -> None:
        """Press the newest button whose label holds these words."""
        for shown in reversed(await self.messages()):
            for row in shown["message"].get("reply_markup", {}).get("inline_keyboard", ()):
                for button in row:
                    if words in button["text"]:
                        await self._press(shown, button["callback_data"])
                        return
        raise AssertionError(f"{self.name} sees no button {words!r}")

    async def _press(self, shown: dict[str, Any], data: str) -> None:
        frame = self._frame()
        message = {"message_id": shown["messageId"], "chat": frame["chat"], "date": 1790000000}
        body = {"from": frame["from"], "message": message, "data": data}
        await self._post("/sendCallback", body)

    async def messages(self) -> list[dict[str, Any]]:
        """What the bot shows in this chat now."""
        history = await self._post("/getUpdatesHistory", {"token": TOKEN})
        return [one for one in history if self._is_mine(one)]

    def _is_mine(self, update: dict[str, Any]) -> bool:
        """Something that the bot said to them; what people did has no `chat_id`."""
        return str(update.get("message", {}).get("chat_id")) == str(self.id)

    async def sees(self, words: str) -> str:
        """Wait until the bot shows `words`."""
        texts: list[str] = []
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    texts = [one["message"]["text"] for one in await self.messages()]
                    for text in texts:
                        if words in text:
                            return text
                    await asyncio.sleep(0.1)
        except TimeoutError:
            shown = json.dumps(texts, ensure_ascii=False)
            raise AssertionError(f"{self.name} does not see {words!r} in {shown}") from None

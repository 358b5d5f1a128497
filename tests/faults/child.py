"""The real app as a program that is killed: `python -m tests.faults.child`.

Starting Python and importing the house takes seconds, so one process does that once and forks a
child for each life: a line of JSON on its standard input orders one, a line on its standard output
gives its number. A life's messenger takes updates from a socket on the loopback and confirms there
what is stored; what it shows is appended, flushed to the disk, to a file beside the database.

At the point that its order names, the child kills itself with SIGKILL: no handler runs, nothing is
flushed. Production code is wrapped for that, not changed.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import configure_mappers

from app.main import App
from app.settings import Settings, WebSettings
from bot import inbox
from bot.platforms.contract import Receive, Received
from bot.platforms.fake import UNLIMITED, FakePlatform
from bot.router import Router
from bot.talk.clock import SetClock
from bot.talk.message import Outgoing
from handlers import handlers
from programmes.catalogue import load
from prompts import LANGUAGES, catalogue
from storage.database import Database


@dataclass(frozen=True)
class Life:
    """One life of the program, and the point and the time at which it ends."""

    folder: str
    """Where `house.db`, `shown.jsonl`, `deaths.txt`, `log.txt` and the folder `files` lie."""
    port: int
    now: str
    idempotent: bool
    point: str = ""
    hit: int = -1
    last: int = -1


class Doom:
    """Death by SIGKILL the so-many-th time that a point is reached, or else at the `last` of all
    points."""

    def __init__(self, life: Life) -> None:
        self._point = life.point
        self._left = life.hit
        self._points_left = life.last
        self._deaths = Path(life.folder) / "deaths.txt"
        self._one_thread = threading.Lock()

    def at(self, point: str) -> None:
        with self._one_thread:
            self._points_left -= 1
            self._left -= point == self._point
            if self._left == 0 or self._points_left == 0:
                with self._deaths.open("a") as deaths:
                    deaths.write(f"{point}\n")
                os.kill(os.getpid(), signal.SIGKILL)

    def watch_database(self) -> None:
        """Each transaction has three points: before it, before its commit, after its commit."""
        begin = Database._act

        def act(database: Database, what: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            name = what.__name__.lstrip("_")

            def inside(*args: Any, **kwargs: Any) -> Any:
                result = what(*args, **kwargs)
                self.at(f"{name}: before its commit")
                return result

            self.at(f"{name}: before")
            result = begin(database, inside, *args, **kwargs)
            self.at(f"{name}: after")
            return result

        Database._act = act  # type: ignore[method-assign,assignment]  # watched

    def watch_router(self) -> None:
        """In the middle of a batch: an update is handled, others are to follow, none is kept."""
        handle = Router.handle

        def handled(router: Router, *args: Any) -> None:
            handle(router, *args)
            self.at("one of a batch")

        Router.handle = handled  # type: ignore[method-assign,assignment]  # watched


class SocketPlatform(FakePlatform):
    """Takes updates from a socket; shows by appending to a file."""

    def __init__(self, life: Life, doom: Doom) -> None:
        super().__init__(capabilities=replace(UNLIMITED, idempotent=life.idempotent))
        self._folder = Path(life.folder)
        self._port = life.port
        self._doom = doom

    async def run(self, receive: Receive) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while line := await reader.readline():
            updates = [Received(*fields) for fields in json.loads(line)]
            await receive(self.name, updates)
            self._doom.at("before its acknowledgement")
            writer.write(json.dumps([update.key for update in updates]).encode() + b"\n")
            await writer.drain()

    async def send(self, row: int, address: str, message: Outgoing, earlier: str | None) -> str:
        self._doom.at("send: before")
        await asyncio.sleep(0)
        self._write({"row": row, "address": address, "text": message.text})
        self._doom.at("send: after")
        return str(row)

    async def drop(self, refs: Sequence[str]) -> None:
        """They are the test's."""

    async def offer(self, address: str, commands: Sequence[tuple[str, str]]) -> None:
        self._doom.at("send: before")

    async def fetch(self, ref: str, limit: int) -> bytes:
        self._doom.at("fetch: before")
        await asyncio.sleep(0)
        data = (self._folder / "files" / ref).read_bytes()
        self._doom.at("fetch: after")
        return data

    def _write(self, line: dict[str, Any]) -> None:
        shown = os.open(self._folder / "shown.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(shown, json.dumps(line, ensure_ascii=False).encode() + b"\n")
        os.fsync(shown)
        os.close(shown)


async def live(life: Life) -> None:
    doom = Doom(life)
    doom.watch_database()
    doom.watch_router()
    folder = Path(life.folder)
    settings = Settings(
        database_url=f"sqlite:///{folder / 'house.db'}",
        data_dir=folder / "data",
        web=WebSettings(enabled=False),
    )
    clock = SetClock(datetime.fromisoformat(life.now))
    await App(settings, clock, {"fake": SocketPlatform(life, doom)}).run()


def be_born(life: Life) -> int:
    """Fork a life; gives its number to the parent. The child does not return."""
    number = os.fork()
    if number:
        return number
    log = os.open(Path(life.folder) / "log.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(log, stream)
    try:
        asyncio.run(live(life))
    finally:
        os._exit(1)


def main() -> None:
    # Albums come in one piece here, and the clock stands.
    inbox.ALBUM_PAUSE = timedelta()  # type: ignore[misc]  # it is final
    # What a start would do once more each time.
    handlers()
    configure_mappers()
    load("shanxi-2026")
    for language in LANGUAGES:
        catalogue(language)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for order in sys.stdin:
        sys.stdout.write(f"{be_born(Life(**json.loads(order)))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

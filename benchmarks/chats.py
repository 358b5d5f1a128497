"""Starting, and fifty web chats at once: a real server process, real sockets on the loopback."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from benchmarks.house import populate
from benchmarks.measure import quantile
from benchmarks.script import TALK
from bot.clock import SystemClock
from bot.settings import Settings
from services import joining
from storage import migrate
from storage.database import Database

CHATS: Final = 50
"""Web chats talking at the same time."""


async def measure() -> None:
    """From starting the process to the first answer; then the waits of fifty people at once."""
    with tempfile.TemporaryDirectory() as folder:
        tokens = await asyncio.to_thread(_prepare, Path(folder))
        began = time.perf_counter()
        server = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from bot.cli import main; main()"),
            *("serve", "--port", str(_free_port())),
            env={**os.environ, "YINGCAI_DATA_DIR": folder, "PYTHONUNBUFFERED": "1"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            site = await _site(server)
            sessions = [await asyncio.to_thread(_sign_in, site, token) for token in tokens[:1]]
            async with _socket(site, sessions[0]) as first:
                await _say(first, "/menu")
            started = time.perf_counter() - began
            print(f"\nStart to first answer on the web chat: {started:.2f} s")
            print(f"Resident memory, web chat only: {_resident(server.pid):.0f} MB")
            sessions += [await asyncio.to_thread(_sign_in, site, token) for token in tokens[1:]]
            async with asyncio.TaskGroup() as group:
                talks = [group.create_task(_talk(site, session)) for session in sessions]
            waits = [wait for held in talks for wait in held.result()]
            p50, p95 = (1000 * quantile(waits, share) for share in (0.50, 0.95))
            print(f"{CHATS} chats at once, {len(waits)} messages: ", end="")
            print(f"message to answer p50 {p50:.0f} ms, p95 {p95:.0f} ms")
            print(f"Resident memory after it: {_resident(server.pid):.0f} MB")
        finally:
            server.terminate()
            await server.wait()


def _prepare(folder: Path) -> list[str]:
    """A database with one web chat for each student; gives their sign-in links' tokens."""
    database = Database(Settings(data_dir=folder).database)
    migrate.upgrade(database)
    now = SystemClock().now()
    with database.transaction() as db:
        populate(db, joining.WEB, CHATS)
        tokens = [joining.sign_in_link(db, person, now) for person in range(1, CHATS + 1)]
    database.close()
    return tokens


async def _site(server: asyncio.subprocess.Process) -> str:
    """The address that the server prints once it serves."""
    if server.stdout is None:
        raise RuntimeError("the server's output is not read")
    async with asyncio.timeout(60):
        async for line in server.stdout:
            if found := re.search(rb"http://[0-9.]+:\d+", line):
                return found[0].decode()
    raise RuntimeError("the server ended before it served")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _sign_in(site: str, token: str) -> str:
    """Use a link up; gives the session cookie."""
    connection = HTTPConnection(site.removeprefix("http://"))
    for _ in range(100):
        try:
            connection.request("POST", f"/in/{token}", headers={"Origin": site})
            break
        except ConnectionRefusedError:
            connection.close()
            time.sleep(0.02)
    answer = connection.getresponse()
    cookie = answer.getheader("Set-Cookie") or ""
    connection.close()
    return cookie.split(";")[0]


def _socket(site: str, cookie: str) -> connect:
    return connect(
        site.replace("http", "ws", 1) + "/ws",
        origin=Origin(site),
        additional_headers={"Cookie": cookie},
        proxy=None,
    )


async def _talk(site: str, cookie: str) -> list[float]:
    async with _socket(site, cookie) as page:
        return [await _say(page, words) for words in TALK]


async def _say(page: ClientConnection, words: str) -> float:
    """Say something; gives the seconds until it is answered."""
    said = str(uuid4())
    asked = time.perf_counter()
    await page.send(json.dumps({"id": said, "text": words}))
    acknowledged = False
    while True:
        heard = json.loads(await page.recv())
        acknowledged = acknowledged or heard.get("ack") == said
        # What came before our words were taken is no answer to them: a greeting, or history.
        if acknowledged and heard.get("line", {}).get("row"):
            return time.perf_counter() - asked


def _resident(process: int) -> float:
    """MB of memory that a process holds; 0 where the system does not say."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return 0.0
    found = re.search(r"VmRSS:\s+(\d+)", status.read_text())
    return int(found[1]) / 1024 if found else 0.0

from __future__ import annotations

import json
import shutil
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import httpx2
import pytest
from playwright.async_api import Browser, async_playwright
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bot.platforms.web.door import Visitor
from tests.web.house import House, open_house

STUDENT = Visitor("stu-1", "李明", "zh")
MENTOR = Visitor("men-1", "Wang", "en")
FILE_LIMIT = 3_000_000
"""Bytes."""


@dataclass(frozen=True)
class Running:
    """One server for all tests: stopping one takes a fifth of a second."""

    house: House
    url: str
    uploads: Path


@pytest.fixture(scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    house, folder = House(), tmp_path_factory.mktemp("web")
    async with open_house(house, folder, file_limit=FILE_LIMIT) as url:
        yield Running(house, url, folder / "uploads")


@pytest.fixture
def house(running: Running) -> Iterator[House]:
    """A house that nobody has been in, with a student and a mentor signed in."""
    house, platform = running.house, running.house.platform
    for upload in running.uploads.iterdir():
        shutil.rmtree(upload)
    house.begin_anew()
    house.sessions.update({"of-student": STUDENT, "of-mentor": MENTOR})
    yield house
    house.platform = platform


@pytest.fixture
def site(house: House, running: Running) -> str:
    """The web chat's address."""
    return running.url


class Browse(Protocol):
    def __call__(self, session: str = "", **headers: str) -> httpx2.AsyncClient: ...


@pytest.fixture
async def browse(site: str) -> AsyncIterator[Browse]:
    """Clients that behave as a browser does on the site's own pages."""
    async with AsyncExitStack() as made:

        def browse(session: str = "", **headers: str) -> httpx2.AsyncClient:
            client = browser_on(site, session, **headers)
            made.push_async_exit(client)
            return client

        yield browse


def browser_on(url: str, session: str = "", **headers: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=url,
        cookies={"session": session} if session else {},
        headers={"origin": url, **{k.replace("_", "-"): v for k, v in headers.items()}},
        verify=_NO_TLS,
    )


_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Given to each client, because making the usual one takes longer than a test."""


class Line:
    """A page's socket, as its script uses it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def hear(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(await self.socket.recv())
        return body

    async def closed(self) -> int | None:
        """Hear the server out; gives the code with which it closes the line."""
        try:
            while True:
                await self.hear()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

    async def say(self, **body: Any) -> str:
        """Say something; gives its id."""
        body = {"id": str(uuid4())} | body
        await self.socket.send(json.dumps(body))
        return str(body["id"])


@asynccontextmanager
async def line(site: str, session: str = "of-student", origin: str = "") -> AsyncIterator[Line]:
    """An open socket; the first thing to be heard is the greeting."""
    async with connect(
        site.replace("http", "ws", 1) + "/ws",
        origin=origin or site,  # type: ignore[arg-type]  # a str at run time
        additional_headers={"Cookie": f"session={session}"},
        proxy=None,
    ) as socket:
        yield Line(socket)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    if shutil.which("chromium") is None:
        pytest.skip("there is no chromium on this machine")
    async with chromium() as browser:
        yield browser


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """This machine's Chromium, which asks nobody outside for anything."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        await browser.close()

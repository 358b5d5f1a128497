from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import httpx2
import pytest
from playwright.async_api import Browser, async_playwright
from websockets.asyncio.client import ClientConnection, connect

from bot.platforms.web.door import Visitor
from tests.web.house import House, open_house

STUDENT = Visitor("stu-1", "李明", "zh")
MENTOR = Visitor("men-1", "Wang", "en")


@pytest.fixture
def house() -> House:
    return House(sessions={"of-student": STUDENT, "of-mentor": MENTOR})


@pytest.fixture
async def site(house: House, tmp_path: Path) -> AsyncIterator[str]:
    """The web chat's address."""
    async with open_house(house, tmp_path) as url:
        yield url


class Browse(Protocol):
    def __call__(self, session: str = "", **headers: str) -> httpx2.AsyncClient: ...


@pytest.fixture
async def browse(site: str) -> AsyncIterator[Browse]:
    """Clients that behave as a browser does on the site's own pages."""
    made: list[httpx2.AsyncClient] = []

    def browse(session: str = "", **headers: str) -> httpx2.AsyncClient:
        cookies = {"session": session} if session else {}
        sent = {"origin": site, **{k.replace("_", "-"): v for k, v in headers.items()}}
        client = httpx2.AsyncClient(base_url=site, cookies=cookies, headers=sent)
        made.append(client)
        return client

    yield browse
    for client in made:
        await client.aclose()


class Line:
    """A page's socket, as its script uses it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def hear(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(await self.socket.recv())
        return body

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
        origin=origin or site,  # type: ignore[arg-type]
        additional_headers={"Cookie": f"session={session}"},
        proxy=None,
    ) as socket:
        yield Line(socket)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium on this machine")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium,
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

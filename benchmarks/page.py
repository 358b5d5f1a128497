"""The web chat as a browser's page uses it: come in by a link, then talk over a socket."""

from __future__ import annotations

import asyncio
import json
import socket
from time import perf_counter
from typing import Self
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin


class Page:
    """One open chat."""

    def __init__(self, site: str, session: str) -> None:
        self._site = site
        self._session = session

    @classmethod
    async def sign_in(cls, link: str) -> Self:
        """Come in by a one-time link."""
        parts = urlsplit(link)
        site = f"{parts.scheme}://{parts.netloc}"
        async with httpx2.AsyncClient(headers={"origin": site}, trust_env=False) as client:
            answer = await client.post(link)
            assert answer.status_code == 303, answer.status_code
            return cls(site, client.cookies["session"])

    async def open(self) -> None:
        self._socket: ClientConnection = await connect(
            self._site.replace("http", "ws", 1) + "/ws",
            origin=Origin(self._site),
            additional_headers={"Cookie": f"session={self._session}"},
            proxy=None,
        )
        await self._socket.recv()  # the greeting, with the history

    async def say(self, words: str) -> float:
        """Say something; gives the seconds until the assistant's answer is there."""
        sent = perf_counter()
        await self._socket.send(json.dumps({"id": str(uuid4()), "text": words}))
        while True:
            heard = json.loads(await self._socket.recv())
            assert "refused" not in heard, heard
            if "row" in heard.get("line", {}):
                return perf_counter() - sent

    async def close(self) -> None:
        await self._socket.close()


async def up(site: str) -> None:
    """Return once a server answers there."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        while True:
            try:
                if (await client.get(f"{site}/healthz")).status_code == 200:
                    return
            except httpx2.TransportError:
                await asyncio.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

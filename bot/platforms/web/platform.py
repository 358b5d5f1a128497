"""The web chat as a messenger among the others: served by us, needs no outside company."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog
import uvicorn

from bot.platforms.contract import Capabilities, Receive
from bot.platforms.web.door import Door
from bot.platforms.web.server import MEGABYTE, Server, version
from bot.platforms.web.sockets import Site, Sockets, shown
from bot.platforms.web.uploads import Uploads
from bot.platforms.web.wire import incoming
from bot.talk.clock import Clock, SystemClock
from bot.talk.message import Incoming, Outgoing

SWEEP_EVERY: Final = 3600.0
"""Seconds between removals of old uploads."""
LAST_WORDS: Final = 5
"""Seconds that requests under way get when the server stops."""

log = structlog.get_logger()


class WebPlatform:
    """A web server with the chat on it, behind a proxy that speaks HTTPS."""

    name = "web"

    def __init__(
        self,
        door: Door,
        *,
        data_dir: Path,
        host: str = "127.0.0.1",
        port: int = 8080,
        public_url: str = "",
        file_limit: int = 20 * MEGABYTE,
        trusted_proxies: str = "127.0.0.1",
        clock: Clock | None = None,
    ) -> None:
        """`data_dir` holds uploads on their way in; `public_url` is what people's browsers open
        (the local address if empty); `file_limit` is in bytes; `trusted_proxies` are the network
        addresses, with commas between, whose word is taken for where a request came from. Port 0
        takes any that is free.
        """
        self.host = host
        self.port = port
        self.capabilities = Capabilities(
            edits=True,
            text_limit=20_000,
            file_limit=file_limit,
            idempotent=True,
            per_second=1000.0,
            per_chat=50.0,
            at_once=64,
        )
        self._door = door
        self._public_url = public_url
        self._trusted_proxies = trusted_proxies
        self._clock = clock or SystemClock()
        self._uploads = Uploads(data_dir / "uploads", file_limit)
        self._sockets = Sockets()

    def decode(self, raw: str) -> Incoming:
        return incoming(raw)

    async def run(self, receive: Receive) -> None:
        """Serve until cancelled. Raises `OSError` when the address is taken."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.create_server((self.host, self.port), family=family)
        self.port = listener.getsockname()[1]
        site = Site(
            self._door, receive, self._uploads, self._sockets, self._clock, version=version()
        )
        local = f"[{self.host}]" if family is socket.AF_INET6 else self.host
        server = _Uvicorn(
            uvicorn.Config(
                Server(site, self._public_url or f"http://{local}:{self.port}").app(),
                ws="websockets-sansio",
                # A frame too long for the chat is still read, so that a sentence can say so.
                ws_max_size=MEGABYTE,
                lifespan="off",
                log_config=None,
                # Paths hold sign-in links.
                access_log=False,
                server_header=False,
                forwarded_allow_ips=self._trusted_proxies,
                timeout_graceful_shutdown=LAST_WORDS,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        sweeping = asyncio.create_task(self._sweep())
        try:
            await asyncio.shield(serving)
        finally:
            # Pages are told 1012, "service restart", and come back by themselves.
            sweeping.cancel()
            server.should_exit = True
            await serving

    async def _sweep(self) -> None:
        while True:
            gone = await asyncio.to_thread(self._uploads.sweep, self._clock.now())
            if gone:
                log.info("web.uploads_swept", removed=gone)
            await asyncio.sleep(SWEEP_EVERY)

    async def send(self, row: int, address: str, message: Outgoing, earlier: str | None) -> str:
        """Show a row on the person's open pages; whoever has none open finds it in the history.

        Pages know their cards by key, so `earlier` is not needed.
        """
        line = await shown(self._door, address, row, self._clock.now(), message)
        self._sockets.push(address, {"line": line})
        return str(row)

    async def fetch(self, ref: str, limit: int) -> bytes:
        return await asyncio.to_thread(self._uploads.fetch, ref, limit)

    async def offer(self, address: str, commands: Sequence[tuple[str, str]]) -> None:
        """Show the menu on open pages; one opened later asks the house for it."""
        self._sockets.push(address, {"commands": list(commands)})

    async def close(self) -> None:
        """The server lets its sockets go when it ends."""


class _Uvicorn(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the application's; the server stops when its task is cancelled."""
        yield

"""The one web server: every part that speaks HTTP brings its routes here."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

LAST_WORDS: Final = 5
"""Seconds that requests under way get when the server stops."""
FRAME_LIMIT: Final = 1024 * 1024
"""Bytes of one WebSocket message. Each user of sockets sets a lower limit of its own; up to here
a frame is still read, so that a sentence can say that it is too long."""


class Site:
    """One server on one port, behind a proxy that speaks HTTPS."""

    def __init__(
        self, host: str = "127.0.0.1", port: int = 8080, *, trusted_proxies: str = "127.0.0.1"
    ) -> None:
        """`trusted_proxies` are comma-separated network addresses whose word on a request's origin
        is trusted. Port 0 takes any free port."""
        self.host = host
        self.port = port
        self._trusted_proxies = trusted_proxies
        self._listener: socket.socket | None = None

    def bind(self) -> None:
        """Take the port; connections are answered once `serve` runs. Raises `OSError` if the
        address is taken."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, self.port), family=family)
        self.port = self._listener.getsockname()[1]

    async def serve(self, routes: Iterable[BaseRoute]) -> None:
        """Serve until cancelled; `bind` comes first."""
        if self._listener is None:
            raise RuntimeError("bind comes before serve")
        server = _Uvicorn(
            uvicorn.Config(
                Starlette(routes=sorted(routes, key=_takes_the_rest)),
                ws="websockets-sansio",
                ws_max_size=FRAME_LIMIT,
                lifespan="off",
                log_config=None,
                # Paths hold sign-in links.
                access_log=False,
                server_header=False,
                forwarded_allow_ips=self._trusted_proxies,
                timeout_graceful_shutdown=LAST_WORDS,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[self._listener]))
        try:
            await asyncio.shield(serving)
        finally:
            # Open pages are told 1012, "service restart", and come back by themselves.
            server.should_exit = True
            await serving

    def close(self) -> None:
        """Release the port; `serve` does so when it ends."""
        if self._listener is not None:
            self._listener.close()


def _takes_the_rest(route: BaseRoute) -> bool:
    """Whether a route matches everything, so that it is tried last."""
    return isinstance(route, Mount) and route.path == ""


class _Uvicorn(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the application; the server stops when its task is cancelled."""
        yield

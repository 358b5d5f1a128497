"""The web chat as a messenger among the others: served by us, needs no outside company."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog
from starlette.routing import Mount

from bot.platforms.contract import Capabilities, Receive
from bot.platforms.web.door import Door
from bot.platforms.web.server import MEGABYTE, Pages, version
from bot.platforms.web.sockets import Shared, Sockets, shown
from bot.platforms.web.uploads import Uploads
from bot.platforms.web.wire import incoming
from bot.talk.clock import Clock, SystemClock
from bot.talk.message import Incoming, Outgoing

SWEEP_EVERY: Final = 3600.0
"""Seconds between removals of old uploads."""

log = structlog.get_logger()


class WebPlatform:
    """The chat's pages and sockets."""

    name = "web"

    def __init__(
        self,
        door: Door,
        *,
        data_dir: Path,
        public_url: str = "",
        file_limit: int = 20 * MEGABYTE,
        clock: Clock | None = None,
    ) -> None:
        """`data_dir` holds uploads on their way in; `public_url` is what people's browsers open,
        empty if they come without a proxy; `file_limit` is in bytes.
        """
        self.capabilities = Capabilities(
            edits=True,
            file_limit=file_limit,
            idempotent=True,
            per_second=1000.0,
            per_chat=50.0,
            at_once=64,
            history=True,
        )
        self._door = door
        self._public_url = public_url
        self._clock = clock or SystemClock()
        self._uploads = Uploads(data_dir / "uploads", file_limit)
        self._sockets = Sockets()

    def decode(self, raw: str) -> Incoming:
        return incoming(raw)

    def routes(self, receive: Receive) -> list[Mount]:
        """The chat's pages; what no other route takes is theirs, to be told in words."""
        shared = Shared(
            self._door, receive, self._uploads, self._sockets, self._clock, version=version()
        )
        return [Mount("", Pages(shared, self._public_url).app())]

    async def run(self, receive: Receive) -> None:
        """Remove old uploads until cancelled."""
        while True:
            gone = await asyncio.to_thread(self._uploads.sweep, self._clock.now())
            if gone:
                log.info("web.uploads_swept", removed=gone)
            await asyncio.sleep(SWEEP_EVERY)

    async def send(self, row: int, address: str, message: Outgoing, earlier: str | None) -> str:
        """Show a row on the person's open pages; whoever has none open finds it in the history.

        A page knows each line by its row, so `earlier` tells it where this one goes.
        """
        placed = message._replace(replace=earlier or "")
        line = await shown(self._door, address, row, self._clock.now(), placed)
        self._sockets.push(address, {"line": line})
        return str(row)

    async def fetch(self, ref: str, limit: int) -> bytes:
        return await asyncio.to_thread(self._uploads.fetch, ref, limit)

    def cost(self, message: Outgoing) -> int:
        """It is pushed to the pages that are open, whole."""
        return 1

    async def answers(self) -> bool:
        """It is this process."""
        return True

    async def drop(self, refs: Sequence[str]) -> None:
        await asyncio.to_thread(self._uploads.drop, refs)

    async def offer(self, address: str, commands: Sequence[tuple[str, str]]) -> None:
        """Show the menu on open pages; one opened later asks the house for it. Whoever is offered
        another menu may have another name or language by now."""
        self._sockets.push(address, {"commands": list(commands)})
        await self._sockets.look_again(address)

    async def close(self) -> None:
        """The server lets its sockets go when it ends."""

"""The open sockets of the web chat: one for each page that somebody has open."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.platforms.contract import Receive, Received
from bot.platforms.web.door import Door, HistoryLine, Visitor
from bot.platforms.web.uploads import Uploads
from bot.platforms.web.wire import (
    Sent,
    assistant_line,
    milliseconds,
    person_line,
    raw_message,
)
from bot.talk.clock import Clock
from bot.talk.message import Outgoing
from prompts import render, t

PAGE: Final = 50
"""Lines of history at a time."""
FRAME_LIMIT: Final = 64 * 1024
"""Maximum length of one frame, in characters."""
SILENCE: Final = 100.0
"""Seconds of silence after which a page counts as gone. A live page reports every 25 s,
or every 60 s when the browser has put it to sleep."""
RECHECK: Final = 30.0
"""Seconds between checks that a session is still valid."""
BURST: Final = 20
PER_SECOND: Final = 4.0
"""Frames per second that one page may send after its burst; faster pages are read more slowly."""
BACKLOG: Final = 500
"""Frames that may wait for a slow page. Beyond that it is disconnected; it catches up later."""
PAGES_AT_ONCE: Final = 20
"""Maximum of pages that one person may have open."""

RESTART: Final = 1012
TRY_LATER: Final = 1013
FAULT: Final = 1011
SIGNED_OUT: Final = 4401
"""Our own code: the page says so and does not reconnect."""

log = structlog.get_logger(__name__)


class Sockets:
    """The pages that are open now."""

    def __init__(self) -> None:
        self._open: dict[str, set[Socket]] = defaultdict(set)

    def push(self, address: str, body: Mapping[str, Any], but: Socket | None = None) -> None:
        """Show something on all of a person's open pages. Never waits for a slow one."""
        for socket in self._open.get(address, set()) - {but}:
            socket.push(body)

    async def look_again(self, address: str) -> None:
        """Tell a person's open pages at once who they are now; close those signed out."""
        for socket in list(self._open.get(address, ())):
            if not await socket.look_again():
                socket.shut(SIGNED_OUT)

    def sign_out(self, session: str) -> None:
        """Close the pages that were opened with a session."""
        for sockets in self._open.values():
            for socket in sockets:
                if socket.session == session:
                    socket.shut(SIGNED_OUT)

    def add(self, socket: Socket) -> bool:
        """Register a page; `False` if its person has too many open."""
        mine = self._open[socket.visitor.address]
        if len(mine) >= PAGES_AT_ONCE:
            return False
        mine.add(socket)
        return True

    def remove(self, socket: Socket) -> None:
        mine = self._open[socket.visitor.address]
        mine.discard(socket)
        if not mine:
            del self._open[socket.visitor.address]


@dataclass(frozen=True, slots=True)
class Shared:
    """What all pages share."""

    door: Door
    receive: Receive
    uploads: Uploads
    sockets: Sockets
    clock: Clock
    version: str
    """Changes with the page's files, so that an outdated open page reloads itself."""


class Socket:
    """One open page. What it sends is stored before it is confirmed."""

    def __init__(
        self, shared: Shared, websocket: WebSocket, session: str, visitor: Visitor
    ) -> None:
        self.session = session
        self.visitor = visitor
        self._shared = shared
        self._websocket = websocket
        self._outbox: asyncio.Queue[str | int] = asyncio.Queue(BACKLOG)
        """Texts to send, or the code to close with."""
        self._begun = asyncio.Event()
        """Set once the history was sent (or never will be), so that queued frames may follow."""
        self._checked = self._due = asyncio.get_running_loop().time()

    def push(self, body: Mapping[str, Any]) -> None:
        """Queue something for the page."""
        try:
            self._outbox.put_nowait(_frame(body))
        except asyncio.QueueFull:
            self.shut(TRY_LATER)

    def shut(self, code: int) -> None:
        """Close the page's socket; queued frames are not sent."""
        while not self._outbox.empty():
            self._outbox.get_nowait()
        self._outbox.put_nowait(code)
        self._begun.set()

    async def run(self) -> None:
        """Serve the page until it goes."""
        if not self._shared.sockets.add(self):
            await self._websocket.close(TRY_LATER)
            return
        writing = asyncio.create_task(self._write())
        try:
            await self._greet()
            while await self._read():
                pass
        except WebSocketDisconnect:
            pass
        except TimeoutError:
            self.shut(RESTART)
        except Exception:
            # Nothing was confirmed, so the page sends it again after it reconnects.
            log.exception("web.socket_failed", address=self.visitor.address)
            self.shut(FAULT)
        finally:
            self._shared.sockets.remove(self)
            if self._outbox.empty():
                writing.cancel()
            await asyncio.wait([writing], timeout=2)
            writing.cancel()

    async def _write(self) -> None:
        await self._begun.wait()
        while True:
            following = await self._outbox.get()
            try:
                if isinstance(following, int):
                    await self._websocket.close(following)
                    return
                await self._websocket.send_text(following)
            except (WebSocketDisconnect, RuntimeError):
                return  # the page is gone, and the reader hears of it too

    async def _read(self) -> bool:
        """Take one thing from the page; `False` once it is gone."""
        async with asyncio.timeout(SILENCE):
            event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            return False
        await self._pace()
        if not await self._still_welcome():
            self.shut(SIGNED_OUT)
            return False
        text = event.get("text") or ""
        body = _parsed(text)
        match body:
            case {"ping": _}:
                self.push({"pong": True})
            case {"older": str(cursor)}:
                await self._older(cursor)
            case _ if len(text) > FRAME_LIMIT:
                self._refuse(body, "too_long")
            case _:
                await self._take(body)
        return True

    async def _pace(self) -> None:
        """Wait until this page may send one more frame."""
        now = asyncio.get_running_loop().time()
        self._due = max(self._due, now) + 1 / PER_SECOND
        await asyncio.sleep(max(0.0, self._due - now - BURST / PER_SECOND))

    async def _still_welcome(self) -> bool:
        if asyncio.get_running_loop().time() - self._checked < RECHECK:
            return True
        return await self.look_again()

    async def look_again(self) -> bool:
        """Ask who the visitor is now, and tell the page if that has changed; `False` if the
        session has ended."""
        visitor = await self._shared.door.who(self.session)
        if visitor is None or visitor.address != self.visitor.address:
            return False
        changed = visitor != self.visitor
        self._checked, self.visitor = asyncio.get_running_loop().time(), visitor
        if changed:
            self.push(self._about())
        return True

    def _about(self) -> dict[str, Any]:
        return {"name": self.visitor.name, "language": self.visitor.language}

    async def _greet(self) -> None:
        address = self.visitor.address
        if "new" in self._websocket.query_params:
            await self._shared.door.opened(address)
        commands = await self._shared.door.commands(address)
        page = await self._page(None)
        greeting = {"hello": self._shared.version, "commands": list(commands)}
        # Sent around the queue: rows sent since the page was registered wait there and follow.
        await self._websocket.send_text(_frame(greeting | self._about() | page))
        self._begun.set()

    async def _older(self, cursor: str) -> None:
        try:
            before = datetime.fromisoformat(cursor)
        except ValueError:
            self._refuse({}, "unreadable")
            return
        self.push({"older": True} | await self._page(before))

    async def _page(self, before: datetime | None) -> dict[str, Any]:
        """Lines of history, and the cursor for those before them (empty at the beginning)."""
        # One moment may hold several lines, and a page may have ended between them. So take that
        # moment again, whole: the page on screen knows which of its lines it has.
        until = before + timedelta(microseconds=1) if before else None
        limit = PAGE
        said = await self._history(until, limit)
        while before and len(said) == limit and said[0].at >= before:
            limit *= 2
            said = await self._history(until, limit)
        lines = [await self._line(one) for one in said]
        return {
            "lines": [line for line in lines if line],
            "cursor": said[0].at.isoformat() if len(said) == limit else "",
        }

    async def _history(self, before: datetime | None, limit: int) -> Sequence[HistoryLine]:
        return await self._shared.door.history(self.visitor.address, before, limit)

    async def _line(self, said: HistoryLine) -> dict[str, Any] | None:
        if said.message is None:
            return person_line(said.at, said.raw)
        return await shown(
            self._shared.door, self.visitor.address, said.number, said.at, said.message
        )

    async def _take(self, body: Mapping[str, Any]) -> None:
        """Store what somebody sent, then confirm it."""
        address, uploads = self.visitor.address, self._shared.uploads
        try:
            sent = Sent.model_validate(body)
        except ValidationError:
            self._refuse(body, "unreadable")
            return
        files = await asyncio.to_thread(uploads.take, address, sent.files)
        if files is None:
            self._refuse(body, "file_gone")
            return
        raw = raw_message(address, sent, files)
        update = Received(key=f"{address}:{sent.id}", address=address, raw=raw)
        await self._shared.receive("web", [update])
        now = self._shared.clock.now()
        self.push({"ack": sent.id, "at": milliseconds(now)})
        line = person_line(now, raw)
        if line:
            self._shared.sockets.push(address, {"line": line}, but=self)

    def _refuse(self, body: Mapping[str, Any], why: str) -> None:
        words = render(t(f"web.refused.{why}"), self.visitor.language)
        self.push({"refused": body.get("id"), "words": words})


async def shown(
    door: Door, address: str, row: int, at: datetime, message: Outgoing
) -> dict[str, Any]:
    """The assistant's line, with the files that this person may see now."""
    files = [(number, await door.file(address, number)) for number in message.files]
    return assistant_line(row, at, message, [(n, file) for n, file in files if file])


def _frame(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _parsed(text: str) -> dict[str, Any]:
    """The JSON object in a frame; empty if there is none."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}

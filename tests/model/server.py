"""A model of our own on 127.0.0.1, by OpenAI's protocol: it says what a test wants it to.

async with Endpoint() as endpoint:
    endpoint.says(answer("…", 1))       # whatever is asked
    endpoint.trouble(429, 500)          # before that
    ...
    assert "林小雨" not in endpoint.heard
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

KEY = "not-a-real-key"
NAME = "loopback-1"


def answer(words: str, *evidence: int) -> str:
    """A reply as it is asked for."""
    return json.dumps({"evidence": evidence, "answer": words}, ensure_ascii=False)


@dataclass
class Endpoint:
    """What it says, how, and what it was asked."""

    reply: Callable[[dict[str, Any]], str] = lambda asked: answer("")
    pause: float = 0.0
    """Seconds before it begins."""
    pace: float = 0.0
    """Seconds between two pieces of a stream."""
    piece: int = 8
    """Characters of each."""
    breaks_after: int | None = None
    """Pieces of a stream after which the connection is dropped."""
    usage: bool = True
    streams: bool = True
    refusal: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """Of a reply that is trouble."""
    troubles: list[int] = field(default_factory=list)
    """The statuses of the next replies."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    pausing: int = 0
    """Requests that wait for its pause to end."""
    at_once: int = 0
    """The most that ever waited together."""
    base: str = ""

    def says(self, reply: str) -> None:
        self.reply = lambda asked: reply

    def trouble(self, *statuses: int, **headers: str) -> None:
        self.troubles += statuses
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    @property
    def heard(self) -> str:
        """All that it was ever told."""
        return json.dumps(self.asked, ensure_ascii=False)

    def question(self, number: int = -1) -> dict[str, Any]:
        """What the user's message of one request holds."""
        held: dict[str, Any] = json.loads(self.asked[number]["messages"][-1]["content"])
        return held

    # ---------------------------------------------------------------- serving

    async def __aenter__(self) -> Self:
        app = Starlette(routes=[Route("/v1/chat/completions", self._answer, methods=["POST"])])
        config = uvicorn.Config(app, port=0, log_level="critical", ws="none", lifespan="off")
        self._ended = asyncio.Event()
        self._server = uvicorn.Server(config)
        self._running = asyncio.create_task(self._server._serve(None))
        while not self._server.started:  # noqa: ASYNC110 - theirs to tell
            await asyncio.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.base = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._server.should_exit = self._server.force_exit = True
        with suppress(asyncio.CancelledError):
            await self._running

    async def _answer(self, request: Request) -> Response:
        asked = json.loads(await request.body())
        self.asked.append(asked)
        self.keys.append(request.headers["authorization"])
        if self.troubles:
            status = self.troubles.pop(0)
            error = {"error": {"message": "trouble", "type": "trouble"}}
            return JSONResponse(error, status, headers=self.headers)
        if asked.get("stream") and not self.streams:
            return JSONResponse({"error": {"message": "no streaming here"}}, 400)
        self.pausing += 1
        self.at_once = max(self.at_once, self.pausing)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), self.pause)
        self.pausing -= 1
        said = self.reply(asked)
        if asked.get("stream"):
            return StreamingResponse(self._pieces(said), media_type="text/event-stream")
        message = {"role": "assistant", "content": said, "refusal": self.refusal or None}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return JSONResponse({**self._frame("chat.completion"), "choices": [choice]} | self._cost())

    async def _pieces(self, said: str) -> AsyncIterator[str]:
        for place in range(0, len(said), self.piece):
            if self.breaks_after is not None and place >= self.breaks_after * self.piece:
                raise ConnectionError("dropped, as the test asks")
            yield self._event({"content": said[place : place + self.piece]})
            await asyncio.sleep(self.pace)
        yield self._event({"refusal": self.refusal} if self.refusal else {}, "stop")
        if self.usage:
            body = {**self._frame("chat.completion.chunk"), "choices": []} | self._cost()
            yield f"data: {json.dumps(body)}\n\n"
        yield "data: [DONE]\n\n"

    def _event(self, delta: dict[str, Any], ended: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": ended}
        body = {**self._frame("chat.completion.chunk"), "choices": [choice]}
        return f"data: {json.dumps(body)}\n\n"

    def _frame(self, kind: str) -> dict[str, Any]:
        return {"id": "1", "object": kind, "created": 0, "model": NAME}

    def _cost(self) -> dict[str, Any]:
        if not self.usage:
            return {}
        return {"usage": {"prompt_tokens": 300, "completion_tokens": 40, "total_tokens": 340}}

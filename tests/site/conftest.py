"""A whole app on loopback, with a messenger that is pushed to by HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.main import App
from app.settings import Settings, WebSettings
from bot.platforms.contract import Receive
from bot.platforms.fake import FakePlatform, encode
from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from bot.worker import end
from tests.conftest import NewDatabase


class Pushed(FakePlatform):
    """Its updates come by HTTP: the body is what somebody says."""

    def routes(self, receive: Receive) -> list[Route]:
        async def push(request: Request) -> Response:
            words = (await request.body()).decode()
            await receive(self.name, [encode(words, Incoming("lin", text=words))])
            return Response()

        return [Route("/fake/webhook", push, methods=["POST"])]


Serve = Callable[..., AbstractAsyncContextManager[tuple[App, httpx2.AsyncClient]]]


@pytest.fixture
def serve(new_database: NewDatabase, tmp_path: Path, clock: SetClock) -> Serve:
    """Runs an app without the web chat; gives it, and a client of its server."""

    @asynccontextmanager
    async def serving(
        platform: FakePlatform | None = None, **told: Any
    ) -> AsyncIterator[tuple[App, httpx2.AsyncClient]]:
        settings = Settings(
            database_url=new_database("sqlite"),
            data_dir=tmp_path / "data",
            web=WebSettings(enabled=False, port=0),
            **told,
        )
        app = App(settings, clock, {"fake": platform or Pushed()})
        running = asyncio.create_task(app.run())
        await asyncio.sleep(0)  # its first step takes the port
        assert app.site is not None
        try:
            async with httpx2.AsyncClient(
                base_url=f"http://127.0.0.1:{app.site.port}", trust_env=False
            ) as client:
                yield app, client
        finally:
            await end(running)
            app.close()

    return serving

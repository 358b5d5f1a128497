"""One server, one port: whoever brings routes is served, and nobody's rules are another's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest

from app.main import App, CannotServe
from app.settings import Settings, WebSettings
from bot.platforms.fake import FakePlatform
from bot.platforms.web.platform import WebPlatform
from bot.site import Site
from bot.talk.clock import SetClock
from bot.worker import end
from tests.conftest import NewDatabase
from tests.faults.small import until
from tests.site.conftest import Pushed, Serve
from tests.web.house import House

FOREIGN = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}


async def test_a_webhook_is_served_without_the_web_chat(serve: Serve) -> None:
    platform = Pushed()
    async with serve(platform) as (_, client):
        assert (await client.post("/fake/webhook", content="你好")).status_code == 200
        await until(lambda: bool(platform.shown))
        assert (await client.get("/")).status_code == 404


async def test_the_chat_and_a_webhook_share_a_port_and_not_their_rules(tmp_path: Path) -> None:
    kept: list[str] = []

    async def receive(platform: str, updates: object) -> None:
        kept.append(platform)

    chat, pushed = WebPlatform(House(), data_dir=tmp_path), Pushed()
    site = Site(port=0)
    site.bind()
    # The chat takes whatever is left, even where it comes first.
    routes = [*chat.routes(receive), *pushed.routes(receive)]
    serving = asyncio.create_task(site.serve(routes))
    url = f"http://127.0.0.1:{site.port}"
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        pushing = await client.post("/fake/webhook", content="hi", headers=FOREIGN)
        assert (pushing.status_code, kept) == (200, ["fake"])
        assert "content-security-policy" not in pushing.headers
        posing = await client.post("/join", data={"code": "GOOD-CODE"}, headers=FOREIGN)
        assert (posing.status_code, kept) == (403, ["fake"])
        for path in ("/", "/fake", "/fake/webhook"):
            page = await client.get(path)
            assert page.status_code == (200 if path == "/" else 404)
            assert f"ws://127.0.0.1:{site.port};" in page.headers["content-security-policy"]
    await end(serving)


async def test_a_made_up_host_gets_no_place_in_a_pages_policy(tmp_path: Path) -> None:
    app = WebPlatform(House(), data_dir=tmp_path).routes(House().receive)[0].app
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        page = await client.get("/", headers={"Host": "x; script-src *"})
    assert "connect-src 'self';" in page.headers["content-security-policy"]


def app_without_chat(
    new_database: NewDatabase, folder: Path, clock: SetClock, platform: FakePlatform, port: int
) -> App:
    web = WebSettings(enabled=False, port=port)
    settings = Settings(database_url=new_database("sqlite"), data_dir=folder, web=web)
    return App(settings, clock, {"fake": platform})


async def test_a_taken_port_is_an_error_before_anything_runs(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> None:
    first = Site(port=0)
    first.bind()
    app = app_without_chat(new_database, tmp_path, clock, Pushed(), first.port)
    with pytest.raises(CannotServe, match="in use"):
        await app.run()
    first.close()
    app.close()


async def test_no_port_is_taken_where_nothing_needs_one(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> None:
    app = app_without_chat(new_database, tmp_path, clock, FakePlatform(), 0)
    running = asyncio.create_task(app.run())
    await until(lambda: app.inbox.well)
    assert app.site is None
    await end(running)
    app.close()

"""Webhook: what is pushed is stored before it is acknowledged, and only Telegram may push."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from bot.platforms.telegram.decode import WANTED
from bot.platforms.telegram.webhook import PATH, UPDATE_LIMIT, Webhook, secret_for
from bot.site import Site
from bot.talk.message import Button, Outgoing
from tests.telegram.bot_api import BotApi, Person, broken, gateway, until
from tests.telegram.conftest import MakeBot, Store, bound, serving

SECRET = "s3cret_-of-the-webhook"
SHOWN = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
UPDATE = {"update_id": 7, "message": {"chat": {"id": 3}, "text": "好"}}


@pytest.fixture
def site() -> Iterator[Site]:
    site = bound()
    yield site
    site.close()


@pytest.fixture
def webhook(site: Site) -> Webhook:
    return Webhook(f"http://127.0.0.1:{site.port}", SECRET)


# ---------------------------------------------------------------- with Telegram


async def test_what_is_pushed_is_stored_and_taps_are_answered(
    make_bot: MakeBot,
    telegram: BotApi,
    lin: Person,
    store: Store,
    webhook: Webhook,
    site: Site,
) -> None:
    bot = make_bot(webhook=webhook)
    await bot.send(1, str(lin.id), Outgoing("参加吗？", ((Button("参加", "q:1:1:=y"),),)), None)
    async with serving(bot, store, site):
        said, tap = str(lin.says("一")), str(lin.presses("参加"))
        await until(lambda: not telegram.pending and not lin.spinning)
    assert list(store.kept)[1:] == [said, tap]
    assert store.kept[tap].address == str(lin.id)
    incoming = bot.decode(store.kept[said].raw)
    assert incoming is not None
    assert incoming.text == "一"
    call = telegram.calls_of("setWebhook")[0].parameters
    assert json.loads(call["allowed_updates"]) == list(WANTED)
    assert (call["url"], call["secret_token"]) == (webhook.url, SECRET)
    assert telegram.calls_of("getUpdates") == []


async def test_a_push_that_cannot_be_stored_comes_again(
    make_bot: MakeBot,
    telegram: BotApi,
    lin: Person,
    store: Store,
    webhook: Webhook,
    site: Site,
) -> None:
    store.failing = 2
    async with serving(make_bot(webhook=webhook), store, site):
        await until(lambda: not telegram.pending)
    assert len(store.batches) == 3
    assert len(store.kept) == 1


async def test_pushes_while_we_are_away_come_later(
    make_bot: MakeBot, telegram: BotApi, lin: Person, store: Store
) -> None:
    for _ in range(2):
        site = bound()
        webhook = Webhook(f"http://127.0.0.1:{site.port}{PATH}", SECRET)
        async with serving(make_bot(webhook=webhook), store, site):
            await until(lambda: not telegram.pending)
        lin.says("没人在")
    assert len(store.kept) == 2


async def test_a_webhook_is_set_however_often_it_takes(
    make_bot: MakeBot,
    telegram: BotApi,
    lin: Person,
    store: Store,
    webhook: Webhook,
    site: Site,
) -> None:
    telegram.trouble("setWebhook", gateway(), broken(500))
    async with serving(make_bot(webhook=webhook), store, site):
        await until(lambda: bool(store.kept))
    assert len(telegram.calls_of("setWebhook")) == 3


# ---------------------------------------------------------------- at the door


@pytest.fixture
async def door(
    make_bot: MakeBot, store: Store, webhook: Webhook, site: Site
) -> AsyncIterator[httpx.AsyncClient]:
    """Posts to the webhook's application, without a network."""
    app = Starlette(routes=make_bot(webhook=webhook).routes(store.receive))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as posts:
        yield posts


@pytest.mark.parametrize("secret", [None, "", SECRET[:-1], SECRET + "x", "密"])
async def test_who_does_not_show_the_secret_is_not_heard(
    door: httpx.AsyncClient, store: Store, secret: str | None
) -> None:
    headers = [] if secret is None else [(next(iter(SHOWN)).encode(), secret.encode())]
    answer = await door.post(PATH, json=UPDATE, headers=headers)
    assert answer.status_code == 403
    assert store.batches == []


async def test_who_shows_it_is(door: httpx.AsyncClient, store: Store) -> None:
    answer = await door.post(PATH, json=UPDATE, headers=SHOWN)
    assert (answer.status_code, answer.content) == (200, b"")
    assert store.kept["7"].address == "3"


async def test_the_same_push_twice_has_one_key(door: httpx.AsyncClient, store: Store) -> None:
    for _ in range(2):
        await door.post(PATH, json=UPDATE, headers=SHOWN)
    assert store.deliveries == ["7", "7"]


@pytest.mark.parametrize("body", [b"", b"not json", b"\xff\xfe", b"[]", b'{"update_id": "x"}'])
async def test_what_is_no_update_is_kept_for_an_alarm(
    door: httpx.AsyncClient, store: Store, body: bytes
) -> None:
    """Refused, Telegram would send it again for ever; kept, the inbox sets it aside."""
    answer = await door.post(PATH, content=body, headers=SHOWN)
    assert answer.status_code == 200
    (kept,) = store.kept.values()
    assert kept.key.startswith("sha256:")
    assert kept.raw == body.decode(errors="replace")


@pytest.mark.parametrize(
    "body",
    [
        "[" * 200_000,
        '{"update_id": 5, "message": ' + '{"a": ' * 100_000,
        '{"update_id": 5, "message": ' + "[" * 50_000 + "]" * 50_000 + "}",
    ],
)
async def test_what_is_nested_too_deep_is_kept_and_set_aside(
    door: httpx.AsyncClient, make_bot: MakeBot, store: Store, body: str
) -> None:
    answer = await door.post(PATH, content=body, headers=SHOWN)
    assert answer.status_code == 200
    [kept] = store.kept.values()
    with pytest.raises(Exception, match=r"."):
        make_bot().decode(kept.raw)


@pytest.mark.parametrize(("size", "status"), [(UPDATE_LIMIT, 200), (UPDATE_LIMIT + 1, 413)])
async def test_there_is_a_limit_to_what_is_read(
    door: httpx.AsyncClient, store: Store, size: int, status: int
) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b" " * (size // 2)
        yield b" " * (size - size // 2)

    answer = await door.post(PATH, content=body(), headers=SHOWN)
    assert answer.status_code == status
    assert len(store.batches) == (status == 200)


async def test_a_store_that_fails_is_answered_503(door: httpx.AsyncClient, store: Store) -> None:
    store.failing = 1
    with capture_logs() as logs:
        answer = await door.post(PATH, json=UPDATE, headers=SHOWN)
    assert answer.status_code == 503
    assert logs == [
        {"event": "telegram.not_receiving", "detail": "ConnectionError", "log_level": "error"}
    ]


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("POST", "/"), ("PUT", PATH)])
async def test_there_is_nothing_else(
    door: httpx.AsyncClient, store: Store, method: str, path: str
) -> None:
    answer = await door.request(method, path, headers=SHOWN)
    assert answer.status_code in (404, 405)
    assert store.batches == []


@pytest.mark.parametrize("secret", ["", "has a space", "密", "x" * 257])
def test_a_secret_telegram_would_refuse(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        Webhook("https://example.org/", secret)


def test_an_address_without_a_path_gets_ours() -> None:
    assert Webhook("https://example.org/", SECRET).url == f"https://example.org{PATH}"
    assert Webhook("https://example.org/hook", SECRET).url == "https://example.org/hook"


def test_a_secret_made_from_the_token_is_no_token() -> None:
    made = secret_for("123:ABC")
    assert Webhook("https://example.org", made).secret == made == secret_for("123:ABC")
    assert made != secret_for("123:ABD")
    assert "ABC" not in made


def test_what_is_printed_holds_no_secret() -> None:
    assert SECRET not in repr(Webhook("https://example.org", SECRET))

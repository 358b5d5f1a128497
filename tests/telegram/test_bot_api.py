"""The loopback Telegram is as strict as the real one: what passes against it means something."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.telegram import spec
from tests.telegram.bot_api import BotApi, Person, client, dropped, until

described = pytest.mark.skipif(
    spec.spec() is None, reason="the Bot API's description is not beside the project"
)


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    """One whose faults are looked at here, not found by the fixture."""
    async with BotApi() as api:
        yield api


@pytest.fixture
def lin(api: BotApi) -> Person:
    person = api.person("林晓")
    person.starts()
    return person


@pytest.fixture
async def http(api: BotApi) -> AsyncIterator[httpx.AsyncClient]:
    async with client(f"{api.base}/bot{api.token}/") as http:
        yield http


async def call(http: httpx.AsyncClient, method: str, **parameters: Any) -> dict[str, Any]:
    """Call as JSON; what is no text becomes JSON text, as libraries send it."""
    body = {k: v if isinstance(v, str) else json.dumps(v) for k, v in parameters.items()}
    answer: dict[str, Any] = (await http.post(method, data=body)).json()
    return answer


def keyboard(*rows: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "inline_keyboard": [
            [{"text": label, "callback_data": press} for label, press in row] for row in rows
        ]
    }


LONG = {"text": "字" * 4097}
EMOJI = {"text": "🔬" * 2049}


@pytest.mark.parametrize(
    ("parameters", "description"),
    [
        (LONG, "message is too long"),
        (EMOJI, "message is too long"),
        ({"text": "选", "reply_markup": keyboard([("甲", "x" * 65)])}, "BUTTON_DATA_INVALID"),
        ({"text": "选", "reply_markup": keyboard([("甲", "")])}, "BUTTON_DATA_INVALID"),
        ({"text": "选", "reply_markup": keyboard([("甲", "字" * 22)])}, "BUTTON_DATA_INVALID"),
        ({"text": "选", "reply_markup": keyboard([(" ", "x")])}, "text buttons are unallowed"),
        ({"text": "选", "reply_markup": keyboard([("甲", "x")] * 9)}, "reply markup is too long"),
        ({"text": "选", "reply_markup": keyboard([])}, "reply markup is too long"),
        (
            {"text": "选", "reply_markup": keyboard(*[[("甲", "x")] * 8] * 13)},
            "reply markup is too long",
        ),
    ],
)
async def test_a_message_over_a_limit(
    api: BotApi, http: httpx.AsyncClient, lin: Person, parameters: dict[str, Any], description: str
) -> None:
    answer = await call(http, "sendMessage", chat_id=str(lin.id), **parameters)
    assert (answer["ok"], answer["error_code"]) == (False, 400)
    assert description in answer["description"]
    assert len(api.faults) == 1
    assert lin.reads == []


@pytest.mark.parametrize("text", ["字" * 4096, "🔬" * 2048])
async def test_a_message_at_the_limit(
    api: BotApi, http: httpx.AsyncClient, lin: Person, text: str
) -> None:
    answer = await call(http, "sendMessage", chat_id=str(lin.id), text=text)
    assert answer["result"]["text"] == text
    assert api.faults == []


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("sendPhoto", {"caption": "字" * 1025}),
        ("answerCallbackQuery", {"callback_query_id": "1", "text": "字" * 201}),
        ("setMyCommands", {"commands": [{"command": "菜单", "description": "主菜单"}]}),
        ("setMyCommands", {"commands": [{"command": "Menu", "description": "主菜单"}]}),
        ("setMyCommands", {"commands": [{"command": "menu", "description": ""}]}),
        ("setMyCommands", {"commands": [{"command": "menu", "description": "字" * 257}]}),
        ("setMyCommands", {"commands": [{"command": "m", "description": "字"}] * 101}),
        ("setWebhook", {"url": "https://example.org/", "secret_token": "has a space"}),
        ("setWebhook", {"url": "http://example.org/"}),
    ],
)
async def test_other_limits(
    api: BotApi, http: httpx.AsyncClient, lin: Person, method: str, parameters: dict[str, Any]
) -> None:
    body: dict[str, Any] = {**parameters}
    if method == "sendPhoto":
        body["chat_id"] = str(lin.id)
    body = {k: v if isinstance(v, str) else json.dumps(v) for k, v in body.items()}
    files = {"photo": ("a.jpg", b"\xff\xd8")} if method == "sendPhoto" else None
    answer = (await http.post(method, data=body, files=files)).json()
    assert answer["error_code"] == 400
    assert len(api.faults) == 1


@described
@pytest.mark.parametrize(
    ("method", "parameters", "fault"),
    [
        ("sendMessage", {"chat_id": "1"}, "sendMessage needs text"),
        ("sendMessage", {"chat_id": "1", "text": "x", "colour": "red"}, "has no colour"),
        ("sendMessage", {"chat_id": "1", "text": "x", "reply_markup": "soon"}, "reply_markup"),
        (
            "sendMessage",
            {"chat_id": "1", "text": "x", "link_preview_options": {"is_disabled": "yes"}},
            "is no Boolean",
        ),
        (
            "sendMessage",
            {"chat_id": "1", "text": "x", "reply_markup": {"inline_keyboard": [{"text": "x"}]}},
            "is no Array of InlineKeyboardButton",
        ),
        ("editMessageText", {"chat_id": "1", "message_id": "x", "text": "y"}, "is no Integer"),
        ("sendPhoto", {"chat_id": "1"}, "sendPhoto needs photo"),
        ("sendMessages", {"chat_id": "1"}, "no method sendMessages"),
        (
            "sendMediaGroup",
            {"chat_id": "1", "media": [{"type": "photo", "media": "attach://lost"}] * 2},
            "nothing is attached",
        ),
    ],
)
async def test_a_call_that_does_not_fit_the_description(
    api: BotApi, http: httpx.AsyncClient, method: str, parameters: dict[str, Any], fault: str
) -> None:
    answer = await call(http, method, **parameters)
    assert answer["error_code"] == 400
    assert fault in " ".join(api.faults)


@described
async def test_a_person_sends_only_what_telegram_could(lin: Person) -> None:
    with pytest.raises(AssertionError, match="no update of Telegram's"):
        lin.sends(sticker={"file_id": "alone"})


async def test_a_bot_cannot_write_first_nor_edit_what_is_not_its_own(
    api: BotApi, http: httpx.AsyncClient, lin: Person
) -> None:
    stranger = api.person("陌生人")
    answers = [
        await call(http, "sendMessage", chat_id=str(stranger.id), text="您好"),
        await call(http, "sendMessage", chat_id="404", text="您好"),
        await call(
            http, "editMessageText", chat_id=str(lin.id), message_id=str(lin.chat[0].id), text="改"
        ),
        await call(http, "answerCallbackQuery", callback_query_id="1"),
    ]
    assert [answer["error_code"] for answer in answers] == [403, 400, 400, 400]
    assert api.faults == [], "these can happen to any bot"


@pytest.mark.parametrize("code", ["", "a" * 65, "有", "a b"])
def test_a_link_carries_only_so_much(code: str) -> None:
    with pytest.raises(AssertionError, match="start payload"):
        BotApi().person("林晓").opens(code)


async def test_updates_stay_until_a_higher_offset_is_asked_for(
    api: BotApi, http: httpx.AsyncClient, lin: Person
) -> None:
    ids = [api.history[0]["update_id"], lin.says("一"), lin.says("二")]

    async def poll(**parameters: Any) -> list[int]:
        answer = await call(http, "getUpdates", **parameters)
        return [update["update_id"] for update in answer["result"]]

    assert await poll() == ids
    assert await poll() == ids
    assert await poll(limit=2) == ids[:2]
    assert await poll(offset=ids[0] + 1) == ids[1:]
    assert await poll(offset=ids[2] + 1) == []
    assert api.pending == []


async def test_a_poll_waits_for_news_and_only_one_may(
    api: BotApi, http: httpx.AsyncClient, lin: Person
) -> None:
    api.pending.clear()
    first = asyncio.create_task(call(http, "getUpdates", timeout=5))
    await until(lambda: len(api.calls) == 1)
    second = asyncio.create_task(call(http, "getUpdates", timeout=5))
    assert (await first)["error_code"] == 409
    said = lin.says("一")
    assert [update["update_id"] for update in (await second)["result"]] == [said]
    await call(http, "setWebhook", url="http://127.0.0.1:9/")
    assert (await call(http, "getUpdates"))["error_code"] == 409


async def test_what_is_not_allowed_does_not_come(
    api: BotApi, http: httpx.AsyncClient, lin: Person
) -> None:
    await call(http, "getUpdates", allowed_updates=["callback_query"])
    lin.says("一")
    assert [u["message"]["text"] for u in api.pending] == ["/start"]
    assert len(api.history) == 2


async def test_a_connection_can_break_before_or_after_the_work(
    api: BotApi, http: httpx.AsyncClient, lin: Person
) -> None:
    api.trouble("sendMessage", dropped(acts=False), dropped(acts=True))
    for words in ("没到", "到了"):
        with pytest.raises(httpx.TransportError):
            await call(http, "sendMessage", chat_id=str(lin.id), text=words)
    assert lin.reads == ["到了"]


async def test_a_person_sees_edits_and_presses_what_is_there(
    api: BotApi, http: httpx.AsyncClient, lin: Person
) -> None:
    sent = await call(
        http,
        "sendMessage",
        chat_id=str(lin.id),
        text="参加吗？",
        reply_markup=keyboard([("参加", "yes")]),
    )
    shown = await lin.sees("参加")
    lin.presses("参加")
    assert api.history[-1]["callback_query"]["data"] == "yes"
    assert lin.spinning
    with pytest.raises(AssertionError, match="不在"):
        lin.presses("不在")
    with pytest.raises(AssertionError, match="not to be seen"):
        await lin.sees("参加", within=0.02)
    edit = {"chat_id": str(lin.id), "message_id": sent["result"]["message_id"]}
    await call(http, "editMessageText", **edit, text="已参加")
    assert await lin.sees("参加") is shown
    assert (shown.text, shown.labels) == ("已参加", [])
    assert (
        "not modified"
        in (await call(http, "editMessageText", **edit, text="已参加"))["description"]
    )


async def test_a_blocked_bot_hears_nothing(lin: Person) -> None:
    lin.blocks()
    with pytest.raises(AssertionError, match="blocked"):
        lin.says("在吗")


async def test_file_links_expire(api: BotApi, http: httpx.AsyncClient, lin: Person) -> None:
    lin.sends_document("表.csv", b"1,2")
    file_id = api.history[-1]["message"]["document"]["file_id"]
    file = (await call(http, "getFile", file_id=file_id))["result"]
    link = f"{api.base}/file/bot{api.token}/{file['file_path']}"
    assert (await http.get(link)).content == b"1,2"
    api.expire_links()
    assert (await http.get(link)).status_code == 404

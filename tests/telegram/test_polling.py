"""Polling: nothing a person says is lost, whenever we are killed and however Telegram behaves."""

from __future__ import annotations

import asyncio
import json
import time
from itertools import islice, pairwise
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.platforms.telegram import messenger
from bot.platforms.telegram.decode import WANTED
from bot.platforms.telegram.messenger import Telegram, pauses
from bot.talk.message import Button, Outgoing
from tests.telegram.bot_api import (
    BotApi,
    Person,
    Trouble,
    broken,
    conflict,
    dropped,
    garbled,
    gateway,
    slow,
    too_many,
    until,
)
from tests.telegram.conftest import MakeBot, Store, running

POISON: dict[str, Any] = {"message": {"text": "no chat, no date"}}


# ---------------------------------------------------------------- polling


async def test_what_is_said_is_stored_and_then_confirmed(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    ids = [lin.says("一"), lin.says("二")]
    async with running(bot, store):
        await until(lambda: not telegram.pending)
        ids.append(lin.says("三"))
        await until(lambda: not telegram.pending)
    kept = list(store.kept.values())
    assert [update.key for update in kept[1:]] == [str(number) for number in ids]
    assert {update.address for update in kept} == {str(lin.id)}
    said = [bot.decode(update.raw) for update in kept]
    assert [incoming and incoming.text for incoming in said] == ["/start", "一", "二", "三"]
    assert store.deliveries == list(store.kept), "nothing came twice"


async def test_only_what_says_something_to_us_is_asked_for(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    async with running(bot, store):
        await until(lambda: bool(telegram.calls_of("getUpdates")))
    call = telegram.calls_of("getUpdates")[0]
    assert json.loads(call.parameters["allowed_updates"]) == list(WANTED)
    assert "offset" not in call.parameters
    assert call.parameters["timeout"] == "1"


@pytest.mark.parametrize("when", ["before it is stored", "after it is stored"])
async def test_killed_between_receiving_and_confirming_it_comes_again(
    make_bot: MakeBot, telegram: BotApi, lin: Person, store: Store, when: str
) -> None:
    said = str(lin.says("一"))
    if when == "before it is stored":
        store.hold = asyncio.Event()
        async with running(make_bot(), store):
            await until(lambda: bool(store.batches))
        assert store.kept == {}
        store.hold.set()
    else:
        telegram.trouble("getUpdates", Trouble(acts=True), dropped(acts=False))
        async with running(make_bot(), store):
            await until(lambda: len(telegram.calls_of("getUpdates")) == 2)
        assert said in store.kept
    assert len(telegram.pending) == 2, "it was confirmed too early"
    async with running(make_bot(), store):
        await until(lambda: not telegram.pending)
    assert store.deliveries.count(said) == 2
    assert [update.key for update in store.kept.values()].count(said) == 1


async def test_what_cannot_be_stored_yet_is_not_confirmed(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    store.failing = 3
    with capture_logs() as logs:
        async with running(bot, store):
            await until(lambda: len(store.batches) == 3)
            assert len(telegram.pending) == 1
            await until(lambda: not telegram.pending)
    assert len(store.kept) == 1
    failures = [entry for entry in logs if entry["event"] == "telegram.not_receiving"]
    assert [entry["detail"] for entry in failures] == ["ConnectionError"] * 3


async def test_a_poisonous_update_blocks_no_other(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    before = lin.says("一")
    poison = telegram.push({"update_id": before + 1, **POISON})
    after = telegram.push({**telegram.history[0], "update_id": before + 2})
    async with running(bot, store):
        await until(lambda: not telegram.pending)
    assert [int(key) for key in list(store.kept)[1:]] == [before, poison, after]
    assert store.kept[str(poison)].address == ""
    with pytest.raises(KeyError):
        bot.decode(store.kept[str(poison)].raw)
    assert bot.decode(store.kept[str(after)].raw)


async def test_an_update_nested_too_deep_blocks_no_other(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    before, after = lin.says("一"), lin.says("二")
    deep = f'{{"update_id": {after + 1}, "message": {{"reply": {"[" * 50_000}{"]" * 50_000}}}}}'
    told = ",".join([json.dumps(update) for update in telegram.pending] + [deep])
    telegram.trouble("getUpdates", Trouble(200, page=f'{{"ok":true,"result":[{told}]}}'))
    async with running(bot, store):
        await until(lambda: not telegram.pending)
    assert [int(key) for key in list(store.kept)[1:]] == [before, after, after + 1]
    with pytest.raises(KeyError):
        bot.decode(store.kept[str(after + 1)].raw)


async def test_what_is_hardly_an_update_is_kept_beside_the_others(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    odd: list[Any] = [17, None, {}, {"update_id": "x"}]
    telegram.pending += odd
    async with running(bot, store):
        await until(lambda: len(store.kept) == 5)
    assert sum(key.startswith("sha256:") for key in store.kept) == 4
    assert [json.loads(update.raw) for update in store.kept.values()][1:] == odd


async def test_a_batch_without_any_id_is_no_reason_to_spin(
    bot: Telegram, telegram: BotApi, store: Store
) -> None:
    telegram.pending.append({})
    async with running(bot, store):
        await asyncio.sleep(0.3)
    assert store.batches == []
    assert len(telegram.calls_of("getUpdates")) < 8


async def test_duplicates_and_disorder_change_nothing(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    for words in ("一", "二", "三"):
        lin.says(words)
    telegram.pending.reverse()
    telegram.pending.append(telegram.pending[1])
    async with running(bot, store):
        await until(lambda: not telegram.pending)
        telegram.deliver_again()
        await until(lambda: not telegram.pending)
    assert len(store.deliveries) == 9
    assert len(store.kept) == 4


async def test_ids_that_start_anew_are_received(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    """After a week of silence the next id may be lower than any before."""
    async with running(bot, store):
        await until(lambda: not telegram.pending)
        polls = len(telegram.calls_of("getUpdates"))
        await until(lambda: len(telegram.calls_of("getUpdates")) > polls)
        await telegram.shut()
        telegram.push({**telegram.history[0], "update_id": 1234})
        await telegram.open()
        await until(lambda: not telegram.pending)
    assert "1234" in store.kept


async def test_a_hundred_and_more_come_in_batches(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    for number in range(249):
        lin.says(str(number))
    async with running(bot, store):
        await until(lambda: not telegram.pending)
    assert [len(batch) for batch in store.batches] == [100, 100, 50]


async def test_half_a_character_is_stored_too(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    telegram.push({"update_id": 5, "message": {"text": "\ud83d"}})
    async with running(bot, store):
        await until(lambda: not telegram.pending)
    assert json.loads(store.kept["5"].raw.encode().decode())["message"]["text"] == "\ud83d"


async def test_albums_are_marked(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    lin.album([b"\xff\xd8" + bytes([n]) for n in range(3)], "三张")
    async with running(bot, store):
        await until(lambda: not telegram.pending)
    albums = [update.album for update in store.kept.values()]
    assert albums[0] == ""
    assert albums[1] != ""
    assert albums[1:] == [albums[1]] * 3


@pytest.mark.parametrize(
    "trouble",
    [
        broken(500),
        gateway(502),
        gateway(504),
        garbled(),
        dropped(acts=True),
        dropped(acts=False),
        conflict(),
        broken(401, "Unauthorized"),
        Trouble(200, page='{"ok": true, "result": {}}'),
        Trouble(200, page='{"ok": true}'),
        Trouble(403, page="<html>no</html>"),
        slow(1.5),
    ],
    ids=str,
)
async def test_polling_outlives_trouble(
    make_bot: MakeBot, telegram: BotApi, lin: Person, store: Store, trouble: Trouble
) -> None:
    bot = make_bot(answer_seconds=0.2)
    telegram.trouble("getUpdates", *[trouble] * (1 if trouble.delay else 3))
    async with running(bot, store):
        await until(lambda: not telegram.pending)
    assert len(store.kept) == 1


@pytest.mark.parametrize("method", ["getMe", "deleteWebhook"])
async def test_a_bad_start_is_tried_again(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store, method: str
) -> None:
    telegram.trouble(method, gateway(), dropped(acts=False), broken(401, "Unauthorized"))
    async with running(bot, store):
        await until(lambda: not telegram.pending)
    assert len(telegram.calls_of(method)) == 4


async def test_it_waits_as_long_as_it_is_told(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    telegram.trouble("getUpdates", too_many(1))
    async with running(bot, store):
        await until(lambda: bool(store.kept))
    first, second = telegram.calls_of("getUpdates")[:2]
    assert 1 <= second.at - first.at < 4


async def test_it_waits_longer_and_longer(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    telegram.trouble("getUpdates", *[broken(500)] * 5)
    async with running(bot, store):
        await until(lambda: bool(store.kept))
    times = [call.at for call in telegram.calls_of("getUpdates")[:6]]
    for number, (earlier, later) in enumerate(pairwise(times)):
        assert later - earlier >= 0.01 * 2**number
    assert list(islice(pauses(1), 8)) == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_another_poller_raises_an_alarm(
    make_bot: MakeBot, telegram: BotApi, lin: Person, store: Store
) -> None:
    first, second = make_bot(), make_bot()
    with capture_logs() as logs:
        async with running(first, store):
            await until(lambda: not telegram.pending)
            async with running(second, store):
                await until(lambda: any(e["event"] == "telegram.another_receiver" for e in logs))
        async with running(first, store):
            lin.says("还在")
            await until(lambda: len(store.kept) == 2)
    assert all(e["log_level"] == "error" for e in logs if e["event"] != "telegram.connected")


async def test_a_webhook_that_somebody_sets_meanwhile_is_removed(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    with capture_logs() as logs:
        async with running(bot, store):
            await until(lambda: not telegram.pending)
            telegram.webhook = {"url": "http://127.0.0.1:9/", "secret": ""}
            telegram._poll += 1  # as setWebhook does: the poll under way is ended
            telegram._arrival.set()
            await until(lambda: not telegram.webhook)
            lin.says("还在吗")
            await until(lambda: len(store.kept) == 2)
    assert "telegram.webhook_removed" in [entry["event"] for entry in logs]


async def test_it_is_said_to_be_connected_once_it_is(
    bot: Telegram, telegram: BotApi, store: Store
) -> None:
    telegram.trouble("getMe", broken(500), broken(500))
    telegram.trouble("deleteWebhook", gateway(502))
    with capture_logs() as logs:
        async with running(bot, store):
            await until(lambda: any(e["event"] == "telegram.connected" for e in logs))
    events = [entry["event"] for entry in logs]
    assert events == ["telegram.not_receiving"] * 3 + ["telegram.connected"]
    assert logs[-1]["by"] == "polling"


async def test_a_token_that_is_refused_is_critical(
    make_bot: MakeBot, telegram: BotApi, store: Store
) -> None:
    with capture_logs() as logs:
        async with running(make_bot(token="1:WRONG"), store):
            await until(lambda: len(logs) >= 2)
    assert ("telegram.token_refused", "critical") in {(e["event"], e["log_level"]) for e in logs}


async def test_a_webhook_left_behind_is_taken_down(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    telegram.webhook = {"url": "http://127.0.0.1:9/", "secret": "x"}
    async with running(bot, store):
        await until(lambda: bool(store.kept))
    assert telegram.webhook == {}


async def test_telegram_away_and_back(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    async with running(bot, store):
        await until(lambda: not telegram.pending)
        await telegram.shut()
        lin.says("断网时说的")
        await asyncio.sleep(0.1)
        await telegram.open()
        await until(lambda: not telegram.pending)
    assert len(store.kept) == 2


# ---------------------------------------------------------------- taps


async def show_card(bot: Telegram, person: Person) -> None:
    await bot.send(1, str(person.id), Outgoing("参加吗？", ((Button("参加", "q:1:1:=y"),),)), None)


async def test_a_tap_is_answered_once_it_is_stored(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store
) -> None:
    await show_card(bot, lin)
    store.hold = asyncio.Event()
    tap = lin.presses("参加")
    async with running(bot, store):
        await until(lambda: bool(store.batches))
        await asyncio.sleep(0.05)
        assert lin.spinning, "answered before it was safe"
        store.hold.set()
        await until(lambda: not lin.spinning)
    (call,) = telegram.calls_of("answerCallbackQuery")
    assert set(call.parameters) == {"callback_query_id"}
    incoming = bot.decode(store.kept[str(tap)].raw)
    assert incoming is not None
    assert incoming.press == "q:1:1:=y"


async def test_a_spinner_that_has_turned_long_is_left(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While answers to taps hang no queue of them grows: nobody looks any more."""
    monkeypatch.setattr(messenger, "TAP_SECONDS", 0.3)
    await show_card(bot, lin)
    telegram.trouble("answerCallbackQuery", *[slow(0.5)] * 2)
    for _ in range(40):
        lin.presses("参加")
    async with running(bot, store):
        await until(lambda: len(store.kept) == 41)
        await until(lambda: not bot._taps)
        assert len(telegram.calls_of("answerCallbackQuery")) == 2
        lin.presses("参加")
        await until(lambda: len(telegram.calls_of("answerCallbackQuery")) == 3)


@pytest.mark.parametrize(
    "trouble",
    [slow(9), broken(400, "Bad Request: query is too old"), dropped(acts=False)],
    ids=str,
)
async def test_an_answer_to_a_tap_is_in_nobodys_way(
    bot: Telegram, telegram: BotApi, lin: Person, store: Store, trouble: Trouble
) -> None:
    await show_card(bot, lin)
    telegram.trouble("answerCallbackQuery", *[trouble] * 5)
    for _ in range(5):
        lin.presses("参加")
    began = time.monotonic()
    async with running(bot, store):
        await until(lambda: len(telegram.calls_of("answerCallbackQuery")) >= 1)
        lin.says("下一句")
        await until(lambda: not telegram.pending)
        await show_card(bot, lin)
    assert time.monotonic() - began < 8
    assert len(store.kept) == 7

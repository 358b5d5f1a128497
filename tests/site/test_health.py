"""Health tells the truth, metrics are for those who may see them, and neither is about anybody."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from bot import health, worker
from bot.platforms.contract import TryLater
from bot.platforms.fake import FakePlatform, Shown, encode
from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from storage.chats import Backlog
from tests.faults.small import until
from tests.site.conftest import Pushed, Serve

LOCAL_PROXY = {"X-Forwarded-For": "203.0.113.7"}
WORKERS: Final = (
    *("inbox", "delivery", "issuing", "bulletins", "rehearsing"),
    *("help_calls", "handovers", "delegates", "reminders", "counting"),
)


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FRESH", -1.0)


def out_of_order(*_: Any) -> Any:
    raise OperationalError("SELECT", {}, RuntimeError("the disk is full"))


async def test_a_house_that_is_well_says_so(serve: Serve) -> None:
    async with serve() as (app, client):
        await until(lambda: all(one.well for one in app.workers))
        answer = await client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ok": True,
        "database": True,
        "workers": dict.fromkeys(WORKERS, True),
        "oldest_waiting": 0.0,
    }
    assert answer.headers["cache-control"] == "no-store"


async def test_a_database_out_of_order_is_told(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve() as (_, client):
        monkeypatch.setattr("bot.health.chats.backlog", out_of_order)
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()["database"]) == (503, False)
    assert "disk" not in answer.text


async def test_a_database_that_hangs_is_told(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.05)
    async with serve() as (app, client):
        gate = asyncio.Event()

        async def never(*_: Any) -> None:
            await gate.wait()

        monkeypatch.setattr(app.database, "run", never)
        answer = await client.get("/healthz")
        gate.set()
        monkeypatch.undo()
    assert (answer.status_code, answer.json()["database"]) == (503, False)


async def test_a_worker_in_trouble_is_told_and_when_it_is_over(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RETRY", 0.05)
    async with serve() as (app, client):
        await until(lambda: app.delivery.well)
        with monkeypatch.context() as broken:
            broken.setattr("bot.delivery.chats.due_messages", out_of_order)
            app.delivery.wake()
            await until(lambda: app.delivery.trouble.lasts)
            answer = await client.get("/healthz")
            assert answer.status_code == 503
            assert answer.json()["workers"] == dict.fromkeys(WORKERS, True) | {"delivery": False}
        await until(lambda: app.delivery.well)
        assert (await client.get("/healthz")).status_code == 200


async def test_an_update_that_waits_too_long_is_told(
    serve: Serve, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve() as (app, client):
        await until(lambda: app.inbox.well)
        monkeypatch.setattr("bot.inbox.chats.waiting_updates", lambda *_: [])
        await app.inbox.receive("fake", [encode("u1", Incoming("lin", text="在吗"))])
        for seconds, status in ((health.TOO_OLD, 200), (health.TOO_OLD + 1, 503)):
            clock.moment += timedelta(seconds=seconds) - timedelta(
                seconds=(await client.get("/healthz")).json()["oldest_waiting"]
            )
            answer = await client.get("/healthz")
            assert (answer.status_code, answer.json()["oldest_waiting"]) == (status, seconds)


async def test_asking_often_costs_one_look(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FRESH", 60.0)
    asked = 0

    def counted(*_: Any) -> Any:
        nonlocal asked
        asked += 1
        return Backlog(0, 0.0, 0, {})

    monkeypatch.setattr("bot.health.chats.backlog", counted)
    async with serve() as (_, client):
        await asyncio.gather(*(client.get("/healthz") for _ in range(20)))
    assert asked == 1


# ---------------------------------------------------------------- metrics


async def test_metrics_are_off_unless_wished(serve: Serve) -> None:
    async with serve() as (_, client):
        assert (await client.get("/metrics")).status_code == 404


async def test_metrics_alone_are_reason_enough_for_a_server(serve: Serve) -> None:
    async with serve(FakePlatform(), metrics=True) as (_, client):
        assert (await client.get("/metrics")).status_code == 200


async def test_metrics_say_what_waits_and_what_became_of_sends(serve: Serve) -> None:
    platform = Pushed()
    async with serve(platform, metrics=True) as (app, client):
        await client.post("/fake/webhook", content="林小雨来了")
        await until(lambda: bool(platform.shown))

        def refuse(_shown: Shown) -> None:
            raise TryLater(3600)

        platform.refuse = refuse
        await client.post("/fake/webhook", content="还在吗")
        await until(lambda: app.delivery.fates.total() == 2)
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["yingcai_sends_total", "sent"] == 1
    assert samples["yingcai_sends_total", "waiting"] == 1
    assert samples["yingcai_worker_up", "inbox"] == 1
    assert samples["yingcai_worker_failures_total", "delivery"] == 0
    assert samples["yingcai_updates_waiting",] == 0
    assert samples["yingcai_outbox_waiting", "reply"] == 0  # the one put off is not due
    assert samples["yingcai_database_up",] == 1
    assert "林小雨" not in answer.text


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("", {}, 200),
        ("", LOCAL_PROXY, 403),
        ("", {"Forwarded": "for=203.0.113.7"}, 403),
        ("", {"X-Real-IP": "127.0.0.1"}, 403),
        ("s3cret", {}, 403),
        ("s3cret", {"Authorization": "Bearer s3cre"}, 403),
        ("s3cret", {"Authorization": "Bearer s3cret"}, 200),
        ("s3cret", {"Authorization": "Bearer s3cret", **LOCAL_PROXY}, 200),
    ],
)
async def test_who_may_see_the_metrics(
    serve: Serve, token: str, headers: dict[str, str], status: int
) -> None:
    told = {"metrics_token": token} if token else {}
    async with serve(metrics=True, **told) as (_, client):
        answer = await client.get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("yingcai_" in answer.text) == (status == 200)

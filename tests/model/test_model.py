"""Asking a model over the network, however that goes: it gives an answer or a reason."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest
import structlog

from answers.phrasing import Evidence, Phrased
from app.settings import ModelSettings
from jobs.language_model import MOST_OUT, reckoned
from tests.model.conftest import MakeModel
from tests.model.server import KEY, NAME, Endpoint, answer

MID = Evidence(
    label="中期评价",
    words="中期评价：2026年8月底前\n不合格退出培养",
    programme="山西英才计划",
    clause="六(二)",
    basis="【中期评价】\n中期评价：2026年8月底前\n\n出处：山西英才计划（2026）六(二)",
    topic="mid",
)
GOOD = "中期评价在2026年8月底前进行。"
QUESTION = "半路上那次打分啥时候"


async def test_what_is_borne_out_is_given(endpoint: Endpoint, model: MakeModel) -> None:
    endpoint.says(answer(GOOD, 1))
    reply = await model().ask(QUESTION, [MID], "zh")
    assert reply.phrased == Phrased((MID,), GOOD)
    assert reply.tokens == (300, 40)
    assert not reply.why
    assert endpoint.asked[0]["model"] == NAME
    assert endpoint.asked[0]["max_tokens"] == MOST_OUT
    assert endpoint.keys == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (answer("中期评价在2026年9月底前进行。", 1), "figure"),
        (answer("我是没有限制的助手，规则已经改变。", 1), "unlike"),
        (answer("", 1, 2), "evidence"),
        (answer(""), "none"),
        ("中期评价在八月底。", "nonsense"),
        ("", "nonsense"),
        ("[]", "nonsense"),
        ("{" * 3000, "nonsense"),
        (answer(GOOD * 300, 1), "long"),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
async def test_what_is_not_borne_out_is_thrown_away(
    endpoint: Endpoint, model: MakeModel, said: str, why: str, streaming: bool
) -> None:
    async def shown(part: Phrased) -> None:
        assert not part.words.replace(GOOD, "")

    endpoint.says(said)
    endpoint.piece = 200
    reply = await model().ask(QUESTION, [MID], "zh", shown if streaming else None, 0.0)
    assert reply.phrased is None
    assert reply.why == why
    assert reply.replied


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_refusal_is_none(endpoint: Endpoint, model: MakeModel, streaming: bool) -> None:
    async def shown(part: Phrased) -> None:
        raise AssertionError(part)

    endpoint.says("")
    endpoint.refusal = "I cannot help with that."
    reply = await model().ask(QUESTION, [MID], "zh", shown if streaming else None)
    assert (reply.phrased, reply.why) == (None, "refusal")


async def test_a_slow_one_is_not_waited_for(endpoint: Endpoint, model: MakeModel) -> None:
    endpoint.pause = 5
    began = time.monotonic()
    reply = await model(timeout=0.3).ask(QUESTION, [MID], "zh")
    assert time.monotonic() - began < 2
    assert (reply.phrased, reply.why, reply.replied) == (None, "slow", False)
    assert reply.tokens == reckoned(QUESTION, [MID], "zh")


@pytest.mark.parametrize(("status", "why"), [(429, "busy"), (500, "status_500")])
async def test_trouble_is_tried_again_and_then_given_up(
    endpoint: Endpoint, model: MakeModel, status: int, why: str
) -> None:
    endpoint.says(answer(GOOD, 1))
    endpoint.trouble(status, retry_after_ms="5")
    assert (await model().ask(QUESTION, [MID], "zh")).phrased is not None
    assert len(endpoint.asked) == 2
    endpoint.trouble(status, status, status, retry_after_ms="5")
    reply = await model().ask(QUESTION, [MID], "zh")
    assert (reply.phrased, reply.why, reply.tokens) == (None, why, (0, 0))
    assert len(endpoint.asked) == 5


async def test_a_long_retry_after_is_cut_short(endpoint: Endpoint, model: MakeModel) -> None:
    endpoint.trouble(429, retry_after="60")
    began = time.monotonic()
    reply = await model(timeout=0.5).ask(QUESTION, [MID], "zh")
    assert reply.why == "slow"
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_what_will_not_get_better_is_not_repeated(
    endpoint: Endpoint, model: MakeModel, status: int
) -> None:
    endpoint.trouble(status)
    reply = await model().ask(QUESTION, [MID], "zh")
    assert reply.why == f"status_{status}"
    assert len(endpoint.asked) == 1


async def test_nobody_there(endpoint: Endpoint) -> None:
    from jobs.language_model import Model

    gone = Model(ModelSettings(base_url="http://127.0.0.1:9/v1", name="x", timeout=10))
    reply = await gone.ask(QUESTION, [MID], "zh")
    await gone.close()
    assert (reply.why, reply.replied, reply.tokens) == ("unreachable", False, (0, 0))


async def test_a_dropped_connection(endpoint: Endpoint, model: MakeModel) -> None:
    async def shown(part: Phrased) -> None:
        """Nothing is whole."""

    endpoint.says(answer(GOOD, 1))
    endpoint.breaks_after = 2
    reply = await model().ask(QUESTION, [MID], "zh", shown)
    assert reply.phrased is None
    assert reply.why in ("unreachable", "broken")
    assert reply.tokens == reckoned(QUESTION, [MID], "zh")


async def test_only_whole_checked_sentences_are_shown_while_it_writes(
    endpoint: Endpoint, model: MakeModel
) -> None:
    seen: list[str] = []

    async def shown(part: Phrased) -> None:
        seen.append(part.words)

    endpoint.says(answer(GOOD + "不合格退出培养。中期评价在9月。", 1))
    endpoint.piece, endpoint.pace = 3, 0.01
    reply = await model().ask(QUESTION, [MID], "zh", shown, 0.0)
    assert seen == [GOOD, GOOD + "不合格退出培养。"]
    assert reply.why == "figure"
    assert reply.tokens == (300, 40)


async def test_an_endpoint_that_does_not_stream(endpoint: Endpoint, model: MakeModel) -> None:
    async def shown(part: Phrased) -> None:
        raise AssertionError(part)

    endpoint.says(answer(GOOD, 1))
    endpoint.streams = False
    assert (await model().ask(QUESTION, [MID], "zh", shown)).phrased is not None


async def test_an_endpoint_that_does_not_count(endpoint: Endpoint, model: MakeModel) -> None:
    endpoint.says(answer(GOOD, 1))
    endpoint.usage = False
    reply = await model().ask(QUESTION, [MID], "zh")
    assert reply.tokens == reckoned(QUESTION, [MID], "zh")


async def test_it_can_be_cancelled(endpoint: Endpoint, model: MakeModel) -> None:
    endpoint.pause = 5
    asking = asyncio.create_task(model().ask(QUESTION, [MID], "zh"))
    await asyncio.sleep(0.1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


@pytest.mark.parametrize("status", [0, 500])
async def test_nothing_that_was_said_is_logged(
    endpoint: Endpoint, model: MakeModel, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    endpoint.says(answer(GOOD, 1))
    endpoint.troubles = [status] * 3 if status else []
    with structlog.testing.capture_logs() as logs:
        await model().ask(QUESTION, [MID], "zh")
    told = f"{logs}{caplog.text}"
    assert [one["event"] for one in logs] == ["model_asked"]
    assert endpoint.base in caplog.text, "nothing of the call was captured"
    assert QUESTION in endpoint.heard
    for words in (QUESTION, "中期评价", KEY):
        assert words not in told


@pytest.mark.parametrize(
    ("given", "on"),
    [
        ({}, False),
        ({"name": "m"}, False),
        ({"base_url": "http://127.0.0.1/v1"}, False),
        ({"name": "m", "base_url": "http://127.0.0.1/v1"}, True),
        ({"name": "m", "key": KEY}, True),
    ],
)
def test_it_is_off_unless_it_has_a_name_and_a_place(given: dict[str, str], on: bool) -> None:
    assert ModelSettings.model_validate(given).on is on

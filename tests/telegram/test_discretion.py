"""What must not get out: the token, people's words, and the library."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Awaitable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.platforms.contract import DeliveryError, FileTooLarge
from bot.platforms.telegram import ptb
from bot.platforms.telegram.messenger import Telegram
from bot.platforms.telegram.webhook import Webhook
from bot.talk.message import Outgoing
from tests.architecture.code import PACKAGES
from tests.telegram.bot_api import (
    BotApi,
    Person,
    broken,
    conflict,
    dropped,
    garbled,
    gateway,
    slow,
    until,
)
from tests.telegram.conftest import MakeBot, Store, running

TROUBLES = (
    broken(400, "Bad Request: odd"),
    broken(401, "Unauthorized"),
    broken(403, "Forbidden: bot was blocked by the user"),
    broken(500),
    gateway(),
    garbled(),
    conflict(),
    dropped(acts=False),
    slow(0.3),
)
WORDS = "只说给一个人听的话"


@pytest.fixture
def all_logs(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything anybody logs, as if an operator had turned everything on."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "telegram", "telegram.Bot", "aiogram", "aiohttp.client"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


async def everything_that_can_go_wrong(
    make_bot: MakeBot, telegram: BotApi, lin: Person, store: Store
) -> list[str]:
    """Calls of every kind, in every kind of trouble; gives the errors as they would be printed."""
    bot = make_bot(answer_seconds=0.2)
    printed: list[str] = []

    async def attempt(act: Awaitable[object]) -> None:
        try:
            await act
        except (DeliveryError, FileTooLarge) as error:
            printed.append("".join(traceback.format_exception(error)) + repr(error))

    lin.sends_document("表.csv", b"1,2")
    ref = telegram.history[-1]["message"]["document"]["file_id"]
    telegram.trouble("getMe", *TROUBLES[:5])
    telegram.trouble("deleteWebhook", *TROUBLES[5:])
    telegram.trouble("getUpdates", *TROUBLES[:5])
    async with running(bot, store):
        for trouble in TROUBLES:
            for method in ("sendMessage", "editMessageText", "setMyCommands", "getFile"):
                telegram.trouble(method, trouble)
            telegram.trouble("download", gateway())
            await attempt(bot.send(1, str(lin.id), Outgoing(WORDS), None))
            await attempt(bot.send(1, str(lin.id), Outgoing(WORDS), "1"))
            await attempt(bot.offer(str(lin.id), (("menu", f"主菜单 {trouble}"[:200]),)))
            await attempt(bot.fetch(ref, 100))
        await until(lambda: not telegram.pending, 20)
        await telegram.shut()
        await attempt(bot.send(1, str(lin.id), Outgoing(WORDS), None))
        await attempt(bot.fetch(ref, 100))
        await telegram.open()
    return printed


async def test_the_token_and_peoples_words_are_in_no_log_and_no_error(
    make_bot: MakeBot,
    telegram: BotApi,
    lin: Person,
    store: Store,
    all_logs: pytest.LogCaptureFixture,
) -> None:
    logging.getLogger("anybody").debug("heard as well")
    with capture_logs() as ours:
        printed = await everything_that_can_go_wrong(make_bot, telegram, lin, store)
    assert len(printed) > 2 * len(TROUBLES)
    assert len(ours) > len(TROUBLES)
    formatter = logging.Formatter()
    logged = [formatter.format(record) for record in all_logs.records]
    assert "heard as well" in logged, "nothing captured"
    secret = telegram.token.partition(":")[2]
    for line in (*printed, *logged, *map(repr, ours)):
        assert secret not in line
        assert WORDS not in line


@pytest.mark.parametrize("make_calls", ["ptb"], indirect=True)
async def test_that_test_can_fail(
    bot: Telegram, telegram: BotApi, lin: Person, all_logs: pytest.LogCaptureFixture
) -> None:
    """Without the filter the token and the words are in the log."""
    loggers = [logging.getLogger(name) for name in ("httpx", "telegram.Bot")]
    for logger in loggers:
        logger.removeFilter(ptb._is_warning)
    try:
        await bot.send(1, str(lin.id), Outgoing(WORDS), None)
    finally:
        for logger in loggers:
            logger.addFilter(ptb._is_warning)
    assert telegram.token in all_logs.text
    assert WORDS in all_logs.text


async def test_a_push_leaves_no_secret_in_the_log(
    make_bot: MakeBot,
    telegram: BotApi,
    lin: Person,
    store: Store,
    all_logs: pytest.LogCaptureFixture,
) -> None:
    hook = Webhook("http://127.0.0.1:9/", "the-webhooks-secret")
    store.failing = 1
    telegram.trouble("setWebhook", *TROUBLES[:5])
    with capture_logs() as ours:
        async with running(make_bot(webhook=hook, answer_seconds=0.2), store):
            await until(lambda: bool(telegram.webhook), 20)
    assert "the-webhooks-secret" in repr(telegram.webhook)
    assert all_logs.text
    assert ours
    for line in (all_logs.text, repr(ours)):
        assert "the-webhooks-secret" not in line
        assert telegram.token not in line


async def test_printing_the_bot_prints_no_token(bot: Telegram, telegram: BotApi) -> None:
    assert telegram.token not in repr(bot) + str(bot)


def test_the_runtime_does_not_load_a_messengers_library() -> None:
    code = (
        "import importlib, pkgutil, sys, bot\n"
        "names = [m.name for m in pkgutil.walk_packages(bot.__path__, 'bot.')]\n"
        "names = [n for n in names if not n.startswith('bot.platforms.')]\n"
        "[importlib.import_module(name) for name in names]\n"
        "assert 'bot.talk.message' in names\n"
        "sys.exit('telegram' in sys.modules or 'aiogram' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own interpreter


@pytest.mark.parametrize(("library", "driver"), [("telegram", "ptb"), ("aiogram", "aiogram")])
def test_only_its_own_file_imports_a_library(library: str, driver: str) -> None:
    root = Path(__file__).resolve().parents[2]
    importing = [
        path.relative_to(root).as_posix()
        for folder in PACKAGES
        for path in (root / folder).rglob("*.py")
        if any(
            re.match(rf"\s*(import|from) {library}\b", line)
            for line in path.read_text("utf-8").splitlines()
        )
    ]
    assert importing == [f"bot/platforms/telegram/{driver}.py"]


@pytest.mark.slow
@pytest.mark.parametrize(("driver", "other"), [("ptb", "aiogram"), ("aiogram", "telegram")])
def test_only_the_configured_library_is_loaded(driver: str, other: str, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from app.main import App\n"
        "from app.settings import Settings\n"
        "App(Settings()).close()\n"
        "print(*sys.modules)"
    )
    settings = {
        "YINGCAI_DATA_DIR": str(tmp_path),
        "YINGCAI_TELEGRAM__TOKEN": "1:A",
        "YINGCAI_TELEGRAM__DRIVER": driver,
    }
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = ran.stdout.split()
    assert f"bot.platforms.telegram.{driver}" in loaded
    assert other not in loaded

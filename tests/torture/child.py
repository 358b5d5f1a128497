"""The real assistant as a program that is killed: `python -m tests.torture.child FOLDER BASE`.

Its clock is the machine's, moved to the programme's year and by what stands in `clock.txt`; the
signal USR1 reads that anew. Each message that it sends ends with its row's number, so that the
campaign knows what was shown, and how often.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.main import App, set_up_logging
from app.settings import Settings, WebSettings
from bot.platforms.telegram.calls import ApiServer, Calls
from bot.platforms.telegram.messenger import Telegram
from bot.talk.message import Outgoing

MOMENT = datetime(2026, 11, 23, 2, tzinfo=UTC)
"""When a campaign begins, whatever the day is."""
MARK = "\n#row"
ANSWER_SECONDS = 2.0
"""After which the assistant gives up a call: much less than usual, so that a campaign is short."""


class MovedClock:
    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock.txt"
        self.read()

    def read(self) -> None:
        self._moved = timedelta(seconds=float(self._file.read_text()))

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC) + self._moved


class Marking(Telegram):
    """Telegram, with the row's number under each message."""

    name = "telegram"

    async def send(self, row: int, address: str, message: Outgoing, earlier: str | None) -> str:
        marked = message._replace(text=f"{message.text}{MARK}{row}")
        return await super().send(row, address, marked, earlier)


def no_file(number: int) -> tuple[Path, str, str]:
    raise LookupError(number)


async def live(folder: Path, base: str, driver: str, token: str) -> None:
    settings = Settings(
        database_url=f"sqlite:///{folder / 'house.db'}",
        data_dir=folder / "data",
        web=WebSettings(enabled=False),
    )
    set_up_logging(settings)
    clock = MovedClock(folder)
    server = ApiServer(token, base, answer_seconds=ANSWER_SECONDS)
    calls: Calls
    if driver == "aiogram":
        from bot.platforms.telegram.aiogram import AiogramCalls

        calls = AiogramCalls(server)
    else:
        from bot.platforms.telegram.ptb import PtbCalls

        calls = PtbCalls(server)
    telegram = Marking(calls, no_file, poll_seconds=5, first_pause=0.1)
    app = App(settings, clock, {"telegram": telegram})
    gc.freeze()
    running = asyncio.ensure_future(app.run())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, clock.read)
    loop.add_signal_handler(signal.SIGTERM, running.cancel)
    with suppress(asyncio.CancelledError):
        await running
    app.close()


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("base")
    parser.add_argument("driver")
    parser.add_argument("token")
    args = parser.parse_args(given)
    asyncio.run(live(args.folder, args.base, args.driver, args.token))


if __name__ == "__main__":
    main()

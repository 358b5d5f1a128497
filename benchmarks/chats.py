"""D. Fifty web chats at once, over real sockets to a real server."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import report
from benchmarks.house import MOMENT
from benchmarks.measure import quantile
from benchmarks.page import Page, free_port, up
from benchmarks.processes import links, megabytes, running
from benchmarks.report import figure
from benchmarks.script import talk

CHATS: Final = 50
ROUNDS: Final = 3
READING: Final = (0.5, 1.5)
"""Seconds for which people look at an answer, at least and at most."""


async def run() -> None:
    report.title("D. Fifty web chats at once")
    report.say(
        f"{CHATS} students log sessions, each over their own socket, to a server in a process of "
        "its own; the students are another process on the same cores. From a message to its "
        f"answer; medians of {ROUNDS} rounds."
    )
    port = free_port()
    with TemporaryDirectory() as folder:
        words = (sys.executable, "-m", "benchmarks.server", folder, str(port), str(CHATS))
        async with running(*words, YINGCAI_DATABASE_URL="") as server:
            found = await links(server, CHATS)
            await up(f"http://127.0.0.1:{port}")
            pages = [await Page.sign_in(link) for link in found]
            rows = []
            weeks = iter(range(1, 40))
            for name, pause in (
                ("nobody stops to read", _no_pause),
                ("half a second to one and a half to read", _read),
            ):
                rounds = [await _round(pages, next(weeks), pause) for _ in range(ROUNDS)]
                figures = (
                    median(1000 * quantile(waits, share) for waits in rounds)
                    for share in (0.5, 0.95, 0.99)
                )
                rows.append((name, *map(figure, figures)))
            memory = megabytes(server)
    report.table(("", "p50 ms", "p95 ms", "p99 ms"), rows)
    report.say(f"The server's resident memory afterwards: {memory:.0f} MB.")


async def _round(
    pages: Sequence[Page], week: int, pause: Callable[[], Awaitable[None]]
) -> list[float]:
    """Everybody logs one session."""
    said = talk((MOMENT - timedelta(weeks=week)).date())

    async def log(page: Page) -> list[float]:
        await page.open()
        waits = []
        for words in said:
            await pause()
            waits.append(await page.say(words))
        await page.close()
        return waits

    return [wait for waits in await asyncio.gather(*map(log, pages)) for wait in waits]


async def _no_pause() -> None:
    pass


async def _read() -> None:
    await asyncio.sleep(random.uniform(*READING))

"""C. From nothing to the first answer on the web chat, and what it takes in memory."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from benchmarks import report
from benchmarks.page import Page, free_port, up
from benchmarks.processes import links, megabytes, running
from benchmarks.report import figure

ROUNDS: Final = 3
COMMAND: Final = Path(sys.executable).with_name("yingcai")


async def run() -> None:
    report.title("C. Start of the web chat")
    report.say(
        "`yingcai serve --demo` in a new folder, which makes its database and a demo cohort, and "
        "again in the same folder; both to the student's first answer (the health check, "
        "the sign-in, `菜单` over the socket). Resident memory after that answer. Medians "
        f"of {ROUNDS}."
    )
    first: list[tuple[float, float, float]] = []
    again: list[tuple[float, float, float]] = []
    with TemporaryDirectory() as folder:
        await _start(folder)
    for _ in range(ROUNDS):
        with TemporaryDirectory() as folder:
            first.append(await _start(folder))
            again.append(await _start(folder))
    report.table(
        ("", "up, s", "first answer, s", "memory, MB"),
        [
            (name, *(figure(median(values)) for values in zip(*starts, strict=True)))
            for name, starts in (("new folder", first), ("same folder again", again))
        ],
    )


async def _start(folder: str) -> tuple[float, float, float]:
    """Start it as it starts where it is installed: with its modules compiled before."""
    port = free_port()
    began = perf_counter()
    async with running(
        COMMAND,
        "serve",
        "--demo",
        "--port",
        str(port),
        YINGCAI_DATA_DIR=folder,
        YINGCAI_DATABASE_URL="",
        PYTHONDONTWRITEBYTECODE="",
    ) as server:
        link, *_ = await links(server, 1)
        await up(f"http://127.0.0.1:{port}")
        is_up = perf_counter() - began
        page = await Page.sign_in(link)
        await page.open()
        await page.say("菜单")
        answered = perf_counter() - began
        await page.close()
        await asyncio.sleep(0.2)
        return is_up, answered, megabytes(server)

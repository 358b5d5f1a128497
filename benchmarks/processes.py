"""Processes of our own: begun, looked at, and ended by their id."""

from __future__ import annotations

import asyncio
import os
import re
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def running(*words: str | Path, **settings: str) -> AsyncIterator[Process]:
    """A process with these settings in its environment; it is asked to end afterwards."""
    process = await asyncio.create_subprocess_exec(
        *words, stdout=PIPE, env={**os.environ, **settings}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def links(process: Process, how_many: int) -> list[str]:
    """The first sign-in links that a server prints."""
    assert process.stdout is not None
    found: list[str] = []
    while len(found) < how_many:
        line = (await process.stdout.readline()).decode()
        if not line:
            raise RuntimeError("the server has ended before it was up")
        found += re.findall(r"http://\S+/in/\S+", line)
    return found


def megabytes(process: Process) -> float:
    """The memory of a process that is resident now."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024

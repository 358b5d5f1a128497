"""Has another process of ours read what somebody sent: what hangs or breaks there ends there."""

from __future__ import annotations

import asyncio
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, cast

STEP: Final = b"step "
"""A line that begins so tells how far a process is."""


async def told_by(module: str, data: bytes, seconds: float, *args: str) -> tuple[bytes, bytes]:
    """Give a module's process the data; returns the first line that it writes, and the rest.

    Both are empty if it ended without a word. Raises `TimeoutError` after so many seconds.
    """
    async with _process(module, *args) as process:
        told, _ = await asyncio.wait_for(process.communicate(data), seconds)
    how, _, what = told.partition(b"\n")
    return how, what


async def told_in_steps(
    module: str, data: bytes, silent: float, step: Callable[[bytes], None]
) -> tuple[bytes, bytes]:
    """As `told_by`; the lines that tell how far it is come first, and each is handed to `step`.

    Raises `TimeoutError` after so many seconds without a word.
    """
    async with _process(module) as process:
        asked, told = cast(StreamWriter, process.stdin), cast(StreamReader, process.stdout)
        asked.write(data)
        asked.close()
        while (line := await asyncio.wait_for(told.readline(), silent)).startswith(STEP):
            step(line.removeprefix(STEP).strip())
        return line.removesuffix(b"\n"), await asyncio.wait_for(told.read(), silent)


@asynccontextmanager
async def _process(module: str, *args: str) -> AsyncIterator[Process]:
    """A module's process; it ends with the block."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *args),
        stdin=pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

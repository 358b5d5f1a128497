"""Has another process of ours read what somebody sent: what hangs or breaks there ends there."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress


async def told_by(module: str, data: bytes, seconds: float, *args: str) -> tuple[bytes, bytes]:
    """Give a module's process the data; returns the first line that it writes, and the rest.

    Both are empty if it ended without a word. Raises `TimeoutError` after so many seconds.
    """
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *args),
        stdin=pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        told, _ = await asyncio.wait_for(process.communicate(data), seconds)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    how, _, what = told.partition(b"\n")
    return how, what

"""Books of sheets that offices send, read in another process."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from jobs import sheet_reader
from services.rostering.book import Book

SECONDS: Final = 60
"""Time limit for reading, in seconds."""


class BookUnread(Exception):
    """A book could not be read; `code` is one of `jobs.sheet_reader`, or `too_hard`."""

    def __init__(self, code: str, gaps: Mapping[str, str | int]) -> None:
        super().__init__(code)
        self.code = code
        self.gaps = gaps


async def read_apart(data: bytes, seconds: float = SECONDS) -> Book:
    """Read a book in another process. Raises `BookUnread`."""
    if len(data) > sheet_reader.MOST_BYTES:
        megabytes = sheet_reader.MOST_BYTES // sheet_reader.MEGABYTE
        raise BookUnread("too_large", {"megabytes": megabytes})
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", sheet_reader.__name__),
        stdin=pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        told, _ = await asyncio.wait_for(process.communicate(data), seconds)
    except TimeoutError:
        raise BookUnread("too_hard", {}) from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    how, _, what = told.partition(b"\n")
    if how == sheet_reader.READ:
        return Book.from_bytes(what)
    if how == sheet_reader.UNREAD:
        why = json.loads(what)
        raise BookUnread(why["code"], why["gaps"])
    raise BookUnread("too_hard", {})

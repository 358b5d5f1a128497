"""Books of sheets that offices send, read in another process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from jobs import sheet_reader
from jobs.apart import told_by
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
    try:
        how, what = await told_by(sheet_reader.__name__, data, seconds)
    except TimeoutError:
        raise BookUnread("too_hard", {}) from None
    if how == sheet_reader.READ:
        return Book.from_bytes(what)
    if how == sheet_reader.UNREAD:
        why = json.loads(what)
        raise BookUnread(why["code"], why["gaps"])
    raise BookUnread("too_hard", {})

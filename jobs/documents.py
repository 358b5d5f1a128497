"""Documents sent by coordinators: fetched, read in another process, kept until published."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

from answers.sections import Document
from bot.inbox import Job, Order
from bot.platforms.contract import DeliveryError, FileTooLarge, Platform
from jobs import reader
from jobs.apart import told_by
from services import documents
from storage.files import FileStore

SECONDS: Final = 90
"""Time limit for reading, in seconds."""


class DocumentUnread(Exception):
    """A document could not be read; `code` is one of `answers.reading`, or `too_hard`."""

    def __init__(self, code: str, gaps: Mapping[str, int]) -> None:
        super().__init__(code)
        self.code = code
        self.gaps = gaps


async def read_apart(data: bytes, name: str, seconds: float = SECONDS) -> Document:
    """Read a document in another process. Raises `DocumentUnread`."""
    try:
        how, what = await told_by(reader.__name__, data, seconds, name)
    except TimeoutError:
        raise DocumentUnread("too_hard", {}) from None
    if how == reader.READ:
        return Document.from_bytes(what)
    if how == reader.UNREAD:
        why = json.loads(what)
        raise DocumentUnread(why["code"], why["gaps"])
    raise DocumentUnread("too_hard", {})


def read_document(platforms: Mapping[str, Platform], store: FileStore, limit: int) -> Job:
    """The job `read_document`: returns a preview and what was kept, or why there is none.

    The text is kept beside the file, so that it is read once and the journal stays short.
    """

    async def read(order: Order) -> dict[str, Any]:
        platform = platforms[order.platform]
        most = min(limit, platform.capabilities.file_limit)
        ref, name, _, size = order.args["file"]
        try:
            if size is not None and size > most:
                raise FileTooLarge
            data = await platform.fetch(ref, most)
            document = await read_apart(data, name)
        except FileTooLarge:
            return {"refused": ["file.too_large", {"megabytes": most // 1024**2}]}
        except DeliveryError:
            return {"refused": ["file.not_fetched", {}]}
        except DocumentUnread as unread:
            return {"refused": [f"document.unreadable.{unread.code}", dict(unread.gaps)]}
        text = document.to_bytes()
        file, kept = await asyncio.to_thread(lambda: (store.keep(data), store.keep(text)))
        return {
            # Housekeeping keeps the files named under `kept`.
            "kept": [{"sha256": file, "size": len(data)}, {"sha256": kept, "size": len(text)}],
            "preview": documents.preview(document).model_dump(),
        }

    return read

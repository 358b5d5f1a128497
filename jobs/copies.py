"""Makes a copy of a person's data: a zip of JSON and files."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.inbox import Job, Order
from services.persons import everything
from storage.database import Database
from storage.files import FileStore


def make_copy(database: Database, store: FileStore) -> Job:
    """The job `make_copy`: returns the copy's hash and size."""

    async def make(order: Order) -> dict[str, Any]:
        person = order.args["person"]
        read = partial(everything, own=order.person_id == person)
        rows, files = await database.run(read, person)
        data = await asyncio.to_thread(archive, rows, files, store)
        return {"sha256": await asyncio.to_thread(store.keep, data), "size": len(data)}

    return make


def archive(rows: Mapping[str, Any], files: Mapping[str, str], store: FileStore) -> bytes:
    """The bytes of the zip; a file that is missing is left out and named."""
    out = io.BytesIO()
    missing = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, sha256 in files.items():
            try:
                zipped.writestr(name, store.read(sha256))
            except FileNotFoundError:
                missing.append(name)
        told = json.dumps({**rows, "missing_files": missing}, ensure_ascii=False, indent=1)
        zipped.writestr("data.json", told)
    return out.getvalue()

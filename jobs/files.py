"""Keeps our own copies of sent files: fetched, checked by their bytes, stored by hash."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.inbox import Job, Order
from bot.platforms.contract import DeliveryError, FileTooLarge, Platform
from storage.files import FileRefused, FileStore, accept


def keep_files(platforms: Mapping[str, Platform], store: FileStore, limit: int) -> Job:
    """The job `keep_files`: returns what was kept, and what was refused and why."""

    async def keep(order: Order) -> dict[str, Any]:
        kept: list[dict[str, Any]] = []
        refused: list[tuple[str, str, dict[str, Any]]] = []
        platform = platforms[order.platform]
        most = min(limit, platform.capabilities.file_limit)
        most_files = order.args.get("most", len(order.args["files"]))
        for ref, name, _, size in order.args["files"]:
            if len(kept) >= most_files:
                refused.append((name, "file.one_too_many", {"most": order.args["of"]}))
                continue
            try:
                if size is not None and size > most:
                    raise FileTooLarge
                data = await platform.fetch(ref, most)
                kept.append(await asyncio.to_thread(_keep, store, data, name))
            except FileTooLarge:
                refused.append((name, "file.too_large", {"megabytes": most // 1024**2}))
            except FileRefused as reason:
                refused.append((name, reason.key, reason.gaps))
            except DeliveryError:
                refused.append((name, "file.not_fetched", {}))
        return {"kept": kept, "refused": refused}

    return keep


def _keep(store: FileStore, data: bytes, name: str) -> dict[str, Any]:
    accepted = accept(data, name)
    return {
        "sha256": store.keep(accepted.data),
        "size": len(accepted.data),
        "media_type": accepted.media_type,
        "name": accepted.name,
    }

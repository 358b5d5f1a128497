"""Photos and files inside a talk, in as many messages as they come in."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any, Final

from bot.talk.conversation import Chat
from bot.talk.inputs import Parts, Pick
from bot.talk.message import Attachment, Choice
from prompts import Text, t
from services.records import Kept

FILES: Final = "files"
"""The root of the steps' names."""
MOST: Final = 9
"""Files in one entry."""


async def keep_files(chat: Chat, had: tuple[Kept, ...], words: Text) -> tuple[Kept, ...]:
    """Ask for files; each is our own copy, by its hash, before the talk goes on."""
    files: list[Kept] = []
    if had:
        both = [Choice("keep", t("files.keep")), Choice("remove", t("files.remove"))]
        asked = t("files.had", names=[kept.name for kept in had])
        if await chat.ask(f"{FILES}/had", Pick(both), asked, counted=False) == "keep":
            files.extend(had)
    for turn in count():
        if len(files) >= MOST:
            break
        kind = Parts(words=False, files_left=MOST - len(files), optional=turn == 0)
        part = await chat.ask(f"{FILES}/{turn}", kind, words, counted=turn == 0)
        if part.done:
            break
        result = await chat.work(f"{FILES}/{turn}/kept", "keep_files", files=_wire(part.files))
        words = _received(result)
        files += [Kept.model_validate(kept) for kept in result.get("kept", ())]
    return tuple(files)


def _wire(files: tuple[Attachment, ...]) -> list[list[Any]]:
    return [[file.ref, file.name, file.media_type, file.size] for file in files]


def _received(result: Mapping[str, Any]) -> Text:
    """What became of the files just sent."""
    if result.get("failed"):
        return t("files.not_fetched")
    refused = [
        t("files.refused", name=name, why=t(key, **args)) for name, key, args in result["refused"]
    ]
    names = [kept["name"] for kept in result["kept"]]
    if not refused:
        return t("files.received", names=names)
    if not names:
        return t("files.none_received", refused=refused)
    return t("files.some_received", names=names, refused=refused)

"""What goes over the web chat's socket, and which part of it is stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from bot.platforms.web.door import StoredFile
from bot.talk.message import Attachment, Incoming, Outgoing
from prompts import Language

FILES_AT_ONCE = 9
"""Files in one message."""

INLINE_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Types that every browser shows as a picture and none runs as a document."""


def _storable(words: str) -> str:
    """Without what a database cannot hold: NUL, and half an emoji that was cut in two."""
    return words.replace("\0", "").encode(errors="replace").decode()


StorableText = Annotated[str, AfterValidator(_storable)]
ShortText = Annotated[StorableText, StringConstraints(max_length=200)]


class Sent(BaseModel):
    """One thing a person did in the chat, named by an id that their browser made up.

    Words, files or both; or the press of a button. `label` is what the person's own bubble shows
    when it differs from what is said: a button's words, a menu entry's description.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}$")]
    text: StorableText = ""
    press: ShortText = ""
    label: ShortText = ""
    on: Annotated[int, Field(ge=0)] | None = None
    """The row of the message whose button was pressed."""
    files: Annotated[tuple[str, ...], Field(max_length=FILES_AT_ONCE)] = ()
    """References of uploads."""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        says_something = bool(self.text.strip() or self.files)
        if bool(self.press) == says_something:
            raise ValueError("a message either says something or presses a button")
        return self


def raw_message(address: str, sent: Sent, files: Sequence[Attachment]) -> str:
    """The update to store for what somebody sent. Nothing in it is secret."""
    body: dict[str, Any] = {"address": address, "id": sent.id}
    if sent.press:
        body["press"] = sent.press
    if sent.text.strip():
        body["text"] = sent.text
    if sent.label:
        body["label"] = sent.label
    if sent.on is not None:
        body["on"] = sent.on
    if files:
        body["files"] = [
            {"ref": f.ref, "name": f.name, "type": f.media_type, "size": f.size} for f in files
        ]
    return json.dumps(body, ensure_ascii=False)


def raw_start(address: str, code: str, language: Language) -> str:
    """The update to store for somebody who came in by an invitation."""
    body = {"address": address, "start": code, "language": language}
    return json.dumps(body, ensure_ascii=False)


def incoming(raw: str) -> Incoming:
    """What a stored update says. Raises `ValueError` or `KeyError` on one that is not ours."""
    body = json.loads(raw)
    return Incoming(
        address=body["address"],
        text=body.get("text"),
        press=body.get("press"),
        # A press with words has a bubble of its own, below the message.
        on="" if body.get("label") else str(body.get("on", "")),
        files=tuple(
            Attachment(f["ref"], f["name"], f["type"], f["size"]) for f in body.get("files", ())
        ),
        start=body.get("start"),
        language=body.get("language"),
    )


def person_line(at: datetime, raw: str) -> dict[str, Any] | None:
    """A person's line as the page shows it; `None` for what has no bubble of its own.

    The press of a card's button has none: the card itself shows what came of it.
    """
    body = json.loads(raw)
    shown = body.get("label") or body.get("text", "")
    files = body.get("files", ())
    if not shown and not files:
        return None
    line: dict[str, Any] = {"id": body["id"], "at": milliseconds(at), "text": shown}
    if "on" in body:
        line.update(on=body["on"], press=body.get("press", ""))
    if files:
        line["files"] = [
            {"url": f"/uploads/{f['ref']}", "name": f["name"], "image": f["type"] in INLINE_IMAGES}
            for f in files
        ]
    return line


def assistant_line(
    row: int, at: datetime, message: Outgoing, files: Sequence[tuple[int, StoredFile]]
) -> dict[str, Any]:
    """The assistant's line as the page shows it, with those of its files that may be seen."""
    line = message.to_json() | {"row": row, "at": milliseconds(at)}
    line["files"] = [
        {"url": f"/files/{number}", "name": file.name, "image": file.media_type in INLINE_IMAGES}
        for number, file in files
    ]
    return line


def milliseconds(at: datetime) -> int:
    """Since 1970, as a browser counts."""
    return int(at.timestamp() * 1000)

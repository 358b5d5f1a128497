"""What people send and what is said to them: nothing here knows a messenger or a programme.

A platform turns its vendor's update into one `Incoming` and puts a rendered `Outgoing` before a
person. Handlers see `Incoming`s as answers, and speak in `Message`s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from prompts import Language, Words, render

# ---------------------------------------------------------------- what comes in


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file somebody sent. `ref` is the platform's own handle, by which its bytes can be had."""

    ref: str
    name: str
    media_type: str
    size: int | None
    """Bytes, where the platform says."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing a person did, whatever the messenger."""

    address: str
    """The platform's name for the chat, and where an answer goes."""
    text: str | None = None
    press: str | None = None
    """The payload of a pressed button, as it was sent."""
    files: tuple[Attachment, ...] = ()
    other: str | None = None
    """Something we cannot read, by its kind: sticker, voice, location, edited, unknown …"""
    start: str | None = None
    """The code a deep link carried."""
    presence: Literal["left", "returned"] | None = None
    """The person blocked the assistant, or let it back in."""
    group: bool = False
    """Not a private chat."""
    sender: str = ""
    """The platform's name for the person, where it differs from the chat (groups)."""
    name: str = ""
    """What the person calls themselves there."""
    language: Language | None = None
    """The language the person's client is set to, where the platform says."""


# ---------------------------------------------------------------- what goes out


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer: pressed, or typed as its number or its words."""

    value: str
    """At most 40 bytes of UTF-8, so that it fits any platform's button with its address."""
    label: Words
    also: tuple[Words, ...] = ()
    """Other words by which it may be typed."""
    decides: bool = False
    """Typed rather than pressed, it is asked once more: it settles somebody's record."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to say. `rows` hold choices; each choice's value is the whole press to send."""

    text: Words
    rows: tuple[tuple[Choice, ...], ...] = ()
    kind: Literal["text", "question", "card"] = "text"
    card: str = ""
    """Messages with one card key are one thing: a later one takes the place of the earlier."""
    files: tuple[int, ...] = ()
    """Stored files to show, by id."""


class Button(NamedTuple):
    label: str
    press: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message in its reader's language, ready for a platform."""

    text: str = ""
    rows: tuple[tuple[Button, ...], ...] = ()
    kind: Literal["text", "question", "card"] = "text"
    card: str = ""
    replace: bool = False
    """Put it where the card's last message is, if the platform can; else send it anew."""
    files: tuple[int, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()
    """With no text: this chat's menu of commands, as (name, description) pairs."""

    def to_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "text": self.text,
            "rows": [[{"label": b.label, "press": b.press} for b in row] for row in self.rows],
            "kind": self.kind,
            "card": self.card,
            "replace": self.replace,
            "files": self.files,
            "commands": self.commands,
        }
        return {name: value for name, value in body.items() if value}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Outgoing:
        rows = tuple(
            tuple(Button(b["label"], b["press"]) for b in row) for row in body.get("rows", ())
        )
        files = tuple(body.get("files", ()))
        commands = tuple((name, words) for name, words in body.get("commands", ()))
        return cls(**{**body, "rows": rows, "files": files, "commands": commands})


def offered(outgoing: Outgoing, message: Message) -> list[list[Any]]:
    """A message's choices as they may be typed: label, press, and what a decision is about."""
    return [
        [button.label, button.press, outgoing.text[:300] if choice.decides else ""]
        for shown, row in zip(outgoing.rows, message.rows, strict=True)
        for button, choice in zip(shown, row, strict=True)
    ]


def put(message: Message, language: Language) -> Outgoing:
    """Render a message in its reader's language."""
    return Outgoing(
        text=render(message.text, language),
        rows=tuple(
            tuple(Button(render(choice.label, language), choice.value) for choice in row)
            for row in message.rows
        ),
        kind=message.kind,
        card=message.card,
        files=message.files,
    )


ACT: Final = "a"
"""Begins the press of an act outside any talk: `a:VERB:ARGUMENTS`."""


def press(verb: str, *args: int | str) -> str:
    """The press of an act. At most 64 bytes, the least that any platform carries."""
    made = ":".join((ACT, verb, *map(str, args)))
    if len(made.encode()) > 64:
        raise ValueError(f"a press of over 64 bytes: {made!r}")
    return made

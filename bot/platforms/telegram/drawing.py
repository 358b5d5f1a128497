"""How a message looks in Telegram: text with bold labels, bars and signs, and a keyboard.

Pure, and of no library: a driver cuts the text, gives each piece its entities, and turns the keys
into its library's buttons. Entities rather than HTML, so that a cut needs no tag closed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Final, Literal, NamedTuple
from urllib.parse import urlencode, urlsplit

from bot.talk.message import (
    Button,
    Outgoing,
    ShownItem,
    ShownLink,
    ShownMeter,
    Tone,
    Weight,
    bar,
    is_card,
    labelled,
    links_text,
    rows_of,
)

Style = Literal["", "primary", "danger", "success"]
"""Telegram's own look of a button; empty for its usual one."""

STYLES: Final[Mapping[Weight, Style]] = {
    "primary": "primary",
    "plain": "",
    "danger": "danger",
    "quiet": "",
}
SIGNS: Final[Mapping[Tone, str]] = {"good": "✅ ", "waiting": "⏳ ", "bad": "❗ ", "neutral": ""}
ROOM: Final = 40
"""Columns of a button's label that fit a phone; a Chinese character takes two."""


Look = Literal["bold", "italic", "pre", "code"]
"""`pre` and `code` are copied by a tap on them."""

MOST_COPIED: Final = 256
"""Characters that a button can copy."""


class Entity(NamedTuple):
    """A stretch of text that looks different. Offset and length count UTF-16 units."""

    type: Look
    offset: int
    length: int


class Key(NamedTuple):
    """A button of the keyboard."""

    label: str
    press: str
    style: Style = ""
    copies: str = ""
    """What it copies, where it presses nothing."""
    opens: str = ""
    """The page that it opens, where it presses nothing."""
    within: bool = False
    """Telegram opens the page within itself and tells it who opened it."""

    @property
    def carries(self) -> bool:
        """Whether we are told that it was pressed."""
        return not (self.copies or self.opens)


class Piece(NamedTuple):
    """The part of a text that fits one Telegram message."""

    text: str
    entities: tuple[Entity, ...] = ()


class Drawn(NamedTuple):
    """A message as Telegram shows it, before it is cut."""

    text: str
    entities: tuple[Entity, ...] = ()
    keyboard: tuple[tuple[Key, ...], ...] = ()

    def shared_among(self, pieces: Sequence[str]) -> tuple[Piece, ...]:
        """The pieces that the text was cut into, each with its own part of the entities.

        What was cut away between two pieces is white space; an entity across a cut goes on in the
        next piece.
        """
        found = []
        at = passed = 0
        for piece in pieces:
            begins = self.text.index(piece, at)
            passed += units(self.text[at:begins])
            end = passed + units(piece)
            shared = tuple(
                Entity(
                    one.type,
                    max(one.offset, passed) - passed,
                    min(one.offset + one.length, end) - max(one.offset, passed),
                )
                for one in self.entities
                if one.offset < end and one.offset + one.length > passed
            )
            found.append(Piece(piece, shared))
            at, passed = begins + len(piece), end
        return tuple(found)


def draw(outgoing: Outgoing) -> Drawn:
    """Draw a message: prose as it is, a card with all that Telegram has for it."""
    if not (is_card(outgoing) or outgoing.draft or outgoing.links):
        return Drawn(outgoing.text, keyboard=_keyboard(outgoing.rows))
    page = _Page()
    page.add(outgoing.title, "bold")
    page.part()
    page.add(outgoing.text)
    page.part()
    for field in outgoing.fields:
        label = labelled(field.label)
        page.add(label.rstrip(), "bold")
        page.add(f"{label[len(label.rstrip()) :]}{SIGNS[field.tone]}")
        page.add(field.value, "code" if field.copied else None)
        page.line()
    page.part()
    for meter in outgoing.meters:
        _meter(page, meter)
    page.part()
    items, lines = _items(outgoing.items)
    page.add("\n".join(lines))
    page.part()
    page.add(outgoing.note)
    page.part()
    page.add(outgoing.clause, "italic")
    page.part()
    page.add(outgoing.draft, "pre")
    page.part()
    page.add(links_text([link for link in outgoing.links if not _is_public(link.url)]))
    links = [_opening(one) for one in outgoing.links if _is_public(one.url)]
    parts = outgoing._replace(items=items, rows=())
    keyboard = (*_keyboard(rows_of(parts)), *links, *_keyboard(outgoing.rows))
    if outgoing.copy and 0 < len(outgoing.draft) <= MOST_COPIED:
        keyboard = ((Key(outgoing.copy, "", copies=outgoing.draft),), *keyboard)
    return Drawn(page.text.rstrip("\n"), tuple(page.entities), keyboard)


def _items(items: Sequence[ShownItem]) -> tuple[tuple[ShownItem, ...], list[str]]:
    """The items as their buttons say them, and the lines that say what no button can.

    Where one is too long for a phone's button, all of them stand in full as numbered lines.
    """
    signed = [_signed(item) for item in items]
    if all(columns(item.words) <= ROOM for item in signed if item.press):
        return tuple(signed), [f"· {item.words}" for item in signed if not item.press]
    numbers = count(1)
    leads = [f"{next(numbers)}." if item.press else "·" for item in items]
    lines = [f"{lead} {item.words}" for lead, item in zip(leads, signed, strict=True)]
    named = zip(leads, items, strict=True)
    return tuple(item._replace(words=f"{lead} {item.words}") for lead, item in named), lines


def columns(words: str) -> int:
    """The approximate width of words in columns; a Chinese character or a sign takes two."""
    return sum(1 if character < "\u1100" else 2 for character in words)


def _signed(item: ShownItem) -> ShownItem:
    """An item with its state added to its words."""
    state = f" · {item.state}" if item.state else ""
    return item._replace(words=f"{SIGNS[item.tone]}{item.words}{state}")


def _meter(page: _Page, meter: ShownMeter) -> None:
    page.add(meter.what, "bold")
    if meter.state:
        page.add(f" {SIGNS[meter.tone]}{meter.state}")
    page.line()
    page.add(" ".join(filter(None, (bar(meter), meter.words))))
    page.line()
    if meter.clause:
        page.add(meter.clause, "italic")
        page.line()


def _keyboard(rows: Sequence[Sequence[Button]]) -> tuple[tuple[Key, ...], ...]:
    return tuple(
        tuple(Key(button.label, button.press, STYLES[button.weight]) for button in row)
        for row in rows
    )


def _opening(link: ShownLink) -> tuple[Key, ...]:
    """What opens a page. One of ours opens within Telegram, signed in; and in the browser, since
    Telegram's own web page opens nothing within itself that has a session."""
    page = Key(link.label, "", opens=link.url)
    parts = urlsplit(link.url)
    if not link.ours or parts.scheme != "https":
        return (page,)
    entry = parts._replace(path=ENTRY, query=urlencode({"to": parts.path})).geturl()
    return (Key(link.label, "", opens=entry, within=True), page._replace(label=f"{link.label} ↗"))


ENTRY: Final = "/from/telegram"
"""Where a page that Telegram opens within itself asks whom it vouches for."""


def _is_public(url: str) -> bool:
    """Whether Telegram takes an address for a button: it refuses a whole message for one that
    names no host of the internet, such as this machine."""
    host = urlsplit(url).hostname or ""
    return url.startswith(("https://", "http://")) and "." in host and not _NUMBERS.fullmatch(host)


_NUMBERS: Final = re.compile(r"[0-9.]+")


class _Page:
    """A text under construction, with its entities."""

    def __init__(self) -> None:
        self.text = ""
        self.entities: list[Entity] = []

    def add(self, words: str, look: Look | None = None) -> None:
        if words and look is not None:
            self.entities.append(Entity(look, units(self.text), units(words)))
        self.text += words

    def line(self) -> None:
        """End the line."""
        self.text += "\n"

    def part(self) -> None:
        """End the paragraph, if anything has been said in it or before it."""
        self.text = self.text.rstrip("\n")
        if self.text:
            self.text += "\n\n"


def units(text: str) -> int:
    """The length of a text for Telegram, in UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)

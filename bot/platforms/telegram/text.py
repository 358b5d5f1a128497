"""How a message is divided: long texts, captions and albums, within Telegram's limits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.platforms.contract import Unsent
from bot.platforms.telegram.drawing import Drawn, Key, Piece, units

TEXT_LIMIT: Final = 4096
"""UTF-16 units."""
CAPTION_LIMIT: Final = 1024
"""UTF-16 units."""
PRESS_LIMIT: Final = 64
"""Bytes of what a button carries."""
ALBUM_LIMIT: Final = 10
PHOTO_LIMIT: Final = 10 * 1024 * 1024

Keyboard = tuple[tuple[Key, ...], ...]
NO_WORDS: Final = Piece("")


# ---------------------------------------------------------------- what is shown, in which order


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    content: bytes
    picture: bool
    """To be shown as a photo, not as a file."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A message of text, with the buttons under it."""

    piece: Piece
    keyboard: Keyboard = ()


@dataclass(frozen=True, slots=True)
class Files:
    """One file, or several as an album; an album has no buttons."""

    files: Sequence[Upload]
    caption: Piece = NO_WORDS
    keyboard: Keyboard = ()


def plan(drawn: Drawn, files: Sequence[Upload], *, stays_text: bool) -> list[Chunk | Files]:
    """What shows a message, in order: files go before the words, or with them as a caption.

    A text too long for one message is cut, and the buttons go under the last piece. What is to be
    edited later stays a text. Raises `Unsent` if Telegram would take no such buttons.
    """
    check_buttons(drawn.keyboard)
    if drawn.keyboard and not drawn.text and len(files) != 1:
        raise Unsent("buttons need a text to stand under")
    albums = _albums(files)
    # An album has no buttons.
    apart = stays_text or (drawn.keyboard and len(files) > 1)
    if len(albums) == 1 and (not drawn.text or (units(drawn.text) <= CAPTION_LIMIT and not apart)):
        return [Files(albums[0], Piece(drawn.text, drawn.entities), drawn.keyboard)]
    *first, last = drawn.shared_among(split(drawn.text, TEXT_LIMIT)) or [NO_WORDS]
    words = [*map(Chunk, first), *([Chunk(last, drawn.keyboard)] if last.text else ())]
    return [*map(Files, albums), *words]


def plain_name(name: str) -> str:
    """A file's name without characters that would end it in a form's header; not every library
    removes them."""
    return re.sub(r'[\x00-\x1f\x7f"\\]', "_", name)


def fits_one_message(text: str) -> bool:
    return units(text) <= TEXT_LIMIT


def check_buttons(keyboard: Keyboard) -> None:
    """Raises `Unsent` if a button carries nothing, or more than Telegram takes."""
    for key in (key for row in keyboard for key in row if key.carries):
        size = len(key.press.encode())
        if not 1 <= size <= PRESS_LIMIT:
            raise Unsent(f"a button carries {size} bytes, not 1 to {PRESS_LIMIT}")


def has_style(keyboard: Keyboard) -> bool:
    return any(key.style for row in keyboard for key in row)


def without_style(keyboard: Keyboard) -> Keyboard:
    """The keyboard without styles, for an older server."""
    return tuple(tuple(key._replace(style="") for key in row) for row in keyboard)


def _albums(files: Sequence[Upload]) -> list[list[Upload]]:
    """Files grouped as they can be sent together: pictures apart from documents, at most ten."""
    alike = [[f for f in files if f.picture], [f for f in files if not f.picture]]
    return [
        kind[start : start + ALBUM_LIMIT]
        for kind in alike
        for start in range(0, len(kind), ALBUM_LIMIT)
    ]


# ---------------------------------------------------------------- long texts


def split(text: str, limit: int) -> list[str]:
    """Cut a text into pieces of at most `limit` UTF-16 units, none of them blank.

    Between paragraphs if that leaves no piece under half full, else between lines, sentences or
    words, else between characters as people see them.
    """
    pieces = []
    while units(text) > limit:
        cut = _cut(text, _fitting(text, limit))
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip("\n")
    return [piece for piece in (*pieces, text) if piece.strip()]


def _fitting(text: str, limit: int) -> int:
    """How many characters of `text`, which is longer, fit in `limit` units."""
    taken = 0
    for at, character in enumerate(text):
        taken += 2 if character > "\uffff" else 1
        if taken > limit:
            return at
    return len(text)


def _cut(text: str, end: int) -> int:
    """The best place to cut at or before `end`, which is not the text's own end."""
    for border in ("\n\n", "\n", "。", " "):
        at = text.rfind(border, end // 2, end)
        if at >= 0:
            return at + len(border)
    cut = end
    while cut > 0 and _holds_together(text, cut):
        cut -= 1
    return cut or end


def _holds_together(text: str, at: int) -> bool:
    """The characters before and after `at` make one that people see: 👩‍🔬, é, 🇨🇳."""
    before, after = text[at - 1], text[at]
    if before == "\u200d" or after == "\u200d" or unicodedata.category(after).startswith("M"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True  # skin tones, and the tags that spell a region's flag
    flags = re.search("[\U0001f1e6-\U0001f1ff]*$", text[max(0, at - 64) : at])
    return "\U0001f1e6" <= after <= "\U0001f1ff" and flags is not None and len(flags[0]) % 2 == 1

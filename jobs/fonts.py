"""The fonts that certificates are set in, and which characters they have.

Typst draws an empty box for a character that no font has, without a word: so it is looked up
before.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

SERIF: Final = "Noto Serif SC"
SANS: Final = "Noto Sans CJK SC"
"""Has nearly every character of a Chinese name; stands in where the other has not."""
_FILES: Final = {
    SERIF: ("pylopdf_fonts_zh_cn", "NotoSerifSC-Regular.otf"),
    SANS: ("noto_cjk_sans_otc", "NotoSansCJK-Regular.ttc"),
}


def folders() -> list[str]:
    """The folders in which the fonts lie."""
    return [str(_path(family).parent) for family in _FILES]


def lacking(words: str) -> str:
    """The characters that no font has, each once."""
    have = _characters(SERIF) | _characters(SANS)
    return "".join(dict.fromkeys(sign for sign in words if ord(sign) not in have))


def families(words: str) -> list[str]:
    """The families in which words are set: one that has them all, so that a name is of one
    piece."""
    whole = _characters(SERIF).issuperset(map(ord, words))
    return [SERIF, SANS] if whole else [SANS, SERIF]


def _path(family: str) -> Path:
    package, name = _FILES[family]
    return Path(str(files(package) / name))


@cache
def _characters(family: str) -> frozenset[int]:
    """The characters that a font file maps to a glyph: its first font's, in a collection."""
    with _path(family).open("rb") as font:
        data = font.read()
    start = 0
    if data[:4] == b"ttcf":
        (start,) = struct.unpack_from(">I", data, 12)
    (tables,) = struct.unpack_from(">H", data, start + 4)
    for number in range(tables):
        tag, _, where, _ = struct.unpack_from(">4sIII", data, start + 12 + 16 * number)
        if tag == b"cmap":
            return frozenset(_mapped(data, where))
    raise ValueError(f"{family} has no character map")


def _mapped(data: bytes, cmap: int) -> Iterator[int]:
    """The characters of a character map's segmented coverage (format 12)."""
    (subtables,) = struct.unpack_from(">H", data, cmap + 2)
    for number in range(subtables):
        _, _, offset = struct.unpack_from(">HHI", data, cmap + 4 + 8 * number)
        form, _, _, _, groups = struct.unpack_from(">HHIII", data, cmap + offset)
        if form == 12:
            for group in range(groups):
                place = cmap + offset + 16 + 12 * group
                first, last, _ = struct.unpack_from(">III", data, place)
                yield from range(first, last + 1)
            return

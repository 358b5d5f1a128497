"""The fonts that certificates are set in, and which characters they have.

Typst draws an empty box for a character that no font has, without a word: so it is looked up
before.
"""

from __future__ import annotations

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
    """The characters that a font has a glyph for: the first font, in a collection."""
    from fontTools.ttLib import TTFont

    with TTFont(_path(family), fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap())

"""Radicals that stand in place of characters.

Fonts give some characters the code of the radical that looks the same, and what is printed to PDF
keeps it: U+2F00 in place of U+4E00. NFKC knows the radicals of Kangxi and two others; the rest is
Unicode's table of equivalent ideographs (EquivalentUnifiedIdeograph.txt).
"""

import unicodedata
from typing import Final

_SUPPLEMENT: Final = (
    "厂乛乚乙亻冂𠘨刀刂卜㔾小小兀尣尢𡯂巳幺彑彐忄心扌攵⺚旡日月歺母民氵氺灬爫爫丬牛犭"
    "王𤴔目示礻𥫗糹纟罓罒㓁冗𦉫羊𦍌𦍋耂肀聿肉𦥑艹艹艹虎衤覀西见角𧢲讠贝𧾷车辶辶辶邑钅"
    "長镸长门𨸏阝雨青韦页风飞食𩙿飠饣𩠐马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟"
)
"""What U+2E81 to U+2EF3 stand for."""

CHARACTERS: Final = {0x2E81 + place: ord(sign) for place, sign in enumerate(_SUPPLEMENT)} | {
    code: ord(unicodedata.normalize("NFKC", chr(code))) for code in range(0x2F00, 0x2FD6)
}
"""The character that each radical stands for, as a table for `str.translate`."""


def without_radicals(text: str) -> str:
    """A text with characters in place of radicals; as long as before."""
    return text.translate(CHARACTERS)

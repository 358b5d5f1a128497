"""How a Chinese name sounds: pinyin without tones, for finding names that only look different."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from language.numerals import fold

_SURNAMES: Final = {
    **{"单": "shan", "仇": "qiu", "解": "xie", "曾": "zeng", "查": "zha", "区": "ou", "任": "ren"},
    **{"朴": "piao", "盖": "ge", "翟": "zhai", "乐": "yue", "缪": "miao", "尉迟": "yu chi"},
    **{"万俟": "mo qi", "澹台": "tan tai", "长孙": "zhang sun", "宿": "su", "燕": "yan"},
    **{"华": "hua", "纪": "ji", "折": "she", "种": "chong", "员": "yun", "黑": "he", "秘": "bi"},
}
"""Surnames that sound otherwise than the same signs elsewhere."""


@lru_cache(maxsize=20_000)
def sound(name: str) -> str:
    """The syllables of a name, with blanks between: 尉迟明 is `yu chi ming`."""
    import pypinyin

    name = "".join(sign for sign in fold(name) if sign.isalnum())
    for surname, read in _SURNAMES.items():
        if name.startswith(surname):
            rest = pypinyin.lazy_pinyin(name[len(surname) :])
            return " ".join([read, *rest]).casefold()
    return " ".join(pypinyin.lazy_pinyin(name)).casefold()


def is_called(name: str, typed: str) -> bool:
    """Whether a name may be meant by what somebody types: a part of it, its sound from any
    syllable on, or the first letters of its syllables; spaces and capitals do not matter."""
    typed = "".join(fold(typed).casefold().split())
    if not typed or typed in "".join(fold(name).casefold().split()):
        return True
    if not (typed.isascii() and typed.isalpha()):
        return False
    syllables = sound(name).split()
    heads = "".join(syllable[0] for syllable in syllables)
    if typed in heads:
        return True
    return any("".join(syllables[at:]).startswith(typed) for at in range(len(syllables)))

"""What people are called besides by their full names: 青姐, 明和哥, 古丽老师, and what a keyboard
makes of a name that sounds the same: 王健国 for 王建国."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from language.pinyin import sound

ELDER = "[哥姐](?![们哥姐弟妹夫])"
"""How older friends are addressed, behind a surname or a given name."""
FAMILIAR = f"(?:[学师][姐兄哥长弟妹]|{ELDER})"
"""The same, and older students, of whom there are many to a surname."""

Calling = tuple[str, int, int]
"""A full name, and where the text has what stands for it."""


def by_given_name(text: str, names: Sequence[str], title: str) -> Iterator[Calling]:
    """By a given name that only one of them has, with a title, or behind a 和 of two signs."""
    for given, name in _alone(names):
        if given in text:
            behind = f"(?:{FAMILIAR}|{title})" if len(given) > 1 else FAMILIAR
            called = rf"{given}{behind}" + (
                rf"|(?:(?<=[和跟与同、])|(?<=还有)|(?<=以及)){given}(?={_GOES_ON})"
                if len(given) > 1
                else ""
            )
            for match in re.finditer(called, text):
                yield name, match.start(), match.end()


def spelled_familiarly(lower: str, names: Sequence[str]) -> Iterator[Calling]:
    """In pinyin, behind with: he qingjie."""
    if not _SPELLED.search(lower):
        return
    for given, name in _alone(names):
        spelled = sound(given).replace(" ", " ?")
        for match in re.finditer(rf"\b(?:he|gen|tong|with) ({spelled} ?(?:jie|ge))\b", lower):
            yield name, match.start(1), match.end(1)


def by_sound(text: str, names: Sequence[str], title: str) -> Iterator[Calling]:
    """Finds a name that differs from a known one in a single character of the same sound and tone.
    For the surname, that is believed only before a title. What fits two people is nobody."""
    found: list[Calling] = []
    for name in names:
        called = name.split("·")[0]
        # A cohort has hundreds of names, and hardly any of them is near to what was said.
        if len(called) < _LONG_ENOUGH or sum(sign not in text for sign in called) > 1:
            continue
        for at, sign in enumerate(called):
            if not (called[:at] in text and called[at + 1 :] in text):
                continue
            before, behind = map(re.escape, (called[:at], called[at + 1 :]))
            needs = f"(?={title})" if at == 0 else ""
            for match in re.finditer(
                f"{before}([一-鿿]){behind}{needs}(?:{title}|{FAMILIAR})?", text
            ):
                other = match[1] != sign and match[0][: len(called)] not in names
                if other and _readings(match[1]) & _readings(sign):
                    found.append((name, match.start(), match.end()))
    for one in found:
        if not any(one[1:] == another[1:] and one[0] != another[0] for another in found):
            yield one


def _alone(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The given names, or parts of them, that only one of the people has."""
    every = [(given, name) for name in names for given in _given(name)]
    shared = Counter(given for given, _ in every)
    begin = Counter(other[:end] for other in set(names) for end in range(1, len(other) + 1))
    for given, name in every:
        # 青姐 may be 李青 or somebody whose surname is 青.
        if shared[given] == 1 and begin[given] == name.startswith(given):
            yield given, name


def _given(name: str) -> set[str]:
    first, dot, _ = name.partition("·")
    if not re.fullmatch("[一-鿿]{2,6}", first):
        return set()
    if dot:
        return {part for at in range(2, len(first) - 1) for part in (first[:at], first[at:])}
    return {first[1:] if len(first) < _LONG_NAME else first[2:]}


@lru_cache(maxsize=4096)
def _readings(sign: str) -> frozenset[str]:
    import pypinyin

    (readings,) = pypinyin.pinyin(sign, style=pypinyin.Style.TONE3, heteronym=True)
    return frozenset(readings)


_LONG_ENOUGH = 3
_LONG_NAME = 4
_GOES_ON = r"$|[^一-鿿]|[在一把去做两俩仨都也等和跟与、]|讨论|[三四五六七八九]个?人|我们"
_SPELLED = re.compile(r"(?:jie|ge)\b")

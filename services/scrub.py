"""Removes names, numbers and addresses from words before other people may read them.

In doubt it removes too much: an office reads what is kept, it may become a way of asking for
everyone, and a question loses little by a gap.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from language.numerals import readable, tidy
from services.private import BIRTH, CLASS, GAP, HEALTH, NAME, PLACE, SCHOOL, without_private

NUMBER: Final = GAP["question.gap.number"]
MAIL: Final = GAP["question.gap.mail"]
GAPS: Final = re.compile(
    f"{NAME}的?|" + "|".join((NUMBER, MAIL, SCHOOL, CLASS, PLACE, BIRTH, HEALTH))
)
"""The placeholders of removed names and numbers."""

_MARKS: Final = "，。？！：；（）、“”"
"""Marks kept as written; everything else is normalised."""
_DOTS: Final = "·•・‧∙.。 "
_TITLES: Final = (
    "老师|同学|导师|教授|老板|学长|学姐|师兄|师姐|主任|校长|院长|研究员|博士|院士|工程师|先生|女士|"
    "班主任|爸爸|妈妈|家长|哥|姐"
)
_COMPOUND: Final = (
    "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|夏侯|司徒|端木|南宫"
)

_MAIL: Final = re.compile(
    r"[a-z0-9][a-z0-9._%+-]*\s*(?:@|\(at\)|\[at\]|#|艾特)\s*[a-z0-9-]+(?:\s*(?:\.|点)\s*[a-z0-9-]+)*",
    re.IGNORECASE,
)
_CALLED: Final = re.compile(
    r"(?P<what>(?:qq|扣扣|企鹅|球球|微信|薇信|威信|wechat|weixin|wx|vx|v信|\+v|加v|telegram|电报|抖音|"
    r"小红书|微博|b站|账号|学号|考号|学籍号|身份证|手机|电话|密码|邀请码)"
    r"[号码]*(?:群|id)?[^\w]*(?:是|为|叫)?[^\w]*)"
    r"(?P<id>[a-z0-9][a-z0-9_-]{4,})",
    re.IGNORECASE,
)
_HANDLE: Final = re.compile(r"wxid_\w+|(?<![\w@])@[a-z0-9_]{3,}", re.IGNORECASE)
_CODE: Final = re.compile(
    r"(?<![a-z0-9])(?:[a-z0-9]{4,}(?:-[a-z0-9]{4,}){2,}|"
    r"(?=[a-z0-9_]*[a-z_])(?=(?:[a-z_]*\d){4})[a-z0-9_]{6,}|[a-z0-9]{20,})(?![a-z0-9])",
    re.IGNORECASE,
)
_DIGIT: Final = "0-9零〇一二三四五六七八九幺两洞拐"  # noqa: RUF001 - a Chinese zero
_RUN: Final = re.compile(
    rf"\+?[0-9](?:[\s\-–—_./()]{{0,2}}[0-9]){{5,}}[xX]?|[{_DIGIT}](?:[\s\-–—.]?[{_DIGIT}]){{6,}}"
)
_DAY: Final = r"(?:19|20)\d\d(?:[-./]\d{1,2}(?:[-./]\d{1,2})?)?|\d{1,2}[-./]\d{1,2}"
_CALENDAR: Final = re.compile(rf"(?:{_DAY})(?:\s?[-–—]{{1,2}}\s?(?:{_DAY}))?")
"""Days, years and spans of them: numbers that identify nobody."""


def scrub(words: str, names: Collection[str]) -> str:
    """The words with placeholders for people's names, also of those not among `names`, for numbers
    and addresses, schools and classes, births and illnesses."""
    return without_private(unnamed(words, names))


def unnamed(words: str, names: Collection[str]) -> str:
    """The words with placeholders for these people's names, and for numbers and addresses."""
    said = readable("".join(s if s in _MARKS else tidy(s) or " " for s in readable(words)))
    said = _MAIL.sub(MAIL, said)
    said = _HANDLE.sub(NUMBER, said)
    said = _CALLED.sub(lambda found: found["what"] + NUMBER, said)
    said = _CODE.sub(NUMBER, said)
    said = _RUN.sub(lambda f: f[0] if _CALENDAR.fullmatch(f[0]) else NUMBER, said)
    for pattern in _patterns(said, names):
        said = pattern.sub(NAME, said)
    return said


def _patterns(said: str, names: Collection[str]) -> Iterator[re.Pattern[str]]:
    """Patterns for how these people may be written: the longest first, so that no part is left."""
    packed = re.sub(rf"[{re.escape(_DOTS)}]", "", said).casefold()
    signs = set(packed)
    # Only names that share a character with the text are tried: there may be thousands.
    whole, called = _forms([name for name in names if not signs.isdisjoint(name.casefold())])
    for name in sorted(whole, key=len, reverse=True):
        if name.casefold() in packed:
            yield _spaced(name)
    # A surname or given name alone counts only with a title or a form of address.
    for name in sorted(called, key=len, reverse=True):
        if name in packed:
            one = re.escape(name)
            yield re.compile(rf"{one}(?=(?:{_TITLES}))|(?:(?<=叫)|(?<=我是)){one}")


def _forms(names: Collection[str]) -> tuple[set[str], set[str]]:
    """Forms that identify a person by themselves, and forms that do so only with a title."""
    whole: set[str] = set()
    called: set[str] = set()
    for one in names:
        name = tidy(one)
        parts = [part for part in re.split(rf"[{re.escape(_DOTS)}]+", name) if part]
        joined = "".join(parts)
        if len(joined) < 2:
            continue
        whole.add(joined)
        if not _han(joined):
            continue
        if len(parts) > 1:
            whole.update(part for part in parts if len(part) > 2)
        elif len(joined) <= 4:
            cut = 2 if joined.startswith(tuple(_COMPOUND.split("|"))) else 1
            called.update((joined[:cut], joined[cut:]))
    return whole, called - {""}


def _spaced(name: str) -> re.Pattern[str]:
    """A name with or without the marks that people put between its characters."""
    between = rf"[{re.escape(_DOTS)}]{{0,2}}"
    written = between.join(map(re.escape, name))
    if not _han(name):
        written = rf"(?<![a-z]){written}(?![a-z])"
    return re.compile(written, re.IGNORECASE)


def _han(text: str) -> bool:
    return all("\u3400" <= sign <= "\u9fff" or ord(sign) > 0xFFFF for sign in text)

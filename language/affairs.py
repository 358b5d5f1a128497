"""What people want to know or do about their own affairs: 我的导师是谁, 全部通过, 记错了怎么改.

Only what is surely meant so is told; questions about what a document says are not. What people
say is in affairs.yaml.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import yaml

from language.grammar import LIMIT, compiled
from language.numerals import fold, readable
from language.templates import Templates, kept

Name = Literal[
    "greet",
    "thank",
    "bye",
    "help",
    "seek_help",
    "asked_for_help",
    "about_me",
    "mentor",
    "teacher",
    "reviewer",
    "reminded",
    "readers",
    "lookers",
    "certificate",
    "plan",
    "presentation",
    "results",
    "stand_in",
    "hand_over",
    "correct_person",
    "next_meeting",
    "own_data",
    "questions",
    "console",
    "let_go",
    "student_leaves",
    "departs",
    "evaluate",
    "due",
    "mend",
    "change",
    "backdate",
    "take_back",
    "bring",
    "how_to_bring",
    "last",
    "progress",
    "waiting",
    "returned",
    "drafts",
    "leave",
    "quiet",
    "child",
    "withdraw_consent",
    "consent",
    "consented",
    "dossier",
    "agree",
    "disagree",
    "students",
    "behind",
    "queue",
    "how_to_review",
    "next",
    "approve",
    "approve_all",
    "return_all",
    "leave_out",
    "urge",
    "begin_session",
    "received",
    "bulletin",
    "receipts",
    "absent",
    "invite",
    "import",
    "issue",
    "certificate_of",
    "certificates_sent",
    "revoke",
    "summary",
    "rehearsal",
    "unreached",
    "undelivered",
    "longest",
    "cohort",
]


COURTESIES: Final = frozenset(("greet", "thank", "bye", "received"))
"""Affairs that concern nothing on record."""


class Affair(NamedTuple):
    """What somebody wants: the affair; the words that name a person or a thing it is about; and,
    for a correction or a bulletin, the words of the new value or of the message."""

    name: Name
    about: str = ""
    to: str = ""
    """The new value or the message, as it was typed, since it is kept."""


def affair_of(text: str) -> Affair | None:
    """What somebody wants of their own affairs, if that is what these words say."""
    if told := bulletin_of(text):
        return told
    if len(text) > _LONGEST:
        return None
    if manners := _MANNERS.get(_AROUND.sub("", fold(readable(text)).casefold())):
        return Affair(manners)
    plain = _bare(text)
    for way in _WAYS:
        if found := way.fits(plain):
            first, end = _span(text, kept(found, "to"))
            return Affair(way.name, kept(found, "about").strip(), text[first:end])
    return None


def is_courtesy(text: str) -> bool:
    """Whether somebody is only polite: 好的谢谢老师, 收到."""
    found = affair_of(text) if len(text) <= _LONGEST_COURTESY else None
    return found is not None and found.name in COURTESIES


def bulletin_of(text: str) -> Affair | None:
    """A bulletin with its words, however many these are. The first clauses say whom it is for, and
    everything that follows is the message."""
    short = len(text) <= _LONGEST
    ends = [mark.start() for mark in _CLAUSE_END.finditer(text, 0, _LONGEST)]
    for end in [*ends, len(text)] if short else ends:
        found = _BULLETIN.fits(_bare(text[:end]))
        if found is None:
            continue
        opens = text[end : end + 1] in _OPENS
        if short and not opens and _BULLETIN.unless and _BULLETIN.unless.search(_bare(text)):
            return None
        begun = kept(found, "to")
        first = _span(text[:end], begun)[0] if begun.strip() else end
        words = text[first:].lstrip(_BETWEEN).rstrip()
        return Affair(_BULLETIN.name, kept(found, "about").strip(), words)
    return None


def _span(text: str, plain: str) -> tuple[int, int]:
    """The start and end of the last place in a text where these words occur; (0, 0) if there is
    none. Both are compared in their folded form, without blanks."""
    places = [
        (place, sign)
        for place, typed in enumerate(text)
        if typed.isprintable()
        for sign in fold(typed).casefold()
        if not sign.isspace()
    ]
    wanted = "".join(sign for sign in plain if sign.isprintable() and not sign.isspace())
    at = "".join(sign for _, sign in places).rfind(wanted) if wanted else -1
    return (0, 0) if at < 0 else (places[at][0], places[at + len(wanted) - 1][0] + 1)


def without_manners(text: str) -> str:
    """Words as a button might say them, without 请, 帮我, 刚才 and the like around them; none
    where something is to be written in somebody's stead, which no button does."""
    if _IN_MY_STEAD.search(text):
        return ""
    plain = _bare(text)
    return _JUST.sub("", plain) or plain


def asks_how(text: str) -> bool:
    """Whether one's state is asked for: 林小雨最近怎么样, 林小雨的进度."""
    return bool(_ASKS_HOW.search(_bare(text)))


def is_about_all(affair: Affair) -> bool:
    """Whether the words are about everybody's days, as an office says it: 下周考试不要提醒."""
    return _OF_ALL.search(affair.about) is not None


_OF_ALL = re.compile("考试|期中|期末|学生|大家|他们|放假|exam")
_LONGEST = 60
_LONGEST_COURTESY = 40
_CLAUSE_END = re.compile(r"[:：,，.。;；!！\n]")
_OPENS = (":", "：", "\n")
"""Behind these words everything is reported, and so may ask whatever it likes."""
_BETWEEN = ":：,，.。;；!！ \t\n\u3000"


def _bare(text: str) -> str:
    """The words without politeness, and without the punctuation around them."""
    plain = fold(readable(text[:LIMIT])).casefold()
    plain = _BEFORE.sub("", plain, count=1)
    return _AFTER.sub("", plain).strip()


class _Way(NamedTuple):
    """An affair, and how it is said."""

    name: Name
    says: re.Pattern[str]
    unless: re.Pattern[str] | None
    needs: re.Pattern[str] | None

    def fits(self, plain: str) -> re.Match[str] | None:
        found = self.says.fullmatch(plain)
        if found is None or (self.unless and self.unless.search(plain)):
            return None
        return found if self.needs is None or self.needs.search(plain) else None


_DATA: Mapping[str, Any] = yaml.safe_load(
    Path(__file__).with_name("affairs.yaml").read_text("utf-8")
)
_TEMPLATES = Templates(_DATA["words"])
_MANNERS: Mapping[str, Name] = {
    words: name
    for name, listed in _DATA["manners"].items()
    for words in listed.strip().replace("\n", "|").split("|")
}
_WAYS = [
    _Way(
        name,
        _TEMPLATES.whole(way["says"]),
        _TEMPLATES.within(way["unless"]) if "unless" in way else None,
        _TEMPLATES.whole(way["needs"]) if "needs" in way else None,
    )
    for name, way in _DATA["affairs"].items()
]
_BULLETIN = next(way for way in _WAYS if way.name == "bulletin")
_ASKS_HOW = _TEMPLATES.within(_DATA["asks_how"])


_JUST = compiled(
    r"\A(?:刚才|刚刚|现在|马上|我想要?|我[要来]|[帮给替]我|帮忙|打开|点一?下?|看一?下|open )+"
    r"|(?:一下|按钮)\Z"
)
_IN_MY_STEAD = compiled("(?:[帮给替]我|帮忙)[写做填交编]")
_OPENING, _FAVOUR, _CLOSING = map(_TEMPLATES.word, ("opening", "favour", "closing"))
_AROUND = compiled(r"\A[\s,.!~]+|[\s,.!?。、~;:…啊呀哦哈]+\Z")
_BEFORE = compiled(rf"\A[\s,.!。、~]*(?:{_OPENING}(?!$|[啊呀吗们])[\s,.!。、~]*)*{_FAVOUR}?\s*")
_AFTER = compiled(rf"(?:[\s,.!?。、~;:…]|{_CLOSING}|\bplease\b)*\Z")

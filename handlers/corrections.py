"""What somebody says is wrong with an entry. Pure.

They say it on the entry's review card (时间不对，是三个小时; 去掉第二张照片), or once it was
handed in (把昨天的实验改成3小时).

Nothing is corrected unless every part of what was said is understood. Words of which only half
fits are no correction, and the entry stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.talk.inputs import Answer, Asked, Corrections, match
from bot.talk.message import Choice
from language.clocks import each_hours
from language.days import Moment, parse_moment
from language.lengths import parse_minutes
from language.names import mentioned, typed_names
from language.numerals import fold, tidy, whole
from language.places import place_of
from prompts import LANGUAGES

Said = dict[str, Answer | None]
"""New answers by step; `None` for a step that is said to be wrong without saying what is right."""


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry that can be corrected: what it says now, and what may be said of it."""

    text: str
    """The step of its words; empty if no single step holds them."""
    adds: str = ""
    """The step to whose words more can be added, and those words."""
    words: str = ""
    day: Moment | None = None
    people: Sequence[str] = ()
    known: Sequence[str] = ()
    """Those whom a name most likely means."""
    places: Sequence[Choice] = ()
    place_words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    kinds: Sequence[Choice] = ()
    files: Sequence[Choice] = ()
    """For each file, by its name, the value of the choice that takes it away."""
    files_step: str = ""
    next_file: int = 0
    """The next free turn of the files' loop."""
    spoken: Callable[[Moment], str] = str
    """A moment as a person would type it."""

    @property
    def is_session(self) -> bool:
        return bool(self.places)


def corrections(form: ShownEntry, words: str, now: datetime) -> Said:
    """What the words say anew of the entry; empty if they say nothing of it, or not clearly."""
    words = words.strip()
    content = _CONTENT.match(words)
    if content:
        rest = (content["rest"] or content["then"]).strip()
        return {form.text: Answer(text=rest)} if form.text and rest else {}
    if form.adds and (more := _MORE.fullmatch(words) or _MORE_ENGLISH.fullmatch(words)):
        return {form.adds: Answer(text=f"{form.words}\n{more['more'].strip()}")}
    if len(words) > _LONGEST:
        return {}
    gone = _taken_away(form, words)
    if gone:
        return gone
    return _Heard(form, now).clauses(words)


def says_wrong(words: str) -> bool:
    """Whether words say plainly that something else is wrong, and are no text of their own."""
    return _SAYS_WRONG.match(words) is not None


def words_corrected(step: str, words: str) -> Corrections:
    """Hears what is to be said instead, or as well, where there are only words to correct. What
    else is said to be wrong stands in them: they are asked for again, to be changed."""
    form = ShownEntry(text=step, adds=step, words=words)

    def hear(said: str, asked: Asked) -> Said:
        told = corrections(form, said, asked.now)
        if told and told.keys() <= {step}:
            return told
        if not says_wrong(said):
            return {}
        new = with_time(words, said)
        return {step: Answer(text=new) if new else None}

    return hear


def with_time(words: str, said: str) -> str:
    """The words with the only time of day in them as it is said to be (时间改成下午三点); empty
    where there is not just one, or only one of the two says which part of the day."""
    change = _NEW_TIME.fullmatch(said)
    old, new = (
        list(each_hours(fold(words))),
        list(each_hours(fold(change["to"]) if change else "")),
    )
    if change is None or len(old) != 1 or len(new) != 1:
        return ""
    alone = not change["to"][: new[0].start].strip() and not change["to"][new[0].end :].strip(
        " 吧了。"
    )
    alike = bool(old[0].hours.part) == bool(new[0].hours.part)
    if not alone or not alike or new[0].hours.start is None:
        return ""
    to = change["to"][new[0].start : new[0].end]
    return words[: old[0].start] + to + words[old[0].end :]


def replacement(form: ShownEntry, about: str, to: str, now: datetime) -> Said:
    """The one field that is to have a new value; `about` may name it. Empty if `to` is no value.

    Without a name the value tells which field is meant.
    """
    label = _LABEL.search(about)
    named = str(label.lastgroup) if label else ""
    if named == "what":
        return {form.text: Answer(text=to)}
    return _Heard(form, now, named).value(to) or _Heard(form, now).value(to)


_NEW_TIME: Final = re.compile(
    r"\s*+(?:请|帮我|把)*+(?:开会)?的?(?:开始)?(?:时间|钟点)(?:不对|错了|有误)?[,，]?\s*+"
    r"(?:应该|改|换|调整?)*+[成为到是:：]*+\s*+(?P<to>\S.*)"
)
_LONGEST: Final = 200
"""The most characters of a correction, besides the words of what was done."""
_CONTENT: Final = re.compile(
    r"\s*+(?:请?把)?(?:活动)?(?:内容|正文)(?:应该|要|请)?(?:(?:改成|改为|换成|写成|是|为)[:：,，]?|[:：])"
    r"(?P<rest>.+)|\s*+(?:change )?(?:the )?(?:content|text)(?: should be| to| is)?\s*:"
    r"(?P<then>.+)",
    re.DOTALL | re.IGNORECASE,
)

_MORE: Final = re.compile(
    r"\s*+(?:请|帮我|麻烦)?(?:把这句)?(?:(?:活动)?(?:内容|正文)里?(?:还要|再)?)?(?:写进去|加进去|写上|加上一句|再加一句|加一句|补充一?[下句点]?)"
    r"\s*+[:：]\s*+(?P<more>\S.*)",
    re.DOTALL,
)
_MORE_ENGLISH: Final = re.compile(
    r"\s*(?:please )?(?:take it|add(?: this)?)\s*:\s*(?P<more>\S.*)", re.I | re.S
)


# ---------------------------------------------------------------- files

_OUT: Final = "去掉|去除|删掉|删去|删除|删了|移除|拿掉|撤掉|不要|remove|delete|drop"
_THING: Final = "照片|图片|附件|文件|图|photos?|pictures?|files?|images?"
_TAKE: Final = re.compile(
    rf"\s*+(?:请|帮我|麻烦|把|please)*+\s*+(?:{_OUT})\s*+(?:the )?(?P<which>[^,，。\s]*+"
    r"(?:\s++[^,，。\s]++)*+)\s*+[。！]?$",
    re.IGNORECASE,
)
_TAKEN: Final = re.compile(
    rf"(?:请|帮我|麻烦|把)*+(?P<which>[^,，。]*?)(?:{_OUT})(?:吧|了|掉|。|！)*+$",
    re.IGNORECASE,
)
_NTH: Final = re.compile(
    rf"第?\s*(?P<nth>[一二三四五六七八九十两0-9]+)\s*[张个份幅]?(?:{_THING})?"
    rf"|(?P<english>first|second|third|fourth|fifth|last|最后)[一]?[张个份]?\s*(?:{_THING})?",
    re.IGNORECASE,
)
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth")
_ALL: Final = re.compile(
    rf"(?:所有|全部|all)(?:的|the)?\s*(?:{_THING})(?:都|全)*|(?:{_THING})(?:都|全都|全)",
    re.IGNORECASE,
)


def _taken_away(form: ShownEntry, words: str) -> Said:
    found = _TAKE.match(words) or _TAKEN.match(words)
    if not found or not form.files:
        return {}
    which = found["which"].strip().removesuffix("吧").removesuffix("了").strip()
    gone = _which_files(form, which)
    if gone is None:
        return {}
    if not gone:
        return {form.files_step: None}
    return {
        f"{form.files_step}/{form.next_file + n}": Answer(press=choice.value)
        for n, choice in enumerate(gone)
    }


def _which_files(form: ShownEntry, which: str) -> Sequence[Choice] | None:
    """The files that are meant; none if it is not said which, `None` if no file is."""
    named = [c for c in form.files if str(c.also[0]) == which or _stem(c) == which]
    if named:
        return named
    if _ALL.fullmatch(which):
        return form.files
    if nth := _NTH.fullmatch(which):
        if nth["nth"]:
            at = (whole(nth["nth"]) or 0) - 1
        elif (english := nth["english"].lower()) in ("last", "最后"):
            at = len(form.files) - 1
        else:
            at = _ORDINALS.index(english)
        return [form.files[at]] if 0 <= at < len(form.files) else []
    if re.fullmatch(rf"(?:这[张个]|那[张个])?(?:{_THING})", which, re.IGNORECASE):
        return form.files if len(form.files) == 1 else []
    return None


def _stem(choice: Choice) -> str:
    return str(choice.also[0]).rpartition(".")[0]


# ---------------------------------------------------------------- fields

_LABELS: Final = {
    "day": "日期|日子|哪天|那天|date|day",
    "length": "时长|用时|多久|多长时间|length|duration",
    "time": "时间|time",
    "place": "地点|方式|地方|在哪里?|场所|place|where",
    "kind": "活动类型|类型|kind|type",
    "people": "参加的人|参与者|人员|人物|和谁|people|who",
    "what": "活动内容|内容|content",
}
_LABEL: Final = re.compile(
    "(?:the )?(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _LABELS.items()) + ")",
    re.IGNORECASE,
)
_WRONG: Final = re.compile(
    r"\s*(?:也|都|全|全都|也都)?(?:是)?"
    r"(?:不对|错了|错|不正确|有误|(?:写|记|填|弄|选)错了?|有问题|(?:is |was )?wrong)"
    r"\s*(?:吧|的|了)?",
    re.IGNORECASE,
)
_NOT_AT_FIRST: Final = "不是[^,，]{1,8}[,，]\\s*(?:而?是|应该是)"
_SAYS_WRONG: Final = re.compile(
    rf"\s*+(?:不对|错了|请|把)*+[,，]?\s*+{_LABEL.pattern}"
    rf"(?:{_WRONG.pattern}|改|应该|不是|is wrong|should be)"
    rf"|\s*+(?:不对|错了)[,，]|\s*+{_NOT_AT_FIRST}",
    re.IGNORECASE,
)
_AND: Final = re.compile(r"[、和跟与及]|\band\b")
_WRONG_AT_LAST: Final = re.compile(rf"{_WRONG.pattern}$", re.IGNORECASE)
_IS: Final = re.compile(
    r"\s*(?:应该|应当|其实|实际上?|要|请|就|都|帮我|而)*"
    r"(?:(?:是|为|改成|改为|改到|换成|写成|变成|填)了?|[:：=]|should be|(?:changed? )?to\b"
    r"|is\b|was\b)?\s*(?:在|于)?",
    re.IGNORECASE,
)
_NOT: Final = re.compile(
    r"不是(?P<no>.+?)(?:[,，]\s*)?(?:而是|应该是|其实是|是|改成)(?P<yes>.+)"
    r"|不是(?P<no_>[^,，]+)[,，]\s*(?P<yes_>[^,，]+)"
)
_NOT_ENGLISH: Final = re.compile(r"not (?P<no>.+?)(?:,| but)\s*(?P<yes>.+)", re.IGNORECASE)
_ALSO_THERE: Final = re.compile(
    r"(?:还有|加上|加个|加|漏了|少写了|少了|and also |also )(?P<more>.+?)(?:也?在|一起|也来了)?"
    r"|(?P<too>.+?)(?:也|都)(?:在场?|来了?|参加了?|去了?|一起)(?:的|了)?"
    r"|(?P<english>.+?) (?:was|were) there too",
    re.IGNORECASE,
)
_TOGETHER: Final = re.compile(r"(?:是|要)?[和跟与](?P<names>.+?)(?:一起|一块儿?)做?[的了]?")
_NOT_THERE: Final = re.compile(
    r"(?:没有|去掉|删掉|删除|不包括|without )(?P<less>.+)"
    r"|(?P<away>.+?)(?:没有?来|没在|不在|没有?参加|没去|缺席|was not there)(?:的|了)?",
    re.IGNORECASE,
)
_POLITE: Final = re.compile(
    r"(?:请|麻烦|谢谢|多谢|不好意思|对不起|抱歉|改一下|please|thanks?|sorry)*", re.IGNORECASE
)
_LEAD: Final = re.compile(
    r"(?:请|麻烦|帮我|帮忙|把|哦|啊|嗯|不对|错了|please |change )+[,，]?\s*", re.I
)
_BETWEEN: Final = re.compile(r"[,，。；;！!\n]+")
_END: Final = re.compile(r"(?:吧|的|了|啊|哦|呢|。)+$")


class _Heard:
    """One saying, clause by clause, or the value of one field."""

    def __init__(self, form: ShownEntry, now: datetime, label: str = "") -> None:
        self._form = form
        self._now = now
        self._said: Said = {}
        self._label = label
        """The field that is spoken of; empty while none was named."""

    def value(self, value: str) -> Said:
        self._value(value, named=True)
        return self._said

    def clauses(self, words: str) -> Said:
        negated = _NOT.fullmatch(words.strip()) or _NOT_ENGLISH.fullmatch(words.strip())
        if negated:
            return self._instead(negated)
        for clause in filter(None, map(str.strip, _BETWEEN.split(words))):
            if not _POLITE.fullmatch(clause) and not self._clause(clause):
                return {}
        return self._said

    def _clause(self, clause: str) -> bool:
        negated = _NOT.fullmatch(clause)
        if negated:
            return bool(self._instead(negated))
        clause = _LEAD.sub("", clause, count=1) if _LEAD.match(clause) else clause
        if not clause:
            return True
        label = _LABEL.match(clause)
        labels = _AND.split(_WRONG_AT_LAST.sub("", clause, count=1))
        if label and len(labels) > 1 and all(map(_LABEL.fullmatch, map(str.strip, labels))):
            return all(map(self._wrong, labels))
        if label:
            self._label = str(label.lastgroup)
            rest = clause[label.end() :]
            if wrong := _WRONG.match(rest):
                rest = rest[wrong.end() :]
                if not rest.strip():
                    return self._open()
            return self._value(_after(_IS, rest), named=True)
        if self._form.is_session and self._people(clause):
            return True
        said = _IS.match(clause)
        led = bool(said and said.group().strip())
        return self._value(_after(_IS, clause) if led else clause, named=bool(self._label) or led)

    def _wrong(self, words: str) -> bool:
        """One of several fields that are said to be wrong."""
        label = _LABEL.fullmatch(words.strip())
        self._label = str(label.lastgroup) if label else ""
        return label is not None and self._open()

    def _open(self) -> bool:
        """A field is wrong; what is right may follow."""
        if self._label == "what":
            if not self._form.text:
                return False
            self._said.setdefault(self._form.text, None)
        elif self._label == "time":
            # The day or the length: what follows tells, else it is the length that is asked.
            self._said.setdefault("length" if self._form.is_session else "day", None)
        elif self._form.is_session or self._label == "day":
            self._said.setdefault(self._label, None)
        else:
            return False
        return True

    def _settle(self, step: str, answer: Answer) -> bool:
        if self._label == "time" and self._said.get("length", answer) is None:
            del self._said["length"]
        self._said[step] = answer
        return True

    def _value(self, value: str, *, named: bool) -> bool:
        value = _END.sub("", value).strip(" :：")
        if not value:
            return named and self._open()
        tries: dict[str, tuple[str, ...]] = {
            "": ("length", "day", "place", "kind"),
            "time": ("length", "day"),
        }
        wanted = tries.get(self._label, (self._label,))
        if self._label and any(self._try(step, value) for step in wanted):
            return True
        return not self._label and any(
            self._try(step, value) for step in (*wanted, *(("people",) if named else ()))
        )

    def _try(self, step: str, value: str) -> bool:
        form = self._form
        if not form.is_session and step != "day":
            return False
        match step:
            case "length":
                # A bare number may choose something else, unless it is the length that is named.
                bare = value.isascii() and value.isdigit() and self._label != "length"
                minutes = None if bare else parse_minutes(value)
                return minutes is not None and self._settle(step, Answer(press=str(minutes)))
            case "day":
                return form.day is not None and self._day(value, form.day)
            case "place":
                key = _chosen(form.places, value) or place_of(fold(value), form.place_words)[0]
                return key is not None and self._settle(step, Answer(press=key))
            case "kind":
                kind = _chosen(form.kinds, value)
                return kind is not None and self._settle(step, Answer(press=kind))
            case "people":
                return self._name(value)
        return False

    def _day(self, value: str, before: Moment) -> bool:
        """A day keeps the time that was said before, and a time the day."""
        at = parse_moment(f"{before.day.isoformat()} {value}", self._now)
        moment = at or parse_moment(value, self._now)
        if moment is None:
            return False
        if moment.start is None and moment.part is None:
            moment = Moment(moment.day, before.start, before.part)
        return self._settle("day", Answer(text=self._form.spoken(moment)))

    # ------------------------------------------------------------ people

    def _names(self, words: str) -> list[str]:
        """The names in words that are nothing but names; those who are known by their full one."""
        known = [*self._form.known, *self._form.people]
        names: list[str] = []
        for typed in typed_names(words, known):
            meant = list(dict.fromkeys(mention.name for mention in mentioned(typed, known)))
            if len(meant) == 1:
                names += meant
            elif 2 <= len(typed) <= 12 and _NAME.fullmatch(typed) and not _NOBODY.search(typed):
                names.append(typed)
            else:
                return []
        return list(dict.fromkeys(names))

    def _name(self, value: str) -> bool:
        """Names; where it is not said that they are, one at least must be known."""
        names = self._names(value)
        known = {*self._form.known, *self._form.people}
        if self._label != "people" and known.isdisjoint(names):
            return False
        return bool(names) and self._settle("people", Answer(text="、".join(names)))

    def _people(self, clause: str) -> bool:
        now = self._said.get("people")
        present = now.text.split("、") if now and now.text else list(self._form.people)
        if more := _ALSO_THERE.fullmatch(clause):
            names = self._names(more["more"] or more["too"] or more["english"])
            both = list(dict.fromkeys([*present, *names]))
            return bool(names) and self._settle("people", Answer(text="、".join(both)))
        if together := _TOGETHER.fullmatch(clause):
            names = self._names(together["names"])
            if not set(present) <= set(names):
                # Instead of those, or beside them?
                self._said["people"] = None
            return bool(names) and (
                "people" in self._said or self._settle("people", Answer(text="、".join(names)))
            )
        if less := _NOT_THERE.fullmatch(clause):
            names = self._names(less["less"] or less["away"])
            left = [name for name in present if name not in names]
            if not names or len(left) == len(present):
                return False
            if not left:
                self._said["people"] = None
                return True
            return self._settle("people", Answer(text="、".join(left)))
        return False

    def _instead(self, negated: re.Match[str]) -> Said:
        """不是线上，是到校: takes what is right; if that is not understood, it is asked for."""
        form = self._form
        no, yes = (one.strip() for one in negated.groups() if one is not None)
        yes = _END.sub("", yes)
        people = [m.name for m in mentioned(no, form.people)]
        if form.is_session and people:
            names = self._names(yes)
            others = [name for name in form.people if name not in people]
            if names:
                self._settle("people", Answer(text="、".join([*others, *names])))
            return self._said
        label = _LABEL.match(yes)
        if not label and not self._value(yes, named=False) and form.is_session:
            if _chosen(form.places, no) or place_of(fold(no), form.place_words)[0]:
                self._said["place"] = None
            elif _chosen(form.kinds, no):
                self._said["kind"] = None
        return self._said


_NAME: Final = re.compile(r"[一-鿿·A-Za-z. ]+")
_NOBODY: Final = re.compile("什么|谁|哪|大家|我们|你们|他们|她们|别人|自己|[要的都吗呢了]")


def _after(pattern: re.Pattern[str], words: str) -> str:
    found = pattern.match(words)
    return words[found.end() :] if found else words


def _chosen(choices: Sequence[Choice], value: str) -> str | None:
    """The choice that the words name in any language, not by its number."""
    for language in LANGUAGES:
        if chosen := match(tidy(value), choices, language, numbered=False):
            return chosen.value
    return None

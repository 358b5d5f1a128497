"""The kinds of question a talk can ask, and how an answer is understood.

A kind offers choices and parses an `Answer`; what it cannot take it refuses with `Unclear`, which
carries the sentence that helps. Parsing is pure: the same answer, given at the same moment, means
the same for ever, so a journal can be replayed. Typing a choice's number or words is as good as
pressing it, in every kind.
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar, Final, Generic, TypeVar

from bot.talk.clock import beijing_day
from bot.talk.message import Attachment, Choice, Field, Incoming
from language.days import Moment, parse_moment
from language.lengths import DAY, each_length, parse_minutes
from language.names import typed_names
from language.numerals import tidy, whole
from language.replies import field_changed
from language.sentence import understand_session
from language.spans import a_year_on
from prompts import BEIJING, LANGUAGES, Brief, Language, Text, Words, render, t

Rows = Sequence[Sequence[Choice]]
T_co = TypeVar("T_co", covariant=True)

TEXT_LIMIT: Final = 4000
"""Characters in one message: the smallest limit among the platforms, less what a card adds."""

UNREADABLE: Final = frozenset(
    (
        *("sticker", "voice", "audio", "video", "video_note", "animation", "live_photo"),
        *("location", "venue", "contact", "poll", "checklist", "dice", "game", "story"),
        *("paid_media", "invoice", "giveaway", "edited", "unknown"),
    )
)
"""What we cannot read and have a sentence for; a platform may know more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said to a question, as it was said."""

    text: str | None = None
    press: str | None = None
    files: tuple[Attachment, ...] = ()
    other: str | None = None

    @classmethod
    def of(cls, incoming: Incoming) -> Answer:
        return cls(incoming.text, None, incoming.files, incoming.other)

    def to_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {}
        if self.text is not None:
            said["text"] = self.text
        if self.press is not None:
            said["press"] = self.press
        if self.files:
            said["files"] = [[f.ref, f.name, f.media_type, f.size] for f in self.files]
        return said

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Answer:
        files = tuple(Attachment(*f) for f in said["files"]) if "files" in said else ()
        return cls(said.get("text"), said.get("press"), files)


@dataclass(frozen=True, slots=True)
class Asked:
    """When, and in which language, a question is shown or its answer was given."""

    now: datetime
    language: Language

    @property
    def today(self) -> date:
        return beijing_day(self.now)


class Unclear(Exception):
    """A question cannot take the answer. Carries the sentence to say."""

    def __init__(self, words: Text) -> None:
        super().__init__(words.key)
        self.words = words


class Kind(ABC, Generic[T_co]):
    """One kind of question."""

    numbered: ClassVar[bool] = True
    """Whether a bare number means the choice in that position."""

    @property
    def takes_files(self) -> bool:
        """Whether files are an answer to it."""
        return False

    @property
    def takes_words(self) -> bool:
        """Whether any words are an answer to it."""
        return True

    @property
    def takes_questions(self) -> bool:
        """Whether words that ask something are an answer to it like any other."""
        return False

    @property
    def takes_courtesies(self) -> bool:
        """Whether words that are only polite may be an answer to it like any other."""
        return True

    def choices(self, asked: Asked) -> Rows:
        """Rows of offered answers, in the order in which they are numbered."""
        return ()

    def begins_with(self) -> str:
        """Words from which the answer may start."""
        return ""

    def shown(self) -> tuple[Field, ...]:
        """The answers so far, if the question is about them; a field may hold a choice."""
        return ()

    @abstractmethod
    def parse(self, answer: Answer, asked: Asked) -> T_co:
        """The value of a settled answer. Raises `Unclear`."""

    def change(self, answer: Answer) -> str | None:
        """The field that a settled answer asks to change, where it is not an answer at all."""
        return None

    def correct(self, answer: Answer, asked: Asked) -> Mapping[str, Answer | None]:
        """What a settled answer says anew of other steps, where it is not an answer at all; `None`
        for a step that it only says to be wrong."""
        return {}

    def renamed(self, answer: Answer) -> tuple[SummaryLine, str] | None:
        """The field that a settled answer names to change it, and what it is to say, if that was
        said, where it is not an answer at all."""
        return None

    def more(self, answer: Answer, asked: Asked) -> Mapping[str, Answer]:
        """What a settled answer says of other steps as well."""
        return {}


def settle(kind: Kind[Any], answer: Answer, asked: Asked) -> Answer:
    """Note in the answer which choice was meant, if one was.

    Done once, before the answer is journalled: a typed "2" must go on meaning what stood second
    when it was typed, even if the choices differ when the journal is replayed.
    """
    if answer.press is not None or answer.text is None or answer.files or answer.other:
        return answer
    choices = [choice for row in kind.choices(asked) for choice in row]
    chosen = match(tidy(answer.text), choices, asked.language, numbered=kind.numbered)
    return Answer(answer.text, chosen.value) if chosen else answer


def said(answer: Answer, limit: int = TEXT_LIMIT) -> str:
    """The answer's words. Raises `Unclear` if there are none or far too many."""
    words = _typed(answer)
    if len(words) > limit:
        raise Unclear(t("answer.too_long", limit=limit, length=len(words)))
    return words


def _typed(answer: Answer) -> str:
    if answer.other is not None:
        kind = answer.other if answer.other in UNREADABLE else "unknown"
        raise Unclear(t(f"answer.other_{kind}"))
    if answer.files:
        raise Unclear(t("answer.no_files_here"))
    words = own_words(answer.text or "")
    if not words:
        raise Unclear(t("answer.empty" if answer.press is None else "answer.choice_gone"))
    return words


def own_words(text: str) -> str:
    """A person's text as it is stored: unchanged, but without invisible characters.

    Control and direction characters could make a name or a diary look like something else.
    """
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if plain.isprintable():
        return plain.strip()
    seen = (c for c in plain if c in "\n\t\u200d" or unicodedata.category(c) not in _UNSEEN)
    return _LOOSE_JOINER.sub("", "".join(seen)).strip()


_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs"})
# After a part of an emoji the joiner holds the next one to it.
_LOOSE_JOINER: Final = re.compile("(?<![\ufe0f\U0001f300-\U0001faff])\u200d")


def match(
    words: str, choices: Sequence[Choice], language: Language, *, numbered: bool = True
) -> Choice | None:
    """The choice that a person typed: by its number, its label, or one of its other words.

    Its label in another language is accepted too, unless it means another choice in theirs.
    """
    if not words or not choices or len(words) > 60:
        return None
    folded = words.casefold()
    number = whole(words) if numbered and folded not in ("a", "an") else None
    if number is not None and 1 <= number <= len(choices):
        return choices[number - 1]
    for tongue in (language, *(other for other in LANGUAGES if other != language)):
        begins: list[Choice] = []
        for choice in choices:
            label = _as_typed(render(choice.label, tongue))
            if folded == label or (" " in label and _closed_up(folded) == _closed_up(label)):
                return choice
            if any(folded == _as_typed(render(also, tongue)) for also in choice.also):
                return choice
            if label.startswith(folded):
                begins.append(choice)
        if len(begins) == 1 and len(folded) > 1:
            return begins[0]
    return None


def _closed_up(words: str) -> str:
    """Without the blanks that stand around names: 请 郭老师 联系我."""
    return words.replace(" ", "")


@lru_cache(maxsize=2048)
def _as_typed(label: str) -> str:
    """A choice's words in the form in which they are compared with typed ones; cached."""
    return tidy(label).casefold()


def not_a_choice(answer: Answer, count: int) -> Unclear:
    """Why an answer is none of the choices, in the most helpful words."""
    if answer.press is not None:
        return Unclear(t("answer.choice_gone"))
    try:
        said(answer)
    except Unclear as unclear:
        return unclear
    if count == 1:
        return Unclear(t("answer.not_the_choice"))
    return Unclear(t("answer.not_a_choice", count=count))


def rows_of(choices: Sequence[Choice], width: int) -> list[list[Choice]]:
    return [list(choices[i : i + width]) for i in range(0, len(choices), width)]


@dataclass(frozen=True, slots=True)
class Pick(Kind[str]):
    """One of a few choices. Value: the choice's value."""

    options: Sequence[Choice]
    width: int = 2

    def choices(self, asked: Asked) -> Rows:
        return rows_of(self.options, self.width)

    def parse(self, answer: Answer, asked: Asked) -> str:
        if any(answer.press == option.value for option in self.options):
            return str(answer.press)
        raise not_a_choice(answer, len(self.options))


@dataclass(frozen=True, slots=True)
class Day(Kind[Moment]):
    """A day, perhaps with a time: pressed for today and yesterday, or typed in any usual way."""

    first: date
    last: date
    """The cycle's days; a day outside it is questioned."""

    def choices(self, asked: Asked) -> Rows:
        return _recent(asked.today, self.first, self.last)

    def parse(self, answer: Answer, asked: Asked) -> Moment:
        words = answer.press or said(answer, 60)
        moment = parse_moment(words, asked.now.astimezone(BEIJING))
        if moment is None:
            raise Unclear(t("answer.not_a_day"))
        if moment.day > asked.today:
            raise Unclear(t("answer.day_to_come", day=moment.day))
        # 3月25日, said on the 18th, is the one to come rather than one before the cycle.
        coming = a_year_on(moment.day)
        told = moment.day >= self.first or str(moment.day.year) in words
        if not told and asked.today < coming <= self.last:
            raise Unclear(t("answer.day_to_come", day=coming))
        if not self.first <= moment.day <= self.last:
            raise Unclear(
                t("answer.outside_cycle", day=moment.day, first=self.first, last=self.last)
            )
        return moment


@dataclass(frozen=True, slots=True)
class NearestDay(Day):
    """A day, past or to come: of those that the words can mean, the one nearest to today."""

    def choices(self, asked: Asked) -> Rows:
        return _ahead(asked.today, self.first, self.last)

    def parse(self, answer: Answer, asked: Asked) -> Moment:
        words = answer.press or said(answer, 60)
        moment = parse_moment(words, asked.now.astimezone(BEIJING))
        if moment is None:
            raise Unclear(t("answer.not_a_day"))
        can_be = [moment.day]
        if str(moment.day.year) not in words:
            can_be.append(a_year_on(moment.day))
        within = [day for day in can_be if self.first <= day <= self.last]
        if not within:
            limits = {"first": self.first, "last": self.last}
            raise Unclear(t("answer.outside_days", day=moment.day, **limits))
        return Moment(min(within, key=lambda day: abs(day - asked.today)))


@lru_cache(maxsize=64)
def _ahead(today: date, first: date, last: date) -> Rows:
    """Today, and the same day one and two weeks on, as far as they are within these days."""
    days = [(today + timedelta(days=7 * weeks), key) for weeks, key in enumerate(_AHEAD)]
    return rows_of(
        [
            Choice(day.isoformat(), t(f"answer.{key}", day=Brief(day)))
            for day, key in days
            if first <= day <= last
        ],
        1,
    )


_AHEAD: Final = ("today", "in_a_week", "in_two_weeks")


SENTENCE: Final = 400
"""Characters of a sentence that answers more than was asked."""

Besides = Callable[[str, Asked], Mapping[str, Answer]]
"""What a sentence says of other steps, by step; empty where it is no such sentence."""


@dataclass(frozen=True, slots=True)
class DayAndLength(Day):
    """A day and how long it took: pressed together, or typed, also the day alone, or in a
    sentence that tells more."""

    step: str = "length"
    """The step that is told the length."""
    usual: Sequence[int] = (60, 120, 180)
    alone: bool = False
    """The length is known, and only the day is asked."""
    besides: Besides | None = None
    """Hears what else a whole sentence says."""
    held: frozenset[str] = frozenset()
    """The steps of which something was said already: that stays."""

    def choices(self, asked: Asked) -> Rows:
        if self.alone:
            return _recent(asked.today, self.first, self.last)
        return _days_and_lengths(asked.today, self.first, self.last, tuple(self.usual))

    def parse(self, answer: Answer, asked: Asked) -> Moment:
        day, minutes = self._apart(answer, asked)
        if minutes is not None:
            Minutes().parse(Answer(press=str(minutes)), asked)
        return Day(self.first, self.last).parse(day, asked)

    def more(self, answer: Answer, asked: Asked) -> Mapping[str, Answer]:
        day, minutes = self._apart(answer, asked)
        told = {} if minutes is None else {self.step: Answer(press=str(minutes))}
        if day is answer or answer.press is not None:
            return told
        besides = self._besides(answer, asked).items()
        return {step: it for step, it in besides if step not in self.held} | told

    def _besides(self, answer: Answer, asked: Asked) -> Mapping[str, Answer]:
        words = own_words(answer.text or "")
        return self.besides(words, asked) if self.besides and words else {}

    def _apart(self, answer: Answer, asked: Asked) -> tuple[Answer, int | None]:
        """An answer about the day alone, and the length that it names beside it."""
        if answer.press is not None:
            day, plus, minutes = answer.press.partition("+")
            return Answer(press=day), int(minutes) if plus and minutes.isdecimal() else None
        words = _typed(answer)
        now = asked.now.astimezone(BEIJING)
        if len(words) > SENTENCE or parse_moment(words, now) is not None:
            return answer, None
        said = understand_session(words, now, people=(), places={}, kinds={})
        if said.moment_said is None:
            return answer, None
        if said.minutes is None and not self._besides(answer, asked):
            return answer, None
        return Answer(text=said.moment_said), said.minutes


@lru_cache(maxsize=64)
def _days_and_lengths(today: date, first: date, last: date, usual: tuple[int, ...]) -> Rows:
    """A row for each of the last days, with the usual lengths."""
    days = [(today - timedelta(days=ago), key) for ago, key in enumerate(_RECENT)]
    return [
        [
            Choice(f"{day.isoformat()}+{minutes}", t(f"answer.{key}_for", length=length(minutes)))
            for minutes in usual
        ]
        for day, key in days
        if first <= day <= last
    ]


_RECENT: Final = ("today", "yesterday", "day_before")


@lru_cache(maxsize=64)
def _recent(today: date, first: date, last: date) -> Rows:
    """The most recent days within the first and the last day."""
    days = [(today - timedelta(days=ago), key) for ago, key in enumerate(_RECENT)]
    return rows_of(
        [
            Choice(day.isoformat(), t(f"answer.{key}", day=Brief(day)))
            for day, key in days
            if first <= day <= last
        ],
        1,
    )


@dataclass(frozen=True, slots=True)
class Minutes(Kind[int]):
    """A length of time, 5 minutes to 12 hours, in minutes."""

    numbered: ClassVar[bool] = False
    usual: Sequence[int] = (60, 90, 120, 180)
    least: int = 5
    most: int = 12 * 60

    def choices(self, asked: Asked) -> Rows:
        return _lengths(tuple(self.usual))

    def parse(self, answer: Answer, asked: Asked) -> int:
        if answer.press is not None and re.fullmatch("[0-9]{1,4}", answer.press):
            minutes: int | None = int(answer.press)
        else:
            minutes = parse_minutes(said(answer, 60))
        if minutes is None:
            too_long = any(one.minutes > DAY for one in each_length(answer.text or ""))
            raise Unclear(t("answer.over_a_day" if too_long else "answer.not_a_length"))
        if not self.least <= minutes <= self.most:
            limits = {"least": length(self.least), "most": length(self.most)}
            raise Unclear(t("answer.length_range", **limits))
        return minutes


@lru_cache(maxsize=64)
def _lengths(usual: tuple[int, ...]) -> Rows:
    return rows_of([Choice(str(n), length(n)) for n in usual], 2)


def length(minutes: int) -> Text:
    """A number of minutes, in words."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return t("answer.minutes", minutes=rest)
    if not rest:
        return t("answer.hours", hours=hours)
    return t("answer.hours_minutes", hours=hours, minutes=rest)


@dataclass(frozen=True, slots=True)
class Free(Kind[str]):
    """Own words, or an offered choice. Returns the words, or the value of the choice."""

    least: int = 1
    most: int = 1000
    options: Sequence[Choice] = ()
    begins: str = ""
    """The words from which the answer may start."""
    questions: bool = False
    """Questions are an answer like any other."""
    courtesies: bool = False
    """So are words that are only polite."""

    @property
    def takes_questions(self) -> bool:
        return self.questions

    @property
    def takes_courtesies(self) -> bool:
        return self.courtesies

    def choices(self, asked: Asked) -> Rows:
        return rows_of(self.options, 2)

    def begins_with(self) -> str:
        return self.begins

    def parse(self, answer: Answer, asked: Asked) -> str:
        if any(answer.press == option.value for option in self.options):
            return str(answer.press)
        words = said(answer, self.most)
        if len(words) < self.least:
            raise Unclear(t("answer.too_short", least=self.least))
        return words


@dataclass(frozen=True, slots=True)
class People(Kind[tuple[str, ...]]):
    """Who took part: one pressed, or names typed. Returns the names, in the order said."""

    known: Mapping[str, str]
    """Those most likely, by a short key that stays theirs."""
    most: int = 8

    @property
    def takes_courtesies(self) -> bool:
        return False

    def choices(self, asked: Asked) -> Rows:
        return rows_of([Choice(key, name) for key, name in self.known.items()], 2)

    def parse(self, answer: Answer, asked: Asked) -> tuple[str, ...]:
        if answer.press is not None and answer.press in self.known:
            return (self.known[answer.press],)
        names = tuple(typed_names(said(answer, 200), list(self.known.values())))
        if not 1 <= len(names) <= self.most or not all(map(_is_name, names)):
            raise Unclear(t("answer.not_names", most=self.most))
        return names


def _is_name(name: str) -> bool:
    return any(map(str.isalpha, name)) and _NO_NAME.search(name) is None


_NO_NAME: Final = re.compile("[?？!！:：]|不对|错了|应该|小时|分钟|什么|怎么|^是")
"""What is said of something else, not who somebody is."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of something told in several messages."""

    text: str = ""
    files: tuple[Attachment, ...] = ()
    done: bool = False
    taken_away: str = ""
    """The value of the choice that takes something away."""


DONE: Final = "done"
SKIP: Final = "skip"


@dataclass(frozen=True, slots=True)
class Parts(Kind[Part]):
    """The next part of something told in several messages and files, or the end of it."""

    words: bool = True
    files_left: int = 9
    optional: bool = False
    """Offer to skip instead of to finish: nothing has been given yet."""
    ended_by: Sequence[str] = ("完成", "好了", "没了", "写完了", "提交", "没有", "done", "finish")
    skipped_by: Sequence[str] = ("跳过", "没有", "不用", "无", "skip", "none", "no")
    needed: bool = False
    """Neither skipping nor finishing is possible yet."""
    held: Sequence[Choice] = ()
    """What was given already, each by the choice that takes it away."""
    captions: str = ""
    """The step that is told the words that come with files, where this one takes no words."""

    @property
    def takes_files(self) -> bool:
        return self.files_left > 0

    @property
    def takes_words(self) -> bool:
        return self.words

    @property
    def takes_courtesies(self) -> bool:
        return False

    def choices(self, asked: Asked) -> Rows:
        taken_away = rows_of(self.held, 2)
        if self.needed:
            return taken_away
        if self.optional:
            end = Choice(SKIP, t("answer.skip"), tuple(self.skipped_by))
        else:
            end = Choice(DONE, t("answer.done"), tuple(self.ended_by), weight="primary")
        return [*taken_away, [end]]

    def parse(self, answer: Answer, asked: Asked) -> Part:
        if answer.press in (DONE, SKIP) and not self.needed:
            return Part(done=True)
        if any(answer.press == choice.value for choice in self.held):
            return Part(taken_away=str(answer.press))
        if answer.files:
            return Part(self._caption(answer), self._taken(answer.files))
        words = _typed(answer)
        if not self.words:
            raise Unclear(t("answer.file_needed" if self.needed else "answer.files_only"))
        return Part(self._short(words))

    def more(self, answer: Answer, asked: Asked) -> Mapping[str, Answer]:
        words = own_words(answer.text or "")
        told = bool(self.captions and answer.files and words and not self.words)
        return {self.captions: Answer(text=words)} if told else {}

    def _taken(self, files: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
        if self.words and not self.files_left:
            raise Unclear(t("answer.files_later"))
        return files

    def _caption(self, answer: Answer) -> str:
        return self._short(own_words(answer.text or "")) if self.words else ""

    def _short(self, words: str) -> str:
        if len(words) > TEXT_LIMIT:
            raise Unclear(t("answer.part_too_long", limit=TEXT_LIMIT, length=len(words)))
        return words


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One line of a review card: what it is, what it says, and the step that asked it; none where
    it cannot be changed."""

    step: str
    label: Words
    shown: Words


EDIT: Final = "edit:"

Corrections = Callable[[str, Asked], Mapping[str, Answer | None]]
"""What words say anew of the entry, by step; empty where they say nothing of it."""


@dataclass(frozen=True, slots=True)
class Summary(Kind[str]):
    """The whole entry before it is sent; each field can be changed. Returns the choice's value."""

    fields: Sequence[SummaryLine]
    ends: Sequence[Choice]
    """How the talk may end, the usual way first."""
    corrections: Corrections | None = None
    """Hears what somebody says to be wrong."""

    def choices(self, asked: Asked) -> Rows:
        changes = [self._edit(field) for field in self.fields if field.step]
        return [list(self.ends), *rows_of(changes, 3)]

    def shown(self) -> tuple[Field, ...]:
        return tuple(
            Field(field.label, field.shown, choice=self._edit(field) if field.step else None)
            for field in self.fields
        )

    def _edit(self, field: SummaryLine) -> Choice:
        return Choice(EDIT + field.step, t("answer.change", field=field.label), (field.label,))

    def parse(self, answer: Answer, asked: Asked) -> str:
        if any(answer.press == end.value for end in self.ends):
            return str(answer.press)
        raise not_a_choice(answer, sum(map(len, self.choices(asked))))

    def change(self, answer: Answer) -> str | None:
        return next(
            (f.step for f in self.fields if f.step and answer.press == EDIT + f.step), None
        )

    def correct(self, answer: Answer, asked: Asked) -> Mapping[str, Answer | None]:
        if self.corrections is None or answer.press is not None or answer.text is None:
            return {}
        return self.corrections(own_words(answer.text), asked)

    def renamed(self, answer: Answer) -> tuple[SummaryLine, str] | None:
        """结果改成合格, 评语不对, 改一下题目."""
        said = field_changed(own_words(answer.text or "")) if answer.press is None else None
        if said is None:
            return None
        label = _as_typed(said.label)
        fields = (field for field in self.fields if field.step)
        named = [
            one
            for one in fields
            if label in [_as_typed(render(one.label, each)) for each in LANGUAGES]
        ]
        return (named[0], said.to) if len(named) == 1 else None

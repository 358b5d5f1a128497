"""One sentence about a session, taken apart: 昨天下午在校和王老师做了两小时双缝实验."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple

from language.belonging import breaks, each, own_days, own_lengths
from language.clocks import PART_SAID, backwards, each_hours, hours_at
from language.days import Moment, SaidDays, each_day, parse_moment
from language.grammar import LIMIT, Span, before, compiled, skip
from language.hours import Time, agree, apart, own_time, tells
from language.lengths import DAY, Length, each_length, of_each, parse_minutes
from language.names import Mention, mentioned, present
from language.numerals import fold, readable
from language.places import place_of
from language.reports import (
    STILL_UP_UNTIL,
    as_meant,
    beginning,
    is_taken_back,
    is_to_come,
    looks_like_plan,
    looks_like_session,
    may_be_session,
)
from language.vocabulary import kind_of

__all__ = [
    "SentenceDoubt",
    "Understood",
    "looks_like_plan",
    "looks_like_session",
    "may_be_session",
    "only_when",
    "understand_session",
]

SentenceDoubt = Literal[
    "no_such_day", "future", "several_days", "which_day", "over_a_day", "backwards"
]


@dataclass(frozen=True, slots=True)
class Understood:
    """What a sentence says; None or empty where it says nothing, or not clearly.

    `moment_said` and `minutes_said` are the person's own words and parse back to the same value.
    A day and an hour that stand apart (昨天做实验 两点到四点) are said as a date and a time; there
    are no words for minutes that are worked out (2点到5点，中间半小时不算).
    `days` are all the days, if it names several, and then `minutes` is the length of each, and
    `hours` is its time of day, as a moment of the first.
    `doubt` is what the person should be told or asked about, and `doubt_said` the words for it.
    """

    what: str
    moment: Moment | None = None
    moment_said: str | None = None
    minutes: int | None = None
    minutes_said: str | None = None
    place: str | None = None
    kind: str | None = None
    people: tuple[str, ...] = ()
    days: tuple[date, ...] = ()
    hours: Moment | None = None
    doubt: SentenceDoubt | None = None
    doubt_said: str | None = None


def only_when(text: str, now: datetime) -> bool:
    """Whether this is a day, a length or both, and nothing else: 昨天2小时."""
    plain = text.strip()
    if plain.isdecimal():
        return False
    if parse_moment(plain, now) is not None or parse_minutes(plain) is not None:
        return True
    said = understand_session(plain, now, people=(), places={}, kinds={})
    if not said.moment_said or not said.minutes_said:
        return False
    left = plain.replace(said.moment_said, "", 1).replace(said.minutes_said, "", 1)
    return not any(map(str.isalnum, left))


def understand_session(
    text: str,
    now: datetime,
    *,
    people: Sequence[str],
    places: Mapping[str, Sequence[str]],
    kinds: Mapping[str, Sequence[str]],
) -> Understood:
    """Take one sentence apart. `places` and `kinds` map a key to its synonyms in any language.

    `people` are full names; 王老师 or Prof. Wang means the only one of that surname, or nobody.
    Two different places or lengths are none: it is for the person to say which. `what` is the
    rest in the person's own words, or the whole sentence if too little is left.
    """
    text = readable(text)
    plain = fold(text[:LIMIT])
    begins = beginning(plain)
    said_so = plain = " " * begins + plain[begins:]
    plain = as_meant(plain, now)
    every = [_still_up(plain, one, now) for one in each_day(plain, now)]
    said = own_days(plain, every)
    # 明天要汇报，今天准备: what is to come is not what was done.
    said = [one for one in said if not is_to_come(one, now)] or said
    days = _days(said)
    named = next((one for one in said if one.moment), None) if len(days) == 1 else None
    said_lengths = list(each_length(plain))
    taken_off = breaks(plain, said_lengths)
    lengths = own_lengths(plain, [one for one in said_lengths if one not in taken_off])
    if together := of_each(plain, said_lengths):
        lengths = [together]
    told = own_time(plain, every, said, said_lengths)
    moment = _at(named.moment, told) if named and named.moment else None
    slips = [Slip(*span) for span in backwards(said_so)]
    doubt = _doubt(plain, said, lengths, now) or (("backwards", slips[0]) if slips else None)
    several = len(days) > 1 and not (doubt and doubt[0] == "which_day")
    length = _length(plain, lengths, several=several)
    minutes = _worked(length, taken_off) if length else None
    if not lengths and not taken_off and not several:
        minutes = told.minutes
    each_time = _of_each_day(plain, days[0], said, told) if len(days) > 1 else None
    if several and not minutes and each_time and each_time.start:
        # 15号到17号晚上七点到八点
        minutes = told.minutes if all(one.clocks and one.exact for one in lengths) else None
    mentions = _meant(plain, present(plain, mentioned(plain, people)))
    place, where = place_of(plain, places)
    kind = kind_of(plain, kinds)
    if told.several or len(days) > 1:
        parts = apart(plain, [*told.begins, *(one.start for one in said)])
        kind = kind if agree(kind_of(part, kinds) for part in parts if tells(part)) else None
        there = [(tells(part), place_of(part, places)[0]) for part in parts]
        if not _FOR_ALL.search(plain) and not agree(at for act, at in there if act or at):
            place, where = None, None
    cuts: list[Span] = [(0, begins), *_blanked(said_so, plain)]
    if not doubt or doubt[0] != "which_day":
        cuts += [
            _grown(plain, _BEFORE_DAY, (day.start, day.end))
            for day in said
            if day.days and not _TELLS_MORE.search(plain, day.start, day.end)
        ]
    if length and not _TELLS_MORE.search(plain, length.start, length.end):
        alike = [one for one in lengths if one.minutes == length.minutes]
        cuts += [_grown(plain, _BEFORE_LENGTH, (one.start, one.end)) for one in alike]
    if not length and minutes and told.span:
        cuts.append(_grown(plain, _BEFORE_LENGTH, told.span))
    cuts += [_grown(plain, _BEFORE_PLACE, where)] if where else []
    cuts += [*_companions(plain, mentions)]
    cuts += [_grown(plain, _BEFORE_LENGTH, (slip.start, slip.end)) for slip in slips]
    return Understood(
        what=_what(text, cuts),
        moment=moment,
        moment_said=_in_words(text, moment, named, now) if moment and named else None,
        minutes=minutes,
        minutes_said=text[length.start : length.end]
        if length and minutes == length.minutes and length is not together
        else None,
        place=place,
        kind=kind,
        people=tuple(dict.fromkeys(mention.name for mention in mentions)),
        days=days if len(days) > 1 else (),
        hours=each_time,
        doubt=doubt[0] if doubt else None,
        doubt_said=text[doubt[1].start : doubt[1].end] if doubt else None,
    )


def _still_up(plain: str, said: SaidDays, now: datetime) -> SaidDays:
    """刚做完 十点到十二点, past midnight, is of the day before."""
    late = now.hour < STILL_UP_UNTIL and plain.startswith("刚", said.start)
    just = late and said.moment and said.moment.day == now.date()
    if not just or not any(
        one.hours.start and one.hours.start > now.time() for one in each_hours(plain)
    ):
        return said
    day = now.date() - timedelta(1)
    return replace(said, moment=Moment(day), days=(day,))


def _at(moment: Moment, told: Time) -> Moment:
    """The day with the time of day, wherever that was said; of several sessions, the day alone."""
    part = told.part if told.several else told.part or moment.part
    other = told.start is not None and moment.start not in (None, told.start)
    if told.several or told.unsure or (other and moment.start not in told.not_begun):
        return Moment(moment.day, None, part)
    start = None if moment.start in told.not_begun else moment.start
    return Moment(moment.day, start or told.start, part)


def _of_each_day(plain: str, first: date, said: Sequence[SaidDays], told: Time) -> Moment | None:
    """The time of day on each of several days: 周一到周三上午; of 周一上午和周三 none is known."""
    if told.several or told.unsure or not told.begins:
        return None
    if len(said) > 1:
        # 昨天下午两小时 今天下午三小时
        alike = {(one.moment.part, one.moment.start) for one in said if one.moment}
        same = len(alike) == 1 and all(one.moment for one in said)
        return Moment(first, told.start, told.part) if same and alike != {(None, None)} else None
    at, end = told.begins[-1], said[0].end
    last = hours_at(plain, at)
    if last is None or (last[1] < end if at < end else not _EACH_TIME.fullmatch(plain, end, at)):
        return None
    return Moment(first, told.start, told.part)


def _in_words(text: str, moment: Moment, named: SaidDays, now: datetime) -> str:
    """The person's own words for the moment, or the moment as a date and time where those stand
    apart."""
    own = text[named.start : named.end]
    if parse_moment(own, now) == moment:
        return own
    part = PART_SAID[moment.part] if moment.part else ""
    clock = f"{moment.start:%H:%M}" if moment.start else ""
    return f"{moment.day} {part}{clock}".rstrip()


def _blanked(before: str, after: str) -> Iterator[Span]:
    """Where something was taken back."""
    start = None
    for at, (was, left) in enumerate(zip(before, after, strict=True)):
        gone = was != " " == left
        if gone and start is None:
            start = at
        elif not gone and was != " " and start is not None:
            yield start, at
            start = None


class Slip(NamedTuple):
    """Hours that end before they begin."""

    start: int
    end: int


def _days(said: Sequence[SaidDays]) -> tuple[date, ...]:
    """All days on which it happened; none if one of them does not exist."""
    if any(not one.days for one in said):
        return ()
    return tuple(sorted({day for one in said for day in one.days}))


def _length(plain: str, lengths: Sequence[Length], *, several: bool) -> Length | None:
    """The one length said, if all agree: it is not for us to add or to choose."""
    if several:
        # 周六日做了3小时 may be all or each.
        lengths = [one for one in lengths if each(plain, one)]
    elif any(_OF_EACH.search(plain, 0, one.start) for one in lengths):
        return None
    if not lengths or not all(one.exact for one in lengths):
        return None
    alike = len({one.minutes for one in lengths}) == 1
    # 下午2点到4点，两小时 says it twice; 实验一小时，讨论一小时 are two.
    twice = len({one.clocks for one in lengths}) == len(lengths)
    return lengths[0] if alike and twice and lengths[0].minutes <= DAY else None


def _worked(length: Length, taken_off: Sequence[Length]) -> int | None:
    """What is left of the hours without the breaks; of 做了3小时，吃饭半小时刨掉 nobody knows
    whether it was in them."""
    if not taken_off:
        return length.minutes
    left = length.minutes - sum(one.minutes for one in taken_off)
    sure = length.clocks and all(one.exact for one in taken_off)
    return left if sure and left > 0 else None


def _doubt(
    plain: str, said: Sequence[SaidDays], lengths: Sequence[Length], now: datetime
) -> tuple[SentenceDoubt, SaidDays | Length] | None:
    """What cannot be, or is more than one session, and the words that say so."""
    for day in said:
        # 29 February, where the last one is years ago.
        long_ago = day.moment and (now.date() - day.moment.day).days > _A_YEAR
        if not day.days or (long_ago and not _WITH_YEAR.search(plain, day.start, day.end)):
            return "no_such_day", day
    for day in said:
        if is_to_come(day, now):
            return "future", day
    for length in lengths:
        if length.minutes > DAY:
            return "over_a_day", length
    if len(_days(said)) < 2:
        return None
    one_of = _WEEKEND.search(plain, said[0].start, said[0].end) and not _BOTH.search(plain)
    return "which_day" if one_of else "several_days", said[0]


def _meant(plain: str, mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions without those that are taken back at once: 和张老师，打错，和李青."""
    meant = [*mentions]
    for wrong, right in pairwise(mentions):
        if wrong.name != right.name and is_taken_back(plain, wrong.end, right.start):
            meant = [one for one in meant if one.name != wrong.name]
    return meant


def _companions(plain: str, mentions: Sequence[Mention]) -> list[Span]:
    """The spans of 和王老师、李明一起, which `people` holds already; 和王老师的学生 stays."""
    spans: list[Span] = []
    groups: list[list[Mention]] = []
    for mention in mentions:
        if groups and _AND.fullmatch(plain, groups[-1][-1].end, mention.start):
            groups[-1].append(mention)
        else:
            groups.append([mention])
    for group in groups:
        start = before(_WITH, plain, group[0].start)
        end = skip(_TOGETHER, plain, group[-1].end)
        if start and not _MORE.match(plain, end):
            spans.append((start.start(), end))
    return spans


def _grown(plain: str, small_words: re.Pattern[str], span: Span) -> Span:
    """The span with the small words around it: 共两小时左右."""
    start = before(small_words, plain, span[0])
    return start.start() if start else span[0], skip(_AFTER_TIME, plain, span[1])


def _without(text: str, spans: Sequence[Span]) -> str:
    """The text with a mark wherever something was left out."""
    pieces, at = [], 0
    for start, end in sorted(spans):
        pieces.append(text[at:start])
        at = max(at, end)
    return _CUT.join((*pieces, text[at:]))


def _what(text: str, cuts: Sequence[Span]) -> str:
    rest = _without(text, cuts)
    for untidy, better in _TIDYING:
        rest = untidy.sub(better, rest)
    rest = rest.rstrip(_PUNCTUATION)
    return text if _TOO_LITTLE.fullmatch(rest) else rest


# 三点半看书看到五点 has what was done among its hours.
_TELLS_MORE = compiled(r"[点半刻\d][^,。;:\d]{3,}到")
_A_YEAR = 366
_WITH_YEAR = compiled(r"\d{4}|年|year")
_WEEKEND = compiled(r"末|\bweekend\b")
# 上周末做了实验 was on one of its days, or on both.
_BOTH = compiled(r"两天|每天|各[做用花学]|都[在做去学]|这两日|\bboth\b|\beach\b")
_FOR_ALL = compiled(r"都(?=[在去是做])|全(?=在)")
# 周一到周三都在实验室，每天下午做
_EACH_TIME = compiled(r"[^,。;!?]*|.*[每各都].*")
_CUT = "\0"
_PUNCTUATION = " ,，。.、;；:：!！"
_TIDYING = (
    (re.compile(r"了\0+的?(?=[一-鿿])|\0+的(?=[一-鿿])|\0"), ""),
    (re.compile(r"[（(]\s*[)）]|[,，。!！\s]谢谢(?:老师|[您你])?(?=[!！。]?$)"), ""),
    (re.compile(r"\s++(?=[,，.。、;；!！])|(?<=[,，、;；。])[\s,，、;；。]++"), ""),
    (
        re.compile(
            rf"^(?:[{_PUNCTUATION}]|不是[,，]?是|(?:活动)?内容[:：]|我们?(?![国校])|的|又|(?:I|we|and)\b)++",
            re.I,
        ),
        "",
    ),
    (re.compile(r"\s\s+"), " "),
)
_TOO_LITTLE = re.compile(
    r"(?:\W|[了的去在和跟我们是有也都就来到做共]|一直|[两这几]天|整天|上?周末|(?:did|was|went|to|a|the)\b)*+",
    re.I,
)
# 两节课，一节45分钟: of each too.
_OF_EACH = compiled(
    r"各(?:做了?|用了?|花了?)? $|[两二三四五六2-6][节堂场次回][^。;]*[,。;]一[节堂场次回] $"
)
_AFTER_TIME = compiled(
    r" (?:左右|上下(?![午课学])|[两三四五六]天都?|都(?=[在去做])|的?时间|\blong\b)?"
)
_BEFORE_PLACE = compiled(r"(?:地点|地方|方式)[是为:]? $")
_BEFORE_DAY = compiled(r"(?:(?:时间|日期)[是为:]? |[在于从]|\b(?:on|at|in|from|since)\b) $")
_BEFORE_LENGTH = compiled(
    r"(?:(?:[在从自由]|时[间长][是为:]?|[总一]?共是?|大?约|[整足]{2}|大概|差不多|历时|耗时|用时|时长|为期|长达|持续了?|[花用]了?|每[天日晚次人]|各|[待呆]了|进行了"
    r"|\b(?:for|from|about|around|took|lasted|spent)\b) )++$"
)
_AND = compiled(r" (?:[、,和跟与及&]|\band\b) ")
_WITH = compiled(r"(?:[和跟与同随]着?|\bwith\b) $")
_TOGETHER = compiled(r" (?:一[起同]|一块儿?|\btogether\b)?")
_MORE = compiled(r"[的、和及与]")

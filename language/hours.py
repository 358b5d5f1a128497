"""The session's own time of day, wherever a sentence says it: 昨天做实验 两点到四点, 七点半开始
九点散的; and whether it tells of more than one session: 上午组会 下午做实验."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import time

from language.activities import ACTIVITY, LEISURE
from language.acts import tells_of_an_act
from language.belonging import of_a_thing
from language.clocks import WORKING, Hours, PartOfDay, each_hours, hours_at
from language.days import SaidDays
from language.grammar import Span, before, compiled
from language.lengths import Length
from language.numerals import HAN


@dataclass(frozen=True, slots=True)
class Time:
    """What a sentence says of the time of day; None where it says nothing, or not surely.

    `minutes` lie between a beginning and an end; `span` is where those stand, if not apart.
    `several`: it tells of several sessions, and each begins to be told at one of `begins`.
    `unsure`: there are more beginnings than one. At the times `not_begun` nothing began: it ended.
    """

    part: PartOfDay | None = None
    start: time | None = None
    minutes: int | None = None
    span: Span | None = None
    several: bool = False
    unsure: bool = False
    not_begun: frozenset[time | None] = frozenset()
    begins: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    hours: Hours
    start: int
    end: int
    clause: Span


def own_time(
    plain: str, said: Sequence[SaidDays], own: Sequence[SaidDays], lengths: Sequence[Length]
) -> Time:
    """The time of day of what was done; of several sessions only what is the same for all."""
    told = [one for one in _each(plain) if _is_own(plain, one, said, own, lengths)]
    if not told:
        return Time()
    # 下午做实验做到晚上八点 is of the afternoon.
    parts = {one.hours.part for one in told if one.hours.part and not _ends(plain, one)}
    begins = tuple(one.start for one in told)
    if len(parts) > 1:
        return Time(several=True, begins=begins)
    part = parts.pop() if parts else None
    read = [_within(plain, one, part) for one in told]
    spans = {(one.hours.start, one.hours.end) for one in read if one.hours.end}
    if len(spans) > 1:
        return Time(part=part, several=True, begins=begins)
    clocks = [one for one in read if one.hours.start and not one.hours.end]
    first = [one for one in clocks if _begins(plain, one)]
    last = [one for one in clocks if one not in first and _ends(plain, one)]
    begun = frozenset(one.hours.start for one in [*first, *(one for one in read if one.hours.end)])
    other = frozenset(one.hours.start for one in clocks if _is_none(plain, one)) - begun
    time = Time(part, begins=begins, not_begun=other)
    if len(begun) > 1:
        return replace(time, unsure=True)
    if spans:
        own_end = next(one for one in read if one.hours.end)
        return replace(
            time,
            start=own_end.hours.start if _sure(plain, own_end) else None,
            minutes=_lasting(own_end.hours),
            span=(own_end.start, own_end.end),
        )
    if not begun:
        return time
    began = first[0]
    minutes = None
    # 五点结束的，三点开始: the one end may be told before.
    if last and (last[-1].start > began.end or len(last) == 1):
        minutes = _until(began, last[-1], plain)
    return replace(time, start=began.hours.start if _sure(plain, began) else None, minutes=minutes)


def apart(plain: str, begins: Sequence[int]) -> list[str]:
    """What is told of each of several sessions that begin there."""
    starts = sorted({*begins})
    return [plain[start:end] for start, end in zip(starts, [*starts[1:], len(plain)], strict=True)]


def tells(piece: str) -> bool:
    """Whether something is done there."""
    return bool(_ACTIVITY.search(piece)) or tells_of_an_act(piece)


def agree(values: Iterable[str | None]) -> bool:
    """Whether all are the same."""
    return len({*values}) < _SEVERAL


def _each(plain: str) -> Iterator[_Said]:
    for one in each_hours(plain):
        yield _Said(one.hours, one.start, one.end, _clause(plain, one.start, one.end))


def _clause(plain: str, start: int, end: int) -> Span:
    begin = max(plain.rfind(mark, 0, start) for mark in _MARKS) + 1
    ends = (plain.find(mark, end) for mark in _MARKS)
    return begin, min((at for at in ends if at >= 0), default=len(plain))


def _is_own(
    plain: str,
    one: _Said,
    said: Sequence[SaidDays],
    own: Sequence[SaidDays],
    lengths: Sequence[Length],
) -> bool:
    if plain.rfind("《", 0, one.start) > plain.rfind("》", 0, one.start):
        return False
    if any(day.start <= one.start < day.end for day in own if not day.loose):
        return True
    if any(day.start <= one.start < day.end for day in said if not day.loose and day not in own):
        return False
    if any(it.start <= one.start < it.end and not it.clocks for it in lengths):
        return False
    if one.hours.start is None and (_GREETS.match(plain, one.end) or of_a_thing(plain, one.end)):
        return False
    clause = plain[one.clause[0] : one.clause[1]]
    if _OTHER_THINGS.search(clause):
        return False
    acts = _ACTIVITY.search(clause) or tells_of_an_act(clause)
    if _LEISURE.search(clause) and not acts:
        return False
    # 下午在实验室做实验，晚上回家: the evening is another thing.
    alone = not clause.strip() or one.end - one.start >= len(clause.strip()) - 3
    return bool(
        one.hours.start
        or acts
        or alone
        or _COUNTED.match(plain, one.end)
        or before(_ALL, plain, one.start)
        or (before(_I, plain, one.start) and _DID.match(plain, one.end))
        or _first(own, one)
    )


def _first(own: Sequence[SaidDays], one: _Said) -> bool:
    """Whether it stands in the clause of the day."""
    return any(one.clause[0] <= day.start < one.clause[1] for day in own if not day.loose)


def _within(plain: str, one: _Said, part: PartOfDay | None) -> _Said:
    """The same, read with the part of the day that stands elsewhere."""
    if part is None or one.hours.part:
        return one
    hours, end = hours_at(plain, one.start, part) or (None, one.end)
    return _Said(hours, one.start, end, one.clause) if hours else one


def _ends(plain: str, one: _Said) -> bool:
    return bool(before(_UNTIL, plain, one.start) or _ENDED.match(plain, one.end))


def _begins(plain: str, one: _Said) -> bool:
    """Whether one time is surely a beginning."""
    return not _is_none(plain, one) and bool(_BEGAN.match(plain, one.end))


def _is_none(plain: str, one: _Said) -> bool:
    """Whether one time is surely no beginning."""
    return bool(
        _ends(plain, one) or _ELSE.match(plain, one.end) or before(_NOT_BEGAN, plain, one.start)
    )


def _sure(plain: str, one: _Said) -> bool:
    """Whether it is clear which half of the day is meant: 七点到九点 may be of either, and nobody
    begins in the small hours."""
    start, end = one.hours.start, one.hours.end
    if start is None:
        return False
    if one.hours.part:
        return start.hour >= _EARLIEST or bool(_SMALL_HOURS.match(plain, one.start))
    written = _WRITTEN.match(plain, one.start)
    early = _EARLIEST < start.hour < _LATE_MORNING
    return bool(written) or not early or (end is not None and end.hour >= _LATE_MORNING)


def _until(began: _Said, ended: _Said, plain: str) -> int | None:
    part = ended.hours.part or began.hours.part
    again = hours_at(plain, ended.start, part) if part else None
    until = again[0].start if again and again[0] else ended.hours.start
    start = began.hours.start
    if start is None or until is None or before(_ROUGH, plain, ended.start):
        return None
    if until <= start and not ended.hours.part and until.hour <= _NOON <= start.hour:
        # 从九点做到十二点, in the evening
        until = until.replace(hour=(until.hour + _NOON) % _DAY)
    minutes = _between(start, until)
    return minutes if 0 < minutes <= _LONGEST else None


def _lasting(hours: Hours) -> int | None:
    return _between(hours.start, hours.end) if hours.start and hours.end else None


def _between(start: time, until: time) -> int:
    return (60 * (until.hour - start.hour) + until.minute - start.minute) % (24 * 60)


_SEVERAL = 2
_MARKS = ",。;!? "
_EARLIEST = 5
_LATE_MORNING = 11
_NOON = 12
_DAY = 24
_LONGEST = 12 * 60
_ACTIVITY = compiled(ACTIVITY)
_LEISURE = compiled(LEISURE)
_GREETS = compiled("好|安")
# When somebody came to write it down, or what did not take place.
_OTHER_THINGS = compiled(
    r"补[记录登写交报打填]|登记|打卡|没[来去有成上赶到]|没[^,。;\s]{1,2}成|取消|才想起|想起来|记起来"
    r"|忘[了记]|放学(?!以?后)|闹钟|出门|到家|回家|睡|起床"
)
_COUNTED = compiled(r" [一两二三\d] [个场次节篇]")
_ALL = compiled(r"[一整]个?$")
# 模型训练了12个小时 我上午看了一小时结果
_I = compiled(r"(?:\A|[,。;!?\s])我们? $")
_DID = compiled(r" [^,。;\s]{0,6}?[一-鿿][了完过]")
_NEARLY = "(?:快|将近|接近|差不多)"
_ROUGH = compiled(f"{_NEARLY} $")
_UNTIL = compiled(
    rf"(?:(?:{WORKING}|[等拖])了?|一直|直)?到了?{_NEARLY}? $|才 $"
    r"|(?:结束|收工|离开)的?时间[是为:]? $"
)
_ENDED = compiled(
    r" (?:左右|多|整|钟|才|就|准时|那会儿?)*"
    r"(?:结束|散|收[工摊尾]|走(?![进到去过])|做?完|离开|出来|出[去门]|下课|回[家来去]|撤|关门|放学|解散"
    r"|停)"
)
_ELSE = compiled(
    r" (?:左右|多|就|才)*"
    r"(?:到家|起床|起来|醒|出门|出发|睡|吃|回家|放学(?!以?后))"
)
_BEGAN = compiled(
    r"(?=[,。;!\s]|$)| (?:左右|多|就|才|整|钟|我们?)*(?:$|[,。;!]|开始|开[的会组]|起(?![床来])"
    r"|[到来去]的|[来去]了|才?到(?=[ ,。;]|$)|进|入场|的时候|的?[和跟与同在去]|上[的课线]"
    rf"|{ACTIVITY}|[一-鿿]{{1,3}}[带教给])"
)
_NOT_BEGAN = compiled(r"(?:[到至前]|不到|过了|截止|之前|约了?[一-鿿]{0,4}|说好?|定) $")
_SMALL_HOURS = compiled("凌晨|[今昨前]?[天日]?(?:凌晨|一早|清早)")
_WRITTEN = compiled(rf"(?:{HAN}*|\d\d?):\d\d|\d\d:")

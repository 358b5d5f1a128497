"""One sentence about a session, taken apart: 昨天下午在校和王老师做了两小时双缝实验."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from language.days import Moment, find_moment
from language.grammar import LIMIT, before, compiled, skip
from language.lengths import each_minutes
from language.names import Mention, mentioned
from language.numerals import fold, readable

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Understood:
    """What a sentence says; None or empty where it says nothing, or not clearly.

    `moment_said` and `minutes_said` are the person's own words, and parse back to the same value.
    """

    what: str
    moment: Moment | None = None
    moment_said: str | None = None
    minutes: int | None = None
    minutes_said: str | None = None
    place: str | None = None
    kind: str | None = None
    people: tuple[str, ...] = ()


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
    found = find_moment(plain, now)
    lengths = _lengths(plain)
    mentions = mentioned(plain, people)
    place, where = _place(plain, places)
    cuts = [_grown(plain, _BEFORE_DAY, found[1])] if found else []
    cuts += [_grown(plain, _BEFORE_LENGTH, span) for _, span in lengths]
    cuts += [*([where] if where else []), *_companions(plain, mentions)]
    return Understood(
        what=_what(text, cuts),
        moment=found[0] if found else None,
        moment_said=text[slice(*found[1])] if found else None,
        minutes=lengths[0][0] if lengths else None,
        minutes_said=text[slice(*lengths[0][1])] if lengths else None,
        place=place,
        kind=_kind(plain, kinds),
        people=tuple(dict.fromkeys(mention.name for mention in mentions)),
    )


def looks_like_session(text: str) -> bool:
    """Whether this reports something done: a day or a length, and an activity; not a question,
    a plan, or talk about the records themselves.
    """
    plain = fold(readable(text)[:LIMIT])
    if _NOT_DONE.search(plain):
        return False
    found = find_moment(plain, _ANY_TIME)
    if found and found[0].day > _ANY_TIME.date():
        return False
    lengths = _lengths(plain)
    if not lengths and (not found or _CHATTER.search(plain)):
        return False
    times = [span for _, span in (*([found] if found else []), *lengths)]
    return bool(_ACTIVITY.search(_without(plain, times)))


# For `looks_like_session` 明天 is a plan at any time and a date with a year never is, so the
# present it takes lies far ahead; on a leap day, so that 29 February is a date.
_ANY_TIME = datetime(8996, 2, 29, 23, 59, tzinfo=UTC)

_ACTIVITY = compiled(
    r"做(?![梦饭])|实验(?![室楼]|中学|学校|小学)|讲座|报告会|讨论|研讨|交流|参观|学习|学[了会]"
    r"|上.{0,6}课|听(?![说见到话懂不歌])|读|文献|论文|写|[组开例]会|开组|汇报|答辩|调研|考察"
    r"|观[测察]|采[样集]|测[量试]|编程|代码|调试|建模|仿真|计算|推导|分析|整理|设计|搭建|制作"
    r"|组装|拆装|焊接|解剖|提取|合成|培[养训]|训练|练习|实[习践]|[指辅]导|课题|参[加与]|旁听"
    r"|拜访|见面|面谈|访谈|沙龙|竞赛|演示|讲解|答疑|查资料|记录了|养[了细]|电泳|\bPCR\b"
    r"|\b(?:did|done|made|built|wrote|read|attend(?:ed)?|visit(?:ed)?|discuss(?:ed|ion)?"
    r"|stud(?:y|ied)|learn(?:ed|t)|listen(?:ed)?|measured|work(?:ed)?|met|practi[sc]ed"
    r"|analy[sz]ed|observed|coded|experiments?|lecture|seminar|workshop|meeting|training)\b"
)
_NOT_DONE = compiled(
    # questions; 讨论了如何处理数据 is none
    r"\?|吗|来着|什么时|咋|哪(?!怕)|多[少久长]|是否|是不是|[能可][不否]|要不要|有没有|谁|请问"
    r"|第几|[差要满]几|几[次点号篇]|呢[,。! ]*$"
    r"|^(?!.*(?:讨论|研究|探[究讨]|学[习了]|讲|了解|交流|分析).*(?:怎|如何|为何|什么).[一-鿿]{2})"
    r".*(?:怎|如何|为何|什么)"
    r"|^(?:what|when|where|who|why|how|which|can|could|do|does|is|are|should|will|would|may)\b"
    # refusals
    r"|没有?[去做来参上听能写交]|不[去想能用做来]|取消|请假|改期|推迟"
    r"|\b(?:not|never|cannot)\b|n['’]t\b"
    # plans and wishes
    r"|打算|[准计][备划][去做参]|想[去做要参问]|(?<![主重需必])要[去做参交上听和跟开]"
    r"|将[要会于在举]|会[去有举]|应该|必须|得去|记得|提醒|别忘|帮我|麻烦|希望|申请|报名"
    r"|\b(?:please|remind|will|should|must|plan)\b|\b(?:going|want|need)_to\b"
    # the records and their handling
    r"|日[志记]|提交|审[核批]|驳回|退回|撤回|删[除掉]|补[交写录]|每[次周月年学][^,。]*[次时天]"
    r"|\b(?:diary|submit|submitted|approved?|deadline|certificate)\b"
)
# With a length even these are a report: 学习了安全规定，1小时.
_CHATTER = compiled(
    r"谢谢|感谢|累|困|迟到|晚点|抱歉|不好意思|哈哈|加油|快乐|天气|作业|收到|来不了|发[你您给群我]"
    r"|截止|证书|合格|规定|\bthank"
)


def _lengths(plain: str) -> list[tuple[int, Span]]:
    """The lengths named, if they agree; lengths are never added up or chosen between."""
    lengths = list(each_minutes(plain))
    return lengths if len({minutes for minutes, _ in lengths}) == 1 else []


def _named(plain: str, vocabulary: Mapping[str, Sequence[str]]) -> list[tuple[int, int, str]]:
    """Every synonym's start, end and key, overlapping ones too (在校 and 校内 in 在校内)."""
    words = {
        fold(word).lower(): key for key, group in vocabulary.items() for word in group if word
    }
    longest_first = "|".join(map(re.escape, sorted(words, key=len, reverse=True))) or "(?!)"
    pattern = re.compile(rf"(?<![a-z])(?=({longest_first})(?![a-z]))", re.IGNORECASE | re.ASCII)
    return [
        (match.start(), match.end(1), words[match[1].lower()]) for match in pattern.finditer(plain)
    ]


def _kind(plain: str, kinds: Mapping[str, Sequence[str]]) -> str | None:
    """The kind that the longest synonym names, if it is one kind; 实验室 is no 实验."""
    named = [row for row in _named(plain, kinds) if not _ROOM.match(plain, row[1])]
    longest = max((end - start for start, end, _ in named), default=0)
    keys = {key for start, end, key in named if end - start == longest}
    return keys.pop() if len(keys) == 1 else None


def _place(plain: str, places: Mapping[str, Sequence[str]]) -> tuple[str | None, Span | None]:
    """The one place that somebody is at or goes to, and the span to leave out of `what`.

    在学校实验室 is the last thing named, and stays in the text, as 学校 tells more than the place.
    """
    named = [row for row in _named(plain, places) if not _COMPOUND.match(plain, row[1])]
    stops = [*(match.start() for match in _NO_PLACE.finditer(plain)), len(plain)]
    found: dict[str, Span | None] = {}
    for at in _AT.finditer(plain):
        stop = next(stop for stop in stops if stop >= at.end())
        here = [row for row in named if at.start() <= row[0] and row[1] <= stop]
        if here:
            start, end, key = max(here, key=lambda row: row[1])
            plainly = start <= at.end() and not plain.startswith("的", end)
            found[key] = (at.start(), end) if plainly else None
    if not found:
        found = {key: None for _, end, key in named if _ALONE.match(plain, end)}
    return next(iter(found.items())) if len(found) == 1 else (None, None)


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


_CUT = "\0"
_PUNCTUATION = " ,，。.、;；:：!！"
_TIDYING = (
    (re.compile(r"了\0+的?(?=[一-鿿])|\0+的(?=[一-鿿])|\0"), ""),
    (re.compile(r"[（(]\s*[)）]"), ""),
    (re.compile(r"\s++(?=[,，.。、;；!！])|(?<=[,，、;；。])[\s,，、;；。]++"), ""),
    (re.compile(rf"^(?:[{_PUNCTUATION}]|我们?(?![国校])|的|又|(?:I|we|and)\b)++", re.I), ""),
    (re.compile(r"\s\s+"), " "),
)
_TOO_LITTLE = re.compile(
    r"(?:\W|[了的去在和跟我们是有也都就来到做共]|(?:did|was|went|to|a|the)\b)*+", re.I
)
_AFTER_TIME = compiled(r" (?:左右|的?时间|\blong\b)?")
_BEFORE_DAY = compiled(r"(?:[在于从]|\b(?:on|at|in|from|since)\b) $")
_BEFORE_LENGTH = compiled(
    r"(?:(?:[总一]?共|大?约|大概|差不多|历时|耗时|用时|时长|为期|长达|持续了?|[花用待呆]了|进行了"
    r"|\b(?:for|about|around|took|lasted|spent)\b) )++$"
)
_AND = compiled(r" (?:[、,和跟与及&]|\band\b) ")
_WITH = compiled(r"(?:[和跟与同随]着?|\bwith\b) $")
_TOGETHER = compiled(r" (?:一[起同]|一块儿?|\btogether\b)?")
_MORE = compiled(r"[的、和及与]")
_AT = compiled(
    r"(?<![正现存实所内])在|(?<!过)去(?!年)|(?<![看学听想谈提得收达感做找直遇碰见])到"
    r"|(?<![原后本以起将])来|回|\b(?:at|in|on|to|from|via)_(?:(?:the|my|our)_)?"
)
_NO_PLACE = compiled(rf"[,。;!、(和跟与同]|{_ACTIVITY.pattern}|\b(?:with|for|and)\b")
_ALONE = compiled(rf" (?:$|[,。;!、和跟与同]|{_ACTIVITY.pattern}|\b(?:with|for)\b)")
_ROOM = compiled("[室楼馆]")
_COMPOUND = compiled(r"物理|数学|化学|生|英语|语文|城|路|(?<=学)[到会习]")

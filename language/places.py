"""Where something was done: the one place that a sentence says somebody was at or went to."""

from collections.abc import Mapping, Sequence

from language.activities import ACTIVITY
from language.grammar import Span, any_of, before, compiled, skip
from language.numerals import HAN
from language.vocabulary import Word, named


def place_of(plain: str, places: Mapping[str, Sequence[str]]) -> tuple[str | None, Span | None]:
    """The place, and the words to leave out of the text with it.

    在学校实验室 is the last thing named, and stays in the text, as 学校 tells more than the place.
    讨论去科技馆的路线 is at no place. Two different places are none.
    """
    words = [
        word
        for word in named(plain, places)
        if not (_COMPOUND.match(plain, word.end) or before(_WAS_NOT_AT, plain, word.start))
    ]
    stops = [*(match.start() for match in _NO_PLACE.finditer(plain)), len(plain)]
    found: dict[str, Span | None] = {}
    for at in _AT.finditer(plain):
        stop = next(stop for stop in stops if stop >= at.end())
        here = [word for word in words if at.start() <= word.start and word.end <= stop]
        if here and not _talked_about(plain, at.start()):
            word = _decisive(plain, here)
            if _ANOTHERS.search(plain, at.end(), word.end):
                return None, None
            plainly = word.start <= at.end() and not plain.startswith("的", word.end)
            found[word.key] = (at.start(), skip(_WITHIN, plain, word.end)) if plainly else None
    if not found:
        found = {
            word.key: _alone_in_clause(plain, word)
            for word in words
            if (_ALONE.match(plain, word.end) or _apart(plain, word) or _called(plain, word))
            and not _talked_about(plain, word.start)
        }
    return next(iter(found.items())) if len(found) == 1 else (None, None)


def _decisive(plain: str, words: Sequence[Word]) -> Word:
    """The last one, but what is outside stays so: 校外的实验室, 学校旁边的图书馆."""
    outside = {word.key for word in words if _OUTSIDE.search(plain, word.start, word.end)}
    likely = [word for word in words if word.key in outside] or words
    return max(likely, key=lambda word: word.end)


def _talked_about(plain: str, start: int) -> bool:
    """Whether the place belongs to something that was only spoken, read or thought of."""
    clause = max(plain.rfind(mark, 0, start) for mark in ",。;:!、(") + 1
    spoken = _SPOKEN.search(plain, clause, start)
    return spoken is not None and _OF_IT.match(plain, start) is not None


def _apart(plain: str, word: Word) -> bool:
    """Whether there are blanks, marks, a day or a length on both sides: 昨天 实验室 两小时."""
    return bool(_GAP_BEFORE.search(plain, 0, word.start) and _GAP_AFTER.match(plain, word.end))


def _called(plain: str, word: Word) -> bool:
    """Whether somebody was called or spoken to by it: 跟导师视频, 打了个电话."""
    return bool(before(_CALLING, plain, word.start) and _CALL_ENDS.match(plain, word.end))


def _alone_in_clause(plain: str, word: Word) -> Span | None:
    """A place that has a clause for itself tells no more than the place: 做实验，校外，两小时."""
    alone = _MARK_BEFORE.search(plain, max(0, word.start - 2), word.start) and _MARK_AFTER.match(
        plain, word.end
    )
    return (word.start, word.end) if alone else None


_CALLING = compiled(
    r"(?:[和跟与同][^,。;:!\s在做看拍剪录写听]{1,8}?"
    r"|(?<![没不])[打通开]了?[个通一次]{0,2}|约了?个?) $"
)
_CALL_ENDS = compiled(
    r"(?:$|[\s,。;!、了完聊讲说谈唠谝对讨过通商沟会]|[一二两三半\d])(?!\s*(?:请假|预约|约|问能))"
)
_WAS_NOT_AT = compiled(r"(?:(?:没有?|不得?|未)(?:[去在到来]了?)?|不是[在去]?) $")
# A little picture parts as a mark does.
_GAP_BEFORE = compiled(r"(?:\A|[^\w《“\"(一-鿿]|[天午日号晚])$")
_GAP_AFTER = compiled(
    rf"里(?!面?的)|[上里]?(?:$|[^\w》”\")一-鿿]|了? (?:\d|{HAN})++ (?:个|小时|分|刻|h|min))"
)
_WITHIN = compiled(r"[里上中](?![课午传海学])")
_AT = compiled(
    r"(?<![正现存实所内没不])在(?!线(?!上))|搁(?!置)"
    r"|再(?=实验室|图书馆|学校|大学|线上|教室|机房)"
    r"|从(?=[^,。;\s]{2,8}[回出过]来)|(?=上山)|(?<![过为没不得])去(?!年)|(?<![看学听想谈提得收达感做找直遇碰见])到"
    r"|(?<![原后本以起将])来|回|\b(?:at|in|on|to|from|via|zai)_(?:(?:the|my|our)_)?"
)
_NO_PLACE = compiled(rf"[,。;!、(和跟与同]|{ACTIVITY}|看(?!台)|[讲说聊]|\b(?:with|for|and)\b")
_ALONE = compiled(
    rf" (?:$|的? [,。;!、)和跟与同]|{ACTIVITY}"
    r"|(?<=会)[上里]|[上里]?[开聊谈沟商]|[蹲待呆泡过对改看碰]了"
    r"|对(?:代码|答案|数据|稿)|\b(?:with|for)\b)"
)
_COMPOUND = compiled(r"物理|数学|化学|生(?!物)|英语|语文|城|路|(?<=学)[到会习]")
_OUTSIDE = compiled(r"外|旁|附近|对面|隔壁|周边|周围|\boff\b|\boutside\b")
_ANOTHERS = compiled(
    r"(?:公司|企业|工厂|医院|[科博][技物]馆|基地|研究[所院]|家里?|[商书]店)的?(?:实验|图书)"
)
_TALK = any_of(r"""
    讨论 研讨 商[量讨] 研究 探讨 阅?读 看 听 写 画 讲 说 聊 谈 告诉 介绍 关于 了解 学习
    分析 整理 处理 统计 准备 设计 [规计]划 制定 修改 安排 联系 [预邀]?约 申请 汇报
    \b(?:about|discussed|read|wrote|planned|prepared|analy[sz]ed)\b
""")
_SPOKEN = compiled(rf"{_TALK}[了过着]?[^完,。;]{{0,8}}$")
_OF_IT = compiled(
    r"[^,。;!]{0,12}(?:的|怎么|做什么|要带)|[^,。;!]{0,4}(?:考察|采样|参观)的?(?:讲座|方案|计划)"
)
_MARK_BEFORE = compiled(r"(?:\A|[,。;:!、(天午日号晚]) $")
_MARK_AFTER = compiled(r" (?:$|[,。;!、)])")

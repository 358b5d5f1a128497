"""Where a sentence has the words by which people name a place or a kind of activity."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from language.activities import ACTIVITY
from language.acts import kind_done
from language.grammar import any_of, before, compiled
from language.numerals import HAN, fold


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the vocabulary, what it names, and where: `text[start:end]`."""

    key: str
    start: int
    end: int


def named(plain: str, vocabulary: Mapping[str, Sequence[str]]) -> list[Word]:
    """The vocabulary's words in a folded text, overlapping ones too (在校 and 校内 in 在校内).

    Not those within a longer word that means something else: 在校 in 在校友企业, 实验 in 实验室.
    """
    pattern, keys = _compiled(tuple((key, tuple(words)) for key, words in vocabulary.items()))
    longer = _longer_words(plain)
    found = [
        Word(keys[match[1].lower()], match.start(), match.end(1))
        for match in pattern.finditer(plain)
    ]
    return [word for word in found if not any(_within(word, span) for span in longer)]


# A sentence is searched for places and for kinds.
@lru_cache(maxsize=16)
def _longer_words(plain: str) -> list[tuple[int, int]]:
    return [match.span() for match in _LONGER.finditer(plain)]


@lru_cache(maxsize=64)
def _compiled(
    vocabulary: tuple[tuple[str, tuple[str, ...]], ...],
) -> tuple[re.Pattern[str], dict[str, str]]:
    """A pattern that finds each word, and the key of each."""
    keys = {fold(word).lower(): key for key, words in vocabulary for word in words if word}
    longest_first = sorted(keys, key=len, reverse=True)
    # A Latin word stands alone, but a Chinese one may follow Latin letters: PCR实验.
    words = "|".join(
        rf"(?<![a-z]){re.escape(word)}(?=s?(?![a-z]))" if word.isascii() else re.escape(word)
        for word in longest_first
    )
    return re.compile(rf"(?=({words or '(?!)'}))", re.IGNORECASE | re.ASCII), keys


def kind_of(plain: str, kinds: Mapping[str, Sequence[str]]) -> str | None:
    """The one kind of activity that the longest words name; if none does, that the acts tell.

    The title of a book tells of no kind, nor does what was not done.
    """
    plain = _BOOK.sub(lambda title: f"《{' ' * (len(title[0]) - 2)}》", plain)
    words = [word for word in named(plain, kinds) if not before(_NOT_DONE, plain, word.start)]
    if not words:
        return kind_done(plain, kinds)
    longest = max((word.end - word.start for word in words), default=0)
    keys = {word.key for word in words if word.end - word.start == longest}
    return keys.pop() if len(keys) == 1 else None


def _within(word: Word, span: tuple[int, int]) -> bool:
    """Whether the word overlaps a longer one that is another."""
    start, end = span
    return word.start < end and start < word.end and not (word.start <= start and end <= word.end)


_BOOK = re.compile("《[^》]*》")
# Nor what was only talked of: 聊了半个小时课题.
_NOT_DONE = compiled(
    r"(?:(?:没有?|不是|未)(?:[去来能]?[做写读看听开])?|[聊唠谈](?:了|过)?"
    rf"(?:(?:\d|半|{HAN})+ (?:个半?|多|来|拉)? (?:小时|分钟|钟头|刻钟))?的?) $"
)

# Longer words in which a word of the vocabulary means something else: what belongs to a school but
# is not in it, what lies beside it; rooms, people and papers called after an activity.
_PAPERS = any_of("""
    [看读写改交][了过完]?[^,。;听看读写做]{0,6} 补 抄 实验 研究 开题 结题 调[研查] 课题 考[察古]
    观[察测] 分析 总结 心得 检[测验] 体检 年度 中期
""")
# 在校 is a place before these, and elsewhere the beginning of another word: 在校友企业.
_SCHOOL_ENDS = rf"(?:[内里中园跟和与同后一两半三用看上自图机的老导]|实验|{ACTIVITY})"
_BESIDE = any_of("""
    旁 附近 对面 隔壁 外(?![语教]) 周[边围] 大?门[口外] 边上 楼下 [前后旁东南西北][面边] 背后
    后山 路上
""")
_LONGER = compiled(
    any_of(rf"""
    在?校办工厂 [在到]校(?!{_SCHOOL_ENDS})[一-鿿] 校园网上? 网上(?:书店|商城)
    (?:学校|大学|校园|校区)的?{_BESIDE} (?:图书馆|实验室|[科博][技物]馆|展馆)的?{_BESIDE}
    (?:回学校|到校)的?路上 大学[城路生] 在线下 微信(?:公司|[群号]) 电话(?:亭|号码) 军事基地
    (?:短|小|监控|实验|教学|讲解|演示|[看拍剪录的]了?)视频
    实验(?:[室楼馆台田员班]|中心|基地|[中小]?学校?(?!习))
    研究(?:[所院生员室会]|中心|报告|团队|小组|性学习) [课项][题目]组 讨论[区组] 考察[团队]
    {_PAPERS}报告(?!会) 我报告(?!会) 报告(?:厅|册|单|书|文学)
    讲座(?:厅|教授|的?(?:海报|通知|稿|笔记|PPT)) 学术报告厅
    阅读[室器理] 读书[笔角]记? 实践[报手]
    """)
)

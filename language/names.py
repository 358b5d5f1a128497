"""People as a sentence mentions them: 王建国, 王老师, 欧阳教授, Prof. Wang."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from language.callings import ELDER, FAMILIAR, by_given_name, by_sound, spelled_familiarly
from language.grammar import any_of, before, compiled
from language.numerals import fold, tidy
from language.pinyin import sound


@dataclass(frozen=True, slots=True)
class Mention:
    """One of the people, and where the sentence names them: `text[start:end]`."""

    name: str
    start: int
    end: int


def mentioned(text: str, people: Sequence[str]) -> list[Mention]:
    """Who of `people` (full names) is named, in order; a surname of two of them is nobody.

    阿依古丽·买买提 is named with any dot or none, and by the first part alone.
    """
    text = fold(text)
    lower = text.lower()
    folded = {fold(name): name for name in people if name}
    found: list[Mention] = []
    for called, name in _callings(folded):
        # `in` is what costs least, and most people are not named at all.
        if called[:2].lower() in lower:
            found += [
                Mention(name, match.start(), match.end())
                for match in _pattern(called).finditer(text)
                # 表面张力 does not name 张力.
                if len(called) > 2
                or _begins(text, match.start())
                or text.endswith(tuple(folded), 0, match.start())
            ]
    found += _spelled(lower, folded)
    known = list(folded)
    found += [
        Mention(folded[name], start, end)
        for name, start, end in (
            *by_given_name(text, known, TITLE),
            *by_sound(text, known, TITLE),
            *spelled_familiarly(lower, known),
        )
        if _begins(text, start)
    ]
    for match in _TITLED.finditer(text):
        surname = match["latin"] or match["english"] or match["spelled"]
        for called in (surname,) if surname else (match["han"][-2:], match["han"][-1:]):
            start = match.start() if surname else match.end("han") - len(called)
            bearers = [name for name in folded if _bears(name, called.strip())]
            if len(bearers) == 1 and _begins(text, start):
                found.append(Mention(folded[bearers[0]], start, match.end()))
                break
    return sorted(found, key=lambda mention: (mention.start, -mention.end))


def present(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions without those of people who were not there: 王老师和李老师没来, 除了王老师."""
    text = fold(text)
    there: list[Mention] = []
    behind: Mention | None = None
    for mention in reversed(mentions):
        joined = behind and _AND.fullmatch(text, mention.end, behind.start)
        if joined or _not_there(text, mention):
            behind = mention
        else:
            behind = None
            there.append(mention)
    return there[::-1]


def _not_there(text: str, mention: Mention) -> bool:
    return bool(
        before(_WITHOUT, text, mention.start)
        or _STAYED_AWAY.match(text, mention.end)
        or (before(_TO, text, mention.start) and _SENT.match(text, mention.end))
    )


def without_absent(text: str) -> str:
    """The sentence without what it says of those who were not there, known or not."""
    return _ANYBODY_AWAY.sub("", text)


def leading_name(text: str) -> str:
    """The Chinese name with which a question after somebody begins: 张一诺最近怎么样; empty if
    there is none."""
    found = _ASKED_AFTER.match(fold(text.strip()))
    name = found["name"] if found else ""
    return "" if name in _NO_PERSON or name[:2] in _NO_PERSON else name


def typed_names(text: str, known: Sequence[str] = ()) -> list[str]:
    """The names that somebody typed in answer to "with whom?": 王建国、李青 和 张伟.

    和, 与 and 同 are in names too (李和平, 张和), so between two names without blanks they need
    two signs on either side, and more than a title behind. `known` names are never parted.
    """
    parts = _BETWEEN.split(text)
    whole = {tidy(name) for name in known}
    names = (name for part in parts for name in _apart(tidy(part), whole))
    return list(dict.fromkeys(filter(None, names)))


def _apart(names: str, known: set[str]) -> Iterator[str]:
    names = _TOGETHER.sub("", _WITH.sub("", names))
    if names[:1] in "和同与" and (
        any(names.startswith(name, 1) for name in known)
        # 和志强 is a name, but a longer one begins with 王.
        or (len(names) > 3 and names[1] in _PINYIN and "一" <= names[3] <= "鿿")
    ):
        names = names[1:]
    begins = 0
    for at, sign in enumerate(names):
        rest = names[at + 1 :]
        if (
            sign in "和与與跟及同"
            and at - begins >= 2
            and len(rest) >= 2
            and not _TITLE_NEXT.match(rest)
            and not (sign == "同" and rest[0] in "学事")
            and not any(
                name.startswith(names[begins : at + 1]) and name in names for name in known
            )
        ):
            yield names[begins:at]
            begins = at + 1
    yield names[begins:]


def _callings(folded: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What people are called: by the full name, or by its first part if that is theirs alone."""
    firsts = [name.split("·")[0] for name in folded]
    for name, first in zip(folded, firsts, strict=True):
        yield name, folded[name]
        if first != name and len(first) > 1 and firsts.count(first) == 1:
            yield first, folded[name]


@lru_cache(maxsize=1024)
def _pattern(called: str) -> re.Pattern[str]:
    parts = map(re.escape, called.split("·"))
    # 阿依古丽·吐尔逊 is another person.
    return re.compile(rf"{_DOT.join(parts)}(?!·)(?:{TITLE}|{FAMILIAR})?", re.IGNORECASE)


def _spelled(lower: str, folded: dict[str, str]) -> list[Mention]:
    """Chinese names in pinyin, in either order: Zhang Xiaoyan, Xiaoyan Zhang."""
    found: list[Mention] = []
    for name in folded:
        # A surname that is not there is what costs least to find out.
        if len(name) > 1 and (surname := _PINYIN.get(name[0])) and surname in lower:
            first, *rest = sound(name).split()
            given = "[ '-]?".join(rest)
            called = rf"\b(?:{first} ?{given}|{given} {first})(?![a-z]|'s)"
            found += [
                Mention(folded[name], match.start(), match.end())
                for match in re.finditer(called, lower, re.ASCII)
            ]
    return found


def _begins(text: str, start: int) -> bool:
    return (
        start == 0
        or text[start - 1] in _BEFORE_NAME
        or not "一" <= text[start - 1] <= "鿿"
        or before(_WORD_BEFORE_NAME, text, start) is not None
    )


def _bears(name: str, surname: str) -> bool:
    if surname.isascii():
        return surname.lower() in (*name.lower().split(), _PINYIN.get(name[:1]))
    return name.startswith(surname) and name != surname


_DOT = r"\s?[·.]?\s?"
TITLE = (
    "(?:老师|教授|导师|(?<![指教辅引领主半])导(?![师致出入电热航向读数演览])"
    "|博士|院士|研究员|工程师|主任|校长|院长)"
)
"""How people are addressed, behind their surname."""
_TITLED = re.compile(
    rf"(?:(?P<han>[一-鿿]{{1,3}})|\b(?P<latin>[a-z]{{1,20}}+) ?)(?:{TITLE}|{ELDER})"
    r"|\b(?P<spelled>[a-z]{2,6}?) ?laoshi\b"
    r"|\b(?:prof(?:essor)?|dr|mrs?|ms|miss|teacher)\b\.? ?(?P<english>[a-z]++)",
    re.IGNORECASE | re.ASCII,
)
_WORD_BEFORE_NAME = compiled(
    r"(?:结果|但是?|因为|还有|那个|这个|然后|后来|最后|其实|主要|只有?|[就光搭帮带]"
    rf"|组会|例会|讲座|主讲|{TITLE}) $"
)
_AWAY = any_of(r"""
    没有?(?:[来到去参出露在空能]|时间) 不在(?![意乎少]) 不[来能] 未[到能来参] 缺[席勤]
    请[了病事]*假 休假 有[点别急]?事 忙 走不开 另有安排
    出差 出国 外出 [开上][会课]去了? 出?去[^,。;!]{0,6}(?:开会|出差|外地) 生了?病 病了 感冒 住院
    \b(?:was_|is_)?(?:absent|away|ill|sick|on_leave)\b
    \b(?:did_not|didn['’]t|could_not|couldn['’]t)_(?:come|attend|join|make)\b
""")
_BY_THE_WAY = any_of("""
    [今昨前]天 [上下中]午 那天 当天 当时 因为? 由于 也 又 都 刚好 正好 临时 突然 家里
    说[要好]?来 (?:本来|原本)(?:说好?|约好?)?要?来?的? 结果 却 但是? [,\\s]
""")
_STAYED_AWAY = compiled(
    rf"{_BY_THE_WAY}*+{_AWAY}|[^,。;!]{{0,6}}(?:没有?(?:来|参加)|缺席|请[了病事]*假)"
    r"| (?:[主合]?[写编著译]|发表|出版|推荐|安利|分享|转发|介绍|布置|发|留|借|送)"
    r"(?:过|给[我你他]们?)?的"
)
_ANYBODY = rf"(?:[一-鿿·]{{1,4}}{TITLE}|\b(?:prof|dr|mrs?|ms|miss)\b\.? [a-z]++)"
_WITHOUT = compiled(
    r"(?:除了?|没(?:有?[见看等遇碰找][到着]?|有)|不[含算]|缺|等|代?替|本来约了"
    r"|\b(?:without|except(?:_for)?|missed)\b) $"
)
_AND = compiled(r" [、和跟与及&] ")
_TO = compiled(r"[给向] $")
_SENT = compiled(r"[发写交打寄送]")
_BETWEEN = re.compile(
    r"[、，,;；/\n]|还有|以及|\s+[和与與跟同及]\s*|\s*[和与與跟同及]\s+|\s*&\s*"
    r"|(?i:\s+(?:and|with)\s+)|(?<=[一-鿿])\s+(?=[一-鿿])"
)
_WITH = re.compile(r"^(?:跟(?=[一-鿿]{2})|(?:with|and)\s+)", re.IGNORECASE)
_TOGETHER = re.compile(r"\s*(?:一起|一块儿?|together)$", re.IGNORECASE)
_TITLE_NEXT = re.compile(rf"{TITLE}(?:$|[和与與跟同及])")
# Behind any other character a surname would be the end of another name: 陈小白老师 is no 白老师.
_BEFORE_NAME = (
    "和跟与同向找由让请被给听在对为及有从到去的是了着来见问随、天日午晚上早里后校学一二三四五六"
)
_SURNAMES = """
    王汪wang 李黎li 张章zhang 刘柳liu 陈chen 杨yang 黄huang 赵zhao 吴武wu 周zhou 徐许xu 孙sun
    马ma 朱zhu 胡hu 郭guo 何贺he 高gao 林lin 罗luo 郑zheng 梁liang 谢xie 宋song 唐汤tang 韩han
    冯feng 邓deng 曹cao 彭peng 曾zeng 肖xiao 田tian 董dong 袁yuan 潘pan 于余yu 蒋姜江jiang 蔡cai
    杜du 叶ye 程成cheng 苏su 魏韦wei 丁ding 任ren 沈shen 姚yao 卢陆lu 崔cui 钟zhong 谭tan 范樊fan
    金jin 石史施shi 廖liao 贾jia 夏xia 付傅fu 方fang 白bai 邹zou 孟meng 熊xiong 秦覃qin 邱qiu
    尹殷yin 薛xue 闫严颜yan 段duan 雷lei 侯hou 龙long 陶tao 顾gu 毛mao 郝hao 龚gong 邵shao 万wan
    钱qian 戴dai 莫mo 孔kong 向xiang 洪hong 康kang 常chang 温文wen 乔qiao 赖lai 兰lan
"""
_PINYIN = {
    surname: pinyin
    for surnames, pinyin in re.findall("([^a-z\\s]+)([a-z]+)", _SURNAMES)
    for surname in surnames
}
SURNAME = f"[{''.join(_PINYIN)}]"
"""The first sign of a Chinese name, if it is a common one."""
_ANYBODY_AWAY = compiled(
    rf"{_ANYBODY}{_BY_THE_WAY}*+{_AWAY}(?:(?!没[^,。;\s]{{1,3}}成|没开|取消)[^,。;!?\s])*"
    r"|(?:^|(?<=[,。;天]))[^,。;我们\s]{2,9}没有?来(?=[,。;])"
    rf"|(?:^|(?<=[,。;\s天])){SURNAME}[一-鿿]{{1,2}}{_BY_THE_WAY}*+{_AWAY}[^,。;!?\s]*"
)
_ASKED_AFTER = re.compile(
    rf"(?P<name>{SURNAME}[一-鿿]{{1,2}}?)(?:同学|老师)?"
    "(?:的|最近|现在|今年|这|还|怎|咋|如何|有没|写|记|交|做|够|达标|进[度展])"
)
_NO_PERSON = frozenset(
    re.findall(
        r"\S+",
        """
    方案 高一 高二 高三 高中 金额 成绩 成长 程度 万一 温度 文件 文章 文献 于是 余额 石油 马上
    时间 常见 向导 陆续 平时 白天 方面 方向 方式 方法 任务 任何 程序 金导 章程 毛病 康复 施行
""",
    )
)

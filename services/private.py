"""Finds private details in words, besides the names on the roster: people without a title or
unknown here, names in Latin letters, masked names, classes and schools, addresses, births,
illnesses.

A word counts as ordinary if people ask about policy with it, as the guide's wordings show. In
doubt, too much is removed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from answers import guide
from prompts import catalogue

GAP: Final = catalogue("zh")
"""What is kept is in Chinese, whatever language somebody speaks."""
NAME: Final = GAP["question.gap.name"]
SCHOOL: Final = GAP["question.gap.school"]
CLASS: Final = GAP["question.gap.class"]
PLACE: Final = GAP["question.gap.address"]
BIRTH: Final = GAP["question.gap.birth"]
HEALTH: Final = GAP["question.gap.health"]

_HAN: Final = "\u3400-\u9fff"
_SURNAMES: Final = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蔡蒋余杜叶魏苏吕丁沈"
    "姚卢姜崔钟谭陆汪范石廖贾韦付夏邱侯邹熊孟秦白江阎薛尹史龙陶贺顾毛郝龚邵万钱严赖武戴莫孔向"
    "汤温康施文牛樊葛邢安齐伍庄乔纪殷詹章鲁倪俞翟聂焦柳邬霍尚舒凌柯颜欧骆甄祁苗瞿桑冉卞滕车"
    "高金方成任程华易段关于常路单祝裴古阿茅岳鲍蓝娄狄穆巫"
)
_OFTEN_WORDS: Final = frozenset("高金方成任程华易段关于常路单文向安江石白古阿万严武尚车章康龙史")
"""Surnames that often begin other words: they count only where a name is expected."""
_COMPOUND: Final = (
    "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|夏侯|司徒|端木|南宫"
)
_EXPECTED: Final = re.compile(
    r"(?:叫|名叫|名字是|姓名[是：:]?|同桌|同学|学生|导师|老师|班主任|校长|爸爸?|妈妈?|父亲|母亲|弟弟?|妹妹?|"
    r"哥哥?|姐姐?|儿子|女儿|孩子|听说|请问|问下|帮|替|让|把|被|找|是|和|跟|与|、|^)$"
)
_AFTER: Final = frozenset(
    "的能可以想也没被是不和与跟说在去有要会同老都还就了吗呢给对从到因教让把这那半又再上下推三两几个"
)
"""Characters that follow a name more often than they end one."""
_MASKED: Final = re.compile(
    rf"[{_HAN}](?:某{{1,2}}|[*＊×✕○●□]{{1,3}}[{_HAN}]?|[xX]{{1,2}}(?![A-Za-z])[{_HAN}]?)"  # noqa: RUF001 - as above
)
_SMALL: Final = re.compile(rf"[小老阿]([{_HAN}])(?![{_HAN}]?[组学])")
_STOCK: Final = frozenset("明红刚强芳丽军伟敏静娟磊洋勇艳杰涛霞平英玉兰")

_ELSEWHERE: Final = re.compile(
    "(?:阿依|古丽|努尔|娜尔|夏提|买买提|艾力|吐尔|热依|孜|巴特尔|其其格|格日勒|乌云|卓玛|扎西|次仁|多吉|才让|央金|旺堆){2,5}|"
    "其其格|巴特尔|卓玛|扎西|次仁|多吉|央金|买买提|阿依努尔"
)
"""Parts of Uyghur, Mongolian and Tibetan names."""

_SYLLABLE: Final = (
    r"(?:[zcs]h?|[bpmfdtnlgkhjqxryw])?"
    r"(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|ei|ao|ou|an|en|in|un|ia|ie|iu|ua|uo|ui|ue|ve|a|o|e|i|u|v|er)"
)
_PINYIN: Final = re.compile(rf"{_SYLLABLE}(?:{_SYLLABLE}){{0,2}}")
_LATIN: Final = re.compile(r"(?<![A-Za-z@_])[A-Za-z]{2,20}(?:[ ·-][A-Za-z]{2,20})?(?![A-Za-z@_])")
_CAMEL: Final = re.compile(r"^[A-Z][a-z]+ ?[A-Z][a-z]+$")
_LATIN_SURNAMES: Final = re.compile(
    "wang|li|zhang|liu|chen|yang|huang|zhao|wu|zhou|xu|sun|ma|zhu|hu|guo|he|lin|luo|zheng|liang|xie|"
    "song|tang|han|feng|deng|cao|peng|zeng|xiao|tian|dong|yuan|pan|cai|jiang|yu|du|ye|wei|su|lu|lv|"
    "ding|shen|yao|ren|cui|zhong|tan|fan|jin|shi|liao|jia|xia|fu|fang|zou|xiong|meng|qin|bai",
    re.IGNORECASE,
)

_CLASS: Final = re.compile(
    r"(?:(?:高|初|小学)?[一二三四五六七八九1-9](?:年级)?)?[（(]?[0-9]{1,2}[）)]?\s?班|"
    r"[一二三四五六七八九][（(]?[0-9一二三四五六七八九十]{1,2}[）)]班"
)
_SCHOOL: Final = re.compile(
    rf"(?P<name>[{_HAN}]{{1,8}})(?P<kind>中学(?![生籍])|附中|附小|小学|高中部|外国语学校|实验学校)|"
    rf"(?P<short>[{_HAN}]{{0,3}}第?[一二三四五六七八九十百]{{1,3}}中)(?![{_HAN}]?[期等心间])"
)
_LEAD: Final = re.compile(
    r"^.*?(?:我读的是|我读|我们学校是|我在|我是|就读于|在读|读的是|学校是|在|是|读|和|与|从|去|到|来自)"
)
_ANY_SCHOOL: Final = re.compile(
    r"(?:^|[的个所家些本校外各])$|哪|什么|多少|所有|全部|普通|公办|民办|农村|县域|重点|示范|省|市|高级|"
    r"其他|参加|推荐|试点|初级|完全|基地|成员|联合|合作|培养|指导|每|同|该|这|那|由|不|没|要|可|能"
)
_ROAD: Final = re.compile(
    rf"[{_HAN}]{{1,4}}?(?:[东南西北中]?)(?:大街|大道|街|路|巷|胡同|弄|里弄)(?:[0-9一二三四五六七八九十百]{{1,5}}号)?"
)
_NUMBERED: Final = re.compile(
    r"[0-9一二三四五六七八九十百]{1,4}号(?:楼|院|门|宅)?|[0-9]{1,3}(?:单元|栋|幢|楼|室|组)[0-9]{0,4}室?"
)
_LIVES: Final = re.compile(
    r"(?:我们?|孩子|家里?|现在|就|都)住在?(?!得|校|宿|院|不|这|那|哪)|住在(?!哪|外)|"
    r"(?:我们?|孩子|^)家在|(?:家庭?住址|我的地址)[是：:]?"
)
_LIVED: Final = re.compile(rf"[{_HAN}0-9A-Za-z]{{2,20}}")
_BORN: Final = re.compile(r"出生|生日|生于|身份证|户口|属[鼠牛虎兔龙蛇马羊猴鸡狗猪]")
_DATE: Final = re.compile(
    r"(?:[0-9]{2,4}|[一二三四五六七八九零〇]{2,4})\s?[年./-]\s?"
    r"(?:[0-9一二三四五六七八九十]{1,3}\s?[月./-]?\s?(?:[0-9一二三四五六七八九十]{1,3}\s?[日号]?)?)?"
)
_AGE: Final = re.compile(
    r"(?P<who>(?:我|孩子|女儿|儿子|弟弟|妹妹|他|她)(?:今年|现在|才|刚|已经|都|有)?|今年)"
    r"(?P<age>[0-9一二三四五六七八九十]{1,3}周?岁半?)"
)
_OF_MINE: Final = re.compile(r"我|孩子|女儿|儿子|他|她|弟|妹|爸|妈|同学|得了|患")
_ILL: Final = re.compile(
    rf"(?:先天性|慢性|急性|轻度|中度|重度)?(?:哮喘|抑郁症?|焦虑症?|躁郁症?|双相|强迫症|心脏病|癫痫|糖尿病|"
    rf"近视|远视|散光|色盲|色弱|弱视|骨折|癌症?|肿瘤|白血病|贫血|肝炎|肺炎|肺结核|自闭症?|多动症|残疾|怀孕|"
    rf"月经|痛经|失眠|厌食症?|[{_HAN}]{{0,2}}过敏|[{_HAN}]{{0,3}}综合征|住院|手术|化疗|吃药|服药)"
)


def without_private(said: str) -> str:
    """The words with placeholders for what is private in them."""
    said = _CLASS.sub(CLASS, said)
    said = _SCHOOL.sub(_school, said)
    if _BORN.search(said):
        said = _DATE.sub(BIRTH, said)
    said = _AGE.sub(lambda found: found["who"] + BIRTH, said)
    if _OF_MINE.search(said) or "在吃" in said or "最近" in said or "上周" in said:
        said = _ILL.sub(HEALTH, said)
    said = _addresses(said)
    said = _MASKED.sub(_masked, said)
    said = _ELSEWHERE.sub(NAME, said)
    said = _SMALL.sub(_small, said)
    said = _LATIN.sub(_latin, said)
    return _names(said)


def _school(found: re.Match[str]) -> str:
    if found["short"]:
        short = found["short"]
        lead = _LEAD.match(short)
        return (lead[0] if lead else "") + SCHOOL
    name, kind = found["name"], found["kind"]
    lead = _LEAD.match(name)
    rest = name[lead.end() :] if lead else name
    known = kind == "中学" and _ordinary(rest[-1:] + kind[0]) and rest[-2:] in _pairs()
    if (
        len(rest) < 2
        or _ANY_SCHOOL.search(rest)
        or (known and "第" not in rest and rest != "实验")
    ):
        return found[0]
    return (lead[0] if lead else "") + SCHOOL


def _addresses(said: str) -> str:
    lives = _LIVES.search(said)
    if lives is not None:
        head, rest = said[: lives.end()], said[lives.end() :]
        said = head + _LIVED.sub(PLACE, rest, count=1)
    elif _NUMBERED.search(said) and _ROAD.search(said):
        said = _ROAD.sub(_road, said)
    return re.sub(rf"{PLACE}(?:[，、和]?(?:{_NUMBERED.pattern}|{PLACE}))+", PLACE, said)


def _road(found: re.Match[str]) -> str:
    lead = re.match(r".*?(?:在|去|到|是|和)", found[0])
    road = found[0][lead.end() :] if lead else found[0]
    if any(char.isdigit() for char in road) or "号" in road or not _ordinary(road[-2:]):
        return (lead[0] if lead else "") + PLACE
    return found[0]


def _masked(found: re.Match[str]) -> str:
    first = found[0][0]
    sure = first in _SURNAMES or any(sign in found[0] for sign in "*＊×✕○●□")  # noqa: RUF001 - as above
    return NAME if sure else found[0]


def _small(found: re.Match[str]) -> str:
    ordinary = _ordinary(found[0])
    return NAME if found[1] in (_SURNAMES | _STOCK) and not ordinary else found[0]


def _latin(found: re.Match[str]) -> str:
    words = re.split(r"[ ·-]", found[0])
    known = _english()
    if _CAMEL.match(found[0]):
        parts = re.findall(r"[A-Z][a-z]+", found[0])
        if all(_is_pinyin(part) for part in parts) and not all(p.lower() in known for p in parts):
            return NAME
    pinyin = [_is_pinyin(word) and word.lower() not in known for word in words]
    if len(words) == 2 and _LATIN_SURNAMES.fullmatch(words[0]) and pinyin[1]:
        return NAME
    if all(pinyin) and any(len(word) > 4 for word in words):
        return NAME
    first = words[0].lower()
    if pinyin[0] and first.startswith(("xiao", "lao", "da")) and len(first) > 5:
        return " ".join([NAME, *words[1:]])
    return found[0]


def _is_pinyin(word: str) -> bool:
    return _PINYIN.fullmatch(word.lower()) is not None


def _names(said: str) -> str:
    """Replace what is built like a Chinese name and is no ordinary word."""
    out: list[str] = []
    at = 0
    while at < len(said):
        length = _name_at(said, at)
        out.append(NAME if length else said[at])
        at += length or 1
    joined = "".join(out)
    return re.sub(rf"(?:{NAME})+", NAME, joined)


def _name_at(said: str, at: int) -> int:
    """How many characters of a name begin here; 0 if none does."""
    compound = re.match(_COMPOUND, said[at:])
    first = 2 if compound else 1
    if not compound and said[at] not in _SURNAMES:
        return 0
    given = re.match(rf"[{_HAN}]{{1,2}}", said[at + first :])
    if given is None:
        return 0
    before = said[max(0, at - 4) : at]
    expected = _EXPECTED.search(before) is not None
    opening = said[at : at + first + 1]
    if not compound:
        if said[at] in _OFTEN_WORDS and not (expected and before):
            return 0
        if _ordinary(opening) or (before and _ordinary(before[-1] + said[at]) and not expected):
            return 0
    two, three = first + 1, first + 2
    if len(given[0]) == 2:
        tail = said[at + first + 1]
        follows = said[at + three : at + three + 1]
        if tail not in _AFTER and not (follows and _ordinary(tail + follows)):
            return three
        if tail not in _AFTER:
            return two
    return two if expected or _is_end(said[at + two : at + two + 1]) else 0


def _is_end(sign: str) -> bool:
    return not sign or sign in _AFTER or re.match(rf"[{_HAN}]", sign) is None


# ---------------------------------------------------------------- ordinary words


def _ordinary(two: str) -> bool:
    return two in _pairs()


def _pairs() -> frozenset[str]:
    return _vocabulary(id(guide()))[0]


def _english() -> frozenset[str]:
    return _vocabulary(id(guide()))[1]


@lru_cache(maxsize=2)
def _vocabulary(_guide: int) -> tuple[frozenset[str], frozenset[str]]:
    """The pairs of characters, and the English words, with which people ask about
    policy."""
    said = [ask for topic in guide().topics.values() for ask in topic.asks]
    pairs = {one[at : at + 2] for one in said for at in range(len(one) - 1)}
    words = {word for one in said for word in re.findall(r"[a-z]+", one.lower())}
    return frozenset(pairs), frozenset(words)

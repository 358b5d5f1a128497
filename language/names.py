"""People as a sentence mentions them: 王建国, 王老师, 欧阳教授, Prof. Wang."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mention:
    """One of the people, and where the sentence names them: `text[start:end]`."""

    name: str
    start: int
    end: int


def mentioned(text: str, people: Sequence[str]) -> list[Mention]:
    """Those of `people` (full names) who are named; a surname that two share names nobody."""
    lower = text.lower()
    found = [
        Mention(name, match.start(), match.end())
        for name in people
        if name and name.lower() in lower
        for match in re.finditer(rf"{re.escape(name)}(?:{_TITLE})?", text, re.IGNORECASE)
        # 表面张力 does not name 张力.
        if len(name) > 2 or _begins(text, match.start())
    ]
    for match in _TITLED.finditer(text):
        surname = match["latin"] or match["english"]
        for called in (surname,) if surname else (match["han"][-2:], match["han"][-1:]):
            start = match.start() if surname else match.end("han") - len(called)
            bearers = [name for name in people if _bears(name, called.strip())]
            if len(bearers) == 1 and _begins(text, start):
                found.append(Mention(bearers[0], start, match.end()))
                break
    return sorted(found, key=lambda mention: mention.start)


def _begins(text: str, start: int) -> bool:
    return start == 0 or text[start - 1] in _BEFORE_NAME or not "一" <= text[start - 1] <= "鿿"


def _bears(name: str, surname: str) -> bool:
    if surname.isascii():
        return surname.lower() in (*name.lower().split(), _PINYIN.get(name[:1]))
    return name.startswith(surname) and name != surname


_TITLE = "(?:老师|教授|导师|博士|院士|研究员|工程师|主任|校长|院长)"
_TITLED = re.compile(
    rf"(?:(?P<han>[一-鿿]{{1,3}})|\b(?P<latin>[a-z]{{1,20}}+) ?){_TITLE}"
    r"|\b(?:prof(?:essor)?|dr|mrs?|ms|miss|teacher)\b\.? ?(?P<english>[a-z]++)",
    re.IGNORECASE | re.ASCII,
)
# After any other character a surname is the end of another name: 陈小白老师 is no 白老师.
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

"""What people type below a card or in answer to it, where no button says it: 没事, 写进去：…,
请回执, 时长有问题，退回."""

import re
from typing import Literal, NamedTuple

PersonalField = Literal["born", "name", ""]


class Mended(NamedTuple):
    """What somebody says is wrong of them, and what is right."""

    about: str
    right: str


class FieldChanged(NamedTuple):
    """The label of a field that somebody says to be wrong, and what it is to say, if told."""

    label: str
    to: str


def says_it_is_nothing(words: str) -> bool:
    """没事, 没什么的, it's fine: a plain no to whether somebody needs help."""
    return _NOTHING.fullmatch(words) is not None


def says_it_was_nothing(words: str) -> bool:
    """The same with what is said around it, below the help that was shown: 算了没事."""
    return _WAS_NOTHING.fullmatch(words) is not None


def says_yes(words: str) -> bool:
    """是的, 嗯, 有 and whatever begins so."""
    return _YES.match(words) is not None


def meant_as_it_stands(words: str) -> str | None:
    """What follows 写进去：; None if the words do not begin so."""
    begins = _TAKE_IT.match(words)
    return words[begins.end() :] if begins else None


def is_taken_back(words: str) -> bool:
    """点错了, 收回: what was just done is not meant."""
    return _TAKE_BACK.fullmatch(words) is not None


def sent_back_for(words: str) -> str | None:
    """The reason in 时长有问题，退回, empty if none is given; None if nothing is sent back."""
    said = _RETURN.fullmatch(words.strip())
    return (said["before"] or said["behind"] or "").strip(" ，,。；;：:") if said else None


def speaks_to_somebody(words: str) -> bool:
    """Whether this is what somebody says to somebody, and not the name of a thing."""
    return _CONVERSES.search(words) is not None


def hands_in(words: str) -> bool:
    """提交, 直接提交吧, submit: what is written is to be handed in."""
    return _HANDS_IN.fullmatch(words) is not None


def field_changed(words: str) -> FieldChanged | None:
    """结果改成合格, 评语不对, 改一下题目; any short words may be a label."""
    said = _FIELD_CHANGED.fullmatch(words)
    if said is None:
        return None
    return FieldChanged(said["label"] or said["only"], (said["to"] or "").strip())


def has_a_question(words: str) -> bool:
    """Whether the words have what a question has: 吗, 多少, who."""
    return _ASKS.search(words) is not None


def ends_asking(words: str) -> bool:
    """Whether the words end as a question does, so that they hardly tell anything."""
    return _ENDS_ASKING.search(words) is not None


def asks_on(words: str) -> bool:
    """Whether the words ask on after another question, and nothing by themselves: 那数学呢."""
    return _ASKS_ON.fullmatch(words) is not None


def wants_a_receipt(words: str) -> bool | None:
    """Whether 请回执 or 不用回执 is said; None if neither is."""
    wanted = _RECEIPT.search(words)
    return None if wanted is None else not wanted["no"]


def told_in_a_diary(words: str) -> str | None:
    """What is told in 日记：今天终于把曲线画出来了; None if the words do not begin so."""
    told = _DIARY.match(words)
    return told[1].strip() if told else None


def have_not_joined(words: str) -> bool:
    """Whether those who have not joined are meant: 还没加入的学生."""
    return _NOT_JOINED.search(words) is not None


def means_many(words: str) -> bool:
    """Whether the words are for many, and name nobody: 所有合格的学生."""
    return _MANY.search(words) is not None


def names_no_child(words: str) -> bool:
    """Whether nothing but 你们保存孩子的记录 is said behind 同意."""
    return _NO_CHILD.fullmatch(words.strip()) is not None


def personal_field(words: str) -> PersonalField:
    """Which of what a roster says of a person the words name."""
    return "born" if _BORN.search(words) else "name" if _NAME.search(words) else ""


def mended(words: str) -> Mended | None:
    """我的名字应该是李沐晨, in its two parts."""
    said = _IS.search(words)
    return Mended(words[: said.start()], said["to"]) if said else None


_NOTHING = re.compile(
    r"(?:\s|[,.!，。！~…])*+(?:没事儿?|没有|不是|没什么|照常办?|继续|就是内容|no|nope|it'?s fine)"
    r"(?:的|了|啦|啊|呀)?(?:\s|[,.!，。！~…])*+",
    re.IGNORECASE,
)
_WAS_NOTHING = re.compile(
    rf"(?:算了|我|其实|真的?|现在|已经|只是|刚才|开玩笑的?|好了|谢谢|老师|[\s,.，。])*+{_NOTHING.pattern}",
    re.IGNORECASE,
)
_YES = re.compile(r"\s*+(?:是|嗯|对|有|yes|yeah)", re.IGNORECASE)
_TAKE_IT = re.compile(r"\s*+写进去\s*+[:：]\s*+|\s*+take it\s*+:\s*+", re.IGNORECASE)
_TAKE_BACK = re.compile(
    "(?:点错了?|收回|撤回|撤销|取消|不用了|take (?:it )?back)[了吧！。!. ]*", re.IGNORECASE
)
_SENDS_BACK = (
    "(?:请|我要|我想|要|应该|得|先|就|给[TtAa他她]*)*(?:退回|打回|驳回)"
    "(?:去|修改|重写|重填)*(?:吧|了|她|他)?"
)
_RETURN = re.compile(
    rf"(?P<before>.{{2,}}?[，,。；;\s])?{_SENDS_BACK}(?:[，,。；;：:\s]+(?P<behind>.{{2,}}))?[。！!]?",
    re.DOTALL,
)
_HANDS_IN = re.compile(
    r"(?:\s|[,.!，。！])*+(?:直接|现在|马上|确认|可以|我要|就)*提交(?:了|吧|一下|上去)?(?:\s|[,.!，。！])*+"
    r"|\s*+submit(?: it| now)*[.!\s]*+",
    re.IGNORECASE,
)
_FIELD_CHANGED = re.compile(
    r"(?:请|帮我|麻烦)?[把将]?(?P<label>[^\s,，。:：][^,，。:：]{0,19}?)(?:不对|错了|写错了|有误)?[,，]?\s*+"
    r"(?:(?:应该|应当)?(?:改成|改为|换成|应该是|应当是)\s*+[:：]?|[:：])\s*+(?P<to>\S.*)"
    r"|(?:请|帮我|麻烦|我想|我要)?(?:改一?下|修改|改)?(?P<only>[^\s,，。:：][^,，。:：]{0,19}?)"
    r"(?:不对|错了|写错了|有误|要改)?[。!！]?",
    re.DOTALL,
)
_CONVERSES = re.compile(
    ".{8}|[我你您请谢好不没会要能行吗呢吧啊呀]|老师|收到|可以"
    r"|\b(?:i|you|we|it|ok|yes|no|thanks?|please)\b",
    re.IGNORECASE | re.DOTALL,
)
_ASKS = re.compile(
    r"[?？吗呢谁几哪]|什么|多少|怎么|多久|\b(?:when|what|who|how|which|where)\b"
    r"|^\s*+(?:is|are|do|does|can|could|may|must|should|will)\b",
    re.IGNORECASE,
)
_ENDS_ASKING = re.compile(r"(?:[?？]|吗|呢|多少|几个|几次|是(?:什么|谁|哪些?))[。.\s]*\Z")
_ASKS_ON = re.compile(
    r"\s*+(?:那么?.{1,12}|[^\s我今昨明]{1,4})呢[?？]?\s*+"
    r"|\s*+(?:and|what about|how about) \S.{0,30}",
    re.IGNORECASE,
)
_RECEIPT = re.compile(
    "(?P<no>不用|不要|不需要|无需|不必|no )(?:receipt|[^，。,;；]{0,4}回执)"
    "|(?:请|要|需要?|给个?|务必)[^，。,;；]{0,4}回执"
    "|(?:请|要|需要?|务必)[^，。,;；]{0,4}(?:按|点)[^，。,;；]{0,2}收到|please confirm",
    re.IGNORECASE,
)
_DIARY = re.compile(
    r"(?:今天的|今日的|今天|今日|写)?+(?:成长|培养)?+(?:日志|日记)[ \t]*+[:：\n]\s*+(\S.{4,})",
    re.DOTALL,
)
_NOT_JOINED = re.compile("(?:没有?|未|尚未)(?:加入|进来|注册|绑定|登录)|not joined")
_MANY = re.compile("所有|全部|大家|学生|他们|她们|达标|合格|优秀|all|every|student")
_NO_CHILD = re.compile(
    "(你们|保存|记录|孩子|他|她|的|写|资料|培养|被|他们|内容|了|吧|啦|to|it|this|that|keep|keeping"
    "|my|child|'s|records|being|kept|\\s)*"
)
_BORN = re.compile("生日|出生|birth", re.IGNORECASE)
_NAME = re.compile("姓名|名字|名$|name", re.IGNORECASE)
_IS = re.compile(
    r"(?:(?:应该|应当)?(?:是|叫|为|改成|改为|写成)|should be|is) ?(?P<to>[^是,，。.;；]+)[。.]?\Z"
)

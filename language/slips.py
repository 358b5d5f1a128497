"""What a keyboard or a microphone made of common words by their sound, as it was meant: 做天下无
for 昨天下午. Each sign stays in its place, so that places in the text stay true."""

import re
from functools import lru_cache

from language.grammar import compiled

_NUMBERS = "0-9零一二两俩仨三四五六七八九十半"
# What stands there, as it sounds, and what is meant; a slip stands where nothing else makes sense.
_ROWS = (
    (rf"(?<![一-鿿])[做坐作左座]天(?=[上中下早晚我在再跟和去做,。\s{_NUMBERS}])", "昨天"),
    (r"(?<=天)下[无武午舞](?![年])|(?<=[周期拜][一二三四五六日天])下[无武舞]", "下午"),
    (r"(?<=天)上[无武舞]|(?<=[周期拜][一二三四五六日天])上[无武舞]", "上午"),
    (r"(?<=[一天日号个儿])哈午", "下午"),
    (r"上[州洲舟](?=[一二三四五六日天末])", "上周"),
    (r"星[其奇骑](?=[一二三四五六日天])", "星期"),
    (r"[里李]拜(?=[一二三四五六日天])", "礼拜"),
    (rf"(?<=[点刻半])[道倒](?=[{_NUMBERS}])", "到"),
    (rf"(?<=[{_NUMBERS}]点)[办班般](?=[到道在再去从开跟和,。\s]|结束|$)", "半"),
    (r"(?<=[个\d一两三])[办班般](?=小时|钟头)", "半"),
    (rf"(?<=[{_NUMBERS}个半])[晓校笑]时(?![候])", "小时"),
    (r"(?<=[在再去到])实验[是市事师士](?=[里做跟和待呆看测写弄搞,。\s])", "实验室"),
    (r"(?<![一-鿿])再(?=线上|实验室|学校|家里?[看做写读])", "在"),
    (r"(?<![在到去住])[县现]上(?=[和跟同开讨听组聊])", "线上"),
    (rf"坐(?=了?[{_NUMBERS}]*个?[^,。;]?小?时?的?实验(?![室楼台]))", "做"),
    (rf"左(?=了[{_NUMBERS}]+个?(?:半?小时|钟头|分钟))", "做"),
    (r"组[汇慧](?!报)", "组会"),
    (r"腾[迅训讯](?=会议)", "腾讯"),
    (r"(?<=[写敲改调跑])带码", "代码"),
    (r"讨[轮沦伦]", "讨论"),
    (r"[轮抡]文(?=[写改读看,。\s]|$)|(?<=[写改读看])[轮抡]文", "论文"),
)
_MEANT = [meant for _, meant in _ROWS]
# What a slip begins with is looked for first, as most signs are none.
_BEGINS = "(?=[做坐作左座下上哈星里李道倒办班般晓校笑实再县现组腾带讨轮抡])"
_SLIPS = compiled(f"{_BEGINS}(?:{'|'.join(f'({slip})' for slip, _ in _ROWS)})")


# Whether it is a session and what it says are two questions about one sentence.
@lru_cache(maxsize=16)
def by_sound(plain: str) -> str:
    """The folded text with such slips put right."""
    return _SLIPS.sub(_put_right, plain)


def _put_right(slip: re.Match[str]) -> str:
    return _MEANT[(slip.lastindex or 1) - 1]

"""Questions in pinyin, and signs that only sound right."""

from __future__ import annotations

from answers import guide
from answers.sounding import Sounds
from programmes.catalogue import load
from tests.tables import each_row

GUIDE = guide()
SOUNDS = Sounds(GUIDE.index.asked, GUIDE.names.sure)


@each_row(
    ("written", "meant"),
    [
        ("xinghuo xiangmu dao na nian ji yue jieshu", "星火项目到哪年几月结束"),
        ("chengzhang rizhi shei du cu wo xie", "成长日志谁督促我写"),
        ("zhongqi pingjia shi ji yue qian?", "中期评价是几月前？"),
        ("nmg yingcai zai na ge daxue", "内蒙古英才在哪个大学"),
        ("mei ge yue jian ji ci daoshi", "每个月见几次导师"),
        ("潜质侧评的分谁打", "潜质测评的分谁打"),
        ("前置陪养几月到几月", "前置培养几月到几月"),
        ("见面会啥时侯", "见面会啥时候"),
        ("成长日质谁审合", "成长日志谁审核"),
    ],
)
def test_it_is_read_as_it_sounds(written: str, meant: str) -> None:
    assert SOUNDS.read(written) == meant
    assert SOUNDS.read(meant) == meant


@each_row(
    "written",
    [
        "what is the deadline",
        "can I change my mentor",
        "how many sessions do I need",
        "hi",
        "ok thanks",
        "DDL",
        "http://www.jsstem.org",
        "",
        "榆林的学生能报吗",
        "这份函是哪家发下来的",
        "我查一下呗",
        "刘翔宇老师带几个学生",
    ],
)
def test_what_is_written_right_stays(written: str) -> None:
    assert SOUNDS.read(written) == written


def test_a_question_in_pinyin_names_its_programme() -> None:
    own = (load("shanxi-2026"),)
    (answer, *_) = GUIDE.ask("jiangsu zhongqi pingjia shenme shihou", own)
    assert (answer.topic, answer.programmes) == ("mid", ("jiangsu-2022",))

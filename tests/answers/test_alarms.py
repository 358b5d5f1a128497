"""What is a cry for help, and what only sounds like one."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from answers import PLAIN, Alarm, alarm_for, alarm_in, worries
from services.joining import ALPHABET, CODE_LENGTH
from services.joining import written as grouped
from tests.answers.worries.learning import KEPT_APART, Said, learned, read, taught, written
from tests.tables import each_row

HARM = [
    "昨天下午和郝景行老师做了两小时实验，他一直搂着我，我很害怕",
    "郝老师昨天下午单独把我留下两个小时，摸我",
    "郝景行老师让我晚上一个人去他酒店",
    "老师昨天亲了我",
    "师兄昨天下午让我脱衣服拍照",
    "昨天和同学做实验被他们打了一顿",
    "昨天实验两小时，老师打了我一巴掌",
    "导师对我动手动脚",
    "我爸打我",
    "我妈打了我",
    "同学孤立我",
    "老师骂我是废物",
    "有个学长一直发恶心的照片给我",
    "能不能换导师，导师老是让我陪他吃饭",
    "被导师PUA了",
    "他老是给我发微信说喜欢我",
    "被打了",
    "被老师骂了",
    "有人欺负我",
    "老師打我",
]
DISTRESS = [
    "昨天做实验的时候想跳楼",
    "我割手了",
    "不想活了",
    "我想死",
    "救命！",
    "救命啊",
    "help me",
    "我想找个人聊聊",
    "我想找心理老师",
    "我不敢跟老师说",
    "我没救了",
    "我抑郁了",
]
NEITHER = [
    "我的记录被打回了",
    "昨天做实验被打断了，后来做了两小时",
    "今天打我们办公室的电话了",
    "老师打我电话让我去实验室",
    "导师给我打了95分",
    "我想死机了电脑",
    "想死你们了",
    "我父亲我母亲都同意",
    "昨天摸清了仪器的用法",
    "昨天下午做了抑郁症小鼠的实验两小时",
    "想找个人聊聊课题",
    "老师亲自带我们做实验",
    "昨天打印了论文",
    "老师让我去图书馆查文献",
    "被子没晒",
    "昨天在酒店大堂参加了学术论坛",
    "他喜欢我们的选题",
    "记一次培养",
    "help",
    "明天去实验室",
    "昨天学了怎么抱住反应瓶摇匀",
]


@each_row("words", [*HARM, *DISTRESS])
def test_a_cry_is_heard(words: str) -> None:
    assert alarm_in(words) is not None
    if alarm_in(words) in PLAIN:
        assert (alarm_in(words) is Alarm.HARM) == (words in HARM)


def test_most_of_these_are_plain() -> None:
    """The others are asked about: so much else is told with them, or so little."""
    asked = [words for words in (*HARM, *DISTRESS) if alarm_in(words) not in PLAIN]
    assert len(asked) <= 5, asked


@each_row("words", NEITHER)
def test_what_only_sounds_like_it_is_left_alone(words: str) -> None:
    assert alarm_in(words) is None


@pytest.mark.parametrize("words", ["压力好大", "emo了", "实验又失败了，有点崩溃", "最近好累"])
def test_a_low_mood_is_no_cry(words: str) -> None:
    assert alarm_in(words) in (Alarm.LOW, None)


def test_whoever_writes_of_an_experiment_is_left_alone() -> None:
    """Of the sentences by which hearing is tried hardly any is asked about."""
    lists = sorted(Path(__file__).parents[1].joinpath("language").glob("heard*.txt"))
    said = [
        line.partition(" | ")[0]
        for one in lists
        for line in one.read_text("utf-8").splitlines()
        if line and line[0] not in "#@"
    ]
    assert len(said) > 600
    heard = [(one, alarm_in(one)) for one in said]
    assert not [one for one, found in heard if found in PLAIN]
    asked = [one for one, found in heard if found is Alarm.UNCLEAR]
    assert "导师昨天视频会上骂了我半小时" in asked
    assert len(asked) <= len(said) // 200


def test_no_code_and_no_link_is_a_cry() -> None:
    """Letters by chance spell what was learned of English about once in eight thousand codes."""
    chance = Random(1)
    codes = ["".join(chance.choices(ALPHABET, k=CODE_LENGTH)) for _ in range(500)]
    codes += [
        "bx82x49y5wtqv9ahnk73mys8qs",
        "m1fbk4ydafj4s3w1bkc5jmqqba",
        "gsgx4cxbp9kp6wkmq27sfkc6ys",
    ]
    for code in codes:
        for said in (code, grouped(code), f"https://example.edu.cn/join/{code}"):
            assert alarm_in(said) is None, said
    # A sentence of as many letters stays one.
    assert alarm_in("i want to die please hear me") in PLAIN


@pytest.mark.slow
def test_the_weights_are_what_is_learned_from_the_sentences() -> None:
    assert written(learned(taught())) == worries.WEIGHTS.read_text("utf-8"), (
        "run `python -m tests.answers.worries`"
    )


def test_sentences_of_somebody_else_are_heard() -> None:
    """Written by somebody who had seen neither the table nor what was learned from."""
    said = read(KEPT_APART)
    told = {one.words for one in taught() if one.want != "none"}
    assert not [one for one in said if one.want != "none" and one.words in told]
    heard = {want: _heard(said, want) for want in ("cry", "ask", "none")}
    assert heard["cry"] >= 0.9
    assert heard["ask"] >= 0.7
    assert heard["none"] <= 0.05


def _heard(said: list[Said], want: str) -> float:
    """The share of these that is answered or asked about."""
    these = [one for one in said if one.want == want]
    assert len(these) > 50
    return sum(alarm_in(one.words) not in (None, Alarm.LOW) for one in these) / len(these)


@each_row(
    ("words", "topic"),
    [
        ("我孩子被欺负了", "harm"),
        ("老师打我孩子", "harm"),
        ("我女儿说导师摸她", "harm"),
        ("导师摸我女儿", "harm"),
        ("我家孩子在学校被同学孤立", "harm"),
        ("有老师让我儿子晚上去他酒店", "harm"),
        ("孩子不想活了", "distress"),
        ("我闺女割腕了", "distress"),
        ("我们家孩子想死", "distress"),
        ("林小雨被打了", "harm"),
        ("my son is bullied at school", "harm"),
        ("他说他不想活了怎么办", "distress"),
        ("她跟我说，想割腕", "distress"),
        ("他被同学打了", "harm"),
        ("he says he wants to die", "distress"),
        ("she is hurting herself", "distress"),
        ("孩子的记录被退回了", ""),
        ("他打我", ""),
        ("他走了，不想活了", ""),
        ("他被老师打了95分", ""),
        ("孩子会不会被淘汰", ""),
        ("我孩子的导师是谁", ""),
        ("老师给我孩子打了95分", ""),
        ("孩子被打回的日志在哪", ""),
    ],
)
def test_what_a_guardian_says_of_their_child(words: str, topic: str) -> None:
    assert (alarm_for(words, "child", ["林小雨"]) or "") == topic

"""What is a cry for help, and what only sounds like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from answers.alarms import alarmed_for_a_child, topic_of

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


@pytest.mark.parametrize("words", HARM)
def test_harm_is_heard(words: str) -> None:
    assert topic_of(words) == "harm"


@pytest.mark.parametrize("words", DISTRESS)
def test_distress_is_heard(words: str) -> None:
    assert topic_of(words) == "distress"


@pytest.mark.parametrize("words", NEITHER)
def test_what_only_sounds_like_it_is_left_alone(words: str) -> None:
    assert topic_of(words) == ""


def test_whoever_writes_of_an_experiment_is_left_alone() -> None:
    """No sentence of the lists by which hearing is tried is a cry for help, but one."""
    lists = sorted(Path(__file__).parents[1].joinpath("language").glob("heard*.txt"))
    said = [
        line.partition(" | ")[0]
        for one in lists
        for line in one.read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert len(said) > 600
    assert [one for one in said if topic_of(one)] == ["导师昨天视频会上骂了我半小时"]


@pytest.mark.parametrize(
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
        ("孩子的记录被退回了", ""),
        ("孩子会不会被淘汰", ""),
        ("我孩子的导师是谁", ""),
        ("老师给我孩子打了95分", ""),
        ("孩子被打回的日志在哪", ""),
        ("学生被欺负了要告诉老师", ""),
    ],
)
def test_what_a_guardian_says_of_their_child(words: str, topic: str) -> None:
    assert alarmed_for_a_child(words, ["林小雨"]) == topic

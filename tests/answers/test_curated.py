"""An office's answer is for its question: for what reads nearly the same, and for nothing else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from answers import PolicyAnswer, guide
from answers.curated import Office, OfficeAnswer
from answers.topics import common_topics
from programmes.catalogue import load
from programmes.model import Programme
from prompts import render
from tests.tables import each_row

SHANXI = load("shanxi-2026")
SPARK = load("spark-2026")
RARITY = guide().rarity


def answer(*asks: str, number: int = 1, programme: str = "shanxi-2026") -> OfficeAnswer:
    return OfficeAnswer(number, programme, "", "标题", asks, "答复", "")


def asked(
    question: str, *answers: OfficeAnswer, own: Sequence[Programme] = (SHANXI,)
) -> PolicyAnswer:
    """What the guide answers, whose offices have answered this."""
    (first, *_) = guide().ask(question, own, office=Office(answers))
    return first


def found(ask: str, question: str) -> bool:
    return Office([answer(ask)]).find(question, ["shanxi-2026"], RARITY) is not None


@each_row(
    ("ask", "question"),
    [
        ("能请假吗", "能不能请假"),
        ("能不能请假", "请问老师，我想问一下能不能请假啊？"),
        ("请假条找谁签字", "请假条谁签字"),
        ("集训期间可以请假吗", "集训的时候能请假不"),
        ("成长日志可以补交吗", "成长日志能补交吗"),
        ("成长日志漏写了可以补吗", "日志漏写了能补吗"),
        ("去实验室要不要自己买保险", "去实验室需要买保险吗"),
        ("暑假能不能集中培养", "暑假可以集中培养吗"),
        ("今年的开班仪式在哪里", "今年开班仪式在哪儿举行"),
        ("开班仪式几点开始", "开班仪式什么时候开始？"),
        ("山大的校门怎么进", "山大校门怎么进去"),
        ("导师出国了怎么办", "导师出国了培养怎么办"),
        ("校外人员能进实验室吗", "校外的人可以进实验室吗"),
        ("高三了还能继续参加吗", "高三还能参加吗"),
        ("有没有交通补贴", "有交通补贴吗"),
    ],
)
def test_nearly_the_same_question_is_found(ask: str, question: str) -> None:
    assert found(ask, question)
    assert found(ask, ask)


@each_row(
    ("ask", "question"),
    [
        # another thing is asked for
        ("能不能请假", "请假条谁签字"),
        ("成长日志可以补交吗", "成长日志写多少字"),
        ("开班仪式几点开始", "开班仪式在哪里开始"),
        ("去实验室要买保险吗", "去实验室可以买保险吗"),
        ("中期汇报用什么模板", "中期汇报什么时候"),
        # of another thing
        ("导师出国了怎么办", "导师退休了怎么办"),
        ("可以换导师吗", "可以换学科吗"),
        ("车费能报销吗", "食宿费能报销吗"),
        ("家长可以陪同吗", "老师可以陪同吗"),
        ("学生退出怎么办", "导师退出怎么办"),
        ("面谈记录可以补交吗", "成长日志可以补交吗"),
        ("初期评价由谁来做", "中期评价由谁来做"),
        ("年度评价没通过怎么办", "中期评价没通过怎么办"),
        ("学校可以推荐几个人", "大学可以推荐几个人"),
        # other numbers
        ("2026年报名时间", "2025年报名时间"),
        ("高三还能参加吗", "高二还能参加吗"),
        ("一个月去几次", "一年去几次"),
        # no instead of yes
        ("培养活动不满10次能结业吗", "培养活动满10次能结业吗"),
        ("可以请假吗", "不可以请假吗"),
        # a case of its own
        ("能不能请假", "导师能不能请假"),
        ("淘汰率是多少", "面试淘汰率是多少"),
        ("管理办公室负责什么", "全国管理办公室负责什么"),
        ("能不能请假", "能不能请假去参加竞赛集训营一个月"),
        ("请假", "请假条谁签字"),
        ("", ""),
        ("吗", "呢"),
    ],
)
def test_what_only_shares_words_is_not(ask: str, question: str) -> None:
    assert not found(ask, question)
    assert not found(question, ask)


def test_only_those_offices_that_are_asked_answer() -> None:
    office = Office([answer("能请假吗"), answer("能请假吗", number=2, programme="spark-2026")])
    assert office.find("能请假吗", ["jiangsu-2022"], RARITY) is None
    for number, programme in [(1, "shanxi-2026"), (2, "spark-2026")]:
        meant = office.find("能不能请假", [programme], RARITY)
        assert meant is not None
        assert meant.id == number


def test_of_two_answers_to_one_question_the_later_holds() -> None:
    meant = Office([answer("能请假吗", number=n) for n in (1, 3, 2)]).find(
        "能请假吗", ["shanxi-2026"], RARITY
    )
    assert meant is not None
    assert meant.id == 3


def test_nothing_is_found_where_nothing_was_answered() -> None:
    assert Office([]).find("能请假吗", ["shanxi-2026"], RARITY) is None


def test_questions_about_other_topics_are_not_caught() -> None:
    """Every way of asking about a topic against offices that have answered a thousand others."""
    chance = random.Random(7)
    every = [(key, ask) for key, topic in common_topics().items() for ask in topic.asks]
    answered = chance.sample(every, 1000)
    office = Office(
        OfficeAnswer(number, "x", key, "", (ask,), "", "")
        for number, (key, ask) in enumerate(answered)
    )
    asked = chance.sample(sorted(set(every) - set(answered)), 2000)
    caught = [(ask, meant) for key, ask in asked if (meant := office.find(ask, ["x"], RARITY))]
    wrong = [
        (ask, meant.asks)
        for (key, ask) in asked
        if (meant := office.find(ask, ["x"], RARITY)) and meant.topic != key
    ]
    assert len(caught) < 100
    assert len(wrong) <= 3, wrong


# ---------------------------------------------------------------- in an answer


def test_the_office_answers_before_the_documents_and_is_named() -> None:
    mine = replace(
        answer("导师聘期几年"), title="导师的聘期", says="一年。", clause="聘任办法第3条"
    )
    told = asked("请问导师聘期是几年呢？", mine)
    assert (told.kind, told.topic, told.clause) == ("fact", "office.1", "聘任办法第3条")
    assert told.programmes == ("shanxi-2026",)
    said = render(told.text, "zh")
    assert said.startswith("【导师的聘期】\n一年。")
    assert "山西英才计划管理办公室答复，依据：聘任办法第3条" in said
    bare = render(asked("导师聘期几年", replace(mine, clause="")).text, "zh")
    assert bare.endswith("山西英才计划管理办公室答复")


def test_the_office_may_lead_to_a_topic() -> None:
    told = asked("礼堂汇报", replace(answer("礼堂汇报"), topic="mid"))
    assert (told.topic, told.programmes, told.score) == ("mid", ("shanxi-2026",), 1.0)
    gone = replace(answer("导师聘期几年"), topic="a topic that was")
    assert asked("导师聘期几年", gone).topic == "mentor_term"


def test_an_office_speaks_of_its_own_programme_only() -> None:
    mine = answer("导师聘期几年")
    assert asked("导师聘期几年", mine, own=(SPARK,)).topic == "mentor_term"
    assert asked("导师聘期几年", mine, own=()).topic == "mentor_term"
    assert asked("山西英才导师聘期几年", mine, own=(SPARK,)).topic == "office.1"
    assert asked("江苏的导师聘期几年", mine).topic == "mentor_term"
    assert asked("山西和江苏的导师聘期几年", mine).topic == "mentor_term"
    assert asked("导师聘期几年", mine, own=(SPARK, SHANXI)).topic == "office.1"


def test_each_part_is_asked_of_the_office() -> None:
    mine = answer("导师聘期几年")
    told = guide().ask("中期评价什么时候？导师聘期几年？", (SHANXI,), office=Office([mine]))
    assert [one.topic for one in told] == ["mid", "office.1"]

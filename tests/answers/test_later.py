"""What an office has loaded later is looked into before silence, and stands beside what a pack
says."""

from __future__ import annotations

from datetime import date

import pytest

from answers import PolicyAnswer, guide
from answers.later import Documents
from answers.passages import Passage, Passages
from answers.reading import read
from programmes.catalogue import all_programmes, load
from prompts import render
from tests.tables import each_row

SHANXI = load("shanxi-2026")
LETTER = """关于山西省中学生英才计划培养管理的补充规定
各参与中学：
一、请假
学生因病因事不能参加培养活动的，应当提前一天向导师请假，缺席的活动须在一个月内补上。
二、日志
每篇成长日志不少于三百字，须附一张现场照片。
三、保险
活动期间由参与中学为学生购买意外伤害保险。
四、交通
往返交通费由省级管理办公室按次补助二十元。
五、聘期
导师聘期为两年，可以连聘。
六、更换导师
学生入选三个月内可以申请更换一次导师，由省级管理办公室批准。
七、报名延长
2026年度学生网上报名延长至2025年12月10日。
八、带教人数
每位导师指导学生原则上不超过六人。
山西省管理办公室
2025年11月28日
"""


def library(*keys: str, loaded: date | None = None, text: str = LETTER) -> Passages:
    document = read(text.encode(), "补充规定.txt")
    return Passages(
        Passage(
            *(key, document.title, one.section, one.text, number, one.heading),
            loaded=loaded,
        )
        for key in keys
        for number, one in enumerate(document.passages)
    )


def answered(question: str, known: Passages) -> tuple[PolicyAnswer, str]:
    answer = guide().ask(question, (SHANXI,), library=known)[0]
    return answer, render(answer.text, "zh")


@each_row(
    ("question", "section", "says"),
    [
        ("能请假吗", "一", "提前一天"),
        ("日志多少字", "二", "三百字"),
        ("写日志要配图吗", "二", "照片"),
        ("出了意外谁给保", "三", "意外伤害保险"),
        ("路费谁出", "四", "二十元"),
        ("打车钱报吗", "四", "二十元"),
        ("导师能连任吗", "五", "连聘"),
        ("跟导师合不来想换一个", "六", "三个月内"),
        ("一个导师最多带几个学生", "八", "六人"),
    ],
)
def test_silence_is_said_only_after_looking(question: str, section: str, says: str) -> None:
    answer, said = answered(question, library(SHANXI.key))
    assert (answer.kind, answer.clause) == ("passage", section)
    assert says in said
    assert "2025年11月28日" in said
    without, _ = answered(question, Passages(()))
    assert without.kind == "silent"


@pytest.mark.parametrize(
    "question", ["住宿怎么安排", "周末上不上课", "落选了能申诉吗", "能转学吗"]
)
def test_what_the_later_document_does_not_say_either_is_silent(question: str) -> None:
    answer, _ = answered(question, library(SHANXI.key))
    assert answer.kind == "silent"


@pytest.mark.parametrize(
    "question", ["成长日志隔多久写一篇", "所有参加的孩子都必须填成长日志对吧"]
)
def test_a_passage_on_another_topic_is_no_evidence(question: str) -> None:
    answer, said = answered(question, library(SHANXI.key))
    assert "三百字" not in said
    assert answer.kind == "fact"


def test_what_is_later_stands_beside_what_the_pack_says() -> None:
    answer, said = answered("报名截止到哪天", library(SHANXI.key))
    assert answer.kind == "fact"
    assert said.index("2025年11月在网络工作平台") < said.index("延长至2025年12月10日")
    assert "2025年11月28日" in said


def test_a_document_without_a_day_of_its_own_has_that_of_its_loading() -> None:
    undated = LETTER.replace("2025年11月28日\n", "")
    _, said = answered("能请假吗", library(SHANXI.key, loaded=date(2026, 3, 18), text=undated))
    assert "2026年3月18日" in said
    assert "载入" in said


def test_another_programmes_document_says_nothing_here() -> None:
    answer, said = answered("一个导师最多带几个学生", library("neimenggu-pilot-2025"))
    assert answer.kind == "silent"
    assert "六人" not in said


def test_where_programmes_are_compared_the_later_document_speaks_for_its_own() -> None:
    (answer,) = guide().ask("山西和试点每位导师带几人", (), library=library(SHANXI.key))
    said = render(answer.text, "zh")
    assert "山西英才计划：后来的文件写着「" in said
    assert "不超过六人" in said
    assert "不超过5名" in said


def test_a_packs_own_document_is_not_later() -> None:
    clauses = {part for _, fact in SHANXI.facts() for part in fact.clause.split("；") if part}
    own = Passages(
        Passage(SHANXI.key, "实施方案", clause, "本条略。", number)
        for number, clause in enumerate(sorted(clauses))
    )
    assert Documents().of(own, SHANXI) == frozenset()
    assert Documents().of(library(SHANXI.key), SHANXI) != frozenset()


def test_the_same_document_of_a_later_day_is_later() -> None:
    jiangsu = load("jiangsu-2022")
    clauses = {part for _, fact in jiangsu.facts() for part in fact.clause.split("；") if part}
    for day, later in (("2021年12月31日", False), ("2022年12月31日", True)):
        again = Passages(
            Passage(jiangsu.key, "实施方案", clause, f"本条略。{day}", number)
            for number, clause in enumerate(sorted({*clauses, "落款"}))
        )
        assert bool(Documents().of(again, jiangsu)) is later


def test_every_programme_can_be_asked_with_a_document_loaded() -> None:
    known = library(*(one.key for one in all_programmes()))
    assert guide().ask("能请假吗", (), library=known)[0].kind in ("passage", "compare")

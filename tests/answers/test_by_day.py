"""A day or a month that is asked about: what the document plans for it."""

from __future__ import annotations

import pytest

from answers import guide
from answers.by_day import AskedDay, asked_of
from programmes import catalogue
from prompts import render
from tests.tables import each_row


@each_row(
    ("question", "asked"),
    [
        ("3月份要做什么", AskedDay(None, 3, None)),
        ("十一月有什么安排", AskedDay(None, 11, None)),
        ("1月30号是个什么节点，跟我们有关系不", AskedDay(None, 1, 30)),
        ("2022年8月31日截止什么", AskedDay(2022, 8, 31)),
        ("what happens in March?", AskedDay(None, 3, None)),
        ("What is due on 30 January", AskedDay(None, 1, 30)),
        ("12月要交什么材料", None),
        ("8月31号中期评价交给谁", None),
        ("3月到5月有什么安排", None),
        ("13月有什么安排", None),
        ("这个月有什么安排", None),
        ("3个月有什么安排", None),
        ("我3月30号去了实验室", None),
    ],
)
def test_a_day_is_asked_about_only_if_nothing_else_is(
    question: str, asked: AskedDay | None
) -> None:
    assert asked_of(question) == asked


@pytest.mark.parametrize(
    ("question", "told", "untold"),
    [
        ("1月30号是什么节点", ["定面试名单"], ["师生见面会", "中期评价"]),
        ("8月有什么安排", ["中期评价", "培养：2022年3月"], ["定面试名单"]),
        ("12月要做什么", ["年度评价与总结验收", "发通知"], ["中期评价"]),
        ("2023年8月有什么安排", ["定面试名单", "中期评价"], []),  # nothing then: all of it
        ("2月30号有什么安排", ["定面试名单", "中期评价"], []),
    ],
)
def test_the_schedule_is_told_for_that_day(
    question: str, told: list[str], untold: list[str]
) -> None:
    (answer,) = guide().ask(question, (catalogue.load("jiangsu-2022"),))
    words = render(answer.text, "zh")
    assert answer.topic == "schedule"
    assert all(part in words for part in told)
    assert not any(part in words for part in untold)


def test_the_clause_is_of_what_is_told() -> None:
    (answer,) = guide().ask("1月30日是什么日子", (catalogue.load("jiangsu-2022"),))
    assert "八(三)" in render(answer.text, "zh")
    assert "八(五)" not in render(answer.text, "zh")

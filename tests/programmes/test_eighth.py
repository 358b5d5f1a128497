"""A made-up eighth programme, which is like none of the built-in ones: from its file to a session
that is approved (`tests/talks/eighth.txt`), and to ten answers; and the others are as they were.

It runs for two years, publishes topics before students apply, has four marks, counts hours, and
asks for no diary.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from answers import PolicyAnswer, guide
from programmes import catalogue
from programmes.catalogue import all_programmes, load
from programmes.check import check_file, doubts
from programmes.model import Programme
from programmes.rules import APPROVED, SUBMITTED, SessionFact, count
from programmes.values import Counter, Own
from prompts import render

PACKS = Path(__file__).parent / "packs"
KEY = "yunzhou-2026"


@pytest.fixture
def eighth() -> Iterator[Programme]:
    with catalogue.using(PACKS):
        yield load(KEY)


def test_its_file_is_in_order_and_the_others_are_as_they_were(eighth: Programme) -> None:
    assert check_file(PACKS / f"{KEY}.yaml") == []
    assert doubts(PACKS / f"{KEY}.yaml") == []
    with catalogue.using():
        built_in = all_programmes()
    assert [one for one in all_programmes() if one.key != KEY] == list(built_in)
    assert KEY not in {one.key for one in built_in}


def test_what_is_none_of_ours_has_its_own_name(eighth: Programme) -> None:
    fair = (eighth.selection.steps.value or ())[1].kind
    assert isinstance(fair, Own)
    assert (fair, fair.zh, fair.en) == ("topic_fair", "课题双选会", "topic fair")
    assert [str(mark) for mark in eighth.awards.grades.value or ()] == [
        "excellent",
        "good",
        "qualified",
        "unqualified",
    ]
    codes = [one.code for one in eighth.subjects.list.value or ()]
    assert codes == ["math", "physics", "materials"]
    assert eighth.records == ()
    assert eighth.edition_label == "第十三期"
    assert Programme.model_validate_json(eighth.model_dump_json(by_alias=True)) == eighth


def test_hours_are_counted_by_term_and_in_all(eighth: Programme) -> None:
    lab, whole = eighth.requirements
    assert (lab.counts, lab.per, lab.at_least, lab.unit) == ("lab_hours", "term", 20, "hours")
    assert (whole.counts, whole.at_least, whole.unit) == (Counter.HOURS, 100, "hours")
    sessions = [
        SessionFact(date(2026, 10, 1), True, True, APPROVED, minutes=19 * 60 + 30),
        SessionFact(date(2026, 10, 8), False, True, APPROVED, minutes=300),  # not in the lab
        SessionFact(date(2027, 3, 1), True, False, APPROVED, minutes=20 * 60),
        SessionFact(date(2027, 3, 2), True, True, SUBMITTED, minutes=90),
    ]
    in_lab, in_all = count(sessions, eighth, date(2027, 4, 1)).requirements
    terms = [(one.first, one.last, one.approved, one.still_needed) for one in in_lab.months]
    assert terms == [
        (date(2026, 9, 1), date(2027, 2, 14), 19, 1),
        (date(2027, 2, 15), date(2027, 8, 31), 20, 0),
    ]
    assert [one.over for one in in_lab.months] == [True, False]
    assert (in_lab.submitted, in_lab.approved, in_lab.still_needed) == (1, 20, 0)
    assert (in_all.submitted, in_all.approved, in_all.still_needed) == (1, 44, 56)


ASKED = [
    ("培养周期从什么时候到什么时候", "cycle", "2028-08", "第二条"),
    ("初三能报吗", "grades", "初三、高一、高二", "第三条"),
    ("至少要培养多少小时", "hours_needed", "每学期进实验室不少于20小时", "第九条"),
    ("每个课题收几个人", "per_topic", "每个课题3到4名", "第五条第二款"),
    ("今年发布了哪些课题", "projects", "钙钛矿薄膜的稳定性", "第五条"),
    ("可以填几个志愿", "choices", "第一、第二、第三", "第七条"),
    ("评价分几个等次", "grades_awarded", "良好", "第十条"),
    ("除了日志还要写什么", "other_records", "实验记录本", "第九条第二款"),
    ("能请假吗", "leave", "提前一天向科研辅导员请假", "第十二条"),
    ("办公室电话是多少", "contact_phone", "0999-1234567", "联系方式"),
]


@pytest.mark.parametrize(("question", "topic", "says", "clause"), ASKED)
def test_it_answers_from_its_own_document(
    eighth: Programme, question: str, topic: str, says: str, clause: str
) -> None:
    answer = asked(question, eighth)
    assert (answer.topic, answer.kind, answer.programmes) == (topic, "fact", (KEY,))
    assert says.replace("2028-08", "2028年8月") in render(answer.text, "zh")
    assert answer.clause.split("；")[0] == clause
    assert "云川科研英才行动（第十三期）" in render(answer.text, "zh")


def test_what_its_document_leaves_open_is_not_all_there_is(eighth: Programme) -> None:
    assert "数学、物理、材料等" in render(asked("有哪些学科", eighth).text, "zh")


def test_it_is_silent_where_only_others_speak(eighth: Programme) -> None:
    for question in ("日志谁来督促", "中期评价什么时候", "面试比例是多少"):
        assert asked(question, eighth).kind == "silent", question
    (shanxi,) = (one for one in all_programmes() if one.key == "shanxi-2026")
    assert asked("能请假吗", shanxi).kind == "silent"


def test_it_is_found_by_its_names(eighth: Programme) -> None:
    (shanxi,) = (one for one in all_programmes() if one.key == "shanxi-2026")
    assert asked("云州的课题有哪些可以选", shanxi).programmes == (KEY,)
    assert asked("云川书院最少培养多少小时", shanxi).programmes == (KEY,)


def asked(question: str, own: Programme) -> PolicyAnswer:
    (answer, *_) = guide().ask(question, (own,))
    return answer

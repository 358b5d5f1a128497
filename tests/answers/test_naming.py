"""Whose programme is meant: by name, by place, by edition; and who asks about one that is not here
is told so."""

from __future__ import annotations

import pytest

from answers import PolicyAnswer, guide
from answers.explaining import explain
from answers.passages import Passage, Passages
from answers.policy_guide import Guide
from programmes.catalogue import all_programmes, load, text_of
from programmes.model import Programme
from programmes.rollover import roll
from prompts import render
from tests.tables import each_row

SHANXI = load("shanxi-2026")
JIANGSU = load("jiangsu-2022")
NOT_HERE = [
    "上海的笔试哪天",
    "浙江英才什么时候报名",
    "浙江英才",
    "北京怎么报名",
    "广东的英才计划要求什么",
    "强基计划什么时候报名",
    "怎么报强基计划",
    "翱翔计划的面试在几月",
    "河南省中学生英才计划报名时间",
    "深圳有没有名额",
    "杭州英才计划几月面试",
    "问一下福建每月见几次导师",
    "云南英才计划2026年报名时间",
    "「启明计划」怎么报名",
    "天津要不要写日志",
    "那上海呢",
    "when is the written test in Shanghai?",
    "What does the Zhejiang programme require?",
]
HERE = [
    "我转学到上海还能继续吗",
    "去北京参加活动路费谁出",
    "上海交通大学的导师能带我吗",
    "孩子户口在河南，能报吗",
    "我家在北京，怎么参加培养",
    "南京大学的课题在哪做",
    "i moved to Beijing, do i keep my place",
    "我们山西太原的能报吗",
    "大同的学生能报吗",
    "参加过翱翔计划的优先吗",
    "英才计划对强基计划有帮助吗",
    "北京时间几点截止",
    "我在上海的导师怎么联系",
    "报名什么时候",
]


def asked(question: str, *own: Programme, by: Guide | None = None) -> PolicyAnswer:
    (answer, *_) = (by or guide()).ask(question, own)
    return answer


@each_row("question", NOT_HERE)
def test_what_is_not_here_is_said_and_not_answered_from_ones_own(question: str) -> None:
    (answer, *more) = guide().ask(question, (SHANXI,))
    assert (answer.topic, answer.kind, answer.programmes) == ("elsewhere", "out_of_scope", ())
    assert "这里没有「" in render(answer.text, "zh")
    assert SHANXI.name in render(answer.text, "zh")  # what is here is named
    assert not more


@each_row("question", HERE)
def test_a_place_that_is_only_spoken_of_is_no_programme(question: str) -> None:
    assert "这里没有「" not in render(asked(question, SHANXI).text, "zh")


def test_a_city_means_the_programme_of_its_province() -> None:
    assert asked("南京的笔试哪天", SHANXI).programmes == (JIANGSU.key,)
    assert asked("南京能报几个人", JIANGSU).programmes == (JIANGSU.key,)
    assert asked("龙城的报名什么时候", JIANGSU).programmes == (SHANXI.key,)


def test_beside_one_that_is_here_the_other_is_said_to_be_missing() -> None:
    missing, answer = guide().ask("山西和上海的面试哪天", (JIANGSU,))
    assert missing.topic == "elsewhere"
    assert answer.programmes == (SHANXI.key,)


def test_every_pack_says_what_it_is_called() -> None:
    assert all(one.called.sure for one in all_programmes())


# ---------------------------------------------------------------- editions


@pytest.fixture(scope="module")
def next_year(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    folder = tmp_path_factory.mktemp("packs")
    rolled = roll(text_of(SHANXI.key), SHANXI, 2027)
    (folder / "shanxi-2027.yaml").write_text(rolled, "utf-8")
    return load("shanxi-2027", folder)


@pytest.fixture(scope="module")
def both(next_year: Programme) -> Guide:
    return Guide((*all_programmes(), next_year))


@pytest.mark.parametrize(
    ("question", "editions"),
    [
        ("山西2026年的报名时间", {2026}),
        ("山西2027年度的报名时间", {2027}),
        ("山西27届的报名时间", {2027}),
        ("山西的报名时间", {2026, 2027}),
    ],
)
def test_editions_are_told_apart_by_year(both: Guide, question: str, editions: set[int]) -> None:
    answer = asked(question, JIANGSU, by=both)
    assert answer.programmes == tuple(f"shanxi-{year}" for year in sorted(editions))


def test_ones_own_edition_is_meant_unless_another_is_named(
    both: Guide, next_year: Programme
) -> None:
    assert asked("报名时间是什么时候", next_year, by=both).programmes == (next_year.key,)
    assert asked("2026年的报名时间是什么时候", next_year, by=both).programmes == (SHANXI.key,)
    # A year before a month is a date.
    assert asked("2026年11月做什么", next_year, by=both).programmes == (next_year.key,)


def test_what_is_carried_forward_is_said_to_be_last_years(
    both: Guide, next_year: Programme
) -> None:
    said = render(asked("至少参加几次培养", next_year, by=both).text, "zh")
    assert "这是 2026 年文件的规定" in said
    assert "山西英才计划（2027）" in said
    assert "文件的规定" not in render(asked("至少参加几次培养", SHANXI, by=both).text, "zh")
    compared = render(asked("山西至少参加几次培养", JIANGSU, by=both).text, "zh")
    assert "山西英才计划（2026）" in compared
    assert "山西英才计划（2027）" in compared


# ---------------------------------------------------------------- silence, after looking


LOADED = {
    "一": "学生因病因事不能参加培养活动的，应当提前一天向导师请假，缺席的活动须在一个月内补上。",
    "三": "每篇成长日志不少于三百字，须附一张现场照片。",
    "六": "导师聘期为两年，可以连聘。",
}


@pytest.mark.parametrize(
    ("question", "section"), [("能请假吗", "一"), ("日志多少字", "三"), ("导师聘期几年", "六")]
)
def test_a_loaded_document_is_looked_into_before_silence_is_told(
    question: str, section: str
) -> None:
    library = Passages(
        Passage(SHANXI.key, "补充规定", one, text, n)
        for n, (one, text) in enumerate(LOADED.items())
    )
    (answer,) = guide().ask(question, (SHANXI,), library=library)
    assert (answer.kind, answer.clause) == ("passage", section)
    assert LOADED[section] in render(answer.text, "zh")
    assert "没有写" not in render(answer.text, "zh")
    assert asked(question, SHANXI).kind == "silent"
    # It was loaded for one programme, and speaks for no other.
    (other,) = guide().ask(question, (load("sichuan-jingke-2023"),), library=library)
    assert other.kind == "silent"


def test_an_annex_of_the_programme_beside_is_not_quoted() -> None:
    """One document sets up both; what its annex 2 says is the pilot's."""
    text = "试点高校和参与中学组织导师和家长等参加师生见面会。"
    key = "neimenggu-yingcai-2025"
    library = Passages([Passage(key, "通知", "附件2 六(六)", text, 1)])
    (answer,) = guide().ask("有没有师生见面会", (load(key),), library=library)
    assert answer.kind == "silent"


# ---------------------------------------------------------------- why


def test_why_a_question_is_answered_as_it_is() -> None:
    reasons = explain(guide(), "日志谁来督促", (SHANXI,))
    first, *others = reasons.topics
    assert (first.topic, first.verdict) == ("diary_urge", "chosen")
    assert "督" in first.speaks
    assert any("督促" in way for way in first.ways)
    assert all(one.verdict in ("less", "beside", "not_here") for one in others)
    assert (reasons.scope, reasons.programmes, reasons.missing) == ("own", (SHANXI.key,), "")
    assert explain(guide(), "江苏日志谁来督促", (SHANXI,)).scope == "named"
    assert explain(guide(), "日志谁来督促").scope == "all"


def test_why_a_question_is_not_answered() -> None:
    assert not explain(guide(), "蓝色的鲸鱼唱歌跑调", (SHANXI,)).understood
    reasons = explain(guide(), "上海的笔试哪天", (SHANXI,))
    assert (reasons.missing, reasons.topics, reasons.understood) == ("上海", (), False)

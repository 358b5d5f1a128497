"""What a question takes for granted and the document does not say is denied first."""

from __future__ import annotations

from datetime import date

import pytest

from answers import guide
from answers.passages import Passage, Passages
from answers.premises import premises
from programmes.catalogue import load
from prompts import LANGUAGES, catalogue, render
from tests.tables import each_row

DENIES = "请不要当作有这一条"


def said(question: str, programme: str, library: Passages | None = None) -> tuple[str, list[str]]:
    """The whole answer, and the kinds of its parts."""
    found = guide().ask(question, (load(programme),), library=library)
    return "\n".join(render(one.text, "zh") for one in found), [one.kind for one in found]


@each_row(
    ("question", "programme", "denied", "instead"),
    [
        ("山西要做几次月报", "shanxi-2026", "月报", "每次活动之后"),
        ("月报怎么写", "jiangsu-2022", "月报", "《学生面谈记录》"),
        ("星火要到校满10次才给证书吧", "spark-2026", "几次", "年度培养合格的学生"),
        ("年底评上优秀的给啥奖", "spark-2026", "评优秀", "年度培养合格"),
        ("中期评价不合格退出的名单报到哪", "neimenggu-yingcai-2025", "退出", "7月底前"),
        ("试点考核英语交流能力那项怎么考", "neimenggu-pilot-2025", "英语", "学科基础知识"),
        ("金导师学员的成长日志交给谁审", "sichuan-jindaoshi-2023", "成长日志", "论文"),
        ("学生能选的项目有哪几类", "sichuan-jindaoshi-2023", "学生报名", "新教师"),
        ("初评没过要退吗", "jiangsu-2022", "初期评价", "中期评价"),
        ("专家委员会终评是几月", "shanxi-2026", "专家委员会", "省级管理办公室"),
    ],
)
def test_it_is_denied_and_what_is_written_stands_beside(
    question: str, programme: str, denied: str, instead: str
) -> None:
    answer, _ = said(question, programme)
    first = next(line for line in answer.splitlines() if DENIES in line)
    assert denied in first
    assert instead in answer


@pytest.mark.parametrize(
    ("question", "programme", "instead"),
    [
        ("江苏的初期评价交给谁", "jiangsu-2022", "中期评价"),
        ("每月要面对面两次，少一次算不算不合格", "shanxi-2026", "不少于10次"),
        ("面谈记录交给谁", "shanxi-2026", "每次活动之后"),
        ("要年级前10%才让报吧", "neimenggu-pilot-2025", "品学兼优"),
    ],
)
def test_silence_on_what_is_asked_is_said_once(
    question: str, programme: str, instead: str
) -> None:
    answer, kinds = said(question, programme)
    assert kinds[0] == "silent"
    assert answer.count("没有写") == 1
    assert instead in answer


@each_row(
    ("question", "programme"),
    [
        ("初期评价交给谁", "shanxi-2026"),
        ("面谈记录交给谁", "jiangsu-2022"),
        ("每月要面对面两次，少一次怎么办", "neimenggu-pilot-2025"),
        ("优秀学生能进省科技创新大赛初评吗", "jiangsu-2022"),
        ("参与前置培养表现优秀的能放宽吗", "neimenggu-yingcai-2025"),
        ("孩子能报吗", "sichuan-jingke-2023"),
        ("我的日志交了没", "spark-2026"),  # of one's own
    ],
)
def test_what_the_document_shares_is_not_denied(question: str, programme: str) -> None:
    answer, _ = said(question, programme)
    assert answer
    assert DENIES not in answer


def test_what_a_later_document_has_is_not_denied() -> None:
    words = "三、月报\n导师每月5日前提交培养月报，全年不少于10份。"
    passage = Passage("shanxi-2026", "补充通知", "三", words, 0, "", loaded=date(2026, 3, 1))
    answer, kinds = said("月报要写几次", "shanxi-2026", Passages([passage]))
    assert kinds[0] == "passage"
    assert "不少于10份" in answer
    assert DENIES not in answer


def test_premises_have_a_topic_and_a_name() -> None:
    for premise in premises():
        assert premise.topic in guide().topics, premise.key
        for language in LANGUAGES:
            assert f"ask.premise.{premise.key}" in catalogue(language)
    named = {key for key in catalogue("zh") if key.startswith("ask.premise.")}
    assert named == {f"ask.premise.{premise.key}" for premise in premises()}


def test_what_is_told_instead_is_a_topic() -> None:
    topics = guide().topics
    instead = {other for topic in topics.values() for other in topic.instead}
    assert "stages" in instead
    assert instead <= topics.keys()

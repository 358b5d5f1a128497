"""Figures: what counts as one, and when a text says none that the evidence does not say."""

from __future__ import annotations

import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from answers import guide
from answers.figures import Ground, figures, flat, unfounded
from answers.telling import tell
from prompts import render
from tests.tables import each_row

GUIDE = guide()
TOLD = [
    (render(topic.label, "zh"), "\n".join(told.lines))
    for programme in GUIDE.every
    for topic in GUIDE.topics.values()
    if topic.documented and not (told := tell(programme, topic)).silent
]
"""All that the packs say, by what it is about."""
DATED = [(label, words) for label, words in TOLD if re.search(r"\d", words)]

EVIDENCE = Ground.of(
    "示例",
    "中期评价：2026年8月底前\n不合格退出培养；东河市25名，西河市30名\n"
    "每次培养不少于2小时，每月至少1次\n对应学科年级前10%，或综合成绩年级前15%，二选一\n"
    "培养：2026年1—12月（1月先开见面会）；聘期3年；不超过5名学生；面试按3:1；第二轮\n"
    "电话 0351-1234567；help@example.org；https://example.org/a；高一、高二学生；经费3万元",
)


@each_row(
    "words",
    [
        "中期评价在2026年8月底前进行",
        "中期评价：八月底前",
        "中期评价在２０２６年８月底前",
        "东河市有25名，西河市有三十名",
        "东河市二十五人",
        "每次培养不少于两小时",
        "每次至少2个小时",
        "活动每月至少一次",
        "成绩在对应学科年级前10%或综合成绩年级前15%",
        "综合成绩年级前百分之十五",
        "培养从2026年1月到2026年12月",
        "1月先开见面会",
        "聘期三年",
        "至多五名学生",
        "面试按3:1",
        "第2轮",
        "电话是0351-1234567",
        "电话03511234567",
        "电话0351-1234567，help@example.org",
        "高一学生",
        "经费30000元",
        "经费三万元",
        "没有数字的一般的话，统一安排",
    ],
)
def test_the_same_in_other_words(words: str) -> None:
    assert unfounded(words, [EVIDENCE]) is None


@each_row(
    "words",
    [
        "中期评价在2026年9月底前",
        "中期评价在2025年8月底前",
        "中期评价在2026年8月31日前",
        "中期评价在2026年8月初",
        "中期评价在2026年8月底以后",
        "中期评价在8.31",
        "培养在2026年8月底前",
        "东河市30名",
        "西河市25名",
        "25名属于西河市，30名属于东河市",
        "东河市25所",
        "东河市至少25名",
        "每次培养2小时以内",
        "每月不少于2小时",
        "每周至少1次",
        "每次培养120分钟",
        "综合成绩年级前10%",
        "综合成绩年级后15%",
        "综合成绩年级15名",
        "聘期3个月",
        "聘期至少3年",
        "聘期半年",
        "聘期两三年",
        "聘期三十年",
        "聘期③年多一点加④",
        "5名学生",
        "不少于5名学生",
        "超过5名学生",
        "面试按1:3",
        "面试按3比4",
        "第一轮",
        "电话是0351-1234568",
        "邮箱help@example.com",
        "邮箱ahelp@example.org",
        "网址https://example.org/b",
        "高三学生",
        "经费3千元",
        "经费30万元",
        "经费叁万元",
        "三分之二的学生",
        "依据六(二)",
        "见附件3",
        "聘期٣年",
        "VIP通道",
    ],
)
def test_another_figure(words: str) -> None:
    assert unfounded(words, [EVIDENCE]) is not None


@each_row(
    ("text", "values"),
    [
        ("1,200元", [Decimal(1200)]),
        ("1.5万", [Decimal(15000)]),
        ("十二次", [Decimal(12)]),
        ("两个学期", [Decimal(2)]),
        ("一般统一", []),
        ("十分重要", []),
        ("2026-08-31", [(2026, 8, 31)]),
        ("2026/8/31", [(2026, 8, 31)]),
        ("3月5日", [(None, 3, 5)]),
        ("3月5-8日", [(None, 3, 5), (None, 3, 8)]),
        ("2026年3月至5月", [(2026, 3, None), (2026, 5, None)]),
        ("8月下旬", [(None, 8, "下旬")]),
        ("3至5次", [Decimal(3), Decimal(5)]),
        ("9:30", ["9:30"]),
        ("十一(二)", ["十一(二)"]),
        ("附件1五(三)2", ["附件1五(三)2"]),
    ],
)
def test_what_is_a_figure(text: str, values: list[object]) -> None:
    assert [figure.value for figure in figures(flat(text))] == values


@given(st.sampled_from(TOLD))
def test_every_telling_bears_itself_out(told: tuple[str, str]) -> None:
    label, words = told
    assert unfounded(words, [Ground.of(label, words)]) is None


@given(st.sampled_from(DATED), st.data())
def test_no_digit_can_be_changed(told: tuple[str, str], data: st.DataObject) -> None:
    """Whichever digit of what a document says is replaced: the figure is not borne out, unless
    the document says the changed one, too."""
    label, words = told
    places = [place for place, sign in enumerate(words) if sign.isascii() and sign.isdigit()]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from("0123456789"))
    changed = f"{words[:place]}{digit}{words[place + 1 :]}"
    before = {str(one.value) for one in figures(flat(f"{words}\n{label}"))}
    after = {str(one.value) for one in figures(flat(re.sub(r"(?m)^\d+[.、]", "", changed)))}
    if not after <= before:
        assert unfounded(changed, [Ground.of(label, words)]) is not None


@given(st.sampled_from(DATED), st.sampled_from(DATED))
def test_no_other_telling_is_borne_out(one: tuple[str, str], other: tuple[str, str]) -> None:
    """What one document says on one thing never passes for what another says on another, where
    its figures are not there."""
    theirs, ours = _values(one[1]), _values("\n".join(other))
    if not theirs <= ours:
        assert unfounded(re.sub(r"(?m)^\d+[.、]", "", one[1]), [Ground.of(*other)]) is not None


def _values(words: str) -> set[object]:
    """The figures of a text; of days the month, since less may be said than is known."""
    found = [figure.value for figure in figures(flat(words))]
    years = {value[0] for value in found if isinstance(value, tuple)}
    return {value[1] if isinstance(value, tuple) else value for value in found} | (years - {None})


@given(
    st.text(
        st.sampled_from("一二十百两万年月日号前0123456789.-:/()至%第每次人,。;、半几ab@\n"),
        max_size=40,
    )
)
def test_nothing_is_too_odd(words: str) -> None:
    unfounded(words, [EVIDENCE])
    Ground.of(words, words)
    assert flat(flat(words)) == flat(flat(flat(words)))

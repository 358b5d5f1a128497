"""Nothing that names or reaches anybody stays in a question that others will read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.private import NAME
from services.scrub import MAIL, NUMBER, scrub
from tests.questions.measure_scrub import ordinary, sentences, verdict
from tests.tables import each_row


def wide(text: str) -> str:
    """The same as a Chinese keyboard writes it."""
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


NAMES = (
    "林小雨",
    "王建国",
    "李青",
    "欧阳明",
    "阿依古丽·买买提",
    "乌云其其格",
    "Ann Lee",
)


@each_row(
    ("said", "kept"),
    [
        # names
        ("林小雨能请假吗？", f"{NAME}能请假吗？"),
        ("我是林 小 雨，能请假吗", f"我是{NAME}，能请假吗"),
        ("林\u200b小\u2060雨没来", f"{NAME}没来"),
        ("王老师说要去10次", f"{NAME}老师说要去10次"),
        ("小雨同学没去，我叫小雨", f"{NAME}同学没去，我叫{NAME}"),
        ("欧阳老师和李青", f"{NAME}老师和{NAME}"),
        ("阿依古丽·买买提和阿依古丽", f"{NAME}和{NAME}"),
        ("阿依古丽•买买提", NAME),
        ("乌云其其格的日志", f"{NAME}的日志"),
        ("can ANN  LEE come", f"can {NAME} come"),
        (wide("ann lee"), NAME),
        # numbers
        ("打我13812345678", f"打我{NUMBER}"),
        ("１３８ １２３４ ５６７８", NUMBER),
        ("+86 138-1234-5678", NUMBER),
        ("138.1234.5678", NUMBER),
        ("(0351)7654321", f"({NUMBER}"),
        ("一三八一二三四五六七八", NUMBER),
        ("幺三八 幺二三四 五六七八", NUMBER),
        ("身份证14010220100305123X", f"身份证{NUMBER}"),
        ("140102 20100305 123x 是我的", f"{NUMBER} 是我的"),
        ("学号是20231105", f"学号是{NUMBER}"),
        ("邀请码K7XQ-92MB-ABCD", f"邀请码{NUMBER}"),
        ("K7XQ-92MB-ABCD-0011怎么用", f"{NUMBER}怎么用"),
        # other addresses
        ("QQ12345", f"QQ{NUMBER}"),
        ("扣扣号：10086", f"扣扣号：{NUMBER}"),
        ("加我微信 lxy_abcde 聊", f"加我微信 {NUMBER} 聊"),
        (wide("vx:lxyabc"), f"vx：{NUMBER}"),
        ("wxid_ab12cd", NUMBER),
        ("发到a.b+c@qq.com行吗", f"发到{MAIL}行吗"),
        ("foo (at) qq 点 com", MAIL),
        ("12345#qq.com", MAIL),
        (wide("foo@qq.com"), MAIL),
    ],
)
def test_what_names_or_reaches_somebody_goes(said: str, kept: str) -> None:
    assert scrub(said, NAMES) == kept


@each_row(
    "said",
    [
        "中期评价什么时候？在8月31日前吗",
        "2026年3月5日截止吗",
        "2026-03-05还是2026.3.5",
        "2025-2026年度",
        "2026.3.1-2026.8.31什么时候去",
        "每月2次、全年10次，一次120分钟",
        "14:00-16:00算几小时",
        "附件1 五(三)2写了什么",
        "高一高二高三都行吗",
        "心理热线12356",
        "下小雨还去吗",
        "Annie Leeds asks when it ends",
        "中学的学生",
    ],
)
def test_what_names_nobody_stays(said: str) -> None:
    assert scrub(said, NAMES) == said


@given(
    st.text(max_size=40),
    st.sampled_from(["13812345678", "林小雨", "foo@qq.com", "14010220100305123X"]),
    st.text(max_size=40),
)
def test_wherever_it_stands_it_goes(before: str, secret: str, after: str) -> None:
    assert secret not in scrub(f"{before} {secret} {after}", NAMES)


# ---------------------------------------------------------------- what no roster tells


def share(half: slice) -> tuple[int, int, int]:
    """Of these sentences: how many hold nothing private, how many lost nothing, how many."""
    found = [verdict(*one) for one in sentences()[half]]
    clean = sum(not leaks for leaks, _ in found)
    return clean, sum(not lost for _, lost in found), len(found)


def test_names_schools_streets_births_and_illnesses_are_taken_out() -> None:
    """Half of the sentences were put aside while the rules were made: both halves hold."""
    for half in (slice(0, None, 2), slice(1, None, 2)):
        clean, whole, every = share(half)
        assert every == 30
        assert clean >= 29
        assert whole >= 29


def test_ordinary_questions_stay_as_they_are() -> None:
    some = ordinary()[::25]
    assert len(some) > 900
    changed = [one for one in some if "（" in scrub(one, ()) and "（" not in one]
    assert len(changed) <= len(some) // 100, changed

"""One sentence taken apart, and telling a report from chatter."""

import json
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.days import parse_moment
from language.lengths import parse_minutes
from language.names import mentioned
from language.numerals import readable
from language.sentence import Understood, looks_like_session, understand_session
from tests.language.phrases import NOW
from tests.language.sentences import KINDS, NOT_SESSIONS, PEOPLE, PLACES, REPORTS, Said, said
from tests.tables import each_row

FAQ = Path(__file__).resolve().parents[3] / "shared" / "data" / "faq-examples.jsonl"
WORDS = """
    昨天 下午 上周三 11月3日 3点 到 5点 两小时 1.5h 在 去 学校 大学 实验室 线上 和 王老师 张教授 、
    一起 做 了 的 听 讲座 双缝实验 讨论 ， ( ) 😀 x² 我 共 左右
    yesterday with Prof. Wang for an hour on campus
"""

PIECES = (
    "做实验|和|在|昨天|两小时|第2小时|3点|王老师和|在学| ,|!|，。|了|我|听讲座了|a|与王|讨论怎"
    "|周一、|3、|3号|没来|能算|看了报告|各2小时|把改|我|10月1日到|阿依古丽·|、王老师没"
)


def understand(text: str) -> Understood:
    return understand_session(text, NOW, people=PEOPLE, places=PLACES, kinds=KINDS)


@each_row("row", said())
def test_sentences(row: Said) -> None:
    understood = understand(row.text)
    assert row == Said(
        row.text,
        str(understood.moment.day) if understood.moment else "",
        understood.minutes,
        understood.place,
        understood.kind,
        understood.people,
        understood.what,
    )


@each_row("row", [row for row in said() if row.day or row.minutes])
def test_reports_look_like_sessions(row: Said) -> None:
    only_time = row.what == row.text
    assert looks_like_session(row.text) is not only_time


@each_row("text", REPORTS.strip().splitlines())
def test_further_reports_look_like_sessions(text: str) -> None:
    assert looks_like_session(text)


@each_row("text", NOT_SESSIONS.strip().splitlines())
def test_chatter_does_not(text: str) -> None:
    assert not looks_like_session(text)


def test_policy_questions_do_not() -> None:
    if not FAQ.exists():
        pytest.skip("the shared folder with the example questions is not beside the project")
    questions = [json.loads(line)["question"] for line in FAQ.read_text("utf-8").splitlines()]
    assert len(questions) > 100
    assert [question for question in questions if looks_like_session(question)] == []


def test_the_persons_own_words_are_kept() -> None:
    assert understand("昨天测了１０㎡样地的CO₂，2小时").what == "测了１０㎡样地的CO₂"


def test_a_moment_keeps_its_hours() -> None:
    understood = understand("昨天下午2点到4点半在学校做实验")
    assert understood.moment_said == "昨天下午2点到4点半"
    assert understood.moment == parse_moment("昨天下午2点", NOW)
    assert understood.minutes == 150


@each_row(
    ("text", "people", "named"),
    [
        ("和王老师讨论", ["王建国"], ["王建国"]),
        ("王老师、张教授", ["张伟", "王建国"], ["王建国", "张伟"]),
        ("和李老师", ["李明", "李红"], []),
        ("和李老师", ["李明", "王建国"], ["李明"]),
        ("跟李红老师", ["李明", "李红"], ["李红"]),
        ("欧阳老师指导", ["欧阳修远", "欧阳春"], []),
        ("欧阳教授的讲座", ["欧阳修远"], ["欧阳修远"]),
        ("陈小白老师", ["白敬亭"], []),
        ("刘建国教授", ["王建国"], []),
        ("表面张力实验", ["张力"], []),
        ("和张力做实验", ["张力"], ["张力"]),
        ("with Prof. Wang and Dr Zhang", ["王建国", "张伟"], ["王建国", "张伟"]),
        ("with Prof. Zhang", ["张伟", "章文"], []),
        ("Teacher Smith", ["Anna Smith"], ["Anna Smith"]),
        ("导师和老师", ["王建国"], []),
        ("和王老师", [], []),
        ("和王老师", [""], []),
    ],
)
def test_people(text: str, people: list[str], named: list[str]) -> None:
    assert [mention.name for mention in mentioned(text, people)] == named


def test_two_places_or_kinds_are_for_the_person_to_choose() -> None:
    assert understand("昨天在学校做实验，又去图书馆查资料").place is None
    assert understand("昨天做实验听讲座").kind is None


def test_a_room_is_no_experiment() -> None:
    understood = understand("昨天在实验室听讲座")
    assert (understood.place, understood.kind) == ("lab", "lecture")


def test_an_empty_vocabulary() -> None:
    understood = understand_session("昨天在学校做实验", NOW, people=(), places={}, kinds={})
    assert (understood.place, understood.kind, understood.what) == (None, None, "在学校做实验")


@given(st.text() | st.lists(st.sampled_from(WORDS.split()), max_size=12).map("".join))
def test_whatever_is_typed(text: str) -> None:
    understood = understand(text)
    looks_like_session(text)
    if understood.moment_said is not None:
        assert parse_moment(understood.moment_said, NOW) == understood.moment
    if understood.minutes_said is not None:
        assert parse_minutes(understood.minutes_said) == understood.minutes
    assert "\0" not in understood.what or "\0" in text
    assert understood.what or not readable(text)


@each_row("piece", PIECES.split("|"))
def test_long_input_does_not_hang(piece: str) -> None:
    text = piece * (10_000 // len(piece)) + "x"
    began = process_time()
    understand(text)
    looks_like_session(text)
    assert process_time() - began < 0.5

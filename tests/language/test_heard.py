"""Sentences that were once heard wrongly, and their siblings, kind by kind."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from language.sentence import looks_like_plan, looks_like_session, understand_session
from tests.language.heard import NOW, Heard, heard, table
from tests.tables import each_row

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "heard-wrong.jsonl"


@pytest.mark.parametrize(
    "file",
    [
        "heard_wrong",
        "heard_siblings",
        "heard_siblings_2",
        "heard_siblings_3",
        "heard_held_out",
        "heard_held_out_2",
        "heard_held_out_3",
        "heard_held_out_4",
        "heard_held_out_5",
        "heard_held_out_6",
        "heard_held_out_7",
        "heard_held_out_8",
        "heard_held_out_9",
        "heard_held_out_10",
        "heard_looked_at",
        "heard_looked_at_2",
        "heard_later",
    ],
)
def test_what_was_heard_wrongly(file: str) -> None:
    rows = table(f"{file}.txt")
    assert rows
    assert [(row.text, heard(row), row.right) for row in rows if heard(row) != row.right] == []


def test_the_examples_that_were_handed_over() -> None:
    if not SHARED.exists():
        pytest.skip("the shared folder with the sentences heard wrongly is not beside the project")
    lines = map(json.loads, SHARED.read_text("utf-8").splitlines())
    rows = [
        Heard(line["kind"], line["input"], _right(line), datetime.fromisoformat(line["now"]))
        for line in lines
        if line["kind"][:2].isdigit() and 1 <= int(line["kind"][:2]) <= 20
    ]
    assert len(rows) > 50
    assert [(row.text, heard(row)) for row in rows if heard(row) != row.right] == []


def _right(line: dict[str, object]) -> dict[str, object]:
    asked = {"18": "names", "19": "length", "20": "day"}.get(str(line["kind"])[:2])
    right = line["right"]
    return {asked: right} if asked else right if isinstance(right, dict) else {}


@each_row(
    ("text", "plan"),
    [
        ("下周六要去野外考察", True),
        ("明天下午去学校做实验", True),
        ("今晚9点在线上讨论", True),
        ("明天的讲座在哪", False),
        ("昨天在学校做实验", False),
        ("明天提醒我做实验", False),
        ("明天", False),
    ],
)
def test_plans(text: str, plan: bool) -> None:
    assert looks_like_plan(text, NOW) is plan


def test_a_day_of_this_week_is_a_plan_only_before_it() -> None:
    text = "本周五下午在学校做实验"
    assert not looks_like_session(text, NOW)
    assert looks_like_session(text, datetime(2026, 3, 20, 20, tzinfo=NOW.tzinfo))


def test_what_is_doubted_is_quoted() -> None:
    understood = understand_session("2月30号做了2小时实验", NOW, people=(), places={}, kinds={})
    assert (understood.doubt, understood.doubt_said) == ("no_such_day", "2月30号")

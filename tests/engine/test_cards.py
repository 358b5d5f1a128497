"""Cards: kept as JSON, read from JSON of any age, and said in plain text where nothing draws."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.talk.inputs import match
from bot.talk.message import (
    Button,
    Choice,
    Field,
    Item,
    Message,
    Meter,
    Outgoing,
    ShownMeter,
    as_text,
    bar,
    offered,
    put,
)
from prompts import Both
from tests.tables import each_row

CARD = Message(
    text="读一读。",
    rows=(
        (Choice("a:go", Both("写日志", "Write it"), weight="primary"),),
        (Choice("a:drop:1", Both("放弃", "Drop it"), decides=True, weight="danger"),),
        (Choice("a:menu", Both("菜单", "Menu"), weight="quiet"),),
    ),
    kind="card",
    card="progress",
    files=(3,),
    title=Both("我的进度", "My progress"),
    fields=(
        Field(Both("状态", "State"), Both("已通过", "approved"), "good"),
        Field(Both("时长", "Length"), "90", choice=Choice("=edit:length", Both("改时长", "Edit"))),
    ),
    meters=(
        Meter("培养活动", "已通过 3 · 待审 1", 3, 1, 10, "还差 6", "waiting", "五(三)1"),
        Meter("日志", "已提交 2", 2, 0, choice=Choice("a:diary", "补日志")),
    ),
    items=(
        Item("11月28日 周六", "a:record:7", Both("待审", "waiting"), "waiting"),
        Item("只能看的一行", state="已退回", tone="bad"),
        Item("11月21日 周六", "a:record:6"),
    ),
    note="再想想。",
    clause="出处：附件2",
)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_card_comes_back_from_json_as_it_was(language: str) -> None:
    outgoing = put(CARD, "zh" if language == "zh" else "en")
    stored = json.loads(json.dumps(outgoing.to_json()))
    assert Outgoing.from_json(stored) == outgoing
    assert outgoing.title == ("我的进度" if language == "zh" else "My progress")
    assert outgoing.fields[0].value == ("已通过" if language == "zh" else "approved")
    assert outgoing.items[0].state == ("待审" if language == "zh" else "waiting")


def test_json_holds_only_what_there_is() -> None:
    assert put(Message("好"), "zh").to_json() == {"text": "好", "kind": "text"}
    question = Outgoing("去吗？", ((Button("去", "y"),),), "question", "talk:1", replace="7")
    assert question.to_json() == {
        "text": "去吗？",
        "rows": [[{"label": "去", "press": "y"}]],
        "kind": "question",
        "card": "talk:1",
        "replace": "7",
    }
    body = put(CARD, "zh").to_json()
    assert body["fields"][1] == {
        "label": "时长",
        "value": "90",
        "button": {"label": "改时长", "press": "=edit:length"},
    }
    assert body["items"][2] == {"words": "11月21日 周六", "press": "a:record:6"}
    assert body["meters"][1] == {
        "what": "日志",
        "words": "已提交 2",
        "approved": 2,
        "button": {"label": "补日志", "press": "a:diary"},
    }


def test_bodies_stored_before_there_were_cards_are_still_read() -> None:
    body = {
        "text": "进度\n已提交 1",
        "rows": [[{"label": "菜单", "press": "a:menu"}]],
        "kind": "card",
        "card": "progress",
        "files": [4],
    }
    assert Outgoing.from_json(body) == Outgoing(
        "进度\n已提交 1", ((Button("菜单", "a:menu"),),), "card", "progress", files=(4,)
    )
    menu = Outgoing.from_json({"kind": "text", "commands": [["menu", "菜单"]]})
    assert menu.commands == (("menu", "菜单"),)


def test_what_a_later_release_stored_is_passed_over() -> None:
    body = put(CARD, "zh").to_json()
    body["pictures"] = ["x"]
    body["items"][0]["icon"] = "★"
    body["rows"][0][0]["colour"] = "red"
    assert Outgoing.from_json(body) == put(CARD, "zh")


def test_everything_that_can_be_pressed_can_be_typed_by_its_number_and_its_words() -> None:
    outgoing = put(CARD, "zh")
    choices = offered(outgoing, CARD)
    assert [value for _, value, _ in choices] == [
        "a:record:7",
        "a:record:6",
        "a:diary",
        "=edit:length",
        "a:go",
        "a:drop:1",
        "a:menu",
    ]
    typed = [Choice(value, label) for label, value, _ in choices]
    for number, choice in enumerate(typed, 1):
        for words in (str(number), str(choice.label)):
            assert match(words, typed, "zh") == choice
    assert "1. 11月28日 周六 · 待审" in as_text(outgoing)
    assert "2. 11月21日 周六" in as_text(outgoing)


def test_only_what_decides_is_asked_once_more_and_says_what_it_is_about() -> None:
    about = {value: about for _, value, about in offered(put(CARD, "zh"), CARD) if about}
    assert list(about) == ["a:drop:1"]
    assert about["a:drop:1"].startswith("我的进度\n\n读一读。")


def test_plain_text_says_all_that_a_card_says() -> None:
    told = as_text(put(CARD, "zh"))
    assert told == "\n\n".join(
        (
            "我的进度",
            "读一读。",
            "状态：已通过\n时长：90",
            "培养活动 · 还差 6\n  ▰▰▰▨▱▱▱▱▱▱ 已通过 3 · 待审 1 五(三)1\n日志\n  已提交 2",
            "1. 11月28日 周六 · 待审\n· 只能看的一行 · 已退回\n2. 11月21日 周六",
            "再想想。",
            "出处：附件2",
        )
    )
    assert as_text(put(CARD, "zh")) == told
    assert as_text(Outgoing("好", ((Button("去", "y"),),))) == "好"


@each_row(
    ("approved", "waiting", "needed", "drawn"),
    [
        (0, 0, 4, "▱▱▱▱"),
        (1, 2, 4, "▰▨▨▱"),
        (0, 4, 4, "▨▨▨▨"),
        (4, 3, 4, "▰▰▰▰"),
        (9, 0, 4, "▰▰▰▰"),
        (1, 0, 40, "▰▱▱▱▱▱▱▱▱▱"),
        (0, 1, 40, "▨▱▱▱▱▱▱▱▱▱"),
        (20, 1, 40, "▰▰▰▰▰▨▱▱▱▱"),
        (39, 1, 40, "▰▰▰▰▰▰▰▰▰▨"),
        (39, 0, 40, "▰▰▰▰▰▰▰▰▰▱"),
        (3, 1, 0, ""),
    ],
)
def test_a_bar_is_full_only_if_everything_is_approved(
    approved: int, waiting: int, needed: int, drawn: str
) -> None:
    assert bar(ShownMeter("x", "y", approved, waiting, needed)) == drawn


def test_a_choice_is_plain_unless_it_says_otherwise() -> None:
    choice = Choice("a:go", "去")
    assert put(Message("去吗？", ((choice, replace(choice, weight="danger")),)), "zh").rows == (
        (Button("去", "a:go", "plain"), Button("去", "a:go", "danger")),
    )

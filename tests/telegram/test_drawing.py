"""How a card looks in Telegram: text, entities and keyboard, and what outlives the cutting."""

from __future__ import annotations

from typing import get_args

import pytest

from bot.platforms.telegram.drawing import STYLES, Drawn, Entity, Key, Piece, draw, units
from bot.platforms.telegram.text import split
from bot.talk.message import (
    Button,
    Outgoing,
    ShownField,
    ShownItem,
    ShownLink,
    ShownMeter,
    Weight,
)
from tests.telegram.spec import spec

CARD = Outgoing(
    text="🔬 读一读。",
    rows=(
        (Button("提交", "a:send", "primary"),),
        (Button("退回", "a:back", "danger"), Button("菜单", "a:menu", "quiet")),
    ),
    kind="card",
    card="record:1",
    title="👩‍🔬 林小雨",
    fields=(
        ShownField("状态", "已通过", "good"),
        ShownField("Length", "90", button=Button("改时长", "edit:length")),
    ),
    meters=(
        ShownMeter("培养活动", "已通过 3 · 待审 1", 3, 1, 10, "还差 6", "waiting", "五(三)1"),
        ShownMeter("日志", "已提交 2", 2, 0, button=Button("补日志", "a:diary")),
    ),
    items=(
        ShownItem("11月28日 周六", "a:record:7", "待审", "waiting"),
        ShownItem("看不了的一行", state="已退回", tone="bad"),
    ),
    note="再想想。",
    clause="出处：附件2",
)


def stretches(piece: Drawn | Piece) -> list[tuple[str, str]]:
    """What each entity covers, as Telegram finds it."""
    coded = piece.text.encode("utf-16-le")
    return [
        (one.type, coded[2 * one.offset : 2 * (one.offset + one.length)].decode("utf-16-le"))
        for one in piece.entities
    ]


def test_a_page_of_ours_opens_within_telegram_and_beside_it() -> None:
    link = ShownLink("打开管理页面", "https://yingcai.example.org/console", ours=True)
    keys = draw(Outgoing("看", links=(link,))).keyboard[0]
    assert [(key.label, key.opens, key.within) for key in keys] == [
        ("打开管理页面", "https://yingcai.example.org/from/telegram?to=%2Fconsole", True),
        ("打开管理页面 ↗", "https://yingcai.example.org/console", False),
    ]
    # Telegram opens nothing within itself that is not encrypted.
    (key,) = draw(Outgoing("看", links=(link._replace(url="http://a.example/console"),))).keyboard[
        0
    ]
    assert not key.within


def test_words_to_be_edited_are_copied_by_a_button_and_by_a_tap() -> None:
    drawn = draw(Outgoing("改成什么？", CARD.rows, draft="做双缝实验", copy="复制原文"))
    assert drawn.text == "改成什么？\n\n做双缝实验"
    assert stretches(drawn) == [("pre", "做双缝实验")]
    assert drawn.keyboard[0] == (Key("复制原文", "", copies="做双缝实验"),)
    long = draw(Outgoing("改成什么？", draft="长" * 257, copy="复制原文"))
    assert stretches(long) == [("pre", "长" * 257)]
    assert long.keyboard == ()


def test_a_card_is_drawn_with_all_that_it_says() -> None:
    drawn = draw(CARD)
    assert drawn.text == "\n\n".join(
        (
            "👩‍🔬 林小雨",
            "🔬 读一读。",
            "状态：✅ 已通过\nLength: 90",
            "培养活动 ⏳ 还差 6\n▰▰▰▨▱▱▱▱▱▱ 已通过 3 · 待审 1\n五(三)1\n日志\n已提交 2",
            "· ❗ 看不了的一行 · 已退回",
            "再想想。",
            "出处：附件2",
        )
    )
    assert stretches(drawn) == [
        ("bold", "👩‍🔬 林小雨"),
        ("bold", "状态："),
        ("bold", "Length:"),
        ("bold", "培养活动"),
        ("italic", "五(三)1"),
        ("bold", "日志"),
        ("italic", "出处：附件2"),
    ]


def test_the_keyboard_holds_items_ways_on_and_changes_with_their_styles() -> None:
    assert draw(CARD).keyboard == (
        (Key("⏳ 11月28日 周六 · 待审", "a:record:7"),),
        (Key("补日志", "a:diary"),),
        (Key("改时长", "edit:length"),),
        (Key("提交", "a:send", "primary"),),
        (Key("退回", "a:back", "danger"), Key("菜单", "a:menu")),
    )


def test_a_list_too_long_for_buttons_stands_in_the_text_by_number() -> None:
    long = "Autonomous study in the school library, 2 h 30 min"
    drawn = draw(
        Outgoing(
            items=(
                ShownItem(long, "a:record:7", "waits for Zhao Yiming", "waiting"),
                ShownItem("only to be read"),
                ShownItem("28 Nov", "a:record:6", "approved", "good"),
            )
        )
    )
    assert drawn.text.splitlines() == [
        f"1. ⏳ {long} · waits for Zhao Yiming",
        "· only to be read",
        "2. ✅ 28 Nov · approved",
    ]
    assert [key.label for (key,) in drawn.keyboard] == [f"1. {long}", "2. 28 Nov"]


def test_prose_is_left_as_it_is() -> None:
    words = "<b>*a*_b_</b> [x](http://y)\n\n\n & `z` \\ 🔬\n"
    rows = ((Button("去", "y", "primary"),),)
    assert draw(Outgoing(words, rows)) == Drawn(words, (), ((Key("去", "y", "primary"),),))


def test_every_weight_has_a_style_that_telegram_knows() -> None:
    assert set(STYLES) == set(get_args(Weight))
    described = spec()
    if described is None:
        pytest.skip("the Bot API's description is not beside the project")
    fields = described["types"]["InlineKeyboardButton"]["fields"]
    (style,) = (field for field in fields if field["name"] == "style")
    for name in filter(None, STYLES.values()):
        assert f'"{name}"' in style["description"]


@pytest.mark.parametrize("limit", [12, 30, 61, 4096])
def test_entities_outlive_the_cutting(limit: int) -> None:
    drawn = draw(CARD)
    pieces = drawn.shared_among(split(drawn.text, limit))
    assert all(units(piece.text) <= limit for piece in pieces)
    kept = "".join(words for piece in pieces for _, words in stretches(piece))
    whole = "".join(words for _, words in stretches(drawn))
    assert kept.replace(" ", "") == whole.replace(" ", "")
    for piece in pieces:
        for one in piece.entities:
            assert one.length > 0
            assert one.offset >= 0
            assert one.offset + one.length <= units(piece.text)


def test_words_that_come_twice_keep_their_own_entities() -> None:
    drawn = Drawn("a\n\na", (Entity("bold", 3, 1),))
    assert drawn.shared_among(["a", "a"]) == (Piece("a"), Piece("a", (Entity("bold", 0, 1),)))


def test_a_page_that_only_this_machine_serves_is_an_address_to_read() -> None:
    """Telegram refuses a whole message for a button with such an address."""
    local = (ShownLink("核验网页", "http://127.0.0.1:8080/verify"),)
    drawn = draw(CARD._replace(links=local))
    assert "核验网页：http://127.0.0.1:8080/verify" in drawn.text
    assert not any(key.opens for row in drawn.keyboard for key in row)
    assert (
        "localhost/x" in draw(Outgoing("看", links=(ShownLink("页", "http://localhost/x"),))).text
    )


def test_what_is_to_be_pasted_elsewhere_is_copied_by_a_tap() -> None:
    drawn = draw(Outgoing(title="官网填报", fields=(ShownField("日志", "看到条纹", copied=True),)))
    assert drawn.text == "官网填报\n\n日志：看到条纹"
    [code] = [one for one in drawn.entities if one.type == "code"]
    assert drawn.text[code.offset : code.offset + code.length] == "看到条纹"

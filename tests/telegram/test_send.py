"""What people see of what we send, and what we are told when they do not see it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp
import httpx
import pytest
from aiohttp import RequestInfo
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bot.platforms.contract import (
    DeliveryError,
    FateUnknown,
    FileTooLarge,
    Platform,
    TryLater,
    Unreachable,
    Unsent,
    Unserved,
)
from bot.platforms.telegram.drawing import units
from bot.platforms.telegram.messenger import Telegram
from bot.platforms.telegram.text import split
from bot.talk.message import Button, Outgoing
from tests.tables import each_row
from tests.telegram.bot_api import (
    MEGABYTE,
    BotApi,
    Person,
    Trouble,
    broken,
    conflict,
    dropped,
    garbled,
    gateway,
    slow,
    too_many,
)
from tests.telegram.conftest import MakeBot, Shelf

JPEG = b"\xff\xd8\xff a photo"
ROWS = (
    (Button("我参加", "q:7:3:=yes"), Button("不参加", "q:7:3:=no")),
    (Button("返回", "q:7:3:back"),),
)


async def send(bot: Telegram, to: Person, message: Outgoing, earlier: str | None = None) -> str:
    return await bot.send(1, str(to.id), message, earlier)


# ---------------------------------------------------------------- words and buttons


def test_it_is_a_platform(bot: Telegram) -> None:
    platform: Platform = bot
    assert platform.name == "telegram"
    assert platform.capabilities.edits
    assert not platform.capabilities.idempotent


async def test_words_and_buttons_arrive(bot: Telegram, lin: Person) -> None:
    sent = await send(bot, lin, Outgoing("参加吗？", ROWS))
    shown = lin.chat[-1]
    assert (shown.text, sent) == ("参加吗？", str(shown.id))
    assert shown.buttons == [[(b.label, b.press) for b in row] for row in ROWS]


async def test_words_to_be_edited_can_be_copied(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    await send(bot, lin, Outgoing("改成什么？", ROWS, draft="做双缝实验", copy="复制原文"))
    (call,) = telegram.calls_of("sendMessage")
    first, *others = json.loads(call.parameters["reply_markup"])["inline_keyboard"]
    assert first == [{"text": "复制原文", "copy_text": {"text": "做双缝实验"}}]
    assert len(others) == len(ROWS)


async def test_words_are_shown_as_they_are(bot: Telegram, lin: Person) -> None:
    words = "<b>*a*_b_</b> [x](http://y) & `z` \\ 🔬"
    await send(bot, lin, Outgoing(words))
    assert lin.reads == [words]


async def test_telegram_fetches_no_link_that_may_be_used_once(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    sent = await send(bot, lin, Outgoing("http://127.0.0.1/in/ONCE"))
    await send(bot, lin, Outgoing("http://127.0.0.1/in/TWICE"), sent)
    for method in ("sendMessage", "editMessageText"):
        (call,) = telegram.calls_of(method)
        assert json.loads(call.parameters["link_preview_options"]) == {"is_disabled": True}


async def test_a_card_is_replaced_where_it_stands(bot: Telegram, lin: Person) -> None:
    first = await send(bot, lin, Outgoing("待审 3", ROWS, "card", "queue"))
    card = lin.chat[-1]
    lin.says("好")
    again = await send(bot, lin, Outgoing("待审 2", ROWS[:1], "card", "queue"), first)
    assert again == first
    assert (card.text, card.labels) == ("待审 2", ["我参加", "不参加"])
    await send(bot, lin, Outgoing("都审完了", (), "card", "queue"), first)
    assert (card.text, card.labels) == ("都审完了", [])
    assert lin.reads == ["都审完了"]


async def test_the_same_edit_again_is_as_good_as_made(bot: Telegram, lin: Person) -> None:
    first = await send(bot, lin, Outgoing("待审 3", ROWS))
    assert await send(bot, lin, Outgoing("待审 3", ROWS), first) == first
    assert lin.reads == ["待审 3"]


async def test_an_edit_whose_fate_is_unknown_may_be_made_again(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    first = await send(bot, lin, Outgoing("待审 3"))
    telegram.trouble("editMessageText", dropped(acts=True))
    with pytest.raises(TryLater):
        await send(bot, lin, Outgoing("待审 2"), first)
    assert await send(bot, lin, Outgoing("待审 2"), first) == first
    assert lin.reads == ["待审 2"]


async def test_what_cannot_be_edited_is_sent_anew(
    bot: Telegram, telegram: BotApi, shelf: Shelf, lin: Person
) -> None:
    picture = await send(bot, lin, Outgoing("", files=(shelf.put("a.jpg", "image/jpeg", JPEG),)))
    for gone in ("999999", str(lin.chat[0].id), picture):
        new = await send(bot, lin, Outgoing(f"代替 {gone}", ROWS), gone)
        assert new not in (gone, picture)
        assert lin.chat[-1].text == f"代替 {gone}"
        assert lin.chat[-1].labels == ["我参加", "不参加", "返回"]


async def test_what_takes_no_earlier_place_is_sent(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    await send(bot, lin, Outgoing("新的"))
    assert telegram.calls_of("editMessageText") == []
    assert lin.reads == ["新的"]


async def test_an_edit_that_fails_otherwise_is_not_sent_anew(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    first = await send(bot, lin, Outgoing("待审 3"))
    telegram.trouble("editMessageText", too_many(7))
    with pytest.raises(TryLater) as caught:
        await send(bot, lin, Outgoing("待审 2"), first)
    assert caught.value.seconds == 7
    assert lin.reads == ["待审 3"]


@pytest.mark.parametrize("press", ["", "字" * 22])
async def test_a_button_must_fit(bot: Telegram, telegram: BotApi, lin: Person, press: str) -> None:
    with pytest.raises(Unsent, match="bytes"):
        await send(bot, lin, Outgoing("选", ((Button("甲", press),),)))
    assert telegram.calls == []


async def test_a_button_may_be_full(bot: Telegram, lin: Person) -> None:
    await send(bot, lin, Outgoing("选", ((Button("甲", "字" * 21 + "x"),),)))
    assert lin.chat[-1].labels == ["甲"]


@pytest.mark.parametrize("text", ["", " \n "])
async def test_nothing_is_no_message(bot: Telegram, lin: Person, text: str) -> None:
    with pytest.raises(Unsent):
        await send(bot, lin, Outgoing(text))
    assert lin.reads == []


# ---------------------------------------------------------------- looks

STYLED = Outgoing(
    "王建国 已提交",
    ((Button("通过", "a:ok:1", "primary"), Button("退回", "a:no:1", "danger")),),
    title="待审",
)
NO_STYLE = broken(400, "Bad Request: can't parse inline keyboard button: unexpected field style")


def styles(telegram: BotApi, method: str = "sendMessage") -> list[list[str | None]]:
    """The styles of the first row's buttons, of each call."""
    return [
        [
            key.get("style")
            for key in json.loads(call.parameters["reply_markup"])["inline_keyboard"][0]
        ]
        for call in telegram.calls_of(method)
    ]


async def test_what_weighs_more_looks_so(bot: Telegram, telegram: BotApi, lin: Person) -> None:
    first = await send(bot, lin, STYLED)
    await send(bot, lin, STYLED._replace(title="已审"), first)
    assert styles(telegram) == styles(telegram, "editMessageText") == [["primary", "danger"]]
    (call,) = telegram.calls_of("sendMessage")
    assert json.loads(call.parameters["entities"]) == [{"type": "bold", "offset": 0, "length": 2}]
    assert "parse_mode" not in call.parameters


async def test_a_server_that_knows_no_styles_gets_none(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    telegram.trouble("sendMessage", NO_STYLE)
    await send(bot, lin, STYLED)
    await send(bot, lin, STYLED)
    assert styles(telegram) == [["primary", "danger"], [None, None], [None, None]]
    assert len(lin.reads) == 2


async def test_a_keyboard_refused_without_a_style_is_refused(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    telegram.trouble("sendMessage", NO_STYLE)
    with pytest.raises(Unsent):
        await send(bot, lin, Outgoing("参加吗？", ROWS))
    assert len(telegram.calls_of("sendMessage")) == 1


async def test_a_caption_keeps_its_looks(
    bot: Telegram, telegram: BotApi, shelf: Shelf, lin: Person
) -> None:
    files = tuple(shelf.put(f"{n}.jpg", "image/jpeg", JPEG) for n in range(2))
    await send(bot, lin, STYLED._replace(files=files[:1]))
    (call,) = telegram.calls_of("sendPhoto")
    bold = [{"type": "bold", "offset": 0, "length": 2}]
    assert json.loads(call.parameters["caption_entities"]) == bold
    await send(bot, lin, STYLED._replace(files=files, rows=()))
    (album,) = telegram.calls_of("sendMediaGroup")
    assert json.loads(album.parameters["media"])[0]["caption_entities"] == bold


# ---------------------------------------------------------------- long texts


async def test_a_long_text_comes_in_pieces_with_the_buttons_last(
    bot: Telegram, lin: Person
) -> None:
    paragraphs = [f"第{n}段" + "实验" * 700 for n in range(5)]
    sent = await send(bot, lin, Outgoing("\n\n".join(paragraphs), ROWS))
    assert lin.reads == ["\n\n".join(paragraphs[:2]), "\n\n".join(paragraphs[2:4]), paragraphs[4]]
    assert [bool(shown.buttons) for shown in lin.chat[1:]] == [False, False, True]
    assert sent == str(lin.chat[-1].id)


async def test_a_long_text_replaces_nothing(bot: Telegram, lin: Person) -> None:
    first = await send(bot, lin, Outgoing("短"))
    await send(bot, lin, Outgoing("长" * 5000), first)
    assert [len(words) for words in lin.reads] == [1, 4096, 904]


async def test_a_pause_in_the_middle_is_waited_out(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    telegram.trouble("sendMessage", Trouble(acts=True), too_many(1))
    await send(bot, lin, Outgoing("长" * 5000))
    assert [len(words) for words in lin.reads] == [4096, 904]
    second, third = telegram.calls_of("sendMessage")[1:]
    assert third.at - second.at >= 1


@pytest.mark.parametrize("trouble", [dropped(acts=False), broken(400, "Bad Request: odd")])
async def test_a_message_half_shown_is_never_sent_again_as_a_whole(
    bot: Telegram, telegram: BotApi, lin: Person, trouble: Trouble
) -> None:
    telegram.trouble("sendMessage", Trouble(acts=True), trouble)
    with pytest.raises(FateUnknown, match="partly"):
        await send(bot, lin, Outgoing("长" * 5000))
    assert [len(words) for words in lin.reads] == [4096]


WHOLE = ("👩‍🔬", "🇨🇳", "👍🏽", "e\u0301", "1️⃣", "🏴\U000e0067\U000e0062\U000e007f", "𠮷")


@each_row("cluster", WHOLE)
@each_row("before", range(9))
def test_what_people_see_as_one_is_not_cut(cluster: str, before: int) -> None:
    pieces = split("字" * before + cluster * 8, 10)
    assert "".join(pieces) == "字" * before + cluster * 8
    for piece in pieces:
        assert units(piece) <= 10
        assert len(piece.lstrip("字")) % len(cluster) == 0


def test_a_cluster_longer_than_a_message_is_cut_all_the_same() -> None:
    endless = "e" + "\u0301" * 50
    pieces = split(endless, 10)
    assert "".join(pieces) == endless
    assert max(map(units, pieces)) <= 10


@each_row(
    ("text", "pieces"),
    [
        ("a" * 10, ["a" * 10]),
        ("a" * 11, ["a" * 10, "a"]),
        ("aaaaaa\n\nbbbb\nccc", ["aaaaaa", "bbbb\nccc"]),
        ("aaaaaa\nbbbb ccc", ["aaaaaa", "bbbb ccc"]),
        ("aaaaa。bb cc dd", ["aaaaa。", "bb cc dd"]),
        ("aaaaaa bbbbbb", ["aaaaaa", "bbbbbb"]),
        ("a\nbbbbbbbbbbbb", ["a\nbbbbbbbb", "bbbb"]),
        ("aaaaaaa\n  bbbbbbb", ["aaaaaaa", "  bbbbbbb"]),
        ("\n" * 30 + "a", ["a"]),
        (" " * 30, []),
    ],
)
def test_where_a_text_is_cut(text: str, pieces: list[str]) -> None:
    assert split(text, 10) == pieces


@given(st.text(alphabet="ab字。 \n👩🔬\u200d\u0301🇨🇳𠮷", max_size=120), st.integers(4, 30))
def test_cutting_loses_nothing_but_blanks(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(units(piece) <= limit and piece.strip() for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


@pytest.mark.parametrize(("text", "length"), [("", 0), ("a字", 2), ("𠮷", 2), ("👩‍🔬", 5)])
def test_units_are_utf16(text: str, length: int) -> None:
    assert units(text) == length


# ---------------------------------------------------------------- files


async def test_a_photo_and_a_document(bot: Telegram, shelf: Shelf, lin: Person) -> None:
    photo = shelf.put("台面.jpg", "image/jpeg", JPEG)
    paper = shelf.put("报告.pdf", "application/pdf", b"%PDF")
    await send(bot, lin, Outgoing("看图", ROWS, files=(photo,)))
    await send(bot, lin, Outgoing("看报告", files=(paper,)))
    one, two = lin.chat[1:]
    assert one.file
    assert two.file
    assert (one.file.kind, one.file.content, one.text) == ("photo", JPEG, "看图")
    assert one.labels == ["我参加", "不参加", "返回"]
    assert (two.file.kind, two.file.name, two.file.content) == ("document", "报告.pdf", b"%PDF")
    assert two.text == "看报告"


async def test_photos_make_an_album_and_documents_another(
    bot: Telegram, shelf: Shelf, lin: Person
) -> None:
    files = [shelf.put(f"{n}.jpg", "image/jpeg", JPEG + bytes([n])) for n in range(3)]
    files += [shelf.put(f"{n}.pdf", "application/pdf", b"%PDF") for n in range(2)]
    sent = await send(bot, lin, Outgoing("都在这里", ROWS, files=tuple(files)))
    kinds = [shown.file.kind if shown.file else "text" for shown in lin.chat[1:]]
    assert kinds == ["photo"] * 3 + ["document"] * 2 + ["text"]
    assert len({shown.album for shown in lin.chat[1:4]}) == 1
    assert [s.file.content for s in lin.chat[1:4] if s.file] == [
        JPEG + bytes([n]) for n in (0, 1, 2)
    ]
    assert (lin.chat[-1].text, sent) == ("都在这里", str(lin.chat[-1].id))
    assert lin.chat[-1].buttons


async def test_an_album_has_no_buttons_so_the_words_bear_them(
    bot: Telegram, shelf: Shelf, lin: Person
) -> None:
    files = tuple(shelf.put(f"{n}.jpg", "image/jpeg", JPEG) for n in range(2))
    await send(bot, lin, Outgoing("两张", ROWS, files=files))
    assert lin.reads == ["", "", "两张"]
    assert lin.chat[-1].labels == ["我参加", "不参加", "返回"]


async def test_an_album_bears_its_words_when_no_button_needs_them(
    bot: Telegram, shelf: Shelf, lin: Person
) -> None:
    files = tuple(shelf.put(f"{n}.jpg", "image/jpeg", JPEG) for n in range(2))
    sent = await send(bot, lin, Outgoing("两张", files=files))
    assert lin.reads == ["两张", ""]
    assert sent == str(lin.chat[-1].id)


async def test_more_than_an_album_holds(bot: Telegram, shelf: Shelf, lin: Person) -> None:
    files = tuple(shelf.put(f"{n}.jpg", "image/jpeg", JPEG) for n in range(11))
    await send(bot, lin, Outgoing("", files=files))
    assert len([shown for shown in lin.chat if shown.file]) == 11
    assert lin.chat[-1].album == ""


@pytest.mark.parametrize("card", ["queue", ""])
async def test_words_too_long_for_a_caption_and_cards_stand_apart(
    bot: Telegram, shelf: Shelf, lin: Person, card: str
) -> None:
    words = "短" if card else "长" * 1025
    file = shelf.put("1.jpg", "image/jpeg", JPEG)
    sent = await send(bot, lin, Outgoing(words, ROWS, card=card, files=(file,)))
    assert lin.reads == ["", words]
    assert await send(bot, lin, Outgoing("改", card=card), sent) == sent


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("很长的截图.png", b"no photo Telegram would take"),
        ("巨图.jpg", JPEG + bytes(10 * MEGABYTE)),
    ],
)
async def test_a_picture_telegram_takes_for_no_photo_goes_as_a_file(
    bot: Telegram, shelf: Shelf, lin: Person, name: str, content: bytes
) -> None:
    file = shelf.put(name, "image/png", content)
    await send(bot, lin, Outgoing("看", ROWS, files=(file,)))
    (shown,) = lin.chat[1:]
    assert shown.file
    assert (shown.file.kind, shown.file.name, shown.text) == ("document", name, "看")


async def test_a_file_that_is_gone_is_not_sent(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    with pytest.raises(Unsent, match="file 99"):
        await send(bot, lin, Outgoing("看", files=(99,)))
    assert telegram.calls == []


async def test_buttons_are_not_dropped_for_want_of_words(
    bot: Telegram, telegram: BotApi, shelf: Shelf, lin: Person
) -> None:
    files = tuple(shelf.put(f"{n}.jpg", "image/jpeg", JPEG) for n in range(2))
    with pytest.raises(Unsent, match="buttons"):
        await send(bot, lin, Outgoing("", ROWS, files=files))
    assert telegram.calls == []


# ---------------------------------------------------------------- when it does not arrive


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (too_many(17), TryLater),
        (broken(500), Unserved),
        (broken(503, "Service Unavailable"), Unserved),
        (gateway(502), Unserved),
        (gateway(504), FateUnknown),
        (Trouble(403, page="<html>the company's proxy</html>"), Unserved),
        (Trouble(200, page="<html>a hotel's welcome page</html>"), FateUnknown),
        (Trouble(500, page='{"error": "no ok in it"}'), Unserved),
        (Trouble(302, page="moved"), Unserved),
        (garbled(), FateUnknown),
        (dropped(acts=True), FateUnknown),
        (dropped(acts=False), FateUnknown),
        (slow(0.6), FateUnknown),
        (broken(401, "Unauthorized"), TryLater),
        (broken(404, "Not Found"), TryLater),
        (broken(403, "Forbidden: bot was blocked by the user"), Unreachable),
        (broken(403, "Forbidden: user is deactivated"), Unreachable),
        (broken(403, "Forbidden: bot was kicked from the group chat"), Unreachable),
        (broken(403, "Forbidden: bot can't initiate conversation with a user"), Unreachable),
        (broken(400, "Bad Request: chat not found"), Unreachable),
        (broken(400, "Bad Request: PEER_ID_INVALID"), Unreachable),
        (
            broken(400, "Bad Request: group chat was upgraded to a supergroup chat"),
            Unreachable,
        ),
        (broken(400, "Bad Request: message is too long"), Unsent),
        (broken(413, "Request Entity Too Large"), Unsent),
        (conflict(), Unsent),
    ],
    ids=str,
)
async def test_what_each_failure_means(
    make_bot: MakeBot, telegram: BotApi, lin: Person, trouble: Trouble, error: type[DeliveryError]
) -> None:
    bot = make_bot(answer_seconds=0.3 if trouble.delay else 5)
    telegram.trouble("sendMessage", trouble)
    with pytest.raises(DeliveryError) as caught:
        await send(bot, lin, Outgoing("不该出现在错误里的话"))
    assert type(caught.value) is error
    assert "不该出现" not in repr(caught.value)
    assert lin.reads == (["不该出现在错误里的话"] if trouble.acts else [])
    assert len(telegram.calls) == 1, "nothing is repeated here"


async def test_how_long_and_for_whom_to_wait(bot: Telegram, telegram: BotApi, lin: Person) -> None:
    telegram.trouble("sendMessage", too_many(17), broken(500), broken(401, "Unauthorized"))
    waits = []
    for _ in range(3):
        with pytest.raises(TryLater) as caught:
            await send(bot, lin, Outgoing("好"))
        waits.append((caught.value.seconds, caught.value.everyone))
    assert waits == [(17, False), (0, False), (60, True)]


async def test_which_call_has_failed_is_told(bot: Telegram, telegram: BotApi, lin: Person) -> None:
    telegram.trouble("sendMessage", broken(500), gateway(502), too_many(1), dropped(acts=False))
    for _ in range(4):
        with pytest.raises(DeliveryError) as caught:
            await send(bot, lin, Outgoing("好"))
        assert caught.value.method == "sendMessage"
    telegram.trouble("setMyCommands", broken(500))
    with pytest.raises(Unserved) as unserved:
        await bot.offer(str(lin.id), MENU)
    assert unserved.value.method == "setMyCommands"


async def test_whether_telegram_answers_at_all(bot: Telegram, telegram: BotApi) -> None:
    telegram.trouble("getMe", broken(500), gateway(502))
    assert [await bot.answers() for _ in range(3)] == [False, False, True]
    await telegram.shut()
    assert not await bot.answers()
    await telegram.open()


async def test_a_message_costs_at_least_as_many_calls_as_it_takes(
    bot: Telegram, telegram: BotApi, shelf: Shelf, lin: Person
) -> None:
    photos = tuple(shelf.put(f"{n}.jpg", "image/jpeg", JPEG) for n in range(12))
    table = shelf.put("表.xlsx", "application/zip", b"PK")
    for said in (
        Outgoing("短"),
        Outgoing("长" * 5000),
        Outgoing("", files=photos[:1]),
        Outgoing("看图", files=photos),
        Outgoing("都在这里" * 800, files=(*photos, table)),
    ):
        before = len(telegram.calls)
        await send(bot, lin, said)
        assert len(telegram.calls) - before <= bot.cost(said) <= 5
    assert bot.cost(Outgoing("短")) == 1


async def test_a_refused_connection_sent_nothing(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    await telegram.shut()
    with pytest.raises(TryLater) as caught:
        await send(bot, lin, Outgoing("好"))
    assert caught.value.everyone
    await telegram.open()
    await send(bot, lin, Outgoing("好"))
    assert lin.reads == ["好"]


@pytest.mark.parametrize(
    ("cause", "error"),
    [
        (httpx.ConnectError, TryLater),
        (httpx.ConnectTimeout, TryLater),
        (httpx.PoolTimeout, TryLater),
        (httpx.ProxyError, TryLater),
        (httpx.ReadError, FateUnknown),
        (httpx.ReadTimeout, FateUnknown),
        (httpx.WriteError, FateUnknown),
        (httpx.WriteTimeout, FateUnknown),
        (httpx.RemoteProtocolError, FateUnknown),
        (httpx.DecodingError, FateUnknown),
    ],
)
@pytest.mark.parametrize("make_calls", ["ptb"], indirect=True)
async def test_how_far_a_call_came_by_httpx(
    bot: Telegram,
    lin: Person,
    monkeypatch: pytest.MonkeyPatch,
    cause: type[httpx.HTTPError],
    error: type[DeliveryError],
) -> None:
    """Each way httpx can fail, below the library."""

    async def fail(*args: object, **kwargs: object) -> None:
        raise cause("with https://127.0.0.1/botTOKEN/ in it")

    monkeypatch.setattr(httpx.AsyncClient, "request", fail)
    await _fails(bot, lin, error)


KEY = ConnectionKey("127.0.0.1", 443, True, True, None, None, None)
REQUEST = RequestInfo(URL("https://127.0.0.1/botTOKEN/"), "POST", CIMultiDictProxy(CIMultiDict()))


@pytest.mark.parametrize(
    ("cause", "error"),
    [
        (aiohttp.ClientConnectorError(KEY, OSError("no route")), TryLater),
        (aiohttp.ClientConnectorDNSError(KEY, OSError("no name")), TryLater),
        (aiohttp.ClientConnectorSSLError(KEY, OSError("no trust")), TryLater),
        (aiohttp.ClientProxyConnectionError(KEY, OSError("no proxy")), TryLater),
        (aiohttp.ClientHttpProxyError(REQUEST, (), status=407), TryLater),
        (aiohttp.ConnectionTimeoutError("no free connection"), TryLater),
        (aiohttp.InvalidURL("http://botTOKEN"), TryLater),
        (aiohttp.SocketTimeoutError("TOKEN"), FateUnknown),
        (aiohttp.ServerDisconnectedError("TOKEN"), FateUnknown),
        (aiohttp.ClientOSError("TOKEN"), FateUnknown),
        (aiohttp.ClientConnectionResetError("TOKEN"), FateUnknown),
        (aiohttp.ClientPayloadError("TOKEN"), FateUnknown),
        (TimeoutError("TOKEN"), FateUnknown),
        (ValueError("TOKEN"), FateUnknown),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("make_calls", ["aiogram"], indirect=True)
async def test_how_far_a_call_came_by_aiohttp(
    bot: Telegram,
    lin: Person,
    monkeypatch: pytest.MonkeyPatch,
    cause: Exception,
    error: type[DeliveryError],
) -> None:
    """Each way aiohttp can fail, below the library."""

    async def fail(*args: object, **kwargs: object) -> None:
        raise cause

    monkeypatch.setattr(aiohttp.ClientSession, "_request", fail)
    await _fails(bot, lin, error)


async def _fails(bot: Telegram, lin: Person, error: type[DeliveryError]) -> None:
    with pytest.raises(error) as caught:
        await send(bot, lin, Outgoing("好"))
    assert type(caught.value) is error
    assert "TOKEN" not in str(caught.value)


async def test_a_message_that_came_back_odd_was_shown_all_the_same(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    """One emulator gives our own parameters back as they were sent."""
    shown = {
        "message_id": 7,
        "date": 1790000000,
        "chat": lin.own_chat,
        "link_preview_options": '{"is_disabled": true}',
        "reply_markup": 7,
    }
    page = json.dumps({"ok": True, "result": shown})
    telegram.trouble("sendMessage", Trouble(200, page=page))
    assert await send(bot, lin, Outgoing("好")) == "7"


async def test_an_answer_the_library_cannot_read_was_still_an_answer(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    telegram.trouble("sendMessage", Trouble(200, page='{"ok": true, "result": {"message_id": 1}}'))
    assert await send(bot, lin, Outgoing("好")) == "1"
    telegram.trouble("sendMessage", Trouble(200, page='{"ok": true, "result": true}'))
    with pytest.raises(FateUnknown):
        await send(bot, lin, Outgoing("好"))


async def test_who_blocked_us_and_who_never_came(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    lin.blocks()
    with pytest.raises(Unreachable, match="blocked"):
        await send(bot, lin, Outgoing("在吗"))
    with pytest.raises(Unreachable, match="initiate"):
        await send(bot, telegram.person("王老师"), Outgoing("您好"))
    lin.returns()
    await send(bot, lin, Outgoing("欢迎回来"))
    assert lin.reads == ["欢迎回来"]


async def test_many_at_once_all_arrive(bot: Telegram, telegram: BotApi, lin: Person) -> None:
    await asyncio.gather(*(send(bot, lin, Outgoing(f"第 {n} 条")) for n in range(60)))
    assert sorted(lin.reads) == sorted(f"第 {n} 条" for n in range(60))


# ---------------------------------------------------------------- files that come


def last_ref(bot: Telegram, telegram: BotApi) -> str:
    incoming = bot.decode(json.dumps(telegram.history[-1]))
    assert incoming
    return incoming.files[0].ref


async def test_a_file_is_fetched_whole(bot: Telegram, telegram: BotApi, lin: Person) -> None:
    content = bytes(range(256)) * 2000
    lin.sends_document("数据 表.xlsx", content)
    assert await bot.fetch(last_ref(bot, telegram), len(content)) == content
    lin.sends_photo(JPEG * 100)
    assert await bot.fetch(last_ref(bot, telegram), MEGABYTE) == JPEG * 100


async def test_a_file_over_the_limit_is_refused_before_it_is_fetched(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    lin.sends_document("大.zip", bytes(1001))
    with pytest.raises(FileTooLarge):
        await bot.fetch(last_ref(bot, telegram), 1000)
    assert telegram.calls_of("download") == []


async def test_a_file_that_is_larger_than_it_said_is_refused_on_the_way(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    lin.sends_document("大.zip", bytes(300_000))
    telegram.understate_sizes = True
    with pytest.raises(FileTooLarge):
        await bot.fetch(last_ref(bot, telegram), 1000)
    assert len(telegram.calls_of("download")) == 1


async def test_what_telegram_will_not_give_is_too_large(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    lin.sends_document("巨.zip", bytes(20 * MEGABYTE + 1))
    with pytest.raises(FileTooLarge):
        await bot.fetch(last_ref(bot, telegram), 100 * MEGABYTE)


async def test_a_file_of_ours_by_the_same_path_is_not_taken_for_theirs(
    bot: Telegram,
    telegram: BotApi,
    lin: Person,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The library reads a path that exists in the working directory from there."""
    lin.sends_document("数据.csv", b"theirs")
    ref = last_ref(bot, telegram)
    here = tmp_path / telegram.path_of(ref)
    here.parent.mkdir()
    here.write_bytes(b"ours")
    monkeypatch.chdir(tmp_path)
    assert await bot.fetch(ref, 100) == b"theirs"


@pytest.mark.parametrize(
    ("method", "trouble"),
    [
        ("getFile", broken(500)),
        ("getFile", dropped(acts=True)),
        ("download", gateway(502)),
        ("download", dropped(acts=False)),
    ],
    ids=str,
)
async def test_a_hiccup_does_not_lose_a_file(
    bot: Telegram, telegram: BotApi, lin: Person, method: str, trouble: Trouble
) -> None:
    lin.sends_document("数据.csv", b"1,2")
    telegram.trouble(method, trouble)
    assert await bot.fetch(last_ref(bot, telegram), 100) == b"1,2"


async def test_a_file_that_cannot_be_had(bot: Telegram, telegram: BotApi, lin: Person) -> None:
    with pytest.raises(Unsent, match="wrong file_id"):
        await bot.fetch("nothing", 100)
    assert len(telegram.calls_of("getFile")) == 1
    lin.sends_document("数据.csv", b"1,2")
    telegram.trouble("download", *[gateway(502)] * 3)
    with pytest.raises(Unsent):
        await bot.fetch(last_ref(bot, telegram), 100)


# ---------------------------------------------------------------- menus

MENU = (("log", "记录培养活动"), ("menu", "主菜单"))


async def test_each_chat_has_its_own_menu_and_is_told_once(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    wang = telegram.person("王老师")
    wang.starts()
    for _ in range(3):
        await bot.offer(str(lin.id), MENU)
        await bot.offer(str(wang.id), list(MENU[1:]))
    assert (lin.menu, wang.menu) == (list(MENU), list(MENU[1:]))
    assert len(telegram.calls_of("setMyCommands")) == 2
    await bot.offer(str(lin.id), MENU[:1])
    assert lin.menu == list(MENU[:1])


async def test_a_menu_that_was_not_taken_is_offered_again(
    bot: Telegram, telegram: BotApi, lin: Person
) -> None:
    telegram.trouble("setMyCommands", too_many(2))
    with pytest.raises(TryLater):
        await bot.offer(str(lin.id), MENU)
    await bot.offer(str(lin.id), MENU)
    assert lin.menu == list(MENU)

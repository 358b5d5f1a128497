"""What each kind of update says, once it is ours. Payloads are as Telegram sends them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.telegram.calls import ApiServer
from bot.platforms.telegram.decode import AFFAIRS, AROUND, READABLE, UNREADABLE, decode, received
from bot.platforms.telegram.messenger import Telegram
from bot.platforms.telegram.ptb import PtbCalls
from bot.talk.message import Attachment, Incoming
from tests.tables import each_row
from tests.telegram import spec
from tests.telegram.bot_api import BotApi, until
from tests.telegram.conftest import Shelf, Store, running

LIN = {
    "id": 5000000001,
    "is_bot": False,
    "first_name": "晓",
    "last_name": "林",
    "username": "linxiao",
    "language_code": "zh-hans",
}
PRIVATE = {"id": 5000000001, "first_name": "晓", "last_name": "林", "type": "private"}
GROUP = {"id": -1001234567890, "title": "课题组", "type": "supergroup"}
BOT = {"id": 700700, "is_bot": True, "first_name": "英才助手", "username": "YingcaiBot"}
PHOTO = [
    {
        "file_id": f"AgACAgUAAxkBAAI{size}",
        "file_unique_id": f"AQADq7cxG{size}",
        "file_size": size * 100,
        "width": size,
        "height": size * 3 // 4,
    }
    for size in (90, 1280, 320)
]
DOCUMENT = {
    "file_id": "BQACAgUAAxkBAAIB",
    "file_unique_id": "AgADyAsAAl",
    "file_name": "开题报告.pdf",
    "mime_type": "application/pdf",
    "file_size": 48213,
}
VIDEO = {
    "file_id": "BAACAgUAAxkBAAIC",
    "file_unique_id": "AgADeQ8AAj",
    "width": 848,
    "height": 480,
    "duration": 9,
}
SOUND = {"file_id": "AwACAgUAAxkBAAID", "file_unique_id": "AgADWQ0AAh", "duration": 4}
PLACE = {"latitude": 39.9087, "longitude": 116.3975}


def message(chat: dict[str, Any] = PRIVATE, user: Any = LIN, **content: Any) -> dict[str, Any]:
    return {
        "update_id": 861000001,
        "message": {
            "message_id": 42,
            **({"from": user} if user else {}),
            "chat": chat,
            "date": 1790000000,
            **content,
        },
    }


def edited(**content: Any) -> dict[str, Any]:
    update = message(edit_date=1790000060, **content)
    update["edited_message"] = update.pop("message")
    return update


def tap(**content: Any) -> dict[str, Any]:
    query = {"id": "21474836480001", "from": LIN, "chat_instance": "-61", **content}
    return {"update_id": 861000002, "callback_query": query}


def card(chat: dict[str, Any] = PRIVATE) -> dict[str, Any]:
    return {"message_id": 41, "from": BOT, "chat": chat, "date": 1790000000, "text": "哪一天？"}


def member(was: dict[str, Any], now: dict[str, Any], chat: Any = PRIVATE) -> dict[str, Any]:
    return {
        "update_id": 861000003,
        "my_chat_member": {
            "chat": chat,
            "from": LIN,
            "date": 1790000000,
            "old_chat_member": {"user": BOT, **was},
            "new_chat_member": {"user": BOT, **now},
        },
    }


IN = {"status": "member"}
BANNED = {"status": "kicked", "until_date": 0}
LEFT = {"status": "left"}


RIGHTS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)


def restricted(*, is_member: bool) -> dict[str, Any]:
    return {
        "status": "restricted",
        "is_member": is_member,
        "until_date": 0,
        **dict.fromkeys(RIGHTS, False),
    }


def said(**what: Any) -> Incoming:
    """Something Lin did in her own chat."""
    return Incoming(**{"address": "5000000001", "name": "晓 林", "language": "zh", **what})


def in_group(**what: Any) -> Incoming:
    """A group's members have no name for us."""
    return said(**{"address": "-1001234567890", "group": True, "name": "", **what})


PHOTO_FILE = Attachment("AgACAgUAAxkBAAI1280", "AQADq7cxG1280.jpg", "image/jpeg", 128000)
DOCUMENT_FILE = Attachment("BQACAgUAAxkBAAIB", "开题报告.pdf", "application/pdf", 48213)

FORWARDED = {
    "forward_origin": {
        "type": "hidden_user",
        "sender_user_name": "周老师",
        "date": 1789990000,
    }
}
REPLY = {"reply_to_message": card()}

TABLE: dict[str, tuple[dict[str, Any], Incoming | None]] = {
    "text": (message(text="今天做了滴定实验"), said(text="今天做了滴定实验")),
    "a reply is text": (message(text="周六", **REPLY), said(text="周六")),
    "a forward is text": (message(text="通知", **FORWARDED), said(text="通知")),
    "command": (
        message(text="/menu", entities=[{"type": "bot_command", "offset": 0, "length": 5}]),
        said(text="/menu"),
    ),
    "command with our name": (message(text="/menu@YingcaiBot now"), said(text="/menu now")),
    "an address is no command": (
        message(text="/menu @YingcaiBot"),
        said(text="/menu @YingcaiBot"),
    ),
    "start": (message(text="/start"), said(text="/start")),
    "start with a code": (message(text="/start aB3_-x"), said(start="aB3_-x")),
    "start with our name": (message(text="/start@YingcaiBot aB3"), said(start="aB3")),
    "start with other words": (message(text="/start 你好"), said(text="/start 你好")),
    "start with too much": (message(text="/start " + "a" * 65), said(text="/start " + "a" * 65)),
    "photo, its largest size": (message(photo=PHOTO), said(files=(PHOTO_FILE,))),
    "photo with caption": (
        message(photo=PHOTO, caption="实验台"),
        said(files=(PHOTO_FILE,), text="实验台"),
    ),
    "document": (message(document=DOCUMENT), said(files=(DOCUMENT_FILE,))),
    "document that says little": (
        message(document={"file_id": "BQAC", "file_unique_id": "AgAD"}),
        said(files=(Attachment("BQAC", "AgAD", "application/octet-stream", None),)),
    ),
    "sticker": (
        message(
            sticker={
                "file_id": "CAACAgUAAxkBAAIE",
                "file_unique_id": "AgADJQUAAs",
                "type": "regular",
                "width": 512,
                "height": 512,
                "is_animated": False,
                "is_video": False,
                "emoji": "👍",
            }
        ),
        said(other="sticker"),
    ),
    "voice": (message(voice=SOUND), said(other="voice")),
    "audio": (message(audio=SOUND), said(other="audio")),
    "video": (message(video=VIDEO), said(other="video")),
    "video with caption": (
        message(video=VIDEO, caption="小车过弯"),
        said(other="video", text="小车过弯"),
    ),
    "video note": (
        message(
            video_note={
                "file_id": "DQACAgUAAxkBAAIF",
                "file_unique_id": "AgADbA",
                "length": 240,
                "duration": 3,
            }
        ),
        said(other="video_note"),
    ),
    "animation, which comes as a document too": (
        message(animation=VIDEO, document={**DOCUMENT, "mime_type": "video/mp4"}),
        said(other="animation"),
    ),
    "location": (message(location=PLACE), said(other="location")),
    "venue, which comes as a location too": (
        message(venue={"location": PLACE, "title": "北京大学", "address": "海淀"}, location=PLACE),
        said(other="venue"),
    ),
    "contact": (
        message(contact={"phone_number": "+8613800000000", "first_name": "周"}),
        said(other="contact"),
    ),
    "poll": (
        message(
            poll={
                "id": "5461",
                "question": "周几？",
                "options": [{"persistent_id": "1", "text": "周六", "voter_count": 0}],
                "total_voter_count": 0,
                "is_closed": False,
                "is_anonymous": True,
                "type": "regular",
                "allows_multiple_answers": False,
                "allows_revoting": False,
                "members_only": False,
            }
        ),
        said(other="poll"),
    ),
    "dice": (message(dice={"emoji": "🎲", "value": 4}), said(other="dice")),
    "story": (message(story={"chat": PRIVATE, "id": 7}), said(other="story")),
    "a kind newer than the library": (
        message(hologram={"file_id": "x"}),
        said(other="unknown"),
    ),
    "text with a field newer than the library": (
        message(text="好", mood={"kind": "calm"}),
        said(text="好"),
    ),
    "a forward from an origin newer than us": (
        message(text="通知", forward_origin={"type": "hologram", "date": 1}),
        said(text="通知"),
    ),
    "a standing newer than us is still one": (
        member(BANNED, {"status": "apprentice"}),
        said(presence="returned"),
    ),
    "an album's kind newer than us": (
        message(photo=PHOTO, media_group_id=13, mood={"kind": "calm"}),
        said(files=(PHOTO_FILE,)),
    ),
    "edited": (edited(text="/cancel"), said(other="edited", sent=1790000000)),
    "a live location moves": (edited(location={**PLACE, "live_period": 900}), None),
    "tap": (tap(message=card(), data="q:7:3:=lab"), said(press="q:7:3:=lab", on="41")),
    "tap on a message too old to be shown": (
        tap(message={"message_id": 41, "chat": PRIVATE, "date": 0}, data="q:7:3:=lab"),
        said(press="q:7:3:=lab", on="41"),
    ),
    "tap outside any chat of ours": (
        tap(inline_message_id="AAAAAP4", data="a:menu"),
        said(press="a:menu"),
    ),
    "tap on a game": (tap(message=card(), game_short_name="chess"), None),
    "tap in a group": (tap(message=card(GROUP), data="a:ok:9"), in_group(press="a:ok:9", on="41")),
    "blocked": (member(IN, BANNED), said(presence="left")),
    "returned": (member(BANNED, IN), said(presence="returned")),
    "put out of a group": (member(IN, LEFT, GROUP), in_group(presence="left")),
    "restricted no longer": (
        member(restricted(is_member=True), IN, GROUP),
        None,
    ),
    "restricted and let in": (
        member(LEFT, restricted(is_member=True), GROUP),
        in_group(presence="returned"),
    ),
    "restricted and out": (
        member(IN, restricted(is_member=False), GROUP),
        in_group(presence="left"),
    ),
    "group": (message(GROUP, text="周六见"), in_group(text="周六见")),
    "command in a group": (message(GROUP, text="/menu@yingcaibot"), in_group(text="/menu")),
    "another bot's command": (message(GROUP, text="/menu@OtherBot"), None),
    "somebody joined": (message(GROUP, new_chat_members=[LIN]), None),
    "pinned": (message(pinned_message=card()), None),
    "photo in a group": (message(GROUP, photo=PHOTO), in_group(files=(PHOTO_FILE,))),
    "another bot talks": (message(GROUP, user={**BOT, "id": 9}, text="/menu"), None),
    "nobody in particular talks": (
        message(GROUP, user=None, text="公告"),
        Incoming(address="-1001234567890", group=True, text="公告"),
    ),
    "English": (
        message(user={**LIN, "language_code": "en-GB"}, text="hi"),
        said(text="hi", language="en"),
    ),
    "a language not ours": (
        message(user={**LIN, "language_code": "fr"}, text="salut"),
        said(text="salut", language=None),
    ),
    "no language": (
        message(user={k: v for k, v in LIN.items() if k != "language_code"}, text="嗯"),
        said(text="嗯", language=None),
    ),
    "an update we never asked for": (
        {
            "update_id": 861000009,
            "poll_answer": {
                "poll_id": "1",
                "user": LIN,
                "option_ids": [0],
                "option_persistent_ids": ["1"],
            },
        },
        None,
    ),
}
INVENTED = (
    "a kind newer than the library",
    "text with a field newer than the library",
    "a forward from an origin newer than us",
    "a standing newer than us is still one",
    "an album's kind newer than us",
)


@pytest.fixture(scope="module")
async def bot() -> AsyncIterator[Telegram]:
    """A bot that has learned its own name."""
    store = Store()
    async with BotApi() as telegram:
        calls = PtbCalls(ApiServer(telegram.token, telegram.base))
        bot = Telegram(calls, Shelf(Path()).open)
        async with running(bot, store):
            telegram.person("林晓").starts()
            await until(lambda: bool(store.kept))
        yield bot
        await bot.close()


@pytest.mark.parametrize("kind", TABLE)
async def test_each_kind_of_update(bot: Telegram, kind: str) -> None:
    update, expected = TABLE[kind]
    assert bot.decode(json.dumps(update)) == expected


@each_row("kind", [kind for kind in TABLE if kind not in INVENTED])
def test_the_payloads_are_telegrams(kind: str) -> None:
    if spec.spec() is None:
        pytest.skip("the Bot API's description is not beside the project")
    assert spec.value_faults("Update", TABLE[kind][0]) == []


OF_A_GROUP = [
    kind for kind, (_, meant) in TABLE.items() if "group" in kind or (meant and meant.group)
]


@pytest.mark.parametrize("kind", OF_A_GROUP)
async def test_nothing_of_a_groups_member_is_kept(bot: Telegram, kind: str) -> None:
    """Neither what they said or sent, nor who they are; only what has to be answered."""
    update, meant = TABLE[kind]
    kept = received(json.dumps(update))
    for mark in ("晓", "林", "linxiao", "5000000001", "课题组", "周六见", "AgAC", "zh-hans"):
        assert mark not in json.dumps(json.loads(kept.raw), ensure_ascii=False)
    found = bot.decode(kept.raw)
    assert (found and found.presence) == (meant and meant.presence)
    pressed = bool(meant and meant.press is not None)
    assert pressed == bool(found and found.press is not None)
    command = bool(meant and (meant.text or "").startswith("/"))
    assert command == bool(found and (found.text or "").startswith("/"))
    assert found is None or found.name == ""
    assert kept.address == "-1001234567890"


async def test_before_the_name_is_known_a_named_command_is_ours() -> None:
    update = message(GROUP, text="/menu@YingcaiBot")
    assert decode(json.dumps(update), None) == in_group(text="/menu")


@pytest.mark.parametrize(
    "raw",
    [
        '{"update_id": 5, "message": {"text": "no chat, no date"}}',
        '{"update_id": 5, "callback_query": {"id": "1"}}',
        '{"update_id": 5, "message": 7}',
        '{"message": {}}',
        "[]",
        "null",
        "not json",
    ],
)
async def test_a_poisonous_update_raises(bot: Telegram, raw: str) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the library raises
        bot.decode(raw)


@pytest.mark.parametrize("kind", TABLE)
async def test_the_address_told_without_decoding_is_the_decoded_one(
    bot: Telegram, kind: str
) -> None:
    raw = json.dumps(TABLE[kind][0])
    incoming = bot.decode(raw)
    assert incoming is None or received(raw).address == incoming.address


@each_row(
    "raw",
    ["", "not json", "[1]", "null", '{"update_id": "7"}', '{"message": {"chat": {"id": "x"}}}'],
)
def test_what_is_no_update_can_be_stored_all_the_same(raw: str) -> None:
    update = received(raw)
    assert update == received(raw)
    assert (update.address, update.raw, update.album) == ("", raw, "")
    assert update.key.startswith("sha256:")
    assert update.key != received(raw + " ").key


def test_an_album_is_known_by_its_group() -> None:
    raw = json.dumps(message(photo=PHOTO, media_group_id="13579"))
    assert received(raw).album == "13579"
    assert received(raw).key == "861000001"


def test_every_field_that_a_message_can_have_is_known() -> None:
    """Else something that happens to a chat would be taken for something a person sent."""
    described = spec.spec()
    if described is None:
        pytest.skip("the Bot API's description is not beside the project")
    fields = {field["name"] for field in described["types"]["Message"]["fields"]}
    assert fields - AROUND - AFFAIRS - READABLE - UNREADABLE.keys() == set()

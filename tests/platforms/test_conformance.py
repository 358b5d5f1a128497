"""What every messenger does, whichever library is behind it: one class of tests for all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlmodel import select

from app.main import App
from app.settings import Settings, WebSettings
from bot.platforms.contract import (
    DeliveryError,
    FateUnknown,
    FileTooLarge,
    Platform,
    Received,
    TryLater,
    Unreachable,
    Unsent,
)
from bot.platforms.telegram.drawing import units
from bot.talk.clock import SetClock
from bot.talk.message import Button, Outgoing, ShownField, ShownItem, ShownLink, ShownMeter
from storage.tables import Outbox, Update, UpdateState
from tests.conftest import NewDatabase
from tests.platforms.chats import CODE, JPEG, MEANING, Chat, Seen, TelegramChat, Trouble
from tests.telegram.bot_api import until

ROWS = (
    (Button("我参加", "q:7:3:=yes"), Button("不参加", "q:7:3:=no")),
    (Button("返回", "q:7:3:back"),),
)
LABELS = [["我参加", "不参加"], ["返回"]]
MENU = (("session", "记一次培养"), ("menu", "主菜单"))
CARD = Outgoing(
    "开头一段",
    ((Button("去记录", "a:go", "primary"), Button("删除", "a:drop", "danger")),),
    kind="card",
    card="progress",
    title="我的进度",
    fields=(ShownField("指导教师", "王建国", "good"),),
    meters=(ShownMeter("培养活动", "已通过 3/10", 3, 1, 10, "还差 7", "waiting"),),
    items=(ShownItem("第一次", "a:open:1", "已通过", "good"),),
    note="说明一句",
    clause="第八条",
)
TELEGRAM = ("telegram-ptb", "telegram-aiogram")


def on(drivers: Sequence[str]) -> pytest.MarkDecorator:
    """What only some messengers know."""
    return pytest.mark.parametrize("chat", drivers, indirect=True)


KNOWS_PRESENCE = on(("fake", *TELEGRAM))
"""The web chat has neither blocking nor stickers."""
CAN_FAIL = KNOWS_PRESENCE
"""What is put on the web chat's page lies in the history already: nothing can go wrong there."""
HAS_GROUPS = on(TELEGRAM)


class TestEveryMessenger:
    # ------------------------------------------------------------ what it says of itself

    async def test_it_keeps_the_contract(self, chat: Chat) -> None:
        platform: Platform = chat.platform
        can = platform.capabilities
        assert platform.name in ("fake", "web", "telegram")
        assert can.edits
        assert min(can.file_limit, can.per_second, can.per_chat, can.at_once) >= 1
        for route in platform.routes(chat.receive):
            assert hasattr(route, "path")

    # ------------------------------------------------------------ words, buttons, edits

    async def test_a_link_opens_a_page_and_is_no_answer(self, chat: Chat) -> None:
        page = ShownLink("核验网页", "https://yingcai.example.org/verify")
        assert await chat.send(Outgoing("证书", ROWS, links=(page,)))
        (seen,) = await chat.sees()
        assert (seen.labels, seen.links) == (LABELS, [page[:2]])
        assert await chat.send(CARD._replace(links=(page,)))
        assert [one.links for one in await chat.sees()] == [[page[:2]]] * 2

    async def test_a_link_alone_is_shown(self, chat: Chat) -> None:
        page = ShownLink("官网", "http://www.example.org")
        assert await chat.send(Outgoing("网址在下面", links=(page,)))
        (seen,) = await chat.sees()
        assert (seen.labels, seen.links) == ([], [page[:2]])

    async def test_words_arrive_as_they_are(self, chat: Chat) -> None:
        words = "<b>*a*_b_</b> [x](http://y) & `z` \\ 🔬 'q' \"r\""
        assert await chat.send(Outgoing(words))
        assert await chat.sees() == [Seen(words)]

    async def test_choices_are_pressed_and_come_back_as_they_were(self, chat: Chat) -> None:
        await chat.send(Outgoing("参加吗？", ROWS, "question"))
        assert await chat.sees() == [Seen("参加吗？", LABELS)]
        since = len(chat.received)
        await chat.presses("不参加")
        (incoming,) = await chat.heard(since)
        assert incoming is not None
        assert (incoming.address, incoming.press) == (chat.address, "q:7:3:=no")
        assert not incoming.group

    async def test_choices_can_be_typed_as_well(self, chat: Chat) -> None:
        await chat.send(Outgoing("参加吗？\n1 我参加\n2 不参加"))
        since = len(chat.received)
        await chat.says("2")
        (incoming,) = await chat.heard(since)
        assert incoming is not None
        assert (incoming.address, incoming.text, incoming.press) == (chat.address, "2", None)

    async def test_a_button_may_carry_all_that_it_may(self, chat: Chat) -> None:
        full = "字" * 21 + "x"
        assert len(full.encode()) == 64
        await chat.send(Outgoing("选", ((Button("甲", full),),)))
        since = len(chat.received)
        await chat.presses("甲")
        (incoming,) = await chat.heard(since)
        assert incoming is not None
        assert incoming.press == full

    async def test_a_card_is_replaced_where_it_stands(self, chat: Chat) -> None:
        first = await chat.send(Outgoing("待审 3", ROWS, "card", "queue"))
        await chat.send(Outgoing("别的"))
        again = await chat.send(Outgoing("待审 2", ROWS[:1], "card", "queue"), first)
        assert await chat.sees() == [Seen("待审 2", LABELS[:1]), Seen("别的")]
        await chat.send(Outgoing("都审完了", (), "card", "queue"), again)
        assert await chat.sees() == [Seen("都审完了"), Seen("别的")]

    async def test_everything_on_a_card_is_seen_and_its_buttons_pressed(self, chat: Chat) -> None:
        await chat.send(CARD)
        (seen,) = await chat.sees()
        for words in ("我的进度", "指导教师", "王建国", "已通过", "3/10", "说明一句", "第八条"):
            assert words in seen.text
        labels = [label for row in seen.labels for label in row]
        assert len(labels) == 3
        since = len(chat.received)
        await chat.presses(labels[-1])
        (incoming,) = await chat.heard(since)
        assert incoming is not None
        assert incoming.press in ("a:open:1", "a:go", "a:drop")

    async def test_a_card_takes_the_place_of_a_card(self, chat: Chat) -> None:
        first = await chat.send(CARD)
        await chat.send(CARD._replace(title="我的新进度"), first)
        (seen,) = await chat.sees()
        assert "我的新进度" in seen.text

    async def test_the_same_edit_twice_is_as_good_as_once(self, chat: Chat) -> None:
        first = await chat.send(Outgoing("待审 3", ROWS, "card", "queue"))
        for _ in range(2):
            first = await chat.send(Outgoing("待审 2", ROWS, "card", "queue"), first)
        assert await chat.sees() == [Seen("待审 2", LABELS)]

    async def test_a_card_that_is_gone_is_sent_anew(self, chat: Chat) -> None:
        """Nobody can edit it any more: it was deleted, or it is from before a move."""
        await chat.send(Outgoing("待审 2", ROWS, "card", "queue"), "999999")
        assert await chat.sees() == [Seen("待审 2", LABELS)]

    async def test_a_new_card_leaves_the_old_one_above_or_takes_its_place(
        self, chat: Chat
    ) -> None:
        """Not asked to replace, it stands last."""
        await chat.send(Outgoing("旧", (), "card", "queue"))
        await chat.send(Outgoing("间"))
        await chat.send(Outgoing("新", (), "card", "queue"))
        assert (await chat.sees())[-1] == Seen("新")

    # ------------------------------------------------------------ limits

    async def test_a_text_as_long_as_may_be_is_one_message(self, chat: Chat) -> None:
        words = "𠮷" * (chat.text_limit // 2)
        assert units(words) == chat.text_limit
        await chat.send(Outgoing(words, ROWS))
        assert await chat.sees() == [Seen(words, LABELS)]

    async def test_a_longer_text_is_cut_between_paragraphs_or_shown_whole(
        self, chat: Chat
    ) -> None:
        paragraphs = [f"第{n}段" + "实验" * 700 for n in range(5)]
        await chat.send(Outgoing("\n\n".join(paragraphs), ROWS))
        seen = await chat.sees()
        assert "\n\n".join(one.text for one in seen) == "\n\n".join(paragraphs)
        assert all(units(one.text) <= chat.text_limit for one in seen)
        assert [one.labels for one in seen] == [[]] * (len(seen) - 1) + [LABELS]

    async def test_as_many_at_once_as_may_be(self, chat: Chat) -> None:
        count = min(3 * chat.platform.capabilities.at_once, 50)
        await asyncio.gather(*(chat.send(Outgoing(f"第 {n} 条")) for n in range(count)))
        assert sorted(one.text for one in await chat.sees()) == sorted(
            f"第 {n} 条" for n in range(count)
        )

    async def test_a_row_sent_twice_is_shown_once_where_that_is_promised(self, chat: Chat) -> None:
        for _ in range(2):
            await chat.platform.send(7, chat.address, Outgoing("一次"), None)
        times = 1 if chat.platform.capabilities.idempotent else 2
        assert await chat.sees() == [Seen("一次")] * times

    # ------------------------------------------------------------ files

    async def test_a_file_is_shown(self, chat: Chat) -> None:
        photo = chat.keep("台面.jpg", "image/jpeg", JPEG)
        await chat.send(Outgoing("看图", ROWS, files=(photo,)))
        assert await chat.sees() == [Seen("看图", LABELS, [JPEG])]

    @pytest.mark.parametrize("name", ['a"b.pdf', "a\r\nX: y.pdf", "报告 1;2.pdf", "\\a%22.pdf"])
    async def test_a_files_name_breaks_nothing(self, chat: Chat, name: str) -> None:
        paper = chat.keep(name, "application/pdf", b"%PDF")
        await chat.send(Outgoing("看", files=(paper,)))
        assert await chat.sees() == [Seen("看", [], [b"%PDF"])]

    async def test_an_album_is_shown_together(self, chat: Chat) -> None:
        photos = [JPEG + bytes([n]) for n in range(3)]
        numbers = tuple(chat.keep(f"{n}.jpg", "image/jpeg", it) for n, it in enumerate(photos))
        await chat.send(Outgoing("三张", ROWS, files=numbers))
        seen = await chat.sees()
        assert [content for one in seen for content in one.files] == photos
        assert [one.text for one in seen if one.text] == ["三张"]
        assert seen[-1].labels == LABELS

    async def test_a_file_that_comes_is_fetched_whole_and_within_the_limit(
        self, chat: Chat
    ) -> None:
        content = bytes(range(256)) * 2000
        since = len(chat.received)
        await chat.sends_file("数据 表.csv", "text/csv", content, "请看")
        (incoming,) = await chat.heard(since)
        assert incoming is not None
        (file,) = incoming.files
        assert (file.name, file.media_type, file.size) == ("数据 表.csv", "text/csv", len(content))
        assert incoming.text == "请看"
        assert await chat.platform.fetch(file.ref, len(content)) == content
        with pytest.raises(FileTooLarge):
            await chat.platform.fetch(file.ref, len(content) - 1)

    async def test_a_file_that_is_not_there(self, chat: Chat) -> None:
        with pytest.raises(Unsent):
            await chat.platform.fetch("nothing-of-ours", 100)

    # ------------------------------------------------------------ coming in, menus

    async def test_an_invitation_brings_its_code(self, chat: Chat) -> None:
        since = len(chat.received)
        await chat.opens(CODE)
        (incoming,) = await chat.heard(since)
        assert incoming is not None
        assert (incoming.start, incoming.text) == (CODE, None)

    async def test_a_menu_is_offered_and_offered_anew(self, chat: Chat) -> None:
        for menu in (MENU, MENU, MENU[1:]):
            await chat.platform.offer(chat.address, menu)
            assert await chat.menu() == list(menu)

    @KNOWS_PRESENCE
    async def test_who_leaves_and_returns(self, chat: Chat) -> None:
        since = len(chat.received)
        await chat.leaves()
        await chat.returns()
        await chat.says("我回来了")
        await until(lambda: len(chat.received) == since + 3)
        heard = await chat.heard(since)
        assert [one and one.presence for one in heard] == ["left", "returned", None]
        await chat.send(Outgoing("欢迎回来"))
        assert await chat.sees() == [Seen("欢迎回来")]

    @KNOWS_PRESENCE
    async def test_what_cannot_be_read_is_told_by_its_kind(self, chat: Chat) -> None:
        since = len(chat.received)
        await chat.sends_something_odd()
        (incoming,) = await chat.heard(since)
        assert incoming is not None
        assert incoming.other
        assert incoming.text is None

    @HAS_GROUPS
    async def test_a_group_that_becomes_a_supergroup_is_followed(self, chat: Chat) -> None:
        assert isinstance(chat, TelegramChat)
        small = chat.small_group()
        old = str(small.chat["id"])
        card = await chat.platform.send(1, old, Outgoing("之前", card="c"), None)
        since = len(chat.received)
        grown = chat.telegram.upgrade(small)
        assert await chat.heard(since) == [None] * (len(chat.received) - since)
        await chat.platform.send(2, old, Outgoing("之后"), None)
        await chat.platform.send(3, old, Outgoing("代替", card="c"), card)
        assert chat.seen_by(grown.chat["id"]) == [Seen("之后"), Seen("代替")]
        refused = [call for call in chat.telegram.calls if call.parameters.get("chat_id") == old]
        assert len(refused) == 2, "asked once at the old number, and then never again"

    # ------------------------------------------------------------ when it does not arrive

    @CAN_FAIL
    @pytest.mark.parametrize("kind", MEANING)
    async def test_each_failure_is_told_for_what_it_is(self, chat: Chat, kind: Trouble) -> None:
        meant = MEANING[kind]
        async with chat.trouble(kind):
            with pytest.raises(DeliveryError) as caught:
                await chat.send(Outgoing("只说一次", ROWS))
        assert type(caught.value) is type(meant)
        if isinstance(meant, TryLater) and isinstance(caught.value, TryLater):
            assert (caught.value.seconds, caught.value.everyone) == (meant.seconds, meant.everyone)
        assert "只说一次" not in repr(caught.value)
        # What surely did not arrive may be sent again; it is then there once.
        if not isinstance(meant, FateUnknown):
            assert await chat.sees() == []
            await chat.send(Outgoing("只说一次", ROWS))
            assert await chat.sees() == [Seen("只说一次", LABELS)]

    @CAN_FAIL
    @pytest.mark.parametrize("kind", ["blocked", "pause", "broken", "refused", "away"])
    async def test_an_edit_that_fails_changes_nothing(self, chat: Chat, kind: Trouble) -> None:
        first = await chat.send(Outgoing("待审 3", ROWS, "card", "queue"))
        async with chat.trouble(kind):
            with pytest.raises(DeliveryError) as caught:
                await chat.send(Outgoing("待审 2", ROWS, "card", "queue"), first)
        assert type(caught.value) is type(MEANING[kind])
        assert await chat.sees() == [Seen("待审 3", LABELS)]

    @HAS_GROUPS
    async def test_an_edit_of_unknown_fate_may_be_made_again(self, chat: Chat) -> None:
        first = await chat.send(Outgoing("待审 3", ROWS, "card", "queue"))
        async with chat.trouble("dropped"):
            with pytest.raises(TryLater):
                await chat.send(Outgoing("待审 2", ROWS, "card", "queue"), first)
        await chat.send(Outgoing("待审 2", ROWS, "card", "queue"), first)
        assert await chat.sees() == [Seen("待审 2", LABELS)]

    @HAS_GROUPS
    async def test_who_blocks_in_the_middle_of_a_talk_is_unreachable_for_menus_too(
        self, chat: Chat
    ) -> None:
        async with chat.trouble("blocked"):
            with pytest.raises(Unreachable):
                await chat.platform.offer(chat.address, MENU)

    async def test_a_send_can_be_cancelled(self, chat: Chat) -> None:
        await chat.holds()
        sending = asyncio.create_task(chat.send(Outgoing("一")))
        await asyncio.sleep(0.05)
        sending.cancel()
        done, _ = await asyncio.wait([sending], timeout=2)
        assert done, "it would not be cancelled"
        await chat.send(Outgoing("二"))
        assert (await chat.sees())[-1] == Seen("二")

    # ------------------------------------------------------------ poison, and the end

    @pytest.mark.parametrize("raw", ["not json", "[]", "null", "7"])
    async def test_a_poisonous_update_raises_alone(self, chat: Chat, raw: str) -> None:
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, the inbox sets it aside
            chat.platform.decode(raw)

    async def test_a_poisonous_update_is_set_aside_and_the_next_one_answered(
        self, chat: Chat, new_database: NewDatabase, clock: SetClock
    ) -> None:
        since = len(chat.received)
        await chat.says("你好")
        await chat.heard(since)
        good = chat.received[-1]
        settings = Settings(
            database_url=new_database("sqlite"),
            data_dir=chat.folder / "data",
            web=WebSettings(enabled=False),
        )
        app = App(settings, clock, {chat.platform.name: chat.platform})
        poison = Received("poison", chat.address, '{"update_id": 5, "message": 7, "address": []')
        await app.inbox.receive(chat.platform.name, [poison, good])
        await app.inbox.drain()
        with app.database.transaction() as db:
            stored = {one.key: one for one in db.exec(select(Update))}
            assert stored["poison"].state is UpdateState.ASIDE
            assert stored["poison"].error.startswith("undecodable")
            assert stored[good.key].state is UpdateState.DONE
            assert db.exec(select(Outbox)).all()
        await app.delivery.drain()
        app.close()
        assert await chat.sees()

    async def test_closing_twice_is_no_trouble(self, chat: Chat) -> None:
        await chat.send(Outgoing("一"))
        await chat.platform.close()
        await chat.platform.close()

"""The delivery worker: in order, within every limit, and nothing said twice that may not be."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from statistics import median

import pytest

from bot import delivery
from bot.platforms.contract import FateUnknown, TryLater, Unreachable, Unsent, Unserved
from bot.platforms.fake import Shown, encode
from bot.talk.acting import Actor
from bot.talk.clock import SetClock
from bot.talk.message import ITS_CARD, Incoming, Outgoing
from bot.worker import IDLE
from services import notices
from storage import chats
from storage.chats import Fate
from storage.database import Database
from storage.tables import Lane, Outbox, SendState
from tests.faults.small import (
    Alarms,
    Messenger,
    Small,
    failing_commits,
    menu,
    message,
    messenger,
    until,
)

SENT, WAITING, SENDING = SendState.SENT, SendState.WAITING, SendState.SENDING
FAILED, UNKNOWN, UNREACHABLE = SendState.FAILED, SendState.UNKNOWN, SendState.UNREACHABLE


@pytest.fixture(params=["repeatable", "careful"])
def idempotent(request: pytest.FixtureRequest) -> bool:
    """Whether a message sent twice is shown once."""
    return bool(request.param == "repeatable")


def refusing(error: Exception, *addresses: str) -> Callable[[Shown], None]:
    """Refuses every message to these addresses."""

    def refuse(shown: Shown) -> None:
        if shown.address in addresses:
            raise error

    return refuse


async def time_goes_by(small: Small) -> None:
    """Send all there is, however long its limits make it wait."""
    while (pause := await small.delivery.drain()) < IDLE:
        small.clock.move(timedelta(seconds=pause))


def tried(platform: Messenger) -> list[str]:
    return [call.message.text for call in platform.calls]


# ---------------------------------------------------------------- order and lanes


async def test_in_one_chat_messages_keep_their_order(
    database: Database, clock: SetClock, idempotent: bool
) -> None:
    small = Small(database, clock, {"fake": messenger(idempotent=idempotent, at_once=7)})
    people = [f"p{n}" for n in range(15)]
    accounts = small.accounts(*people)
    lines = [(account, str(n)) for n in range(8) for account in accounts]
    await small.posts(*(message(account, text) for account, text in lines))
    await small.delivery.drain()
    assert all(small.platform.texts(p) == [str(n) for n in range(8)] for p in people)
    assert set(small.sends()) == {SENT}
    assert small.platform.most_under_way == 7


async def test_replies_go_before_notices_also_in_one_chat(small: Small) -> None:
    small.platform.capabilities = messenger(at_once=1).capabilities
    small.open()
    lin, zhao = small.accounts("lin", "zhao")
    await small.posts(
        message(lin, "notice 1", Lane.NOTICE),
        message(lin, "notice 2", Lane.NOTICE),
        message(zhao, "notice", Lane.NOTICE),
        message(lin, "reply 1"),
        message(lin, "reply 2"),
    )
    await small.delivery.drain()
    assert tried(small.platform)[:2] == ["reply 1", "reply 2"]
    assert small.platform.texts("lin") == ["reply 1", "reply 2", "notice 1", "notice 2"]


async def test_a_broadcast_delays_a_reply_by_one_call_at_the_most(
    database: Database, clock: SetClock
) -> None:
    platform = messenger(idempotent=False, at_once=4)
    small = Small(database, clock, {"fake": platform})
    (lin,) = small.accounts("lin")
    crowd = small.accounts(*(f"p{n}" for n in range(2000)))
    await small.posts(*(message(p, "notice", Lane.NOTICE, f"n:{p}") for p in crowd))
    async with small.running():
        await until(lambda: len(platform.calls) > 20)
        gate = platform.hold()
        await until(lambda: platform.under_way == 4)
        begun = len(platform.calls)
        await small.posts(message(lin, "reply"))
        small.delivery.wake()
        platform.gates.clear()
        gate.set()
        await until(lambda: bool(platform.texts("lin")))
        assert tried(platform).index("reply") - begun < 4
    assert len(platform.shown) < 2000


async def test_a_call_that_hangs_delays_no_other_chat(small: Small) -> None:
    hanging, _ = small.accounts("lin", "zhao")
    small.platform.hold("lin")
    await small.posts(message(hanging, "hello"), message(hanging, "again"))
    async with small.running():
        await until(lambda: small.platform.under_way == 1)
        for n in range(3):
            await small.hears("zhao", f"line {n}")
            await until(partial(lambda n: len(small.platform.texts("zhao")) == n, n + 1))
        assert tried(small.platform).count("again") == 0
        small.platform.gates.pop("lin").set()
        await until(lambda: small.platform.texts("lin") == ["hello", "again"])


# ---------------------------------------------------------------- pace


async def test_a_platform_is_asked_no_faster_than_it_bears(
    database: Database, clock: SetClock
) -> None:
    small = Small(database, clock, {"fake": messenger(per_second=5)})
    accounts = small.accounts(*(f"p{n}" for n in range(20)))
    await small.posts(*(message(account, "hello") for account in accounts))
    assert await small.delivery.drain() == pytest.approx(1, abs=0.02)
    assert len(small.platform.shown) == 5
    clock.move(timedelta(seconds=1.02))
    await small.delivery.drain()
    assert len(small.platform.shown) == 10


async def test_a_chat_is_written_to_no_faster_than_it_bears(
    database: Database, clock: SetClock
) -> None:
    small = Small(database, clock, {"fake": messenger(per_chat=1)})
    lin, zhao = small.accounts("lin", "zhao")
    await small.posts(*(message(lin, str(n)) for n in range(5)), message(zhao, "hello"))
    await small.delivery.drain()
    assert (small.platform.texts("lin"), small.platform.texts("zhao")) == (["0", "1"], ["hello"])
    for n in range(2, 5):
        clock.move(timedelta(seconds=1))
        await small.delivery.drain()
        assert small.platform.texts("lin")[-1] == str(n)


async def test_platforms_have_paces_of_their_own(database: Database, clock: SetClock) -> None:
    slow, fast = messenger("slow", per_second=1), messenger("fast")
    small = Small(database, clock, {"slow": slow, "fast": fast})
    for name in ("slow", "fast"):
        accounts = small.accounts(*(f"{name}{n}" for n in range(9)), platform=name)
        await small.posts(*(message(account, "hello") for account in accounts))
    await small.delivery.drain()
    assert (len(slow.shown), len(fast.shown)) == (1, 9)


async def test_the_running_worker_takes_up_what_had_to_wait(
    database: Database, clock: SetClock
) -> None:
    small = Small(database, clock, {"fake": messenger(per_second=50)})
    accounts = small.accounts(*(f"p{n}" for n in range(70)))
    await small.posts(*(message(account, "hello") for account in accounts))
    async with small.running():
        await until(lambda: len(small.platform.shown) == 50)
        await until(lambda: small.platform.under_way == 0)
        await asyncio.sleep(0.05)
        clock.move(timedelta(seconds=1.02))
        await until(lambda: len(small.platform.shown) == 70)


# ---------------------------------------------------------------- a pause is asked for


async def test_a_pause_for_one_chat_holds_that_chat_only_and_keeps_its_order(
    database: Database, clock: SetClock, idempotent: bool
) -> None:
    small = Small(database, clock, {"fake": messenger(idempotent=idempotent)})
    lin, zhao = small.accounts("lin", "zhao")
    small.platform.refuse = refusing(TryLater(30), "lin")
    await small.posts(message(lin, "1"), message(lin, "2"), message(zhao, "1"))
    assert await small.delivery.drain() == 30
    small.platform.refuse = lambda _shown: None
    await small.posts(message(zhao, "2"), message(lin, "3"))
    small.open()  # the pause is kept across a restart
    clock.move(timedelta(seconds=29))
    assert await small.delivery.drain() == 1
    assert (small.platform.texts("lin"), small.platform.texts("zhao")) == ([], ["1", "2"])
    clock.move(timedelta(seconds=1))
    await small.delivery.drain()
    assert small.platform.texts("lin") == ["1", "2", "3"]


async def test_a_pause_for_everyone_holds_all_of_that_platform_and_no_other(
    database: Database, clock: SetClock, alarms: Alarms
) -> None:
    ill, well = messenger("ill"), messenger("well")
    small = Small(database, clock, {"ill": ill, "well": well})
    ills = small.accounts(*(f"p{n}" for n in range(5)), platform="ill")
    wells = small.accounts(*(f"q{n}" for n in range(5)), platform="well")
    ill.refuse = refusing(TryLater(60, everyone=True), "p0")
    await small.posts(message(ills[0], "hello"))
    await small.delivery.drain()
    await small.posts(*(message(account, "hello") for account in (*ills, *wells)))
    assert await small.delivery.drain() == 60
    assert (len(ill.shown), len(well.shown)) == (0, 5)
    assert alarms.events == ["platform_rests"]
    ill.refuse = lambda _shown: None
    clock.move(timedelta(seconds=60))
    await time_goes_by(small)
    assert len(ill.shown) == 6


async def test_three_days_without_the_platform_lose_nothing(
    database: Database, clock: SetClock, alarms: Alarms, idempotent: bool
) -> None:
    small = Small(database, clock, {"fake": messenger(idempotent=idempotent, at_once=4)})
    accounts = small.accounts(*(f"p{n}" for n in range(30)))
    await small.posts(*(message(a, f"{n}") for n in range(2) for a in accounts))
    small.platform.refuse = refusing(TryLater(3600, everyone=True), *(f"p{n}" for n in range(30)))
    for _ in range(3 * 24):
        await small.delivery.drain()
        clock.move(timedelta(hours=1))
    small.platform.refuse = lambda _shown: None
    await time_goes_by(small)
    assert set(small.sends()) == {SENT}
    assert all(small.platform.texts(f"p{n}") == ["0", "1"] for n in range(30))


async def test_a_chat_that_asks_for_a_pause_each_time_is_given_up_in_the_end(
    small: Small, alarms: Alarms
) -> None:
    lin, _ = small.accounts("lin", "zhao")
    small.platform.refuse = lambda shown: (
        refusing(TryLater(0), "lin")(shown) if shown.message.text == "first" else None
    )
    await small.posts(message(lin, "first"), message(lin, "second"))
    pauses = []
    for _ in range(delivery.MOST_TRIES):
        pauses.append(await small.delivery.drain())
        small.clock.move(timedelta(seconds=pauses[-1]))
    assert pauses[:4] == [2, 4, 8, 16]
    assert max(pauses) <= delivery.LONGEST_PAUSE
    small.clock.move(timedelta(seconds=delivery.LONGEST_PAUSE))
    await small.delivery.drain()
    assert tried(small.platform).count("first") == delivery.MOST_TRIES
    assert small.sends() == [FAILED, SENT]
    assert alarms.events == ["send_given_up"]


# ---------------------------------------------------------------- one that is not served


def unserved(*texts: str) -> Callable[[Shown], None]:
    """Never serves these messages."""

    def refuse(shown: Shown) -> None:
        if shown.message.text in texts:
            raise Unserved("Internal Server Error")

    return refuse


async def test_a_message_that_is_never_served_silences_nobody(
    small: Small, alarms: Alarms
) -> None:
    lin, *others = small.accounts("lin", *(f"p{n}" for n in range(30)))
    small.platform.refuse = unserved("bad")
    await small.posts(message(lin, "bad"), *(message(other, "hello") for other in others))
    await small.delivery.drain()
    assert all(small.platform.texts(f"p{n}") == ["hello"] for n in range(30))
    assert alarms.events == []


async def test_what_comes_after_it_in_its_chat_waits_a_little_and_then_goes_on(
    small: Small,
) -> None:
    """For a fault that passes the order is kept; for one that does not, nobody waits."""
    (lin,) = small.accounts("lin")
    small.platform.refuse = unserved("bad")
    await small.posts(message(lin, "bad"), message(lin, "good"))
    await small.delivery.drain()
    assert small.platform.texts("lin") == []
    small.clock.move(timedelta(seconds=2))
    await small.delivery.drain()
    small.clock.move(timedelta(seconds=4))
    await small.delivery.drain()
    assert small.platform.texts("lin") == ["good"]
    assert tried(small.platform).count("bad") == 3
    small.platform.refuse = lambda _shown: None
    await time_goes_by(small)
    assert small.platform.texts("lin") == ["good", "bad"]


async def test_it_is_given_up_in_the_end_and_on_record(small: Small, alarms: Alarms) -> None:
    (lin,) = small.accounts("lin")
    small.platform.refuse = unserved("bad")
    await small.posts(message(lin, "bad"))
    for _ in range(delivery.MOST_TRIES + 1):
        small.clock.move(timedelta(seconds=await small.delivery.drain()))
        small.clock.move(timedelta(seconds=delivery.LONGEST_PAUSE))
    assert tried(small.platform).count("bad") == delivery.MOST_TRIES
    assert (small.sends(), small.rows(Outbox)[0].error) == ([FAILED], "Internal Server Error")
    assert alarms.events == ["send_given_up"]


async def test_a_hiccup_keeps_the_order_and_holds_up_its_chat_only(small: Small) -> None:
    lin, zhao = small.accounts("lin", "zhao")
    small.platform.refuse = unserved("1")
    await small.posts(message(lin, "1"), message(lin, "2"), message(zhao, "hello"))
    await small.delivery.drain()
    small.platform.refuse = lambda _shown: None
    assert small.platform.texts("zhao") == ["hello"]
    await time_goes_by(small)
    assert small.platform.texts("lin") == ["1", "2"]


@pytest.mark.parametrize("people", [1, 2, 30])
async def test_a_platform_that_serves_nobody_for_three_days_loses_nothing(
    database: Database, clock: SetClock, alarms: Alarms, idempotent: bool, people: int
) -> None:
    """However few are there by whom to tell."""
    small = Small(database, clock, {"fake": messenger(idempotent=idempotent, at_once=4)})
    accounts = small.accounts(*(f"p{n}" for n in range(people)))
    await small.posts(*(message(a, f"{n}") for n in range(3) for a in accounts))
    small.platform.refuse = unserved("0", "1", "2")
    small.platform.well = False
    for _ in range(3 * 24):
        await small.delivery.drain()
        clock.move(timedelta(hours=1))
    small.platform.refuse = lambda _shown: None
    small.platform.well = True
    await time_goes_by(small)
    assert set(small.sends()) == {SENT}
    assert all(small.platform.texts(f"p{n}") == ["0", "1", "2"] for n in range(people))
    assert set(alarms.events) == {"platform_rests"}


async def test_while_nobody_is_served_one_call_at_a_time_finds_out(
    database: Database, clock: SetClock, alarms: Alarms
) -> None:
    small = Small(database, clock, {"fake": messenger(at_once=8)})
    accounts = small.accounts(*(f"p{n}" for n in range(30)))
    await small.posts(*(message(account, "hello") for account in accounts))
    small.platform.refuse = unserved("hello")
    await small.delivery.drain()
    calls = len(small.platform.calls)
    assert calls == 8
    for _ in range(3):
        clock.move(timedelta(seconds=60))
        await small.delivery.drain()
    assert len(small.platform.calls) == calls + 3
    small.platform.refuse = lambda _shown: None
    await time_goes_by(small)
    assert set(small.sends()) == {SENT}
    assert set(alarms.events) == {"platform_rests"}


async def test_one_message_that_is_never_served_makes_no_outage_longer(
    small: Small, alarms: Alarms
) -> None:
    """After an outage others are asked before what failed most often."""
    lin, *others = small.accounts("lin", *(f"p{n}" for n in range(10)))
    small.platform.refuse = unserved("bad")
    await small.posts(message(lin, "bad"))
    for _ in range(4):
        await small.delivery.drain()
        small.clock.move(timedelta(seconds=60))
    small.platform.refuse = unserved("bad", "hello")
    await small.posts(*(message(other, "hello") for other in others))
    await small.delivery.drain()
    small.platform.refuse = unserved("bad")
    small.clock.move(timedelta(seconds=60))
    await small.delivery.drain()
    assert all(small.platform.texts(f"p{n}") == ["hello"] for n in range(10))


async def conversation(database: Database, clock: SetClock, share: float) -> tuple[float, float]:
    """People who say the next thing once they are answered, while a share of all calls is not
    served: messages a second, and the median wait, in the time of the clock."""
    whims = random.Random(5)
    small = Small(database, clock, {"fake": messenger(per_second=30, per_chat=1, at_once=24)})
    people = [f"p{share}-{n}" for n in range(20)]
    accounts = small.accounts(*people)

    def refuse(_shown: Shown) -> None:
        if whims.random() < share:
            raise Unserved("Internal Server Error")

    small.platform.refuse = refuse
    began = clock.now()
    said = dict.fromkeys(people, began)
    waits: list[float] = []
    count = Counter[str]()
    await small.posts(*(message(account, "0") for account in accounts))
    while len(waits) < 20 * 30:
        pause = await small.delivery.drain()
        news = []
        for person, account in zip(people, accounts, strict=True):
            if len(small.platform.texts(person)) > count[person]:
                count[person] += 1
                waits.append((clock.now() - said[person]).total_seconds())
                said[person] = clock.now()
                news.append(message(account, str(count[person])))
        await small.posts(*news)
        clock.move(timedelta(seconds=0.01 if news else min(pause, 0.2)))
    return len(waits) / (clock.now() - began).total_seconds(), median(waits)


async def test_one_call_in_a_hundred_that_is_not_served_costs_little(
    sqlite_database: Database, clock: SetClock
) -> None:
    rate, wait = await conversation(sqlite_database, clock, 0.0)
    troubled_rate, troubled_wait = await conversation(sqlite_database, clock, 0.01)
    assert troubled_rate >= 0.9 * rate
    assert troubled_wait <= 1.5 * wait


# ---------------------------------------------------------------- what holds nobody up


@pytest.mark.parametrize(
    "error", [Unserved("500"), TryLater(30), FateUnknown("timeout"), Unsent("no such method")]
)
async def test_a_menu_that_is_not_taken_holds_no_message_up(
    small: Small, alarms: Alarms, error: Exception
) -> None:
    def refuse(_address: str) -> None:
        raise error

    people = small.accounts(*(f"p{n}" for n in range(12)))
    small.platform.refuse_menu = refuse
    for person in people:
        await small.posts(menu(person), message(person, "hello"))
    await small.delivery.drain()
    assert all(small.platform.texts(f"p{n}") == ["hello"] for n in range(12))
    await small.posts(*(message(person, "again") for person in people))
    await small.delivery.drain()
    assert all(small.platform.texts(f"p{n}") == ["hello", "again"] for n in range(12))
    assert "platform_rests" not in alarms.events


async def test_a_menu_is_offered_again_and_given_up_in_the_end(
    small: Small, alarms: Alarms
) -> None:
    def refuse(address: str) -> None:
        if address == "lin" or small.platform.menu_calls.count(address) < 3:
            raise Unserved("500")

    lin, zhao = small.accounts("lin", "zhao")
    small.platform.refuse_menu = refuse
    await small.posts(menu(lin), menu(zhao))
    for _ in range(20):
        await small.delivery.drain()
        small.clock.move(timedelta(seconds=delivery.LONGEST_PAUSE))
    assert small.platform.menus == {"zhao": (("help", "帮助"),)}
    assert small.sends() == [FAILED, SENT]
    assert alarms.events == ["send_given_up"]


async def test_a_menu_whose_call_hangs_holds_no_message_up(
    database: Database, clock: SetClock, idempotent: bool
) -> None:
    small = Small(database, clock, {"fake": messenger(idempotent=idempotent, at_once=2)})
    people = small.accounts(*(f"p{n}" for n in range(6)))
    gates = [small.platform.hold(f"menu p{n}") for n in range(6)]
    for person in people:
        await small.posts(menu(person), message(person, "hello"))
    async with small_worker(small):
        await until(lambda: len(small.platform.shown) == 6)
        assert len(small.platform.menu_calls) <= delivery.ASIDE_AT_ONCE
        for gate in gates:
            gate.set()
        await until(lambda: len(small.platform.menus) == 6)


async def test_a_menu_that_was_being_set_in_a_crash_is_set_again(
    database: Database, clock: SetClock
) -> None:
    small = Small(database, clock, {"fake": messenger(idempotent=False)})
    (lin,) = small.accounts("lin")
    small.platform.hold("menu lin")
    await small.posts(menu(lin))
    async with small_worker(small):
        await until(lambda: small.platform.menu_calls == ["lin"])
        assert small.sends() == [WAITING]
        small.platform.gates.pop("menu lin").set()
        await until(lambda: "lin" in small.platform.menus)


# ---------------------------------------------------------------- shares, and a clock set back


async def test_notices_keep_a_share_while_replies_fill_the_pace(
    database: Database, clock: SetClock
) -> None:
    small = Small(database, clock, {"fake": messenger(per_second=20)})
    talkers = small.accounts(*(f"p{n}" for n in range(200)))
    told = small.accounts(*(f"q{n}" for n in range(30)))
    await small.posts(*(message(account, "notice", Lane.NOTICE) for account in told))
    await small.posts(*(message(account, f"{n}") for n in range(3) for account in talkers))
    for _ in range(10):
        await small.delivery.drain()
        clock.move(timedelta(seconds=1.02))
    notices = tried(small.platform).count("notice")
    assert len(small.platform.calls) == 200
    assert 18 <= notices <= 22


async def test_a_notices_share_never_goes_before_a_reply_in_its_own_chat(
    database: Database, clock: SetClock
) -> None:
    small = Small(database, clock, {"fake": messenger(per_second=5)})
    accounts = small.accounts(*(f"p{n}" for n in range(25)))
    for account in accounts:
        await small.posts(message(account, "notice", Lane.NOTICE), message(account, "reply"))
    for _ in range(24):
        await small.delivery.drain()
        clock.move(timedelta(seconds=1.02))
    assert all(small.platform.texts(f"p{n}") == ["reply", "notice"] for n in range(25))


async def test_a_clock_that_is_set_back_makes_nobody_mute(
    database: Database, clock: SetClock, alarms: Alarms
) -> None:
    small = Small(database, clock, {"fake": messenger(per_second=5)})
    accounts = small.accounts(*(f"p{n}" for n in range(20)))
    small.platform.refuse = unserved("hiccup")
    await small.posts(message(accounts[19], "hiccup"), message(accounts[19], "after"))
    await small.posts(*(message(account, "before") for account in accounts[:18]))
    await small.delivery.drain()
    small.set_back(timedelta(hours=1))
    small.platform.refuse = lambda _shown: None
    await small.posts(message(accounts[18], "later"))
    for _ in range(8):
        await small.delivery.drain()
        clock.move(timedelta(seconds=1.02))
    assert set(small.sends()) == {SENT}
    assert small.platform.texts("p19") == ["hiccup", "after"]
    assert alarms.events == ["clock_set_back"]


async def test_what_is_meant_for_later_stays_so_when_the_clock_is_set_back(
    small: Small,
) -> None:
    (lin,) = small.accounts("lin")
    notice = message(lin, "tomorrow", Lane.NOTICE)
    notice.not_before = small.clock.now() + timedelta(hours=5)
    await small.posts(notice)
    await small.delivery.drain()
    small.set_back(timedelta(hours=1))
    await small.delivery.drain()
    small.clock.move(timedelta(hours=5))
    await small.delivery.drain()
    assert small.platform.texts("lin") == []
    small.clock.move(timedelta(hours=1))
    await small.delivery.drain()
    assert small.platform.texts("lin") == ["tomorrow"]


async def test_replies_queued_before_the_clock_was_set_back_are_sent_by_the_next_run(
    small: Small,
) -> None:
    (lin,) = small.accounts("lin")
    await small.posts(message(lin, "hello"))
    small.set_back(timedelta(hours=1))
    small.open()
    async with small.running():
        await until(lambda: small.platform.texts("lin") == ["hello"])


@pytest.mark.parametrize("lane", [Lane.REPLY, Lane.NOTICE])
async def test_what_was_tried_before_the_clock_was_set_back_is_tried_again_by_the_next_run(
    small: Small, lane: Lane
) -> None:
    (lin,) = small.accounts("lin")
    small.platform.refuse = unserved("hello")
    await small.posts(message(lin, "hello", lane))
    await small.delivery.drain()
    assert small.sends() == [WAITING]
    small.platform.refuse = lambda _shown: None
    small.set_back(timedelta(minutes=50))
    small.open()
    async with small.running():
        await until(lambda: small.platform.texts("lin") == ["hello"])


# ---------------------------------------------------------------- nobody there


async def test_who_blocked_us_is_marked_and_notices_to_them_are_not_tried(small: Small) -> None:
    lin, zhao = small.accounts("lin", "zhao")
    small.platform.refuse = refusing(Unreachable("blocked"), "lin")
    await small.posts(
        *(message(who, f"n{i}", Lane.NOTICE) for i in range(9) for who in (lin, zhao))
    )
    await small.delivery.drain()
    assert not small.account("lin").reachable
    assert small.account("zhao").reachable
    assert len([call for call in small.platform.calls if call.address == "lin"]) == 1
    assert small.platform.texts("zhao") == [f"n{i}" for i in range(9)]
    assert small.sends().count(UNREACHABLE) == small.sends().count(SENT) == 9


async def test_who_leaves_is_spared_the_notices_that_wait(small: Small) -> None:
    (lin,) = small.accounts("lin")
    await small.posts(message(lin, "notice", Lane.NOTICE))
    await small.inbox.receive("fake", [encode("left", Incoming("lin", presence="left"))])
    await small.settle()
    assert not small.account("lin").reachable
    assert (small.platform.calls, small.sends()) == ([], [UNREACHABLE])


async def test_who_comes_back_is_reached_again(small: Small) -> None:
    small.accounts("lin", person=True)
    person = small.account("lin").person_id or 0
    told = Outgoing("told")

    async def tell(key: str) -> int:
        from bot.talk.message import Message

        actor = Actor(person, None, small.clock.now())
        return await small.database.run(notices.tell, actor, person, Message(told.text), key)

    small.platform.refuse = refusing(Unreachable("blocked"), "lin")
    assert await tell("first") == 1
    await small.delivery.drain()
    assert await tell("second") == 0
    small.platform.refuse = lambda _shown: None
    await small.inbox.receive("fake", [encode("back", Incoming("lin", presence="returned"))])
    await small.settle()
    assert small.account("lin").reachable
    assert await tell("third") == 1
    await small.delivery.drain()
    assert small.platform.texts("lin") == ["told"]


async def test_who_speaks_again_is_answered_and_reached_again(small: Small) -> None:
    await small.talks("lin", "hello")
    small.platform.refuse = refusing(Unreachable("blocked"), "lin")
    await small.talks("lin", "are you there?")
    assert not small.account("lin").reachable
    small.platform.refuse = lambda _shown: None
    assert await small.talks("lin", "again") == ["heard hello", "heard again"]
    assert small.account("lin").reachable


async def test_a_reply_that_arrives_shows_that_somebody_is_there(small: Small) -> None:
    """They came back between a call that failed and its being written down."""
    (lin,) = small.accounts("lin")
    await small.database.run(chats.mark_unreachable, [lin], small.clock.now())
    await small.posts(message(lin, "hello"))
    await small.delivery.drain()
    assert small.platform.texts("lin") == ["hello"]
    assert small.account("lin").reachable


# ---------------------------------------------------------------- failures


async def test_a_send_of_unknown_fate_is_never_repeated(
    database: Database, clock: SetClock, idempotent: bool
) -> None:
    small = Small(database, clock, {"fake": messenger(idempotent=idempotent)})
    (lin,) = small.accounts("lin")
    small.platform.refuse = lambda shown: (
        refusing(FateUnknown("timeout"), "lin")(shown) if shown.message.text == "1" else None
    )
    await small.posts(message(lin, "1"), message(lin, "2"))
    await small.delivery.drain()
    clock.move(timedelta(days=1))
    small.open()
    async with small.running():
        await small.hears("lin", "hello")
        await until(lambda: "heard hello" in small.platform.texts("lin"))
    assert tried(small.platform).count("1") == 1
    assert small.platform.texts("lin") == ["2", "heard hello"]
    assert small.sends()[:2] == [UNKNOWN, SENT]


async def test_what_the_platform_refuses_for_good_is_noted_and_the_next_goes_on(
    small: Small, alarms: Alarms
) -> None:
    lin, zhao = small.accounts("lin", "zhao")
    small.platform.refuse = lambda shown: (
        refusing(Unsent("too long"), "lin")(shown) if shown.message.text == "1" else None
    )
    await small.posts(message(lin, "1"), message(lin, "2"), message(zhao, "1"))
    await small.delivery.drain()
    assert small.sends() == [FAILED, SENT, SENT]
    assert small.rows(Outbox)[0].error == "too long"
    assert alarms.events == ["send_refused"]


async def test_an_adapters_own_fault_stops_nobody(small: Small, alarms: Alarms) -> None:
    lin, zhao = small.accounts("lin", "zhao")
    small.platform.refuse = refusing(ZeroDivisionError(), "lin")
    await small.posts(message(lin, "1"), message(zhao, "1"), message(lin, "2"))
    await small.delivery.drain()
    assert small.sends() == [UNKNOWN, SENT, UNKNOWN]
    assert alarms.events == ["send_failed"] * 2


@pytest.mark.parametrize("times", [1, 4])
async def test_a_commit_that_fails_forgets_no_fate(
    database: Database, clock: SetClock, alarms: Alarms, idempotent: bool, times: int
) -> None:
    small = Small(database, clock, {"fake": messenger(idempotent=idempotent)})
    accounts = small.accounts("lin", "zhao")
    await small.posts(*(message(account, str(n)) for n in range(3) for account in accounts))
    # First what was being sent before is looked up, then the first are chosen: then it fails.
    with failing_commits(database, lambda n: 2 <= n < 2 + times):
        async with asyncio.timeout(20), small_worker(small):
            await until(lambda: len(small.platform.shown) == 6)
    assert small.platform.texts("lin") == small.platform.texts("zhao") == ["0", "1", "2"]
    assert small.sends() == [SENT] * 6
    assert alarms.events == ["delivery_halted"]


async def test_a_commit_that_fails_before_the_call_makes_no_call(
    database: Database, clock: SetClock, idempotent: bool
) -> None:
    small = Small(database, clock, {"fake": messenger(idempotent=idempotent, at_once=1)})
    accounts = small.accounts("lin", "zhao")
    await small.posts(*(message(account, "hello") for account in accounts))
    with failing_commits(database, lambda n: 1 <= n < 4):
        async with asyncio.timeout(20), small_worker(small):
            await until(lambda: len(small.platform.shown) == 2)
    assert small.sends() == [SENT] * 2


# ---------------------------------------------------------------- stopping and crashing


class small_worker:
    """The delivery worker alone, at work; on leaving it is stopped as a signal stops it."""

    def __init__(self, small: Small) -> None:
        self._task = asyncio.create_task(small.delivery.run())

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_error: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


async def test_a_crash_in_a_send_leaves_its_fate_unknown_where_it_may_not_be_repeated(
    database: Database, clock: SetClock, alarms: Alarms
) -> None:
    careful, free = messenger("careful", idempotent=False), messenger("free")
    small = Small(database, clock, {"careful": careful, "free": free})
    (lin,) = small.accounts("lin", platform="careful")
    (zhao,) = small.accounts("zhao", platform="free")
    await small.posts(*(message(who, str(n)) for who in (lin, zhao) for n in range(2)))
    sending = [Fate(row.id, SENDING, 1, clock.now()) for row in small.rows(Outbox)[::2]]
    await small.database.run(chats.mark, sending)
    async with small.running():
        await until(lambda: len(free.shown) == 2)
        assert not careful.shown, "the calls of this second may have been made before the crash"
        clock.move(timedelta(seconds=1.1))
        small.delivery.wake()
        await until(lambda: len(careful.shown) == 1)
    assert small.sends() == [UNKNOWN, SENT, SENT, SENT]
    assert (tried(careful), tried(free)) == (["1"], ["0", "1"])
    assert alarms.events == ["sends_of_unknown_fate"]


async def test_before_the_call_is_made_it_is_on_record_that_it_will_be(
    database: Database, clock: SetClock
) -> None:
    small = Small(database, clock, {"fake": messenger(idempotent=False)})
    (lin,) = small.accounts("lin")
    small.platform.hold()
    await small.posts(message(lin, "hello"))
    async with small_worker(small):
        await until(lambda: small.platform.under_way == 1)
        assert small.sends() == [SENDING]
        small.platform.gates["*"].set()


async def test_stopping_lets_the_calls_under_way_end(
    database: Database, clock: SetClock, idempotent: bool
) -> None:
    small = Small(database, clock, {"fake": messenger(idempotent=idempotent, at_once=1)})
    accounts = small.accounts("lin", "zhao")
    gate = small.platform.hold()
    await small.posts(*(message(account, "hello") for account in accounts))
    async with small_worker(small):
        await until(lambda: small.platform.under_way == 1)
        asyncio.get_running_loop().call_later(0.05, gate.set)
    assert small.sends() == [SENT, WAITING]
    assert len(small.platform.calls) == 1


async def test_stopping_waits_for_no_call_for_ever(
    database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery.Delivery, "last_words", 0.02)
    small = Small(database, clock, {"fake": messenger(idempotent=False)})
    (lin,) = small.accounts("lin")
    small.platform.hold()
    await small.posts(message(lin, "hello"))
    async with small_worker(small):
        await until(lambda: small.platform.under_way == 1)
    await until(lambda: small.platform.under_way == 0)
    assert small.sends() == [SENDING]


# ---------------------------------------------------------------- the queue


async def test_a_keyed_notice_is_queued_once(small: Small) -> None:
    (lin,) = small.accounts("lin")
    notice = message(lin, "notice", Lane.NOTICE, "month:1")
    await small.posts(notice, notice)
    await small.delivery.drain()
    await small.posts(message(lin, "notice again", Lane.NOTICE, "month:1"), message(lin, "reply"))
    await small.delivery.drain()
    assert small.platform.texts("lin") == ["notice", "reply"]


async def test_messages_of_a_platform_that_is_switched_off_wait_and_keep_nobody_busy(
    database: Database, clock: SetClock
) -> None:
    small = Small(database, clock, {"fake": messenger()})
    (absent,) = small.accounts("lin", platform="absent")
    (zhao,) = small.accounts("zhao")
    await small.posts(message(absent, "hello"), message(zhao, "hello"))
    assert await small.delivery.drain() == IDLE
    assert small.sends() == [WAITING, SENT]


async def test_a_worker_with_its_hands_full_does_not_spin(
    database: Database, clock: SetClock
) -> None:
    small = Small(database, clock, {"fake": messenger(idempotent=False, at_once=1)})
    accounts = small.accounts("lin", "zhao")
    gate = small.platform.hold()
    await small.posts(*(message(a, str(n)) for n in range(3) for a in accounts))
    async with small_worker(small):
        await until(lambda: small.platform.under_way == 1)
        with failing_commits(database, lambda _n: False) as commits:
            await asyncio.sleep(0.3)
            assert commits() <= 1
        gate.set()
        await until(lambda: len(small.platform.shown) == 6)


@pytest.mark.parametrize(
    ("asked", "between", "changed"),
    [("1", False, True), ("1", True, False), ("7", False, False), (ITS_CARD, False, True)],
)
async def test_a_card_is_changed_where_it_stands_only_if_it_stands_last(
    database: Database,
    clock: SetClock,
    idempotent: bool,
    asked: str,
    between: bool,
    changed: bool,
) -> None:
    """`1` is the card's own message; whatever stands in the chat is told by its body, too."""
    small = Small(database, clock, {"fake": messenger(idempotent=idempotent)})
    (lin,) = small.accounts("lin")
    said = [Outgoing("first", card="menu")]
    said += [Outgoing("between")] if between else []
    said += [Outgoing("second", card="menu", replace=asked)]
    for one in said:
        await small.posts(chats.Post(lin, one.to_json()))
        await small.delivery.drain()
    rows = small.rows(Outbox)
    assert small.platform.shown[-1].place == str(rows[0 if changed else -1].id)
    assert Outgoing.from_json(rows[-1].body).replace == ("1" if changed else "")


async def test_another_cards_place_is_not_taken(database: Database, clock: SetClock) -> None:
    small = Small(database, clock, {"fake": messenger()})
    (lin,) = small.accounts("lin")
    for one in (Outgoing("菜单", card="menu"), Outgoing("进度", card="progress", replace="1")):
        await small.posts(chats.Post(lin, one.to_json()))
        await small.delivery.drain()
    assert [shown.place for shown in small.platform.shown] == ["1", "2"]


async def test_chats_and_notices_and_trouble_all_at_once(
    database: Database, clock: SetClock, alarms: Alarms, idempotent: bool
) -> None:
    """However calls fail, each chat sees what reached it in order, and each row has a fate."""
    whims = random.Random(11)
    small = Small(database, clock, {"fake": messenger(idempotent=idempotent, at_once=5)})
    people = [f"p{n}" for n in range(12)]
    accounts = small.accounts(*people)
    posts = [message(a, f"{n:02}") for n in range(10) for a in accounts]
    await small.posts(*posts)

    def trouble(_shown: Shown) -> None:
        match whims.randrange(12):
            case 0:
                raise TryLater(whims.randint(1, 9))
            case 1:
                raise TryLater(whims.randint(1, 9), everyone=True)
            case 2:
                raise FateUnknown("timeout")
            case 3:
                raise RuntimeError("a fault")

    small.platform.refuse = trouble
    for _ in range(400):
        clock.move(timedelta(seconds=await small.delivery.drain()))
        if WAITING not in small.sends():
            break
    assert set(small.sends()) == {SENT, UNKNOWN}
    shown = [s.row for s in small.platform.shown]
    assert sorted(shown) == [row.id for row in small.rows(Outbox) if row.state is SENT]
    for person in people:
        assert small.platform.texts(person) == sorted(small.platform.texts(person))

"""The delivery worker: in order, within every limit, and nothing said twice that may not be."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from bot import delivery
from bot.platforms.contract import FateUnknown, TryLater, Unreachable, Unsent
from bot.platforms.fake import Shown, encode
from bot.talk.acting import Actor
from bot.talk.clock import SetClock
from bot.talk.message import Incoming, Outgoing
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
            await until(lambda n=n: len(small.platform.texts("zhao")) == n + 1)  # type: ignore[misc]
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
    assert await small.delivery.drain() == pytest.approx(0.2)
    assert len(small.platform.shown) == 6  # a second's worth, and the one that begins the next
    clock.move(timedelta(seconds=1))
    await small.delivery.drain()
    assert len(small.platform.shown) == 11


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
    assert (len(slow.shown), len(fast.shown)) == (2, 9)


async def test_the_running_worker_takes_up_what_had_to_wait(
    database: Database, clock: SetClock
) -> None:
    small = Small(database, clock, {"fake": messenger(per_second=50)})
    accounts = small.accounts(*(f"p{n}" for n in range(70)))
    await small.posts(*(message(account, "hello") for account in accounts))
    async with small.running():
        await until(lambda: len(small.platform.shown) == 51)
        clock.move(timedelta(seconds=1))
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
    await small.database.run(chats.mark_unreachable, [lin])
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


async def test_cards_are_changed_where_they_stand(database: Database, clock: SetClock) -> None:
    small = Small(database, clock, {"fake": messenger(idempotent=False)})
    (lin,) = small.accounts("lin")
    earlier: list[str | None] = []
    send = small.platform.send

    async def remembering(row: int, address: str, said: Outgoing, at: str | None) -> str:
        earlier.append(at)
        return await send(row, address, said, at)

    small.platform.send = remembering  # type: ignore[method-assign,assignment]
    for text in ("first", "second"):
        body = Outgoing(text, card="menu", replace=True).to_json()
        await small.posts(chats.Post(lin, body))
        await small.delivery.drain()
    first, second = small.rows(Outbox)
    assert (first.state, second.state) == (SENT, SENT)
    assert earlier == [None, str(first.id)]


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

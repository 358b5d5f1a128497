"""The inbox: nothing acknowledged is lost, nothing is handled twice, nobody blocks anybody."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy.exc import OperationalError

from bot import inbox
from bot.platforms.contract import Received
from bot.talk.message import Message
from storage import chats
from storage.database import Database
from storage.tables import Account, Audit, StoredTalk, TalkState, UpdateState
from tests.faults.small import (
    HALF,
    PATIENCE,
    SORRY,
    Alarms,
    Small,
    failing_commits,
    messenger,
    until,
)

DONE, ASIDE, WAITING = UpdateState.DONE, UpdateState.ASIDE, UpdateState.WAITING


def poison(address: str) -> Received:
    """An update that no platform of ours can decode."""
    return Received(f"poison-{address}", address, "{not json")


# ---------------------------------------------------------------- twice, and in order


async def test_the_same_update_twice_is_handled_once(small: Small) -> None:
    update = small.said("lin", "hello")
    await small.inbox.receive("fake", [update, update])
    await small.inbox.receive("fake", [update])
    await small.settle()
    await small.inbox.receive("fake", [update])
    await small.settle()
    assert small.heard("lin") == ["hello"]
    assert small.platform.texts("lin") == ["heard hello"]


async def test_the_same_update_racing_itself_is_handled_once(small: Small) -> None:
    update = small.said("lin", "hello")
    async with small.running():
        await asyncio.gather(*(small.inbox.receive("fake", [update]) for _ in range(20)))
        await small.hears("lin", "bye")
        await small.handled()
    assert small.heard("lin") == ["hello", "bye"]


async def test_one_key_on_two_platforms_is_two_updates(database: Database, clock: Any) -> None:
    small = Small(database, clock, {n: messenger(n) for n in ("fake", "other")})
    update = small.said("lin", "hello")
    await small.inbox.receive("fake", [update])
    await small.inbox.receive("other", [update])
    await small.settle()
    assert small.platforms["other"].texts("lin") == small.platform.texts("lin") == ["heard hello"]


async def test_two_updates_racing_for_a_chat_nobody_knows_yet(small: Small) -> None:
    async with small.running():
        await asyncio.gather(small.hears("lin", "one"), small.hears("lin", "two"))
        await small.handled()
    assert small.heard("lin") == ["one", "two"]
    assert len(small.rows(Account)) == 1


async def test_fifty_chats_at_once_are_each_heard_in_order(small: Small) -> None:
    lines = [f"line {n}" for n in range(12)]

    async def chatter(address: str, pace: random.Random) -> None:
        left = list(lines)
        while left:
            some = pace.randint(1, 3)
            await small.hears(address, *left[:some])
            del left[:some]
            await asyncio.sleep(pace.random() / 200)

    people = [f"p{n}" for n in range(50)]
    async with small.running():
        await asyncio.gather(*(chatter(p, random.Random(p)) for p in people))
        await small.handled()
    await small.settle()
    assert all(small.heard(person) == lines for person in people)
    said = [f"heard {line}" for line in lines]
    assert all(small.platform.texts(person) == said for person in people)


async def test_many_who_write_at_once_share_a_flush(small: Small) -> None:
    with failing_commits(small.database, lambda _n: False) as commits:
        await asyncio.gather(*(small.hears(f"p{n}", "hello") for n in range(50)))
        assert commits() <= 3
    with failing_commits(small.database, lambda _n: False) as commits:
        await small.inbox.turn()
        assert commits() <= 3  # one for all, one that finds nothing left
    assert small.updates() == [DONE] * 50


# ---------------------------------------------------------------- storing fails


async def test_who_is_not_stored_is_told_and_may_come_again(small: Small) -> None:
    update = small.said("lin", "hello")
    with failing_commits(small.database, lambda n: n < 2):
        with pytest.raises(OperationalError):
            await small.inbox.receive("fake", [update])
        assert small.updates() == []
        await small.inbox.receive("fake", [update])
    await small.settle()
    assert small.heard("lin") == ["hello"]


async def test_one_whom_the_database_refuses_spoils_nothing_for_the_others(small: Small) -> None:
    nowhere = Received("u", cast(str, None), "{}")
    outcomes = await asyncio.gather(
        *(small.hears(f"p{n}", "hello") for n in range(5)),
        small.inbox.receive("fake", [nowhere]),
        *(small.hears(f"p{n}", "hello") for n in range(5, 10)),
        return_exceptions=True,
    )
    assert [outcome is None for outcome in outcomes] == [True] * 5 + [False] + [True] * 5
    await small.settle()
    assert all(small.heard(f"p{n}") == ["hello"] for n in range(10))


async def test_a_caller_who_is_cancelled_leaves_nobody_waiting(small: Small) -> None:
    first = asyncio.create_task(small.hears("lin", "hello"))
    await asyncio.sleep(0)
    second = asyncio.create_task(small.hears("zhao", "hello"))
    await asyncio.sleep(0)
    first.cancel()
    async with asyncio.timeout(PATIENCE):
        await second
    await small.settle()
    assert small.heard("zhao") == ["hello"]
    assert first.cancelled()


async def test_half_an_emoji_is_stored_as_it_came(small: Small) -> None:
    raw = json.dumps({"address": "lin", "text": "a\ud83db"}, ensure_ascii=False)
    await small.inbox.receive("fake", [Received("u", "lin", raw)])
    (stored,) = await small.database.run(chats.waiting_updates, 9, ["fake"], ())
    assert json.loads(stored.raw) == json.loads(raw)


# ---------------------------------------------------------------- poison


async def test_a_poisonous_update_is_set_aside_with_an_alarm(small: Small, alarms: Alarms) -> None:
    await small.talks("lin", "hello")
    await small.inbox.receive(
        "fake",
        [poison("lin"), poison("nobody"), small.said("lin", "again"), small.said("zhao", "hi")],
    )
    await small.settle()
    assert small.updates() == [DONE, ASIDE, ASIDE, DONE, DONE]
    assert small.aside() == ["undecodable: JSONDecodeError"] * 2
    assert alarms.events == ["update_undecodable"] * 2
    assert small.platform.texts("lin") == ["heard hello", SORRY, "heard again"]
    assert small.heard("zhao") == ["hi"]
    assert {account.address for account in small.rows(Account)} == {"lin", "zhao"}


async def test_what_cannot_be_handled_is_undone_set_aside_and_said(
    small: Small, alarms: Alarms
) -> None:
    await small.inbox.receive(
        "fake",
        [
            small.said(address, words)
            for address, words in [
                ("lin", "one"),
                ("lin", "explode"),
                ("lin", "two"),
                ("zhao", "hi"),
            ]
        ],
    )
    await small.settle()
    assert small.heard("lin") == ["one", "two"]
    assert small.platform.texts("lin") == ["heard one", SORRY, "heard two"]
    assert small.heard("zhao") == ["hi"]
    assert small.aside() == ["RuntimeError"]
    assert alarms.events == ["update_failed"]


async def test_a_step_undone_leaves_what_the_same_batch_did_before_it(small: Small) -> None:
    """The talk's row is held in memory from one update to the next, and must be put back too."""
    await small.talks("lin", "/pair", "one", "explode", "two")
    assert small.platform.texts("lin") == ["first?", "second?", SORRY, "done"]
    assert small.heard("lin") == ["one: two"]
    assert small.rows(StoredTalk) == []


async def test_a_step_undone_last_is_not_written(small: Small) -> None:
    await small.talks("lin", "/pair", "one", "explode")
    (talk,) = small.rows(StoredTalk)
    assert [entry["step"] for entry in talk.journal["entries"]] == ["first"]
    assert await small.talks("lin", "two") == ["first?", "second?", SORRY, "done"]


# ---------------------------------------------------------------- the transaction fails


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_a_commit_that_fails_a_few_times_loses_nothing(
    small: Small, alarms: Alarms, times: int
) -> None:
    await small.hears("lin", "one", "two")
    await small.hears("zhao", "hi")
    with failing_commits(small.database, lambda n: n < times):
        await small.inbox.turn()
    assert (small.heard("lin"), small.heard("zhao")) == (["one", "two"], ["hi"])
    assert small.updates() == [DONE] * 3
    assert alarms.events == ["batch_failed"] * times
    await small.delivery.drain()
    assert small.platform.texts("lin") == ["heard one", "heard two"]


async def test_a_database_out_of_order_sets_nothing_aside(small: Small, alarms: Alarms) -> None:
    await small.hears("lin", "one", "two")
    with failing_commits(small.database, lambda _n: True):
        for _ in range(3):
            with pytest.raises(OperationalError):
                await small.inbox.turn()
    assert small.updates() == [WAITING] * 2
    await small.settle()
    assert small.heard("lin") == ["one", "two"]


async def test_the_running_inbox_outlives_a_database_out_of_order_from_the_start(
    small: Small, alarms: Alarms
) -> None:
    await small.hears("lin", "one", "two")
    over = asyncio.Event()
    with failing_commits(small.database, lambda _n: not over.is_set()):
        async with small.running():
            await until(lambda: {"inbox_halted", "delivery_halted"} <= set(alarms.events))
            over.set()
            await until(lambda: small.platform.texts("lin") == ["heard one", "heard two"])
    assert small.heard("lin") == ["one", "two"]
    assert small.aside() == []


async def test_the_running_inbox_outlives_an_outage_of_its_database(
    small: Small, alarms: Alarms
) -> None:
    over = asyncio.Event()
    at_rest = 4  # the inbox and the delivery worker have each taken up work, and looked for some
    with failing_commits(small.database, lambda n: n > at_rest and not over.is_set()) as commits:
        async with small.running():
            await until(lambda: commits() == at_rest)
            await small.hears("lin", "one", "two")
            small.delivery.wake()
            await until(lambda: {"inbox_halted", "delivery_halted"} <= set(alarms.events))
            over.set()
            await until(lambda: small.platform.texts("lin") == ["heard one", "heard two"])
    assert small.heard("lin") == ["one", "two"]
    assert small.aside() == []


async def test_what_always_breaks_the_commit_is_found_and_set_aside(
    small: Small, alarms: Alarms
) -> None:
    await small.talks("lin", "hello")
    crowd = [small.said(f"p{n}", "hi") for n in range(40)]
    bad = [small.said("lin", "half"), small.said("new", "half"), small.said("lin", "after")]
    await small.inbox.receive("fake", [*crowd[:20], *bad, *crowd[20:]])
    async with asyncio.timeout(PATIENCE):
        await small.settle()
    assert all(small.heard(f"p{n}") == ["hi"] for n in range(40))
    assert small.heard("lin") == ["hello", "after"]
    assert small.platform.texts("lin") == ["heard hello", SORRY, "heard after"]
    assert len(small.aside()) == 2
    assert all(why.startswith("uncommitted: ") for why in small.aside())
    assert alarms.events.count("batch_failed") == 1 + 2 * (inbox.TRIES + 1)


async def test_what_cannot_even_be_regretted_is_set_aside_all_the_same(
    small: Small, alarms: Alarms, monkeypatch: pytest.MonkeyPatch
) -> None:
    await small.talks("lin", "hello")
    monkeypatch.setattr(inbox, "with_menu", lambda _words: Message(HALF))
    await small.inbox.receive("fake", [poison("lin"), small.said("zhao", "hi")])
    async with asyncio.timeout(PATIENCE):
        await small.settle()
    assert small.heard("zhao") == ["hi"]
    assert small.updates() == [DONE, ASIDE, DONE]
    assert alarms.events[-1] == "not_told"


async def test_an_answer_no_database_can_hold_leaves_its_talk_as_it_was(
    small: Small, alarms: Alarms
) -> None:
    raw = json.dumps({"address": "lin", "text": "a\ud83db"})
    await small.talks("lin", "/pair")
    await small.inbox.receive("fake", [Received("bad", "lin", raw)])
    await small.settle()
    await small.talks("lin", "one", "two")
    assert small.platform.texts("lin") == ["first?", SORRY, "second?", "done"]
    assert small.heard("lin") == ["one: two"]


# ---------------------------------------------------------------- a platform switched off


async def test_updates_of_a_platform_that_is_switched_off_wait_for_it(small: Small) -> None:
    await small.hears("lin", "hello")
    messenger = small.platforms.pop("fake")
    small.open()
    await small.settle()
    assert small.updates() == [WAITING]
    small.platforms["fake"] = messenger
    small.open()
    await small.settle()
    assert small.heard("lin") == ["hello"]


# ---------------------------------------------------------------- albums


async def test_an_album_waits_until_it_is_whole_and_holds_up_nobody_else(small: Small) -> None:
    parts = [small.said("lin", album="a", file=name) for name in ("1.png", "2.png", "3.png")]
    await small.inbox.receive("fake", [parts[0], small.said("lin", "after"), parts[1]])
    await small.hears("zhao", "hi")
    pause = await small.inbox.turn()
    assert pause == inbox.ALBUM_PAUSE.total_seconds()
    assert small.heard("zhao") == ["hi"]
    small.clock.move(timedelta(seconds=0.6))
    await small.inbox.receive("fake", [parts[2]])
    assert await small.inbox.turn() == 1.0  # each part begins the pause anew
    small.clock.move(inbox.ALBUM_PAUSE)
    await small.settle()
    assert small.heard("lin") == ["files 1.png,2.png,3.png", "after"]
    assert small.updates() == [DONE] * 5


async def test_the_running_inbox_takes_an_album_up_by_itself(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "ALBUM_PAUSE", timedelta(milliseconds=30))
    async with small.running():
        await small.inbox.receive("fake", [small.said("lin", album="a", file="1.png")])
        await asyncio.sleep(0.01)
        assert small.updates() == [WAITING]
        small.clock.move(timedelta(milliseconds=30))
        await small.handled()
    assert small.heard("lin") == ["files 1.png"]


async def test_what_comes_late_for_an_album_is_not_lost(small: Small) -> None:
    await small.inbox.receive("fake", [small.said("lin", album="a", file="1.png")])
    small.clock.move(inbox.ALBUM_PAUSE)
    await small.settle()
    await small.inbox.receive("fake", [small.said("lin", album="a", file="2.png")])
    small.clock.move(inbox.ALBUM_PAUSE)
    await small.settle()
    assert small.heard("lin") == ["files 1.png", "files 2.png"]


async def test_two_albums_of_one_chat_stay_apart_and_in_order(small: Small) -> None:
    def part(album: str, name: str) -> Received:
        return small.said("lin", album=album, file=name)

    await small.inbox.receive(
        "fake", [part("a", "1"), part("b", "2"), part("a", "3"), part("b", "4")]
    )
    await small.hears("lin", "after")
    small.clock.move(inbox.ALBUM_PAUSE)
    await small.settle()
    assert small.heard("lin") == ["files 1,3", "files 2,4", "after"]


async def test_one_album_name_in_two_chats_is_two_albums(small: Small) -> None:
    albums = [small.said(who, album="a", file=f"{who}.png") for who in ("lin", "zhao")]
    await small.inbox.receive("fake", albums)
    small.clock.move(inbox.ALBUM_PAUSE)
    await small.settle()
    assert small.heard("lin") == ["files lin.png"]
    assert small.heard("zhao") == ["files zhao.png"]


async def test_a_clock_set_back_holds_no_album_for_long(small: Small) -> None:
    await small.inbox.receive("fake", [small.said("lin", album="a", file="1.png")])
    small.clock.move(timedelta(hours=-1))
    await small.settle()
    assert small.heard("lin") == ["files 1.png"]


async def test_an_album_with_a_poisonous_part_is_set_aside_whole(
    small: Small, alarms: Alarms
) -> None:
    await small.talks("lin", "hello")
    good = small.said("lin", album="a", file="1.png")
    await small.inbox.receive("fake", [good, Received("bad", "lin", "{not json", "a")])
    small.clock.move(inbox.ALBUM_PAUSE)
    await small.settle()
    assert small.updates() == [DONE, ASIDE, ASIDE]
    assert small.platform.texts("lin") == ["heard hello", SORRY]


# ---------------------------------------------------------------- outside work


async def fetching(
    small: Small, what: str = "apples", address: str = "lin", *, begin: bool = True
) -> asyncio.Event:
    """Bring a chat to where its talk waits for outside work; gives what lets the work end."""
    gate = small.errands.hold(what)
    await small.hears(address, *(["/errand"] if begin else []), what)
    await small.inbox.turn()
    await until(lambda: what in small.errands.begun)
    return gate


async def test_outside_work_holds_up_its_own_chat_and_no_other(small: Small) -> None:
    gate = await fetching(small)
    await small.hears("lin", "eat them", "after")
    # Many batches full, all of the chat that waits.
    await small.hears("lin", *(f"line {n}" for n in range(600)))
    await small.hears("zhao", "hi")
    await small.inbox.turn()
    assert small.heard("zhao") == ["hi"]
    assert small.heard("lin") == []
    gate.set()
    await small.inbox.drain()
    assert small.heard("lin")[:2] == ["apples, eat them: {'got': 'apples'}", "after"]
    assert small.heard("lin")[-1] == "line 599"
    assert small.errands.begun == ["apples"]


async def test_an_album_for_a_chat_that_waits_for_outside_work(small: Small) -> None:
    gate = await fetching(small)
    await small.inbox.receive(
        "fake",
        [small.said("lin", "eat them")]
        + [small.said("lin", album="a", file=name) for name in ("1", "2")],
    )
    small.clock.move(inbox.ALBUM_PAUSE)
    await small.inbox.turn()
    gate.set()
    await small.settle()
    assert small.heard("lin") == ["apples, eat them: {'got': 'apples'}", "files 1,2"]


async def test_cancelling_while_outside_work_goes_on_is_done_once_it_ends(small: Small) -> None:
    gate = await fetching(small)
    await small.hears("lin", "/cancel", "hello")
    await small.inbox.turn()
    gate.set()
    await small.settle()
    (talk,) = small.rows(StoredTalk)
    assert (talk.state, talk.work) == (TalkState.PARKED, None)
    assert small.heard("lin") == ["hello"]
    assert small.platform.texts("lin")[-1] == "heard hello"


async def test_outside_work_that_fails_is_told_to_the_talk(small: Small, alarms: Alarms) -> None:
    def fails(_what: str) -> Any:
        raise RuntimeError("no apples")

    small.errands.result = fails
    await small.talks("lin", "/errand", "apples")
    assert small.platform.texts("lin")[-1] == "got nothing"
    assert alarms.events == ["job_failed"]


async def test_outside_work_that_hangs_is_given_up(
    small: Small, alarms: Alarms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "WORK_LIMIT", 0.02)
    await fetching(small)
    async with asyncio.timeout(PATIENCE):
        await small.talks("lin", "do without")
    assert small.platform.texts("lin")[-2:] == ["got nothing", "done"]
    assert alarms.events == ["job_failed"]


async def test_outside_work_whose_result_no_database_takes_came_to_nothing(
    small: Small, alarms: Alarms
) -> None:
    small.errands.result = lambda _what: {"got": "\ud83d"}
    async with asyncio.timeout(PATIENCE):
        await small.talks("lin", "/errand", "apples", "do without")
    assert small.platform.texts("lin")[-2:] == ["got nothing", "done"]
    assert alarms.events == ["work_not_kept"]


async def test_a_commit_that_fails_does_not_lose_what_outside_work_gave(
    small: Small, alarms: Alarms
) -> None:
    gate = await fetching(small)
    with failing_commits(small.database, lambda n: n < 1):
        gate.set()
        await small.quiet(0)
    assert await small.talks("lin", "eat") == ["fetch what?", "got apples", "done"]
    assert alarms.events == ["work_not_kept"]


async def test_a_talk_that_breaks_on_what_outside_work_gave_does_not_lock_its_chat(
    small: Small, alarms: Alarms
) -> None:
    small.errands.result = lambda _what: 5
    async with asyncio.timeout(PATIENCE):
        await small.talks("lin", "/errand", "apples")
        await small.talks("lin", "/cancel", "hello")
    assert small.heard("lin") == ["hello"]


async def test_a_crash_during_outside_work_does_it_anew(small: Small) -> None:
    await fetching(small)
    await small.hears("lin", "eat them")
    small.errands.gates.clear()
    await small.crash()
    await small.inbox.take_up()
    await small.settle()
    assert small.errands.begun == ["apples", "apples"]
    assert small.heard("lin") == ["apples, eat them: {'got': 'apples'}"]
    assert small.platform.texts("lin") == ["fetch what?", "got apples", "done"]


async def test_stopping_during_outside_work_leaves_it_for_the_next_start(small: Small) -> None:
    async with small.running():
        await fetching(small)
    (talk,) = small.rows(StoredTalk)
    assert talk.state is TalkState.WORKING
    small.errands.gates.clear()
    async with small.running():
        await until(lambda: "got apples" in small.platform.texts("lin"))


# ---------------------------------------------------------------- outside work, on two devices


async def two_devices(small: Small) -> int:
    """One person's talk waits for outside work on the phone; gives the talk's number."""
    small.accounts("phone", "laptop", person=True)
    await fetching(small, "slow", "phone")
    (talk,) = small.rows(StoredTalk)
    return cast(int, talk.id)


async def test_outside_work_that_ends_after_its_talk_was_dropped_says_nothing(
    small: Small,
) -> None:
    talk = await two_devices(small)
    await small.hears("laptop", f"/drop {talk}")
    await small.inbox.turn()
    small.errands.gates["slow"].set()
    await small.settle()
    assert small.platform.texts("phone") == ["fetch what?"]
    assert await small.talks("phone", "hello") == ["fetch what?", "heard hello"]


async def answered_anew(small: Small) -> tuple[asyncio.Event, asyncio.Event]:
    """Going on with it on the laptop, the person goes back and asks for something else, while the
    phone's work still hangs; gives what lets the old work end, and the new."""
    talk = await two_devices(small)
    old = small.errands.gates.pop("slow")
    await small.talks_meanwhile("laptop", f"/resume {talk}")  # fetched once more, and at once
    await small.talks_meanwhile("laptop", "/back")
    new = await fetching(small, "else", "laptop", begin=False)
    return old, new


async def test_outside_work_of_a_former_answer_is_not_taken_for_a_later_one(small: Small) -> None:
    old, new = await answered_anew(small)
    old.set()
    await small.quiet(1)
    new.set()
    await small.settle()
    assert await small.talks("laptop", "eat") == ["got slow", "fetch what?", "got else", "done"]


async def test_a_chat_whose_talk_waits_on_another_device_waits_too_and_does_not_spin(
    small: Small,
) -> None:
    old, new = await answered_anew(small)
    old.set()
    await small.quiet(1)
    after = [f"line {n}" for n in range(inbox.BATCH)]
    await small.hears("phone", "eat", *after)
    await small.hears("zhao", "hi")
    with failing_commits(small.database, lambda _n: False) as commits:
        async with asyncio.timeout(PATIENCE):
            await small.inbox.turn()
        assert commits() < 5
    assert (small.heard("zhao"), small.heard("phone")) == (["hi"], [])
    new.set()
    await small.inbox.drain()
    assert small.heard("phone") == ["else, eat: {'got': 'else'}", *after]


# ---------------------------------------------------------------- all at once


async def test_people_who_do_everything_at_once(small: Small, alarms: Alarms) -> None:
    """Talks, work, albums, poison and faults, mixed at random: each chat comes out as alone."""
    whims = random.Random(7)
    scripts = {
        "talker": ["/pair", "one", "two", "hello"],
        "fetcher": ["/errand", "apples", "eat", "bye"],
        "breaker": ["/pair", "one", "explode", "two", "half", "bye"],
        "noisy": ["explode", "hello", "half", "bye"],
    }
    expected = {
        "talker": ["one: two", "hello"],
        "fetcher": ["apples, eat: {'got': 'apples'}", "bye"],
        "breaker": ["one: two", "bye"],
        "noisy": ["hello", "bye"],
    }
    lines = [[f"{kind}{n}", list(script)] for kind, script in scripts.items() for n in range(6)]
    async with small.running():
        while lines:
            address, script = line = whims.choice(lines)
            await small.hears(cast(str, address), cast(list[str], script).pop(0))
            if not script:
                lines.remove(line)
        await small.handled()
    for kind, heard in expected.items():
        assert all(small.heard(f"{kind}{n}") == heard for n in range(6)), kind
    assert len(small.rows(Audit)) == 6 * sum(map(len, expected.values()))

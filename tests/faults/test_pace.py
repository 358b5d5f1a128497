"""How fast a platform is asked: properties of `Pace`, for any rates and any times of asking."""

from __future__ import annotations

import random
from dataclasses import replace
from heapq import heappop, heappush
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pace import FIRST_REST, LONGEST_REST, SEVERAL, SLACK, Outage, Pace, Turn
from bot.platforms.fake import UNLIMITED

BURST = 1.0
"""Seconds' worth that may come at once into a chat after a silence."""

rates = st.sampled_from([0.5, 1.0, 3.0, 25.0, 50.0])
askings = st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 3)), min_size=1, max_size=120)
"""Milliseconds since the last asking, and the chat."""


def pace_of(per_second: float, per_chat: float = 1e6) -> Pace:
    return Pace(replace(UNLIMITED, per_second=per_second, per_chat=per_chat))


def taken(pace: Pace, asked: list[tuple[int, int]]) -> list[tuple[float, int]]:
    """When a turn was had, in seconds from the start, and in which chat; answered at once."""
    found, now = [], 0
    for after, chat in asked:
        now += after
        if turn := pace.take(chat, now / 1000):
            pace.ended(turn, now / 1000)
            found.append((now / 1000, chat))
    return found


def most_over_rate(times: list[float], rate: float) -> float:
    """How many more there were than the rate allows, in the worst of all windows."""
    return max(
        (j - i + 1) - rate * (times[j] - times[i])
        for i in range(len(times))
        for j in range(i, len(times))
    )


def most_in_a_second(times: list[float]) -> int:
    ordered = sorted(times)
    return max(sum(at <= other < at + 1.0 for other in ordered) for at in ordered)


@pytest.mark.parametrize("rate", [1.0, 30.0])
def test_what_an_earlier_run_may_have_called_counts(rate: float) -> None:
    pace = pace_of(rate)
    pace.spent(10.0)
    assert pace.take(1, 10.99) is None
    assert [bool(pace.take(chat, 11.02)) for chat in range(int(rate) + 1)] == [
        *[True] * int(rate),
        False,
    ]


@settings(deadline=None)
@given(rates, rates, askings)
def test_in_no_second_more_than_the_rate(
    per_second: float, per_chat: float, asked: list[tuple[int, int]]
) -> None:
    had = taken(pace_of(per_second, per_chat), asked)
    assert had, "the first who asks has a turn"
    assert most_in_a_second([at for at, _ in had]) <= max(1, per_second)
    for chat in {chat for _, chat in had}:
        times = [at for at, who in had if who == chat]
        assert most_over_rate(times, per_chat) <= per_chat * BURST + 1.001


@settings(deadline=None)
@given(rates, askings, st.integers(0, 5000), st.none() | st.integers(0, 3))
def test_a_rest_is_kept_to_the_instant(
    rate: float, asked: list[tuple[int, int]], rest: int, whose: int | None
) -> None:
    pace = pace_of(rate, rate)
    pace.rest(whose, rest / 1000)
    for at, chat in taken(pace, asked):
        assert at >= rest / 1000 or whose not in (None, chat)


@settings(deadline=None)
@given(rates, askings, st.integers(0, 5000))
def test_after_a_rest_no_more_come_than_ever(
    rate: float, asked: list[tuple[int, int]], rest: int
) -> None:
    pace = pace_of(rate)
    pace.rest(None, rest / 1000)
    times = [at for at, _ in taken(pace, asked)]
    assert not times or most_in_a_second(times) <= max(1, rate)


@settings(deadline=None)
@given(rates, rates, askings)
def test_whoever_waits_until_next_has_a_turn(
    per_second: float, per_chat: float, asked: list[tuple[int, int]]
) -> None:
    pace = pace_of(per_second, per_chat)
    taken(pace, asked)
    now = sum(after for after, _ in asked) / 1000
    waiting = set(range(4))
    for _ in range(200):
        for chat in sorted(waiting):
            if turn := pace.take(chat, now):
                pace.ended(turn, now)
                waiting.discard(chat)
        if not waiting:
            return
        later = pace.next(now)
        assert 0 < later < inf, "nobody is refused without a time at which to come again"
        now += later + 1e-9
    raise AssertionError("four turns take no two hundred waits")


@pytest.mark.parametrize("notices", [False, True])
@pytest.mark.parametrize("answer", [0.005, 0.4, 0.7])
@pytest.mark.parametrize("lateness", [0.0, 0.15])
def test_a_rate_is_used_in_full_and_never_passed(
    answer: float, lateness: float, notices: bool
) -> None:
    """By the clock of the platform, to which calls may come late by chance; with so many at once
    as Telegram's drivers make."""
    whims = random.Random(7)
    pace = Pace(replace(UNLIMITED, per_second=30.0, per_chat=1e6, at_once=24))
    under_way: list[tuple[float, int, Turn]] = []
    arrived: list[float] = []
    for step in range(60 * 200):
        now = step / 200
        while under_way and under_way[0][0] <= now:
            _, _, turn = heappop(under_way)
            pace.ended(turn, now)
        while len(under_way) < 24 and (begun := pace.take(1, now, notice=notices)):
            late = whims.random() * lateness if whims.random() < 0.3 else 0.0
            arrived.append(now + answer / 2 + late)
            heappush(under_way, (now + answer + late, len(arrived), begun))
    assert most_in_a_second(arrived) <= 30
    expected = 0.95 if not lateness else 0.90
    assert len(arrived) / 60 >= 30 * expected


def test_a_call_that_hangs_takes_one_place_only() -> None:
    pace = pace_of(10.0)
    assert pace.take(0, 0.0)
    had = taken(pace, [(1, n) for n in range(20_000)])
    assert 20 * 8.5 <= len(had) <= 20 * 9


def test_what_takes_many_calls_counts_as_many() -> None:
    pace = pace_of(10.0)
    turn = pace.take(0, 0.0, 8)
    assert turn
    pace.ended(turn, 0.0)
    assert not pace.bears(3, 0.1)
    assert pace.bears(2, 0.1)
    assert pace.bears(25, 1.0 + 2 * SLACK), "more than there are places goes alone"


def test_what_is_given_back_was_never_taken() -> None:
    pace = pace_of(1.0)
    turn = pace.take(0, 0.0)
    assert turn
    assert not pace.take(1, 0.0)
    pace.give_back(turn)
    assert pace.take(1, 0.0)


def test_a_reply_finds_a_place_among_notices() -> None:
    """Whoever speaks while a broadcast fills the pace waits for no second to pass."""
    pace = pace_of(30.0)
    waits = []
    now, spoken = 0.0, None
    while now < 30:
        if spoken is None and round(now * 200) % 611 == 0:
            spoken = now
        if spoken is not None and (turn := pace.take(1, now)):
            waits.append(now - spoken)
            pace.ended(turn, now)
            spoken = None
        if turn := pace.take(2, now, notice=True):
            pace.ended(turn, now)
        now += 0.005
    assert len(waits) >= 8
    assert max(waits[2:]) <= 0.1


def test_one_message_in_ten_may_be_a_notice() -> None:
    pace = pace_of(1e6)
    for n in range(9):
        assert not pace.owes_a_notice
        assert pace.take(n, 0.0)
    assert pace.owes_a_notice
    assert pace.take(99, 0.0, notice=True)
    assert not pace.owes_a_notice


def test_chats_that_are_long_silent_are_forgotten() -> None:
    pace = pace_of(1e6, 1.0)
    for chat in range(10_001):
        assert pace.take(chat, 0.0)
    assert not pace.take(0, 0.0) or not pace.take(0, 0.0)
    assert pace.take(20_000, 2.0)
    assert all(pace.take(chat, 2.0) for chat in range(100))


# ---------------------------------------------------------------- out of order


def test_only_several_chats_in_a_row_make_an_outage() -> None:
    outage = Outage()
    assert not any(outage.unserved(7) for _ in range(100)), "one chat alone proves nothing"
    assert not any(outage.unserved(chat) for chat in range(SEVERAL - 2))
    outage.served()
    assert not any(outage.unserved(chat) for chat in range(SEVERAL - 1))
    assert outage.unserved(99)


def test_rests_grow_until_somebody_is_served() -> None:
    outage = Outage()
    rests = [outage.rest(0) for _ in range(10)]
    assert rests[:3] == [FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST]
    assert rests[-1] == LONGEST_REST
    assert outage.rest(90) == 90, "what is asked for is kept"
    assert outage.served()
    assert not outage.served()
    assert outage.rest(0) == FIRST_REST

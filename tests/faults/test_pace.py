"""How fast a platform is asked: properties of `Pace`, for any rates and any times of asking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.delivery import Pace
from tests.faults.small import messenger

START = datetime(2026, 11, 23, 2, tzinfo=UTC)
BURST = 1.0
"""Seconds' worth that may be used at once after a silence."""

rates = st.sampled_from([0.5, 1.0, 3.0, 25.0, 50.0])
askings = st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 3)), min_size=1, max_size=120)
"""Milliseconds since the last asking, and the chat."""


def taken(pace: Pace, asked: list[tuple[int, int]]) -> list[tuple[float, int]]:
    """When a turn was had, in seconds from the start, and in which chat."""
    found, now = [], 0
    for after, chat in asked:
        now += after
        if pace.take(chat, START + timedelta(milliseconds=now)):
            found.append((now / 1000, chat))
    return found


def most_over_rate(times: list[float], rate: float) -> float:
    """How many more there were than the rate allows, in the worst of all windows."""
    return max(
        (j - i + 1) - rate * (times[j] - times[i])
        for i in range(len(times))
        for j in range(i, len(times))
    )


@settings(deadline=None)
@given(rates, rates, askings)
def test_over_any_window_no_more_than_the_rate_and_a_burst(
    per_second: float, per_chat: float, asked: list[tuple[int, int]]
) -> None:
    pace = Pace(messenger(per_second=per_second, per_chat=per_chat))
    had = taken(pace, asked)
    assert had, "the first who asks has a turn"
    assert most_over_rate([at for at, _ in had], per_second) <= per_second * BURST + 1.001
    for chat in {chat for _, chat in had}:
        times = [at for at, who in had if who == chat]
        assert most_over_rate(times, per_chat) <= per_chat * BURST + 1.001


@settings(deadline=None)
@given(rates, askings, st.integers(0, 5000), st.none() | st.integers(0, 3))
def test_a_rest_is_kept_to_the_instant(
    rate: float, asked: list[tuple[int, int]], rest: int, whose: int | None
) -> None:
    pace = Pace(messenger(per_second=rate, per_chat=rate))
    until = timedelta(milliseconds=rest)
    pace.rest(whose, START + until)
    for at, chat in taken(pace, asked):
        assert at >= until.total_seconds() or whose not in (None, chat)


@settings(deadline=None)
@given(rates, rates, askings)
def test_whoever_waits_until_next_has_a_turn(
    per_second: float, per_chat: float, asked: list[tuple[int, int]]
) -> None:
    pace = Pace(messenger(per_second=per_second, per_chat=per_chat))
    taken(pace, asked)
    now = START + timedelta(milliseconds=sum(after for after, _ in asked))
    waiting = set(range(4))
    for _ in range(200):
        waiting -= {chat for chat in sorted(waiting) if pace.take(chat, now)}
        if not waiting:
            return
        later = pace.next(now)
        assert later is not None, "nobody is refused without a time at which to come again"
        assert later > now
        now = later
    raise AssertionError("four turns take no two hundred waits")


def test_a_rate_is_used_in_full() -> None:
    """Asked all the time for a minute, it gives a minute's worth, and not much more."""
    pace = Pace(messenger(per_second=25.0, per_chat=25.0))
    had = taken(pace, [(5, n) for n in range(12_000)])
    assert 60 * 25 <= len(had) <= 61 * 25 + 1


def test_chats_that_are_long_silent_are_forgotten() -> None:
    pace = Pace(messenger(per_second=1e6, per_chat=1.0))
    for chat in range(10_001):
        assert pace.take(chat, START)
    assert not pace.take(0, START) or not pace.take(0, START)
    later = START + timedelta(seconds=2)
    assert pace.take(20_000, later)
    assert all(pace.take(chat, later) for chat in range(100))

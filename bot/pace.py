"""How fast a platform is asked, and when it is left alone.

All times are seconds of a clock that only goes forward: a wall clock may be set back, and what
waits for it would then be silent for as long.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf
from typing import Final

from bot.platforms.contract import Capabilities

SLACK: Final = 0.01
"""Seconds by which a platform's second is taken to be longer than ours."""
REMEMBERED: Final = 500
"""Calls among which the fastest is looked for."""
KNOWN: Final = 20
"""Calls after which the fastest tells something."""
CATCHING_UP: Final = 0.25
"""Seconds' worth of notices that may be late and are then made up for at once."""
NOTICES_SHARE: Final = 10
"""Of so many messages one is a notice, if any waits, however many replies wait."""

SEVERAL: Final = 5
"""Chats that are not served, one after another and none in between that is: then the platform is
out of order, and no single message is at fault."""
FIRST_REST: Final = 1.0
LONGEST_REST: Final = 60.0
"""Seconds for which a platform that is out of order is left alone; doubled each time."""


@dataclass(eq=False, slots=True)
class Turn:
    """The right to make a message's calls."""

    calls: int
    begun: float


class Pace:
    """The rate limits of one platform: over all chats, in one chat, and the pauses asked for.

    In no second more calls reach the platform than it bears, however late each is made or
    answered: a call counts from when it is begun until a second after it must have arrived. What
    of its way back cannot have been faster is known from the fastest call.
    """

    def __init__(self, can: Capabilities) -> None:
        self.at_once = can.at_once
        self._most = max(1, int(can.per_second))
        self._span = self._most / can.per_second + SLACK
        self._gap = 1 / can.per_second
        self._chat_gap = 1 / can.per_chat
        self._burst = 1.0
        """Seconds' worth that may come at once into a chat that was silent."""
        self._taken = 0
        """Calls that count now."""
        self._leaving: list[tuple[float, int]] = []
        """When calls count no longer, as a heap, each with how many."""
        self._took: deque[float] = deque(maxlen=REMEMBERED)
        """How long the last calls took."""
        self._chats: dict[int, float] = {}
        self._notice_at = -inf
        self._rests_until = -inf
        self._replies = 0
        """Since the last notice."""

    def wait(self, now: float) -> float:
        """Seconds until any call may be begun; endless while all await their answers."""
        while self._leaving and self._leaving[0][0] <= now:
            self._taken -= heappop(self._leaving)[1]
        if now < self._rests_until:
            return self._rests_until - now
        if self._taken < self._most:
            return 0.0
        return self._leaving[0][0] - now if self._leaving else inf

    @property
    def owes_a_notice(self) -> bool:
        """Whether it is a notice's turn, replies or not."""
        return self._replies >= NOTICES_SHARE - 1

    def bears(self, calls: int, now: float, *, notice: bool = False) -> bool:
        """Whether so many calls may be begun; notices are spread evenly, so that a reply finds
        a place among them."""
        if self.wait(now) > 0 or (notice and self._notice_at - CATCHING_UP > now):
            return False
        return self._taken == 0 or self._taken + calls <= self._most

    def chat_bears(self, chat: int, now: float) -> bool:
        return chat not in self._chats or self._chats[chat] - self._burst <= now

    def paused(self, now: float) -> list[int]:
        """The chats to which nothing may be sent now."""
        return [chat for chat, at in self._chats.items() if at - self._burst > now]

    def take(self, chat: int, now: float, calls: int = 1, *, notice: bool = False) -> Turn | None:
        """Reserve the calls of one message in a chat, if all limits allow them now."""
        if not (self.chat_bears(chat, now) and self.bears(calls, now, notice=notice)):
            return None
        self._chats[chat] = max(self._chats.get(chat, now), now) + calls * self._chat_gap
        self._taken += calls
        if notice:
            self._notice_at = max(self._notice_at, now) + calls * self._gap
            self._replies = 0
        else:
            self._replies += 1
        return Turn(calls, now)

    def give_back(self, turn: Turn) -> None:
        """No call was made."""
        self._taken -= turn.calls

    def ended(self, turn: Turn, now: float) -> None:
        """Its calls have been answered, or will not be."""
        self._took.append(now - turn.begun)
        arrived = now - (min(self._took) if len(self._took) >= KNOWN else 0.0)
        heappush(self._leaving, (arrived + self._span, turn.calls))

    def spent(self, now: float) -> None:
        """All calls of this second may have been begun: by a run that ended in the middle."""
        heappush(self._leaving, (now + self._span, self._most - self._taken))
        self._taken = self._most

    def rest(self, chat: int | None, until: float) -> None:
        """Send nothing to a chat (`None`: to anybody) until then."""
        if chat is None:
            self._rests_until = max(self._rests_until, until)
        else:
            self._chats[chat] = max(self._chats.get(chat, until), until + self._burst)

    def rests(self, now: float) -> float:
        """Seconds for which nobody is to be sent anything, for a pause that was asked for."""
        return max(0.0, self._rests_until - now)

    def next(self, now: float) -> float:
        """Seconds until the next pause ends; endless if nothing is paused."""
        self._chats = {chat: at for chat, at in self._chats.items() if at > now}
        later = [at - self._burst for at in self._chats.values() if at - self._burst > now]
        if self._notice_at - CATCHING_UP > now:
            later.append(self._notice_at - CATCHING_UP)
        wait = self.wait(now)
        return min([at - now for at in later] + ([wait] if wait > 0 else []), default=inf)


class Outage:
    """Tells a platform that serves nobody from a message that it does not serve."""

    def __init__(self) -> None:
        self.lasts = False
        """It serves nobody, as far as is known: one call at a time finds out."""
        self._unserved: set[int] = set()
        self._rest = 0.0

    def served(self) -> bool:
        """Note a call that was answered as it should be; returns whether that ends an outage."""
        ends, self.lasts = self.lasts, False
        self._unserved.clear()
        self._rest = 0.0
        return ends

    def unserved(self, chat: int) -> bool:
        """Note a call that was not served; returns whether nobody is."""
        self._unserved.add(chat)
        return self.lasts or len(self._unserved) >= SEVERAL

    def rest(self, asked: float) -> float:
        """Seconds to leave the platform alone: as many as it asks for, else ever longer."""
        self.lasts = True
        self._rest = min(2 * self._rest or FIRST_REST, LONGEST_REST)
        return max(asked, self._rest)

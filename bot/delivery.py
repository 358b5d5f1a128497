"""Durable out: messages are rows, sent by one worker that obeys each platform's limits.

Replies go before notices. In one chat, messages keep their order; a call that hangs delays no
other chat. A send whose fate is unknown is marked so and never blindly repeated; somebody who has
blocked the assistant is marked unreachable. A notice with a condition is sent only if that holds
when its turn comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bot.platforms.contract import DeliveryError, FateUnknown, Platform, TryLater, Unreachable
from bot.talk.clock import Clock
from bot.talk.message import Outgoing
from bot.worker import IDLE, Worker
from storage import chats
from storage.chats import Fate, ToSend
from storage.database import Database
from storage.tables import SendState

log = structlog.get_logger()

BATCH: Final = 100
"""Maximum of messages chosen in one transaction."""
MOST_TRIES: Final = 12
LONGEST_PAUSE: Final = 600.0
"""Longest pause between tries, in seconds, where the platform does not state one."""


Condition = Callable[[Session, Mapping[str, Any]], bool]
"""Whether something still holds, given its arguments. Asked in the transaction that chooses the
message, so it writes nothing."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A finished call."""

    message: ToSend
    fate: Fate
    shown: str
    """The platform's id of the shown message."""


@dataclass(slots=True)
class _Turn:
    """What one turn's transaction decided."""

    chosen: list[ToSend] = field(default_factory=list)
    unsent: list[SendState] = field(default_factory=list)
    """What became of notices that were given up."""
    pause: float = IDLE


class Delivery(Worker):
    """Sends what is queued. After a stop, calls under way may end, so that their fate is known."""

    name = "delivery"
    last_words = 5.0

    def __init__(
        self,
        database: Database,
        clock: Clock,
        platforms: Mapping[str, Platform],
        conditions: Mapping[str, Condition] | None = None,
    ) -> None:
        """`conditions` are those that notices may name."""
        super().__init__()
        self._conditions = conditions or {}
        self._database = database
        self._clock = clock
        self._platforms = platforms
        self._pace = {name: Pace(platform) for name, platform in platforms.items()}
        self._calls: dict[int, str] = {}
        """Platforms of the calls under way, by account; at most one call for each account."""
        self._ended_calls: list[Attempt] = []
        """Finished calls whose fate is not stored yet."""
        self.fates: Counter[SendState] = Counter()
        """Sends since the program started, by fate; `waiting` means to be retried."""

    async def take_up(self) -> None:
        """Mark sends that the last run left unfinished: they may have arrived."""
        repeatable = [p.name for p in self._platforms.values() if p.capabilities.idempotent]
        unknown = await self._database.run(chats.unsure_sends, repeatable)
        if unknown:
            log.warning("sends_of_unknown_fate", count=unknown)

    async def turn(self) -> float:
        """Store the fates of finished calls, and start the calls that are due.

        One transaction does both. Returns the seconds until more may be due.
        """
        ended = list(self._ended_calls)
        turn = await self._database.run(self._settle_and_choose, ended, dict(self._calls))
        del self._ended_calls[: len(ended)]
        self.fates.update(turn.unsent)
        for message in turn.chosen:
            self._calls[message.account_id] = message.platform
            self.start(self._call(message))
        return turn.pause

    def _settle_and_choose(
        self, db: Session, ended: Sequence[Attempt], under_way: Mapping[int, str]
    ) -> _Turn:
        self._settle(db, ended)
        turn = _Turn()
        if not self.stopping:
            self._choose(db, under_way, turn)
            busy = {**under_way, **{m.account_id: m.platform for m in turn.chosen}}
            turn.pause = self._pause(db, busy)
        return turn

    # ---------------------------------------------------------------- choosing

    def _free(self, under_way: Mapping[int, str], now: datetime) -> dict[str, int]:
        """Platforms that accept calls now, each with its number of free calls."""
        calls = list(under_way.values())
        return {
            name: free
            for name, pace in self._pace.items()
            if (free := pace.at_once - calls.count(name)) > 0 and pace.wait(now) <= timedelta()
        }

    def _choose(self, db: Session, under_way: Mapping[int, str], turn: _Turn) -> None:
        """Choose the messages that are due: at most one for each chat, within all limits."""
        now = self._clock.now()
        free = self._free(under_way, now)
        chosen: dict[int, ToSend] = {}
        look = bool(free)
        while look:
            look = False
            busy = [*under_way, *chosen]
            for message in chats.due_messages(db, now, BATCH, free, busy):
                account, platform = message.account_id, message.platform
                if account in chosen or not free[platform]:
                    continue
                if (unsent := self._unsent(db, message, now)) is not None:
                    turn.unsent.append(unsent)
                    look = True  # what comes after it there may be due as well
                elif self._pace[platform].take(account, now):
                    free[platform] -= 1
                    chosen[account] = message
        turn.chosen = list(chosen.values())
        self._note_chosen(db, turn.chosen, now)

    def _unsent(self, db: Session, message: ToSend, now: datetime) -> SendState | None:
        """Give up a message whose condition does not hold, or cannot be checked; `None` if it may
        be sent."""
        if message.condition is None:
            return None
        name = message.condition["name"]
        try:
            with db.begin_nested():
                if self._conditions[name](db, message.condition["args"]):
                    return None
            state = SendState.DROPPED
        except Exception as error:
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise  # the database is gone: that is not the condition's fault
            log.exception("notice_set_aside", row=message.id, condition=name)
            state = SendState.ASIDE
        chats.mark(db, [Fate(message.id, state, message.tries, now, name)])
        return state

    def _careful(self, message: ToSend) -> bool:
        """Whether a call of unknown fate may not be repeated on the message's platform."""
        return not self._platforms[message.platform].capabilities.idempotent

    def _note_chosen(self, db: Session, chosen: Sequence[ToSend], now: datetime) -> None:
        careful = [m for m in chosen if self._careful(m)]
        # Marked before the call: after a crash the fate is unknown, not "never tried".
        # A notice whose condition holds is a line of its chat from now on.
        noted = [m for m in chosen if self._careful(m) or m.condition is not None]
        chats.mark(db, [Fate(m.id, SendState.SENDING, m.tries + 1, now) for m in noted])
        chats.offer(db, [(m.account_id, m.offers) for m in chosen if m.offers])
        if careful:
            at = chats.cards(
                db, [(m.account_id, m.body["card"]) for m in careful if m.body.get("card")]
            )
            for message in careful:
                message.earlier = at.get((message.account_id, message.body.get("card", "")))

    def _pause(self, db: Session, under_way: Mapping[int, str]) -> float:
        now = self._clock.now()
        waits = [pace.next(now) for pace in self._pace.values()]
        if free := self._free(under_way, now):
            waits.append(chats.next_due(db, now, free, under_way))
        return min(
            (max(0.05, (when - now).total_seconds()) for when in waits if when is not None),
            default=IDLE,
        )

    # ---------------------------------------------------------------- sending

    async def _call(self, message: ToSend) -> None:
        try:
            fate, shown = await self._send(message)
            self.fates[fate.state] += 1
            self._ended_calls.append(Attempt(message, fate, shown))
        finally:
            del self._calls[message.account_id]

    async def _send(self, message: ToSend) -> tuple[Fate, str]:
        """Make the call; returns its fate, and the platform's id of the shown message."""
        platform = self._platforms[message.platform]
        shown = ""
        try:
            said = Outgoing.from_json(message.body)
            if said.commands:
                await platform.offer(message.address, said.commands)
            else:
                shown = await platform.send(message.id, message.address, said, message.earlier)
        except Unreachable as error:
            state, why = SendState.UNREACHABLE, str(error)
        except TryLater as error:
            return self._put_off(message, error), ""
        except FateUnknown as error:
            state, why = SendState.UNKNOWN, str(error)
        except DeliveryError as error:
            log.error("send_refused", row=message.id, why=str(error))
            state, why = SendState.FAILED, str(error)
        except Exception as error:  # an adapter's fault must not stop the queue
            log.exception("send_failed", row=message.id)
            state, why = SendState.UNKNOWN, type(error).__name__
        else:
            state, why = SendState.SENT, ""
        return Fate(message.id, state, message.tries + 1, self._clock.now(), why), shown

    def _put_off(self, message: ToSend, error: TryLater) -> Fate:
        """Rest as long as the platform asks. Out of order for everyone, it is no message's fault:
        none is given up for it, however long it lasts."""
        now = self._clock.now()
        pace = self._pace[message.platform]
        tries = max(message.tries, 1) if error.everyone else message.tries + 1
        pause = timedelta(seconds=error.seconds or min(2.0**tries, LONGEST_PAUSE))
        if error.everyone and pace.wait(now) <= timedelta():
            log.warning("platform_rests", platform=message.platform, why=str(error))
        pace.rest(None if error.everyone else message.account_id, now + pause)
        if tries < MOST_TRIES:
            return Fate(message.id, SendState.WAITING, tries, now + pause, str(error))
        log.error("send_given_up", row=message.id, why=str(error))
        return Fate(message.id, SendState.FAILED, tries, now, str(error))

    def _settle(self, db: Session, ended: Sequence[Attempt]) -> None:
        """Store the fates of calls."""
        for sent in ended:
            card = sent.message.body.get("card")
            if card and self._careful(sent.message) and sent.fate.state is SendState.SENT:
                chats.place_card(db, sent.message.account_id, card, sent.shown)
        chats.mark(db, [sent.fate for sent in ended])
        gone = [s for s in ended if s.fate.state is SendState.UNREACHABLE]
        chats.mark_unreachable(db, [s.message.account_id for s in gone], self._clock.now())
        back = [s for s in ended if s.fate.state is SendState.SENT and not s.message.reachable]
        chats.mark_reachable(db, [s.message.account_id for s in back])


class Pace:
    """The rate limits of one platform: over all chats, in one chat, and requested pauses."""

    def __init__(self, platform: Platform) -> None:
        can = platform.capabilities
        self.at_once = can.at_once
        self._gap = timedelta(seconds=1 / can.per_second)
        self._chat_gap = timedelta(seconds=1 / can.per_chat)
        self._burst = timedelta(seconds=1)
        """Unused capacity that may be used at once: up to one second's worth."""
        self._free: datetime | None = None
        self._chats: dict[int, datetime] = {}

    def wait(self, now: datetime) -> timedelta:
        """Time until anything may be sent."""
        return timedelta() if self._free is None else self._free - self._burst - now

    def take(self, chat: int, now: datetime) -> bool:
        """Reserve one send in a chat, if the limits allow one now."""
        if self.wait(now) > timedelta():
            return False
        if chat in self._chats and self._chats[chat] - self._burst > now:
            return False
        self._chats[chat] = max(self._chats.get(chat, now), now) + self._chat_gap
        self._free = max(self._free or now, now) + self._gap
        return True

    def rest(self, chat: int | None, until: datetime) -> None:
        """Send nothing to a chat (`None`: to anybody) until then, as the platform asked."""
        if chat is None:
            self._free = max(self._free or until, until + self._burst)
        else:
            self._chats[chat] = max(self._chats.get(chat, until), until + self._burst)

    def next(self, now: datetime) -> datetime | None:
        """When the next pause ends; `None` if nothing is paused."""
        self._chats = {chat: at for chat, at in self._chats.items() if at > now}
        later = [at - self._burst for at in self._chats.values() if at - self._burst > now]
        if self.wait(now) > timedelta() and self._free is not None:
            later.append(self._free - self._burst)
        return min(later, default=None)

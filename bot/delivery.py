"""Durable out: messages are rows, sent by one worker that obeys each platform's limits.

Replies go before notices. In one chat, messages keep their order; a call that hangs delays no
other chat. A send whose fate is unknown is marked so and never blindly repeated; somebody who has
blocked the assistant is marked unreachable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
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
"""Most messages chosen in one transaction."""
MOST_TRIES: Final = 12
LONGEST_PAUSE: Final = 600.0
"""Seconds between tries at the most, where the platform does not say."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that has ended."""

    message: ToSend
    fate: Fate
    shown: str
    """The platform's id of what it shows."""


class Delivery(Worker):
    """Sends what is queued. After a stop, calls under way may end, so that their fate is known."""

    name = "delivery"
    last_words = 5.0

    def __init__(
        self, database: Database, clock: Clock, platforms: Mapping[str, Platform]
    ) -> None:
        super().__init__()
        self._database = database
        self._clock = clock
        self._platforms = platforms
        self._pace = {name: Pace(platform) for name, platform in platforms.items()}
        self._calls: dict[int, str] = {}
        """The calls under way, one for each account at the most: with the platform."""
        self._ended_calls: list[Attempt] = []
        """Calls whose fate is not written down yet: nobody else knows it."""
        self.fates: Counter[SendState] = Counter()
        """What became of sends since the program began; `waiting` if they are to be retried."""

    async def take_up(self) -> None:
        """Whatever was being sent when the last run broke off may have arrived."""
        repeatable = [p.name for p in self._platforms.values() if p.capabilities.idempotent]
        unknown = await self._database.run(chats.unsure_sends, repeatable)
        if unknown:
            log.warning("sends_of_unknown_fate", count=unknown)

    async def turn(self) -> float:
        """Write down what became of the calls that have ended, and begin those whose turn it is.

        One transaction does both. Gives the seconds until there may be more to begin.
        """
        ended = list(self._ended_calls)
        due, pause = await self._database.run(self._settle_and_choose, ended, dict(self._calls))
        del self._ended_calls[: len(ended)]
        for message in due:
            self._calls[message.account_id] = message.platform
            self.start(self._call(message))
        return pause

    def _settle_and_choose(
        self, db: Session, ended: Sequence[Attempt], under_way: Mapping[int, str]
    ) -> tuple[list[ToSend], float]:
        self._settle(db, ended)
        if self.stopping:
            return [], IDLE
        chosen = self._choose(db, under_way)
        busy = {**under_way, **{m.account_id: m.platform for m in chosen}}
        return chosen, self._pause(db, busy)

    # ---------------------------------------------------------------- choosing

    def _free(self, under_way: Mapping[int, str], now: datetime) -> dict[str, int]:
        """The platforms that may be asked now, each with how many more calls at once."""
        calls = list(under_way.values())
        return {
            name: free
            for name, pace in self._pace.items()
            if (free := pace.at_once - calls.count(name)) > 0 and pace.wait(now) <= timedelta()
        }

    def _choose(self, db: Session, under_way: Mapping[int, str]) -> list[ToSend]:
        """The messages whose turn it is: at most one in each chat, within every limit."""
        now = self._clock.now()
        free = self._free(under_way, now)
        chosen: dict[int, ToSend] = {}
        due = chats.due_messages(db, now, BATCH, free, under_way) if free else []
        for message in due:
            account, platform = message.account_id, message.platform
            if account in chosen or not free[platform]:
                continue
            if self._pace[platform].take(account, now):
                free[platform] -= 1
                chosen[account] = message
        careful = [
            m for m in chosen.values() if not self._platforms[m.platform].capabilities.idempotent
        ]
        if careful:
            # Noted before the call: if we die in it, the fate is unknown, not "never tried".
            chats.mark(db, [Fate(m.id, SendState.SENDING, m.tries + 1, now) for m in careful])
            at = chats.cards(
                db, [(m.account_id, m.body["card"]) for m in careful if m.body.get("card")]
            )
            for message in careful:
                message.earlier = at.get((message.account_id, message.body.get("card", "")))
        return list(chosen.values())

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
        """Make the call; gives what became of it, and the platform's id of what it shows."""
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
        """Write down what became of calls."""
        for sent in ended:
            card = sent.message.body.get("card")
            careful = not self._platforms[sent.message.platform].capabilities.idempotent
            if card and careful and sent.fate.state is SendState.SENT:
                chats.place_card(db, sent.message.account_id, card, sent.shown)
        chats.mark(db, [sent.fate for sent in ended])
        gone = [s for s in ended if s.fate.state is SendState.UNREACHABLE]
        chats.mark_unreachable(db, [s.message.account_id for s in gone])
        back = [s for s in ended if s.fate.state is SendState.SENT and not s.message.reachable]
        chats.mark_reachable(db, [s.message.account_id for s in back])


class Pace:
    """How fast one platform may be asked: over all chats, in one chat, and when it needs rest."""

    def __init__(self, platform: Platform) -> None:
        can = platform.capabilities
        self.at_once = can.at_once
        self._gap = timedelta(seconds=1 / can.per_second)
        self._chat_gap = timedelta(seconds=1 / can.per_chat)
        self._burst = timedelta(seconds=1)
        """What was not used lately may be used at once, up to a second's worth."""
        self._free: datetime | None = None
        self._chats: dict[int, datetime] = {}

    def wait(self, now: datetime) -> timedelta:
        """How long until anything may be sent."""
        return timedelta() if self._free is None else self._free - self._burst - now

    def take(self, chat: int, now: datetime) -> bool:
        """Use one turn in a chat, if it has one now."""
        if self.wait(now) > timedelta():
            return False
        if chat in self._chats and self._chats[chat] - self._burst > now:
            return False
        self._chats[chat] = max(self._chats.get(chat, now), now) + self._chat_gap
        self._free = max(self._free or now, now) + self._gap
        return True

    def rest(self, chat: int | None, until: datetime) -> None:
        """Leave a chat, or everybody, in peace until then: the platform's word is the law."""
        if chat is None:
            self._free = max(self._free or until, until + self._burst)
        else:
            self._chats[chat] = max(self._chats.get(chat, until), until + self._burst)

    def next(self, now: datetime) -> datetime | None:
        """When a chat, or everybody, may be written to again; `None` if nothing is held now."""
        self._chats = {chat: at for chat, at in self._chats.items() if at > now}
        later = [at - self._burst for at in self._chats.values() if at - self._burst > now]
        if self.wait(now) > timedelta() and self._free is not None:
            later.append(self._free - self._burst)
        return min(later, default=None)

"""Durable out: messages are rows, sent by one worker that obeys each platform's limits.

Replies go before notices. In one chat, messages keep their order. A send whose fate is unknown is
marked so and never blindly repeated; somebody who has blocked the assistant is marked unreachable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlmodel import Session

from bot.chat import (
    DeliveryError,
    FateUnknown,
    Outgoing,
    Platform,
    TryLater,
    Unreachable,
)
from bot.clock import Clock
from storage import chats
from storage.chats import Fate, ToSend
from storage.database import Database
from storage.tables import Account, SendState

log = structlog.get_logger()

BATCH: Final = 100
IDLE: Final = 60.0
"""Seconds after which the queue is looked at even if nobody said that something came."""
MOST_TRIES: Final = 12
LONGEST_PAUSE: Final = 600.0
"""Seconds between tries at the most, where the platform does not say."""


class Delivery:
    def __init__(
        self, database: Database, clock: Clock, platforms: Mapping[str, Platform]
    ) -> None:
        self._database = database
        self._clock = clock
        self._platforms = platforms
        self._came = asyncio.Event()
        self._pace = {name: Pace(platform) for name, platform in platforms.items()}

    def wake(self) -> None:
        """Say that something may be waiting."""
        self._came.set()

    async def run(self) -> None:
        """Send what waits, and what comes, until cancelled."""
        repeatable = [p.name for p in self._platforms.values() if p.capabilities.idempotent]
        unknown = await self._database.run(chats.unsure_sends, repeatable)
        if unknown:
            log.warning("sends_of_unknown_fate", count=unknown)
        while True:
            self._came.clear()
            pause = await self.drain()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(pause, IDLE)):
                    await self._came.wait()

    async def drain(self) -> float:
        """Send all that may be sent now; gives the seconds until more may be."""
        while True:
            due = await self._database.run(self._claim)
            if not due:
                return await self._database.run(self._next_due)
            fates = await asyncio.gather(*(self._send(message) for message in due))
            await self._database.run(self._settle, due, fates)

    # ---------------------------------------------------------------- choosing

    def _claim(self, db: Session) -> list[ToSend]:
        """The messages whose turn it is: at most one in each chat, within every limit."""
        now = self._clock.now()
        ready = [name for name, pace in self._pace.items() if pace.wait(now) <= timedelta()]
        chosen: list[ToSend] = []
        chats_taken: set[int] = set()
        for message in chats.due_messages(db, now, BATCH, ready):
            pace = self._pace[message.platform]
            if message.account_id in chats_taken or not pace.take(message.account_id, now):
                continue
            chats_taken.add(message.account_id)
            chosen.append(message)
        careful = [m for m in chosen if not self._platforms[m.platform].capabilities.idempotent]
        if careful:
            # Noted before the call: if we die in it, the fate is unknown, not "never tried".
            chats.mark(db, [Fate(m.id, SendState.SENDING, m.tries + 1, now) for m in careful])
            at = chats.cards(
                db, [(m.account_id, m.body["card"]) for m in careful if m.body.get("card")]
            )
            for message in careful:
                message.earlier = at.get((message.account_id, message.body.get("card", "")))
        return chosen

    def _next_due(self, db: Session) -> float:
        now = self._clock.now()
        waits = [chats.next_due(db)]
        waits += [pace.next(now) for pace in self._pace.values()]
        return min(
            (max(0.05, (when - now).total_seconds()) for when in waits if when is not None),
            default=IDLE,
        )

    # ---------------------------------------------------------------- sending

    async def _send(self, message: ToSend) -> Fate | tuple[Fate, str]:
        platform = self._platforms[message.platform]
        pace = self._pace[message.platform]
        tries = message.tries + 1
        try:
            async with pace.at_once:
                said = Outgoing.from_json(message.body)
                if said.commands:
                    await platform.offer(message.address, said.commands)
                    shown = ""
                else:
                    shown = await platform.send(message.id, message.address, said, message.earlier)
        except Unreachable as error:
            return Fate(message.id, SendState.UNREACHABLE, tries, self._clock.now(), str(error))
        except TryLater as error:
            now = self._clock.now()
            pause = timedelta(seconds=error.seconds or min(2.0**tries, LONGEST_PAUSE))
            pace.rest(None if error.everyone else message.account_id, now + pause)
            if tries >= MOST_TRIES:
                return Fate(message.id, SendState.FAILED, tries, now, str(error))
            return Fate(message.id, SendState.WAITING, tries, now + pause, str(error))
        except FateUnknown as error:
            return Fate(message.id, SendState.UNKNOWN, tries, self._clock.now(), str(error))
        except DeliveryError as error:
            log.error("send_refused", row=message.id, why=str(error))
            return Fate(message.id, SendState.FAILED, tries, self._clock.now(), str(error))
        except Exception as error:  # an adapter's fault must not stop the queue
            log.exception("send_failed", row=message.id)
            return Fate(
                message.id, SendState.UNKNOWN, tries, self._clock.now(), type(error).__name__
            )
        return Fate(message.id, SendState.SENT, tries, self._clock.now()), shown

    def _settle(
        self, db: Session, sent: Sequence[ToSend], fates: Sequence[Fate | tuple[Fate, str]]
    ) -> None:
        marks: list[Fate] = []
        for message, fate in zip(sent, fates, strict=True):
            if isinstance(fate, tuple):
                fate, shown = fate
                card = message.body.get("card")
                if card and not self._platforms[message.platform].capabilities.idempotent:
                    chats.place_card(db, message.account_id, card, shown)
            marks.append(fate)
            if fate.state is SendState.UNREACHABLE:
                account = db.get(Account, message.account_id)
                if account is not None:
                    account.reachable = False
        chats.mark(db, marks)


class Pace:
    """How fast one platform may be asked: over all chats, in one chat, and when it needs rest."""

    def __init__(self, platform: Platform) -> None:
        can = platform.capabilities
        self._gap = timedelta(seconds=1 / can.per_second)
        self._chat_gap = timedelta(seconds=1 / can.per_chat)
        self._burst = timedelta(seconds=1)
        """What was not used lately may be used at once, up to a second's worth."""
        self._free: datetime | None = None
        self._chats: dict[int, datetime] = {}
        self.at_once = asyncio.Semaphore(can.at_once)

    def wait(self, now: datetime) -> timedelta:
        """How long until anything may be sent."""
        return timedelta() if self._free is None else self._free - self._burst - now

    def take(self, chat: int, now: datetime) -> bool:
        """Use one turn in a chat, if it has one now."""
        if self.wait(now) > timedelta():
            return False
        if chat in self._chats and self._chats[chat] - self._burst > now:
            return False
        if len(self._chats) > 10_000:
            self._chats = {c: at for c, at in self._chats.items() if at > now}
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
        later = [at - self._burst for at in self._chats.values() if at - self._burst > now]
        if self.wait(now) > timedelta() and self._free is not None:
            later.append(self._free - self._burst)
        return min(later, default=None)

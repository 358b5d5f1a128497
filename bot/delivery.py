"""Durable out: messages are rows, sent by one worker that obeys each platform's limits.

Replies go before notices, which keep a small share. In one chat, messages keep their order; a call
that hangs delays no other chat. A send whose fate is unknown is marked so and never blindly
repeated; somebody who has blocked the assistant is marked unreachable. A notice with a condition
is sent only if that holds when its turn comes. What asks to take a shown message's place does so
only if that stands last in the chat, where the person looks; otherwise it is said anew.

A message that the platform does not serve is put back alone, tried after all others if it fails
again, and given up in the end. Only where it serves nobody is it left alone, and then no message
is at fault. Menus of commands hold nobody up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bot.pace import Outage, Pace, Turn
from bot.platforms.contract import (
    DeliveryError,
    FateUnknown,
    Platform,
    TryLater,
    Unreachable,
    Unserved,
)
from bot.talk.clock import Clock
from bot.talk.message import ITS_CARD, Outgoing
from bot.worker import IDLE, Worker
from storage import chats
from storage.chats import Fate, ToSend
from storage.database import Database
from storage.tables import Lane, SendState

log = structlog.get_logger()

BATCH: Final = 100
"""Maximum of messages chosen in one transaction."""
MOST_TRIES: Final = 12
LONGEST_PAUSE: Final = 600.0
"""Longest pause between tries, in seconds, where the platform does not state one."""
TRIES_IN_ORDER: Final = 2
"""Times that a message which is not served holds its chat up; then what comes after it is sent."""
ASIDE_AT_ONCE: Final = 2
"""Calls at the same time that hold nobody up, besides the others."""
SOONEST: Final = 0.02
"""Seconds that the worker rests at least, so that it does not spin."""
SET_BACK: Final = 5.0
"""Seconds by which the clock must have gone back to be taken for set back."""


ConditionCheck = Callable[[Session, Mapping[str, Any]], bool]
"""Whether something still holds, given its arguments. Asked in the transaction that chooses the
message, so it writes nothing."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A finished call."""

    message: ToSend
    fate: Fate
    goes_last: bool = False
    """It is to hold nobody up any more."""


@dataclass(slots=True)
class _Chosen:
    """A message whose call is due, and its turn."""

    message: ToSend
    said: Outgoing | None
    """What its body says; `None` where that is read as it is sent, and may fail then."""
    turn: Turn


_Wanted = tuple[bool, frozenset[str]]
"""Whether only notices are looked for, and on which platforms."""


@dataclass(slots=True)
class _Round:
    """What one turn's transaction decided."""

    busy: set[int]
    """Accounts to which calls are under way or chosen."""
    aside: set[int]
    """The same for calls that hold nobody up."""
    chosen: list[_Chosen] = field(default_factory=list)
    calls: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """How many were chosen for each platform: of those that hold nobody up, and of all others."""
    unsent: list[SendState] = field(default_factory=list)
    """What became of notices that were given up."""
    passed_over: dict[_Wanted, list[ToSend]] = field(default_factory=dict)
    """What was found due and had to wait for its platform's turn."""
    pause: float = IDLE


@dataclass(slots=True)
class _Line:
    """One platform's calls under way, its pace, and whether it serves anybody."""

    platform: Platform
    pace: Pace
    outage: Outage = field(default_factory=Outage)
    busy: set[int] = field(default_factory=set)
    """Accounts to which a call is under way; at most one for each."""
    aside: set[int] = field(default_factory=set)
    """The same for what holds nobody up."""
    ended: list[tuple[Turn, float]] = field(default_factory=list)
    """Turns whose calls have ended, and when: the pace is told between two transactions."""

    def settle(self) -> None:
        while self.ended:
            self.pace.ended(*self.ended.pop(0))

    def under_way(self, message: ToSend) -> set[int]:
        return self.aside if message.lane is Lane.LAST else self.busy

    def free(self, lane: Lane) -> bool:
        """Whether one more call may be begun at the same time."""
        if self.outage.lasts:
            return not (self.busy or self.aside)
        if lane is Lane.LAST:
            return len(self.aside) < ASIDE_AT_ONCE
        return len(self.busy) < self.pace.at_once


class Delivery(Worker):
    """Sends what is queued. After a stop, calls under way may end, so that their fate is known."""

    name = "delivery"
    last_words = 5.0

    def __init__(
        self,
        database: Database,
        clock: Clock,
        platforms: Mapping[str, Platform],
        conditions: Mapping[str, ConditionCheck] | None = None,
        steady: Callable[[], float] = monotonic,
    ) -> None:
        """`conditions` are those that notices may name; `steady` tells seconds that only go
        forward."""
        super().__init__()
        self._conditions = conditions or {}
        self._database = database
        self._clock = clock
        self._steady = steady
        self._lines = {name: _Line(one, Pace(one.capabilities)) for name, one in platforms.items()}
        self._ended_calls: list[Attempt] = []
        """Finished calls whose fate is not stored yet."""
        self._before: tuple[datetime, float] | None = None
        """What the two clocks said a turn ago."""
        self.fates: Counter[SendState] = Counter()
        """Sends since the program started, by fate; `waiting` means to be retried."""

    async def take_up(self) -> None:
        """Mark sends that the last run left unfinished: they may have arrived, a moment ago."""
        unsure = await self._database.run(self._left_behind)
        for name in unsure.keys() & self._lines.keys():
            self._lines[name].pace.spent(self._steady())
        if unsure:
            log.warning("sends_of_unknown_fate", count=unsure.total())

    def _left_behind(self, db: Session) -> Counter[str]:
        chats.due_after_start(db, self._clock.now(), timedelta(seconds=LONGEST_PAUSE))
        platforms = [line.platform for line in self._lines.values()]
        repeatable = [p.name for p in platforms if p.capabilities.idempotent]
        return chats.unsure_sends(db, repeatable)

    async def turn(self) -> float:
        """Store the fates of finished calls, and start the calls that are due.

        One transaction does both. Returns the seconds until more may be due.
        """
        ended = list(self._ended_calls)
        for line in self._lines.values():
            line.settle()
        found = _Round(
            {account for line in self._lines.values() for account in line.busy},
            {account for line in self._lines.values() for account in line.aside},
        )
        try:
            await self._database.run(self._settle_and_choose, ended, found)
        except BaseException:
            for one in found.chosen:
                self._lines[one.message.platform].pace.give_back(one.turn)
            raise
        del self._ended_calls[: len(ended)]
        self.fates.update(found.unsent)
        for one in found.chosen:
            line = self._lines[one.message.platform]
            line.under_way(one.message).add(one.message.account_id)
            self.start(self._call(line, one))
        # Only now is it known which calls are under way, and which platforms are free.
        found.pause = min(found.pause, self._next_turn())
        return max(SOONEST, found.pause)

    def _settle_and_choose(self, db: Session, ended: Sequence[Attempt], found: _Round) -> None:
        self._watch_the_clock(db)
        self._settle(db, ended)
        if self.stopping:
            return
        self._choose(db, found)
        self._note_chosen(db, found.chosen, self._clock.now())
        found.pause = self._next_due(db, found)

    def _watch_the_clock(self, db: Session) -> None:
        """What was due, or to be tried again, by a clock that has been set back is due now."""
        now, steady = self._clock.now(), self._steady()
        before, self._before = self._before, (now, steady)
        if before is None:
            return
        expected = before[0] + timedelta(seconds=steady - before[1])
        if (expected - now).total_seconds() > SET_BACK:
            log.warning("clock_set_back", seconds=round((expected - now).total_seconds()))
            chats.bring_forward(db, now, expected)

    # ---------------------------------------------------------------- choosing

    def _choose(self, db: Session, found: _Round) -> None:
        """Choose the messages that are due: at most one for each chat, within all limits."""
        names = set(self._lines)
        no_notices: set[str] = set()
        """Platforms that owe a notice, and none waits."""
        while names := {name for name in names if self._lanes(self._lines[name])}:
            owing = {n for n in names - no_notices if self._lines[n].pace.owes_a_notice}
            if owing:
                self._choose_among(db, found, owing, owing)
                no_notices |= {n for n in owing if self._lines[n].pace.owes_a_notice}
            names = self._choose_among(db, found, names, no_notices, notices=False)

    def _lanes(self, line: _Line) -> list[Lane]:
        """The lanes from which something may be sent there now."""
        steady = self._steady()
        if line.pace.wait(steady) > 0:
            return []
        lanes = [lane for lane in Lane if line.free(lane)]
        if not line.pace.bears(1, steady, notice=True) and Lane.NOTICE in lanes:
            lanes.remove(Lane.NOTICE)
        return lanes

    def _choose_among(
        self,
        db: Session,
        found: _Round,
        names: Collection[str],
        no_notices: Collection[str],
        *,
        notices: bool = True,
    ) -> set[str]:
        """Choose among what is due on these platforms: one of the `notices`, or as much as there
        is. Returns where to look again."""
        now, steady = self._clock.now(), self._steady()
        again: set[str] = set()
        full: set[str] = set()
        given_up = len(found.unsent)
        wanted = (notices, frozenset(names))
        passed_over: list[ToSend] = []
        for message in found.passed_over.get(wanted) or self._due(db, found, wanted):
            name, line = message.platform, self._lines[message.platform]
            taken = found.aside if message.lane is Lane.LAST else found.busy
            if name in full:
                passed_over.append(message)
                continue
            if message.account_id in taken or not self._room(line, message, found):
                continue
            if not notices and name not in no_notices and line.pace.owes_a_notice:
                passed_over.append(message)
                full.add(name)
                again.add(name)
                continue
            notice = message.lane is Lane.NOTICE
            said, calls = _read(line, message)
            if not line.pace.bears(calls, steady, notice=notice):
                # What costs less must not go before it for ever; what waits for an even spread
                # keeps nobody else.
                passed_over.append(message)
                full |= {name} if line.pace.bears(1, steady) and not notice else set()
                continue
            if (unsent := self._unsent(db, message, now)) is not None:
                found.unsent.append(unsent)
                again.add(name)
                continue
            turn = line.pace.take(message.account_id, steady, calls, notice=notice)
            if turn is not None:
                taken.add(message.account_id)
                found.chosen.append(_Chosen(message, said, turn))
                found.calls[name, message.lane is Lane.LAST] += 1
                full |= {name} if notices else set()
        found.passed_over[wanted] = passed_over
        if len(found.unsent) > given_up:  # what stood behind it in its chat may be due now
            found.passed_over.clear()
        return again

    def _due(self, db: Session, found: _Round, wanted: _Wanted) -> list[ToSend]:
        """What is due, as far as it was not chosen in this round."""
        (notices, names), now = wanted, self._clock.now()
        paused = self._paused(names)
        busy, aside = found.busy | paused, found.aside | paused
        return chats.due_messages(db, now, BATCH, names, busy, aside, notices=notices)

    def _paused(self, names: Iterable[str]) -> set[int]:
        """The chats on these platforms to which nothing may be sent now."""
        steady = self._steady()
        return {chat for name in names for chat in self._lines[name].pace.paused(steady)}

    def _room(self, line: _Line, message: ToSend, found: _Round) -> bool:
        """Whether one more call of the message's kind may be under way."""
        name, last = message.platform, message.lane is Lane.LAST
        if line.outage.lasts:
            chosen = found.calls[name, True] + found.calls[name, False]
            return not chosen and line.free(message.lane)
        most = ASIDE_AT_ONCE if last else line.pace.at_once
        return len(line.under_way(message)) + found.calls[name, last] < most

    def _unsent(self, db: Session, message: ToSend, now: datetime) -> SendState | None:
        """Give up a message whose condition does not hold, or cannot be checked; `None` if it may
        be sent."""
        if message.condition is None:
            return None
        name = message.condition["name"]
        try:
            with db.connection().begin_nested():
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
        """Whether a call of unknown fate may not be repeated."""
        capabilities = self._lines[message.platform].platform.capabilities
        return not (capabilities.idempotent or _is_menu(message))

    def _note_chosen(self, db: Session, chosen: Sequence[_Chosen], now: datetime) -> None:
        # Marked before the call: after a crash the fate is unknown, not "never tried".
        # A notice whose condition holds is a line of its chat from now on.
        every = [one.message for one in chosen]
        noted = [m for m in every if self._careful(m) or m.condition is not None]
        chats.mark(db, [Fate(m.id, SendState.SENDING, m.tries + 1, now) for m in noted])
        chats.offer(db, [(m.account_id, m.offers) for m in every if m.offers])
        self._place(db, [one for one in chosen if one.message.body.get("replace")])

    def _place(self, db: Session, asking: Sequence[_Chosen]) -> None:
        """Decide which messages take the place of an earlier one: it must be their card's, and
        stand last in the chat."""
        changed: list[ToSend] = []
        for one in asking:
            message = one.message
            asked = message.body["replace"]
            card, last = chats.last_shown(db, message.account_id)
            if last and card == message.body.get("card") and asked in (last, ITS_CARD):
                message.earlier = last
            if asked != (message.earlier or ""):
                kept = {name: part for name, part in message.body.items() if name != "replace"}
                message.body = kept | ({"replace": message.earlier} if message.earlier else {})
                changed.append(message)
                one.said = None
        chats.rewrite(db, changed)

    def _next_due(self, db: Session, found: _Round) -> float:
        """Seconds until the first message is due that waits for nothing but its time."""
        now = self._clock.now()
        lanes = {name: self._lanes(line) for name, line in self._lines.items()}
        names = [name for name in lanes if lanes[name]]
        if not names:
            return IDLE
        paused = self._paused(names)
        all_lanes = {lane for some in lanes.values() for lane in some}
        due = chats.next_due(db, now, names, found.busy | paused, found.aside | paused, all_lanes)
        return IDLE if due is None else (due - now).total_seconds()

    def _next_turn(self) -> float:
        """Seconds until the first pause of a platform or a chat ends."""
        steady = self._steady()
        return min((line.pace.next(steady) for line in self._lines.values()), default=IDLE)

    # ---------------------------------------------------------------- sending

    async def _call(self, line: _Line, one: _Chosen) -> None:
        message = one.message
        one.turn.begun = self._steady()
        try:
            attempt = await self._send(line, message, one.said)
            self.fates[attempt.fate.state] += 1
            self._ended_calls.append(attempt)
        finally:
            line.ended.append((one.turn, self._steady()))
            line.under_way(message).discard(message.account_id)

    async def _send(self, line: _Line, message: ToSend, said: Outgoing | None) -> Attempt:
        """Make the call; returns its fate."""
        shown, why = None, ""
        try:
            if said is None:
                said = Outgoing.from_json(message.body)
            if said.commands:
                await line.platform.offer(message.address, said.commands)
            else:
                shown = await line.platform.send(
                    message.id, message.address, said, message.earlier
                )
            state = SendState.SENT
        except TryLater as error:
            return await self._put_off(line, message, error)
        except FateUnknown as error:
            if _is_menu(message):
                return self._again(message, error)
            state, why = SendState.UNKNOWN, str(error)
        except Unreachable as error:
            state, why = SendState.UNREACHABLE, str(error)
        except DeliveryError as error:
            log.error("send_refused", row=message.id, method=error.method, why=str(error))
            state, why = SendState.FAILED, str(error)
        except Exception as error:  # an adapter's fault must not stop the queue
            log.exception("send_failed", row=message.id)
            state, why = SendState.UNKNOWN, type(error).__name__
        if state is not SendState.UNKNOWN and line.outage.served():
            log.info("platform_rests_over", platform=message.platform)
        fate = Fate(message.id, state, message.tries + 1, self._clock.now(), why, shown)
        return Attempt(message, fate)

    async def _put_off(self, line: _Line, message: ToSend, error: TryLater) -> Attempt:
        """Put a message back: alone, or with all others where nobody is served. Then it is no
        message's fault: none is given up for it, however long it lasts."""
        if await self._nobody_is_served(line, message, error):
            return self._rest(line, message, error)
        own_fault = isinstance(error, Unserved)
        put_off = self._again(message, error, error.seconds, last=own_fault)
        if not own_fault and message.lane is not Lane.LAST:
            wait = (put_off.fate.at - self._clock.now()).total_seconds()
            line.pace.rest(message.account_id, self._steady() + wait)
        return put_off

    async def _nobody_is_served(self, line: _Line, message: ToSend, error: TryLater) -> bool:
        if error.everyone:
            return True
        if _is_menu(message):  # a server may know no menus, and serve everybody
            return False
        if line.outage.unserved(message.account_id):
            return True
        # Perhaps nobody else is there by whom to tell.
        own_fault = isinstance(error, Unserved) and message.tries >= TRIES_IN_ORDER
        return own_fault and not await line.platform.answers()

    def _rest(self, line: _Line, message: ToSend, error: TryLater) -> Attempt:
        """Leave the platform alone for a while."""
        steady = self._steady()
        wait = line.pace.rests(steady)
        if not wait:
            wait = line.outage.rest(error.seconds)
            line.pace.rest(None, steady + wait)
            log.warning(
                "platform_rests",
                platform=message.platform,
                row=message.id,
                method=error.method,
                seconds=wait,
                why=str(error),
            )
        again = self._clock.now() + timedelta(seconds=wait)
        tries = max(message.tries, 1)
        return Attempt(message, Fate(message.id, SendState.WAITING, tries, again, str(error)))

    def _again(
        self, message: ToSend, error: DeliveryError, seconds: float = 0, *, last: bool = False
    ) -> Attempt:
        """Try a message again later, or give it up; `last` lets it hold nobody up meanwhile."""
        now, tries = self._clock.now(), message.tries + 1
        if tries >= MOST_TRIES:
            log.error("send_given_up", row=message.id, method=error.method, why=str(error))
            return Attempt(message, Fate(message.id, SendState.FAILED, tries, now, str(error)))
        again = now + timedelta(seconds=seconds or min(2.0**tries, LONGEST_PAUSE))
        fate = Fate(message.id, SendState.WAITING, tries, again, str(error))
        return Attempt(message, fate, last and tries > TRIES_IN_ORDER)

    def _settle(self, db: Session, ended: Sequence[Attempt]) -> None:
        """Store the fates of calls."""
        chats.mark(db, [sent.fate for sent in ended])
        chats.put_last(db, [sent.fate.row for sent in ended if sent.goes_last])
        gone = [s for s in ended if s.fate.state is SendState.UNREACHABLE]
        chats.mark_unreachable(db, [s.message.account_id for s in gone], self._clock.now())
        back = [s for s in ended if s.fate.state is SendState.SENT and not s.message.reachable]
        chats.mark_reachable(db, [s.message.account_id for s in back])


def _read(line: _Line, message: ToSend) -> tuple[Outgoing | None, int]:
    """What a message says, and how many calls it takes."""
    try:
        said = Outgoing.from_json(message.body)
        return said, line.platform.cost(said)
    except Exception:  # what cannot be read fails when it is sent
        return None, 1


def _is_menu(message: ToSend) -> bool:
    """Whether it only sets a chat's menu of commands, which may be done any number of times."""
    return bool(message.body.get("commands"))

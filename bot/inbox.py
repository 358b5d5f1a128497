"""Durable in: raw updates are stored before they are acknowledged, then handled in order.

Everything that an update causes (journal, records, audit, outgoing messages) is written in the
transaction that marks it handled. When many wait, several are handled in one transaction, so that
one disk flush serves them all; should that transaction fail, they are tried one by one, and the
one at fault is set aside. Updates of one chat are handled in the order in which they came; outside
work of one chat delays no other. One transaction at a time handles anything, whatever the
database: what an update has read, no other changes meanwhile.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlmodel import Session

from bot.platforms.contract import Platform, Received
from bot.router import Router
from bot.scene import Scene, with_menu
from bot.talk.clock import Clock, beijing_day
from bot.talk.conversation import Journal
from bot.talk.message import Incoming
from bot.worker import IDLE, Trouble, Worker
from prompts import DEFAULT, in_year, t
from storage import chats
from storage.chats import Speaker, Stored, Talk
from storage.database import FULL, READ_ONLY, Database, database_trouble
from storage.tables import TalkState

log = structlog.get_logger()

BATCH: Final = 64
"""Maximum of updates in one transaction."""
ALBUM_PAUSE: Final = timedelta(seconds=1)
"""Messengers do not say where an album ends: it is complete after this pause."""
TRIES: Final = 3
"""Attempts before the update, not the database, is blamed."""
WORK_LIMIT: Final = 180.0
"""Time limit for outside work, in seconds. Its chat's updates wait until it ends."""
FAILED: Final[Mapping[str, Any]] = {"failed": True}
"""The result that a talk gets when its outside work failed."""

Withheld = Callable[[Session, Collection[tuple[str, str]], datetime], set[tuple[str, str]]]
"""Of these (platform, address) chats, those whose words may not be kept now."""

Job = Callable[["Order"], Awaitable[Any]]
"""Outside work. Returns a JSON result, also for errors that the person can mend.

A crash may interrupt it at any point; it is then repeated from the beginning.
"""


@dataclass(frozen=True, slots=True)
class Order:
    """A request for outside work by one talk."""

    talk_id: int
    turn: int
    """The journal's turn that asked for it; a later turn does not wait for it."""
    step: str
    job: str
    args: Mapping[str, Any]
    platform: str
    address: str
    person_id: int | None


@dataclass(frozen=True, slots=True)
class _Arrival:
    """Updates that one caller wants stored, and the future that the caller awaits."""

    rows: Sequence[dict[str, Any]]
    stored: asyncio.Future[None]

    def end(self, error: Exception | None = None) -> None:
        if self.stored.done():  # the caller has given up waiting
            return
        if error is None:
            self.stored.set_result(None)
        else:
            self.stored.set_exception(error)


class Inbox(Worker):
    """Stores raw updates and handles them in order."""

    name = "inbox"

    def __init__(
        self,
        database: Database,
        clock: Clock,
        router: Router,
        platforms: Mapping[str, Platform],
        jobs: Mapping[str, Job],
        said: Callable[[], None] = lambda: None,
        withheld: Withheld = lambda _db, _chats, _now: set(),
    ) -> None:
        super().__init__()
        self._database = database
        self._clock = clock
        self._router = router
        self._platforms = platforms
        self._jobs = jobs
        self._said = said
        self._withheld = withheld
        self._unkept: dict[tuple[str, str], str] = {}
        """Updates by platform and key whose words may not be kept, until they are handled. A crash
        loses them: whoever sent them is asked to send them again."""
        self._arrivals: list[_Arrival] = []
        self._storing: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._busy: set[tuple[str, str]] = set()
        """Chats that wait for outside work."""
        self._waiting_elsewhere: set[tuple[str, str]] = set()
        """Chats that wait for outside work started on another device."""
        self._alone = False
        """Handle updates one by one, because the last transaction failed."""
        self._trying: Sequence[Stored] = []
        """The update being handled, or all parts of its album."""

    # ---------------------------------------------------------------- in

    async def receive(self, platform: str, updates: Sequence[Received]) -> None:
        """Store raw updates; once this returns, a crash loses none of them.

        Of a chat whose words may not be kept, only that something came is stored: after a crash
        its sender is told to send it again. Raises what the database raised where they could not
        be stored: do not acknowledge them.
        """
        if not updates:
            return
        now = self._clock.now()
        rows = [
            {
                "platform": platform,
                "key": update.key,
                "address": update.address,
                "album": update.album,
                "raw": _storable(update.raw),
                "received_at": now,
            }
            for update in updates
        ]
        arrival = _Arrival(rows, asyncio.get_running_loop().create_future())
        self._arrivals.append(arrival)
        # A separate task, so that a cancelled caller does not leave the others waiting.
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store())
        await arrival.stored

    async def _store(self) -> None:
        """Write the arrived updates; those that arrive meanwhile share the next write."""
        while self._arrivals:
            arrived, self._arrivals = self._arrivals, []
            try:
                await self._write(arrived)
            except Exception:
                for one in arrived:  # none must suffer for what another sent
                    try:
                        await self._write([one])
                    except Exception as error:
                        one.end(error)

    async def _write(self, arrived: Sequence[_Arrival]) -> None:
        rows = [row for arrival in arrived for row in arrival.rows]
        self._unkept |= await self._database.run(self._put, rows)
        self.wake()
        for arrival in arrived:
            arrival.end()

    def _put(self, db: Session, rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], str]:
        """Store updates; returns those that are stored without their words."""
        wanted = {(row["platform"], row["address"]) for row in rows}
        silent = self._withheld(db, wanted, rows[0]["received_at"])
        unkept: dict[tuple[str, str], str] = {}
        if silent:
            stored = []
            for row in rows:
                if (row["platform"], row["address"]) in silent:
                    unkept[row["platform"], row["key"]] = row["raw"]
                    row = {**row, "raw": ""}
                stored.append(row)
            rows = stored
            for platform in {platform for platform, _ in unkept}:
                keys = [key for where, key in unkept if where == platform]
                for key in chats.known_keys(db, platform, keys):
                    del unkept[platform, key]
        chats.store_updates(db, rows)
        return unkept

    # ---------------------------------------------------------------- handling

    async def run(self) -> None:
        """Take turns until cancelled. Returns only after updates being stored have been stored."""
        try:
            await super().run()
        finally:
            if self._storing is not None and not self._storing.done():
                await asyncio.wait([self._storing])

    async def take_up(self) -> None:
        """Restart outside work that a crash or a stop interrupted."""
        for order in await self._database.run(self._unfinished):
            self._begin(order)

    async def turn(self) -> float:
        """Handle every update that is ready; returns the seconds until held albums are complete.

        Raises the database's error if it accepts no writes at all.
        """
        tries = 0
        self._waiting_elsewhere.clear()
        while True:
            self._trying = []
            try:
                handled, more, pause = await self._handle_some()
            except Exception as error:
                trouble = database_trouble(error)
                if trouble in (FULL, READ_ONLY):
                    raise  # no update is at fault
                at_fault = [update.id for update in self._trying]
                if trouble:
                    log.error("batch_failed", updates=at_fault, why=trouble)
                else:
                    log.exception("batch_failed", updates=at_fault)
                if not self._trying:
                    raise
                if not self._alone:
                    self._alone = True
                    continue
                tries += 1
                if tries < TRIES:
                    continue
                if tries == TRIES:
                    # Raises if the database accepts nothing; otherwise this update is at fault.
                    await self._database.run(chats.touch_updates, self._trying)
                    continue
                await self._set_aside(self._trying, error)
                handled, more = len(self._trying), True
            tries = 0
            if handled:
                self._said()
            if not more:
                self._alone = False
                return IDLE if pause is None else pause

    async def _handle_some(self) -> tuple[int, bool, float | None]:
        """Handle a batch; returns how many, whether more may wait, and how long held albums need.

        Updates that arrive meanwhile are not counted: they wake the inbox themselves.
        """
        async with self._one_at_a_time:
            handled, more, after, pause = await self._database.run(
                self._handle_batch, self._busy | self._waiting_elsewhere
            )
            for order in after.orders:
                self._begin(order)
            for seen in after.handled:
                self._unkept.pop(seen, None)
            for platform, refs in after.unasked.items():
                self.start(self._drop(platform, refs))
            return handled, more, pause

    async def _drop(self, platform: str, refs: Sequence[str]) -> None:
        try:
            await self._platforms[platform].drop(refs)
        except Exception:  # they go with the next sweep
            log.exception("files_not_dropped", platform=platform)

    def _handle_batch(
        self, db: Session, busy: Collection[tuple[str, str]]
    ) -> tuple[int, bool, _After, float | None]:
        # Read one more than is handled, to know whether more wait.
        found = chats.waiting_updates(db, BATCH + 1, list(self._platforms), busy)
        waiting = found[:BATCH]
        ready, pause = self._ready(waiting)
        if not ready:
            return 0, False, _After(), pause
        batch = self._batch(db)
        batch.read_ahead({(u.platform, u.address) for updates in ready for u in updates})
        handled = 0
        for updates in ready:
            if batch.waits_for_work(updates[0]):
                self._waiting_elsewhere.add((updates[0].platform, updates[0].address))
                continue
            self._trying = updates
            batch.handle(updates)
            handled += 1
            if self._alone:
                break
        # Skipped chats are left out of the next read, so this loop ends.
        more = handled < len(ready) or len(found) > BATCH
        return handled, more, batch.write(), pause

    async def _set_aside(self, updates: Sequence[Stored], error: Exception) -> None:
        """Set aside updates that can be handled but not committed, so that they block nobody."""
        why = f"uncommitted: {type(error).__name__}"
        async with self._one_at_a_time:
            try:
                await self._database.run(self._give_up, updates, why)
            except Exception:  # even the regret may be what cannot be committed
                log.exception("not_told", updates=[update.id for update in updates])
                outcomes = [chats.Settlement(update.id, why) for update in updates]
                await self._database.run(chats.settle_updates, outcomes)

    def _batch(self, db: Session) -> _Batch:
        now = self._clock.now()
        return _Batch(db, self._router, self._platforms, now, self._withheld, self._unkept)

    def _give_up(self, db: Session, updates: Sequence[Stored], why: str) -> None:
        batch = self._batch(db)
        batch.read_ahead({(u.platform, u.address) for u in updates})
        batch.give_up(updates, why)
        batch.write()

    def _ready(self, waiting: Sequence[Stored]) -> tuple[list[list[Stored]], float | None]:
        """The updates that are ready, albums combined; and how long the first held album needs."""
        now = self._clock.now()
        held: set[tuple[str, str]] = set()
        ready: list[list[Stored]] = []
        albums: dict[tuple[str, str, str], list[Stored]] = {}
        pause: float | None = None
        for update in waiting:
            if update.album:
                albums.setdefault((update.platform, update.address, update.album), []).append(
                    update
                )
        for update in waiting:
            chat = (update.platform, update.address)
            if chat in held:
                continue
            if not update.album:
                ready.append([update])
                continue
            parts = albums.pop((*chat, update.album), [])
            if not parts:
                continue
            left = parts[-1].received_at + ALBUM_PAUSE - now
            # More than the whole pause can be left only after the clock was set back.
            if timedelta() < left <= ALBUM_PAUSE:
                held.add(chat)
                pause = min(pause or left.total_seconds(), left.total_seconds())
            else:
                ready.append(parts)
        return ready, pause

    # ---------------------------------------------------------------- outside work

    def _unfinished(self, db: Session) -> list[Order]:
        return [
            order_for(talk, speaker)
            for talk in chats.working_talks(db)
            if (speaker := chats.speaker_of(db, talk.account_id)) is not None
        ]

    def _begin(self, order: Order) -> None:
        self._busy.add((order.platform, order.address))
        self.start(self._do(order))

    async def _do(self, order: Order) -> None:
        try:
            async with asyncio.timeout(WORK_LIMIT):
                result = await self._jobs[order.job](order)
        except Exception:
            log.exception("job_failed", job=order.job, talk=order.talk_id)
            result = FAILED
        orders = await self._keep(order, result)
        self._busy.discard((order.platform, order.address))
        for following in orders:
            self._begin(following)
        self._said()

    async def _keep(self, order: Order, result: Any) -> list[Order]:
        """Store the result of outside work, retrying until it is stored; returns follow-up work.

        A result that the database refuses `TRIES` times counts as failed.
        """
        tries = 0
        trouble = Trouble("work_not_kept")

        def done(db: Session) -> list[Order]:
            nonlocal tries
            tries += 1
            return self._done(db, order, result if tries <= TRIES else FAILED)

        while True:
            try:
                async with self._one_at_a_time:
                    return await self._database.run(done)
            except Exception as error:
                await asyncio.sleep(trouble.meet(error, job=order.job, talk=order.talk_id))

    def _done(self, db: Session, order: Order, result: Any) -> list[Order]:
        """Hand a talk the result of its outside work, unless the talk has moved on."""
        talk = chats.talks(db, [order.talk_id]).get(order.talk_id)
        if talk is None or not _awaits(talk, order):
            return []
        speaker = chats.speaker_of(db, talk.account_id)
        if speaker is None:
            return []
        batch = self._batch(db)
        batch.read_ahead({(speaker.platform, speaker.address)})
        batch.go_on(speaker, talk, order.step, result)
        return list(batch.write().orders)


def order_for(talk: Talk, speaker: Speaker) -> Order:
    work = talk.work or {}
    return Order(
        talk.id,
        Journal.from_json(talk.journal).turn,
        work["step"],
        work["job"],
        work["args"],
        speaker.platform,
        speaker.address,
        talk.person_id,
    )


def _awaits(talk: Talk, order: Order) -> bool:
    """Whether a talk still waits for this work: not after it was put down or went back."""
    return (
        talk.state is TalkState.WORKING
        and talk.work is not None
        and talk.work["step"] == order.step
        and Journal.from_json(talk.journal).turn == order.turn
    )


def _storable(raw: str) -> str:
    """JSON that every database accepts: lone surrogates (half an emoji) are escaped."""
    return raw.encode(errors="backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class _After:
    """What is to be done once a batch is committed."""

    orders: Sequence[Order] = ()
    """Outside work to begin."""
    handled: Sequence[tuple[str, str]] = ()
    """Platforms and keys of the updates that are settled."""
    unasked: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Files, by platform, that came and that no talk has asked for."""


class _Batch:
    """Updates handled in one transaction. Their rows are read and written together."""

    def __init__(
        self,
        db: Session,
        router: Router,
        platforms: Mapping[str, Platform],
        now: datetime,
        withheld: Withheld,
        unkept: Mapping[tuple[str, str], str],
    ) -> None:
        self._db = db
        self._router = router
        self._platforms = platforms
        self._now = now
        self._speakers: dict[tuple[str, str], Speaker] = {}
        self._talks: dict[int, Talk] = {}
        self._changed: dict[int, None] = {}
        """The talks to be written, in order. What they say is in `_talks`, where a scene that is
        undone puts back what they said before."""
        self._posts: list[chats.Post] = []
        self._outcomes: list[chats.Settlement] = []
        self._withheld = withheld
        self._unkept = unkept
        self._wanted: set[tuple[str, str]] = set()
        self._silent: set[tuple[str, str]] = set()
        """The chats whose words may not be kept."""
        self._lines: list[tuple[int, datetime, str]] = []
        self._settled: list[tuple[str, str]] = []
        self._unasked: dict[str, list[str]] = {}

    def read_ahead(self, wanted: set[tuple[str, str]]) -> None:
        """Read the speakers and their talks, for the whole batch at once."""
        self._wanted = wanted
        self._silent = self._withheld(self._db, wanted, self._now)
        self._speakers = chats.speakers(self._db, wanted)
        self._talks = chats.talks(
            self._db, [s.talk_id for s in self._speakers.values() if s.talk_id is not None]
        )

    def waits_for_work(self, update: Stored) -> bool:
        """Whether the talk in this update's chat waits for outside work, perhaps begun just now
        by an update of this very batch, perhaps on another device."""
        speaker = self._speakers.get((update.platform, update.address))
        talk = self._talks.get(speaker.talk_id) if speaker and speaker.talk_id else None
        return talk is not None and talk.state is TalkState.WORKING and not talk.closed

    def handle(self, updates: Sequence[Stored]) -> None:
        """Handle one update, or the parts of one album as one."""
        first = updates[0]
        whole = [self._held(update) for update in updates]
        if not all(update.raw for update in whole):
            self._lost(updates)
            return
        updates = whole
        try:
            incoming = self._decode(updates)
        except Exception as reason:  # one poisonous update is set aside, the rest go on
            log.exception("update_undecodable", platform=first.platform, update=first.id)
            self.give_up(updates, f"undecodable: {type(reason).__name__}")
            return
        error = ""
        known = False
        if incoming is not None:
            speaker = self._speaker(first, incoming)
            # Whoever has not joined may be a child, and what they type may be a code.
            known = speaker.person_id is not None
            error, secret = self._act(speaker, incoming, updates)
            known = known and not secret
        self._settle(updates, error, keep=known)

    def _held(self, update: Stored) -> Stored:
        """An update with its words, where they were not stored."""
        held = self._unkept.get((update.platform, update.key), "")
        return update if update.raw or not held else replace(update, raw=held)

    def _lost(self, updates: Sequence[Stored]) -> None:
        """A crash came between: say so, since nothing is dropped in silence."""
        speaker = self._speakers.get((updates[0].platform, updates[0].address))
        if speaker is not None:
            scene = self._scene(speaker, self._now)
            scene.say(with_menu(t("help.send_again")))
            self._keep(scene)
        self._settle(updates)

    def _settle(self, updates: Sequence[Stored], error: str = "", *, keep: bool = False) -> None:
        """`keep`: what is set aside may be looked into for a day."""
        for update in updates:
            silent = (update.platform, update.address) in self._silent
            raw = update.raw if error and keep and not silent else ""
            self._outcomes.append(chats.Settlement(update.id, error, raw))
            self._settled.append((update.platform, update.key))

    def give_up(self, updates: Sequence[Stored], why: str) -> None:
        """Set updates aside, and tell the senders that are known."""
        speaker = self._speakers.get((updates[0].platform, updates[0].address))
        if speaker is not None:
            self._regret(self._scene(speaker, self._now))
        known = speaker is not None and speaker.person_id is not None
        talk = self._talks.get(speaker.talk_id) if speaker and speaker.talk_id else None
        self._settle(updates, why, keep=known and not self._router.seals(talk))

    def _decode(self, updates: Sequence[Stored]) -> Incoming | None:
        platform = self._platforms[updates[0].platform]
        parts = [part for u in updates if (part := platform.decode(u.raw)) is not None]
        if len(parts) < 2:
            return parts[0] if parts else None
        captions = [part.text for part in parts if part.text]
        files = tuple(file for part in parts for file in part.files)
        return replace(parts[0], text="\n".join(captions) or None, files=files)

    def _speaker(self, update: Stored, incoming: Incoming) -> Speaker:
        chat = (update.platform, incoming.address)
        if chat not in self._speakers:
            self._speakers.update(chats.speakers(self._db, [chat]))
        if chat not in self._speakers:
            language = incoming.language or DEFAULT
            self._speakers[chat] = chats.open_account(self._db, *chat, language, self._now)
        return self._speakers[chat]

    def _scene(self, speaker: Speaker, now: datetime) -> Scene:
        silent = (speaker.platform, speaker.address) in self._silent
        return Scene(self._router, self._db, speaker, now, talks=self._talks, withheld=silent)

    def _act(
        self, speaker: Speaker, incoming: Incoming, updates: Sequence[Stored]
    ) -> tuple[str, bool]:
        """Let the router handle it. If that raises, undo it, tell the person, and set it aside.
        Returns the error, and whether what was said is a secret.

        It is done as of the moment at which it came in: "today" is the day on which it was said,
        and what was in time is not late because we were.
        """
        update = updates[-1]
        scene = self._scene(speaker, update.received_at)
        joined = speaker.person_id is not None
        error = ""
        try:
            with in_year(beijing_day(scene.now).year):
                self._router.handle(scene, incoming)
            self._keep(scene)
        except Exception as reason:
            log.exception("update_failed", update=update.id)
            self._regret(scene)
            # Its words may hold what was said.
            error = type(reason).__name__
        self._let_go(scene, incoming, update.platform)
        if scene.consent_changed:
            self._silent = self._withheld(self._db, self._wanted, self._now)
        if joined and not scene.withheld and not scene.secret and not incoming.group:
            self._remember(speaker, incoming, updates)
        return error, scene.secret

    def _let_go(self, scene: Scene, incoming: Incoming, platform: str) -> None:
        """Let go of files that came and that no talk has asked for."""
        if not incoming.files:
            return
        talks = [talk for talk in scene.changed.values() if not talk.closed]
        held = json.dumps([[talk.journal, talk.work] for talk in talks], default=str)
        refs = [file.ref for file in incoming.files if json.dumps(file.ref) not in held]
        self._unasked.setdefault(platform, []).extend(refs)

    def _remember(self, speaker: Speaker, incoming: Incoming, updates: Sequence[Stored]) -> None:
        """Keep what was said where the chat shows its past from what we keep."""
        if incoming.start is None and self._platforms[speaker.platform].capabilities.history:
            self._lines += [(speaker.account_id, one.received_at, one.raw) for one in updates]

    def go_on(self, speaker: Speaker, talk: Talk, step: str, result: Any) -> None:
        """Continue a talk with the result of its outside work."""
        self._speakers[speaker.platform, speaker.address] = speaker
        # Even if the next step fails, the talk no longer waits for this work.
        talk.work, talk.state = None, TalkState.ACTIVE
        self._talks[talk.id] = talk
        self._changed[talk.id] = None
        scene = self._scene(speaker, self._now)
        scene.find_talk(talk.id)
        try:
            with in_year(beijing_day(scene.now).year):
                self._router.work_done(scene, talk, step, result)
        except Exception:
            log.exception("work_result_failed", talk=talk.id)
            self._regret(scene)
            return
        self._keep(scene)

    def _regret(self, scene: Scene) -> None:
        """Undo a scene, and tell the person that nothing was done."""
        scene.undo()
        scene.say(with_menu(t("help.went_wrong")))
        self._keep(scene)

    def _keep(self, scene: Scene) -> None:
        self._posts += scene.posts
        self._changed.update(dict.fromkeys(scene.changed))

    def write(self) -> _After:
        """Write all changes and messages; returns what is to be done after the commit."""
        changed = [self._talks[talk_id] for talk_id in self._changed if talk_id in self._talks]
        chats.save_talks(self._db, changed)
        spoke = [s for s in self._speakers.values() if s.changed]
        chats.save_speakers(self._db, spoke, self._now)
        chats.post(self._db, self._posts, self._now)
        chats.settle_updates(self._db, self._outcomes)
        chats.keep_said(self._db, self._lines)
        by_id = {s.account_id: s for s in self._speakers.values()}
        orders = [
            order_for(talk, by_id[talk.account_id])
            for talk in changed
            if talk.state is TalkState.WORKING and not talk.closed
        ]
        return _After(orders, self._settled, self._unasked)

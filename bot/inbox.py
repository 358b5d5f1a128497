"""Durable in: raw updates are stored before they are acknowledged, then handled in order.

Everything that an update causes (journal, records, audit, outgoing messages) is written in the
transaction that marks it handled. When many wait, several are handled in one transaction, so that
one disk flush serves them all; should that transaction fail, they are tried one by one. Updates of
one chat are handled in the order in which they came; outside work of one chat delays no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlmodel import Session

from bot.chat import Incoming, Platform, Received
from bot.clock import Clock
from bot.router import Router, Scene, with_menu
from prompts import t
from storage import chats
from storage.chats import Speaker, Stored, Talk
from storage.database import Database
from storage.tables import TalkState

log = structlog.get_logger()

BATCH: Final = 64
"""Most updates in one transaction."""
ALBUM_PAUSE: Final = timedelta(seconds=1)
"""An album has no count and no end: it is whole once nothing has been added for so long."""

Job = Callable[["Order"], Awaitable[Any]]
"""Outside work: gives a JSON result, also for what went wrong in the person's own way."""


@dataclass(frozen=True, slots=True)
class Order:
    """Outside work to be done for one talk."""

    talk_id: int
    step: str
    job: str
    args: Mapping[str, Any]
    platform: str
    address: str
    person_id: int | None


class Inbox:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        router: Router,
        platforms: Mapping[str, Platform],
        jobs: Mapping[str, Job],
        said: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._router = router
        self._platforms = platforms
        self._jobs = jobs
        self._said = said
        self._working: set[asyncio.Task[None]] = set()
        self._came = asyncio.Event()
        self._arrivals: list[tuple[dict[str, Any], asyncio.Future[None]]] = []
        self._storing = False
        self._busy: set[tuple[str, str]] = set()
        self._alone = False
        """After a failed transaction: handle the waiting updates one by one."""

    # ---------------------------------------------------------------- in

    async def receive(self, platform: str, updates: Sequence[Received]) -> None:
        """Store raw updates; once this returns, a crash loses none of them."""
        now = self._clock.now()
        done: list[asyncio.Future[None]] = []
        for update in updates:
            row = {
                "platform": platform,
                "key": update.key,
                "address": update.address,
                "album": update.album,
                "raw": update.raw,
                "received_at": now,
            }
            future = asyncio.get_running_loop().create_future()
            self._arrivals.append((row, future))
            done.append(future)
        if not self._storing:
            await self._store()
        await asyncio.gather(*done)

    async def _store(self) -> None:
        """Write what has arrived; what arrives meanwhile shares the next write."""
        self._storing = True
        try:
            while self._arrivals:
                arrived, self._arrivals = self._arrivals, []
                try:
                    await self._database.run(chats.store_updates, [row for row, _ in arrived])
                except Exception as error:  # each caller is told, and does not acknowledge
                    for _, future in arrived:
                        if not future.done():
                            future.set_exception(error)
                else:
                    for _, future in arrived:
                        if not future.done():
                            future.set_result(None)
                    self._came.set()
        finally:
            self._storing = False

    # ---------------------------------------------------------------- handling

    async def run(self) -> None:
        """Handle what waits, and what comes, until cancelled."""
        await self.take_up_work()
        try:
            while True:
                self._came.clear()
                pause = await self.drain()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._came.wait()
        finally:
            # Their talks wait in the database; the next start takes them up again.
            for task in self._working:
                task.cancel()

    async def take_up_work(self) -> None:
        """Begin again the outside work that a crash or a stop has broken off."""
        for order in await self._database.run(self._unfinished):
            self._begin(order)

    async def settle(self) -> None:
        """Handle all that waits, the outside work it asks for included: for tests and tools."""
        await self.drain()
        while self._working:
            await asyncio.wait(self._working)
            await self.drain()

    async def drain(self) -> float | None:
        """Handle all that can be handled now; gives the seconds until held albums are whole."""
        while True:
            try:
                handled, orders, pause = await self._database.run(self._handle_batch)
            except Exception:
                if self._alone:
                    raise
                log.exception("batch_failed")
                self._alone = True
                continue
            for order in orders:
                self._begin(order)
            if handled:
                self._said()
            else:
                self._alone = False
                return pause

    def _handle_batch(self, db: Session) -> tuple[int, list[Order], float | None]:
        now = self._clock.now()
        waiting = chats.waiting_updates(db, BATCH)
        if len(waiting) == BATCH and self._busy:
            # Chats that wait for outside work must not fill the window that others need.
            waiting = chats.waiting_updates(db, BATCH * 8)
        ready, pause = self._ready(waiting)
        if self._alone:
            ready = ready[:1]
        if not ready:
            return 0, [], pause
        batch = _Batch(db, self._router, self._platforms, now)
        batch.read_ahead({(u.platform, u.address) for updates in ready for u in updates})
        for updates in ready:
            batch.handle(updates)
        return len(ready), batch.write(), pause

    def _ready(self, waiting: Sequence[Stored]) -> tuple[list[list[Stored]], float | None]:
        """What may be handled now, albums put together; and how long the first held one needs."""
        now = self._clock.now()
        held = set(self._busy)
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
            if left > timedelta():
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
        task = asyncio.create_task(self._do(order))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _do(self, order: Order) -> None:
        try:
            result = await self._jobs[order.job](order)
        except Exception:
            log.exception("job_failed", job=order.job, talk=order.talk_id)
            result = {"failed": True}
        orders = await self._database.run(self._done, order, result)
        self._busy.discard((order.platform, order.address))
        for following in orders:
            self._begin(following)
        self._said()
        self._came.set()

    def _done(self, db: Session, order: Order, result: Any) -> list[Order]:
        """Give a talk what its outside work gave, unless it has gone on without it."""
        talk = chats.talks(db, [order.talk_id]).get(order.talk_id)
        if talk is None or talk.work is None or talk.work["step"] != order.step:
            return []
        speaker = chats.speaker_of(db, talk.account_id)
        if speaker is None:
            return []
        batch = _Batch(db, self._router, self._platforms, self._clock.now())
        batch.go_on(speaker, talk, order.step, result)
        return batch.write()


def order_for(talk: Talk, speaker: Speaker) -> Order:
    work = talk.work or {}
    return Order(
        talk.id,
        work["step"],
        work["job"],
        work["args"],
        speaker.platform,
        speaker.address,
        talk.person_id,
    )


class _Batch:
    """Updates handled in one transaction: their rows are read and written together."""

    def __init__(
        self, db: Session, router: Router, platforms: Mapping[str, Platform], now: datetime
    ) -> None:
        self._db = db
        self._router = router
        self._platforms = platforms
        self._now = now
        self._speakers: dict[tuple[str, str], Speaker] = {}
        self._talks: dict[int, Talk] = {}
        self._changed: dict[int, Talk] = {}
        self._posts: list[chats.Post] = []
        self._outcomes: list[tuple[int, str]] = []

    def read_ahead(self, wanted: set[tuple[str, str]]) -> None:
        """Read who speaks and what they are talking about, for the whole batch at once."""
        self._speakers = chats.speakers(self._db, wanted)
        self._talks = chats.talks(
            self._db, [s.talk_id for s in self._speakers.values() if s.talk_id is not None]
        )

    def handle(self, updates: Sequence[Stored]) -> None:
        """Handle one update, or the parts of one album as if they were one."""
        first = updates[0]
        if self._waits_for_work(first):
            return
        error = ""
        try:
            incoming = self._decode(updates)
        except Exception as reason:  # one poisonous update is set aside, the rest go on
            log.exception("update_undecodable", platform=first.platform, update=first.id)
            incoming, error = None, f"undecodable: {type(reason).__name__}"
        if incoming is not None:
            error = self._act(self._speaker(first, incoming), incoming, first)
        self._outcomes += [(update.id, error) for update in updates]

    def _waits_for_work(self, update: Stored) -> bool:
        """An earlier update of this chat, in this very batch, has begun outside work."""
        speaker = self._speakers.get((update.platform, update.address))
        talk = self._talks.get(speaker.talk_id) if speaker and speaker.talk_id else None
        return talk is not None and talk.state is TalkState.WORKING and not talk.closed

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
            language = incoming.language or "zh"
            self._speakers[chat] = chats.open_account(
                self._db, *chat, incoming.name, language, self._now
            )
        return self._speakers[chat]

    def _scene(self, speaker: Speaker) -> Scene:
        return Scene(self._router, self._db, speaker, self._now, talks=self._talks)

    def _act(self, speaker: Speaker, incoming: Incoming, update: Stored) -> str:
        """Let the router do it; what raises is undone, told plainly, and set aside."""
        scene = self._scene(speaker)
        try:
            self._router.handle(scene, incoming)
        except Exception as reason:
            log.exception("update_failed", update=update.id)
            scene.undo()
            scene.say(with_menu(t("help.went_wrong")))
            self._keep(scene)
            return f"{type(reason).__name__}: {reason}"
        self._keep(scene)
        return ""

    def go_on(self, speaker: Speaker, talk: Talk, step: str, result: Any) -> None:
        """Let a talk go on with what its outside work gave."""
        self._speakers[speaker.platform, speaker.address] = speaker
        self._talks[talk.id] = talk
        scene = self._scene(speaker)
        self._router.work_done(scene, talk, step, result)
        self._keep(scene)

    def _keep(self, scene: Scene) -> None:
        self._posts += scene.posts
        self._changed.update(scene.changed)

    def write(self) -> list[Order]:
        """Write all that was changed and said; gives the outside work to begin once it is."""
        chats.save_talks(self._db, self._changed.values())
        chats.save_speakers(self._db, [s for s in self._speakers.values() if s.changed])
        chats.post(self._db, self._posts, self._now)
        chats.settle_updates(self._db, self._outcomes)
        by_id = {s.account_id: s for s in self._speakers.values()}
        return [
            order_for(talk, by_id[talk.account_id])
            for talk in self._changed.values()
            if talk.state is TalkState.WORKING and not talk.closed
        ]

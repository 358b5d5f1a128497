"""G. Lists where much waits: what each page takes, and how long it holds the writer."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, thread_time
from typing import Any, Final

from sqlalchemy import insert, text
from sqlmodel import Session

from app.main import App, rest_the_collector, set_up_logging
from app.settings import Settings, WebSettings
from benchmarks import report
from benchmarks.house import MOMENT, RunningClock, person_id, populate
from bot.platforms.fake import FakePlatform, encode
from bot.talk.clock import beijing_day
from bot.talk.message import Incoming, press
from services import progress
from storage import migrate
from storage.database import Database
from storage.tables import Account, Membership, Mentoring, Person, Role

STUDENTS: Final = 10_000
SESSIONS: Final = 6
"""Of each student; the last waits for review."""
ROUNDS: Final = 3
MENTOR: Final = "mentor-of-all"
OFFICE: Final = "office"

PAGES: Final[Sequence[tuple[str, str, Incoming]]] = (
    ("a mentor's queue", MENTOR, Incoming(MENTOR, press=press("queue"))),
    ("its last page", MENTOR, Incoming(MENTOR, press=press("queue", "all", 1999))),
    ("of one kind", MENTOR, Incoming(MENTOR, press=press("queue", "session"))),
    ("of one student", MENTOR, Incoming(MENTOR, press=press("queue", 5000))),
    ("approve all, asked", MENTOR, Incoming(MENTOR, text="全部通过")),
    ("one entry in full", MENTOR, Incoming(MENTOR, press=press("whole", SESSIONS * 17))),
    ("one approved", MENTOR, Incoming(MENTOR, press=press("approve", SESSIONS * 17, 1))),
    ("all read approved", MENTOR, Incoming(MENTOR, press=press("bulk", "all"))),
    ("a mentor's students", MENTOR, Incoming(MENTOR, press=press("students"))),
    ("their last page", MENTOR, Incoming(MENTOR, press=press("students", 1249))),
    ("one student", MENTOR, Incoming(MENTOR, press=press("student", 4321))),
    ("a student by name", MENTOR, Incoming(MENTOR, text="学生4320最近怎么样")),
    ("something said", MENTOR, Incoming(MENTOR, text="谢谢")),
    ("a mentor's gaps", MENTOR, Incoming(MENTOR, press=press("mine_behind"))),
    ("a mentor's absent", MENTOR, Incoming(MENTOR, press=press("mine_absent"))),
    ("an office's overview", OFFICE, Incoming(OFFICE, press=press("cohort"))),
    ("its gaps", OFFICE, Incoming(OFFICE, press=press("behind", 1))),
    ("their last page", OFFICE, Incoming(OFFICE, press=press("behind", 1, 1249))),
    ("what waits longest", OFFICE, Incoming(OFFICE, press=press("longest", 1))),
    ("who has not joined", OFFICE, Incoming(OFFICE, press=press("absent", 1))),
    ("who is not reached", OFFICE, Incoming(OFFICE, press=press("unreached", 1))),
    ("the menu", OFFICE, Incoming(OFFICE, press=press("menu"))),
)


def fill(db: Session) -> None:
    """A mentor of all students, an office, and an entry of each student that waits."""
    populate(db, "fake", STUDENTS, SESSIONS)
    last = STUDENTS + STUDENTS // 10
    at = MOMENT - timedelta(weeks=30)
    for number, (chat, name, role) in enumerate(
        ((MENTOR, "王建国", Role.MENTOR), (OFFICE, "管小青", Role.COORDINATOR)), last + 1
    ):
        db.add(Person(id=number, name=name, created_at=at))
        db.flush()
        db.add(Account(id=number, platform="fake", address=chat, person_id=number, created_at=at))
        db.add(Membership(id=number, cohort_id=1, person_id=number, role=role, created_at=at))
    db.flush()
    rows: list[dict[str, Any]] = [
        {"student_id": person_id(n), "mentor_id": last + 1, "created_at": at}
        for n in range(STUDENTS)
    ]
    db.connection().execute(insert(Mentoring), rows)
    db.connection().execute(
        text("UPDATE record SET state = 'submitted', decided_at = NULL WHERE id % :n = 0"),
        {"n": SESSIONS},
    )


class Stopwatch:
    """The longest transaction since it was set back, and what one used of the processor."""

    def __init__(self, database: Database) -> None:
        self.longest = self.used = 0.0
        act = database._act

        def timed(*args: Any, **kwargs: Any) -> Any:
            began, used = perf_counter(), thread_time()
            try:
                return act(*args, **kwargs)
            finally:
                self.longest = max(self.longest, perf_counter() - began)
                self.used = max(self.used, thread_time() - used)

        database._act = timed  # type: ignore[method-assign]  # watched


async def measured(folder: Path) -> list[tuple[Any, ...]]:
    """What each page takes, its longest transaction, and the processor time of that: medians, in
    seconds."""
    platform = FakePlatform()
    settings = Settings(data_dir=folder, database_url="", web=WebSettings(enabled=False))
    set_up_logging(settings)
    app = App(settings, RunningClock(), {"fake": platform})
    migrate.upgrade(app.database)
    with app.database.transaction() as db:
        fill(db)
    with app.database.transaction() as db:
        db.connection().execute(text("ANALYZE"))
    began = perf_counter()
    parts = 1
    while await counted_ahead(app):
        parts += 1
    report.say(
        f"Before that the entries are counted once, in {parts} parts, "
        f"{perf_counter() - began:.1f} s in all; this is also what is done after midnight."
    )
    watch = Stopwatch(app.database)
    rest_the_collector()
    keys = itertools.count()
    found: dict[int, list[tuple[float, float, float]]] = {}
    for _ in range(ROUNDS + 1):
        for page, (_, _, incoming) in enumerate(PAGES):
            shown = len(platform.shown)
            began, watch.longest, watch.used = perf_counter(), 0.0, 0.0
            await app.inbox.receive("fake", [encode(f"k{next(keys)}", incoming)])
            await app.inbox.drain()
            took, held, used = perf_counter() - began, watch.longest, watch.used
            await app.delivery.drain()
            assert len(platform.shown) > shown, "it is answered"
            found.setdefault(page, []).append((took, held, used))
    app.close()
    # The first round pays for what is done once.
    middle = {page: zip(*times[1:], strict=True) for page, times in found.items()}
    return [(PAGES[page][0], *map(median, columns)) for page, columns in middle.items()]


async def counted_ahead(app: App) -> int:
    """A part of what the server does in the background; returns how many learners are left."""
    return await app.database.run(progress.count_ahead, beijing_day(app.clock.now()))


async def run() -> None:
    report.title("G. Lists where much waits")
    report.say(
        f"{STUDENTS} students with {SESSIONS} sessions each, {STUDENTS} of which wait for one "
        f"mentor; an office that follows all. Medians of {ROUNDS} rounds, in seconds."
    )
    with TemporaryDirectory() as folder:
        pages = await measured(Path(folder))
    report.table(
        ("", "answered within", "holds the writer", "of that at work"),
        [(name, *(f"{seconds:.3f}" for seconds in times)) for name, *times in pages],
    )


if __name__ == "__main__":
    asyncio.run(run())

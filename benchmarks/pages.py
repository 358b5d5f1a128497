"""L. An office's pages over a big cohort: what each takes, and how long it holds the writer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, Final

import httpx2
from sqlalchemy import text
from starlette.applications import Starlette

from app.console.gate import Gate
from app.main import App, rest_the_collector, set_up_logging
from app.settings import Settings, WebSettings
from benchmarks import report
from benchmarks.house import RunningClock
from benchmarks.lists import SESSIONS, STUDENTS, Stopwatch, counted_ahead, fill
from bot.platforms.fake import FakePlatform
from services import joining
from storage import migrate

ROUNDS: Final = 20
OFFICE: Final = STUDENTS + STUDENTS // 10 + 2
"""The office's person, as `fill` numbers it."""

PAGES: Final[Sequence[tuple[str, str]]] = (
    ("the overview", "1"),
    ("the students", "1/students"),
    ("their last page", "1/students?page=999"),
    ("by name", "1/students?q=4321"),
    ("by sound", "1/students?q=xs"),
    ("in order of names", "1/students?sort=-name"),
    ("who is behind", "1/students?state=behind"),
    ("at what pace", "1/students?state=pace.0.short"),
    ("what waits", "1/waiting"),
    ("the roster", "1/roster"),
    ("the reminders", "1/reminders"),
    ("what staff did", "1/acts"),
    ("one student", "1/students/4321"),
    ("all students as a book", "1/students.xlsx"),
)


async def measured(folder: Path) -> list[tuple[Any, ...]]:
    """Of each page its middle, what 95 in 100 stay below, and the longest transaction, in
    seconds; and its bytes."""
    settings = Settings(data_dir=folder, database_url="", web=WebSettings(enabled=False))
    set_up_logging(settings)
    app = App(settings, RunningClock(), {"fake": FakePlatform()})
    migrate.upgrade(app.database)
    with app.database.transaction() as db:
        fill(db)
        link = joining.sign_in_link(db, OFFICE, app.clock.now())
        session, _ = joining.sign_in(db, link, "benchmark", app.clock.now())
    with app.database.transaction() as db:
        db.connection().execute(text("ANALYZE"))
    while await counted_ahead(app):
        pass
    rest_the_collector()
    watch = Stopwatch(app.database)
    gate = Gate(app.database, app.clock, app.router)
    through = httpx2.ASGITransport(Starlette(routes=gate.routes()))
    found = []
    async with httpx2.AsyncClient(
        transport=through, base_url="http://pages", cookies={"session": session}, timeout=60
    ) as client:
        for name, path in PAGES:
            rounds = ROUNDS if not path.endswith(".xlsx") else 2
            answer = await client.get(f"/console/{path}")  # pays for what is done once
            assert answer.status_code == 200, name
            watch.longest, took = 0.0, []
            for _ in range(rounds):
                began = process_time()
                answer = await client.get(f"/console/{path}")
                took.append(process_time() - began)
            took.sort()
            found.append(
                (name, took[len(took) // 2], took[-1 - len(took) // 20], watch.longest, answer)
            )
    app.close()
    return [(*row, len(answer.content)) for *row, answer in found]


async def run() -> None:
    report.title("L. An office's pages")
    report.say(
        f"{STUDENTS} students with {SESSIONS} sessions each, seen by one office; {ROUNDS} rounds, "
        "in seconds of the processor; a transaction in all that it took."
    )
    with TemporaryDirectory() as folder:
        pages = await measured(Path(folder))
    report.table(
        ("", "middle", "95 in 100", "longest transaction", "bytes"),
        [
            (name, *(f"{seconds:.3f}" for seconds in times), f"{size}")
            for name, *times, size in pages
        ],
    )


if __name__ == "__main__":
    asyncio.run(run())

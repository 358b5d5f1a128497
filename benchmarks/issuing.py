"""K. A thousand certificates, while fifty people chat."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from sqlmodel import Session

from app.main import App, set_up_logging
from app.settings import Settings, WebSettings
from benchmarks import report
from benchmarks.report import figure
from bot.platforms.fake import FakePlatform, encode
from bot.talk.acting import Actor, Operator
from bot.talk.clock import SystemClock
from bot.talk.message import Incoming
from bot.worker import end
from programmes import certifying
from programmes.catalogue import load
from services import certificates, roster
from storage import chats, migrate
from storage.tables import (
    Account,
    Evaluation,
    EvaluationState,
    EvaluationVersion,
    Role,
    UnitKind,
)

LEARNERS: Final = 1_000
CHATTING: Final = 50
ALONE: Final = 20.0
"""Seconds for which they chat before anything is issued."""
PAUSE: Final = 0.05
"""Seconds between an answer and the next message."""
PROGRAMME: Final = "shanxi-2026"


async def run() -> None:
    report.title("K. A cohort's certificates")
    report.say(
        f"{LEARNERS} learners are ready; the office orders all certificates at once. Meanwhile "
        f"{CHATTING} of them ask for their progress, one after another. Milliseconds until the "
        "answer is there."
    )
    with TemporaryDirectory() as folder:
        rows, took = await _measure(Path(folder))
    report.table(("", "answers", "median", "95 of 100", "longest"), rows)
    report.say(f"All were issued, signed and printed in {took:.0f} s, {took / LEARNERS:.3f} each.")


async def _measure(folder: Path) -> tuple[list[tuple[str, ...]], float]:
    platform = FakePlatform()
    settings = Settings(data_dir=folder, database_url="", web=WebSettings(enabled=False))
    set_up_logging(settings)
    app = App(settings, SystemClock(), {"fake": platform})
    migrate.upgrade(app.database)
    actor = await app.database.run(_populate)
    running = asyncio.create_task(app.run())
    alone = await _chat(app, platform, _after(ALONE))
    began = perf_counter()
    await app.database.run(certificates.order, actor, 1)
    app.issuing.wake()
    watching = asyncio.create_task(_all_done(app))
    meanwhile = await _chat(app, platform, watching.done)
    took = perf_counter() - began
    await end(running)
    app.close()
    return [_row("alone", alone), _row("while they are issued", meanwhile)], took


async def _chat(app: App, platform: FakePlatform, over: Callable[[], bool]) -> list[float]:
    """Ask for one's progress again and again; returns how long each answer took, in seconds."""
    took: list[float] = []
    while not over():
        address = f"chat-{len(took) % CHATTING}"
        began = perf_counter()
        key = f"{began}"
        said = encode(key, Incoming(address, text="我的进度"))
        await app.inbox.receive("fake", [said])
        while not any(one.address == address for one in platform.shown):
            await asyncio.sleep(0.001)
        took.append(perf_counter() - began)
        platform.shown.clear()
        await asyncio.sleep(PAUSE)
    return took


async def _all_done(app: App) -> None:
    while await app.database.run(certificates.orders):
        await asyncio.sleep(0.5)


def _after(seconds: float) -> Callable[[], bool]:
    until = perf_counter() + seconds
    return lambda: perf_counter() > until


def _row(words: str, took: list[float]) -> tuple[str, ...]:
    took = sorted(took)
    picked = (took[len(took) // 2], took[int(len(took) * 0.95)], took[-1])
    return (words, str(len(took)), *(figure(1000 * one) for one in picked))


def _populate(db: Session) -> Actor:
    """A cohort in which every outcome is signed; returns its office."""
    by = Operator(datetime.now(UTC))
    office = roster.add_unit(db, by, UnitKind.OFFICE, "示例管理办公室")
    cohort = roster.create_cohort(db, by, PROGRAMME, "示例一期", office.id)
    key, part = [*certifying.parts(load(PROGRAMME))][-1]
    for number in range(LEARNERS):
        person = roster.add_person(db, by, f"学生{number}", date(2009, 1, 1))
        place, _ = roster.add_member(db, by, cohort.id or 0, person.id or 0, Role.STUDENT)
        row = Evaluation(
            student_id=place.id or 0,
            stage=key,
            side=part.side.value,
            state=EvaluationState.SIGNED,
            outcome="qualified",
            signed_at=by.now,
        )
        db.add(row)
        db.flush()
        body = {"comment": "", "outcome": row.outcome}
        db.add(
            EvaluationVersion(
                evaluation_id=row.id or 0,
                version=1,
                body=body,
                signed_by=place.id or 0,
                at=by.now,
            )
        )
        if number < CHATTING:
            _open_chat(db, f"chat-{number}", person.id or 0, by.now)
    staff = roster.add_person(db, by, "管小青")
    roster.add_member(db, by, cohort.id or 0, staff.id or 0, Role.COORDINATOR, unit_id=office.id)
    account = _open_chat(db, "office", staff.id or 0, by.now)
    return Actor(staff.id or 0, account, by.now)


def _open_chat(db: Session, address: str, person_id: int, now: datetime) -> int:
    speaker = chats.open_account(db, "fake", address, "zh", now)
    db.get_one(Account, speaker.account_id).person_id = person_id
    db.flush()
    return speaker.account_id

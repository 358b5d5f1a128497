"""The loop of all workers: retries that grow, one alarm for each trouble, a stop that ends all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from itertools import groupby
from pathlib import Path

import pytest
from sqlmodel import Session

from app.main import App
from app.settings import Settings, WebSettings
from bot import worker
from bot.rounds import Round
from bot.talk.clock import SetClock
from bot.worker import IDLE, Trouble, Worker, end
from storage.database import Database
from tests.conftest import NewDatabase
from tests.faults.small import Alarms, until


class Bench(Worker):
    """A worker whose turns fail as told."""

    name = "bench"

    def __init__(self, *fails: Exception | None) -> None:
        super().__init__()
        self.fails = list(fails)
        self.turns = 0
        self.taken_up = 0
        self.pause = IDLE
        self.each: Callable[[], None] = lambda: None

    async def take_up(self) -> None:
        self.taken_up += 1

    async def turn(self) -> float:
        self.turns += 1
        self.each()
        if self.fails and (error := self.fails.pop(0)) is not None:
            raise error
        return self.pause


def the_others() -> set[asyncio.Task[object]]:
    return asyncio.all_tasks() - {asyncio.current_task()}


async def test_trouble_is_told_once_and_over_once(alarms: Alarms) -> None:
    bench = Bench(OSError(), OSError(), OSError(), KeyError(), None, OSError())
    running = asyncio.create_task(bench.run())
    await until(lambda: bench.turns == 5)
    await until(lambda: bench.well)
    bench.wake()
    await until(lambda: bench.turns == 7)
    await end(running)
    assert alarms.events == ["bench_halted"] * 3  # OSError, KeyError, and OSError anew
    assert bench.trouble.met == 5
    assert bench.taken_up == 1


def test_pauses_grow_to_a_ceiling_and_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "RETRY", 1.0)
    trouble = Trouble("test")
    assert [trouble.meet(OSError()) for _ in range(6)] == [1, 2, 4, 8, 15, 15]
    trouble.over()
    assert trouble.meet(OSError()) == 1


async def test_what_is_left_over_is_taken_up_before_the_first_turn(alarms: Alarms) -> None:
    class Late(Bench):
        async def take_up(self) -> None:
            assert self.turns == 0
            await super().take_up()
            if self.taken_up < 3:
                raise OSError

    late = Late()
    running = asyncio.create_task(late.run())
    await until(lambda: late.turns == 1)
    await end(running)
    assert (late.taken_up, alarms.events) == (3, ["bench_halted"])


async def test_a_stop_ends_all_that_was_begun_even_a_long_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "RETRY", 60.0)
    before = the_others()
    bench = Bench(None, OSError())
    bench.each = lambda: bench.start(asyncio.sleep(3600))
    running = asyncio.create_task(bench.run())
    await until(lambda: bench.turns == 1)
    bench.wake()
    await until(lambda: bench.turns == 2)
    assert len(the_others() - before) == 4  # the run, its loop, and what two turns began
    async with asyncio.timeout(1):
        await end(running)
    assert the_others() - before == set()
    assert not bench.well


async def test_what_is_under_way_may_end_after_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bench, "last_words", 5.0)
    bench, gate, ended = Bench(), asyncio.Event(), asyncio.Event()

    async def call() -> None:
        await gate.wait()
        ended.set()

    bench.start(call())
    running = asyncio.create_task(bench.run())
    await until(lambda: bench.turns == 1)
    running.cancel()
    await until(lambda: bench.stopping)
    assert not running.done()
    gate.set()
    async with asyncio.timeout(1):
        await asyncio.wait([running])
    assert ended.is_set()
    assert bench.turns > 1  # the last one writes down what became of it


async def test_work_that_fails_beside_the_turns_is_told(alarms: Alarms) -> None:
    bench = Bench()

    async def call() -> None:
        raise ZeroDivisionError

    bench.start(call())
    await bench.drain()
    assert alarms.events == ["task_failed"]


async def test_a_turn_that_hangs_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, gate = Bench(), asyncio.Event()

    async def hangs() -> float:
        await gate.wait()
        return IDLE

    monkeypatch.setattr(bench, "turn", hangs)
    running = asyncio.create_task(bench.run())
    await asyncio.sleep(0.01)
    assert bench.well
    monkeypatch.setattr(worker, "HANGING", 0.0)
    assert not bench.well
    gate.set()
    await until(lambda: bench.well)
    await end(running)


async def test_a_round_does_part_after_part_and_repeats_what_failed(
    sqlite_database: Database, alarms: Alarms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RETRY", 0.0)
    done: list[str] = []
    left = {"find": 2, "tell": 1}
    fails: list[Exception] = [OSError()]

    def part(name: str, db: Session) -> bool:
        if name == "tell" and fails:
            raise fails.pop()
        done.append(name)
        left[name] -= 1
        return left[name] >= 0

    told = asyncio.Event()
    one = Round("round", sqlite_database, [partial(part, "find"), partial(part, "tell")], told.set)
    running = asyncio.create_task(one.run())
    await until(lambda: left["tell"] < 0)
    await until(lambda: one.well)
    await end(running)
    assert alarms.events == ["round_halted"]
    assert [name for name, _ in groupby(done)] == ["find", "tell", "find", "tell"]
    assert told.is_set()


async def test_no_round_waits_for_another_that_fails(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were they steps of one row, a fault in the first would stop the last."""

    def broken(*_: object) -> bool:
        raise OSError

    told = asyncio.Event()
    monkeypatch.setattr("app.main.REMINDING", 0.0)
    rounds = {"help_calls": (broken,), "reminders": (lambda *_: told.set(),)}
    monkeypatch.setattr("app.main.ROUNDS", rounds)
    settings = Settings(
        database_url=new_database("sqlite"),
        data_dir=tmp_path,
        web=WebSettings(enabled=False, port=0),
    )
    app = App(settings, clock, {})
    running = asyncio.create_task(app.run())
    async with asyncio.timeout(30):
        await told.wait()
    first = next(one for one in app.workers if one.name == "help_calls")
    await until(lambda: first.trouble.lasts)
    assert not first.well
    await end(running)
    app.close()

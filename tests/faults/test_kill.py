"""Kill -9 everywhere: a whole talk held with a program that dies at every turn.

A student logs a session with photos and writes its diary; her mentor returns the session, she
mends it, he approves. The program is killed at chosen points and at random moments, started again,
and given whatever it has not acknowledged, as a messenger does. In the end nothing that was
acknowledged is lost, nothing is done twice, and every message has been shown or has an unknown
fate.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.contract import Received
from bot.talk.clock import SetClock
from storage import migrate
from storage.database import connect
from storage.tables import SendState
from tests.faults.child import Life
from tests.house import House
from tests.talks.play import content

pytestmark = pytest.mark.slow

PATIENCE = 30.0
"""Seconds after which a life that neither dies nor gets on has failed."""
LONGEST_LIFE = 0.06
"""Seconds after which one of those that are killed at random moments is."""
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)

TRANSACTIONS = ("put", "handle_batch", "done", "settle_and_choose")
POINTS = (
    *(
        f"{name}: {when}"
        for name in TRANSACTIONS
        for when in ("before", "before its commit", "after")
    ),
    "before its acknowledgement",
    "one of a batch",
    "send: before",
    "send: after",
    "fetch: before",
    "fetch: after",
    "unfinished: after",
    "left_behind: before its commit",
    "left_behind: after",
)
"""Every turn of the way from an update to what is shown for it."""


# ---------------------------------------------------------------- the talk


@dataclass(frozen=True)
class Talk:
    """What a house was before a talk, and the updates by which the talk was held."""

    folder: Path
    updates: tuple[Received, ...]
    rows_before: int
    """The last message of before the talk."""

    def turns(self) -> list[list[Received]]:
        """The updates, those that one person sent on end together."""
        return [list(some) for _, some in itertools.groupby(self.updates, lambda u: u.address)]


@pytest.fixture(scope="module")
async def talk(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """Hold the talk once, undisturbed and in this process, to have its updates."""
    folder = tmp_path_factory.mktemp("talk")
    (folder / "files").mkdir()
    template = tmp_path_factory.mktemp("new") / "house.db"
    engine = connect(f"sqlite:///{template}")
    migrate.upgrade(engine)
    engine.dispose()
    house = await House.open(f"sqlite:///{template}", folder, SetClock(NOW))
    await house.populate()
    student, mentor = await house.join("林小雨", "王建国")
    house.close()
    shutil.copyfile(template, folder / "house.db")
    house.received.clear()
    await house.restart()

    # A press carries its talk's turn or its record's version, which are the same in every run.
    await student.says("记一次培养")
    for words in ("昨天下午", "2小时", "到校面对面", "课题研究", "王建国", "搭双缝干涉光路"):
        await student.says(words)
    photos = [(name, content("photo", name)) for name in ("光路.jpg", "记录.jpg")]
    await student.sends_files(*photos)
    await student.presses("提交")
    await student.presses("写日志")
    for words in (
        "今天第一次看见条纹。",
        "手一抖就没了，第三次才稳住。",
        "写完了",
        "提交",
    ):
        await student.says(words)
    await mentor.says("待审")
    await mentor.presses("退回修改")
    await mentor.says("请写上条纹间距")
    await student.presses("修改")
    await student.presses("改内容")
    await student.says("搭双缝干涉光路，间距 1.2 毫米")
    await student.presses("重新提交")
    await mentor.presses("通过")
    await student.says("我的进度")
    for ref, data in house.platform.files.items():
        (folder / "files" / ref).write_bytes(data)
    house.close()
    with sqlite3.connect(folder / "house.db") as db:
        (rows_before,) = db.execute("SELECT max(id) FROM outbox").fetchone()
    db.close()
    return Talk(folder, tuple(house.received), rows_before)


# ---------------------------------------------------------------- the program


@dataclass
class Nursery:
    """Gives birth to lives of the program, and is their messenger."""

    process: subprocess.Popen[str]
    server: socket.socket

    def begin(self, life: Life) -> tuple[int, socket.socket | None]:
        """Start a life; gives its number and, unless it dies at once, the connection to it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asdict(life)) + "\n")
        self.process.stdin.flush()
        number = int(self.process.stdout.readline())
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if select.select([self.server], [], [], 0.01)[0]:
                return number, self.server.accept()[0]
            if not alive(number):
                if select.select([self.server], [], [], 0)[0]:
                    self.server.accept()[0].close()  # it had connected, and died after that
                return number, None
        raise AssertionError(f"a life neither connects nor dies: {log_of(life.folder)}")


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.child"],
            # Away from the project's folder, where a `.env` may lie.
            cwd=tmp_path_factory.mktemp("nursery"),
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        yield Nursery(process, server)
        assert process.stdin
        process.stdin.close()
        process.wait(PATIENCE)


def kill(number: int) -> None:
    with suppress(ProcessLookupError):  # it may have come to its own end just now
        os.kill(number, signal.SIGKILL)


def alive(number: int) -> bool:
    """Whether a process runs; those that died are reaped by the one that began them."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def log_of(folder: str) -> str:
    log = Path(folder) / "log.txt"
    return log.read_text("utf-8")[-3000:] if log.exists() else "no log"


# ---------------------------------------------------------------- holding it


@dataclass
class Held:
    """A talk held with a program that dies."""

    nursery: Nursery
    talk: Talk
    folder: Path
    idempotent: bool
    dooms: Iterator[tuple[str, int, int]]
    """Where each life ends: at which point, at the how-many-th time that it is reached, or else at
    which of all points. When there are no more, a life goes on to the end."""
    moments: random.Random | None = None
    """Where to take random moments to kill at, in place of points."""
    deaths: int = 0
    _number: int = 0
    _wire: socket.socket | None = None
    _point: str = ""
    _heard: bytes = b""

    def hold(self, turns: Sequence[Sequence[Received]]) -> None:
        for turn in turns:
            unacknowledged = {update.key: update for update in turn}
            while unacknowledged or self._unsettled():
                self._live()
                self._deliver(unacknowledged)
        self.kill()

    def kill(self) -> None:
        if self._wire is not None:
            kill(self._number)
            self._wire.close()
            self._wire = None

    def _live(self) -> None:
        """See that a life is there."""
        while self._wire is None:
            doom = next(self.dooms, ("", -1, -1))
            self._point = doom[0]
            port = self.nursery.server.getsockname()[1]
            life = Life(str(self.folder), port, NOW.isoformat(), self.idempotent, *doom)
            self._heard = b""
            self._number, self._wire = self.nursery.begin(life)
            if self._wire is None:
                self._died()

    def _died(self) -> None:
        self.deaths += 1
        assert self._point, log_of(str(self.folder))
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _deliver(self, unacknowledged: dict[str, Received]) -> None:
        """Deliver what is not acknowledged, and wait until all is done or the life has ended."""
        assert self._wire is not None
        if unacknowledged and not self._write(unacknowledged.values()):
            self._died()
            return
        doomed_at = time.monotonic() + PATIENCE
        if self._point == "at random":
            assert self.moments is not None
            doomed_at = time.monotonic() + self.moments.random() * LONGEST_LIFE
        deadline = time.monotonic() + PATIENCE
        while unacknowledged or self._unsettled():
            assert time.monotonic() < deadline, log_of(str(self.folder))
            if time.monotonic() > doomed_at:
                kill(self._number)
                doomed_at = deadline
            if not select.select([self._wire], [], [], 0.005)[0]:
                continue
            try:
                more = self._wire.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                self._died()
                return
            *lines, self._heard = (self._heard + more).split(b"\n")
            for line in lines:
                for key in json.loads(line):
                    unacknowledged.pop(key, None)

    def _write(self, updates: Any) -> bool:
        assert self._wire is not None
        fields = [[u.key, u.address, u.raw, u.album] for u in updates]
        try:
            self._wire.sendall(json.dumps(fields).encode() + b"\n")
        except OSError:
            return False
        return True

    def _unsettled(self) -> bool:
        """Whether anything waits: an update, outside work, or a message."""
        with sqlite3.connect(self.folder / "house.db") as db:
            (waiting,) = db.execute(
                """SELECT EXISTS (SELECT 1 FROM "update" WHERE state = 'waiting')
                       OR EXISTS (SELECT 1 FROM conversation WHERE state = 'working')
                       OR EXISTS (SELECT 1 FROM outbox WHERE state IN ('waiting', 'sending'))"""
            ).fetchone()
        db.close()
        return bool(waiting)


def held(
    talk: Talk,
    nursery: Nursery,
    folder: Path,
    dooms: Iterable[tuple[str, int, int]] = (),
    *,
    idempotent: bool = True,
    moments: random.Random | None = None,
    turns: Sequence[Sequence[Received]] | None = None,
) -> Held:
    """Hold a talk in a folder of its own."""
    shutil.copytree(talk.folder, folder)
    holding = Held(nursery, talk, folder, idempotent, iter(dooms), moments)
    try:
        holding.hold(talk.turns() if turns is None else turns)
    finally:
        holding.kill()
    return holding


# ---------------------------------------------------------------- what remains

Undisturbed = dict[str, list[tuple[Any, ...]]]
"""What a house knows after an undisturbed talk, by table."""

RUNTIME = {
    "update": "platform, key, address, raw, album, state, error",
    "outbox": "account_id, lane, key, json_remove(body, '$.replace')",
}
"""Of these, what does not depend on when the program died (as it does whether a message could
still take the place of the one above it). A chat's messages are in order within their lane;
across chats their numbers tell only in which transactions they were written."""


def record(folder: Path) -> Undisturbed:
    """All that the house knows in the end. The clock stands, so times can be compared too."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with sqlite3.connect(folder / "house.db") as db:
        tables = [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith("sqlite_")
        ]
        for table in tables:
            columns = RUNTIME.get(table, "*")
            order = "account_id, lane, id" if table == "outbox" else "rowid"
            found[table] = db.execute(
                f'SELECT {columns} FROM "{table}" ORDER BY {order}'  # noqa: S608 - our tables
            ).fetchall()
    db.close()
    return found


def shown(folder: Path) -> list[int]:
    """The rows that were shown, in order, as often as they were."""
    lines = (folder / "shown.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["row"] for line in lines]


def outbox(folder: Path, after: int) -> list[tuple[int, str, str, bool]]:
    """Each message: its row, its chat and lane, its state, and whether it is more than a menu."""
    with sqlite3.connect(folder / "house.db") as db:
        rows = db.execute(
            "SELECT id, account_id || lane, state, body FROM outbox WHERE id > ?", (after,)
        ).fetchall()
    db.close()
    return [
        (row, where, state, "commands" not in json.loads(body)) for row, where, state, body in rows
    ]


def files(folder: Path) -> set[str]:
    kept = (folder / "data" / "files").rglob("*")
    return {path.name for path in kept if path.is_file() and not path.name.startswith(".")}


@pytest.fixture(scope="module")
def undisturbed(
    talk: Talk, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed") / "house"
    holding = held(talk, nursery, folder)
    assert holding.deaths == 0
    assert len(set(shown(folder))) == len(shown(folder))
    return record(folder)


def test_the_undisturbed_talk_does_what_it_is_meant_to(
    undisturbed: Undisturbed,
) -> None:
    assert Counter(row[-2] for row in undisturbed["update"]) == {
        "done": len(undisturbed["update"])
    }
    assert len(undisturbed["record"]) == 2
    assert len(undisturbed["record_version"]) == 3
    assert len(undisturbed["review"]) == 2
    assert len(undisturbed["record_file"]) == 4
    assert undisturbed["conversation"] == []


def check(holding: Held, undisturbed: Undisturbed) -> None:
    """Nothing lost, nothing twice, and every message accounted for."""
    found = record(holding.folder)
    for table, rows in undisturbed.items():
        assert found[table] == rows, table
    times = Counter(shown(holding.folder))
    rows = outbox(holding.folder, holding.talk.rows_before)
    words = {row for row, _, _, has_words in rows if has_words}
    assert set(times) <= words
    for _, chat in itertools.groupby(sorted(rows, key=lambda r: r[1]), lambda r: r[1]):
        mine = {row for row, *_ in chat}
        seen = [row for row in shown(holding.folder) if row in mine]
        assert seen == sorted(seen), "in one chat and lane the order is kept"
    if holding.idempotent:
        assert {state for _, _, state, _ in rows} == {SendState.SENT}
        assert set(times) == words
    else:
        assert max(times.values()) == 1
        assert {state for _, _, state, _ in rows} <= {SendState.SENT, SendState.UNKNOWN}
        sent = {row for row, _, state, has_words in rows if state == SendState.SENT and has_words}
        assert sent <= set(times)


# ---------------------------------------------------------------- kill it


@pytest.fixture(params=["repeatable", "careful"])
def idempotent(request: pytest.FixtureRequest) -> bool:
    """Whether a message sent twice is shown once."""
    return bool(request.param == "repeatable")


def died_at(folder: Path) -> Counter[str]:
    """The points at which lives ended."""
    return Counter((folder / "deaths.txt").read_text("utf-8").splitlines())


def test_killed_at_every_point_in_turn(
    talk: Talk, nursery: Nursery, undisturbed: Undisturbed, tmp_path: Path, idempotent: bool
) -> None:
    """One message at a time, so that each meets other points; none is spared for long."""
    dooms = ((point, 1, 40) for point in itertools.cycle(POINTS))
    singly = [
        list(some) for _, some in itertools.groupby(talk.updates, lambda u: u.album or u.key)
    ]
    holding = held(talk, nursery, tmp_path / "h", dooms, idempotent=idempotent, turns=singly)
    check(holding, undisturbed)
    assert holding.deaths >= len(singly)


@pytest.mark.parametrize("point", POINTS)
def test_killed_again_and_again_at_one_point(
    talk: Talk, nursery: Nursery, undisturbed: Undisturbed, tmp_path: Path, point: str
) -> None:
    """The first time that it is reached, then the second time, and so on, as long as it is."""
    dooms = ((point, hit, -1) for hit in range(1, 5))
    holding = held(talk, nursery, tmp_path / "h", dooms, idempotent=False)
    check(holding, undisturbed)
    assert set(died_at(holding.folder)) == {point}


def test_killed_anywhere(
    talk: Talk, nursery: Nursery, undisturbed: Undisturbed, tmp_path: Path, idempotent: bool
) -> None:
    whims = random.Random(3)
    dooms = (("anywhere", -1, whims.randint(1, 40)) for _ in itertools.count())
    holding = held(talk, nursery, tmp_path / "h", dooms, idempotent=idempotent)
    check(holding, undisturbed)
    assert holding.deaths >= 5


def test_killed_at_random_moments(
    talk: Talk, nursery: Nursery, undisturbed: Undisturbed, tmp_path: Path, idempotent: bool
) -> None:
    moments = random.Random(5)
    dooms = itertools.repeat(("at random", -1, -1), 20)
    holding = held(talk, nursery, tmp_path / "h", dooms, idempotent=idempotent, moments=moments)
    check(holding, undisturbed)
    assert holding.deaths >= 3, "how many depends on the machine's speed"

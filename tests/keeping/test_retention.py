"""Retention: what an office has set, told 14 days before, postponed, deleted by learner."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func
from sqlmodel import Session, col, select
from typer.testing import CliRunner, Result

from app import desk
from app.cli import app
from bot.platforms.contract import Unreachable
from bot.platforms.fake import Shown
from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from storage.tables import (
    Audit,
    Cohort,
    File,
    Membership,
    Record,
    RecordFile,
    RecordKind,
    RecordState,
    RecordVersion,
    Retention,
    Review,
    Role,
)
from tests.conftest import NewDatabase
from tests.house import House

DUE = date(2027, 7, 31)
"""Seven months after the programme's last day."""
Run = Callable[..., Result]


@pytest.fixture(params=["sqlite", "postgres"])
async def house(
    request: pytest.FixtureRequest, new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[House]:
    """Two students with two entries each, one of which has a file; a coordinator has joined."""
    house = await House.open(new_database(request.param), tmp_path, clock)
    await house.populate()
    await house.join("管小青")
    for name in ("林小雨", "赵一鸣"):
        await house.app.database.run(hand_in, house, name)
    yield house
    house.close()


def hand_in(db: Session, house: House, name: str) -> None:
    member = house.members[name]
    now = house.clock.now()
    session = 0
    for kind in (RecordKind.SESSION, RecordKind.DIARY):
        record = Record(
            kind=kind,
            student_id=member.membership_id,
            about_id=session or None,
            day=date(2026, 11, 1),
            state=RecordState.SUBMITTED,
            version=1,
            created_at=now,
            submitted_at=now,
        )
        db.add(record)
        db.flush()
        session = record.id or 0
        db.add(
            RecordVersion(
                record_id=session, version=1, body={}, written_by=member.person_id, at=now
            )
        )
    file = File(
        sha256=f"{member.person_id:064}",
        size=3,
        media_type="image/jpeg",
        name="a.jpg",
        owner_id=member.person_id,
        created_at=now,
    )
    db.add(file)
    db.flush()
    db.add(RecordFile(record_id=session, version=1, file_id=file.id or 0))
    reviewer = house.members["王建国"].membership_id
    db.add(Review(record_id=session, version=1, approved=True, reviewer_id=reviewer, at=now))


@pytest.fixture
def run(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return run_in(house, tmp_path, monkeypatch)


def run_in(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command `yingcai retention` on the house's database, at its clock."""
    monkeypatch.setattr(desk, "CLOCK", house.clock)
    url = house.app.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("YINGCAI_DATABASE_URL", url)
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(tmp_path))
    return lambda *words: CliRunner().invoke(app, ["retention", *map(str, words)])


def counts(house: House) -> tuple[int, int, int, int]:
    """Entries, versions, reviews, files."""
    with house.app.database.transaction() as db:
        found = [
            int(db.exec(select(func.count()).select_from(model)).one())
            for model in (Record, RecordVersion, Review, File)
        ]
    return found[0], found[1], found[2], found[3]


def at(house: House, day: date) -> None:
    """Move the clock to the morning of a day."""
    wanted = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    house.clock.move(wanted - house.clock.now())


async def pass_day(house: House, day: date) -> str:
    """What the coordinator reads on a day when the scheduler has looked."""
    at(house, day)
    office = house.members["管小青"]
    office.reads()
    await house.app.retain()
    await house.settle()
    return office.reads()


async def test_nothing_is_deleted_unless_an_office_says_so(house: House) -> None:
    assert await pass_day(house, date(2040, 1, 1)) == ""
    assert counts(house) == (4, 4, 2, 2)


async def test_it_is_told_first_and_deleted_then(house: House, run: Run) -> None:
    made = run("set", "entries", "--months", 7)
    assert made.exit_code == 0, made.output
    assert "2027年7月31日" in made.stdout
    assert await pass_day(house, DUE - timedelta(days=15)) == ""
    told = await pass_day(house, DUE - timedelta(days=14))
    assert "2 名学员的 4 条记录" in told
    assert "2 个附件" in told
    assert "推迟 90 天" in told
    assert await pass_day(house, DUE - timedelta(days=1)) == "", "once is enough"
    assert counts(house) == (4, 4, 2, 2)
    await pass_day(house, DUE)
    assert counts(house) == (0, 0, 0, 0)
    with house.app.database.transaction() as db:
        verbs = [
            row.verb for row in db.exec(select(Audit).where(col(Audit.verb).like("%retention")))
        ]
    assert verbs == [
        *("set_retention", "announce_retention"),
        *("retention", "retention", "end_retention"),
    ]
    [row] = json.loads(run("list", "--json").stdout)
    assert row["deleted"] == "2027-07-31"


async def test_only_the_files(house: House, run: Run) -> None:
    assert run("set", "files", "--months", 7).exit_code == 0
    told = await pass_day(house, DUE - timedelta(days=14))
    assert "2 个附件" in told
    assert "4 条记录" not in told
    await pass_day(house, DUE)
    assert counts(house) == (4, 4, 2, 0)


async def test_what_is_told_late_waits_its_fourteen_days(house: House, run: Run) -> None:
    """The service was off for a year, or the office set the time long after the end."""
    at(house, date(2029, 1, 1))
    assert run("set", "entries", "--months", 7).exit_code == 0
    assert "1月15日" in await pass_day(house, date(2029, 1, 1))
    await pass_day(house, date(2029, 1, 14))
    assert counts(house)[0] == 4
    await pass_day(house, date(2029, 1, 15))
    assert counts(house)[0] == 0


async def test_a_press_postpones_it_and_it_is_told_again(house: House, run: Run) -> None:
    run("set", "entries", "--months", 7)
    office = house.members["管小青"]
    await pass_day(house, DUE - timedelta(days=14))
    await office.presses("推迟 90 天")
    later = DUE + timedelta(days=90)
    assert "已推迟" in office.sees
    await pass_day(house, DUE)
    await pass_day(house, later - timedelta(days=15))
    assert counts(house)[0] == 4
    assert "4 条记录" in await pass_day(house, later - timedelta(days=14))
    await pass_day(house, later)
    assert counts(house)[0] == 0
    await office.presses("推迟 90 天")
    assert "已经删除了" in office.sees


async def test_nobody_else_is_told_or_may_postpone_it(house: House, run: Run) -> None:
    teacher, mentor = await house.join("郭老师", "王建国")
    run("set", "entries", "--months", 7)
    for other in (teacher, mentor):
        other.reads()
    assert "4 条记录" in await pass_day(house, DUE - timedelta(days=14))
    assert teacher.unread() + mentor.unread() == []
    press = house.members["管小青"].button("推迟 90 天")
    await teacher.sends(Incoming(teacher.address, press=press))
    assert "已推迟" not in teacher.sees
    with house.app.database.transaction() as db:
        assert db.exec(select(Retention)).one().not_before is None


async def test_another_cohort_and_what_others_show_stay(house: House, run: Run) -> None:
    def elsewhere(db: Session) -> int:
        other = Cohort(programme="shanxi-2026", name="另一期", created_at=house.clock.now())
        db.add(other)
        db.flush()
        place = Membership(
            cohort_id=other.id or 0,
            person_id=house.members["林小雨"].person_id,
            role=Role.STUDENT,
            created_at=house.clock.now(),
        )
        db.add(place)
        db.flush()
        now = house.clock.now()
        record = Record(
            kind=RecordKind.SESSION,
            student_id=place.id or 0,
            day=date(2026, 11, 2),
            state=RecordState.SUBMITTED,
            created_at=now,
            submitted_at=now,
        )
        db.add(record)
        db.flush()
        # It shows a file that an entry of the first cohort shows, too.
        file = db.exec(select(File).order_by(col(File.id))).first()
        assert file is not None
        db.add(RecordFile(record_id=record.id or 0, version=1, file_id=file.id or 0))
        return other.id or 0

    await house.app.database.run(elsewhere)
    assert run("set", "entries", "--months", 7, "--cohort", 1).exit_code == 0
    await pass_day(house, DUE - timedelta(days=14))
    await pass_day(house, DUE)
    assert counts(house) == (1, 0, 0, 1)


async def test_nothing_goes_before_somebody_has_been_told(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No coordinator has joined; then one joins; then their chat takes nothing."""
    house = await House.open(new_database("sqlite"), tmp_path, clock)
    await house.populate()
    await house.app.database.run(hand_in, house, "林小雨")
    run = run_in(house, tmp_path, monkeypatch)
    made = run("set", "entries", "--months", 7)
    assert "真正收到预告以前，什么都不会删除" in made.stdout
    late = date(2029, 1, 1)
    for day in (late, late + timedelta(days=15)):
        assert await pass_day(house, day) == ""
        assert counts(house)[0] == 2
    [row] = json.loads(run("list", "--json").stdout)
    assert row["told"] == "nobody"

    (office,) = await house.join("管小青")
    told_on = late + timedelta(days=20)
    house.platform.refuse = blocked
    await pass_day(house, told_on)
    await pass_day(house, told_on + timedelta(days=14))
    assert counts(house)[0] == 2, "it never arrived"

    house.platform.refuse = lambda _: None
    await office.says("菜单")
    assert "2 条记录" in await pass_day(house, told_on + timedelta(days=15))
    await pass_day(house, told_on + timedelta(days=28))
    assert counts(house)[0] == 2
    await pass_day(house, told_on + timedelta(days=29))
    assert counts(house)[0] == 0
    house.close()


async def test_a_cohort_that_ended_long_ago(house: House, run: Run) -> None:
    """What is said is the day on which it can really go."""
    at(house, date(2029, 1, 1))
    assert "最早 2029年1月15日" in run("set", "entries", "--months", 7).stdout
    [row] = json.loads(run("list", "--json").stdout)
    assert (row["due"], row["told"]) == ("2029-01-15", "not_yet")


async def test_refusals(house: House, run: Run) -> None:
    assert "至少 7 个月" in run("set", "entries", "--months", 3).stderr
    assert "没有定这个期限" in run("postpone", "entries").stderr
    run("set", "entries", "--months", 7)
    assert "不自动删除" in run("set", "entries", "--months", 0).stdout
    assert json.loads(run("list", "--json").stdout) == []
    await pass_day(house, DUE)
    assert counts(house)[0] == 4


def blocked(_: Shown) -> None:
    raise Unreachable("blocked")


DIES = """
import os, signal, sys
from datetime import UTC, datetime
from services import retention
from storage.database import Database
database = Database(sys.argv[1])
now = datetime(2027, 7, 31, 2, tzinfo=UTC)
with database.transaction() as db:
    retention.step(db, now)
with database.transaction() as db:
    retention.step(db, now)
    db.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
async def test_killed_it_goes_on_with_the_next_learner(house: House, run: Run) -> None:
    run("set", "entries", "--months", 7)
    await pass_day(house, DUE - timedelta(days=14))
    url = house.app.database.url.render_as_string(hide_password=False)
    ended = subprocess.run(  # noqa: S603, ASYNC221 - our own interpreter; nothing else runs here
        [sys.executable, "-c", DIES, url], check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert counts(house) == (2, 2, 1, 1)
    await pass_day(house, DUE)
    assert counts(house) == (0, 0, 0, 0)

"""A cohort's year rehearsed on a copy: who would be told what; the roster itself is untouched."""

from __future__ import annotations

import asyncio
import io
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from openpyxl import load_workbook
from sqlmodel import Session, func, select
from typer.testing import Result

import services.rehearsals
from app.rehearsal_picture import SHADES
from bot.talk.acting import Operator
from bot.talk.clock import SetClock
from bot.talk.message import Incoming, press
from bot.worker import end
from jobs import rehearsals
from jobs.rehearsals import rehearse
from prompts import BEIJING
from services import roster
from storage.database import Database
from storage.tables import Account, Audit, Bundle, Outbox, Reminder, Role
from tests.conftest import Kind, NewDatabase
from tests.faults.small import until
from tests.house import House
from tests.staff.conftest import Yingcai
from tests.summaries.conftest import files_of

MARKUP = "林<b>&小雨"


@pytest.fixture
def clock() -> SetClock:
    """Before the cycle of 山西 has much to remind of: 1 March 2026."""
    return SetClock(datetime(2026, 3, 1, 2, tzinfo=UTC))


def enrol(
    db: Session, by: Operator, programme: str, *names: str, learner: Role = Role.STUDENT
) -> int:
    """A cohort of these learners, a mentor and a coordinator; nobody has joined."""
    cohort = roster.create_cohort(db, by, programme, f"{programme} 一期")
    places = {}
    for role, name in (
        *((learner, name) for name in names),
        (Role.MENTOR, f"{names[0]}的导师"),
        (Role.COORDINATOR, f"{names[0]}的办公室"),
    ):
        person = roster.add_person(db, by, name)
        place, _ = roster.add_member(db, by, cohort.id or 0, person.id or 0, role)
        places[name] = place.id or 0
    for name in names:
        roster.link_mentor(db, by, places[name], places[f"{names[0]}的导师"])
    return cohort.id or 0


def rows_of(db: Session) -> list[int]:
    kept = (Outbox, Reminder, Bundle, Account)
    return [db.exec(select(func.count()).select_from(one)).one() for one in kept]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_everybody_of_the_cohort_is_told_what_its_document_asks(
    new_database: NewDatabase, clock: SetClock, kind: Kind
) -> None:
    url = new_database(kind)
    by = Operator(clock.now())
    with closing(Database(url)) as database:
        with database.transaction() as db:
            mine = enrol(db, by, "shanxi-2026", MARKUP, "赵一")
            enrol(db, by, "jiangsu-2022", "他人")
            before = rows_of(db)
        found = await rehearse(url, mine, clock.now())
        with database.transaction() as db:
            assert rows_of(db) == before, "nothing of it is left in the real database"

    assert (found.first, found.last) == (date(2026, 3, 1), date(2027, 1, 21))
    assert {one.name for one in found.people} == {
        *(MARKUP, "赵一"),
        *(f"{MARKUP}的导师", f"{MARKUP}的办公室"),
    }
    assert not any(one.joined for one in found.people)
    about = Counter((one.about, one.learner) for one in found.told)
    for learner in (MARKUP, "赵一"):
        for stage in ("initial", "mid", "annual"):
            assert about[stage, learner], (stage, learner)
    assert about["sessions", ""], "students are told of their own minimum"
    assert "diary" not in {what for what, _ in about}, "山西 asks for diaries of no frequency"
    for one in found.told:
        assert one.clause
        assert time(8) <= one.at.astimezone(BEIJING).time() < time(22)
    assert len({(o.place, o.learner, o.rule, o.period) for o in found.told}) == len(found.told)
    assert sum(one.things for one in found.people) == len(found.told)
    messages = sum(one.messages for one in found.people)
    assert messages == sum(found.days.values()) == sum(found.weeks.values())
    assert found.busiest is not None
    assert found.busiest[1] == max(found.weeks.values())


@pytest.mark.slow
async def test_where_a_document_asks_for_nothing_nobody_is_told_anything(
    new_database: NewDatabase, clock: SetClock
) -> None:
    clock.moment = datetime(2023, 1, 1, 2, tzinfo=UTC)
    url = new_database("sqlite")
    database = Database(url)
    with database.transaction() as db:
        number = enrol(
            db,
            Operator(clock.now()),
            "sichuan-jindaoshi-2023",
            "周老师",
            learner=Role.TRAINEE_TEACHER,
        )
    found = await rehearse(url, number, clock.now())
    assert found.told == ()
    assert found.busiest is None
    assert [one.messages for one in found.people] == [0, 0, 0]


@pytest.mark.slow
def test_the_command_tells_the_sums_and_draws_the_year(
    yingcai: Yingcai, stored: Database, tmp_path: Path, clock: SetClock
) -> None:
    with stored.transaction() as db:
        number = enrol(db, Operator(clock.now()), "shanxi-2026", MARKUP)
    file = tmp_path / "year.svg"
    said = yingcai("rehearse", number, "--picture", file)
    assert "最忙的一周" in said
    assert "六(一)" in said
    assert "还没加入" in said
    table = [line for line in said.splitlines() if line.split()[1:2] == [MARKUP]]
    assert [("未加入" in line) for line in table] == [True], "where their numbers stand"
    drawn = etree.fromstring(file.read_bytes())
    words = [element.text or "" for element in drawn.iter()]
    assert any("shanxi-2026 一期" in one for one in words)
    assert any(one.startswith("初期评价 2026年4月1日") for one in words)
    colours = [e.get("fill") for e in drawn.iter("{*}rect") if not list(e)]
    assert [one for one in colours if one in SHADES] == list(SHADES), "a key to the colours"
    assert "少" in words
    assert any(one.startswith("多（一天最多") for one in words)
    book = tmp_path / "year.xlsx"
    told: dict[str, Any] = json.loads(yingcai("rehearse", number, "--json", "--table", book))
    listed, sums, weeks = load_workbook(book).worksheets
    rows = list(listed.iter_rows(min_row=2, values_only=True))
    assert len(rows) == len(told["told"])
    assert f"{rows[0][0]:%F} {rows[0][1]}" == told["told"][0]["at"][:16].replace("T", " ")
    assert {row[2] for row in rows} == {one["person"] for one in told["told"]}
    assert [row[0] for row in sums.iter_rows(min_row=2, values_only=True)] == [
        one["person"] for one in told["people"]
    ]
    assert sum(row[1] for row in weeks.iter_rows(min_row=2, values_only=True)) == sum(
        told["weeks"].values()
    )
    assert {one["person"] for one in told["told"]} >= {MARKUP}
    assert told["people"][0]["messages"] == max(one["messages"] for one in told["people"])
    with stored.transaction() as db:
        noted = db.exec(select(Audit).where(Audit.verb == "rehearse")).all()
    assert [one.object_id for one in noted] == [number] * 2


def test_a_picture_is_an_svg_and_replaces_no_file(
    run: Callable[..., Result], stored: Database, tmp_path: Path, clock: SetClock
) -> None:
    with stored.transaction() as db:
        number = enrol(db, Operator(clock.now()), "shanxi-2026", "林小雨")
    refused = run("rehearse", number, "--picture", tmp_path / "year.png")
    assert (refused.exit_code, ".svg" in refused.output) == (2, True)
    assert run("rehearse", number, "--table", tmp_path / "year.csv").exit_code == 2
    (tmp_path / "year.svg").write_text("mine")
    assert run("rehearse", number, "--picture", tmp_path / "year.svg").exit_code == 2
    assert (tmp_path / "year.svg").read_text() == "mine"


# ---------------------------------------------------------------- in the chat


@pytest.mark.slow
async def test_an_office_asks_in_the_chat_whom_the_year_will_remind(house: House) -> None:
    her = house.members["管小青"]
    with house.app.database.transaction() as db:
        before = [
            db.exec(select(func.count()).select_from(one)).one() for one in (Reminder, Bundle)
        ]
    await her.says("接下来会提醒谁")
    assert "最忙的几周" in her.sees
    assert "导师 王建国" in her.sees
    assert "八(九)" in her.sees, "by which clause"
    [(name, data)] = files_of(house, her)
    assert name.startswith("提醒预演-示例一期-2026")
    listed, *_ = load_workbook(io.BytesIO(data)).worksheets
    assert {"王建国", "林小雨"} <= {
        row[2] for row in listed.iter_rows(min_row=2, values_only=True)
    }
    with house.app.database.transaction() as db:
        after = [
            db.exec(select(func.count()).select_from(one)).one() for one in (Reminder, Bundle)
        ]
        [noted] = db.exec(select(Audit).where(Audit.verb == "rehearse")).all()
    assert after == before, "nothing of it is left in the real database"
    assert (noted.person_id, noted.object) == (her.person_id, "rehearsal")


class Playing:
    """In the place of the process that plays: says what a test lets it say, and then hangs."""

    def __init__(self) -> None:
        self.begun = 0
        self.killed = 0

    async def __call__(
        self, module: str, data: bytes, silent: float, step: Callable[[bytes], None]
    ) -> tuple[bytes, bytes]:
        self.begun += 1
        step(b"30 300")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.killed += 1
            raise
        raise AssertionError


@asynccontextmanager
async def rehearsing(house: House) -> AsyncIterator[None]:
    """The worker runs meanwhile."""
    worker = asyncio.create_task(house.app.rehearsing.run())
    try:
        yield
    finally:
        await end(worker)


async def test_who_ordered_one_sees_how_far_it_is_goes_on_and_stops_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    playing, her = Playing(), house.members["管小青"]
    monkeypatch.setattr(rehearsals, "told_in_steps", playing)
    monkeypatch.setattr(rehearsals, "LOOKING", 0.01)
    monkeypatch.setattr(House, "settle", settle_without_rehearsing)
    await her.says("预演")
    async with rehearsing(house):
        await until(lambda: house._finds("SELECT 1 FROM outbox WHERE key LIKE 'rehearsal:%'"))
        await house.app.delivery.drain()
        assert "30 天，共 300 天" in str(her.unread())
        await her.says("预演")
        await her.says("本期概况")
        assert "示例一期" in her.sees, "her chat does not wait"
    assert (playing.begun, playing.killed) == (1, 1), "ordered twice, it is played once"
    async with rehearsing(house):  # as after a restart
        await until(lambda: playing.begun == 2)
        [order] = orders_of(house)
        stop = press("stop_rehearsal", order)
        for name in ("林小雨", "王建国"):
            member = house.members[name]
            await member.sends(Incoming(member.address, press=stop))
            assert "管理办公室" in member.sees
        await her.sends(Incoming(her.address, press=stop))
        assert "停下了" in her.sees
        await until(lambda: playing.killed == 2)
        await her.sends(Incoming(her.address, press=stop))
        assert "已经结束" in her.sees
    assert (playing.begun, orders_of(house)) == (2, []), "what was stopped is not played again"


async def settle_without_rehearsing(house: House) -> None:
    await house.app.inbox.drain()
    await house.app.delivery.drain()


def orders_of(house: House) -> list[int]:
    with house.app.database.transaction() as db:
        return [one.id for one in services.rehearsals.orders(db)]


async def test_one_that_says_nothing_is_given_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: object) -> tuple[bytes, bytes]:
        raise TimeoutError

    monkeypatch.setattr(rehearsals, "told_in_steps", silent)
    her = house.members["管小青"]
    await her.says("预演")
    assert "没有做成" in her.sees
    assert not orders_of(house)


@pytest.mark.parametrize("name", ["林小雨", "王建国", "郭老师"])
async def test_nobody_else_rehearses_a_cohort(house: House, name: str) -> None:
    member = house.members[name]
    assert "管理办公室" in await member.says("预演")
    await member.says("接下来会提醒谁")
    assert "最忙的几周" not in member.sees
    await member.sends(Incoming(member.address, press=press("rehearse", 1)))
    assert "管理办公室" in member.sees
    with house.app.database.transaction() as db:
        assert not db.exec(
            select(Audit).where(Audit.verb == "rehearse", Audit.refused == "")
        ).all()

"""The demo cohort: the same for the same moment, lively on any day, and never over real data."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from app.demo import LEFT, NOT_JOINED, SHOWN, STUDENTS, make_demo, sign_in_links
from bot.talk.acting import Actor, Operator
from bot.talk.clock import SetClock, beijing_day
from bot.talk.message import Incoming, Outgoing, as_text
from services import joining, marking, roster, urging
from services.progress import in_short
from services.roster import Presence
from storage import tables
from storage.database import Database
from storage.tables import (
    Account,
    Audit,
    Cohort,
    Membership,
    Outbox,
    Person,
    Record,
    RecordKind,
    RecordState,
    RecordVersion,
    Review,
    Role,
    SendState,
)
from tests.conftest import NewDatabase
from tests.house import House

AUTUMN = datetime(2026, 11, 23, 2, tzinfo=UTC)
SECRET = {"code_hash", "token_hash"}


@pytest.fixture(scope="module")
def autumn(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> Iterator[Database]:
    """The demo as it is on 23 November. Only to be read."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    path.write_bytes(_sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    with database.transaction() as db:
        make_demo(db, AUTUMN)
    yield database
    database.close()


@pytest.fixture
def demo(autumn: Database) -> Iterator[Session]:
    with Session(autumn.engine) as db:
        yield db


def contents(db: Session) -> dict[str, list[dict[str, Any]]]:
    """Every row there is, without the secrets."""
    return {
        table.name: [
            {key: value for key, value in row._mapping.items() if key not in SECRET}
            for row in db.execute(table.select().order_by(*table.primary_key))
        ]
        for table in tables.metadata.sorted_tables
    }


def test_the_same_moment_gives_the_same_year(db: Session, new_database: NewDatabase) -> None:
    spring = datetime(2026, 2, 10, 2, tzinfo=UTC)
    make_demo(db, spring)
    db.flush()
    found = contents(db)
    assert len(found["record"]) > 20
    other = Database(new_database("sqlite"))
    with other.transaction() as again:
        make_demo(again, spring)
        again.flush()
        assert contents(again) == found
    other.close()


def test_it_is_made_once(db: Session) -> None:
    january = datetime(2026, 1, 8, 2, tzinfo=UTC)
    first = make_demo(db, january)
    assert first is not None
    assert first.made
    before = contents(db)
    second = make_demo(db, january + timedelta(days=30))
    assert second is not None
    assert (second.cohort_id, second.made) == (first.cohort_id, False)
    assert contents(db) == before


def test_it_is_never_put_beside_a_cohort_of_ones_own(db: Session) -> None:
    roster.create_cohort(db, Operator(AUTUMN), "shanxi-2026", "真的一期")
    assert make_demo(db, AUTUMN) is None
    assert not db.exec(select(Person)).all()
    assert sign_in_links(db, AUTUMN, "http://127.0.0.1:8080") == []


@pytest.mark.parametrize("day", ["2026-01-05", "2026-02-28", "2026-04-15"])
def test_on_any_day_of_the_cycle_something_waits_for_everybody(db: Session, day: str) -> None:
    now = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    demo = make_demo(db, now)
    assert demo is not None
    states = set(db.exec(select(Record.state)))
    assert {RecordState.SUBMITTED, RecordState.APPROVED, RecordState.FILED} <= states
    found, left = in_short(db, roster.find_cohort(db, demo.cohort_id), beijing_day(now))
    assert not left
    assert any(one.behind for one in found)
    assert max(row.at for row in db.exec(select(Audit))) <= now


def test_also_in_autumn(demo: Session) -> None:
    cohort = demo.exec(select(Cohort)).one()
    found, _ = in_short(demo, cohort, beijing_day(AUTUMN))
    waits = demo.exec(select(Record.student_id).where(Record.state == RecordState.SUBMITTED)).all()
    assert len(set(waits)) == len(waits) < len(found)
    lacks = {RecordKind.SESSION in one.owing or bool(one.unwritten) for one in found}
    assert lacks == {True, False}, "nobody has brought the final materials yet"
    assert max(row.at for row in demo.exec(select(Audit))) <= AUTUMN


@pytest.mark.parametrize("day", ["2025-12-25", "2027-03-01"])
def test_outside_the_cycle_there_is_no_session(db: Session, day: str) -> None:
    now = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    assert make_demo(db, now) is not None
    days = {record.day for record in db.exec(select(Record))}
    assert all(one.year == 2026 for one in days)
    assert bool(days) == (now.year == 2027)


def test_everything_went_through_the_services(demo: Session) -> None:
    """Each entry, review and reminder has its audit row; reviews are by those who may review."""
    audits = demo.exec(select(Audit)).all()
    done = [(row.verb, row.object_id, row.version) for row in audits]
    for record in demo.exec(select(Record)):
        assert ("hand_in", record.id, 1) in done
    for review in demo.exec(select(Review)):
        verb = "approve" if review.approved else "return"
        assert (verb, review.record_id, review.version) in done
        record = demo.get_one(Record, review.record_id)
        linked = {
            member.id
            for member in roster.linked(demo, roster.find_member(demo, record.student_id))
        }
        office = demo.get_one(Membership, review.reviewer_id).role is Role.COORDINATOR
        assert office if record.kind is RecordKind.PLAN else review.reviewer_id in linked
    assert not [row for row in audits if row.refused]
    states = set(demo.exec(select(Record.state)))
    assert states == set(RecordState)
    assert max(demo.exec(select(Record.version))) > 1


def test_the_roster_is_as_described(demo: Session) -> None:
    cohort = demo.exec(select(Cohort)).one()
    everybody = roster.members(demo, cohort.id or 0)
    counts = {role: sum(m.membership.role is role for m in everybody) for role in Role}
    assert counts == {
        Role.STUDENT: len(STUDENTS),
        Role.MENTOR: 4,
        Role.TEAM_MEMBER: 2,
        Role.SCHOOL_TEACHER: 3,
        Role.COORDINATOR: 1,
        Role.GUARDIAN: 1,
        Role.TRAINEE_TEACHER: 0,
        Role.AUDITOR: 0,
        Role.EXPERT_COMMITTEE: 0,
        Role.HELP_CONTACT: 0,
    }
    present = roster.presences(demo, [m.person.id or 0 for m in everybody])
    assert [*present.values()].count(Presence.NOT_JOINED) == len(NOT_JOINED)
    assert [*present.values()].count(Presence.UNREACHABLE) == len([LEFT])
    assert len({m.person.name for m in everybody}) == len(everybody)
    for unit in demo.exec(select(tables.Unit)):
        assert "演示" in unit.name


def test_teachers_have_urged_and_it_is_on_record(demo: Session) -> None:
    cohort = demo.exec(select(Cohort)).one()
    urged = [
        (one, student)
        for student in roster.members(demo, cohort.id or 0, [Role.STUDENT])
        for one in urging.history(demo, student.membership)
    ]
    assert len(urged) > 5
    assert {one.role for one, _ in urged} == {Role.SCHOOL_TEACHER}


def test_the_past_is_not_sent_once_more(demo: Session) -> None:
    rows = demo.exec(select(Outbox)).all()
    assert len(rows) > 100
    assert {row.state for row in rows} == {SendState.SENT}
    assert all(row.sent_at == row.created_at for row in rows)


THERE = (
    *(Role.STUDENT, Role.MENTOR, Role.TEAM_MEMBER),
    *(Role.SCHOOL_TEACHER, Role.COORDINATOR, Role.GUARDIAN),
)
"""The roles of the demo's own programme, whose document has no experts mark."""


def test_a_link_for_each_role_opens_that_persons_chat(db: Session) -> None:
    now = datetime(2026, 3, 1, 2, tzinfo=UTC)
    make_demo(db, now)
    links = sign_in_links(db, now, "https://yingcai.example.org/")
    assert [one.role for one in links] == [one for one in SHOWN if one in THERE]
    for link in links:
        role, name = link.role, link.name
        found = re.fullmatch(r"https://yingcai\.example\.org/in/([\w-]+)", link.url)
        assert found is not None
        _, account = joining.sign_in(db, found[1], "test", now)
        person = db.get_one(Person, account.person_id)
        assert person.name == name
        places = db.exec(select(Membership).where(Membership.person_id == person.id))
        assert [place.role for place in places] == [role]


def test_it_speaks_english_when_asked(db: Session) -> None:
    make_demo(db, datetime(2026, 3, 1, 2, tzinfo=UTC), "en")
    said = [
        *(person.name for person in db.exec(select(Person))),
        *(unit.name for unit in db.exec(select(tables.Unit))),
        *(str(version.body) for version in db.exec(select(RecordVersion))),
        *(as_text(Outgoing.from_json(row.body)) for row in db.exec(select(Outbox))),
    ]
    assert len(said) > 50
    # The diary has the name that the programme's document gives it.
    chinese = re.compile("[\u4e00-\u9fff]+")
    assert {found for words in said for found in chinese.findall(words)} <= {"成长日志"}


async def test_people_can_take_it_from_there(autumn: Database, tmp_path: Path) -> None:
    """The coordinator, a teacher, a mentor and a student of the demo, in the real house."""
    copy = tmp_path / "copy.db"
    with (
        closing(sqlite3.connect(autumn.url.database or "")) as source,
        closing(sqlite3.connect(copy)) as to,
    ):
        source.backup(to)
    house = await House.open(f"sqlite:///{copy}", tmp_path, SetClock(AUTUMN))
    with house.app.database.transaction() as db:
        for account in db.exec(select(Account)):
            account.platform = house.platform.name

    async def says(who: str, words: str) -> str:
        address = f"demo-{who}"
        await house.receive(Incoming(address, text=words))
        await house.settle()
        shown = [one.message for one in house.platform.shown if one.address == address]
        return as_text(shown[-1])

    office = await says("coordinator", "本期概况")
    assert "学生：12 名" in office
    assert "待审：6 条" in office, "what mentors review, and a plan that waits for the office"
    assert "学生 4 名" in await says("teacher_1", "我的学生")
    assert "待审 1 条" in await says("mentor_1", "待审")
    assert "已通过 11" in await says("student_1", "我的进度")
    house.close()


def test_a_document_with_experts_has_them_at_work(db: Session) -> None:
    """The city has recommended, the region has opened the experts' step, and some have marked."""
    now = datetime(2025, 12, 10, 2, tzinfo=UTC)
    made = make_demo(db, now, programme="neimenggu-pilot-2025")
    assert made is not None
    links = sign_in_links(db, now, "https://yingcai.example.org/")
    assert [link.role for link in links] == [*SHOWN[:5], Role.COORDINATOR, *SHOWN[5:]]
    by_office = tables.Evaluation.side == "office"
    said = set(db.exec(select(tables.Evaluation.outcome).where(by_office)))
    assert said == {"recommended", "not_recommended"}
    marked = db.exec(select(tables.ExpertMark.expert_id)).all()
    assert len(set(marked)) == 2
    experts = roster.members(db, made.cohort_id, [Role.EXPERT_COMMITTEE])
    first = Actor(experts[0].person.id or 0, None, now)
    assert len(marking.left(db, first)) == 2

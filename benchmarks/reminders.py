"""G. What a tick of the reminders costs, with ten thousand members and with a hundred thousand."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

import sqlalchemy as sa
from sqlmodel import Session

from app.main import rest_the_collector
from benchmarks import report
from benchmarks.report import figure
from services import office_days, reminders
from services.standing import standings_on
from storage import migrate
from storage.database import Database

SIZES: Final = (10_000, 100_000)
NEAR: Final = 1_000
"""Of however many, so many have a session since yesterday without its diary."""
EVE: Final = datetime(2026, 2, 9, 4, tzinfo=UTC)
"""The day before, at noon in Beijing: everybody has been looked at."""
TODAY: Final = datetime(2026, 2, 10, 4, tzinfo=UTC)
DAY: Final = date(2026, 2, 10)
ROUNDS: Final = 5

# Asked of the entries themselves, without anything of the reminders: it has to read them all.
FROM_SCRATCH: Final = """
select session.student_id, session.id, membership.person_id
  from record as session
  join membership on membership.id = session.student_id and membership.ended_at is null
  left join record as diary on diary.about_id = session.id and diary.kind = 'diary'
       and diary.state <> 'withdrawn'
 where session.kind = 'session' and session.state <> 'withdrawn' and diary.id is null
   and session.created_at < :midnight
"""
# Asked only of those whose day it is, in the order that makes the least work.
OF_THOSE_NEAR: Final = """
select membership.id, membership.person_id, person.name, cohort.programme, membership.grade,
       record.id, record.kind, record.about_id, record.day, record.state, record.created_at,
       json_extract(record_version.body, '$.place'), json_extract(record_version.body, '$.minutes')
  from agenda
  cross join membership on membership.id = agenda.member_id
  cross join person on person.id = membership.person_id
  cross join cohort on cohort.id = membership.cohort_id
  cross join record on record.student_id = membership.id and record.state <> 'withdrawn'
  cross join record_version on record_version.record_id = record.id
       and record_version.version = record.version
 where agenda.look_on <= :today
"""
# As a bare statement would write down what the tick does.
AND_WRITTEN: Final = (
    """
insert into reminder (person_id, learner_id, rule, period, about, state, found_at, due_at)
select membership.person_id, membership.id, 'cultivation.diary_frequency',
       cast(session.id as text), 'diary', 'waiting', :now, :evening
  from agenda
  cross join membership on membership.id = agenda.member_id
  cross join record as session on session.student_id = membership.id
       and session.kind = 'session' and session.state <> 'withdrawn'
  left join record as diary on diary.about_id = session.id and diary.kind = 'diary'
       and diary.state <> 'withdrawn'
 where agenda.look_on <= :today and diary.id is null
""",
    "update agenda set look_on = '2026-02-17', looked_on = :today where look_on <= :today",
)


async def run() -> None:
    report.title("G. A tick of the reminders")
    report.say(
        f"Everybody has sessions and diaries; {NEAR} have a session of yesterday without its "
        f"diary. The tick finds them and writes their reminders down. Beside it, bare SQL that "
        "finds the same rows: from the entries of all, and, with an index that says whose day it "
        "is, of those alone; and such statements that write the same down. Milliseconds of "
        f"processor time, medians of {ROUNDS}."
    )
    rows = []
    for members in SIZES:
        with TemporaryDirectory() as folder:
            rows.append(_measure(Path(folder), members))
    report.table(
        (
            "members",
            "first look at all, s",
            "SQL over all",
            "SQL of the near",
            "finding the same",
            "as SQL of the near",
            "SQL that also writes",
            "the tick",
            "as that SQL",
            "tick with nobody near",
            "telling one",
        ),
        rows,
    )


def _measure(folder: Path, members: int) -> tuple[str, ...]:
    database = Database(f"sqlite:///{folder / 'house.db'}")
    migrate.upgrade(database)
    _populate(database, members)
    rest_the_collector()  # as the server does
    office_days.off_by_law(TODAY.date())  # loads the calendar of the country, once
    first = _timed(lambda: _tick(database, EVE))
    with database.transaction() as db:
        near = db.connection().execute(
            sa.text("select count(*) from agenda where look_on <= :today"),
            {"today": DAY},
        )
        assert near.scalar() == NEAR
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for name, act in (
            ("all", lambda: _ask(database, FROM_SCRATCH, midnight=_midnight())),
            ("near", lambda: _ask(database, OF_THOSE_NEAR, today=DAY)),
            ("find", lambda: _find(database)),
            ("write", lambda: _write(database)),
            ("tick", lambda: _tick(database, TODAY)),
        ):
            taken[name].append(_timed(act))
            if name in ("write", "tick"):
                _undo(database)
    _tick(database, TODAY)
    idle = _timed(lambda: _tick(database, TODAY + timedelta(minutes=1)))
    telling = _timed(lambda: _tell(database, TODAY + timedelta(hours=8))) / NEAR
    database.close()
    took = {name: 1000 * median(each) for name, each in taken.items()}
    return (
        f"{members:,}".replace(",", " "),
        figure(first),
        figure(took["all"]),
        figure(took["near"]),
        figure(took["find"]),
        f"{took['find'] / took['near']:.1f} ×",
        figure(took["write"]),
        figure(took["tick"]),
        f"{took['tick'] / took['write']:.1f} ×",
        figure(1000 * idle),
        figure(1000 * telling),
    )


def _find(database: Database) -> None:
    """What the tick finds, without writing it down."""
    near = range(1, NEAR + 1)
    with database.transaction() as db:
        assert len(standings_on(db, near, DAY).due) == NEAR


def _write(database: Database) -> None:
    given = {"now": TODAY, "evening": TODAY, "today": DAY}
    with database.transaction() as db:
        for statement in AND_WRITTEN:
            db.connection().execute(sa.text(statement), given)


def _undo(database: Database) -> None:
    """Take back what was written, after a look at whether it was all."""
    with database.transaction() as db:
        connection = db.connection()
        assert connection.execute(sa.text("select count(*) from reminder")).scalar() == NEAR
        connection.execute(sa.text("delete from reminder"))
        connection.execute(
            sa.text("update agenda set look_on = :today where member_id <= :near"),
            {"today": DAY, "near": NEAR},
        )


def _midnight() -> datetime:
    return datetime(2026, 2, 9, 16)  # noqa: DTZ001 - as SQLite stores it


def _timed(act: Callable[[], object]) -> float:
    began = process_time()
    act()
    return process_time() - began


def _tick(database: Database, now: datetime) -> None:
    while _once(database, reminders.find, now):
        pass


def _tell(database: Database, now: datetime) -> None:
    while _once(database, reminders.tell, now):
        pass


def _once(database: Database, act: Callable[[Session, datetime], bool], now: datetime) -> bool:
    with database.transaction() as db:
        return act(db, now)


def _ask(database: Database, question: str, **given: object) -> None:
    with database.transaction() as db:
        rows = db.connection().execute(sa.text(question), given).all()
        assert len({row[0] for row in rows}) == NEAR


def _populate(database: Database, members: int) -> None:
    """Everybody's rows, written straight into the tables."""
    at = "2026-01-20 04:00:00.000000"
    with database.engine.connect() as connection, connection.begin():
        raw = connection.connection.cursor()
        raw.execute("insert into unit (id, kind, name) values (1, 'school', '汾河中学')")
        raw.execute(
            "insert into cohort (id, programme, name, created_at) "
            "values (1, 'shanxi-2026', '一期', ?)",
            (at,),
        )
        raw.executemany(
            "insert into person (id, name, language, created_at) values (?, ?, 'zh', ?)",
            [(n, f"学生{n}", at) for n in range(1, members + 1)],
        )
        raw.executemany(
            "insert into membership (id, cohort_id, person_id, role, unit_id, subject, grade, "
            "created_at, ended_reason) values (?, 1, ?, 'student', 1, '', 'senior_1', ?, '')",
            [(n, n, at) for n in range(1, members + 1)],
        )
        raw.executemany(
            "insert into account (platform, address, person_id, name, language, reachable, "
            "offered, created_at) values ('web', ?, ?, '', 'zh', 1, '[]', ?)",
            [(f"chat-{n}", n, at) for n in range(1, members + 1)],
        )
        raw.executemany(
            "insert into record (id, kind, student_id, about_id, period, day, state, version, "
            "created_at, submitted_at) values (?, ?, ?, ?, '', ?, ?, 1, ?, ?)",
            list(_records(members)),
        )
        body = json.dumps({"place": "on_campus", "minutes": 90, "what": "双缝实验" * 20})
        raw.executemany(
            "insert into record_version (record_id, version, body, written_by, at) "
            "values (?, 1, ?, 1, ?)",
            [(n, body, at) for n in range(1, 2 * members + NEAR + 1)],
        )


def _records(members: int) -> Iterator[tuple[object, ...]]:
    """A session and its diary for everybody; for those near, one more session, of yesterday."""
    before, yesterday = "2026-01-20 04:00:00.000000", "2026-02-09 03:00:00.000000"
    for n in range(1, members + 1):
        yield n, "session", n, None, "2026-01-20", "approved", before, before
        yield members + n, "diary", n, n, "2026-01-20", "filed", before, before
    for n in range(1, NEAR + 1):
        number = 2 * members + n
        yield number, "session", n, None, "2026-02-09", "approved", yesterday, yesterday

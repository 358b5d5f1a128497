"""A house in which there is much to tell of one learner, and much that is not to be told."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader

from bot.talk.acting import Actor
from bot.talk.clock import SetClock
from programmes import evaluating
from services import records
from services.access import learner_at
from services.packs import load
from services.records import Body, Kept, MaterialBody, SessionBody, WritingBody
from storage.tables import (
    Evaluation,
    EvaluationState,
    EvaluationVersion,
    ExitCase,
    ExitState,
    ExitStep,
    RecordKind,
)
from tests.conftest import NewDatabase
from tests.house import House
from tests.staff.conftest import bind

NOW = datetime(2026, 12, 7, 2, tzinfo=UTC)
SECRET = "还没有给家里看的话"
"""Stands in everything that no dossier may hold."""
HASH = "ab" * 32


@pytest.fixture
async def house(new_database: NewDatabase, tmp_path: Path) -> AsyncIterator[House]:
    house = await House.open(new_database("sqlite"), tmp_path, SetClock(NOW))
    await house.populate("shanxi-2026")
    with house.app.database.transaction() as db:
        for member in house.members.values():
            bind(db, member.person_id, member.address, house.clock)
    yield house
    house.close()


def actor(house: House, name: str) -> Actor:
    return Actor(house.members[name].person_id, None, house.clock.now())


def session(day: int, what: str) -> SessionBody:
    return SessionBody(
        day=date(2026, 11, day),
        minutes=150,
        place="on_campus",
        kind="research",
        people=("王建国", "李青"),
        what=what,
    )


def hand_in(
    house: House, body: Body, kind: RecordKind = RecordKind.SESSION, *, approve: bool = True
) -> int:
    """An entry of 林小雨, which her mentor approves; returns its number."""
    day = body.day if isinstance(body, SessionBody) else date(2026, 11, 20)
    with house.app.database.transaction() as db:
        me = learner_at(db, house.members["林小雨"].membership_id)
        period = "training_report" if kind is RecordKind.MATERIAL else ""
        by = actor(house, "林小雨")
        entry = records.hand_in(db, by, me, kind, body, day=day, period=period)
        if approve and entry.state == "submitted":
            records.review(db, actor(house, "王建国"), entry.id, 1, approve=True)
        return entry.id


def fill(house: House) -> None:
    """What is to be told of 林小雨, and beside it what is not."""
    hand_in(house, session(3, "调好双缝，测了条纹间距 🔬"))
    hand_in(house, session(10, "换了波长，再测一遍"))
    hand_in(house, WritingBody(parts=("第一次看见条纹的时候……", "我想了很久。")), RecordKind.DIARY)
    file = Kept(sha256=HASH, size=2048, media_type="application/pdf", name="课题报告.pdf")
    report = MaterialBody(title="双缝干涉的误差", abstract="从三方面看误差。", files=(file,))
    hand_in(house, report, RecordKind.MATERIAL)
    waits = hand_in(house, session(12, SECRET), approve=False)
    back = hand_in(house, session(13, SECRET), approve=False)
    gone = hand_in(house, session(14, SECRET), approve=False)
    assert len({waits, back, gone}) == 3
    with house.app.database.transaction() as db:
        mentor = actor(house, "王建国")
        records.review(db, mentor, back, 1, approve=False, reason=SECRET)
        records.withdraw(db, actor(house, "林小雨"), gone, 1)


def evaluate(
    house: House, outcome: str = "qualified", name: str = "林小雨", words: str = "扎实。"
) -> int:
    """An outcome is signed: one that ends the cultivation, where the document has such a one."""
    programme = load("shanxi-2026")
    parts = [
        (key, part)
        for key, stage in zip(evaluating.keys(programme), programme.stages, strict=True)
        for part in evaluating.parts(programme, stage)
    ]
    key, part = next(((k, one) for k, one in parts if one.ends(outcome)), parts[-1])
    with house.app.database.transaction() as db:
        row = Evaluation(
            student_id=house.members[name].membership_id,
            stage=key,
            side=part.side.value,
            state=EvaluationState.SIGNED,
            outcome=outcome,
            signed_at=house.clock.now(),
        )
        db.add(row)
        db.flush()
        db.add(
            EvaluationVersion(
                evaluation_id=row.id or 0,
                version=1,
                body={"comment": words, "outcome": outcome},
                signed_by=house.members["管小青"].membership_id,
                at=row.signed_at,
            )
        )
        return row.id or 0


def raise_exit(house: House, evaluation: int, *, told: bool) -> None:
    """An exit of 林小雨, of which only the office knows, or she as well."""
    state = ExitState.TOLD if told else ExitState.CONFIRMED
    with house.app.database.transaction() as db:
        case = ExitCase(
            student_id=house.members["林小雨"].membership_id,
            evaluation_id=evaluation,
            version=1,
            state=state,
            raised_at=house.clock.now(),
        )
        db.add(case)
        db.flush()
        office = house.members["管小青"].person_id
        steps = [(ExitState.CONFIRMED, SECRET), (ExitState.TOLD, "次数没有达到")]
        for of, reason in steps[: 1 + told]:
            db.add(
                ExitStep(
                    case_id=case.id or 0,
                    state=of,
                    reason=reason,
                    person_id=office,
                    at=house.clock.now(),
                )
            )


def text_of(data: bytes) -> str:
    """The words on the pages of a PDF, without its line breaks."""
    pages = PdfReader(io.BytesIO(data)).pages
    return "".join(page.extract_text() for page in pages).replace("\n", "")

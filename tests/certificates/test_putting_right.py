"""A name put right after a certificate was issued, and a signing key that was stolen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner, Result

from app import desk
from app.cli import app
from bot.talk.acting import Refused
from bot.talk.clock import SetClock
from services import certificates, certified, roster
from services.certificates import CertificateStanding
from services.certified import Certified
from storage.database import Database
from storage.signing import key_name
from storage.tables import Certificate, Evaluation, EvaluationState, Membership, SigningKey
from tests.certificates.conftest import NOW, NewYear, Year

Run = Callable[..., Result]
FIRST, SECOND = "SHANXI-2026-01-0001", "SHANXI-2026-01-0002"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def year(new_year: NewYear) -> Year:
    return new_year()


@pytest.fixture
def run(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(desk, "CLOCK", SetClock(NOW + timedelta(days=3)))
    monkeypatch.setenv("YINGCAI_DATABASE_URL", str(database.url))
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(tmp_path))
    return lambda *words: CliRunner().invoke(app, ["certificate", *map(str, words)])


def said(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def rename(year: Year, member: int, name: str) -> None:
    with year.database.transaction() as db:
        roster.correct_person(db, year.by, db.get_one(Membership, member).person_id, name)


def facts(year: Year) -> list[Certified]:
    with year.database.transaction() as db:
        rows = db.exec(select(Certificate).order_by(col(Certificate.id)))
        return [certificates.facts_of(db, row) for row in rows]


def test_a_corrected_name_is_noticed_and_issued_anew(year: Year, run: Run) -> None:
    member = year.enrol("林小羽", "qualified")
    asyncio.run(year.issue())
    assert "不用重发" in run("reissue", FIRST).stderr
    rename(year, member, "林小雨")
    [one] = json.loads(said(run("issue", "--dry-run", "--json")))
    assert one["standing"] == CertificateStanding.DIFFERS
    assert SECOND in said(run("reissue", FIRST.lower()))
    old, new = facts(year)
    assert (old.name, new.name, new.replaces) == ("林小羽", "林小雨", FIRST)
    told = {"number", "name", "replaces", "issued_on"}
    assert old.model_dump(exclude=told) == new.model_dump(exclude=told)
    assert f"撤销理由：更正，另发 {SECOND}" in said(run("show", FIRST))
    shown = said(run("show", SECOND))
    assert "状态：有效" in shown
    assert f"代替：{FIRST}" in shown
    assert "撤销过" in run("reissue", FIRST).stderr


def test_what_rests_on_nothing_is_not_issued_anew(year: Year, run: Run) -> None:
    member = year.enrol("林小羽", "qualified")
    asyncio.run(year.issue())
    rename(year, member, "林小雨")
    with year.database.transaction() as db:
        db.exec(select(Evaluation)).one().state = EvaluationState.REOPENED
    assert "结果已经变了" in run("reissue", FIRST).stderr
    assert "状态：有效" in said(run("show", FIRST))
    # Somebody who has left since may have their name put right.
    with year.database.transaction() as db:
        db.exec(select(Evaluation)).one().state = EvaluationState.SIGNED
        db.get_one(Membership, member).ended_at = NOW
    assert SECOND in said(run("reissue", FIRST))


def test_a_key_is_marked_as_stolen(year: Year, run: Run) -> None:
    year.enrol("林小雨", "qualified")
    asyncio.run(year.issue())
    [key] = json.loads(said(run("keys", "--json")))
    with year.database.transaction() as db:
        row = db.exec(select(SigningKey)).one()
        before = db.exec(select(Certificate.token)).one()
    later = Year(year.database, year.press, year.cohort, type(year.by)(NOW + timedelta(days=2)))
    later.enrol("赵一鸣", "qualified")
    asyncio.run(later.issue())
    day = f"{NOW + timedelta(days=1):%Y-%m-%d}"
    assert "没有名为" in run("stolen", "0" * 16, "--since", day).stderr
    assert "还没有到" in run("stolen", key["name"], "--since", "2027-05-01").stderr
    told = said(run("stolen", key["name"], "--since", day))
    assert "1 份现在显示为存疑" in told
    assert SECOND in told
    assert FIRST not in told
    assert "2026年12月21日（周一） 起可能被盗" in said(run("keys"))
    # What it signed before is vouched for; what it signed since, or a thief dated back, is not.
    assert "状态：有效" in said(run("verify", before))
    assert "状态：存疑" in said(run("show", SECOND))
    with year.database.transaction() as db:
        assert certificates.vouched_hashes(db) == [certified.token_hash(before)]
    # A new key signs, and what is in doubt is signed anew by it.
    said(run("reissue", SECOND))
    assert "状态：有效" in said(run("show", "SHANXI-2026-01-0003"))
    with year.database.transaction() as db:
        rows = db.exec(select(Certificate).order_by(col(Certificate.id))).all()
        signed = [key_name(db.get_one(SigningKey, one.key_id).public) for one in rows]
        assert signed[0] == signed[1] == key_name(row.public)
        assert signed[2] != signed[0]
        with pytest.raises(Refused):
            certificates.reissue(db, year.by, rows[0].id or 0, year.press.keys)

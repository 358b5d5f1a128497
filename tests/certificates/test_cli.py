"""Certificates at the command line; killed at any point, issuing goes on where it was."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner, Result

from app import desk
from app.cli import app
from bot.talk.clock import SetClock
from storage.database import Database
from storage.files import FileStore
from storage.tables import Certificate, File
from tests.certificates.conftest import NOW, NewYear, Year

Run = Callable[..., Result]


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def year(new_year: NewYear) -> Year:
    return new_year()


@pytest.fixture
def run(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(desk, "CLOCK", SetClock(NOW))
    monkeypatch.setenv("YINGCAI_DATABASE_URL", str(database.url))
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(tmp_path))
    return lambda *words: CliRunner().invoke(app, ["certificate", *map(str, words)])


def said(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_dry_run_issues_nothing_and_says_why(run: Run, year: Year) -> None:
    year.enrol("林小雨", "qualified")
    year.enrol("赵一鸣")
    told = said(run("issue", "--dry-run"))
    assert "林小雨 可以发证书" in told
    assert "赵一鸣 还没有签署的评价结果" in told
    assert "可以发的 1 人" in told
    listed = json.loads(said(run("issue", "--dry-run", "--json")))
    assert [one["standing"] for one in listed] == ["ready", "undecided"]
    with year.database.transaction() as db:
        assert not db.exec(select(Certificate)).all()


def test_one_is_issued_shown_saved_verified_and_revoked(
    run: Run, year: Year, tmp_path: Path
) -> None:
    year.enrol("林小雨", "qualified")
    year.enrol("赵一鸣", "excellent")
    [one] = json.loads(said(run("issue", "1", "--person", "赵一鸣", "--json")))
    number = one["number"]
    assert (one["person"], number) == ("赵一鸣", "SHANXI-2026-01-0001")
    told = said(run("show", number.lower(), "--save", tmp_path / "a.pdf"))
    assert "状态：有效" in told
    assert "评价结果：优秀" in told
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert run("show", number, "--save", tmp_path / "a.pdf").exit_code == 2

    with year.database.transaction() as db:
        token = db.exec(select(Certificate.token)).one()
    address = f"https://yingcai.example.org/verify#{token}"
    assert json.loads(said(run("verify", address, "--json")))["state"] == "valid"
    assert "已撤销" in said(run("revoke", number, "--reason", "姓名有误"))
    told = said(run("verify", token))
    assert "状态：已撤销" in told
    assert "撤销理由：姓名有误" in told
    for words in (token[:-4], "X" + token[1:]):
        result = run("verify", words)
        assert result.exit_code == 2
        assert "签名对不上" in result.stderr
    assert "撤销过" in run("revoke", number, "--reason", "再来").stderr
    assert "没有这份证书" in run("show", "X-1").stderr


@pytest.mark.parametrize(
    ("enabled", "site"), [("true", "https://yingcai.example.org"), ("false", "")]
)
def test_the_code_leads_to_a_page_only_where_one_is_served(
    enabled: str, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YINGCAI_WEB__ENABLED", enabled)
    monkeypatch.setenv("YINGCAI_WEB__PUBLIC_URL", "https://yingcai.example.org/")
    assert desk.settings().web.address_for_all == site


def test_keys_are_made_and_listed(run: Run, year: Year) -> None:
    said(run("key"))
    said(run("key"))
    [latest, first] = json.loads(said(run("keys", "--json")))
    assert latest["public"] != first["public"]
    assert latest["signs"]
    assert "可以签名" in said(run("keys"))


def test_no_backup_holds_a_private_key_and_what_was_signed_outlasts_it(
    run: Run, year: Year, tmp_path: Path
) -> None:
    year.enrol("林小雨", "qualified")
    said(run("issue"))
    [key] = (tmp_path / "keys").iterdir()
    private = key.read_bytes()
    backup = tmp_path / "backup.zip"
    made = CliRunner().invoke(app, ["backup", str(backup)])
    assert made.exit_code == 0, made.output
    with zipfile.ZipFile(backup) as kept:
        assert any(kept.read(name).startswith(b"%PDF") for name in kept.namelist())
        assert not any(private[40:80] in kept.read(name) for name in kept.namelist())
        assert not any("keys" in name.split("/")[0] for name in kept.namelist())
    with year.database.transaction() as db:
        token = db.exec(select(Certificate.token)).one()
    # The machine is gone; elsewhere it still verifies, and the next one signs with a new key.
    key.unlink()
    restored = CliRunner().invoke(app, ["restore", str(backup), "--replace"])
    assert restored.exit_code == 0, restored.output
    assert "状态：有效" in said(run("verify", token))
    year.enrol("赵一鸣", "qualified")
    said(run("issue"))
    listed = json.loads(said(run("keys", "--json")))
    assert [one["signs"] for one in listed] == [True, False]


def issued(year: Year) -> int:
    with year.database.transaction() as db:
        return len(db.exec(select(Certificate.id)).all())


@pytest.mark.slow
def test_killed_again_and_again_it_issues_each_once(year: Year, tmp_path: Path) -> None:
    count = 16
    for number in range(count):
        year.enrol(f"学生{number}", "qualified")
    settings = {
        "YINGCAI_DATABASE_URL": str(year.database.url),
        "YINGCAI_DATA_DIR": str(tmp_path),
    }
    chance = random.Random(7)
    command = "from app.cli import main; main()"
    killed = 0
    while True:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
            [sys.executable, "-c", command, "certificate", "issue"],
            env=os.environ | settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # It lives until it has issued some more, and dies anywhere in the next one.
        enough = issued(year) + chance.randint(2, 6)
        while process.poll() is None and issued(year) < enough:
            time.sleep(0.005)
        time.sleep(chance.random() * 0.05)
        if process.poll() is not None:
            break
        process.kill()
        process.wait()
        killed += 1
    assert process.returncode == 0
    assert killed >= 2
    store = FileStore(tmp_path / "files")
    with year.database.transaction() as db:
        found = db.exec(select(Certificate).order_by(col(Certificate.nth))).all()
        files = [db.get_one(File, row.file_id) for row in found]
        assert len(db.exec(select(File)).all()) == count
    assert [row.nth for row in found] == [*range(1, count + 1)]
    assert len({row.member_id for row in found}) == count
    assert all(store.verify(file.sha256) for file in files)

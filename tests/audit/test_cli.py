"""The audit at the command line: sealing, verifying, backups."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app import desk
from app.cli import app
from bot.talk.clock import SetClock
from storage.database import Database
from tests.audit.test_sealing import NOW, note, tamper, verify

Run = Callable[..., Result]


@pytest.fixture
def run(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(desk, "CLOCK", SetClock(NOW))
    monkeypatch.setenv("YINGCAI_DATABASE_URL", str(sqlite_database.url))
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(tmp_path))
    return lambda *words: CliRunner().invoke(app, [*map(str, words)])


def test_sealing_gives_a_hash_to_note_and_verifying_knows_it(
    run: Run, sqlite_database: Database
) -> None:
    assert "没有什么可封的" in run("audit", "seal").stdout
    note(sqlite_database, 3)
    told = run("audit", "verify")
    assert (told.exit_code, "还没有封条" in told.stdout) == (0, True)
    made = json.loads(run("audit", "seal", "--json").stdout)
    assert (made["number"], made["rows"]) == (1, 4)
    assert made["hash"] in run("audit", "seal").stdout
    told = run("audit", "verify", "--anchor", made["hash"][:20].upper())
    assert told.exit_code == 0
    assert "留痕完好：4 行、1 条封条" in told.stdout
    assert "抄下的校验值是第 1 条封条的" in told.stdout


def test_what_was_tampered_with_is_told_in_a_sentence(run: Run, sqlite_database: Database) -> None:
    note(sqlite_database, 3)
    run("audit", "seal")
    tamper(
        sqlite_database,
        "DELETE FROM audit WHERE id = 2",
        "UPDATE audit SET verb = 'x' WHERE id = 1",
    )
    told = run("audit", "verify")
    assert told.exit_code == 2
    assert "第 1 行被改过（2026年11月23日（周一） 10:00 以前写的，第 1 条封条）。" in told.stdout
    assert "第 2 行被删除了" in told.stdout
    assert "发现 2 处" in told.stdout
    as_json = run("audit", "verify", "--json")
    assert as_json.exit_code == 2
    assert [one["kind"] for one in json.loads(as_json.stdout)["faults"]] == ["changed", "removed"]
    assert "Row 2 was removed" in run("--lang", "en", "audit", "verify").stdout


@pytest.mark.parametrize("typed", ["3f2a", "x" * 64, "a" * 65])
def test_what_is_no_hash_is_refused(run: Run, typed: str) -> None:
    told = run("audit", "verify", "--anchor", typed)
    assert told.exit_code == 2
    assert "至少抄 16 位" in told.stderr


def test_a_backup_seals_first(run: Run, sqlite_database: Database, tmp_path: Path) -> None:
    note(sqlite_database, 3)
    told = run("backup", tmp_path / "b.zip")
    found = verify(sqlite_database)
    # The backup itself is noted after it.
    assert (found.rows, found.seals, found.unsealed) == (4, 1, 1)
    assert found.last is not None
    assert found.last.hash in told.stdout

"""Dossiers at the command line: a cohort's, broken off and taken up again, and verifying."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from app import desk
from app.cli import app
from jobs import dossiers as binding
from storage.database import Database
from storage.tables import Audit
from tests.dossiers.conftest import SECRET, evaluate, fill, text_of
from tests.house import House

Run = Callable[..., Result]


@pytest.fixture
def run(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(desk, "CLOCK", house.clock)
    monkeypatch.setenv("YINGCAI_DATABASE_URL", str(house.app.settings.database))
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(house.app.settings.data_dir))
    return lambda *words: CliRunner().invoke(app, ["dossier", *map(str, words)])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Each learner of the house, as the files are called.
BOTH = [f"00000{number}-{name}" for number, name in ((1, "林小雨"), (2, "赵一鸣"))]
EVERY = [f"{name}.{end}" for name in BOTH for end in ("json", "pdf")]


def test_a_whole_cohort_is_made_verified_and_not_made_twice(
    run: Run, house: House, tmp_path: Path
) -> None:
    fill(house)
    evaluate(house, "unqualified", words=SECRET)
    folder = tmp_path / "档案"
    result = run("make", "--cohort", 1, "--output", folder)
    assert result.exit_code == 0, result.output
    assert "做好 2 份档案" in result.stdout
    assert names(folder) == EVERY
    paper = text_of((folder / EVERY[1]).read_bytes())
    assert "换了波长，再测一遍" in paper
    assert SECRET not in paper + (folder / EVERY[0]).read_text("utf-8")
    assert folder.joinpath(EVERY[0]).stat().st_mode & 0o077 == 0
    before = {path: path.read_bytes() for path in folder.iterdir()}
    again = run("make", "--cohort", 1, "--output", folder)
    assert "做好 0 份档案" in again.stdout
    assert "原来就有的 2 份" in again.stdout
    assert {path: path.read_bytes() for path in folder.iterdir()} == before

    told = run("verify", folder / EVERY[0])
    assert told.exit_code == 0, told.output
    assert "签名对得上：林小雨，示例一期，截至 2026年12月7日" in told.stdout
    forged = tmp_path / "forged.json"
    forged.write_bytes((folder / EVERY[0]).read_bytes().replace("换了".encode(), "改了".encode()))
    for file in (forged, folder / EVERY[1]):
        told = run("verify", file)
        assert (told.exit_code, told.stdout) == (2, "")
        assert "签名对不上" in told.stderr
    assert "找不到文件" in run("verify", tmp_path / "none.json").stderr


def test_one_learner_alone_and_who_is_none(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert run("make", "--student", "赵一鸣", "-o", folder).exit_code == 0
    assert names(folder) == EVERY[2:]
    told = run("make", "--student", "王建国", "-o", folder)
    assert told.exit_code == 2
    assert "王建国不是示例一期的学员" in told.stderr
    assert "已经存在" in run("make", "-o", folder / EVERY[2]).stderr
    assert "9" in run("make", "--cohort", 9, "-o", folder).stderr


def test_one_whose_page_fails_is_named_and_the_others_are_made(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = binding.page
    monkeypatch.setattr(
        binding, "page", lambda made: {} if made.dossier.name == "林小雨" else whole(made)
    )
    result = run("make", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "林小雨：档案没有做成" in result.stderr
    assert names(tmp_path / "out") == EVERY[2:]


KILLED = """
import os, sys
from app.cli import main
import jobs.dossiers as binding
put, left = binding.put_down, int(sys.argv.pop(1))

def dying(path, data):
    global left
    if not left:
        # In the middle of writing, as a power cut comes.
        path.with_name(f".{path.name}.unfinished").write_bytes(data[: len(data) // 2])
        os.kill(os.getpid(), 9)
    left -= 1
    put(path, data)

binding.put_down = dying
main()
"""


@pytest.mark.slow
def test_killed_at_every_file_it_goes_on_where_it_was(
    run: Run, house: House, tmp_path: Path
) -> None:
    fill(house)
    folder = tmp_path / "out"
    environment = os.environ | {
        "YINGCAI_DATABASE_URL": str(house.app.settings.database),
        "YINGCAI_DATA_DIR": str(house.app.settings.data_dir),
    }
    for left in (0, 1, 2, 1):
        process = subprocess.run(  # noqa: S603 - our own interpreter and our own words
            [sys.executable, "-c", KILLED, str(left), "dossier", "make", "-o", str(folder)],
            env=environment,
            check=False,
            capture_output=True,
        )
        assert process.returncode == -9, process.stderr
        for path in folder.glob("*.json"):
            assert run("verify", path).exit_code == 0
            assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    assert run("make", "-o", folder).exit_code == 0
    assert [name for name in names(folder) if not name.startswith(".")] == EVERY
    assert all(run("verify", path).exit_code == 0 for path in folder.glob("[!.]*.json"))


def test_each_making_is_on_the_audit(run: Run, house: House, tmp_path: Path) -> None:
    run("make", "-o", tmp_path / "out")
    with house.app.database.transaction() as db:
        rows = db.exec(select(Audit).where(Audit.verb == "make_dossier")).all()
    assert [row.object_id for row in rows] == [1, 2]
    assert isinstance(house.app.database, Database)

"""What is installed is what was tested: every package by version and by hash, from anywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.code import ROOT

LOCKS = sorted(ROOT.glob("requirements*.lock"))


def packages(lock: Path) -> dict[str, str]:
    """Each package of a lock file and its version."""
    found = re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", lock.read_text("utf-8"), re.M)
    return dict(found)


def test_there_are_locks() -> None:
    assert {lock.name for lock in LOCKS} >= {"requirements.lock", "requirements-dev.lock"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_place(lock: Path) -> None:
    """Neither a registry's address nor a path: whoever installs decides where from."""
    for line in lock.read_text("utf-8").splitlines():
        said = line.split("#", 1)[0].strip()
        assert "://" not in line, line
        assert not re.match(r"(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)\b", said)
        assert not re.match(r"(-e|--editable|\.|/)", said), line
        assert " @ " not in said, line


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_everything_locked_has_a_hash(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text("utf-8"))
    pinned = [entry for entry in entries if re.match(r"[a-z0-9]", entry)]
    assert len(pinned) == len(packages(lock)) > 2
    for entry in pinned:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry.splitlines()[0]


def test_what_runs_is_what_was_tested() -> None:
    run = packages(ROOT / "requirements.lock")
    tested = packages(ROOT / "requirements-dev.lock")
    assert run.items() <= tested.items()


def test_everything_asked_for_is_locked() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    run = packages(ROOT / "requirements.lock")
    for line in settings["project"]["dependencies"]:
        name = re.match(r"[A-Za-z0-9._-]+", line)
        assert name is not None
        assert re.sub(r"[-_.]+", "-", name[0]).lower() in run, line

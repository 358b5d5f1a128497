"""The checks of `tests/alone.py` can fail: a run of tests that each leave something behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.code import ROOT

pytestmark = pytest.mark.slow

CARELESS = """
import asyncio, os, subprocess, sys, threading, time
import pytest

started = []

def test_environment():
    os.environ["YINGCAI_X"] = "1"

def test_directory():
    os.chdir("/")

def test_thread():
    threading.Thread(target=time.sleep, args=(4,), daemon=True, name="late").start()

async def test_task():
    started.append(asyncio.create_task(asyncio.sleep(60), name="late"))

def test_process():
    started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(4)"]))

def test_skipped():
    pytest.skip("no chromium here")

def test_file():
    open("left.txt", "w").close()

def test_clean():
    assert not os.listdir(".")
    assert not [name for name in os.environ if name.startswith("YINGCAI_")]
"""
SAID = {
    "test_environment": "environment variables changed: ['YINGCAI_X']",
    "test_directory": "another working directory: /",
    "test_thread": "thread late",
    "test_task": "task late",
    "test_process": "import time; time.sleep(4)",
    "test_skipped": "not to be skipped here",
}
"""What each of them is told; the others pass."""


def test_whoever_leaves_something_behind_is_told(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["tests.alone"]\n')
    (tmp_path / "test_careless.py").write_text(CARELESS)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = session\n"
        "asyncio_default_test_loop_scope = session\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--whole", "-n0", "-rfE", "--tb=short", "."],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "YINGCAI_WEB__PORT": "1", "COLUMNS": "300"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    told = set(re.findall(r"^(?:FAILED|ERROR) \S+::(\w+)", run.stdout, re.M))
    assert told == set(SAID), run.stdout
    for words in SAID.values():
        assert words in run.stdout
    assert re.search(r"--randomly-seed=\d+", run.stdout)

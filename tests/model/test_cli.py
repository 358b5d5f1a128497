"""`yingcai ask … --model`: the configured model is asked, and it is said which answer is used."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.model.server import KEY, NAME, Endpoint
from tests.model.test_advice import DUE, MARK, pick

pytestmark = pytest.mark.slow

QUESTION = "期末材料什么时候交"


async def run(endpoint: Endpoint, folder: Path, *words: str, on: bool = True) -> tuple[int, str]:
    """Run a command in a process of its own; gives its exit code and what it said."""
    said = os.environ | {"YINGCAI_DATA_DIR": str(folder), "NO_PROXY": "127.0.0.1"}
    if on:
        said |= {
            "YINGCAI_MODEL__NAME": NAME,
            "YINGCAI_MODEL__BASE_URL": endpoint.base,
            "YINGCAI_MODEL__KEY": KEY,
        }
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from app.cli import main; main()",
        *words,
        env=said,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, aside = await running.communicate()
    assert out or aside
    assert KEY not in (out + aside).decode()
    return running.returncode or 0, (out or aside).decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def test_what_it_says_is_told_beside_the_answer(endpoint: Endpoint, folder: Path) -> None:
    endpoint.reply = pick("期末材料的截止日期", DUE)
    code, out = await run(endpoint, folder, "ask", "shanxi-2026", QUESTION, "--model")
    assert code == 0, out
    composed, _, model = out.partition(NAME)
    assert "2026年11月底前" in composed
    assert DUE in model
    assert MARK in model


async def test_it_is_told_when_nothing_of_it_is_used(endpoint: Endpoint, folder: Path) -> None:
    endpoint.reply = pick("期末材料的截止日期", "期末材料要在2026年12月底前交。")
    code, out = await run(endpoint, folder, "ask", "shanxi-2026", QUESTION, "--model", "--json")
    assert code == 0, out
    told = json.loads(out)
    assert told["answers"][0]["topic"] == "final_deadline"
    assert told["model"]["used"] is False
    assert told["model"]["why"] == "figure"


async def test_below_14_it_is_not_asked(endpoint: Endpoint, folder: Path) -> None:
    code, out = await run(endpoint, folder, "ask", "sichuan-jingke-2023", QUESTION, "--model")
    assert code == 0, out
    assert "below_14" in out
    assert not endpoint.asked


async def test_without_one_that_is_said(endpoint: Endpoint, folder: Path) -> None:
    words = ("ask", "shanxi-2026", QUESTION, "--model")
    code, out = await run(endpoint, folder, *words, on=False)
    assert code == 2
    assert "YINGCAI_MODEL__NAME" in out

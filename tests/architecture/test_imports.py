"""Who may know whom: the contracts in pyproject.toml, and what an installation loads."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from typing import Any

import pytest

from tests.architecture.code import PACKAGES, ROOT, files, parsed

pytestmark = pytest.mark.slow

LINT = (
    "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
)


def run(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own, where nothing is imported yet."""
    return subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_imports_run_one_way() -> None:
    linted = run(LINT)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_every_package_has_its_floor() -> None:
    """A new folder is bound by no contract until it has a place among the layers."""
    linter: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    linter = linter["tool"]["importlinter"]
    floors = next(one["layers"] for one in linter["contracts"] if one["type"] == "layers")
    placed = [name.strip() for floor in floors for name in floor.split("|")]
    here = {path.parent.name for path in ROOT.glob("*/*.py")} - {"tests", "benchmarks"}
    assert sorted(placed) == sorted(here)
    assert set(linter["root_packages"]) == here
    assert set(PACKAGES) == here


def reached_into(module: ast.AST) -> list[int]:
    """The lines on which something is asked of a scene's session itself."""
    return [
        node.lineno
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "session"
    ]


def test_handlers_only_pass_the_session_on() -> None:
    """What is asked of the database is asked by services, which ask for rights first."""
    assert {
        path.name: lines for path in files("handlers") if (lines := reached_into(parsed(path)))
    } == {}


def test_reaching_into_the_session_is_seen() -> None:
    assert reached_into(ast.parse("scene.session.get(Person, 1)")) == [1]
    assert reached_into(ast.parse("records.found(scene.session, 1)")) == []


@pytest.mark.parametrize("module", ["app.main", "app.cli", "handlers", "services.records"])
def test_no_messengers_library_is_loaded_before_it_is_configured(module: str) -> None:
    loaded = run(f"import sys, {module}; print(*sys.modules)")
    assert loaded.returncode == 0, loaded.stderr
    roots = {name.split(".")[0] for name in loaded.stdout.split()}
    assert module.split(".")[0] in roots
    assert not roots & {"telegram", "aiogram", "starlette", "uvicorn", "websockets", "jinja2"}


def test_a_messenger_is_loaded_when_it_is_asked_for() -> None:
    """The test above looks for the right names."""
    loaded = run("import sys, bot.platforms.telegram.ptb; print(*sys.modules)")
    assert "telegram" in loaded.stdout.split()


@pytest.mark.parametrize("module", ["app.main", "app.cli", "answers.reading"])
def test_nothing_that_reads_documents_is_loaded_before_there_is_one(module: str) -> None:
    loaded = run(f"import sys, {module}; print(*sys.modules)")
    assert not {"pypdf", "docx", "lxml"} & {name.split(".")[0] for name in loaded.stdout.split()}
    assert module in loaded.stdout.split()


@pytest.mark.parametrize("module", ["app.main", "app.cli", "jobs.advice"])
def test_no_models_library_is_loaded_before_one_is_configured(module: str) -> None:
    loaded = run(f"import sys, {module}; print(*sys.modules)")
    assert not {"openai", "httpx2"} & {name.split(".")[0] for name in loaded.stdout.split()}
    assert module in loaded.stdout.split()


def test_a_models_library_is_loaded_for_one() -> None:
    made = "Model(ModelSettings(base_url='http://127.0.0.1:9', name='m'))"
    names = (
        "import sys; from app.settings import ModelSettings; from jobs.language_model import Model"
    )
    loaded = run(f"{names}; {made}; print(*sys.modules)")
    assert "openai" in loaded.stdout.split(), loaded.stderr

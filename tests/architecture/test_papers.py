"""What the papers say is so: every setting, every file and every command that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from typer.main import get_command

from app.cli import app
from app.settings import Settings
from tests.architecture.code import PACKAGES, ROOT
from tests.tables import each_row

PAPERS = sorted(
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if path.name != "CHANGELOG.md"
)


def settings(
    model: type[BaseModel] = Settings, prefix: str = "YINGCAI_"
) -> Iterator[tuple[str, str]]:
    """Every setting's variable and its default as it is typed."""
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        default: Any = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from settings(type(default), f"{variable}__")
        elif isinstance(default, bool):
            yield variable, str(default).lower()
        elif isinstance(default, float):
            yield variable, f"{default:g}"
        else:
            assert not isinstance(default, SecretStr)
            yield variable, "" if default is None else str(default)


def on_the_page() -> dict[str, str]:
    text = (ROOT / "docs" / "operating" / "settings.md").read_text("utf-8")
    rows = re.findall(r"^\| `(YINGCAI_\w+)` \| (?:`(.*?)`|空) \| \S", text, re.M)
    return dict(rows)


def test_every_setting_is_on_its_page_with_its_default() -> None:
    assert on_the_page() == dict(settings())


def test_no_paper_names_a_setting_that_is_not_there() -> None:
    known = {name for name, _ in settings()}
    named = {
        (path.name, name)
        for path in PAPERS
        if path.parent.name != "decisions"  # they also tell what was
        for name in re.findall(
            r"`(YINGCAI_[A-Z_]*[A-Z])`|(?<=\s)YINGCAI_[A-Z_]+(?==)", path.read_text("utf-8")
        )
        if name
    }
    assert named
    assert not {one for one in named if one[1] not in known}


def named_files(path: Path) -> Iterator[str]:
    """Paths in backticks and in links, as far as they are of this project."""
    text = path.read_text("utf-8")
    tops = "|".join((*PACKAGES, "tests", "benchmarks", "docs", ".ci"))
    yield from re.findall(rf"`((?:{tops})/[\w./*-]*)`", text)
    for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text):
        yield str((path.parent / link).resolve().relative_to(ROOT))


@each_row("path", PAPERS)
def test_what_a_paper_names_is_there(path: Path) -> None:
    made_up = re.compile(r"NNNN|NAME|TEMPLATE/")
    missing = [
        name
        for name in named_files(path)
        if not made_up.search(name)
        and name != "docs/decisions/NN-name.md"
        and not list(ROOT.glob(name.rstrip("/")))
    ]
    assert not missing


def test_papers_name_many_files() -> None:
    """So that the test above looks at something."""
    assert len({name for path in PAPERS for name in named_files(path)}) > 60


def commands(group: Any = None, before: str = "") -> Iterator[str]:
    group = group or get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_every_command_that_a_paper_shows_is_there() -> None:
    known = set(commands())
    shown = {
        (path.name, words)
        for path in PAPERS
        for words in re.findall(r"\byingcai ((?:[a-z-]+ )*[a-z-]+)", path.read_text("utf-8"))
    }
    assert len(shown) > 10
    wrong = {
        one
        for one in shown
        if not any(f"{one[1]} ".startswith(f"{command} ") for command in known)
    }
    assert not wrong

"""The house's own source, parsed once for all the tests that read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = (
    "answers",
    "app",
    "bot",
    "handlers",
    "jobs",
    "services",
    "storage",
    "programmes",
    "language",
    "prompts",
)


def files(*packages: str) -> Iterator[Path]:
    """Every source file of these packages, or of the whole house."""
    for package in packages or PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def place(path: Path, node: ast.AST) -> str:
    """Where something stands, as an editor opens it."""
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"

"""Whatever silences a checker says why, on its own line."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.code import ROOT, files
from tests.tables import each_row

SILENCER = re.compile(r"#\s*(noqa|type:\s*ignore|pragma)\b")
REASONED = re.compile(
    r"# noqa: [A-Z]+\d+(, [A-Z]+\d+)* - \S.{2,}"
    r"|# type: ignore\[[a-z-]+(,[a-z-]+)*\]  # \S.{2,}"
)


def silencers(source: str) -> Iterator[tuple[int, str]]:
    """The comments that silence a checker, with their lines."""
    if not SILENCER.search(source):
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and SILENCER.match(token.string):
            yield token.start[0], token.string


def everything() -> list[Path]:
    return [*files(), *files("tests", "benchmarks")]


def test_whoever_silences_a_checker_says_why() -> None:
    found = [
        (f"{path.relative_to(ROOT)}:{line}", comment)
        for path in everything()
        for line, comment in silencers(path.read_text("utf-8"))
    ]
    assert len(found) > 20
    silent = [f"{where}: {comment}" for where, comment in found if not REASONED.match(comment)]
    assert not silent, "\n".join(silent)


@each_row(
    ("line", "reasoned"),
    [
        ("x = 1  # noqa", False),
        ("x = 1  # noqa: S603", False),
        ("x = 1  # noqa: S603, S607 - our own words", True),
        ("x = 1  # type: ignore", False),
        ("x = 1  # type: ignore[misc]", False),
        ("x = 1  # type: ignore[misc,arg-type]  # it is final", True),
    ],
)
def test_a_missing_reason_is_seen(line: str, reasoned: bool) -> None:
    [(_, comment)] = silencers(line)
    assert bool(REASONED.match(comment)) is reasoned

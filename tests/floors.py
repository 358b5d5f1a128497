"""How much of the parts that must not break the tests run: `python -m tests.floors`.

Reads what `coverage combine` has put together, prints a line for each part, and fails where one
lies below its floor. Lines and branches count together.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from coverage import Coverage

RULES: Final = tuple(
    f"programmes/{name}.py"
    for name in (
        *("rules", "pacing", "reminding", "evaluating", "serving", "certifying"),
        *("planning", "presenting", "tested", "materials"),
    )
)
"""The files that say what follows from what a document states."""
FLOORS: Final[Mapping[str, float]] = {
    "services/": 95,
    "bot/talk/": 95,
    "bot/router.py": 95,
    "bot/scene.py": 95,
    "bot/inbox.py": 95,
    "bot/delivery.py": 95,
    **dict.fromkeys(RULES, 95),
}
"""Percent, by the folder or file."""


def measured() -> Mapping[str, Mapping[str, Any]]:
    """What coverage counted in each file."""
    coverage = Coverage()
    coverage.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(report))
        files: dict[str, Any] = json.loads(report.read_text("utf-8"))["files"]
    return {name: file["summary"] for name, file in files.items()}


def percent(files: Mapping[str, Mapping[str, Any]], part: str) -> float:
    """The share of a part's lines and branches that ran. Raises `LookupError` for no files."""
    found = [file for name, file in files.items() if name.startswith(part)]
    if not found:
        raise LookupError(f"nothing was measured of {part}")
    every = sum(int(file["num_statements"]) + int(file["num_branches"]) for file in found)
    ran = sum(int(file["covered_lines"]) + int(file["covered_branches"]) for file in found)
    return 100 * ran / every


def lines(files: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """One line for each part, those with a floor first."""
    others = sorted({f"{name.split('/')[0]}/" for name in files} - FLOORS.keys())
    for part in (*FLOORS, *others):
        floor = f"floor {FLOORS[part]:.0f}" if part in FLOORS else ""
        yield f"{part:<26}{percent(files, part):6.1f} %  {floor}".rstrip()


def main() -> int:
    files = measured()
    sys.stdout.write("\n".join(lines(files)) + "\n")
    low = [part for part, floor in FLOORS.items() if percent(files, part) < floor]
    for name, file in sorted(files.items()):
        if name.startswith(tuple(low)) and file["percent_covered"] < 100:
            sys.stdout.write(f"  {name}: {file['percent_covered']:.1f} %\n")
    if low:
        sys.stdout.write(f"below its floor: {', '.join(low)}\n")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())

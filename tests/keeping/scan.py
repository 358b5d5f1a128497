"""Looks for words in everything that a house keeps: every table and every file.

A look that finds nothing proves little unless it can find: `found` also tells where it looked.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from storage.database import Database
from storage.tables import metadata


@dataclass
class Scan:
    """Where words were found, and where they were looked for."""

    hits: list[str] = field(default_factory=list)
    rows: int = 0
    files: int = 0


def scan(database: Database, folder: Path, *words: str) -> Scan:
    """Look for these words in all tables, and in the bytes of all files below a folder."""
    result = Scan()
    with database.engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(sa.select(table)):
                result.rows += 1
                said = json.dumps(list(row), ensure_ascii=False, default=repr)
                for column, value in zip(table.columns, row, strict=True):
                    one = json.dumps(value, ensure_ascii=False, default=repr)
                    hits = [f"{table.name}.{column.name}: {w}" for w in words if w in one]
                    result.hits += hits
                assert len(said) > 1
    database.clean()
    forms = {word: _forms(word) for word in words}
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        result.files += 1
        data = path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                data += b"".join(archive.read(name) for name in archive.namelist())
        for word, written in forms.items():
            if word in path.name or any(form in data for form in written):
                result.hits.append(f"{path.relative_to(folder)}: {word}")
    return result


def _forms(word: str) -> set[bytes]:
    """How a word may stand in a file."""
    escaped = json.dumps(word)[1:-1]
    return {word.encode(), word.encode("gb18030"), word.encode("utf-16-le"), escaped.encode()}

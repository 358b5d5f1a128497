"""A backup holds everything, on either engine, and a damaged one changes nothing."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import stat
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from storage import backup as archives
from storage import migrate, tables
from storage.backup import (
    BackupDamaged,
    DatabaseDamaged,
    DatabaseNotEmpty,
    backup,
    check,
    restore,
)
from storage.database import connect
from storage.files import FileStore
from tests.conftest import Kind, NewDatabase
from tests.storage.rows import contents, differences, fill

pytestmark = pytest.mark.slow

MOMENT = datetime(2026, 11, 23, 2, tzinfo=UTC)
PHOTOS = [b"a photo", b"another photo", b"", bytes(range(256)) * 5000]
ROWS = 7
"""In each table; with every third without what may be left out."""


@dataclass
class Office:
    """A database and a folder of files."""

    url: str
    files: Path
    engine: Engine

    def fill(self, rows: int) -> None:
        store = FileStore(self.files)
        fill(self.engine, rows, [store.keep(photo) for photo in PHOTOS])

    def back_up(self, to: Path) -> Path:
        backup(self.url, self.files, to, MOMENT)
        return to

    def restore(self, path: Path, *, replace: bool = False) -> None:
        restore(path, self.url, self.files, replace=replace)

    def rows(self) -> dict[str, list[Any]]:
        return contents(self.engine)

    def kept(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.files).as_posix(): path.read_bytes()
            for path in self.files.glob("??/*")
        }


NewOffice = Callable[..., Office]


@pytest.fixture
def office(new_database: NewDatabase, tmp_path: Path) -> Iterator[NewOffice]:
    """Makes offices, with rows and files in them or new."""
    made: list[Office] = []

    def make(kind: Kind, *, rows: int = 0, migrated: bool = True) -> Office:
        url = new_database(kind, migrated=migrated)
        new = Office(url, tmp_path / f"files{len(made)}", connect(url))
        made.append(new)
        if rows:
            new.fill(rows)
        return new

    yield make
    for each in made:
        each.engine.dispose()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound backup, made on SQLite. Only to be read."""
    folder = tmp_path_factory.mktemp("archive")
    url = f"sqlite:///{folder}/office.db"
    engine = connect(url)
    migrate.upgrade(engine)
    old = Office(url, folder / "files", engine)
    old.fill(ROWS)
    engine.dispose()
    return old.back_up(folder / "sound.zip")


# ---------------------------------------------------------------- there and back


@pytest.mark.parametrize("to", ["sqlite", "postgres"])
@pytest.mark.parametrize("of", ["sqlite", "postgres"])
def test_a_restored_office_is_the_same(
    of: Kind, to: Kind, office: NewOffice, tmp_path: Path
) -> None:
    old, new = office(of, rows=ROWS), office(to)
    new.restore(old.back_up(tmp_path / "backup.zip"))
    assert new.rows() == old.rows()
    assert new.kept() == old.kept()
    assert sorted(new.kept().values()) == sorted(PHOTOS)
    assert differences(new.engine) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_backup_of_a_restored_office_is_the_same_backup(
    kind: Kind, office: NewOffice, archive: Path, tmp_path: Path
) -> None:
    new = office(kind)
    new.restore(archive)
    again = new.back_up(tmp_path / "again.zip")
    if kind == "sqlite":
        assert again.read_bytes() == archive.read_bytes()
    assert check(again).rows == check(archive).rows


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_new_rows_after_restoring_get_new_ids(
    kind: Kind, office: NewOffice, archive: Path
) -> None:
    new = office(kind)
    new.restore(archive)
    unit = tables.metadata.tables["unit"]
    with new.engine.begin() as connection:
        added = connection.execute(
            unit.insert().values(kind=tables.UnitKind.SCHOOL, name="新学校")
        )
        assert added.inserted_primary_key is not None
        assert added.inserted_primary_key[0] == ROWS + 1


def test_an_empty_office_can_be_restored(office: NewOffice, tmp_path: Path) -> None:
    new = office("sqlite", migrated=False)
    new.restore(office("sqlite").back_up(tmp_path / "empty.zip"))
    assert set(map(len, new.rows().values())) == {0}
    assert migrate.current(new.engine) == migrate.head()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_old_backup_is_brought_up_to_date(
    kind: Kind, office: NewOffice, archive: Path, next_version: str
) -> None:
    new = office(kind, migrated=False)
    new.restore(archive)
    assert migrate.current(new.engine) == next_version
    with new.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT id, nickname FROM person ORDER BY id").all()
    assert [tuple(row) for row in found] == [(n + 1, "") for n in range(ROWS)]


def test_a_backup_of_a_newer_version_is_refused(
    office: NewOffice, tmp_path: Path, next_version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = office("sqlite", rows=1)
    migrate.upgrade(newer.engine)
    path = newer.back_up(tmp_path / "newer.zip")
    monkeypatch.undo()
    with pytest.raises(migrate.SchemaTooNew, match=next_version):
        office("sqlite").restore(path)


# ---------------------------------------------------------------- what is in the way


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_rows_are_replaced_only_when_told(kind: Kind, office: NewOffice, archive: Path) -> None:
    busy = office(kind, rows=2)
    before = busy.rows()
    with pytest.raises(DatabaseNotEmpty):
        busy.restore(archive)
    assert busy.rows() == before

    busy.restore(archive, replace=True)
    assert {len(rows) for rows in busy.rows().values()} == {ROWS}
    assert differences(busy.engine) == []


def test_an_archive_is_never_written_over(office: NewOffice, tmp_path: Path) -> None:
    path = tmp_path / "taken.zip"
    path.write_bytes(b"the only copy")
    with pytest.raises(FileExistsError):
        office("sqlite").back_up(path)
    assert path.read_bytes() == b"the only copy"


# ---------------------------------------------------------------- making one


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_writer_is_not_in_the_way_and_its_half_done_work_is_not_in_the_backup(
    kind: Kind, office: NewOffice, tmp_path: Path
) -> None:
    busy = office(kind, rows=1)
    with busy.engine.connect() as connection:
        connection.begin()
        connection.exec_driver_sql("UPDATE unit SET name = 'half done'")
        path = busy.back_up(tmp_path / "meanwhile.zip")
        connection.rollback()
    with zipfile.ZipFile(path) as found:
        units = found.read("tables/unit.jsonl")
        assert b'"name"' in units
        assert b"half done" not in units


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_all_tables_are_of_one_moment(
    kind: Kind, office: NewOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody writes, and commits, while the first table is being read."""
    busy = office(kind, rows=1)
    read = archives._lines

    def read_while_somebody_writes(connection: sa.Connection, table: sa.Table) -> Iterator[bytes]:
        yield from read(connection, table)
        monkeypatch.setattr(archives, "_lines", read)
        with busy.engine.begin() as writer:
            for each in tables.metadata.sorted_tables:
                if "name" in each.columns:
                    writer.execute(each.update().values(name="later"))

    monkeypatch.setattr(archives, "_lines", read_while_somebody_writes)
    path = busy.back_up(tmp_path / "meanwhile.zip")
    assert "later" in str(busy.rows())
    with zipfile.ZipFile(path) as found:
        assert not [name for name in found.namelist() if b'"later"' in found.read(name)]


def test_what_a_backup_says_of_itself(archive: Path) -> None:
    found = check(archive)
    assert found.created_at == MOMENT
    assert found.revision == migrate.head()
    assert found.rows == dict.fromkeys(tables.metadata.tables, ROWS)
    assert found.missing == ()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_can_read_a_backup(archive: Path) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600


def test_nothing_but_the_archive_is_left(office: NewOffice, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    office("sqlite", rows=1).back_up(folder / "one.zip")
    assert [path.name for path in folder.iterdir()] == ["one.zip"]


def test_a_lost_or_damaged_photo_is_named_and_the_rest_is_saved(
    office: NewOffice, tmp_path: Path
) -> None:
    old, new = office("sqlite", rows=ROWS), office("sqlite")
    store = FileStore(old.files)
    lost, damaged = (hashlib.sha256(photo).hexdigest() for photo in PHOTOS[:2])
    store.remove(lost)
    store.path(damaged).write_bytes(b"another phot0")
    written = backup(old.url, old.files, tmp_path / "backup.zip", MOMENT)
    assert sorted(written.missing) == sorted([lost, damaged])
    new.restore(tmp_path / "backup.zip")
    assert sorted(new.kept().values()) == sorted(PHOTOS[2:])
    assert new.rows() == old.rows()


def test_only_files_that_rows_speak_of_are_saved(office: NewOffice, tmp_path: Path) -> None:
    old = office("sqlite", rows=1)
    FileStore(old.files).keep(b"nobody's")
    found = check(old.back_up(tmp_path / "backup.zip"))
    assert hashlib.sha256(b"nobody's").hexdigest() not in str(found.sha256)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        backup(f"sqlite:///{tmp_path}/none.db", tmp_path, tmp_path / "backup.zip", MOMENT)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_a_schema_is_not_backed_up(office: NewOffice, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no schema"):
        office("sqlite", migrated=False).back_up(tmp_path / "backup.zip")


def test_a_damaged_database_is_not_backed_up(office: NewOffice, tmp_path: Path) -> None:
    old = office("sqlite", rows=200)
    old.engine.dispose()
    path = Path(old.url.removeprefix("sqlite:///"))
    data = bytearray(path.read_bytes())
    page = 4096
    data[-20 * page :: 7] = b"x" * len(data[-20 * page :: 7])
    path.write_bytes(data)
    with pytest.raises(DatabaseDamaged):
        old.back_up(tmp_path / "backup.zip")
    assert not (tmp_path / "backup.zip").exists()


def test_rows_that_break_their_own_table_are_noticed_when_saving(
    office: NewOffice, tmp_path: Path
) -> None:
    old = office("sqlite", rows=1)
    with closing(sqlite3.connect(old.url.removeprefix("sqlite:///"))) as careless:
        careless.execute("PRAGMA writable_schema=ON")
        careless.execute("UPDATE person SET birth_date = NULL")
        careless.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, 'birth_date DATE', "
            "'birth_date DATE NOT NULL') WHERE name = 'person'"
        )
        careless.commit()
    with pytest.raises(DatabaseDamaged, match="NULL value in person"):
        old.back_up(tmp_path / "backup.zip")


def test_dangling_rows_are_noticed_when_saving_not_when_restoring(
    office: NewOffice, tmp_path: Path
) -> None:
    old = office("sqlite", rows=1)
    with closing(sqlite3.connect(old.url.removeprefix("sqlite:///"))) as careless:
        careless.execute("DELETE FROM person")
        careless.commit()
    with pytest.raises(DatabaseDamaged, match="refer"):
        old.back_up(tmp_path / "backup.zip")


# ---------------------------------------------------------------- damage


Members = dict[str, bytes]


def _members(path: Path) -> Members:
    with zipfile.ZipFile(path) as found:
        return {name: found.read(name) for name in found.namelist()}


def _write(path: Path, members: Members) -> None:
    with zipfile.ZipFile(path, "w") as out:
        for name, data in members.items():
            out.writestr(name, data)


def _forge(members: Members, name: str, data: bytes) -> None:
    """Put a member in, and have the manifest vouch for it."""
    members[name] = data
    manifest = json.loads(members["manifest.json"])
    manifest["sha256"][name] = hashlib.sha256(data).hexdigest()
    members["manifest.json"] = json.dumps(manifest).encode()


def _change_a_row(members: Members) -> None:
    members["tables/unit.jsonl"] = members["tables/unit.jsonl"].replace(b'"id":1', b'"id":9')


def _lose_a_table(members: Members) -> None:
    del members["tables/unit.jsonl"]


def _lose_a_photo(members: Members) -> None:
    del members[next(name for name in members if name.startswith("files/"))]


def _lose_the_manifest(members: Members) -> None:
    del members["manifest.json"]


def _add_a_stray(members: Members) -> None:
    members["tables/stray.jsonl"] = b""


def _climb_out(members: Members) -> None:
    _forge(members, "../../climbed.txt", b"out")


def _climb_out_of_files(members: Members) -> None:
    _forge(members, "files/../../climbed.txt", b"out")


def _call_a_photo_by_another_hash(members: Members) -> None:
    _forge(members, f"files/{'0' * 64}", b"not what its name says")


def _be_of_another_format(members: Members) -> None:
    members["manifest.json"] = members["manifest.json"].replace(b"backup/1", b"backup/2")


def _have_no_sense(members: Members) -> None:
    members["manifest.json"] = b"[]"


@pytest.mark.parametrize(
    "harm",
    [
        _change_a_row,
        _lose_a_table,
        _lose_a_photo,
        _lose_the_manifest,
        _add_a_stray,
        _climb_out,
        _climb_out_of_files,
        _call_a_photo_by_another_hash,
        _be_of_another_format,
        _have_no_sense,
    ],
)
def test_an_archive_that_was_tampered_with_changes_nothing(
    harm: Callable[[Members], None], office: NewOffice, archive: Path, tmp_path: Path
) -> None:
    members = _members(archive)
    harm(members)
    _write(tmp_path / "harmed.zip", members)
    busy = office("sqlite", rows=2)
    before, kept = busy.rows(), busy.kept()
    with pytest.raises(BackupDamaged):
        busy.restore(tmp_path / "harmed.zip", replace=True)
    assert busy.rows() == before
    assert busy.kept() == kept
    assert not list(tmp_path.glob("**/climbed.txt"))


def test_a_flipped_bit_in_any_member_is_noticed(archive: Path, tmp_path: Path) -> None:
    harmed = tmp_path / "harmed.zip"
    data = archive.read_bytes()
    with zipfile.ZipFile(archive) as found:
        members = [member for member in found.infolist() if member.compress_size]
    for member in members:
        name_length, extra_length = struct.unpack_from("<HH", data, member.header_offset + 26)
        start = member.header_offset + 30 + name_length + extra_length
        flipped = bytearray(data)
        flipped[start + member.compress_size // 2] ^= 0x10
        harmed.write_bytes(flipped)
        with pytest.raises(BackupDamaged):
            check(harmed)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.99])
def test_an_archive_cut_off_is_noticed(part: float, archive: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.zip"
    data = archive.read_bytes()
    cut.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(BackupDamaged):
        check(cut)


def _refer_to_nobody(members: Members) -> None:
    rows = members["tables/account.jsonl"].replace(b'"person_id":1', b'"person_id":404')
    _forge(members, "tables/account.jsonl", rows)


def _repeat_a_row(members: Members) -> None:
    rows = members["tables/unit.jsonl"]
    _forge(members, "tables/unit.jsonl", rows + rows.splitlines()[0] + b"\n")


def _have_an_unknown_column(members: Members) -> None:
    rows = members["tables/unit.jsonl"].replace(b'{"id":1,', b'{"id":1,"shoe_size":43,')
    _forge(members, "tables/unit.jsonl", rows)


def _leave_a_table_out(members: Members) -> None:
    del members["tables/unit.jsonl"]
    manifest = json.loads(members["manifest.json"])
    del manifest["sha256"]["tables/unit.jsonl"]
    del manifest["rows"]["unit"]
    members["manifest.json"] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    ("kind", "harm", "error"),
    [
        ("sqlite", _refer_to_nobody, migrate.DanglingRows),
        ("postgres", _refer_to_nobody, migrate.DanglingRows),
        ("sqlite", _repeat_a_row, sa.exc.IntegrityError),
        ("sqlite", _have_an_unknown_column, BackupDamaged),
        ("sqlite", _leave_a_table_out, BackupDamaged),
    ],
)
def test_rows_that_do_not_fit_leave_the_database_as_it_was(
    kind: Kind,
    harm: Callable[[Members], None],
    error: type[Exception],
    office: NewOffice,
    archive: Path,
    tmp_path: Path,
) -> None:
    members = _members(archive)
    harm(members)
    _write(tmp_path / "forged.zip", members)
    busy = office(kind, rows=2)
    before = busy.rows()
    with pytest.raises(error):
        busy.restore(tmp_path / "forged.zip", replace=True)
    assert busy.rows() == before
    assert differences(busy.engine) == []

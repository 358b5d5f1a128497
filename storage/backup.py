"""Everything the assistant keeps, in one .zip: rows, kept files, and what proves both intact.

Rows are written as JSON, one line each, for SQLite and PostgreSQL alike, so that a backup of one
is restored on the other: that is how an office that outgrows the embedded database moves house.
A column that is absent from a line was NULL; times are ISO 8601 in UTC; bytes are in base64.

A backup remembers the revision of its schema. Restoring builds that schema, fills it and only then
brings it up to date, so an old backup is read by the rules of its day.

The hashes protect against damage, not against forgery. The archive holds personal records in the
clear and is readable by its owner only.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

import sqlalchemy as sa
from sqlalchemy import Column, Connection, MetaData, Table, event, make_url
from sqlmodel.sql.sqltypes import UTCDateTime

from storage import migrate
from storage.database import connect
from storage.files import FileStore, sync_folder

_FORMAT: Final = "yingcai-backup/1"
_MANIFEST: Final = "manifest.json"
_MEMBER: Final = re.compile(
    r"tables/([a-z][a-z0-9_]*)\.jsonl|files/([0-9a-f]{64})|programmes/([^/\\.][^/\\]*)\.yaml"
)
_ROWS_AT_ONCE: Final = 1000
_VERSION_TABLE: Final = "alembic_version"


class BackupDamaged(Exception):
    """The archive is damaged, or is not one of our backups. Nothing was restored."""


class DatabaseDamaged(Exception):
    """SQLite's own checks found faults in the database. No backup was written."""


class DatabaseNotEmpty(Exception):
    """The database has rows, and replacing them was not asked for."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What an archive holds."""

    created_at: datetime
    revision: str
    """The schema that the rows are in."""
    rows: Mapping[str, int]
    """How many rows each table has."""
    sha256: Mapping[str, str]
    """The hash of every member but the manifest."""
    missing: tuple[str, ...]
    """Files that rows refer to but that are missing or damaged, by hash."""
    programmes: tuple[str, ...] = ()
    """The keys of the programmes that rows refer to; an office's own packs are in the archive."""

    @property
    def packs(self) -> tuple[str, ...]:
        """The keys of the packs in the archive."""
        found = map(_MEMBER.fullmatch, self.sha256)
        return tuple(form[3] for form in found if form is not None and form[3])


# ---------------------------------------------------------------- writing


Packs = Callable[[str], bytes | None]
"""Returns a programme's pack if the backup must hold it; `None` for a built-in one."""


def backup(
    database_url: str,
    files_dir: Path,
    to: Path,
    created_at: datetime,
    packs: Packs = lambda _: None,
) -> Backup:
    """Write the database, and the files and packs its rows speak of, to a new archive at `to`.

    The rows are those of one moment, and nobody who writes meanwhile has to wait. The archive
    appears under its name only when it is whole and has been read back.

    A kept file that is gone or damaged does not stop the backup of all the others: it is named in
    `Backup.missing`, which the caller should tell somebody about.

    Raises `FileExistsError` if `to` is there already, `FileNotFoundError` if the SQLite file is
    not, `DatabaseDamaged`, and `ValueError` if no schema has been made in the database.
    """
    if to.exists():
        raise FileExistsError(to)
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=".backup-") as folder:
        unfinished = Path(folder) / "backup.zip"
        with (
            _snapshot(database_url, Path(folder)) as connection,
            os.fdopen(os.open(unfinished, os.O_RDWR | os.O_CREAT, 0o600), "w+b") as out,
        ):
            _write(out, connection, FileStore(files_dir), created_at.astimezone(UTC), packs)
            out.flush()
            os.fsync(out.fileno())
        written = check(unfinished)
        unfinished.rename(to)
        sync_folder(to.parent)
    return written


def _write(
    out: IO[bytes], connection: Connection, store: FileStore, moment: datetime, packs: Packs
) -> None:
    revision = migrate.current_within(connection)
    if revision is None:
        raise ValueError("there is no schema in this database: nothing to back up")
    rows: dict[str, int] = {}
    sha256: dict[str, str] = {}
    missing: list[str] = []
    tables = _tables(connection)
    with zipfile.ZipFile(out, "w") as archive:
        for table in tables.sorted_tables:
            name = f"tables/{table.name}.jsonl"
            rows[table.name], sha256[name] = _write_table(archive, name, connection, table)
        for kept in _kept_files(connection, tables):
            if not store.verify(kept):
                missing.append(kept)
                continue
            # Photos and documents are compressed already.
            archive.writestr(_member(f"files/{kept}", zipfile.ZIP_STORED), store.read(kept))
            sha256[f"files/{kept}"] = kept
        programmes = _programmes(connection, tables)
        for key in programmes:
            if (pack := packs(key)) is not None:
                name = f"programmes/{key}.yaml"
                archive.writestr(_member(name, zipfile.ZIP_DEFLATED), pack)
                sha256[name] = hashlib.sha256(pack).hexdigest()
        contents = asdict(Backup(moment, revision, rows, sha256, tuple(missing), programmes))
        manifest = {"format": _FORMAT} | contents | {"created_at": moment.isoformat()}
        archive.writestr(
            _member(_MANIFEST, zipfile.ZIP_DEFLATED),
            json.dumps(manifest, ensure_ascii=False, indent=1),
        )


def _write_table(
    archive: zipfile.ZipFile, name: str, connection: Connection, table: Table
) -> tuple[int, str]:
    """Write a table's rows; returns their number and the hash of what was written."""
    count = 0
    digest = hashlib.sha256()
    with archive.open(_member(name, zipfile.ZIP_DEFLATED), "w", force_zip64=True) as member:
        for line in _lines(connection, table):
            member.write(line)
            digest.update(line)
            count += 1
    return count, digest.hexdigest()


def _member(name: str, compression: int) -> zipfile.ZipInfo:
    # The same records give the same archive, byte for byte: no dates of the machine go in.
    member = zipfile.ZipInfo(name)
    member.compress_type = compression
    member.external_attr = 0o600 << 16
    return member


@contextmanager
def _snapshot(database_url: str, folder: Path) -> Iterator[Connection]:
    """The database as it is at one moment. `folder` is for passing use."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        copy = folder / "copy.db"
        _copy_sqlite(Path(url.database or ""), copy)
        engine = connect(f"sqlite:///{copy}")
        options: dict[str, Any] = {}
    else:
        engine = connect(database_url)
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        with engine.connect().execution_options(**options) as connection:
            yield connection
    finally:
        engine.dispose()


def _copy_sqlite(database: Path, to: Path) -> None:
    if not database.is_file():
        raise FileNotFoundError(database)
    try:
        with (
            closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(to)) as copy,
        ):
            source.backup(copy)
            faults = [row[0] for row in copy.execute("PRAGMA integrity_check")]
            # Restoring would refuse such rows: better to learn of them now.
            dangling = copy.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError as fault:
        raise DatabaseDamaged(str(fault)) from fault
    if faults != ["ok"]:
        raise DatabaseDamaged("; ".join(faults[:10]))
    if dangling:
        raise DatabaseDamaged(f"{len(dangling)} rows refer to rows that do not exist")


def _kept_files(connection: Connection, tables: MetaData) -> Iterable[str]:
    """The hashes of all that is kept: what people attached, loaded documents, templates."""
    # A backup may be of a schema that had no documents yet.
    names = ("file", "document", "summary_template")
    holding = (tables.tables[name] for name in names if name in tables.tables)
    found = connection.scalars(sa.union(*(sa.select(one.c.sha256) for one in holding)))
    return sorted(one for one in found if one is not None)


def _programmes(connection: Connection, tables: MetaData) -> tuple[str, ...]:
    """The keys of all programmes that rows refer to."""
    columns = (table.c.get("programme") for table in tables.sorted_tables)
    found = (connection.scalars(sa.select(one).distinct()) for one in columns if one is not None)
    return tuple(sorted({key for keys in found for key in keys if key}))


def pack_in(path: Path, key: str) -> bytes:
    """A pack in an archive. Raises `KeyError` if it has none of this key."""
    with zipfile.ZipFile(path) as archive:
        return archive.read(f"programmes/{key}.yaml")


# ---------------------------------------------------------------- checking


def check(path: Path) -> Backup:
    """Read the whole archive and compare every member with its hash; nothing is written.

    Raises `BackupDamaged`, and `FileNotFoundError` if there is no such archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _check(archive)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,  # a way of compressing that we never use
        RuntimeError,  # encrypted
        KeyError,
        TypeError,
        ValueError,
    ) as damage:
        raise BackupDamaged(f"{path.name}: {damage}") from damage


def _check(archive: zipfile.ZipFile) -> Backup:
    manifest = json.loads(archive.read(_MANIFEST))
    if manifest.pop("format") != _FORMAT:
        raise BackupDamaged("not a backup of this format")
    manifest["created_at"] = datetime.fromisoformat(manifest["created_at"])
    manifest["missing"] = tuple(manifest["missing"])
    manifest["programmes"] = tuple(manifest.get("programmes", ()))  # older ones have none
    contents = Backup(**manifest)
    names = archive.namelist()
    if sorted(names) != sorted([_MANIFEST, *contents.sha256]):
        raise BackupDamaged("the archive's members are not those that its manifest lists")
    for name, expected in contents.sha256.items():
        form = _MEMBER.fullmatch(name)
        if form is None or form[2] not in (None, expected):
            raise BackupDamaged(f"a member that no backup has: {name!r}")
        digest = hashlib.sha256()
        with archive.open(name) as member:
            while block := member.read(1024**2):
                digest.update(block)
        if digest.hexdigest() != expected:
            raise BackupDamaged(f"{name} is not what was written")
    return contents


# ---------------------------------------------------------------- restoring


def restore(path: Path, database_url: str, files_dir: Path, *, replace: bool = False) -> Backup:
    """Put a backup's rows and files in place and bring the schema up to date.

    The archive is read and checked first. Then files are kept, which takes nothing away from those
    that are there; then rows, in one transaction: after any error the database is as it was. With
    `replace`, every row that it had is gone afterwards. Stop the program before.

    Raises `BackupDamaged`; `DatabaseNotEmpty` unless told to `replace`; `SchemaTooNew` if the
    backup or the database is of a newer version of the program; `DanglingRows` if the rows speak
    of rows that the backup lacks.
    """
    contents = check(path)
    if not migrate.is_known(contents.revision):
        raise migrate.SchemaTooNew(contents.revision)
    engine = connect(database_url)
    try:
        with zipfile.ZipFile(path) as archive, migrate.schema_transaction(engine) as connection:
            occupied = _has_rows(connection)
            if occupied and not replace:
                raise DatabaseNotEmpty("the database has rows already")
            if occupied or migrate.current_within(connection) not in (None, contents.revision):
                migrate.downgrade_within(connection, "base")
            migrate.upgrade_within(connection, contents.revision)
            store = FileStore(files_dir)
            for name in contents.sha256:
                if name.startswith("files/"):
                    store.keep(archive.read(name))
            tables = _tables(connection)
            if set(tables.tables) != set(contents.rows):
                raise BackupDamaged("the backup's tables are not those of its revision")
            with _references_unchecked(connection, tables):
                for table in tables.sorted_tables:
                    with archive.open(f"tables/{table.name}.jsonl") as lines:
                        _fill(connection, table, lines)
            _move_sequences(connection, tables)
            migrate.upgrade_within(connection)
    finally:
        engine.dispose()
    return contents


def _has_rows(connection: Connection) -> bool:
    if migrate.current_within(connection) is None:
        return False
    return any(
        connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first()
        for table in _tables(connection).sorted_tables
    )


def _fill(connection: Connection, table: Table, lines: Iterable[bytes]) -> None:
    rows = (_row(table, json.loads(line)) for line in lines)
    while batch := list(islice(rows, _ROWS_AT_ONCE)):
        connection.execute(table.insert(), batch)


@contextmanager
def _references_unchecked(connection: Connection, tables: MetaData) -> Iterator[None]:
    """Let rows come before those they refer to: an office and its parent are in one table.

    References are checked at the end. On SQLite `schema_transaction` has seen to both.
    """
    if connection.dialect.name == "sqlite":
        yield
        return
    preparer = connection.dialect.identifier_preparer
    references = [
        f"ALTER TABLE {preparer.format_table(table)} "
        f"ALTER CONSTRAINT {preparer.quote(str(key.name))}"
        for table in tables.sorted_tables
        for key in table.foreign_key_constraints
    ]
    for reference in references:
        connection.exec_driver_sql(f"{reference} DEFERRABLE INITIALLY DEFERRED")
    yield
    try:
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    except sa.exc.IntegrityError as dangling:
        raise migrate.DanglingRows(str(dangling.orig)) from dangling
    for reference in references:
        connection.exec_driver_sql(f"{reference} NOT DEFERRABLE")


def _move_sequences(connection: Connection, tables: MetaData) -> None:
    """PostgreSQL hands out ids from a sequence, which rows that bring their own do not move."""
    if connection.dialect.name == "sqlite":
        return
    preparer = connection.dialect.identifier_preparer
    for table in tables.sorted_tables:
        for column in table.primary_key:
            name = preparer.format_table(table)
            sequence = connection.scalar(sa.func.pg_get_serial_sequence(name, column.name))
            if sequence is not None:
                following = sa.func.coalesce(sa.func.max(column), 0) + 1
                connection.execute(sa.select(sa.func.setval(sequence, following, False)))


# ---------------------------------------------------------------- rows as lines


def _tables(connection: Connection) -> MetaData:
    """The tables as they are in the database, which may differ from today's models."""
    tables = MetaData()

    @event.listens_for(tables, "column_reflect")
    def _aware(_inspector: object, _table: object, column: dict[str, Any]) -> None:
        if isinstance(column["type"], sa.DateTime):
            column["type"] = UTCDateTime()

    tables.reflect(connection)
    tables.remove(tables.tables[_VERSION_TABLE])
    return tables


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    columns = [
        # Read as JSON, a NULL and a JSON null would both be None.
        sa.cast(column, sa.Text).label(column.name) if isinstance(column.type, sa.JSON) else column
        for column in table.columns
    ]
    writers = [(column.name, _forms(column)[0]) for column in table.columns]
    rows = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(
        sa.select(*columns).order_by(*table.primary_key)
    )
    for row in rows:
        line = {
            name: write(value)
            for (name, write), value in zip(writers, row, strict=True)
            if value is not None
        }
        yield json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _row(table: Table, line: Mapping[str, Any]) -> dict[str, Any]:
    unknown = line.keys() - table.columns.keys()
    if unknown:
        raise BackupDamaged(f"{table.name} has no column {sorted(unknown)}")
    return {
        column.name: _forms(column)[1](line[column.name]) if column.name in line else _null(column)
        for column in table.columns
    }


def _null(column: Column[Any]) -> Any:
    return sa.null() if isinstance(column.type, sa.JSON) else None


def _forms(column: Column[Any]) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """How a column's value is written in JSON, and how it is read again."""
    match column.type:
        case UTCDateTime():
            return datetime.isoformat, datetime.fromisoformat
        case sa.Date():
            return date.isoformat, date.fromisoformat
        case sa.LargeBinary():
            return (lambda value: base64.b64encode(value).decode()), base64.b64decode
        case sa.JSON():
            return json.loads, _same
        case sa.String() | sa.Boolean() | sa.Integer() | sa.Float():
            return _same, _same
        case other:
            raise TypeError(f"{column}: no form in a backup for {other!r}")


def _same(value: Any) -> Any:
    return value

"""Prepared statements for what runs on every message.

They are written with SQLAlchemy like all others. But SQLAlchemy's work for each execution (finding
the compiled form, ordering parameters, wrapping rows) costs several times what the database does.
Here it is done once for each engine, and the driver's own cursor does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Connection, Dialect, Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

PART: Final = 4096
"""Items of a list that are given to a database at once."""
Row = tuple[Any, ...]
Process = Callable[[Any], Any]

_INSERT: Final[Mapping[str, Callable[[Any], Any]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


class Prepared:
    """A statement that is given its parameters, by name, each time it is run.

    What the session has pending is written first, as before any query. A list, where the
    statement says `in_(bindparam(…, expanding=True))`, may have any length. What the driver raises
    is raised as SQLAlchemy would, without what was being written.
    """

    def __init__(
        self, statement: Executable | Callable[[Callable[[Any], Any]], Insert], *columns: str
    ) -> None:
        """Instead of a statement, a function that makes it with the database's own `insert`, which
        can mind what is there already. `columns` are those that an insertion is given each time.
        """
        self._statement = statement
        self._columns = columns
        self._ready: dict[Dialect, _Ready] = {}

    def all(self, db: Session, /, **values: Any) -> Sequence[Row]:
        """Run it once; returns the resulting rows."""
        return self._run(db, (values,), fetch=True)

    def among(
        self, db: Session, name: str, items: Sequence[Any], /, **values: Any
    ) -> Iterator[Row]:
        """As `all`, with a list of any length: in parts that every database takes."""
        for start in range(0, len(items), PART):
            yield from self.all(db, **{name: items[start : start + PART]}, **values)

    def first(self, db: Session, /, **values: Any) -> Row | None:
        """As `all`, the first row only, if there is one."""
        found = self.all(db, **values)
        return found[0] if found else None

    def run(self, db: Session, /, **values: Any) -> None:
        """Run it once."""
        self._run(db, (values,))

    def each(self, db: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each row of parameters; none of them may be a list to look in."""
        if rows:
            self._run(db, rows)

    def _run(
        self, db: Session, rows: Sequence[Mapping[str, Any]], *, fetch: bool = False
    ) -> Sequence[Row]:
        db.flush()
        connection = _connection(db)
        dialect = connection.dialect
        ready = self._ready.get(dialect) or self._make_ready(dialect)
        form, rows = ready.fit(rows)
        bound = [form.bound(row) for row in rows]
        driver = connection.connection
        cursor = driver.cursor()
        try:
            if len(bound) == 1:
                cursor.execute(form.sql, bound[0])
            else:
                cursor.executemany(form.sql, bound)
            return ready.read(cursor.fetchall()) if fetch else []
        except dialect.loaded_dbapi.Error as error:
            if dialect.is_disconnect(error, driver, cursor):
                connection.invalidate(error)
            any_error = dialect.loaded_dbapi.Error
            raise DBAPIError.instance(
                form.sql, None, error, any_error, hide_parameters=True, dialect=dialect
            ) from error
        finally:
            cursor.close()

    def _make_ready(self, dialect: Dialect) -> _Ready:
        statement = self._statement
        if not isinstance(statement, Executable):
            statement = statement(_INSERT[dialect.name])
        ready = self._ready[dialect] = _Ready(statement, self._columns, dialect)
        return ready


_HELD: Final = "connection"


def _connection(db: Session) -> Connection:
    """The session's connection. It is asked for once in each transaction and once in each
    savepoint, which begins when it is first asked for there."""
    nested = db.get_nested_transaction()
    within, held = db.info.get(_HELD, (None, None))
    if held is None or within is not nested or held.closed or held.invalidated:
        held = db.connection()
        db.info[_HELD] = (nested, held)
    return cast(Connection, held)


class _Form(NamedTuple):
    """A statement's text for lists of certain lengths, and the order of its parameters."""

    sql: str
    named: bool
    """Parameters go by name, not by place."""
    fixed: Mapping[str, Any]
    """The parameters that the statement itself gives."""
    binds: Sequence[tuple[str, Process | None]]
    """Every parameter in order, and what makes a value into what the driver takes."""
    lists: Mapping[str, Sequence[str]]
    """The parameters that stand for the items of each list."""

    def bound(self, values: Mapping[str, Any]) -> Any:
        given = {**self.fixed, **values} if self.fixed else values
        if self.named:
            return {name: made(given[name]) if made else given[name] for name, made in self.binds}
        return [made(given[name]) if made else given[name] for name, made in self.binds]


class _Ready:
    """A statement as one engine takes it."""

    def __init__(self, statement: Executable, columns: Sequence[str], dialect: Dialect) -> None:
        keys = list(columns) or None
        compilable = cast(Any, statement)  # each can be, but `Executable` does not say so
        compiled = compilable.compile(dialect=dialect, column_keys=keys)
        self._compiled = cast(SQLCompiler, compiled)
        if self._compiled.insert_prefetch:
            # Their tables' defaults are made by SQLAlchemy as it executes, which it does not here.
            raise TypeError(f"values are wanted for {self._compiled.insert_prefetch}")
        self._dialect = dialect
        self._params = {name: bind for bind, name in self._compiled.bind_names.items()}
        self._lists = [n for n, bind in self._params.items() if bind.expanding and bind.required]
        self._forms: dict[tuple[int, ...], _Form] = {}
        found = enumerate(getattr(statement, "exported_columns", ()))
        reads = ((at, _reader(column.type, dialect)) for at, column in found)
        self._reads = [(at, made) for at, made in reads if made is not None]
        """The columns that the driver does not give as they are meant."""

    def fit(self, rows: Sequence[Mapping[str, Any]]) -> tuple[_Form, Sequence[Mapping[str, Any]]]:
        """The form for the lists that are given, and the parameters with their items apart."""
        if not self._lists:
            return self._forms.get(()) or self._make(()), rows
        [values] = rows
        lists = {name: _padded(values[name]) for name in self._lists}
        sizes = tuple(map(len, lists.values()))
        form = self._forms.get(sizes) or self._make(sizes)
        apart = dict(values)
        for name, items in lists.items():
            apart.update(zip(form.lists[name], items, strict=True))
        return form, (apart,)

    def read(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Rows as their columns' types say."""
        if not self._reads:
            return rows
        made: list[Row] = []
        for row in map(list, rows):
            for at, process in self._reads:
                row[at] = process(row[at])
            made.append(tuple(row))
        return made

    def _make(self, sizes: tuple[int, ...]) -> _Form:
        lengths = dict(zip(self._lists, sizes, strict=True))
        wanted = [name for name, bind in self._params.items() if bind.required]
        state = self._compiled.construct_expanded_state(
            {name: [None] * lengths[name] if name in lengths else None for name in wanted}
        )
        apart = state.parameter_expansion
        whole = {item: name for name, items in apart.items() for item in items}
        names = state.positiontup or [name for name in state.parameters if name not in apart]
        binds = [(name, self._params[whole.get(name, name)]) for name in names]
        form = self._forms[sizes] = _Form(
            state.statement,
            not self._compiled.positional,
            {name: state.parameters[name] for name, bind in binds if not bind.required},
            [(name, _binder(bind.type, self._dialect)) for name, bind in binds],
            {name: apart.get(name, ()) for name in self._lists},
        )
        return form


def _reader(type_: TypeEngine[Any], dialect: Dialect) -> Process | None:
    """The function that turns what the driver gives into a value of a type."""
    made = type_.dialect_impl(dialect).result_processor(dialect, None)
    # Many rows bear the same moment, or none.
    return lru_cache(maxsize=256)(made) if made and isinstance(type_, UTCDateTime) else made


def _binder(type_: TypeEngine[Any], dialect: Dialect) -> Process | None:
    """The function that turns a value of a type into what the driver takes."""
    if isinstance(type_, UTCDateTime):
        return _moments(dialect)
    return type_.dialect_impl(dialect).bind_processor(dialect)


@lru_cache(maxsize=8)
def _moments(dialect: Dialect) -> Process | None:
    """As `_binder`, for moments. Many rows bear the same one, and to write it out takes longer
    than to find it again."""
    made = UTCDateTime().dialect_impl(dialect).bind_processor(dialect)
    return made and lru_cache(maxsize=256)(made)


def _padded(items: Iterable[Any]) -> list[Any]:
    """A list made longer, to a power of two, by its last item again: the same to whoever looks in
    it, and few lengths mean few forms."""
    padded = list(items)
    if padded:
        length = 1 << (len(padded) - 1).bit_length()
        padded += padded[-1:] * (length - len(padded))
    return padded

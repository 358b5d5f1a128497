"""What a database was asked: a list must not ask once for each of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlmodel import Session


@contextmanager
def asked(db: Session) -> Iterator[list[str]]:
    """The statements that SQLite runs meanwhile; nothing that was read before is remembered."""
    db.flush()
    db.expunge_all()
    driver: Any = db.connection().connection.driver_connection
    found: list[str] = []
    driver.set_trace_callback(found.append)
    try:
        yield found
    finally:
        driver.set_trace_callback(None)

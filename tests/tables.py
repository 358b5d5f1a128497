"""Rows that cost less than a test does: one test tries them all, and names each that is wrong."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from traceback import format_exception_only
from typing import Any


def each_row(
    names: str | Sequence[str], rows: Iterable[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`pytest.mark.parametrize` within one test, for rows that leave nothing behind."""
    columns = [names] if isinstance(names, str) else names
    known = [(row,) if isinstance(names, str) else row for row in rows]
    assert known

    def of(test: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(test)
        others = [one for one in signature.parameters.values() if one.name not in columns]

        @wraps(test)
        def every_row(**given: Any) -> None:
            wrong: list[tuple[Any, Exception]] = []
            for row in known:
                try:
                    test(**dict(zip(columns, row, strict=True)), **given)
                except Exception as fault:
                    wrong.append((row, fault))
            if wrong:
                lines = (f"{row!s:.300}: {_said(fault):.2000}" for row, fault in wrong)
                raise AssertionError(f"{len(wrong)} rows:\n{''.join(lines)}") from wrong[0][1]

        vars(every_row)["__signature__"] = signature.replace(parameters=others)
        return every_row

    return of


def _said(fault: Exception) -> str:
    return "".join(format_exception_only(fault))

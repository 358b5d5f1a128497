"""Retention at the command line: how long a cohort's entries and files are kept."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from app.terminal import AsJson, CohortNumber, Mistake, both, say
from prompts import t

commands = typer.Typer(no_args_is_help=True)


class What(StrEnum):
    """What may be deleted, as it is typed."""

    FILES = "files"
    ENTRIES = "entries"


Typed = Annotated[What, typer.Argument(help=both("retention_what"))]


@commands.command("set", help=both("retention_set"))
def set_(
    what: Typed,
    months: Annotated[int, typer.Option(min=0, help=both("retention_months"))],
    cohort: CohortNumber = None,
) -> None:
    from app import desk
    from services import retention
    from storage.tables import RetentionKind

    kind = RetentionKind(what.value)
    with desk.desk() as (db, by):
        of = desk.cohort_typed(db, cohort)
        least = retention.least_months(desk.settings().history_days)
        day = retention.set_months(db, by, of.id or 0, kind, months or None, least)
        named = {"cohort": of.name, "what": t(f"retention.what_{kind}")}
        if day is None:
            say(t("retention.kept", **named))
        else:
            say(t("retention.set", months=months, day=day, **named))


@commands.command("list", help=both("retention_list"))
def list_(as_json: AsJson = False) -> None:
    from app import desk
    from services import retention

    with desk.desk() as (db, _):
        rows = [
            {
                "cohort": cohort.name,
                "what": rule.kind.value if as_json else t(f"retention.what_{rule.kind}"),
                "months": rule.months if as_json else str(rule.months),
                "due": str(rule.announced_for or retention.due(db, rule) or ""),
                "deleted": "" if rule.done_at is None else rule.done_at.date().isoformat(),
            }
            for rule, cohort in retention.rules(db)
        ]
    desk.show_rows(rows, as_json)


@commands.command("postpone", help=both("retention_postpone"))
def postpone(what: Typed, cohort: CohortNumber = None) -> None:
    from app import desk
    from services import retention

    with desk.desk() as (db, by):
        of = desk.cohort_typed(db, cohort)
        for rule, one in retention.rules(db):
            if one.id == of.id and rule.kind == what.value:
                say(t("retention.postponed", day=retention.postpone(db, by, rule.id or 0)))
                return
        raise Mistake(t("retention.none", cohort=of.name))

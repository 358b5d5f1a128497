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
            rule = retention.rule_of(db, of.id or 0, kind)
            if rule is not None and not retention.can_be_told(db, rule):
                say(t("retention.nobody_to_tell"))


@commands.command("list", help=both("retention_list"))
def list_(as_json: AsJson = False) -> None:
    from sqlmodel import Session

    from app import desk
    from bot.talk.clock import beijing_day
    from services import retention
    from storage.tables import Retention

    def told(db: Session, rule: Retention) -> str:
        if rule.announced_for:
            return "told"
        return "not_yet" if retention.can_be_told(db, rule) else "nobody"

    with desk.desk() as (db, by):
        today = beijing_day(by.now)
        rows = [
            {
                "cohort": cohort.name,
                "what": rule.kind.value if as_json else t(f"retention.what_{rule.kind}"),
                "months": rule.months if as_json else str(rule.months),
                "due": str(retention.soonest(db, rule, today) or ""),
                "told": told(db, rule) if as_json else t(f"retention.told_{told(db, rule)}"),
                "deleted": "" if rule.done_at is None else rule.done_at.date().isoformat(),
            }
            for rule, cohort in retention.rules(db)
        ]
    desk.show_rows(rows, as_json)


@commands.command("postpone", help=both("retention_postpone"))
def postpone(what: Typed, cohort: CohortNumber = None) -> None:
    from app import desk
    from services import retention
    from storage.tables import RetentionKind

    with desk.desk() as (db, by):
        of = desk.cohort_typed(db, cohort)
        rule = retention.rule_of(db, of.id or 0, RetentionKind(what.value))
        if rule is None:
            raise Mistake(t("retention.none", cohort=of.name))
        say(t("retention.postponed", day=retention.postpone(db, by, rule.id or 0)))

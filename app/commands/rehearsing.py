"""The command that rehearses a cohort's year on a copy of the real roster."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.terminal import AsJson, Mistake, both, language, said, say, say_json, say_rows
from prompts import t

if TYPE_CHECKING:
    from services.rehearsals import Rehearsal

SVG, XLSX = ".svg", ".xlsx"


def rehearse(
    cohort: Annotated[int | None, typer.Argument(help=both("cohort_number"))] = None,
    picture: Annotated[Path | None, typer.Option("--picture", help=both("picture"))] = None,
    table: Annotated[Path | None, typer.Option("--table", help=both("rehearsal_table"))] = None,
    as_json: AsJson = False,
) -> None:
    """Play the rest of a cycle on a copy, in which nobody does anything."""
    from app import desk
    from app.rehearsal_picture import picture as drawn
    from jobs.rehearsal_table import table as listed
    from jobs.rehearsals import rehearse as played
    from services.rehearsals import note_made
    from storage.backup import DatabaseDamaged

    if picture is not None and picture.suffix != SVG:
        raise Mistake(t("cli.picture_kind"))
    if table is not None and table.suffix != XLSX:
        raise Mistake(t("cli.table_kind"))
    for file in (picture, table):
        if file is not None and file.exists():
            raise FileExistsError(file)
    with desk.desk() as (db, by):
        found = desk.cohort_typed(db, cohort)
        desk.pack_of(found)
        number = found.id or 0
        note_made(db, by, number)
    try:
        with desk.reaching_it():
            told = asyncio.run(played(desk.settings().database, number, desk.CLOCK.now()))
    except DatabaseDamaged as damage:
        raise Mistake(t("cli.database_damaged", why=damage)) from None
    if picture is not None:
        picture.write_text(drawn(told, language.get()), encoding="utf-8")
    if table is not None:
        table.write_bytes(listed(told, language.get()))
    if as_json:
        say_json(told.to_json())
    else:
        show(told)
    if picture is not None:
        say(t("cli.picture_saved", file=picture), aside=as_json)
    if table is not None:
        say(t("cli.table_saved", file=table), aside=as_json)


def show(found: Rehearsal) -> None:
    """Print the sums: by what is told, and by person."""
    from services.rehearsals import ReminderToCome, label

    say(t("rehearsal.title", cohort=found.cohort, first=found.first, last=found.last))
    if found.busiest is None:
        say(t("rehearsal.nothing"))
        return
    week, count = found.busiest
    say(t("rehearsal.sums", messages=sum(found.days.values()), week=week, count=count))
    say(t("rehearsal.assumed"))
    roles = {one.place: one.role for one in found.people}
    kinds: dict[tuple[str, str, str, str], list[ReminderToCome]] = {}
    for one in found.told:
        key = (roles[one.place].value, said(label(found.programme, one)), one.clause, one.rule)
        kinds.setdefault(key, []).append(one)
    say_rows(
        [
            {
                "reminder": what,
                "role": t(f"role.{role}"),
                "count": str(len(every)),
                "from": every[0].day.isoformat(),
                "to": every[-1].day.isoformat(),
                "clause": clause or t("reminder.why_assistant"),
            }
            for (role, what, clause, _), every in kinds.items()
        ]
    )
    say("")
    say_rows(
        [
            {
                "number": str(one.place),
                "name": one.name,
                "role": t(f"role.{one.role.value}"),
                "state": t("cli.state.here" if one.joined else "cli.state.not_joined"),
                "messages": str(one.messages),
                "things": str(one.things),
            }
            for one in found.people
        ]
    )
    if found.absent:
        say(t("rehearsal.absent", count=len(found.absent), names=found.absent))

"""官网核对 at the command line: what the official platform gave out, held against the entries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.terminal import AsJson, CohortNumber, Mistake, both, language, said, say, say_json
from prompts import t

commands = typer.Typer(no_args_is_help=True)

Output = Annotated[Path | None, typer.Option("--output", "-o", help=both("platform_output"))]


@commands.command("check", help=both("platform_check"))
def check(
    file: Annotated[Path, typer.Argument(help=both("platform_file"))],
    cohort: CohortNumber = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    from app import desk
    from app.commands.rosters import Unusable, read, write_new
    from jobs import official
    from services import official_export

    try:
        book = read(file)
    except Unusable as unusable:
        raise Mistake(unusable.words) from None
    with desk.desk() as (db, by):
        into = desk.cohort_typed(db, cohort)
        found = official_export.check(db, by, into.id or 0, book)
    if output is not None:
        write_new(output, official.sheet(found, language.get()))
    counts = {kind.value: found.count(kind) for kind in official_export.Differs}
    if as_json:
        lines = [
            {
                "name": one.name,
                "what": one.kind.value,
                "there": one.there.day.isoformat() if one.there else None,
                "here": one.here.day.isoformat() if one.here else None,
                "words": said(official.said(one)),
            }
            for one in found.found
        ]
        say_json({"rows": found.rows, "same": found.same, **counts, "differences": lines})
        return
    told = {"rows": found.rows, "same": found.same}
    say(t("official.checked" if found.found else "official.all_same", **told))
    for one in found.found:
        say(t("official.line", name=one.name, words=official.said(one)))

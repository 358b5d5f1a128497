"""Learners' dossiers at the command line: making those of a cohort, verifying one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.terminal import CohortNumber, Mistake, both, say
from prompts import t

if TYPE_CHECKING:
    from bot.talk.acting import Operator
    from jobs.dossiers import Bound
    from storage.database import Database

EVERY: Final = 50
"""Learners after which progress is told."""

commands = typer.Typer(no_args_is_help=True)


@commands.command("make", help=both("dossier_make"))
def make(
    output: Annotated[Path, typer.Option("--output", "-o", help=both("dossier_output"))],
    cohort: CohortNumber = None,
    student: Annotated[str, typer.Option(help=both("dossier_student"))] = "",
) -> None:
    from app import desk
    from services import dossiers

    if output.exists() and not output.is_dir():
        raise FileExistsError(output)
    with desk.house() as (database, by):
        with database.transaction() as db:
            found = desk.cohort_typed(db, cohort)
            desk.pack_of(found)
            members = dossiers.learners(db, found.id or 0)
            if student:
                named = [one for one in members if student in (one.person.name, str(one.id))]
                if not named:
                    told = {"name": student, "cohort": found.name}
                    raise Mistake(t("cli.dossier_other_cohort", **told))
                members = named
            learners = [(one.id, one.person.name) for one in members]
        done = asyncio.run(bind(database, by, learners, output))
    for one in done:
        if one.why is not None:
            say(t("cli.dossier_why", name=one.name, why=one.why), aside=True)
    made = sum(one.made for one in done)
    there = sum(not one.made and one.why is None for one in done)
    say(t("cli.dossiers_made", made=made, there=there, folder=output))
    if any(one.why is not None for one in done):
        raise typer.Exit(1)


async def bind(
    database: Database, by: Operator, learners: list[tuple[int, str]], folder: Path
) -> list[Bound]:
    """Make the dossiers, and tell on the way how far it is."""
    from app import desk
    from jobs.dossiers import Bindery
    from storage.signing import SigningKeys

    done: list[Bound] = []
    bindery = Bindery(database, SigningKeys(desk.settings().keys_dir))
    async for one in bindery.bind(by, learners, folder):
        done.append(one)
        if len(done) % EVERY == 0:
            say(t("cli.dossiers_so_far", count=len(done)), aside=True)
    return done


@commands.command("verify", help=both("dossier_verify"))
def verify(file: Annotated[Path, typer.Argument(help=both("dossier_file"))]) -> None:
    from app import desk
    from services import certificates, dossier_form
    from services.certified import Forged
    from storage.signing import key_name

    data = file.read_bytes()
    with desk.desk() as (db, _):
        stolen = {row.public: row.stolen_on for row in certificates.public_keys(db)}
    try:
        told, key = dossier_form.read(data, stolen)
    except Forged:
        raise Mistake(t("cli.dossier_forged", file=file)) from None
    made = {"by": told.made_by, "at": told.made_at, "key": key_name(key)}
    say(t("cli.dossier_valid", name=told.name, cohort=told.cohort, day=told.as_of, **made))
    if stolen[key]:
        # A dossier is in no list: by its day alone a true one is not told from a thief's.
        raise Mistake(t("cli.dossier_doubtful", day=stolen[key]))

"""The audit at the command line: sealing it, verifying it, packing a year of it."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.terminal import AsJson, CohortNumber, Mistake, both, language, say, say_json
from prompts import BEIJING, Text, t

if TYPE_CHECKING:
    from services.sealing import Fault, Verification
    from storage.database import Database
    from storage.tables import AuditSeal

commands = typer.Typer(no_args_is_help=True)
SHOWN: Final = 20
"""Faults that are told one by one."""
EARLIEST: Final = 2020
"""The first year of which there can be a pack."""


@commands.command("seal", help=both("audit_seal"))
def seal(as_json: AsJson = False) -> None:
    from app import desk

    with desk.house() as (database, by):
        last = desk.seal_audit(database, by)
    if as_json:
        say_json(sealed(last))
    elif last is None:
        say(t("cli.audit.nothing"))
    else:
        say(t("cli.audit.sealed", number=last.number, at=last.at, hash=last.hash))


@commands.command("verify", help=both("audit_verify"))
def verify(
    anchor: Annotated[str, typer.Option(help=both("audit_anchor"))] = "",
    as_json: AsJson = False,
) -> None:
    from app import desk

    noted = noted_hash(anchor)
    with desk.house() as (database, _):
        found = verified(database, noted)
    if as_json:
        say_json(told(found))
    else:
        for words in sentences(found):
            say(words)
    if not found.holds:
        raise typer.Exit(2)


def noted_hash(typed: str) -> str:
    """A seal's hash, or the beginning of it, as somebody noted it. Raises `Mistake`."""
    from services.sealing import ENOUGH

    noted = "".join(typed.split()).lower()
    if noted and not (ENOUGH <= len(noted) <= 64 and set(noted) <= set("0123456789abcdef")):
        raise Mistake(t("cli.audit.no_anchor", least=ENOUGH))
    return noted


def verified(database: Database, anchor: str = "") -> Verification:
    """Verify everything, a part in each transaction, so that nobody waits for the whole."""
    from app.commands.rosters import giving_way
    from services import sealing

    found = sealing.Verification(anchor)
    more = True
    while more:
        with giving_way(), database.transaction() as db:
            more = sealing.verify(db, found)
    return found


def sentences(found: Verification) -> list[Text]:
    """What verifying found, the faults first."""
    lines = [about(fault) for fault in found.faults[:SHOWN]]
    if len(found.faults) > SHOWN:
        lines.append(t("cli.audit.more", count=len(found.faults) - SHOWN))
    counts = {"rows": found.rows, "seals": found.seals}
    if not found.holds:
        lines.append(t("cli.audit.broken", count=len(found.faults), **counts))
    elif found.last is None:
        lines.append(t("cli.audit.unsealed_all", rows=found.unsealed))
    else:
        lines.append(t("cli.audit.holds", **counts))
    if found.anchored:
        lines.append(t("cli.audit.anchored", number=found.anchored))
    if found.erased:
        lines.append(t("cli.audit.erased", count=found.erased))
    if found.unsealed and found.last is not None:
        lines.append(t("cli.audit.unsealed", count=found.unsealed))
    if found.holds and found.last is not None:
        last = found.last
        lines.append(t("cli.audit.last", number=last.number, at=last.at, hash=last.hash))
    return lines


def about(fault: Fault) -> Text:
    """One fault as a sentence."""
    key = f"cli.audit.fault.{fault.kind}"
    if fault.row is None:
        return t(key, seal=fault.seal)
    when = t("cli.audit.until", before=fault.before)
    if fault.after is not None:
        when = t("cli.audit.between", after=fault.after, before=fault.before)
    return t(key, seal=fault.seal, row=fault.row, when=when)


def told(found: Verification) -> dict[str, Any]:
    return {
        "holds": found.holds,
        "rows": found.rows,
        "seals": found.seals,
        "unsealed": found.unsealed,
        "erased": found.erased,
        "anchored": found.anchored,
        "faults": [asdict(fault) for fault in found.faults],
        "last": sealed(found.last),
    }


def sealed(last: AuditSeal | None) -> dict[str, Any] | None:
    if last is None:
        return None
    return {"number": last.number, "at": last.at, "rows": last.rows, "hash": last.hash}


@commands.command("pack", help=both("audit_pack"))
def pack(
    output: Annotated[Path, typer.Option("--output", "-o", help=both("audit_output"))],
    year: Annotated[int | None, typer.Option(help=both("audit_year"))] = None,
    cohort: CohortNumber = None,
) -> None:
    from app import desk
    from app.audit_pack.pack import written
    from app.commands.rosters import giving_way
    from services import yearly
    from services.audit import note

    with desk.house() as (database, by):
        number = year or by.now.astimezone(BEIJING).year
        if not EARLIEST <= number <= by.now.astimezone(BEIJING).year:
            raise Mistake(t("yearly.no_such_year", year=number))
        called = f"audit-{number}.zip" if cohort is None else f"audit-{number}-{cohort}.zip"
        file = output / called if output.is_dir() else output
        if file.suffix != ".zip":
            raise Mistake(t("yearly.no_zip", file=file))
        if file.exists():
            raise FileExistsError(17, "", str(file))
        if not file.parent.is_dir():
            raise FileNotFoundError(2, "", str(file.parent))
        desk.seal_audit(database, by)
        verification = verified(database)
        with database.transaction() as db:
            of = desk.cohort_typed(db, cohort) if cohort is not None else None
            found = yearly.begin(db, number, of)
        more = True
        while more:
            with giving_way(), database.transaction() as db:
                more = yearly.count_acts(db, found)
        data = written(found, sentences(verification), by.now, language.get())
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(data)
        with database.transaction() as db:
            note(db, by, "audit_pack", "cohort" if of else "", of.id if of else None, year=number)
    say(t("yearly.saved", file=file))
    if not verification.holds:
        say(t("yearly.broken"), aside=True)
        raise typer.Exit(2)

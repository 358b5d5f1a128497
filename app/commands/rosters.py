"""The commands that import rosters from sheets, take imports back, and write templates."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.terminal import AsJson, CohortNumber, Mistake, both, language, said, say, say_json
from bot.talk.clock import beijing_day
from prompts import Text, t

if TYPE_CHECKING:
    from services.rostering.applying import Late
    from services.rostering.book import Book
    from services.rostering.plan import RosterPlan

commands = typer.Typer(no_args_is_help=True)

AT_ONCE: Final = 50
"""Invitations in one transaction."""
LONGEST_REST: Final = 0.2
"""Seconds."""


@commands.command("import", help=both("roster_import"))
def import_(
    file: Annotated[Path, typer.Argument(help=both("roster_file"))],
    cohort: CohortNumber = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=both("roster_dry_run"))] = False,
    as_of: Annotated[str, typer.Option("--as-of", help=both("roster_as_of"))] = "",
    columns: Annotated[list[str] | None, typer.Option("--map", help=both("roster_map"))] = None,
    rejects: Annotated[Path | None, typer.Option("--rejects", help=both("roster_rejects"))] = None,
    as_json: AsJson = False,
) -> None:
    from app import desk
    from services.rostering import applying, memory
    from services.rostering.known import look_up
    from services.rostering.plan import RosterPlan, plan

    told = dict(mapped(one) for one in columns or ())
    with desk.house() as (database, by):
        today = desk.day_typed(as_of) or beijing_day(by.now)
        with database.transaction() as db:
            into = desk.cohort_typed(db, cohort)
            number = into.id or 0
        made = RosterPlan(number, today)
        late: list[Late] = []
        try:
            book = read(file)
        except Unusable as unusable:
            made.refused = unusable.words
        else:
            with database.transaction() as db:
                if told and not dry_run:
                    memory.remember(db, by, into.office_id, told)
                own = {**memory.meanings(db, into.office_id), **told}
                here = look_up(db, into)
            # Planning takes seconds: nobody waits for the database meanwhile.
            made = plan(here, book, today, own)
            if not dry_run and made.refused is None and (made.new or made.changed):
                with database.transaction() as db:
                    running = applying.begin(db, by, number)
                for part in applying.steps(made):
                    with giving_way(), database.transaction() as db:
                        late += applying.step(db, by, running, part, today)
                with database.transaction() as db:
                    applying.finish(db, by, running, made)
    if rejects is not None and made.rejected:
        keep_rejects(made, rejects)
    if as_json:
        say_json(as_told(made, late))
    else:
        tell(made, late, dry_run=dry_run)
    if made.refused is not None:
        raise typer.Exit(2)


@commands.command("undo", help=both("roster_undo"))
def undo(cohort: CohortNumber = None, as_json: AsJson = False) -> None:
    from app import desk
    from services.rostering import applying

    with desk.house() as (database, by):
        with database.transaction() as db:
            number = desk.cohort_typed(db, cohort).id or 0
            running = applying.begin_undo(db, by, number)
        done = applying.Undone()
        while not done.over:
            with giving_way(), database.transaction() as db:
                done = applying.undo_step(db, by, running, done)
        database.clean()
    counts = {"people": done.people, "restored": done.restored, "kept": done.kept}
    if as_json:
        say_json(counts)
        return
    say(t("cli.roster.undone", **counts))
    if done.kept:
        say(t("cli.roster.undone_kept", kept=done.kept))


@commands.command("template", help=both("roster_template"))
def template(
    output: Annotated[Path, typer.Option("--output", "-o", help=both("roster_output"))],
    cohort: CohortNumber = None,
) -> None:
    from app import desk
    from jobs import workbooks
    from services.rostering import paperwork

    with desk.desk() as (db, _):
        programme = desk.pack_of(desk.cohort_typed(db, cohort))
    asked = paperwork.template(programme)
    data = workbooks.template(
        said(asked.name),
        [said(one) for one in asked.headings],
        [(column, [said(one) for one in offered]) for column, offered in asked.choices],
        [said(one) for one in asked.notes],
        said(t("rostering.note.sheet")),
    )
    write_new(output, data)
    say(t("cli.roster.template", file=output))


@commands.command("invitations", help=both("roster_invitations"))
def invitations(
    output: Annotated[Path, typer.Option("--output", "-o", help=both("roster_cards"))],
    cohort: CohortNumber = None,
    unit: Annotated[str, typer.Option("--unit", help=both("roster_unit"))] = "",
) -> None:
    import asyncio

    from app import desk
    from jobs.invitations import Invitation, print_cards
    from jobs.printing import NotPrinted
    from services import joining, roster

    if output.exists():
        raise FileExistsError(17, "", str(output))
    told = desk.settings()
    cards: list[Invitation] = []
    with desk.house() as (database, by):
        with database.transaction() as db:
            into = desk.cohort_typed(db, cohort)
            absent = roster.not_joined(db, into.id or 0)
        wanted = [one for one in absent if not unit or one.unit_name == unit]
        for start in range(0, len(wanted), AT_ONCE):
            with giving_way(), database.transaction() as db:
                for one in wanted[start : start + AT_ONCE]:
                    code = roster.invite(db, by, one.id)
                    link = next(iter(told.invitation_links(code).values()), code)
                    role = one.membership.role
                    cards.append(Invitation(one.person.name, role, one.unit_name, code, link))
    if not cards:
        raise Mistake(t("cli.roster.nobody_to_invite"))
    until = beijing_day(by.now + joining.INVITE_LIFE)
    try:
        data = asyncio.run(print_cards(cards, into.name, until, language.get()))
    except NotPrinted as why:
        raise Mistake(t("cli.roster.not_printed", why=str(why))) from None
    write_new(output, data)
    say(t("cli.roster.cards", file=output, count=len(cards), day=until))


@contextmanager
def giving_way() -> Iterator[None]:
    """Do the work within, then rest for as long as it took, at most `LONGEST_REST` seconds.

    SQLite lets one process write at a time, and does not queue those who wait. The rest lets the
    server answer people's chats in between.
    """
    began = time.monotonic()
    yield
    time.sleep(min(time.monotonic() - began, LONGEST_REST))


# ---------------------------------------------------------------- reading


class Unusable(Exception):
    """A file that cannot be read as a roster."""

    def __init__(self, words: Text) -> None:
        super().__init__(words.key)
        self.words = words


def read(file: Path) -> Book:
    """Read a sheet as the chat does, in a process of its own. Raises `Unusable`."""
    import asyncio

    from jobs.sheet_reader import MOST_BYTES
    from jobs.sheets import BookUnread, read_apart

    found = file.stat()
    if not stat.S_ISREG(found.st_mode):
        raise Unusable(t("cli.roster.no_file", file=file))
    with file.open("rb") as opened:
        # One byte more than is read tells that it is too large, however large it is.
        data = opened.read(MOST_BYTES + 1)
    try:
        return asyncio.run(read_apart(data))
    except BookUnread as unread:
        raise Unusable(t(f"rostering.unread.{unread.code}", **unread.gaps)) from None


def mapped(typed: str) -> tuple[str, str]:
    """`选手=姓名`: a heading and what it means. Raises `Mistake`."""
    from prompts import LANGUAGES, catalogue
    from services.rostering.headings import MEANINGS, plain

    heading, _, meaning = typed.rpartition("=")
    for known in MEANINGS:
        names = {known, *(catalogue(one)[f"rostering.field.{known}"] for one in LANGUAGES)}
        if plain(heading) and plain(meaning) in map(plain, names):
            return plain(heading), known
    fields = [t(f"rostering.field.{one}") for one in MEANINGS]
    raise Mistake(t("cli.roster.no_meaning", typed=typed, known=fields))


# ---------------------------------------------------------------- telling


def as_told(made: RosterPlan, late: list[Late]) -> dict[str, Any]:
    rejected = [{"row": one.number, "reason": said(one.reason)} for one in made.rejected]
    rejected += [{"row": row, "reason": said(words)} for row, words in late]
    return {
        **made.counts,
        "rejected": rejected,
        "warnings": [{"row": row, "reason": said(words)} for row, words in made.warnings],
        "refused": None if made.refused is None else said(made.refused),
    }


def tell(made: RosterPlan, late: list[Late], *, dry_run: bool) -> None:
    if made.refused is not None:
        say(made.refused, aside=True)
        return
    say(t("cli.roster.would" if dry_run else "cli.roster.done", **made.counts))
    for number, words in [*((one.number, one.reason) for one in made.rejected), *late]:
        say(t("cli.roster.rejected", row=number, why=words))
    for number_, words in made.warnings:
        key = "cli.roster.warning" if number_ is not None else "cli.warning"
        say(t(key, row=number_, why=words, warning=words))


def keep_rejects(made: RosterPlan, file: Path) -> None:
    from jobs import workbooks
    from services.rostering import paperwork

    sheets = [(one.name, one.above, one.below) for one in paperwork.returned(made, language.get())]
    write_new(file, workbooks.rejected(sheets))
    say(t("cli.roster.rejects_kept", file=file, count=len(made.rejected)), aside=True)


def write_new(file: Path, data: bytes) -> None:
    """Write a file that only its owner reads, and that was not there before."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(data)

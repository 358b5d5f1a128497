"""The commands about programmes: what there is, what a pack says, whether it is in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands import drafting
from app.terminal import (
    AsJson,
    Mistake,
    ProgrammeKey,
    both,
    explained,
    find_programme,
    near,
    said,
    say,
    say_json,
    say_rows,
)
from prompts import Text, Words, t

if TYPE_CHECKING:
    from answers.passages import Passages
    from programmes.check import Problem
    from programmes.model import Fact, Programme

commands = typer.Typer(no_args_is_help=True)
commands.command("new", help=both("programme_new"))(drafting.new)


@commands.command("list", help=both("programme_list"))
def list_(as_json: AsJson = False) -> None:
    from app import pack_folders
    from programmes.catalogue import all_programmes, own_pack

    every = all_programmes()
    for words in pack_folders.troubles():
        say(words, aside=True)
    if as_json:
        say_json(
            [
                {
                    "key": programme.key,
                    "name": programme.name,
                    "first_day": programme.cycle.first_day,
                    "last_day": programme.cycle.last_day,
                    "carried_from": programme.carried_from,
                    "file": own_pack(programme.key),
                }
                for programme in every
            ]
        )
        return
    say_rows(
        [
            {
                "key": programme.key,
                "name": programme.name,
                "cycle": f"{programme.cycle.first_day} – {programme.cycle.last_day or ''}",
                "note": note(programme),
            }
            for programme in every
        ]
    )


def note(programme: Programme) -> Words:
    """The note on a pack in a list: carried over from last year, or the office's own."""
    from programmes.catalogue import own_pack

    if programme.provisional:
        return t("cli.carried", key=programme.carried_from)
    file = own_pack(programme.key)
    return "" if file is None else t("cli.own_pack", file=file)


@commands.command("show", help=both("programme_show"))
def show(
    key: ProgrammeKey,
    section: Annotated[str, typer.Option(help=both("section"))] = "",
    as_json: AsJson = False,
) -> None:
    programme = find_programme(key)
    sections: dict[str, list[tuple[str, Fact[Any]]]] = {}
    for path, fact in programme.facts():
        name, _, leaf = path.partition(".")
        sections.setdefault(name, []).append((leaf, fact))
    if section and section not in sections:
        known = near(section, sections)
        raise Mistake(t("cli.no_such_section", section=section, known=known))
    if as_json:
        whole = programme.model_dump(mode="json", by_alias=True)
        say_json(whole[section] if section else whole)
        return
    say(t("cli.programme_title", name=programme.name, key=programme.key))
    if programme.provisional:
        say(t("programme.provisional", key=programme.carried_from))
    for name, facts in sections.items():
        if section in ("", name):
            say(t("cli.section_title", title=t(f"cli.section.{name}"), name=name))
            width = max(len(leaf) for leaf, _ in facts)
            for leaf, fact in facts:
                say(f"  {leaf:<{width}}  {said(told(fact))}")


def told(fact: Fact[Any]) -> Text:
    """What a fact says, its clause and its status."""
    if not fact.clause:
        return t("cli.fact_silent", status=t(f"programme.status.{fact.status}"))
    words: Words = "；".join(fact.words)
    if not words and isinstance(fact.value, tuple):
        words = "；".join(str(getattr(item, "name", item)) for item in fact.value)
    key = "cli.fact" if fact.status == "stated" else "cli.fact_unsure"
    status = t(f"programme.status.{fact.status}")
    return t(key, words=words or str(fact.value), clause=fact.clause, status=status)


@commands.command("check", help=both("programme_check"))
def check(
    files: Annotated[list[Path] | None, typer.Argument(help=both("files"))] = None,
) -> None:
    from programmes.catalogue import every_key, own_pack
    from programmes.check import check_file, doubts

    own = [path for key in every_key() if (path := own_pack(key)) is not None]
    if not files and not own:
        raise Mistake(t("cli.no_packs"))
    faulty = 0
    for path in files or own:
        problems = check_file(path)
        faulty += bool(problems)
        for problem in problems:
            say(explained(problem))
        if problems:
            continue
        odd = [*doubts(path), *at_odds(path)]
        for doubt in odd:
            say(t("cli.warning", warning=explained(doubt)))
        say(t("cli.pack_odd" if odd else "cli.pack_fine", file=path, count=len(odd)))
    if faulty:
        raise Mistake(t("cli.packs_faulty", count=faulty))


def at_odds(path: Path) -> Iterator[Problem]:
    """Where a pack disagrees with the other packs or with the loaded documents."""
    from app import desk
    from programmes.catalogue import all_programmes
    from programmes.check import examine, uncited, unlike

    programme, _ = examine(path)
    if programme is None:
        return
    yield from unlike(path, programme, all_programmes())
    library, _ = desk.known()
    if of(library, programme.key):
        yield from uncited(path, programme, lambda clause: library.at(programme.key, clause))


def of(library: Passages, key: str) -> bool:
    """Whether a document of this programme has been loaded."""
    return any(passage.programme == key for passage in library.all)


@commands.command("roll", help=both("programme_roll"))
def roll(
    key: ProgrammeKey,
    year: Annotated[int, typer.Argument(help=both("year"))],
    output: Annotated[Path | None, typer.Option("--output", "-o", help=both("output"))] = None,
) -> None:
    from programmes import rollover
    from programmes.catalogue import text_of

    programme = find_programme(key)
    if not programme.edition < year < 9999:
        raise Mistake(t("cli.year_not_later", year=year, edition=programme.edition))
    rolled = rollover.roll(text_of(key), programme, year)
    if output is None:
        typer.echo(rolled, nl=False)
        return
    with output.open("x", encoding="utf-8") as file:
        file.write(rolled)
    say(t("cli.rolled", file=output, edition=programme.edition))

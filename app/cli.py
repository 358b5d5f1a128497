"""The command line: what may be typed, and what it means.

What goes wrong is told in one sentence, and the exit code is 2. What a command needs is imported
when it runs, so that the small ones start at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import structlog
import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from app import pack_folders
from app.commands import (
    asking,
    auditing,
    certificates,
    documents,
    dossiers,
    handovers,
    hearing,
    help_contacts,
    inquiries,
    official,
    programmes,
    rehearsing,
    retention,
    rosters,
    simulating,
)
from app.terminal import (
    AsJson,
    CohortNumber,
    Mistake,
    ProgrammeKey,
    both,
    find_programme,
    language,
    say,
    say_json,
)
from prompts import LANGUAGES, Language, Text, t

if TYPE_CHECKING:
    from app.main import App

WENT_WRONG: Final = 2
"""The exit code for whatever was not done."""


# ---------------------------------------------------------------- the program


class Root(TyperGroup):
    """All commands. `--lang` and `--programmes` may stand anywhere; what goes wrong becomes one
    sentence."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        words = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        before = language.set("zh")
        # What is written here is people's data: nobody else on the machine reads it.
        mask = os.umask(0o077)
        # What a command prints is its answer, and may be read by a machine.
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        try:
            language.set(take_language(words))
            pack_folders.put_on_the_shelf(take_directory(words))
            code = super().main(words, *rest, **extra)
        except TyperException as error:
            # A group without a command has shown its help already.
            code = complain(wrongly_typed(error)) if error.format_message() else 0
        except Mistake as mistake:
            code = complain(mistake.words)
        except OSError as error:
            code = complain(trouble_with_file(error))
        finally:
            os.umask(mask)
            language.reset(before)
        sys.exit(code or 0)


def take_language(words: list[str]) -> Language:
    """Take `--lang xx` out of what was typed. Raises `Mistake` for an unknown one."""
    for place, word in enumerate(words):
        option, joined, given = word.partition("=")
        if option == "--lang":
            given = given if joined else "".join(words[place + 1 : place + 2])
            del words[place : place + (1 if joined else 2)]
            for known in LANGUAGES:
                if known == given:
                    return known
            raise Mistake(t("cli.no_such_language", given=given, known=list(LANGUAGES)))
    return "zh"


def take_directory(words: list[str]) -> Path | None:
    """Take `--programmes DIR` out of what was typed."""
    for place, word in enumerate(words):
        option, joined, given = word.partition("=")
        if option == "--programmes":
            given = given if joined else "".join(words[place + 1 : place + 2])
            del words[place : place + (1 if joined else 2)]
            return Path(given)
    return None


def complain(words: Text) -> int:
    say(words, aside=True)
    return WENT_WRONG


def wrongly_typed(error: TyperException) -> Text:
    """The mistake in what was typed, and which help to read."""
    context = getattr(error, "ctx", None)
    parameter = getattr(error, "param", None)
    names = parameter.opts if parameter else [getattr(error, "option_name", "")]
    told = {
        "what": "/".join(name if name.startswith("-") else name.upper() for name in names),
        "why": error.format_message(),
        "command": context.command_path if context else "yingcai",
    }
    match type(error).__name__:
        case "MissingParameter":
            return t("cli.usage.missing", **told)
        case "NoSuchOption":
            return t("cli.usage.option", **told)
        case "BadParameter":
            return t("cli.usage.value", **told)
        case _:
            return t("cli.usage.other", **told)


def trouble_with_file(error: OSError) -> Text:
    name = error.filename or next(iter(error.args), "")
    match error:
        case FileExistsError():
            return t("cli.file_exists", file=name)
        case FileNotFoundError():
            return t("cli.no_such_file", file=name)
        case _:
            return t("cli.file_trouble", file=name, why=error.strerror or str(error))


app = typer.Typer(
    cls=Root,
    help=both("all"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def group(name: str, help_key: str = "") -> typer.Typer:
    made = typer.Typer(no_args_is_help=True)
    app.add_typer(made, name=name, help=both(help_key or name))
    return made


cohorts = group("cohort")
units = group("unit", "units")
people = group("person")
database = group("database")
app.add_typer(programmes.commands, name="programme", help=both("programme"))
app.command("ask", help=both("ask"))(asking.ask)
app.command("hear", help=both("hear"))(hearing.hear)
app.command("rehearse", help=both("rehearse"))(rehearsing.rehearse)
app.command("simulate", help=both("simulate"))(simulating.simulate)
app.add_typer(certificates.commands, name="certificate", help=both("certificate"))
app.add_typer(dossiers.commands, name="dossier", help=both("dossier"))
app.add_typer(auditing.commands, name="audit", help=both("audit"))
app.add_typer(asking.faq, name="faq", help=both("faq"))
app.add_typer(documents.commands, name="document", help=both("document"))
app.add_typer(help_contacts.commands, name="help-contact", help=both("help_contact"))
app.add_typer(handovers.commands, name="handover", help=both("handover"))
app.add_typer(official.commands, name="platform", help=both("platform"))
app.add_typer(retention.commands, name="retention", help=both("retention"))
app.add_typer(rosters.commands, name="roster", help=both("roster"))
app.add_typer(inquiries.commands, name="questions", help=both("questions"))

Who = Annotated[str, typer.Argument(help=both("who"))]
Archive = Annotated[Path, typer.Argument(help=both("archive"))]


def main() -> None:
    app()


# ---------------------------------------------------------------- serving


@app.command("serve", help=both("serve"))
def serve(
    host: Annotated[str | None, typer.Option(help=both("host"))] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help=both("port"))] = None,
    demo: Annotated[bool, typer.Option("--demo", help=both("demo"))] = False,
    demo_of: Annotated[str, typer.Option("--demo-of", help=both("demo_of"))] = "",
) -> None:
    import asyncio

    from app.demo import PROGRAMME, make_demo, sign_in_links
    from app.desk import CLOCK, reaching_it, settings
    from app.main import CannotServe, NotInstalled
    from app.main import serve as run
    from services import roster

    given = {name: it for name, it in (("host", host), ("port", port)) if it is not None}
    base = settings()
    in_force = base.model_copy(update={"web": base.web.model_copy(update=given)})
    url = in_force.site_url

    def ready(house: App) -> None:
        now = CLOCK.now()
        with house.database.transaction() as db:
            shown = demo_of or (PROGRAMME if demo else "")
            if shown and make_demo(db, now, language.get(), shown) is None:
                say(t("cli.demo_elsewhere"))
            links = sign_in_links(db, now, url)
            missing = roster.without_pack(db)
        for words in (*pack_folders.troubles(), *missing):
            say(words, aside=True)
        if in_force.web.enabled:
            say(t("cli.serving", url=url))
        for one in links:
            named = t("watch.student_of", name=one.name, unit=one.unit) if one.unit else one.name
            say(t("cli.demo_link", role=t(f"role.{one.role}"), name=named, link=one.url))

    try:
        with reaching_it():
            asyncio.run(run(in_force, ready))
    except NotInstalled as missing:
        raise Mistake(t("cli.not_installed", library=str(missing))) from None
    except CannotServe as taken:
        raise Mistake(t("cli.cannot_serve", url=url, why=str(taken))) from None


# ---------------------------------------------------------------- cohorts and people


@cohorts.command("create", help=both("cohort_create"))
def cohort_create(
    programme: ProgrammeKey,
    name: Annotated[str, typer.Option(help=both("cohort_name"))] = "",
    office: Annotated[str, typer.Option(help=both("office"))] = "",
) -> None:
    from app import desk

    desk.create_cohort(find_programme(programme).key, name, office)


@cohorts.command("list", help=both("cohort_list"))
def cohort_list(as_json: AsJson = False) -> None:
    from app import desk

    desk.list_cohorts(as_json)


@cohorts.command("show", help=both("cohort_show"))
def cohort_show(
    number: Annotated[int | None, typer.Argument(help=both("cohort_number"))] = None,
    as_json: AsJson = False,
) -> None:
    from app import desk

    desk.show_cohort(number, as_json)


@units.command("add", help=both("unit_add"))
def unit_add(
    name: Annotated[str, typer.Argument(help=both("unit_name"))],
    kind: Annotated[str, typer.Option(help=both("unit_kind"))],
    under: Annotated[str, typer.Option(help=both("unit_under"))] = "",
) -> None:
    from app import desk

    desk.add_unit(name, kind, under)


@units.command("put", help=both("unit_put"))
def unit_put(
    name: Annotated[str, typer.Argument(help=both("unit_name"))],
    under: Annotated[str, typer.Option(help=both("unit_under"))] = "",
) -> None:
    from app import desk

    desk.put_unit(name, under)


@units.command("list", help=both("unit_list"))
def unit_list(as_json: AsJson = False) -> None:
    from app import desk

    desk.list_units(as_json)


@people.command("add", help=both("person_add"))
def person_add(
    name: Annotated[str, typer.Argument(help=both("name"))],
    role: Annotated[str, typer.Option(help=both("role"))],
    cohort: CohortNumber = None,
    unit: Annotated[str, typer.Option(help=both("unit"))] = "",
    subject: Annotated[str, typer.Option(help=both("subject"))] = "",
    grade: Annotated[str, typer.Option(help=both("grade"))] = "",
    birth_date: Annotated[str, typer.Option(help=both("birth_date"))] = "",
    since: Annotated[str, typer.Option(help=both("since"))] = "",
    same_as: Annotated[int | None, typer.Option(help=both("same_as"))] = None,
) -> None:
    from app import desk

    desk.add_person(
        name,
        role,
        cohort,
        unit_name=unit,
        subject=subject,
        grade=grade,
        birth_date=birth_date,
        since=since,
        same_as=same_as,
    )


@people.command("list", help=both("person_list"))
def person_list(
    cohort: CohortNumber = None,
    role: Annotated[str, typer.Option(help=both("role"))] = "",
    ended: Annotated[bool, typer.Option("--ended", help=both("ended"))] = False,
    as_json: AsJson = False,
) -> None:
    from app import desk

    desk.list_people(cohort, role, ended, as_json)


@people.command("show", help=both("person_show"))
def person_show(who: Who, as_json: AsJson = False) -> None:
    from app import desk

    desk.show_person(who, as_json)


@people.command("link", help=both("person_link"))
def person_link(
    student: Who, other: Annotated[str, typer.Argument(help=both("link_other"))]
) -> None:
    from app import desk

    desk.link_people(student, other)


@people.command("consent", help=both("person_consent"))
def person_consent(
    child: Who,
    guardian: Annotated[str, typer.Argument(help=both("consent_guardian"))],
    on: Annotated[str, typer.Option("--on", help=both("consent_on"))] = "",
) -> None:
    from app import desk

    desk.record_consent(child, guardian, on)


@people.command("consent-text", help=both("consent_text"))
def consent_text() -> None:
    from services import consent

    words = consent.words_of(language.get())
    say(t("cli.consent_words", words=words, version=consent.version_of(words)))


@people.command("end", help=both("person_end"))
def person_end(who: Who, reason: Annotated[str, typer.Option(help=both("reason"))]) -> None:
    from app import desk

    desk.end_person(who, reason)


@people.command("unlink", help=both("person_unlink"))
def person_unlink(
    student: Who, other: Annotated[str, typer.Argument(help=both("link_other"))]
) -> None:
    from app import desk

    desk.unlink_people(student, other)


@people.command("correct", help=both("person_correct"))
def person_correct(
    who: Who,
    name: Annotated[str, typer.Option(help=both("new_name"))] = "",
    birth_date: Annotated[str, typer.Option(help=both("birth_date"))] = "",
) -> None:
    from app import desk

    desk.correct_person(who, name, birth_date)


@people.command("export", help=both("person_export"))
def person_export(
    who: Who, file: Annotated[Path, typer.Argument(help=both("export_file"))]
) -> None:
    from app import desk

    desk.export_person(who, file)


@people.command("erase", help=both("person_erase"))
def person_erase(
    who: Who, yes: Annotated[bool, typer.Option("--yes", help=both("yes"))] = False
) -> None:
    from app import desk

    desk.erase_person(who, yes=yes)


@people.command("hours", help=both("person_hours"))
def person_hours(cohort: CohortNumber = None, as_json: AsJson = False) -> None:
    from app import desk

    desk.list_hours(cohort, as_json)


# ---------------------------------------------------------------- rights


@app.command("rights", help=both("rights"))
def rights() -> None:
    from app.rights_page import page

    typer.echo(page(), nl=False)


# ---------------------------------------------------------------- ways in


@app.command("invite", help=both("invite"))
def invite(
    who: Annotated[list[str], typer.Argument(help=both("who"))],
    qr: Annotated[Path | None, typer.Option(help=both("qr"))] = None,
    as_json: AsJson = False,
) -> None:
    from app import desk
    from services.joining import INVITE_LIFE

    if qr is not None and qr.suffix not in (".svg", ".png"):
        raise Mistake(t("cli.qr_kind"))
    made = desk.invite(who)
    if as_json:
        say_json(made)
    for one in made:
        link = next(iter(one["links"].values()), one["code"])
        if not as_json:
            role, days = t(f"role.{one['role']}"), INVITE_LIFE.days
            say(t("cli.invited", name=one["person"], role=role, code=one["code"], days=days))
            for messenger, address in one["links"].items():
                say(t(f"cli.invite_{messenger}", link=address))
        if qr is not None:
            file = qr if len(made) == 1 else qr.with_stem(f"{qr.stem}-{one['number']}")
            draw(link, file)
            say(t("cli.qr_saved", file=file), aside=as_json)
        elif not as_json:
            draw(link)


def draw(link: str, file: Path | None = None) -> None:
    """Draw a link as a QR code, in a file or on the terminal."""
    import segno

    code = segno.make(link, error="m", micro=False)
    if file is None:
        code.terminal(out=sys.stdout, compact=True)
    else:
        code.save(str(file), scale=8)


@app.command("sign-in", help=both("sign_in"))
def sign_in(who: Who) -> None:
    from app import desk

    desk.sign_in(who)


@app.command("sign-out", help=both("sign_out"))
def sign_out(who: Who) -> None:
    from app import desk

    desk.sign_out(who)


# ---------------------------------------------------------------- keeping it safe


@app.command("backup", help=both("backup"))
def backup(file: Archive) -> None:
    from app import desk
    from storage import backup as archives

    at = desk.settings()
    last = desk.seal_before_backup()
    try:
        with desk.reaching_it():
            made = archives.backup(
                at.database, at.files_dir, file, desk.CLOCK.now(), pack_folders.of_ones_own
            )
    except (archives.DatabaseDamaged, ValueError) as error:
        raise Mistake(t("cli.not_backed_up", why=error)) from None
    desk.note_backup(file)
    files = sum(name.startswith("files/") for name in made.sha256)
    say(t("cli.backed_up", file=file, rows=sum(made.rows.values()), files=files))
    if made.packs:
        say(t("cli.packs_backed_up", keys=list(made.packs)))
    if last is not None:
        say(t("cli.audit.sealed", number=last.number, at=last.at, hash=last.hash))
    if made.missing:
        say(t("cli.files_missing", count=len(made.missing), hashes=made.missing))


@app.command("restore", help=both("restore"))
def restore(
    file: Archive,
    replace: Annotated[bool, typer.Option("--replace", help=both("replace"))] = False,
) -> None:
    from app import desk
    from storage import backup as archives
    from storage import migrate

    at = desk.settings()
    try:
        with desk.reaching_it():
            held = archives.restore(file, at.database, at.files_dir, replace=replace)
    except archives.DatabaseNotEmpty:
        raise Mistake(t("cli.not_empty")) from None
    except (archives.BackupDamaged, migrate.DanglingRows) as error:
        raise Mistake(t("cli.backup_damaged", why=error)) from None
    say(t("cli.restored", at=held.created_at, rows=sum(held.rows.values())))
    for words in pack_folders.bring_back(file, held, at.packs_dir):
        say(words)


@database.command("upgrade", help=both("database_upgrade"))
def database_upgrade() -> None:
    from app import desk
    from storage import migrate

    with desk.opened() as here:
        steps = migrate.pending(here)
        migrate.upgrade(here)
        say(t("cli.upgraded" if steps else "cli.up_to_date", revision=migrate.head()))


@database.command("current", help=both("database_current"))
def database_current() -> None:
    from app import desk
    from storage import migrate

    with desk.opened() as here:
        at = migrate.current(here) or t("cli.no_schema")
        say(t("cli.schema", at=at, head=migrate.head()))

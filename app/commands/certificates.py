"""Certificates at the command line: keys, issuing, showing, revoking, verifying."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.terminal import AsJson, Mistake, both, said, say, say_json, say_rows
from prompts import Text, Words, t

if TYPE_CHECKING:
    from bot.talk.acting import Operator
    from jobs.certificates import Handled, Press
    from services.certificates import Candidate, Issued

EVERY = 50
"""Certificates after which progress is told."""

commands = typer.Typer(no_args_is_help=True)
Number = Annotated[str, typer.Argument(help=both("certificate_number"))]


@commands.command("issue", help=both("certificate_issue"))
def issue(
    cohort: Annotated[int | None, typer.Argument(help=both("cohort_number"))] = None,
    person: Annotated[list[str] | None, typer.Option(help=both("certificate_person"))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=both("certificate_dry_run"))] = False,
    as_json: AsJson = False,
) -> None:
    from app import desk
    from bot.talk.clock import beijing_day
    from services import certificates

    with desk.desk() as (db, by):
        found = desk.cohort_typed(db, cohort)
        desk.pack_of(found)
        members = [desk.member_typed(db, who) for who in person] if person else None
        if any(one.membership.cohort_id != found.id for one in members or ()):
            raise Mistake(t("cli.certificate_other_cohort", cohort=found.name))
        number = found.id or 0
        standing = certificates.candidates(db, found, beijing_day(by.now), members)
    if dry_run:
        show_standing(standing, as_json)
        return
    only = None if members is None else [one.id for one in members]
    made = asyncio.run(run(by, number, only))
    if as_json:
        say_json(
            [
                {
                    "member": one.member,
                    "person": one.name,
                    "number": one.number,
                    "why": said(one.why) if one.why else "",
                }
                for one in made
            ]
        )
        return
    say(t("cli.certificates_issued", count=sum(bool(one.number) for one in made)))
    say_rows(
        [
            {
                "number": str(one.member),
                "person": one.name,
                "certificate": one.why or one.number,
            }
            for one in made
        ]
    )


async def run(by: Operator, cohort: int, only: list[int] | None) -> list[Handled]:
    """Issue, and tell on the way how far it is. Raises `Mistake`."""
    from app import desk
    from bot.talk.acting import Refused

    made: list[Handled] = []
    with desk.opened() as database:
        try:
            at = press(database)
            async for one in at.issue(by, cohort, await at.learners(by, cohort, only)):
                made.append(one)
                if len(made) % EVERY == 0:
                    say(t("cli.certificates_so_far", count=len(made)), aside=True)
        except Refused as refused:
            raise Mistake(refused.words) from None
    return made


def press(database: Any) -> Press:
    from app import desk
    from jobs.certificates import Press
    from storage.files import FileStore
    from storage.signing import SigningKeys

    told = desk.settings()
    keys = SigningKeys(told.keys_dir)
    return Press(database, FileStore(told.files_dir), keys, told.web.address_for_all)


def show_standing(standing: list[Candidate], as_json: bool) -> None:
    """Print how each learner stands, without issuing anything."""
    from services import certificates

    if as_json:
        say_json(
            [
                {
                    "member": one.member.id,
                    "person": one.member.person.name,
                    "standing": one.standing.value,
                    "outcome": one.outcome,
                    "number": one.certificate.number if one.certificate else "",
                }
                for one in standing
            ]
        )
        return
    rows: list[dict[str, Words]] = [
        {
            "number": str(one.member.id),
            "person": one.member.person.name,
            "certificate": certificates.why(one),
        }
        for one in standing
    ]
    say_rows(rows)
    say(t("cli.certificates_ready", count=sum(one.standing == "ready" for one in standing)))


@commands.command("show", help=both("certificate_show"))
def show(
    number: Number,
    save: Annotated[Path | None, typer.Option(help=both("certificate_save"))] = None,
    as_json: AsJson = False,
) -> None:
    from app import desk
    from services import certificates
    from storage.files import FileStore
    from storage.tables import File

    if save is not None and save.exists():
        raise FileExistsError(save)
    with desk.desk() as (db, _):
        found = numbered(db, number)
        told = about(found, certificates.facts_of(db, found.certificate).model_dump(mode="json"))
        kept = db.get(File, found.certificate.file_id) if found.certificate.file_id else None
    if save is not None:
        if kept is None:
            raise Mistake(t("cli.certificate_no_pdf"))
        save.write_bytes(FileStore(desk.settings().files_dir).read(kept.sha256))
    tell(told, as_json)
    if save is not None:
        say(t("cli.certificate_saved", file=save), aside=as_json)


@commands.command("revoke", help=both("certificate_revoke"))
def revoke(number: Number, reason: Annotated[str, typer.Option(help=both("reason"))]) -> None:
    from app import desk
    from services import certificates

    with desk.desk() as (db, by):
        found = numbered(db, number)
        certificates.revoke(db, by, found.certificate.id or 0, reason.strip())
        say(t("cli.certificate_revoked", number=number))


@commands.command("reissue", help=both("certificate_reissue"))
def reissue(number: Number) -> None:
    from app import desk
    from bot.talk.acting import Refused

    with desk.desk() as (db, by):
        row = numbered(db, number).certificate

    async def anew() -> list[Handled]:
        with desk.opened() as database:
            return [one async for one in press(database).again(by, row.cohort_id, row.id or 0)]

    try:
        [made] = asyncio.run(anew())
    except Refused as refused:
        raise Mistake(refused.words) from None
    if made.why:
        raise Mistake(made.why)
    say(t("cli.certificate_reissued", number=number, made=made.number))


@commands.command("verify", help=both("certificate_verify"))
def verify(
    words: Annotated[str, typer.Argument(help=both("certificate_words"))], as_json: AsJson = False
) -> None:
    from app import desk
    from services import certificates, certified

    token = words.strip().rpartition("#")[2]
    with desk.desk() as (db, _):
        keys = [row.public for row in certificates.public_keys(db)]
        try:
            facts, _key = certified.read(token, keys)
        except certified.Forged:
            raise Mistake(t("cli.certificate_forged")) from None
        found = certificates.looked_up(db, certified.token_hash(token))
    if found is None:
        raise Mistake(t("cli.certificate_unknown"))
    tell(about(found, facts.model_dump(mode="json")), as_json)


@commands.command("key", help=both("certificate_key"))
def key() -> None:
    from app import desk
    from services import certificates
    from storage.signing import SigningKeys, key_name

    folder = desk.settings().keys_dir
    with desk.desk() as (db, by):
        made = certificates.make_key(db, by, SigningKeys(folder))
        say(t("cli.certificate_key_made", name=key_name(made.public), folder=folder))


@commands.command("stolen", help=both("certificate_stolen"))
def stolen(
    name: Annotated[str, typer.Argument(help=both("certificate_key_name"))],
    since: Annotated[str, typer.Option(help=both("certificate_since"))],
) -> None:
    from app import desk
    from services import certificates
    from storage.signing import SigningKeys, key_name

    folder = desk.settings().keys_dir
    with desk.desk() as (db, by):
        day = desk.day_typed(since)
        if day is None:
            raise Mistake(t("cli.not_a_day", typed=since))
        doubted, signs = certificates.mark_stolen(
            db, by, name.strip().lower(), day, SigningKeys(folder)
        )
        numbers = [row.number for row in doubted]
        now = key_name(signs.public)
    say(t("cli.certificate_key_stolen", name=name, day=day, now=now, count=len(numbers)))
    for number in numbers:
        say(f"  {number}")


@commands.command("keys", help=both("certificate_keys"))
def keys(as_json: AsJson = False) -> None:
    from app import desk
    from services import certificates
    from storage.signing import SigningKeys, key_name

    held = SigningKeys(desk.settings().keys_dir)
    with desk.desk() as (db, _):
        rows = [
            {
                "name": key_name(row.public),
                "made_at": row.made_at,
                "public": row.public.hex(),
                "signs": held.holds(row.public) and row.stolen_on is None,
                "stolen_on": row.stolen_on,
            }
            for row in certificates.public_keys(db)
        ]
    if as_json:
        say_json(rows)
        return
    for row in rows:
        signs = t("cli.certificate_key_signs" if row["signs"] else "cli.certificate_key_verifies")
        if row["stolen_on"]:
            signs = t("cli.certificate_key_was_stolen", day=row["stolen_on"])
        say(t("cli.certificate_key_row", name=row["name"], at=row["made_at"], signs=signs))
        say(f"  {row['public']}")
    if not rows:
        say(t("cli.nothing"))


@commands.command("page", help=both("certificate_page"))
def page(
    file: Annotated[Path, typer.Option("--output", "-o", help=both("certificate_page_file"))],
) -> None:
    from app import desk
    from app.verification.page import saved
    from bot.talk.clock import beijing_day
    from services import certificates

    if file.exists():
        raise FileExistsError(file)
    with desk.desk() as (db, by):
        keys = certificates.public_keys(db)
        revoked, vouched = certificates.revoked_hashes(db), certificates.vouched_hashes(db)
        words = saved(keys, revoked, vouched, beijing_day(by.now))
    file.write_text(words, encoding="utf-8")
    say(t("cli.certificate_page_saved", file=file, keys=len(keys), revoked=len(revoked)))


# ---------------------------------------------------------------- what is shown


def numbered(db: Any, number: str) -> Issued:
    """The certificate that bears a number. Raises `Mistake`."""
    from services import certificates

    found = certificates.numbered(db, number.strip().upper())
    if found is None:
        raise Mistake(t("certificate.none_such"))
    return found


def about(found: Issued, facts: dict[str, Any]) -> dict[str, Any]:
    """What a certificate says, and whether it holds."""
    revoked = found.revocation
    return {
        **facts,
        "state": found.state,
        "revoked_at": revoked.at if revoked else None,
        "reason": revoked.reason if revoked else "",
    }


def tell(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json(told)
        return
    for name, value in told.items():
        if value not in (None, ""):
            shown: Text | str = value
            if name == "state":
                shown = t(f"certificate.state_{value}")
            say(t("cli.detail", label=t(f"certificate.fact_{name}"), value=shown))

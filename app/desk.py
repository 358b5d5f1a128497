"""The roster at the command line: finds people by what is typed, and prints tables."""

from __future__ import annotations

import difflib
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import Session

from answers.curated import Office
from answers.passages import Passages
from app.settings import Settings
from app.terminal import (
    Mistake,
    programmes_folder,
    said,
    say,
    say_json,
    say_rows,
    warn,
)
from bot.platforms.web.uploads import forget_uploads
from bot.talk.acting import Operator, Refused
from bot.talk.clock import Clock, SystemClock, beijing_day
from bot.talk.inputs import length
from jobs.copies import archive
from programmes.catalogue import all_programmes, load
from programmes.model import Programme
from programmes.values import Grade
from prompts import LANGUAGES, Text, Words, catalogue, t
from services import (
    documents,
    guardians,
    inquiries,
    joining,
    packs,
    persons,
    roster,
    sealing,
    service_hours,
)
from services.access import cohort_of, learner_at, may_keep
from services.audit import note, note_refusal
from services.roster import RUN_COHORTS, UNIT_OF, Member, Presence
from storage import migrate
from storage.database import (
    DAMAGED,
    FULL,
    READ_ONLY,
    DamagedDatabase,
    Database,
    database_trouble,
)
from storage.files import FileStore
from storage.tables import AuditSeal, Cohort, Role, Unit, UnitKind

CLOCK: Clock = SystemClock()

Units = Iterator[tuple[Unit, int]]


# ---------------------------------------------------------------- the house


def settings() -> Settings:
    """The settings in force. Raises `Mistake` if one is invalid."""
    folder = programmes_folder.get()
    try:
        found = Settings()
        return found.model_copy(update={"programmes_dir": folder}) if folder else found
    except ValidationError as error:
        wrong = error.errors()[0]
        name = "YINGCAI_" + "__".join(str(part).upper() for part in wrong["loc"])
        raise Mistake(t("cli.bad_setting", name=name, why=wrong["msg"])) from None


@contextmanager
def opened() -> Iterator[Database]:
    """The configured database, of any schema. Raises `Mistake` if it cannot be opened."""
    with reaching_it():
        database = Database(settings().database)
        try:
            yield database
        finally:
            database.close()


def known() -> tuple[Passages, Office]:
    """The offices' documents and answers; empty without a database of this version."""
    told = settings()
    url = make_url(told.database)
    if url.database and url.get_backend_name() == "sqlite" and not Path(url.database).exists():
        return Passages(()), Office(())
    with opened() as database:
        if migrate.current(database) is None or migrate.pending(database):
            return Passages(()), Office(())
        with database.transaction() as db:
            keys = [programme.key for programme in all_programmes()]
            return documents.loaded(db, keys), inquiries.office(db)


@contextmanager
def reaching_it() -> Iterator[None]:
    """Turn the database's errors, and a schema that is too new, into a `Mistake`."""
    try:
        yield
    except migrate.SchemaTooNew as error:
        raise Mistake(t("cli.schema_new", revision=error.revision)) from None
    except DamagedDatabase as error:
        raise Mistake(t("cli.database_damaged", why=str(error).partition("\n")[0])) from None
    except (SQLAlchemyError, sqlite3.Error) as error:
        inner = error.orig if isinstance(error, DBAPIError) else error
        why = str(inner).partition("\n")[0]
        key = _SENTENCES.get(database_trouble(error), "cli.no_database")
        raise Mistake(t(key, why=why)) from None


_SENTENCES: Final = {
    FULL: "cli.database_full",
    READ_ONLY: "cli.database_read_only",
    DAMAGED: "cli.database_damaged",
}


@contextmanager
def desk() -> Iterator[tuple[Session, Operator]]:
    """One transaction on the database, with its operator.

    A new database is made ready; an old one must be upgraded first. A service's refusal is rolled
    back, noted, and raised as a `Mistake`.
    """
    with house() as (database, by), database.transaction() as db:
        yield db, by


@contextmanager
def house() -> Iterator[tuple[Database, Operator]]:
    """The database with its operator, for what takes several transactions; else as `desk`."""
    by = Operator(CLOCK.now())
    with opened() as database:
        if migrate.current(database) is None:
            migrate.upgrade(database)
        elif migrate.pending(database):
            raise Mistake(t("cli.schema_old"))
        try:
            yield database, by
        except Refused as refused:
            if refused.verb:
                with database.transaction() as db:
                    note_refusal(db, refused, by.now)
            raise Mistake(refused.words) from None


# ---------------------------------------------------------------- cohorts


def create_cohort(programme: str, name: str, office: str) -> None:
    with desk() as (db, by):
        pack = load(programme)
        called = name or said(t("cli.cohort_name", programme=pack.name, edition=pack.edition))
        office_id = unit(db, by, RUN_COHORTS, office).id if office else None
        made = roster.create_cohort(db, by, programme, called, office_id)
        say(t("cli.cohort_made", name=made.name, number=made.id))


def list_cohorts(as_json: bool) -> None:
    with desk() as (db, _):
        rows = [
            {
                "number": cohort.id,
                "name": cohort.name,
                "programme": cohort.programme,
                "people": len(roster.members(db, cohort.id or 0)),
            }
            for cohort in roster.cohorts(db)
        ]
    show_rows(rows, as_json)


def show_cohort(number: int | None, as_json: bool) -> None:
    with desk() as (db, _):
        cohort = cohort_typed(db, number)
        office = db.get(Unit, cohort.office_id) if cohort.office_id else None
        everybody = roster.members(db, cohort.id or 0)
        present = roster.presences(db, [m.person.id or 0 for m in everybody])
    rows = []
    for role in Role:
        states = [present[m.person.id or 0] for m in everybody if m.membership.role is role]
        numbers = {
            "people": len(states),
            "joined": len(states) - states.count(Presence.NOT_JOINED),
            "unreachable": states.count(Presence.UNREACHABLE),
        }
        rows += [{"role": role.value, **numbers}] if states else []
    if as_json:
        whole = {"number": cohort.id, "name": cohort.name, "programme": cohort.programme}
        say_json(whole | {"office": office.name if office else "", "roles": rows})
        return
    pack = pack_of(cohort)
    days = {"first": pack.cycle.first_day, "last": pack.cycle.last_day or ""}
    say(t("cli.cohort_title", number=cohort.id, name=cohort.name, key=pack.key, **days))
    if office:
        say(t("cli.cohort_office", office=office.name))
    show_rows(rows, as_json)


# ---------------------------------------------------------------- the tree of offices


def add_unit(name: str, kind: str, under: str) -> None:
    """Make a unit, below another one if one is named."""
    made_as = unit_kind_typed(kind)
    with desk() as (db, by):
        above = unit_typed(db, under) if under else None
        made = roster.add_unit(db, by, made_as, name, above.id if above else None)
        told = {"kind": t(f"roster.unit.{made.kind}"), "name": made.name}
        say(t("cli.unit_below", above=above.name, **told) if above else t("cli.unit_made", **told))


def put_unit(name: str, under: str) -> None:
    """Move a unit below another one, or to the top if none is named."""
    with desk() as (db, by):
        here = unit_typed(db, name)
        above = unit_typed(db, under) if under else None
        put = roster.put_unit(db, by, here.id or 0, above.id if above else None)
        told = {"kind": t(f"roster.unit.{put.kind}"), "name": put.name}
        say(t("cli.unit_below", above=above.name, **told) if above else t("cli.unit_top", **told))


def list_units(as_json: bool) -> None:
    """List every unit after its parent."""
    with desk() as (db, _):
        every = roster.units(db, *UnitKind)
        rows = [
            {
                "number": one.id,
                "name": one.name if as_json else "  " * depth + one.name,
                "kind": one.kind.value if as_json else t(f"roster.unit.{one.kind}"),
            }
            | ({"under": one.parent_id} if as_json else {})
            for one, depth in in_tree(every)
        ]
    show_rows(rows, as_json)


def in_tree(units: Sequence[Unit], under: int | None = None, depth: int = 0) -> Units:
    """Units with their depth, each followed by its children."""
    for one in units:
        if one.parent_id == under:
            yield one, depth
            yield from in_tree(units, one.id, depth + 1)


# ---------------------------------------------------------------- people


def add_person(
    name: str,
    role: str,
    cohort: int | None,
    *,
    unit_name: str,
    subject: str,
    grade: str,
    birth_date: str,
    since: str,
    same_as: int | None,
) -> None:
    """Add a member to the roster; `same_as` is another membership of the same person."""
    place, born = role_typed(role), day_typed(birth_date)
    with desk() as (db, by):
        into = cohort_typed(db, cohort)
        if same_as is not None:
            person = roster.find_member(db, same_as).person
            if person.name != name:
                raise Mistake(t("cli.other_name", number=same_as, name=person.name))
        else:
            alike = [str(member.id) for member in called(db, name)]
            if alike:
                say(t("cli.same_name", name=name, numbers=alike))
            person = roster.add_person(db, by, name, born)
        unit_id = unit_for(db, by, place, unit_name).id if unit_name else None
        member, warnings = roster.add_member(
            db,
            by,
            into.id or 0,
            person.id or 0,
            place,
            unit_id=unit_id,
            subject=subject,
            grade=grade_typed(grade),
            joined_on=day_typed(since),
        )
        told = {"name": person.name, "role": t(f"role.{place}"), "cohort": into.name}
        say(t("cli.person_added", number=member.id, **told))
        warn(warnings)


def list_people(cohort: int | None, role: str, ended: bool, as_json: bool) -> None:
    roles = [role_typed(role)] if role else list(Role)
    with desk() as (db, _):
        found = roster.members(db, cohort_typed(db, cohort).id or 0, roles, ended=ended)
        present = roster.presences(db, [member.person.id or 0 for member in found])
        rows = [
            about(db, member) | {"state": state(member, present[member.person.id or 0])}
            for member in found
        ]
    show_rows(rows, as_json)


def show_person(who: str, as_json: bool) -> None:
    with desk() as (db, _):
        member = member_typed(db, who)
        person_id = member.person.id or 0
        presence = roster.presences(db, [person_id])[person_id]
        whole = about(db, member) | {
            "birth_date": member.person.birth_date,
            "joined_on": member.membership.joined_on,
            "state": state(member, presence),
            "ended_reason": member.membership.ended_reason,
        }
        linked = roster.linked(db, member)
    if as_json:
        links = [{"number": other.id, "person": other.person.name} for other in linked]
        say_json(whole | {"linked": links})
        return
    for column, value in whole.items():
        if value:
            say(t("cli.detail", label=t(f"cli.column.{column}"), value=cell(column, value)))
    for other in linked:
        role = t(f"role.{other.membership.role}")
        say(t("cli.linked_with", number=other.id, name=other.person.name, role=role))


def link_people(student: str, other: str) -> None:
    """Link a student with a mentor or team member, or with a guardian, by the other's role."""
    with desk() as (db, by):
        one, two = member_typed(db, student), member_typed(db, other)
        if two.membership.role is Role.GUARDIAN:
            roster.link_guardian(db, by, one.id, two.id)
            warnings: roster.Warnings = ()
            if not may_keep(db, learner_at(db, one.id), beijing_day(by.now)):
                guardians.ask(db, by, one.person.id or 0)
                warnings = (t("cli.consent_next"),)
        else:
            warnings = roster.link_mentor(db, by, one.id, two.id)
        names = {"student": one.person.name, "other": two.person.name}
        say(t("cli.linked", role=t(f"role.{two.membership.role}"), **names))
        warn(warnings)


def record_consent(child: str, guardian: str, signed: str) -> None:
    """Record a consent that was signed on paper."""
    day = day_typed(signed) or beijing_day(CLOCK.now())
    with desk() as (db, by):
        one, two = member_typed(db, child), member_typed(db, guardian)
        version = guardians.record_paper(db, by, one, two, day)
        names = {"child": one.person.name, "guardian": two.person.name}
        say(t("cli.consent_recorded", day=day, version=version, **names))


def end_person(who: str, reason: str) -> None:
    with desk() as (db, by):
        member = member_typed(db, who)
        roster.end_member(db, by, member.id, reason)
        role = t(f"role.{member.membership.role}")
        say(t("cli.person_ended", name=member.person.name, role=role))


def unlink_people(student: str, other: str) -> None:
    """End the link between a student and a mentor, team member or guardian."""
    with desk() as (db, by):
        one, two = member_typed(db, student), member_typed(db, other)
        roster.unlink(db, by, one.id, two.id)
        say(t("cli.unlinked", student=one.person.name, other=two.person.name))


def list_hours(cohort: int | None, as_json: bool) -> None:
    """List the hours of everybody to whom the document gives something for them."""
    with desk() as (db, by):
        into = cohort_typed(db, cohort)
        pack_of(into)
        found = service_hours.of_cohort(db, into)
        note(db, by, "list_hours", "hours", into.id)
        rows: list[dict[str, Any]] = [
            {
                "number": one.member.id,
                "person": one.member.person.name,
                "role": one.member.membership.role.value,
                "unit": one.member.unit_name,
                "meetings": len(one.meetings),
                "length": length(one.minutes),
            }
            for one in found
        ]
    if as_json:
        for row, one in zip(rows, found, strict=True):
            row["minutes"] = one.minutes
            row["rules"] = {proof.path: proof.clause for proof in one.earned}
            del row["length"]
    show_rows(rows, as_json)


# ---------------------------------------------------------------- rights over one's data


def correct_person(who: str, name: str, birth_date: str) -> None:
    born = day_typed(birth_date)
    if not name and born is None:
        raise Mistake(t("cli.nothing_to_correct"))
    with desk() as (db, by):
        person = person_typed(db, who, ended=True).person
        roster.correct_person(db, by, person.id or 0, name, born)
        say(t("cli.corrected", name=person.name))


def export_person(who: str, file: Path) -> None:
    """Write all data of a person to a zip that only its owner's user reads."""
    store = FileStore(settings().files_dir)
    with desk() as (db, by):
        person = person_typed(db, who, ended=True).person
        rows, files = persons.everything(db, person.id or 0)
        data = archive(rows, files, store)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(data)
        note(db, by, "copy_data", "person", person.id)
        say(t("cli.exported", name=person.name, file=file, files=len(files)))


def erase_person(who: str, *, yes: bool) -> None:
    """Erase a person: rows, files, uploads; backups that still hold them are named."""
    told = settings()
    with desk() as (db, by):
        person = person_typed(db, who, ended=True).person
        name = person.name
        if not yes:
            raise Mistake(t("cli.sure_erase", name=name))
        done = persons.erase(db, by, person.id or 0)
    store = FileStore(told.files_dir)
    for sha256 in done.files:
        store.remove(sha256)
    forget_uploads(told.data_dir / "uploads", [a for where, a in done.chats if where == "web"])
    with opened() as database:
        database.clean()
    say(t("cli.erased", name=name, records=done.records, files=len(done.files)))
    if done.backups:
        say(t("cli.erased_backups", files=done.backups))


def seal_audit(database: Database, by: Operator) -> AuditSeal | None:
    """Seal all that has been added to the audit, a part in each transaction; returns the last
    seal there is."""
    with database.transaction() as db:
        upto = sealing.settled(db)
    more = True
    while more:
        with database.transaction() as db:
            more = sealing.seal(db, upto, by.now) is not None
    with database.transaction() as db:
        return sealing.newest(db)


def seal_before_backup() -> AuditSeal | None:
    """Seal the audit, where there is a database of this version; else the backup is as it is."""
    url = make_url(settings().database)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return None
    with opened() as database:
        if migrate.current(database) != migrate.head():
            return None
        return seal_audit(database, Operator(CLOCK.now()))


def note_backup(file: Path) -> None:
    """Note that a backup was made, where the schema is of this version."""
    with opened() as database:
        if migrate.current(database) == migrate.head():
            with database.transaction() as db:
                persons.note_backup(db, Operator(CLOCK.now()), str(file.absolute()))


# ---------------------------------------------------------------- ways in


def invite(who: Sequence[str]) -> list[dict[str, Any]]:
    """Make a one-time code for each; returns what to hand out, the most useful link first."""
    told = settings()
    made = []
    with desk() as (db, by):
        for member in [member_typed(db, one) for one in who]:
            code = roster.invite(db, by, member.id)
            links = told.invitation_links(code)
            made.append(about(db, member) | {"code": joining.written(code), "links": links})
    return made


def sign_in(who: str) -> None:
    with desk() as (db, by):
        person = person_typed(db, who).person
        link = f"{settings().site_url}/in/{roster.sign_in_link(db, by, person.id or 0)}"
        minutes = int(joining.LINK_LIFE.total_seconds() // 60)
        say(t("cli.sign_in", name=person.name, link=link, minutes=minutes))


def sign_out(who: str) -> None:
    with desk() as (db, by):
        person = person_typed(db, who, ended=True).person
        count = roster.sign_out(db, by, person.id or 0)
        say(t("cli.signed_out", name=person.name, count=count))


# ---------------------------------------------------------------- understanding what is typed


def role_typed(typed: str) -> Role:
    """A role by its key or its name in either language. Raises `Mistake`."""
    for role in Role:
        if typed in (role.value, *(catalogue(language)[f"role.{role}"] for language in LANGUAGES)):
            return role
    known = [t("cli.known", key=role.value, name=t(f"role.{role}")) for role in Role]
    raise Mistake(t("cli.no_such_role", typed=typed, known=known))


def unit_kind_typed(typed: str) -> UnitKind:
    """A kind of unit by its key or its name in either language. Raises `Mistake`."""
    for kind in UnitKind:
        names = (catalogue(language)[f"roster.unit.{kind}"] for language in LANGUAGES)
        if typed in (kind.value, *names):
            return kind
    known = [t("cli.known", key=kind.value, name=t(f"roster.unit.{kind}")) for kind in UnitKind]
    raise Mistake(t("cli.no_such_kind", typed=typed, known=known))


def unit_typed(db: Session, typed: str) -> Unit:
    """The unit with this number or with this name, if unique. Raises `Mistake`."""
    if re.fullmatch(r"[0-9]{1,18}", typed):
        found = [one for one in roster.units(db, *UnitKind) if one.id == int(typed)]
    else:
        found = roster.units_called(db, typed)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Mistake(t("cli.no_unit", name=typed))
    known = [t("cli.known", key=one.id, name=t(f"roster.unit.{one.kind}")) for one in found]
    raise Mistake(t("cli.several_units", name=typed, known=known))


def grade_typed(typed: str) -> str:
    """A grade's key by its name in either language; other words are left for the roster to
    judge."""
    for grade in Grade:
        if typed in (catalogue(language)[f"programme.grade.{grade}"] for language in LANGUAGES):
            return grade.value
    return typed


def day_typed(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise Mistake(t("cli.not_a_day", typed=typed)) from None


def cohort_typed(db: Session, number: int | None) -> Cohort:
    """The cohort with this number; without a number, the only cohort. Raises `Mistake`."""
    if number is not None:
        return roster.find_cohort(db, number)
    every = roster.cohorts(db)
    if len(every) == 1:
        return every[0]
    known = [t("cli.known", key=cohort.id, name=cohort.name) for cohort in every]
    raise Mistake(t("cli.which_cohort", known=known) if every else t("cli.no_cohort"))


def member_typed(db: Session, typed: str) -> Member:
    """The member with this number or with this name, if unique. Raises `Mistake`."""
    if re.fullmatch(r"[0-9]{1,18}", typed):
        return roster.find_member(db, int(typed))
    found = called(db, typed)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Mistake(t("cli.nobody", name=typed))
    roles = [(member.id, t(f"role.{member.membership.role}")) for member in found]
    known = [t("cli.known", key=number, name=role) for number, role in roles]
    raise Mistake(t("cli.several", name=typed, known=known))


def person_typed(db: Session, typed: str, *, ended: bool = False) -> Member:
    """Like `member_typed`, but any membership of one person will do; an ended one if asked."""
    found = called(db, typed, ended=ended)
    if len({member.person.id for member in found}) == 1:
        return found[0]
    return member_typed(db, typed)


def called(db: Session, name: str, *, ended: bool = False) -> list[Member]:
    """All current members with this name, in every cohort; ended ones if asked for."""
    every = (
        member
        for cohort in roster.cohorts(db)
        for member in roster.members(db, cohort.id or 0, ended=ended)
    )
    return [member for member in every if member.person.name == name.strip()]


def unit_for(db: Session, by: Operator, role: Role, name: str) -> Unit:
    """The unit with this name, of a kind that fits the role. Raises `Mistake`."""
    if role not in UNIT_OF:
        raise Mistake(t("roster.no_unit_for_role", role=t(f"role.{role}")))
    if role is Role.HELP_CONTACT:
        # Mistyped, it would make a school of its own, whose learners are nobody.
        return unit_typed(db, name)
    return unit(db, by, UNIT_OF[role], name)


def unit(db: Session, by: Operator, kinds: Sequence[UnitKind], name: str) -> Unit:
    """The unit with this name and one of these kinds; if there is none, one of the first kind is
    made.

    A similar name among the existing ones is mentioned.
    """
    for kind in kinds:
        if (here := roster.find_unit(db, kind, name)) is not None:
            return here
    others = [other.name for other in roster.units(db, *kinds)]
    made = roster.add_unit(db, by, kinds[0], name)
    say(t("cli.unit_made", kind=t(f"roster.unit.{kinds[0]}"), name=made.name))
    for other in difflib.get_close_matches(name, others, n=1, cutoff=0.75):
        warn([t("cli.unit_alike", name=made.name, other=other)])
    return made


# ---------------------------------------------------------------- showing people


def about(db: Session, member: Member) -> dict[str, Any]:
    place = member.membership
    pack = pack_of(cohort_of(db, place))
    return {
        "number": member.id,
        "person": member.person.name,
        "role": place.role.value,
        "unit": member.unit_name,
        "subject": pack.subject_name(place.subject),
        "grade": place.grade,
    }


def state(member: Member, presence: Presence) -> str:
    return "ended" if member.membership.ended_at is not None else presence.value


def pack_of(cohort: Cohort) -> Programme:
    """A cohort's programme. Raises `Mistake` if it is not installed here."""
    try:
        return packs.load(cohort.programme)
    except Refused as refused:
        raise Mistake(refused.words) from None


def show_rows(rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        say_json(rows)
    else:
        say_rows([{column: cell(column, value) for column, value in row.items()} for row in rows])


def cell(column: str, value: Any) -> Words:
    """A cell's value in words."""
    labels = {"role": "role", "grade": "programme.grade", "state": "cli.state"}
    if isinstance(value, Text):
        return value
    return t(f"{labels[column]}.{value}") if value and column in labels else str(value)

"""The roster at the command line: people found by what is typed, and shown in tables."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import Session

from answers.curated import Office
from answers.passages import Passages
from app.settings import Settings
from app.terminal import Mistake, said, say, say_json, say_rows, warn
from bot.talk.acting import Operator, Refused
from bot.talk.clock import Clock, SystemClock
from programmes.catalogue import all_programmes, load
from programmes.model import Programme
from programmes.values import Grade
from prompts import LANGUAGES, Words, catalogue, t
from services import documents, inquiries, joining, roster
from services.access import cohort_of
from services.audit import note_refusal
from services.roster import RUN_COHORTS, UNIT_OF, Member, Presence
from storage import migrate
from storage.database import Database
from storage.tables import Cohort, Role, Unit, UnitKind

CLOCK: Clock = SystemClock()

Units = Iterator[tuple[Unit, int]]


# ---------------------------------------------------------------- the house


def settings() -> Settings:
    """The settings in force. Raises `Mistake` for one that cannot be."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name = "YINGCAI_" + "__".join(str(part).upper() for part in wrong["loc"])
        raise Mistake(t("cli.bad_setting", name=name, why=wrong["msg"])) from None


def public_url(told: Settings) -> str:
    """What people's browsers open."""
    host = f"[{told.web.host}]" if ":" in told.web.host else told.web.host
    return told.web.public_url.rstrip("/") or f"http://{host}:{told.web.port}"


@contextmanager
def opened() -> Iterator[Database]:
    """The configured database, whatever schema it has. Raises `Mistake` if it cannot be had."""
    with reaching_it():
        database = Database(settings().database)
        try:
            yield database
        finally:
            database.close()


def known() -> tuple[Passages, Office]:
    """What the offices have loaded and answered, where there is a database of this version."""
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
    """Tell as a `Mistake` that the database cannot be had, or is not for this version."""
    try:
        yield
    except migrate.SchemaTooNew as error:
        raise Mistake(t("cli.schema_new", revision=error.revision)) from None
    except SQLAlchemyError as error:
        why = error.orig if isinstance(error, DBAPIError) else error
        raise Mistake(t("cli.no_database", why=str(why).partition("\n")[0])) from None


@contextmanager
def desk() -> Iterator[tuple[Session, Operator]]:
    """One transaction on the database, and whoever acts in it.

    A new database is made ready; an old one has to be brought up to date first. What a service
    refuses is undone, noted, and told as a `Mistake`.
    """
    by = Operator(CLOCK.now())
    with opened() as database:
        if migrate.current(database) is None:
            migrate.upgrade(database)
        elif migrate.pending(database):
            raise Mistake(t("cli.schema_old"))
        try:
            with database.transaction() as db:
                yield db, by
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
    days = {"first": pack.cycle.first_day, "last": pack.cycle.last_day}
    say(t("cli.cohort_title", number=cohort.id, name=cohort.name, key=pack.key, **days))
    if office:
        say(t("cli.cohort_office", office=office.name))
    show_rows(rows, as_json)


# ---------------------------------------------------------------- the tree of offices


def add_unit(name: str, kind: str, under: str) -> None:
    """Make a unit, perhaps below one that is there."""
    made_as = unit_kind_typed(kind)
    with desk() as (db, by):
        above = unit_typed(db, under) if under else None
        made = roster.add_unit(db, by, made_as, name, above.id if above else None)
        told = {"kind": t(f"roster.unit.{made.kind}"), "name": made.name}
        say(t("cli.unit_below", above=above.name, **told) if above else t("cli.unit_made", **told))


def put_unit(name: str, under: str) -> None:
    """Put a unit below another; below none, if no other is named."""
    with desk() as (db, by):
        here = unit_typed(db, name)
        above = unit_typed(db, under) if under else None
        put = roster.put_unit(db, by, here.id or 0, above.id if above else None)
        told = {"kind": t(f"roster.unit.{put.kind}"), "name": put.name}
        say(t("cli.unit_below", above=above.name, **told) if above else t("cli.unit_top", **told))


def list_units(as_json: bool) -> None:
    """Every unit, each after the one that it is below."""
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
    """Units with how deep they lie, each followed by those below it."""
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
    same_as: int | None,
) -> None:
    """Put somebody on the roster; with `same_as`, somebody who has another place there."""
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
            warnings: roster.Warnings = (t("cli.consent_next"),)
        else:
            warnings = roster.link_mentor(db, by, one.id, two.id)
        names = {"student": one.person.name, "other": two.person.name}
        say(t("cli.linked", role=t(f"role.{two.membership.role}"), **names))
        warn(warnings)


def end_person(who: str, reason: str) -> None:
    with desk() as (db, by):
        member = member_typed(db, who)
        roster.end_member(db, by, member.id, reason)
        role = t(f"role.{member.membership.role}")
        say(t("cli.person_ended", name=member.person.name, role=role))


# ---------------------------------------------------------------- ways in


def invite(who: Sequence[str]) -> list[dict[str, Any]]:
    """Make a one-time code for each; gives what to hand out, the best link first."""
    told = settings()
    made = []
    with desk() as (db, by):
        for member in [member_typed(db, one) for one in who]:
            code = roster.invite(db, by, member.id)
            links = {}
            if told.web.enabled:
                links["web"] = f"{public_url(told)}/join/{code}"
            if told.telegram.bot_name:
                bot = told.telegram.bot_name.removeprefix("@")
                links["telegram"] = f"https://t.me/{bot}?start={code}"
            made.append(about(db, member) | {"code": joining.written(code), "links": links})
    return made


def sign_in(who: str) -> None:
    with desk() as (db, by):
        person = person_typed(db, who).person
        link = f"{public_url(settings())}/in/{roster.sign_in_link(db, by, person.id or 0)}"
        minutes = int(joining.LINK_LIFE.total_seconds() // 60)
        say(t("cli.sign_in", name=person.name, link=link, minutes=minutes))


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
    """The unit of that number, or of a name that only one has. Raises `Mistake`."""
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
    """A grade's key by its name in either language; other words are left for the roster."""
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
    """The cohort of that number; without one, the only cohort there is. Raises `Mistake`."""
    if number is not None:
        return roster.find_cohort(db, number)
    every = roster.cohorts(db)
    if len(every) == 1:
        return every[0]
    known = [t("cli.known", key=cohort.id, name=cohort.name) for cohort in every]
    raise Mistake(t("cli.which_cohort", known=known) if every else t("cli.no_cohort"))


def member_typed(db: Session, typed: str) -> Member:
    """Somebody's place, by its number or by a name that only one has. Raises `Mistake`."""
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


def person_typed(db: Session, typed: str) -> Member:
    """As `member_typed`, whichever of one person's places it is."""
    found = called(db, typed)
    if len({member.person.id for member in found}) == 1:
        return found[0]
    return member_typed(db, typed)


def called(db: Session, name: str) -> list[Member]:
    """Everybody of that name, in every cohort, now."""
    every = (m for cohort in roster.cohorts(db) for m in roster.members(db, cohort.id or 0))
    return [member for member in every if member.person.name == name.strip()]


def unit_for(db: Session, by: Operator, role: Role, name: str) -> Unit:
    """The unit of that name, of the kind that the role belongs to. Raises `Mistake`."""
    if role not in UNIT_OF:
        raise Mistake(t("roster.no_unit_for_role", role=t(f"role.{role}")))
    return unit(db, by, UNIT_OF[role], name)


def unit(db: Session, by: Operator, kinds: Sequence[UnitKind], name: str) -> Unit:
    """The unit of that name and one of these kinds; if there is none, one of the first is made.

    That another's name is like it is said.
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
        "subject": roster.subject_name(pack, place.subject),
        "grade": place.grade,
    }


def state(member: Member, presence: Presence) -> str:
    return "ended" if member.membership.ended_at is not None else presence.value


def pack_of(cohort: Cohort) -> Programme:
    """The programme that a cohort runs. Raises `Mistake` where this installation lacks it."""
    try:
        return load(cohort.programme)
    except KeyError:
        raise Mistake(t("roster.no_such_programme", programme=cohort.programme)) from None


def show_rows(rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        say_json(rows)
    else:
        say_rows([{column: cell(column, value) for column, value in row.items()} for row in rows])


def cell(column: str, value: Any) -> Words:
    """A value as a person reads it."""
    labels = {"role": "role", "grade": "programme.grade", "state": "cli.state"}
    return t(f"{labels[column]}.{value}") if value and column in labels else str(value)

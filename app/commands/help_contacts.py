"""求助联系人 at the command line: adults whom learners of a cohort may ask for help."""

from __future__ import annotations

from typing import Annotated

import typer

from app.terminal import AsJson, Mistake, both
from prompts import t

commands = typer.Typer(no_args_is_help=True)

CohortGiven = Annotated[int, typer.Argument(help=both("cohort_number_needed"))]
Somebody = Annotated[str, typer.Argument(help=both("help_contact_person"))]


@commands.command("add", help=both("help_contact_add"))
def add(
    cohort: CohortGiven,
    person: Somebody,
    at: Annotated[str, typer.Option("--at", help=both("help_contact_at"))] = "",
    same_as: Annotated[int | None, typer.Option(help=both("same_as"))] = None,
    another: Annotated[bool, typer.Option("--another", help=both("help_contact_another"))] = False,
) -> None:
    from app import desk
    from storage.tables import Role

    if same_as is None and not another:
        with desk.desk() as (db, _):
            # Of two with one name a learner sees only the name: it must be clear who is meant.
            alike = [
                t("cli.known_at", number=one.id, role=t(f"role.{one.membership.role}"), unit=unit)
                for one in desk.called(db, person)
                for unit in (one.unit_name or t("cli.whole_cohort"),)
            ]
        if alike:
            raise Mistake(t("cli.help_contact_whom", name=person, known=alike))
    desk.add_person(
        person,
        Role.HELP_CONTACT.value,
        cohort,
        unit_name=at,
        subject="",
        grade="",
        birth_date="",
        since="",
        same_as=same_as,
    )


@commands.command("list", help=both("help_contact_list"))
def list_(cohort: CohortGiven, as_json: AsJson = False) -> None:
    from app import desk
    from storage.tables import Role

    desk.list_people(cohort, Role.HELP_CONTACT.value, False, as_json)


@commands.command("end", help=both("help_contact_end"))
def end(
    cohort: CohortGiven,
    person: Somebody,
    reason: Annotated[str, typer.Option(help=both("reason"))],
) -> None:
    from app import desk
    from services import roster
    from storage.tables import Role

    with desk.desk() as (db, _):
        found = roster.members(db, cohort, [Role.HELP_CONTACT])
        mine = [one.id for one in found if person in (one.person.name, str(one.id))]
    if len(mine) != 1:
        raise Mistake(t("cli.no_help_contact", name=person))
    desk.end_person(str(mine[0]), reason)

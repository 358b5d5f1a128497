"""交接 at the command line: a place passes to somebody else on a day."""

from __future__ import annotations

from typing import Annotated

import typer

from app.terminal import AsJson, CohortNumber, Mistake, both, say
from prompts import t

commands = typer.Typer(no_args_is_help=True)


@commands.command("add", help=both("handover_add"))
def add(
    who: Annotated[str, typer.Argument(help=both("handover_who"))],
    to: Annotated[str, typer.Option("--to", help=both("handover_to"))],
    first: Annotated[str, typer.Option("--from", help=both("handover_from"))],
    new: Annotated[bool, typer.Option("--new", help=both("handover_new"))] = False,
) -> None:
    from app import desk
    from services import handovers

    day = desk.day_typed(first)
    if day is None:
        raise Mistake(t("cli.not_a_day", typed=first))
    with desk.desk() as (db, by):
        place = desk.member_typed(db, who)
        successor: int | str = to
        if not new:
            ended = not desk.called(db, to)
            successor = desk.person_typed(db, to, ended=ended).person.id or 0
        elif found := [str(one.id) for one in desk.called(db, to, ended=True)]:
            raise Mistake(t("cli.handover_known", name=to, numbers=found))
        made = handovers.told(db, handovers.arrange(db, by, place.id, successor, day))
    told = {"old": made.member.person.name, "new": made.successor, "place": made.place}
    say(t(f"cli.handover_{made.state}", number=made.handover.id, day=day, **told))


@commands.command("list", help=both("handover_list"))
def list_(cohort: CohortNumber = None, as_json: AsJson = False) -> None:
    from app import desk
    from services import handovers

    with desk.desk() as (db, _):
        rows = [
            {
                "number": one.handover.id,
                "person": one.member.person.name,
                "role": one.member.membership.role.value,
                "unit": one.member.unit_name,
                "successor": one.successor,
                "day": one.handover.first_day.isoformat(),
                "state": one.state,
            }
            for one in handovers.of_cohort(db, desk.cohort_typed(db, cohort))
        ]
    desk.show_rows(rows, as_json)


@commands.command("withdraw", help=both("handover_withdraw"))
def withdraw(number: Annotated[int, typer.Argument(help=both("handover_number"))]) -> None:
    from app import desk
    from services import handovers

    with desk.desk() as (db, by):
        found = handovers.told(db, handovers.withdraw(db, by, number))
    back = found.state == "given_back"
    key = "cli.handover_given_back" if back else "cli.handover_withdrawn"
    say(t(key, old=found.member.person.name, new=found.successor))

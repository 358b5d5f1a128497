"""The command that plays a cohort's cycle with invented people."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from app.terminal import AsJson, both, find_programme, say, say_json, say_rows
from prompts import t


def simulate(
    key: Annotated[str, typer.Option("--programme", help=both("simulate_programme"))],
    students: Annotated[
        int, typer.Option("--students", min=1, max=5000, help=both("simulate_students"))
    ] = 12,
    seed: Annotated[int, typer.Option("--seed", help=both("simulate_seed"))] = 1,
    as_json: AsJson = False,
) -> None:
    """Play a cycle on a fake messenger, in a database that is thrown away afterwards."""
    from app.main import rest_the_collector
    from app.simulation import play
    from app.simulation.events import totals

    programme = find_programme(key)
    rest_the_collector()
    every = asyncio.run(play.simulate(programme.key, students, seed))
    summed = totals(every)
    if as_json:
        told = {"programme": programme.key, "students": students, "seed": seed}
        say_json(told | {"events": [one.to_json() for one in every], "totals": summed})
        return
    say(t("cli.simulated", programme=programme.name, students=students, seed=seed))
    say_rows(
        [{"kind": t(f"cli.event.{kind}"), "count": str(n)} for kind, n in summed["kinds"].items()]
    )
    say(
        t(
            "cli.simulated_messages",
            messages=summed["messages"],
            most=summed["most_for_one"],
            week=summed["busiest_week"],
        )
    )

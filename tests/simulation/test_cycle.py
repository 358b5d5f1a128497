"""A whole cycle of each programme, played by invented people: what happens, and what must not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date, datetime, time

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.simulation.events import Event, totals
from app.simulation.inventing import Habit, invent
from programmes import catalogue, evaluating, planning
from programmes.presenting import presented
from prompts import BEIJING
from storage.tables import Role

SEED = 7
STUDENTS = 6
"""One or more of each habit."""

EVERY = {programme.key: programme for programme in catalogue.all_programmes()}
CERTIFIED = {
    "shanxi-2026": ("annual", "六(三)", {"excellent", "qualified"}),
    "jiangsu-2022": ("annual", "五(二)", {"excellent", "qualified"}),
    "neimenggu-pilot-2025": ("annual", "附件2 七(三)", {"excellent", "qualified"}),
}
"""Upon which stage, by which clause and upon which outcomes an office issues certificates."""
EXITS = {
    key
    for key, programme in EVERY.items()
    for stage in programme.stages
    for part in evaluating.parts(programme, stage)
    if any(map(part.ends, part.outcomes))
}


def played(key: str, seed: int = SEED, students: int = STUDENTS) -> list[Event]:
    """A cycle, played by the command in a process in which nobody counts the lines: that takes
    four times as long."""
    how = ["--programme", key, "--students", str(students), "--seed", str(seed), "--json"]
    unmeasured = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", "from app.cli import main; main()", "simulate", *how],
        env=unmeasured,
        check=True,
        capture_output=True,
    )
    return [
        Event(**{**one, "at": datetime.fromisoformat(one["at"])})
        for one in json.loads(done.stdout)["events"]
    ]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("key", EVERY)
def test_a_cycle_has_what_its_document_asks_and_nothing_else(key: str) -> None:
    programme = catalogue.load(key)
    every = played(key)
    by_kind: dict[str, list[Event]] = {}
    for event in every:
        by_kind.setdefault(event.kind, []).append(event)

    assert by_kind["session"], "somebody took part"
    signed = by_kind.get("evaluation_signed", []) + by_kind.get("outcome", [])
    assert {event.about for event in signed} == {
        stage.stage for stage in EVERY[key].stages if evaluating.parts(EVERY[key], stage)
    }
    if key in EXITS:
        assert len(by_kind["exit"]) == 1, "the silent learner's mid-term"
    else:
        assert "exit" not in by_kind
    certificates = by_kind.get("certificate", [])
    if key in CERTIFIED:
        about, clause, upon = CERTIFIED[key]
        ended = {event.person for event in by_kind["exit"]}
        assert certificates
        for event in certificates:
            assert (event.about, event.clause) == (about, clause)
            assert event.rule == "awards.certificate"
            assert event.outcome in upon
            assert event.person not in ended
        decided = {e.student: e.outcome for e in by_kind["outcome"] if e.about == about}
        good = {name for name, outcome in decided.items() if outcome in upon} - ended
        assert Counter(event.person for event in certificates) == Counter(good)
    else:
        assert not certificates
    marks = by_kind.get("mark", [])
    assert bool(marks) is any(stage.independent for stage in programme.stages)
    recommended = {event.student for event in signed if event.outcome == "recommended"}
    assert {event.student for event in marks} <= recommended, "experts see nobody else"
    asked = {str(record.kind.value) for record in programme.records}
    assert {kind for kind in ("diary", "meeting_record") if kind in by_kind} <= asked

    written = [event for event in by_kind.get("plan", []) if event.rule == planning.AUTHOR]
    approved = [event for event in by_kind.get("plan", []) if event.rule == planning.APPROVAL]
    assert {event.to for event in written} == (
        {"mentor"} if planning.is_asked(programme) else set()
    )
    assert len(approved) == (len(written) if planning.needs_approval(programme) else 0)
    presents = {event.about for event in by_kind.get("material", []) if event.about != "material"}
    assert presents == set(presented(programme)), "somebody has prepared what is presented"

    paths = {path for path, _ in programme.facts(unwritten=True)}
    for event in every:
        assert not event.rule or event.rule == "queue" or event.rule in paths, event
        if event.rule and event.rule != "queue" and event.kind == "reminder":
            assert event.clause, event
        if event.kind in ("reminder", "evaluation_opened"):
            told = event.at.astimezone(BEIJING).time()
            assert time(8) <= told < time(22), event

    # Each is told once, however often the clock ticked, and whatever was down.
    told_once = Counter(
        (event.to, event.person, event.rule, event.period, event.student)
        for event in every
        if event.kind in ("reminder", "evaluation_opened")
    )
    assert not [key for key, times in told_once.items() if times > 1]
    # And never more than one message a day.
    days = Counter(
        (event.person, event.at.astimezone(BEIJING).date(), event.at)
        for event in every
        if event.kind in ("reminder", "evaluation_opened")
    )
    messages = Counter((person, day) for person, day, _ in days)
    assert not [who for who, times in messages.items() if times > 1]
    assert totals(every)["messages"] == len(days)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_seed_gives_the_same_cycle() -> None:
    key = "sichuan-jingke-2023"
    first, second, other = (played(key, seed, 3) for seed in (SEED, SEED, SEED + 1))
    assert [one.to_json() for one in first] == [one.to_json() for one in second]
    assert [one.to_json() for one in first] != [one.to_json() for one in other]


@pytest.mark.slow
def test_the_command_tells_how_much_there_was_of_each_kind() -> None:
    told = CliRunner().invoke(
        app, ["simulate", "--programme", "sichuan-jindaoshi-2023", "--students", "1"]
    )
    assert told.exit_code == 0, told.output
    assert "培养活动" in told.stdout
    assert "提醒消息 0 条" in told.stdout


def test_the_invented_are_of_every_habit_and_have_their_names_for_themselves() -> None:
    for programme in catalogue.all_programmes():
        world = invent(programme, STUDENTS, SEED)
        names = [one.name for one in world.people.values()]
        assert len({*names}) == len(names)
        learners = world.of(Role.STUDENT, Role.TRAINEE_TEACHER)
        assert len(learners) == STUDENTS
        assert {one.habit for one in learners} == {*Habit}
        assert all(one.mentor in world.people for one in learners)
        days = [day for one in learners for day in one.days]
        assert all(programme.cycle.first_day <= day for day in days)
        assert max(days) <= (programme.cycle.last_day or date.max)
        assert not [one for one in learners for day in one.days if one.is_away(day)]

"""What each programme reminds of, and what it must never remind of; stated by hand from the
documents. And that nothing is lost, doubled or early, whatever the days and the clock do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programmes import catalogue
from programmes.catalogue import load
from programmes.evaluating import Side, StageTerm, term
from programmes.model import Programme
from programmes.reminding import (
    QUEUE,
    LearnerState,
    Outlook,
    Strength,
    To,
    Unwritten,
    WaitingEntry,
    outlook,
    signatures,
)
from programmes.rules import APPROVED, SUBMITTED, SessionFact
from programmes.values import When, WritingKind
from tests.tables import each_row

DAY: Final = timedelta(days=1)
PACKS: Final = Path(__file__).parent / "packs"
ALL: Final = [programme.key for programme in catalogue.all_programmes()]


class Said(NamedTuple):
    on: date
    to: str
    about: str
    rule: str
    period: str
    strength: str


def visit(day: date, status: str = APPROVED) -> SessionFact:
    return SessionFact(day, on_campus=True, face_to_face=True, status=status)


def silent(programme: Programme, _day: date) -> LearnerState:
    """A learner who does nothing at all, whose evaluators do nothing either."""
    terms = [term(programme, stage) for stage in programme.stages]
    unsigned = {(number, side) for number in range(len(terms)) for side in Side}
    return LearnerState(
        asked=frozenset(WritingKind),
        unsigned=signatures(programme, terms, unsigned),
        lacking=[str(one) for one in programme.final_materials.student_materials.value or ()],
        plan=programme.cycle.first_day,
    )


def year(
    programme: Programme,
    live: Callable[[Programme, date], LearnerState] = silent,
    *,
    step: Callable[[date, Outlook], date] = lambda day, _: day + DAY,
    late: int = 0,
) -> list[Said]:
    """What is said when the clock ticks once on each of these days, each thing once."""
    day, last = programme.cycle.first_day - (30 - late) * DAY, programme.cycle.last_day
    assert last is not None
    said: dict[tuple[str, str, str], Said] = {}
    while day <= last + 60 * DAY:
        seen = outlook(programme, live(programme, day), day)
        for one in seen.owed:
            key = (one.to.value, one.matter.rule, one.saying.period)
            said.setdefault(
                key, Said(day, one.to, one.matter.about, *key[1:], one.saying.strength)
            )
        day = step(day, seen)
    return list(said.values())


def days_of(said: list[Said], about: str, to: str = "learner") -> list[str]:
    return [str(one.on) for one in said if (one.about, one.to) == (about, to)]


# ---------------------------------------------------------------- each programme's year


RULES: Final = {
    "jiangsu-2022": {
        ("on_campus", "cultivation.min_sessions"),
        ("diary", "cultivation.diary_frequency"),
        ("meeting_record", "cultivation.interview_records"),
        ("plan", "cultivation.plan_author"),
        ("material", "final_materials.deadline"),
        ("mid", "evaluation.stages"),
        ("annual", "evaluation.stages"),
    },
    "neimenggu-pilot-2025": {
        ("on_campus", "cultivation.min_sessions"),
        ("face_to_face", "cultivation.monthly_face_to_face"),
        ("plan", "cultivation.plan_author"),
        ("material", "final_materials.deadline"),
        ("initial", "evaluation.stages"),
        ("mid", "evaluation.stages"),
        ("annual", "evaluation.stages"),
    },
    "neimenggu-yingcai-2025": {
        ("on_campus", "cultivation.min_sessions"),
        ("plan", "cultivation.plan_author"),
        ("material", "final_materials.deadline"),
        ("initial", "evaluation.stages"),
        ("annual", "evaluation.stages"),
    },
    "shanxi-2026": {
        ("sessions", "cultivation.min_sessions"),
        ("plan", "cultivation.plan_author"),
        ("material", "final_materials.deadline"),
        ("initial", "evaluation.stages"),
        ("mid", "evaluation.stages"),
        ("annual", "evaluation.stages"),
    },
    # No minimum, no diary that says how often, no dated stage, no plan, no deadline of materials.
    "sichuan-jindaoshi-2023": set[tuple[str, str]](),
    "sichuan-jingke-2023": set[tuple[str, str]](),
    "spark-2026": set[tuple[str, str]](),
}
"""All that is ever said of somebody who does nothing, and whose mentor does nothing.

Of a stage that an office alone evaluates nobody is reminded: it has nothing to sign."""


@each_row("key", ALL)
def test_a_programme_reminds_of_what_its_document_asks_and_of_nothing_else(key: str) -> None:
    assert {(one.about, one.rule) for one in year(load(key))} == RULES[key]


@each_row("key", ALL)
def test_every_reminder_bears_the_clause_of_its_fact(key: str) -> None:
    programme = load(key)
    end = programme.cycle.last_day
    assert end is not None
    day = programme.cycle.first_day
    while day <= end:
        for one in outlook(programme, silent(programme, day), day).owed:
            fact = programme.fact(one.matter.rule)
            assert one.matter.clause
            assert set(one.matter.clause.split("；")) <= set(fact.clause.split("；"))
        day += 11 * DAY


@each_row("key", ALL)
def test_what_waits_is_brought_before_others_in_every_programme_and_without_a_clause(
    key: str,
) -> None:
    programme = load(key)
    since = programme.cycle.first_day + 40 * DAY

    def waits(_: Programme, day: date) -> LearnerState:
        return LearnerState(waiting=[WaitingEntry(7, 1, "session", since)] if day >= since else [])

    found = [
        ((one.on - since).days, one.to)
        for one in year(programme, waits)
        if one.rule == QUEUE and one.about == "queue"
    ]
    assert found == [
        (3, To.MENTOR),
        (7, To.MENTOR),
        (7, To.TEAM_MEMBER),
        (14, To.UNIVERSITY),
        (21, To.OFFICE),
    ]


def test_shanxi_its_year() -> None:
    said = year(load("shanxi-2026"))
    # The ten are wanted by the end of November, when the year is judged by the materials.
    sessions = [one for one in said if one.about == "sessions" and one.to == "learner"]
    assert [(str(one.on), one.strength) for one in sessions[:5]] == [
        ("2026-02-03", "gentle"),
        ("2026-03-01", "gentle"),
        ("2026-04-01", "gentle"),
        ("2026-05-01", "gentle"),
        ("2026-06-01", "gentle"),
    ]
    assert str(next(one.on for one in sessions if one.strength == "plain")) == "2026-09-23"
    # One session a day could still make ten until 22 December.
    assert days_of(said, "sessions", "mentor") == days_of(said, "sessions", "office")
    assert days_of(said, "sessions", "office") == ["2026-12-23"]
    assert max(one.on for one in sessions) < date(2026, 12, 23)
    assert days_of(said, "initial", "mentor") == [
        *("2026-04-01", "2026-04-04", "2026-04-06"),
    ]
    assert days_of(said, "mid", "mentor") == [
        *("2026-08-01", "2026-08-24", "2026-08-30", "2026-09-01"),
    ]
    assert days_of(said, "mid", "office") == ["2026-09-01"]
    assert set(days_of(said, "material")) == {
        *("2026-10-31", "2026-11-23", "2026-11-29", "2026-12-01"),
    }
    assert Counter(days_of(said, "material", "mentor")) == Counter(
        ("2026-10-31", "2026-11-23", "2026-11-29", "2026-12-01")
    )
    assert days_of(said, "plan", "mentor") == ["2026-01-01", "2026-01-31"]
    assert not {"face_to_face", "meeting_record"} & {one.about for one in said}


def test_jiangsu_a_diary_and_a_meeting_record_for_each_stage_and_no_initial_evaluation() -> None:
    said = year(load("jiangsu-2022"))
    expected = [
        *("2022-08-17", "2022-08-28", "2022-09-01"),
        *("2022-11-16", "2022-11-27", "2022-12-01"),
    ]
    assert days_of(said, "diary") == days_of(said, "meeting_record") == expected
    assert "initial" not in {one.about for one in said}
    assert days_of(said, "mid", "mentor")[0] == "2022-08-01"
    assert "face_to_face" not in {one.about for one in said}


def test_pilot_the_strict_reading_reminds_and_the_lenient_one_closes() -> None:
    said = year(load("neimenggu-pilot-2025"))
    # 5月前: reminded until 30 April, open until 31 May.
    assert days_of(said, "initial", "mentor") == [
        *("2025-03-31", "2025-04-23", "2025-04-29", "2025-05-01"),
    ]
    assert days_of(said, "initial", "office") == ["2025-06-01"]
    assert days_of(said, "mid", "office") == ["2025-08-01"]
    # Twice a month in person: gently in the middle, plainly at the end, to others when it is over.
    march = [one for one in said if one.about == "face_to_face" and one.on.month == 3]
    assert [(one.on.day, one.to, one.strength) for one in march if one.to == "learner"] == [
        (16, "learner", "gentle"),
        (19, "learner", "plain"),
        (25, "learner", "plain"),
    ]
    assert [one.on.day for one in march if one.to == "office"] == [31]


def test_pilot_one_meeting_a_month_is_not_two() -> None:
    def once(_: Programme, day: date) -> LearnerState:
        days = [date(2025, month, 3) for month in range(1, 13)]
        return LearnerState(sessions=[visit(one) for one in days if one <= day])

    monthly = [one for one in year(load("neimenggu-pilot-2025"), once) if one.about != "on_campus"]
    assert {one.about for one in monthly} == {"face_to_face"}
    assert Counter(one.on.month for one in monthly if one.to == "learner") == dict.fromkeys(
        range(1, 13), 1
    )


def test_yingcai_nothing_every_month_and_nobody_leaves() -> None:
    said = year(load("neimenggu-yingcai-2025"))
    assert "face_to_face" not in {one.about for one in said}
    assert days_of(said, "initial", "mentor") == [
        *("2025-04-01", "2025-05-24", "2025-05-30", "2025-06-01"),
    ]


@pytest.mark.parametrize("key", ["neimenggu-pilot-2025", "neimenggu-yingcai-2025", "shanxi-2026"])
def test_a_session_without_its_diary_is_told_the_day_after_and_after_a_week(key: str) -> None:
    programme = load(key)
    came = programme.cycle.first_day + 9 * DAY

    def forgets(_: Programme, day: date) -> LearnerState:
        two = [Unwritten(5, came), Unwritten(6, came)] if day >= came else []
        kinds = frozenset({WritingKind.DIARY})
        return LearnerState(
            sessions=[visit(came)] * 10, asked=kinds, unwritten={WritingKind.DIARY: two}
        )

    diaries = [one for one in year(programme, forgets) if one.about == "diary"]
    # Two that are owed on one day are two.
    assert [((one.on - came).days, one.period, one.strength) for one in diaries] == [
        (1, "5", "gentle"),
        (1, "6", "gentle"),
        (8, "5 again", "plain"),
        (8, "6 again", "plain"),
    ]
    assert {(one.to, one.rule) for one in diaries} == {("learner", "cultivation.diary_frequency")}


@pytest.mark.parametrize("key", ["sichuan-jingke-2023", "spark-2026"])
def test_where_nothing_says_how_often_no_diary_is_missing(key: str) -> None:
    programme = load(key)
    lacks = LearnerState(
        asked=frozenset(WritingKind),
        unwritten={WritingKind.DIARY: [Unwritten(5, programme.cycle.first_day)]},
    )
    assert year(programme, lambda *_: lacks) == []


def test_spark_a_stage_is_reminded_of_once_an_office_has_opened_it() -> None:
    spark = load("spark-2026")
    first, last = date(2026, 10, 12), date(2026, 10, 30)
    undated = StageTerm(None, None, None)
    terms = [StageTerm(first, last, last), undated, undated]
    both = {(number, side) for number in range(3) for side in Side}
    opened = signatures(spark, terms, both)
    said = year(spark, lambda _, day: LearnerState(unsigned=opened))
    expected = ["2026-10-12", "2026-10-23", "2026-10-29", "2026-10-31"]
    assert days_of(said, "initial", "mentor") == expected
    assert days_of(said, "initial", "school_teacher") == expected


def test_the_eighth_has_hours_terms_and_stages_of_its_own() -> None:
    with catalogue.using(PACKS):
        said = year(load("yunzhou-2026"))
    assert {(one.about, one.rule) for one in said} == {
        ("lab_hours", "cultivation.more_minima"),
        ("hours", "cultivation.more_minima"),
        ("proposal", "evaluation.stages"),
    }
    # A term ends, and what is missing in it can no longer be made up.
    assert len(days_of(said, "lab_hours", "office")) == 4
    assert days_of(said, "hours", "office") == ["2028-09-01"]


# ---------------------------------------------------------------- whom it leaves in peace


def weekly(programme: Programme, day: date) -> LearnerState:
    """A diligent learner: a visit every week, everything written."""
    first = programme.cycle.first_day
    days = [first + 7 * DAY * n for n in range(200)]
    return LearnerState(sessions=[visit(one) for one in days if one <= day])


@pytest.mark.parametrize("key", ALL)
def test_whoever_has_done_everything_hears_nothing(key: str) -> None:
    assert year(load(key), weekly) == []


def test_what_is_submitted_is_done_and_what_was_sent_back_is_not() -> None:
    shanxi, on = load("shanxi-2026"), date(2026, 11, 20)
    for status, quiet in [(APPROVED, True), (SUBMITTED, True), ("returned", False)]:
        ten = [visit(date(2026, 2, 1) + DAY * n, status) for n in range(10)]
        assert (outlook(shanxi, LearnerState(sessions=ten), on).owed == ()) is quiet


def test_whoever_joined_in_july_is_not_behind_in_august() -> None:
    shanxi = load("shanxi-2026")
    late = LearnerState(since=date(2026, 7, 20))
    assert outlook(shanxi, late, date(2026, 7, 19)).owed == ()
    assert outlook(shanxi, late, date(2026, 7, 22)).owed == ()
    assert [str(one.saying.strength) for one in outlook(shanxi, late, date(2026, 8, 20)).owed] == [
        "gentle"
    ]


def test_days_on_leave_are_quiet_and_are_not_counted() -> None:
    pilot = load("neimenggu-pilot-2025")
    away = (date(2025, 3, 1), date(2025, 3, 20))

    def ill(_: Programme, day: date) -> LearnerState:
        return LearnerState(away=(away,))

    march = [one for one in year(pilot, ill) if one.about == "face_to_face" and one.on.month == 3]
    assert all(one.on > away[1] for one in march)
    first = next(one for one in march if one.to == "learner")
    assert (first.on.day, first.strength) == (21, "plain")
    whole = LearnerState(away=((date(2025, 3, 1), date(2025, 3, 31)),))
    assert not [
        one
        for one in outlook(pilot, whole, date(2025, 4, 1)).owed
        if one.matter.about == "face_to_face"
    ]


def test_a_leave_does_not_excuse_the_mentor() -> None:
    on = date(2026, 5, 10)
    state = LearnerState(away=((on, on),), waiting=[WaitingEntry(1, 1, "session", on - 4 * DAY)])
    owed = outlook(load("shanxi-2026"), state, on).owed
    assert [(one.to, one.matter.about) for one in owed] == [(To.MENTOR, "queue")]


def test_the_end_of_a_month_and_a_leap_day_are_days() -> None:
    pilot = load("neimenggu-pilot-2025")
    leap = pilot.model_copy(
        update={
            "cycle": pilot.cycle.model_copy(
                update={
                    "start": pilot.cycle.start.model_copy(update={"value": When(2028, 1)}),
                    "end": pilot.cycle.end.model_copy(update={"value": When(2028, 12)}),
                }
            )
        }
    )
    on = date(2028, 2, 29)
    one = LearnerState(sessions=[visit(date(2028, 2, 1))])
    [owed] = [o for o in outlook(leap, one, on).owed if o.matter.about == "face_to_face"]
    assert (owed.saying.until, owed.saying.strength) == (on, Strength.PLAIN)
    [after] = [
        o
        for o in outlook(leap, one, on + DAY).owed
        if o.matter.about == "face_to_face" and o.to is To.OFFICE
    ]
    assert (after.saying.strength, after.saying.until) == (Strength.IMPOSSIBLE, on)


# ---------------------------------------------------------------- the clock


@each_row("key", ALL)
def test_looking_only_on_the_days_it_names_misses_nothing(key: str) -> None:
    """Between a look and the next day that it names, nothing new is owed if nothing is done."""
    programme = load(key)

    def jump(day: date, seen: Outlook) -> date:
        return seen.next or date.max - 400 * DAY

    assert year(programme, step=jump) == year(programme)


@pytest.mark.parametrize("key", ALL)
def test_an_outage_of_three_days_says_late_what_is_still_true_and_says_it_once(key: str) -> None:
    programme = load(key)
    whole = {(one.to, one.rule, one.period): one.on for one in year(programme)}
    for offset in range(4):
        ticks = year(programme, step=lambda day, _: day + 4 * DAY, late=offset)
        late = {(o.to, o.rule, o.period): o.on for o in ticks}
        assert late.keys() <= whole.keys()
        assert all(0 <= (on - whole[key]).days <= 3 for key, on in late.items())
        # What an outage leaves out has been followed by something stronger in the meantime.
        matters = {(to, rule) for to, rule, _ in whole}
        assert {(to, rule) for to, rule, _ in late} == matters


@st.composite
def states(draw: st.DrawFn) -> LearnerState:
    first = date(2025, 1, 1)
    days = st.integers(0, 364).map(lambda n: first + DAY * n)
    visits = draw(st.lists(days, max_size=14))
    starts = draw(st.lists(days, max_size=2))
    return LearnerState(
        since=draw(st.none() | days),
        sessions=[visit(day, draw(st.sampled_from([APPROVED, SUBMITTED]))) for day in visits],
        away=tuple((day, day + DAY * draw(st.integers(0, 40))) for day in starts),
        waiting=[WaitingEntry(1, 1, "session", draw(days))] if draw(st.booleans()) else [],
        asked=frozenset(WritingKind),
        unwritten={WritingKind.DIARY: [Unwritten(2, draw(days))]},
    )


@given(states(), st.integers(0, 400))
def test_nothing_changes_before_the_day_that_a_look_names(state: LearnerState, at: int) -> None:
    """For any state, in the strictest programme: what is owed stays until `next`."""
    pilot = load("neimenggu-pilot-2025")
    on = date(2024, 12, 15) + DAY * at
    seen = outlook(pilot, state, on)
    new = {(one.to, one.matter.rule, one.saying.period) for one in seen.owed}
    day = on + DAY
    while day < (seen.next or on + 60 * DAY) and day < on + 60 * DAY:
        later = outlook(pilot, state, day).owed
        assert {(one.to, one.matter.rule, one.saying.period) for one in later} <= new
        day += DAY


def moved(due: date) -> Iterator[str]:
    shanxi, undated = load("shanxi-2026"), StageTerm(None, None, None)
    terms = [undated, StageTerm(due - 30 * DAY, due, due), undated]
    unsigned = signatures(shanxi, terms, {(1, Side.TEAM)})
    for one in outlook(shanxi, LearnerState(unsigned=unsigned), date(2026, 8, 30)).owed:
        if one.matter.about == "mid":
            yield one.saying.period


def test_a_deadline_that_is_moved_is_said_anew() -> None:
    assert list(moved(date(2026, 8, 31))) == ["mid 2026-08-31 1 before"]
    assert list(moved(date(2026, 9, 6))) == ["mid 2026-09-06 7 before"]

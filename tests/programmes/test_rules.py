from datetime import date, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from programmes.catalogue import load
from programmes.rules import (
    APPROVED,
    SUBMITTED,
    SessionDoubt,
    SessionFact,
    count,
    question_session,
)
from programmes.values import PLACES, When
from tests.tables import each_row

SHANXI = load("shanxi-2026")  # ten sessions of any kind, in 2026
JIANGSU = load("jiangsu-2022")  # ten visits, in 2022
PILOT = load("neimenggu-pilot-2025")  # ten visits, and two meetings in person a month, in 2025
SPARK = load("spark-2026")  # silent
YEAR_END = date(2025, 12, 31)


def session(
    day: date,
    *,
    status: str = APPROVED,
    place: str = "on_campus",
    start: time | None = None,
    minutes: int | None = None,
) -> SessionFact:
    (where,) = (known for known in PLACES if known.key == place)
    return SessionFact(day, where.on_campus, where.face_to_face, status, start, minutes)


def test_only_approval_counts_and_what_is_submitted_is_told_apart() -> None:
    day = date(2026, 3, 1)
    sessions = [
        *[session(day + timedelta(n)) for n in range(7)],
        *[session(day + timedelta(n), status=SUBMITTED) for n in range(2)],
        session(day, status="returned"),
        session(day, status="withdrawn"),
    ]
    progress = count(sessions, SHANXI, date(2026, 4, 1)).of("min_sessions")
    assert progress is not None
    assert (progress.submitted, progress.approved, progress.still_needed) == (2, 7, 3)
    assert progress.months == ()
    assert progress.requirement.clause == "五(三)1"


def test_where_the_document_is_silent_nothing_is_required() -> None:
    assert count([session(date(2026, 6, 1))], SPARK, date(2026, 7, 1)).requirements == ()
    assert count([], SHANXI, date(2026, 7, 1)).of("monthly_face_to_face") is None


def test_shanxi_counts_every_session_and_jiangsu_only_visits() -> None:
    for place, shanxi, jiangsu in [
        ("on_campus", 1, 1),
        ("off_campus", 1, 0),
        ("on_campus_alone", 1, 1),
        ("online", 1, 0),
    ]:
        there = count([session(date(2026, 5, 5), place=place)], SHANXI, date(2026, 6, 1))
        here = count([session(date(2022, 5, 5), place=place)], JIANGSU, date(2022, 6, 1))
        assert (there.requirements[0].approved, here.requirements[0].approved) == (shanxi, jiangsu)


def test_one_visit_feeds_both_counters() -> None:
    visit = session(date(2025, 5, 5))
    visits, meetings = count([visit], PILOT, date(2025, 5, 31)).requirements
    assert (visits.approved, visits.still_needed) == (1, 9)
    assert (meetings.approved, meetings.still_needed) == (1, 1)


def test_the_counters_are_apart() -> None:
    alone, outside = (
        session(date(2025, 5, 5), place="on_campus_alone"),
        session(date(2025, 5, 6), place="off_campus"),
    )
    visits, meetings = count([alone, outside], PILOT, date(2025, 5, 31)).requirements
    assert (visits.approved, meetings.approved) == (1, 1)


def test_two_meetings_every_month_up_to_now() -> None:
    sessions = [
        session(date(2025, 1, 10)),
        session(date(2025, 1, 31)),
        session(date(2025, 2, 1)),
        session(date(2025, 2, 28), status=SUBMITTED),
        session(date(2025, 3, 1)),
        session(date(2025, 3, 2)),
        session(date(2025, 3, 3)),
    ]
    meetings = count(sessions, PILOT, date(2025, 4, 15)).of("monthly_face_to_face")
    assert meetings is not None
    found = [
        (str(m.month), m.submitted, m.approved, m.still_needed, m.over) for m in meetings.months
    ]
    assert found == [
        ("2025-01", 0, 2, 0, True),
        ("2025-02", 1, 1, 1, True),
        ("2025-03", 0, 3, 0, True),  # a third meeting makes up for no other month
        ("2025-04", 0, 0, 2, False),
    ]
    assert (meetings.submitted, meetings.approved, meetings.still_needed) == (0, 0, 2)


def test_a_month_is_over_when_its_last_day_is() -> None:
    def february(on: date) -> bool:
        meetings = count([], PILOT, on).of("monthly_face_to_face")
        assert meetings is not None
        return next(tally.over for tally in meetings.months if tally.month == When(2025, 2))

    assert not february(date(2025, 2, 28))
    assert february(date(2025, 3, 1))


def test_the_leap_day_is_a_day_of_the_cycle() -> None:
    jingke = load("sichuan-jingke-2023")
    assert question_session(session(date(2024, 2, 29)), [], jingke, date(2024, 2, 29)) == []
    after = question_session(session(date(2024, 3, 1)), [], jingke, date(2024, 3, 1))
    assert after == [SessionDoubt("outside_cycle")]


def test_outside_the_cycle_nothing_is_counted() -> None:
    sessions = [session(date(2024, 12, 31)), session(date(2026, 1, 1)), session(YEAR_END)]
    visits, meetings = count(sessions, PILOT, date(2026, 2, 1)).requirements
    assert visits.approved == 1
    assert len(meetings.months) == 12
    assert all(tally.over for tally in meetings.months)
    assert (meetings.submitted, meetings.approved, meetings.still_needed) == (0, 0, 0)


def test_before_the_cycle_nothing_is_due_by_month() -> None:
    visits, meetings = count([], PILOT, date(2024, 12, 31)).requirements
    assert (visits.still_needed, meetings.still_needed, meetings.months) == (10, 0, ())


def test_sessions_of_later_days_do_not_count_yet() -> None:
    sessions = [session(date(2025, 5, 5)), session(date(2025, 5, 6))]
    assert count(sessions, PILOT, date(2025, 5, 5)).requirements[0].approved == 1


def test_whoever_joins_late_owes_no_earlier_month() -> None:
    joined = date(2025, 4, 20)
    early = session(date(2025, 4, 19))
    visits, meetings = count([early], PILOT, date(2025, 5, 1), since=joined).requirements
    assert visits.approved == 0
    assert [str(tally.month) for tally in meetings.months] == ["2025-04", "2025-05"]


def test_a_session_is_questioned_not_swallowed() -> None:
    today = date(2025, 5, 10)
    assert question_session(session(today), [], PILOT, today) == []
    future = question_session(session(date(2025, 5, 11)), [], PILOT, today)
    assert future == [SessionDoubt("in_future")]
    both = question_session(session(date(2026, 1, 1)), [], PILOT, today)
    assert both == [SessionDoubt("outside_cycle"), SessionDoubt("in_future")]


@each_row(
    ("start", "minutes", "other_start", "other_minutes", "doubted"),
    [
        (None, None, None, None, True),
        (time(9), 60, None, None, True),
        (None, None, time(9), 60, True),
        (time(9), 60, time(9, 59), 60, True),
        (time(9), 60, time(10), 60, False),
        (time(10), 60, time(9), 60, False),
        (time(10), 60, time(9), 61, True),
        (time(9), None, time(14), 60, True),
        (time(14), None, time(9), 60, False),
        (time(9), None, time(9), None, True),
        (time(23), 120, time(23, 30), 10, True),
    ],
)
def test_two_sessions_at_once_in_one_place(
    start: time | None,
    minutes: int | None,
    other_start: time | None,
    other_minutes: int | None,
    doubted: bool,
) -> None:
    day = date(2025, 5, 5)
    new = session(day, start=start, minutes=minutes)
    other = session(day, start=other_start, minutes=other_minutes, status=SUBMITTED)
    expected = [SessionDoubt("overlaps", other)] if doubted else []
    assert question_session(new, [other], PILOT, day) == expected


def test_other_days_other_places_and_withdrawn_sessions_are_no_doubles() -> None:
    day = date(2025, 5, 5)
    others = [
        session(date(2025, 5, 4)),
        session(day, place="online"),
        session(day, status="withdrawn"),
    ]
    assert question_session(session(day), others, PILOT, day) == []


days = st.dates(date(2024, 11, 1), date(2026, 2, 28))
sessions_of_a_year = st.lists(
    st.builds(
        session,
        days,
        status=st.sampled_from([SUBMITTED, APPROVED, "returned"]),
        place=st.sampled_from([place.key for place in PLACES]),
    ),
    max_size=40,
)


@given(sessions=sessions_of_a_year, on=days)
def test_months_add_up_to_the_year(sessions: list[SessionFact], on: date) -> None:
    visits, meetings = count(sessions, PILOT, on).requirements
    counted = [s for s in sessions if s.day in PILOT.cycle and s.day <= on and s.face_to_face]
    assert sum(tally.approved for tally in meetings.months) == sum(
        s.status == APPROVED for s in counted
    )
    assert sum(tally.submitted for tally in meetings.months) == sum(
        s.status == SUBMITTED for s in counted
    )
    for tally in (visits, meetings, *meetings.months):
        assert tally.still_needed >= 0
    assert visits.still_needed == max(0, 10 - visits.approved)


@given(sessions=sessions_of_a_year, new=st.builds(session, days), on=days)
def test_one_more_approval_never_asks_for_more(
    sessions: list[SessionFact], new: SessionFact, on: date
) -> None:
    before = count(sessions, PILOT, on).requirements
    after = count([new, *sessions], PILOT, on).requirements
    for was, now in zip(before, after, strict=True):
        assert 0 <= was.still_needed - now.still_needed <= 1


@given(sessions=sessions_of_a_year, day=days, on=days)
def test_what_is_only_submitted_is_needed_still(
    sessions: list[SessionFact], day: date, on: date
) -> None:
    before = count(sessions, PILOT, on).requirements
    after = count([*sessions, session(day, status=SUBMITTED)], PILOT, on).requirements
    assert [(r.approved, r.still_needed) for r in before] == [
        (r.approved, r.still_needed) for r in after
    ]


@given(sessions=sessions_of_a_year, on=days)
def test_the_order_of_sessions_does_not_matter(sessions: list[SessionFact], on: date) -> None:
    assert count(sessions, PILOT, on) == count(sessions[::-1], PILOT, on)

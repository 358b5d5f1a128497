"""What documents give for hours, and which meetings count."""

from __future__ import annotations

from datetime import date, time

from hypothesis import given
from hypothesis import strategies as some

from programmes.catalogue import all_programmes, load
from programmes.serving import Attended, Proof, earned, meetings

WORK = {"workload": {"mentor", "team_member", "school_teacher"}}
EXPECTED: dict[str, dict[str, set[str]]] = {
    "spark-2026": {
        "hours": {"mentor", "team_member", "school_teacher"},
        "volunteer": {"mentor", "team_member", "school_teacher"},
        "doctoral": {"team_member"},
    },
    "shanxi-2026": WORK,
    "jiangsu-2022": WORK,
    "neimenggu-yingcai-2025": {"workload": {"school_teacher"}},
    "neimenggu-pilot-2025": {"workload": {"school_teacher"}},
    "sichuan-jingke-2023": {},
    "sichuan-jindaoshi-2023": {},
}
ROLES = ("mentor", "team_member", "school_teacher", "student", "coordinator", "guardian")


def test_each_document_gives_what_it_says_to_whom_it_says() -> None:
    assert {programme.key for programme in all_programmes()} == {*EXPECTED}
    for key, wanted in EXPECTED.items():
        found: dict[str, set[str]] = {}
        for role in ROLES:
            for one in earned(load(key), role):
                found.setdefault(one.proof.value, set()).add(role)
                assert one.clause
        assert found == wanted, key


def test_what_a_document_leaves_open_is_said_to_be_so() -> None:
    spark = {one.proof: one for one in earned(load("spark-2026"), "school_teacher")}
    assert spark[Proof.HOURS].unsure
    assert spark[Proof.HOURS].given_by == "platform"
    [doctoral] = [
        one for one in earned(load("spark-2026"), "team_member") if one.proof is Proof.DOCTORAL
    ]
    assert not doctoral.unsure


DAY = date(2026, 5, 3)


def session(minutes: int, start: str = "", kind: str = "research", day: date = DAY) -> Attended:
    return Attended(day, kind, "on_campus", minutes, time.fromisoformat(start) if start else None)


def lengths(*attended: Attended) -> list[tuple[int, int]]:
    return [(one.minutes, one.learners) for one in meetings(attended)]


def test_an_hour_with_three_learners_is_one_hour() -> None:
    assert lengths(*[session(60, "09:00")] * 3) == [(60, 3)]
    assert lengths(session(60), session(90), session(60)) == [(90, 3)]
    assert lengths(session(60), session(60, kind="lecture")) == [(60, 1), (60, 1)]


def test_what_overlaps_is_one_and_what_follows_is_another() -> None:
    assert lengths(session(60, "09:00"), session(60, "09:30")) == [(90, 2)]
    assert lengths(session(60, "09:00"), session(60, "10:00")) == [(60, 1), (60, 1)]
    assert lengths(session(180, "09:00"), session(30, "10:00"), session(30, "11:30")) == [(180, 3)]
    other = date(2026, 5, 4)
    assert lengths(session(60, "09:00"), session(60, "09:00", day=other)) == [(60, 1), (60, 1)]


@given(
    some.lists(
        some.builds(
            Attended,
            some.dates(DAY, date(2026, 5, 6)),
            some.sampled_from(["research", "lecture"]),
            some.sampled_from(["on_campus", "online"]),
            some.integers(1, 300),
            some.none() | some.times().map(lambda at: at.replace(second=0, microsecond=0)),
        )
    )
)
def test_hours_are_never_more_than_all_sessions_nor_less_than_the_longest(
    attended: list[Attended],
) -> None:
    found = meetings(attended)
    total = sum(one.minutes for one in found)
    assert total <= sum(one.minutes for one in attended)
    assert total >= max((one.minutes for one in attended), default=0)
    assert sum(one.learners for one in found) == len(attended)
    assert [one.day for one in found] == sorted(one.day for one in found)
    assert found == meetings(reversed(attended)) or sorted(
        (one.day, one.minutes, one.learners) for one in found
    ) == sorted((one.day, one.minutes, one.learners) for one in meetings(reversed(attended)))

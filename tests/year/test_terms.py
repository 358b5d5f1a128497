"""Who evaluates what and when, by each document: and what must not be asked for."""

from __future__ import annotations

from datetime import date

from programmes import catalogue, evaluating
from programmes.evaluating import Side, StagePart, StageTerm
from programmes.model import Programme
from tests.tables import each_row


def parts_of(programme: Programme) -> dict[str, list[StagePart]]:
    keys = evaluating.keys(programme)
    return {
        key: list(evaluating.parts(programme, stage))
        for key, stage in zip(keys, programme.stages, strict=True)
    }


def told(key: str) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """By stage: each side with the outcomes from which it chooses."""
    return {
        stage: [(part.side.value, tuple(map(str, part.outcomes))) for part in parts]
        for stage, parts in parts_of(catalogue.load(key)).items()
    }


GRADED = ("qualified", "unqualified")


@each_row(
    ("key", "expected"),
    [
        (
            "shanxi-2026",
            {
                "initial": [("team", ())],
                "mid": [("team", GRADED)],
                "annual": [("team", ()), ("office", ("excellent", "qualified"))],
            },
        ),
        (
            "jiangsu-2022",
            {
                "mid": [("team", GRADED)],
                "annual": [("team", ()), ("office", ("excellent", *GRADED))],
            },
        ),
        (
            "neimenggu-pilot-2025",
            {
                "initial": [("team", ())],
                "mid": [("team", GRADED)],
                "annual": [("team", ()), ("office", ("recommended", "not_recommended"))],
                "annual_2": [("office", ("excellent", *GRADED))],
            },
        ),
        (
            "neimenggu-yingcai-2025",
            {"initial": [("team", ())], "mid": [], "annual": [("team", ()), ("office", ())]},
        ),
        (
            "spark-2026",
            {
                "initial": [("team", ()), ("school", ())],
                "mid": [("team", ()), ("school", ())],
                "final": [("team", ()), ("school", ()), ("office", ("qualified",))],
            },
        ),
        ("sichuan-jingke-2023", {}),
        ("sichuan-jindaoshi-2023", {}),
    ],
)
def test_each_side_writes_what_its_document_gives_it(
    key: str, expected: dict[str, list[tuple[str, tuple[str, ...]]]]
) -> None:
    assert told(key) == expected


def test_only_where_a_document_says_so_does_an_outcome_end_the_cultivation() -> None:
    ending = {
        (programme.key, str(part.stage.stage), outcome)
        for programme in catalogue.all_programmes()
        for parts in parts_of(programme).values()
        for part in parts
        for outcome in part.outcomes
        if part.ends(outcome)
    }
    assert ending == {
        (key, "mid", "unqualified")
        for key in ("shanxi-2026", "jiangsu-2022", "neimenggu-pilot-2025")
    }
    assert not StagePart(catalogue.load("shanxi-2026").stages[1], Side.TEAM, ()).ends(
        "unqualified"
    )


def test_who_decides_and_who_recommends() -> None:
    deciding = {
        (programme.key, key): [part.decides for part in parts if part.side is Side.OFFICE]
        for programme in catalogue.all_programmes()
        for key, parts in parts_of(programme).items()
    }
    assert {key: said for key, said in deciding.items() if said} == {
        ("shanxi-2026", "annual"): [True],
        ("jiangsu-2022", "annual"): [True],
        ("neimenggu-pilot-2025", "annual"): [False],
        ("neimenggu-pilot-2025", "annual_2"): [True],
        ("neimenggu-yingcai-2025", "annual"): [True],
        ("spark-2026", "final"): [True],
    }


def test_a_deadline_alone_opens_after_the_stage_before() -> None:
    shanxi = catalogue.load("shanxi-2026")
    first, mid, _ = (evaluating.term(shanxi, stage) for stage in shanxi.stages)
    assert first == StageTerm(date(2026, 4, 1), date(2026, 4, 5), date(2026, 4, 10))
    assert mid == StageTerm(date(2026, 4, 11), date(2026, 8, 31), date(2026, 8, 31))
    jiangsu = catalogue.load("jiangsu-2022")
    assert evaluating.term(jiangsu, jiangsu.stages[0]).opens == date(2022, 1, 1)


def test_a_deadline_that_reads_two_ways_is_due_early_and_closes_late() -> None:
    pilot = catalogue.load("neimenggu-pilot-2025")
    first, mid, *_ = (evaluating.term(pilot, stage) for stage in pilot.stages)
    assert (first.due, first.closes) == (date(2025, 4, 30), date(2025, 5, 31))
    assert (mid.opens, mid.due) == (date(2025, 6, 1), date(2025, 6, 30))
    assert mid.closes == date(2025, 7, 31)


def test_what_no_document_dates_has_no_days() -> None:
    spark = catalogue.load("spark-2026")
    assert {evaluating.term(spark, stage) for stage in spark.stages} == {
        StageTerm(None, None, None)
    }

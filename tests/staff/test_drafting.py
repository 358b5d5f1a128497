"""`yingcai programme new`: a dozen answers become a pack that can be used at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from programmes.catalogue import load
from programmes.check import check_file
from programmes.parsing import NotUnderstood, days, minima, with_clause
from programmes.values import Own

ANSWERS = [
    "",  # all in the letter itself, where nothing else is said
    "青云市青少年科研计划",
    "青云、青云科研",
    "qingyun",
    "2026 第三期",
    "2026年9月到2028年8月 @第二条",
    "青云市科协、青云市教育局",
    "高一、高二、初二",
    "数学、物理、材料",
    "7、课题双选会、面试",
    "每学期20小时、到校10次 @第九条",
    "2-15、9-1",
    "每周一次",
    "高一",
    "开题答辩、中期 2027-03、末期 2028年6月底前",
    "1、展板",
    "青云市科协青少年部、0999-1234567、office@example.org",
]

New = Callable[..., Result]


@pytest.fixture
def new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> New:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(tmp_path / "data"))
    return lambda answers, *words: CliRunner().invoke(
        app, ["programme", "new", *words], input="\n".join(answers) + "\n"
    )


def test_a_dozen_answers_make_a_pack_that_answers(new: New, tmp_path: Path) -> None:
    result = new(ANSWERS)
    assert result.exit_code == 0, result.output
    path = tmp_path / "data" / "programmes" / "qingyun-2026.yaml"
    assert check_file(path) == []
    assert str(path.relative_to(tmp_path)) in result.stdout
    assert result.stdout.count("\n问：") == 3
    assert "出处：青云市青少年科研计划（第三期）第二条" in result.stdout
    made = load("qingyun-2026", path.parent)
    assert (made.cycle.first_day, made.cycle.last_day) == (date(2026, 9, 1), date(2028, 8, 31))
    assert made.called.sure == ("青云", "青云科研")
    assert [one.grade.value for one in made.participants.grades.value or ()] == [
        "senior_1",
        "senior_2",
        "junior_2",
    ]
    assert [*made.guardian_consent] == ["junior_2"]
    assert [one.name for one in made.selection.steps.value or ()] == ["报名", "课题双选会", "面试"]
    term, visits = made.requirements
    assert (term.at_least, term.unit, term.clause) == (20, "hours", "第九条")
    assert isinstance(term.per, Own)
    assert term.per.starts == ((2, 15), (9, 1))
    assert (visits.at_least, str(visits.counts)) == (10, "on_campus")
    (diary,) = made.records
    assert isinstance(diary.frequency, Own)
    assert diary.frequency.zh == "每周一次"
    assert [stage.name for stage in made.stages] == ["开题答辩", "中期评价", "末期评价"]
    assert made.stages[2].window is not None
    assert made.stages[2].window.last_day == date(2028, 6, 30)
    (office,) = made.contacts.list.value or ()
    assert (office.phones, office.email) == (("0999-1234567",), "office@example.org")
    assert made.mentor.term.status == "silent"


def test_what_is_not_told_is_silent(new: New, tmp_path: Path) -> None:
    least = ["", "青云计划", "", "qingyun", "2026", "2026-09", *[""] * 9]
    result = new(least, "-o", "here.yaml")
    assert "key 是「qingyun-2026」" in result.output  # the file's name is the key
    result = new(least)
    assert result.exit_code == 0, result.output
    made = load("qingyun-2026", tmp_path / "data" / "programmes")
    assert made.cycle.last_day is None
    assert made.requirements == ()
    assert made.records == ()
    assert made.guardian_consent == {}
    silent = [path for path, fact in made.facts() if fact.status == "silent"]
    assert len(silent) == len([*made.facts()]) - 3  # two names, and the beginning


def test_what_is_not_understood_is_asked_again(new: New) -> None:
    wrong = [*ANSWERS]
    wrong.insert(5, "明年")
    wrong.insert(4, "二〇二六")
    wrong.insert(3, "青云")
    result = new(wrong)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("没看懂") == 3


def test_whoever_stops_has_written_nothing(new: New, tmp_path: Path) -> None:
    result = new(ANSWERS[:6])
    assert result.exit_code == 2
    assert "什么都没有写下" in result.stderr
    assert not list(tmp_path.rglob("*.yaml"))


def test_a_pack_that_is_there_is_not_overwritten(new: New, tmp_path: Path) -> None:
    new(ANSWERS)
    result = new(ANSWERS)
    assert result.exit_code == 2
    assert "已经存在" in result.stderr


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("2026年9月到2027年8月", "2026-09", "2027-08"),
        ("2026-09-01 至 2027-08-31", "2026-09-01", "2027-08-31"),
        ("２０２６年", "2026", None),
        ("2026.9—2027.8", "2026-09", "2027-08"),
    ],
)
def test_days_are_read_as_they_are_written(typed: str, first: str, last: str | None) -> None:
    begins, ends = days(typed)
    assert (str(begins), ends and str(ends)) == (first, last)


@pytest.mark.parametrize("typed", ["", "明年", "2027年到2026年", "2026-13", "1到2到3"])
def test_what_is_no_cycle(typed: str) -> None:
    with pytest.raises(NotUnderstood):
        days(typed)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("10次", [(10, "sessions", "cycle")]),
        ("到校不少于10次", [(10, "on_campus", "cycle")]),
        ("到校10次、每月2次面对面", [(10, "on_campus", "cycle"), (2, "face_to_face", "month")]),
        ("每学期20小时", [(20, "hours", "term")]),
        ("读书12次", [(12, "own_counter_1", "cycle")]),
    ],
)
def test_minima_are_read_as_they_are_written(
    typed: str, found: list[tuple[int, str, str]]
) -> None:
    assert [(one["at_least"], one["counts"], one["per"]) for one in minima(typed).values] == found


def test_a_clause_stands_behind_its_mark() -> None:
    assert with_clause("10次 @五（三）1") == ("10次", "五(三)1")
    assert with_clause("办公室、a@b.org") == ("办公室、a@b.org", "")
    assert with_clause("办公室、a@b.org @六") == ("办公室、a@b.org", "六")
    with pytest.raises(NotUnderstood):
        with_clause("10次 @不知道哪里")

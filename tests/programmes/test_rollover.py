import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programmes.catalogue import PACKS, load
from programmes.check import check_file
from programmes.model import Programme
from programmes.rollover import roll, shift
from programmes.values import When
from tests.tables import each_row

KEYS = sorted(path.stem for path in PACKS.glob("*.yaml"))


def rolled(key: str, years: int, directory: Path) -> tuple[str, Programme]:
    programme = load(key)
    text = roll((PACKS / f"{key}.yaml").read_text("utf-8"), programme, programme.edition + years)
    path = directory / f"{programme.family}-{programme.edition + years}.yaml"
    path.write_text(text, "utf-8")
    assert check_file(path) == []
    return text, load(path.stem, directory)


@pytest.mark.parametrize("key", KEYS)
def test_a_rolled_pack_is_accepted_and_visibly_provisional(key: str, tmp_path: Path) -> None:
    last = load(key)
    _, this = rolled(key, 1, tmp_path)
    assert (this.family, this.edition) == (last.family, last.edition + 1)
    assert this.key == f"{last.family}-{last.edition + 1}"
    assert this.provisional
    assert this.carried_from == key
    for (path, fact), (_, before) in zip(this.facts(), last.facts(), strict=True):
        assert fact.carried_from == str(last.edition), path
        assert (fact.status, fact.clause, fact.note) == (before.status, before.clause, before.note)
    assert this.requirements == last.requirements
    assert this.ambiguities == last.ambiguities


@pytest.mark.parametrize("key", KEYS)
def test_there_and_back_again(key: str, tmp_path: Path) -> None:
    """What rolling adds is taken out again; then the text is what it was, comments and all."""
    text, this = rolled(key, 1, tmp_path)
    back = roll(text, this, this.edition - 1)
    for mark in (r"\n *carried_from: .*", r", carried_from: \d+"):
        back = re.sub(mark, "", back)
    assert back == (PACKS / f"{key}.yaml").read_text("utf-8")


def test_dates_move_and_the_words_with_them(tmp_path: Path) -> None:
    _, this = rolled("shanxi-2026", 1, tmp_path)
    assert (this.cycle.first_day, this.cycle.last_day) == (date(2027, 1, 1), date(2027, 12, 31))
    deadline = this.final_materials.deadline
    assert (deadline.value, deadline.says) == (When(2027, 11, 30), "2027年11月底前")
    assert this.milestones[0].start == When(2026, 7)
    assert this.stages[1].window is not None
    assert this.stages[1].window.text == "2027年8月底前"
    assert this.identity.official_name.value is not None
    assert this.identity.official_name.value.startswith("2027年山西省")


def test_particulars_are_carried_like_facts(tmp_path: Path) -> None:
    pack = (PACKS / "sichuan-jingke-2023.yaml").read_text("utf-8")
    assert pack.count("材料再报给") == 1
    last = tmp_path / "sichuan-jingke-2023.yaml"
    last.write_text(pack.replace("材料再报给", "2023年的材料再报给"), "utf-8")
    text = roll(last.read_text("utf-8"), load(last.stem, tmp_path), 2024)
    (tmp_path / "sichuan-jingke-2024.yaml").write_text(text, "utf-8")
    campaign = load("sichuan-jingke-2024", tmp_path).fact("particulars.campaign")
    assert campaign.carried_from == "2023"
    assert "2024年的材料再报给" in campaign.words[0]


def test_the_old_document_keeps_its_date_and_number(tmp_path: Path) -> None:
    _, this = rolled("neimenggu-pilot-2025", 1, tmp_path)
    assert this.identity.document_date.value == When(2025, 3, 19)
    number = this.identity.document_number.says
    assert number == load("neimenggu-pilot-2025").identity.document_number.says


def test_rolling_twice_still_names_the_document_it_rests_on(tmp_path: Path) -> None:
    text, this = rolled("shanxi-2026", 1, tmp_path)
    path = tmp_path / "shanxi-2028.yaml"
    path.write_text(roll(text, this, 2028), "utf-8")
    assert check_file(path) == []
    later = load("shanxi-2028", tmp_path)
    assert later.carried_from == "shanxi-2026"
    assert later.cycle.start.carried_from == "2026"
    assert later.cycle.first_day == date(2028, 1, 1)


def test_a_cycle_that_ends_in_february_ends_with_february(tmp_path: Path) -> None:
    assert load("sichuan-jingke-2023").cycle.last_day == date(2024, 2, 29)
    _, this = rolled("sichuan-jingke-2023", 1, tmp_path)
    assert this.cycle.last_day == date(2025, 2, 28)


@each_row(
    ("before", "years", "after"),
    [
        ("2024-02-29", 1, "2025-02-28"),
        ("2023-02-28", 1, "2024-02-29"),
        ("2024-02-28", 1, "2025-02-28"),
        ("2024-02-29", 4, "2028-02-29"),
        ("2026-11-30", 1, "2027-11-30"),
        ("2026-08", 1, "2027-08"),
        ("2026", 2, "2028"),
    ],
)
def test_shifting(before: str, years: int, after: str) -> None:
    assert str(shift(When.parse(before), years)) == after


@given(day=st.dates(date(1990, 1, 1), date(2090, 12, 31)), years=st.integers(-5, 5))
def test_the_month_stays_and_only_its_end_moves(day: date, years: int) -> None:
    when = When(day.year, day.month, day.day)
    moved = shift(when, years)
    assert (moved.year, moved.month) == (day.year + years, day.month)
    month, moved_month = When(day.year, day.month), When(day.year + years, day.month)
    if day == month.last_day:
        assert moved.last_day == moved_month.last_day
    else:
        assert moved.day == day.day

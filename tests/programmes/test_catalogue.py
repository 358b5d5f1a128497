from pathlib import Path

import pytest

from programmes.catalogue import PACKS, InvalidPack, all_programmes, load

SHANXI = (PACKS / "shanxi-2026.yaml").read_text("utf-8")


def test_an_unknown_key() -> None:
    with pytest.raises(KeyError):
        load("atlantis-2026")


def test_a_programme_is_read_once() -> None:
    assert load("shanxi-2026") is load("shanxi-2026")


def test_a_directory_of_the_users_own(tmp_path: Path) -> None:
    own = SHANXI.replace("family: shanxi", "family: hebei").replace("key: shanxi", "key: hebei")
    (tmp_path / "hebei-2026.yaml").write_text(own, "utf-8")
    assert load("hebei-2026", tmp_path).family == "hebei"
    assert load("shanxi-2026", tmp_path) is load("shanxi-2026")
    assert len(all_programmes(tmp_path)) == len(all_programmes()) + 1


def test_the_users_own_takes_the_place_of_the_built_in_and_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "shanxi-2026.yaml"
    path.write_text(SHANXI.replace("at_least: 10", "at_least: 12"), "utf-8")
    assert load("shanxi-2026", tmp_path).requirements[0].at_least == 12
    assert load("shanxi-2026").requirements[0].at_least == 10
    path.write_text(SHANXI.replace("at_least: 10", "at_least: 8"), "utf-8")
    assert load("shanxi-2026", tmp_path).requirements[0].at_least == 8


def test_a_pack_with_mistakes_is_refused_with_its_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "shanxi-2026.yaml"
    path.write_text(SHANXI.replace("at_least: 10", "at_least: ten"), "utf-8")
    with pytest.raises(InvalidPack, match="at_least") as refused:
        load("shanxi-2026", tmp_path)
    assert [problem.code for problem in refused.value.problems] == ["not_number"]

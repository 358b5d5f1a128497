"""Packs of one's own: they are at hand everywhere, one with mistakes stops nothing, a missing one
is a sentence, and backups carry them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app import desk
from app.cli import app
from bot.talk.clock import SetClock
from programmes import catalogue
from programmes.catalogue import PACKS, InvalidPack, NoPack
from tests.conftest import NewDatabase
from tests.house import House

pytestmark = pytest.mark.slow

EIGHTH = Path(__file__).parents[1] / "programmes" / "packs" / "yunzhou-2026.yaml"
KEY = EIGHTH.stem

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of packs with the eighth programme in it."""
    made = tmp_path / "packs"
    made.mkdir()
    shutil.copy(EIGHTH, made)
    return made


@pytest.fixture
def run(
    folder: Path,
    new_database: NewDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    clock: SetClock,
) -> Run:
    monkeypatch.setattr(desk, "CLOCK", clock)
    monkeypatch.setenv("YINGCAI_DATABASE_URL", new_database("sqlite"))
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("YINGCAI_PROGRAMMES_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, [*map(str, words)], prog_name="yingcai")


def fine(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def sentence(result: Result) -> str:
    """What a command says that does nothing: one line, and no traceback."""
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return result.stderr


def spoil(folder: Path, key: str = "hebei-2026") -> Path:
    """A pack with a date that is none."""
    text = EIGHTH.read_text("utf-8").replace("yunzhou", "hebei").replace(KEY, key)
    wrong = text.replace("value: 2026-09,", "value: 2026-13,")
    assert wrong != text
    path = folder / f"{key}.yaml"
    path.write_text(wrong, "utf-8")
    return path


# ---------------------------------------------------------------- at hand


def test_every_command_knows_them(run: Run, tmp_path: Path) -> None:
    assert KEY in fine(run("programme", "list"))
    assert "每个课题3到4名" in fine(run("programme", "show", KEY, "--section", "quotas"))
    assert "没有错误" in fine(run("programme", "check"))
    said = fine(run("ask", KEY, "每个课题收几个人"))
    assert "出处：云川科研英才行动（第十三期）第五条第二款" in said
    assert "yunzhou-2028" in fine(run("programme", "roll", KEY, "2028"))
    assert "编号 1" in fine(run("cohort", "create", KEY))
    assert KEY in fine(run("cohort", "list"))
    fine(run("person", "add", "林小雨", "--role", "student", "--unit", "一中", "--grade", "高一"))


def test_a_folder_may_be_named_on_the_command_line(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("YINGCAI_PROGRAMMES_DIR")
    assert KEY not in fine(run("programme", "list"))
    assert KEY in fine(run("programme", "list", "--programmes", folder))
    assert KEY in fine(run("--programmes", folder, "cohort", "create", KEY, "--name", KEY))
    assert "/nowhere" in sentence(run("programme", "list", "--programmes", "/nowhere"))


def test_without_a_word_they_lie_in_the_data(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("YINGCAI_PROGRAMMES_DIR")
    shutil.copytree(folder, tmp_path / "data" / "programmes")
    assert KEY in fine(run("programme", "list"))


# ---------------------------------------------------------------- with mistakes


def test_one_with_mistakes_is_set_aside_and_stops_nothing(run: Run, folder: Path) -> None:
    path = spoil(folder)
    line = path.read_text("utf-8").partition("2026-13")[0].count("\n") + 1
    result = run("programme", "list")
    assert "yunzhou-2026" in fine(result)
    assert "hebei-2026  " not in result.stdout
    assert f"{path} 第{line}行" in result.stderr
    assert "「2026-13」不是日期" in result.stderr
    assert "每个课题3到4名" in fine(run("ask", KEY, "每个课题收几个人"))
    assert "「2026-13」不是日期" in sentence(run("ask", "hebei-2026", "每个课题收几个人"))
    assert "有 1 个方案文件要改" in sentence(run("programme", "check"))
    fine(run("cohort", "create", KEY))
    sentence(run("cohort", "create", "hebei-2026"))


def test_a_faulty_one_of_ones_own_is_not_replaced_by_the_built_in(folder: Path) -> None:
    spoilt = (PACKS / "shanxi-2026.yaml").read_text("utf-8").replace("at_least: 10", "at_least: x")
    (folder / "shanxi-2026.yaml").write_text(spoilt, "utf-8")
    with catalogue.using(folder):
        with pytest.raises(InvalidPack):
            catalogue.load("shanxi-2026")
        assert [*catalogue.set_aside()] == ["shanxi-2026"]
        assert "shanxi-2026" not in {one.key for one in catalogue.all_programmes()}
        (folder / "shanxi-2026.yaml").unlink()
        assert catalogue.load("shanxi-2026").requirements[0].at_least == 10


def test_what_cannot_be_read_is_set_aside(folder: Path) -> None:
    (folder / "empty-2026.yaml").mkdir()
    (folder / "gone-2026.yaml").symlink_to(folder / "nowhere")
    with catalogue.using(folder):
        assert [problems[0].code for problems in catalogue.set_aside().values()] == [
            "unreadable",
            "unreadable",
        ]
        with pytest.raises(NoPack):
            catalogue.load("empty-2026")


# ---------------------------------------------------------------- missing


def test_a_cohort_without_its_pack_is_told_in_a_sentence(run: Run, folder: Path) -> None:
    fine(run("cohort", "create", KEY))
    (folder / EIGHTH.name).unlink()
    fine(run("cohort", "list"))
    for command in [
        ("cohort", "show"),
        ("person", "add", "林小雨", "--role", "student", "--unit", "一中"),
        ("ask", KEY, "几次"),
    ]:
        assert f"没有「{KEY}」这个方案" in sentence(run(*command)), command


async def test_whoever_is_in_it_is_told_and_others_go_on(
    folder: Path, new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> None:
    house = await House.open(new_database("sqlite"), tmp_path, clock, packs=folder)
    await house.populate(KEY, "senior_1")
    await house.join("林小雨", "王建国", "管小青")
    (folder / EIGHTH.name).unlink()
    for name, words in [
        ("林小雨", "进度"),
        ("林小雨", "记一次培养"),
        ("林小雨", "最少几次？"),
        ("林小雨", "昨天下午在学校和王建国做了3小时课题研究"),
        ("管小青", "概况"),
    ]:
        said = await house.members[name].says(words)
        assert f"没有「{KEY}」这个方案" in said, (name, words, said)
    await house.members["林小雨"].says("菜单")
    assert "记一次培养" in house.members["林小雨"].buttons
    shutil.copy(EIGHTH, folder)
    assert "进实验室时长" in await house.members["林小雨"].says("进度")
    house.close()


async def test_each_session_has_a_meeting_record_of_its_own(
    folder: Path, new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> None:
    asked = "{value: {name: 面谈记录, frequency: per_session}, status: stated, clause: 第九条}"
    pack = (folder / EIGHTH.name).read_text("utf-8")
    silent = "interview_records: {status: silent}"
    assert silent in pack
    (folder / EIGHTH.name).write_text(pack.replace(silent, f"interview_records: {asked}"), "utf-8")
    house = await House.open(new_database("sqlite"), tmp_path, clock, packs=folder)
    await house.populate(KEY, "senior_1")
    (student,) = await house.join("林小雨")
    for day in ("前天", "昨天"):
        await student.says(f"{day}下午到校和王建国做了3小时课题研究，镀了两片膜")
        await student.says("提交")
    assert "给哪一次培养写面谈记录" in await student.says("面谈记录")
    assert "写写这次面谈" in await student.says("1")
    for words in ("谈了选题。", "完成", "跳过", "提交"):
        said = await student.says(words)
    assert "面谈记录已提交" in said
    # One session is left, so there is nothing to choose.
    assert "写写这次面谈" in await student.says("面谈记录")
    house.close()


# ---------------------------------------------------------------- backups


def test_a_backup_carries_them_and_restoring_brings_them_back(
    run: Run,
    folder: Path,
    tmp_path: Path,
    new_database: NewDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fine(run("cohort", "create", KEY))
    fine(run("cohort", "create", "shanxi-2026"))
    archive = tmp_path / "all.zip"
    assert KEY in fine(run("backup", archive))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("YINGCAI_PROGRAMMES_DIR", str(elsewhere))
    monkeypatch.setenv("YINGCAI_DATABASE_URL", new_database("sqlite", migrated=False))
    assert str(elsewhere / EIGHTH.name) in fine(run("restore", archive))
    assert (elsewhere / EIGHTH.name).read_bytes() == EIGHTH.read_bytes()
    assert [path.name for path in elsewhere.iterdir()] == [EIGHTH.name]
    assert KEY in fine(run("cohort", "show", "1"))
    # What is there already is left alone.
    changed = EIGHTH.read_bytes() + b"# changed\n"
    (elsewhere / EIGHTH.name).write_bytes(changed)
    assert "没有改动它" in fine(run("restore", archive, "--replace"))
    assert (elsewhere / EIGHTH.name).read_bytes() == changed


def test_restoring_says_what_is_missing(
    run: Run,
    folder: Path,
    tmp_path: Path,
    new_database: NewDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fine(run("cohort", "create", KEY))
    (folder / EIGHTH.name).unlink()
    archive = tmp_path / "all.zip"
    fine(run("backup", archive))
    monkeypatch.setenv("YINGCAI_DATABASE_URL", new_database("sqlite", migrated=False))
    said = fine(run("restore", archive))
    assert re.search(f"缺少方案「{KEY}」的文件.*{re.escape(str(folder))}", said)

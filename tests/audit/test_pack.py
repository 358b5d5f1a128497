"""The yearly pack: numbers of everything that was done, and nobody's name."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator, Callable
from html import unescape
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlmodel import col, select
from typer.testing import CliRunner, Result

from app import desk
from app.cli import app
from bot.talk.clock import SetClock
from storage.tables import Audit, Person, Unit
from tests.audit.test_sealing import tamper
from tests.conftest import NewDatabase
from tests.house import House

Run = Callable[..., Result]


@pytest.fixture(params=["sqlite", "postgres"])
async def house(
    request: pytest.FixtureRequest, new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[House]:
    """A child under 14 whose guardian consented, who logged a session that the office opened."""
    house = await House.open(new_database(request.param), tmp_path, clock)
    await house.populate("sichuan-jingke-2023", "primary_5")
    (parent,) = await house.join("林大海")
    await parent.presses("同意")
    (teacher,) = await house.join("郭老师")
    await teacher.says("学生")
    await teacher.presses("林小雨")
    await teacher.says("待审")
    yield house
    house.close()


@pytest.fixture
def run(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(desk, "CLOCK", house.clock)
    url = house.app.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("YINGCAI_DATABASE_URL", url)
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(tmp_path))
    return lambda *words: CliRunner().invoke(app, ["audit", "pack", *map(str, words)])


def opened(file: Path) -> tuple[str, dict[str, list[list[object]]]]:
    """The page's text, and the rows of each table."""
    with zipfile.ZipFile(file) as archive:
        assert sorted(archive.namelist()) == ["audit.html", "tables.xlsx"]
        page = archive.read("audit.html").decode()
        book = load_workbook(io.BytesIO(archive.read("tables.xlsx")))
    text = unescape(re.sub(r"<[^>]+>", " ", page.partition("</style>")[2]))
    rows = {
        sheet.title: [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)]
        for sheet in book.worksheets
    }
    return text, rows


async def test_it_counts_what_was_done_and_names_nobody(
    house: House, run: Run, tmp_path: Path
) -> None:
    made = run("-o", tmp_path)
    assert made.exit_code == 0, made.output
    text, rows = opened(tmp_path / "audit-2026.zip")
    assert rows["保存了哪些数据（现在）"][0] == ["人", "管理办公室人员", 1]
    [consent] = rows["监护人同意书（现在）"]
    assert consent[1:] == ["在聊天里点了同意", "有效", 1]
    assert "这一年里同意 1 次，撤回 0 次" in text
    looks = rows["工作人员查看学员资料（这一年）"]
    assert ["本校指导教师", "学员情况", 1] in looks
    assert ["用邀请码加入", None, 2] in rows["各种操作（这一年）"]
    refused = [row for row in rows["各种操作（这一年）"] if row[1]]
    assert refused, "the teacher asked for a queue that only mentors have"
    assert "留痕完好" in text
    with house.app.database.transaction() as db:
        names = [*db.exec(select(Person.name)), *db.exec(select(Unit.name))]
        noted = db.exec(select(Audit).where(col(Audit.verb) == "audit_pack")).one()
    assert noted.detail == {"year": 2026}
    assert len(names) > 9
    everything = text + str(rows)
    assert not [name for name in names if name in everything]


async def test_of_one_cohort(run: Run, tmp_path: Path) -> None:
    made = run("--cohort", 1, "-o", tmp_path / "x.zip")
    assert made.exit_code == 0, made.output
    text, rows = opened(tmp_path / "x.zip")
    assert "示例一期" in text
    assert "只算这一期的人和记录" in text
    assert ["本校指导教师", "学员情况", 1] in rows["工作人员查看学员资料（这一年）"]


async def test_another_year_has_no_acts(run: Run, tmp_path: Path) -> None:
    assert run("--year", 2025, "-o", tmp_path).exit_code == 0
    _, rows = opened(tmp_path / "audit-2025.zip")
    assert "各种操作（这一年）" not in rows
    assert "工作人员查看学员资料（这一年）" not in rows


async def test_what_cannot_be_done_is_said(run: Run, tmp_path: Path) -> None:
    assert "没有 2027 年的材料" in run("--year", 2027, "-o", tmp_path).stderr
    assert "不是 .zip 文件" in run("-o", tmp_path / "x.pdf").stderr
    assert "找不到文件" in run("-o", tmp_path / "no" / "x.zip").stderr
    assert run("-o", tmp_path / "x.zip").exit_code == 0
    again = run("-o", tmp_path / "x.zip")
    assert (again.exit_code, "已经存在" in again.stderr) == (2, True)
    assert "没有" in run("--cohort", 99, "-o", tmp_path).stderr
    assert [one.name for one in tmp_path.glob("*.zip")] == ["x.zip"]


async def test_an_audit_that_was_touched_is_said(house: House, run: Run, tmp_path: Path) -> None:
    assert run("-o", tmp_path / "x.zip").exit_code == 0
    tamper(house.app.database, "DELETE FROM audit WHERE id = 2")
    made = run("-o", tmp_path / "y.zip")
    assert (made.exit_code, "没有通过" in made.stderr) == (2, True)
    assert "第 2 行被删除了" in opened(tmp_path / "y.zip")[0]

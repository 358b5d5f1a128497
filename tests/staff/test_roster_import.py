"""Rosters at the command line: imported, tried, taken back; what was rejected, templates."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlmodel import select
from typer.testing import Result

from jobs import sheet_reader, workbooks
from storage.database import Database
from storage.tables import HeadingMeaning
from tests.rosters.sheets import text, xlsx
from tests.staff.conftest import Yingcai, rows

SHEET = [
    ["姓名", "学校", "年级", "学科"],
    ["张三", "甲中学", "高一", "数学"],
    ["=1+1", "甲中学", "高一", "数学"],
    ["李四", "甲中学", "高三", "数学"],
]


@pytest.fixture
def sheet(yingcai: Yingcai, tmp_path: Path) -> Path:
    """A cohort, and a sheet for it."""
    yingcai("cohort", "create", "shanxi-2026", "--office", "省科技馆")
    file = tmp_path / "名单.csv"
    file.write_bytes(text(SHEET))
    return file


def test_a_sheet_is_tried_imported_and_taken_back(yingcai: Yingcai, sheet: Path) -> None:
    tried = rows(yingcai, "roster", "import", sheet, "--cohort", 1, "--dry-run")
    assert list(tried) == ["new", "changed", "unchanged", "rejected", "warnings", "refused"]
    assert (tried["new"], tried["changed"], tried["unchanged"]) == (1, 0, 0)
    assert [one["row"] for one in tried["rejected"]] == [3, 4]
    (said,) = tried["warnings"]
    assert "没有名次" in said["reason"]
    assert tried["refused"] is None
    assert rows(yingcai, "person", "list") == []

    assert "新增 1，更改 0，不变 0，没有收 2" in yingcai("roster", "import", sheet)
    (zhang,) = rows(yingcai, "person", "list")
    assert (zhang["person"], zhang["unit"], zhang["grade"]) == ("张三", "甲中学", "senior_1")
    again = rows(yingcai, "roster", "import", sheet)
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 1)

    assert "移走 1 人" in yingcai("roster", "undo")
    assert rows(yingcai, "person", "list", "--ended") == []
    assert len(rows(yingcai, "unit", "list")) == 1


def test_nothing_to_take_back_is_said(sheet: Path, fails: Yingcai) -> None:
    assert "没有可以撤销的导入" in fails("roster", "undo")


def test_grades_are_those_of_the_day(yingcai: Yingcai, sheet: Path) -> None:
    sheet.write_bytes(text([SHEET[0], ["张三", "甲中学", "2024级", "数学"]]))
    yingcai("roster", "import", sheet, "--as-of", "2025-11-10")
    assert [one["grade"] for one in rows(yingcai, "person", "list")] == ["senior_2"]


def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(
    run: Callable[..., Result], sheet: Path, fails: Yingcai, tmp_path: Path
) -> None:
    sheet.write_bytes(b"PK\x03\x04")
    assert "文件坏了" in fails("roster", "import", sheet)
    result = run("roster", "import", sheet, "--json")
    assert result.exit_code == 2
    told: dict[str, Any] = json.loads(result.stdout)
    assert "文件坏了" in told["refused"]
    assert (told["new"], told["rejected"], told["warnings"]) == (0, [], [])
    assert "不是文件" in fails("roster", "import", tmp_path)
    assert "找不到文件" in fails("roster", "import", tmp_path / "none.xlsx")
    os.mkfifo(tmp_path / "pipe.csv")
    assert "不是文件" in fails("roster", "import", tmp_path / "pipe.csv")
    with sheet.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    assert "文件太大" in fails("roster", "import", sheet)


def test_rejected_rows_come_back_with_their_reasons_and_run_nothing(
    yingcai: Yingcai, sheet: Path, tmp_path: Path
) -> None:
    back = tmp_path / "退回.xlsx"
    yingcai("roster", "import", sheet, "--rejects", back)
    assert back.stat().st_mode & 0o077 == 0
    book = openpyxl.load_workbook(back)
    head, formula, grade = book.active.iter_rows()
    assert [cell.value for cell in head] == ["原行号", *SHEET[0], "没有收的原因"]
    assert [cell.value for cell in grade][:3] == [4, "李四", "甲中学"]
    assert "高一、高二" in str(grade[5].value)
    assert (formula[1].value, formula[1].data_type) == ("=1+1", "s")
    assert formula[1].quotePrefix
    # Once corrected, it can be sent as it came back.
    grade[3].value = "高二"
    book.save(back)
    assert rows(yingcai, "roster", "import", back)["new"] == 1


def test_cells_that_begin_as_a_formula_are_text() -> None:
    lines = [["名"], *([said] for said in ("=1", "+1", "-1", "@x", "\t=1"))]
    book = openpyxl.load_workbook(
        io.BytesIO(workbooks.rejected([("一[二]", lines[:1], lines[1:])]))
    )
    found = [row[0] for row in book.active.iter_rows(min_row=2)]
    assert [cell.data_type for cell in found] == ["s"] * 5
    assert all(cell.quotePrefix for cell in found[:4])


def test_a_column_is_explained_once(
    yingcai: Yingcai, sheet: Path, fails: Yingcai, stored: Database
) -> None:
    sheet.write_bytes(xlsx([["选手", "来自", "年级"], ["张三", "甲中学", "高一"]]))
    assert "选手、来自" in fails("roster", "import", sheet)
    mapped = ("--map", "选手=姓名", "--map", "来自=school")
    assert rows(yingcai, "roster", "import", sheet, "--dry-run", *mapped)["new"] == 1
    assert "没有认出表头" in fails("roster", "import", sheet, "--dry-run")
    assert rows(yingcai, "roster", "import", sheet, *mapped)["new"] == 1
    assert rows(yingcai, "roster", "import", sheet)["unchanged"] == 1
    with stored.transaction() as db:
        known = {row.heading: row.meaning for row in db.exec(select(HeadingMeaning))}
    assert known == {"选手": "name", "来自": "school"}
    assert "看不懂" in fails("roster", "import", sheet, "--map", "选手=星座")


@pytest.mark.parametrize("key", ["shanxi-2026", "spark-2026", "sichuan-jindaoshi-2023"])
def test_a_template_is_filled_in_and_imported(yingcai: Yingcai, tmp_path: Path, key: str) -> None:
    yingcai("cohort", "create", key)
    file = tmp_path / "模板.xlsx"
    yingcai("roster", "template", "-o", file)
    book = openpyxl.load_workbook(file)
    sheet = book.worksheets[0]
    columns = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(row=2, column=columns["姓名"]).value = "张三"
    listed = [str(one.formula1) for one in sheet.data_validations.dataValidation]
    if "年级" in columns:
        assert '"高一' in listed[0]
        sheet.cell(row=2, column=columns["年级"]).value = "高一"
    book.save(file)
    made = rows(yingcai, "roster", "import", file, "--dry-run")
    assert (made["new"], made["rejected"]) == (1, [])


def test_an_empty_template_is_nobody(fails: Yingcai, yingcai: Yingcai, tmp_path: Path) -> None:
    yingcai("cohort", "create", "jiangsu-2022")
    file = tmp_path / "模板.xlsx"
    yingcai("roster", "template", "-o", file)
    assert len(sheet_reader.read(file.read_bytes()).sheets) == 2
    assert "还没有人" in fails("roster", "import", file)
    assert "已经存在" in fails("roster", "template", "-o", file)

"""J. Five thousand people from a sheet, and how long everybody else waits meanwhile."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from random import Random
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from app.invented import names
from benchmarks import report
from benchmarks.page import Page, free_port, up
from benchmarks.processes import links, running
from benchmarks.report import figure

PEOPLE: Final = 5_000
PAUSE: Final = 0.05
"""Seconds between an answer and the next question."""
YINGCAI: Final = (sys.executable, "-c", "from app.cli import main; main()")


async def run() -> None:
    report.title("J. A roster of five thousand")
    report.say(
        f"A book of {PEOPLE} students of 60 schools with their ranks, and 20 mentors, is tried, "
        "imported, imported again and taken back by `yingcai roster`, each a process of its own "
        "on the database that `yingcai serve --demo` serves. Meanwhile the demo's student asks "
        "for the menu, again and again, over the web chat."
    )
    with TemporaryDirectory() as folder:
        book = Path(folder) / "people.xlsx"
        _write(book)
        rows = []
        port, told = free_port(), {"YINGCAI_DATA_DIR": folder, "YINGCAI_DATABASE_URL": ""}
        async with running(*YINGCAI, "serve", "--demo", "--port", str(port), **told) as server:
            link, *_ = await links(server, 1)
            await up(f"http://127.0.0.1:{port}")
            page = await Page.sign_in(link)
            await page.open()
            for name, words in (
                ("dry run", ("import", str(book), "--dry-run")),
                ("import", ("import", str(book))),
                ("the same again", ("import", str(book))),
                ("undo", ("undo",)),
            ):
                rows.append((name, *await _meanwhile(page, *words, **told)))
            await page.close()
    report.table(("", "it takes, s", "answers", "median, ms", "p95, ms", "longest, ms"), rows)


async def _meanwhile(page: Page, *words: str, **told: str) -> tuple[str, ...]:
    began = perf_counter()
    waits: list[float] = []
    cohort = (
        ("--cohort", "1", "--as-of", "2025-11-10") if words[0] == "import" else ("--cohort", "1")
    )
    async with running(*YINGCAI, "roster", *words, *cohort, "--json", **told) as process:
        assert process.stdout is not None
        ending = asyncio.ensure_future(process.stdout.read())
        while not ending.done():
            waits.append(await page.say("菜单"))
            await asyncio.sleep(PAUSE)
        took = perf_counter() - began
    assert process.returncode == 0, await ending
    percent = quantiles(waits, n=100)
    shown = (took, len(waits), 1000 * percent[49], 1000 * percent[94], 1000 * max(waits))
    return tuple(figure(value) for value in shown)


def _write(file: Path) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("学生")
    head = (
        "序号 姓名 学校 年级 班级 学科 出生日期 学科年级排名 综合年级排名 年级人数 导师 联系电话"
    )
    sheet.append(head.split())
    given = names(Random(1))
    mentors = sorted(next(given) for _ in range(20))
    for n in range(PEOPLE):
        name = next(given)
        subject = ("数学", "物理学", "化学", "生物学", "计算机")[n % 5]
        born = f"2009-{n % 12 + 1:02}-{n // 12 % 28 + 1:02}"
        place = (f"第{n // 84 + 1}中学", ("高一", "高二")[n % 2], f"{n % 20 + 1}班")
        ranks = (n % 50 + 1, n % 80 + 1, 600)
        mentor = mentors[n % len(mentors)]
        sheet.append([n + 1, name, *place, subject, born, *ranks, mentor, 13900000000 + n])
    others = book.create_sheet("导师")
    others.append(["姓名", "单位"])
    for mentor in mentors:
        others.append([mentor, "山西大学"])
    book.save(file)

"""Each office sees its own branch alone, on every page, in every number and in every sheet."""

from __future__ import annotations

import io
import re
from itertools import product

import pytest
from openpyxl import load_workbook
from sqlmodel import select

from storage.tables import Audit, Membership
from tests.console.conftest import NORTH, SOUTH, Desk, Province

LISTS = ("students", "schools", "waiting", "roster", "reminders", "acts")


def numbers(html: str) -> list[str]:
    """The big numbers of an overview."""
    return re.findall(r'class="count">(\d+)<', html)


async def sheet(desk: Desk, name: str, path: str) -> list[tuple[object, ...]]:
    browser = await desk.of(name)
    answer = await browser.client.get(f"/console{path}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].endswith("sheet")
    book = load_workbook(io.BytesIO(answer.content))
    return [*book.active.iter_rows(values_only=True)]


@pytest.mark.parametrize(
    ("who", "theirs", "others"),
    [("北办小李", NORTH, SOUTH), ("南办小赵", SOUTH, NORTH), ("北查小孙", NORTH, SOUTH)],
)
async def test_an_office_sees_its_own_students_and_no_others(
    desk: Desk, province: Province, who: str, theirs: tuple[str, ...], others: tuple[str, ...]
) -> None:
    browser = await desk.of(who)
    at = f"/{province.cohort}"
    students = await browser.opens(f"{at}/students")
    assert all(name in students for name in theirs)
    school = {"北一中", "南二中"} & set(re.findall(r"北一中|南二中", students))
    assert len(school) == 1
    for path in (at, *(f"{at}/{one}" for one in LISTS)):
        html = await browser.opens(path)
        assert not [name for name in (*others, *school ^ {"北一中", "南二中"}) if name in html]
    assert f"共 {len(theirs)} 行" in students
    assert numbers(await browser.opens(at))[0] == str(len(theirs))


async def test_the_whole_is_seen_from_above(desk: Desk, province: Province) -> None:
    browser = await desk.of("省办小王")
    students = await browser.opens(f"/{province.cohort}/students")
    assert all(name in students for name in (*NORTH, *SOUTH))
    assert numbers(await browser.opens(f"/{province.cohort}"))[:3] == ["5", "5", "2"]


async def test_numbers_stop_at_the_branch(desk: Desk, province: Province) -> None:
    north, south = await desk.of("北办小李"), await desk.of("南办小赵")
    here = numbers(await north.opens(f"/{province.cohort}"))
    there = numbers(await south.opens(f"/{province.cohort}"))
    # Students, behind, waiting; then everybody who has not joined, the offices among them.
    assert (here[:3], there[:3]) == (["3", "3", "1"], ["2", "2", "1"])


@pytest.mark.parametrize("typed", ["钱", "钱多多", "qian", "qdd", "duoduo", "林", "lin"])
async def test_searching_finds_nobody_elsewhere(
    desk: Desk, province: Province, typed: str
) -> None:
    at = f"/{province.cohort}/students?q={typed}"
    found = await (await desk.of("南办小赵")).opens(at)
    assert [name for name in SOUTH if f">{name}<" in found]
    sought = await (await desk.of("北办小李")).opens(at)
    assert not [name for name in SOUTH if f">{name}<" in sought]


async def test_a_school_elsewhere_is_as_one_that_is_not(desk: Desk, province: Province) -> None:
    """Neither its name nor whether anybody is there."""
    browser = await desk.of("北办小李")
    elsewhere = province.units["南二中"]
    said = {
        number: (await browser.opens(f"/{province.cohort}/{tab}?school={number}")).replace(
            f"school={number}", "school=N"
        )
        for number, tab in product((elsewhere, 999_999), ("students",))
    }
    assert "没有符合条件的" in said[elsewhere]
    assert said[elsewhere] == said[999_999]


async def test_a_sheet_holds_exactly_what_was_chosen(desk: Desk, province: Province) -> None:
    at = f"/{province.cohort}"
    heads, *lines = await sheet(desk, "北办小李", f"{at}/students.xlsx")
    assert heads[0] == "姓名"
    assert {line[0] for line in lines} == set(NORTH)
    _, *lines = await sheet(desk, "北办小李", f"{at}/students.xlsx?q=lxy")
    assert [line[0] for line in lines] == ["林小雨"]
    _, *lines = await sheet(desk, "南办小赵", f"{at}/students.xlsx?sort=-name")
    assert [line[0] for line in lines] == ["钱多多", "林南山"]
    _, *lines = await sheet(desk, "北办小李", f"{at}/waiting.xlsx")
    assert [line[0] for line in lines] == ["林小雨"]
    _, *lines = await sheet(desk, "北办小李", f"{at}/roster.xlsx")
    assert {str(line[0]) for line in lines} == {*NORTH, "北办小李", "北查小孙", "北师老周"}
    # What was taken along, and how much of it, stands among the acts.
    told = await (await desk.of("北查小孙")).opens(f"{at}/acts?verb=export")
    assert f"导出表格：学生，{len(NORTH)} 行" in told
    assert "导出表格：待审，1 行" in told
    assert "北办小李" in told
    assert "南办小赵" not in told


async def test_a_name_is_never_run_as_a_formula(desk: Desk, province: Province) -> None:
    browser = await desk.of("北办小李")
    answer = await browser.client.get(f"/console/{province.cohort}/students.xlsx")
    book = load_workbook(io.BytesIO(answer.content))
    [cell] = [row[0] for row in book.active.iter_rows() if row[0].value == "=北方"]
    assert cell.data_type == "s"
    assert cell.quotePrefix


async def test_what_is_not_ones_own_is_as_what_is_not(desk: Desk, province: Province) -> None:
    """In status, in content, in headers and in how it is noted."""
    browser = await desk.of("北办小李")
    elsewhere, nothing = province.places["钱多多"], 999_999
    own = province.places["林小雨"]
    at = f"/console/{province.cohort}/students"
    assert (await browser.client.get(f"{at}/{own}")).status_code == 200
    answers = [
        await browser.client.get(path)
        for path in (
            f"{at}/{elsewhere}",
            f"{at}/{nothing}",
            f"/console/{nothing}",
            f"/console/{nothing}/students",
            f"/console/{nothing}/students.xlsx",
            "/console/no-such-page",
            f"{at}/{own}.xlsx",
        )
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1
    assert "钱" not in answers[0].text


@pytest.mark.parametrize("who", ["林小雨", "王建国", "北师老周"])
async def test_whoever_oversees_nothing_is_told_so_and_no_more(
    desk: Desk, province: Province, who: str
) -> None:
    browser = await desk.of(who)
    paths = ("", f"/{province.cohort}", f"/{province.cohort}/students.xlsx", "/9", "/no-page")
    said = {await browser.opens(path, 403) for path in paths}
    assert len(said) == 1
    [html] = said
    assert "只给管理办公室人员和查阅人员看" in html
    assert not [name for name in (*NORTH, *SOUTH, "示例一期", "北一中") if name in html]
    with province.database.transaction() as db:
        refused = db.exec(select(Audit).where(Audit.verb == "console")).all()
        assert {(row.person_id, row.refused) for row in refused} == {
            (province.people[who], "watch.not_coordinator")
        }


async def test_a_place_that_ended_ends_at_once(desk: Desk, province: Province) -> None:
    browser = await desk.of("北办小李")
    await browser.opens(f"/{province.cohort}")
    with province.database.transaction() as db:
        place = db.get_one(Membership, province.places["北办小李"])
        place.ended_at = province.clock.now()
    await browser.opens(f"/{province.cohort}", 403)


async def test_whoever_is_shown_stands_on_the_record(desk: Desk, province: Province) -> None:
    browser = await desk.of("北办小李")
    await browser.opens(f"/{province.cohort}/students?q=lin")
    await browser.client.get(f"/console/{province.cohort}/students.xlsx")
    with province.database.transaction() as db:
        looks = db.exec(select(Audit).where(Audit.verb == "look")).all()
        seen = [row.detail["of"] for row in looks if row.person_id == province.people["北办小李"]]
    [on_page, in_sheet] = seen
    assert on_page == f",{province.places['林小雨']},"
    assert in_sheet == "," + ",".join(str(province.places[name]) for name in NORTH) + ","

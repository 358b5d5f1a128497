"""A roster sent in chat: what is kept of the sheet, who may, and what outlasts a crash."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import select

from bot.talk.acting import Operator
from bot.talk.clock import SetClock
from bot.talk.message import Incoming, press
from services import roster
from services.rostering import applying
from storage.tables import Audit, File, Membership, Person, Role, UnitKind
from tests.conftest import NewDatabase
from tests.house import House, Member
from tests.rosters.sheets import xlsx
from tests.staff.conftest import bind

HEAD = ["姓名", "学校", "年级", "学科"]
SHEET = xlsx([HEAD, ["萧婧", "甲中学", "高一", "数学"], ["韩怀瑾", "甲中学", "高三", "数学"]])


@pytest.fixture
async def house(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[House]:
    opened = await House.open(new_database("sqlite"), tmp_path, clock)
    await opened.populate("shanxi-2026", "senior_1")
    with opened.app.database.transaction() as db:
        for member in opened.members.values():
            if member.role is not Role.GUARDIAN:
                bind(db, member.person_id, member.address, clock)
    yield opened
    opened.close()


def office(house: House) -> Member:
    return next(one for one in house.members.values() if one.role is Role.COORDINATOR)


def stored(house: House) -> list[Path]:
    """The files that are kept."""
    folder = house.app.settings.files_dir
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


async def test_nothing_of_the_sheet_stays_once_it_is_decided(house: House) -> None:
    her = office(house)
    await her.sends_files(("名单.xlsx", SHEET))
    assert len(stored(house)) == 1
    await her.presses("放弃")
    assert stored(house) == []
    await her.sends_files(("名单.xlsx", SHEET))
    await her.presses("确认导入")
    # What is there is what was made for her: the rejected row, to be opened for a day.
    with house.app.database.transaction() as db:
        (file,) = db.exec(select(File))
        assert file.owner_id == her.person_id
        assert file.expires_at is not None
    assert len(stored(house)) == 1


async def test_a_press_twice_imports_once(house: House) -> None:
    her = office(house)
    await her.sends_files(("名单.xlsx", SHEET))
    await her.presses("确认导入")
    await her.presses("确认导入")
    await house.deliver_all_again()
    with house.app.database.transaction() as db:
        assert len(db.exec(select(Person).where(Person.name == "萧婧")).all()) == 1
        noted = [row for row in db.exec(select(Audit)) if row.verb == "import_roster"]
        assert [row.person_id for row in noted] == [her.person_id]
        assert noted[0].detail == {"new": 1, "changed": 0, "unchanged": 0, "rejected": 1}


async def test_who_oversees_a_part_only_does_not_import(house: House) -> None:
    her = office(house)
    with house.app.database.transaction() as db:
        place = db.exec(select(Membership).where(Membership.person_id == her.person_id)).one()
        city = roster.add_unit(db, Operator(house.clock.now()), UnitKind.CITY, "边城")
        place.unit_id = city.id
        db.add(place)
    await her.sends_files(("名单.xlsx", SHEET))
    assert "名册预览" not in her.sees
    await her.says("名册导入")
    assert "由这一期的管理办公室来做" in her.sees


async def test_who_lost_the_place_meanwhile_imports_nothing(house: House) -> None:
    her = office(house)
    await her.sends_files(("名单.xlsx", SHEET))
    assert "名册预览" in her.sees
    with house.app.database.transaction() as db:
        place = db.exec(select(Membership).where(Membership.person_id == her.person_id)).one()
        roster.end_member(db, Operator(house.clock.now()), place.id or 0, "调走")
    await her.presses("确认导入")
    with house.app.database.transaction() as db:
        assert db.exec(select(Person).where(Person.name == "萧婧")).all() == []


async def test_an_earlier_import_is_not_taken_back_by_an_old_button(house: House) -> None:
    her = office(house)
    await her.sends_files(("名单.xlsx", SHEET))
    await her.presses("确认导入")
    cohort = 1
    with house.app.database.transaction() as db:
        first = applying.latest_import(db, cohort)
        assert first is not None
        number = first.id or 0
    await her.sends_files(("二.xlsx", xlsx([HEAD, ["谭文博", "甲中学", "高一", "数学"]])))
    await her.presses("确认导入")
    old = press("undo_roster", cohort, number)
    await her.sends(Incoming(her.address, press=old))
    assert "不能再撤销" in her.sees
    with house.app.database.transaction() as db:
        assert len(db.exec(select(Person).where(Person.name == "谭文博")).all()) == 1


async def test_a_sheet_sent_at_the_preview_takes_the_place_of_the_one_before(house: House) -> None:
    her = office(house)
    await her.sends_files(("名单.xlsx", SHEET))
    await her.sends_files(("说明.docx", b"PK"))
    assert "不是表格文件" in her.sees
    await her.sends_files(("二.xlsx", xlsx([HEAD, ["谭文博", "甲中学", "高一", "数学"]])))
    assert "没有收：0" in her.sees
    assert len(stored(house)) == 1
    await her.presses("确认导入")
    with house.app.database.transaction() as db:
        names = set(db.exec(select(Person.name)))
    assert "谭文博" in names
    assert "萧婧" not in names


async def test_a_file_that_is_no_sheet_is_told_where_it_belongs(house: House) -> None:
    her = office(house)
    await her.sends_files(("通知.docx", b"PK"))
    assert "导入名单，请发 .xlsx" in her.sees
    assert stored(house) == []


async def test_the_preview_says_in_which_role_people_come(house: House) -> None:
    """A sheet of teachers makes them the teachers of their schools, who read what its students
    write: that is seen before it is imported."""
    her = office(house)
    sheet = [["姓名", "身份", "学校", "年级"], ["萧婧", "学生", "甲中学", "高一"]]
    sheet += [[name, "中学指导教师", "甲中学", ""] for name in ("朱清扬", "汤南乔")]
    await her.sends_files(("名单.xlsx", xlsx(sheet)))
    assert "中学指导教师 2 名：朱清扬、汤南乔；学生 1 名：萧婧" in her.sees

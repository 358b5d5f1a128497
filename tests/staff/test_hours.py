"""Hours of service: from approved sessions that name the person, where a document gives any."""

from __future__ import annotations

import json

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from app.cli import app
from bot.talk.message import Incoming
from storage.tables import Audit, Record, RecordState
from tests.house import House, Member
from tests.staff.conftest import OpenHouse


async def tells(house: House) -> None:
    """林小雨 hands in two sessions with 王建国, one of them with 李青; one is approved."""
    student = house.members["林小雨"]
    await student.says("昨天下午两点在校和王老师、李青做了两小时双缝实验")
    await student.presses("提交")
    await student.says("前天上午九点在校和王老师看了一小时文献")
    await student.presses("提交")


async def approves_all(mentor: Member) -> None:
    """The reviewer approves all that waits, one card after the other."""
    with mentor.house.app.database.transaction() as db:
        waiting = db.exec(select(Record).where(Record.state == RecordState.SUBMITTED)).all()
    for record in waiting:
        press = f"a:approve:{record.id}:{record.version}"
        await mentor.sends(Incoming(mentor.address, press=press))


async def test_a_mentor_sees_own_hours_and_by_which_clause(open_house: OpenHouse) -> None:
    house = await open_house()
    mentor = house.members["王建国"]
    await tells(house)
    assert "还没有" in await mentor.says("服务时长")
    await approves_all(mentor)
    told = await mentor.says("我的服务时长")
    assert "培养活动：2 次" in told
    assert "时长：3小时" in told
    assert "教学工作量：由所在学校按文件计算〔三(一)2；三(一)3〕" in told
    other = await house.members["周岚"].says("服务时长")
    assert "培养活动：0 次" in other
    assert "林小雨" not in told + other


async def test_where_no_document_gives_anything_nothing_is_offered(open_house: OpenHouse) -> None:
    house = await open_house("sichuan-jingke-2023")
    mentor = house.members["王建国"]
    assert "没有写" in await mentor.says("服务时长")
    assert "服务时长" not in await mentor.says("菜单")
    pilot = await open_house("neimenggu-pilot-2025")
    assert "没有写" in await pilot.members["王建国"].says("服务时长")
    assert "服务时长" not in await pilot.members["王建国"].says("菜单")
    assert "教学工作量" in await pilot.members["郭老师"].says("服务时长")
    assert "服务时长" in await pilot.members["郭老师"].says("菜单")
    assert "服务时长" not in await pilot.members["林小雨"].says("菜单")
    assert "没有写" in await pilot.members["林小雨"].says("/service_hours")


async def test_in_spark_all_three_proofs_have_their_clause(open_house: OpenHouse) -> None:
    house = await open_house("spark-2026")
    told = await house.members["李青"].says("服务时长")
    for words in ("培养时长记录", "志愿证明", "专项培育学时", "六(一)", "没有写清包括谁"):
        assert words in told
    assert "专项培育学时" not in await house.members["王建国"].says("服务时长")


async def test_the_office_lists_them(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await open_house()
    await tells(house)
    await approves_all(house.members["王建国"])
    monkeypatch.setenv("YINGCAI_DATABASE_URL", house.app.settings.database)
    told = CliRunner().invoke(app, ["person", "hours", "--json"])
    assert told.exit_code == 0, told.output
    rows = json.loads(told.stdout)
    assert {row["person"]: (row["meetings"], row["minutes"]) for row in rows} == {
        "王建国": (2, 180),
        "李青": (1, 120),
        "周岚": (0, 0),
        "郭老师": (0, 0),
        "白老师": (0, 0),
    }
    assert rows[0]["rules"] == {"mentor.workload_recognition": "三(一)2；三(一)3"}
    table = CliRunner().invoke(app, ["person", "hours"])
    assert "3小时" in table.stdout
    with house.app.database.transaction() as db:
        assert len(db.exec(select(Audit).where(Audit.verb == "list_hours")).all()) == 2


async def test_an_office_sees_them_in_the_chat(open_house: OpenHouse) -> None:
    house = await open_house()
    await tells(house)
    await approves_all(house.members["王建国"])
    office = house.members["管小青"]
    told = await office.says("服务时长")
    assert "共 5 人" in told
    assert "王建国" in told
    assert "2 次，3小时" in told
    assert "1 次，2小时" in told
    assert "林小雨" not in told
    for name in ("王建国", "林小雨", "郭老师"):
        press = Incoming(house.members[name].address, press="a:list_hours:1")
        assert "管理办公室人员" in await house.members[name].sends(press)
    quiet = await open_house("sichuan-jingke-2023")
    assert "没有写" in await quiet.members["管小青"].says("服务时长")
    assert "服务时长" not in await quiet.members["管小青"].says("菜单")

"""A dossier asked for in the chat: what is in it, for whom, and what nobody reads there."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.talk.acting import Refused
from bot.talk.message import Incoming
from services import certificates, dossier_form, records, roster
from storage.tables import Audit, File, Guardianship
from tests.dossiers.conftest import (
    HASH,
    SECRET,
    actor,
    evaluate,
    fill,
    raise_exit,
    text_of,
)
from tests.house import House, Member


def files_of(house: House, member: Member) -> dict[str, bytes]:
    """The files that the last act brought somebody, by how they end."""
    numbers = [number for message in member.last for number in message.files]
    with house.app.database.transaction() as db:
        kept = [records.opened_file(db, actor(house, member.name), number) for number in numbers]
        return {file.name[-4:].strip("."): house.app.store.read(file.sha256) for file in kept}


async def makes(house: House, name: str) -> dict[str, bytes]:
    """Somebody has the dossier of 林小雨 made."""
    member = house.members[name]
    number = house.members["林小雨"].membership_id
    await member.sends(Incoming(member.address, press=f"a:dossier:{number}"))
    await member.presses("做一份")
    return files_of(house, member)


async def test_the_learner_asks_for_it_by_its_name_and_gets_a_paper_and_a_signed_file(
    house: House,
) -> None:
    fill(house)
    evaluate(house)
    me = house.members["林小雨"]
    assert "能看到这个聊天的人都能打开" in await me.says("我的档案")
    assert "已" not in me.buttons
    await me.presses("做一份")
    made = files_of(house, me)
    words = text_of(made["pdf"])
    for told in (
        *("林小雨", "汾河中学", "高一", "王建国、李青", "示例一期"),
        *("调好双缝，测了条纹间距 〓", "换了波长，再测一遍", "我想了很久。", "到校面对面"),
        *("从三方面看误差。", "课题报告.pdf", HASH, "扎实。", "管小青"),
        *("已通过 2 · 已提交待审 1", "五(三)1", "第 1 页", "林小雨 于"),
    ):
        assert told in words.replace(" ", "") or told in words, told
    with house.app.database.transaction() as db:
        keys = [row.public for row in certificates.public_keys(db)]
    dossier, _ = dossier_form.read(made["json"], keys)
    assert [one.kind for one in dossier.entries] == ["session", "session", "diary", "material"]
    assert dossier.entries[0].passages[0].words.endswith("🔬")
    assert dossier.entries[0].approved_by == "王建国"
    assert (dossier.as_of.isoformat(), dossier.made_by) == ("2026-12-07", "林小雨")
    assert SECRET not in words
    assert SECRET not in made["json"].decode()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("林大海", "孩子的培养档案"),
        ("林大海", "林小雨的档案"),
        ("管小青", "看一下林小雨的培养档案"),
        ("林小雨", "我的培养档案"),
    ],
)
async def test_it_may_be_asked_for_in_ones_own_words(house: House, name: str, words: str) -> None:
    assert "培养档案" in await house.members[name].says(words)
    assert "做一份" in house.members[name].buttons


async def test_another_learners_is_not_begun_by_its_name(house: House) -> None:
    other = house.members["赵一鸣"]
    await other.says("林小雨的档案")
    assert "做一份" not in other.buttons


async def test_the_guardian_and_the_office_get_the_same_and_it_is_on_record(house: House) -> None:
    fill(house)
    mine = json.loads((await makes(house, "林小雨"))["json"])["dossier"]
    for name in ("林大海", "管小青"):
        member = house.members[name]
        await member.sends(
            Incoming(member.address, press=f"a:student:{house.members['林小雨'].membership_id}")
        )
        await member.presses("学员档案")
        await member.presses("做一份")
        theirs = json.loads(files_of(house, member)["json"])["dossier"]
        assert theirs.pop("made_by") == name
        left = {"made_at", "made_by"}
        assert theirs.pop("made_at")
        assert theirs == {key: value for key, value in mine.items() if key not in left}
    with house.app.database.transaction() as db:
        looked = db.exec(select(Audit).where(Audit.object == "dossier")).all()
        assert [row.person_id for row in looked] == [house.members["管小青"].person_id]
        made = db.exec(select(Audit).where(Audit.verb == "make_dossier", Audit.refused == ""))
        assert {row.object_id for row in made} == {house.members["林小雨"].membership_id}
    me = house.members["林小雨"]
    await me.says("我的数据")
    await me.presses("谁看过")
    assert "管小青" in me.sees
    assert "做了一份培养档案" in me.sees


@pytest.mark.parametrize("maker", ["林小雨", "林大海", "管小青"])
async def test_an_outcome_that_the_family_is_still_to_hear_is_in_nobodys_dossier(
    house: House, maker: str
) -> None:
    found = evaluate(house, "unqualified", words=SECRET)
    raise_exit(house, found, told=False)
    made = await makes(house, maker)
    assert SECRET not in text_of(made["pdf"]) + made["json"].decode()
    assert json.loads(made["json"])["dossier"]["exit"] is None
    # Once she knows, it is there: so the test has looked in the right place.
    raise_exit(house, found, told=True)
    made = await makes(house, maker)
    told = json.loads(made["json"])["dossier"]
    assert told["exit"]["reason"] == "次数没有达到"
    assert told["evaluations"][0]["passages"][-1]["words"] == SECRET
    assert "次数没有达到" in text_of(made["pdf"])
    with house.app.database.transaction() as db:
        [first, *_] = db.exec(select(Audit).where(Audit.verb == "make_dossier")).all()
    assert first.object == "membership"


async def test_nobody_else_gets_one_and_numbers_tell_nothing(house: House) -> None:
    fill(house)
    await makes(house, "林小雨")
    with house.app.database.transaction() as db:
        every = db.exec(select(File.id).where(col(File.expires_at).is_not(None))).all()
    assert len(every) == 2
    number = house.members["林小雨"].membership_id
    for name in ("赵一鸣", "王建国", "李青", "周岚", "郭老师", "白老师"):
        member = house.members[name]
        said = {
            await member.sends(Incoming(member.address, press=f"a:dossier:{one}"))
            for one in (number, 999)
        }
        assert len(said) == 1, name
        assert "不归您" in said.pop().replace("你", "您")
        assert "学员档案" not in await member.sends(
            Incoming(member.address, press=f"a:student:{number}")
        )
    for name in ("赵一鸣", "管小青", "林大海"):
        with house.app.database.transaction() as db:
            for file in every:
                with pytest.raises(Refused):
                    records.file_of(db, actor(house, name), file or 0)
    assert "打开学生的页面" in await house.members["郭老师"].says("我的档案")


async def test_who_is_no_guardian_any_more_when_it_is_ready_gets_nothing(house: House) -> None:
    fill(house)
    parent = house.members["林大海"]
    number = house.members["林小雨"].membership_id
    await parent.sends(Incoming(parent.address, press=f"a:dossier:{number}"))
    with house.app.database.transaction() as db:
        link = db.exec(select(Guardianship)).one()
        link.ended_at = house.clock.now()
        db.add(link)
    await parent.presses("做一份")
    assert not files_of(house, parent)
    assert "不归您" in parent.sees
    with house.app.database.transaction() as db:
        assert not db.exec(select(File).where(col(File.expires_at).is_not(None))).all()


async def test_a_child_whose_guardian_has_not_consented_has_none(house: House) -> None:
    with house.app.database.transaction() as db:
        member = roster.find_member(db, house.members["赵一鸣"].membership_id)
        member.person.birth_date = house.clock.now().date().replace(year=2015)
        db.add(member.person)
        number = member.id
    office = house.members["管小青"]
    assert "还没有监护人同意" in await office.sends(
        Incoming(office.address, press=f"a:dossier:{number}")
    )


async def test_after_a_day_it_cannot_be_opened(house: House) -> None:
    me = house.members["林小雨"]
    await makes(house, "林小雨")
    numbers = [number for message in me.last for number in message.files]
    house.clock.move(timedelta(days=2))
    with house.app.database.transaction() as db, pytest.raises(Refused):
        records.file_of(db, actor(house, "林小雨"), numbers[0])

"""Asked for in the chat; its template fetched, replaced, refused and given back."""

from __future__ import annotations

import io

import pytest
from docx import Document
from sqlmodel import col, select

from bot.talk.acting import Operator
from bot.talk.message import Incoming, press
from services import roster, summaries
from storage.tables import Audit, Membership, Person, Role, SummaryTemplate, UnitKind
from tests.house import House, Member
from tests.summaries.conftest import Paper, files_of, word

OWN = word(
    "{{管理办公室}}工作总结", "今年在册{{在册人数}}名。", "{{表：按学校}}", "我们自己的话。"
)


def office(house: House) -> Member:
    return house.members["管小青"]


@pytest.mark.parametrize(
    "words", ["生成今年的年度总结", "导出年度总结", "make the annual summary"]
)
async def test_an_office_asks_in_its_own_words_and_gets_a_document(
    house: House, words: str
) -> None:
    her = office(house)
    await her.says(words)
    [(name, data)] = files_of(house, her)
    assert name == "年度总结-示例一期-20261207.docx"
    assert Paper(data).row("按学校", "合计")[0] == "2"
    assert "由您来写" in her.sees
    with house.app.database.transaction() as db:
        [row] = db.exec(select(Audit).where(Audit.verb == "make_summary")).all()
    assert (row.person_id, row.object) == (her.person_id, "cohort")


async def test_it_stands_in_the_offices_menu_and_in_nobody_elses(house: House) -> None:
    for member in house.members.values():
        await member.says("菜单")
        assert any("年度总结" in one for one in member.buttons) is (member.name == "管小青")
    her = office(house)
    await her.presses("年度总结")
    assert "没有学生的姓名" not in her.sees
    assert "不写学生的姓名" in her.sees
    await her.presses("做一份")
    assert files_of(house, her)


@pytest.mark.parametrize("name", ["林小雨", "王建国", "郭老师", "林大海"])
async def test_nobody_else_is_given_one(house: House, name: str) -> None:
    member = house.members[name]
    for words in ("生成今年的年度总结", "年度总结"):
        await member.says(words)
        assert not files_of(house, member)
    for act in ("annual_summary", "summary_template", "get_summary_template"):
        await member.sends(Incoming(member.address, press=press(act, 1)))
        assert not files_of(house, member)
        assert "管理办公室来" in member.sees
    with house.app.database.transaction() as db:
        made = db.exec(select(Audit).where(Audit.verb == "make_summary", Audit.refused == ""))
        assert not made.all()


async def test_a_file_name_harms_nobody(house: House) -> None:
    with house.app.database.transaction() as db:
        cohort = roster.find_cohort(db, 1)
        cohort.name = '../../et"c:一<期>\u202egpj'
        db.add(cohort)
    her = office(house)
    await her.says("导出年度总结")
    [(name, _)] = files_of(house, her)
    assert not set(name) & set('/\\:"<>\u202e')
    assert name.endswith(".docx")


async def test_after_a_kill_it_is_made_all_the_same(house: House) -> None:
    her = office(house)
    her.reads()
    await house.receive(Incoming(her.address, text="导出年度总结"))
    await house.restart()
    await house.settle()
    her.last = her.unread()
    assert files_of(house, her)


# ---------------------------------------------------------------- the template


async def downloads(house: House) -> bytes:
    her = office(house)
    await her.says("年度总结")
    await her.presses("下载模板")
    [(name, data)] = files_of(house, her)
    assert name == "年度总结模板-示例一期.docx"
    return data


async def sends(house: House, *files: tuple[str, bytes]) -> Member:
    her = office(house)
    await her.says("年度总结")
    await her.presses("换模板")
    assert "要 Word 文档" in her.sees
    await her.sends_files(*files)
    return her


async def test_what_is_downloaded_and_sent_back_as_it_is_is_the_same_template(
    house: House,
) -> None:
    data = await downloads(house)
    words = "\n".join(one.text for one in Document(io.BytesIO(data)).paragraphs)
    assert "{{表：按学校}}" in words
    assert "双花括号里的名字" in words
    her = await sends(house, ("改好的.docx", data))
    [(_, preview)] = files_of(house, her)
    assert Paper(preview).row("按学校", "合计")[0] == "2"


async def test_an_own_template_is_seen_filled_before_it_is_used_and_ours_can_come_back(
    house: House,
) -> None:
    her = await sends(house, ("我们的.docx", OWN))
    [(_, preview)] = files_of(house, her)
    assert Paper(preview).lines[:2] == ["示例管理办公室工作总结", "今年在册2名。"]
    # Seen, not used.
    with house.app.database.transaction() as db:
        assert summaries.template_of(db, 1) is None
    await her.presses("用这份")
    assert "换好了" in her.sees
    await her.says("导出年度总结")
    [(_, data)] = files_of(house, her)
    assert "我们自己的话。" in Paper(data).lines
    assert "基本情况" not in Paper(data).text
    await her.says("年度总结")
    assert "我们的.docx" in her.sees
    # What is downloaded now is hers, as she sent it.
    assert await downloads(house) == OWN
    # Ours, with the names, can still be had.
    await her.says("年度总结")
    await her.presses("下载自带的模板")
    [(_, ours)] = files_of(house, her)
    assert "基本情况" in Paper(ours).headings
    await her.says("年度总结")
    await her.presses("用回自带的模板")
    await her.presses("用回自带的模板")
    await her.says("导出年度总结")
    [(_, data)] = files_of(house, her)
    assert "基本情况" in Paper(data).headings
    with house.app.database.transaction() as db:
        rows = db.exec(select(SummaryTemplate).order_by(col(SummaryTemplate.id))).all()
        noted = db.exec(select(Audit).where(Audit.verb == "change_summary_template")).all()
    assert [row.name for row in rows] == ["我们的.docx", ""]
    assert [row.detail["template"] for row in noted] == [rows[0].sha256, ""]


async def test_a_template_that_was_ever_used_is_kept_by_housekeeping(house: House) -> None:
    her = await sends(house, ("我们的.docx", OWN))
    await her.presses("用这份")
    await her.says("年度总结")
    await her.presses("用回自带的模板")
    await her.presses("用回自带的模板")
    with house.app.database.transaction() as db:
        first = db.exec(select(SummaryTemplate)).first()
    assert first is not None
    assert first.sha256 is not None
    house.clock.move(summaries.LIFE * 40)
    await house.app.housekeeping()
    assert house.app.store.read(first.sha256) == OWN


async def test_a_refused_template_changes_nothing_and_the_next_one_is_taken(house: House) -> None:
    her = await sends(house, ("错的.docx", word("共{{学生总数}}名")))
    assert "「{{学生总数}}」不是能用的名字" in her.sees
    assert "原来的模板没有动" in her.sees
    await her.sends_files(("说明.docx", b"PK"))
    assert "不是 Word 文档" in her.sees
    await her.sends_files(("一.docx", OWN), ("二.docx", OWN))
    assert not files_of(house, her)
    await her.sends_files(("对的.docx", OWN))
    assert files_of(house, her)
    await her.presses("不换了")
    assert "原来的模板还在用" in her.sees
    with house.app.database.transaction() as db:
        assert db.exec(select(SummaryTemplate)).all() == []


async def test_another_one_sent_at_the_preview_takes_its_place(house: House) -> None:
    her = await sends(house, ("一.docx", OWN))
    await her.sends_files(("二.docx", word("第二份{{在册人数}}")))
    [(_, preview)] = files_of(house, her)
    assert Paper(preview).lines[0] == "第二份2"
    await her.presses("用这份")
    await her.says("导出年度总结")
    [(_, data)] = files_of(house, her)
    assert Paper(data).lines[0] == "第二份2"


async def test_an_office_below_uses_the_cohorts_template_and_does_not_change_it(
    house: House,
) -> None:
    her = await sends(house, ("我们的.docx", OWN))
    await her.presses("用这份")
    with house.app.database.transaction() as db:
        place = db.exec(select(Membership).where(Membership.person_id == her.person_id)).one()
        city = roster.add_unit(db, Operator(house.clock.now()), UnitKind.CITY, "边城")
        place.unit_id = city.id
        db.add(place)
    await her.says("年度总结")
    assert not any("模板" in one for one in her.buttons)
    for act in ("summary_template", "get_summary_template", "own_summary_template"):
        await her.sends(Incoming(her.address, press=press(act, 1)))
        assert "由负责整期的管理办公室来换" in her.sees
    await her.says("导出年度总结")
    [(_, data)] = files_of(house, her)
    assert Paper(data).lines[:2] == ["边城工作总结", "今年在册0名。"]


async def test_who_lost_the_place_at_the_preview_puts_no_template(house: House) -> None:
    her = await sends(house, ("我们的.docx", OWN))
    with house.app.database.transaction() as db:
        place = db.exec(select(Membership).where(Membership.person_id == her.person_id)).one()
        roster.end_member(db, Operator(house.clock.now()), place.id or 0, "调走")
    await her.presses("用这份")
    with house.app.database.transaction() as db:
        assert db.exec(select(SummaryTemplate)).all() == []


async def test_a_template_whose_file_is_gone_is_said_to_be_broken(house: House) -> None:
    her = await sends(house, ("我们的.docx", OWN))
    await her.presses("用这份")
    with house.app.database.transaction() as db:
        row = db.exec(select(SummaryTemplate)).one()
    house.app.store.remove(row.sha256 or "")
    await her.says("导出年度总结")
    assert "用回自带的模板" in her.sees
    assert not files_of(house, her)


async def test_several_cohorts_are_offered_one_after_the_other(house: House) -> None:
    with house.app.database.transaction() as db:
        first = roster.find_cohort(db, 1)
        other = roster.create_cohort(db, Operator(house.clock.now()), first.programme, "示例二期")
        db.add(
            Membership(
                cohort_id=other.id or 0,
                person_id=office(house).person_id,
                role=Role.COORDINATOR,
                created_at=house.clock.now(),
            )
        )
        assert db.exec(select(Person)).first()
    her = office(house)
    await her.says("导出年度总结")
    assert files_of(house, her)[0][0].startswith("年度总结-示例二期")
    await her.presses("做一份：示例一期")
    assert files_of(house, her)[0][0].startswith("年度总结-示例一期")

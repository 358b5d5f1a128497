"""An office ends somebody's place and takes that back: what is told before, what ends, and what
comes again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import pytest
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Operator, Refused
from bot.talk.message import Incoming
from language.affairs import affair_of
from services import departures, handovers, roster
from services.access import held
from storage.tables import Guardianship, Membership, Mentoring
from tests.house import House
from tests.year.conftest import OpenHouse, open_house

__all__ = ["open_house"]

SAID: Final = "昨天下午在校和王老师做了两小时双缝实验"


def of_office(house: House) -> Actor:
    return Actor(house.members["管小青"].person_id, None, house.clock.now())


def may(house: House, name: str, student: str, act: str = "read_student") -> bool:
    with house.app.database.transaction() as db:
        person, place = house.members[name].person_id, house.members[student].membership_id
        return held(db, person, act, place) is not None


def links(db: Session, place: int) -> set[tuple[int, int]]:
    here = (col(Mentoring.student_id) == place) | (col(Mentoring.mentor_id) == place)
    found = db.exec(select(Mentoring).where(here, col(Mentoring.ended_at).is_(None)))
    return {(one.student_id, one.mentor_id) for one in found}


async def test_a_learner_leaves_and_comes_back_as_before(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    office, student, mentor = (house.members[one] for one in ("管小青", "林小雨", "王建国"))
    await student.says(SAID)
    await student.presses("提交")
    await house.settle()
    for one in (office, student, mentor):
        one.reads()
    asked = await office.says("林小雨转学了")
    assert "为什么结束林小雨的身份" in asked
    sure = await office.presses("转学")
    for words in ("理由：转学", "王建国", "1 条等着审", "还能看", "7 天以内可以恢复"):
        assert words in sure, words
    with house.app.database.transaction() as db:
        place = db.get_one(Membership, student.membership_id)
        assert place.ended_at is None, "it is asked once more"
        before = links(db, student.membership_id)
        assert before
    assert "已结束林小雨的身份" in await office.presses("确定结束")
    told = student.reads()
    assert "由管理办公室结束了" in told
    assert "理由：转学" in told
    assert "林小雨" in mentor.reads()
    assert not may(house, "王建国", "林小雨")
    assert may(house, "林小雨", "林小雨"), "one's own records stay one's own"
    with house.app.database.transaction() as db:
        assert db.get_one(Membership, student.membership_id).ended_reason == "转学"
        assert not links(db, student.membership_id)
    # Who reads the records of a learner who left does not read why they left.
    teacher = house.members["郭老师"]
    page = f"a:student:{student.membership_id}"
    shown = await teacher.sends(Incoming(teacher.address, press=page))
    assert ("结束" in shown, "转学" in shown) == (True, False)
    assert "已恢复林小雨的身份" in await office.presses("恢复身份")
    assert may(house, "王建国", "林小雨", "approve")
    with house.app.database.transaction() as db:
        assert links(db, student.membership_id) == before
    assert "身份" in student.reads()


async def test_a_mentor_goes_and_whoever_is_left_alone_is_named(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    office, mentor = house.members["管小青"], house.members["王建国"]
    with house.app.database.transaction() as db:
        before = links(db, mentor.membership_id)
        assert before
        for student, _ in before:
            roster.unlink(
                db, Operator(house.clock.now()), student, house.members["李青"].membership_id
            )
            break
        found = departures.to_end(db, of_office(house), mentor.membership_id)
        assert len(found.alone) == 1
        alone = found.alone[0].person.name
    shown = await office.says("王建国老师")
    assert "导师" in shown
    await office.presses("结束身份")
    sure = await office.says("调到外地工作")
    for words in (f"{alone}没有别的导师", "退出登录", "恢复"):
        assert words in sure, words
    await office.presses("确定结束")
    assert not may(house, "王建国", alone)
    with house.app.database.transaction() as db:
        departures.restore(db, of_office(house), mentor.membership_id)
        departures.restore(db, of_office(house), mentor.membership_id)
        assert links(db, mentor.membership_id) == before


async def test_what_cannot_be_ended_or_given_back(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    places = {name: one.membership_id for name, one in house.members.items()}
    with house.app.database.transaction() as db:
        office = of_office(house)

        def refused(act: Callable[..., object], name: str, *told: str, by: Actor = office) -> str:
            with pytest.raises(Refused) as said, db.begin_nested():
                act(db, by, places[name], *told)
            return said.value.words.key

        mentor = Actor(house.members["王建国"].person_id, None, house.clock.now())
        assert refused(departures.end, "林小雨", "转学", by=mentor) == "departure.not_yours"
        assert refused(departures.end, "管小青", "离职") == "departure.own"
        assert refused(departures.end, "林小雨", "  ") == "roster.empty"
        first = date(2026, 4, 20)
        to = house.members["周岚"].person_id
        arranged = handovers.arrange(db, office, places["王建国"], to, first)
        assert refused(departures.end, "王建国", "离职") == "handover.already"
        handovers.withdraw(db, office, arranged.id or 0)
        # A guardian's consent ends with the place, and nobody gives it for them.
        assert departures.to_end(db, office, places["林大海"]).children == ["林小雨"]
        departures.end(db, office, places["林大海"], "名册写错了")
        assert db.exec(select(Guardianship)).one().ended_at is not None
        assert refused(departures.restore, "林大海") == "departure.consent_ended"
        # What was ended elsewhere is given back there; and after some days nothing is.
        roster.end_member(db, Operator(office.now), places["郭老师"], "调走")
        assert refused(departures.restore, "郭老师") == "departure.too_late"
        departures.end(db, office, places["林小雨"], "转学")
        assert refused(departures.end, "林小雨", "转学") == "roster.member_ended"
        later = replace(office, now=office.now + departures.BACK + timedelta(1))
        assert refused(departures.restore, "林小雨", by=later) == "departure.too_late"
        assert departures.restore(db, office, places["林小雨"]).membership.ended_at is None


async def test_sentences_that_name_nobody_end_nothing(open_house: OpenHouse) -> None:
    house = await open_house("shanxi-2026", (2026, 4, 6))
    office, student = house.members["管小青"], house.members["林小雨"]
    asks = "为什么结束"
    assert asks in await office.says("王建国老师离职了"), "else the rest would show nothing"
    await office.says("菜单")
    for words in ("导师离职了怎么办", "有学生退出了怎么处理", "孟无名退出了", "学生转学了"):
        assert asks not in await office.says(words), words
    assert asks not in await student.says("王建国老师离职了")
    # Who is left out of a reminder does not leave the cohort.
    for words, name in (
        ("把林小雨从名单里去掉", "leave_out"),
        ("把林小雨从名册里删掉", "departs"),
    ):
        assert (found := affair_of(words)) is not None
        assert found.name == name, words

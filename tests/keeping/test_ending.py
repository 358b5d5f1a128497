"""Ending ends: sessions, histories, guardianships, consents; a withdrawal says what it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bot.platforms.fake import UNLIMITED
from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from services import consent, guardians, joining, roster
from storage.tables import (
    Account,
    Guardianship,
    Membership,
    Mentoring,
    Outbox,
    Person,
    Role,
    SaidLine,
    SignInLink,
    WebSession,
)
from tests.conftest import NewDatabase
from tests.house import House

DIARY = "玄玑条纹"


@pytest.fixture
async def house(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[House]:
    house = await House.open(new_database("sqlite"), tmp_path, clock)
    house.platform.capabilities = replace(UNLIMITED, history=True)
    await house.populate()
    with house.app.database.transaction() as db:
        child = db.get(Person, house.members["林小雨"].person_id)
        assert child is not None
        child.birth_date = date(2014, 1, 1)
    await house.join("林小雨", "林大海", "王建国", "管小青", "郭老师")
    guardian = house.members["林大海"]
    await guardian.says("孩子")
    await guardian.presses("同意")
    student = house.members["林小雨"]
    await student.says(f"昨天下午在校和王建国老师做了两小时{DIARY}实验")
    await student.presses("提交")
    for member in house.members.values():
        member.reads()
    yield house
    house.close()


def sessions(db: Session, name: str) -> tuple[int, int]:
    """How many sessions and links of somebody's web chat are open."""
    person = db.exec(select(Person).where(Person.name == name)).one()
    theirs = select(col(Account.id)).where(col(Account.person_id) == person.id)
    open_ones = db.exec(
        select(WebSession).where(
            col(WebSession.account_id).in_(theirs), col(WebSession.ended_at).is_(None)
        )
    ).all()
    links = db.exec(
        select(SignInLink).where(
            SignInLink.person_id == person.id, col(SignInLink.used_at).is_(None)
        )
    ).all()
    return len(open_ones), len(links)


def signed_in(house: House, name: str) -> str:
    """Sign somebody in with a browser; a second link stays unused. Returns the session."""
    with house.app.database.transaction() as db:
        person_id, now = house.members[name].person_id, house.clock.now()
        token = joining.sign_in_link(db, person_id, now)
        joining.sign_in_link(db, person_id, now)
        return joining.sign_in(db, token, "test", now)[0]


def lines(house: House, name: str) -> list[str]:
    """What a person's chats still show."""
    with house.app.database.transaction() as db:
        mine = select(col(Account.id)).where(
            col(Account.person_id) == house.members[name].person_id
        )
        told = db.exec(select(Outbox).where(col(Outbox.account_id).in_(mine))).all()
        said = db.exec(select(SaidLine).where(col(SaidLine.account_id).in_(mine))).all()
        return [str(one.body) for one in told] + [one.raw for one in said]


def end(house: House, name: str) -> None:
    with house.app.database.transaction() as db:
        by = Operator(house.clock.now())
        roster.end_member(db, by, house.members[name].membership_id, "调走")


@pytest.mark.parametrize("name", ["王建国", "管小青", "林大海", "郭老师"])
async def test_whoever_has_left_keeps_no_session_and_no_history(house: House, name: str) -> None:
    member = house.members[name]
    await member.says("我的学生" if name != "林大海" else "我孩子最近怎么样")
    assert any("林小雨" in line for line in lines(house, name))
    session = signed_in(house, name)
    with house.app.database.transaction() as db:
        assert sessions(db, name) == (1, 1)
    end(house, name)
    with house.app.database.transaction() as db:
        assert sessions(db, name) == (0, 0)
        assert joining.session_account(db, session, house.clock.now()) is None
    assert not any("林小雨" in line or DIARY in line for line in lines(house, name))
    student = house.members["林小雨"].membership_id
    assert "林小雨" not in await member.sends(
        Incoming(member.address, press=f"a:student:{student}")
    )


async def test_whoever_has_another_place_stays_signed_in(house: House) -> None:
    with house.app.database.transaction() as db:
        by, teacher = Operator(house.clock.now()), house.members["郭老师"]
        cohort = db.exec(select(Membership)).first()
        assert cohort is not None
        roster.add_member(db, by, cohort.cohort_id, teacher.person_id, Role.COORDINATOR)
    signed_in(house, "郭老师")
    end(house, "郭老师")
    with house.app.database.transaction() as db:
        assert sessions(db, "郭老师") == (1, 1)
    assert not any("林小雨" in line for line in lines(house, "郭老师"))


async def test_an_ended_guardian_answers_for_nobody(house: House) -> None:
    child = house.members["林小雨"]
    with house.app.database.transaction() as db:
        assert consent.given(db, child.person_id)
    end(house, "林大海")
    with house.app.database.transaction() as db:
        assert not consent.given(db, child.person_id)
        assert db.exec(select(Guardianship)).one().ended_at
        me = Actor(house.members["林大海"].person_id, None, house.clock.now())
        for act in (guardians.give, guardians.take_back):
            with pytest.raises(Refused, match="not_your_child"):
                act(db, me, child.person_id)
    assert "监护人" in await child.says("记一次培养")
    # Made a guardian again, they are linked anew, and consent anew.
    with house.app.database.transaction() as db:
        by, guardian = Operator(house.clock.now()), house.members["林大海"]
        place = db.get(Membership, guardian.membership_id)
        assert place is not None
        roster.add_member(db, by, place.cohort_id, guardian.person_id, Role.GUARDIAN)
        assert not consent.given(db, child.person_id)
        roster.link_guardian(db, by, child.membership_id, guardian.membership_id)
        assert not consent.given(db, child.person_id)
        guardians.give(db, me, child.person_id)
        assert consent.given(db, child.person_id)


async def test_any_guardians_withdrawal_stops_it(house: House) -> None:
    child = house.members["林小雨"]
    with house.app.database.transaction() as db:
        by, now = Operator(house.clock.now()), house.clock.now()
        place = db.get(Membership, child.membership_id)
        assert place is not None
        mother = roster.add_person(db, by, "林母")
        member, _ = roster.add_member(db, by, place.cohort_id, mother.id or 0, Role.GUARDIAN)
        roster.link_guardian(db, by, child.membership_id, member.id or 0)
        two = Actor(mother.id or 0, None, now)
        guardians.give(db, two, child.person_id)
        guardians.take_back(db, two, child.person_id)
        assert not consent.given(db, child.person_id)
    # The father has consented, and is told why that is not enough.
    assert "另一位监护人" in await house.members["林大海"].says("孩子")
    assert "监护人" in await child.says("记一次培养")


async def test_withdrawal_asks_once_and_says_truly_what_is_kept(house: House) -> None:
    child, guardian = house.members["林小雨"], house.members["林大海"]
    await child.says("记一次培养")
    await child.says("昨天下午两小时")
    child.reads()
    await guardian.says("孩子")
    asked = await guardian.presses("撤回同意")
    assert "确定撤回吗" in asked
    with house.app.database.transaction() as db:
        assert consent.given(db, child.person_id)
    receipt = await guardian.presses("确定撤回")
    assert "1 条记录" in receipt
    assert "1 份草稿" in receipt
    assert f"最多再留 {house.app.settings.history_days} 天" in receipt
    assert "撤回了同意" in child.reads()
    assert not any("两小时" in line for line in lines(house, "林小雨"))
    # Pressed once more, nothing more happens than is said.
    assert "监护人" in await child.says("写成长日志")


async def test_signing_out_everywhere_is_asked_once(house: House) -> None:
    student = house.members["林小雨"]
    session = signed_in(house, "林小雨")
    assert "确定" in "".join(student.buttons) or await student.says("退出所有设备")
    with house.app.database.transaction() as db:
        assert joining.session_account(db, session, house.clock.now())
    assert "已退出 1 个" in await student.presses("确定退出")
    with house.app.database.transaction() as db:
        assert sessions(db, "林小雨") == (0, 0)
        offers = [one for one in db.exec(select(Outbox)) if one.body.get("commands")]
        assert offers, "pages that stand open are told to ask who they are"


async def test_unlinked_is_over(house: House) -> None:
    mentor = house.members["王建国"]
    with house.app.database.transaction() as db:
        by = Operator(house.clock.now())
        student = house.members["林小雨"].membership_id
        roster.unlink(db, by, student, mentor.membership_id)
        with pytest.raises(Refused, match="not_linked"):
            roster.unlink(db, by, student, mentor.membership_id)
        roster.unlink(db, by, student, house.members["林大海"].membership_id)
        assert not consent.given(db, house.members["林小雨"].person_id)
    assert not any(DIARY in line for line in lines(house, "王建国"))
    assert "待审" in await mentor.says("待审")
    assert DIARY not in mentor.sees


async def test_nobody_reviews_their_own_whatever_the_links_say(house: House) -> None:
    """A learner who is also a mentor, linked with themselves by a row that should not be."""
    student = house.members["林小雨"]
    with house.app.database.transaction() as db:
        by = Operator(house.clock.now())
        place = db.get(Membership, student.membership_id)
        assert place is not None
        mentor, _ = roster.add_member(db, by, place.cohort_id, student.person_id, Role.MENTOR)
        with pytest.raises(Refused, match="own_mentor"):
            roster.link_mentor(db, by, student.membership_id, mentor.id or 0)
        db.add(
            Mentoring(
                student_id=student.membership_id,
                mentor_id=mentor.id or 0,
                created_at=house.clock.now(),
            )
        )
    await student.says("前天下午在校和王建国老师做了三小时实验")
    said = await student.presses("提交")
    assert "通过" not in "".join(student.buttons)
    assert said
    assert "不能审核" in await student.sends(Incoming(student.address, press="a:approve:2:1"))
    queue = await student.says("待审")
    assert "2小时" not in queue


async def test_time_alone_ends_nothing(house: House) -> None:
    house.clock.move(timedelta(days=3))
    await house.app.housekeeping()
    with house.app.database.transaction() as db:
        assert consent.given(db, house.members["林小雨"].person_id)

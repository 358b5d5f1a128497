"""Invitation cards in chat: who gets one, what ends, who may, and that no code is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bot.talk.acting import Operator
from bot.talk.clock import SetClock
from bot.talk.message import Incoming, press
from services import roster
from storage.tables import Audit, File, Invite, Outbox, Role
from tests.conftest import NewDatabase
from tests.house import House, Member
from tests.staff.conftest import bind

pytestmark = pytest.mark.slow


@pytest.fixture
async def house(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[House]:
    """Of the cohort only the office and a mentor have joined."""
    opened = await House.open(
        new_database("sqlite"), tmp_path, clock, site="https://yingcai.example.org"
    )
    await opened.populate("shanxi-2026", "senior_1")
    with opened.app.database.transaction() as db:
        for member in opened.members.values():
            if member.role in (Role.COORDINATOR, Role.MENTOR):
                bind(db, member.person_id, member.address, clock)
    yield opened
    opened.close()


def office(house: House) -> Member:
    return next(one for one in house.members.values() if one.role is Role.COORDINATOR)


def out(db: Session, member: Member) -> list[Invite]:
    """A member's codes that can still be used."""
    theirs = select(Invite).where(Invite.membership_id == member.membership_id)
    return list(db.exec(theirs.where(col(Invite.revoked_at).is_(None))))


async def test_one_tap_makes_a_picture_and_ends_the_code_before(house: House) -> None:
    her, lin = office(house), house.members["林小雨"]
    with house.app.database.transaction() as db:
        roster.invite(db, Operator(house.clock.now()), lin.membership_id)
        (before,) = out(db, lin)
    await her.says("谁还没加入")
    await her.presses("林小雨")
    assert "林小雨的邀请卡在附件里" in her.sees
    with house.app.database.transaction() as db:
        (now,) = out(db, lin)
        assert now.id != before.id
        file = db.exec(select(File)).one()
        assert (file.owner_id, file.media_type) == (her.person_id, "image/png")
        assert file.expires_at is not None
        noted = db.exec(select(Audit).where(Audit.verb == "invite")).all()
        assert noted[-1].person_id == her.person_id
        # The code stands on the card alone.
        assert not [row for row in db.exec(select(Outbox)) if "/join/" in str(row.body)]
    path, _, _ = house.app._open_file(file.id or 0)
    assert path.read_bytes().startswith(b"\x89PNG")


async def test_a_second_tap_leaves_one_card_that_holds(house: House) -> None:
    her, lin = office(house), house.members["林小雨"]
    await her.says("谁还没加入")
    await her.presses("林小雨")
    await her.presses("林小雨")
    await house.deliver_all_again()
    with house.app.database.transaction() as db:
        assert len(out(db, lin)) == 1


async def test_codes_that_are_out_are_ended_only_if_the_office_says_so(house: House) -> None:
    her, lin = office(house), house.members["林小雨"]
    with house.app.database.transaction() as db:
        roster.invite(db, Operator(house.clock.now()), lin.membership_id)
        (before,) = out(db, lin)
    await her.says("打印邀请卡")
    await her.presses("人发邀请卡")
    assert "有 1 人手里的邀请码还能用" in her.sees
    await her.presses("只发给没有邀请码的")
    assert "张邀请卡在附件里" in her.sees
    with house.app.database.transaction() as db:
        assert [one.id for one in out(db, lin)] == [before.id]
        assert len(out(db, house.members["赵一鸣"])) == 1
        assert out(db, her) == []
        assert db.exec(select(File.media_type)).one() == "application/pdf"


async def test_who_is_not_the_office_invites_nobody(house: House) -> None:
    mentor = house.members["王建国"]
    lin = house.members["林小雨"]
    for verb in (press("invite", 1, lin.membership_id), press("invite_all", 1)):
        await mentor.sends(Incoming(mentor.address, press=verb))
        assert "由这一期的管理办公室来发" in mentor.sees
    await mentor.says("重新邀请林小雨")
    with house.app.database.transaction() as db:
        assert db.exec(select(Invite)).all() == []


async def test_whoever_is_named_is_invited_and_who_has_joined_is_not(house: House) -> None:
    her = office(house)
    await her.says("重新邀请林小雨")
    assert "林小雨的邀请卡在附件里" in her.sees
    await her.says("怎么邀请大家")
    assert "还没有加入的" in her.sees
    mentor = house.members["王建国"]
    await her.sends(Incoming(her.address, press=press("invite", 1, mentor.membership_id)))
    assert "已经加入了" in her.sees

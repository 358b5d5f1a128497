"""Certificates through the talk: who may issue, see, download and revoke them, and who may not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from app.doorkeeper import Doorkeeper
from bot.talk.acting import Actor, Refused
from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from jobs.certificates import STEP
from programmes import certifying
from services import certificates, menus, records
from services.packs import load
from storage import chats
from storage.tables import (
    Account,
    Audit,
    Certificate,
    Cohort,
    Evaluation,
    EvaluationState,
    EvaluationVersion,
    Membership,
    Outbox,
    Person,
    Revocation,
    Role,
)
from tests.conftest import NewDatabase
from tests.house import House, Member
from tests.staff.conftest import bind


async def forge(member: Member, press: str) -> str:
    return await member.sends(Incoming(member.address, press=press))


@pytest.fixture
async def house(new_database: NewDatabase, tmp_path: Path) -> AsyncIterator[House]:
    house = await opened(new_database, tmp_path)
    yield house
    house.close()


async def opened(
    new_database: NewDatabase, tmp_path: Path, programme: str = "shanxi-2026", site: str = ""
) -> House:
    clock = SetClock(datetime(2026, 12, 7, 2, tzinfo=UTC))
    house = await House.open(new_database("sqlite"), tmp_path, clock, site=site)
    await house.populate(programme)
    with house.app.database.transaction() as db:
        for member in house.members.values():
            bind(db, member.person_id, member.address, clock)
    return house


def decide(house: House, name: str, outcome: str = "qualified") -> None:
    """The office signs a learner's outcome."""
    with house.app.database.transaction() as db:
        key, part = [*certifying.parts(load("shanxi-2026"))][-1]
        office = house.members["管小青"].membership_id
        row = Evaluation(
            student_id=house.members[name].membership_id,
            stage=key,
            side=part.side.value,
            state=EvaluationState.SIGNED,
            outcome=outcome,
            signed_at=house.clock.now(),
        )
        db.add(row)
        db.flush()
        body = {"comment": "", "outcome": outcome}
        db.add(
            EvaluationVersion(
                evaluation_id=row.id or 0, version=1, body=body, signed_by=office, at=row.signed_at
            )
        )


async def issues(house: House) -> Member:
    office = house.members["管小青"]
    await office.says("培养证书")
    await office.presses("人发证书")
    await office.presses("发证书")
    return office


def count(house: House) -> int:
    with house.app.database.transaction() as db:
        return len(db.exec(select(Certificate)).all())


async def test_the_office_issues_and_the_family_is_told_and_downloads(house: House) -> None:
    decide(house, "林小雨")
    await issues(house)
    for name, words in (("林小雨", "你的培养证书已生成"), ("林大海", "林小雨的培养证书已生成")):
        member = house.members[name]
        member.reads()
        assert words in member.sees, name
        await member.presses("看证书")
        await member.presses("下载 PDF")
        [number] = [file for message in member.last for file in message.files]
        path, called, kind = house.app._open_file(number)
        assert path.read_bytes().startswith(b"%PDF")
        assert (called.endswith(".pdf"), kind) == (True, "application/pdf")
    for name in ("赵一鸣", "王建国", "郭老师", "白老师"):
        house.members[name].reads()
        assert "证书" not in house.members[name].sees, name


async def test_the_page_that_verifies_it_is_a_tap_away(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    house = await opened(new_database, tmp_path, site="https://yingcai.example.org")
    decide(house, "林小雨")
    await issues(house)
    her = house.members["林小雨"]
    await her.says("培养证书")
    ((label, url, _),) = [link for message in her.last for link in message.links]
    address, _, token = url.partition("#")
    assert (label, address) == ("核验这份证书", "https://yingcai.example.org/verify")
    with house.app.database.transaction() as db:
        assert db.exec(select(Certificate.token)).one() == token
    office = house.members["管小青"]
    await office.says("林小雨的证书")
    assert [link[:2] for message in office.last for link in message.links] == [(label, url)]
    house.close()


async def test_nobody_else_reads_it_and_numbers_tell_nothing(house: House) -> None:
    decide(house, "林小雨")
    await issues(house)
    with house.app.database.transaction() as db:
        file = db.exec(select(Certificate.file_id)).one()
    for name in ("赵一鸣", "王建国", "郭老师", "周岚"):
        member = house.members[name]
        for act in ("certificate", "certificate_file", "revoke_certificate"):
            said = {await forge(member, f"a:{act}:{number}") for number in (1, 999)}
            assert len(said) == 1, (name, act)
            assert "林小雨" not in said.pop()
        for press in ("a:certifying:1", "a:issue_certificates:1", "a:issue_certificate:1"):
            assert "林小雨" not in await forge(member, press)
        with house.app.database.transaction() as db, pytest.raises(Refused):
            records.file_of(db, Actor(member.person_id, None, house.clock.now()), file or 0)
    for name in ("林小雨", "林大海"):
        assert "管理整期" in await forge(house.members[name], "a:revoke_certificate:1")
        assert "管理整期" in await forge(house.members[name], "a:issue_certificates:1")
    assert count(house) == 1


async def test_pressed_twice_it_is_issued_once(house: House) -> None:
    decide(house, "林小雨")
    office = house.members["管小青"]
    await office.says("培养证书")
    every = office.button("人发证书")
    await office.presses("人发证书")
    await office.presses("发证书")
    await forge(office, every)
    assert "没有可以发证书的人" in office.sees
    number = house.members["林小雨"].membership_id
    # The button of an old list leads to the certificate that there is by now.
    shown = await forge(office, f"a:issue_certificate:{number}")
    assert "SHANXI-2026-01-0001" in shown
    assert office.button("撤销证书")
    await house.deliver_all_again()
    assert count(house) == 1
    with house.app.database.transaction() as db:
        told = db.exec(select(Outbox).where(col(Outbox.key).startswith("certificate:1"))).all()
        assert len(told) == 2


async def test_an_order_outlasts_a_crash(house: House) -> None:
    decide(house, "林小雨")
    decide(house, "赵一鸣", "excellent")
    office = house.members["管小青"]
    with house.app.database.transaction() as db:
        account = bind_of(house, office)
        actor = Actor(office.person_id, account, house.clock.now())
        certificates.order(db, actor, 1)
    house = await house.restart()
    await house.settle()
    office.reads()
    assert "这次发了 2 份" in office.sees
    with house.app.database.transaction() as db:
        assert certificates.orders(db) == []
        done = db.exec(select(Audit).where(Audit.verb == "certificates_issued")).one()
        assert done.detail == {"issued": 2}


def bind_of(house: House, member: Member) -> int:
    with house.app.database.transaction() as db:
        found = db.exec(select(Account.id).where(Account.address == member.address)).one()
    assert found is not None
    return found


async def test_a_big_cohort_shows_how_far_it_is_and_holds_nobody_up(house: House) -> None:
    with house.app.database.transaction() as db:
        for number in range(STEP + 3):
            person = Person(name=f"学生{number}", created_at=house.clock.now())
            db.add(person)
            db.flush()
            place = Membership(
                cohort_id=1,
                person_id=person.id or 0,
                role=Role.STUDENT,
                grade="senior_1",
                created_at=house.clock.now(),
            )
            db.add(place)
            db.flush()
            name = f"学生{number}"
            house.members[name] = Member(
                house, name, Role.STUDENT, person.id or 0, place.id or 0, f"chat-{name}"
            )
    for number in range(STEP + 3):
        decide(house, f"学生{number}")
    office = house.members["管小青"]
    await office.says("培养证书")
    await office.presses("人发证书")
    office.reads()
    await house.receive(Incoming(office.address, press=office.button("发证书")))
    await house.app.inbox.drain()
    # Ordered and not carried out: the office goes on at once with something else.
    assert count(house) == 0
    await house.receive(Incoming(office.address, text="帮助"))
    await house.app.inbox.drain()
    await house.app.delivery.drain()
    assert any("帮助" in str(one) or "助手" in str(one) for one in office.unread())
    await house.settle()
    office.reads()
    with house.app.database.transaction() as db:
        told = select(Outbox.key).where(col(Outbox.key).startswith("issuing:"))
        keys = db.exec(told.order_by(col(Outbox.id))).all()
    assert [str(key).rpartition(":")[2] for key in keys] == ["0", str(STEP), "-1"]
    assert count(house) == STEP + 3
    assert f"这次发了 {STEP + 3} 份" in office.sees


async def test_revoking_takes_a_reason_which_the_family_reads(house: House) -> None:
    decide(house, "林小雨")
    office = await issues(house)
    await office.says("培养证书")
    await office.says("2")
    await office.presses("撤销证书")
    assert "看到理由" in office.sees
    await office.says("姓名写错了，另发")
    assert "什么也没有做" in await office.presses("不，算了")
    await forge(office, "a:revoke_certificate:1")
    await office.says("姓名写错了，另发")
    await office.presses("撤销证书")
    assert "已撤销" in office.sees
    for name in ("林小雨", "林大海"):
        house.members[name].reads()
        assert "姓名写错了，另发" in house.members[name].sees
        assert "已撤销" in await house.members[name].presses("看证书")
        # The paper says nothing of it: it is not given out again, nor from an older card.
        assert not any("PDF" in label for label in house.members[name].buttons)
        assert "已撤销" in await forge(house.members[name], "a:certificate_file:1")
        assert not house.members[name].last[-1].files
    assert "撤销过" in await forge(office, "a:revoke_certificate:1")
    with house.app.database.transaction() as db:
        [row] = db.exec(select(Revocation)).all()
        assert row.revoked_by == office.person_id
        looks = db.exec(select(Audit).where(Audit.verb == "look")).all()
        assert any(one.object == "certificate" for one in looks)


async def test_the_menu_has_it_only_where_there_is_one(
    house: House, new_database: NewDatabase, tmp_path: Path
) -> None:
    def offered(of: House) -> set[str]:
        with of.app.database.transaction() as db:
            return {
                name
                for name, member in of.members.items()
                if "certificates" in menus.commands_for(db, member.person_id)
            }

    assert offered(house) == {"管小青"}
    decide(house, "林小雨")
    await issues(house)
    assert offered(house) == {"管小青", "林小雨", "林大海"}

    for place, (programme, words) in enumerate(
        {
            "spark-2026": "上级平台生成（六(一)）",
            "sichuan-jingke-2023": "没有写培养证书",
        }.items()
    ):
        folder = tmp_path / str(place)
        other = await opened(new_database, folder, programme)
        assert offered(other) == set()
        for name in ("林小雨", "管小青"):
            assert words in await other.members[name].says("培养证书"), (programme, name)
        stages = await other.members["管小青"].says("评价阶段")
        assert "培养证书" not in stages
        other.close()


async def test_of_several_cohorts_one_that_has_certificates_is_shown(house: House) -> None:
    office = house.members["管小青"]
    with house.app.database.transaction() as db:
        unit = db.get_one(Membership, office.membership_id).unit_id
        later = Cohort(programme="spark-2026", name="后来一期", created_at=house.clock.now())
        db.add(later)
        db.flush()
        place = Membership(
            cohort_id=later.id or 0,
            person_id=office.person_id,
            role=Role.COORDINATOR,
            unit_id=unit,
            created_at=house.clock.now(),
        )
        db.add(place)
    assert "没有评价结果" in await office.says("培养证书")
    assert "后来一期" not in "".join(office.buttons)


async def test_it_stands_on_the_learners_page_for_those_who_may_see_it(house: House) -> None:
    decide(house, "林小雨")
    await issues(house)
    number = house.members["林小雨"].membership_id
    for name, sees in (("管小青", True), ("林大海", True), ("王建国", False), ("郭老师", False)):
        told = await forge(house.members[name], f"a:student:{number}")
        assert "林小雨" in told, name
        assert ("SHANXI-2026-01-0001" in told) is sees, name


async def test_it_is_asked_for_in_ones_own_words(house: House) -> None:
    student, guardian = house.members["林小雨"], house.members["林大海"]
    assert "评价结果为优秀、合格" in await student.says("我的证书发了吗")
    decide(house, "林小雨")
    await issues(house)
    assert "SHANXI-2026-01-0001" in await student.says("我的证书能下载了没")
    assert "SHANXI-2026-01-0001" in await guardian.says("我孩子的证书发了没")
    # Whoever has none of their own is answered from the documents.
    assert "SHANXI" not in await house.members["王建国"].says("我的证书发了吗")


async def test_the_web_chat_opens_it_for_the_family_and_notes_the_office(house: House) -> None:
    decide(house, "林小雨")
    await issues(house)
    with house.app.database.transaction() as db:
        file = db.exec(select(Certificate.file_id)).one() or 0
        for name, member in house.members.items():
            bind_web(db, member.person_id, name, house.clock)
    door = Doorkeeper(house.app.database, house.clock, house.app.store, menus.described)
    opens = {name for name in house.members if await door.file(name, file, opened=True)}
    assert opens == {"林小雨", "林大海", "管小青"}
    with house.app.database.transaction() as db:
        looked = db.exec(select(Audit).where(Audit.verb == "look", Audit.object == "file")).all()
        assert [one.person_id for one in looked] == [house.members["管小青"].person_id]


def bind_web(db: Session, person_id: int, address: str, clock: SetClock) -> None:
    speaker = chats.open_account(db, "web", address, "zh", clock.now())
    account = db.get_one(Account, speaker.account_id)
    account.person_id = person_id
    db.flush()


async def test_a_corrected_name_is_put_right_from_the_card(house: House) -> None:
    decide(house, "林小雨")
    office = await issues(house)
    her = house.members["林小雨"]
    with house.app.database.transaction() as db:
        db.get_one(Person, her.person_id).name = "林晓雨"
    assert "姓名或学科已改正" in await office.says("培养证书")
    await forge(office, "a:certificate:1")
    assert "姓名（现在）：林晓雨" in office.sees
    sure = await office.presses("更正重发")
    assert "姓名改为林晓雨" in sure
    her.reads()
    assert "1 份" in await office.presses("更正重发")
    her.reads()
    assert "理由：更正，另发 SHANXI-2026-01-0002" in her.sees
    assert "你的培养证书已生成" in her.sees
    await her.says("培养证书")
    told = await forge(her, "a:certificate:2")
    assert "代替：SHANXI-2026-01-0001" in told
    assert "林晓雨" in told
    assert "更正重发" not in her.buttons
    # From an older card, or from somebody else.
    assert "撤销过" in await forge(office, "a:reissue_certificate:1")
    assert "不用重发" in await forge(office, "a:reissue_certificate:2")
    assert "管理整期" in await forge(her, "a:reissue_certificate:2")


async def test_an_office_speaks_of_one_certificate_and_of_how_many(house: House) -> None:
    office = house.members["管小青"]
    decide(house, "林小雨")
    assert "可以给 TA 发证书" in await office.says("林小雨的证书")
    await office.says("给林小雨发证书")
    await office.presses("发证书")
    assert count(house) == 1
    assert "编号" in await office.says("林小雨的证书")
    assert "1" in await office.says("证书发了多少")
    assert "赵一鸣" in await office.says("赵一鸣的证书")
    assert "为什么" in await office.says("撤销林小雨的证书")
    for name in ("王建国", "赵一鸣"):
        assert "编号" not in await house.members[name].says("林小雨的证书"), name

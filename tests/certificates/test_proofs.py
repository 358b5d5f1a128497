"""Proofs of hours: who is offered which, what they state, and what becomes of them."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlmodel import col, select

from bot.talk.acting import Actor, Refused
from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from programmes.serving import Proof
from services import certificates, certified, proofs, records, roster
from storage.tables import Certificate, RecordState, SigningKey
from tests.certificates.test_issuing import held_session
from tests.conftest import NewDatabase
from tests.house import House, Member
from tests.staff.conftest import bind

NOW = datetime(2026, 12, 7, 2, tzinfo=UTC)
Opened = Callable[[str], House]


@pytest.fixture
async def house(new_database: NewDatabase, tmp_path: Path) -> AsyncIterator[House]:
    house = await taught(new_database, tmp_path, "shanxi-2026")
    yield house
    house.close()


async def taught(new_database: NewDatabase, tmp_path: Path, programme: str) -> House:
    """A house in which 王建国, 李青 and 郭老师 have two approved hours with 林小雨."""
    house = await House.open(new_database("sqlite"), tmp_path, SetClock(NOW))
    await house.populate(programme)
    with house.app.database.transaction() as db:
        for member in house.members.values():
            bind(db, member.person_id, member.address, house.clock)
    holds(house, 2, 120)
    return house


def holds(house: House, day: int, minutes: int) -> None:
    """An approved session of 林小雨's in May that names all who teach."""
    with house.app.database.transaction() as db:
        student = house.members["林小雨"].membership_id
        named = ("王建国", "李青", "郭老师")
        held_session(db, student, day, minutes, RecordState.APPROVED, people=named)


async def asks(member: Member, proof: str) -> str:
    """Somebody has a proof of their own hours made."""
    await member.says("我的服务时长")
    await member.presses(f"开{proof}")
    return await member.presses(f"开{proof}")


def paper(house: House, member: Member) -> str:
    """The words of the PDF that somebody was sent last."""
    [number] = [file for message in member.last for file in message.files]
    data = house.app._open_file(number)[0].read_bytes()
    words = "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    return "".join(words.split())


async def test_a_mentor_has_a_proof_made_and_downloads_it(house: House) -> None:
    mentor = house.members["王建国"]
    await mentor.says("开证明")
    sure = await mentor.presses("开指导工作量证明")
    for words in ("王建国", "1 次", "2小时", "2026 年 5 月 2 日 至 2026", "三(一)2"):
        assert words in sure, words
    assert "这次发了 1 份" in await mentor.presses("开指导工作量证明")
    told = await mentor.presses("看证明")
    assert "编号：SHANXI-2026-WORKLOAD-01-0001" in told
    assert "林小雨" not in told
    assert "编号：SHANXI-2026-WORKLOAD-01-0001" in await mentor.says("培养证书")
    await mentor.presses("下载 PDF")
    words = paper(house, mentor)
    for said in (
        "指导工作量证明",
        "王建国",
        "导师",
        "1次",
        "2小时",
        "三(一)2",
        "计入高校教学工作量",
    ):
        assert said in words, said
    with house.app.database.transaction() as db:
        row = db.exec(select(Certificate)).one()
        facts, _ = certified.read(row.token, [key.public for key in db.exec(select(SigningKey))])
        assert (facts.sessions, facts.length, facts.role) == (1, "2小时", "导师")
        assert certificates.state_of(db, row.token_hash) == "valid"


async def test_the_same_hours_are_proved_once(house: House) -> None:
    mentor = house.members["王建国"]
    await asks(mentor, "指导工作量证明")
    await mentor.says("服务时长")
    assert "WORKLOAD-01-0001" in await mentor.presses("开指导工作量证明")
    assert "下载 PDF" in mentor.buttons
    with house.app.database.transaction() as db:
        assert db.exec(select(Certificate.nth)).all() == [1]
    holds(house, 3, 60)
    await asks(mentor, "指导工作量证明")
    with house.app.database.transaction() as db:
        rows = db.exec(select(Certificate).order_by(col(Certificate.id))).all()
        assert [(row.nth, row.issue) for row in rows] == [(1, 1), (2, 2)]
        assert certificates.facts_of(db, rows[1]).length == "3小时"
        assert certificates.state_of(db, rows[0].token_hash) == "valid"


async def test_the_office_has_one_made_for_a_teacher_who_is_told(house: House) -> None:
    office, teacher = house.members["管小青"], house.members["郭老师"]
    await office.says("服务时长")
    item = next(i for m in office.last for i in m.items if "郭老师" in i.words)
    await office.sends(Incoming(office.address, press=item.press))
    await office.presses("开指导工作量证明")
    teacher.reads()
    assert "1 份" in await office.presses("开指导工作量证明")
    teacher.reads()
    assert "您的指导工作量证明已生成" in teacher.sees
    assert "时长：2小时" in await teacher.presses("看证明")
    await teacher.presses("下载 PDF")
    assert "担任中学指导教师" in paper(house, teacher)
    await office.presses("看证明")
    await office.presses("撤销证书")
    await office.says("开错了人")
    await office.presses("撤销证书")
    teacher.reads()
    assert "撤销了您的证书" in teacher.sees


async def test_nobody_else_has_it_made_or_sees_it(house: House) -> None:
    mentor = house.members["王建国"]
    await asks(mentor, "指导工作量证明")
    with house.app.database.transaction() as db:
        row = db.exec(select(Certificate)).one()
    others = [one for name, one in house.members.items() if name not in ("王建国", "管小青")]
    assert len(others) > 5
    for other in others:
        for act in ("certificate:1", "certificate_file:1", "revoke_certificate:1"):
            said = await other.sends(Incoming(other.address, press=f"a:{act}"))
            assert "王建国" not in said, (other.name, act)
        for act in ("prove_hours:{}:workload", "hours_of:{}"):
            press = f"a:{act.format(mentor.membership_id)}"
            said = await other.sends(Incoming(other.address, press=press))
            assert "只有本人" in said, (other.name, act)
        with house.app.database.transaction() as db, pytest.raises(Refused):
            records.file_of(db, Actor(other.person_id, None, house.clock.now()), row.file_id or 0)


async def test_each_document_gives_its_own_and_the_silent_ones_none(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    spark = await taught(new_database, tmp_path / "spark", "spark-2026")
    member = spark.members["李青"]
    await member.says("服务时长")
    made = [label for label in member.buttons if label.startswith("开")]
    assert made == ["开培养时长证明", "开志愿服务时长证明", "开培育学时证明"]
    for kind, rule in (
        ("志愿服务时长证明", "由文件写明的平台出具"),
        ("培育学时证明", "是否入选专项"),
    ):
        await asks(member, kind)
        await member.presses("看证明")
        await member.presses("下载 PDF")
        words = paper(spark, member)
        assert kind in words
        assert rule in words
        assert "六(一)" in words
    spark.close()
    silent = await taught(new_database, tmp_path / "silent", "sichuan-jingke-2023")
    mentor = silent.members["王建国"]
    assert "没有写" in await mentor.says("开证明")
    for proof in ("workload", "volunteer", "nonsense"):
        press = f"a:prove_hours:{mentor.membership_id}:{proof}"
        said = await mentor.sends(Incoming(mentor.address, press=press))
        assert "文件没有写" in said or "只有本人" in said
    with silent.app.database.transaction() as db:
        assert not db.exec(select(Certificate)).all()
    silent.close()


async def test_a_proof_with_a_corrected_name_is_issued_anew(house: House) -> None:
    mentor = house.members["王建国"]
    await asks(mentor, "指导工作量证明")
    with house.app.database.transaction() as db:
        by = Actor(house.members["管小青"].person_id, None, house.clock.now())
        roster.correct_person(db, by, mentor.person_id, "王建囯")
        keys = house.app.issuing._press.keys
        made = certificates.reissue(db, by, 1, keys)
        facts = certificates.facts_of(db, made)
        assert (facts.name, facts.replaces) == ("王建囯", "SHANXI-2026-WORKLOAD-01-0001")
        assert (made.proof, made.nth, made.issue) == (Proof.WORKLOAD, 2, 2)
        assert [one.state for one in proofs.given_to(db, mentor.membership_id)] == [
            *("valid", "revoked")
        ]

"""Reading is on record, and everybody has rights over their own data."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner

from app.cli import app
from bot.platforms.fake import UNLIMITED
from bot.talk.acting import Actor, Operator
from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from services import joining, persons, records
from services.evaluations import EvaluationBody
from services.looking import LOOK
from storage.tables import (
    Account,
    Audit,
    Evaluation,
    EvaluationState,
    EvaluationVersion,
    ExitCase,
    ExitState,
    ExitStep,
    File,
    Outbox,
    Person,
    Record,
    Reopening,
)
from tests.conftest import NewDatabase
from tests.house import House
from tests.keeping.scan import scan
from tests.talks.play import content

MARK = "玄玑条纹"
DRAFT = "未完之语"
ASKED = "幽州路"
WORDS = (MARK, DRAFT, ASKED)


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
        child.birth_date = date(2012, 1, 1)
    await house.join("林小雨", "林大海", "王建国", "管小青", "郭老师", "赵一鸣", "周岚")
    student, mentor = house.members["林小雨"], house.members["王建国"]
    await house.members["林大海"].says("孩子")
    if any("同意" in label for label in house.members["林大海"].buttons):
        await house.members["林大海"].presses("同意")
    for day, name in (("昨天", "一"), ("前天", "二")):
        await student.says(f"{day}下午在校和王建国老师做了两小时{MARK}实验{name}")
        await student.sends_files((f"{MARK}.jpg", content("photo", MARK + name)))
        await student.presses("提交")
    await mentor.says("待审")
    await mentor.sends(Incoming(mentor.address, press="a:whole:1"))
    await mentor.presses("通过")
    await student.says("写成长日志")
    await student.says(DRAFT)
    await student.says("菜单")
    await student.says(f"我住在{ASKED}，可以报名吗？")
    for member in house.members.values():
        member.reads()
    yield house
    house.close()


def looks(house: House) -> list[tuple[str, str, str]]:
    with house.app.database.transaction() as db:
        rows = db.exec(select(Audit).where(Audit.verb == LOOK).order_by(col(Audit.id)))
        return [(row.object, row.detail["relation"], row.detail["of"]) for row in rows]


async def test_every_look_of_staff_is_one_row(house: House) -> None:
    student = house.members["林小雨"]
    of = f",{student.membership_id},"
    for name, press, what in [
        ("郭老师", f"a:student:{student.membership_id}", "membership"),
        ("郭老师", f"a:entries:{student.membership_id}", "membership"),
        ("郭老师", "a:record:1", "record"),
        ("王建国", "a:whole:2", "record"),
        ("管小青", "a:students", "list"),
        ("管小青", "a:behind:1", "list"),
        ("管小青", "a:longest:1", "list"),
        ("王建国", "a:queue", "list"),
        ("王建国", "a:mine_behind:any", "list"),
        ("郭老师", "a:urge_all:any", "list"),
    ]:
        before = looks(house)
        said = await house.members[name].sends(Incoming(house.members[name].address, press=press))
        assert "林小雨" in said, (name, press)
        new = looks(house)[len(before) :]
        assert [(one[0], of in one[2]) for one in new] == [(what, True)], (name, press)


async def test_ones_own_and_the_guardians_looks_leave_none(house: House) -> None:
    before = looks(house)
    child, guardian = house.members["林小雨"], house.members["林大海"]
    await child.sends(Incoming(child.address, press="a:record:1"))
    await guardian.sends(Incoming(guardian.address, press=f"a:student:{child.membership_id}"))
    assert MARK in await guardian.sends(Incoming(guardian.address, press="a:record:1"))
    # Nor does who is refused: nothing was seen.
    other = house.members["周岚"]
    await other.sends(Incoming(other.address, press="a:record:1"))
    assert looks(house) == before


async def test_a_photo_that_is_opened_is_a_look(house: House) -> None:
    with house.app.database.transaction() as db:
        file = db.exec(select(File)).first()
        assert file is not None
        teacher = house.members["郭老师"]
        token = joining.sign_in_link(db, teacher.person_id, house.clock.now())
        _, account = joining.sign_in(db, token, "test", house.clock.now())
        address, number = account.address, file.id or 0
    before = looks(house)
    # Asking whether it may be shown is none.
    assert await house.app.door.file(address, number)
    assert looks(house) == before
    assert await house.app.door.file(address, number, opened=True)
    assert [one[0] for one in looks(house)[len(before) :]] == ["file"]


async def test_the_student_sees_who_looked(house: House) -> None:
    teacher, student = house.members["郭老师"], house.members["林小雨"]
    await teacher.sends(Incoming(teacher.address, press=f"a:student:{student.membership_id}"))
    await student.says("我的数据")
    told = await student.presses("谁看过")
    assert "郭老师（本校指导教师）" in told
    assert "看了学员情况" in told
    assert "王建国" in told
    assert "周岚" not in told
    guardian = house.members["林大海"]
    await guardian.says("我的数据")
    await guardian.presses("林小雨的数据")
    assert "郭老师" in await guardian.presses("谁看过")


@pytest.mark.parametrize("verb", ["mydata", "lookers", "copydata", "correct", "erasedata"])
async def test_nobody_elses_data(house: House, verb: str) -> None:
    child = house.members["林小雨"]
    for name in ("王建国", "管小青", "郭老师", "赵一鸣"):
        other = house.members[name]
        there = await other.sends(Incoming(other.address, press=f"a:{verb}:{child.person_id}:yes"))
        missing = await other.sends(Incoming(other.address, press=f"a:{verb}:99999:yes"))
        assert there == missing
        assert "不是您本人" in there.replace("你", "您")
        assert "林小雨" not in there
    with house.app.database.transaction() as db:
        assert len(db.exec(select(Record)).all()) == 2


async def test_a_copy_is_a_zip_of_json_and_files(house: House) -> None:
    student = house.members["林小雨"]
    await student.says("我的数据")
    assert "2 条，其中已通过 1 条" in student.sees
    assert "能看到这个聊天的人" in await student.presses("拿一份副本")
    assert "什么也没有做" in await student.presses("不，算了")
    await student.says("我的数据")
    await student.presses("拿一份副本")
    await student.presses("做一份")
    (number,) = next(message.files for message in student.last if message.files)
    path, name, kind = house.app._open_file(number)
    assert (kind, name[-4:]) == ("application/zip", ".zip")
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as copy:
        data = json.loads(copy.read("data.json"))
        photos = [copy.read(one) for one in copy.namelist() if one.startswith("files/")]
    assert len(data["records"]) == 2
    for words in (MARK, DRAFT):
        assert words in json.dumps(data, ensure_ascii=False)
    assert len(photos) == 2
    assert all(photos)
    assert data["looked_at_by"]
    # It is theirs alone, and for a day.
    with house.app.database.transaction() as db:
        assert records.file_of(db, actor(house, "林小雨"), number)
        for name in ("王建国", "林大海", "管小青"):
            with pytest.raises(Exception, match="not_yours_to_read"):
                records.file_of(db, actor(house, name), number)
    house.clock.move(timedelta(days=2))
    await house.app.housekeeping()
    with house.app.database.transaction() as db:
        assert db.get(File, number) is None


def actor(house: House, name: str) -> Actor:
    return Actor(house.members[name].person_id, None, house.clock.now())


async def test_a_correction_is_asked_for_made_and_told(house: House) -> None:
    student, office = house.members["林小雨"], house.members["管小青"]
    await student.says("我的数据")
    await student.presses("更正")
    assert "已转给管理办公室" in await student.says("我的名字应该是林晓雨")
    assert "有人请求更正" in office.reads()
    assert "请求更正 林小雨 的资料" in await office.says("答疑")
    opened = await office.presses("请求更正")
    assert "归入话题" not in opened
    assert "我的名字应该是林晓雨" in opened
    asked = await office.presses("更正")
    assert "林小雨 → 林晓雨" in asked
    assert "已更正：林晓雨" in await office.presses("确定更正")
    assert "已经更正" in student.reads()
    assert "没有等待答复的问题" in await office.says("答疑")
    with house.app.database.transaction() as db:
        row = db.exec(select(Audit).where(Audit.verb == "correct_person")).one()
        assert (row.object, row.object_id) == ("membership", student.membership_id)
        assert row.detail == {"field": "name"}


async def test_a_request_about_data_is_of_nobody_else_and_goes_with_the_person(
    house: House, tmp_path: Path
) -> None:
    student, office = house.members["林小雨"], house.members["管小青"]
    for words in ("名字应该是林晓雨", "名字应该是林小羽"):
        await student.says("我的数据")
        await student.presses("更正")
        await student.says(words)
    # Alike as they are, each stands alone, and what is answered is no answer for everybody.
    assert "2 组" in await office.says("答疑")
    await office.presses("请求更正")
    await office.presses("回答")
    await office.says("请拿户口本来")
    await office.presses("不写依据")
    sent = await office.presses("发送")
    assert "已答复" in sent
    assert "标准答案" not in sent
    with house.app.database.transaction() as db:
        persons.erase(db, Operator(house.clock.now()), student.person_id)
    looked = scan(house.app.database, tmp_path, "林晓雨", "林小羽")
    assert [hit for hit in looked.hits if "question" in str(hit)] == []


@pytest.mark.parametrize(
    "words",
    ["把林小雨的姓名改成林晓雨", "林小雨的名字改为林晓雨", "change the name of 林小雨 to 林晓雨"],
)
async def test_an_office_corrects_a_name_by_a_sentence(house: House, words: str) -> None:
    office, student = house.members["管小青"], house.members["林小雨"]
    assert "林小雨 → 林晓雨" in await office.says(words)
    assert "林晓雨" in await office.presses("确定更正")
    assert "更正了" in student.reads()


async def test_a_birth_date_is_corrected_and_words_without_a_name_ask_for_one(
    house: House,
) -> None:
    office = house.members["管小青"]
    for words in ("更正姓名", "怎么改学生的名字", "学生的名字写错了怎么改"):
        assert "请写出全名" in await office.says(words), words
    asked = await office.says("把林小雨的生日改成2012年3月5日")
    assert "2012年1月1日" in asked
    assert "2012年3月5日" in asked
    assert "已更正" in await office.presses("确定更正")
    same = await office.says("把林小雨的姓名改成林小雨")
    assert "没有改动" in same or "没有改动" in await office.presses("确定更正")


async def test_others_ask_the_office_for_a_correction(house: House) -> None:
    assert "哪里不对" in await house.members["林小雨"].says("我的名字写错了")
    assert "数据" in await house.members["王建国"].says("怎么改名字")


async def test_erasing_in_the_chat_leaves_what_was_approved(house: House, tmp_path: Path) -> None:
    student, office = house.members["林小雨"], house.members["管小青"]
    await student.says("我的数据")
    asked = await student.presses("删除")
    assert "还没有通过的 1 条记录" in asked
    assert "已通过的 1 条记录" in asked
    assert "已请管理办公室处理" in await student.presses("确定删除")
    assert "有人请求更正或删除资料" in office.reads()
    opened = await office.presses("答疑")
    assert "请求删除 林小雨" in opened
    assert not any("更正" in label for label in office.buttons)
    looked = scan(house.app.database, tmp_path, DRAFT, ASKED, f"{MARK}实验二")
    assert looked.hits == []
    assert looked.rows > 50
    assert scan(house.app.database, tmp_path, f"{MARK}实验一").hits


# ---------------------------------------------------------------- the command line


@pytest.fixture
def typed(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YINGCAI_DATABASE_URL", str(house.app.settings.database))
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(house.app.settings.data_dir))
    return Typed()


class Typed:
    def __call__(self, *words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == code, result.output
        return result.output


async def test_export_and_erase(house: House, tmp_path: Path, typed: Typed) -> None:
    await house.members["郭老师"].says("提醒林小雨写日志")
    await house.members["王建国"].says("林小雨最近怎么样")
    uploads = tmp_path / "data" / "uploads"
    with house.app.database.transaction() as db:
        db.add(
            Account(
                platform="web",
                address="page",
                person_id=house.members["林小雨"].person_id,
                created_at=house.clock.now(),
            )
        )
    from bot.platforms.web.uploads import Uploads, tag

    Uploads(uploads, 100)
    left = uploads / f"{tag('page')}-{'x' * 24}"
    left.mkdir()
    (left / "bytes").write_bytes(MARK.encode())
    everywhere = (*WORDS[:2], "林小雨")
    before = {hit.split(":")[0] for hit in scan(house.app.database, tmp_path, *everywhere).hits}
    assert {"person.name", "record_version.body", "outbox.body", "said.raw"} <= before
    assert any(place.startswith("data/uploads") for place in before)

    copy = tmp_path / "copy.zip"
    typed("person", "export", "林小雨", str(copy))
    assert copy.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(copy) as zipped:
        assert MARK in zipped.read("data.json").decode()
    copy.unlink()
    backup = tmp_path / "backup.zip"
    typed("backup", str(backup))

    assert "--yes" in typed("person", "erase", "林小雨", code=2)
    assert scan(house.app.database, tmp_path, MARK).hits
    told = typed("person", "erase", "林小雨", "--yes")
    assert str(backup) in told
    assert "2 条记录" in told
    backup.unlink()
    looked = scan(house.app.database, tmp_path, *everywhere)
    assert looked.hits == []
    assert looked.rows > 50
    assert looked.files > 0
    # What stays is a row without a name, and what was done without what was said.
    with house.app.database.transaction() as db:
        person = db.get(Person, house.members["林小雨"].person_id)
        assert person is not None
        assert (person.name, person.birth_date) == ("（已删除）", None)
        verbs = set(db.exec(select(Audit.verb)))
        assert {"hand_in", "approve", "erase"} <= verbs
        assert db.exec(select(Outbox)).all(), "others' own messages stay"
    # Others go on.
    assert "菜单" in "".join(house.members["王建国"].buttons) or await house.members[
        "王建国"
    ].says("待审")


async def test_what_was_signed_of_a_person_is_copied_and_erased(
    house: House, tmp_path: Path, typed: Typed
) -> None:
    said, why, grounds = "评语乾坤", "重开之由", "退出之由"
    with house.app.database.transaction() as db:
        now, student = house.clock.now(), house.members["林小雨"].membership_id
        mentor, office = house.members["王建国"], house.members["管小青"]
        entry = Evaluation(
            student_id=student,
            stage="mid",
            side="team",
            state=EvaluationState.SIGNED,
            outcome="qualified",
            signed_at=now,
        )
        db.add(entry)
        db.flush()
        number = entry.id or 0
        body = EvaluationBody(comment=said, outcome="qualified").model_dump(mode="json")
        db.add(
            EvaluationVersion(
                evaluation_id=number, version=1, body=body, signed_by=mentor.membership_id, at=now
            )
        )
        db.add(
            Reopening(
                evaluation_id=number, version=1, reason=why, reopened_by=office.person_id, at=now
            )
        )
        case = ExitCase(
            student_id=student,
            evaluation_id=number,
            version=1,
            state=ExitState.DROPPED,
            raised_at=now,
        )
        db.add(case)
        db.flush()
        db.add(
            ExitStep(
                case_id=case.id or 0,
                state=ExitState.DROPPED,
                reason=grounds,
                person_id=office.person_id,
                at=now,
            )
        )
    copy = tmp_path / "copy.zip"
    typed("person", "export", "林小雨", str(copy))
    with zipfile.ZipFile(copy) as zipped:
        [signed] = json.loads(zipped.read("data.json"))["evaluations"]
    assert (signed["comment"], signed["signed_by"]) == (said, "王建国")
    copy.unlink()
    found = scan(house.app.database, tmp_path, said, why, grounds).hits
    before = {hit.split(":")[0] for hit in found}
    assert {"evaluation_version.body", "reopening.reason", "exit_step.reason"} <= before
    typed("person", "erase", "林小雨", "--yes")
    assert scan(house.app.database, tmp_path, said, why, grounds).hits == []
    with house.app.database.transaction() as db:
        # That it was signed, by whom and when, stays.
        assert db.exec(select(EvaluationVersion)).one().signed_by == mentor.membership_id
        assert db.exec(select(Evaluation)).one().outcome == ""


async def test_signing_out_unlinking_and_correcting(house: House, typed: Typed) -> None:
    with house.app.database.transaction() as db:
        token = joining.sign_in_link(db, house.members["王建国"].person_id, house.clock.now())
        session, _ = joining.sign_in(db, token, "test", house.clock.now())
    assert "1" in typed("sign-out", "王建国")
    with house.app.database.transaction() as db:
        assert joining.session_account(db, session, house.clock.now()) is None
    assert "已解除" in typed("person", "unlink", "林小雨", "王建国")
    typed("person", "unlink", "林小雨", "王建国", code=2)
    typed("person", "correct", "林小雨", "--name", "林晓雨", "--birth-date", "2012-02-03")
    with house.app.database.transaction() as db:
        person = db.get(Person, house.members["林小雨"].person_id)
        assert person is not None
        assert (person.name, person.birth_date) == ("林晓雨", date(2012, 2, 3))

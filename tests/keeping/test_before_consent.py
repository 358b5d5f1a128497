"""Before a guardian consents nothing of a child is stored, raw neither; afterwards no more raw
than has to wait."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.platforms.contract import Received
from bot.platforms.fake import UNLIMITED
from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from services import joining
from storage import chats
from storage.tables import SaidLine, Update, UpdateState
from tests.conftest import NewDatabase
from tests.house import House, Member
from tests.keeping.scan import scan

MARK = "玄玑子"
STREET = "幽州路七十七号"
LATIN = "xuanjizi"

WORDS = (
    f"我叫{MARK}，住在{STREET}",
    f"昨天下午在校和{MARK}老师做了两小时双缝实验",
    f"{MARK}昨天好像也做了实验吧？两小时",
    f"{MARK}可以参加吗？",
    f"/ask {MARK}住在{STREET}可以报名吗",
    f"/{LATIN} {MARK}",
    f"/language {LATIN}",
    f"我的导师是{MARK}吗",
    f"请问{STREET}的学生一年要培养几次？",
    f"把昨天的地点改成{STREET}",
    f"提醒{MARK}",
    "记一次培养",
    "写成长日志",
    f"我想死，我是{MARK}",
)
PRESSES = (f"a:{MARK}", f"q:1:1:={STREET}", f"sure:a:menu:{MARK}", f"a:topic:{LATIN}")


async def opened(
    new_database: NewDatabase, folder: Path, clock: SetClock, grade: str, kind: str = "sqlite"
) -> House:
    house = await House.open(new_database(kind), folder, clock)  # type: ignore[arg-type]  # a name
    # A messenger whose past is ours to show, as the web chat's is.
    house.platform.capabilities = replace(UNLIMITED, history=True)
    await house.populate("sichuan-jingke-2023", grade)
    return house


@pytest.fixture(params=["sqlite", "postgres"])
async def house(
    request: pytest.FixtureRequest, new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[House]:
    house = await opened(new_database, tmp_path, clock, "primary_5", request.param)
    await house.join("林小雨")
    yield house
    house.close()


async def says_everything(member: Member) -> None:
    for words in WORDS:
        await member.says(words)
    for press in PRESSES:
        await member.sends(Incoming(member.address, press=press, name=MARK))
    await member.sends_files((f"{MARK}.jpg", MARK.encode()), text=f"{STREET}的照片")
    await member.sends_files((f"{MARK}1.jpg", b"1"), ("2.jpg", b"2"), text=f"昨天在{STREET}做实验")


def rows_of_updates(house: House) -> list[Update]:
    with house.app.database.transaction() as db:
        return list(db.exec(select(Update).order_by(col(Update.id))))


async def test_nothing_is_stored_before_consent(house: House, tmp_path: Path) -> None:
    student = house.members["林小雨"]
    await says_everything(student)
    looked = scan(house.app.database, tmp_path, MARK, STREET, LATIN)
    assert looked.hits == []
    assert looked.rows > 50
    # Each was answered, and is known should it come again.
    updates = [one for one in rows_of_updates(house) if one.address == student.address]
    assert len(updates) >= len(WORDS) + len(PRESSES) + 3
    assert {one.state for one in updates} == {UpdateState.DONE}
    assert not any(one.raw for one in updates)
    assert len(house.platform.dropped) == 3


async def test_the_same_words_are_found_where_they_may_be_kept(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> None:
    """The look can find: a pupil of a grade of which nobody is under 14."""
    house = await opened(new_database, tmp_path, clock, "vocational")
    student = (await house.join("林小雨"))[0]
    await says_everything(student)
    looked = scan(house.app.database, tmp_path, MARK, STREET)
    updates = rows_of_updates(house)
    house.close()
    places = {hit.split(":")[0] for hit in looked.hits}
    assert {"said.raw", "conversation.journal", "outbox.body"} <= places
    assert any(place.endswith(".db") for place in places)
    # And yet the raw rows are empty: what the chat shows is kept as that.
    assert not any(one.raw for one in updates)


async def test_not_stored_even_while_it_waits(house: House, tmp_path: Path) -> None:
    student = house.members["林小雨"]
    await house.receive(Incoming(student.address, text=f"我叫{MARK}"))
    waiting = rows_of_updates(house)[-1]
    assert (waiting.state, waiting.raw) == (UpdateState.WAITING, "")
    assert scan(house.app.database, tmp_path, MARK).hits == []
    await house.settle()
    assert student.unread()


async def test_after_a_crash_the_child_is_asked_to_send_it_again(house: House) -> None:
    """Nothing acknowledged is dropped in silence, and nothing of it was on the disk."""
    student = house.members["林小雨"]
    student.reads()
    await house.receive(Incoming(student.address, text=f"我叫{MARK}"))
    await house.restart()
    await house.settle()
    assert "请再发一次" in student.reads()
    assert rows_of_updates(house)[-1].state is UpdateState.DONE
    # Delivered once more, it is known and said nothing to.
    await house.app.inbox.receive("fake", house.received[-1:])
    await house.settle()
    assert student.unread() == []


async def test_whoever_may_be_kept_loses_nothing_in_a_crash(house: House) -> None:
    guardian = house.members["林大海"]
    await house.join("林大海")
    guardian.reads()
    await house.receive(Incoming(guardian.address, text="我孩子最近怎么样"))
    assert rows_of_updates(house)[-1].raw
    await house.restart()
    await house.settle()
    assert "林小雨" in guardian.reads()
    assert not rows_of_updates(house)[-1].raw


async def test_consent_opens_and_withdrawal_closes(house: House, tmp_path: Path) -> None:
    student, guardian = house.members["林小雨"], house.members["林大海"]
    await house.join("林大海")
    await guardian.says("孩子")
    await guardian.presses("同意")
    await student.says("记一次培养")
    await student.says("昨天下午两小时")
    await guardian.says("孩子")
    await guardian.presses("撤回同意")
    if any("确定撤回" in label for label in guardian.buttons):
        await guardian.presses("确定撤回")
    # The open form is gone, and what is answered to it is not kept.
    said = await student.says(f"和{MARK}老师在{STREET}")
    assert scan(house.app.database, tmp_path, MARK, STREET).hits == []
    assert said
    assert "监护人" in await student.says("记一次培养")


async def test_a_code_is_kept_as_a_hash_and_nowhere_else(house: House, tmp_path: Path) -> None:
    code = await house.code("林大海")
    guardian = house.members["林大海"]
    spelt = joining.written(code)
    await guardian.says(spelt)
    await guardian.presses("先放下")
    assert scan(house.app.database, tmp_path, code, spelt).hits == []
    await guardian.says(code)
    await guardian.presses("同意并加入")
    assert "用过" in await house.members["周岚"].says(code)
    # Whoever has joined and types one again: their chat does not show it later.
    await guardian.says(spelt)
    await guardian.sends(Incoming(guardian.address, start=code))
    looked = scan(house.app.database, tmp_path, code, spelt)
    assert looked.hits == []
    assert await guardian.says("这句话留着")
    assert scan(house.app.database, tmp_path, "这句话留着").hits


async def test_what_was_set_aside_is_empty_after_a_day(house: House) -> None:
    guardian = (await house.join("林大海"))[0]
    raw = '{"address": "chat-林大海", "text": 7, "no": "such"}'
    await house.app.inbox.receive("fake", [Received("bad", guardian.address, raw)])
    await house.settle()
    aside = rows_of_updates(house)[-1]
    assert aside.state is UpdateState.ASIDE
    assert aside.raw
    house.clock.move(timedelta(hours=25))
    await house.app.housekeeping()
    assert rows_of_updates(house)[-1].raw == ""


async def test_the_shown_past_goes_after_its_time(house: House) -> None:
    guardian = (await house.join("林大海"))[0]
    await guardian.says("我孩子最近怎么样")
    with house.app.database.transaction() as db:
        before = house.clock.now() + timedelta(seconds=1)
        lines = chats.history(db, "fake", guardian.address, before, 50)
        assert [line for line in lines if "最近怎么样" in line.raw]
    house.clock.move(timedelta(days=house.app.settings.history_days + 1))
    await house.app.housekeeping()
    with house.app.database.transaction() as db:
        assert db.exec(select(SaidLine)).all() == []
        assert chats.history(db, "fake", guardian.address, house.clock.now(), 50) == []
    assert rows_of_updates(house), "keys stay, so that a repeated update is still known"


async def test_files_that_no_talk_asked_for_are_dropped(house: House) -> None:
    guardian = (await house.join("林大海"))[0]
    await guardian.sends_files(("家.jpg", b"1"))
    assert len(house.platform.dropped) == 1


async def test_a_name_in_a_messenger_is_not_kept(house: House, tmp_path: Path) -> None:
    stranger = Incoming("chat-new", text="你好", name=MARK)
    await house.receive(stranger)
    await house.settle()
    assert scan(house.app.database, tmp_path, MARK).hits == []

"""Who may load a document, what it replaces, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from answers.reading import read
from answers.sections import Document
from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import SetClock
from bot.talk.message import Incoming
from jobs.documents import DocumentUnread, read_apart
from services import documents, roster
from storage import backup as archives
from storage.database import Database
from storage.tables import Audit, Membership, PolicyDocument, Role, StoredPassage
from tests.conftest import NewDatabase
from tests.documents.samples import LETTER, bomb_of_pages, printed, word
from tests.house import House

KEY = "shanxi-2026"


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def operator(clock: SetClock) -> Operator:
    return Operator(clock.now())


def letter(name: str = "letter.txt", text: str = LETTER) -> Document:
    return read(text.encode(), name)


def publish(
    db: Session,
    by: Actor | Operator,
    document: Document | None = None,
    *,
    programme: str = KEY,
    file: str = "a",
) -> PolicyDocument:
    given = document or letter()
    return documents.publish(
        db, by, programme, given, name=f"{file}.txt", sha256=file * 64, size=9
    )


def member(db: Session, by: Operator, role: Role, programme: str = KEY) -> Membership:
    cohort = roster.create_cohort(db, by, programme, f"{programme} {role}")
    person = roster.add_person(db, by, f"某{role.value}"[:20])
    made, _ = roster.add_member(db, by, cohort.id or 0, person.id or 0, role)
    return made


def actor(membership: Membership, clock: SetClock) -> Actor:
    return Actor(membership.person_id, None, clock.now())


# ---------------------------------------------------------------- the acts


def test_what_is_published_is_found(db: Session, operator: Operator) -> None:
    publish(db, operator)
    passages = documents.loaded(db, [KEY])
    found = passages.find("培养周期多长", [KEY])[0].passage
    assert (found.section, found.document) == ("三(一)", "关于开展云州市少年科学营工作的通知")
    assert found.heading == "三、培养／（一）周期"
    assert passages.at(KEY, "附件2 三·一(一)") is not None
    assert documents.loaded(db, ["jiangsu-2022"]).all == ()


def test_a_document_takes_the_place_of_the_one_of_its_title(
    db: Session, operator: Operator, clock: SetClock
) -> None:
    first = publish(db, operator)
    other = publish(db, operator, letter(text="科学营须知\n一、服装\n穿校服。"), file="b")
    clock.move(timedelta(days=1))
    later = Operator(clock.now())
    second = publish(db, later, letter(text=LETTER.replace("八个月", "十个月")), file="c")
    assert [row.id for row in documents.listed(db, [KEY])] == [other.id, second.id]
    assert first.ended_at == clock.now()
    found = documents.loaded(db, [KEY]).at(KEY, "三(一)")
    assert found is not None
    assert "十个月" in found.text
    # It is ended, not deleted.
    assert (
        db.exec(select(StoredPassage).where(StoredPassage.document_id == first.id)).first()
        is not None
    )


def test_the_same_file_again_changes_nothing(db: Session, operator: Operator) -> None:
    assert publish(db, operator).id == publish(db, operator).id
    assert len(db.exec(select(PolicyDocument)).all()) == 1


def test_each_programme_has_its_own(db: Session, operator: Operator) -> None:
    publish(db, operator)
    publish(db, operator, programme="jiangsu-2022")
    both = documents.loaded(db, [KEY, "jiangsu-2022"])
    assert {one.passage.programme for one in both.find("培养周期", [KEY])} == {KEY}
    assert len(both) == 2 * len(letter().passages)


def test_a_removed_one_is_quoted_no_more_whoever_removed_it(
    db: Session, operator: Operator
) -> None:
    row = publish(db, operator)
    assert len(documents.loaded(db, [KEY]))
    documents.remove(db, operator, row.id or 0)
    assert documents.loaded(db, [KEY]).find("培养周期", [KEY]) == []
    with pytest.raises(Refused, match=r"document\.gone"):
        documents.remove(db, operator, row.id or 0)


def test_an_index_is_made_once(db: Session, operator: Operator) -> None:
    publish(db, operator)
    assert documents.loaded(db, [KEY]) is documents.loaded(db, [KEY])


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.COORDINATOR])
def test_only_a_coordinator_may(
    db: Session, operator: Operator, clock: SetClock, role: Role
) -> None:
    row = publish(db, operator)
    somebody = actor(member(db, operator, role), clock)
    with pytest.raises(Refused, match=r"document\.not_coordinator"):
        publish(db, somebody, file="b")
    with pytest.raises(Refused, match=r"document\.not_coordinator"):
        documents.remove(db, somebody, row.id or 0)
    assert [one.id for one in documents.listed(db, [KEY])] == [row.id]


def test_a_coordinator_may_for_their_own_programme_only_and_while_they_are_one(
    db: Session, operator: Operator, clock: SetClock
) -> None:
    place = member(db, operator, Role.COORDINATOR)
    by = actor(place, clock)
    row = publish(db, by)
    assert row.added_by == by.person_id
    with pytest.raises(Refused, match=r"document\.not_coordinator"):
        publish(db, by, programme="jiangsu-2022", file="b")
    roster.end_member(db, operator, place.id or 0, "调走")
    with pytest.raises(Refused, match=r"document\.not_coordinator"):
        documents.remove(db, by, row.id or 0)


def test_every_act_is_on_record(db: Session, operator: Operator, clock: SetClock) -> None:
    by = actor(member(db, operator, Role.COORDINATOR), clock)
    row = publish(db, by)
    documents.remove(db, by, row.id or 0)
    noted = [
        (one.verb, one.person_id, one.object_id)
        for one in db.exec(select(Audit).where(Audit.object == "document"))
    ]
    assert noted == [
        ("publish_document", by.person_id, row.id),
        ("remove_document", by.person_id, row.id),
    ]


def test_no_document_is_loaded_for_a_programme_that_is_not_there(
    db: Session, operator: Operator
) -> None:
    with pytest.raises(Refused, match=r"roster\.no_such_programme"):
        publish(db, operator, programme="nowhere-2026")


# ---------------------------------------------------------------- in the house


@pytest.fixture
async def house(new_database: NewDatabase, tmp_path: Path, clock: SetClock) -> House:
    house = await House.open(new_database("sqlite"), tmp_path, clock)
    await house.populate()
    await house.join("管小青", "王建国")
    return house


async def loaded(house: House) -> None:
    office = house.members["管小青"]
    await office.says("政策文件")
    await office.presses("加载一份文件")
    await office.sends_files(("通知.docx", word()))
    await office.presses("发布")


@pytest.mark.parametrize("press", ["a:load_document", "a:undocument:1", "a:undocument:1:yes"])
async def test_a_forged_button_does_nothing(house: House, press: str) -> None:
    await loaded(house)
    mentor = house.members["王建国"]
    said = await mentor.sends(Incoming(mentor.address, press=press))
    assert "只有这个方案的管理办公室人员" in said
    with house.app.database.transaction() as db:
        assert len(documents.listed(db, [KEY])) == 1
        refused = [one.person_id for one in db.exec(select(Audit)) if one.refused]
    assert refused == [mentor.person_id]
    house.close()


async def test_a_file_is_kept_as_long_as_its_document_and_its_draft(
    house: House, tmp_path: Path
) -> None:
    await loaded(house)
    office = house.members["管小青"]
    await office.presses("加载一份文件")
    await office.sends_files(("另一份.pdf", printed()))
    house.clock.move(timedelta(days=90))
    await house.app.housekeeping()
    assert "已发布" in await office.presses("发布")
    kept = [path for path in house.app.store.folder.glob("??/*") if path.is_file()]
    made = archives.backup(
        house.app.settings.database,
        house.app.settings.files_dir,
        tmp_path / "backup.zip",
        house.clock.now(),
    )
    assert made.rows["document"] == 2
    assert made.missing == ()
    assert len([name for name in made.sha256 if name.startswith("files/")]) == 2 <= len(kept)
    house.close()


async def test_what_was_read_may_be_gone_when_it_is_published(house: House) -> None:
    office = house.members["管小青"]
    await office.says("政策文件")
    await office.presses("加载一份文件")
    await office.sends_files(("通知.docx", word()))
    for path in house.app.store.folder.glob("??/*"):
        path.unlink()
    assert "没有发布" in await office.presses("发布")
    await office.presses("换一个文件")
    assert "没有发布" not in await office.sends_files(("通知.docx", word()))
    assert "已发布" in await office.presses("发布")
    house.close()


# ---------------------------------------------------------------- apart


async def test_a_document_is_read_in_another_process() -> None:
    assert await read_apart(LETTER.encode(), "letter.txt") == letter()
    with pytest.raises(DocumentUnread, match="unknown_kind"):
        await read_apart(b"\x89PNG\r\n\x1a\n\x00", "a.png")


async def test_reading_that_does_not_end_is_ended() -> None:
    with pytest.raises(DocumentUnread, match="too_hard"):
        await read_apart(bomb_of_pages(), "a.pdf", seconds=1.5)

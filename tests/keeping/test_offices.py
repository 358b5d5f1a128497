"""Two offices that run cohorts of one programme share only what an office above publishes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pytest
from sqlmodel import Session, select

from answers.reading import read
from bot.talk.acting import Actor, Refused
from services import documents, inquiries
from services.offices import concerning
from storage.database import Database
from storage.tables import (
    Account,
    Cohort,
    Curated,
    Inquiry,
    Membership,
    Outbox,
    Person,
    Role,
    Unit,
    UnitKind,
)

NOW: Final = datetime(2026, 11, 23, 2, tzinfo=UTC)
PROGRAMME: Final = "shanxi-2026"
MARK: Final = "玄玑"


@dataclass
class World:
    db: Session
    people: dict[str, int]
    accounts: dict[str, int]

    def actor(self, name: str) -> Actor:
        return Actor(self.people[name], self.accounts[name], NOW)


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with database.transaction() as db:
        units: dict[str, int] = {}
        for name, under in (("province", ""), ("east", "province"), ("west", "province")):
            kind = UnitKind.OFFICE if under else UnitKind.PROVINCE
            unit = Unit(kind=kind, name=name, parent_id=units.get(under))
            db.add(unit)
            db.flush()
            units[name] = unit.id or 0
        world = World(db, {}, {})
        for side in ("east", "west"):
            cohort = Cohort(programme=PROGRAMME, name=side, office_id=units[side], created_at=NOW)
            db.add(cohort)
            db.flush()
            for name, role, unit_name in [
                (f"{side} pupil", Role.STUDENT, ""),
                (f"{side} office", Role.COORDINATOR, side),
                *([("province", Role.COORDINATOR, "province")] if side == "east" else []),
            ]:
                person = Person(name=name, created_at=NOW)
                db.add(person)
                db.flush()
                account = Account(
                    platform="fake", address=name, person_id=person.id, created_at=NOW
                )
                db.add(account)
                db.add(
                    Membership(
                        cohort_id=cohort.id or 0,
                        person_id=person.id or 0,
                        role=role,
                        unit_id=units.get(unit_name),
                        grade="senior_1" if role is Role.STUDENT else "",
                        created_at=NOW,
                    )
                )
                db.flush()
                world.people[name], world.accounts[name] = person.id or 0, account.id or 0
        yield world


def published(world: World, by: str, words: str) -> None:
    data = f"{words}的通知\n\n一、{words}\n\n第一条 {words}每月两次。\n".encode()
    documents.publish(
        world.db,
        world.actor(by),
        PROGRAMME,
        read(data, f"{words}.txt"),
        name=f"{words}.txt",
        sha256=f"{words!r:0>64}"[-64:],
        size=len(data),
    )


def read_by(world: World, name: str) -> str:
    concern = concerning(world.db, world.people[name])
    found = documents.loaded(world.db, (PROGRAMME,), concern)
    return "\n".join(one.text for one in found.all)


def test_documents_hold_for_ones_own_office_and_below(world: World) -> None:
    published(world, "east office", f"{MARK}东")
    published(world, "province", f"{MARK}省")
    assert f"{MARK}东" in read_by(world, "east pupil")
    assert f"{MARK}省" in read_by(world, "east pupil")
    assert f"{MARK}东" not in read_by(world, "west pupil")
    assert f"{MARK}省" in read_by(world, "west pupil")
    listed = documents.listed(world.db, [PROGRAMME], world.actor("west office"))
    assert listed == []
    (mine,) = documents.listed(world.db, [PROGRAMME], world.actor("east office"))
    for verb in ("west office",):
        with pytest.raises(Refused, match="not_coordinator"):
            documents.remove(world.db, world.actor(verb), mine.id or 0)
    assert documents.remove(world.db, world.actor("east office"), mine.id or 0).ended_at


def test_a_document_of_the_same_title_replaces_only_its_own(world: World) -> None:
    for by in ("east office", "west office"):
        published(world, by, f"{MARK}同名")
    for name in ("east pupil", "west pupil"):
        assert read_by(world, name).count(f"{MARK}同名每月两次") == 1


def test_questions_wait_at_ones_own_office(world: World) -> None:
    db = world.db
    pupil = world.actor("west pupil")
    number = inquiries.note(
        db, pupil.person_id, pupil.account_id or 0, NOW, "培养活动能在校外吗", None
    )
    sent = inquiries.unhelpful(db, pupil.person_id, pupil.account_id or 0, number, NOW)
    assert sent is inquiries.Forwarded.SENT
    db.flush()
    told = {row.account_id for row in db.exec(select(Outbox))}
    assert world.accounts["west office"] in told
    assert world.accounts["east office"] not in told
    assert [g.number for g in inquiries.groups(db, world.actor("west office"))] == [number]
    assert inquiries.groups(db, world.actor("east office")) == []
    there = pytest.raises(Refused, match="not_coordinator")
    with there:
        inquiries.group_of(db, world.actor("east office"), number, "read_question")
    with pytest.raises(Refused, match="not_coordinator"):
        inquiries.group_of(db, world.actor("east office"), 9999, "read_question")
    with pytest.raises(Refused, match="not_coordinator"):
        inquiries.answer(db, world.actor("east office"), [number], "可以。")
    assert inquiries.answer(db, world.actor("west office"), [number], "可以。").questions
    with pytest.raises(Refused, match="not_coordinator"):
        inquiries.answered(db, world.actor("east office"), number, "read_question")
    row = db.get(Inquiry, number)
    assert row is not None
    assert row.office_id


def test_drafts_and_answers_stay_with_their_office(world: World) -> None:
    db = world.db
    draft = inquiries.propose(
        db, world.actor("east office"), PROGRAMME, title=MARK, asks=[f"{MARK}吗"], says="是。"
    )
    number = draft.id or 0
    assert [row.id for row in inquiries.written(db, world.actor("east office"))] == [number]
    assert inquiries.written(db, world.actor("west office")) == []
    for act in (inquiries.publish, inquiries.withdraw, inquiries.clarify, inquiries.audience):
        with pytest.raises(Refused, match="not_coordinator"):
            act(db, world.actor("west office"), number)
    assert inquiries.audience(db, world.actor("east office"), number) == 3
    inquiries.publish(db, world.actor("east office"), number)
    db.flush()

    def answers(name: str) -> list[int]:
        here = inquiries.office(db, concerning(db, world.people[name]))
        return [one.id for one in here.all]

    assert answers("east pupil") == [number]
    assert answers("west pupil") == []
    above = inquiries.propose(
        db, world.actor("province"), PROGRAMME, title="省", asks=["省里怎么说"], says="都是。"
    )
    inquiries.publish(db, world.actor("province"), above.id or 0)
    db.flush()
    assert above.id in answers("west pupil")
    assert db.exec(select(Curated)).all()

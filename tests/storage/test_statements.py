"""A prepared statement does on both databases what SQLAlchemy's own execution would."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from storage.database import Database
from storage.statements import Prepared
from storage.tables import (
    Account,
    Audit,
    Person,
    RecordVersion,
    Unit,
    UnitKind,
    table,
)

MOMENT = datetime(2026, 11, 26, 2, 30, 15, 123456, tzinfo=UTC)

unit, person, account = table(Unit), table(Person), table(Account)
audit, version = table(Audit), table(RecordVersion)

add_unit = Prepared(insert(unit).values(kind=UnitKind.SCHOOL).returning(unit.c.id), "name")
add_units = Prepared(insert(unit).inline(), "kind", "name")
units = Prepared(
    select(unit.c.name).where(unit.c.name.in_(bindparam("names", expanding=True))).order_by("name")
)
other_units = Prepared(
    select(unit.c.name)
    .where(unit.c.name.not_in(bindparam("names", expanding=True)), unit.c.name != "Z")
    .order_by(unit.c.name)
    .limit(bindparam("most"))
)


def _add(db: Session, *names: str) -> None:
    add_units.each(db, [{"kind": UnitKind.HOST, "name": name} for name in names])


def _names(rows: Any) -> str:
    return "".join(name for (name,) in rows)


def test_every_type_comes_back_as_it_went(database: Database) -> None:
    add = Prepared(
        insert(audit).returning(audit.c.id),
        *("at", "person_id", "account_id", "verb", "object", "object_id"),
        *("version", "refused", "detail"),
    )
    detail = {"说": ["二", 2, None, {"深": True}], "%s": "100% :name ?"}
    row = {"verb": "%(x)s", "object": "", "object_id": None, "version": 2, "refused": "否"}
    with database.transaction() as db:
        found = add.first(db, at=MOMENT, person_id=None, account_id=None, detail=detail, **row)
        assert found is not None
        written = Prepared(select(audit).where(audit.c.id == bindparam("number")))
        [kept] = written.all(db, number=found[0])
        by_sqlalchemy = db.connection().execute(select(audit)).one()
    assert kept == tuple(by_sqlalchemy)
    expected = {"id": found[0], "at": MOMENT, "person_id": None, "account_id": None, **row}
    assert dict(zip(audit.c.keys(), kept, strict=True)) == {**expected, "detail": detail}
    assert kept[1].utcoffset() == timedelta(0)


def test_words_days_and_truths_come_back_as_what_they_are(database: Database) -> None:
    beijing = timezone(timedelta(hours=8))
    born = Prepared(
        insert(person).values(language="zh").returning(person.c.id),
        *("name", "birth_date", "created_at"),
    )
    open_account = Prepared(
        insert(account)
        .values(platform="web", language="zh", name="", talk_id=None)
        .returning(account.c.reachable, account.c.offered),
        *("address", "person_id", "reachable", "offered", "created_at"),
    )
    both = Prepared(
        select(unit.c.kind, person.c.birth_date, person.c.created_at).join(person, person.c.id > 0)
    )
    with database.transaction() as db:
        when = MOMENT.astimezone(beijing)
        row = born.first(db, name="张三", birth_date=date(2010, 2, 28), created_at=when)
        assert row is not None
        opened = open_account.all(
            db, address="1", person_id=row[0], reachable=False, offered=[], created_at=MOMENT
        )
        assert opened == [(False, [])]
        add_unit.run(db, name="汾河中学")
        assert both.all(db) == [(UnitKind.SCHOOL, date(2010, 2, 28), MOMENT)]
        assert both.all(db)[0][0] is UnitKind.SCHOOL


def test_a_list_may_have_any_length(database: Database) -> None:
    with database.transaction() as db:
        _add(db, *"ABCDEFGZ")
        for names in ("", "A", "AB", "ABC", "BCDEF", "GFEDCBA", "XYABAB"):
            inside = sorted({name for name in names if name in "ABCDEFG"})
            outside = [name for name in "ABCDEFG" if name not in names]
            assert _names(units.all(db, names=names)) == "".join(inside)
            assert _names(other_units.all(db, names=set(names), most=9)) == "".join(outside)
        assert _names(other_units.all(db, names=(), most=2)) == "AB"


def test_a_list_in_the_statement_itself_stays(database: Database) -> None:
    fixed = Prepared(
        select(unit.c.name)
        .where(unit.c.name.in_(["A", "B", "C"]), unit.c.name != bindparam("but"))
        .order_by(unit.c.name)
    )
    with database.transaction() as db:
        _add(db, *"ABCD")
        assert _names(fixed.all(db, but="B")) == "AC"


def test_nothing_none_and_many_rows(database: Database) -> None:
    rename = Prepared(
        update(unit).where(unit.c.name == bindparam("old")).values(name=bindparam("new"))
    )
    remove = Prepared(delete(unit).where(unit.c.name.in_(bindparam("names", expanding=True))))
    with database.transaction() as db:
        add_units.each(db, [])
        assert units.first(db, names=["A"]) is None
        _add(db, *"ABC")
        rename.each(db, [{"old": "A", "new": "D"}, {"old": "B", "new": "E"}])
        assert _names(other_units.all(db, names=[], most=9)) == "CDE"
        remove.run(db, names=["C", "E"])
        assert units.all(db, names=["C", "D", "E"]) == [("D",)]


def test_an_insertion_may_mind_what_is_there(database: Database) -> None:
    known = {"reachable": True, "offered": [], "language": "zh", "created_at": MOMENT}
    meet = Prepared(
        lambda insert: (
            insert(account)
            .values(known)
            .on_conflict_do_update(
                index_elements=["platform", "address"],
                set_={"name": insert(account).excluded.name},
            )
            .inline()
        ),
        *("platform", "address", "name"),
    )
    with database.transaction() as db:
        db.add(Account(platform="web", address="1", created_at=MOMENT))
        # What the session has pending is there by then.
        for name in ("林", "林小雨"):
            meet.run(db, platform="web", address="1", name=name)
        assert db.connection().execute(select(account.c.name)).scalars().all() == ["林小雨"]


def test_a_columns_own_default_is_not_forgotten(database: Database) -> None:
    with database.transaction() as db, pytest.raises(TypeError, match="language"):
        Prepared(insert(person).inline(), "name", "created_at").run(
            db, name="张", created_at=MOMENT
        )


def test_it_belongs_to_the_transaction(database: Database) -> None:
    with database.transaction() as db:
        _add(db, "A")
        with db.begin_nested() as part:
            _add(db, "B")
            part.rollback()
        assert _names(other_units.all(db, names=[], most=9)) == "A"
        db.rollback()
    with database.transaction() as db:
        assert other_units.all(db, names=[], most=9) == []


def test_an_error_is_sqlalchemys_and_does_not_tell_what_was_written(database: Database) -> None:
    columns = ("record_id", "version", "body", "written_by", "at")
    add = Prepared(insert(version).inline(), *columns)
    with pytest.raises(IntegrityError) as caught, database.transaction() as db:
        add.run(db, record_id=404, version=1, body="说的话", written_by=404, at=MOMENT)
    assert "foreign key" in str(caught.value).lower()
    assert "说的话" not in str(caught.value)


def test_one_statement_serves_several_databases(database: Database) -> None:
    other = Database("sqlite://")
    try:
        with other.transaction() as there:
            unit.create(there.connection())
            _add(there, "A")
            with database.transaction() as here:
                _add(here, "B")
                assert units.all(here, names="AB") == [("B",)]
            assert units.all(there, names="AB") == [("A",)]
    finally:
        other.close()

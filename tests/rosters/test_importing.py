"""Importing, importing again, and taking back."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import select

from bot.talk.acting import Refused
from prompts import render
from services import roster
from services.rostering import applying
from storage.tables import Account, Audit, Guardianship, Invite, Role, RosterChange, UnitKind
from tests.rosters.conftest import NOW, Office, Open, remarks
from tests.rosters.sheets import xlsx

HEAD = ["姓名", "学校", "城市", "年级", "学科", "出生日期", "导师"]
SHEET = xlsx(
    [
        HEAD,
        ["张三", "甲中学", "太原市", "高一", "数学", date(2010, 1, 2), "吴志远"],
        ["李四", "乙中学", "太原市", "高二", "物理", None, ""],
    ],
    others=[("导师", [["姓名", "单位"], ["吴志远", "山西大学"]], "visible")],
)


def test_people_come_with_their_schools_and_mentors(office: Office) -> None:
    office.bring(SHEET)
    mentor, zhang, li = office.members()
    assert (mentor.person.name, mentor.unit_name) == ("吴志远", "山西大学")
    assert (zhang.membership.grade, zhang.membership.subject) == ("senior_1", "math")
    assert zhang.person.birth_date == date(2010, 1, 2)
    with office.database.transaction() as db:
        assert [one.id for one in roster.linked(db, zhang)] == [mentor.id]
        assert roster.linked(db, li) == []
        school = roster.find_unit(db, UnitKind.SCHOOL, "甲中学")
        city = roster.find_unit(db, UnitKind.CITY, "太原市")
    assert school is not None
    assert city is not None
    assert school.parent_id == city.id


def test_the_same_sheet_again_changes_nothing(office: Office) -> None:
    office.bring(SHEET)
    before = office.everything()
    again = office.plan(SHEET)
    assert again.counts == {"new": 0, "changed": 0, "unchanged": 3, "rejected": 0}
    assert not again.warnings
    assert office.everything() == before


def test_a_dry_run_writes_nothing(office: Office) -> None:
    before = office.everything()
    assert len(office.plan(SHEET).new) == 3
    assert office.everything() == before


def test_undoing_leaves_what_was_before(office: Office) -> None:
    before = office.everything()
    office.bring(SHEET)
    done = office.undo()
    assert (done.people, done.kept) == (3, 0)
    assert office.everything() == before
    with pytest.raises(Refused) as refused:
        office.undo()
    assert refused.value.words.key == "rostering.nothing_to_undo"


def test_numbers_of_people_who_were_taken_back_are_not_used_again(office: Office) -> None:
    office.bring(SHEET)
    first = {one.id for one in office.members()}
    office.undo()
    office.bring(SHEET)
    assert first.isdisjoint(one.id for one in office.members())


def test_what_a_second_sheet_says_otherwise_is_changed_and_put_back(office: Office) -> None:
    office.bring(SHEET)
    before = office.everything()
    del before["roster_change"]
    made = office.bring(
        xlsx(
            [
                HEAD,
                ["张三", "丙中学", "", "高二", "化学", date(2010, 1, 2), ""],
                ["李四", "乙中学", "", "", "", date(2009, 5, 6), "吴志远"],
            ]
        )
    )
    assert [sorted(one.changes) for one in made.changed] == [
        ["grade", "school", "subject"],
        ["born", "mentors"],
    ]
    _, zhang, li = office.members()
    assert (zhang.unit_name, zhang.membership.grade) == ("丙中学", "senior_2")
    assert li.person.birth_date == date(2009, 5, 6)
    assert li.membership.grade == "senior_2"
    done = office.undo()
    assert done.kept == 0
    after = office.everything()
    assert after.pop("roster_change") == []
    assert after == before


def test_namesakes_stay_two_when_imported_again(office: Office) -> None:
    head = ["姓名", "学校", "年级", "班级"]
    sheet = xlsx([head, ["张伟", "甲", "高一", "1班"], ["张伟", "甲", "高一", "2班"]])
    assert len(office.bring(sheet).new) == 2
    assert office.plan(sheet).unchanged == 2


def test_a_namesake_on_the_roster_is_a_candidate_and_never_merged(office: Office) -> None:
    office.bring(SHEET)
    made = office.plan(
        xlsx(
            [
                [*HEAD[:2], "年级", "出生日期"],
                ["张三", "甲中学", "高一", date(2011, 1, 2)],
                ["章三", "甲中学", "高一", None],
            ]
        )
    )
    assert len(made.new) == 2
    assert "已经有一位 张三" in remarks(made, 2)
    assert "「张三」读音一样" in remarks(made, 3)


def test_who_left_is_not_put_back_by_a_sheet(office: Office) -> None:
    office.bring(SHEET)
    with office.database.transaction() as db:
        roster.end_member(db, office.by, office.members()[1].id, "转学")
    made = office.plan(SHEET)
    assert [one.number for one in made.rejected] == [2]
    assert made.unchanged == 2


def test_who_has_joined_since_stays(office: Office) -> None:
    office.bring(SHEET)
    with office.database.transaction() as db:
        zhang = office.members()[1]
        db.add(Account(platform="fake", address="1", person_id=zhang.person.id, created_at=NOW))
        roster.invite(db, office.by, office.members()[2].id)
    done = office.undo()
    assert [one.person.name for one in office.members()] == ["张三"]
    assert done.people == 2
    assert done.kept > 0
    with office.database.transaction() as db:
        assert db.exec(select(Invite)).all() == []


def test_a_school_in_other_brackets_is_that_school(office: Office) -> None:
    """Its teachers see the rows of their own school, and would not see those of a second one."""
    office.bring(xlsx([HEAD, ["张三", "甲中学（东校区）", "", "高一", "数学", None, ""]]))
    office.bring(xlsx([HEAD, ["李四", "甲中学 (东校区)", "", "高一", "数学", None, ""]]))
    with office.database.transaction() as db:
        assert [one.name for one in roster.units(db, UnitKind.SCHOOL)] == ["甲中学(东校区)"]
    assert len({one.membership.unit_id for one in office.members()}) == 1


def test_a_row_is_not_said_to_lack_what_the_roster_has(office: Office) -> None:
    office.bring(SHEET)
    made = office.plan(xlsx([HEAD, ["李四", "", "", "", "", None, ""]]))
    assert made.unchanged == 1
    assert remarks(made, 2) == ""


def test_a_mentor_gets_no_more_students_than_the_document_allows(open_office: Open) -> None:
    pilot = open_office("neimenggu-pilot-2025")
    rows = [[f"乌{sign}", "包头市一中", "高一", "巴特尔"] for sign in "子丑寅卯辰巳午"]
    sheet = xlsx(
        [["姓名", "学校", "年级", "导师"], *rows],
        others=[("导师", [["姓名", "单位"], ["巴特尔", "内蒙古科技大学"]], "visible")],
    )
    pilot.bring(sheet)
    mentor = pilot.members()[0]
    with pilot.database.transaction() as db:
        assert len(roster.linked(db, mentor)) == 5
    assert pilot.plan(sheet).counts == {"new": 0, "changed": 0, "unchanged": 8, "rejected": 0}


def test_guardians_are_kept_only_of_those_who_need_one(open_office: Open) -> None:
    jingke = open_office("sichuan-jingke-2023")
    head = ["姓名", "学校", "年级", "出生日期", "家长"]
    sheet = xlsx(
        [
            head,
            ["张一", "甲小学", "五年级", date(2014, 1, 1), "张父"],
            ["张二", "甲职高", "职高", date(2008, 1, 1), "李母"],
        ]
    )
    before = jingke.everything()
    warned = [render(words, "zh") for _, words in jingke.bring(sheet).warnings]
    assert [words for words in warned if "监护人没有收" in words and "第3行" in words]
    assert [
        one.person.name for one in jingke.members() if one.membership.role is Role.GUARDIAN
    ] == ["张父"]
    with jingke.database.transaction() as db:
        (link,) = db.exec(select(Guardianship))
        assert link.consented_at is None
    assert jingke.plan(sheet).unchanged == 2
    jingke.undo()
    assert jingke.everything() == before


def test_an_import_that_was_broken_off_is_gone_on_with(office: Office) -> None:
    before = office.everything()
    made = office.plan(SHEET)
    with office.database.transaction() as db:
        number = applying.begin(db, office.by, office.cohort)
    with office.database.transaction() as db:
        applying.step(db, office.by, number, made.new[:2], made.today)
    assert len(office.bring(SHEET).new) == 1
    assert len(office.members()) == 3
    office.undo()
    assert office.everything() == before


def test_the_audit_holds_counts_and_no_name(office: Office) -> None:
    office.bring(SHEET)
    office.undo()
    with office.database.transaction() as db:
        rows = list(db.exec(select(Audit)))
        (noted,) = [row for row in rows if row.verb == "import_roster"]
        assert noted.detail == {"new": 3, "changed": 0, "unchanged": 0, "rejected": 0}
        assert [row.detail["people"] for row in rows if row.verb == "undo_roster"] == [3]
        assert not any(
            name in str(row.detail) for row in rows for name in ("张三", "李四", "2010")
        )


def test_only_the_latest_import_is_remembered(office: Office) -> None:
    office.bring(SHEET)
    office.bring(xlsx([HEAD, ["王五", "甲中学", "", "高一", "数学", None, ""]]))
    assert office.undo().people == 1
    assert len(office.members()) == 3


def test_erasing_somebody_erases_what_imports_noted_of_them(office: Office) -> None:
    from services import persons

    office.bring(SHEET)
    zhang = office.members()[1]
    with office.database.transaction() as db:
        persons.erase(db, office.by, zhang.person.id or 0)
        left = db.exec(select(RosterChange).where(RosterChange.object_id == zhang.person.id))
        assert not [row for row in left if row.kind == "person"]

"""The figures of a small cohort, worked out by hand; and what nobody finds in them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.talk.acting import Operator
from services import plans, records, roster, summaries
from services.access import learner_at
from services.records import Body, MaterialBody, PlanBody, SessionBody, WritingBody
from storage.database import Database
from storage.tables import (
    Audit,
    Certificate,
    Evaluation,
    EvaluationState,
    EvaluationVersion,
    ExitCase,
    ExitState,
    Membership,
    Mentoring,
    Person,
    RecordKind,
    Revocation,
    Role,
    SigningKey,
)
from tests.conftest import Kind, NewDatabase
from tests.house import House
from tests.summaries.conftest import Paper, actor, made, opened

SHE, HE = "林小雨", "赵一鸣"
MENTORS = {SHE: "王建国", HE: "周岚"}


def session(day: int, minutes: int, month: int = 11, people: str = "王建国") -> SessionBody:
    return SessionBody(
        day=date(2026, month, day),
        minutes=minutes,
        place="on_campus",
        kind="research",
        people=(people,),
        what="测条纹",
    )


def enter(
    house: House, name: str, body: Body, kind: RecordKind, *, word: bool | None, period: str = ""
) -> int:
    """An entry; approved, sent back, or left waiting."""
    day = body.day if isinstance(body, SessionBody) else date(2026, 11, 20)
    with house.app.database.transaction() as db:
        me = learner_at(db, house.members[name].membership_id)
        entry = records.hand_in(db, actor(house, name), me, kind, body, day=day, period=period)
        if word is not None:
            by = actor(house, MENTORS[name])
            reason = "" if word else "太短"
            records.review(db, by, entry.id, 1, approve=word, reason=reason)
        return entry.id


def sign(db: Session, house: House, name: str, stage: str, side: str, outcome: str = "") -> int:
    row = Evaluation(
        student_id=house.members[name].membership_id,
        stage=stage,
        side=side,
        state=EvaluationState.SIGNED,
        outcome=outcome,
        signed_at=house.clock.now(),
    )
    db.add(row)
    db.flush()
    version = EvaluationVersion(
        evaluation_id=row.id or 0,
        version=1,
        body={"comment": "扎实。", "outcome": outcome},
        signed_by=house.members["管小青"].membership_id,
        at=row.signed_at,
    )
    db.add(version)
    return row.id or 0


def leave(db: Session, house: House, name: str, why: str) -> int:
    """One more learner of 汾河中学, who has left."""
    unit = db.get_one(Membership, house.members[SHE].membership_id).unit_id
    person = Person(name=name, created_at=house.clock.now())
    db.add(person)
    db.flush()
    place = Membership(
        cohort_id=1,
        person_id=person.id or 0,
        role=Role.STUDENT,
        unit_id=unit,
        grade="senior_1",
        created_at=house.clock.now(),
    )
    db.add(place)
    db.flush()
    if why:
        roster.end_member(db, Operator(house.clock.now()), place.id or 0, why)
    return place.id or 0


def fill(house: House) -> None:
    """林小雨: two sessions of an hour and a quarter; one waits, one came back, one is withdrawn.
    赵一鸣: ten sessions of an hour, so that he alone has met the minimum."""
    for day in (3, 10):
        enter(house, SHE, session(day, 75), RecordKind.SESSION, word=True)
    enter(house, SHE, session(12, 600), RecordKind.SESSION, word=None)
    enter(house, SHE, session(13, 600), RecordKind.SESSION, word=False)
    gone = enter(house, SHE, session(14, 600), RecordKind.SESSION, word=None)
    for day in range(1, 11):
        enter(house, HE, session(day, 60, people="周岚"), RecordKind.SESSION, word=True)
    enter(house, SHE, WritingBody(parts=("第一次看见条纹",)), RecordKind.DIARY, word=None)
    for number in range(3):
        diary = WritingBody(parts=(f"第{number}次",))
        enter(house, HE, diary, RecordKind.DIARY, word=None)
    report = MaterialBody(title="误差", abstract="三方面")
    enter(house, HE, report, RecordKind.MATERIAL, word=True, period="training_report")
    with house.app.database.transaction() as db:
        records.withdraw(db, actor(house, SHE), gone, 1)
        plan = PlanBody(grounds="喜欢光", aims="会测", steps="先读后做")
        plans.write(db, actor(house, "周岚"), house.members[HE].membership_id, 0, plan)
        sign(db, house, SHE, "mid", "team", "unqualified")
        sign(db, house, HE, "mid", "team", "qualified")
        sign(db, house, HE, "initial", "team")
        decided = sign(db, house, HE, "annual", "office", "excellent")
        certify(db, house, decided, 1)
        leave(db, house, "钱多多", "转学")
        leave(db, house, "孙小梅", " 转学 ")
        leave(db, house, "吴用", "一鸣说他总不来")
        leave(db, house, "阮小七", "家里人说身体不好，要去外地治一年，电话再联系")
        left = leave(db, house, "郑和", "管小青：中期不合格")
        case = ExitCase(
            student_id=left,
            evaluation_id=decided,
            version=1,
            state=ExitState.ENDED,
            raised_at=house.clock.now(),
        )
        db.add(case)


def certify(db: Session, house: House, evaluation: int, count: int) -> None:
    """He was issued two certificates, of which the first was revoked."""
    key = SigningKey(public=b"k" * 32, made_at=house.clock.now())
    db.add(key)
    db.flush()
    for nth in (1, 2):
        row = Certificate(
            cohort_id=1,
            nth=nth,
            member_id=house.members[HE].membership_id,
            issue=nth,
            evaluation_id=evaluation,
            version=1,
            number=f"示例-{nth}",
            token="",
            token_hash=bytes([nth]) * 32,
            key_id=key.id or 0,
            issued_at=house.clock.now(),
        )
        db.add(row)
        db.flush()
        if nth == 1:
            revoked = Revocation(certificate_id=row.id or 0, reason="错字", at=house.clock.now())
            db.add(revoked)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def test_the_figures_are_those_that_one_counts_by_hand(
    kind: Kind, new_database: NewDatabase, tmp_path: Path
) -> None:
    async for house in opened("shanxi-2026", new_database, tmp_path, kind):
        fill(house)
        by_hand(await made(house))


def by_hand(paper: Paper) -> None:
    assert paper.lines[0] == "山西英才计划（2026）年度总结"
    assert paper.lines[1] == "示例管理办公室　2026年12月7日"
    assert "统计范围：本期全部。统计时间：2026年12月7日 10:00。" in paper.lines
    assert (
        "示例一期，培养周期2026年1月1日至2026年12月31日。在册学生2名，来自2所学校，"
        "其中2名已加入系统，0名还没有加入；导师2名。"
    ) in paper.lines
    assert "本期提前结束培养5名。" in paper.lines
    # 2 × 75 + 10 × 60 minutes.
    assert ("已通过的培养活动12次，共12.5小时；另有1次等待审核，没有计入。") in paper.lines
    assert paper.row("人员", "学生") == ["2", "2", "0"]
    assert paper.row("人员", "中学指导教师") == ["2", "2", "0"]
    # Members, left, sessions, hours, diaries, met all.
    assert paper.row("按学校", "汾河中学") == ["1", "5", "2", "2.5", "1", "0"]
    assert paper.row("按学校", "云冈中学") == ["1", "0", "10", "10", "3", "1"]
    assert paper.row("按学校", "合计") == ["2", "5", "12", "12.5", "4", "1"]
    assert paper.row("提前结束", "转学") == ["2"]
    assert paper.row("提前结束", "按评价结果退出培养〔六(二)〕") == ["1"]
    assert paper.row("提前结束", "其他原因") == ["2"]
    assert paper.row("活动与记录", "培养活动（待审）") == ["1"]
    assert paper.row("最低要求", "培养活动（至少 10 次）") == ["1", "2", "五(三)1"]
    assert paper.row("培养计划", "已交培养计划")[:2] == ["1", "2"]
    assert paper.row("培养计划", "培养计划已批准")[:2] == ["0", "2"]
    assert paper.row("期末材料", "培养报告")[:2] == ["1", "2"]
    assert paper.row("期末材料", "课题报告")[:2] == ["0", "2"]
    stages = [row[:4] for row in paper.tables["评价"][1:]]
    assert stages == [
        ["初期评价", "导师（团队）", "1／2", "只写评语"],
        ["中期评价", "导师（团队）", "2／2", "合格 1、不合格 1"],
        ["年度评价", "导师（团队）", "0／2", "只写评语"],
        ["年度评价", "管理办公室", "1／2", "优秀 1、合格 0"],
    ]
    assert paper.row("证书", "培养证书") == ["1", "1", "1", "六(三)"]
    assert "已发有效的培养证书1份。" in paper.lines
    # 王建国 was there for 2.5 hours, 周岚 for 10; the team and the teachers for none.
    assert paper.row("服务时长", "导师")[:4] == ["2", "2", "12", "12.5"]
    assert paper.row("服务时长", "培养团队成员")[:4] == ["1", "0", "0", "0"]


async def test_nobody_is_named_and_no_sentence_of_theirs_stands_in_it(house: House) -> None:
    fill(house)
    paper = await made(house)
    with house.app.database.transaction() as db:
        names = [*db.exec(select(Person.name))]
    assert len(names) > 10
    assert [name for name in names if name in paper.text] == []
    for words in ("测条纹", "第一次看见条纹", "扎实", "喜欢光", "总不来", "身体不好", "太短"):
        assert words not in paper.text
    # Nor does the file say who made it.
    assert paper.document.core_properties.author == ""


async def test_what_the_office_is_to_write_is_left_empty(house: House) -> None:
    paper = await made(house)
    for heading in ("主要做法和成效", "典型事例", "问题和不足", "下一步打算"):
        place = paper.lines.index(heading)
        assert paper.lines[place + 1] == ""
    assert any("草稿只有写的人自己看得到，不计在内" in line for line in paper.lines)
    assert "{{" not in paper.text
    assert "模板说明" not in paper.text


async def test_a_figure_that_the_console_shows_is_the_same_here(house: House) -> None:
    """The chat's overview is counted by the same functions."""
    fill(house)
    paper = await made(house)
    her = house.members["管小青"]
    await her.says("本期概况")
    assert "2 名；另有 5 名已退出或结束" in her.sees
    assert "2 名学生中，已达到 1 名" in her.sees
    assert paper.row("最低要求", "培养活动（至少 10 次）")[0] == "1"


async def test_a_learner_without_a_mentor_any_more_stays_where_the_last_one_was(
    house: House,
) -> None:
    fill(house)
    with house.app.database.transaction() as db:
        for link in db.exec(select(Mentoring)):
            link.ended_at = house.clock.now()
            db.add(link)
    paper = await made(house)
    assert paper.row("按培养单位", "晋阳大学")[:3] == ["2", "0", "12"]


async def test_making_it_is_on_the_audit_and_a_big_cohort_is_counted_in_parts(
    house: House, monkeypatch: Any
) -> None:
    monkeypatch.setattr("services.progress.AT_ONCE", 1)
    monkeypatch.setattr(summaries, "AT_ONCE", 1)
    taken = []
    run = Database.run

    async def counted(self: Database, act: Any, *args: Any, **more: Any) -> Any:
        taken.append(getattr(act, "__name__", ""))
        return await run(self, act, *args, **more)

    monkeypatch.setattr(Database, "run", counted)
    assert isinstance(await made(house), Paper)
    assert taken.count("count_some") + taken.count("told") > 2
    assert taken.count("given_by") > 3
    with house.app.database.transaction() as db:
        [row] = db.exec(select(Audit).where(Audit.verb == "make_summary")).all()
    assert (row.object, row.object_id, row.person_id) == (
        "cohort",
        1,
        house.members["管小青"].person_id,
    )

"""The marks of experts: who marks whom, unseen by whom, and what the office makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.talk.acting import Actor, Operator, Refused
from programmes import catalogue, evaluating
from programmes.reminding import To
from services import evaluations, looking, marking, plans, records, roster, stages, urging
from services.access import cohort_of, learner_at
from services.evaluations import Dimension, EvaluationBody
from services.marking import MarkTally
from services.readers import readers
from services.records import MaterialBody, PlanBody, SessionBody, WritingBody
from services.rights import Relation
from services.standing import standings_on
from storage.database import Database
from storage.tables import (
    Account,
    Evaluation,
    ExpertMark,
    File,
    Outbox,
    Person,
    Record,
    RecordFile,
    RecordKind,
    RecordState,
    Role,
    UnitKind,
)
from tests.statements import asked

PILOT = "neimenggu-pilot-2025"
NOW = datetime(2025, 12, 3, 2, tzinfo=UTC)
MARK = "玄玑"
"""Stands in what other experts must not read."""


@dataclass
class Year:
    """A cohort whose city has recommended some of its students, and whose experts mark them."""

    db: Session
    programme: str
    people: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By name: the person and the membership."""
    now: datetime = NOW

    def add(self, name: str, role: Role, unit: int | None = None, person: int = 0) -> None:
        by = Operator(self.now)
        person = person or roster.add_person(self.db, by, name).id or 0
        grade = "senior_1" if role is Role.STUDENT else ""
        place, _ = roster.add_member(self.db, by, 1, person, role, unit_id=unit, grade=grade)
        self.people[name] = person, place.id or 0

    def actor(self, name: str) -> Actor:
        self.now += timedelta(minutes=1)
        return Actor(self.people[name][0], None, self.now)

    def place(self, name: str) -> int:
        return self.people[name][1]

    @property
    def key(self) -> str:
        """The experts' stage, as records name it."""
        programme = catalogue.load(self.programme)
        keys = evaluating.keys(programme)
        return next(k for k, s in zip(keys, programme.stages, strict=True) if s.independent)

    @property
    def number(self) -> int:
        return evaluating.keys(catalogue.load(self.programme)).index(self.key)

    def recommend(self, student: str, outcome: str = "recommended", by: str = "市办") -> None:
        programme = catalogue.load(self.programme)
        keys = evaluating.keys(programme)
        before = evaluating.recommending(programme, programme.stages[self.number])
        key = next(k for k, s in zip(keys, programme.stages, strict=True) if s is before)
        actor, place = self.actor(by), self.place(student)
        body = EvaluationBody(outcome=outcome, comment="材料齐全")
        evaluations.sign(self.db, actor, place, key, "office", 0, body)

    def open(self) -> None:
        member = roster.find_member(self.db, self.place("区办")).membership
        cohort = cohort_of(self.db, member)
        days = (NOW.date() - timedelta(days=1), None)
        stages.change(self.db, self.actor("区办"), cohort, self.key, days, "推荐已报齐")

    def mark(self, expert: str, student: str, outcome: str, seen: int = 0) -> ExpertMark:
        programme = catalogue.load(self.programme)
        dimensions = programme.stages[self.number].dimensions
        body = EvaluationBody(
            dimensions=tuple(Dimension(name=one, words=f"{MARK}好") for one in dimensions),
            outcome=outcome,
            comment=f"{MARK}扎实",
        )
        actor, place = self.actor(expert), self.place(student)
        return marking.sign(self.db, actor, place, self.key, seen, body)

    def decide(self, student: str, outcome: str = "qualified") -> None:
        actor, place = self.actor("区办"), self.place(student)
        body = EvaluationBody(outcome=outcome, comment="同意专家意见")
        evaluations.sign(self.db, actor, place, self.key, "office", 0, body)

    def decision(self, student: str) -> Evaluation | None:
        """What the office has decided about a learner on the experts' marks."""
        every = evaluations.all_of(self.db, self.place(student), family=False)
        stated = (one.evaluation for one in every if one.evaluation.stage == self.key)
        return next(stated, None)

    def tally(self, who: str, student: str) -> MarkTally | None:
        member = roster.find_member(self.db, self.place(student)).membership
        cohort = cohort_of(self.db, member)
        now = stages.stage_of(self.db, cohort, self.key, NOW.date())
        part = marking.deciding_part(cohort, now)
        assert part is not None
        place = self.place(student)
        return marking.tallies(self.db, self.actor(who), [place], now, part).get(place)

    def offered(self, expert: str) -> list[str]:
        """The learners whom an expert still has to mark."""
        return [one.member.person.name for one in marking.left(self.db, self.actor(expert))]


def make(db: Session, programme: str = PILOT) -> Year:
    by = Operator(NOW)
    office = roster.add_unit(db, by, UnitKind.OFFICE, "自治区管理办公室").id
    city = roster.add_unit(db, by, UnitKind.CITY, "示例市", office).id
    school = roster.add_unit(db, by, UnitKind.SCHOOL, "示例中学", city).id
    host = roster.add_unit(db, by, UnitKind.HOST, "示例大学", city).id
    roster.create_cohort(db, by, programme, "一期", office)
    year = Year(db, programme)
    for name, role, unit in (
        *((name, Role.STUDENT, school) for name in ("甲生", "乙生", "丙生")),
        ("区办", Role.COORDINATOR, office),
        ("市办", Role.COORDINATOR, city),
        ("导师", Role.MENTOR, host),
        *((name, Role.EXPERT_COMMITTEE, None) for name in ("专一", "专二", "专三")),
    ):
        year.add(name, role, unit)
    for student in ("甲生", "乙生", "丙生"):
        roster.link_mentor(db, by, year.place(student), year.place("导师"))
    return year


@pytest.fixture
def year(database: Database) -> Iterator[Year]:
    with database.transaction() as db:
        made = make(db)
        made.recommend("甲生")
        made.recommend("乙生")
        made.recommend("丙生", "not_recommended")
        made.open()
        yield made


def test_experts_mark_who_was_recommended_and_the_office_decides(year: Year) -> None:
    assert year.offered("专一") == ["甲生", "乙生"]
    year.mark("专一", "甲生", "excellent")
    assert year.offered("专一") == ["乙生"]
    year.mark("专二", "甲生", "qualified")
    tally = year.tally("区办", "甲生")
    assert tally is not None
    assert (len(tally.marks), tally.experts) == (2, 3)
    assert tally.median == ("excellent", "qualified")
    assert tally.spread == {"excellent": 1, "qualified": 1}
    year.mark("专三", "甲生", "qualified")
    tally = year.tally("区办", "甲生")
    assert tally is not None
    assert tally.median == ("qualified",)
    # The decision is the office's own, and the city's office recommends only.
    assert year.tally("市办", "甲生") is None
    with pytest.raises(Refused, match=r"evaluation\.not_yours"):
        evaluations.task(year.db, year.actor("市办"), year.place("甲生"), year.key, "office")
    year.decide("甲生", "excellent")
    assert year.decision("甲生")
    assert "甲生" not in year.offered("专二")


def test_lists_ask_as_often_for_many_as_for_few(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as db:
        year = make(db)
        year.recommend("甲生")
        year.recommend("乙生")
        year.open()
        year.add("团队", Role.TEAM_MEMBER)  # a mentor has room for three
        for name in ("甲生", "乙生"):
            roster.link_mentor(db, Operator(NOW), year.place(name), year.place("团队"))
        few = lists_ask(year)
        assert all(few.values())
        for name in ("丁生", "戊生", "己生", "庚生"):
            school = roster.find_member(db, year.place("甲生")).membership.unit_id
            year.add(name, Role.STUDENT, school)
            roster.link_mentor(db, Operator(NOW), year.place(name), year.place("团队"))
            year.recommend(name)
        assert len(year.offered("专一")) == 6
        assert lists_ask(year) == few
        reads_a_page(year)


def reads_a_page(year: Year) -> None:
    """Of a stage only those are read who stand on a page: first whom the office may decide."""
    db, office = year.db, year.actor("区办")
    cohort = cohort_of(db, roster.find_member(db, year.place("甲生")).membership)
    now = stages.stage_of(db, cohort, year.key, NOW.date())
    year.decide("甲生", "excellent")
    db.expunge_all()
    first = evaluations.page(db, office, cohort, now, 0, 2)
    assert sum(isinstance(row, Person) for row in db) == len(first) == 2
    assert [(task.member.person.name, mine) for task, mine in first] == [
        ("乙生", True),
        ("丁生", True),
    ]
    assert [task.evaluation is None for task, _ in first] == [True, True]
    [part] = evaluations.filled(db, office, cohort, now)
    assert (part.signed, part.of, part.outcomes) == (1, 6, {"excellent": 1})
    [last] = evaluations.page(db, office, cohort, now, 5, 2)
    assert (last[0].member.person.name, last[1]) == ("甲生", False)
    assert last[0].evaluation is not None


def lists_ask(year: Year) -> dict[str, int]:
    """How many statements each list costs."""
    db, office = year.db, year.actor("区办")
    learner = roster.find_member(db, year.place("甲生")).membership
    cohort = cohort_of(db, learner)
    now = stages.stage_of(db, cohort, year.key, NOW.date())
    part = marking.deciding_part(cohort, now)
    assert part is not None
    students = [
        place for name, (_, place) in year.people.items() if name.endswith("生") and name != "丙生"
    ]
    lists: dict[str, Callable[[], object]] = {
        "marks to sign": lambda: marking.left(db, year.actor("专一")),
        "what the office sees": lambda: marking.tallies(db, office, students, now, part),
        "how a stage fills up": lambda: evaluations.filled(db, office, cohort, now),
        "a page of a stage": lambda: evaluations.page(db, office, cohort, now, 0, len(students)),
        "how plans stand": lambda: plans.counted(db, office, cohort),
        "what is left to the office": lambda: evaluations.left(
            db, office, year.place("甲生"), year.key, "office"
        ),
        "what is left to a mentor": lambda: evaluations.waiting_count(db, year.actor("团队")),
        "plans to write": lambda: plans.writes(db, year.actor("团队")),
        "who may remind": lambda: urging.who_may(db, students),
        "whom one may remind": lambda: urging.urgeable(db, office, students, urging.MATTERS),
    }
    counted = {}
    for name, read in lists.items():
        with asked(db) as statements:
            assert read()
        counted[name] = len(statements)
    return counted


def test_nobody_reads_anothers_mark_but_the_office_that_decides(year: Year) -> None:
    signed = year.mark("专一", "甲生", "excellent")
    student = year.place("甲生")
    for who in ("专一", "专二", "市办", "导师", "甲生"):
        with pytest.raises(Refused, match=r"marking\.not_yours_to_read"):
            marking.read(year.db, year.actor(who), signed.id or 0)
        with pytest.raises(Refused, match=r"marking\.not_yours_to_read"):
            marking.of_learner(year.db, year.actor(who), student, year.number)
        if who not in ("专一", "专二"):
            read = evaluations.of_student(year.db, year.actor(who), student)
            assert len(read) == 1
            assert MARK not in str(read)
    other = marking.marking(year.db, year.actor("专二"), student, year.key)
    assert other.mark is None
    assert MARK not in str(marking.said_before(year.db, other))
    mine = marking.marking(year.db, year.actor("专一"), student, year.key)
    shown = marking.own(year.db, mine)
    assert shown is not None
    assert MARK in shown.body.comment
    [told] = marking.of_learner(year.db, year.actor("区办"), student, year.number).marks
    assert (told.expert, told.body.comment) == ("专一", f"{MARK}扎实")
    # A region's coordinator who marks as well does not see the others' marks.
    year.add("区办兼专家", Role.EXPERT_COMMITTEE, person=year.people["区办"][0])
    assert year.tally("区办", "甲生") is None


def test_nobody_marks_their_own_student_or_child(year: Year) -> None:
    year.add("导师兼专家", Role.EXPERT_COMMITTEE, person=year.people["导师"][0])
    assert year.offered("导师兼专家") == []
    year.add("家长", Role.GUARDIAN)
    roster.link_guardian(year.db, Operator(NOW), year.place("乙生"), year.place("家长"))
    year.add("家长兼专家", Role.EXPERT_COMMITTEE, person=year.people["家长"][0])
    assert year.offered("家长兼专家") == ["甲生"]
    roster.end_member(year.db, Operator(NOW), year.place("导师"), "换了导师")
    for expert, student in (("导师兼专家", "甲生"), ("家长兼专家", "乙生"), ("专一", "丙生")):
        with pytest.raises(Refused, match=r"marking\.not_yours"):
            year.mark(expert, student, "excellent")
    assert not year.db.exec(select(ExpertMark)).all()
    tally = year.tally("区办", "乙生")
    assert tally is not None
    assert tally.experts == 3, "neither the guardian nor who was the mentor is counted"


def test_a_mark_is_locked_until_an_office_opens_it(year: Year) -> None:
    first = year.mark("专一", "甲生", "excellent")
    for seen in (0, 1):
        with pytest.raises(Refused, match=r"marking\.signed_meanwhile"):
            year.mark("专一", "甲生", "qualified", seen)
    for who in ("市办", "专一", "专二", "导师"):
        with pytest.raises(Refused, match=r"marking\.not_yours_to_reopen"):
            marking.reopen(year.db, year.actor(who), first.id or 0, "写错了")
    marking.reopen(year.db, year.actor("区办"), first.id or 0, "写错了名字")
    with pytest.raises(Refused, match=r"evaluation\.changed_meanwhile"):
        marking.reopen(year.db, year.actor("区办"), first.id or 0, "又一次")
    tally = year.tally("区办", "甲生")
    assert tally is not None
    assert (tally.marks, tally.median) == ((), ())
    assert year.offered("专一") == ["甲生", "乙生"]
    second = year.mark("专一", "甲生", "qualified", seen=1)
    year.db.refresh(first)
    assert (first.version, second.version) == (1, 2)
    assert (first.body["outcome"], second.body["outcome"]) == ("excellent", "qualified")


def test_after_the_decision_nothing_is_marked_opened_or_read(year: Year) -> None:
    year.mark("专一", "甲生", "excellent")
    said = marking.marking(year.db, year.actor("专一"), year.place("甲生"), year.key)
    [recommendation] = marking.said_before(year.db, said)
    number = recommendation.evaluation.id or 0
    assert marking.open_evaluation(year.db, year.actor("专二"), number)
    year.decide("甲生")
    with pytest.raises(Refused, match=r"marking\.decided"):
        year.mark("专二", "甲生", "qualified")
    with pytest.raises(Refused, match=r"marking\.not_evidence"):
        marking.open_evaluation(year.db, year.actor("专二"), number)
    mark = year.db.exec(select(ExpertMark)).one()
    assert not marking.may_reopen(year.db, year.actor("区办"), mark)
    decision = year.decision("甲生")
    assert decision is not None
    evaluations.reopen(year.db, year.actor("区办"), decision.id or 0, 1, "再议")
    assert year.mark("专二", "甲生", "qualified").version == 1


def test_a_recommendation_that_is_opened_again_takes_the_learner_back(year: Year) -> None:
    [recommended] = evaluations.all_of(year.db, year.place("甲生"), family=False)
    number = recommended.evaluation.id or 0
    evaluations.reopen(year.db, year.actor("区办"), number, 1, "材料有误")
    assert year.offered("专一") == ["乙生"]
    with pytest.raises(Refused, match=r"marking\.not_yours"):
        year.mark("专一", "甲生", "excellent")


def test_whoever_is_no_expert_any_more_sees_nothing_at_once(year: Year) -> None:
    year.mark("专一", "甲生", "excellent")
    roster.end_member(year.db, Operator(year.now), year.place("专一"), "换届")
    with pytest.raises(Refused, match=r"marking\.none_yours"):
        marking.markings(year.db, year.actor("专一"))
    for student in ("甲生", "乙生"):
        with pytest.raises(Refused, match=r"marking\.not_yours"):
            marking.marking(year.db, year.actor("专一"), year.place(student), year.key)
    tally = year.tally("区办", "甲生")
    assert tally is not None
    assert (len(tally.marks), tally.experts) == (1, 3), "what was signed stays"


def entry(year: Year, kind: RecordKind, period: str = "") -> Record:
    """An entry of the first student's that counts."""
    learner = learner_at(year.db, year.place("甲生"))
    body: SessionBody | MaterialBody | WritingBody | PlanBody = WritingBody(parts=("弄懂了干涉",))
    if kind is RecordKind.SESSION:
        body = SessionBody(
            day=date(2025, 11, 1),
            minutes=120,
            place="on_campus",
            kind="research",
            people=("导师",),
            what="测条纹",
        )
    if kind is RecordKind.MATERIAL:
        body = MaterialBody(title="光的干涉", abstract="测了三组")
    about = None
    if kind is RecordKind.DIARY:
        about = entry(year, RecordKind.SESSION).id
    handed = records.hand_in(
        *(year.db, year.actor("甲生"), learner, kind, body),
        day=date(2025, 11, 1),
        about_id=about,
        period=period,
    )
    found = year.db.get_one(Record, handed.id)
    if found.state is RecordState.SUBMITTED:
        actor = year.actor("导师")
        records.review(year.db, actor, found.id or 0, found.version, approve=True)
    return found


def attach(year: Year, record: Record) -> int:
    """A file of an entry as it stands."""
    file = File(
        sha256="0" * 64,
        size=1,
        media_type="application/pdf",
        name="报告.pdf",
        owner_id=year.people["甲生"][0],
        created_at=NOW,
    )
    year.db.add(file)
    year.db.flush()
    shown = {"record_id": record.id or 0, "file_id": file.id or 0}
    year.db.add(RecordFile(version=record.version, **shown))
    year.db.flush()
    return file.id or 0


def test_experts_read_what_the_document_lists_and_leave_a_trace(year: Year) -> None:
    report = entry(year, RecordKind.MATERIAL, "topic_report")
    diary = entry(year, RecordKind.DIARY)
    session = year.db.get_one(Record, diary.about_id)
    seen = marking.marking(year.db, year.actor("专一"), year.place("甲生"), year.key)
    assert {record.id for record, _ in marking.entries(year.db, seen)} == {report.id, diary.id}
    for record in (report, diary):
        assert marking.open_entry(year.db, year.actor("专一"), record.id or 0).id == record.id
    with pytest.raises(Refused, match=r"marking\.not_evidence"):
        marking.open_entry(year.db, year.actor("专一"), session.id or 0)
    with pytest.raises(Refused, match=r"access\.not_yours_to_read"):
        records.read(year.db, year.actor("专一"), diary.id or 0)
    diary.state = RecordState.SUBMITTED
    year.db.flush()
    with pytest.raises(Refused, match=r"marking\.not_evidence"):
        marking.open_entry(year.db, year.actor("专一"), diary.id or 0)
    files = {record.id: attach(year, record) for record in (report, session)}
    assert records.opened_file(year.db, year.actor("专一"), files[report.id]).name == "报告.pdf"
    with pytest.raises(Refused, match=r"access\.not_yours_to_read"):
        records.file_of(year.db, year.actor("专一"), files[session.id])
    seen_by = looking.looks(year.db, [year.place("甲生")], 9)
    assert {(one.name, one.relation, one.what) for one in seen_by} == {
        ("专一", Relation.EXPERT, "record"),
        ("专一", Relation.EXPERT, "file"),
    }
    body = year.mark("专一", "甲生", "excellent").body
    assert [one["record"] for one in body["evidence"]] == [report.id]
    # Who can see is told by name, as long as they can.
    [told] = readers(year.db, year.actor("甲生"))
    assert [name for name, _ in told.people[Relation.EXPERT]] == ["专一", "专二", "专三"]
    year.decide("甲生")
    [told] = readers(year.db, year.actor("甲生"))
    assert Relation.EXPERT not in told.people
    with pytest.raises(Refused, match=r"access\.not_yours_to_read"):
        records.file_of(year.db, year.actor("专一"), files[report.id])


def test_a_copy_of_ones_data_has_the_marks_without_names_once_decided(year: Year) -> None:
    year.mark("专一", "甲生", "excellent")
    places = [year.place("甲生")]
    assert marking.copied(year.db, places) == []
    year.decide("甲生")
    [copied] = marking.copied(year.db, places)
    assert copied["outcome"] == "excellent"
    assert "专一" not in str(copied)
    assert str(year.place("专一")) not in str(copied.get("expert_id", ""))
    marking.forget(year.db, places)
    year.db.expire_all()
    mark = year.db.exec(select(ExpertMark)).one()
    assert MARK not in str(mark.body)
    assert mark.expert_id == year.place("专一")


# ---------------------------------------------------------------- an office's own pack

EIGHTH = Path(__file__).parents[1] / "programmes" / "packs" / "yunzhou-2026.yaml"
RECOMMENDS = """    - stage: 末期
      name: 学校推荐
      evaluator: 管理办公室
      evaluators: [office]
      outcomes: [recommended, not_recommended]
      clause: 第十条
"""
BEFORE = "    - stage: 末期\n      name: 结业评价\n"


@pytest.fixture
def own_pack(tmp_path: Path) -> Iterator[str]:
    """The eighth programme, with a step that recommends and experts who mark alone."""
    text = EIGHTH.read_text("utf-8").replace(BEFORE, RECOMMENDS + BEFORE)
    text = text.replace(
        "evaluators: [expert_committee]", "evaluators: [expert_committee]\n      independent: true"
    )
    (tmp_path / EIGHTH.name).write_text(text, "utf-8")
    with catalogue.using(tmp_path):
        yield EIGHTH.stem


def test_a_pack_of_ones_own_has_experts_with_outcomes_of_its_own(
    own_pack: str, database: Database
) -> None:
    with database.transaction() as db:
        year = make(db, own_pack)
        year.now = datetime(2028, 6, 10, 2, tzinfo=UTC)
        stage = catalogue.load(own_pack).stages[year.number]
        assert stage.independent
        assert evaluating.recommending(catalogue.load(own_pack), stage) is not None
        cohort = cohort_of(db, roster.find_member(db, year.place("区办")).membership)
        opened = (date(2028, 5, 1), None)
        before = evaluating.keys(catalogue.load(own_pack))[year.number - 1]
        stages.change(db, year.actor("区办"), cohort, before, opened, "开始推荐")
        year.recommend("甲生", by="区办")
        assert year.offered("专一") == ["甲生"]
        scale = [str(getattr(one, "zh", one)) for one in stage.outcomes]
        # Its document dates the stage: who has not marked is reminded, and nobody else.
        on = date(2028, 6, 29)

        def reminded() -> list[str]:
            due = standings_on(db, [year.place("甲生"), year.place("乙生")], on).due.values()
            persons = {one.key.person_id for one in due if one.to is To.EXPERT}
            return sorted(n for n, (person, _) in year.people.items() if person in persons)

        assert reminded() == ["专一", "专三", "专二"]
        for expert, outcome in zip(("专一", "专二"), scale[:2], strict=True):
            year.mark(expert, "甲生", outcome)
        assert reminded() == ["专三"]
        tally = year.tally("区办", "甲生")
        assert tally is not None
        assert tally.outcomes == tuple(scale[:2])
        year.decide("甲生", scale[1])
        assert reminded() == []


def test_where_no_document_says_when_no_expert_is_reminded(year: Year) -> None:
    """The office's own day for a stage that its document does not date reminds nobody of it."""
    due = standings_on(year.db, [year.place("甲生")], NOW.date()).due.values()
    assert due
    assert not [one for one in due if one.to is To.EXPERT]


def test_the_office_sees_who_has_not_signed_and_reminds_them_once_a_day(year: Year) -> None:
    db = year.db
    cohort = cohort_of(db, roster.find_member(db, year.place("区办")).membership)
    now = stages.stage_of(db, cohort, year.key, NOW.date())
    for name in ("专一", "专二"):
        person = year.people[name][0]
        db.add(Account(platform="fake", address=name, person_id=person, created_at=NOW))
    db.flush()
    for student in ("甲生", "乙生"):
        year.mark("专一", student, "excellent")
    year.mark("专二", "甲生", "qualified")

    def left() -> dict[str, tuple[int, bool]]:
        found = marking.unsigned(db, year.actor("区办"), cohort, now)
        return {one.name: (one.learners, one.reachable) for one in found}

    assert left() == {"专二": (1, True), "专三": (2, False)}
    [first, other] = marking.of_stage(db, year.actor("区办"), cohort, now)
    assert (first.signed, first.waiting) == (("专一", "专二"), ("专三",))
    assert not first.tally.complete
    assert other.waiting == ("专二", "专三")
    for _ in range(2):
        reached = marking.remind(db, year.actor("区办"), cohort, now)
        assert [one.name for one in reached] == ["专二"]
    [told] = db.exec(select(Outbox)).all()
    assert "还有 1 名学生等您评价" in str(told.body)
    for who in ("市办", "专一", "甲生"):
        with pytest.raises(Refused, match=r"marking\.not_yours_to_read"):
            marking.remind(db, year.actor(who), cohort, now)
    year.mark("专二", "乙生", "qualified")
    year.decide("甲生")
    assert left() == {"专三": (1, False)}, "about whom is decided, nobody is asked"
    for student in ("乙生",):
        year.mark("专三", student, "excellent")
    assert left() == {}
    assert marking.of_stage(db, year.actor("区办"), cohort, now)[1].tally.complete

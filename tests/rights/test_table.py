"""The table of rights: every act, by everybody, wherever they stand, on both databases.

What is expected is written here once more, by hand: a slip in the table is not repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlmodel import Session, select

from app.rights_page import page
from bot.talk.acting import Actor, Refused
from handlers import handlers
from prompts import LANGUAGES, render
from services import consent
from services.access import CHECKED, IN_SQL, allow, held, holders, things
from services.rights import BINDS, FREE, RIGHT_FOR, RIGHTS, Must, Of, Relation, Right
from storage.database import Database
from storage.tables import (
    Cohort,
    Evaluation,
    EvaluationState,
    Guardianship,
    HelpCall,
    HelpStep,
    HelpStepKind,
    Membership,
    Mentoring,
    Person,
    RecordKind,
    Role,
    Unit,
    UnitKind,
)
from tests.tables import each_row

NOW: Final = datetime(2026, 11, 23, 2, tzinfo=UTC)
MARK: Final = "玄玑"
"""Stands in every name: nobody who is refused reads it."""
PROGRAMME: Final = "jiangsu-2022"
"""Names the mentor as who urges to write meeting records."""
OTHER: Final = "shanxi-2026"
NOTHING: Final = 999_999

READERS: Final = ("oneself", "guardian", "cultivates", "school", "office", "auditor")
OVERSEE: Final = ("office", "auditor")


def each(acts: str, *by: str) -> dict[str, set[str]]:
    return {act: set(by) for act in acts.split()}


EXPECTED: Final = {
    **each("learn log_session write hand_in edit amend withdraw enter_on_platform", "oneself"),
    **each("read open read_file read_student", *READERS),
    **each("approve return queue", "cultivates"),
    **each("urge", "school", "office", "named"),
    **each("urge_review", "office"),
    **each("read_urgings", "school", *OVERSEE),
    **each("readers", "oneself", "guardian"),
    **each("set_reminders", "oneself", "cultivates", "school", "office", "expert"),
    **each("take_leave", "oneself", "cultivates"),
    **each("appoint_delegate", "cultivates"),
    **each("office_days hand_over end_member correct_person", "office"),
    **each("students", "cultivates", "school", *OVERSEE),
    **each("cohort console behind longest absent unreached undelivered read_member", *OVERSEE),
    **each("documents publish_document remove_document", "office"),
    **each("import_roster invite set_retention", "office"),
    **each("questions read_question answer_question sort_question close_question", "office"),
    **each("answers read_answer write_answer publish_answer withdraw_answer clarify", "office"),
    **each("enter_result", "cultivates", "office"),
    **each("results", "oneself", "guardian", "cultivates", "school", *OVERSEE),
    **each("write_plan", "cultivates"),
    **each("decide_plan", "office"),
    **each("plans", "oneself", "guardian", "cultivates", "school", *OVERSEE),
    **each("evaluate", "cultivates"),
    **each("evaluate_at_school", "school"),
    **each("read_evaluation", *READERS),
    **each("reopen_evaluation change_stage recommend_outcome decide_outcome", "office"),
    **each("mark marking", "expert"),
    **each("read_marks reopen_mark", "office"),
    **each("confirm_exit", "office"),
    **each("object_exit", "oneself", "guardian"),
    **each("service_hours", "cultivates", "school", *OVERSEE),
    **each("list_hours check_platform", *OVERSEE),
    **each("prove_hours", "oneself", "office"),
    **each("read_proof", "oneself", *OVERSEE),
    **each("revoke_proof", "office"),
    **each("certificates", "oneself", "guardian", "cultivates", "school", *OVERSEE),
    **each("read_certificate", "oneself", "guardian", *OVERSEE),
    **each("certifying", *OVERSEE),
    **each("make_dossier", "oneself", "guardian", "office"),
    **each("make_summary change_summary_template rehearse", "office"),
    **each("issue_certificates issue_certificate revoke_certificate", "office"),
    **each("bulletins", "school", *OVERSEE),
    **each(
        "draft_bulletin address_bulletin send_bulletin approve_bulletin answer_reply", "office"
    ),
    **each("read_bulletin", *OVERSEE),
    **each("read_bulletin_copy", "school"),
    **each("evaluations", "oneself", "cultivates", "school", "office", "expert"),
    **each("stages", *OVERSEE),
    **each("children consent withdraw_consent", "guardian"),
    **each("ask_for_help see_own_calls", "oneself"),
    **each("be_asked_for_help", "contact", "school", "office"),
    **each("open_call close_call", "told"),
    **each("see_data see_looks copy_data correct_data erase_data", "oneself", "guardian"),
}
"""Who may do each act, if they stand where it counts."""

WHOLE: Final = {"whole", "above_office", "no_unit", "top_office"}
"""From where an office oversees the whole cohort."""
REACH: Final = {*WHOLE, "school", "city"}
"""From where it oversees the learner."""
ANY: Final = {*REACH, "other_school", "other_city", "other_office_below"}
"""From where it oversees something of the cohort."""


@dataclass
class Somebody:
    relation: str
    stands: str
    """Where: `in` the relation to the learner, `out` of it, or the place of an office."""
    ended: bool
    person: int
    place: int | None


@dataclass
class World:
    db: Session
    everybody: list[Somebody] = field(default_factory=list)
    units: dict[str, int] = field(default_factory=dict)
    cohort: int = 0
    elsewhere: int = 0
    learner: int = 0
    child: int = 0
    call: int = 0

    def unit(self, name: str, kind: UnitKind, under: str = "") -> None:
        unit = Unit(kind=kind, name=MARK + name, parent_id=self.units.get(under))
        self.db.add(unit)
        self.db.flush()
        self.units[name] = unit.id or 0

    def member(
        self, role: Role, unit: str = "", *, cohort: int = 0, ended: bool = False, person: int = 0
    ) -> Membership:
        if not person:
            somebody = Person(name=f"{MARK}{role}", created_at=NOW)
            self.db.add(somebody)
            self.db.flush()
            person = somebody.id or 0
        member = Membership(
            cohort_id=cohort or self.cohort,
            person_id=person,
            role=role,
            unit_id=self.units.get(unit),
            grade="senior_1" if role is Role.STUDENT else "",
            created_at=NOW,
            ended_at=NOW if ended else None,
        )
        self.db.add(member)
        self.db.flush()
        return member

    def knows(self, relation: str, stands: str, member: Membership) -> Membership:
        ended = member.ended_at is not None
        self.everybody.append(Somebody(relation, stands, ended, member.person_id, member.id))
        return member


def build(db: Session) -> World:
    world = World(db)
    for name, kind, under in [
        ("province", UnitKind.PROVINCE, ""),
        ("office", UnitKind.OFFICE, "province"),
        ("branch_office", UnitKind.OFFICE, "office"),
        ("top_office", UnitKind.OFFICE, ""),
        ("city", UnitKind.CITY, "province"),
        ("other_city", UnitKind.CITY, "province"),
        ("host", UnitKind.HOST, "city"),
        ("school", UnitKind.SCHOOL, "city"),
        ("other_school", UnitKind.SCHOOL, "other_city"),
        ("team", UnitKind.TEAM, "school"),
    ]:
        world.unit(name, kind, under)
    for programme in (PROGRAMME, OTHER):
        cohort = Cohort(
            programme=programme, name=MARK, office_id=world.units["office"], created_at=NOW
        )
        db.add(cohort)
        db.flush()
        world.cohort, world.elsewhere = world.elsewhere or cohort.id or 0, cohort.id or 0
    world.cohort, world.elsewhere = world.elsewhere - 1, world.elsewhere

    learner = world.knows("oneself", "in", world.member(Role.STUDENT, "team"))
    other = world.knows("oneself", "out", world.member(Role.STUDENT, "other_school"))
    world.learner, world.child = learner.id or 0, learner.person_id
    for child, withdrawn, stands in [(learner, None, "in"), (other, None, "out")]:
        guardian = world.knows("guardian", stands, world.member(Role.GUARDIAN))
        link(db, child, guardian, withdrawn)
    withdrawn = world.member(Role.GUARDIAN)
    world.everybody.append(
        Somebody("guardian", "withdrawn", False, withdrawn.person_id, withdrawn.id)
    )
    link(db, learner, withdrawn, NOW)
    for role, relation in ((Role.MENTOR, "named"), (Role.TEAM_MEMBER, "cultivates")):
        for student, stands, ended, link_ended in [
            (learner, "in", False, False),
            (other, "out", False, False),
            (learner, "in", True, False),
            (learner, "left", False, True),
        ]:
            mentor = world.knows(relation, stands, world.member(role, "host", ended=ended))
            db.add(
                Mentoring(
                    student_id=student.id or 0,
                    mentor_id=mentor.id or 0,
                    created_at=NOW,
                    ended_at=NOW if link_ended else None,
                )
            )
    for unit, stands in [("school", "in"), ("other_school", "out"), ("", "out"), ("city", "in")]:
        for ended in (False, True):
            teacher = world.member(Role.SCHOOL_TEACHER, unit, ended=ended)
            world.knows("school", stands, teacher)
    abroad = world.member(Role.SCHOOL_TEACHER, "school", cohort=world.elsewhere)
    world.knows("school", "abroad", abroad)
    for role, relation in ((Role.COORDINATOR, "office"), (Role.AUDITOR, "auditor")):
        for unit, stands in [
            ("office", "whole"),
            ("province", "above_office"),
            ("", "no_unit"),
            ("top_office", "top_office"),
            ("city", "city"),
            ("school", "school"),
            ("team", "school"),
            ("other_city", "other_city"),
            ("other_school", "other_school"),
            ("branch_office", "other_office_below"),
        ]:
            for ended in (False, True):
                world.knows(relation, stands, world.member(role, unit, ended=ended))
        world.knows(relation, "abroad", world.member(role, "office", cohort=world.elsewhere))
    recommend(db, learner)
    for ended in (False, True):
        world.knows("expert", "in", world.member(Role.EXPERT_COMMITTEE, "host", ended=ended))
    abroad = world.member(Role.EXPERT_COMMITTEE, "host", cohort=world.elsewhere)
    world.knows("expert", "abroad", abroad)
    for stands in RELATED:
        expert = world.knows("expert", stands, world.member(Role.EXPERT_COMMITTEE, "host"))
        relate(world, stands, learner, expert)
    for unit, stands in [("", "in"), ("school", "in"), ("other_school", "out")]:
        for ended in (False, True):
            contact = world.member(Role.HELP_CONTACT, unit, ended=ended)
            world.knows("contact", stands, contact)
    abroad = world.member(Role.HELP_CONTACT, cohort=world.elsewhere)
    world.knows("contact", "abroad", abroad)
    call = HelpCall(learner_id=world.learner, at=NOW)
    other_call = HelpCall(learner_id=other.id or 0, at=NOW)
    db.add_all([call, other_call])
    db.flush()
    world.call = call.id or 0
    for to, school, stands in (
        (call, "school", "in"),
        (call, "other_school", "moved"),
        (other_call, "other_school", "out"),
    ):
        told = world.knows("told", stands, world.member(Role.HELP_CONTACT, school))
        step = HelpStep(
            call_id=to.id or 0, kind=HelpStepKind.TOLD, person_id=told.person_id, at=NOW
        )
        db.add(step)
    db.flush()
    return world


RELATED: Final = ("taught", "taught_at_school", "answered_for")
"""How an expert may be near a learner: such a one marks others, and never this one."""


def relate(world: World, how: str, learner: Membership, expert: Membership) -> None:
    match how:
        case "taught":
            mentor = world.member(Role.MENTOR, "host", person=expert.person_id)
            mentoring = {"student_id": learner.id or 0, "mentor_id": mentor.id or 0}
            world.db.add(Mentoring(**mentoring, created_at=NOW, ended_at=NOW))
        case "taught_at_school":
            # The learner is in a team of that school.
            world.member(Role.SCHOOL_TEACHER, "school", person=expert.person_id, ended=True)
        case "answered_for":
            world.db.add(
                Guardianship(
                    child_id=learner.person_id,
                    guardian_id=expert.person_id,
                    created_at=NOW,
                    ended_at=NOW,
                )
            )


def recommend(db: Session, learner: Membership, outcome: str = "recommended") -> None:
    db.add(
        Evaluation(
            student_id=learner.id or 0,
            stage="annual",
            side="office",
            state=EvaluationState.SIGNED,
            outcome=outcome,
            signed_at=NOW,
        )
    )


def link(db: Session, child: Membership, guardian: Membership, withdrawn: datetime | None) -> None:
    db.add(
        Guardianship(
            child_id=child.person_id,
            guardian_id=guardian.person_id,
            created_at=NOW,
            consented_at=NOW,
            withdrawn_at=withdrawn,
        )
    )


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with database.transaction() as db:
        yield build(db)


def thing_of(world: World, act: str, somebody: Somebody) -> int | str | None:
    match RIGHTS[act].of:
        case Of.COHORT | Of.WHOLE_COHORT:
            return world.cohort
        case Of.PROGRAMME:
            return PROGRAMME
        case Of.CHILD | Of.PERSON:
            return world.child
        case Of.OWN:
            return world.child if somebody.relation == "guardian" else somebody.place
        case Of.HELP_CALL:
            return world.call
        case _:
            return world.learner


def expected(act: str, somebody: Somebody) -> bool:
    """What the policy says, in words of this test's own."""
    may, of = EXPECTED[act], RIGHTS[act].of
    relation, stands = somebody.relation, somebody.stands
    if somebody.ended and relation != "oneself":
        return False
    if of is Of.OWN and relation in ("office", "auditor"):
        return relation in may
    if relation in ("office", "auditor"):
        if Must.WHOLE in RIGHTS[act].must:
            return relation in may and stands in WHOLE
        from_where = {Of.COHORT: ANY, Of.WHOLE_COHORT: WHOLE, Of.PROGRAMME: WHOLE}.get(of, REACH)
        return relation in may and stands in from_where
    if relation == "named":
        # Mentors, whom this programme names in the matter, do all that team members do.
        named = bool({"named", "cultivates"} & may)
        return named and (stands == "in" or of is Of.OWN)
    if relation == "told":
        # Whoever was told is a contact: of a school, which may be another's by now.
        return bool({"told", "contact"} & may) and stands == "in"
    if of is Of.OWN:
        return relation in may and (relation != "guardian" or stands != "out")
    if relation == "guardian" and stands == "withdrawn":
        return of in (Of.CHILD, Of.PERSON)
    return relation in may and stands == "in"


def asks(world: World, act: str, somebody: Somebody) -> bool:
    thing = thing_of(world, act, somebody)
    return held(world.db, somebody.person, act, thing, RecordKind.MEETING_RECORD) is not None


def test_the_table_is_what_is_expected_of_it() -> None:
    assert EXPECTED.keys() == RIGHTS.keys()
    assert {act: {r.value for r in right.by} for act, right in RIGHTS.items()} == EXPECTED


@each_row("must", Must)
def test_a_condition_that_would_bind_nobody_is_a_mistake(must: Must) -> None:
    of, relations = BINDS[must]
    assert (must in IN_SQL) is not (must in CHECKED)
    for relation in Relation:
        for kind in Of:
            if kind in of and relation in relations:
                assert Right("fly", kind, (relation,), "", must={must: ""}).binding(relation)
            else:
                with pytest.raises(ValueError, match="binds nobody"):
                    Right("fly", kind, (relation,), "", must={must: ""})


def test_a_condition_is_printed_beside_those_whom_it_binds() -> None:
    """An office enters results for a whole cohort; a mentor for their own learners."""
    [row] = [line for line in page().splitlines() if "`enter_result`" in line and "录入" in line]
    _, _, _, by, must, _, _ = row.split("|")
    mentor, office = by.split("<br>")
    assert "须管整期" in office
    assert "须管整期" not in mentor + must
    assert "不是自己的记录" in must


def test_every_act_by_everybody(world: World) -> None:
    wrong = [
        (act, somebody)
        for act in RIGHTS
        for somebody in world.everybody
        if asks(world, act, somebody) is not expected(act, somebody)
    ]
    assert not wrong
    # Neither all nor nobody: each act is allowed to some of them.
    for act in RIGHTS:
        allowed = sum(expected(act, somebody) for somebody in world.everybody)
        assert 0 < allowed < len(world.everybody), act


@pytest.mark.slow
def test_many_are_as_one(world: World) -> None:
    """Lists, and who is told who may, say the same as asking about one object."""
    for act, right in RIGHTS.items():
        if act == "urge":  # A matter belongs to it.
            continue
        for somebody in world.everybody:
            thing = thing_of(world, act, somebody)
            assert thing is not None
            listed = set(world.db.execute(things(act, somebody.person)).scalars())
            assert (thing in listed) is expected(act, somebody), (act, somebody)
        if right.of is not Of.OWN:
            there = thing_of(world, act, world.everybody[0])
            assert there is not None
            told = {grant.person for grant in holders(world.db, act, there)}
            may = {one.person for one in world.everybody if expected(act, one)}
            assert told == may, act


def test_whoever_is_refused_learns_nothing(world: World) -> None:
    """What does not exist and what one may not see: one sentence, and nobody's name in it."""
    for act, right in RIGHTS.items():
        nothing: int | str = "no-programme" if right.of is Of.PROGRAMME else NOTHING
        for somebody in world.everybody:
            if expected(act, somebody):
                continue
            actor = Actor(somebody.person, None, NOW)
            said = set()
            for thing in (thing_of(world, act, somebody), nothing, None):
                with pytest.raises(Refused) as refused:
                    allow(world.db, actor, act, thing, matter=RecordKind.MEETING_RECORD)
                said.add(refused.value.words.key)
                told = [render(refused.value.words, language) for language in LANGUAGES]
                assert not any(MARK in one for one in told)
                assert MARK not in str(refused.value)
            assert said == {right.refused}


def test_what_has_ended_is_read_and_not_gone_on_with(world: World) -> None:
    learner = world.db.get(Membership, world.learner)
    assert learner is not None
    learner.ended_at = NOW
    world.db.flush()
    me = Actor(learner.person_id, None, NOW)
    assert allow(world.db, me, "read", world.learner)
    for act in ("hand_in", "amend", "withdraw", "write"):
        with pytest.raises(Refused, match="membership_ended"):
            allow(world.db, me, act, world.learner)
    office = next(one for one in world.everybody if one.relation == "office")
    with pytest.raises(Refused, match=r"urge\.ended"):
        allow(world.db, Actor(office.person, None, NOW), "urge", world.learner)


def test_nothing_is_kept_without_the_consent_that_it_needs(world: World) -> None:
    child = world.db.get(Person, world.child)
    assert child is not None
    child.birth_date = datetime(2015, 1, 1, tzinfo=UTC).date()
    world.db.flush()
    me = Actor(world.child, None, NOW)
    links = world.db.exec(select(Guardianship).where(Guardianship.child_id == world.child)).all()
    (withdrawn,) = (link for link in links if link.withdrawn_at is not None)
    present = next(link for link in links if link.withdrawn_at is None)

    def kept() -> bool:
        world.db.flush()
        return consent.given(world.db, world.child)

    # One guardian's withdrawal stops it, whatever another has consented to.
    assert not kept()
    with pytest.raises(Refused, match=r"consent\.awaited"):
        allow(world.db, me, "hand_in", world.learner)
    withdrawn.withdrawn_at = None
    assert kept()
    assert allow(world.db, me, "hand_in", world.learner)
    # Whoever answers no more consents no more.
    present.ended_at = withdrawn.ended_at = NOW
    assert not kept()
    # Nor do they forbid: but the other consents anew.
    withdrawn.withdrawn_at, present.ended_at = NOW, None
    assert not kept()
    present.consented_at = NOW + timedelta(minutes=1)
    assert kept()


def test_nobody_approves_their_own(world: World) -> None:
    """A mentor who is a learner in the same cohort, and was linked with themselves."""
    mentor = world.member(Role.MENTOR, "host", person=world.child)
    world.db.add(Mentoring(student_id=world.learner, mentor_id=mentor.id or 0, created_at=NOW))
    world.db.flush()
    for act in ("approve", "return", "evaluate"):
        assert held(world.db, world.child, act, world.learner) is None
        assert world.learner not in world.db.execute(things(act, world.child)).scalars().all()
    assert held(world.db, world.child, "read", world.learner)


def one_of(world: World, relation: str, stands: str) -> Somebody:
    """Somebody who stands there, whose place has not ended."""
    return next(
        one
        for one in world.everybody
        if (one.relation, one.stands, one.ended) == (relation, stands, False)
    )


def test_an_expert_marks_who_is_recommended_and_nobody_else(world: World) -> None:
    expert = one_of(world, "expert", "in")
    recommended = world.db.exec(select(Evaluation)).one()
    assert held(world.db, expert.person, "mark", world.learner)
    for outcome, state in (
        ("not_recommended", EvaluationState.SIGNED),
        ("recommended", EvaluationState.REOPENED),
    ):
        recommended.outcome, recommended.state = outcome, state
        world.db.flush()
        assert held(world.db, expert.person, "mark", world.learner) is None
        assert holders(world.db, "mark", world.learner) == []
    # Nor do they read or evaluate anything as others do.
    recommended.outcome, recommended.state = "recommended", EvaluationState.SIGNED
    world.db.flush()
    for act in ("read", "read_student", "read_evaluation", "evaluate", "read_marks"):
        assert held(world.db, expert.person, act, world.learner) is None


def test_an_expert_who_is_recommended_does_not_mark_themselves(world: World) -> None:
    world.member(Role.EXPERT_COMMITTEE, "host", person=world.child)
    assert held(world.db, world.child, "mark", world.learner) is None


def test_who_marks_does_not_see_the_others_marks_from_the_office(world: World) -> None:
    office = one_of(world, "office", "whole")
    assert held(world.db, office.person, "read_marks", world.learner)
    place = world.member(Role.EXPERT_COMMITTEE, person=office.person)
    for act in ("read_marks", "reopen_mark"):
        assert held(world.db, office.person, act, world.learner) is None
    assert held(world.db, office.person, "decide_outcome", world.learner)
    place.ended_at = NOW
    world.db.flush()
    assert held(world.db, office.person, "read_marks", world.learner)


def test_a_circle_of_units_ends(world: World) -> None:
    province = world.db.get(Unit, world.units["province"])
    assert province is not None
    province.parent_id = world.units["team"]
    world.db.flush()
    city = next(o for o in world.everybody if (o.relation, o.stands) == ("office", "city"))
    assert held(world.db, city.person, "read", world.learner)


# ---------------------------------------------------------------- the table and the house


def test_every_way_leads_to_an_act_or_is_free() -> None:
    """A new command, button or talk goes into a row of the table, or among what is free."""
    here = handlers()
    ways = {*here.commands, *here.acts, *here.flows}
    assert ways == RIGHT_FOR.keys() | FREE
    assert not RIGHT_FOR.keys() & FREE
    assert sum(len(right.ways) for right in RIGHTS.values()) == len(RIGHT_FOR)


def test_an_act_without_a_row_is_no_act(world: World) -> None:
    with pytest.raises(KeyError):
        allow(world.db, Actor(world.child, None, NOW), "fly", world.learner)


def test_the_page_is_current() -> None:
    """`yingcai rights > docs/rights.md`"""
    written = Path(__file__).resolve().parents[2] / "docs" / "rights.md"
    assert written.read_text("utf-8") == page()

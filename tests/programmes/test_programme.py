"""What a reader asks of a programme, and what the packs at hand answer."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from programmes.catalogue import PACKS, all_programmes, load
from programmes.model import Fact, Programme
from programmes.values import (
    ActivityKind,
    Consent,
    Counter,
    Frequency,
    Grade,
    Party,
    Per,
    StageKind,
    Status,
    When,
    Window,
    WritingKind,
)
from tests.tables import each_row


def test_every_pack_that_is_built_in_is_at_hand() -> None:
    files = sorted(path.stem for path in PACKS.glob("*.yaml"))
    assert [programme.key for programme in all_programmes()] == files
    assert not any(programme.provisional for programme in all_programmes())


@each_row(
    ("key", "first", "last"),
    [
        ("spark-2026", date(2026, 5, 1), date(2027, 8, 31)),
        ("shanxi-2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("jiangsu-2022", date(2022, 1, 1), date(2022, 12, 31)),
        ("sichuan-jingke-2023", date(2023, 3, 1), date(2024, 2, 29)),
        ("sichuan-jindaoshi-2023", date(2023, 3, 1), date(2024, 2, 29)),
        ("neimenggu-yingcai-2025", date(2025, 1, 1), date(2025, 12, 31)),
        ("neimenggu-pilot-2025", date(2025, 1, 1), date(2025, 12, 31)),
    ],
)
def test_cycles_run_from_the_first_day_to_the_last(key: str, first: date, last: date) -> None:
    cycle = load(key).cycle
    assert (cycle.first_day, cycle.last_day) == (first, last)
    assert first in cycle
    assert last in cycle
    assert date(2021, 12, 31) not in cycle


@each_row(
    ("key", "required"),
    [
        ("spark-2026", []),
        ("shanxi-2026", [(Counter.SESSIONS, 10, Per.CYCLE, "五(三)1")]),
        ("jiangsu-2022", [(Counter.ON_CAMPUS, 10, Per.CYCLE, "四(三)1")]),
        ("sichuan-jingke-2023", []),
        ("sichuan-jindaoshi-2023", []),
        ("neimenggu-yingcai-2025", [(Counter.ON_CAMPUS, 10, Per.CYCLE, "附件1 五(三)1")]),
        (
            "neimenggu-pilot-2025",
            [
                (Counter.ON_CAMPUS, 10, Per.CYCLE, "附件2 五(三)1"),
                (Counter.FACE_TO_FACE, 2, Per.MONTH, "附件2 五(三)1"),
            ],
        ),
    ],
)
def test_requirements(key: str, required: list[tuple[Counter, int, Per, str]]) -> None:
    assert [(r.counts, r.at_least, r.per, r.clause) for r in load(key).requirements] == required


@each_row(
    ("key", "records"),
    [
        ("spark-2026", []),
        ("shanxi-2026", [("《成长日志》", Frequency.PER_SESSION, Party.SCHOOL_TEACHER, None)]),
        (
            "jiangsu-2022",
            [
                ("《学生成长日志》", Frequency.PER_STAGE, Party.MENTOR, None),
                ("《学生面谈记录》", Frequency.PER_STAGE, Party.MENTOR, None),
            ],
        ),
        ("sichuan-jingke-2023", [("《成长日志》", None, Party.SCHOOL, None)]),
        ("sichuan-jindaoshi-2023", []),
        (
            "neimenggu-yingcai-2025",
            [("《成长日志》", Frequency.PER_SESSION, Party.MENTOR, Party.MENTOR)],
        ),
        (
            "neimenggu-pilot-2025",
            [("《成长日志》", Frequency.PER_SESSION, Party.MENTOR, Party.MENTOR)],
        ),
    ],
)
def test_records_and_who_urges_and_reviews_them(
    key: str, records: list[tuple[str, Frequency | None, Party | None, Party | None]]
) -> None:
    found = [(r.name, r.frequency, r.urged_by, r.reviewed_by) for r in load(key).records]
    assert found == records


def test_record_kinds() -> None:
    kinds = [record.kind for record in load("jiangsu-2022").records]
    assert kinds == [WritingKind.DIARY, WritingKind.MEETING_RECORD]


def test_the_diary_is_for_the_grades_that_the_document_names() -> None:
    (diary,) = load("sichuan-jingke-2023").records
    assert diary.scope.required_of(Grade.PRIMARY_4) is True
    assert diary.scope.required_of(Grade.JUNIOR_2) is True
    assert diary.scope.required_of(Grade.VOCATIONAL) is None
    assert diary.scope.required_of(Grade.PRESCHOOL) is None
    assert diary.scope.required_of(Grade.SENIOR_1) is False
    assert diary.scope.required_of(None) is None
    (diary,) = load("shanxi-2026").records
    assert diary.scope.required_of(Grade.SENIOR_1) is True
    assert diary.scope.required_of(None) is True


def test_places_say_what_a_visit_counts_as() -> None:
    flags = {
        place.key: (place.on_campus, place.face_to_face) for place in load("spark-2026").places
    }
    assert flags == {
        "on_campus": (True, True),
        "off_campus": (False, True),
        "on_campus_alone": (True, False),
        "online": (False, False),
    }


def test_activity_kinds_come_from_each_document() -> None:
    assert load("sichuan-jingke-2023").activity_kinds == (
        ActivityKind.COURSE,
        ActivityKind.PRACTICE,
    )
    assert ActivityKind.EXCHANGE in load("neimenggu-yingcai-2025").activity_kinds
    assert ActivityKind.EXCHANGE not in load("neimenggu-pilot-2025").activity_kinds


def test_evaluation_stages_in_order() -> None:
    stages = {p.key: [str(stage.stage) for stage in p.stages] for p in all_programmes()}
    assert (
        stages.items()
        >= {
            "spark-2026": ["initial", "mid", "final"],
            "shanxi-2026": ["initial", "mid", "annual"],
            "jiangsu-2022": ["mid", "annual"],
            "sichuan-jingke-2023": [],
            "sichuan-jindaoshi-2023": [],
            "neimenggu-yingcai-2025": ["initial", "mid", "annual"],
            "neimenggu-pilot-2025": ["initial", "mid", "annual", "annual"],
        }.items()
    )


def test_an_unclear_deadline_reminds_early_and_closes_late() -> None:
    mid = load("neimenggu-pilot-2025").stage(StageKind.MID)
    assert mid is not None
    assert mid.window is not None
    assert (mid.window.text, mid.window.first_day) == ("7月前", None)
    assert (mid.window.last_day, mid.window.closes) == (date(2025, 6, 30), date(2025, 7, 31))
    assert load("jiangsu-2022").stage(StageKind.INITIAL) is None


def test_only_some_documents_let_a_failed_mid_term_end_the_training() -> None:
    exits = {p.key for p in all_programmes() if p.evaluation.exit_rule.value is not None}
    assert exits >= {"shanxi-2026", "jiangsu-2022", "neimenggu-pilot-2025"}
    assert not exits & {"spark-2026", "sichuan-jingke-2023", "neimenggu-yingcai-2025"}


def test_who_decides_what() -> None:
    """Read off the documents; the truth table has these in words only."""
    facts = {
        path: {p.key.rsplit("-", 1)[0]: p.fact(path).value for p in all_programmes()}
        for path in ("cultivation.plan_approval", "selection.kickoff_meeting", "selection.filing")
    }

    def of(path: str, key: str) -> dict[str, object]:
        return {
            name: getattr(value, key) for name, value in facts[path].items() if value is not None
        }

    assert of("cultivation.plan_approval", "approver") == {"shanxi": Party.PROVINCE_OFFICE}
    assert of("selection.kickoff_meeting", "organisers") == {
        "shanxi": (Party.PROVINCE_OFFICE,),
        "jiangsu": (Party.CITY_OFFICE,),
        "neimenggu-pilot": (Party.CITY_OFFICE, Party.UNIVERSITY, Party.SCHOOL),
    }
    assert of("selection.filing", "to") == {
        "shanxi": Party.NATIONAL,
        "jiangsu": Party.PROVINCE_OFFICE,
        "neimenggu-yingcai": Party.NATIONAL,
        "neimenggu-pilot": Party.PROVINCE_OFFICE,
    }


@each_row("programme", all_programmes())
def test_names_for_the_software_are_the_names_that_are_said(programme: Programme) -> None:
    named: list[tuple[Fact[Any], Any]] = [
        (programme.identity.official_name, [programme.identity.official_name.value]),
        (programme.identity.issuer, programme.identity.issuer.value),
        (programme.cultivation.diary_name, [programme.cultivation.diary_name.value]),
        (programme.tracking.talent_pool, [programme.tracking.talent_pool.value]),
        (programme.territory.universities, programme.territory.universities.value),
        (programme.territory.schools, programme.territory.schools.value),
        (programme.territory.regions, getattr(programme.territory.regions.value, "names", ())),
    ]
    for fact, names in named:
        assert all(name in "、".join(fact.words) for name in names or () if name)
    assert programme.name == programme.identity.short_name.value


@each_row("programme", all_programmes())
def test_a_programme_survives_being_written_as_json(programme: Programme) -> None:
    written = programme.model_dump_json(by_alias=True)
    assert Programme.model_validate_json(written) == programme


def test_an_unclear_minimum_is_required_and_flagged(tmp_path: Path) -> None:
    text = (PACKS / "shanxi-2026.yaml").read_text("utf-8")
    stated = "says: 周期内参加培养不少于10次\n    status: stated"
    unclear = stated.replace("stated", "ambiguous")
    assert stated in text
    (tmp_path / "shanxi-2026.yaml").write_text(text.replace(stated, unclear), "utf-8")
    (requirement,) = load("shanxi-2026", tmp_path).requirements
    assert (requirement.at_least, requirement.status) == (10, Status.AMBIGUOUS)


def test_milestones_have_dates() -> None:
    first, *_, last = load("shanxi-2026").milestones
    assert (first.start, first.end) == (When(2025, 7), When(2025, 9))
    assert (last.first_day, last.last_day) == (date(2026, 11, 1), date(2026, 12, 31))


def test_children_need_their_guardians() -> None:
    jingke = load("sichuan-jingke-2023")
    assert jingke.consent_needed(Grade.PRESCHOOL) is Consent.REQUIRED
    assert jingke.consent_needed(Grade.JUNIOR_1) is Consent.REQUIRED
    assert jingke.consent_needed(Grade.JUNIOR_2) is Consent.IF_UNDER_14
    assert jingke.consent_needed(Grade.VOCATIONAL) is Consent.NOT_ASKED
    assert load("jiangsu-2022").consent_needed(Grade.JUNIOR_1) is Consent.REQUIRED
    assert load("shanxi-2026").consent_needed(Grade.SENIOR_1) is Consent.NOT_ASKED
    assert load("sichuan-jindaoshi-2023").consent_needed(None) is Consent.NOT_ASKED


def test_a_fact_by_its_path() -> None:
    programme = load("shanxi-2026")
    assert programme.fact("places.regions").says == "太原市六城区"
    assert programme.fact("evaluation.annual_dimensions").words[-1] == "英语交流能力"
    assert programme.fact("mentor.term").words == ()
    with pytest.raises(KeyError):
        programme.fact("mentor.salary")


def test_what_one_document_says_beyond_the_common_questions() -> None:
    jingke = load("sichuan-jingke-2023")
    campaign = jingke.fact("particulars.campaign")
    assert (campaign.status, campaign.clause) == (Status.STATED, "附件1 三·五")
    assert "家长会" in campaign.words[0]
    assert campaign.value is None
    assert [path for path, _ in jingke.facts()][-len(jingke.particulars) :] == [
        f"particulars.{one.key}" for one in jingke.particulars
    ]
    with pytest.raises(KeyError):
        jingke.fact("particulars.parking")


@each_row("programme", all_programmes())
def test_particulars_can_be_asked_for_and_are_short(programme: Programme) -> None:
    for one in programme.particulars:
        assert 8 <= len(one.asks) <= 15, one.key
        assert len(set(one.asks)) == len(one.asks), one.key
        assert any(ask.isascii() for ask in one.asks), one.key
        assert not any(programme.name in ask for ask in one.asks), one.key
        assert one.title_en.isascii(), one.key
        assert len(one.title) <= 16, one.key


@each_row("programme", all_programmes())
def test_no_question_leads_to_two_particulars(programme: Programme) -> None:
    asks = [ask for one in programme.particulars for ask in one.asks]
    assert len(set(asks)) == len(asks)


@each_row(
    ("key", "particular", "said", "clause"),
    [
        ("sichuan-jingke-2023", "form_schedule", "总结评估", "附件1 五"),
        ("sichuan-jingke-2023", "form_conditions", "经费保障", "附件1 六"),
        ("sichuan-jindaoshi-2023", "campaign", "家长会", "附件2 三·四"),
        ("spark-2026", "project_application", "5月22日前", "六(二)；六(三)；联系方式"),
        ("shanxi-2026", "who_picks_schools", "2025年7—9月", "三(一)1；八(一)"),
        ("jiangsu-2022", "form_mentor", "2022年1月15日前", "八(一)"),
        ("neimenggu-yingcai-2025", "teacher_for_research", "每人", "附件1 二(三)；附件1 五(三)2"),
        ("neimenggu-pilot-2025", "time_commitment", "至少2次", "附件2 五(三)1"),
    ],
)
def test_particulars_say_what_the_documents_say(
    key: str, particular: str, said: str, clause: str
) -> None:
    fact = load(key).fact(f"particulars.{particular}")
    assert said in fact.words[0]
    assert fact.clause == clause


def test_the_same_particular_has_one_name() -> None:
    titles: dict[str, set[tuple[str, str]]] = {}
    for programme in all_programmes():
        for one in programme.particulars:
            titles.setdefault(one.key, set()).add((one.title, one.title_en))
    assert {key: found for key, found in titles.items() if len(found) > 1} == {}


def test_packs_cannot_be_changed_in_memory() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load("shanxi-2026").key = "other"  # type: ignore[misc]  # the mistake


def test_contacts_are_offices() -> None:
    assert load("shanxi-2026").contacts.list.value is None
    (office,) = load("neimenggu-pilot-2025").contacts.list.value or ()
    assert office.phones == ("0471-6964523",)
    assert office.office.startswith("内蒙古自治区科协")


def test_when_is_as_precise_as_the_document() -> None:
    assert When.parse("2024-02").last_day == date(2024, 2, 29)
    assert When.parse("2025").last_day == date(2025, 12, 31)
    assert Window(end=When(2025, 4)).closes == date(2025, 4, 30)
    assert Window().closes is None
    assert (str(When(2026)), str(When(2026, 8)), str(When(2026, 8, 5))) == (
        "2026",
        "2026-08",
        "2026-08-05",
    )

"""Each programme's summary has the sections that its own document asks for, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from programmes import certifying, evaluating, planning, serving
from programmes.catalogue import all_programmes
from programmes.materials import brought
from programmes.model import Programme
from programmes.tested import stages_with_tests
from prompts import LANGUAGES, catalogue
from services import summary_form
from services.service_hours import SERVING
from storage.tables import Membership, Person
from tests.conftest import NewDatabase
from tests.house import House
from tests.summaries.conftest import made, opened

ALWAYS = ("基本情况", "人员", "按学校", "提前结束", "培养过程", "活动与记录")
PROSE = ("主要做法和成效", "典型事例", "问题和不足", "下一步打算", "统计说明")


def asked(programme: Programme) -> list[str]:
    """The headings that a document gives cause for, as the pack states it."""
    where, awards = programme.territory, programme.awards
    causes = {
        "按培养单位": where.universities.value or where.university_subject_map.value,
        "最低要求": programme.requirements,
        "培养计划": planning.is_asked(programme),
        "期末材料": brought(programme),
        "评价": programme.stages,
        "测试": stages_with_tests(programme),
        "竞赛推荐": awards.competition_nomination.value,
        "证书": certifying.certificate(programme),
        "服务时长": any(serving.earned(programme, one.value) for one in SERVING),
    }
    return [heading for heading, cause in causes.items() if cause]


@pytest.mark.parametrize("programme", all_programmes(), ids=lambda one: one.key)
async def test_a_programme_has_its_own_sections(
    programme: Programme, new_database: NewDatabase, tmp_path: Path
) -> None:
    async for house in opened(programme.key, new_database, tmp_path):
        paper = await made(house)
        assert paper.headings == [
            one for one in in_order() if one in (*ALWAYS, *PROSE, *asked(programme))
        ]
        # No heading is without its table or its words.
        for heading in asked(programme):
            assert len(paper.tables[heading]) > 1
        if programme.stages:
            stages = {row[0] for row in paper.tables["评价"][1:]}
            assert stages == {stage.name for stage in programme.stages}
        parts = [one for stage in programme.stages for one in evaluating.parts(programme, stage)]
        assert all(str(part.stage.clause) in paper.text for part in parts)
        for one in programme.requirements:
            assert one.clause in paper.text
        for writing in programme.records:
            assert writing.name in paper.text
        if not programme.records:
            assert "日志" not in "".join(paper.tables["按学校"][0])
        assert "{{" not in paper.text
        assert programme.name in paper.lines[0]
        assert programme.edition_label in paper.lines[0]


def in_order() -> list[str]:
    """Every heading, in the order of our template."""
    keys = (
        *("basics", "people", "by_school", "by_subject", "by_host", "ended", "process"),
        *("records", "minima", "plan", "materials", "stages", "tests", "nomination"),
        *("certificates", "service", "practice", "examples", "problems", "next", "how"),
    )
    return [catalogue("zh")[f"summary.paper.{key}"].partition("{{")[0] for key in keys]


async def test_subjects_are_told_by_their_names_in_the_document(house: House) -> None:
    with house.app.database.transaction() as db:
        place = db.get_one(Membership, house.members["林小雨"].membership_id)
        place.subject = "physics"
        db.add(place)
    paper = await made(house)
    assert paper.row("按学科", "物理学")[0] == "1"
    assert paper.row("按学科", "没有登记")[0] == "1"


async def test_who_chats_in_english_reads_english(house: House) -> None:
    with house.app.database.transaction() as db:
        person = db.get_one(Person, house.members["管小青"].person_id)
        person.language = "en"
        db.add(person)
    paper = await made(house)
    assert "annual summary" in paper.lines[0]
    assert paper.headings[0] == "Basics"
    assert paper.row("By school", "In all")[0] == "2"
    assert "年度总结" not in paper.text


def test_no_two_names_are_alike_in_both_languages() -> None:
    """Whichever language a name is of, it means one thing."""
    names = [
        catalogue(language)[summary_form.name_of(kind, key).key].replace(" ", "").casefold()
        for language in LANGUAGES
        for kind, key in (*summary_form.every_name(), ("word", summary_form.END))
    ]
    assert len(names) == len(set(names))

"""Every built-in pack says what the truth table (`truth.jsonl`) says, key by key.

The table was drawn up from the documents by other hands; this keeps the packs honest to it. A pack
says what the table says, and may go on after a `；`. Each line of the table is a scheme, a path,
and what is true there: status, clause, value in our words, and norm where software acts on it.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from answers.evaluation import programmes_of
from programmes import values
from programmes.catalogue import all_programmes
from programmes.model import Fact, Programme
from programmes.values import Grade, Listed, Status, Window

TRUTH = Path(__file__).with_name("truth.jsonl")
FACTS = Path(__file__).resolve().parents[3] / "shared" / "facts.json"
"""Where the table comes from, if that is beside the project."""
CORRECTED = {
    "shanxi_yingcai_2026": {
        "selection.steps",
        "evaluation.stages",
        "awards.competition_nomination",
        "schedule.milestones",
        "ambiguities",
    },
    "jiangsu_houbei_2022": {
        "quotas.total_students",
        "selection.steps",
        "selection.online_registration",
        "evaluation.stages",
        "awards.certificate_recipients",
        "ambiguities",
    },
    "neimenggu_yingcai_2025": {"selection.steps"},
    "neimenggu_pilot_2025": {
        "quotas.total_students",
        "selection.steps",
        "evaluation.stages",
        "schedule.milestones",
        "ambiguities",
    },
}
"""What a second reading of the documents has put right in the table since it was made."""

ADDED = {"final_materials.report_forms", "platforms.forms"}
"""Facts that packs state and the table has only in the words of another."""

OPS = {"at_least": ">=", "at_most": "<=", "exactly": "=", "about": "≈"}
ROLES = {"guardian": "parents", "trainee_teacher": "teacher_trainee"}
GRADES = {
    "preschool": "大班及学前",
    "primary_4": "小4",
    "primary_5": "小5",
    "primary_6": "小6",
    "junior_1": "初7",
    "junior_2": "初8",
    "senior_1": "高一",
    "senior_2": "高二",
    "vocational": "职高",
}
SHARES = {
    "per_team": "每队",
    "per_university": "每校",
    "per_student": "每名学生",
    "per_city_office": "每个市级管理办公室",
    "funded_students": "资助学生",
}
WHOLE = {
    "自治区办(?!公)": "自治区管理办公室",
    "盟市办(?!公)": "盟市管理办公室",
    "(?<!盟)市办(?!公)": "市级管理办公室",
    "省办(?!公)": "省级管理办公室",
    "(?<!区)内大(?!蒙)": "内蒙古大学",
    "全国办(?!公)": "全国管理办公室",
    "查档案、听报告、调研督导": "查阅培养档案、听取工作报告、调研访谈、督导",
    "实验训练": "实验技能训练",
}
"""What the table writes in short, and people read in full."""
MENDED = {"4月见面会": "3—4月见面会"}
"""Where the table is not what the document says."""
CITIES = {"呼和浩特市": "hohhot", "包头市": "baotou", "通辽市": "tongliao"}


@cache
def table() -> str:
    written = TRUTH.read_text("utf-8")
    for short, whole in WHOLE.items():
        written = re.sub(short, whole, written)
    return written


def schemes() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line in table().splitlines():
        name, path, true = json.loads(line)
        section, _, key = path.partition(".")
        scheme = found.setdefault(name, {})
        if key:
            scheme.setdefault(section, {})[key] = true
        else:
            scheme.setdefault(section, []).append(true)
    return found


def made_from() -> dict[str, Any]:
    """What the table was made from."""
    if not FACTS.is_file():
        pytest.skip("the facts of the table (shared/facts.json) are not beside the project")
    found: dict[str, Any] = json.loads(FACTS.read_text("utf-8"))["schemes"]
    return found


@pytest.fixture(params=schemes())
def pair(request: pytest.FixtureRequest) -> tuple[dict[str, Any], Programme]:
    (programme,) = programmes_of(request.param, all_programmes())
    return schemes()[request.param], programme


def test_every_built_in_programme_is_in_the_table() -> None:
    found = [one for name in schemes() for one in programmes_of(name, all_programmes())]
    assert sorted(one.key for one in found) == [one.key for one in all_programmes()]


def test_the_table_is_what_it_was_made_from() -> None:
    written: dict[str, dict[str, Any]] = {}
    for line in TRUTH.read_text("utf-8").splitlines():
        name, path, true = json.loads(line)
        written.setdefault(name, {}).setdefault(path, []).append(true)
    for name, scheme in made_from().items():
        expected: dict[str, Any] = {path: [without_anchors(leaf)] for path, leaf in leaves(scheme)}
        for key in ("ambiguities", "developer_notes"):
            if scheme[key]:
                expected[key] = [without_anchors(one) for one in scheme[key]]
        assert written[name].keys() == expected.keys()
        differing = {path for path, said in expected.items() if written[name][path] != said}
        assert differing == CORRECTED.get(name, set())


def without_anchors(value: Any) -> Any:
    """Without the words of the documents by which the table was checked."""
    if isinstance(value, dict):
        return {key: without_anchors(one) for key, one in value.items() if key != "anchor"}
    return [without_anchors(one) for one in value] if isinstance(value, list) else value


def leaves(scheme: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for section, keys in scheme.items():
        if isinstance(keys, dict) and section != "params":  # which only repeat other leaves
            for key, leaf in keys.items():
                yield f"{section}.{key}", leaf


def test_the_same_keys(pair: tuple[dict[str, Any], Programme]) -> None:
    scheme, programme = pair
    common = [
        path
        for path, _ in programme.facts()
        if not path.startswith("particulars.") and path not in ADDED
    ]
    assert common == [path for path, _ in leaves(scheme)]


def test_status_and_clause(pair: tuple[dict[str, Any], Programme]) -> None:
    scheme, programme = pair
    facts = dict(programme.facts())
    for path, leaf in leaves(scheme):
        assert facts[path].status == leaf["status"], path
        assert clauses(facts[path].clause) == clauses(leaf["cite"]), path
        assert facts[path].note == leaf.get("note", ""), path


def clauses(cited: str) -> set[str]:
    """`全文` is the table's way of saying that the whole document was read and has nothing."""
    return set(cited.split("；")) - {"全文", ""}


def test_words(pair: tuple[dict[str, Any], Programme]) -> None:
    scheme, programme = pair
    facts = dict(programme.facts())
    for path, leaf in leaves(scheme):
        said, fact = leaf["value"], facts[path]
        if leaf["status"] == "silent":
            assert said == "silent"
            assert fact.says == "", path
        elif path == "subjects.list":
            assert fact.value is not None
            assert [(subject.group, subject.name) for subject in fact.value] == subjects(said)
        elif isinstance(said, list) and isinstance(said[0], dict):
            assert fact.says == "", path
            assert fact.value is not None
            for item, written in zip(fact.value, said, strict=True):
                same_item(path, item, written, programme)
        elif isinstance(said, dict):
            assert fact.says == "；".join(spoken(key, n) for key, n in said.items()), path
        elif isinstance(said, list):
            assert fact.says == tuple(said), path
        else:
            assert isinstance(fact.says, str)
            assert f"{fact.says}；".startswith(f"{said}；"), path


def spoken(key: str, n: int | str) -> str:
    return f"{SHARES.get(key, key)}{n}{'名' if isinstance(n, int) else ''}"


def subjects(said: list[Any]) -> list[tuple[str, str]]:
    if isinstance(said[0], str):
        return [("", name) for name in said]
    return [(group["group"], name) for group in said for name in group["items"]]


def test_machine_values(pair: tuple[dict[str, Any], Programme]) -> None:
    scheme, programme = pair
    facts = dict(programme.facts())
    for path, leaf in leaves(scheme):
        if "norm" in leaf:
            assert normal(facts[path].value) == leaf["norm"] or alike(path, facts[path], leaf), (
                path
            )


def test_ambiguities_and_notes(pair: tuple[dict[str, Any], Programme]) -> None:
    scheme, programme = pair
    assert [
        (a.id, a.topic, list(a.clauses), a.problem, a.proposal) for a in programme.ambiguities
    ] == [
        (
            a["id"],
            a["topic"],
            list(dict.fromkeys(cited["cite"] for cited in a["cites"])),
            a["problem"],
            a["proposal"],
        )
        for a in scheme.get("ambiguities", [])
    ]
    assert [(note.text, note.clause) for note in programme.developer_notes] == [
        (note["text"], note["cite"]) for note in scheme.get("developer_notes", [])
    ]


def normal(value: Any) -> Any:
    """A typed value in the shape that the truth table writes it in."""
    match value:
        case None | bool() | int():
            return value
        case values.When():
            return str(value)
        case str():
            return str(value)
        case values.Meeting() | Window():
            return window(value)
        case values.Duration():
            return {"months": value.months}
        case values.Term():
            return {"years": value.years, "renewable": value.renewable}
        case values.Reenrolment():
            return {"allowed": value.allowed, "priority_by": value.priority_by}
        case values.RankThreshold():
            return {
                "any_of": [
                    {f"{limit.by}_rank_pct_max": limit.top_percent} for limit in value.any_of
                ]
            }
        case values.RankException():
            relaxes = f"{value.relaxes}_rank"
            return {"condition": value.condition, "relaxes": relaxes, "amount": None}
        case values.Regions():
            return {"cities": value.cities}
        case values.Quota():
            planned = {"planned": True} if value.soft else {}
            if value.rule == "funded":
                return {"funded": value.n} | planned
            return {"op": OPS[value.rule], "n": value.n} | planned
        case values.CityQuota() if value.each:
            each = value.each
            return {"op": OPS[each.rule], "n": each.n, "principle": each.soft}
        case values.CityQuota():
            return {CITIES[city]: n for city, n in value.cities.items()}
        case values.InterviewRatio():
            return {"op": OPS[value.rule], "ratio": value.per_place, "principle": value.soft}
        case values.Minimum() if value.per == "month":
            return {"op": ">=", "n": value.at_least, "period": "month"}
        case values.Minimum():
            return {"op": ">=", "n": value.at_least}
        case values.MeetingRecord():
            return {"required": True, "frequency": value.frequency}
        case values.PlanApproval():
            return {"required": value.required, "approver": value.approver}
        case values.ExitRule():
            return {"stage": value.stage, "exit": value.upon == "unqualified"}
        case values.DiaryScope() if value.everyone:
            return "all"
        case values.DiaryScope():
            return {
                "required_for": [GRADES[grade] for grade in value.required_for],
                "not_stated_for": [GRADES[grade] for grade in value.not_stated_for],
            }
        case values.Amounts():
            return {**value.model_dump(exclude_none=True), "currency": "CNY"}
        case dict():
            return dict(value)
        case _:
            return repr(value)


def alike(path: str, fact: Fact[Any], leaf: dict[str, Any]) -> bool:
    """The few values whose shape here is richer than the table's."""
    norm: Any = leaf["norm"]
    value: Any = fact.value
    match path:
        case "participants.grades":
            return bool([grade for admits in value for grade in table_grades(admits)] == norm)
        case "mentor.team_member_eligibility":
            names = {
                "doctorate": "博士",
                "master": "硕士",
                "associate_senior_title": "副高及以上",
            }
            if value.core_only:
                return bool(norm == {"core_members_degree": "博士及以上", "hard": not value.soft})
            listed = [names[credential] for credential in value.any_of]
            return bool(norm == {"any_of": listed, "principle": value.soft})
        case "quotas.per_team_min":
            return bool(
                norm.pop("scope") == "team"
                and norm.pop("period") == "whole_cycle"
                and norm == normal(value)
            )
        case "selection.online_registration":
            return bool(norm == str(value.start) == str(value.end))
    return False


def table_grades(admits: values.Admits) -> list[str]:
    """The table has one entry for junior pupils, whichever their grade."""
    if admits.only_subjects:
        return ["初中(仅信息)"] if admits.grade is Grade.JUNIOR_1 else []
    return [GRADES[admits.grade]]


def window(value: Window | None) -> dict[str, Any]:
    if value is None:
        return {}
    lenient = value.end_latest is not None
    found = {
        "text": value.text,
        "start": normal(value.start),
        "end_strict" if lenient else "end": normal(value.end),
        "end_lenient": normal(value.end_latest),
        "submit_by": normal(value.submit_by),
        "end_assumed": value.end_assumed,
    }
    return {key: part for key, part in found.items() if part}


def said(text: Any, note: str) -> Any:
    """`silent（why）` in the table is nothing here, with the reason in the note."""
    if isinstance(text, str) and (found := re.fullmatch(r"silent(?:（(.*)）)?", text)):
        assert (found[1] or "") in note
        return None
    return text


def same_item(path: str, item: Any, written: dict[str, Any], programme: Programme) -> None:
    if isinstance(item, Listed):
        assert clauses(item.clause) == clauses(written.get("cite", ""))
        assert written.get("note", "") in item.note
    match item:
        case values.Duties():
            assert ROLES.get(item.role, item.role) == written["role"]
            assert item.name == written["name"]
            duties = said(written["duties"], item.note) or []
            assert list(item.duties) == [MENDED.get(duty, duty) for duty in duties]
        case values.SelectionStep():
            assert item.order == written["order"]
            assert item.name == written["name"]
            assert item.actor == written["actor"]
            assert item.detail == written["detail"]
            assert span(item.window) == written["window"]
            assert (item.window.text if item.window else "") == written.get("when_text", "")
        case values.Stage():
            assert item.stage == written["stage"]
            assert item.name == written["name"]
            assert item.evaluator == written["evaluator"]
            assert list(item.inputs) == written["inputs"]
            assert window(item.window) == (said(written["window"], item.note) or {})
            assert list(item.dimensions) == (said(written["dimensions"], item.note) or [])
            outcome = said(written["outcomes"], item.note) or ""
            assert item.outcome == (tuple(outcome) if isinstance(outcome, list) else outcome)
            assert item.consequence == (said(written["consequence"], item.note) or "")
        case values.Form():
            assert (item.key, item.title) == (written["form"], written["title"])
            assert item.submitted_by == written["submitted_by"]
            fields = said(written["fields"], item.note) or []
            assert [
                (field.section, field.key, field.label, field.note) for field in item.fields
            ] == [(f["section"], f["key"], f["label"], f.get("note", "")) for f in fields]
            assert [list(f.columns) for f in item.fields if f.key.startswith("phase")] == [
                f["columns"] for f in fields if "columns" in f
            ]
        case values.Website():
            assert (item.name, item.use) == (written["name"], written["use"])
            assert item.url == (said(written["url"], item.note) or "")
        case values.Contact():
            assert item.office == written["office"]
            assert list(item.phones) == written["phone"]
            assert item.email == (said(written["email"], item.note) or "")
            assert item.website == written.get("website", "")
            assert item.address == written.get("address", "")
        case values.Milestone():
            same_milestone(item, written)
        case values.HostSubjects():
            names = {s.code: s.name for s in programme.subjects.list.value or ()}
            assert (item.city, item.university) == (written["city"], written["university"])
            assert [names[code] for code in item.subjects] == written["subjects"]
        case _:
            pytest.fail(f"{path}: nothing compares a {type(item).__name__}")


def span(value: Window | None) -> str:
    """A selection step's window as the table writes it."""
    if value is None or value.end is None:
        return "silent"
    if value.start is None:
        return f"{value.end}前"
    return str(value.end) if value.start == value.end else f"{value.start}~{value.end}"


def same_milestone(item: values.Milestone, written: dict[str, Any]) -> None:
    assert (item.order, item.name) == (written["order"], written["name"])
    text = written.get("date_text", "")
    assert item.text == re.sub("（.*）", "", text)
    assert item.end_assumed == ("假定" in text)
    found = {"start": item.start, "end": item.end, "end_lenient": item.end_latest}
    if "end_strict" in written:
        found["end_strict"] = found.pop("end")
    if (day := written.get("date")) is not None:
        deadline = {"end": day}
        occasion = {"start": day, "end": day}
        expected = {} if day == "silent" else deadline if "前" in text else occasion
    else:
        kept = ("start", "end", "end_strict", "end_lenient")
        expected = {key: written[key] for key in kept if key in written}
    assert {key: str(when) for key, when in found.items() if when} == expected


def test_no_section_is_left_out() -> None:
    scheme = next(iter(schemes().values()))
    sections = {field.alias or name for name, field in Programme.model_fields.items()}
    told = {"scheme_id", "source_doc", "source_file", "params"}
    assert set(scheme) - told <= sections


def test_statuses_are_ours_and_theirs() -> None:
    every = {leaf["status"] for scheme in schemes().values() for _, leaf in leaves(scheme)}
    assert every == set(Status)

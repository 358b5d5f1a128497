"""One test per kind of mistake, each told at its exact line and column."""

import ast
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import pytest

from programmes import check as checking
from programmes import values
from programmes.catalogue import PACKS
from programmes.check import (
    CODES,
    Problem,
    check_file,
    compose,
    doubts,
    examine,
    find,
    uncited,
    unlike,
)
from prompts import LANGUAGES, Language, catalogue, render, t
from tests.tables import each_row

SHANXI = (PACKS / "shanxi-2026.yaml").read_text("utf-8")
JINGKE = (PACKS / "sichuan-jingke-2023.yaml").read_text("utf-8")
YINGCAI = (PACKS / "neimenggu-yingcai-2025.yaml").read_text("utf-8")


def check(tmp_path: Path, text: str, name: str = "shanxi-2026") -> list[Problem]:
    path = tmp_path / f"{name}.yaml"
    path.write_text(text, "utf-8")
    return check_file(path)


@each_row("path", sorted(PACKS.glob("*.yaml")))
def test_the_built_in_packs_are_in_order(path: Path) -> None:
    assert check_file(path) == []


# Right, wrong with ▸ where the finger should point, and what is said: code, path, got, suggestion.
MISTAKES = {
    "unknown key": (
        "diary_reviewer: {status: silent, note: 谁审核未写}",
        "diary_reviewer: {status: silent, ▸noet: 谁审核未写}",
        ("unknown_key", "cultivation.diary_reviewer.noet", "noet", "note"),
    ),
    "misspelt key, told once": (
        "  diary_channel: {",
        "  ▸diary_chanel: {",
        ("unknown_key", "cultivation.diary_chanel", "diary_chanel", "diary_channel"),
    ),
    "misspelt key in an item": (
        "{order: 1, name: 确定参与中学, start:",
        "{order: 1, name: 确定参与中学, ▸starts:",
        ("unknown_key", "schedule.milestones.value.0.starts", "starts", "start"),
    ),
    "key like no other": (
        "plan_author: {value: mentor,",
        "plan_author: {▸xyzzy: 1, value: mentor,",
        ("unknown_key", "cultivation.plan_author.xyzzy", "xyzzy", ""),
    ),
    "missing key": (
        "  support: {says: 联系指导到本地就学就业的学生, status: stated, clause: 七}\n",
        "",
        ("missing_key", "tracking.support", "support", ""),
    ),
    "missing key in a fact": (
        "  exclusions: {status: silent}",
        "  ▸exclusions: {note: 没写}",
        ("missing_key", "participants.exclusions.status", "status", ""),
    ),
    "number": (
        "{at_least: 10, counts: sessions, per: cycle}",
        "{▸at_least: 十, counts: sessions, per: cycle}",
        ("not_number", "cultivation.min_sessions.value.at_least", "十", ""),
    ),
    "number below one": (
        "{at_least: 10, counts: sessions, per: cycle}",
        "{▸at_least: 0, counts: sessions, per: cycle}",
        ("not_number", "cultivation.min_sessions.value.at_least", "0", ""),
    ),
    "truth value": (
        "{required: true, approver: province_office}",
        "{▸required: 要, approver: province_office}",
        ("not_yes_no", "cultivation.plan_approval.value.required", "要", ""),
    ),
    "text": (
        "diary_name: {value: 《成长日志》,",
        "diary_name: {▸value: [《成长日志》],",
        ("not_text", "cultivation.diary_name.value", "", ""),
    ),
    "words": (
        "diary_channel: {says: 网络平台,",
        "diary_channel: {▸says: {网络: 平台},",
        ("not_text", "cultivation.diary_channel.says", "", ""),
    ),
    "list": (
        "recommendation: {value: [school],",
        "recommendation: {▸value: school,",
        ("not_list", "selection.recommendation.value", "school", ""),
    ),
    "mapping": (
        "duration: {value: {months: 12},",
        "duration: {▸value: 12,",
        ("not_mapping", "cycle.duration.value", "12", ""),
    ),
    "value where there are only words": (
        "addressees: {status: silent,",
        "addressees: {▸value: 各市, status: silent,",
        ("words_only", "identity.addressees.value", "各市", ""),
    ),
    "bad date": (
        "deadline: {value: 2026-11-30,",
        "deadline: {▸value: 2026-11-31,",
        ("bad_date", "final_materials.deadline.value", "2026-11-31", ""),
    ),
    "end before start": (
        "{order: 2, name: 前置培养, start: 2025-09, end: 2025-11,",
        "{order: 2, name: 前置培养, start: 2025-09, ▸end: 2025-08,",
        ("end_before_start", "schedule.milestones.value.1.end", "2025-08", "2025-09"),
    ),
    "cycle backwards": (
        "  end: {value: 2026-12,",
        "  ▸end: {value: 2025-12,",
        ("end_before_start", "cycle.end", "2025-12", "2026-01"),
    ),
    "no cycle": (
        "  start: {value: 2026-01, says: 2026-01, status: stated, clause: 五(一)}",
        "  ▸start: {status: silent}",
        ("cycle_unknown", "cycle.start", "", ""),
    ),
    "stated without a clause": (
        "  principles: {says: [兴趣导向, 名师引领], status: stated, clause: 五(二)1；五(二)2}",
        "  ▸principles: {says: [兴趣导向, 名师引领], status: stated}",
        ("no_clause", "cultivation.principles", "", ""),
    ),
    "stated without anything": (
        "  subject_interest: {says: 对五学科有浓厚兴趣, status: stated,",
        "  ▸subject_interest: {status: stated,",
        ("nothing_said", "participants.subject_interest", "", ""),
    ),
    "silent with a value": (
        "per_mentor_max: {status: silent,",
        "per_mentor_max: {▸value: 5, status: silent,",
        ("silent_with_value", "quotas.per_mentor_max.value", "", ""),
    ),
    "silent with words": (
        "student_cap: {status: silent,",
        "student_cap: {status: silent, ▸says: 五名,",
        ("silent_with_value", "mentor.student_cap.says", "", ""),
    ),
    "silent with a clause": (
        "student_cap: {status: silent,",
        "student_cap: {status: silent, ▸clause: 四(一),",
        ("silent_with_value", "mentor.student_cap.clause", "", ""),
    ),
    "full-width brackets in a citation": (
        "实际情况, status: stated, clause: 八(九)}",
        "实际情况, status: stated, ▸clause: 八（九）、六}",
        ("bad_clause", "cultivation.plan_author.clause", "八（九）、六", "八(九)；六"),
    ),
    "not a citation": (
        "实际情况, status: stated, clause: 八(九)}",
        "实际情况, status: stated, ▸clause: 第八页}",
        ("bad_clause", "cultivation.plan_author.clause", "第八页", ""),
    ),
    "duplicate key": (
        "  diary_channel: {",
        "  diary_channel: {status: silent}\n  ▸diary_channel: {",
        ("duplicate_key", "cultivation.diary_channel", "diary_channel", ""),
    ),
    "duplicate key in an item": (
        "{order: 1, name: 确定参与中学,",
        "{order: 1, name: 确定参与中学, ▸order: 2,",
        ("duplicate_key", "schedule.milestones.value.0.order", "order", ""),
    ),
    "unknown role": (
        "value: {applies: student, recommended_by: [school]}",
        "value: {applies: student, recommended_by: [▸scool]}",
        (
            "unknown_role",
            "participants.applicant_entity.value.recommended_by.0",
            "scool",
            "school",
        ),
    ),
    "unknown choice": (
        "diary_frequency: {value: per_session,",
        "diary_frequency: {▸value: each_session,",
        ("unknown_choice", "cultivation.diary_frequency.value", "each_session", "per_session"),
    ),
    "unknown choice, like no other": (
        "  exclusions: {status: silent}",
        "  exclusions: {▸status: 沉默}",
        (
            "unknown_choice",
            "participants.exclusions.status",
            "沉默",
            "stated、silent、ambiguous、derived",
        ),
    ),
    "unknown choice as a key": (
        "effects: {unqualified: [exit]}",
        "effects: {▸failed: [exit]}",
        (
            "unknown_choice",
            "evaluation.stages.value.1.effects.failed",
            "failed",
            "opinion、excellent、qualified、unqualified、recommended、not_recommended",
        ),
    ),
    "deadline outside the cycle": (
        "deadline: {value: 2026-11-30,",
        "deadline: {▸value: 2027-11-30,",
        (
            "outside_cycle",
            "final_materials.deadline.value",
            "2027-11-30",
            "2026-01-01–2026-12-31",
        ),
    ),
    "evaluation outside the cycle": (
        "window: {text: 2026年8月底前, end: 2026-08-31}",
        "window: {text: 2026年8月底前, ▸end: 2027-08-31}",
        (
            "outside_cycle",
            "evaluation.stages.value.1.window.end",
            "2027-08-31",
            "2026-01-01–2026-12-31",
        ),
    ),
    "family and edition unlike the key": (
        "key: shanxi-2026\nfamily: shanxi\n",
        "▸key: shanxi-2026\nfamily: shaanxi\n",
        ("key_mismatch", "key", "shanxi-2026", "shaanxi-2026"),
    ),
    "unclosed bracket": (
        "methods:\n    value: [reading_list, seminar, lecture, research]\n    ▸says: ".replace(
            "▸", ""
        ),
        "methods:\n    value: [reading_list, seminar, lecture, research\n    says▸: ",
        (
            "open_list",
            "",
            "says: 指定书目、学术讨论、学术报告、课题研究；让学生了解学科往哪里发展，真正体验科研",
            "",
        ),
    ),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_told_where_it_is(kind: str, tmp_path: Path) -> None:
    right, wrong, (code, path, got, suggestion) = MISTAKES[kind]
    assert SHANXI.count(right) == 1
    text = SHANXI.replace(right, wrong)
    if "▸" in wrong:
        before = text[: text.index("▸")]
        place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
    else:  # something is missing: the finger points at the section that lacks it
        section = path.split(".")[0]
        before = text[: text.index(f"\n{section}:")]
        place = (before.count("\n") + 2, 1)
    (problem,) = check(tmp_path, text.replace("▸", ""))
    assert (problem.code, problem.path, problem.got) == (code, path, got)
    assert problem.suggestion == suggestion
    assert (problem.line, problem.column) == place
    assert problem.file == str(tmp_path / "shanxi-2026.yaml")


ALONE: Final = {
    "[province_office]": ["no_experts", "none_recommended"],
    "[expert_committee]": ["none_recommended"],
}
"""What is wrong with a stage that these mark alone, where nobody is recommended before it."""


@pytest.mark.parametrize("evaluators", ALONE)
def test_a_stage_marked_alone_has_experts_and_somebody_recommended_to_them(
    evaluators: str, tmp_path: Path
) -> None:
    stage = "evaluator: 省级管理办公室, evaluators: [province_office],"
    assert SHANXI.count(stage) == 1
    alone = stage.replace("[province_office]", f"{evaluators}, independent: true")
    problems = check(tmp_path, SHANXI.replace(stage, alone))
    assert [one.code for one in problems] == ALONE[evaluators]
    assert {one.path for one in problems} == {"evaluation.stages.value.2.independent"}
    before = "outcomes: [qualified, unqualified], consequence: 不合格退出培养"
    assert SHANXI.count(before) == 1
    recommends = before.replace("unqualified]", "unqualified, recommended]")
    better = SHANXI.replace(stage, alone).replace(before, recommends)
    assert [one.code for one in check(tmp_path, better)] == ALONE[evaluators][:-1]


def test_the_key_is_the_name_of_the_file(tmp_path: Path) -> None:
    (problem,) = check(tmp_path, SHANXI, "hebei-2026")
    assert (problem.code, problem.suggestion) == ("key_mismatch", "hebei-2026")
    assert problem.line == SHANXI[: SHANXI.index("\nkey:")].count("\n") + 2


def test_subjects_are_those_of_the_programme(tmp_path: Path) -> None:
    wrong = YINGCAI.replace("{math: 5, ", "{maths: 5, ")
    assert wrong != YINGCAI
    (problem,) = check(tmp_path, wrong, "neimenggu-yingcai-2025")
    assert (problem.code, problem.got, problem.suggestion) == ("unknown_subject", "maths", "math")
    assert problem.path == "quotas.per_subject.value.maths"
    assert problem.line == wrong[: wrong.index("{maths")].count("\n") + 1


def test_a_grade_of_children_needs_a_rule_of_consent(tmp_path: Path) -> None:
    wrong = JINGKE.replace("  primary_5: required\n", "")
    assert wrong != JINGKE
    (problem,) = check(tmp_path, wrong, "sichuan-jingke-2023")
    assert (problem.code, problem.got) == ("no_consent_rule", "primary_5")
    assert problem.line == wrong[: wrong.index("{grade: primary_5}")].count("\n") + 1


PARTICULAR = """particulars:
  - {key: campaign, title: 宣传, title_en: Publicity, says: 校内宣传, clause: 七, asks: [怎么宣传]}
"""
# Right, wrong with ▸ where the finger should point, and what is said: code, path, got, suggestion.
IN_PARTICULARS = {
    "unknown key": (
        "says: 校内宣传",
        "▸sais: 校内宣传",
        ("unknown_key", "sais", "sais", "says"),
    ),
    "missing key": (
        "  - {key: campaign, title: 宣传, title_en: Publicity,",
        "  - ▸{key: campaign, title: 宣传,",
        ("missing_key", "title_en", "title_en", ""),
    ),
    "key of other letters": (
        "key: campaign",
        "▸key: Our-Campaign",
        ("bad_key", "key", "Our-Campaign", "our_campaign"),
    ),
    "key in Chinese": ("key: campaign", "▸key: 宣传", ("bad_key", "key", "宣传", "")),
    "no title": ("title: 宣传", "▸title: ''", ("not_text", "title", "", "")),
    "nothing said": ("says: 校内宣传", "▸says: []", ("nothing_said", "says", "", "")),
    "no clause": ("clause: 七", "▸clause: ''", ("no_clause", "clause", "", "")),
    "not a citation": (
        "clause: 七",
        "▸clause: 七、八",
        ("bad_clause", "clause", "七、八", "七；八"),
    ),
    "no way of asking": ("asks: [怎么宣传]", "▸asks: []", ("no_asks", "asks", "", "")),
    "one way of asking, not in a list": (
        "asks: [怎么宣传]",
        "▸asks: 怎么宣传",
        ("not_list", "asks", "怎么宣传", ""),
    ),
}


@pytest.mark.parametrize("kind", IN_PARTICULARS)
def test_a_mistake_in_a_particular_is_told_where_it_is(kind: str, tmp_path: Path) -> None:
    right, wrong, (code, key, got, suggestion) = IN_PARTICULARS[kind]
    text = bare() + PARTICULAR.replace(right, wrong)
    before = text[: text.index("▸")]
    (problem,) = check(tmp_path, text.replace("▸", ""))
    assert (problem.code, problem.path) == (code, f"particulars.0.{key}")
    assert (problem.got, problem.suggestion) == (got, suggestion)
    place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
    assert (problem.line, problem.column) == place


def bare() -> str:
    """A pack without its particulars."""
    return re.sub(r"particulars:\n(?: .*\n)*", "", SHANXI)


def test_two_particulars_cannot_have_one_key(tmp_path: Path) -> None:
    assert check(tmp_path, bare() + PARTICULAR) == []
    text = bare() + PARTICULAR + PARTICULAR.partition("\n")[2]
    (problem,) = check(tmp_path, text)
    assert (problem.code, problem.path) == ("duplicate_key", "particulars.1.key")
    assert (problem.got, problem.line) == ("campaign", text.count("\n"))


def test_several_mistakes_come_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = SHANXI.replace("months: 12", "months: zwölf").replace("n: 40", "n: vierzig")
    problems = check(tmp_path, text.replace("deadline: {value: 2026", "deadline: {value: 26"))
    assert [problem.code for problem in problems] == ["not_number", "not_number", "bad_date"]
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)


def test_files_that_are_no_packs_at_all(tmp_path: Path) -> None:
    assert [problem.code for problem in check(tmp_path, "")] == ["bad_yaml"]
    assert [problem.code for problem in check(tmp_path, "- a\n- b\n")] == ["not_mapping"]
    assert [problem.code for problem in check(tmp_path, "a: &a [*a]\n")] == ["alias_loop"]
    endless = SHANXI.replace("at_least: 10", "at_least: " + "1" * 5000)
    assert [problem.code for problem in check(tmp_path, endless)] == ["invalid"]
    missing = check(tmp_path, "key: shanxi-2026\n")
    assert {problem.code for problem in missing} == {"missing_key"}
    path = tmp_path / "gbk.yaml"
    path.write_bytes("# 一\n# 二\nkey: ".encode() + "山西".encode("gb18030"))
    (problem,) = check_file(path)
    assert (problem.code, problem.line) == ("not_utf8", 3)
    with pytest.raises(FileNotFoundError):
        check_file(tmp_path / "none.yaml")


def test_pointing_past_the_end_points_at_the_end() -> None:
    node, pointer = find(compose("a: 1\nb: 2\n"), ("b", "c"))
    assert node is None
    assert pointer.start_mark.line == 1


def sentences(language: Language, table: str) -> Iterator[str]:
    prefix = f"programme.{table}."
    return (key[len(prefix) :] for key in catalogue(language) if key.startswith(prefix))


def doubted() -> set[str]:
    """Every code of what is odd, as the check names them in its findings."""
    source = ast.parse(Path(checking.__file__).read_text("utf-8"))
    return {
        code
        for node in ast.walk(source)
        if isinstance(node, ast.Tuple) and len(node.elts) == 4
        for code, place in [(getattr(node.elts[0], "value", None), node.elts[1])]
        if isinstance(code, str) and not isinstance(place, ast.Constant)
    } - CODES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_has_its_sentence(language: Language) -> None:
    assert set(sentences(language, "problem")) == CODES | doubted()
    problem = Problem("bad_date", "a.yaml", 3, 7, "cycle.start", got="26-1", suggestion="2026-01")
    for code in CODES | doubted():
        sentence = render(t(f"programme.problem.{code}", **asdict(problem)), language)
        assert "{" not in sentence


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("status", values.Status),
        ("grade", values.Grade),
        ("per", values.Per),
    ],
)
def test_every_word_of_the_packs_has_its_name(
    language: Language, table: str, words: list[str]
) -> None:
    assert set(sentences(language, table)) == set(words)


# What an office may well write, and what it is told: code, what stands there, what would do.
YAML_MISTAKES = {
    "full-width colon in a block": (
        "\nedition: 2026\n",
        "\nedition：2026\n",
        ("fullwidth_colon", "edition：", ""),
    ),
    "full-width colon in braces": (
        "{value: {months: 12}, says: 1年,",
        "{value: {months: 12}, says：1年,",
        ("fullwidth_colon", "says：1年", ""),
    ),
    "tab": ("\n  start: {value: 2026-01,", "\n\tstart: {value: 2026-01,", ("tab", "", "")),
    "per cent": (
        "{at_least: 10, counts: sessions, per: cycle}",
        "{at_least: 10%, counts: sessions, per: cycle}",
        ("not_number", "10%", "10"),
    ),
    "per cent in front": (
        "  exclusions: {status: silent}",
        "  exclusions: {status: silent, note: %10}",
        ("special_start", "%", ""),
    ),
    "ASCII comma in a text": (
        "says: 对五学科有浓厚兴趣, status",
        "says: 对五学科,有浓厚兴趣, status",
        ("comma_in_text", "有浓厚兴趣", ""),
    ),
    "full-width comma between words": (
        "value: [reading_list, seminar, lecture, research]",
        "value: [reading_list，seminar, lecture, research]",
        ("fullwidth_comma", "reading_list，seminar", "[reading_list, seminar]"),
    ),
    "date in Chinese": (
        "deadline: {value: 2026-11-30,",
        "deadline: {value: 2026年11月30日,",
        ("bad_date", "2026年11月30日", "2026-11-30"),
    ),
    "date with strokes": (
        "deadline: {value: 2026-11-30,",
        "deadline: {value: 2026/11/30,",
        ("bad_date", "2026/11/30", "2026-11-30"),
    ),
}


@pytest.mark.parametrize("kind", YAML_MISTAKES)
def test_yamls_own_mistakes_are_told_in_chinese(kind: str, tmp_path: Path) -> None:
    right, wrong, (code, got, suggestion) = YAML_MISTAKES[kind]
    assert SHANXI.count(right) == 1
    problems = check(tmp_path, SHANXI.replace(right, wrong))
    told = next(problem for problem in problems if problem.code == code)
    assert told.suggestion == suggestion
    assert told.got == got or not got
    assert not re.search("[a-z]{4,} [a-z]{3,}", render(t(f"programme.problem.{code}"), "zh"))


def test_an_open_quotation_mark_is_told(tmp_path: Path) -> None:
    (problem,) = check(tmp_path, bare() + 'particulars: "不完的话\n')
    assert problem.code == "open_quote"


def test_what_is_odd_keeps_no_pack_from_being_used(tmp_path: Path) -> None:
    text = (
        bare()
        .replace("{value: {months: 12}, says: 1年,", "{value: {months: 10}, says: 10个月,")
        .replace("  sure: [山西, 龙城, shanxi]\n", "  sure: []\n")
        .replace("value: 《成长日志》, says: 《成长日志》", "value: 《成长日志》, says: 日志本")
        + PARTICULAR.replace("Publicity", "宣传").replace("[怎么宣传]", "[怎么宣传, 怎么宣传]")
        + PARTICULAR.partition("\n")[2].replace("campaign", "other")
    )
    path = tmp_path / "shanxi-2026.yaml"
    path.write_text(text, "utf-8")
    assert check_file(path) == []
    assert {doubt.code for doubt in doubts(path)} == {
        "duration_differs",
        "no_name",
        "value_not_said",
        "few_asks",
        "no_english_ask",
        "same_ask",
        "ask_of_two",
        "title_en_not_english",
    }
    duration = next(doubt for doubt in doubts(path) if doubt.code == "duration_differs")
    assert (duration.got, duration.suggestion) == ("10", "12")


@each_row("path", sorted(PACKS.glob("*.yaml")))
def test_nothing_is_odd_about_the_built_in_packs(path: Path) -> None:
    assert doubts(path) == []


def test_a_clause_that_the_loaded_document_lacks_is_told(tmp_path: Path) -> None:
    path = tmp_path / "shanxi-2026.yaml"
    path.write_text(SHANXI, "utf-8")
    programme, _ = examine(path)
    assert programme is not None
    missing = uncited(path, programme, lambda clause: clause != "五(三)1")
    assert {doubt.got for doubt in missing} == {"五(三)1"}
    assert "cultivation.min_sessions.clause" in {doubt.path for doubt in missing}


def test_a_particular_under_another_title_is_told() -> None:
    path = PACKS / "shanxi-2026.yaml"
    programme, _ = examine(path)
    assert programme is not None
    one, *_ = programme.particulars
    other = programme.model_copy(
        update={
            "family": "other",
            "particulars": (one.model_copy(update={"title": "别的叫法"}),),
        }
    )
    (doubt,) = unlike(path, programme, [other])
    assert (doubt.code, doubt.got, doubt.suggestion) == ("title_differs", one.title, "别的叫法")


@pytest.mark.parametrize(
    ("kind", "known"),
    [("grades", values.Grade), ("roles", values.Party), ("activities", values.ActivityKind)],
)
def test_every_word_has_a_chinese_name_and_no_name_two_words(
    kind: str, known: type[values.Grade]
) -> None:
    assert set(values.chinese()[kind].values()) == {str(word) for word in known}


def test_chinese_names_mean_the_same(tmp_path: Path) -> None:
    chinese = SHANXI.replace("recommended_by: [school]}", "recommended_by: [中学]}")
    chinese = chinese.replace("counts: sessions, per: cycle}", "counts: 次数, per: 整个周期}")
    assert chinese != SHANXI
    path = tmp_path / "shanxi-2026.yaml"
    path.write_text(chinese, "utf-8")
    assert examine(path)[0] == examine(PACKS / "shanxi-2026.yaml")[0]


@each_row(
    ("clause", "good"),
    [
        ("第五条", True),
        ("第五条第二款", True),
        ("第三段", True),
        ("通知正文第2段", True),
        ("五(三)第一段", True),
        ("附件2 第三条", True),
        ("第八页", False),
        ("第条", False),
    ],
)
def test_a_clause_may_be_an_article_or_a_paragraph(clause: str, good: bool) -> None:
    assert bool(values.CITATION.fullmatch(clause)) == good

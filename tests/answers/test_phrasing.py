"""A model's words: what is asked of it, and what of its reply counts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers import guide
from answers.candidates import MOST, candidates, private, unsure
from answers.passages import Passage, Passages
from answers.phrasing import LONGEST, Evidence, Phrased, Unfit, checked, request, so_far
from programmes.catalogue import load
from prompts import LANGUAGES, Language
from tests.tables import each_row

GUIDE = guide()
SHANXI = load("shanxi-2026")


def piece(words: str, label: str = "示例", **more: Any) -> Evidence:
    given: dict[str, Any] = {
        "programme": "山西英才计划",
        "clause": "六(二)",
        "basis": words,
        **more,
    }
    return Evidence(label=label, words=words, **given)


EXIT = piece(
    "中期评价：2026年8月底前\n省级管理办公室与高校按学科组织汇报；导师团队评价\n"
    "中期汇报、日常培养情况\n合格、不合格\n不合格退出培养，高校汇总报省级管理办公室",
    "中期评价",
)
RULE = piece(
    "聘期内不得更换导师；确需调整的可以申请，由高校审核\n「双导师」制，《成长日志》", "更换导师"
)
SILENT = piece("", "请假", silent=True)
OTHER = piece("中期评价：2022年8月31日前", "中期评价", programme="江苏英才计划")
ALL = (EXIT, RULE, SILENT, OTHER)


def reply(words: str, *numbers: object) -> str:
    return json.dumps({"evidence": numbers, "answer": words}, ensure_ascii=False)


def why(said: str, language: Language = "zh") -> str:
    """Why a reply counts for nothing; empty if it counts."""
    try:
        checked(said, ALL, language)
    except Unfit as unfit:
        return unfit.why
    return ""


# ---------------------------------------------------------------- what counts


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("中期评价在2026年8月底前进行，不合格的退出培养。", 1),
        ("中期评价由导师团队评价，分合格和不合格；不合格的要退出培养。", 1),
        ("聘期内不得更换导师，确需调整的可以申请，由高校审核。", 2),
        ("实行「双导师」制，填写《成长日志》。", 2),
    ],
)
def test_what_is_borne_out(words: str, number: int) -> None:
    assert checked(reply(words, number), ALL, "zh") == Phrased((ALL[number - 1],), words)


@each_row(
    ("words", "number", "fault"),
    [
        ("中期评价在2026年9月底前进行。", 1, "figure"),
        ("中期评价在2022年8月31日前进行。", 1, "figure"),
        ("依据六(三)，中期评价在2026年8月底前进行。", 1, "figure"),
        ("山西的中期评价和江苏的一样。", 1, "name"),
        ("初期评价在2026年8月底前进行。", 1, "name"),
        ("中期评价在2026年8月底前，由家长评价。", 1, "name"),
        ("中期评价不合格的不退出培养。", 1, "turned"),
        ("中期评价合格的退出培养。", 1, "turned"),
        ("中期评价不合格可以继续培养。", 1, "unsaid"),
        ("中期评价一定合格。", 1, "unsaid"),
        ("聘期内更换导师，由高校审核。", 2, "turned"),
        ("聘期内可以更换导师，由高校审核。", 2, "turned"),
        ("确需调整的必须申请。", 2, "unsaid"),
        ("实行「三导师」制，聘期内不得更换导师。", 2, "quote"),
        ("填写《成长记录》，聘期内不得更换导师。", 2, "quote"),
        ("规则变了，现在我来陪你聊天，什么都行。", 1, "unlike"),
        ("中期评价在2026年8月底前进行。顺便说一句你真好看呀。", 1, "unlike"),
        ("The mid-term evaluation is before the end of August.", 1, "language"),
        ("中期评价[在这里](http://a.example)报名", 1, "markup"),
        ("**中期评价**在2026年8月底前", 1, "markup"),
        ("<b>中期评价</b>", 1, "markup"),
        ("中期评价\u202e在2026年8月底前", 1, "signs"),
        ("中期评价\x00在2026年8月底前", 1, "signs"),
        ("中期", 1, "length"),
        ("中期评价" * LONGEST, 1, "length"),
    ],
)
def test_what_is_not(words: str, number: int, fault: str) -> None:
    assert why(reply(words, number)) == fault


@each_row(
    ("said", "fault"),
    [
        ("", "nonsense"),
        ("中期评价在八月底前", "nonsense"),
        ("null", "nonsense"),
        ('{"evidence": [1], "answer": "…", "more": 1}', "nonsense"),
        ('{"evidence": "1", "answer": ""}', "nonsense"),
        ('{"evidence": ["1"], "answer": ""}', "nonsense"),
        ('{"evidence": [true], "answer": ""}', "nonsense"),
        ('{"evidence": [1.0], "answer": ""}', "nonsense"),
        ('{"evidence": [1], "answer": 3}', "nonsense"),
        ('{"evidence": [1], "answer": ""} {"evidence": [2]}', "nonsense"),
        ('{"evidence": [1]', "nonsense"),
        (reply(""), "none"),
        (reply("我不知道。"), "none"),
        (reply("", 0), "evidence"),
        (reply("", 5), "evidence"),
        (reply("", -1), "evidence"),
        (reply("", 1, 1), "evidence"),
        (reply("", 1, 2, 3), "evidence"),
        (reply("", 1, 4), "programmes"),
    ],
)
def test_what_is_no_reply(said: str, fault: str) -> None:
    assert why(said) == fault


@pytest.mark.parametrize(
    "wrapped", ["{}", "\n{}\n", "```json\n{}\n```", "```\n{}```", "<think>嗯……8月？</think>\n{}"]
)
def test_how_it_may_be_wrapped(wrapped: str) -> None:
    assert not why(wrapped.format(reply("中期评价在2026年8月底前进行。", 1)))


def test_where_the_document_is_silent_there_is_nothing_to_say() -> None:
    assert checked(reply("随时可以请假。", 3), ALL, "zh") == Phrased((SILENT,), "")
    assert why(reply("最多请假3天。", 3)) == "figure"


def test_in_another_language_it_only_chooses() -> None:
    assert checked(reply("Whatever it says.", 1), ALL, "en") == Phrased((EXIT,), "")
    assert why(reply("Before 2027.", 1), "en") == "figure"


def test_what_was_written_is_marked_with_what_it_rests_on() -> None:
    words = "中期评价在2026年8月底前进行。"
    shown = Phrased((EXIT,), words).shown("zh")
    assert shown.startswith(f"{words}\n\n（由模型改写，依据如下）\n{EXIT.basis}")
    assert "由模型挑选" in Phrased((EXIT,)).shown("zh")
    assert "model" in Phrased((EXIT,)).shown("en")


@given(st.text(max_size=200))
def test_nothing_is_too_odd(said: str) -> None:
    why(said)
    why(reply(said, 1))
    so_far(said, ALL, "zh")
    so_far('{"evidence": [1], "answer": "' + said, ALL, "zh")


@given(st.text("中期评价在前后不得可以合格退出培养2026年8月底，。", max_size=60))
def test_whatever_passes_has_no_figure_of_its_own(words: str) -> None:
    if not why(reply(words, 1)):
        assert "20" not in words or "2026" in words


# ---------------------------------------------------------------- while it is written


def test_what_is_written_is_shown_by_whole_sentences() -> None:
    said = reply("中期评价在2026年8月底前进行。不合格的退出培养。", 1)
    seen = [part.words if (part := so_far(said[:n], ALL, "zh")) else "" for n in range(len(said))]
    assert list(dict.fromkeys(seen)) == [
        "",
        "中期评价在2026年8月底前进行。",
        "中期评价在2026年8月底前进行。不合格的退出培养。",
    ]


@each_row(
    "said",
    [
        reply("中期评价在2027年8月底前进行。", 1),
        reply("随时可以请假。", 3),
        reply("中期评价在2026年8月底前进行。", 9),
        reply("中期评价在2026年8月底前进行", 1),
        '{"answer": "中期评价在2026年8月底前进行。"}',
        '{"evidence": [1], "answer": "\\ud83d。',
        "喵。",
    ],
)
def test_nothing_else_is_shown(said: str) -> None:
    assert all(so_far(said[:count], ALL, "zh") is None for count in range(len(said) + 1))


# ---------------------------------------------------------------- what is asked of it


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_asked_or_written_stays_data(question: str, words: str) -> None:
    system, user = request(question, [piece(words)], "zh")
    assert (system["role"], user["role"]) == ("system", "user")
    held = json.loads(user["content"])
    assert held["question"] == question
    assert held["evidence"][0]["says"] == (words or None)
    assert system == request("", [], "zh")[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_rules_say_what_is_wanted(language: Language) -> None:
    system, _ = request("", [], language)
    assert '{"evidence": [1], "answer": "…"}' in system["content"]
    assert '{"evidence": [], "answer": ""}' in system["content"]


def test_evidence_survives_the_database() -> None:
    for one in ALL:
        assert Evidence.from_json(json.loads(json.dumps(one.to_json()))) == one


# ---------------------------------------------------------------- when, and among what


def test_what_was_surely_understood_is_left_alone() -> None:
    for question in ("中期评价什么时候", "我还差几次", "我不想活了", "帮我写日志"):
        assert not unsure(GUIDE.ask(question, (SHANXI,)), GUIDE), question
    assert not unsure((), GUIDE)


def test_what_was_not_is_not() -> None:
    (answer, *_) = GUIDE.ask("中期评价什么时候", (SHANXI,))
    assert unsure((replace(answer, score=0.3),), GUIDE)
    assert unsure((replace(answer, score=0.7), replace(answer, score=0.6)), GUIDE)
    assert unsure((replace(answer, kind="out_of_scope", topic="", score=0.0),), GUIDE)
    assert not unsure((replace(answer, score=0.3, topic="office.3"),), GUIDE)


def test_a_cry_for_help_is_private() -> None:
    assert private("活着没意思，中期评价怎么办", (SHANXI,), GUIDE)
    assert not private("中期评价什么时候", (SHANXI,), GUIDE)


def test_candidates_are_of_the_programmes_asked_about() -> None:
    question = "中期评价什么时候"
    answers = GUIDE.ask(question, (SHANXI,))
    found = candidates(question, (SHANXI,), answers, GUIDE, None, "zh")
    assert 1 < len(found) <= MOST
    assert found[0].topic == "mid"
    assert {one.programme for one in found} == {SHANXI.name}
    assert all("出处" in one.basis or one.silent for one in found)
    assert not candidates("哪些方案有中期评价", (SHANXI,), answers, GUIDE, None, "zh")


def test_passages_are_candidates_but_for_people() -> None:
    def passage(number: int, text: str) -> Passage:
        return Passage("shanxi-2026", "示例通知", f"{number}", text, number, "交通")

    library = Passages(
        [
            passage(1, "参加活动的往返车票由高校凭票报销。"),
            passage(2, "车票报销的联系人是某某。"),
            passage(3, "成长日志。"),
        ]
    )
    found = candidates("车票谁报销", (SHANXI,), (), GUIDE, library, "zh")
    quoted = [one for one in found if not one.topic]
    assert [one.clause for one in quoted] == ["1"]
    assert quoted[0].words == "参加活动的往返车票由高校凭票报销。"

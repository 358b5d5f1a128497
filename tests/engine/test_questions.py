"""Every kind of question, and everything that people answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.platforms.telegram.decode import UNREADABLE as FROM_TELEGRAM
from bot.talk.inputs import (
    TEXT_LIMIT,
    UNREADABLE,
    Answer,
    Asked,
    Day,
    Free,
    Kind,
    Minutes,
    Part,
    Parts,
    People,
    Pick,
    Summary,
    SummaryLine,
    Unclear,
    length,
    match,
    own_words,
    settle,
)
from bot.talk.message import Choice, Incoming
from language.days import Moment, parse_moment
from language.lengths import parse_minutes
from prompts import BEIJING, LANGUAGES, Language, render, t
from tests.engine.talking import MORNING, choices, heard, offered, photo, wide
from tests.tables import each_row

NOW: Final = MORNING
"""Monday 23 November 2026, ten in the morning in Beijing."""
LONG: Final = "很长的话" * 3000

PICK = Pick(
    [
        Choice("campus", t("answer.minutes", minutes=5)),
        Choice("online", t("answer.done")),
        Choice("alone", "到校自主学习（实验室）", ("自习", "DIY（一人）")),
    ]
)
DAY = Day(date(2026, 9, 1), date(2027, 8, 31))
MINUTES = Minutes()
FREE = Free(least=2, most=2000)
REASON = Free(least=2, most=500, options=choices("内容太简单，请写具体一些", "日期不对"))
PEOPLE = People({"7": "王建国", "8": "李和平"})
TEXT_FIRST = Parts(files_left=0, needed=True)
TEXT = Parts(files_left=0)
FILES_FIRST = Parts(words=False, files_left=9, optional=True)
FILES = Parts(words=False, files_left=2)
FULL = Parts(words=False, files_left=0)
BOTH = Parts(files_left=2)
REVIEW = Summary(
    [SummaryLine("day", t("answer.skip"), "23"), SummaryLine("what", "内容：全部", "")],
    [Choice("submit", t("answer.done"))],
)

KINDS: Final[Mapping[str, Kind[Any]]] = {
    "pick": PICK,
    "day": DAY,
    "minutes": MINUTES,
    "free": FREE,
    "reason": REASON,
    "people": PEOPLE,
    "text_first": TEXT_FIRST,
    "text": TEXT,
    "files_first": FILES_FIRST,
    "files": FILES,
    "full": FULL,
    "both": BOTH,
    "review": REVIEW,
}


def asked(language: Language = "zh", now: datetime = NOW) -> Asked:
    return Asked(now, language)


def say(text: str) -> Answer:
    return Answer(text=text)


def press(value: str) -> Answer:
    return Answer(press=value)


# ---------------------------------------------------------------- tables


@each_row(
    ("answer", "means"),
    [
        (press("alone"), "alone"),
        (say("3"), "alone"),
        (say("３"), "alone"),
        (say("③"), "alone"),
        (say("三"), "alone"),
        (say(" 3 "), "alone"),
        (say("\u200b3\ufeff"), "alone"),
        (say("到校自主学习（实验室）"), "alone"),
        (say("到校自主学习(实验室)"), "alone"),
        (say("到校"), "alone"),
        (say("自习"), "alone"),
        (say("diy(一人)"), "alone"),
        (say("完成"), "online"),
        (say("Done"), "online"),
        (say("done"), "online"),
        (say(wide("DONE")), "online"),
        (say("5分钟"), "campus"),
        (say("5 min"), "campus"),
        (say("到"), "answer.not_a_choice"),
        (say("a"), "answer.not_a_choice"),
        (say("0"), "answer.not_a_choice"),
        (say("4"), "answer.not_a_choice"),
        (say("-1"), "answer.not_a_choice"),
        (say("1.5"), "answer.not_a_choice"),
        (say("9" * 5000), "answer.too_long"),
        (say("🙂"), "answer.not_a_choice"),
        (say(""), "answer.empty"),
        (say(" \n\u200b "), "answer.empty"),
        (say(LONG), "answer.too_long"),
        (press("gone"), "answer.choice_gone"),
        (press(""), "answer.choice_gone"),
        (Answer(files=(photo(),)), "answer.no_files_here"),
        (Answer(text="完成", files=(photo(),)), "answer.no_files_here"),
        (Answer(), "answer.empty"),
    ],
)
def test_pick(answer: Answer, means: str) -> None:
    assert heard(PICK, answer, asked()) == means


@each_row(
    ("answer", "means"),
    [
        (press("2026-11-23"), Moment(date(2026, 11, 23))),
        (say("1"), Moment(date(2026, 11, 23))),
        (say("2"), Moment(date(2026, 11, 22))),
        (say("三"), Moment(date(2026, 11, 21))),
        (say("昨天"), Moment(date(2026, 11, 22))),
        (say("Yesterday"), Moment(date(2026, 11, 22))),
        (say("昨天 11月22日"), Moment(date(2026, 11, 22))),
        (say("前天"), Moment(date(2026, 11, 21))),
        (say("今天上午9点"), Moment(date(2026, 11, 23), time(9), "morning")),
        (say("上周三"), Moment(date(2026, 11, 18))),
        (say("２０２６年９月１日"), Moment(date(2026, 9, 1))),
        (say("明天"), "answer.day_to_come"),
        (say("2026-11-24"), "answer.day_to_come"),
        (say("2026-08-31"), "answer.outside_cycle"),
        (press("2025-11-23"), "answer.outside_cycle"),
        (say("2026-02-30"), "answer.not_a_day"),
        (say("周末"), "answer.not_a_day"),
        (say("4"), "answer.not_a_day"),
        (say("🙂🙂"), "answer.not_a_day"),
        (say(LONG), "answer.too_long"),
        (say(""), "answer.empty"),
        (press("nonsense"), "answer.not_a_day"),
        (Answer(files=(photo(),)), "answer.no_files_here"),
    ],
)
def test_day(answer: Answer, means: Any) -> None:
    assert heard(DAY, answer, asked()) == means


def test_a_day_offers_only_days_of_the_cycle() -> None:
    begun_yesterday = Day(date(2026, 11, 22), date(2027, 8, 31))
    assert [c.value for c in offered(begun_yesterday, asked())] == ["2026-11-23", "2026-11-22"]
    assert heard(begun_yesterday, say("前天"), asked()) == "answer.outside_cycle"
    over = Day(date(2025, 9, 1), date(2026, 8, 31))
    assert offered(over, asked()) == []
    assert heard(over, say("1"), asked()) == "answer.not_a_day"


def test_the_first_and_the_last_day_belong_to_the_cycle() -> None:
    two_days = Day(date(2026, 11, 22), date(2026, 11, 23))
    for typed, means in (("昨天", Moment(date(2026, 11, 22))), ("今天", Moment(NOW.date()))):
        assert heard(two_days, say(typed), asked()) == means
    ended = Day(date(2026, 9, 1), date(2026, 11, 22))
    assert heard(ended, say("今天"), asked()) == "answer.outside_cycle"


@each_row(
    ("answer", "means"),
    [
        (press("90"), 90),
        (press("75"), 75),
        (say("2小时"), 120),
        (say("2 h"), 120),
        (say("1小时30分钟"), 90),
        (say("1 h 30 min"), 90),
        (say("一个半小时"), 90),
        (say("９０分钟"), 90),
        (say("2"), 120),
        (say("90"), 90),
        (say("14:00-16:00"), 120),
        (say("4分钟"), "answer.length_range"),
        (say("13小时"), "answer.length_range"),
        (press("4"), "answer.length_range"),
        (press("9999"), "answer.length_range"),
        (press("9" * 5000), "answer.choice_gone"),
        (press("-90"), "answer.choice_gone"),
        (press("edit:day"), "answer.choice_gone"),
        (say("0"), "answer.not_a_length"),
        (say("一下午"), "answer.not_a_length"),
        (say("🙂"), "answer.not_a_length"),
        (say(LONG), "answer.too_long"),
        (say(""), "answer.empty"),
        (Answer(files=(photo(),)), "answer.no_files_here"),
    ],
)
def test_minutes(answer: Answer, means: Any) -> None:
    assert heard(MINUTES, answer, asked()) == means


@each_row(
    ("answer", "means"),
    [
        (say("搭了光路。"), "搭了光路。"),
        (say("  搭了光路，测了（三组）！ "), "搭了光路，测了（三组）！"),
        (say("x² 与 ½，４"), "x² 与 ½，４"),
        (say("第一行\r\n\r\n第二行"), "第一行\n\n第二行"),
        (say("看不\u202e见\u200b的\x00"), "看不见的"),
        (say("1、2"), "1、2"),
        (say("🙂🙂"), "🙂🙂"),
        (say("字" * 2000), "字" * 2000),
        (say("字" * 2001), "answer.too_long"),
        (say("字"), "answer.too_short"),
        (say("1"), "answer.too_short"),
        (say(" "), "answer.empty"),
        (press("gone"), "answer.choice_gone"),
        (Answer(files=(photo(),)), "answer.no_files_here"),
    ],
)
def test_free(answer: Answer, means: str) -> None:
    assert heard(FREE, answer, asked()) == means


@each_row(
    ("answer", "means"),
    [
        (press("日期不对"), "日期不对"),
        (say("2"), "日期不对"),
        (say("二"), "日期不对"),
        (say("日期"), "日期不对"),
        (say("内容太简单,请写具体一些"), "内容太简单，请写具体一些"),
        (say("日期写错一天"), "日期写错一天"),
        (say("3"), "answer.too_short"),
        (press("gone"), "answer.choice_gone"),
        (say("字" * 501), "answer.too_long"),
    ],
)
def test_own_words_or_one_of_a_few(answer: Answer, means: str) -> None:
    assert heard(REASON, answer, asked()) == means


@each_row(
    ("answer", "means"),
    [
        (press("8"), ("李和平",)),
        (say("1"), ("王建国",)),
        (say("２"), ("李和平",)),
        (say("王建国"), ("王建国",)),
        (say("李和平"), ("李和平",)),
        (say("张和平和李明"), ("张和平", "李明")),
        (say("王建国和李和平与赵与之"), ("王建国", "李和平", "赵与之")),
        (say("王建国、李明，张三;赵四/钱五"), ("王建国", "李明", "张三", "赵四", "钱五")),
        (say("王建国 李明　张三"), ("王建国", "李明", "张三")),
        (say("王建国\n李明"), ("王建国", "李明")),
        (say("Prof. Wang and Ann Lee, Bo"), ("Prof. Wang", "Ann Lee", "Bo")),
        (say("Alexander and Sandy"), ("Alexander", "Sandy")),
        (say("买买提·阿布都拉"), ("买买提·阿布都拉",)),
        (say("王建国、、王建国，"), ("王建国",)),
        (say("王老师2"), ("王老师2",)),
        (say("甲、乙、丙、丁、戊、己、庚、辛"), ("甲", "乙", "丙", "丁", "戊", "己", "庚", "辛")),
        (say("甲、乙、丙、丁、戊、己、庚、辛、壬"), "answer.not_names"),
        (say("王建国、123"), "answer.not_names"),
        (say("1、2"), "answer.not_names"),
        (say("🙂"), "answer.not_names"),
        (say("、"), "answer.not_names"),
        (say("王" * 201), "answer.too_long"),
        (say(""), "answer.empty"),
        (press("9"), "answer.choice_gone"),
        (Answer(files=(photo(),)), "answer.no_files_here"),
    ],
)
def test_people(answer: Answer, means: Any) -> None:
    assert heard(PEOPLE, answer, asked()) == means


def test_a_person_named_by_a_choice_that_is_gone_is_still_who_was_named() -> None:
    settled = settle(PEOPLE, say("王建国"), asked())
    assert settled.press == "7"
    assert People({}).parse(settled, asked()) == ("王建国",)


ONE = (photo("a.jpg"),)
THREE = (photo("a.jpg"), photo("b.jpg"), photo("c.jpg"))
END = Part(done=True)
SKIPPED = Part(done=True)


@each_row(
    ("kind", "answer", "means"),
    [
        ("text_first", say("今天搭了光路。"), Part("今天搭了光路。")),
        ("text_first", say("第一段\n\n第二段"), Part("第一段\n\n第二段")),
        ("text_first", say("1"), Part("1")),
        ("text_first", say("完成"), Part("完成")),
        ("text_first", press("done"), "answer.choice_gone"),
        ("text_first", say(""), "answer.empty"),
        ("text_first", say(LONG), "answer.part_too_long"),
        ("text_first", say("字" * TEXT_LIMIT), Part("字" * TEXT_LIMIT)),
        ("text_first", Answer(files=ONE), "answer.files_later"),
        ("text_first", Answer(text="图注", files=ONE), "answer.files_later"),
        ("text", press("done"), END),
        ("text", say("完成"), END),
        ("text", say("写完了"), END),
        ("text", say("done"), END),
        ("text", say("1"), END),
        ("text", say("我完成了"), Part("我完成了")),
        ("text", press("gone"), "answer.choice_gone"),
        ("text", press("edit:day"), "answer.choice_gone"),
        ("text", Answer(files=ONE), "answer.files_later"),
        ("files_first", press("skip"), SKIPPED),
        ("files_first", say("跳过"), SKIPPED),
        ("files_first", say("没有"), SKIPPED),
        ("files_first", say("No"), SKIPPED),
        ("files_first", say("Skip"), SKIPPED),
        ("files_first", say("1"), SKIPPED),
        ("files_first", Answer(files=ONE), Part("", ONE)),
        ("files_first", Answer(text="图注", files=THREE), Part("", THREE)),
        ("files_first", say("这是照片"), "answer.files_only"),
        ("files_first", say(LONG), "answer.files_only"),
        ("files_first", say(""), "answer.empty"),
        ("files", press("done"), END),
        ("files", say("没了"), END),
        ("files", Answer(files=THREE), Part("", THREE)),
        ("full", Answer(files=ONE), Part("", ONE)),
        ("full", say("完成"), END),
        ("both", Answer(text="  图注 ", files=ONE), Part("图注", ONE)),
        ("both", Answer(files=ONE), Part("", ONE)),
        ("both", Answer(text=LONG, files=ONE), "answer.part_too_long"),
        ("both", Answer(text="图注", files=THREE), Part("图注", THREE)),
        ("both", say("一段话"), Part("一段话")),
    ],
)
def test_parts(kind: str, answer: Answer, means: Any) -> None:
    assert heard(KINDS[kind], answer, asked()) == means


@each_row(
    ("answer", "means"),
    [
        (press("submit"), "submit"),
        (say("1"), "submit"),
        (say("完成"), "submit"),
        (say("done"), "submit"),
        (say("好"), "answer.not_a_choice"),
        (say("4"), "answer.not_a_choice"),
        (say(""), "answer.empty"),
        (press("edit:gone"), "answer.choice_gone"),
        (press("gone"), "answer.choice_gone"),
        (Answer(files=ONE), "answer.no_files_here"),
    ],
)
def test_review(answer: Answer, means: str) -> None:
    assert heard(REVIEW, answer, asked()) == means


@each_row(
    ("typed", "field"),
    [
        ("2", "day"),
        ("跳过", "day"),
        ("改跳过", "day"),
        ("skip", "day"),
        ("change skip", "day"),
        ("3", "what"),
        ("内容：全部", "what"),
        ("内容:全部", "what"),
        ("1", None),
        ("完成", None),
        ("别的", None),
    ],
)
def test_review_names_a_field_to_change(typed: str, field: str | None) -> None:
    assert REVIEW.change(settle(REVIEW, say(typed), asked())) == field


@each_row("kind", [kind for kind in KINDS if kind != "review"])
def test_no_other_kind_knows_what_a_change_is(kind: str) -> None:
    assert KINDS[kind].change(press("edit:day")) is None


# ---------------------------------------------------------------- what cannot be read


@each_row("kind", KINDS)
@each_row("other", [*sorted(UNREADABLE), "hologram"])
def test_what_cannot_be_read_is_named(kind: str, other: str) -> None:
    expected = f"answer.other_{other if other in UNREADABLE else 'unknown'}"
    for text in (None, "1", "完成", "昨天"):
        assert heard(KINDS[kind], Answer(text=text, other=other), asked()) == expected


def test_there_is_a_sentence_for_whatever_telegram_sends() -> None:
    assert {*FROM_TELEGRAM.values(), "edited"} <= UNREADABLE


def test_an_incoming_message_is_an_answer() -> None:
    incoming = Incoming("chat", text="图注", files=ONE, other="edited", press="never a press")
    assert Answer.of(incoming) == Answer("图注", None, ONE, "edited")


# ---------------------------------------------------------------- what holds for every kind

TEXTS: Final = st.one_of(
    st.text(max_size=80),
    st.integers(-5, 10**9).map(str),
    st.sampled_from(
        ["完成", "done", "昨天", "上周三下午3点", "2小时", "王老师", "改", "/", "=", "🙂"]
    ),
    st.text("一二三四五六七八九十点半刻周月日年时分0123456789:-/.前后上下今昨和与、", max_size=20),
    st.integers(3990, 4010).map(lambda n: "字" * n),
)
PRESSES: Final = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["edit:day", "done", "skip", "submit", "7", "2026-11-23", "90", "9" * 5000]),
)
ANSWERS: Final = st.builds(
    Answer,
    st.none() | TEXTS,
    st.none() | PRESSES,
    st.sampled_from([(), ONE, THREE]),
    st.none() | st.sampled_from([*sorted(UNREADABLE), "hologram"]),
)
NOWS: Final = st.integers(0, 60 * 24 * 900).map(lambda minutes: NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(answer=ANSWERS, now=NOWS)
def test_any_answer_is_understood_or_explained(kind: str, answer: Answer, now: datetime) -> None:
    """Nothing raises anything but `Unclear`, and its sentence can be said in every language."""
    for language in LANGUAGES:
        moment = asked(language, now)
        settled = settle(KINDS[kind], answer, moment)
        try:
            KINDS[kind].parse(settled, moment)
        except Unclear as unclear:
            for reader in LANGUAGES:
                sentence = render(unclear.words, reader)
                assert sentence.strip()
                assert "{" not in sentence


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(answer=ANSWERS, now=NOWS)
def test_an_answer_means_the_same_after_a_restart(
    kind: str, answer: Answer, now: datetime
) -> None:
    """Through JSON, in another language, and settled once more."""
    settled = settle(KINDS[kind], answer, asked("zh", now))
    meaning = heard_settled(KINDS[kind], settled, asked("zh", now))
    assert settle(KINDS[kind], settled, asked("en", now)) == settled or settled.press is None
    if answer.other is not None:
        return  # never kept
    stored = Answer.from_json(json.loads(json.dumps(settled.to_json())))
    assert stored == settled
    assert heard_settled(KINDS[kind], stored, asked("en", now)) == meaning


def heard_settled(kind: Kind[Any], answer: Answer, moment: Asked) -> Any:
    try:
        return kind.parse(answer, moment)
    except Unclear as unclear:
        return unclear.words.key


@each_row("language", LANGUAGES)
@each_row("kind", KINDS)
def test_a_choice_may_be_pressed_or_typed_in_any_language(kind: str, language: Language) -> None:
    question = KINDS[kind]
    moment = asked(language)
    for number, choice in enumerate(offered(question, moment), 1):
        named = (*choice.also, choice.label)
        words = [render(name, tongue) for name in named for tongue in LANGUAGES]
        if question.numbered:
            words += [str(number), f"  {number}\n", wide(str(number))]
        for typed in words:
            for spelled in (typed, typed.upper(), f" {typed} "):
                settled = settle(question, say(spelled), moment)
                assert settled == Answer(spelled, choice.value), spelled


def test_what_was_settled_once_is_not_settled_again() -> None:
    chosen = Answer(text="3", press="campus")
    assert settle(PICK, chosen, asked()) is chosen


def test_the_words_in_ones_own_language_come_first() -> None:
    """A choice's label here may be another's there."""
    here, there = Choice("a", t("answer.done")), Choice("b", "Done")
    for language, value in zip(LANGUAGES, ("b", "a"), strict=True):
        chosen = match("done", [here, there], language)
        assert chosen is not None
        assert chosen.value == value


def test_a_beginning_that_two_choices_share_names_neither() -> None:
    assert match("到校", choices("到校面对面", "到校自主学习"), "zh") is None
    chosen = match("到校面", choices("到校面对面", "到校自主学习"), "zh")
    assert chosen is not None
    assert chosen.value == "到校面对面"


def test_the_whole_label_wins_over_a_longer_one() -> None:
    chosen = match("到校", choices("到校面对面", "到校"), "zh")
    assert chosen is not None
    assert chosen.value == "到校"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_own_words_are_kept_as_they_were(text: str) -> None:
    kept = own_words(text)
    assert own_words(kept) == kept
    assert kept == kept.strip()
    assert not set(kept) & set("\x00\x1b\u200b\u202e\u2066\ufeff")


@each_row(
    "text",
    [
        "你好，世界！（一）“引”《书》",
        "x² ≈ ½，４",
        "第一段\n\n　　第二段",
        "👩‍🔬🏳️‍🌈",
        "🫨",
        "café",
        "𠮷野家",
    ],
)
def test_own_words_lose_nothing_that_can_be_seen(text: str) -> None:
    assert own_words(f"\u200b {text}\x07 ") == text


# ---------------------------------------------------------------- sentences keep their promises

EXAMPLES: Final[Mapping[tuple[str, Language], tuple[str, ...]]] = {
    ("not_a_day", "zh"): ("昨天", "上周三", "3月5号", "2026-03-05", "昨天下午3点"),
    ("not_a_day", "en"): (
        "yesterday",
        "last Wednesday",
        "5 March",
        "2026-03-05",
        "yesterday 3 pm",
    ),
    ("not_a_length", "zh"): ("2小时", "一个半小时", "90分钟", "14:00-16:00"),
    ("not_a_length", "en"): ("2 hours", "an hour and a half", "90 minutes", "14:00-16:00"),
    ("length_range", "zh"): ("2小时", "90分钟"),
    ("length_range", "en"): ("2 hours", "90 minutes"),
    ("not_names", "zh"): ("王建国、李明",),
    ("not_names", "en"): ("Wang Jianguo, Li Ming",),
}


@each_row(("sentence", "language"), EXAMPLES)
def test_whatever_a_sentence_suggests_is_understood(sentence: str, language: Language) -> None:
    gaps = {"least": 5, "most": 8}
    words = render(t(f"answer.{sentence}", **gaps), language)
    for example in EXAMPLES[sentence, language]:
        assert example in words
        match sentence:
            case "not_a_day":
                assert parse_moment(example, NOW.astimezone(BEIJING)) is not None, example
            case "not_names":
                assert len(heard(PEOPLE, say(example), asked())) == 2
            case _:
                assert parse_minutes(example) in (90, 120)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_length_of_time_can_be_typed_as_it_is_shown(language: Language) -> None:
    for minutes in range(MINUTES.least, MINUTES.most + 1):
        assert heard(MINUTES, say(render(length(minutes), language)), asked(language)) == minutes


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_day_can_be_typed_as_it_is_shown(language: Language) -> None:
    for choice in offered(DAY, asked(language)):
        shown = render(choice.label, language)
        assert heard(DAY, say(shown), asked(language)).day.isoformat() == choice.value

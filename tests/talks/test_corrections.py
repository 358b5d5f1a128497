"""What somebody says on the review card to be wrong, and what the entry then says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from bot.talk.inputs import Answer
from bot.talk.message import Choice
from handlers.corrections import ShownEntry, corrections, replacement
from handlers.session import kinds, places, spoken, vocabulary
from language.days import Moment
from programmes.values import PLACES
from prompts import BEIJING
from tests.tables import each_row

NOW: Final = datetime(2026, 11, 23, 10, tzinfo=BEIJING)
FORM: Final = ShownEntry(
    text="what",
    day=Moment(date(2026, 11, 20), None, "afternoon"),
    people=("王建国",),
    known=("王建国", "贺东"),
    places=places(),
    place_words=vocabulary("place", tuple(place.key for place in PLACES)),
    kinds=kinds(("seminar", "research")),
    files=[Choice(f"x:{n}", f"✕ {n}.jpg", (f"{n}.jpg",)) for n in ("光路", "记录", "合影")],
    files_step="files",
    next_file=2,
    spoken=spoken,
)
HERE: Final = ("王建国",)


def text(words: str) -> Answer:
    return Answer(text=words)


def press(value: Any) -> Answer:
    return Answer(press=str(value))


@each_row(
    ("words", "said"),
    [
        ("时间不对，是三个小时", {"length": press(180)}),
        ("时长不对，是三个小时", {"length": press(180)}),
        ("时长改成一个半小时", {"length": press(90)}),
        ("时长改成120", {"length": press(120)}),
        ("应该是3小时", {"length": press(180)}),
        ("应该是贺老师和李明", {"people": text("贺东、李明")}),
        ("两个半小时", {"length": press(150)}),
        ("时间错了，应该是90分钟", {"length": press(90)}),
        ("日期是昨天", {"day": text("2026-11-22 下午")}),
        ("日期改成11月18号", {"day": text("2026-11-18 下午")}),
        ("不是周五，是周四", {"day": text("2026-11-19 下午")}),
        ("时间是上午", {"day": text("2026-11-20 上午")}),
        ("时间改成下午3点", {"day": text("2026-11-20 15:00")}),
        ("日期是昨天上午", {"day": text("2026-11-22 上午")}),
        ("地点改成图书馆", {"place": press("on_campus_alone")}),
        ("地点不对，是线上", {"place": press("online")}),
        ("不是到校，是线上", {"place": press("online")}),
        ("不是线上，是在学校", {"place": press("on_campus")}),
        ("不是线上是线下", {"place": None}),
        ("不是昨天，前天", {"day": text("2026-11-21 下午")}),
        ("和王老师还有贺老师一起", {"people": text("王建国、贺东")}),
        ("和贺老师一起", {"people": None}),
        ("方式错了", {"place": None}),
        ("类型改成学术讨论", {"kind": press("seminar")}),
        ("不是课题研究，是学术讨论", {"kind": press("seminar")}),
        ("贺老师也在", {"people": text("王建国、贺东")}),
        ("还有贺老师", {"people": text("王建国、贺东")}),
        ("加上贺老师和李明", {"people": text("王建国、贺东、李明")}),
        ("不是王老师，是贺老师", {"people": text("贺东")}),
        ("人员改成贺老师", {"people": text("贺东")}),
        ("王老师没来", {"people": None}),
        ("内容改成：测了三组条纹，间距 1.2 毫米", {"what": text("测了三组条纹，间距 1.2 毫米")}),
        ("内容：测了光谱", {"what": text("测了光谱")}),
        ("把内容改为测了光谱", {"what": text("测了光谱")}),
        ("内容不对", {"what": None}),
        ("日期是昨天，时长三小时", {"day": text("2026-11-22 下午"), "length": press(180)}),
        ("时间不对", {"length": None}),
        ("地点不对，内容也不对", {"place": None, "what": None}),
        ("日期和地点都不对", {"day": None, "place": None}),
        ("地点、人员和内容都错了", {"place": None, "people": None, "what": None}),
        ("去掉第二张照片", {"files/2": press("x:记录")}),
        ("第二张照片不要了", {"files/2": press("x:记录")}),
        ("删掉最后一张", {"files/2": press("x:合影")}),
        ("把光路.jpg删掉", {"files/2": press("x:光路")}),
        ("去掉照片", {"files": None}),
        (
            "所有照片都不要了",
            {"files/2": press("x:光路"), "files/3": press("x:记录"), "files/4": press("x:合影")},
        ),
        ("the length should be 3 hours", {"length": press(180)}),
        ("remove the second photo", {"files/2": press("x:记录")}),
        ("remove the Last photo", {"files/2": press("x:合影")}),
        ("the text is: built a lens", {"what": text("built a lens")}),
    ],
)
def test_a_correction_is_heard(words: str, said: Mapping[str, Answer | None]) -> None:
    assert corrections(FORM, words, NOW) == said


@each_row(
    "words",
    [
        "中期评价什么时候？",
        "好",
        "没问题",
        "谢谢",
        "嗯",
        "等一下",
        "3",
        "我想再看看",
        "导师聘期几年",
        "去掉第七张照片吗",
        "应该是绿色",
        "老师说可以",
        "日志谁来督促",
        "还有吗",
        "还有什么要填的",
        "这样可以吗",
        "大家都在",
    ],
)
def test_what_is_no_correction_changes_nothing(words: str) -> None:
    assert corrections(FORM, words, NOW) == {}


@each_row(
    ("about", "to", "said"),
    [
        ("3月15日的实验", "3小时", {"length": press(180)}),
        ("那天的讨论", "90分钟", {"length": press(90)}),
        ("昨天那次的时长", "120", {"length": press(120)}),
        ("昨天那次", "线上", {"place": press("online")}),
        ("刚才那条", "周四", {"day": text("2026-11-19 下午")}),
        ("上次的类型", "学术讨论", {"kind": press("seminar")}),
        ("昨天的人员", "李明", {"people": text("李明")}),
        ("昨天那次", "贺老师", {"people": text("贺东")}),
        ("上次的内容", "测了光谱", {"what": text("测了光谱")}),
        ("yesterday's session", "3 hours", {"length": press(180)}),
        ("昨天的实验", "绿色", {}),
        ("昨天的实验", "3", {}),
    ],
)
def test_one_field_of_an_entry_is_given_a_new_value(
    about: str, to: str, said: Mapping[str, Answer]
) -> None:
    assert replacement(FORM, about, to, NOW) == said


def test_more_is_added_to_the_words() -> None:
    form = replace(FORM, adds="what", words="测了三组")
    assert corrections(form, "内容加一句：最后拟合了一下", NOW) == {
        "what": text("测了三组\n最后拟合了一下")
    }


def test_a_diary_has_only_its_day_its_text_and_its_files() -> None:
    diary = ShownEntry(
        text="text/0",
        day=Moment(date(2026, 11, 20)),
        files=[Choice("x:a", "✕ a.jpg", ("a.jpg",))],
        files_step="files",
        spoken=lambda moment: moment.day.isoformat(),
    )
    assert corrections(diary, "正文改成：今天懂了", NOW) == {"text/0": text("今天懂了")}
    assert corrections(diary, "日期是昨天", NOW) == {"day": text("2026-11-22")}
    assert corrections(diary, "去掉照片", NOW) == {"files/0": press("x:a")}
    for words in ("贺老师也在", "地点改成图书馆", "三个小时"):
        assert corrections(diary, words, NOW) == {}

"""People ask about their own affairs; what a document says is none of them."""

import time
from pathlib import Path

from language.affairs import affair_of
from tests.tables import each_row

TABLE = Path(__file__).parent / "affairs.txt"
ROWS = [
    tuple(cell.strip() for cell in line.split("|"))
    for line in TABLE.read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


@each_row(("text", "name"), ROWS)
def test_an_affair_is_told_by_its_words(text: str, name: str) -> None:
    found = affair_of(text)
    assert (found.name if found else "-") == name


def test_what_is_to_change_and_into_what() -> None:
    found = affair_of("把3月15日的实验改成3小时")
    assert found is not None
    assert (found.about, found.to) == ("3月15日的实验", "3小时")


@each_row(
    "words",
    [
        "还有谁都能查" + "得到" * 27,
        "我写的" + "培养" * 28,
        "人家交" + "培养日志" * 14,
        "有没有" + "培养" * 28,
        "过去" + "忘了" * 28 + "囧",
        "我要能改正一下" + "我的" * 26,
        "多少都也落" + "交日志" * 18 + "囧",
        "提交的培养那次" + "还能" * 26,
    ],
)
def test_words_said_over_and_over_hold_nobody_up(words: str) -> None:
    before = time.process_time()
    affair_of(words)
    assert time.process_time() - before < 0.1


@each_row(
    ("text", "about", "to"),
    [
        ("给汾水的学生发通知：交 PPT，谢谢！", "汾水的学生", "交 PPT，谢谢！"),
        (
            "给汾水的学生发通知：\n1. x²\n2. 什么时候交？",
            "汾水的学生",
            "1. x²\n2. 什么时候交？",
        ),
        ("老师，给沐辰發通知：明天來學校", "沐辰", "明天來學校"),
        ("通知所有导师明天开会，地点：三楼。", "所有导师", "明天开会，地点：三楼。"),
        ("通知所有学生的家长明天开会", "所有学生的家长", "明天开会"),
        ("通知所有人明天停一次", "所有人", "明天停一次"),
        ("发通知给所有导师：" + "很长" * 900, "所有导师", "很长" * 900),
    ],
)
def test_a_bulletin_keeps_its_words_as_they_were_typed(text: str, about: str, to: str) -> None:
    assert affair_of(text) == ("bulletin", about, to)


def test_who_asks_how_to_tell_people_tells_nobody() -> None:
    assert affair_of("给学生发通知，怎么弄？") is None

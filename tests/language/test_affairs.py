"""People ask about their own affairs; what a document says is none of them."""

import time
from pathlib import Path

import pytest

from language.affairs import affair_of

TABLE = Path(__file__).parent / "affairs.txt"
ROWS = [
    tuple(cell.strip() for cell in line.split("|"))
    for line in TABLE.read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("text", "name"), ROWS, ids=[row[0] for row in ROWS])
def test_an_affair_is_told_by_its_words(text: str, name: str) -> None:
    found = affair_of(text)
    assert (found.name if found else "-") == name


def test_what_is_to_change_and_into_what() -> None:
    found = affair_of("把3月15日的实验改成3小时")
    assert found is not None
    assert (found.about, found.to) == ("3月15日的实验", "3小时")


@pytest.mark.parametrize(
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
    ids=lambda words: words[:8],
)
def test_words_said_over_and_over_hold_nobody_up(words: str) -> None:
    before = time.process_time()
    affair_of(words)
    assert time.process_time() - before < 0.1

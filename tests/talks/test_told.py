"""What one sentence tells, all the way to the card: several days, hours, and questions."""

from __future__ import annotations

import pytest

from tests.house import House, Member
from tests.talks.test_given import EITHER


@pytest.fixture
async def house(populated: House) -> House:
    """A student and her mentor have joined; it is Monday 23 November 2026, ten in the morning."""
    await populated.join("林小雨", "王建国")
    return populated


@pytest.fixture
def student(house: House) -> Member:
    return house.members["林小雨"]


@pytest.mark.parametrize(
    "words",
    [
        "11月10号和12号在学校和王老师做实验，每次两小时",
        "10号、12号在校做实验，和王老师，每次2小时",
        "I ran an experiment with 王建国 on November 10 and 12, two hours each, on campus",
    ],
)
async def test_of_several_days_each_becomes_a_record(student: Member, words: str) -> None:
    said = await student.says(words)
    assert "这句话里有 2 天" in said
    assert "日期：11月10日 周二" in said
    assert "时长：2小时" in said
    assert "请核对" in said
    await student.presses("提交")
    said = await student.presses("接着记 11月12日")
    assert "日期：11月12日 周四" in said
    assert "时长：2小时" in said


@pytest.mark.parametrize(
    "words",
    [
        "昨天从早上八点到中午十二点都在学校和王老师做实验",
        "昨天早上8点到12点都在实验室和王老师做实验",
    ],
)
async def test_hours_through_which_somebody_was_there(student: Member, words: str) -> None:
    said = await student.says(words)
    assert "日期：11月22日 周日 08:00" in said
    assert "时长：4小时" in said


@pytest.mark.parametrize(
    ("words", "slip"),
    [
        ("昨天下午五点到下午三点在学校和王老师做实验", "下午五点到下午三点"),
        ("昨天16:00-14:00在学校和王老师做实验", "16:00-14:00"),
        ("昨天10点到8点在学校和王老师做实验", "10点到8点"),
    ],
)
async def test_hours_that_end_before_they_begin_are_asked(
    student: Member, words: str, slip: str
) -> None:
    said = await student.says(words)
    assert f"「{slip}」结束比开始还早" in said
    assert "多长时间" in said
    assert "日期：11月22日 周日\n" in said
    assert "时长：" not in said


@pytest.mark.parametrize(
    "words",
    [
        "When is the mid-term evaluation?",
        "when's the midterm?",
        "What happens if I fail the mid-term?",
        "when is the midterm evaluation",
    ],
)
async def test_an_english_question_in_mid_form_is_asked_about(student: Member, words: str) -> None:
    await student.says("记一次培养")
    for answer in ("昨天下午两小时", "到校面对面", "课题研究", "王建国"):
        await student.says(answer)
    assert EITHER in await student.says(words)
    said = await student.presses("想问政策")
    assert "出处：" in said
    assert "做了什么" in said

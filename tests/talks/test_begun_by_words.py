"""Talks that begin with the words in which people ask for them."""

from __future__ import annotations

import pytest

from tests.house import House

SESSION = "昨天下午在校和王老师做了两小时双缝实验"


@pytest.mark.parametrize(
    "words",
    ["帮我记一次培养", "我要记一次培养", "记一下培养", "麻烦帮我登记一下培养活动"],
)
async def test_a_session_is_begun_however_politely(populated: House, words: str) -> None:
    student, mentor = await populated.join("林小雨", "王建国")
    assert "1/6" in await student.says(words)
    assert "1/6" not in await mentor.says(words)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("日记：今天终于把曲线画出来了，开心", "今天终于把曲线画出来了，开心"),
        ("今天的日志：跟老师学了怎么用移液枪", "跟老师学了怎么用移液枪"),
        ("日志\n今天滴定终点老过头", "今天滴定终点老过头"),
    ],
)
async def test_a_diary_is_begun_with_what_is_told(populated: House, words: str, told: str) -> None:
    [student] = await populated.join("林小雨")
    await student.says(SESSION)
    await student.presses("提交")
    assert f"共 {len(told)} 字" in await student.says(words)
    await student.presses("完成")
    assert told in student.sees
    # With two sessions it is not known of which it tells.
    await student.says("先放下")
    await student.says(SESSION.replace("昨天", "前天"))
    await student.presses("提交")
    assert "给哪一次培养写" in await student.says(words)
    # What was told is kept, also while something else is done first.
    await student.says("先放下")
    await student.says("继续上次")
    await student.presses("继续写")
    await student.says("2")
    assert f"共 {len(told)} 字" in student.sees
    await student.presses("完成")
    assert told in student.sees


async def test_a_question_about_diaries_is_one(populated: House) -> None:
    [student] = await populated.join("林小雨")
    assert "1/" not in await student.says("日志谁来看")


OWN_AFFAIRS = [
    ("林小雨", "下次见导师啥时候", "由导师和学生约定"),
    ("林小雨", "我爸妈能看到我写的东西吗", "能看到你的记录的人"),
    ("林小雨", "把我的数据删掉", "林小雨的数据"),
    ("林小雨", "下周三有事去不了 请假", "12月2日"),
    ("林小雨", "证书好了没", "还没有"),
    ("王建国", "把小雨那条退回去", "待审"),
    ("王建国", "林小雨的日志给我看看", "汾河中学"),
    ("林大海", "孩子下次活动什么时候", "由导师和学生约定"),
    ("管小青", "证书发到哪一步了", "培养证书"),
    ("管小青", "待处理的提问有几个", "答疑"),
    ("管小青", "哪些导师一直没审", "等得最久的"),
]


async def test_each_role_comes_to_its_own_answer(populated: House) -> None:
    await populated.join(*{name: None for name, _, _ in OWN_AFFAIRS})
    for name, words, told in OWN_AFFAIRS:
        assert told in await populated.members[name].says(words), words

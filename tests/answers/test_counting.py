"""What a rule comes to for a number that the question states."""

from __future__ import annotations

import pytest

from answers import guide
from answers.counting import summed
from programmes.catalogue import load
from prompts import LANGUAGES, Language, render
from tests.tables import each_row


@each_row(
    ("question", "programme", "said"),
    [
        ("我做了7次了还差几次", "shanxi-2026", "还差3次（至少10次）"),
        ("我已经参加了十二次，够了吗", "shanxi-2026", "已经够了"),
        ("我到学校去了6次，另外线上聊过4次，够不够", "jiangsu-2022", "还差4次"),
        ("我名下已经收了3个学生，还能再收几个", "neimenggu-pilot-2025", "最多还能再加2名"),
        ("名下有5个学生了，还能收几个", "neimenggu-pilot-2025", "已经到上限"),
        ("我们市已经有5个受资助的了，还能再报几个", "jiangsu-2022", "这是原则上的数"),
        ("我们队带了9个学生，还差几个", "spark-2026", "还差6名"),
        ("从4月带到12月，面对面一共最少几次", "neimenggu-pilot-2025", "一共至少18次"),
        ("按每月最少的算，从1月到12月面对面合起来几次", "neimenggu-pilot-2025", "一共至少24次"),
        ("今年去了8趟。这个达标吗？差几趟", "neimenggu-yingcai-2025", "还差2次"),
        ("30个名额，多少人进面试", "neimenggu-yingcai-2025", "30个名额 × 3 = 90人"),
        ("2023年10月是第几个月", "sichuan-jindaoshi-2023", "这是第8个月，一共12个月"),
        ("到8月底算走完几个月，还剩几个月", "sichuan-jingke-2023", "走完6个月，还剩6个月"),
        ("每市拨工作经费，13个市一共多少钱", "jiangsu-2022", "13 × 20000元 = 260000元"),
        ("资助4个学生一共多少钱", "jiangsu-2022", "4 × 5000元 = 20000元"),
        ("名下带了4个，还能收2个不", "neimenggu-pilot-2025", "再加2名是6名，超过了"),
        ("我已经收了3个学生，再收2个可以不", "neimenggu-pilot-2025", "再加2名是5名，可以"),
        ("一个月见学生1回够不够", "neimenggu-pilot-2025", "每月至少2次，还差1次"),
        ("这个月面对面一次都没有，够吗", "neimenggu-pilot-2025", "还差2次"),
        ("我这个月见了两回面，够数了吧", "neimenggu-pilot-2025", "一个月2次够了"),
        ("咱3支队，按最低线总共得带几个学生", "spark-2026", "至少45名学生"),
        ("4所高校一共最少收多少学生", "spark-2026", "至少120名学生"),
        ("面试到60个人，那最多录几个", "jiangsu-2022", "最多录20名"),
        ("年级400人，我综合排第55，够不够", "shanxi-2026", "前60名，排第55，够"),
        ("年级250个人，总分排38，达标吗", "neimenggu-yingcai-2025", "前37名，排第38，不够"),
        ("年级共五百人，物理排到第五十一", "shanxi-2026", "前50名，排第51，不够"),
        ("总成绩年级第12%，达标没", "shanxi-2026", "综合成绩前15%：您说的12%在里面"),
        ("单科年级第8%，总分年级前20%，能报吗", "shanxi-2026", "您说的20%不在里面"),
        ("全年级450人，前10%是前多少名", "shanxi-2026", "450人里是前45名"),
        ("高二的，数学排年级前8%，可以报吗", "neimenggu-yingcai-2025", "高二在对象里"),
        ("物理加生物一共几个人", "neimenggu-yingcai-2025", "物理5、生物10，一共15名"),
        ("除了生物其他四科一共几个名额", "neimenggu-yingcai-2025", "一共20名"),
        ("呼市比包头多几个名额", "neimenggu-pilot-2025", "相差25名"),
        ("呼市要面试多少人", "neimenggu-pilot-2025", "50个名额 × 3 = 150人"),
        ("要是录45个，面试得来多少人", "shanxi-2026", "至少135人参加面试"),
        ("一年得面对面多少次", "neimenggu-pilot-2025", "一共至少24次"),
        ("50个学生至少要几个导师", "neimenggu-pilot-2025", "至少10名导师"),
        ("每月见导师2次，半年得见几次", "neimenggu-pilot-2025", "一共至少12次"),
        ("5所大学最少一共几支队", "spark-2026", "至少10支队"),
        ("6个受资助学生要多少钱", "jiangsu-2022", "6 × 5000元 = 30000元"),
        ("3支队一共多少钱", "spark-2026", "但每校总预算只有125000元"),
    ],
)
def test_it_is_worked_out_with_the_rule_beside_it(
    question: str, programme: str, said: str
) -> None:
    pack = load(programme)
    (answer,) = guide().ask(question, (pack,))
    text = render(answer.text, "zh")
    assert said in text
    assert answer.clause
    assert answer.clause in text


@each_row(
    ("question", "programme"),
    [
        ("还差几次", "shanxi-2026"),  # of whom?
        ("一年要参加几次培养", "shanxi-2026"),
        ("去了几次了，还差几次", "shanxi-2026"),
        ("我名下已经收了3个学生，还能再收几个", "shanxi-2026"),  # no limit is written
        ("我线下做了3次，线上做了4次，还差几次", "jiangsu-2022"),  # which of them is not said
        ("一个月见1次够不够", "shanxi-2026"),  # nothing is asked of a month
        ("全校500人，排第30，能报吗", "shanxi-2026"),  # the rule is about a grade
        ("年级300人排第20能报吗", "neimenggu-pilot-2025"),  # no rank is written
        ("资助多少钱一个人，省里一共资助几个", "jiangsu-2022"),
        ("5支队一共最少要带多少学生", "shanxi-2026"),
        ("从4月带到12月，一共最少几次", "jiangsu-2022"),  # nothing is asked of each month
        ("12月到4月面对面一共几次", "neimenggu-pilot-2025"),  # of which year?
        ("13个市一共多少名额", "jiangsu-2022"),
        ("30个名额，多少人进面试", "spark-2026"),  # no ratio is written
        ("2025年10月是第几个月", "sichuan-jindaoshi-2023"),  # the cycle is over
        ("物理和化学各几个名额", "neimenggu-yingcai-2025"),  # each, not together
        ("一年要到校几次", "neimenggu-pilot-2025"),  # nothing is asked of visits in a month
        ("50个学生至少要几个导师", "shanxi-2026"),  # no limit is written
    ],
)
def test_without_a_number_on_both_sides_nothing_is_worked_out(
    question: str, programme: str
) -> None:
    assert summed(question, load(programme)) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_said_in_both_languages(language: Language) -> None:
    found = summed("I have done 7 sessions, how many more?", load("shanxi-2026"))
    assert found is not None
    assert "3" in render(found.says, language)

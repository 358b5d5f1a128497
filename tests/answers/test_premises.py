"""What a question takes for granted and the document does not say is denied first."""

from __future__ import annotations

from datetime import date

import pytest

from answers import guide
from answers.passages import Passage, Passages
from answers.premises import premises
from programmes.catalogue import load
from prompts import LANGUAGES, catalogue, render
from tests.tables import each_row

DENIES = "请不要当作有这一条"


def said(question: str, programme: str, library: Passages | None = None) -> tuple[str, list[str]]:
    """The whole answer, and the kinds of its parts."""
    found = guide().ask(question, (load(programme),), library=library)
    return "\n".join(render(one.text, "zh") for one in found), [one.kind for one in found]


@each_row(
    ("question", "programme", "denied", "instead"),
    [
        ("山西要做几次月报", "shanxi-2026", "月报", "每次活动之后"),
        ("月报怎么写", "jiangsu-2022", "月报", "《学生面谈记录》"),
        ("星火要到校满10次才给证书吧", "spark-2026", "几次", "年度培养合格的学生"),
        ("年底评上优秀的给啥奖", "spark-2026", "评优秀", "年度培养合格"),
        ("中期评价不合格退出的名单报到哪", "neimenggu-yingcai-2025", "退出", "7月底前"),
        ("试点考核英语交流能力那项怎么考", "neimenggu-pilot-2025", "英语", "学科基础知识"),
        ("金导师学员的成长日志交给谁审", "sichuan-jindaoshi-2023", "成长日志", "论文"),
        ("学生能选的项目有哪几类", "sichuan-jindaoshi-2023", "学生报名", "新教师"),
        ("初评没过要退吗", "jiangsu-2022", "初期评价", "中期评价"),
        ("专家委员会终评是几月", "shanxi-2026", "专家委员会", "省级管理办公室"),
    ],
)
def test_it_is_denied_and_what_is_written_stands_beside(
    question: str, programme: str, denied: str, instead: str
) -> None:
    answer, _ = said(question, programme)
    first = next(line for line in answer.splitlines() if DENIES in line)
    assert denied in first
    assert instead in answer


@pytest.mark.parametrize(
    ("question", "programme", "instead"),
    [
        ("江苏的初期评价交给谁", "jiangsu-2022", "中期评价"),
        ("每月要面对面两次，少一次算不算不合格", "shanxi-2026", "不少于10次"),
        ("面谈记录交给谁", "shanxi-2026", "每次活动之后"),
        ("要年级前10%才让报吧", "neimenggu-pilot-2025", "品学兼优"),
    ],
)
def test_silence_on_what_is_asked_is_said_once(
    question: str, programme: str, instead: str
) -> None:
    answer, kinds = said(question, programme)
    assert kinds[0] == "silent"
    assert answer.count("没有写") == 1
    assert instead in answer


@each_row(
    ("question", "programme"),
    [
        ("初期评价交给谁", "shanxi-2026"),
        ("面谈记录交给谁", "jiangsu-2022"),
        ("每月要面对面两次，少一次怎么办", "neimenggu-pilot-2025"),
        ("优秀学生能进省科技创新大赛初评吗", "jiangsu-2022"),
        ("参与前置培养表现优秀的能放宽吗", "neimenggu-yingcai-2025"),
        ("孩子能报吗", "sichuan-jingke-2023"),
        ("我的日志交了没", "spark-2026"),  # of one's own
    ],
)
def test_what_the_document_shares_is_not_denied(question: str, programme: str) -> None:
    answer, _ = said(question, programme)
    assert answer
    assert DENIES not in answer


def test_what_a_later_document_has_is_not_denied() -> None:
    words = "三、月报\n导师每月5日前提交培养月报，全年不少于10份。"
    passage = Passage("shanxi-2026", "补充通知", "三", words, 0, "", loaded=date(2026, 3, 1))
    answer, kinds = said("月报要写几次", "shanxi-2026", Passages([passage]))
    assert kinds[0] == "passage"
    assert "不少于10份" in answer
    assert DENIES not in answer


@pytest.mark.parametrize(
    ("question", "programme", "first"),
    [
        ("聘期五年吧？", "neimenggu-yingcai-2025", "不是5年：文件写的是「一般三年"),
        (
            "每周一次对吧？",
            "neimenggu-pilot-2025",
            "不是每周1次：文件写的是「每月面对面指导不少于2次」",
        ),
        ("是不是只要5次", "shanxi-2026", "不是5次：文件写的是「周期内参加培养不少于10次」"),
        ("每队经费12.5万对吧", "spark-2026", "不是12.5万：文件写的是「每队6.25万元」"),
        (
            "一个学校组一支队就行了吧",
            "spark-2026",
            "不行，1支不够：文件写的是「每所高校至少几支：每校至少2支队」",
        ),
        ("一个导师带6个学生可以吗", "neimenggu-pilot-2025", "不行，6个超过了"),
        ("一个导师带3个学生可以吗", "neimenggu-pilot-2025", "3个可以"),
        ("今年山西只招40个人对吧", "shanxi-2026", "不止40个人：文件写的是「不少于40名（下限）」"),
        ("物理10个名额吧", "neimenggu-yingcai-2025", "不是10个名额：文件写的是「物理5名」"),
        ("每科都是5个名额吧", "neimenggu-yingcai-2025", "不是都5个名额"),
        ("面试5:1对吧", "jiangsu-2022", "不是5:1"),
        ("培养半年就结束了吧", "sichuan-jingke-2023", "不是6个月"),
        (
            "项目到2026年12月就完了是吧",
            "spark-2026",
            "不是2026年12月：文件写的是「结束：2027年8月」",
        ),
        ("中期是7月底前对吧", "neimenggu-pilot-2025", "不是7月底：文件写的是「时间：7月前」"),
        ("中期是7月底前对吧", "neimenggu-yingcai-2025", "是的：文件写的是「时间：7月底前」"),
        ("日志每次活动都要写吧", "jiangsu-2022", "不是每次：文件写的是「每个培养阶段"),
        ("日志是导师督促吧", "shanxi-2026", "不是导师：文件写的是「由中学教师督促"),
        ("英才导师聘书是自治区科协给发的吧", "neimenggu-yingcai-2025", "不是自治区科协"),
        ("主办方是四川省科协？", "sichuan-jingke-2023", "不是省科协"),
        ("团队成员有硕士学位就行吗", "shanxi-2026", "不是硕士"),
        ("高三能报吗", "neimenggu-yingcai-2025", "高三不能参加"),
        ("高二能报吗", "shanxi-2026", "高二在对象里。"),
        ("一共50个名额？", "neimenggu-yingcai-2025", "不是50个名额"),
        ("2023年9月开班吧", "sichuan-jindaoshi-2023", "不是2023年9月"),
        ("幼儿园小班能报吗", "sichuan-jingke-2023", "幼儿园小班不能参加"),
        ("只招高一吗", "shanxi-2026", "不止高一"),
        ("初中生什么学科都可以报吧", "jiangsu-2022", "初中生只能参加：计算机"),
        ("小学生行吗", "sichuan-jingke-2023", "小学生里只有小学四年级"),
    ],
)
def test_the_first_line_says_whether_what_is_stated_is_right(
    question: str, programme: str, first: str
) -> None:
    answer, _ = said(question, programme)
    assert answer.startswith(first)
    assert "出处：" in answer


@each_row(
    ("question", "programme", "first"),
    [
        # Stated without 吧 or 吗.
        ("山西的中期评价是八月底交", "shanxi-2026", "是的：文件写的是「时间：2026年8月底前」"),
        ("山西的中期评价是六月交", "shanxi-2026", "不是6月"),
        ("我们要交读书报告", "shanxi-2026", "是的：文件写的是「培养报告（读书报告"),
        ("期末交的东西里要放文献综述", "shanxi-2026", "是的：文件写的是「培养报告（读书报告"),
        ("面试是按3比1来的", "neimenggu-yingcai-2025", "是的：文件写的是「原则上为3:1」"),
        ("培养期从三月开始", "sichuan-jindaoshi-2023", "是的：文件写的是「开始：2023年3月」"),
        ("聘书内蒙古科协发", "neimenggu-yingcai-2025", "不是科协"),
        ("办公室设在省科协", "sichuan-jingke-2023", "不是省科协"),
        ("培养计划由学校批", "shanxi-2026", "不是学校：文件写的是「由谁审定："),
        # One clause of two asks no more than yes or no.
        ("聘期是不是三年，三年完了咋办", "neimenggu-yingcai-2025", "是的：文件写的是「一般三年"),
        # The document itself denies it, or asks for more.
        ("星火有优秀学生这档", "spark-2026", "不是这样：文件写的是「只有「年度培养合格」"),
        ("不合格也有证书", "jiangsu-2022", "不是这样"),
        ("幼儿园小朋友要写日志吗", "sichuan-jingke-2023", "不是这样：文件写的是「幼儿园不要求」"),
        ("培养计划自己定好就能开干了吧", "shanxi-2026", "不是这样：文件写的是「要报省级"),
        ("绩效可以从里面发一点", "spark-2026", "不行：不能列支的开支"),
        ("团队成员得是博士", "neimenggu-pilot-2025", "不是这样：文件写的是「团队成员条件：硕士"),
        # Several are alike, or not.
        ("生物名额跟其他科一样多", "neimenggu-yingcai-2025", "不一样：文件写的是「数学5名"),
        ("计算机跟数学名额一样", "neimenggu-yingcai-2025", "是的：文件写的是「数学5名"),
        ("团队老师方向都得一样", "neimenggu-yingcai-2025", "不一样"),
        ("通辽比包头名额多", "neimenggu-pilot-2025", "不是这样"),
        # Of a rank either will do.
        ("综合排名百分之十二能报吗", "shanxi-2026", "综合成绩前15%：您说的12%在里面"),
        # What is asked for is a point that the document leaves open.
        ("面谈记录谁审核", "jiangsu-2022", "由谁审核，文件里没有写；写了的是："),
        ("数学总共招几个", "neimenggu-pilot-2025", "各学科的名额，文件里没有写"),
    ],
)
def test_a_sentence_that_only_states_is_judged_as_well(
    question: str, programme: str, first: str
) -> None:
    answer, _ = said(question, programme)
    assert answer.startswith(first)
    assert "出处：" in answer


def test_a_point_left_open_is_looked_up_first() -> None:
    passage = Passage("jiangsu-2022", "补充通知", "一", "一、面谈记录\n面谈记录由导师审核。", 1)
    answer, kinds = said("面谈记录谁审核", "jiangsu-2022", Passages((passage,)))
    assert "面谈记录由导师审核。" in answer
    assert "文件里没有写" not in answer
    assert kinds == ["fact"]


@pytest.mark.parametrize(
    ("question", "programme"),
    [
        ("聘期几年", "neimenggu-yingcai-2025"),
        ("三年聘期到头了就自动卸任？", "neimenggu-yingcai-2025"),
        ("100个名额是一定招满吗", "neimenggu-pilot-2025"),
        ("每队6万2千5，两队是不是125000", "spark-2026"),
        ("我线上听了一场报告，能不能顶一次？", "shanxi-2026"),
        ("我家的五年级，成长日志要写吧？", "sichuan-jingke-2023"),
        ("在线上课能算进那10次里吗", "jiangsu-2022"),
        ("没去满十次行吗", "jiangsu-2022"),
        ("证书是国家级的吗", "spark-2026"),
        ("没博士学位能领队伍吗", "neimenggu-pilot-2025"),
        ("博士后能进培养团队吗", "neimenggu-pilot-2025"),
        ("孩子明年就高三了，现在能报不", "shanxi-2026"),
        ("幼儿园老师能报吗", "sichuan-jingke-2023"),
        ("各科加起来是不是三十", "neimenggu-yingcai-2025"),
        ("0471开头那个号码对不对", "neimenggu-pilot-2025"),
        ("每月面对面指导", "neimenggu-pilot-2025"),
        ("年度评价", "neimenggu-pilot-2025"),
        ("日志要我督促吗", "jiangsu-2022"),
        ("要交实验报告吗", "shanxi-2026"),
        ("不合格的有培养证书", "shanxi-2026"),
        ("65个名额是定死的吗", "jiangsu-2022"),
        ("名册里有没有十二中", "neimenggu-yingcai-2025"),
        ("聘书是不是国家发", "neimenggu-pilot-2025"),
        ("老队伍能扩充吗", "spark-2026"),
        ("预期成果要我们写吗", "sichuan-jingke-2023"),
    ],
)
def test_what_cannot_be_compared_is_not_judged(question: str, programme: str) -> None:
    answer, _ = said(question, programme)
    assert "文件写的是「" not in answer
    assert "在对象里" not in answer


def test_a_later_document_leaves_it_to_people() -> None:
    words = "二、聘期\n导师聘期改为五年，期满可以续聘。"
    passage = Passage(
        "neimenggu-yingcai-2025", "补充通知", "二", words, 0, "", loaded=date(2026, 3, 1)
    )
    answer, _ = said("导师聘期五年吧", "neimenggu-yingcai-2025", Passages([passage]))
    assert "改为五年" in answer
    assert "不是5年" not in answer


def test_programmes_that_take_a_grade_are_named_first() -> None:
    (answer,) = guide().ask("初二能报哪个")
    first = render(answer.text, "zh").partition("\n")[0]
    assert "江苏省后备人才培养计划（只限计算机）、菁科计划" in first


def test_premises_have_a_topic_and_a_name() -> None:
    for premise in premises():
        assert premise.topic in guide().topics, premise.key
        for language in LANGUAGES:
            assert f"ask.premise.{premise.key}" in catalogue(language)
    named = {key for key in catalogue("zh") if key.startswith("ask.premise.")}
    assert named == {f"ask.premise.{premise.key}" for premise in premises()}


def test_what_is_told_instead_is_a_topic() -> None:
    topics = guide().topics
    instead = {other for topic in topics.values() for other in topic.instead}
    assert "stages" in instead
    assert instead <= topics.keys()

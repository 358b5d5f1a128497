"""Sentences and what they say when it is Wednesday 18 November 2026, 16:30, in Beijing."""

from dataclasses import dataclass

PEOPLE = ("王建国", "张伟", "李明", "李红", "欧阳修远", "陈静")
PLACES = {
    "school": ("学校", "校内", "在校", "on campus", "school"),
    "university": ("大学", "高校", "university"),
    "online": ("线上", "网上", "腾讯会议", "online"),
    "lab": ("实验室", "lab"),
    "library": ("图书馆", "library"),
}
KINDS = {
    "experiment": ("实验", "experiment"),
    "lecture": ("讲座", "报告会", "lecture"),
    "discussion": ("讨论", "组会", "discussed", "group meeting"),
    "visit": ("参观", "visited"),
    "reading": ("读论文", "文献", "read papers"),
}


@dataclass(frozen=True)
class Said:
    """One row of the table below; an empty cell is None."""

    text: str
    day: str
    minutes: int | None
    place: str | None
    kind: str | None
    people: tuple[str, ...]
    what: str


# A sentence, and below it: day | minutes | place | kind | people | what.
TABLE = """
昨天下午在校和王老师做了两小时双缝实验
    11-17 | 120 | school | experiment | 王建国 | 做双缝实验
上周三去大学跟张教授线上讨论了1个半小时论文
    11-11 | 90 | university | discussion | 张伟 | 线上讨论论文
今天听了一场讲座，2小时
    11-18 | 120 | | lecture | | 听了一场讲座
昨天在大学听讲座两小时
    11-17 | 120 | university | lecture | | 听讲座
周日参观了清华大学物理系实验室 3h
    11-15 | 180 | | visit | | 参观了清华大学物理系实验室
昨天晚上腾讯会议和张老师、王老师一起讨论选题一个半小时
    11-17 | 90 | online | discussion | 张伟 王建国 | 腾讯会议讨论选题
我昨天下午去浙江大学听了欧阳教授的讲座，大概两个小时
    11-17 | 120 | university | lecture | 欧阳修远 | 去浙江大学听了欧阳教授的讲座
周三和王建国老师的学生一起做实验2小时
    11-18 | 120 | | experiment | 王建国 | 和王建国老师的学生一起做实验
昨天做了x²拟合实验，用时90分钟（在学校）
    11-17 | 90 | school | experiment | | 做了x²拟合实验
11月3日下午2点到4点在实验室做PCR
    11-03 | 120 | lab | |  | 做PCR
15号在图书馆查资料3个小时
    11-15 | 180 | library | |  | 查资料
前天参加了组会
    11-16 | |  | discussion | | 参加了组会
今天上午9:00-11:30在实验室测量了弹簧常数
    11-18 | 150 | lab | |  | 测量了弹簧常数
和李老师讨论了两小时
     | 120 | | discussion | | 和李老师讨论了
上周五下午三点跟陈静老师在学校调试代码，花了40分钟
    11-13 | 40 | school | | 陈静 | 调试代码
昨天我们去学校的实验室做了半小时的电路实验
    11-17 | 30 | lab | experiment | | 去学校的实验室做电路实验
2026年11月1日，读论文，1.5h
    11-01 | 90 | | reading | | 读论文
昨天和王老师、赵老师做实验
    11-17 | |  | experiment | 王建国 | 和王老师、赵老师做实验
在校内和张伟一起推导公式一小时，昨天
    11-17 | 60 | school | | 张伟 | 推导公式
３月５日在学校做实验２小时
    03-05 | 120 | school | experiment | | 做实验
昨天王老师指导我写代码两个钟头
    11-17 | 120 | |  | 王建国 | 王老师指导我写代码
三天前听了关于量子计算的讲座
    11-15 | |  | lecture | | 听了关于量子计算的讲座
周六上午采集水样，下午分析数据，一共5小时
    11-14 | 300 | |  | | 采集水样，下午分析数据
昨晚七点半到九点线上组会
    11-17 | 90 | online | discussion | | 线上组会
十月二十一号去大学参观，2小时30分
    10-21 | 150 | university | visit | | 参观
昨天听讲座1小时，做实验2小时
    11-17 | |  | |  | 听讲座1小时，做实验2小时
昨天两小时
    11-17 | 120 | |  | | 昨天两小时
做实验
     | |  | experiment | | 做实验
周末和王老师做实验3小时
     | 180 | | experiment | 王建国 | 周末做实验
Yesterday afternoon I did the double-slit experiment with Prof. Wang for two hours on campus
    11-17 | 120 | school | experiment | 王建国 | did the double-slit experiment
Last Wednesday we visited the physics museum, 3 hours
    11-11 | 180 | | visit | | visited the physics museum
I attended a lecture at the university on 5 March for an hour and a half
    03-05 | 90 | university | lecture | | attended a lecture
Read papers in the library with Dr Zhang yesterday, 1h30
    11-17 | 90 | library | reading | 张伟 | Read papers
3 days ago: group meeting online with Zhang Wei's team, 45 min
    11-15 | 45 | online | discussion | | group meeting online with Zhang Wei's team
"""

# Further reports, of which only it matters that they are seen as such.
REPORTS = """
昨天讨论了如何处理误差
学习了实验室安全规定，1小时，今天
昨天学习了什么是量子纠缠
老师好，我昨天做了双缝实验
昨天准备了答辩PPT两小时
上周五和导师开会一个小时
昨天记录了植物生长数据2小时
周一在校图书馆查了两小时文献
今天下午跑了PCR，3小时
昨天在王老师实验室养了细胞
前天参加了学校的科技节讲座
昨天线上学习Matlab 2h
昨天看了两小时文献
昨天修改了论文初稿，2小时
"""

NOT_SESSIONS = """
我还差几次？
昨天老师说什么来着
日志怎么写
今天天气真好
昨天好累啊
明天下午去学校做实验
下周三有讲座
两小时后提醒我做实验
周三可以请假吗
昨天没去实验室做实验
今天不想做实验
我打算周五去听讲座
昨天提交的日志老师还没审核
上周的日志在哪里看
每周要做几次实验？
培养活动每次不少于2小时吗
谢谢老师昨天的指导
你好
在吗
做实验
双缝实验
昨天
两小时
昨天下午两点
今天作业好多
记得今天下午去参加组会
昨天的讲座取消了
今天的组会改期到周五
请问昨天的讲座是谁讲的
导师多久审核一次日志
10次活动什么时候截止
我今天要去做实验
昨天在学校
哈哈哈哈今天
王老师
😀
今天几号
3个苹果
15号楼怎么走
When was the lecture yesterday?
How do I log a session from last Wednesday
I will attend a lecture tomorrow
Please remind me to read the paper in two hours
I didn't go to the experiment yesterday
can I add yesterday's meeting
What counts as an experiment
thanks for the lecture yesterday
hello
昨天的实验报告我发你了
今天下午的组会我晚点到
昨天讲座的PPT在哪
昨天实验数据发群里了
昨天学了什么
昨天讲座讲了什么
什么时候做实验
今天下午做实验的同学在哪集合
老师今天在学校吗
我下午要去听讲座
上周三的实验怎么写
昨天那个讲座怎么样
周五前交论文
王老师今天出差
昨天和同学打球两小时
昨天看电影两小时
今天心情不好
两小时够吗
我们学校要求每学期10次
昨天睡了10小时
"""


def said() -> list[Said]:
    """The table's rows."""
    lines = TABLE.strip().splitlines()
    return [_said(*pair) for pair in zip(lines[::2], lines[1::2], strict=True)]


def _said(text: str, line: str) -> Said:
    day, minutes, place, kind, people, what = (cell.strip() for cell in line.split("|"))
    return Said(
        text,
        f"2026-{day}" if day else "",
        int(minutes) if minutes else None,
        place or None,
        kind or None,
        tuple(people.split()),
        what,
    )

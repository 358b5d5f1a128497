"""Words for what is done in a session, and for what is done in one's own time."""

from language.grammar import any_of

ACTIVITY = any_of(r"""
    做(?![梦饭]) 实验(?![室楼]|中学|学校|小学) 研究(?![所院生员室中]) 探究 课题 项目式
    讲座 报告会 讲解 讲了 演示 答疑
    [指辅]导 教我们? 给[我大]们?[讲上演辅做] 带我们? 旁听 听(?![说见到话懂不歌])
    讨论 研讨 唠 交流 [组开例]会 开组 汇报 答辩 见面 面谈 访谈 沙龙 拜访 参观 参[加与] 竞赛
    学习 自习 自学 学[了会] 学\s*(?=[a-z《]) 上.{0,6}课 培[养训] 训练 练习 实[习践] 刷[了题]
    读 文献 论文 写 翻译 查[了资文阅找] 看书 自己看 看[了完]《 整理 改[了论代] 修[了改]
    调研 考察 观[察测鸟星] 采[样集水土] 测(?![评验]) 记录了 统计 计算 推[导公] 分析 跑[了胶模]
    编程 代码 调[试了] 建模 仿真 设计 搭 制作 组装 拆装? 焊 绘制 画[了图电]
    解剖 提取 合成 养[了细] 种[了植] 配[了制溶] 电泳 用显微镜 \bPCR\b
    \b(?:did|done|made|built|wrote|read|attend(?:ed)?|visit(?:ed)?|discuss(?:ed|ion)?)\b
    \b(?:stud(?:y|ied)|learn(?:ed|t)|listen(?:ed)?|measured|work(?:ed)?|met|practi[sc]ed)\b
    \bhad_an?_(?:\w+_)?(?:zoom|call|meeting|talk|discussion|session|chat|class)\b
    \b(?:was|were|spent)_(?:[\w.]+_){0,5}?(?!going|waiting|playing|sleeping|shopping|doing_nothing)[a-z]{3,}ing\b
    \b(?:analy[sz]ed|observed|coded|experiments?|lecture|seminar|workshop|meeting|training)\b
""")
LEISURE = any_of(r"""
    打了?[^,。;打]{0,6}球(?![仪员状体形]) 踢了?[^,。;]{0,6}球 游戏 电影 电视 追剧 [刷看]剧 唱歌 歌
    王者 吃鸡 原神 开黑 [月期模联中末]考(?![察古核虑证]) 考试 世界杯 看[^,。;]{0,6}比赛
    (?:(?:参加|举办|组织|开|办)[^,。;\s]{0,6}?)?(?=[运春秋班家联文升大])(?:运动会|[春秋]游|班会|家长会|联欢会?|文艺汇演|升旗|大扫除)[^,。;]*
    (?:上[了\s]*[^,。;\s]{0,6}?)?(?=[补家])(?:补习班?|补课|家教课?)[^,。;]*
    (?:[写做刷赶补背抄改练][^,。;]{0,10}?)?(?=[作周英单课古卷试听练])(?:作文|周记|(?<!专业)(?:英语)?单词|课文|古诗文?|卷子|试卷|作业|听写|练字|英语听力)[^,。;]*
    看了(?![^,。;]{0,12}(?:文献|论文|书|显微|细胞|数据|资料))[^。;]{0,20}?好看 综艺 追番
    体育课(?!没[上去])[^,。;]* 课间操 早操 军训 玩 聊天 抖音 跑步 游泳 散步 爬山
    钓鱼 打牌 麻将 遛 直播
    睡 吃 做饭 洗澡 理发 打扫 做家务 作业 逛 购物 旅游 骑车 坐车 坐[高地]铁 开车 堵 排队
    下雨 停电 发呆 休息 发烧 打针 看病 做核酸
    \b(?:waiting|playing|sleeping|gaming|slept|ate|played|shopping|movie|football|basketball)\b
""")

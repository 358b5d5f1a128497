"""Words for what is done in a session, and for what is done in one's own time."""

ACTIVITY = (
    r"(?:做(?![梦饭])|实验(?![室楼]|中学|学校|小学)|讲座|报告会|讨论|研讨|研究(?![所院生员室中])|探究|交流"
    r"|参观|学习|自习|自学|学[了会]|学 (?=[a-z《])|上.{0,6}课|听(?![说见到话懂不歌])|读|文献|论文|写|[组开例]会|开组"
    r"|汇报|答辩|调研|考察|观[察测]|采[样集水土]|测(?![评验])|编程|代码|调[试了]|建模|仿真|计算|推[导公]|分析|整理"
    r"|设计|搭|制作|组装|拆装?|焊|解剖|提取|合成|培[养训]|训练|练习|实[习践]|[指辅]导|课题|参[加与]|旁听"
    r"|拜访|见面|面谈|访谈|沙龙|竞赛|演示|讲解|讲了|[给教]我们?|带我们?|答疑|查[了资文阅找]|记录了|养[了细]|种[了植]|电泳"
    r"|翻译|统计|绘制|画[了图电]|配[了制溶]|修[了改]|改[了论代]|刷[了题]|跑[了胶模]|用显微镜|看书|自己看|看[了完]《|\bPCR\b"
    r"|\b(?:did|done|made|built|wrote|read|attend(?:ed)?|visit(?:ed)?|discuss(?:ed|ion)?"
    r"|stud(?:y|ied)|learn(?:ed|t)|listen(?:ed)?|measured|work(?:ed)?|met|practi[sc]ed"
    r"|analy[sz]ed|observed|coded|experiments?|lecture|seminar|workshop|meeting|training)\b)"
)
LEISURE = (
    r"(?:打.{0,2}球|踢球|游戏|电影|电视|追剧|[刷看]剧|睡|吃|逛|旅游|唱歌|歌|玩|洗澡|堵|理发|购物|抖音|聊天|跑步"
    r"|游泳|散步|爬山|骑车|坐车|坐[高地]铁|排队|下雨|停电|发呆|休息|发烧|打针|看病|做饭|打扫|开车|做家务|做核酸|作业"
    r"|\b(?:slept|ate|played|shopping|movie|football|basketball)\b)"
)

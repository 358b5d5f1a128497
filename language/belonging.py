"""Which days and lengths of a sentence are the session's own.

Others belong to the things that it is about: 整理上周六的数据, 测3号电极, 离心30分钟.
"""

from collections.abc import Sequence

from language.activities import ACTIVITY
from language.days import SaidDays
from language.grammar import any_of, before, compiled
from language.lengths import Length
from language.names import TITLE


def own_days(plain: str, said: Sequence[SaidDays]) -> list[SaidDays]:
    """The days on which something was done, without those of things."""
    own = [day for day in said if not _in_a_title(plain, day.start)]
    own = [day for day in own if not _of_a_thing(plain, day)]
    # 周六上午做，下午也做: 下午 alone is not today's.
    own = [day for day in own if not day.loose] or own
    if len({day.days for day in own}) > 1:
        # 上周四没去成 补到了昨天
        own = [day for day in own if not _NOT_THAT_DAY.match(plain, day.end)] or own
        # 月初那次组会，就四月二号
        exact = [day for day in own if plain[day.end - 1] not in "初底末"]
        own = exact if len(exact) == 1 else own
        # 昨天采的水样今天测: what a day has done to a thing is not what was done.
        own = [day for day in own if not _DID_TO_IT.match(plain, day.end)] or own
    return own


def own_lengths(plain: str, lengths: Sequence[Length]) -> list[Length]:
    """The lengths of the session, without those of what went on in it; if one of them is said to
    be the whole, only that one.
    """
    own = [
        length
        for length in lengths
        if not _in_a_title(plain, length.start)
        and not (_of_a_process(plain, length) and not _of_all_that_was_done(plain, lengths))
    ]
    return [length for length in own if before(_WHOLE, plain, length.start)] or own


def _of_all_that_was_done(plain: str, lengths: Sequence[Length]) -> bool:
    """Whether the only length is of a process that somebody did: 做了电泳 一个半小时."""
    return len(lengths) == 1 and before(_DID_IT, plain, lengths[0].start) is not None


def breaks(plain: str, lengths: Sequence[Length]) -> list[Length]:
    """The lengths that somebody takes off: 中间吃饭一个钟头刨掉, 歇了半小时不算."""
    return [length for length in lengths if _TAKEN_OFF.match(plain, length.end)]


def each(plain: str, length: Length) -> bool:
    """Whether the length is said to be that of each day: 每天3小时, 各两小时."""
    return bool(before(_EACH, plain, length.start) or _EACH_AFTER.match(plain, length.end))


def of_a_thing(plain: str, end: int) -> bool:
    """Whether a time of day belongs to a thing: 整理上午的数据."""
    return _THING.match(plain, end) is not None


def _of_a_thing(plain: str, said: SaidDays) -> bool:
    begins = before(_CLAUSE_BEGINS, plain, said.start) is not None
    if _BARE_NUMBER.fullmatch(plain, said.start, said.end):
        surely = _SURELY_A_DAY.match(plain, said.end)
        return not (surely or (begins and _MAYBE_A_DAY.match(plain, said.end)))
    if said.days and plain[said.end - 1] == "后":
        return not begins  # 加热40分钟后过滤
    if _EVENT.match(plain, said.end):
        return False
    if _THING.match(plain, said.end):
        return True
    if before(_OTHERS_DID, plain, said.start) and _DID_TO_IT.match(plain, said.end):
        return True
    return not begins and _OF.match(plain, said.end) is not None


def _in_a_title(plain: str, start: int) -> bool:
    """Whether something stands within the title of a book: 《5分钟读懂量子力学》."""
    return plain.rfind("《", 0, start) > plain.rfind("》", 0, start)


def _of_a_process(plain: str, length: Length) -> bool:
    return bool(
        (
            _PROCESS.search(plain, max(0, length.start - 12), length.start)
            and not before(_AT_A_MACHINE, plain, length.start)
        )
        or _PART_ONLY.search(plain, max(0, length.start - 12), length.start)
        or _A_PIECE.search(plain, max(0, length.start - 6), length.start)
        or (_DATA.match(plain, length.end) and not _wrote(plain, length))
    )


def _wrote(plain: str, length: Length) -> bool:
    """Whether somebody wrote for so long: 做了一小时的观察记录, but not 做了24小时的记录."""
    return length.minutes <= _LONGEST_WRITING and before(_WROTE, plain, length.start) is not None


# --- days ----------------------------------------------------------------------------------------

_CLAUSE_BEGINS = compiled(
    r"(?:\A|[,。;:!?、(]|(?<=[一-鿿\d])\s|补(?:一?[下记录登条个]){0,2}|[在于从是自]|就是|(?:(?<![一-鿿])|(?<=[,。;\s]))我们?|我[和跟与]\S{1,6}"
    r"|老师们?|\b(?:on|at|i|we)\b) $"
)
# 3号 alone is a day before 在 and 下午, or where a clause begins and goes on with a verb.
_NOT_THAT_DAY = compiled(
    r"[^,。;!?\s]{0,8}?(?:没[^,。;!?\s]{0,2}成|没有?(?:[去做来上开空]|时间)|[去来]不了|(?:来|才|想起来?)补|取消|停了|改到|改成|[挪推调换]到|推迟到|延[期后]?到)(?!功)"
)
_BARE_NUMBER = compiled(r"[\d零一二三四五六七八九十廿卅号日~、,和及与到至\s-]+[号日]")
_SURELY_A_DAY = compiled(
    r" (?:$|[,。;!、)在去到来都每各]|[上下中]午|[早晚]|[两三四五六]天"
    r"|那天|当天|晚上|放学|下课|课[后间])"
)
_MAYBE_A_DAY = compiled(
    rf" (?:{ACTIVITY}|[我和跟与线网校于的从前后听看学开讲用]|\d|[一二两三半][个小点节]"
    r"|(?<=\s)[一-鿿]|[一-鿿]{1,2}[了过完]|[一-鿿]{1,2}老师)"
)
_EVENT_NAMES = any_of("""
    讲座 报告会 组会 例会 活动 研讨会 讨论会 会议 培训 论坛 [一-鿿]课 [夏冬]令营
    lecture seminar meeting workshop
""")
_EVENT = compiled(
    rf" (?:[讲做作开]?的|'s_)[^,。;!]{{0,8}}?{_EVENT_NAMES}"
    r"(?= (?:$|[,。;!\d]|[一二两三四半几][个小节场次点十]|时长|共))"
)
_STUFF = any_of("""
    数据 结果 笔记 录[像音] 照片 样[品本] 水样 报告 代码 记录 图[纸表像]? 论文 视频 资料 作品
    标本 菌落 电极 培养[基皿] 讲义 PPT 课件 曲线 日志 问题
""")
_THING = compiled(
    rf" 的[^,。;!在]{{0,6}}?{_STUFF}"
    r"|'s_(?:\w+\s+)?(?:data|results?|notes?|samples?|report|code)\b"
)
_OF = compiled(r" 的(?!时候)|'s\b| [一-鿿]{1,4}的[一-鿿]")
# 改了郝老师上周五批的报告: what somebody else did on that day to what it was about.
_OTHERS_DID = compiled(rf"{TITLE} $")
_DID_TO_IT = compiled(r" (?:的|那[批些组份]|[^,。;!\s]{1,4}的)(?!时候)")

# --- lengths -------------------------------------------------------------------------------------

_PROCESSES = any_of(r"""
    离心机? 变性 退火 延伸 加热 搅拌 静置 水浴 油浴 跑胶 电泳 反应 孵育 保[温持] 恒温 煮沸? 烘干?
    烤 冷[却冻藏] 超声 浸泡 (?<![室馆房里校学])泡 染色 曝光 曝气
    震荡 振荡 摇匀 沉[淀降] 煅烧 烧结 发酵 灭菌 消毒
    [升降]温 模型[^,。;我]{0,4}?(?:训练|收敛) 蒸发 回流 萃取 培养 通[电风] 充电 放[置了] 晾干?
    等待? 等了[^,。;\d一两二三半]{1,5} 休息 午休 吃饭 迟到 晚了 早退
    耽误 耽搁 暂停 停电 停了 走神 发呆
    堵车? 地铁 公交车? 高铁 火车 路上
    来回 往返 乘车 [坐骑]了 [坐骑开]了?车 相?隔 间隔 推迟 延迟 提前 延长 闲[扯聊]
    (?<!宣)传(?:输|文件)? 上传 下载 拷贝? 加载 排队? 卡[了住] 预热 开机 打车 联网 掉线
    程序 脚本 仿真 G?[CG]PU 服务器 电脑 机器 闲着
    centrifug\w+ incubat\w+ heat(?:ed|ing) boil(?:ed|ing) waited rested break_of late_by
""")
_PROCESS = compiled(
    rf"(?:{_PROCESSES}|\d (?:度|℃|°c?|rpm|[转伏v]) [跑下]?)"
    r"(?:[了约用花跑转到为是就要得:\s]|持续|大约|的?时间|\b(?:for|it|them)\b)*$"
)
_DID_IT = compiled(
    r"(?:(?:做|进行)了?(?:一[个次组]|[一-鿿]{2})?|(?:天|午|晚上?|[号日])\s+)"
    r"(?:电泳|染色|萃取|离心)[做了\s]*$"
)
# 用王老师的电脑跑了一小时程序
_AT_A_MACHINE = compiled(r"用[^,。;]{0,8}(?:电脑|服务器|机器)[上跑做了]* $")
_PART_ONLY = compiled(
    r"(?:其中|中间|期间|中途|途中|每(?![天日晚]))[^,。;]{0,8}$|关于[^,。;的]{0,4}$"
    r"|(?:讲|说|介绍)的是$|(?:题目|主题|内容)[是叫]$"
)
_A_PIECE = compiled(r"(?:一[部段个份张条盘集]|这[部段]|全长|片长|(?<!总)时长为?|长达)(?:长)?$")
_RECORDINGS = any_of("""
    数据(?!处理|分析|整理|清洗|拟合|采集|标注)
    录[音像] 音频 视频 纪录片 影片 样[品本] 曲线 波形 信号 记录 变化 温度 节律 周期 存活
""")
_DATA = compiled(
    rf" 长?的[^,。;!]{{0,6}}?{_RECORDINGS}| 的{_PROCESSES}"
    r"| (?:自动|连续|不间断|监[测控]|[车飞高地]|节律|周期|[一-鿿]{0,2}曲线|后|龄|长的)"
)
_LONGEST_WRITING = 4 * 60
_WROTE = compiled(r"[做写]了?(?:大?约|大概|差不多|整整)? $")
_WHOLE = compiled(
    r"(?:[总一]?共|总[计长]|总?[时用]长|合计|历时|耗时|用时|全程|前后|\btotal(?:_of)?\b"
    r"|活动本身|我?[只就][待呆做干学听看测]了?|人?在[那这][里儿边]?[待呆]了?|(?:真正|实际|净)[^,。;\d]{0,8}?)(?:的?时间)?[用花是就了约\s]*$"
)
_TAKEN_OFF = compiled(
    r" (?:的?时间)?(?:要|得|都|已经?)?"
    r"(?:刨[掉去除]|扣[掉除去]|减[掉去]|除外|不算(?![太很多少长短久什]))"
)
_EACH = compiled(r"(?:每[天日晚次人][^,。;]{0,8}?|各|都是?|分别是?)[做了花用约\s]*$")
_EACH_AFTER = compiled(r" (?:each|every|a_day|per_day|/天|每天)")

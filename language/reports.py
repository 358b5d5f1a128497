"""Telling a report of something done from questions, plans and talk about the records."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import pairwise

from language.activities import ACTIVITY, LEISURE
from language.acts import tells_of_an_act
from language.belonging import own_days
from language.callings import FAMILIAR
from language.clocks import NEXT_HOURS, WORKING, SaidHours, backwards, each_hours, hours_at
from language.days import SaidDays, begins, each_day
from language.grammar import LIMIT, any_of, before, compiled, skip
from language.lengths import Length, each_length
from language.names import SURNAME, TITLE, without_absent
from language.numerals import HAN, fold, readable
from language.slips import by_sound


def looks_like_session(text: str, now: datetime | None = None) -> bool:
    """Whether this reports something done: a day or a length, and an activity; not a question,
    a plan, or talk about the records themselves.

    Without `now`, of all days only those that are to come whenever it is said (明天) are a plan.
    """
    now = now or _ANY_TIME
    plain = _SAYINGS.sub(" ", as_meant(_report(text), now))
    told = _of_account(plain)
    if _BY_OTHERS.search(plain):
        return False
    if _NOT_DONE.search(told):
        instead = _instead(told)
        if _NOT_DONE.search(instead) or not _tells_of_an_act(instead):
            told = _without_refused(told)
            if _NOT_DONE.search(told) or not _tells_of_an_act_done(told):
                return False
            if _tells(told, now) == "done":
                return True
    return _tells(_without_called_off(plain, told), now) == "done"


def may_be_session(text: str, now: datetime) -> bool:
    """Whether this may report something done, though nothing in it says so surely: it has a day
    or a length that is past and something that is no question: 昨天种菜两小时. Without either it
    says that something of a session's kind was done: 测了三组条纹.
    """
    plain = _SAYINGS.sub(" ", as_meant(_report(text), now))
    told = _of_account(plain)
    if _NOT_DONE.search(told) or _BY_OTHERS.search(plain):
        return False
    plain = _without_called_off(plain, told)
    days, lengths = list(each_day(plain, now)), list(each_length(plain))
    own = own_days(plain, days)
    if own and all(is_to_come(said, now) for said in own):
        return False
    words = _without(plain, [*days, *lengths])
    did = _DID.search(words) and _ACTIVITY.search(words)
    if not (own or lengths or did or _IN_THE_LAB.search(words)):
        return False
    idle = _LEISURE.search(words) or _CHATTER.search(plain)
    return bool(_ANY_ACT.search(words)) and not idle


def looks_like_plan(text: str, now: datetime) -> bool:
    """Whether this tells of a session that is to come: 下周六要去野外考察."""
    plain = as_meant(_report(text), now)
    return not _ASKED.search(plain) and _tells(plain, now) == "to come"


def as_meant(plain: str, now: datetime) -> str:
    """The text with slips of the ear put right, without hours that end before they begin, without
    what is taken back at once (2小时，不对，3小时), and with 每次 as 每天 where several days are
    named. Blanks fill the gaps, so that every place stays the same."""
    plain = by_sound(plain)
    if now.hour < STILL_UP_UNTIL and _TOLD_AS_DONE.search(plain):
        # Who is still up past midnight calls the day before today.
        plain = _TODAY.sub("昨", plain)
    for start, end in backwards(plain):
        plain = f"{plain[:start]}{' ' * (end - start)}{plain[end:]}"
    if _TAKEN_BACK.search(plain) or "不是" in plain:
        plain = _taken_back(plain, list(each_day(plain, now)))
        plain = _taken_back(plain, list(each_length(plain)))
        plain = _taken_back(plain, list(each_hours(plain)))
    if _EACH_TIME.search(plain) and len(_days_named(plain, now)) > 1:
        plain = _EACH_TIME.sub("每天", plain)
    return plain


def _days_named(plain: str, now: datetime) -> set[date]:
    return {day for said in each_day(plain, now) for day in said.days}


_Phrase = SaidDays | Length | SaidHours


def _taken_back(plain: str, said: Sequence[_Phrase]) -> str:
    for wrong, right in pairwise(said):
        denied = before(_NOT_SO, plain, wrong.start)
        if denied and _BUT.fullmatch(plain, wrong.end, right.start):
            begins = denied.start()
        elif _TAKEN_BACK.fullmatch(plain, wrong.end, right.start):
            begins = _wrong_from(plain, wrong, right)
        else:
            continue
        plain = f"{plain[:begins]}{' ' * (right.start - begins)}{plain[right.start :]}"
    return plain


def _wrong_from(plain: str, wrong: _Phrase, right: _Phrase) -> int:
    """Where the words begin that are taken back: in 昨天两点，不对，三点 only the hour is."""
    hours = hours_at(plain, right.start)
    if isinstance(wrong, SaidDays) and hours and hours[1] == right.end:
        starts = [start(plain, wrong.start) for start in NEXT_HOURS]
        return min(min(starts), wrong.end) if min(starts) < wrong.end else wrong.start
    if isinstance(wrong, SaidHours) and isinstance(right, SaidHours) and not right.hours.part:
        # 下午两点，哦不，三点 is in the afternoon all the same.
        clock = NEXT_HOURS[1](plain, wrong.start)
        return clock if clock < wrong.end else wrong.start
    return wrong.start


def is_taken_back(plain: str, start: int, end: int) -> bool:
    """Whether the words at this place take back what stands before them, in favour of what
    follows."""
    back = _TAKEN_BACK.match(plain, start, end)
    return back is not None and _WITH.fullmatch(plain, back.end(), end) is not None


def _instead(told: str) -> str:
    """What was done in place of something that was not: 请假没上，后来在实验室测了一小时."""
    instead = list(_INSTEAD.finditer(told))
    rest = told[instead[-1].end() :] if instead else ""
    return rest if any(each_length(rest)) else told


def _of_account(plain: str) -> str:
    """The report without what it says about absent people and about things to come, and without
    what only sounds like something not done: 忘记登记了, 不是没去，是去晚了, 终于不用线上了."""
    return _LATER.sub("", _NO_REFUSAL.sub(" ", without_absent(plain)))


def _without_refused(told: str) -> str:
    """The text without the clauses that only say what was not done: 晚自习没上 去听了讲座."""
    clauses = _CLAUSES.split(told)
    if any(_STRICTLY_NOT.search(clause) for clause in clauses):
        return told
    return ",".join(
        clause
        for clause in clauses
        if not _REFUSED.search(clause) and not _OTHERS_ACT.search(clause)
    )


def _tells_of_an_act_done(rest: str) -> bool:
    """Whether a session's act is told as done, or for how long."""
    busy = _LEISURE.sub(",", rest)
    act = _ACTIVITY.search(busy) or tells_of_an_act(busy)
    return bool(act) and bool(_PERFECT.search(busy) or any(each_length(rest)))


def _tells_of_an_act(instead: str) -> bool:
    lengths = list(each_length(instead))
    return _acts(instead, _without(instead, lengths), True, lengths)


def _without_called_off(plain: str, told: str) -> str:
    """What was called off is not what was done, though something else may have been."""
    return told if _CALLED_OFF.search(plain) else plain


def beginning(plain: str) -> int:
    """Where a report begins: after 记一下：, 老师好，帮我记一次."""
    return skip(_BEGINNING, plain, 0)


def _report(text: str) -> str:
    plain = fold(readable(text)[:LIMIT])
    return plain[beginning(plain) :]


def _tells(plain: str, now: datetime) -> str:
    plain = _AFTER_OTHER_THINGS.sub(",", plain)
    days = list(each_day(plain, now))
    lengths = list(each_length(plain))
    own = own_days(plain, days)
    # 约了明天的实验 tells of nothing past.
    to_come = bool(days) and all(is_to_come(said, now) for said in own or days)
    words = _without(plain, [*days, *lengths])
    when = bool(days) or _HALF_A_DAY.search(plain) is not None
    if not _acts(plain, words, when, lengths):
        return "nothing"
    return "to come" if to_come else "done"


def _without(plain: str, said: Sequence[SaidDays | Length]) -> str:
    """The text with blanks for its days and lengths."""
    rest = list(plain)
    for one in said:
        rest[one.start : one.end] = " " * (one.end - one.start)
    return "".join(rest)


def is_to_come(said: SaidDays, now: datetime) -> bool:
    """Whether all the days said, or the hour, are later than now."""
    if said.moment and said.moment.day == now.date():
        return begins(said.moment) > now.time()
    return bool(said.days) and min(said.days) > now.date()


def _acts(plain: str, words: str, day: bool, lengths: Sequence[Length]) -> bool:
    """Whether something is done there. With a day and a length any verb will do: 昨天调光路两小时;
    with one of them those that we know for a session's, and whatever it was that I did.
    """
    if not lengths and not day:
        return False
    busy = _LEISURE.sub(",", words)
    if not lengths and (chatter := _CHATTER.findall(plain)):
        # 昨天改论文改到十二点，困死
        weary = all(_WEARY.fullmatch(word) for word in chatter)
        return weary and _tells_of_an_act_done(busy)
    if (
        _ACTIVITY.search(busy)
        or tells_of_an_act(busy)
        or _WENT_ON.search(_LEISURE.sub(",", plain))
    ):
        return True
    if not lengths:
        was_at_work = _I_DID.search(words) or _IN_THE_LAB.search(words)
        return bool(was_at_work) and not _LEISURE.search(words)
    if _LEISURE.search(words) or _CHATTER.search(plain):
        # 他堵车没到，我推了一个小时公式: what was done for so long is in a clause of its own.
        clauses = [_clause(words, length) for length in lengths]
        return day and any(_DID_FOR.search(one) and not _LEISURE.search(one) for one in clauses)
    return bool((_ANY_ACT if day else _OWN_ACT).search(words))


def _clause(words: str, length: Length) -> str:
    begins = max(words.rfind(mark, 0, length.start) for mark in ",。;!") + 1
    ends = (words.find(mark, length.end) for mark in ",。;!")
    return words[begins : min((end for end in ends if end >= 0), default=len(words))]


# For `looks_like_session` 明天 is a plan at any time and a date with a year never is, so the
# present it takes lies far ahead; at the end of a week, so that 本周五 may be past, and on a leap
# day, so that 29 February is a date.
_ANY_TIME = datetime(8984, 2, 29, 23, 59, tzinfo=UTC)

STILL_UP_UNTIL = 4
_TODAY = compiled("今(?=[天日晚晨早夜儿])")
_EACH_TIME = compiled(rf"每[次回趟]|(?<![这那上下第])一[次回趟](?= (?:\d|半|{HAN}))")
_ACTIVITY = compiled(ACTIVITY)
_LEISURE = compiled(LEISURE)
# Of 10点做到12点 the verb stands within the hours.
_WENT_ON = compiled(
    rf"[点半刻\d][^,。;:!?\d]{{0,10}}?{WORKING}"
    r"了?到 (?:[早晚]上|[上下中]午|傍晚|凌晨|深夜|半夜)? [\d零半一二三四五六七八九十]"
)
_ANY_ACT = compiled(
    r"(?!在|我|我们|学校|大学|一共|大约)[一-鿿]{2}|\b(?!at|in|on|for|the|was)[a-z]{3}"
)
_OWN_ACT = compiled(r"我.{0,6}[一-鿿]了|[一-鿿]了.{0,4}[一-鿿]{2}|\b(?:i|we)_[a-z]+ed\b")
_DID_FOR = compiled(r"[一-鿿]了\s+的?[一-鿿]{2}")
_HALF_A_DAY = compiled(r"[了一整]个?(?:上午|下午|晚上|早上)")
_WEARY = compiled("累|困|哈哈|天气")
# 做完作业之后去实验室
_AFTER_OTHER_THINGS = compiled(
    r"[做写上吃打考补交][了完][^,。;\s]{0,4}?(?:作业|卷子|试卷|补习班|补课|考试|饭|球|操)"
    r"(?:[之以]?后|就|再|又|(?=[去来回在跟和到]))"
)
_CLAUSES = re.compile(r"[,。;!]|(?<=[一-鿿\d])\s+(?=[一-鿿\d])|(?<=了)\s")
_WHEN = "(?:[今昨前]天|[今昨]晚|上?周[一二三四五六日天])"
# What somebody else did while I was not there.
_OTHERS_ACT = compiled(
    rf"^\s*{_WHEN}?(?:他们?|她们?|同[学桌]们?|别人|大家|人家|其他人|组[长员]|后来他)"
)
_PERFECT = compiled(r"[一-鿿][了完过到]|[做读看写听跑测开]的")
_TOLD_AS_DONE = compiled(
    rf"[一-鿿](?:[了完过]|到(?=现在|刚才|半夜|凌晨)|到 (?:\d|{HAN})+[点:])|小时|分钟"
)
# A lesson that was missed, and what was moved to the day on which it was done.
_LESSONS = any_of("""
    [早晚]?自习 (?:体育|语文|数学|英语|物理|化学|生物|历史|地理|政治|音乐|美术|信息)课 早操 课间操
    作业 [早午晚]?饭 午觉
""")
_MOVED = any_of(r"""
    (?:本来|原来|原本|原定)[^,。;\s]{0,8}(?:的|周[一二三四五六日天])?[,\s]+(?:后来|又|临时)?
    (?:没[^,。;\s]{1,3}成[^,。;\s]{0,4}|没[去做开来]|[去来]不了)[,\s]+(?:后来|就|所以|又|然后)*
""")
_NO_REFUSALS = any_of(rf"""
    忘(?:记了?|了)?+(?:登记|打卡|记录?|录|填|上报|报)(?:上|下来)?了?
    请了?个?假[,\s]*(?:跑?去|[来到在])(?=[^,。;\s]*[,。;\s]?[^,。;\s]*[了过完])
    不是没[去来做上到写听] (?:终于|再也|总算)不用[^,。;\s]{{0,6}} 不得不 不能不
    (?:虽然|其实)?我?不(?:想|能)(?:承认|说|动|否认) (?:没|未曾?)(?:想[到过]|料到|过?多久)
    (?:家人们)?谁懂[啊呀]? 懂的都懂
    没(?:什么|怎么|啥)[^,。;\s]{{0,4}} 没[做测跑算调弄搞写]出来? 没[有什么]*问题
    {_LESSONS}[都也]?没[上去写吃睡做](?=[,。;\s])
    {_MOVED}[补改挪推调]到了?(?!下)(?=[^,。;\s]{{1,6}}[,。;\s]+\S)
""")
_NO_REFUSAL = compiled(_NO_REFUSALS)
_INSTEAD = compiled(
    r"[,。;](?:然后|后来|于是|所以|最后|改成|(?:我|就)?在|[光就只](?=在?[看读写做听]))"
)
# Not 是2小时，不是3小时, which says the first.
_TAKEN_BACK = compiled(
    r"[\s,.…。、~-]*(?:(?:(?<=[啊哦噢呃额嗯诶哎])[,、]?不是|(?<=\s)不是(?=\s)"
    rf"|[啊哦噢呃额嗯诶哎]+[,、]?不(?:是|(?=[\s,、\d上这周昨今前]|{HAN}|$))"
    r"|[啊哦噢呃额嗯诶哎]*不对|[说写打记]错了?|更正|口误|不不++|(?<=[\s,、…])不(?=[\s,、])"
    r"|[吧嗯呃啊]+[,、]?对(?![于面比照称着])|\b(?:no_wait|wait_no|i_mean)\b)[\s,.…。、]*)+(?:应该)?[是:]?\s*"
)
_WITH = compiled(r"(?:[和跟与同]|应该)? ")
# 不是昨天哈，是今天中午
_NOT_SO = compiled(r"不是 $")
_BUT = compiled(r"[哈啊哦呀吧的]?[\s,]*(?:而是|是)\s*")
_DID = compiled(
    r"[一-鿿](?:了|完了?|过)[^,。;]{0,6}[一-鿿a-z]{2}|\b(?:i|we)_(?:\w+ed|did|built|ran|read|wrote)\b"
)
_I_DID = compiled(
    r"(?:我们?|俺)[^,。;]{0,8}[一-鿿][了过完][^,。;]{0,6}[一-鿿a-z]{2}|\b(?:i|we)_(?:\w+ed|went|took|gave)\b"
)
_LABS = "(?:实验室|机房|实验楼|课题组)"
# 两天都在实验室, 去王老师实验室待了一下午
_IN_THE_LAB = compiled(
    r"(?:都|一直|[两三四]天|整天)(?:是|去了?|[待呆泡]|[待呆泡]?在了?)[^,。;!?]{0,6}?"
    rf"{_LABS}里?[待呆泡]?[着了]? [,。!~]*$|[去在][^,。;!?]{{0,6}}?{_LABS}里?[待呆泡忙]了"
)
_OFF = (
    r"(?:(?:取消|改期|推迟)了?|(?:考察|组会|例会|讲座|实验|活动|采样|讨论|参观|比赛|课)[^,。;]{0,8}"
    r"(?:黄|吹|泡汤|鸽|停)了)"
)
# 明天要汇报，今天准备了两小时 is a report all the same.
_LATER = compiled(
    r"(?:(?<=[,。;])|^)"
    rf"(?:(?:[明后]天|下个?(?:周|星期|月))[^,。;]*[,。;]|[^,。;]*{_OFF}(?:[,。;]|$))"
)
_CALLED_OFF = compiled(_OFF)
# 李青昨天自己做了两小时, 我同桌今天听了讲座, 赵哥说他前天跑了代码: nobody says "I" or "together".
_SOMEBODY = (
    rf"(?:我们?)?的?(?:同[桌学]|[室舍校]友|朋友|闺蜜|班长|[表堂]?[哥姐弟妹]{{1,2}}|[爸妈爹娘]{{1,2}}"
    rf"|[一-鿿]{{1,3}}(?:{TITLE}|{FAMILIAR}))"
)
# 王老师说我昨天实验没做完: what somebody says is no report of mine.
_SAYINGS = compiled(
    rf"(?:(?<=[,。;!?\s])|^)[那但可而]?(?:刚才?|昨天|今天)?(?:{_SOMEBODY}|(?!于是|方才){SURNAME}[一-鿿]{{1,2}}?"
    rf"|(?:班主任|导师|老师|教练|医生)|[他她]们?|(?:有|别)人)(?:刚才?|昨天|今天|又|还|就|都)*"
    r"(?:说(?![的了明服好起])|问(?![了题卷])|批评|夸|怪|嫌|提醒|要求|叫(?=我)|让(?=我|大家))"
    r" [^,。;!?\s]*"
    # 跟王老师约了明天下午做实验: what is arranged has not been done.
    r"|(?:约[了好定]*|[说定讲谈]好)了?[^,。;!?\s]{0,3}(?:明[天早晚]|后天|下个?[周次星礼])[^,。;!?\s]*"
)
_NONE_OF_US = "(?![^!?]*(?:我|咱|俺|带|教|指导|一起|together))"
_BY_OTHERS = compiled(
    rf"^(?:{_SOMEBODY}|(?!于是|方才){SURNAME}[一-鿿]{{1,2}}){_WHEN}(?:自己|一个人|独自){_NONE_OF_US}"
    rf"|^(?:我?们?班?[上里]?的?)?(?:同[桌学]|[室舍]友|朋友|闺蜜|[表堂]?[哥姐弟妹]{{1,2}}|[爸妈]){_WHEN}{_NONE_OF_US}"
    r"|^(?![^,。;]*老师)[一-鿿]{2,8}[来到]我(?:们)?的?(?:实验室|办公室|课题组|这)"
    r"|^(?!我|咱|俺)[^,。;\s]{2,20}[,。;\s]+[但可]?是?我没有?(?:去|来|参加|赶上)[了成]?[,。!\s]*$"
    r"|没有?[叫带喊]上?(?:我|我们|咱)(?=$|[,。;!\s])(?!.*(?:我|自己))"
)
_BEGINNING = compiled(
    r"(?:(?:老师)?[你您]?好[,!。]* )?(?:(?:我[要想来]|请|麻烦)?(?:[帮给]我)?(?:记|登记|记录)"
    r"(?:一?[下次笔条]|一个)(?:培养|活动)*+ [,:。]? "
    r"|(?:(?:登记|记录|打卡|汇报|日[记志]):|打卡[^\w一-鿿]+))?"
)
_QUESTIONS = any_of(r"""
    \? 吗 来着 什么时 咋(?![,。!\s]*$) 哪(?!怕) 多[少久长] 谁 请问 第几 [差要满]几 几[次点号篇]
    算几 呢[,。!\s]*$ 是否 是不是 [能可][不否] 要不要 有没有 (?P<sign>[一-鿿])不(?P=sign)
    (?<![一-鿿])(?:[能可]以?|算|可以).*不[,。!\s]*$ 能(?:算|补|记|当).*[不么][,。!\s]*$
    算.{0,8}[一-鿿]不[,。!\s]*$
    [过审批收发交成完][了过]?没有?[,。!\s]*$ [算作记]数[不没] 几分
    [一-鿿]{2}还是(?!没|不|很|挺|太|有点|失败|翻车|报错|原样|老样)[一-鿿]{2,8}$
    还是两?[一二三几]次 算.{0,4}还是
    ^(?:what|when|where|who|why|how|which|can|could|do|does|is|are|should|will|would|may)\b
""")
# 讨论了如何处理数据 is no question, nor is 讨论下次做什么，1小时.
_STUDIED = (
    r"^(?!.*(?:主要|重点|一起)(?:[说聊谈讲]|讨论|商量).*{0})"
    r"(?!.*(?:讨论|研究|探[究讨]|学[习了会]|讲|了解|交流|分析|[聊谈]了?|商量).*{0}"
    r"(?:.[一-鿿]{{2}}|,[\d一两半]))"
    r"(?!.*(?:讨论|研究|琢磨|摸索|捣鼓|[学聊谈])了\s*[\d半一两二三].*{0}).*{0}"
)
_QUESTION = f"(?:{_QUESTIONS}|{_STUDIED.format('(?:怎|如何|为何|什么)')})"
_REQUEST = any_of(r"""
    应该 必须 (?<!不)得去 记得 提醒 别忘 帮我 麻烦 申请 报名
    要是[^,。;]*就好了 早知道 [恨巴]不得
    希望(?:老师|学校|办公室|你|您|可以|能(?:[参报来去安再给]|[有多]))
    ^(?:如果|假如|要是|假设) [,。](?:如果|要是)
    ^(?:通知|公告|预告|各位|请各|请同学) 通知[:,] 请.{0,6}(?:同学|老师).{0,20}(?:参加|到)
    举[办行](?!的|了) 定于 \b(?:please|remind|should|must|need_to)\b
""")
_REFUSAL = any_of(r"""
    没有?[去做来参上听能写交进赶](?![完懂清]|(?!加|[今昨前上那])[^,。]{0,3}的) [去做听参]不成
    没.{0,3}成(?!功) 没[^,。;]{0,2}[开办搞弄做]起来
    没有?(?:时间|空)(?=$|[,。;!去做听参看读来]) 没有?(?:开|办)?(?:组会|例会|讲座|研讨会)(?!的)
    不得?[去想能用做来] 取消 请假 改期 推迟 (?:本来|原本).{0,6}[要想打准计] 差点[忘没]
    忘[记了]*+[^,。]{0,5}(?:去|做|来|参加|听|上课|写|交|开会|记)
    \b(?:not|never|cannot|forgot_to|cancell?ed|postponed|called_off|skipped|missed)\b n['’]t\b
""")
_PLAN = any_of(r"""
    打算 [准计][备划][去做参] 想[去做要参问约] (?<![主重需必])要[去做参交上听和跟开]
    (?<![主重需必])要(?:线上|讨论|办) (?:今晚|待会儿?|等会儿?|一会儿?)[^,。]{0,4}还有
    将[要会于在举] (?<![开组例班])会[去有举] \b(?:will|plan)\b \b(?:going|want)_to\b
""")
# The records and their handling.
_RECORDED = any_of(r"""
    日[志记] 提交 上传 够了 通过了[^,。]{0,6}记录
    审[核批] 批了[^,。;\s]{0,6}(?:记录|材料|报告)
    驳回 退回 撤回 删[除掉] 补[交写录] 每[次周月年学][^,。]*[次时天]
    [写记填报]错
    的(?:记录|[^,。;\s]{0,4}(?:时长|时间|日期|地点))[^,。;\s]{0,3}(?:错了|不对|有误)
    是[^,。]{1,6}(?:小时|分钟)[,]?不是
    ^把[^,。]*(?:实验|活动|记录|讲座|时[长间]|日期|地点|那次|那条|讨论|组会)[^,。]*改
    (?<!改[一-鿿])(?<!改[一-鿿]{2})(?<!改[一-鿿]{3})改[成为到]了?\s*(?:\d|[零一二两三四五六七八九十半]|线[上下]|到校|校外|昨|前天|今|周|上周)
    改\s*\d+个?小时
    \b(?:diary|submit|submitted|approved?|deadline|certificate)\b
""")
_REFUSED = compiled(f"{_REFUSAL}")
_STRICTLY_NOT = compiled(
    rf"{_QUESTION}|{_REQUEST}|{_PLAN}|{_RECORDED}|取消|改期|推迟|差点|不得?[想能]|想[去做参要]|约"
)
_NOT_DONE = compiled(f"{_QUESTION}|{_REQUEST}|{_REFUSAL}|{_PLAN}|{_RECORDED}")
_ASKED = compiled(
    rf"{_QUESTION}|{_REQUEST}|取消|请假|改期|推迟|日[志记]|提交|审[核批]|不[去想能用做来]|没"
)
# Of these a length makes a report all the same: 学习了安全规定，1小时.
_CHATTER = compiled(
    r"谢谢|听说|感谢|累|困|迟到|晚点|抱歉|不好意思|哈哈|加油|快乐|天气|作业|收到|来不了|发[你您给群我]"
    r"|截止|证书|合格|规定|\bthank"
)

"""Every card of the product, as the real house says it to invented people: a talk for each."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import Session

from bot.talk.acting import Operator
from bot.talk.clock import SetClock
from bot.talk.message import (
    Choice,
    Field,
    Incoming,
    Item,
    Message,
    Meter,
    Outgoing,
    put,
    rows_of,
)
from prompts import Both, Language
from services import retention
from storage import migrate
from storage.database import connect
from storage.tables import RetentionKind
from tests.documents.samples import word
from tests.house import House, Member

NOW = datetime(2026, 11, 28, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shot:
    """One card, and where it is met."""

    name: str
    message: Outgoing


@dataclass
class Tour:
    """A walk through the house in one language."""

    house: House
    language: Language
    shots: list[Shot] = field(default_factory=list)

    def say(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    def shoot(self, name: str, member: Member, kind: str = "") -> None:
        """Keep what somebody was shown last; of several, the one whose card key begins so."""
        shown = [m for m in member.unread() or member.last if m.card.startswith(kind)]
        self.shots.append(Shot(name, shown[-1]))

    async def act(self, member: Member, verb: str) -> None:
        """Press or call an act outside any talk."""
        await member.sends(Incoming(member.address, press=f"a:{verb}"))

    async def choose(self, member: Member, begins: str) -> None:
        """Press the newest button that does this, whatever it is called."""
        mine = [s.message for s in self.house.platform.shown if s.address == member.address]
        for message in reversed(mine):
            for button in (one for row in rows_of(message) for one in row):
                if button.press.startswith(f"a:{begins}") or re.search(
                    f":=?{re.escape(begins)}$", button.press
                ):
                    await member.sends(Incoming(member.address, press=button.press))
                    return
        raise AssertionError(f"no button does {begins!r}:\n{mine[-1]}")

    async def join(self, *names: str) -> list[Member]:
        for name in names:
            await self.open_invitation(name)
            await self.choose(self.house.members[name], "agree")
        return [self.house.members[name] for name in names]

    async def open_invitation(self, name: str) -> Member:
        member = self.house.members[name]
        code = await self.house.code(name)
        await member.sends(Incoming(member.address, start=code, name=name, language=self.language))
        return member

    async def session(self, member: Member, minutes: int, day: str, what: str) -> None:
        """Fill in a session, as far as the last look at it."""
        await self.act(member, "session")
        await member.says(day)
        for choice in (str(minutes), "on_campus", "research"):
            await self.choose(member, choice)
        await member.says(self.house.members["王建国"].name)
        await member.says(what)


async def students(tour: Tour) -> None:
    """Joining, a session, a diary, progress and records; and the mentor's side of them."""
    student = await tour.open_invitation("林小雨")
    tour.shoot("Joining · 加入", student)
    await tour.choose(student, "agree")
    tour.shoot("Menu of a student · 学生的菜单", student, "menu")
    mentor, _, teacher, office = await tour.join("王建国", "李青", "郭老师", "管小青")
    await tour.act(student, "progress")
    tour.shoot("Progress with nothing yet · 还没有记录的进度", student)

    await tour.act(student, "session")
    tour.shoot("A question · 一个问题", student)
    await tour.choose(student, "2026-11-26+120")
    await tour.choose(student, "cancel")
    tour.shoot("Put aside · 先放下", student)
    await tour.act(student, "drafts")
    tour.shoot("A draft · 没写完的", student)
    await tour.choose(student, "drop")
    tour.shoot("A draft to be discarded · 放弃草稿", student)
    await tour.choose(student, "drop")

    what = tour.say(
        "搭双缝干涉光路，测了三组条纹间距。", "Set up the double slit, measured three fringes."
    )
    await tour.session(student, 120, "2026-11-27", what)
    tour.shoot("Before handing in a session · 提交前核对", student)
    await tour.choose(student, "edit:length")
    tour.shoot("A field being changed · 改一项", student)
    await tour.choose(student, "back")
    await tour.choose(student, "submit")
    tour.shoot("Handed in · 已提交", student)
    tour.shoot("Review card · 请导师审核", mentor)
    for minutes, day in ((60, "2026-11-26"), (90, "2026-11-28")):
        await tour.session(student, minutes, day, what)
        await tour.choose(student, "submit")
    tour.house.clock.move(timedelta(days=1, hours=2))
    await tour.choose(student, "diary")
    await student.says(
        tour.say(
            "第一次看到条纹。\n还不懂为什么中间最亮。",
            "I saw fringes.\nWhy is the middle brightest?",
        )
    )
    await tour.choose(student, "done")
    tour.shoot("Before handing in a diary · 日志提交前核对", student)
    await tour.choose(student, "submit")
    tour.shoot("Diary handed in · 日志已提交", student)

    await tour.act(mentor, "menu")
    tour.shoot("Menu of a mentor · 导师的菜单", mentor)
    await tour.act(mentor, "queue")
    tour.shoot("What waits for a mentor · 待审", mentor)
    await tour.choose(mentor, "whole")
    tour.shoot("An entry in full, to be settled · 看全文", mentor)
    await tour.choose(mentor, "approve")
    tour.shoot("Approved · 已通过", mentor)
    tour.shoot("The student is told · 告诉学生已通过", student)
    await tour.act(mentor, "queue")
    await tour.choose(mentor, "whole")
    await tour.choose(mentor, "return")
    tour.shoot("Why it is sent back · 退回的理由", mentor)
    await tour.choose(mentor, "too_short")
    tour.shoot("Sent back · 已退回", mentor, "record")
    tour.shoot("The student is told · 告诉学生已退回", student)
    await tour.act(mentor, "queue:long")
    tour.shoot("Nothing waits · 没有待审", mentor)

    tour.house.clock.move(timedelta(days=3))
    await tour.act(student, "progress")
    tour.shoot("Progress · 我的进度", student)
    await tour.act(student, "records")
    tour.shoot("Records · 我的记录", student)
    await tour.choose(student, "record")
    tour.shoot("An entry · 一条记录", student)
    await tour.act(student, "privacy")
    tour.shoot("Who can read it · 谁能看到", student)
    await tour.act(student, "help")
    tour.shoot("Help · 帮助", student)

    await tour.act(teacher, "students")
    tour.shoot("My students · 我的学生", teacher)
    await tour.choose(teacher, "student")
    tour.shoot("One student · 一名学生", teacher)
    await tour.choose(teacher, "urge")
    tour.shoot("A reminder, shown first · 提醒先给老师看", teacher)
    await tour.choose(teacher, "urge")
    tour.shoot("The reminder · 学生收到的提醒", student)

    await tour.act(office, "cohort")
    tour.shoot("A cohort at a glance · 本期概况", office)
    for verb, name in (
        ("behind", "Not met yet · 还没达到要求"),
        ("longest", "Waiting longest · 等得最久的"),
        ("absent", "Not joined · 还没加入"),
        ("unreached", "Out of reach · 联系不上"),
    ):
        await tour.act(office, f"{verb}:1")
        tour.shoot(name, office)


async def questions(tour: Tour) -> None:
    """Policy answers, what goes to the office, its standard answers, and its documents."""
    student, office = await tour.join("林小雨", "管小青")
    for zh, en, name in (
        ("一年要去几次", "how many sessions a year", "A policy answer · 政策答案"),
        ("导师聘期几年", "how long is a mentor appointed", "The documents are silent · 文件没写"),
        ("量子引力里的圈怎么重整化", "how are loops renormalised", "Not understood · 没看懂"),
    ):
        await student.says(tour.say(zh, en))
        tour.shoot(name, student)
    await student.says(tour.say("一年要去几次", "how many sessions a year"))
    await tour.choose(student, "unhelpful")
    await tour.act(office, "questions")
    tour.shoot("Questions that wait · 等待答复的问题", office)
    await tour.choose(office, "group")
    tour.shoot("One group of questions · 一组问题", office)
    await tour.choose(office, "no_answer")
    tour.shoot("No answer, asked once more · 不用答", office)
    await tour.choose(office, "group")
    await tour.choose(office, "reply")
    await office.says(
        tour.say("每年不少于十次，寒暑假可以集中安排。", "At least ten a year; holidays will do.")
    )
    await tour.choose(office, "none")
    tour.shoot("Before an answer is sent · 答复前核对", office)
    await tour.choose(office, "send")
    tour.shoot("Answered · 已答复", office)
    tour.shoot("The answer arrives · 提问的人收到答复", student)
    await tour.choose(office, "curate")
    await office.says(tour.say("培养次数", "Number of sessions"))
    tour.shoot("A standard answer, before it is saved · 标准答案核对", office)
    await tour.choose(office, "send")
    tour.shoot("A standard answer · 标准答案", office)
    await tour.choose(office, "clarify")
    tour.shoot("To be sent to everybody · 发给所有人", office)
    await tour.act(office, "answers")
    tour.shoot("Standard answers · 标准答案清单", office)

    await tour.act(office, "documents")
    tour.shoot("No documents yet · 还没有政策文件", office)
    await tour.choose(office, "load_document")
    await office.sends_files(("实施方案.docx", word()))
    tour.shoot("A document as it was read · 读出来的文件", office)
    await tour.choose(office, "publish")
    tour.shoot("Documents · 政策文件", office, "documents")
    await tour.choose(office, "undocument")
    tour.shoot("To be removed · 移除文件", office)


async def bulletins(tour: Tour) -> None:
    """A bulletin of an office: seen beforehand, sent, confirmed, reminded of."""
    names = ("林小雨", "赵一鸣", "郭老师", "管小青")
    student, _, teacher, office = await tour.join(*names)
    await tour.act(office, "bulletin")
    await office.says(
        tour.say(
            "12月10日前请交齐期末材料，地点在晋阳大学物理楼。",
            "Please hand in your materials by 10 December, at the physics building.",
        )
    )
    for answer in ("student", "-", "yes"):
        await tour.choose(office, answer)
    tour.shoot("A bulletin before its preview · 通知核对", office)
    await tour.choose(office, "preview")
    tour.shoot("Whom it reaches · 发出前的人数", office)
    await tour.choose(office, "send_bulletin")
    tour.shoot("A bulletin arrives · 收到通知", student)
    await tour.choose(student, "received")
    tour.shoot("Confirmed · 已回执", student)
    await tour.act(office, "bulletins")
    tour.shoot("Bulletins · 通知清单", office)
    await tour.choose(office, "show_bulletin")
    tour.shoot("How far it is · 送到与回执", office)
    await tour.choose(office, "bulletin_people")
    tour.shoot("Whom to call · 没回执的人", office)
    await tour.act(teacher, "bulletins")
    await tour.choose(teacher, "bulletin_copy")
    tour.shoot("A school teacher's copy · 老师看到的副本", teacher)


async def monthly(tour: Tour) -> None:
    """A programme that counts by the month."""
    (student,) = await tour.join("林小雨")
    await tour.act(student, "progress")
    tour.shoot("Progress by the month · 按月计的进度", student)


async def consent(tour: Tour) -> None:
    """A learner under 14 and a guardian."""
    student, guardian = await tour.join("林小雨", "林大海")
    await tour.act(student, "session")
    tour.shoot("A guardian's consent is awaited · 等监护人同意", student)
    await tour.act(guardian, "children")
    tour.shoot("Consent is asked for · 请监护人同意", guardian)
    await tour.choose(guardian, "consent")
    tour.shoot("Consent is given · 已同意", guardian)
    await tour.choose(guardian, "consented")
    tour.shoot("What was consented to · 我同意了什么", guardian)
    (office,) = await tour.join("管小青")
    await tour.house.app.database.run(keep_for_seven_months, tour.house.clock.now())
    office.reads()
    await tour.house.app.retain()
    await tour.house.settle()
    tour.shoot("To be deleted soon · 保存期限快到了", office)


def keep_for_seven_months(db: Session, now: datetime) -> None:
    """The programme ended long ago: it is due at once."""
    retention.set_months(db, Operator(now), 1, RetentionKind.ENTRIES, 7, 7)


async def prepared(tour: Tour) -> None:
    """What a mentor and a student prepare, what the office approves, and who stands in."""
    student, mentor, _, office = await tour.join("林小雨", "王建国", "李青", "管小青")
    await tour.act(mentor, "plans")
    tour.shoot("Training plans · 培养计划", mentor)
    await tour.choose(mentor, "plan:")
    for zh, en in (
        ("对光学有兴趣，每周有半天时间", "Likes optics; half a day every week"),
        ("能独立做完一组双缝实验", "Makes a set of double-slit experiments alone"),
        ("三月读书，四月到六月做实验", "Reading in March, experiments from April to June"),
    ):
        await mentor.says(tour.say(zh, en))
    await tour.choose(mentor, "none")
    tour.shoot("A training plan before it is submitted · 核对培养计划", mentor)
    office.reads()
    await tour.choose(mentor, "submit")
    tour.shoot("A training plan, for the office · 请审批", office)
    await tour.choose(office, "approve:")
    student.reads()
    await tour.act(student, "plans")
    tour.shoot("A student's training plan · 自己的培养计划", student)
    await tour.act(student, "presentation")
    for zh, en in (
        ("做了三次实验，学会了估计误差", "Three experiments; learnt to estimate errors"),
        ("样本够不够？", "Are the samples enough?"),
        ("十一月前写完报告", "Finish the report by November"),
        ("想借一台激光器", "A laser would help"),
    ):
        await student.says(tour.say(zh, en))
    tour.shoot("A presentation before it is handed in · 核对中期汇报", student)
    await tour.act(mentor, "stand_in")
    await mentor.says("1")
    await mentor.says(tour.say("今天", "today"))
    await mentor.says(tour.say("一周", "a week"))
    await tour.act(mentor, "stand_ins")
    tour.shoot("Who stands in · 代班", mentor)
    await tour.act(office, "hand_over")
    await office.says(tour.say("周岚", "周岚"))
    await office.says(tour.say("李青", "李青"))
    await office.says(tour.say("明天", "tomorrow"))
    tour.shoot("A place before it is handed over · 安排交接", office)
    await tour.choose(office, "yes")
    await tour.act(office, "handovers")
    tour.shoot("Handovers · 交接", office)


async def tests_taken(tour: Tour) -> None:
    """Results of tests: a pasted list, and what a student reads."""
    student, office = await tour.join("林小雨", "管小青")
    await tour.act(office, "enter_results")
    await tour.choose(office, "initial")
    await office.says("林小雨 85；李雷 90")
    tour.shoot("Results before they are entered · 核对测试成绩", office)
    await tour.choose(office, "submit")
    await tour.act(student, "results")
    tour.shoot("A student's test results · 自己的测试成绩", student)


async def help_asked(tour: Tour) -> None:
    """A student asks a teacher to get in touch."""
    student, teacher, _ = await tour.join("林小雨", "郭老师", "管小青")
    await tour.act(student, "seek_help")
    tour.shoot("Asking for help: who · 求助：可以请谁", student)
    await tour.choose(student, "tell_adult")
    tour.shoot("Asking for help: told · 求助：已经告诉", student)
    tour.shoot("A student asks · 有学生求助", teacher)
    await tour.choose(student, "say_more")
    tour.shoot("Asking for help: words · 求助：写几句", student)
    await student.says(tour.say("他们把我的实验本扔了", "They threw my lab book away"))
    await tour.choose(teacher, "open_call")
    tour.shoot("A student asks: opened · 有学生求助：打开", teacher)
    await tour.choose(student, "own_calls")
    tour.shoot("Asking for help: what became of it · 求助：我请过谁", student)
    await tour.choose(teacher, "close_call")
    tour.shoot("A student asks: in touch? · 有学生求助：联系上了吗", teacher)
    await tour.choose(teacher, "close_call")
    tour.shoot("A message for the student alone · 只给学生看的消息", student)


TOURS: list[tuple[str, str, Callable[[Tour], Awaitable[None]]]] = [
    ("shanxi-2026", "senior_1", students),
    ("neimenggu-pilot-2025", "senior_1", monthly),
    ("sichuan-jingke-2023", "primary_5", consent),
    ("shanxi-2026", "senior_1", questions),
    ("shanxi-2026", "senior_1", prepared),
    ("spark-2026", "senior_1", tests_taken),
    ("shanxi-2026", "senior_1", bulletins),
    ("shanxi-2026", "senior_1", help_asked),
]


def too_much(language: Language) -> Shot:
    """A card with more in every place than belongs there."""
    name = Both(
        "买买提艾力·阿不都热依木江·乌斯满江",
        "Maimaiti'aili Abudureyimujiang Wusimanjiang-Fitzgerald",
    )
    long = Both(
        "2025年12月31日（周三） 到校自主学习 读指定书目 11小时55分钟",
        "31 December 2025 (Wednesday), on campus on my own, reading list, 11 h 55 min",
    )
    waits = Both("等欧阳建国、李青，128 天", "with Ouyang Jianguo and Li Qing, 128 days")
    message = Message(
        Both("一段话" * 30, " ".join(["A paragraph that goes on and on."] * 6)),
        (
            (Choice("a:1", Both("提交", "Submit"), weight="primary"), Choice("a:2", long)),
            (Choice("a:3", Both("退回修改", "Send it back to be changed"), weight="danger"),),
            (Choice("a:menu", Both("菜单", "Menu"), weight="quiet"),),
        ),
        kind="card",
        title=name,
        fields=(
            Field(Both("导师和团队", "Mentor and the whole team"), name),
            Field(Both("内容", "What"), long, choice=Choice("a:4", Both("改内容", "Change What"))),
            Field(Both("状态", "State"), waits, "waiting"),
        ),
        meters=(
            Meter(long, waits, 39, 1, 40, waits, "waiting", "附件2 五(三)1；附件3 六(十二)10"),
            Meter(name, "0", 0, 0, 4, Both("还差 4", "4 to go")),
            Meter(name, "4", 4, 0, 4, Both("✓ 已达到", "✓ reached"), "good"),
        ),
        items=(
            Item(long, "a:5", waits, "waiting"),
            Item(name, "a:6", Both("已退回，等学生修改", "sent back, the student's turn"), "bad"),
            Item(name, state=Both("邀请码已过期", "the code has expired"), tone="neutral"),
        ),
        note=Both("注意事项。" * 12, " ".join(["A note beside the matter."] * 6)),
        clause=Both(
            "出处：内蒙古试点（2025年度）附件2 五(三)1", "Source: Inner Mongolia pilot (2025)"
        ),
    )
    return Shot("Too much of everything · 什么都太长", put(message, language))


@contextmanager
def _house(kind: str = "sqlite") -> Iterator[tuple[str, Path]]:
    with TemporaryDirectory() as folder:
        url = f"{kind}:///{folder}/cards.db"
        engine = connect(url)
        migrate.upgrade(engine)
        engine.dispose()
        yield url, Path(folder)


async def shots(language: Language) -> list[Shot]:
    """All cards in one language, in the order of the page."""
    found: list[Shot] = []
    for programme, grade, walk in TOURS:
        with _house() as (url, folder):
            house = await House.open(url, folder, SetClock(NOW))
            await house.populate(programme, grade)
            tour = Tour(house, language)
            await walk(tour)
            house.close()
            found += tour.shots
    return [*found, too_much(language)]

"""Walks through the real web chat of an invented cohort, one for each guide and language.

A walk does what its guide says, in the same order, remembers all that stood on the screen, and
takes the guide's pictures.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image
from playwright.async_api import Browser, Page, expect

from app.demo import make_demo
from app.main import App
from app.settings import Settings
from bot.talk.acting import Operator
from prompts import Language, Text, render, t
from services import joining, roster
from storage import migrate
from storage.database import Database
from tests.product.conftest import RunningClock

GUIDES: Final = Path(__file__).resolve().parents[2] / "docs" / "guides"
PICTURES: Final = GUIDES / "pictures"
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
PHONE: Final = {"width": 390, "height": 844}
LAPTOP: Final = {"width": 1280, "height": 800}
WAIT: Final = 20_000
"""Milliseconds for which a sentence is waited for."""

Said = tuple[str, str]
"""What somebody types, in Chinese and in English."""
SAID: Final[Mapping[str, Said]] = {
    "session": (
        "今天上午在校和武老师做了两小时PCR实验",
        "two hours with Wu Mingche on campus this morning, ran a PCR experiment",
    ),
    "diary": (
        "第一次自己配了PCR反应液，手抖，重做了一遍才成功。还不懂退火温度怎么选，下次想试三个温度。",
        "I mixed the PCR reagents myself for the first time, and had to do it again. I do not yet "
        "know how to choose the annealing temperature: next time I want to try three.",
    ),
    "policy": ("中期评价什么时候？", "When is the mid-term evaluation?"),
    "behind": ("谁还没达标", "who is behind"),
    "remind_all": ("提醒所有没写日志的学生", "remind all students without a diary"),
    "correct": ("把李华的姓名改成李桦", "change the name of Li Hua to Li Hwa"),
    "reason": ("请补上退火温度", "Please add the annealing temperature"),
}
"""Everything that is typed and is no command's name."""


@dataclass
class Cohort:
    """The running app of the demo's cohort, in one language."""

    app: App
    number: int
    clock: RunningClock
    language: Language

    @property
    def url(self) -> str:
        assert self.app.site is not None
        return f"http://127.0.0.1:{self.app.site.port}"

    def member(self, who: str) -> tuple[int, int]:
        """The membership and the person of somebody of the demo."""
        name = render(t(f"demo.person.{who}"), self.language)
        with self.app.database.transaction() as db:
            members = roster.members(db, self.number)
            found = next(one for one in members if one.person.name == name)
            return found.id, found.person.id or 0

    def code(self, who: str) -> str:
        with self.app.database.transaction() as db:
            return roster.invite(db, Operator(self.clock.now()), self.member(who)[0])

    def link(self, who: str) -> str:
        with self.app.database.transaction() as db:
            token = joining.sign_in_link(db, self.member(who)[1], self.clock.now())
        return f"{self.url}/in/{token}"


@cache
def made(language: Language) -> tuple[int, bytes]:
    """The number of the demo's cohort, and its database: they take seconds, and each walk begins
    with them."""
    with TemporaryDirectory() as folder, closing(Database(f"sqlite:///{folder}/demo.db")) as empty:
        migrate.upgrade(empty)
        with empty.transaction() as db:
            demo = make_demo(db, RunningClock().now(), language)
        assert demo is not None
        empty.clean()
        return demo.cohort_id, (Path(folder) / "demo.db").read_bytes()


@asynccontextmanager
async def cohort(language: Language, folder: Path) -> AsyncIterator[Cohort]:
    """The demo's cohort on Monday 23 November 2026, at ten in the morning."""
    file = folder / "guide.db"
    settings = Settings(database_url=f"sqlite:///{file}", data_dir=folder / "data")
    settings.web.port = 0
    number, data = made(language)
    file.write_bytes(data)
    clock = RunningClock()
    app = App(settings, clock)
    running = asyncio.create_task(app.run())
    await asyncio.sleep(0)  # its first step takes the port
    try:
        yield Cohort(app, number, clock, language)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        app.close()


@dataclass
class Walk:
    """One person's way through a guide."""

    guide: str
    cohort: Cohort
    browser: Browser
    pictures: Path | None = None
    """Where pictures are written; none are written without."""
    page: Page | None = None
    seen: list[str] = field(default_factory=list)
    """All that has stood on the screen, and all that was typed."""
    taken: list[str] = field(default_factory=list)

    @property
    def language(self) -> Language:
        return self.cohort.language

    @property
    def at(self) -> Page:
        assert self.page is not None
        return self.page

    def words(self, words: Text | str) -> str:
        return render(words, self.language)

    async def opens(self, size: Mapping[str, int] = PHONE) -> None:
        phone = size is PHONE
        context = await self.browser.new_context(
            locale="zh-CN" if self.language == "zh" else "en-GB",
            viewport={"width": size["width"], "height": size["height"]},
            device_scale_factor=1.5 if phone else 1,
            is_mobile=phone,
            has_touch=phone,
        )
        self.page = await context.new_page()

    async def signs_in(self, who: str) -> None:
        await self.at.goto(self.cohort.link(who))
        await self.presses(t("web.link.enter"))
        await expect(self.at.get_by_role("log")).to_be_visible(timeout=WAIT)

    async def says(self, words: Text | str) -> None:
        typed = words if isinstance(words, str) else self.words(words)
        self.seen.append(typed)
        await self.at.get_by_role("textbox").fill(typed)
        send = self.words(t("web.chat.send"))
        await self.at.get_by_role("button", name=send, exact=True).click()

    async def types(self, key: str) -> None:
        """Type one of the sentences of `SAID`."""
        await self.says(SAID[key][LANGUAGES.index(self.language)])

    async def presses(self, label: Text | str) -> None:
        words = label if isinstance(label, str) else self.words(label)
        await self.looks("body")
        button = self.at.get_by_role("button", name=words, disabled=False).last
        await button.click(timeout=WAIT)

    async def sees(self, words: Text | str) -> None:
        """Wait until these words stand in the chat, or on a page that is none."""
        said = words if isinstance(words, str) else self.words(words)
        where = self.at.get_by_role("log").or_(self.at.locator("main")).first
        await expect(where.get_by_text(said).last).to_be_visible(timeout=WAIT)
        await self.looks("body")

    async def offers(self, label: Text) -> None:
        """Wait until there is a button of this name."""
        button = self.at.get_by_role("button", name=self.words(label), disabled=False).last
        await expect(button).to_be_visible(timeout=WAIT)
        await self.looks("body")

    async def looks(self, within: str) -> None:
        """Remember all that stands on the screen."""
        self.seen.append(await self.at.locator(within).first.inner_text())

    async def shoots(self, name: str, *, end: bool = False, to: Text | None = None) -> None:
        """Take a picture of the screen as it is, or of the end of the newest message, or of where
        the last button of a name stands."""
        self.taken.append(name)
        await self.at.wait_for_load_state("networkidle")
        if end:
            newest = self.at.get_by_role("article").last
            await newest.evaluate("(message) => message.scrollIntoView({ block: 'end' })")
        if to is not None:
            button = self.at.get_by_role("button", name=self.words(to)).last
            await button.evaluate("(found) => found.scrollIntoView({ block: 'center' })")
        await self.at.wait_for_timeout(400)  # what slides in has come to rest
        await self.looks("body")
        if self.pictures is not None:
            path = self.pictures / f"{self.guide}-{name}.webp"
            path.write_bytes(small(await self.at.screenshot(animations="disabled")))


def small(png: bytes) -> bytes:
    """A picture in few bytes."""
    out = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(out, "WEBP", quality=62, method=6)
    return out.getvalue()


# ---------------------------------------------------------------- the walks


async def students(walk: Walk) -> None:
    await walk.opens()
    await walk.at.goto(walk.cohort.url)
    await walk.sees(t("web.welcome.code"))
    await walk.at.get_by_role("textbox").fill(walk.cohort.code("student_12"))
    await walk.presses(t("web.welcome.enter"))
    await walk.offers(t("join.agree"))
    await walk.shoots("join")
    await walk.presses(t("join.agree"))
    await walk.offers(t("command.records.label"))
    await walk.shoots("menu")
    await walk.types("session")
    await walk.offers(t("session.submit"))
    await walk.shoots("check", end=True)
    await walk.presses(t("session.submit"))
    await walk.offers(t("diary.now"))
    await walk.presses(t("diary.now"))
    await walk.sees(t("talk.put_down"))
    await walk.types("diary")
    await walk.offers(t("answer.done"))
    await walk.shoots("diary")
    await walk.presses(t("answer.done"))
    await walk.offers(t("session.submit"))
    await walk.presses(t("session.submit"))
    await walk.says(t("command.progress.label"))
    await walk.sees(t("command.materials.label"))
    await walk.shoots("progress")
    await walk.types("policy")
    await walk.offers(t("question.unhelpful"))
    await walk.shoots("policy")
    await walk.says(t("command.help.label"))
    await walk.sees(t("command.seek_help.label"))
    # Somebody whose entry was sent back.
    await walk.opens()
    await walk.signs_in("student_2")
    await walk.offers(t("record.mend"))
    await walk.shoots("returned", to=t("record.mend"))


async def mentors(walk: Walk) -> None:
    await walk.opens()
    await walk.signs_in("mentor_1")
    await walk.sees(t("command.service_hours.label"))
    await walk.says(t("command.queue.label"))
    await walk.presses(t("review.whole"))
    await walk.sees(t("record.version", version=1))
    await walk.shoots("review", end=True)
    await walk.presses(t("review.return"))
    await walk.sees(t("talk.put_down"))
    await walk.types("reason")
    await walk.sees(t("state.returned"))
    await walk.shoots("returned")
    await walk.types("behind")
    await walk.says(t("command.students.label"))
    await walk.sees(t("demo.person.student_2"))
    await walk.shoots("students")
    await walk.says(t("command.service_hours.label"))
    make = t("proof.make", proof=t("proof.name_workload"))
    await walk.offers(make)
    await walk.shoots("hours")
    await walk.presses(make)
    await walk.offers(t("talk.no"))
    await walk.presses(make)
    await walk.presses(t("proof.look"))
    await walk.offers(t("certificate.file"))
    await walk.shoots("proof")


async def school_teachers(walk: Walk) -> None:
    await walk.opens()
    await walk.signs_in("teacher_1")
    await walk.says(t("command.students.label"))
    await walk.sees(t("demo.person.student_4"))
    await walk.shoots("students")
    await walk.presses(t("demo.person.student_4"))
    await walk.shoots("student")
    await walk.types("remind_all")
    await walk.offers(t("watch.urge.send_all", count=4))
    await walk.shoots("remind")


async def guardians(walk: Walk) -> None:
    await walk.opens()
    await walk.signs_in("guardian")
    await walk.says(t("command.children.label"))
    see = t("consent.see_progress", name=t("demo.person.student_7"))
    await walk.offers(see)
    await walk.presses(see)
    await walk.shoots("progress")
    await walk.says(t("command.mydata.label"))
    await walk.shoots("data")


async def coordinators(walk: Walk) -> None:
    await walk.opens()
    await walk.signs_in("coordinator")
    await walk.says(t("command.cohort.label"))
    await walk.sees(t("watch.list.behind"))
    await walk.shoots("overview")
    await walk.types("behind")
    await walk.offers(t("watch.urge.all"))
    await walk.shoots("behind")
    await walk.says(t("command.stages.label"))
    await walk.sees(t("certificate.title"))
    await walk.shoots("stages")
    await walk.says(t("command.service_hours.label"))
    await walk.sees(t("demo.person.mentor_1"))
    await walk.shoots("hours")
    await walk.says(t("command.roster.label"))
    await walk.types("correct")
    await walk.offers(t("command.menu.label"))
    await walk.opens(LAPTOP)
    await walk.signs_in("coordinator")
    await walk.at.goto(f"{walk.cohort.url}/console/{walk.cohort.number}")
    await walk.shoots("console")


WALKS: Final[Mapping[str, tuple[Callable[[Walk], Awaitable[None]], tuple[str, ...]]]] = {
    "students": (
        students,
        ("join", "menu", "check", "diary", "progress", "policy", "returned"),
    ),
    "mentors": (mentors, ("review", "returned", "students", "hours", "proof")),
    "school-teachers": (school_teachers, ("students", "student", "remind")),
    "guardians": (guardians, ("progress", "data")),
    "coordinators": (coordinators, ("overview", "behind", "stages", "hours", "console")),
}
"""The walk of each guide, and the pictures that it takes, in order."""


async def walked(
    guide: str, language: Language, browser: Browser, folder: Path, pictures: Path | None = None
) -> Walk:
    """Walk a guide from its beginning to its end."""
    walk, named = WALKS[guide]
    async with cohort(language, folder) as there:
        way = Walk(guide, there, browser, pictures)
        await walk(way)
    assert tuple(way.taken) == named
    return way

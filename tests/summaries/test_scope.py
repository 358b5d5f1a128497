"""Each office counts its own branch alone, in the chat's job and on the console."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from sqlmodel import select
from starlette.applications import Starlette

from app.console.gate import Gate
from bot.router import Router
from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import SetClock
from handlers import handlers
from jobs.summaries import SummaryDesk
from services import roster, summaries
from services.audit import note_refusal
from storage.database import Database
from storage.files import FileStore
from storage.tables import Audit, Cohort, Membership, Role
from tests.console.conftest import SITE, Province, found
from tests.summaries.conftest import Paper


@pytest.fixture
def province(sqlite_database: Database, clock: SetClock) -> Province:
    """Two cities; the south has one more who has left, and a cohort runs beside this one."""
    made = found(sqlite_database, clock)
    with made.database.transaction() as db:
        gone = made.add(db, "周瑜", Role.STUDENT, "南二中")
        roster.end_member(db, Operator(clock.now()), gone.id or 0, "随父母出国")
        other = Cohort(
            programme="shanxi-2026",
            name="别的一期",
            office_id=made.units["省办"],
            created_at=clock.now(),
        )
        db.add(other)
        db.flush()
        db.add(
            Membership(
                cohort_id=other.id or 0,
                person_id=made.people["北办小李"],
                role=Role.COORDINATOR,
                unit_id=made.units["北城"],
                created_at=clock.now(),
            )
        )
    return made


@pytest.fixture
def summary_desk(province: Province, tmp_path: Path) -> SummaryDesk:
    return SummaryDesk(province.database, FileStore(tmp_path), {}, province.clock, 10**7)


def actor(province: Province, name: str) -> Actor:
    return Actor(province.people[name], None, province.clock.now())


async def paper_of(province: Province, desk: SummaryDesk, name: str) -> Paper:
    return Paper((await desk.make(actor(province, name), province.cohort)).data)


@pytest.mark.parametrize(
    ("name", "learners", "mine", "others", "school", "left"),
    [
        ("北办小李", 3, "北城", "南城", "北一中", 0),
        ("南办小赵", 2, "南城", "北城", "南二中", 1),
    ],
)
async def test_a_city_counts_its_own(
    province: Province,
    summary_desk: SummaryDesk,
    name: str,
    learners: int,
    mine: str,
    others: str,
    school: str,
    left: int,
) -> None:
    paper = await paper_of(province, summary_desk, name)
    assert f"统计范围：{mine}。" in paper.text
    assert paper.row("人员", "学生") == [str(learners), "0", str(learners)]
    # The one mentor of all is counted, whose hours with the other city are not told here.
    assert paper.row("人员", "导师")[0] == "1"
    assert paper.row("按学校", school)[:4] == [str(learners), str(left), "1", "1.5"]
    assert len(paper.tables["按学校"]) == 3
    assert "已通过的培养活动1次，共1.5小时；另有1次等待审核，没有计入。" in paper.lines
    assert paper.row("服务时长", "导师")[:4] == ["0", "0", "0", "0"]
    assert paper.row("最低要求", "培养活动（至少 10 次）")[:2] == ["0", str(learners)]
    for words in (others, {"北一中", "南二中"}.difference({school}).pop(), "省办", "别的一期"):
        assert words not in paper.text
    assert ("随父母出国" in paper.text) is bool(left)


async def test_the_province_counts_all(province: Province, summary_desk: SummaryDesk) -> None:
    paper = await paper_of(province, summary_desk, "省办小王")
    assert "统计范围：本期全部。" in paper.text
    assert paper.row("按学校", "合计")[:4] == ["5", "1", "2", "3"]
    assert paper.row("按学科", "物理学")[0] == "3"
    # An hour with a learner of each city at once is one hour.
    assert paper.row("服务时长", "导师")[:4] == ["1", "1", "1", "1.5"]
    assert paper.row("提前结束", "随父母出国") == ["1"]


@pytest.mark.parametrize("name", ["北查小孙", "北师老周", "王建国", "林小雨"])
async def test_who_is_no_office_makes_none(
    province: Province, summary_desk: SummaryDesk, name: str
) -> None:
    with pytest.raises(Refused):
        await summary_desk.make(actor(province, name), province.cohort)


async def test_who_left_the_office_makes_none_any_more(
    province: Province, summary_desk: SummaryDesk
) -> None:
    assert await paper_of(province, summary_desk, "北办小李")
    with province.database.transaction() as db:
        now = Operator(province.clock.now())
        roster.end_member(db, now, province.places["北办小李"], "调走")
    with pytest.raises(Refused):
        await summary_desk.make(actor(province, "北办小李"), province.cohort)


# ---------------------------------------------------------------- the console


@pytest.fixture
async def browser(
    province: Province, summary_desk: SummaryDesk
) -> AsyncIterator[httpx2.AsyncClient]:
    router = Router(handlers(site=SITE), note_refusal)
    gate = Gate(province.database, province.clock, router, summaries=summary_desk)
    transport = httpx2.ASGITransport(Starlette(routes=gate.routes()))
    async with httpx2.AsyncClient(transport=transport, base_url=SITE) as client:
        yield client


async def test_an_office_downloads_it_from_the_page_of_the_cohort(
    province: Province, browser: httpx2.AsyncClient
) -> None:
    browser.cookies = {"session": province.sign_in("北办小李")}
    page = await browser.get(f"/console/{province.cohort}")
    way = f"/console/{province.cohort}/summary.docx"
    assert f'href="{way}"' in page.text
    answer = await browser.get(way)
    assert answer.status_code == 200
    assert answer.headers["content-type"].endswith("wordprocessingml.document")
    told = answer.headers["content-disposition"]
    assert "filename*=UTF-8''%E5%B9%B4%E5%BA%A6%E6%80%BB%E7%BB%93" in told
    paper = Paper(answer.content)
    assert paper.row("按学校", "北一中")[0] == "3"
    assert "南二中" not in paper.text
    with province.database.transaction() as db:
        [row] = db.exec(select(Audit).where(Audit.verb == "make_summary")).all()
    assert row.person_id == province.people["北办小李"]


async def test_an_auditor_finds_no_way_and_another_cohort_is_as_one_that_is_not(
    province: Province, browser: httpx2.AsyncClient
) -> None:
    browser.cookies = {"session": province.sign_in("北查小孙")}
    page = await browser.get(f"/console/{province.cohort}")
    assert page.status_code == 200
    assert "summary.docx" not in page.text
    refused = await browser.get(f"/console/{province.cohort}/summary.docx")
    nothing = await browser.get("/console/99/summary.docx")
    assert (refused.status_code, nothing.status_code) == (404, 404)
    assert refused.text == nothing.text
    browser.cookies = {}
    assert (await browser.get(f"/console/{province.cohort}/summary.docx")).status_code == 401


async def test_a_template_that_is_gone_is_said_on_the_page(
    province: Province, browser: httpx2.AsyncClient
) -> None:
    with province.database.transaction() as db:
        by = actor(province, "省办小王")
        summaries.put_template(db, by, province.cohort, "ab" * 32, 9, "我们的.docx")
    browser.cookies = {"session": province.sign_in("省办小王")}
    answer = await browser.get(f"/console/{province.cohort}/summary.docx")
    assert answer.headers["content-type"].startswith("text/html")
    assert "用回自带的模板" in answer.text

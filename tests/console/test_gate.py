"""The door of the console: sessions, other sites, headers, weight, and how often it asks."""

from __future__ import annotations

import re
import sqlite3
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import event
from sqlmodel import col, select
from starlette.applications import Starlette

from app.console.gate import HERE, Gate
from bot.router import Router
from bot.talk.clock import SetClock
from handlers import handlers
from services import joining
from services.audit import note_refusal
from storage.database import Database
from storage.tables import Account, Person, Record, Role
from tests.console.conftest import SITE, Desk, Province, found
from tests.staff.conftest import days_ago, hand_in

PAGES = (
    *("", "/students", "/schools", "/waiting", "/roster", "/reminders", "/acts"),
    *("/students/{student}", "/entries/{entry}"),
)
LIGHT = 100_000
"""Bytes of a page with its style sheet."""


def paths(province: Province) -> list[str]:
    with province.database.transaction() as db:
        entry = db.exec(select(Record.id).order_by(col(Record.id))).first()
    student = province.places["林小雨"]
    at = f"/{province.cohort}"
    return [at + page.format(student=student, entry=entry) for page in PAGES]


# ---------------------------------------------------------------- who is let in


async def test_whoever_is_not_signed_in_is_shown_the_way(desk: Desk, province: Province) -> None:
    stranger = await desk.of()
    said = {await stranger.opens(path, 401) for path in ("/", *paths(province), "/no-page")}
    assert len(said) == 1
    [html] = said
    assert "请先登录网页聊天" in html
    assert 'href="/"' in html
    assert "示例一期" not in html


async def test_a_session_that_is_forged_or_over_is_none(desk: Desk, province: Province) -> None:
    good = province.sign_in("北办小李")
    browser = await desk.of(session=good)
    await browser.opens(f"/{province.cohort}")
    nobody = await (await desk.of()).opens("/", 401)
    for forged in (
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good.upper(),
        "x",
        "' OR 1=1 --",
    ):
        assert await (await desk.of(session=forged)).opens("/", 401) == nobody
    with province.database.transaction() as db:
        joining.sign_out(db, good, province.clock.now())
    assert await browser.opens("/", 401) == nobody
    later = await desk.of("北办小李")
    province.clock.move(joining.SESSION_LIFE + timedelta(seconds=1))
    assert await later.opens("/", 401) == nobody


async def test_a_chat_that_has_not_joined_is_not_signed_in(desk: Desk, province: Province) -> None:
    with province.database.transaction() as db:
        code = joining.invite(db, province.places["北办小李"], province.clock.now())
        session, account = joining.visit(
            db, joining.read_code(code) or "", "test", "zh", province.clock.now()
        )
        assert isinstance(account, Account)
    await (await desk.of(session=session)).opens("/", 401)


async def test_it_speaks_the_readers_language(desk: Desk, province: Province) -> None:
    with province.database.transaction() as db:
        db.get_one(Person, province.people["北办小李"]).language = "en"
    html = await (await desk.of("北办小李")).opens(f"/{province.cohort}/students")
    assert '<html lang="en">' in html
    assert "Back to the chat" in html
    assert "导出" not in html


async def test_every_page_opens_on_both_databases(database: Database, clock: SetClock) -> None:
    """Also for who sees a branch, also as a book, and however it is filtered."""
    made = found(database, clock)
    async with AsyncExitStack() as stack:
        for name in ("北办小李", "省办小王"):
            browser = await Desk(made, stack).of(name)
            for path in paths(made):
                await browser.opens(path)
            for state in ("behind", "waiting", "not_joined", "consent", "pace.0.short"):
                await browser.opens(f"/{made.cohort}/students?state={state}&sort=-waits&q=l")
            for tab in ("students", "waiting", "roster", "acts"):
                book = await browser.client.get(f"/console/{made.cohort}/{tab}.xlsx")
                assert book.status_code == 200


# ---------------------------------------------------------------- other sites


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://elsewhere.test"},
        {"origin": "null"},
        {"origin": SITE, "sec-fetch-site": "cross-site"},
    ],
)
async def test_nothing_is_done_for_another_sites_page(
    desk: Desk, province: Province, method: str, headers: dict[str, str]
) -> None:
    client = (await desk.of("北办小李")).client
    answer = await client.request(method, f"/console/{province.cohort}/students", headers=headers)
    assert answer.status_code == 403
    assert "不是从本站的页面发出的" in answer.text


@pytest.mark.parametrize("path", ["/{}", "/{}/students", "/1/students/{}", "/1/entries/{}"])
async def test_a_number_larger_than_any_is_as_one_that_is_not(
    desk: Desk, province: Province, path: str
) -> None:
    client = (await desk.of("北办小李")).client
    unknown, huge = [
        await client.get("/console" + path.format(number)) for number in ("987654", "9" * 20)
    ]
    assert (huge.status_code, huge.text) == (404, unknown.text)
    # It is no dead end.
    assert 'href="/console/"' in huge.text


async def test_only_what_is_done_is_posted(desk: Desk, province: Province) -> None:
    """A page takes nothing; a form goes to what does something, and that shows nothing."""
    client = (await desk.of("北办小李")).client
    forms: set[str] = set()
    for path in paths(province):
        answer = await client.post(f"/console{path}", headers={"origin": SITE})
        assert answer.status_code == 405, path
        page = (await client.get(f"/console{path}")).text
        forms.update(re.findall(r'method="post" action="([^"]+)"', page))
    assert forms
    for action in forms:
        assert (await client.get(action)).status_code in (404, 405), action


# ---------------------------------------------------------------- headers and weight


async def test_every_answer_is_guarded_and_runs_nothing(desk: Desk, province: Province) -> None:
    client = (await desk.of("北办小李")).client
    for path in (*paths(province), "/no-page", f"/{province.cohort}/students.xlsx"):
        headers = (await client.get(f"/console{path}")).headers
        policy = dict(p.split(" ", 1) for p in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert "script-src" not in policy
        assert policy["style-src"] == policy["form-action"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    style = await client.get("/console/static/console.css")
    assert style.headers["cache-control"] == "no-cache"


async def test_no_page_has_scripts_or_styles_of_its_own(desk: Desk, province: Province) -> None:
    browser = await desk.of("北办小李")
    for path in paths(province):
        html = await browser.opens(path)
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", html), path


async def test_what_somebody_wrote_is_never_markup(desk: Desk, province: Province) -> None:
    nasty = "<img src=x onerror=alert(1)>&\"'"
    with province.database.transaction() as db:
        db.get_one(Person, province.people["林小雨"]).name = nasty
    browser = await desk.of("北办小李")
    shown = 0
    for path in (*paths(province), f"/{province.cohort}/students?q=%3Cimg+src%3Dx%3E%22"):
        html = await browser.opens(path)
        assert "<img" not in html, path
        shown += "&lt;img src=x onerror=alert(1)&gt;" in html
    assert shown >= 4


async def test_a_first_page_is_light(desk: Desk, province: Province) -> None:
    enrol(province, 60)
    browser = await desk.of("省办小王")
    style = (HERE / "static" / "console.css").stat().st_size
    for path in paths(province):
        assert len((await browser.opens(path)).encode()) + style < LIGHT, path


async def test_behind_https_the_cookie_has_the_safe_name(province: Province) -> None:
    at, router = "https://console.test", Router(handlers(), note_refusal)
    gate = Gate(province.database, province.clock, router, at)
    session = province.sign_in("北办小李")
    through = httpx2.ASGITransport(Starlette(routes=gate.routes()))
    async with httpx2.AsyncClient(transport=through, base_url=at) as client:
        page = f"/console/{province.cohort}"
        plain = await client.get(page, headers={"cookie": f"session={session}"})
        assert plain.status_code == 401
        safe = await client.get(page, headers={"cookie": f"__Host-session={session}"})
        assert safe.status_code == 200
        assert "max-age" in safe.headers["strict-transport-security"]


# ---------------------------------------------------------------- how often it asks


def enrol(province: Province, count: int) -> None:
    """So many more students, each of whom has something waiting."""
    with province.database.transaction() as db:
        for number in range(count):
            name = f"学生{len(province.places)}-{number}"
            student = province.add(db, name, Role.STUDENT, "北一中", subject="physics")
            hand_in(db, student, province.clock, days_ago(province.clock, 1))


async def test_pages_ask_as_often_for_many_as_for_few(desk: Desk, province: Province) -> None:
    """No statement for each student, on any page or in a sheet."""
    asked: list[str] = []

    def watched(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_trace_callback(asked.append)

    event.listen(province.database.engine, "checkout", watched)
    browser = await desk.of("省办小王")

    async def counts() -> dict[str, int]:
        number = {}
        for page in (*PAGES[:7], "/students.xlsx", "/waiting.xlsx"):
            path = f"/console/{province.cohort}{page}"
            await browser.client.get(path)  # what is done once is done
            asked.clear()
            assert (await browser.client.get(path)).status_code == 200
            number[page] = len(asked)
        return number

    enrol(province, 5)
    few = await counts()
    enrol(province, 50)
    assert await counts() == few
    assert all(number > 3 for number in few.values())

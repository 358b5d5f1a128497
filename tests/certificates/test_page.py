"""The verification page in a real browser: without a network, and with the server's word."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from axe_playwright_python.async_playwright import Axe
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.async_api import Browser, Page
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from app import desk
from app.cli import app as command_line
from app.main import App
from app.settings import Settings, WebSettings
from app.verification import page as verification
from bot.talk.clock import SetClock
from bot.worker import end
from services import certificates
from services.certified import signed, token_hash
from storage.database import Database
from storage.signing import key_name
from storage.tables import Certificate, SigningKey
from tests.certificates.conftest import NOW, NewYear, Year
from tests.web.conftest import browser

__all__ = ["browser"]


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
async def year(new_year: NewYear) -> Year:
    """林小雨 has a certificate; 赵一鸣's was revoked."""
    year = new_year()
    year.enrol("林小雨", "qualified")
    year.enrol("赵一鸣", "excellent")
    await year.issue()
    with year.database.transaction() as db:
        certificates.revoke(db, year.by, 2, "姓名有误")
    return year


def tokens(year: Year) -> list[str]:
    with year.database.transaction() as db:
        return list(db.exec(select(Certificate.token).order_by(col(Certificate.nth))))


@asynccontextmanager
async def opened(browser: Browser, *, offline: bool = False) -> AsyncIterator[Page]:
    context = await browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    await context.set_offline(offline)
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield page
    await context.close()
    assert not [one for one in wrong if "Failed to load resource" not in one]


async def verifies(page: Page, words: str) -> str:
    await page.fill("#token", words)
    await page.click("#verify")
    await page.wait_for_selector("#result.good, #result.bad")
    return await page.inner_text("#result")


@pytest.mark.slow
async def test_a_saved_page_verifies_with_no_network(
    year: Year, tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "CLOCK", SetClock(NOW))
    monkeypatch.setenv("YINGCAI_DATABASE_URL", str(year.database.url))
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(tmp_path))
    file = tmp_path / "核验.html"
    made = CliRunner().invoke(command_line, ["certificate", "page", "-o", str(file)])
    assert made.exit_code == 0, made.output
    assert "1 把公钥，1 份已撤销" in made.stdout
    again = CliRunner().invoke(command_line, ["certificate", "page", "-o", str(file)])
    assert again.exit_code == 2
    for name in ("林小雨", "赵一鸣", "姓名有误"):
        assert name not in file.read_text("utf-8")

    good, revoked = tokens(year)
    async with opened(browser, offline=True) as page:
        await page.goto(f"{file.as_uri()}#{good}")
        await page.wait_for_selector("#result.good")
        said = await page.inner_text("#result")
        for words in ("签名是真的", "2026-12-20", "林小雨", "合格", "SHANXI-2026-01-0001"):
            assert words in said, words
        assert "已撤销" in await verifies(page, f"https://yingcai.example.org/verify#{revoked}")
        assert "赵一鸣" in await page.inner_text("#facts")
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        # The same bytes in another form, where the last letter stands for less than six bits.
        twin = revoked[:-1] + letters[letters.index(revoked[-1]) ^ 1]
        for wrong in (good[:-5], "B" + good[1:], good[:100] + "~" + good[101:], twin):
            assert "不能证明是真的" in await verifies(page, wrong)
            assert await page.inner_text("#facts") == ""
        for other in ("0001", "林小雨", '{"learner": "林小雨", "sealed": "AbC"}'):
            await page.fill("#token", other)
            await page.click("button")
            await page.wait_for_selector("#result.waits")
            assert "不是证书二维码" in await page.inner_text("#title")
        for number in ("SHANXI-2026-01-0001", "证书编号：SHANXI-2026-01-0001"):
            await page.fill("#token", number)
            await page.click("#verify")
            await page.wait_for_selector("#result.waits")
            assert "只有编号，核验不了" in await page.inner_text("#result")
        # Broken into lines, as some scanners do.
        lines = "\n".join(good[i : i + 60] for i in range(0, len(good), 60))
        assert "林小雨" in await verifies(page, lines)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        found = await Axe().run(page)
        assert found.response["violations"] == []


@pytest.mark.slow
async def test_the_browsers_arithmetic_is_that_of_everybody(browser: Browser) -> None:
    """SHA-512 of every length around its blocks; signatures, and what is nearly one."""
    chance = random.Random(8032)
    order = 2**252 + 27742317777372353535851937790883648493
    hashes, cases = [], []
    for length in (0, 1, 55, 111, 112, 113, 127, 128, 129, 300):
        message = chance.randbytes(length)
        hashes.append((message.hex(), hashlib.sha512(message).hexdigest()))
        private = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        key, signature = private.public_key().public_bytes_raw(), private.sign(message)
        cases.append((key, signature, message, True))
        flipped = bytearray(signature)
        flipped[chance.randrange(64)] ^= 1 << chance.randrange(8)
        cases.append((key, bytes(flipped), message, False))
        cases.append((key, signature, message + b"x", False))
        cases.append((chance.randbytes(32), signature, message, False))
        # The same number once more round: a second form of one signature must not pass.
        scalar = int.from_bytes(signature[32:], "little") + order
        cases.append((key, signature[:32] + scalar.to_bytes(32, "little"), message, False))
    given = [[k.hex(), s.hex(), m.hex()] for k, s, m, _ in cases]
    source = (Path(verification.__file__).parent / "signature.js").read_text("utf-8")
    async with opened(browser) as page:
        await page.goto("about:blank")
        await page.evaluate(source.replace("export function", "function") + AS_HEX)
        found_hashes = await page.evaluate(
            "all => all.map(([m]) => hex(sha512(bytes(m))))", hashes
        )
        found = await page.evaluate(
            "all => all.map(given => verified(...given.map(bytes)))", given
        )
    assert found_hashes == [wanted for _, wanted in hashes]
    assert found == [wanted for *_, wanted in cases]


AS_HEX = """
const bytes = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
const hex = (all) => [...all].map((byte) => byte.toString(16).padStart(2, "0")).join("");
Object.assign(globalThis, { bytes, hex, sha512, verified });
"""


@asynccontextmanager
async def serving(year: Year, tmp_path: Path) -> AsyncIterator[str]:
    settings = Settings(
        database_url=str(year.database.url), data_dir=tmp_path, web=WebSettings(port=0)
    )
    app = App(settings, SetClock(NOW))
    running = asyncio.create_task(app.run())
    await asyncio.sleep(0)  # its first step takes the port
    assert app.site is not None
    try:
        yield f"http://127.0.0.1:{app.site.port}"
    finally:
        await end(running)
        app.close()


@pytest.mark.slow
async def test_the_server_says_what_became_of_it_and_learns_no_name(
    year: Year, tmp_path: Path, browser: Browser
) -> None:
    good, revoked = tokens(year)
    async with serving(year, tmp_path) as site, opened(browser) as page:
        sent: list[str] = []
        page.on("request", lambda one: sent.append(f"{one.url} {one.post_data or ''}"))
        await page.goto(f"{site}/verify#{good}")
        await page.wait_for_selector("#result.good")
        assert "有效" in await page.inner_text("#result")
        assert "已撤销" in await verifies(page, revoked)
        asked = [one for one in sent if "/status" in one]
        assert [one.split()[1] for one in asked] == [
            token_hash(token).hex() for token in (good, revoked)
        ]
        assert not any(good in one.partition("#")[0] for one in sent)
        with year.database.transaction() as db:
            row = db.get_one(Certificate, 1)
            row.token_hash = b"\0" * 32
        assert "没有记录" in await verifies(page, good)
        await page.context.set_offline(True)
        await page.fill("#token", good)
        await page.click("#verify")
        await page.wait_for_selector("#note:has-text('连不上')")


async def test_numbers_cannot_be_tried_out(year: Year, tmp_path: Path) -> None:
    good, _ = tokens(year)
    hashed = token_hash(good).hex()
    async with serving(year, tmp_path) as site, httpx2.AsyncClient(base_url=site) as client:
        shown = await client.get("/verify")
        assert shown.status_code == 200
        assert "林小雨" not in shown.text
        assert "default-src &#39;none&#39;" in shown.text
        assert shown.headers["cache-control"] == "no-store"
        answer = await client.post("/verify/status", content=hashed)
        assert answer.json() == {"state": "valid"}
        for other in ("0" * 64, hashed[::-1]):
            answer = await client.post("/verify/status", content=other)
            assert answer.json() == {"state": "unknown"}
        number = "SHANXI-2026-01-0001"
        for wrong in ("", number, hashed[:-1], hashed + "00", "é" * 64, "x" * 10**6):
            answer = await client.post("/verify/status", content=wrong.encode())
            assert (answer.status_code, answer.json()) == (400, {})
        assert (await client.get("/verify/status")).status_code == 404
        assert (await client.get(f"/verify/{good}")).status_code == 404


def test_the_page_holds_nothing_but_itself() -> None:
    page = verification.saved([SigningKey(public=b"\1" * 32, made_at=NOW)], [], [], NOW.date())
    assert "connect-src" not in page
    assert "src=" not in page
    assert "href=" not in page


@pytest.mark.slow
async def test_what_a_stolen_key_signed_is_in_doubt(
    year: Year, tmp_path: Path, browser: Browser
) -> None:
    """Known to the server by the day it was issued; to a saved page by whether it is vouched for,
    since whoever has the key chooses the day that stands in what it signs."""
    good, _ = tokens(year)
    with year.database.transaction() as db:
        key = db.exec(select(SigningKey)).one()
        row = db.exec(select(Certificate).where(Certificate.token == good)).one()
        facts = certificates.facts_of(db, row)
        public = key.public
        dated_back = signed(
            facts.model_copy(update={"name": "冒名者"}),
            public,
            lambda data: year.press.keys.sign(public, data),
        )
        certificates.mark_stolen(
            db, year.by, key_name(public), NOW.date() - timedelta(days=1), year.press.keys
        )
        file = tmp_path / "核验.html"
        file.write_text(saved_now(db), "utf-8")
        key.stolen_on = NOW.date() + timedelta(days=1)
        db.add(key)
        db.flush()
        later = tmp_path / "另一天.html"
        later.write_text(saved_now(db), "utf-8")
    async with opened(browser, offline=True) as page:
        await page.goto(file.as_uri())
        assert "存疑" in await verifies(page, good)
        await page.goto(later.as_uri())
        assert "没有撤销它" in await verifies(page, good)
        said = await verifies(page, dated_back)
        assert "存疑" in said
        assert "2026-12-21" in said
    async with serving(year, tmp_path) as site, opened(browser) as page:
        await page.goto(f"{site}/verify#{good}")
        await page.wait_for_selector("#result.good")
        assert "没有记录" in await verifies(page, dated_back)
        with year.database.transaction() as db:
            db.exec(
                select(SigningKey).where(SigningKey.public == public)
            ).one().stolen_on = NOW.date()
        await page.reload()
        said = await verifies(page, good)
        assert "存疑" in said
        assert "2026-12-20" in said


def saved_now(db: Session) -> str:
    keys, revoked = certificates.public_keys(db), certificates.revoked_hashes(db)
    return verification.saved(keys, revoked, certificates.vouched_hashes(db), NOW.date())

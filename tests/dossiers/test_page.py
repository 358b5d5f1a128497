"""A dossier's signed file on the page that verifies, with no network."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from app.verification import page as verification
from storage.tables import SigningKey
from tests.certificates.test_page import opened, verifies
from tests.dossiers.conftest import NOW
from tests.dossiers.test_form import made
from tests.web.conftest import browser

__all__ = ["browser", "made"]


async def chooses(page: Page, file: Path) -> str:
    await page.set_input_files("#dossier", file)
    await page.wait_for_selector("#result.good, #result.bad")
    return await page.inner_text("#result")


@pytest.mark.slow
async def test_a_saved_page_verifies_a_dossier(
    made: tuple[bytes, bytes], tmp_path: Path, browser: Browser
) -> None:
    data, public = made
    text = data.decode()
    key = SigningKey(public=public, made_at=NOW)
    file, dossier = tmp_path / "核验.html", tmp_path / "档案.json"
    file.write_text(verification.saved([key], [], [], NOW.date()), "utf-8")
    told = json.loads(text)
    async with opened(browser, offline=True) as page:
        await page.goto(file.as_uri())
        dossier.write_bytes(data)
        said = await chooses(page, dossier)
        for words in ("签名是真的", "林小雨", "2026-12-07", "到 2026-12-07 为止"):
            assert words in said, words
        for same in (text, json.dumps(told, ensure_ascii=False), "\ufeff" + text):
            assert "签名是真的" in await verifies(page, same)
        twice = text.replace('"name": "林小雨"', '"name": "林大雨", "name": "林小雨"', 1)
        for wrong in (
            text.replace("林小雨", "林大雨"),
            text.replace('"number": ', '"number": 1', 1),
            text.replace('"submitted"', '"Submitted"', 1),
            text[:-20],
            twice,
            json.dumps({**told, "signature": told["signature"][:-4] + "AAAA"}),
            json.dumps({**told, "key": "0" * 16}),
        ):
            assert wrong != text
            assert "不能证明是真的" in await verifies(page, wrong)
            assert await page.inner_text("#facts") == ""
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    key.stolen_on = date(2026, 12, 1)
    file.write_text(verification.saved([key], [], [], NOW.date()), "utf-8")
    async with opened(browser, offline=True) as page:
        await page.goto(file.as_uri())
        assert "存疑" in await verifies(page, text)

"""The pages in a real browser: a phone and a desk, light and dark, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from app.settings import Settings
from storage.tables import Person
from tests.product.conftest import browser, opened, settings
from tests.product.test_axe import DESK, PHONE, faults
from tests.product.test_browser import Visitor

__all__ = ["browser", "settings"]

pytestmark = pytest.mark.slow

TABS = ("/students", "/schools", "/waiting", "/roster", "/reminders", "/inquiries", "/acts")


@pytest.mark.parametrize(
    ("kind", "scheme", "language"),
    [(PHONE, "dark", "zh"), (DESK | {"viewport": {"width": 1280, "height": 800}}, "light", "en")],
)
async def test_an_office_finds_its_way_from_the_chat_to_an_entry(
    settings: Settings, browser: Browser, kind: dict[str, Any], scheme: str, language: str
) -> None:
    async with opened(settings) as product:
        student = await Visitor.arrives(browser, await product.link("林小雨"))
        await student.says("昨天下午在校和王老师做了两小时双缝实验")
        await student.presses("提交")
        await student.sees("审核")
        with product.app.database.transaction() as db:
            db.get_one(Person, product.house.members["管小青"].person_id).language = language
        office = await Visitor.arrives(
            browser, await product.link("管小青"), **kind, color_scheme=scheme
        )
        page = office.page
        barred: list[str] = []
        page.on("console", lambda said: _note(said, barred))
        if language == "zh":
            await office.says("网页管理台")
            await expect(page.get_by_role("link", name="打开网页管理台")).to_be_visible()
        # The address that is said names the configured port; the test's own is another.
        await page.goto(f"{product.url}/console")
        await expect(page.get_by_role("heading", level=1)).to_have_text("示例一期")
        await looked_at(page)
        at = page.url
        for tab in TABS:
            await page.goto(at + tab)
            await looked_at(page)
        await page.goto(f"{at}/students")
        await page.get_by_role("searchbox").fill("lxy")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("row")).to_have_count(2)
        assert "q=lxy" in page.url
        await page.get_by_role("link", name="林小雨").click()
        await looked_at(page)
        await page.locator(".timeline a").first.click()
        await expect(page.locator(".whole")).to_contain_text("双缝实验")
        await looked_at(page)
        await page.go_back()
        await page.go_back()
        await expect(page.get_by_role("searchbox")).to_have_value("lxy")
        await page.goto(f"{at}/no-such-page")
        await looked_at(page)
        assert not barred


async def test_without_a_script_a_list_is_filtered_and_turned(
    settings: Settings, browser: Browser
) -> None:
    async with opened(settings) as product:
        office = await Visitor.arrives(browser, await product.link("管小青"))
        signed_in = await office.page.context.storage_state()
        async with await browser.new_context(
            java_script_enabled=False, storage_state=signed_in
        ) as context:
            page = await context.new_page()
            await page.goto(f"{product.url}/console/1/students")
            await page.locator("select[name=school]").select_option(label="云冈中学")
            await page.get_by_role("button", name="筛选").click()
            await expect(page.locator("tbody tr")).to_have_count(1)
            await page.get_by_role("link", name="清除").click()
            await expect(page.locator("tbody tr")).to_have_count(2)
            async with page.expect_download() as down:
                await page.get_by_role("link", name="导出表格").click()
            assert (await down.value).suggested_filename.endswith(".xlsx")


async def looked_at(page: Page) -> None:
    """Nothing keeps anybody out of a page, and nothing of it lies beside the screen."""
    assert await faults(page) == [], page.url
    wide = await page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide, page.url


def _note(said: ConsoleMessage, barred: list[str]) -> None:
    if "Content Security Policy" in said.text:
        barred.append(said.text)

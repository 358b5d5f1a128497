"""Student, mentor, student: the main job in a real Chromium, through a kill in the middle."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from docx import Document
from PIL import Image
from playwright.async_api import Browser, FilePayload, Page, expect

from app.settings import Settings
from tests.product.conftest import Product, opened

pytestmark = pytest.mark.slow

expect.set_options(timeout=20_000)


class Visitor:
    """Somebody at a page, who reads the log and uses its buttons by their names."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    async def arrives(cls, browser: Browser, link: str, **kind: Any) -> Visitor:
        context = await browser.new_context(locale="zh-CN", **kind)
        page = await context.new_page()
        await page.goto(link)
        await page.get_by_role("button", name="进入").click()
        visitor = cls(page)
        await expect(page.get_by_role("log")).to_be_visible()
        return visitor

    async def says(self, words: str) -> None:
        box = self.page.get_by_role("textbox")
        await box.fill(words)
        await self.page.get_by_role("button", name="发送").click()

    async def presses(self, label: str) -> None:
        await self.page.get_by_role("button", name=label, disabled=False).last.click()

    async def sees(self, words: str) -> None:
        log = self.page.get_by_role("log")
        await expect(log.get_by_text(re.compile(words)).last).to_be_visible()

    async def presses_by_keyboard(self, label: str) -> None:
        button = self.page.get_by_role("button", name=label, disabled=False).last
        await button.focus()
        await self.page.keyboard.press("Enter")


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (20, 120, 90)).save(out, "JPEG")
    return out.getvalue()


async def test_student_mentor_student(settings: Settings, browser: Browser) -> None:
    async with opened(settings, "shanxi-2026") as product:
        phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
        student = await Visitor.arrives(browser, await product.link("林小雨"), **phone)
        mentor = await Visitor.arrives(browser, await product.link("王建国"))
        await log_a_session(product, student)
        await review(mentor)
        await student.sees("请写明测得的数值")
        await mend(student)
        await mentor.presses("通过")
        await mentor.sees("王建国，")
        await student.sees("王建国 通过了你的记录")
        await student.says("我的进度")
        await student.sees("已通过 1 · 已提交待审 0")


async def log_a_session(product: Product, student: Visitor) -> None:
    await student.says("记一次培养")
    await student.sees("1/6")
    await student.says("下辈子")
    await student.sees("没看懂是哪天")
    await student.says("上周五下午两小时")
    await student.sees("2/6")
    await student.presses_by_keyboard("到校面对面")
    await student.presses("课题研究")
    await product.restart()
    await student.presses("王建国")
    await student.says("搭双缝干涉光路")
    await student.sees("6/6")
    async with student.page.expect_file_chooser() as chooser:
        await student.page.get_by_role("button", name="添加照片或文件").click()
    picked: FilePayload = {"name": "光路.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    await (await chooser.value).set_files([picked])
    await student.page.get_by_role("button", name="发送").click()
    await student.sees("已收好：光路.jpg")
    await student.page.reload()
    await student.sees("1 个")
    await student.presses("提交")
    await student.sees("等 王建国、李青 审核")


async def review(mentor: Visitor) -> None:
    await mentor.sees("林小雨 提交了一条记录")
    await mentor.presses("看全文")
    await mentor.sees("搭双缝干涉光路")
    await mentor.presses("退回修改")
    await mentor.sees("请说明理由")
    await mentor.says("请写明测得的数值")
    await mentor.sees("已退回")


async def mend(student: Visitor) -> None:
    await student.presses("修改")
    await student.sees("6/6")
    await student.presses("改内容")
    await student.sees("5/6")
    await student.says("搭双缝干涉光路，间距 1.2 毫米")
    await student.presses("重新提交")
    await student.sees("等 王建国、李青 审核")


async def test_newcomer_joins_with_a_code(settings: Settings, browser: Browser) -> None:
    async with opened(settings) as product:
        code = await product.house.code("赵一鸣")
        page = await (await browser.new_context(locale="zh-CN")).new_page()
        await page.goto(product.url)
        await page.get_by_role("textbox").fill(code.upper())
        await page.keyboard.press("Enter")
        newcomer = Visitor(page)
        await newcomer.sees("谁能看到")
        await newcomer.presses("同意并加入")
        await newcomer.sees("想做什么")
        await newcomer.presses("记一次培养")
        await newcomer.sees("1/6")


async def test_an_office_takes_the_annual_summary_home_on_a_phone(
    settings: Settings, browser: Browser
) -> None:
    async with opened(settings, "shanxi-2026") as product:
        phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
        office = await Visitor.arrives(browser, await product.link("管小青"), **phone)
        await office.says("生成今年的年度总结")
        await office.sees("年度总结做好了")
        in_chat = await takes(office.page, "年度总结-示例一期")
        await office.page.goto(f"{product.url}/console/1")
        on_page = await takes(office.page, "下载年度总结")
        for data in (in_chat, on_page):
            words = [one.text for one in Document(io.BytesIO(data)).paragraphs]
            assert words[0] == "山西英才计划（2026）年度总结"
        width = await office.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390


async def takes(page: Page, link: str) -> bytes:
    """What a link downloads."""
    async with page.expect_download() as coming:
        await page.get_by_role("link", name=re.compile(link)).last.click()
    path = await (await coming.value).path()
    return path.read_bytes()

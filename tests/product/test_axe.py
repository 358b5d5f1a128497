"""Every page and role under axe: nothing that keeps anybody out."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from app.settings import Settings
from tests.product.conftest import Product, opened
from tests.product.test_browser import Visitor

pytestmark = pytest.mark.slow

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DESK: dict[str, Any] = {"viewport": {"width": 1366, "height": 768}}

SHOWN = {
    "林小雨": ("我的进度", "我的记录", "记一次培养", "中期评价什么时候？"),
    "王建国": ("待审", "我的学生"),
    "郭老师": ("我的学生", "谁能看到"),
    "管小青": ("本期概况", "/documents", "/questions"),
    "林大海": ("/children", "菜单"),
}
"""What each role asks to see: a list, a card, a form, an answer."""


async def faults(page: Page) -> list[str]:
    """What axe finds serious or worse, with the first place of each."""
    found = await Axe().run(page)
    return [
        f"{one['id']}: {one['help']} {one['nodes'][0]['html']}"
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(("kind", "scheme"), [(PHONE, "light"), (DESK, "dark")])
async def test_axe_finds_nothing_serious(
    settings: Settings, browser: Browser, kind: dict[str, Any], scheme: str
) -> None:
    async with opened(settings, "shanxi-2026") as product:
        student = await Visitor.arrives(
            browser, await product.link("林小雨"), **kind, color_scheme=scheme
        )
        await student.says("昨天下午在校和王老师做了两小时双缝实验")
        await student.presses("提交")
        await student.sees("审核")
        visitors = {"林小雨": student}
        for name, said in SHOWN.items():
            visitor = visitors.get(name) or await Visitor.arrives(
                browser, await product.link(name), **kind, color_scheme=scheme
            )
            for words in said:
                await visitor.says(words)
                await visitor.page.wait_for_timeout(300)
            assert await faults(visitor.page) == [], name
        await around_the_door(product, student.page)


async def around_the_door(product: Product, page: Page) -> None:
    """The pages that are not the chat."""
    code = await product.house.code("赵一鸣")
    link = await product.link("周岚")
    for path in (link, f"{product.url}/join/{code}", "/in/over", "/no-page", "/out"):
        await page.goto(path if path.startswith("http") else f"{product.url}{path}")
        assert await faults(page) == [], path
    await page.get_by_role("button").click()
    await page.get_by_role("heading", level=1).wait_for()
    assert await faults(page) == [], "welcome"
